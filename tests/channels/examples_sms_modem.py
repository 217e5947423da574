"""What a look into Gammu's tables hands over, read by the channel as it runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from channels.base import RawRequest
from channels.message import Event
from channels.sms_modem import SmsModem

PAYLOADS = Path(__file__).parent / "payloads" / "sms-modem"
STEMS = tuple(sorted(path.stem for path in PAYLOADS.glob("*.json")))
PUBLIC = "https://lapor.example.go.id"
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
OURS = "+628110000999"
VALUES = {"SMS_MODEM_DATABASE": "sqlite:///nowhere.db", "SMS_MODEM_NUMBER": OURS}


def handed(body: bytes) -> RawRequest:
    """What the fetcher hands to ``parse``."""
    return RawRequest("POST", PUBLIC, {}, body, NOW)


def request_example(stem: str) -> RawRequest:
    """One payload file as the fetcher hands it over."""
    return handed((PAYLOADS / f"{stem}.json").read_bytes())


def parse_example(stem: str) -> list[Event]:
    """Read one payload file. Raises Malformed as the channel does."""
    return list(SmsModem(VALUES, PUBLIC).parse(request_example(stem)))
