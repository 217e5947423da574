"""Working time: which spans of a local day an agency works, how much of it lies between two instants, walks along it.

Every instant that comes in must be aware, every instant that goes out is UTC; the arithmetic between is done on the
region's own calendar days, whatever zone the process runs in. Working hours and regional days off are data of the
region pack; national holidays and their names come from the ``holidays`` package. What a day holds is worked out once
and kept for as long as its region pack lives.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from types import MappingProxyType

from dispatch.region import Calendar, Region

#: A calendar without working hours must end in an error, not in an endless search.
HORIZON_DAYS = 731

#: Opens and closes, in UTC.
Span = tuple[datetime, datetime]

_DAY = timedelta(days=1)
#: Our languages → those of the package; names it lacks in one of them come in the country's own.
_LANGUAGES = {"id": "id", "en": "en_US"}


class NoWorkingTime(Exception):
    """Calling this will say that a calendar (``calendar`` is its code) has too little working time within two years of
    a day to hold a deadline. The text is for logs and the operator; whoever shows it to staff says it in their words.
    """

    def __init__(self, calendar: str, wanted: str, day: date) -> None:
        super().__init__(f"calendar {calendar} has fewer than {wanted} in the two years around {day.isoformat()}")
        self.calendar = calendar
        self.day = day


class _Days:
    """What each local day of one calendar holds; a day is worked out the first time it is asked for."""

    __slots__ = ("_calendar", "_country", "_ends", "_regional", "_spans", "_zone")

    def __init__(self, region: Region, calendar: Calendar) -> None:
        self._calendar = calendar
        self._zone = region.zone
        self._country = region.national_holidays
        self._regional = region.regional_holidays
        self._spans: dict[date, tuple[Span, ...]] = {}
        self._ends: dict[tuple[date, int], datetime] = {}

    def spans(self, day: date) -> tuple[Span, ...]:
        found = self._spans.get(day)
        if found is None:
            found = self._spans[day] = () if self.off(day) else self._worked(day)
        return found

    def end_of(self, received: date, days: int) -> datetime:
        """The end of the ``days``-th working day after a day; limits are few, so each is counted once a day."""
        found = self._ends.get((received, days))
        if found is None:
            found = self._ends[(received, days)] = self._count(received, days)
        return found

    def _count(self, received: date, days: int) -> datetime:
        left = days
        for day in _walk(received + _DAY, 1):
            spans = self.spans(day)
            left -= bool(spans)
            if spans and left <= 0:
                return spans[-1][1]
        raise NoWorkingTime(self._calendar.code, f"{days} working days", received)

    def off(self, day: date) -> bool:
        """Whether a holiday takes away the working hours this weekday has."""
        if not self._calendar.observes_holidays or not self._calendar.week[day.weekday()]:
            return False
        return day in self._regional or day in _national_holidays(self._country, day.year, "id")

    def _worked(self, day: date) -> tuple[Span, ...]:
        """The intervals of a day in UTC; one that lasts until midnight ends with the next day's first instant. An
        interval that summer time swallows whole is none."""
        midnight = self._instant(day + _DAY, time.min)
        spans = [
            (self._instant(day, opens), midnight if closes is None else self._instant(day, closes))
            for opens, closes in self._calendar.week[day.weekday()]
        ]
        return tuple(sorted(span for span in spans if span[0] < span[1]))

    def _instant(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, tzinfo=self._zone).astimezone(UTC)


#: id of a region pack in memory → calendar → its days; emptied of a pack when that goes.
_KNOWN: dict[int, dict[str, _Days]] = {}


def spans(region: Region, calendar_code: str, day: date) -> tuple[Span, ...]:
    """Calling this will give the working intervals of a local day, in UTC and in order; none on a day off.

    Raises KeyError for an unknown calendar.
    """
    return _days(region, calendar_code).spans(day)


def is_working_day(region: Region, calendar_code: str, day: date) -> bool:
    """Calling this will say whether a calendar has working time on a local day. Raises KeyError for an unknown one."""
    return bool(spans(region, calendar_code, day))


def working_seconds(region: Region, calendar_code: str, start: datetime, end: datetime) -> float:
    """Calling this will measure, in seconds, how much of the span from ``start`` to ``end`` is working time.

    A span that ends before it starts holds none. Raises ValueError for a naive instant, KeyError for an unknown
    calendar.
    """
    return worked(region, calendar_code, start, end).total_seconds()


def worked(region: Region, calendar_code: str, start: datetime, end: datetime) -> timedelta:
    """Calling this will measure working time like ``working_seconds``, exact to the microsecond."""
    known = _days(region, calendar_code)
    # Subtracting two instants of one zone compares wall clocks; in UTC the difference is the time that passed.
    begin, stop = utc(start), utc(end)
    total = timedelta()
    if stop <= begin:
        return total
    day, last = begin.astimezone(region.zone).date(), stop.astimezone(region.zone).date()
    while day <= last:
        for opens, closes in known.spans(day):
            if (first := max(opens, begin)) < (final := min(closes, stop)):
                total += final - first
        day += _DAY
    return total


def advance(region: Region, calendar_code: str, start: datetime, seconds: float | timedelta) -> datetime:
    """Calling this will walk forward from ``start`` (UTC comes out) until so much working time has passed.

    The end of a working interval is reached at that end, not with the next opening; nothing to walk stays where it is.
    Raises ValueError for a naive instant or negative time, KeyError for an unknown calendar, NoWorkingTime.
    """
    known, begin, left = _days(region, calendar_code), utc(start), _length(seconds)
    if not left:
        return begin
    received = begin.astimezone(region.zone).date()
    for day in _walk(received, 1):
        for opens, closes in known.spans(day):
            if (first := max(opens, begin)) < closes:
                if left <= closes - first:
                    return first + left
                left -= closes - first
    raise NoWorkingTime(calendar_code, f"{_length(seconds)} of working time", received)


def retreat(region: Region, calendar_code: str, end: datetime, seconds: float | timedelta) -> datetime:
    """Calling this will walk back from ``end`` (UTC comes out) until so much working time lies between: "one working
    hour before" the end of a lunch break is before the break, and never simply the start of a day.

    Raises what ``advance`` raises.
    """
    known, stop, left = _days(region, calendar_code), utc(end), _length(seconds)
    if not left:
        return stop
    last = stop.astimezone(region.zone).date()
    for day in _walk(last, -1):
        for opens, closes in reversed(known.spans(day)):
            if opens < (final := min(closes, stop)):
                if left <= final - opens:
                    return final - left
                left -= final - opens
    raise NoWorkingTime(calendar_code, f"{_length(seconds)} of working time", last)


def after_working_days(region: Region, calendar_code: str, start: datetime, days: int) -> datetime:
    """Calling this will give the end (UTC) of the last working interval of the ``days``-th working day after the local
    day of ``start`` (docs/decisions/0004): that day itself does not count.

    Raises ValueError for a naive instant, KeyError for an unknown calendar, NoWorkingTime.
    """
    return _days(region, calendar_code).end_of(local_day(region, start), days)


def days_worth(region: Region, calendar_code: str, start: datetime, days: int) -> timedelta:
    """Calling this will measure the working time of the first ``days`` working days after the local day of ``start``.

    Raises what ``after_working_days`` raises.
    """
    midnight = datetime.combine(local_day(region, start) + _DAY, time.min, tzinfo=region.zone)
    return worked(region, calendar_code, midnight, after_working_days(region, calendar_code, start, days))


def working_days_between(region: Region, calendar_code: str, start: datetime, end: datetime) -> int:
    """Calling this will count the working days after the local day of ``start`` up to and with that of ``end``."""
    known = _days(region, calendar_code)
    first, last = local_day(region, start), local_day(region, end)
    return sum(bool(known.spans(first + timedelta(days=n))) for n in range(1, (last - first).days + 1))


def holiday(region: Region, day: date, language: str = "id") -> str:
    """Calling this will name a local day's holiday, "" when it is none: the region's own days and joint leave in the
    words of the pack, national ones in ``language`` (``id`` or ``en``)."""
    own = region.regional_holidays.get(day)
    return own or _national_holidays(region.national_holidays, day.year, language).get(day, "")


def days_off(
    region: Region, calendar_code: str, first: date, last: date, language: str = "id"
) -> tuple[tuple[date, str], ...]:
    """Calling this will list the local days from ``first`` to ``last`` (both with) that a holiday takes from a
    calendar, with its name. A holiday on a day that is free anyway is not among them: it costs nobody anything."""
    known = _days(region, calendar_code)
    found = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return tuple((day, holiday(region, day, language)) for day in found if known.off(day))


def local_day(region: Region, instant: datetime) -> date:
    """Calling this will give the region's own day of an instant. Raises ValueError for a naive one."""
    return utc(instant).astimezone(region.zone).date()


def utc(instant: datetime) -> datetime:
    """Calling this will give an aware instant in UTC. Raises ValueError for a naive one."""
    if instant.utcoffset() is None:
        raise ValueError("an instant must be aware: a naive one means another moment on every machine")
    return instant.astimezone(UTC)


def _days(region: Region, calendar_code: str) -> _Days:
    calendars = _KNOWN.get(id(region))
    if calendars is None:
        calendars = _KNOWN[id(region)] = {}
        weakref.finalize(region, _KNOWN.pop, id(region), None)
    known = calendars.get(calendar_code)
    if known is None:
        known = calendars[calendar_code] = _Days(region, region.calendars[calendar_code])
    return known


def _walk(first: date, step: int) -> Iterator[date]:
    return (first + timedelta(days=n * step) for n in range(HORIZON_DAYS))


def _length(seconds: float | timedelta) -> timedelta:
    length = seconds if isinstance(seconds, timedelta) else timedelta(seconds=seconds)
    if length < timedelta():
        raise ValueError("working time cannot be negative: walk the other way instead")
    return length


@lru_cache(maxsize=256)
def _national_holidays(country: str, year: int, language: str) -> Mapping[date, str]:
    if not country:
        return MappingProxyType({})
    # Here and not above: the package is slow to import, and only a process that counts days needs it.
    from holidays import country_holidays

    # The language is always said: left out, the package takes the one of the machine.
    found = country_holidays(country, years=year, language=_LANGUAGES.get(language, language))
    return MappingProxyType({day: str(name) for day, name in found.items()})
