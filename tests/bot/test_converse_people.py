"""Whose ticket it is and who may write on it, by message and by mail.

What only varies words runs on SQLite; every path through the rows runs on both databases.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels.message import Attachment, AttachmentKind, Location
from dispatch.models import CitizenAddress, InboundEvent, Message, Outbox
from dispatch.runtime import Runtime
from dispatch.workflow import Status
from tests.support.clock import Clock
from tests.support.desk import answer, deliver, messages_of, rows
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


# Whose it is.


@on_sqlite
def test_what_nobody_is_sure_of_waits_at_the_desk(trained: Runtime) -> None:
    citizen = Citizen(trained)
    receipt, _ = citizen.says("xyz qwerty asdf")
    [ticket] = citizen.tickets()
    assert (ticket.agency, ticket.triage, ticket.status) == (trained.region.desk, True, Status.NEW)
    assert "sedang menentukan instansi" in receipt


def test_what_is_not_ours_is_referred_with_whom_to_call(trained: Runtime) -> None:
    citizen = Citizen(trained)
    receipt, _ = citizen.says(POWER)
    [ticket] = citizen.tickets()
    assert (ticket.agency, ticket.status) == ("pln-kaltara", Status.FORWARDED)
    assert trained.region.agencies["pln-kaltara"].phone in receipt
    assert "Jawaban paling lambat" not in receipt


def test_fragments_of_what_is_referred_stay_one_ticket(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    citizen.says("Listrik padam sejak kemarin malam")
    clock.forward(seconds=30)
    assert citizen.says("di Juata Laut") == []
    clock.forward(minutes=5)
    assert citizen.says(attachments=PHOTO) == []
    [ticket] = citizen.tickets()
    assert (ticket.status, ticket.area) == (Status.FORWARDED, JUATA_LAUT)
    assert len(messages_of(trained, ticket.number)) == 3


@on_sqlite
def test_after_the_window_a_text_about_something_referred_is_a_matter_of_its_own(
    trained: Runtime, clock: Clock
) -> None:
    citizen = Citizen(trained)
    citizen.says(POWER)
    clock.forward(minutes=15, seconds=1)
    citizen.says(ROAD_TARAKAN)
    assert [ticket.status for ticket in citizen.tickets()] == [Status.FORWARDED, Status.ASSIGNED]


def test_a_quoted_reply_to_something_referred_comes_back_to_the_desk(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    citizen.says(POWER)
    [receipt_id, _] = deliver(trained, "whatsapp")
    clock.forward(days=1)
    citizen.says("Sudah saya telepon tetapi tidak ada yang menjawab", reply_to=(receipt_id,))
    [ticket] = citizen.tickets()
    assert (ticket.agency, ticket.triage, ticket.status) == (trained.region.desk, True, Status.ASSIGNED)


@on_sqlite
def test_misconduct_goes_to_the_inspectorate_of_the_place(trained: Runtime) -> None:
    citizen = Citizen(trained)
    citizen.says("Oknum petugas minta pungli uang pelicin untuk urus KTP di kantor camat Tarakan Utara")
    [ticket] = citizen.tickets()
    assert (ticket.agency, ticket.supervision) == ("tarakan-inspektorat", True)


# Several people.


def test_two_citizens_interleaved_stay_apart(trained: Runtime, clock: Clock) -> None:
    one, other = Citizen(trained), Citizen(trained, value="+628110000002")
    turns = [
        (one, "halo"),
        (other, "permisi min"),
        (one, ROAD),
        (other, WASTE),
        (one, "di Juata Laut"),
        (other, "tolong segera"),
    ]
    for citizen, text in turns:
        citizen.says(text)
        clock.forward(seconds=5)
    first, second = one.tickets()
    assert [m.body for m in messages_of(trained, first.number)] == ["halo", ROAD, "di Juata Laut"]
    assert [m.body for m in messages_of(trained, second.number)] == ["permisi min", WASTE, "tolong segera"]
    assert (first.agency, second.agency) == ("tarakan-dpupr", "bulungan-dlh")
    assert first.citizen_id != second.citizen_id


def test_a_quote_of_somebody_elses_message_opens_a_ticket_of_ones_own(trained: Runtime) -> None:
    owner, stranger = Citizen(trained), Citizen(trained, value="+628110000002")
    owner.says(ROAD_TARAKAN)
    [receipt_id, _] = deliver(trained, "whatsapp")
    stranger.says("Saya juga mengalami hal itu, tolong kirim datanya ke saya", reply_to=(receipt_id,))
    first, second = owner.tickets()
    assert len(messages_of(trained, first.number)) == 1
    assert second.citizen_id != first.citizen_id


# Mail.


def test_mail_in_reply_joins_its_ticket_whatever_it_says(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained, "mail")
    citizen.says(ROAD_TARAKAN, subject="Jalan rusak")
    [receipt_id] = deliver(trained, "mail")
    clock.forward(days=3)
    citizen.says("Sampah menumpuk juga di sana", subject="Re: Jalan rusak", reply_to=("elsewhere@x", receipt_id))
    [ticket] = citizen.tickets()
    assert len(messages_of(trained, ticket.number)) == 2


def test_mail_of_a_stranger_that_quotes_us_opens_a_ticket_of_its_own(trained: Runtime) -> None:
    owner, stranger = Citizen(trained, "mail"), Citizen(trained, "mail", "orang-lain@example.org")
    owner.says(ROAD_TARAKAN, subject="Jalan rusak")
    [ticket] = owner.tickets()
    [receipt_id] = deliver(trained, "mail")
    stranger.says("Tolong kirim jawabannya ke saya saja", reply_to=(receipt_id,), thread=ticket.number)
    first, second = owner.tickets()
    assert len(messages_of(trained, first.number)) == 1
    assert first.citizen_id != second.citizen_id
    answer(trained, first.number)
    assert stranger.hears() == []
    assert len(owner.hears()) == 1


@on_sqlite
def test_a_signed_reply_address_proves_the_ticket_to_its_owner(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained, "mail")
    citizen.says(ROAD_TARAKAN)
    [ticket] = citizen.tickets()
    clock.forward(days=30)
    citizen.says("Belum ada kabar sampai sekarang, mohon dibantu ya pak", thread=ticket.number)
    assert len(citizen.tickets()) == 1


@on_sqlite
def test_each_mail_that_answers_nothing_is_a_ticket(trained: Runtime) -> None:
    citizen = Citizen(trained, "mail")
    citizen.says(ROAD_TARAKAN)
    citizen.says(WASTE)
    assert len(citizen.tickets()) == 2


@on_sqlite
def test_a_mail_with_a_subject_only_is_a_complaint(trained: Runtime) -> None:
    citizen = Citizen(trained, "mail")
    citizen.says("", subject="Jalan rusak parah di Juata Laut Tarakan", attachments=PHOTO)
    assert [ticket.category for ticket in citizen.tickets()] == ["jalan_rusak"]


# What must not be written.


@on_sqlite
def test_a_message_dated_in_the_future_does_not_keep_the_window_open(trained: Runtime, clock: Clock) -> None:
    Citizen(trained).says(ROAD_TARAKAN, sent_at=clock() + timedelta(days=3650))
    [address] = rows(trained, CitizenAddress)
    assert address.last_inbound_at == clock()


@on_sqlite
def test_an_edit_is_kept_with_its_ticket_and_changes_nothing_else(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained, "telegram")
    citizen.says(ROAD)
    clock.forward(hours=1)
    assert citizen.says("Jalan rusak di Juata Laut", revises="m1") == []
    [ticket] = citizen.tickets()
    assert ticket.area is None
    assert len(messages_of(trained, ticket.number)) == 2


def test_every_event_becomes_exactly_one_message(trained: Runtime) -> None:
    citizen = Citizen(trained)
    for text in ("halo", "STATUS", ROAD, "makasih", "STOP", "MULAI", "👍"):
        citizen.says(text)
    events, kept = rows(trained, InboundEvent), [m for m in rows(trained, Message) if m.direction == "in"]
    assert [message.event_id for message in kept] == [event.id for event in events]
    assert {row.automatic for row in rows(trained, Outbox)} == {True}


PINNED = {
    "a pin alone": ("Jalan berlubang parah", Location(3.3136, 117.5919), "65.71"),
    "a pin inside the named town": ("Jalan berlubang parah di Tarakan", Location(3.3136, 117.5919), "65.71"),
    "at home, about another place": ("Jalan berlubang parah di Sekatak Buji", Location(3.3136, 117.5919), "65.01"),
    "outside the region, a named place": ("Jalan berlubang parah di Sekatak Buji", Location(-6.2, 106.8), "65.01"),
    "outside the region, nothing named": ("Jalan berlubang parah", Location(-6.2, 106.8), None),
}


@pytest.mark.parametrize(("text", "pin", "regency"), PINNED.values(), ids=PINNED)
def test_a_named_place_counts_more_than_where_the_sender_stands(
    trained: Runtime, text: str, pin: Location, regency: str | None
) -> None:
    citizen = Citizen(trained)
    citizen.says(text, location=pin)
    [ticket] = citizen.tickets()
    found = trained.region.regency_of(ticket.area) if ticket.area else None
    assert found == regency
