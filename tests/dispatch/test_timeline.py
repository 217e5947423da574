"""When a ticket's clock runs, from its history: Wednesday 4 November 2026 and the days around it, local times."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest

from dispatch import timeline
from dispatch.timeline import Change
from dispatch.workflow import Status
from tests.support import deadline_cases, rules

REGION = rules.region(
    agencies=[rules.agency(code, f"work-{code}", calendar=code) for code in rules.CALENDARS],
    holidays=deadline_cases.HOLIDAYS,
    national="",
)


def at(text: str) -> datetime:
    return rules.local(REGION, f"2026-11-{text}")


OPENED = at("02 09:00")


def story(*steps: tuple[str, str]) -> list[Change]:
    """Steps "day time", status; each begins where the one before ended."""
    found: list[Change] = [(OPENED, "", "new")]
    for when, to in steps:
        found.append((at(when), found[-1][2], to))
    return found


def shown(spans: tuple[timeline.Stretch, ...]) -> list[tuple[str, str, str]]:
    def text(moment: datetime | None) -> str:
        return REGION.local(moment).strftime("%d %H:%M") if moment else "…"

    return [(text(each.start), text(each.end), each.status.value) for each in spans]


ORDINARY = story(("03 10:00", "assigned"), ("04 10:00", "waiting"), ("05 10:00", "in_progress"))
CUT = [
    ("02 09:00", "03 10:00", "new"),
    ("03 10:00", "04 10:00", "assigned"),
    ("04 10:00", "05 10:00", "waiting"),
    ("05 10:00", "…", "in_progress"),
]


def test_a_life_is_cut_at_its_steps() -> None:
    assert shown(timeline.stretches(OPENED, ORDINARY)) == CUT


@pytest.mark.parametrize("seed", range(6))
def test_rows_may_come_in_any_order(seed: int) -> None:
    mixed = list(ORDINARY)
    random.Random(seed).shuffle(mixed)
    assert shown(timeline.stretches(OPENED, mixed)) == CUT


def test_without_any_row_it_is_new() -> None:
    assert shown(timeline.stretches(OPENED, ())) == [("02 09:00", "…", "new")]


def test_steps_of_one_instant_follow_each_other_as_their_ends_fit() -> None:
    steps = story(("03 10:00", "assigned"), ("03 10:00", "in_progress"), ("03 10:00", "waiting"))
    expected = [("02 09:00", "03 10:00", "new"), ("03 10:00", "…", "waiting")]
    for order in (steps, steps[::-1], [steps[2], steps[0], steps[3], steps[1]]):
        assert shown(timeline.stretches(OPENED, order)) == expected


def test_a_step_dated_before_the_opening_counts_at_the_opening() -> None:
    steps: list[Change] = [
        (OPENED, "", "new"),
        (at("01 08:00"), "new", "assigned"),
        (at("03 10:00"), "assigned", "waiting"),
    ]
    assert shown(timeline.stretches(OPENED, steps))[-1] == ("03 10:00", "…", "waiting")
    assert all(each.start >= OPENED for each in timeline.stretches(OPENED, steps))


def test_a_step_to_the_same_status_begins_nothing() -> None:
    steps = story(("04 10:00", "waiting"), ("05 10:00", "waiting"), ("06 10:00", "in_progress"))
    assert shown(timeline.stretches(OPENED, steps))[1] == ("04 10:00", "06 10:00", "waiting")


#: case → steps, (start, end, whether the cap ends it) of every pause
PAUSES: dict[str, tuple[list[Change], list[tuple[str, str | None, bool]]]] = {
    "none": (story(("03 10:00", "assigned")), []),
    "answered-in-time": (ORDINARY, [("04 10:00", "05 10:00", False)]),
    "exactly-the-cap": (
        story(("04 10:00", "waiting"), ("11 16:00", "in_progress")),
        [("04 10:00", "11 16:00", False)],
    ),
    "past-the-cap": (story(("04 10:00", "waiting"), ("11 16:01", "in_progress")), [("04 10:00", "11 16:00", True)]),
    "not-answered": (story(("04 10:00", "waiting")), [("04 10:00", "11 16:00", True)]),
    "answer-given": (story(("04 10:00", "answered")), [("04 10:00", None, False)]),
    "answered-while-asked": (
        story(("04 10:00", "waiting"), ("05 10:00", "answered"), ("06 10:00", "in_progress")),
        [("04 10:00", "05 10:00", False), ("05 10:00", "06 10:00", False)],
    ),
    "ended": (
        story(("04 10:00", "resolved"), ("18 10:00", "closed")),
        [("04 10:00", "18 10:00", False), ("18 10:00", None, False)],
    ),
}


@pytest.mark.parametrize(("steps", "expected"), PAUSES.values(), ids=PAUSES)
def test_pauses(steps: list[Change], expected: list[tuple[str, str | None, bool]]) -> None:
    found = timeline.pauses(REGION, "office", OPENED, steps)
    assert [(each.start, each.end, each.capped) for each in found] == [
        (at(start), at(end) if end else None, capped) for start, end, capped in expected
    ]


def test_the_clock_runs_between_pauses_and_not_after_an_open_one() -> None:
    steps = story(("04 10:00", "waiting"), ("05 10:00", "in_progress"), ("06 10:00", "answered"))
    stops = timeline.pauses(REGION, "office", OPENED, steps)
    assert timeline.running(OPENED, stops) == ((OPENED, at("04 10:00")), (at("05 10:00"), at("06 10:00")))


#: case → steps, holders, until, hours of working time by agency
SHARES: dict[str, tuple[list[Change], list[tuple[str, str]], str, dict[str, float]]] = {
    "one": (story(), [("02 09:00", "office")], "03 16:00", {"office": 13}),
    "two": (story(), [("02 09:00", "office"), ("03 09:00", "clinic")], "03 16:00", {"office": 7, "clinic": 5}),
    "two-and-back": (
        story(),
        [("02 09:00", "office"), ("03 09:00", "clinic"), ("03 14:00", "office")],
        "03 16:00",
        {"office": 9, "clinic": 5},
    ),
    "a-pause-belongs-to-nobody": (
        ORDINARY,
        [("02 09:00", "office"), ("05 09:00", "clinic")],
        "05 12:00",
        {"office": 15, "clinic": 2},
    ),
    "the-cap-is-over": (story(("04 10:00", "waiting")), [("02 09:00", "office")], "12 10:00", {"office": 17}),
    "ended": (story(("03 12:00", "resolved")), [("02 09:00", "office")], "20 10:00", {"office": 10}),
    "the-first-has-it-from-the-opening": (story(), [("03 09:00", "office")], "03 16:00", {"office": 13}),
    "rows-in-any-order": (
        story(),
        [("03 09:00", "clinic"), ("02 09:00", "office")],
        "03 16:00",
        {"office": 7, "clinic": 5},
    ),
    "a-stranger-counts-like-the-desk": (story(), [("02 09:00", "gone")], "03 16:00", {"gone": 13}),
    "nobody": (story(), [], "03 16:00", {}),
}


@pytest.mark.parametrize(("steps", "holders", "until", "expected"), SHARES.values(), ids=SHARES)
def test_shares(steps: list[Change], holders: list[tuple[str, str]], until: str, expected: dict[str, float]) -> None:
    rows = [(at(when), agency) for when, agency in holders]
    found = timeline.shares(REGION, OPENED, steps, rows, at(until))
    assert {share.agency: share.time for share in found} == {
        agency: timedelta(hours=length) for agency, length in expected.items()
    }


@pytest.mark.parametrize("status", sorted(Status))
def test_the_clock_runs_while_the_next_move_is_ours(status: Status) -> None:
    steps: list[Change] = [(OPENED, "", "new"), (at("04 10:00"), "new", status.value)]
    ours = status in {Status.NEW, Status.ASSIGNED, Status.IN_PROGRESS}
    assert bool(timeline.pauses(REGION, "office", OPENED, steps)) is not ours
