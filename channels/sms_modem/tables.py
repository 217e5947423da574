"""Gammu SMSD's own tables, as far as we read and write them, on PostgreSQL, MySQL and SQLite; schema 17 and 18.

Source: gammu ``docs/sql/*.sql`` and ``docs/manual/smsd/tables.rst``. The tables are Gammu's: we never make or change
one.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    Engine,
    Integer,
    MetaData,
    NullPool,
    String,
    Table,
    create_engine,
    select,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from channels.errors import Misconfigured
from channels.settings import port_holds

#: Schema 17 comes with Gammu up to 1.43.3 (all distributions), 18 with 1.44.0.
VERSIONS = (17, 18)
DRIVERS = {"postgresql+psycopg", "mysql+pymysql", "sqlite"}
#: Seconds to wait for the server, or for SMSD to let go of SQLite's lock.
_PATIENCE = 10


@dataclass(frozen=True, slots=True)
class Tables:
    """Calling this will hold the tables for one dialect and version; ``whole`` says whether inbound parts are numbered
    by Gammu (18) or only by their own headers (17)."""

    inbox: Table
    outbox: Table
    multipart: Table
    sent: Table
    phones: Table
    whole: bool


def tables(dialect: str, version: int) -> Tables:
    """Calling this will describe the tables. Flags are words everywhere but on PostgreSQL."""
    flag = Boolean if dialect == "postgresql" else String
    meta = MetaData()
    numbered = [Column(name, Integer) for name in ("MessageID", "SequencePosition", "PartCount")]
    return Tables(
        inbox=Table(
            "inbox",
            meta,
            Column("ID", Integer, primary_key=True),
            Column("ReceivingDateTime", DateTime),
            Column("SenderNumber", String),
            Column("TextDecoded", String),
            Column("Text", String),
            Column("Coding", String),
            Column("UDH", String),
            Column("Class", Integer),
            Column("RecipientID", String),
            Column("Processed", flag),
            *(numbered if version >= 18 else ()),
        ),
        outbox=Table(
            "outbox",
            meta,
            Column("ID", Integer, primary_key=True),
            Column("DestinationNumber", String),
            Column("Coding", String),
            Column("UDH", String),
            Column("Class", Integer),
            Column("TextDecoded", String),
            Column("MultiPart", flag),
            Column("RelativeValidity", Integer),
            Column("SenderID", String),
            Column("DeliveryReport", String),
            Column("CreatorID", String),
        ),
        multipart=Table(
            "outbox_multipart",
            meta,
            Column("ID", Integer, primary_key=True, autoincrement=False),
            Column("SequencePosition", Integer, primary_key=True, autoincrement=False),
            Column("Coding", String),
            Column("UDH", String),
            Column("Class", Integer),
            Column("TextDecoded", String),
        ),
        sent=Table(
            "sentitems",
            meta,
            Column("ID", Integer, primary_key=True, autoincrement=False),
            Column("SequencePosition", Integer, primary_key=True, autoincrement=False),
            Column("UpdatedInDB", DateTime),
            Column("DeliveryDateTime", DateTime),
            Column("SendingDateTime", DateTime),
            Column("Status", String),
            Column("StatusError", Integer),
            Column("CreatorID", String),
        ),
        phones=Table(
            "phones",
            meta,
            Column("IMEI", String, primary_key=True),
            Column("ID", String),
            Column("TimeOut", DateTime),
            Column("NetName", String),
            Column("Battery", Integer),
            Column("Signal", Integer),
        ),
        whole=version >= 18,
    )


def flag(dialect: str, value: bool) -> bool | str:
    """Calling this will write a flag as the dialect stores it."""
    return value if dialect == "postgresql" else str(value).lower()


def parsed(url: str) -> URL | None:
    """Calling this will read a database address, None for one that is none or of a driver we do not know."""
    try:
        found = make_url(url)
    except (ArgumentError, ValueError):  # a port that is no number is only a ValueError
        return None
    return found if found.drivername in DRIVERS and found.database and port_holds(found.port) else None


def connect(url: str) -> Engine:
    """Calling this will make an engine; it opens nothing yet. A file that is not there is never made."""
    found = make_url(url)
    if found.drivername == "sqlite":
        there = found.set(database=f"file:{quote(found.database or '')}", query={"mode": "rw", "uri": "true"})
        return create_engine(there, poolclass=NullPool, connect_args={"timeout": _PATIENCE})
    args = {"connect_timeout": _PATIENCE}
    return create_engine(found, pool_size=2, max_overflow=2, pool_pre_ping=True, connect_args=args)


def version(connection: Connection) -> int:
    """Calling this will read the schema's version. Raises Misconfigured for one we do not know."""
    table = Table("gammu", MetaData(), Column("Version", Integer))
    found = connection.scalar(select(table.c.Version))
    if found not in VERSIONS:
        known = " and ".join(map(str, VERSIONS))
        raise Misconfigured(f"Gammu's tables are of version {found}; {known} are known", code="version")
    return int(found)
