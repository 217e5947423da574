"""Splitting among agencies: parts with numbers and deadlines of their own, and a whole that waits for them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from bot import lookup
from channels.message import InboundMessage
from dispatch import routing
from dispatch.models import CitizenAddress, Message, Outbox, Ticket
from dispatch.reports import response_figures
from dispatch.runtime import Runtime
from dispatch.services import answers, consequences, handovers, joining, parts, tickets
from dispatch.services.holding import HandoverFault, NotYours, PartsOpen, WholeEnded
from dispatch.services.parts import Part
from dispatch.workflow import NotAllowed, Status
from tests.support import rows
from tests.support.clock import Clock
from tests.support.handing import Step, alerts, person, step, tell

one_database = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
DESK, LAMPS, WASTE, ROADS = "prov-diskominfo", "tarakan-dishub", "tarakan-dlh", "tarakan-dpupr"
WANTED = (Part(WASTE, "Angkut sampah di tepi jalan"), Part(ROADS, "Tambal lubang"))


def opened(runtime: Runtime) -> Ticket:
    with runtime.writing() as session:
        return rows.ticket(runtime, session)


def split(
    runtime: Runtime, ticket: Ticket, wanted: tuple[Part, ...] = WANTED, *, by: str = LAMPS, own_part: bool = True
) -> list[Ticket]:
    staff_id = person(runtime, by)
    with runtime.writing() as session:
        whole = session.get_one(Ticket, ticket.id)
        return parts.split(session, runtime.region, runtime.now(), whole, wanted, staff_id=staff_id, own_part=own_part)


def now_of(runtime: Runtime, ticket: Ticket) -> Ticket:
    with runtime.reading() as session:
        return session.get_one(Ticket, ticket.id)


def follow(runtime: Runtime) -> None:
    while consequences.sweep(runtime):
        pass


def finish(runtime: Runtime, part: Ticket, to: Status = Status.RESOLVED) -> None:
    story: list[Step] = [(part.agency, "moves", "in_progress"), (part.agency, "moves", to)]
    tell(runtime, part, [each for each in story if each[2] != now_of(runtime, part).status])


def notes(runtime: Runtime, ticket: Ticket) -> list[str]:
    with runtime.reading() as session:
        query = select(Message).where(col(Message.ticket_id) == ticket.id, col(Message.direction) == "note")
        return [note for row in session.scalars(query.order_by(col(Message.id))) for note in row.notes]


def test_each_part_has_a_number_an_agency_and_deadlines_since_the_whole_was_opened(
    runtime: Runtime, clock: Clock
) -> None:
    whole = opened(runtime)
    clock.forward(days=1)
    first, second = split(runtime, whole)
    after = now_of(runtime, whole)
    assert len({whole.number, first.number, second.number}) == 3
    assert [(part.agency, part.status, part.parent_id) for part in (first, second)] == [
        (WASTE, Status.ASSIGNED, whole.id),
        (ROADS, Status.ASSIGNED, whole.id),
    ]
    assert (first.summary, first.citizen_id, first.address_id) == (WANTED[0].task, whole.citizen_id, whole.address_id)
    assert (first.first_response_due, first.resolution_due) == (whole.first_response_due, whole.resolution_due)
    assert first.accept_due is not None and first.accept_due > clock() and first.next_step == "accept"
    assert (after.status, after.agency, after.triage, after.accepted_at) == ("in_progress", LAMPS, False, clock())


REFUSED: dict[str, tuple[tuple[Part, ...], str]] = {
    "nothing": ((), "split_none"),
    "no-task": ((Part(WASTE, "  "),), "split_task"),
    "no-such-agency": ((Part("nowhere", "x"),), "split_agency"),
    "a-body-outside": ((Part("pln-kaltara", "x"),), "split_agency"),
    "more-than-can-be-led": ((Part(WASTE, "x"),) * (parts.MOST + 1), "split_many"),
    "conduct-to-no-inspectorate": ((Part(WASTE, "x", "pelanggaran_aparat"),), "split_conduct"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_split_writes_nothing(runtime: Runtime, name: str) -> None:
    wanted, key = REFUSED[name]
    whole = opened(runtime)
    with pytest.raises(HandoverFault) as caught:
        split(runtime, whole, wanted)
    assert caught.value.key == key
    with runtime.reading() as session:
        assert len(session.scalars(select(Ticket)).all()) == 1
    assert now_of(runtime, whole).model_dump() == whole.model_dump()


@one_database
def test_only_those_who_have_it_split_it_and_a_part_is_not_split(runtime: Runtime) -> None:
    whole = opened(runtime)
    with pytest.raises(NotYours):
        split(runtime, whole, by=WASTE)
    part, _ = split(runtime, whole)
    with pytest.raises(HandoverFault, match="a part is not split"):
        split(runtime, part, by=WASTE)


@pytest.mark.parametrize("to", [Status.RESOLVED, Status.REJECTED, Status.CLOSED])
def test_a_whole_does_not_end_before_its_parts(runtime: Runtime, to: Status) -> None:
    whole = opened(runtime)
    first, second = split(runtime, whole)
    finish(runtime, first)
    if to is Status.CLOSED:
        step(runtime, whole, (LAMPS, "moves", "answered"))
    before = now_of(runtime, whole).model_dump()
    with pytest.raises(PartsOpen) as caught:
        step(runtime, whole, (LAMPS, "moves", to))
    assert caught.value.numbers == (second.number,) and isinstance(caught.value, NotAllowed)
    assert now_of(runtime, whole).model_dump() == before


#: Does the whole's agency do a part, how the two parts end → status of the whole, is its officer told.
ENDS: dict[str, tuple[bool, tuple[Status, Status], Status, bool]] = {
    "its-own-part-is-left": (True, (Status.RESOLVED, Status.RESOLVED), Status.IN_PROGRESS, True),
    "nothing-is-left": (False, (Status.RESOLVED, Status.RESOLVED), Status.RESOLVED, False),
    "somebody-must-say-why-one-was-refused": (
        False,
        (Status.RESOLVED, Status.REJECTED),
        Status.IN_PROGRESS,
        True,
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_the_last_part_brings_the_whole_back(runtime: Runtime, name: str) -> None:
    own_part, ends, status, told = ENDS[name]
    with runtime.writing() as session:
        whole = rows.ticket(runtime, session, category="lalu_lintas_parkir")
    made = split(runtime, whole, own_part=own_part)
    officer = person(runtime, WASTE)
    with runtime.writing() as session:
        row = session.get_one(Ticket, made[0].id)
        parts.report(session, runtime.phrases, runtime.now(), row, text="Besok.", staff_id=officer, to_citizen=True)
    finish(runtime, made[0], ends[0])
    follow(runtime)
    assert now_of(runtime, whole).status == Status.ANSWERED and not notes(runtime, whole)
    finish(runtime, made[1], ends[1])
    follow(runtime)
    after = now_of(runtime, whole)
    assert (after.status, after.agency) == (status, LAMPS)
    outcomes = {Status.RESOLVED: "solved", Status.REJECTED: "refused"}
    assert notes(runtime, whole) == [
        f"part {outcomes[end]}:{part.number}" for end, part in zip(ends, made, strict=True)
    ]
    assert (("parts_done", person(runtime, LAMPS)) in alerts(runtime)) is told


def test_two_parts_that_end_at_once_speak_once(runtime: Runtime) -> None:
    whole = opened(runtime)
    for part in split(runtime, whole):
        finish(runtime, part)
    follow(runtime)
    assert len(notes(runtime, whole)) == 2
    assert [kind for kind, _ in alerts(runtime)].count("parts_done") == 1


@one_database
def test_a_category_that_wants_proof_is_not_resolved_by_itself(runtime: Runtime) -> None:
    with runtime.writing() as session:
        whole = rows.ticket(runtime, session, category="jalan_rusak")
    for part in split(runtime, whole, (Part(WASTE, "Angkut"),), by=ROADS, own_part=False):
        finish(runtime, part)
    follow(runtime)
    assert runtime.region.categories["jalan_rusak"].evidence == "photo"
    assert now_of(runtime, whole).status == Status.IN_PROGRESS


def test_a_part_that_is_sent_back_goes_to_whoever_has_the_whole(runtime: Runtime) -> None:
    whole = opened(runtime)
    part, _ = split(runtime, whole)
    after = step(runtime, part, (WASTE, "sends back", "not_our_field"))
    assert (after.agency, after.triage, after.status, after.bounces) == (LAMPS, False, Status.ASSIGNED, 1)


def test_a_split_is_undone_while_nobody_has_begun(runtime: Runtime) -> None:
    whole = opened(runtime)
    officer = person(runtime, LAMPS)
    made = split(runtime, whole, own_part=False)
    with runtime.writing() as session:
        row = session.get_one(Ticket, whole.id)
        parts.unsplit(session, runtime.region, runtime.now(), row, staff_id=officer)
        assert parts.of(session, row) == [] and row.own_part
    follow(runtime)
    assert {now_of(runtime, part).status for part in made} == {Status.REJECTED}
    assert notes(runtime, whole) == []
    assert step(runtime, whole, (LAMPS, "moves", "resolved")).status == Status.RESOLVED


BEGUN: dict[str, Step] = {
    "accepted": (WASTE, "accepts", ""),
    "passed-on": (WASTE, "gives", ROADS),
    "ended": (WASTE, "moves", "rejected"),
}


@pytest.mark.parametrize("name", BEGUN)
def test_what_has_begun_is_not_undone(runtime: Runtime, name: str) -> None:
    whole = opened(runtime)
    officer = person(runtime, LAMPS)
    part, _ = split(runtime, whole)
    step(runtime, part, BEGUN[name])
    with pytest.raises(HandoverFault, match="has begun"), runtime.writing() as session:
        row = session.get_one(Ticket, whole.id)
        parts.unsplit(session, runtime.region, runtime.now(), row, staff_id=officer)


@pytest.mark.parametrize("to_citizen", [False, True], ids=["a-note", "an-answer"])
def test_what_an_officer_says_goes_to_the_whole(runtime: Runtime, clock: Clock, to_citizen: bool) -> None:
    whole = opened(runtime)
    part, _ = split(runtime, whole)
    officer = person(runtime, WASTE)
    clock.forward(hours=1)
    with runtime.writing() as session:
        row = session.get_one(Ticket, part.id)
        said = parts.report(
            session, runtime.phrases, clock(), row, text="Besok.", staff_id=officer, to_citizen=to_citizen
        )
        assert said.ticket_id == whole.id
        promised = session.scalars(select(Outbox).where(col(Outbox.message_id) == said.id)).all()
    assert bool(promised) is to_citizen
    assert all(whole.number in row.body and part.number not in row.body for row in promised)
    after, wholes = now_of(runtime, part), now_of(runtime, whole)
    assert (after.status, after.first_response_at, after.accepted_at) == (Status.IN_PROGRESS, clock(), clock())
    assert wholes.status == (Status.ANSWERED if to_citizen else Status.IN_PROGRESS)


@one_database
def test_nobody_answers_a_citizen_under_the_number_of_a_part(runtime: Runtime) -> None:
    part, _ = split(runtime, opened(runtime))
    officer = person(runtime, WASTE)
    with pytest.raises(answers.CannotReach), runtime.writing() as session:
        row = session.get_one(Ticket, part.id)
        answers.reply(session, runtime.phrases, runtime.now(), row, text="Halo", staff_id=officer)


def test_what_the_citizen_writes_never_joins_a_part(runtime: Runtime, clock: Clock) -> None:
    whole = opened(runtime)
    part, _ = split(runtime, whole)
    with runtime.reading() as session:
        address = session.get_one(CitizenAddress, whole.address_id)
        found = lookup.latest_ticket(session, address, clock() - timedelta(hours=1))
        assert found is not None and found.id == whole.id
        message = InboundMessage(
            channel="mail",
            account="ours",
            external_id="x",
            sender=rows.ADDRESSES["mail"],
            text="halo",
            thread=part.number,
        )
        assert lookup.threaded(runtime, session, message, address) is None


def test_parts_are_no_received_tickets_but_stand_open(runtime: Runtime, clock: Clock) -> None:
    split(runtime, opened(runtime))
    with runtime.reading() as session:
        figures = response_figures(session, clock(), None, clock() - timedelta(days=1), clock() + timedelta(days=1))
    assert {row.agency: (row.received, row.open) for row in figures} == {
        LAMPS: (1, 1),
        WASTE: (0, 1),
        ROADS: (0, 1),
    }


def test_a_parts_time_before_the_split_is_the_wholes(runtime: Runtime, clock: Clock) -> None:
    whole = opened(runtime)
    clock.forward(hours=1)
    part, _ = split(runtime, whole)
    clock.forward(minutes=30)
    with runtime.reading() as session:
        found = handovers.shares(session, runtime.region, clock(), part)
    assert [(row.agency, row.seconds) for row in found] == [(LAMPS, 3600.0), (WASTE, 1800.0)]


@one_database
def test_a_hand_over_of_the_whole_leaves_its_parts(runtime: Runtime) -> None:
    whole = opened(runtime)
    part, _ = split(runtime, whole)
    step(runtime, whole, (LAMPS, "gives", DESK))
    assert now_of(runtime, part).agency == WASTE
    assert step(runtime, part, (WASTE, "sends back", "incomplete")).agency == DESK


@one_database
def test_a_place_does_not_route_a_part_anew(runtime: Runtime) -> None:
    part, _ = split(runtime, opened(runtime), (Part(WASTE, "x", "lampu_jalan"), WANTED[1]))
    with runtime.writing() as session:
        row = session.get_one(Ticket, part.id)
        assert not tickets.place(session, runtime.region, runtime.now(), row, "65.02") and row.agency == WASTE


@one_database
def test_what_becomes_about_officials_takes_its_parts_back_and_keeps_them_from_the_accused(runtime: Runtime) -> None:
    whole = opened(runtime)
    lost = split(runtime, whole)
    inspectorate = runtime.region.inspectorate
    supervisor = person(runtime, "supervisor")
    with runtime.writing() as session:
        handovers.give(
            session,
            runtime.region,
            runtime.now(),
            session.get_one(Ticket, whole.id),
            agency=inspectorate,
            category=whole.category,
            staff_id=supervisor,
            supervision=True,
        )
    after = now_of(runtime, whole)
    assert {LAMPS, WASTE, ROADS} <= set(after.accused.split())
    assert [(now_of(runtime, part).status, now_of(runtime, part).outcome) for part in lost] == [
        (Status.REJECTED, "merged")
    ] * 2
    assert notes(runtime, whole) == [f"part merged:{part.number}" for part in lost]
    with pytest.raises(HandoverFault) as refused:
        split(runtime, whole, (Part(ROADS, "Periksa"),), by="supervisor")
    assert refused.value.key == "split_conduct"
    with pytest.raises(WholeEnded):
        step(runtime, lost[1], (ROADS, "moves", "in_progress"))
    [part] = split(runtime, whole, (Part(inspectorate, "Periksa"),), by="supervisor")
    with pytest.raises(HandoverFault) as refused, runtime.writing() as session:
        row, phrases = session.get_one(Ticket, part.id), runtime.phrases
        parts.report(session, phrases, runtime.now(), row, text="Ya", staff_id=supervisor, to_citizen=True)
    assert refused.value.key == "report_conduct"


@one_database
def test_a_part_is_not_given_to_whom_the_whole_must_not_go(runtime: Runtime) -> None:
    whole = opened(runtime)
    [part] = split(runtime, whole, (Part(WASTE, "Angkut"),))
    with runtime.writing() as session:  # as it stood before parts were taken back
        row = session.get_one(Ticket, whole.id)
        row.supervision, row.agency = True, runtime.region.inspectorate
    with pytest.raises(routing.Forbidden):
        step(runtime, part, ("supervisor", "gives", ROADS))


@one_database
def test_a_part_is_not_opened_again_under_a_whole_that_has_ended(runtime: Runtime) -> None:
    whole = opened(runtime)
    [part] = split(runtime, whole, (Part(WASTE, "Angkut"),))
    finish(runtime, part, Status.REJECTED)
    step(runtime, whole, ("supervisor", "moves", "rejected"))
    with pytest.raises(WholeEnded):
        step(runtime, part, (WASTE, "moves", "in_progress"))


@one_database
def test_a_joined_ticket_is_not_split(runtime: Runtime) -> None:
    lead, whole = opened(runtime), opened(runtime)
    staff_id = person(runtime, LAMPS)
    with runtime.writing() as session:
        one, other = session.get_one(Ticket, whole.id), session.get_one(Ticket, lead.id)
        joining.join(session, runtime.phrases, runtime.now(), one, other, staff_id=staff_id)
    with pytest.raises(HandoverFault) as refused:
        split(runtime, whole)
    assert refused.value.key == "split_joined"
