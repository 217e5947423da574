"""Migrations: one head, up → down → up without a trace or a drift, and two machines that upgrade at once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, text

from dispatch import db
from dispatch.models import Citizen, metadata
from tests.support.clock import Clock


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without any schema."""
    if request.param == "sqlite":
        engine = db.make_engine(f"sqlite:///{tmp_path}/deep/er/aduan.db")
        yield engine
        engine.dispose()
        return
    server = request.getfixturevalue("postgres")
    admin = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE migrations"))
    engine = db.make_engine(server.url("migrations"))
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE migrations WITH (FORCE)"))
    admin.dispose()


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def test_there_is_one_head_and_every_revision_can_be_taken_back():
    script = ScriptDirectory(str(Path(db.__file__).parent / "migrations"))
    assert len(script.get_heads()) == 1
    for revision in script.walk_revisions():
        assert callable(getattr(revision.module, "upgrade", None))
        assert callable(getattr(revision.module, "downgrade", None))


def test_up_down_up_ends_without_drift(empty):
    db.upgrade(empty)
    assert db.schema_faults(empty) == []
    assert tables(empty) == set(metadata.tables)
    db.downgrade(empty, "base")
    assert tables(empty) == set()
    db.upgrade(empty)
    assert db.schema_faults(empty) == []


def test_upgrading_twice_changes_nothing_and_keeps_rows(empty):
    db.upgrade(empty)
    with db.writing(empty) as session:
        session.add(Citizen(created_at=Clock()()))
    db.upgrade(empty)
    with db.reading(empty) as session:
        assert session.execute(text("SELECT count(*) FROM citizen")).scalar() == 1


def _upgrade(url: str) -> None:
    engine = db.make_engine(url)
    db.upgrade(engine)
    engine.dispose()


def test_machines_that_upgrade_at_once_all_succeed(empty):
    url = empty.url.render_as_string(hide_password=False)
    context = multiprocessing.get_context("spawn")
    machines = [context.Process(target=_upgrade, args=(url,)) for _ in range(2)]
    for machine in machines:
        machine.start()
    for machine in machines:
        machine.join(timeout=60)
    assert [machine.exitcode for machine in machines] == [0, 0]
    assert db.schema_faults(empty) == []


DRIFTS = {
    "no-schema": ("", "run aduan db upgrade"),
    "missing-column": ("ALTER TABLE citizen DROP COLUMN language", "language"),
    "missing-index": ("DROP INDEX ix_ticket_opened", "ix_ticket_opened"),
    "other-type": ("ALTER TABLE citizen ADD COLUMN extra INTEGER", "extra"),
}


@pytest.mark.parametrize(("statement", "named"), DRIFTS.values(), ids=DRIFTS)
def test_a_difference_is_told(empty, statement, named):
    if statement:
        db.upgrade(empty)
        with empty.begin() as connection:
            connection.execute(text(statement))
    elif empty.dialect.name == "sqlite":
        Path(empty.url.database).parent.mkdir(parents=True)
    [fault] = db.schema_faults(empty)
    assert named in fault
