"""After an edit of a calendar every open ticket has its new dates: once each, whatever dies or writes meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from dispatch.models import Audit, Lease, Recount, Ticket
from dispatch.region import Region
from dispatch.runtime import Runtime
from dispatch.services import recounting, tickets
from dispatch.workflow import Status
from tests.support.clock import Clock
from tests.support.desk import officer
from tests.support.tickets import open_ticket, reload

DAY = date(2026, 11, 12)  # a Thursday within every open ticket's fourteen days


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recounting, "BATCH", 4)


def edited(region: Region, edition: str = "with-a-day-off", day: date = DAY) -> Region:
    """The region pack with one more day off."""
    return replace(region, regional_holidays={**region.regional_holidays, day: "Libur baru"}, edition=edition)


def use(runtime: Runtime, region: Region) -> None:
    runtime.__dict__["region"] = region
    runtime.__dict__.pop("phrases", None)


def opened(runtime: Runtime, count: int) -> list[Ticket]:
    """Tickets counted with the edition in force."""
    made = [open_ticket(runtime) for _ in range(count)]
    recounting.recount(runtime, "start")
    return [reload(runtime, ticket) for ticket in made]


def runs(runtime: Runtime) -> list[Recount]:
    with runtime.reading() as session:
        return list(session.scalars(select(Recount).order_by(col(Recount.id))))


def audited(runtime: Runtime, action: str = "deadlines.recount") -> list[Audit]:
    with runtime.reading() as session:
        return list(session.scalars(select(Audit).where(col(Audit.action) == action).order_by(col(Audit.id))))


def local(runtime: Runtime, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=runtime.region.zone)


def test_a_new_day_off_moves_every_open_ticket_and_says_so(runtime: Runtime, small_batches: None) -> None:
    made = opened(runtime, 9)
    use(runtime, edited(runtime.region))
    assert recounting.recount(runtime, "a day off") == 9
    for ticket in made:
        again = reload(runtime, ticket)
        assert (ticket.resolution_due, again.resolution_due) == (
            local(runtime, "2026-11-24 16:00"),
            local(runtime, "2026-11-25 16:00"),
        )
        assert again.first_response_due == ticket.first_response_due  # it ends before the day off
        assert again.version == ticket.version  # an officer who is writing loses nothing
        assert again.region_version == "with-a-day-off"
    lines = audited(runtime)
    assert sorted(line.subject_id for line in lines) == sorted(ticket.number for ticket in made)
    assert lines[0].detail["edition"] == "with-a-day-off"
    assert lines[0].detail["old"] == {"resolution_due": "2026-11-24T08:00:00+00:00"}
    assert lines[0].detail["new"] == {"resolution_due": "2026-11-25T08:00:00+00:00"}
    run = runs(runtime)[-1]
    assert (run.looked, run.changed, run.edition, run.reason) == (9, 9, "with-a-day-off", "a day off")
    assert run.finished_at is not None
    assert audited(runtime, "deadlines.recounted")[-1].detail["changed"] == 9


def test_the_same_edition_is_counted_once(runtime: Runtime) -> None:
    opened(runtime, 2)
    assert recounting.recount(runtime, "again") == 0
    assert len(runs(runtime)) == 1
    assert recounting.recount(runtime, "by hand", again=True) == 2
    assert [run.changed for run in runs(runtime)] == [0, 0]
    assert audited(runtime) == []


def test_withdrawing_the_day_off_gives_the_old_dates_back(runtime: Runtime, small_batches: None) -> None:
    region = runtime.region
    made = opened(runtime, 3)
    use(runtime, edited(region))
    recounting.recount(runtime, "on")
    use(runtime, replace(region, edition="withdrawn"))
    recounting.recount(runtime, "off")
    again = [reload(runtime, ticket) for ticket in made]
    assert {ticket.region_version for ticket in again} == {"withdrawn"}
    left_out = {"region_version"}
    assert [each.model_dump(exclude=left_out) for each in again] == [each.model_dump(exclude=left_out) for each in made]


def test_tickets_of_an_older_release_get_their_next_date_without_a_line_each(runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        row.next_due, row.next_step = None, ""
    recounting.recount(runtime, "first start")
    assert reload(runtime, ticket).next_due == ticket.next_due
    assert audited(runtime) == []


def test_ended_tickets_keep_the_dates_they_were_judged_by(runtime: Runtime) -> None:
    made = opened(runtime, 2)
    with runtime.writing() as session:
        by = officer(runtime, session)
        for ticket, path in zip(made, ([Status.REJECTED], [Status.IN_PROGRESS, Status.RESOLVED]), strict=True):
            for status in path:
                row = session.get_one(Ticket, ticket.id)
                tickets.move(session, runtime.region, runtime.now(), row, status, staff_id=by)
    before = [reload(runtime, ticket) for ticket in made]
    use(runtime, edited(runtime.region))
    recounting.recount(runtime, "a day off")
    after = [reload(runtime, ticket) for ticket in made]
    assert [row.resolution_due for row in after] == [row.resolution_due for row in before]
    assert after[0].next_due is None
    assert after[1].next_due == local(runtime, "2026-11-19 16:00")  # only the silence is longer
    assert before[1].next_due == local(runtime, "2026-11-18 16:00")


def test_a_moment_at_a_time(runtime: Runtime, small_batches: None) -> None:
    opened(runtime, 9)
    use(runtime, edited(runtime.region))
    steps = [recounting.recount(runtime, "edition", seconds=0) for _ in range(4)]
    assert steps == [4, 4, 1, 0]
    assert [run.changed for run in runs(runtime)] == [0, 9]


def test_rules_that_change_again_before_it_is_through_begin_anew(runtime: Runtime, small_batches: None) -> None:
    region, made = runtime.region, opened(runtime, 6)
    use(runtime, edited(region))
    recounting.recount(runtime, "first", seconds=0)
    use(runtime, edited(edited(region), "two-days-off", date(2026, 11, 13)))
    recounting.recount(runtime, "second")
    assert {reload(runtime, ticket).resolution_due for ticket in made} == {local(runtime, "2026-11-26 16:00")}
    assert [(run.edition, run.finished_at is not None) for run in runs(runtime)[1:]] == [
        ("with-a-day-off", True),
        ("two-days-off", True),
    ]


def test_another_process_that_counts_is_left_to_it(runtime: Runtime, clock: Clock) -> None:
    made = opened(runtime, 2)
    use(runtime, edited(runtime.region))
    with runtime.writing() as session:
        session.add(Lease(name=recounting.LEASE, holder="elsewhere:1", until=clock() + recounting.LEASE_SPAN))
    assert recounting.recount(runtime, "edition") == 0
    clock.forward(minutes=2)  # it died
    assert recounting.recount(runtime, "edition") == len(made)


KILLED = """
    import os, signal
    from dataclasses import replace
    from datetime import date, datetime, UTC
    from dispatch.config import Settings
    from dispatch.phrases import REQUIRED
    from dispatch.region import load
    from dispatch.runtime import Runtime
    from dispatch.services import recounting

    runtime = Runtime(Settings.read(os.environ), now=lambda: datetime(2026, 11, 4, 2, 0, tzinfo=UTC))
    region = load("kaltara", required_phrases=REQUIRED)
    holidays = {**region.regional_holidays, date(2026, 11, 12): "Libur baru"}
    runtime.__dict__["region"] = replace(region, regional_holidays=holidays, edition="with-a-day-off")
    recounting.BATCH = 4
    advance = recounting._advance

    def dies(session, now, run, rows):
        found = advance(session, now, run, rows)
        if run.reached:  # in its second batch, all of it written and nothing committed
            session.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    recounting._advance = dies
    recounting.recount(runtime, "edition")
"""


def test_killed_in_the_middle_it_goes_on_and_no_ticket_is_told_twice(
    runtime: Runtime, environment: dict[str, str], clock: Clock, small_batches: None
) -> None:
    made = opened(runtime, 9)
    environ = {**os.environ, **environment}
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(KILLED)], env=environ, timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL
    assert (runs(runtime)[-1].looked, runs(runtime)[-1].finished_at) == (4, None)
    assert len(audited(runtime)) == 4
    use(runtime, edited(runtime.region))
    assert recounting.recount(runtime, "edition") == 0  # the dead one's lease still stands
    clock.forward(minutes=2)
    assert recounting.recount(runtime, "edition") == 5
    assert {reload(runtime, ticket).resolution_due for ticket in made} == {local(runtime, "2026-11-25 16:00")}
    assert sorted(line.subject_id for line in audited(runtime)) == sorted(ticket.number for ticket in made)
    assert (runs(runtime)[-1].looked, runs(runtime)[-1].changed) == (9, 9)


def test_counting_holds_no_lock_and_what_changed_meanwhile_counts_as_it_is(
    runtime: Runtime, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = opened(runtime, 3)
    use(runtime, edited(runtime.region))
    worked, written = recounting._worked, []

    def meanwhile(region: Region, now: datetime, row: Any, changes: Sequence[Any]) -> Any:
        if not written:
            written.append(open_ticket(runtime))  # a citizen's report, while dates are counted
            with runtime.writing() as session:
                second = session.get_one(Ticket, made[1].id)
                by = officer(runtime, session)
                tickets.move(session, runtime.region, runtime.now(), second, Status.WAITING, staff_id=by)
        return worked(region, now, row, changes)

    monkeypatch.setattr(recounting, "_worked", meanwhile)
    recounting.recount(runtime, "edition")
    asked = reload(runtime, made[1])
    assert (asked.status, asked.resolution_due) == (Status.WAITING, local(runtime, "2026-12-03 14:00"))
    for ticket in (made[0], made[2], *written):
        assert reload(runtime, ticket).resolution_due == local(runtime, "2026-11-25 16:00")
    with runtime.reading() as session:
        assert session.scalar(select(func.count()).select_from(Ticket)) == 4


@pytest.mark.parametrize("backend", ["postgres"], indirect=True)
def test_a_ticket_somebody_holds_does_not_hold_up_the_others(
    runtime: Runtime, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = opened(runtime, 3)
    use(runtime, edited(runtime.region))
    alone, seen = recounting._alone, []
    with runtime.writing() as holding:
        holding.scalars(select(Ticket).where(col(Ticket.id) == made[0].id).with_for_update()).one()

        def released(*args: Any) -> None:
            seen.extend(reload(runtime, ticket).resolution_due for ticket in made)
            holding.rollback()  # the officer is through
            alone(*args)

        monkeypatch.setattr(recounting, "_alone", released)
        recounting.recount(runtime, "edition")
    assert seen == [local(runtime, f"2026-11-{day} 16:00") for day in (24, 25, 25)]
    assert reload(runtime, made[0]).resolution_due == local(runtime, "2026-11-25 16:00")


def test_a_calendar_without_working_time_keeps_the_old_dates_and_says_which_ticket(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    made = opened(runtime, 2)
    region = runtime.region
    never = {code: replace(each, week=((),) * 7) for code, each in region.calendars.items()}
    use(runtime, replace(region, calendars=never, edition="never"))
    assert recounting.recount(runtime, "edition") == 2
    assert [reload(runtime, ticket).model_dump() for ticket in made] == [ticket.model_dump() for ticket in made]
    assert {record.ticket for record in caplog.records if record.levelname == "ERROR"} == {  # type: ignore[attr-defined]
        ticket.number for ticket in made
    }
