"""Attachments: fetched after the message is safe, kept by content, never trusted for what they claim to be."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlmodel import Session, col

from channels.message import Attachment, AttachmentKind, InboundMessage
from dispatch.models import AttachmentState, Message, StoredAttachment

ATTEMPTS = 5
RETRY = timedelta(seconds=30)
MOST_PER_MESSAGE = 10
#: What the column holds. Telegram may announce a file of 4 GB; it is not fetched, but its message must be stored.
LARGEST_SIZE = 2**31 - 1

#: First bytes → type. A file is what it begins with, whatever its name or its sender says.
SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (8, b"WEBP", "image/webp"),
    (0, b"GIF8", "image/gif"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"#!AMR", "audio/amr"),
    (4, b"ftyphei", "image/heic"),
    (4, b"ftypmif1", "image/heic"),
    (4, b"ftyp", "video/mp4"),
    (0, b"BEGIN:VCARD", "text/vcard"),
    (0, b"PK\x03\x04", "application/zip"),
)


def sniff(data: bytes) -> str:
    """Calling this will name the type of a file by its first bytes, ``application/octet-stream`` when no row fits."""
    for offset, magic, name in SIGNATURES:
        if data[offset : offset + len(magic)] == magic:
            return name
    return "application/octet-stream"


def attach(
    session: Session, now: datetime, message: Message, arrived: InboundMessage, event_id: int
) -> list[StoredAttachment]:
    """Calling this will note the files of a message, to be fetched afterwards; more than ten are noted as refused."""
    rows = []
    for number, item in enumerate(arrived.attachments):
        refused = number >= MOST_PER_MESSAGE
        row = StoredAttachment(
            message_id=message.id or 0,
            event_id=event_id,
            kind=item.kind,
            source=item.source,
            content_type=item.content_type[:120],
            filename=item.filename[:200],
            size=None if item.size is None else min(item.size, LARGEST_SIZE),
            state=AttachmentState.REFUSED if refused else AttachmentState.PENDING,
            error="more files than one message may carry" if refused else "",
            next_at=now,
        )
        session.add(row)
        rows.append(row)
    return rows


def pending(session: Session, now: datetime, limit: int = 20) -> Sequence[StoredAttachment]:
    """Calling this will list attachments whose bytes are still to be fetched and whose time has come."""
    query = select(StoredAttachment).where(
        col(StoredAttachment.state) == AttachmentState.PENDING, col(StoredAttachment.next_at) <= now
    )
    return session.scalars(query.order_by(col(StoredAttachment.id)).limit(limit)).all()


def describe(row: StoredAttachment) -> Attachment:
    """Calling this will give an attachment row back as the value a channel's ``fetch`` takes."""
    return Attachment(AttachmentKind(row.kind), row.source, row.content_type, row.filename, row.size)


def store(session: Session, folder: Path, row: StoredAttachment, data: bytes) -> None:
    """Calling this will keep the bytes under their SHA-256 and note the type they really have; the same file is kept
    once.
    """
    digest = hashlib.sha256(data).hexdigest()
    path = path_of(folder, digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        partial = path.with_suffix(f".{os.getpid()}.part")
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    row.sha256 = digest
    row.size = len(data)
    row.content_type = sniff(data)
    row.state = AttachmentState.STORED
    row.error = ""
    session.add(row)


def give_up(session: Session, now: datetime, row: StoredAttachment, error: str, *, permanent: bool) -> None:
    """Calling this will note why the bytes could not be had, and plan another try unless that is pointless."""
    row.attempts += 1
    row.error = error
    if permanent:
        row.state = AttachmentState.REFUSED
    elif row.attempts >= ATTEMPTS:
        row.state = AttachmentState.FAILED
    else:
        row.next_at = now + RETRY * 2**row.attempts
    session.add(row)


def path_of(folder: Path, digest: str) -> Path:
    """Calling this will name the file that holds the bytes of a SHA-256 in hex. Raises ValueError for anything else."""
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise ValueError("a stored file is named by its SHA-256")
    return folder / digest[:2] / digest
