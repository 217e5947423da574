"""Triage: tickets nobody is sure about, each with the likeliest agencies as one button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, render_template
from sqlalchemy import func, select
from sqlmodel import Session, col

from admin.formats import Clock, pressing
from admin.security import Need, allow, runtime, viewer
from dispatch import routing
from dispatch.models import Assignment, Ticket
from dispatch.region import Agency, Category, Region
from dispatch.reports import condition, in_agencies, raised
from dispatch.routing import Held

blueprint = Blueprint("triage", __name__)

SHOWN = 30
SUGGESTED = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """Calling this will hold one suggestion: the category, the agency it leads to here, and how likely it is.

    ``confidence`` is 0 to 1, None when the suggestion does not say.
    """

    category: Category
    agency: Agency
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Case:
    """Calling this will hold one unsure ticket with its suggestions; ``reason`` is why it waits for a person."""

    ticket: Ticket
    clock: Clock | None
    choices: Sequence[Choice]
    reason: str


@blueprint.get("/triage")
@allow(Need.DESK)
def show() -> str:
    """Calling this will list the unsure tickets, danger to life first, then the earliest deadline."""
    wired, now = runtime(), runtime().now()
    query = (
        select(Ticket)
        .where(in_agencies(viewer().scope), condition("triage", now))
        .order_by(raised(now), col(Ticket.first_response_due), col(Ticket.id))
        .limit(SHOWN + 1)
    )
    with wired.reading() as session:
        found = session.scalars(query).all()
        suggestions = _suggestions(session, [ticket.id for ticket in found])
    cases = []
    for ticket in found[:SHOWN]:
        reason, suggested = suggestions.get(ticket.id, ("", []))
        if reason == Held.SUPERVISION:  # the inspectorate is the first choice, not the agency complained about
            suggested = [*_supervised(wired.region), *suggested]
        clock = pressing(wired.region, now, ticket)
        cases.append(Case(ticket, clock, choices(wired.region, ticket, suggested), reason))
    return render_template("triage.html", cases=cases, more=len(found) > SHOWN, region=wired.region)


def choices(region: Region, ticket: Ticket, suggestions: Sequence[Mapping[str, object]]) -> list[Choice]:
    """Calling this will turn stored suggestions into what the buttons do; what the region no longer knows is left out.

    The agency is worked out anew: the place may have become known since.
    """
    found = []
    for suggestion in suggestions:
        category = region.categories.get(str(suggestion.get("category", "")))
        if category is None:
            continue
        agency = region.agencies[routing.route(region, category.code, ticket.area).agency]
        confidence = suggestion.get("confidence")
        found.append(Choice(category, agency, confidence if isinstance(confidence, float) else None))
    return found[:SUGGESTED]


def _supervised(region: Region) -> list[dict[str, object]]:
    return [{"category": category.code} for category in region.categories.values() if category.supervision]


def _suggestions(session: Session, ids: Sequence[int | None]) -> dict[int | None, tuple[str, list[dict[str, object]]]]:
    """Ticket id → why its last assignment was made, and the suggestions it was made with."""
    lasts = (
        select(func.max(col(Assignment.id)))
        .where(col(Assignment.ticket_id).in_(ids))
        .group_by(col(Assignment.ticket_id))
    )
    columns = col(Assignment.ticket_id), col(Assignment.reason), col(Assignment.suggestions)
    rows = session.execute(select(*columns).where(col(Assignment.id).in_(lasts)))
    return {row[0]: (row[1], row[2]) for row in rows}
