"""Who may see a ticket, and who may know who wrote it (Permen PANRB 62/2018: named, anonymous or secret reporters).

Anonymous: name and address are masked to everybody but administrators. Secret: the ticket is there only for those on
the list who also see its agency; for everybody else it does not exist, in no list, figure, search, export or alert.
Every reader of tickets limits itself by ``visible`` (``dispatch.reports.in_agencies`` does), every page of one ticket
by ``may_read``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from dispatch.models import Privacy, Staff, Ticket
from dispatch.region import Region
from dispatch.reports import visible
from dispatch.scope import Scope
from dispatch.services.staff import scope_of
from dispatch.services.trail import audit
from dispatch.workflow import OPEN

__all__ = ["RANKS", "NotYours", "change", "may_read", "readers", "unread", "visible", "wish"]

#: From open to closed: staff may go up, only who watches over others may go down.
RANKS = {Privacy.NAMED: 0, Privacy.ANONYMOUS: 1, Privacy.SECRET: 2}


class NotYours(ValueError):
    """Calling this will refuse to show a ticket's writer more openly: only a supervisor may."""


def may_read(scope: Scope, ticket: Ticket) -> bool:
    """Calling this will say whether somebody of this scope may see a ticket at all."""
    return scope.reads(ticket)


def readers(session: Session, region: Region, ticket: Ticket, staff_ids: Iterable[int] | None = None) -> list[int]:
    """Calling this will give those (of ``staff_ids``, None: of all open accounts) who may see a ticket: whoever is
    told of it must be among them."""
    query = select(Staff).where(col(Staff.disabled_at).is_(None)).order_by(col(Staff.id))
    if staff_ids is not None:
        query = query.where(col(Staff.id).in_(sorted(set(staff_ids))))
    if ticket.privacy == Privacy.SECRET:
        query = query.where(col(Staff.sees_secret).is_(True))
    return [row.id or 0 for row in session.scalars(query) if scope_of(session, region, row).reads(ticket)]


def unread(session: Session, region: Region) -> int:
    """Calling this will count the open secret tickets that nobody may read."""
    secret = col(Ticket.privacy) == Privacy.SECRET, col(Ticket.status).in_(sorted(OPEN))
    total = session.scalar(select(func.count()).select_from(Ticket).where(*secret)) or 0
    if not total:
        return 0
    people = select(Staff).where(col(Staff.disabled_at).is_(None), col(Staff.sees_secret).is_(True))
    scopes = [scope_of(session, region, row) for row in session.scalars(people)]
    found = session.scalars(select(Ticket).where(*secret)) if scopes else ()
    return total - sum(any(scope.reads(ticket) for scope in scopes) for ticket in found)


def wish(session: Session, now: datetime, ticket: Ticket, privacy: Privacy) -> bool:
    """Calling this will treat a ticket's writer as they wish, if that is more closed than before; True when it is."""
    if RANKS[privacy] <= RANKS[Privacy(ticket.privacy)]:
        return False
    before, ticket.privacy = ticket.privacy, privacy
    ticket.version += 1
    session.add(ticket)
    _parts_too(session, ticket)
    audit(session, now, "ticket.privacy", "ticket", ticket.number, detail={"from": before, "to": privacy})
    return True


def change(
    session: Session, now: datetime, ticket: Ticket, privacy: Privacy, *, staff_id: int, supervises: bool
) -> bool:
    """Calling this will set how a ticket's writer is treated because staff say so; True when that changed.

    Raises NotYours when it would become more open and the person does not watch over others.
    """
    before = Privacy(ticket.privacy)
    if privacy is before:
        return False
    if RANKS[privacy] < RANKS[before] and not supervises:
        raise NotYours("only a supervisor may show the writer of a report more openly")
    ticket.privacy = privacy
    ticket.version += 1
    session.add(ticket)
    _parts_too(session, ticket)
    detail: dict[str, object] = {"from": before, "to": privacy}
    audit(session, now, "ticket.privacy", "ticket", ticket.number, staff_id=staff_id, detail=detail)
    return True


def _parts_too(session: Session, ticket: Ticket) -> None:
    """The officers of a part read the whole's conversation: they are shown its writer no more openly."""
    for part in session.scalars(select(Ticket).where(col(Ticket.parent_id) == ticket.id)):
        part.privacy = ticket.privacy
        part.version += 1
        session.add(part)
