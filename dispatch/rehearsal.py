"""What another region pack would have made of the tickets there are: who would have got them, which would be late.

Nothing is written. Tickets are read in batches and only counted, so that memory does not grow with their number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select
from sqlmodel import Session, col

from dispatch import hours, ownership, routing, sla
from dispatch.models import Privacy, Staff, StaffAgency, StatusChange, Ticket
from dispatch.ownership import Finding, Why
from dispatch.region import Region
from dispatch.timeline import Change
from dispatch.workflow import OPEN, STOPS_RESOLUTION, Status

BATCH = 2_000
#: How many ticket numbers stand beside a count.
SHOWN = 5
STAGES = ("first_response", "resolution")

_COLUMNS = (
    "id", "number", "status", "kind", "supervision", "accused", "category", "agency", "area", "owner", "parent_id",
    "opened_at", "first_response_at", "resolved_at", "closed_at", "privacy",
)  # fmt: skip


@dataclass(slots=True)
class Tally:
    """Calling this will hold a count and the numbers of the first tickets it counts that are not secret."""

    count: int = 0
    numbers: list[str] = field(default_factory=list)

    def add(self, row: Any) -> None:
        """Calling this will count one ticket more, given as its row."""
        self.count += 1
        if len(self.numbers) < SHOWN and row.privacy != Privacy.SECRET:
            self.numbers.append(row.number)


@dataclass(frozen=True, slots=True)
class Orphan:
    """Calling this will hold a code that tickets or staff (``kind`` "staff") carry and the candidate does not know."""

    kind: str
    code: str
    count: int
    open: int
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Calling this will hold what a rehearsal found, by ticket: ``moved`` from agency → to agency; tickets that would
    be late and were not, or the other way round; those with more and with less time for the resolution; and what the
    candidate does not know."""

    looked: int
    moved: dict[tuple[str, str], Tally]
    become_late: Tally
    no_longer_late: Tally
    more_time: Tally
    less_time: Tally
    orphans: tuple[Orphan, ...]


def rehearse(
    session: Session, present: Region, candidate: Region, now: datetime, *, since: datetime | None = None
) -> Outcome:
    """Calling this will compare what the rules of both packs make of every ticket opened from ``since`` on (None: all).

    Rules are compared with rules: what a person decided on a ticket is left out, except its category, place and owner.
    Late is whatever was or is not done by its date at ``now``. Orphans are looked for among all tickets and staff.
    Raises sla.NoRule and hours.NoWorkingTime for a pack that cannot date a ticket.
    """
    before, after = _Rules(present), _Rules(candidate)
    moved: dict[tuple[str, str], Tally] = defaultdict(Tally)
    become, no_longer, more, less = tallies = [Tally() for _ in range(4)]
    looked = 0
    for row, changes in _tickets(session, since):
        looked += 1
        old, new = row.agency, row.agency
        if row.parent_id is None and (row.category is None or row.category in candidate.categories):
            ruled, would = before.agency(row), after.agency(row)
            if ruled != would:
                moved[(ruled, would)].add(row)
                # A ticket that people gave to somebody else stays where they gave it.
                new = would if row.agency == ruled else row.agency
        _compare(before.dates(row, old, changes), after.dates(row, new, changes), row, now, tallies)
    return Outcome(
        looked=looked,
        moved=dict(sorted(moved.items(), key=lambda item: (-item[1].count, item[0]))),
        become_late=become,
        no_longer_late=no_longer,
        more_time=more,
        less_time=less,
        orphans=tuple(_orphans(session, candidate)),
    )


def _compare(
    old: Sequence[datetime], new: Sequence[datetime], row: Any, now: datetime, tallies: Sequence[Tally]
) -> None:
    become, no_longer, more, less = tallies
    done = (row.first_response_at or now, (row.resolved_at or row.closed_at or now))
    was = any(at > due for at, due in zip(done, old, strict=True))
    would = any(at > due for at, due in zip(done, new, strict=True))
    if would and not was:
        become.add(row)
    elif was and not would:
        no_longer.add(row)
    if new[1] > old[1]:
        more.add(row)
    elif new[1] < old[1]:
        less.add(row)


def _tickets(session: Session, since: datetime | None) -> Iterator[tuple[Any, list[Change]]]:
    reached = 0
    while True:
        query = select(*(col(getattr(Ticket, name)) for name in _COLUMNS)).where(col(Ticket.id) > reached)
        if since is not None:
            query = query.where(col(Ticket.opened_at) >= since)
        rows = session.execute(query.order_by(col(Ticket.id)).limit(BATCH)).all()
        if not rows:
            return
        told = _history(session, rows[0].id, rows[-1].id)
        for row in rows:
            yield row, told.get(row.id, [])
        reached = rows[-1].id


def _history(session: Session, first: int, last: int) -> dict[int, list[Change]]:
    found: dict[int, list[Change]] = defaultdict(list)
    query = select(
        col(StatusChange.ticket_id), col(StatusChange.at), col(StatusChange.from_status), col(StatusChange.to_status)
    ).where(col(StatusChange.ticket_id).between(first, last))
    for ticket_id, at, before, to in session.execute(query.order_by(col(StatusChange.id))):
        found[ticket_id].append((at, before, to))
    return found


class _Rules:
    """One pack's answers, each worked out once: most tickets are alike in what decides."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self._agencies: dict[tuple[Any, ...], str] = {}
        self._dates: dict[tuple[Any, ...], datetime] = {}
        self._by_day = all(rule.counts == "working_days" for rule in region.clocks)

    def agency(self, row: Any) -> str:
        key = (row.category, row.area, row.supervision, row.owner, row.accused)
        if key not in self._agencies:
            known = row.category if row.category in self._region.categories else None
            route = routing.route(
                self._region,
                known,
                row.area,
                supervision=row.supervision,
                found=self._owner(known, row.area, row.owner),
                accused=row.accused.split(),
            )
            self._agencies[key] = route.agency
        return self._agencies[key]

    def _owner(self, category: str | None, area: str | None, owner: str) -> Finding | None:
        """The owner written down, as far as this pack lets it own such things; else what is usual."""
        if owner in self._region.owners and owner in self._region.owned.get(category or "", ()):
            return Finding(owner, Why.WORDS)
        return ownership.find(self._region, category, "", area)

    def dates(self, row: Any, agency: str, changes: Sequence[Change]) -> tuple[datetime, ...]:
        code = agency if agency in self._region.agencies else self._region.desk
        calendar = self._region.agencies[code].calendar
        day = hours.local_day(self._region, row.opened_at) if self._by_day else row.opened_at
        paused = changes if _paused(changes) else ()
        found = []
        for stage in STAGES:
            if paused and stage in sla.PAUSED_STAGES:
                found.append(self._due(row, code, stage, paused))
                continue
            key = (calendar, stage, row.kind, row.supervision, day)
            if key not in self._dates:
                self._dates[key] = self._due(row, code, stage, ())
            found.append(self._dates[key])
        return tuple(found)

    def _due(self, row: Any, agency: str, stage: str, changes: Iterable[Change]) -> datetime:
        return sla.deadline(
            self._region,
            agency,
            kind=row.kind,
            supervision=row.supervision,
            stage=stage,
            start=row.opened_at,
            changes=changes,
        ).at


def _paused(changes: Sequence[Change]) -> bool:
    """Whether a clock may have stood still and run on: after a question, or after an end that was none."""
    stopped = False
    for _, _, to in changes:
        if to == Status.WAITING or (stopped and to not in STOPS_RESOLUTION):
            return True
        stopped = stopped or to in STOPS_RESOLUTION
    return False


def _orphans(session: Session, candidate: Region) -> Iterator[Orphan]:
    still = case((col(Ticket.status).in_(OPEN), 1), else_=0)
    for kind, column, known in (
        ("agency", col(Ticket.agency), candidate.agencies),
        ("category", col(Ticket.category), candidate.categories),
        ("area", col(Ticket.area), candidate.places),
        ("owner", col(Ticket.owner), candidate.owners),
    ):
        counted = session.execute(select(column, func.count(), func.sum(still)).group_by(column))
        for code, count, left in sorted((row for row in counted if row[0]), key=lambda row: str(row[0])):
            if code not in known:
                numbers = select(col(Ticket.number)).where(column == code, col(Ticket.privacy) != Privacy.SECRET)
                shown = session.scalars(numbers.order_by(col(Ticket.id).desc()).limit(SHOWN))
                yield Orphan(kind, code, count, int(left), tuple(shown))
    working = (
        select(col(StaffAgency.agency), func.count())
        .join(Staff, col(Staff.id) == col(StaffAgency.staff_id))
        .where(col(Staff.disabled_at).is_(None))
        .group_by(col(StaffAgency.agency))
    )
    for code, count in sorted((code, count) for code, count in session.execute(working)):
        if code not in candidate.agencies:
            yield Orphan("staff", code, count, count, ())
