"""Staff, their sessions, and what they did."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from dispatch.models.types import UtcDateTime, plain_json


class Role(StrEnum):
    """What a member of staff may do: answer for their agencies, watch over theirs, or run the system."""

    OFFICER = "officer"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


class Position(StrEnum):
    """Where a member of staff stands on the ladder of their region pack, from the desk upwards."""

    OFFICER = "officer"
    HEAD = "head"
    SUPERVISOR = "supervisor"
    SECRETARY = "secretary"


class Staff(SQLModel, table=True):
    """Calling this will make a row for one member of staff. ``must_change`` marks a one-time password.

    ``position`` is their rung on the ladder of escalation. ``sees_secret`` puts them on the list of those who may read
    secret reports. ``notify`` is the channel by which they want to be told of what cannot wait ("" for none).
    """

    __tablename__ = "staff"

    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(unique=True)
    name: str = ""
    role: str
    password_hash: str
    must_change: bool = False
    totp_secret: str = ""
    totp_last: int = 0
    language: str = ""
    created_at: datetime = Field(sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_login_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    position: str = Position.OFFICER
    sees_secret: bool = False
    notify: str = ""


class StaffAgency(SQLModel, table=True):
    """Calling this will make a row that lets one member of staff work for one agency."""

    __tablename__ = "staff_agency"

    staff_id: int = Field(foreign_key="staff.id", primary_key=True)
    agency: str = Field(primary_key=True)


class StaffSession(SQLModel, table=True):
    """Calling this will make a row for one sign-in; the browser holds the token, we hold its SHA-256.

    Ending the row ends the session at the next request. ``verified`` is false until the second factor passed.
    """

    __tablename__ = "staff_session"

    id: int | None = Field(default=None, primary_key=True)
    token_hash: str = Field(unique=True)
    staff_id: int = Field(foreign_key="staff.id", index=True)
    verified: bool = False
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class LoginAttempt(SQLModel, table=True):
    """Calling this will make a row for one failed sign-in, by a keyed hash of the account or of the network address."""

    __tablename__ = "login_attempt"
    __table_args__ = (Index("ix_login_attempt", "key", "at"),)

    id: int | None = Field(default=None, primary_key=True)
    key: str
    at: datetime = Field(sa_type=UtcDateTime)


class Audit(SQLModel, table=True):
    """Calling this will make a row for one thing done by staff or by the system; ``detail`` holds no personal data."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_subject", "subject", "subject_id"),)

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    staff_id: int | None = Field(default=None, foreign_key="staff.id")
    action: str
    subject: str = ""
    subject_id: str = ""
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=plain_json())
