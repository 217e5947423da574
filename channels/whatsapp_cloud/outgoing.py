"""What we hand to the Cloud API: a text, a question with a button, or an approved text filled in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from channels.errors import Misconfigured, Permanent
from channels.message import Address, OutboundMessage
from channels.templates import Template
from channels.text import clean
from channels.whatsapp_cloud.values import GROUP, PHONE, SCOPED, word

#: The words beside a button may be this long (fact of the interactive message).
BUTTON_TEXT = 1024
#: Of several languages of one approved text, the one its bare name means.
FIRST_LANGUAGE = "id"

_HOLE = re.compile(r"\{\{\s*([A-Za-z0-9_]{1,64})\s*\}\}")
#: Buttons that want nothing filled in but an address's end.
_PLAIN_BUTTONS = frozenset({"QUICK_REPLY", "PHONE_NUMBER", "URL", "VOICE_CALL"})
_PLAIN_COMPONENTS = frozenset({"HEADER", "BODY", "FOOTER", "BUTTONS"})


@dataclass(frozen=True, slots=True)
class Place:
    """Calling this will hold one part of an approved text that is filled in: what the API calls it, and its holes.

    ``holes`` are pairs: our name of the value, and the parameter's name at the provider ("" where it counts).
    """

    head: Mapping[str, str]
    holes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Approved:
    """Calling this will hold an approved text and where its values go."""

    template: Template
    places: tuple[Place, ...]

    def components(self, values: Sequence[str]) -> list[dict[str, Any]]:
        """Calling this will write the values as the API wants them, part by part."""
        given = dict(zip(self.template.holes, values, strict=True))
        return [
            {
                **place.head,
                "parameters": [
                    {"type": "text", **({"parameter_name": theirs} if theirs else {}), "text": clean(given[ours])}
                    for ours, theirs in place.holes
                ],
            }
            for place in self.places
        ]


def listed(rows: Iterable[Mapping[str, Any]]) -> dict[str, Approved]:
    """Calling this will read the provider's list, by the key a send names.

    The key is the name; of a text in several languages that is the one in Indonesian if it is approved, else the first
    that is, and the others are ``name:language``. Texts that want a picture, a code or a catalogue filled in are left
    out: we have none to give.
    """
    found = [each for row in rows if (each := _read(row)) is not None]
    found.sort(key=lambda each: (not each.template.approved, each.template.language != FIRST_LANGUAGE))
    table: dict[str, Approved] = {}
    seen: set[tuple[str, str]] = set()
    for each in found:
        old = each.template
        if (old.name, old.language) in seen:
            continue
        seen.add((old.name, old.language))
        key = old.name if old.name not in table else f"{old.name}:{old.language}"
        template = Template(key, old.name, old.language, old.status, old.category, old.parts)
        table[key] = Approved(template, each.places)
    return table


def _read(row: Mapping[str, Any]) -> Approved | None:
    name, language, components = word_of(row, "name"), word(row.get("language")), row.get("components")
    if not name or not language or not isinstance(components, list):
        return None
    named = row.get("parameter_format") == "NAMED"
    parts: list[str] = []
    places: list[Place] = []
    count = 0

    def fill(text: object, head: Mapping[str, str], rename: Callable[[str], str]) -> None:
        nonlocal count
        holes = list(dict.fromkeys(_HOLE.findall(text))) if isinstance(text, str) else []
        if all(hole.isdecimal() for hole in holes):
            # Each part counts from 1 again; to us the whole text has one row of values.
            holes.sort(key=int)
            ours = {hole: rename(str(count + number)) for number, hole in enumerate(holes, start=1)}
            count += len(holes)
        else:
            ours = {hole: hole for hole in holes}
        parts.append(_HOLE.sub(lambda match: f"{{{{{ours[match[1]]}}}}}", text) if isinstance(text, str) else "")
        theirs = named and head["type"] != "button"
        if holes:
            places.append(Place(head, tuple((ours[hole], hole if theirs else "") for hole in holes)))

    order = {"HEADER": 0, "BODY": 1, "FOOTER": 2, "BUTTONS": 3}
    known = [each for each in components if isinstance(each, dict) and each.get("type") in _PLAIN_COMPONENTS]
    if len(known) != len(components):
        return None
    for component in sorted(known, key=lambda each: order[each["type"]]):
        kind = component["type"]
        if kind == "HEADER" and component.get("format") != "TEXT":
            return None
        if kind in ("HEADER", "BODY"):
            fill(component.get("text"), {"type": kind.lower()}, lambda number: number)
        for index, button in enumerate(component.get("buttons") or () if kind == "BUTTONS" else ()):
            if not isinstance(button, dict) or button.get("type") not in _PLAIN_BUTTONS:
                return None
            if button["type"] == "URL":
                head = {"type": "button", "sub_type": "url", "index": str(index)}
                fill(button.get("url"), head, lambda number: f"address_{number}" if named else number)
    status, category = word_of(row, "status").lower(), word_of(row, "category").lower()
    return Approved(Template(name, name, language, status, category, tuple(parts)), tuple(places))


def word_of(row: Mapping[str, Any], name: str) -> str:
    """Calling this will return a plain word of letters, digits and _, at most 512 of them; "" for anything else."""
    value = row.get(name)
    return value if isinstance(value, str) and re.fullmatch(r"\w{1,512}", value, re.ASCII) else ""


def to(address: Address) -> dict[str, str]:
    """Calling this will write an address as the API wants it. Raises Permanent for one it cannot reach."""
    value = address.value
    if address.scheme in ("whatsapp", "tel") and PHONE.fullmatch(value):
        return {"recipient_type": "individual", "to": value}
    if address.scheme == "whatsapp" and SCOPED.fullmatch(value):
        # Sources disagree whether an id goes into ``recipient`` or into ``to`` like a number; this line is all of it.
        return {"recipient_type": "individual", "recipient": value}
    group = GROUP.fullmatch(value) if address.scheme == "whatsapp" else None
    if group:
        return {"recipient_type": "group", "to": group[1]}
    raise Permanent(f"an address of scheme {address.scheme} cannot be reached here", code="address")


def body(message: OutboundMessage, approved: Approved | None) -> dict[str, Any]:
    """Calling this will write one message for the API; ``approved`` is the text its ``template`` names.

    Raises Permanent for an address it cannot reach or values that do not fit, Misconfigured for a text not approved.
    """
    sent: dict[str, Any] = {
        "messaging_product": "whatsapp",
        **to(message.recipient),
        # It comes back with every report: a send whose answer never reached us is settled by it.
        "biz_opaque_callback_data": message.key,
    }
    if message.template and approved:
        return {**sent, "type": "template", "template": _filled(approved, message.variables)}
    # The newest of their messages it answers; ids of another provider are not known here.
    answered = next((item for item in reversed(message.reply_to) if item.startswith("wamid.")), "")
    if answered:
        sent["context"] = {"message_id": answered}
    text = clean(message.text)
    if message.asks == "place" and len(text) <= BUTTON_TEXT and sent["recipient_type"] == "individual":
        asked = {"type": "location_request_message", "body": {"text": text}, "action": {"name": "send_location"}}
        return {**sent, "type": "interactive", "interactive": asked}
    return {**sent, "type": "text", "text": {"body": text, "preview_url": False}}


def _filled(approved: Approved, values: Sequence[str]) -> dict[str, Any]:
    template = approved.template
    if not template.approved:
        raise Misconfigured(f"the template {template.name} is {template.status or 'unknown'}", code="template")
    if faults := template.faults(values):
        raise Permanent("; ".join(faults), code="template")
    filled = {"name": template.name, "language": {"code": template.language}}
    components = approved.components(values)
    return {**filled, "components": components} if components else filled
