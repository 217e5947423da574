"""Track a ticket by its number: where it stands, who has it, and the dates. No text, no name, no channel."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, abort, current_app, redirect, render_template, request, send_file, url_for
from sqlalchemy import Select, select
from sqlmodel import Session, col
from werkzeug.wrappers import Response

from bot import visitor
from bot.chat import ending_buttons
from bot.hooks import runtime
from bot.limiter import Limiter
from bot.submission import Draft
from channels.web import Web
from dispatch import numbers
from dispatch.models import CitizenAddress, Privacy, Ticket
from dispatch.services import evidence, parts
from dispatch.services.media import path_of

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
        ticket = session.scalars(_public(number)).first()
        agencies = len(parts.agencies(session, ticket)) if ticket is not None else 0
    if ticket is None:
        return _unknown(typed)
    agency = runtime().region.agencies[ticket.agency].name
    with runtime().reading() as session:
        proofs = () if ticket.privacy == Privacy.SECRET else evidence.shown(session, ticket)
        buttons = _buttons(session, ticket)
    return render_template(
        "track.html",
        ticket=ticket,
        agency=agency,
        agencies=agencies,
        typed=ticket.number,
        unknown=False,
        proofs=proofs,
        buttons=buttons,
        draft=Draft.empty(False),
    )


@track.get("/bukti/<typed>/<int(max=2147483647):attachment_id>")
def proof(typed: str, attachment_id: int) -> Response:
    """Calling this will show a photo of the work that staff let the citizen see; 404 for anything else."""
    number = numbers.parse(runtime().region.prefix, typed) or ""
    with runtime().reading() as session:
        ticket = session.scalars(_public(number)).first()
        open_one = ticket is not None and ticket.privacy != Privacy.SECRET
        found = evidence.shown(session, ticket) if ticket is not None and open_one else ()
    digest = next((row.preview for row in found if row.id == attachment_id), "")
    path = path_of(runtime().settings.media, digest) if digest else None
    if path is None or not path.is_file():
        _unknown(typed)
        abort(404)
    response = send_file(path, mimetype="image/jpeg", max_age=0, etag=False)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _public(number: str) -> Select[Ticket]:
    """The ticket of a number, if anybody who knows it may look: none about officials, and no part of another, for
    citizens know the whole, and nobody else's number."""
    return select(Ticket).where(
        col(Ticket.number) == number, col(Ticket.supervision).is_(False), col(Ticket.parent_id).is_(None)
    )


def _buttons(session: Session, ticket: Ticket) -> tuple[tuple[str, str], ...]:
    """The answers to our question about the end, on the device whose chat the ticket was written in alone."""
    address = session.get(CitizenAddress, ticket.address_id)
    own = address is not None and address.channel == Web.kind and address.value == visitor.known_chat()
    return ending_buttons(ticket) if own else ()


def _unknown(typed: str) -> tuple[str, int]:
    limiter: Limiter = current_app.extensions[LIMITER]
    if not limiter.allow(visitor.network(), runtime().now()):
        abort(429)
    return render_template("track.html", ticket=None, typed=typed[:TYPED_LENGTH], unknown=True), 404
