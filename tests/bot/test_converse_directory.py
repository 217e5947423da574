"""Questions the service directory answers: at once and without a ticket, which becomes one when its writer wants it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from channels.message import Attachment, AttachmentKind
from channels.phones import AUTOMATIC_PARTS
from channels.text import segments
from classifier.reading import Danger, Kind
from dispatch import directory
from dispatch.models import CitizenAddress, Message, Outbox, Ticket
from dispatch.runtime import Runtime
from tests.support.clock import Clock
from tests.support.desk import answer, messages_of, rows
from tests.support.readings import knows, reading
from tests.support.talk import Citizen

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
ASKS: dict[str, Any] = {"kind": Kind.INFORMATION, "kind_confidence": 0.97}
TAX = "di mana bayar pajak motor tahunan?"
CARD = "syarat bikin KTP baru apa saja?"
STRANGE = "berapa jumlah bintang di langit Tarakan pada malam hari?"
ROAD = "Jalan rusak parah di Juata Laut Tarakan"
FOLLOWS = "motor saya pelat luar daerah"
HINT = "Balas LAPOR jika ingin pertanyaan ini diteruskan ke petugas."
KNOWN = {
    TAX: reading(("pajak_kendaraan", 0.99), sure=True, **ASKS),
    CARD: reading(("kependudukan", 0.99), sure=True, **ASKS),
    STRANGE: reading(("informasi_layanan", 0.6), **ASKS),
    ROAD: reading(("jalan_rusak", 0.97), sure=True),
    f"saya mau lapor {ROAD}": reading(("jalan_rusak", 0.97), sure=True),
}


@pytest.fixture
def wired(runtime: Runtime) -> Runtime:
    return knows(runtime, KNOWN)


def service_of(runtime: Runtime, text: str) -> str:
    found = directory.find(runtime.region, text)
    assert found is not None, "the pack no longer answers the question this test asks"
    return found.code


def address(runtime: Runtime) -> CitizenAddress:
    [found] = rows(runtime, CitizenAddress)
    return found


def test_a_question_is_answered_at_once_and_opens_nothing(wired: Runtime, clock: Clock) -> None:
    code = service_of(wired, TAX)
    [told] = Citizen(wired).says(TAX)
    assert wired.region.services[code].name["id"] in told and told.endswith(HINT)
    assert rows(wired, Ticket) == []
    question, said = rows(wired, Message)
    assert (question.ticket_id, question.notes, said.body) == (None, [f"answered:{code}"], told)
    assert (address(wired).offered_service, address(wired).offered_at) == (code, clock())


@pytest.mark.parametrize("text", ["LAPOR", "ya", "tolong teruskan pak"])
def test_the_word_opens_the_ticket_from_the_question(wired: Runtime, clock: Clock, text: str) -> None:
    citizen = Citizen(wired)
    asked_at = clock()
    citizen.says(TAX)
    clock.forward(days=2)
    receipt, _ = citizen.says(text)
    [ticket] = rows(wired, Ticket)
    assert (ticket.kind, ticket.category, ticket.agency) == ("information", "pajak_kendaraan", "prov-bapenda")
    assert (ticket.summary, ticket.triage) == (TAX, False)
    assert (ticket.opened_at, ticket.last_citizen_at) == (asked_at, clock())  # the request was received when it came
    assert ticket.resolution_due < asked_at + timedelta(days=10)  # five working days, not fourteen
    assert ticket.number in receipt
    assert [m.body for m in messages_of(wired, ticket.number)] == [TAX, text]
    assert (address(wired).offered_service, address(wired).offered_at) == ("", None)


def test_after_three_days_the_word_is_a_greeting_again(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(TAX)
    clock.forward(days=3, seconds=1)
    [told] = citizen.says("LAPOR")
    assert "Silakan tulis laporan Anda" in told
    assert rows(wired, Ticket) == []


@on_sqlite
def test_the_word_twice_is_one_ticket(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(TAX)
    citizen.says("LAPOR")
    clock.forward(minutes=1)
    citizen.says("LAPOR")
    assert len(rows(wired, Ticket)) == 1


@on_sqlite
def test_another_question_is_answered_too_and_the_word_passes_on_the_last(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(TAX)
    clock.forward(minutes=2)
    [told] = citizen.says(CARD)
    assert told.endswith(HINT)
    citizen.says("lapor")
    [ticket] = rows(wired, Ticket)
    assert (ticket.summary, ticket.category) == (CARD, "kependudukan")


@on_sqlite
@pytest.mark.parametrize("text", ["bukan itu maksud saya", "kurang jelas pak", FOLLOWS], ids=["no", "unclear", "more"])
def test_what_it_did_not_settle_goes_on_with_both_messages(wired: Runtime, clock: Clock, text: str) -> None:
    citizen = Citizen(wired)
    citizen.says(TAX)
    clock.forward(minutes=5)
    receipt, _ = citizen.says(text)
    [ticket] = rows(wired, Ticket)
    assert [m.body for m in messages_of(wired, ticket.number)] == [TAX, text]
    assert (ticket.category, ticket.summary) == ("pajak_kendaraan", TAX)
    assert ticket.number in receipt


@on_sqlite
def test_words_with_a_matter_of_their_own_open_it_beside_the_question(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(TAX)
    clock.forward(hours=1)
    citizen.says(f"saya mau lapor {ROAD}")
    [ticket] = rows(wired, Ticket)
    assert (ticket.category, ticket.agency, ticket.opened_at) == ("jalan_rusak", "tarakan-dpupr", clock())
    assert {m.body for m in messages_of(wired, ticket.number)} == {TAX, f"saya mau lapor {ROAD}"}


@on_sqlite
def test_a_report_that_follows_has_nothing_to_do_with_it(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(TAX)
    clock.forward(minutes=1)
    citizen.says(ROAD)
    [ticket] = rows(wired, Ticket)
    assert [m.body for m in messages_of(wired, ticket.number)] == [ROAD]


@on_sqlite
def test_thanks_for_it_are_answered_and_open_nothing(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(TAX)
    [told] = citizen.says("oke makasih")
    assert told == wired.phrases.say("thanks", "id")
    assert rows(wired, Ticket) == []


def test_a_question_the_directory_does_not_know_is_a_ticket(wired: Runtime) -> None:
    receipt, _ = Citizen(wired).says(STRANGE)
    [ticket] = rows(wired, Ticket)
    assert (ticket.kind, ticket.triage) == ("information", True)
    assert ticket.number in receipt


@on_sqlite
@pytest.mark.parametrize(
    "more",
    [
        {"danger": Danger.MEDICAL},
        {"supervision": True, "supervision_confidence": 0.99},
        {"supervision": True, "supervision_confidence": 0.6},
        {"kind": Kind.COMPLAINT},
        {"kind_confidence": 0.5},
    ],
    ids=["danger", "officials", "perhaps officials", "a complaint", "not surely a question"],
)
def test_what_a_person_must_see_is_never_answered_so(runtime: Runtime, more: dict[str, Any]) -> None:
    ranked = (("pajak_kendaraan", 0.9), ("pelanggaran_aparat", 0.05))
    said = reading(*ranked, sure=True, **{**ASKS, **more})
    told = Citizen(knows(runtime, {TAX: said})).says(TAX)
    assert len(rows(runtime, Ticket)) == 1
    assert not any(HINT in text for text in told)


@on_sqlite
def test_a_question_with_a_photo_is_a_ticket_and_its_receipt_holds_the_answer(wired: Runtime) -> None:
    receipt, _ = Citizen(wired).says(TAX, attachments=(Attachment(AttachmentKind.IMAGE, "photo-1"),))
    [ticket] = rows(wired, Ticket)
    assert ticket.number in receipt and "Sementara itu" in receipt and HINT not in receipt


@on_sqlite
def test_in_a_conversation_that_goes_on_the_directory_is_silent(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(ROAD)
    clock.forward(minutes=2)
    told = citizen.says("cara bikin ktp?")
    assert not any(HINT in text for text in told)
    assert len(rows(wired, Ticket)) == 1


@on_sqlite
def test_while_an_answer_may_not_be_sent_a_question_is_a_ticket(wired: Runtime) -> None:
    citizen = Citizen(wired, "sms")
    for _ in range(10):
        citizen.says("BANTUAN")
    assert citizen.says(TAX) == []
    [ticket] = rows(wired, Ticket)
    assert ticket.kind == "information"


@on_sqlite
def test_a_letter_is_a_ticket_and_its_receipt_holds_the_answer(wired: Runtime) -> None:
    code = service_of(wired, TAX)
    [letter] = Citizen(wired, "mail").says(TAX)
    [ticket] = rows(wired, Ticket)
    assert ticket.number in letter and wired.region.services[code].name["id"] in letter and HINT not in letter
    assert rows(wired, Message)[0].notes == [f"answered:{code}"]


@on_sqlite
def test_a_form_is_a_ticket_and_its_receipt_holds_the_answer(wired: Runtime) -> None:
    citizen = Citizen(wired, "web", "0" * 32)
    receipt, *_ = citizen.says(TAX, thread="new")
    [ticket] = rows(wired, Ticket)
    assert ticket.number in receipt and "Sementara itu" in receipt


def test_by_sms_the_answer_is_short_and_passes_every_filter(wired: Runtime) -> None:
    citizen = Citizen(wired, "sms")
    [told] = citizen.says(TAX)
    assert told.endswith("Balas LAPOR untuk diteruskan ke petugas.")
    assert segments(told).count <= AUTOMATIC_PARTS and "http" not in told
    citizen.says("KALTARA LAPOR")
    assert [ticket.summary for ticket in rows(wired, Ticket)] == [TAX]


@on_sqlite
def test_an_officer_answers_a_question_that_was_passed_on_like_any_other(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(TAX)
    citizen.says("LAPOR")
    [ticket] = rows(wired, Ticket)
    answer(wired, ticket.number)
    assert any("Jawaban" in text for text in citizen.hears())


@on_sqlite
def test_nobody_passes_on_somebody_elses_question(wired: Runtime) -> None:
    Citizen(wired).says(TAX)
    [told] = Citizen(wired, value="+628110000002").says("LAPOR")
    assert "Silakan tulis laporan Anda" in told
    assert rows(wired, Ticket) == []


@on_sqlite
def test_stop_and_status_are_obeyed_after_an_answer(wired: Runtime) -> None:
    citizen = Citizen(wired)
    citizen.says(TAX)
    assert citizen.says("STATUS") == [wired.phrases.say("status_unknown", "id")]
    assert "tidak akan mengirim pesan" in citizen.says("STOP")[0]
    assert all(row.automatic for row in rows(wired, Outbox))
