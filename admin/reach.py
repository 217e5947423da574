"""Reaching citizens: answers that did not arrive, what became of an uncertain send, and who is one and the same."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlmodel import Session
from werkzeug.wrappers import Response as BaseResponse

from admin.security import Need, allow, runtime, safe_next, viewer
from admin.ticket import MOST_DIGITS, find
from dispatch.models import Author, MergeProof, Message, Outbox, Ticket
from dispatch.services import delivery, identity
from dispatch.services.answers import CannotReach
from dispatch.services.delivery import NotSettleable

blueprint = Blueprint("reach", __name__)

SHOWN = 100


@blueprint.get("/undelivered")
@allow(Need.STAFF)
def show() -> str:
    """Calling this will list the answers that reached nobody, on the tickets this person may see, oldest first."""
    wired, who = runtime(), viewer()
    with wired.reading() as session:
        found = delivery.undelivered(wired, session, who.scope, SHOWN + 1)
    return render_template("undelivered.html", found=found[:SHOWN], more=len(found) > SHOWN, region=wired.region)


@blueprint.post("/tickets/<number>/deliveries/<int(max=2147483647):row_id>/resend")
@allow(Need.STAFF)
def resend(number: str, row_id: int) -> BaseResponse:
    """Calling this will promise a failed or uncertain message once more to the same address."""
    wired, who = runtime(), viewer()
    try:
        with wired.writing() as session:
            row = _row(session, number, row_id)
            delivery.resend(session, wired.now(), row, staff_id=who.staff_id)
    except NotSettleable:
        flash(gettext("Somebody has dealt with it already."))
    except CannotReach:
        flash(gettext("The citizen asked us to stop writing there: it cannot be sent again."))
    else:
        flash(gettext("It is sent again. Its delivery is shown beside it."))
    return _back(number)


@blueprint.post("/tickets/<number>/deliveries/<int(max=2147483647):row_id>/settle")
@allow(Need.STAFF)
def settle(number: str, row_id: int) -> BaseResponse:
    """Calling this will end the doubt about an uncertain message: it arrived, or it did not (form field ``sent``)."""
    wired, who = runtime(), viewer()
    sent = request.form.get("sent", "")
    try:
        with wired.writing() as session:
            row = _row(session, number, row_id)
            if sent not in ("yes", "no"):
                abort(400)
            delivery.settle_by_hand(session, wired.now(), row, sent == "yes", who.staff_id)
    except NotSettleable:
        flash(gettext("Somebody has dealt with it already."))
    else:
        flash(gettext("It is noted."))
    return _back(number)


@blueprint.post("/tickets/<number>/messages/<int(max=2147483647):message_id>/told")
@allow(Need.STAFF)
def told(number: str, message_id: int) -> BaseResponse:
    """Calling this will take an answer off the list because the citizen was told in another way."""
    wired, who = runtime(), viewer()
    with wired.writing() as session:
        ticket = find(session, number, who, lock=True)
        message = session.get(Message, message_id)
        if message is None or message.ticket_id != ticket.id or message.author != Author.STAFF:
            abort(404)
        delivery.told_another_way(session, wired.now(), message, who.staff_id)
    flash(gettext("It is noted."))
    return _back(number)


def _row(session: Session, number: str, row_id: int) -> Outbox:
    """A send of this ticket; those of tickets the person may not see do not exist for them."""
    ticket: Ticket = find(session, number, viewer(), lock=True)
    row = session.get(Outbox, row_id)
    message = session.get(Message, row.message_id) if row is not None else None
    # What went to a body outside is on the ticket, but no row of its citizen's.
    if row is None or message is None or ticket.id not in (row.ticket_id, message.ticket_id):
        abort(404)
    return row


def _back(number: str) -> BaseResponse:
    """To the page the form stood on: the ticket or the list."""
    return redirect(safe_next(request.form.get("next")) or url_for("ticket.show", number=number), 303)


@blueprint.post("/tickets/<number>/merge")
@allow(Need.REGION)
def merge(number: str) -> BaseResponse:
    """Calling this will join the ticket's citizen with the one behind another address, because staff confirm it."""
    wired, who = runtime(), viewer()
    with wired.writing() as session:
        ticket = find(session, number, who, lock=True)
        chosen = _id("address")
        other = next((each for each in identity.alike(session, ticket.citizen_id) if each.id == chosen), None)
        if other is not None:
            identity.merge(
                session, wired.now(), ticket.citizen_id, other.citizen_id, MergeProof.STAFF, staff_id=who.staff_id
            )
    flash(
        gettext("The two are one citizen now. It can be undone below.")
        if other
        else gettext("Somebody has dealt with it already.")
    )
    return redirect(url_for("ticket.show", number=number), 303)


@blueprint.post("/tickets/<number>/part")
@allow(Need.REGION)
def part(number: str) -> BaseResponse:
    """Calling this will undo a merge: addresses and tickets go back to who they were."""
    wired, who = runtime(), viewer()
    with wired.writing() as session:
        ticket = find(session, number, who, lock=True)
        chosen = _id("merge")
        row = next((each for each in identity.merges_of(session, ticket.citizen_id) if each.id == chosen), None)
        if row is not None:
            identity.undo(session, wired.now(), row, staff_id=who.staff_id)
    flash(gettext("They are two citizens again.") if row else gettext("Somebody has dealt with it already."))
    return redirect(url_for("ticket.show", number=number), 303)


def _id(field: str) -> int:
    text = request.form.get(field, "")
    if not (text.isascii() and text.isdigit() and len(text) < MOST_DIGITS):
        abort(400)
    return int(text)
