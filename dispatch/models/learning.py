"""What the classifier learns from, and its versions: labels with their source, models with their figures."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from dispatch.models.types import UtcDateTime, plain_json


class LabelSource(StrEnum):
    """Who says which category a ticket is."""

    CONFIRMED = "confirmed"  # an officer answered or resolved it where the classifier had put it
    CORRECTED = "corrected"  # an officer gave it another category
    TRIAGED = "triaged"  # the desk decided where the classifier was not sure
    CHOSEN = "chosen"  # the citizen chose from what we asked


#: Statements of staff; a citizen's own choice counts only where none of these stands.
BY_STAFF = (LabelSource.CONFIRMED, LabelSource.CORRECTED, LabelSource.TRIAGED)


class Label(SQLModel, table=True):
    """Calling this will make a row for one statement of which category a ticket's first words belong to.

    Statements accumulate; the last one of a ticket that is not withdrawn holds. ``suggested`` and ``confidence`` are
    what the classifier ``model_version`` had said. The text stays in the messages: erasing them erases the lesson.
    """

    __tablename__ = "label"
    __table_args__ = (Index("ix_label_ticket", "ticket_id", "id"), Index("ix_label_at", "at"))

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id")
    citizen_id: int = Field(foreign_key="citizen.id")
    category: str
    source: str
    staff_id: int | None = Field(default=None, foreign_key="staff.id")
    suggested: str | None = None
    confidence: float | None = None
    model_version: str = ""
    at: datetime = Field(sa_type=UtcDateTime)
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ModelState(StrEnum):
    """Where a trained version stands."""

    SERVING = "serving"
    REPLACED = "replaced"
    REFUSED = "refused"  # not better on local tickets, or worse on the canary set
    WITHDRAWN = "withdrawn"  # taken out of service by a person


class ModelVersion(SQLModel, table=True):
    """Calling this will make a row for one trained classifier: from how many rows, with which figures, and what became
    of it and why.

    ``taught`` counts the region pack's rows, ``local`` those of local tickets. ``figures`` holds the comparison with
    the version that served when it was made.
    """

    __tablename__ = "model_version"

    id: int | None = Field(default=None, primary_key=True)
    version: str = Field(unique=True)
    state: str
    taught: int = 0
    local: int = 0
    figures: dict[str, Any] = Field(default_factory=dict, sa_type=plain_json())
    reason: str = ""
    trained_at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    staff_id: int | None = Field(default=None, foreign_key="staff.id")
