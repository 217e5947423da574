"""Splitting a ticket among agencies: each does its part under a number of its own, the citizen speaks with the whole.

A part is a ticket with ``parent_id``. Its deadlines count from when the whole was opened. It has no conversation with
the citizen: what its officers write goes to the whole, as a note or as an answer under the whole's number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from dispatch import routing
from dispatch.db import stored_id
from dispatch.models import Author, Direction, Message, Outcome, Position, StatusChange, Ticket
from dispatch.phrases import Phrases
from dispatch.region import Region
from dispatch.runtime import Runtime
from dispatch.services import alerts, answers, deadlines, evidence, holding, tickets
from dispatch.services.apart import UNDONE
from dispatch.services.holding import HandoverFault, NeedsSupervisor, Why
from dispatch.services.trail import audit
from dispatch.workflow import ENDED, OPEN, Status

#: So many agencies share a ticket at most.
MOST = 6
#: The change that ends a whole whose last part is done.
DONE = "parts_done"
#: The kind of what staff are told when the last part has ended (``services.alerts``).
KIND = "parts_done"
_DONE = frozenset({Outcome.SOLVED, Outcome.ANSWERED})


@dataclass(frozen=True, slots=True)
class Part:
    """Calling this will hold one part that is wanted: who is to do what, and the category if it is known."""

    agency: str
    task: str
    category: str | None = None


def split(
    session: Session,
    region: Region,
    now: datetime,
    ticket: Ticket,
    wanted: Sequence[Part],
    *,
    staff_id: int,
    own_part: bool = True,
) -> list[Ticket]:
    """Calling this will split a ticket among agencies, each with a part that has a number and deadlines of its own.

    ``own_part`` says that the ticket's own agency has something to do as well; if not, the whole is resolved when every
    part is done. May be called again for further parts. Raises HandoverFault (``split_none``, ``split_many``,
    ``split_task``, ``split_agency``, ``split_conduct``, ``split_part``, ``split_joined``, ``split_ended``), NotYours,
    NeedsSupervisor; nothing is written then. KeyError for an unknown category.
    """
    holding.check_theirs(session, ticket, staff_id)
    _check(session, region, ticket, wanted, staff_id=staff_id, own_part=own_part)
    if Status(ticket.status) in (Status.NEW, Status.ASSIGNED):
        tickets.move(session, region, now, ticket, Status.IN_PROGRESS, staff_id=staff_id, reason="split")
    ticket.triage = False
    ticket.own_part = own_part
    ticket.version += 1
    session.add(ticket)
    found = [_open(session, region, now, ticket, part, staff_id) for part in wanted]
    detail: dict[str, object] = {"parts": [part.number for part in found], "own_part": own_part}
    audit(session, now, "ticket.split", "ticket", ticket.number, staff_id=staff_id, detail=detail)
    return found


def _check(
    session: Session, region: Region, ticket: Ticket, wanted: Sequence[Part], *, staff_id: int, own_part: bool
) -> None:
    if ticket.parent_id is not None:
        raise HandoverFault("split_part", "a part is not split again: split the ticket it is part of")
    if ticket.lead_id is not None:
        raise HandoverFault("split_joined", "a joined ticket's work is its lead's: split that")
    if Status(ticket.status) not in OPEN:
        raise HandoverFault("split_ended", "a ticket that has ended is not split")
    row = holding.last(session, ticket)
    reason = row.reason if row is not None else ""
    bound = reason == Why.BOUNCED or (reason == Why.DECIDED and not own_part)
    if bound and not holding.supervises(session, staff_id):
        raise NeedsSupervisor("waits_for_supervisor", "only a supervisor may pass this ticket on")
    if not wanted:
        raise HandoverFault("split_none", "a split needs at least one part")
    if len(wanted) + len(of(session, ticket, open_only=True)) > MOST:
        raise HandoverFault("split_many", f"a ticket has at most {MOST} parts")
    for part in wanted:
        agency = region.agencies.get(part.agency)
        if agency is None or not agency.ours or not agency.joined:
            raise HandoverFault("split_agency", f"{part.agency!r} is no agency that can be given a part")
        if not part.task.strip():
            raise HandoverFault("split_task", "a part needs a task")
        # Never to the agency complained about (Permen PANRB 62/2018).
        category = region.categories[part.category] if part.category else None
        conduct = category is not None and category.supervision and not routing.inspects(region, agency.code)
        if conduct or routing.forbidden(region, ticket, agency.code) is not None:
            raise HandoverFault("split_conduct", "what is about officials stays with inspectorates")


def _open(session: Session, region: Region, now: datetime, whole: Ticket, part: Part, staff_id: int) -> Ticket:
    category = region.categories[part.category] if part.category else None
    row = Ticket(
        number=tickets.free_number(session, region),
        parent_id=stored_id(whole.id),
        citizen_id=whole.citizen_id,
        address_id=whole.address_id,
        channel=whole.channel,
        status=Status.NEW,
        kind=whole.kind,
        supervision=whole.supervision or bool(category and category.supervision),
        category=category.code if category else None,
        agency=part.agency,
        area=whole.area,
        language=whole.language,
        summary=tickets.summarise(part.task),
        spoken_at=whole.spoken_at,
        opened_at=whole.opened_at,
        verify_due=whole.verify_due,
        first_response_due=whole.first_response_due,
        resolution_due=whole.resolution_due,
        verified_at=now,
        last_citizen_at=whole.last_citizen_at,
        region_version=whole.region_version,
        danger=whole.danger,
        urgent=whole.urgent,
        personal=list(whole.personal),
        place_text=whole.place_text,
        privacy=whole.privacy,
        owner=whole.owner,
        accused=whole.accused,
    )
    session.add(row)
    session.flush()
    session.add(StatusChange(ticket_id=stored_id(row.id), to_status=Status.NEW, at=now, reason="split"))
    tickets.write_assignment(session, region, now, row, reason=Why.PART, note=part.task.strip(), staff_id=staff_id)
    tickets.move(session, region, now, row, Status.ASSIGNED, staff_id=staff_id, reason="split")
    return row


def of(session: Session, whole: Ticket, *, open_only: bool = False) -> list[Ticket]:
    """Calling this will list a ticket's parts, oldest first, without those whose splitting was undone."""
    undone = select(col(StatusChange.id)).where(
        col(StatusChange.ticket_id) == col(Ticket.id), col(StatusChange.reason) == UNDONE
    )
    query = select(Ticket).where(col(Ticket.parent_id) == stored_id(whole.id), ~undone.exists())
    if open_only:
        query = query.where(col(Ticket.status).in_(sorted(OPEN)))
    return list(session.scalars(query.order_by(col(Ticket.id))))


def agencies(session: Session, whole: Ticket) -> list[str]:
    """Calling this will list the agencies that work on a ticket, its own first where it does a part."""
    parts = of(session, whole)
    own = [whole.agency] if whole.own_part or not parts else []
    return list(dict.fromkeys([*own, *(part.agency for part in parts)]))


def begun(session: Session, part: Ticket) -> bool:
    """Calling this will say whether somebody has begun a part: taken it on, written on it, passed it on, ended it."""
    if part.accepted_at is not None or Status(part.status) is not Status.ASSIGNED or part.handovers:
        return True
    written = select(col(Message.id)).where(col(Message.ticket_id) == part.id).limit(1)
    return session.scalars(written).first() is not None


def unsplit(session: Session, region: Region, now: datetime, whole: Ticket, *, staff_id: int) -> list[Ticket]:
    """Calling this will undo a split while no part of it has begun; returns the parts, which are ended and no longer
    counted. Raises HandoverFault (``unsplit_none``, ``unsplit_begun``), NotYours."""
    holding.check_theirs(session, whole, staff_id)
    parts = of(session, whole)
    if not parts:
        raise HandoverFault("unsplit_none", "the ticket is not split")
    if any(begun(session, part) for part in parts):
        raise HandoverFault("unsplit_begun", "a part has begun: the split stands")
    for part in parts:
        tickets.move(
            session, region, now, part, Status.REJECTED, staff_id=staff_id, reason=UNDONE, outcome=Outcome.MERGED
        )
    whole.own_part = True
    whole.version += 1
    session.add(whole)
    audit(session, now, "ticket.unsplit", "ticket", whole.number, staff_id=staff_id)
    return parts


def report(
    session: Session,
    phrases: Phrases,
    now: datetime,
    part: Ticket,
    *,
    text: str,
    staff_id: int,
    to_citizen: bool = False,
) -> Message:
    """Calling this will pass on what the officer of a part says: as a note to the whole, or (``to_citizen``) as an
    answer to the citizen under the whole's number. Either is the part's first answer, and begins it.

    Raises HandoverFault (``not_part``; ``report_conduct``: what is about officials is answered by whoever has the
    whole), NotYours, and what ``answers.note`` and ``answers.reply`` raise.
    """
    if part.parent_id is None:
        raise HandoverFault("not_part", "the ticket is no part of another")
    holding.check_theirs(session, part, staff_id)
    whole = session.scalars(select(Ticket).where(col(Ticket.id) == part.parent_id).with_for_update()).one()
    if to_citizen and whole.supervision:
        raise HandoverFault("report_conduct", "what is about officials is answered by whoever has the whole")
    if to_citizen:
        message = answers.reply(session, phrases, now, whole, text=text, staff_id=staff_id)
    else:
        message = answers.note(session, now, whole, text=text, staff_id=staff_id)
        message.notes = [f"part:{part.number}"]
        session.add(message)
    part.first_response_at = part.first_response_at or now
    part.last_staff_at = now
    if Status(part.status) is Status.ASSIGNED:
        tickets.move(session, phrases.region, now, part, Status.IN_PROGRESS, staff_id=staff_id, reason="reported")
    else:
        part.version += 1
        deadlines.settle(session, phrases.region, now, part)
    audit(session, now, "ticket.report", "ticket", part.number, staff_id=staff_id, detail={"to_citizen": to_citizen})
    return message


def followed(runtime: Runtime, session: Session, ticket: Ticket, change: StatusChange) -> None:
    """Calling this will bring a whole back to its agency when its last part ends, with a note of the outcomes; where
    that agency had nothing to do and every part is done, the whole is resolved. A consequence of a change of status,
    worked by the clock."""
    if ticket.parent_id is None or Status(change.to_status) not in ENDED or change.reason == UNDONE:
        return
    whole = session.scalars(select(Ticket).where(col(Ticket.id) == ticket.parent_id).with_for_update()).one()
    parts = of(session, whole)
    if Status(whole.status) not in OPEN or any(Status(part.status) in OPEN for part in parts):
        return
    ends = (
        col(StatusChange.ticket_id).in_([part.id for part in parts]),
        col(StatusChange.to_status).in_(sorted(ENDED)),
    )
    if session.scalar(select(func.max(col(StatusChange.id))).where(*ends)) != change.id:
        return  # of two parts that ended at once, the later one speaks
    now, region = runtime.now(), runtime.region
    session.add(
        Message(
            ticket_id=whole.id,
            direction=Direction.NOTE,
            author=Author.SYSTEM,
            notes=[f"part {part.outcome}:{part.number}" for part in parts],
            created_at=now,
        )
    )
    whole.version += 1
    session.add(whole)
    if not whole.own_part and all(part.outcome in _DONE for part in parts) and _proven(session, region, whole):
        if Status(whole.status) in (Status.NEW, Status.ASSIGNED):
            tickets.move(session, region, now, whole, Status.IN_PROGRESS, reason=DONE)
        tickets.move(session, region, now, whole, Status.RESOLVED, reason=DONE)
        return
    if Status(whole.status) is Status.ANSWERED:  # what is left to do is the agency's, not the citizen's
        tickets.move(session, region, now, whole, Status.IN_PROGRESS, reason=DONE)
    _tell(runtime, session, whole, f"parts:{change.id}")


def _proven(session: Session, region: Region, whole: Ticket) -> bool:
    """Whether nothing is missing of what the whole's category demands of finished work; if something is, a person
    ends it."""
    try:
        evidence.prove(session, region, whole)
    except evidence.Unproven:
        return False
    return True


def _tell(runtime: Runtime, session: Session, whole: Ticket, key: str) -> None:
    told = alerts.readers(
        session, runtime.region, position=Position.OFFICER, scope="agency", agency=whole.agency, ticket=whole
    )
    alerts.tell(session, runtime, runtime.now(), staff_ids=told.staff_ids, kind=KIND, ticket=whole, key=key)
