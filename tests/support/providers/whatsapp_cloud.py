"""Meta's Graph API played on loopback: sends, files, approved texts, what it says of token, number and webhook."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any

import httpx

from tests.support.providers.base import Plan, Recorded, Reply, Routes, StandIn, status

TOKEN = "EAAG" + "contoh0token" * 5
APP_SECRET = "0a" * 16
VERIFY_TOKEN = "kata-sandi-webhook"
APP_ID = "400000000000053"
ACCOUNT_ID = "200000000000029"
PHONE_ID = "100000000000017"
NUMBER = "+62541000200"

Json = dict[str, Any]


def template(
    name: str = "minta_balas",
    *components: Json,
    language: str = "id",
    status: str = "APPROVED",
    **more: Any,
) -> Json:
    """Calling this will make one text of the account, as the list shows it."""
    parts = components or (
        {"type": "BODY", "text": "Ada jawaban untuk laporan {{1}} dari {{2}}. Balas pesan ini untuk membacanya."},
    )
    row: Json = {"id": hashlib.md5(name.encode()).hexdigest(), "name": name, "language": language, "status": status}
    return {**row, "category": "UTILITY", "components": list(parts), **more}


class WhatsAppCloudStandIn(StandIn):
    """Calling this will make Meta with one account and number; ``messages`` holds the bodies it accepted, in order.

    ``token_facts``, ``number_facts``, ``subscriptions``, ``apps`` and ``templates`` are what it says when asked;
    ``page_size`` is how many texts a page of the list holds. A file of ``expiring`` answers 404 once, as after five
    minutes; ``media_url`` replaces the address that a file is said to lie at.
    """

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Json] = []
        self.files: dict[str, tuple[str, bytes]] = {}
        self.about: dict[str, Json] = {}
        self.expiring: set[str] = set()
        self.media_url = ""
        self.templates: list[Json] = [template()]
        self.page_size = 2
        self.token_facts: Json = {
            "app_id": APP_ID,
            "type": "SYSTEM_USER",
            "is_valid": True,
            "expires_at": 0,
            "scopes": ["whatsapp_business_management", "whatsapp_business_messaging"],
        }
        self.number_facts: Json = {
            "id": PHONE_ID,
            "display_phone_number": "+62 541 000 200",
            "status": "CONNECTED",
            "quality_rating": "GREEN",
            "name_status": "APPROVED",
        }
        self.subscriptions: list[Json] = []
        self.apps: list[Json] = [{"whatsapp_business_api_data": {"id": APP_ID, "name": "aduan"}}]

    def routes(self) -> Routes:
        """Calling this will return what of the API is played."""
        version = r"/v\d+\.0"
        return [
            ("POST", rf"{version}/{PHONE_ID}/messages", self.create_message),
            ("GET", rf"{version}/debug_token", lambda request, _: Reply.of({"data": self.token_facts})),
            ("GET", rf"{version}/{PHONE_ID}", lambda request, _: Reply.of(self.number_facts)),
            ("GET", rf"{version}/{APP_ID}/subscriptions", self.list_subscriptions),
            ("GET", rf"{version}/{ACCOUNT_ID}/subscribed_apps", lambda request, _: Reply.of({"data": self.apps})),
            ("GET", rf"{version}/{ACCOUNT_ID}/message_templates", self.list_templates),
            ("GET", r"/files/(\w+)", self.serve_file),
            ("GET", rf"{version}/(\w+)", self.show_file),
        ]

    def answer(self, request: Recorded) -> Reply:
        """Calling this will refuse who does not sign in, and answer the others from the table."""
        app_token = f"Bearer {APP_ID}|{APP_SECRET}"
        expected = app_token if request.path.endswith("/subscriptions") else f"Bearer {TOKEN}"
        if request.headers.get("authorization") != expected:
            return problem(190, 401, text="Invalid OAuth access token.")
        return super().answer(request)

    def create_message(self, request: Recorded, match: re.Match[str]) -> Reply:
        """Calling this will accept a message, or refuse it for its form as the provider does."""
        body: Json = request.json
        to = body.get("to") or body.get("recipient")
        text = (body.get("text") or {}).get("body")
        if body.get("messaging_product") != "whatsapp" or not to:
            return problem(100, 400)
        if body.get("type") == "text" and (not text or len(text) > 4096):
            return problem(100, 400)
        with self.changed:
            self.messages.append(body)
            wamid = f"wamid.STANDIN{len(self.messages)}"
            self.changed.notify_all()
        contacts = [{"input": to, "wa_id": to.removeprefix("+")}]
        return Reply.of({"messaging_product": "whatsapp", "contacts": contacts, "messages": [{"id": wamid}]})

    def list_subscriptions(self, request: Recorded, match: re.Match[str]) -> Reply:
        """Calling this will show where the app's webhooks go."""
        return Reply.of({"data": self.subscriptions})

    def subscribe(self, url: str, *fields: str) -> None:
        """Calling this will set the app's webhook as its page does."""
        given = [{"name": name, "version": "v24.0"} for name in fields or ("messages",)]
        row = {"object": "whatsapp_business_account", "callback_url": url, "active": True, "fields": given}
        self.subscriptions = [row]

    def list_templates(self, request: Recorded, match: re.Match[str]) -> Reply:
        """Calling this will show one page of the account's texts; the address of the next holds the token."""
        start = int(request.query.get("after") or 0)
        end = start + self.page_size
        page: Json = {"data": self.templates[start:end], "paging": {"cursors": {"before": "0", "after": str(end)}}}
        if end < len(self.templates):
            page["paging"]["next"] = f"{self.url}/v24.0/x?access_token={TOKEN}&after={end}"
        return Reply.of(page)

    def add_file(self, content: bytes, content_type: str = "image/jpeg", **about: Any) -> str:
        """Calling this will store a file and return its id; ``about`` replaces what is said of it."""
        number = f"3{len(self.files):014d}"
        self.files[number] = (content_type, content)
        self.about[number] = about
        return number

    def show_file(self, request: Recorded, match: re.Match[str]) -> Reply:
        """Calling this will say where a file lies, its size and its SHA-256."""
        number = match[1]
        if number not in self.files:
            return problem(100, 400, 33)
        content_type, content = self.files[number]
        said = {
            "messaging_product": "whatsapp",
            "url": self.media_url or f"{self.url}/files/{number}",
            "mime_type": content_type,
            "sha256": hashlib.sha256(content).hexdigest(),
            "file_size": len(content),
            "id": number,
        }
        return Reply.of({**said, **self.about[number]})

    def serve_file(self, request: Recorded, match: re.Match[str]) -> Reply:
        """Calling this will serve a file."""
        if match[1] in self.expiring:
            self.expiring.discard(match[1])
            return Reply(404, {}, b"URL signature expired")
        content_type, content = self.files[match[1]]
        return Reply(200, {"Content-Type": content_type}, content)

    # -- towards us ------------------------------------------------------------------------------------------------

    def post(self, base_url: str, *values: Json, secret: str = APP_SECRET) -> httpx.Response:
        """Calling this will post one signed webhook with a change for each of ``values`` to our application."""
        changes = [{"field": "messages", "value": value} for value in values]
        body = json.dumps({"object": "whatsapp_business_account", "entry": [{"id": ACCOUNT_ID, "changes": changes}]})
        signature = "sha256=" + hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()
        return httpx.post(
            f"{base_url}/hooks/whatsapp-cloud",
            content=body,
            headers={"Content-Type": "application/json", "X-Hub-Signature-256": signature},
            timeout=15.0,
            trust_env=False,
        )


def value(**items: Any) -> Json:
    """Calling this will make the value of one change of our number."""
    metadata = {"display_phone_number": NUMBER.removeprefix("+"), "phone_number_id": PHONE_ID}
    return {"messaging_product": "whatsapp", "metadata": metadata, **items}


def text_message(wamid: str, sender: str, body: str, at: int = 1_795_000_000, **more: Any) -> Json:
    """Calling this will make the value that brings one text of ``sender`` (digits only)."""
    contact = {"profile": {"name": "Warga Contoh"}, "wa_id": sender}
    message = {"from": sender, "id": wamid, "timestamp": str(at), "type": "text", "text": {"body": body}, **more}
    return value(contacts=[contact], messages=[message])


def report(wamid: str, state: str, at: int = 1_795_000_000, **more: Any) -> Json:
    """Calling this will make the value that tells what became of a message."""
    return value(statuses=[{"id": wamid, "status": state, "timestamp": str(at), **more}])


def problem(
    code: int, http: int = 400, subcode: int = 0, *, text: str = "", headers: Mapping[str, str] | None = None
) -> Reply:
    """Calling this will make the API's error answer, which quotes whom it was about."""
    error: Json = {
        "message": text or f"(#{code}) Message to +62811000111 refused",
        "type": "OAuthException",
        "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": "+62811000111 is not reachable"},
        "fbtrace_id": "Az8or2yhqkZfEZ-_4Qn_Bam",
    }
    if subcode:
        error["error_subcode"] = subcode
    return Reply.of({"error": error}, http, headers)


def refused(code: int, http: int = 400, subcode: int = 0, **headers: str) -> Plan:
    """Calling this will plan such an answer."""
    reply = problem(code, http, subcode, headers=headers)
    return status(reply.status, reply.body, reply.headers)
