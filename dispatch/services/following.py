"""What a joined ticket does because its lead does: it follows the lead's status and gets what its citizen is told.

Answers are passed on first (``sweep``), in batches of a transaction each, then statuses follow (``followed``, a
consequence of the lead's change). A citizen who is not content speaks for themselves: their own ticket is open again,
the lead stays as it is, and its officer hears of it.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from dispatch.db import stored_id
from dispatch.models import Author, Direction, Join, Message, Outcome, Position, StatusChange, Ticket
from dispatch.runtime import Runtime
from dispatch.services import alerts, apart, joining
from dispatch.services.deadlines import FOLLOWED, SILENT
from dispatch.services.tickets import move
from dispatch.workflow import ENDED, OPEN, Status

log = logging.getLogger("aduan.following")

#: What the lead's status makes of its joined tickets. Of an answer, a question and a close it makes nothing: the answer
#: itself is passed on, and every citizen has a time of their own to say that it is not settled.
_MAKES = {
    Status.IN_PROGRESS: Status.IN_PROGRESS,
    Status.RESOLVED: Status.RESOLVED,
    Status.REJECTED: Status.REJECTED,
    Status.FORWARDED: Status.FORWARDED,
}
#: So many citizens get an answer in one transaction, and so long after it was written it is still passed on.
BATCH, LOOKED_BACK = 100, timedelta(days=3)
#: The kind of alert when a joined citizen is not content.
UNSETTLED = "unsettled"


def sweep(runtime: Runtime) -> int:
    """Calling this will pass officers' answers on leads on to everybody who is joined to them and has not got them yet;
    returns how many messages that made. What a killed process left undone the next sweep does; a lead whose answer
    cannot be passed on is logged and does not stop the others."""
    with runtime.reading() as session:
        waiting = session.execute(_waiting(runtime)).all()
    sent = 0
    for ticket_id, message_id in waiting:
        try:
            sent += _pass_on(runtime, ticket_id, message_id)
        except Exception as error:
            log.exception("an answer was not passed on", exc_info=error, extra={"message_id": message_id})
    return sent


def _pass_on(runtime: Runtime, ticket_id: int, message_id: int) -> int:
    sent = 0
    while True:
        with runtime.writing() as session:
            lead = session.get_one(Ticket, ticket_id)
            message = session.get_one(Message, message_id)
            count = joining.spread(session, runtime.phrases, runtime.now(), lead, message, BATCH)
        sent += count
        if count < BATCH:
            return sent


def followed(runtime: Runtime, session: Session, ticket: Ticket, change: StatusChange) -> None:
    """Calling this will let joined tickets follow their lead's change of status, or tell the lead's officer that the
    citizen of a joined one is not content. It does nothing twice."""
    if change.reason in FOLLOWED or ticket.status != change.to_status:
        return
    if ticket.lead_id is not None:
        _unsettled(runtime, session, ticket, change)
        return
    to = _MAKES.get(Status(change.to_status))
    ended = Status(change.to_status) is Status.CLOSED
    if to is None and not ended:
        return
    for member, _ in joining.members(session, ticket, lock=True):
        if ended:
            if member.status in OPEN - SILENT:
                apart.leave(session, runtime.region, runtime.now(), member)
        elif to is not None and member.status not in (to, Status.CLOSED):
            outcome = Outcome.MERGED if to in ENDED else None
            region, now = runtime.region, runtime.now()
            move(session, region, now, member, to, reason="followed", outcome=outcome, follows=True)


def origin(session: Session, ticket: Ticket, change: StatusChange) -> StatusChange:
    """Calling this will give the lead's change that a joined ticket's change follows, or the change itself: why and by
    whom is written there."""
    if change.reason != "followed" or ticket.lead_id is None:
        return change
    query = select(StatusChange).where(
        col(StatusChange.ticket_id) == ticket.lead_id, col(StatusChange.to_status) == change.to_status
    )
    return session.scalars(query.order_by(col(StatusChange.id).desc()).limit(1)).first() or change


def _unsettled(runtime: Runtime, session: Session, ticket: Ticket, change: StatusChange) -> None:
    """A joined ticket that was answered or ended is open again through its citizen. Where its lead has ended the work
    is its own again; else the lead's officers look at it there."""
    was = Status(change.from_status) if change.from_status else None
    again = was in SILENT | ENDED and Status(change.to_status) in OPEN and change.staff_id is None
    if not again:
        return
    lead = session.get_one(Ticket, ticket.lead_id)
    about = lead
    if lead.status in ENDED:
        apart.leave(session, runtime.region, runtime.now(), ticket)
        about = ticket
    officers = alerts.readers(
        session, runtime.region, position=Position.OFFICER, scope="agency", agency=about.agency, ticket=about
    )
    alerts.tell(
        session,
        runtime,
        runtime.now(),
        staff_ids=officers.staff_ids,
        kind=UNSETTLED,
        ticket=about,
        key=f"{UNSETTLED}:{stored_id(change.id)}",
        detail={"from": ticket.number},
    )


def _waiting(runtime: Runtime):  # type: ignore[no-untyped-def]  # the type of a Select of two columns has no short name
    """(lead, message) ids of the answers that a joined citizen has not got, oldest first."""
    lead, member, copy, asked = aliased(Ticket), aliased(Ticket), aliased(Message), aliased(StatusChange)
    since = runtime.now() - LOOKED_BACK
    return (
        select(col(Message.ticket_id), col(Message.id))
        .join(lead, col(lead.id) == col(Message.ticket_id))
        .where(
            col(lead.id).in_(select(col(Ticket.lead_id)).where(col(Ticket.lead_id).is_not(None))),
            col(lead.last_staff_at) >= since,
            col(Message.created_at) >= since,
            col(Message.direction) == Direction.OUT,
            col(Message.author) == Author.STAFF,
            ~exists().where(
                col(asked.ticket_id) == col(Message.ticket_id),
                col(asked.at) == col(Message.created_at),
                col(asked.to_status) == Status.WAITING,
            ),
            exists().where(
                col(member.lead_id) == col(Message.ticket_id),
                col(Join.ticket_id) == col(member.id),
                col(Join.undone_at).is_(None),
                col(Join.at) <= col(Message.created_at),
                ~exists()
                .where(col(copy.copy_of) == col(Message.id), col(copy.ticket_id) == col(member.id))
                .correlate(Message, member),
            ),
        )
        .order_by(col(Message.id))
    )
