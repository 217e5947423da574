"""A ticket's dates as they are kept: set at every step, the same when worked out again, and what is due next."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlmodel import Session

from dispatch import hours
from dispatch.models import CitizenAddress, Ticket
from dispatch.runtime import Runtime
from dispatch.services import answers, deadlines, tickets
from dispatch.workflow import Status
from tests.support import deadline_cases, rules
from tests.support.clock import Clock
from tests.support.desk import officer
from tests.support.tickets import arrive, open_ticket, reload

one_database = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

#: The clock of the tests stands at Wednesday, 4 November 2026, 10:00 WITA.


def local(runtime: Runtime, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=runtime.region.zone)


def step(runtime: Runtime, ticket: Ticket, to: Status, at: str) -> Ticket:
    """The ticket takes a step at a local time, which becomes the present."""
    runtime.now.instant = local(runtime, at)  # type: ignore[attr-defined]
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        tickets.move(session, runtime.region, runtime.now(), row, to, staff_id=officer(runtime, session))
    return reload(runtime, ticket)


def reply(runtime: Runtime, ticket: Ticket, at: str) -> Ticket:
    runtime.now.instant = local(runtime, at)  # type: ignore[attr-defined]
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        answers.reply(
            session, runtime.phrases, runtime.now(), row, text="Sudah dijadwalkan.", staff_id=officer(runtime, session)
        )
    return reload(runtime, ticket)


def reload_and_settle(runtime: Runtime, ticket: Ticket) -> Ticket:
    with runtime.writing() as session:
        deadlines.settle(session, runtime.region, runtime.now(), session.get_one(Ticket, ticket.id))
    return reload(runtime, ticket)


def test_a_new_ticket_must_be_looked_at_first(runtime: Runtime) -> None:
    ticket = open_ticket(runtime, category=None)
    assert (ticket.next_step, ticket.next_due) == (deadlines.VERIFY, ticket.verify_due)
    assert ticket.next_due == local(runtime, "2026-11-09 16:00")


def test_one_with_an_agency_waits_for_its_first_answer(runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        row.accept_due = None
        deadlines.settle(session, runtime.region, runtime.now(), row)
        assert (row.next_step, row.next_due) == (deadlines.FIRST_RESPONSE, ticket.first_response_due)


def test_what_an_agency_must_take_on_comes_before_that(runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        row.accept_due = local(runtime, "2026-11-05 10:00")
        deadlines.settle(session, runtime.region, runtime.now(), row)
        assert (row.next_step, row.next_due) == (deadlines.ACCEPT, row.accept_due)
        row.accepted_at = runtime.now()
        deadlines.settle(session, runtime.region, runtime.now(), row)
        assert row.next_step == deadlines.FIRST_RESPONSE


def test_an_answer_starts_the_silence_and_another_answer_starts_it_again(runtime: Runtime) -> None:
    ticket = reply(runtime, open_ticket(runtime), "2026-11-05 09:00")
    assert (ticket.next_step, ticket.next_due) == (deadlines.CLOSING, local(runtime, "2026-11-19 16:00"))
    ticket = reply(runtime, ticket, "2026-11-09 11:00")
    assert (ticket.next_step, ticket.next_due) == (deadlines.CLOSING, local(runtime, "2026-11-23 16:00"))


def test_a_resolved_ticket_waits_for_its_closing_and_a_closed_one_for_nothing(runtime: Runtime) -> None:
    ticket = step(runtime, open_ticket(runtime), Status.IN_PROGRESS, "2026-11-04 11:00")
    ticket = step(runtime, ticket, Status.RESOLVED, "2026-11-05 11:00")
    assert (ticket.next_step, ticket.next_due) == (deadlines.CLOSING, local(runtime, "2026-11-19 16:00"))
    ticket = step(runtime, ticket, Status.CLOSED, "2026-11-20 08:00")
    assert (ticket.next_step, ticket.next_due) == ("", None)


def test_a_question_stops_the_resolution_up_to_its_cap_and_the_reply_gives_back_what_is_left(runtime: Runtime) -> None:
    ticket = reply(runtime, open_ticket(runtime), "2026-11-04 10:30")
    assert ticket.resolution_due == local(runtime, "2026-11-24 16:00")
    ticket = step(runtime, ticket, Status.IN_PROGRESS, "2026-11-04 10:30")
    ticket = step(runtime, ticket, Status.WAITING, "2026-11-05 08:00")
    assert ticket.pause_until == local(runtime, "2026-11-12 16:00")
    assert (ticket.next_step, ticket.next_due) == (deadlines.PAUSE_END, ticket.pause_until)
    assert ticket.resolution_due == local(runtime, "2026-12-02 16:00")  # six working days later
    ticket = step(runtime, ticket, Status.IN_PROGRESS, "2026-11-06 11:30")
    assert ticket.pause_until is None
    assert (ticket.next_step, ticket.next_due) == (deadlines.RESOLUTION, local(runtime, "2026-11-26 11:30"))
    assert ticket.resolution_due == ticket.next_due


def test_a_pause_past_its_cap_is_woken_and_the_work_is_due_next(runtime: Runtime, clock: Clock) -> None:
    ticket = reply(runtime, open_ticket(runtime), "2026-11-04 10:30")
    ticket = step(runtime, ticket, Status.WAITING, "2026-11-05 08:00")
    due = ticket.resolution_due
    clock.instant = local(runtime, "2026-11-12 15:59:59")
    assert deadlines.wake(runtime) == 0
    clock.instant = local(runtime, "2026-11-12 16:00")
    assert deadlines.wake(runtime) == 1
    assert deadlines.wake(runtime) == 0
    ticket = reload(runtime, ticket)
    assert (ticket.status, ticket.pause_until) == (Status.WAITING, None)
    assert (ticket.next_step, ticket.next_due, ticket.resolution_due) == (deadlines.RESOLUTION, due, due)


def test_handing_over_and_back_restarts_nothing(runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    before = (ticket.verify_due, ticket.first_response_due, ticket.resolution_due)
    for agency in ("tarakan-dlh", "tarakan-dpupr"):
        runtime.now.forward(days=2)  # type: ignore[attr-defined]
        with runtime.writing() as session:
            row = session.get_one(Ticket, ticket.id)
            by = officer(runtime, session)
            tickets.reassign(session, runtime.region, runtime.now(), row, agency=agency, category=None, staff_id=by)
    ticket = reload(runtime, ticket)
    assert (ticket.verify_due, ticket.first_response_due, ticket.resolution_due) == before


def test_a_hand_over_keeps_the_pauses(runtime: Runtime) -> None:
    ticket = step(runtime, open_ticket(runtime), Status.WAITING, "2026-11-05 08:00")
    ticket = step(runtime, ticket, Status.IN_PROGRESS, "2026-11-05 16:00")
    due = ticket.resolution_due
    assert due == local(runtime, "2026-11-25 16:00")
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        by = officer(runtime, session)
        tickets.reassign(session, runtime.region, runtime.now(), row, agency="tarakan-dlh", category=None, staff_id=by)
        assert row.resolution_due == due


def test_settling_again_at_any_time_changes_nothing(runtime: Runtime, clock: Clock) -> None:
    ticket = step(runtime, open_ticket(runtime), Status.WAITING, "2026-11-05 08:00")
    for _ in range(4):
        clock.forward(hours=7)
        again = reload_and_settle(runtime, ticket)
        assert again.model_dump() == ticket.model_dump()


def test_a_limit_in_hours_is_due_next_although_the_citizen_was_asked() -> None:
    region = rules.region(agencies=[rules.agency("office", "work")], clocks=deadline_cases.CLOCKS, national="")
    opened = rules.local(region, "2026-11-04 10:00")
    ticket = Ticket(
        status=Status.WAITING,
        kind="data",
        agency="office",
        opened_at=opened,
        verified_at=opened,
        first_response_at=opened,
    )
    changes = [(opened, "", "new"), (opened, "new", "waiting")]
    found = deadlines.dates(region, opened, ticket, changes)
    assert (found.next_step, found.next_due) == (deadlines.RESOLUTION, rules.local(region, "2026-11-07 10:00"))
    ticket.kind = "complaint"
    assert deadlines.dates(region, opened, ticket, changes).next_step == deadlines.PAUSE_END


@one_database
def test_an_agency_that_left_the_pack_counts_by_the_desks_calendar(runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    with runtime.writing() as session:
        session.get_one(Ticket, ticket.id).agency = "dissolved"
    again = reload_and_settle(runtime, ticket)
    assert again.resolution_due == ticket.resolution_due


@one_database
def test_an_explanation_tells_the_shares_of_the_agencies(runtime: Runtime, clock: Clock) -> None:
    ticket = open_ticket(runtime)  # Wednesday 10:00
    clock.instant = local(runtime, "2026-11-05 10:00")
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        by = officer(runtime, session)
        tickets.reassign(session, runtime.region, clock(), row, agency="tarakan-dlh", category=None, staff_id=by)
    clock.instant = local(runtime, "2026-11-06 16:30")
    with runtime.reading() as session:
        found = deadlines.explain(session, runtime.region, clock(), session.get_one(Ticket, ticket.id))
    assert [(share.agency, share.time) for share in found.shares] == [
        ("tarakan-dpupr", timedelta(hours=7)),
        ("tarakan-dlh", timedelta(hours=12)),
    ]
    assert found.explanations["resolution"].due == reload(runtime, ticket).resolution_due
    assert not found.since_spoken


def late(runtime: Runtime, session: Session, spoken: datetime) -> Ticket:
    message, address, _ = arrive(runtime, session, "Jalan berlubang", sent_at=spoken)
    assert isinstance(address, CitizenAddress)
    return tickets.open_ticket(
        session,
        runtime.region,
        runtime.now(),
        address=address,
        first=message,
        text="Jalan berlubang",
        tag=tickets.Tag("jalan_rusak", 0.9),
        area="65.71",
        language="id",
    )


#: how long ago it was spoken → whether both clocks are shown
LATE = {"at-once": (timedelta(0), False), "an-hour": (timedelta(hours=1), False), "a-week": (timedelta(days=7), True)}


@one_database
@pytest.mark.parametrize(("ago", "both"), LATE.values(), ids=LATE)
def test_a_late_message_has_two_clocks(runtime: Runtime, ago: timedelta, both: bool) -> None:
    with runtime.writing() as session:
        ticket = late(runtime, session, runtime.now() - ago)
        found = deadlines.explain(session, runtime.region, runtime.now(), ticket)
    assert bool(found.since_spoken) is both
    if both:
        assert found.since_spoken["resolution"] == local(runtime, "2026-11-17 16:00")
        assert ticket.resolution_due == local(runtime, "2026-11-24 16:00")


@one_database
def test_a_message_from_before_any_rule_counts_since_we_have_it(runtime: Runtime) -> None:
    with runtime.writing() as session:
        ticket = late(runtime, session, datetime.fromisoformat("2009-01-01T00:00+08:00"))
        assert not deadlines.explain(session, runtime.region, runtime.now(), ticket).since_spoken


@one_database
def test_joint_leave_is_named_in_an_explanation(runtime: Runtime, clock: Clock) -> None:
    clock.instant = local(runtime, "2026-12-14 09:00")
    ticket = open_ticket(runtime)
    with runtime.reading() as session:
        found = deadlines.explain(session, runtime.region, clock(), ticket).explanations["first_response"]
    assert found.due == local(runtime, "2026-12-21 16:00")
    with runtime.reading() as session:
        off = deadlines.explain(session, runtime.region, clock(), ticket).explanations["resolution"].days_off
    assert off[:2] == (date(2026, 12, 24), date(2026, 12, 25))
    assert "Natal" in hours.holiday(runtime.region, off[0])
