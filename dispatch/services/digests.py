"""The morning's digest: what lies on somebody's desk, once a day, on the working days of their agency."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from sqlalchemy import func, select
from sqlmodel import Session, col

from dispatch import hours
from dispatch.db import stored_id
from dispatch.models import Staff, StaffAgency, Ticket
from dispatch.region import Region
from dispatch.reports import condition, visible
from dispatch.runtime import Runtime
from dispatch.services import alerts, deadlines
from dispatch.services.staff import scope_of
from dispatch.workflow import OPEN, Status

DIGEST = "digest"
#: How many people one sweep looks at; the next one goes on.
BATCH = 50
#: A clock that comes back later than this after the hour of the digest leaves it out: the morning is over.
LATEST = timedelta(hours=4)


class Digests:
    """Calling this will look after the digests of one installation: an instance is called at every sweep.

    It remembers how far it came today, so that who has nothing waiting is not looked at again; who was told already is
    known by the alert itself, whatever process told them.
    """

    def __init__(self) -> None:
        self._day: date | None = None
        self._reached = 0

    def __call__(self, runtime: Runtime) -> int:
        """Calling this will tell the next few people what waits for them; returns how many were told."""
        now, region = runtime.now(), runtime.region
        local = region.local(now)
        begins = datetime.combine(local.date(), region.desk_rules.escalation.digest_at, tzinfo=region.zone)
        if not begins <= local < begins + LATEST:
            return 0
        if self._day != local.date():
            self._day, self._reached = local.date(), 0
        with runtime.reading() as session:
            query = select(Staff).where(col(Staff.disabled_at).is_(None), col(Staff.id) > self._reached)
            people = session.scalars(query.order_by(col(Staff.id)).limit(BATCH)).all()
            wanted = [each for each in people if _works(session, region, each, local.date())]
            wanted = [each for each in wanted if figures(session, region, now, each)["open"]]
        told = 0
        for staff in wanted:
            with runtime.writing() as session:
                told += digest(session, runtime, now, staff)
        self._reached = max((stored_id(each.id) for each in people), default=self._reached)
        return told


def _works(session: Session, region: Region, staff: Staff, day: date) -> bool:
    """Whether it is a working day of the person's agency; of the desk's, for who watches over the whole region."""
    query = select(col(StaffAgency.agency)).where(col(StaffAgency.staff_id) == staff.id)
    code = session.scalars(query.order_by(col(StaffAgency.agency)).limit(1)).first() or region.desk
    return hours.is_working_day(region, deadlines.agency_of(region, code).calendar, day)


def digest(session: Session, runtime: Runtime, now: datetime, staff: Staff) -> bool:
    """Calling this will tell one person what waits for them; False when that is nothing, or they were told today."""
    counts = figures(session, runtime.region, now, staff)
    if not counts["open"]:
        return False
    day = hours.local_day(runtime.region, now).isoformat()
    made = alerts.tell(
        session,
        runtime,
        now,
        staff_ids=[stored_id(staff.id)],
        kind=DIGEST,
        ticket=None,
        key=f"{DIGEST}:{day}",
        detail=counts,
        at_once=True,
    )
    return bool(made)


def figures(session: Session, region: Region, now: datetime, staff: Staff) -> dict[str, int]:
    """Calling this will count the open tickets a person may see, and of these the ``late`` ones, those due ``today``
    (by the region's day) and those an agency has yet to ``accept``."""
    ends = datetime.combine(hours.local_day(region, now) + timedelta(days=1), time.min, tzinfo=region.zone)
    late = condition("overdue", now)
    work = col(Ticket.next_step).not_in(("closing", "pause_end"))
    untouched = col(Ticket.status).in_((Status.NEW, Status.ASSIGNED))
    wanted = {
        "open": col(Ticket.status).in_(sorted(OPEN)),
        "late": late,
        "today": (col(Ticket.next_due) >= now) & (col(Ticket.next_due) <= ends) & work & ~late,
        "accept": col(Ticket.accept_due).is_not(None) & col(Ticket.accepted_at).is_(None) & untouched,
    }
    mine = visible(scope_of(session, region, staff))
    counted = (func.count().filter(where) for where in wanted.values())
    row = session.execute(select(*counted).select_from(Ticket).where(mine, wanted["open"])).one()
    return dict(zip(wanted, (int(count) for count in row), strict=True))
