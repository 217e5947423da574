"""Pictures from strangers: written anew without what a camera adds, or refused, and the cage holds."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import warnings
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from dispatch import decoder, pictures
from dispatch.pictures import Picture, Undecodable, rewrite
from tests.support.pictures import GPS, ORIENTATION, gps, jpeg, picture

JUATA_LAUT = (3.4036, 117.5644)


def opened(data: bytes) -> Image.Image:
    with Image.open(BytesIO(data)) as image:
        image.load()
        return image


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def bomb(side: int) -> bytes:
    """A PNG of a few kilobytes that says it has ``side`` × ``side`` points, and has them."""
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    line = bytes(1 + (side + 7) // 8)
    body = b"".join([*(packer.compress(line) for _ in range(side)), packer.flush()])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def heic(size: tuple[int, int], *, turned: int = 1) -> bytes:
    import pillow_heif

    exif = gps(*JUATA_LAUT)
    exif[ORIENTATION] = turned
    buffer = BytesIO()
    pillow_heif.from_pillow(Image.effect_noise(size, 60).convert("RGB")).save(buffer, exif=exif.tobytes())
    return buffer.getvalue()


def animated(kind: str, frames: int) -> bytes:
    buffer = BytesIO()
    pages = [Image.new("RGB", (40, 30), (number, 0, 255 - number)) for number in range(frames)]
    pages[0].save(buffer, kind, save_all=True, append_images=pages[1:], duration=50)
    return buffer.getvalue()


def lying_dimensions(data: bytes, side: int) -> bytes:
    """A JPEG whose frame header claims ``side`` × ``side`` points."""
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", side, side) + data[at + 4 :]


def clear_png(size: tuple[int, int], alpha: int) -> bytes:
    buffer = BytesIO()
    Image.new("RGBA", size, (200, 30, 30, alpha)).save(buffer, "PNG")
    return buffer.getvalue()


def grey16(kind: str) -> bytes:
    image = Image.new("I;16", (60, 40))
    image.putdata([(n % 60) * 1000 for n in range(60 * 40)])
    buffer = BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def palette(transparent: bool) -> bytes:
    buffer = BytesIO()
    image = Image.effect_noise((50, 40), 60).convert("P")
    image.save(buffer, "GIF", **({"transparency": 0} if transparent else {}))
    return buffer.getvalue()


#: What came → what is kept of it: its type and size.
TAKEN: dict[str, tuple[Callable[[], bytes], str, tuple[int, int]]] = {
    "photograph": (lambda: jpeg((640, 480)), "image/jpeg", (640, 480)),
    "one-point": (lambda: jpeg((1, 1)), "image/jpeg", (1, 1)),
    "one-line": (lambda: jpeg((3000, 1)), "image/jpeg", (2560, 1)),
    "large": (lambda: jpeg((4000, 3000)), "image/jpeg", (2560, 1920)),
    "larger-than-the-cap-of-others": (lambda: jpeg((8160, 6120)), "image/jpeg", (2560, 1920)),
    "progressive": (lambda: jpeg((640, 480), progressive=True), "image/jpeg", (640, 480)),
    "grey": (lambda: jpeg((60, 40), mode="L"), "image/jpeg", (60, 40)),
    "cmyk": (lambda: jpeg((60, 40), mode="CMYK"), "image/jpeg", (60, 40)),
    "screenshot": (lambda: picture("PNG", (60, 40)), "image/png", (60, 40)),
    "photograph-as-png": (lambda: picture("PNG", (1600, 1200)), "image/jpeg", (1600, 1200)),
    "see-through": (lambda: clear_png((60, 40), 100), "image/png", (60, 40)),
    "alpha-that-hides-nothing": (lambda: clear_png((60, 40), 255), "image/png", (60, 40)),
    "sixteen-bit": (lambda: grey16("PNG"), "image/png", (60, 40)),
    "one-bit": (lambda: picture("PNG", (60, 40), mode="1"), "image/png", (60, 40)),
    "webp": (lambda: picture("WEBP", (60, 40)), "image/jpeg", (60, 40)),
    "sticker": (lambda: picture("WEBP", (60, 40), mode="RGBA"), "image/jpeg", (60, 40)),
    "gif": (lambda: palette(False), "image/png", (50, 40)),
    "gif-see-through": (lambda: palette(True), "image/png", (50, 40)),
    "heic": (lambda: heic((64, 48)), "image/jpeg", (64, 48)),
    "avif": (lambda: picture("AVIF", (64, 48)), "image/jpeg", (64, 48)),
    "moving-gif": (lambda: animated("GIF", 30), "image/png", (40, 30)),
    "moving-webp": (lambda: animated("WEBP", 30), "image/jpeg", (40, 30)),
    "moving-png": (lambda: animated("PNG", 30), "image/png", (40, 30)),
}


@pytest.mark.parametrize(("make", "kind", "size"), TAKEN.values(), ids=TAKEN)
def test_a_picture_is_written_anew_with_a_preview(make: Callable[[], bytes], kind: str, size: tuple[int, int]) -> None:
    found = rewrite(make())
    image, preview = opened(found.data), opened(found.preview)
    assert (found.content_type, image.size, Image.MIME[image.format or ""]) == (kind, size, kind)
    assert preview.format == "JPEG"
    assert max(preview.size) == min(320, max(size))
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"}


def test_the_second_picture_of_a_double_camera_is_no_movement() -> None:
    data = animated("MPO", 2)
    assert data.startswith(b"\xff\xd8\xff")
    assert not rewrite(data).moving


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_a_moving_picture_the_first_frame_is_kept(kind: str) -> None:
    found = rewrite(animated(kind, 30))
    assert found.moving
    assert getattr(opened(found.data), "n_frames", 1) == 1
    red, _, blue = opened(found.data).convert("RGB").getpixel((5, 5))  # type: ignore[misc]
    assert red < 20 and blue > 235


def test_sixteen_bits_keep_their_shades() -> None:
    image = opened(rewrite(grey16("PNG")).data).convert("L")
    assert [image.getpixel((x, 0)) for x in (0, 30, 59)] == [0, 117, 230]


# Metadata

SECRET = b"rahasia-di-dalam-berkas"


def commented() -> bytes:
    return jpeg((60, 40), comment=SECRET)


def described(kind: str) -> bytes:
    exif = gps(*JUATA_LAUT)
    exif[0x010E] = SECRET.decode()
    return picture(kind, (60, 40), exif=exif)


def with_text() -> bytes:
    data = picture("PNG", (60, 40))
    at = data.index(b"IDAT") - 4
    return data[:at] + chunk(b"tEXt", b"Comment\0" + SECRET) + data[at:]


def packed_profile() -> bytes:
    """A PNG with a colour profile that is stored without compression, so that its words can be looked for."""
    data = picture("PNG", (60, 40))
    at = data.index(b"IDAT") - 4
    return data[:at] + chunk(b"iCCP", b"profil\0\0" + zlib.compress(SECRET * 20, 0)) + data[at:]


METADATA: dict[str, Callable[[], bytes]] = {
    "jpeg-comment": commented,
    "jpeg-exif": lambda: described("JPEG"),
    "png-exif": lambda: described("PNG"),
    "webp-exif": lambda: described("WEBP"),
    "avif-exif": lambda: described("AVIF"),
    "png-text": with_text,
    "colour-profile": lambda: jpeg((60, 40), icc_profile=SECRET * 20),
    "colour-profile-of-a-png": lambda: packed_profile(),
    "page-behind-the-picture": lambda: jpeg((60, 40)) + b"<script>" + SECRET + b"</script>",
    "page-in-a-comment": lambda: jpeg((60, 40), comment=b"<script>" + SECRET),
    "archive-behind-the-picture": lambda: picture("PNG", (60, 40)) + b"PK\x03\x04" + SECRET,
}


@pytest.mark.parametrize("make", METADATA.values(), ids=METADATA)
def test_nothing_beside_the_points_is_kept(make: Callable[[], bytes]) -> None:
    data = make()
    assert SECRET in data
    found = rewrite(data)
    for kept in (found.data, found.preview):
        assert SECRET not in kept
        assert b"<script" not in kept and b"iCCP" not in kept
        assert b"Exif" not in kept and b"Contoh" not in kept


CORNERS = {  # orientation (EXIF 3.0, 4.6.5.1) → where the red upper left corner of what was stored is seen
    1: (0, 0),
    2: (1, 0),
    3: (1, 1),
    4: (0, 1),
    5: (0, 0),
    6: (1, 0),
    7: (1, 1),
    8: (0, 1),
}


@pytest.mark.parametrize("turned", CORNERS)
def test_a_picture_is_turned_upright(turned: int) -> None:
    image = Image.new("RGB", (80, 40), (0, 0, 255))
    image.paste((255, 0, 0), (0, 0, 20, 20))
    exif = Image.Exif()
    exif[ORIENTATION] = turned
    buffer = BytesIO()
    image.save(buffer, "PNG", exif=exif)
    seen = opened(rewrite(buffer.getvalue()).data).convert("RGB")
    right, low = CORNERS[turned]
    width, height = seen.size
    assert (width, height) == ((80, 40) if turned < 5 else (40, 80))
    red = seen.getpixel((width - 5 if right else 5, height - 5 if low else 5))
    assert red == (255, 0, 0)


def test_a_heic_is_turned_once_and_gives_its_place() -> None:
    found = rewrite(heic((64, 48), turned=6))
    assert opened(found.data).size == (48, 64)
    assert found.position == pytest.approx(JUATA_LAUT, abs=1e-4)


# Position

POSITIONS: dict[str, tuple[object, tuple[float, float] | None]] = {
    "tarakan": (gps(*JUATA_LAUT), JUATA_LAUT),
    "south-west": (gps(-3.5, -60.25), (-3.5, -60.25)),
    "edge-of-the-earth": (gps(90, 180), (90.0, 180.0)),
    "no-reception": (gps(0, 0), None),
    "on-the-equator": (gps(0, 117.5), (0.0, 117.5)),
    "off-the-earth-north": (gps(91, 117.5), None),
    "off-the-earth-east": (gps(3.4, 181), None),
    "no-hemisphere": (gps(*JUATA_LAUT, tag1=""), None),
    "swapped-hemispheres": (gps(*JUATA_LAUT, tag1="E", tag3="N"), None),
    "wrong-hemisphere": (gps(*JUATA_LAUT, tag3="X"), None),
    "lower-case-hemisphere": (gps(*JUATA_LAUT, tag1="n"), JUATA_LAUT),
    "two-numbers": (gps(*JUATA_LAUT, tag2=(3.0, 24.0)), None),
    "seventy-minutes": (gps(*JUATA_LAUT, tag2=(3.0, 70.0, 0.0)), None),
}


@pytest.mark.parametrize(("exif", "expected"), POSITIONS.values(), ids=POSITIONS)
def test_the_cameras_position(exif: Image.Exif, expected: tuple[float, float] | None) -> None:
    found = decoder.decode(jpeg((60, 40), exif=exif), "image/jpeg").position
    assert found == (pytest.approx(expected, abs=1e-4) if expected else None)


NONSENSE = {
    "none": None,
    "a-text": "GPS",
    "infinite": {1: "N", 2: (float("inf"), 0, 0), 3: "E", 4: (1, 0, 0)},
    "not-a-number": {1: "N", 2: (float("nan"), 0, 0), 3: "E", 4: (1, 0, 0)},
    "bytes-for-a-hemisphere": {1: b"\xff\xfe", 2: (3, 0, 0), 3: "E", 4: (1, 0, 0)},
    "negative-degrees": {1: "N", 2: (-3.0, 24.0, 0.0), 3: "E", 4: (117, 33, 0)},
    "words-for-numbers": {1: "N", 2: "3 24 13", 3: "E", 4: "117 33 51"},
    "one-number": {1: "N", 2: 3.5, 3: "E", 4: 117.5},
}


@pytest.mark.parametrize("given", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_no_position(given: object) -> None:
    assert decoder.position_of(given) is None


def broken_exif(*, size: int = 0) -> bytes:
    data = jpeg((60, 40), exif=gps(*JUATA_LAUT))
    at = data.index(b"Exif\0\0") + 6
    junk = b"\xde\xad\xbe\xef" * 3
    return data[:at] + junk + data[at + len(junk) :] if not size else data[: at + 4] + b"\xff" * 8 + data[at + 12 :]


def endless_exif() -> bytes:
    """A directory of EXIF that names itself as the next one."""
    tiff = b"II*\0\x08\0\0\0" + struct.pack("<H", 1) + struct.pack("<HHII", GPS, 4, 1, 8) + struct.pack("<I", 8)
    return _with_app1(b"Exif\0\0" + tiff)


def huge_exif() -> bytes:
    """A full segment of EXIF, whose directory claims 65,535 entries of four billion values."""
    entries = struct.pack("<HHII", 0x9999, 12, 0xFFFFFFFF, 8) * 5000
    return _with_app1((b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 65535) + entries)[:65_000])


def _with_app1(body: bytes) -> bytes:
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg((60, 40))[2:]


@pytest.mark.parametrize(
    "make", [broken_exif, lambda: broken_exif(size=1), endless_exif, huge_exif], ids=["junk", "offsets", "loop", "huge"]
)
def test_damaged_exif_spoils_no_picture(make: Callable[[], bytes]) -> None:
    found = rewrite(make())
    assert (found.content_type, found.position) == ("image/jpeg", None)


# What is refused

JPEG = jpeg((640, 480))
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "bomb-of-400-million-points": (lambda: bomb(20_000), "picture_size"),
    "bomb-that-pillow-only-warns-of": (lambda: bomb(7_000), "picture_size"),
    "jpeg-that-claims-four-thousand-million-points": (lambda: lying_dimensions(JPEG, 65_000), "picture_size"),
    "cut-in-the-middle": (lambda: JPEG[: len(JPEG) // 2], "picture_damaged"),
    "header-only": (lambda: JPEG[:200], "picture_damaged"),
    "three-bytes": (lambda: b"\xff\xd8\xff", "picture_damaged"),
    "page-that-begins-like-a-jpeg": (lambda: b"\xff\xd8\xff\xe0<html><script>", "picture_damaged"),
    "png-without-points": (lambda: picture("PNG", (60, 40))[:33], "picture_damaged"),
    "png-with-a-wrong-sum": (
        lambda: (data := picture("PNG", (60, 40)))[:20] + b"\x7f" + data[21:],
        "picture_damaged",
    ),
    "gif-of-no-size": (lambda: b"GIF89a" + bytes(20), "picture_damaged"),
    "webp-of-nothing": (lambda: b"RIFF\x20\0\0\0WEBPVP8 " + bytes(20), "picture_damaged"),
    "heic-of-nothing": (lambda: b"\0\0\0\x18ftypheic" + bytes(200), "picture_damaged"),
    "avif-of-nothing": (lambda: b"\0\0\0\x18ftypavif" + bytes(200), "picture_damaged"),
}


@pytest.mark.parametrize(("make", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_decoded_safely_is_refused(make: Callable[[], bytes], reason: str) -> None:
    with pytest.raises(Undecodable) as refused:
        rewrite(make())
    assert refused.value.reason == reason


@pytest.mark.parametrize("side", [6_400, 8_000])
def test_the_size_is_looked_at_before_any_point(side: int) -> None:
    """Whatever Pillow makes of it: up to twice its own limit it only warns."""
    with warnings.catch_warnings(), pytest.raises(decoder.Refused, match="size"):
        warnings.simplefilter("ignore")
        decoder.decode(bomb(side), "image/png")


def test_a_thousand_damaged_pictures_end_in_a_picture_or_a_refusal() -> None:
    """Bytes turned at random, the same each time: nothing else than the two ends we know comes out of the decoder."""
    from random import Random

    random = Random(20261122)
    seeds = {"image/jpeg": jpeg((40, 30), exif=gps(*JUATA_LAUT)), "image/png": picture("PNG", (40, 30), exif=gps(1, 1))}
    seeds |= {"image/gif": animated("GIF", 3), "image/webp": picture("WEBP", (40, 30))}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for round_number in range(250):
            for kind, seed in seeds.items():
                data = bytearray(seed)
                for _ in range(1 + round_number % 8):
                    data[random.randrange(len(data))] = random.randrange(256)
                try:
                    found = decoder.decode(bytes(data), kind)
                except decoder.Refused:
                    continue
                assert opened(found.data).size


# The cage


def cage(tmp_path: Path, body: str) -> None:
    """Put ``body`` where the decoder's process would run."""
    (tmp_path / "decoder.py").write_text(body)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "picture_damaged"),
        ("raise SystemExit(1)", "picture_damaged"),
        ("print('not json')", "picture_damaged"),
        ("import time; time.sleep(30)", "picture_size"),
    ],
    ids=["crash", "silence", "babble", "hangs"],
)
def test_a_decoder_that_breaks_is_a_refusal(
    body: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cage(tmp_path, body)
    monkeypatch.setattr(pictures.decoder, "__file__", str(tmp_path / "decoder.py"))
    with pytest.raises(Undecodable) as refused:
        rewrite(JPEG, patience=2)
    assert refused.value.reason == reason


def caged(code: str, *given: str) -> subprocess.CompletedProcess[bytes]:
    script = f"from dispatch import decoder; decoder.limit(300_000_000, 1)\n{code}"
    return subprocess.run([sys.executable, "-c", script, *given], capture_output=True, timeout=30, check=False)


CAPS = {
    "memory": ("bytearray(400_000_000)", b"MemoryError"),
    "writing": ("import sys; f = open(sys.argv[1], 'wb'); f.write(b'x' * 9999); f.flush()", b"File too large"),
}


@pytest.mark.parametrize(("code", "error"), CAPS.values(), ids=CAPS)
def test_the_cage_holds(code: str, error: bytes, tmp_path: Path) -> None:
    done = caged(code, str(tmp_path / "written"))
    assert done.returncode != 0
    assert error in done.stderr


def test_the_cage_ends_what_never_ends() -> None:
    assert caged("while True: pass").returncode < 0


def test_too_little_memory_is_a_refusal() -> None:
    script = "from dispatch import decoder; decoder.MEMORY = 220_000_000; raise SystemExit(decoder.main())"
    png = picture("PNG", (6000, 6000), mode="L")
    done = subprocess.run(
        [sys.executable, "-c", script], input=b"image/png\n" + png, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert json.loads(done.stdout) == {"refused": "size"}


def test_the_process_knows_nothing_of_ours() -> None:
    """It runs isolated, by its path: neither our packages nor the environment reach it."""
    source = Path(decoder.__file__).read_text()
    for package in ("dispatch", "bot", "admin", "channels", "classifier"):
        assert f"import {package}" not in source and f"from {package}" not in source
    assert isinstance(rewrite(jpeg((8, 8))), Picture)
