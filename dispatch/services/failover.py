"""When a message cannot reach a citizen one way it goes the next: the region's order of channels, each address once.

A text is one thing: when a part of it fails, the whole goes to the next address and the other parts do not follow the
failed one. What has nowhere left to go is failed, and its ticket says so to staff.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from channels.message import DeliveryState
from dispatch.db import insert_new, stored_id
from dispatch.models import AddressAlias, Author, CitizenAddress, Direction, Message, Outbox, Ticket
from dispatch.outbox import GIVE_UP_AFTER, lanes
from dispatch.runtime import Runtime
from dispatch.services import answers, breaker
from dispatch.services.window import locked

WAITING = (DeliveryState.QUEUED, DeliveryState.HELD)
#: The key of the note that staff read on a ticket whose message could not be delivered (``admin/words.py``).
NOTE = "undelivered"
#: What no report was heard of for longer than this beyond its time is history: an upgrade must not send it again.
OVERDUE_FOR = timedelta(days=1)
SMS = "sms"


def give_up(runtime: Runtime, session: Session, now: datetime, row: Outbox, error: str, code: str = "") -> bool:
    """Calling this will end a locked row that failed for good: replaced when its words go another way, else failed and
    noted on the ticket; True in the first case."""
    passed = pass_on(runtime, session, now, row)
    text = [] if row.template else parts(session, row)
    others = [each for each in text if each.state in WAITING and each.id != row.id]
    for each in (row, *others):
        each.state = DeliveryState.REPLACED if passed else DeliveryState.FAILED
        each.settled_at = now
        each.lease_until = None
        each.error = error if each is row else "another part of the text could not be delivered"
        session.add(each)
    row.error_code = code or row.error_code
    session.flush()
    if not passed:
        _tell_staff(session, now, row)
    return passed


def cancel(session: Session, now: datetime, row: Outbox, error: str) -> None:
    """Calling this will fail a locked row that must not go any other way: its person wants nothing from us there."""
    row.state = DeliveryState.FAILED
    row.settled_at = now
    row.lease_until = None
    row.error = error
    session.add(row)
    session.flush()


def pass_on(runtime: Runtime, session: Session, now: datetime, row: Outbox) -> bool:
    """Calling this will promise the whole message of a row to the citizen's next address, once; True when its words are
    on another way, False when there is none. Only what was said on a ticket moves, and no request to write."""
    if row.ticket_id is None or row.template:
        return False
    if _passed_on(session, row):
        return True
    address = next_address(runtime, session, now, row)
    if address is None:
        return False
    message = session.get_one(Message, row.message_id)
    ticket = session.get_one(Ticket, row.ticket_id)
    answers.promise(
        session, runtime.phrases, now, message, address, ticket, origin="failover", replaces_id=stored_id(row.id)
    )
    return True


def next_address(runtime: Runtime, session: Session, now: datetime, row: Outbox) -> CitizenAddress | None:
    """Calling this will choose the citizen's next address for a message: by the region's order of channels, one that
    works, did not stop us, and has not had this message; of several the one they wrote from last."""
    citizen_id = session.get_one(CitizenAddress, row.address_id).citizen_id
    tried = set(session.scalars(select(col(Outbox.address_id)).where(col(Outbox.message_id) == row.message_id)))
    known = session.scalars(select(CitizenAddress).where(col(CitizenAddress.citizen_id) == citizen_id)).all()
    for kind in runtime.region.delivery.failover:
        if not any(channel.external for channel in runtime.registry.of_kind(kind)):
            continue
        mine = [each for each in known if each.channel == kind]
        if kind == SMS:
            mine += _derived(runtime, session, now, known)
        fit = [each for each in mine if each.stopped_at is None and each.bad_at is None and each.id not in tried]
        if fit:
            never = datetime.min.replace(tzinfo=now.tzinfo)
            return max(fit, key=lambda each: (not each.derived, each.last_inbound_at or never, -stored_id(each.id)))
    return None


def sweep(runtime: Runtime) -> int:
    """Calling this will let go another way what waited too long: held without a word of the citizen, sent without a
    word of the provider, or queued at a provider that is off or broken. Returns how many; running it twice, or in two
    processes, sends nothing twice."""
    now = runtime.now()
    with runtime.reading() as session:
        found = [
            *((row_id, True) for row_id in session.scalars(_ids(_held_too_long(now)))),
            *((row_id, False) for row_id in session.scalars(_ids(_stranded(runtime, session, now)))),
            *((row_id, False) for row_id in _unreported(runtime, session, now)),
        ]
    moved = 0
    for row_id, ends in found:
        with runtime.writing() as session:
            moved += _move(runtime, session, now, row_id, ends)
    return moved


def overdue(runtime: Runtime, now: datetime) -> list[ColumnElement[bool]]:
    """Calling this will give, for each channel that reports deliveries, the condition of rows sent so long ago that
    their report is missing. A row that a person settled by hand has no provider's id and waits for no report."""
    since = now - runtime.region.delivery.undelivered_after
    kinds = {channel.kind for channel in runtime.registry.channels.values() if channel.limits.reports}
    return [
        (col(Outbox.channel) == kind)
        & (col(Outbox.state) == DeliveryState.SENT)
        & (col(Outbox.sent_at) <= since)
        & col(Outbox.external_id).is_not(None)
        for kind in sorted(kinds)
    ]


def _move(runtime: Runtime, session: Session, now: datetime, row_id: int, ends: bool) -> bool:
    """One row of a sweep, looked at again under its lock: somebody may have been quicker."""
    _, row = locked(session, row_id)
    if ends:
        if row.state != DeliveryState.HELD or row.next_at > now:
            return False
        return give_up(runtime, session, now, row, "the citizen did not write, so the reply window stayed closed")
    if row.state not in (DeliveryState.SENT, DeliveryState.QUEUED) or _passed_on(session, row):
        return False
    if not pass_on(runtime, session, now, row):
        return False
    for each in (each for each in parts(session, row) if each.state in WAITING):
        each.state = DeliveryState.REPLACED
        each.settled_at = now
        each.error = "waited too long at a provider that is off or fails"
        session.add(each)
    return True


def _ids(where: ColumnElement[bool]) -> Select[Any]:
    return select(col(Outbox.id)).where(where).order_by(col(Outbox.id)).limit(200)


def _held_too_long(now: datetime) -> ColumnElement[bool]:
    return (col(Outbox.state) == DeliveryState.HELD) & (col(Outbox.next_at) <= now)


def _stranded(runtime: Runtime, session: Session, now: datetime) -> ColumnElement[bool]:
    """Queued for a day at a provider that is broken, or on a channel that is off."""
    found = lanes(runtime.registry)
    down = breaker.broken(session)
    served = [lane.where() for name, lane in found.items() if name not in down]
    unserved = ~or_(*served) if served else col(Outbox.id).is_not(None)
    return (
        (col(Outbox.state) == DeliveryState.QUEUED)
        & (col(Outbox.created_at) <= now - GIVE_UP_AFTER)
        & (col(Outbox.next_at) <= now)
        & col(Outbox.ticket_id).is_not(None)
        & (col(Outbox.template) == "")
        & unserved
    )


def _unreported(runtime: Runtime, session: Session, now: datetime) -> Iterator[int]:
    """Officers' answers whose report is missing and that have not gone another way yet."""
    later = aliased(Outbox)
    moved = select(col(later.id)).where(
        col(later.message_id) == Outbox.message_id, col(later.origin) == "failover", col(later.id) > Outbox.id
    )
    since = now - runtime.region.delivery.undelivered_after - OVERDUE_FOR
    for condition in overdue(runtime, now):
        yield from session.scalars(
            _ids(
                condition
                & (col(Outbox.sent_at) > since)
                & col(Outbox.automatic).is_(False)
                & col(Outbox.ticket_id).is_not(None)
                & (col(Outbox.template) == "")
                & ~moved.exists()
            )
        )


def parts(session: Session, row: Outbox) -> Sequence[Outbox]:
    """Calling this will read and lock all rows of a row's message to its address, requests to write left out."""
    query = select(Outbox).where(
        col(Outbox.message_id) == row.message_id, col(Outbox.address_id) == row.address_id, col(Outbox.template) == ""
    )
    return session.scalars(query.order_by(col(Outbox.id)).with_for_update()).all()


def _passed_on(session: Session, row: Outbox) -> bool:
    ids = [each.id for each in parts(session, row)]
    query = select(func.count()).where(col(Outbox.origin) == "failover", col(Outbox.replaces_id).in_(ids))
    return bool(session.scalar(query))


def _derived(
    runtime: Runtime, session: Session, now: datetime, known: Sequence[CitizenAddress]
) -> list[CitizenAddress]:
    """The telephone numbers a citizen is known by elsewhere, as ways by SMS; none that is another citizen's."""
    account = runtime.registry.of_kind(SMS)[0].account
    have = {each.value for each in known if each.channel == SMS}
    made = []
    for phone in sorted({each.phone for each in known if each.phone} - have):
        citizen_id = known[0].citizen_id
        if _somebody_elses(session, phone, citizen_id):
            continue
        key = {"channel": SMS, "account": account, "scheme": "tel", "value": phone}
        values = {**key, "citizen_id": citizen_id, "created_at": now, "phone": phone, "derived": True, "bad_reason": ""}
        session.execute(insert_new(session, CitizenAddress, values))
        found = session.scalars(select(CitizenAddress).filter_by(**key)).one()
        if found.derived:  # claimed by somebody who never proved it, if it is not this citizen's already
            found.citizen_id = citizen_id
            session.add(found)
            made.append(found)
    return made


def _somebody_elses(session: Session, phone: str, citizen_id: int) -> bool:
    owner = select(col(CitizenAddress.id)).where(
        or_(
            col(CitizenAddress.phone) == phone,
            (col(CitizenAddress.scheme) == "tel") & (col(CitizenAddress.value) == phone),
        ),
        col(CitizenAddress.citizen_id) != citizen_id,
        col(CitizenAddress.derived).is_(False),
    )
    alias = (
        select(col(AddressAlias.id))
        .join(CitizenAddress, col(CitizenAddress.id) == col(AddressAlias.address_id))
        .where(col(AddressAlias.value) == phone, col(CitizenAddress.citizen_id) != citizen_id)
    )
    return any(session.scalars(query.limit(1)).first() is not None for query in (owner, alias))


def _tell_staff(session: Session, now: datetime, row: Outbox) -> None:
    """One note for a message, however many of its parts and ways failed."""
    if row.ticket_id is None or row.template:
        return
    others = select(func.count()).where(
        col(Outbox.message_id) == row.message_id,
        col(Outbox.state) == DeliveryState.FAILED,
        col(Outbox.settled_at) < now,
    )
    if session.scalar(others):
        return
    ticket = session.get_one(Ticket, row.ticket_id)
    ticket.version += 1
    session.add(ticket)
    session.add(
        Message(ticket_id=row.ticket_id, direction=Direction.NOTE, author=Author.SYSTEM, notes=[NOTE], created_at=now)
    )
