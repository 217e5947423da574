"""The engine: what SQLite is really told, who writes when, and that a raised block leaves nothing behind."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from dispatch import db
from dispatch.models import Citizen, CitizenAddress, Cursor
from tests.support.clock import Clock

NOW = Clock()()
PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL
    "foreign_keys": 1,
    "busy_timeout": 15000,
    "trusted_schema": 0,
}


@pytest.fixture
def sqlite(tmp_path: Path):
    engine = db.make_engine(f"sqlite:///{tmp_path}/a.db")
    db.upgrade(engine)
    yield engine
    engine.dispose()


@pytest.mark.parametrize(("name", "value"), PRAGMAS.items(), ids=PRAGMAS)
def test_a_pragma_is_in_force_on_every_connection(sqlite, name, value):
    with sqlite.connect() as first, sqlite.connect() as second:
        for connection in (first, second):
            assert connection.exec_driver_sql(f"PRAGMA {name}").scalar() == value


def test_a_foreign_key_is_kept(runtime):
    row = CitizenAddress(citizen_id=4711, channel="web", account="web", scheme="web", value="x", created_at=NOW)
    with pytest.raises(IntegrityError), runtime.writing() as session:
        session.add(row)


def test_a_writing_transaction_takes_the_write_lock_at_once_and_a_reading_one_never(sqlite):
    seen: list[str] = []

    def watch(connection: object, cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("BEGIN"):
            seen.append(statement)

    from sqlalchemy import event

    event.listen(sqlite, "before_cursor_execute", watch)
    with db.writing(sqlite) as session:
        session.execute(text("SELECT 1"))
    with db.reading(sqlite) as session:
        session.execute(text("SELECT 1"))
    assert seen == ["BEGIN IMMEDIATE", "BEGIN"]


def test_two_writers_of_one_row_never_meet_half_way(runtime):
    """Read, wait for the other, write: with a lock taken too late one of the two additions would be lost."""
    with runtime.writing() as session:
        session.add(Cursor(name="n", value="0", updated_at=NOW))
    barrier = Barrier(2)
    faults: list[BaseException] = []

    def add_ten() -> None:
        try:
            barrier.wait(timeout=20)
            for _ in range(10):
                with runtime.writing() as session:
                    row = session.get_one(Cursor, "n", with_for_update=True)
                    row.value = str(int(row.value) + 1)
                    session.add(row)
        except BaseException as error:  # noqa: BLE001  (handed to the test)
            faults.append(error)

    threads = [Thread(target=add_ten) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert faults == []
    with runtime.reading() as session:
        assert session.get_one(Cursor, "n").value == "20"


def _write(url: str, count: int) -> None:
    engine = db.make_engine(url)
    for _ in range(count):
        with db.writing(engine) as session:
            session.add(Citizen(created_at=NOW))
    engine.dispose()


def test_processes_take_turns_and_no_write_is_lost(backend):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(backend.url, 20)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=60)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    engine = db.make_engine(backend.url)
    with db.reading(engine) as session:
        assert session.scalar(select(func.count()).select_from(Citizen)) == 60
    engine.dispose()


def test_what_was_written_before_a_fault_is_rolled_back(runtime):
    with pytest.raises(RuntimeError, match="half"), runtime.writing() as session:
        session.add(Citizen(created_at=NOW))
        session.flush()
        raise RuntimeError("half")
    with runtime.reading() as session:
        assert session.scalars(select(Citizen)).all() == []


def test_a_reading_session_leaves_nothing_behind(runtime):
    with runtime.reading() as session:
        session.add(Citizen(created_at=NOW))
        session.flush()
    with runtime.reading() as session:
        assert session.scalars(select(Citizen)).all() == []


def test_a_database_fault_does_not_quote_the_row(runtime):
    for _ in range(1):
        with runtime.writing() as session:
            session.add(Cursor(name="+628110000001", updated_at=NOW))
    with pytest.raises(IntegrityError) as caught, runtime.writing() as session:
        session.add(Cursor(name="+628110000001", value="Budi Contoh", updated_at=NOW))
    assert "Budi Contoh" not in str(caught.value)


def test_an_address_is_shown_without_its_password():
    assert db.redacted("postgresql+psycopg://u:hidden@127.0.0.1/x") == "postgresql+psycopg://u:***@127.0.0.1/x"
