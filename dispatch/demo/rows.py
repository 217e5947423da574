"""Rows of a batch with their ids already known, so that a whole batch is one bulk insert for each table."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, func, insert, select, text, update
from sqlalchemy.sql.expression import bindparam
from sqlmodel import Session

from dispatch.models import metadata

#: In the order of their foreign keys.
TABLES = ("citizen", "address", "inbound_event", "ticket", "assignment", "status_change", "message", "outbox")


class Batch:
    """Calling this will begin a batch inside a writing transaction that no other writer can step into.

    On PostgreSQL the tables are locked against other inserts until the transaction ends; SQLite has one writer anyway.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
        self._locked = session.get_bind().dialect.name == "postgresql"
        if self._locked:
            session.execute(text(f"LOCK TABLE {', '.join(TABLES)} IN SHARE ROW EXCLUSIVE MODE"))
        self._next = {name: self._first_free(name) for name in TABLES}
        self._addresses: dict[int, dict[str, Any]] = {}

    def add(self, table: str, row: dict[str, Any]) -> int:
        """Calling this will take a row in and give it its id. It may still be changed until ``write``."""
        made = row["id"] = self._next[table]
        self._next[table] = made + 1
        self._rows[table].append(row)
        return made

    def wrote_again(self, address_id: int, at: Any) -> None:
        """Calling this will note that somebody of an earlier batch wrote at ``at``."""
        self._addresses[address_id] = {"key": address_id, "at": at}

    def write(self) -> None:
        """Calling this will insert everything, table by table."""
        for name in TABLES:
            if self._rows[name]:
                self._session.execute(insert(_table(name)), self._rows[name])
            if self._locked:
                self._session.execute(
                    text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)"),
                    {"name": name, "last": self._next[name]},
                )
        if self._addresses:
            table = _table("address")
            statement = update(table).where(table.c.id == bindparam("key")).values(last_inbound_at=bindparam("at"))
            self._session.connection().execute(statement, list(self._addresses.values()))

    def _first_free(self, name: str) -> int:
        if self._locked:
            sequence = text("SELECT nextval(pg_get_serial_sequence(:name, 'id'))")
            return int(self._session.execute(sequence, {"name": name}).scalar_one())
        return int(self._session.execute(select(func.coalesce(func.max(_table(name).c.id), 0))).scalar_one()) + 1


def _table(name: str) -> Table:
    return metadata.tables[name]
