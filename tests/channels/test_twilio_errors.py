"""What Twilio's codes mean, in an answer as in a report; where requests go."""

from __future__ import annotations

import httpx
import pytest

from channels._twilio_api import Transport
from channels._twilio_errors import ERRORS
from channels.errors import (
    BadAddress,
    Misconfigured,
    Permanent,
    RecipientStopped,
    SendError,
    Temporary,
    Throttled,
    WindowClosed,
)
from channels.sms import Sms
from channels.whatsapp import WhatsApp

#: Every code the vendor's pages name for messages → what it means to the sender.
MEANINGS: dict[type[SendError], str] = {
    WindowClosed: "63016",
    Throttled: "63018 63017 20429 429 21611 30001",
    BadAddress: "63024 63003 21211 21614",
    RecipientStopped: "63014 63033 21610",
    Misconfigured: "63013 63027 63028 63041 21654 21655 21656 63007 63015 11200 14101 20003 20404 401 403 404",
    Permanent: "63032 63049 63019 63005 63021 21617 21408 21612 30004 30005 30006 30007",
    Temporary: "30003 30008 63012",
}


@pytest.mark.parametrize("code,error", [(code, error) for error, codes in MEANINGS.items() for code in codes.split()])
def test_a_code_means_one_thing(code: str, error: type[SendError]) -> None:
    assert ERRORS[code].error is error
    assert ERRORS[code].text


def test_both_channels_read_the_one_table() -> None:
    assert WhatsApp.errors is ERRORS
    assert Sms.errors is ERRORS


@pytest.mark.parametrize("code", ["63032", "63049"])
def test_what_meta_withholds_says_what_helps(code: str) -> None:
    assert "24 hours" in ERRORS[code].text
    assert "another channel" in ERRORS[code].text


#: The SDK's address → where the request goes, without a base and below one.
TARGETS = {
    "api": ("https://api.twilio.com/2010-04-01/x.json?a=1", "https://api.twilio.com/2010-04-01/x.json?a=1"),
    "content": ("https://content.twilio.com/v1/Content", "https://content.twilio.com/v1/Content"),
    "messaging": ("https://messaging.twilio.com/v2/Channels", "https://messaging.twilio.com/v2/Channels"),
    "an edge and a region": ("https://content.sydney.au1.twilio.com/v1/x", "https://content.twilio.com/v1/x"),
    "a next page elsewhere": ("https://content.evil.example/v1/x?Page=1", "https://content.twilio.com/v1/x?Page=1"),
    "a next page nowhere": ("https://127.0.0.1/v1/x", "https://api.twilio.com/v1/x"),
}


@pytest.mark.parametrize(("asked", "target"), TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("base", ["", "http://127.0.0.1:9/relay"], ids=["no base", "below a base"])
def test_requests_go_to_the_provider_or_below_the_base(asked: str, target: str, base: str) -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200, json={})

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        Transport(client, base).request("GET", asked)
    path = target.partition("twilio.com")[2]
    assert seen == [f"{base}{path}" if base else target]
