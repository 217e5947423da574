"""Webhooks over HTTP: what each request is answered with, and what is stored of it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bot.hooks import hooks
from channels.errors import Malformed
from dispatch import db
from dispatch.models import EventState, InboundEvent
from dispatch.runtime import Runtime
from dispatch.services.inbound import purge_raw
from tests.support.clock import Clock
from tests.support.desk import rows
from tests.support.providers.telegram import SECRET, TOKEN, photo_update, text_update
from tests.support.providers.twilio import ACCOUNT, SMS_FROM, WHATSAPP_FROM, sign
from tests.support.providers.twilio import TOKEN as TWILIO_TOKEN

PUBLIC = "https://aduan.contoh.go.id"
MAIL_SECRET = "rahasia-kait-surat-untuk-uji"
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return {
        **environment,
        "PUBLIC_URL": PUBLIC,
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
        "TWILIO_WHATSAPP_FROM": WHATSAPP_FROM,
        "TWILIO_SMS_FROM": SMS_FROM,
        "MAIL_FROM": "aduan@lapor.contoh.go.id",
        "SMTP_URL": "smtp://127.0.0.1:1",
        "MAIL_HOOK_SECRET": MAIL_SECRET,
    }


@pytest.fixture
def client(runtime: Runtime) -> FlaskClient:
    app = Flask("hooks under test")
    app.extensions["aduan"] = runtime
    app.register_blueprint(hooks)
    return app.test_client()


@dataclass(frozen=True)
class Call:
    """One request as a provider makes it."""

    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def by(self, client: FlaskClient, **more: Any) -> TestResponse:
        return client.post(self.path, data=self.body, headers=dict(self.headers), **more)


def telegram(update: Mapping[str, Any] | None = None, *, body: bytes = b"", secret: str = SECRET) -> Call:
    headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": secret}
    return Call("/hooks/telegram", body or json.dumps(update).encode(), headers)


def twilio(kind: str, *, token: str = TWILIO_TOKEN, sid: str = "SM" + "b2" * 16, query: str = "", **more: str) -> Call:
    to, sender = (WHATSAPP_FROM, "whatsapp:+6281255500123") if kind == "whatsapp" else (SMS_FROM, "+6281255500123")
    form = {
        "AccountSid": ACCOUNT,
        "Body": "Jalan rusak",
        "From": sender,
        "MessageSid": sid,
        "NumMedia": "0",
        "To": to,
        **more,
    }
    path = f"/hooks/{kind}{query}"
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": sign(PUBLIC + path, form, token),
    }
    return Call(path, urlencode(form).encode(), headers)


def mail(clock: Clock, body: bytes, *, secret: str = MAIL_SECRET) -> Call:
    stamp = str(int(clock().timestamp()))
    mac = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {"X-Aduan-Timestamp": stamp, "X-Aduan-Signature": f"sha256={mac}", "Content-Type": "message/rfc822"}
    return Call("/hooks/mail", body, headers)


LETTER = b"From: siti@contoh.id\r\nMessage-ID: <m1@contoh.id>\r\nSubject: Jalan\r\n\r\nJalan rusak.\r\n"

GENUINE: dict[str, Callable[[Clock], Call]] = {
    "telegram": lambda _: telegram(text_update(4711, "Jalan rusak")),
    "whatsapp": lambda _: twilio("whatsapp"),
    "sms": lambda _: twilio("sms"),
    "mail": lambda clock: mail(clock, LETTER),
}


@pytest.mark.parametrize("make", GENUINE.values(), ids=GENUINE)
def test_what_is_genuine_is_stored_once_and_answered_200(
    client: FlaskClient, runtime: Runtime, clock: Clock, make: Callable[[Clock], Call]
) -> None:
    call = make(clock)
    for _ in range(3):
        assert call.by(client).status_code == 200
    [event] = rows(runtime, InboundEvent)
    assert (event.state, event.raw) == (EventState.NEW, call.body)
    assert event.payload["text"].startswith("Jalan rusak")
    assert event.received_at == clock()


def without(call: Call, *names: str) -> Call:
    return Call(call.path, call.body, {name: value for name, value in call.headers.items() if name not in names})


FORGED: dict[str, Callable[[Clock], Call]] = {
    "telegram without a secret": lambda _: without(telegram({}), "X-Telegram-Bot-Api-Secret-Token"),
    "telegram, wrong secret": lambda _: telegram(text_update(4711, "x"), secret="wrong"),
    "telegram, empty secret": lambda _: telegram(text_update(4711, "x"), secret=""),
    "telegram, unreadable and unsigned": lambda _: telegram(body=b"{", secret="wrong"),
    "whatsapp without a signature": lambda _: without(twilio("whatsapp"), "X-Twilio-Signature"),
    "whatsapp, somebody else's key": lambda _: twilio("whatsapp", token="77" * 16),
    "whatsapp, the signature of another body": lambda _: Call(
        "/hooks/whatsapp", twilio("whatsapp", Body="y").body, twilio("whatsapp").headers
    ),
    "sms with whatsapp's signature": lambda _: Call("/hooks/sms", twilio("sms").body, twilio("whatsapp").headers),
    "sms, the query was changed": lambda _: Call("/hooks/sms?x=1", twilio("sms").body, twilio("sms").headers),
    "sms, not a text": lambda _: Call("/hooks/sms", b"\xff\xfe", twilio("sms").headers),
    "mail without a signature": lambda clock: without(mail(clock, LETTER), "X-Aduan-Signature"),
    "mail, wrong secret": lambda clock: mail(clock, LETTER, secret="wrong-wrong-wrong-wrong"),
    "mail, changed on the way": lambda clock: Call("/hooks/mail", LETTER + b"!", mail(clock, LETTER).headers),
    "mail, an old request again": lambda clock: mail(Clock(clock() - _minutes(6)), LETTER),
}


def _minutes(count: int) -> Any:
    from datetime import timedelta

    return timedelta(minutes=count)


@on_sqlite
@pytest.mark.parametrize("make", FORGED.values(), ids=FORGED)
def test_what_is_forged_is_answered_403_and_not_stored(
    client: FlaskClient, runtime: Runtime, clock: Clock, make: Callable[[Clock], Call]
) -> None:
    assert make(clock).by(client).status_code == 403
    assert rows(runtime, InboundEvent) == []


UNREADABLE: dict[str, Callable[[Clock], Call]] = {
    "telegram, not JSON": lambda _: telegram(body=b"{"),
    "telegram, a list": lambda _: telegram(body=b"[1]"),
    "telegram, an update nobody knows": lambda _: telegram({"update_id": 5, "mood": {}}),
    "telegram, a message of another shape": lambda _: telegram({"update_id": 5, "message": [1]}),
    "telegram, deep": lambda _: telegram(body=b"[" * 100_000),
    "whatsapp without a sender": lambda _: twilio("whatsapp", From=""),
    "mail without a sender": lambda clock: mail(clock, b"Subject: x\r\n\r\ny\r\n"),
    "mail of nothing": lambda clock: mail(clock, b"\x00"),
}


@on_sqlite
@pytest.mark.parametrize("make", UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_genuine_but_unreadable_is_answered_200_and_quarantined_once(
    client: FlaskClient, runtime: Runtime, clock: Clock, make: Callable[[Clock], Call]
) -> None:
    call = make(clock)
    for _ in range(2):
        assert call.by(client).status_code == 200
    [event] = rows(runtime, InboundEvent)
    assert (event.state, event.raw) == (EventState.QUARANTINED, call.body)
    assert event.error


def test_an_adapter_that_fails_quarantines_and_answers_200(
    client: FlaskClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(request: object) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(runtime.channel("telegram"), "parse", fails)
    call = telegram(text_update(4711, "Jalan rusak"))
    assert [call.by(client).status_code for _ in range(3)] == [200, 200, 200]
    [event] = rows(runtime, InboundEvent)
    assert (event.state, event.raw) == (EventState.QUARANTINED, call.body)
    assert event.error == "the telegram adapter failed: ZeroDivisionError"


def test_an_adapters_malformed_says_why(client: FlaskClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(request: object) -> Any:
        raise Malformed("the form is torn")

    monkeypatch.setattr(runtime.channel("sms"), "parse", fails)
    assert twilio("sms").by(client).status_code == 200
    assert rows(runtime, InboundEvent)[0].error == "the form is torn"


AWAY = {"sqlite": "sqlite:////nowhere/at/all/aduan.db", "postgres": "postgresql+psycopg://aduan@127.0.0.1:1/aduan"}


@on_sqlite
@pytest.mark.parametrize("url", AWAY.values(), ids=AWAY)
@pytest.mark.parametrize("body", [b"", b"{"], ids=["readable", "unreadable"])
def test_without_a_database_the_provider_is_asked_to_send_again(
    client: FlaskClient, runtime: Runtime, url: str, body: bytes
) -> None:
    there = runtime.engine
    call = telegram(text_update(4711, "Jalan rusak"), body=body)
    runtime.__dict__["engine"] = db.make_engine(url)
    answer = call.by(client)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "15")
    runtime.engine.dispose()
    runtime.__dict__["engine"] = there
    assert call.by(client).status_code == 200
    assert len(rows(runtime, InboundEvent)) == 1


@on_sqlite
@pytest.mark.parametrize("kind", ["telegram", "whatsapp", "sms", "mail"])
def test_what_is_too_large_is_answered_413_and_not_read(client: FlaskClient, runtime: Runtime, kind: str) -> None:
    most = runtime.channel(kind).limits.body_bytes
    answer = Call(f"/hooks/{kind}", b"x" * (most + 1)).by(client)
    assert answer.status_code == 413
    assert str(most) in answer.text
    assert Call(f"/hooks/{kind}", b"x" * most).by(client).status_code == 403
    assert rows(runtime, InboundEvent) == []


NOWHERE = {
    "a name nobody has": "/hooks/facebook",
    "our own page": "/hooks/web",
    "the terminal": "/hooks/console",
    "nothing": "/hooks/",
    "a path upwards": "/hooks/../telegram",
    "another case": "/hooks/Telegram",
}


@on_sqlite
@pytest.mark.parametrize("path", NOWHERE.values(), ids=NOWHERE)
def test_a_hook_nobody_has_is_answered_404(client: FlaskClient, runtime: Runtime, path: str) -> None:
    assert Call(path, b"{}", telegram({}).headers).by(client).status_code == 404
    assert rows(runtime, InboundEvent) == []


@on_sqlite
def test_a_channel_that_is_off_is_answered_404(client: FlaskClient, runtime: Runtime) -> None:
    del runtime.registry.channels["telegram"]
    assert telegram(text_update(4711, "Jalan rusak")).by(client).status_code == 404


METHODS = {"GET": 403, "HEAD": 403, "OPTIONS": 200, "PUT": 405, "DELETE": 405}


@on_sqlite
@pytest.mark.parametrize(("method", "status"), METHODS.items(), ids=METHODS)
def test_other_methods_store_nothing(client: FlaskClient, runtime: Runtime, method: str, status: int) -> None:
    assert client.open("/hooks/telegram", method=method).status_code == status
    assert rows(runtime, InboundEvent) == []


ADDRESSES = {
    "as configured": {},
    "reached by another name": {"base_url": "http://10.0.0.7:8000"},
    "a forged host": {"headers": {"Host": "evil.example"}},
    "a forged proxy header": {"headers": {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}},
}


@on_sqlite
@pytest.mark.parametrize("more", ADDRESSES.values(), ids=ADDRESSES)
def test_the_signature_is_checked_against_the_configured_address(client: FlaskClient, more: dict[str, Any]) -> None:
    call = twilio("sms")
    headers = {**call.headers, **more.get("headers", {})}
    answer = client.post(call.path, data=call.body, headers=headers, base_url=more.get("base_url", PUBLIC))
    assert answer.status_code == 200


QUERIES = ["?a=1&b=%20x", "?a=%C3%A9", "?x=a+b", "?kosong="]


@on_sqlite
@pytest.mark.parametrize("query", QUERIES)
def test_a_query_is_checked_as_it_was_sent(client: FlaskClient, query: str) -> None:
    assert twilio("sms", query=query).by(client).status_code == 200


@on_sqlite
def test_nothing_of_a_message_or_a_secret_is_logged(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    caplog.set_level("DEBUG", logger="aduan")
    for call in (
        twilio("sms"),
        twilio("sms", token="77" * 16),
        mail(clock, LETTER),
        telegram(text_update(4711, "abc")),
    ):
        call.by(client)
    written = "\n".join(json.dumps(vars(record), default=str) for record in caplog.records)
    for private in ("+62812", "81255500123", "Jalan rusak", "siti@", SECRET, TWILIO_TOKEN, MAIL_SECRET, "4711"):
        assert private not in written


@on_sqlite
def test_the_raw_bytes_of_what_is_not_done_are_kept_beyond_their_time(
    client: FlaskClient, runtime: Runtime, clock: Clock
) -> None:
    telegram(photo_update(4711, "foto")).by(client)
    clock.forward(days=31)
    with runtime.writing() as session:
        assert purge_raw(session, runtime.now()) == 0
    assert rows(runtime, InboundEvent)[0].raw
