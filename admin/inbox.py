"""The list of tickets: what the person may see, the most pressing on top."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, render_template, request

from admin.filters import LAST_PAGE, PAGE_SIZE, SORTS, STATUSES, Filters
from admin.formats import Clock, pressing
from admin.joining import reporters
from admin.security import Need, Viewer, allow, runtime, viewer
from channels.registry import kinds
from dispatch.models import Ticket
from dispatch.region import Agency, Place, Region

blueprint = Blueprint("inbox", __name__)


@dataclass(frozen=True, slots=True)
class Row:
    """Calling this will hold one line of the list."""

    ticket: Ticket
    clock: Clock | None
    reporters: int = 0


@blueprint.get("/tickets")
@allow(Need.STAFF)
def tickets() -> str:
    """Calling this will show one page of the tickets that the query asks for and the reader may see."""
    wired, now, who = runtime(), runtime().now(), viewer()
    filters = Filters.read(request.args)
    with wired.reading() as session:
        found = session.scalars(filters.select(wired.region, now, who.scope)).all()
        joined = reporters(session, found)
    rows = [Row(each, pressing(wired.region, now, each), joined.get(each.id or 0, 0)) for each in found[:PAGE_SIZE]]
    return render_template(
        "tickets.html",
        rows=rows,
        filters=filters,
        more=len(found) > PAGE_SIZE and filters.page < LAST_PAGE,
        region=wired.region,
        agencies=visible_agencies(wired.region, who),
        areas=areas(wired.region),
        statuses=STATUSES,
        sorts=tuple(SORTS),
        channels=kinds(),
        now=now,
    )


def visible_agencies(region: Region, who: Viewer) -> list[Agency]:
    """Calling this will list the agencies whose tickets a person may see, in the region's order."""
    return [agency for agency in region.agencies.values() if who.scope.sees(agency.code)]


def areas(region: Region) -> list[Place]:
    """Calling this will list kabupaten/kota and their districts, each kabupaten/kota followed by its own."""
    shown = [place for place in region.places.values() if place.level in ("regency", "district")]
    return sorted(shown, key=lambda place: place.code)
