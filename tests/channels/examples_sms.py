"""What the payload files of this provider become, for the tests of coverage."""

from __future__ import annotations

from pathlib import Path

from channels.message import Event
from channels.sms import Sms
from tests.channels.twilio_cases import PUBLIC, settings, signed

PAYLOADS = Path(__file__).parent / "payloads" / "sms"
STEMS: tuple[str, ...] = tuple(sorted(path.stem for path in PAYLOADS.glob("*.txt")))


def parse_example(stem: str) -> list[Event]:
    """Calling this will read a payload file as the provider would post it. Raises Malformed as ``parse`` does."""
    channel = Sms(settings(Sms), PUBLIC)
    body = (PAYLOADS / f"{stem}.txt").read_bytes().strip()
    return list(channel.parse(signed(body, channel.hook)))
