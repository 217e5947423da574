"""What a citizen says after the first message: never silence, never in the wrong ticket."""

from __future__ import annotations

import pytest

from dispatch.runtime import Runtime
from tests.support.clock import Clock
from tests.support.talk import Citizen

LAMP = "Lampu jalan di depan pasar Gusher Tarakan sudah seminggu mati"


def test_words_that_follow_are_confirmed_but_not_each_fragment(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    citizen.says(LAMP)
    clock.forward(seconds=5)
    assert citizen.says("gelap sekali") == []
    clock.forward(minutes=2)
    [reply] = citizen.says("masih mati sampai malam ini")
    assert "ditambahkan" in reply or "tambahkan" in reply
    assert len(citizen.tickets()) == 1


def test_on_sms_what_follows_at_once_costs_no_reply(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained, "sms")
    citizen.says(LAMP)
    clock.forward(minutes=2)
    assert citizen.says("masih mati sampai malam ini") == []


def test_a_whole_other_matter_within_the_window_is_a_ticket_of_its_own(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    citizen.says(LAMP)
    clock.forward(minutes=2)
    [receipt, *_] = citizen.says("air PDAM keruh dan berbau sudah tiga hari di Sebengkok Tarakan")
    first, second = citizen.tickets()
    assert second.number in receipt
    assert (first.category, second.category) == ("lampu_jalan", "air_bersih")


def test_an_ambiguous_place_is_asked_with_choices_and_settled_by_the_answer(trained: Runtime) -> None:
    citizen = Citizen(trained)
    [receipt, *_] = citizen.says("sampah menumpuk tidak diangkut 2 minggu di Karang Anyar")
    assert "Di mana lokasinya" not in receipt
    assert "yang mana?" in receipt and "Kota Tarakan" in receipt and "Bulungan" in receipt
    [thanks] = citizen.says("Tarakan")
    [ticket] = citizen.tickets()
    assert (ticket.area or "").startswith("65.71") and ticket.agency == "tarakan-dlh"
    assert "Dinas Lingkungan Hidup Kota Tarakan" in thanks


def test_an_unknown_place_gets_an_answer_and_is_asked_again_only_once(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    citizen.says("sampah menumpuk tidak diangkut dua minggu, tolong")
    [reply] = citizen.says("di kampung sebelah sana")
    assert "belum mengenali" in reply
    clock.forward(minutes=2)
    [reply] = citizen.says("yang dekat rumah pak")
    assert "tambahkan" in reply


def test_a_vague_report_explained_later_goes_to_its_agency(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    citizen.says("tolong pak, di tempat kami parah sekali")
    [before] = citizen.tickets()
    assert before.triage and before.agency == "prov-diskominfo"
    clock.forward(minutes=1)
    [receipt] = citizen.says("jalan berlubang dan rusak parah di Desa Gunung Seriang")
    [ticket] = citizen.tickets()
    assert (ticket.category, ticket.triage, ticket.status) == ("jalan_rusak", False, "assigned")
    assert ticket.agency == "bulungan-dpupr" and ticket.number in receipt and "Bulungan" in receipt
    assert ticket.summary.startswith("jalan berlubang")


DANGERS = {
    "suicide": "ada orang mau bunuh diri di jembatan tolong cepat",
    "fire": "kebakaran rumah di Juata Permai tolong cepat",
    "water": "anak tenggelam di sungai kayan",
}


@pytest.mark.parametrize("case", DANGERS)
def test_danger_is_answered_with_the_emergency_number_first(trained: Runtime, case: str) -> None:
    first, *_ = Citizen(trained).says(DANGERS[case])
    assert "112" in first


def test_an_ordinary_report_hears_nothing_of_emergencies(trained: Runtime) -> None:
    assert not any("112" in text for text in Citizen(trained).says(LAMP))


def test_an_agency_that_never_closes_is_due_on_the_evening_of_its_last_day(trained: Runtime) -> None:
    receipt = next(
        t
        for t in Citizen(trained).says("banjir besar sudah surut di Juata Permai Tarakan, warga minta bantuan BPBD")
        if "KU-" in t
    )
    assert "pukul 24.00" in receipt and "00.00" not in receipt


def test_a_first_mail_is_answered_by_one_letter_with_the_privacy_notice(trained: Runtime) -> None:
    [letter] = Citizen(trained, "mail").says(LAMP, subject="Lampu jalan")
    assert "KU-" in letter and "privasi" in letter
    [second] = Citizen(trained, "mail").says("Jalan rusak parah di Juata Laut Tarakan", subject="Jalan")[1:]
    assert "privasi" not in second
