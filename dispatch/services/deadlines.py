"""The dates of a ticket: what is due next, kept beside the ticket so that lists and sweeps find it."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from dispatch.models import Ticket
from dispatch.region import Region
from dispatch.workflow import OPEN, Status


def settle(session: Session, region: Region, now: datetime, ticket: Ticket) -> None:
    """Calling this will set ``next_due`` and ``next_step`` of a ticket after anything that moves its dates: the
    earliest of what is still to be done while it is open, nothing once it has ended."""
    if Status(ticket.status) not in OPEN:
        ticket.next_due, ticket.next_step = None, ""
        return
    steps = {"resolution": ticket.resolution_due}
    if ticket.first_response_at is None:
        steps["first_response"] = ticket.first_response_due
    if ticket.verified_at is None:
        steps["verify"] = ticket.verify_due
    ticket.next_step = min(steps, key=lambda step: steps[step])
    ticket.next_due = steps[ticket.next_step]
    session.add(ticket)
