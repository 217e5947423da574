"""The question which of several places is meant, put to a citizen once; what the answer changes; their words for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from dispatch.models import Ticket
from dispatch.places import clipped
from dispatch.region import Region
from dispatch.services import tickets

#: A bare number answers the question for this long.
WAITS = timedelta(days=3)


def ask(session: Session, now: datetime, ticket: Ticket, areas: Sequence[str]) -> None:
    """Calling this will note that the citizen is asked at ``now`` which of these areas is meant, the first being
    number 1. They stay noted after the answer: it is asked once."""
    ticket.place_choices = list(areas)
    ticket.place_asked_at = now
    ticket.version += 1
    session.add(ticket)


def choose(session: Session, region: Region, now: datetime, ticket: Ticket, area: str) -> bool:
    """Calling this will take the citizen's answer: one of the areas, or "" for none of those; True when it placed the
    ticket. A place that staff wrote down meanwhile stands."""
    if ticket.area is not None or area not in region.places:
        return False
    tickets.place(session, region, now, ticket, area)
    return True


def note(session: Session, ticket: Ticket, words: str) -> None:
    """Calling this will add the citizen's own words for the spot to those that are noted, once, up to 200 characters in
    all; the first words stay."""
    told = clipped(words)
    if told and told.casefold() not in ticket.place_text.casefold():
        ticket.place_text = clipped(", ".join(filter(None, (ticket.place_text, told))))
        session.add(ticket)
