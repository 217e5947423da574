"""Twilio's signature: only the exact original passes, and what it does not cover is checked after it."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from channels.base import RawRequest
from channels.errors import Forged, Malformed
from channels.whatsapp import WhatsApp
from tests.channels.twilio_cases import FORM, HOOK, NOW, OLD_TOKEN, SID, make, signed
from tests.support.providers.twilio import TOKEN, TwilioStandIn, sign


@pytest.fixture
def provider() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def channel(provider: TwilioStandIn) -> Iterator[WhatsApp]:
    made = make(WhatsApp, provider)
    yield made
    made.close()


class TestSignature:
    @pytest.mark.parametrize(
        "pairs",
        [
            pytest.param({**FORM, "Body": "lapoR"}, id="body changed"),
            pytest.param({**FORM, "Extra": "1"}, id="parameter added"),
            pytest.param({k: v for k, v in FORM.items() if k != "NumMedia"}, id="parameter dropped"),
            pytest.param([*FORM.items(), ("Body", "lain")], id="parameter doubled"),
            pytest.param({}, id="nothing left"),
        ],
    )
    def test_a_changed_form_is_refused(self, channel: WhatsApp, pairs: Any) -> None:
        with pytest.raises(Forged):
            channel.verify(replace(signed(FORM), body=urlencode(pairs).encode()))

    @pytest.mark.parametrize("path", ["", "?", "?a=%2F", "?a=%20b&z=%C3%A9", "?a=~abc%2Fdef", "/", "?a=1&a=2"])
    def test_the_exact_url_passes_and_its_neighbours_do_not(self, channel: WhatsApp, path: str) -> None:
        good = signed(FORM, HOOK + path)
        channel.verify(good)
        neighbours = {
            HOOK + path + "?",
            HOOK + path + "/",
            (HOOK + path).replace("%2F", "/").replace("%20", " ").replace("%C3%A9", "é"),
            (HOOK + path).replace("https:", "http:"),
            (HOOK + path).replace("lapor.", "LAPOR."),
            (HOOK + path).replace("lapor.", "lain."),
        }
        for url in neighbours - {HOOK + path}:
            with pytest.raises(Forged):
                channel.verify(replace(good, url=url))

    @pytest.mark.parametrize(("ours", "theirs"), [("", ":443"), (":8443", ""), (":443", "")])
    def test_the_provider_signs_with_or_without_the_port(self, channel: WhatsApp, ours: str, theirs: str) -> None:
        good = signed(FORM, f"https://lapor.example.go.id{theirs}/hooks/whatsapp")
        channel.verify(replace(good, url=f"https://lapor.example.go.id{ours}/hooks/whatsapp"))

    def test_another_port_than_the_standard_one_is_refused(self, channel: WhatsApp) -> None:
        good = signed(FORM, "https://lapor.example.go.id:8443/hooks/whatsapp")
        with pytest.raises(Forged):
            channel.verify(replace(good, url=HOOK))

    def test_both_tokens_pass_during_a_rotation(self, provider: TwilioStandIn) -> None:
        rotating = make(WhatsApp, provider, TWILIO_AUTH_TOKEN_OLD=OLD_TOKEN)
        rotating.verify(signed(FORM))
        rotating.verify(signed(FORM, token=OLD_TOKEN))
        with pytest.raises(Forged):
            make(WhatsApp, provider).verify(signed(FORM, token=OLD_TOKEN))

    def test_an_empty_token_is_no_key(self, provider: TwilioStandIn) -> None:
        for open_door in (
            make(WhatsApp, provider, TWILIO_AUTH_TOKEN_OLD=""),
            make(WhatsApp, provider, TWILIO_AUTH_TOKEN="", TWILIO_AUTH_TOKEN_OLD=""),
        ):
            with pytest.raises(Forged):
                open_door.verify(signed(FORM, token=""))

    def test_the_request_does_not_choose_the_algorithm(self, channel: WhatsApp) -> None:
        text = HOOK + "".join(name + value for name, value in sorted(FORM.items()))
        sha256 = b64encode(hmac.new(TOKEN.encode(), text.encode(), hashlib.sha256).digest()).decode()
        settings = {"X-Twilio-Webhooks-Signature-Settings": "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"}
        with pytest.raises(Forged):
            channel.verify(signed(FORM, **{**settings, "X-Twilio-Signature": sha256}))

    def test_a_json_body_passes_by_its_hash_in_the_url(self, channel: WhatsApp) -> None:
        body = b'{"type": "event"}'
        url = f"{HOOK}?bodySHA256={hashlib.sha256(body).hexdigest()}"
        headers = {"Content-Type": "application/json", "X-Twilio-Signature": sign(url, {})}
        good = RawRequest("POST", url, headers, body, NOW)
        channel.verify(good)
        with pytest.raises(Malformed):
            channel.parse(good)
        twice = url + "&bodySHA256=" + hashlib.sha256(b"{}").hexdigest()
        for bad in (
            replace(good, body=b'{"type": "other"}'),
            replace(good, url=HOOK, headers={**headers, "X-Twilio-Signature": sign(HOOK, {})}),
            replace(good, url=twice, headers={**headers, "X-Twilio-Signature": sign(twice, {})}),
            replace(good, url=twice, body=b"{}", headers={**headers, "X-Twilio-Signature": sign(twice, {})}),
            replace(good, body=b"\xff"),
        ):
            with pytest.raises(Forged):
                channel.verify(bad)

    def test_a_get_is_heard_only_when_signed(self, channel: WhatsApp) -> None:
        url = f"{HOOK}?{urlencode(FORM, quote_via=quote)}"
        good = RawRequest("GET", url, {"X-Twilio-Signature": sign(url, {})}, b"", NOW)
        channel.verify(good)
        assert [event.external_id for event in channel.parse(good)] == [SID]
        for bad in (replace(good, headers={}), replace(good, url=url + "1"), replace(good, method="PUT")):
            with pytest.raises(Forged):
                channel.verify(bad)

    def test_a_shifted_boundary_keeps_the_signature_and_is_malformed(self, channel: WhatsApp) -> None:
        """Names and values are signed run together: that is the scheme's own weakness, and parse makes up for it."""
        shifted = {k: v for k, v in FORM.items() if k not in ("Body", "From")}
        shifted["Body" + FORM["Body"] + "From"] = FORM["From"]
        request = replace(signed(FORM), body=urlencode(shifted).encode())
        channel.verify(request)
        with pytest.raises(Malformed):
            channel.parse(request)

    def test_a_sender_hidden_in_the_text_cannot_be_brought_out(self, channel: WhatsApp) -> None:
        """A person writes "…From<somebody>" so that a second cut of the same string names somebody else."""
        victim = "whatsapp:+6281255500999"
        written = {**FORM, "Body": f"haloFrom{victim}"}
        cut = {**FORM, "Body": "halo", "From": victim, "From" + FORM["From"]: ""}
        request = replace(signed(written), body=urlencode(cut).encode())
        channel.verify(request)
        with pytest.raises(Malformed):
            channel.parse(request)
