"""A calendar or a rule was edited: all open tickets' dates are worked out again, in the background and for certain.

Tickets are taken in the order of their ids, in batches. What takes time, reading and counting, holds no lock; writing
a batch is one short transaction that also says how far the run has come, so that a run that was killed goes on from
there and no ticket is told twice. A ticket that somebody holds or has changed meanwhile is done by itself.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlmodel import Session, col

from dispatch.hours import NoWorkingTime
from dispatch.models import Audit, Recount, Ticket
from dispatch.region import Region
from dispatch.runtime import Runtime
from dispatch.services import deadlines, leases
from dispatch.services.deadlines import Dates
from dispatch.sla import NoRule
from dispatch.workflow import OPEN, Status

log = logging.getLogger("aduan.recounting")

BATCH = 500
#: For how long one tick of the clock counts: its other sweeps must not wait for a long run.
TICK = 2.0
#: What a moved date is called in the audit trail.
RECOUNTED = "deadlines.recount"
LEASE = "recount"
#: A run that was killed is taken over after this.
LEASE_SPAN = timedelta(minutes=1)
#: Tickets that have a next date: the open ones, and the resolved ones that silence closes.
ALIVE = sorted({*OPEN, Status.RESOLVED})
#: The dates of which staff are told that they moved.
TOLD = ("verify_due", "first_response_due", "resolution_due", "pause_until", "next_due")
#: What is written of an open ticket, and of one that has ended.
WRITES = ("verify_due", "first_response_due", "resolution_due", "pause_until", "next_due", "next_step")
ENDED_WRITES = ("next_due", "next_step")

_COLUMNS = (
    "id",
    "number",
    "version",
    "status",
    "kind",
    "supervision",
    "lead_id",
    "agency",
    "opened_at",
    "verified_at",
    "first_response_at",
    "last_staff_at",
    "accept_due",
    "accepted_at",
    "verify_due",
    "first_response_due",
    "resolution_due",
    "pause_until",
    "next_due",
    "next_step",
)


@dataclass(frozen=True, slots=True)
class _Run:
    id: int
    edition: str
    previous: str
    reached: int


def edition_of(region: Region) -> str:
    """Calling this will name the edition of the rules a region pack stands for: its own, else its version."""
    return region.edition or region.version


def sweep(runtime: Runtime) -> int:
    """Calling this will go on with a recount for a moment, or begin one if the region pack is another edition than the
    last one counted with; returns how many tickets it looked at, 0 when there is nothing to do."""
    return recount(runtime, "edition", seconds=TICK)


def recount(runtime: Runtime, reason: str, *, seconds: float | None = None, again: bool = False) -> int:
    """Calling this will work out the dates of all open tickets anew, unless that was done with this edition of the
    region pack; returns how many tickets it looked at.

    ``seconds`` ends it early, between two batches: the next call goes on. ``again`` begins a run although the edition
    was counted with. One process at a time does it; another one returns 0. ``reason`` is kept with the run.
    """
    stop = None if seconds is None else time.monotonic() + seconds
    run = _begin(runtime, reason, again=again)
    looked = 0
    while run is not None:
        run, count = _batch(runtime, run)
        looked += count
        if stop is not None and time.monotonic() >= stop:
            break
    return looked


def _holder() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _begin(runtime: Runtime, reason: str, *, again: bool) -> _Run | None:
    """The run to work on: one that waits for this edition, a new one, or none."""
    edition = edition_of(runtime.region)
    with runtime.reading() as session:
        last = _last(session)
        if last is not None and last.finished_at is not None and last.edition == edition and not again:
            return None
    with runtime.writing() as session:
        now = runtime.now()
        if not leases.take(session, now, LEASE, _holder(), LEASE_SPAN):
            return None
        last = _last(session)
        if last is not None and last.finished_at is None:
            if last.edition == edition:
                return _Run(last.id or 0, edition, last.previous, last.reached)
            last.finished_at = now  # the rules changed again before it was through: the new run looks at everybody
            session.add(last)
        row = Recount(
            edition=edition, previous=last.edition if last else "", reason=reason[:200], started_at=now, reached=0
        )
        session.add(row)
        session.flush()
        log.info("dates are worked out again", extra={"edition": edition, "reason": reason})
        return _Run(row.id or 0, edition, row.previous, 0)


def _last(session: Session) -> Recount | None:
    return session.scalars(select(Recount).order_by(col(Recount.id).desc()).limit(1)).first()


def _batch(runtime: Runtime, run: _Run) -> tuple[_Run | None, int]:
    """Do the next batch; gives the run as it then stands, None when it is through or belongs to another process."""
    region, now = runtime.region, runtime.now()
    with runtime.reading() as session:
        query = select(*(col(getattr(Ticket, name)) for name in _COLUMNS))
        query = query.where(col(Ticket.id) > run.reached, col(Ticket.status).in_(ALIVE))
        rows = session.execute(query.order_by(col(Ticket.id)).limit(BATCH)).all()
        told = deadlines.history(session, [row.id for row in rows])
    moved = {}
    for row in rows:
        found = _worked(region, now, row, told.get(row.id, []))
        if found is not None and _differs(row, found):
            moved[row.id] = (row, found)
    with runtime.writing() as session:
        if not leases.take(session, now, LEASE, _holder(), LEASE_SPAN):
            return None, 0
        held = _hold(session, {ticket_id: row.version for ticket_id, (row, _) in moved.items()})
        alone = [ticket_id for ticket_id in moved if ticket_id not in held]
        _write(session, now, run, [moved[ticket_id] for ticket_id in sorted(held)])
        if not alone:
            return _advance(session, now, run, rows), len(rows)
    for ticket_id in alone:
        with runtime.writing() as session:
            _alone(session, region, now, run, ticket_id)
    with runtime.writing() as session:
        return _advance(session, now, run, rows), len(rows)


def _worked(region: Region, now: datetime, row: Any, changes: Sequence[tuple[datetime, str, str]]) -> Dates | None:
    try:
        return deadlines.dates(region, now, row, changes)
    except (NoRule, NoWorkingTime) as error:
        # Its old dates are better than none; the operator is told, and the run goes on.
        log.error("a ticket's dates cannot be worked out", extra={"ticket": row.number, "error": str(error)})
        return None


def _differs(row: Any, found: Dates) -> bool:
    return any(getattr(row, name) != value for name, value in _values(row, found).items())


def _values(row: Any, found: Dates) -> dict[str, Any]:
    """What is written: a ticket that has ended keeps the dates it was judged by, only its closing may move."""
    names = ENDED_WRITES if row.status == Status.RESOLVED else WRITES
    return {name: getattr(found, name) for name in names}


def _hold(session: Session, versions: dict[int, int]) -> set[int]:
    """The tickets that are as they were read, locked; one that somebody else holds is not waited for."""
    if not versions:
        return set()
    query = select(col(Ticket.id), col(Ticket.version)).where(col(Ticket.id).in_(versions))
    rows = session.execute(query.order_by(col(Ticket.id)).with_for_update(skip_locked=True))
    return {ticket_id for ticket_id, version in rows if version == versions[ticket_id]}


def _write(session: Session, now: datetime, run: _Run, moved: Sequence[tuple[Any, Dates]]) -> None:
    """All of a batch's changes in three statements at most, with a line of the audit trail for each moved date."""
    ended = [(row, _values(row, found)) for row, found in moved if row.status == Status.RESOLVED]
    alive = [(row, _values(row, found)) for row, found in moved if row.status != Status.RESOLVED]
    connection = session.connection()
    for group in (alive, ended):
        if group:
            names = group[0][1]
            ruled = {"region_version": run.edition} if group is alive else {}
            statement = (
                update(Ticket)
                .where(col(Ticket.id) == bindparam("which"))
                .values({**{name: bindparam(f"new_{name}") for name in names}, **ruled})
            )
            parameters = [
                {"which": row.id, **{f"new_{name}": value for name, value in values.items()}} for row, values in group
            ]
            connection.execute(statement, parameters)
    lines = [line for row, values in (*alive, *ended) if (line := _line(now, run, row, values))]
    if lines:
        connection.execute(insert(Audit), lines)
    if moved:
        connection.execute(
            update(Recount).where(col(Recount.id) == run.id).values(changed=col(Recount.changed) + len(lines))
        )


def _line(now: datetime, run: _Run, row: Any, values: dict[str, Any]) -> dict[str, Any] | None:
    """A line of the audit trail for the dates that moved; a date a ticket had none of before did not move."""
    names = [name for name in TOLD if name in values and getattr(row, name) not in (None, values[name])]
    if not names:
        return None
    return {
        "at": now,
        "staff_id": None,
        "action": RECOUNTED,
        "subject": "ticket",
        "subject_id": row.number,
        "detail": {
            "edition": run.edition,
            "previous": run.previous,
            "old": {name: _iso(getattr(row, name)) for name in names},
            "new": {name: _iso(values[name]) for name in names},
        },
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _alone(session: Session, region: Region, now: datetime, run: _Run, ticket_id: int) -> None:
    """A ticket that changed while its batch was counted, or that somebody held: waited for, counted as it now is."""
    query = select(*(col(getattr(Ticket, name)) for name in _COLUMNS))
    row = session.execute(query.where(col(Ticket.id) == ticket_id).with_for_update()).one()
    if row.status not in ALIVE:
        return
    found = _worked(region, now, row, deadlines.history(session, [ticket_id]).get(ticket_id, []))
    if found is not None and _differs(row, found):
        _write(session, now, run, [(row, found)])


def _advance(session: Session, now: datetime, run: _Run, rows: Sequence[Any]) -> _Run | None:
    row = session.get_one(Recount, run.id)
    session.refresh(row)
    row.looked += len(rows)
    row.reached = rows[-1].id if rows else row.reached
    if len(rows) == BATCH:
        session.add(row)
        return _Run(run.id, run.edition, run.previous, row.reached)
    row.finished_at = now
    session.add(row)
    leases.leave(session, LEASE, _holder())
    detail = {"looked": row.looked, "changed": row.changed, "previous": run.previous, "reason": row.reason}
    session.add(Audit(at=now, action="deadlines.recounted", subject="region", subject_id=run.edition, detail=detail))
    log.info("dates are worked out", extra={"edition": run.edition, "looked": row.looked, "changed": row.changed})
    return None
