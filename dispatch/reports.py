"""The only reader of aggregates: how long citizens waited, and the rows behind every figure.

Definitions, the same for figures, lists and exports (``condition``): a ticket belongs to the period in which it was
received and to the agency that has it now. A first answer is a person's, never a receipt. Times are calendar time: the
citizen waits at night too; the deadlines they are judged by are the law's working days. A deadline that has passed
without an answer counts as missed, whether or not the ticket was ended since; a ticket referred to a body outside owes
none.
"Resolved" is resolved or closed; refused and referred tickets are counted apart. While the next move is the citizen's
(waiting, answered) the resolution clock stands still: neither kept nor missed.
A ticket that is joined to another is received and answered, for its citizen spoke and was answered, but its work is the
other's: it is neither open nor overdue nor resolved nor refused, only "merged". Danger to life is seen wherever it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, literal, not_, or_, select, true
from sqlmodel import Session, col

from channels.message import DeliveryState
from dispatch import exported, handed, judged
from dispatch.exported import EXPORT_COLUMNS as EXPORT_COLUMNS
from dispatch.models import Outbox, Outcome, Privacy, Ticket
from dispatch.region import Region
from dispatch.runtime import utc_now
from dispatch.scope import Scope
from dispatch.workflow import OPEN, STOPS_RESOLUTION, Status

BATCH = 500
_DONE = (Status.RESOLVED, Status.CLOSED)
#: The resolution clock runs: open, and the next move is ours.
_RUNNING = tuple(sorted(OPEN - STOPS_RESOLUTION))
_OPEN = tuple(sorted(OPEN))

Rule = Callable[[datetime], ColumnElement[bool]]


def _answered(now: datetime) -> ColumnElement[bool]:
    return col(Ticket.first_response_at).is_not(None)


def _first_in_time(now: datetime) -> ColumnElement[bool]:
    return col(Ticket.first_response_at) <= col(Ticket.first_response_due)


def _first_late(now: datetime) -> ColumnElement[bool]:
    missed = and_(
        col(Ticket.first_response_at).is_(None),
        col(Ticket.first_response_due) < now,
        col(Ticket.status) != Status.FORWARDED,
    )
    return or_(col(Ticket.first_response_at) > col(Ticket.first_response_due), missed)


def _resolved(now: datetime) -> ColumnElement[bool]:
    return and_(col(Ticket.status).in_(_DONE), col(Ticket.resolved_at).is_not(None), not_(_merged(now)))


def _resolution_in_time(now: datetime) -> ColumnElement[bool]:
    return and_(_resolved(now), col(Ticket.resolved_at) <= col(Ticket.resolution_due))


def _resolution_late(now: datetime) -> ColumnElement[bool]:
    late = and_(_resolved(now), col(Ticket.resolved_at) > col(Ticket.resolution_due))
    running = and_(col(Ticket.status).in_(_RUNNING), col(Ticket.lead_id).is_(None))
    return or_(late, and_(running, col(Ticket.resolution_due) < now))


def _open(now: datetime) -> ColumnElement[bool]:
    return and_(col(Ticket.status).in_(_OPEN), col(Ticket.lead_id).is_(None))


def _merged(now: datetime) -> ColumnElement[bool]:
    """Joined to another now, or ended with it."""
    return or_(col(Ticket.lead_id).is_not(None), col(Ticket.outcome) == Outcome.MERGED)


def _alone(status: Status) -> Rule:
    return lambda now: and_(col(Ticket.status) == status, not_(_merged(now)))


def _overdue(now: datetime) -> ColumnElement[bool]:
    unanswered = and_(col(Ticket.first_response_at).is_(None), col(Ticket.first_response_due) < now)
    unresolved = and_(col(Ticket.status).in_(_RUNNING), col(Ticket.resolution_due) < now)
    return and_(_open(now), or_(unanswered, unresolved))


def _triage(now: datetime) -> ColumnElement[bool]:
    return and_(col(Ticket.triage).is_(True), _open(now))


def _danger(now: datetime) -> ColumnElement[bool]:
    return and_(col(Ticket.danger) != "", col(Ticket.status).in_(_OPEN))


def raised(now: datetime) -> ColumnElement[int]:
    """Calling this will give what puts danger to life before urgency and both before the rest, in a list's order, as
    long as nobody has answered."""
    waits = and_(col(Ticket.first_response_at).is_(None), _open(now))
    return case((and_(waits, col(Ticket.danger) != ""), 0), (and_(waits, col(Ticket.urgent).is_(True)), 1), else_=2)


def _undelivered(now: datetime) -> ColumnElement[bool]:
    troubled = col(Outbox.state).in_((DeliveryState.FAILED, DeliveryState.UNCERTAIN, DeliveryState.HELD))
    return select(col(Outbox.id)).where(col(Outbox.ticket_id) == col(Ticket.id), troubled).exists()


def _ended_as(outcome: Outcome) -> Rule:
    """How it ended, as whoever ended it said: "closed" is not "solved"."""
    return lambda now: col(Ticket.outcome) == outcome


#: Name → which tickets. Every figure is the number of tickets its condition holds for, and links to exactly these.
CONDITIONS: dict[str, Rule] = {
    "received": handed.whole,
    "answered": _answered,
    "first_in_time": _first_in_time,
    "first_late": _first_late,
    "first_counted": lambda now: or_(_first_in_time(now), _first_late(now)),
    "resolved": _resolved,
    "resolution_in_time": _resolution_in_time,
    "resolution_late": _resolution_late,
    "resolution_counted": lambda now: or_(_resolution_in_time(now), _resolution_late(now)),
    "rejected": _alone(Status.REJECTED),
    "forwarded": _alone(Status.FORWARDED),
    "merged": _merged,
    "open": _open,
    "overdue": _overdue,
    "triage": _triage,
    "danger": _danger,
    "undelivered": _undelivered,
    "decision": handed.decision,
    **{f"outcome_{each}": _ended_as(each) for each in Outcome},
    **judged.CONDITIONS,
}
#: Counted over the period's tickets, and counted over all tickets as they stand now.
_OF_PERIOD = (
    "received",
    "answered",
    "first_in_time",
    "first_counted",
    "resolved",
    "resolution_in_time",
    "resolution_counted",
    "rejected",
    "forwarded",
    *(f"outcome_{each}" for each in Outcome),
)
_NOW = ("open", "overdue")


#: Figures of a period count tickets as they were received; lists and what stands open also show their parts.
_OF_WHOLES = frozenset({*_OF_PERIOD, "first_late", "resolution_late"})


def condition(name: str, now: datetime) -> ColumnElement[bool]:
    """Calling this will give the SQL condition of a figure at the cut-off ``now``. Raises KeyError for unknown ones."""
    found = CONDITIONS[name](now)
    return and_(handed.whole(now), found) if name in _OF_WHOLES else found


def visible(scope: Scope) -> ColumnElement[bool]:
    """Calling this will limit tickets to those somebody may see: of their agencies, what is secret only if they are on
    the list, and nothing that complains about an agency of theirs."""
    limits: list[ColumnElement[bool]] = []
    if scope.agencies is not None:
        limits.append(col(Ticket.agency).in_(sorted(scope.agencies)) if scope.agencies else false())
    if not scope.secret:
        limits.append(col(Ticket.privacy) != Privacy.SECRET)
    if scope.complained_about:
        accused = literal(" ") + col(Ticket.accused) + literal(" ")
        theirs = [accused.contains(f" {code} ", autoescape=True) for code in sorted(scope.complained_about)]
        limits.append(or_(col(Ticket.supervision).is_(False), col(Ticket.accused) == "", not_(or_(*theirs))))
    return and_(true(), *limits)


def in_agencies(agencies: Scope | frozenset[str] | None) -> ColumnElement[bool]:
    """Calling this will limit tickets to somebody's (``Scope``), or to what is not secret of some agencies: None is all
    of them, an empty set none."""
    return visible(agencies if isinstance(agencies, Scope) else Scope(agencies))


def in_period(start: datetime | None, end: datetime | None) -> ColumnElement[bool]:
    """Calling this will limit tickets to those received from ``start`` on, before ``end`` (aware; None: no limit)."""
    limits: list[ColumnElement[bool]] = [true()]
    if start is not None:
        limits.append(col(Ticket.opened_at) >= start)
    if end is not None:
        limits.append(col(Ticket.opened_at) < end)
    return and_(*limits)


@dataclass(frozen=True, slots=True)
class AgencyFigures:
    """Calling this will hold one agency's figures. Counts are tickets, times are seconds of calendar time, None where
    there is nothing to measure. ``p90`` is the time within which nine of ten were served (nearest rank)."""

    agency: str
    received: int
    answered: int
    first_in_time: int
    first_counted: int
    resolved: int
    resolution_in_time: int
    resolution_counted: int
    rejected: int
    forwarded: int
    open: int
    overdue: int
    median_first: float | None
    p90_first: float | None
    median_resolution: float | None
    p90_resolution: float | None
    outcome_solved: int = 0
    outcome_answered: int = 0
    outcome_refused: int = 0
    outcome_not_ours: int = 0
    outcome_merged: int = 0
    outcome_cannot_yet: int = 0


def response_figures(
    session: Session, now: datetime, agencies: Scope | frozenset[str] | None, start: datetime, end: datetime
) -> list[AgencyFigures]:
    """Calling this will work out the figures of every agency (of ``agencies``, None: all) that received a ticket from
    ``start`` on and before ``end`` or has one open now, in the order of their codes.

    ``now`` is the cut-off: what is overdue is judged at this instant.
    """
    scope = in_agencies(agencies)
    counts = _count(session, now, _OF_PERIOD, and_(scope, in_period(start, end)))
    standing = _count(session, now, _NOW, and_(scope, _open(now)))
    first, resolution = _waits(session, now, and_(scope, handed.whole(now), in_period(start, end)))
    return [
        AgencyFigures(
            agency=agency,
            **{name: counts.get(agency, {}).get(name, 0) for name in _OF_PERIOD},
            **{name: standing.get(agency, {}).get(name, 0) for name in _NOW},
            median_first=_median(first[agency]),
            p90_first=_p90(first[agency]),
            median_resolution=_median(resolution[agency]),
            p90_resolution=_p90(resolution[agency]),
        )
        for agency in sorted(counts.keys() | standing.keys())
    ]


def _count(
    session: Session, now: datetime, names: Sequence[str], where: ColumnElement[bool]
) -> dict[str, dict[str, int]]:
    columns = [func.sum(case((condition(name, now), 1), else_=0)) for name in names]
    rows = session.execute(select(col(Ticket.agency), *columns).where(where).group_by(col(Ticket.agency)))
    return {agency: {name: int(n) for name, n in zip(names, values, strict=True)} for agency, *values in rows}


def _waits(
    session: Session, now: datetime, where: ColumnElement[bool]
) -> tuple[defaultdict[str, list[float]], defaultdict[str, list[float]]]:
    """Seconds each citizen waited, by agency: for the first answer, and for the resolution."""
    first: defaultdict[str, list[float]] = defaultdict(list)
    resolution: defaultdict[str, list[float]] = defaultdict(list)
    narrow = select(
        col(Ticket.agency),
        col(Ticket.opened_at),
        col(Ticket.first_response_at),
        case((_resolved(now), col(Ticket.resolved_at)), else_=None),
    )
    for agency, opened, answered, resolved in session.execute(narrow.where(where)):
        if answered is not None:
            first[agency].append((answered - opened).total_seconds())
        if resolved is not None:
            resolution[agency].append((resolved - opened).total_seconds())
    return first, resolution


def _median(values: list[float]) -> float | None:
    return median(values) if values else None


def _p90(values: list[float]) -> float | None:
    return sorted(values)[ceil(0.9 * len(values)) - 1] if values else None


@dataclass(frozen=True, slots=True)
class SendingFigures:
    """Calling this will hold what one channel sent: messages by what became of them, billed segments, rupiah."""

    channel: str
    sent: int
    delivered: int
    failed: int
    uncertain: int
    segments: int
    cost: int


def sending_figures(session: Session, since: datetime, until: datetime) -> list[SendingFigures]:
    """Calling this will work out, for each channel, what was promised from ``since`` on and before ``until``.

    ``sent`` is whatever a provider took, delivered or not, ``delivered`` also what was read; a message sent again or
    another way counts where it went. Cost is in rupiah by the prices of the day it was sent.
    """

    def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.sum(case((condition, 1), else_=0))

    state = col(Outbox.state)
    query = select(
        col(Outbox.channel),
        count(col(Outbox.sent_at).is_not(None)),
        count(state.in_((DeliveryState.DELIVERED, DeliveryState.READ))),
        count(state == DeliveryState.FAILED),
        count(state == DeliveryState.UNCERTAIN),
        func.sum(col(Outbox.segments)),
        func.sum(col(Outbox.cost)),
    ).where(col(Outbox.created_at) >= since, col(Outbox.created_at) < until)
    rows = session.execute(query.group_by(col(Outbox.channel)).order_by(col(Outbox.channel)))
    return [SendingFigures(channel, *(int(number or 0) for number in numbers)) for channel, *numbers in rows]


def export_tickets(
    session: Session,
    region: Region,
    *,
    agencies: Scope | frozenset[str] | None,
    start: datetime | None,
    end: datetime | None,
    now: datetime | None = None,
    shares: bool = False,
) -> Iterator[dict[str, Any]]:
    """Calling this will give the tickets of some agencies (None: all) received in a period, oldest first, in batches.

    Keys are ``EXPORT_COLUMNS``. Times are ISO 8601 with the region's offset, empty where there is none. ``text`` is the
    citizen's first message. ``delivered`` is the state of the last answer a person wrote, empty without one.
    ``overdue`` is yes or no at ``now`` (the present instant unless given). ``part_of`` is the number of the ticket a
    part belongs to. With ``shares`` a row also lists each agency's stays: code, working seconds, since, until.
    """
    now = now or utc_now()
    late = condition("overdue", now)
    last = 0
    while True:
        query = select(Ticket, case((late, 1), else_=0)).where(
            in_agencies(agencies), in_period(start, end), col(Ticket.id) > last
        )
        rows = session.execute(query.order_by(col(Ticket.id)).limit(BATCH)).all()
        if not rows:
            return
        ids = [ticket.id or 0 for ticket, _ in rows]
        last = ids[-1]
        texts, states = exported.first_texts(session, ids), exported.last_answers(session, ids)
        wholes = handed.numbers_of_wholes(session, [ticket for ticket, _ in rows])
        stays = handed.stays(session, region, now, ids) if shares else {}
        for ticket, overdue in rows:
            yield exported.row(region, ticket, texts.get(ticket.id or 0, ""), states.get(ticket.id or 0, "")) | {
                "overdue": "yes" if overdue else "no",
                "handovers": str(ticket.handovers),
                "bounces": str(ticket.bounces),
                "part_of": wholes.get(ticket.parent_id or 0, ""),
                **({"shares": [each.row(region) for each in stays[ticket.id or 0]]} if shares else {}),
            }
        session.expunge_all()
