"""Updates of the Bot API, as events.

========================================  ======================================================================
message in a private chat                 InboundMessage; a command loses its slash: ``/start@our_bot x`` → ``start x``
edited_message in a private chat          InboundMessage, note ``edited``, with the ``provider_id`` of the original
callback_query on a private message       InboundMessage in reply to it: text = data, note ``callback:<id>``
my_chat_member ``kicked`` / ``member``    OptOut (blocked) / OptOut with ``stopped=False`` (unblocked)
a poll, a game, content no rule knows     InboundMessage, note ``unsupported:<field>``: the citizen can be told
service messages (pinned, payment …)      nothing
anything from a bot                       nothing: since Bot API 10.0 two bots could answer each other for ever
groups and channels                       nothing: what is said there is public; ``/setjoingroups`` keeps the bot out
other known kinds (inline, reaction …)    nothing
a kind or a shape that no rule knows      Unreadable
========================================  ======================================================================

Further notes: ``forwarded``, ``live location``, ``contact:own`` (the sender's own number, by Telegram's word) and
``contact:other`` (anybody's). The words of a command stay as typed. A message id, ours or theirs, is
``<chat id>:<message id>``, because Telegram numbers messages per chat.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, TypedDict

from telegram import CallbackQuery, ChatMemberUpdated, Message, Update
from telegram.constants import ChatType, MessageType, UpdateType

from channels.errors import FetchError, Malformed
from channels.message import Address, Attachment, AttachmentKind, Event, InboundMessage, Location, OptOut, Unreadable
from channels.telegram.client import UNREADABLE

#: Field of a message → our kind, and the type to assume when Telegram names none. First match wins: an animation also
#: comes as ``document``, and of a live photo the still picture is the evidence.
MEDIA: tuple[tuple[str, AttachmentKind, str], ...] = (
    ("animation", AttachmentKind.VIDEO, "video/mp4"),
    ("photo", AttachmentKind.IMAGE, "image/jpeg"),
    ("live_photo", AttachmentKind.VIDEO, "video/mp4"),
    ("voice", AttachmentKind.VOICE, "audio/ogg"),
    ("audio", AttachmentKind.AUDIO, "audio/mpeg"),
    ("video", AttachmentKind.VIDEO, "video/mp4"),
    ("video_note", AttachmentKind.VIDEO, "video/mp4"),
    ("sticker", AttachmentKind.STICKER, "image/webp"),
    ("document", AttachmentKind.DOCUMENT, "application/octet-stream"),
)
#: An uncompressed photograph arrives as a document.
DOCUMENTS = {"image": AttachmentKind.IMAGE, "audio": AttachmentKind.AUDIO, "video": AttachmentKind.VIDEO}
#: What a citizen may send on purpose and we cannot read.
UNSUPPORTED = {"poll", "dice", "game", "story", "checklist", "paid_media", "invoice", "giveaway", "gift", "unique_gift"}
#: Fields the library lists as content that only say something about the rest of a message.
ABOUT = {"effect_id", "sender_boost_count", "business_connection_id", "sender_business_bot", "reply_to_story"}
READABLE = {"text", "contact", "location", "venue", *(field for field, _, _ in MEDIA)}
SERVICE = {kind.value for kind in MessageType} - UNSUPPORTED - ABOUT - READABLE
UPDATE_KINDS = {kind.value for kind in UpdateType}

#: The source of an attachment whose bytes lie in the event itself.
CONTACT = "contact"
_COMMAND = re.compile(r"\A/([A-Za-z]\w{0,31})(?:@\w+)?(?!\S)", re.ASCII)


class Key(TypedDict):
    """Calling this will hold what names an event."""

    channel: str
    account: str
    external_id: str


def read(body: bytes, channel: str, account: str) -> list[Event]:
    """Calling this will translate one update. Raises Malformed when the body is not one."""
    try:
        data = json.loads(body)
        number = _whole(data["update_id"])
    except UNREADABLE as fault:
        raise Malformed(f"not a Telegram update: {type(fault).__name__}") from None
    key: Key = {"channel": channel, "account": account, "external_id": str(number)}
    kinds = set(data) - {"update_id"}
    if not kinds & UPDATE_KINDS:
        return [Unreadable(**key, reason=f"no known kind of update, but: {_names(kinds)}")]
    try:
        update = Update.de_json(data, None)
        for kind, translate in TRANSLATORS.items():
            if kind in kinds:
                return translate(getattr(update, kind), data[kind], key)
    except UNREADABLE as fault:
        return [Unreadable(**key, reason=f"a field has an unknown shape: {type(fault).__name__}")]
    return []


def message_id(message: Any) -> str:
    """Calling this will name a message, or one that Telegram has forgotten but for its number."""
    return f"{_whole(message.chat.id)}:{_whole(message.message_id)}"


def vcard(raw: bytes) -> bytes:
    """Calling this will write the contact of an update as a vCard 4.0 (RFC 6350). Raises FetchError."""
    try:
        update = json.loads(raw)
        contact = (update.get("message") or update["edited_message"])["contact"]
        first, last = _text(contact["first_name"]), _text(contact.get("last_name"))
        phone = _text(contact["phone_number"])
    except UNREADABLE:
        raise FetchError("the event holds no contact", permanent=True) from None
    lines = (
        "BEGIN:VCARD",
        "VERSION:4.0",
        f"FN:{_vcard_text(f'{first} {last}'.strip())}",
        f"N:{_vcard_text(last)};{_vcard_text(first)};;;",
        f"TEL;VALUE=text:{_vcard_text(phone)}",
        "END:VCARD",
        "",
    )
    return "\r\n".join(lines).encode()


def _message(message: Message, data: dict[str, Any], key: Key, *notes: str) -> list[Event]:
    person = message.from_user
    if message.chat.type != ChatType.PRIVATE or (person and person.is_bot):
        return []
    text = _COMMAND.sub(r"\1", _text(message.text)) or _text(message.caption)
    attachments, location = _attachments(message), _location(message)
    found = list(notes)
    if message.forward_origin:
        found.append("forwarded")
    if "live_period" in (data.get("location") or ()):
        found.append("live location")
    if message.contact:
        own = person is not None and message.contact.user_id == person.id
        found.append("contact:own" if own else "contact:other")
    if not (text or attachments or location):
        fields = set(data)
        if fields & SERVICE:
            return []
        unknown = fields & UNSUPPORTED or set(message.api_kwargs)
        if not unknown:
            return [Unreadable(**key, reason="a message without content")]
        found.append(f"unsupported:{_names(unknown)}")
    answered = message.reply_to_message
    return [
        InboundMessage(
            **key,
            sender=Address(key["channel"], str(_whole(message.chat.id))),
            text=text,
            sender_name=_text(person.full_name) if person else "",
            sent_at=message.edit_date or message.date,
            attachments=attachments,
            location=location,
            reply_to=(message_id(answered),) if answered else (),
            album=_text(message.media_group_id),
            provider_id=message_id(message),
            revises=message_id(message) if "edited" in found else "",
            language=_text(person.language_code) if person else "",
            notes=tuple(found),
        )
    ]


def _edited(message: Message, data: dict[str, Any], key: Key) -> list[Event]:
    return _message(message, data, key, "edited")


def _callback(query: CallbackQuery, data: dict[str, Any], key: Key) -> list[Event]:
    if query.message is None or query.message.chat.type != ChatType.PRIVATE or query.from_user.is_bot:
        return []
    return [
        InboundMessage(
            **key,
            sender=Address(key["channel"], str(_whole(query.message.chat.id))),
            text=_text(query.data),
            sender_name=_text(query.from_user.full_name),
            reply_to=(message_id(query.message),),
            language=_text(query.from_user.language_code),
            notes=(f"callback:{_text(query.id)}",),
        )
    ]


def _member(change: ChatMemberUpdated, data: dict[str, Any], key: Key) -> list[Event]:
    stopped = {"kicked": True, "member": False}.get(change.new_chat_member.status)
    if change.chat.type != ChatType.PRIVATE or stopped is None or change.from_user.is_bot:
        return []
    sender = Address(key["channel"], str(_whole(change.chat.id)))
    return [OptOut(**key, sender=sender, stopped=stopped, occurred_at=change.date)]


TRANSLATORS: dict[str, Callable[[Any, dict[str, Any], Key], list[Event]]] = {
    "message": _message,
    "edited_message": _edited,
    "callback_query": _callback,
    "my_chat_member": _member,
}


def _attachments(message: Message) -> tuple[Attachment, ...]:
    found: list[Attachment] = []
    for name, kind, assumed in MEDIA:
        media = getattr(message, name, None)
        if not media:
            continue
        if name == "photo":
            media = max(media, key=lambda size: size.width * size.height)
        stated = _text(getattr(media, "mime_type", None)).lower()
        if name == "document":
            kind = DOCUMENTS.get(stated.partition("/")[0], kind)
        if name == "sticker" and (media.is_animated or media.is_video):
            stated = "video/webm" if media.is_video else "application/x-tgsticker"
        size = None if media.file_size is None else _whole(media.file_size)
        file_name = re.split(r"[/\\]", _text(getattr(media, "file_name", None)))[-1]
        found.append(Attachment(kind, _text(media.file_id), stated or assumed, file_name, size))
        break
    if message.contact:
        found.append(Attachment(AttachmentKind.CONTACT, CONTACT, "text/vcard", "contact.vcf"))
    return tuple(found)


def _location(message: Message) -> Location | None:
    venue = message.venue
    pin = venue.location if venue else message.location
    if pin is None:
        return None
    latitude, longitude = float(pin.latitude), float(pin.longitude)
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise ValueError("not a place on Earth")
    return Location(latitude, longitude, _text(venue.title) if venue else "", _text(venue.address) if venue else "")


def _text(value: Any) -> str:
    """Calling this will return text that any database takes: NUL and half surrogate pairs become U+FFFD."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**63:
        raise TypeError("not a number that Telegram would give")
    return value


def _names(fields: set[str]) -> str:
    return _text(", ".join(sorted(fields)))[:100] or "nothing"


def _vcard_text(value: str) -> str:
    return re.sub(r"([\\,;])", r"\\\1", value).replace("\r", "").replace("\n", "\\n")
