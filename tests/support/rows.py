"""Rows as the system writes them, for tests of one step: a citizen's address, a first message, a ticket."""

from __future__ import annotations

from itertools import count

from sqlalchemy import select
from sqlmodel import Session, col

from channels.message import Address
from dispatch import outbox
from dispatch.models import Author, CitizenAddress, Direction, Message, Outbox, Ticket
from dispatch.phrases import Phrases
from dispatch.runtime import Runtime
from dispatch.services import answers, people, tickets
from dispatch.services.tagged import Tag

_serial = count(1)
ADDRESSES = {
    "whatsapp": Address("whatsapp", "62811-opaque"),
    "sms": Address("tel", "+628110000001"),
    "telegram": Address("telegram", "4711"),
    "mail": Address("mailto", "warga@example.org"),
    "web": Address("web", "0123456789abcdef" * 2),
}


def address(runtime: Runtime, session: Session, channel: str = "whatsapp", value: str = "") -> CitizenAddress:
    """An address of an invented citizen; the same one for the same value."""
    known = ADDRESSES[channel]
    return people.identify_sender(session, runtime.now(), channel, "ours", Address(known.scheme, value or known.value))


def said(
    runtime: Runtime, session: Session, to: CitizenAddress, text: str, ticket: Ticket | None = None, **fields: object
) -> Message:
    """A message the citizen wrote."""
    row = Message(
        ticket_id=ticket.id if ticket else None,
        address_id=to.id,
        channel=to.channel,
        direction=Direction.IN,
        author=Author.CITIZEN,
        body=text,
        created_at=runtime.now(),
        **fields,
    )
    session.add(row)
    session.flush()
    return row


def ticket(
    runtime: Runtime,
    session: Session,
    *,
    channel: str = "whatsapp",
    text: str = "Lampu jalan mati",
    category: str | None = "lampu_jalan",
    area: str | None = "65.71",
    language: str = "id",
    **fields: object,
) -> Ticket:
    """A ticket opened by a citizen's first message; ``fields`` are the message's."""
    sender = address(runtime, session, channel)
    return tickets.open_ticket(
        session,
        runtime.region,
        runtime.now(),
        address=sender,
        first=said(runtime, session, sender, text, **fields),
        text=text,
        tag=Tag(category, 0.9 if category else 0.3, ("lampu",), "model-1", ({"category": "lampu_jalan"},)),
        area=area,
        language=language,
    )


def promised(
    runtime: Runtime, texts: tuple[str, ...] = ("halo",), *, channel: str = "whatsapp", value: str = ""
) -> list[int]:
    """Outbox rows for texts to one citizen, each promised in its own transaction; their ids."""
    ids: list[int] = []
    for text in texts:
        with runtime.writing() as session:
            to = address(runtime, session, channel, value)
            message = answers.say(session, Phrases(runtime.region), runtime.now(), to, text=text)
            query = select(col(Outbox.id)).where(col(Outbox.message_id) == message.id).order_by(col(Outbox.id))
            ids.extend(session.scalars(query).all())
    return ids


def outbox_row(runtime: Runtime, row_id: int) -> Outbox:
    """One outbox row as it is stored now."""
    with runtime.reading() as session:
        return session.get_one(Outbox, row_id)


def lane(kind: str) -> outbox.Lane:
    """The lane of a kind with a single provider, whatever its account."""
    return outbox.Lane(kind, kind, "")
