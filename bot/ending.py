"""The end of a report, in conversation: which question of ours about it is open, what its answer does, and what a
reply to the news of an end belongs to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import Session, col

from bot import lookup, settled
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
#: The same answer so soon after the first was only sent twice.
SAID_TWICE = timedelta(minutes=1)


def asked(
    session: Session,
    now: datetime,
    region: Region,
    address: CitizenAddress,
    quoted: Ticket | None,
    text: str,
    spoken: datetime,
    last: datetime | None,
) -> Ticket | None:
    """Calling this will give the ticket whose end we asked this address about, while that question is open: the one
    whose number is in the ``text``, else the one that is ``quoted``, else the last asked about.

    Not where something else was asked since, by an officer or by us: ``last`` is when anything was last asked before
    the text was ``spoken`` (``lookup.last_asked``).
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
    # What was spoken before we asked for a rating repeats the answer before that; it answers no older question.
    open_then = (each for each in waiting if _asked_before(each, spoken) or closing.waits(each, now) == "rating")
    newest = next(open_then, None)
    if newest is None or newest.settled_asked_at is None:
        return None
    return None if last is not None and last > newest.settled_asked_at else newest


def _asked_before(ticket: Ticket, spoken: datetime) -> bool:
    return ticket.settled_asked_at is not None and lookup.before(ticket.settled_asked_at, spoken)


def answer(ticket: Ticket | None, now: datetime, region: Region, text: str, spoken: datetime) -> Answer | None:
    """Calling this will read a text as an answer to the open question about a ticket's end, None where it is none.

    An empty answer repeats what was answered already ("1" sent twice): it changes nothing and rates nothing.
    """
    asked_at = ticket.settled_asked_at if ticket is not None else None
    if ticket is None or asked_at is None:
        return None
    question = closing.waits(ticket, now)
    given = settled.read(text, question, region.prefix)
    early = not lookup.before(asked_at, spoken)
    if question != "rating":
        return None if early else given
    again = settled.read(text, "settled", region.prefix)
    named = numbers.find(region.prefix, text) is not None
    if early:
        bare = (given is not None and given.bare) or (again is not None and again.bare)
        return Answer() if bare else None
    repeats = again is not None and again.yes is True and not named and spoken - asked_at <= SAID_TWICE
    return Answer() if repeats else given


def told(session: Session, now: datetime, address: CitizenAddress, text: str) -> Ticket | None:
    """Calling this will give the last ticket of this person whose end was news to them within a week. One they called
    settled only where the text tells something: a mark or a word of praise does not open it again."""
    news = col(Ticket.status).in_(NEWS) & (col(Ticket.content) != "yes")
    if settled.tells(text):
        news |= (col(Ticket.status) == Status.CLOSED) & (col(Ticket.content) == "yes")
    query = select(Ticket).where(
        col(Ticket.citizen_id) == address.citizen_id,
        col(Ticket.parent_id).is_(None),
        news,
        col(Ticket.closed_at) >= now - ANSWER_EXPECTS_REPLY,
    )
    return session.scalars(query.order_by(col(Ticket.closed_at).desc(), col(Ticket.id).desc()).limit(1)).first()


def take(turn: Turn, ticket: Ticket) -> str:
    """Calling this will carry out the citizen's answer about the end of a ticket and give the words that confirm it,
    with its number; "" where it only repeats an answer."""
    given = turn.facts.ending_answer
    ticket.last_citizen_at = turn.facts.now
    ticket.version += 1
    turn.session.add(ticket)
    if given == Answer():
        return ""
    if given is None or given.rating is not None:
        closing.rate(turn.session, ticket, (given.rating if given else None) or 0)
        return turn.replies.rated(ticket)
    try:
        closing.settle(turn.session, turn.region, turn.now, ticket, given.yes is True)
    except NotAllowed:  # a part of it was opened again meanwhile: it cannot be closed yet
        ticket.content = ""
        return turn.replies.added(ticket)
    if given.yes:
        return turn.replies.settled_yes(ticket)
    # Who said at once what is not settled is not asked for it.
    return turn.replies.settled_no(turn.region, ticket) if given.bare else turn.replies.reopened(turn.region, ticket)


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
