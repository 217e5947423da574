"""Fixtures every test may use: a clock, databases of both kinds, a wired runtime. Sockets are closed except to
loopback.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pytest_socket import socket_allow_hosts
from sqlalchemy import create_engine, text

from classifier.reader import Reader
from dispatch import db, training
from dispatch.config import Settings
from dispatch.phrases import REQUIRED
from dispatch.region import Region, load
from dispatch.runtime import Runtime
from tests.support.clock import Clock
from tests.support.servers import Postgres, RedisServer

#: Set by ``make test``: with it, a test that cannot run because the machine lacks something is a failure.
STRICT = os.environ.get("CI", "").lower() == "true"
SECRET = "for-tests-only-0123456789-abcdefghijklmnop"


def pytest_runtest_setup() -> None:
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the very end why tests failed, each reason once with its count: a thousand errors often have one."""
    reasons: Counter[str] = Counter()
    for kind in ("failed", "error"):
        for report in terminalreporter.stats.get(kind, ()):
            crash = getattr(report.longrepr, "reprcrash", None)
            words = crash.message if crash else str(report.longrepr)
            reasons[f"{kind}: {' '.join(words.split())[:600]}"] += 1
    for reason, count in reasons.most_common(12):
        terminalreporter.write_line(f"{count} x {reason}")


def needs(available: bool, what: str) -> None:
    """Skip, naming what the machine lacks; under CI=true that is a failure instead."""
    if available:
        return
    if STRICT:
        pytest.fail(f"{what} is missing, and with CI=true nothing may be left out")
    pytest.skip(f"{what} is not on this machine")


@dataclass(frozen=True)
class Backend:
    """One kind of database, empty but migrated, and its address."""

    name: str
    url: str


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    needs(Postgres.available(), "PostgreSQL")
    server = Postgres()
    server.start()
    try:
        engine = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("CREATE DATABASE template_aduan"))
        engine.dispose()
        template = db.make_engine(server.url("template_aduan"))
        db.upgrade(template)
        template.dispose()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    needs(RedisServer.available(), "Redis")
    server = RedisServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    engine = db.make_engine(f"sqlite:///{path}")
    db.upgrade(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture(params=["sqlite", "postgres"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    """Each test that asks for a database runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        path = tmp_path / "aduan.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield Backend("sqlite", f"sqlite:///{path}")
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = f"t{os.urandom(6).hex()}"
    admin = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template_aduan"))
    yield Backend("postgres", server.url(name))
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def kaltara() -> Region:
    """The real region pack, loaded once."""
    return load("kaltara", required_phrases=REQUIRED)


@pytest.fixture
def environment(backend: Backend, tmp_path: Path) -> dict[str, str]:
    """What a process would find in its environment; tests add channel credentials to it before ``runtime`` is asked
    for.
    """
    return {
        "DATABASE_URL": backend.url,
        "ADUAN_VAR": str(tmp_path / "var"),
        "SECRET_KEY": SECRET,
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }


@pytest.fixture
def runtime(environment: dict[str, str], clock: Clock, kaltara: Region) -> Iterator[Runtime]:
    """A wired runtime on an empty, migrated database. Redis is away on purpose: nothing may depend on a bell."""
    wired = Runtime(Settings.read(environment), now=clock)
    wired.__dict__["region"] = kaltara
    yield wired
    wired.close()


@pytest.fixture(scope="session")
def starter(kaltara: Region) -> Reader:
    """The classifier trained on what the region pack teaches, once for the whole run."""
    return training.train(kaltara)


@pytest.fixture
def trained(runtime: Runtime, starter: Reader) -> Runtime:
    """The runtime with its classifier in place."""
    runtime.__dict__["classifier"] = starter
    return runtime
