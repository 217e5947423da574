"""The law's clocks, as tables a clerk can check with a wall calendar. All times are local unless a Z says UTC."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import pytest

from dispatch import hours, sla
from dispatch.region import ClockRule, Region
from tests.support import rules

#: Besides the national holidays: a founding day (a Tuesday) and joint leave around Eid and Christmas.
HOLIDAYS = {
    "2026-03-20": "Cuti bersama Idulfitri",
    "2026-03-23": "Cuti bersama Idulfitri",
    "2026-03-24": "Cuti bersama Idulfitri",
    "2026-10-13": "Hari Jadi Contoh",
    "2026-12-24": "Cuti bersama Natal",
}
#: One agency for each calendar, called by its name.
AGENCIES = [rules.agency(code, f"work-{code}", calendar=code) for code in rules.CALENDARS]


def region_with(*clocks: ClockRule, zone: str = "Asia/Makassar") -> Region:
    return rules.region(zone=zone, agencies=AGENCIES, clocks=clocks, holidays=HOLIDAYS)


def due_after(days: int, calendar: str, start: datetime, *, zone: str = "Asia/Makassar") -> datetime:
    region = region_with(rules.rule("r", "resolution", days), zone=zone)
    found = sla.deadline(region, calendar, kind="complaint", supervision=False, stage="resolution", start=start)
    assert found.at.tzinfo is UTC
    return found.at


def table(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in row.split("|")] for row in text.strip().splitlines()]


# office: Mon-Thu 08:00-12:00 13:00-16:00, Fri 08:00-11:30 13:00-16:30 · clinic: Mon-Thu 07:30-14:00, Fri -11:00,
# Sat -12:30 · always: day and night, holidays too · evening: Mon-Fri 18:00-24:00 · sundays: 09:00-10:00
# case | calendar | start | working days | due
WORKED = table("""
an ordinary Monday                  | office  | 2026-11-23 09:00    |  3 | 2026-11-26 16:00
the day of receipt does not count   | office  | 2026-11-23 08:00    |  1 | 2026-11-24 16:00
in the lunch break                  | office  | 2026-11-23 12:30    |  1 | 2026-11-24 16:00
in the long Friday break            | office  | 2026-11-27 12:00    |  1 | 2026-11-30 16:00
due on a Friday: half an hour more  | office  | 2026-11-24 10:00    |  3 | 2026-11-27 16:30
Friday after closing                | office  | 2026-11-27 17:00    |  3 | 2026-12-02 16:00
on a Saturday                       | office  | 2026-11-28 10:00    |  3 | 2026-12-02 16:00
on a Sunday night                   | office  | 2026-11-29 23:00    |  3 | 2026-12-02 16:00
Monday before opening               | office  | 2026-11-30 06:00    |  3 | 2026-12-03 16:00
the last second of a day            | office  | 2026-11-23 23:59:59 |  1 | 2026-11-24 16:00
midnight is the new day             | office  | 2026-11-24 00:00    |  1 | 2026-11-25 16:00
the first second of a day           | office  | 2026-11-24 00:00:01 |  1 | 2026-11-25 16:00
five over a weekend                 | office  | 2026-11-25 14:00    |  5 | 2026-12-02 16:00
ten over two weekends               | office  | 2026-11-23 09:00    | 10 | 2026-12-07 16:00
fourteen                            | office  | 2026-11-23 09:00    | 14 | 2026-12-11 16:30
sixty, over Christmas and New Year  | office  | 2026-11-23 09:00    | 60 | 2027-02-19 16:30
before a regional holiday           | office  | 2026-10-12 09:00    |  1 | 2026-10-14 16:00
on a regional holiday               | office  | 2026-10-13 09:00    |  1 | 2026-10-14 16:00
before a long weekend               | office  | 2026-08-14 10:00    |  1 | 2026-08-18 16:00
on a national holiday               | office  | 2026-08-17 10:00    |  2 | 2026-08-19 16:00
before a national holiday           | office  | 2026-08-24 09:00    |  1 | 2026-08-26 16:00
a holiday on a Sunday costs nothing | office  | 2026-05-28 10:00    |  1 | 2026-05-29 16:30
Sunday and Monday both holidays     | office  | 2026-05-29 10:00    |  1 | 2026-06-02 16:00
joint leave in the middle           | office  | 2026-03-18 09:00    |  2 | 2026-03-26 16:00
Christmas and its joint leave       | office  | 2026-12-23 09:00    |  1 | 2026-12-28 16:00
on the joint leave                  | office  | 2026-12-24 09:00    |  1 | 2026-12-28 16:00
year's end                          | office  | 2026-12-31 15:00    |  1 | 2027-01-04 16:00
the last minute of the year         | office  | 2026-12-31 23:59    |  1 | 2027-01-04 16:00
on New Year's Day                   | office  | 2027-01-01 08:00    |  1 | 2027-01-04 16:00
due on the last day of the year     | office  | 2026-12-29 08:00    |  2 | 2026-12-31 16:00
Saturday is a working day           | clinic  | 2026-11-27 08:00    |  1 | 2026-11-28 12:30
after the working Saturday          | clinic  | 2026-11-27 08:00    |  2 | 2026-11-30 14:00
short Friday                        | clinic  | 2026-11-26 15:00    |  1 | 2026-11-27 11:00
received on the working Saturday    | clinic  | 2026-11-28 09:00    |  1 | 2026-11-30 14:00
Saturday after Christmas            | clinic  | 2026-12-23 08:00    |  1 | 2026-12-26 12:30
day and night                       | always  | 2026-11-23 09:00    |  3 | 2026-11-27 00:00
day and night over a weekend        | always  | 2026-11-27 23:59:59 |  1 | 2026-11-29 00:00
day and night know no holiday       | always  | 2026-12-23 09:00    |  3 | 2026-12-27 00:00
day and night over New Year         | always  | 2026-12-31 23:59:59 |  1 | 2027-01-02 00:00
day and night on a leap day         | always  | 2028-02-28 12:00    |  1 | 2028-03-01 00:00
open until midnight                 | evening | 2026-11-23 19:00    |  1 | 2026-11-25 00:00
open until midnight, over a weekend | evening | 2026-11-27 23:00    |  1 | 2026-12-01 00:00
open until midnight, over New Year  | evening | 2026-12-31 19:00    |  1 | 2027-01-05 00:00
one day a week                      | sundays | 2026-11-28 12:00    |  2 | 2026-12-06 10:00
one day a week, on that day         | sundays | 2026-11-29 08:00    |  1 | 2026-12-06 10:00
""")


@pytest.mark.parametrize(("case", "calendar", "start", "days", "due"), WORKED, ids=[row[0] for row in WORKED])
def test_working_days(case: str, calendar: str, start: str, days: str, due: str) -> None:
    region = region_with()
    found = due_after(int(days), calendar, rules.local(region, start))
    assert region.local(found).replace(tzinfo=None) == datetime.fromisoformat(due)


# zone | start | working days | due
ZONES = table("""
Asia/Jakarta  | 2026-11-23T16:59:59Z | 1 | 2026-11-24T09:00:00Z
Asia/Jakarta  | 2026-11-23T17:00:00Z | 1 | 2026-11-25T09:00:00Z
Asia/Makassar | 2026-11-23T15:59:59Z | 1 | 2026-11-24T08:00:00Z
Asia/Makassar | 2026-11-23T16:00:00Z | 1 | 2026-11-25T08:00:00Z
Asia/Jayapura | 2026-11-23T14:59:59Z | 1 | 2026-11-24T07:00:00Z
Asia/Jayapura | 2026-11-23T15:00:00Z | 1 | 2026-11-25T07:00:00Z
Asia/Jakarta  | 2026-11-26T15:30:00Z | 1 | 2026-11-27T09:30:00Z
Asia/Makassar | 2026-11-26T15:30:00Z | 1 | 2026-11-27T08:30:00Z
Asia/Jayapura | 2026-11-26T15:30:00Z | 1 | 2026-11-30T07:00:00Z
Asia/Jakarta  | 2026-12-30T15:30:00Z | 1 | 2026-12-31T09:00:00Z
Asia/Makassar | 2026-12-30T15:30:00Z | 1 | 2026-12-31T08:00:00Z
Asia/Jayapura | 2026-12-30T15:30:00Z | 1 | 2027-01-04T07:00:00Z
""")


@pytest.mark.parametrize(("zone", "start", "days", "due"), ZONES, ids=[f"{row[0]} {row[1]}" for row in ZONES])
def test_the_day_of_receipt_is_the_regions_own(zone: str, start: str, days: str, due: str) -> None:
    assert due_after(int(days), "office", datetime.fromisoformat(start), zone=zone) == datetime.fromisoformat(due)


@pytest.mark.parametrize("offset", [-11, 0, 8, 14])
def test_the_zone_in_which_the_start_is_written_does_not_matter(offset: int) -> None:
    start = datetime.fromisoformat("2026-11-23T15:59:59Z").astimezone(timezone(timedelta(hours=offset)))
    assert due_after(1, "office", start) == datetime(2026, 11, 24, 8, tzinfo=UTC)


@pytest.fixture(params=["UTC", "Asia/Jayapura", "America/Los_Angeles", "Pacific/Kiritimati"])
def machine_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    hours._KNOWN.clear()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_the_zone_of_the_machine_does_not_matter(machine_zone: str) -> None:
    region = region_with()
    for _, calendar, start, days, due in WORKED:
        found = due_after(int(days), calendar, rules.local(region, start))
        assert region.local(found).replace(tzinfo=None) == datetime.fromisoformat(due)
    for _, calendar, start, end, expected in MEASURED:
        seconds = sla.working_seconds(region, calendar, rules.local(region, start), rules.local(region, end))
        assert seconds == in_seconds(expected)


# start | days | due
HOURS = table("""
2026-11-23 09:00       | 3 | 2026-11-26 09:00
2026-11-27 22:15:30    | 3 | 2026-11-30 22:15:30
2026-12-24 00:00       | 3 | 2026-12-27 00:00
2026-12-31 23:59:59.5  | 1 | 2027-01-01 23:59:59.5
""")


@pytest.mark.parametrize(("start", "days", "due"), HOURS, ids=[row[0] for row in HOURS])
def test_hours_run_straight_through(start: str, days: str, due: str) -> None:
    region = region_with(rules.rule("breach", "verify", int(days), counts="hours"))
    for agency in rules.CALENDARS:
        found = sla.deadline(
            region, agency, kind="any", supervision=False, stage="verify", start=rules.local(region, start)
        )
        assert found.at == rules.local(region, due)


RULES = (
    rules.rule("old", "resolution", 30, since="2013-01-01", until="2018-06-30"),
    rules.rule("plain", "resolution", 14, supervision="no", since="2018-07-01"),
    rules.rule("supervised", "resolution", 60, supervision="yes", since="2018-07-01"),
    rules.rule("information", "resolution", 5, kind="information", since="2018-07-01"),
    rules.rule("aspiration", "resolution", 20, kind="aspiration", since="2018-07-01", until="2026-11-30"),
    rules.rule("aspiration-new", "resolution", 10, kind="aspiration", since="2026-12-01"),
    rules.rule("aspiration-checked", "resolution", 40, kind="aspiration", supervision="yes", since="2026-12-01"),
    rules.rule("amended", "resolution", 12, supervision="no", since="2027-01-01"),
    rules.rule("check", "verify", 3, since="2018-07-01"),
)

# case | stage | kind | supervision | start | rule
CHOSEN = table("""
a complaint                          | resolution | complaint   | no  | 2026-11-23 09:00 | plain
a supervised complaint               | resolution | complaint   | yes | 2026-11-23 09:00 | supervised
the exact kind beats any             | resolution | information | no  | 2026-11-23 09:00 | information
the exact kind beats supervision     | resolution | information | yes | 2026-11-23 09:00 | information
the last day in force counts         | resolution | aspiration  | no  | 2026-11-30 23:59 | aspiration
the first day in force counts        | resolution | aspiration  | no  | 2026-12-01 00:00 | aspiration-new
in UTC it would be the day before    | resolution | aspiration  | no  | 2026-12-01 07:59 | aspiration-new
the exact supervision beats any      | resolution | aspiration  | yes | 2026-12-01 09:00 | aspiration-checked
before the amendment                 | resolution | complaint   | no  | 2026-12-31 23:59 | plain
of two in force the younger          | resolution | complaint   | no  | 2027-01-01 00:00 | amended
the old regulation                   | resolution | complaint   | yes | 2018-06-30 12:00 | old
the new regulation                   | resolution | complaint   | no  | 2018-07-01 12:00 | plain
another stage                        | verify     | complaint   | yes | 2026-11-23 09:00 | check
""")


@pytest.mark.parametrize(
    ("case", "stage", "kind", "supervision", "start", "rule"), CHOSEN, ids=[row[0] for row in CHOSEN]
)
def test_the_rule_in_force(case: str, stage: str, kind: str, supervision: str, start: str, rule: str) -> None:
    for order in (RULES, RULES[::-1]):
        region = region_with(*order)
        found = sla.deadline(
            region,
            "office",
            kind=kind,
            supervision=supervision == "yes",
            stage=stage,
            start=rules.local(region, start),
        )
        assert found.rule.id == rule


@pytest.mark.parametrize(("stage", "start"), [("closing", "2026-11-23 09:00"), ("resolution", "2012-12-31 23:59")])
def test_a_gap_in_the_rules_is_an_error(stage: str, start: str) -> None:
    region = region_with(*RULES)
    with pytest.raises(sla.NoRule, match=stage):
        sla.deadline(
            region, "office", kind="complaint", supervision=False, stage=stage, start=rules.local(region, start)
        )


def test_all_deadlines_of_a_report() -> None:
    region = region_with(
        *RULES,
        rules.rule("answer", "first_response", 5),
        rules.rule("answer-at-once", "first_response", 1, kind="information"),
    )
    start = rules.local(region, "2026-11-23 09:00")

    found = sla.deadlines(region, "office", kind="complaint", supervision=True, start=start)
    assert [each.rule.id for each in (found.verify, found.first_response, found.resolution)] == [
        "check",
        "answer",
        "supervised",
    ]
    assert found.verify.at == rules.local(region, "2026-11-26 16:00")
    assert found.first_response.at == rules.local(region, "2026-11-30 16:00")
    assert found.resolution.at == rules.local(region, "2027-02-19 16:30")
    assert found.rule_version == "2026.1 check answer supervised"

    other = sla.deadlines(region, "clinic", kind="information", supervision=False, start=start)
    assert other.first_response.at == rules.local(region, "2026-11-24 14:00")
    assert other.resolution.at == rules.local(region, "2026-11-28 12:30")
    assert other.rule_version == "2026.1 check answer-at-once information"


@pytest.mark.parametrize(
    ("calendar", "days"), [("never", 1), ("sundays", 110)], ids=["all seven days off", "beyond two years"]
)
def test_a_calendar_without_enough_working_time_is_an_error(calendar: str, days: int) -> None:
    with pytest.raises(sla.NoWorkingTime, match=calendar):
        due_after(days, calendar, datetime(2026, 11, 23, tzinfo=UTC))


def test_a_regulation_that_is_lifted_by_holidays_for_ever_is_an_error() -> None:
    every_day = {(date(2026, 11, 23) + timedelta(days=n)).isoformat(): "Libur" for n in range(800)}
    region = rules.region(agencies=AGENCIES, clocks=[rules.rule("r", "verify", 1)], holidays=every_day)
    with pytest.raises(sla.NoWorkingTime):
        sla.deadline(
            region,
            "office",
            kind="complaint",
            supervision=False,
            stage="verify",
            start=datetime(2026, 11, 23, tzinfo=UTC),
        )


def test_naive_instants_are_refused() -> None:
    region, aware, naive = region_with(*RULES), datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24)  # noqa: DTZ001
    with pytest.raises(ValueError, match="aware"):
        sla.deadline(region, "office", kind="complaint", supervision=False, stage="verify", start=naive)
    with pytest.raises(ValueError, match="aware"):
        sla.working_seconds(region, "office", naive, aware)
    with pytest.raises(ValueError, match="aware"):
        sla.working_seconds(region, "office", aware, naive)


def test_an_unknown_agency_or_calendar_is_an_error() -> None:
    region, start = region_with(*RULES), datetime(2026, 11, 23, tzinfo=UTC)
    with pytest.raises(KeyError, match="nobody"):
        sla.deadline(region, "nobody", kind="complaint", supervision=False, stage="verify", start=start)
    with pytest.raises(KeyError, match="nobody"):
        sla.working_seconds(region, "nobody", start, start)
    with pytest.raises(KeyError, match="nobody"):
        sla.is_working_day(region, "nobody", start.date())


# case | calendar | from | to | working time
MEASURED = table("""
seven days day and night                | always  | 2026-11-23 00:00    | 2026-11-30 00:00      | 168:00:00
seven days over Christmas and New Year  | always  | 2026-12-25 13:37    | 2027-01-01 13:37      | 168:00:00
a minute around midnight                | always  | 2026-11-23 23:59:30 | 2026-11-24 00:00:30   | 0:01:00
an office Monday                        | office  | 2026-11-23 00:00    | 2026-11-24 00:00      | 7:00:00
an office Friday                        | office  | 2026-11-27 00:00    | 2026-11-28 00:00      | 7:00:00
an office week                          | office  | 2026-11-23 00:00    | 2026-11-30 00:00      | 35:00:00
the lunch break                         | office  | 2026-11-23 12:00    | 2026-11-23 13:00      | 0:00:00
a second on either side of lunch        | office  | 2026-11-23 11:59:59 | 2026-11-23 13:00:01   | 0:00:02
the long Friday break                   | office  | 2026-11-27 11:30    | 2026-11-27 13:00      | 0:00:00
over the long Friday break              | office  | 2026-11-27 11:00    | 2026-11-27 13:30      | 1:00:00
within one interval                     | office  | 2026-11-23 09:15    | 2026-11-23 10:00      | 0:45:00
before opening to after closing         | office  | 2026-11-23 05:00    | 2026-11-23 22:00      | 7:00:00
overnight                               | office  | 2026-11-23 16:00    | 2026-11-24 08:00      | 0:00:00
late to early                           | office  | 2026-11-23 15:30    | 2026-11-24 08:30      | 1:00:00
a weekend                               | office  | 2026-11-27 16:30    | 2026-11-30 08:00      | 0:00:00
Friday 16:00 to Monday 09:00            | office  | 2026-11-27 16:00    | 2026-11-30 09:00      | 1:30:00
over a regional holiday                 | office  | 2026-10-12 15:00    | 2026-10-14 09:00      | 2:00:00
Christmas with joint leave              | office  | 2026-12-23 16:00    | 2026-12-28 08:00      | 0:00:00
over New Year                           | office  | 2026-12-31 15:00    | 2027-01-04 09:00      | 2:00:00
a clinic week                           | clinic  | 2026-11-23 00:00    | 2026-11-30 00:00      | 34:30:00
until midnight                          | evening | 2026-11-23 23:30    | 2026-11-24 18:30      | 1:00:00
closed for ever                         | never   | 2026-11-23 00:00    | 2027-11-23 00:00      | 0:00:00
no span at all                          | office  | 2026-11-23 09:00    | 2026-11-23 09:00      | 0:00:00
a span that ends before it starts       | office  | 2026-11-23 10:00    | 2026-11-23 09:00      | 0:00:00
days that end before they start         | always  | 2026-11-25 10:00    | 2026-11-23 09:00      | 0:00:00
a quarter of a second                   | office  | 2026-11-23 09:00    | 2026-11-23 09:00:00.25 | 0:00:00.25
""")


def in_seconds(text: str) -> float:
    hours, minutes, seconds = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


@pytest.mark.parametrize(("case", "calendar", "start", "end", "time"), MEASURED, ids=[row[0] for row in MEASURED])
def test_working_seconds(case: str, calendar: str, start: str, end: str, time: str) -> None:
    region = region_with()
    seconds = sla.working_seconds(region, calendar, rules.local(region, start), rules.local(region, end))
    assert seconds == in_seconds(time)


@pytest.mark.parametrize("calendar", sorted(rules.CALENDARS))
def test_pauses_cut_a_span_without_losing_or_doubling_a_second(calendar: str) -> None:
    region, source = region_with(), random.Random(42)
    start = rules.local(region, "2026-12-18 07:13:11")
    seconds = 20 * 24 * 3600
    cuts = sorted({0, seconds, *(source.randrange(seconds) for _ in range(200))})
    instants = [start + timedelta(seconds=cut) for cut in cuts]
    pieces = [sla.working_seconds(region, calendar, a, b) for a, b in pairwise(instants)]
    assert sum(pieces) == sla.working_seconds(region, calendar, instants[0], instants[-1])


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-26", 24)], ids=["short", "long", "plain"]
)
def test_a_day_lasts_as_long_as_its_zone_says(day: str, hours: int) -> None:
    region = region_with(zone="Europe/Berlin")
    start = rules.local(region, f"{day} 00:00")
    end = rules.local(region, f"{date.fromisoformat(day) + timedelta(days=1)} 00:00")
    assert sla.working_seconds(region, "always", start, end) == hours * 3600


def test_west_of_greenwich_the_local_day_is_the_earlier_one() -> None:
    region = region_with(zone="America/New_York")
    start, end = rules.local(region, "2026-11-23 20:00"), rules.local(region, "2026-11-23 21:00")
    assert sla.working_seconds(region, "always", start, end) == 3600


# calendar | day | working day
DAYS = table("""
office | 2026-11-23 | yes
office | 2026-11-27 | yes
office | 2026-11-28 | no
office | 2026-10-13 | no
office | 2026-12-24 | no
office | 2026-12-25 | no
office | 2027-01-01 | no
clinic | 2026-11-28 | yes
clinic | 2026-11-29 | no
always | 2026-12-25 | yes
always | 2026-10-13 | yes
never  | 2026-11-23 | no
""")


@pytest.mark.parametrize(("calendar", "day", "works"), DAYS, ids=[f"{row[0]} {row[1]}" for row in DAYS])
def test_is_working_day(calendar: str, day: str, works: str) -> None:
    assert sla.is_working_day(region_with(), calendar, date.fromisoformat(day)) is (works == "yes")


def test_a_region_without_national_holidays_works_on_them() -> None:
    region = rules.region(agencies=AGENCIES, national="")
    assert sla.is_working_day(region, "office", date(2026, 12, 25))
