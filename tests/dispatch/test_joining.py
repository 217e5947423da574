"""Tickets about one trouble: found, joined, told together, and split off again as if nothing had been."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from channels.message import Location
from dispatch import reports
from dispatch.models import (
    Alert,
    Audit,
    CitizenAddress,
    Join,
    Likeness,
    Message,
    Outbox,
    Outcome,
    Privacy,
    Staff,
    StatusChange,
    Ticket,
)
from dispatch.runtime import Runtime
from dispatch.services import answers, closing, consequences, following, joining, likenesses, people, secrecy, tickets
from dispatch.services.answers import Stale, Then
from dispatch.services.joining import CannotJoin
from dispatch.services.tagged import Tag
from dispatch.workflow import OPEN, Status
from tests.support.clock import Clock
from tests.support.desk import rows
from tests.support.tickets import add_staff, open_ticket, reload, write_again

LIGHT = "lampu_jalan"
HERE, NEXT_DOOR, FAR_SIDE, FAR = "65.71.02.1003", "65.71.02.1004", "65.71.04.1001", "65.01.01.1001"
DARK = "Lampu jalan di gang mawar mati, gelap sekali"


@pytest.fixture
def officer(runtime: Runtime) -> Staff:
    return add_staff(runtime, "petugas@contoh.id", agencies=[open_one(runtime, area=FAR_SIDE).agency])


def open_one(
    runtime: Runtime, text: str = DARK, *, area: str | None = HERE, category: str | None = LIGHT, channel: str = "sms"
) -> Ticket:
    return open_ticket(runtime, text, category=category, area=area, channel=channel)


def found(runtime: Runtime, ticket: Ticket) -> list[Likeness]:
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        return likenesses.find(session, runtime.region, runtime.now(), row)


def join(runtime: Runtime, ticket: Ticket, lead: Ticket, by: Staff | None) -> None:
    with runtime.writing() as session:
        one, other = session.get_one(Ticket, ticket.id), session.get_one(Ticket, lead.id)
        joining.join(session, runtime.phrases, runtime.now(), one, other, staff_id=by.id if by else None)


def split(runtime: Runtime, ticket: Ticket, by: Staff) -> None:
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        joining.split_off(session, runtime.phrases, runtime.now(), row, staff_id=by.id or 0)


def reply(runtime: Runtime, ticket: Ticket, text: str, by: Staff, then: Then = Then.ANSWERED) -> None:
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        answers.reply(session, runtime.phrases, runtime.now(), row, text=text, staff_id=by.id or 0, then=then)


def change(runtime: Runtime, ticket: Ticket, *path: Status, by: Staff | None = None, reason: str = "") -> None:
    for to in path:
        with runtime.writing() as session:
            row = session.get_one(Ticket, ticket.id)
            tickets.move(session, runtime.region, runtime.now(), row, to, staff_id=by.id if by else None, reason=reason)


def work(runtime: Runtime) -> None:
    """What the clock does at a tick."""
    following.sweep(runtime)
    while consequences.sweep(runtime):
        pass


def told(runtime: Runtime, ticket: Ticket) -> list[str]:
    """What was promised to the citizen of a ticket, oldest first."""
    return [row.body for row in rows(runtime, Outbox) if row.ticket_id == ticket.id]


# finding


LIKELY = {
    "other words, the same village": (DARK, HERE, LIGHT, 1, True),
    "the district only": ("gang mawar gelap, lampunya mati", "65.71.02", LIGHT, 1, True),
    "matter not known yet": (DARK, HERE, None, 1, True),
    "another village": (DARK, NEXT_DOOR, LIGHT, 1, False),
    "another kabupaten": (DARK, FAR, LIGHT, 1, False),
    "another street": ("Lampu jalan di gang kenanga mati", HERE, LIGHT, 1, False),
    "another matter": ("Jalan berlubang di gang mawar", HERE, "jalan_rusak", 1, False),
    "months later": (DARK, HERE, LIGHT, 24 * 90, False),
}


@pytest.mark.parametrize("case", LIKELY)
def test_what_is_likely_the_same_is_written_down(runtime: Runtime, clock: Clock, case: str) -> None:
    text, area, category, hours, expected = LIKELY[case]
    first = open_one(runtime)
    clock.forward(hours=hours)
    second = open_one(runtime, text, area=area, category=category)
    likely = found(runtime, second)
    assert [(row.ticket_id, row.other_id) for row in likely] == ([(second.id, first.id)] if expected else [])


def test_a_pair_is_written_down_once_whoever_looks_and_however_often(runtime: Runtime) -> None:
    first, second = open_one(runtime), open_one(runtime)
    for ticket in (first, second, first):
        assert len(found(runtime, ticket)) == 1
    assert len(rows(runtime, Likeness)) == 1


def test_a_new_ticket_is_looked_at_after_it_was_opened(runtime: Runtime) -> None:
    open_one(runtime)
    open_one(runtime)
    assert rows(runtime, Likeness) == []
    work(runtime)
    assert len(rows(runtime, Likeness)) == 1


def test_a_place_that_becomes_known_brings_likenesses_and_takes_wrong_ones_away(runtime: Runtime) -> None:
    first, second = open_one(runtime), open_one(runtime, area=None)
    assert found(runtime, second)
    with runtime.writing() as session:
        tickets.place(session, runtime.region, runtime.now(), session.get_one(Ticket, second.id), FAR)
    assert rows(runtime, Likeness) == []
    assert reload(runtime, first).lead_id is None


def test_pins_far_apart_are_two_troubles(runtime: Runtime) -> None:
    for latitude in (3.30, 3.36):
        ticket = open_ticket(runtime, "Lampu jalan mati", category=LIGHT, area=HERE, location=Location(latitude, 117.6))
    assert found(runtime, ticket) == []


@pytest.mark.parametrize("field", ["secret", "supervision", "part", "joined", "ended"])
def test_what_may_not_be_joined_is_not_shown_either(runtime: Runtime, field: str) -> None:
    other, lead, ticket = open_one(runtime, area=FAR), open_one(runtime), open_one(runtime)
    spoil(runtime, lead, field, other)
    assert found(runtime, ticket) == []


def spoil(runtime: Runtime, ticket: Ticket, field: str, other: Ticket) -> None:
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        match field:
            case "secret":
                row.privacy = Privacy.SECRET
            case "supervision":
                row.supervision = True
            case "part":
                row.parent_id = other.id
            case "joined":
                row.lead_id = other.id
            case "ended":
                row.status = Status.CLOSED
        session.add(row)


# joining


def test_a_joined_ticket_leaves_the_work_and_its_citizen_is_told_once(runtime: Runtime, officer: Staff) -> None:
    lead, ticket = open_one(runtime), open_one(runtime)
    join(runtime, ticket, lead, officer)
    row = reload(runtime, ticket)
    assert (row.lead_id, row.number, row.next_due, row.next_step) == (lead.id, ticket.number, None, "")
    assert len(told(runtime, ticket)) == 1
    assert ticket.number in told(runtime, ticket)[0]
    with runtime.reading() as session:
        query = select(func.count()).select_from(Ticket).where(col(Ticket.id).in_([lead.id, ticket.id]))
        counted = {
            name: session.scalar(query.where(reports.condition(name, runtime.now() + timedelta(days=90))))
            for name in ("received", "open", "overdue", "merged")
        }
    assert counted == {"received": 2, "open": 1, "overdue": 1, "merged": 1}
    assert [each.action for each in rows(runtime, Audit) if each.action == "ticket.join"] == ["ticket.join"]


@pytest.mark.parametrize("field", ["secret", "supervision", "part", "ended"])
@pytest.mark.parametrize("which", ["ticket", "lead"])
def test_what_must_not_be_joined_is_refused(runtime: Runtime, officer: Staff, field: str, which: str) -> None:
    other, lead, ticket = open_one(runtime, area=FAR), open_one(runtime), open_one(runtime)
    spoil(runtime, ticket if which == "ticket" else lead, field, other)
    with pytest.raises(CannotJoin) as refused:
        join(runtime, ticket, lead, officer)
    assert refused.value.reason == field
    assert rows(runtime, Join) == []
    assert reload(runtime, ticket).lead_id is None


def test_a_ticket_is_not_joined_to_itself_nor_to_its_own_reporter(runtime: Runtime, officer: Staff) -> None:
    lead, ticket = open_one(runtime), open_one(runtime)
    with pytest.raises(CannotJoin):
        join(runtime, lead, lead, officer)
    join(runtime, ticket, lead, officer)
    with pytest.raises(CannotJoin):
        join(runtime, lead, ticket, officer)
    with pytest.raises(CannotJoin):
        join(runtime, ticket, lead, officer)


def test_there_are_no_chains(runtime: Runtime, officer: Staff) -> None:
    top, middle, low, last = (open_one(runtime) for _ in range(4))
    join(runtime, low, middle, officer)
    join(runtime, middle, top, officer)  # takes its own along
    join(runtime, last, low, officer)  # to the lead of a joined one
    assert {reload(runtime, each).lead_id for each in (middle, low, last)} == {top.id}
    assert reload(runtime, top).lead_id is None
    standing = [each for each in rows(runtime, Join) if each.undone_at is None]
    assert sorted(each.ticket_id for each in standing) == sorted(each.id or 0 for each in (middle, low, last))
    assert len(told(runtime, low)) == 1


def test_a_form_shown_before_the_ticket_changed_joins_nothing(runtime: Runtime, officer: Staff) -> None:
    lead, ticket = open_one(runtime), open_one(runtime)
    seen = reload(runtime, ticket).version
    write_again(runtime, ticket, "Tolong segera")
    with pytest.raises(Stale), runtime.writing() as session:
        one, other = session.get_one(Ticket, ticket.id), session.get_one(Ticket, lead.id)
        joining.join(session, runtime.phrases, runtime.now(), one, other, staff_id=officer.id, seen_version=seen)
    assert reload(runtime, ticket).lead_id is None


def test_two_officers_who_join_crosswise_make_no_circle(runtime: Runtime, officer: Staff) -> None:
    for _ in range(5):
        one, other = open_one(runtime), open_one(runtime)
        start, refused = threading.Barrier(2), []

        def cross(ticket: Ticket, lead: Ticket, start: threading.Barrier = start, refused: list[str] = refused) -> None:
            start.wait()
            try:
                join(runtime, ticket, lead, officer)
            except CannotJoin as error:
                refused.append(error.reason)

        threads = [threading.Thread(target=cross, args=pair) for pair in ((one, other), (other, one))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        leads = {reload(runtime, one).lead_id, reload(runtime, other).lead_id}
        assert refused == ["same"]
        assert None in leads
        assert len(leads) == 2


# what joined citizens hear


def test_an_answer_goes_to_everybody_once_in_their_own_name(runtime: Runtime, officer: Staff, clock: Clock) -> None:
    lead, *others = (open_one(runtime, channel=channel) for channel in ("sms", "whatsapp", "telegram"))
    for each in others:
        join(runtime, each, lead, officer)
    clock.forward(hours=1)
    reply(runtime, lead, f"Kami perbaiki besok. Nomor {lead.number}.", officer)
    for _ in range(3):
        work(runtime)
    for each in others:
        heard = told(runtime, each)
        assert len(heard) == 2
        assert "Kami perbaiki besok" in heard[1]
        assert each.number in heard[1]
        assert lead.number not in heard[1]
        row = reload(runtime, each)
        assert row.first_response_at is not None
        assert row.status == Status.ANSWERED
    assert all(not row.automatic for row in rows(runtime, Outbox) if "Kami perbaiki" in row.body)


def test_a_second_answer_and_news_without_a_change_of_status_go_out_too(
    runtime: Runtime, officer: Staff, clock: Clock
) -> None:
    lead, ticket = open_one(runtime), open_one(runtime)
    join(runtime, ticket, lead, officer)
    for text in ("Sudah dijadwalkan.", "Petugas datang besok."):
        clock.forward(hours=1)
        reply(runtime, lead, text, officer)
        work(runtime)
    first, second = told(runtime, ticket)[1:]
    assert "dijadwalkan" in first
    assert "besok" in second


def test_a_question_to_the_leads_citizen_is_not_passed_on(runtime: Runtime, officer: Staff, clock: Clock) -> None:
    lead, ticket = open_one(runtime), open_one(runtime)
    join(runtime, ticket, lead, officer)
    clock.forward(hours=1)
    reply(runtime, lead, "Nomor tiangnya berapa?", officer, Then.ASK)
    work(runtime)
    assert len(told(runtime, ticket)) == 1
    assert reload(runtime, ticket).status in OPEN - {Status.WAITING}


def test_who_joined_after_an_answer_does_not_get_the_old_one(runtime: Runtime, officer: Staff, clock: Clock) -> None:
    lead, ticket = open_one(runtime), open_one(runtime)
    reply(runtime, lead, "Sudah dijadwalkan.", officer)
    clock.forward(hours=1)
    join(runtime, ticket, lead, officer)
    work(runtime)
    assert len(told(runtime, ticket)) == 1
    assert reload(runtime, ticket).status == Status.IN_PROGRESS


def test_who_wants_no_messages_gets_none_and_staff_see_it(runtime: Runtime, officer: Staff, clock: Clock) -> None:
    lead, ticket = open_one(runtime), open_one(runtime)
    join(runtime, ticket, lead, officer)
    with runtime.writing() as session:
        people.set_stopped(session, runtime.now(), session.get_one(CitizenAddress, ticket.address_id), True)
    clock.forward(hours=1)
    reply(runtime, lead, "Sudah diperbaiki.", officer)
    for _ in range(2):
        work(runtime)
    assert len(told(runtime, ticket)) == 1
    kept = [each for each in rows(runtime, Message) if each.ticket_id == ticket.id and each.copy_of]
    assert [each.notes for each in kept] == [["stopped"]]
    assert reload(runtime, ticket).first_response_at is None


def test_the_end_is_told_and_asked_each_and_counted_once(runtime: Runtime, officer: Staff, clock: Clock) -> None:
    lead, ticket = open_one(runtime), open_one(runtime)
    join(runtime, ticket, lead, officer)
    clock.forward(hours=1)
    change(runtime, lead, Status.IN_PROGRESS, by=officer)
    work(runtime)
    assert reload(runtime, ticket).status == Status.IN_PROGRESS
    clock.forward(days=1)
    change(runtime, lead, Status.RESOLVED, by=officer)
    for _ in range(2):
        work(runtime)
    row = reload(runtime, ticket)
    assert (row.status, row.outcome) == (Status.RESOLVED, Outcome.MERGED)
    assert row.settled_asked_at is not None
    assert sum(ticket.number in body for body in told(runtime, ticket)) == len(told(runtime, ticket))
    assert len([body for body in told(runtime, ticket) if "selesai" in body.lower()]) == 1
    with runtime.reading() as session:
        query = select(func.count()).select_from(Ticket).where(reports.condition("resolved", runtime.now()))
        assert session.scalar(query) == 1


def test_the_officers_last_words_ask_once(runtime: Runtime, officer: Staff, clock: Clock) -> None:
    lead, ticket = open_one(runtime, category="informasi_layanan"), open_one(runtime, category="informasi_layanan")
    join(runtime, ticket, lead, officer)
    clock.forward(hours=1)
    reply(runtime, lead, "Sudah menyala lagi.", officer, Then.RESOLVED)
    for _ in range(2):
        work(runtime)
    row = reload(runtime, ticket)
    assert (row.status, row.settled_asked_at) == (Status.RESOLVED, runtime.now())
    assert len(told(runtime, ticket)) == 2


def test_a_refusal_gives_each_the_leads_reason(runtime: Runtime, officer: Staff, clock: Clock) -> None:
    lead, ticket = open_one(runtime), open_one(runtime)
    join(runtime, ticket, lead, officer)
    clock.forward(hours=1)
    change(runtime, lead, Status.REJECTED, by=officer, reason="Tiang itu milik perusahaan")
    work(runtime)
    assert reload(runtime, ticket).status == Status.REJECTED
    assert "Tiang itu milik perusahaan" in told(runtime, ticket)[-1]


def test_one_who_is_not_content_alerts_the_officer_and_leaves_the_lead_alone(
    runtime: Runtime, officer: Staff, clock: Clock
) -> None:
    lead, ticket = open_one(runtime), open_one(runtime)
    join(runtime, ticket, lead, officer)
    clock.forward(hours=1)
    reply(runtime, lead, "Sudah diperbaiki.", officer)
    work(runtime)
    clock.forward(hours=1)
    with runtime.writing() as session:
        tickets.take_up_again(session, runtime.region, runtime.now(), session.get_one(Ticket, ticket.id))
    work(runtime)
    assert reload(runtime, lead).status == Status.ANSWERED
    assert [each.ticket_id for each in rows(runtime, Alert) if each.kind == following.UNSETTLED] == [lead.id]
    assert reload(runtime, ticket).lead_id == lead.id


def test_one_who_is_not_content_after_the_end_is_work_of_their_own(
    runtime: Runtime, officer: Staff, clock: Clock
) -> None:
    lead, ticket = open_one(runtime), open_one(runtime)
    join(runtime, ticket, lead, officer)
    clock.forward(hours=1)
    change(runtime, lead, Status.IN_PROGRESS, Status.RESOLVED, by=officer)
    work(runtime)
    clock.forward(hours=1)
    change(runtime, ticket, Status.IN_PROGRESS, reason="not_settled")
    work(runtime)
    row = reload(runtime, ticket)
    assert row.lead_id is None
    assert row.next_due is not None
    assert reload(runtime, lead).status == Status.RESOLVED


def test_nobody_is_left_in_a_join_whose_lead_was_closed(runtime: Runtime, officer: Staff, clock: Clock) -> None:
    lead, ticket = open_one(runtime), open_one(runtime)
    reply(runtime, lead, "Sudah dijawab.", officer)
    clock.forward(hours=1)
    join(runtime, ticket, lead, officer)
    clock.forward(days=20)
    change(runtime, lead, Status.CLOSED, reason="silence")
    work(runtime)
    row = reload(runtime, ticket)
    assert row.lead_id is None
    assert row.next_due is not None


# splitting off

NOT_COMPARED = {"version", "lead_id", "ladder_at"}


def stored(runtime: Runtime, ticket: Ticket) -> dict[str, object]:
    return {name: value for name, value in reload(runtime, ticket).model_dump().items() if name not in NOT_COMPARED}


@pytest.mark.parametrize("then", ["nothing", "begun", "answered", "resolved", "refused"])
def test_splitting_off_is_as_if_it_had_never_been_joined(
    runtime: Runtime, officer: Staff, clock: Clock, then: str
) -> None:
    lead, ticket = open_one(runtime), open_one(runtime)
    work(runtime)
    clock.forward(hours=1)
    before = stored(runtime, ticket)
    join(runtime, ticket, lead, officer)
    clock.forward(days=2)
    match then:
        case "begun":
            change(runtime, lead, Status.IN_PROGRESS, by=officer)
        case "answered":
            reply(runtime, lead, "Sudah dijadwalkan.", officer)
        case "resolved":
            change(runtime, lead, Status.IN_PROGRESS, Status.RESOLVED, by=officer)
        case "refused":
            change(runtime, lead, Status.REJECTED, by=officer, reason="Bukan milik daerah")
    work(runtime)
    clock.forward(days=3)
    split(runtime, ticket, officer)
    work(runtime)
    assert stored(runtime, ticket) == before
    assert "tersendiri" in told(runtime, ticket)[-1]
    assert [each.undone_by for each in rows(runtime, Join)] == [officer.id]
    assert sum("tersendiri" in body for body in told(runtime, ticket)) == 1
    reply(runtime, lead, "Kabar berikutnya.", officer)
    work(runtime)
    assert "tersendiri" in told(runtime, ticket)[-1]


def test_its_own_history_counts_when_it_is_split_off(runtime: Runtime, officer: Staff, clock: Clock) -> None:
    lead, ticket = open_one(runtime), open_one(runtime)
    join(runtime, ticket, lead, officer)
    clock.forward(hours=1)
    reply(runtime, lead, "Sudah diperbaiki.", officer)
    work(runtime)
    clock.forward(hours=1)
    with runtime.writing() as session:
        tickets.take_up_again(session, runtime.region, runtime.now(), session.get_one(Ticket, ticket.id))
    work(runtime)
    split(runtime, ticket, officer)
    assert reload(runtime, ticket).status == Status.IN_PROGRESS


def test_what_came_along_with_its_lead_is_split_off_as_if_it_had_never_been_joined(
    runtime: Runtime, officer: Staff, clock: Clock
) -> None:
    top, middle, low = (open_one(runtime) for _ in range(3))
    work(runtime)
    before = stored(runtime, low)
    clock.forward(hours=1)
    join(runtime, low, middle, officer)
    clock.forward(hours=1)
    reply(runtime, middle, "Sudah dijadwalkan.", officer)
    work(runtime)
    clock.forward(days=1)
    join(runtime, middle, top, officer)
    clock.forward(days=1)
    split(runtime, low, officer)
    assert stored(runtime, low) == before


def test_what_was_split_off_is_not_proposed_again(runtime: Runtime, officer: Staff) -> None:
    lead, ticket = open_one(runtime), open_one(runtime)
    join(runtime, ticket, lead, officer)
    split(runtime, ticket, officer)
    assert [row.decision for row in found(runtime, ticket)] == ["different"]


def test_splitting_off_what_is_not_joined_does_nothing(runtime: Runtime, officer: Staff) -> None:
    ticket = open_one(runtime)
    split(runtime, ticket, officer)
    assert told(runtime, ticket) == []
    assert [each for each in rows(runtime, StatusChange) if each.reason == "split_off"] == []


@pytest.mark.parametrize("why", ["secret", "conduct"])
@pytest.mark.parametrize("which", ["ticket", "lead"])
def test_what_becomes_secret_or_about_officials_leaves_its_join(
    runtime: Runtime, officer: Staff, clock: Clock, why: str, which: str
) -> None:
    lead, ticket = open_one(runtime), open_one(runtime)
    join(runtime, ticket, lead, officer)
    clock.forward(hours=1)
    with runtime.writing() as session:
        row = session.get_one(Ticket, (ticket if which == "ticket" else lead).id)
        if why == "secret":
            secrecy.conceal(session, runtime.region, runtime.now(), row, Privacy.SECRET)
        else:
            tickets.supervise(session, runtime.region, runtime.now(), row, Tag(LIGHT, supervision=True))
    assert reload(runtime, ticket).lead_id is None
    assert [reload(runtime, each).next_due is None for each in (ticket, lead)] == [False, False]
    clock.forward(hours=1)
    reply(runtime, lead, "Sedang diperiksa.", officer)
    work(runtime)
    assert not [body for body in told(runtime, ticket) if "Sedang diperiksa." in body]


def test_one_lead_that_fails_does_not_keep_the_others_answers(
    runtime: Runtime, officer: Staff, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pairs = [(open_one(runtime), open_one(runtime)) for _ in range(2)]
    for lead, ticket in pairs:
        join(runtime, ticket, lead, officer)
    clock.forward(hours=1)
    for lead, _ in pairs:
        reply(runtime, lead, "Sudah dijadwalkan.", officer)
    real = joining.spread

    def fails(session, phrases, now, lead, message, most=None):  # type: ignore[no-untyped-def]
        if lead.id == pairs[0][0].id:
            raise ValueError("broken")
        return real(session, phrases, now, lead, message, most)

    monkeypatch.setattr(joining, "spread", fails)
    assert following.sweep(runtime) == 1
    assert "Sudah dijadwalkan." in told(runtime, pairs[1][1])[-1]
    assert "an answer was not passed on" in caplog.text


def test_what_its_own_citizen_closed_stays_closed_when_it_is_split_off(
    runtime: Runtime, officer: Staff, clock: Clock
) -> None:
    lead, ticket = open_one(runtime), open_one(runtime)
    join(runtime, ticket, lead, officer)
    clock.forward(hours=1)
    change(runtime, lead, Status.IN_PROGRESS, Status.RESOLVED, by=officer)
    work(runtime)
    clock.forward(hours=1)
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        row.settled_asked_at, row.rating = runtime.now(), 4
        closing.settle(session, runtime.region, runtime.now(), row, True)
    before = told(runtime, ticket)
    split(runtime, ticket, officer)
    after = reload(runtime, ticket)
    assert (after.status, after.outcome, after.content, after.rating) == (Status.CLOSED, Outcome.SOLVED, "yes", 4)
    assert told(runtime, ticket) == before
