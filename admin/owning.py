"""What a ticket's page says of its asset's owner and its writer, and who may know them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlmodel import Session, col

from admin.conversation import Page
from admin.formats import language
from admin.security import PERMITS, Need, Viewer, runtime, viewer_or_none
from admin.ways import Ways
from dispatch.models import Audit, Privacy, Ticket
from dispatch.region import Region
from dispatch.services import privacy

#: How the writer of a report is treated.
PRIVACY = {
    Privacy.NAMED: _l("Named"),
    Privacy.ANONYMOUS: _l("Anonymous: name and address are hidden"),
    Privacy.SECRET: _l("Secret: only those on the list read it"),
}
#: Where the question stands whether the report may be sent to a body outside.
CONSENT = {
    "asked": _l("the citizen was asked and has not answered"),
    "given": _l("the citizen agreed, the report was sent by mail"),
    "refused": _l("the citizen does not want it"),
}


@dataclass(frozen=True, slots=True)
class Whose:
    """Calling this will hold what a ticket's page says of its asset's owner and its writer.

    ``owners`` are code and name of those it may belong to, the likeliest first; ``levels`` what its writer's treatment
    may be set to by the reader.
    """

    owner: str
    owners: tuple[tuple[str, str], ...]
    privacy: str
    treated: str
    levels: tuple[tuple[str, str], ...]
    known: bool
    consent: str


def read(region: Region, ticket: Ticket, who: Viewer) -> Whose:
    """Calling this will read that for somebody."""
    owners = tuple(
        (code, region.owners[code].name.get(language(), region.owners[code].name["id"]))
        for code in region.owned.get(ticket.category or "", ())
        if code in region.owners
    )
    rank = privacy.RANKS[Privacy(ticket.privacy)]
    allowed = [level for level in Privacy if PERMITS[Need.SUPERVISOR](who) or privacy.RANKS[level] >= rank]
    return Whose(
        owner=ticket.owner,
        owners=owners,
        privacy=ticket.privacy,
        treated=str(PRIVACY[Privacy(ticket.privacy)]),
        levels=tuple((level.value, str(PRIVACY[level])) for level in allowed),
        known=who.scope.knows(ticket),
        consent=str(CONSENT.get(ticket.consent, "")),
    )


def unread() -> int:
    """Calling this will count the secret reports that nobody may read, for administrators; 0 for everybody else."""
    who = viewer_or_none()
    if who is None or not PERMITS[Need.ADMIN](who):
        return 0
    with runtime().reading() as session:
        return privacy.unread(session, runtime().region)


def hide(session: Session, page: Page, ways: Ways) -> tuple[Page, Ways]:
    """Calling this will take out of a page who wrote the ticket: the name, the addresses, whom they may also be, and
    the letters that carried the report outside while its writer was still named."""
    out = letters(session, page.ticket)
    lines = [line for line in page.lines if line.message.id not in out]
    return replace(page, citizen="", lines=lines), replace(ways, addresses=(), alike=(), merges=())


def letters(session: Session, ticket: Ticket) -> list[int]:
    """Calling this will give the ids of the messages that carried a ticket to a body outside, by its audit trail: they
    may hold who wrote it."""
    rows = session.scalars(
        select(Audit).where(
            col(Audit.subject) == "ticket",
            col(Audit.subject_id) == ticket.number,
            col(Audit.action) == "ticket.consent",
        )
    )
    return [int(row.detail["message"]) for row in rows if "message" in row.detail]
