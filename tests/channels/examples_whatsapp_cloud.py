"""The Cloud API's payload files, and the channel that reads them: settings, signing, what each becomes."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from channels.base import RawRequest
from channels.message import Event
from channels.whatsapp_cloud import WhatsAppCloud
from tests.support.providers.whatsapp_cloud import APP_SECRET, PHONE_ID, TOKEN, VERIFY_TOKEN

PUBLIC = "https://lapor.example.go.id"
HOOK = f"{PUBLIC}/hooks/whatsapp-cloud"
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
VALUES = {
    "WHATSAPP_CLOUD_TOKEN": TOKEN,
    "WHATSAPP_CLOUD_APP_SECRET": APP_SECRET,
    "WHATSAPP_CLOUD_VERIFY_TOKEN": VERIFY_TOKEN,
    "WHATSAPP_CLOUD_PHONE_ID": PHONE_ID,
}
#: The bodies as they come; what each becomes stands under the same name in ``told``.
PAYLOADS = Path(__file__).parent / "payloads" / "whatsapp-cloud"
STEMS: tuple[str, ...] = tuple(sorted(path.stem for path in PAYLOADS.glob("*.json")))


def make(**more: str) -> WhatsAppCloud:
    """Calling this will build the channel from settings."""
    return WhatsAppCloud(VALUES | more, PUBLIC)


def payload(stem: str) -> bytes:
    """Calling this will give the bytes of a payload file."""
    return (PAYLOADS / f"{stem}.json").read_bytes()


def expected(stem: str) -> dict[str, Any]:
    """Calling this will give what a payload file becomes."""
    found: dict[str, Any] = json.loads((PAYLOADS / "told" / f"{stem}.json").read_text())
    return found


def signed(body: bytes, secret: str = APP_SECRET) -> RawRequest:
    """Calling this will make a request as Meta posts it: the signature is over the raw bytes."""
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": signature, "User-Agent": "facebookexternalua"}
    return RawRequest("POST", HOOK, headers, body, NOW)


def handshake(**asked: str) -> RawRequest:
    """Calling this will make the GET with which Meta tries a new webhook; names are given without ``hub.``."""
    usual = {"mode": "subscribe", "challenge": "1158201444", "verify_token": VERIFY_TOKEN} | asked
    query = "&".join(f"hub.{name}={value}" for name, value in usual.items() if value)
    return RawRequest("GET", f"{HOOK}?{query}", {}, b"", NOW)


def request_example(stem: str) -> RawRequest:
    """Calling this will give a payload file as Meta posts it."""
    return signed(payload(stem))


def parse_example(stem: str) -> list[Event]:
    """Calling this will read a payload file as the channel does. Raises Malformed."""
    return list(make().parse(request_example(stem)))
