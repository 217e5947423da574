"""A webhook's batches, item by item, as events: ``entry`` × ``changes`` × (``messages``, ``statuses``, ``errors``).

One item that no rule reads becomes Unreadable; its neighbours are not touched. What we do with each type, event and
field stands in ``coverage``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, TypedDict

from channels.errors import Malformed
from channels.message import (
    Address,
    DeliveryReport,
    DeliveryState,
    Event,
    InboundMessage,
    Notice,
    NoticeKind,
    Unreadable,
)
from channels.whatsapp_cloud import content
from channels.whatsapp_cloud.codes import ERRORS
from channels.whatsapp_cloud.values import (
    GROUP,
    UNREADABLE,
    People,
    Unfit,
    code,
    message_id,
    moment,
    phone,
    scoped,
    table,
    text,
    word,
)

OBJECT = "whatsapp_business_account"
#: The one field that is about messages.
FIELD = "messages"
#: The provider's word for where a message stands → ours. Any other is ``unknown``.
STATES: dict[str, DeliveryState] = {
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.READ,
    "played": DeliveryState.READ,
    "failed": DeliveryState.FAILED,
}
#: States that say nothing of whether a message arrived.
_NO_STATES = frozenset({"deleted"})
#: Types that bring nothing for anybody: a chat was opened; a call, or leave to call, which we never ask for.
_NO_TYPES = frozenset({"request_welcome", "call", "call_permission_reply", "VOICE_CALL_REQUEST"})
#: In place of the emoji, where a reaction was taken back: a sign that needs no translation.
TAKEN_BACK = "✗"
_KEY_LENGTH = 64


class Key(TypedDict):
    """Calling this will hold what names an event, and its own slice of the batch."""

    channel: str
    account: str
    external_id: str
    raw: bytes | None


@dataclass(frozen=True, slots=True)
class Source:
    """Calling this will hold whose webhook is read, and when it came."""

    channel: str
    account: str
    received_at: datetime
    body: bytes

    def key(self, external_id: str, raw: bytes | None) -> Key:
        """Calling this will name one event."""
        return {"channel": self.channel, "account": self.account, "external_id": external_id, "raw": raw}

    def unreadable(self, item: object, reason: str) -> Unreadable:
        """Calling this will put one item aside; the same item again is the same event."""
        raw = _dumped(item)
        name = sha256(self.body if raw is None else raw).hexdigest()
        return Unreadable(**self.key(f"unreadable:{name}", raw), reason=reason)


@dataclass(frozen=True, slots=True)
class Item:
    """Calling this will hold one item of a change, with what it must be read beside."""

    data: Mapping[str, Any]
    people: People
    source: Source
    raw: bytes | None

    def key(self, external_id: str) -> Key:
        """Calling this will name the item's event."""
        return self.source.key(external_id, self.raw)

    @property
    def at(self) -> datetime | None:
        """Calling this will give the provider's time for the item."""
        return moment(self.data.get("timestamp"), self.source.received_at)


def read(source: Source) -> list[Event]:
    """Calling this will translate one verified webhook, in its own order. Raises Malformed when it is not one."""
    try:
        data = json.loads(source.body)
        entries = data["entry"]
        ours = data["object"] == OBJECT and isinstance(entries, list)
    except UNREADABLE as fault:
        raise Malformed(f"not a WhatsApp webhook: {type(fault).__name__}") from None
    if not ours:
        raise Malformed("not a WhatsApp webhook: another object, or no list of entries")
    events: list[Event] = []
    for entry in entries:
        changes = entry.get("changes") if isinstance(entry, dict) else None
        if not isinstance(changes, list):
            events.append(source.unreadable(entry, "an entry without a list of changes"))
            continue
        for change in changes:
            try:
                events.extend(_change(entry, change, source))
            except UNREADABLE as fault:
                events.append(source.unreadable(change, _reason(fault)))
    return events


def _change(entry: Mapping[str, Any], change: object, source: Source) -> list[Event]:
    found = table(change, "a change")
    if not isinstance(found.get("field"), str):
        raise Unfit("a change without its field")
    if found["field"] != FIELD:
        return []
    value = table(found.get("value"), "value")
    number = table(value.get("metadata"), "metadata").get("phone_number_id")
    if not isinstance(number, str | int) or isinstance(number, bool):
        raise Unfit("phone_number_id is missing")
    if str(number) != source.account:
        return []
    lists = [(name, value.get(name), translate) for name, translate in PARTS]
    if any(items is not None and not isinstance(items, list) for _, items, _ in lists):
        raise Unfit("a list is no list")
    people = People(value.get("contacts"))
    events: list[Event] = []
    for name, items, translate in lists:
        for data in items or ():
            alone = _alone(entry, value, name, data, people)
            try:
                item = Item(table(data, f"an item of {name}"), people, source, _dumped(alone))
                events.extend(translate(item))
            except UNREADABLE as fault:
                events.append(source.unreadable(alone, _reason(fault)))
    return events


def _alone(entry: Mapping[str, Any], value: Mapping[str, Any], name: str, data: object, people: People) -> object:
    """The webhook as it would have been with this item alone, so that nobody's words are kept beside another's."""
    own = people.contact(data) if isinstance(data, dict) else {}
    kept = {key: value[key] for key in ("messaging_product", "metadata") if key in value}
    kept |= {"contacts": [own]} if own else {}
    change = {"field": FIELD, "value": {**kept, name: [data]}}
    return {"object": OBJECT, "entry": [{"id": entry.get("id"), "changes": [change]}]}


def _dumped(item: object) -> bytes | None:
    try:
        return json.dumps(item).encode()
    except RecursionError:
        return None  # then the whole request is kept beside it


def _reason(fault: Exception) -> str:
    return str(fault) if isinstance(fault, Unfit) else f"a field has an unknown shape: {type(fault).__name__}"


# -- messages ----------------------------------------------------------------------------------------------------


def _message(item: Item) -> Iterator[Event]:
    data = item.data
    wamid, kind = message_id(data.get("id")), word(data.get("type"))
    if not wamid:
        raise Unfit("a message without an id")
    if kind in _NO_TYPES or _is_call(data):
        return
    key = item.key(wamid)
    if data.get("group_id"):
        group = f"group:{text(data['group_id'])}"
        if not GROUP.fullmatch(group):
            raise Unfit("a group without a readable id")
        yield Notice(**key, sender=Address("whatsapp", group), what=NoticeKind.GROUP, detail=kind, occurred_at=item.at)
    elif kind in EVENTS:
        yield EVENTS[kind](item, key)
    else:
        yield _said(item, key, data)


def _is_call(data: Mapping[str, Any]) -> bool:
    """Whether this is the answer to a question about calls: a type of its own, or a text of this one word."""
    answer, said = data.get("interactive"), data.get("text")
    of_calls = isinstance(answer, dict) and answer.get("type") in _NO_TYPES
    return of_calls or (isinstance(said, dict) and said.get("body") == "VOICE_CALL_REQUEST")


def _said(item: Item, key: Key, message: Mapping[str, Any], revises: str = "") -> InboundMessage:
    """The message that a person wrote, or what one reads after an edit."""
    person = item.people.sender(item.data)
    found = content.read(message)
    context = message.get("context")
    answered = message_id(context.get("id")) if isinstance(context, dict) else ""
    return InboundMessage(
        **key,
        sender=person.sender,
        aliases=person.aliases,
        sender_name=person.name,
        text=found.text,
        attachments=found.attachments,
        location=found.location,
        sent_at=item.at,
        reply_to=(answered,) if answered else (),
        revises=revises,
        notes=(*found.notes, *content.notes_on(message), *(("edited",) if revises else ())),
    )


def _edit(item: Item, key: Key) -> Event:
    edit = table(item.data.get("edit"), "edit")
    original = message_id(edit.get("original_message_id"))
    if not original:
        raise Unfit("an edit of no message")
    return _said(item, key, table(edit.get("message"), "the edited message"), original)


def _revoke(item: Item, key: Key) -> Event:
    about = message_id(table(item.data.get("revoke"), "revoke").get("original_message_id"))
    if not about:
        raise Unfit("a deletion of no message")
    sender = item.people.sender(item.data).sender
    return Notice(**key, sender=sender, what=NoticeKind.DELETED, about=about, occurred_at=item.at)


def _reaction(item: Item, key: Key) -> Event:
    reaction = table(item.data.get("reaction"), "reaction")
    about = message_id(reaction.get("message_id"))
    if not about:
        raise Unfit("a reaction to no message")
    return Notice(
        **key,
        sender=item.people.sender(item.data).sender,
        what=NoticeKind.REACTION,
        about=about,
        detail=text(reaction.get("emoji"))[:40] or TAKEN_BACK,
        occurred_at=item.at,
    )


def _system(item: Item, key: Key) -> Event:
    system = table(item.data.get("system"), "system")
    kind = word(system.get("type"))
    person = item.people.sender({"from": system.get("customer"), **item.data})
    now = phone(system.get("wa_id")) or phone(system.get("new_wa_id")) or scoped(system.get("user_id"))
    moved = bool(now) and now not in (person.phone, person.scoped)
    if "changed_number" in kind and not moved:
        raise Unfit("a changed number without the new one")
    return Notice(
        **key,
        sender=person.sender,
        what=NoticeKind.NEW_ADDRESS if moved else NoticeKind.OTHER,
        detail=kind,
        successor=Address("whatsapp", now) if moved else None,
        occurred_at=item.at,
    )


EVENTS: dict[str, Callable[[Item, Key], Event]] = {
    "edit": _edit,
    "revoke": _revoke,
    "reaction": _reaction,
    "system": _system,
}


# -- what became of ours, and what Meta complains of --------------------------------------------------------------


def _status(item: Item) -> Iterator[Event]:
    data = item.data
    wamid, status = message_id(data.get("id")), word(data.get("status"))
    if not wamid or not status:
        raise Unfit("a status without its message or its word")
    if status in _NO_STATES:
        return
    echoed, pricing = data.get("biz_opaque_callback_data"), data.get("pricing")
    category, billable = _price(pricing if isinstance(pricing, dict) else {})
    yield DeliveryReport(
        **item.key(f"{wamid}:{status}"),
        message_id=wamid,
        state=STATES.get(status, DeliveryState.UNKNOWN),
        occurred_at=item.at,
        error_code=_first_code(data.get("errors")),
        key=echoed if isinstance(echoed, str) and len(echoed) <= _KEY_LENGTH and message_id(echoed) else "",
        category=category,
        billable=billable,
    )


def _price(pricing: Mapping[str, Any]) -> tuple[str, bool | None]:
    """What it is billed as, and whether: ``free_…`` is free whatever stands beside it."""
    kind, said = word(pricing.get("type")), pricing.get("billable")
    billable = said if isinstance(said, bool) else True if kind == "regular" else None
    return word(pricing.get("category")).lower(), False if kind.startswith("free_") else billable


def _first_code(errors: object) -> str:
    first = errors[0] if isinstance(errors, list) and errors else None
    return code(first.get("code")) if isinstance(first, dict) else ""


def _error(item: Item) -> Iterator[Event]:
    """Meta's complaint about no message in particular: put where staff see it, once a day."""
    number = code(item.data.get("code"))
    if not number:
        raise Unfit("an error without its number")
    meaning = ERRORS[number].text if number in ERRORS else "no known meaning"
    today = f"{item.source.received_at:%Y-%m-%d}"
    yield Unreadable(**item.key(f"error:{number}:{today}"), reason=f"Meta reports error {number}: {meaning}")


PARTS: tuple[tuple[str, Callable[[Item], Iterator[Event]]], ...] = (
    ("messages", _message),
    ("statuses", _status),
    ("errors", _error),
)
