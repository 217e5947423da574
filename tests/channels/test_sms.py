"""SMS over Twilio: the common suite, its payloads, who writes, what leaves in which characters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.base import RawRequest
from channels.errors import BadAddress, Malformed, RecipientStopped, Temporary
from channels.message import Address, OutboundMessage
from channels.sms import Sms, phone, unwrapped
from channels.text import segments
from tests.channels.contract import ChannelContract, SendCase, told
from tests.channels.twilio_cases import FORM, OLD_TOKEN, PERSON, PUBLIC, make, refused, signed
from tests.channels.twilio_cases import settings as twilio_settings
from tests.support.providers.twilio import ACCOUNT, SMS_FROM, TOKEN, TwilioStandIn, sign

PAYLOADS = Path(__file__).parent / "payloads" / "sms"
HOOK = f"{PUBLIC}/hooks/sms"
SMS_FORM = FORM | {"From": PERSON, "To": SMS_FROM}


@pytest.fixture
def provider() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def channel(provider: TwilioStandIn) -> Iterator[Sms]:
    made = make(Sms, provider)
    yield made
    made.close()


class TestSms(ChannelContract):
    secrets = (TOKEN, ACCOUNT, OLD_TOKEN)
    recipient = Address("tel", PERSON)
    stranger = Address("sms", "CONTOHSEL")
    # The table of refusals is the provider's, not the channel's; test_whatsapp walks through the whole of it.
    send_cases = (
        SendCase("opted out", refused(21610), RecipientStopped, "21610"),
        SendCase("landline", refused(21614), BadAddress, "21614"),
        SendCase("handset off", refused(30003), Temporary, "30003"),
    )

    @pytest.fixture(autouse=True)
    def _provider(self, provider: TwilioStandIn) -> None:
        self.provider = provider

    @pytest.fixture
    def channel(self, provider: TwilioStandIn) -> Iterator[Sms]:
        made = make(Sms, provider, TWILIO_AUTH_TOKEN_OLD=OLD_TOKEN)
        yield made
        made.close()

    def message(self, text: str) -> bytes:
        return urlencode({**SMS_FORM, "Body": text}).encode()

    def genuine(self, body: bytes) -> RawRequest:
        return signed(body, HOOK)

    def forge(self, genuine: RawRequest, forgery: str) -> RawRequest:
        right = genuine.header("X-Twilio-Signature")
        wrong = sign(HOOK + "?", genuine.form())
        given = {"empty": "", "wrong": wrong, "truncated": right[:-1]}.get(forgery)
        headers = {"X-Twilio-Signature": given} if given is not None else {}
        return replace(genuine, headers=headers)

    def arrange(self, plan: Any) -> None:
        self.provider.fail(plan)

    def rotated(self, body: bytes) -> RawRequest:
        return signed(body, HOOK, token=OLD_TOKEN)

    def unknown(self) -> bytes:
        return (PAYLOADS / "type-of-the-future.txt").read_bytes().strip()

    def trouble(self, what: str) -> None:
        if what == "away":
            self.provider.stop()
        else:
            self.provider.fail(*[refused(20003, 401)] * 20)


@pytest.mark.parametrize("case", sorted(path.stem for path in PAYLOADS.glob("*.txt")))
def test_payload(channel: Sms, case: str) -> None:
    expected = json.loads((PAYLOADS / f"{case}.json").read_text())
    request = signed((PAYLOADS / f"{case}.txt").read_bytes().strip(), HOOK)
    channel.verify(request)
    if "malformed" in expected:
        with pytest.raises(Malformed, match=expected["malformed"]):
            channel.parse(request)
    else:
        assert [told(event) for event in channel.parse(request)] == expected["events"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("081255500123", PERSON),
        ("0812-5550-0123", PERSON),
        ("62812 5550 0123", PERSON),
        ("81255500123", PERSON),
        ("+62 812-5550-0123", PERSON),
        ("006281255500123", PERSON),
        ("(0552) 21234", "+6255221234"),
        ("+60123456789", "+60123456789"),
        ("+14155550100", "+14155550100"),
        ("1708", None),
        ("110", None),
        ("99123", None),
        ("CONTOHSEL", None),
        ("0800FLOWERS", None),
        ("6281255500123@c.us", None),
        ("", None),
        ("+", None),
        ("00", None),
        ("+62" + "8" * 30, None),
        ("٠٨١٢٥٥٥٠٠١٢٣", None),
    ],
)
def test_a_number_in_any_spelling_is_one_address(written: str, read: str | None) -> None:
    assert phone(written) == read


@pytest.mark.parametrize(
    "body",
    [
        "",
        "aGFsbyBwYWs=",
        "a" * 40,
        "=" * 40,
        "A" * 39 + "=",
        "Tm90IGJhc2U2NCBiZWNhdXNlIGl0 IGhhcyBhIGJsYW5",
    ],
    ids=["empty", "too short", "no text inside", "padding", "no blanks inside", "a blank outside"],
)
def test_what_is_not_plainly_base64_stays(body: str) -> None:
    assert unwrapped(body) is None


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Laporan “A–1” diterima… terima kasih 🙏", 'Laporan "A-1" diterima... terima kasih'),
        ("Laporan diterima", "Laporan diterima"),
        ("你好", "你好"),
        ("👍", "👍"),
    ],
    ids=["typographic", "plain", "another script", "only an emoji"],
)
def test_what_leaves_is_written_plainly(channel: Sms, provider: TwilioStandIn, text: str, left: str) -> None:
    channel.send(OutboundMessage(key="k", recipient=Address("tel", PERSON), text=text))
    (taken,) = provider.messages
    assert (taken.to, taken.sender, taken.body) == (PERSON, SMS_FROM, left)
    assert taken.status_callback == f"{HOOK}?k=k"


def test_a_full_text_is_three_parts() -> None:
    assert segments("a" * Sms.limits.text_length).count == 3
    assert segments("a" * (Sms.limits.text_length + 1)).count == 4


@given(text=st.text(st.sampled_from("aZ 9\n€[…½℀Ⅷ“–🙏你é"), max_size=400))
@settings(max_examples=300, deadline=None, database=None)
def test_what_leaves_never_costs_more_parts_than_what_was_written(text: str) -> None:
    left = Sms(twilio_settings(Sms), PUBLIC).outgoing(text)
    assert segments(left).count <= segments(text).count


@pytest.mark.parametrize(
    ("text", "told", "parts"),
    [
        ("Laporan diterima.", "1", 1),
        ("a" * 400, "3", 3),
        ("a" * 400, "0", 3),
        ("a" * 400, "", 3),
        ("你" * 100, "0", 2),
        ("a" * 161, "2", 2),
    ],
    ids=["one", "three as told", "three not yet told", "three told in no number", "another script", "the provider's"],
)
def test_the_receipt_says_in_how_many_parts_it_went(
    channel: Sms, provider: TwilioStandIn, text: str, told: str, parts: int
) -> None:
    provider.segments = told
    assert channel.send(OutboundMessage(key="k", recipient=Address("tel", PERSON), text=text)).parts == parts
