"""Handing a report over to a body outside local government: only with its citizen's word, once, by mail.

The citizen is always told who is responsible and how to reach them. Where that body has an address for mail they are
asked whether we may send the report there; silence and "no" mean that nothing leaves this house. Never asked: of a
secret report, of one about officials' conduct, and by SMS, whose sender is only claimed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlmodel import Session, col

from channels.message import Address
from dispatch import outbox
from dispatch.db import stored_id
from dispatch.models import (
    Author,
    Citizen,
    CitizenAddress,
    Direction,
    Message,
    Privacy,
    StoredAttachment,
    Ticket,
)
from dispatch.phrases import TERSE
from dispatch.region import Agency
from dispatch.runtime import Runtime, ring_sender_after_commit
from dispatch.services import assigning, people
from dispatch.services.trail import audit
from dispatch.workflow import Status

MAIL = "mail"
#: A bare "ya" answers the question for this long.
WAITS = timedelta(days=3)
#: The language in which bodies outside are written to.
LANGUAGE = "id"


class Consent(StrEnum):
    """Where the question stands ("" while nobody was asked)."""

    ASKED = "asked"
    GIVEN = "given"
    REFUSED = "refused"


def body_of(runtime: Runtime, ticket: Ticket, channel: str) -> Agency | None:
    """Calling this will give the body outside to which a report may be sent if its citizen agrees, None where they are
    not to be asked (any more), or not by this channel."""
    agency = runtime.region.agencies[ticket.agency]
    hidden = ticket.supervision or ticket.privacy == Privacy.SECRET
    if ticket.status != Status.FORWARDED or agency.ours or not agency.email or hidden:
        return None
    return agency if not ticket.consent and channel not in TERSE and _account(runtime) else None


def ask(session: Session, now: datetime, ticket: Ticket) -> None:
    """Calling this will note that the citizen is asked at ``now``."""
    ticket.consent, ticket.consent_at = Consent.ASKED, now
    ticket.version += 1
    session.add(ticket)


def asked(session: Session, now: datetime, address: CitizenAddress, quoted: Ticket | None = None) -> Ticket | None:
    """Calling this will give the ticket on which this address was asked last and not long ago (the one that is
    ``quoted``, if any), unless the service directory answered something since."""
    query = select(Ticket).where(
        col(Ticket.citizen_id) == address.citizen_id,
        col(Ticket.address_id) == address.id,
        col(Ticket.consent) == Consent.ASKED,
        col(Ticket.consent_at) >= now - WAITS,
    )
    if quoted is not None:
        query = query.where(col(Ticket.id) == quoted.id)
    found = session.scalars(query.order_by(col(Ticket.consent_at).desc(), col(Ticket.id).desc()).limit(1)).first()
    if found is None or found.consent_at is None:
        return None
    offered = address.offered_at is not None and address.offered_at > found.consent_at
    return None if offered and quoted is None else found


def take(session: Session, runtime: Runtime, now: datetime, ticket: Ticket, agrees: bool) -> Agency | None:
    """Calling this will take the citizen's answer; the body the report was sent to, None where nothing was sent: they
    refused, have answered before, or it is not that body's any more."""
    if ticket.consent != Consent.ASKED:
        return None
    agency = runtime.region.agencies[ticket.agency]
    ready = ticket.status == Status.FORWARDED and not agency.ours and bool(agency.email)
    hidden = ticket.supervision or ticket.privacy == Privacy.SECRET
    sends = agrees and ready and not hidden and bool(_account(runtime))
    ticket.consent, ticket.consent_at = Consent.GIVEN if agrees else Consent.REFUSED, now
    ticket.version += 1
    session.add(ticket)
    detail: dict[str, object] = {"agency": agency.code, "agreed": agrees, "sent": sends}
    if sends:
        detail["message"] = _send(session, runtime, now, ticket, agency)
    audit(session, now, "ticket.consent", "ticket", ticket.number, detail=detail)
    return agency if sends else None


def _account(runtime: Runtime) -> str:
    """The mailbox of ours that letters go out from, "" while there is none."""
    return next((channel.account for channel in runtime.registry.of_kind(MAIL) if channel.external), "")


def _send(session: Session, runtime: Runtime, now: datetime, ticket: Ticket, agency: Agency) -> int:
    """Promise the letter. Its row belongs to no ticket: what comes back from there is no word of the citizen's."""
    to = Address("mailto", agency.email.strip().lower())
    address = people.identify_sender(session, now, MAIL, _account(runtime), to, derived=True)
    citizen = session.get_one(Citizen, address.citizen_id)
    citizen.name = citizen.name or agency.name
    message = Message(
        address_id=address.id,
        channel=MAIL,
        direction=Direction.OUT,
        author=Author.SYSTEM,
        body=_letter(session, runtime, ticket, agency),
        language=LANGUAGE,
        created_at=now,
    )
    session.add_all([citizen, message])
    session.flush()
    subject = runtime.phrases.say("consent_subject", LANGUAGE, number=ticket.number)
    rows = outbox.put(session, now, message, address, text=message.body, automatic=True, subject=subject)
    message.ticket_id = ticket.id  # shown on it, with what became of the sending
    session.add(message)
    for row in rows:
        ring_sender_after_commit(session, row.channel, row.account, stored_id(row.id))
    return stored_id(message.id)


def _letter(session: Session, runtime: Runtime, ticket: Ticket, agency: Agency) -> str:
    """The report as the body outside reads it. Who wrote it stands there only if they do not want to be hidden."""
    say, region = runtime.phrases.say, runtime.region
    count = (
        select(func.count())
        .select_from(StoredAttachment)
        .join(Message, col(Message.id) == col(StoredAttachment.message_id))
    )
    files = session.scalar(count.where(col(Message.ticket_id) == ticket.id, col(Message.direction) == Direction.IN))
    return say(
        "consent_letter",
        LANGUAGE,
        agency=agency.name,
        region=region.name,
        number=ticket.number,
        opened=runtime.phrases.date(ticket.opened_at, LANGUAGE),
        place=region.place_name(ticket.area) if ticket.area else "-",
        text=assigning.words(session, ticket).strip(),
        files=files or 0,
        contact=_contact(session, runtime, ticket),
    )


def _contact(session: Session, runtime: Runtime, ticket: Ticket) -> str:
    if ticket.privacy != Privacy.NAMED:
        return runtime.phrases.say("consent_nobody", LANGUAGE)
    address = session.get_one(CitizenAddress, ticket.address_id)
    name = session.get_one(Citizen, ticket.citizen_id).name
    reached = address.phone or (address.value if address.scheme in ("tel", "mailto") else "")
    return ", ".join(filter(None, (name, reached))) or runtime.phrases.say("consent_nobody", LANGUAGE)
