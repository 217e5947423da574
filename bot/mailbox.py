"""The mailbox: read new mail over IMAP, record it, and only then remember how far we have read.

``\\Seen`` is not the queue (officers open the mailbox too): the cursor (UIDVALIDITY and UID, RFC 9051) is a row of
ours.
"""

from __future__ import annotations

import logging
from typing import cast

from sqlalchemy.exc import SQLAlchemyError

from bot import door
from bot.process import Stop, beat, run
from channels.errors import ChannelError
from channels.mail import Mail
from channels.mail.imap import Cursor as MailCursor
from dispatch.models import Cursor
from dispatch.runtime import Runtime

log = logging.getLogger("aduan.mailbox")
POLL_SECONDS = 20.0
LONGEST_WAIT = 300.0


def read_new(runtime: Runtime, mail: Mail) -> int:
    """Calling this will record every mail that came since the cursor; returns how many. A kill in between repeats at
    most
    one mail, which the unique key then recognises."""
    name = f"imap:{mail.account}"
    count = 0
    for pulled in mail.poll(_cursor(runtime, name)):
        door.take(runtime, mail, pulled.request(runtime.settings.public_url, runtime.now()))
        after = pulled.cursor_after
        with runtime.writing() as session:
            session.merge(Cursor(name=name, value=f"{after.uidvalidity}:{after.uid}", updated_at=runtime.now()))
        count += 1
    return count


def _cursor(runtime: Runtime, name: str) -> MailCursor | None:
    with runtime.reading() as session:
        row = session.get(Cursor, name)
    if row is None:
        return None
    uidvalidity, _, uid = row.value.partition(":")
    return MailCursor(int(uidvalidity), int(uid))


def _body(runtime: Runtime, stop: Stop) -> int:
    mail = cast(Mail | None, runtime.registry.channels.get("mail"))
    if mail is None or not runtime.settings.values.get("IMAP_URL"):
        log.info("no IMAP_URL: nothing to read")
        return 0
    wait = POLL_SECONDS
    while True:
        try:
            count = read_new(runtime, mail)
            if count:
                log.info("mail read", extra={"count": count})
            wait = POLL_SECONDS
        except (ChannelError, SQLAlchemyError, OSError) as error:
            wait = min(wait * 2, LONGEST_WAIT)
            log.warning("mailbox not read", extra={"error": type(error).__name__, "delay": wait})
        beat(runtime, "mail")
        if stop.wait(wait):
            return 0


def main() -> int:
    """Calling this will read the mailbox until SIGTERM; without IMAP settings it ends at once, content."""
    return run("mail", _body)


if __name__ == "__main__":
    raise SystemExit(main())
