"""Reports about one trouble on a ticket's page: what is likely the same, who else reported it, joining, splitting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext, ngettext
from sqlalchemy import func, select
from sqlmodel import Session, col
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from admin import words
from admin.security import Need, Viewer, allow, runtime, viewer
from dispatch.db import stored_id
from dispatch.models import Direction, Join, Likeness, Message, Ticket
from dispatch.services import floods, joining, likenesses
from dispatch.services.answers import Stale
from dispatch.services.joining import CannotJoin
from dispatch.workflow import OPEN

blueprint = Blueprint("joining", __name__)

Outcome = BaseResponse | tuple[str, int]

#: So many reporters and so many of their later messages are shown; the list shows all of them.
SHOWN, WORDS_SHOWN = 50, 20
NUMBER_LENGTH = 40
#: From which likeness on (0 to 1) it is said how (keys of ``words.LIKELY``).
DEGREES = ((0.85, "surely"), (0.65, "likely"), (0.0, "perhaps"))


@dataclass(frozen=True, slots=True)
class Pair:
    """Calling this will hold a ticket that is likely about the same trouble, and how likely (a key of ``words``)."""

    ticket: Ticket
    degree: str


@dataclass(frozen=True, slots=True)
class Heard:
    """Calling this will hold what a joined citizen wrote since, and on which ticket."""

    number: str
    message: Message


@dataclass(frozen=True, slots=True)
class Alike:
    """Calling this will hold what a ticket's page shows of others: whether it may be joined (``able``), the lead it is
    joined to (None: to none, or to one its reader may not see, as ``joined`` tells), its own reporters (``count`` all,
    ``automatic`` by themselves).
    """

    able: bool = False
    likely: Sequence[Pair] = ()
    joined: bool = False
    lead: Ticket | None = None
    reporters: Sequence[tuple[Ticket, Join]] = ()
    count: int = 0
    automatic: int = 0
    heard: Sequence[Heard] = ()


def read(session: Session, ticket: Ticket, who: Viewer) -> Alike:
    """Calling this will read that, as far as the reader may see it, in a fixed number of queries."""
    lead = session.get(Ticket, ticket.lead_id) if ticket.lead_id is not None else None
    joined = joining.members(session, ticket)
    seen = [(member, row) for member, row in joined if who.scope.reads(member)]
    return Alike(
        able=likenesses.comparable(ticket),
        likely=_likely(session, ticket, who),
        joined=lead is not None,
        lead=lead if lead is not None and who.scope.reads(lead) else None,
        reporters=seen[:SHOWN],
        count=len(joined),
        automatic=sum(row.staff_id is None for _, row in joined),
        heard=_heard(session, seen),
    )


def reporters(session: Session, tickets: Sequence[Ticket]) -> dict[int, int]:
    """Calling this will count the tickets joined to each of these, by their ids; none for those without."""
    ids = [stored_id(each.id) for each in tickets]
    query = select(col(Ticket.lead_id), func.count()).where(col(Ticket.lead_id).in_(ids)).group_by(col(Ticket.lead_id))
    return {lead: count for lead, count in session.execute(query) if lead is not None}


def _likely(session: Session, ticket: Ticket, who: Viewer) -> list[Pair]:
    rows = [row for row in likenesses.of_ticket(session, ticket) if row.decision == ""]
    if not rows or not likenesses.comparable(ticket):
        return []
    score = {_other(row, ticket): row.score for row in rows}
    query = select(Ticket).where(col(Ticket.id).in_(sorted(score)), col(Ticket.status).in_(sorted(OPEN)))
    found = [each for each in session.scalars(query) if who.scope.reads(each) and each.lead_id != ticket.id]
    found.sort(key=lambda each: (-score[stored_id(each.id)], stored_id(each.id)))
    return [Pair(each, degree(score[stored_id(each.id)])) for each in found]


def _other(row: Likeness, ticket: Ticket) -> int:
    return row.other_id if row.ticket_id == ticket.id else row.ticket_id


def degree(score: float) -> str:
    """Calling this will say how likely a likeness is, as a key of ``words.LIKELY``."""
    return next(name for least, name in DEGREES if score >= least)


def _heard(session: Session, joined: Sequence[tuple[Ticket, Join]]) -> list[Heard]:
    since = {stored_id(member.id): (member.number, row.at) for member, row in joined}
    query = select(Message).where(col(Message.ticket_id).in_(sorted(since)), col(Message.direction) == Direction.IN)
    if since:
        query = query.where(col(Message.created_at) >= min(at for _, at in since.values()))
    latest = session.scalars(query.order_by(col(Message.id).desc()).limit(WORDS_SHOWN)).all() if since else ()
    found = [(since[each.ticket_id or 0], each) for each in latest]
    return [Heard(number, each) for (number, at), each in found if each.created_at > at]


@blueprint.post("/tickets/<number>/join")
@allow(Need.STAFF)
def join(number: str) -> Outcome:
    """Calling this will join the ticket to the other one the form names, if its reader may see both."""

    def work(session: Session, ticket: Ticket, seen: int | None) -> str:
        lead = _find_other(session)
        now, who = runtime().now(), viewer().staff_id
        lead = joining.join(session, runtime().phrases, now, ticket, lead, staff_id=who, seen_version=seen)
        return str(gettext("%(number)s is joined to %(lead)s.", number=ticket.number, lead=lead.number))

    return _step(number, work)


@blueprint.post("/tickets/<number>/different")
@allow(Need.STAFF)
def different(number: str) -> Outcome:
    """Calling this will write down that the ticket and the other one are about different troubles."""

    def work(session: Session, ticket: Ticket, seen: int | None) -> str:
        other, now, who = _find_other(session), runtime().now(), viewer().staff_id
        mine, theirs = stored_id(ticket.id), stored_id(other.id)
        likenesses.decide(session, now, mine, theirs, likenesses.DIFFERENT, who)
        return str(gettext("They stay two tickets, and are not proposed again."))

    return _step(number, work)


@blueprint.post("/tickets/<number>/split-off")
@allow(Need.STAFF)
def split_off(number: str) -> Outcome:
    """Calling this will make a joined ticket a job of its own again."""

    def work(session: Session, ticket: Ticket, seen: int | None) -> str:
        now, who = runtime().now(), viewer().staff_id
        joining.split_off(session, runtime().phrases, now, ticket, staff_id=who, seen_version=seen)
        return str(gettext("%(number)s is a job of its own again. Its citizen is told.", number=ticket.number))

    return _step(number, work)


@blueprint.post("/tickets/<number>/undo-flood")
@allow(Need.STAFF)
def undo_flood(number: str) -> Outcome:
    """Calling this will split off everything that joined the ticket by itself."""

    def work(session: Session, ticket: Ticket, seen: int | None) -> str:
        if seen is not None and seen != ticket.version:
            raise Stale(seen, ticket.version)
        count = floods.undo(session, runtime().phrases, runtime().now(), ticket, staff_id=viewer().staff_id)
        return str(
            ngettext("%(num)d report is a job of its own again.", "%(num)d reports are jobs of their own again.", count)
        )

    return _step(number, work)


def _find_other(session: Session) -> Ticket:
    from admin.ticket import find  # the ticket's page shows this module's part

    try:
        return find(session, request.form.get("other", "")[:NUMBER_LENGTH], viewer())
    except NotFound:
        raise CannotJoin("unknown") from None


def _step(number: str, work: Callable[[Session, Ticket, int | None], str]) -> Outcome:
    """Do a step in one transaction and lead back to the page. 422 where the tickets cannot be joined, 409 when the
    ticket changed since it was shown. The step itself locks, in an order of its own."""
    from admin.ticket import changed, find, render, seen_version  # as above

    try:
        with runtime().writing() as session:
            message = work(session, find(session, number, viewer()), seen_version())
    except CannotJoin as fault:
        return render(number, {"other": words.word(words.NOT_JOINED, fault.reason)}, request.form), 422
    except Stale:
        return changed(number)
    flash(message)
    return redirect(url_for("ticket.show", number=number), 303)
