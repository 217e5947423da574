"""Twilio played on loopback: messages, account, numbers and media below ``url``, and signed webhooks towards us."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

import httpx

from tests.support.providers.base import Recorded, Reply, Routes, StandIn

ACCOUNT = "AC" + "0f" * 16
TOKEN = "5e" * 16
WHATSAPP_FROM = "whatsapp:+14155550100"
SMS_FROM = "+14155550199"
#: A content of the account, approved for WhatsApp, that takes the ticket's number and the agency's name.
TEMPLATE = "HX" + "d4" * 16

Params = Mapping[str, str] | Iterable[tuple[str, str]]

_CREATED = "Sun, 22 Nov 2026 02:00:00 +0000"


def sign(url: str, params: Params, token: str = TOKEN) -> str:
    """Calling this will make the value of ``X-Twilio-Signature`` for a form posted to ``url``.

    Base64 of HMAC-SHA1 over the URL and every name and value, by name, equal values of a name once and in order
    (twilio.com/docs/usage/webhooks/webhooks-security). Written apart from the SDK, so that each proves the other.
    """
    pairs = params.items() if isinstance(params, Mapping) else params
    text = url + "".join(name + value for name, value in sorted(set(pairs)))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def new_sid(kind: str = "SM") -> str:
    """Calling this will make an id as the provider does: two letters and 32 hexadecimal digits."""
    return kind + uuid.uuid4().hex


@dataclass
class Taken:
    """Calling this will hold one message the provider accepted."""

    sid: str
    to: str
    sender: str
    body: str
    status_callback: str
    status: str = "queued"
    content: str = ""
    variables: str = ""


class TwilioStandIn(StandIn):
    """Calling this will make Twilio with one account; ``messages`` holds what it accepted, oldest first.

    ``numbers`` maps the account's numbers to the webhook set for each; ``account_status`` is what the account's own
    page says. With ``media_host`` set, media redirects there instead of being served. ``inbox`` holds the messages the
    account received, as its list has them; ``contents`` its texts, ``senders`` its WhatsApp senders, ``alerts`` what
    its log has of failures. ``segments``: what a message's acceptance says of its parts.
    """

    def __init__(self, account: str = ACCOUNT, token: str = TOKEN) -> None:
        super().__init__()
        self.account = account
        self.token = token
        self.messages: list[Taken] = []
        self.numbers: dict[str, str] = {SMS_FROM: ""}
        self.account_status = "active"
        self.media: dict[str, tuple[str, bytes]] = {}
        self.media_host = ""
        self.segments = "1"
        self.inbox: list[dict[str, Any]] = []
        self.files: dict[str, list[tuple[str, str]]] = {}
        self.contents: list[dict[str, Any]] = [
            content(TEMPLATE, "balas_ya", "Laporan {{1}}: ada jawaban dari {{2}}. Balas YA untuk membacanya.")
        ]
        self.senders: dict[str, dict[str, Any]] = {WHATSAPP_FROM: {"status": "ONLINE", "webhook": {}}}
        self.alerts: list[dict[str, Any]] = []
        self.page_size = 50

    def routes(self) -> Routes:
        account = r"/2010-04-01/Accounts/([^/]+)"
        return [
            ("POST", account + r"/Messages\.json", self.create_message),
            ("GET", account + r"\.json", self.show_account),
            ("GET", account + r"/IncomingPhoneNumbers\.json", self.list_numbers),
            ("GET", account + r"/Messages\.json", self.list_messages),
            ("GET", account + r"/Messages/([^/]+)/Media\.json", self.list_media),
            ("GET", account + r"/Messages/([^/]+)/Media/([^/]+)", self.show_media),
            ("GET", r"/v1/ContentAndApprovals", self.list_contents),
            ("GET", r"/v1/Content/([^/]+)", self.show_content),
            ("GET", r"/v2/Channels/Senders", self.list_senders),
            ("GET", r"/v2/Channels/Senders/([^/]+)", self.show_sender),
            ("GET", r"/v1/Alerts", self.list_alerts),
            ("GET", r"/storage/([^/]+)", self.serve_media),
        ]

    def create_message(self, request: Recorded, match: re.Match[str]) -> Reply:
        """Calling this will accept a message as the provider does, or refuse it with the provider's own codes."""
        if refused := self._refused(request, match[1]):
            return refused
        form = request.form
        faults = (
            (not form.get("To"), 21604, "A 'To' phone number is required."),
            (not form.get("From"), 21603, "A 'From' phone number is required."),
            (not form.get("Body") and not form.get("ContentSid"), 21602, "Message body is required."),
            (bool(form.get("Body")) and bool(form.get("ContentSid")), 21656, "Body and ContentSid together."),
            (
                len(form.get("Body", "")) > 1600,
                21617,
                "The concatenated message body exceeds the 1600 character limit.",
            ),
        )
        for wrong, code, text in faults:
            if wrong:
                return problem(400, code, text)
        taken = Taken(new_sid(), form["To"], form["From"], form.get("Body", ""), form.get("StatusCallback", ""))
        taken.content, taken.variables = form.get("ContentSid", ""), form.get("ContentVariables", "")
        with self.changed:
            self.messages.append(taken)
            self.changed.notify_all()
        resource = f"/2010-04-01/Accounts/{self.account}/Messages/{taken.sid}"
        body = {
            "account_sid": self.account,
            "api_version": "2010-04-01",
            "body": taken.body,
            "date_created": _CREATED,
            "date_sent": None,
            "date_updated": _CREATED,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": taken.sender,
            "messaging_service_sid": None,
            "num_media": "0",
            "num_segments": self.segments,
            "price": None,
            "price_unit": "USD",
            "sid": taken.sid,
            "status": taken.status,
            "subresource_uris": {"media": f"{resource}/Media.json"},
            "to": taken.to,
            "uri": f"{resource}.json",
        }
        return Reply.of(body, 201)

    def show_account(self, request: Recorded, match: re.Match[str]) -> Reply:
        """Calling this will show the account."""
        body = {"sid": self.account, "friendly_name": "stand-in", "status": self.account_status, "type": "Full"}
        return self._refused(request, match[1]) or Reply.of(body)

    def list_numbers(self, request: Recorded, match: re.Match[str]) -> Reply:
        """Calling this will list the account's numbers, or the one asked for."""
        asked = request.query.get("PhoneNumber")
        found = [
            {"sid": "PN" + hashlib.md5(number.encode()).hexdigest(), "phone_number": number, "sms_url": hook}
            for number, hook in self.numbers.items()
            if asked in (None, number)
        ]
        body = {
            "incoming_phone_numbers": found,
            "page": 0,
            "page_size": 50,
            "first_page_uri": f"{request.path}?Page=0",
            "next_page_uri": None,
            "previous_page_uri": None,
            "uri": request.path,
        }
        return self._refused(request, match[1]) or Reply.of(body)

    def receive(self, form: Mapping[str, str], at: datetime, *, files: Sequence[str] = (), **more: Any) -> None:
        """Calling this will put a message into the account's list as if its webhook had been tried at ``at``; ``files``
        are the content types of what came with it. What only a webhook tells is not in the list."""
        sid = form["MessageSid"]
        self.files[sid] = [(new_sid("ME"), each) for each in files]
        row = {
            "account_sid": self.account,
            "api_version": "2010-04-01",
            "body": form["Body"],
            "date_created": format_datetime(at),
            "date_sent": format_datetime(at),
            "date_updated": format_datetime(at),
            "direction": "inbound",
            "error_code": None,
            "from": form["From"],
            "num_media": str(len(files)),
            "num_segments": "1",
            "sid": sid,
            "status": "received",
            "to": form["To"],
            "uri": f"/2010-04-01/Accounts/{self.account}/Messages/{sid}.json",
        }
        with self.changed:
            self.inbox.append({"at": at, "row": row | more})

    def list_messages(self, request: Recorded, match: re.Match[str]) -> Reply:
        """Calling this will list what the account received, newest first, by recipient and date."""
        if refused := self._refused(request, match[1]):
            return refused
        after = request.query.get("DateSent>")
        to = request.query.get("To")
        since = datetime.fromisoformat(after.replace("Z", "+00:00")) if after else None
        rows = [
            each["row"]
            for each in sorted(self.inbox, key=lambda each: each["at"], reverse=True)
            if to in (None, each["row"]["to"]) and (since is None or each["at"] >= since)
        ]
        page, size = int(request.query.get("Page", "0")), self.page_size
        more = f"{request.path}?{urlencode({**request.query, 'Page': page + 1})}"
        body = {
            "messages": rows[page * size : (page + 1) * size],
            "page": page,
            "page_size": size,
            "first_page_uri": f"{request.path}?Page=0",
            "next_page_uri": more if len(rows) > (page + 1) * size else None,
            "previous_page_uri": None,
            "uri": request.path,
        }
        return Reply.of(body)

    def list_media(self, request: Recorded, match: re.Match[str]) -> Reply:
        """Calling this will list the files of a message, in no order to rely on."""
        if refused := self._refused(request, match[1]):
            return refused
        found = [
            {"sid": sid, "content_type": kind, "parent_sid": match[2], "account_sid": self.account}
            for sid, kind in reversed(self.files.get(match[2], []))
        ]
        return Reply.of({"media_list": found, "page": 0, "page_size": 50, "next_page_uri": None, "uri": request.path})

    def list_contents(self, request: Recorded, match: re.Match[str]) -> Reply:
        """Calling this will list the account's texts by pages; the next page is named at the provider's own host."""
        page, size = int(request.query.get("Page", "0")), self.page_size
        more = f"https://content.twilio.com{request.path}?Page={page + 1}"
        meta = {"key": "contents", "next_page_url": more if len(self.contents) > (page + 1) * size else None}
        body = {"contents": self.contents[page * size : (page + 1) * size], "meta": meta}
        return self._refused(request, self.account) or Reply.of(body)

    def show_content(self, request: Recorded, match: re.Match[str]) -> Reply:
        """Calling this will show one text, without what WhatsApp says of it."""
        found = [each for each in self.contents if each["sid"] == match[1]]
        if not found:
            return problem(404, 20404, "The requested resource was not found")
        shown = {name: value for name, value in found[0].items() if name != "approval_requests"}
        return self._refused(request, self.account) or Reply.of(shown)

    def list_senders(self, request: Recorded, match: re.Match[str]) -> Reply:
        """Calling this will list the account's WhatsApp senders, without their webhooks."""
        rows = [
            {"sid": "XE" + hashlib.md5(name.encode()).hexdigest(), "sender_id": name, "status": each["status"]}
            for name, each in self.senders.items()
        ]
        meta = {"key": "senders", "next_page_url": None}
        return self._refused(request, self.account) or Reply.of({"senders": rows, "meta": meta})

    def show_sender(self, request: Recorded, match: re.Match[str]) -> Reply:
        """Calling this will show one WhatsApp sender with its webhook."""
        for name, each in self.senders.items():
            if match[1] == "XE" + hashlib.md5(name.encode()).hexdigest():
                return self._refused(request, self.account) or Reply.of({"sid": match[1], "sender_id": name, **each})
        return problem(404, 20404, "The requested resource was not found")

    def list_alerts(self, request: Recorded, match: re.Match[str]) -> Reply:
        """Calling this will list failures of the account's log."""
        body = {"alerts": self.alerts, "meta": {"key": "alerts", "next_page_url": None}}
        return self._refused(request, self.account) or Reply.of(body)

    def add_media(self, content: bytes, content_type: str) -> tuple[str, str]:
        """Calling this will store a file and return the id of its message and the ``MediaUrl`` for it."""
        message, media = new_sid("MM"), new_sid("ME")
        self.media[media] = (content_type, content)
        return message, f"{self.url}/2010-04-01/Accounts/{self.account}/Messages/{message}/Media/{media}"

    def show_media(self, request: Recorded, match: re.Match[str]) -> Reply:
        """Calling this will redirect to the file's storage, as the provider does."""
        if refused := self._refused(request, match[1]):
            return refused
        if match[3] not in self.media:
            return problem(404, 20404, "The requested resource was not found")
        return Reply(307, {"Location": f"{self.media_host or self.url}/storage/{match[3]}"})

    def serve_media(self, request: Recorded, match: re.Match[str]) -> Reply:
        """Calling this will serve a file; storage refuses requests that bring credentials along, as S3 does."""
        if "authorization" in request.headers:
            return Reply(400, {}, b"only one auth mechanism allowed")
        content_type, content = self.media[match[1]]
        return Reply(200, {"Content-Type": content_type}, content)

    def _refused(self, request: Recorded, account: str) -> Reply | None:
        expected = "Basic " + base64.b64encode(f"{self.account}:{self.token}".encode()).decode()
        if request.headers.get("authorization") != expected:
            return problem(401, 20003, "Authenticate")
        return None if account == self.account else problem(404, 20404, "The requested resource was not found")

    def post_inbound(
        self, base_url: str, path: str, params: Params, *, public_url: str = "", retry_of: str = ""
    ) -> httpx.Response:
        """Calling this will post a signed form to our application at ``base_url`` and return its answer.

        ``public_url`` is the address the provider was given, where it differs; ``retry_of`` is the idempotency token of
        an earlier attempt.
        """
        pairs = list(params.items() if isinstance(params, Mapping) else params)
        return httpx.post(
            base_url.rstrip("/") + path,
            content=urlencode(pairs),
            headers={
                "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
                "User-Agent": "TwilioProxy/1.1",
                "X-Twilio-Signature": sign((public_url or base_url).rstrip("/") + path, pairs, self.token),
                "I-Twilio-Idempotency-Token": retry_of or str(uuid.uuid4()),
                "X-Home-Region": "us1",
            },
            timeout=15.0,
            trust_env=False,
        )

    def message_form(self, sender: str, to: str, body: str, **more: str) -> dict[str, str]:
        """Calling this will make the form of one inbound message, as the channel that ``to`` names sends it."""
        sid = more.pop("MessageSid", "") or new_sid()
        form = {
            "ToCountry": "US",
            "SmsMessageSid": sid,
            "NumMedia": "0",
            "SmsSid": sid,
            "SmsStatus": "received",
            "Body": body,
            "To": to,
            "NumSegments": "1",
            "MessageSid": sid,
            "AccountSid": self.account,
            "From": sender,
            "ApiVersion": "2010-04-01",
        }
        if to.startswith("whatsapp:"):
            form.pop("ToCountry")
            form |= {"ProfileName": "Warga", "WaId": sender.removeprefix("whatsapp:+"), "MessageType": "text"}
        return form | more

    def post_status(
        self, base_url: str, sid: str, status: str, *, public_url: str = "", code: str = ""
    ) -> httpx.Response:
        """Calling this will post what became of an accepted message to the callback path that was asked for.

        Raises StopIteration for a message that was never accepted.
        """
        taken = next(message for message in self.messages if message.sid == sid)
        form = {
            "MessageSid": sid,
            "SmsSid": sid,
            "MessageStatus": status,
            "SmsStatus": status,
            "To": taken.to,
            "From": taken.sender,
            "AccountSid": self.account,
            "ApiVersion": "2010-04-01",
        }
        if code:
            form["ErrorCode"] = code
        path = httpx.URL(taken.status_callback).raw_path.decode()
        return self.post_inbound(base_url, path, form, public_url=public_url)


def content(sid: str, name: str, body: str, *, status: str = "approved", **shapes: Any) -> dict[str, Any]:
    """Calling this will make one text as the Content API lists it; ``shapes`` replace the plain one."""
    return {
        "sid": sid,
        "account_sid": ACCOUNT,
        "friendly_name": name,
        "language": "id",
        "variables": {},
        "types": shapes or {"twilio/text": {"body": body}},
        "approval_requests": {"name": name, "category": "UTILITY", "content_type": "twilio/text", "status": status},
        "date_created": "2026-11-01T02:00:00Z",
        "date_updated": "2026-11-01T02:00:00Z",
    }


def problem(status_code: int, code: int, text: str, headers: Mapping[str, str] | None = None) -> Reply:
    """Calling this will make the provider's error answer."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    body = {"code": code, "message": text, "more_info": more, "status": status_code}
    return Reply.of(body, status_code, headers)
