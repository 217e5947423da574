"""What a ticket's page shows, read in one go: the conversation with its deliveries, why this agency, the history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, SQLModel, col

from dispatch.models import (
    Assignment,
    Citizen,
    CitizenAddress,
    Message,
    Outbox,
    Staff,
    StatusChange,
    StoredAttachment,
    Ticket,
)


@dataclass(frozen=True, slots=True)
class Line:
    """Calling this will hold one message with the files and deliveries that belong to it."""

    message: Message
    author: str
    deliveries: Sequence[Outbox]
    files: Sequence[StoredAttachment]


@dataclass(frozen=True, slots=True)
class Step:
    """Calling this will hold one line of the history: an assignment or a change of status, and who did it."""

    at: datetime
    who: str
    assignment: Assignment | None
    change: StatusChange | None


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


def read(session: Session, ticket: Ticket) -> Page:
    """Calling this will read the page of a ticket: a fixed number of queries, however long the conversation is."""
    messages = _all(session, Message, Message.ticket_id, [ticket.id])
    ids = [message.id for message in messages]
    deliveries, files = _grouped(session, Outbox, ids), _grouped(session, StoredAttachment, ids)
    assignments = _all(session, Assignment, Assignment.ticket_id, [ticket.id])
    changes = _all(session, StatusChange, StatusChange.ticket_id, [ticket.id])
    people = {row.staff_id for row in (*messages, *assignments, *changes) if row.staff_id}
    names = {row.id: row.name for row in _all(session, Staff, Staff.id, sorted(people))}
    steps = [Step(row.assigned_at, names.get(row.staff_id, ""), row, None) for row in assignments]
    steps += [Step(row.at, names.get(row.staff_id, ""), None, row) for row in changes]
    citizen = session.get_one(Citizen, ticket.citizen_id)
    return Page(
        ticket=ticket,
        citizen=citizen.name,
        address=session.get_one(CitizenAddress, ticket.address_id),
        lines=[
            Line(message, names.get(message.staff_id, ""), deliveries[message.id], files[message.id])
            for message in messages
        ],
        assignment=assignments[-1] if assignments else None,
        history=sorted(steps, key=lambda step: (step.at, step.change is None or bool(step.change.from_status))),
        last_message=messages[-1].id or 0 if messages else 0,
    )


def _all(session: Session, model: type[Any], column: object, values: Sequence[object]) -> Sequence[Any]:
    query = select(model).where(col(column).in_(values)).order_by(col(model.id))
    return session.scalars(query).all() if values else []


def _grouped(session: Session, model: type[SQLModel], ids: Sequence[int | None]) -> defaultdict[int | None, list[Any]]:
    groups: defaultdict[int | None, list[Any]] = defaultdict(list)
    for row in _all(session, model, model.message_id, ids):  # type: ignore[attr-defined]
        groups[row.message_id].append(row)
    return groups
