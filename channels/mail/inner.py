"""Files that lie inside a part without being parts: Outlook's ``winmail.dat`` and uuencoded text.

``tnefparse`` believes every count it reads: one of four billion keeps it busy for hours, and it copies the rest of the
file for each object. So the file is walked first, by its declared lengths only; what is odd or not needed is left out,
and only the rest is handed over.
"""

from __future__ import annotations

import binascii
import logging
import struct
from dataclasses import dataclass

from tnefparse import TNEF

from channels.mail.headers import clean, decode

FILES_MAX = 20
OBJECTS_MAX = 200
PROPERTIES_MAX = 500
SIGNATURE = 0x223E9F78
#: The objects that hold text and files (MS-OXTNEF section 2.1.3.2); recipients, dates and forms are not needed.
CODEPAGE, BODY, PROPERTIES = 0x9007, 0x800C, 0x9003
RENDERING, FILE_DATA, FILE_TITLE, FILE_PROPERTIES = 0x9002, 0x800F, 0x8010, 0x9005
TAKEN = frozenset({CODEPAGE, BODY, PROPERTIES, RENDERING, FILE_DATA, FILE_TITLE, FILE_PROPERTIES})
#: Bytes a property of each type takes (MS-OXTNEF section 2.1.3.5); None: a counted list of lengths and values.
WIDTHS: dict[int, int | None] = {
    **dict.fromkeys((0x02, 0x0B, 0x03, 0x04, 0x0A), 4),
    **dict.fromkeys((0x05, 0x06, 0x07, 0x14, 0x40), 8),
    0x48: 16,
    **dict.fromkeys((0x1E, 0x1F, 0x0102), None),
}

# What it says about damaged files quotes nothing and helps nobody: the mail says itself what was left out.
_QUIET = logging.getLogger("tnefparse")


@dataclass(frozen=True, slots=True)
class Inner:
    """Calling this will hold what lay inside: the text, the files as (name, bytes), and whether that was all."""

    text: str = ""
    files: tuple[tuple[str, bytes], ...] = ()
    whole: bool = True


def open_winmail(data: bytes) -> Inner:
    """Calling this will take a ``winmail.dat`` apart, at most 200 objects and 20 files. What cannot be read leaves
    ``whole`` false and never raises."""
    wanted, whole = _wanted(data)
    if not wanted:
        return Inner(whole=False)
    _QUIET.disabled = True
    try:
        opened = TNEF(wanted, do_checksum=False)
        files = tuple((str(item.long_filename()), bytes(item.data)) for item in opened.attachments[:FILES_MAX])
        text = _worded(opened.body)
    except (ValueError, LookupError, TypeError, AttributeError, NameError, struct.error, RecursionError):
        return Inner(whole=False)
    kept = tuple((name, content) for name, content in files if content)
    return Inner(clean(text.replace("\0", "")).strip("\n "), kept, whole and len(kept) == len(opened.attachments))


def _worded(body: object) -> str:
    while isinstance(body, list):
        body = body[0] if body else ""
    return decode(body) if isinstance(body, bytes) else body if isinstance(body, str) else ""


def _wanted(data: bytes) -> tuple[bytes, bool]:
    """The same file with only the objects that are needed and sound, and whether none of those was left out."""
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != SIGNATURE:
        return b"", False
    kept, position, whole = [data[:6]], 6, True
    for _ in range(OBJECTS_MAX):
        if position + 11 > len(data):
            return b"".join(kept), whole
        _, name, _, length = struct.unpack_from("<BHHI", data, position)
        end = position + 9 + length + 2
        if end > len(data):
            return b"".join(kept), False
        if name in TAKEN:
            content = data[position + 9 : end - 2]
            if name in (PROPERTIES, FILE_PROPERTIES) and not _sound(content):
                whole = False
            else:
                kept.append(data[position:end])
        position = end
    return b"".join(kept), False


def _sound(data: bytes) -> bool:
    """Whether a list of properties stays within its bytes, in number and in length, and embeds no other file."""
    try:
        (count,) = struct.unpack_from("<I", data)
        position = 4
        if count > PROPERTIES_MAX:
            return False
        for _ in range(count):
            kind, name = struct.unpack_from("<HH", data, position)
            position += 4
            if name >= 0x8000:
                position = _after_name(data, position)
            many = bool(kind & 0x1000)
            kind &= 0xEFFF
            if kind not in WIDTHS:
                return False
            width, values = WIDTHS[kind], 1
            if many or width is None:
                (values,) = struct.unpack_from("<I", data, position)
                position += 4
            if values > PROPERTIES_MAX or (many and width is not None):
                return False  # the library reads lists of numbers otherwise than they are written
            for _ in range(values):
                if width is None:
                    (size,) = struct.unpack_from("<I", data, position)
                    position += 4 + size + -size % 4
                else:
                    position += width
            if position > len(data):
                return False
    except struct.error:
        return False
    return True


def _after_name(data: bytes, position: int) -> int:
    kind, size = struct.unpack_from("<II", data, position + 16)
    return position + 24 + (size + -size % 4 if kind else 0)


def split_uuencoded(text: str) -> Inner:
    """Calling this will cut the uuencoded files out of a text, at most 20: ``begin 644 foto.jpg`` … ``end``. A block
    that is no such file stays as text. Each line is looked at once."""
    if "begin " not in text:
        return Inner(text)
    lines = text.split("\n")
    kept: list[str] = []
    files: list[tuple[str, bytes]] = []
    index = 0
    while index < len(lines):
        name = _announced(lines[index])
        taken = _decoded(lines, index + 1) if name and len(files) < FILES_MAX else None
        if taken is None:
            kept.append(lines[index])
            index += 1
        else:
            files.append((name, taken[0]))
            index = taken[1]
    return Inner("\n".join(kept), tuple(files))


def _announced(line: str) -> str:
    words = line.rstrip().split(" ", 2)
    good = len(words) == 3 and words[0] == "begin" and len(words[1]) in (3, 4) and words[1].isdigit()
    return words[2].strip() if good else ""


def _decoded(lines: list[str], index: int) -> tuple[bytes, int] | None:
    """The bytes of a block and the line after its end; None at the first line that is none of it."""
    found: list[bytes] = []
    while index < len(lines):
        line = lines[index].rstrip("\r")
        index += 1
        if line == "end":
            return (b"".join(found), index) if found else None
        if line in ("`", " ", ""):
            continue
        try:
            found.append(binascii.a2b_uu(line.encode("ascii")))
        except ValueError:
            return None
    return None
