"""What became of what we sent: provider reports applied monotonically, and people who asked us to stop."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlmodel import Session, col

from channels.message import DeliveryReport, DeliveryState, monotonic
from dispatch.models import CitizenAddress, Outbox


def record_delivery(session: Session, now: datetime, report: DeliveryReport) -> bool:
    """Calling this will apply one report to its outbox row; False when no row has that id (yet).

    A report may come before our own note of the provider's id was committed: the caller tries again for some minutes.
    """
    query = select(Outbox).where(col(Outbox.channel) == report.channel, col(Outbox.account) == report.account)
    row = None
    for column, value in ((Outbox.external_id, report.message_id), (Outbox.key, report.key)):
        if row is None and value:
            row = session.scalars(query.where(col(column) == value).with_for_update()).one_or_none()
    if row is None:
        return False
    kept = monotonic(DeliveryState(row.state), report.state)
    if kept != row.state:
        row.state = kept
        row.settled_at = row.settled_at or now
        if row.external_id is None and report.message_id:
            row.external_id = report.message_id
        if kept in (DeliveryState.DELIVERED, DeliveryState.READ):
            row.delivered_at = row.delivered_at or report.occurred_at or now
        if kept is DeliveryState.FAILED:
            row.error_code = report.error_code
            row.error = row.error or "reported by the provider"
        session.add(row)
    return True


def stop_recipient(session: Session, now: datetime, outbox_id: int) -> None:
    """Calling this will mark the address of an outbox row as stopped: its person blocked us or opted out.

    What still waits to be sent there fails with it: nothing more is sent until they write again.
    """
    row = session.get(Outbox, outbox_id)
    address = session.get(CitizenAddress, row.address_id) if row else None
    if address is None:
        return
    if address.stopped_at is None:
        address.stopped_at = now
        session.add(address)
    session.execute(
        update(Outbox)
        .where(col(Outbox.address_id) == address.id, col(Outbox.state) == DeliveryState.QUEUED)
        .values(state=DeliveryState.FAILED, settled_at=now, error="the person stopped us before it was sent")
        .execution_options(synchronize_session=False)
    )


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
