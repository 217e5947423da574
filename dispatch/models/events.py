"""What arrived, as it arrived: the row that is the promise, written before anything is acknowledged."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from dispatch.models.types import UtcDateTime, plain_json


class EventState(StrEnum):
    """Where an arrived event stands: new → working → done, or quarantined where a person sees it."""

    NEW = "new"
    WORKING = "working"
    DONE = "done"
    QUARANTINED = "quarantined"
    DISCARDED = "discarded"


class InboundEvent(SQLModel, table=True):
    """Calling this will make a row for one arrived thing, unique for ever by (channel, account, external_id).

    ``payload`` is the event in our words, ``raw`` the provider's bytes beside it (erased after ``purge_after``).
    ``sender`` groups what must stay in order: events of one sender are worked on one after the other.
    """

    __tablename__ = "inbound_event"
    __table_args__ = (
        UniqueConstraint("channel", "account", "external_id", name="uq_inbound_event"),
        Index("ix_inbound_event_pending", "state", "next_at"),
        Index("ix_inbound_event_sender", "sender", "state"),
    )

    id: int | None = Field(default=None, primary_key=True)
    channel: str
    account: str
    external_id: str
    kind: str
    state: str = EventState.NEW
    sender: str = ""
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=plain_json())
    raw: bytes = b""
    content_type: str = ""
    received_at: datetime = Field(sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    attempts: int = 0
    next_at: datetime = Field(sa_type=UtcDateTime)
    lease: str = ""
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    purge_after: datetime = Field(sa_type=UtcDateTime, index=True)
    error: str = ""


class Cursor(SQLModel, table=True):
    """Calling this will make a row that remembers how far a mailbox or a poller has read."""

    __tablename__ = "cursor"

    name: str = Field(primary_key=True)
    value: str = ""
    updated_at: datetime = Field(sa_type=UtcDateTime)


class Heartbeat(SQLModel, table=True):
    """Calling this will make a row by which a long-running process shows that it lives."""

    __tablename__ = "heartbeat"

    name: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    detail: str = ""
