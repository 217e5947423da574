"""Each channel's whole trip over real sockets: signed in, ticket, receipt out, an officer's answer through the browser,
out
again, delivery report, response time on the page."""

from __future__ import annotations

import email
import email.policy
import hashlib
import hmac
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import EmailMessage

import httpx
import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import MAIL_FROM, MAIL_SECRET, World, sign_in
from tests.support.installation import OFFICER, SUPERVISOR
from tests.support.providers.telegram import post_update, text_update
from tests.support.providers.twilio import SMS_FROM, WHATSAPP_FROM
from tests.support.servers import wait_until

COMPLAINT = "Lampu jalan di depan pasar Gusher Tarakan sudah seminggu mati, tolong diperbaiki"
ANSWER = "Petugas kami mengganti lampunya besok pagi."
NUMBER = re.compile(r"KU-[A-Z2-9]{4}-[A-Z2-9]{4}")


@dataclass(frozen=True)
class Trip:
    """How one channel's citizen writes, what they have received so far, and how their provider reports delivery."""

    write: Callable[[World, str, int], httpx.Response]
    received: Callable[[World, int], list[str]]
    report: Callable[[World, str], None] | None


def _whatsapp(world: World, text: str, citizen: int) -> httpx.Response:
    form = world.twilio.message_form(
        f"whatsapp:+62811{citizen:07d}", WHATSAPP_FROM, text, MessageSid=_sid(citizen, text)
    )
    return world.twilio.post_inbound(world.aduan.url, "/hooks/whatsapp", form)


def _sms(world: World, text: str, citizen: int) -> httpx.Response:
    form = world.twilio.message_form(f"+62812{citizen:07d}", SMS_FROM, text, MessageSid=_sid(citizen, text))
    return world.twilio.post_inbound(world.aduan.url, "/hooks/sms", form)


def _sid(citizen: int, text: str) -> str:
    return "SM" + hashlib.md5(f"{citizen} {text}".encode()).hexdigest()


def _telegram(world: World, text: str, citizen: int) -> httpx.Response:
    update = text_update(citizen, text)
    update["update_id"] = citizen * 1000 + len(text)
    return post_update(world.aduan.url, update)


def _mail(world: World, text: str, citizen: int) -> httpx.Response:
    mail = EmailMessage()
    mail["From"] = f"Warga <warga{citizen}@example.org>"
    mail["To"] = MAIL_FROM
    mail["Subject"] = "Lampu jalan mati"
    mail["Message-ID"] = f"<{hashlib.md5(text.encode()).hexdigest()}.{citizen}@example.org>"
    mail["Date"] = "Sun, 22 Nov 2026 08:00:00 +0800"
    mail.set_content(text)
    body = mail.as_bytes()
    stamp = str(int(time.time()))
    mac = hmac.new(MAIL_SECRET.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "message/rfc822", "X-Aduan-Timestamp": stamp, "X-Aduan-Signature": f"sha256={mac}"}
    return httpx.post(f"{world.aduan.url}/hooks/mail", content=body, headers=headers, timeout=15, trust_env=False)


def _twilio_received(prefix: str) -> Callable[[World, int], list[str]]:
    return lambda world, citizen: [m.body for m in list(world.twilio.messages) if m.to == f"{prefix}{citizen:07d}"]


def _telegram_received(world: World, citizen: int) -> list[str]:
    return [str(m["text"]) for m in list(world.telegram.sent) if m["chat"]["id"] == citizen]


def _mail_received(world: World, citizen: int) -> list[str]:
    mine = [t for t in list(world.smtp.taken) if t.recipients == (f"warga{citizen}@example.org",)]
    parsed = [email.message_from_bytes(t.content, policy=email.policy.default) for t in mine]
    return [message.get_content() for message in parsed]


def _twilio_report(world: World, number: str) -> None:
    sid = next(m.sid for m in world.twilio.messages if ANSWER in m.body and number in m.body)
    for status in ("delivered", "sent"):  # out of order, as it happens: never a step back
        assert world.twilio.post_status(world.aduan.url, sid, status).status_code == 200


TRIPS = {
    "whatsapp": Trip(_whatsapp, _twilio_received("whatsapp:+62811"), _twilio_report),
    "sms": Trip(_sms, _twilio_received("+62812"), _twilio_report),
    "telegram": Trip(_telegram, _telegram_received, None),
    "mail": Trip(_mail, _mail_received, None),
}


@pytest.mark.parametrize("channel", TRIPS)
def test_the_whole_trip(world: World, page: Page, channel: str) -> None:
    trip, citizen = TRIPS[channel], 1_000_001

    assert trip.write(world, COMPLAINT, citizen).status_code == 200
    wait_until(lambda: bool(trip.received(world, citizen)), 20, "the receipt at the provider")
    receipt = trip.received(world, citizen)[0]
    number = NUMBER.findall(receipt)[0]
    assert "Tarakan" in receipt

    sign_in(page, world, OFFICER)
    page.goto(f"{world.aduan.url}/admin/tickets/{number}")
    assert COMPLAINT in page.inner_text("main")
    page.fill("textarea[name=reply]", ANSWER)
    page.locator("form:has(textarea[name=reply]) button").first.click()
    page.wait_for_load_state()
    assert ANSWER in page.inner_text("main")

    wait_until(lambda: any(ANSWER in text for text in trip.received(world, citizen)), 20, "the answer at the provider")
    sent = next(text for text in trip.received(world, citizen) if ANSWER in text)
    assert number in sent
    if trip.report:
        trip.report(world, number)
    expected = "delivered" if trip.report else "sent"
    wait_until(lambda: _ticket(world, number)["delivered"] == expected, 20, f"the answer as {expected}")

    ticket = _ticket(world, number)
    assert (ticket["channel"], ticket["agency"], ticket["status"]) == (channel, "tarakan-dishub", "answered")
    assert ticket["opened_at"] < ticket["first_response_at"] < ticket["first_response_due"]

    context = page.context
    context.clear_cookies()
    sign_in(page, world, SUPERVISOR)
    page.goto(f"{world.aduan.url}/admin/responses")
    row = page.locator("tr", has_text="Dishub Tarakan")
    received, answered = (int(text) for text in row.locator("td a").all_inner_texts()[:2])
    assert received >= answered >= 1
    row.locator("td a").nth(1).click()  # every number opens its tickets
    page.wait_for_load_state()
    assert number in page.inner_text("main")


@pytest.mark.parametrize("channel", TRIPS)
def test_the_same_message_five_times_makes_one_ticket_and_one_receipt(world: World, channel: str) -> None:
    trip, citizen = TRIPS[channel], 1_000_002
    text = "Sampah menumpuk di Karang Balik Tarakan sudah lima hari tidak diangkut"
    assert trip.write(world, text, citizen).status_code == 200
    with ThreadPoolExecutor(2) as pool:
        twice = list(pool.map(lambda _: trip.write(world, text, citizen).status_code, range(2)))
    assert twice == [200, 200]
    for _ in range(2):
        assert trip.write(world, text, citizen).status_code == 200
    wait_until(lambda: bool(trip.received(world, citizen)), 20, "the receipt")

    # A second, later message of the same person passes through the same queue: once it is answered, repeats would be
    # too.
    assert trip.write(world, "BANTUAN", citizen).status_code == 200
    wait_until(
        lambda: "STATUS" in trip.received(world, citizen)[-1] and "BERHENTI" in trip.received(world, citizen)[-1],
        20,
        "help",
    )
    receipts = {n for body in trip.received(world, citizen) for n in NUMBER.findall(body)}
    assert len(receipts) == 1
    assert len([t for t in world.aduan.tickets() if t["channel"] == channel and "Karang Balik" in t["text"]]) == 1


FORGERIES = {
    "whatsapp without a signature": ("/hooks/whatsapp", {}, b"From=whatsapp%3A%2B62811&Body=palsu"),
    "sms with a wrong signature": ("/hooks/sms", {"X-Twilio-Signature": "AAAA"}, b"From=%2B62811&Body=palsu"),
    "telegram without the secret": ("/hooks/telegram", {}, b'{"update_id": 1}'),
    "telegram with a wrong secret": ("/hooks/telegram", {"X-Telegram-Bot-Api-Secret-Token": "no"}, b'{"update_id": 1}'),
    "mail without a signature": ("/hooks/mail", {}, b"From: a@example.org\r\n\r\npalsu"),
}


@pytest.mark.parametrize("case", FORGERIES)
def test_a_forged_request_is_refused(world: World, case: str) -> None:
    path, headers, body = FORGERIES[case]
    answer = httpx.post(world.aduan.url + path, content=body, headers=headers, timeout=15, trust_env=False)
    assert answer.status_code == 403


def test_a_genuine_but_unreadable_request_is_kept_for_staff(world: World, page: Page) -> None:
    from tests.support.providers.telegram import SECRET

    answer = httpx.post(
        f"{world.aduan.url}/hooks/telegram",
        content=b'{"no": "update"}',
        headers={"X-Telegram-Bot-Api-Secret-Token": SECRET},
        timeout=15,
        trust_env=False,
    )
    assert answer.status_code == 200
    sign_in(page, world, SUPERVISOR)
    page.goto(f"{world.aduan.url}/admin/quarantine")
    assert "telegram" in page.inner_text("main").lower()


def _ticket(world: World, number: str) -> dict[str, str]:
    return next(ticket for ticket in world.aduan.tickets() if ticket["number"] == number)
