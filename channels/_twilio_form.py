"""Reading the form Twilio posts: its words, its files, its pin. What cannot be read is noted, the message is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from urllib.parse import parse_qsl, urlsplit

from channels.base import RawRequest
from channels.errors import Malformed
from channels.message import Attachment, AttachmentKind, DeliveryState, Location
from channels.text import clean

#: Provider's word for where a message stands → ours. Anything else is ``unknown``.
STATES: dict[str, DeliveryState] = {
    "accepted": DeliveryState.QUEUED,
    "scheduled": DeliveryState.QUEUED,
    "queued": DeliveryState.QUEUED,
    "sending": DeliveryState.SENDING,
    "sent": DeliveryState.SENT,
    "partially_delivered": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.READ,
    "undelivered": DeliveryState.FAILED,
    "failed": DeliveryState.FAILED,
    "canceled": DeliveryState.FAILED,
}
#: Message types whose content the fields we read say in full. The set is open at the provider's end.
_TYPES = frozenset(("text", "image", "audio", "voice", "video", "document", "sticker", "contacts", "location"))
#: Those that do when the words of the choice come with them.
_CHOICES = frozenset(("button", "interactive", "list", "reply"))
_KINDS: dict[str, AttachmentKind] = {
    "image/webp": AttachmentKind.STICKER,
    "audio/ogg": AttachmentKind.VOICE,
    "text/vcard": AttachmentKind.CONTACT,
    "text/x-vcard": AttachmentKind.CONTACT,
    "application/octet-stream": AttachmentKind.UNKNOWN,
    "image": AttachmentKind.IMAGE,
    "audio": AttachmentKind.AUDIO,
    "video": AttachmentKind.VIDEO,
    "application": AttachmentKind.DOCUMENT,
    "text": AttachmentKind.DOCUMENT,
}
# The signature covers names and values run together, so a boundary can be shifted without breaking it; names of
# another shape than the provider's own betray that.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
WORD = re.compile(r"[A-Za-z_-]{1,32}")
_CONTENT_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,80}")
#: Where a file lies below our account; the address around it is not believed.
MEDIA = re.compile(r"Messages/(?:SM|MM)[0-9a-f]{32}/Media/ME[0-9a-f]{32}")
_MEDIA_URL = re.compile(rf"/({MEDIA.pattern})$")
#: The provider never sends more than ten files with a message.
_MOST_MEDIA = 10


def read(request: RawRequest) -> dict[str, str]:
    """Calling this will read the fields of a form, or of a query where that is what was sent, cleaned for storing.

    Raises Malformed when a name is not of the provider's shape or comes twice, or nothing can be decoded.
    """
    if request.method == "GET":
        try:
            query = urlsplit(request.url).query
            pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=1000)
        except ValueError as error:
            raise Malformed(f"the query cannot be decoded: {type(error).__name__}") from error
    else:
        pairs = request.form()
    fields: dict[str, str] = {}
    for name, value in pairs:
        if not _NAME.fullmatch(name):
            raise Malformed("a field name is not of the provider's shape")
        if name in fields:
            raise Malformed("a field comes twice")
        fields[name] = clean(value)
    return fields


def files(fields: Mapping[str, str]) -> tuple[tuple[Attachment, ...], list[str]]:
    """Calling this will list a message's files, with a note for each whose media id cannot be read."""
    count = fields.get("NumMedia") or "0"
    if not re.fullmatch(r"[0-9]{1,3}", count):
        return (), ["media-unreadable"]
    found, notes = [], []
    for number in range(min(int(count), _MOST_MEDIA)):
        match = _MEDIA_URL.search(fields.get(f"MediaUrl{number}", ""))
        if not match:
            notes.append("media-unreadable")
            continue
        given = fields.get(f"MediaContentType{number}", "").partition(";")[0].strip().lower()
        content_type = given if _CONTENT_TYPE.fullmatch(given) else "application/octet-stream"
        kind = _KINDS.get(content_type) or _KINDS.get(content_type.partition("/")[0]) or AttachmentKind.UNKNOWN
        found.append(Attachment(kind, match[1], content_type))
    return tuple(found), notes


def pin(fields: Mapping[str, str]) -> tuple[Location | None, list[str]]:
    """Calling this will read a message's place in degrees, with a note when it is given but cannot be read."""
    if "Latitude" not in fields and "Longitude" not in fields:
        return None, []
    try:
        latitude, longitude = float(fields.get("Latitude", "")), float(fields.get("Longitude", ""))
    except ValueError:
        return None, ["location-unreadable"]
    if not (isfinite(latitude) and isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180):
        return None, ["location-unreadable"]
    return Location(latitude, longitude, fields.get("Label", ""), fields.get("Address", "")), []


def fetched_at(text: str) -> datetime | None:
    """Calling this will read an instant that we wrote ourselves (ISO 8601, with its zone), in UTC: the SDK writes any
    other as if it were. None for anything else."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant.astimezone(UTC) if instant.tzinfo else None


def type_note(fields: Mapping[str, str]) -> list[str]:
    """Calling this will note a message type no rule knows, or a choice that says nothing; its text is kept all the
    same."""
    word = fields.get("MessageType", "")
    if not word or word.lower() in _TYPES:
        return []
    if word.lower() in _CHOICES and any(fields.get(name) for name in ("Body", "ButtonText", "ListTitle")):
        return []
    return [f"type:{word}" if WORD.fullmatch(word) else "type-unreadable"]
