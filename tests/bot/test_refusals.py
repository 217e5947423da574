"""A door that refuses everything must not look like a quiet one: the operator is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from bot.app import create_app
from dispatch.doctor import Finding, examine
from dispatch.models import Heartbeat
from dispatch.runtime import Runtime
from tests.support.clock import Clock
from tests.support.providers.telegram import SECRET, TOKEN, text_update

HEADER = "X-Telegram-Bot-Api-Secret-Token"


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return {**environment, "TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_WEBHOOK_SECRET": SECRET}


@pytest.fixture
def app(trained: Runtime) -> Iterator[Flask]:
    yield create_app(trained)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def knock(client: FlaskClient, secret: str) -> int:
    return client.post("/hooks/telegram", json=text_update(4711, "jalan rusak"), headers={HEADER: secret}).status_code


def found(runtime: Runtime) -> list[Finding]:
    return [finding for finding in examine(runtime) if finding.name == "refused requests"]


def test_a_wrong_secret_is_told_until_something_gets_through(
    client: FlaskClient, trained: Runtime, clock: Clock
) -> None:
    assert knock(client, "wrong") == 403
    clock.forward(minutes=5)
    [line] = found(trained)
    assert not line.ok
    assert "telegram refused a request 5 min ago" in line.detail and "compare its secret" in line.detail
    assert knock(client, SECRET) == 200
    [line] = found(trained)
    assert line.ok
    clock.forward(days=1)
    assert [each.detail for each in found(trained)] == ["none in the last day"]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_who_knocks_all_the_time_is_written_down_now_and_then(
    client: FlaskClient, trained: Runtime, clock: Clock
) -> None:
    seen = []
    for _ in range(40):
        assert knock(client, "wrong") == 403
        with trained.reading() as session:
            seen.append(session.get_one(Heartbeat, "refused telegram").at)
        clock.forward(seconds=1)
    assert len(set(seen)) == 2


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_nobody_knocked(trained: Runtime) -> None:
    assert [(line.ok, line.detail) for line in found(trained)] == [(True, "none in the last day")]
