"""A contact that a person passed on, as a vCard 4.0 (RFC 6350) made from the event's own bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from channels.errors import FetchError
from channels.whatsapp_cloud.values import UNREADABLE, table, text

#: The contact's list → field of its entries → property of the vCard.
_LISTS = (("phones", "phone", "TEL;VALUE=text"), ("emails", "email", "EMAIL"), ("urls", "url", "URL"))
_ADDRESS = ("street", "city", "state", "zip", "country")


def vcard(raw: bytes, number: int) -> bytes:
    """Calling this will write the contact at place ``number`` of the message in ``raw``. Raises FetchError."""
    try:
        message = json.loads(raw)["entry"][0]["changes"][0]["value"]["messages"][0]
        if message["type"] == "edit":
            message = message["edit"]["message"]
        lines = list(_lines(table(message["contacts"][number], "contact")))
    except UNREADABLE:
        raise FetchError("the event holds no such contact", permanent=True) from None
    return "\r\n".join(("BEGIN:VCARD", "VERSION:4.0", *lines, "END:VCARD", "")).encode()


def _lines(card: Mapping[str, Any]) -> Iterator[str]:
    name = card.get("name")
    name = name if isinstance(name, dict) else {}
    first, last, middle = (text(name.get(key)) for key in ("first_name", "last_name", "middle_name"))
    full = text(name.get("formatted_name")) or " ".join(filter(None, (first, middle, last)))
    yield f"FN:{_escaped(full)}"
    yield f"N:{_escaped(last)};{_escaped(first)};{_escaped(middle)};;"
    for listed, key, name_of in _LISTS:
        for entry in card.get(listed) or ():
            if value := text(table(entry, listed).get(key)):
                yield f"{name_of}:{_escaped(value)}"
    for entry in card.get("addresses") or ():
        parts = (_escaped(text(table(entry, "address").get(key))) for key in _ADDRESS)
        yield f"ADR:;;{';'.join(parts)}"
    org = card.get("org")
    if isinstance(org, dict) and (company := text(org.get("company"))):
        yield f"ORG:{_escaped(company)}"


def _escaped(value: str) -> str:
    return re.sub(r"([\\,;])", r"\\\1", value).replace("\r", "").replace("\n", "\\n")
