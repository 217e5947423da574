"""Escalation: the clock's sweep that climbs the ladder of every open ticket, and who hears of a reopened one.

A ticket says when its ladder is to be looked at next; whatever moves a date or a status clears that. One look tells at
most one rung: the highest that is due. Lower ones it passed are written down as skipped, so that a clock that was away
for days begins with no burst.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, or_, select
from sqlmodel import Session, col

from dispatch import ladder
from dispatch.db import stored_id
from dispatch.ladder import Call, Dates
from dispatch.models import Alert, Message, Position, Privacy, Staff, StatusChange, Ticket
from dispatch.runtime import Runtime
from dispatch.services import alerts, deadlines
from dispatch.services.trail import audit
from dispatch.workflow import ENDED, OPEN, Status

log = logging.getLogger("aduan.escalations")

#: How many tickets one sweep looks at; the next one goes on.
BATCH = 200
#: A ladder is looked at again after this time although nothing seems to have moved.
RECHECK = timedelta(hours=1)
DUE, LATE, DANGER, REOPENED, UNREAD = "due", "late", "danger", "reopened", "unread"


def sweep(runtime: Runtime) -> int:
    """Calling this will tell staff of the deadlines whose rungs are due, danger to life first; returns how many alerts
    were written. Each ticket is done in a transaction of its own: two processes, or one that dies and begins again,
    tell nothing twice."""
    now = runtime.now()
    with runtime.reading() as session:
        query = select(col(Ticket.id)).where(*_waiting(now))
        order = case((col(Ticket.danger) != "", 0), else_=1), col(Ticket.ladder_at).is_not(None), col(Ticket.ladder_at)
        ids = session.scalars(query.order_by(*order, col(Ticket.id)).limit(BATCH)).all()
    told = 0
    for ticket_id in ids:
        try:
            with runtime.writing() as session:
                told += _look(session, runtime, now, ticket_id)
        except Exception as error:
            log.exception("escalation broke", extra={"ticket": ticket_id, "error": type(error).__name__})
            with runtime.writing() as session:  # it must not stand in the way of the others
                session.get_one(Ticket, ticket_id, with_for_update=True).ladder_at = now + RECHECK
    return told


def _waiting(now: datetime) -> tuple[ColumnElement[bool], ...]:
    looked_at = or_(col(Ticket.ladder_at).is_(None), col(Ticket.ladder_at) <= now)
    return col(Ticket.status).in_(sorted(OPEN)), looked_at


def _look(session: Session, runtime: Runtime, now: datetime, ticket_id: int | None) -> int:
    """One ticket, looked at again under its lock: another process may have been quicker."""
    query = select(Ticket).where(col(Ticket.id) == ticket_id, *_waiting(now)).with_for_update(skip_locked=True)
    ticket = session.scalars(query).one_or_none()
    return climb(session, runtime, now, ticket) if ticket is not None else 0


def climb(session: Session, runtime: Runtime, now: datetime, ticket: Ticket) -> int:
    """Calling this will tell what is due of one locked, open ticket and set when to look again; returns how many
    people were told."""
    region = runtime.region
    agency = deadlines.agency_of(region, ticket.agency)
    if not agency.ours:  # outside nobody works here: the desk minds it
        agency = region.agencies[region.desk]
    told = _danger(session, runtime, now, ticket, agency.code) if ticket.danger else 0
    calls = ladder.calls(region, agency.code, _dates(ticket), now, _told(session, ticket))
    due = ladder.due(region, agency.code, calls, now)
    if due:
        told += _tell(session, runtime, now, ticket, agency.code, due)
    later = [call.at for call in calls if call not in due]
    opens = ladder.opening(region, agency.calendar, now)
    ticket.ladder_at = min([*(max(at, opens) for at in later), now + RECHECK])
    session.add(ticket)
    return told


def _dates(ticket: Ticket) -> Dates:
    return Dates(
        status=Status(ticket.status),
        verify_due=ticket.verify_due,
        first_response_due=ticket.first_response_due,
        resolution_due=ticket.resolution_due,
        accept_due=ticket.accept_due,
        verified=ticket.verified_at is not None,
        answered=ticket.first_response_at is not None,
        accepted=ticket.accepted_at is not None,
        pause_until=ticket.pause_until,
    )


def _told(session: Session, ticket: Ticket) -> dict[tuple[str, datetime], int]:
    """What was told of this ticket's deadlines: with each alert stands the highest rung it reached of each."""
    query = select(Alert).where(col(Alert.ticket_id) == ticket.id, col(Alert.kind).in_((DUE, LATE)))
    found: dict[tuple[str, datetime], int] = {}
    for alert in session.scalars(query):
        for step, at, number in alert.detail["reached"]:
            key = step, datetime.fromisoformat(at)
            found[key] = max(found.get(key, 0), number)
    return found


def _tell(session: Session, runtime: Runtime, now: datetime, ticket: Ticket, agency: str, due: Sequence[Call]) -> int:
    chosen = ladder.highest(due)
    wanted = chosen.rung.position, chosen.rung.scope
    found = alerts.readers(session, runtime.region, position=wanted[0], scope=wanted[1], agency=agency, ticket=ticket)
    reached: dict[tuple[str, datetime], int] = {}
    for call in due:
        reached[call.step, call.due] = max(reached.get((call.step, call.due), 0), call.number)
    detail = {
        "due": chosen.due.isoformat(),
        "agency": agency,
        "position": found.position,
        "scope": found.scope,
        "instead": (found.position, found.scope) != wanted,
        "wanted": wanted[0],
        "reached": [[step, at.isoformat(), number] for (step, at), number in reached.items()],
        "skipped": [[call.step, call.number] for call in due if call is not chosen],
    }
    made = alerts.tell(
        session,
        runtime,
        now,
        staff_ids=found.staff_ids,
        kind=DUE if chosen.due > now else LATE,
        ticket=ticket,
        step=chosen.step,
        rung=chosen.number,
        key=f"{ticket.id}:{chosen.step}:{chosen.number}:{chosen.due.isoformat()}",
        detail=detail,
        at_once=True,  # the ladder itself minds the hours
    )
    if not found.staff_ids:
        _nobody(session, runtime, now, ticket)
    ticket.escalated = chosen.number
    return len(made)


def _danger(session: Session, runtime: Runtime, now: datetime, ticket: Ticket, agency: str) -> int:
    """Danger to life: all officers of the agency and its head, at once and at any hour; once for each agency."""
    found = [
        alerts.readers(session, runtime.region, position=position, scope="agency", agency=agency, ticket=ticket)
        for position in (Position.OFFICER, Position.HEAD)
    ]
    # A rung that is empty is filled from above: who is asked only in its place is not asked beside it.
    direct = [each for each in found if each.scope == "agency"] or found[:1]
    staff_ids = sorted({staff_id for each in direct for staff_id in each.staff_ids})
    made = alerts.tell(
        session,
        runtime,
        now,
        staff_ids=staff_ids,
        kind=DANGER,
        ticket=ticket,
        key=f"{ticket.id}:{DANGER}:{agency}",
        detail={"agency": agency, "instead": direct[0].scope != "agency", "position": direct[0].position},
        at_once=True,
    )
    if not staff_ids:
        _nobody(session, runtime, now, ticket)
    return len(made)


def _nobody(session: Session, runtime: Runtime, now: datetime, ticket: Ticket) -> None:
    """Nobody may be told of this ticket. If it is because it is secret, the administrators hear that there is one that
    nobody can read, and not which."""
    log.error("nobody can be told of a ticket", extra={"ticket": ticket.id})
    if ticket.privacy != Privacy.SECRET:
        return
    admins = alerts.people(session, runtime.region, position=alerts.ADMINS, scope="region", agency=ticket.agency)
    alerts.tell(session, runtime, now, staff_ids=admins, kind=UNREAD, ticket=None, key=f"{UNREAD}:{ticket.id}")


def reopened(runtime: Runtime, session: Session, ticket: Ticket, change: StatusChange) -> None:
    """Calling this will tell the officer who wrote on a ticket last (or, if they are gone, the agency's officers) and
    its supervisors that it was reopened: the consequence of a change from an end to open."""
    if not change.from_status or Status(change.from_status) not in ENDED or Status(change.to_status) not in OPEN:
        return
    if change.reason in deadlines.FOLLOWED:  # it followed the ticket it is joined to
        return
    region, agency = runtime.region, ticket.agency
    query = (
        select(col(Message.staff_id))
        .join(Staff, col(Staff.id) == col(Message.staff_id))
        .where(col(Message.ticket_id) == ticket.id, col(Staff.disabled_at).is_(None))
    )
    writer = session.scalars(query.order_by(col(Message.id).desc()).limit(1)).first()
    officers = alerts.readers(session, region, position=Position.OFFICER, scope="agency", agency=agency, ticket=ticket)
    watching = alerts.readers(
        session, region, position=Position.SUPERVISOR, scope="supervisor", agency=agency, ticket=ticket
    )
    mine = (writer,) if writer is not None and writer in officers.staff_ids else officers.staff_ids
    alerts.tell(
        session,
        runtime,
        runtime.now(),
        staff_ids=sorted({*mine, *watching.staff_ids} - {change.staff_id or 0}),
        kind=REOPENED,
        ticket=ticket,
        key=f"{ticket.id}:{REOPENED}:{stored_id(change.id)}",
        detail={"agency": agency},
    )


def calm(session: Session, now: datetime, ticket: Ticket, *, staff_id: int) -> None:
    """Calling this will take the marks of danger and urgency from a ticket, because a person found that there is none;
    what its citizen writes later may set them again."""
    if not (ticket.danger or ticket.urgent):
        return
    detail: dict[str, object] = {"danger": ticket.danger, "urgent": ticket.urgent}
    ticket.danger, ticket.urgent, ticket.ladder_at = "", False, None
    ticket.version += 1
    session.add(ticket)
    audit(session, now, "ticket.calm", "ticket", ticket.number, staff_id=staff_id, detail=detail)
