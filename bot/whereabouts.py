"""The place in a conversation: which of several places is meant is asked once, by number; earlier words may settle it;
the citizen's own words for the spot are kept."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from bot import choices, lookup
from bot.conversation import Facts
from bot.replies import MOST_CHOICES, Replies
from dispatch.models import CitizenAddress, Direction, Message, Ticket
from dispatch.places import spot
from dispatch.runtime import Runtime
from dispatch.services import whereabouts
from dispatch.workflow import ENDED

#: How many earlier messages are read again to settle a place.
EARLIER_WORDS = 5


def question(
    runtime: Runtime,
    session: Session,
    now: datetime,
    address: CitizenAddress,
    replies: Replies,
    ticket: Ticket,
    text: str,
) -> tuple[tuple[str, ...], str]:
    """Calling this will give the areas between which a text leaves the place of a ticket open, and the question which
    of them it is; nothing where it leaves none open, the place is not asked for, this was asked before, or one text
    more would cost too much."""
    if ticket.area is not None or ticket.place_asked_at is None or ticket.place_choices:
        return (), ""
    areas = runtime.places.find(text).candidates
    if not 1 < len(areas) <= MOST_CHOICES:
        return (), ""
    if replies.terse and not lookup.affords_question(runtime, session, now, address):
        return (), ""
    return areas, replies.which_place(runtime.region, ticket, areas)


def answered(runtime: Runtime, session: Session, now: datetime, replies: Replies, ticket: Ticket, facts: Facts) -> str:
    """Calling this will take the answer which of several places it is, and give what to say to it: where the ticket is
    now, or, to somebody who means none of them, the wish for its name."""
    note(session, ticket, facts.message.text)
    if whereabouts.choose(session, runtime.region, now, ticket, facts.choice or ""):
        return replies.place_thanks(runtime.region, ticket)
    session.add(ticket)
    return replies.place_other(ticket)


def from_earlier_words(runtime: Runtime, session: Session, ticket: Ticket) -> str | None:
    """Calling this will give the place we asked for, when what was said before settles it: "Karang Anyar" and then
    "Tarakan"."""
    if ticket.place_asked_at is None:
        return None
    said = select(col(Message.body)).where(col(Message.ticket_id) == ticket.id, col(Message.direction) == Direction.IN)
    bodies = session.scalars(said.order_by(col(Message.id).desc()).limit(EARLIER_WORDS)).all()
    return runtime.places.find("\n".join(reversed(bodies))).area


def asked(session: Session, now: datetime, address: CitizenAddress, quoted: Ticket | None) -> Ticket | None:
    """Calling this will give the ticket on which we asked this address which place it is, unanswered and not long ago:
    the one that is ``quoted``, else the last. What an officer wrote since asks something of its own."""
    query = select(Ticket).where(
        col(Ticket.citizen_id) == address.citizen_id,
        col(Ticket.address_id) == address.id,
        col(Ticket.area).is_(None),
        col(Ticket.status).not_in(ENDED),
        col(Ticket.place_asked_at) >= now - whereabouts.WAITS,
    )
    if quoted is not None:
        query = query.where(col(Ticket.id) == quoted.id)
    for ticket in session.scalars(query.order_by(col(Ticket.place_asked_at).desc(), col(Ticket.id).desc())):
        at, staff_at = ticket.place_asked_at, ticket.last_staff_at
        if ticket.place_choices and at is not None and (staff_at is None or staff_at <= at):
            return ticket
    return None


def chosen(runtime: Runtime, ticket: Ticket, text: str, category: str | None) -> str | None:
    """Calling this will read a text as the answer which place it is: an area, "" for none of them, None for no answer.
    A name is none in a text that is surely about another ``category``."""
    names = category is None or category == ticket.category
    return choices.place_chosen(text, ticket.place_choices, runtime.region, runtime.places, names=names)


def pending(ticket: Ticket) -> bool:
    """Calling this will say whether the place is what was last asked of this ticket by number, and is still open."""
    at, matter_at = ticket.place_asked_at, ticket.choices_asked_at
    return bool(ticket.place_choices) and ticket.area is None and at is not None and (not matter_at or matter_at <= at)


def later(matter: Ticket | None, place: Ticket | None) -> tuple[Ticket | None, Ticket | None]:
    """Calling this will leave only the question that was asked last: which matter it is, or which place. A bare number
    answers that one."""
    if matter is None or place is None or matter.choices_asked_at is None or place.place_asked_at is None:
        return matter, place
    return (matter, None) if matter.choices_asked_at > place.place_asked_at else (None, place)


def note(session: Session, ticket: Ticket, text: str, *, answers: bool = False) -> None:
    """Calling this will keep the citizen's own words for the spot: all of a text that ``answers`` our question where it
    is, else what of it says so."""
    whereabouts.note(session, ticket, text if answers else spot(text))
