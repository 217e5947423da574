"""Attachments: fetched after the message is safe, each on its own, and what cannot be had says why."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from bot import door, jobs
from bot.jobs import drain_inbound, drain_media
from channels.message import Attachment, AttachmentKind
from dispatch.models import AttachmentState, StoredAttachment
from dispatch.runtime import Runtime, install
from tests.support.clock import Clock
from tests.support.desk import rows
from tests.support.talk import Citizen

ROAD = "Jalan rusak parah di Juata Laut Tarakan"
JPEG = b"\xff\xd8\xff\xe0 sebuah foto"
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def web(runtime: Runtime, *files: dict[str, str], key: str = "kunci-0001") -> None:
    body = {"key": key, "chat": "a" * 32, "text": ROAD, "files": list(files)}
    door.take(
        runtime,
        runtime.channel("web"),
        door.pulled(runtime, json.dumps(body).encode(), {"Content-Type": "application/json"}),
    )
    drain_inbound(runtime)


def file(data: bytes, name: str = "foto.jpg") -> dict[str, str]:
    return {"name": name, "type": "text/html", "data": base64.b64encode(data).decode()}


def test_attachments_are_fetched_once_and_are_what_they_begin_with(trained: Runtime) -> None:
    install(trained)
    web(trained, file(JPEG), file(JPEG, "lagi.jpg"))
    assert jobs.fetch_media(1) == 2
    stored = rows(trained, StoredAttachment)
    assert [(row.state, row.content_type) for row in stored] == [(AttachmentState.STORED, "image/jpeg")] * 2
    assert [path.read_bytes() for path in trained.settings.media.rglob("*") if path.is_file()] == [JPEG]
    assert drain_media(trained) == 0


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
    for _ in range(8):
        drain_media(trained)
        clock.forward(hours=1)
    poisoned, empty, good = rows(trained, StoredAttachment)
    assert (poisoned.state, poisoned.error) == (AttachmentState.FAILED, "internal: ZeroDivisionError")
    assert (empty.state, empty.error) == (AttachmentState.REFUSED, "the file is empty")
    assert good.state == AttachmentState.STORED


@on_sqlite
def test_an_attachment_of_a_channel_that_is_off_waits_and_then_says_so(trained: Runtime, clock: Clock) -> None:
    web(trained, file(JPEG))
    channel = trained.registry.channels.pop("web")
    drain_media(trained)
    [row] = rows(trained, StoredAttachment)
    assert (row.state, row.error) == (AttachmentState.PENDING, "the channel is switched off")
    trained.registry.channels["web"] = channel
    clock.forward(hours=1)
    drain_media(trained)
    assert rows(trained, StoredAttachment)[0].state == AttachmentState.STORED


@on_sqlite
def test_more_than_ten_files_are_refused_one_by_one(trained: Runtime) -> None:
    photos = Citizen(trained)
    photos.says(ROAD, attachments=tuple(Attachment(AttachmentKind.IMAGE, f"photo-{n}") for n in range(12)))
    assert [row.state for row in rows(trained, StoredAttachment)].count(AttachmentState.REFUSED) == 2
