"""Attachments on the staff's pages: shown only as what we made of them, downloaded under our own names, to the few."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlmodel import col

from admin import words
from admin.files import ENDINGS, PLAYABLE
from admin.formats import bytes_of, playing_time
from channels.message import Attachment, AttachmentKind
from dispatch.filetypes import SIGNATURES
from dispatch.models import AttachmentState, Audit, StoredAttachment, Ticket
from dispatch.pictures import Picture
from dispatch.runtime import Runtime
from dispatch.services import media
from tests.admin.conftest import Browser, one_database
from tests.support.pictures import jpeg, picture
from tests.support.tickets import open_ticket, reload, write_again

OWN = "tarakan-dpupr"
JUATA_LAUT = (3.4036, 117.5644)
PHOTO = Picture(jpeg((640, 480)), "image/jpeg", jpeg((320, 240)))
OGG = b"OggS\0\x02" + bytes(20) + b"\x01\x13OpusHead\x01\x01" + bytes(9000)

Make = Callable[..., Browser]


@pytest.fixture
def officer(signed_in: Make) -> Browser:
    return signed_in(agencies=(OWN,))


def stored(
    runtime: Runtime,
    data: bytes = b"%PDF-1.7 x",
    filename: str = "foto.jpg",
    *,
    kind: AttachmentKind = AttachmentKind.IMAGE,
    area: str | None = "65.71",
    **how: object,
) -> tuple[Ticket, int]:
    """A ticket with one file, as the worker would have kept it."""
    ticket = open_ticket(runtime, area=area, attachments=(Attachment(kind, "s", filename=filename),))
    with runtime.writing() as session:
        row = session.scalars(select(StoredAttachment).order_by(col(StoredAttachment.id).desc())).first()
        assert row is not None and row.id is not None
        media.store(session, runtime.settings.media, row, data, **how)  # type: ignore[arg-type]
        return ticket, row.id


def page(browser: Browser, ticket: Ticket) -> str:
    return browser.get(f"/admin/tickets/{ticket.number}").text


def change(runtime: Runtime, row_id: int, **fields: object) -> None:
    with runtime.writing() as session:
        row = session.get_one(StoredAttachment, row_id)
        for name, value in fields.items():
            setattr(row, name, value)
        session.add(row)


# Downloads

HOSTILE = "../../etc/x\r\nSet-Cookie: a=b\u202egpj.exe"
DOWNLOADS = {
    "pdf": (b"%PDF-1.7 x", "application/pdf", ".pdf"),
    "voice": (OGG, "audio/ogg", ".ogg"),
    "contact": (b"BEGIN:VCARD\n", "text/vcard", ".vcf"),
    "zip": (b"PK\x03\x04 zip", "application/zip", ".zip"),
    "html": (b"<html><script>alert(1)</script>", "application/octet-stream", ".bin"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "application/octet-stream", ".bin"),
}


@one_database
@pytest.mark.parametrize(("data", "kind", "ending"), DOWNLOADS.values(), ids=DOWNLOADS)
def test_a_file_is_downloaded_under_our_own_name(
    data: bytes, kind: str, ending: str, officer: Browser, runtime: Runtime
) -> None:
    ticket, row_id = stored(runtime, data, filename=HOSTILE)
    response = officer.get(f"/admin/attachments/{row_id}")
    assert response.data == data
    assert response.mimetype == kind
    assert response.headers["Content-Disposition"] == f"attachment; filename={ticket.number}-{row_id}{ending}"
    assert response.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response.headers["Cache-Control"] == "no-store"


@one_database
def test_what_only_looks_like_a_picture_is_bytes(officer: Browser, runtime: Runtime) -> None:
    data = b"\xff\xd8\xff\xe0<html><script>alert(1)</script>"
    ticket, row_id = stored(runtime, data, note="picture_damaged")
    response = officer.get(f"/admin/attachments/{row_id}")
    assert (response.data, response.mimetype) == (data, "application/octet-stream")
    assert response.headers["Content-Disposition"].endswith(f"{ticket.number}-{row_id}.bin")
    for way in ("show", "preview"):
        assert officer.get(f"/admin/attachments/{row_id}/{way}").status_code == 404
    text = page(officer, ticket)
    assert "<img" not in text
    assert "not shown: damaged" in text


def test_a_download_is_written_down_and_looking_is_not(officer: Browser, runtime: Runtime) -> None:
    ticket, row_id = stored(runtime, b"\xff\xd8\xff", picture=PHOTO)
    for path in ("", "/show", "/preview"):
        assert officer.get(f"/admin/attachments/{row_id}{path}").status_code == 200
    officer.client.head(f"/admin/attachments/{row_id}", buffered=True)
    with runtime.reading() as session:
        rows = session.scalars(select(Audit).where(col(Audit.action) == "attachment.download")).all()
    assert [(row.subject, row.subject_id, row.detail) for row in rows] == [
        ("ticket", ticket.number, {"attachment": row_id})
    ]
    assert rows[0].staff_id is not None


ABSENT = ["pending", "infected", "refused", "vanished", "no such", "huge"]


@one_database
@pytest.mark.parametrize("way", ["", "/show", "/preview"])
@pytest.mark.parametrize("case", ABSENT)
def test_what_is_not_there_is_not_found(case: str, way: str, officer: Browser, runtime: Runtime) -> None:
    _, row_id = stored(runtime, b"\xff\xd8\xff", picture=PHOTO)
    if case in {"pending", "infected", "refused"}:
        change(runtime, row_id, state=AttachmentState(case))
    if case == "vanished":
        for path in runtime.settings.media.rglob("*"):
            if path.is_file():
                path.unlink()
    address = {"no such": 4242, "huge": 10**20}.get(case, row_id)
    assert officer.get(f"/admin/attachments/{address}{way}").status_code == 404


# Shown in place


@one_database
def test_a_picture_is_shown_small_and_leads_to_the_large_one(officer: Browser, runtime: Runtime) -> None:
    ticket, row_id = stored(runtime, b"\xff\xd8\xff what came", picture=PHOTO)
    text = page(officer, ticket)
    assert f'<a class="preview" href="/admin/attachments/{row_id}/show">' in text
    assert (
        f'<img src="/admin/attachments/{row_id}/preview" alt="Picture 1, open it in full size" loading="lazy">' in text
    )
    for way, data in (("show", PHOTO.data), ("preview", PHOTO.preview)):
        response = officer.get(f"/admin/attachments/{row_id}/{way}")
        assert (response.data, response.mimetype) == (data, "image/jpeg")
        assert response.headers["Content-Disposition"].startswith("inline; filename=")
        assert response.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-store"


@one_database
@pytest.mark.parametrize("data", [picture("PNG", (8, 8)), jpeg((8, 8)), b"GIF89a"], ids=["png", "jpeg", "gif"])
def test_a_picture_that_was_not_written_anew_is_never_shown(data: bytes, officer: Browser, runtime: Runtime) -> None:
    """As those of an older version, or of a restored backup, may be: there is no preview, so there is no picture."""
    ticket, row_id = stored(runtime, data)
    assert "<img" not in page(officer, ticket)
    assert officer.get(f"/admin/attachments/{row_id}/show").status_code == 404
    assert officer.get(f"/admin/attachments/{row_id}").headers["Content-Disposition"].startswith("attachment")


NEVER_SHOWN = {
    "pdf": b"%PDF-1.7",
    "html": b"<html>",
    "video": b"\0\0\0\x18ftypmp42",
    "amr": b"#!AMR\n",
    "mail": b"From: a@b\nTo: c@d\nSubject: x\n\n",
}


@one_database
@pytest.mark.parametrize("data", NEVER_SHOWN.values(), ids=NEVER_SHOWN)
def test_other_files_are_never_shown_in_place(data: bytes, officer: Browser, runtime: Runtime) -> None:
    _, row_id = stored(runtime, data)
    assert officer.get(f"/admin/attachments/{row_id}/show").status_code == 404


@one_database
def test_a_voice_message_can_be_played(officer: Browser, runtime: Runtime) -> None:
    ticket, row_id = stored(runtime, OGG, kind=AttachmentKind.VOICE)
    change(runtime, row_id, seconds=65)
    text = page(officer, ticket)
    assert (
        f'<audio controls preload="none" src="/admin/attachments/{row_id}/show" aria-label="Voice message 1">' in text
    )
    assert "1:05" in text
    whole = officer.get(f"/admin/attachments/{row_id}/show")
    assert (whole.status_code, whole.data, whole.mimetype) == (200, OGG, "audio/ogg")
    assert whole.headers["Accept-Ranges"] == "bytes"


RANGES = {
    "beginning": ("bytes=0-99", 206, OGG[:100]),
    "middle": ("bytes=100-199", 206, OGG[100:200]),
    "to-the-end": ("bytes=9000-", 206, OGG[9000:]),
    "last": ("bytes=-10", 206, OGG[-10:]),
    "beyond": ("bytes=999999-", 416, None),
}


@one_database
@pytest.mark.parametrize(("asked", "status", "data"), RANGES.values(), ids=RANGES)
def test_a_player_may_ask_for_parts(
    asked: str, status: int, data: bytes | None, officer: Browser, runtime: Runtime
) -> None:
    _, row_id = stored(runtime, OGG, kind=AttachmentKind.VOICE)
    response = officer.get(f"/admin/attachments/{row_id}/show", headers={"Range": asked})
    assert response.status_code == status
    if data is not None:
        assert response.data == data
        assert response.headers["Content-Security-Policy"].startswith("sandbox")
    assert response.headers["Cache-Control"] == "no-store"


@one_database
def test_what_browsers_cannot_play_is_offered_to_download(officer: Browser, runtime: Runtime) -> None:
    ticket, row_id = stored(runtime, b"#!AMR\n" + bytes(100), kind=AttachmentKind.VOICE)
    text = page(officer, ticket)
    assert "<audio" not in text
    assert "Browsers cannot play this recording: download it to listen." in text
    assert f'href="/admin/attachments/{row_id}"' in text


# What is said of a file

SAID = {
    "too-many": ({"state": "refused", "error": "too_many"}, "a message may carry ten files"),
    "too-large": ({"state": "refused", "error": "too_large"}, "the file is larger than the channel may carry"),
    "program": ({"state": "refused", "error": "program"}, "a program, and programs are not kept"),
    "virus": ({"state": "infected", "error": "infected", "scanned": "Win.Test.X-1"}, "Win.Test.X-1"),
    "scanner-away": ({"state": "pending", "error": "waits_scanner"}, "waiting: the virus scanner does not answer"),
    "disk-full": ({"state": "pending", "error": "waits_room"}, "waiting: the server&#39;s disk is full"),
    "provider": ({"state": "failed", "error": "the media answers with HTTP 500"}, "the media answers with HTTP 500"),
    "moving": ({"error": "moving_picture"}, "of a moving picture only the first one is kept"),
    "not-scanned": ({}, "not scanned for viruses"),
}


@one_database
@pytest.mark.parametrize(("fields", "text"), SAID.values(), ids=SAID)
def test_the_ticket_says_what_became_of_a_file(
    fields: dict[str, object], text: str, officer: Browser, runtime: Runtime
) -> None:
    ticket, row_id = stored(runtime)
    change(runtime, row_id, **fields)
    shown = page(officer, ticket)
    assert text in shown
    assert ("href" in shown.split('class="file"')[1].split("</div>")[0]) is (fields.get("state", "stored") == "stored")


@one_database
def test_a_scanned_file_is_not_called_unscanned(officer: Browser, runtime: Runtime) -> None:
    ticket, _ = stored(runtime, scanned=True)
    assert "not scanned" not in page(officer, ticket)


def test_every_key_we_write_has_words() -> None:
    keys = {value for name, value in vars(media).items() if name.isupper() and isinstance(value, str)}
    keys |= {"picture_damaged", "picture_size"}
    assert keys - {"OK", "PENDING"} <= set(words.ATTACHMENT_NOTES)


def test_every_playable_sound_has_an_ending_and_every_ending_a_signature() -> None:
    assert set(ENDINGS) >= PLAYABLE
    named = {name for _, name in SIGNATURES}
    assert {kind for kind in ENDINGS if kind.partition("/")[0] in {"image", "text"}} <= named


@pytest.mark.parametrize(("count", "text"), [(0, "1 kB"), (400, "1 kB"), (123_456, "123 kB"), (3_440_000, "3.4 MB")])
def test_sizes_in_words(count: int, text: str, app: object, runtime: Runtime) -> None:
    with app.test_request_context(headers={"Cookie": "aduan_language=en"}):  # type: ignore[attr-defined]
        assert bytes_of(count) == text


@pytest.mark.parametrize(("seconds", "text"), [(1, "0:01"), (65, "1:05"), (3600, "60:00")])
def test_lengths_as_players_write_them(seconds: int, text: str) -> None:
    assert playing_time(seconds) == text


# Where a photo was taken

PLACED = Picture(PHOTO.data, "image/jpeg", PHOTO.preview, JUATA_LAUT)
OFFER = "Take it as the ticket's place"


def test_a_photos_place_is_offered_and_taken_by_a_person(signed_in: Make, runtime: Runtime) -> None:
    admin = signed_in(role="admin")
    ticket, _ = stored(runtime, b"\xff\xd8\xff", picture=PLACED, area=None)
    village = runtime.places.at(*JUATA_LAUT)
    assert village is not None
    text = page(admin, ticket)
    assert f"Place by the photo: {runtime.region.place_name(village)}" in text
    assert OFFER in text
    assert reload(runtime, ticket).area is None
    form = {"area": village, "version": str(reload(runtime, ticket).version)}
    assert admin.post(f"/admin/tickets/{ticket.number}/place", form).status_code == 303
    assert reload(runtime, ticket).area == village
    assert OFFER not in page(admin, ticket)


@one_database
def test_a_place_is_not_taken_on_a_ticket_that_changed(signed_in: Make, runtime: Runtime) -> None:
    admin = signed_in(role="admin")
    ticket, _ = stored(runtime, b"\xff\xd8\xff", picture=PLACED, area=None)
    write_again(runtime, ticket, "Maksud saya di Nunukan")
    form = {"area": runtime.places.at(*JUATA_LAUT), "version": str(ticket.version)}
    assert admin.post(f"/admin/tickets/{ticket.number}/place", form).status_code == 409
    assert reload(runtime, ticket).area is None


@one_database
def test_where_the_citizen_named_a_place_the_photos_is_only_told(officer: Browser, runtime: Runtime) -> None:
    ticket, _ = stored(runtime, b"\xff\xd8\xff", picture=PLACED)
    text = page(officer, ticket)
    assert "Place by the photo: " in text
    assert OFFER not in text


@one_database
@pytest.mark.parametrize("position", [(-6.2, 106.8), (3.9, 118.9), None], ids=["elsewhere", "at-sea", "nowhere"])
def test_a_photo_from_outside_offers_nothing(
    position: tuple[float, float] | None, signed_in: Make, runtime: Runtime
) -> None:
    taken = Picture(PHOTO.data, "image/jpeg", PHOTO.preview, position)
    ticket, _ = stored(runtime, b"\xff\xd8\xff", picture=taken, area=None)
    assert "Place by the photo" not in page(signed_in(role="admin"), ticket)
