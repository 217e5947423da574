"""What the payload files of this provider become, for the tests of coverage."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from channels.base import RawRequest
from channels.message import Event
from channels.telegram import Telegram
from tests.support.providers.telegram import SECRET, TOKEN

PAYLOADS = Path(__file__).parent / "payloads" / "telegram"
STEMS: tuple[str, ...] = tuple(sorted(path.stem for path in PAYLOADS.glob("*.json")))
PUBLIC = "https://aduan.example.go.id"
NOW = datetime(2025, 6, 15, tzinfo=UTC)
VALUES = {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_WEBHOOK_SECRET": SECRET}


def request_example(stem: str) -> RawRequest:
    """Calling this will give a payload file as Telegram would deliver it."""
    headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": SECRET}
    return RawRequest("POST", f"{PUBLIC}/hooks/telegram", headers, (PAYLOADS / f"{stem}.json").read_bytes(), NOW)


def parse_example(stem: str) -> list[Event]:
    """Calling this will read a payload file as Telegram would deliver it. Raises Malformed as ``parse`` does."""
    return list(Telegram(VALUES, PUBLIC).parse(request_example(stem)))
