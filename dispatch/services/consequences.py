"""What follows from a change of status: who must hear of it, what else must change. Worked after the change itself.

A change is a promise like an outbox row: it is committed first, its consequences are worked by a sweep, once, each
change in a transaction of its own and in the order of the changes. A handler that fails leaves its change waiting, and
every later change of the same ticket behind it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy import select
from sqlmodel import Session, col

from dispatch.models import StatusChange, Ticket
from dispatch.runtime import Runtime
from dispatch.services import closing, escalations, floods, following, handovers, parts

log = logging.getLogger("aduan.consequences")

#: How many changes one sweep works at most: the next one goes on.
BATCH = 500

Handler = Callable[[Runtime, Session, Ticket, StatusChange], None]

#: Name → what follows from any change, in this order. Each looks for itself whether the change concerns it.
HANDLERS: dict[str, Handler] = {
    "handover": handovers.followed,
    "parts": parts.followed,
    "reopened": escalations.reopened,
    "joined": following.followed,
    "citizen": closing.inform,
    "alike": floods.looked,
}


def sweep(runtime: Runtime) -> int:
    """Calling this will work the consequences of the changes that wait, oldest first; returns how many it worked."""
    with runtime.reading() as session:
        waiting = select(col(StatusChange.id), col(StatusChange.ticket_id)).where(col(StatusChange.worked_at).is_(None))
        rows = session.execute(waiting.order_by(col(StatusChange.id)).limit(BATCH)).all()
    worked, stuck = 0, set[int]()
    for change_id, ticket_id in rows:
        if ticket_id in stuck:
            continue
        try:
            worked += _work(runtime, change_id)
        except Exception as error:
            stuck.add(ticket_id)
            log.exception("consequence broke", extra={"change": change_id, "error": type(error).__name__})
    return worked


def _work(runtime: Runtime, change_id: int) -> bool:
    with runtime.writing() as session:
        query = select(StatusChange).where(col(StatusChange.id) == change_id, col(StatusChange.worked_at).is_(None))
        change = session.scalars(query.with_for_update()).one_or_none()
        if change is None:
            return False
        ticket = session.scalars(select(Ticket).where(col(Ticket.id) == change.ticket_id).with_for_update()).one()
        for handle in HANDLERS.values():
            handle(runtime, session, ticket, change)
        change.worked_at = runtime.now()
        session.add(change)
    return True
