"""Approved texts over Twilio: what the account lists, and how one is sent with its values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from channels.errors import Misconfigured, Permanent, SendError, Temporary
from channels.message import Address, OutboundMessage, Receipt
from channels.templates import Template
from channels.whatsapp import WhatsApp
from tests.channels.twilio_cases import PERSON, make
from tests.support.providers.base import RESET, Plan, hang, status
from tests.support.providers.twilio import TEMPLATE, TwilioStandIn, content

OTHER = "HX" + "e5" * 16


@pytest.fixture
def provider() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def channel(provider: TwilioStandIn) -> Iterator[WhatsApp]:
    made = make(WhatsApp, provider, TWILIO_WHATSAPP_TEMPLATE=TEMPLATE)
    yield made
    made.close()


def send(channel: WhatsApp, *values: str, key: str = TEMPLATE) -> Receipt:
    message = OutboundMessage(
        key="outbox-1",
        recipient=Address("whatsapp", PERSON),
        text="Laporan AB12: ada jawaban.",
        template=key,
        variables=values,
    )
    return channel.send(message)


def test_the_setting_names_the_text_that_reopens(channel: WhatsApp, provider: TwilioStandIn) -> None:
    assert channel.reopening == TEMPLATE
    assert make(WhatsApp, provider).reopening == ""


@pytest.mark.parametrize("value", ["balas_ya", "HX12", "HX" + "D4" * 16, TEMPLATE + "\n"])
def test_a_setting_that_is_no_content_is_told(value: str) -> None:
    values = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_WHATSAPP_FROM": "+14155550100", "TWILIO_WHATSAPP_TEMPLATE": value}
    [fault] = WhatsApp.faults(values)
    assert "TWILIO_WHATSAPP_TEMPLATE" in fault


#: The shapes of a content at the provider → the texts we keep of it and the values it takes.
SHAPES: dict[str, tuple[dict[str, Any], tuple[str, ...], tuple[str, ...]]] = {
    "text": ({"twilio/text": {"body": "Laporan {{1}} {{2}}"}}, ("Laporan {{1}} {{2}}",), ("1", "2")),
    "text without holes": ({"twilio/text": {"body": "Halo"}}, ("Halo",), ()),
    "named": (
        {"twilio/text": {"body": "{{number}} dari {{agency}}"}},
        ("{{number}} dari {{agency}}",),
        ("number", "agency"),
    ),
    "quick reply": (
        {"twilio/quick-reply": {"body": "Ada jawaban {{1}}", "actions": [{"title": "Ya", "id": "YA"}]}},
        ("Ada jawaban {{1}}",),
        ("1",),
    ),
    "button with an address": (
        {
            "twilio/call-to-action": {
                "actions": [{"type": "URL", "title": "Lihat", "url": "https://lapor.example.go.id/{{2}}"}],
                "body": "Dari {{1}}",
            }
        },
        ("Dari {{1}}", "https://lapor.example.go.id/{{2}}"),
        ("1", "2"),
    ),
    "card with header and footer": (
        {"whatsapp/card": {"footer": "Kaltara", "body": "Dari {{agency}}", "header_text": "Laporan {{number}}"}},
        ("Laporan {{number}}", "Dari {{agency}}"),
        ("number", "agency"),
    ),
    "two shapes of one text": (
        {"twilio/text": {"body": "Dari {{1}}"}, "twilio/quick-reply": {"body": "Dari {{1}}", "actions": []}},
        ("Dari {{1}}",),
        ("1",),
    ),
    "of a shape to come": ({"twilio/hologram": [{"layers": [{"deep": "{{1}}"}]}, 7, None]}, ("{{1}}",), ("1",)),
}


@pytest.mark.parametrize(("shapes", "parts", "holes"), SHAPES.values(), ids=SHAPES)
def test_a_content_is_listed_with_the_values_it_takes(
    channel: WhatsApp,
    provider: TwilioStandIn,
    shapes: dict[str, Any],
    parts: tuple[str, ...],
    holes: tuple[str, ...],
) -> None:
    provider.contents = [content(TEMPLATE, "balas_ya", "", **shapes)]
    assert channel.templates() == [Template(TEMPLATE, "balas_ya", "id", "approved", "utility", parts)]
    assert channel.templates()[0].holes == holes


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"approval_requests": None}, "unsubmitted"),
        ({"approval_requests": []}, "unsubmitted"),
        ({"approval_requests": {"status": "PENDING"}}, "pending"),
        ({"types": None}, "approved"),
    ],
    ids=["no approval", "a list of none", "in capitals", "without shapes"],
)
def test_what_the_provider_leaves_out_breaks_nothing(
    channel: WhatsApp, provider: TwilioStandIn, changed: dict[str, Any], status: str
) -> None:
    provider.contents = [content(TEMPLATE, "balas_ya", "x") | changed]
    [found] = channel.templates()
    assert (found.name, found.status) == ("balas_ya", status)


def test_all_pages_are_listed_below_our_base(channel: WhatsApp, provider: TwilioStandIn) -> None:
    provider.page_size = 2
    provider.contents = [content("HX" + f"{n:032x}", f"nama_{n}", "x") for n in range(5)]
    assert [each.name for each in channel.templates()] == [f"nama_{n}" for n in range(5)]
    assert len(provider.requests) == 3


@pytest.mark.parametrize(
    ("plan", "error"),
    [
        (status(401, {"code": 20003}), Misconfigured),
        (status(500), Temporary),
        (RESET, Temporary),
        (status(200, b"<html>"), Temporary),
        (status(200, {"contents": 7, "meta": {"key": "contents"}}), Temporary),
        (status(200, {"contents": [{}], "meta": {"key": "nothing"}}), Temporary),
    ],
    ids=["wrong token", "down", "cut", "no JSON", "no list", "another list"],
)
def test_a_list_that_cannot_be_had_is_an_error_of_the_channel(
    channel: WhatsApp, provider: TwilioStandIn, plan: Plan, error: type[SendError]
) -> None:
    provider.fail(plan)
    with pytest.raises(error):
        channel.templates()


class TestSend:
    def test_the_content_goes_with_its_values_and_without_a_text(
        self, channel: WhatsApp, provider: TwilioStandIn
    ) -> None:
        receipt = send(channel, "AB12", "Dinas Perhubungan")
        [taken] = provider.messages
        assert (taken.sid, taken.content, taken.body) == (receipt.external_id, TEMPLATE, "")
        assert json.loads(taken.variables) == {"1": "AB12", "2": "Dinas Perhubungan"}
        assert taken.status_callback.endswith("?k=outbox-1")

    def test_named_values_are_sent_by_name(self, channel: WhatsApp, provider: TwilioStandIn) -> None:
        provider.contents = [content(OTHER, "x", "{{number}} dari {{agency}}")]
        send(channel, "AB12", "Dinas “A” 🙏", key=OTHER)
        assert json.loads(provider.messages[0].variables) == {"number": "AB12", "agency": "Dinas “A” 🙏"}

    def test_values_of_header_and_button_go_too(self, channel: WhatsApp, provider: TwilioStandIn) -> None:
        shapes = {
            "whatsapp/card": {
                "header_text": "Laporan {{1}}",
                "body": "Dari {{2}}",
                "actions": [{"url": "https://lapor.example.go.id/{{3}}"}],
            }
        }
        provider.contents = [content(OTHER, "x", "", **shapes)]
        send(channel, "AB12", "Dinas", "AB12", key=OTHER)
        assert json.loads(provider.messages[0].variables) == {"1": "AB12", "2": "Dinas", "3": "AB12"}

    def test_a_definition_is_fetched_once(self, channel: WhatsApp, provider: TwilioStandIn) -> None:
        send(channel, "AB12", "Dinas")
        send(channel, "AB13", "Dinas")
        assert [request.method for request in provider.requests] == ["GET", "POST", "POST"]

    @pytest.mark.parametrize(
        "values", [(), ("AB12",), ("AB12", ""), ("AB12", "\u200b"), ("AB12", "a\nb"), ("a", "b", "c")]
    )
    def test_wrong_values_never_leave(
        self, channel: WhatsApp, provider: TwilioStandIn, values: tuple[str, ...]
    ) -> None:
        with pytest.raises(Permanent) as caught:
            send(channel, *values)
        assert caught.value.code == "template"
        assert provider.messages == []

    @pytest.mark.parametrize("key", ["balas_ya", "HX/../../Messages", "HX", TEMPLATE.upper()])
    def test_a_name_that_is_no_content_is_never_asked_for(
        self, channel: WhatsApp, provider: TwilioStandIn, key: str
    ) -> None:
        with pytest.raises(Misconfigured):
            send(channel, "AB12", "Dinas", key=key)
        assert provider.requests == []

    @pytest.mark.parametrize(
        ("plan", "error"),
        [
            (status(404, {"code": 20404}), Misconfigured),
            (status(503), Temporary),
            (RESET, Temporary),
            (hang(20), Temporary),
            (status(200, {"types": {}, "date_created": 7}), Permanent),
        ],
        ids=["not there", "down", "cut", "no answer", "without its holes"],
    )
    def test_without_the_definition_nothing_is_sent(
        self,
        channel: WhatsApp,
        provider: TwilioStandIn,
        monkeypatch: pytest.MonkeyPatch,
        plan: Plan,
        error: type[SendError],
    ) -> None:
        monkeypatch.setattr(WhatsApp, "answer_seconds", 0.3)
        provider.fail(plan)
        with pytest.raises(error):
            send(channel, "AB12", "Dinas")
        assert provider.messages == []
