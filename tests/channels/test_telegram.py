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
from telegram.constants import MessageType, UpdateType

from channels.base import RawRequest
from channels.coverage import Group
from channels.errors import (
    BadAddress,
    Forged,
    Malformed,
    Misconfigured,
    OutcomeUnknown,
    Permanent,
    RecipientStopped,
    SendError,
    Temporary,
)
from channels.message import (
    Address,
    Attachment,
    AttachmentKind,
    Event,
    InboundMessage,
    Location,
    Notice,
    NoticeKind,
    OptOut,
    Unreadable,
)
from channels.telegram import Telegram
from channels.telegram.meanings import meaning
from channels.telegram.updates import ABOUT, READABLE, SERVICE, UNSUPPORTED
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


def edited(
    text: str = "", *files: Attachment, notes: tuple[str, ...] = (), after: int = 65, **fields: Any
) -> InboundMessage:
    at = SENT + timedelta(seconds=after)
    return told(text, *files, notes=("edited", *notes), sent_at=at, revises="810000001:41", **fields)


def group(number: int, kind: str) -> Notice:
    """Without bytes of its own: nothing of what was said is kept."""
    chat = Address("telegram", str(number))
    return Notice(
        channel="telegram",
        account="7000000001",
        external_id="",
        raw=b"",
        sender=chat,
        what=NoticeKind.GROUP,
        detail=kind,
    )


def reacted(detail: str) -> Notice:
    return Notice(
        channel="telegram",
        account="7000000001",
        external_id="",
        sender=WHO,
        what=NoticeKind.REACTION,
        about="810000001:39",
        detail=detail,
        occurred_at=SENT,
    )


def unsupported(name: str) -> InboundMessage:
    return told(notes=(f"unsupported:{name}",))


VCARD = media("contact", "contact", "text/vcard", "contact.vcf")
PIN = Location(3.313421, 117.591774)
ALBUM = "13579246801"
SUPERGROUP = -1001500000001
CASES: dict[str, Event | tuple[Event, ...]] = {
    "text": told("Lampu jalan padam di Jl. Mulawarman RT 5"),
    "text-emoji-entities": told("🚧 Jalan rusak, lihat peta"),
    "text-nul-and-half-surrogate": told("air\ufffd mati \ufffd di sini"),
    "text-protected": told("Jalan berlubang di Jl. Yos Sudarso"),
    "text-via-bot": told("Cuaca Tarakan: hujan"),
    "text-in-topic": told("Air PDAM mati sejak pagi"),
    "text-with-link-preview": told("Lihat https://contoh.id/peta"),
    "command-start": told("start"),
    "command-start-payload": told("start", notes=("start:KU-4F7K-9QXM",)),
    "command-start-at-bot-payload": told("start", notes=("start:poster-rt5",)),
    "command-start-with-words": told("start jalan rusak di Juata"),
    "command-help-at-bot": told("help"),
    "command-status": told("status KU-4F7K-9QXM"),
    "slash-but-no-command": told("/home/warga bukan perintah"),
    "reply-to-bot": told("Sudah diperbaiki, terima kasih", reply_to=("810000001:39",)),
    "reply-with-quote": told("Yang ini belum", reply_to=("810000001:39",)),
    "reply-external": told("Seperti kata beliau"),
    "forwarded": told("Banjir di Sebengkok", notes=("forwarded",)),
    "photo": told("Lubang di depan sekolah", media("image", "AgAClarge", "image/jpeg", "", 187654)),
    "photo-spoiler": told("Sampah menumpuk", media("image", "AgACspoil", "image/jpeg", "", 90001)),
    "photo-album-item": told("", media("image", "AgACalbum", "image/jpeg", "", 99001), album=ALBUM),
    "photo-album-with-caption": told(
        "Tiga lubang di satu jalan", media("image", "AgACalbum2", "image/jpeg", "", 99002), album=ALBUM
    ),
    "video-album-item": told("", media("video", "BAACalbum3", "video/mp4", "", 700001), album=ALBUM),
    "voice": told("", media("voice", "AwACvoice", "audio/ogg", "", 48210)),
    "audio": told("", media("audio", "CQACaudio", "audio/mpeg", "suara bising.mp3", 981234)),
    "video": told("Banjir", media("video", "BAACvideo", "video/mp4", "VID_1.mp4", 5123456)),
    "video-note": told("", media("video", "DQACnote", "video/mp4", "", 612345)),
    "document-pdf": told("", media("document", "BQACpdf", "application/pdf", "surat warga.pdf", 73210)),
    "document-image": told("", media("image", "BQACimg", "image/jpeg", "IMG_2041.jpg", 4123987)),
    "document-without-type": told("", media("document", "BQACbare", "application/octet-stream")),
    "document-too-big": told("Rekaman CCTV", media("video", "BQACbig", "video/x-matroska", "cctv.mkv", 734003200)),
    "document-above-four-gigabytes": told("", media("video", "BQAChuge", "video/mp4", "rekaman.mp4", 4294967297)),
    "animation": told("", media("video", "CgACanim", "video/mp4", "air.mp4", 81234)),
    "sticker": told("", media("sticker", "CAACstick", "image/webp", "", 21012)),
    "sticker-animated": told("", media("sticker", "CAACtgs", "application/x-tgsticker", "", 9012)),
    "sticker-video": told("", media("sticker", "CAACvid", "video/webm", "", 31012)),
    "live-photo": told("", media("video", "LPAClive", "video/mp4", "", 912345)),
    "contact-own": told("", VCARD, notes=("contact:own",), aliases=(Address("tel", "+6281200000001"),)),
    "contact-own-without-plus": told("", VCARD, notes=("contact:own",), aliases=(Address("tel", "+60123456789"),)),
    "contact-own-unreadable": told("", VCARD, notes=("contact:own",)),
    "contact-other": told("", VCARD, notes=("contact:other",)),
    "location": told(location=PIN),
    "location-live": told(location=PIN, notes=("live location",)),
    "location-live-moves": edited(location=Location(3.3136, 117.5919), notes=("live location",), after=30),
    "location-live-ends": edited(location=Location(3.3137, 117.592), after=900),
    "location-off-the-earth": unread("a field has an unknown shape: ValueError"),
    "venue": told(location=Location(3.3269, 117.5787, "Pasar Gusher", "Jl. Gajah Mada, Tarakan")),
    "edited-text": edited("Lampu jalan padam di Jl. Mulawarman RT 6"),
    "edited-caption": edited("Lubang di depan sekolah dasar", media("image", "AgAClarge", "image/jpeg", "", 187654)),
    "edited-album-item": edited(
        "Tiga lubang, satu jalan", media("image", "AgACalbum2", "image/jpeg", "", 99002), album=ALBUM
    ),
    "callback": pressed("rate:5", 40, "3478000000000000001"),
    "callback-on-an-old-message": pressed("rate:1", 7, "3478000000000000002"),
    "blocked": opt_out(True),
    "unblocked": opt_out(False),
    "added-to-group": group(SUPERGROUP, "supergroup"),
    "added-to-channel": group(-1001500000002, "channel"),
    "group-message": group(-1500000009, "group"),
    "group-photo": group(SUPERGROUP, "supergroup"),
    "supergroup-message": group(SUPERGROUP, "supergroup"),
    "channel-post": group(-1001500000002, "channel"),
    "reaction": reacted("👍"),
    "reaction-taken-back": reacted(""),
    "reaction-custom": reacted("custom_emoji paid"),
    "reaction-future": reacted("sound"),
    "poll": unsupported("poll"),
    "dice": unsupported("dice"),
    "game": unsupported("game"),
    "story": unsupported("story"),
    "checklist": unsupported("checklist"),
    "paid-media": unsupported("paid_media"),
    "invoice": unsupported("invoice"),
    "giveaway": unsupported("giveaway"),
    "gift": unsupported("gift"),
    "unique-gift": unsupported("unique_gift"),
    "future-content": unsupported("hologram"),
    "future-field-beside-text": told("Air PDAM keruh"),
    "future-update": unread("no known kind of update, but: neural_message"),
    "future-shape": unread("a field has an unknown shape: TypeError"),
    "no-content": unread("a message without content"),
    "update-without-fields": unread("no known kind of update, but: nothing"),
    **dict.fromkeys(
        [
            "auto-delete-timer",
            "business-connection",
            "business-message",
            "callback-game",
            "callback-in-group",
            "callback-inline",
            "channel-post-edited",
            "chat-background",
            "chat-boost",
            "chat-join-request",
            "chat-member",
            "chat-shared",
            "chosen-inline-result",
            "connected-website",
            "deleted-business-messages",
            "edited-business-message",
            "forum-topic-created",
            "from-a-bot",
            "group-anonymous-admin",
            "group-edited",
            "guest-message",
            "inline-query",
            "left-chat-member",
            "left-group",
            "managed-bot",
            "migrate-from-group",
            "migrate-to-supergroup",
            "new-chat-members",
            "passport-data",
            "pinned-message",
            "poll-answer",
            "poll-state",
            "pre-checkout-query",
            "proximity-alert",
            "purchased-paid-media",
            "reaction-anonymous",
            "reaction-count",
            "reaction-in-group",
            "refunded-payment",
            "removed-chat-boost",
            "shipping-query",
            "successful-payment",
            "thrown-out-of-group",
            "users-shared",
            "video-chat-started",
            "web-app-data",
            "write-access-allowed",
        ],
        NOTHING,
    ),
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
        number = update.get("update_id")
        assert type(number) is not int or not 0 <= number < 2**63, (
            "an update with a number of its own is never refused whole"
        )
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
        ("TELEGRAM_BOT_NAME", "@aduan_uji_bot", False),
        ("TELEGRAM_BOT_NAME", "aduan_uji_bot", False),
        ("TELEGRAM_BOT_NAME", "t.me/aduan_uji_bot", True),
        ("TELEGRAM_BOT_NAME", "aduan uji", True),
        ("TELEGRAM_BOT_NAME", "a" * 33, True),
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


@pytest.mark.parametrize("name", ["aduan_uji_bot", "@aduan_uji_bot"])
def test_the_name_is_what_citizens_read_and_its_link_opens_the_bot(name: str) -> None:
    assert channel(TELEGRAM_BOT_NAME=name).contact == ("@aduan_uji_bot", "https://t.me/aduan_uji_bot")


def test_without_a_name_nobody_is_sent_anywhere() -> None:
    assert channel().contact == ("", "")


def test_every_example_of_the_coverage_table_is_a_payload_and_no_payload_is_unexplained() -> None:
    rows = [row for row in Telegram.handled if row.group is not Group.STATE]
    assert {row.example for row in rows} <= set(NAMES)
    assert len({row.name for row in rows}) == len(rows)


def test_every_kind_of_update_and_content_of_the_library_is_accounted_for() -> None:
    """A new version of the library that knows more must not be taken in unread."""
    known = READABLE | UNSUPPORTED | SERVICE | ABOUT
    assert {kind.value for kind in MessageType} <= known
    told_of = " ".join(row.name for row in Telegram.handled)
    assert [kind.value for kind in UpdateType if kind.value not in told_of and kind.value != "message"] == []


#: What Telegram answers → code of the table, class.
REFUSALS: dict[str, tuple[int, str, str, type[SendError]]] = {
    "blocked": (403, "Forbidden: bot was blocked by the user", "403 bot was blocked", RecipientStopped),
    "deactivated": (403, "Forbidden: user is deactivated", "403 user is deactivated", BadAddress),
    "never-started": (
        403,
        "Forbidden: bot can't initiate conversation with a user",
        "403 initiate conversation",
        RecipientStopped,
    ),
    "kicked": (403, "Forbidden: bot was kicked from the supergroup chat", "403 bot was kicked", RecipientStopped),
    "other-403": (403, "Forbidden: something new", "403", RecipientStopped),
    "no-chat": (400, "Bad Request: chat not found", "400 chat not found", BadAddress),
    "no-peer": (400, "Bad Request: PEER_ID_INVALID", "400 peer_id_invalid", BadAddress),
    "too-long": (400, "Bad Request: message is too long", "400 message is too long", Permanent),
    "no-rights": (
        400,
        "Bad Request: not enough rights to send text messages to the chat",
        "400 rights to send",
        Permanent,
    ),
    "other-400": (400, "Bad Request: something new", "400", Permanent),
    "token": (401, "Unauthorized", "401", Misconfigured),
    "no-such-bot": (404, "Not Found", "404", Misconfigured),
    "second-poller": (
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
        "409 other getupdates",
        Misconfigured,
    ),
    "webhook": (
        409,
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
        "409 webhook is active",
        Misconfigured,
    ),
    "other-409": (409, "Conflict", "409", Misconfigured),
    "flood": (429, "Too Many Requests: retry after 7", "429", Temporary),
    "fault": (500, "Internal Server Error", "500", OutcomeUnknown),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_means(name: str) -> None:
    status, said, code, error = REFUSALS[name]
    found = meaning(status, said)
    assert found is not None
    assert (found.code, found.error) == (code, error)
    assert Telegram.errors[code] is found


def test_a_status_nobody_knows_means_nothing() -> None:
    assert meaning(418, "I'm a teapot") is None
