"""Who alone may do something now: a row with an end, taken by one process and taken over when it lets go or dies."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, update
from sqlmodel import Session, col

from dispatch.db import insert_new
from dispatch.models import Lease


def take(session: Session, now: datetime, name: str, holder: str, span: timedelta) -> bool:
    """Calling this will take or renew the lease ``name`` for ``span``; False while another holder has it."""
    made = session.execute(
        insert_new(session, Lease, {"name": name, "holder": holder, "until": now + span}).returning(col(Lease.name))
    ).scalar()
    if made is not None:
        return True
    renewed = session.execute(
        update(Lease)
        .where(col(Lease.name) == name, or_(col(Lease.holder) == holder, col(Lease.until) < now))
        .values(holder=holder, until=now + span)
    )
    return renewed.rowcount == 1  # type: ignore[attr-defined,no-any-return]


def leave(session: Session, name: str, holder: str) -> None:
    """Calling this will give a lease back, so that another holder need not wait for its end."""
    session.execute(delete(Lease).where(col(Lease.name) == name, col(Lease.holder) == holder))
