"""What the worker runs on the citizen's side: work the inbox, fetch attachments.

A bell names a few rows; the job then drains everything that is due, a batch at a time, so that a lost bell costs
nothing and a burst costs one start-up. Texts of a batch are classified in one call.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from bot.converse import converse, text_of
from channels.errors import FetchError
from channels.message import DeliveryReport, Event, InboundMessage, OptOut, load
from classifier.scorer import Scorer
from classifier.suggestion import Prediction
from dispatch.models import EventState, InboundEvent, StoredAttachment
from dispatch.runtime import Runtime, current
from dispatch.services import delivery, inbound, media, people
from dispatch.services.tickets import Tag

log = logging.getLogger("aduan.work")

#: A report can come before our own note of the provider's id is committed, or for a message another system sent.
REPORT_PATIENCE = timedelta(minutes=10)
REPORT_RETRY = timedelta(seconds=20)


def work_inbound(*row_ids: int) -> int:
    """Calling this will work every due event; the ids only say why the bell rang. Returns how many were worked."""
    return drain_inbound(current())


def fetch_media(*row_ids: int) -> int:
    """Calling this will fetch every due attachment. Returns how many were tried."""
    return drain_media(current())


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


def drain_media(runtime: Runtime, rounds: int = 20) -> int:
    """Calling this will fetch pending attachments until none is due."""
    tried = 0
    for _ in range(rounds):
        with runtime.reading() as session:
            rows = media.pending(session, runtime.now())
            raws = {
                row.id: (event.channel, event.raw) for row in rows if (event := session.get(InboundEvent, row.event_id))
            }
        if not rows:
            break
        for row in rows:
            channel, raw = raws[row.id]
            _fetch(runtime, row, channel, raw)
        tried += len(rows)
    return tried


def _load(row: InboundEvent) -> Event | None:
    try:
        return load(row.kind, row.payload)
    except (KeyError, TypeError, ValueError):
        return None  # written by a newer version, or damaged: ``_work`` quarantines it


def _classify(runtime: Runtime, events: list[Event | None]) -> dict[int, Tag]:
    messages = [event for event in events if isinstance(event, InboundMessage) and text_of(event)]
    if not messages:
        return {}
    predictions = _suggest(runtime.classifier, [text_of(message) for message in messages])
    known = runtime.region.categories
    tags = {}
    for message, prediction in zip(messages, predictions, strict=True):
        if prediction is None:
            continue
        ranked = [item for item in prediction.suggestions if item.label in known]
        best = ranked[0] if ranked else None
        tags[id(message)] = Tag(
            category=best.label if best and prediction.sure else None,
            score=best.confidence if best else None,
            words=best.words if best else (),
            model=prediction.model,
            suggestions=tuple({"category": item.label, "confidence": round(item.confidence, 4)} for item in ranked[:3]),
        )
    return tags


def _suggest(scorer: Scorer, texts: list[str]) -> Sequence[Prediction | None]:
    """The scorer's predictions; None for a text it breaks on: that goes to the desk, as what nobody is sure of does."""
    try:
        return scorer.suggest(texts)
    except Exception as error:
        log.exception("classifier broke", extra={"count": len(texts), "error": type(error).__name__})
        return [None] if len(texts) == 1 else [_suggest(scorer, [text])[0] for text in texts]


def _work(runtime: Runtime, row: InboundEvent, event: Event | None, tag: Tag) -> None:
    """One event, one transaction: its effects and its being done are committed together or not at all."""
    try:
        with runtime.writing() as session:
            if not inbound.hold(session, row):
                return
            now = runtime.now()
            match event:
                case InboundMessage():
                    converse(runtime, session, event, row, tag)
                    inbound.finish(session, now, row)
                case DeliveryReport():
                    if delivery.record_delivery(session, now, event):
                        inbound.finish(session, now, row)
                    elif now - row.received_at < REPORT_PATIENCE:
                        inbound.release(session, row, now + REPORT_RETRY)
                    else:
                        inbound.set_aside(session, row, "a report for a message this system did not send")
                case OptOut():
                    address = people.identify_sender(session, now, event.channel, event.account, event.sender)
                    people.set_stopped(session, now, address, event.stopped)
                    inbound.finish(session, now, row)
                case _:
                    inbound.set_aside(session, row, "the stored event cannot be read by this version")
    except Exception as error:
        log.exception("work broke", extra={"channel": row.channel, "event": row.id, "attempt": row.attempts})
        with runtime.writing() as session:
            state = inbound.fail(session, runtime.now(), row, f"internal: {type(error).__name__}")
        if state is EventState.QUARANTINED:
            log.error("quarantined", extra={"channel": row.channel, "event": row.id})


def _fetch(runtime: Runtime, row: StoredAttachment, kind: str, raw: bytes) -> None:
    channel = runtime.registry.channels.get(kind)
    data, error, permanent = b"", "the channel is switched off", False
    if channel is not None:
        try:
            data = channel.fetch(media.describe(row), raw)
        except FetchError as fault:
            error, permanent = str(fault), fault.permanent
        except Exception as fault:
            log.exception("fetch broke", extra={"channel": kind, "attachment": row.id})
            error = f"internal: {type(fault).__name__}"
        else:
            error, permanent = "the file is empty", True
    with runtime.writing() as session:
        fresh = session.get_one(StoredAttachment, row.id)
        if data:
            media.store(session, runtime.settings.media, fresh, data)
        else:
            media.give_up(session, runtime.now(), fresh, error, permanent=permanent)
