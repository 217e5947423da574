"""What a message holds, by its type: words, files, a pin, and notes on how it came.

A part that cannot be read is noted and the rest is kept; a type that no rule knows is kept with the note
``unsupported:<type>``, so that the person can be asked for words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from channels.message import Attachment, AttachmentKind, Location
from channels.whatsapp_cloud.values import UNREADABLE, Unfit, code, table, text, word

MEDIA: dict[str, AttachmentKind] = {
    "image": AttachmentKind.IMAGE,
    "video": AttachmentKind.VIDEO,
    "audio": AttachmentKind.AUDIO,
    "document": AttachmentKind.DOCUMENT,
    "sticker": AttachmentKind.STICKER,
}
#: An uncompressed photograph arrives as a document.
_DOCUMENTS = {"image": AttachmentKind.IMAGE, "audio": AttachmentKind.AUDIO, "video": AttachmentKind.VIDEO}
MEDIA_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
#: The source of a card whose words lie in the event itself, with its place in the list.
CARD = re.compile(r"contact:([0-9]{1,3})")
_CONTENT_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,80}")
_MOST_NOTE = 200
_MOST_FIELDS = 50


@dataclass(frozen=True, slots=True)
class Content:
    """Calling this will hold what a message says and carries."""

    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    location: Location | None = None
    notes: tuple[str, ...] = ()


def read(message: Mapping[str, Any]) -> Content:
    """Calling this will read a message by its type. Raises Unfit when the type's own part is missing or misshapen."""
    kind = word(message.get("type"))
    if not kind:
        raise Unfit("a message without a type")
    if message.get("errors") and not isinstance(message.get(kind), dict):
        return Content(notes=(_unsupported(kind, message),))
    return READERS.get(kind, _unknown)(message)


def notes_on(message: Mapping[str, Any]) -> tuple[str, ...]:
    """Calling this will note how a message came: forwarded, from an advertisement, about a product."""
    context, referral = message.get("context"), message.get("referral")
    context = context if isinstance(context, dict) else {}
    product = context.get("referred_product")
    notes = [
        ("forwarded", context.get("forwarded") is True),
        ("forwarded-often", context.get("frequently_forwarded") is True),
    ]
    if isinstance(referral, dict):
        notes.append((f"referral:{word(referral.get('source_type'))}:{word(referral.get('source_id'))}", True))
    if isinstance(product, dict):
        notes.append((f"product:{word(product.get('product_retailer_id'))}", True))
    return tuple(note for note, holds in notes if holds)


def _text(message: Mapping[str, Any]) -> Content:
    body = table(message.get("text"), "text").get("body")
    if body is None:
        raise Unfit("a text without its words")
    return Content(text(body))


def _media(message: Mapping[str, Any]) -> Content:
    name = str(message["type"])
    media = table(message.get(name), name)
    caption = text(media.get("caption"))
    file = _file(name, media)
    if file is None:
        return Content(caption, notes=("media-unreadable",))
    return Content(caption, (file,))


def _file(name: str, media: Mapping[str, Any]) -> Attachment | None:
    source = media.get("id")
    if not isinstance(source, str) or not MEDIA_ID.fullmatch(source):
        return None
    stated = str(media.get("mime_type") or "").partition(";")[0].strip().lower()
    stated = stated if _CONTENT_TYPE.fullmatch(stated) else "application/octet-stream"
    kind = MEDIA.get(name, AttachmentKind.UNKNOWN)
    if kind is AttachmentKind.DOCUMENT:
        kind = _DOCUMENTS.get(stated.partition("/")[0], kind)
    if kind is AttachmentKind.AUDIO and media.get("voice") is True:
        kind = AttachmentKind.VOICE
    given = media.get("filename")
    filename = re.split(r"[/\\]", text(given))[-1] if isinstance(given, str) else ""
    return Attachment(kind, source, stated, filename)


def _location(message: Mapping[str, Any]) -> Content:
    pin = table(message.get("location"), "location")
    try:
        latitude, longitude = float(pin["latitude"]), float(pin["longitude"])
    except UNREADABLE:
        return Content(notes=("location-unreadable",))
    if not (isfinite(latitude) and isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180):
        return Content(notes=("location-unreadable",))
    return Content(location=Location(latitude, longitude, text(pin.get("name")), text(pin.get("address"))))


def _contacts(message: Mapping[str, Any]) -> Content:
    cards = message.get("contacts")
    if not isinstance(cards, list) or not cards:
        raise Unfit("contacts are missing or of an unknown shape")
    files = tuple(
        Attachment(AttachmentKind.CONTACT, f"contact:{number}", "text/vcard", "contact.vcf")
        for number in range(min(len(cards), 100))
    )
    own = {value for value in (message.get("from"), message.get("from_user_id")) if isinstance(value, str)}
    return Content(attachments=files, notes=("contact:own" if _ids(cards) & own else "contact:other",))


def _ids(cards: list[Any]) -> set[str]:
    """What WhatsApp itself says the cards' numbers belong to; a number typed into a card proves nothing."""
    phones = [each for card in cards if isinstance(card, dict) for each in (card.get("phones") or ())]
    found = (each.get(name) for each in phones if isinstance(each, dict) for name in ("wa_id", "user_id"))
    return {value for value in found if isinstance(value, str)}


def _button(message: Mapping[str, Any]) -> Content:
    button = table(message.get("button"), "button")
    return Content(text(button.get("text")), notes=_marked("button", button.get("payload")))


def _interactive(message: Mapping[str, Any]) -> Content:
    answer = table(message.get("interactive"), "interactive")
    kind = word(answer.get("type"))
    if kind not in ("button_reply", "list_reply", "nfm_reply"):
        return Content(notes=(f"unsupported:{kind or 'interactive'}",))
    chosen = table(answer.get(kind), kind)
    if kind == "nfm_reply":
        return Content(_form(chosen), notes=_marked("form", chosen.get("name")))
    return Content(text(chosen.get("title")), notes=_marked(kind.removesuffix("_reply"), chosen.get("id")))


def _form(reply: Mapping[str, Any]) -> str:
    """The answers of a form as lines ``field: value``, without the token that only says which form it was."""
    given = reply.get("response_json")
    try:
        fields = json.loads(given) if isinstance(given, str) else given
    except (ValueError, RecursionError):
        return text(given)
    if not isinstance(fields, dict):
        return text(reply.get("body"))
    told = [(name, value) for name, value in fields.items() if name != "flow_token"][:_MOST_FIELDS]
    return text(
        "\n".join(
            f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
            for name, value in told
        )
    )


def _marked(name: str, value: object) -> tuple[str, ...]:
    return (f"{name}:{text(value)[:_MOST_NOTE]}",) if isinstance(value, str) and value else ()


def _order(message: Mapping[str, Any]) -> Content:
    order = table(message.get("order"), "order")
    items = order.get("product_items")
    return Content(text(order.get("text")), notes=(f"order:{len(items) if isinstance(items, list) else 0}",))


def _unknown(message: Mapping[str, Any]) -> Content:
    """Whatever words or file can be found under the type's own name are kept."""
    kind = str(message["type"])
    part = message.get(kind)
    part = part if isinstance(part, dict) else {}
    said = next((part[name] for name in ("body", "text", "caption") if isinstance(part.get(name), str)), "")
    file = _file(kind, part) if "mime_type" in part else None
    note = f"type:{kind}" if said or file else _unsupported(kind, message)
    return Content(text(said), (file,) if file else (), notes=(note,))


def _unsupported(kind: str, message: Mapping[str, Any]) -> str:
    """The note for what cannot be read: the provider's word for it, or its error number."""
    part, errors = message.get("unsupported"), message.get("errors")
    named = word(part.get("type")) if isinstance(part, dict) else ""
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    number = code(first.get("code"))
    return f"unsupported:{named or (kind if kind != 'unsupported' else number or kind)}"


READERS: dict[str, Callable[[Mapping[str, Any]], Content]] = {
    "text": _text,
    **dict.fromkeys(MEDIA, _media),
    "location": _location,
    "contacts": _contacts,
    "button": _button,
    "interactive": _interactive,
    "order": _order,
}
