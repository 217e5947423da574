"""The mails under payloads/mail, each read as the channel reads it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from channels.base import RawRequest
from channels.mail import Mail
from channels.message import Event

PAYLOADS = Path(__file__).parent / "payloads" / "mail"
STEMS: tuple[str, ...] = tuple(sorted(path.stem for path in PAYLOADS.glob("*.eml")))
NOW = datetime(2026, 11, 4, 2, 0, tzinfo=UTC)
VALUES = {
    "MAIL_FROM": "aduan@lapor.contoh.go.id",
    "SMTP_URL": "smtp://127.0.0.1:1",
    "MAIL_HOOK_SECRET": "rahasia-kait-surat-untuk-uji",
}


def parse_example(stem: str) -> list[Event]:
    """Calling this will give the events of one payload file. Raises Malformed as ``parse`` does."""
    raw = (PAYLOADS / f"{stem}.eml").read_bytes()
    return list(Mail(VALUES, "https://x.invalid").parse(RawRequest("POST", "https://x.invalid", {}, raw, NOW)))
