"""What WhatsApp and SMS over Twilio share: the signature, the form, the REST calls, the words and codes.

Sources: twilio.com/docs/messaging/guides/webhook-request, …/docs/usage/webhooks/webhooks-security,
…/docs/messaging/guides/outbound-message-status-in-status-callbacks, …/docs/api/errors.
"""

from __future__ import annotations

import json
import re
import time
from abc import abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

import httpx
from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from channels import _twilio_checks as checks
from channels import _twilio_lists as lists
from channels._twilio_api import API, SID, Transport, download
from channels._twilio_errors import ERRORS
from channels._twilio_form import MEDIA, STATES, WORD, fetched_at, files, pin, read, type_note
from channels._twilio_sign import check_signature
from channels.base import Acknowledgement, Channel, Check, Pulled, RawRequest
from channels.errors import (
    FetchError,
    Forged,
    Malformed,
    Misconfigured,
    OutcomeUnknown,
    Permanent,
    Temporary,
)
from channels.message import (
    Address,
    Attachment,
    DeliveryReport,
    DeliveryState,
    Event,
    InboundMessage,
    OptOut,
    OutboundMessage,
    Receipt,
)
from channels.settings import api_faults
from channels.templates import Template
from channels.text import clean

#: The provider does not list messages in the order they came: a look goes back an hour before the newest one known,
#: the first look of all a day.
OVERLAP = timedelta(hours=1)
FIRST_LOOK = timedelta(hours=24)
#: The webhook comes first: it tells more than the list. All its tries together take 15 seconds at most.
GRACE = timedelta(minutes=2)
#: ``MessageStatus`` of a message on its way to us; a form with any other is about a message of ours.
_INBOUND = frozenset({"", "receiving", "received"})
_OPT_OUT_TYPES = {"STOP": True, "START": False}


def _key_in(url: str) -> str:
    """The outbox key that our own status callback carries: it settles a send whose answer never reached us."""
    keys = [value for name, value in parse_qsl(urlsplit(url).query) if name == "k"]
    return keys[0] if len(keys) == 1 and re.fullmatch(r"[\w-]{1,64}", keys[0]) else ""


class Twilio(Channel):
    """Calling a subclass with its settings will make one sender of a Twilio account a way in and out."""

    shared = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")
    extras = ("TWILIO_AUTH_TOKEN_OLD", "TWILIO_API_URL")
    errors = ERRORS

    #: Seconds to wait for an answer of the API.
    answer_seconds: ClassVar[float] = 20.0
    #: Seconds that one attachment may take in all; the clock that measures them.
    fetch_seconds: ClassVar[float] = 20.0
    clock: Callable[[], float] = staticmethod(time.monotonic)
    #: The present instant, aware.
    now: Callable[[], datetime] = staticmethod(lambda: datetime.now(UTC))

    def __init__(self, values: Mapping[str, str], public_url: str) -> None:
        super().__init__(values, public_url)
        self._sid = values["TWILIO_ACCOUNT_SID"]
        self._token = values["TWILIO_AUTH_TOKEN"]
        self._api = (values.get("TWILIO_API_URL") or API).rstrip("/")
        #: Messages handed over by ``pull`` and recorded, with their instant; definitions of templates, by their id.
        self._taken: dict[str, datetime] = {}
        self._templates: dict[str, Template] = {}

    @classmethod
    def faults(cls, values: Mapping[str, str]) -> list[str]:
        """Calling this will list what is wrong with the form of the shared settings."""
        faults = []
        if not re.fullmatch(r"AC[0-9A-Za-z]{1,64}", values.get("TWILIO_ACCOUNT_SID", "")):
            faults.append("TWILIO_ACCOUNT_SID must be the account's id, AC and 32 hexadecimal digits")
        return faults + api_faults(values, "TWILIO_API_URL")

    @abstractmethod
    def sender(self, raw: str) -> tuple[Address, bool]:
        """Calling this will read who wrote, and whether that can only be a machine. Raises Malformed."""

    @abstractmethod
    def recipient(self, address: Address) -> str:
        """Calling this will write an address as the provider wants it. Raises Permanent for one of another channel."""

    def incoming(self, fields: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
        """Calling this will return the text of a message and the notes to keep with it."""
        return fields["Body"], ()

    def outgoing(self, text: str) -> str:
        """Calling this will write an answer in the characters the channel carries well."""
        return text

    def parts(self, text: str, told: int) -> int:
        """Calling this will count the billed parts of a text, from what the provider told (0: nothing)."""
        return max(told, 1)

    def aliases(self, fields: Mapping[str, str], sender: Address) -> tuple[Address, ...]:
        """Calling this will list other names the provider gives for the same person."""
        return ()

    def ignored(self, fields: Mapping[str, str]) -> bool:
        """Calling this will tell whether a message carries nothing for anybody."""
        return False

    def stopping(self, fields: Mapping[str, str]) -> bool | None:
        """Calling this will tell whether the person stops (True) or resumes (False) hearing from us; None: neither."""
        return _OPT_OUT_TYPES.get(fields.get("OptOutType", "").upper())

    # -- in ------------------------------------------------------------------------------------------------------

    def verify(self, request: RawRequest) -> None:
        """Calling this will check ``X-Twilio-Signature`` over the public URL, with the current token, then the old one.

        The account token and HMAC-SHA1 are the only key and algorithm: a request that names others is not heard.
        Raises Forged.
        """
        if request.header(lists.SENT_AT):
            raise Forged("only what we fetched ourselves carries that header")
        # During a rotation only the primary token signs, and which one that is changes at the provider's moment.
        check_signature(request, (self._token, self.values.get("TWILIO_AUTH_TOKEN_OLD", "")))

    def parse(self, request: RawRequest) -> Sequence[Event]:
        """Calling this will translate one verified form: a message, an opt-out, or what became of a message of ours.

        Raises Malformed unless account, sender or recipient, and message id are exactly ours and well formed: the
        signature alone does not say where one field ends and the next begins.
        """
        fields = read(request)
        if fields.get("AccountSid") != self._sid:
            raise Malformed("AccountSid is not our account")
        sid = fields.get("MessageSid", "")
        if not SID.fullmatch(sid):
            raise Malformed("MessageSid is not a message id")
        status = fields.get("MessageStatus", "")
        ours = "To" if status in _INBOUND else "From"
        if fields.get(ours) != self.account:
            raise Malformed(f"{ours} is not our sender")
        if status in _INBOUND:
            return self._message(sid, fields, request.header(lists.SENT_AT))
        if not fields.get("To") or not WORD.fullmatch(status):
            raise Malformed("a status without its recipient or with a status that is no word")
        code = fields.get("ErrorCode", "")
        return [
            DeliveryReport(
                channel=self.kind,
                account=self.account,
                external_id=f"{sid}:{status}",
                message_id=sid,
                state=STATES.get(status, DeliveryState.UNKNOWN),
                error_code=code if re.fullmatch(r"[1-9][0-9]{0,9}", code) else "",
                key=_key_in(request.url),
            )
        ]

    def _message(self, sid: str, fields: Mapping[str, str], fetched: str) -> list[Event]:
        if "Body" not in fields or not fields.get("From"):
            raise Malformed("Body or From is missing")
        sender, automatic = self.sender(fields["From"])
        stopped = self.stopping(fields)
        if stopped is not None:
            return [
                OptOut(channel=self.kind, account=self.account, external_id=sid, sender=sender, stopped=stopped),
            ]
        if self.ignored(fields):
            return []
        text, notes = self.incoming(fields)
        attachments, lost = files(fields)
        location, unread = pin(fields)
        lost += ["fetched-later"] if fetched else []
        replied = fields.get("OriginalRepliedMessageSid", "")
        return [
            InboundMessage(
                channel=self.kind,
                account=self.account,
                external_id=sid,
                sender=sender,
                sender_name=fields.get("ProfileName", ""),
                text=text,
                sent_at=fetched_at(fetched),
                attachments=attachments,
                location=location,
                reply_to=(replied,) if SID.fullmatch(replied) else (),
                aliases=self.aliases(fields, sender),
                automatic=automatic,
                notes=(*notes, *lost, *unread, *type_note(fields), *(["sender-not-a-person"] if automatic else [])),
            )
        ]

    def acknowledge(self, request: RawRequest) -> Acknowledgement:
        """Calling this will give an empty TwiML answer: replies go over REST, where the outbox knows of them."""
        return Acknowledgement('<?xml version="1.0" encoding="UTF-8"?><Response/>', "text/xml; charset=utf-8")

    @property
    def pull_every(self) -> float | None:
        """Calling this will ask for a look every five minutes: a webhook that fails for long loses its messages."""
        return 300.0

    def pull(self, cursor: str, wait: float) -> Generator[Pulled, None, None]:
        """Calling this will fetch what reached our sender since the cursor (an instant) or in the last 24 hours, each
        message as the webhook would have brought it; what came by the webhook already is the same event.

        A message whose files cannot be listed now holds up no other: the cursor stays before it, and the reason is
        raised at the end. Raises SendError.
        """
        now = self.now()
        newest = fetched_at(cursor)
        since = (newest - OVERLAP) if newest else now - FIRST_LOOK
        self._taken = {sid: at for sid, at in self._taken.items() if at >= since}
        failed: Temporary | None = None
        for item in lists.received(self._client, self.account, since):
            if item.sid in self._taken or (item.at and item.at > now - GRACE):
                continue
            try:
                body = item.form(self._client, self._sid)
            except Temporary as error:
                failed = failed or error
                continue
            at = item.at or since
            newest = max(newest or at, at)
            headers = {
                "Content-Type": "application/x-www-form-urlencoded",
                lists.SENT_AT: item.at.isoformat() if item.at else "unknown",
            }
            yield Pulled(body, "" if failed else newest.isoformat(), headers)
            self._taken[item.sid] = at
        if failed:
            raise failed

    # -- out -----------------------------------------------------------------------------------------------------

    @cached_property
    def _http(self) -> httpx.Client:
        # Made on first use, so after a fork. The environment's proxies are not read: this floor knows no environment.
        timeout = httpx.Timeout(self.answer_seconds, connect=5.0)
        return httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False)

    @cached_property
    def _client(self) -> Client:
        # The SDK reads region and edge from the process's environment; the transport puts its own host in their place.
        return Client(
            self._sid, self._token, http_client=Transport(self._http, self.values.get("TWILIO_API_URL", "").rstrip("/"))
        )

    def send(self, message: OutboundMessage) -> Receipt:
        """Calling this will hand one text, or one approved template with its values, to the provider, with a status
        callback to our own hook. Raises SendError."""
        to, text = self.recipient(message.recipient), self.outgoing(clean(message.text))
        what = self._content(message) if message.template else {"body": text}
        messages = self._client.messages
        try:
            created = messages.create(to=to, from_=self.account, status_callback=f"{self.hook}?k={message.key}", **what)
        except (TwilioException, AttributeError, LookupError, TypeError, ValueError) as error:
            # The transport turns every refusal into a channel error; what is left is an acceptance in odd words.
            raise OutcomeUnknown(f"the answer cannot be read: {type(error).__name__}", code="unreadable") from error
        if not SID.fullmatch(str(created.sid)):
            raise OutcomeUnknown("the provider accepted the message without giving its id", code="unreadable")
        told = str(created.num_segments)
        return Receipt(
            external_id=created.sid,
            state=STATES.get(str(created.status), DeliveryState.QUEUED),
            parts=self.parts(text, int(told) if re.fullmatch(r"[0-9]{1,3}", told) else 0),
        )

    def _content(self, message: OutboundMessage) -> dict[str, str]:
        """The template by its id, and its values by the names of its holes; a content never changes under its id."""
        key = message.template
        if not lists.CONTENT.fullmatch(key):
            raise Misconfigured("a template of this provider is named HX and 32 hexadecimal digits", code="template")
        if key not in self._templates:
            self._templates[key] = lists.template(self._client, key)
        found = self._templates[key]
        values = [clean(value) for value in message.variables]
        if faults := found.value_faults(values):
            raise Permanent("; ".join(faults), code="template")
        named = dict(zip(found.holes, values, strict=True))
        return {"content_sid": key, "content_variables": json.dumps(named, ensure_ascii=False)}

    def fetch(self, attachment: Attachment, raw: bytes) -> bytes:
        """Calling this will download a file from our own account's media, never from an address in a message.

        The one redirect allowed goes without credentials and to the provider's storage only. Raises FetchError.
        """
        if not MEDIA.fullmatch(attachment.source):
            raise FetchError("the attachment's source is not a media id", permanent=True)
        url = f"{self._api}/2010-04-01/Accounts/{self._sid}/{attachment.source}"
        own = httpx.URL(self._api) if self.values.get("TWILIO_API_URL") else None
        deadline = self.clock() + self.fetch_seconds
        return download(
            self._http,
            url,
            (self._sid, self._token),
            own=own,
            most=self.limits.attachment_bytes,
            in_time=lambda: self.clock() < deadline,
        )

    def check(self) -> list[Check]:
        """Calling this will sign in, look at the sender, its webhook and template, at webhook errors of the last day
        and at what is left of a rotation of the token."""
        signed_in = checks.sign_in(self._client, self._sid)
        if not signed_in.ok:
            return [signed_in]
        return [
            signed_in,
            *self.check_sender(),
            checks.webhook_errors(self._client, self.hook, self.now() - FIRST_LOOK),
            *checks.rotation(self.values),
        ]

    @abstractmethod
    def check_sender(self) -> list[Check]:
        """Calling this will look at the sender and its webhook as far as the provider lets us."""

    @property
    def webhook(self) -> str:
        """Calling this will give the address to enter at the provider.

        By default one retry is made, and only when no connection is had; the fragment asks for five, after any failure
        (twilio.com/docs/usage/webhooks/webhooks-connection-overrides). It is neither sent nor signed.
        """
        return f"{self.hook}#rc=5&rp=all"

    def close(self) -> None:
        """Calling this will close the connections, if any were made."""
        if "_http" in self.__dict__:
            self._http.close()


def foreign(address: Address) -> Permanent:
    """Calling this will make the error for an address that this channel cannot reach."""
    return Permanent(f"an address of scheme {address.scheme} cannot be reached here", code="address")
