"""Tickets and staff for tests, made the way the application makes them: through the services."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import count

from sqlalchemy import select
from sqlmodel import Session, col

from channels.message import Address, Attachment, InboundMessage, Location
from dispatch.models import Author, CitizenAddress, Direction, Message, Role, Staff, Ticket
from dispatch.runtime import Runtime
from dispatch.services import answers, inbound, media, people, staff, tickets
from dispatch.services.tagged import Tag

PASSWORD = "kapal-kayu-biru-62"
_numbers = count(1)


def arrive(
    runtime: Runtime,
    session: Session,
    text: str,
    *,
    channel: str = "sms",
    sender: str = "",
    name: str = "",
    subject: str = "",
    attachments: tuple[Attachment, ...] = (),
    location: Location | None = None,
    sent_at: datetime | None = None,
) -> tuple[Message, CitizenAddress, InboundMessage]:
    """A citizen's message as stored: event, address and message row. Without ``sender`` it is a new person."""
    now, number = runtime.now(), next(_numbers)
    value = sender or f"+62812555{number:05d}"
    event = InboundMessage(
        channel=channel,
        account="test",
        external_id=f"m{number}",
        sender=Address("tel", value),
        text=text,
        sender_name=name,
        subject=subject,
        sent_at=sent_at,
        attachments=attachments,
        location=location,
        provider_id=f"p{number}",
    )
    recorded = inbound.record_inbound(session, now, [event], raw=b"{}")
    address = people.identify(session, now, event)
    message = Message(
        address_id=address.id,
        event_id=recorded.new[0],
        channel=channel,
        direction=Direction.IN,
        author=Author.CITIZEN,
        body=text,
        subject=subject,
        provider_id=event.provider_id,
        sent_at=sent_at,
        created_at=now,
        latitude=location.latitude if location else None,
        longitude=location.longitude if location else None,
        location_label=location.label if location else "",
    )
    session.add(message)
    session.flush()
    media.attach(session, now, message, event, recorded.new[0])
    return message, address, event


def open_ticket(
    runtime: Runtime,
    text: str = "Jalan berlubang di depan pasar",
    *,
    category: str | None = "jalan_rusak",
    area: str | None = "65.71",
    channel: str = "sms",
    name: str = "Warga Contoh",
    score: float | None = 0.91,
    suggestions: Sequence[dict[str, object]] = (),
    receipt: bool = False,
    subject: str = "",
    attachments: tuple[Attachment, ...] = (),
    location: Location | None = None,
) -> Ticket:
    """A ticket opened from one message; ``category`` None leaves it in triage."""
    now = runtime.now()
    with runtime.writing() as session:
        message, address, _ = arrive(
            runtime,
            session,
            text,
            channel=channel,
            name=name,
            subject=subject,
            attachments=attachments,
            location=location,
        )
        tag = Tag(category, score, ("berlubang",), "test-1", tuple(suggestions))
        ticket = tickets.open_ticket(
            session, runtime.region, now, address=address, first=message, text=text, tag=tag, area=area, language="id"
        )
        if receipt:
            answers.say(session, runtime.phrases, now, address, ticket=ticket, text="Laporan Anda kami terima.")
    return ticket


def write_again(runtime: Runtime, ticket: Ticket, text: str) -> Message:
    """Another message of the ticket's citizen on the same ticket."""
    with runtime.writing() as session:
        address = session.get_one(CitizenAddress, ticket.address_id)
        message, _, _ = arrive(runtime, session, text, channel=address.channel, sender=address.value)
        message.ticket_id = ticket.id
        row = session.get_one(Ticket, ticket.id)
        row.version += 1
        row.last_citizen_at = runtime.now()
        session.add_all([message, row])
    return message


def answer(runtime: Runtime, ticket: Ticket, text: str = "Sudah kami jadwalkan.", *, by: Staff) -> Message:
    """An officer's answer."""
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        return answers.reply(session, runtime.phrases, runtime.now(), row, text=text, staff_id=by.id or 0)


def add_staff(
    runtime: Runtime,
    email: str,
    role: str = Role.OFFICER,
    agencies: Sequence[str] = (),
    *,
    must_change: bool = False,
    password: str = PASSWORD,
) -> Staff:
    """An account with a known password."""
    with runtime.writing() as session:
        return staff.add(
            session,
            runtime.region,
            runtime.now(),
            email=email,
            role=role,
            password=password,
            agencies=agencies,
            must_change=must_change,
        )


def reload(runtime: Runtime, ticket: Ticket) -> Ticket:
    """The ticket as it is stored now."""
    with runtime.reading() as session:
        return session.scalars(select(Ticket).where(col(Ticket.id) == ticket.id)).one()
