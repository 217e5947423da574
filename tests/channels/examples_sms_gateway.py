"""Every payload of an SMSGate phone, read by the channel as it runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from channels.base import RawRequest
from channels.message import Event
from channels.sms_gateway import SmsGateway
from tests.support.providers.smsgate import KEY, PASSWORD, USER, sign

PAYLOADS = Path(__file__).parent / "payloads" / "sms-gateway"
STEMS = tuple(sorted(path.stem for path in PAYLOADS.glob("*.json")))
PUBLIC = "https://lapor.example.go.id"
HOOK = f"{PUBLIC}/hooks/sms-gateway"
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
OURS = "+628110000999"
VALUES = {
    "SMS_GATEWAY_URL": "http://127.0.0.1:9",
    "SMS_GATEWAY_USER": USER,
    "SMS_GATEWAY_PASSWORD": PASSWORD,
    "SMS_GATEWAY_SIGNING_KEY": KEY,
    "SMS_GATEWAY_NUMBER": OURS,
}


def signed(body: bytes, at: datetime = NOW, key: str = KEY) -> RawRequest:
    """A webhook as the phone sends it."""
    stamp = str(int(at.timestamp()))
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "X-Timestamp": stamp,
        "X-Signature": sign(key, body, stamp),
    }
    return RawRequest("POST", HOOK, headers, body, NOW)


def request_example(stem: str) -> RawRequest:
    """One payload file as the phone sends it."""
    return signed((PAYLOADS / f"{stem}.json").read_bytes())


def parse_example(stem: str) -> list[Event]:
    """Read one payload file. Raises Malformed as the channel does."""
    return list(SmsGateway(VALUES, PUBLIC).parse(request_example(stem)))
