"""The law's clocks: when a step is due, and how much working time lies between two instants.

Every instant that comes in must be aware, every instant that goes out is UTC; the arithmetic between is done on the
region's own calendar days, whatever zone the process runs in. Limits, calendars and regional holidays are data of the
region pack; national holidays come from the ``holidays`` package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from dispatch.region import Calendar, ClockRule, Region

#: A calendar without working hours must end in an error, not in an endless search.
_HORIZON_DAYS = 731

_Interval = tuple[time, time | None]


class NoWorkingTime(Exception):
    """Calling this will say that a calendar has too few working days within two years to hold a deadline."""


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


def deadline(
    region: Region, agency_code: str, *, kind: str, supervision: bool, stage: str, start: datetime
) -> Deadline:
    """Calling this will work out when ``stage`` is due for a report that reached the agency at ``start``.

    The rule is the one in force on the local day of ``start`` (``since`` and ``until`` both included): one for exactly
    this ``kind`` beats ``any``, then exact ``supervision`` beats ``any``, then the younger ``since``. Working days
    count from the first working day after the day of receipt, and the last one ends with its last working interval
    (Permen PANRB 62/2018 counts in working days); ``hours`` are ``days`` × 24 hours straight (UU 27/2022).
    Raises ValueError for a naive ``start``, KeyError for an unknown agency, NoRule, NoWorkingTime.
    """
    local_day = _aware(start).astimezone(region.zone).date()
    rule = _rule_in_force(region, kind, supervision, stage, local_day)
    calendar = region.calendars[region.agencies[agency_code].calendar]
    return Deadline(_COUNTS[rule.counts](region, calendar, start, rule.days), rule)


def deadlines(region: Region, agency_code: str, *, kind: str, supervision: bool, start: datetime) -> Deadlines:
    """Calling this will work out all three deadlines of a report that reached the agency at ``start``.

    Raises what ``deadline`` raises.
    """

    def of(stage: str) -> Deadline:
        return deadline(region, agency_code, kind=kind, supervision=supervision, stage=stage, start=start)

    found = of("verify"), of("first_response"), of("resolution")
    return Deadlines(*found, rule_version=" ".join([region.version, *(each.rule.id for each in found)]))


def working_seconds(region: Region, calendar_code: str, start: datetime, end: datetime) -> float:
    """Calling this will measure, in seconds, how much of the span from ``start`` to ``end`` is working time.

    The agencies' pauses are measured with it: sum it over the spans in which a clock ran. A span that ends before it
    starts holds none. Raises ValueError for a naive instant, KeyError for an unknown calendar.
    """
    calendar = region.calendars[calendar_code]
    # Subtracting two instants of one zone compares wall clocks; in UTC the difference is the time that passed.
    begin, stop = _aware(start).astimezone(UTC), _aware(end).astimezone(UTC)
    total = timedelta()
    for day in _days(begin.astimezone(region.zone).date(), stop.astimezone(region.zone).date()):
        for opens, closes in _working_spans(region, calendar, day):
            if (first := max(opens, begin)) < (last := min(closes, stop)):
                total += last - first
    return total.total_seconds()


def is_working_day(region: Region, calendar_code: str, day: date) -> bool:
    """Calling this will say whether a calendar has working time on a local day. Raises KeyError for an unknown one."""
    return bool(_working_spans(region, region.calendars[calendar_code], day))


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
    received = start.astimezone(region.zone).date()
    left = days
    for day in _days(received + timedelta(days=1), received + timedelta(days=_HORIZON_DAYS)):
        spans = _working_spans(region, calendar, day)
        left -= bool(spans)
        if spans and left <= 0:
            return max(closes for _, closes in spans)
    raise NoWorkingTime(
        f"calendar {calendar.code} has fewer than {days} working days in the two years after {received}"
    )


def _after_hours(region: Region, calendar: Calendar, start: datetime, days: int) -> datetime:
    return start.astimezone(UTC) + timedelta(hours=24 * days)


_COUNTS: dict[str, Callable[[Region, Calendar, datetime, int], datetime]] = {
    "working_days": _after_working_days,
    "hours": _after_hours,
}


def _aware(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError("an instant must be aware: a naive one means another moment on every machine")
    return instant


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _working_spans(region: Region, calendar: Calendar, day: date) -> tuple[tuple[datetime, datetime], ...]:
    if calendar.observes_holidays and (
        day in region.regional_holidays or day in _national_holidays(region.national_holidays, day.year)
    ):
        return ()
    return _spans(calendar.week[day.weekday()], day, region.zone)


@lru_cache(maxsize=8192)
def _spans(intervals: tuple[_Interval, ...], day: date, zone: ZoneInfo) -> tuple[tuple[datetime, datetime], ...]:
    """The intervals of a local day in UTC; one that lasts until midnight ends with the next day's first instant."""

    def instant(of: date, clock: time) -> datetime:
        return datetime.combine(of, clock, tzinfo=zone).astimezone(UTC)

    midnight = instant(day + timedelta(days=1), time.min)
    return tuple(
        (instant(day, opens), midnight if closes is None else instant(day, closes)) for opens, closes in intervals
    )


@lru_cache(maxsize=256)
def _national_holidays(country: str, year: int) -> frozenset[date]:
    if not country:
        return frozenset()
    # Here and not above: the package is slow to import, and only a process that counts days needs it.
    from holidays import country_holidays

    return frozenset(country_holidays(country, years=year))
