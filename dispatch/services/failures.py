"""What a failed message means, one table for both ways it becomes known: the provider refuses it at once, or reports
later what became of it. The class of the error decides; an unknown code of a report is a refusal for good."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Session, col

from channels.base import Channel
from channels.errors import (
    BadAddress,
    Misconfigured,
    Permanent,
    RecipientStopped,
    SendError,
    Temporary,
    Throttled,
    WindowClosed,
)
from channels.message import DeliveryState
from dispatch import outbox
from dispatch.db import stored_id
from dispatch.models import CitizenAddress, Outbox
from dispatch.outbox import Claim
from dispatch.runtime import Runtime, ring_sender_after_commit
from dispatch.services import breaker, failover, people, window

log = logging.getLogger("aduan.send")

#: A message whose report says "not now" is sent again so often, after these waits.
SENT_AGAIN = (timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=50))
REPORTED = "reported by the provider"


@dataclass(frozen=True, slots=True)
class Failure:
    """Calling this will hold one failed message, its row and address locked: what its provider said, and the claim it
    was sent under (None: it was reported later). ``asked``: the provider itself said so, not a look of our own."""

    runtime: Runtime
    session: Session
    now: datetime
    channel: Channel
    row: Outbox
    address: CitizenAddress
    error: SendError
    claim: Claim | None
    asked: bool = True

    @property
    def text(self) -> str:
        """Calling this will give what is written beside the row: no personal data."""
        return str(self.error) or type(self.error).__name__


def refused(
    runtime: Runtime, session: Session, channel: Channel, claim: Claim, error: SendError, *, asked: bool = True
) -> DeliveryState | None:
    """Calling this will do what a refused send means; None when the row is no longer ours to settle.

    ``asked``: the provider itself said so; without it the refusal is our own and tells nothing of the provider.
    """
    now = runtime.now()
    address, row = window.locked(session, claim.row_id)
    if row.lease != claim.lease or row.state not in (DeliveryState.SENDING, DeliveryState.UNCERTAIN):
        return None
    _act(Failure(runtime, session, now, channel, row, address, error, claim, asked))
    if asked and isinstance(error, WindowClosed | Permanent):
        breaker.worked(session, now, channel.name)
    session.flush()
    session.refresh(row)
    return DeliveryState(row.state)


def reported(runtime: Runtime, session: Session, channel: Channel, row_id: int, code: str) -> None:
    """Calling this will do what a report of failure means, by the channel's own table of codes."""
    meaning = channel.errors.get(code)
    kind = meaning.error if meaning else Permanent
    text = f"{REPORTED}: {meaning.text}" if meaning else REPORTED
    error = kind(text, code=code)
    if meaning and isinstance(error, Temporary):
        error.retry_after = meaning.wait
    now = runtime.now()
    address, row = window.locked(session, row_id)
    _act(Failure(runtime, session, now, channel, row, address, error, None))
    session.flush()


def _act(failure: Failure) -> None:
    row = failure.row
    row.error_code = failure.error.code
    row.error = failure.text
    failure.session.add(row)
    failure.session.flush()
    next(act for kind, act in _ACTS if isinstance(failure.error, kind))(failure)
    if row.template and row.state in (DeliveryState.FAILED, DeliveryState.REPLACED):
        _held_in_vain(failure)


def _closed(failure: Failure) -> None:
    """Free text came too late: it is held, unless the person wrote while it was under way."""
    row, session, now = failure.row, failure.session, failure.now
    if row.template:
        _final(failure)
        return
    if failure.asked:
        back = window.wrote_since(session, failure.address, window.claimed_at(row))
    else:  # their words may have come between our look and the lock
        back = window.is_open(failure.address, failure.channel.limits.reply_window, now)
    if failure.claim is None:
        row = outbox.again(session, now, row, origin="retry")
    if back:
        row.state = DeliveryState.QUEUED
        row.next_at = now
        row.lease_until = None
        session.add(row)
        ring_sender_after_commit(session, row.channel, row.account, stored_id(row.id))
        return
    faults = window.hold(failure.runtime, session, now, row, failure.address, failure.channel)
    if faults:
        failover.give_up(failure.runtime, session, now, row, "; ".join(faults), failure.error.code)


def _later(failure: Failure) -> None:
    """Not taken this time. What a report says of a message sent long ago makes a new row, a refusal none."""
    row, session, now, error = failure.row, failure.session, failure.now, failure.error
    wait = error.retry_after if isinstance(error, Temporary) else None
    stopped_at = failure.address.stopped_at
    if stopped_at is not None and row.created_at < stopped_at:
        failover.cancel(session, now, row, people.STOPPED)
        return
    if failure.claim is None:
        tries = _tries(session, row)
        if tries >= len(SENT_AGAIN):
            _final(failure)
            return
        due = now + (outbox.within_a_day(wait) if wait is not None else SENT_AGAIN[tries])
        outbox.again(session, now, row, origin="retry", next_at=due)
        return
    since = max(row.created_at, failure.address.last_inbound_at or row.created_at)
    if wait is None:
        breaker.failed(session, now, failure.channel.name, failure.text, error.code)
    if now - since > outbox.GIVE_UP_AFTER and row.attempts > 1:
        _final(failure)
        return
    claim = replace(failure.claim, created_at=now)
    outbox.settle_later(session, now, claim, failure.text, error.code, wait)
    session.refresh(row)


def _throttled(failure: Failure) -> None:
    wait = failure.error.retry_after if isinstance(failure.error, Temporary) else None
    breaker.rest(failure.session, failure.now, failure.channel.name, wait, failure.text, failure.error.code)
    _untouched(failure)


def _misconfigured(failure: Failure) -> None:
    """Nothing passes until an operator acts; a text of its own that is wrong (a template) need not stop the channel."""
    if failure.row.template:
        log.error("template refused", extra={"channel": failure.channel.name, "code": failure.error.code})
        _final(failure)
        return
    text, code = failure.text, failure.error.code
    breaker.failed(failure.session, failure.now, failure.channel.name, text, code, at_once=True)
    _untouched(failure)


def _untouched(failure: Failure) -> None:
    """The provider did not look at the message: its row waits as it was, or a reported one is sent again."""
    if failure.claim is None:
        _later(failure)
        return
    outbox.settle_untried(failure.session, failure.claim)
    failure.session.refresh(failure.row)


def _stopped(failure: Failure) -> None:
    failover.cancel(failure.session, failure.now, failure.row, failure.text)
    people.set_stopped(failure.session, failure.now, failure.address, True)


def _bad(failure: Failure) -> None:
    address = failure.address
    if address.bad_at is None:
        address.bad_at = failure.now
        address.bad_reason = f"{failure.text} ({failure.error.code})" if failure.error.code else failure.text
        failure.session.add(address)
    _final(failure)


def _final(failure: Failure) -> None:
    failover.give_up(failure.runtime, failure.session, failure.now, failure.row, failure.text, failure.error.code)


def _unclear(failure: Failure) -> None:
    """It may have been sent: a person or another report decides."""
    row = failure.row
    row.state = DeliveryState.UNCERTAIN
    row.settled_at = failure.now
    row.lease_until = None
    failure.session.add(row)


#: The first class that fits decides.
_ACTS: tuple[tuple[type[SendError], Callable[[Failure], None]], ...] = (
    (WindowClosed, _closed),
    (RecipientStopped, _stopped),
    (BadAddress, _bad),
    (Permanent, _final),
    (Throttled, _throttled),
    (Temporary, _later),
    (Misconfigured, _misconfigured),
    (SendError, _unclear),
)


def _tries(session: Session, row: Outbox) -> int:
    """How often a part was sent again to this address already."""
    query = select(func.count()).where(
        col(Outbox.message_id) == row.message_id,
        col(Outbox.address_id) == row.address_id,
        col(Outbox.part) == row.part,
        col(Outbox.origin) == "retry",
    )
    return int(session.scalar(query) or 0)


def _held_in_vain(failure: Failure) -> None:
    """The person cannot be asked to write: what waits for their answer goes another way at once."""
    held = select(Outbox).where(col(Outbox.address_id) == failure.address.id, col(Outbox.state) == DeliveryState.HELD)
    for row in failure.session.scalars(held.order_by(col(Outbox.id)).with_for_update()).all():
        if row.state == DeliveryState.HELD:  # not ended with another part of its text just now
            text = "the citizen could not be asked to write, so the reply window stayed closed"
            failover.give_up(failure.runtime, failure.session, failure.now, row, text)
