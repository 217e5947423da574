"""The law's clocks: when a step is due, and why just then.

Every instant that comes in must be aware, every instant that goes out is UTC. Limits are dated rules of the region
pack; working time is ``dispatch.hours``, when a clock runs ``dispatch.timeline``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from dispatch import hours, timeline
from dispatch.hours import NoWorkingTime, is_working_day, working_seconds
from dispatch.region import Calendar, ClockRule, Region
from dispatch.timeline import Change, Pause

__all__ = [
    "Deadline",
    "Deadlines",
    "Explanation",
    "NoRule",
    "NoWorkingTime",
    "deadline",
    "deadlines",
    "explain",
    "is_working_day",
    "working_seconds",
]

#: The steps whose clock stands still while the next move is the citizen's.
PAUSED_STAGES = frozenset({"resolution"})


class NoRule(LookupError):
    """Calling this will say that no clock rule is in force for a stage on a day: a gap in the region pack."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """Calling this will hold the instant (UTC) by which a step is due and the rule that says so.

    A step done exactly at ``at`` is in time.
    """

    at: datetime
    rule: ClockRule


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Calling this will hold the three deadlines of an assignment and which rules of which region pack set them.

    ``rule_version`` is the version of the pack and the ids of the three rules, in the order of the fields.
    """

    verify: Deadline
    first_response: Deadline
    resolution: Deadline
    rule_version: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Calling this will hold why a step is due when it is: all that a sentence about it needs, in no language yet.

    ``base`` is the date without any pause, ``due`` the date. ``days_off`` are the local days between ``start`` and
    ``due`` that a holiday takes from ``calendar`` (``hours.holiday`` names them). ``pauses`` are those that moved the
    date, by ``moved`` working time together. ``standing`` is the pause the clock stands in at the moment of asking.
    """

    stage: str
    rule: ClockRule
    calendar: str
    start: datetime
    base: datetime
    due: datetime
    days_off: tuple[date, ...]
    pauses: tuple[Pause, ...]
    moved: timedelta
    standing: Pause | None


def deadline(
    region: Region,
    agency_code: str,
    *,
    kind: str,
    supervision: bool,
    stage: str,
    start: datetime,
    changes: Iterable[Change] = (),
) -> Deadline:
    """Calling this will work out when ``stage`` is due for a report received at ``start``, with the status history
    ``changes``, while the agency has it.

    The rule is the one in force on the local day of ``start`` (``since`` and ``until`` both included): one for exactly
    this ``kind`` beats ``any``, then exact ``supervision`` beats ``any``, then the younger ``since``. Working days
    count from the first working day after the day of receipt, and the last one ends with its last working interval
    (Permen PANRB 62/2018 counts in working days); the working time until then is a budget that only running time uses
    up, so that a pause moves the date by its own working time. ``hours`` are ``days`` × 24 hours straight through
    nights, holidays and pauses (UU 27/2022). Raises ValueError for a naive ``start``, KeyError for an unknown agency,
    NoRule, NoWorkingTime.
    """
    rule = _rule_in_force(region, kind, supervision, stage, hours.local_day(region, start))
    calendar = region.calendars[region.agencies[agency_code].calendar]
    base = _COUNTS[rule.counts](region, calendar, start, rule.days)
    stops = _pauses(region, calendar, rule, start, changes)
    return Deadline(_with_pauses(region, calendar.code, start, base, stops), rule)


def deadlines(
    region: Region,
    agency_code: str,
    *,
    kind: str,
    supervision: bool,
    start: datetime,
    changes: Iterable[Change] = (),
) -> Deadlines:
    """Calling this will work out all three deadlines of a report received at ``start``, with its status history, while
    the agency has it. Raises what ``deadline`` raises.
    """

    def of(stage: str) -> Deadline:
        return deadline(
            region, agency_code, kind=kind, supervision=supervision, stage=stage, start=start, changes=changes
        )

    found = of("verify"), of("first_response"), of("resolution")
    return Deadlines(*found, rule_version=" ".join([region.version, *(each.rule.id for each in found)]))


def explain(
    region: Region,
    agency_code: str,
    *,
    kind: str,
    supervision: bool,
    stage: str,
    start: datetime,
    now: datetime,
    changes: Iterable[Change] = (),
) -> Explanation:
    """Calling this will work out a deadline like ``deadline``, and keep what it is made of.

    ``now`` only decides whether the clock stands still at the moment. Raises what ``deadline`` raises.
    """
    rule = _rule_in_force(region, kind, supervision, stage, hours.local_day(region, start))
    calendar = region.calendars[region.agencies[agency_code].calendar]
    base = _COUNTS[rule.counts](region, calendar, start, rule.days)
    stops = _pauses(region, calendar, rule, start, changes)
    due = _with_pauses(region, calendar.code, start, base, stops)
    counted = rule.counts == "working_days"
    last = hours.local_day(region, due - timedelta(microseconds=1))
    first = hours.local_day(region, start) + timedelta(days=1)
    off = hours.days_off(region, calendar.code, first, last) if counted else ()
    return Explanation(
        stage=stage,
        rule=rule,
        calendar=calendar.code,
        start=hours.utc(start),
        base=base,
        due=due,
        days_off=tuple(day for day, _ in off),
        pauses=tuple(stop for stop in stops if stop.start < due and stop.end is not None and stop.start < stop.end),
        moved=hours.worked(region, calendar.code, base, due) if counted else timedelta(),
        standing=next((stop for stop in stops if stop.stands(now)), None),
    )


def _pauses(
    region: Region, calendar: Calendar, rule: ClockRule, start: datetime, changes: Iterable[Change]
) -> tuple[Pause, ...]:
    if rule.stage not in PAUSED_STAGES or rule.counts != "working_days":
        return ()
    return timeline.pauses(region, calendar.code, start, changes)


def _with_pauses(region: Region, calendar: str, start: datetime, base: datetime, stops: Sequence[Pause]) -> datetime:
    """The instant at which the working time between ``start`` and ``base`` is used up by the time the clock ran. A
    clock that stands with no end in sight keeps the date it would have if it ran on at once: that is what is left."""
    if not stops:
        return base
    at, left = hours.utc(start), hours.worked(region, calendar, start, base)
    for stop in stops:
        ran = hours.worked(region, calendar, at, stop.start)
        if ran >= left:
            break
        left -= ran
        at = stop.start if stop.end is None else stop.end
    return hours.advance(region, calendar, at, left)


def _rule_in_force(region: Region, kind: str, supervision: bool, stage: str, day: date) -> ClockRule:
    wanted = "yes" if supervision else "no"
    fitting = [
        rule
        for rule in region.clocks
        if rule.stage == stage
        and rule.kind in (kind, "any")
        and rule.supervision in (wanted, "any")
        and rule.since <= day
        and (rule.until is None or day <= rule.until)
    ]
    if not fitting:
        raise NoRule(f"no clock rule for {stage} of {kind}, supervision {wanted}, on {day.isoformat()}")
    return max(fitting, key=lambda rule: (rule.kind == kind, rule.supervision == wanted, rule.since))


def _after_working_days(region: Region, calendar: Calendar, start: datetime, days: int) -> datetime:
    return hours.after_working_days(region, calendar.code, start, days)


def _after_hours(region: Region, calendar: Calendar, start: datetime, days: int) -> datetime:
    return start.astimezone(UTC) + timedelta(hours=24 * days)


_COUNTS: dict[str, Callable[[Region, Calendar, datetime, int], datetime]] = {
    "working_days": _after_working_days,
    "hours": _after_hours,
}
