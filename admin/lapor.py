"""SP4N-LAPOR!: take in their spreadsheet, see what differs, link reports with tickets."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from admin.faults import Fault
from admin.formats import clean, moment
from admin.security import Need, allow, runtime, viewer
from admin.ticket import Outcome, find, render
from dispatch import lapor as files
from dispatch.lapor import LaporFaults, RowFault
from dispatch.models import TwinState
from dispatch.services import twins
from dispatch.services.twins import TwinFault

blueprint = Blueprint("lapor", __name__)

SHOWN_FAULTS = 50
FORMS = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@blueprint.get("/lapor")
@allow(Need.REGION)
def show() -> str:
    """Calling this will list what differs between the two systems and what belongs to no ticket."""
    return _page()


@blueprint.post("/lapor")
@allow(Need.REGION)
def take() -> Outcome:
    """Calling this will take in a spreadsheet of theirs: whole, or its good rows where that is asked for (422 for one
    with faults)."""
    wired, now = runtime(), runtime().now()
    sent = request.files.get("file")
    data = sent.stream.read() if sent is not None else b""
    try:
        if not data:
            raise LaporFaults([RowFault(0, "", gettext("Choose the spreadsheet first."))])
        rows, faults = files.read(wired.region, data)
    except LaporFaults as error:
        return _page(error.faults), 422
    if faults and not request.form.get("partial"):
        return _page(faults), 422
    with wired.writing() as session:
        found = twins.import_rows(session, wired.region, now, rows, staff_id=viewer().staff_id)
    flash(
        gettext(
            "%(new)s new, %(changed)s changed, %(same)s the same. "
            "%(conflict)s differ, %(unmatched)s belong to no ticket.",
            new=found.new,
            changed=found.changed,
            same=found.same,
            conflict=found.conflict,
            unmatched=found.unmatched,
        )
    )
    return (_page(faults), 422) if faults else redirect(url_for("lapor.show"), 303)


@blueprint.get("/lapor/export.<form>")
@allow(Need.REGION)
def export(form: str) -> Outcome | Response:
    """Calling this will give tickets as a spreadsheet with their columns; ``all`` in the query: those without an id
    too."""
    wired = runtime()
    if form not in FORMS:
        return _page([RowFault(0, "", gettext("There is no such format."))]), 404
    with wired.reading() as session:
        rows = list(twins.exported(session, wired.region, everything="all" in request.args))
    try:
        data = files.write(wired.region, rows, form)
    except LaporFaults as error:
        return _page(error.faults), 422
    day = wired.region.local(wired.now()).date().isoformat()
    headers = {"Content-Disposition": f'attachment; filename="lapor-{day}.{form}"'}
    return Response(data, mimetype=FORMS[form], headers=headers)


@blueprint.post("/tickets/<number>/lapor")
@allow(Need.STAFF)
def link(number: str) -> Outcome:
    """Calling this will note a ticket's tracking id, or take it away when the field is empty."""
    wired, now, who = runtime(), runtime().now(), viewer()
    wanted = clean(request.form.get("tracking_id", ""), files.ID_LENGTH + 1).strip()
    try:
        with wired.writing() as session:
            ticket = find(session, number, who, lock=True)
            if wanted:
                twins.link(session, wired.region, now, ticket, wanted, staff_id=who.staff_id)
            else:
                twins.unlink(session, wired.region, now, ticket, staff_id=who.staff_id)
    except TwinFault:
        message = gettext("This tracking id cannot be noted: it is too long, or another ticket has it.")
        fault = Fault("tracking_id", message)
        return render(number, {fault.field: fault.message}, request.form), 422
    flash(gettext("The tracking id is saved.") if wanted else gettext("The tracking id is taken away."))
    return redirect(url_for("ticket.show", number=number), 303)


def _page(faults: list[RowFault] | None = None) -> str:
    wired = runtime()
    with wired.reading() as session:
        conflicts = twins.listed(session, TwinState.CONFLICT, viewer().scope)
        unmatched = twins.listed(session, TwinState.UNMATCHED, viewer().scope)
    return render_template(
        "lapor.html",
        conflicts=conflicts,
        unmatched=unmatched,
        faults=(faults or [])[:SHOWN_FAULTS],
        more=max(0, len(faults or ()) - SHOWN_FAULTS),
        due=lambda instant: moment(wired.region, datetime.fromisoformat(instant)),
    )
