"""Bodies that come in chunks and tell no length: what is too large is refused, never cut and worked on."""

from __future__ import annotations

import io
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bot.app import create_app, create_hooks_app
from bot.submission import MOST_BYTES
from bot.uploads import PIECE_BYTES
from channels.telegram import Telegram
from dispatch.models import InboundEvent
from dispatch.runtime import Runtime
from tests.bot.test_uploads import KEY, LAMP, Device
from tests.support.desk import rows
from tests.support.providers.telegram import SECRET, TOKEN, text_update
from tests.support.providers.twilio import ACCOUNT, SMS_FROM
from tests.support.providers.twilio import TOKEN as TWILIO_TOKEN

MOST = Telegram.limits.body_bytes
HEADERS = {"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"}
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return {
        **environment,
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
        "TWILIO_SMS_FROM": SMS_FROM,
    }


@pytest.fixture
def app(runtime: Runtime) -> Flask:
    return create_app(runtime)


@pytest.fixture(params=[create_app, create_hooks_app], ids=["the whole application", "webhooks alone"])
def client(request: pytest.FixtureRequest, runtime: Runtime) -> FlaskClient:
    made: Flask = request.param(runtime)
    return made.test_client()


def chunked(body: bytes) -> dict[str, Any]:
    """A body as gunicorn hands it over when it came in chunks: no length, and an end of its own."""
    told = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    return {"input_stream": io.BytesIO(body), "environ_overrides": told}


#: A genuine update, to be filled up with blanks.
UPDATE = json.dumps(text_update(4711, "Jalan rusak")).encode()


@pytest.mark.parametrize(("length", "status"), [(MOST, 200), (MOST + 1, 413), (MOST * 3 // 2, 413)])
def test_a_webhook_has_its_limit(runtime: Runtime, client: FlaskClient, length: int, status: int) -> None:
    body = UPDATE.ljust(length)
    assert client.post("/hooks/telegram", headers=HEADERS, **chunked(body)).status_code == status
    assert [event.raw == body for event in rows(runtime, InboundEvent)] == ([True] if status == 200 else [])


@pytest.mark.parametrize(("more", "status"), [(0, 403), (1, 413)])
def test_a_signed_webhook_says_too_large_and_not_forged(
    runtime: Runtime, client: FlaskClient, more: int, status: int
) -> None:
    body = b"x" * (runtime.channel("sms").limits.body_bytes + more)
    assert client.post("/hooks/sms", **chunked(body)).status_code == status


@pytest.mark.parametrize(("length", "status"), [(PIECE_BYTES, 204), (PIECE_BYTES + 1, 413), (4_900_000, 413)])
def test_a_piece_of_a_photo_has_its_limit(app: Flask, length: int, status: int) -> None:
    device = Device(app)
    photo = b"\xff\xd8\xff" + bytes(4_900_000 - 3)
    token = device.token(photo)
    answer = device.call("PATCH", f"/{token}", headers={"Upload-Offset": "0"}, **chunked(photo[:length]))
    assert answer.status_code == status
    assert device.offset(token) == (length if status == 204 else 0)


@pytest.mark.parametrize("path", ["/lapor", "/obrolan"])
def test_a_form_that_is_cut_is_not_taken(runtime: Runtime, app: Flask, path: str) -> None:
    device = Device(app)
    body = urlencode({**device.blank(path), "text": LAMP, "more": ""}).encode()
    answer = post(device, path, body.ljust(MOST_BYTES + 1, b"x"))
    assert answer.status_code == 413
    assert rows(runtime, InboundEvent) == []
    assert post(device, path, body).status_code == 303
    assert len(rows(runtime, InboundEvent)) == 1


def test_what_begins_a_photo_has_its_limit(app: Flask) -> None:
    device = Device(app)
    body = f"key={KEY}&size=100&filename=".encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert device.call("POST", headers=form, **chunked(body.ljust(PIECE_BYTES + 1, b"x"))).status_code == 413
    assert device.call("POST", headers=form, **chunked(body)).status_code == 201


def post(device: Device, path: str, body: bytes) -> TestResponse:
    return device.client.post(path, content_type="application/x-www-form-urlencoded", **chunked(body))
