"""Which tickets may tell of the same trouble: found by place, matter and time, compared, and kept for the desk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, or_, select, true
from sqlmodel import Session, col

from dispatch import alike
from dispatch.alike import Comparer, Report
from dispatch.db import insert_new, stored_id
from dispatch.models import Direction, Likeness, Message, Privacy, Ticket
from dispatch.region import Region
from dispatch.workflow import OPEN

#: So many tickets are compared with one at most, the latest first, and so many of its own citizen's.
COMPARED, OWN_COMPARED = 200, 20
#: So many likenesses of one ticket are kept for the desk, the best.
KEPT = 20
JOINED, DIFFERENT = "joined", "different"
_DISTRICT = 3  # parts of a district's code

_comparers: list[tuple[Region, Comparer]] = []


def comparer(region: Region) -> Comparer:
    """Calling this will give what compares reports of a region, made once for as long as the process works on it."""
    for known, made in _comparers:
        if known.examples is region.examples and known.places is region.places:
            return made
    made = Comparer(region)
    _comparers[:] = [(region, made)]
    return made


def comparable(ticket: Ticket) -> bool:
    """Calling this will say whether a ticket may be looked at for joining: open, no part, not joined, not secret."""
    single = ticket.lead_id is None and ticket.parent_id is None
    return single and ticket.status in OPEN and ticket.privacy != Privacy.SECRET


def likely(session: Session, region: Region, ticket: Ticket) -> list[tuple[Ticket, float]]:
    """Calling this will give the open tickets that are likely about the same trouble, with how alike they are (0 to 1),
    the most alike first. None is joined to another, a part, secret, or on the other side of supervision."""
    if not comparable(ticket):
        return []
    rules = alike.rules_for(region.desk_rules.alike, ticket.category)
    others = _candidates(session, region, ticket, timedelta(hours=rules.hours))
    pins = _pins(session, [stored_id(each.id) for each in (ticket, *others)]) if others else {}
    one, compares = _report(ticket, pins), comparer(region)
    scored = [(other, compares.score(one, _report(other, pins), rules)) for other in others]
    found = [(other, score) for other, score in scored if score >= rules.score]
    return sorted(found, key=lambda pair: (-pair[1], pair[0].id or 0))


def find(session: Session, region: Region, now: datetime, ticket: Ticket) -> list[Likeness]:
    """Calling this will look for tickets about the same trouble and write down the likeliest ``KEPT``, best first.

    What staff decided about a pair stays; what nobody decided and is no longer likely goes.
    """
    mine = stored_id(ticket.id)
    found = {stored_id(other.id): score for other, score in likely(session, region, ticket)[:KEPT]}
    stale = [
        row.id
        for row in of_ticket(session, ticket)
        if row.decision == "" and (row.other_id if row.ticket_id == mine else row.ticket_id) not in found
    ]
    if stale and comparable(ticket):
        session.execute(delete(Likeness).where(col(Likeness.id).in_(stale)))
    for other, score in found.items():
        pair = {"ticket_id": max(mine, other), "other_id": min(mine, other)}
        session.execute(insert_new(session, Likeness, {**pair, "score": score, "found_at": now, "decision": ""}))
    rows = of_ticket(session, ticket)
    for row in rows:
        fresh = found.get(row.other_id if row.ticket_id == mine else row.ticket_id)
        if fresh is not None and row.decision == "" and row.score != fresh:
            row.score = fresh
            session.add(row)
    return rows


def of_ticket(session: Session, ticket: Ticket) -> list[Likeness]:
    """Calling this will give what is written down of a ticket's likenesses, the most alike first."""
    mine = stored_id(ticket.id)
    query = select(Likeness).where(or_(col(Likeness.ticket_id) == mine, col(Likeness.other_id) == mine))
    return list(session.scalars(query.order_by(col(Likeness.score).desc(), col(Likeness.id))))


def decide(session: Session, now: datetime, one: int, other: int, decision: str, staff_id: int | None) -> None:
    """Calling this will write down what was decided about two tickets, by their ids: ``JOINED`` or ``DIFFERENT``."""
    pair = {"ticket_id": max(one, other), "other_id": min(one, other)}
    session.execute(insert_new(session, Likeness, {**pair, "score": 0.0, "found_at": now, "decision": ""}))
    row = session.scalars(select(Likeness).filter_by(**pair).with_for_update()).one()
    row.decision, row.decided_at, row.staff_id = decision, now, staff_id
    session.add(row)


def different(session: Session, ticket: Ticket) -> set[int]:
    """Calling this will give the ids of the tickets that staff said are about another trouble than this one."""
    mine = stored_id(ticket.id)
    rows = [row for row in of_ticket(session, ticket) if row.decision == DIFFERENT]
    return {row.other_id if row.ticket_id == mine else row.ticket_id for row in rows}


def district(area: str | None) -> str:
    """Calling this will give the district an area lies in, "" where it is not that narrow."""
    parts = (area or "").split(".")
    return ".".join(parts[:_DISTRICT]) if len(parts) >= _DISTRICT else ""


def _candidates(session: Session, region: Region, ticket: Ticket, around: timedelta) -> Sequence[Ticket]:
    """By the index on place, matter and time; and what the same citizen reported, wherever they said it is."""
    single = (col(Ticket.lead_id).is_(None), col(Ticket.parent_id).is_(None), col(Ticket.id) != ticket.id)
    conditions = (
        *single,
        col(Ticket.status).in_(sorted(OPEN)),
        col(Ticket.privacy) != Privacy.SECRET,
        col(Ticket.supervision).is_(ticket.supervision),
        col(Ticket.opened_at) >= ticket.opened_at - around,
        col(Ticket.opened_at) <= ticket.opened_at + around,
    )
    query = select(Ticket).where(*conditions)
    nearby = query.where(_nearby(region, ticket.area), _matter(ticket.category))
    latest = nearby.order_by(col(Ticket.opened_at).desc(), col(Ticket.id).desc()).limit(COMPARED)
    found = {each.id: each for each in session.scalars(latest)}
    own = query.where(col(Ticket.citizen_id) == ticket.citizen_id).order_by(col(Ticket.id).desc())
    found.update((each.id, each) for each in session.scalars(own.limit(OWN_COMPARED)))
    return list(found.values())


def _nearby(region: Region, area: str | None) -> ColumnElement[bool]:
    """The area's own code, those it lies in, those of its district (or of itself where it is larger), or none known."""
    if area is None:
        return true()
    around = district(area) or area
    parts = area.split(".")
    codes = {".".join(parts[: n + 1]) for n in range(len(parts))}
    codes |= {code for code in region.places if code == around or code.startswith(f"{around}.")}
    return or_(col(Ticket.area).in_(sorted(codes)), col(Ticket.area).is_(None))


def _matter(category: str | None) -> ColumnElement[bool]:
    if category is None:
        return true()
    return or_(col(Ticket.category) == category, col(Ticket.category).is_(None))


def _pins(session: Session, ids: Sequence[int]) -> dict[int, tuple[float, float]]:
    """Ticket id → the last point its citizen sent."""
    query = select(col(Message.ticket_id), col(Message.latitude), col(Message.longitude)).where(
        col(Message.ticket_id).in_(ids),
        col(Message.direction) == Direction.IN,
        col(Message.latitude).is_not(None),
        col(Message.longitude).is_not(None),
    )
    rows = session.execute(query.order_by(col(Message.id)))
    return {ticket_id: (latitude, longitude) for ticket_id, latitude, longitude in rows}


def _report(ticket: Ticket, pins: dict[int, tuple[float, float]]) -> Report:
    pin = pins.get(stored_id(ticket.id))
    return Report(ticket.summary, ticket.opened_at, ticket.category, ticket.area, pin)
