"""What ``aduan doctor`` asks of the desk: does anything wait unseen between two agencies or two runs of the clock?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import func, or_, select
from sqlmodel import col

from dispatch.models import Recount, Staff, StatusChange, Ticket
from dispatch.region import RegionFaults
from dispatch.runtime import Runtime
from dispatch.services import reaching
from dispatch.workflow import OPEN

#: The clock works consequences within seconds, and recounts a hundred thousand tickets within minutes.
LONGEST_WAIT = timedelta(minutes=10)
LONGEST_RECOUNT = timedelta(hours=1)


def look(runtime: Runtime) -> Iterator[tuple[bool, str]]:
    """Calling this will say whether changes wait for their consequences, a recount does not end, or a ticket has no
    owner or no next date."""
    now = runtime.now()
    try:
        agencies = runtime.region.agencies.values()
    except RegionFaults:
        return  # said where the pack itself is examined
    with runtime.reading() as session:
        late = col(StatusChange.worked_at).is_(None), col(StatusChange.at) < now - LONGEST_WAIT
        stuck = session.scalar(select(func.count()).select_from(StatusChange).where(*late)) or 0
        slow = col(Recount.finished_at).is_(None), col(Recount.started_at) < now - LONGEST_RECOUNT
        recounts = session.scalar(select(func.count()).select_from(Recount).where(*slow)) or 0
        ours = [agency.code for agency in agencies if agency.ours]
        nobody = or_(col(Ticket.next_due).is_(None), col(Ticket.agency).not_in(ours))
        # A report that is joined to another goes by that one's dates.
        alone = col(Ticket.lead_id).is_(None)
        lost = select(col(Ticket.number)).where(col(Ticket.status).in_(sorted(OPEN)), alone, nobody)
        count = session.scalar(select(func.count()).select_from(lost.subquery())) or 0
        first = session.scalars(lost.limit(1)).first()
    yield from _unreached(runtime)
    if stuck:
        yield False, f"{stuck} change(s) wait for their consequences: citizens were not told; see the clock's log"
    if recounts:
        yield False, "a recount of deadlines has not ended for an hour: see the clock's log"
    if count:
        yield False, f"{count} open ticket(s) without an agency of ours or a next date, first {first}: hand them over"
    if not (stuck or recounts or count):
        yield True, "every open ticket has an owner and a next date"


def _unreached(runtime: Runtime) -> Iterator[tuple[bool, str]]:
    """Staff who chose a way by which they cannot be told. Who has only to write to WhatsApp again knows it already."""
    now = runtime.now()
    with runtime.reading() as session:
        chosen = select(Staff).where(col(Staff.notify) != "", col(Staff.disabled_at).is_(None))
        faults = [reaching.fault(session, runtime, now, staff, staff.notify) for staff in session.scalars(chosen)]
    count = sum(fault not in ("", "write_first") for fault in faults)
    if count:
        yield (
            False,
            f"{count} member(s) of staff cannot be told by the way they chose: set the channel up, or have them prove "
            "another on My account",
        )
