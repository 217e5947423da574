"""The desk: a report made in person, by phone or by letter, written down for the citizen in under a minute."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from sqlmodel import Session, col

from admin.endings import sent
from admin.faults import Fault
from admin.formats import clean
from admin.security import Need, allow, runtime, viewer
from admin.ticket import Outcome, find, receivers
from channels.desk import SOURCES, Desk
from channels.message import Address, Intake
from channels.phones import phone
from dispatch.filetypes import sniff
from dispatch.models import Author, Direction, EventState, Message, Privacy, Ticket
from dispatch.runtime import Runtime
from dispatch.services import intake

blueprint = Blueprint("intake", __name__)

TEXT_LENGTH = 9_000
NAME_LENGTH = 120
PLACE_LENGTH = 200
#: Base64 in the stored body makes four bytes of three.
FILES_BYTES = min(Desk.limits.body_bytes * 2 // 3, Desk.limits.attachment_bytes)
#: Kinds a citizen of the desk may be answered by, and the scheme of an address there.
WAYS = {"whatsapp": "tel", "sms": "tel", "mail": "mailto"}
#: A letter may have been under way for long; a date further back is a slip of the pen.
OLDEST = timedelta(days=366)
_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")
_MAIL = re.compile(r"[^\s@<>,;]{1,64}@[^\s@<>,;]{1,190}\.[^\s@<>,;.]{2,}")


@dataclass(frozen=True, slots=True)
class Choice:
    """Calling this will hold what a form leaves to choose between: areas that fit the words for the place."""

    areas: tuple[str, ...] = ()


def ways(wired: Runtime) -> list[str]:
    """Calling this will list the channels by which a citizen of the desk can be answered: those that are on."""
    return [kind for kind in WAYS if wired.registry.of_kind(kind)]


@blueprint.get("/intake")
@allow(Need.STAFF)
def show() -> str:
    """Calling this will show the empty form."""
    return _form({})


@blueprint.post("/intake")
@allow(Need.STAFF)
def save() -> Outcome:
    """Calling this will record the report and lead to its slip (303); 422 with what was typed for a fault."""
    wired = runtime()
    choice = Choice()
    try:
        choice = _places(wired)
        slip = _slip(wired, choice)
    except Fault as fault:
        return _form(request.form, {fault.field: fault.message}, choice), 422
    key = intake.hand_in(wired, slip)
    return redirect(url_for("intake.slip", key=key), 303)


@blueprint.get("/intake/<key>")
@allow(Need.STAFF)
def slip(key: str) -> Outcome:
    """Calling this will show the number and the receipt to hand over; a report still being worked loads again."""
    wired = runtime()
    with wired.reading() as session:
        found = intake.handed_in(session, key)
        if found is None:
            abort(404)
        state, ticket = found
        mine = ticket is None or ticket.intake_by == viewer().staff_id or viewer().scope.reads(ticket)
        if not mine:
            abort(404)
        receipts = _receipts(session, ticket) if ticket else []
    failed = state in (EventState.QUARANTINED, EventState.DISCARDED)
    waits = ticket is None and not failed
    page = render_template(
        "slip.html", ticket=ticket, receipts=receipts, failed=failed, waits=waits, region=wired.region
    )
    return (page, 200) if not waits else (page, 202)


@blueprint.post("/tickets/<number>/told")
@allow(Need.STAFF)
def told(number: str) -> Outcome:
    """Calling this will note that the citizen, who has no channel, was told what lay at the desk for them."""
    wired, now, who = runtime(), runtime().now(), viewer()
    with wired.writing() as session:
        ticket = find(session, number, who, lock=True)
        count = intake.tell(session, now, ticket, staff_id=who.staff_id)
    flash(gettext("Noted: the citizen was told.") if count else gettext("There was nothing left to tell."))
    return redirect(url_for("ticket.show", number=number), 303)


def _receipts(session: Session, ticket: Ticket) -> list[str]:
    said = select(col(Message.body)).where(
        col(Message.ticket_id) == ticket.id,
        col(Message.direction) == Direction.OUT,
        col(Message.author) == Author.SYSTEM,
    )
    return list(session.scalars(said.order_by(col(Message.id)).limit(3)))


def _form(typed: Mapping[str, str], errors: Mapping[str, str] | None = None, choice: Choice | None = None) -> str:
    wired = runtime()
    with wired.reading() as session:
        mine = intake.recorded_by(session, viewer().staff_id)
    return render_template(
        "intake.html",
        mine=mine,
        typed={name: clean(value, TEXT_LENGTH + 1) for name, value in typed.items()},
        errors=errors or {},
        key=typed.get("key") or secrets.token_urlsafe(16),
        sources=SOURCES,
        ways=ways(wired),
        privacies=list(Privacy),
        areas=(choice or Choice()).areas,
        receivers=receivers(wired.region),
        region=wired.region,
        today=wired.region.local(wired.now()).date().isoformat(),
    )


def _places(wired: Runtime) -> Choice:
    """Several places that fit the words are offered once; an area that was chosen settles it."""
    words = clean(request.form.get("place", ""), PLACE_LENGTH).strip()
    if not words or request.form.get("area", "") in wired.region.places or "area" in request.form:
        return Choice()
    return Choice(wired.places.find(words).candidates)


def _slip(wired: Runtime, choice: Choice) -> intake.Slip:
    form, region = request.form, wired.region
    text = clean(form.get("text", ""), TEXT_LENGTH + 1).strip()
    if not text:
        raise Fault("text", gettext("Write down what the citizen reports: the text is empty."))
    if len(text) > TEXT_LENGTH:
        raise Fault("text", gettext("The report is too long: at most %(limit)s characters.", limit=TEXT_LENGTH))
    if form.get("source", "") not in SOURCES:
        raise Fault("source", gettext("Choose how the report came."))
    way, account, reach = _reach(wired)
    if choice.areas:
        raise Fault("place", gettext("Several places fit. Choose one below."))
    category, agency = form.get("category", ""), form.get("agency", "")
    if category and category not in region.categories:
        raise Fault("category", gettext("Choose a category from the list."))
    if agency and agency not in region.agencies:
        raise Fault("agency", gettext("Choose an agency from the list."))
    privacy = form.get("privacy", "") or Privacy.NAMED
    if privacy not in set(Privacy):
        raise Fault("privacy", gettext("Choose how the citizen wants to be treated."))
    area = form.get("area", "")
    given = Intake(
        source=form["source"],
        staff=viewer().staff_id,
        way=way,
        account=account,
        reach=reach,
        category=category,
        agency=agency,
        area=area if area in region.places else "",
    )
    key = form.get("key", "")
    return intake.Slip(
        key=key if _KEY.fullmatch(key) else secrets.token_urlsafe(16),
        text=text,
        intake=given,
        name=clean(form.get("name", ""), NAME_LENGTH).strip(),
        place=clean(form.get("place", ""), PLACE_LENGTH).strip(),
        said_at=_said_at(wired),
        privacy=privacy,
        call=_call(),
        files=_files(),
    )


def _files() -> list[intake.File]:
    """A letter that was scanned, or a photo; all together as large as one message of our own pages may be."""
    found = [intake.File(each.name, sniff(each.data), each.data) for each in sent()]
    if sum(len(each.data) for each in found) > FILES_BYTES:
        raise Fault("files", gettext("All files together may have %(size)s MB.", size=FILES_BYTES // 1_000_000))
    return found


def _reach(wired: Runtime) -> tuple[str, str, Address | None]:
    """The channel, our account on it and the address to answer to."""
    way, number, mail = (clean(request.form.get(name, ""), 254).strip() for name in ("way", "phone", "mail"))
    if not way:
        # No channel carries it, but who tells the citizen needs it: it is kept with their name.
        return "", "", None
    if way not in ways(wired):
        raise Fault("way", gettext("Choose how to answer from the list."))
    account = wired.registry.of_kind(way)[0].account
    if WAYS[way] == "mailto":
        if not _MAIL.fullmatch(mail):
            raise Fault("mail", gettext("Write the e-mail address the answer goes to, like nama@contoh.id."))
        return way, account, Address("mailto", mail.lower())
    found = phone(number)
    if found is None:
        raise Fault("phone", gettext("Write the mobile number the answer goes to, like 0812 3456 7890."))
    return way, account, Address("tel", found)


def _call() -> str:
    """The number or address by which staff themselves reach a citizen no channel reaches; empty where one does."""
    number, mail = (clean(request.form.get(name, ""), 254).strip() for name in ("phone", "mail"))
    if request.form.get("way", "") or not (number or mail):
        return ""
    if number and phone(number) is None:
        raise Fault("phone", gettext("Write the number the citizen is called by, like 0812 3456 7890 or 0551 21234."))
    return phone(number) or mail


def _said_at(wired: Runtime) -> datetime | None:
    """The day the citizen said or wrote it, at noon of the region; None for today."""
    given = request.form.get("said_on", "")
    if not given:
        return None
    try:
        day = datetime.strptime(given, "%Y-%m-%d").replace(tzinfo=wired.region.zone, hour=12)
    except ValueError:
        raise Fault("said_on", gettext("Write the date as year-month-day.")) from None
    now = wired.region.local(wired.now())
    if day.date() == now.date():
        return None
    if day > now or now - day > OLDEST:
        raise Fault("said_on", gettext("The date lies in the future or more than a year back."))
    return day
