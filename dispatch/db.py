"""The database: engine, sessions that read, sessions that write, migrations.

SQLite runs in WAL with ``synchronous=FULL`` (an acknowledged commit survives a power cut) and every writing transaction
begins IMMEDIATE, so that two writers never meet half-way. Writers of one SQLite file also take turns through a lock
file: without turns the unlucky one of several processes waits seconds in SQLite's own polling.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, Insert, create_engine, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlmodel import Session, SQLModel

from dispatch.models import metadata

WRITING = "aduan_writing"
#: The number of the advisory lock that migrations hold on PostgreSQL.
MIGRATING = 7_206_545


def make_engine(url: str) -> Engine:
    """Calling this will make an engine for SQLite or PostgreSQL; no connection is opened yet."""
    if not url.startswith("sqlite"):
        return create_engine(
            url,
            pool_pre_ping=True,
            hide_parameters=True,
            pool_size=5,
            max_overflow=10,
            connect_args={"connect_timeout": 5},
        )
    engine = create_engine(url, connect_args={"timeout": 15, "check_same_thread": False}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: object) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself: ``begin`` below does
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=15000",
            "trusted_schema=OFF",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get(WRITING)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Calling this will open a session that only reads; nothing of it is committed."""
    with Session(engine, expire_on_commit=False) as session:
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """Calling this will open one writing transaction: committed when the block ends, rolled back when it raises."""
    with (
        _turn(engine),
        Session(engine.execution_options(**{WRITING: True}), expire_on_commit=False) as session,
        session.begin(),
    ):
        yield session


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    database = engine.url.database
    if engine.dialect.name != "sqlite" or not database:
        yield
        return
    descriptor = os.open(f"{database}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """Of several machines that are brought up to date at once, one works and the others wait."""
    with _turn(engine):
        if engine.dialect.name == "sqlite":
            yield
            return
        with engine.connect() as connection:  # its transaction holds the lock until the connection goes back
            connection.execute(select(func.pg_advisory_xact_lock(MIGRATING)))
            yield


def _alembic(engine: Engine | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["engine"] = engine
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Calling this will bring the schema to a revision (``head`` by default); running it twice changes nothing."""
    if engine.dialect.name == "sqlite" and engine.url.database:
        Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
    with _alone(engine):
        command.upgrade(_alembic(engine), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Calling this will take the schema back to a revision (``base`` is the empty database)."""
    with _alone(engine):
        command.downgrade(_alembic(engine), revision)


def make_migration(engine: Engine, message: str) -> None:
    """Calling this will write a new migration file for what the models have and the database has not."""
    command.revision(_alembic(engine), message=message, autogenerate=True)


def schema_faults(engine: Engine) -> list[str]:
    """Calling this will list how the database differs from the models; an empty list means it is up to date."""
    head = ScriptDirectory.from_config(_alembic()).get_current_head()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        current = context.get_current_revision()
        if current != head:
            return [f"the database is at revision {current or 'none'}, the code expects {head}: run aduan db upgrade"]
        return [f"schema differs from the models: {difference}" for difference in compare_metadata(context, metadata)]


def insert_new(session: Session, model: type[SQLModel], values: Mapping[str, object]) -> Insert:
    """Calling this will make an insert that does nothing, and returns no row, when a unique key is taken already."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    return insert(model).values(**values).on_conflict_do_nothing()


def stored_id(value: int | None) -> int:
    """Calling this will give a row's id. Raises ValueError for a row that was not flushed yet."""
    if value is None:
        raise ValueError("the row is not stored yet")
    return value


def redacted(url: str) -> str:
    """Calling this will show a database address without its password."""
    return make_url(url).render_as_string(hide_password=True)
