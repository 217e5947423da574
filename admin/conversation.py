"""What a ticket's page shows, read in one go: the conversation with its deliveries, why this agency, the history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, SQLModel, col

from admin.files import PLAYABLE
from dispatch.models import (
    Assignment,
    AttachmentState,
    Audit,
    Citizen,
    CitizenAddress,
    Message,
    Outbox,
    Staff,
    StatusChange,
    StoredAttachment,
    Ticket,
)
from dispatch.places import Pin, Places
from dispatch.services.recounting import RECOUNTED


@dataclass(frozen=True, slots=True)
class File:
    """Calling this will hold one attachment as it is shown: whether as a picture or a sound, what there is to say of it
    (a key of ``words.ATTACHMENT_NOTES``, or a provider's own words), and the code of the place a photo was taken at."""

    row: StoredAttachment
    place: str | None = None

    @property
    def here(self) -> bool:
        """Calling this will say whether it can be had."""
        return self.row.state == AttachmentState.STORED

    @property
    def picture(self) -> bool:
        """Calling this will say whether it may be shown: only what we wrote ourselves."""
        return self.here and bool(self.row.preview)

    @property
    def sound(self) -> bool:
        """Calling this will say whether it is a recording."""
        return self.here and self.row.content_type.startswith("audio/")

    @property
    def playable(self) -> bool:
        """Calling this will say whether a browser plays it."""
        return self.sound and self.row.content_type in PLAYABLE

    @property
    def note(self) -> str:
        """Calling this will give what there is to say of it."""
        return self.row.scanned if self.row.state == AttachmentState.INFECTED else self.row.error


@dataclass(frozen=True, slots=True)
class Line:
    """Calling this will hold one message with the files and deliveries that belong to it."""

    message: Message
    author: str
    deliveries: Sequence[Outbox]
    files: Sequence[File]
    pin: Pin | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Calling this will hold one line of the history: an assignment or a change of status, and who did it; or the
    deadlines' having ``moved`` with the rules: the edition, and when the work was due before and is due now."""

    at: datetime
    who: str
    assignment: Assignment | None
    change: StatusChange | None
    moved: tuple[str, datetime, datetime] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Calling this will hold what a ticket's page shows."""

    ticket: Ticket
    citizen: str
    address: CitizenAddress
    lines: Sequence[Line]
    assignment: Assignment | None
    history: Sequence[Step]
    last_message: int


def read(session: Session, ticket: Ticket, places: Places) -> Page:
    """Calling this will read the page of a ticket: a fixed number of queries, however long the conversation is."""

    def shown(row: StoredAttachment) -> File:
        placed = row.latitude is not None and row.longitude is not None
        return File(row, places.at(row.latitude or 0.0, row.longitude or 0.0) if placed else None)

    def pinned(message: Message) -> Pin | None:
        placed = message.latitude is not None and message.longitude is not None
        return places.pin(message.latitude or 0.0, message.longitude or 0.0) if placed else None

    messages = _all(session, Message, Message.ticket_id, [ticket.id])
    ids = [message.id for message in messages]
    deliveries, files = _grouped(session, Outbox, ids), _grouped(session, StoredAttachment, ids)
    assignments = _all(session, Assignment, Assignment.ticket_id, [ticket.id])
    changes = _all(session, StatusChange, StatusChange.ticket_id, [ticket.id])
    people = {row.staff_id for row in (*messages, *assignments, *changes) if row.staff_id}
    names = {row.id: row.name for row in _all(session, Staff, Staff.id, sorted(people))}
    steps = [Step(row.assigned_at, names.get(row.staff_id, ""), row, None) for row in assignments]
    steps += [Step(row.at, names.get(row.staff_id, ""), None, row) for row in changes]
    steps += _moved(session, ticket)
    citizen = session.get_one(Citizen, ticket.citizen_id)
    return Page(
        ticket=ticket,
        citizen=citizen.name,
        address=session.get_one(CitizenAddress, ticket.address_id),
        lines=[
            Line(
                message,
                names.get(message.staff_id, ""),
                deliveries[message.id],
                [shown(row) for row in files[message.id]],
                pinned(message),
            )
            for message in messages
        ],
        assignment=assignments[-1] if assignments else None,
        history=sorted(steps, key=lambda step: (step.at, step.change is None or bool(step.change.from_status))),
        last_message=messages[-1].id or 0 if messages else 0,
    )


def _moved(session: Session, ticket: Ticket) -> list[Step]:
    """Each time that new rules moved when the work is due, from the audit trail."""
    mine = col(Audit.subject) == "ticket", col(Audit.subject_id) == ticket.number, col(Audit.action) == RECOUNTED
    found = []
    for row in session.scalars(select(Audit).where(*mine).order_by(col(Audit.id))):
        old, new = row.detail.get("old", {}).get("resolution_due"), row.detail.get("new", {}).get("resolution_due")
        if old and new:
            moved = (str(row.detail.get("edition", "")), datetime.fromisoformat(old), datetime.fromisoformat(new))
            found.append(Step(row.at, "", None, None, moved))
    return found


def _all(session: Session, model: type[Any], column: object, values: Sequence[object]) -> Sequence[Any]:
    query = select(model).where(col(column).in_(values)).order_by(col(model.id))
    return session.scalars(query).all() if values else []


def _grouped(session: Session, model: type[SQLModel], ids: Sequence[int | None]) -> defaultdict[int | None, list[Any]]:
    groups: defaultdict[int | None, list[Any]] = defaultdict(list)
    for row in _all(session, model, model.message_id, ids):  # type: ignore[attr-defined]
        groups[row.message_id].append(row)
    return groups
