from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.base import RawRequest
from channels.errors import (
    Forged,
    Malformed,
)
from channels.message import (
    Address,
    Attachment,
    AttachmentKind,
    Event,
    InboundMessage,
    Location,
    OptOut,
    Unreadable,
)
from channels.telegram import Telegram
from tests.channels.contract import storable
from tests.support.providers.telegram import (
    SECRET,
    TOKEN,
)

PAYLOADS = Path(__file__).parent / "payloads" / "telegram"
NAMES = sorted(path.stem for path in PAYLOADS.glob("*.json"))
SENT = datetime(2025, 6, 15, 15, 6, 40, tzinfo=UTC)
WHO = Address("telegram", "810000001")
PUBLIC = "https://aduan.example.go.id"
NOTHING: tuple[Event, ...] = ()


def channel(**values: str) -> Telegram:
    return Telegram({"TELEGRAM_BOT_TOKEN": TOKEN, **values}, PUBLIC)


def request(body: bytes, secret: str | None = SECRET) -> RawRequest:
    headers = {} if secret is None else {"x-telegram-bot-api-secret-token": secret}
    return RawRequest("POST", f"{PUBLIC}/hooks/telegram", headers, body, SENT)


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def told(text: str = "", *media: Attachment, **fields: Any) -> InboundMessage:
    usual: dict[str, Any] = {
        "sender": WHO,
        "sender_name": "Warga Uji",
        "sent_at": SENT,
        "provider_id": "810000001:41",
        "language": "id",
        "attachments": media,
    }
    return InboundMessage(channel="telegram", account="7000000001", external_id="", text=text, **(usual | fields))


def pressed(text: str, number: int, identity: str) -> InboundMessage:
    return told(text, sent_at=None, provider_id="", reply_to=(f"810000001:{number}",), notes=(f"callback:{identity}",))


def opt_out(stopped: bool) -> OptOut:
    at = SENT + timedelta(seconds=5)
    return OptOut(channel="telegram", account="7000000001", external_id="", sender=WHO, stopped=stopped, occurred_at=at)


def unread(reason: str) -> Unreadable:
    return Unreadable(channel="telegram", account="7000000001", external_id="", reason=reason)


def media(kind: str, source: str, content_type: str, filename: str = "", size: int | None = None) -> Attachment:
    return Attachment(AttachmentKind(kind), source, content_type, filename, size)


VCARD = media("contact", "contact", "text/vcard", "contact.vcf")
PIN = Location(3.313421, 117.591774)
CASES: dict[str, Event | tuple[Event, ...]] = {
    "text": told("Lampu jalan padam di Jl. Mulawarman RT 5"),
    "text_emoji_entities": told("🚧 Jalan rusak, lihat peta"),
    "text_nul_and_half_surrogate": told("air\ufffd mati \ufffd di sini"),
    "command_start": told("start"),
    "command_start_payload": told("start KU-4F7K-9QXM"),
    "command_help_at_bot": told("help"),
    "command_status": told("status KU-4F7K-9QXM"),
    "slash_but_no_command": told("/home/warga bukan perintah"),
    "reply_to_bot": told("Sudah diperbaiki, terima kasih", reply_to=("810000001:39",)),
    "forwarded": told("Banjir di Sebengkok", notes=("forwarded",)),
    "photo": told("Lubang di depan sekolah", media("image", "AgAClarge", "image/jpeg", "", 187654)),
    "photo_album_item": told("", media("image", "AgACalbum", "image/jpeg", "", 99001), thread="13579246801"),
    "voice": told("", media("voice", "AwACvoice", "audio/ogg", "", 48210)),
    "audio": told("", media("audio", "CQACaudio", "audio/mpeg", "suara bising.mp3", 981234)),
    "video": told("Banjir", media("video", "BAACvideo", "video/mp4", "VID_1.mp4", 5123456)),
    "video_note": told("", media("video", "DQACnote", "video/mp4", "", 612345)),
    "document_pdf": told("", media("document", "BQACpdf", "application/pdf", "surat warga.pdf", 73210)),
    "document_image": told("", media("image", "BQACimg", "image/jpeg", "IMG_2041.jpg", 4123987)),
    "document_without_type": told("", media("document", "BQACbare", "application/octet-stream")),
    "animation": told("", media("video", "CgACanim", "video/mp4", "air.mp4", 81234)),
    "sticker": told("", media("sticker", "CAACstick", "image/webp", "", 21012)),
    "sticker_animated": told("", media("sticker", "CAACtgs", "application/x-tgsticker", "", 9012)),
    "live_photo": told("", media("video", "LPAClive", "video/mp4", "", 912345)),
    "contact_own": told("", VCARD, notes=("contact:own",)),
    "contact_other": told("", VCARD, notes=("contact:other",)),
    "location": told(location=PIN),
    "location_live": told(location=PIN, notes=("live location",)),
    "location_live_moves": told(
        location=Location(3.3136, 117.5919), notes=("edited", "live location"), sent_at=SENT + timedelta(seconds=30)
    ),
    "location_off_the_earth": unread("a field has an unknown shape: ValueError"),
    "venue": told(location=Location(3.3269, 117.5787, "Pasar Gusher", "Jl. Gajah Mada, Tarakan")),
    "edited_text": told(
        "Lampu jalan padam di Jl. Mulawarman RT 6", notes=("edited",), sent_at=SENT + timedelta(seconds=65)
    ),
    "callback": pressed("rate:5", 40, "3478000000000000001"),
    "callback_on_an_old_message": pressed("rate:1", 7, "3478000000000000002"),
    "callback_inline": NOTHING,
    "blocked": opt_out(True),
    "unblocked": opt_out(False),
    "added_to_group": NOTHING,
    "group_message": NOTHING,
    "from_a_bot": NOTHING,
    "channel_post": NOTHING,
    "inline_query": NOTHING,
    "poll_state": NOTHING,
    "reaction": NOTHING,
    "dice": told(notes=("unsupported:dice",)),
    "story": told(notes=("unsupported:story",)),
    "pinned_message": NOTHING,
    "future_content": told(notes=("unsupported:hologram",)),
    "future_field_beside_text": told("Air PDAM keruh"),
    "future_update": unread("no known kind of update, but: neural_message"),
    "future_shape": unread("a field has an unknown shape: TypeError"),
    "no_content": unread("a message without content"),
    "update_without_fields": unread("no known kind of update, but: nothing"),
}


@pytest.mark.parametrize("name", NAMES)
def test_an_update_becomes(name: str) -> None:
    body = payload(name)
    case = CASES[name]
    number = str(json.loads(body)["update_id"])
    wanted = [replace(event, external_id=number) for event in (case if isinstance(case, tuple) else (case,))]
    assert list(channel().parse(request(body))) == wanted


def test_every_case_has_its_payload() -> None:
    assert sorted(CASES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_what_is_parsed_can_be_stored(name: str) -> None:
    for event in channel().parse(request(payload(name))):
        storable(event)


NOT_UPDATES = (
    *(b"", b"not json", b"[]", b"null", b'"x"', b"{}", b"\xff\xfe\x00", b"[" * 100_000),
    *(b'{"update_id": null}', b'{"update_id": "1"}', b'{"update_id": 1.0}', b'{"update_id": true}'),
    *(
        b'{"update_id": ' + b"9" * 5000 + b"}",
        b'{"update_id": 9223372036854775808}',
        b'{"message": {"text": "tanpa nomor"}}',
    ),
)


@pytest.mark.parametrize("body", NOT_UPDATES, ids=lambda body: repr(body[:30]))
def test_a_body_that_is_no_update_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        channel().parse(request(body))


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("\ud800\0")
JUNK = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
        yield node, key
        if isinstance(value, dict | list):
            yield from places(value)


@settings(deadline=None)
@given(st.sampled_from(NAMES), st.data())
def test_a_damaged_or_unknown_payload_never_raises_anything_else(name: str, data: st.DataObject) -> None:
    update = json.loads(payload(name))
    for _ in range(data.draw(st.integers(1, 3))):
        node, key = data.draw(st.sampled_from(list(places(update)) or [(update, "update_id")]))
        change = data.draw(st.sampled_from(("replace", "add", "remove")))
        if change == "replace":
            node[key] = data.draw(JUNK)
        elif change == "add" and isinstance(node, dict):
            node[data.draw(st.text(min_size=1, max_size=12))] = data.draw(JUNK)
        elif len(node) > 1:
            del node[key]
    try:
        events = channel().parse(request(json.dumps(update).encode()))
    except Malformed:
        assert type(update.get("update_id")) is not int
        return
    for event in events:
        assert event.external_id == str(update["update_id"])
        storable(event)


@pytest.mark.parametrize("given_secret", [None, "", SECRET])
def test_without_a_configured_secret_every_request_is_forged(given_secret: str | None) -> None:
    with pytest.raises(Forged):
        channel().verify(request(payload("text"), given_secret))


@pytest.mark.parametrize(
    ("name", "value", "faulty"),
    [
        ("TELEGRAM_BOT_TOKEN", TOKEN, False),
        ("TELEGRAM_BOT_TOKEN", "no-colon", True),
        ("TELEGRAM_BOT_TOKEN", "abc:def", True),
        ("TELEGRAM_BOT_TOKEN", f"{TOKEN}\n", True),
        ("TELEGRAM_WEBHOOK_SECRET", "a" * 256, False),
        ("TELEGRAM_WEBHOOK_SECRET", "a" * 257, True),
        ("TELEGRAM_WEBHOOK_SECRET", "spasi tidak boleh", True),
        ("TELEGRAM_WEBHOOK_SECRET", "é", True),
        ("TELEGRAM_API_URL", "http://127.0.0.1:8081", False),
        ("TELEGRAM_API_URL", "127.0.0.1:8081", True),
        ("TELEGRAM_API_URL", "file:///etc", True),
    ],
)
def test_faults_name_the_setting_and_not_its_value(name: str, value: str, faulty: bool) -> None:
    found = Telegram.faults({"TELEGRAM_BOT_TOKEN": TOKEN, name: value})
    assert [fault.split()[0] for fault in found] == ([name] if faulty else [])
    assert value not in "".join(found)


def test_making_a_channel_starts_nothing() -> None:
    before = threading.active_count()
    made = channel()
    assert (made.account, threading.active_count()) == ("7000000001", before)
    made.close()
