"""What a citizen sends from a page: read, checked in plain words, and handed through the door as one message."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import request
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col
from werkzeug.exceptions import HTTPException

from bot.door import JSON, pulled, take
from bot.hooks import runtime
from channels.web import Web
from dispatch.filetypes import sniff
from dispatch.models import InboundEvent
from dispatch.runtime import Runtime
from dispatch.services import uploads
from dispatch.services.uploads import Gone, Photo, TooLarge

log = logging.getLogger("aduan.pages")


MOST_FILES = 3
FILE_BYTES = Web.limits.attachment_bytes
#: All files of one message together: base64 in the stored body makes four bytes of three.
FILES_BYTES = Web.limits.body_bytes * 2 // 3
#: The page reads this much before it refuses: a photo somewhat too large costs a sentence, not the citizen's words.
MOST_BYTES = 32_000_000
PLACE_LENGTH = 200
NAME_LENGTH = 120
#: A text younger than this was written now; one that says it is older than the most was written at the most.
WRITTEN_NOW = timedelta(minutes=1)
WRITTEN_MOST = timedelta(days=30)
#: A position less sure than this says nothing: it comes from a network's address.
ACCURACY_MOST = 1_000_000
_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")
_TOKEN = re.compile(r"[0-9a-f]{40}")
_DEGREES = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{1,20})?")
_WHOLE = re.compile(r"-?[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Fault:
    """Calling this will hold why something was not taken: a phrase, its values, the HTTP status, the faulty field."""

    phrase: str
    values: dict[str, str | int]
    status: int = 400
    field: str = ""


@dataclass(frozen=True, slots=True)
class Position:
    """Calling this will hold where the device is: degrees, and how many metres it may be off (None: unknown)."""

    latitude: float
    longitude: float
    accuracy: int | None = None

    @classmethod
    def read(cls, form: Mapping[str, str]) -> Position | None:
        """Calling this will read a form's position, None when there is none. Raises ValueError for one off the
        globe or misshapen."""
        degrees = [form.get(name, "") for name in ("latitude", "longitude")]
        if not any(degrees):
            return None
        off = form.get("accuracy", "") or "0"
        if not all(map(_DEGREES.fullmatch, degrees)) or not _WHOLE.fullmatch(off):
            raise ValueError("the position cannot be read")
        latitude, longitude = (round(float(text), 6) for text in degrees)
        if abs(latitude) > 90 or abs(longitude) > 180 or not 0 <= int(off) <= ACCURACY_MOST:
            raise ValueError("the position is nowhere")
        return cls(latitude, longitude, int(off) or None)


@dataclass(frozen=True, slots=True)
class Draft:
    """Calling this will hold what stood in a form. ``new`` marks the report form, whose text is always a new matter.

    ``files`` came with the form, ``uploads`` are tokens of photos that came ahead of it. ``written_at`` is set for what
    waited on the device; ``wrong`` names the fields of our script that make no sense.
    """

    new: bool
    key: str
    text: str = ""
    place: str = ""
    name: str = ""
    privacy: str = ""
    files: tuple[Photo, ...] = ()
    uploads: tuple[str, ...] = ()
    position: Position | None = None
    written_at: datetime | None = None
    wrong: str = ""

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
        tokens = form.getlist("upload")
        position, wrong = None, "" if all(map(_TOKEN.fullmatch, tokens)) else "upload"
        try:
            position = Position.read(form)
        except ValueError:
            wrong = "position"
        age = form.get("age", "") or "0"
        if not _WHOLE.fullmatch(age):
            age, wrong = "0", "age"
        return cls(
            new=new,
            key=key if _KEY.fullmatch(key) else fresh_key(),
            text=form.get("text", "").replace("\r\n", "\n").strip(),
            place=form.get("place", "").strip()[:PLACE_LENGTH],
            name=form.get("name", "").strip()[:NAME_LENGTH],
            privacy=form.get("privacy", "")[:NAME_LENGTH],
            files=tuple(
                Photo(file.filename or "", file.mimetype or "", file.stream.read()) for file in files[: MOST_FILES + 1]
            ),
            uploads=tuple(dict.fromkeys(tokens))[: MOST_FILES + 1] if wrong != "upload" else (),
            position=position,
            written_at=_written(timedelta(seconds=int(age))),
            wrong=wrong,
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
        if self.wrong:
            return Fault("web_position_error" if self.wrong == "position" else "web_bad_request", {})
        if self.privacy not in ("", *Web.wishes):
            return Fault("web_bad_request", {})
        if not self.text and (self.new or not (self.files or self.uploads or self.position)):
            return Fault("web_empty_error", {}, field="text")
        if len(self.text) > Web.limits.text_length:
            return Fault("too_long", {"limit": Web.limits.text_length}, field="text")
        if len(self.files) + len(self.uploads) > MOST_FILES:
            return Fault("web_photo_count_error", {"limit": MOST_FILES}, field="photo")
        if not all(sniff(file.data).startswith("image/") for file in self.files):
            return Fault("web_photo_kind_error", {}, 415, "photo")
        if any(len(file.data) > FILE_BYTES for file in self.files):
            return Fault("web_too_large_error", {"limit": megabytes(FILE_BYTES)}, 413, "photo")
        if _total(self.files) > FILES_BYTES:
            return Fault("web_too_large_error", {"limit": megabytes(FILES_BYTES)}, 413, "photo")
        return None

    def hand_over(self, chat: str, language: str) -> bool:
        """Calling this will record the message through the door; False when it was recorded before.

        The id is the form's key and a digest of the content: pressing the button twice, or sending again because the
        answer got lost, sends once, while changing the text of a page the browser kept sends again. Raises Gone when a
        photo that came ahead is not here, TooLarge when all are too many bytes; what the database raises passes
        through.
        """
        wired = runtime()
        content: dict[str, Any] = {
            "text": self.text,
            "name": self.name,
            "new": self.new,
            "place": self.place,
            "files": _encoded(self.files),
        }
        if self.privacy:
            content["privacy"] = self.privacy
        if self.position is not None:
            content.update(latitude=self.position.latitude, longitude=self.position.longitude)
            if self.position.accuracy is not None:
                content["accuracy"] = self.position.accuracy
        digest = hashlib.sha256(json.dumps([content, self.uploads], sort_keys=True).encode()).hexdigest()[:16]
        key = f"{self.key}-{digest}"
        try:
            stored = self._stored(wired, chat)
        except Gone:
            if _recorded(wired, key):
                return False  # its photos went with it
            raise
        body = {
            **content, "key": key, "chat": chat, "language": language, "files": _encoded([*stored, *self.files])
        }  # fmt: skip
        if self.written_at is not None:
            body["written_at"] = self.written_at.isoformat()
        new = bool(take(wired, wired.channel(Web.kind), pulled(wired, json.dumps(body).encode(), JSON)).new)
        self._use_up(wired, chat)
        return new

    def _stored(self, wired: Runtime, chat: str) -> list[Photo]:
        if not self.uploads:
            return []
        folder = uploads.folder_of(wired.settings.var)
        with wired.reading() as session:
            stored = uploads.read(session, wired.now(), folder, chat=chat, tokens=self.uploads)
        if _total([*stored, *self.files]) > FILES_BYTES:
            raise TooLarge(f"all photos together have more than {FILES_BYTES} bytes")
        return stored

    def _use_up(self, wired: Runtime, chat: str) -> None:
        if not self.uploads:
            return
        try:
            with wired.writing() as session:
                mine = uploads.use_up(session, wired.now(), chat=chat, tokens=self.uploads)
            uploads.erase(uploads.folder_of(wired.settings.var), mine)
        except (SQLAlchemyError, OSError) as error:
            # The message is safe, and that is what the citizen is told; the photos' copies expire.
            log.warning("copies of photos stay until they expire", extra={"error": type(error).__name__})


def _written(age: timedelta) -> datetime | None:
    """When it was written: a device's clock may be wrong, so the page tells how long ago by its own clock."""
    return runtime().now() - min(age, WRITTEN_MOST) if age > WRITTEN_NOW else None


def _encoded(photos: Sequence[Photo]) -> list[dict[str, str]]:
    return [
        {"name": photo.name, "type": photo.content_type, "data": base64.b64encode(photo.data).decode("ascii")}
        for photo in photos
    ]


def _total(photos: Sequence[Photo]) -> int:
    return sum(len(photo.data) for photo in photos)


def _recorded(wired: Runtime, key: str) -> bool:
    same = col(InboundEvent.channel) == Web.kind, col(InboundEvent.external_id) == key
    with wired.reading() as session:
        return session.scalars(select(col(InboundEvent.id)).where(*same)).first() is not None


def megabytes(count: int) -> str:
    """Calling this will write a number of bytes as whole megabytes."""
    return f"{count // 1_000_000} MB"


def fresh_key() -> str:
    """Calling this will make a form's key."""
    return secrets.token_urlsafe(16)
