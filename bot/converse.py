"""Carry out what the conversation decided: gather the facts, write the rows, promise the replies — one transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Session, col

from bot import replies
from bot.conversation import Action, Decision, Facts, OpenTicket, decide
from bot.words import hear
from channels.message import InboundMessage
from dispatch import numbers
from dispatch.jobqueue import MEDIA
from dispatch.models import Author, Citizen, CitizenAddress, Direction, InboundEvent, Message, Outbox, Ticket
from dispatch.runtime import Runtime, ring_after_commit
from dispatch.services import answers, media, people, tickets
from dispatch.services.tickets import Tag
from dispatch.workflow import ENDED, Status

#: Automatic replies to one address: at most so many in an hour and in a day, so that two machines cannot talk for ever
#: and nobody can make us text a number a thousand times. Our own pages have no such limit.
BUDGET: dict[str, tuple[int, int]] = {"mail": (3, 10), "sms": (10, 30), "whatsapp": (20, 100), "telegram": (20, 100)}


def text_of(message: InboundMessage) -> str:
    """Calling this will give what a message says, its subject first: that is what is classified and searched for a
    place.
    """
    return f"{message.subject}\n{message.text}".strip()


def converse(runtime: Runtime, session: Session, message: InboundMessage, event: InboundEvent, tag: Tag) -> Decision:
    """Calling this will turn one message into rows and promised replies, in the caller's transaction."""
    now = runtime.now()
    address = people.identify(session, now, message)
    text = text_of(message)
    heard = hear(text if message.channel != "mail" else message.text or text)
    row = _keep(session, now, message, event, address, message.language or heard.language)
    area = _area(runtime, message, text)
    facts = Facts(
        message=message,
        heard=heard,
        now=now,
        threaded=_open(_threaded(runtime, session, message, address)),
        latest=_open(_latest(session, address)),
        greeted_at=address.greeted_at,
        area=area,
        sure_category=tag.category,
        join_window=runtime.region.join_window,
        greeting_window=runtime.region.greeting_window,
    )
    decision = decide(facts)
    if address.stopped_at is not None and decision.action not in (Action.STOP, Action.KEEP):
        people.set_stopped(session, now, address, False)
    _Turn(runtime, session, now, address, row, facts, tag).take(decision)
    if not message.automatic:
        address.last_inbound_at = max(filter(None, (address.last_inbound_at, message.sent_at or now)))
    session.add(address)
    return decision


class _Turn:
    """One message's turn: what the decision needs, and the method that carries out each action."""

    def __init__(
        self,
        runtime: Runtime,
        session: Session,
        now: datetime,
        address: CitizenAddress,
        row: Message,
        facts: Facts,
        tag: Tag,
    ) -> None:
        self.runtime = runtime
        self.session = session
        self.now = now
        self.address = address
        self.row = row
        self.facts = facts
        self.tag = tag
        self.language = row.language
        self.replies = replies.Replies(runtime.phrases, runtime.settings.public_url, address.channel)

    def take(self, decision: Decision) -> None:
        """Carry out a decision."""
        ticket = self.session.get_one(Ticket, decision.ticket.id) if decision.ticket else None
        match decision.action:
            case Action.KEEP:
                self._attach(ticket)
            case Action.OPEN:
                self._open_ticket()
            case Action.JOIN if ticket is not None:
                self._join(ticket, decision)
            case Action.THANK:
                self._attach(ticket)
                if ticket is None:
                    self._say(self.replies.thanks(self.language))
            case Action.GREET:
                self.address.greeted_at = self.now
                self._say(self.replies.greeting(self.language, self.facts.message.sender_name))
            case Action.ASK_TEXT:
                self._say(self.replies.only_photo(self.language))
            case Action.STATUS:
                self._status()
            case Action.HELP:
                self._say(self.replies.help(self.language, self.runtime.registry.channels))
            case Action.STOP:
                self._say(self.replies.stopped(self.language))
                people.set_stopped(self.session, self.now, self.address, True)
            case Action.START:
                self._say(self.replies.started(self.language))

    def _open_ticket(self) -> None:
        early = self._early()
        area = self.facts.area or next((found for m in early if (found := _pin_area(self.runtime, m))), None)
        ticket = tickets.open_ticket(
            self.session,
            self.runtime.region,
            self.now,
            address=self.address,
            first=self.row,
            text=text_of(self.facts.message),
            tag=self.tag,
            area=area,
            language=self.language,
        )
        for message in early:
            message.ticket_id = ticket.id
            self.session.add(message)
        if self.replies.asks_place(self.runtime.region, ticket):
            ticket.place_asked_at = self.now
        self._say(self.replies.receipt(self.runtime.region, ticket), ticket)
        citizen = self.session.get_one(Citizen, self.address.citizen_id)
        if citizen.notified_at is None and self._say(self.replies.privacy(self.language), ticket):
            citizen.notified_at = self.now
            self.session.add(citizen)

    def _join(self, ticket: Ticket, decision: Decision) -> None:
        burst = self.now - ticket.last_citizen_at <= self.runtime.region.join_window
        self._attach(ticket)
        ticket.address_id = self.address.id or ticket.address_id
        ticket.last_citizen_at = self.now
        ticket.version += 1
        status = Status(ticket.status)
        if self.facts.has_text and (status in ENDED or status in (Status.ANSWERED, Status.WAITING)):
            tickets.take_up_again(self.session, self.runtime.region, self.now, ticket)
        self.session.add(ticket)
        if ticket.area is None and self.facts.area:
            tickets.place(self.session, self.runtime.region, self.now, ticket, self.facts.area)
            self._say(self.replies.place_thanks(self.runtime.region, ticket), ticket)
        elif (
            ticket.area is None and ticket.place_asked_at and self.facts.has_text and not self.facts.area and not burst
        ):
            ticket.place_asked_at = None  # asked again only this once
            self._say(self.replies.place_unknown(ticket), ticket)
        elif self.facts.has_text and not burst:
            self._say(self.replies.added(ticket), ticket)

    def _status(self) -> None:
        text = text_of(self.facts.message)
        number = numbers.find(self.runtime.region.prefix, text)
        query = select(Ticket).where(col(Ticket.citizen_id) == self.address.citizen_id)
        query = query.where(col(Ticket.number) == number) if number else query
        ticket = None
        if number or len(self.facts.heard.words) == 1:
            ticket = self.session.scalars(query.order_by(col(Ticket.id).desc()).limit(1)).first()
        if ticket is None:
            self._say(self.replies.status_unknown(self.language))
            return
        answer = self.session.scalars(
            select(Message)
            .where(
                col(Message.ticket_id) == ticket.id,
                col(Message.author) == Author.STAFF,
                col(Message.direction) == Direction.OUT,
            )
            .order_by(col(Message.id).desc())
            .limit(1)
        ).first()
        self._say(self.replies.status(self.runtime.region, ticket, answer), ticket)

    def _attach(self, ticket: Ticket | None) -> None:
        if ticket is not None:
            self.row.ticket_id = ticket.id
            self.session.add(self.row)

    def _early(self) -> list[Message]:
        """Greetings, photos and pins that came just before the complaint and belong to it."""
        since = self.now - self.runtime.region.greeting_window
        query = select(Message).where(
            col(Message.address_id) == self.address.id,
            col(Message.ticket_id).is_(None),
            col(Message.direction) == Direction.IN,
            col(Message.created_at) >= since,
            col(Message.id) < (self.row.id or 0),
        )
        return list(self.session.scalars(query.order_by(col(Message.id))))

    def _say(self, text: str, ticket: Ticket | None = None) -> bool:
        """Promise an automatic reply, unless nobody may be answered or the budget of this address is used up."""
        if self.facts.message.automatic or not self._within_budget():
            return False
        answers.say(self.session, self.runtime.phrases, self.now, self.address, text=text, ticket=ticket)
        return True

    def _within_budget(self) -> bool:
        limits = BUDGET.get(self.address.channel)
        if limits is None:
            return True
        for most, span in zip(limits, (timedelta(hours=1), timedelta(days=1)), strict=True):
            sent = select(func.count()).where(
                col(Outbox.address_id) == self.address.id,
                col(Outbox.automatic).is_(True),
                col(Outbox.created_at) > self.now - span,
            )
            if (self.session.scalar(sent) or 0) >= most:
                return False
        return True


def _keep(
    session: Session,
    now: datetime,
    message: InboundMessage,
    event: InboundEvent,
    address: CitizenAddress,
    language: str,
) -> Message:
    row = Message(
        address_id=address.id,
        event_id=event.id,
        channel=message.channel,
        direction=Direction.IN,
        author=Author.CITIZEN,
        body=message.text,
        subject=message.subject,
        language=language,
        provider_id=message.provider_id or message.external_id,
        sent_at=message.sent_at,
        created_at=now,
        latitude=message.location.latitude if message.location else None,
        longitude=message.location.longitude if message.location else None,
        location_label=" ".join(filter(None, (message.location.label, message.location.address)))
        if message.location
        else "",
        notes=list(message.notes),
    )
    session.add(row)
    session.flush()
    if media.attach(session, now, row, message, event.id or 0):
        ring_after_commit(session, MEDIA, row.id or 0)
    return row


def _area(runtime: Runtime, message: InboundMessage, text: str) -> str | None:
    if message.location is not None:
        return runtime.places.at(message.location.latitude, message.location.longitude)
    return runtime.places.find(text).area


def _pin_area(runtime: Runtime, message: Message) -> str | None:
    if message.latitude is None or message.longitude is None:
        return None
    return runtime.places.at(message.latitude, message.longitude)


def _threaded(runtime: Runtime, session: Session, message: InboundMessage, address: CitizenAddress) -> Ticket | None:
    """The ticket a message belongs to by proof: it quotes a message we sent to this very address, or came to a signed
    reply address, and the ticket is this person's."""
    mine = col(Ticket.citizen_id) == address.citizen_id
    number = numbers.parse(runtime.region.prefix, message.thread) if message.thread else None
    if number:
        found = session.scalars(select(Ticket).where(col(Ticket.number) == number, mine)).first()
        if found is not None:
            return found
    for provider_id in message.reply_to:
        sent = select(col(Outbox.ticket_id)).where(
            col(Outbox.channel) == address.channel,
            col(Outbox.address_id) == address.id,
            col(Outbox.external_id) == provider_id,
        )
        received = select(col(Message.ticket_id)).where(
            col(Message.address_id) == address.id, col(Message.provider_id) == provider_id
        )
        for query in (sent, received):
            ticket_id = session.scalars(query).first()
            if ticket_id is not None:
                return session.get(Ticket, ticket_id)
    return None


def _latest(session: Session, address: CitizenAddress) -> Ticket | None:
    query = select(Ticket).where(col(Ticket.citizen_id) == address.citizen_id, col(Ticket.status).not_in(ENDED))
    return session.scalars(query.order_by(col(Ticket.last_citizen_at).desc(), col(Ticket.id).desc()).limit(1)).first()


def _open(ticket: Ticket | None) -> OpenTicket | None:
    if ticket is None:
        return None
    return OpenTicket(
        id=ticket.id or 0,
        ended=Status(ticket.status) in ENDED,
        category=ticket.category,
        area=ticket.area,
        last_citizen_at=ticket.last_citizen_at,
        last_staff_at=ticket.last_staff_at,
        place_asked_at=ticket.place_asked_at,
    )
