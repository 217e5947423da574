"""The end of a report, in conversation: which question of ours about it is open, what its answer does, and what a
reply to the news of an end belongs to."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import Session, col

from bot import settled
from bot.conversation import ANSWER_EXPECTS_REPLY
from bot.settled import Answer
from dispatch import numbers
from dispatch.models import Author, CitizenAddress, Direction, Message, Ticket
from dispatch.region import Region
from dispatch.services import closing
from dispatch.workflow import NotAllowed, Status

if TYPE_CHECKING:
    from bot.turn import Turn

#: The note that a new ticket continues one that ended too long ago to be opened again; its number follows a colon.
CONTINUES = "continues"
#: Ends that are news to the citizen: what they write next is likely about it.
NEWS = frozenset({Status.RESOLVED, Status.REJECTED})
#: A question of ours is looked for among so many tickets of one address.
MOST_ASKED = 20


def asked(
    session: Session,
    now: datetime,
    region: Region,
    address: CitizenAddress,
    quoted: Ticket | None,
    text: str,
    other: datetime | None,
) -> Ticket | None:
    """Calling this will give the ticket whose end we asked this address about, while that question is open: the one
    whose number is in the ``text``, else the one that is ``quoted``, else the last asked about.

    Not where something was asked since: by an officer, or by us (``other`` is when we last asked something else).
    """
    query = select(Ticket).where(
        col(Ticket.citizen_id) == address.citizen_id,
        col(Ticket.address_id) == address.id,
        col(Ticket.settled_asked_at).is_not(None),
        col(Ticket.status).in_((Status.RESOLVED, Status.CLOSED)),
    )
    rows = session.scalars(query.order_by(col(Ticket.settled_asked_at).desc(), col(Ticket.id).desc()).limit(MOST_ASKED))
    waiting = [ticket for ticket in rows if closing.waits(ticket, now)]
    if number := numbers.find(region.prefix, text):
        return next((ticket for ticket in waiting if ticket.number == number), None)
    if quoted is not None:
        waiting = [ticket for ticket in waiting if ticket.id == quoted.id]
    newest = waiting[0] if waiting else None
    if newest is None or newest.settled_asked_at is None:
        return None
    if quoted is None and other is not None and other > newest.settled_asked_at:
        return None
    return None if _written_since(session, address, newest) else newest


def _written_since(session: Session, address: CitizenAddress, ticket: Ticket) -> bool:
    """Whether an officer wrote to this address since: a number then answers the officer."""
    said = select(col(Message.id)).where(
        col(Message.address_id) == address.id,
        col(Message.direction) == Direction.OUT,
        col(Message.author) == Author.STAFF,
        col(Message.created_at) > ticket.settled_asked_at,
    )
    return session.scalars(said.limit(1)).first() is not None


def answer(ticket: Ticket | None, now: datetime, region: Region, text: str) -> Answer | None:
    """Calling this will read a text as an answer to the open question about a ticket's end, None where it is none."""
    return settled.read(text, closing.waits(ticket, now), region.prefix) if ticket is not None else None


def told(session: Session, now: datetime, address: CitizenAddress) -> Ticket | None:
    """Calling this will give the last ticket of this person whose end was news to them within a week, unless they said
    that it is settled."""
    query = select(Ticket).where(
        col(Ticket.citizen_id) == address.citizen_id,
        col(Ticket.status).in_(NEWS),
        col(Ticket.content) != "yes",
        col(Ticket.closed_at) >= now - ANSWER_EXPECTS_REPLY,
    )
    return session.scalars(query.order_by(col(Ticket.closed_at).desc(), col(Ticket.id).desc()).limit(1)).first()


def take(turn: Turn, ticket: Ticket) -> str:
    """Calling this will carry out the citizen's answer about the end of a ticket and give the words that confirm it,
    with its number."""
    given = turn.facts.ending_answer
    ticket.last_citizen_at = turn.facts.now
    ticket.version += 1
    turn.session.add(ticket)
    if given is None or given.rating is not None:
        closing.rate(turn.session, ticket, (given.rating if given else None) or 0)
        return turn.replies.rated(ticket)
    try:
        closing.settle(turn.session, turn.region, turn.now, ticket, given.yes is True)
    except NotAllowed:  # a part of it was opened again meanwhile: it cannot be closed yet
        ticket.content = ""
        return turn.replies.added(ticket)
    return turn.replies.settled_yes(ticket) if given.yes else turn.replies.settled_no(turn.region, ticket)


def over(turn: Turn, ticket: Ticket) -> bool:
    """Calling this will say whether words on a ticket come so long after its end that they open a new one."""
    return closing.too_late(turn.region, ticket, turn.facts.now)


def link(session: Session, now: datetime, old: Ticket, new_id: int | None) -> None:
    """Calling this will note on a new ticket which one it continues, and on that one which continues it."""
    new = session.get(Ticket, new_id) if new_id is not None else None
    if new is None:
        return
    for ticket, other in ((new, old), (old, new)):
        key = CONTINUES if ticket is new else "continued"
        session.add(
            Message(
                ticket_id=ticket.id,
                direction=Direction.NOTE,
                author=Author.SYSTEM,
                created_at=now,
                notes=[f"{key}:{other.number}"],
            )
        )
