"""The ticket and its history. Status, assignment and message rows accumulate; none is ever edited."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from dispatch.models.types import UtcDateTime, plain_json


class Privacy(StrEnum):
    """How a report's writer wants to be treated (Permen PANRB 62/2018): named, nameless to all but those who run the
    system, or secret, where the matter itself is shown to a named list only."""

    NAMED = "named"
    ANONYMOUS = "anonymous"
    SECRET = "secret"  # noqa: S105


class Outcome(StrEnum):
    """How a ticket ended; each is counted apart."""

    SOLVED = "solved"
    ANSWERED = "answered"  # a question, or a matter that needed no work
    REFUSED = "refused"
    NOT_OURS = "not_ours"
    MERGED = "merged"
    CANNOT_YET = "cannot_yet"


class Ticket(SQLModel, table=True):
    """Calling this will make a row for one complaint, request or proposal, with where it stands now.

    ``spoken_at`` is when the citizen said it, ``opened_at`` when we received it. The ``*_due`` columns copy the current
    assignment. ``version`` rises with every change an officer could have missed. ``agency`` is never empty: a ticket
    without a sure agency waits at the desk with ``triage`` set. ``danger`` names the danger to life the words tell of
    ("" when none), ``urgent`` says that it cannot wait for the next working day; ``personal`` names the kinds of
    personal data found in them. ``choices`` are the categories the citizen was last asked to choose from, in the order
    of their numbers, ``place_choices`` the areas likewise. ``place_text`` is the citizen's own words for the spot.

    ``own_part`` says, of a ticket split among agencies, that its own one has something to do as well.

    ``privacy`` is how its writer is shown (``Privacy``), ``owner`` whose asset it is about (a code of the region pack).
    ``consent`` is whether it may be sent to the body outside that is in charge (``services.consent``), since when.
    ``accused`` lists the agencies complained about in a report on officials' conduct: they never get it.
    ``parent_id`` makes it one agency's part of another ticket, ``lead_id`` joins it to the ticket under which the same
    trouble is worked on. ``source`` says how a report that staff wrote down came ("" for what came by a channel).
    ``next_due`` is the earliest instant by which somebody has to do something, ``next_step`` what: every open ticket
    has one. ``ladder_at`` is when the ladder of escalation is to be looked at next (empty: now), ``escalated`` the rung
    it reached. ``outcome`` (``Outcome``) says how an ended ticket ended; ``content`` and ``rating`` (1 to 5) what
    its citizen says of that.
    """

    __tablename__ = "ticket"
    __table_args__ = (
        Index("ix_ticket_agency_due", "agency", "status", "first_response_due"),
        Index("ix_ticket_status_due", "status", "first_response_due"),
        Index("ix_ticket_opened", "opened_at", "id"),
        Index("ix_ticket_citizen", "citizen_id", "last_citizen_at"),
        Index("ix_ticket_triage", "triage", "status"),
        Index("ix_ticket_next", "status", "next_due"),
        Index("ix_ticket_ladder", "status", "ladder_at"),
        Index("ix_ticket_alike", "area", "category", "opened_at"),
        Index("ix_ticket_lead", "lead_id"),
        Index("ix_ticket_parent", "parent_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True)
    citizen_id: int = Field(foreign_key="citizen.id")
    address_id: int = Field(foreign_key="address.id")
    channel: str
    status: str
    kind: str
    supervision: bool = False
    category: str | None = None
    agency: str
    triage: bool = False
    area: str | None = None
    language: str = "id"
    summary: str = ""
    spoken_at: datetime = Field(sa_type=UtcDateTime)
    opened_at: datetime = Field(sa_type=UtcDateTime)
    verify_due: datetime = Field(sa_type=UtcDateTime)
    first_response_due: datetime = Field(sa_type=UtcDateTime)
    resolution_due: datetime = Field(sa_type=UtcDateTime)
    verified_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    first_response_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    resolved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_citizen_at: datetime = Field(sa_type=UtcDateTime)
    last_staff_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    place_asked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = 1
    region_version: str = ""
    danger: str = ""
    urgent: bool = False
    personal: list[str] = Field(default_factory=list, sa_type=plain_json())
    choices: list[str] = Field(default_factory=list, sa_type=plain_json())
    choices_asked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    place_choices: list[str] = Field(default_factory=list, sa_type=plain_json())
    place_text: str = ""
    privacy: str = Privacy.NAMED
    owner: str = ""
    consent: str = ""
    consent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    accused: str = ""
    parent_id: int | None = Field(default=None, foreign_key="ticket.id")
    lead_id: int | None = Field(default=None, foreign_key="ticket.id")
    source: str = ""
    intake_by: int | None = Field(default=None, foreign_key="staff.id")
    next_due: datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_step: str = ""
    accept_due: datetime | None = Field(default=None, sa_type=UtcDateTime)
    accepted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    handovers: int = 0
    bounces: int = 0
    pause_reason: str = ""
    pause_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    escalated: int = 0
    ladder_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    outcome: str = ""
    settled_asked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    content: str = ""
    rating: int | None = None
    own_part: bool = True


class Assignment(SQLModel, table=True):
    """Calling this will make a row for one answer to "who must act, by when, and why".

    It keeps the deadlines, the rule version, the classifier's score and the model version it was made with: a later
    change of rules does not rewrite it. ``accept_due`` is when the agency has to have taken it on at the latest,
    ``accepted_at`` when it did, ``missed_at`` when it was seen that it had not in time; ``returned_at`` when it was
    sent back, ``returned`` why. Its deadlines are those without pauses; the ticket's own go by its whole history.
    """

    __tablename__ = "assignment"

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id", index=True)
    agency: str
    category: str | None = None
    area: str | None = None
    reason: str = ""
    note: str = ""
    staff_id: int | None = Field(default=None, foreign_key="staff.id")
    assigned_at: datetime = Field(sa_type=UtcDateTime)
    verify_due: datetime = Field(sa_type=UtcDateTime)
    first_response_due: datetime = Field(sa_type=UtcDateTime)
    resolution_due: datetime = Field(sa_type=UtcDateTime)
    rule_version: str = ""
    score: float | None = None
    model_version: str = ""
    words: list[str] = Field(default_factory=list, sa_type=plain_json())
    suggestions: list[dict[str, Any]] = Field(default_factory=list, sa_type=plain_json())
    owner: str = ""
    accept_due: datetime | None = Field(default=None, sa_type=UtcDateTime)
    accepted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    returned_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    returned: str = ""
    missed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class StatusChange(SQLModel, table=True):
    """Calling this will make a row for one change of status: from, to, when, by whom, why.

    ``outcome`` is set where a ticket ended. ``worked_at`` is when its consequences (who must hear of it) were worked.
    ``until`` is when a ticket that cannot be worked on yet is looked at again, as its citizen is told.
    """

    __tablename__ = "status_change"
    __table_args__ = (Index("ix_status_change_worked", "worked_at", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id", index=True)
    from_status: str = ""
    to_status: str
    at: datetime = Field(sa_type=UtcDateTime)
    staff_id: int | None = Field(default=None, foreign_key="staff.id")
    reason: str = ""
    outcome: str = ""
    worked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Direction(StrEnum):
    """Which way a message went; a note stays among staff."""

    IN = "in"
    OUT = "out"
    NOTE = "note"


class Author(StrEnum):
    """Who wrote a message."""

    CITIZEN = "citizen"
    STAFF = "staff"
    SYSTEM = "system"


class Message(SQLModel, table=True):
    """Calling this will make a row for one message of the conversation, in or out, or a note among staff.

    ``revises`` is the provider id of an earlier message that this one corrects or completes. ``event_id`` is unique: an
    inbound event becomes at most one message, however often it is worked on. ``copy_of`` is the officer's answer on the
    ticket this message's ticket is joined to: each is passed on once.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("event_id", name="uq_message_event"),
        UniqueConstraint("copy_of", "ticket_id", name="uq_message_copy"),
        Index("ix_message_ticket", "ticket_id", "id"),
        Index("ix_message_address", "address_id", "id"),
        Index("ix_message_provider", "channel", "provider_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int | None = Field(default=None, foreign_key="ticket.id")
    address_id: int | None = Field(default=None, foreign_key="address.id")
    event_id: int | None = Field(default=None, foreign_key="inbound_event.id")
    channel: str = ""
    direction: str
    author: str
    staff_id: int | None = Field(default=None, foreign_key="staff.id")
    body: str = ""
    subject: str = ""
    language: str = ""
    provider_id: str = ""
    revises: str = ""
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    latitude: float | None = None
    longitude: float | None = None
    location_label: str = ""
    notes: list[str] = Field(default_factory=list, sa_type=plain_json())
    copy_of: int | None = Field(default=None, foreign_key="message.id")


class AttachmentState(StrEnum):
    """Where an attachment's bytes stand: still at the provider, with us, infected, or not to be had and why."""

    PENDING = "pending"
    STORED = "stored"
    INFECTED = "infected"
    REFUSED = "refused"
    FAILED = "failed"


class StoredAttachment(SQLModel, table=True):
    """Calling this will make a row for one file of a message; the bytes lie under ``var`` by their SHA-256.

    A picture is kept re-encoded; ``original_type`` is what came, ``latitude`` and ``longitude`` where the camera says
    it was taken, ``scanned`` the scanner's word ("" when none is configured). ``preview`` is the SHA-256 of its small
    copy: only what has one may be shown in place. ``seconds`` is a recording's length. ``waits`` counts the times that
    something of ours (disk, scanner, a channel that is off) put it off; ``attempts`` those of the provider. A file that
    staff attached came with no event; ``shown`` says that its citizen may see it.
    """

    __tablename__ = "attachment"

    id: int | None = Field(default=None, primary_key=True)
    message_id: int = Field(foreign_key="message.id", index=True)
    event_id: int | None = Field(default=None, foreign_key="inbound_event.id")
    kind: str
    source: str
    content_type: str = ""
    filename: str = ""
    size: int | None = None
    sha256: str = ""
    state: str = Field(default=AttachmentState.PENDING, index=True)
    attempts: int = 0
    next_at: datetime = Field(sa_type=UtcDateTime)
    error: str = ""
    original_type: str = ""
    latitude: float | None = None
    longitude: float | None = None
    scanned: str = ""
    preview: str = ""
    seconds: int | None = None
    waits: int = 0
    shown: bool = False


class Outbox(SQLModel, table=True):
    """Calling this will make a row that promises one provider call: recipient and text frozen, claimed with a lease.

    It settles as sent, failed or *uncertain*; a provider's report may then raise it to delivered or read. A text longer
    than the channel's limit becomes several rows with rising ``part``. A row that could not be delivered may be
    ``replaced`` by another that names it in ``replaces_id``: again, by a template, on another channel (``origin``).
    ``segments`` are the parts the provider bills, ``category`` what as, ``cost`` our price for it in rupiah.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("channel", "account", "external_id", name="uq_outbox_external"),
        Index("ix_outbox_pending", "channel", "state", "next_at"),
        Index("ix_outbox_message", "message_id"),
        Index("ix_outbox_address", "address_id", "state"),
        Index("ix_outbox_sent", "channel", "sent_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    message_id: int = Field(foreign_key="message.id")
    ticket_id: int | None = Field(default=None, foreign_key="ticket.id", index=True)
    address_id: int = Field(foreign_key="address.id")
    channel: str
    account: str
    recipient: str
    body: str
    subject: str = ""
    reply_to: list[str] = Field(default_factory=list, sa_type=plain_json())
    ticket_number: str = ""
    automatic: bool = True
    part: int = 1
    state: str
    external_id: str | None = None
    attempts: int = 0
    next_at: datetime = Field(sa_type=UtcDateTime)
    lease: str = ""
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    error_code: str = ""
    error: str = ""
    created_at: datetime = Field(sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    template: str = ""
    variables: list[str] = Field(default_factory=list, sa_type=plain_json())
    asks: str = ""
    origin: str = ""
    replaces_id: int | None = Field(default=None, foreign_key="outbox.id", index=True)
    segments: int = 0
    category: str = ""
    cost: int = 0
