"""Working time walked and measured, as tables a clerk can check with a wall calendar. All times are local."""

from __future__ import annotations

import gc
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from dispatch import hours
from dispatch.region import Region
from tests.support import deadline_cases, rules

ZONE = "Asia/Makassar"


def region_in(zone: str = ZONE, national: str = "") -> Region:
    return rules.region(zone=zone, holidays=deadline_cases.HOLIDAYS, national=national)


def table(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in row.split("|")] for row in text.strip().splitlines()]


def seconds_of(text: str) -> float:
    full, minutes, seconds = text.split(":")
    return int(full) * 3600 + int(minutes) * 60 + float(seconds)


# case | calendar | from | working time | to
FORWARD = table("""
nothing stays where it is                | office  | 2026-11-04 12:30       | 0:00:00    | 2026-11-04 12:30
nothing stays on a Sunday                | office  | 2026-11-08 12:30       | 0:00:00    | 2026-11-08 12:30
an hour                                  | office  | 2026-11-04 09:00       | 1:00:00    | 2026-11-04 10:00
to lunch, not past it                    | office  | 2026-11-04 11:00       | 1:00:00    | 2026-11-04 12:00
a second past lunch                      | office  | 2026-11-04 11:00       | 1:00:01    | 2026-11-04 13:00:01
from lunch                               | office  | 2026-11-04 12:30       | 1:00:00    | 2026-11-04 14:00
to closing, not to the next day          | office  | 2026-11-04 15:00       | 1:00:00    | 2026-11-04 16:00
a second past closing                    | office  | 2026-11-04 15:00       | 1:00:01    | 2026-11-05 08:00:01
the long Friday break                    | office  | 2026-11-06 11:00       | 1:00:00    | 2026-11-06 13:30
over a weekend                           | office  | 2026-11-06 16:00       | 1:00:00    | 2026-11-09 08:30
from a Saturday                          | office  | 2026-11-07 10:00       | 0:00:01    | 2026-11-09 08:00:01
over the founding day                    | office  | 2026-10-12 15:30       | 1:00:00    | 2026-10-14 08:30
over Christmas and joint leave           | office  | 2026-12-23 15:00       | 2:00:00    | 2026-12-28 09:00
over New Year                            | office  | 2026-12-31 15:00       | 7:00:00    | 2027-01-04 15:00
a week of an office                      | office  | 2026-11-02 08:00       | 35:00:00   | 2026-11-06 16:30
seven days day and night                 | always  | 2026-11-02 09:10:11    | 168:00:00  | 2026-11-09 09:10:11
a second around midnight                 | always  | 2026-11-02 23:59:59.5  | 0:00:01    | 2026-11-03 00:00:00.5
to midnight                              | evening | 2026-11-02 23:00       | 1:00:00    | 2026-11-03 00:00
a second past midnight                   | evening | 2026-11-02 23:00       | 1:00:01    | 2026-11-03 18:00:01
a working Saturday                       | clinic  | 2026-11-06 10:30       | 1:00:00    | 2026-11-07 08:00
below a second                           | office  | 2026-11-04 15:59:59.75 | 0:00:00.50 | 2026-11-05 08:00:00.25
an hour a week                           | sundays | 2026-11-02 00:00       | 3:00:00    | 2026-11-22 10:00
""")


@pytest.mark.parametrize(("case", "calendar", "start", "time", "end"), FORWARD, ids=[row[0] for row in FORWARD])
def test_advance(case: str, calendar: str, start: str, time: str, end: str) -> None:
    region = region_in()
    found = hours.advance(region, calendar, rules.local(region, start), seconds_of(time))
    assert found.tzinfo is UTC
    assert found == rules.local(region, end)


# case | calendar | from | working time before it | to
BACK = table("""
nothing stays where it is                | office  | 2026-11-04 12:30      | 0:00:00   | 2026-11-04 12:30
an hour                                  | office  | 2026-11-04 10:00      | 1:00:00   | 2026-11-04 09:00
to opening, not to the evening before    | office  | 2026-11-04 09:00      | 1:00:00   | 2026-11-04 08:00
a second before opening                  | office  | 2026-11-04 09:00      | 1:00:01   | 2026-11-03 15:59:59
an hour before the end of a day          | office  | 2026-11-04 16:00      | 1:00:00   | 2026-11-04 15:00
half an hour after lunch, an hour before | office  | 2026-11-04 13:30      | 1:00:00   | 2026-11-04 11:30
at the end of lunch, an hour before      | office  | 2026-11-04 13:00      | 1:00:00   | 2026-11-04 11:00
within lunch, an hour before             | office  | 2026-11-04 12:30      | 1:00:00   | 2026-11-04 11:00
a day of work before a Friday's end      | office  | 2026-11-06 16:30      | 7:00:00   | 2026-11-06 08:00
over the long Friday break               | office  | 2026-11-06 13:15      | 0:30:00   | 2026-11-06 11:15
over a weekend                           | office  | 2026-11-09 08:30      | 1:00:00   | 2026-11-06 16:00
over the founding day                    | office  | 2026-10-14 08:30      | 1:00:00   | 2026-10-12 15:30
over New Year                            | office  | 2027-01-04 09:00      | 2:00:00   | 2026-12-31 15:00
from midnight                            | evening | 2026-11-03 00:00      | 1:00:00   | 2026-11-02 23:00
seven days day and night                 | always  | 2026-11-09 09:10:11   | 168:00:00 | 2026-11-02 09:10:11
""")


@pytest.mark.parametrize(("case", "calendar", "end", "time", "start"), BACK, ids=[row[0] for row in BACK])
def test_retreat(case: str, calendar: str, end: str, time: str, start: str) -> None:
    region = region_in()
    found = hours.retreat(region, calendar, rules.local(region, end), seconds_of(time))
    assert found.tzinfo is UTC
    assert found == rules.local(region, start)


#: Summer time in a zone that has one: from, hours of an agency that never closes, to.
SUMMER = {
    "the-short-night": ("2026-03-28 12:00", 24, "2026-03-29 13:00"),
    "the-long-night": ("2026-10-24 12:00", 24, "2026-10-25 11:00"),
}


@pytest.mark.parametrize(("start", "length", "end"), SUMMER.values(), ids=SUMMER)
def test_summer_time(start: str, length: int, end: str) -> None:
    region = region_in("Europe/Berlin")
    begin, stop = rules.local(region, start), rules.local(region, end)
    assert hours.advance(region, "always", begin, length * 3600) == stop
    assert hours.retreat(region, "always", stop, length * 3600) == begin


def test_an_interval_that_summer_time_swallows_is_none() -> None:
    region = region_in("Europe/Berlin")
    night = replace(region.calendars["always"], code="night", week=(rules.hours("02:00-03:00"),) * 7)
    region = replace(region, calendars={**region.calendars, "night": night})
    assert not hours.is_working_day(region, "night", date(2026, 3, 29))
    assert hours.is_working_day(region, "night", date(2026, 3, 30))


@pytest.mark.parametrize("walk", [hours.advance, hours.retreat], ids=["advance", "retreat"])
def test_all_seven_days_off_is_an_error_and_no_endless_walk(walk: object) -> None:
    region = region_in()
    with pytest.raises(hours.NoWorkingTime, match="calendar never has fewer than 0:00:01 of working time") as caught:
        walk(region, "never", rules.local(region, "2026-11-04 10:00"), 1)  # type: ignore[operator]
    assert (caught.value.calendar, caught.value.day) == ("never", date(2026, 11, 4))


@pytest.mark.parametrize("walk", [hours.advance, hours.retreat], ids=["advance", "retreat"])
def test_two_years_are_the_farthest(walk: object) -> None:
    region = region_in()
    start = rules.local(region, "2026-11-02 00:00")
    assert walk(region, "sundays", start, 100 * 3600)  # type: ignore[operator]
    with pytest.raises(hours.NoWorkingTime):
        walk(region, "sundays", start, 110 * 3600)  # type: ignore[operator]


@pytest.mark.parametrize("walk", [hours.advance, hours.retreat], ids=["advance", "retreat"])
def test_naive_instants_and_negative_time_are_refused(walk: object) -> None:
    region = region_in()
    with pytest.raises(ValueError, match="aware"):
        walk(region, "office", datetime(2026, 11, 4), 1)  # type: ignore[operator]  # noqa: DTZ001
    with pytest.raises(ValueError, match="negative"):
        walk(region, "office", rules.local(region, "2026-11-04 10:00"), -1)  # type: ignore[operator]
    with pytest.raises(KeyError, match="nobody"):
        walk(region, "nobody", rules.local(region, "2026-11-04 10:00"), 1)  # type: ignore[operator]


#: day → its name in Indonesian and in English
NAMES = {
    "the-region's-own": ("2026-10-13", "Hari Jadi Contoh", "Hari Jadi Contoh"),
    "joint-leave": ("2026-12-24", "Cuti bersama Natal", "Cuti bersama Natal"),
    "national": ("2028-12-25", "Hari Raya Natal", "Christmas Day"),
    "none": ("2026-11-04", "", ""),
    "a-plain-Sunday": ("2026-11-08", "", ""),
}


@pytest.mark.parametrize(("day", "indonesian", "english"), NAMES.values(), ids=NAMES)
def test_holidays_have_names(day: str, indonesian: str, english: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "de")  # the machine's language is nobody's
    region = region_in(national="ID")
    assert hours.holiday(region, date.fromisoformat(day), "id") == indonesian
    assert hours.holiday(region, date.fromisoformat(day), "en") == english


def test_only_days_that_cost_working_time_are_days_off() -> None:
    region = region_in()
    first, last = date(2026, 3, 16), date(2026, 3, 29)
    assert [day.day for day, _ in hours.days_off(region, "office", first, last)] == [18, 19, 20, 23, 24]
    assert [day.day for day, _ in hours.days_off(region, "clinic", first, last)] == [18, 19, 20, 21, 23, 24]
    assert hours.days_off(region, "always", first, last) == ()


def test_a_pack_with_another_calendar_has_its_own_days_and_none_outlives_it() -> None:
    region = region_in()
    day = date(2026, 11, 4)
    assert hours.is_working_day(region, "office", day)
    other = replace(region, regional_holidays={day: "Libur baru"})
    assert not hours.is_working_day(other, "office", day)
    assert hours.is_working_day(region, "office", day)
    key = id(other)
    assert key in hours._KNOWN
    del other
    gc.collect()
    assert key not in hours._KNOWN


def test_what_working_days_are_worth() -> None:
    region = region_in()
    assert hours.days_worth(region, "office", rules.local(region, "2026-11-04 10:00"), 5) == timedelta(hours=35)
    assert hours.days_worth(region, "clinic", rules.local(region, "2026-11-05 10:00"), 2) == timedelta(hours=8.5)
