"""A flood: hundreds report one outage within the hour. From a number that the region pack sets on, they join by
themselves, so that there is one job in the list; officers see it said, and undo it with one button."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from dispatch import alike
from dispatch.db import stored_id
from dispatch.models import Join, StatusChange, Ticket
from dispatch.phrases import Phrases
from dispatch.region import Region
from dispatch.runtime import Runtime
from dispatch.services import joining, likenesses
from dispatch.services.trail import audit
from dispatch.workflow import Status

#: Nobody looks at what joins by itself: it has to be this much more alike than what is only shown.
MORE_ALIKE = 0.1


def looked(runtime: Runtime, session: Session, ticket: Ticket, change: StatusChange) -> None:
    """Calling this will look for tickets about the same trouble once a new one is there, or its matter became known,
    and let it join a flood: the consequence of those changes."""
    opened = change.from_status == ""
    known = change.from_status == Status.NEW and change.at != ticket.opened_at
    if not (opened or known) or not likenesses.comparable(ticket):
        return
    now = runtime.now()
    likenesses.find(session, runtime.region, now, ticket)
    into(session, runtime.phrases, now, ticket)


def into(session: Session, phrases: Phrases, now: datetime, ticket: Ticket, *, tell: bool = True) -> Ticket | None:
    """Calling this will join a ticket to a flood of reports about its trouble, with those that made it one; returns the
    lead, None where there is no flood.

    There is one where the pack sets a number for the category, and so many other reports of its district are joined to
    one ticket or likely about the same. What an officer began is left to them; so is a flood they undid.
    """
    region = phrases.region
    rules = alike.rules_for(region.desk_rules.alike, ticket.category)
    if not rules.flood or ticket.category is None or not _untouched(ticket):
        return None
    near = _near(session, region, ticket, rules.score + MORE_ALIKE)
    joined = _joined(session, [stored_id(each.id) for each in near])
    if len(near) + sum(joined.values()) < rules.flood:
        return None
    lead = max(near, key=lambda each: (joined.get(stored_id(each.id), 0), not _untouched(each), -stored_id(each.id)))
    if joined.get(stored_id(lead.id), 0) + len(near) < rules.flood or _undone(session, lead):
        return None
    try:
        target = joining.join(session, phrases, now, ticket, lead, staff_id=None, tell=tell)
    except joining.CannotJoin:  # an officer was quicker
        return None
    for other in _free(session, [each for each in near if each is not lead and _untouched(each)], joined):
        joining.join(session, phrases, now, other, target, staff_id=None)
    return target


def undo(session: Session, phrases: Phrases, now: datetime, lead: Ticket, *, staff_id: int) -> int:
    """Calling this will split off everything that joined a ticket by itself; returns how many. Nothing joins it by
    itself any more."""
    count = 0
    for member, row in joining.members(session, lead):
        if row.staff_id is None:
            count += joining.split_off(session, phrases, now, member, staff_id=staff_id)
    audit(session, now, "ticket.undo_flood", "ticket", lead.number, staff_id=staff_id, detail={"tickets": count})
    return count


def _near(session: Session, region: Region, ticket: Ticket, score: float) -> list[Ticket]:
    district = likenesses.district(ticket.area)
    if not district:
        return []
    apart = likenesses.different(session, ticket)
    return [
        other
        for other, likely in likenesses.likely(session, region, ticket)
        if likely >= min(score, 1.0)
        and other.category == ticket.category
        and likenesses.district(other.area) == district
        and other.id not in apart
    ]


def _untouched(ticket: Ticket) -> bool:
    """Nobody works on it, and no life is in danger: that is looked at by a person, one by one."""
    return (
        not ticket.danger
        and ticket.first_response_at is None
        and Status(ticket.status) in (Status.NEW, Status.ASSIGNED)
    )


def _joined(session: Session, ids: Sequence[int]) -> dict[int, int]:
    query = select(col(Ticket.lead_id), func.count()).where(col(Ticket.lead_id).in_(ids))
    return {lead: count for lead, count in session.execute(query.group_by(col(Ticket.lead_id))) if lead is not None}


def _undone(session: Session, lead: Ticket) -> bool:
    query = select(col(Join.id)).where(
        col(Join.lead_id) == lead.id, col(Join.staff_id).is_(None), col(Join.undone_by).is_not(None)
    )
    return session.scalars(query.limit(1)).first() is not None


def _free(session: Session, others: Sequence[Ticket], joined: dict[int, int]) -> list[Ticket]:
    """Those that are no lead themselves, and that nobody works on at this moment: the next report joins these."""
    ids = [stored_id(each.id) for each in others if stored_id(each.id) not in joined]
    query = select(Ticket).where(col(Ticket.id).in_(ids), col(Ticket.lead_id).is_(None)).order_by(col(Ticket.id))
    return list(session.scalars(query.with_for_update(skip_locked=True)))
