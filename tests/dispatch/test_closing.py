"""How tickets end: what is demanded, what their citizens are told once, what silence and pauses do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select
from sqlmodel import col

from dispatch.models import (
    Alert,
    Author,
    CitizenAddress,
    Direction,
    Message,
    Outcome,
    Privacy,
    StatusChange,
    StoredAttachment,
    Ticket,
)
from dispatch.region import Region
from dispatch.runtime import Runtime
from dispatch.services import answers, closing, consequences, deadlines, evidence, people, tickets
from dispatch.services.answers import Then
from dispatch.services.closing import Incomplete
from dispatch.services.evidence import Bundle, FileRefused, Unproven
from dispatch.workflow import NotAllowed, Status
from tests.support import rows
from tests.support.clock import Clock
from tests.support.tickets import add_staff, open_ticket, reload

one_database = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def officer(runtime: Runtime) -> int:
    return add_staff(runtime, "petugas@contoh.test", agencies=("tarakan-dpupr",)).id or 0


@pytest.fixture(autouse=True)
def an_answer_is_enough(runtime: Runtime) -> None:
    """For every test that does not say otherwise."""
    demanding(runtime, "answer")


def demanding(runtime: Runtime, what: str) -> None:
    """The region's rule for road damage, for one test."""
    region: Region = runtime.region
    roads = replace(region.categories["jalan_rusak"], evidence=what)
    runtime.__dict__["region"] = replace(region, categories={**region.categories, "jalan_rusak": roads})
    runtime.__dict__.pop("phrases", None)


def answer(runtime: Runtime, ticket: Ticket, officer: int, then: Then = Then.ANSWERED, **fields: object) -> Message:
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id, with_for_update=True)
        return answers.reply(
            session, runtime.phrases, runtime.now(), row, text="Baik.", staff_id=officer, then=then, **fields
        )


def end(runtime: Runtime, ticket: Ticket, officer: int, to: Status, **fields: object) -> Ticket:
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id, with_for_update=True)
        closing.end(session, runtime, runtime.now(), row, to, staff_id=officer, **fields)
        return row


def move(runtime: Runtime, ticket: Ticket, to: Status, officer: int | None = None) -> None:
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        tickets.move(session, runtime.region, runtime.now(), row, to, staff_id=officer)


def heard(runtime: Runtime, ticket: Ticket, author: Author = Author.SYSTEM) -> list[str]:
    """What the ticket's citizen was sent, after all consequences were worked; twice, for nothing is told twice."""
    consequences.sweep(runtime)
    consequences.sweep(runtime)
    with runtime.reading() as session:
        said = select(col(Message.body)).where(
            col(Message.ticket_id) == ticket.id, col(Message.direction) == Direction.OUT, col(Message.author) == author
        )
        return list(session.scalars(said.order_by(col(Message.id))))


# What an answer means

THEN: dict[Then, tuple[Status, str]] = {
    Then.WORKING: (Status.IN_PROGRESS, "working"),
    Then.ASK: (Status.WAITING, "ask"),
    Then.ANSWERED: (Status.ANSWERED, "answered"),
    Then.RESOLVED: (Status.RESOLVED, "resolved"),
}


@pytest.mark.parametrize(("then", "expected"), THEN.items(), ids=THEN)
def test_what_an_answer_makes_of_a_ticket(
    runtime: Runtime, officer: int, then: Then, expected: tuple[Status, str]
) -> None:
    ticket = open_ticket(runtime)
    answer(runtime, ticket, officer, then)
    after = reload(runtime, ticket)
    assert after.status == expected[0]
    assert after.first_response_at == after.last_staff_at == runtime.now()
    with runtime.reading() as session:
        last = session.scalars(select(StatusChange).order_by(col(StatusChange.id).desc())).first()
    assert last is not None and last.reason == expected[1]


@one_database
def test_a_question_keeps_its_reason_and_news_while_working_changes_nothing(runtime: Runtime, officer: int) -> None:
    ticket = open_ticket(runtime)
    answer(runtime, ticket, officer, Then.ASK, reason="menunggu alamat")
    assert reload(runtime, ticket).pause_reason == "menunggu alamat"
    answer(runtime, ticket, officer, Then.ASK)
    assert reload(runtime, ticket).pause_reason == "Baik."
    move(runtime, ticket, Status.IN_PROGRESS, officer)
    answer(runtime, ticket, officer, Then.WORKING)
    assert reload(runtime, ticket).status == Status.IN_PROGRESS


@one_database
def test_the_resolution_clock_stands_for_a_question_and_runs_on_for_news(
    runtime: Runtime, clock: Clock, officer: int
) -> None:
    asked, told = open_ticket(runtime), open_ticket(runtime)
    answer(runtime, asked, officer, Then.ASK)
    answer(runtime, told, officer, Then.WORKING)
    assert reload(runtime, asked).pause_until is not None and reload(runtime, told).pause_until is None
    assert reload(runtime, asked).resolution_due > reload(runtime, told).resolution_due


@one_database
def test_news_on_what_was_referred_outside_brings_it_to_the_desk(runtime: Runtime, officer: int) -> None:
    ticket = open_ticket(runtime, "Listrik padam", category="listrik")
    assert reload(runtime, ticket).status == Status.FORWARDED
    answer(runtime, ticket, officer, Then.WORKING)
    after = reload(runtime, ticket)
    assert (after.status, after.agency) == (Status.ASSIGNED, runtime.region.desk)


# What ending demands

DEMANDS: dict[str, tuple[Status, dict[str, object], type[Exception] | None]] = {
    "refused with a reason": (Status.REJECTED, {"reason": "bukan tugas kami"}, None),
    "refused without one": (Status.REJECTED, {"reason": " "}, Incomplete),
    "not ours without a reason": (Status.REJECTED, {"outcome": Outcome.NOT_OURS}, Incomplete),
    "not yet without a day": (Status.REJECTED, {"outcome": Outcome.CANNOT_YET, "reason": "anggaran"}, Incomplete),
    "refused as solved": (Status.REJECTED, {"outcome": Outcome.SOLVED, "reason": "x"}, Incomplete),
    "resolved without an answer": (Status.RESOLVED, {}, Unproven),
    "closed before any answer": (Status.CLOSED, {}, NotAllowed),
}


@one_database
@pytest.mark.parametrize(("to", "fields", "refused"), DEMANDS.values(), ids=DEMANDS)
def test_ending_demands_what_it_must(
    runtime: Runtime, officer: int, to: Status, fields: dict[str, object], refused: type[Exception] | None
) -> None:
    ticket = open_ticket(runtime)
    if refused is None:
        assert end(runtime, ticket, officer, to, **fields).outcome == Outcome.REFUSED
        return
    with pytest.raises(refused):
        end(runtime, ticket, officer, to, **fields)
    assert reload(runtime, ticket).model_dump() == ticket.model_dump()


@one_database
def test_what_cannot_be_done_yet_says_until_when(runtime: Runtime, clock: Clock, officer: int) -> None:
    ticket = open_ticket(runtime, receipt=True)
    past, ahead = clock() - timedelta(days=1), clock() + timedelta(days=30)
    fields = {"outcome": Outcome.CANNOT_YET, "reason": "Anggaran belum ada."}
    with pytest.raises(Incomplete):
        end(runtime, ticket, officer, Status.REJECTED, until=past, **fields)
    end(runtime, ticket, officer, Status.REJECTED, until=ahead, **fields)
    [*_, told] = heard(runtime, ticket)
    assert "Anggaran belum ada." in told and "4 Des" in told and ticket.number in told


def photo(runtime: Runtime, shade: int = 1) -> Bundle:
    """The same photo for the same shade."""
    buffer = BytesIO()
    Image.new("RGB", (40, 30), (shade * 60, 90, 120)).save(buffer, "JPEG")
    return Bundle(
        runtime.settings.media, evidence.look(None, runtime.settings.media, [("foto.jpg", buffer.getvalue())])
    )


def sent_by_citizen(runtime: Runtime, ticket: Ticket, files: Bundle) -> None:
    with runtime.writing() as session:
        to = session.get_one(CitizenAddress, ticket.address_id)
        message = rows.said(runtime, session, to, "", session.get_one(Ticket, ticket.id))
        evidence.attach(session, runtime.now(), message, files)


def _none(runtime: Runtime, ticket: Ticket, officer: int) -> Bundle | None:
    return None


def _new(runtime: Runtime, ticket: Ticket, officer: int) -> Bundle | None:
    return photo(runtime)


def _of_another_ticket(runtime: Runtime, ticket: Ticket, officer: int) -> Bundle | None:
    answer(runtime, open_ticket(runtime), officer, files=photo(runtime))
    return photo(runtime)


def _the_citizens(runtime: Runtime, ticket: Ticket, officer: int) -> Bundle | None:
    sent_by_citizen(runtime, ticket, photo(runtime))
    return photo(runtime)


def _from_the_citizen_after(runtime: Runtime, ticket: Ticket, officer: int) -> Bundle | None:
    answer(runtime, ticket, officer, Then.WORKING)
    runtime.now.forward(hours=1)  # type: ignore[attr-defined]
    sent_by_citizen(runtime, ticket, photo(runtime))
    return None


def _used_and_new(runtime: Runtime, ticket: Ticket, officer: int) -> Bundle | None:
    answer(runtime, open_ticket(runtime), officer, files=photo(runtime))
    answer(runtime, ticket, officer, Then.WORKING, files=photo(runtime))
    return photo(runtime, 2)


PHOTOS: dict[str, tuple[Callable[[Runtime, Ticket, int], Bundle | None], str]] = {
    "none": (_none, "photo"),
    "a new one": (_new, ""),
    "one of another ticket": (_of_another_ticket, "reused"),
    "the citizen's own": (_the_citizens, "citizens_own"),
    "one the citizen sent after the first answer": (_from_the_citizen_after, ""),
    "a used one and a new one": (_used_and_new, ""),
}


@one_database
@pytest.mark.parametrize(("prepare", "missing"), PHOTOS.values(), ids=PHOTOS)
def test_a_photo_proves_the_work_once(
    runtime: Runtime, officer: int, prepare: Callable[[Runtime, Ticket, int], Bundle | None], missing: str
) -> None:
    demanding(runtime, "photo")
    ticket = open_ticket(runtime)
    files = prepare(runtime, ticket, officer)
    before = reload(runtime, ticket).model_dump()
    if not missing:
        answer(runtime, ticket, officer, Then.RESOLVED, files=files)
        assert reload(runtime, ticket).outcome == Outcome.SOLVED
        return
    with pytest.raises(Unproven) as refused:
        answer(runtime, ticket, officer, Then.RESOLVED, files=files)
    assert refused.value.missing == missing
    assert reload(runtime, ticket).model_dump() == before


REFUSED: dict[str, tuple[list[tuple[str, bytes]], str]] = {
    "a program": ([("foto.jpg", b"\x7fELF" + b"\0" * 60)], "program"),
    "a page": ([("foto.html", b"<html><script>")], "not_taken"),
    "nothing": ([("foto.jpg", b"")], "empty"),
    "too many": ([("a.pdf", b"%PDF-1.4")] * 4, "too_many"),
    "too large": ([("a.pdf", b"%PDF-1.4" + b"\0" * 10_000_000)], "too_large"),
    "a broken picture": ([("foto.jpg", b"\xff\xd8\xff" + b"\0" * 50)], "picture_damaged"),
}


@one_database
@pytest.mark.parametrize(("arrived", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_staff_may_not_attach(runtime: Runtime, arrived: list[tuple[str, bytes]], reason: str) -> None:
    with pytest.raises(FileRefused) as refused:
        evidence.look(None, runtime.settings.media, arrived)
    assert refused.value.reason == reason


def test_files_of_staff_are_kept_and_shown_only_if_the_officer_says_so(runtime: Runtime, officer: int) -> None:
    ticket = open_ticket(runtime, channel="whatsapp")
    answer(runtime, ticket, officer, Then.WORKING, files=photo(runtime))
    with runtime.reading() as session:
        assert evidence.shown(session, ticket) == []
        [row] = session.scalars(select(StoredAttachment)).all()
    assert (row.event_id, row.source, row.shown) == (None, "staff", False)
    shown = replace(photo(runtime, 2), shown=True, site="https://contoh.example")
    answer(runtime, ticket, officer, Then.WORKING, files=shown)
    with runtime.reading() as session:
        assert len(evidence.shown(session, ticket)) == 1
    assert f"https://contoh.example/lacak/{ticket.number}" in heard(runtime, ticket, Author.STAFF)[-1]


# What the citizen is told

NEWS: dict[str, tuple[Status, dict[str, object], str]] = {
    "refused": (Status.REJECTED, {"reason": "bukan urusan dinas."}, "bukan urusan dinas"),
    "not ours": (Status.REJECTED, {"reason": "urusan warga", "outcome": Outcome.NOT_OURS}, "wewenang"),
}


@pytest.mark.parametrize(("to", "fields", "words"), NEWS.values(), ids=NEWS)
def test_a_refusal_is_told_once_with_its_reason(
    runtime: Runtime, officer: int, to: Status, fields: dict[str, object], words: str
) -> None:
    ticket = open_ticket(runtime)
    end(runtime, ticket, officer, to, **fields)
    [told] = heard(runtime, ticket)
    assert words in told and ticket.number in told


def test_finished_work_is_told_and_asked_about_once(runtime: Runtime, clock: Clock, officer: int) -> None:
    ticket = open_ticket(runtime)
    answer(runtime, ticket, officer, Then.WORKING)
    clock.forward(days=1)
    end(runtime, ticket, officer, Status.RESOLVED)
    [told] = heard(runtime, ticket)
    assert "Balas 1 sudah, 2 belum" in told and "DPUPR" in told
    assert closing.waits(reload(runtime, ticket), clock()) == "settled"


@one_database
def test_an_officers_own_words_carry_the_question_themselves(runtime: Runtime, officer: int) -> None:
    ticket = open_ticket(runtime)
    answer(runtime, ticket, officer, Then.RESOLVED)
    assert heard(runtime, ticket) == []
    [said] = heard(runtime, ticket, Author.STAFF)
    assert said.startswith("Baik.") and "Balas 1 sudah" in said
    assert closing.waits(reload(runtime, ticket), runtime.now()) == "settled"


@one_database
def test_taken_up_is_told_the_first_time_unless_an_answer_says_it(runtime: Runtime, clock: Clock, officer: int) -> None:
    first, second = open_ticket(runtime), open_ticket(runtime)
    move(runtime, first, Status.IN_PROGRESS, officer)
    answer(runtime, second, officer, Then.WORKING)
    assert ["mulai dikerjakan" in text for text in heard(runtime, first)] == [True]
    assert heard(runtime, second) == []
    clock.forward(hours=1)
    move(runtime, first, Status.WAITING, officer)
    move(runtime, first, Status.IN_PROGRESS, officer)
    assert len(heard(runtime, first)) == 1


SILENT: dict[str, dict[str, object]] = {
    "about officials": {"supervision": True},
    "secret": {"privacy": Privacy.SECRET},
}


@one_database
@pytest.mark.parametrize("fields", SILENT.values(), ids=SILENT)
def test_of_what_is_secret_only_that_there_is_news(runtime: Runtime, officer: int, fields: dict[str, object]) -> None:
    ticket = open_ticket(runtime)
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        for name, value in fields.items():
            setattr(row, name, value)
        session.add(row)
    end(runtime, ticket, officer, Status.REJECTED, reason="rahasia sekali")
    [told] = heard(runtime, ticket)
    assert "Ada kabar" in told and "rahasia" not in told


@one_database
def test_who_asked_us_to_stop_is_told_nothing(runtime: Runtime, clock: Clock, officer: int) -> None:
    ticket = open_ticket(runtime)
    with runtime.writing() as session:
        people.set_stopped(session, clock(), session.get_one(CitizenAddress, ticket.address_id), True)
    end(runtime, ticket, officer, Status.REJECTED, reason="x")
    assert heard(runtime, ticket) == []


@one_database
def test_news_that_is_old_already_is_none(runtime: Runtime, officer: int) -> None:
    ticket = open_ticket(runtime)
    answer(runtime, ticket, officer)
    end(runtime, ticket, officer, Status.RESOLVED)
    move(runtime, ticket, Status.IN_PROGRESS, officer)
    assert ["dibuka kembali" in text for text in heard(runtime, ticket)] in ([], [True])


# What time does


@pytest.mark.parametrize("then", [Then.ANSWERED, Then.RESOLVED])
def test_silence_closes_with_the_outcome_it_had(runtime: Runtime, clock: Clock, officer: int, then: Then) -> None:
    ticket = open_ticket(runtime)
    answer(runtime, ticket, officer, then)
    clock.forward(days=13)
    assert closing.close_silent(runtime) == 0
    clock.forward(days=8)
    assert closing.close_silent(runtime) == 1
    assert closing.close_silent(runtime) == 0
    after = reload(runtime, ticket)
    expected = Outcome.SOLVED if then is Then.RESOLVED else Outcome.ANSWERED
    assert (after.status, after.outcome, after.next_due) == (Status.CLOSED, expected, None)
    assert heard(runtime, ticket) == []


def test_a_question_nobody_answers_gives_the_ticket_back(runtime: Runtime, clock: Clock, officer: int) -> None:
    ticket = open_ticket(runtime)
    answer(runtime, ticket, officer, Then.ASK)
    clock.forward(days=5)
    assert closing.end_pauses(runtime) == 0
    clock.forward(days=5)
    assert closing.end_pauses(runtime) == 1
    assert closing.end_pauses(runtime) == 0
    assert reload(runtime, ticket).status == Status.IN_PROGRESS
    assert heard(runtime, ticket) == []
    with runtime.reading() as session:
        [note] = session.scalars(select(Message).where(col(Message.direction) == Direction.NOTE)).all()
        alerts = session.scalars(select(Alert).where(col(Alert.kind) == "pause_over")).all()
    assert note.notes == ["pause_over"]
    assert [alert.staff_id for alert in alerts] == [officer]


POISONED: dict[Then, tuple[Callable[[Runtime], int], Status]] = {
    Then.ASK: (closing.end_pauses, Status.IN_PROGRESS),
    Then.ANSWERED: (closing.close_silent, Status.CLOSED),
}


@one_database
@pytest.mark.parametrize(("then", "swept"), POISONED.items(), ids=POISONED)
def test_a_calendar_without_hours_keeps_no_other_ticket_from_its_turn(
    runtime: Runtime,
    clock: Clock,
    officer: int,
    monkeypatch: pytest.MonkeyPatch,
    then: Then,
    swept: tuple[Callable[[Runtime], int], Status],
) -> None:
    poisoned = [open_ticket(runtime), open_ticket(runtime)]
    for ticket in poisoned:
        answer(runtime, ticket, officer, then)
    clock.forward(hours=1)
    sound = open_ticket(runtime, "Lampu mati", category="lampu_jalan")
    answer(runtime, sound, officer, then)
    region = runtime.region
    office = region.agencies[poisoned[0].agency]
    assert sound.agency != office.code
    never = replace(region.calendars[office.calendar], code="never", week=((),) * 7)
    runtime.__dict__["region"] = replace(
        region,
        calendars={**region.calendars, "never": never},
        agencies={**region.agencies, office.code: replace(office, calendar="never")},
    )
    monkeypatch.setattr(deadlines.each_due, "__defaults__", (1,))
    clock.forward(days=40)
    step, after = swept
    assert step(runtime) == 1
    assert step(runtime) == 0
    assert reload(runtime, sound).status == after
    assert {reload(runtime, ticket).status for ticket in poisoned} != {after}
