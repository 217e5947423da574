"""Pictures for tests, made on the spot: noise of any size, format and EXIF."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

MAKE, ORIENTATION, GPS = 0x010F, 0x0112, 0x8825


def jpeg(size: tuple[int, int], *, exif: Image.Exif | None = None, mode: str = "RGB", **options: object) -> bytes:
    """A JPEG of noise."""
    return picture("JPEG", size, exif=exif, mode=mode, **options)


def picture(
    kind: str, size: tuple[int, int], *, mode: str = "RGB", exif: Image.Exif | None = None, **more: object
) -> bytes:
    """A picture of noise in a format Pillow writes."""
    buffer = BytesIO()
    if exif is not None:
        more["exif"] = exif
    Image.effect_noise(size, 60).convert(mode).save(buffer, kind, **more)  # type: ignore[arg-type]
    return buffer.getvalue()


def gps(latitude: float, longitude: float, **numbers: object) -> Image.Exif:
    """What a telephone writes: its make, and where it stood in degrees, minutes and seconds."""
    exif = Image.Exif()
    exif[MAKE] = "Contoh"
    ifd = exif.get_ifd(GPS)
    ifd.update(
        {1: "N" if latitude >= 0 else "S", 2: _parts(latitude), 3: "E" if longitude >= 0 else "W", 4: _parts(longitude)}
    )
    ifd.update({int(name.removeprefix("tag")): value for name, value in numbers.items()})
    return exif


def _parts(degrees: float) -> tuple[float, float, float]:
    whole, rest = divmod(abs(degrees), 1)
    minutes, rest = divmod(rest * 60, 1)
    return whole, minutes, round(rest * 60, 3)
