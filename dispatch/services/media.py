"""Attachments: fetched after the message is safe, kept by content, never trusted for what they claim to be."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlmodel import Session, col

from channels.message import Attachment, AttachmentKind, InboundMessage
from dispatch import filetypes, sounds
from dispatch.models import AttachmentState, Message, StoredAttachment
from dispatch.pictures import Picture
from dispatch.scanner import CLEAN

#: A provider that cannot be reached is tried for eight hours; its media stay for days.
ATTEMPTS = 10
RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(hours=4)
LONGEST_WAIT = timedelta(minutes=15)
MOST_PER_MESSAGE = 10
#: What the column holds. Telegram may announce a file of 4 GB; it is not fetched, but its message must be stored.
LARGEST_SIZE = 2**31 - 1
#: Below this nothing is written: the database needs what is left more.
LEAST_FREE_BYTES = 500_000_000

#: Keys of what we say of a file ourselves, in ``error``; anything else there is a provider's own fault, in its words.
TOO_MANY, TOO_LARGE, PROGRAM, INFECTED, EMPTY = "too_many", "too_large", "program", "infected", "empty"
MOVING = "moving_picture"
NO_ROOM, NO_SCAN, OFF = "waits_room", "waits_scanner", "waits_channel"


class NoRoom(Exception):
    """Calling this will say that the disk is too full to keep a file: it is fetched again later."""


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
            error=TOO_MANY if refused else "",
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


def hold(session: Session, row_id: int) -> tuple[StoredAttachment, Message] | None:
    """Calling this will lock a message and read its attachment again; None when another worker settled it meanwhile.

    The files of one message are settled one after the other: what is said once a message is said once.
    """
    row = session.get_one(StoredAttachment, row_id)
    message = session.scalars(
        select(Message)
        .where(col(Message.id) == row.message_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    session.refresh(row)
    return (row, message) if row.state == AttachmentState.PENDING else None


def describe(row: StoredAttachment) -> Attachment:
    """Calling this will give an attachment row back as the value a channel's ``fetch`` takes."""
    return Attachment(AttachmentKind(row.kind), row.source, row.content_type, row.filename, row.size)


def store(
    session: Session,
    folder: Path,
    row: StoredAttachment,
    data: bytes,
    *,
    picture: Picture | None = None,
    note: str = "",
    scanned: bool = False,
) -> None:
    """Calling this will keep a file under its SHA-256 and note the type it really has; the same file is kept once.

    With ``picture`` that is kept, its preview and its position, and not the bytes that came. ``note`` says why a
    picture has none: then it is bytes. Raises NoRoom, and OSError when the disk refuses.
    """
    came_as = filetypes.sniff(data)
    kept = picture.data if picture else data
    check_room(folder, len(kept))
    row.sha256 = _keep(folder, kept)
    row.preview = _keep(folder, picture.preview) if picture else ""
    row.size = len(kept)
    row.original_type = came_as
    row.content_type = picture.content_type if picture else (filetypes.UNKNOWN if note else came_as)
    row.latitude, row.longitude = picture.position if picture and picture.position else (None, None)
    row.seconds = sounds.seconds(data, came_as)
    row.scanned = CLEAN if scanned else ""
    row.state = AttachmentState.STORED
    row.error = note or (MOVING if picture and picture.moving else "")
    session.add(row)


def refuse(session: Session, row: StoredAttachment, reason: str, *, virus: str = "") -> None:
    """Calling this will note why a file that was to be had is not kept; ``virus`` is what the scanner calls it."""
    row.state = AttachmentState.INFECTED if virus else AttachmentState.REFUSED
    row.scanned = virus[:200]
    row.error = reason
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
        row.next_at = now + min(RETRY * 2**row.attempts, LONGEST_RETRY)
    session.add(row)


def postpone(session: Session, now: datetime, row: StoredAttachment, reason: str) -> None:
    """Calling this will put a file off for something of ours (disk, scanner, a channel that is off): for as long as
    that takes, with waits that grow to a quarter of an hour, and counting no attempt."""
    row.waits += 1
    row.error = reason
    row.next_at = now + min(RETRY * 2 ** min(row.waits, 10), LONGEST_WAIT)
    session.add(row)


def told_before(session: Session, row: StoredAttachment) -> bool:
    """Calling this will say whether another file of the same message was refused as too large already."""
    query = select(col(StoredAttachment.id)).where(
        col(StoredAttachment.message_id) == row.message_id,
        col(StoredAttachment.id) != row.id,
        col(StoredAttachment.error) == TOO_LARGE,
    )
    return session.scalars(query.limit(1)).first() is not None


def check_room(folder: Path, size: int = 0) -> None:
    """Calling this will raise NoRoom when writing ``size`` bytes would leave less than half a gigabyte free."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free - size < LEAST_FREE_BYTES:
        raise NoRoom


def path_of(folder: Path, digest: str) -> Path:
    """Calling this will name the file that holds the bytes of a SHA-256 in hex. Raises ValueError for anything else."""
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise ValueError("a stored file is named by its SHA-256")
    return folder / digest[:2] / digest


def _keep(folder: Path, data: bytes) -> str:
    """The name appears with its whole content or not at all; folders are ours alone (0700), and so are files (0600)."""
    digest = hashlib.sha256(data).hexdigest()
    path = path_of(folder, digest)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if path.exists():
        return digest
    descriptor, partial = tempfile.mkstemp(suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
    _sync(path.parent)
    return digest


def _sync(folder: Path) -> None:
    """A name survives a power cut once its folder is on the disk too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
