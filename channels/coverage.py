"""What a provider can send us or say of a message, and what becomes of it: rows adapters declare beside their code.

``docs/channels/coverage.md`` is printed from these rows and from the error tables; a test runs a payload for each type
and event and compares what it becomes with its row.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Group(StrEnum):
    """What a row is about: a type of message, an event around messages, or a state of a message of ours."""

    MESSAGE = "message"
    EVENT = "event"
    STATE = "state"


class Becomes(StrEnum):
    """What we make of it. ``nothing`` needs a reason, and is written with it."""

    MESSAGE = "message"
    REVISION = "revision of a message"
    DELIVERY = "delivery report"
    OPTOUT = "stop or resume"
    NOTICE = "note on the ticket"
    QUARANTINE = "quarantine"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Handled:
    """Calling this will hold one row: the provider's own name for a thing, what it becomes, and how or why.

    ``example`` is the stem of a payload file in ``tests/channels/payloads/<provider>`` that shows it; states need none.
    Raises ValueError for something ignored without a reason.
    """

    group: Group
    name: str
    becomes: Becomes
    how: str
    example: str = ""

    def __post_init__(self) -> None:
        if self.becomes is Becomes.NOTHING and not self.how:
            raise ValueError(f"{self.name}: nothing is ignored without a reason")
