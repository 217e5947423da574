"""Requests refused at a door: forged by somebody, or signed with a secret that is not ours any more. A row tells the
operator, because a channel whose every message is refused looks like a quiet one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Session, col

from channels.base import Channel
from dispatch.models import Heartbeat, InboundEvent

PREFIX = "refused "
#: How long a refusal is news.
NEWS = timedelta(days=1)
REASON_LENGTH = 120


@dataclass(frozen=True, slots=True)
class Refused:
    """Calling this will hold the last refusal at a provider's door, and when its account last got anything through."""

    provider: str
    at: datetime
    reason: str
    heard_at: datetime | None

    @property
    def deaf(self) -> bool:
        """Calling this will say whether nothing came through since: then it is more than somebody knocking."""
        return self.heard_at is None or self.heard_at < self.at


def note(session: Session, now: datetime, provider: str, reason: str) -> None:
    """Calling this will write down that a request was refused; the last one of each provider is kept."""
    session.merge(Heartbeat(name=PREFIX + provider, at=now, detail=reason[:REASON_LENGTH]))


def lately(session: Session, now: datetime, channels: Iterable[Channel]) -> Iterator[Refused]:
    """Calling this will list those of the providers that refused a request within the last day."""
    for channel in channels:
        row = session.get(Heartbeat, PREFIX + channel.name)
        if row is not None and now - row.at <= NEWS:
            heard = select(func.max(col(InboundEvent.received_at))).where(
                col(InboundEvent.channel) == channel.kind, col(InboundEvent.account) == channel.account
            )
            yield Refused(channel.name, row.at, row.detail, session.scalar(heard))
