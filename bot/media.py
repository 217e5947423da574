"""What the worker does with attachments: fetch, scan, decode, keep, and say what could not be taken.

The bytes are had, looked at and written before the transaction begins; what became of them is one transaction with
what is said of it. A file that something of ours keeps waiting is fetched again when its time has come.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sqlmodel import Session

from bot.lookup import within_budget
from channels.base import Channel
from channels.errors import FetchError, TooLarge
from channels.message import InboundMessage, load
from dispatch.filetypes import PROGRAMS, sniff
from dispatch.models import CitizenAddress, InboundEvent, Message, StoredAttachment, Ticket
from dispatch.pictures import PICTURES, Picture, Undecodable, rewrite
from dispatch.runtime import Runtime, current
from dispatch.scanner import ScannerAway
from dispatch.services import answers, media

log = logging.getLogger("aduan.media")


class _Wait(Exception):
    """Something of ours keeps the file waiting."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Refusal(Exception):
    """The file was had and is not kept."""

    def __init__(self, reason: str, virus: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.virus = virus


@dataclass(frozen=True, slots=True)
class _File:
    """A file ready to be kept."""

    data: bytes
    picture: Picture | None = None
    note: str = ""


def fetch_media(*row_ids: int) -> int:
    """Calling this will fetch every due attachment; the ids only say why the bell rang. Returns how many were tried."""
    return drain_media(current())


def drain_media(runtime: Runtime, rounds: int = 20) -> int:
    """Calling this will fetch pending attachments until none is due."""
    tried = 0
    for _ in range(rounds):
        with runtime.reading() as session:
            rows = media.pending(session, runtime.now())
            events = {row.id: session.get(InboundEvent, row.event_id or 0) for row in rows}
        if not rows:
            break
        blocked = _blocked(runtime)
        for row in rows:
            _work(runtime, row, events[row.id], blocked)
        tried += len(rows)
    return tried


def _blocked(runtime: Runtime) -> str:
    """What keeps every file waiting just now, asked before any provider is: "" when nothing does."""
    try:
        media.check_room(runtime.settings.media)
        if runtime.scanner is not None:
            runtime.scanner.version()
    except (media.NoRoom, OSError):
        log.error("no room for attachments")
        return media.NO_ROOM
    except ScannerAway as away:
        log.error("the virus scanner is away", extra={"error": str(away)})
        return media.NO_SCAN
    return ""


def _work(runtime: Runtime, row: StoredAttachment, event: InboundEvent | None, blocked: str) -> None:
    """One file, one transaction: what became of it and what is said of it are committed together or not at all."""
    outcome: _File | Exception
    try:
        outcome = _Wait(blocked) if blocked else _fetch(runtime, row, event)
    except (FetchError, _Wait, _Refusal) as known:
        outcome = known
    except Exception as fault:
        log.exception("fetch broke", extra={"channel": event.channel if event else "", "attachment": row.id})
        outcome = FetchError(f"internal: {type(fault).__name__}", permanent=False)
    try:
        _settle(runtime, row, event, outcome)
    except (media.NoRoom, OSError) as full:
        log.error("a file cannot be written", extra={"attachment": row.id, "error": type(full).__name__})
        _settle(runtime, row, event, _Wait(media.NO_ROOM))


def _settle(runtime: Runtime, row: StoredAttachment, event: InboundEvent | None, outcome: _File | Exception) -> None:
    with runtime.writing() as session:
        held = media.hold(session, row.id or 0)
        if held is None:
            return
        fresh, message = held
        match outcome:
            case _File():
                media.store(
                    session,
                    runtime.settings.media,
                    fresh,
                    outcome.data,
                    picture=outcome.picture,
                    note=outcome.note,
                    scanned=runtime.scanner is not None,
                )
            case _Wait():
                media.postpone(session, runtime.now(), fresh, outcome.reason)
            case _Refusal():
                media.refuse(session, fresh, outcome.reason, virus=outcome.virus)
            case TooLarge():
                media.refuse(session, fresh, media.TOO_LARGE)
                _tell(runtime, session, fresh, message, event)
            case FetchError():
                media.give_up(session, runtime.now(), fresh, str(outcome), permanent=outcome.permanent)


def _fetch(runtime: Runtime, row: StoredAttachment, event: InboundEvent | None) -> _File:
    if event is None:
        raise FetchError("the event it came with is gone", permanent=True)
    channel = _provider(runtime, event)
    if channel is None:
        raise _Wait(media.OFF)
    if row.size is not None and row.size > channel.limits.attachment_bytes:
        raise TooLarge("the file is larger than we take")
    data = channel.fetch(media.describe(row), event.raw)
    if not data:
        raise _Refusal(media.EMPTY)
    _scan(runtime, data)
    kind = sniff(data)
    if kind in PROGRAMS:
        raise _Refusal(media.PROGRAM)
    if kind not in PICTURES:
        return _File(data)
    try:
        return _File(data, picture=rewrite(data))
    except Undecodable as fault:
        return _File(data, note=fault.reason)


def _provider(runtime: Runtime, event: InboundEvent) -> Channel | None:
    """The provider a message came by: the one whose account it reached. Where the account has been renamed since, a
    kind's only provider; of several none is guessed, for asking the wrong one would end in "no such file" for good."""
    providers = runtime.registry.of_kind(event.channel)
    own = next((channel for channel in providers if channel.account == event.account), None)
    return own or (providers[0] if len(providers) == 1 else None)


def _scan(runtime: Runtime, data: bytes) -> None:
    if runtime.scanner is None:
        return
    try:
        virus = runtime.scanner.scan(data)
    except ScannerAway as away:
        log.error("a file could not be scanned", extra={"error": str(away)})
        raise _Wait(media.NO_SCAN) from None
    if virus:
        raise _Refusal(media.INFECTED, virus)


def _tell(
    runtime: Runtime, session: Session, row: StoredAttachment, message: Message, event: InboundEvent | None
) -> None:
    """Say once a message that a file was too large, to whom may be answered by a machine."""
    if event is None or message.address_id is None or media.told_before(session, row):
        return
    arrived = load(event.kind, event.payload)
    address = session.get_one(CitizenAddress, message.address_id)
    quiet = not isinstance(arrived, InboundMessage) or arrived.automatic or arrived.silent
    if quiet or address.stopped_at is not None or not within_budget(session, runtime.now(), address):
        return
    channel = _provider(runtime, event)
    limit = f"{(channel.limits.attachment_bytes if channel else 0) // 1_000_000} MB"
    ticket = session.get(Ticket, message.ticket_id) if message.ticket_id else None
    text = runtime.phrases.say("file_too_large", message.language, limit=limit)
    answers.say(session, runtime.phrases, runtime.now(), address, text=text, ticket=ticket)
