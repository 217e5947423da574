"""Which category a ticket's first words belong to, as people said it: what the classifier learns from.

A statement is made where a person decides and nowhere else: at the desk (triage), by handing over into another
category, by answering or resolving in the category the classifier proposed, by the citizen's own choice. Handing over
to another agency within the category corrects the route, not the classifier, and says nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlmodel import Session, col

from dispatch.db import stored_id
from dispatch.models import BY_STAFF, Assignment, Label, LabelSource, Ticket


def say(
    session: Session, now: datetime, ticket: Ticket, category: str, source: LabelSource, staff_id: int | None = None
) -> Label:
    """Calling this will note that ``ticket`` belongs to ``category``, with what the classifier had proposed.

    The same statement again, by the same person and while it still is the last one, adds nothing: the row that stands
    is returned.
    """
    last = _last(session, ticket)
    if last is not None and (last.category, last.source, last.staff_id) == (category, source, staff_id):
        return last
    suggested, confidence, version = proposed(session, ticket)
    row = Label(
        ticket_id=stored_id(ticket.id),
        citizen_id=ticket.citizen_id,
        category=category,
        source=source,
        staff_id=staff_id,
        suggested=suggested,
        confidence=confidence,
        model_version=version,
        at=now,
    )
    session.add(row)
    session.flush()
    return row


def decided(session: Session, now: datetime, ticket: Ticket, before: str | None, *, staff_id: int) -> Label | None:
    """Calling this will note what a hand-over by a member of staff teaches: ``before`` is the category the ticket had.

    Returns None where it teaches nothing, because the category is not known or stayed the same.
    """
    if ticket.category is None or ticket.category == before:
        return None
    source = LabelSource.TRIAGED if before is None else LabelSource.CORRECTED
    return say(session, now, ticket, ticket.category, source, staff_id)


def confirm(session: Session, now: datetime, ticket: Ticket, *, staff_id: int) -> Label | None:
    """Calling this will note, once, that staff answered or resolved a ticket in the category it was put in without
    them: by the classifier, or by the citizen's choice.

    Returns None where nothing was to be confirmed, or staff have said it before.
    """
    if ticket.category is None:
        return None
    standing = of_ticket(session, ticket)
    if standing is not None and (standing.source in BY_STAFF or standing.category != ticket.category):
        return None
    if standing is None and proposed(session, ticket)[0] != ticket.category:
        return None
    return say(session, now, ticket, ticket.category, LabelSource.CONFIRMED, staff_id)


def withdraw(session: Session, now: datetime, ticket: Ticket) -> int:
    """Calling this will take back everything said of a ticket's category: nothing is learnt from it any more.

    Returns how many statements that were. What was said before stays on record with the time it was taken back.
    """
    rows = session.scalars(_standing_of([stored_id(ticket.id)])).all()
    for row in rows:
        row.withdrawn_at = now
        session.add(row)
    return len(rows)


def of_ticket(session: Session, ticket: Ticket) -> Label | None:
    """Calling this will give the statement that holds for a ticket, None without one."""
    return holding(session.scalars(_standing_of([stored_id(ticket.id)]))).get(stored_id(ticket.id))


def holding(rows: Iterable[Label]) -> dict[int, Label]:
    """Calling this will give the statement that holds for each ticket, of ``rows`` in the order they were made and none
    of them withdrawn: the last by staff, or else the citizen's last choice.
    """
    found: dict[int, Label] = {}
    for row in rows:
        held = found.get(row.ticket_id)
        if held is None or row.source in BY_STAFF or held.source not in BY_STAFF:
            found[row.ticket_id] = row
    return found


def lesson(session: Session, label: Label) -> int:
    """Calling this will number a statement among the lessons of its category: how many tickets teach it up to here."""
    query = select(func.count(func.distinct(Label.ticket_id))).where(
        col(Label.category) == label.category, col(Label.withdrawn_at).is_(None), col(Label.id) <= label.id
    )
    return session.scalar(query) or 0


def proposed(session: Session, ticket: Ticket) -> tuple[str | None, float | None, str]:
    """Calling this will give what the classifier last proposed for a ticket: category, confidence (0 to 1), version.

    All are empty for a ticket it was never asked about, or had nothing to say of.
    """
    query = (
        select(Assignment)
        .where(col(Assignment.ticket_id) == ticket.id, col(Assignment.model_version) != "")
        .order_by(col(Assignment.id).desc())
    )
    last = session.scalars(query.limit(1)).first()
    if last is None:
        return None, None, ""
    best = next(iter(last.suggestions), {})
    category = best.get("category") if best else last.category
    confidence = best.get("confidence", last.score) if best else last.score
    known = category if isinstance(category, str) else last.category
    return known, confidence if isinstance(confidence, float) else last.score, last.model_version


def _last(session: Session, ticket: Ticket) -> Label | None:
    query = select(Label).where(col(Label.ticket_id) == ticket.id, col(Label.withdrawn_at).is_(None))
    return session.scalars(query.order_by(col(Label.id).desc()).limit(1)).first()


def _standing_of(tickets: list[int]) -> Select[Any]:
    query = select(Label).where(col(Label.ticket_id).in_(tickets), col(Label.withdrawn_at).is_(None))
    return query.order_by(col(Label.id))
