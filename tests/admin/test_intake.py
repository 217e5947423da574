"""The desk: a report written down for a citizen is a ticket like any other, with its receipt and its clock."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from bot.jobs import drain_inbound
from channels.message import DeliveryState
from dispatch.models import (
    Audit,
    Citizen,
    CitizenAddress,
    InboundEvent,
    Message,
    Outbox,
    Staff,
    StoredAttachment,
    Ticket,
)
from dispatch.region import Region
from dispatch.runtime import Runtime
from dispatch.services import people
from tests.admin.conftest import Browser, one_database
from tests.support.clock import Clock
from tests.support.desk import rows
from tests.support.pictures import jpeg
from tests.support.readings import knows, reading
from tests.support.tickets import answer, reload

Make = Callable[..., Browser]
LAMP = "Lampu jalan mati di depan balai desa"
PLAIN = {"key": "slip-0123456789abcdef", "text": LAMP, "source": "in_person"}


@pytest.fixture
def desk(environment: dict[str, str], runtime: Runtime, signed_in: Make) -> Browser:
    """An officer of the region's desk, beside a classifier that knows the lamp."""
    lamp = reading(("lampu_jalan", 0.97), sure=True)
    knows(runtime, {LAMP: lamp, f"{LAMP}\nSelumit": lamp})
    return signed_in(agencies=("prov-diskominfo", "tarakan-dishub"))


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """SMS by Twilio, WhatsApp and mail are on."""
    return {
        **environment,
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "t" * 32,
        "TWILIO_SMS_FROM": "+14155550101",
        "TWILIO_WHATSAPP_FROM": "whatsapp:+14155550100",
        "MAIL_FROM": "aduan@contoh.example",
        "SMTP_URL": "smtp://127.0.0.1:1",
    }


def record(runtime: Runtime, desk: Browser, **fields: Any) -> Ticket:
    """Hand in a slip, let the worker work, and return the newest ticket."""
    page = desk.post("/admin/intake", {**PLAIN, **fields})
    assert page.status_code == 303, page.text
    assert desk.get(page.location).status_code == 202
    drain_inbound(runtime)
    shown = desk.get(page.location)
    ticket = rows(runtime, Ticket)[-1]
    assert shown.status_code == 200
    assert ticket.number in shown.text
    return ticket


def test_a_slip_becomes_a_ticket_with_receipt_and_clock(desk: Browser, runtime: Runtime, clock: Clock) -> None:
    ticket = record(runtime, desk, place="Selumit", name="Warga Contoh")
    assert (ticket.category, ticket.agency, ticket.channel) == ("lampu_jalan", "tarakan-dishub", "desk")
    assert (ticket.source, ticket.opened_at, ticket.spoken_at) == ("in_person", clock(), clock())
    assert ticket.first_response_due > clock() and ticket.next_due is not None
    (receipt, *_) = rows(runtime, Outbox)
    assert ticket.number in receipt.body and receipt.state == DeliveryState.SENT
    (message, *_) = [each for each in rows(runtime, Message) if each.direction == "in"]
    assert message.body.startswith(LAMP) and message.notes == ["intake:in_person"]
    assert [each.name for each in rows(runtime, Citizen)] == ["Warga Contoh"]
    assert "ticket.intake" in [each.action for each in rows(runtime, Audit)]


@pytest.mark.parametrize(
    ("way", "typed", "address"),
    [
        ("sms", {"phone": "0812-0000-0001"}, ("sms", "tel:+6281200000001")),
        ("whatsapp", {"phone": "62812 0000 0001"}, ("whatsapp", "tel:+6281200000001")),
        ("mail", {"mail": "Warga@Contoh.example"}, ("mail", "mailto:warga@contoh.example")),
    ],
)
@one_database
def test_the_receipt_goes_where_the_citizen_is_answered(
    desk: Browser, runtime: Runtime, way: str, typed: dict[str, str], address: tuple[str, str]
) -> None:
    ticket = record(runtime, desk, way=way, **typed)
    sent = [row for row in rows(runtime, Outbox) if row.ticket_id == ticket.id]
    assert {(row.channel, row.recipient) for row in sent} == {address}
    assert any(ticket.number in row.body for row in sent)
    (row,) = [each for each in rows(runtime, CitizenAddress) if each.id == ticket.address_id]
    # A claim: nobody wrote from there, so no reply window is open.
    assert row.derived and row.last_inbound_at is None


@one_database
def test_who_stopped_us_is_not_written_to_because_staff_wrote_something_down(desk: Browser, runtime: Runtime) -> None:
    record(runtime, desk, way="sms", phone="081200000001")
    with runtime.writing() as session:
        address = session.scalars(select(CitizenAddress).where(col(CitizenAddress.channel) == "sms")).one()
        people.set_stopped(session, runtime.now(), address, True)
    record(runtime, desk, way="sms", phone="081200000001", key="slip-other-0123456789")
    (row,) = [each for each in rows(runtime, CitizenAddress) if each.channel == "sms"]
    assert row.stopped_at is not None


@one_database
def test_the_same_slip_twice_is_one_ticket(desk: Browser, runtime: Runtime) -> None:
    first, second = (desk.post("/admin/intake", dict(PLAIN)) for _ in range(2))
    assert first.location == second.location
    drain_inbound(runtime)
    assert len(rows(runtime, Ticket)) == len(rows(runtime, InboundEvent)) == 1


@one_database
def test_the_same_form_with_other_words_is_another_report(desk: Browser, runtime: Runtime) -> None:
    record(runtime, desk)
    record(runtime, desk, text="Jalan berlubang di depan pasar")
    assert len(rows(runtime, Ticket)) == 2


@one_database
def test_the_letter_keeps_its_date_and_the_clock_starts_at_receipt(
    desk: Browser, runtime: Runtime, clock: Clock, kaltara: Region
) -> None:
    written = (kaltara.local(clock()) - timedelta(days=20)).date()
    ticket = record(runtime, desk, source="letter", said_on=written.isoformat())
    assert kaltara.local(ticket.spoken_at).date() == written
    assert ticket.opened_at == clock()


@one_database
def test_what_staff_say_of_matter_agency_and_privacy_stands(desk: Browser, runtime: Runtime) -> None:
    ticket = record(
        runtime, desk, text="Sesuatu yang tidak dikenal", category="sampah", agency="tarakan-dlh", privacy="anonymous"
    )
    assert (ticket.category, ticket.agency, ticket.privacy) == ("sampah", "tarakan-dlh", "anonymous")


@one_database
def test_a_report_about_officials_goes_to_the_inspectorate_whatever_agency_is_chosen(
    desk: Browser, runtime: Runtime, kaltara: Region
) -> None:
    ticket = record(runtime, desk, category="pelanggaran_aparat", agency="tarakan-dlh", place="Tarakan")
    assert kaltara.agencies[ticket.agency].function == "inspektorat"


@one_database
def test_several_places_are_offered_once_and_the_choice_settles_it(desk: Browser, runtime: Runtime) -> None:
    page = desk.post("/admin/intake", {**PLAIN, "place": "Karang Anyar"})
    assert page.status_code == 422
    assert LAMP in page.text and 'name="area" value="65' in page.text
    ticket = record(runtime, desk, place="Karang Anyar", area="65.71.02.1001")
    assert ticket.area == "65.71.02.1001"


FAULTS: dict[str, tuple[dict[str, str], str]] = {
    "no text": ({"text": " "}, "text is empty"),
    "too long": ({"text": "a" * 9_001}, "too long"),
    "how it came": ({"source": "pigeon"}, "how the report came"),
    "no number": ({"way": "sms", "phone": "12"}, "mobile number"),
    "no address": ({"way": "mail", "mail": "contoh"}, "e-mail address"),
    "a channel that is off": ({"way": "telegram"}, "how to answer"),
    "a category of elsewhere": ({"category": "unicorn"}, "category from the list"),
    "an agency of elsewhere": ({"agency": "unicorn"}, "agency from the list"),
    "a privacy of elsewhere": ({"privacy": "unicorn"}, "wants to be treated"),
    "no date": ({"said_on": "besok"}, "year-month-day"),
    "tomorrow": ({"said_on": "2999-01-01"}, "lies in the future"),
    "long ago": ({"said_on": "1999-01-01"}, "more than a year back"),
}


@pytest.mark.parametrize("fields,words", FAULTS.values(), ids=FAULTS)
@one_database
def test_a_fault_keeps_what_was_typed_and_records_nothing(
    desk: Browser, runtime: Runtime, fields: dict[str, str], words: str
) -> None:
    page = desk.post("/admin/intake", {**PLAIN, "name": "Warga Contoh", **fields})
    assert page.status_code == 422
    assert words in page.text and "Warga Contoh" in page.text
    assert rows(runtime, InboundEvent) == []


def test_an_answer_at_the_desk_is_delivered_when_staff_have_told_it(desk: Browser, runtime: Runtime) -> None:
    ticket = record(runtime, desk, place="Selumit")
    answer(runtime, ticket, "Sudah kami perbaiki", by=rows(runtime, Staff)[0])
    page = desk.get(f"/admin/tickets/{ticket.number}").text
    assert "Tell the citizen" in page
    assert desk.post(f"/admin/tickets/{ticket.number}/told").status_code == 303
    assert {row.state for row in rows(runtime, Outbox)} == {DeliveryState.DELIVERED}
    assert "Tell the citizen" not in desk.get(f"/admin/tickets/{ticket.number}").text
    assert reload(runtime, ticket).first_response_at is not None


@one_database
def test_a_slip_of_another_desk_is_not_shown(desk: Browser, runtime: Runtime, signed_in: Make) -> None:
    page = desk.post("/admin/intake", dict(PLAIN))
    drain_inbound(runtime)
    stranger = signed_in("lain@contoh.test", agencies=("nunukan-dinkes",))
    assert stranger.get(page.location).status_code == 404
    assert desk.get("/admin/intake/nothing-of-the-sort").status_code == 404


@one_database
def test_a_scanned_letter_is_a_file_of_the_report(desk: Browser, runtime: Runtime) -> None:
    ticket = record(runtime, desk, source="letter", files=(io.BytesIO(jpeg((40, 30))), "surat.jpg"))
    (file,) = rows(runtime, StoredAttachment)
    assert (file.kind, file.filename) == ("image", "surat.jpg")
    (message,) = [each for each in rows(runtime, Message) if each.id == file.message_id]
    assert message.ticket_id == ticket.id


@one_database
def test_what_is_no_picture_and_no_paper_is_refused(desk: Browser, runtime: Runtime) -> None:
    page = desk.post("/admin/intake", {**PLAIN, "files": (io.BytesIO(b"MZ" + b"\0" * 60), "surat.exe")})
    assert page.status_code == 422
    assert rows(runtime, InboundEvent) == []


@one_database
def test_a_number_to_call_is_kept_for_who_tells_the_citizen(desk: Browser, runtime: Runtime) -> None:
    ticket = record(runtime, desk, place="Selumit", phone="0551 21234")
    (address,) = rows(runtime, CitizenAddress)
    assert (address.channel, address.phone) == ("desk", "+6255121234")
    answer(runtime, ticket, "Sudah kami perbaiki", by=rows(runtime, Staff)[0])
    assert "+6255121234" in desk.get(f"/admin/tickets/{ticket.number}").text


@one_database
def test_a_number_that_is_none_is_not_lost_silently(desk: Browser, runtime: Runtime) -> None:
    page = desk.post("/admin/intake", {**PLAIN, "phone": "besok"})
    assert page.status_code == 422 and "besok" in page.text
    assert rows(runtime, InboundEvent) == []


@one_database
def test_a_clerk_finds_again_what_they_wrote_down(desk: Browser, runtime: Runtime, signed_in: Make) -> None:
    ticket = record(runtime, desk, place="Selumit")
    assert ticket.number in desk.get("/admin/intake").text
    other = signed_in("lain@contoh.test", agencies=("prov-diskominfo",))
    assert ticket.number not in other.get("/admin/intake").text
