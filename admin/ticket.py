"""One ticket: read it, answer the citizen."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from sqlmodel import Session, col
from werkzeug.wrappers import Response as BaseResponse

from admin import conversation, endings, explaining, handing, joining, owning
from admin.faults import Fault
from admin.formats import clean
from admin.security import Need, Viewer, allow, runtime, viewer
from admin.ways import masked
from admin.ways import read as read_ways
from dispatch import numbers
from dispatch.models import Ticket
from dispatch.region import Agency, Region
from dispatch.services import answers, intake, labels, twins
from dispatch.services.answers import CannotReach, Stale
from dispatch.services.evidence import Unproven, demanded
from dispatch.workflow import NotAllowed, Status
from dispatch.workflow import allowed as allowed_from

blueprint = Blueprint("ticket", __name__)

REPLY_LENGTH = 5_000
#: Set by giving the ticket to an agency, or by answering, and not by hand: each needs more than a word.
NOT_BY_HAND = frozenset({Status.ASSIGNED, Status.FORWARDED, Status.ANSWERED})

Outcome = BaseResponse | tuple[str, int]


def find(session: Session, number: str, who: Viewer, *, lock: bool = False) -> Ticket:
    """Calling this will give a ticket its reader may see, locked for a change if asked; what they may not see does not
    exist for them (404)."""
    canonical = numbers.parse(runtime().region.prefix, number)
    query = select(Ticket).where(col(Ticket.number) == canonical)
    row = session.scalars(query.with_for_update() if lock else query).one_or_none() if canonical else None
    if row is None or not who.scope.reads(row):
        abort(404)
    return row


#: A row's id has no more digits than this; longer ones are refused before Python would refuse to read them.
MOST_DIGITS = 18


def check_version(ticket: Ticket) -> None:
    """Calling this will compare the version the form was shown with to the ticket's; a form without one is not judged.

    Raises Stale.
    """
    seen = seen_version()
    if seen is not None and seen != ticket.version:
        raise Stale(seen, ticket.version)


def seen_version() -> int | None:
    """Calling this will read the version a form was shown with, None when it carries none."""
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


@blueprint.get("/tickets/<number>")
@allow(Need.STAFF)
def show(number: str) -> str:
    """Calling this will show a ticket."""
    return render(number)


@blueprint.post("/tickets/<number>")
@allow(Need.STAFF)
def reply(number: str) -> Outcome:
    """Calling this will answer the citizen and lead back to the page (303).

    422 for an empty or impossible answer, 409 when the ticket changed meanwhile; both keep the text.
    """
    wired, now, who = runtime(), runtime().now(), viewer()
    text = clean(request.form.get("reply", ""), REPLY_LENGTH + 1)
    try:
        then, files = endings.then(), endings.attached()
        with wired.writing() as session:
            ticket = find(session, number, who, lock=True)
            _check_reply(text)
            if ticket.parent_id is not None:
                raise Fault("report", gettext("A part has no answer of its own to the citizen: use the form below."))
            answers.reply(
                session,
                wired.phrases,
                now,
                ticket,
                text=text,
                staff_id=who.staff_id,
                seen_version=seen_version(),
                then=then,
                files=files,
            )
    except Fault as fault:
        return render(number, {fault.field: fault.message}, request.form), 422
    except Unproven as unproven:
        return render(number, {"files": endings.unproven(unproven)}, request.form), 422
    except Stale:
        return changed(number)
    except CannotReach:
        message = gettext(
            "The citizen asked us to stop writing to this address, so nothing can be sent. "
            "Add a note, and use another way to reach them if there is one."
        )
        return render(number, {"reply": message}, request.form), 422
    except NotAllowed as refused:
        return render(number, {"then": endings.not_allowed(refused)}, request.form), 422
    flash(gettext("Your answer is on its way. Its delivery is shown beside it."))
    return redirect(url_for("ticket.show", number=number), 303)


def _check_reply(text: str) -> None:
    if not text.strip():
        raise Fault("reply", gettext("Write the answer first: it is empty."))
    if len(text) > REPLY_LENGTH:
        raise Fault("reply", gettext("The answer is too long: at most %(limit)s characters.", limit=REPLY_LENGTH))


def changed(number: str) -> tuple[str, int]:
    """Calling this will show the ticket as it is now with what was typed, because it changed meanwhile (409)."""
    message = gettext(
        "The ticket changed while you were writing. Nothing was sent or saved yet. "
        "Read what is new in the conversation, then send again."
    )
    return render(number, {"reply": message}, request.form, stale=True), 409


def render(
    number: str,
    errors: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    *,
    stale: bool = False,
    **extra: object,
) -> str:
    """Calling this will draw the page of a ticket, with faults beside their fields and what was typed still in them."""
    wired, now, who = runtime(), runtime().now(), viewer()
    with wired.reading() as session:
        page = conversation.read(session, find(session, number, who), wired.places)
        ways = read_ways(session, page.ticket, page.address)
        whose = owning.read(wired.region, page.ticket, who)
        if not whose.known:
            page, ways = owning.hide(session, page, ways)
        taught = labels.of_ticket(session, page.ticket)
        untold = intake.untold(session, page.ticket)
        twin = twins.of_ticket(session, page.ticket)
        clocks = explaining.panel(session, wired.region, now, page.ticket)
        held = handing.read(session, wired.region, wired.places, now, page.ticket, who)
        alike = joining.read(session, page.ticket, who)
    seen = (form or {}).get("last_message", "")
    return render_template(
        "ticket.html",
        page=page,
        ways=ways,
        whose=whose,
        taught=taught,
        untold=untold,
        twin=twin,
        masked=masked,
        ticket=page.ticket,
        clocks=clocks,
        handing=held,
        alike=alike,
        region=wired.region,
        statuses=[to for to in allowed_from(Status(page.ticket.status)) if choosable(page.ticket, to)],
        receivers=receivers(wired.region),
        demanded=demanded(wired.region, page.ticket),
        errors=errors or {},
        typed={name: clean(value, REPLY_LENGTH + 1) for name, value in (form or {}).items()},
        stale=stale,
        seen=int(seen)
        if stale and seen.isascii() and seen.isdigit() and len(seen) < MOST_DIGITS
        else page.last_message,
        now=now,
        **extra,
    )


def choosable(ticket: Ticket, to: Status) -> bool:
    """Calling this will say whether a status the table allows is one to choose by hand."""
    return to not in NOT_BY_HAND and to != ticket.status


def receivers(region: Region) -> list[tuple[str, list[Agency]]]:
    """Calling this will group the agencies a ticket can be given to by their area: those that joined, and the bodies
    outside, which are named to the citizen."""
    able = [agency for agency in region.agencies.values() if agency.joined or not agency.ours]
    able.sort(key=lambda agency: (not agency.ours, agency.area))
    groups = groupby(able, key=lambda agency: region.place_name(agency.area) if agency.ours else "")
    return [(area or gettext("Outside local government"), list(members)) for area, members in groups]
