"""The channel of our own pages, and the terminal's, which is the same under another name."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.base import Channel, RawRequest
from channels.console import Console
from channels.desk import Desk
from channels.errors import FetchError, Malformed, Misconfigured
from channels.message import Address, Attachment, AttachmentKind, InboundMessage, Location
from channels.web import Web
from tests.channels.contract import HOSTILE_BODIES, FetchedContract, request, storable

CHAT = "0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 11, 4, 2, 0, tzinfo=UTC)
JPEG = b"\xff\xd8\xff\xe0 tiny"


def body(**fields: Any) -> bytes:
    """A body as our page builds it, with the fields a case changes."""
    whole = {"key": "kunci-0001", "chat": CHAT, "text": "Jalan rusak", **fields}
    return json.dumps({name: value for name, value in whole.items() if value is not None}).encode()


def read(data: bytes, channel: Channel | None = None) -> InboundMessage:
    (event,) = (channel or Web({}, "http://127.0.0.1:8000")).parse(posted(data))
    assert isinstance(event, InboundMessage)
    return event


def posted(data: bytes) -> RawRequest:
    return request(data, url="http://127.0.0.1:8000", headers={"Content-Type": "application/json"}, received_at=NOW)


def photo(content: bytes = JPEG, **fields: Any) -> dict[str, Any]:
    return {"name": "jalan.jpg", "type": "image/jpeg", "data": base64.b64encode(content).decode(), **fields}


class Ours(FetchedContract):
    """What both have in common: they read what our own page wrote, and nothing from outside ever passes ``verify``."""

    cls: type[Web]
    recipient = Address("web", CHAT)

    @pytest.fixture
    def channel(self) -> Iterator[Channel]:
        channel = self.cls({}, "http://127.0.0.1:8000")
        yield channel
        channel.close()

    def message(self, text: str) -> bytes:
        return body(text=text)

    def genuine(self, body: bytes) -> RawRequest:
        return posted(body)

    def unknown(self) -> bytes:
        return body(mood="kesal")

    def test_the_sender_is_the_device(self, channel: Channel) -> None:
        event = read(self.message("Jalan rusak"), channel)
        assert (event.account, event.sender) == (channel.kind, Address(channel.kind, CHAT))

    def test_a_refusal_names_neither_secrets_nor_people(self, channel: Channel) -> None:
        for data in (*HOSTILE_BODIES.values(), body(latitude="x"), body(key=""), body(chat=CHAT + "0")):
            with pytest.raises(Malformed) as caught:
                channel.parse(posted(data))
            self.private(str(caught.value))

    def test_nothing_is_ever_handed_over(self, channel: Channel) -> None:
        with pytest.raises(Misconfigured):
            channel.send(self.outbound())

    def test_it_is_always_on_and_not_external(self, channel: Channel) -> None:
        assert not channel.external
        assert not channel.required


class TestWeb(Ours):
    cls = Web


class TestConsole(Ours):
    cls = Console


class TestDesk(Ours):
    cls = Desk

    def message(self, text: str) -> bytes:
        return body(text=text, source="phone", staff=1)


READ: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a form is declared new": ({"new": True}, {"thread": "new"}),
    "a chat message is not": ({"new": False}, {"thread": ""}),
    "place is the last line": (
        {"text": "Lampu mati\nsudah lama", "place": "Selumit"},
        {"text": "Lampu mati\nsudah lama\nSelumit"},
    ),
    "place alone": ({"text": "", "place": " Selumit \n Pantai "}, {"text": "Selumit Pantai"}),
    "outer blanks go": ({"text": "\n  Lampu mati \n"}, {"text": "Lampu mati"}),
    "name on one line": ({"name": " Warga\nContoh\0 "}, {"sender_name": "Warga Contoh\ufffd"}),
    "language": ({"language": "en"}, {"language": "en"}),
    "the key is the id": ({"key": "abcDEF_-12"}, {"external_id": "abcDEF_-12"}),
    "pin": ({"latitude": 3.3, "longitude": 117}, {"location": Location(3.3, 117.0)}),
    "pin that says how sure it is": (
        {"latitude": 3.3, "longitude": 117, "accuracy": 50},
        {"location": Location(3.3, 117.0, label="±50 m")},
    ),
    "written before": (
        {"written_at": "2026-11-03T20:00:00+08:00"},
        {"sent_at": datetime(2026, 11, 3, 12, 0, tzinfo=UTC)},
    ),
    "photo": (
        {"files": [photo()]},
        {"attachments": (Attachment(AttachmentKind.IMAGE, "file:0", "image/jpeg", "jalan.jpg", len(JPEG)),)},
    ),
    "file of no known type": (
        {"files": [photo(type="", name="catatan\0")]},
        {
            "attachments": (
                Attachment(AttachmentKind.DOCUMENT, "file:0", "application/octet-stream", "catatan\ufffd", len(JPEG)),
            )
        },
    ),
}


@pytest.mark.parametrize(("fields", "expected"), READ.values(), ids=READ.keys())
def test_what_the_page_wrote_is_read(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    event = read(body(**fields))
    assert {name: getattr(event, name) for name in expected} == expected
    storable(event)


MALFORMED: dict[str, dict[str, Any]] = {
    "no key": {"key": None},
    "short key": {"key": "abc"},
    "key with a path": {"key": "../../etc/passwd"},
    "no chat": {"chat": None},
    "chat that is no digest": {"chat": "Z" * 32},
    "text that is no text": {"text": ["Jalan rusak"]},
    "new that is no truth": {"new": 1},
    "latitude that is a truth": {"latitude": True, "longitude": 1},
    "half a pin": {"latitude": 3.3},
    "pin off the globe": {"latitude": 91, "longitude": 0},
    "pin beyond numbers": {"latitude": 10**400, "longitude": 0},
    "pin that is no number": {"latitude": float("nan"), "longitude": 0},
    "accuracy that is no whole number": {"latitude": 3.3, "longitude": 117, "accuracy": 0.5},
    "accuracy that is a truth": {"latitude": 3.3, "longitude": 117, "accuracy": True},
    "no instant": {"written_at": "kemarin"},
    "instant without zone": {"written_at": "2026-11-03T20:00:00"},
    "file that is no file": {"files": ["jalan.jpg"]},
    "file without bytes": {"files": [{"name": "a", "type": "b"}]},
    "a field nobody writes": {"admin": True},
}


@pytest.mark.parametrize("fields", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_no_page_writes_is_malformed(fields: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        read(body(**fields))


def test_a_file_comes_back_out_of_the_body() -> None:
    raw = body(files=[photo(b"one"), photo(b"two")])
    channel = Web({}, "http://127.0.0.1:8000")
    assert [channel.fetch(item, raw) for item in read(raw).attachments] == [b"one", b"two"]


UNFETCHABLE: dict[str, tuple[str, bytes]] = {
    "another number": ("file:1", body(files=[photo()])),
    "no number": ("file:", body(files=[photo()])),
    "somebody else's source": ("https://example.org/a.jpg", body(files=[photo()])),
    "raw bytes erased": ("file:0", b""),
    "not base64": ("file:0", body(files=[photo(data="!!!!")])),
    "not ASCII": ("file:0", body(files=[photo(data="é")])),
    "empty file": ("file:0", body(files=[photo(b"")])),
    "too large": ("file:0", body(files=[photo(bytes(5_000_001))])),
}


@pytest.mark.parametrize(("source", "raw"), UNFETCHABLE.values(), ids=UNFETCHABLE.keys())
def test_a_file_that_cannot_be_had_is_refused_for_good(source: str, raw: bytes) -> None:
    with pytest.raises(FetchError) as caught:
        Web({}, "http://127.0.0.1:8000").fetch(Attachment(AttachmentKind.IMAGE, source), raw)
    assert caught.value.permanent
