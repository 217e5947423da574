"""How a ticket ends, what its citizen is told of that and asked, and what silence and answers then do.

Ending needs an outcome, and what the ticket's category demands of finished work. Who must hear of a change is worked
after the change itself (``services.consequences``): once, in the citizen's language, on the way they last wrote by.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from dispatch.models import (
    Author,
    CitizenAddress,
    Direction,
    Message,
    Outcome,
    Position,
    Privacy,
    StatusChange,
    Ticket,
)
from dispatch.phrases import TERSE, Phrases
from dispatch.region import Region
from dispatch.runtime import Runtime
from dispatch.services import alerts, answers, evidence, following, holding
from dispatch.services.deadlines import CLOSING, SILENT, each_due
from dispatch.services.tickets import move
from dispatch.workflow import ENDED, OPEN, Status, check

#: What a status may say of how a ticket ended; the first is meant where nothing is said.
OUTCOMES: dict[Status, tuple[Outcome, ...]] = {
    Status.RESOLVED: (Outcome.SOLVED,),
    Status.REJECTED: (Outcome.REFUSED, Outcome.NOT_OURS, Outcome.CANNOT_YET),
    Status.FORWARDED: (Outcome.NOT_OURS,),
    Status.CLOSED: (Outcome.ANSWERED, Outcome.SOLVED, Outcome.MERGED),
}
#: The citizen is told why.
EXPLAINED = frozenset({Outcome.REFUSED, Outcome.NOT_OURS, Outcome.CANNOT_YET})
#: Reasons of changes that this module writes.
SETTLED, NOT_SETTLED, SILENCE, PAUSE_OVER = "settled", "not_settled", "silence", "pause_over"
#: An answer this close to a change of status says it already.
SAME_MOMENT = timedelta(minutes=1)
#: A rating counts for this long after it was asked for.
RATING_WAITS = timedelta(days=7)
RATINGS = range(1, 6)


class Incomplete(ValueError):
    """Calling this will say what is missing to end a ticket; nothing was changed. ``field`` is "outcome", "reason" or
    "until"."""

    def __init__(self, field: str) -> None:
        super().__init__(f"a ticket cannot end without a proper {field}")
        self.field = field


def end(
    session: Session,
    runtime: Runtime,
    now: datetime,
    ticket: Ticket,
    to: Status,
    *,
    outcome: Outcome | None = None,
    reason: str = "",
    staff_id: int | None = None,
    until: datetime | None = None,
) -> None:
    """Calling this will end a ticket: as resolved, rejected, closed, or referred to a body outside.

    ``outcome`` None stands for the status's own, and on closing for what the ticket has. ``reason`` is told to the
    citizen of a refusal; ``until`` (aware, ahead) is when what cannot be done yet is looked at again. Raises
    NotAllowed, holding.PartsOpen, Incomplete, evidence.Unproven.
    """
    before = Status(ticket.status)
    holding.check_parts(session, ticket, to)
    if outcome is None:
        outcome = Outcome(ticket.outcome) if to is Status.CLOSED and ticket.outcome else OUTCOMES[to][0]
    if outcome not in OUTCOMES[to]:
        raise Incomplete("outcome")
    check(before, to)
    if outcome in EXPLAINED and to is Status.REJECTED and not reason.strip():
        raise Incomplete("reason")
    if outcome is Outcome.CANNOT_YET and (until is None or until <= now):
        raise Incomplete("until")
    if outcome is Outcome.SOLVED and before is not Status.RESOLVED:
        evidence.prove(session, runtime.region, ticket)
    move(session, runtime.region, now, ticket, to, staff_id=staff_id, reason=reason, outcome=outcome)
    ticket.triage = False
    session.add(ticket)
    if until is not None and outcome is Outcome.CANNOT_YET:
        change = _last_change(session, ticket)
        change.until = until
        session.add(change)


def too_late(region: Region, ticket: Ticket, now: datetime) -> bool:
    """Calling this will say whether a ticket ended so long ago that its citizen's words open a new one."""
    ended = ticket.closed_at if Status(ticket.status) in ENDED else None
    return ended is not None and now - ended > timedelta(days=region.desk_rules.closing.reopen_days)


# What the citizen answers


def waits(ticket: Ticket, now: datetime) -> str:
    """Calling this will say which question of ours about the end of a ticket is open: "settled", "rating", or ""."""
    asked = ticket.settled_asked_at
    if asked is None:
        return ""
    if ticket.status == Status.RESOLVED and not ticket.content:
        return "settled"
    rates = ticket.status == Status.CLOSED and ticket.content == "yes" and ticket.rating is None
    return "rating" if rates and now - asked <= RATING_WAITS else ""


def settle(session: Session, region: Region, now: datetime, ticket: Ticket, yes: bool) -> None:
    """Calling this will take the citizen's answer to "is it settled?": yes closes the ticket and asks for a rating, no
    opens it again. Raises NotAllowed for a ticket that is not resolved."""
    ticket.content = "yes" if yes else "no"
    if yes:
        move(session, region, now, ticket, Status.CLOSED, reason=SETTLED, outcome=Outcome(ticket.outcome))
        ticket.settled_asked_at = now
    else:
        move(session, region, now, ticket, Status.IN_PROGRESS, reason=NOT_SETTLED)
    session.add(ticket)


def rate(session: Session, ticket: Ticket, rating: int) -> None:
    """Calling this will keep the citizen's rating, 1 to 5. Raises ValueError for any other."""
    if rating not in RATINGS:
        raise ValueError("a rating is 1 to 5")
    ticket.rating = rating
    ticket.version += 1
    session.add(ticket)


# What the citizen is told


def inform(runtime: Runtime, session: Session, ticket: Ticket, change: StatusChange) -> None:
    """Calling this will tell those who must hear of a change of status: the citizen, unless an officer's own words just
    did or they asked us to stop; and officers, that a question of theirs got no answer."""
    _tell_staff(runtime, session, ticket, change)
    # A part is staff's own division of work; what has moved on since is no news any more.
    if ticket.parent_id is not None or ticket.status != change.to_status:
        return
    tell = _NEWS.get(Status(change.to_status))
    address = session.get_one(CitizenAddress, ticket.address_id)
    if tell is None or address.stopped_at is not None or _just_said(session, ticket, change):
        return
    text = tell(runtime, session, ticket, following.origin(session, ticket, change), address.channel in TERSE)
    if not text:
        return
    now, phrases = runtime.now(), runtime.phrases
    if ticket.supervision or ticket.privacy == Privacy.SECRET:
        text = phrases.say("news", ticket.language, number=ticket.number)
    elif ticket.status == Status.RESOLVED:
        answers.asked(now, ticket)
        session.add(ticket)
    answers.say(session, phrases, now, address, ticket=ticket, text=text)


def _taken_up(runtime: Runtime, session: Session, ticket: Ticket, change: StatusChange, terse: bool) -> str:
    agency = _agency(runtime.region, ticket, terse)
    if change.from_status in ENDED:
        # Who reopened it by writing has our answer to that already.
        own = change.staff_id is None
        return "" if own else runtime.phrases.say("reopened", ticket.language, number=ticket.number, agency=agency)
    begun = select(col(StatusChange.id)).where(
        col(StatusChange.ticket_id) == ticket.id,
        col(StatusChange.id) < change.id,
        col(StatusChange.to_status).not_in((Status.NEW, Status.ASSIGNED)),
    )
    if change.staff_id is None or session.scalars(begun.limit(1)).first() is not None:
        return ""
    return runtime.phrases.say("taken_up", ticket.language, number=ticket.number, agency=agency)


def _resolved(runtime: Runtime, session: Session, ticket: Ticket, change: StatusChange, terse: bool) -> str:
    agency = _agency(runtime.region, ticket, terse)
    return runtime.phrases.say("resolved", ticket.language, number=ticket.number, agency=agency)


def _rejected(runtime: Runtime, session: Session, ticket: Ticket, change: StatusChange, terse: bool) -> str:
    say, language, reason = runtime.phrases.say, ticket.language, change.reason.rstrip(" .")
    match Outcome(change.outcome or Outcome.REFUSED):
        case Outcome.CANNOT_YET:
            until = _day(runtime.phrases, change.until, language, terse)
            return say("cannot_yet", language, number=ticket.number, reason=reason, until=until)
        case Outcome.NOT_OURS:
            return say("not_ours", language, number=ticket.number, reason=reason)
        case _:
            return say("refused", language, number=ticket.number, reason=reason)


_NEWS: dict[Status, Callable[[Runtime, Session, Ticket, StatusChange, bool], str]] = {
    Status.IN_PROGRESS: _taken_up,
    Status.RESOLVED: _resolved,
    Status.REJECTED: _rejected,
}


def _just_said(session: Session, ticket: Ticket, change: StatusChange) -> bool:
    """Whether an officer's own words said it: in the same transaction, or within a minute where the work only began."""
    about = SAME_MOMENT if change.to_status == Status.IN_PROGRESS else timedelta()
    said = select(col(Message.id)).where(
        col(Message.ticket_id) == ticket.id,
        col(Message.direction) == Direction.OUT,
        col(Message.author) == Author.STAFF,
        col(Message.created_at) >= change.at - about,
        col(Message.created_at) <= change.at + about,
    )
    return session.scalars(said.limit(1)).first() is not None


def _agency(region: Region, ticket: Ticket, terse: bool) -> str:
    agency = region.agencies[ticket.agency]
    return agency.short if terse else agency.name


def _day(phrases: Phrases, until: datetime | None, language: str, terse: bool) -> str:
    if until is None:
        return "-"
    return phrases.day(until, language) if terse else phrases.date(until, language)


def _tell_staff(runtime: Runtime, session: Session, ticket: Ticket, change: StatusChange) -> None:
    """The officers hear that a question got no answer in time; who hears of what came back, ``escalations`` knows."""
    if change.reason != PAUSE_OVER:
        return
    region, agency = runtime.region, ticket.agency
    officers = alerts.people(session, region, position=Position.OFFICER, scope="agency", agency=agency)
    key = f"{PAUSE_OVER}:{change.id}"
    alerts.tell(session, runtime, runtime.now(), staff_ids=officers, kind=PAUSE_OVER, ticket=ticket, key=key)


# What time does


def close_silent(runtime: Runtime) -> int:
    """Calling this will close the answered and resolved tickets whose citizen has been silent for as long as the rules
    say; returns how many. Nothing is asked or told any more: a real reply opens the ticket again."""
    part = aliased(Ticket)
    return each_due(
        runtime,
        (
            col(Ticket.status).in_(SILENT),
            col(Ticket.next_step) == CLOSING,
            col(Ticket.next_due) <= runtime.now(),
            ~select(col(part.id)).where(col(part.parent_id) == col(Ticket.id), col(part.status).in_(OPEN)).exists(),
        ),
        _close_silent,
    )


def _close_silent(runtime: Runtime, session: Session, ticket: Ticket) -> None:
    outcome = Outcome(ticket.outcome) if ticket.outcome else Outcome.ANSWERED
    move(session, runtime.region, runtime.now(), ticket, Status.CLOSED, reason=SILENCE, outcome=outcome)


def end_pauses(runtime: Runtime) -> int:
    """Calling this will take up again the tickets whose citizen was asked and has not answered for as long as a pause
    may last; returns how many. Their officers are told."""
    now = runtime.now()
    over = col(Ticket.pause_until).is_(None) | (col(Ticket.pause_until) <= now)
    return each_due(runtime, (col(Ticket.status) == Status.WAITING, col(Ticket.next_step) != "", over), _end_pause)


def _end_pause(runtime: Runtime, session: Session, ticket: Ticket) -> None:
    now = runtime.now()
    move(session, runtime.region, now, ticket, Status.IN_PROGRESS, reason=PAUSE_OVER)
    session.add(
        Message(
            ticket_id=ticket.id,
            direction=Direction.NOTE,
            author=Author.SYSTEM,
            body="",
            created_at=now,
            notes=[PAUSE_OVER],
        )
    )


def _last_change(session: Session, ticket: Ticket) -> StatusChange:
    query = select(StatusChange).where(col(StatusChange.ticket_id) == ticket.id)
    return session.scalars(query.order_by(col(StatusChange.id).desc()).limit(1)).one()
