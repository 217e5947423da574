"""WhatsApp over Twilio: the common suite, its payloads, its signature, its errors, its downloads."""

from __future__ import annotations

import json
import logging
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from channels.base import RawRequest
from channels.errors import Malformed, Permanent, SendError
from channels.message import Address, DeliveryState, OutboundMessage, Receipt
from channels.whatsapp import WhatsApp
from tests.channels.contract import ChannelContract, told
from tests.channels.twilio_cases import FORM, HOOK, NOW, OLD_TOKEN, PERSON, PUBLIC, SEND_CASES, make, refused, signed
from tests.support.providers.base import Recorded, Reply
from tests.support.providers.twilio import ACCOUNT, TOKEN, WHATSAPP_FROM, TwilioStandIn, sign

PAYLOADS = Path(__file__).parent / "payloads" / "whatsapp"


@pytest.fixture
def provider() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def channel(provider: TwilioStandIn) -> Iterator[WhatsApp]:
    made = make(WhatsApp, provider)
    yield made
    made.close()


class TestWhatsApp(ChannelContract):
    secrets = (TOKEN, ACCOUNT, OLD_TOKEN)
    forgeries = ("missing", "empty", "wrong", "truncated", "of another token", "longer", "not ASCII")
    send_cases = SEND_CASES
    recipient = Address("whatsapp", PERSON)

    @pytest.fixture(autouse=True)
    def _provider(self, provider: TwilioStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
        self.provider, self.monkeypatch = provider, monkeypatch

    @pytest.fixture
    def channel(self, provider: TwilioStandIn) -> Iterator[WhatsApp]:
        made = make(WhatsApp, provider, TWILIO_AUTH_TOKEN_OLD=OLD_TOKEN)
        yield made
        made.close()

    def message(self, text: str) -> bytes:
        return urlencode({**FORM, "Body": text}).encode()

    def genuine(self, body: bytes) -> RawRequest:
        return signed(body)

    def forge(self, genuine: RawRequest, forgery: str) -> RawRequest:
        right = genuine.header("X-Twilio-Signature")
        headers = dict(genuine.headers)
        headers["X-Twilio-Signature"] = {
            "empty": "",
            "wrong": b64encode(b"\0" * 20).decode(),
            "truncated": right[:-4],
            "of another token": sign(HOOK, genuine.form(), "00" * 16),
            "longer": right + "=",
            "not ASCII": "é" * 28,
        }.get(forgery, "")
        if forgery == "missing":
            del headers["X-Twilio-Signature"]
        return replace(genuine, headers=headers)

    def arrange(self, plan: Any) -> None:
        if plan == "closed":
            self.provider.stop()
            return
        if plan.kind == "hang":
            self.monkeypatch.setattr(WhatsApp, "answer_seconds", 0.3)
        self.provider.fail(plan)

    def rotated(self, body: bytes) -> RawRequest:
        return signed(body, token=OLD_TOKEN)

    def unknown(self) -> bytes:
        return (PAYLOADS / "type-of-the-future.txt").read_bytes().strip()

    def trouble(self, what: str) -> None:
        if what == "away":
            self.provider.stop()
        else:
            self.provider.fail(*[refused(20003, 401)] * 20)


@pytest.mark.parametrize("case", sorted(path.stem for path in PAYLOADS.glob("*.txt")))
def test_payload(channel: WhatsApp, case: str) -> None:
    expected = json.loads((PAYLOADS / f"{case}.json").read_text())
    request = signed((PAYLOADS / f"{case}.txt").read_bytes().strip())
    channel.verify(request)
    if "malformed" in expected:
        with pytest.raises(Malformed, match=expected["malformed"]):
            channel.parse(request)
    else:
        assert [told(event) for event in channel.parse(request)] == expected["events"]


class TestSend:
    def send(self, channel: WhatsApp, **more: Any) -> Receipt:
        given: dict[str, Any] = {
            "key": "outbox-1",
            "recipient": Address("whatsapp", PERSON),
            "text": "Laporan diterima.",
        }
        return channel.send(OutboundMessage(**(given | more)))

    def test_the_provider_gets_sender_text_and_callback(self, channel: WhatsApp, provider: TwilioStandIn) -> None:
        receipt = self.send(channel)
        (taken,) = provider.messages
        assert (taken.to, taken.sender, taken.body) == (f"whatsapp:{PERSON}", WHATSAPP_FROM, "Laporan diterima.")
        assert taken.status_callback == f"{HOOK}?k=outbox-1"
        assert (receipt.external_id, receipt.state) == (taken.sid, DeliveryState.QUEUED)
        (request,) = provider.requests
        assert request.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"

    @pytest.mark.parametrize(
        ("recipient", "to"),
        [
            (Address("whatsapp", PERSON), f"whatsapp:{PERSON}"),
            (Address("tel", PERSON), f"whatsapp:{PERSON}"),
            (Address("whatsapp", "ID.13491208655302741918"), "whatsapp:ID.13491208655302741918"),
        ],
        ids=["number", "telephone", "scoped id"],
    )
    def test_recipients(self, channel: WhatsApp, provider: TwilioStandIn, recipient: Address, to: str) -> None:
        self.send(channel, recipient=recipient)
        assert [taken.to for taken in provider.messages] == [to]

    @pytest.mark.parametrize("value", ["12", "+", "+62812 555", "+62812&To=x", "ID", "ID.", "\n+6281255500123"])
    def test_what_is_no_address_never_leaves(self, channel: WhatsApp, provider: TwilioStandIn, value: str) -> None:
        with pytest.raises(Permanent):
            self.send(channel, recipient=Address("whatsapp", value))
        assert provider.requests == []

    def test_a_base_with_a_path_keeps_it(self, provider: TwilioStandIn) -> None:
        relay = make(WhatsApp, provider, TWILIO_API_URL=f"{provider.url}/relay/")
        with pytest.raises(SendError):
            self.send(relay)
        assert provider.requests[0].path == f"/relay/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        relay.close()

    def test_a_text_no_file_can_hold_is_sent_all_the_same(self, channel: WhatsApp, provider: TwilioStandIn) -> None:
        self.send(channel, text="a\ud800b\0")
        assert provider.messages[0].body == "a\ufffdb\ufffd"

    def test_region_and_edge_of_the_process_do_not_matter(
        self, channel: WhatsApp, provider: TwilioStandIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TWILIO_EDGE", "elsewhere")
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        self.send(channel)
        assert len(provider.messages) == 1

    def test_no_log_of_any_library_names_the_person_or_the_token(
        self, channel: WhatsApp, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.DEBUG):
            self.send(channel)
        assert caplog.records, "the HTTP client logs something, so silence would prove nothing"
        for private in (TOKEN, PERSON, PERSON[1:], "Laporan"):
            assert private not in caplog.text

    def test_limits(self) -> None:
        assert WhatsApp.limits.text_length == 1600
        assert WhatsApp.limits.reply_window == timedelta(hours=24)
        assert WhatsApp.limits.per_second == 80


def test_the_answer_is_empty_twiml(channel: WhatsApp) -> None:
    answer = channel.acknowledge(signed(FORM))
    assert answer.content_type.startswith("text/xml")
    assert "<Response/>" in answer.body
    assert answer.status == 200


def test_one_message_in_and_out_through_the_stand_in(channel: WhatsApp, provider: TwilioStandIn) -> None:
    """What the stand-in posts is what the channel reads: the two were written apart."""
    posted: list[Recorded] = []

    class Application(TwilioStandIn):
        def routes(self) -> Any:
            return [("POST", "/hooks/whatsapp", self.take_hook)]

        def take_hook(self, request: Recorded, match: re.Match[str]) -> Reply:
            posted.append(request)
            return Reply(200)

    channel.send(OutboundMessage(key="k", recipient=Address("whatsapp", PERSON), text="Halo"))
    with Application() as application:
        form = provider.message_form(f"whatsapp:{PERSON}", WHATSAPP_FROM, "Halo")
        provider.post_inbound(application.url, "/hooks/whatsapp", form, public_url=PUBLIC)
        provider.post_status(application.url, provider.messages[0].sid, "delivered", public_url=PUBLIC)
    kinds = []
    for request in posted:
        query = f"?{urlencode(request.query)}" if request.query else ""
        received = RawRequest("POST", PUBLIC + request.path + query, request.headers, request.body, NOW)
        channel.verify(received)
        kinds += [told(event)["kind"] for event in channel.parse(received)]
        assert request.headers["i-twilio-idempotency-token"]
    assert kinds == ["message", "delivery"]
