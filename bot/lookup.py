"""What a message's turn looks up and keeps: the message's own row, the tickets it may belong to, the place it names."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlmodel import Session, col

from bot.conversation import OpenTicket
from bot.words import Heard
from channels.message import InboundMessage
from channels.registry import channel_class
from dispatch import numbers
from dispatch.jobqueue import MEDIA
from dispatch.models import Author, CitizenAddress, Direction, InboundEvent, Message, Outbox, Ticket
from dispatch.runtime import Runtime, ring_after_commit
from dispatch.services import albums, media
from dispatch.services.inbound import sender_key
from dispatch.workflow import ENDED, Status

#: Our own pages have a switch for the language; what a telephone is set to says nothing of what its owner writes.
CHOOSES_LANGUAGE = frozenset({"web"})


def keep(
    session: Session,
    now: datetime,
    message: InboundMessage,
    event: InboundEvent,
    address: CitizenAddress,
    language: str,
) -> Message:
    """Calling this will write the citizen's message down, its files to be fetched afterwards."""
    row = Message(
        address_id=address.id,
        event_id=event.id,
        channel=message.channel,
        direction=Direction.IN,
        author=Author.CITIZEN,
        body=message.text,
        subject=message.subject,
        language=language,
        provider_id=message.provider_id or message.external_id,
        revises=message.revises,
        sent_at=message.sent_at,
        created_at=now,
        latitude=message.location.latitude if message.location else None,
        longitude=message.location.longitude if message.location else None,
        location_label=" ".join(filter(None, (message.location.label, message.location.address)))
        if message.location
        else "",
        notes=list(message.notes),
    )
    session.add(row)
    session.flush()
    if media.attach(session, now, row, message, event.id or 0):
        ring_after_commit(session, MEDIA, row.id or 0)
    return row


def language_of(message: InboundMessage, heard: Heard, latest: Ticket | None) -> str:
    """Calling this will give the language to answer in: what is written, else what was written before, else what was
    chosen on our page."""
    chosen = message.language if message.channel in CHOOSES_LANGUAGE else ""
    return heard.language or chosen or (latest.language if latest else "") or "id"


def area_of(runtime: Runtime, message: InboundMessage, text: str) -> str | None:
    """Calling this will give the code of the place a message names or pins, None when it is not settled.

    A pin inside the named place says it more exactly; elsewhere it only says where the sender stood.
    """
    named = runtime.places.find(text).area
    pin = message.location
    pinned = runtime.places.at(pin.latitude, pin.longitude) if pin else None
    inside = pinned is not None and (named is None or f"{pinned}.".startswith(f"{named}."))
    return pinned if inside else named


def pin_area(runtime: Runtime, message: Message) -> str | None:
    """Calling this will give the code of the place of a stored pin."""
    if message.latitude is None or message.longitude is None:
        return None
    return runtime.places.at(message.latitude, message.longitude)


def threaded(runtime: Runtime, session: Session, message: InboundMessage, address: CitizenAddress) -> Ticket | None:
    """Calling this will give the ticket a message belongs to by proof: it quotes a message we sent to this very
    address, or came to a signed reply address, and the ticket is this person's."""
    mine = col(Ticket.citizen_id) == address.citizen_id
    number = numbers.parse(runtime.region.prefix, message.thread) if message.thread else None
    if number:
        found = session.scalars(select(Ticket).where(col(Ticket.number) == number, mine)).first()
        if found is not None:
            return found
    for provider_id in filter(None, (message.revises, *message.reply_to)):
        sent = select(col(Outbox.ticket_id)).where(
            col(Outbox.channel) == address.channel,
            col(Outbox.address_id) == address.id,
            col(Outbox.external_id) == provider_id,
        )
        received = select(col(Message.ticket_id)).where(
            col(Message.address_id) == address.id, col(Message.provider_id) == provider_id
        )
        for query in (sent, received):
            ticket_id = session.scalars(query).first()
            if ticket_id is not None:
                return session.get(Ticket, ticket_id)
        item = albums.holding(session, sender_key(message.channel, message.account, message.sender), provider_id)
        if item is not None and item.ticket_id is not None:
            return session.get(Ticket, item.ticket_id)
    return None


def answers_us(session: Session, message: InboundMessage, address: CitizenAddress) -> bool:
    """Calling this will say whether a message quotes one of ours to its address: its writer reads what comes there."""
    if not message.reply_to:
        return False
    sent = select(col(Outbox.id)).where(
        col(Outbox.address_id) == address.id, col(Outbox.external_id).in_(message.reply_to)
    )
    return session.scalars(sent.limit(1)).first() is not None


def latest_ticket(session: Session, address: CitizenAddress, burst_since: datetime) -> Ticket | None:
    """Calling this will give the last ticket that can be written on without quoting us: an open one, or one referred
    elsewhere just now."""
    referred_now = (col(Ticket.status) == Status.FORWARDED) & (col(Ticket.last_citizen_at) >= burst_since)
    query = select(Ticket).where(col(Ticket.citizen_id) == address.citizen_id)
    query = query.where(or_(col(Ticket.status).not_in(ENDED), referred_now))
    return session.scalars(query.order_by(col(Ticket.last_citizen_at).desc(), col(Ticket.id).desc()).limit(1)).first()


def as_open(ticket: Ticket | None) -> OpenTicket | None:
    """Calling this will give what the rules need to know of a ticket."""
    if ticket is None:
        return None
    return OpenTicket(
        id=ticket.id or 0,
        category=ticket.category,
        area=ticket.area,
        last_citizen_at=ticket.last_citizen_at,
        last_staff_at=ticket.last_staff_at,
        place_asked_at=ticket.place_asked_at,
    )


def within_budget(session: Session, now: datetime, address: CitizenAddress) -> bool:
    """Calling this will say whether an address may be answered automatically once more, by its channel's limits."""
    limits = channel_class(address.channel).limits.automatic
    if limits is None:
        return True
    for most, span in zip(limits, (timedelta(hours=1), timedelta(days=1)), strict=True):
        sent = select(func.count()).where(
            col(Outbox.address_id) == address.id,
            col(Outbox.automatic).is_(True),
            col(Outbox.created_at) > now - span,
        )
        if (session.scalar(sent) or 0) >= most:
            return False
    return True
