"""Updates of the Bot API, as events.

========================================  ======================================================================
message in a private chat                 InboundMessage; a command loses its slash: ``/start@our_bot x`` → ``start x``
``/start payload`` (a deep link)          the text ``start`` and the note ``start:<payload>``
edited_message in a private chat          InboundMessage that ``revises`` the original, note ``edited``; a live position
                                          that moves comes this way
callback_query on a private message       InboundMessage in reply to it: text = data, note ``callback:<id>``
my_chat_member ``kicked`` / ``member``    OptOut (blocked) / OptOut with ``stopped=False`` (unblocked)
message_reaction in a private chat        Notice: reaction; ``detail`` is the emoji, empty when it was taken back
whatever is said in a group or channel,   Notice: group, without the bytes: what strangers say there is not kept
and the bot being taken in there
a poll, a game, content no rule knows     InboundMessage, note ``unsupported:<field>``: the person can be told
service messages (pinned, payment …)      nothing
anything from a bot                       nothing: since Bot API 10.0 two bots could answer each other for ever
other known kinds (inline …)              nothing
a kind or a shape that no rule knows      Unreadable
========================================  ======================================================================

Further notes: ``forwarded``, ``live location``, ``contact:own`` (the sender's own number, by Telegram's word, which is
also an alias) and ``contact:other`` (anybody's). The words of a command stay as typed. A message id, ours or theirs, is
``<chat id>:<message id>``, because Telegram numbers messages per chat.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, TypedDict

from telegram import (
    CallbackQuery,
    Chat,
    ChatMemberUpdated,
    Message,
    MessageReactionUpdated,
    ReactionTypeEmoji,
    Update,
)
from telegram.constants import ChatType, MessageType, UpdateType

from channels.errors import FetchError, Malformed
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
from channels.phones import phone
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
SERVICE = {kind.value for kind in MessageType} - UNSUPPORTED - ABOUT - READABLE | {"migrate_from_chat_id"}
UPDATE_KINDS = {kind.value for kind in UpdateType}

#: The source of an attachment whose bytes lie in the event itself.
CONTACT = "contact"
#: What somebody can say in a deep link: t.me/<bot>?start=<payload>.
_START = re.compile(r"/start(?:@\w+)?[ ]([A-Za-z0-9_-]{1,64})", re.ASCII)
#: Our standing in a group or channel that took us in.
TAKEN_IN = {"member", "administrator", "restricted"}
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
        # Before the library reads it: what only concerns the chat may have any shape.
        if any(_service(set(data[kind])) for kind in ("message", "channel_post") if kind in kinds):
            return []
        update = Update.de_json(data, None)
        for kind, translate in TRANSLATORS.items():
            if kind in kinds:
                return translate(getattr(update, kind), data[kind], key)
    except UNREADABLE as fault:
        return [Unreadable(**key, reason=f"a field has an unknown shape: {type(fault).__name__}")]
    return []


def _service(fields: set[str]) -> bool:
    return bool(fields & SERVICE) and not fields & (READABLE | UNSUPPORTED)


def pressed(body: bytes) -> str:
    """Calling this will give the id of the press of a button that an update is about, or an empty text."""
    try:
        return _text(json.loads(body)["callback_query"]["id"])
    except UNREADABLE:
        return ""


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
    if person and person.is_bot:
        return []
    if message.chat.type != ChatType.PRIVATE:
        return [] if notes else _group(message.chat, key)
    text = _COMMAND.sub(r"\1", _text(message.text)) or _text(message.caption)
    attachments, location = _attachments(message), _location(message)
    found = list(notes)
    if link := _START.fullmatch(_text(message.text)):
        text = "start"
        found.append(f"start:{link[1]}")
    if message.forward_origin:
        found.append("forwarded")
    if "live_period" in (data.get("location") or ()):
        found.append("live location")
    aliases: tuple[Address, ...] = ()
    if message.contact:
        own = person is not None and message.contact.user_id == person.id
        found.append("contact:own" if own else "contact:other")
        if own and (number := _own_number(_text(message.contact.phone_number))):
            aliases = (Address("tel", number),)
    if not (text or attachments or location):
        unknown = set(data) & UNSUPPORTED or set(message.api_kwargs)
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
            aliases=aliases,
            language=_text(person.language_code) if person else "",
            notes=tuple(found),
        )
    ]


def _edited(message: Message, data: dict[str, Any], key: Key) -> list[Event]:
    return _message(message, data, key, "edited")


def _callback(query: CallbackQuery, data: dict[str, Any], key: Key) -> list[Event]:
    if query.message is None or query.message.chat.type != ChatType.PRIVATE or query.from_user.is_bot:
        return []
    if query.data is None:  # a game's button: it says nothing
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


def _posted(message: Message, data: dict[str, Any], key: Key) -> list[Event]:
    return _group(message.chat, key)


def _group(chat: Chat, key: Key) -> list[Event]:
    sender = Address(key["channel"], str(_whole(chat.id)))
    return [Notice(**key, raw=b"", sender=sender, what=NoticeKind.GROUP, detail=_text(chat.type))]


def _reaction(change: MessageReactionUpdated, data: dict[str, Any], key: Key) -> list[Event]:
    if change.chat.type != ChatType.PRIVATE or change.user is None or change.user.is_bot:
        return []
    shown = (each.emoji if isinstance(each, ReactionTypeEmoji) else each.type for each in change.new_reaction)
    return [
        Notice(
            **key,
            sender=Address(key["channel"], str(_whole(change.chat.id))),
            what=NoticeKind.REACTION,
            about=message_id(change),
            detail=" ".join(_text(each) for each in shown),
            occurred_at=change.date,
        )
    ]


def _member(change: ChatMemberUpdated, data: dict[str, Any], key: Key) -> list[Event]:
    status = change.new_chat_member.status
    if change.chat.type != ChatType.PRIVATE:
        return _group(change.chat, key) if status in TAKEN_IN else []
    stopped = {"kicked": True, "member": False}.get(status)
    if stopped is None or change.from_user.is_bot:
        return []
    sender = Address(key["channel"], str(_whole(change.chat.id)))
    return [OptOut(**key, sender=sender, stopped=stopped, occurred_at=change.date)]


TRANSLATORS: dict[str, Callable[[Any, dict[str, Any], Key], list[Event]]] = {
    "message": _message,
    "edited_message": _edited,
    "callback_query": _callback,
    "my_chat_member": _member,
    "message_reaction": _reaction,
    "channel_post": _posted,
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


def _own_number(said: str) -> str | None:
    """Telegram leaves the plus out, and gives a number as its owner keeps it."""
    return phone(said if said.startswith(("+", "0")) else f"+{said}")


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
