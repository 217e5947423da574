"""Staff say whose asset a ticket is about and how its writer is treated; administrators, who may read secrets."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from admin.actions import tell_citizen
from admin.security import PERMITS, Need, allow, runtime, viewer
from admin.ticket import Outcome, changed, check_version, find, render
from dispatch.models import Privacy, Staff, Ticket
from dispatch.region import Region
from dispatch.routing import Forbidden
from dispatch.services import privacy, secrecy, tickets
from dispatch.services import staff as accounts
from dispatch.services.answers import Stale
from dispatch.services.holding import NeedsSupervisor
from dispatch.workflow import NotAllowed

blueprint = Blueprint("whose", __name__)


@blueprint.post("/tickets/<number>/owner")
@allow(Need.STAFF)
def owner(number: str) -> Outcome:
    """Calling this will write down whose asset the ticket is about; the right agency gets it and the citizen is
    told."""
    wired, now, who = runtime(), runtime().now(), viewer()
    wanted = request.form.get("owner", "")
    try:
        with wired.writing() as session:
            ticket = find(session, number, who, lock=True)
            check_version(ticket)
            moved = tickets.set_owner(session, wired.region, now, ticket, owner=wanted, staff_id=who.staff_id)
            if moved:
                tell_citizen(session, now, ticket, wired.region.agencies[ticket.agency])
    except KeyError:
        return render(number, {"owner": gettext("Choose an owner from the list.")}, request.form), 422
    except Stale:
        return changed(number)
    except (NotAllowed, NeedsSupervisor):
        message = gettext("The ticket cannot be given to that owner's agency now.")
        return render(number, {"owner": message}, request.form), 422
    flash(gettext("It is noted."))
    if moved:
        flash(gettext("%(number)s is now with %(agency)s.", number=ticket.number, agency=_name(wired.region, ticket)))
    return _back(ticket)


@blueprint.post("/tickets/<number>/privacy")
@allow(Need.STAFF)
def hide(number: str) -> Outcome:
    """Calling this will set how the ticket's writer is treated: anybody more closed, a supervisor more openly."""
    wired, now, who = runtime(), runtime().now(), viewer()
    wanted = request.form.get("privacy", "")
    if wanted not in set(Privacy):
        return render(number, {"privacy": gettext("Choose from the list.")}, request.form), 422
    try:
        with wired.writing() as session:
            ticket = find(session, number, who, lock=True)
            check_version(ticket)
            supervises = PERMITS[Need.SUPERVISOR](who)
            privacy.change(session, now, ticket, Privacy(wanted), staff_id=who.staff_id, supervises=supervises)
            secrecy.settle(session, wired.region, now, ticket)
    except privacy.NotYours:
        message = gettext("Only a supervisor may show the writer of a report more openly.")
        return render(number, {"privacy": message}, request.form), 422
    except Forbidden:
        abort(422)
    except Stale:
        return changed(number)
    flash(gettext("It is noted."))
    return _back(ticket)


@blueprint.post("/staff/<int(max=2147483647):staff_id>/secret")
@allow(Need.ADMIN)
def list_reader(staff_id: int) -> BaseResponse:
    """Calling this will put somebody on the list of those who may read secret reports, or take them off it."""
    wired = runtime()
    with wired.writing() as session:
        row = session.get(Staff, staff_id)
        if row is None:
            abort(404)
        sees = request.form.get("sees") == "yes"
        accounts.set_sees_secret(session, wired.now(), row, sees, by=viewer().staff_id)
    flash(gettext("They may read secret reports.") if sees else gettext("They may not read secret reports any more."))
    return redirect(url_for("people.show"), 303)


def _name(region: Region, ticket: Ticket) -> str:
    return region.agencies[ticket.agency].name


def _back(ticket: Ticket) -> BaseResponse:
    """To the ticket, or to the list when it has left the person's sight."""
    if viewer().scope.reads(ticket):
        return redirect(url_for("ticket.show", number=ticket.number), 303)
    return redirect(url_for("inbox.tickets"), 303)
