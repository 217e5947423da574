"""What is read out of a Twilio account: the messages it received, the texts approved for it, its webhook errors.

Sources: twilio.com/docs/messaging/api/message-resource, …/docs/content/content-api-resources,
…/docs/usage/monitor-alert, …/docs/whatsapp/api/senders.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from channels._twilio_api import API, SID
from channels.errors import Misconfigured, OutcomeUnknown, Permanent, Temporary
from channels.templates import Template

#: Says of a form that we fetched it ourselves, and when the message was sent. No request from outside may carry it.
SENT_AT = "X-Aduan-Sent-At"
#: The id of a content, as a send names it.
CONTENT = re.compile(r"HX[0-9a-f]{32}")
_PAGE = 1000
_MEDIA_ID = re.compile(r"ME[0-9a-f]{32}")
#: Texts of a template before others: what stands above, the body, what stands below.
_FIRST = ("header_text", "title", "media", "body", "subtitle", "footer")

Found = TypeVar("Found")


def read(ask: Callable[[], Found]) -> Found:
    """Calling this will ask the API for something that changes nothing there.

    Raises Temporary when no readable answer comes, and what the transport raises for a refusal.
    """
    try:
        return ask()
    except OutcomeUnknown as error:
        raise Temporary(str(error), code=error.code) from error
    except (TwilioException, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Temporary(f"the list cannot be read: {type(error).__name__}", code="unreadable") from error


@dataclass(frozen=True, slots=True)
class Received:
    """Calling this will hold one message as the account's list has it; ``at`` is aware, None where none is given."""

    sid: str
    sender: str
    to: str
    body: str
    files: str
    at: datetime | None

    def form(self, client: Client, account: str) -> bytes:
        """Calling this will write the message as the webhook would have brought it, with the addresses of its files.

        What only the webhook tells (profile name, position, button, quoted message) is not in the list. A file whose
        entry the provider refuses is left out, as is one that is deleted. Raises Temporary when it cannot be reached.
        """
        fields = {
            "AccountSid": account,
            "ApiVersion": "2010-04-01",
            "Body": self.body,
            "From": self.sender,
            "MessageSid": self.sid,
            "NumMedia": self.files,
            "SmsStatus": "received",
            "To": self.to,
        }
        if self.files not in ("", "0") and SID.fullmatch(self.sid):
            for number, (media, content_type) in enumerate(_media(client, self.sid)):
                address = f"{API}/2010-04-01/Accounts/{account}/Messages/{self.sid}/Media/{media}"
                fields |= {f"MediaUrl{number}": address, f"MediaContentType{number}": content_type}
        return urlencode(fields).encode()


def _media(client: Client, sid: str) -> list[tuple[str, str]]:
    try:
        found = read(lambda: client.messages(sid).media.list(page_size=20))
    except (Permanent, Misconfigured):
        # The account's list was just read, so it is this one message the provider has no files of any more.
        return []
    # Sorted, so that a second look gives the same bytes.
    return sorted((str(each.sid), str(each.content_type)) for each in found if _MEDIA_ID.fullmatch(str(each.sid)))


def received(client: Client, ours: str, since: datetime) -> list[Received]:
    """Calling this will list the messages that reached our sender since an instant, oldest first. Raises SendError."""
    found = read(lambda: client.messages.list(to=ours, date_sent_after=since, page_size=_PAGE))
    kept = [
        Received(
            sid=str(each.sid or ""),
            sender=str(each.from_ or ""),
            to=str(each.to or ""),
            body=str(each.body or ""),
            files=str(each.num_media or "0"),
            at=each.date_sent or each.date_created,
        )
        for each in found
        if each.direction == "inbound" and each.to == ours
    ]
    return sorted(kept, key=lambda each: (each.at or since, each.sid))


def templates(client: Client) -> list[Template]:
    """Calling this will list the account's contents with what WhatsApp says of each. Raises SendError."""
    return [
        _template(each) for each in read(lambda: client.content.v1.content_and_approvals.list(page_size=_PAGE // 2))
    ]


def template(client: Client, sid: str) -> Template:
    """Calling this will fetch one content, its approval unknown. Raises SendError."""
    return _template(read(lambda: client.content.v1.contents(sid).fetch()))


def _template(content: Any) -> Template:
    asked = getattr(content, "approval_requests", None)
    approval: Mapping[str, Any] = asked if isinstance(asked, Mapping) else {}
    # A content may hold several shapes of itself, the plain one for channels that show no buttons.
    shapes = content.types if isinstance(content.types, Mapping) else {}
    texts = dict.fromkeys(text for shape in shapes.values() for text in _texts(shape))
    return Template(
        key=str(content.sid),
        name=str(approval.get("name") or content.friendly_name or content.sid),
        language=str(content.language or ""),
        status=str(approval.get("status") or "unsubmitted").lower(),
        category=str(approval.get("category") or "").lower(),
        parts=tuple(texts),
    )


def _texts(value: object, name: str = "") -> Iterator[str]:
    """The body, and whatever else has holes."""
    if isinstance(value, str):
        if name == "body" or "{{" in value:
            yield value
    elif isinstance(value, Mapping):
        places = {key: place for place, key in enumerate(_FIRST)}
        for key in sorted(value, key=lambda each: places.get(each, len(_FIRST))):
            yield from _texts(value[key], key)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, name)


def webhook_errors(client: Client, hook: str, since: datetime) -> list[tuple[datetime | None, str]]:
    """Calling this will list when and with which code calls to our own webhook failed, newest first. Raises SendError.

    The provider keeps these for 30 days.
    """
    found = read(lambda: client.monitor.v1.alerts.list(log_level="error", start_date=since, limit=_PAGE))
    ours = [
        (each.date_generated if isinstance(each.date_generated, datetime) else None, str(each.error_code))
        for each in found
        if re.split(r"[?#]", str(each.request_url or ""), maxsplit=1)[0] == hook
    ]
    return sorted(ours, key=lambda each: (each[0] is not None, each[0] or since), reverse=True)


@dataclass(frozen=True, slots=True)
class Sender:
    """Calling this will hold a WhatsApp sender as the account has it: its state and its webhook, lower-case and raw."""

    status: str
    webhook: str
    reasons: str = ""


def whatsapp_sender(client: Client, ours: str) -> Sender | None:
    """Calling this will look our WhatsApp sender up; None when the account has no such sender. Raises SendError."""
    senders = client.messaging.v2.channels_senders
    listed = read(lambda: senders.list(channel="whatsapp", page_size=20))
    sid = next((each.sid for each in listed if each.sender_id == ours), None)
    if sid is None:
        return None
    found = read(lambda: senders(sid).fetch())  # the list leaves out the webhook
    hooks = found.webhook if isinstance(found.webhook, Mapping) else {}
    reasons = [
        str(each.get("message") or each.get("code") or "") if isinstance(each, Mapping) else str(each)
        for each in found.offline_reasons or ()
    ]
    return Sender(str(found.status or "").lower(), str(hooks.get("callback_url") or ""), "; ".join(reasons))
