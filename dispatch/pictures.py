"""Pictures are kept written anew: upright, no larger than a screen needs, and without what a camera writes beside them.

What strangers send is decoded in a process of its own, whose memory and time the kernel caps: a decoder that a crafted
file breaks takes neither the worker nor the machine with it. It starts in a fifth of a second, once for each picture.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from dispatch import decoder
from dispatch.filetypes import sniff

#: Types that are decoded; anything else that calls itself a picture is bytes.
PICTURES = frozenset(decoder.DECODERS)
#: Seconds of the clock on the wall a picture may take; processor time is capped by the process itself.
PATIENCE = 60.0


class Undecodable(Exception):
    """Calling this will say why a picture cannot be shown safely: ``picture_size`` or ``picture_damaged``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Picture:
    """Calling this will hold a picture written anew, its type, a preview as JPEG, where it was taken (degrees, WGS 84)
    if its camera said so, and whether it moved: only the first frame is kept."""

    data: bytes
    content_type: str
    preview: bytes
    position: tuple[float, float] | None = None
    moving: bool = False


def rewrite(data: bytes, patience: float = PATIENCE) -> Picture:
    """Calling this will write a picture anew, within ``patience`` seconds. Raises Undecodable."""
    command = [sys.executable, "-I", str(Path(decoder.__file__))]
    try:
        done = subprocess.run(  # noqa: S603 - our own file, no shell, and the bytes come on standard input
            command, input=sniff(data).encode() + b"\n" + data, capture_output=True, timeout=patience, check=False
        )
    except subprocess.TimeoutExpired:
        raise Undecodable("picture_size") from None
    line, _, rest = done.stdout.partition(b"\n")
    try:
        head = json.loads(line)
    except ValueError:
        head = {}  # killed by its own caps, or broken by the picture
    if done.returncode != 0 or not head or "refused" in head:
        raise Undecodable("picture_size" if head.get("refused") == "size" else "picture_damaged")
    cut = head["picture"]
    position = (head["position"][0], head["position"][1]) if head["position"] else None
    return Picture(rest[:cut], head["type"], rest[cut : cut + head["preview"]], position, head["moving"])
