"""What a reading says beside the category: danger, officials, kind, spam, courtesy, personal data, language."""

from __future__ import annotations

from typing import Any

import pytest

from bot.tagging import DOUBT_FROM, KIND_FROM, SPAM_FROM, SUPERVISION_FROM, tag_of
from classifier.reading import Danger, Kind
from dispatch.models import Assignment, StatusChange, Ticket
from dispatch.region import Region
from dispatch.runtime import Runtime
from dispatch.workflow import Status
from tests.support.clock import Clock
from tests.support.desk import answer, change, rows
from tests.support.readings import knows, reading
from tests.support.talk import Citizen

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
TEXT = "ada yang terjadi di Juata Laut Tarakan sekarang"
OFFICIALS = ("pelanggaran_aparat", 0.1)
POWER = "listrik padam di Juata Laut Tarakan"
MORE = "ternyata ada yang kena"
CARD = "KTP saya belum jadi, Disdukcapil Tarakan"
ROAD = ("jalan_rusak", 0.97)


def tells(runtime: Runtime, text: str = TEXT, **beside: Any) -> tuple[list[str], Ticket]:
    """One citizen says something that reads like this; what they hear, and their ticket."""
    ranked = beside.pop("ranked", (ROAD,))
    sure = beside.pop("sure", True)
    told = Citizen(knows(runtime, {text: reading(*ranked, sure=sure, text=text, **beside)})).says(text)
    return told, rows(runtime, Ticket)[-1]


# Danger to life.


@on_sqlite
@pytest.mark.parametrize("danger", Danger)
def test_danger_is_answered_first_with_who_comes_for_it(runtime: Runtime, danger: Danger) -> None:
    told, ticket = tells(runtime, danger=danger)
    assert told[0] == runtime.phrases.say(f"emergency_{danger}", "id", emergency="112")
    assert "112" in told[0] and ticket.number in told[1]
    assert (ticket.danger, ticket.agency, ticket.triage) == (danger, "tarakan-dpupr", False)


@on_sqlite
def test_the_law_s_clock_is_the_same_for_danger(runtime: Runtime) -> None:
    _, calm = tells(runtime)
    _, ticket = tells(runtime, danger=Danger.FIRE)
    assert ticket.first_response_due == calm.first_response_due


def test_danger_where_a_body_outside_is_in_charge_stays_in_sight_of_the_desk(runtime: Runtime) -> None:
    told, ticket = tells(runtime, ranked=(("listrik", 0.97),), danger=Danger.ELECTRIC)
    assert (ticket.agency, ticket.triage, ticket.status) == (runtime.region.desk, True, Status.NEW)
    [assignment] = rows(runtime, Assignment)
    assert (assignment.reason, assignment.suggestions[0]["category"]) == ("danger", "listrik")
    assert "PLN 123" in told[0]


def test_danger_in_what_follows_brings_a_referred_ticket_back(runtime: Runtime, clock: Clock) -> None:
    knows(
        runtime,
        {POWER: reading(("listrik", 0.97), sure=True), MORE: reading(("listrik", 0.3), danger=Danger.ELECTRIC)},
    )
    citizen = Citizen(runtime)
    citizen.says(POWER)
    assert rows(runtime, Ticket)[0].status == Status.FORWARDED
    clock.forward(minutes=1)
    first, *_ = citizen.says(MORE)
    [ticket] = rows(runtime, Ticket)
    assert "PLN 123" in first
    assert (ticket.danger, ticket.triage, ticket.agency) == ("electric", True, runtime.region.desk)


@on_sqlite
def test_the_same_danger_told_again_at_once_is_not_warned_of_again(runtime: Runtime, clock: Clock) -> None:
    knows(runtime, {TEXT: reading(ROAD, sure=True, danger=Danger.FIRE), MORE: reading(danger=Danger.FIRE)})
    citizen = Citizen(runtime)
    citizen.says(TEXT)
    clock.forward(minutes=5)
    assert not any("113" in text for text in citizen.says(MORE))
    clock.forward(hours=2)
    assert "113" in citizen.says(TEXT)[0]


@on_sqlite
def test_urgency_is_noted_and_answered_like_any_report(runtime: Runtime) -> None:
    told, ticket = tells(runtime, urgent=True)
    assert (ticket.urgent, ticket.danger) == (True, "")
    assert ticket.number in told[0]


# The conduct of officials.


def test_officials_nearly_surely_go_to_the_inspectorate_of_the_place(runtime: Runtime) -> None:
    told, ticket = tells(
        runtime, ranked=(("kependudukan", 0.8), OFFICIALS), supervision=True, supervision_confidence=SUPERVISION_FROM
    )
    assert (ticket.agency, ticket.supervision, ticket.category) == ("tarakan-inspektorat", True, "kependudukan")
    assert (ticket.kind, ticket.triage, ticket.status) == ("complaint", False, Status.ASSIGNED)
    assert rows(runtime, Assignment)[0].reason == "supervision"
    assert runtime.region.agencies["tarakan-inspektorat"].name in told[0] and "lacak" not in told[0]


@on_sqlite
def test_officials_without_a_sure_matter_go_there_too(runtime: Runtime) -> None:
    _, ticket = tells(
        runtime, ranked=(("kependudukan", 0.3), OFFICIALS), sure=False, supervision=True, supervision_confidence=0.99
    )
    assert (ticket.agency, ticket.supervision, ticket.category) == ("tarakan-inspektorat", True, None)


DOUBTS: dict[str, dict[str, Any]] = {
    "suggested, not nearly sure": {"ranked": (("kependudukan", 0.8), OFFICIALS), "supervision_confidence": 0.94},
    "nearly sure, not suggested": {"ranked": (("kependudukan", 0.97),), "supervision_confidence": 0.99},
    "likely, not suggested": {"ranked": (("kependudukan", 0.97),), "supervision_confidence": DOUBT_FROM},
    "suggested, hardly likely": {"ranked": (("kependudukan", 0.8), OFFICIALS), "supervision_confidence": 0.5},
    "nearly sure, hardly suggested": {
        "ranked": (("kependudukan", 0.97), ("pelanggaran_aparat", 0.01)),
        "supervision_confidence": 0.99,
    },
}


@pytest.mark.parametrize("case", DOUBTS)
def test_what_may_be_about_officials_waits_for_a_person(runtime: Runtime, case: str) -> None:
    _, ticket = tells(runtime, supervision=True, **DOUBTS[case])
    [assignment] = rows(runtime, Assignment)
    assert (ticket.agency, ticket.supervision, ticket.triage) == (runtime.region.desk, False, True)
    assert (assignment.reason, assignment.suggestions[0]["category"]) == ("supervision_doubt", "kependudukan")


@on_sqlite
def test_what_neither_of_two_models_is_sure_of_is_an_ordinary_report(runtime: Runtime) -> None:
    _, ticket = tells(
        runtime, ranked=(("kependudukan", 0.97),), supervision=True, supervision_confidence=DOUBT_FROM - 0.01
    )
    assert (ticket.agency, ticket.supervision, ticket.triage) == ("tarakan-dukcapil", False, False)


@on_sqlite
def test_a_category_about_officials_needs_no_second_word(runtime: Runtime) -> None:
    _, ticket = tells(runtime, ranked=(("pelanggaran_aparat", 0.97),), supervision=False)
    assert (ticket.agency, ticket.supervision) == ("tarakan-inspektorat", True)


def test_further_words_do_not_carry_such_a_doubt_to_the_agency_complained_about(runtime: Runtime) -> None:
    doubtful = reading(("kependudukan", 0.6), OFFICIALS, supervision=True, supervision_confidence=0.7)
    knows(runtime, {TEXT: doubtful, CARD: reading(("kependudukan", 0.97), sure=True)})
    citizen = Citizen(runtime)
    citizen.says(TEXT)
    citizen.says(CARD)
    [ticket] = rows(runtime, Ticket)
    assert (ticket.agency, ticket.triage) == (runtime.region.desk, True)


def test_officials_in_what_follows_take_the_ticket_to_the_inspectorate(runtime: Runtime, clock: Clock) -> None:
    accuses = reading(("kependudukan", 0.6), OFFICIALS, supervision=True, supervision_confidence=0.99)
    knows(runtime, {CARD: reading(("kependudukan", 0.97), sure=True), MORE: accuses})
    citizen = Citizen(runtime)
    citizen.says(CARD)
    opened_at = clock()
    clock.forward(minutes=1)
    [told] = citizen.says(MORE)
    [ticket] = rows(runtime, Ticket)
    assert (ticket.agency, ticket.supervision, ticket.category) == ("tarakan-inspektorat", True, "kependudukan")
    assert ticket.opened_at == opened_at
    assert runtime.region.agencies["tarakan-inspektorat"].name in told


@on_sqlite
def test_once_an_officer_began_a_person_decides_about_that(runtime: Runtime, clock: Clock) -> None:
    accuses = reading(("kependudukan", 0.6), OFFICIALS, supervision=True, supervision_confidence=0.99)
    knows(runtime, {CARD: reading(("kependudukan", 0.97), sure=True), MORE: accuses})
    citizen = Citizen(runtime)
    citizen.says(CARD)
    change(runtime, rows(runtime, Ticket)[0].number, Status.IN_PROGRESS)
    clock.forward(minutes=1)
    citizen.says(MORE)
    assert rows(runtime, Ticket)[0].agency == "tarakan-dukcapil"


@on_sqlite
def test_the_place_given_later_finds_the_inspectorate_there(runtime: Runtime, clock: Clock) -> None:
    text = "petugas kelurahan minta uang"
    knows(runtime, {text: reading(("kelurahan_kecamatan", 0.8), OFFICIALS, sure=True, supervision=True)})
    citizen = Citizen(runtime)
    receipt, _ = citizen.says(text)
    assert "Di mana lokasinya" in receipt
    assert rows(runtime, Ticket)[0].agency == runtime.region.inspectorate
    clock.forward(minutes=1)
    citizen.says("di Juata Laut")
    assert rows(runtime, Ticket)[0].agency == "tarakan-inspektorat"


# The kind of report.


KINDS = {
    "a question": ((Kind.INFORMATION, 0.9), "jalan_rusak", "information"),
    "a proposal": ((Kind.ASPIRATION, 0.9), "jalan_rusak", "aspiration"),
    "not surely a question": ((Kind.INFORMATION, KIND_FROM - 0.01), "jalan_rusak", "complaint"),
    "just surely enough": ((Kind.INFORMATION, KIND_FROM), "jalan_rusak", "information"),
    "a complaint in a category of proposals": ((Kind.COMPLAINT, 0.9), "aspirasi_pembangunan", "complaint"),
    "a question in a category of proposals": ((Kind.INFORMATION, 0.9), "aspirasi_pembangunan", "information"),
    "no kind in a category of questions": ((Kind.COMPLAINT, 0.1), "informasi_layanan", "information"),
    "a question about officials": ((Kind.INFORMATION, 0.9), "pelanggaran_aparat", "complaint"),
    "thanks": ((Kind.THANKS, 0.99), "jalan_rusak", "complaint"),
}


@on_sqlite
@pytest.mark.parametrize("case", KINDS)
def test_kind(runtime: Runtime, case: str) -> None:
    (kind, confidence), category, wanted = KINDS[case]
    _, ticket = tells(runtime, ranked=((category, 0.97),), kind=kind, kind_confidence=confidence)
    assert ticket.kind == wanted


# What is no report stays one until a person has looked.


def test_spam_is_a_ticket_a_person_looks_at(runtime: Runtime) -> None:
    told, ticket = tells(runtime, ranked=(("perbankan_keuangan", 0.97),), kind=Kind.SPAM, kind_confidence=SPAM_FROM)
    assert (ticket.triage, ticket.kind, ticket.status) == (True, "complaint", Status.NEW)
    assert rows(runtime, Assignment)[0].reason == "spam_doubt"
    assert ticket.number in told[0]
    assert [step.to_status for step in rows(runtime, StatusChange)] == [Status.NEW]


@on_sqlite
@pytest.mark.parametrize(
    "more",
    [{"kind_confidence": SPAM_FROM - 0.01}, {"danger": Danger.VIOLENCE}, {"supervision": True}],
    ids=["not surely", "with danger", "about officials"],
)
def test_what_looks_like_spam_but_is_more_is_no_spam(runtime: Runtime, more: dict[str, Any]) -> None:
    tells(runtime, **{"kind": Kind.SPAM, "kind_confidence": 0.99, **more})
    assert rows(runtime, Assignment)[0].reason != "spam_doubt"


def test_thanks_with_what_remains_are_a_ticket(runtime: Runtime) -> None:
    text = "terima kasih jalannya bagus tapi lampunya masih mati"
    _, ticket = tells(runtime, text, ranked=(("lampu_jalan", 0.5),), sure=False, kind=Kind.THANKS)
    assert ticket.status == Status.NEW


@on_sqlite
def test_thanks_nobody_s_list_knows_after_an_answer_change_nothing(runtime: Runtime) -> None:
    text = "sudah dikerjakan bagus sekali, sukses selalu dinas pu"
    knows(runtime, {TEXT: reading(ROAD, sure=True), text: reading((ROAD[0], 0.2), kind=Kind.THANKS)})
    citizen = Citizen(runtime)
    citizen.says(TEXT)
    [ticket] = rows(runtime, Ticket)
    answer(runtime, ticket.number)
    citizen.hears()
    assert citizen.says(text) == []
    assert rows(runtime, Ticket)[0].status == Status.ANSWERED


# Personal data and language.


@on_sqlite
def test_kinds_of_personal_data_are_noted_and_add_up(runtime: Runtime, clock: Clock, caplog: Any) -> None:
    text = "KTP saya rusak di Juata Laut, NIK 6571011203850004"
    more = "hubungi saya di 081100000123"
    knows(
        runtime,
        {text: reading(("kependudukan", 0.97), sure=True, text=text), more: reading(text=more)},
    )
    citizen = Citizen(runtime)
    citizen.says(text)
    clock.forward(minutes=1)
    citizen.says(more)
    assert rows(runtime, Ticket)[0].personal == ["nik", "phone"]
    assert "6571011203850004" not in caplog.text and "081100000123" not in caplog.text


@on_sqlite
@pytest.mark.parametrize(
    ("text", "language", "begins"),
    [
        ("lubang besar tepi pagar balai", "id", "Terima kasih"),
        ("besar benar lubangnya encik, bilakah baiki", "ms", "Terima kasih"),
        ("huge pothole outside town hall", "en", "Thank you"),
        ("lubang besar tepi pagar balai", "", "Terima kasih"),
    ],
    ids=["Indonesian", "Malay", "English", "nobody can tell"],
)
def test_the_language_the_classifier_reads_counts_where_small_words_do_not_tell(
    runtime: Runtime, text: str, language: str, begins: str
) -> None:
    told, ticket = tells(runtime, text, language=language)
    assert told[0].startswith(begins)
    assert ticket.language in ("id", "en")


# The tag itself.


def test_a_category_the_region_does_not_have_is_left_out(kaltara: Region) -> None:
    tag = tag_of(kaltara, reading(("tidak_ada", 0.97), (ROAD[0], 0.02), sure=True))
    assert (tag.category, [item["category"] for item in tag.suggestions]) == (None, ["jalan_rusak"])


def test_nothing_read_is_no_tag_of_anything(kaltara: Region) -> None:
    tag = tag_of(kaltara, reading())
    assert (tag.category, tag.score, tag.choices, tag.read) == (None, None, (), True)
