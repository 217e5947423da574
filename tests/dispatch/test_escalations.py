"""Escalation: who is told of which deadline, once, in working time, whatever dies in between."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from threading import Barrier, Thread

import pytest
from sqlalchemy import update
from sqlmodel import col

from dispatch.config import Settings
from dispatch.models import Alert, Position, Privacy, Role, Staff, StatusChange, Ticket
from dispatch.region import DeskRules, Region
from dispatch.region.rules import Escalation
from dispatch.runtime import Runtime
from dispatch.services import alerts, consequences, deadlines, escalations, tickets
from dispatch.workflow import Status
from tests.support.clock import Clock
from tests.support.desk import rows
from tests.support.ladder import AGENCY, SUPERVISOR, at, ladder_of, person, sweep, told
from tests.support.tickets import answer, open_ticket, reload

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def runtime(runtime: Runtime, kaltara: Region) -> Runtime:
    """The region with the usual ladder, whatever its own is."""
    runtime.__dict__["region"] = replace(kaltara, desk_rules=DeskRules(escalation=Escalation()))
    return runtime


def ticket_due(runtime: Runtime, when: str = "2026-11-06 16:30", **fields: object) -> Ticket:
    """A ticket of the agency whose only running deadline is its resolution."""
    found = open_ticket(runtime)
    values = {
        "agency": AGENCY,
        "status": Status.IN_PROGRESS,
        "verified_at": runtime.now(),
        "first_response_at": runtime.now(),
        "accept_due": None,
        "resolution_due": at(when),
        "ladder_at": None,
        **fields,
    }
    with runtime.writing() as session:
        session.execute(update(Ticket).where(col(Ticket.id) == found.id).values(**values))
    return reload(runtime, found)


def test_the_ladder_is_climbed_rung_by_rung(runtime: Runtime, clock: Clock) -> None:
    ladder_of(runtime)
    ticket = ticket_due(runtime)
    steps = [
        ("2026-11-06 07:59", 0, ""),
        ("2026-11-06 08:00", 1, "officer"),
        ("2026-11-06 10:05", 0, ""),
        ("2026-11-06 17:00", 0, ""),
        ("2026-11-07 10:00", 0, ""),
        ("2026-11-09 08:00", 1, "officer"),
        ("2026-11-09 09:00", 1, "head"),
        ("2026-11-10 08:00", 1, "supervisor"),
        ("2026-11-12 08:00", 1, "secretary"),
        ("2026-11-30 10:00", 0, ""),
    ]
    for when, count, name in steps:
        assert sweep(runtime, clock, when) == count, when
        if name:
            assert told(runtime)[-1][3] == name
        assert sweep(runtime, clock, when) == 0
    assert [(kind, rung) for kind, _, rung, _ in told(runtime)] == [
        ("due", 1),
        ("late", 2),
        ("late", 3),
        ("late", 4),
        ("late", 5),
    ]
    assert reload(runtime, ticket).escalated == 5
    assert all(row.ticket_id == ticket.id and row.step == "resolution" for row in rows(runtime, Alert))


def test_a_clock_that_was_away_tells_the_highest_rung_only(runtime: Runtime, clock: Clock) -> None:
    ladder_of(runtime)
    ticket = ticket_due(runtime)
    assert sweep(runtime, clock, "2026-11-22 12:00") == 0
    assert sweep(runtime, clock, "2026-11-23 10:00") == 1
    assert sweep(runtime, clock, "2026-11-23 14:00") == 0
    [alert] = rows(runtime, Alert)
    assert told(runtime) == [("late", "resolution", 5, "secretary")]
    assert alert.detail["skipped"] == [["resolution", number] for number in (1, 2, 3, 4)]
    assert reload(runtime, ticket).escalated == 5


def test_of_several_missed_deadlines_one_is_told(runtime: Runtime, clock: Clock) -> None:
    ladder_of(runtime)
    ticket_due(
        runtime,
        status=Status.ASSIGNED,
        verified_at=None,
        first_response_at=None,
        verify_due=at("2026-11-05 16:00"),
        first_response_due=at("2026-11-06 16:30"),
    )
    assert sweep(runtime, clock, "2026-11-23 10:00") == 1
    assert sweep(runtime, clock, "2026-11-24 10:00") == 0
    assert told(runtime) == [("late", "verify", 5, "secretary")]


def test_nothing_is_told_while_the_citizen_is_asked(runtime: Runtime, clock: Clock) -> None:
    ladder_of(runtime)
    ticket = ticket_due(runtime, status=Status.WAITING, pause_until=at("2026-11-12 16:00"))
    assert sweep(runtime, clock, "2026-11-11 10:00") == 0
    assert sweep(runtime, clock, "2026-11-13 08:00") == 1
    assert rows(runtime, Alert)[0].ticket_id == ticket.id


@pytest.mark.parametrize("status", [Status.ANSWERED, Status.RESOLVED, Status.CLOSED, Status.REJECTED])
@on_sqlite
def test_a_clock_that_stands_still_tells_nobody(runtime: Runtime, clock: Clock, status: Status) -> None:
    ladder_of(runtime)
    ticket_due(runtime, status=status)
    assert sweep(runtime, clock, "2026-11-11 10:00") == 0


def test_a_deadline_that_moved_is_told_anew(runtime: Runtime, clock: Clock) -> None:
    ladder_of(runtime)
    ticket = ticket_due(runtime)
    assert sweep(runtime, clock, "2026-11-06 10:00") == 1
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        row.resolution_due, row.ladder_at = at("2026-11-13 16:30"), None
        session.add(row)
    assert sweep(runtime, clock, "2026-11-09 10:00") == 0
    assert sweep(runtime, clock, "2026-11-13 10:00") == 1
    assert [row[3] for row in told(runtime)] == ["officer", "officer"]


def test_whatever_moves_a_date_has_the_ladder_looked_at_again(runtime: Runtime, clock: Clock) -> None:
    ticket = open_ticket(runtime)
    escalations.sweep(runtime)
    looked = reload(runtime, ticket).ladder_at
    assert looked is not None
    assert looked > clock()
    with runtime.writing() as session:
        deadlines.settle(session, runtime.region, runtime.now(), session.get_one(Ticket, ticket.id))
    assert reload(runtime, ticket).ladder_at is None


#: name | who is there, by the names of ``ladder_of`` | who is told of the officer's rung
EMPTY_RUNGS = [
    ("everybody is there", "officer head supervisor secretary admin", "officer"),
    ("no officer", "head supervisor secretary admin", "head"),
    ("nobody at the agency", "supervisor secretary admin", "supervisor"),
    ("nobody below the secretary", "secretary admin", "secretary"),
    ("only an administrator", "admin", "admin"),
]


@pytest.mark.parametrize(("present", "reader"), [pytest.param(*row[1:], id=row[0]) for row in EMPTY_RUNGS])
@on_sqlite
def test_an_empty_rung_is_filled_from_above(runtime: Runtime, clock: Clock, present: str, reader: str) -> None:
    ids = ladder_of(runtime)
    with runtime.writing() as session:
        for name in ids.keys() - set(present.split()):
            session.get_one(Staff, ids[name]).disabled_at = runtime.now()
    ticket_due(runtime)
    sweep(runtime, clock, "2026-11-06 09:00")
    assert [row[3] for row in told(runtime)] == [reader]
    [alert] = rows(runtime, Alert)
    assert alert.detail["instead"] is (reader != "officer")
    assert alert.detail["wanted"] == "officer"


@on_sqlite
def test_who_stands_where(runtime: Runtime) -> None:
    ids = ladder_of(runtime)
    plain = person(runtime, "watching", agencies=(), role=Role.SUPERVISOR)
    person(runtime, "elsewhere", agencies=("tarakan-dlh",))
    person(runtime, "other-head", Position.HEAD, ("malinau-dpupr",))

    def of(position: str, scope: str) -> set[int]:
        with runtime.reading() as session:
            return set(alerts.people(session, runtime.region, position=position, scope=scope, agency=AGENCY))

    assert of("officer", "agency") == {ids["officer"]}
    assert of("head", "agency") == {ids["head"]}
    assert of("supervisor", "supervisor") == {ids["supervisor"], plain.id}
    assert of("secretary", "region") == {ids["secretary"]}
    assert of("admin", "region") == {ids["admin"]}


@on_sqlite
def test_who_watches_over_an_agency_may_open_its_tickets(runtime: Runtime) -> None:
    ids = ladder_of(runtime)
    with runtime.reading() as session:
        scope = escalations.alerts.privacy.scope_of(session, runtime.region, session.get_one(Staff, ids["supervisor"]))
    assert scope.sees(AGENCY)
    assert scope.sees(SUPERVISOR)
    assert not scope.sees("malinau-dpupr")


@pytest.mark.parametrize("when", ["2026-11-08 03:00", "2026-12-25 23:30"], ids=["a Sunday night", "Christmas night"])
def test_danger_to_life_reaches_all_officers_and_the_head_at_once(runtime: Runtime, clock: Clock, when: str) -> None:
    ladder_of(runtime)
    person(runtime, "second")
    ticket_due(runtime, "2027-01-29 16:30", danger="flood")
    assert sweep(runtime, clock, when) == 3
    assert sweep(runtime, clock, when) == 0
    assert sorted(row[3] for row in told(runtime)) == ["head", "officer", "second"]
    assert {row[0] for row in told(runtime)} == {"danger"}


def test_danger_is_told_to_the_next_agency_too(runtime: Runtime, clock: Clock) -> None:
    ladder_of(runtime)
    person(runtime, "rescue", agencies=("tarakan-bpbd",))
    ticket = ticket_due(runtime, "2027-01-29 16:30", danger="flood")
    sweep(runtime, clock, "2026-11-08 03:00")
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        row.agency, row.ladder_at = "tarakan-bpbd", None
        session.add(row)
    assert sweep(runtime, clock, "2026-11-08 03:10") == 1
    assert told(runtime)[-1][3] == "rescue"


def test_danger_with_nobody_at_the_agency_goes_up_once(runtime: Runtime, clock: Clock) -> None:
    person(runtime, "admin", agencies=(), role=Role.ADMIN)
    ticket_due(runtime, "2027-01-29 16:30", danger="flood")
    assert sweep(runtime, clock, "2026-11-08 03:00") == 1
    assert told(runtime) == [("danger", "", 0, "admin")]


def test_a_secret_ticket_is_told_only_to_those_who_may_read_it(runtime: Runtime, clock: Clock) -> None:
    ladder_of(runtime)
    person(runtime, "trusted", secret=True)
    ticket_due(runtime, privacy=Privacy.SECRET)
    assert sweep(runtime, clock, "2026-11-06 10:00") == 1
    assert [row[3] for row in told(runtime)] == ["trusted"]


def test_a_secret_ticket_nobody_may_read_is_not_betrayed(runtime: Runtime, clock: Clock) -> None:
    ladder_of(runtime)
    ticket = ticket_due(runtime, privacy=Privacy.SECRET)
    sweep(runtime, clock, "2026-11-06 10:00")
    sweep(runtime, clock, "2026-11-06 14:00")
    [alert] = rows(runtime, Alert)
    assert told(runtime) == [("unread", "", 0, "admin")]
    assert alert.ticket_id is None
    assert ticket.number not in alerts.sentence(runtime.phrases, alert, None, "id")


def test_a_ticket_that_breaks_does_not_stop_the_others(
    runtime: Runtime, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ladder_of(runtime)
    broken, sound = ticket_due(runtime), ticket_due(runtime)
    climb = escalations.climb

    def breaking(session: object, wired: Runtime, now: object, ticket: Ticket) -> int:
        if ticket.id == broken.id:
            raise RuntimeError("broken on purpose")
        return climb(session, wired, now, ticket)  # type: ignore[arg-type]

    monkeypatch.setattr(escalations, "climb", breaking)
    assert sweep(runtime, clock, "2026-11-06 10:00") == 1
    assert rows(runtime, Alert)[0].ticket_id == sound.id
    assert reload(runtime, broken).ladder_at == clock() + escalations.RECHECK
    monkeypatch.undo()
    assert sweep(runtime, clock, "2026-11-06 11:00") == 1


def test_a_sweep_is_bounded_and_the_next_goes_on(
    runtime: Runtime, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ladder_of(runtime)
    monkeypatch.setattr(escalations, "BATCH", 2)
    for _ in range(5):
        ticket_due(runtime)
    assert [sweep(runtime, clock, "2026-11-06 10:00") for _ in range(4)] == [2, 2, 1, 0]


def _runtime(environment: dict[str, str], region: Region, clock: Clock) -> Runtime:
    wired = Runtime(Settings.read(environment), now=clock)
    wired.__dict__["region"] = region
    return wired


def test_two_clocks_at_once_tell_everybody_once(runtime: Runtime, clock: Clock, environment: dict[str, str]) -> None:
    ladder_of(runtime)
    for _ in range(12):
        ticket_due(runtime)
    clock.instant = at("2026-11-06 10:00")
    barrier, counts = Barrier(2), []

    def work() -> None:
        own = _runtime(environment, runtime.region, clock)
        barrier.wait()
        counts.append(escalations.sweep(own))
        own.close()

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 12
    assert len(rows(runtime, Alert)) == 12


class _Killed(BaseException):
    """What a process that dies looks like from inside."""


def test_a_clock_that_dies_between_the_alert_and_the_commit_tells_once(
    runtime: Runtime, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ladder_of(runtime)
    for _ in range(3):
        ticket_due(runtime)
    climb, calls = escalations.climb, []

    def dying(session: object, wired: Runtime, now: object, ticket: Ticket) -> int:
        count = climb(session, wired, now, ticket)  # type: ignore[arg-type]
        calls.append(ticket.id)
        if len(calls) == 2:
            raise _Killed
        return count

    monkeypatch.setattr(escalations, "climb", dying)
    with pytest.raises(_Killed):
        sweep(runtime, clock, "2026-11-06 10:00")
    assert len(rows(runtime, Alert)) == 1
    monkeypatch.undo()
    assert sweep(runtime, clock, "2026-11-06 10:00") == 2
    assert len({row.ticket_id for row in rows(runtime, Alert)}) == len(rows(runtime, Alert)) == 3


def _sweep_for_ever(environment: dict[str, str], region_name: str, ready: object) -> None:
    from dispatch.region import load

    clock = Clock(at("2026-11-06 10:00"))
    region = replace(load(region_name), desk_rules=DeskRules(escalation=Escalation()))
    own = _runtime(environment, region, clock)
    ready.set()  # type: ignore[attr-defined]
    while True:
        escalations.sweep(own)


def test_a_process_that_is_killed_leaves_nothing_half_told(
    runtime: Runtime, clock: Clock, environment: dict[str, str]
) -> None:
    ladder_of(runtime)
    for _ in range(25):
        ticket_due(runtime)
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_sweep_for_ever, args=(environment, "kaltara", ready))
    process.start()
    assert ready.wait(60)
    while process.is_alive() and not rows(runtime, Alert):
        process.join(0.005)
    process.kill()
    process.join()
    before = len(rows(runtime, Alert))
    assert before >= 1
    clock.instant = at("2026-11-06 10:00")
    assert escalations.sweep(runtime) == 25 - before
    assert len({row.ticket_id for row in rows(runtime, Alert)}) == len(rows(runtime, Alert)) == 25


# Reopened


def change(runtime: Runtime, ticket: Ticket, *path: Status, staff_id: int | None = None) -> None:
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        for to in path:
            tickets.move(session, runtime.region, runtime.now(), row, to, staff_id=staff_id, reason="test")


def test_a_reopened_ticket_reaches_its_officer_and_the_supervisor(runtime: Runtime, clock: Clock) -> None:
    ids = ladder_of(runtime)
    person(runtime, "second")
    ticket = ticket_due(runtime, status=Status.ASSIGNED)
    with runtime.reading() as session:
        officer = session.get_one(Staff, ids["officer"])
    answer(runtime, ticket, by=officer)
    change(runtime, ticket, Status.RESOLVED, Status.IN_PROGRESS)
    for _ in range(2):
        consequences.sweep(runtime)
    found = [row for row in told(runtime) if row[0] == "reopened"]
    assert sorted(row[3] for row in found) == ["officer", "supervisor"]


def test_with_its_officer_gone_all_officers_hear_of_it(runtime: Runtime, clock: Clock) -> None:
    ids = ladder_of(runtime)
    person(runtime, "second")
    ticket = ticket_due(runtime, status=Status.ASSIGNED)
    with runtime.reading() as session:
        officer = session.get_one(Staff, ids["officer"])
    answer(runtime, ticket, by=officer)
    with runtime.writing() as session:
        session.get_one(Staff, ids["officer"]).disabled_at = runtime.now()
    change(runtime, ticket, Status.RESOLVED, Status.IN_PROGRESS)
    consequences.sweep(runtime)
    assert sorted(row[3] for row in told(runtime) if row[0] == "reopened") == ["second", "supervisor"]


@on_sqlite
def test_what_did_not_end_was_not_reopened(runtime: Runtime, clock: Clock) -> None:
    ladder_of(runtime)
    ticket = ticket_due(runtime)
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        for before, to in (("", "new"), ("assigned", "in_progress"), ("resolved", "closed")):
            step = StatusChange(ticket_id=row.id or 0, from_status=before, to_status=to, at=runtime.now())
            session.add(step)
            session.flush()
            escalations.reopened(runtime, session, row, step)
    assert rows(runtime, Alert) == []
