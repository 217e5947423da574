"""What staff wrote down for a citizen: whom it is answered to, and what was said of it at the desk."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from channels.base import RawRequest
from channels.desk import Desk
from channels.message import DeliveryState, InboundMessage, Intake
from dispatch.models import CitizenAddress, EventState, InboundEvent, Message, Outbox, Privacy, Ticket
from dispatch.region import Region
from dispatch.runtime import Runtime
from dispatch.services import inbound, people, tickets
from dispatch.services.tagged import Tag


@dataclass(frozen=True, slots=True)
class File:
    """Calling this will hold one file that came with a report: a letter that was scanned, a photo."""

    name: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Slip:
    """Calling this will hold a report as staff wrote it down. ``key`` is the form's own: the same slip handed in twice
    is one report. ``said_at`` is when the citizen said or wrote it (aware), None for now,
    ``privacy`` how they want to be treated, ``call`` the number or mail address by which staff themselves reach who
    has no channel."""

    key: str
    text: str
    intake: Intake
    name: str = ""
    place: str = ""
    said_at: datetime | None = None
    privacy: str = Privacy.NAMED
    call: str = ""
    files: Sequence[File] = ()


def hand_in(runtime: Runtime, slip: Slip) -> str:
    """Calling this will record a slip as an arrived message and return its key; a second time changes nothing.

    The worker opens the ticket as it does for any channel: same receipt, same clock. Raises Malformed for a slip that
    holds what no desk writes, and passes through what the database raises.
    """
    given = slip.intake
    body: dict[str, object] = {
        "text": slip.text,
        "name": slip.name,
        "place": slip.place,
        "files": [
            {"name": each.name, "type": each.content_type, "data": base64.b64encode(each.data).decode("ascii")}
            for each in slip.files
        ],
        "call": slip.call,
        "source": given.source,
        "staff": given.staff,
        "way": given.way,
        "account": given.account,
        "category": given.category,
        "agency": given.agency,
        "area": given.area,
        "privacy": slip.privacy if slip.privacy != Privacy.NAMED else "",
    }
    if given.reach is not None:
        body |= {"scheme": given.reach.scheme, "reach": given.reach.value}
    if slip.said_at is not None:
        body["written_at"] = slip.said_at.isoformat()
    digest = hashlib.sha256(json.dumps([slip.key, body], sort_keys=True).encode()).hexdigest()
    key = f"{slip.key}-{digest[:16]}"
    raw = json.dumps({**body, "key": key, "chat": digest[:32]}).encode()
    headers = {"Content-Type": "application/json"}
    request = RawRequest("POST", runtime.settings.public_url, headers, raw, runtime.now())
    events = runtime.channel(Desk.kind).parse(request)
    with runtime.writing() as session:
        inbound.record_inbound(session, runtime.now(), events, raw=raw, content_type="application/json")
    return key


def handed_in(session: Session, key: str) -> tuple[EventState, Ticket | None] | None:
    """Calling this will tell how far a slip has come: the state of its event, and the ticket once there is one; None
    for a key nobody handed in."""
    mine = (col(InboundEvent.channel) == Desk.kind, col(InboundEvent.external_id) == key)
    event = session.scalars(select(InboundEvent).where(*mine)).one_or_none()
    if event is None:
        return None
    query = select(Ticket).join(Message, col(Message.ticket_id) == col(Ticket.id))
    found = session.scalars(query.where(col(Message.event_id) == event.id).limit(1)).first()
    return EventState(event.state), found


def recorded_by(session: Session, staff_id: int, limit: int = 10) -> list[tuple[str, Ticket]]:
    """Calling this will list what somebody wrote down last, each with the key of its slip, newest first."""
    query = (
        select(col(InboundEvent.external_id), Ticket)
        .join(Message, col(Message.event_id) == col(InboundEvent.id))
        .join(Ticket, col(Ticket.id) == col(Message.ticket_id))
        .where(col(Ticket.intake_by) == staff_id, col(InboundEvent.channel) == Desk.kind)
    )
    return [(key, ticket) for key, ticket in session.execute(query.order_by(col(Ticket.id).desc()).limit(limit))]


def address(session: Session, now: datetime, message: InboundMessage) -> CitizenAddress:
    """Calling this will find or make the address answers to this message go to: where the citizen says they are
    reached, which proves nothing of who reads there, else a place at the desk."""
    given = message.intake
    if given is None or given.reach is None:
        found = people.identify(session, now, message)
        if given is not None and given.call:
            found.phone = given.call
            session.add(found)
        return found
    found = people.identify_sender(session, now, given.way, given.account, given.reach, derived=True)
    people.name(session, found, message.sender_name)
    return found


def told(region: Region, tag: Tag, given: Intake) -> Tag:
    """Calling this will let what staff say of the matter stand before what the classifier reads: a person has looked,
    so nothing waits for a look."""
    if given.category not in region.categories:
        return tag
    return replace(tag, category=given.category, doubt="", choices=())


def mark(session: Session, region: Region, now: datetime, ticket: Ticket, given: Intake) -> None:
    """Calling this will note on a ticket how it came and who wrote it down, and give it to the agency they chose.

    Raises KeyError for an agency the region does not have.
    """
    ticket.source, ticket.intake_by = given.source, given.staff
    session.add(ticket)
    chosen = given.agency and given.agency != ticket.agency
    if chosen and not ticket.supervision:  # what is about officials stays with the inspectorate
        tickets.reassign(
            session, region, now, ticket, agency=given.agency, category=ticket.category, staff_id=given.staff
        )
    detail: dict[str, object] = {"source": given.source, "agency": ticket.agency}
    tickets.audit(session, now, "ticket.intake", "ticket", ticket.number, staff_id=given.staff, detail=detail)


def untold(session: Session, ticket: Ticket) -> list[Outbox]:
    """Calling this will list what lies at the desk for a citizen without a channel and was not told them yet."""
    waits = (
        col(Outbox.ticket_id) == ticket.id,
        col(Outbox.channel) == Desk.kind,
        col(Outbox.state) == DeliveryState.SENT,
    )
    return list(session.scalars(select(Outbox).where(*waits).order_by(col(Outbox.id))))


def tell(session: Session, now: datetime, ticket: Ticket, *, staff_id: int) -> int:
    """Calling this will note that staff told the citizen all that lay at the desk for them; returns how many messages.

    From then on these count as delivered.
    """
    rows = untold(session, ticket)
    for row in rows:
        row.state, row.delivered_at = DeliveryState.DELIVERED, now
        session.add(row)
    if rows:
        tickets.audit(session, now, "ticket.told", "ticket", ticket.number, staff_id=staff_id)
    return len(rows)
