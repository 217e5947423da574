"""What the forms of a ticket's page say of its end: what an answer means, the files beside it, the outcome."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from flask import request
from flask_babel import gettext
from sqlmodel import Session

from admin import words
from admin.faults import Fault
from admin.security import runtime
from dispatch.models import Outcome, Ticket
from dispatch.services import closing, evidence, media, tickets
from dispatch.services.answers import Then
from dispatch.services.closing import Incomplete
from dispatch.services.evidence import Bundle, File, FileRefused, Unproven
from dispatch.services.holding import PartsOpen, WholeEnded
from dispatch.workflow import ENDED, NotAllowed, Status

#: Forms that carry files, and the most bytes of one of them: its files and as much again for words as any form.
WITH_FILES = frozenset({"ticket.reply", "actions.note", "intake.save", "lapor.take"})
MOST_BODY = evidence.MOST_FILES * evidence.MOST_BYTES + 1_000_000
REASON_LENGTH = 200


def widen() -> None:
    """Calling this will let a form that carries files be as large as these may be. Runs before the body is read."""
    if request.endpoint in WITH_FILES:
        request.max_content_length = MOST_BODY


def then() -> Then:
    """Calling this will read what the answer at hand means for its ticket; a form without the field means "answered".
    Raises Fault."""
    wanted = request.form.get("then", "") or Then.ANSWERED
    if wanted not in set(Then):
        raise Fault("then", gettext("Choose what your answer means from the list."))
    return Then(wanted)


def attached() -> Bundle | None:
    """Calling this will look at the files of the form at hand, None without any. Raises Fault."""
    files = sent()
    if not files:
        return None
    wired = runtime()
    shown = request.form.get("shown") == "yes"
    return Bundle(wired.settings.media, files, shown=shown, site=wired.settings.public_url)


def sent() -> tuple[File, ...]:
    """Calling this will look at the files of the form at hand: none, or pictures and papers that may be kept. Raises
    Fault."""
    wired = runtime()
    arrived = []
    for file in request.files.getlist("files"):
        if file.filename:
            arrived.append((file.filename, file.read()))
        file.close()
    try:
        return evidence.look(wired.scanner, wired.settings.media, arrived) if arrived else ()
    except FileRefused as refused:
        raise Fault("files", _refused(refused.reason)) from None


def _refused(reason: str) -> str:
    if reason == evidence.NOT_TAKEN:
        return str(gettext("Attach pictures or PDF files only."))
    if reason in (media.TOO_MANY, media.TOO_LARGE):
        return str(
            gettext(
                "Attach at most %(count)s files of at most %(size)s MB each.",
                count=evidence.MOST_FILES,
                size=evidence.MOST_BYTES // 1_000_000,
            )
        )
    return str(gettext("The file was not taken: %(reason)s", reason=words.ATTACHMENT_NOTES.get(reason, reason)))


def unproven(fault: Unproven) -> str:
    """Calling this will say what the ticket's category still demands of finished work."""
    sentences: dict[str, Callable[[], str]] = {
        "answer": lambda: gettext("This matter ends only once a person has answered the citizen. Write an answer."),
        "photo": lambda: gettext("This matter ends only with a photo of the work done. Attach one to your answer."),
        "reused": lambda: gettext("This photo was used on another ticket already. Attach a new one of this work."),
        "citizens_own": lambda: gettext("This is the citizen's own photo. Attach a new one of the work done."),
    }
    return str(sentences[fault.missing]())


def not_allowed(refused: NotAllowed) -> str:
    """Calling this will say, in the reader's words, that a status cannot follow another."""
    if isinstance(refused, PartsOpen):
        open_ones = ", ".join(refused.numbers)
        return str(gettext("Parts of this ticket are still open: %(numbers)s. They end first.", numbers=open_ones))
    if isinstance(refused, WholeEnded):
        return str(gettext("The whole ticket has ended or is about officials' conduct now: this part stays ended."))
    return str(
        gettext(
            "A ticket that is “%(now)s” cannot become “%(to)s”.",
            now=words.STATUSES[refused.current],
            to=words.STATUSES[refused.to],
        )
    )


def change(session: Session, now: datetime, ticket: Ticket, to: Status, *, reason: str, staff_id: int) -> None:
    """Calling this will change a ticket's status as the form at hand says. Raises Fault, NotAllowed."""
    wired = runtime()
    if to not in ENDED:
        if to is Status.WAITING:
            ticket.pause_reason = reason
        if Status(ticket.status) in ENDED:
            tickets.take_up_again(session, wired.region, now, ticket, staff_id=staff_id, reason=reason or "reopened")
        else:
            tickets.move(session, wired.region, now, ticket, to, staff_id=staff_id, reason=reason)
        return
    said = request.form.get("outcome", "")
    if said and said not in set(Outcome):
        raise Fault("outcome", gettext("Choose an outcome from the list."))
    outcome = Outcome(said) if said in closing.OUTCOMES[to] else None
    if said and outcome is None and to is Status.REJECTED:
        raise Fault("outcome", gettext("Choose an outcome from the list."))
    try:
        closing.end(session, wired, now, ticket, to, outcome=outcome, reason=reason, staff_id=staff_id, until=_until())
    except Incomplete as fault:
        raise Fault(fault.field, _incomplete(fault.field)) from None
    except Unproven as fault:
        raise Fault("status", unproven(fault)) from None


def _incomplete(field: str) -> str:
    if field == "reason":
        return str(gettext("Say why: the citizen reads it."))
    if field == "until":
        return str(gettext("Say by which day it is looked at again: a day that lies ahead."))
    return str(gettext("Choose an outcome from the list."))


def _until() -> datetime | None:
    """The end of the local day that is written, None for no day."""
    try:
        day = date.fromisoformat(request.form.get("until", ""))
        return datetime.combine(day + timedelta(days=1), time.min, tzinfo=runtime().region.zone)
    except (ValueError, OverflowError):
        return None
