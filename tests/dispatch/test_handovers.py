"""Hand-overs with a running clock: who has it, by when it is taken on, how often it changed hands, who decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from dispatch import hours
from dispatch.models import Assignment, StatusChange, Ticket
from dispatch.region import Region
from dispatch.region.rules import DeskRules, Handover
from dispatch.reports import export_tickets
from dispatch.runtime import Runtime
from dispatch.services import consequences, handovers, holding, tickets
from dispatch.services.holding import HandoverFault, NeedsSupervisor, NotYours
from dispatch.services.tagged import Tag
from dispatch.workflow import Status
from tests.support import rows
from tests.support.clock import Clock
from tests.support.handing import Step, alerts, person, step, tell
from tests.support.tickets import open_ticket

one_database = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

DESK, LAMPS, WASTE, ROADS = "prov-diskominfo", "tarakan-dishub", "tarakan-dlh", "tarakan-dpupr"
FIELD = "not_our_field"
AGAIN: list[Step] = [(LAMPS, "sends back", FIELD), (DESK, "gives", WASTE), (WASTE, "sends back", FIELD)]
THIRD: list[Step] = [*AGAIN, (DESK, "gives", ROADS), (ROADS, "sends back", FIELD)]
DECIDED: list[Step] = [*THIRD, ("supervisor", "gives", LAMPS)]


def opened(runtime: Runtime, category: str | None = "lampu_jalan") -> Ticket:
    with runtime.writing() as session:
        return rows.ticket(runtime, session, category=category)


def chain(runtime: Runtime, ticket: Ticket) -> list[Assignment]:
    with runtime.reading() as session:
        return holding.chain(session, ticket)


#: The rule gives a broken street lamp in Tarakan to LAMPS. Story → agency, triage, hand-overs, returns, waits.
STORIES: dict[str, tuple[list[Step], str, bool, int, int, bool]] = {
    "nobody-did-anything": ([], LAMPS, False, 0, 0, False),
    "a-rule-gave-it-back-to-the-desk": ([(LAMPS, "sends back", FIELD)], DESK, True, 1, 1, False),
    "accepted-and-still-sent-back": ([(LAMPS, "accepts", ""), (LAMPS, "sends back", FIELD)], DESK, True, 1, 1, False),
    "staff-gave-it-back-to-them": (
        [(LAMPS, "gives", WASTE), (WASTE, "sends back", "not_our_area")],
        LAMPS,
        False,
        2,
        1,
        False,
    ),
    "the-desk-finds-another": ([(LAMPS, "sends back", FIELD), (DESK, "gives", WASTE)], WASTE, False, 2, 1, False),
    "the-desk-insists": ([(LAMPS, "sends back", FIELD), (DESK, "gives", LAMPS)], LAMPS, False, 2, 2, False),
    "given-on-and-on-is-no-return": ([(LAMPS, "gives", WASTE), (WASTE, "gives", ROADS)], ROADS, False, 2, 0, False),
    "two-returns": (AGAIN, DESK, True, 3, 2, False),
    "the-third-return-waits": (THIRD, DESK, True, 5, 3, True),
    "ping-pong-by-the-form-waits": (
        [(LAMPS, "gives", WASTE), (WASTE, "gives", LAMPS), (LAMPS, "gives", WASTE), (WASTE, "gives", LAMPS)],
        DESK,
        True,
        4,
        3,
        True,
    ),
    "a-supervisor-may-give-it-back-at-once": ([*AGAIN, ("supervisor", "gives", LAMPS)], LAMPS, False, 4, 3, False),
    "the-supervisor-decides": (DECIDED, LAMPS, False, 6, 3, False),
    "and-may-decide-again": ([*DECIDED, ("supervisor", "gives", WASTE)], WASTE, False, 7, 3, False),
    "another-category-is-no-hand-over": ([(LAMPS, "gives", LAMPS)], LAMPS, False, 0, 0, False),
}


@pytest.mark.parametrize("name", STORIES)
def test_a_story_ends_with_its_owner_and_counts(runtime: Runtime, clock: Clock, name: str) -> None:
    story, *expected = STORIES[name]
    ticket = opened(runtime)
    due = ticket.first_response_due, ticket.resolution_due
    for each in story:
        clock.forward(minutes=30)
        ticket = step(runtime, ticket, each)
        assert ticket.next_due is not None, "no ticket is without a next date"
        assert (ticket.first_response_due, ticket.resolution_due) == due, "the citizen's clock is never restarted"
    with runtime.reading() as session:
        waits = holding.waits(session, ticket)
    assert [ticket.agency, ticket.triage, ticket.handovers, ticket.bounces, waits] == expected


#: Story, then the step that is refused, and how.
REFUSED: dict[str, tuple[list[Step], Step, type[HandoverFault], str]] = {
    "the-desk-cannot-decide": (THIRD, (DESK, "gives", LAMPS), NeedsSupervisor, "waits_for_supervisor"),
    "nor-keep-it-by-a-new-category": (THIRD, (DESK, "gives", DESK), NeedsSupervisor, "waits_for_supervisor"),
    "nor-accept-it": (THIRD, (DESK, "accepts", ""), NeedsSupervisor, "waits_for_supervisor"),
    "a-decision-is-not-sent-back": (DECIDED, (LAMPS, "sends back", FIELD), NeedsSupervisor, "decided"),
    "a-decision-is-not-given-on": (DECIDED, (LAMPS, "gives", WASTE), NeedsSupervisor, "decided"),
    "another-agency-cannot-accept": ([], (WASTE, "accepts", ""), NotYours, "not_yours"),
    "another-agency-cannot-send-back": ([], (WASTE, "sends back", FIELD), NotYours, "not_yours"),
    "an-unknown-reason": ([], (LAMPS, "sends back", "no mood"), HandoverFault, "return_reason"),
    "the-desk-has-nobody-above": (
        [(LAMPS, "sends back", FIELD)],
        (DESK, "sends back", FIELD),
        HandoverFault,
        "nothing_to_return",
    ),
    "what-has-ended-is-not-sent-back": (
        [(LAMPS, "moves", "in_progress"), (LAMPS, "moves", "resolved")],
        (LAMPS, "sends back", FIELD),
        HandoverFault,
        "nothing_to_return",
    ),
    "what-has-ended-is-not-accepted": (
        [(LAMPS, "moves", "rejected")],
        (LAMPS, "accepts", ""),
        HandoverFault,
        "nothing_to_accept",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_step_changes_nothing(runtime: Runtime, name: str) -> None:
    story, refused, error, key = REFUSED[name]
    ticket = tell(runtime, opened(runtime), story)
    written = len(chain(runtime, ticket))
    with pytest.raises(error) as caught:
        step(runtime, ticket, refused)
    assert caught.value.key == key
    with runtime.reading() as session:
        assert session.get_one(Ticket, ticket.id).model_dump() == ticket.model_dump()
    assert len(chain(runtime, ticket)) == written


@one_database
def test_a_decision_stays_binding_when_only_the_category_changes(runtime: Runtime) -> None:
    ticket = tell(runtime, opened(runtime), [*DECIDED, (LAMPS, "gives", LAMPS)])
    assert chain(runtime, ticket)[-1].reason == "decided"
    with pytest.raises(NeedsSupervisor):
        step(runtime, ticket, (LAMPS, "sends back", FIELD))


@one_database
def test_a_place_named_later_does_not_undo_a_decision(runtime: Runtime) -> None:
    ticket = tell(runtime, opened(runtime), DECIDED)
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        assert not tickets.place(session, runtime.region, runtime.now(), row, "65.02")
        assert row.agency == LAMPS


def test_sending_back_says_why_and_leaves_the_whole_chain(runtime: Runtime, clock: Clock) -> None:
    ticket = opened(runtime)
    clock.forward(hours=1)
    tell(runtime, ticket, [(LAMPS, "sends back", "needs_other_first")])
    first, second = chain(runtime, ticket)
    assert (first.returned, first.returned_at) == ("needs_other_first", clock())
    assert (second.agency, second.reason, second.staff_id) == (DESK, "sent_back", person(runtime, LAMPS))
    with runtime.reading() as session:
        last = session.scalars(select(StatusChange).order_by(col(StatusChange.id).desc())).first()
        assert last is not None and (last.to_status, last.reason) == (Status.ASSIGNED, "sent_back")


# Taking on


def test_each_agency_gets_its_own_time_to_take_it_on(runtime: Runtime, clock: Clock, kaltara: Region) -> None:
    ticket = opened(runtime)
    length = timedelta(hours=14)
    own = hours.advance(kaltara, kaltara.agencies[LAMPS].calendar, clock(), length)
    assert (ticket.accept_due, ticket.next_due, ticket.next_step) == (own, own, "accept")
    clock.forward(hours=5)
    ticket = step(runtime, ticket, (LAMPS, "gives", WASTE))
    theirs = hours.advance(kaltara, kaltara.agencies[WASTE].calendar, clock(), length)
    assert theirs > own and (ticket.accept_due, ticket.accepted_at) == (theirs, None)
    assert [row.accept_due for row in chain(runtime, ticket)] == [own, theirs]


def test_the_pack_sets_that_time(runtime: Runtime, clock: Clock, kaltara: Region) -> None:
    runtime.__dict__["region"] = replace(kaltara, desk_rules=DeskRules(handover=Handover(accept_hours=2)))
    assert opened(runtime).accept_due == clock() + timedelta(hours=2)


ACCEPTING: dict[str, tuple[Step, Status]] = {
    "by-the-button": ((LAMPS, "accepts", ""), Status.IN_PROGRESS),
    "by-starting-work": ((LAMPS, "moves", "in_progress"), Status.IN_PROGRESS),
    "by-asking-the-citizen": ((LAMPS, "moves", "waiting"), Status.WAITING),
    "by-answering": ((LAMPS, "moves", "answered"), Status.ANSWERED),
    "by-a-supervisor-for-them": (("supervisor", "accepts", ""), Status.IN_PROGRESS),
}


@pytest.mark.parametrize("name", ACCEPTING)
def test_taking_on(runtime: Runtime, clock: Clock, name: str) -> None:
    told, status = ACCEPTING[name]
    ticket = opened(runtime)
    clock.forward(hours=1)
    ticket = step(runtime, ticket, told)
    assert (ticket.status, ticket.accepted_at) == (status, clock())
    assert chain(runtime, ticket)[-1].accepted_at == clock()
    assert ticket.next_step != "accept"
    before = ticket.version
    clock.forward(hours=1)
    if status is Status.IN_PROGRESS:
        assert step(runtime, ticket, (LAMPS, "accepts", "")).version == before, "twice is once"


@one_database
def test_what_the_citizen_writes_takes_nothing_on(runtime: Runtime) -> None:
    ticket = tell(runtime, opened(runtime), [(LAMPS, "moves", "answered"), (LAMPS, "gives", WASTE)])
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        tickets.take_up_again(session, runtime.region, runtime.now(), row)
        assert row.accepted_at is None and row.accept_due is not None


@one_database
@pytest.mark.parametrize("category", [None, "listrik"], ids=["nobody-has-looked-at-it", "a-body-outside"])
def test_nobody_is_asked(runtime: Runtime, category: str | None) -> None:
    assert opened(runtime, category).accept_due is None


@one_database
def test_what_the_desk_hands_out_is_no_hand_over_but_must_be_taken_on(runtime: Runtime) -> None:
    ticket = step(runtime, opened(runtime, None), (DESK, "gives", LAMPS))
    assert (ticket.handovers, ticket.bounces) == (0, 0) and ticket.accept_due is not None


def test_not_taken_on_in_time_is_told_once_and_moves_nothing(runtime: Runtime, clock: Clock) -> None:
    officer, head = person(runtime, LAMPS), person(runtime, f"head {LAMPS}")
    person(runtime, WASTE)
    ticket = opened(runtime)
    assert ticket.accept_due is not None
    clock.instant = ticket.accept_due
    assert handovers.sweep(runtime) == 0, "exactly at the limit is in time"
    clock.forward(minutes=1)
    assert [handovers.sweep(runtime), handovers.sweep(runtime)] == [1, 0]
    assert alerts(runtime) == [("not_accepted", officer), ("not_accepted", head)]
    with runtime.reading() as session:
        after = session.get_one(Ticket, ticket.id)
        assert (after.agency, after.status, after.next_step) == (LAMPS, Status.ASSIGNED, "accept")
    assert chain(runtime, ticket)[-1].missed_at == clock()


def test_a_late_one_that_was_taken_on_is_not_told(runtime: Runtime, clock: Clock) -> None:
    ticket = step(runtime, opened(runtime), (LAMPS, "accepts", ""))
    clock.forward(days=30)
    assert handovers.sweep(runtime) == 0 and ticket.accepted_at is not None


def test_those_concerned_hear_of_returns(runtime: Runtime) -> None:
    desk, boss = person(runtime, DESK), person(runtime, "supervisor")
    for officer in (LAMPS, WASTE, ROADS):
        person(runtime, officer)
    ticket = tell(runtime, opened(runtime), THIRD)
    while consequences.sweep(runtime):
        pass
    told = [each for each in alerts(runtime) if each[0] in ("sent_back", "bounced")]
    assert told == [("sent_back", desk), ("sent_back", desk), ("bounced", boss)]
    assert ticket.bounces == 3


# Shares


def test_each_stay_is_measured_in_its_own_working_time(runtime: Runtime, clock: Clock) -> None:
    ticket = opened(runtime)  # Wednesday, 10:00
    started = clock()
    clock.forward(hours=1)
    step(runtime, ticket, (LAMPS, "gives", WASTE))
    clock.forward(minutes=30)
    ticket = step(runtime, ticket, (WASTE, "moves", "answered"))
    clock.forward(hours=3)  # the citizen's time, and nobody's
    with runtime.reading() as session:
        found = handovers.shares(session, runtime.region, clock(), ticket)
    assert [(row.agency, row.seconds) for row in found] == [(LAMPS, 3600.0), (WASTE, 1800.0)]
    assert [(row.since, row.until) for row in found] == [
        (started, started + timedelta(hours=1)),
        (started + timedelta(hours=1), None),
    ]


def test_the_shares_are_the_time_the_clock_ran(runtime: Runtime, clock: Clock, kaltara: Region) -> None:
    ticket = opened(runtime)
    for each in THIRD:
        clock.forward(hours=7, minutes=13)
        ticket = step(runtime, ticket, each)
    clock.forward(days=1)
    with runtime.reading() as session:
        found = handovers.shares(session, runtime.region, clock(), ticket)
    calendars = {kaltara.agencies[row.agency].calendar for row in found}
    assert len(calendars) == 1, "agencies of one calendar: their shares add up"
    whole = hours.working_seconds(kaltara, calendars.pop(), ticket.opened_at, clock())
    assert sum(row.seconds for row in found) == pytest.approx(whole)
    assert [row.agency for row in found] == [LAMPS, DESK, WASTE, DESK, ROADS, DESK]


@one_database
def test_a_tag_of_the_bot_counts_no_return(runtime: Runtime) -> None:
    ticket = opened(runtime, None)
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        assert tickets.categorise(session, runtime.region, runtime.now(), row, Tag("lampu_jalan", 0.9))
        assert (row.agency, row.handovers, row.bounces) == (LAMPS, 0, 0)


def test_an_export_lists_the_stays(runtime: Runtime, clock: Clock) -> None:
    ticket = opened(runtime)
    clock.forward(hours=1)
    tell(runtime, ticket, [(LAMPS, "sends back", FIELD)])
    clock.forward(minutes=30)
    with runtime.reading() as session:
        found = export_tickets(session, runtime.region, agencies=None, start=None, end=None, now=clock(), shares=True)
        (row,) = found
    assert (row["handovers"], row["bounces"], row["part_of"]) == ("1", "1", "")
    assert row["shares"] == [
        {
            "agency": LAMPS,
            "seconds": 3600,
            "since": "2026-11-04T10:00:00+08:00",
            "until": "2026-11-04T11:00:00+08:00",
        },
        {"agency": DESK, "seconds": 1800, "since": "2026-11-04T11:00:00+08:00", "until": ""},
    ]


@one_database
def test_an_owner_written_down_later_does_not_undo_a_decision(runtime: Runtime) -> None:
    ticket = opened(runtime, "jalan_rusak")
    story: list[Step] = [(ROADS, "sends back", FIELD), *AGAIN[1:], (DESK, "gives", LAMPS), (LAMPS, "sends back", FIELD)]
    ticket = tell(runtime, ticket, [*story, ("supervisor", "gives", LAMPS)])
    officer = person(runtime, LAMPS)
    for owner in runtime.region.owned["jalan_rusak"]:
        with runtime.writing() as session:
            row = session.get_one(Ticket, ticket.id)
            now = runtime.now()
            assert not tickets.set_owner(session, runtime.region, now, row, owner=owner, staff_id=officer)
            assert (row.agency, row.owner) == (LAMPS, owner)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_calendar_without_hours_leaves_nobody_asked_to_take_it_on(runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    region = runtime.region
    agency = region.agencies["prov-dpupr"]
    never = replace(region.calendars[agency.calendar], code="never", week=((),) * 7)
    region = replace(
        region,
        calendars={**region.calendars, "never": never},
        agencies={**region.agencies, agency.code: replace(agency, calendar="never")},
    )
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        row.agency = agency.code
        new = Assignment(ticket_id=ticket.id, agency=agency.code, reason="staff", assigned_at=runtime.now())
        holding.begin(session, region, runtime.now(), row, new)
        assert (new.accept_due, row.accept_due) == (None, None)
        session.rollback()
