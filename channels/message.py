"""The frozen values every floor speaks: what arrived, what leaves, what became of it.

A channel turns a provider's words into these and back; nothing above the channel ever sees a provider's word.
All instants are aware datetimes; they are stored in UTC.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Address:
    """Calling this will name one way to reach a person: a scheme and a value, such as ``tel:+62…`` or ``telegram:…``.

    A phone number is never the key of a person (WhatsApp delivers users without one), so the scheme says what the
    value is. Raises ValueError when either half is empty.
    """

    scheme: str
    value: str

    def __post_init__(self) -> None:
        if not self.scheme or not self.value:
            raise ValueError("an address needs a scheme and a value")

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Calling this will read ``scheme:value`` back; the value may itself contain colons."""
        scheme, _, value = text.partition(":")
        return cls(scheme, value)


class AttachmentKind(StrEnum):
    """What a citizen attached, in our words; a type no table knows becomes ``unknown``, never an exception."""

    IMAGE = "image"
    AUDIO = "audio"
    VOICE = "voice"
    VIDEO = "video"
    DOCUMENT = "document"
    CONTACT = "contact"
    STICKER = "sticker"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Attachment:
    """Calling this will describe a file that came with a message, without its bytes.

    ``source`` is what the channel's own ``fetch`` needs to get the bytes (a provider's media id, a MIME part number);
    it is never a URL taken from a sender. ``size`` is in bytes, None when the provider does not say.
    """

    kind: AttachmentKind
    source: str
    content_type: str = "application/octet-stream"
    filename: str = ""
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """Calling this will hold a pin: degrees in WGS 84, with the label and the postal text the sender's app added."""

    latitude: float
    longitude: float
    label: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Calling this will hold what every arriving thing has: the channel account it reached and the provider's key for
    it.

    ``external_id`` is unique for ever within (channel, account): a repeat of it is the same event. ``raw`` is this
    item's own slice of a batch, None when the whole request is the item.
    """

    channel: str
    account: str
    external_id: str
    raw: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Calling this will hold what staff wrote down beside a citizen's words that came by no channel of ours.

    ``source`` is how they came (in person, by phone, by letter, from the media), ``staff`` the id of who wrote them
    down. ``way``, ``account`` and ``reach`` say how the citizen is answered (channel, our account there, address),
    empty where there is no way; ``call`` is then how staff themselves reach them, if at all. The rest is what is known
    of matter, agency and area; empty where it is not.
    """

    source: str
    staff: int
    way: str = ""
    account: str = ""
    reach: Address | None = None
    call: str = ""
    category: str = ""
    agency: str = ""
    area: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage(Event):
    """Calling this will hold one message from a citizen, whatever carried it.

    ``sent_at`` is the provider's time for it (aware), None where the provider gives none; it may be days before the
    receipt. ``reply_to`` lists provider ids of messages it answers, ours or the citizen's own, nearest first.
    ``thread`` is a conversation that the channel itself keeps together (a web chat, a signed reply address). ``album``
    names what came as one (several photos of an album): gathered before it is worked on. ``revises`` is the provider id
    of an earlier message of the citizen that this one corrects or completes: it opens nothing. ``provider_id`` is the
    provider's id for the message, where that differs from the event's key. ``aliases`` are other names the provider
    itself gives for the same person (a phone number beside a business-scoped id). ``automatic`` marks what a machine
    wrote: kept, never answered; ``silent`` what a person wrote but must not be answered automatically, as they ask.
    ``intake`` is set where staff wrote it down for the citizen.
    """

    sender: Address
    text: str = ""
    sender_name: str = ""
    subject: str = ""
    sent_at: datetime | None = None
    attachments: tuple[Attachment, ...] = ()
    location: Location | None = None
    reply_to: tuple[str, ...] = ()
    thread: str = ""
    provider_id: str = ""
    album: str = ""
    revises: str = ""
    aliases: tuple[Address, ...] = ()
    automatic: bool = False
    silent: bool = False
    language: str = ""
    notes: tuple[str, ...] = ()
    intake: Intake | None = None


#: The note of a message whose sender is only a claim: nothing of a ticket is told on its word alone.
UNPROVEN = "the sender is not proven"


class DeliveryState(StrEnum):
    """Where an outgoing message stands. The order of the ranks lies in ``RANK``; a lower rank arriving later is not
    applied. ``held`` waits for the person to write again (WhatsApp's window); ``replaced`` failed, and another row now
    carries the same words.
    """

    QUEUED = "queued"
    HELD = "held"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    REPLACED = "replaced"
    UNCERTAIN = "uncertain"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport(Event):
    """Calling this will hold what a provider says became of a message of ours.

    ``message_id`` is the provider's id of that message; ``key`` is our outbox key where the provider echoes it.
    ``error_code`` is looked up in the channel's own table. ``category`` is what the provider bills the message as, ""
    where it does not say; ``billable`` None likewise.
    """

    message_id: str
    state: DeliveryState
    occurred_at: datetime | None = None
    error_code: str = ""
    key: str = ""
    category: str = ""
    billable: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut(Event):
    """Calling this will hold that a person told the provider to stop (or to resume) hearing from us."""

    sender: Address
    stopped: bool
    occurred_at: datetime | None = None


class NoticeKind(StrEnum):
    """What people and providers do beside writing."""

    REACTION = "reaction"
    DELETED = "deleted"
    NEW_ADDRESS = "new-address"
    GROUP = "group"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Event):
    """Calling this will hold what is worth keeping and is no message: it never opens a ticket.

    A reaction to or the deletion of the message ``about`` (a provider id) is noted on that message's ticket. With
    ``new-address`` the person moved to ``successor``. A ``group`` wrote to us or took us in: it is told once to write
    in private. ``detail`` is a short word for staff (the emoji, the provider's word).
    """

    sender: Address
    what: NoticeKind
    about: str = ""
    detail: str = ""
    successor: Address | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable(Event):
    """Calling this will hold one item of a genuine request that no rule understands: it goes to quarantine, its
    neighbours do not."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMessage:
    """Calling this will hold one message to hand to a provider: exactly one provider call.

    ``key`` is the outbox row's own key, given to providers that echo or deduplicate it. ``text`` already fits the
    channel's limit. ``subject``, ``reply_to`` (provider ids, oldest first) and ``ticket_number`` serve channels that
    thread. ``automatic`` is true for receipts and notices, false for a person's answer. With ``template`` set the
    provider's approved text of that name is sent with ``variables``, and ``text`` only says what it will read.
    ``asks`` names what a button of the channel should offer: "place" (share a position) or "phone" (share a number),
    and after a space the button's words; a channel without such buttons leaves it out. "leave" makes the bot leave the
    group it speaks to.
    """

    key: str
    recipient: Address
    text: str
    subject: str = ""
    reply_to: tuple[str, ...] = ()
    ticket_number: str = ""
    automatic: bool = False
    thread: str = ""
    template: str = ""
    variables: tuple[str, ...] = ()
    asks: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Calling this will hold the provider's acceptance: its id for the message, the state that acceptance means, and in
    how many billed ``parts`` it went out (an SMS of three segments: 3)."""

    external_id: str
    state: DeliveryState = DeliveryState.SENT
    parts: int = 1


EVENT_TYPES: dict[str, type[Event]] = {
    "message": InboundMessage,
    "delivery": DeliveryReport,
    "optout": OptOut,
    "notice": Notice,
    "unreadable": Unreadable,
}
_NAMES = {kind: name for name, kind in EVENT_TYPES.items()}


def kind_of(event: Event) -> str:
    """Calling this will name the event's type as it is stored: message, delivery, optout, notice or unreadable."""
    return _NAMES[type(event)]


def dump(event: Event) -> dict[str, Any]:
    """Calling this will make a plain JSON-ready dictionary of an event, without its raw bytes."""

    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.astimezone(UTC).isoformat()
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value) if f.name != "raw"}
        if isinstance(value, tuple):
            return [plain(item) for item in value]
        return str(value) if isinstance(value, StrEnum) else value

    body: dict[str, Any] = plain(event)
    return body


def load(kind: str, data: dict[str, Any]) -> Event:
    """Calling this will rebuild the event that ``dump`` wrote. Raises KeyError for a kind no version ever wrote."""
    fields = dict(data)
    for name in ("sent_at", "occurred_at"):
        if fields.get(name):
            fields[name] = datetime.fromisoformat(fields[name])
    for name in ("sender", "successor"):
        if fields.get(name):
            fields[name] = Address(**fields[name])
    if "aliases" in fields:
        fields["aliases"] = tuple(Address(**item) for item in fields["aliases"])
    if fields.get("intake"):
        reach = fields["intake"].get("reach")
        fields["intake"] = Intake(**{**fields["intake"], "reach": Address(**reach) if reach else None})
    if "what" in fields:
        fields["what"] = NoticeKind(fields["what"])
    if fields.get("location"):
        fields["location"] = Location(**fields["location"])
    if "state" in fields:
        fields["state"] = DeliveryState(fields["state"])
    if "attachments" in fields:
        fields["attachments"] = tuple(
            Attachment(**{**item, "kind": AttachmentKind(item["kind"])}) for item in fields["attachments"]
        )
    for name in ("reply_to", "notes"):
        if name in fields:
            fields[name] = tuple(fields[name])
    return EVENT_TYPES[kind](**fields)


#: Rank of each state for ``monotonic``: a read after a failure wins, a late "sent" never undoes "delivered".
RANK: dict[DeliveryState, int] = {
    DeliveryState.UNKNOWN: -1,
    DeliveryState.QUEUED: 0,
    DeliveryState.HELD: 0,
    DeliveryState.SENDING: 1,
    DeliveryState.UNCERTAIN: 2,
    DeliveryState.SENT: 3,
    DeliveryState.FAILED: 4,
    DeliveryState.REPLACED: 3,  # a delivery reported after all is the truth, and calls the other row back
    DeliveryState.DELIVERED: 4,
    DeliveryState.READ: 5,
}


def monotonic(current: DeliveryState, reported: DeliveryState) -> DeliveryState:
    """Calling this will return the state to keep when a provider reports one: never a step back, equal ranks keep the
    first.
    """
    return reported if RANK[reported] > RANK[current] else current
