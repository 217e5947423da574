"""Carry out what the conversation decided: gather the facts, write the rows, promise the replies — one transaction."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from bot import choices, consenting, ending, letters, linking, lookup, whereabouts
from bot.conversation import LETTERS, NEW_THREAD, Action, Decision, Facts, decide
from bot.lookup import KEYED, keywords, text_of
from bot.turn import Turn
from bot.words import hear
from channels.message import InboundMessage
from classifier.reading import Kind
from dispatch import directory
from dispatch.models import CitizenAddress, InboundEvent
from dispatch.region import Service
from dispatch.runtime import Runtime
from dispatch.services import delivery, intake, people
from dispatch.services.tagged import Tag

#: A guess that takes a text out of a conversation must be surer than one that proposes an agency: of "Sampai hari ini
#: belum ada yang datang" a classifier of complaints is easily sure.
SPLITS_FROM = 0.9


def converse(runtime: Runtime, session: Session, message: InboundMessage, event: InboundEvent, tag: Tag) -> Decision:
    """Calling this will turn one message into rows and promised replies, in the caller's transaction.

    Windows and the ticket's clocks are counted from the receipt: a worker that was down for a day moves neither.
    """
    now, received_at = runtime.now(), event.received_at
    address = intake.address(session, now, message)
    text = text_of(message, runtime.region)
    spoken = message.text or text if message.channel in KEYED | {"mail"} else text
    heard = hear(spoken, runtime.region.prefix, keywords(message, runtime.region))
    latest = lookup.latest_ticket(session, address, received_at - runtime.region.join_window)
    row = lookup.keep(session, now, message, event, address, lookup.language_of(message, heard, latest, tag.language))
    threaded = letters.belonging(runtime, session, message, address, heard.command)
    said_at = min(message.sent_at or received_at, received_at)
    last = lookup.last_asked(session, received_at, said_at, address, threaded)

    def newest(at: datetime | None) -> bool:
        """Whether a question was the last that was asked of this address before it wrote this."""
        return at is not None and lookup.before(at, said_at) and (last is None or at >= last)

    matter, where = whereabouts.later(
        lookup.asked(session, received_at, address, threaded),
        whereabouts.asked(session, received_at, address, threaded),
    )
    matter = matter if matter and newest(matter.choices_asked_at) else None
    where = where if where and newest(where.place_asked_at) else None
    said = " ".join(heard.words)
    sure = tag.category if (tag.score or 0.0) >= SPLITS_FROM else None
    choice = choices.chosen(said, matter.choices, runtime.region, matter.area) if matter else None
    if where:
        choice = whereabouts.chosen(runtime, where, said, sure)
    ends = ending.asked(session, received_at, runtime.region, address, threaded, said, said_at, last)
    service = _service(runtime, text, tag)
    answers_us = lookup.answers_us(session, message, address)
    consent = consenting.answered(session, received_at, message, address, threaded, heard.words, answers_us=answers_us)
    consent = consent if consent and newest(consent.consent_at) else None
    facts = Facts(
        message=message,
        heard=heard,
        now=received_at,
        threaded=lookup.as_open(threaded),
        latest=lookup.as_open(latest),
        prompted_at=address.greeted_at,
        stopped=address.stopped_at is not None,
        area=lookup.area_of(runtime, message, text),
        sure_category=sure,
        join_window=runtime.region.join_window,
        greeting_window=runtime.region.greeting_window,
        wishes_link=linking.wishes(message.text),
        answers_us=answers_us,
        types_code=linking.typed_code(runtime, session, address, message.text),
        held=delivery.has_held(session, address),
        has_matter=bool(tag.category or tag.danger or tag.doubt or tag.supervision),
        kind=tag.kind,
        kind_score=tag.kind_score,
        asked=lookup.as_open(matter or where),
        choice=choice,
        service=service.code if service and _answerable(session, now, message, address) else "",
        offered_at=address.offered_at,
        offer_asks=newest(address.offered_at),
        consents=lookup.as_open(consent),
        ending=lookup.as_open(ends),
        ending_answer=ending.answer(ends, received_at, runtime.region, said, said_at),
        ended=lookup.as_open(ending.told(session, received_at, address, said)),
    )
    letters.note_anothers(runtime, session, message, address, row)
    decision = decide(facts)
    # What staff wrote down says nothing of what its citizen does with their telephone.
    wrote = not message.automatic and message.intake is None
    written_now = wrote and not message.revises
    if facts.stopped and written_now and decision.action is not Action.STOP:
        people.set_stopped(session, now, address, False)
    Turn(runtime, session, now, address, row, facts, tag, service).take(decision)
    if wrote:
        address.last_inbound_at = max(filter(None, (address.last_inbound_at, said_at)))
        delivery.release(session, now, address)
    session.add(address)
    return decision


def _service(runtime: Runtime, text: str, tag: Tag) -> Service | None:
    """What the service directory has for a text that asks for information and holds nothing a person must see."""
    if tag.kind is not Kind.INFORMATION or tag.danger or tag.doubt or tag.supervision:
        return None
    return directory.find(runtime.region, text)


def _answerable(session: Session, now: datetime, message: InboundMessage, address: CitizenAddress) -> bool:
    """Whether the directory's answer may stand in for a ticket: never for a letter or a form, where nobody waits for
    the next line; nor where a picture or a place says more than the words, or no answer may go out."""
    if message.channel in LETTERS or message.thread == NEW_THREAD or message.attachments or message.location:
        return False
    return not (message.automatic or message.silent) and lookup.within_budget(session, now, address)
