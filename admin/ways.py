"""The ways to reach a citizen: which addresses are known, which may be one person's, how long we may write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from channels.registry import channel_class
from dispatch.models import CitizenAddress, CitizenMerge, Ticket
from dispatch.services import identity


@dataclass(frozen=True, slots=True)
class Ways:
    """Calling this will hold what a ticket's page says of reaching its citizen."""

    addresses: Sequence[CitizenAddress]
    alike: Sequence[CitizenAddress]
    merges: Sequence[CitizenMerge]
    window_until: datetime | None


def read(session: Session, ticket: Ticket, address: CitizenAddress) -> Ways:
    """Calling this will read the addresses of a ticket's citizen, those that may be the same person's, and until when
    free text may be sent to ``address`` (None: always)."""
    query = select(CitizenAddress).where(col(CitizenAddress.citizen_id) == ticket.citizen_id)
    window = channel_class(address.channel).limits.reply_window
    last = address.last_inbound_at or address.created_at
    return Ways(
        addresses=session.scalars(query.order_by(col(CitizenAddress.id))).all(),
        alike=identity.alike(session, ticket.citizen_id),
        merges=identity.merges_of(session, ticket.citizen_id),
        window_until=last + window if window else None,
    )


def masked(address: CitizenAddress) -> str:
    """Calling this will show enough of an address to tell it from another, and no more: ``+62…0001``, ``w…@contoh.id``;
    nothing of an id that means nothing to a reader."""
    value = address.phone or address.value
    if value.startswith("+"):
        return f"{value[:3]}…{value[-4:]}"
    local, at, domain = value.partition("@")
    return f"{local[:1]}…@{domain}" if at else ""
