"""Tickets by how the classifier did on them, as conditions of SQL: what it proposed against what staff decided.

The last statement of staff about a ticket that is not withdrawn counts (``services/labels``); what the classifier was
first asked counts as its proposal being sure or not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from dispatch.models import BY_STAFF, Assignment, Label, Ticket
from dispatch.routing import Reason


def held(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Calling this will hold for tickets whose last statement of staff meets all ``conditions`` on ``Label``."""
    return select(col(Label.id)).where(is_held(), *conditions).exists()


def is_held() -> ColumnElement[bool]:
    """Calling this will limit ``Label`` to the last statement of staff about ``Ticket``."""
    other = aliased(Label)
    last = (
        select(func.max(col(other.id)))
        .where(col(other.ticket_id) == col(Ticket.id), col(other.withdrawn_at).is_(None))
        .where(col(other.source).in_(BY_STAFF))
        .correlate(Ticket)
        .scalar_subquery()
    )
    return and_(col(Label.ticket_id) == col(Ticket.id), col(Label.id) == last)


def is_first_asked() -> ColumnElement[bool]:
    """Calling this will limit ``Assignment`` to the first one of ``Ticket`` that the classifier was asked for."""
    other = aliased(Assignment)
    first = (
        select(func.min(col(other.id)))
        .where(col(other.ticket_id) == col(Ticket.id), col(other.model_version) != "")
        .correlate(Ticket)
        .scalar_subquery()
    )
    return and_(col(Assignment.ticket_id) == col(Ticket.id), col(Assignment.id) == first)


def _asked(now: datetime) -> ColumnElement[bool]:
    asked = select(col(Assignment.id)).where(
        col(Assignment.ticket_id) == col(Ticket.id), col(Assignment.model_version) != ""
    )
    return asked.exists()


def _unsure(now: datetime) -> ColumnElement[bool]:
    # A report about officials goes to the inspectorate whatever its matter is: that is no doubt.
    doubt = col(Assignment.category).is_(None), col(Assignment.reason) != Reason.SUPERVISION
    return select(col(Assignment.id)).where(is_first_asked(), *doubt).exists()


def _judged(now: datetime) -> ColumnElement[bool]:
    return held(col(Label.suggested).is_not(None))


def _right(now: datetime) -> ColumnElement[bool]:
    return held(col(Label.suggested) == col(Label.category))


def _wrong(now: datetime) -> ColumnElement[bool]:
    return held(col(Label.suggested) != col(Label.category))


#: Name → which tickets, for ``reports.CONDITIONS``.
CONDITIONS: dict[str, Callable[[datetime], ColumnElement[bool]]] = {
    "classified": _asked,
    "unsure": _unsure,
    "judged": _judged,
    "proposed_right": _right,
    "proposed_wrong": _wrong,
}


def proposed(category: str) -> ColumnElement[bool]:
    """Calling this will hold for tickets staff judged, of which the classifier had proposed this category."""
    return held(col(Label.suggested) == category)


def decided(category: str) -> ColumnElement[bool]:
    """Calling this will hold for tickets that staff decided belong to this category."""
    return held(col(Label.category) == category)
