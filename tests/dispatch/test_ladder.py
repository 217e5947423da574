"""The ladder of escalation: when each rung is told, and which one of several. A table of worked cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dispatch import ladder
from dispatch.ladder import Call, Dates
from dispatch.region import DeskRules, Region
from dispatch.region.rules import Escalation, Rung
from dispatch.workflow import Status

OFFICE, ALWAYS = "tarakan-dpupr", "tarakan-bpbd"
HOURS = {OFFICE: "office", ALWAYS: "always"}


def at(text: str) -> datetime:
    """A local instant, "2026-11-04 16:00", in UTC."""
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


#: name | calendar | deadline (local) | working hours after it | told (local)
INSTANTS = """
closing time is told next morning    | office | 2026-11-04 16:00 |   0 | 2026-11-05 08:00
a working day before the closing     | office | 2026-11-04 16:00 |  -7 | 2026-11-04 08:00
an hour after the closing            | office | 2026-11-04 16:00 |   1 | 2026-11-05 09:00
a working day after the closing      | office | 2026-11-04 16:00 |   7 | 2026-11-06 08:00
three working days after the closing | office | 2026-11-04 16:00 |  21 | 2026-11-10 08:00
in the middle of the morning         | office | 2026-11-04 10:00 |   0 | 2026-11-04 10:00
hours over the lunch break           | office | 2026-11-04 10:00 |   3 | 2026-11-04 14:00
an hour before the end of lunch      | office | 2026-11-04 12:30 |  -1 | 2026-11-04 11:00
an hour after it                     | office | 2026-11-04 12:30 |   1 | 2026-11-04 14:00
at the beginning of lunch            | office | 2026-11-04 12:00 |   0 | 2026-11-04 13:00
Friday's closing waits for Monday    | office | 2026-11-06 16:30 |   0 | 2026-11-09 08:00
Friday's shorter morning             | office | 2026-11-06 11:00 |   1 | 2026-11-06 13:30
Saturday night                       | office | 2026-11-07 03:00 |   0 | 2026-11-09 08:00
an hour before Saturday night        | office | 2026-11-07 03:00 |  -1 | 2026-11-06 15:30
seven hours before Monday's opening  | office | 2026-11-09 08:00 |  -7 | 2026-11-06 08:00
a day off, Christmas and a weekend   | office | 2026-12-23 16:00 |   0 | 2026-12-28 08:00
an hour over those days              | office | 2026-12-23 16:00 |   1 | 2026-12-28 09:00
a deadline on a holiday              | office | 2026-12-25 10:00 |   0 | 2026-12-28 08:00
never closed: at night               | always | 2026-11-08 03:00 |   0 | 2026-11-08 03:00
never closed: before, over midnight  | always | 2026-11-08 03:00 |  -7 | 2026-11-07 20:00
never closed: on a holiday           | always | 2026-12-25 00:00 |   1 | 2026-12-25 01:00
"""


def table(text: str) -> list[object]:
    rows = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return [pytest.param(*row[1:], id=row[0]) for row in rows]


@pytest.mark.parametrize(("calendar", "due", "after", "told"), table(INSTANTS))
def test_when_a_rung_is_told(kaltara: Region, calendar: str, due: str, after: str, told: str) -> None:
    assert ladder.instant(kaltara, calendar, at(due), int(after)) == at(told)


def test_a_calendar_without_working_time_keeps_nothing_quiet(kaltara: Region) -> None:
    idle = replace(kaltara.calendars["office"], code="idle", week=((),) * 7)
    region = replace(kaltara, calendars={**kaltara.calendars, "idle": idle})
    assert ladder.instant(region, "idle", at("2026-11-04 16:00"), 1) == at("2026-11-04 17:00")
    assert ladder.instant(region, "idle", at("2026-11-04 16:00"), -1) == at("2026-11-04 15:00")
    assert ladder.opening(region, "idle", at("2026-11-04 16:00")) == at("2026-11-04 16:00")


def test_a_naive_instant_is_refused(kaltara: Region) -> None:
    with pytest.raises(ValueError, match="aware"):
        ladder.opening(kaltara, "office", datetime(2026, 11, 4))  # noqa: DTZ001


DATES = Dates(
    status=Status.ASSIGNED,
    verify_due=at("2026-11-09 16:00"),
    first_response_due=at("2026-11-11 16:00"),
    resolution_due=at("2026-11-24 16:00"),
)

#: name | what is different | steps whose deadline can still be missed
RUNNING: list[tuple[str, dict[str, object], str]] = [
    ("nothing is done yet", {}, "first_response verify resolution"),
    ("checked", {"verified": True}, "first_response resolution"),
    ("answered and in progress", {"status": Status.IN_PROGRESS, "verified": True, "answered": True}, "resolution"),
    ("the citizen has the answer", {"status": Status.ANSWERED, "verified": True, "answered": True}, ""),
    (
        "the citizen is asked",
        {"status": Status.WAITING, "verified": True, "pause_until": at("2026-11-12 16:00")},
        "first_response",
    ),
    (
        "the pause is over",
        {"status": Status.WAITING, "verified": True, "pause_until": at("2026-11-04 10:00")},
        "first_response resolution",
    ),
    ("the cap was set long ago", {"status": Status.WAITING, "verified": True, "answered": True}, "resolution"),
    ("to be accepted", {"accept_due": at("2026-11-06 09:00")}, "first_response verify accept resolution"),
    ("accepted", {"accept_due": at("2026-11-06 09:00"), "accepted": True}, "first_response verify resolution"),
    (
        "begun without accepting",
        {"status": Status.IN_PROGRESS, "accept_due": at("2026-11-06 09:00")},
        "first_response verify resolution",
    ),
    ("resolved", {"status": Status.RESOLVED}, ""),
    ("closed", {"status": Status.CLOSED}, ""),
    ("referred", {"status": Status.FORWARDED}, ""),
]


@pytest.mark.parametrize(("changed", "steps"), [pytest.param(*row[1:], id=row[0]) for row in RUNNING])
def test_which_deadlines_can_still_be_missed(changed: dict[str, object], steps: str) -> None:
    assert " ".join(ladder.running(replace(DATES, **changed), at("2026-11-04 10:00"))) == steps


@pytest.fixture
def region(kaltara: Region) -> Region:
    rungs = (
        Rung("officer", "agency", -7),
        Rung("officer", "agency", 0),
        Rung("head", "agency", 1),
        Rung("supervisor", "supervisor", 7),
        Rung("secretary", "region", 21),
    )
    return replace(kaltara, desk_rules=DeskRules(escalation=Escalation(rungs=rungs)))


#: name | agency | now (local) | what was told of the resolution already | the highest rung that is due, 0 for none
CLIMBS = """
too early                            | tarakan-dpupr | 2026-11-24 07:59 | 0 | 0
a working day before                 | tarakan-dpupr | 2026-11-24 08:00 | 0 | 1
told already                         | tarakan-dpupr | 2026-11-24 12:30 | 1 | 0
the deadline itself, in time         | tarakan-dpupr | 2026-11-24 16:00 | 1 | 0
the night after                      | tarakan-dpupr | 2026-11-24 23:00 | 1 | 0
the morning after                    | tarakan-dpupr | 2026-11-25 08:00 | 1 | 2
an hour later the head               | tarakan-dpupr | 2026-11-25 09:00 | 2 | 3
a day later the supervisor           | tarakan-dpupr | 2026-11-26 08:00 | 3 | 4
three days later the secretary       | tarakan-dpupr | 2026-11-30 08:00 | 4 | 5
nothing above the last rung          | tarakan-dpupr | 2026-12-30 10:00 | 5 | 0
the clock was away for a week        | tarakan-dpupr | 2026-12-02 10:00 | 0 | 5
it comes back at night               | tarakan-dpupr | 2026-12-02 22:00 | 0 | 0
it comes back in the lunch break     | tarakan-dpupr | 2026-12-02 12:15 | 0 | 0
it comes back on a Sunday            | tarakan-dpupr | 2026-11-29 10:00 | 0 | 0
never closed: at night               | tarakan-bpbd  | 2026-11-24 16:30 | 1 | 2
never closed: on a Sunday            | tarakan-bpbd  | 2026-11-29 03:00 | 0 | 5
"""


@pytest.mark.parametrize(("agency", "now", "told", "number"), table(CLIMBS))
def test_which_rung_is_told(region: Region, agency: str, now: str, told: str, number: str) -> None:
    dates = replace(DATES, status=Status.IN_PROGRESS, verified=True, answered=True)
    calls = ladder.calls(region, agency, dates, at(now), {("resolution", dates.resolution_due): int(told)})
    due = ladder.due(region, agency, calls, at(now))
    assert (ladder.highest(due).number if due else 0) == int(number)


def test_a_deadline_that_moved_begins_anew(region: Region) -> None:
    dates = replace(DATES, status=Status.IN_PROGRESS, verified=True, answered=True)
    told = {("resolution", dates.resolution_due - timedelta(days=7)): 5}
    calls = ladder.calls(region, OFFICE, dates, at("2026-11-24 09:00"), told)
    assert [call.number for call in calls] == [1, 2, 3, 4, 5]
    assert [call.at for call in calls] == sorted(call.at for call in calls)


def test_of_several_deadlines_the_one_missed_longest_is_told() -> None:
    rung = Rung("head", "agency", 1)
    early, late = at("2026-11-09 16:00"), at("2026-11-11 16:00")
    calls = [
        Call("first_response", late, 3, rung, late),
        Call("verify", early, 3, rung, early),
        Call("verify", early, 2, rung, early),
    ]
    assert ladder.highest(calls) == calls[1]
