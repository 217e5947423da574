"""Carry out what the conversation decided: gather the facts, write the rows, promise the replies — one transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Session, col

from bot import letters, linking, lookup, replies
from bot.conversation import LETTERS, Action, Decision, Facts, decide
from bot.words import hear, meant, without_keyword
from channels.message import AttachmentKind, InboundMessage
from dispatch import numbers
from dispatch.models import Author, Citizen, CitizenAddress, Direction, InboundEvent, Message, Ticket
from dispatch.region import Region
from dispatch.runtime import Runtime
from dispatch.services import answers, delivery, people, tickets
from dispatch.services.tickets import Tag
from dispatch.workflow import ENDED, Status

#: A photo or a pin that came without words belongs to the complaint that follows within this time.
EARLY = timedelta(days=1)
#: A guess that takes a text out of a conversation must be surer than one that proposes an agency: of "Sampai hari ini
#: belum ada yang datang" a classifier of complaints is easily sure.
SPLITS_FROM = 0.9
#: A text no longer than this may be nothing but the name of a place.
PLACE_WORDS = 8
#: Channels whose number several regions may share: a keyword says which one is meant.
KEYED = frozenset({"sms"})
#: How many earlier messages are read again to settle a place, and how old an answer of ours is still "just now".
EARLIER_WORDS = 5
JUST_NOW = timedelta(minutes=1)


def text_of(message: InboundMessage, region: Region) -> str:
    """Calling this will give what a message says, its subject first: what is classified and searched for a place.

    The region's keyword before an SMS only says whose number it was sent to.
    """
    text = without_keyword(message.text, _keywords(message, region))[0]
    return f"{message.subject}\n{text}".strip()


def _keywords(message: InboundMessage, region: Region) -> frozenset[str]:
    return region.sms_keywords if message.channel in KEYED else frozenset()


def converse(runtime: Runtime, session: Session, message: InboundMessage, event: InboundEvent, tag: Tag) -> Decision:
    """Calling this will turn one message into rows and promised replies, in the caller's transaction.

    Windows and the ticket's clocks are counted from the receipt: a worker that was down for a day moves neither.
    """
    now, received_at = runtime.now(), event.received_at
    address = people.identify(session, now, message)
    text = text_of(message, runtime.region)
    spoken = message.text or text if message.channel in KEYED | {"mail"} else text
    heard = hear(spoken, runtime.region.prefix, _keywords(message, runtime.region))
    latest = lookup.latest_ticket(session, address, received_at - runtime.region.join_window)
    row = lookup.keep(session, now, message, event, address, lookup.language_of(message, heard, latest))
    facts = Facts(
        message=message,
        heard=heard,
        now=received_at,
        threaded=lookup.as_open(letters.belonging(runtime, session, message, address, heard.command)),
        latest=lookup.as_open(latest),
        prompted_at=address.greeted_at,
        stopped=address.stopped_at is not None,
        area=lookup.area_of(runtime, message, text),
        sure_category=tag.category if (tag.score or 0.0) >= SPLITS_FROM else None,
        join_window=runtime.region.join_window,
        greeting_window=runtime.region.greeting_window,
        wishes_link=linking.wishes(message.text),
        answers_us=lookup.answers_us(session, message, address),
        types_code=linking.typed_code(runtime, session, address, message.text),
        held=delivery.has_held(session, address),
    )
    letters.note_anothers(runtime, session, message, address, row)
    decision = decide(facts)
    written_now = not message.automatic and not message.revises
    if facts.stopped and written_now and decision.action is not Action.STOP:
        people.set_stopped(session, now, address, False)
    _Turn(runtime, session, now, address, row, facts, tag).take(decision)
    if not message.automatic:
        said_at = min(message.sent_at or received_at, received_at)
        address.last_inbound_at = max(filter(None, (address.last_inbound_at, said_at)))
        delivery.release(session, now, address)
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
                self._join(ticket)
            case Action.THANK:
                self._attach(ticket)
                if ticket is None:
                    self._say(self.replies.thanks(self.language))
            case Action.GREET:
                self.address.greeted_at = self.facts.now
                self._say(self.replies.greeting(self.language, self.facts.message.sender_name))
            case Action.ASK_TEXT:
                self.address.greeted_at = self.facts.now
                self._say(self.replies.only_photo(self.language))
            case Action.UNREADABLE:
                self._attach(ticket)
                self._say(self.replies.unreadable(self.language), ticket)
            case Action.STATUS:
                self._status(ticket)
            case Action.ASK_STOP:
                self._say(self.replies.stop_confirm(self.language))
            case Action.LINK_ELSEWHERE:
                self._say(self.replies.link_elsewhere(self.language))
            case Action.WITHHOLD:
                self._say(self.replies.status_withheld(self.language))
            case Action.HELP:
                self._say(self.replies.help(self.language, self.runtime.registry.channels))
            case Action.STOP:
                people.set_stopped(self.session, self.now, self.address, True)
                self._say(self.replies.stopped(self.language))
            case Action.LINK:
                self._link()
            case Action.CONFIRM:
                text = self.facts.message.text
                self._say(linking.confirm(self.runtime, self.session, self.replies, self.address, text, self.language))
            case Action.START:
                self._say(self.replies.started(self.language))

    def _link(self) -> None:
        """Send a code to the address that is named, if the answer here can be given: a code without a word why would
        only puzzle."""
        target = linking.wished(self.facts.message.text)
        if target is None:
            self._say(self.replies.link_usage(self.language))
        elif lookup.within_budget(self.session, self.now, self.address):
            self._say(linking.ask(self.runtime, self.session, self.replies, self.address, target, self.language))

    def _open_ticket(self) -> None:
        early = self._early()
        area = self.facts.area or next((found for m in early if (found := lookup.pin_area(self.runtime, m))), None)
        ticket = tickets.open_ticket(
            self.session,
            self.runtime.region,
            self.facts.now,
            address=self.address,
            first=self.row,
            text=text_of(self.facts.message, self.runtime.region),
            tag=self.tag,
            area=area,
            language=self.language,
        )
        for message in early:
            message.ticket_id = ticket.id
            self.session.add(message)
        if self.replies.asks_place(self.runtime.region, ticket):
            ticket.place_asked_at = self.facts.now
        self._warn()
        citizen = self.session.get_one(Citizen, self.address.citizen_id)
        texts = [self.replies.receipt(self.runtime.region, ticket)]
        if citizen.notified_at is None:
            texts.append(self.replies.privacy(self.language))
        if self.address.channel in LETTERS:  # a second letter for the notice alone would use up the budget
            texts = ["\n\n".join(texts)]
        # With the last text: a button goes with the next one.
        asks = self.replies.place_button(self.language) if ticket.place_asked_at else ""
        said = [self._say(text, ticket, asks if text is texts[-1] else "") for text in texts]
        if citizen.notified_at is None and all(said):
            citizen.notified_at = self.now
            self.session.add(citizen)

    def _join(self, ticket: Ticket) -> None:
        burst = self.facts.now - ticket.last_citizen_at <= self.runtime.region.join_window
        status = Status(ticket.status)
        # What follows at once completes a report that was referred elsewhere: its receipt told whose it is.
        completes = burst and status is Status.FORWARDED
        self._attach(ticket)
        ticket.address_id = self.address.id or ticket.address_id
        ticket.last_citizen_at = self.facts.now
        ticket.version += 1
        rests = status in ENDED or status in (Status.ANSWERED, Status.WAITING)
        if rests and not completes and self._tells_something():
            tickets.take_up_again(self.session, self.runtime.region, self.now, ticket)
        self.session.add(ticket)
        untold = ticket.triage
        tickets.categorise(
            self.session,
            self.runtime.region,
            self.now,
            ticket,
            self.tag,
            text_of(self.facts.message, self.runtime.region),
        )
        area = None if ticket.area else self.facts.area or self._area_with_earlier_words(ticket)
        if area:
            tickets.place(self.session, self.runtime.region, self.now, ticket, area)
        self._warn()
        if completes:
            return
        if untold and not ticket.triage:
            if self.replies.asks_place(self.runtime.region, ticket):
                ticket.place_asked_at = self.facts.now
            self._say(self.replies.receipt(self.runtime.region, ticket), ticket)
        elif area and not ticket.triage:
            self._say(self.replies.place_thanks(self.runtime.region, ticket), ticket)
        elif self.facts.has_text:
            self._acknowledge(ticket, burst)

    def _acknowledge(self, ticket: Ticket, burst: bool) -> None:
        """Answer words that changed nothing by themselves: ask for the place once more, or say that they were added.

        What follows at once needs no answer of its own: the last one is a moment old.
        """
        asked = ticket.area is None and ticket.place_asked_at is not None
        if asked and (not burst or len(self.facts.heard.words) <= PLACE_WORDS):
            choices = self.runtime.places.find(text_of(self.facts.message, self.runtime.region)).candidates
            if choices:
                self._say(self.replies.place_choice(self.runtime.region, ticket, choices), ticket)
                return
            ticket.place_asked_at = None  # asked again only this once
            self._say(self.replies.place_unknown(ticket), ticket)
        elif not burst or not (self.replies.terse or self._just_answered(ticket)):
            self._say(self.replies.added(ticket), ticket)

    def _just_answered(self, ticket: Ticket) -> bool:
        last = select(func.max(col(Message.created_at))).where(
            col(Message.ticket_id) == ticket.id, col(Message.direction) == Direction.OUT
        )
        at = self.session.scalar(last)
        return at is not None and self.now - at <= JUST_NOW

    def _area_with_earlier_words(self, ticket: Ticket) -> str | None:
        """The place, when what was said before settles it: "Karang Anyar" and then "Tarakan"."""
        if ticket.place_asked_at is None or not self.facts.has_text:
            return None
        said = select(col(Message.body)).where(
            col(Message.ticket_id) == ticket.id, col(Message.direction) == Direction.IN
        )
        bodies = self.session.scalars(said.order_by(col(Message.id).desc()).limit(EARLIER_WORDS)).all()
        return self.runtime.places.find("\n".join(reversed(bodies))).area

    def _warn(self) -> None:
        """Whoever may be in danger hears of the emergency number before anything else."""
        if self.facts.heard.danger:
            self._say(self.replies.emergency(self.runtime.region, self.language))

    def _tells_something(self) -> bool:
        """Words, a file or a pin bring a ticket back to its officer; a thumb up or a sticker does not."""
        message = self.facts.message
        files = any(item.kind is not AttachmentKind.STICKER for item in message.attachments)
        return self.facts.has_text or files or message.location is not None

    def _status(self, told: Ticket | None) -> None:
        """Tell how a ticket stands: ``told`` if the rules allow no other, else the one that is named, else the last."""
        text = text_of(self.facts.message, self.runtime.region)
        prefix, heard = self.runtime.region.prefix, self.facts.heard
        query = select(Ticket).where(col(Ticket.citizen_id) == self.address.citizen_id)
        number = numbers.find(prefix, text)
        if number is None and heard.names_ticket:
            own = select(col(Ticket.number)).where(col(Ticket.citizen_id) == self.address.citizen_id)
            number = meant(heard.named, prefix, self.session.scalars(own).all())
        query = query.where(col(Ticket.number) == number) if number else query
        ticket = told
        if told is None and (number or not self.facts.heard.names_ticket):
            here = col(Ticket.address_id) == self.address.id
            ticket = self.session.scalars(query.order_by(here.desc(), col(Ticket.id).desc()).limit(1)).first()
        if ticket is None:
            self._say(self.replies.status_unknown(self.language))
            return
        self._attach(ticket)
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
        since = self.now - EARLY
        query = select(Message).where(
            col(Message.address_id) == self.address.id,
            col(Message.ticket_id).is_(None),
            col(Message.direction) == Direction.IN,
            col(Message.created_at) >= since,
            col(Message.id) < (self.row.id or 0),
        )
        return list(self.session.scalars(query.order_by(col(Message.id))))

    def _say(self, text: str, ticket: Ticket | None = None, asks: str = "") -> bool:
        """Promise an automatic reply, unless nobody may be answered or the budget of this address is used up."""
        message = self.facts.message
        if message.automatic or message.silent or not lookup.within_budget(self.session, self.now, self.address):
            return False
        answers.say(self.session, self.runtime.phrases, self.now, self.address, text=text, ticket=ticket, asks=asks)
        return True
