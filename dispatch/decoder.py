"""Decode one stranger's picture and write it anew. Run as a process of its own (see ``dispatch/pictures.py``): memory
and time are capped before the first byte is looked at, and it imports nothing of ours.

Standard input: the type, a line break, the bytes. Standard output: a line of JSON, then the picture, then its preview.
"""

from __future__ import annotations

import json
import math
import resource
import struct
import sys
import warnings
from io import BytesIO
from typing import Any, NamedTuple

from PIL import Image

#: Address space and processor seconds: a photograph of 50 million points needs about half of either.
MEMORY = 1024 * 1024 * 1024
SECONDS = 20
#: Longest side in points of what is kept, and of its preview.
LONGEST_SIDE = 2560
PREVIEW_SIDE = 320
#: Points a picture may have. A JPEG is decoded at a fraction of its size (draft), so today's telephones' fit.
MOST_POINTS = 40_000_000
MOST_POINTS_JPEG = 220_000_000
JPEG_QUALITY = 85
PREVIEW_QUALITY = 75
#: A PNG stays one up to here (screenshots, scans); larger ones without transparency are photographs.
PNG_BYTES = 1_500_000
#: Our type → the one decoder that may look at it.
DECODERS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/heic": "HEIF",
    "image/avif": "AVIF",
}
#: Types whose further frames are movement; in a JPEG or HEIC they are depth or light, which nobody misses.
MOVING = frozenset({"image/png", "image/webp", "image/gif", "image/avif"})
#: EXIF 3.0, 4.6.5 and 4.6.8: orientation, and the numbers of the position.
ORIENTATION, GPS = 0x0112, 0x8825
LATITUDE_REF, LATITUDE, LONGITUDE_REF, LONGITUDE = 1, 2, 3, 4
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
WHITE = (255, 255, 255)
#: What Pillow raises for data that lies about itself.
BROKEN = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, struct.error, ZeroDivisionError)


class Refused(Exception):
    """Calling this will say in a short word why a picture is not decoded: size or damage."""


class Decoded(NamedTuple):
    """Calling this will hold a picture written anew, its type, its preview (JPEG), where the camera says it was taken
    (degrees, WGS 84), and whether it moved."""

    data: bytes
    content_type: str
    preview: bytes
    position: tuple[float, float] | None
    moving: bool


def decode(data: bytes, content_type: str) -> Decoded:
    """Calling this will decode a picture, turn it upright, shrink it and write it anew, without anything that was
    beside its points. Of a moving one the first frame is kept. Raises Refused; MemoryError under ``limit``."""
    most = MOST_POINTS_JPEG if content_type == "image/jpeg" else MOST_POINTS
    if content_type in ("image/heic", "image/avif"):
        _register(content_type)
    try:
        # Pillow refuses by itself from twice this number on, and only warns before.
        Image.MAX_IMAGE_PIXELS = most
        with Image.open(BytesIO(data), formats=[DECODERS[content_type]]) as source:
            if source.width * source.height > most:
                raise Refused("size")
            if content_type == "image/jpeg":
                source.draft(source.mode, (LONGEST_SIDE, LONGEST_SIDE))
            moving = content_type in MOVING and bool(getattr(source, "is_animated", False))
            source.load()
            exif = _exif(source)
            upright = _plain(source)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused("size") from None
    except BROKEN as error:
        raise Refused("damage") from error
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    turn = TURNS.get(_integer(exif.get(ORIENTATION)))
    if turn is not None:
        upright = upright.transpose(turn)
    kept, kind = _write(upright, content_type)
    preview = _flat(upright)
    preview.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return Decoded(kept, kind, _jpeg(preview, PREVIEW_QUALITY), position_of(exif.get(GPS)), moving)


def _register(content_type: str) -> None:
    if content_type == "image/heic":  # a library of 10 MB, loaded only when one comes
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)


def _exif(source: Image.Image) -> dict[int, Any]:
    """The two facts we ask for; damage beside the points is no reason to refuse them."""
    try:
        exif = source.getexif()
        return {ORIENTATION: exif.get(ORIENTATION), GPS: exif.get_ifd(GPS)}
    except (*BROKEN, Image.DecompressionBombError, RecursionError):
        return {}


def _integer(value: object) -> int:
    return value if isinstance(value, int) else 0


def position_of(gps: object) -> tuple[float, float] | None:
    """Calling this will read a position out of EXIF's numbers, as degrees; None for one that is missing, off the earth,
    without a hemisphere, or at the zero a camera without reception writes."""
    if not isinstance(gps, dict):
        return None
    latitude = _degrees(gps.get(LATITUDE), gps.get(LATITUDE_REF), ("N", "S"), 90)
    longitude = _degrees(gps.get(LONGITUDE), gps.get(LONGITUDE_REF), ("E", "W"), 180)
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return None
    return latitude, longitude


def _degrees(parts: Any, ref: object, refs: tuple[str, str], most: int) -> float | None:
    if isinstance(ref, bytes):
        ref = ref.decode("ascii", "replace")
    side = ref.strip("\0 ").upper() if isinstance(ref, str) else ""
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    sane = degrees >= 0 and 0 <= minutes < 60 and 0 <= seconds < 60 and value <= most
    if side not in refs or not math.isfinite(value) or not sane:
        return None
    return round(-value if side == refs[1] else value, 6)


def _plain(source: Image.Image) -> Image.Image:
    """The points alone, as RGB or RGBA: whatever else an image object carries stays behind."""
    if source.mode.startswith("I"):  # 16 bits a point, of which a screen shows 8
        source = source.convert("I").point(lambda value: value / 256).convert("L")
    clear = source.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in source.info
    converted = source.convert("RGBA" if clear else "RGB")
    if clear and converted.getchannel("A").getextrema() == (255, 255):
        converted = converted.convert("RGB")
    fresh = Image.new(converted.mode, converted.size)
    fresh.paste(converted)
    return fresh


def _write(image: Image.Image, came_as: str) -> tuple[bytes, str]:
    if image.mode == "RGBA" or came_as in ("image/png", "image/gif"):
        buffer = BytesIO()
        image.save(buffer, "PNG", optimize=True)
        if buffer.tell() <= PNG_BYTES:
            return buffer.getvalue(), "image/png"
    return _jpeg(_flat(image), JPEG_QUALITY), "image/jpeg"


def _flat(image: Image.Image) -> Image.Image:
    fresh = Image.new("RGB", image.size, WHITE)
    fresh.paste(image, mask=image.getchannel("A") if image.mode == "RGBA" else None)
    return fresh


def _jpeg(image: Image.Image, quality: int) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=quality, optimize=True, progressive=True)
    return buffer.getvalue()


def limit(memory: int, seconds: int) -> None:
    """Calling this will cap this process's memory (bytes) and processor time, and forbid it to write any file."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> int:
    """Calling this will decode what comes on standard input; 1 with a line ``{"refused": …}`` when it is refused."""
    limit(MEMORY, SECONDS)
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    content_type, _, data = sys.stdin.buffer.read().partition(b"\n")
    try:
        found = decode(data, content_type.decode("ascii"))
    except (Refused, MemoryError) as error:
        refused = str(error) if isinstance(error, Refused) else "size"
        sys.stdout.buffer.write(json.dumps({"refused": refused}).encode() + b"\n")
        return 1
    head = {
        "type": found.content_type,
        "picture": len(found.data),
        "preview": len(found.preview),
        "position": found.position,
        "moving": found.moving,
    }
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + found.data + found.preview)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
