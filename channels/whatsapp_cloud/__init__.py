"""WhatsApp straight from Meta (Cloud API): signed webhooks in, the Graph API out.

``webhook`` and ``content`` say what becomes of what arrives, ``outgoing`` what is sent, ``codes`` what errors mean.
Sources: developers.facebook.com/documentation/business-messaging/whatsapp (webhooks, messages, media, templates).
"""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import httpx

from channels.base import Acknowledgement, Channel, Check, Limits, RawRequest
from channels.downloads import Refused, download, same_host
from channels.errors import FetchError, Forged, Misconfigured, OutcomeUnknown, Permanent, SendError, TooLarge
from channels.message import Attachment, AttachmentKind, Event, OutboundMessage, Receipt
from channels.settings import api_faults
from channels.templates import Template
from channels.whatsapp_cloud import checks, outgoing, webhook
from channels.whatsapp_cloud.cards import vcard
from channels.whatsapp_cloud.codes import ERRORS
from channels.whatsapp_cloud.content import CARD, MEDIA_ID
from channels.whatsapp_cloud.coverage import HANDLED
from channels.whatsapp_cloud.graph import API, Graph
from channels.whatsapp_cloud.values import PHONE, message_id

#: Where Meta keeps files. Nothing else a webhook or an answer names is asked for anything.
MEDIA_HOSTS = frozenset({"graph.facebook.com", "lookaside.fbsbx.com"})
#: The most bytes of a kind that WhatsApp itself carries (cloud-api/reference/media); documents may be larger.
MOST_BYTES = 16_000_000
MOST_DOCUMENT_BYTES = 100_000_000
#: A file's address lives for five minutes; past them it answers one of these.
_EXPIRED = frozenset({401, 403, 404, 410})
_TEMPLATES_SECONDS = 600.0

_RULES: tuple[tuple[str, str, str], ...] = (
    ("WHATSAPP_CLOUD_TOKEN", r"[!-~]{20,1000}", "must be the system user's access token, without blanks"),
    ("WHATSAPP_CLOUD_APP_SECRET", r"[0-9A-Za-z]{16,128}", "must be the app's secret, as Settings > Basic shows it"),
    ("WHATSAPP_CLOUD_APP_SECRET_OLD", r"|[0-9A-Za-z]{16,128}", "must be the app's secret before the change"),
    ("WHATSAPP_CLOUD_VERIFY_TOKEN", r"[!-~]{8,200}", "must be 8 to 200 characters of your own, without blanks"),
    ("WHATSAPP_CLOUD_PHONE_ID", r"[0-9]{5,30}", "must be the number's id, digits only, not the number itself"),
    ("WHATSAPP_CLOUD_ACCOUNT_ID", r"|[0-9]{5,30}", "must be the business account's id, digits only"),
    ("WHATSAPP_CLOUD_TEMPLATE", r"|[a-z0-9_]{1,512}(:\w{2,10})?", "must be the name of an approved text"),
    ("WHATSAPP_CLOUD_NUMBER", rf"|{PHONE.pattern}", "must be our number in international form, +62…"),
)


class WhatsAppCloud(Channel):
    """Calling this will make the WhatsApp channel of one number at Meta; ``WHATSAPP_CLOUD_PHONE_ID`` is its id."""

    kind = "whatsapp"
    name = "whatsapp-cloud"
    title = "WhatsApp"
    required = (
        "WHATSAPP_CLOUD_TOKEN",
        "WHATSAPP_CLOUD_APP_SECRET",
        "WHATSAPP_CLOUD_VERIFY_TOKEN",
        "WHATSAPP_CLOUD_PHONE_ID",
    )
    optional = (
        "WHATSAPP_CLOUD_ACCOUNT_ID",
        "WHATSAPP_CLOUD_TEMPLATE",
        "WHATSAPP_CLOUD_NUMBER",
        "WHATSAPP_CLOUD_APP_SECRET_OLD",
    )
    extras = ("WHATSAPP_CLOUD_API_URL",)
    # Texts of 4,096 characters, 80 messages a second for a number, free text within 24 hours of the person's last
    # message; a batch of webhooks is said to reach 3 MB. To one person some dozens may go at once before the limit of
    # one in six seconds is felt (131056): a receipt and what follows it need not wait.
    limits = Limits(
        text_length=4096,
        attachment_bytes=MOST_DOCUMENT_BYTES,
        reply_window=timedelta(hours=24),
        per_second=80.0,
        body_bytes=5_000_000,
        reports=True,
    )
    errors = ERRORS
    handled = HANDLED

    #: Seconds to wait for an answer of the API; seconds that one file may take in all; the clock that measures them.
    answer_seconds: ClassVar[float] = 20.0
    fetch_seconds: ClassVar[float] = 60.0
    clock: Callable[[], float] = staticmethod(time.monotonic)

    def __init__(self, values: Mapping[str, str], public_url: str) -> None:
        super().__init__(values, public_url)
        self._api = (values.get("WHATSAPP_CLOUD_API_URL") or API).rstrip("/")
        self._listed: dict[str, outgoing.Approved] = {}
        self._listed_until = float("-inf")

    @classmethod
    def faults(cls, values: Mapping[str, str]) -> list[str]:
        """Calling this will name each setting whose form is wrong, never its value."""
        faults = [f"{name} {rule}" for name, form, rule in _RULES if not re.fullmatch(form, values.get(name, ""))]
        faults += api_faults(values, "WHATSAPP_CLOUD_API_URL")
        if values.get("WHATSAPP_CLOUD_TEMPLATE") and not values.get("WHATSAPP_CLOUD_ACCOUNT_ID"):
            faults.append("WHATSAPP_CLOUD_TEMPLATE needs WHATSAPP_CLOUD_ACCOUNT_ID: what it takes stands in its list")
        return faults

    @property
    def account(self) -> str:
        """Calling this will give the id of our number: it is what every webhook names."""
        return self.values["WHATSAPP_CLOUD_PHONE_ID"]

    @property
    def contact(self) -> tuple[str, str]:
        """Calling this will give our number and its wa.me link, where the number is set."""
        number = self.values.get("WHATSAPP_CLOUD_NUMBER", "")
        return (number, f"https://wa.me/{number.removeprefix('+')}") if number else ("", "")

    # -- in ------------------------------------------------------------------------------------------------------

    def verify(self, request: RawRequest) -> None:
        """Calling this will check a GET's verify token, or ``X-Hub-Signature-256`` over the raw bytes of a POST with
        the current app secret, then the old one. Raises Forged."""
        if request.method == "GET":
            self._verify_handshake(request)
            return
        if request.method != "POST":
            raise Forged("the provider sends only POST and GET")
        given = request.header("X-Hub-Signature-256").encode("utf-8", "replace")
        if not given:
            raise Forged("the request carries no signature")
        for name in ("WHATSAPP_CLOUD_APP_SECRET", "WHATSAPP_CLOUD_APP_SECRET_OLD"):
            secret = self.values.get(name)
            # An empty secret would be a key that everybody knows.
            if secret and hmac.compare_digest(_sign(secret, request.body), given):
                return
        raise Forged("the signature does not hold")

    def _verify_handshake(self, request: RawRequest) -> None:
        asked = _query(request)
        token = asked.get("hub.verify_token", "").encode("utf-8", "replace")
        held = hmac.compare_digest(token, self.values["WHATSAPP_CLOUD_VERIFY_TOKEN"].encode())
        if not held or asked.get("hub.mode") != "subscribe":
            raise Forged("the verify token is missing or wrong")
        if not re.fullmatch(r"[!-~]{1,256}", asked.get("hub.challenge", "")):
            raise Forged("the handshake carries no challenge")

    def parse(self, request: RawRequest) -> Sequence[Event]:
        """Calling this will translate a webhook as ``webhook`` says; a handshake brings nothing. Raises Malformed."""
        if request.method == "GET":
            return []
        return webhook.read(webhook.Source(self.kind, self.account, request.received_at, request.body))

    def acknowledge(self, request: RawRequest) -> Acknowledgement:
        """Calling this will give the challenge of a handshake back, and say nothing to anything else."""
        return Acknowledgement(_query(request).get("hub.challenge", "") if request.method == "GET" else "")

    # -- out -----------------------------------------------------------------------------------------------------

    @cached_property
    def _graph(self) -> Graph:
        return Graph(self._api, self.values["WHATSAPP_CLOUD_TOKEN"], self.answer_seconds)

    def send(self, message: OutboundMessage) -> Receipt:
        """Calling this will hand one message to the provider. An approved text is compared with the provider's own list
        first. Raises SendError."""
        approved = self._approved(message) if message.template else None
        answer = self._graph.post(f"{self.account}/messages", outgoing.body(message, approved))
        messages = answer.get("messages")
        first = messages[0] if isinstance(messages, list) and messages else None
        wamid = message_id(first.get("id")) if isinstance(first, dict) else ""
        if not wamid:
            raise OutcomeUnknown("the provider accepted the message without giving its id", code="unreadable")
        return Receipt(external_id=wamid)

    @property
    def reopening(self) -> str:
        """Calling this will name the approved text that asks a person to write again; empty where none is set."""
        return self.values.get("WHATSAPP_CLOUD_TEMPLATE", "")

    def templates(self) -> Sequence[Template]:
        """Calling this will list the texts that need nothing but words filled in. Raises SendError.

        None without WHATSAPP_CLOUD_ACCOUNT_ID: the list is the business account's.
        """
        account = self.values.get("WHATSAPP_CLOUD_ACCOUNT_ID")
        if not account:
            return ()
        asked = {"fields": checks.TEMPLATE_FIELDS, "limit": "100"}
        self._listed = outgoing.listed(self._graph.pages(f"{account}/message_templates", asked))
        self._listed_until = self.clock() + _TEMPLATES_SECONDS
        return [each.template for each in self._listed.values()]

    def _approved(self, message: OutboundMessage) -> outgoing.Approved:
        if not self.values.get("WHATSAPP_CLOUD_ACCOUNT_ID"):
            raise Misconfigured("WHATSAPP_CLOUD_ACCOUNT_ID is not set: no text can be looked up", code="template")
        if self.clock() >= self._listed_until:
            self.templates()
        found = self._listed.get(message.template)
        if found is None:
            raise Misconfigured("the provider's list has no such template that we can fill", code="template")
        return found

    # -- files ---------------------------------------------------------------------------------------------------

    def fetch(self, attachment: Attachment, raw: bytes) -> bytes:
        """Calling this will download a file by its id, or write the vCard of a contact out of the event itself.

        The address comes from the API, lives five minutes, and is asked for once more when it has ended. Size and
        SHA-256 must be what the API says. Raises FetchError.
        """
        if card := CARD.fullmatch(attachment.source):
            return vcard(raw, int(card[1]))
        if not MEDIA_ID.fullmatch(attachment.source):
            raise FetchError("the attachment's source is not a media id", permanent=True)
        documents = (AttachmentKind.DOCUMENT, AttachmentKind.UNKNOWN)
        most = MOST_DOCUMENT_BYTES if attachment.kind in documents else MOST_BYTES
        deadline = self.clock() + self.fetch_seconds
        try:
            return self._download(attachment.source, most, deadline)
        except Refused as error:
            if error.status not in _EXPIRED:
                raise
        return self._download(attachment.source, most, deadline)

    def _download(self, source: str, most: int, deadline: float) -> bytes:
        try:
            about = self._graph.get(source, {"phone_number_id": self.account})
        except Permanent as error:
            raise FetchError(f"the file is not to be had: {error}", permanent=True) from error
        except SendError as error:
            # An unknown file and an unknown number are told by the same code.
            raise FetchError(f"the file cannot be had now: {error}", permanent=error.code == "100") from error
        size, url = str(about.get("file_size")), _url(about.get("url"))
        if url is None or not self._allowed(url):
            raise FetchError("the file lies on a host that is not the provider's", permanent=True)
        stated = int(size) if re.fullmatch(r"[0-9]{1,15}", size) else None
        if stated is not None and stated > most:
            raise TooLarge("the file is larger than we take")
        data = download(
            self._graph.http,
            str(url),
            headers=self._graph.bearer,
            allowed=self._allowed,
            most=most,
            in_time=lambda: self.clock() < deadline,
        )
        _compare(data, stated, about.get("sha256"))
        return data

    def _allowed(self, url: httpx.URL) -> bool:
        """Whether a file may be asked for there: Meta's own hosts over https, or the API where it was set."""
        if self.values.get("WHATSAPP_CLOUD_API_URL") and same_host(url, httpx.URL(self._api)):
            return True
        return url.scheme == "https" and url.port is None and not url.userinfo and url.host in MEDIA_HOSTS

    def check(self) -> list[Check]:
        """Calling this will look at token, number, webhook and template, and say what to do about each."""
        return checks.look(self._graph, self.values, self.hook)

    def close(self) -> None:
        """Calling this will close the connections, if any were made."""
        if "_graph" in self.__dict__:
            self._graph.close()


def _sign(secret: str, body: bytes) -> bytes:
    return b"sha256=" + hmac.new(secret.encode(), body, sha256).hexdigest().encode()


def _query(request: RawRequest) -> dict[str, str]:
    """The query's names and values; a name that comes twice is left out, so that nothing depends on which counts."""
    pairs = parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name) == 1}


def _url(value: Any) -> httpx.URL | None:
    try:
        return httpx.URL(value)
    except (httpx.InvalidURL, TypeError, ValueError):
        return None


def _compare(data: bytes, size: int | None, digest: object) -> None:
    """Nothing that was cut or changed on its way is kept as evidence. Raises FetchError."""
    if size is not None and len(data) != size:
        raise FetchError("the file has another size than the provider says", permanent=False)
    if (
        isinstance(digest, str)
        and digest
        and not hmac.compare_digest(sha256(data).hexdigest().encode(), digest.lower().encode("utf-8", "replace"))
    ):
        raise FetchError("the file is not the one the provider names", permanent=False)
