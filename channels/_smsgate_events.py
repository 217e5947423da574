"""What an SMSGate webhook, or one message of the phone's inbox, says; and the files inside it.

The app's own message id is a 32-bit hash and an event's id is new with every replay, so the key of a message is made of
what it *is*: sender, time, text. The webhook and the inbox agree in these, whatever else they say.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from channels._smsgate import REPORTS, SIGNS_OF_LIFE, failure
from channels.errors import FetchError, Malformed, TooLarge
from channels.message import (
    Address,
    Attachment,
    AttachmentKind,
    DeliveryReport,
    Event,
    InboundMessage,
    Notice,
    NoticeKind,
    Unreadable,
)
from channels.phones import NOT_A_PERSON, sms_sender
from channels.text import clean

Fields = dict[str, Any]

_ID = re.compile(r"[\w:.-]{1,64}")
_KINDS = {
    "image": AttachmentKind.IMAGE,
    "audio": AttachmentKind.AUDIO,
    "video": AttachmentKind.VIDEO,
    "text": AttachmentKind.DOCUMENT,
    "application": AttachmentKind.DOCUMENT,
}
_CONTACTS = frozenset({"text/vcard", "text/x-vcard"})
#: The layout of an MMS: a part for the phone, not of the message.
_LAYOUT = "application/smil"
_MOST_PARTS = 50
#: The inbox shows so many bytes of a data SMS, in hexadecimal.
_SHOWN = 64
_PART = re.compile(r"part:(-?[0-9]{1,20})")
_LISTED = re.compile(r"inbox:(.{1,100}):(-?[0-9]{1,20})")


def read(kind: str, account: str, body: bytes) -> list[Event]:
    """Calling this will translate one body into events of the channel ``kind``. Raises Malformed."""
    try:
        whole = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {type(error).__name__}") from error
    if not isinstance(whole, dict):
        raise Malformed("not a JSON object")
    reader = _Reader(kind, account)
    if "event" not in whole and "inbox" in whole:
        return [] if whole["inbox"] is None else [reader.listed(whole["inbox"])]
    return reader.event(whole)


class _Reader:
    """Calling this will hold whose messages are read."""

    def __init__(self, kind: str, account: str) -> None:
        self.kind = kind
        self.account = account

    def event(self, whole: Fields) -> list[Event]:
        event, payload = _text(whole, "event"), whole.get("payload")
        event_id = _text(whole, "id")
        if not event or not _ID.fullmatch(event_id):
            raise Malformed("the event has no name or no id")
        if event in SIGNS_OF_LIFE:
            return []
        known = event in REPORTS or event in _READERS
        if not known:
            return [
                Unreadable(
                    channel=self.kind,
                    account=self.account,
                    external_id=f"event:{event_id}",
                    reason="an event we do not know",
                )
            ]
        if not isinstance(payload, dict):
            raise Malformed("the event has no payload")
        if event in REPORTS:
            return [self._report(event, payload)]
        return [_READERS[event](self, payload, f"event:{event_id}")]

    def listed(self, item: Any) -> Event:
        """One row of the phone's inbox, put into the shape its webhook would have had."""
        if not isinstance(item, dict):
            raise Malformed("a row of the inbox is no object")
        row, shown = _text(item, "id"), _optional(item, "contentPreview") or ""
        payload = {**item, "receivedAt": item.get("createdAt"), "message": shown, "preview": shown, "row": row}
        match item.get("type"):
            case "SMS":
                return self._sms(payload, f"inbox:{row}")
            case "DATA_SMS":
                return self._data(payload, f"inbox:{row}")
            case "MMS":
                return self._announced(payload, f"inbox:{row}")
            case "MMS_DOWNLOADED":
                return self._mms({**payload, "body": shown}, f"inbox:{row}")
        key = f"inbox:{row}" if _ID.fullmatch(row) else _digest("inbox", "", None, json.dumps(item, sort_keys=True))
        return Unreadable(
            channel=self.kind, account=self.account, external_id=key, reason="a type of message we do not know"
        )

    def _report(self, event: str, payload: Fields) -> DeliveryReport:
        state, timed = REPORTS[event]
        message_id = _text(payload, "messageId")
        if not _ID.fullmatch(message_id):
            raise Malformed("a report without the message's id")
        failed = event in ("sms:failed", "sms:cancelled")
        return DeliveryReport(
            channel=self.kind,
            account=self.account,
            external_id=f"{message_id}:{event}",
            message_id=message_id,
            state=state,
            occurred_at=_time(payload, timed),
            error_code=failure(event, _text(payload, "reason")) if failed else "",
            key=message_id,
        )

    def _sms(self, payload: Fields, fallback: str) -> Event:
        text = _optional(payload, "message")
        if text is None:
            raise Malformed("an SMS without a text")
        return self._message(payload, "sms", text, fallback, text=text)

    def _data(self, payload: Fields, fallback: str) -> Event:
        if "row" in payload:
            preview = _text(payload, "preview")
            data = _unhexed(preview)
        else:
            data = _decoded(_text(payload, "data"))
            if data is None:
                raise Malformed("a data SMS that is not base64")
            preview = data[:_SHOWN].hex() + ("..." if len(data) > _SHOWN else "")
        text = _readable(data)
        raw = _text(payload, "sender") or _text(payload, "phoneNumber")
        if text is None:
            key = _digest("data", raw, _time(payload, "receivedAt"), preview)
            return Unreadable(
                channel=self.kind,
                account=self.account,
                external_id=key,
                reason="a data SMS that is no text: for a program",
            )
        return self._message(payload, "data", preview, fallback, text=text, automatic=True, notes=("data-sms",))

    def _announced(self, payload: Fields, fallback: str) -> Event:
        preview = payload.get("preview") if "row" in payload else payload.get("subject")
        shown = preview if isinstance(preview, str) else "MMS notification"
        sender, _, at, key = self._who(payload, "mms-header", shown, fallback)
        return Notice(
            channel=self.kind,
            account=self.account,
            external_id=key,
            sender=sender,
            what=NoticeKind.OTHER,
            detail="an MMS waits to be downloaded by the phone",
            occurred_at=at,
        )

    def _mms(self, payload: Fields, fallback: str) -> Event:
        body, subject = _optional(payload, "body"), _optional(payload, "subject")
        told = next((each for each in (body, subject) if each is not None), "MMS content")
        files, lost = _files(payload)
        only_shown = "row" in payload and told == "MMS content"
        return self._message(
            payload,
            "mms",
            told,
            fallback,
            text="" if only_shown else body or "",
            subject=subject or "",
            attachments=files,
            notes=lost,
        )

    def _message(
        self,
        payload: Fields,
        what: str,
        identity: str,
        fallback: str,
        *,
        text: str,
        subject: str = "",
        attachments: tuple[Attachment, ...] = (),
        automatic: bool = False,
        notes: tuple[str, ...] = (),
    ) -> InboundMessage:
        sender, machine, at, key = self._who(payload, what, identity, fallback)
        return InboundMessage(
            channel=self.kind,
            account=self.account,
            external_id=key,
            sender=sender,
            text=clean(text),
            subject=clean(subject),
            sent_at=at,
            attachments=attachments,
            automatic=automatic or machine,
            notes=(*notes, NOT_A_PERSON) if machine else notes,
        )

    def _who(
        self, payload: Fields, what: str, identity: str, fallback: str
    ) -> tuple[Address, bool, datetime | None, str]:
        """Sender, whether it is a machine, when it was sent, and the key; without a time only the event's own id tells
        two equal texts apart."""
        raw = _text(payload, "sender") or _text(payload, "phoneNumber")
        sender, machine = sms_sender(clean(raw))
        at = _time(payload, "receivedAt")
        return sender, machine, at, _digest(what, raw, at, identity) if at else clean(fallback)


_READERS = {
    "sms:received": _Reader._sms,
    "sms:data-received": _Reader._data,
    "mms:received": _Reader._announced,
    "mms:downloaded": _Reader._mms,
}


def _digest(what: str, sender: str, at: datetime | None, identity: str) -> str:
    """The key of a message: the same SMS gives the same, by whichever way it comes, to the millisecond."""
    instant = round(at.timestamp() * 1000) if at else 0
    parts = "\x1f".join((sender.strip(), str(instant), identity))
    return f"{what}:{sha256(parts.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _optional(fields: Fields, name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) else None


def _time(fields: Fields, name: str) -> datetime | None:
    """An aware instant in UTC; None when it is absent, without a zone, or no time at all."""
    try:
        instant = datetime.fromisoformat(_text(fields, name))
        return instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _readable(data: bytes | None) -> str | None:
    try:
        text = (data or b"").decode("utf-8")
    except UnicodeDecodeError:
        return None
    printable = all(char.isprintable() or char in "\r\n\t" for char in text)
    return text if text.strip() and printable else None


def _unhexed(preview: str) -> bytes | None:
    try:
        return bytes.fromhex(preview)
    except ValueError:
        return None


def _decoded(data: str) -> bytes | None:
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _parts(payload: Fields) -> list[Fields]:
    given = payload.get("attachments")
    return [each for each in given[:_MOST_PARTS] if isinstance(each, dict)] if isinstance(given, list) else []


def _files(payload: Fields) -> tuple[tuple[Attachment, ...], tuple[str, ...]]:
    """The files of an MMS, and a note for each that the phone names without giving it."""
    row = payload.get("row")
    files: list[Attachment] = []
    lost: list[str] = []
    for each in _parts(payload):
        number, size = each.get("partId"), each.get("size")
        content_type = _text(each, "contentType").partition(";")[0].strip().lower() or "application/octet-stream"
        if content_type == _LAYOUT:
            continue
        here = isinstance(number, int) and abs(number) < 10**19
        if not here or (row is None and not _text(each, "data")):
            lost.append("attachment-not-given")
            continue
        group = content_type.partition("/")[0]
        files.append(
            Attachment(
                kind=AttachmentKind.CONTACT if content_type in _CONTACTS else _KINDS.get(group, AttachmentKind.UNKNOWN),
                source=f"part:{number}" if row is None else f"inbox:{row}:{number}",
                content_type=clean(content_type)[:100],
                filename=clean(_text(each, "name"))[:200],
                size=size if isinstance(size, int) and 0 <= size < 2**40 else None,
            )
        )
    return tuple(files), tuple(lost)


def listed_part(source: str) -> tuple[str, str] | None:
    """Calling this will give the inbox row and the part an attachment lies in, None for one inside its webhook."""
    found = _LISTED.fullmatch(source)
    return (found[1], found[2]) if found else None


def part(raw: bytes, source: str, most: int) -> bytes:
    """Calling this will cut the bytes of one file (at most ``most``) out of its webhook. Raises FetchError."""
    found = _PART.fullmatch(source)
    try:
        payload = json.loads(raw)["payload"] if found else None
    except (ValueError, KeyError, TypeError, RecursionError):
        payload = None
    parts = _parts(payload) if isinstance(payload, dict) else []
    text = next((_text(each, "data") for each in parts if found and str(each.get("partId")) == found[1]), "")
    data = _decoded(text)
    if not data:
        raise FetchError("the message holds no such file", permanent=True)
    if len(data) > most:
        raise TooLarge("the file is larger than we take")
    return data
