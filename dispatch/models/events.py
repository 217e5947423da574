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
    ``sender`` groups what must stay in order: events of one sender are worked on one after the other. ``album`` groups
    what came as one and is gathered before it is worked on.
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
    album: str = Field(default="", index=True)


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


class Lease(SQLModel, table=True):
    """Calling this will make a row by which one process alone does something, until ``until``: fetch from a provider
    that bears only one reader."""

    __tablename__ = "lease"

    name: str = Field(primary_key=True)
    holder: str
    until: datetime = Field(sa_type=UtcDateTime)


class ChannelState(SQLModel, table=True):
    """Calling this will make a row for how a provider fares: after failures or a used-up budget it rests until
    ``paused_until``, for a reason staff can read."""

    __tablename__ = "channel_state"

    provider: str = Field(primary_key=True)
    paused_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reason: str = ""
    failures: int = 0
    updated_at: datetime = Field(sa_type=UtcDateTime)


class StoredTemplate(SQLModel, table=True):
    """Calling this will make a row for one text approved at a provider, as last listed there (``synced_at``)."""

    __tablename__ = "template"
    __table_args__ = (UniqueConstraint("provider", "key", "language", name="uq_template"),)

    id: int | None = Field(default=None, primary_key=True)
    provider: str
    key: str
    name: str
    language: str
    status: str
    category: str = ""
    parts: list[str] = Field(default_factory=list, sa_type=plain_json())
    synced_at: datetime = Field(sa_type=UtcDateTime)


class Upload(SQLModel, table=True):
    """Calling this will make a row for a file that a browser sends piece by piece; its bytes lie under ``var`` by
    ``token`` until the report it belongs to is sent."""

    __tablename__ = "upload"

    id: int | None = Field(default=None, primary_key=True)
    token: str = Field(unique=True)
    chat: str = Field(index=True)
    filename: str = ""
    size: int
    received: int = 0
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
