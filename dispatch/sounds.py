"""How long a recording lasts, where its container says so in a few bytes: nothing is decoded."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

OPUS_RATE = 48_000  # RFC 7845, 4: the granule position always counts 48 kHz samples
AMR_FRAMES_PER_SECOND = 50  # RFC 4867, 5.3: each frame is 20 ms
#: Frame type → bytes of an AMR frame, its first byte included (RFC 4867, 5.3; 3GPP TS 26.101, table 1a).
AMR_BYTES = (13, 14, 16, 18, 20, 21, 27, 32, 6, 1, 1, 1, 1, 1, 1, 1)
LONGEST = 86_400
_VORBIS = re.compile(rb"\x01vorbis.{5}(.{4})", re.DOTALL)
_MOVIE = re.compile(rb"mvhd(?:\x00.{11}(.{4})(.{4})|\x01.{19}(.{4})(.{8}))", re.DOTALL)


def seconds(data: bytes, content_type: str) -> int | None:
    """Calling this will give a recording's length in whole seconds, at least 1; None where it is not said, or is
    nonsense."""
    measure = _MEASURES.get(content_type)
    found = measure(data) if measure else None
    return max(1, round(found)) if found is not None and 0 < found < LONGEST else None


def _ogg(data: bytes) -> float | None:
    last = data.rfind(b"OggS")
    if last < 0 or len(data) < last + 14:
        return None
    granule: int = struct.unpack_from("<q", data, last + 6)[0]
    opus = data[:512].find(b"OpusHead")
    if opus >= 0 and len(data) >= opus + 12:
        return float(granule - struct.unpack_from("<H", data, opus + 10)[0]) / OPUS_RATE
    vorbis = _VORBIS.search(data[:512])
    rate = struct.unpack("<I", vorbis[1])[0] if vorbis else 0
    return granule / rate if rate else None


def _mp4(data: bytes) -> float | None:
    found = _MOVIE.search(data)
    if found is None:
        return None
    scale, length = (int.from_bytes(each, "big") for each in found.groups() if each is not None)
    return length / scale if scale else None


def _amr(data: bytes) -> float | None:
    if not data.startswith(b"#!AMR\n"):
        return None  # wide-band and several channels have frames of other sizes
    frames, at = 0, 6
    while at < len(data):
        at += AMR_BYTES[data[at] >> 3 & 0x0F]
        frames += 1
    return frames / AMR_FRAMES_PER_SECOND


_MEASURES: dict[str, Callable[[bytes], float | None]] = {
    "audio/ogg": _ogg,
    "audio/mp4": _mp4,
    "audio/3gpp": _mp4,
    "audio/amr": _amr,
}
