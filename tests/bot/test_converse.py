"""Conversations as citizens have them, from the recorded event to the rows and the promised replies.

What only varies words runs on SQLite; every path through the rows runs on both databases.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.converse import BUDGET
from bot.replies import Replies
from channels.message import Attachment, AttachmentKind, Location
from channels.text import segments
from dispatch import numbers
from dispatch.models import CitizenAddress, InboundEvent, Message, Outbox, StatusChange, Ticket
from dispatch.region import Region
from dispatch.runtime import Runtime
from dispatch.services.answers import CannotReach
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


def test_a_text_a_second_after_the_window_is_a_matter_of_its_own(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    citizen.says(ROAD_TARAKAN)
    clock.forward(minutes=15)
    assert citizen.says("Sampah menumpuk, tidak diangkut sudah seminggu") == []
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


def test_the_photo_an_officer_asked_for_returns_the_ticket(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    citizen.says(ROAD_TARAKAN)
    [ticket] = citizen.tickets()
    change(trained, ticket.number, Status.WAITING)
    clock.forward(days=1)
    citizen.says(attachments=PHOTO)
    [ticket] = citizen.tickets()
    assert ticket.status == Status.IN_PROGRESS


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


def test_a_new_text_after_a_closed_ticket_is_a_new_matter(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    citizen.says(ROAD_TARAKAN)
    [ticket] = citizen.tickets()
    change(trained, ticket.number, Status.ANSWERED, Status.CLOSED)
    clock.forward(days=1)
    citizen.says(ROAD_TARAKAN)
    assert [t.status for t in citizen.tickets()] == [Status.CLOSED, Status.ASSIGNED]


# Commands.


def test_status_of_a_ticket_of_ones_own(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    citizen.says(ROAD_TARAKAN)
    clock.forward(hours=1)
    citizen.says(WASTE)
    first, second = citizen.tickets()
    for asked, meant in (
        (f"STATUS {first.number}", first),
        (f"cek {first.number.replace('-', '').lower()}", first),
        (f"status laporan {second.number}", second),
        ("STATUS", second),
        ("status laporan saya", second),
    ):
        [told] = citizen.says(asked)
        assert told.startswith(f"Laporan {meant.number}: Diteruskan ke instansi.")
    assert len(citizen.tickets()) == 2


@on_sqlite
def test_status_tells_the_beginning_of_the_answer(trained: Runtime) -> None:
    citizen = Citizen(trained)
    citizen.says(ROAD_TARAKAN)
    [ticket] = citizen.tickets()
    answer(trained, ticket.number, "Akan ditambal hari Jumat. " + "x" * 500)
    citizen.hears()
    [told] = citizen.says(f"STATUS {ticket.number}")
    assert "Sudah dijawab" in told
    assert "Akan ditambal hari Jumat." in told
    assert told.endswith("...")


def test_somebody_elses_an_unknown_and_a_misspelt_number_get_the_same_line(trained: Runtime) -> None:
    owner, other = Citizen(trained), Citizen(trained, value="+628110000002")
    owner.says(ROAD_TARAKAN)
    [ticket] = owner.tickets()
    last = ticket.number[-1]
    misspelt = ticket.number[:-1] + next(c for c in numbers.ALPHABET if c != last)
    told = [other.says(f"STATUS {number}") for number in (ticket.number, numbers.new("KU"), misspelt, "123")]
    told.append(other.says("STATUS"))
    told.append(owner.says(f"STATUS {misspelt}"))
    assert told == [[trained.phrases.say("status_unknown", "id")]] * 6
    assert len(owner.tickets()) == 1


@on_sqlite
def test_help_names_the_other_ways(trained: Runtime) -> None:
    [told] = Citizen(trained).says("BANTUAN")
    assert "STATUS" in told
    assert "BERHENTI" in told
    assert "http://127.0.0.1:8000" in told


RESUMING = {
    "a complaint": "Sampah menumpuk di Tarakan sudah seminggu tidak diangkut",
    "a greeting": "halo",
    "the start button": "/start",
    "the command": "MULAI",
    "a status": "STATUS",
    "start, as our English confirmation says": "START",
}


@on_sqlite
@pytest.mark.parametrize("text", RESUMING.values(), ids=RESUMING)
def test_after_stop_nobody_can_write_until_the_citizen_does(trained: Runtime, clock: Clock, text: str) -> None:
    citizen = Citizen(trained)
    citizen.says("halo")
    citizen.says(ROAD_TARAKAN)
    [ticket] = citizen.tickets()
    [confirmed] = citizen.says("STOP")
    assert "tidak akan mengirim pesan lagi" in confirmed
    with pytest.raises(CannotReach):
        answer(trained, ticket.number)
    clock.forward(minutes=1)
    citizen.says(text)
    answer(trained, ticket.number)
    assert citizen.hears()


@on_sqlite
def test_a_greeting_after_stop_is_told_that_messages_come_again(trained: Runtime) -> None:
    citizen = Citizen(trained)
    citizen.says("halo")
    citizen.says("STOP")
    [told] = citizen.says("halo")
    assert told == trained.phrases.say("started", "id")


@on_sqlite
@pytest.mark.parametrize("fields", [{"automatic": True}, {"notes": ("edited",)}], ids=["a machine's mail", "an edit"])
def test_what_nobody_wrote_just_now_resumes_nothing(trained: Runtime, fields: dict[str, object]) -> None:
    citizen = Citizen(trained)
    citizen.says("STOP")
    assert citizen.says("Jalan rusak di Juata", **fields) == []  # type: ignore[arg-type]
    [address] = rows(trained, CitizenAddress)
    assert address.stopped_at is not None


@on_sqlite
def test_stop_with_a_matter_is_a_complaint(trained: Runtime) -> None:
    citizen = Citizen(trained)
    citizen.says("stop banjir di kampung kami, Tanjung Selor")
    assert len(citizen.tickets()) == 1
    assert rows(trained, CitizenAddress)[0].stopped_at is None


COMPLAINTS_LIKE_COMMANDS = {
    "cek": "Cek jalan di Juata rusak parah",
    "status": "status jalan ini apa?",
    "info": "info jalan rusak",
    "bantuan": "bantuan sosial belum cair",
}


@on_sqlite
@pytest.mark.parametrize("text", COMPLAINTS_LIKE_COMMANDS.values(), ids=COMPLAINTS_LIKE_COMMANDS)
def test_a_complaint_that_begins_like_a_command_is_not_lost(trained: Runtime, text: str) -> None:
    citizen = Citizen(trained)
    receipt, _ = citizen.says(text)
    [ticket] = citizen.tickets()
    assert ticket.number in receipt


# Language.


@on_sqlite
def test_who_writes_english_reads_english(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    receipt, privacy = citizen.says("The road in front of my house in Tarakan is broken and there is no street light")
    assert receipt.startswith("Thank you. We received your report")
    assert privacy.startswith("Your data is used only")
    [ticket] = citizen.tickets()
    [told] = citizen.says(f"STATUS {ticket.number}")
    assert told.startswith(f"Report {ticket.number}: ")
    [unknown] = citizen.says("STATUS KU-7MPA-3QRW")
    assert unknown.startswith("Sorry, we cannot find")
    [stopped] = citizen.says("STOP")
    assert stopped.startswith("We will send you no more messages")


@on_sqlite
def test_a_phone_set_to_english_says_nothing_of_its_owner(trained: Runtime) -> None:
    receipt, _ = Citizen(trained, "telegram").says(ROAD_TARAKAN, language="en")
    assert receipt.startswith("Terima kasih.")


@on_sqlite
def test_the_language_chosen_on_our_page_counts_where_the_words_do_not_tell(trained: Runtime) -> None:
    [greeting] = Citizen(trained, "web", "visitor-1").says("halo", language="en")
    assert greeting.startswith("Hello")


# Whose it is.


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


# The privacy notice, short messages, budgets.


def test_the_privacy_notice_is_said_once(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    told: list[str] = citizen.says("halo")
    for text in (ROAD_TARAKAN, WASTE, POWER):
        clock.forward(hours=2)
        told += citizen.says(text)
    assert len(citizen.tickets()) == 3
    assert sum("Data Anda hanya dipakai" in text for text in told) == 1


@on_sqlite
def test_an_sms_receipt_is_one_part_without_a_link(trained: Runtime) -> None:
    receipt, privacy = Citizen(trained, "sms").says(ROAD_TARAKAN)
    for text in (receipt, privacy):
        assert (segments(text).encoding, segments(text).count) == ("gsm-7", 1)
        assert "://" not in text


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_sms_receipt_of_every_agency_is_one_part(kaltara: Region, clock: Clock, language: str) -> None:
    from dispatch.phrases import Phrases

    replies = Replies(Phrases(kaltara), "https://aduan.contoh.go.id", "sms")
    # The longest name of a weekday and of a month.
    due = clock.instant.replace(year=2026, month=9, day=23, hour=16)
    long = [
        agency.code
        for agency in kaltara.agencies.values()
        if agency.ours and segments(replies.receipt(kaltara, _ticket(agency.code, language, due=due))).count != 1
    ]
    assert long == []


def _ticket(agency: str, language: str, **changes: object) -> Ticket:
    fields = {"number": "KU-7MPA-3QRW", "agency": agency, "status": Status.ASSIGNED, "language": language}
    return Ticket(**{**fields, "first_response_due": changes["due"]})


def test_automatic_mail_is_kept_and_never_answered(trained: Runtime) -> None:
    citizen = Citizen(trained, "mail")
    assert citizen.says("Saya sedang cuti sampai Senin.", subject="Di luar kantor: laporan", automatic=True) == []
    assert citizen.tickets() == []
    assert [message.body for message in rows(trained, Message)] == ["Saya sedang cuti sampai Senin."]


def test_mail_that_asks_for_no_automatic_answer_makes_a_ticket_and_gets_none(trained: Runtime) -> None:
    citizen = Citizen(trained, "mail")
    assert citizen.says(ROAD_TARAKAN, notes=("asks for no automatic answer",)) == []
    assert len(citizen.tickets()) == 1


@on_sqlite
@pytest.mark.parametrize("channel", BUDGET)
def test_automatic_replies_to_an_address_have_a_budget(trained: Runtime, clock: Clock, channel: str) -> None:
    hourly, daily = BUDGET[channel]
    citizen, other = Citizen(trained, channel), Citizen(trained, channel, "4712" if channel == "telegram" else "other")
    assert sum(len(citizen.says("BANTUAN")) for _ in range(hourly + 3)) == hourly
    assert len(other.says("BANTUAN")) == 1
    clock.forward(minutes=59, seconds=59)
    assert citizen.says("BANTUAN") == []
    clock.forward(seconds=1)
    total = hourly
    for _ in range(daily // hourly + 1):
        total += sum(len(citizen.says("BANTUAN")) for _ in range(hourly + 1))
        clock.forward(hours=1)
    assert total == daily


def test_a_used_up_budget_costs_no_ticket_and_no_officers_answer(trained: Runtime) -> None:
    citizen = Citizen(trained, "mail")
    for _ in range(5):
        citizen.says("BANTUAN")
    assert citizen.says(ROAD_TARAKAN) == []
    [ticket] = citizen.tickets()
    answer(trained, ticket.number)
    assert len(citizen.hears()) == 1


@on_sqlite
def test_our_own_page_has_no_budget(trained: Runtime) -> None:
    citizen = Citizen(trained, "web", "visitor-1")
    assert sum(len(citizen.says("BANTUAN")) for _ in range(30)) == 30


# Mail.


def test_mail_in_reply_joins_its_ticket_whatever_it_says(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained, "mail")
    citizen.says(ROAD_TARAKAN, subject="Jalan rusak")
    [receipt_id, _] = deliver(trained, "mail")
    clock.forward(days=3)
    citizen.says("Sampah menumpuk juga di sana", subject="Re: Jalan rusak", reply_to=("elsewhere@x", receipt_id))
    [ticket] = citizen.tickets()
    assert len(messages_of(trained, ticket.number)) == 2


def test_mail_of_a_stranger_that_quotes_us_opens_a_ticket_of_its_own(trained: Runtime) -> None:
    owner, stranger = Citizen(trained, "mail"), Citizen(trained, "mail", "orang-lain@example.org")
    owner.says(ROAD_TARAKAN, subject="Jalan rusak")
    [ticket] = owner.tickets()
    [receipt_id, _] = deliver(trained, "mail")
    stranger.says("Tolong kirim jawabannya ke saya saja", reply_to=(receipt_id,), thread=ticket.number)
    first, second = owner.tickets()
    assert len(messages_of(trained, first.number)) == 1
    assert first.citizen_id != second.citizen_id
    answer(trained, first.number)
    assert stranger.hears() == []
    assert len(owner.hears()) == 1


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
    assert citizen.says("Jalan rusak di Juata Laut", notes=("edited",)) == []
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
