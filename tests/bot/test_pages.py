"""The citizen's pages as a browser without JavaScript meets them: report, chat, track, and what goes wrong."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select
from sqlmodel import col

import bot
from bot.app import create_app
from bot.jobs import drain_inbound
from bot.media import drain_media
from channels.message import DeliveryState
from dispatch import numbers
from dispatch.config import Settings
from dispatch.models import (
    AttachmentState,
    EventState,
    InboundEvent,
    Message,
    Outbox,
    Staff,
    StoredAttachment,
    Ticket,
)
from dispatch.phrases import REQUIRED
from dispatch.runtime import Runtime
from dispatch.services import answers, tickets
from tests.support.visitor import Page, Visitor

LAMP = "Lampu jalan di depan pasar Gusher Tarakan sudah seminggu mati"
BOT = Path(bot.__file__).parent


@pytest.fixture
def app(runtime: Runtime) -> Flask:
    made = create_app(runtime)
    made.config["PROPAGATE_EXCEPTIONS"] = False
    return made


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)


def picture(color: str) -> bytes:
    """A small real JPEG."""
    file = io.BytesIO()
    Image.new("RGB", (40, 30), color).save(file, "JPEG")
    return file.getvalue()


def events(runtime: Runtime) -> list[InboundEvent]:
    with runtime.reading() as session:
        return list(session.scalars(select(InboundEvent).order_by(col(InboundEvent.id))))


def only_ticket(runtime: Runtime) -> Ticket:
    with runtime.reading() as session:
        return session.scalars(select(Ticket)).one()


def staff_answers(runtime: Runtime, text: str) -> None:
    with runtime.writing() as session:
        officer = Staff(email="petugas@example.org", role="officer", password_hash="-", created_at=runtime.now())
        session.add(officer)
        session.flush()
        ticket = session.scalars(select(Ticket)).one()
        answers.reply(session, runtime.phrases, runtime.now(), ticket, text=text, staff_id=officer.id or 0)


# -- reporting and chatting ------------------------------------------------------------------------


def test_a_report_leads_to_the_chat_and_becomes_a_ticket_with_its_receipt(trained: Runtime, visitor: Visitor) -> None:
    answer = visitor.send("/lapor", text=LAMP, place="Karang Anyar", name="Warga Contoh")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/obrolan")
    before = visitor.page("/obrolan")
    assert LAMP in before.text
    assert "Sudah kami terima dan sedang diproses." in before.text
    drain_inbound(trained)
    after = visitor.page("/obrolan")
    ticket = only_ticket(trained)
    assert ticket.channel == "web"
    assert ticket.number in after.text
    assert "sedang diproses" not in after.text
    assert after.text.count(LAMP) == 1


def test_an_answer_of_staff_appears_under_its_agency_and_is_marked_as_delivered(
    trained: Runtime, visitor: Visitor
) -> None:
    visitor.send("/lapor", text=LAMP)
    drain_inbound(trained)
    staff_answers(trained, "Besok pagi kami perbaiki.")
    page = visitor.page("/obrolan")
    assert "Besok pagi kami perbaiki." in page.text
    assert trained.region.agencies[only_ticket(trained).agency].name in page.text
    with trained.reading() as session:
        states = set(session.scalars(select(col(Outbox.state))))
    assert states == {DeliveryState.DELIVERED}


def test_a_later_hand_over_does_not_rename_who_answered(trained: Runtime, visitor: Visitor) -> None:
    visitor.send("/lapor", text=LAMP)
    drain_inbound(trained)
    first = only_ticket(trained).agency
    staff_answers(trained, "Sudah kami catat.")
    trained.now.forward(hours=1)  # type: ignore[attr-defined]
    with trained.writing() as session:
        ticket = session.scalars(select(Ticket)).one()
        tickets.reassign(
            session, trained.region, trained.now(), ticket, agency="prov-inspektorat", category=None, staff_id=1
        )
    page = visitor.get("/obrolan").text
    assert f"<b>{trained.region.agencies[first].name}</b>" in page
    assert f"<b>{trained.region.agencies['prov-inspektorat'].name}</b>" not in page


def test_notes_among_staff_never_appear(trained: Runtime, visitor: Visitor) -> None:
    visitor.send("/lapor", text=LAMP)
    drain_inbound(trained)
    staff_answers(trained, "Besok.")
    with trained.writing() as session:
        ticket = session.scalars(select(Ticket)).one()
        note = answers.note(session, trained.now(), ticket, text="Catatan rahasia petugas", staff_id=1)
        note.address_id = ticket.address_id  # even if one should ever carry the citizen's address
    assert "Catatan rahasia petugas" not in visitor.get("/obrolan").text


def test_another_device_sees_nothing(trained: Runtime, app: Flask, visitor: Visitor) -> None:
    visitor.send("/lapor", text=LAMP)
    drain_inbound(trained)
    stranger = Visitor(app)
    assert LAMP not in stranger.page("/obrolan").text
    assert stranger.get("/obrolan/isi").text.strip() == ""


def test_a_restart_keeps_the_chat_of_the_device_and_clearing_cookies_begins_another(
    trained: Runtime, visitor: Visitor
) -> None:
    visitor.send("/lapor", text=LAMP)
    drain_inbound(trained)
    cookie = visitor.client.get_cookie("aduan_chat")
    assert cookie is not None
    restarted = Visitor(create_app(trained))
    restarted.client.set_cookie("aduan_chat", cookie.value)
    assert only_ticket(trained).number in restarted.page("/obrolan").text
    restarted.client.delete_cookie("aduan_chat")
    cleared = restarted.page("/obrolan").text
    assert only_ticket(trained).number not in cleared and LAMP not in cleared
    assert only_ticket(trained).number in restarted.page(f"/lacak/{only_ticket(trained).number}").text


def test_an_answer_shows_the_number_it_belongs_to(trained: Runtime, visitor: Visitor) -> None:
    visitor.send("/lapor", text=LAMP)
    drain_inbound(trained)
    staff_answers(trained, "Besok pagi kami perbaiki.")
    ticket = only_ticket(trained)
    text = visitor.page("/obrolan").text
    answer = text[text.index(trained.region.agencies[ticket.agency].name, text.index("Balasan otomatis")) :]
    assert "Besok pagi kami perbaiki." in answer
    assert ticket.number in text


def test_a_position_is_shown_before_and_after_it_is_worked_on(trained: Runtime, visitor: Visitor) -> None:
    visitor.send("/lapor", text=LAMP, latitude="3.32711", longitude="117.5785", accuracy="50")
    expected = "Lokasi: 3.32711, 117.5785, ±50 m"
    assert expected in visitor.page("/obrolan").text
    drain_inbound(trained)
    assert expected in visitor.page("/obrolan").text


def test_the_form_opens_a_new_matter_and_the_chat_joins_it(trained: Runtime, visitor: Visitor) -> None:
    visitor.send("/lapor", text=LAMP)
    visitor.send("/obrolan", text="tiangnya juga miring")
    visitor.send("/lapor", text="Jalan di Selumit berlubang dalam sekali, sudah dua motor jatuh")
    drain_inbound(trained)
    with trained.reading() as session:
        found = session.scalars(select(Ticket)).all()
        messages = session.scalars(
            select(Message).where(col(Message.direction) == "in").order_by(col(Message.id))
        ).all()
    assert len(found) == 2
    assert messages[0].ticket_id == messages[1].ticket_id != messages[2].ticket_id


def test_the_place_is_the_last_line_and_the_name_is_kept(runtime: Runtime, visitor: Visitor) -> None:
    visitor.send("/lapor", text="Lampu mati\r\nsudah lama", place="Selumit", name="Warga Contoh")
    (event,) = events(runtime)
    assert event.payload["text"] == "Lampu mati\nsudah lama\nSelumit"
    assert event.payload["sender_name"] == "Warga Contoh"
    assert event.payload["thread"] == "new"


def test_a_photo_is_kept_with_the_report(trained: Runtime, visitor: Visitor) -> None:
    photos = [picture(color) for color in ("gray", "brown")]
    visitor.send("/lapor", text=LAMP, files=(("jalan.jpg", photos[0]), ("dua.jpg", photos[1])))
    assert "Lampiran: 2" in visitor.page("/obrolan").text
    drain_inbound(trained)
    drain_media(trained)
    with trained.reading() as session:
        rows = session.scalars(select(StoredAttachment).order_by(col(StoredAttachment.id))).all()
    assert [(row.state, row.filename, row.content_type) for row in rows] == [
        (AttachmentState.STORED, "jalan.jpg", "image/jpeg"),
        (AttachmentState.STORED, "dua.jpg", "image/jpeg"),
    ]
    assert "Lampiran: 2" in visitor.page("/obrolan").text


def test_a_photo_alone_may_be_sent_in_the_chat(runtime: Runtime, visitor: Visitor) -> None:
    assert visitor.send("/obrolan", text="", files=(("a.jpg", b"\xff\xd8\xff"),)).status_code == 303
    assert len(events(runtime)) == 1


def test_pressing_send_twice_sends_once(runtime: Runtime, visitor: Visitor) -> None:
    form = visitor.blank("/lapor")
    assert [visitor.send("/lapor", form=form, text=LAMP).status_code for _ in range(2)] == [303, 303]
    assert len(events(runtime)) == 1


def test_another_text_on_a_page_the_browser_kept_is_another_message(runtime: Runtime, visitor: Visitor) -> None:
    form = visitor.blank("/lapor")
    visitor.send("/lapor", form=form, text=LAMP)
    visitor.send("/lapor", form=form, text="Air ledeng mati di Selumit")
    assert len(events(runtime)) == 2


def test_the_same_words_on_a_fresh_form_are_sent_again(runtime: Runtime, visitor: Visitor) -> None:
    for _ in range(2):
        visitor.send("/obrolan", text="Belum ada perubahan")
    assert len(events(runtime)) == 2


def test_the_language_is_told_only_when_it_was_chosen(runtime: Runtime, visitor: Visitor) -> None:
    visitor.send("/lapor", text=LAMP)
    visitor.get("/?lang=en")
    visitor.send("/lapor", text="Street light broken")
    assert [event.payload["language"] for event in events(runtime)] == ["", "en"]


def test_a_language_once_chosen_stays(visitor: Visitor) -> None:
    assert '<html lang="id">' in visitor.get("/").text
    assert '<html lang="en">' in visitor.get("/lacak?lang=en").text
    assert '<html lang="en">' in visitor.get("/").text
    assert '<html lang="en">' in visitor.get("/?lang=xx").text


# -- looking for news ------------------------------------------------------------------------------


def test_looking_again_costs_nothing_until_there_is_news(trained: Runtime, visitor: Visitor) -> None:
    visitor.send("/lapor", text=LAMP)
    tag = _log_tag(visitor.page("/obrolan"))
    quiet = visitor.get("/obrolan/isi", headers={"If-None-Match": tag})
    assert (quiet.status_code, quiet.data) == (304, b"")
    weak = visitor.get("/obrolan/isi", headers={"If-None-Match": f"W/{tag}"})
    assert weak.status_code == 304
    drain_inbound(trained)
    news = visitor.get("/obrolan/isi", headers={"If-None-Match": tag})
    assert news.status_code == 200
    assert only_ticket(trained).number in news.text
    again = visitor.get("/obrolan/isi", headers={"If-None-Match": news.headers["ETag"]})
    assert again.status_code == 304


def test_the_other_language_is_news(visitor: Visitor) -> None:
    tag = visitor.get("/obrolan/isi").headers["ETag"]
    assert visitor.get("/obrolan/isi?lang=en", headers={"If-None-Match": tag}).status_code == 200


def test_a_look_that_shows_an_answer_marks_it_and_head_does_not(trained: Runtime, visitor: Visitor) -> None:
    visitor.send("/lapor", text=LAMP)
    drain_inbound(trained)

    def states() -> set[str]:
        with trained.reading() as session:
            return set(session.scalars(select(col(Outbox.state))))

    visitor.client.head("/obrolan", environ_base=visitor.environ)
    visitor.client.head("/obrolan/isi", environ_base=visitor.environ)
    assert states() == {DeliveryState.SENT}
    visitor.get("/obrolan/isi")
    assert states() == {DeliveryState.DELIVERED}


def _log_tag(page: Page) -> str:
    (tag,) = [dict(attrs)["data-tag"] for _, attrs in page.elements if dict(attrs).get("id") == "log"]
    assert tag is not None
    return tag


# -- tracking --------------------------------------------------------------------------------------


TYPED: dict[str, Callable[[str], str]] = {
    "as printed": lambda number: number,
    "small letters": str.lower,
    "without dashes": lambda number: number.replace("-", ""),
    "with blanks": lambda number: number.replace("-", " "),
    "with slashes": lambda number: number.replace("-", "/"),
}


@pytest.mark.parametrize("typed", TYPED.values(), ids=TYPED.keys())
def test_a_number_is_accepted_however_it_is_typed(
    trained: Runtime, visitor: Visitor, typed: Callable[[str], str]
) -> None:
    visitor.send("/lapor", text=LAMP, name="Warga Contoh")
    drain_inbound(trained)
    ticket = only_ticket(trained)
    led = visitor.get("/lacak", query_string={"nomor": typed(ticket.number)})
    assert (led.status_code, led.headers["Location"]) == (303, f"/lacak/{ticket.number}")
    page = visitor.page(f"/lacak/{typed(ticket.number)}")
    assert visitor.last is not None
    assert visitor.last.status_code == 200
    say, moment = trained.phrases.say, trained.phrases.moment
    assert say(f"status_{ticket.status}", "id") in page.text
    assert trained.region.agencies[ticket.agency].name in page.text
    assert moment(ticket.opened_at, "id") in page.text
    assert moment(ticket.first_response_due, "id") in page.text


def test_tracking_tells_no_words_no_name_and_no_channel(trained: Runtime, app: Flask, visitor: Visitor) -> None:
    visitor.send("/lapor", text=LAMP, name="Warga Contoh")
    drain_inbound(trained)
    staff_answers(trained, "Besok pagi kami perbaiki.")
    page = Visitor(app).get(f"/lacak/{only_ticket(trained).number}").text
    for secret in (LAMP, "Warga Contoh", "Besok pagi", "web:", "Gusher"):
        assert secret not in page
    assert trained.phrases.say("web_answered_label", "id") in page


def test_malformed_unknown_and_withheld_numbers_get_one_answer(trained: Runtime, visitor: Visitor) -> None:
    visitor.send("/lapor", text=LAMP)
    drain_inbound(trained)
    number = only_ticket(trained).number
    assert visitor.get(f"/lacak/{number}").status_code == 200
    assert f"/lacak/{number}" in [dict(attrs).get("href") for _, attrs in visitor.page("/obrolan").elements]
    with trained.writing() as session:
        session.scalars(select(Ticket)).one().supervision = True
    assert f"/lacak/{number}" not in [dict(attrs).get("href") for _, attrs in visitor.page("/obrolan").elements]
    unknown = numbers.new(trained.region.prefix)
    bodies = set()
    for typed in (number, unknown, "KU-0000-0000", "apa saja", "../../etc/passwd", "%00"):
        answer = visitor.get(f"/lacak/{typed}")
        assert answer.status_code == 404
        bodies.add(answer.text.replace(f'value="{typed}"', 'value=""').replace('value="\0"', 'value=""'))
    assert len(bodies) == 1
    asked = visitor.get("/lacak", query_string={"nomor": "apa saja"})
    assert asked.status_code == 404
    assert Page(asked.text).text in {Page(body).text for body in bodies}


# -- what a first visit says -----------------------------------------------------------------------


def test_every_phrase_of_the_pages_is_used_and_none_is_missing() -> None:
    written = "".join(path.read_text() for path in (*BOT.glob("templates/*.html"), *BOT.glob("*.py")))
    unused = [key for key in REQUIRED if key.startswith("web_") and key not in written]
    assert unused == []


PAGES = ("/", "/obrolan", "/lacak", "/privasi", "/lacak/KU-2222-2222", "/tidak-ada")


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_can_be_rendered_with_labels_and_one_heading(visitor: Visitor, path: str, language: str) -> None:
    page = visitor.page(f"{path}?lang={language}")
    named = [dict(attrs) for _, attrs in page.elements]
    labels = {attrs["for"] for attrs in named if "for" in attrs}
    fields = {
        dict(attrs).get("id")
        for tag, attrs in page.elements
        if tag in ("input", "textarea", "select") and dict(attrs).get("type") not in ("hidden", "button")
    }
    ids = [attrs["id"] for attrs in named if "id" in attrs]
    assert fields == labels
    assert len(ids) == len(set(ids))
    assert [tag for tag, _ in page.elements].count("h1") == 1


def test_other_ways_are_shown_when_they_are_configured(environment: dict[str, str], runtime: Runtime) -> None:
    environment.update(
        TWILIO_ACCOUNT_SID="AC" + "0" * 32,
        TWILIO_AUTH_TOKEN="a" * 32,
        TWILIO_WHATSAPP_FROM="+14155550100",
        TWILIO_SMS_FROM="+14155550101",
    )
    wired = Runtime(Settings.read(environment), now=runtime.now)
    wired.__dict__["region"] = runtime.region
    page = Visitor(create_app(wired)).get("/").text
    assert 'href="https://wa.me/14155550100"' in page
    assert 'href="sms:+14155550101"' in page
    wired.close()


def test_the_privacy_page_names_whom_to_ask(runtime: Runtime, visitor: Visitor) -> None:
    assert runtime.region.privacy_contact in visitor.page("/privasi").text


def test_a_chat_message_is_grouped_with_its_device(runtime: Runtime, app: Flask) -> None:
    """The chat finds what is not yet worked on by the sender that the inbox groups by."""
    for device in (Visitor(app), Visitor(app)):
        device.send("/obrolan", text="halo")
        assert device.page("/obrolan").text.count("halo") == 1
    assert len({event.sender for event in events(runtime)}) == 2
    assert {event.state for event in events(runtime)} == {EventState.NEW}


def test_what_is_no_photo_is_refused_and_the_words_kept(runtime: Runtime, visitor: Visitor) -> None:
    answer = visitor.send("/lapor", text=LAMP, files=(("foto.jpg", b"bukan foto"),))
    assert answer.status_code == 415
    assert "bukan foto" in answer.text and LAMP in answer.text
