"""Rows. The same models and migrations serve SQLite and PostgreSQL."""

from sqlmodel import SQLModel

from dispatch.models.events import Cursor, EventState, Heartbeat, InboundEvent
from dispatch.models.people import Citizen, CitizenAddress
from dispatch.models.staff import Audit, LoginAttempt, Role, Staff, StaffAgency, StaffSession
from dispatch.models.tickets import (
    Assignment,
    AttachmentState,
    Author,
    Direction,
    Message,
    Outbox,
    StatusChange,
    StoredAttachment,
    Ticket,
)
from dispatch.models.types import UtcDateTime

metadata = SQLModel.metadata

__all__ = [
    "Assignment",
    "AttachmentState",
    "Audit",
    "Author",
    "Citizen",
    "CitizenAddress",
    "Cursor",
    "Direction",
    "EventState",
    "Heartbeat",
    "InboundEvent",
    "LoginAttempt",
    "Message",
    "Outbox",
    "Role",
    "Staff",
    "StaffAgency",
    "StaffSession",
    "StatusChange",
    "StoredAttachment",
    "Ticket",
    "UtcDateTime",
    "metadata",
]
