"""Reads how tickets were handed over: which are parts, which wait for a supervisor, and who had each one how long."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from dispatch import chain
from dispatch.chain import Share
from dispatch.models import Assignment, StatusChange, Ticket
from dispatch.region import Region
from dispatch.timeline import Change, Holder
from dispatch.workflow import OPEN

#: The reason of an assignment that waits for a supervisor (``services.holding.Why``).
BOUNCED = "bounced"


def whole(now: datetime) -> ColumnElement[bool]:
    """Calling this will leave out the parts a ticket was split into: one report is received once."""
    return col(Ticket.parent_id).is_(None)


def decision(now: datetime) -> ColumnElement[bool]:
    """Calling this will give the open tickets that wait for a supervisor to decide which agency has them."""
    each = aliased(Assignment)
    newest = select(func.max(col(each.id))).where(col(each.ticket_id) == col(Ticket.id)).scalar_subquery()
    bounced = select(col(Assignment.id)).where(col(Assignment.id) == newest, col(Assignment.reason) == BOUNCED)
    return and_(col(Ticket.status).in_(sorted(OPEN)), col(Ticket.bounces) > 0, bounced.exists())


def numbers_of_wholes(session: Session, tickets: Sequence[Ticket]) -> dict[int, str]:
    """Calling this will give the numbers of the tickets that some are parts of, by these tickets' ids."""
    wanted = {ticket.parent_id for ticket in tickets if ticket.parent_id is not None}
    if not wanted:
        return {}
    rows = session.execute(select(col(Ticket.id), col(Ticket.number)).where(col(Ticket.id).in_(sorted(wanted))))
    return {found: number for found, number in rows if found is not None}


def stays(session: Session, region: Region, now: datetime, ids: Sequence[int]) -> dict[int, list[Share]]:
    """Calling this will measure the agencies' own working time with each of these tickets up to ``now``
    (``dispatch.chain``), by id.

    A part's time before it was split off is that of whoever had the whole ticket then.
    """
    columns = col(Ticket.id), col(Ticket.opened_at), col(Ticket.parent_id)
    tickets = session.execute(select(*columns).where(col(Ticket.id).in_(ids))).all()
    wholes = {parent for _, _, parent in tickets if parent is not None}
    holders, changes = _holders(session, {*ids, *wholes}), _changes(session, ids)
    found = {}
    for ticket_id, opened_at, parent in tickets:
        own = holders[ticket_id]
        before = [each for each in holders[parent] if own and each[0] <= own[0][0]] if parent is not None else []
        found[ticket_id] = list(chain.shares(region, opened_at, changes[ticket_id], [*before, *own], now))
    return found


def _holders(session: Session, ids: set[int]) -> defaultdict[int, list[Holder]]:
    found: defaultdict[int, list[Holder]] = defaultdict(list)
    columns = col(Assignment.ticket_id), col(Assignment.assigned_at), col(Assignment.agency)
    rows = select(*columns).where(col(Assignment.ticket_id).in_(sorted(ids))).order_by(col(Assignment.id))
    for ticket_id, at, agency in session.execute(rows):
        found[ticket_id].append((at, agency))
    return found


def _changes(session: Session, ids: Sequence[int]) -> defaultdict[int, list[Change]]:
    found: defaultdict[int, list[Change]] = defaultdict(list)
    columns = (
        col(StatusChange.ticket_id),
        col(StatusChange.at),
        col(StatusChange.from_status),
        col(StatusChange.to_status),
    )
    rows = select(*columns).where(col(StatusChange.ticket_id).in_(ids)).order_by(col(StatusChange.id))
    for ticket_id, at, before, to in session.execute(rows):
        found[ticket_id].append((at, before, to))
    return found
