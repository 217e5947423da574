"""Photos a browser sends in pieces, ahead of the report they belong to: a link that breaks costs one piece, not all.

A row says how far a photo has come, its bytes lie in a folder under the row's token. A piece is written where the row
says the photo ends, and the row is raised afterwards: whatever breaks in between, the same piece is asked for again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlmodel import Session, col

from channels.web import Web
from dispatch.db import insert_new
from dispatch.filetypes import sniff
from dispatch.models import Upload
from dispatch.runtime import Runtime

#: The most bytes of one piece.
PIECE_BYTES = 512_000
#: How long a photo waits for its report: a village may be without signal for days; and one of which nothing came yet.
KEPT = timedelta(days=3)
SILENT = timedelta(hours=1)
#: What one device may have waiting, and begin in an hour.
OPEN_OF_DEVICE = 12
HOURLY_OF_DEVICE = 40
HOURLY_BYTES_OF_DEVICE = 60_000_000
#: What all devices together may have waiting, in bytes that came: a device is a cookie, and what one announces is free.
OPEN_BYTES = 1_000_000_000


class UploadError(Exception):
    """Calling this will say why a photo is not taken; the text is for the browser's log and names nobody."""


class Gone(UploadError):
    """Calling this will say that there is no such photo of this device, or no longer."""


class WrongOffset(UploadError):
    """Calling this will say that a piece does not follow what is there: ``received`` bytes are."""

    def __init__(self, received: int) -> None:
        super().__init__(f"{received} bytes are here")
        self.received = received


class TooLarge(UploadError):
    """Calling this will say that a photo is larger than allowed or than announced."""


class NotAPhoto(UploadError):
    """Calling this will say that a file does not begin as a photo does."""


class OverQuota(UploadError):
    """Calling this will say that this device has begun too much: later, or in one piece with the report."""


class Full(UploadError):
    """Calling this will say that too much of all devices waits already."""


@dataclass(frozen=True, slots=True)
class Photo:
    """Calling this will hold one photo that has come whole."""

    name: str
    content_type: str
    data: bytes


def create(session: Session, now: datetime, *, chat: str, key: str, filename: str, size: int) -> Upload:
    """Calling this will begin a photo of ``size`` bytes for a device, or give back what it began under the same key.

    Raises TooLarge, OverQuota and Full; Gone for a key that was used for something else or whose time is over.
    """
    if not 0 < size <= Web.limits.attachment_bytes:
        raise TooLarge(f"a photo has 1 to {Web.limits.attachment_bytes} bytes")
    token = _token(chat, key)
    known = session.scalars(select(Upload).where(col(Upload.token) == token)).first()
    if known is None:
        _within_limits(session, now, chat, size)
        values = {"token": token, "chat": chat, "filename": filename, "size": size, "received": 0, "created_at": now}
        session.execute(insert_new(session, Upload, values))
    row = _own(session, now, chat, token)
    if row.size != size:
        raise Gone("this key stands for another photo")
    return row


def received(session: Session, now: datetime, folder: Path, *, chat: str, token: str) -> tuple[int, int]:
    """Calling this will tell how many bytes of a photo are here, and how many it has. Raises Gone."""
    row = _own(session, now, chat, token)
    return _held(folder, row), row.size


def write(
    session: Session, now: datetime, folder: Path, *, chat: str, token: str, offset: int, data: bytes
) -> tuple[int, int]:
    """Calling this will add a piece and tell how many bytes are here then, and how many the photo has.

    A piece that is here already changes nothing. Raises Gone, TooLarge, NotAPhoto when the first piece does not begin
    as a photo does, WrongOffset for a piece that does not follow, and Full.
    """
    row = _own(session, now, chat, token, lock=True)
    held, path = _held(folder, row), folder / token
    if offset + len(data) <= held:
        if data and path.read_bytes()[offset : offset + len(data)] != data:
            raise WrongOffset(held)
        return held, row.size
    if offset != held:
        raise WrongOffset(held)
    if offset + len(data) > row.size:
        raise TooLarge("more bytes than were announced")
    if offset == 0 and not sniff(data).startswith("image/"):
        raise NotAPhoto("the file does not begin as a photo does")
    _within_all(session, now, len(data))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        file.seek(offset)
        file.write(data)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())
    row.received = offset + len(data)
    session.add(row)
    return row.received, row.size


def read(session: Session, now: datetime, folder: Path, *, chat: str, tokens: Iterable[str]) -> list[Photo]:
    """Calling this will give photos with their bytes, in the order asked for. Raises Gone unless each came whole."""
    photos = []
    for token in tokens:
        row = _own(session, now, chat, token)
        if _held(folder, row) < row.size:
            raise Gone("the photo has not come whole")
        data = (folder / token).read_bytes()
        photos.append(Photo(row.filename, sniff(data), data))
    return photos


def use_up(session: Session, now: datetime, *, chat: str, tokens: Sequence[str]) -> list[str]:
    """Calling this will take photos off the list of what waits: sent with a report, or not wanted any more.

    The rows stay until they expire and count in the hour's limits. Returns those that are this device's: ``erase``
    their bytes, and no others, after the commit.
    """
    mine = (col(Upload.chat) == chat) & col(Upload.token).in_(tokens) & col(Upload.used_at).is_(None)
    return list(session.scalars(update(Upload).where(mine).values(used_at=now).returning(col(Upload.token))))


def folder_of(var: Path) -> Path:
    """Calling this will name the folder the bytes lie in."""
    return var / "uploads"


def erase(folder: Path, tokens: Iterable[str]) -> None:
    """Calling this will remove the bytes of photos, by tokens the database knows; those gone already are passed
    over."""
    for token in tokens:
        (folder / token).unlink(missing_ok=True)


def purge(runtime: Runtime) -> int:
    """Calling this will remove photos whose time is over, used or not; returns how many. The bytes go first: what
    breaks in between is done again."""
    now = runtime.now()
    with runtime.reading() as session:
        tokens = list(session.scalars(select(col(Upload.token)).where(~_lives(now))))
    if tokens:
        erase(folder_of(runtime.settings.var), tokens)
        with runtime.writing() as session:
            session.execute(delete(Upload).where(col(Upload.token).in_(tokens)))
    return len(tokens)


def _token(chat: str, key: str) -> str:
    """The same for the same key of the same device, so that asking twice begins one photo; no path can hide in it."""
    return hashlib.sha256(f"{chat} {key}".encode()).hexdigest()[:40]


def _lives(now: datetime) -> ColumnElement[bool]:
    """Its time is not over: three days, or an hour if nothing of it ever came."""
    came = col(Upload.received) > 0
    return (col(Upload.created_at) > now - KEPT) & (came | (col(Upload.created_at) > now - SILENT))


def _own(session: Session, now: datetime, chat: str, token: str, *, lock: bool = False) -> Upload:
    mine = (col(Upload.token) == token) & (col(Upload.chat) == chat) & col(Upload.used_at).is_(None)
    query = select(Upload).where(mine, _lives(now))
    row = session.scalars(query.with_for_update() if lock else query).first()
    if row is None:
        raise Gone("no such photo")
    return row


def _held(folder: Path, row: Upload) -> int:
    """What is really here: after a restored backup a row may know of bytes that the folder has not."""
    try:
        return min(row.received, (folder / row.token).stat().st_size)
    except FileNotFoundError:
        return 0


def _within_limits(session: Session, now: datetime, chat: str, size: int) -> None:
    mine, waiting = col(Upload.chat) == chat, col(Upload.used_at).is_(None) & _lives(now)
    begun, bytes_begun = session.execute(
        select(func.count(), func.coalesce(func.sum(col(Upload.size)), 0)).where(
            mine, col(Upload.created_at) > now - timedelta(hours=1)
        )
    ).one()
    if begun >= HOURLY_OF_DEVICE or bytes_begun + size > HOURLY_BYTES_OF_DEVICE:
        raise OverQuota("too many photos within an hour")
    if (session.scalar(select(func.count()).where(mine, waiting)) or 0) >= OPEN_OF_DEVICE:
        raise OverQuota("too many photos wait for their report")
    _within_all(session, now, size)


def _within_all(session: Session, now: datetime, more: int) -> None:
    """Asked when a photo is begun and again for each of its pieces: nothing is set aside for what is only announced,
    or a few hundred small requests would keep everybody out."""
    waiting = col(Upload.used_at).is_(None) & _lives(now)
    if (session.scalar(select(func.sum(col(Upload.received))).where(waiting)) or 0) + more > OPEN_BYTES:
        raise Full("too many photos of all devices wait")
