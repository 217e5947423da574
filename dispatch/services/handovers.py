"""Hand-overs by staff: taking a ticket on, giving it to another agency, sending it back, and what a supervisor decides.

The citizen's clock runs on through all of them. The rules every assignment goes through are in ``holding``.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from itertools import takewhile

from sqlalchemy import func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from dispatch import handed, routing
from dispatch.chain import Share
from dispatch.db import stored_id
from dispatch.models import Assignment, Position, StatusChange, Ticket
from dispatch.region import Region
from dispatch.runtime import Runtime
from dispatch.services import alerts, deadlines, holding, tickets
from dispatch.services.holding import HandoverFault, NeedsSupervisor, Why
from dispatch.services.trail import audit
from dispatch.workflow import OPEN, Status

log = logging.getLogger("aduan.handovers")

#: How many tickets one sweep marks at most: the next one goes on.
BATCH = 200
#: Kinds of what staff are told (``services.alerts``).
NOT_TAKEN, SENT_BACK, DECIDE = "not_accepted", "sent_back", "bounced"


class Return(StrEnum):
    """Why an agency sends a ticket back: a code, which words and reports name."""

    NOT_OUR_FIELD = "not_our_field"
    NOT_OUR_AREA = "not_our_area"
    NEEDS_OTHER_FIRST = "needs_other_first"
    INCOMPLETE = "incomplete"


def accept(session: Session, region: Region, now: datetime, ticket: Ticket, *, staff_id: int) -> None:
    """Calling this will take a ticket on for the agency that has it, and begin the work; a second time changes nothing.

    Raises NotYours, NeedsSupervisor when it waits for a supervisor's decision, HandoverFault (``nothing_to_accept``)
    when nobody asked.
    """
    holding.check_theirs(session, ticket, staff_id)
    if holding.waits(session, ticket):
        raise NeedsSupervisor("waits_for_supervisor", "the ticket waits for a supervisor's decision")
    if ticket.accept_due is None or Status(ticket.status) not in OPEN:
        raise HandoverFault("nothing_to_accept", "the ticket does not wait to be taken on")
    if ticket.accepted_at is not None:
        return
    holding.taken(session, now, ticket)
    if Status(ticket.status) is Status.ASSIGNED and not ticket.triage:
        tickets.move(session, region, now, ticket, Status.IN_PROGRESS, staff_id=staff_id, reason="accepted")
    else:
        ticket.version += 1
        deadlines.settle(session, region, now, ticket)
    audit(session, now, "ticket.accept", "ticket", ticket.number, staff_id=staff_id)


def give(
    session: Session,
    region: Region,
    now: datetime,
    ticket: Ticket,
    *,
    agency: str,
    category: str | None,
    staff_id: int,
    note: str = "",
    legal_kind: str | None = None,
    supervision: bool | None = None,
) -> Assignment:
    """Calling this will give a ticket to an agency a person chose (``tickets.reassign``), or to a supervisor where it
    would come back to that agency once too often.

    Raises what ``tickets.reassign`` raises.
    """
    try:
        return tickets.reassign(
            session,
            region,
            now,
            ticket,
            agency=agency,
            category=category,
            staff_id=staff_id,
            note=note,
            legal_kind=legal_kind,
            supervision=supervision,
        )
    except NeedsSupervisor as fault:
        if fault.key != "pingpong":
            raise
    desk = routing.keeper(region, ticket)
    return _pass(session, region, now, ticket, desk, Why.BOUNCED, staff_id=staff_id, note=note)


def send_back(
    session: Session, region: Region, now: datetime, ticket: Ticket, *, reason: str, staff_id: int, note: str = ""
) -> Assignment:
    """Calling this will send a ticket back to the agency that handed it over, or to the desk where a rule did; a part
    goes back to the agency of the ticket it is part of.

    ``reason`` is a ``Return``. The return with the number ``desk_rules.handover.bounces`` goes to the desk for a
    supervisor to decide. Raises HandoverFault (``return_reason``, ``nothing_to_return``, ``nobody_gave``), NotYours,
    NeedsSupervisor where a supervisor has decided already.
    """
    if reason not in set(Return):
        raise HandoverFault("return_reason", f"unknown reason {reason!r}: choose {', '.join(Return)}")
    holding.check_theirs(session, ticket, staff_id)
    rows = holding.chain(session, ticket)
    supervises = holding.supervises(session, staff_id)
    if Status(ticket.status) not in OPEN or ticket.triage or not rows:
        raise HandoverFault("nothing_to_return", "the ticket is not with an agency that could send it back")
    if rows[-1].reason == Why.DECIDED and not supervises:
        raise NeedsSupervisor("decided", "a supervisor has decided who has the ticket")
    to = _giver(session, region, ticket, rows)
    if to == ticket.agency:
        raise HandoverFault("nobody_gave", "nobody gave the ticket to this agency: it hands it over")
    rows[-1].returned_at, rows[-1].returned = now, reason
    session.add(rows[-1])
    often = ticket.bounces + 1 >= region.desk_rules.handover.bounces and not supervises
    why = Why.BOUNCED if often else Why.SENT_BACK
    to = routing.keeper(region, ticket) if often else to
    return _pass(session, region, now, ticket, to, why, staff_id=staff_id, note=note)


def _pass(
    session: Session,
    region: Region,
    now: datetime,
    ticket: Ticket,
    agency: str,
    why: Why,
    *,
    staff_id: int,
    note: str,
) -> Assignment:
    # A ticket that has ended, or was referred outside, is not passed around: the table of changes says so.
    tickets.move(session, region, now, ticket, Status.ASSIGNED, staff_id=staff_id, reason=why)
    ticket.agency = agency
    ticket.triage = why == Why.BOUNCED or (agency == routing.keeper(region, ticket) and ticket.parent_id is None)
    row = tickets.write_assignment(session, region, now, ticket, reason=why, note=note, staff_id=staff_id)
    detail: dict[str, object] = {"agency": agency, "why": why, "bounces": ticket.bounces}
    audit(session, now, "ticket.return", "ticket", ticket.number, staff_id=staff_id, detail=detail)
    return row


def _giver(session: Session, region: Region, ticket: Ticket, rows: Sequence[Assignment]) -> str:
    """Who gave a ticket to the agency that has it, as far as it may have it back."""
    if ticket.parent_id is not None:
        return session.get_one(Ticket, ticket.parent_id).agency
    stay = list(takewhile(lambda row: row.agency == ticket.agency, reversed(rows)))
    before = rows[: len(rows) - len(stay)]
    by_staff = bool(before) and stay[-1].staff_id is not None
    code = before[-1].agency if by_staff else routing.keeper(region, ticket)
    found = region.agencies.get(code)
    able = found is not None and found.ours and found.joined and routing.forbidden(region, ticket, code) is None
    return code if able else routing.keeper(region, ticket)


def shares(session: Session, region: Region, now: datetime, ticket: Ticket) -> list[Share]:
    """Calling this will measure the agencies' own working time with a ticket (``handed.stays``)."""
    ticket_id = stored_id(ticket.id)
    return handed.stays(session, region, now, [ticket_id])[ticket_id]


def sweep(runtime: Runtime) -> int:
    """Calling this will mark the tickets that were not taken on in time and tell the agency that has them, each once
    and in a transaction of its own; they stay where they are. Returns how many."""
    each = aliased(Assignment)
    newest = select(func.max(col(each.id))).where(col(each.ticket_id) == col(Ticket.id)).scalar_subquery()
    late = (
        col(Ticket.status) == Status.ASSIGNED,
        col(Ticket.accept_due) < runtime.now(),
        col(Ticket.accepted_at).is_(None),
        col(Assignment.missed_at).is_(None),
    )
    query = select(col(Ticket.id)).join(Assignment, col(Assignment.id) == newest).where(*late)
    with runtime.reading() as session:
        ids = session.scalars(query.order_by(col(Ticket.accept_due)).limit(BATCH)).all()
    return sum(_missed(runtime, ticket_id) for ticket_id in ids if ticket_id is not None)


def _missed(runtime: Runtime, ticket_id: int) -> bool:
    now = runtime.now()
    with runtime.writing() as session:
        ticket = session.scalars(select(Ticket).where(col(Ticket.id) == ticket_id).with_for_update()).one()
        assignment = holding.last(session, ticket)
        asked = ticket.accept_due is not None and ticket.accept_due < now and ticket.accepted_at is None
        if assignment is None or assignment.missed_at is not None or not asked:
            return False
        assignment.missed_at = now
        session.add(assignment)
        _tell(
            runtime,
            session,
            ticket,
            NOT_TAKEN,
            f"accept:{assignment.id}",
            wants_decision=holding.waits(session, ticket),
        )
    return True


def followed(runtime: Runtime, session: Session, ticket: Ticket, change: StatusChange) -> None:
    """Calling this will tell who has a ticket now that it was sent back, and supervisors that one waits for their
    decision: a consequence of a change of status, worked by the clock."""
    if change.to_status != Status.ASSIGNED or change.reason not in (Why.SENT_BACK, Why.BOUNCED):
        return
    decide = change.reason == Why.BOUNCED
    _tell(runtime, session, ticket, DECIDE if decide else SENT_BACK, f"return:{change.id}", wants_decision=decide)


def _tell(
    runtime: Runtime, session: Session, ticket: Ticket, kind: str, key: str, *, wants_decision: bool = False
) -> None:
    scope = "region" if wants_decision else "agency"
    told: set[int] = set()
    for position in (Position.SUPERVISOR,) if wants_decision else (Position.OFFICER, Position.HEAD):
        found = alerts.readers(
            session, runtime.region, position=position, scope=scope, agency=ticket.agency, ticket=ticket
        )
        if found.position == position or not told:  # those above only where nobody else is there
            told.update(found.staff_ids)
    if not told:
        log.warning("nobody is there to be told", extra={"ticket": ticket.number, "kind": kind})
    alerts.tell(session, runtime, runtime.now(), staff_ids=sorted(told), kind=kind, ticket=ticket, key=key)
