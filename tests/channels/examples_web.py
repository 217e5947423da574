"""What the payload files of our own pages become, for the tests of coverage."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from channels.base import RawRequest
from channels.message import Event
from channels.web import Web

PAYLOADS = Path(__file__).parent / "payloads" / "web"
STEMS: tuple[str, ...] = tuple(sorted(path.stem for path in PAYLOADS.glob("*.json")))
PUBLIC = "http://127.0.0.1:8000"
VALUES: dict[str, str] = {}
NOW = datetime(2026, 11, 4, 2, 0, tzinfo=UTC)


def request_example(stem: str) -> RawRequest:
    """A payload file as our page hands it over."""
    body = (PAYLOADS / f"{stem}.json").read_bytes()
    return RawRequest("POST", PUBLIC, {"Content-Type": "application/json"}, body, NOW)


def parse_example(stem: str) -> list[Event]:
    """Read a payload file as our page hands it over. Raises Malformed as ``parse`` does."""
    return list(Web(VALUES, PUBLIC).parse(request_example(stem)))
