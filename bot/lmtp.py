"""Mail handed over by the mail server on this machine (RFC 2033): answered 250 only once it is committed.

Off unless ``LMTP_BIND`` is set; then it listens there, on loopback or a socket file, for a mail server such as Postfix.
There is no sign-in: whoever reaches the address can hand in mail, as whoever writes to us can.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import Envelope, Session
from sqlalchemy.exc import SQLAlchemyError

from bot import door
from bot.process import Stop, beat, run
from channels.mail import Mail
from channels.mail.parse import ENVELOPE_FROM, ENVELOPE_TO
from channels.mail.urls import listens_at
from dispatch.runtime import Runtime

log = logging.getLogger("aduan.lmtp")
BEAT_SECONDS = 15.0
#: A conversation that says nothing for so long is ended; RFC 5321 section 4.5.3.2 asks for five minutes at least.
IDLE_SECONDS = 300.0


class Reception:
    """Calling this will make the handler of all conversations of one mail channel."""

    def __init__(self, runtime: Runtime, channel: Mail) -> None:
        self.runtime = runtime
        self.channel = channel

    async def handle_RCPT(
        self, server: LMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Calling this will take our own address, plain or with a plus part, and refuse every other."""
        if not self.channel.takes(address):
            return "550 5.1.1 no such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: LMTP, session: Session, envelope: Envelope) -> str:
        """Calling this will record the mail once, whatever number of our addresses it is for, and answer for each of
        them (RFC 2033 section 4.2): 250 after the commit, 451 when it could not be written down."""
        answer = await asyncio.to_thread(self._record, envelope)
        return "\r\n".join([answer] * len(envelope.rcpt_tos))

    def _record(self, envelope: Envelope) -> str:
        headers = {ENVELOPE_FROM: envelope.mail_from or "<>", ENVELOPE_TO: ", ".join(envelope.rcpt_tos)}
        request = door.pulled(self.runtime, envelope.original_content or b"", headers)
        try:
            recorded = door.take(self.runtime, self.channel, request)
        except (SQLAlchemyError, OSError) as error:
            log.error("not recorded", extra={"channel": self.channel.name, "error": type(error).__name__})
            return "451 4.3.0 not written down, please try again"
        log.info(
            "recorded", extra={"channel": self.channel.name, "new": len(recorded.new), "repeats": recorded.repeats}
        )
        return "250 2.0.0 written down"


class Conversation(LMTP):
    """Calling this will make one conversation with a mail server."""

    #: Mails hold longer lines than the 998 characters of RFC 5322; what one is, the parser decides.
    line_length_limit = 1_000_000

    async def push(self, status: object) -> None:
        """Calling this will send an answer; a mail too large is refused for each recipient, as LMTP wants."""
        words = status if isinstance(status, str) else bytes(status).decode()  # type: ignore[call-overload]
        if words.startswith(("552 Error: Too much", "500 Line too long")) and self.envelope is not None:
            words = "\r\n".join(["552 5.3.4 too large"] * max(1, len(self.envelope.rcpt_tos)))
        await super().push(words)


@asynccontextmanager
async def listening(runtime: Runtime, channel: Mail, bind: str) -> AsyncIterator[asyncio.Server]:
    """Calling this will listen at ``host:port`` or ``unix:path`` while the context lasts; a socket file that a dead
    process left is replaced. Raises OSError when the place is taken."""
    loop = asyncio.get_running_loop()
    reception, place = Reception(runtime, channel), listens_at(bind)

    def conversation() -> LMTP:
        return Conversation(
            reception,
            data_size_limit=channel.limits.body_bytes,
            enable_SMTPUTF8=True,
            hostname="aduan",
            ident="aduan",
            timeout=IDLE_SECONDS,
            loop=loop,
        )

    if isinstance(place, str):
        _remove(place)
        server = await loop.create_unix_server(conversation, path=place)
        _open_to_group(place)
    else:
        server = await loop.create_server(conversation, *place)
    try:
        yield server
    finally:
        server.close()
        await server.wait_closed()
        if isinstance(place, str):
            _remove(place)


def _remove(place: str) -> None:
    Path(place).unlink(missing_ok=True)


def _open_to_group(place: str) -> None:
    Path(place).chmod(0o660)


def _body(runtime: Runtime, stop: Stop) -> int:
    channel = runtime.registry.channels.get("mail")
    bind = channel.values.get("LMTP_BIND", "") if channel is not None else ""
    if not isinstance(channel, Mail) or not bind:
        log.info("no mail is taken by LMTP: LMTP_BIND is not set")
        return 0
    try:
        asyncio.run(_serve(runtime, channel, bind, stop))
    except OSError as error:
        log.error("cannot listen", extra={"channel": channel.name, "error": error.strerror or type(error).__name__})
        return 1
    return 0


async def _serve(runtime: Runtime, channel: Mail, bind: str, stop: Stop) -> None:
    async with listening(runtime, channel, bind):
        log.info("listening", extra={"channel": channel.name})
        while True:
            await asyncio.to_thread(beat, runtime, "lmtp")
            if await asyncio.to_thread(stop.wait, BEAT_SECONDS):
                return


def main() -> int:
    """Calling this will take mail until SIGTERM; without ``LMTP_BIND`` it ends at once, content."""
    return run("lmtp", _body)


if __name__ == "__main__":
    raise SystemExit(main())
