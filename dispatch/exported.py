"""A ticket as a row of the export, and what it takes beside the ticket's own columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from dispatch.models import Direction, Message, Outbox, Ticket
from dispatch.region import Region

EXPORT_COLUMNS = (
    "number",
    "channel",
    "text",
    "agency",
    "category",
    "area",
    "status",
    "kind",
    "opened_at",
    "first_response_due",
    "first_response_at",
    "resolution_due",
    "resolved_at",
    "closed_at",
    "delivered",
    "outcome",
    "overdue",
    "handovers",
    "bounces",
    "part_of",
)


def row(region: Region, ticket: Ticket, text: str, delivered: str) -> dict[str, str]:
    """Calling this will write a ticket down as plain values, times in ISO 8601 with the region's offset."""

    def moment(instant: datetime | None) -> str:
        return region.local(instant).isoformat(timespec="seconds") if instant else ""

    return {
        "number": ticket.number,
        "channel": ticket.channel,
        "text": text,
        "agency": ticket.agency,
        "category": ticket.category or "",
        "area": ticket.area or "",
        "status": ticket.status,
        "kind": ticket.kind,
        "opened_at": moment(ticket.opened_at),
        "first_response_due": moment(ticket.first_response_due),
        "first_response_at": moment(ticket.first_response_at),
        "resolution_due": moment(ticket.resolution_due),
        "resolved_at": moment(ticket.resolved_at),
        "closed_at": moment(ticket.closed_at),
        "delivered": delivered,
        "outcome": ticket.outcome,
    }


def first_texts(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Calling this will give, by ticket id, what the citizen wrote first. A greeting or a photo that came before the
    matter is not it."""
    firsts = (
        select(func.min(col(Message.id)))
        .join(Ticket, col(Ticket.id) == col(Message.ticket_id))
        .where(col(Message.ticket_id).in_(ids), col(Message.direction) == Direction.IN)
        .where(col(Message.created_at) >= col(Ticket.opened_at))
        .group_by(col(Message.ticket_id))
    )
    rows = session.execute(select(col(Message.ticket_id), col(Message.body)).where(col(Message.id).in_(firsts)))
    return {ticket: body for ticket, body in rows if ticket is not None}


def last_answers(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Calling this will give, by ticket id, the delivery state of the last answer by a person."""
    lasts = (
        select(func.max(col(Outbox.id)))
        .where(col(Outbox.ticket_id).in_(ids), col(Outbox.automatic).is_(False), col(Outbox.template) == "")
        .group_by(col(Outbox.ticket_id))
    )
    rows = session.execute(select(col(Outbox.ticket_id), col(Outbox.state)).where(col(Outbox.id).in_(lasts)))
    return {ticket: state for ticket, state in rows if ticket is not None}
