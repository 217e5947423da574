"""Albums: what the citizen sent as one arrives item by item, each recorded at once, and is worked on as one message.

Nothing is kept in memory and nobody waits: each item's row falls due two seconds after its receipt, and whichever is
worked on first takes every other one that waits into its own transaction. What arrives after that joins quietly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlmodel import Session, col

from channels.message import InboundMessage, load
from dispatch.db import stored_id
from dispatch.models import EventState, InboundEvent, Message, StoredAttachment

#: A provider repeats what it could not deliver for so long (Telegram: 24 hours); a name used again later is another
#: album.
LATE = timedelta(days=1)


def gather(session: Session, row: InboundEvent) -> list[tuple[InboundEvent, InboundMessage]]:
    """Calling this will list the other items of a claimed item's album that wait, in the order of their arrival, locked
    until the transaction ends.

    An item that cannot be read is left alone: it goes to quarantine by itself and takes no neighbour along.
    """
    query = select(InboundEvent).where(
        *_same(row),
        col(InboundEvent.id) != row.id,
        col(InboundEvent.kind) == row.kind,
        col(InboundEvent.state) == EventState.NEW,
    )
    found = []
    for sibling in session.scalars(query.order_by(col(InboundEvent.id)).with_for_update()):
        try:
            item = load(sibling.kind, sibling.payload)
        except (KeyError, TypeError, ValueError):
            continue
        if isinstance(item, InboundMessage):
            found.append((sibling, item))
    return found


def merged(first: InboundMessage, others: Sequence[InboundMessage]) -> InboundMessage:
    """Calling this will make one message of an album: all files in the order of arrival, every caption once, what any
    of them answers."""
    items = (first, *others)
    return replace(
        first,
        text="\n".join(dict.fromkeys(item.text for item in items if item.text)),
        attachments=tuple(file for item in items for file in item.attachments),
        location=next((item.location for item in items if item.location), None),
        reply_to=tuple(dict.fromkeys(number for item in items for number in item.reply_to)),
        notes=tuple(dict.fromkeys(note for item in items for note in item.notes)),
        automatic=any(item.automatic for item in items),
        silent=any(item.silent for item in items),
    )


def finish(
    session: Session,
    now: datetime,
    row: InboundEvent,
    item: InboundMessage,
    others: Sequence[tuple[InboundEvent, InboundMessage]],
) -> None:
    """Calling this will mark the gathered items as done with the first, and name for each file the event it came in,
    out of whose bytes it may have to be fetched. Raises RuntimeError when one was taken by somebody else meanwhile."""
    done = session.execute(
        update(InboundEvent)
        .where(col(InboundEvent.id).in_([each.id for each, _ in others]))
        .where(col(InboundEvent.state) == EventState.NEW)
        .values(state=EventState.DONE, done_at=now, error="")
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != len(others):  # type: ignore[attr-defined]
        raise RuntimeError("an item of the album is no longer waiting")
    origins = {file.source: stored_id(event.id) for event, each in ((row, item), *others) for file in each.attachments}
    files = session.scalars(
        select(StoredAttachment)
        .join(Message, col(StoredAttachment.message_id) == col(Message.id))
        .where(col(Message.event_id) == row.id)
    )
    for file in files:
        file.event_id = origins.get(file.source, file.event_id)
        session.add(file)


def earlier(session: Session, row: InboundEvent) -> Message | None:
    """Calling this will find what became of the part of an item's album that was worked on before; None: nothing
    was."""
    query = (
        select(Message)
        .join(InboundEvent, col(Message.event_id) == col(InboundEvent.id))
        .where(*_same(row), col(InboundEvent.id) != row.id)
        .where(col(InboundEvent.received_at) > row.received_at - LATE)
    )
    return session.scalars(query.order_by(col(Message.id)).limit(1)).first()


def completing(item: InboundMessage, first: Message) -> InboundMessage:
    """Calling this will make a late item complete what came before: without words it is kept there and nothing is said;
    its words are heard like any reply to it."""
    if item.text:
        return replace(item, reply_to=(first.provider_id, *item.reply_to))
    return replace(item, revises=first.provider_id)


def holding(session: Session, sender: str, provider_id: str) -> Message | None:
    """Calling this will find the message that holds the album's item of this provider id, sent by ``sender`` (the key
    of ``inbound.sender_key``)."""
    item = select(col(InboundEvent.album)).where(
        col(InboundEvent.sender) == sender,
        col(InboundEvent.album) != "",
        col(InboundEvent.payload)["provider_id"].as_string() == provider_id,
    )
    query = (
        select(Message)
        .join(InboundEvent, col(Message.event_id) == col(InboundEvent.id))
        .where(col(InboundEvent.sender) == sender, col(InboundEvent.album).in_(item))
    )
    return session.scalars(query.order_by(col(Message.id)).limit(1)).first()


def _same(row: InboundEvent) -> tuple[ColumnElement[bool], ...]:
    return (col(InboundEvent.sender) == row.sender, col(InboundEvent.album) == row.album)
