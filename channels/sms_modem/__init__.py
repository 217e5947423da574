"""SMS over a modem on this network, by Gammu SMSD: its database is read every few seconds and written to.

``bot/fetching.py`` records an item before it asks for the next; only then are its rows marked as processed.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError, SQLAlchemyError

from channels.base import Channel, Check, Limits, Pulled, RawRequest
from channels.errors import Misconfigured, SendError, Temporary
from channels.message import Event, OutboundMessage, Receipt
from channels.phones import AUTOMATIC_PARTS, E164, sms_recipient
from channels.sms_modem import inbox, outgoing, reading
from channels.sms_modem.codes import ERRORS, HANDLED
from channels.sms_modem.tables import Tables, connect, parsed, tables, version
from channels.text import sms_text

ZONE = "Asia/Makassar"
#: How long the parts of a long SMS are waited for, from the first we see; Gammu's own ``MultipartTimeout``.
PATIENCE = 600.0
#: Reports are looked for this far behind the newest we know, and not told twice: two writers' clocks may differ.
_BEHIND = timedelta(minutes=10)
_COMPARE = "compare SMS_MODEM_DATABASE with smsdrc"
_TODO = {
    "tables": "make them from Gammu's own SQL file, and see the grants",
    "version": "use a Gammu that makes one of these",
}
#: How a server's refusal of a connection reads (MySQL numbers its own, PostgreSQL's has no code before sign-in) → what
#: it means. In any other language of the server's the general words remain.
_CONNECTING = (
    (
        re.compile(r"^\((?:1045|1698|1251),|authentication failed|role .* (?:does not exist|is not permitted)|pg_hba"),
        "the server of Gammu's database refuses user or password",
    ),
    (
        re.compile(r"^\((?:1044|1049),|database .* does not exist|permission denied for database"),
        "the server has no database of that name for this user",
    ),
    (
        re.compile(
            r"^\(20(?:02|03|05|13),|could not translate|resolve host|connection refused|timeout expired|"
            r"is the server running|unreachable|No route",
            re.IGNORECASE,
        ),
        "the server of Gammu's database cannot be reached at its host and port",
    ),
)
#: More than this waiting in Gammu's outbox is a modem that does not send.
_MANY = 50


class SmsModem(Channel):
    """Calling this will make the SMS channel of one modem; ``SMS_MODEM_DATABASE`` is where its SMSD keeps tables."""

    kind = "sms"
    name = "sms-modem"
    title = "SMS"
    required = ("SMS_MODEM_DATABASE", "SMS_MODEM_NUMBER")
    optional = ("SMS_MODEM_PHONE_ID", "SMS_MODEM_TIMEZONE")
    # A modem sends some ten SMS a minute; Gammu keeps what is more.
    limits = Limits(text_length=459, per_second=1.0, per_person=1.0, reports=True, automatic=(10, 30))
    errors = ERRORS
    handled = HANDLED

    #: The clock that measures how long parts are waited for, and the one that says how old a sign of life is.
    clock: Callable[[], float] = staticmethod(time.monotonic)
    now: Callable[[], datetime] = staticmethod(lambda: datetime.now(UTC))
    patience: ClassVar[float] = PATIENCE

    def __init__(self, values: Mapping[str, str], public_url: str) -> None:
        super().__init__(values, public_url)
        self._phone = values.get("SMS_MODEM_PHONE_ID", "")
        self._zone = ZoneInfo(values.get("SMS_MODEM_TIMEZONE") or ZONE)
        self._since: dict[int, float] = {}

    @classmethod
    def faults(cls, values: Mapping[str, str]) -> list[str]:
        """Calling this will list what is wrong with the form of the settings."""
        faults = []
        if parsed(values.get("SMS_MODEM_DATABASE", "")) is None:
            faults.append(
                "SMS_MODEM_DATABASE must be postgresql+psycopg://… or mysql+pymysql://… with a database and a valid "
                "port or none, or sqlite:///… with a path"
            )
        if not E164.fullmatch(values.get("SMS_MODEM_NUMBER", "")):
            faults.append("SMS_MODEM_NUMBER must be +… in international form")
        try:
            ZoneInfo(values.get("SMS_MODEM_TIMEZONE") or ZONE)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            faults.append("SMS_MODEM_TIMEZONE must be a zone such as Asia/Makassar")
        return faults

    @property
    def account(self) -> str:
        """Calling this will give the modem's number."""
        return self.values["SMS_MODEM_NUMBER"]

    @property
    def contact(self) -> tuple[str, str]:
        """Calling this will give the modem's number and its sms link."""
        return self.account, f"sms:{self.account}"

    # -- Gammu's database ----------------------------------------------------------------------------------------

    @cached_property
    def _engine(self) -> Engine:
        return connect(self.values["SMS_MODEM_DATABASE"])

    @cached_property
    def _known(self) -> dict[int, Tables]:
        return {}

    @contextmanager
    def _gammu(self) -> Iterator[tuple[Connection, Tables]]:
        """One transaction in Gammu's database. Raises Temporary or Misconfigured, without a word of the statement."""
        url = make_url(self.values["SMS_MODEM_DATABASE"])
        if url.drivername == "sqlite" and not Path(url.database or "").is_file():
            raise Misconfigured("the file of SMS_MODEM_DATABASE is not there", code="no-file")
        try:
            with self._engine.begin() as connection:
                found = version(connection)
                known = self._known.setdefault(found, tables(connection.dialect.name, found))
                yield connection, known
        except SQLAlchemyError as error:
            raise _told(error) from None

    # -- in ------------------------------------------------------------------------------------------------------

    @property
    def pull_every(self) -> float:
        """Calling this will give the seconds between two looks."""
        return 5.0

    def pull(self, cursor: str, wait: float) -> Generator[Pulled, None, None]:
        """Calling this will hand over every whole SMS that waits, the oldest first, then what became of ours.

        The rows of an SMS are marked when the next item is asked for, so what was not recorded comes again. Parts are
        waited for ten minutes from the first; then what is there goes, with a note, and a part that comes later
        corrects it. Raises Temporary or Misconfigured.
        """
        for parts, before in self._whole():
            body = {"sms": [asdict(part) for part in parts], "after": [asdict(part) for part in before]}
            yield Pulled(json.dumps(body).encode())
            with self._gammu() as (connection, known):
                inbox.mark(connection, known, [part.row for part in parts])
        yield from self._reports(cursor)

    def _whole(self) -> list[tuple[list[inbox.Part], list[inbox.Part]]]:
        """Every SMS that may go, with the parts of it that went before."""
        with self._gammu() as (connection, known):
            groups = inbox.grouped(inbox.waiting(connection, known, self._phone))
            befores = [inbox.earlier(connection, known, group[0]) for group in groups]
        moment, seen, due = self.clock(), {}, []
        for group, before in zip(groups, befores, strict=True):
            first = min(part.row for part in group)
            seen[first] = self._since.get(first, moment)
            completes = inbox.late(before, group)
            if len(group) >= group[0].total or completes or moment - seen[first] >= self.patience:
                due.append((sorted(group, key=lambda part: part.sequence), before if completes else []))
        self._since = seen
        return due

    def _reports(self, cursor: str) -> Iterator[Pulled]:
        newest, told = _cursor(cursor)
        with self._gammu() as (connection, known):
            found = inbox.reports(connection, known, newest - _BEHIND if newest else None)
        for sent in found:
            if told.get(sent.key) == sent.status:
                continue
            newest = max(filter(None, (newest, sent.changed)))
            told[sent.key] = sent.status
            recent = {each.key for each in found if each.changed >= newest - _BEHIND}
            told = {key: status for key, status in told.items() if key in recent or key == sent.key}
            kept = json.dumps({"newest": newest.isoformat(), "told": told})
            body = {"sent": {**asdict(sent), "changed": sent.changed.isoformat()}}
            yield Pulled(json.dumps(body).encode(), kept)

    def parse(self, request: RawRequest) -> Sequence[Event]:
        """Calling this will translate one SMS or one report, as ``pull`` wraps it. Raises Malformed."""
        return reading.read(self.kind, self.account, self._zone, request.body, request.received_at)

    # -- out -----------------------------------------------------------------------------------------------------

    def send(self, message: OutboundMessage) -> Receipt:
        """Calling this will put one text into Gammu's outbox, once for each key: a second try finds the first.

        Raises Permanent for no number, Temporary or Misconfigured when the database does not take it.
        """
        to = sms_recipient(message.recipient)
        text = sms_text(message.text, AUTOMATIC_PARTS if message.automatic else None)
        with self._gammu() as (connection, known):
            if outgoing.taken(connection, known, message.key):
                return Receipt(external_id=message.key, parts=outgoing.count(text))
            parts = outgoing.put(connection, known, message.key, to, text, self._phone)
        return Receipt(external_id=message.key, parts=parts)

    # -- is it well ----------------------------------------------------------------------------------------------

    def check(self) -> list[Check]:
        """Calling this will look at Gammu's tables, the modem's sign of life, its signal and battery, and its queue."""
        try:
            with self._gammu() as (connection, known):
                phones = known.phones.c
                query = select(phones.ID, phones.TimeOut, phones.NetName, phones.Battery, phones.Signal)
                if self._phone:
                    query = query.where(phones["ID"] == self._phone)
                rows = [dict(row) for row in connection.execute(query.order_by(phones.TimeOut.desc())).mappings()]
                waiting = connection.scalar(select(func.count()).select_from(known.outbox)) or 0
                schema = "18" if known.whole else "17"
        except SendError as error:
            return [Check("database", False, f"{error}: {_TODO.get(error.code, _COMPARE)}")]
        checks = [Check("database", True, f"Gammu's tables of version {schema}")]
        checks += self._alive(rows)
        told = f"{waiting} wait to be sent" + (
            ": see that SMSD runs and the SIM has balance" if waiting > _MANY else ""
        )
        return [*checks, Check("outbox", waiting <= _MANY, told)]

    def _alive(self, rows: Sequence[dict[str, Any]]) -> list[Check]:
        if not rows:
            named = f" with PhoneID {self._phone}" if self._phone else ""
            return [Check("modem", False, f"SMSD has never run{named}: start gammu-smsd and see its log")]
        row = rows[0]
        now = self.now().astimezone(self._zone).replace(tzinfo=None)
        fresh = row["TimeOut"] is not None and row["TimeOut"] >= now
        told = f"{row['ID'] or 'the modem'} on {row['NetName'] or 'no network'}"
        stale = "no sign of life: see gammu-smsd's log, the cable, and SMS_MODEM_TIMEZONE"
        checks = [Check("modem", fresh, told if fresh else f"{told}, {stale}")]
        signal, battery = row["Signal"], row["Battery"]
        if fresh and signal is not None and signal >= 0:
            checks.append(Check("signal", signal >= 20, f"{signal} %" + ("" if signal >= 20 else ": move the antenna")))
        if fresh and battery is not None and battery > 0:
            checks.append(
                Check("battery", battery >= 20, f"{battery} %" + ("" if battery >= 20 else ": is it charged?"))
            )
        return checks

    def close(self) -> None:
        """Calling this will close the connections, if any were made."""
        if "_engine" in self.__dict__:
            self._engine.dispose()


def _told(error: SQLAlchemyError) -> SendError:
    """What a database's fault means. Its own words are left out: they quote numbers and texts."""
    name = type(error).__name__
    said = str(getattr(error, "orig", ""))
    missing = "no such" in said.lower()
    if isinstance(error, OperationalError):
        for sign, told in _CONNECTING:
            if sign.search(said):
                return Temporary(told, code="database")
    if isinstance(error, ProgrammingError) or (isinstance(error, OperationalError) and missing):
        return Misconfigured(f"Gammu's tables cannot be used ({name})", code="tables")
    if isinstance(error, DBAPIError):
        return Temporary(f"Gammu's database cannot be used ({name})", code="database")
    return Misconfigured(f"Gammu's database cannot be used ({name})", code="tables")


def _cursor(text: str) -> tuple[datetime | None, dict[str, str]]:
    try:
        kept = json.loads(text)
        return datetime.fromisoformat(kept["newest"]), dict(kept["told"])
    except (ValueError, KeyError, TypeError):
        return None, {}
