"""What counts as a statement of a ticket's category: once, by whom, and what it replaces. On both databases."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from dispatch.models import Label, LabelSource, Staff, Ticket
from dispatch.runtime import Runtime
from dispatch.services import labels, tickets
from tests.support.clock import Clock
from tests.support.tickets import add_staff, answer, open_ticket

ROAD = ({"category": "jalan_rusak", "confidence": 0.91}, {"category": "lampu_jalan", "confidence": 0.03})
UNSURE = ({"category": "lampu_jalan", "confidence": 0.4}, {"category": "jalan_rusak", "confidence": 0.3})


@pytest.fixture
def officer(runtime: Runtime) -> Staff:
    return add_staff(runtime, "petugas@contoh.test", "admin")


def stored(runtime: Runtime) -> Sequence[Label]:
    with runtime.reading() as session:
        return session.scalars(select(Label).order_by(col(Label.id))).all()


def told(runtime: Runtime) -> list[tuple[str, str]]:
    return [(row.category, row.source) for row in stored(runtime) if row.withdrawn_at is None]


def hand_over(
    runtime: Runtime, ticket: Ticket, category: str | None, by: Staff, agency: str = "tarakan-dishub"
) -> None:
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        before = row.category
        tickets.reassign(
            session,
            runtime.region,
            runtime.now(),
            row,
            agency=agency,
            category=category,
            staff_id=by.id or 0,
        )
        labels.decided(session, runtime.now(), row, before, staff_id=by.id or 0)


def choose(runtime: Runtime, ticket: Ticket, category: str) -> None:
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        labels.say(session, runtime.now(), row, category, LabelSource.CHOSEN)


def test_an_answer_in_the_proposed_category_confirms_it_once(runtime: Runtime, officer: Staff) -> None:
    ticket = open_ticket(runtime, suggestions=ROAD)
    answer(runtime, ticket, by=officer)
    answer(runtime, ticket, "Sudah selesai.", by=officer)
    [row] = stored(runtime)
    assert (row.category, row.source, row.staff_id) == ("jalan_rusak", "confirmed", officer.id)
    assert (row.suggested, row.confidence, row.model_version) == ("jalan_rusak", 0.91, "test-1")
    assert (row.ticket_id, row.citizen_id, row.at) == (ticket.id, ticket.citizen_id, runtime.now())


def test_an_answer_to_what_nobody_tagged_teaches_nothing(runtime: Runtime, officer: Staff) -> None:
    ticket = open_ticket(runtime, category=None, suggestions=UNSURE)
    answer(runtime, ticket, by=officer)
    assert stored(runtime) == []


def test_the_desk_decides_what_the_classifier_was_unsure_of(runtime: Runtime, officer: Staff) -> None:
    ticket = open_ticket(runtime, category=None, suggestions=UNSURE)
    hand_over(runtime, ticket, "jalan_rusak", officer)
    [row] = stored(runtime)
    assert (row.category, row.source, row.suggested, row.confidence) == ("jalan_rusak", "triaged", "lampu_jalan", 0.4)


def test_another_category_corrects(runtime: Runtime, officer: Staff) -> None:
    ticket = open_ticket(runtime, suggestions=ROAD)
    hand_over(runtime, ticket, "lampu_jalan", officer)
    answer(runtime, ticket, by=officer)
    assert told(runtime) == [("lampu_jalan", "corrected")]
    assert stored(runtime)[0].suggested == "jalan_rusak"


@pytest.mark.parametrize("category", [None, "jalan_rusak"])
def test_another_agency_within_the_category_teaches_nothing(
    category: str | None, runtime: Runtime, officer: Staff
) -> None:
    ticket = open_ticket(runtime, suggestions=ROAD)
    hand_over(runtime, ticket, category, officer, "bulungan-dpupr")
    assert stored(runtime) == []
    answer(runtime, ticket, by=officer)
    assert told(runtime) == [("jalan_rusak", "confirmed")]


def test_the_last_word_of_staff_holds(runtime: Runtime, officer: Staff) -> None:
    ticket = open_ticket(runtime, suggestions=ROAD)
    for category in ("lampu_jalan", "sampah", "lampu_jalan"):
        hand_over(runtime, ticket, category, officer)
    assert [row.category for row in stored(runtime)] == ["lampu_jalan", "sampah", "lampu_jalan"]
    with runtime.reading() as session:
        held = labels.of_ticket(session, ticket)
    assert held is not None and (held.id, held.category) == (3, "lampu_jalan")


def test_the_same_statement_again_adds_nothing(runtime: Runtime, officer: Staff) -> None:
    ticket = open_ticket(runtime, category=None, suggestions=UNSURE)
    choose(runtime, ticket, "jalan_rusak")
    choose(runtime, ticket, "jalan_rusak")
    assert told(runtime) == [("jalan_rusak", "chosen")]
    choose(runtime, ticket, "lampu_jalan")
    choose(runtime, ticket, "jalan_rusak")
    assert len(stored(runtime)) == 3


def test_staff_confirm_what_the_citizen_chose(runtime: Runtime, officer: Staff) -> None:
    ticket = open_ticket(runtime, suggestions=UNSURE)  # the choice put it into jalan_rusak
    choose(runtime, ticket, "jalan_rusak")
    answer(runtime, ticket, by=officer)
    assert told(runtime) == [("jalan_rusak", "chosen"), ("jalan_rusak", "confirmed")]


def test_a_citizens_choice_does_not_outweigh_staff(runtime: Runtime, officer: Staff, clock: Clock) -> None:
    ticket = open_ticket(runtime, suggestions=ROAD)
    hand_over(runtime, ticket, "lampu_jalan", officer)
    clock.forward(days=1)
    choose(runtime, ticket, "sampah")
    with runtime.reading() as session:
        held = labels.of_ticket(session, ticket)
    assert held is not None and held.category == "lampu_jalan"


def test_what_is_taken_back_stays_on_record_and_teaches_nothing(runtime: Runtime, officer: Staff) -> None:
    ticket = open_ticket(runtime, suggestions=ROAD)
    hand_over(runtime, ticket, "lampu_jalan", officer)
    with runtime.writing() as session:
        assert labels.withdraw(session, runtime.now(), ticket) == 1
        assert labels.withdraw(session, runtime.now(), ticket) == 0
    assert told(runtime) == [] and len(stored(runtime)) == 1
    with runtime.reading() as session:
        assert labels.of_ticket(session, ticket) is None


def test_lessons_are_numbered_within_their_category(runtime: Runtime, officer: Staff) -> None:
    for _ in range(3):
        answer(runtime, open_ticket(runtime, suggestions=ROAD), by=officer)
    answer(runtime, open_ticket(runtime, category="sampah", suggestions=({"category": "sampah"},)), by=officer)

    def numbers(session: Session) -> list[int]:
        return [labels.lesson(session, row) for row in session.scalars(select(Label).order_by(col(Label.id)))]

    with runtime.reading() as session:
        assert numbers(session) == [1, 2, 3, 1]
