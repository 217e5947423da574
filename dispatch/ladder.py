"""The ladder of escalation: who is to be told of a deadline, and when, worked out from a ticket's dates alone.

A rung stands so many working hours before or after a deadline, counted along the agency's own calendar (UU 25/2009
wants complaints followed up in time; by which steps is the region pack's to say). Nothing is told outside the agency's
working time: what falls there is told when it opens next. An agency that never closes is told at any hour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch import hours
from dispatch.hours import HORIZON_DAYS, NoWorkingTime
from dispatch.region import Region
from dispatch.region.rules import Rung
from dispatch.workflow import OPEN, STOPS_RESOLUTION, Status

ACCEPT, VERIFY, FIRST_RESPONSE, RESOLUTION = "accept", "verify", "first_response", "resolution"
#: The steps a ladder stands at, in the order in which they are told of when several are due by the same instant.
STEPS = (FIRST_RESPONSE, VERIFY, ACCEPT, RESOLUTION)
#: The agency has yet to say whether it takes the ticket on.
_UNTOUCHED = frozenset({Status.NEW, Status.ASSIGNED})


@dataclass(frozen=True, slots=True)
class Dates:
    """Calling this will hold what a ladder needs to know of a ticket, all instants in UTC.

    ``accept_due`` is None where nobody has to take the ticket on; ``verified``, ``answered`` and ``accepted`` say what
    was done already; ``pause_until`` is when the pause of a citizen who was asked ends, None when the clock runs again.
    """

    status: Status
    verify_due: datetime
    first_response_due: datetime
    resolution_due: datetime
    accept_due: datetime | None = None
    verified: bool = False
    answered: bool = False
    accepted: bool = False
    pause_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """Calling this will hold one rung that is due: for which step, the deadline it counts from, its number from 1, who
    stands on it, and the instant at which it is told at the earliest. All instants in UTC."""

    step: str
    due: datetime
    number: int
    rung: Rung
    at: datetime


#: A step and its deadline → the number of the highest rung that was told of it.
Told = Mapping[tuple[str, datetime], int]


def running(dates: Dates, now: datetime) -> dict[str, datetime]:
    """Calling this will give the deadlines that can still be missed at ``now``, by step: those of what is not done yet,
    and that of the resolution unless the next move is the citizen's."""
    if dates.status not in OPEN:
        return {}
    found: dict[str, datetime] = {}
    if not dates.answered:
        found[FIRST_RESPONSE] = dates.first_response_due
    if not dates.verified:
        found[VERIFY] = dates.verify_due
    if dates.accept_due is not None and not dates.accepted and dates.status in _UNTOUCHED:
        found[ACCEPT] = dates.accept_due
    over = dates.status is Status.WAITING and (dates.pause_until is None or dates.pause_until <= now)
    if over or dates.status not in STOPS_RESOLUTION:
        found[RESOLUTION] = dates.resolution_due
    return found


def calls(region: Region, agency: str, dates: Dates, now: datetime, told: Told) -> list[Call]:
    """Calling this will list the rungs still to be told, of every running deadline, whether or not their time has come.

    What was told of a deadline at a rung counts as told at every lower one; a deadline that moved begins anew. Sorted
    by instant, then by step. Raises KeyError for an unknown agency, ValueError for a naive instant.
    """
    calendar = region.agencies[agency].calendar
    found = []
    for step, due in running(dates, now).items():
        reached = told.get((step, due), 0)
        for number, rung in enumerate(region.desk_rules.escalation.rungs, start=1):
            if number > reached:
                found.append(Call(step, due, number, rung, instant(region, calendar, due, rung.after_hours)))
    return sorted(found, key=lambda call: (call.at, STEPS.index(call.step), call.number))


def due(region: Region, agency: str, calls: Sequence[Call], now: datetime) -> list[Call]:
    """Calling this will pick the rungs to be told at ``now``: those whose instant has come, and none at all while the
    agency is closed. Raises what ``calls`` raises."""
    calendar = region.agencies[agency].calendar
    ready = [call for call in calls if call.at <= now]
    return ready if ready and opening(region, calendar, now) <= now else []


def highest(due: Sequence[Call]) -> Call:
    """Calling this will choose the one rung of several that is told: the highest; of equals that of the deadline that
    is missed the longest, then the order of ``STEPS``. Raises ValueError when there is none."""
    return min(due, key=lambda call: (-call.number, call.due, STEPS.index(call.step)))


def instant(region: Region, calendar: str, due: datetime, after_hours: int) -> datetime:
    """Calling this will say when (UTC) a rung is told: so many working hours after a deadline, or before it where
    negative, and if that is outside working time at the next opening.

    The closing of an office is outside. A calendar with too little working time to count along is taken as one that
    never closes: a deadline nobody hears of would be worse.
    """
    span = timedelta(hours=abs(after_hours))
    try:
        walk = hours.retreat if after_hours < 0 else hours.advance
        return opening(region, calendar, walk(region, calendar, due, span))
    except NoWorkingTime:
        return hours.utc(due) + (span if after_hours >= 0 else -span)


def opening(region: Region, calendar: str, at: datetime) -> datetime:
    """Calling this will give the first instant (UTC) from ``at`` on that lies in working time: ``at`` itself while the
    office is open. A calendar that does not open within two years counts as open.

    Raises ValueError for a naive instant, KeyError for an unknown calendar.
    """
    begin = hours.utc(at)
    day = hours.local_day(region, begin)
    for number in range(HORIZON_DAYS):
        for opens, closes in hours.spans(region, calendar, day + timedelta(days=number)):
            if begin < closes:
                return max(begin, opens)
    return begin
