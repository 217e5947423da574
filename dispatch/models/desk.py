"""What keeps a ticket from falling between two desks: editions of the rules, alerts, likenesses, joins, twins."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from dispatch.models.types import UtcDateTime, plain_json


class RegionEdition(SQLModel, table=True):
    """Calling this will make a row for one edition of the region pack that ruled tickets here.

    ``edition`` is the pack's own version and the first characters of ``digest``, the SHA-256 of the files that rule
    (agencies, categories, places, calendars, clocks, desk rules, ownership); ``content`` holds those files, zipped.
    """

    __tablename__ = "region_edition"

    id: int | None = Field(default=None, primary_key=True)
    region: str
    edition: str = Field(unique=True)
    digest: str
    content: bytes = Field(sa_type=LargeBinary)
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class Recount(SQLModel, table=True):
    """Calling this will make a row for one run that worked out all open tickets' deadlines again.

    ``reached`` is the id of the last ticket done, so that a run that was killed goes on from there.
    """

    __tablename__ = "recount"

    id: int | None = Field(default=None, primary_key=True)
    edition: str
    previous: str = ""
    reason: str = ""
    started_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reached: int = 0
    looked: int = 0
    changed: int = 0


class Alert(SQLModel, table=True):
    """Calling this will make a row for one thing a member of staff was told about a ticket, or a morning's digest.

    ``key`` is unique and says what it is about: nothing is told twice. ``message_id`` is the message that carries it
    where it goes by a channel, ``send_at`` when it is to go there (empty: not, or not any more); it stands in the
    application either way. ``detail`` holds no personal data.
    """

    __tablename__ = "alert"
    __table_args__ = (
        Index("ix_alert_staff", "staff_id", "seen_at", "id"),
        Index("ix_alert_ticket", "ticket_id"),
        Index("ix_alert_send", "send_at"),
        Index("ix_alert_message", "message_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    staff_id: int = Field(foreign_key="staff.id")
    ticket_id: int | None = Field(default=None, foreign_key="ticket.id")
    kind: str
    step: str = ""
    rung: int = 0
    created_at: datetime = Field(sa_type=UtcDateTime)
    message_id: int | None = Field(default=None, foreign_key="message.id")
    send_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=plain_json())


class StaffReach(SQLModel, table=True):
    """Calling this will make a row for one way a member of staff may be told of something outside the application.

    ``address_id`` is where it leads; it is used from ``confirmed_at`` on, when the code sent there came back
    (``digest`` is a hash of it, "" when none is awaited).
    """

    __tablename__ = "staff_reach"
    __table_args__ = (UniqueConstraint("staff_id", "channel", name="uq_staff_reach"),)

    id: int | None = Field(default=None, primary_key=True)
    staff_id: int = Field(foreign_key="staff.id")
    channel: str
    value: str
    address_id: int | None = Field(default=None, foreign_key="address.id")
    digest: str = ""
    attempts: int = 0
    asked_at: datetime = Field(sa_type=UtcDateTime)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Likeness(SQLModel, table=True):
    """Calling this will make a row for two tickets that may tell of the same trouble, the younger one first.

    ``decision`` is "" while nobody has looked, else "joined" or "different".
    """

    __tablename__ = "likeness"
    __table_args__ = (
        UniqueConstraint("ticket_id", "other_id", name="uq_likeness"),
        Index("ix_likeness_other", "other_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id")
    other_id: int = Field(foreign_key="ticket.id")
    score: float
    found_at: datetime = Field(sa_type=UtcDateTime)
    decision: str = ""
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    staff_id: int | None = Field(default=None, foreign_key="staff.id")


class Join(SQLModel, table=True):
    """Calling this will make a row for one ticket's being joined to another, and for its being split off again.

    ``status`` is what the joined ticket was before: what splitting gives it back. ``staff_id`` is empty where the rules
    for a flood of reports joined it.
    """

    __tablename__ = "ticket_join"

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id", index=True)
    lead_id: int = Field(foreign_key="ticket.id", index=True)
    at: datetime = Field(sa_type=UtcDateTime)
    staff_id: int | None = Field(default=None, foreign_key="staff.id")
    status: str
    undone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    undone_by: int | None = Field(default=None, foreign_key="staff.id")


class TwinState(StrEnum):
    """Whether a ticket and its twin in the national system agree."""

    AGREES = "agrees"
    CONFLICT = "conflict"
    UNMATCHED = "unmatched"  # known there, not here


class Twin(SQLModel, table=True):
    """Calling this will make a row for one report in SP4N-LAPOR! and the ticket it belongs to, if there is one.

    ``status`` is the word used there, ``mapped`` what it means here; ``theirs`` the row of the last import, by our
    names of its columns; ``conflicts`` what differs from ours: never overwritten, only listed.
    """

    __tablename__ = "twin"

    id: int | None = Field(default=None, primary_key=True)
    tracking_id: str = Field(unique=True)
    ticket_id: int | None = Field(default=None, foreign_key="ticket.id", index=True)
    state: str = TwinState.UNMATCHED
    status: str = ""
    mapped: str = ""
    first_response_due: datetime | None = Field(default=None, sa_type=UtcDateTime)
    resolution_due: datetime | None = Field(default=None, sa_type=UtcDateTime)
    theirs: dict[str, Any] = Field(default_factory=dict, sa_type=plain_json())
    conflicts: list[dict[str, Any]] = Field(default_factory=list, sa_type=plain_json())
    linked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    imported_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    exported_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    staff_id: int | None = Field(default=None, foreign_key="staff.id")
