"""The reply window of channels that have one (WhatsApp's 24 hours): what comes too late is held, the person is asked
once by an approved text to write, and their next words let everything go in order.

The window counts from the provider's own time of the person's last message on the address, whatever ticket it was
about. Without a margin: a clock that is wrong makes us hold a message too early, or the provider refuse it, and both
end here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Session, col

from channels.base import Channel
from channels.message import DeliveryState
from dispatch import outbox
from dispatch.db import stored_id
from dispatch.models import CitizenAddress, Direction, Message, Outbox, Ticket
from dispatch.outbox import LEASE
from dispatch.runtime import Runtime, ring_sender_after_commit
from dispatch.services import templates

_HOLE = re.compile(r"\{\{\s*([A-Za-z0-9_]{1,64})\s*\}\}")
#: A request in one of these states was made, and may be answered yet.
_ASKED = (
    DeliveryState.QUEUED,
    DeliveryState.SENDING,
    DeliveryState.UNCERTAIN,
    DeliveryState.SENT,
    DeliveryState.DELIVERED,
    DeliveryState.READ,
)


def is_open(address: CitizenAddress, window: timedelta | None, now: datetime) -> bool:
    """Calling this will say whether free text may go to an address now: until the window has passed, not at its end."""
    if window is None:
        return True
    return address.last_inbound_at is not None and now < address.last_inbound_at + window


def locked(session: Session, row_id: int) -> tuple[CitizenAddress, Outbox]:
    """Calling this will read an outbox row and its address as they are now, and lock them, the address first: what a
    citizen says meanwhile waits, or has been seen."""
    address_id = session.get_one(Outbox, row_id).address_id
    address = session.get_one(CitizenAddress, address_id, with_for_update=True, populate_existing=True)
    return address, session.get_one(Outbox, row_id, with_for_update=True, populate_existing=True)


def hold(
    runtime: Runtime, session: Session, now: datetime, row: Outbox, address: CitizenAddress, channel: Channel
) -> list[str]:
    """Calling this will hold a locked row until its person writes, and ask them to; or list why they cannot be asked,
    the row unchanged.

    They are asked once for everything that is held since their last message. A row that waits for too long
    (``next_at``) goes another way.
    """
    if not _asked(session, address):
        faults = _ask(runtime, session, now, row, channel)
        if faults:
            return faults
    row.state = DeliveryState.HELD
    row.next_at = now + runtime.region.delivery.undelivered_after
    row.lease_until = None
    row.settled_at = None
    row.error = ""
    session.add(row)
    return []


def wrote_since(session: Session, address: CitizenAddress, instant: datetime | None) -> bool:
    """Calling this will say whether words of the person reached us from an address at or after ``instant``."""
    last = select(func.max(col(Message.created_at))).where(
        col(Message.address_id) == address.id, col(Message.direction) == Direction.IN
    )
    at = session.scalar(last)
    return at is not None and instant is not None and at >= instant


def claimed_at(row: Outbox) -> datetime | None:
    """Calling this will tell when a row was handed to its provider, as far as that is known."""
    return row.sent_at or (row.lease_until - LEASE if row.lease_until else None)


def has_held(session: Session, address: CitizenAddress) -> bool:
    """Calling this will say whether something is held for the person at an address."""
    query = select(col(Outbox.id)).where(col(Outbox.address_id) == address.id, col(Outbox.state) == DeliveryState.HELD)
    return session.scalars(query.limit(1)).first() is not None


def release(session: Session, now: datetime, address: CitizenAddress) -> int:
    """Calling this will let everything held for an address go, in order, because its person wrote; returns how many.

    The address must be locked. An address that was given up as bad is good again: somebody writes from it.
    """
    if address.bad_at is not None:
        address.bad_at = None
        address.bad_reason = ""
        session.add(address)
    query = select(Outbox).where(col(Outbox.address_id) == address.id, col(Outbox.state) == DeliveryState.HELD)
    rows = session.scalars(query.order_by(col(Outbox.id)).with_for_update()).all()
    for row in rows:
        row.state = DeliveryState.QUEUED
        row.next_at = now
        row.attempts = 0
        session.add(row)
        ring_sender_after_commit(session, row.channel, row.account, stored_id(row.id))
    return len(rows)


def _asked(session: Session, address: CitizenAddress) -> bool:
    query = select(col(Outbox.id)).where(
        col(Outbox.address_id) == address.id, col(Outbox.template) != "", col(Outbox.state).in_(_ASKED)
    )
    if address.last_inbound_at is not None:
        query = query.where(col(Outbox.created_at) > address.last_inbound_at)
    return session.scalars(query.limit(1)).first() is not None


def _ask(runtime: Runtime, session: Session, now: datetime, row: Outbox, channel: Channel) -> list[str]:
    key = channel.reopening
    if not key:
        return ["the reply window is closed, and no approved text is set that asks the citizen to write"]
    ticket = session.get(Ticket, row.ticket_id) if row.ticket_id else None
    if ticket is None:
        return ["the reply window is closed, and the message has no ticket that an approved text could name"]
    variables = (ticket.number, runtime.region.agencies[ticket.agency].name)
    faults = templates.faults(session, channel.name, key, variables)
    if faults:
        return ["the reply window is closed, and the text that asks the citizen to write cannot be sent", *faults]
    reads = _reads(session, channel.name, key, variables)
    invitation = outbox.invite(session, now, row, key, variables, reads)
    ring_sender_after_commit(session, row.channel, row.account, stored_id(invitation.id))
    return []


def _reads(session: Session, provider: str, key: str, variables: Sequence[str]) -> str:
    """What the person will read, for people who look at the ticket."""
    found = [each for each in templates.stored(session, provider, key) if not each.faults(variables)]
    values = dict(zip(found[0].holes, variables, strict=True))
    return "\n".join(_HOLE.sub(lambda hole: values[hole[1]], part) for part in found[0].parts)
