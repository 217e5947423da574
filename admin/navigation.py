"""What is on every page: where one can go, how much waits there, the language; and the page that explains the words."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from sqlalchemy import func, select
from sqlmodel import col
from werkzeug.wrappers import Response as BaseResponse

from admin import owning
from admin.security import PERMITS, Need, Viewer, allow, public, runtime, safe_next, secure, viewer, viewer_or_none
from dispatch.models import EventState, InboundEvent, Staff, Ticket
from dispatch.reports import condition, in_agencies

blueprint = Blueprint("navigation", __name__)

LANGUAGES = ("id", "en")
LANGUAGE_COOKIE = "aduan_language"


def context() -> dict[str, Any]:
    """Calling this will give templates what the frame of a page needs; counting waits until a page asks for it."""
    return {"waiting": waiting, "may": may, "unread_secrets": owning.unread}


def may(need: str) -> bool:
    """Calling this will say whether the person behind the request meets a need: links they cannot use are not shown."""
    who = viewer_or_none()
    return who is not None and PERMITS[Need(need)](who)


def waiting() -> dict[str, int]:
    """Calling this will count what waits for the person behind the request: overdue, triage, quarantine."""
    who = viewer_or_none()
    return _counts(who) if who else {}


def _counts(who: Viewer) -> dict[str, int]:
    now = runtime().now()
    tickets = select(func.count()).select_from(Ticket).where(in_agencies(who.scope))
    queries = {"overdue": tickets.where(condition("overdue", now))}
    if may(Need.DESK):
        queries["triage"] = tickets.where(condition("triage", now))
    if may(Need.REGION):
        events = select(func.count()).select_from(InboundEvent)
        queries["quarantine"] = events.where(col(InboundEvent.state) == EventState.QUARANTINED)
    with runtime().reading() as session:
        return {name: session.scalar(query) or 0 for name, query in queries.items()}


@blueprint.get("/")
@allow(Need.STAFF)
def root() -> BaseResponse:
    """Calling this will lead to the list of tickets, the page work begins on."""
    return redirect(url_for("inbox.tickets"), 302)


@blueprint.get("/help")
@allow(Need.STAFF)
def help_page() -> str:
    """Calling this will show what the words of this application mean."""
    return render_template("help.html", region=runtime().region)


@blueprint.post("/language")
@public
def choose_language() -> BaseResponse:
    """Calling this will keep the reader's language: in their account, and in a cookie for the pages before sign-in."""
    chosen = request.form.get("language", "")
    target = safe_next(request.form.get("next"))
    back = target or url_for("navigation.root") if viewer_or_none() else url_for("auth.login", next=target)
    response = make_response(redirect(back, 303))
    if chosen in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE, chosen, max_age=31_536_000, path="/admin", secure=secure(), httponly=True, samesite="Lax"
        )
        who = viewer_or_none()
        if who is not None:
            with runtime().writing() as session:
                row = session.get_one(Staff, viewer().staff_id)
                row.language = chosen
                session.add(row)
    return response
