"""Telegram by polling, for a laptop without a public address; with a webhook secret it registers that instead."""

from __future__ import annotations

import logging
from typing import cast

from sqlalchemy.exc import SQLAlchemyError

from bot import door
from bot.process import Stop, beat, run
from channels.errors import ChannelError
from channels.telegram import Telegram
from dispatch.models import Cursor
from dispatch.runtime import Runtime

log = logging.getLogger("aduan.polling")
POLL_SECONDS = 25
LONGEST_WAIT = 120.0


def poll_once(runtime: Runtime, telegram: Telegram, timeout: int) -> int:
    """Calling this will fetch and record the updates after the cursor, waiting at most ``timeout`` seconds for one.

    The cursor moves only after an update is committed, so Telegram keeps it until then.
    """
    name = f"telegram:{telegram.account}"
    with runtime.reading() as session:
        row = session.get(Cursor, name)
    updates = telegram.poll(int(row.value) if row else None, timeout)
    for update_id, body in updates:
        door.take(runtime, telegram, door.pulled(runtime, body, "application/json"))
        with runtime.writing() as session:
            session.merge(Cursor(name=name, value=str(update_id + 1), updated_at=runtime.now()))
    return len(updates)


def _body(runtime: Runtime, stop: Stop) -> int:
    telegram = cast(Telegram | None, runtime.registry.channels.get("telegram"))
    if telegram is None:
        log.info("no TELEGRAM_BOT_TOKEN: nothing to poll")
        return 0
    webhook = bool(runtime.settings.values.get("TELEGRAM_WEBHOOK_SECRET"))
    registered = False
    wait = 1.0
    while not stop:
        try:
            if not registered:
                # With a secret the webhook is ours now; without one it is removed, so that polling is allowed.
                telegram.set_webhook()
                registered = True
                if webhook:
                    log.info("webhook registered")
                    return 0
            poll_once(runtime, telegram, POLL_SECONDS)
            wait = 1.0
            beat(runtime, "telegram")
        except (ChannelError, SQLAlchemyError, OSError) as error:
            wait = min(wait * 2, LONGEST_WAIT)
            log.warning("telegram not reached", extra={"error": type(error).__name__, "delay": wait})
            stop.wait(wait)
    return 0


def main() -> int:
    """Calling this will poll Telegram until SIGTERM, or register the webhook and end."""
    return run("telegram", _body)


if __name__ == "__main__":
    raise SystemExit(main())
