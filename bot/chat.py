"""The chat of one device: what its citizen wrote, also what is still being worked on, and what we answered."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flask import Blueprint, Response, make_response, render_template, request
from sqlalchemy import func, select
from sqlmodel import Session, col
from werkzeug.wrappers import Response as BaseResponse

from bot import ending, lookup, replies, visitor
from bot.forms import submit
from bot.hooks import runtime
from bot.submission import Draft
from channels.message import Address, DeliveryState
from channels.web import Web
from dispatch.models import (
    Assignment,
    Author,
    CitizenAddress,
    Direction,
    EventState,
    InboundEvent,
    Message,
    Outbox,
    StoredAttachment,
    Ticket,
)
from dispatch.services import closing, tickets
from dispatch.services.delivery import mark_shown
from dispatch.services.inbound import sender_key

#: The chat shows this many messages, the newest; what came before is with the tickets.
SHOWN = 100

chat = Blueprint("chat", __name__)


@dataclass(frozen=True, slots=True)
class Line:
    """Calling this will hold one message as the chat shows it. ``agency`` is set for a person's answer, ``number`` only
    where the tracking page shows that ticket."""

    id: str
    author: str
    text: str
    at: datetime
    agency: str = ""
    number: str = ""
    files: int = 0
    position: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """Calling this will hold a question that waits for its answer: the ticket's row, and what each button sends and
    says."""

    id: int
    buttons: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class State:
    """Calling this will hold what a chat consists of, without its texts: enough to tell whether anything is new."""

    address_id: int | None
    last_message: int
    open_events: tuple[tuple[int, str], ...]

    @property
    def waiting(self) -> bool:
        """Calling this will say whether something the citizen sent is still to be worked on."""
        return any(state != EventState.DISCARDED for _, state in self.open_events)

    def tag(self, language: str) -> str:
        """Calling this will give the entity tag of the chat in a language."""
        return hashlib.sha256(f"{language} {self.last_message} {self.open_events}".encode()).hexdigest()[:20]


@chat.get("/obrolan")
def show() -> str:
    """Calling this will show the chat of this device. It marks what it shows as delivered (see ``_mark``)."""
    return _page(Draft.empty(False))


@chat.post("/obrolan")
def send() -> BaseResponse | tuple[str, int]:
    """Calling this will take a message and lead back to the chat, so that reloading sends nothing."""
    return submit(new=False)


@chat.get("/obrolan/isi")
def fragment() -> Response:
    """Calling this will give the messages alone, for the page's look every few seconds: 304 while nothing is new."""
    code = visitor.known_chat()
    with runtime().reading() as session:
        state = read_state(session, code)
    response = make_response("")
    response.set_etag(state.tag(visitor.language()))
    if response.make_conditional(request.environ).status_code == 304:
        return response
    _mark(state)
    with runtime().reading() as session:
        lines, asked = read_lines(session, state), read_asked(session, state)
        response.set_data(
            render_template("_log.html", lines=lines, waiting=state.waiting, asked=asked, draft=Draft.empty(False))
        )
    return response


def read_state(session: Session, code: str | None) -> State:
    """Calling this will read what the chat of a device consists of now; an unknown device has an empty one."""
    if code is None:
        return State(None, 0, ())
    address_id = session.scalars(
        select(col(CitizenAddress.id)).where(
            col(CitizenAddress.channel) == Web.kind,
            col(CitizenAddress.account) == Web.kind,
            col(CitizenAddress.scheme) == Web.kind,
            col(CitizenAddress.value) == code,
        )
    ).first()
    events = session.execute(
        select(col(InboundEvent.id), col(InboundEvent.state))
        .where(col(InboundEvent.sender) == sender_key(Web.kind, Web.kind, Address(Web.kind, code)))
        .where(col(InboundEvent.state) != EventState.DONE, col(InboundEvent.kind) == "message")
        .order_by(col(InboundEvent.id))
    ).all()
    last = session.scalar(select(func.max(col(Message.id))).where(col(Message.address_id) == address_id))
    return State(address_id, last or 0, tuple((number or 0, state) for number, state in events))


def read_lines(session: Session, state: State) -> list[Line]:
    """Calling this will read the chat's messages, the oldest first, and after them what is still to be worked on."""
    query = select(Message).where(
        col(Message.address_id) == state.address_id, col(Message.direction).in_((Direction.IN, Direction.OUT))
    )
    messages = session.scalars(query.order_by(col(Message.id).desc()).limit(SHOWN)).all()[::-1]
    ids = [message.id for message in messages]
    counted = select(col(StoredAttachment.message_id), func.count().label("files")).where(
        col(StoredAttachment.message_id).in_(ids)
    )
    files = {row.message_id: row.files for row in session.execute(counted.group_by(col(StoredAttachment.message_id)))}
    numbers = {message.ticket_id for message in messages if message.ticket_id and message.direction == Direction.OUT}
    written_on = {ticket.id: ticket for ticket in session.scalars(select(Ticket).where(col(Ticket.id).in_(numbers)))}
    history = session.scalars(
        select(Assignment).where(col(Assignment.ticket_id).in_(numbers)).order_by(col(Assignment.id))
    ).all()
    lines = [
        _line(message, written_on.get(message.ticket_id), history, files.get(message.id or 0, 0))
        for message in messages
    ]
    return _numbered_once(lines) + _pending(session, [number for number, _ in state.open_events])


def read_asked(session: Session, state: State) -> Asked | None:
    """Calling this will read what this device was last asked to choose from, None when nothing waits for an answer."""
    address = session.get(CitizenAddress, state.address_id) if state.address_id is not None else None
    if address is None:
        return None
    wired, now = runtime(), runtime().now()
    last = lookup.last_asked(session, now, now, address, None)
    ends = ending.asked(session, now, wired.region, address, None, "", now, last)
    ticket = lookup.asked(session, now, address)
    if ends is not None and not (ticket and ticket.choices_asked_at and _later(ticket.choices_asked_at, ends)):
        return Asked(ends.id or 0, ending_buttons(ends))
    if ticket is None or not tickets.undecided(ticket):
        return None
    if last is not None and ticket.choices_asked_at is not None and ticket.choices_asked_at < last:
        return None  # a number would answer something else
    language = ticket.language
    named = replies.Replies(wired.phrases, wired.settings.public_url, Web.kind).choices(
        wired.region, ticket.choices, language
    )
    return Asked(ticket.id or 0, tuple((str(number), f"{number}. {name}") for number, name in named))


def _later(asked_at: datetime, ends: Ticket) -> bool:
    return ends.settled_asked_at is not None and asked_at > ends.settled_asked_at


def ending_buttons(ticket: Ticket) -> tuple[tuple[str, str], ...]:
    """Calling this will give the buttons that answer the open question about a ticket's end: what each sends, with the
    ticket's number, and what it says. None where nothing is asked."""
    wired = runtime()
    asks = closing.waits(ticket, wired.now())
    if asks == "settled":
        says = [
            (1, wired.phrases.say("web_settled_yes", ticket.language)),
            (2, wired.phrases.say("web_settled_no", ticket.language)),
        ]
    else:
        says = [(number, str(number)) for number in closing.RATINGS] if asks else []
    return tuple((f"{number} {ticket.number}", name) for number, name in says)


def _line(message: Message, ticket: Ticket | None, history: Sequence[Assignment], files: int) -> Line:
    agency, ours = "", message.direction == Direction.OUT
    if message.author == Author.STAFF and ticket is not None:
        # The agency that had the ticket when it was answered: a later hand-over puts no words into another's mouth.
        then = [row.agency for row in history if row.ticket_id == ticket.id and row.assigned_at <= message.created_at]
        agency = runtime().region.agencies[then[-1] if then else ticket.agency].name
    return Line(
        id=f"e{message.event_id}" if message.event_id else f"m{message.id}",
        author=message.author,
        text=message.body,
        at=message.created_at,
        agency=agency,
        number=ticket.number if ours and ticket is not None and not ticket.supervision else "",
        files=files,
        position=_position(message.latitude, message.longitude, message.location_label),
    )


def _position(latitude: float | None, longitude: float | None, label: str) -> str:
    return "" if latitude is None or longitude is None else ", ".join(filter(None, (f"{latitude}, {longitude}", label)))


def _numbered_once(lines: Sequence[Line]) -> list[Line]:
    """Only the first message about a ticket leads to its page: three links of one receipt would be noise."""
    seen: set[str] = set()
    kept = []
    for line in lines:
        kept.append(replace(line, number="") if line.number in seen else line)
        seen.add(line.number)
    return kept


def _pending(session: Session, ids: Sequence[int]) -> list[Line]:
    rows = session.execute(
        select(col(InboundEvent.id), col(InboundEvent.payload), col(InboundEvent.received_at))
        .where(col(InboundEvent.id).in_(ids))
        .order_by(col(InboundEvent.id))
    )
    lines = []
    for number, payload, received_at in rows:
        pin = payload.get("location") or {}
        position = _position(pin.get("latitude"), pin.get("longitude"), pin.get("label", ""))
        files = len(payload["attachments"])
        lines.append(Line(f"e{number}", Author.CITIZEN, payload["text"], received_at, files=files, position=position))
    return lines


def _page(draft: Draft) -> str:
    visitor.chat()
    with runtime().reading() as session:
        state = read_state(session, visitor.known_chat())
    _mark(state)
    with runtime().reading() as session:
        lines, asked = read_lines(session, state), read_asked(session, state)
    tag = f'"{state.tag(visitor.language())}"'
    return render_template("chat.html", draft=draft, lines=lines, waiting=state.waiting, asked=asked, tag=tag)


def _mark(state: State) -> None:
    """Mark what is about to be shown as delivered. The only write behind a GET: showing is the delivery, and doing it
    twice changes nothing. Marked first and read afterwards, so that nothing is marked that is not in the answer."""
    if request.method != "GET" or state.address_id is None:
        return
    unshown = select(col(Outbox.id)).where(
        col(Outbox.address_id) == state.address_id, col(Outbox.state) == DeliveryState.SENT
    )
    with runtime().reading() as session:
        if session.scalars(unshown.limit(1)).first() is None:
            return
    with runtime().writing() as session:
        mark_shown(session, runtime().now(), state.address_id)
