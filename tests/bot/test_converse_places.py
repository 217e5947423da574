"""The place in a conversation: asked by number once where several fit, answered by number or name, kept in one's own
words; a pin near a border."""

from __future__ import annotations

import pytest

from channels.message import UNPROVEN, Location
from channels.text import segments, transliterate
from dispatch.models import Ticket
from dispatch.runtime import Runtime
from tests.support.clock import Clock
from tests.support.desk import answer, rows
from tests.support.readings import knows, reading
from tests.support.talk import Citizen

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
BULUNGAN, TARAKAN = "65.01.01.1004", "65.71.01.1001"
ROAD = "jalan rusak parah di karang anyar RT 12 dekat masjid"
ROAD_NOWHERE = "jalan rusak parah sekali pak"
OTHER = "lampu jalan mati di tarakan"
QUESTION = "Lokasi laporan"
KNOWN = {
    ROAD: reading(("jalan_rusak", 0.97), sure=True),
    ROAD_NOWHERE: reading(("jalan_rusak", 0.97), sure=True),
    OTHER: reading(("lampu_jalan", 0.97), sure=True),
}


@pytest.fixture
def wired(runtime: Runtime) -> Runtime:
    return knows(runtime, KNOWN)


def only(runtime: Runtime) -> Ticket:
    [ticket] = rows(runtime, Ticket)
    return ticket


def test_the_receipt_asks_which_place_by_number(wired: Runtime) -> None:
    [receipt, *_] = Citizen(wired).says(ROAD)
    ticket = only(wired)
    assert f"{QUESTION} {ticket.number} yang mana?" in receipt and "Di mana lokasinya" not in receipt
    assert receipt.endswith(
        "1. Karang Anyar, Tanjung Palas, Kabupaten Bulungan\n2. Karang Anyar, Tarakan Barat, Kota Tarakan\n"
        "0. Bukan ini / tidak tahu"
    )
    assert ticket.place_choices == [BULUNGAN, TARAKAN] and ticket.area is None


ANSWERS = {
    "a number": ("2", TARAKAN),
    "a number in words": ("yang pertama pak", BULUNGAN),
    "the kota": ("Tarakan", TARAKAN),
    "the kabupaten, misspelt": ("di bulngan", BULUNGAN),
    "the kecamatan": ("tarakan barat", TARAKAN),
    "the name in full": ("karang anyar tarakan", TARAKAN),
}


@on_sqlite
@pytest.mark.parametrize(("text", "area"), ANSWERS.values(), ids=ANSWERS)
def test_the_answer_places_the_ticket(wired: Runtime, clock: Clock, text: str, area: str) -> None:
    citizen = Citizen(wired)
    citizen.says(ROAD)
    clock.forward(hours=2)
    [thanks] = citizen.says(text)
    ticket = only(wired)
    assert ticket.area == area and "Karang Anyar" in thanks and ticket.number in thanks


@on_sqlite
def test_none_of_them_is_answered_with_the_wish_for_a_name(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(ROAD)
    clock.forward(minutes=5)
    [told] = citizen.says("0")
    assert "tulis nama" in told and only(wired).area is None
    clock.forward(minutes=5)
    citizen.says("di nunukan")
    assert only(wired).area == "65.03"


@on_sqlite
def test_a_second_answer_that_leaves_it_open_is_not_asked_again(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(ROAD)
    clock.forward(minutes=30)
    [told] = citizen.says("karang anyar pak")
    assert QUESTION not in told and "tambahkan" in told
    clock.forward(minutes=30)
    [again] = citizen.says("ya karang anyar")
    assert QUESTION not in again and "tambahkan" in again


@on_sqlite
def test_an_open_answer_to_the_plain_question_is_asked_by_number(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    [receipt, *_] = citizen.says(ROAD_NOWHERE)
    assert "Di mana lokasinya" in receipt
    clock.forward(minutes=30)
    [question] = citizen.says("karang anyar")
    assert QUESTION in question and "2. Karang Anyar, Tarakan Barat" in question
    citizen.says("2")
    assert only(wired).area == TARAKAN


@on_sqlite
def test_another_matter_with_a_place_is_no_answer(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(ROAD)
    clock.forward(hours=2)
    citizen.says(OTHER)
    first, second = rows(wired, Ticket)
    assert first.area is None and second.area == "65.71"


@on_sqlite
def test_a_number_after_an_officers_words_answers_those(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(ROAD)
    clock.forward(hours=2)
    answer(wired, only(wired).number)
    clock.forward(hours=1)
    citizen.says("2")
    assert only(wired).area is None


@on_sqlite
def test_a_number_days_later_is_no_answer(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(ROAD)
    clock.forward(days=4)
    citizen.says("2")
    assert only(wired).area is None


@on_sqlite
def test_who_only_claims_an_address_does_not_choose(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(ROAD)
    clock.forward(hours=2)
    citizen.says("2", notes=(UNPROVEN,))
    assert only(wired).area is None


@on_sqlite
def test_the_question_of_an_sms_is_one_segment(wired: Runtime) -> None:
    texts = Citizen(wired, "sms").says(ROAD)
    [question] = [text for text in texts if QUESTION in text]
    assert segments(transliterate(question)).count == 1
    assert "1 Karang Anyar, Kabupaten Bulungan; 2 Karang Anyar, Kota Tarakan" in question


@on_sqlite
def test_the_words_for_the_spot_are_kept(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(ROAD)
    assert only(wired).place_text == "RT 12, dekat masjid"
    clock.forward(minutes=2)
    citizen.says("di tarakan, gang Mufakat 2")
    ticket = only(wired)
    assert ticket.area == TARAKAN and "gang Mufakat 2" in ticket.place_text


@on_sqlite
def test_a_place_nobody_knows_is_kept_in_the_citizens_words(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(ROAD_NOWHERE)
    clock.forward(minutes=30)
    [unknown] = citizen.says("di kampung sebelah sana")
    assert "belum mengenali" in unknown
    ticket = only(wired)
    assert (ticket.area, ticket.place_text) == (None, "di kampung sebelah sana")


@on_sqlite
def test_the_words_for_the_spot_are_at_most_two_hundred_characters(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(ROAD_NOWHERE)
    for word in ("satu", "dua", "tiga"):
        clock.forward(minutes=30)
        citizen.says(f"di {word}{'x' * 90}")
    ticket = only(wired)
    assert 0 < len(ticket.place_text) <= 200


PINS = {
    "in the middle of a village": (3.413, 117.592, "65.71.04.1001"),
    "between two kelurahan of one kecamatan": (3.2995, 117.5855, "65.71.02"),
    "between two kecamatan of one kota": (3.304, 117.588, "65.71"),
}


@on_sqlite
@pytest.mark.parametrize(("lat", "lng", "area"), PINS.values(), ids=PINS)
def test_a_pin_gives_what_is_certain(wired: Runtime, lat: float, lng: float, area: str) -> None:
    citizen = Citizen(wired)
    citizen.says(ROAD_NOWHERE)
    citizen.says(location=Location(lat, lng))
    assert only(wired).area == area
