"""Tickets: open, assign, place, change status. Each function is one step inside the caller's transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from classifier.reading import Kind
from dispatch import numbers, routing, sla
from dispatch.db import stored_id
from dispatch.models import Assignment, CitizenAddress, Message, Outcome, Privacy, StatusChange, Ticket
from dispatch.ownership import Finding, Why
from dispatch.region import Region
from dispatch.routing import Reason
from dispatch.services import apart, assigning, deadlines, holding, likenesses
from dispatch.services.assigning import LEGAL_KINDS as LEGAL_KINDS
from dispatch.services.tagged import Tag
from dispatch.services.trail import audit as audit
from dispatch.workflow import ENDED, STOPS_VERIFY, Status, check

SUMMARY_LENGTH = 160
_OUTCOMES = {
    Status.RESOLVED: Outcome.SOLVED,
    Status.REJECTED: Outcome.REFUSED,
    Status.FORWARDED: Outcome.NOT_OURS,
}


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
    privacy: Privacy = Privacy.NAMED,
) -> Ticket:
    """Calling this will open a ticket for a citizen's first message: number, agency, deadlines, history.

    The clock starts at ``now`` (receipt); ``spoken_at`` keeps when the citizen said it.
    """
    ticket = Ticket(
        number=free_number(session, region),
        citizen_id=address.citizen_id,
        address_id=stored_id(address.id),
        channel=address.channel,
        status=Status.NEW,
        kind=Kind.COMPLAINT.value,
        agency=region.desk,
        language=language,
        summary=summarise(text),
        area=area,
        privacy=privacy,
        spoken_at=min(first.sent_at or now, now),
        opened_at=now,
        verify_due=now,
        first_response_due=now,
        resolution_due=now,
        last_citizen_at=now,
        region_version=region.edition,
    )
    mark(ticket, tag)
    if tag.kind in LEGAL_KINDS:
        ticket.kind = tag.kind.value
    reason = assigning.choose(session, region, ticket, tag, text)
    session.add(ticket)
    session.flush()
    session.add(StatusChange(ticket_id=stored_id(ticket.id), to_status=Status.NEW, at=now, reason="received"))
    write_assignment(session, region, now, ticket, reason=reason, tag=tag)
    if not region.agencies[ticket.agency].ours:
        move(session, region, now, ticket, Status.FORWARDED, reason=reason)
    elif not ticket.triage:
        move(session, region, now, ticket, Status.ASSIGNED, reason=reason)
    first.ticket_id = ticket.id
    session.add(first)
    return ticket


def place(session: Session, region: Region, now: datetime, ticket: Ticket, area: str) -> bool:
    """Calling this will write down where the trouble is; True when that gave the ticket to another agency.

    Only while no officer has begun: afterwards a person decides about hand-overs. What a rule referred to a body
    outside is referred to the right one.
    """
    ticket.area = area
    ticket.version += 1
    session.add(ticket)
    likenesses.find(session, region, now, ticket)
    last = current_assignment(session, ticket)
    referred = ticket.status == Status.FORWARDED and not region.agencies[ticket.agency].ours
    if ticket.triage or (ticket.category is None and not ticket.supervision):
        return False
    if last is not None and last.reason in holding.BINDING:
        return False
    if _begun(ticket) and not (referred and last is not None and last.staff_id is None):
        return False
    if holding.by_people(session, ticket):
        return False
    before, owner = ticket.agency, ticket.owner
    tag = (
        Tag(ticket.category, last.score, tuple(last.words), last.model_version, tuple(last.suggestions))
        if last
        else Tag(ticket.category)
    )
    reason = assigning.choose(session, region, ticket, tag)
    if ticket.agency != before or ticket.owner != owner:
        write_assignment(session, region, now, ticket, reason=reason, tag=tag)
    target = Status.ASSIGNED if region.agencies[ticket.agency].ours else Status.FORWARDED
    if ticket.agency != before and (referred or target is Status.FORWARDED) and ticket.status != target:
        move(session, region, now, ticket, target, reason=reason)
    return ticket.agency != before


def mark(ticket: Ticket, tag: Tag) -> None:
    """Calling this will note on a ticket what further words show beside its matter: danger to life, urgency, kinds of
    personal data. What was noted before stays."""
    if tag.danger and not ticket.danger:
        ticket.danger, ticket.ladder_at = tag.danger, None  # staff hear of it at once
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
    why = assigning.choose(session, region, ticket, tag, text)
    ticket.summary = summarise(text) if text else ticket.summary
    write_assignment(session, region, now, ticket, reason=why, tag=tag)
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
    reason = assigning.choose(session, region, ticket, Tag(ticket.category, supervision=True))
    write_assignment(session, region, now, ticket, reason=reason)
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
    for an unknown agency or category, NotAllowed when the ticket's status forbids it, routing.Forbidden (one of those)
    when a report about officials' conduct must not go there, holding.NeedsSupervisor.
    """
    target = Status.ASSIGNED if region.agencies[agency].ours else Status.FORWARDED
    kind = region.categories[category] if category is not None else None
    why = holding.check_free(session, region, ticket, agency, staff_id)
    conduct = ticket.supervision if kind is None else kind.supervision or routing.inspects(region, agency)
    complaint = assigning.complaint(session, region, ticket, conduct if supervision is None else supervision)
    # Another category alone does not give a report back to the agency it complains about: a person must say so.
    unsaid = supervision is None and ticket.supervision and agency in ticket.accused.split()
    if unsaid or routing.forbidden(region, complaint, agency) is not None:
        raise routing.Forbidden(agency)
    if ticket.status != target:
        move(session, region, now, ticket, target, staff_id=staff_id, reason=note or "reassigned")
    if kind is not None:
        assigning.apply(region, ticket, kind, inspected=routing.inspects(region, agency))
    ticket.kind = legal_kind or ticket.kind
    ticket.supervision, ticket.accused = complaint.supervision, complaint.accused
    ticket.agency = agency
    ticket.triage = False
    assignment = write_assignment(session, region, now, ticket, reason=why, note=note, staff_id=staff_id)
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


def set_owner(session: Session, region: Region, now: datetime, ticket: Ticket, *, owner: str, staff_id: int) -> bool:
    """Calling this will write down whose asset a ticket is about because a person says so ("": not certain); True when
    that gave it to another agency. What has ended only keeps the owner.

    Raises KeyError for an owner the ticket's category does not have, routing.Forbidden, NotAllowed,
    holding.NeedsSupervisor.
    """
    if owner and owner not in region.owned.get(ticket.category or "", ()):
        raise KeyError(owner)
    ticket.owner = owner
    ticket.version += 1
    session.add(ticket)
    detail: dict[str, object] = {"owner": owner}
    audit(session, now, "ticket.owner", "ticket", ticket.number, staff_id=staff_id, detail=detail)
    status = Status(ticket.status)
    ended = status in ENDED and status is not Status.FORWARDED
    if not owner or ended or ticket.supervision or ticket.category is None or holding.supervised(session, ticket):
        return False
    found = Finding(owner, Why.WORDS)
    chosen = routing.route(region, ticket.category, ticket.area, found=found, by_staff=True)
    holding.check_free(session, region, ticket, chosen.agency, staff_id)
    before, ticket.agency, ticket.triage = ticket.agency, chosen.agency, False
    write_assignment(session, region, now, ticket, reason=chosen.reason, staff_id=staff_id)
    target = Status.ASSIGNED if region.agencies[ticket.agency].ours else Status.FORWARDED
    if status != target and (ticket.agency != before or status is Status.NEW):
        move(session, region, now, ticket, target, staff_id=staff_id, reason=chosen.reason)
    return ticket.agency != before


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
    follows: bool = False,
) -> None:
    """Calling this will change a ticket's status if the table allows it (or it ``follows`` the ticket it is joined to),
    append the change to its history and set its dates. Who must hear of it is worked afterwards
    (``services.consequences``).

    Raises NotAllowed, holding.PartsOpen.
    """
    before = Status(ticket.status)
    if not follows:
        check(before, to)
    holding.check_parts(session, ticket, to)
    holding.stepped(session, now, ticket, to, staff_id)
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


def take_up_again(
    session: Session,
    region: Region,
    now: datetime,
    ticket: Ticket,
    *,
    staff_id: int | None = None,
    reason: str = "wrote_back",
) -> None:
    """Calling this will bring a ticket back to an officer: because the citizen wrote on an answered, asked or ended
    one, or because a member of staff found it unfinished.

    What was forwarded outside local government comes back to the region's desk: nobody else of ours would see it.
    """
    if ticket.status != Status.FORWARDED:
        move(session, region, now, ticket, Status.IN_PROGRESS, staff_id=staff_id, reason=reason)
        return
    ticket.agency = routing.keeper(region, ticket)
    ticket.triage = True
    move(session, region, now, ticket, Status.ASSIGNED, staff_id=staff_id, reason=reason)
    write_assignment(session, region, now, ticket, reason="reopened")


def current_assignment(session: Session, ticket: Ticket) -> Assignment | None:
    """Calling this will give the assignment in force: the last one written."""
    query = select(Assignment).where(col(Assignment.ticket_id) == ticket.id).order_by(col(Assignment.id).desc())
    return session.scalars(query.limit(1)).first()


def summarise(text: str) -> str:
    """Calling this will shorten a text to one line for lists, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= SUMMARY_LENGTH:
        return line
    return line[: SUMMARY_LENGTH - 1].rsplit(" ", 1)[0] + "…"


def _begun(ticket: Ticket) -> bool:
    return ticket.first_response_at is not None or Status(ticket.status) not in {Status.NEW, Status.ASSIGNED}


def write_assignment(
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
    """Calling this will write down that the ticket's agency has it from ``now`` on, why, and by when; all further rules
    of a hand-over are ``services.holding``'s. Raises routing.Forbidden."""
    assigning.guard(session, region, ticket)
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
        owner=ticket.owner,
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
    holding.begin(session, region, now, ticket, assignment)
    session.add(ticket)
    session.add(assignment)
    apart.settle(session, region, now, ticket, move)
    deadlines.settle(session, region, now, ticket)
    return assignment


def free_number(session: Session, region: Region) -> str:
    """Calling this will give a number nobody has. Two alike are one in thirty thousand million, but a refused insert
    would lose a message."""
    while True:
        number = numbers.new(region.prefix)
        if session.scalars(select(col(Ticket.id)).where(col(Ticket.number) == number)).first() is None:
            return number
