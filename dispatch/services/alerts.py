"""Telling staff what cannot wait: once for each thing and person, in the application and by the way they chose.

An alert is a row first. Where its reader chose a channel and proved that it is theirs (``reaching``), a message carries
it there: without the citizen's words or name, outside any conversation, and only in the working time of the ticket's
agency unless it is about somebody's life.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlmodel import Session, col

from channels.registry import channel_class
from dispatch import ladder, outbox
from dispatch.db import insert_new, stored_id
from dispatch.models import (
    Alert,
    Author,
    CitizenAddress,
    Direction,
    Message,
    Position,
    Role,
    Staff,
    StaffAgency,
    Ticket,
)
from dispatch.phrases import TERSE, Phrases
from dispatch.region import Region
from dispatch.runtime import Runtime, ring_sender_after_commit
from dispatch.services import deadlines, privacy, reaching

log = logging.getLogger("aduan.alerts")

#: From the desk upwards: who stands there, and where they are looked for when the rung below is empty.
UPWARDS = (
    (Position.OFFICER, "agency"),
    (Position.HEAD, "agency"),
    (Position.SUPERVISOR, "supervisor"),
    (Position.SECRETARY, "region"),
)
#: The position of those who are told when nobody stands on any rung.
ADMINS = "admin"
#: How many messages that waited for the morning one sweep sends at most.
BATCH = 200
#: So many messages a person gets in an hour; what is beyond stands in the application only, unless it is about a life.
AN_HOUR = 20
DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Readers:
    """Calling this will hold who is told: the ids of staff, and the ``position`` and ``scope`` at which they were
    found, higher than asked for when the rung itself is empty."""

    staff_ids: tuple[int, ...]
    position: str
    scope: str


def people(session: Session, region: Region, *, position: str, scope: str, agency: str) -> list[int]:
    """Calling this will give the ids of those who stand on a rung of the ladder for an agency (a code of the region
    pack), the next higher ones if nobody does, at last the administrators.

    ``scope`` is ``agency`` (staff of it), ``supervisor`` (who watch over it) or ``region`` (anywhere).
    """
    return list(readers(session, region, position=position, scope=scope, agency=agency).staff_ids)


def readers(
    session: Session, region: Region, *, position: str, scope: str, agency: str, ticket: Ticket | None = None
) -> Readers:
    """Calling this will find who is told like ``people``, and say where they were found. Of ``ticket`` only those who
    may read it count: a rung whose people may not is as empty as one without people."""
    wanted = [(position, scope)]
    known = [each for each, _ in UPWARDS]
    if position in known:
        wanted += [(str(each), where) for each, where in UPWARDS[known.index(Position(position)) + 1 :]]
    for each, where in (*wanted, (ADMINS, "region")):
        found = _standing(session, region, each, where, agency)
        if ticket is not None:
            found = privacy.readers(session, region, ticket, found) if found else []
        if found:
            return Readers(tuple(found), each, where)
    return Readers((), ADMINS, "region")


def _standing(session: Session, region: Region, position: str, scope: str, agency: str) -> list[int]:
    code = deadlines.agency_of(region, agency).code
    over = {code, region.agencies[code].supervisor}
    named: dict[int, set[str]] = {}
    for link in session.scalars(select(StaffAgency)):
        named.setdefault(link.staff_id, set()).add(link.agency)
    found = []
    for row in session.scalars(select(Staff).where(col(Staff.disabled_at).is_(None)).order_by(col(Staff.id))):
        row_id = stored_id(row.id)
        theirs = named.get(row_id, set())
        if position == ADMINS:
            fits = row.role == Role.ADMIN
        elif standing(row) != position:
            fits = False
        elif scope == "agency":
            fits = code in theirs
        elif scope == "supervisor":
            fits = bool(theirs & over) or (not theirs and row.role != Role.OFFICER)
        else:
            fits = True
        if fits:
            found.append(row_id)
    return found


def standing(staff: Staff) -> str:
    """Calling this will give the rung somebody stands on. An account that watches over others and was given no higher
    position stands as a supervisor."""
    if staff.role == Role.SUPERVISOR and staff.position == Position.OFFICER:
        return Position.SUPERVISOR
    return staff.position


def tell(
    session: Session,
    runtime: Runtime,
    now: datetime,
    *,
    staff_ids: Sequence[int],
    kind: str,
    ticket: Ticket | None,
    step: str = "",
    rung: int = 0,
    key: str,
    detail: Mapping[str, Any] | None = None,
    at_once: bool = False,
) -> list[Alert]:
    """Calling this will tell staff of something, in the caller's transaction; returns the alerts that are new.

    ``key`` says what it is about: who was told of it already is not told again. Closed accounts are told nothing, and
    of a ticket only those who may read it are. A message goes out with the agency's working time, or at any hour with
    ``at_once``. ``detail`` must hold no personal data.
    """
    wanted = sorted(set(staff_ids))
    allowed = set(privacy.readers(session, runtime.region, ticket, wanted)) if ticket is not None else set(wanted)
    send_at = now if at_once else _opening(runtime.region, ticket, now)
    made = []
    for staff_id in wanted:
        staff = session.get(Staff, staff_id)
        if staff is None or staff.disabled_at is not None or staff_id not in allowed:
            continue
        alert = _write(session, staff, now, f"{key}:{staff_id}", ticket, kind, step, rung, dict(detail or {}), send_at)
        if alert is None:
            continue
        made.append(alert)
        if alert.send_at is not None and alert.send_at <= now:
            send(session, runtime, now, alert, staff, ticket)
    if ticket is not None and wanted and not allowed:
        log.warning("nobody of those to be told may read the ticket", extra={"kind": kind, "count": len(wanted)})
    return made


def _write(
    session: Session,
    staff: Staff,
    now: datetime,
    key: str,
    ticket: Ticket | None,
    kind: str,
    step: str,
    rung: int,
    detail: dict[str, Any],
    send_at: datetime,
) -> Alert | None:
    values = {
        "key": key,
        "staff_id": staff.id,
        "ticket_id": ticket.id if ticket else None,
        "kind": kind,
        "step": step,
        "rung": rung,
        "created_at": now,
        "detail": detail,
        "send_at": send_at if staff.notify else None,
    }
    made = session.execute(insert_new(session, Alert, values).returning(col(Alert.id))).scalar()
    return session.get_one(Alert, made) if made is not None else None


def send(
    session: Session, runtime: Runtime, now: datetime, alert: Alert, staff: Staff, ticket: Ticket | None
) -> Message | None:
    """Calling this will promise the message that carries an alert by its reader's way; None when none can be used now:
    the alert then stands in the application only. It is never promised twice."""
    alert.send_at = None
    session.add(alert)
    if alert.message_id is not None or (alert.kind != DANGER and _flooded(session, now, staff)):
        return None
    address = reaching.address_for(session, runtime, now, staff)
    if address is None:
        return None
    phrases, language = runtime.phrases, staff.language
    text = sentence(phrases, alert, ticket, language, terse=address.channel in TERSE)
    if address.channel not in TERSE:
        text = f"{text}\n{link(runtime, alert, ticket)}"
    number = f"{ticket.number}: " if ticket else ""
    subject = number + phrases.say("alert_subject", language)
    automatic = alert.kind != DANGER  # a spent budget holds nothing back that tells of danger to life
    message = carry(session, now, address, text=text, subject=subject, language=language, automatic=automatic)
    alert.message_id = message.id
    return message


def _flooded(session: Session, now: datetime, staff: Staff) -> bool:
    query = select(func.count()).where(
        col(Alert.staff_id) == staff.id,
        col(Alert.message_id).is_not(None),
        col(Alert.created_at) > now - timedelta(hours=1),
    )
    return (session.scalar(query) or 0) >= AN_HOUR


def carry(
    session: Session,
    now: datetime,
    address: CitizenAddress,
    *,
    text: str,
    subject: str,
    language: str,
    automatic: bool = True,
) -> Message:
    """Calling this will promise a message to a member of staff: of no ticket, so that it is in no conversation.

    One that is not ``automatic`` goes although the channel's budget for such messages is spent.
    """
    message = Message(
        address_id=address.id,
        channel=address.channel,
        direction=Direction.OUT,
        author=Author.SYSTEM,
        body=text,
        language=language,
        created_at=now,
    )
    session.add(message)
    session.flush()
    external = channel_class(address.channel).external
    for row in outbox.put(session, now, message, address, text=text, automatic=automatic, subject=subject):
        if external:
            ring_sender_after_commit(session, row.channel, row.account, stored_id(row.id))
    return message


def sweep(runtime: Runtime) -> int:
    """Calling this will send the messages that waited for working time, of alerts nobody has seen meanwhile; returns
    how many. Each goes in a transaction of its own: running it twice, or in two processes, sends nothing twice."""
    now = runtime.now()
    with runtime.reading() as session:
        query = select(col(Alert.id)).where(col(Alert.send_at) <= now).order_by(col(Alert.send_at), col(Alert.id))
        ids = session.scalars(query.limit(BATCH)).all()
    sent = 0
    for alert_id in ids:
        with runtime.writing() as session:
            due = select(Alert).where(col(Alert.id) == alert_id, col(Alert.send_at) <= now)
            alert = session.scalars(due.with_for_update(skip_locked=True)).one_or_none()
            if alert is not None:
                sent += _send_late(session, runtime, now, alert)
    return sent


def _send_late(session: Session, runtime: Runtime, now: datetime, alert: Alert) -> bool:
    staff = session.get_one(Staff, alert.staff_id)
    ticket = session.get_one(Ticket, alert.ticket_id) if alert.ticket_id else None
    known = ticket is None or bool(privacy.readers(session, runtime.region, ticket, [stored_id(staff.id)]))
    if staff.disabled_at is not None or alert.seen_at is not None or not known:
        alert.send_at = None
        session.add(alert)
        return False
    return send(session, runtime, now, alert, staff, ticket) is not None


def mark_seen(session: Session, now: datetime, staff_id: int, alert_ids: Sequence[int] | None = None) -> int:
    """Calling this will mark somebody's alerts as seen, all of them or those named; another person's are not touched.
    Returns how many were not seen before."""
    query = update(Alert).where(col(Alert.staff_id) == staff_id, col(Alert.seen_at).is_(None))
    if alert_ids is not None:
        query = query.where(col(Alert.id).in_(alert_ids))
    done = session.execute(query.values(seen_at=now).execution_options(synchronize_session="fetch"))
    return int(done.rowcount)  # type: ignore[attr-defined]


#: Kinds with a sentence of their own that needs no more than the ticket's number.
PLAIN = frozenset(
    (
        DANGER,
        "reopened",
        "bounced",
        "sent_back",
        "not_accepted",
        "parts_done",
        "pause_over",
        "unsettled",
        "joined",
    )
)


def sentence(phrases: Phrases, alert: Alert, ticket: Ticket | None, language: str, *, terse: bool = False) -> str:
    """Calling this will say what an alert says, in a reader's language, without the link: on one line where ``terse``.

    A kind without words of its own names the ticket and asks to look at it.
    """
    number = ticket.number if ticket else ""
    if alert.kind == "digest":
        return _digest(phrases, alert.detail, language)
    if alert.kind == "unread":
        return phrases.say("alert_unread", language)
    if alert.kind == "test" or ticket is None:
        return phrases.say("alert_test", language)
    if alert.kind in ("due", "late") and "due" in alert.detail:
        due = datetime.fromisoformat(alert.detail["due"])
        values = {
            "number": number,
            "step": phrases.say(f"alert_step_{alert.step}", language),
            "due": phrases.day(due, language) if terse else phrases.moment(due, language),
        }
        text = phrases.say("alert_due" if alert.kind == "due" else "alert_late", language, **values)
    elif alert.kind in PLAIN:
        text = phrases.say(f"alert_{alert.kind}", language, number=number)
    else:
        text = phrases.say("alert_other", language, number=number)
    if alert.detail.get("instead") and not terse:
        text += " " + phrases.say("alert_instead", language)
    return text


#: Key of a digest's detail → the sentence with its figure, in the order in which they are told.
FIGURES = {"late": "alert_digest_late", "today": "alert_digest_today", "accept": "alert_digest_accept"}


def _digest(phrases: Phrases, counts: Mapping[str, int], language: str) -> str:
    parts = [phrases.say(key, language, count=counts[name]) for name, key in FIGURES.items() if counts.get(name)]
    opened = phrases.say("alert_digest", language, count=counts.get("open", 0))
    return f"{opened}: {', '.join(parts)}." if parts else f"{opened}."


def link(runtime: Runtime, alert: Alert, ticket: Ticket | None) -> str:
    """Calling this will give the address of the page an alert leads to: its ticket, the list a digest counts, or all
    of one's alerts."""
    base = f"{runtime.settings.public_url}/admin"
    if ticket is not None:
        return f"{base}/tickets/{ticket.number}"
    if alert.kind == "digest":
        return f"{base}/tickets?overdue=1" if alert.detail.get("late") else f"{base}/tickets"
    return f"{base}/alerts"


def _opening(region: Region, ticket: Ticket | None, now: datetime) -> datetime:
    if ticket is None:
        return now
    return ladder.opening(region, deadlines.agency_of(region, ticket.agency).calendar, now)
