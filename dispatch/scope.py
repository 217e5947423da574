"""Whose tickets somebody may see: their agencies', and among those what is secret only if they are on the list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from dispatch.models import Privacy


class Seen(Protocol):
    """What of a ticket decides who may see it."""

    agency: str
    privacy: str
    supervision: bool
    accused: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Calling this will hold which agencies' tickets a member of staff may see; None means all of the region.

    ``secret`` puts them on the list of those who may read secret reports, ``names`` lets them see who wrote an
    anonymous one. ``complained_about`` are those of their agencies that may be complained about in a report on
    officials' conduct: who works for such a one does not see it, whatever else they work for.
    """

    agencies: frozenset[str] | None
    secret: bool = False
    names: bool = False
    complained_about: frozenset[str] = frozenset()

    def sees(self, agency: str) -> bool:
        """Calling this will say whether the tickets of this agency are theirs to see; of one ticket ask ``reads``."""
        return self.agencies is None or agency in self.agencies

    def reads(self, ticket: Seen) -> bool:
        """Calling this will say whether a ticket is theirs to see."""
        if not self.sees(ticket.agency) or (ticket.privacy == Privacy.SECRET and not self.secret):
            return False
        return not (ticket.supervision and self.complained_about.intersection(ticket.accused.split()))

    def knows(self, ticket: Seen) -> bool:
        """Calling this will say whether they may know who wrote a ticket."""
        return ticket.privacy == Privacy.NAMED or self.names
