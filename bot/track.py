"""Track a ticket by its number: where it stands, who has it, and the dates. No text, no name, no channel."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlmodel import col
from werkzeug.wrappers import Response

from bot import visitor
from bot.hooks import runtime
from bot.limiter import Limiter
from dispatch import numbers
from dispatch.models import Ticket

#: Wrong numbers one network may try. A whole mobile operator can stand behind one address, and a number has 33 random
#: bits: this only keeps guessing from costing the database anything.
MISSES = (100, timedelta(minutes=10))
LIMITER = "aduan_misses"
TYPED_LENGTH = 40

track = Blueprint("track", __name__)


def new_limiter() -> Limiter:
    """Calling this will make the counter of wrong numbers."""
    return Limiter(*MISSES)


@track.get("/lacak")
def ask() -> str | Response | tuple[str, int]:
    """Calling this will ask for a number; ``?nomor=`` leads to its page."""
    typed = request.args.get("nomor", "").strip()
    number = numbers.parse(runtime().region.prefix, typed)
    if number:
        return redirect(url_for("track.show", typed=number), 303)
    return _unknown(typed) if typed else render_template("track.html", ticket=None, typed="", unknown=False)


@track.get("/lacak/<path:typed>")
def show(typed: str) -> str | tuple[str, int]:
    """Calling this will show where a ticket stands; malformed, unknown and withheld numbers get the same answer."""
    limiter: Limiter = current_app.extensions[LIMITER]
    if limiter.full(visitor.network(), runtime().now()):
        abort(429)
    number = numbers.parse(runtime().region.prefix, typed) or ""
    with runtime().reading() as session:
        ticket = session.scalars(
            select(Ticket).where(col(Ticket.number) == number, col(Ticket.supervision).is_(False))
        ).first()
    if ticket is None:
        return _unknown(typed)
    agency = runtime().region.agencies[ticket.agency].name
    return render_template("track.html", ticket=ticket, agency=agency, typed=ticket.number, unknown=False)


def _unknown(typed: str) -> tuple[str, int]:
    limiter: Limiter = current_app.extensions[LIMITER]
    if not limiter.allow(visitor.network(), runtime().now()):
        abort(429)
    return render_template("track.html", ticket=None, typed=typed[:TYPED_LENGTH], unknown=True), 404
