"""The form and the chat on our own pages: no provider in between, so nothing to verify and nothing to send to.

The page builds the body that ``parse`` reads (see ``FIELDS``). Answers are shown by the page itself: their outbox rows
are sent the moment they are put.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from channels.base import Channel, Limits, RawRequest
from channels.coverage import Becomes, Group, Handled
from channels.errors import FetchError, Forged, Malformed, Misconfigured, TooLarge
from channels.message import (
    Address,
    Attachment,
    AttachmentKind,
    Event,
    InboundMessage,
    Location,
    OutboundMessage,
    Receipt,
)
from channels.text import clean

#: What a body may hold, and the type of each; only ``key`` and ``chat`` must be there.
FIELDS: dict[str, tuple[type, ...]] = {
    "key": (str,),
    "chat": (str,),
    "text": (str,),
    "name": (str,),
    "privacy": (str,),
    "new": (bool,),
    "language": (str,),
    "place": (str,),
    "latitude": (int, float),
    "longitude": (int, float),
    "accuracy": (int,),
    "written_at": (str,),
    "files": (list,),
}
_KEY = re.compile(r"[A-Za-z0-9_-]{8,120}")
_CHAT = re.compile(r"[0-9a-f]{32}")
_SOURCE = re.compile(r"file:([0-9]{1,3})")
_KINDS = {"image": AttachmentKind.IMAGE, "audio": AttachmentKind.AUDIO, "video": AttachmentKind.VIDEO}


def _message(name: str, how: str, example: str) -> Handled:
    return Handled(Group.MESSAGE, name, Becomes.MESSAGE, how, example)


#: What our pages hand over, and what becomes of it.
HANDLED: tuple[Handled, ...] = (
    _message("report form", "text, declared a new matter", "report"),
    _message("report form: place", "the text's last line, in the citizen's words", "report-with-place"),
    _message("report form: photos", "attachments; with the form, or ahead of it in pieces", "report-with-photos"),
    _message("report form: position", "position, the label says how sure it is", "report-with-position"),
    _message("report form: name hidden, or all secret", "text; a note says how to treat its writer", "report-secret"),
    _message("draft that waited for a signal", "text with the time it was written and its place", "draft-of-yesterday"),
    _message("chat message", "text, joined to the open ticket", "chat-message"),
    _message("chat: photo alone", "attachment, joined to the open ticket", "chat-photo"),
    _message("chat: position alone", "position, joined to the open ticket", "chat-position"),
    _message("chosen language", "text; answered in it unless it is written in the other", "chosen-language"),
    Handled(
        Group.MESSAGE, "(unknown)", Becomes.QUARANTINE, "no page of ours writes such a field", "field-of-the-future"
    ),
    Handled(Group.STATE, "put", Becomes.DELIVERY, "sent: there is no provider in between"),
    Handled(Group.STATE, "shown in the chat", Becomes.DELIVERY, "delivered"),
)


class Web(Channel):
    """Calling this will make the channel of our own pages; always on, it knows people by their device."""

    kind = "web"
    external = False
    handled = HANDLED
    #: How somebody may ask to be treated on the form, beside being named.
    wishes = ("anonymous", "secret")
    #: What a body of this channel may hold, and the type of each.
    fields: Mapping[str, tuple[type, ...]] = FIELDS
    limits = Limits(text_length=10_000, attachment_bytes=5_000_000, body_bytes=12_000_000, automatic=None)

    @property
    def account(self) -> str:
        """Calling this will name the only account there is: the channel itself."""
        return self.kind

    def verify(self, request: RawRequest) -> None:
        """Calling this will raise Forged: only our own page writes here, and not through a webhook."""
        raise Forged("our own pages hand their messages over inside; no request from outside is one")

    def parse(self, request: RawRequest) -> Sequence[Event]:
        """Calling this will read the one message of a body our page built.

        The place a citizen named in its own field becomes the text's last line, in their own words. Raises Malformed
        for anything our page does not build.
        """
        body = self.body(request.body)
        return [
            InboundMessage(
                channel=self.kind,
                account=self.account,
                external_id=_matching(body, "key", _KEY),
                sender=Address(self.kind, _matching(body, "chat", _CHAT)),
                text=_text(body),
                sender_name=clean(" ".join(body.get("name", "").split())),
                sent_at=_instant(body),
                attachments=tuple(_attachment(number, item) for number, item in enumerate(_files(body))),
                location=_location(body),
                thread="new" if body.get("new") else "",
                language=clean(body.get("language", "")),
                notes=_wish(body),
            )
        ]

    def body(self, raw: bytes) -> dict[str, Any]:
        """Calling this will read a body's fields. Raises Malformed for one our own page does not write."""
        return _object(raw, self.fields)

    def send(self, message: OutboundMessage) -> Receipt:
        """Calling this will raise Misconfigured: rows of this channel are sent when they are put."""
        raise Misconfigured("our own pages show their messages; there is no provider to send to")

    def fetch(self, attachment: Attachment, raw: bytes) -> bytes:
        """Calling this will take a file out of the event's own body. Raises FetchError, always for good."""
        number = _SOURCE.fullmatch(attachment.source)
        try:
            files = _files(self.body(raw))
            data = base64.b64decode(files[int(number[1])]["data"], validate=True) if number else b""
        except (Malformed, IndexError, ValueError) as error:
            raise FetchError(f"the message does not hold the file: {type(error).__name__}", permanent=True) from error
        if not data:
            raise FetchError("the file is empty", permanent=True)
        if len(data) > self.limits.attachment_bytes:
            raise TooLarge(f"the file has more than {self.limits.attachment_bytes} bytes")
        return data


def _object(raw: bytes, fields: Mapping[str, tuple[type, ...]]) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the body is not JSON: {type(error).__name__}") from None
    if not isinstance(body, dict):
        raise Malformed("the body is not an object")
    for name, value in body.items():
        if not isinstance(value, fields.get(name, ())) or (isinstance(value, bool) and name != "new"):
            raise Malformed("a field has a name or a type our page does not write")
    return body


def _matching(body: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value: str = body.get(name, "")
    if not pattern.fullmatch(value):
        raise Malformed(f"{name} is missing or misshapen")
    return value


def _text(body: Mapping[str, Any]) -> str:
    lines = (body.get("text", "").strip(), " ".join(body.get("place", "").split()))
    return clean("\n".join(filter(None, lines)))


def _wish(body: Mapping[str, Any]) -> tuple[str, ...]:
    """How the writer wants to be treated, as a note: "privacy:anonymous"."""
    wish = body.get("privacy", "")
    if wish and wish not in Web.wishes:
        raise Malformed("privacy is no wish our page offers")
    return (f"privacy:{wish}",) if wish else ()


def _instant(body: Mapping[str, Any]) -> datetime | None:
    if "written_at" not in body:
        return None
    try:
        instant = datetime.fromisoformat(body["written_at"])
    except ValueError:
        raise Malformed("written_at is not an instant") from None
    if instant.utcoffset() is None:
        raise Malformed("written_at has no zone")
    return instant


def _location(body: Mapping[str, Any]) -> Location | None:
    if "latitude" not in body and "longitude" not in body:
        return None
    try:
        latitude, longitude = (float(body.get(name, math.nan)) for name in ("latitude", "longitude"))
    except OverflowError:
        raise Malformed("latitude and longitude are not degrees") from None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise Malformed("latitude and longitude are not degrees")
    # Said the way every map says it; a label, because no other channel tells how sure a pin is.
    return Location(latitude, longitude, label=f"±{body['accuracy']} m" if "accuracy" in body else "")


def _files(body: Mapping[str, Any]) -> list[dict[str, str]]:
    files: list[dict[str, str]] = body.get("files", [])
    for item in files:
        if not isinstance(item, dict) or not all(isinstance(item.get(name), str) for name in ("name", "type", "data")):
            raise Malformed("a file has a form our page does not write")
    return files


def _attachment(number: int, item: Mapping[str, str]) -> Attachment:
    content_type = clean(item["type"]).lower() or "application/octet-stream"
    return Attachment(
        kind=_KINDS.get(content_type.partition("/")[0], AttachmentKind.DOCUMENT),
        source=f"file:{number}",
        content_type=content_type,
        filename=clean(item["name"]),
        size=len(item["data"]) * 3 // 4 - item["data"][-2:].count("="),
    )
