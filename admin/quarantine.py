"""Quarantine: what arrived and could not be read or worked on. Nothing is lost while it lies here."""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from sqlmodel import col
from werkzeug.wrappers import Response as BaseResponse

from admin.files import CSP
from admin.security import Need, allow, runtime, viewer
from dispatch.filetypes import UNKNOWN
from dispatch.models import EventState, InboundEvent
from dispatch.services import inbound
from dispatch.services.tickets import audit

blueprint = Blueprint("quarantine", __name__)

SHOWN = 50
RAW_SHOWN = 2_000


@blueprint.get("/quarantine")
@allow(Need.REGION)
def show() -> str:
    """Calling this will list the oldest quarantined events, each with the beginning of what arrived as plain text."""
    wired = runtime()
    query = select(InboundEvent).where(col(InboundEvent.state) == EventState.QUARANTINED).order_by(col(InboundEvent.id))
    with wired.reading() as session:
        rows = session.scalars(query.limit(SHOWN + 1)).all()
    events = [(row, readable(row.raw)) for row in rows[:SHOWN]]
    return render_template("quarantine.html", events=events, more=len(rows) > SHOWN, region=wired.region)


def readable(raw: bytes) -> str:
    """Calling this will show the first bytes as UTF-8 text, with a mark for each byte or character that is not text."""
    text = bytes(raw[:RAW_SHOWN]).decode("utf-8", "replace")
    return "".join(char if char in "\n\t" or char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


@blueprint.get("/quarantine/<int(max=2147483647):event_id>/original")
@allow(Need.REGION)
def original(event_id: int) -> Response:
    """Calling this will send the whole of what arrived, as bytes to keep and never to be shown in place; 404 once the
    event is off the list or its bytes are erased. It is written down, for with it personal data leaves this house."""
    wired = runtime()
    with wired.writing() as session:
        row = session.get(InboundEvent, event_id)
        if row is None or row.state != EventState.QUARANTINED or not row.raw:
            abort(404)
        if request.method == "GET":
            audit(session, wired.now(), "event.download", "event", str(event_id), staff_id=viewer().staff_id)
        response = Response(bytes(row.raw), mimetype=UNKNOWN)
    response.headers["Content-Disposition"] = f"attachment; filename=event-{event_id}.bin"
    response.headers["Content-Security-Policy"] = CSP
    return response


@blueprint.post("/quarantine/<int(max=2147483647):event_id>/retry")
@allow(Need.REGION)
def retry(event_id: int) -> BaseResponse:
    """Calling this will send an event through the work again."""
    wired, now = runtime(), runtime().now()
    with wired.writing() as session:
        done = inbound.retry_quarantined(session, now, event_id)
        if done:
            audit(session, now, "event.retry", "event", str(event_id), staff_id=viewer().staff_id)
    flash(
        gettext("It is being worked on again.")
        if done
        else gettext("That cannot be tried again: it was never readable, or somebody has dealt with it already.")
    )
    return redirect(url_for("quarantine.show"), 303)


@blueprint.post("/quarantine/<int(max=2147483647):event_id>/discard")
@allow(Need.REGION)
def discard(event_id: int) -> BaseResponse:
    """Calling this will take an event off the list; what arrived is kept until its retention ends."""
    wired, now = runtime(), runtime().now()
    with wired.writing() as session:
        done = inbound.discard_quarantined(session, now, event_id)
        if done:
            audit(session, now, "event.discard", "event", str(event_id), staff_id=viewer().staff_id)
    flash(gettext("It is off the list.") if done else gettext("Somebody has dealt with it already."))
    return redirect(url_for("quarantine.show"), 303)
