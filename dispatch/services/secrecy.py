"""What follows when a ticket becomes more closed than it was: whoever may not read it any more does not hold it."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from dispatch import routing
from dispatch.models import Privacy, Ticket
from dispatch.region import Region
from dispatch.routing import Held
from dispatch.services import apart, holding, privacy, tickets
from dispatch.workflow import ENDED, Status


def conceal(session: Session, region: Region, now: datetime, ticket: Ticket, wanted: Privacy) -> bool:
    """Calling this will treat a ticket's writer as they wish, if that is more closed than before; True when it is.

    A ticket that becomes secret and that nobody may read where it is goes to the desk (about officials: to an
    inspectorate), unless somebody has begun or decided who has it.
    """
    if not privacy.wish(session, now, ticket, wanted):
        return False
    settle(session, region, now, ticket)
    return True


def settle(session: Session, region: Region, now: datetime, ticket: Ticket) -> None:
    """Calling this will take a secret ticket that nobody may read where it is to where it waits for somebody, and apart
    from everything it is joined to."""
    apart.settle(session, region, now, ticket, tickets.move)
    status = Status(ticket.status)
    begun = ticket.first_response_at is not None or status not in (Status.NEW, Status.ASSIGNED)
    if ticket.privacy != Privacy.SECRET or begun or status in ENDED or privacy.readers(session, region, ticket):
        return
    last = holding.last(session, ticket)
    keeper = routing.keeper(region, ticket)
    if keeper == ticket.agency or (last is not None and last.reason in holding.BINDING):
        return
    ticket.agency, ticket.triage = keeper, True
    tickets.write_assignment(session, region, now, ticket, reason=Held.SECRET)
