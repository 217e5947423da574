"""Who had a ticket, one after the other, and how much of each one's own working time that took.

Pure: worked out from the history alone, with the pauses that ``dispatch.timeline`` finds in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch import hours, timeline
from dispatch.region import Region
from dispatch.timeline import Change, Holder


@dataclass(frozen=True, slots=True)
class Share:
    """Calling this will hold one stay of a ticket with one agency: ``seconds`` of that agency's working time in which
    the clock of the resolution ran, ``since`` and ``until`` in UTC, None while it is still there."""

    agency: str
    seconds: float
    since: datetime
    until: datetime | None

    def row(self, region: Region) -> dict[str, object]:
        """Calling this will give it as plain values: instants in ISO 8601 with the region's offset, whole seconds."""
        ends = region.local(self.until).isoformat(timespec="seconds") if self.until else ""
        begins = region.local(self.since).isoformat(timespec="seconds")
        return {"agency": self.agency, "seconds": round(self.seconds), "since": begins, "until": ends}


def shares(
    region: Region, opened_at: datetime, changes: Sequence[Change], holders: Iterable[Holder], now: datetime
) -> tuple[Share, ...]:
    """Calling this will list the stays of a ticket opened at ``opened_at`` up to ``now``, in order.

    ``holders`` are its assignments in the order they were written; several in a row of one agency are one stay. The
    first holder has it from the opening. What the citizen was asked or has been given to answer counts for nobody.
    Raises ValueError for a naive instant, hours.NoWorkingTime.
    """
    stays: list[tuple[datetime, str]] = []
    for at, agency in holders:
        if not stays or stays[-1][1] != agency:
            stays.append((hours.utc(at) if stays else hours.utc(opened_at), agency))
    if not stays:
        return ()
    stops = timeline.pauses(region, _calendar(region, stays[-1][1]), opened_at, changes)
    spans = timeline.running(opened_at, stops)
    found = []
    for number, (since, agency) in enumerate(stays):
        until = stays[number + 1][0] if number + 1 < len(stays) else None
        ends, worked = until or hours.utc(now), timedelta()
        for first, last in spans:
            stop = ends if last is None else min(ends, last)
            worked += hours.worked(region, _calendar(region, agency), max(first, since), stop)
        found.append(Share(agency, worked.total_seconds(), since, until))
    return tuple(found)


def _calendar(region: Region, agency: str) -> str:
    return region.agencies[agency if agency in region.agencies else region.desk].calendar
