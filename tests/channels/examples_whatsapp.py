"""What the payload files of this provider become, for the tests of coverage."""

from __future__ import annotations

from pathlib import Path

from channels.base import RawRequest
from channels.message import Event
from channels.whatsapp import WhatsApp
from tests.channels.twilio_cases import PUBLIC, settings, signed

PAYLOADS = Path(__file__).parent / "payloads" / "whatsapp"
HOOK = f"{PUBLIC}/hooks/whatsapp"
VALUES = settings(WhatsApp)
STEMS: tuple[str, ...] = tuple(sorted(path.stem for path in PAYLOADS.glob("*.txt")))


def request_example(stem: str) -> RawRequest:
    """Calling this will give a payload file as the provider would post it."""
    return signed((PAYLOADS / f"{stem}.txt").read_bytes().strip(), HOOK)


def parse_example(stem: str) -> list[Event]:
    """Calling this will read a payload file as the provider would post it. Raises Malformed as ``parse`` does."""
    return list(WhatsApp(VALUES, PUBLIC).parse(request_example(stem)))
