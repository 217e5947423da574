"""One message's turn: the rows that a decision writes and the replies it promises."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Session, col

from bot import consenting, ending, linking, lookup, replies, whereabouts, wishes
from bot.conversation import LETTERS, Action, Decision, Facts
from bot.lookup import text_of
from bot.words import meant
from channels.message import AttachmentKind
from classifier import personal
from classifier.reading import Kind
from dispatch import numbers, routing
from dispatch.models import Author, Citizen, CitizenAddress, Direction, Message, Ticket
from dispatch.region import Service
from dispatch.runtime import Runtime
from dispatch.services import answers, consent, floods, intake, people, questions, secrecy, tickets
from dispatch.services import whereabouts as placing
from dispatch.services.tagged import Tag
from dispatch.workflow import ENDED, Status

#: A text no longer than this may be nothing but the name of a place.
PLACE_WORDS = 8
#: How old an answer of ours is still "just now".
JUST_NOW = timedelta(minutes=1)


class Turn:
    """Calling this will hold what one message's turn needs; ``take`` carries out what was decided."""

    def __init__(
        self,
        runtime: Runtime,
        session: Session,
        now: datetime,
        address: CitizenAddress,
        row: Message,
        facts: Facts,
        tag: Tag,
        service: Service | None,
    ) -> None:
        self.runtime = runtime
        self.session = session
        self.now = now
        self.address = address
        self.row = row
        self.facts = facts
        self.tag = tag
        self.service = service
        self.region = runtime.region
        self.language = row.language
        self.replies = replies.Replies(runtime.phrases, runtime.settings.public_url, address.channel)

    def take(self, decision: Decision) -> None:
        """Calling this will carry out a decision."""
        ticket = self.session.get_one(Ticket, decision.ticket.id) if decision.ticket else None
        match decision.action:
            case Action.KEEP:
                self._attach(ticket)
            case Action.OPEN:
                self._open_ticket()
            case Action.JOIN if ticket is not None and ending.over(self, ticket) and self._tells_something():
                self._open_ticket()
                ending.link(self.session, self.now, ticket, self.row.ticket_id)
            case Action.JOIN if ticket is not None:
                self._join(ticket)
            case Action.SETTLE if ticket is not None:
                self._attach(ticket)
                if told := ending.take(self, ticket):
                    self._say(told, ticket)
            case Action.CONSENT if ticket is not None:
                self._attach(ticket)
                words = self.facts.heard.words
                self._say(consenting.take(self.session, self.runtime, self.now, self.replies, ticket, words), ticket)
            case Action.CHOOSE if ticket is not None:
                self._choose(ticket)
            case Action.ANSWER:
                self._answer()
            case Action.ON_TO_STAFF:
                self._pass_on()
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

    def _open_ticket(self, question: Message | None = None) -> None:
        """Open a ticket from this message, or from an earlier ``question`` which it passes on."""
        first, text, tag, opened_at = self.row, text_of(self.facts.message, self.region), self.tag, self.facts.now
        if question is not None:
            first, text = question, question.body
            tag, opened_at = self._asked_for(question), lookup.received_at(self.session, question)
        early, given = lookup.early(self.session, self.now, self.row), self.facts.message.intake
        if given is not None:
            tag = intake.told(self.region, tag, given)
        pins = (lookup.pin_area(self.runtime, each) for each in early)
        areas = (given.area if given else None, self.facts.area, self._area_in(question), *pins)
        ticket = tickets.open_ticket(
            self.session,
            self.region,
            opened_at,
            address=self.address,
            first=first,
            text=text,
            tag=tag,
            area=next(filter(None, areas), None),
            language=self.language,
            privacy=wishes.privacy(self.facts.message, text),
        )
        ticket.last_citizen_at = self.facts.now
        for message in (*early, self.row):
            message.ticket_id = ticket.id
            self.session.add(message)
        tickets.mark(ticket, self.tag)
        if given is not None:
            intake.mark(self.session, self.region, self.now, ticket, given)
        whereabouts.note(self.session, ticket, text)
        floods.into(self.session, self.runtime.phrases, self.now, ticket, tell=False)
        if self.replies.asks_place(self.region, ticket):
            ticket.place_asked_at = self.facts.now
        self._warn(ticket, opening=True)
        self._receive(ticket, text)

    def _receive(self, ticket: Ticket, text: str) -> None:
        """The first receipt, and with it what belongs there: the directory's answer, one question, the notice."""
        citizen = self.session.get_one(Citizen, self.address.citizen_id)
        choices, question = self._question(ticket)
        areas, which = ((), "") if question else self._which_place(ticket, text)
        question = question or which
        receipt = self.replies.received(self.region, ticket, asks_place=not which)
        if self.service is not None and not ticket.danger and not self.replies.terse:
            receipt.append(self.replies.meanwhile(self.service, self.language))
            self._note_answer(self.service)
        send = consenting.question(self.runtime, self.replies, ticket, self.address.channel)
        receipt += [*self.replies.hidden(ticket), *filter(None, (send,))]
        if question and not self.replies.terse:
            receipt.append(question)
        texts = ["\n\n".join(receipt)]
        if citizen.notified_at is None:
            texts.append(self.replies.privacy(self.language))
        if question and self.replies.terse:
            texts.append(question)
        if self.address.channel in LETTERS:  # a second letter for the notice alone would use up the budget
            texts = ["\n\n".join(texts)]
        # With the last text: a button goes with the next one.
        asks = self.replies.place_button(self.language) if ticket.place_asked_at else ""
        said = [self._say(text, ticket, asks if text is texts[-1] else "") for text in texts]
        if citizen.notified_at is None and all(said):
            citizen.notified_at = self.now
            self.session.add(citizen)
        if send and said[0]:
            consent.ask(self.session, self.facts.now, ticket)
        if question and (said[-1] if self.replies.terse else said[0]):
            if which:
                placing.ask(self.session, self.facts.now, ticket, areas)
            else:
                questions.ask(self.session, self.facts.now, ticket, choices)

    def _question(self, ticket: Ticket) -> tuple[tuple[str, ...], str]:
        """The categories to ask about and the question; nothing where asking would not help, or was done before.

        It helps where the categories lead to different agencies here, and only their matter is unclear: what a person
        must look at, and danger, is no guessing game.
        """
        offered, message = self.tag.choices, self.facts.message
        agencies = {routing.route(self.region, code, ticket.area).agency for code in offered}
        fits = len(agencies) > 1 and not (ticket.danger or ticket.choices_asked_at)
        if not fits or message.silent or not tickets.unclear(self.session, ticket):
            return (), ""
        if self.replies.terse and not lookup.affords_question(self.runtime, self.session, self.now, self.address):
            return (), ""
        return offered, self.replies.question(self.region, ticket, offered)

    def _which_place(self, ticket: Ticket, text: str) -> tuple[tuple[str, ...], str]:
        if self.facts.message.silent:
            return (), ""
        return whereabouts.question(self.runtime, self.session, self.now, self.address, self.replies, ticket, text)

    def _choose(self, ticket: Ticket) -> None:
        """Take the answer to our question; one that comes after staff have decided is kept, and told who has it."""
        if whereabouts.pending(ticket):
            self._attach(ticket)
            ticket.last_citizen_at = self.facts.now
            told = whereabouts.answered(self.runtime, self.session, self.now, self.replies, ticket, self.facts)
            self._say(told, ticket)
            return
        waiting = tickets.undecided(ticket)
        given = questions.choose(self.session, self.region, self.now, ticket, self.facts.choice or "")
        self._attach(ticket)
        if not waiting:
            self._say(self.replies.choice_late(self.region, ticket), ticket)
            return
        ticket.last_citizen_at = self.facts.now
        if given and self.replies.asks_place(self.region, ticket):
            ticket.place_asked_at = self.facts.now
        self.session.add(ticket)
        asks = self.replies.place_button(self.language) if ticket.place_asked_at else ""
        told = self.replies.receipt(self.region, ticket) if given else self.replies.choice_declined(ticket)
        self._say(told, ticket, asks if given else "")

    def _answer(self) -> None:
        """Answer from the service directory; the question is kept, and goes to staff if its writer wants it."""
        if self.service is not None and self._say(self.replies.service(self.service, self.language)):
            self._note_answer(self.service)
            self.address.offered_service, self.address.offered_at = self.service.code, self.facts.now

    def _note_answer(self, service: Service) -> None:
        self.row.notes = [*self.row.notes, f"{lookup.ANSWERED}:{service.code}"]
        self.session.add(self.row)

    def _pass_on(self) -> None:
        """Open a ticket from what the directory answered. Words with a matter of their own open it in their own right,
        the question beside them."""
        question = lookup.question(self.session, self.address)
        self._open_ticket(None if self.tag.category else question)
        if question is not None:
            question.ticket_id = self.row.ticket_id
            self.session.add(question)
        self.address.offered_service, self.address.offered_at = "", None

    def _asked_for(self, question: Message) -> Tag:
        """What is known of a question the directory answered: what it is about, and that it asks for information."""
        service = self.region.services.get(self.address.offered_service)
        category = service.category if service and service.category in self.region.categories else None
        kinds = tuple(sorted({found.kind.value for found in personal.find(question.body)}))
        return Tag(category, kind=Kind.INFORMATION, personal=kinds, language=question.language, read=True)

    def _area_in(self, question: Message | None) -> str | None:
        return self.runtime.places.find(question.body).area if question is not None else None

    def _join(self, ticket: Ticket) -> None:
        burst = self.facts.now - ticket.last_citizen_at <= self.region.join_window
        status = Status(ticket.status)
        # What follows at once completes a report that was referred elsewhere: its receipt told whose it is.
        completes = burst and status is Status.FORWARDED
        self._attach(ticket)
        ticket.address_id = self.address.id or ticket.address_id
        ticket.last_citizen_at = self.facts.now
        ticket.version += 1
        rests = status in ENDED or status in (Status.ANSWERED, Status.WAITING)
        if rests and (self.tag.danger or not completes) and self._tells_something():
            completes = False  # danger to life is seen by somebody of ours, whoever it was referred to
            tickets.take_up_again(self.session, self.region, self.now, ticket)
        warned = burst and ticket.danger == self.tag.danger
        tickets.mark(ticket, self.tag)
        self.session.add(ticket)
        untold = ticket.triage
        text = text_of(self.facts.message, self.region)
        if secrecy.conceal(self.session, self.region, self.now, ticket, wishes.privacy(self.facts.message, text)):
            self._say(self.replies.hidden(ticket)[0], ticket)
        moved = tickets.supervise(self.session, self.region, self.now, ticket, self.tag)
        tickets.categorise(self.session, self.region, self.now, ticket, self.tag, text)
        earlier = whereabouts.from_earlier_words(self.runtime, self.session, ticket)
        area = None if ticket.area else self.facts.area or earlier
        placed = bool(area) and tickets.place(self.session, self.region, self.now, ticket, area or "")
        whereabouts.note(self.session, ticket, text, answers=bool(area) and self._short)
        if not warned:
            self._warn(ticket)
        if completes:
            if placed:  # another body outside is in charge there, or one of ours
                self._say(self.replies.receipt(self.region, ticket), ticket)
            return
        choices, question = self._question(ticket)
        if moved or (untold and not ticket.triage):
            if self.replies.asks_place(self.region, ticket):
                ticket.place_asked_at = self.facts.now
            self._say(self.replies.receipt(self.region, ticket), ticket)
        elif question:
            if self._say(question, ticket):
                questions.ask(self.session, self.facts.now, ticket, choices)
        elif area and not ticket.triage:
            self._say(self.replies.place_thanks(self.region, ticket), ticket)
        elif self.facts.has_text:
            self._acknowledge(ticket, burst and not rests, text)  # what reopens is answered

    def _acknowledge(self, ticket: Ticket, burst: bool, text: str) -> None:
        """Answer words that changed nothing by themselves: ask for the place once more, or say that they were added.

        What follows at once needs no answer of its own: the last one is a moment old.
        """
        asked = ticket.area is None and ticket.place_asked_at is not None
        if asked and (not burst or self._short):
            areas, which = self._which_place(ticket, text)
            if which and self._say(which, ticket):
                placing.ask(self.session, self.facts.now, ticket, areas)
                return
            placing.note(self.session, ticket, text if self._short else "")
            ticket.place_asked_at = None  # asked again only this once
            answer = self.replies.added if ticket.place_choices else self.replies.place_unknown
            self._say(answer(ticket), ticket)
        elif not burst or not (self.replies.terse or self._just_answered(ticket)):
            self._say(self.replies.added(ticket), ticket)

    def _just_answered(self, ticket: Ticket) -> bool:
        last = select(func.max(col(Message.created_at))).where(
            col(Message.ticket_id) == ticket.id, col(Message.direction) == Direction.OUT
        )
        at = self.session.scalar(last)
        return at is not None and self.now - at <= JUST_NOW

    @property
    def _short(self) -> bool:
        return len(self.facts.heard.words) <= PLACE_WORDS

    def _warn(self, ticket: Ticket, *, opening: bool = False) -> None:
        """Whoever may be in danger hears of the emergency number before anything else; so does everybody whose first
        words no classifier could read."""
        if self.tag.danger or (opening and not self.tag.read):
            self._say(self.replies.emergency(self.region, self.language, self.tag.danger), ticket)

    def _tells_something(self) -> bool:
        """Words, a file or a pin bring a ticket back to its officer; a thumb up or a sticker does not."""
        message = self.facts.message
        files = any(item.kind is not AttachmentKind.STICKER for item in message.attachments)
        return self.facts.has_text or files or message.location is not None

    def _status(self, told: Ticket | None) -> None:
        """Tell how a ticket stands: ``told`` if the rules allow no other, else the one that is named, else the last."""
        text = text_of(self.facts.message, self.region)
        prefix, heard = self.region.prefix, self.facts.heard
        mine = col(Ticket.citizen_id) == self.address.citizen_id, col(Ticket.parent_id).is_(None)
        query = select(Ticket).where(*mine)
        number = numbers.find(prefix, text)
        if number is None and heard.names_ticket:
            own = select(col(Ticket.number)).where(*mine)
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
        self._say(self.replies.status(self.region, ticket, answer), ticket)

    def _attach(self, ticket: Ticket | None) -> None:
        if ticket is not None:
            self.row.ticket_id = ticket.id
            self.session.add(self.row)

    def _say(self, text: str, ticket: Ticket | None = None, asks: str = "") -> bool:
        """Promise an automatic reply, unless nobody may be answered or the budget of this address is used up."""
        message = self.facts.message
        if message.automatic or message.silent or not lookup.within_budget(self.session, self.now, self.address):
            return False
        answers.say(self.session, self.runtime.phrases, self.now, self.address, text=text, ticket=ticket, asks=asks)
        return True
