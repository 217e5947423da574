"""What a ticket's page shows of its hand-overs: taken on or not, who had it how long, its parts, its whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from sqlmodel import Session

from admin import conversation
from admin.conversation import Line
from admin.explaining import length
from admin.security import Viewer
from dispatch.hours import NoWorkingTime
from dispatch.models import Assignment, Role, Ticket
from dispatch.places import Places
from dispatch.region import Agency, Region
from dispatch.services import apart, handovers, holding, parts
from dispatch.services.holding import Why
from dispatch.workflow import OPEN, Status

#: Rows of the form that splits a ticket; further parts are added by splitting again.
ROWS = 3


@dataclass(frozen=True, slots=True)
class Stay:
    """Calling this will hold one agency's stay as a row of the table: from, to (None: still there), its working time in
    words, and why it came there and was sent back ("" where it was not), as keys."""

    agency: str
    since: datetime
    until: datetime | None
    time: str
    reason: str
    returned: str


@dataclass(frozen=True, slots=True)
class Handing:
    """Calling this will hold the page's part about hand-overs.

    ``asked`` is whether the agency still has to take it on, ``late`` that it has not in time; ``waits`` that a
    supervisor decides, ``binds`` that one has, ``decides`` that the reader may.
    """

    asked: bool
    late: bool
    waits: bool
    binds: bool
    decides: bool
    sendable: bool
    splittable: bool
    stays: Sequence[Stay]
    parts: Sequence[Ticket]
    undoable: bool
    whole: Ticket | None
    lines: Sequence[Line]
    able: Sequence[Agency]


def read(session: Session, region: Region, places: Places, now: datetime, ticket: Ticket, who: Viewer) -> Handing:
    """Calling this will read what the page of a ticket shows of its hand-overs to one reader."""
    rows = holding.chain(session, ticket)
    reason = rows[-1].reason if rows else ""
    is_open, decides = Status(ticket.status) in OPEN, who.role in (Role.SUPERVISOR, Role.ADMIN)
    waits, binds = is_open and reason == Why.BOUNCED, is_open and reason == Why.DECIDED
    asked = is_open and ticket.accept_due is not None and ticket.accepted_at is None and not waits
    own = parts.of(session, ticket) if ticket.parent_id is None else []
    whole = session.get(Ticket, ticket.parent_id) if ticket.parent_id is not None else None
    withheld = whole is None or (apart.withheld(region, whole, ticket.agency) and not who.scope.reads(whole))
    shown = whole is not None and not withheld and (whole.privacy != "secret" or who.scope.secret)
    free = decides or not (waits or binds)
    return Handing(
        asked=asked,
        late=asked and ticket.accept_due is not None and ticket.accept_due < now,
        waits=waits,
        binds=binds,
        decides=decides,
        sendable=is_open and bool(rows) and not ticket.triage and free,
        splittable=is_open and ticket.parent_id is None and ticket.lead_id is None and (decides or not waits),
        stays=_stays(session, region, now, ticket, rows),
        parts=own,
        undoable=bool(own) and not any(parts.begun(session, part) for part in own),
        whole=whole,
        lines=conversation.read(session, whole, places).lines if whole is not None and shown else (),
        able=[agency for agency in region.agencies.values() if agency.ours and agency.joined],
    )


def _stays(
    session: Session, region: Region, now: datetime, ticket: Ticket, rows: Sequence[Assignment]
) -> Sequence[Stay]:
    try:
        shares = handovers.shares(session, region, now, ticket)
    except NoWorkingTime:  # the page's own panel says so
        return ()
    runs = [list(each) for _, each in groupby(rows, key=lambda row: row.agency)]
    runs = [[]] * (len(shares) - len(runs)) + runs  # before its own, a part has the stays of its whole
    found = []
    for share, inside in zip(shares, runs, strict=False):
        agency = region.agencies.get(share.agency)
        found.append(
            Stay(
                agency=agency.short if agency else share.agency,
                since=share.since,
                until=share.until,
                time=length(timedelta(seconds=share.seconds)),
                reason=inside[0].reason if inside else "",
                returned=next((row.returned for row in reversed(inside) if row.returned), ""),
            )
        )
    return found
