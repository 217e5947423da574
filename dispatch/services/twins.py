"""A ticket's twin in SP4N-LAPOR!: linked by tracking id, compared at every import, never overwritten either way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlmodel import Session, col

from dispatch.lapor import ID_LENGTH, Row
from dispatch.models import Privacy, Ticket, Twin, TwinState
from dispatch.region import Region
from dispatch.reports import in_agencies
from dispatch.scope import Scope
from dispatch.services.tickets import audit
from dispatch.workflow import OPEN, Status

#: Deadlines that differ by less are one: the two systems count from receipts minutes apart.
SAME_DUE = timedelta(days=1)
BATCH = 500


class TwinFault(ValueError):
    """Calling this will say why a tracking id cannot be noted: it is misshapen, or another ticket has it."""


@dataclass(slots=True)
class Summary:
    """Calling this will count what an import did: reports seen for the first time, those that changed, those that did
    not; and how many of all now agree, conflict, or belong to no ticket of ours."""

    new: int = 0
    changed: int = 0
    same: int = 0
    agrees: int = 0
    conflict: int = 0
    unmatched: int = 0


def import_rows(
    session: Session, region: Region, now: datetime, rows: Sequence[Row], *, staff_id: int | None = None
) -> Summary:
    """Calling this will take over what is said there of each report, and compare it with the ticket it belongs to.

    A report belongs to the ticket it is linked with, else to the one whose number its row names. Nothing of a ticket is
    changed. The same rows a second time change nothing.
    """
    summary = Summary()
    for row in rows:
        twin = _known(session, row.tracking_id)
        if twin is None:
            twin = Twin(tracking_id=row.tracking_id)
            summary.new += 1
            before = None
        else:
            before = _facts(twin)
        ticket = session.get(Ticket, twin.ticket_id) if twin.ticket_id else _named(session, row)
        if ticket is not None and twin.ticket_id is None:
            twin.ticket_id, twin.linked_at = ticket.id, now
        _take(twin, row)
        compare(region, twin, ticket)
        if before is not None:
            changed = before != _facts(twin)
            summary.changed += changed
            summary.same += not changed
        if before != _facts(twin):
            twin.imported_at = now
        session.add(twin)
        setattr(summary, twin.state, getattr(summary, twin.state) + 1)
    audit(session, now, "lapor.import", "lapor", "", staff_id=staff_id, detail={"rows": len(rows), "new": summary.new})
    session.flush()
    return summary


def compare(region: Region, twin: Twin, ticket: Ticket | None) -> None:
    """Calling this will list what differs between a report there and its ticket: over or not, agency, deadlines."""
    if ticket is None:
        twin.state, twin.conflicts = TwinState.UNMATCHED, []
        return
    found: list[dict[str, Any]] = []
    if twin.mapped and (Status(twin.mapped) in OPEN) != (Status(ticket.status) in OPEN):
        found.append({"field": "status", "ours": ticket.status, "theirs": twin.status})
    theirs, ours = twin.theirs.get("agency", ""), region.agencies.get(ticket.agency)
    if theirs and ours and theirs.casefold() not in {ours.name.casefold(), ours.short.casefold(), ours.code}:
        found.append({"field": "agency", "ours": ours.name, "theirs": theirs})
    for name in ("first_response_due", "resolution_due"):
        there, here = getattr(twin, name), getattr(ticket, name)
        if there is not None and abs(there - here) >= SAME_DUE:
            shown = {"ours": here.isoformat(), "theirs": there.isoformat()}
            found.append({"field": name, **shown})
    twin.conflicts = found
    twin.state = TwinState.CONFLICT if found else TwinState.AGREES


def of_ticket(session: Session, ticket: Ticket) -> Twin | None:
    """Calling this will give a ticket's twin, if it has one."""
    return session.scalars(select(Twin).where(col(Twin.ticket_id) == ticket.id).limit(1)).first()


def link(
    session: Session, region: Region, now: datetime, ticket: Ticket, tracking_id: str, *, staff_id: int | None
) -> Twin:
    """Calling this will note a ticket's tracking id, whether or not an import has brought the report yet.

    The id it had before stands alone again. Raises TwinFault.
    """
    wanted = tracking_id.strip()
    if not wanted or len(wanted) > ID_LENGTH or not wanted.isprintable():
        raise TwinFault("the tracking id is missing or too long")
    twin = _known(session, wanted) or Twin(tracking_id=wanted)
    if twin.ticket_id not in (None, ticket.id):
        raise TwinFault("another ticket has this tracking id")
    old = of_ticket(session, ticket)
    if old is not None and old.tracking_id != wanted:
        _part(session, region, old)
    twin.ticket_id, twin.linked_at, twin.staff_id = ticket.id, now, staff_id
    compare(region, twin, ticket)
    session.add(twin)
    audit(session, now, "lapor.link", "ticket", ticket.number, staff_id=staff_id, detail={"tracking_id": wanted})
    session.flush()
    return twin


def unlink(session: Session, region: Region, now: datetime, ticket: Ticket, *, staff_id: int | None) -> bool:
    """Calling this will part a ticket and its twin; False when it has none."""
    twin = of_ticket(session, ticket)
    if twin is None:
        return False
    _part(session, region, twin)
    detail: dict[str, object] = {"tracking_id": twin.tracking_id}
    audit(session, now, "lapor.unlink", "ticket", ticket.number, staff_id=staff_id, detail=detail)
    return True


def listed(
    session: Session, state: TwinState, scope: Scope | None, limit: int = 200
) -> list[tuple[Twin, Ticket | None]]:
    """Calling this will list reports in a state with their tickets, the one that changed last first: those whose ticket
    somebody may see, without a scope those whose ticket is not secret, and those that belong to none."""
    query = select(Twin, Ticket).outerjoin(Ticket, col(Ticket.id) == col(Twin.ticket_id))
    query = query.where(col(Twin.state) == state, or_(col(Ticket.id).is_(None), in_agencies(scope)))
    rows = session.execute(query.order_by(col(Twin.imported_at).desc(), col(Twin.id).desc()).limit(limit)).all()
    return [(twin, ticket) for twin, ticket in rows]


def exported(
    session: Session,
    region: Region,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    everything: bool = False,
) -> Iterator[dict[str, Any]]:
    """Calling this will give the rows of tickets for a file of theirs, oldest first: those with a tracking id, or with
    ``everything`` all received in the period (local receipt from ``start``, before ``end``).

    Keys are ``dispatch.lapor.FIELDS``. Secret reports never leave.
    """
    last = 0
    while True:
        query = select(Ticket, Twin).outerjoin(Twin, col(Twin.ticket_id) == col(Ticket.id))
        query = query.where(
            col(Ticket.id) > last, col(Ticket.privacy) != Privacy.SECRET, col(Ticket.parent_id).is_(None)
        )
        query = query.where(col(Ticket.opened_at) >= start) if start else query
        query = query.where(col(Ticket.opened_at) < end) if end else query
        query = query if everything else query.where(col(Twin.id).is_not(None))
        rows = session.execute(query.order_by(col(Ticket.id)).limit(BATCH)).all()
        if not rows:
            return
        for ticket, twin in rows:
            last = ticket.id
            agency = region.agencies.get(ticket.agency)
            yield {
                "tracking_id": twin.tracking_id if twin else "",
                "number": ticket.number,
                "text": ticket.summary,
                "status": ticket.status,
                "agency": agency.name if agency else ticket.agency,
                "received_at": ticket.opened_at,
                "first_response_due": ticket.first_response_due,
                "resolution_due": ticket.resolution_due,
            }


def _known(session: Session, tracking_id: str) -> Twin | None:
    return session.scalars(select(Twin).where(col(Twin.tracking_id) == tracking_id)).one_or_none()


def _named(session: Session, row: Row) -> Ticket | None:
    """The ticket whose number the row names, if no other report has it."""
    if not row.number:
        return None
    ticket = session.scalars(select(Ticket).where(col(Ticket.number) == row.number)).one_or_none()
    return ticket if ticket is not None and of_ticket(session, ticket) is None else None


def _take(twin: Twin, row: Row) -> None:
    twin.status, twin.mapped = row.status, row.mapped
    twin.first_response_due, twin.resolution_due = row.first_response_due, row.resolution_due
    # The words of the report stay there: here they would be kept twice.
    twin.theirs = {name: value for name, value in row.theirs.items() if name != "text"}


def _facts(twin: Twin) -> tuple[object, ...]:
    return twin.ticket_id, twin.state, twin.status, twin.theirs, twin.conflicts


def _part(session: Session, region: Region, twin: Twin) -> None:
    twin.ticket_id = twin.linked_at = None
    compare(region, twin, None)
    session.add(twin)
    session.flush()
