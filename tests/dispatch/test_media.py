"""Files: where they lie, how often a missing one is tried, and that no name leads out of the folder."""

from __future__ import annotations

import hashlib
import stat
from datetime import timedelta

import pytest
from sqlalchemy import select

from channels.message import Address, Attachment, AttachmentKind, InboundMessage
from dispatch.models import AttachmentState, InboundEvent, StoredAttachment
from dispatch.pictures import Picture
from dispatch.services import inbound, media
from dispatch.services.media import ATTEMPTS, LARGEST_SIZE, MOST_PER_MESSAGE
from tests.support.pictures import jpeg, picture
from tests.support.rows import address, said

one_database = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


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
        assert rows[-1].error == media.TOO_MANY
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
        assert waits == [60, 120, 240, 480, 960, 1920, 3840, 7680, 14400]
        assert self.give_up(runtime, row).state == AttachmentState.FAILED

    def test_at_once_when_another_try_is_pointless(self, runtime):
        [row] = noted(runtime, image())
        found = self.give_up(runtime, row, permanent=True)
        assert (found.state, found.error) == (AttachmentState.REFUSED, "HTTP 503")
        with runtime.reading() as session:
            assert media.pending(session, runtime.now() + timedelta(days=9)) == []


@one_database
class TestPostpone:
    def test_waits_longer_and_longer_and_never_ends(self, runtime, clock):
        [row] = noted(runtime, image())
        waits = []
        for _ in range(40):
            with runtime.writing() as session:
                fresh = session.get_one(StoredAttachment, row.id)
                media.postpone(session, clock(), fresh, media.NO_SCAN)
                waits.append((fresh.next_at - clock()).total_seconds())
        assert waits == [60, 120, 240, 480] + [900] * 36
        with runtime.reading() as session:
            fresh = session.get_one(StoredAttachment, row.id)
        assert (fresh.state, fresh.attempts, fresh.error) == (AttachmentState.PENDING, 0, "waits_scanner")


PLAIN = picture("PNG", (8, 8))
KEPT = Picture(PLAIN, "image/png", jpeg((8, 8)), (3.4, 117.5), moving=True)


@one_database
class TestPictures:
    def keep(self, runtime, folder, data=b"\xff\xd8\xff what came", **how) -> StoredAttachment:
        [row] = noted(runtime, image())
        with runtime.writing() as session:
            media.store(session, folder, session.get_one(StoredAttachment, row.id), data, **how)
        with runtime.reading() as session:
            return session.get_one(StoredAttachment, row.id)

    def test_what_came_is_not_kept(self, runtime, tmp_path):
        row = self.keep(runtime, tmp_path / "m", picture=KEPT)
        kept = {path.name for path in (tmp_path / "m").rglob("*") if path.is_file()}
        assert kept == {hashlib.sha256(each).hexdigest() for each in (KEPT.data, KEPT.preview)}
        assert kept == {row.sha256, row.preview}
        assert (row.content_type, row.original_type, row.size) == ("image/png", "image/jpeg", len(PLAIN))
        assert (row.latitude, row.longitude, row.error) == (3.4, 117.5, media.MOVING)

    def test_what_cannot_be_decoded_is_bytes(self, runtime, tmp_path):
        row = self.keep(runtime, tmp_path / "m", note="picture_damaged")
        assert (row.content_type, row.original_type) == ("application/octet-stream", "image/jpeg")
        assert (row.preview, row.error, row.latitude) == ("", "picture_damaged", None)

    def test_nobody_else_on_the_machine_may_read_it(self, runtime, tmp_path):
        row = self.keep(runtime, tmp_path / "m", picture=KEPT)
        path = media.path_of(tmp_path / "m", row.sha256)
        modes = [stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "m", path.parent, path)]
        assert [oct(mode) for mode in modes] == ["0o700", "0o700", "0o600"]

    def test_nothing_is_written_below_the_floor(self, runtime, tmp_path, monkeypatch):
        monkeypatch.setattr(media, "LEAST_FREE_BYTES", 10**18)
        with pytest.raises(media.NoRoom):
            self.keep(runtime, tmp_path / "m", picture=KEPT)
        assert [path for path in (tmp_path / "m").rglob("*") if path.is_file()] == []

    @pytest.mark.parametrize("scanned", [True, False])
    def test_says_whether_it_was_scanned(self, runtime, tmp_path, scanned):
        assert self.keep(runtime, tmp_path / "m", scanned=scanned).scanned == ("OK" if scanned else "")
