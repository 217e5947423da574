"""The ways in which members of staff are told what cannot wait: chosen by each, proven by a code, never guessed.

Mail goes to the address of the account and needs no proof. A number is proven by typing the code that was sent there,
a Telegram chat by pressing start on a link that only the signed-in person has seen. The address itself is a citizen's
like any other: whoever never reported anything from it is marked as the person of that member of staff; an address
that reports came from stays with them, so that nobody's reports are tied to their account.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, func, select
from sqlmodel import Session, col

from channels.base import Channel
from channels.message import Address
from channels.phones import phone
from dispatch.db import insert_new, stored_id
from dispatch.models import Citizen, CitizenAddress, Direction, LoginAttempt, Message, Staff, StaffReach, Ticket
from dispatch.runtime import Runtime
from dispatch.services import people, window
from dispatch.services.identity import ATTEMPTS, CODE_LENGTH, LETTERS, VALID_FOR
from dispatch.services.trail import audit

MAIL, SMS, WHATSAPP, TELEGRAM = "mail", "sms", "whatsapp", "telegram"
#: The ways there are, in the order in which they are offered.
CHANNELS = (MAIL, SMS, WHATSAPP, TELEGRAM)
#: What a number is proven on, and the scheme of its address there.
SCHEMES = {SMS: "tel", WHATSAPP: "whatsapp"}
#: An SMS abroad costs twenty times as much.
HOME = "+62"
CODES_AN_HOUR = 3
#: How many messages to the bot are looked through for the link that proves a Telegram chat.
LOOKED_AT = 500


class ReachFault(ValueError):
    """Calling this will refuse a way; ``key`` names the sentence the reader sees."""

    def __init__(self, key: str) -> None:
        super().__init__(f"this way cannot be used: {key}")
        self.key = key


@dataclass(frozen=True, slots=True)
class Asked:
    """Calling this will hold what a person does next to prove a way: ``link`` is what to open, "" where a code was sent
    to be typed in."""

    reach: StaffReach
    code: str = ""
    link: str = ""


def carrier(runtime: Runtime, channel: str) -> Channel | None:
    """Calling this will give the provider that sends to staff on a channel, None when the channel is off."""
    return next(iter(runtime.registry.of_kind(channel)), None) if channel in CHANNELS else None


def offered(runtime: Runtime) -> list[str]:
    """Calling this will list the channels by which this installation can tell staff something."""
    return [channel for channel in CHANNELS if carrier(runtime, channel) is not None]


def reach_of(session: Session, staff: Staff, channel: str) -> StaffReach | None:
    """Calling this will read one way of a person, proven or not."""
    return session.scalars(_row(staff, channel)).one_or_none()


def ways(session: Session, staff: Staff) -> Sequence[StaffReach]:
    """Calling this will list a person's ways, proven or not."""
    query = select(StaffReach).where(col(StaffReach.staff_id) == staff.id)
    return session.scalars(query.order_by(col(StaffReach.id))).all()


def ask(session: Session, runtime: Runtime, now: datetime, staff: Staff, channel: str, typed: str) -> Asked:
    """Calling this will begin the proof of a way: the caller sends ``code`` to the address, or shows ``link``.

    ``typed`` is the number (nothing for Telegram). What was proven on this channel before holds no longer.

    Raises ReachFault: ``off``, ``number``, ``too_many`` (three in an hour), ``write_first`` (WhatsApp takes our words
    only within a day of theirs), ``unreachable``.
    """
    provider = carrier(runtime, channel)
    if provider is None or channel == MAIL:
        raise ReachFault("off")
    value, address = "", None
    if channel != TELEGRAM:
        value = phone(typed.strip()) or ""
        if not value.startswith(HOME):
            raise ReachFault("number")
    elif not provider.contact[1]:
        raise ReachFault("off")
    _count(session, now, staff)
    if channel != TELEGRAM:
        target = Address(SCHEMES[channel], value)
        address = people.identify_sender(session, now, provider.kind, provider.account, target, derived=True)
        if address.stopped_at is not None or address.bad_at is not None:
            raise ReachFault("unreachable")
        if not window.is_open(address, provider.limits.reply_window, now):
            raise ReachFault("write_first")
    code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
    values = {"staff_id": staff.id, "channel": channel, "value": "", "digest": "", "attempts": 0, "asked_at": now}
    session.execute(insert_new(session, StaffReach, values))
    row = session.scalars(_row(staff, channel).with_for_update()).one()
    row.value, row.address_id, row.confirmed_at = value, address.id if address else None, None
    row.digest, row.attempts, row.asked_at = _digest(runtime, staff, channel, code), 0, now
    session.add(row)
    session.flush()
    link = f"{provider.contact[1]}?start={code}" if channel == TELEGRAM else ""
    return Asked(row, "" if link else f"{code[:4]}-{code[4:]}", link)


def waiting(row: StaffReach, now: datetime) -> bool:
    """Calling this will say whether a proof is under way: asked for, not done, not too old, not tried too often."""
    return bool(row.digest) and now - row.asked_at <= VALID_FOR and row.attempts < ATTEMPTS


def confirm(session: Session, runtime: Runtime, now: datetime, staff: Staff, channel: str, typed: str = "") -> bool:
    """Calling this will end a proof: True when the code is right (Telegram: when the link was opened), and from then on
    the person is told by this way. Each wrong code counts; after five a new one must be asked for."""
    row = session.scalars(_row(staff, channel).with_for_update()).one_or_none()
    if row is None or not waiting(row, now):
        return False
    if channel == TELEGRAM:
        address = _pressed(session, runtime, staff, row)
    else:
        row.attempts += 1
        session.add(row)
        letters = "".join(char for char in typed.upper() if char in LETTERS)
        right = hmac.compare_digest(row.digest, _digest(runtime, staff, channel, letters))
        address = session.get(CitizenAddress, row.address_id) if right else None
    if address is None:
        return False
    _prove(session, now, staff, row, address)
    staff.notify = channel
    session.add(staff)
    return True


def choose(session: Session, runtime: Runtime, now: datetime, staff: Staff, channel: str) -> None:
    """Calling this will set the way by which a person is told, "" for the application alone.

    Raises ReachFault: ``off`` for a channel that is not configured, ``unproven`` for one they have not proven.
    """
    if channel:
        if carrier(runtime, channel) is None:
            raise ReachFault("off")
        row = reach_of(session, staff, channel)
        if channel != MAIL and (row is None or row.confirmed_at is None):
            raise ReachFault("unproven")
    staff.notify = channel
    session.add(staff)
    audit(session, now, "staff.notify", "staff", str(staff.id), staff_id=staff.id, detail={"channel": channel})


def forget(session: Session, now: datetime, staff: Staff, *, by: int) -> None:
    """Calling this will take every way of a person away, and with them their mark as a person of staff."""
    session.execute(delete(StaffReach).where(col(StaffReach.staff_id) == staff.id))
    for person in session.scalars(select(Citizen).where(col(Citizen.staff_id) == staff.id)):
        person.staff_id = None
        session.add(person)
    staff.notify = ""
    session.add(staff)
    audit(session, now, "staff.ways_forgotten", "staff", str(staff.id), staff_id=by)


def address_for(session: Session, runtime: Runtime, now: datetime, staff: Staff) -> CitizenAddress | None:
    """Calling this will give the address by which a person is told now: by the channel they chose, by mail where that
    one cannot be used at the moment; None for the application alone."""
    if not staff.notify:
        return None
    for channel in dict.fromkeys((staff.notify, MAIL)):
        if channel == MAIL:
            _mail(session, runtime, now, staff)
        row = reach_of(session, staff, channel)
        if row is not None and row.address_id is not None and not fault(session, runtime, now, staff, channel):
            return session.get(CitizenAddress, row.address_id)
    return None


def fault(session: Session, runtime: Runtime, now: datetime, staff: Staff, channel: str) -> str:
    """Calling this will say why a person cannot be told by a channel now, "" when they can: ``off`` (not configured),
    ``unproven``, ``stopped`` (they told us to write nothing there), ``unreachable``, ``write_first``. It only reads."""
    provider = carrier(runtime, channel)
    if provider is None:
        return "off"
    row = reach_of(session, staff, channel)
    if row is None and channel == MAIL:
        return ""
    address = session.get(CitizenAddress, row.address_id) if row and row.confirmed_at and row.address_id else None
    if address is None:
        return "unproven"
    if address.stopped_at is not None:
        return "stopped"
    if address.bad_at is not None:
        return "unreachable"
    return "" if window.is_open(address, provider.limits.reply_window, now) else "write_first"


def _row(staff: Staff, channel: str) -> Select[StaffReach]:
    return select(StaffReach).where(col(StaffReach.staff_id) == staff.id, col(StaffReach.channel) == channel)


def _mail(session: Session, runtime: Runtime, now: datetime, staff: Staff) -> None:
    """Keep the address of the account as a way; it needs no code, for it is what the person signs in with."""
    provider = carrier(runtime, MAIL)
    row = reach_of(session, staff, MAIL)
    if provider is None or (row is not None and row.value == staff.email):
        return
    sender = Address("mailto", staff.email)
    address = people.identify_sender(session, now, provider.kind, provider.account, sender, derived=True)
    row = row or StaffReach(staff_id=stored_id(staff.id), channel=MAIL, value=staff.email, asked_at=now)
    row.value = staff.email
    _prove(session, now, staff, row, address)


def _prove(session: Session, now: datetime, staff: Staff, row: StaffReach, address: CitizenAddress) -> None:
    row.value = row.value if row.channel == MAIL else address.value
    row.address_id, row.confirmed_at = address.id, now
    row.digest, row.attempts = "", 0
    session.add(row)
    _adopt(session, now, staff, address)
    audit(session, now, "staff.way_proven", "staff", str(staff.id), staff_id=staff.id, detail={"channel": row.channel})


def _adopt(session: Session, now: datetime, staff: Staff, address: CitizenAddress) -> None:
    """Mark the person behind an address as this member of staff, unless reports came from there."""
    owner = session.get_one(Citizen, address.citizen_id)
    reported = session.scalars(select(col(Ticket.id)).where(col(Ticket.citizen_id) == owner.id).limit(1)).first()
    if owner.staff_id is not None or reported is not None:
        return
    mine = session.scalars(select(Citizen).where(col(Citizen.staff_id) == staff.id)).one_or_none()
    if mine is None:
        owner.staff_id = staff.id
        owner.notified_at = owner.notified_at or now  # what citizens are told of their data, staff learn elsewhere
        session.add(owner)
    else:
        address.citizen_id = stored_id(mine.id)
        session.add(address)
    session.flush()


def _pressed(session: Session, runtime: Runtime, staff: Staff, row: StaffReach) -> CitizenAddress | None:
    """The Telegram chat in which the link was opened since it was shown."""
    query = select(Message).where(
        col(Message.channel) == TELEGRAM,
        col(Message.direction) == Direction.IN,
        col(Message.created_at) >= row.asked_at,
    )
    for message in session.scalars(query.order_by(col(Message.id).desc()).limit(LOOKED_AT)):
        for note in message.notes:
            key, _, code = note.partition(":")
            if key == "start" and hmac.compare_digest(row.digest, _digest(runtime, staff, TELEGRAM, code)):
                return session.get(CitizenAddress, message.address_id)
    return None


def _count(session: Session, now: datetime, staff: Staff) -> None:
    key = f"reach:{staff.id}"
    lately = col(LoginAttempt.key) == key, col(LoginAttempt.at) > now - timedelta(hours=1)
    if (session.scalar(select(func.count()).where(*lately)) or 0) >= CODES_AN_HOUR:
        raise ReachFault("too_many")
    session.add(LoginAttempt(key=key, at=now))


def _digest(runtime: Runtime, staff: Staff, channel: str, code: str) -> str:
    text = f"reach:{staff.id}:{channel}:{code}".encode("utf-8", "replace")
    return hmac.new(runtime.settings.secret_key.encode(), text, hashlib.sha256).hexdigest()
