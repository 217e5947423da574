"""Reaching citizens: answers that did not arrive, what became of an uncertain send, and who is one and the same."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from admin.security import Need, allow, runtime, viewer
from admin.ticket import MOST_DIGITS, find
from dispatch.models import MergeProof
from dispatch.services import identity

blueprint = Blueprint("reach", __name__)


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
