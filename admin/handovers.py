"""Taking a ticket on, sending it back, splitting it among agencies, and what the officer of a part says."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlmodel import Session
from werkzeug.wrappers import Response as BaseResponse

from admin import words
from admin.faults import Fault
from admin.formats import clean
from admin.handing import ROWS
from admin.security import Need, allow, runtime, viewer
from admin.ticket import REPLY_LENGTH, Outcome, changed, check_version, find, render
from dispatch.models import Ticket
from dispatch.services import handovers, parts
from dispatch.services.answers import CannotReach, Stale
from dispatch.services.holding import HandoverFault
from dispatch.services.parts import Part
from dispatch.workflow import NotAllowed

blueprint = Blueprint("handovers", __name__)

NOTE_LENGTH = 200
TASK_LENGTH = 500
#: What else a step can be refused for, beside ``words.HANDOVER_FAULTS``.
FAULTS: dict[str, object] = {
    "split_joined": _l("This is joined to another ticket: split that one, or split this one off first."),
    "report_conduct": _l("What is about officials' conduct is answered by whoever has the whole ticket."),
}
#: Key of a fault → the field of the page it stands beside; the others stand beside the buttons.
_FIELDS = {
    "return_reason": "return",
    "nothing_to_return": "return",
    "nobody_gave": "return",
    "split_none": "split",
    "split_many": "split",
    "split_task": "split",
    "split_agency": "split",
    "split_conduct": "split",
    "split_part": "split",
    "split_joined": "split",
    "split_ended": "split",
    "unsplit_none": "unsplit",
    "unsplit_begun": "unsplit",
}


def said(fault: HandoverFault) -> str:
    """Calling this will give the sentence of a refused hand-over in the reader's language."""
    return words.word(words.HANDOVER_FAULTS | FAULTS, fault.key)


def _step(number: str, field: str, work: Callable[[Session, Ticket], str]) -> Outcome:
    """Do a step of the page in one transaction, and lead back: to the ticket, or to the list when it left the person's
    sight. 422 for a fault, 409 when the ticket changed since it was shown."""
    who = viewer()
    try:
        with runtime().writing() as session:
            ticket = find(session, number, who, lock=True)
            check_version(ticket)
            message = work(session, ticket)
    except Fault as fault:
        return render(number, {fault.field: fault.message}, request.form), 422
    except HandoverFault as fault:
        return render(number, {_FIELDS.get(fault.key, field): said(fault)}, request.form), 422
    except Stale:
        return changed(number)
    except CannotReach:
        return render(number, {field: gettext("The citizen asked us to stop writing: send it as a note.")}), 422
    except NotAllowed:
        return render(number, {field: gettext("In its present status this cannot be done.")}, request.form), 422
    flash(message)
    return _back(ticket)


def _back(ticket: Ticket) -> BaseResponse:
    if viewer().scope.reads(ticket):
        return redirect(url_for("ticket.show", number=ticket.number), 303)
    return redirect(url_for("inbox.tickets"), 303)


@blueprint.post("/tickets/<number>/accept")
@allow(Need.STAFF)
def accept(number: str) -> Outcome:
    """Calling this will take the ticket on for its agency."""
    wired, now = runtime(), runtime().now()

    def work(session: Session, ticket: Ticket) -> str:
        handovers.accept(session, wired.region, now, ticket, staff_id=viewer().staff_id)
        return str(gettext("Your agency has taken the ticket on."))

    return _step(number, "accept", work)


@blueprint.post("/tickets/<number>/send-back")
@allow(Need.STAFF)
def send_back(number: str) -> Outcome:
    """Calling this will send the ticket back to whoever gave it to this agency, or on to a supervisor."""
    wired, now = runtime(), runtime().now()
    reason = request.form.get("return", "")
    note = clean(request.form.get("return_note", ""), NOTE_LENGTH).strip()

    def work(session: Session, ticket: Ticket) -> str:
        row = handovers.send_back(
            session, wired.region, now, ticket, reason=reason, staff_id=viewer().staff_id, note=note
        )
        if row.reason == "bounced":
            return str(gettext("It was sent back too often: a supervisor decides now."))
        return str(gettext("The ticket went back to %(agency)s.", agency=wired.region.agencies[row.agency].short))

    return _step(number, "return", work)


@blueprint.post("/tickets/<number>/split")
@allow(Need.STAFF)
def split(number: str) -> Outcome:
    """Calling this will split the ticket: each row of the form with an agency or a task becomes a part."""
    wired, now = runtime(), runtime().now()

    def work(session: Session, ticket: Ticket) -> str:
        made = parts.split(
            session,
            wired.region,
            now,
            ticket,
            _wanted(),
            staff_id=viewer().staff_id,
            own_part=request.form.get("own_part") == "1",
        )
        return str(ngettext("%(num)d agency has its part now.", "%(num)d agencies have their parts now.", len(made)))

    return _step(number, "split", work)


def _wanted() -> list[Part]:
    categories, found = runtime().region.categories, []
    for row in range(1, ROWS + 1):
        agency = request.form.get(f"part_agency_{row}", "")
        task = clean(request.form.get(f"part_task_{row}", ""), TASK_LENGTH).strip()
        category = request.form.get(f"part_category_{row}") or None
        if category is not None and category not in categories:
            raise Fault("split", gettext("Choose a category from the list."))
        if agency or task:
            found.append(Part(agency, task, category))
    return found


@blueprint.post("/tickets/<number>/unsplit")
@allow(Need.STAFF)
def unsplit(number: str) -> Outcome:
    """Calling this will undo a split of which no part has begun."""
    wired, now = runtime(), runtime().now()

    def work(session: Session, ticket: Ticket) -> str:
        parts.unsplit(session, wired.region, now, ticket, staff_id=viewer().staff_id)
        return str(gettext("The split is undone."))

    return _step(number, "unsplit", work)


@blueprint.post("/tickets/<number>/report")
@allow(Need.STAFF)
def report(number: str) -> Outcome:
    """Calling this will pass on what the officer of a part says: as a note to the whole ticket, or to the citizen."""
    wired, now = runtime(), runtime().now()
    text = clean(request.form.get("report", ""), REPLY_LENGTH + 1)
    to_citizen = request.form.get("to_citizen") == "1"

    def work(session: Session, ticket: Ticket) -> str:
        if not text.strip():
            raise Fault("report", gettext("Write the answer first: it is empty."))
        if len(text) > REPLY_LENGTH:
            raise Fault("report", gettext("The answer is too long: at most %(limit)s characters.", limit=REPLY_LENGTH))
        parts.report(session, wired.phrases, now, ticket, text=text, staff_id=viewer().staff_id, to_citizen=to_citizen)
        return str(
            gettext("Your answer is on its way to the citizen.")
            if to_citizen
            else gettext("The agency of the whole ticket has your words.")
        )

    return _step(number, "report", work)
