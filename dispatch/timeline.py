"""When a ticket's clocks run: worked out from its history alone, so that they can be worked out again at any time.

The clock of the resolution stands still while the next move is the citizen's: while they were asked (only as long as
``desk_rules.pausing`` of the region pack allows), while they have an answer, and once the ticket has ended; reopened,
it runs on. The clocks of checking and of the first answer never stand still.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from dispatch import hours
from dispatch.region import Region
from dispatch.workflow import STOPS_RESOLUTION, Status

#: A row of the history of statuses: when, from ("" where the ticket begins), to.
Change = tuple[datetime, str, str]
#: A row of the history of assignments: when, to which agency.
Holder = tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Calling this will hold a span (UTC) in which a ticket had one status; the last one has no end yet."""

    start: datetime
    end: datetime | None
    status: Status


@dataclass(frozen=True, slots=True)
class Pause:
    """Calling this will hold a span in which the clock of the resolution stands still, and what the ticket was then.

    ``left_at`` is when the ticket left that status, None while it is in it. ``end`` is when the clock runs again: at
    ``left_at``, or at ``until`` where a cap ends the pause before; None while nothing but a further step can end it.
    ``until`` is the last instant the caps leave, None where there is no cap. The pause of a citizen who has not
    answered yet counts as lasting until its cap, so that dates do not depend on the day they are worked out.
    """

    start: datetime
    end: datetime | None
    status: Status
    left_at: datetime | None
    until: datetime | None = None

    @property
    def capped(self) -> bool:
        """Calling this will say whether the cap, and not a step of anyone, ends the pause."""
        return self.until is not None and (self.left_at is None or self.until < self.left_at)

    def stands(self, now: datetime) -> bool:
        """Calling this will say whether the clock stands still because of this pause at ``now``."""
        return self.left_at is None and self.start <= now and (self.end is None or now < self.end)


@dataclass(frozen=True, slots=True)
class Share:
    """Calling this will hold how much working time of its own one agency had a ticket while the clock ran."""

    agency: str
    time: timedelta


def stretches(opened_at: datetime, changes: Iterable[Change]) -> tuple[Stretch, ...]:
    """Calling this will cut a ticket's life into the spans of its statuses, from its opening on.

    Rows may come in any order. Steps of one instant follow each other as their ends fit, else as they came; a step
    dated before the opening counts at the opening. A step to the status the ticket has already begins nothing.
    """
    opened = hours.utc(opened_at)
    points: list[tuple[datetime, Status]] = [(opened, Status.NEW)]
    for at, to in _ordered(changes):
        if to is not points[-1][1]:
            points.append((max(at, opened), to))
    ends: list[datetime | None] = [*(at for at, _ in points[1:]), None]
    found = (Stretch(at, end, status) for (at, status), end in zip(points, ends, strict=True))
    return tuple(stretch for stretch in found if stretch.end is None or stretch.start < stretch.end)


def pauses(region: Region, calendar: str, opened_at: datetime, changes: Iterable[Change]) -> tuple[Pause, ...]:
    """Calling this will list the spans in which the clock of the resolution stands still, in order.

    A question to the citizen stops it until the end of the ``cap_days``-th working day after the day it was asked, and
    all questions together for as much working time as the first ``total_days`` working days after receipt hold, in
    ``calendar``. Raises KeyError for an unknown calendar, hours.NoWorkingTime.
    """
    limits = region.desk_rules.pausing
    found: list[Pause] = []
    left: timedelta | None = None
    for stretch in stretches(opened_at, changes):
        if stretch.status not in STOPS_RESOLUTION:
            continue
        if stretch.status is not Status.WAITING:
            found.append(Pause(stretch.start, stretch.end, stretch.status, stretch.end))
            continue
        if left is None:
            left = hours.days_worth(region, calendar, opened_at, limits.total_days)
        until = hours.after_working_days(region, calendar, stretch.start, limits.cap_days)
        if hours.worked(region, calendar, stretch.start, until) > left:
            until = hours.advance(region, calendar, stretch.start, left)
        end = until if stretch.end is None else min(stretch.end, until)
        left -= hours.worked(region, calendar, stretch.start, end)
        found.append(Pause(stretch.start, end, stretch.status, stretch.end, until))
    return tuple(found)


def running(opened_at: datetime, stops: Sequence[Pause]) -> tuple[tuple[datetime, datetime | None], ...]:
    """Calling this will give the spans between the pauses, in which the clock runs; the last one may have no end."""
    found: list[tuple[datetime, datetime | None]] = []
    at: datetime | None = hours.utc(opened_at)
    for stop in stops:
        if at is None:
            break
        if at < stop.start:
            found.append((at, stop.start))
        at = stop.end
    if at is not None:
        found.append((at, None))
    return tuple(found)


def shares(
    region: Region,
    opened_at: datetime,
    changes: Iterable[Change],
    holders: Iterable[Holder],
    until: datetime,
) -> tuple[Share, ...]:
    """Calling this will measure how long each agency had a ticket while the clock of the resolution ran, up to
    ``until``, each in working time of its own calendar; in the order in which they first had it.

    The first holder has it from the opening. Caps are those of the last holder's calendar, as for the deadline. An
    agency the region pack no longer knows is measured by the desk's calendar.
    """
    ordered = sorted(((hours.utc(at), agency) for at, agency in holders), key=lambda each: each[0])
    if not ordered:
        return ()
    end = hours.utc(until)
    spans = running(opened_at, pauses(region, _calendar(region, ordered[-1][1]), opened_at, changes))
    had: dict[str, timedelta] = {}
    for number, (at, agency) in enumerate(ordered):
        begins = hours.utc(opened_at) if number == 0 else at
        ends = ordered[number + 1][0] if number + 1 < len(ordered) else end
        time = timedelta()
        for first, last in spans:
            stop = min(end, ends) if last is None else min(end, ends, last)
            time += hours.worked(region, _calendar(region, agency), max(first, begins), stop)
        had[agency] = had.get(agency, timedelta()) + time
    return tuple(Share(agency, time) for agency, time in had.items())


def _calendar(region: Region, agency: str) -> str:
    return region.agencies[agency if agency in region.agencies else region.desk].calendar


def _ordered(changes: Iterable[Change]) -> list[tuple[datetime, Status]]:
    rows = sorted(((hours.utc(at), before, to) for at, before, to in changes), key=lambda row: row[0])
    found: list[tuple[datetime, Status]] = []
    current = ""
    for at, group in groupby(rows, key=lambda row: row[0]):
        same = list(group)
        while same:
            step = next((row for row in same if row[1] == current), same[0])
            same.remove(step)
            current = step[2]
            found.append((at, Status(current)))
    return found
