"""Which files of a pack rule tickets, and the name of one state of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

#: The files that decide who must answer by when. The rest (sentences, examples, prices) may change at any time.
RULING = (
    "agencies.csv",
    "calendars.yaml",
    "categories.csv",
    "clocks.yaml",
    "desk.yaml",
    "landmarks.csv",
    "ownership.yaml",
    "places.csv",
    "region.yaml",
)
_SHOWN = 8


def ruling_files(folder: Path) -> dict[str, bytes]:
    """Calling this will read the ruling files a pack has, in the order of their names, with line feeds as line ends and
    without a byte order mark: what an editor or a version control does to those changes no rule."""
    return {
        name: (folder / name).read_bytes().removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
        for name in RULING
        if (folder / name).is_file()
    }


def digest(files: dict[str, bytes]) -> str:
    """Calling this will give the SHA-256 of ruling files, as hexadecimal digits."""
    total = hashlib.sha256()
    for name, content in sorted(files.items()):
        total.update(f"{name}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()


def name_of(version: str, total: str) -> str:
    """Calling this will name the edition with this version and digest."""
    return f"{version}+{total[:_SHOWN]}"


def edition(version: str, folder: Path) -> str:
    """Calling this will name the edition of a pack: its own version, "+", the first digits of its digest."""
    return name_of(version, digest(ruling_files(folder)))
