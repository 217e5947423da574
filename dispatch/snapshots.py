"""One consistent copy of the database, taken while others write, and its way back with sending frozen.

SQLite is copied through its own backup interface (sqlite.org/backup.html), PostgreSQL through ``pg_dump`` on an
exported snapshot (postgresql.org/docs/current/app-pgdump.html). What the copy holds is counted in that very snapshot.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import IO

from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, NullPool, create_engine, func, inspect, select, text, update
from sqlmodel import col

from channels.message import DeliveryState
from dispatch import outbox
from dispatch.models import AttachmentState, Outbox, StaffSession, StoredAttachment, metadata

FROZEN = "restored from a backup: it may have been sent since that was made"
#: Kind of database → the name of its copy.
FILES = {"sqlite": "database.sqlite", "postgresql": "database.dump"}
_BUSY_SECONDS = 15
#: Entries of an archive's list that are not restored as they are: the promises to send, and a schema that is there.
_PROMISES = re.compile(r"^\d+; \d+ \d+ TABLE DATA \S+ outbox ", re.MULTILINE)
_PUBLIC = re.compile(r"^\d+; \d+ \d+ SCHEMA - public ", re.MULTILINE)


class BackupFault(Exception):
    """Calling this will say in one sentence why a backup could not be made or brought back."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Calling this will describe a copy: its file, schema revision, rows of each table, and the SHA-256 of each
    attachment whose bytes it expects to be there."""

    file: str
    revision: str
    rows: dict[str, int]
    digests: list[str]


def take(engine: Engine, folder: Path) -> Snapshot:
    """Calling this will copy the database into ``folder`` while others write. Raises BackupFault."""
    file = FILES[engine.dialect.name]
    with _TAKE[engine.dialect.name](engine, folder / file) as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
        if revision is None:
            raise BackupFault("the database has no schema yet: there is nothing to save")
        kept = connection.execute(
            select(col(StoredAttachment.sha256), col(StoredAttachment.preview)).where(
                col(StoredAttachment.state) == AttachmentState.STORED
            )
        )
        digests = sorted({digest for row in kept for digest in row if digest})
        return Snapshot(file, revision, count_rows(connection), digests)


def bring_back(engine: Engine, folder: Path, now: datetime) -> None:
    """Calling this will put the copy in ``folder`` into an empty database. Raises BackupFault.

    At no moment does the database show a row that a worker would send.
    """
    _BRING_BACK[engine.dialect.name](engine, folder / FILES[engine.dialect.name], now)


def count_rows(connection: Connection) -> dict[str, int]:
    """Calling this will count the rows of each of our tables that is there."""
    there = set(inspect(connection).get_table_names())
    return {
        name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
        for name, table in sorted(metadata.tables.items())
        if name in there
    }


def _freeze(connection: Connection, now: datetime) -> None:
    """What was promised may have been kept since: a person decides. Sign-ins that may have ended since end now."""
    connection.execute(
        update(Outbox)
        .where(col(Outbox.state).in_((*outbox.PENDING, DeliveryState.HELD)))
        .values(state=DeliveryState.UNCERTAIN, settled_at=now, lease="", lease_until=None, error=FROZEN)
    )
    connection.execute(update(StaffSession).where(col(StaffSession.ended_at).is_(None)).values(ended_at=now))


# SQLite


def _open(path: Path) -> sqlite3.Connection:
    """Open a database that exists, or raise BackupFault."""
    try:
        return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_BUSY_SECONDS)
    except sqlite3.Error as error:
        raise BackupFault(f"the database {path} cannot be opened: {error}") from error


def _alone(path: Path) -> Engine:
    """An engine for a copy nobody else uses: no pool, no log beside the file."""
    return create_engine(f"sqlite:///{path}", poolclass=NullPool)


def _database(engine: Engine) -> Path:
    if not engine.url.database:
        raise BackupFault("a database in memory cannot be saved or brought back")
    return Path(engine.url.database)


@contextmanager
def _take_sqlite(engine: Engine, target: Path) -> Iterator[Connection]:
    try:
        with closing(_open(_database(engine))) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)  # in one step: it never begins again, however much is being written
            copy.execute("PRAGMA journal_mode=DELETE")
            (verdict,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        raise BackupFault(f"the database could not be copied: {error}") from error
    if verdict != "ok":
        raise BackupFault(f"the database is damaged ({verdict}): the copy cannot be trusted")
    with _alone(target).connect() as connection:
        yield connection


def _bring_back_sqlite(engine: Engine, copy: Path, now: datetime) -> None:
    """The copy is frozen first and becomes the database in one step of SQLite's own."""
    database = _database(engine)
    database.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=database.parent, prefix=".restoring-") as name:
        frozen = Path(name) / copy.name
        shutil.copyfile(copy, frozen)
        with _alone(frozen).begin() as connection:
            _freeze(connection, now)
        engine.dispose()
        try:
            with closing(_open(frozen)) as source, closing(sqlite3.connect(database, timeout=_BUSY_SECONDS)) as target:
                source.backup(target)
        except sqlite3.Error as error:
            raise BackupFault(f"the database could not be written: {error}") from error


# PostgreSQL


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise BackupFault(f"{name} is not on this machine: install PostgreSQL's client programs")
    return found


def _connecting(engine: Engine) -> tuple[str, dict[str, str]]:
    """The address for PostgreSQL's programs, and their environment: the password is never in a list of arguments, which
    every user of the machine can read."""
    url = engine.url.set(drivername="postgresql")
    hidden = url.password or url.query.get("password")
    environment = {**os.environ, **({"PGPASSWORD": str(hidden)} if hidden else {})}
    address = url._replace(password=None).difference_update_query(["password"])
    return f"--dbname={address.render_as_string()}", environment


def _run(name: str, environment: dict[str, str], *arguments: str) -> str:
    command = [_program(name), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603  (no shell)
    if done.returncode:
        raise BackupFault(_why(name, done.stderr))
    return done.stdout


def _why(name: str, said: str) -> str:
    """The first line of what a program complains about; the lines after it may quote rows."""
    first = next((line for line in said.splitlines() if "error" in line), "it gave no reason")
    return f"{name} failed: {first.removeprefix(f'{name}: error: ')[:300]}"


@contextmanager
def _take_postgresql(engine: Engine, target: Path) -> Iterator[Connection]:
    _program("pg_dump")
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        address, environment = _connecting(engine)
        _run(
            "pg_dump", environment, "--format=custom", "--encoding=UTF8", "--no-password", f"--snapshot={snapshot}",
            f"--file={target}", address,
        )  # fmt: skip
        yield connection


def _bring_back_postgresql(engine: Engine, copy: Path, now: datetime) -> None:
    """First all but the promises to send, then these and their freezing in one transaction."""
    address, environment = _connecting(engine)
    engine.dispose()
    entries = _run("pg_restore", environment, "--list", str(copy))
    if len(_PROMISES.findall(entries)) != 1:
        raise BackupFault("the dump does not list the outbox: it is no backup of this system")
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".list") as chosen:
        chosen.write(_PUBLIC.sub(r";\g<0>", _PROMISES.sub(r";\g<0>", entries)))
        chosen.flush()
        _run(
            "pg_restore", environment, "--clean", "--if-exists", "--no-owner", "--no-privileges", "--no-password",
            "--exit-on-error", "--single-transaction", f"--use-list={chosen.name}", address, str(copy),
        )  # fmt: skip
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL client_encoding TO 'UTF8'"))
        _copy_promises(connection, environment, copy)
        _freeze(connection, now)


def _copy_promises(connection: Connection, environment: dict[str, str], copy: Path) -> None:
    """Read the outbox's rows out of the dump and copy them in, inside the caller's transaction."""
    command = [_program("pg_restore"), "--data-only", "--table=outbox", "--file=-", str(copy)]
    with (
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=complaints) as process,  # noqa: S603
    ):
        if process.stdout is None:
            raise BackupFault("pg_restore cannot be read from")
        statement, rows = _copied(process.stdout)
        driver = connection.connection.driver_connection
        if driver is None:
            raise BackupFault("the connection was lost")
        with driver.cursor() as cursor, cursor.copy(statement) as into:
            for row in rows:
                into.write(row)
        process.stdout.read()
        if process.wait():
            complaints.seek(0)
            raise BackupFault(_why("pg_restore", complaints.read().decode("utf-8", "replace")))


def _copied(script: IO[bytes]) -> tuple[str, Iterator[bytes]]:
    """The COPY statement of a data-only script, and the lines that belong to it."""
    for line in script:
        if line.startswith(b"COPY "):
            statement = line.decode("utf-8").rstrip().removesuffix(";")
            return statement, takewhile(lambda row: row != b"\\.\n", script)
    raise BackupFault("the dump holds no rows for the outbox: it is no backup of this system")


_TAKE: dict[str, Callable[[Engine, Path], AbstractContextManager[Connection]]] = {
    "sqlite": _take_sqlite,
    "postgresql": _take_postgresql,
}
_BRING_BACK: dict[str, Callable[[Engine, Path, datetime], None]] = {
    "sqlite": _bring_back_sqlite,
    "postgresql": _bring_back_postgresql,
}
