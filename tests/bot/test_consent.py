"""A report goes to a body outside only with its citizen's word, once, and to nobody on anybody else's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlmodel import col

from bot.wishes import consents, privacy
from channels.message import UNPROVEN, Address, InboundMessage
from dispatch.models import Audit, Message, Outbox, Privacy, Ticket
from dispatch.runtime import Runtime
from dispatch.services import consent, consequences, secrecy
from dispatch.workflow import Status
from tests.support.clock import Clock
from tests.support.desk import answer, change, deliver, rows
from tests.support.readings import knows, reading
from tests.support.talk import Citizen

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
WATER = "Air PDAM mati tiga hari di Juata Laut Tarakan"
HIDDEN = "Air PDAM mati di Juata Laut Tarakan, jangan sebut nama saya"
SECRET = "Air PDAM mati di Juata Laut Tarakan. Laporan ini rahasia"
LAMP = "Lampu jalan mati sudah seminggu di depan pasar Juata Laut Tarakan"
UNCLEAR = "Ada masalah di depan rumah saya di Juata Laut Tarakan tolong dibantu ya pak"
BODY = "aduan@pdam.contoh.id"


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {
        "MAIL_FROM": "aduan@lapor.contoh.go.id",
        "SMTP_URL": "smtp://127.0.0.1:1",
        "MAIL_HOOK_SECRET": "rahasia-kait-surat-untuk-uji",
    }


@pytest.fixture
def wired(runtime: Runtime) -> Runtime:
    region = runtime.region
    pdam = replace(region.agencies["pdam-tarakan"], email=BODY)
    runtime.__dict__["region"] = replace(region, agencies={**region.agencies, "pdam-tarakan": pdam})
    water = reading(("air_bersih", 0.97), sure=True)
    lamp = reading(("lampu_jalan", 0.97), sure=True)
    unclear = reading(("lampu_jalan", 0.45), ("sampah", 0.42), ("jalan_rusak", 0.1))
    return knows(runtime, {WATER: water, HIDDEN: water, SECRET: water, LAMP: lamp, UNCLEAR: unclear})


def only(runtime: Runtime) -> Ticket:
    [ticket] = rows(runtime, Ticket)
    return ticket


def letters(runtime: Runtime) -> list[Outbox]:
    with runtime.reading() as session:
        query = select(Outbox).where(col(Outbox.recipient) == f"mailto:{BODY}").order_by(col(Outbox.id))
        return list(session.scalars(query))


@on_sqlite
def test_yes_sends_it_once_with_the_contact(wired: Runtime) -> None:
    citizen = Citizen(wired)
    [receipt, *_] = citizen.says(WATER, sender_name="Warga Contoh")
    assert "Balas YA atau TIDAK" in receipt
    assert letters(wired) == []
    [answer] = citizen.says("Ya, boleh pak")
    assert "kami kirim ke Perumda" in answer
    [letter] = letters(wired)
    assert WATER in letter.body
    assert "Warga Contoh" in letter.body
    assert letter.ticket_id is None
    assert only(wired).number in letter.subject
    citizen.says("ya")
    assert len(letters(wired)) == 1
    assert only(wired).consent == consent.Consent.GIVEN
    [line] = [each for each in rows(wired, Audit) if each.action == "ticket.consent"]
    assert line.detail["sent"] is True
    carried = next(each for each in rows(wired, Message) if each.id == line.detail["message"])
    assert carried.ticket_id == only(wired).id


@on_sqlite
@pytest.mark.parametrize("answer", ["tidak", "Tidak usah pak", "jangan"])
def test_no_sends_nothing_and_a_later_yes_neither(wired: Runtime, answer: str) -> None:
    citizen = Citizen(wired)
    citizen.says(WATER)
    assert "tidak kami kirim" in citizen.says(answer)[0]
    citizen.says("ya")
    assert letters(wired) == []
    assert only(wired).consent == consent.Consent.REFUSED


@on_sqlite
def test_silence_sends_nothing_and_the_question_grows_old(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(WATER)
    clock.forward(days=3, minutes=1)
    citizen.says("ya")
    assert letters(wired) == []
    assert only(wired).consent == consent.Consent.ASKED


@on_sqlite
def test_nobody_consents_for_a_sender_who_is_only_claimed(wired: Runtime) -> None:
    Citizen(wired).says(WATER)
    Citizen(wired).says("ya", notes=(UNPROVEN,))
    assert letters(wired) == []
    assert only(wired).consent == consent.Consent.ASKED


@on_sqlite
def test_by_sms_nobody_is_asked(wired: Runtime) -> None:
    citizen = Citizen(wired, "sms")
    assert not any("YA atau TIDAK" in text for text in citizen.says(WATER))
    citizen.says("ya")
    assert (letters(wired), only(wired).consent) == ([], "")


@on_sqlite
def test_without_an_address_there_is_only_the_contact(wired: Runtime) -> None:
    region = wired.region
    plain = replace(region.agencies["pdam-tarakan"], email="")
    wired.__dict__["region"] = replace(region, agencies={**region.agencies, "pdam-tarakan": plain})
    assert "YA atau TIDAK" not in Citizen(wired).says(WATER)[0]


@on_sqlite
def test_an_anonymous_report_goes_without_its_writer(wired: Runtime) -> None:
    citizen = Citizen(wired)
    [receipt, *_] = citizen.says(HIDDEN, sender_name="Warga Contoh")
    assert "tanpa nama dan kontak" in receipt
    assert "tidak ditunjukkan" in receipt
    citizen.says("ya")
    [letter] = letters(wired)
    assert "Warga Contoh" not in letter.body
    assert citizen.address.value not in letter.body


@on_sqlite
def test_a_secret_report_is_never_asked_about_and_waits_for_a_reader(wired: Runtime) -> None:
    citizen = Citizen(wired)
    assert "YA atau TIDAK" not in citizen.says(SECRET)[0]
    ticket = only(wired)
    assert (ticket.privacy, ticket.agency, ticket.triage) == (Privacy.SECRET, "prov-diskominfo", True)
    citizen.says("ya")
    assert letters(wired) == []


@on_sqlite
def test_what_became_secret_meanwhile_is_not_sent(wired: Runtime) -> None:
    citizen = Citizen(wired)
    citizen.says(WATER)
    with wired.writing() as session:
        row = session.get_one(Ticket, only(wired).id)
        assert secrecy.conceal(session, wired.region, wired.now(), row, Privacy.SECRET)
    citizen.says("ya")
    assert letters(wired) == []


def an_officer_asks(citizen: Citizen, number: str) -> None:
    answer(citizen.runtime, number, "Apakah lampunya di RT 5? Balas YA atau TIDAK")


def we_ask_whether_it_is_settled(citizen: Citizen, number: str) -> None:
    change(citizen.runtime, number, Status.IN_PROGRESS, Status.RESOLVED)
    consequences.sweep(citizen.runtime)


def we_ask_which_matter(citizen: Citizen, number: str) -> None:
    citizen.says(UNCLEAR)


@on_sqlite
@pytest.mark.parametrize("word", ["ya", "ok", "tidak"])
@pytest.mark.parametrize("asks", [an_officer_asks, we_ask_whether_it_is_settled, we_ask_which_matter])
def test_what_was_asked_since_is_what_a_bare_word_answers(
    wired: Runtime, clock: Clock, asks: Callable[[Citizen, str], None], word: str
) -> None:
    citizen = Citizen(wired)
    citizen.says(LAMP)
    clock.forward(hours=1)
    citizen.says(WATER)
    lamp, water = citizen.tickets()
    clock.forward(hours=1)
    asks(citizen, lamp.number)
    clock.forward(minutes=5)
    citizen.says(word)
    assert letters(wired) == []
    consents = {each.number: each.consent for each in citizen.tickets()}
    assert consents[water.number] == consent.Consent.ASKED


@on_sqlite
@pytest.mark.parametrize("word", ["1", "tidak"])
def test_which_matter_is_not_chosen_once_an_officer_asked_on_another_ticket(
    wired: Runtime, clock: Clock, word: str
) -> None:
    citizen = Citizen(wired)
    citizen.says(LAMP)
    clock.forward(hours=1)
    citizen.says(UNCLEAR)
    clock.forward(hours=1)
    lamp, unclear = citizen.tickets()
    assert unclear.choices
    an_officer_asks(citizen, lamp.number)
    clock.forward(minutes=5)
    citizen.says(word)
    assert citizen.tickets()[1].choices == unclear.choices


@on_sqlite
def test_a_question_is_open_again_only_for_what_quotes_it(wired: Runtime, clock: Clock) -> None:
    citizen = Citizen(wired)
    citizen.says(LAMP)
    clock.forward(hours=1)
    citizen.says(WATER)
    *_, receipt = deliver(wired, "whatsapp")
    clock.forward(hours=1)
    an_officer_asks(citizen, citizen.tickets()[0].number)
    citizen.says("ya", reply_to=(receipt,))
    assert len(letters(wired)) == 1


WISHES = """
Tolong rahasiakan nama saya, jalan rusak       | anonymous
jangan sebut nama saya ya pak                  | anonymous
nama saya jangan disebut                       | anonymous
identitas saya dirahasiakan                    | anonymous
Mohon dirahasiakan identitas saya              | anonymous
tolong jaga kerahasiaan identitas saya         | anonymous
lapor anonim: bupati korupsi                   | anonymous
please do not mention my name                  | anonymous
laporan ini rahasia                            | secret
mohon dirahasiakan                             | secret
Mohon rahasiakan laporan ini                   | secret
Rahasia: kepala desa minta uang                | secret
please keep this confidential                  | secret
sudah jadi rahasia umum jalan rusak            | named
dokumen rahasia bocor                          | named
gang tanpa nama, jalan rusak                   | named
surat anonim beredar di kantor desa            | named
ini bukan rahasia lagi                         | named
Jalan rusak                                    | named
"""


@pytest.mark.parametrize(
    ("text", "wanted"), [tuple(cell.strip() for cell in row.split("|")) for row in WISHES.strip().splitlines()]
)
def test_what_is_said_of_secrecy(text: str, wanted: str) -> None:
    message = InboundMessage(
        channel="sms", account="a", external_id="1", sender=Address("tel", "+628110000001"), text=text
    )
    assert privacy(message, text) == wanted


@pytest.mark.parametrize("choice", ["anonymous", "secret"])
def test_what_is_chosen_on_the_form(choice: str) -> None:
    message = InboundMessage(
        channel="web", account="web", external_id="1", sender=Address("web", "0" * 32), notes=(f"privacy:{choice}",)
    )
    assert privacy(message, "Jalan rusak") == choice


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("ya", True), ("ya boleh pak", True), ("setuju", True), ("tidak usah", False), ("ya jangan", False),
        ("mau tanya", None), ("terima kasih", None), ("ya jalan rusak juga", None), ("", None),
    ],
)  # fmt: skip
def test_what_is_a_yes(text: str, answer: bool | None) -> None:
    assert consents(tuple(text.split())) is answer
