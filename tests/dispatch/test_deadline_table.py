"""The table of worked deadlines: one row, one test, the same on a machine in any zone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, timedelta

import pytest

from dispatch import hours, sla
from tests.support import deadline_cases
from tests.support.deadline_cases import Case

TABLE = deadline_cases.read()


@pytest.fixture(params=["UTC", "Asia/Makassar", "America/New_York"])
def machine_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    hours._KNOWN.clear()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_the_table_is_as_long_as_it_should_be_and_names_each_case_once() -> None:
    assert len(TABLE) >= 150
    assert len({case.name for case in TABLE}) == len(TABLE)


@pytest.mark.parametrize("case", TABLE, ids=[case.name for case in TABLE])
def test_worked(case: Case, machine_zone: str) -> None:
    def due() -> sla.Deadline:
        return sla.deadline(
            case.region,
            case.agency,
            kind=case.kind,
            supervision=case.supervision,
            stage=case.stage,
            start=case.opened_at,
            changes=case.changes,
        )

    if case.due is None:
        with pytest.raises(hours.NoWorkingTime, match=f"calendar {case.agency} "):
            due()
        return
    found = due().at
    assert found.tzinfo is UTC
    assert found == case.due, f"{case.region.local(found):%a %F %T} instead of {case.due:%a %F %T}"


@pytest.mark.parametrize("case", [case for case in TABLE if case.due], ids=[case.name for case in TABLE if case.due])
def test_an_explanation_says_the_same_date_and_adds_up(case: Case) -> None:
    assert case.due is not None
    found = sla.explain(
        case.region,
        case.agency,
        kind=case.kind,
        supervision=case.supervision,
        stage=case.stage,
        start=case.opened_at,
        changes=case.changes,
        now=case.due,
    )
    assert found.due == case.due
    assert (found.moved > timedelta()) == (found.due > found.base)
    if found.rule.counts == "working_days":
        paused = sum(
            (
                hours.worked(case.region, found.calendar, max(each.start, found.start), min(each.end, found.due))
                for each in found.pauses
                if each.end is not None
            ),
            timedelta(),
        )
        assert found.moved == paused
        first, last = hours.local_day(case.region, found.start), hours.local_day(case.region, found.due)
        assert all(first < day <= last and hours.holiday(case.region, day) for day in found.days_off)
