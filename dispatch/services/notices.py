"""What people and providers do beside writing: kept where staff see it, hardly ever answered, and nothing is reopened.

A note of the system is a message row without words of its own: ``notes`` names what happened and ``body`` holds the
detail that needs no translation (an emoji). Staff read it in their own language.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from channels.message import Notice, NoticeKind
from dispatch.models import Author, CitizenAddress, Direction, InboundEvent, Message, Outbox, Ticket
from dispatch.phrases import Phrases
from dispatch.services import albums, answers, people
from dispatch.services.inbound import sender_key
from dispatch.workflow import ENDED

#: A group is told once that we listen in private only; again when it still writes the next day.
TOLD_AGAIN = timedelta(days=1)
#: The language a group is spoken to in: the region's own.
GROUP_LANGUAGE = "id"
DETAIL_LENGTH = 80


def record_notice(session: Session, phrases: Phrases, now: datetime, notice: Notice, event: InboundEvent) -> None:
    """Calling this will do what a notice asks for, in the transaction that marks its event as done.

    What concerns a message or a person we do not know leaves nothing but its event.
    """
    if notice.what is NoticeKind.GROUP:
        _refuse_group(session, phrases, now, notice)
        return
    address = people.find(session, notice.channel, notice.account, notice.sender)
    if address is None:
        return
    match notice.what:
        case NoticeKind.REACTION | NoticeKind.DELETED:
            about, ours = _about(session, address, notice)
            if about is not None and about.ticket_id is not None:
                which = "ours" if ours else "theirs"
                ticket = session.get_one(Ticket, about.ticket_id)
                _note(session, now, notice, event, address, ticket, f"{notice.what}:{which}")
        case NoticeKind.NEW_ADDRESS:
            if people.moved(session, now, notice):
                _note(session, now, notice, event, address, _open_ticket(session, address), "new-address")
        case _:
            _note(session, now, notice, event, address, _open_ticket(session, address), "notice")


def _about(session: Session, address: CitizenAddress, notice: Notice) -> tuple[Message | None, bool]:
    """The message a notice is about, and whether it is one of ours."""
    theirs = select(Message).where(
        col(Message.address_id) == address.id,
        col(Message.provider_id) == notice.about,
        col(Message.direction) == Direction.IN,
    )
    if not notice.about:
        return None, False
    if found := session.scalars(theirs.order_by(col(Message.id)).limit(1)).first():
        return found, False
    ours = (
        select(Message)
        .join(Outbox, col(Outbox.message_id) == col(Message.id))
        .where(col(Outbox.address_id) == address.id, col(Outbox.external_id) == notice.about)
    )
    if found := session.scalars(ours.limit(1)).first():
        return found, True
    return albums.holding(session, sender_key(notice.channel, notice.account, notice.sender), notice.about), False


def _open_ticket(session: Session, address: CitizenAddress) -> Ticket | None:
    query = select(Ticket).where(
        col(Ticket.citizen_id) == address.citizen_id,
        col(Ticket.parent_id).is_(None),
        col(Ticket.status).not_in([str(status) for status in ENDED]),
    )
    return session.scalars(query.order_by(col(Ticket.last_citizen_at).desc(), col(Ticket.id).desc()).limit(1)).first()


def _note(
    session: Session,
    now: datetime,
    notice: Notice,
    event: InboundEvent,
    address: CitizenAddress,
    ticket: Ticket | None,
    what: str,
) -> None:
    if ticket is None:
        return
    session.add(
        Message(
            ticket_id=ticket.id,
            address_id=address.id,
            event_id=event.id,
            channel=notice.channel,
            direction=Direction.NOTE,
            author=Author.SYSTEM,
            body=notice.detail[:DETAIL_LENGTH],
            sent_at=notice.occurred_at,
            created_at=now,
            notes=[what],
        )
    )
    # An officer must not answer without having seen that something was taken back; a thumb up is no such news.
    if notice.what is not NoticeKind.REACTION:
        ticket.version += 1
        session.add(ticket)


def _refuse_group(session: Session, phrases: Phrases, now: datetime, notice: Notice) -> None:
    """Say once a day that we listen in private, and leave: what is said in a group is nobody's report."""
    address = people.identify_sender(session, now, notice.channel, notice.account, notice.sender)
    if address.greeted_at is not None and now - address.greeted_at < TOLD_AGAIN:
        return
    if address.stopped_at is not None:  # a group that threw us out and takes us in again
        people.set_stopped(session, now, address, False)
    address.greeted_at = now
    address.last_inbound_at = now  # the group spoke to us just now: the reply window is open
    session.add(address)
    answers.say(session, phrases, now, address, text=phrases.say("group_refused", GROUP_LANGUAGE), asks="leave")
