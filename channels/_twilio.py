"""What WhatsApp and SMS over Twilio share: the signature, the form, the REST calls, the words and codes.

Sources: twilio.com/docs/messaging/guides/webhook-request, …/docs/usage/webhooks/webhooks-security,
…/docs/messaging/guides/outbound-message-status-in-status-callbacks, …/docs/api/errors.
"""

from __future__ import annotations

import hmac
import re
import time
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

import httpx
from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from channels._twilio_api import API, SID, Transport, download
from channels._twilio_form import MEDIA, STATES, WORD, files, pin, read, type_note
from channels.base import Acknowledgement, Channel, Check, RawRequest
from channels.errors import FetchError, Forged, Malformed, OutcomeUnknown, Permanent, SendError
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
from channels.text import clean

#: ``MessageStatus`` of a message on its way to us; a form with any other is about a message of ours.
_INBOUND = frozenset({"", "receiving", "received"})
_OPT_OUT_TYPES = {"STOP": True, "START": False}


class _Form(dict[str, list[str]]):
    """A form as the SDK's validator wants it: every value of a repeated name."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


def _sign(token: str | None, url: str, form: _Form) -> bytes:
    # The SDK's ``validate`` is passed over for its own part, ``compute_signature``: it writes the URL anew first (a
    # "?" at the end is lost) and compares with a body hash only if handed a string.
    try:
        signature: str = RequestValidator(token).compute_signature(url, form)
    except ValueError as error:
        raise Forged("what is no text cannot be signed") from error
    return signature.encode()


def _spellings(url: str) -> tuple[str, ...]:
    """The URL as it is, and with the standard port added or the port left out: the provider signs either."""
    scheme, _, rest = url.partition("://")
    netloc, slash, path = rest.partition("/")
    host, _, port = netloc.partition(":")
    if host.startswith("["):
        return (url,)
    other = host if port else f"{host}:{443 if scheme == 'https' else 80}"
    return url, f"{scheme}://{other}{slash}{path}"


def _key_in(url: str) -> str:
    """The outbox key that our own status callback carries: it settles a send whose answer never reached us."""
    keys = [value for name, value in parse_qsl(urlsplit(url).query) if name == "k"]
    return keys[0] if len(keys) == 1 and re.fullmatch(r"[\w-]{1,64}", keys[0]) else ""


class Twilio(Channel):
    """Calling a subclass with its settings will make one sender of a Twilio account a way in and out."""

    shared = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")
    extras = ("TWILIO_AUTH_TOKEN_OLD", "TWILIO_API_URL")

    #: Seconds to wait for an answer of the API.
    answer_seconds: ClassVar[float] = 20.0
    #: Seconds that one attachment may take in all; the clock that measures them.
    fetch_seconds: ClassVar[float] = 20.0
    clock: Callable[[], float] = staticmethod(time.monotonic)

    def __init__(self, values: Mapping[str, str], public_url: str) -> None:
        super().__init__(values, public_url)
        self._sid = values["TWILIO_ACCOUNT_SID"]
        self._token = values["TWILIO_AUTH_TOKEN"]
        self._api = (values.get("TWILIO_API_URL") or API).rstrip("/")

    @classmethod
    def faults(cls, values: Mapping[str, str]) -> list[str]:
        """Calling this will list what is wrong with the form of the shared settings."""
        faults = []
        if not re.fullmatch(r"AC[0-9A-Za-z]{1,64}", values.get("TWILIO_ACCOUNT_SID", "")):
            faults.append("TWILIO_ACCOUNT_SID must be the account's id, AC and 32 hexadecimal digits")
        api = urlsplit(values.get("TWILIO_API_URL") or API)
        if api.scheme not in ("http", "https") or not api.hostname or api.query or api.fragment or "@" in api.netloc:
            faults.append("TWILIO_API_URL must be an http or https address without user, query or fragment")
        return faults

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
        signature = request.header("X-Twilio-Signature")
        if not signature:
            raise Forged("the request carries no signature")
        signed = self._signed(request)
        given = signature.encode("utf-8", "replace")
        # During a rotation only the primary token signs, and which one that is changes at the provider's moment. An
        # empty token would be a key that everybody knows.
        for token in (self._token, self.values.get("TWILIO_AUTH_TOKEN_OLD")):
            for url in _spellings(request.url) if token else ():
                if hmac.compare_digest(_sign(token, url, signed), given):
                    return
        raise Forged("the signature does not hold")

    @staticmethod
    def _signed(request: RawRequest) -> _Form:
        """What the signature covers beside the URL: a form; or nothing, of a JSON body its hash is in the URL."""
        if request.method == "GET":
            return _Form()
        if request.method != "POST":
            raise Forged("the provider sends only POST and GET")
        if request.header("Content-Type").partition(";")[0].strip().lower() == "application/json":
            hashes = [value for name, value in parse_qsl(urlsplit(request.url).query) if name == "bodySHA256"]
            own = sha256(request.body).hexdigest().encode()
            if len(hashes) != 1 or not hmac.compare_digest(own, hashes[0].encode()):
                raise Forged("a JSON body whose hash is not in the URL is not signed")
            return _Form()
        form = _Form()
        try:
            for name, value in request.form():
                form.setdefault(name, []).append(value)
        except Malformed as error:
            raise Forged("what cannot be read cannot be verified") from error
        return form

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
            return self._message(sid, fields)
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

    def _message(self, sid: str, fields: Mapping[str, str]) -> list[Event]:
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
        replied = fields.get("OriginalRepliedMessageSid", "")
        return [
            InboundMessage(
                channel=self.kind,
                account=self.account,
                external_id=sid,
                sender=sender,
                sender_name=fields.get("ProfileName", ""),
                text=text,
                attachments=attachments,
                location=location,
                reply_to=(replied,) if SID.fullmatch(replied) else (),
                automatic=automatic,
                notes=(*notes, *lost, *unread, *type_note(fields), *(["sender-not-a-person"] if automatic else [])),
            )
        ]

    def acknowledge(self, request: RawRequest) -> Acknowledgement:
        """Calling this will give an empty TwiML answer: replies go over REST, where the outbox knows of them."""
        return Acknowledgement('<?xml version="1.0" encoding="UTF-8"?><Response/>', "text/xml; charset=utf-8")

    # -- out -----------------------------------------------------------------------------------------------------

    @cached_property
    def _http(self) -> httpx.Client:
        # Made on first use, so after a fork. The environment's proxies are not read: this floor knows no environment.
        timeout = httpx.Timeout(self.answer_seconds, connect=5.0)
        return httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False)

    @cached_property
    def _client(self) -> Client:
        # The SDK reads region and edge from the process's environment; the transport puts its own host in their place.
        return Client(self._sid, self._token, http_client=Transport(self._http, self._api))

    def send(self, message: OutboundMessage) -> Receipt:
        """Calling this will hand one text to the provider, with a status callback to our own hook. Raises SendError."""
        to, body, messages = (
            self.recipient(message.recipient),
            self.outgoing(clean(message.text)),
            self._client.messages,
        )
        try:
            created = messages.create(
                to=to, from_=self.account, body=body, status_callback=f"{self.hook}?k={message.key}"
            )
        except (TwilioException, AttributeError, LookupError, TypeError, ValueError) as error:
            # The transport turns every refusal into a channel error; what is left is an acceptance in odd words.
            raise OutcomeUnknown(f"the answer cannot be read: {type(error).__name__}", code="unreadable") from error
        if not SID.fullmatch(str(created.sid)):
            raise OutcomeUnknown("the provider accepted the message without giving its id", code="unreadable")
        return Receipt(external_id=created.sid, state=STATES.get(str(created.status), DeliveryState.QUEUED))

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
        """Calling this will sign in, look whether the sender is the account's, and name the webhook to set."""
        try:
            status = str(self._client.api.accounts(self._sid).fetch().status)
        except (SendError, TwilioException) as error:
            return [Check("sign in", False, f"{error}: compare TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN")]
        return [Check("sign in", status == "active", f"the account is {clean(status)}"), *self.check_sender()]

    def check_sender(self) -> list[Check]:
        """Calling this will look at the sender and its webhook as far as the provider lets us."""
        return [Check("webhook", True, f"set the sender's webhook to {self.webhook}")]

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
