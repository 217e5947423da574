"""What became of what we sent: provider reports applied monotonically, what staff settle by hand, and which answers
never reached their citizen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlmodel import Session, col

from channels.message import RANK, DeliveryReport, DeliveryState, monotonic
from dispatch import costs, outbox
from dispatch.db import stored_id
from dispatch.models import Author, Direction, Message, Outbox, Ticket
from dispatch.reports import in_agencies
from dispatch.runtime import Runtime, ring_sender_after_commit
from dispatch.scope import Scope
from dispatch.services import failover, failures
from dispatch.services.answers import CannotReach
from dispatch.services.tickets import audit
from dispatch.services.window import has_held, locked, release

__all__ = [
    "Undelivered",
    "has_held",
    "mark_shown",
    "release",
    "resend",
    "settle_by_hand",
    "take_report",
    "told_another_way",
    "undelivered",
]

REACHED = (DeliveryState.DELIVERED, DeliveryState.READ)
SETTLEABLE = (DeliveryState.FAILED, DeliveryState.UNCERTAIN)
#: How long an answer that did not arrive stays on the list of work.
LISTED_FOR = timedelta(days=90)
#: The note on a message whose citizen was told in another way: by telephone, at the counter.
TOLD = "told another way"


class NotSettleable(Exception):
    """Calling this will say that a message is not in doubt and has not failed: there is nothing to do by hand."""


def take_report(runtime: Runtime, session: Session, report: DeliveryReport) -> bool:
    """Calling this will apply one report with all that follows from it: what it costs, and for a failure another try or
    another way; False when no row has that id (yet).

    A report may come before our own note of the provider's id was committed: the caller tries again for some minutes.
    """
    row = _find(session, report)
    if row is None:
        return False
    now = runtime.now()
    before = DeliveryState(row.state)
    _apply(session, now, row, report)
    channel = runtime.registry.carrier(row.channel, row.account)
    if channel is not None and (report.category or report.billable is not None):
        row.category = report.category or row.category
        free = report.billable is False
        price = costs.price(runtime.region.delivery, channel.name, row.category, max(row.segments, 1))
        row.cost = 0 if free else price
        session.add(row)
    if row.state == before:
        return True
    if row.state == DeliveryState.FAILED and channel is not None:
        session.flush()
        failures.reported(runtime, session, channel, stored_id(row.id), report.error_code)
    elif row.state in REACHED:
        _call_back(session, now, row)
    return True


def _find(session: Session, report: DeliveryReport) -> Outbox | None:
    """The row a report is about, locked, its address before it."""
    query = select(col(Outbox.id)).where(col(Outbox.channel) == report.channel, col(Outbox.account) == report.account)
    for column, value in ((Outbox.external_id, report.message_id), (Outbox.key, report.key)):
        row_id = session.scalars(query.where(col(column) == value)).one_or_none() if value else None
        if row_id is not None:
            return locked(session, row_id)[1]
    return None


def _apply(session: Session, now: datetime, row: Outbox, report: DeliveryReport) -> None:
    kept = monotonic(DeliveryState(row.state), report.state)
    if kept == row.state:
        return
    row.state = kept
    row.settled_at = row.settled_at or now
    if row.external_id is None and report.message_id:
        row.external_id = report.message_id
    if RANK[kept] >= RANK[DeliveryState.SENT]:
        row.sent_at = row.sent_at or report.occurred_at or now
    if kept in REACHED:
        row.delivered_at = row.delivered_at or report.occurred_at or now
    if kept is DeliveryState.FAILED:
        row.error_code = report.error_code
        row.error = row.error or failures.REPORTED
    session.add(row)


def _call_back(session: Session, now: datetime, row: Outbox) -> None:
    """It worked after all: what was to go once more or another way and has not left yet stays here."""
    waiting = select(Outbox).where(
        col(Outbox.message_id) == row.message_id, col(Outbox.id) > row.id, col(Outbox.state).in_(failover.WAITING)
    )
    again = (col(Outbox.address_id) == row.address_id) & (col(Outbox.part) == row.part)
    elsewhere = (col(Outbox.origin) == "failover") & (col(Outbox.address_id) != row.address_id)
    whole = _reached(failover.parts(session, row), None)
    replacing = waiting.where(or_(again, elsewhere) if whole else again)
    for other in session.scalars(replacing.with_for_update(skip_locked=True)):
        other.state = DeliveryState.REPLACED
        other.settled_at = now
        other.error = "delivered the first way after all"
        session.add(other)


def resend(session: Session, now: datetime, row: Outbox, staff_id: int | None = None) -> list[Outbox]:
    """Calling this will promise a failed or uncertain message once more, in new rows, the old ones replaced: all parts
    of its text that failed or are uncertain at that address. Nothing is called sent before a provider says so.

    Raises NotSettleable when the row did not fail and is not uncertain, CannotReach when the person stopped us.
    """
    address, row = locked(session, stored_id(row.id))
    if row.state not in SETTLEABLE:
        raise NotSettleable(f"the message is {row.state}")
    if address.stopped_at is not None:
        raise CannotReach("the citizen asked us to stop writing to this address")
    address.bad_at = None
    session.add(address)
    rows = [row] if row.template else [part for part in failover.parts(session, row) if part.state in SETTLEABLE]
    new = [outbox.again(session, now, each, origin="staff") for each in sorted(rows, key=lambda each: each.part)]
    for each in new:
        ring_sender_after_commit(session, each.channel, each.account, stored_id(each.id))
    detail: dict[str, object] = {"rows": [each.id for each in new]}
    audit(session, now, "outbox.resend", "outbox", str(row.id), staff_id=staff_id, detail=detail)
    return new


def settle_by_hand(session: Session, now: datetime, row: Outbox, sent: bool, staff_id: int | None) -> None:
    """Calling this will end the doubt about an uncertain message: a person found out that it was sent, or was not.

    Raises NotSettleable for one that is not uncertain: only a provider says that a failed one was sent after all.
    """
    _, row = locked(session, stored_id(row.id))
    if row.state != DeliveryState.UNCERTAIN:
        raise NotSettleable(f"the message is {row.state}")
    row.state = DeliveryState.SENT if sent else DeliveryState.FAILED
    row.settled_at = now
    row.sent_at = row.sent_at or (now if sent else None)
    row.error = "settled by hand: sent" if sent else "settled by hand: not sent"
    session.add(row)
    audit(session, now, "outbox.settle", "outbox", str(row.id), staff_id=staff_id, detail={"sent": sent})


def told_another_way(session: Session, now: datetime, message: Message, staff_id: int) -> None:
    """Calling this will take an answer off the list of work because staff told the citizen otherwise. What became of
    its sends stays as it is."""
    if TOLD not in message.notes:
        message.notes = [*message.notes, TOLD]
        session.add(message)
        audit(session, now, "message.told", "message", str(message.id), staff_id=staff_id)


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Calling this will hold an officer's answer that has not reached its citizen, its ticket, and its last row."""

    ticket: Ticket
    message: Message
    row: Outbox


def undelivered(
    runtime: Runtime, session: Session, agencies: Scope | frozenset[str] | None = None, limit: int = 500
) -> list[Undelivered]:
    """Calling this will list the officers' answers on tickets of these agencies (None: all) that reached nobody: no way
    delivered every part (or took it, where nobody reports), and the last row failed, is held, uncertain, or its report
    is overdue. The oldest first; what staff told the citizen otherwise, or is older than 90 days, is left out.
    """
    now = runtime.now()
    lost = (DeliveryState.FAILED, DeliveryState.HELD, DeliveryState.UNCERTAIN)
    troubled = or_(col(Outbox.state).in_(lost), *failover.overdue(runtime, now))
    ids = (
        select(col(Outbox.message_id))
        .join(Message, col(Message.id) == col(Outbox.message_id))
        .join(Ticket, col(Ticket.id) == col(Message.ticket_id))
        .where(troubled, col(Outbox.template) == "")
        .where(col(Message.author) == Author.STAFF, col(Message.direction) == Direction.OUT)
        .where(col(Message.created_at) > now - LISTED_FOR, in_agencies(agencies))
        .distinct()
    )
    rows: defaultdict[int, list[Outbox]] = defaultdict(list)
    query = select(Outbox).where(col(Outbox.message_id).in_(ids), col(Outbox.template) == "").order_by(col(Outbox.id))
    for row in session.scalars(query):
        rows[row.message_id].append(row)
    reporting = {channel.kind for channel in runtime.registry.channels.values() if channel.limits.reports}
    since = now - runtime.region.delivery.undelivered_after
    found: list[Undelivered] = []
    for message_id, deliveries in sorted(rows.items()):
        last = deliveries[-1]
        ends = [each for each in deliveries if each.address_id == last.address_id]
        trouble = any(each.state in lost or _late(each, reporting, since) for each in ends)
        if trouble and not _reached(deliveries, reporting) and len(found) < limit:
            message = session.get_one(Message, message_id)
            if TOLD not in message.notes:
                found.append(Undelivered(session.get_one(Ticket, message.ticket_id), message, last))
    return found


def _late(row: Outbox, reporting: set[str], since: datetime) -> bool:
    waits = row.state == DeliveryState.SENT and row.channel in reporting and row.external_id is not None
    return waits and row.sent_at is not None and row.sent_at <= since


def _reached(deliveries: Sequence[Outbox], reporting: set[str] | None) -> bool:
    """Whether every part of a text arrived at one address, as far as anybody can know: where nobody reports (with None
    everybody does), what was taken arrived."""
    parts: defaultdict[int, set[int]] = defaultdict(set)
    arrived: defaultdict[int, set[int]] = defaultdict(set)
    for row in deliveries:
        parts[row.address_id].add(row.part)
        mute = reporting is not None and (row.channel not in reporting or row.external_id is None)
        if row.state in REACHED or (mute and row.state == DeliveryState.SENT):
            arrived[row.address_id].add(row.part)
    return any(arrived[address_id] == wanted for address_id, wanted in parts.items())


def mark_shown(session: Session, now: datetime, address_id: int) -> int:
    """Calling this will mark as delivered what our own page has just shown to the person at ``address_id``; returns how
    many.
    """
    query = select(Outbox).where(col(Outbox.address_id) == address_id, col(Outbox.state) == DeliveryState.SENT)
    rows = session.scalars(query).all()
    for row in rows:
        row.state = DeliveryState.DELIVERED
        row.delivered_at = now
        session.add(row)
    return len(rows)
