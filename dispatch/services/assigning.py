"""Which agency, category and kind a ticket gets, whose asset it is about, and whom it complains about."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlmodel import Session, col

from classifier.reading import Kind
from dispatch import ownership, routing
from dispatch.models import Assignment, Direction, Message, Privacy, Ticket
from dispatch.ownership import Finding, Why
from dispatch.region import Category, Region
from dispatch.routing import Held, Reason
from dispatch.services import privacy
from dispatch.services.tagged import Tag

#: The kinds the law knows (Permen PANRB 62/2018), each with its own clock; a greeting or an advert is none of them.
LEGAL_KINDS = frozenset({Kind.COMPLAINT, Kind.INFORMATION, Kind.ASPIRATION})
#: How many of a citizen's messages are read again for whose asset they tell of.
MOST_MESSAGES = 20
#: The desk works on what these gave it; everything else only waits there.
_DESKS_OWN = frozenset({Reason.LOCAL, Reason.PROVINCE, Reason.ASSET, Reason.OWNER_WORDS, Reason.STAFF_OWNER})


@dataclass(frozen=True, slots=True)
class Complaint:
    """Calling this will hold what of a report decides who must not get it, before it is written down."""

    supervision: bool
    accused: str


def choose(session: Session, region: Region, ticket: Ticket, tag: Tag, text: str = "") -> str:
    """Calling this will give a ticket its agency, category, kind and owner, and say why.

    What a person must look at first waits at the desk, without a category; so does danger to life where a body outside
    is in charge, and a secret that nobody at the agency may read: none of ours would see it there. ``text`` is what the
    citizen just said, beside what is stored.
    """
    supervision = tag.supervision or ticket.supervision
    said = f"{words(session, ticket)}\n{text}"
    category = region.categories.get(tag.category or "")
    if supervision or (category is not None and category.supervision):
        ticket.accused = accused(session, region, ticket, said)
    found, by_staff = _owner(session, region, ticket, tag.category, said)
    route = routing.route(
        region,
        tag.category,
        ticket.area,
        supervision=supervision,
        found=found,
        by_staff=by_staff,
        accused=ticket.accused.split(),
    )
    held = tag.doubt
    if not held and tag.danger and not region.agencies[route.agency].ours:
        held = Held.DANGER
    chosen = None if held else tag.category
    ticket.agency = routing.keeper(region, ticket) if held else route.agency
    ticket.triage = bool(held) or (chosen is None and not supervision)
    ticket.owner = found.owner if found is not None and found.sure and not held else ""
    if chosen is not None:
        apply(region, ticket, region.categories[chosen], inspected=supervision, said=tag.kind)
    elif supervision and not held:
        ticket.supervision, ticket.kind = True, Kind.COMPLAINT.value
    if ticket.privacy == Privacy.SECRET and not held and not privacy.readers(session, region, ticket):
        ticket.agency, ticket.triage = routing.keeper(region, ticket), True
        return Held.SECRET
    return held or route.reason


def apply(region: Region, ticket: Ticket, category: Category, *, inspected: bool, said: Kind | None = None) -> None:
    """Calling this will put a ticket in a category. Its kind is what its words say; where these do not tell, the
    category's own, but what earlier words told stays in a category of plain complaints. What an inspectorate gets is a
    complaint about officials whatever its matter."""
    before = region.categories.get(ticket.category or "")
    told = ticket.kind != (before.kind if before else Kind.COMPLAINT)
    if said in LEGAL_KINDS:
        ticket.kind = said.value
    elif before is not category and not (told and category.kind == Kind.COMPLAINT):
        ticket.kind = category.kind
    ticket.category = category.code
    ticket.supervision = category.supervision or inspected
    if ticket.supervision:
        ticket.kind = Kind.COMPLAINT.value


def accused(session: Session, region: Region, ticket: Ticket, text: str) -> str:
    """Calling this will say whom a report about officials' conduct complains about: the agencies that had it before it
    was known to be one, its parts' too, and the inspectorate where the words name it. What is written down stays, but
    for an inspectorate whose place was not known and is now."""
    inspectorates = region.agencies[region.inspectorate].function
    found = {code for code in ticket.accused.split() if code != inspectorates}
    named = routing.inspectorate_accused(region, text, ticket.area)
    if not named and inspectorates in ticket.accused.split():
        named = inspectorates
    if named:
        found.add(named)
    if not ticket.supervision and ticket.id is not None:
        family = select(col(Ticket.id)).where(or_(col(Ticket.id) == ticket.id, col(Ticket.parent_id) == ticket.id))
        had = select(col(Assignment.agency), col(Assignment.reason)).where(col(Assignment.ticket_id).in_(family))
        found |= {code for code, reason in session.execute(had) if _accusable(region, code, reason)}
    return " ".join(sorted(found))


def complaint(session: Session, region: Region, ticket: Ticket, supervision: bool) -> Complaint:
    """Calling this will say what a ticket would complain about if it were, or were not, about officials' conduct."""
    if not supervision:
        return Complaint(False, ticket.accused)
    return Complaint(True, accused(session, region, ticket, words(session, ticket)))


def guard(session: Session, region: Region, ticket: Ticket) -> None:
    """Calling this will return if the ticket's agency may have it, and for a part what the whole says. Raises
    routing.Forbidden."""
    whole = session.get_one(Ticket, ticket.parent_id) if ticket.parent_id is not None else ticket
    if any(routing.forbidden(region, each, ticket.agency) is not None for each in (ticket, whole)):
        raise routing.Forbidden(ticket.agency)


def words(session: Session, ticket: Ticket) -> str:
    """Calling this will give what a ticket's citizen wrote first, subjects included, up to twenty messages."""
    if ticket.id is None:
        return ""
    query = select(col(Message.subject), col(Message.body)).where(
        col(Message.ticket_id) == ticket.id, col(Message.direction) == Direction.IN
    )
    rows = session.execute(query.order_by(col(Message.id)).limit(MOST_MESSAGES))
    return "\n".join(f"{subject}\n{body}" for subject, body in rows)


def _accusable(region: Region, code: str, reason: str) -> bool:
    agency = region.agencies.get(code)
    if agency is None or not agency.ours or routing.inspects(region, code):
        return False
    return code != region.desk or reason in _DESKS_OWN


def _owner(
    session: Session, region: Region, ticket: Ticket, category: str | None, text: str
) -> tuple[Finding | None, bool]:
    """Whose asset it is, and whether a person said so: that stays, as long as the category has such an owner."""
    if ticket.owner and ticket.id is not None and ticket.owner in region.owned.get(category or "", ()):
        said = select(col(Assignment.id)).where(
            col(Assignment.ticket_id) == ticket.id,
            col(Assignment.staff_id).is_not(None),
            col(Assignment.owner) == ticket.owner,
        )
        if session.scalars(said.limit(1)).first() is not None:
            return Finding(ticket.owner, Why.WORDS), True
    return ownership.find(region, category, text, ticket.area), False
