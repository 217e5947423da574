"""Rows of a batch with their ids already known, so that a whole batch is one bulk insert for each table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Dialect, Table, func, insert, select, text, update
from sqlalchemy.sql.expression import bindparam
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlmodel import Session

from dispatch.models import metadata

#: In the order of their foreign keys.
TABLES = ("citizen", "address", "inbound_event", "ticket", "assignment", "status_change", "message", "outbox")
#: For this connection only: with SQLite's usual 2 MB every insert into an index of random keys reads from the disk.
_CACHE_KIB = 262_144

_Row = dict[str, Any]


class Batch:
    """Calling this will begin a batch inside a writing transaction that no other writer can step into.

    On PostgreSQL the tables are locked against other inserts until the transaction ends; SQLite has one writer anyway.
    """

    def __init__(self, session: Session) -> None:
        self._connection = session.connection()
        self._rows: dict[str, list[_Row]] = {name: [] for name in TABLES}
        self._postgres = self._connection.dialect.name == "postgresql"
        if self._postgres:
            self._connection.execute(text(f"LOCK TABLE {', '.join(TABLES)} IN SHARE ROW EXCLUSIVE MODE"))
        else:
            self._connection.exec_driver_sql(f"PRAGMA cache_size=-{_CACHE_KIB}")
        self._next = {name: self._first_free(name) for name in TABLES}
        self._wrote_again: dict[int, _Row] = {}

    def add(self, table: str, row: _Row) -> int:
        """Calling this will take a row in and give it its id. It may still be changed until ``write``."""
        made = row["id"] = self._next[table]
        self._next[table] = made + 1
        self._rows[table].append(row)
        return made

    def wrote_again(self, address_id: int, at: datetime) -> None:
        """Calling this will note that somebody of an earlier batch wrote at ``at``."""
        self._wrote_again[address_id] = {"key": address_id, "at": at}

    def write(self) -> None:
        """Calling this will insert everything, table by table."""
        stored = _Stored(self._connection.dialect)
        for name in TABLES:
            if self._rows[name]:
                statement, rows = stored.insert(_table(name), self._rows[name])
                self._connection.exec_driver_sql(statement, rows)
            if self._postgres:
                moved = text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)")
                self._connection.execute(moved, {"name": name, "last": self._next[name]})
        if self._wrote_again:
            table = _table("address")
            again = update(table).where(table.c.id == bindparam("key")).values(last_inbound_at=bindparam("at"))
            self._connection.execute(again, list(self._wrote_again.values()))

    def _first_free(self, name: str) -> int:
        if self._postgres:
            sequence = text("SELECT nextval(pg_get_serial_sequence(:name, 'id'))")
            return int(self._connection.execute(sequence, {"name": name}).scalar_one())
        return int(self._connection.execute(select(func.coalesce(func.max(_table(name).c.id), 0))).scalar_one()) + 1


class _Stored:
    """What Core would hand to the driver, made with Core's own statements and converters, but each value only once:
    half the values of a ticket are instants, and most of them occur ten times. An empty JSON value is a list here."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: dict[type, dict[Any, Any]] = {}

    def insert(self, table: Table, rows: list[_Row]) -> tuple[str, Any]:
        """The statement, and what the driver's ``executemany`` takes with it: tuples or, by name, dictionaries."""
        left_out = {
            column.name: column.default.arg if isinstance(column.default, ScalarElementColumnDefault) else []
            for column in table.columns
            if column.default is not None and column.name not in rows[0]
        }
        keys = [*rows[0], *left_out]
        compiled = insert(table).compile(dialect=self._dialect, column_keys=keys)
        positions: list[str] | None = getattr(compiled, "positiontup", None)
        names = positions or keys
        values = zip(*(self._column(table, name, rows, left_out.get(name)) for name in names), strict=True)
        return str(compiled), list(values) if positions else [dict(zip(names, row, strict=True)) for row in values]

    def _column(self, table: Table, name: str, rows: list[_Row], default: Any) -> list[Any]:
        kind = table.columns[name].type
        convert = kind.dialect_impl(self._dialect).bind_processor(self._dialect)
        values = [row.get(name, default) for row in rows]
        if convert is None:
            return values
        if isinstance(kind, JSON):
            empty = convert([])
            return [convert(value) if value else empty for value in values]
        known = self._known.setdefault(type(kind), {})
        for value in set(values).difference(known):
            known[value] = convert(value)
        return [known[value] for value in values]


def _table(name: str) -> Table:
    return metadata.tables[name]
