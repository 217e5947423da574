"""Alive, ready, and the figures: what a load balancer and Prometheus read."""

from __future__ import annotations

import re
from collections import namedtuple
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from bot import health
from bot.app import create_app, create_hooks_app
from dispatch import db
from dispatch.config import Settings
from dispatch.models import Heartbeat
from dispatch.runtime import Runtime
from tests.support.clock import Clock
from tests.support.talk import Citizen

TOKEN = "for-tests-only-metrics"
Usage = namedtuple("Usage", "total used free")


@pytest.fixture(params=[create_app, create_hooks_app], ids=["whole application", "hooks alone"])
def app(request: pytest.FixtureRequest, runtime: Runtime) -> Flask:
    made: Flask = request.param(runtime)
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def test_alive_asks_nothing_of_anybody(client: FlaskClient, runtime: Runtime) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert "engine" not in runtime.__dict__


def test_ready_when_database_and_disk_are(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"ready": True, "database": True, "disk": True})


def test_an_older_schema_is_not_ready(client: FlaskClient, runtime: Runtime) -> None:
    db.downgrade(runtime.engine, "base")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"ready": False, "database": False, "disk": True})
    db.upgrade(runtime.engine)
    assert client.get("/readyz").status_code == 200  # a bad answer is not kept


def test_a_good_answer_is_kept_for_five_seconds(client: FlaskClient, runtime: Runtime, clock: Clock) -> None:
    assert client.get("/readyz").status_code == 200
    with runtime.engine.begin() as connection:
        connection.execute(text("DROP TABLE heartbeat"))
    clock.forward(seconds=4.9)
    assert client.get("/readyz").status_code == 200
    clock.forward(seconds=0.1)
    assert client.get("/readyz").status_code == 503


def test_a_database_that_is_away_is_not_ready(environment: dict[str, str], runtime: Runtime) -> None:
    environment["DATABASE_URL"] = "postgresql+psycopg://nobody@127.0.0.1:1/nowhere"
    wired = Runtime(Settings.read(environment), now=runtime.now)
    answer = create_hooks_app(wired).test_client().get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"ready": False, "database": False, "disk": True})
    wired.close()


DISKS: dict[str, tuple[Usage, bool]] = {
    "plenty": (Usage(10**12, 0, 10**11), True),
    "just enough": (Usage(10**10, 0, 200_000_000), True),
    "less than 200 MB": (Usage(10**10, 0, 199_999_999), False),
    "less than a hundredth": (Usage(10**12, 0, 10**10 - 1), False),
}


@pytest.mark.parametrize(("usage", "enough"), DISKS.values(), ids=DISKS.keys())
def test_the_disk_must_have_room(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, usage: Usage, enough: bool
) -> None:
    monkeypatch.setattr(health.shutil, "disk_usage", lambda path: usage)
    answer = client.get("/readyz")
    assert answer.json is not None
    assert answer.json["disk"] is enough
    assert answer.status_code == (200 if enough else 503)


def test_a_data_folder_that_is_gone_is_not_ready(client: FlaskClient, runtime: Runtime) -> None:
    runtime.settings.var.rmdir()
    assert client.get("/readyz").json == {"ready": False, "database": True, "disk": False}


# -- figures ---------------------------------------------------------------------------------------

SAMPLE = re.compile(
    r'(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?P<labels>(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? '
    r"(?P<value>-?[0-9.]+(?:e[+-]?[0-9]+)?)"
)


def read(exposition: str) -> dict[str, float]:
    """Parse the text format 0.0.4 strictly: each name once, with HELP and TYPE before its samples."""
    samples: dict[str, float] = {}
    declared: list[str] = []
    assert exposition.endswith("\n")
    for line in exposition.splitlines():
        if line.startswith("# HELP "):
            declared.append(line.split(" ", 3)[2])
            continue
        if line.startswith("# TYPE "):
            assert line == f"# TYPE {declared[-1]} gauge"
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        assert match["name"] == declared[-1]
        key = line.rpartition(" ")[0]
        assert key not in samples
        samples[key] = float(match["value"])
    assert len(declared) == len(set(declared))
    return samples


def test_the_figures_are_those_of_the_rows(trained: Runtime, clock: Clock) -> None:
    client = create_hooks_app(trained).test_client()
    with trained.writing() as session:
        session.add(Heartbeat(name='odd "name"\\\n', at=clock()))
    citizen = Citizen(trained)
    citizen.says("Lampu jalan di depan pasar Gusher Tarakan sudah seminggu mati")
    clock.forward(seconds=90)
    citizen.says("qwerty zxcvb asdfgh jklpoi mnbvc", work=False)
    clock.forward(days=60)
    found = read(client.get("/metrics").text)
    waited = timedelta(days=60).total_seconds()
    expected = {
        'aduan_inbound_events{channel="whatsapp",state="done"}': 1,
        'aduan_inbound_events{channel="whatsapp",state="new"}': 1,
        'aduan_outbox_messages{channel="whatsapp",state="queued"}': 2,
        'aduan_tickets{status="assigned"}': 1,
        "aduan_tickets_overdue": 1,
        "aduan_tickets_triage": 0,
        'aduan_oldest_waiting_seconds{queue="inbound"}': waited,
        'aduan_oldest_waiting_seconds{queue="outbound"}': waited + 90,
        'aduan_heartbeat_age_seconds{process="odd \\"name\\"\\\\\\n"}': waited + 90,
        "aduan_queue_up": 0,
    }
    assert found == expected


def test_a_large_figure_loses_no_digit(runtime: Runtime, clock: Clock) -> None:
    with runtime.writing() as session:
        session.add(Heartbeat(name="worker", at=clock()))
    clock.forward(seconds=12_345_678)
    figures = read(create_hooks_app(runtime).test_client().get("/metrics").text)
    assert figures['aduan_heartbeat_age_seconds{process="worker"}'] == 12_345_678


def test_nothing_waits_when_nothing_came(client: FlaskClient) -> None:
    found = read(client.get("/metrics").text)
    assert found['aduan_oldest_waiting_seconds{queue="inbound"}'] == 0
    assert found["aduan_tickets_triage"] == 0


def test_a_queue_that_answers_is_up(runtime: Runtime, redis_server: object) -> None:
    runtime.queue.url = redis_server.url  # type: ignore[attr-defined]
    assert read(create_hooks_app(runtime).test_client().get("/metrics").text)["aduan_queue_up"] == 1


ASKERS: dict[str, tuple[str, dict[str, str], str, int]] = {
    "this machine": ("127.0.0.1", {}, "0", 200),
    "this machine, IPv6": ("::1", {}, "0", 200),
    "another machine": ("203.0.113.9", {}, "0", 404),
    "a socket without an address": ("", {}, "0", 404),
    "another machine with the token": ("203.0.113.9", {"Authorization": f"Bearer {TOKEN}"}, "0", 200),
    "a wrong token": ("203.0.113.9", {"Authorization": f"Bearer {TOKEN}x"}, "0", 404),
    "the token's beginning": ("203.0.113.9", {"Authorization": f"Bearer {TOKEN[:-1]}"}, "0", 404),
    "another scheme": ("203.0.113.9", {"Authorization": f"Basic {TOKEN}"}, "0", 404),
    "an empty token": ("203.0.113.9", {"Authorization": "Bearer "}, "0", 404),
    "a token beyond ASCII": ("203.0.113.9", {"Authorization": "Bearer é"}, "0", 404),
    "through a proxy nobody told of": ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, "0", 404),
    "a lie through a proxy nobody told of": ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, "0", 404),
    "through the proxy": ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, "1", 404),
    "a lie through the proxy": ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1, 203.0.113.9"}, "1", 404),
    "this machine beside the proxy": ("127.0.0.1", {}, "1", 200),
}


@pytest.mark.parametrize(("address", "headers", "proxies", "status"), ASKERS.values(), ids=ASKERS.keys())
def test_figures_are_for_this_machine_and_for_who_holds_the_token(
    environment: dict[str, str], runtime: Runtime, address: str, headers: dict[str, str], proxies: str, status: int
) -> None:
    environment.update(METRICS_TOKEN=TOKEN, ADUAN_PROXIES=proxies)
    wired = Runtime(Settings.read(environment), now=runtime.now)
    client = create_hooks_app(wired).test_client()
    assert client.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address}).status_code == status
    wired.close()


def test_without_a_token_in_the_settings_no_token_opens(client: FlaskClient) -> None:
    for given in ("Bearer ", "Bearer", "Bearer None", ""):
        answer = client.get("/metrics", headers={"Authorization": given}, environ_base={"REMOTE_ADDR": "203.0.113.9"})
        assert answer.status_code == 404


def test_figures_without_a_database_are_an_honest_503(client: FlaskClient, runtime: Runtime) -> None:
    with runtime.engine.begin() as connection:
        connection.execute(text("DROP TABLE heartbeat"))
    assert client.get("/metrics").status_code == 503
