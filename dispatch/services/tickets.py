"""Tickets: open, assign, place, change status. Each function is one step inside the caller's transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from classifier.reading import Kind
from dispatch import numbers, routing, sla
from dispatch.db import stored_id
from dispatch.models import Assignment, Audit, CitizenAddress, Message, Outcome, StatusChange, Ticket
from dispatch.region import Category, Region
from dispatch.routing import Held, Reason
from dispatch.services import deadlines
from dispatch.services.tagged import Tag
from dispatch.workflow import ENDED, STOPS_VERIFY, Status, check

SUMMARY_LENGTH = 160
_OUTCOMES = {
    Status.RESOLVED: Outcome.SOLVED,
    Status.REJECTED: Outcome.REFUSED,
    Status.FORWARDED: Outcome.NOT_OURS,
}
#: The kinds the law knows (Permen PANRB 62/2018), each with its own clock; a greeting or an advert is none of them.
LEGAL_KINDS = frozenset({Kind.COMPLAINT, Kind.INFORMATION, Kind.ASPIRATION})


def open_ticket(
    session: Session,
    region: Region,
    now: datetime,
    *,
    address: CitizenAddress,
    first: Message,
    text: str,
    tag: Tag,
    area: str | None,
    language: str,
) -> Ticket:
    """Calling this will open a ticket for a citizen's first message: number, agency, deadlines, history.

    The clock starts at ``now`` (receipt); ``spoken_at`` keeps when the citizen said it.
    """
    ticket = Ticket(
        number=_free_number(session, region),
        citizen_id=address.citizen_id,
        address_id=stored_id(address.id),
        channel=address.channel,
        status=Status.NEW,
        kind=Kind.COMPLAINT.value,
        agency=region.desk,
        language=language,
        summary=summarise(text),
        area=area,
        spoken_at=min(first.sent_at or now, now),
        opened_at=now,
        verify_due=now,
        first_response_due=now,
        resolution_due=now,
        last_citizen_at=now,
        region_version=region.version,
    )
    mark(ticket, tag)
    if tag.kind in LEGAL_KINDS:
        ticket.kind = tag.kind.value
    reason = _route(region, ticket, tag)
    session.add(ticket)
    session.flush()
    session.add(StatusChange(ticket_id=stored_id(ticket.id), to_status=Status.NEW, at=now, reason="received"))
    _write_assignment(session, region, now, ticket, reason=reason, tag=tag)
    if not region.agencies[ticket.agency].ours:
        move(session, region, now, ticket, Status.FORWARDED, reason=reason)
    elif not ticket.triage:
        move(session, region, now, ticket, Status.ASSIGNED, reason=reason)
    first.ticket_id = ticket.id
    session.add(first)
    return ticket


def place(session: Session, region: Region, now: datetime, ticket: Ticket, area: str) -> bool:
    """Calling this will write down where the trouble is; True when that gave the ticket to another agency.

    Only while no officer has begun: afterwards a person decides about hand-overs.
    """
    ticket.area = area
    ticket.version += 1
    session.add(ticket)
    if ticket.triage or (ticket.category is None and not ticket.supervision) or _begun(ticket):
        return False
    before = ticket.agency
    if routing.route(region, ticket.category, area, supervision=ticket.supervision).agency == before:
        return False
    last = current_assignment(session, ticket)
    tag = (
        Tag(ticket.category, last.score, tuple(last.words), last.model_version, tuple(last.suggestions))
        if last
        else Tag(ticket.category)
    )
    reason = _route(region, ticket, tag)
    _write_assignment(session, region, now, ticket, reason=reason, tag=tag)
    if not region.agencies[ticket.agency].ours:
        move(session, region, now, ticket, Status.FORWARDED, reason=reason)
    return ticket.agency != before


def mark(ticket: Ticket, tag: Tag) -> None:
    """Calling this will note on a ticket what further words show beside its matter: danger to life, urgency, kinds of
    personal data. What was noted before stays."""
    ticket.danger = ticket.danger or tag.danger
    ticket.urgent = ticket.urgent or tag.urgent
    if found := set(tag.personal) - set(ticket.personal):
        ticket.personal = sorted({*ticket.personal, *found})


def undecided(ticket: Ticket) -> bool:
    """Calling this will say whether a ticket still waits for triage and nobody has looked at it."""
    return ticket.triage and Status(ticket.status) is Status.NEW


def unclear(session: Session, ticket: Ticket) -> bool:
    """Calling this will say whether an undecided ticket waits only because its matter is not clear: that the citizen's
    further words may settle, unlike what a person must look at."""
    last = current_assignment(session, ticket) if undecided(ticket) else None
    return last is not None and last.reason == Reason.UNSURE


def categorise(
    session: Session, region: Region, now: datetime, ticket: Ticket, tag: Tag, text: str = "", reason: str = "explained"
) -> bool:
    """Calling this will give a ticket that waits for triage to the agency its citizen's further words name; True when
    it did.

    Nothing happens unless ``tag`` is sure and the ticket is ``unclear``. The list then shows ``text``, if there is any.
    """
    if tag.category is None or not unclear(session, ticket):
        return False
    why = _route(region, ticket, tag)
    ticket.summary = summarise(text) if text else ticket.summary
    _write_assignment(session, region, now, ticket, reason=why, tag=tag)
    if ticket.triage:  # it turned out to be what only a person may pass on
        return False
    target = Status.ASSIGNED if region.agencies[ticket.agency].ours else Status.FORWARDED
    move(session, region, now, ticket, target, reason=reason)
    return True


def supervise(session: Session, region: Region, now: datetime, ticket: Ticket, tag: Tag) -> bool:
    """Calling this will take a ticket from the agency that has it to the inspectorate, because its citizen's further
    words are nearly surely about the conduct of officials; True when it did.

    Only while no officer has begun: afterwards a person decides. Deadlines count from when the ticket was opened.
    """
    if not tag.supervision or ticket.supervision or _begun(ticket):
        return False
    reason = _route(region, ticket, Tag(ticket.category, supervision=True))
    _write_assignment(session, region, now, ticket, reason=reason)
    if ticket.status == Status.NEW:
        move(session, region, now, ticket, Status.ASSIGNED, reason="explained")
    return True


def reassign(
    session: Session,
    region: Region,
    now: datetime,
    ticket: Ticket,
    *,
    agency: str,
    category: str | None,
    staff_id: int,
    note: str = "",
    legal_kind: str | None = None,
    supervision: bool | None = None,
) -> Assignment:
    """Calling this will give a ticket to an agency a person chose, and write who, when and why.

    ``legal_kind`` and ``supervision`` are what the person says of them, None for what the category says or the ticket
    has. The citizen's clock is not restarted: deadlines are worked out from when the ticket was opened. Raises KeyError
    for an unknown agency or category, NotAllowed when the ticket's status forbids it.
    """
    target = Status.ASSIGNED if region.agencies[agency].ours else Status.FORWARDED
    kind = region.categories[category] if category is not None else None
    if ticket.status != target:
        move(session, region, now, ticket, target, staff_id=staff_id, reason=note or "reassigned")
    if kind is not None:
        _apply(region, ticket, kind, inspected=_inspects(region, agency))
    ticket.kind = legal_kind or ticket.kind
    ticket.supervision = ticket.supervision if supervision is None else supervision
    ticket.agency = agency
    ticket.triage = False
    assignment = _write_assignment(session, region, now, ticket, reason="staff", note=note, staff_id=staff_id)
    audit(
        session,
        now,
        "ticket.reassign",
        "ticket",
        ticket.number,
        staff_id=staff_id,
        detail={"agency": agency, "category": category, "kind": ticket.kind, "supervision": ticket.supervision},
    )
    return assignment


def move(
    session: Session,
    region: Region,
    now: datetime,
    ticket: Ticket,
    to: Status,
    *,
    staff_id: int | None = None,
    reason: str = "",
    outcome: Outcome | None = None,
) -> None:
    """Calling this will change a ticket's status if the table allows it, append the change to its history and set its
    dates. Who must hear of it is worked afterwards (``services.consequences``).

    Raises NotAllowed.
    """
    before = Status(ticket.status)
    check(before, to)
    ticket.status = to
    ticket.version += 1
    if to in STOPS_VERIFY:
        ticket.verified_at = ticket.verified_at or now
    if to is Status.RESOLVED or (to in ENDED and ticket.resolved_at is None):
        ticket.resolved_at = ticket.resolved_at or now
    if to in ENDED:
        ticket.closed_at = ticket.closed_at or now
        ticket.outcome = outcome or ticket.outcome or _OUTCOMES.get(to, Outcome.ANSWERED)
    elif before in ENDED:
        ticket.resolved_at = ticket.closed_at = None
        ticket.outcome = ""
    session.add(ticket)
    session.add(
        StatusChange(
            ticket_id=stored_id(ticket.id),
            from_status=before,
            to_status=to,
            at=now,
            staff_id=staff_id,
            reason=reason[:200],
            outcome=ticket.outcome,
        )
    )
    deadlines.settle(session, region, now, ticket)


def take_up_again(session: Session, region: Region, now: datetime, ticket: Ticket) -> None:
    """Calling this will bring a ticket back to an officer because the citizen wrote: answered, asked, or ended ones.

    What was forwarded outside local government comes back to the region's desk: nobody else of ours would see it.
    """
    if ticket.status != Status.FORWARDED:
        move(session, region, now, ticket, Status.IN_PROGRESS, reason="wrote_back")
        return
    ticket.agency = region.desk
    ticket.triage = True
    move(session, region, now, ticket, Status.ASSIGNED, reason="wrote_back")
    _write_assignment(session, region, now, ticket, reason="reopened")


def current_assignment(session: Session, ticket: Ticket) -> Assignment | None:
    """Calling this will give the assignment in force: the last one written."""
    query = select(Assignment).where(col(Assignment.ticket_id) == ticket.id).order_by(col(Assignment.id).desc())
    return session.scalars(query.limit(1)).first()


def audit(
    session: Session,
    now: datetime,
    action: str,
    subject: str,
    subject_id: str,
    *,
    staff_id: int | None = None,
    detail: dict[str, object] | None = None,
) -> None:
    """Calling this will append a line to the audit trail; ``detail`` must hold no personal data."""
    session.add(
        Audit(at=now, staff_id=staff_id, action=action, subject=subject, subject_id=subject_id, detail=detail or {})
    )


def summarise(text: str) -> str:
    """Calling this will shorten a text to one line for lists, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= SUMMARY_LENGTH:
        return line
    return line[: SUMMARY_LENGTH - 1].rsplit(" ", 1)[0] + "…"


def _begun(ticket: Ticket) -> bool:
    return ticket.first_response_at is not None or Status(ticket.status) not in {Status.NEW, Status.ASSIGNED}


def _route(region: Region, ticket: Ticket, tag: Tag) -> str:
    """Give the ticket its agency, category and kind, and say why. What a person must look at first waits at the desk,
    without a category; so does danger to life where a body outside is in charge: none of ours would see it there."""
    supervision = tag.supervision or ticket.supervision
    route = routing.route(region, tag.category, ticket.area, supervision=supervision)
    held = tag.doubt
    if not held and tag.danger and not region.agencies[route.agency].ours:
        held = Held.DANGER
    category = None if held else tag.category
    ticket.agency = region.desk if held else route.agency
    ticket.triage = bool(held) or (category is None and not supervision)
    if category is not None:
        _apply(region, ticket, region.categories[category], inspected=supervision, said=tag.kind)
    elif supervision and not held:
        ticket.supervision, ticket.kind = True, Kind.COMPLAINT.value
    return held or route.reason


def _apply(region: Region, ticket: Ticket, category: Category, *, inspected: bool, said: Kind | None = None) -> None:
    """Put a ticket in a category. Its kind is what its words say; where these do not tell, the category's own, but
    what earlier words told stays in a category of plain complaints. What an inspectorate gets is a complaint about
    officials whatever its matter."""
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


def _inspects(region: Region, agency: str) -> bool:
    return region.agencies[agency].function == region.agencies[region.inspectorate].function


def _write_assignment(
    session: Session,
    region: Region,
    now: datetime,
    ticket: Ticket,
    *,
    reason: str,
    note: str = "",
    staff_id: int | None = None,
    tag: Tag | None = None,
) -> Assignment:
    due = sla.deadlines(region, ticket.agency, kind=ticket.kind, supervision=ticket.supervision, start=ticket.opened_at)
    ticket.verify_due = due.verify.at
    ticket.first_response_due = due.first_response.at
    ticket.resolution_due = due.resolution.at
    ticket.version += 1
    assignment = Assignment(
        ticket_id=stored_id(ticket.id),
        agency=ticket.agency,
        category=ticket.category,
        area=ticket.area,
        reason=reason,
        note=note[:500],
        staff_id=staff_id,
        assigned_at=now,
        verify_due=due.verify.at,
        first_response_due=due.first_response.at,
        resolution_due=due.resolution.at,
        rule_version=due.rule_version,
        score=tag.score if tag else None,
        model_version=tag.model if tag else "",
        words=list(tag.words) if tag else [],
        suggestions=[dict(item) for item in tag.suggestions] if tag else [],
    )
    session.add(ticket)
    session.add(assignment)
    deadlines.settle(session, region, now, ticket)
    return assignment


def _free_number(session: Session, region: Region) -> str:
    """A number nobody has. Two alike are one in thirty thousand million, but a refused insert would lose a message."""
    while True:
        number = numbers.new(region.prefix)
        if session.scalars(select(col(Ticket.id)).where(col(Ticket.number) == number)).first() is None:
            return number
