"""What proves that a ticket may end: an answer by a person, a photo of the work; and the files staff attach.

What counts as proof is said by the ticket's category. A photo proves nothing twice: one that stands on another ticket,
or that the citizen sent to show the trouble, is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import or_, select
from sqlmodel import Session, col

from channels.message import AttachmentKind
from dispatch.db import stored_id
from dispatch.filetypes import PROGRAMS, sniff
from dispatch.models import AttachmentState, Author, Direction, Message, Privacy, StoredAttachment, Ticket
from dispatch.pictures import PICTURES, Picture, Undecodable, rewrite
from dispatch.region import Region
from dispatch.scanner import Scanner, ScannerAway
from dispatch.services import media
from dispatch.services.media import EMPTY, INFECTED, NO_ROOM, NO_SCAN, PROGRAM, TOO_LARGE, TOO_MANY

#: What one message of staff may carry: files, and bytes of each.
MOST_FILES = 3
MOST_BYTES = 10_000_000
#: Beside pictures, the one kind of paper every browser opens.
PAPERS = frozenset({"application/pdf"})
#: Where a file staff attached came from; the sources of other files are their providers'.
BY_STAFF = "staff"
#: Keys of further faults: neither a picture nor a paper.
NOT_TAKEN = "not_taken"

#: Values of ``Category.evidence``.
NOTHING, ANSWER, PHOTO = "none", "answer", "photo"
#: Why a photo there is does not count (``Unproven.missing``).
REUSED, CITIZENS_OWN = "reused", "citizens_own"


class FileRefused(Exception):
    """Calling this will say why a file that staff attached is not taken; nothing was kept. ``reason`` is a key."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the file is not taken: {reason}")
        self.reason = reason


class Unproven(Exception):
    """Calling this will say what the ticket's category still demands; nothing was changed. ``missing`` is "answer",
    "photo", "reused" (the photo stands on another ticket) or "citizens_own"."""

    def __init__(self, missing: str) -> None:
        super().__init__(f"the ticket cannot end: {missing}")
        self.missing = missing


@dataclass(frozen=True, slots=True)
class File:
    """Calling this will hold a file that was looked at and may be kept."""

    name: str
    data: bytes
    picture: Picture | None
    scanned: bool


@dataclass(frozen=True, slots=True)
class Bundle:
    """Calling this will hold the files of one message of staff, the folder they are kept in, and whether the citizen
    may see them; ``site`` is the public address, for the link to them."""

    folder: Path
    files: tuple[File, ...]
    shown: bool = False
    site: str = ""


def look(scanner: Scanner | None, folder: Path, arrived: Sequence[tuple[str, bytes]]) -> tuple[File, ...]:
    """Calling this will look at the files (name, bytes) a member of staff attached, before any transaction: pictures
    are written anew, papers kept as they are. Raises FileRefused."""
    if len(arrived) > MOST_FILES:
        raise FileRefused(TOO_MANY)
    return tuple(_look(scanner, folder, name, data) for name, data in arrived)


def _look(scanner: Scanner | None, folder: Path, name: str, data: bytes) -> File:
    if not data:
        raise FileRefused(EMPTY)
    if len(data) > MOST_BYTES:
        raise FileRefused(TOO_LARGE)
    kind = sniff(data)
    if kind in PROGRAMS:
        raise FileRefused(PROGRAM)
    if kind not in PICTURES | PAPERS:
        raise FileRefused(NOT_TAKEN)
    try:
        media.check_room(folder, len(data))
        if scanner is not None and scanner.scan(data):
            raise FileRefused(INFECTED)
        return File(name[:200], data, rewrite(data) if kind in PICTURES else None, scanner is not None)
    except media.NoRoom:
        raise FileRefused(NO_ROOM) from None
    except ScannerAway:
        raise FileRefused(NO_SCAN) from None
    except Undecodable as fault:
        raise FileRefused(fault.reason) from None


def attach(session: Session, now: datetime, message: Message, bundle: Bundle) -> list[StoredAttachment]:
    """Calling this will keep the files of a message of staff, each under its SHA-256. Raises media.NoRoom, and OSError
    when the disk refuses."""
    rows = []
    for file in bundle.files:
        row = StoredAttachment(
            message_id=stored_id(message.id),
            kind=AttachmentKind.IMAGE if file.picture else AttachmentKind.DOCUMENT,
            source=BY_STAFF,
            filename=file.name,
            next_at=now,
            shown=bundle.shown,
        )
        media.store(session, bundle.folder, row, file.data, picture=file.picture, scanned=file.scanned)
        rows.append(row)
    session.flush()
    return rows


def shown(session: Session, ticket: Ticket) -> Sequence[StoredAttachment]:
    """Calling this will list the pictures of a ticket that its citizen may see, oldest first; of a secret one none: its
    number may be known to others."""
    if ticket.privacy == Privacy.SECRET:
        return []
    query = (
        select(StoredAttachment)
        .join(Message, col(Message.id) == col(StoredAttachment.message_id))
        .where(
            col(Message.ticket_id) == ticket.id,
            col(StoredAttachment.shown).is_(True),
            col(StoredAttachment.state) == AttachmentState.STORED,
            col(StoredAttachment.preview) != "",
        )
    )
    return session.scalars(query.order_by(col(StoredAttachment.id))).all()


def demanded(region: Region, ticket: Ticket) -> str:
    """Calling this will say what a ticket's category demands before its work counts as done; without a category, an
    answer."""
    category = region.categories.get(ticket.category or "")
    return category.evidence if category else ANSWER


def prove(session: Session, region: Region, ticket: Ticket) -> None:
    """Calling this will return if a ticket has what its category demands of finished work, and raise Unproven
    otherwise."""
    match demanded(region, ticket):
        case "photo":
            _prove_photo(session, ticket)
        case "answer":
            prove_answer(session, ticket)


def prove_answer(session: Session, ticket: Ticket) -> None:
    """Calling this will return if a person answered the ticket's citizen, or the officer of a part said how it stands
    (``services.parts``), and raise Unproven otherwise."""
    if ticket.parent_id is not None and ticket.first_response_at is not None:
        return
    answer = select(col(Message.id)).where(
        col(Message.ticket_id) == ticket.id,
        col(Message.direction) == Direction.OUT,
        col(Message.author) == Author.STAFF,
    )
    if session.scalars(answer.limit(1)).first() is None:
        raise Unproven(ANSWER)


def _prove_photo(session: Session, ticket: Ticket) -> None:
    parts = select(col(Ticket.id)).where(col(Ticket.parent_id) == stored_id(ticket.id))
    photos = (
        select(StoredAttachment, Message)
        .join(Message, col(Message.id) == col(StoredAttachment.message_id))
        .where(
            # What shows the work of its parts shows that of the whole.
            or_(col(Message.ticket_id) == ticket.id, col(Message.ticket_id).in_(parts)),
            col(StoredAttachment.state) == AttachmentState.STORED,
            col(StoredAttachment.preview) != "",
        )
        .order_by(col(StoredAttachment.id))
    )
    began: set[str] = set()
    fault = PHOTO
    for row, message in session.execute(photos):
        by_staff = message.author == Author.STAFF
        after = ticket.first_response_at is not None and message.created_at > ticket.first_response_at
        if row.sha256 in began:
            fault = CITIZENS_OWN if by_staff or after else fault
        elif by_staff or after:
            if not _elsewhere(session, ticket, row.sha256):
                return
            fault = REUSED
        if not by_staff:
            began.add(row.sha256)
    raise Unproven(fault)


def _elsewhere(session: Session, ticket: Ticket, digest: str) -> bool:
    """Whether a photo stands on a ticket that is not of this one's family: parts of one report show the same work."""
    family = {each for each in (ticket.id, ticket.parent_id, ticket.lead_id) if each is not None}
    other = (
        select(col(StoredAttachment.id))
        .join(Message, col(Message.id) == col(StoredAttachment.message_id))
        .join(Ticket, col(Ticket.id) == col(Message.ticket_id))
        .where(
            col(StoredAttachment.sha256) == digest,
            col(Ticket.id).not_in(family),
            or_(col(Ticket.parent_id).is_(None), col(Ticket.parent_id).not_in(family)),
            or_(col(Ticket.lead_id).is_(None), col(Ticket.lead_id).not_in(family)),
        )
    )
    return session.scalars(other.limit(1)).first() is not None
