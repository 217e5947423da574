"""Who holds a ticket: has the agency taken it on, how often did it change hands, and who may still pass it on.

The rules that every assignment and every change of status goes through; the steps staff take are in ``handovers`` and
``parts``.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlmodel import Session, col

from dispatch import hours
from dispatch.db import stored_id
from dispatch.models import Assignment, Role, Staff, StaffAgency, Ticket
from dispatch.region import Region
from dispatch.workflow import ENDED, OPEN, NotAllowed, Status

log = logging.getLogger("aduan.holding")

#: A change to one of these by a member of staff says that the agency has taken the ticket on.
TAKES_ON = frozenset(Status) - {Status.NEW, Status.ASSIGNED, Status.FORWARDED}
SUPERVISING = frozenset({Role.SUPERVISOR, Role.ADMIN})


class Why(StrEnum):
    """Why a hand-over was written, where no rule of routing says it: kept as the assignment's reason."""

    STAFF = "staff"
    SENT_BACK = "sent_back"
    BOUNCED = "bounced"  # sent back once too often: a supervisor decides
    DECIDED = "decided"  # the supervisor did, and it binds
    PART = "part"  # one agency's part of another ticket


#: A person chose the agency knowing the place: that it becomes known, or better known, changes nothing.
BINDING = frozenset({Why.BOUNCED, Why.DECIDED, Why.PART})


class HandoverFault(ValueError):
    """Calling this will refuse a step of a hand-over; nothing was written. ``key`` names the sentence staff read."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


class NotYours(HandoverFault):
    """Calling this will say that the ticket is with an agency this member of staff does not work for."""

    def __init__(self) -> None:
        super().__init__("not_yours", "only the agency that has the ticket, or a supervisor, can do this")


class NeedsSupervisor(HandoverFault):
    """Calling this will say that only a supervisor may pass the ticket on: it waits for the decision, the decision
    binds, or (``pingpong``) it would come back to an agency once too often."""


class PartsOpen(NotAllowed):
    """Calling this will say that a ticket cannot end while parts of it are open, naming their ``numbers``."""

    def __init__(self, current: Status, to: Status, numbers: Sequence[str]) -> None:
        super().__init__(current, to)
        self.numbers = tuple(numbers)
        self.args = (f"a ticket with open parts cannot become {to}: {', '.join(self.numbers)}",)


class WholeEnded(HandoverFault, NotAllowed):
    """Calling this will say that an ended part cannot be opened again, because the whole has ended
    or has become about officials' conduct."""

    def __init__(self, current: Status, to: Status) -> None:
        NotAllowed.__init__(self, current, to)
        self.key = "split_ended"
        self.args = ("the part's whole ticket has ended, or is about officials' conduct now",)


def chain(session: Session, ticket: Ticket) -> list[Assignment]:
    """Calling this will give a ticket's assignments, oldest first."""
    query = select(Assignment).where(col(Assignment.ticket_id) == ticket.id).order_by(col(Assignment.id))
    return list(session.scalars(query))


def last(session: Session, ticket: Ticket) -> Assignment | None:
    """Calling this will give the assignment in force."""
    query = select(Assignment).where(col(Assignment.ticket_id) == ticket.id).order_by(col(Assignment.id).desc())
    return session.scalars(query.limit(1)).first()


def supervises(session: Session, staff_id: int | None) -> bool:
    """Calling this will say whether somebody watches over agencies or runs the system."""
    row = session.get(Staff, staff_id) if staff_id else None
    return row is not None and row.role in SUPERVISING


def check_theirs(session: Session, ticket: Ticket, staff_id: int) -> None:
    """Calling this will return if somebody works for the agency that has a ticket, or supervises. Raises NotYours."""
    if supervises(session, staff_id):
        return
    own = (col(StaffAgency.staff_id) == staff_id, col(StaffAgency.agency) == ticket.agency)
    if session.scalars(select(StaffAgency).where(*own)).first() is None:
        raise NotYours


def begin(session: Session, region: Region, now: datetime, ticket: Ticket, assignment: Assignment) -> None:
    """Calling this will finish a new assignment, not yet stored, of a ticket whose agency is set: by when it has to be
    taken on, and the ticket's counts of hand-overs and of returns.

    The time is working time of the receiving agency, by the region's ``desk_rules.handover``. An agency that had the
    ticket already, and nobody outside, is not asked again; what nobody has looked at yet waits by its own clock.
    """
    earlier = chain(session, ticket)
    before = earlier[-1] if earlier else None
    agency = region.agencies[assignment.agency]
    if before is not None and before.agency == agency.code and before.accept_due is not None:
        assignment.accept_due, assignment.accepted_at = before.accept_due, before.accepted_at
    elif agency.ours and not (ticket.triage and ticket.verified_at is None):
        length = timedelta(hours=region.desk_rules.handover.accept_hours)
        try:
            assignment.accept_due = hours.advance(region, agency.calendar, now, length)
        except hours.NoWorkingTime as error:  # no calendar keeps a ticket from being opened
            log.error("nobody is asked to take it on", extra={"ticket": ticket.id, "error": str(error)})
    ticket.accept_due, ticket.accepted_at = assignment.accept_due, assignment.accepted_at
    # What a rule laid on the desk is there to be passed on: that is the desk's work and no hand-over.
    at_desk = before is not None and before.agency == region.desk and before.staff_id is None
    if before is None or before.agency == agency.code or at_desk:
        return
    ticket.handovers += 1
    ticket.bounces += _returns(earlier, assignment)


def _returns(earlier: Sequence[Assignment], new: Assignment) -> bool:
    """Whether a hand-over brings the ticket back to where it came from; a supervisor's decision ends that game."""
    if new.reason in (Why.SENT_BACK, Why.BOUNCED):
        return True
    had = any(row.agency == new.agency for row in earlier)
    return had and new.reason == Why.STAFF and new.staff_id is not None


def check_free(session: Session, region: Region, ticket: Ticket, agency: str, staff_id: int | None) -> Why:
    """Calling this will say with what reason somebody may give a ticket to an agency.

    What waits for a supervisor, and what a supervisor has decided, only a supervisor passes on; so is what would come
    back to an agency for the ``desk_rules.handover.bounces``-th time. Raises NeedsSupervisor.
    """
    now = last(session, ticket)
    reason = now.reason if now is not None else ""
    binds, waits = reason == Why.DECIDED, reason == Why.BOUNCED
    if (binds or waits) and supervises(session, staff_id):
        return Why.DECIDED
    if waits:
        raise NeedsSupervisor("waits_for_supervisor", "the ticket waits for a supervisor's decision")
    if binds and agency != ticket.agency:
        raise NeedsSupervisor("decided", "a supervisor has decided who has the ticket")
    if binds:
        return Why.DECIDED
    if _once_too_often(session, region, ticket, agency) and not supervises(session, staff_id):
        raise NeedsSupervisor("pingpong", "the ticket was handed back and forth too often")
    return Why.STAFF


def _once_too_often(session: Session, region: Region, ticket: Ticket, agency: str) -> bool:
    if agency == ticket.agency or ticket.bounces + 1 < region.desk_rules.handover.bounces:
        return False
    return any(row.agency == agency for row in chain(session, ticket))


def waits(session: Session, ticket: Ticket) -> bool:
    """Calling this will say whether an open ticket waits for a supervisor to decide who has it."""
    now = last(session, ticket) if Status(ticket.status) in OPEN else None
    return now is not None and now.reason == Why.BOUNCED


def by_people(session: Session, ticket: Ticket) -> bool:
    """Calling this will say whether people settled who has a ticket in a way no rule may undo: by a decision, by
    sending it back, by making it a part."""
    now = last(session, ticket)
    return now is not None and now.reason in (Why.DECIDED, Why.SENT_BACK, Why.PART)


def supervised(session: Session, ticket: Ticket) -> bool:
    """Calling this will say whether who has a ticket is a supervisor's to say: it waits for that, or it was said."""
    now = last(session, ticket)
    return now is not None and now.reason in (Why.DECIDED, Why.BOUNCED)


def taken(session: Session, now: datetime, ticket: Ticket) -> None:
    """Calling this will note that the agency has taken a ticket on, unless it had, nobody asked, or the ticket waits
    for a supervisor's decision."""
    assignment = last(session, ticket) if ticket.accept_due is not None and ticket.accepted_at is None else None
    if assignment is None or assignment.reason == Why.BOUNCED:
        return
    assignment.accepted_at = ticket.accepted_at = now
    session.add_all([assignment, ticket])


def stepped(session: Session, now: datetime, ticket: Ticket, to: Status, staff_id: int | None) -> None:
    """Calling this will note, where a member of staff changes a ticket's status to ``to``, that it is taken on."""
    if staff_id is not None and to in TAKES_ON:
        taken(session, now, ticket)


def check_parts(session: Session, ticket: Ticket, to: Status) -> None:
    """Calling this will return if a ticket may become ``to`` as far as its parts, or its whole, go. Raises PartsOpen,
    WholeEnded."""
    if to not in ENDED:
        _check_whole(session, ticket, to)
        return
    open_ones = (col(Ticket.parent_id) == stored_id(ticket.id), col(Ticket.status).in_(sorted(OPEN)))
    query = select(col(Ticket.number)).where(*open_ones).order_by(col(Ticket.id)).with_for_update()
    numbers = session.scalars(query).all()
    if numbers:
        raise PartsOpen(Status(ticket.status), to, numbers)


def _check_whole(session: Session, ticket: Ticket, to: Status) -> None:
    """An ended part is opened again only while its whole is open, and not where that became about officials since."""
    if ticket.parent_id is None or Status(ticket.status) not in ENDED:
        return
    query = select(Ticket).where(col(Ticket.id) == ticket.parent_id).with_for_update()
    whole = session.scalars(query.execution_options(populate_existing=True)).one()
    if Status(whole.status) in ENDED or (whole.supervision and not ticket.supervision):
        raise WholeEnded(Status(ticket.status), to)
