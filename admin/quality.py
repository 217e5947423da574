"""Quality of classification: right, corrected and unsure by agency and category, drift, versions and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from sqlmodel import col
from werkzeug.wrappers import Response as BaseResponse

from admin.formats import language, start_of
from admin.responses import period
from admin.security import Need, allow, runtime, viewer
from classifier.artifact import ArtifactRefused
from dispatch import learning, quality, versions
from dispatch.models import ModelVersion, Staff
from dispatch.region import Region
from dispatch.runtime import Runtime
from dispatch.services import models

blueprint = Blueprint("quality", __name__)

SHOWN_VERSIONS = 20


@dataclass(frozen=True, slots=True)
class Count:
    """Calling this will hold a number and the address of exactly its tickets."""

    number: int
    href: str


@dataclass(frozen=True, slots=True)
class Share:
    """Calling this will hold a share as its numerator and denominator, each with its tickets."""

    part: Count
    whole: Count

    @property
    def percent(self) -> str:
        """Calling this will write the share in percent, "–" of nothing."""
        return f"{round(100 * self.part.number / self.whole.number)} %" if self.whole.number else "–"


@dataclass(frozen=True, slots=True)
class Line:
    """Calling this will hold one agency or category: what was right and corrected of what staff judged, and for an
    agency what was unsure of what the classifier was asked.
    """

    name: str
    right: Share
    wrong: Share
    unsure: Share | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """Calling this will hold a version with who changed it, and whether it can serve again."""

    row: ModelVersion
    who: str
    kept: bool


@blueprint.get("/quality")
@allow(Need.SUPERVISOR)
def show() -> str:
    """Calling this will show how well the classifier did on tickets received in a period, and how it stands now."""
    wired, now, who = runtime(), runtime().now(), viewer()
    first, last = period(wired.region, now)
    start, end = start_of(wired.region, first), start_of(wired.region, last + timedelta(days=1))
    reader = _serving(wired)
    scope = who.scope
    with wired.reading() as session:
        agencies = quality.by_agency(session, now, scope, start, end)
        categories = quality.by_category(session, scope, start, end)
        confusions = quality.confusions(session, scope, start, end)
        serving = models.find(session, reader.version) if reader else None
        drift = quality.drift(session, wired.region, now, scope, reader.agency if reader else None, serving)
        rows = models.listing(session, SHOWN_VERSIONS)
        ids = {row.staff_id for row in rows if row.staff_id}
        people = dict(session.execute(select(col(Staff.id), col(Staff.email)).where(col(Staff.id).in_(ids))).all())
        waiting = models.new_labels(session)
        night = models.last_training(session)
    on_disk = _on_disk(wired)
    made = [Made(row, people.get(row.staff_id, ""), row.version in on_disk) for row in rows]
    return render_template(
        "quality.html",
        first=first,
        last=last,
        agencies=[_agency_line(wired.region, row, first, last) for row in agencies if row.classified or row.judged],
        categories=[_category_line(wired.region, row, first, last) for row in categories],
        confusions=[_confusion(wired.region, row, first, last) for row in confusions],
        total=_total(agencies, first, last),
        drift=drift,
        concerns=[text for name, text in _concerns(drift).items() if name in drift.attention],
        versions=made,
        fresh=waiting,
        needed=learning.LEAST_NEW,
        night=night,
        faults=wired.model_store.faults,
        region=wired.region,
    )


@blueprint.post("/quality/rollback")
@allow(Need.ADMIN)
def roll_back() -> BaseResponse:
    """Calling this will let an earlier version serve again; who did it is written down."""
    wired, who = runtime(), viewer()
    try:
        before, now = learning.roll_back(wired, request.form.get("version", ""), staff_id=who.staff_id)
    except ArtifactRefused:
        flash(gettext("This version cannot serve: it is not kept, is damaged, or serves already. Nothing was changed."))
    else:
        flash(gettext("%(now)s serves from now on, %(before)s is out of service.", now=now, before=before))
    return redirect(url_for("quality.show"), 303)


def _serving(wired: Runtime) -> Any:
    try:
        return wired.classifier
    except ArtifactRefused:
        return None


def _on_disk(wired: Runtime) -> frozenset[str]:
    try:
        pointer, _ = versions.trusted_pointer(wired.settings.models)
    except ArtifactRefused:
        return frozenset()
    return frozenset(each.version for each in pointer.kept)


def _concerns(drift: quality.Drift) -> dict[str, str]:
    """What needs attention → a plain sentence that says what to do."""
    against = gettext("what it was trained on") if drift.against_training else gettext("the twelve weeks before")
    return {
        "unsure": gettext(
            "The classifier is unsure much more often than in the weeks before. Look at the newest tickets in triage: "
            "is there a new matter?"
        ),
        "confidence": gettext(
            "The classifier is much less confident than in the weeks before. Read some of the newest tickets: do "
            "people write differently?"
        ),
        "unknown": gettext(
            "Many more words are unknown to the classifier than in the weeks before. The next nightly training learns "
            "them from tickets staff decided."
        ),
        "mix": gettext(
            "People write about other matters than %(against)s. That may be the season; if it stays, more decided "
            "tickets of the new matters help most.",
            against=against,
        ),
    }


def _agency_line(region: Region, row: quality.AgencyQuality, first: date, last: date) -> Line:
    def count(name: str) -> Count:
        return Count(getattr(row, name), _link(first, last, figure=name, opd=row.agency))

    agency = region.agencies.get(row.agency)
    return Line(
        agency.short if agency else row.agency,
        Share(count("proposed_right"), count("judged")),
        Share(count("proposed_wrong"), count("judged")),
        Share(count("unsure"), count("classified")),
    )


def _total(rows: Sequence[quality.AgencyQuality], first: date, last: date) -> Line:
    def count(name: str) -> Count:
        return Count(sum(getattr(row, name) for row in rows), _link(first, last, figure=name))

    return Line(
        "",
        Share(count("proposed_right"), count("judged")),
        Share(count("proposed_wrong"), count("judged")),
        Share(count("unsure"), count("classified")),
    )


def _category_line(region: Region, row: quality.CategoryQuality, first: date, last: date) -> Line:
    def count(number: int, figure: str) -> Count:
        return Count(number, _link(first, last, figure=figure, proposed=row.category))

    whole = count(row.judged, "judged")
    return Line(
        _named(region, row.category),
        Share(count(row.right, "proposed_right"), whole),
        Share(count(row.wrong, "proposed_wrong"), whole),
    )


def _confusion(region: Region, row: quality.Confusion, first: date, last: date) -> dict[str, Any]:
    href = _link(first, last, figure="proposed_wrong", proposed=row.proposed, decided=row.decided)
    return {
        "proposed": _named(region, row.proposed),
        "decided": _named(region, row.decided),
        "count": Count(row.count, href),
    }


def _named(region: Region, code: str) -> str:
    category = region.categories.get(code)
    if category is None:
        return code
    return category.name_en if language() == "en" else category.name


def _link(first: date, last: date, **filters: str) -> str:
    query = {**filters, "status": "all", "opened_from": first.isoformat(), "opened_to": last.isoformat()}
    return f"{url_for('inbox.tickets')}?{urlencode(query)}"
