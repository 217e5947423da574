"""What a message's turn looks up and keeps: the message's own row, the tickets it may belong to, the place it names,
what we asked or answered before."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlmodel import Session, col

from bot.conversation import OpenTicket
from bot.words import Heard, without_keyword
from channels.message import InboundMessage
from channels.registry import channel_class
from classifier.language import ENGLISH
from dispatch import costs, numbers
from dispatch.costs import Allowance
from dispatch.jobqueue import MEDIA
from dispatch.models import Alert, Author, CitizenAddress, Direction, InboundEvent, Message, Outbox, Ticket
from dispatch.region import Region
from dispatch.runtime import Runtime, ring_after_commit
from dispatch.services import albums, closing, consent, media
from dispatch.services.inbound import sender_key
from dispatch.services.questions import WAITS
from dispatch.workflow import ENDED, Status

#: Our own pages have a switch for the language; what a telephone is set to says nothing of what its owner writes.
CHOOSES_LANGUAGE = frozenset({"web"})
#: Channels whose number several regions may share: a keyword says which one is meant.
KEYED = frozenset({"sms"})
#: The note of a message that the service directory answered; the service's code follows after a colon.
ANSWERED = "answered"
#: A photo or a pin that came without words belongs to the complaint that follows within this time.
EARLY = timedelta(days=1)
#: So many words tell a language; of fewer many are everybody's ("hello", "ok", "test").
TELLING_WORDS = 3
#: So many of the last things officers wrote are looked at for what was asked last.
MOST_WRITTEN = 20
#: A question of ours by a channel with a budget leaves room for so many automatic replies in the hour, the receipt and
#: the one to its answer among them.
ROOM = 6


def text_of(message: InboundMessage, region: Region) -> str:
    """Calling this will give what a message says, its subject first: what is classified and searched for a place.

    The region's keyword before an SMS only says whose number it was sent to.
    """
    text = without_keyword(message.text, keywords(message, region))[0]
    return f"{message.subject}\n{text}".strip()


def keywords(message: InboundMessage, region: Region) -> frozenset[str]:
    """Calling this will give the words that may stand before a message's own on its channel."""
    return region.sms_keywords if message.channel in KEYED else frozenset()


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


def language_of(message: InboundMessage, heard: Heard, latest: Ticket | None, read: str = "") -> str:
    """Calling this will give the language to answer in: what is written, by its small words or as the classifier
    ``read`` it, else what was chosen on our page, else what was written before. Malay is answered in Indonesian."""
    chosen = message.language if message.channel in CHOOSES_LANGUAGE else ""
    telling = len(heard.words) >= TELLING_WORDS and not (heard.greeting or heard.thanks or heard.command)
    told = ("en" if read == ENGLISH else "id") if read and telling else ""
    return heard.language or told or chosen or (latest.language if latest else "") or "id"


def area_of(runtime: Runtime, message: InboundMessage, text: str) -> str | None:
    """Calling this will give the code of the place a message names or pins, None when it is not settled.

    A pin inside the named place says it more exactly; elsewhere it only says where the sender stood.
    """
    named = runtime.places.find(text).area
    pin = runtime.places.pin(message.location.latitude, message.location.longitude) if message.location else None
    if pin is None:
        return named
    # Near a border only what surely contains the pin counts; what is named says more exactly which side it is.
    inside = named is None or f"{pin.best}.".startswith(f"{named}.")
    return pin.best if inside else named


def pin_area(runtime: Runtime, message: Message) -> str | None:
    """Calling this will give the code of the place of a stored pin."""
    if message.latitude is None or message.longitude is None:
        return None
    pin = runtime.places.pin(message.latitude, message.longitude)
    return pin.best if pin else None


def threaded(runtime: Runtime, session: Session, message: InboundMessage, address: CitizenAddress) -> Ticket | None:
    """Calling this will give the ticket a message belongs to by proof: it quotes a message we sent to this very
    address, or came to a signed reply address, and the ticket is this person's."""
    # A part of a ticket is the agencies' affair: its citizen writes on the whole.
    mine = and_(col(Ticket.citizen_id) == address.citizen_id, col(Ticket.parent_id).is_(None))
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
    query = select(Ticket).where(col(Ticket.citizen_id) == address.citizen_id, col(Ticket.parent_id).is_(None))
    query = query.where(or_(col(Ticket.status).not_in(ENDED), referred_now))
    return session.scalars(query.order_by(col(Ticket.last_citizen_at).desc(), col(Ticket.id).desc()).limit(1)).first()


def asked(session: Session, now: datetime, address: CitizenAddress, quoted: Ticket | None = None) -> Ticket | None:
    """Calling this will give the ticket on which we asked this address which matter it is, unanswered and not long ago:
    the one that is ``quoted``, else the last. What an officer wrote since asks something of its own."""
    query = select(Ticket).where(
        col(Ticket.citizen_id) == address.citizen_id,
        col(Ticket.parent_id).is_(None),
        col(Ticket.address_id) == address.id,
        col(Ticket.choices_asked_at) >= now - WAITS,
    )
    if quoted is not None:
        query = query.where(col(Ticket.id) == quoted.id)
    for ticket in session.scalars(query.order_by(col(Ticket.choices_asked_at).desc(), col(Ticket.id).desc())):
        at, staff_at = ticket.choices_asked_at, ticket.last_staff_at
        if ticket.choices and at is not None and (staff_at is None or staff_at <= at):
            return ticket
    return None


def last_asked(
    session: Session, now: datetime, spoken: datetime, address: CitizenAddress, quoted: Ticket | None
) -> datetime | None:
    """Calling this will say when this address was last asked something before a message was ``spoken``: by a question
    of ours that is open, or by anything an officer wrote; on the ticket that is ``quoted``, if any. A bare word answers
    only that."""
    mine = [
        col(Ticket.citizen_id) == address.citizen_id,
        col(Ticket.address_id) == address.id,
        col(Ticket.parent_id).is_(None),
    ]
    said = [
        col(Message.address_id) == address.id,
        col(Message.direction) == Direction.OUT,
        col(Message.author) == Author.STAFF,
    ]
    if quoted is not None:
        mine.append(col(Ticket.id) == quoted.id)
        said.append(col(Message.ticket_id) == quoted.id)
    recent = (Ticket.consent_at, Ticket.choices_asked_at, Ticket.place_asked_at, Ticket.settled_asked_at)
    since = now - max(WAITS, consent.WAITS, closing.RATING_WAITS)
    lately = or_(*(col(at) >= since for at in recent), col(Ticket.status) == Status.RESOLVED)
    instants = [None if quoted is not None else address.offered_at]
    for ticket in session.scalars(select(Ticket).where(*mine, lately)):
        instants += [
            ticket.consent_at if ticket.consent == consent.Consent.ASKED else None,
            ticket.choices_asked_at if ticket.choices else None,
            ticket.place_asked_at if ticket.area is None else None,
            ticket.settled_asked_at if closing.waits(ticket, now) else None,
        ]
    written = select(col(Message.created_at)).where(*said).order_by(col(Message.id).desc()).limit(MOST_WRITTEN)
    instants += session.scalars(written).all()
    return max((at for at in instants if at is not None and before(at, spoken)), default=None)


def before(asked: datetime, spoken: datetime) -> bool:
    """Calling this will say whether a question was asked before a message was spoken: to the second, as providers
    tell it."""
    return asked.replace(microsecond=0) <= spoken


def answered(message: Message) -> bool:
    """Calling this will say whether a message was answered from the service directory."""
    return any(note.partition(":")[0] == ANSWERED for note in message.notes)


def question(session: Session, address: CitizenAddress) -> Message | None:
    """Calling this will give the last question from this address that the service directory answered and no ticket
    has."""
    query = select(Message).where(
        col(Message.address_id) == address.id,
        col(Message.ticket_id).is_(None),
        col(Message.direction) == Direction.IN,
    )
    note = f"{ANSWERED}:{address.offered_service}"
    recent = session.scalars(query.order_by(col(Message.id).desc()).limit(50))
    return next((message for message in recent if note in message.notes), None)


def early(session: Session, now: datetime, row: Message) -> list[Message]:
    """Calling this will give the greetings, photos and pins that came just before a complaint and belong to it; what
    was answered from the service directory does not."""
    query = select(Message).where(
        col(Message.address_id) == row.address_id,
        col(Message.ticket_id).is_(None),
        col(Message.direction) == Direction.IN,
        col(Message.created_at) >= now - EARLY,
        col(Message.id) < (row.id or 0),
    )
    return [each for each in session.scalars(query.order_by(col(Message.id))) if not answered(each)]


def received_at(session: Session, message: Message) -> datetime:
    """Calling this will say when a message was received: the clocks of its ticket begin then."""
    event = session.get(InboundEvent, message.event_id) if message.event_id else None
    return event.received_at if event is not None else message.created_at


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
        ended_at=ticket.closed_at,
    )


def within_budget(session: Session, now: datetime, address: CitizenAddress, room: int = 1) -> bool:
    """Calling this will say whether an address may be answered automatically so many times more, by its channel's
    limits. What somebody is told as a member of staff does not count."""
    limits = channel_class(address.channel).limits.automatic
    if limits is None:
        return True
    for most, span in zip(limits, (timedelta(hours=1), timedelta(days=1)), strict=True):
        sent = select(func.count()).where(
            col(Outbox.address_id) == address.id,
            col(Outbox.automatic).is_(True),
            col(Outbox.created_at) > now - span,
            ~select(col(Alert.id)).where(col(Alert.message_id) == col(Outbox.message_id)).exists(),
        )
        if (session.scalar(sent) or 0) + room > most:
            return False
    return True


def affords_question(runtime: Runtime, session: Session, now: datetime, address: CitizenAddress) -> bool:
    """Calling this will say whether a question of ours is worth a message to an address whose every text costs."""
    kind = address.channel
    plenty = costs.allowance(session, runtime.region, now, kind) is Allowance.ALL
    return plenty and within_budget(session, now, address, ROOM)
