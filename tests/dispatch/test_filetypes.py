"""What a file is by its bytes, and how long a recording lasts."""

from __future__ import annotations

import struct
import zipfile
from io import BytesIO

import pytest

from dispatch.filetypes import PROGRAMS, sniff
from dispatch.sounds import seconds
from tests.support.pictures import jpeg, picture


def archive(*names: str, filler: int = 0) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in names:
            file.writestr(name, bytes(filler) if name == names[0] else b"x")
    return buffer.getvalue()


def movie(brand: bytes, *handlers: bytes, scale: int = 1000, length: int = 7400, version: int = 0) -> bytes:
    if version:
        times = b"\x01\0\0\0" + bytes(16) + struct.pack(">IQ", scale, length)
    else:
        times = b"\0\0\0\0" + bytes(8) + struct.pack(">II", scale, length)
    head = b"\0\0\0\x18ftyp" + brand + bytes(12) + b"\0\0\0\x6cmvhd" + times + bytes(80)
    return head + b"".join(b"\0\0\0\x21hdlr" + bytes(8) + handler + bytes(12) for handler in handlers)


def ogg(first: bytes, granule: int) -> bytes:
    page = b"OggS\0\x02" + bytes(20) + b"\x01\x13" + first
    return page + b"sound" * 50 + b"OggS\0\x04" + struct.pack("<q", granule) + bytes(20)


OPUS = b"OpusHead\x01\x01" + struct.pack("<H", 312) + bytes(7)
VORBIS = b"\x01vorbis" + bytes(4) + b"\x02" + struct.pack("<I", 44_100) + bytes(14)
MAIL = b"Received: from mail.example\r\n by mx.example\r\nFrom: warga@example.org\r\nSubject: Jalan\r\n\r\nIsi"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
OFFICE = "application/vnd.openxmlformats-officedocument."
UNKNOWN = "application/octet-stream"

TYPES = {
    "jpeg": (jpeg((8, 8)), "image/jpeg"),
    "png": (picture("PNG", (8, 8)), "image/png"),
    "webp": (picture("WEBP", (8, 8)), "image/webp"),
    "gif": (picture("GIF", (8, 8)), "image/gif"),
    "avif": (picture("AVIF", (8, 8)), "image/avif"),
    "avif-in-a-general-container": (b"\0\0\0\x20ftypmif1\0\0\0\0mif1avifmiaf", "image/avif"),
    "heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1", "image/heic"),
    "heic-in-a-general-container": (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "image/heic"),
    "pdf": (b"%PDF-1.7", "application/pdf"),
    "ogg-voice": (b"OggS\x00", "audio/ogg"),
    "ogg-opus": (ogg(OPUS, 48_000), "audio/ogg"),
    "ogg-film": (ogg(b"\x80theora", 1), "video/ogg"),
    "mp3-tagged": (b"ID3\x04", "audio/mpeg"),
    "mp3-bare": (b"\xff\xfb\x90", "audio/mpeg"),
    "mp3-of-low-rate": (b"\xff\xf3\x90", "audio/mpeg"),
    "aac": (b"\xff\xf1\x50\x80", "audio/aac"),
    "amr": (b"#!AMR\n", "audio/amr"),
    "amr-wide-band": (b"#!AMR-WB\n", "audio/amr"),
    "wav": (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
    "m4a": (b"\0\0\0\x18ftypM4A \0\0", "audio/mp4"),
    "mp4": (b"\0\0\0\x18ftypmp42", "video/mp4"),
    "mp4-film": (movie(b"isom", b"vide", b"soun"), "video/mp4"),
    "mp4-sound-alone": (movie(b"mp42", b"soun"), "audio/mp4"),
    "3gp-film": (movie(b"3gp4", b"vide", b"soun"), "video/3gpp"),
    "3gp-sound-alone": (movie(b"3gp4", b"soun"), "audio/3gpp"),
    "quicktime": (movie(b"qt  ", b"vide"), "video/quicktime"),
    "webm-film": (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm V_VP8 A_OPUS", "video/webm"),
    "webm-sound-alone": (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm A_OPUS", "audio/webm"),
    "matroska": (b"\x1aE\xdf\xa3\xa3B\x82\x88matroska", "video/x-matroska"),
    "contact": (b"BEGIN:VCARD\r\n", "text/vcard"),
    "contact-after-a-mark": (b"\xef\xbb\xbfbegin:vcard\r\n", "text/vcard"),
    "mail": (MAIL, "message/rfc822"),
    "two-lines-that-look-like-a-mail": (b"From: saya\nTo: dinas\nJalan rusak", UNKNOWN),
    "word": (archive("[Content_Types].xml", "_rels/.rels", "word/document.xml"), OFFICE + "wordprocessingml.document"),
    "excel": (archive("[Content_Types].xml", "xl/workbook.xml"), OFFICE + "spreadsheetml.sheet"),
    "powerpoint": (archive("[Content_Types].xml", "ppt/presentation.xml"), OFFICE + "presentationml.presentation"),
    "word-whose-name-comes-late": (
        archive("a", "word/document.xml", filler=300_000),
        OFFICE + "wordprocessingml.document",
    ),
    "zip": (archive("foto/word/satu.jpg"), "application/zip"),
    "zip-cut-short": (b"PK\x03\x04", "application/zip"),
    "old-word": (OLE + "WordDocument".encode("utf-16-le"), "application/msword"),
    "old-excel": (OLE + "Workbook".encode("utf-16-le"), "application/vnd.ms-excel"),
    "old-powerpoint": (OLE + "PowerPoint Document".encode("utf-16-le"), "application/vnd.ms-powerpoint"),
    "installer": (OLE, "application/x-ole-storage"),
    "rich-text": (b"{\\rtf1", "application/rtf"),
    "windows-program": (b"MZ\x90\0", "application/x-msdownload"),
    "linux-program": (b"\x7fELF\x02", "application/x-executable"),
    "android-app": (archive("AndroidManifest.xml", "classes.dex"), "application/vnd.android.package-archive"),
    "shortcut": (b"L\0\0\0\x01\x14\x02\0\0", "application/x-ms-shortcut"),
    "words-that-begin-with-mz": (b"MZ adalah inisial saya", UNKNOWN),
    "html": (b"<html><script>", UNKNOWN),
    "svg": (b"<svg xmlns=", UNKNOWN),
    "svg-with-a-head": (b"<?xml version='1.0'?><svg onload='x()'>", UNKNOWN),
    "shell": (b"#!/bin/sh", UNKNOWN),
    "late-png": (b"x\x89PNG\r\n\x1a\n", UNKNOWN),
    "empty": (b"", UNKNOWN),
    "cut-short": (b"\x89PN", UNKNOWN),
}


@pytest.mark.parametrize(("data", "name"), TYPES.values(), ids=TYPES)
def test_a_file_is_what_its_bytes_are(data: bytes, name: str) -> None:
    assert sniff(data) == name


def test_what_runs_is_known_by_type() -> None:
    assert {name for _, name in TYPES.values()} >= PROGRAMS


LENGTHS = {
    "opus": (ogg(OPUS, 48_000 * 7 + 312), "audio/ogg", 7),
    "vorbis": (ogg(VORBIS, 44_100 * 61), "audio/ogg", 61),
    "shorter-than-a-second": (ogg(OPUS, 9_000), "audio/ogg", 1),
    "ogg-without-a-codec": (ogg(b"Speex   ", 9_000), "audio/ogg", None),
    "ogg-cut-short": (b"OggS\0", "audio/ogg", None),
    "ogg-of-minus-one": (ogg(OPUS, -1), "audio/ogg", None),
    "ogg-of-a-thousand-years": (ogg(OPUS, 2**60), "audio/ogg", None),
    "m4a": (movie(b"M4A ", b"soun"), "audio/mp4", 7),
    "m4a-of-64-bits": (movie(b"M4A ", b"soun", version=1), "audio/mp4", 7),
    "m4a-without-a-scale": (movie(b"M4A ", b"soun", scale=0), "audio/mp4", None),
    "m4a-without-a-head": (b"\0\0\0\x18ftypM4A ", "audio/mp4", None),
    "amr": (b"#!AMR\n" + (b"\x3c" + bytes(31)) * 250, "audio/amr", 5),
    "amr-of-silence": (b"#!AMR\n" + b"\x7c" * 100, "audio/amr", 2),
    "amr-wide-band": (b"#!AMR-WB\n" + bytes(500), "audio/amr", None),
    "amr-empty": (b"#!AMR\n", "audio/amr", None),
    "a-picture": (jpeg((8, 8)), "image/jpeg", None),
}


@pytest.mark.parametrize(("data", "kind", "length"), LENGTHS.values(), ids=LENGTHS)
def test_a_recordings_length(data: bytes, kind: str, length: int | None) -> None:
    assert seconds(data, kind) == length
