"""The mails under payloads/mail, each read as the channel reads it."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path

from channels.base import RawRequest
from channels.mail import Mail
from channels.message import Event

PAYLOADS = Path(__file__).parent / "payloads" / "mail"
STEMS: tuple[str, ...] = tuple(sorted(path.stem for path in PAYLOADS.glob("*.eml")))
PUBLIC = "https://x.invalid"
NOW = datetime(2026, 11, 4, 2, 0, tzinfo=UTC)
VALUES = {
    "MAIL_FROM": "aduan@lapor.contoh.go.id",
    "SMTP_URL": "smtp://127.0.0.1:1",
    "MAIL_HOOK_SECRET": "rahasia-kait-surat-untuk-uji",
}


def request_example(stem: str) -> RawRequest:
    """Calling this will give one payload file as a mail server posts it to the signed hook."""
    raw, stamp = (PAYLOADS / f"{stem}.eml").read_bytes(), str(int(NOW.timestamp()))
    mac = hmac.new(VALUES["MAIL_HOOK_SECRET"].encode(), stamp.encode() + b"." + raw, hashlib.sha256).hexdigest()
    headers = {"X-Aduan-Timestamp": stamp, "X-Aduan-Signature": f"sha256={mac}", "Content-Type": "message/rfc822"}
    return RawRequest("POST", f"{PUBLIC}/hooks/mail", headers, raw, NOW)


def parse_example(stem: str) -> list[Event]:
    """Calling this will give the events of one payload file. Raises Malformed as ``parse`` does."""
    return list(Mail(VALUES, PUBLIC).parse(request_example(stem)))
