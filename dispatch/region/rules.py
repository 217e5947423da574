"""The rules of the desk that a region pack sets: pauses, hand-overs, escalation, closing, duplicates, files.

Each has values that hold where a pack says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time


@dataclass(frozen=True, slots=True)
class Pausing:
    """Calling this will hold how long a clock may stand still while the citizen is asked, in working days: one pause,
    and all pauses of a ticket together. Past either the clock runs again."""

    cap_days: int = 5
    total_days: int = 10


@dataclass(frozen=True, slots=True)
class Handover:
    """Calling this will hold the rules of hand-overs: working hours within which an agency takes a ticket on or sends
    it back, and the number of returns from which a supervisor decides."""

    accept_hours: int = 14
    bounces: int = 3


@dataclass(frozen=True, slots=True)
class Rung:
    """Calling this will hold one rung of the ladder: who (a position of ``dispatch.models.Position``), whether at the
    agency itself, the one that supervises it, or anywhere in the region (``scope``: agency, supervisor, region), and
    how many working hours after the deadline (negative: before it)."""

    position: str
    scope: str
    after_hours: int


@dataclass(frozen=True, slots=True)
class Escalation:
    """Calling this will hold when staff are told of a deadline, rung by rung, and the local time of the morning's
    digest."""

    rungs: tuple[Rung, ...] = (
        Rung("officer", "agency", -7),
        Rung("officer", "agency", 0),
        Rung("head", "agency", 1),
        Rung("supervisor", "supervisor", 7),
        Rung("secretary", "region", 21),
    )
    digest_at: time = time(8, 0)


@dataclass(frozen=True, slots=True)
class Closing:
    """Calling this will hold the rules of ending: working days of the citizen's silence after which an answered or
    resolved ticket is closed, and the days for which a closed one may be reopened by its citizen."""

    silence_days: int = 10
    reopen_days: int = 60


@dataclass(frozen=True, slots=True)
class Alike:
    """Calling this will hold when two reports of one category are likely about one trouble: hours between them, how
    alike their words are (0 to 1), kilometres between their pins; and, where ``flood`` is not 0, the number of reports
    from which further ones join by themselves."""

    hours: int = 72
    score: float = 0.5
    kilometres: float = 1.0
    flood: int = 0


@dataclass(frozen=True, slots=True)
class Lapor:
    """Calling this will hold how the national system's spreadsheets are read and written: our field → their column
    title (``columns``), their status → ours (``statuses``), ours → theirs for export, and their pattern of dates."""

    columns: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)
    export_statuses: Mapping[str, str] = field(default_factory=dict)
    dates: str = "%d/%m/%Y %H:%M"


@dataclass(frozen=True, slots=True)
class DeskRules:
    """Calling this will hold the rules of the desk: pauses, hand-overs, escalation, closing, likely duplicates (by
    category; "" is every other one), and the national system's files."""

    pausing: Pausing = field(default_factory=Pausing)
    handover: Handover = field(default_factory=Handover)
    escalation: Escalation = field(default_factory=Escalation)
    closing: Closing = field(default_factory=Closing)
    alike: Mapping[str, Alike] = field(default_factory=lambda: {"": Alike()})
    lapor: Lapor = field(default_factory=Lapor)
