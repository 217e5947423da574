"""What a citizen sends from a page: read, checked in plain words, and handed through the door as one message."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any

from flask import request
from werkzeug.exceptions import HTTPException

from bot.door import JSON, pulled, take
from bot.hooks import runtime
from channels.web import Web
from dispatch.services.media import sniff

MOST_FILES = 3
FILE_BYTES = Web.limits.attachment_bytes
#: All files of one message together: base64 in the stored body makes four bytes of three.
FILES_BYTES = Web.limits.body_bytes * 2 // 3
#: The page reads this much before it refuses: a photo somewhat too large costs a sentence, not the citizen's words.
MOST_BYTES = 32_000_000
PLACE_LENGTH = 200
NAME_LENGTH = 120
_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")


@dataclass(frozen=True, slots=True)
class Fault:
    """Calling this will hold why something was not taken: a phrase, its values, the HTTP status, the faulty field."""

    phrase: str
    values: dict[str, str | int]
    status: int = 400
    field: str = ""


@dataclass(frozen=True, slots=True)
class Upload:
    """Calling this will hold one file as it was sent."""

    name: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """Calling this will hold what stood in a form. ``new`` marks the report form, whose text is always a new matter."""

    new: bool
    key: str
    text: str = ""
    place: str = ""
    name: str = ""
    files: tuple[Upload, ...] = ()

    @classmethod
    def empty(cls, new: bool) -> Draft:
        """Calling this will make a blank form's content with a fresh key."""
        return cls(new, fresh_key())

    @classmethod
    def read(cls, new: bool) -> Draft:
        """Calling this will read the form of the request at hand. Raises RequestEntityTooLarge."""
        form = request.form
        key = form.get("key", "")
        files = [file for file in request.files.getlist("photo") if file.filename]
        return cls(
            new=new,
            key=key if _KEY.fullmatch(key) else fresh_key(),
            text=form.get("text", "").replace("\r\n", "\n").strip(),
            place=form.get("place", "").strip()[:PLACE_LENGTH],
            name=form.get("name", "").strip()[:NAME_LENGTH],
            files=tuple(
                Upload(file.filename or "", file.mimetype or "", file.stream.read()) for file in files[: MOST_FILES + 1]
            ),
        )

    @classmethod
    def salvage(cls, new: bool) -> Draft:
        """Calling this will read what can be read of a request that failed, so that no words are lost."""
        try:
            return cls.read(new)
        except HTTPException:
            return cls.empty(new)

    def fault(self) -> Fault | None:
        """Calling this will say what keeps this from being taken, None when nothing does."""
        if not self.text and (self.new or not self.files):
            return Fault("web_empty_error", {}, field="text")
        if len(self.text) > Web.limits.text_length:
            return Fault("too_long", {"limit": Web.limits.text_length}, field="text")
        if len(self.files) > MOST_FILES:
            return Fault("web_photo_count_error", {"limit": MOST_FILES}, field="photo")
        if not all(sniff(file.data).startswith("image/") for file in self.files):
            return Fault("web_photo_kind_error", {}, 415, "photo")
        for size, limit in (
            (max((len(file.data) for file in self.files), default=0), FILE_BYTES),
            (sum(len(file.data) for file in self.files), FILES_BYTES),
        ):
            if size > limit:
                return Fault("web_too_large_error", {"limit": megabytes(limit)}, 413, "photo")
        return None

    def hand_over(self, chat: str, language: str) -> bool:
        """Calling this will record the message through the door; False when it was recorded before.

        The id is the form's key and a digest of the content: pressing the button twice sends once, while changing the
        text of a page the browser kept sends again. What the database raises passes through.
        """
        content: dict[str, Any] = {
            "text": self.text,
            "name": self.name,
            "new": self.new,
            "place": self.place,
            "files": [
                {"name": file.name, "type": file.content_type, "data": base64.b64encode(file.data).decode("ascii")}
                for file in self.files
            ],
        }
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
        body = {**content, "key": f"{self.key}-{digest}", "chat": chat, "language": language}
        wired = runtime()
        sent = pulled(wired, json.dumps(body).encode(), JSON)
        return bool(take(wired, wired.channel(Web.kind), sent).new)


def megabytes(count: int) -> str:
    """Calling this will write a number of bytes as whole megabytes."""
    return f"{count // 1_000_000} MB"


def fresh_key() -> str:
    """Calling this will make a form's key."""
    return secrets.token_urlsafe(16)
