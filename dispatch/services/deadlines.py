"""The dates of a ticket: worked out from when it was opened and its history, kept beside it for lists and sweeps.

Nothing is ever added to a date: ``settle`` works all of them out anew, so that doing it once more, later, or after a
calendar was edited gives what doing it at every step would have given.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import ColumnElement, and_, not_, or_, select
from sqlmodel import Session, col

from dispatch import hours, sla, timeline
from dispatch.db import stored_id
from dispatch.models import Assignment, Join, StatusChange, Ticket
from dispatch.region import Agency, Region
from dispatch.runtime import Runtime
from dispatch.timeline import Change, Share
from dispatch.workflow import OPEN, NotAllowed, Status

log = logging.getLogger("aduan.deadlines")

#: Values of ``Ticket.next_step``: what has to be done by ``next_due``.
ACCEPT, VERIFY, FIRST_RESPONSE, RESOLUTION = "accept", "verify", "first_response", "resolution"
PAUSE_END, CLOSING = "pause_end", "closing"

#: What the citizen was told or has got: silence from here on closes the ticket.
SILENT = frozenset({Status.ANSWERED, Status.RESOLVED})
#: Reasons of changes that a ticket made only because it was joined to another, or split off again.
FOLLOWED = ("joined", "followed", "split_off")
#: Statuses in which an agency may still have to say that it takes the ticket on.
UNTOUCHED = frozenset({Status.NEW, Status.ASSIGNED})
#: A message that reached us later than this after it was spoken has two clocks to show.
LATE_MESSAGE = timedelta(hours=1)
#: With how many tickets one sweep does what is due at most: the next one goes on.
BATCH = 200


class Facts(Protocol):
    """What a ticket's dates depend on, beside its history: a ticket, or a row with the same columns."""

    @property
    def status(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def supervision(self) -> bool: ...
    @property
    def lead_id(self) -> int | None: ...
    @property
    def agency(self) -> str: ...
    @property
    def opened_at(self) -> datetime: ...
    @property
    def verified_at(self) -> datetime | None: ...
    @property
    def first_response_at(self) -> datetime | None: ...
    @property
    def last_staff_at(self) -> datetime | None: ...
    @property
    def accept_due(self) -> datetime | None: ...
    @property
    def accepted_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Dates:
    """Calling this will hold the dates of a ticket, named as its columns."""

    verify_due: datetime
    first_response_due: datetime
    resolution_due: datetime
    pause_until: datetime | None
    next_due: datetime | None
    next_step: str


@dataclass(frozen=True, slots=True)
class Clocks:
    """Calling this will hold why a ticket is due when it is: an explanation for each stage, the agencies' shares of the
    time that ran, and for a message that reached us late (more than an hour after it was spoken) the dates as they
    would be had they counted since then."""

    explanations: Mapping[str, sla.Explanation]
    shares: Sequence[Share]
    since_spoken: Mapping[str, datetime]


def settle(session: Session, region: Region, now: datetime, ticket: Ticket) -> None:
    """Calling this will work out a ticket's dates anew, after anything that moves them: a status, an assignment, the
    kind, a first answer, being taken on.

    An open or resolved ticket always has a ``next_due``, in the past when it is late; any other none, nor one that is
    joined to another, whose work that is. Raises
    sla.NoRule and hours.NoWorkingTime for a region pack that cannot say.
    """
    found = dates(region, now, ticket, history(session, [stored_id(ticket.id)]).get(stored_id(ticket.id), ()))
    ticket.verify_due, ticket.first_response_due = found.verify_due, found.first_response_due
    ticket.resolution_due, ticket.pause_until = found.resolution_due, found.pause_until
    ticket.next_due, ticket.next_step = found.next_due, found.next_step
    ticket.ladder_at = None  # whoever is to be told of the dates is found anew
    session.add(ticket)


def dates(region: Region, now: datetime, ticket: Facts, changes: Sequence[Change]) -> Dates:
    """Calling this will work out the dates of a ticket from what is known of it; nothing is written.

    ``now`` only decides whether a pause is over. An agency the region pack no longer knows counts by the desk's
    calendar. Raises what ``settle`` raises.
    """
    agency = agency_of(region, ticket.agency)
    due = sla.deadlines(
        region,
        agency.code,
        kind=ticket.kind,
        supervision=ticket.supervision,
        start=ticket.opened_at,
        changes=changes,
    )
    status = Status(ticket.status)
    until = None
    if status is Status.WAITING:
        last = timeline.pauses(region, agency.calendar, ticket.opened_at, changes)
        until = last[-1].until if last and last[-1].stands(now) else None
    steps: dict[str, datetime] = {}
    if status in SILENT:
        steps[CLOSING] = silence_due(region, ticket, changes)
    elif status in OPEN:
        steps[RESOLUTION] = due.resolution.at
        if until is not None:
            if due.resolution.rule.counts == "working_days":  # hours run on, whoever is asked
                del steps[RESOLUTION]
            steps[PAUSE_END] = until
        if ticket.accept_due is not None and ticket.accepted_at is None and status in UNTOUCHED:
            steps[ACCEPT] = ticket.accept_due
    if status in OPEN and ticket.verified_at is None:
        steps[VERIFY] = due.verify.at
    if status in OPEN and ticket.first_response_at is None:
        steps[FIRST_RESPONSE] = due.first_response.at
    if ticket.lead_id is not None and status not in SILENT:
        steps = {}  # the work, and what is due of it, is with the ticket it is joined to
    step = min(steps, key=lambda name: steps[name], default="")
    return Dates(
        verify_due=due.verify.at,
        first_response_due=due.first_response.at,
        resolution_due=due.resolution.at,
        pause_until=until,
        next_due=steps.get(step),
        next_step=step,
    )


def silence_due(region: Region, ticket: Facts, changes: Sequence[Change]) -> datetime:
    """Calling this will say until when (UTC) the citizen of an answered or resolved ticket may stay silent before it is
    closed, counted from that status or from the last answer since. Raises what ``settle`` raises."""
    began = timeline.stretches(ticket.opened_at, changes)[-1].start
    since = max(began, hours.utc(ticket.last_staff_at)) if ticket.last_staff_at else began
    agency = agency_of(region, ticket.agency)
    try:
        return sla.deadline(
            region, agency.code, kind=ticket.kind, supervision=ticket.supervision, stage="closing", start=since
        ).at
    except sla.NoRule:  # a region without a law of its own for it closes as its desk says
        return hours.after_working_days(region, agency.calendar, since, region.desk_rules.closing.silence_days)


def explain(session: Session, region: Region, now: datetime, ticket: Ticket) -> Clocks:
    """Calling this will explain a ticket's dates as they are worked out now. Raises what ``settle`` raises."""
    ticket_id = stored_id(ticket.id)
    changes = history(session, [ticket_id]).get(ticket_id, ())
    agency = agency_of(region, ticket.agency)

    def of(stage: str, start: datetime) -> sla.Explanation:
        return sla.explain(
            region,
            agency.code,
            kind=ticket.kind,
            supervision=ticket.supervision,
            stage=stage,
            start=start,
            now=now,
            changes=changes,
        )

    stages = (VERIFY, FIRST_RESPONSE, RESOLUTION)
    holders = session.execute(
        select(col(Assignment.assigned_at), col(Assignment.agency))
        .where(col(Assignment.ticket_id) == ticket_id)
        .order_by(col(Assignment.id))
    )
    spoken: dict[str, datetime] = {}
    if ticket.opened_at - ticket.spoken_at > LATE_MESSAGE:
        try:
            spoken = {stage: of(stage, ticket.spoken_at).due for stage in stages[1:]}
        except sla.NoRule:  # spoken, says the telephone, before any rule was in force: only our own clock can count
            spoken = {}
    return Clocks(
        explanations={stage: of(stage, ticket.opened_at) for stage in stages},
        shares=timeline.shares(region, ticket.opened_at, changes, [(at, code) for at, code in holders], now),
        since_spoken=spoken,
    )


def history(session: Session, ids: Sequence[int]) -> dict[int, list[Change]]:
    """Calling this will read the status histories of tickets, by the ids of these, each in the order it was written."""
    found: dict[int, list[Change]] = {}
    rows = session.execute(
        select(
            col(StatusChange.ticket_id),
            col(StatusChange.at),
            col(StatusChange.from_status),
            col(StatusChange.to_status),
        )
        .where(col(StatusChange.ticket_id).in_(ids), not_(_undone()))
        .order_by(col(StatusChange.id))
    )
    for ticket_id, at, before, to in rows:
        found.setdefault(ticket_id, []).append((at, before, to))
    return found


def _undone() -> ColumnElement[bool]:
    """What a ticket only followed while it was joined to another by mistake: after it was split off, it never was."""
    within = (
        col(Join.at) <= col(StatusChange.at),
        col(Join.undone_at) >= col(StatusChange.at),
        col(Join.undone_by).is_not(None),
    )
    mistaken = select(col(Join.id)).where(col(Join.ticket_id) == col(StatusChange.ticket_id), *within)
    return and_(col(StatusChange.reason).in_(FOLLOWED), mistaken.exists())


def wake(runtime: Runtime) -> int:
    """Calling this will set the dates of tickets whose pause has reached its cap: their clock runs again, and what is
    due next is work; returns how many."""
    now = runtime.now()
    over = (col(Ticket.status) == Status.WAITING, col(Ticket.next_step) == PAUSE_END, col(Ticket.next_due) <= now)
    return each_due(runtime, over, lambda _, session, ticket: settle(session, runtime.region, now, ticket))


def each_due(
    runtime: Runtime,
    where: tuple[ColumnElement[bool], ...],
    step: Callable[[Runtime, Session, Ticket], None],
    most: int = BATCH,
) -> int:
    """Calling this will do a step with the tickets that are due, the longest due first, each in a transaction of its
    own and looked at again once it is locked; returns with how many, ``most`` at most.

    A ticket whose step is refused, or whose calendar cannot date it, stays as it is, is logged, and keeps no other
    from its turn: those behind it are reached in the same sweep.
    """
    done = 0
    behind: tuple[ColumnElement[bool], ...] = ()
    while done < most:
        with runtime.reading() as session:
            query = select(col(Ticket.id), col(Ticket.next_due)).where(*where, *behind)
            rows = session.execute(query.order_by(col(Ticket.next_due), col(Ticket.id)).limit(most)).all()
        for ticket_id, _ in rows[: most - done]:
            done += _one_due(runtime, where, step, ticket_id)
        if len(rows) < most:
            break
        last_id, last_due = rows[-1]
        same = and_(col(Ticket.next_due) == last_due, col(Ticket.id) > last_id)
        behind = (or_(col(Ticket.next_due) > last_due, same),)
    return done


def _one_due(
    runtime: Runtime,
    where: tuple[ColumnElement[bool], ...],
    step: Callable[[Runtime, Session, Ticket], None],
    ticket_id: int,
) -> bool:
    with runtime.writing() as session:
        locked = select(Ticket).where(col(Ticket.id) == ticket_id, *where).with_for_update()
        ticket = session.scalars(locked).one_or_none()
        if ticket is None:
            return False
        try:
            step(runtime, session, ticket)
        except NotAllowed as refused:  # its parts are still open: they come first
            log.info("left as it is", extra={"ticket": ticket_id, "status": refused.current.value})
        except (hours.NoWorkingTime, sla.NoRule) as error:
            log.error("the region pack cannot date it", extra={"ticket": ticket_id, "error": str(error)})
        else:
            return True
        session.rollback()
    return False


def agency_of(region: Region, code: str) -> Agency:
    """Calling this will give an agency, or the desk for one the region pack no longer knows."""
    return region.agencies[code if code in region.agencies else region.desk]
