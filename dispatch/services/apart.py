"""What becomes about officials' conduct, or secret, goes its own way: nothing joined to it, and no part of it, is left
where who must not read it works."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from sqlalchemy import select
from sqlmodel import Session, col

from dispatch import routing
from dispatch.db import stored_id
from dispatch.models import Author, Direction, Join, Message, Outcome, Privacy, Ticket
from dispatch.region import Region
from dispatch.services import deadlines
from dispatch.services.trail import audit
from dispatch.workflow import OPEN, Status

#: The change that ends a part when its splitting is undone.
UNDONE = "split_undone"
#: The note on a ticket whose part was taken back, before the part's number.
TAKEN_BACK = "part merged"


class Move(Protocol):
    """Calling this will change a ticket's status (``tickets.move``)."""

    def __call__(
        self,
        session: Session,
        region: Region,
        now: datetime,
        ticket: Ticket,
        to: Status,
        *,
        reason: str = "",
        outcome: Outcome | None = None,
        follows: bool = False,
    ) -> None: ...


def settle(session: Session, region: Region, now: datetime, ticket: Ticket, move: Move) -> None:
    """Calling this will end every join that the ticket's conduct or secrecy forbids, and every open part at an agency
    that must not have the whole. Nobody is told: a ticket that leaves stands as it is, with dates of its own."""
    if not ticket.supervision and ticket.privacy != Privacy.SECRET and ticket.lead_id is None:
        return
    session.flush()
    if ticket.lead_id is not None and unfit(region, ticket, session.get_one(Ticket, ticket.lead_id)):
        leave(session, region, now, ticket)
    for member, _ in members(session, ticket, lock=True):
        if unfit(region, member, ticket):
            leave(session, region, now, member)
    if ticket.supervision:
        _take_back(session, region, now, ticket, move)


def unfit(region: Region, ticket: Ticket, lead: Ticket) -> bool:
    """Calling this will say whether a ticket must not be joined to a lead: either is secret, only one is about
    officials, or the lead is with an agency that must not have the ticket."""
    secret = Privacy.SECRET in (ticket.privacy, lead.privacy)
    mixed = ticket.supervision != lead.supervision
    return secret or mixed or routing.forbidden(region, ticket, lead.agency) is not None


def leave(session: Session, region: Region, now: datetime, ticket: Ticket) -> None:
    """Calling this will make a joined ticket a job of its own as it stands: what it followed counts."""
    row = current(session, ticket)
    if row is not None:
        row.undone_at = now
        session.add(row)
    ticket.lead_id = None
    ticket.version += 1
    session.add(ticket)
    session.flush()
    deadlines.settle(session, region, now, ticket)
    audit(session, now, "ticket.leave_lead", "ticket", ticket.number)


def members(session: Session, lead: Ticket, *, lock: bool = False) -> list[tuple[Ticket, Join]]:
    """Calling this will give the tickets joined to a lead with how each was joined, in the order of their ids, locked
    for a change if asked."""
    query = (
        select(Ticket, Join)
        .join(Join, col(Join.ticket_id) == col(Ticket.id))
        .where(col(Ticket.lead_id) == stored_id(lead.id), col(Join.undone_at).is_(None))
        .order_by(col(Ticket.id))
        .execution_options(populate_existing=lock)
    )
    rows = session.execute(query.with_for_update(of=Ticket) if lock else query)
    return [(ticket, row) for ticket, row in rows]


def current(session: Session, ticket: Ticket) -> Join | None:
    """Calling this will give how a ticket is joined now, None for one that is not."""
    query = select(Join).where(col(Join.ticket_id) == stored_id(ticket.id), col(Join.undone_at).is_(None))
    return session.scalars(query.order_by(col(Join.id).desc()).limit(1)).first()


def withheld(region: Region, whole: Ticket, agency: str) -> bool:
    """Calling this will say whether an agency with a part must not have what the whole says."""
    return routing.forbidden(region, whole, agency) is not None


def _take_back(session: Session, region: Region, now: datetime, whole: Ticket, move: Move) -> None:
    open_ones = (col(Ticket.parent_id) == stored_id(whole.id), col(Ticket.status).in_(sorted(OPEN)))
    for part in session.scalars(select(Ticket).where(*open_ones).order_by(col(Ticket.id)).with_for_update()).all():
        if not withheld(region, whole, part.agency):
            part.supervision, part.accused = True, whole.accused
            part.version += 1
            deadlines.settle(session, region, now, part)
            continue
        move(session, region, now, part, Status.REJECTED, reason=UNDONE, outcome=Outcome.MERGED, follows=True)
        note = Message(
            ticket_id=whole.id,
            direction=Direction.NOTE,
            author=Author.SYSTEM,
            notes=[f"{TAKEN_BACK}:{part.number}"],
            created_at=now,
        )
        session.add(note)
        whole.own_part = True
