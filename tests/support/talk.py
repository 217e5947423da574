"""Talk to the bot in a test: one citizen on one channel, messages in, what was promised to them out."""

from __future__ import annotations

from itertools import count

from sqlalchemy import select
from sqlmodel import col

from bot.jobs import drain_inbound
from channels.message import Address, Attachment, InboundMessage, Location
from dispatch.models import Outbox, Ticket
from dispatch.runtime import Runtime
from dispatch.services.inbound import record_inbound

_serial = count(1)
SCHEMES = {
    "whatsapp": "whatsapp",
    "sms": "tel",
    "telegram": "telegram",
    "mail": "mailto",
    "web": "web",
    "console": "console",
}
VALUES = {"mail": "warga@example.org", "telegram": "4711"}


class Citizen:
    """One invented citizen writing on one channel."""

    def __init__(self, runtime: Runtime, channel: str = "whatsapp", value: str = "", account: str = "ours") -> None:
        self.runtime = runtime
        self.channel = channel
        self.account = account
        self.address = Address(SCHEMES[channel], value or VALUES.get(channel, "+628110000001"))
        self._read = 0

    def says(
        self,
        text: str = "",
        *,
        attachments: tuple[Attachment, ...] = (),
        location: Location | None = None,
        reply_to: tuple[str, ...] = (),
        work: bool = True,
        **fields: object,
    ) -> list[str]:
        """Send one message, let the worker work, and return the texts promised to this citizen since the last call."""
        message = InboundMessage(
            channel=self.channel,
            account=self.account,
            external_id=f"in-{next(_serial)}",
            sender=self.address,
            text=text,
            attachments=attachments,
            location=location,
            reply_to=reply_to,
            **fields,  # type: ignore[arg-type]
        )
        with self.runtime.writing() as session:
            record_inbound(session, self.runtime.now(), [message], raw=b"{}")
        if not work:
            return []
        drain_inbound(self.runtime)
        return self.hears()

    def hears(self) -> list[str]:
        """The texts promised to this citizen since the last look."""
        with self.runtime.reading() as session:
            rows = session.scalars(
                select(Outbox)
                .where(col(Outbox.recipient) == str(self.address), col(Outbox.id) > self._read)
                .order_by(col(Outbox.id))
            ).all()
        if rows:
            self._read = rows[-1].id or 0
        return [row.body for row in rows]

    def tickets(self) -> list[Ticket]:
        """All tickets, oldest first."""
        with self.runtime.reading() as session:
            return list(session.scalars(select(Ticket).order_by(col(Ticket.id))))
