"""Files: what they are, where they lie, how often a missing one is tried, and that no name leads out of the folder."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import select

from channels.message import Address, Attachment, AttachmentKind, InboundMessage
from dispatch.models import AttachmentState, InboundEvent, StoredAttachment
from dispatch.services import inbound, media
from dispatch.services.media import ATTEMPTS, LARGEST_SIZE, MOST_PER_MESSAGE
from tests.support.rows import address, said

one_database = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

FIRST_BYTES = {
    "jpeg": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
    "png": (b"\x89PNG\r\n\x1a\nrest", "image/png"),
    "webp": (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
    "gif": (b"GIF89a", "image/gif"),
    "pdf": (b"%PDF-1.7", "application/pdf"),
    "ogg-voice": (b"OggS\x00", "audio/ogg"),
    "mp3-tagged": (b"ID3\x04", "audio/mpeg"),
    "mp3-bare": (b"\xff\xfb\x90", "audio/mpeg"),
    "amr": (b"#!AMR\n", "audio/amr"),
    "mp4": (b"\x00\x00\x00\x18ftypmp42", "video/mp4"),
    "contact": (b"BEGIN:VCARD\r\n", "text/vcard"),
    "zip-or-office": (b"PK\x03\x04", "application/zip"),
    "html": (b"<html><script>", "application/octet-stream"),
    "svg": (b"<svg xmlns=", "application/octet-stream"),
    "program": (b"MZ\x90", "application/octet-stream"),
    "shell": (b"#!/bin/sh", "application/octet-stream"),
    "late-png": (b"x\x89PNG\r\n\x1a\n", "application/octet-stream"),
    "empty": (b"", "application/octet-stream"),
    "cut-short": (b"\x89PN", "application/octet-stream"),
}


@pytest.mark.parametrize(("data", "name"), FIRST_BYTES.values(), ids=FIRST_BYTES)
def test_a_file_is_what_it_begins_with(data, name):
    assert media.sniff(data) == name


def noted(runtime, *items: Attachment) -> list[StoredAttachment]:
    arrived = InboundMessage(
        channel="whatsapp", account="ours", external_id="x", sender=Address("whatsapp", "1"), attachments=items
    )
    with runtime.writing() as session:
        inbound.record_inbound(session, runtime.now(), [arrived], raw=b"{}")
        event = session.scalars(select(InboundEvent)).one()
        message = said(runtime, session, address(runtime, session), "foto")
        return media.attach(session, runtime.now(), message, arrived, event.id or 0)


def image(source: str = "m1", **fields: object) -> Attachment:
    return Attachment(AttachmentKind.IMAGE, source, "image/jpeg", **fields)


SIZES = {"none": None, "zero": 0, "largest": LARGEST_SIZE, "four-gigabytes": 4 * 1024**3}


class TestAttach:
    def test_notes_what_is_to_be_fetched(self, runtime):
        [row] = noted(runtime, image(filename="jalan.jpg", size=1234))
        with runtime.reading() as session:
            [found] = media.pending(session, runtime.now())
            assert found.id == row.id
            assert media.describe(found) == image(filename="jalan.jpg", size=1234)

    @pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
    def test_takes_any_size_a_provider_may_claim(self, runtime, size):
        [row] = noted(runtime, image(size=size))
        assert row.size == (None if size is None else min(size, LARGEST_SIZE))

    @one_database
    def test_refuses_more_than_ten_and_says_so(self, runtime):
        rows = noted(runtime, *(image(f"m{n}") for n in range(MOST_PER_MESSAGE + 2)))
        states = [row.state for row in rows]
        assert states == [AttachmentState.PENDING] * MOST_PER_MESSAGE + [AttachmentState.REFUSED] * 2
        assert rows[-1].error
        with runtime.reading() as session:
            assert len(media.pending(session, runtime.now())) == MOST_PER_MESSAGE

    @one_database
    def test_cuts_long_names(self, runtime):
        [row] = noted(runtime, image(filename="n" * 1000))
        assert len(row.filename) == 200


@one_database
class TestStore:
    def test_keeps_one_content_once_under_its_digest_with_its_real_type(self, runtime, tmp_path):
        first, second = noted(runtime, image("a", filename="../../etc/passwd"), image("b"))
        data = b"%PDF-1.7 not the jpeg it claims to be"
        with runtime.writing() as session:
            for row in (first, second):
                media.store(session, tmp_path / "m", session.get_one(StoredAttachment, row.id), data)
        digest = hashlib.sha256(data).hexdigest()
        assert [path for path in (tmp_path / "m").rglob("*") if path.is_file()] == [
            tmp_path / "m" / digest[:2] / digest
        ]
        assert media.path_of(tmp_path / "m", digest).read_bytes() == data
        with runtime.reading() as session:
            for row in session.scalars(select(StoredAttachment)):
                assert (row.state, row.sha256, row.size, row.content_type, row.error) == (
                    AttachmentState.STORED,
                    digest,
                    len(data),
                    "application/pdf",
                    "",
                )
            assert media.pending(session, runtime.now()) == []

    def test_a_write_that_breaks_leaves_no_half_file_under_the_name(self, runtime, tmp_path, monkeypatch):
        [row] = noted(runtime, image())
        monkeypatch.setattr(media.os, "fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"), runtime.writing() as session:
            media.store(session, tmp_path / "m", session.get_one(StoredAttachment, row.id), b"data")
        assert not media.path_of(tmp_path / "m", hashlib.sha256(b"data").hexdigest()).exists()
        with runtime.reading() as session:
            assert session.get_one(StoredAttachment, row.id).state == AttachmentState.PENDING


DIGEST = hashlib.sha256(b"x").hexdigest()
OUTSIDE = {
    "empty": "",
    "up": "../../etc/passwd",
    "absolute": "/etc/passwd",
    "short": DIGEST[:-1],
    "long": DIGEST + "0",
    "capitals": DIGEST.upper(),
    "line-break": DIGEST + "\n",
    "nul": DIGEST[:-1] + "\x00",
}


@pytest.mark.parametrize("digest", OUTSIDE.values(), ids=OUTSIDE)
def test_only_a_digest_names_a_file(tmp_path, digest):
    with pytest.raises(ValueError, match="SHA-256"):
        media.path_of(tmp_path, digest)


@one_database
class TestGiveUp:
    def give_up(self, runtime, row: StoredAttachment, *, permanent: bool = False) -> StoredAttachment:
        with runtime.writing() as session:
            fresh = session.get_one(StoredAttachment, row.id)
            media.give_up(session, runtime.now(), fresh, "HTTP 503", permanent=permanent)
            return fresh

    def test_tries_again_later_and_later_and_ends(self, runtime, clock):
        [row] = noted(runtime, image())
        waits = []
        for _ in range(ATTEMPTS - 1):
            found = self.give_up(runtime, row)
            waits.append((found.next_at - clock()).total_seconds())
            with runtime.reading() as session:
                assert media.pending(session, found.next_at - timedelta(seconds=1)) == []
                assert len(media.pending(session, found.next_at)) == 1
        assert waits == [60, 120, 240, 480]
        assert self.give_up(runtime, row).state == AttachmentState.FAILED

    def test_at_once_when_another_try_is_pointless(self, runtime):
        [row] = noted(runtime, image())
        found = self.give_up(runtime, row, permanent=True)
        assert (found.state, found.error) == (AttachmentState.REFUSED, "HTTP 503")
        with runtime.reading() as session:
            assert media.pending(session, runtime.now() + timedelta(days=9)) == []
