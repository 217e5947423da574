"""The question which matter a ticket is, put to its citizen: asked once, and what the answer changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from dispatch.models import LabelSource, Ticket
from dispatch.region import Region
from dispatch.services import labels, tickets
from dispatch.services.tagged import Tag

#: An answer to the question counts for this long.
WAITS = timedelta(days=3)


def ask(session: Session, now: datetime, ticket: Ticket, choices: Sequence[str]) -> None:
    """Calling this will note that the citizen is asked at ``now`` which of these categories it is, the first being
    number 1."""
    ticket.choices = list(choices)
    ticket.choices_asked_at = now
    ticket.version += 1
    session.add(ticket)


def choose(session: Session, region: Region, now: datetime, ticket: Ticket, category: str) -> bool:
    """Calling this will take the citizen's answer to that question: ``category``, or "" for none of those; True when
    it gave the ticket to an agency.

    The choice is noted as what the citizen said (``LabelSource.CHOSEN``). What staff decided meanwhile stands, and
    neither teaches nor changes anything.
    """
    if not tickets.undecided(ticket):
        return False
    ticket.choices = []
    ticket.version += 1
    session.add(ticket)
    if category not in region.categories:
        return False
    if not tickets.categorise(session, region, now, ticket, Tag(category, danger=ticket.danger), reason="chosen"):
        return False
    labels.say(session, now, ticket, category, LabelSource.CHOSEN)
    return True
