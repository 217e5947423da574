"""Conversations as citizens have them: fragments, places, answers; from the recorded event to the promised replies.

What only varies words runs on SQLite; every path through the rows runs on both databases.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels.message import Attachment, AttachmentKind, Location
from dispatch.models import StatusChange
from dispatch.runtime import Runtime
from dispatch.workflow import Status
from tests.support.clock import Clock
from tests.support.desk import answer, change, deliver, messages_of, rows
from tests.support.talk import Citizen

ROAD = "Jalan berlubang parah di depan SD, sudah banyak yang jatuh"
ROAD_TARAKAN = "Jalan rusak parah di Juata Laut Tarakan"
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
WASTE = "Sampah menumpuk di Tanjung Selor, sudah seminggu sampah tidak diangkut"
POWER = "Listrik padam di Tarakan sejak kemarin malam"
PHOTO = (Attachment(AttachmentKind.IMAGE, "photo-1"),)
STICKER = (Attachment(AttachmentKind.STICKER, "sticker-1"),)
JUATA_LAUT = "65.71.04.1001"


def pin(runtime: Runtime, area: str) -> Location:
    place = runtime.region.places[area]
    return Location(place.lat, place.lng)


# Fragments.


def test_fragments_make_one_ticket_with_every_message(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    said = ["halo", "min", ROAD, "di Juata Laut", "sudah 3 hari"]
    heard = []
    for text in said:
        heard.append(citizen.says(text))
        clock.forward(seconds=40)
    [ticket] = citizen.tickets()
    assert [m.body for m in messages_of(trained, ticket.number)] == said
    assert (ticket.category, ticket.area, ticket.agency) == ("jalan_rusak", JUATA_LAUT, "tarakan-dpupr")
    assert [len(texts) for texts in heard] == [1, 0, 2, 1, 0]
    assert "Di mana lokasinya?" in heard[2][0]
    assert "Juata Laut" in heard[3][0]
    assert trained.region.agencies["tarakan-dpupr"].name in heard[3][0]


def test_a_receipt_tells_number_agency_date_and_how_to_check(trained: Runtime) -> None:
    citizen = Citizen(trained)
    receipt, privacy = citizen.says(ROAD_TARAKAN)
    [ticket] = citizen.tickets()
    for part in (
        ticket.number,
        trained.region.agencies["tarakan-dpupr"].name,
        trained.phrases.moment(ticket.first_response_due, "id"),
        "WITA",
        f"http://127.0.0.1:8000/lacak/{ticket.number}",
    ):
        assert part in receipt
    assert "http://127.0.0.1:8000/privasi" in privacy


@on_sqlite
def test_a_text_a_second_after_the_window_is_a_matter_of_its_own(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    citizen.says(ROAD_TARAKAN)
    clock.forward(minutes=15)
    assert len(citizen.says("Sudah banyak yang jatuh di sana pak")) == 1
    assert len(citizen.tickets()) == 1
    clock.forward(minutes=15, seconds=1)
    assert len(citizen.says("Sampah menumpuk, tidak diangkut sudah seminggu")) == 1
    assert len(citizen.tickets()) == 2


def test_windows_and_clocks_are_counted_from_the_receipt_though_the_worker_was_down(
    trained: Runtime, clock: Clock
) -> None:
    citizen = Citizen(trained)
    received_at = clock()
    citizen.says(ROAD_TARAKAN, work=False)
    clock.forward(hours=2)
    citizen.says(WASTE, work=False)
    clock.forward(days=2)
    citizen.says("STATUS")
    first, second = citizen.tickets()
    assert (first.opened_at, second.opened_at) == (received_at, received_at + timedelta(hours=2))
    assert first.first_response_due < clock() + timedelta(days=14)
    assert rows(trained, StatusChange)[0].at == received_at


def test_a_photo_first_then_words(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    [asked] = citizen.says(attachments=PHOTO)
    assert "tuliskan juga apa masalahnya" in asked
    assert citizen.says(attachments=PHOTO) == []
    clock.forward(hours=3)
    citizen.says(ROAD_TARAKAN)
    [ticket] = citizen.tickets()
    assert [m.body for m in messages_of(trained, ticket.number)] == ["", "", ROAD_TARAKAN]


@on_sqlite
def test_a_photo_of_last_week_belongs_to_nothing(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    citizen.says(attachments=PHOTO)
    clock.forward(days=7)
    citizen.says(ROAD_TARAKAN)
    [ticket] = citizen.tickets()
    assert [m.body for m in messages_of(trained, ticket.number)] == [ROAD_TARAKAN]


def test_a_pin_first_gives_the_words_their_place(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    citizen.says(location=pin(trained, JUATA_LAUT))
    clock.forward(minutes=2)
    receipt, _ = citizen.says(ROAD)
    [ticket] = citizen.tickets()
    assert (ticket.area, ticket.agency) == (JUATA_LAUT, "tarakan-dpupr")
    assert "Di mana lokasinya?" not in receipt


@on_sqlite
def test_a_pin_afterwards_places_the_ticket(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    citizen.says(ROAD)
    clock.forward(days=3)
    [thanks] = citizen.says(location=pin(trained, JUATA_LAUT))
    [ticket] = citizen.tickets()
    assert (ticket.area, ticket.agency) == (JUATA_LAUT, "tarakan-dpupr")
    assert "Juata Laut" in thanks


@on_sqlite
def test_a_pin_at_sea_is_kept_and_places_nothing(trained: Runtime) -> None:
    citizen = Citizen(trained)
    citizen.says(ROAD)
    assert citizen.says(location=Location(0.0, -30.0)) == []
    [ticket] = citizen.tickets()
    assert ticket.area is None
    assert len(messages_of(trained, ticket.number)) == 2


# The place.


def test_the_place_is_asked_for_once(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    receipt, _ = citizen.says(ROAD)
    assert "Di mana lokasinya?" in receipt
    clock.forward(hours=1)
    [unknown] = citizen.says("dekat warung bu Ani")
    assert "belum mengenali lokasi" in unknown
    clock.forward(hours=1)
    [added] = citizen.says("yang cat hijau")
    assert "sudah kami tambahkan" in added
    clock.forward(hours=1)
    [thanks] = citizen.says("Juata Laut")
    assert "Juata Laut" in thanks
    assert len(citizen.tickets()) == 1


@on_sqlite
def test_a_place_given_with_the_complaint_is_not_asked_for(trained: Runtime) -> None:
    receipt, _ = Citizen(trained).says(ROAD_TARAKAN)
    assert "?" not in receipt


def test_a_place_gives_the_ticket_to_its_agency_until_an_officer_began(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    citizen.says(ROAD)
    [ticket] = citizen.tickets()
    before = ticket.agency
    change(trained, ticket.number, Status.IN_PROGRESS)
    clock.forward(hours=1)
    [thanks] = citizen.says("di Juata Laut")
    [ticket] = citizen.tickets()
    assert (ticket.area, ticket.agency) == (JUATA_LAUT, before)
    assert trained.region.agencies[before].name in thanks


PLACES = {
    "village": ("Jalan rusak parah di Juata Laut", "tarakan-dpupr"),
    "kecamatan": ("Jalan rusak parah di kecamatan Sebuku", "nunukan-dpupr"),
    "kabupaten": ("Jalan rusak parah di Malinau", "malinau-dpupr"),
}


@on_sqlite
@pytest.mark.parametrize(("text", "agency"), PLACES.values(), ids=PLACES)
def test_a_place_is_known_by_the_name_of_its(trained: Runtime, text: str, agency: str) -> None:
    citizen = Citizen(trained)
    citizen.says(text)
    assert [ticket.agency for ticket in citizen.tickets()] == [agency]


# After an answer.


def test_a_reply_to_an_answer_returns_the_ticket_to_its_officer(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    citizen.says(ROAD_TARAKAN)
    [ticket] = citizen.tickets()
    answer(trained, ticket.number)
    citizen.hears()
    clock.forward(days=1)
    [added] = citizen.says("Sampai hari ini belum ada yang datang pak")
    [ticket] = citizen.tickets()
    assert ticket.status == Status.IN_PROGRESS
    assert ticket.number in added


THANKED = {"thanks": "Terima kasih banyak pak", "ok": "ok siap", "thanks and good night": "makasih, selamat malam"}


@on_sqlite
@pytest.mark.parametrize("text", THANKED.values(), ids=THANKED)
def test_courtesy_after_an_answer_changes_nothing_and_is_not_answered(trained: Runtime, text: str) -> None:
    citizen = Citizen(trained)
    citizen.says(ROAD_TARAKAN)
    [ticket] = citizen.tickets()
    answer(trained, ticket.number)
    citizen.hears()
    assert citizen.says(text) == []
    [ticket] = citizen.tickets()
    assert ticket.status == Status.ANSWERED
    assert len(messages_of(trained, ticket.number)) == 2


@on_sqlite
@pytest.mark.parametrize("attachments", [(), STICKER], ids=["an emoji", "a sticker"])
def test_a_thumb_up_after_an_answer_changes_nothing(trained: Runtime, attachments: tuple[Attachment, ...]) -> None:
    citizen = Citizen(trained)
    citizen.says(ROAD_TARAKAN)
    [ticket] = citizen.tickets()
    answer(trained, ticket.number)
    citizen.says("" if attachments else "👍", attachments=attachments)
    [ticket] = citizen.tickets()
    assert ticket.status == Status.ANSWERED


@on_sqlite
def test_the_photo_an_officer_asked_for_returns_the_ticket(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    citizen.says(ROAD_TARAKAN)
    [ticket] = citizen.tickets()
    change(trained, ticket.number, Status.WAITING)
    clock.forward(days=1)
    citizen.says(attachments=PHOTO)
    [ticket] = citizen.tickets()
    assert ticket.status == Status.IN_PROGRESS


@on_sqlite
def test_what_quotes_our_message_reopens_a_closed_ticket(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    citizen.says(ROAD_TARAKAN)
    [ticket] = citizen.tickets()
    [receipt_id, _] = deliver(trained, "whatsapp")
    change(trained, ticket.number, Status.ANSWERED, Status.CLOSED)
    clock.forward(days=40)
    citizen.says("Jalannya rusak lagi setelah hujan kemarin", reply_to=(receipt_id,))
    [ticket] = citizen.tickets()
    assert ticket.status == Status.IN_PROGRESS


@on_sqlite
def test_a_new_text_after_a_closed_ticket_is_a_new_matter(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    citizen.says(ROAD_TARAKAN)
    [ticket] = citizen.tickets()
    change(trained, ticket.number, Status.ANSWERED, Status.CLOSED)
    clock.forward(days=1)
    citizen.says(ROAD_TARAKAN)
    assert [t.status for t in citizen.tickets()] == [Status.CLOSED, Status.ASSIGNED]


FOLLOWING = {
    "nobody came": "Sampai hari ini belum ada yang datang pak",
    "looked at": "sudah dicek tapi belum diperbaiki",
    "please soon": "tolong segera ditindaklanjuti ya pak, kasihan anak-anak",
}


@on_sqlite
@pytest.mark.parametrize("text", FOLLOWING.values(), ids=FOLLOWING)
def test_a_half_sure_guess_does_not_take_a_reply_out_of_its_conversation(
    trained: Runtime, clock: Clock, text: str
) -> None:
    citizen = Citizen(trained)
    citizen.says(ROAD_TARAKAN)
    [ticket] = citizen.tickets()
    answer(trained, ticket.number)
    clock.forward(days=2)
    citizen.says(text)
    assert len(citizen.tickets()) == 1


@on_sqlite
def test_a_sure_guess_does(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    citizen.says(ROAD_TARAKAN)
    [ticket] = citizen.tickets()
    answer(trained, ticket.number)
    clock.forward(days=2)
    citizen.says(WASTE)
    assert len(citizen.tickets()) == 2
