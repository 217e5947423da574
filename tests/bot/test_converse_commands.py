"""Commands, language, notices and budgets of the conversation, from the recorded event to the promised replies.

What only varies words runs on SQLite; every path through the rows runs on both databases.
"""

from __future__ import annotations

import pytest

from bot.jobs import drain_inbound
from bot.replies import Replies
from channels.message import Attachment, AttachmentKind, Location
from channels.registry import channel_class
from channels.text import segments
from dispatch import numbers
from dispatch.models import CitizenAddress, EventState, InboundEvent, Ticket
from dispatch.region import Region
from dispatch.runtime import Runtime
from dispatch.services.answers import CannotReach
from dispatch.workflow import Status
from tests.support.clock import Clock
from tests.support.desk import answer, rows
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
@pytest.mark.parametrize("fields", [{"automatic": True}, {"revises": "m1"}], ids=["a machine's mail", "an edit"])
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


@on_sqlite
def test_automatic_mail_is_kept_and_never_answered(trained: Runtime) -> None:
    citizen = Citizen(trained, "mail")
    assert citizen.says("Saya sedang cuti sampai Senin.", subject="Di luar kantor: laporan", automatic=True) == []
    assert citizen.tickets() == []
    [event] = rows(trained, InboundEvent)
    assert (event.state, event.payload["text"]) == (EventState.QUARANTINED, "Saya sedang cuti sampai Senin.")


@on_sqlite
def test_mail_that_asks_for_no_automatic_answer_makes_a_ticket_and_gets_none(trained: Runtime) -> None:
    citizen = Citizen(trained, "mail")
    assert citizen.says(ROAD_TARAKAN, silent=True) == []
    assert len(citizen.tickets()) == 1


def asks_for_help(citizen: Citizen, times: int) -> int:
    """How many of so many requests in a row are answered."""
    for _ in range(times):
        citizen.says("BANTUAN", work=False)
    drain_inbound(citizen.runtime)
    return len(citizen.hears())


@on_sqlite
@pytest.mark.parametrize("channel", ["whatsapp", "sms", "telegram", "mail"])
def test_automatic_replies_to_an_address_have_a_budget_an_hour(trained: Runtime, clock: Clock, channel: str) -> None:
    hourly, _ = channel_class(channel).limits.automatic or (0, 0)
    citizen, other = Citizen(trained, channel), Citizen(trained, channel, "4712" if channel == "telegram" else "other")
    assert asks_for_help(citizen, hourly + 1) == hourly
    assert asks_for_help(other, 1) == 1
    clock.forward(minutes=59, seconds=59)
    assert asks_for_help(citizen, 1) == 0
    clock.forward(seconds=1)
    assert asks_for_help(citizen, 1) == 1


@on_sqlite
def test_automatic_replies_to_an_address_have_a_budget_a_day(trained: Runtime, clock: Clock) -> None:
    hourly, daily = channel_class("mail").limits.automatic or (0, 0)
    citizen = Citizen(trained, "mail")
    answered = []
    for _ in range(6):
        answered.append(asks_for_help(citizen, hourly + 1))
        clock.forward(hours=1)
    assert sum(answered) == daily
    clock.forward(hours=18)
    assert asks_for_help(citizen, hourly + 1) == hourly


@on_sqlite
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
