"""What somebody was told: their alerts, the unseen ones first; and on a ticket's page who was told of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import func, select
from sqlmodel import Session, col
from werkzeug.wrappers import Response as BaseResponse

from admin.formats import language
from admin.navigation import may
from admin.security import Need, allow, runtime, viewer, viewer_or_none
from admin.ticket import MOST_DIGITS
from dispatch.models import Alert, Outbox, Staff, Ticket
from dispatch.services import alerts

blueprint = Blueprint("alerts", __name__)

SHOWN = 100

POSITIONS = {
    "officer": _l("Officer at the desk"),
    "head": _l("Head of the agency"),
    "supervisor": _l("Supervisor of agencies"),
    "secretary": _l("Regional secretary"),
}

#: What somebody was told → how a ticket's history says it.
KINDS = {
    "due": _l("told that a deadline is near"),
    "late": _l("told that a deadline has passed"),
    "danger": _l("told of danger to life"),
    "reopened": _l("told that it was reopened"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """Calling this will hold one alert as it is shown: its sentence, the ticket it leads to (None where there is none,
    or its reader may not see it any more), and what became of its message ("" when none was sent)."""

    alert: Alert
    text: str
    ticket: Ticket | None
    delivery: str


@blueprint.get("/alerts")
@allow(Need.STAFF)
def show() -> str:
    """Calling this will list one's own newest alerts, the unseen ones first."""
    wired, who = runtime(), viewer()
    mine = select(Alert).where(col(Alert.staff_id) == who.staff_id)
    query = mine.order_by(col(Alert.seen_at).is_not(None), col(Alert.id).desc()).limit(SHOWN + 1)
    with wired.reading() as session:
        rows = session.scalars(query).all()
        lines = [_line(session, row) for row in rows[:SHOWN]]
    return render_template("alerts.html", lines=lines, more=len(rows) > SHOWN, region=wired.region)


def _line(session: Session, alert: Alert) -> Line:
    about = session.get(Ticket, alert.ticket_id) if alert.ticket_id else None
    ticket = about if about is not None and viewer().scope.reads(about) else None
    text = ""
    if about is None or ticket is not None:
        text = alerts.sentence(runtime().phrases, alert, ticket, language())
    sent = select(col(Outbox.state)).where(col(Outbox.message_id) == alert.message_id).order_by(col(Outbox.id).desc())
    return Line(alert, text, ticket, (session.scalars(sent).first() or "") if alert.message_id else "")


@blueprint.post("/alerts/seen")
@allow(Need.STAFF)
def seen() -> BaseResponse:
    """Calling this will mark one's own alerts as seen: the one named in ``alert``, all without a name."""
    wired, who = runtime(), viewer()
    text = request.form.get("alert", "")
    named = [int(text)] if text.isascii() and text.isdigit() and len(text) < MOST_DIGITS else None
    with wired.writing() as session:
        count = 0 if text and named is None else alerts.mark_seen(session, wired.now(), who.staff_id, named)
    flash(ngettext("%(num)d marked as seen.", "%(num)d marked as seen.", count))
    return redirect(url_for("alerts.show"), 303)


@dataclass(frozen=True, slots=True)
class Told:
    """Calling this will hold one line of a ticket's history: when who was told of what, as which position, on which
    rung (0: not by the ladder), and whether in place of an empty one."""

    at: datetime
    kind: str
    step: str
    rung: int
    position: str
    instead: bool
    names: tuple[str, ...]


def escalation(ticket: Ticket) -> list[Told]:
    """Calling this will list, for who watches over others, whom the ladder told of a ticket, oldest first."""
    if not may(Need.SUPERVISOR):
        return []
    query = (
        select(Alert, col(Staff.name))
        .join(Staff, col(Staff.id) == col(Alert.staff_id))
        .where(col(Alert.ticket_id) == ticket.id, col(Alert.kind).in_(sorted(KINDS)))
        .order_by(col(Alert.id))
    )
    with runtime().reading() as session:
        rows = session.execute(query).all()
    found = []
    for (at, kind, step, rung), group in groupby(
        rows, key=lambda row: (row[0].created_at, row[0].kind, row[0].step, row[0].rung)
    ):
        told = list(group)
        detail = told[0][0].detail
        names = tuple(name for _, name in told)
        found.append(Told(at, kind, step, rung, detail.get("position", ""), bool(detail.get("instead")), names))
    return found


def unseen() -> int:
    """Calling this will count the alerts that the person behind the request has not seen."""
    who = viewer_or_none()
    if who is None:
        return 0
    query = select(func.count()).where(col(Alert.staff_id) == who.staff_id, col(Alert.seen_at).is_(None))
    with runtime().reading() as session:
        return session.scalar(query) or 0


@blueprint.app_context_processor
def _context() -> dict[str, Any]:
    return {"escalation": escalation, "unseen": unseen, "positions": POSITIONS, "alert_kinds": KINDS}
