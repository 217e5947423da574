"""What a file is, by its bytes alone: neither its name nor what its sender says of it is ever asked."""

from __future__ import annotations

import re

UNKNOWN = "application/octet-stream"
ZIP = "application/zip"
OLE = "application/x-ole-storage"
#: A signature lies within the first bytes; the names in an archive stand at its beginning and at its end.
HEAD = 4096
ENDS = 65_536


def _row(pattern: bytes, name: str) -> tuple[re.Pattern[bytes], str]:
    return re.compile(pattern, re.DOTALL), name


#: First bytes → type; the first row that fits. SVG and HTML have no row: to us they are bytes, never pictures or pages.
SIGNATURES: tuple[tuple[re.Pattern[bytes], str], ...] = (
    _row(rb"\xff\xd8\xff", "image/jpeg"),
    _row(rb"\x89PNG\r\n\x1a\n", "image/png"),
    _row(rb"RIFF.{4}WEBP", "image/webp"),
    _row(rb"GIF8[79]a", "image/gif"),
    _row(rb".{4}ftyp(?:avi[fs]|mi[fa][1f].{0,32}?avi[fs])", "image/avif"),
    _row(rb".{4}ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)", "image/heic"),
    _row(rb"%PDF-", "application/pdf"),
    _row(rb"OggS.{24}(?:\x80theora|fishead)", "video/ogg"),
    _row(rb"OggS", "audio/ogg"),
    _row(rb"ID3|\xff[\xfa\xfb\xf2\xf3\xe2\xe3]", "audio/mpeg"),
    _row(rb"\xff[\xf0\xf1\xf8\xf9]", "audio/aac"),
    _row(rb"#!AMR", "audio/amr"),
    _row(rb"RIFF.{4}WAVE", "audio/wav"),
    _row(rb".{4}ftypM4[AB] ", "audio/mp4"),
    _row(rb".{4}ftyp3g", "video/3gpp"),
    _row(rb".{4}ftypqt  ", "video/quicktime"),
    _row(rb".{4}ftyp", "video/mp4"),
    _row(rb"\x1a\x45\xdf\xa3.{0,60}?webm", "video/webm"),
    _row(rb"\x1a\x45\xdf\xa3", "video/x-matroska"),
    _row(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    _row(rb"\{\\rtf", "application/rtf"),
    _row(rb"PK\x03\x04", ZIP),
    _row(rb"MZ[^\x09-\x0d\x20-\x7e]", "application/x-msdownload"),
    _row(rb"\x7fELF|[\xcf\xce]\xfa\xed\xfe|\xca\xfe\xba\xbe|dex\n0", "application/x-executable"),
    _row(rb"L\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut"),
    _row(rb"(?i:(?:\xef\xbb\xbf)?BEGIN:VCARD)", "text/vcard"),
    _row(
        rb"(?i:(?:(?:return-path|received|delivered-to|from|to|date|subject|message-id|mime-version|dkim-signature"
        rb"|x-[a-z0-9-]{1,60}):[^\n]*\n(?:[ \t][^\n]*\n)*){3})",
        "message/rfc822",
    ),
)
#: A name in an archive → what the archive really is; the first row that fits.
ARCHIVES: tuple[tuple[re.Pattern[bytes], str], ...] = (
    _row(rb"AndroidManifest\.xml", "application/vnd.android.package-archive"),
    _row(rb"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    _row(rb"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    _row(rb"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
#: A stream's name in an old Office file → what the file is; installers (MSI) are of the same make and have none.
STREAMS: tuple[tuple[str, str], ...] = (
    ("WordDocument", "application/msword"),
    ("Workbook", "application/vnd.ms-excel"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
)
#: What a computer or a telephone would run. An APK is how strangers empty bank accounts by WhatsApp.
PROGRAMS = frozenset(
    {
        "application/x-msdownload",
        "application/x-executable",
        "application/x-ms-shortcut",
        "application/vnd.android.package-archive",
    }
)
#: Containers that may hold sound alone → the type they then have.
_SOUND_ONLY = {
    "video/mp4": "audio/mp4",
    "video/quicktime": "audio/mp4",
    "video/3gpp": "audio/3gpp",
    "video/webm": "audio/webm",
}
#: A file in a ZIP: its local header (30 bytes before the name) or its line of the directory (46 bytes).
_ENTRY = re.compile(rb"PK(?:\x03\x04.{26}|\x01\x02.{42})(?=([\x20-\x7e]{1,80}))", re.DOTALL)
_HANDLER = re.compile(rb"hdlr.{8}(vide|soun)", re.DOTALL)


def sniff(data: bytes) -> str:
    """Calling this will name the type of a file by its bytes, ``application/octet-stream`` when no row fits."""
    head = data[:HEAD]
    found = next((name for pattern, name in SIGNATURES if pattern.match(head)), UNKNOWN)
    if found == ZIP:
        return _archive(data)
    if found == OLE:
        return next((kind for name, kind in STREAMS if name.encode("utf-16-le") in data), OLE)
    if found in _SOUND_ONLY and _sound_alone(found, data):
        return _SOUND_ONLY[found]
    return found


def _archive(data: bytes) -> str:
    names = [entry[1] for part in (data[:ENDS], data[-ENDS:]) for entry in _ENTRY.finditer(part)]
    return next((kind for pattern, kind in ARCHIVES if any(pattern.match(name) for name in names)), ZIP)


def _sound_alone(container: str, data: bytes) -> bool:
    if container == "video/webm":
        return b"A_" in data[:ENDS] and re.search(rb"V_(?:VP[89]|AV1|MPEG)", data[:ENDS]) is None
    return {found[1] for found in _HANDLER.finditer(data)} == {b"soun"}
