"""Small readers of Meta's JSON: ids, numbers, times, texts. What is of no known form is nothing, or Unfit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from channels.message import Address
from channels.text import clean

PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
#: A business-scoped user id: country and an opaque id, for people who hide their number.
SCOPED = re.compile(r"[A-Z]{2}\.[A-Za-z0-9._-]{1,128}")
#: A group's id, as an address of ours: nobody's number or id begins so.
GROUP = re.compile(r"group:([A-Za-z0-9+/=_.@-]{1,200})")
MESSAGE_ID = re.compile(r"[A-Za-z0-9._=+/:-]{1,250}")
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,40}")

#: WhatsApp began in this year; a time before it is none.
_BEGAN = datetime(2009, 1, 1, tzinfo=UTC)
#: From here on a number counts milliseconds: as seconds it would be the year 5138.
_MILLISECONDS_FROM = 10**11
#: How far a clock over there may run ahead of ours before its time counts as no time at all.
_AHEAD = timedelta(days=1)

#: What reading someone else's JSON can raise.
UNREADABLE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class Unfit(ValueError):
    """Calling this will say in our own words, without a person's, why an item cannot be read."""


def text(value: object) -> str:
    """Calling this will return a text any database can hold; nothing for None. Raises Unfit for what is no text."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unfit("a text is no text")
    return clean(value)


def word(value: object) -> str:
    """Calling this will return a short plain word of the provider's, empty for anything else."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""


def code(value: object) -> str:
    """Calling this will return an error number as text, empty for anything else."""
    found = str(value)
    return found if not isinstance(value, bool) and re.fullmatch(r"[1-9][0-9]{0,9}", found) else ""


def message_id(value: object) -> str:
    """Calling this will return a message's id, empty for what is none."""
    return value if isinstance(value, str) and MESSAGE_ID.fullmatch(value) else ""


def table(value: object, name: str) -> Mapping[str, Any]:
    """Calling this will return a JSON object. Raises Unfit, naming it, for anything else."""
    if not isinstance(value, dict):
        raise Unfit(f"{name} is missing or of an unknown shape")
    return value


def phone(value: object) -> str:
    """Calling this will write a number as ``+`` and digits, empty for what is none. The provider leaves the + out."""
    found = "+" + str(value).removeprefix("+")
    return found if isinstance(value, str | int) and PHONE.fullmatch(found) else ""


def scoped(value: object) -> str:
    """Calling this will return a business-scoped user id, empty for what is none."""
    return value if isinstance(value, str) and SCOPED.fullmatch(value) else ""


def moment(value: object, received_at: datetime) -> datetime | None:
    """Calling this will read seconds or milliseconds since 1970, number or text, as an aware UTC time.

    None for what is no time; what lies a little ahead of ``received_at`` is ``received_at``.
    """
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,16}(\.[0-9]{1,9})?", str(value)):
        return None
    number = float(str(value))
    if number >= _MILLISECONDS_FROM:
        number /= 1000
    # The range is looked at first: beyond it a date cannot even be made.
    if not _BEGAN.timestamp() <= number <= (received_at + _AHEAD).timestamp():
        return None
    return min(datetime.fromtimestamp(number, UTC), received_at)


@dataclass(frozen=True, slots=True)
class Person:
    """Calling this will hold what a webhook says of who wrote: number, id, the ids of a parent business, name."""

    phone: str = ""
    scoped: str = ""
    parent: str = ""
    name: str = ""

    @property
    def sender(self) -> Address:
        """Calling this will give the address of the person: the number if it is told. Raises Unfit without either."""
        if not (self.phone or self.scoped):
            raise Unfit("neither a number nor an id of the sender can be read")
        return Address("whatsapp", self.phone or self.scoped)

    @property
    def aliases(self) -> tuple[Address, ...]:
        """Calling this will give the other addresses of the same person."""
        named = [value for value in (self.phone, self.scoped, self.parent) if value]
        return tuple(Address("whatsapp", value) for value in dict.fromkeys(named[1:]))


class People:
    """Calling this will index the ``contacts`` of one change: who the numbers and ids in its messages are."""

    def __init__(self, contacts: object) -> None:
        self._known: dict[str, Mapping[str, Any]] = {}
        for contact in contacts if isinstance(contacts, list) else ():
            for name in ("wa_id", "user_id"):
                key = contact.get(name) if isinstance(contact, dict) else None
                if isinstance(key, str) and key:
                    self._known.setdefault(key, contact)

    def contact(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Calling this will give the contact of a message's sender, an empty object where there is none."""
        keys = (message.get("from"), message.get("from_user_id"))
        return next((self._known[key] for key in keys if isinstance(key, str) and key in self._known), {})

    def sender(self, message: Mapping[str, Any]) -> Person:
        """Calling this will say who wrote a message, as far as it is told."""
        contact = self.contact(message)
        profile = contact.get("profile")
        profile = profile if isinstance(profile, dict) else {}
        name, username = (value if isinstance(value, str) else "" for value in map(profile.get, ("name", "username")))
        return Person(
            phone=phone(message.get("from")) or phone(contact.get("wa_id")),
            scoped=scoped(message.get("from_user_id")) or scoped(message.get("from")) or scoped(contact.get("user_id")),
            parent=scoped(contact.get("parent_user_id")),
            name=clean(name.strip() or (f"@{username}" if username else ""))[:200],
        )
