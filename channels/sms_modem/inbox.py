"""Gammu's inbox: rows read until they are marked, the parts of a long SMS joined, and what became of our own SMS.

A row is read while ``Processed`` is false, never by "ID greater than the last": Gammu writes a row first and clears the
mark when its parts are counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, String, cast, func, select, update

from channels.sms_modem.codes import STATES, WORST_FIRST
from channels.sms_modem.tables import Tables, flag

#: Rows looked at in one look: more come with the next.
MOST_ROWS = 500
#: A phone counts its long SMS from 0 to 255 and begins again: a part belongs to an SMS of these hours only.
SAME_SMS = timedelta(hours=48)
#: UDH of a part: 8-bit (05 00 03 ref total seq) or 16-bit reference (06 08 04 ref ref total seq).
_UDH8 = re.compile(r"050003([0-9A-F]{2})([0-9A-F]{2})([0-9A-F]{2})")
_UDH16 = re.compile(r"060804([0-9A-F]{4})([0-9A-F]{2})([0-9A-F]{2})")
OURS = "aduan-"


@dataclass(frozen=True, slots=True)
class Part:
    """Calling this will hold one row of the inbox: ``group`` names the SMS it belongs to, ``sequence`` of ``total``."""

    row: int
    group: str
    sequence: int
    total: int
    sender: str
    received: str
    text: str
    coding: str
    phone: str


def _columns(tables: Tables) -> list[ColumnElement[Any]]:
    inbox = tables.inbox.c
    times = [cast(inbox.ReceivingDateTime, String).label("ReceivingDateTime")]
    names = ["ID", "SenderNumber", "TextDecoded", "Text", "Coding", "UDH", "RecipientID"]
    names += ["MessageID", "SequencePosition", "PartCount"] if tables.whole else []
    return [*(inbox[name] for name in names), *times]


def waiting(connection: Connection, tables: Tables, phone: str) -> list[Part]:
    """Calling this will list the rows that nobody has processed, in the order of their ids."""
    inbox, dialect = tables.inbox.c, connection.dialect.name
    query = select(*_columns(tables)).where(inbox.Processed == flag(dialect, False))
    if phone:
        query = query.where(inbox.RecipientID == phone)
    rows = connection.execute(query.order_by(inbox.ID).limit(MOST_ROWS)).mappings()
    return [_part(row, tables.whole) for row in rows]


def earlier(connection: Connection, tables: Tables, part: Part) -> list[Part]:
    """Calling this will list the parts of the same SMS that were processed before; none for an SMS of one part."""
    if part.total < 2:
        return []
    inbox, dialect = tables.inbox.c, connection.dialect.name
    query = select(*_columns(tables)).where(
        inbox.Processed == flag(dialect, True), inbox.SenderNumber == part.sender, inbox["ID"] < part.row
    )
    rows = connection.execute(query.order_by(inbox.ID.desc()).limit(MOST_ROWS)).mappings()
    same = [found for row in rows if (found := _part(row, tables.whole)).group == part.group]
    return sorted((each for each in same if _near(each.received, part.received)), key=lambda each: each.row)


def _near(one: str, other: str) -> bool:
    try:
        return abs(datetime.fromisoformat(one) - datetime.fromisoformat(other)) <= SAME_SMS
    except (ValueError, TypeError):
        return True


def _part(row: RowMapping, whole: bool) -> Part:
    sequence, total, reference = _header(str(row["UDH"] or ""))
    number, sender, phone = int(row["ID"]), str(row["SenderNumber"] or ""), str(row["RecipientID"] or "")
    group = f"udh:{phone}:{sender}:{reference}:{total}" if total > 1 else f"row:{number}"
    if whole and row["MessageID"] is not None and (row["PartCount"] or 0) > 1:
        sequence, total = int(row["SequencePosition"] or sequence), int(row["PartCount"])
        group = f"message:{row['MessageID']}"
    return Part(
        row=number,
        group=group,
        sequence=sequence,
        total=total,
        sender=sender,
        received=str(row["ReceivingDateTime"] or ""),
        text=str(row["TextDecoded"] or ""),
        coding=str(row["Coding"] or ""),
        phone=phone,
    )


def _header(udh: str) -> tuple[int, int, str]:
    """Sequence, total and reference of a part; 1 of 1 for what is no part or numbered out of its range."""
    for pattern in (_UDH8, _UDH16):
        if found := pattern.search(udh.upper()):
            reference, total, sequence = found[1], int(found[2], 16), int(found[3], 16)
            if 1 <= sequence <= total:
                return sequence, total, reference
    return 1, 1, ""


def grouped(parts: Iterable[Part]) -> list[list[Part]]:
    """Calling this will put the parts of one SMS together, each SMS where its first row stands.

    A sequence that comes twice begins another SMS: a phone whose count has gone round.
    """
    groups: dict[str, list[list[Part]]] = {}
    order: list[list[Part]] = []
    for part in parts:
        known = groups.setdefault(part.group, [])
        fitting = next((each for each in known if all(one.sequence != part.sequence for one in each)), None)
        if fitting is None:
            fitting = []
            known.append(fitting)
            order.append(fitting)
        fitting.append(part)
    return order


def late(before: Sequence[Part], parts: Sequence[Part]) -> bool:
    """Calling this will say whether ``parts`` complete the SMS of ``before`` rather than begin another."""
    there = {each.sequence for each in before}
    return bool(there) and len(there) < parts[0].total and all(each.sequence not in there for each in parts)


def mark(connection: Connection, tables: Tables, rows: Sequence[int]) -> None:
    """Calling this will mark rows as processed."""
    inbox = tables.inbox
    values = {"Processed": flag(connection.dialect.name, True)}
    connection.execute(update(inbox).where(inbox.c.ID.in_(rows)).values(values))


@dataclass(frozen=True, slots=True)
class Sent:
    """Calling this will hold what Gammu says of one SMS of ours: the worst of its parts, and when it last changed."""

    key: str
    status: str
    code: str
    at: str
    changed: datetime


def reports(connection: Connection, tables: Tables, since: datetime | None) -> list[Sent]:
    """Calling this will list our SMS that left Gammu's outbox and changed after ``since`` (Gammu's own clock)."""
    sent, outbox = tables.sent.c, tables.outbox.c
    ours = sent.CreatorID.like(f"{OURS}%")
    changed = select(sent.CreatorID).where(ours)
    if since is not None:
        changed = changed.where(sent.UpdatedInDB >= since)
    unfinished = select(outbox.CreatorID).where(outbox.CreatorID.like(f"{OURS}%"))
    query = (
        select(
            sent.CreatorID,
            sent.Status,
            sent.StatusError,
            cast(sent.UpdatedInDB, String).label("changed"),
            cast(func.coalesce(sent.DeliveryDateTime, sent.SendingDateTime), String).label("at"),
        )
        .where(sent.CreatorID.in_(changed), sent.CreatorID.not_in(unfinished))
        .order_by(sent.ID, sent.SequencePosition)
    )
    messages: dict[str, list[Mapping[Any, Any]]] = {}
    for row in connection.execute(query).mappings():
        messages.setdefault(row["CreatorID"], []).append(row)
    return sorted((_sent(key, rows) for key, rows in messages.items()), key=lambda each: each.changed)


def _sent(creator: str, rows: Sequence[Mapping[Any, Any]]) -> Sent:
    ranks = {state: rank for rank, state in enumerate(WORST_FIRST)}

    def badness(row: Mapping[Any, Any]) -> int:
        known = STATES.get(str(row["Status"]))
        return ranks[known] if known else 1

    worst = min(rows, key=badness)
    error = worst["StatusError"]
    return Sent(
        key=creator.removeprefix(OURS),
        status=str(worst["Status"]),
        code=str(error) if isinstance(error, int) and error > 0 else "",
        at=max(str(row["at"] or "") for row in rows),
        changed=max(_moment(str(row["changed"])) for row in rows),
    )


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return datetime.min  # noqa: DTZ901  (Gammu's own clock has no zone)
