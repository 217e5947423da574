"""Photos in pieces: what a thin link, a dying process and an ill-meaning device make of it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlmodel import col
from werkzeug.test import TestResponse

from bot import uploads as room
from bot.app import create_app
from bot.clock import purge
from bot.uploads import PIECE_BYTES
from channels.message import Attachment, AttachmentKind
from channels.web import Web
from dispatch.models import InboundEvent, Upload
from dispatch.runtime import Runtime
from dispatch.services import uploads
from tests.support.clock import Clock
from tests.support.visitor import Visitor

LAMP = "Lampu jalan di depan pasar Gusher Tarakan sudah seminggu mati"
PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40
KEY = "foto-0123456789abcdef"
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def app(runtime: Runtime) -> Flask:
    made = create_app(runtime)
    made.config["PROPAGATE_EXCEPTIONS"] = False
    return made


class Device(Visitor):
    """A browser with our script, as its requests look from outside."""

    def call(self, method: str, path: str = "", **options: Any) -> TestResponse:
        headers = {"Sec-Fetch-Site": "same-origin", **options.pop("headers", {})}
        if method not in ("GET", "HEAD"):
            headers.setdefault("X-CSRFToken", self.csrf)
        return self.client.open(
            f"/unggah{path}", method=method, headers=headers, environ_base=self.environ, buffered=True, **options
        )

    @property
    def csrf(self) -> str:
        answer = self.client.get("/unggah", environ_base=self.environ)
        assert answer.json is not None
        return str(answer.json["csrf"])

    def begin(self, photo: bytes = PHOTO, key: str = KEY, **fields: str) -> TestResponse:
        return self.call("POST", data={"key": key, "filename": "jalan.jpg", "size": str(len(photo)), **fields})

    def token(self, photo: bytes = PHOTO, key: str = KEY) -> str:
        answer = self.begin(photo, key)
        assert answer.status_code == 201 and answer.json is not None
        return str(answer.json["token"])

    def piece(self, token: str, offset: int, data: bytes) -> TestResponse:
        return self.call("PATCH", f"/{token}", headers={"Upload-Offset": str(offset)}, data=data)

    def whole(self, photo: bytes = PHOTO, key: str = KEY) -> str:
        token = self.token(photo, key)
        assert self.piece(token, 0, photo).status_code == 204
        return token

    def offset(self, token: str) -> int | None:
        answer = self.call("HEAD", f"/{token}")
        return int(answer.headers["Upload-Offset"]) if answer.status_code == 200 else None

    def report(self, *tokens: str, form: dict[str, str] | None = None, action: str = "/lapor", **fields: str) -> Any:
        data: dict[str, Any] = {**(form or self.blank(action)), "upload": list(tokens), **fields}
        return self.client.post(
            action, data=data, headers={"Accept": "application/json"}, environ_base=self.environ, buffered=True
        )


@pytest.fixture
def device(app: Flask) -> Device:
    return Device(app)


def events(runtime: Runtime) -> list[InboundEvent]:
    with runtime.reading() as session:
        return list(session.scalars(select(InboundEvent).order_by(col(InboundEvent.id))))


def photos_of(event: InboundEvent) -> list[bytes]:
    channel = Web({}, "http://127.0.0.1:8000")
    sources = [item["source"] for item in event.payload["attachments"]]
    return [channel.fetch(Attachment(AttachmentKind.IMAGE, source), event.raw) for source in sources]


def files(runtime: Runtime) -> list[str]:
    folder = uploads.folder_of(runtime.settings.var)
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# -- a photo comes in pieces -----------------------------------------------------------------------


def test_pieces_become_the_photo_of_a_report(runtime: Runtime, device: Device) -> None:
    token = device.token()
    half = len(PHOTO) // 2
    for offset, end in ((0, half), (half, len(PHOTO))):
        assert device.offset(token) == offset
        answer = device.piece(token, offset, PHOTO[offset:end])
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(end))
    answer = device.report(token, text=LAMP)
    assert answer.status_code == 200
    (event,) = events(runtime)
    assert photos_of(event) == [PHOTO]
    assert event.payload["attachments"][0]["filename"] == "jalan.jpg"
    assert event.payload["attachments"][0]["content_type"] == "image/jpeg"
    assert files(runtime) == []
    assert device.offset(token) is None


def test_beginning_again_under_the_same_key_is_the_same_photo(runtime: Runtime, device: Device) -> None:
    token = device.token()
    device.piece(token, 0, PHOTO[:100])
    answer = device.begin()
    assert (answer.status_code, answer.json) == (201, {"token": token, "offset": 100})
    assert device.begin(PHOTO + b"!").status_code == 404  # another photo under the same key
    with runtime.reading() as session:
        assert len(session.scalars(select(Upload)).all()) == 1


def test_a_piece_sent_twice_changes_nothing(device: Device) -> None:
    token = device.token()
    for _ in range(2):
        assert device.piece(token, 0, PHOTO[:100]).headers["Upload-Offset"] == "100"
    assert device.piece(token, 50, PHOTO[50:100]).headers["Upload-Offset"] == "100"
    assert device.piece(token, 100, b"").headers["Upload-Offset"] == "100"


PIECES: dict[str, tuple[int, bytes, int, str | None]] = {
    "a gap": (101, PHOTO[101:], 409, "100"),
    "an overlap with more": (50, PHOTO[50:200], 409, "100"),
    "other bytes than before": (0, b"\xff\xd8\xff" + b"x" * 97, 409, "100"),
    "more than announced": (100, PHOTO[100:] + b"!", 413, None),
}


@on_sqlite
@pytest.mark.parametrize(("offset", "data", "status", "there"), PIECES.values(), ids=PIECES.keys())
def test_a_piece_that_does_not_follow_is_refused_with_what_is_here(
    device: Device, offset: int, data: bytes, status: int, there: str | None
) -> None:
    token = device.token()
    device.piece(token, 0, PHOTO[:100])
    answer = device.piece(token, offset, data)
    assert (answer.status_code, answer.headers.get("Upload-Offset")) == (status, there)
    assert device.offset(token) == 100
    assert device.piece(token, 100, PHOTO[100:]).status_code == 204


@on_sqlite
@pytest.mark.parametrize(("length", "status"), [(PIECE_BYTES, 204), (PIECE_BYTES + 1, 413)])
def test_a_piece_has_a_limit_of_its_own(device: Device, length: int, status: int) -> None:
    photo = b"\xff\xd8\xff" + bytes(1_000_000)
    assert device.piece(device.token(photo), 0, photo[:length]).status_code == status


@on_sqlite
@pytest.mark.parametrize(("offset", "status"), [(0, 204), (1, 409)])
def test_a_piece_of_nothing_before_the_first_only_tells_how_far(device: Device, offset: int, status: int) -> None:
    answer = device.piece(device.token(), offset, b"")
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (status, "0")


@on_sqlite
def test_bytes_written_without_their_row_are_asked_for_again(
    runtime: Runtime, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process died between the folder and the commit."""
    token = device.token()
    device.piece(token, 0, PHOTO[:100])
    (uploads.folder_of(runtime.settings.var) / token).write_bytes(PHOTO[:100] + bytes(20_000))
    assert device.offset(token) == 100
    assert device.piece(token, 100, PHOTO[100:]).status_code == 204
    assert device.report(token, text=LAMP).status_code == 200
    assert photos_of(events(runtime)[0]) == [PHOTO]


@on_sqlite
def test_a_row_without_its_bytes_begins_anew(runtime: Runtime, device: Device) -> None:
    """The database came back from a backup, the folder did not."""
    token = device.whole()
    (uploads.folder_of(runtime.settings.var) / token).unlink()
    assert device.offset(token) == 0
    assert device.report(token, text=LAMP).status_code == 409
    assert device.piece(token, 0, PHOTO).status_code == 204
    assert device.report(token, text=LAMP).status_code == 200


@on_sqlite
def test_a_restart_in_the_middle_loses_nothing(runtime: Runtime, device: Device) -> None:
    token = device.token()
    device.piece(token, 0, PHOTO[:100])
    restarted = Device(create_app(runtime))
    for name in ("aduan_chat", "aduan_page"):
        cookie = device.client.get_cookie(name)
        assert cookie is not None
        restarted.client.set_cookie(name, cookie.value)
    assert restarted.offset(token) == 100


# -- what a photo must be, and whose ---------------------------------------------------------------


@on_sqlite
@pytest.mark.parametrize("data", [b"MZ\x90\0" + bytes(200), b"<svg onload=alert(1)>", b"%PDF-1.7 ...", b"\xff"])
def test_what_does_not_begin_as_a_photo_is_refused_at_once(runtime: Runtime, device: Device, data: bytes) -> None:
    token = device.token(data)
    assert device.piece(token, 0, data).status_code == 415
    assert (device.offset(token), files(runtime)) == (0, [])


BEGINNINGS: dict[str, tuple[dict[str, str], int]] = {
    "no key": ({"key": ""}, 400),
    "a short key": ({"key": "abc"}, 400),
    "a key with a path": ({"key": "../../../../etc/passwd"}, 400),
    "no size": ({"size": ""}, 400),
    "a negative size": ({"size": "-1"}, 400),
    "a size in words": ({"size": "besar"}, 400),
    "a size beyond numbers": ({"size": "9" * 40}, 400),
    "nothing": ({"size": "0"}, 413),
    "too large": ({"size": "5000001"}, 413),
}


@on_sqlite
@pytest.mark.parametrize(("fields", "status"), BEGINNINGS.values(), ids=BEGINNINGS.keys())
def test_a_beginning_that_makes_no_sense_is_refused(device: Device, fields: dict[str, str], status: int) -> None:
    assert device.begin(**fields).status_code == status


@on_sqlite
@pytest.mark.parametrize("name", ["a" * 500, "<b>.jpg", "../../x.jpg", "\0.jpg", "satu\ndua.jpg"])
def test_a_file_name_is_only_a_word(runtime: Runtime, device: Device, name: str) -> None:
    assert device.begin(filename=name).status_code == 201
    with runtime.reading() as session:
        kept = session.scalars(select(Upload)).one()
    assert len(kept.filename) <= 120
    assert re.fullmatch("[0-9a-f]{40}", kept.token)


def test_another_device_reaches_nothing(runtime: Runtime, app: Flask, device: Device) -> None:
    token, stranger = device.whole(), Device(app)
    stranger.get("/")
    assert stranger.offset(token) is None
    assert stranger.piece(token, len(PHOTO), b"").status_code == 404
    assert stranger.call("DELETE", f"/{token}").status_code == 204
    assert stranger.report(token, text=LAMP).status_code == 409
    assert (events(runtime), device.offset(token), files(runtime)) == ([], len(PHOTO), [token])
    assert stranger.token() != token  # the same key is another photo for another device


@on_sqlite
@pytest.mark.parametrize("token", ["..", "%2e%2e%2f%2e%2e", "0" * 40, "x", "%00", "a" * 4000])
@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
def test_a_token_nobody_was_given_leads_nowhere(runtime: Runtime, device: Device, method: str, token: str) -> None:
    device.whole()
    answer = device.call(method, f"/{token}", headers={"Upload-Offset": "0"}, data=b"" if method == "PATCH" else None)
    assert answer.status_code in ({204, 404, 405} if method == "DELETE" else {404, 405})
    assert len(files(runtime)) == 1


@on_sqlite
def test_a_device_without_a_cookie_has_no_photos(app: Flask) -> None:
    client = app.test_client()
    assert client.head("/unggah/" + "0" * 40).status_code == 404


@on_sqlite
def test_a_photo_taken_back_is_gone(runtime: Runtime, device: Device) -> None:
    token = device.whole()
    assert [device.call("DELETE", f"/{token}").status_code for _ in range(2)] == [204, 204]
    assert (device.offset(token), files(runtime)) == (None, [])


# -- only from our own pages -----------------------------------------------------------------------

CALLS: dict[str, Callable[[Device, str, dict[str, str]], TestResponse]] = {
    "begin": lambda d, token, h: d.call("POST", data={"key": KEY[::-1], "size": "100", "filename": "x"}, headers=h),
    "piece": lambda d, token, h: d.call("PATCH", f"/{token}", data=PHOTO, headers={"Upload-Offset": "0", **h}),
    "take back": lambda d, token, h: d.call("DELETE", f"/{token}", headers=h),
}
FORGED: dict[str, dict[str, str]] = {
    "no token": {"X-CSRFToken": ""},
    "a made up token": {"X-CSRFToken": "IjAwIg.aaaaaa.bbbbbbbbbbbb"},
    "another site": {"Sec-Fetch-Site": "cross-site"},
    "a sister site": {"Sec-Fetch-Site": "same-site"},
    "an address typed in": {"Sec-Fetch-Site": "none"},
}


@on_sqlite
@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED.keys())
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_a_call_from_elsewhere_changes_nothing(
    runtime: Runtime, device: Device, call: Callable[..., TestResponse], headers: dict[str, str]
) -> None:
    token = device.token()
    answer = call(device, token, headers)
    assert answer.status_code == (400 if "X-CSRFToken" in headers else 403)
    assert answer.content_type.startswith("text/plain")
    assert (device.offset(token), files(runtime)) == (0, [])
    with runtime.reading() as session:
        assert len(session.scalars(select(Upload)).all()) == 1


# -- limits ----------------------------------------------------------------------------------------


@on_sqlite
def test_one_device_may_have_so_many_waiting(device: Device) -> None:
    tokens = [device.token(key=f"{KEY}{n}") for n in range(uploads.OPEN_OF_DEVICE)]
    assert device.begin(key=f"{KEY}more").status_code == 429
    assert device.begin(key=f"{KEY}0").status_code == 201  # it has this one already
    device.call("DELETE", f"/{tokens[0]}")
    assert device.begin(key=f"{KEY}more").status_code == 201


@on_sqlite
def test_one_device_may_begin_so_many_an_hour(device: Device, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "HOURLY_OF_DEVICE", 3)
    for n in range(3):
        device.call("DELETE", f"/{device.token(key=f'{KEY}{n}')}")  # thrown away, it still counts
    assert device.begin(key=f"{KEY}more").status_code == 429
    clock.forward(hours=1)
    assert device.begin(key=f"{KEY}more").status_code == 201


@on_sqlite
def test_one_device_may_send_so_many_bytes_an_hour(
    device: Device, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "HOURLY_BYTES_OF_DEVICE", 2 * len(PHOTO))
    assert [device.begin(key=f"{KEY}{n}").status_code for n in range(3)] == [201, 201, 429]
    clock.forward(hours=1)
    assert device.begin(key=f"{KEY}2").status_code == 201


@on_sqlite
def test_all_devices_together_may_not_fill_the_disk(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "OPEN_BYTES", 2 * len(PHOTO))
    first, second = Device(app), Device(app)
    token = first.whole()
    second.whole()
    assert Device(app).begin().status_code == 507
    first.call("DELETE", f"/{token}")
    assert Device(app).begin().status_code == 201


def late(app: Flask, size: int) -> TestResponse:
    """What a device that comes last is answered."""
    return Device(app).begin(PHOTO + bytes(size - len(PHOTO)))


def test_what_is_only_announced_closes_nothing_for_others(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "OPEN_BYTES", 3 * len(PHOTO))
    for _ in range(8):
        device = Device(app)
        assert device.piece(device.token(), 0, PHOTO[:4]).status_code == 204
    assert late(app, 2 * len(PHOTO)).status_code == 201


@on_sqlite
def test_a_piece_beyond_what_all_devices_may_have_is_refused_and_goes_on_later(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "OPEN_BYTES", 2 * len(PHOTO))
    first, second, third = (Device(app) for _ in range(3))
    tokens = [each.token() for each in (first, second, third)]
    assert [first.piece(tokens[0], 0, PHOTO).status_code, second.piece(tokens[1], 0, PHOTO).status_code] == [204, 204]
    assert third.piece(tokens[2], 0, PHOTO[:100]).status_code == 507
    assert third.offset(tokens[2]) == 0
    first.call("DELETE", f"/{tokens[0]}")
    assert third.piece(tokens[2], 0, PHOTO[:100]).status_code == 204


@on_sqlite
def test_bytes_that_a_purge_forgot_do_not_count(app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "OPEN_BYTES", len(PHOTO))
    Device(app).whole()
    assert Device(app).begin().status_code == 507
    clock.forward(days=3)
    assert Device(app).begin().status_code == 201


def test_a_photo_of_which_nothing_came_waits_an_hour(
    runtime: Runtime, clock: Clock, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "OPEN_OF_DEVICE", 2)
    silent, begun = device.token(key=f"{KEY}silent"), device.token(key=f"{KEY}begun")
    assert device.piece(begun, 0, PHOTO[:100]).status_code == 204
    clock.forward(minutes=59)
    assert (device.offset(silent), device.begin(key=f"{KEY}more").status_code) == (0, 429)
    clock.forward(minutes=1)
    assert (device.offset(silent), device.offset(begun)) == (None, 100)
    assert device.piece(silent, 0, PHOTO[:100]).status_code == 404
    assert device.begin(key=f"{KEY}more").status_code == 201  # even before the clock came by
    purge(runtime)
    with runtime.reading() as session:
        assert silent not in session.scalars(select(col(Upload.token))).all()
    assert device.offset(begun) == 100


@on_sqlite
def test_one_network_may_begin_so_many(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    limiter = app.extensions[room.LIMITER]
    limiter.most = 2
    assert [Device(app, "203.0.113.9").begin().status_code for _ in range(3)] == [201, 201, 429]
    assert Device(app, "203.0.113.10").begin().status_code == 201


def test_what_no_report_came_for_goes_after_three_days(runtime: Runtime, clock: Clock, device: Device) -> None:
    old = device.whole(key=f"{KEY}old")
    used = device.whole(key=f"{KEY}used")
    assert device.report(used, text=LAMP).status_code == 200
    clock.forward(days=2)
    young = device.whole(key=f"{KEY}young")
    assert purge(runtime) == 0
    assert files(runtime) == sorted([old, young])
    clock.forward(days=1)
    assert device.offset(old) is None  # even before the clock came by
    purge(runtime)
    assert files(runtime) == [young]
    with runtime.reading() as session:
        assert session.scalars(select(col(Upload.token))).all() == [young]


# -- a report with photos that came ahead ----------------------------------------------------------


def test_sending_again_because_the_answer_got_lost_sends_once(runtime: Runtime, device: Device) -> None:
    form, token = device.blank("/lapor"), device.whole()
    answers = [device.report(token, form=form, text=LAMP) for _ in range(2)]
    assert [(answer.status_code, answer.json["taken"]) for answer in answers] == [(200, form["key"])] * 2
    assert len(events(runtime)) == 1


@on_sqlite
def test_a_photo_that_is_not_here_is_asked_for_and_the_words_are_kept(runtime: Runtime, device: Device) -> None:
    token = device.token()
    device.piece(token, 0, PHOTO[:100])
    answer = device.report(token, text=LAMP)
    assert answer.status_code == 409
    assert LAMP in answer.text and runtime.phrases.say("web_photo_gone", "id") in answer.text
    assert events(runtime) == []


@on_sqlite
def test_when_the_database_fails_after_the_message_the_citizen_hears_that_it_is_safe(
    runtime: Runtime, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = device.whole()

    def away(*args: object, **named: object) -> None:
        raise OperationalError("UPDATE", {}, OSError("away"))

    with monkeypatch.context() as patch:
        patch.setattr(uploads, "use_up", away)
        assert device.report(token, text=LAMP).status_code == 200
    assert photos_of(events(runtime)[0]) == [PHOTO]


@on_sqlite
def test_photos_of_both_ways_are_counted_together(runtime: Runtime, device: Device) -> None:
    tokens = [device.whole(PHOTO + bytes([n]), key=f"{KEY}{n}") for n in range(4)]
    assert device.report(*tokens, text=LAMP).status_code == 400
    assert device.report(*tokens[:3], text=LAMP).status_code == 200
    assert photos_of(events(runtime)[0]) == [PHOTO + bytes([n]) for n in range(3)]


@on_sqlite
def test_photos_too_large_together_are_told(runtime: Runtime, device: Device) -> None:
    large = b"\xff\xd8\xff" + bytes(4_200_000)
    tokens = []
    for n in range(2):
        tokens.append(device.token(large, key=f"{KEY}{n}"))
        for offset in range(0, len(large), PIECE_BYTES):
            assert device.piece(tokens[-1], offset, large[offset : offset + PIECE_BYTES]).status_code == 204
    answer = device.report(*tokens, text=LAMP)
    assert answer.status_code == 413
    assert events(runtime) == []
    assert device.report(tokens[0], text=LAMP).status_code == 200


@on_sqlite
def test_a_photo_alone_or_a_position_alone_is_a_chat_message(runtime: Runtime, device: Device) -> None:
    assert device.report(device.whole(), action="/obrolan", text="").status_code == 200
    assert device.report(action="/obrolan", text="", latitude="3.3", longitude="117.6").status_code == 200
    first, second = events(runtime)
    assert len(first.payload["attachments"]) == 1
    assert second.payload["location"]["latitude"] == 3.3


# -- what waited on the device ---------------------------------------------------------------------

POSITIONS: dict[str, tuple[dict[str, str], dict[str, Any] | None]] = {
    "with accuracy": (
        {"latitude": "3.32710549", "longitude": "117.5785", "accuracy": "50"},
        {"latitude": 3.327105, "longitude": 117.5785, "label": "±50 m", "address": ""},
    ),
    "without": (
        {"latitude": "-1", "longitude": "117"},
        {"latitude": -1.0, "longitude": 117.0, "label": "", "address": ""},
    ),
    "none": ({"latitude": "", "longitude": "", "accuracy": ""}, None),
}


@on_sqlite
@pytest.mark.parametrize(("fields", "expected"), POSITIONS.values(), ids=POSITIONS.keys())
def test_a_position_comes_with_the_report(
    runtime: Runtime, device: Device, fields: dict[str, str], expected: dict[str, Any] | None
) -> None:
    assert device.report(text=LAMP, **fields).status_code == 200
    assert events(runtime)[0].payload["location"] == expected


NOWHERE: dict[str, dict[str, str]] = {
    "half": {"latitude": "3.3"},
    "off the globe": {"latitude": "91", "longitude": "0"},
    "words": {"latitude": "utara", "longitude": "timur"},
    "not a number": {"latitude": "nan", "longitude": "nan"},
    "an exponent": {"latitude": "1e1", "longitude": "0"},
    "a comma": {"latitude": "3,3", "longitude": "117,5"},
    "accuracy in words": {"latitude": "3.3", "longitude": "117.5", "accuracy": "dekat"},
    "negative accuracy": {"latitude": "3.3", "longitude": "117.5", "accuracy": "-5"},
    "accuracy of worlds": {"latitude": "3.3", "longitude": "117.5", "accuracy": "99999999"},
}


@on_sqlite
@pytest.mark.parametrize("fields", NOWHERE.values(), ids=NOWHERE.keys())
def test_a_position_that_is_nowhere_is_told_and_let_go(
    runtime: Runtime, device: Device, fields: dict[str, str]
) -> None:
    answer = device.report(text=LAMP, **fields)
    assert answer.status_code == 400
    assert runtime.phrases.say("web_position_error", "id") in answer.text and LAMP in answer.text
    assert events(runtime) == []


AGES: dict[str, tuple[str, timedelta | None]] = {
    "just now": ("5", None),
    "not told": ("", None),
    "by a clock that runs ahead": ("-86400", None),
    "this morning": ("7200", timedelta(hours=2)),
    "last week": ("604800", timedelta(days=7)),
    "years ago": ("99999999", timedelta(days=30)),
}


@on_sqlite
@pytest.mark.parametrize(("age", "expected"), AGES.values(), ids=AGES.keys())
def test_what_waited_tells_when_it_was_written(
    runtime: Runtime, device: Device, age: str, expected: timedelta | None
) -> None:
    assert device.report(text=LAMP, age=age).status_code == 200
    (event,) = events(runtime)
    assert event.sent_at == (None if expected is None else runtime.now() - expected)


@on_sqlite
def test_an_age_that_is_no_number_is_one_error(runtime: Runtime, device: Device) -> None:
    answer = device.report(text=LAMP, age="kemarin")
    assert answer.status_code == 400 and LAMP in answer.text
    assert events(runtime) == []


@on_sqlite
def test_waiting_longer_does_not_make_it_another_message(runtime: Runtime, device: Device) -> None:
    form = device.blank("/lapor")
    for age in ("100", "4000"):
        assert device.report(form=form, text=LAMP, age=age).json == {"taken": form["key"], "next": "/obrolan"}
    assert len(events(runtime)) == 1


@on_sqlite
def test_the_body_kept_is_what_the_channel_reads(runtime: Runtime, device: Device) -> None:
    device.report(device.whole(), text=LAMP, latitude="3.3", longitude="117.5", accuracy="20", age="3600")
    (event,) = events(runtime)
    body = json.loads(event.raw)
    assert base64.b64decode(body["files"][0]["data"]) == PHOTO
    assert set(body) == {
        "accuracy", "chat", "files", "key", "language", "latitude", "longitude", "name", "new", "place", "text",
        "written_at",
    }  # fmt: skip
