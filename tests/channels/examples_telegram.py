"""What the payload files of this provider become, for the tests of coverage."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from channels.base import RawRequest
from channels.message import Event
from channels.telegram import Telegram
from tests.support.providers.telegram import TOKEN

PAYLOADS = Path(__file__).parent / "payloads" / "telegram"
STEMS: tuple[str, ...] = tuple(sorted(path.stem for path in PAYLOADS.glob("*.json")))
PUBLIC = "https://aduan.example.go.id"


def parse_example(stem: str) -> list[Event]:
    """Calling this will read a payload file as Telegram would deliver it. Raises Malformed as ``parse`` does."""
    channel = Telegram({"TELEGRAM_BOT_TOKEN": TOKEN}, PUBLIC)
    body = (PAYLOADS / f"{stem}.json").read_bytes()
    return list(channel.parse(RawRequest("POST", channel.hook, {}, body, datetime(2025, 6, 15, tzinfo=UTC))))
