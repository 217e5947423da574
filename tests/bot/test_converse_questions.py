"""One short question where two or three matters are close: asked, answered, ignored, too late, by whom, never twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from channels.message import UNPROVEN, Attachment, AttachmentKind
from channels.text import segments
from classifier.reading import Danger
from dispatch.models import Assignment, Label, LabelSource, StatusChange, Ticket
from dispatch.runtime import Runtime
from dispatch.services import labels, tickets
from dispatch.workflow import Status
from tests.support.clock import Clock
from tests.support.desk import answer, deliver, messages_of, officer, rows
from tests.support.readings import knows, reading
from tests.support.talk import Citizen

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
CLOSE = (("lampu_jalan", 0.4), ("jalan_rusak", 0.35), ("air_bersih", 0.05))
ABOUT = "gelap dan berlubang di Juata Laut Tarakan"
NOWHERE = "gelap dan berlubang semua di tempat kami"
SAME_AGENCY = "parit dan jalan di Juata Laut Tarakan"
UNCLEAR = "tolong kami pak"
SURE = "Jalan rusak parah di Juata Laut Tarakan, sudah banyak korban"
QUESTION = "laporan Anda tentang apa?"
KNOWN = {
    ABOUT: reading(*CLOSE),
    NOWHERE: reading(*CLOSE),
    SAME_AGENCY: reading(("jembatan_drainase", 0.4), ("jalan_rusak", 0.4)),
    SURE: reading(("jalan_rusak", 0.97), sure=True),
}


@pytest.fixture
def wired(runtime: Runtime) -> Runtime:
    return knows(runtime, KNOWN)


def only(runtime: Runtime) -> Ticket:
    [ticket] = rows(runtime, Ticket)
    return ticket


def decides(runtime: Runtime, number: str, agency: str, category: str) -> None:
    """The desk gives a ticket to an agency."""
    with runtime.writing() as session:
        ticket = session.scalars(select(Ticket).where(col(Ticket.number) == number)).one()
        before, staff_id = ticket.category, officer(runtime, session)
        tickets.reassign(
            session, runtime.region, runtime.now(), ticket, agency=agency, category=category, staff_id=staff_id
        )
        labels.decided(session, runtime.now(), ticket, before, staff_id=staff_id)


def test_the_receipt_asks_and_the_answer_gives_the_ticket_to_its_agency(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    receipt, privacy = citizen.says(ABOUT)
    ticket = only(wired)
    assert ticket.number in receipt and QUESTION in receipt and QUESTION not in privacy
    assert receipt.endswith("1. Lampu jalan\n2. Jalan rusak\n0. Bukan ini / tidak tahu")
    assert (ticket.triage, ticket.choices, ticket.choices_asked_at) == (True, ["lampu_jalan", "jalan_rusak"], clock())
    clock.forward(hours=5)
    [told] = citizen.says("nomor 2")
    ticket = only(wired)
    assert (ticket.category, ticket.agency, ticket.status) == ("jalan_rusak", "tarakan-dpupr", Status.ASSIGNED)
    assert (ticket.triage, ticket.choices, ticket.summary) == (False, [], ABOUT)
    assert ticket.number in told and wired.region.agencies["tarakan-dpupr"].name in told and "?" not in told
    assert [m.body for m in messages_of(wired, ticket.number)] == [ABOUT, "nomor 2"]
    assert rows(wired, StatusChange)[-1].reason == "chosen"
    [label] = rows(wired, Label)
    assert (label.category, label.source, label.suggested) == ("jalan_rusak", LabelSource.CHOSEN, "lampu_jalan")
    assert (label.confidence, label.model_version, label.staff_id) == (0.4, "scripted-1", None)


def test_what_is_asked_and_ignored_stays_with_the_desk(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(ABOUT)
    clock.forward(days=1)
    [added] = citizen.says("masih begitu juga")
    ticket = only(wired)
    assert (ticket.triage, ticket.status, ticket.agency) == (True, Status.NEW, wired.region.desk)
    assert "tambahkan" in added
    clock.forward(days=2, seconds=1)
    citizen.says("2")
    assert only(wired).triage
    assert rows(wired, Label) == []


@on_sqlite
def test_an_answer_at_the_end_of_three_days_counts(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(ABOUT)
    clock.forward(days=3)
    citizen.says("2")
    assert only(wired).category == "jalan_rusak"


def test_what_the_desk_decided_first_stands_and_the_late_answer_is_kept(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(ABOUT)
    ticket = only(wired)
    decides(wired, ticket.number, "tarakan-dishub", "lampu_jalan")
    before = len(rows(wired, Assignment))
    clock.forward(hours=1)
    [told] = citizen.says("2")
    after = only(wired)
    assert (after.category, after.agency, after.status) == ("lampu_jalan", "tarakan-dishub", Status.ASSIGNED)
    assert after.choices == ["lampu_jalan", "jalan_rusak"]
    assert len(rows(wired, Assignment)) == before
    assert [label.source for label in rows(wired, Label)] == [LabelSource.TRIAGED]
    assert [m.body for m in messages_of(wired, ticket.number)] == [ABOUT, "2"]
    assert wired.region.agencies["tarakan-dishub"].name in told


@on_sqlite
def test_a_number_after_an_officer_wrote_answers_the_officer(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(ABOUT)
    ticket = only(wired)
    clock.forward(hours=1)
    answer(wired, ticket.number, "Yang mana? 1 di depan sekolah, 2 di depan pasar.")
    clock.forward(hours=1)
    citizen.says("2")
    after = only(wired)
    assert (after.status, after.category) == (Status.IN_PROGRESS, None)
    assert rows(wired, Label) == []


def test_none_of_these_stays_with_the_desk_and_says_so(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(ABOUT)
    clock.forward(minutes=1)
    [told] = citizen.says("0")
    ticket = only(wired)
    assert (ticket.triage, ticket.agency, ticket.choices) == (True, wired.region.desk, [])
    assert "petugas kami yang menentukan" in told and ticket.number in told
    assert rows(wired, Label) == []
    clock.forward(minutes=1)
    citizen.says("2")  # the question is answered: a number is a word like any other now
    assert only(wired).triage


def test_an_answer_in_words_that_is_sure_is_taken_as_before(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(ABOUT)
    clock.forward(minutes=1)
    [receipt] = citizen.says(SURE)
    ticket = only(wired)
    assert (ticket.category, ticket.triage, ticket.summary) == ("jalan_rusak", False, SURE)
    assert "?" not in receipt
    assert rows(wired, Label) == []


@on_sqlite
@pytest.mark.parametrize(
    "text", ["jalan rusak", "DPUPR", "yang kedua", "2. Jalan rusak"], ids=["category", "agency", "ordinal", "both"]
)
def test_other_ways_to_answer(wired: Runtime, text: str) -> None:
    citizen = Citizen(wired)
    citizen.says(ABOUT)
    citizen.says(text)
    assert only(wired).agency == "tarakan-dpupr"


def test_the_place_is_asked_for_after_the_matter_not_beside_it(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    receipt, _ = citizen.says(NOWHERE)
    assert QUESTION in receipt and "Di mana lokasinya" not in receipt
    clock.forward(minutes=1)
    [told] = citizen.says("1")
    assert "Di mana lokasinya" in told
    clock.forward(minutes=1)
    citizen.says("di Juata Laut")
    ticket = only(wired)
    assert (ticket.category, ticket.agency) == ("lampu_jalan", "tarakan-dishub")
    [label] = rows(wired, Label)
    assert (label.source, label.suggested) == (LabelSource.CHOSEN, "lampu_jalan")


@on_sqlite
def test_a_place_given_before_the_answer_is_kept(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(NOWHERE)
    clock.forward(minutes=1)
    citizen.says("di Juata Laut")
    assert only(wired).triage
    citizen.says("1")
    assert only(wired).agency == "tarakan-dishub"


@on_sqlite
def test_a_ticket_is_asked_about_once(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(ABOUT)
    citizen.says("0")
    clock.forward(minutes=1)
    assert not any(QUESTION in text for text in citizen.says(NOWHERE))
    assert only(wired).choices == []


@on_sqlite
def test_further_words_may_be_the_first_to_be_asked_about(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    receipt, _ = citizen.says(UNCLEAR)
    assert QUESTION not in receipt
    clock.forward(minutes=1)
    [question] = citizen.says(ABOUT)
    assert QUESTION in question
    citizen.says("2")
    assert only(wired).category == "jalan_rusak"


ELSEWHERE: dict[str, dict[str, Any]] = {
    "another citizen": {"value": "+628110000002"},
    "another channel": {"channel": "telegram"},
}


@pytest.mark.parametrize("who", ELSEWHERE)
def test_nobody_answers_for_somebody_else(wired: Runtime, who: str) -> None:
    Citizen(wired).says(ABOUT)
    Citizen(wired, **ELSEWHERE[who]).says("2")
    first = rows(wired, Ticket)[0]
    assert (first.triage, first.category, first.choices) == (True, None, ["lampu_jalan", "jalan_rusak"])
    assert rows(wired, Label) == []


@on_sqlite
def test_the_answer_that_quotes_a_question_goes_to_that_ticket(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(ABOUT)
    [first_id, *_] = deliver(wired, "whatsapp")
    clock.forward(hours=1)
    citizen.says(NOWHERE)
    deliver(wired, "whatsapp")
    citizen.says("2", reply_to=(first_id,))
    first, second = rows(wired, Ticket)
    assert (first.category, second.category) == ("jalan_rusak", None)
    citizen.says("1")
    assert rows(wired, Ticket)[1].category == "lampu_jalan"


QUIET: dict[str, Any] = {
    "sure": reading(("jalan_rusak", 0.97), ("lampu_jalan", 0.02), sure=True),
    "far apart": reading(("lampu_jalan", 0.3), ("jalan_rusak", 0.08)),
    "danger": reading(*CLOSE, danger=Danger.ELECTRIC),
    "officials, nearly sure": reading(*CLOSE[:2], ("pelanggaran_aparat", 0.1), supervision=True),
    "officials, perhaps": reading(*CLOSE, supervision=True, supervision_confidence=0.99),
    "categories nobody has": reading(("lampu_jalan", 0.4), ("tidak_ada", 0.4)),
}


@on_sqlite
@pytest.mark.parametrize("case", QUIET)
def test_no_question(runtime: Runtime, case: str) -> None:
    told = Citizen(knows(runtime, {ABOUT: QUIET[case]})).says(ABOUT)
    assert not any(QUESTION in text for text in told)
    ticket = only(runtime)
    assert (ticket.choices, ticket.choices_asked_at) == ([], None)


@on_sqlite
def test_where_one_agency_has_all_of_them_nothing_is_asked(wired: Runtime) -> None:
    assert not any(QUESTION in text for text in Citizen(wired).says(SAME_AGENCY))


@on_sqlite
def test_who_asks_for_no_automatic_answer_is_not_asked(wired: Runtime) -> None:
    assert Citizen(wired, "mail").says(ABOUT, silent=True) == []
    assert only(wired).choices == []


def test_by_mail_the_question_stands_in_the_letter_and_is_answered_by_its_reply(wired: Runtime) -> None:
    citizen = Citizen(wired, "mail")
    [letter] = citizen.says(ABOUT)
    assert "2. Jalan rusak" in letter and "privasi" in letter
    [sent] = deliver(wired, "mail")
    citizen.says("2", reply_to=(sent,))
    assert only(wired).category == "jalan_rusak"


@on_sqlite
def test_by_mail_a_claimed_sender_chooses_nothing(wired: Runtime) -> None:
    citizen = Citizen(wired, "mail")
    citizen.says(ABOUT)
    number = only(wired).number
    citizen.says("2", subject=f"Re: [{number}]", notes=(UNPROVEN,))
    assert rows(wired, Ticket)[0].category is None
    assert rows(wired, Label) == []


# By SMS every text costs.


def test_by_sms_the_question_is_one_part_of_its_own(wired: Runtime) -> None:
    citizen = Citizen(wired, "sms")
    receipt, privacy, question = citizen.says(ABOUT)
    ticket = only(wired)
    assert question == f"Laporan {ticket.number} tentang apa? Balas angkanya: 1 Lampu jalan; 2 Jalan rusak; 0 bukan ini"
    assert [segments(text).count for text in (receipt, privacy, question)] == [1, 1, 1]
    [told] = citizen.says("KALTARA 2")
    assert "DPUPR Tarakan" in told and segments(told).count == 1
    assert only(wired).category == "jalan_rusak"


@on_sqlite
def test_by_sms_a_question_that_needs_two_parts_is_left_out(runtime: Runtime) -> None:
    long_names = "huge crack beside town hall"
    named = sorted(runtime.region.categories.values(), key=lambda each: -len(each.name_en))
    close = reading(*((each.code, 0.25) for each in named[:3]), language="en")
    citizen = Citizen(knows(runtime, {long_names: close}), "sms")
    assert len(citizen.says(long_names)) == 2  # the receipt and the notice
    assert only(runtime).choices == []


@on_sqlite
def test_by_sms_nobody_is_asked_whose_budget_is_low(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired, "sms")
    for _ in range(5):
        citizen.says("BANTUAN")
    assert not any("tentang apa" in text for text in citizen.says(ABOUT))
    assert only(wired).choices == []
    clock.forward(hours=2)
    assert any("tentang apa" in text for text in citizen.says(NOWHERE))


@on_sqlite
def test_a_question_that_nobody_was_sent_was_not_asked(wired: Runtime) -> None:
    citizen = Citizen(wired, "mail")
    for _ in range(4):
        citizen.says("BANTUAN")
    assert citizen.says(ABOUT) == []
    ticket = only(wired)
    assert (ticket.choices, ticket.choices_asked_at) == ([], None)


@on_sqlite
def test_stop_is_obeyed_while_we_ask(wired: Runtime) -> None:
    citizen = Citizen(wired)
    citizen.says(ABOUT)
    [told] = citizen.says("STOP")
    assert "tidak akan mengirim pesan lagi" in told
    assert only(wired).choices == ["lampu_jalan", "jalan_rusak"]


NUMBERS = ("1", "2", "0", "nomor 1")


@on_sqlite
@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_while_nothing_is_asked_joins_as_any_words_do(wired: Runtime, clock: Clock, text: str) -> None:
    citizen = Citizen(wired)
    citizen.says(SURE)
    clock.forward(hours=1)
    [added] = citizen.says(text)
    ticket = only(wired)
    assert "tambahkan" in added
    assert (ticket.category, ticket.agency) == ("jalan_rusak", "tarakan-dpupr")


@on_sqlite
def test_a_choice_the_pack_has_lost_meanwhile_stays_with_the_desk(wired: Runtime) -> None:
    citizen = Citizen(wired)
    citizen.says(ABOUT)
    with wired.writing() as session:
        ticket = session.scalars(select(Ticket)).one()
        ticket.choices = ["tidak_ada_lagi", "jalan_rusak"]
        session.add(ticket)
    [told] = citizen.says("1")
    assert "petugas kami yang menentukan" in told
    assert only(wired).triage


@on_sqlite
def test_a_photo_that_follows_joins_and_answers_nothing(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(ABOUT)
    clock.forward(seconds=30)
    citizen.says(attachments=(Attachment(AttachmentKind.IMAGE, "photo-1"),))
    assert only(wired).choices == ["lampu_jalan", "jalan_rusak"]


@on_sqlite
def test_the_clock_runs_from_the_receipt_whoever_chose_the_agency(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(ABOUT)
    due = only(wired).first_response_due
    clock.forward(days=2)
    citizen.says("2")
    ticket = only(wired)
    assert ticket.first_response_due == due
    assert clock() - ticket.opened_at == timedelta(days=2)
