"""What else staff do with a ticket: note, hand over, change the status, write down the place."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from sqlmodel import Session, col
from werkzeug.wrappers import Response as BaseResponse

from admin import endings, words
from admin.faults import Fault
from admin.formats import clean, language
from admin.security import Need, allow, runtime, viewer
from admin.ticket import Outcome, changed, check_version, choosable, find, render
from dispatch.models import Author, CitizenAddress, Direction, Message, Ticket
from dispatch.phrases import TERSE
from dispatch.region import Agency, Region
from dispatch.routing import Forbidden
from dispatch.services import answers, escalations, handovers, holding, labels, tickets
from dispatch.services.answers import Stale
from dispatch.workflow import NotAllowed, Status

blueprint = Blueprint("actions", __name__)

NOTE_LENGTH = 5_000
REASON_LENGTH = 200
PLACE_LENGTH = 200


@blueprint.post("/tickets/<number>/note")
@allow(Need.STAFF)
def note(number: str) -> Outcome:
    """Calling this will add a note that only staff read."""
    wired, now, who = runtime(), runtime().now(), viewer()
    text = clean(request.form.get("note", ""), NOTE_LENGTH)
    try:
        files = endings.attached()
    except Fault as fault:
        return render(number, {f"note-{fault.field}": fault.message}, request.form), 422
    with wired.writing() as session:
        ticket = find(session, number, who, lock=True)
        if text.strip():
            answers.note(session, now, ticket, text=text, staff_id=who.staff_id, files=files)
            tickets.audit(session, now, "ticket.note", "ticket", ticket.number, staff_id=who.staff_id)
    if not text.strip():
        return render(number, {"note": gettext("Write the note first: it is empty.")}), 422
    flash(gettext("The note is saved. Only staff can read it."))
    return redirect(url_for("ticket.show", number=number), 303)


@blueprint.post("/tickets/<number>/assign")
@allow(Need.STAFF)
def assign(number: str) -> Outcome:
    """Calling this will give the ticket to another agency, and tell the citizen where it went."""
    wired, now, who = runtime(), runtime().now(), viewer()
    reason = clean(request.form.get("note", ""), REASON_LENGTH).strip()
    try:
        with wired.writing() as session:
            ticket = find(session, number, who, lock=True)
            check_version(ticket)
            before, was = ticket.agency, ticket.category
            agency, category = _chosen(wired.region)
            given = handovers.give(
                session,
                wired.region,
                now,
                ticket,
                agency=agency.code,
                category=category,
                staff_id=who.staff_id,
                note=reason,
                legal_kind=_kind_chosen(),
                supervision=_conduct_chosen(),
            )
            taught = ticket.parent_id is None  # a part's words are staff's own
            said = labels.decided(session, now, ticket, was, staff_id=who.staff_id) if taught else None
            number_of_lesson = labels.lesson(session, said) if said else 0
            decided = given.reason != holding.Why.BOUNCED
            if agency.code != before and decided:
                tell_citizen(session, now, ticket, agency)
    except Fault as fault:
        return render(number, {fault.field: fault.message}, request.form), 422
    except holding.HandoverFault as refused:
        return render(number, {"agency": words.word(words.HANDOVER_FAULTS, refused.key)}, request.form), 422
    except Stale:
        return changed(number)
    except Forbidden:
        # Never to the agency complained about (Permen PANRB 62/2018): what is about officials stays with inspectorates.
        message = gettext(
            "A report about officials' conduct stays with an inspectorate. Choose an inspectorate, or another category."
        )
        return render(number, {"agency": message}, request.form), 422
    except NotAllowed:
        message = gettext("A ticket in this status cannot be handed over there. Reopen it first.")
        return render(number, {"agency": message}, request.form), 422
    if decided:
        flash(gettext("%(number)s is now with %(agency)s.", number=ticket.number, agency=agency.name))
    else:
        flash(gettext("It was handed back and forth too often: a supervisor decides now."))
    if said:
        flash(_lesson(wired.region, said.category, number_of_lesson))
    return redirect(url_for("triage.show"), 303) if _from_triage() else _back(ticket)


def _lesson(region: Region, code: str, number: int) -> str:
    """What a decision taught, for the person who made it."""
    category = region.categories[code]
    name = category.name_en if language() == "en" else category.name
    return str(
        gettext("Lesson %(number)s for %(category)s; it joins tonight's training.", number=number, category=name)
    )


def _from_triage() -> bool:
    return request.form.get("from") == "triage" and viewer().scope.sees(viewer().desk)


@blueprint.post("/tickets/<number>/calm")
@allow(Need.STAFF)
def calm(number: str) -> Outcome:
    """Calling this will take the marks of danger and urgency from a ticket, because a person found that there is
    none; what the citizen writes later may set them again."""
    wired, now, who = runtime(), runtime().now(), viewer()
    with wired.writing() as session:
        ticket = find(session, number, who, lock=True)
        escalations.calm(session, now, ticket, staff_id=who.staff_id)
    flash(gettext("The ticket is no longer marked as dangerous or urgent."))
    return redirect(url_for("ticket.show", number=number), 303)


@blueprint.post("/tickets/<number>/unlearn")
@allow(Need.STAFF)
def unlearn(number: str) -> Outcome:
    """Calling this will take back what was said of the ticket's category, so that nothing is learnt from it."""
    wired, now, who = runtime(), runtime().now(), viewer()
    with wired.writing() as session:
        ticket = find(session, number, who, lock=True)
        count = labels.withdraw(session, now, ticket)
        if count:
            tickets.audit(session, now, "ticket.unlearn", "ticket", ticket.number, staff_id=who.staff_id)
    flash(gettext("Nothing is learnt from this ticket."))
    return redirect(url_for("ticket.show", number=number), 303)


def _chosen(region: Region) -> tuple[Agency, str | None]:
    agency = region.agencies.get(request.form.get("agency", ""))
    category = request.form.get("category") or None
    if agency is None or not (agency.joined or not agency.ours):
        raise Fault("agency", gettext("Choose an agency from the list."))
    if category is not None and category not in region.categories:
        raise Fault("category", gettext("Choose a category from the list."))
    return agency, category


def _kind_chosen() -> str | None:
    wanted = request.form.get("kind", "")
    if wanted and wanted not in tickets.LEGAL_KINDS:
        raise Fault("kind", gettext("Choose a kind from the list."))
    return wanted or None


def _conduct_chosen() -> bool | None:
    """Whether the officer says that it is about officials' conduct; None when they leave it as it is."""
    return {"yes": True, "no": False}.get(request.form.get("conduct", ""))


def tell_citizen(session: Session, now: datetime, ticket: Ticket, agency: Agency) -> None:
    """Calling this will promise the citizen a notice of the new agency, if they had a receipt and can be written to.

    A report about officials is left alone: the notice would show on their phone who looks into whom.
    """
    receipt = select(col(Message.id)).where(
        col(Message.ticket_id) == ticket.id,
        col(Message.direction) == Direction.OUT,
        col(Message.author) == Author.SYSTEM,
    )
    address = session.get_one(CitizenAddress, ticket.address_id)
    if ticket.supervision or address.stopped_at is not None or session.scalars(receipt.limit(1)).first() is None:
        return
    phrases, terse = runtime().phrases, address.channel in TERSE
    if agency.ours:
        due = ticket.resolution_due if ticket.first_response_at else ticket.first_response_due
        text = phrases.say(
            "handed_over",
            ticket.language,
            number=ticket.number,
            agency=agency.short if terse else agency.name,
            due=phrases.day(due, ticket.language) if terse else phrases.date(due, ticket.language),
        )
    else:
        name = agency.short if terse else agency.name
        ways = (agency.phone,) if terse else (agency.phone, agency.email, agency.website)
        text = phrases.say(
            "receipt_external_sms" if terse else "receipt_external",
            ticket.language,
            number=ticket.number,
            agency=name,
            contact=", ".join(filter(None, ways)) or name,
        )
    answers.say(session, phrases, now, address, ticket=ticket, text=text)


@blueprint.post("/tickets/<number>/status")
@allow(Need.STAFF)
def status(number: str) -> Outcome:
    """Calling this will change the ticket's status, if the table of changes has it."""
    wired, now, who = runtime(), runtime().now(), viewer()
    reason = clean(request.form.get("reason", ""), REASON_LENGTH).strip()
    try:
        with wired.writing() as session:
            ticket = find(session, number, who, lock=True)
            check_version(ticket)
            to = _chosen_status(ticket)
            endings.change(session, now, ticket, to, reason=reason, staff_id=who.staff_id)
            if to is Status.RESOLVED:
                labels.confirm(session, now, ticket, staff_id=who.staff_id)
            tickets.audit(
                session, now, "ticket.status", "ticket", ticket.number, staff_id=who.staff_id, detail={"to": to}
            )
    except Fault as fault:
        return render(number, {fault.field: fault.message}, request.form), 422
    except Stale:
        return changed(number)
    except NotAllowed as refused:
        return render(number, {"status": endings.not_allowed(refused)}, request.form), 422
    flash(gettext("The status is changed."))
    return redirect(url_for("ticket.show", number=number), 303)


def _chosen_status(ticket: Ticket) -> Status:
    wanted = request.form.get("status", "")
    to = Status(wanted) if wanted in set(Status) else None
    if to is None or not choosable(ticket, to):
        raise Fault("status", gettext("Choose a status from the list."))
    return to


@blueprint.post("/tickets/<number>/place")
@allow(Need.STAFF)
def place(number: str) -> Outcome:
    """Calling this will write down where the trouble is, by name or area code; several that fit are offered (422)."""
    wired, now, who = runtime(), runtime().now(), viewer()
    area, name = request.form.get("area", ""), clean(request.form.get("place", ""), PLACE_LENGTH)
    candidates: tuple[str, ...] = ()
    if area not in wired.region.places:
        found = wired.places.find(name)
        candidates = found.candidates
        area = "" if candidates else found.area or ""
    try:
        with wired.writing() as session:
            ticket = find(session, number, who, lock=True)
            check_version(ticket)
            if area:
                moved = tickets.place(session, wired.region, now, ticket, area)
                tickets.audit(
                    session, now, "ticket.place", "ticket", ticket.number, staff_id=who.staff_id, detail={"area": area}
                )
                if moved:
                    tell_citizen(session, now, ticket, wired.region.agencies[ticket.agency])
    except Stale:
        return changed(number)
    if not area:
        message = (
            gettext("Several places fit. Choose one below.")
            if candidates
            else gettext("No place of that name is known here. Write the village, district or regency.")
        )
        return render(number, {"place": message}, request.form, candidates=candidates), 422
    flash(gettext("The place is saved: %(place)s.", place=wired.region.place_name(area)))
    return _back(ticket)


def _back(ticket: Ticket) -> BaseResponse:
    """To the ticket, or to the list when the ticket has left the person's sight."""
    if viewer().scope.reads(ticket):
        return redirect(url_for("ticket.show", number=ticket.number), 303)
    return redirect(url_for("inbox.tickets"), 303)
