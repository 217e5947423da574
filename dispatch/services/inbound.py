"""Record what arrives before anything is acknowledged, and hand it out for work, each sender's events in order."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from channels.message import Address, Event, InboundMessage, Notice, OptOut, Unreadable, dump, kind_of
from channels.text import clean
from dispatch.db import insert_new
from dispatch.jobqueue import INBOUND
from dispatch.models import AttachmentState, EventState, InboundEvent, StoredAttachment
from dispatch.runtime import ring_after_commit

#: How long the provider's raw bytes are kept beside our words (safety: purge after 30 days).
RAW_KEPT = timedelta(days=30)
LEASE = timedelta(seconds=120)
ATTEMPTS = 5
FIRST_RETRY = timedelta(seconds=5)
#: How long the rest of an album may take to arrive before what is there is worked on: Telegram hands its items over one
#: by one, within a second.
ALBUM_WAIT = timedelta(seconds=2)
OPEN_STATES = (EventState.NEW, EventState.WORKING)


@dataclass(frozen=True, slots=True)
class Recorded:
    """Calling this will say what a request brought: ids of new rows, and how many items were repeats."""

    new: tuple[int, ...]
    repeats: int


def record_inbound(
    session: Session, now: datetime, events: Sequence[Event], *, raw: bytes, content_type: str = ""
) -> Recorded:
    """Calling this will store each event once, by (channel, account, external_id), and ring the worker after commit.

    A repeat changes nothing. An item that no rule could read is stored straight into quarantine with its reason. A
    provider's batch of thousands takes a few statements: it waits for our answer only so long.
    """
    new = []
    rows = [_row(event, now, raw, content_type) for event in events]
    stored = _insert(session, rows)
    for event, row in zip(events, rows, strict=True):
        row_id = stored.pop(_key(row), None)
        if row_id is None and row["sender"] and _of_another(session, row):
            # Two people's mails can carry one Message-ID; a repeat comes from the same sender.
            digest = hashlib.sha256(str(row["sender"]).encode()).hexdigest()[:12]
            own = {**row, "external_id": f"{row['external_id']}#{digest}"}
            row_id = _insert(session, [own]).get(_key(own))
        if row_id is not None:
            new.append(row_id)
            if not isinstance(event, Unreadable):
                ring_after_commit(session, INBOUND, row_id)
    return Recorded(tuple(new), len(events) - len(new))


def _row(event: Event, now: datetime, raw: bytes, content_type: str) -> dict[str, object]:
    album = _album(event)
    values: dict[str, object] = {
        "channel": event.channel,
        "account": event.account,
        "external_id": event.external_id,
        "kind": kind_of(event),
        "state": EventState.QUARANTINED if isinstance(event, Unreadable) else EventState.NEW,
        "error": event.reason if isinstance(event, Unreadable) else "",
        "sender": _sender(event),
        "payload": dump(event),
        "raw": event.raw if event.raw is not None else raw,
        "content_type": content_type,
        "received_at": now,
        "sent_at": event.sent_at if isinstance(event, InboundMessage) else None,
        "attempts": 0,
        "next_at": now + ALBUM_WAIT if album else now,
        "album": album,
        "lease": "",
        "purge_after": now + RAW_KEPT,
    }
    return {name: _storable(value) for name, value in values.items()}


def _key(row: Mapping[str, object]) -> tuple[object, ...]:
    return row["channel"], row["account"], row["external_id"]


def _insert(session: Session, rows: Sequence[Mapping[str, object]]) -> dict[tuple[object, ...], int]:
    """Store what is not there yet, in order, the first of each key; the ids of what was stored, by key."""
    if not rows:
        return {}
    key = col(InboundEvent.channel), col(InboundEvent.account), col(InboundEvent.external_id)
    statement = insert_new(session, InboundEvent, {}).returning(col(InboundEvent.id), *key)
    # Without render_nulls the rows would be sorted by which of their values are empty.
    found = session.execute(statement, rows, execution_options={"render_nulls": True})
    return {tuple(names): int(row_id) for row_id, *names in found}


def _of_another(session: Session, values: Mapping[str, object]) -> bool:
    """Whether the stored event of this id came from somebody else."""
    same = [col(getattr(InboundEvent, name)) == values[name] for name in ("channel", "account", "external_id")]
    return session.scalar(select(col(InboundEvent.sender)).where(*same)) not in (None, "", values["sender"])


def quarantine(
    session: Session, now: datetime, *, channel: str, account: str, raw: bytes, content_type: str, reason: str
) -> Recorded:
    """Calling this will keep a genuine request that could not be read, once, where staff see it."""
    event = Unreadable(
        channel=channel, account=account, external_id=f"sha256:{hashlib.sha256(raw).hexdigest()}", reason=reason
    )
    return record_inbound(session, now, [event], raw=raw, content_type=content_type)


def claim_events(session: Session, now: datetime, limit: int = 50) -> list[InboundEvent]:
    """Calling this will claim due events, for each sender only the earliest that is not yet done.

    So messages of one conversation are worked on in order, whatever number of workers there are. An event whose worker
    died is claimed alone, and quarantined when that happened five times: it may be what kills workers, and the others
    of its batch must not share its fate.
    """
    earlier = aliased(InboundEvent)
    blocked = (
        select(col(earlier.id))
        .where(col(InboundEvent.sender) != "", col(earlier.sender) == InboundEvent.sender)
        .where(col(earlier.id) < InboundEvent.id, col(earlier.state).in_(OPEN_STATES))
        .exists()
    )
    order = col(InboundEvent.attempts), col(InboundEvent.id)
    rows = session.scalars(select(InboundEvent).where(_due(now), ~blocked).order_by(*order).limit(limit)).all()
    claimed: list[InboundEvent] = []
    for row in rows:
        alone = row.state == EventState.WORKING
        if alone and row.attempts >= ATTEMPTS:
            set_aside(session, row, "its worker died each time")
            continue
        if alone and claimed:
            break
        lease = secrets.token_hex(8)
        taken = session.execute(
            update(InboundEvent)
            .where(
                col(InboundEvent.id) == row.id,
                col(InboundEvent.state) == row.state,
                col(InboundEvent.lease) == row.lease,
            )
            .values(state=EventState.WORKING, lease=lease, lease_until=now + LEASE, attempts=InboundEvent.attempts + 1)
            .execution_options(synchronize_session=False)
        )
        if taken.rowcount == 1:  # type: ignore[attr-defined]
            session.refresh(row)
            claimed.append(row)
            if alone:
                break
    return claimed


def hold(session: Session, event: InboundEvent) -> bool:
    """Calling this will lock a claimed event until the transaction ends; False when the claim is no longer ours."""
    query = select(col(InboundEvent.lease), col(InboundEvent.state)).where(col(InboundEvent.id) == event.id)
    lease, state = session.execute(query.with_for_update()).one()
    return bool(lease == event.lease and state == EventState.WORKING)


def finish(session: Session, now: datetime, event: InboundEvent) -> None:
    """Calling this will mark an event as done, in the transaction that did its work."""
    _write(session, event, state=EventState.DONE, done_at=now, lease_until=None, error="")


def release(session: Session, event: InboundEvent, next_at: datetime) -> None:
    """Calling this will give an event back untouched until ``next_at``, without counting a failure."""
    _write(
        session, event, state=EventState.NEW, next_at=next_at, lease="", lease_until=None, attempts=event.attempts - 1
    )


def set_aside(session: Session, event: InboundEvent, reason: str) -> None:
    """Calling this will put a claimed event into quarantine at once: another try could not help."""
    _write(session, event, state=EventState.QUARANTINED, lease_until=None, error=reason)


def fail(session: Session, now: datetime, event: InboundEvent, error: str) -> EventState:
    """Calling this will plan another try, or quarantine the event after the fifth; its neighbours are not held up for
    long.
    """
    if event.attempts >= ATTEMPTS:
        _write(session, event, state=EventState.QUARANTINED, lease_until=None, error=error)
        return EventState.QUARANTINED
    wait = FIRST_RETRY * 3 ** (event.attempts - 1)
    _write(session, event, state=EventState.NEW, next_at=now + wait, lease="", lease_until=None, error=error)
    return EventState.NEW


def retry_quarantined(session: Session, now: datetime, event_id: int) -> bool:
    """Calling this will send a quarantined event through the work again; False when it is not in quarantine or never
    readable.
    """
    done = session.execute(
        update(InboundEvent)
        .where(
            col(InboundEvent.id) == event_id,
            col(InboundEvent.state) == EventState.QUARANTINED,
            col(InboundEvent.kind) != "unreadable",
        )
        .values(state=EventState.NEW, attempts=0, next_at=now, lease="", error="")
    )
    if done.rowcount == 1:  # type: ignore[attr-defined]
        ring_after_commit(session, INBOUND, event_id)
        return True
    return False


def discard_quarantined(session: Session, now: datetime, event_id: int) -> bool:
    """Calling this will take an event off the quarantine list; row and bytes stay until their retention ends."""
    done = session.execute(
        update(InboundEvent)
        .where(col(InboundEvent.id) == event_id, col(InboundEvent.state) == EventState.QUARANTINED)
        .values(state=EventState.DISCARDED, done_at=now)
    )
    return done.rowcount == 1  # type: ignore[attr-defined,no-any-return]


def waiting(session: Session, now: datetime) -> list[int]:
    """Calling this will list events a lost bell left behind: due, and not being worked on."""
    return [
        row
        for row in session.scalars(
            select(col(InboundEvent.id)).where(_due(now)).order_by(col(InboundEvent.id)).limit(100)
        )
        if row
    ]


def purge_raw(session: Session, now: datetime) -> int:
    """Calling this will erase raw bytes whose retention has ended; our own words stay. Returns how many rows.

    A mail or form whose file still waits to be read out of those bytes (a full disk, an absent scanner) keeps them.
    """
    waits = (
        select(col(StoredAttachment.id))
        .where(col(StoredAttachment.event_id) == col(InboundEvent.id))
        .where(col(StoredAttachment.state) == AttachmentState.PENDING)
        .exists()
    )
    done = session.execute(
        update(InboundEvent)
        .where(col(InboundEvent.purge_after) < now, func.length(InboundEvent.raw) > 0)
        .where(col(InboundEvent.state).in_((EventState.DONE, EventState.DISCARDED)), ~waits)
        .values(raw=b"")
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def _due(now: datetime) -> ColumnElement[bool]:
    """New and its time has come, or left by a worker that died."""
    return or_(
        (col(InboundEvent.state) == EventState.NEW) & (col(InboundEvent.next_at) <= now),
        (col(InboundEvent.state) == EventState.WORKING) & (col(InboundEvent.lease_until) < now),
    )


def _write(session: Session, event: InboundEvent, **values: object) -> None:
    session.execute(
        update(InboundEvent)
        .where(col(InboundEvent.id) == event.id, col(InboundEvent.lease) == event.lease)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def sender_key(channel: str, account: str, sender: Address) -> str:
    """Calling this will give the key under which one person's events on one channel account stay in order."""
    return f"{channel}|{account}|{sender}"


def _sender(event: Event) -> str:
    if isinstance(event, InboundMessage | OptOut | Notice):
        return sender_key(event.channel, event.account, event.sender)
    return ""


def _album(event: Event) -> str:
    """What the event is gathered with; an edit of an album's item stands for itself."""
    return event.album if isinstance(event, InboundMessage) and not event.revises else ""


def _storable(value: object) -> object:
    """NUL is refused by PostgreSQL and a lone surrogate by UTF-8: both become the replacement character."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {key: _storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_storable(item) for item in value]
    return value
