"""One SMS out of Gammu's rows, or one report, as events."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from channels.errors import Malformed
from channels.message import DeliveryReport, DeliveryState, Event, InboundMessage, Unreadable
from channels.phones import NOT_A_PERSON, sms_sender
from channels.sms_modem.codes import ERRORS, STATES
from channels.text import clean

_KEY = re.compile(r"[\w-]{1,64}")
#: Stands where a part of a long SMS is missing.
_GAP = "(...)"
#: A date later than this is a modem that does not know the day.
_AHEAD = timedelta(days=1)
_MOST_PARTS = 255


def read(kind: str, account: str, zone: ZoneInfo, body: bytes, received_at: datetime) -> list[Event]:
    """Calling this will translate what ``SmsModem.pull`` wraps; ``zone`` is the one Gammu's times are in.

    Raises Malformed for anything else.
    """
    try:
        whole = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {type(error).__name__}") from error
    if whole == {}:
        return []
    match whole:
        case {"sms": [_, *_] as rows, "after": list() as before} if len(rows) <= _MOST_PARTS:
            return [
                _sms(kind, account, zone, [_row(each) for each in rows], [_row(each) for each in before], received_at)
            ]
        case {"sent": dict() as sent}:
            return [_report(kind, account, zone, sent)]
    raise Malformed("neither an SMS nor a report")


Row = Mapping[str, Any]


def _row(value: Any) -> Row:
    """A row with every field of the right type. Raises Malformed."""
    if not isinstance(value, dict):
        raise Malformed("a row is no object")
    numbers = all(isinstance(value.get(name), int) for name in ("row", "sequence", "total"))
    texts = all(isinstance(value.get(name), str) for name in ("sender", "received", "text", "coding", "phone"))
    if not numbers or not texts or not 1 <= value["sequence"] <= value["total"] <= _MOST_PARTS:
        raise Malformed("a row lacks a field")
    return value


def _sms(kind: str, account: str, zone: ZoneInfo, rows: list[Row], before: list[Row], received_at: datetime) -> Event:
    first, total = rows[0], rows[0]["total"]
    # A database set up anew counts its rows from 1 again: the time keeps the old and the new row 1 apart.
    name = _name(min(rows, key=lambda row: int(row["row"])))
    key = name if len(rows) == 1 else f"{name}+{len(rows)}"
    if all(row["coding"] == "8bit" for row in rows):
        return Unreadable(channel=kind, account=account, external_id=key, reason="a binary SMS: for a program")
    sender, machine = sms_sender(clean(first["sender"]))
    there = {row["sequence"] for row in (*rows, *before)}
    missing = [number for number in range(1, total + 1) if number not in there]
    notes = [f"parts missing: {', '.join(map(str, missing))} of {total}"] if missing else []
    if before:
        notes.insert(0, f"a late part: {', '.join(str(row['sequence']) for row in rows)} of {total}")
    return InboundMessage(
        channel=kind,
        account=account,
        external_id=key,
        provider_id=name,
        sender=sender,
        text=clean(_joined(rows, [] if before else missing)),
        sent_at=_time(first["received"], zone, received_at),
        automatic=machine,
        revises=_name(before[0]) if before else "",
        notes=(*notes, NOT_A_PERSON) if machine else tuple(notes),
    )


def _name(row: Row) -> str:
    received = re.sub(r"[^0-9]", "", row["received"])[:14]
    return clean(f"inbox:{row['phone'][:60]}:{row['row']}:{received}")


def _joined(rows: list[Row], missing: list[int]) -> str:
    pieces = {row["sequence"]: row["text"] for row in rows} | dict.fromkeys(missing, f" {_GAP} ")
    return (
        "".join(pieces[number] for number in sorted(pieces)).strip()
        if missing
        else "".join(pieces[number] for number in sorted(pieces))
    )


def _time(text: str, zone: ZoneInfo, received_at: datetime | None = None) -> datetime | None:
    """Gammu's local time as an instant; None for no time at all, and for one that has not come yet."""
    try:
        local = datetime.fromisoformat(text)
        instant = (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return None if received_at is not None and instant - received_at > _AHEAD else instant


def _report(kind: str, account: str, zone: ZoneInfo, sent: Row) -> DeliveryReport:
    texts = {name: sent.get(name) for name in ("key", "status", "code", "at")}
    key, status, code, at = (value if isinstance(value, str) else "" for value in texts.values())
    if not _KEY.fullmatch(key) or not _KEY.fullmatch(status):
        raise Malformed("a report without its key or status")
    state = STATES.get(status, DeliveryState.UNKNOWN)
    failed = state is DeliveryState.FAILED
    return DeliveryReport(
        channel=kind,
        account=account,
        external_id=f"{key}:{status}",
        message_id=key,
        key=key,
        state=state,
        occurred_at=_time(at, zone),
        error_code=(code if code in ERRORS else status) if failed else "",
    )
