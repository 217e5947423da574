"""What may become of a ticket: the statuses, the allowed changes with the reason beside the odd ones, and the clocks.

To allow a change, add a row.
"""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Where a ticket stands."""

    NEW = "new"  # waiting for triage
    ASSIGNED = "assigned"  # an agency has it and has not begun
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"  # the citizen was asked
    ANSWERED = "answered"  # the citizen has the agency's answer
    RESOLVED = "resolved"  # the work is done
    CLOSED = "closed"
    REJECTED = "rejected"
    FORWARDED = "forwarded"  # not ours; the citizen was told whose


class NotAllowed(ValueError):
    """Calling this will refuse a change of status, naming both ends and what would be allowed instead."""

    def __init__(self, current: Status, to: Status) -> None:
        instead = ", ".join(allowed(current))
        super().__init__(f"a ticket that is {current} cannot become {to}; allowed: {instead}")
        self.current = current
        self.to = to


_REOPEN = "reopened: the citizen wrote back, or staff found it unfinished"
_REOPEN_ELSEWHERE = "reopened and given to the agency that must act"

#: (from, to) → why the change exists, empty where it is the ordinary course.
TRANSITIONS: dict[tuple[Status, Status], str] = {
    (Status.NEW, Status.ASSIGNED): "",
    (Status.NEW, Status.IN_PROGRESS): "the desk takes on the work itself",
    (Status.NEW, Status.WAITING): "the desk cannot tell whose it is without asking",
    (Status.NEW, Status.ANSWERED): "the desk answers a request for information at once",
    (Status.NEW, Status.REJECTED): "",
    (Status.NEW, Status.FORWARDED): "",
    (Status.ASSIGNED, Status.ASSIGNED): "handed over to another agency before anyone began",
    (Status.ASSIGNED, Status.IN_PROGRESS): "",
    (Status.ASSIGNED, Status.WAITING): "",
    (Status.ASSIGNED, Status.ANSWERED): "",
    (Status.ASSIGNED, Status.RESOLVED): "the work was done before anybody wrote that it had begun",
    (Status.ASSIGNED, Status.REJECTED): "",
    (Status.ASSIGNED, Status.FORWARDED): "",
    (Status.IN_PROGRESS, Status.ASSIGNED): "handed over to another agency",
    (Status.IN_PROGRESS, Status.WAITING): "",
    (Status.IN_PROGRESS, Status.ANSWERED): "",
    (Status.IN_PROGRESS, Status.RESOLVED): "",
    (Status.IN_PROGRESS, Status.REJECTED): "",
    (Status.IN_PROGRESS, Status.FORWARDED): "",
    (Status.WAITING, Status.NEW): "the question was asked before an agency was chosen: back to triage",
    (Status.WAITING, Status.ASSIGNED): "the citizen's answer shows that another agency must act",
    (Status.WAITING, Status.IN_PROGRESS): "",
    (Status.WAITING, Status.WAITING): "a second question",
    (Status.WAITING, Status.ANSWERED): "",
    (Status.WAITING, Status.RESOLVED): "",
    (Status.WAITING, Status.REJECTED): "the citizen stayed silent and the report is incomplete",
    (Status.WAITING, Status.FORWARDED): "",
    (Status.ANSWERED, Status.ASSIGNED): "the citizen's reply shows that another agency must act",
    (Status.ANSWERED, Status.IN_PROGRESS): "the citizen is not content, or the promised work begins",
    (Status.ANSWERED, Status.WAITING): "",
    (Status.ANSWERED, Status.ANSWERED): "an officer adds to the answer",
    (Status.ANSWERED, Status.RESOLVED): "",
    (Status.ANSWERED, Status.FORWARDED): "the answer was, or the reply shows, that a body outside is in charge",
    (Status.ANSWERED, Status.CLOSED): "the citizen stayed silent for the time the law sets",
    (Status.RESOLVED, Status.CLOSED): "",
    (Status.RESOLVED, Status.IN_PROGRESS): _REOPEN,
    (Status.RESOLVED, Status.ASSIGNED): _REOPEN_ELSEWHERE,
    (Status.CLOSED, Status.IN_PROGRESS): _REOPEN,
    (Status.CLOSED, Status.ASSIGNED): _REOPEN_ELSEWHERE,
    (Status.REJECTED, Status.IN_PROGRESS): _REOPEN,
    (Status.REJECTED, Status.ASSIGNED): _REOPEN_ELSEWHERE,
    (Status.FORWARDED, Status.IN_PROGRESS): _REOPEN,
    (Status.FORWARDED, Status.ASSIGNED): _REOPEN_ELSEWHERE,
}

#: Somebody still has to do something, if only the citizen.
OPEN = frozenset({Status.NEW, Status.ASSIGNED, Status.IN_PROGRESS, Status.WAITING, Status.ANSWERED})
ENDED = frozenset(Status) - OPEN

#: Verification ends with triage. The first-response clock is stopped by a human message, not by a status.
STOPS_VERIFY = frozenset(Status) - {Status.NEW}
#: The resolution clock stands still while the next move is the citizen's, and runs on when a ticket is reopened.
STOPS_RESOLUTION = ENDED | {Status.WAITING, Status.ANSWERED}


def allowed(current: Status) -> tuple[Status, ...]:
    """Calling this will list what a ticket may become from ``current``, in the order of the table."""
    return tuple(to for origin, to in TRANSITIONS if origin == current)


def check(current: Status, to: Status) -> None:
    """Calling this will return if the change is in the table and raise NotAllowed otherwise."""
    if (current, to) not in TRANSITIONS:
        raise NotAllowed(current, to)
