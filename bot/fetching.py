"""Fetch what providers keep for us: mailboxes, polled bots, modems, and what a webhook's outage left behind.

One thread for each provider that is fetched from, so that one that hangs holds up no other. Of several processes only
one fetches from a provider at a time: a lease in the database, because Telegram refuses a second reader and a second
reader of a modem's tables would confirm what the first has not recorded.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from bot import door
from bot.process import Stop, beat, run
from channels.base import Channel
from channels.errors import ChannelError
from dispatch.models import Cursor
from dispatch.runtime import Runtime
from dispatch.services import leases

log = logging.getLogger("aduan.fetching")
#: How long a provider may be waited on for something new; a stop is heard after that at the latest.
WAIT_SECONDS = 20.0
LONGEST_PAUSE = 300.0
#: Longer than a wait and one slow item together: a holder that lives renews it with every item.
LEASE = timedelta(seconds=150)
BEAT_SECONDS = 15.0


class NotOurs(Exception):
    """Calling this will say that another process fetches from this provider."""


def fetch(runtime: Runtime, channel: Channel, holder: str, wait: float) -> int:
    """Calling this will record everything the provider has for us, in order; returns how many items.

    The cursor moves only past what is committed: a kill in between repeats at most one item, which the unique key then
    recognises. Raises NotOurs while another process holds the provider's lease, and whatever the channel raises.
    """
    name, count = cursor_name(channel), 0
    _renew(runtime, name, holder)
    with closing(channel.pull(_cursor(runtime, name), wait)) as items:
        for item in items:
            door.take(runtime, channel, door.pulled(runtime, item.body, item.headers))
            if item.cursor:
                with runtime.writing() as session:
                    session.merge(Cursor(name=name, value=item.cursor, updated_at=runtime.now()))
            _renew(runtime, name, holder)
            count += 1
    return count


def cursor_name(channel: Channel) -> str:
    """Calling this will name the row that remembers how far a provider's account was read."""
    return f"{channel.name}:{channel.account}"


def fetched(runtime: Runtime) -> Mapping[str, Channel]:
    """Calling this will list the providers that something is fetched from, by name."""
    return {name: each for name, each in runtime.registry.channels.items() if each.pull_every is not None}


def _cursor(runtime: Runtime, name: str) -> str:
    with runtime.reading() as session:
        row = session.get(Cursor, name)
        return row.value if row else ""


def _renew(runtime: Runtime, name: str, holder: str) -> None:
    with runtime.writing() as session:
        if not leases.take(session, runtime.now(), name, holder, LEASE):
            raise NotOurs(name)


def follow(runtime: Runtime, channel: Channel, stopped: Callable[[float], bool], holder: str) -> None:
    """Calling this will fetch from one provider again and again until ``stopped`` (which waits the seconds it is
    given) says so; after a fault ever more slowly."""
    pause = every = channel.pull_every or 0.0
    while not stopped(0.0):
        try:
            count = fetch(runtime, channel, holder, WAIT_SECONDS)
            beat(runtime, f"fetch {channel.name}")
            if count:
                log.info("fetched", extra={"channel": channel.name, "count": count})
            pause = every = channel.pull_every or 0.0
        except NotOurs:
            pause = max(every, LEASE.total_seconds() / 4)
        except (ChannelError, SQLAlchemyError, OSError) as error:
            pause = min(max(pause * 2, 2.0), LONGEST_PAUSE)
            log.warning("not fetched", extra={"channel": channel.name, "error": str(error)[:200], "delay": pause})
        except Exception as error:
            pause = LONGEST_PAUSE
            log.exception("fetching broke", extra={"channel": channel.name, "error": type(error).__name__})
        if pause and stopped(pause):
            break
    with runtime.writing() as session:
        leases.leave(session, cursor_name(channel), holder)


def _body(runtime: Runtime, stop: Stop) -> int:
    channels = fetched(runtime)
    if not channels:
        log.info("nothing to fetch: no mailbox, no polled bot, no modem")
        return 0
    holder = secrets.token_hex(8)
    threads = [
        threading.Thread(target=follow, args=(runtime, channel, stop.wait, holder), name=name, daemon=True)
        for name, channel in channels.items()
    ]
    for thread in threads:
        thread.start()
    while not stop.wait(BEAT_SECONDS):
        beat(runtime, "fetch")
    # What a thread waits on at its provider ends by itself; what it has in hand is recorded or comes again.
    for thread in threads:
        thread.join(timeout=2.0)
    return 0


def main() -> int:
    """Calling this will fetch until SIGTERM; where there is nothing to fetch it ends at once, content."""
    return run("fetch", _body)


if __name__ == "__main__":
    raise SystemExit(main())
