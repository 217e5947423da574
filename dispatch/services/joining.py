"""Reports about one trouble are one job: tickets joined to a lead, split off again, and told everything the lead is.

A joined ticket keeps its number, its citizen and its conversation; its work and what is due of it are the lead's. There
are no chains: whoever is joined is joined to a lead, which itself is joined to nothing. Tickets are locked in the order
of their ids, so that two officers who join crosswise cannot make a circle.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from dispatch.db import stored_id
from dispatch.models import (
    Author,
    CitizenAddress,
    Direction,
    Join,
    Message,
    Outcome,
    Privacy,
    StatusChange,
    StoredAttachment,
    Ticket,
)
from dispatch.phrases import TERSE, Phrases
from dispatch.region import Region
from dispatch.services import answers, apart, deadlines, likenesses
from dispatch.services.apart import members as members
from dispatch.services.deadlines import FOLLOWED
from dispatch.services.tickets import audit, move
from dispatch.workflow import ENDED, OPEN, STOPS_VERIFY, Status

#: What a ticket becomes when it is joined to a lead of a status; of any other the joined ticket keeps its own. A lead
#: that waits for its own citizen, or answered before, has not asked or answered this one.
_ON_JOINING = {
    Status.ASSIGNED: Status.ASSIGNED,
    Status.IN_PROGRESS: Status.IN_PROGRESS,
    Status.WAITING: Status.IN_PROGRESS,
    Status.ANSWERED: Status.IN_PROGRESS,
}


#: What an officer's words made of the lead, as far as its joined tickets become that too.
_WITH_AN_ANSWER = frozenset({Status.IN_PROGRESS, Status.ANSWERED, Status.RESOLVED})
#: Of an address that wants no messages: the answer stands on the ticket, and is not sent.
UNSENT = "stopped"


class CannotJoin(ValueError):
    """Calling this will refuse to join two tickets; ``reason`` is same, joined, ended, part, parts, secret or
    supervision."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the tickets cannot be joined: {reason}")
        self.reason = reason


def join(
    session: Session,
    phrases: Phrases,
    now: datetime,
    ticket: Ticket,
    lead: Ticket,
    *,
    staff_id: int | None,
    seen_version: int | None = None,
    tell: bool = True,
) -> Ticket:
    """Calling this will join a ticket to a lead (or to the lead of the one given, if that is joined itself), take its
    own joined tickets along, and tell its citizen once; returns the lead.

    ``staff_id`` is None where the rules for floods do it; ``tell`` False where the receipt says so. Raises CannotJoin,
    and Stale when the ticket is no longer at ``seen_version``.
    """
    ticket, target = _lock_pair(session, ticket, lead)
    if seen_version is not None and seen_version != ticket.version:
        raise answers.Stale(seen_version, ticket.version)
    _check(session, phrases.region, ticket, target)
    for member, before in members(session, ticket, lock=True):
        before.undone_at = now
        session.add(before)
        _attach(session, phrases, now, member, target, staff_id, Status(before.status))
    _attach(session, phrases, now, ticket, target, staff_id, Status(ticket.status))
    if staff_id is not None:  # an officer must see it before they answer; a flood must not keep them from answering
        target.version += 1
        session.add(target)
    likenesses.decide(session, now, stored_id(ticket.id), stored_id(target.id), likenesses.JOINED, staff_id)
    if tell:
        _tell(session, phrases, now, ticket, "joined")
    return target


def split_off(
    session: Session,
    phrases: Phrases,
    now: datetime,
    ticket: Ticket,
    *,
    staff_id: int,
    seen_version: int | None = None,
) -> bool:
    """Calling this will make a joined ticket a job of its own again: its status is what its own history made it, its
    dates count as if it had never been joined, and its citizen is told; False when it is not joined.

    Raises Stale when the ticket is no longer at ``seen_version``.
    """
    if ticket.lead_id is None:
        return False
    lead_id = ticket.lead_id
    ticket, lead = _locked(session, stored_id(ticket.id), lead_id)
    if seen_version is not None and seen_version != ticket.version:
        raise answers.Stale(seen_version, ticket.version)
    row = apart.current(session, ticket)
    if row is None or ticket.lead_id != lead_id:
        raise answers.Stale(seen_version or 0, ticket.version)
    row.undone_at, row.undone_by = now, staff_id
    ticket.lead_id = None
    lead.version += 1
    session.add_all([row, ticket, lead])
    since = _moved_from(session, ticket, row, staff_id)
    session.flush()
    _as_before(session, phrases, now, ticket, since)
    likenesses.decide(session, now, stored_id(ticket.id), lead_id, likenesses.DIFFERENT, staff_id)
    audit(session, now, "ticket.split_off", "ticket", ticket.number, staff_id=staff_id, detail={"lead": lead.number})
    if Status(ticket.status) not in ENDED:  # nobody is promised a day for what has ended
        _tell(session, phrases, now, ticket, "split_off")
    return True


def spread(
    session: Session, phrases: Phrases, now: datetime, ticket: Ticket, message: Message, most: int | None = None
) -> int:
    """Calling this will pass an officer's answer on a lead on to every citizen whose ticket was joined before it, at
    most to ``most`` of them; returns to how many. Nobody gets it twice, however often this is called.

    Each gets it as a person's answer on their own ticket, with their own number, by the way they last wrote: it is the
    answer the law owes each of them, so it is no automatic message, and the budgets that hold those up let it pass. It
    stops their first-response clock. Who asked us to stop is sent nothing. A notice of the system is not passed on:
    every joined ticket gets its own as its status follows (``services.following``).
    """
    if message.author != Author.STAFF or message.direction != Direction.OUT or message.ticket_id != ticket.id:
        return 0
    became = session.scalars(
        select(StatusChange)
        .where(col(StatusChange.ticket_id) == ticket.id, col(StatusChange.at) == message.created_at)
        .order_by(col(StatusChange.id).desc())
        .limit(1)
    ).first()
    to = Status(became.to_status) if became else None
    if to is Status.WAITING:  # a question to the citizen of the lead
        return 0
    # Locked first: of two who pass it on at once, the second sees what the first has done.
    joined = members(session, ticket, lock=True)
    query = select(col(Message.ticket_id)).where(col(Message.copy_of) == stored_id(message.id))
    done = set(session.scalars(query).all())
    waiting = [member for member, row in joined if member.id not in done and row.at <= message.created_at]
    files = session.scalars(select(StoredAttachment).where(col(StoredAttachment.message_id) == message.id)).all()
    for member in waiting[:most]:
        _pass_on(session, phrases, now, member, message, message.body.replace(ticket.number, member.number), files)
        if to in _WITH_AN_ANSWER and member.status != to and member.status != Status.CLOSED:
            if to is Status.RESOLVED:
                answers.asked(now, member)
            outcome = Outcome.MERGED if to is Status.RESOLVED else None
            move(session, phrases.region, now, member, to, reason="followed", outcome=outcome, follows=True)
        else:
            member.version += 1
            session.add(member)
            deadlines.settle(session, phrases.region, now, member)
    return len(waiting[:most])


def _pass_on(
    session: Session,
    phrases: Phrases,
    now: datetime,
    ticket: Ticket,
    message: Message,
    text: str,
    files: Sequence[StoredAttachment],
) -> None:
    address = session.get_one(CitizenAddress, ticket.address_id)
    if address.stopped_at is None:
        copied = answers.say(
            session, phrases, now, address, ticket=ticket, text=text, author=Author.STAFF, staff_id=message.staff_id
        )
        copied.copy_of = message.id
        ticket.first_response_at = ticket.first_response_at or now
        ticket.last_staff_at = now
    else:
        copied = Message(
            ticket_id=ticket.id,
            direction=Direction.NOTE,
            author=Author.SYSTEM,
            body=text,
            created_at=now,
            notes=[UNSENT],
            copy_of=message.id,
        )
    session.add_all([copied, ticket])
    session.flush()
    for file in files:
        columns = {name: getattr(file, name) for name in StoredAttachment.model_fields if name != "id"}
        session.add(StoredAttachment(**columns | {"message_id": stored_id(copied.id)}))


def _lock_pair(session: Session, ticket: Ticket, lead: Ticket) -> tuple[Ticket, Ticket]:
    """Both locked and as they are now, and where the second is joined itself, its lead in its place."""
    mine, target = stored_id(ticket.id), lead.lead_id or stored_id(lead.id)
    if mine == target:
        raise CannotJoin("same")
    ticket, lead = _locked(session, mine, target)
    if lead.lead_id is None:
        return ticket, lead
    if lead.lead_id == mine:
        raise CannotJoin("same")
    return _locked(session, mine, lead.lead_id)


def _locked(session: Session, *ids: int) -> tuple[Ticket, Ticket]:
    query = select(Ticket).where(col(Ticket.id).in_(ids)).order_by(col(Ticket.id)).with_for_update()
    found = {row.id: row for row in session.scalars(query.execution_options(populate_existing=True))}
    first, second = ids
    return found[first], found[second]


def _check(session: Session, region: Region, ticket: Ticket, lead: Ticket) -> None:
    has_parts = session.scalars(select(col(Ticket.id)).where(col(Ticket.parent_id) == ticket.id).limit(1)).first()
    faults = {
        "joined": ticket.lead_id is not None or lead.lead_id is not None,
        "part": ticket.parent_id is not None or lead.parent_id is not None,
        "parts": has_parts is not None,
        "secret": Privacy.SECRET in (ticket.privacy, lead.privacy),
        "supervision": apart.unfit(region, ticket, lead),
        "ended": Status(ticket.status) not in OPEN or Status(lead.status) not in OPEN,
    }
    for reason, at_fault in faults.items():
        if at_fault:
            raise CannotJoin(reason)


def _attach(
    session: Session,
    phrases: Phrases,
    now: datetime,
    ticket: Ticket,
    lead: Ticket,
    staff_id: int | None,
    before: Status,
) -> None:
    session.add(
        Join(ticket_id=stored_id(ticket.id), lead_id=stored_id(lead.id), at=now, staff_id=staff_id, status=before)
    )
    ticket.lead_id = stored_id(lead.id)
    ticket.version += 1
    session.add(ticket)
    session.flush()
    to = _ON_JOINING.get(Status(lead.status))
    if to is not None and ticket.status in OPEN and ticket.status != to:
        move(session, phrases.region, now, ticket, to, reason="joined", follows=True)
    else:
        deadlines.settle(session, phrases.region, now, ticket)
    audit(session, now, "ticket.join", "ticket", ticket.number, staff_id=staff_id, detail={"lead": lead.number})


def _moved_from(session: Session, ticket: Ticket, row: Join, staff_id: int) -> datetime:
    """When it was first joined: what came along with a lead that was joined itself leaves those joins too."""
    earlier = select(Join).where(col(Join.ticket_id) == ticket.id, col(Join.id) < row.id).order_by(col(Join.id).desc())
    since = row.at
    for each in session.scalars(earlier):
        if each.undone_at != since or each.undone_by is not None:
            break
        each.undone_by, since = staff_id, each.at
        session.add(each)
    return since


def _as_before(session: Session, phrases: Phrases, now: datetime, ticket: Ticket, joined_at: datetime) -> None:
    """Take back what the ticket only followed: its status is the last of its own history, and an answer that was the
    lead's is none on it."""
    own = session.scalars(
        select(StatusChange)
        .where(col(StatusChange.ticket_id) == ticket.id, col(StatusChange.reason).not_in(FOLLOWED))
        .order_by(col(StatusChange.id))
    ).all()
    answered = session.scalars(
        select(col(Message.created_at))
        .where(
            col(Message.ticket_id) == ticket.id,
            col(Message.direction) == Direction.OUT,
            col(Message.author) == Author.STAFF,
            col(Message.copy_of).is_(None),
        )
        .order_by(col(Message.id))
    ).all()
    if ticket.first_response_at is not None and ticket.first_response_at >= joined_at:
        ticket.first_response_at = min(answered, default=None)
    if ticket.last_staff_at is not None and ticket.last_staff_at >= joined_at:
        ticket.last_staff_at = max(answered, default=None)
    if ticket.verified_at is not None and ticket.verified_at >= joined_at:
        ticket.verified_at = next((each.at for each in own if each.to_status in STOPS_VERIFY), None)
    to = Status(own[-1].to_status)
    asked = ticket.settled_asked_at is not None and ticket.settled_asked_at >= joined_at
    if asked and to is not Status.RESOLVED and not ticket.content:  # what its citizen has answered stays
        ticket.settled_asked_at, ticket.rating = None, None
    if to is Status.CLOSED and ticket.content == "yes" and ticket.outcome == Outcome.MERGED:
        ticket.outcome = Outcome.SOLVED  # its own citizen says so
    if ticket.status != to:
        move(session, phrases.region, now, ticket, to, reason="split_off", outcome=_outcome(own[-1]), follows=True)
    else:
        ticket.version += 1
        session.add(ticket)
        session.flush()
        deadlines.settle(session, phrases.region, now, ticket)


def _outcome(change: StatusChange) -> Outcome | None:
    return Outcome(change.outcome) if change.outcome else None


def _tell(session: Session, phrases: Phrases, now: datetime, ticket: Ticket, key: str) -> None:
    """A notice of the system, unless its citizen asked us to stop: automatic, so budgets may hold it up."""
    address = session.get_one(CitizenAddress, ticket.address_id)
    if address.stopped_at is not None:
        return
    due = ticket.resolution_due if ticket.first_response_at else ticket.first_response_due
    values = {"number": ticket.number}
    if key == "split_off":
        terse = address.channel in TERSE
        values["due"] = phrases.day(due, ticket.language) if terse else phrases.date(due, ticket.language)
    answers.say(session, phrases, now, address, ticket=ticket, text=phrases.say(key, ticket.language, **values))
