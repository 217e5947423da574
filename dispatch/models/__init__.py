"""Rows. The same models and migrations serve SQLite and PostgreSQL."""

from sqlmodel import SQLModel

from dispatch.models.desk import (
    Alert,
    Join,
    Likeness,
    Recount,
    RegionEdition,
    StaffReach,
    Twin,
    TwinState,
)
from dispatch.models.events import (
    ChannelState,
    Cursor,
    EventState,
    Heartbeat,
    InboundEvent,
    Lease,
    StoredTemplate,
    Upload,
)
from dispatch.models.learning import BY_STAFF, Label, LabelSource, ModelState, ModelVersion
from dispatch.models.people import AddressAlias, Citizen, CitizenAddress, CitizenMerge, LinkCode, MergeProof
from dispatch.models.staff import Audit, LoginAttempt, Position, Role, Staff, StaffAgency, StaffSession
from dispatch.models.tickets import (
    Assignment,
    AttachmentState,
    Author,
    Direction,
    Message,
    Outbox,
    Outcome,
    Privacy,
    StatusChange,
    StoredAttachment,
    Ticket,
)
from dispatch.models.types import UtcDateTime

metadata = SQLModel.metadata

__all__ = [
    "BY_STAFF",
    "AddressAlias",
    "Alert",
    "Assignment",
    "AttachmentState",
    "Audit",
    "Author",
    "ChannelState",
    "Citizen",
    "CitizenAddress",
    "CitizenMerge",
    "Cursor",
    "Direction",
    "EventState",
    "Heartbeat",
    "InboundEvent",
    "Join",
    "Label",
    "LabelSource",
    "Lease",
    "Likeness",
    "LinkCode",
    "LoginAttempt",
    "MergeProof",
    "Message",
    "ModelState",
    "ModelVersion",
    "Outbox",
    "Outcome",
    "Position",
    "Privacy",
    "Recount",
    "RegionEdition",
    "Role",
    "Staff",
    "StaffAgency",
    "StaffReach",
    "StaffSession",
    "StatusChange",
    "StoredAttachment",
    "StoredTemplate",
    "Ticket",
    "Twin",
    "TwinState",
    "Upload",
    "UtcDateTime",
    "metadata",
]
