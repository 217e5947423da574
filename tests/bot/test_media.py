"""Attachments: fetched after the message is safe, each on its own, and what cannot be had says why."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from bot import door, media
from bot.jobs import drain_inbound
from bot.media import drain_media
from channels.errors import FetchError, TooLarge
from channels.message import Attachment, AttachmentKind
from dispatch.models import AttachmentState, CitizenAddress, InboundEvent, Message, StoredAttachment
from dispatch.runtime import Runtime, install
from dispatch.scanner import ScannerAway
from dispatch.services import media as files
from tests.support.clock import Clock
from tests.support.desk import rows
from tests.support.pictures import gps, jpeg
from tests.support.talk import Citizen

ROAD = "Jalan rusak parah di Juata Laut Tarakan"
#: A text that names no place, of which the citizen is asked for one.
NOWHERE = "Jalan di depan rumah saya rusak parah dan berlubang"
JPEG = jpeg((64, 48))
PDF = b"%PDF-1.7 surat keluhan"
JUATA_LAUT = (3.4036, 117.5644)
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def web(runtime: Runtime, *given: dict[str, str], key: str = "kunci-0001", text: str = ROAD) -> None:
    body = {"key": key, "chat": "a" * 32, "text": text, "files": list(given)}
    door.take(
        runtime,
        runtime.channel("web"),
        door.pulled(runtime, json.dumps(body).encode(), {"Content-Type": "application/json"}),
    )
    drain_inbound(runtime)


def file(data: bytes, name: str = "foto.jpg") -> dict[str, str]:
    return {"name": name, "type": "text/html", "data": base64.b64encode(data).decode()}


def on_disk(runtime: Runtime) -> list[bytes]:
    return [path.read_bytes() for path in runtime.settings.media.rglob("*") if path.is_file()]


def states(runtime: Runtime) -> list[tuple[str, str]]:
    return [(row.state, row.error) for row in rows(runtime, StoredAttachment)]


def test_attachments_are_fetched_once_and_are_what_they_begin_with(trained: Runtime) -> None:
    install(trained)
    web(trained, file(PDF), file(PDF, "lagi.jpg"))
    assert media.fetch_media(1) == 2
    stored = rows(trained, StoredAttachment)
    assert [(row.state, row.content_type) for row in stored] == [(AttachmentState.STORED, "application/pdf")] * 2
    assert on_disk(trained) == [PDF]
    assert drain_media(trained) == 0


def test_a_photo_is_kept_written_anew_with_a_preview_and_its_position(trained: Runtime) -> None:
    photo = jpeg((64, 48), exif=gps(*JUATA_LAUT))
    web(trained, file(photo))
    drain_media(trained)
    [row] = rows(trained, StoredAttachment)
    assert (row.state, row.content_type, row.original_type) == (AttachmentState.STORED, "image/jpeg", "image/jpeg")
    assert (row.latitude, row.longitude) == pytest.approx(JUATA_LAUT, abs=1e-4)
    assert len(row.sha256) == len(row.preview) == 64
    kept = on_disk(trained)
    assert len(kept) == 2
    assert photo not in kept
    assert [data for data in kept if b"Exif" in data] == []


def test_what_only_looks_like_a_photo_is_kept_as_bytes_and_says_so(trained: Runtime) -> None:
    broken = JPEG[: len(JPEG) // 2]
    web(trained, file(broken))
    drain_media(trained)
    [row] = rows(trained, StoredAttachment)
    assert (row.state, row.error) == (AttachmentState.STORED, "picture_damaged")
    assert (row.content_type, row.original_type, row.preview) == ("application/octet-stream", "image/jpeg", "")
    assert on_disk(trained) == [broken]


def test_an_attachment_that_cannot_be_had_says_why_and_keeps_none_from_its_neighbours(
    trained: Runtime, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = trained.channel("web")
    fetch = channel.fetch

    def breaks(attachment: Any, raw: bytes) -> bytes:
        if attachment.filename == "racun.jpg":
            raise ZeroDivisionError
        return fetch(attachment, raw) if attachment.filename != "kosong.jpg" else b""

    monkeypatch.setattr(channel, "fetch", breaks)
    web(trained, file(JPEG, "racun.jpg"), file(JPEG, "kosong.jpg"), file(JPEG))
    for _ in range(files.ATTEMPTS):
        drain_media(trained)
        clock.forward(hours=5)
    poisoned, empty, good = rows(trained, StoredAttachment)
    assert (poisoned.state, poisoned.error) == (AttachmentState.FAILED, "internal: ZeroDivisionError")
    assert (empty.state, empty.error) == (AttachmentState.REFUSED, "empty")
    assert good.state == AttachmentState.STORED


PROGRAMS = {
    "windows-program": b"MZ\x90\x00\x03" + bytes(64),
    "android-app": b"PK\x03\x04" + bytes(22) + b"\x13\x00\x00\x00AndroidManifest.xml" + bytes(64),
    "shortcut": b"L\x00\x00\x00\x01\x14\x02\x00" + bytes(64),
}


@on_sqlite
@pytest.mark.parametrize("data", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_is_not_kept(data: bytes, trained: Runtime) -> None:
    web(trained, file(data, "undangan.jpg"))
    drain_media(trained)
    assert states(trained) == [(AttachmentState.REFUSED, "program")]
    assert on_disk(trained) == []


@on_sqlite
def test_more_than_ten_files_are_refused_one_by_one(trained: Runtime) -> None:
    photos = Citizen(trained)
    photos.says(ROAD, attachments=tuple(Attachment(AttachmentKind.IMAGE, f"photo-{n}") for n in range(12)))
    assert states(trained).count((AttachmentState.REFUSED, "too_many")) == 2


# What is ours to mend keeps a file waiting, for as long as it takes, and loses none


@on_sqlite
def test_an_attachment_of_a_channel_that_is_off_waits_for_days(trained: Runtime, clock: Clock) -> None:
    web(trained, file(PDF))
    channel = trained.registry.channels.pop("web")
    for _ in range(40):
        drain_media(trained)
        clock.forward(hours=2)
    assert states(trained) == [(AttachmentState.PENDING, "waits_channel")]
    trained.registry.channels["web"] = channel
    drain_media(trained)
    assert states(trained) == [(AttachmentState.STORED, "")]


@on_sqlite
def test_a_full_disk_is_waited_for(trained: Runtime, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    web(trained, file(PDF))
    monkeypatch.setattr(files, "LEAST_FREE_BYTES", 10**18)
    for _ in range(files.ATTEMPTS + 2):
        drain_media(trained)
        clock.forward(hours=1)
    assert states(trained) == [(AttachmentState.PENDING, "waits_room")]
    monkeypatch.undo()
    drain_media(trained)
    assert on_disk(trained) == [PDF]


@on_sqlite
def test_a_write_that_the_disk_refuses_is_tried_again(
    trained: Runtime, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    web(trained, file(PDF))
    monkeypatch.setattr(files.os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    drain_media(trained)
    assert states(trained) == [(AttachmentState.PENDING, "waits_room")]
    assert on_disk(trained) == []
    monkeypatch.undo()
    clock.forward(hours=1)
    drain_media(trained)
    assert states(trained) == [(AttachmentState.STORED, "")]


class Looks:
    """A scanner whose word the test chooses; it remembers what it was shown."""

    def __init__(self, *words: str | Exception) -> None:
        self.words = list(words)
        self.seen: list[bytes] = []

    def scan(self, data: bytes) -> str:
        self.seen.append(data)
        word = self.words.pop(0) if len(self.words) > 1 else self.words[0]
        if isinstance(word, Exception):
            raise word
        return word

    def version(self) -> str:
        return "ClamAV 1.4.3/27777/Sun Nov 22 09:00:00 2026"


def test_an_infected_file_is_never_written_and_its_virus_is_named(trained: Runtime) -> None:
    trained.__dict__["scanner"] = Looks("Win.Test.EICAR_HDB-1", "")
    web(trained, file(PDF + b" terinfeksi"), file(PDF))
    drain_media(trained)
    bad, good = rows(trained, StoredAttachment)
    assert (bad.state, bad.error, bad.scanned) == (AttachmentState.INFECTED, "infected", "Win.Test.EICAR_HDB-1")
    assert (good.state, good.scanned) == (AttachmentState.STORED, "OK")
    assert on_disk(trained) == [PDF]


@on_sqlite
def test_the_scanner_sees_what_came_and_not_what_we_made_of_it(trained: Runtime) -> None:
    scanner = trained.__dict__["scanner"] = Looks("")
    web(trained, file(JPEG))
    drain_media(trained)
    assert scanner.seen == [JPEG]


@on_sqlite
def test_a_scanner_that_is_away_is_waited_for_and_nothing_is_kept_unseen(trained: Runtime, clock: Clock) -> None:
    scanner = trained.__dict__["scanner"] = Looks(ScannerAway("it does not answer in time"))
    web(trained, file(PDF))
    for _ in range(files.ATTEMPTS + 2):
        drain_media(trained)
        clock.forward(hours=1)
    assert states(trained) == [(AttachmentState.PENDING, "waits_scanner")]
    assert on_disk(trained) == []
    scanner.words = [""]
    drain_media(trained)
    assert [(row.state, row.scanned) for row in rows(trained, StoredAttachment)] == [(AttachmentState.STORED, "OK")]


@on_sqlite
def test_no_provider_is_asked_while_the_scanner_is_away(trained: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    scanner = trained.__dict__["scanner"] = Looks("")
    monkeypatch.setattr(scanner, "version", lambda: (_ for _ in ()).throw(ScannerAway("away")))
    asked: list[object] = []
    monkeypatch.setattr(trained.channel("web"), "fetch", lambda *given: asked.append(given))
    web(trained, file(PDF))
    drain_media(trained)
    assert asked == []
    assert states(trained) == [(AttachmentState.PENDING, "waits_scanner")]


@on_sqlite
def test_without_a_scanner_a_file_says_it_was_not_scanned(trained: Runtime) -> None:
    web(trained, file(PDF))
    drain_media(trained)
    assert rows(trained, StoredAttachment)[0].scanned == ""


# What the citizen is told

TOO_LARGE = "Maaf, ada file yang terlalu besar sehingga tidak dapat kami terima."


def large(trained: Runtime, monkeypatch: pytest.MonkeyPatch, *names: str, key: str = "kunci-0001") -> None:
    def fetch(attachment: Attachment, raw: bytes) -> bytes:
        raise TooLarge("the file is larger than we take")

    monkeypatch.setattr(trained.channel("web"), "fetch", fetch)
    web(trained, *(file(PDF, name) for name in names), key=key)


def told(runtime: Runtime) -> list[str]:
    return [row.body for row in rows(runtime, Message) if row.body.startswith(TOO_LARGE)]


def test_too_large_is_told_once_a_message_on_its_ticket(trained: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    large(trained, monkeypatch, "satu.pdf", "dua.pdf")
    drain_media(trained)
    assert states(trained) == [(AttachmentState.REFUSED, "too_large")] * 2
    [notice] = told(trained)
    assert "5 MB" in notice
    large(trained, monkeypatch, "tiga.pdf", key="kunci-0002")
    drain_media(trained)
    assert len(told(trained)) == 2
    notices = [row for row in rows(trained, Message) if row.body.startswith(TOO_LARGE)]
    assert {row.ticket_id for row in notices} == {1}


@on_sqlite
def test_what_is_announced_as_too_large_is_not_even_fetched(trained: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(trained.channel("web"), "fetch", lambda *given: asked.append(given))
    web(trained, file(PDF))
    with trained.writing() as session:
        row = session.get_one(StoredAttachment, 1)
        row.size = 5_000_001
        session.add(row)
    drain_media(trained)
    assert asked == []
    assert states(trained) == [(AttachmentState.REFUSED, "too_large")]
    assert len(told(trained)) == 1


@on_sqlite
@pytest.mark.parametrize("case", ["stopped", "automatic", "silent", "other-fault"])
def test_nobody_is_told_who_may_not_be(case: str, trained: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    large(trained, monkeypatch, "satu.pdf")
    with trained.writing() as session:
        if case == "stopped":
            address = session.get_one(CitizenAddress, 1)
            address.stopped_at = trained.now()
            session.add(address)
        elif case != "other-fault":
            event = session.get_one(InboundEvent, 1)
            event.payload = {**event.payload, case: True}
            session.add(event)
    if case == "other-fault":

        def gone(attachment: Attachment, raw: bytes) -> bytes:
            raise FetchError("the media answers with HTTP 404", permanent=True)

        monkeypatch.setattr(trained.channel("web"), "fetch", gone)
    drain_media(trained)
    assert rows(trained, StoredAttachment)[0].state == AttachmentState.REFUSED
    assert told(trained) == []


def test_the_refusal_and_what_is_said_of_it_are_one_transaction(
    trained: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    large(trained, monkeypatch, "satu.pdf")
    with monkeypatch.context() as broken:
        broken.setattr(media.answers, "say", lambda *_, **__: (_ for _ in ()).throw(RuntimeError("in the middle")))
        with pytest.raises(RuntimeError):
            drain_media(trained)
    assert states(trained) == [(AttachmentState.PENDING, "")]
    drain_media(trained)
    assert len(told(trained)) == 1


def test_a_file_settled_by_another_worker_is_left_alone(trained: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    web(trained, file(PDF))
    channel = trained.channel("web")
    fetch = channel.fetch

    def meanwhile(attachment: Attachment, raw: bytes) -> bytes:
        with trained.writing() as session:
            files.refuse(session, session.get_one(StoredAttachment, 1), "program")
        return fetch(attachment, raw)

    monkeypatch.setattr(channel, "fetch", meanwhile)
    drain_media(trained)
    assert states(trained) == [(AttachmentState.REFUSED, "program")]


# A photo's own position is offered to staff and never taken as the citizen's word


def test_a_photos_position_does_not_place_the_ticket_by_itself(trained: Runtime, clock: Clock) -> None:
    web(trained, text=NOWHERE)
    citizen = Citizen(trained, "web", "a" * 32, "web")
    assert citizen.tickets()[0].place_asked_at is not None
    clock.forward(minutes=2)
    web(trained, file(jpeg((64, 48), exif=gps(*JUATA_LAUT))), key="kunci-0002", text="")
    drain_media(trained)
    [ticket] = citizen.tickets()
    [row] = rows(trained, StoredAttachment)
    assert row.latitude is not None
    assert ticket.area is None
