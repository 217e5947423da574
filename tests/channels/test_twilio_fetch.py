"""Attachments over Twilio: from our own account's media only, capped, and never where a sender points."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from httpx import URL

from channels._twilio_api import allowed
from channels.errors import FetchError
from channels.message import Attachment, AttachmentKind
from channels.whatsapp import WhatsApp
from tests.channels.twilio_cases import make
from tests.support.providers.base import RESET, Plan, status
from tests.support.providers.twilio import TwilioStandIn


@pytest.fixture
def provider() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def channel(provider: TwilioStandIn) -> Iterator[WhatsApp]:
    made = make(WhatsApp, provider)
    yield made
    made.close()


class TestFetch:
    def attachment(self, source: str) -> Attachment:
        return Attachment(AttachmentKind.IMAGE, source, "image/jpeg")

    def stored(self, provider: TwilioStandIn, content: bytes) -> Attachment:
        _, url = provider.add_media(content, "image/jpeg")
        found = re.search(r"Messages/.*", url)
        assert found
        return self.attachment(found[0])

    def test_the_file_comes_and_the_credentials_stay(self, channel: WhatsApp, provider: TwilioStandIn) -> None:
        content = bytes(range(256)) * 4000
        assert channel.fetch(self.stored(provider, content), b"") == content
        first, second = provider.requests
        assert "authorization" in first.headers
        assert "authorization" not in second.headers

    @pytest.mark.parametrize(
        "source",
        [
            "",
            "http://169.254.169.254/latest/meta-data/",
            "https://api.twilio.com@evil.example/",
            f"Messages/MM{'a' * 32}/Media/ME{'b' * 32}/../../../../x",
            f"../Messages/MM{'a' * 32}/Media/ME{'b' * 32}",
            f"Messages/MM{'a' * 32}/Media/ME{'b' * 32}?x=1",
            f"Messages/MM{'a' * 32}/Media/ME{'b' * 32}\n",
        ],
    )
    def test_a_source_that_is_no_media_id_is_never_asked_for(
        self, channel: WhatsApp, provider: TwilioStandIn, source: str
    ) -> None:
        with pytest.raises(FetchError) as caught:
            channel.fetch(self.attachment(source), b"")
        assert caught.value.permanent
        assert provider.requests == []

    @pytest.mark.parametrize(
        "location",
        [
            "{canary}/storage/x",
            "http://127.0.0.1:6379/",
            "http://169.254.169.254/",
            "http://[::ffff:127.0.0.1]/",
            "https://user:pass@media.twiliocdn.com/x",
            "https://media.twiliocdn.com:8443/x",
            "http://media.twiliocdn.com/x",
            "https://media.twiliocdn.com.evil.example/x",
            "https://eviltwilio.com/x",
            "https://s3.evil.example/amazonaws.com",
            "file:///etc/passwd",
            "gopher://127.0.0.1:6379/_x",
            "http://[broken",
        ],
    )
    def test_a_redirect_elsewhere_is_not_followed(
        self, channel: WhatsApp, provider: TwilioStandIn, location: str
    ) -> None:
        with TwilioStandIn() as canary:
            provider.fail(status(302, b"", {"Location": location.format(canary=canary.url)}))
            with pytest.raises(FetchError) as caught:
                channel.fetch(self.stored(provider, b"x"), b"")
            assert canary.requests == []
        assert caught.value.permanent

    def test_a_second_redirect_is_not_followed(self, channel: WhatsApp, provider: TwilioStandIn) -> None:
        attachment = self.stored(provider, b"x")
        provider.fail(status(302, b"", {"Location": "/storage/y"}), path="/storage/.*")
        with pytest.raises(FetchError, match="on and on"):
            channel.fetch(attachment, b"")
        assert len(provider.requests) == 2

    def test_the_stand_ins_host_is_allowed_only_when_it_is_configured(self, provider: TwilioStandIn) -> None:
        own = URL(provider.url)
        assert allowed(URL(f"{provider.url}/storage/x"), own)
        assert not allowed(URL(f"{provider.url}/storage/x"), None)
        assert allowed(URL("https://media.twiliocdn.com/x"), None)
        assert allowed(URL("https://s3-external-1.amazonaws.com/media.twiliocdn.com/x"), None)

    @pytest.mark.parametrize(
        ("plan", "permanent"),
        [
            pytest.param(status(404), True, id="gone"),
            pytest.param(status(410), True, id="gone for good"),
            pytest.param(status(401), False, id="token being changed"),
            pytest.param(status(429), False, id="too many"),
            pytest.param(status(503), False, id="down"),
            pytest.param(RESET, False, id="cut"),
            pytest.param(status(200, b"x" * 10, {"Content-Length": "20"}), False, id="shorter than announced"),
            pytest.param(status(200, b"x", {"Content-Encoding": "gzip"}), True, id="compressed unasked"),
            pytest.param(status(200, b"x" * 10, {"Content-Length": "99999999"}), True, id="announced too large"),
            pytest.param(status(200, b"x" * 17_000_000), True, id="too large"),
        ],
    )
    def test_a_failed_download(self, channel: WhatsApp, provider: TwilioStandIn, plan: Plan, permanent: bool) -> None:
        attachment = self.stored(provider, b"x")
        provider.fail(plan)
        with pytest.raises(FetchError) as caught:
            channel.fetch(attachment, b"")
        assert caught.value.permanent is permanent

    def test_a_body_without_a_length_ends_at_the_cap(
        self, channel: WhatsApp, provider: TwilioStandIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        attachment = self.stored(provider, b"x")
        chunks = b"1000\r\n" + b"x" * 4096 + b"\r\n"
        endless = status(200, chunks * 10 + b"0\r\n\r\n", {"Transfer-Encoding": "chunked"})
        provider.fail(endless, endless, path="/storage/.*")
        monkeypatch.setattr(WhatsApp, "limits", replace(WhatsApp.limits, attachment_bytes=40_960))
        assert len(channel.fetch(attachment, b"")) == 40_960
        monkeypatch.setattr(WhatsApp, "limits", replace(WhatsApp.limits, attachment_bytes=40_959))
        with pytest.raises(FetchError, match="larger") as caught:
            channel.fetch(attachment, b"")
        assert caught.value.permanent

    def test_a_slow_body_ends_with_its_time(self, channel: WhatsApp, provider: TwilioStandIn) -> None:
        ticks = iter([0.0, 19.0, 21.0])
        channel.clock = lambda: next(ticks)
        attachment = self.stored(provider, b"x" * 1_000_000)
        with pytest.raises(FetchError, match="too long") as caught:
            channel.fetch(attachment, b"")
        assert not caught.value.permanent
