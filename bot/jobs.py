"""What the worker runs on the citizen's side: work the inbox.

A bell names a few rows; the job then drains everything that is due, a batch at a time, so that a lost bell costs
nothing and a burst costs one start-up. Texts of a batch are classified in one call.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from sqlmodel import Session

from bot import letters
from bot.converse import converse
from bot.lookup import text_of
from bot.tagging import tag_of
from channels.message import DeliveryReport, Event, InboundMessage, Notice, OptOut, load
from classifier.reader import Reader
from classifier.reading import Reading
from dispatch.models import EventState, InboundEvent
from dispatch.runtime import Runtime, current
from dispatch.services import albums, delivery, inbound, notices, people
from dispatch.services.tagged import Tag

log = logging.getLogger("aduan.work")

#: A report can come before our own note of the provider's id is committed, or for a message another system sent.
REPORT_PATIENCE = timedelta(minutes=10)
REPORT_RETRY = timedelta(seconds=20)


def work_inbound(*row_ids: int) -> int:
    """Calling this will work every due event; the ids only say why the bell rang. Returns how many were worked."""
    return drain_inbound(current())


def drain_inbound(runtime: Runtime, rounds: int = 200) -> int:
    """Calling this will claim and work events until none is due, in at most ``rounds`` batches."""
    worked = 0
    for _ in range(rounds):
        with runtime.writing() as session:
            batch = inbound.claim_events(session, runtime.now())
        if not batch:
            break
        loaded = [(row, _load(row)) for row in batch]
        tags = _classify(runtime, [event for _, event in loaded])
        for row, event in loaded:
            _work(runtime, row, event, tags.get(id(event), Tag(None)))
        worked += len(batch)
    return worked


def _load(row: InboundEvent) -> Event | None:
    try:
        return load(row.kind, row.payload)
    except (KeyError, TypeError, ValueError):
        return None  # written by a newer version, or damaged: ``_work`` quarantines it


def _classify(runtime: Runtime, events: list[Event | None]) -> dict[int, Tag]:
    messages = [event for event in events if isinstance(event, InboundMessage) and text_of(event, runtime.region)]
    if not messages:
        return {}
    readings = _read(runtime.classifier, [text_of(message, runtime.region) for message in messages])
    return {
        id(message): tag_of(runtime.region, reading)
        for message, reading in zip(messages, readings, strict=True)
        if reading is not None
    }


def _read(reader: Reader, texts: list[str]) -> Sequence[Reading | None]:
    """What is read in the texts; None for one the classifier breaks on: it goes to the desk, as what nobody is sure of
    does, and its writer hears of the emergency number, for nobody knows whether it is needed."""
    try:
        return reader.read(texts)
    except Exception as error:
        log.exception("classifier broke", extra={"count": len(texts), "error": type(error).__name__})
        return [None] if len(texts) == 1 else [_read(reader, [text])[0] for text in texts]


def _work_album(runtime: Runtime, session: Session, row: InboundEvent, event: InboundMessage, tag: Tag) -> None:
    """An item of an album together with every other one that waits: one message and one turn."""
    people.identify(session, runtime.now(), event)  # locked before we look: only one item can be the first
    others = albums.gather(session, row)
    whole = albums.merged(event, [item for _, item in others])
    if text_of(whole, runtime.region) != text_of(event, runtime.region):
        tag = _classify(runtime, [whole]).get(id(whole), Tag(None))
    first = albums.earlier(session, row)
    converse(runtime, session, albums.completing(whole, first) if first else whole, row, tag)
    albums.finish(session, runtime.now(), row, event, others)


def _work(runtime: Runtime, row: InboundEvent, event: Event | None, tag: Tag) -> None:
    """One event, one transaction: its effects and its being done are committed together or not at all."""
    try:
        with runtime.writing() as session:
            if not inbound.hold(session, row):
                return
            now = runtime.now()
            match event:
                case InboundMessage() if row.album:
                    _work_album(runtime, session, row, event, tag)
                    inbound.finish(session, now, row)
                case InboundMessage() if letters.homeless(runtime, session, event):
                    inbound.set_aside(session, row, "a machine wrote it, and it belongs to no ticket")
                case InboundMessage():
                    converse(runtime, session, event, row, tag)
                    inbound.finish(session, now, row)
                case DeliveryReport():
                    if delivery.take_report(runtime, session, event):
                        inbound.finish(session, now, row)
                    elif now - row.received_at < REPORT_PATIENCE:
                        inbound.release(session, row, now + REPORT_RETRY)
                    else:
                        inbound.set_aside(session, row, "a report for a message this system did not send")
                case OptOut():
                    address = people.identify_sender(session, now, event.channel, event.account, event.sender)
                    people.set_stopped(session, now, address, event.stopped)
                    inbound.finish(session, now, row)
                case Notice():
                    notices.record_notice(session, runtime.phrases, now, event, row)
                    inbound.finish(session, now, row)
                case _:
                    inbound.set_aside(session, row, "the stored event cannot be read by this version")
    except Exception as error:
        log.exception("work broke", extra={"channel": row.channel, "event": row.id, "attempt": row.attempts})
        with runtime.writing() as session:
            state = inbound.fail(session, runtime.now(), row, f"internal: {type(error).__name__}")
        if state is EventState.QUARANTINED:
            log.error("quarantined", extra={"channel": row.channel, "event": row.id})
