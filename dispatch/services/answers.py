"""What is said to a citizen on a ticket: officers' answers, receipts and notices, each promised in the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlmodel import Session, col

from channels.registry import channel_class
from dispatch import outbox
from dispatch.db import stored_id
from dispatch.models import Author, CitizenAddress, Direction, Message, Outbox, Outcome, Privacy, Ticket
from dispatch.phrases import TERSE, Phrases
from dispatch.runtime import ring_sender_after_commit
from dispatch.services import deadlines, evidence, labels
from dispatch.services.evidence import Bundle
from dispatch.services.tickets import audit, move, summarise, take_up_again
from dispatch.workflow import ENDED, Status

REFERENCES_KEPT = 20


class Then(StrEnum):
    """What an officer's words to the citizen mean for the ticket."""

    WORKING = "working"  # news while the work goes on: the clock runs
    ASK = "ask"  # a question: the clock stands still, as long as the region's rules allow
    ANSWERED = "answered"
    RESOLVED = "resolved"  # the work is done; the citizen is asked whether it is


_BECOMES = {
    Then.WORKING: Status.IN_PROGRESS,
    Then.ASK: Status.WAITING,
    Then.ANSWERED: Status.ANSWERED,
    Then.RESOLVED: Status.RESOLVED,
}


class Stale(Exception):
    """Calling this will say that the ticket changed since the officer saw it; nothing was written."""

    def __init__(self, seen: int, now: int) -> None:
        super().__init__(f"the ticket is at version {now}, the answer was written on version {seen}")


class CannotReach(Exception):
    """Calling this will say that the citizen asked us to stop, so nothing may be sent to this address."""


def reply(
    session: Session,
    phrases: Phrases,
    now: datetime,
    ticket: Ticket,
    *,
    text: str,
    staff_id: int,
    seen_version: int | None = None,
    then: Then = Then.ANSWERED,
    reason: str = "",
    outcome: Outcome | None = None,
    files: Bundle | None = None,
) -> Message:
    """Calling this will answer a citizen: message, files, status, history and outbox in one transaction.

    The first answer by a person stops the first-response clock; receipts do not. ``seen_version`` is the ticket's
    version the officer looked at; ``then`` says what becomes of the ticket, ``reason`` why it waits for the citizen
    (their question, where it is left empty). Raises Stale when it has changed since, ValueError for an empty text,
    CannotReach when the citizen opted out, NotAllowed when the ticket's status forbids it, evidence.Unproven when the
    category demands more of finished work.
    """
    text = text.strip()
    if not text:
        raise ValueError("an answer needs a text")
    if seen_version is not None and seen_version != ticket.version:
        raise Stale(seen_version, ticket.version)
    if ticket.parent_id is not None:
        raise CannotReach("the citizen knows the whole ticket: a part speaks through it (services.parts)")
    address = session.get_one(CitizenAddress, ticket.address_id)
    if address.stopped_at is not None:
        raise CannotReach("the citizen asked us to stop writing to this address")
    said = _with_more(phrases, ticket, address, text, then, files)
    message = say(session, phrases, now, address, ticket=ticket, text=said, author=Author.STAFF, staff_id=staff_id)
    if files is not None:
        evidence.attach(session, now, message, files)
    if then is Then.RESOLVED:
        evidence.prove(session, phrases.region, ticket)
        asked(now, ticket)
    ticket.first_response_at = ticket.first_response_at or now
    ticket.last_staff_at = now
    if then is Then.ASK:
        ticket.pause_reason = reason.strip() or summarise(text)
    to = _BECOMES[then]
    stays = then is Then.ANSWERED and (ticket.status in ENDED or ticket.status == Status.ANSWERED)
    if stays or (then is Then.WORKING and ticket.status == Status.IN_PROGRESS):
        ticket.version += 1
        deadlines.settle(session, phrases.region, now, ticket)
    elif then is Then.WORKING and ticket.status in ENDED:
        take_up_again(session, phrases.region, now, ticket, staff_id=staff_id, reason=then.value)
    else:
        move(session, phrases.region, now, ticket, to, staff_id=staff_id, reason=then.value, outcome=outcome)
    ticket.triage = ticket.triage and (then is Then.ASK or ticket.status == Status.ASSIGNED)
    session.add(ticket)
    labels.confirm(session, now, ticket, staff_id=staff_id)
    audit(session, now, "ticket.reply", "ticket", ticket.number, staff_id=staff_id)
    return message


def asked(now: datetime, ticket: Ticket) -> None:
    """Calling this will note that the citizen is asked at ``now`` whether the trouble is settled: what they said of an
    earlier end no longer holds."""
    ticket.settled_asked_at, ticket.content, ticket.rating = now, "", None


def _with_more(
    phrases: Phrases, ticket: Ticket, address: CitizenAddress, text: str, then: Then, files: Bundle | None
) -> str:
    """An officer's words, and below them the way to the photos and the question whether the trouble is settled."""
    parts = [text]
    public = not ticket.supervision and ticket.privacy != Privacy.SECRET
    if files is not None and files.shown and files.site and public and address.channel not in TERSE:
        parts.append(phrases.say("proof_link", ticket.language, link=f"{files.site}/lacak/{ticket.number}"))
    if then is Then.RESOLVED:
        parts.append(phrases.say("settled_question", ticket.language, number=ticket.number))
    return "\n\n".join(parts)


def note(
    session: Session, now: datetime, ticket: Ticket, *, text: str, staff_id: int, files: Bundle | None = None
) -> Message:
    """Calling this will add a note only staff can read, with its files. Raises ValueError for an empty one."""
    if not text.strip():
        raise ValueError("a note needs a text")
    row = Message(
        ticket_id=ticket.id,
        direction=Direction.NOTE,
        author=Author.STAFF,
        staff_id=staff_id,
        body=text.strip(),
        created_at=now,
    )
    session.add(row)
    ticket.version += 1
    session.add(ticket)
    session.flush()
    if files is not None:
        evidence.attach(session, now, row, files)
    return row


def say(
    session: Session,
    phrases: Phrases,
    now: datetime,
    address: CitizenAddress,
    *,
    text: str,
    ticket: Ticket | None = None,
    author: Author = Author.SYSTEM,
    staff_id: int | None = None,
    asks: str = "",
) -> Message:
    """Calling this will write a message to a citizen and promise its delivery, threaded on what they wrote last.

    ``asks`` is what the channel does or offers beside the text (see ``OutboundMessage``), with its last part.

    An officer's answer that leaves our own pages is headed by number and agency: on the phone it stands among a
    thousand other messages. The message keeps the officer's own words.
    """
    message = Message(
        ticket_id=ticket.id if ticket else None,
        address_id=address.id,
        channel=address.channel,
        direction=Direction.OUT,
        author=author,
        staff_id=staff_id,
        body=text,
        language=ticket.language if ticket else "",
        created_at=now,
    )
    session.add(message)
    session.flush()
    promise(session, phrases, now, message, address, ticket, asks=asks)
    return message


def promise(
    session: Session,
    phrases: Phrases,
    now: datetime,
    message: Message,
    address: CitizenAddress,
    ticket: Ticket | None,
    *,
    asks: str = "",
    origin: str = "",
    replaces_id: int | None = None,
) -> list[Outbox]:
    """Calling this will promise a message that is written to one address, in the words and with the thread that belong
    there; ``origin`` and ``replaces_id`` say why when it is not the first way."""
    text = message.body
    external = channel_class(address.channel).external
    if message.author == Author.STAFF and ticket is not None and external:
        agency = phrases.region.agencies[ticket.agency].name
        text = phrases.say("answer_prefix", ticket.language, number=ticket.number, agency=agency) + "\n\n" + text
    received = _received(session, address, ticket)
    rows = outbox.put(
        session,
        now,
        message,
        address,
        text=text,
        automatic=message.author == Author.SYSTEM,
        subject=_subject(phrases, ticket, received),
        reply_to=[row.provider_id for row in reversed(received) if row.provider_id],
        ticket_number=ticket.number if ticket else "",
        asks=asks,
        origin=origin,
        replaces_id=replaces_id,
    )
    for row in rows if external else ():
        ring_sender_after_commit(session, row.channel, row.account, stored_id(row.id))
    return rows


def _received(session: Session, address: CitizenAddress, ticket: Ticket | None) -> Sequence[Message]:
    """The citizen's last messages from this address (on this ticket, if there is one), newest first."""
    query = select(Message).where(col(Message.address_id) == address.id, col(Message.direction) == Direction.IN)
    if ticket is not None:
        query = query.where(col(Message.ticket_id) == ticket.id)
    return session.scalars(query.order_by(col(Message.id).desc()).limit(REFERENCES_KEPT)).all()


def _subject(phrases: Phrases, ticket: Ticket | None, received: Sequence[Message]) -> str:
    """The subject for channels that have one: the citizen's own, headed by the number once there is a ticket."""
    subject = next((row.subject for row in received if row.subject), ticket.summary if ticket else "")
    if ticket is None or ticket.number in subject:
        return subject
    return phrases.say("mail_subject", ticket.language, number=ticket.number, subject=subject)
