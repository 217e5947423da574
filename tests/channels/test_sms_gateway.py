"""SMS over an Android phone: what it signs, says and refuses; one key for the webhook and the daily look."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels._smsgate import ERRORS, WANTED
from channels.base import RawRequest
from channels.errors import (
    FetchError,
    Malformed,
    Misconfigured,
    Permanent,
    SendError,
    Temporary,
    Throttled,
    TooLarge,
)
from channels.message import Address, DeliveryState, Event, InboundMessage, OutboundMessage
from channels.sms_gateway import SmsGateway
from tests.channels.contract import ChannelContract, SendCase, told
from tests.channels.examples_sms_gateway import HOOK, NOW, OURS, PAYLOADS, PUBLIC, VALUES, parse_example, signed
from tests.support.providers.base import ACCEPT_THEN_500, RESET, Plan, hang, status
from tests.support.providers.smsgate import KEY, PASSWORD, USER, SmsGateStandIn

PERSON = "+628110000001"
OLD_KEY = "kunci-lama-sekali"
JPEG = b"\xff\xd8\xff\xe0contoh\xff\xd9"
AT = "2026-11-22T09:58:01.000+08:00"


def make(provider: SmsGateStandIn, **more: str) -> SmsGateway:
    channel = SmsGateway({**VALUES, "SMS_GATEWAY_URL": provider.url, **more}, PUBLIC)
    channel.now = lambda: NOW
    channel.answer_seconds = 0.5  # type: ignore[misc]
    return channel


@pytest.fixture
def provider() -> Iterator[SmsGateStandIn]:
    with SmsGateStandIn(NOW) as stand_in:
        yield stand_in


@pytest.fixture
def channel(provider: SmsGateStandIn) -> Iterator[SmsGateway]:
    made = make(provider)
    yield made
    made.close()


def received(text: str, **payload: Any) -> bytes:
    whole = {"messageId": "7d3c9a01", "sender": PERSON, "message": text, "receivedAt": AT, **payload}
    return json.dumps({"id": "evt-1", "event": "sms:received", "deviceId": "d", "payload": whole}).encode()


class TestSmsGateway(ChannelContract):
    secrets = (KEY, PASSWORD, OLD_KEY)
    forgeries = (
        "missing", "empty", "wrong", "truncated", "upper case", "another key", "no time", "time moved",
        "not a time", "a digit moved into the body", "by GET", "not a letter",
    )  # fmt: skip
    recipient = Address("tel", PERSON)
    stranger = Address("sms", "CONTOHSEL")
    send_cases = (
        SendCase("form refused", status(400, {"message": f"bad {PERSON}"}), Permanent, "400"),
        SendCase("wrong password", status(401), Misconfigured, "401"),
        SendCase("not allowed", status(403), Misconfigured, "403"),
        SendCase("no such address", status(404), Misconfigured, "404"),
        SendCase("too large", status(413), Permanent, "413"),
        SendCase("a teapot", status(418), Permanent, "418"),
        SendCase("too many", status(429, b"", {"Retry-After": "7"}), Throttled, "429", 7.0),
        SendCase("too many, no wait", status(429), Throttled, "429", 60.0),
        SendCase("the app failed", status(500), Temporary, "500"),
        SendCase("proxy", status(502), Temporary, "502"),
        SendCase("not ready", status(503, b"", {"Retry-After": "2"}), Temporary, "503", 2.0),
        SendCase("a new fault", status(599), Temporary, "599"),
        SendCase("a redirect", status(302, b"", {"Location": "http://127.0.0.1:1/"}), Misconfigured, "redirect"),
        SendCase("no answer", RESET, Temporary, "no-answer"),
        SendCase("silence", hang(3), Temporary, "no-answer"),
        SendCase("taken, then failed", ACCEPT_THEN_500, Temporary, "500"),
    )

    @pytest.fixture(autouse=True)
    def _provider(self, provider: SmsGateStandIn) -> None:
        self.provider = provider

    @pytest.fixture
    def channel(self, provider: SmsGateStandIn) -> Iterator[SmsGateway]:
        made = make(provider, SMS_GATEWAY_SIGNING_KEY_OLD=OLD_KEY)
        yield made
        made.close()

    def message(self, text: str) -> bytes:
        return received(text)

    def genuine(self, body: bytes) -> RawRequest:
        return signed(body)

    def forge(self, genuine: RawRequest, forgery: str) -> RawRequest:
        right, stamp, body = genuine.header("X-Signature"), genuine.header("X-Timestamp"), genuine.body
        made = {
            "missing": {"X-Timestamp": stamp},
            "empty": {"X-Timestamp": stamp, "X-Signature": ""},
            "wrong": {"X-Timestamp": stamp, "X-Signature": "0" * 64},
            "truncated": {"X-Timestamp": stamp, "X-Signature": right[:-1]},
            "upper case": {"X-Timestamp": stamp, "X-Signature": right.upper()},
            "another key": signed(body, key="kunci-lain").headers,
            "no time": {"X-Signature": right},
            "time moved": {"X-Timestamp": str(int(stamp) + 1), "X-Signature": right},
            "not a time": {"X-Timestamp": f" {stamp}", "X-Signature": right},
            "a digit moved into the body": {"X-Timestamp": stamp[1:], "X-Signature": right},
            "not a letter": {"X-Timestamp": stamp, "X-Signature": "é" * 64},
        }
        if forgery == "by GET":
            return replace(genuine, method="GET")
        moved = body + stamp[:1].encode() if forgery.startswith("a digit") else body
        return replace(genuine, headers=made[forgery], body=moved)

    def arrange(self, plan: Any) -> None:
        self.provider.fail(plan)

    def rotated(self, body: bytes) -> RawRequest:
        return signed(body, key=OLD_KEY)

    def skewed(self, body: bytes, seconds: float) -> RawRequest:
        return signed(body, NOW + timedelta(seconds=seconds))

    def unknown(self) -> bytes:
        whole = json.loads(received("Jalan rusak"))
        return json.dumps({**whole, "event": "rcs:received"}).encode()

    def trouble(self, what: str) -> None:
        if what == "away":
            self.provider.stop()
        else:
            self.provider.fail(*[status(401)] * 20)


EXPECTED: dict[str, dict[str, Any]] = json.loads((PAYLOADS / "expected" / "events.json").read_text())


@pytest.mark.parametrize("stem", EXPECTED)
def test_payload(stem: str) -> None:
    wanted = EXPECTED[stem]
    if "malformed" in wanted:
        with pytest.raises(Malformed, match=wanted["malformed"]):
            parse_example(stem)
        return
    events = [told(event) for event in parse_example(stem)]
    for event in events:
        assert event.pop("channel") == "sms"
        assert event.pop("account") == OURS
        assert event.pop("external_id")
    assert events == wanted["events"]


def test_every_payload_is_expected() -> None:
    assert sorted(EXPECTED) == sorted(path.stem for path in PAYLOADS.glob("*.json"))
    assert len(EXPECTED) >= 40


def key_of(stem: str) -> str:
    (event,) = parse_example(stem)
    return event.external_id


SAME: dict[str, tuple[str, str]] = {
    "an SMS": ("text", "inbox-sms"),
    "an SMS in another zone": ("text", "text-utc"),
    "an SMS without milliseconds": ("text", "text-no-milliseconds"),
    "an SMS whose SIM is not told": ("text", "text-no-sim"),
    "a data SMS": ("data-text", "inbox-data-text"),
    "an MMS": ("mms-photo", "inbox-mms"),
    "an MMS announced": ("mms-announced", "inbox-mms-announced"),
}


@pytest.mark.parametrize(("webhook", "listed"), SAME.values(), ids=SAME)
def test_the_webhook_and_the_inbox_give_one_key(webhook: str, listed: str) -> None:
    assert key_of(webhook) == key_of(listed)


def keyed(**payload: Any) -> str:
    (event,) = SmsGateway(VALUES, PUBLIC).parse(signed(received(payload.pop("text", "Lampu mati"), **payload)))
    return event.external_id


DIFFERENT: dict[str, dict[str, Any]] = {
    "another text under the same hash": {"text": "Lampu mati."},
    "another sender": {"sender": "+628110000002"},
    "a second later": {"receivedAt": "2026-11-22T09:58:02.000+08:00"},
}


@pytest.mark.parametrize("payload", DIFFERENT.values(), ids=DIFFERENT)
def test_two_sms_are_never_one(payload: dict[str, Any]) -> None:
    assert keyed(**payload) != keyed()


def test_without_a_time_the_event_s_own_id_is_the_key() -> None:
    assert keyed(receivedAt=None) == "event:evt-1"
    assert keyed(messageId="another", sender=PERSON) == keyed()


# -- out


def outbound(text: str = "Laporan diterima.", **more: Any) -> OutboundMessage:
    return OutboundMessage(key="a1b2c3", recipient=Address("tel", PERSON), text=text, **more)


def test_a_send_says_everything_the_phone_needs(channel: SmsGateway, provider: SmsGateStandIn) -> None:
    receipt = channel.send(outbound("Laporan “A–1” diterima… 🙏"))
    assert (receipt.external_id, receipt.state, receipt.parts) == ("a1b2c3", DeliveryState.SENT, 1)
    assert provider.messages["a1b2c3"] == {
        "id": "a1b2c3",
        "textMessage": {"text": 'Laporan "A-1" diterima...'},
        "phoneNumbers": [PERSON],
        "withDeliveryReport": True,
        "ttl": 86_400,
    }


def test_the_sim_is_chosen_where_it_is_set(provider: SmsGateStandIn) -> None:
    channel = make(provider, SMS_GATEWAY_SIM="2")
    channel.send(outbound())
    assert provider.messages["a1b2c3"]["simNumber"] == 2
    channel.close()


@pytest.mark.parametrize("plan", [ACCEPT_THEN_500], ids=["taken, then a fault"])
def test_what_was_taken_without_our_hearing_is_taken_once(
    channel: SmsGateway, provider: SmsGateStandIn, plan: Plan
) -> None:
    provider.fail(plan)
    with pytest.raises(Temporary):
        channel.send(outbound())
    assert channel.send(outbound()).external_id == "a1b2c3"
    assert len(provider.messages) == 1


@pytest.mark.parametrize(
    ("text", "automatic", "parts"),
    [("a" * 160, False, 1), ("a" * 161, False, 2), ("a" * 459, True, 3), ("你" * 300, False, 5), ("你" * 300, True, 3)],
)
def test_parts_are_counted_and_an_automatic_text_costs_three(
    channel: SmsGateway, text: str, automatic: bool, parts: int
) -> None:
    assert channel.send(outbound(text, automatic=automatic)).parts == parts


def test_a_phone_that_is_away_took_nothing(provider: SmsGateStandIn) -> None:
    channel = make(provider)
    provider.stop()
    with pytest.raises(Temporary) as caught:
        channel.send(outbound())
    assert caught.value.code == "connect"
    channel.close()


def test_every_code_a_payload_can_bring_has_its_meaning() -> None:
    codes = {
        event["error_code"]
        for wanted in EXPECTED.values()
        for event in wanted.get("events", ())
        if event.get("error_code")
    }
    assert codes <= ERRORS.keys()
    assert {"RESULT_ERROR_NO_SERVICE", "TTL_EXPIRED", "DELIVERY", "CANCELLED", "FAILED"} <= codes


# -- the daily look


def row(number: int, text: str, at: datetime, **more: Any) -> dict[str, Any]:
    return {
        "id": f"text:{number}",
        "type": "SMS",
        "sender": PERSON,
        "contentPreview": text,
        "createdAt": at.isoformat(timespec="milliseconds"),
        **more,
    }


def look(channel: SmsGateway, cursor: str = "") -> tuple[list[Event], str]:
    found: list[Event] = []
    for item in channel.pull(cursor, 0):
        found += channel.parse(RawRequest("POST", HOOK, item.headers, item.body, NOW))
        cursor = item.cursor or cursor
    return found, cursor


def texts(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, InboundMessage)]


def test_the_first_look_takes_a_day_oldest_first_and_what_the_app_missed(
    channel: SmsGateway, provider: SmsGateStandIn
) -> None:
    provider.inbox = [
        row(3, "tiga", NOW - timedelta(hours=1)),
        row(2, "dua", NOW - timedelta(hours=23)),
        row(1, "milik pribadi", NOW - timedelta(hours=25)),
    ]
    provider.hidden = [row(4, "empat", NOW - timedelta(minutes=1))]
    found, cursor = look(channel)
    assert texts(found) == ["dua", "tiga", "empat"]
    assert look(channel, cursor) == ([], cursor)
    assert provider.requests[0].json["triggerWebhooks"] is False


def test_a_day_later_it_looks_again_three_days_back_but_never_before_the_beginning(
    channel: SmsGateway, provider: SmsGateStandIn
) -> None:
    _, cursor = look(channel)
    provider.inbox = [
        row(2, "lama di jaringan", NOW - timedelta(hours=5)),
        row(1, "milik pribadi", NOW - timedelta(hours=30)),
    ]
    channel.now = lambda: NOW + timedelta(days=1)
    found, later = look(channel, cursor)
    assert texts(found) == ["lama di jaringan"]
    assert later != cursor
    provider.inbox = [row(3, "lewat webhook", NOW + timedelta(days=3)), *provider.inbox]
    channel.now = lambda: NOW + timedelta(days=5)
    again, _ = look(channel, later)
    assert texts(again) == ["lama di jaringan", "lewat webhook"]
    assert again[0] == found[0]  # one key: recorded once


def test_a_long_inbox_is_read_page_by_page(channel: SmsGateway, provider: SmsGateStandIn) -> None:
    provider.inbox = [row(n, f"pesan {n}", NOW - timedelta(seconds=n)) for n in range(1, 1203)]
    found, _ = look(channel)
    assert texts(found) == [f"pesan {n}" for n in range(1202, 0, -1)]


def test_a_server_that_lists_nothing_sends_its_webhooks_again(channel: SmsGateway, provider: SmsGateStandIn) -> None:
    provider.listing = False
    found, cursor = look(channel)
    assert (found, bool(cursor)) == ([], True)
    asked = provider.requests[-1]
    assert (asked.path, asked.json["triggerWebhooks"]) == ("/messages/inbox/export", True)


@pytest.mark.parametrize("plan", [RESET, status(500), status(401), status(200, {"no": "list"}), status(200, b"<html>")])
def test_a_look_that_fails_moves_no_cursor(channel: SmsGateway, provider: SmsGateStandIn, plan: Plan) -> None:
    provider.fail(plan, path="/inbox")
    with pytest.raises(SendError):
        look(channel)


@pytest.mark.parametrize("cursor", ["", "x", "a/b", "2026-11-22/2026"])
def test_a_cursor_that_is_none_begins_anew(channel: SmsGateway, cursor: str) -> None:
    assert look(channel, cursor)[1]


# -- files


def photo(stem: str) -> tuple[Any, bytes]:
    (event,) = parse_example(stem)
    assert isinstance(event, InboundMessage)
    return event.attachments[0], (PAYLOADS / f"{stem}.json").read_bytes()


def test_a_photo_is_cut_out_of_its_own_webhook(channel: SmsGateway, provider: SmsGateStandIn) -> None:
    assert channel.fetch(*photo("mms-photo")) == JPEG
    assert provider.requests == []


def test_a_photo_the_daily_look_found_is_fetched(channel: SmsGateway, provider: SmsGateStandIn) -> None:
    provider.files["7"] = JPEG
    assert channel.fetch(*photo("inbox-mms")) == JPEG
    assert provider.requests[0].path == "/inbox/mms%3A77/attachments/7"


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b'{"payload": {"attachments": [1, {"partId": 8}]}}'])
def test_a_photo_that_is_not_there_is_lost_for_good(channel: SmsGateway, raw: bytes) -> None:
    with pytest.raises(FetchError) as caught:
        channel.fetch(photo("mms-photo")[0], raw)
    assert caught.value.permanent


def test_a_photo_larger_than_we_take_is_refused(channel: SmsGateway) -> None:
    big = base64.b64encode(b"x" * (channel.limits.attachment_bytes + 1)).decode()
    raw = json.dumps({"payload": {"attachments": [{"partId": 7, "data": big}]}}).encode()
    with pytest.raises(TooLarge):
        channel.fetch(photo("mms-photo")[0], raw)


@pytest.mark.parametrize(("plan", "permanent"), [(status(404), True), (status(500), False), (RESET, False)])
def test_a_photo_that_cannot_be_fetched_says_whether_to_try_again(
    channel: SmsGateway, provider: SmsGateStandIn, plan: Plan, permanent: bool
) -> None:
    provider.fail(plan)
    with pytest.raises(FetchError) as caught:
        channel.fetch(*photo("inbox-mms"))
    assert caught.value.permanent is permanent


# -- settings and check


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("SMS_GATEWAY_URL", "phone"),
        ("SMS_GATEWAY_URL", "ftp://phone.example"),
        ("SMS_GATEWAY_URL", "http://sms:secret@phone.example"),
        ("SMS_GATEWAY_URL", "http://phone.example/?a=1"),
        ("SMS_GATEWAY_NUMBER", "0811"),
        ("SMS_GATEWAY_SIM", "4"),
        ("SMS_GATEWAY_SIGNING_KEY", "pendek7"),
    ],
)
def test_a_setting_of_the_wrong_form_is_a_fault(setting: str, value: str) -> None:
    (fault,) = SmsGateway.faults({**VALUES, setting: value})
    assert setting in fault
    assert "secret" not in fault


def test_account_and_contact() -> None:
    bare = {name: value for name, value in VALUES.items() if name != "SMS_GATEWAY_NUMBER"}
    assert SmsGateway.faults(VALUES) == []
    assert (SmsGateway(VALUES, PUBLIC).account, SmsGateway(VALUES, PUBLIC).contact) == (OURS, (OURS, f"sms:{OURS}"))
    assert (SmsGateway(bare, PUBLIC).account, SmsGateway(bare, PUBLIC).contact) == ("127.0.0.1", ("", ""))


def outcome(channel: SmsGateway) -> dict[str, bool]:
    return {check.name: check.ok for check in channel.check()}


WELL = {"reach": True, "clock": True, "sign in": True, "webhooks": True}


def test_all_is_well(channel: SmsGateway, provider: SmsGateStandIn) -> None:
    provider.hooks = [{"id": event, "url": HOOK, "event": event} for event in WANTED]
    assert outcome(channel) == WELL


def test_a_missing_webhook_is_named_with_the_command(channel: SmsGateway, provider: SmsGateStandIn) -> None:
    provider.hooks = [{"url": HOOK, "event": event} for event in WANTED[1:]]
    provider.hooks.append({"url": "https://elsewhere.example/", "event": WANTED[0]})
    check = channel.check()[-1]
    assert not check.ok
    assert WANTED[0] in check.detail
    assert f"{provider.url}/webhooks" in check.detail
    assert PASSWORD not in check.detail


def test_a_clock_that_is_wrong_is_told(channel: SmsGateway, provider: SmsGateStandIn) -> None:
    provider.now = NOW - timedelta(minutes=9)
    assert outcome(channel)["clock"] is False


@pytest.mark.parametrize(("health", "well"), [("pass", True), ("warn", True), ("fail", False)])
def test_the_app_s_own_health_is_told(channel: SmsGateway, provider: SmsGateStandIn, health: str, well: bool) -> None:
    provider.status = health
    assert outcome(channel)["reach"] is well


def test_a_phone_that_is_away_or_a_wrong_password_is_told(channel: SmsGateway, provider: SmsGateStandIn) -> None:
    wrong = make(provider, SMS_GATEWAY_PASSWORD="lain")
    refused = wrong.check()[-1]
    wrong.close()
    assert (refused.name, refused.ok) == ("sign in", False)
    assert "compare SMS_GATEWAY_USER" in refused.detail
    provider.stop()
    [line] = channel.check()
    assert (line.name, line.ok) == ("reach", False)
    assert "see that the app's server is on, the phone in this network and" in line.detail


def test_a_sign_in_without_an_answer_says_nothing_of_passwords(channel: SmsGateway, provider: SmsGateStandIn) -> None:
    provider.fail(RESET, path=".*/webhooks")
    line = channel.check()[-1]
    assert (line.name, line.ok) == ("sign in", False)
    assert "SMS_GATEWAY_PASSWORD" not in line.detail


def test_without_a_number_it_is_told_what_that_costs(provider: SmsGateStandIn) -> None:
    channel = make(provider, SMS_GATEWAY_NUMBER="")
    line = next(each for each in channel.check() if each.name == "number")
    channel.close()
    assert line.ok
    assert "set SMS_GATEWAY_NUMBER" in line.detail


def test_a_loopback_address_is_nothing_to_register_at_the_phone(provider: SmsGateStandIn) -> None:
    channel = SmsGateway({**VALUES, "SMS_GATEWAY_URL": provider.url}, "http://127.0.0.1:8000")
    line = channel.check()[-1]
    channel.close()
    assert not line.ok
    assert "set PUBLIC_URL" in line.detail
    assert "curl" not in line.detail


def test_an_address_the_app_would_not_call_is_told(provider: SmsGateStandIn) -> None:
    channel = SmsGateway({**VALUES, "SMS_GATEWAY_URL": provider.url}, "http://lapor.example.go.id")
    channel.now = lambda: datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
    check = channel.check()[-1]
    assert not check.ok
    assert "https://" in check.detail
    channel.close()


def test_the_user_is_signed_in_with_each_call(channel: SmsGateway, provider: SmsGateStandIn) -> None:
    channel.send(outbound())
    assert (
        provider.requests[0].headers["authorization"]
        == "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    )
