"""Gammu's side of a modem: its tables with the columns SMSD asks for, a modem that never was, and SMSD itself.

The tables are written from what the vendor documents; schema 17 is what distributions ship, 18 numbers inbound parts.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Engine,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    Time,
    insert,
    text,
)

SMSD = shutil.which("gammu-smsd")
PHONE = "modem1"
_NOW = {"sqlite": "(datetime('now'))", "postgresql": "LOCALTIMESTAMP(0)", "mysql": "CURRENT_TIMESTAMP"}
#: What Gammu's own scripts set up: a changed row bears the time of its change.
_TOUCHED = {
    "sqlite": (
        "CREATE TRIGGER update_sentitems_time UPDATE ON sentitems BEGIN"
        " UPDATE sentitems SET UpdatedInDB = datetime('now') WHERE ID = old.ID; END",
    ),
    "postgresql": (
        "CREATE FUNCTION touched() RETURNS trigger AS"
        " 'BEGIN NEW.\"UpdatedInDB\" := LOCALTIMESTAMP(0); RETURN NEW; END' LANGUAGE plpgsql",
        "CREATE TRIGGER touched BEFORE UPDATE ON sentitems FOR EACH ROW EXECUTE PROCEDURE touched()",
    ),
}


def schema(dialect: str, version: int) -> MetaData:
    """Gammu's tables for a dialect, with their defaults."""
    meta, now = MetaData(), text(_NOW[dialect])
    flag = Boolean if dialect == "postgresql" else String(5)

    def stamp(name: str, **more: Any) -> Column[Any]:
        return Column(name, DateTime, server_default=now, **more)

    def word(name: str, default: str = "", **more: Any) -> Column[Any]:
        return Column(name, Text, server_default=default, **more)

    def number(name: str, default: int = -1) -> Column[Any]:
        return Column(name, Integer, server_default=str(default))

    parts = [number("MessageID", 0), number("SequencePosition", 1), number("PartCount", 1)]
    Table("gammu", meta, Column("Version", SmallInteger, primary_key=True, autoincrement=False))
    Table(
        "inbox", meta, stamp("UpdatedInDB"), stamp("ReceivingDateTime"), word("Text"), word("SenderNumber"),
        word("Coding", "Default_No_Compression"), word("UDH"), word("SMSCNumber"), number("Class"), word("TextDecoded"),
        Column("ID", Integer, primary_key=True), word("RecipientID"), Column("Processed", flag, server_default="false"),
        number("Status"), *([stamp("InsertIntoDB"), *parts] if version >= 18 else []),
        sqlite_autoincrement=True,
    )  # fmt: skip
    Table(
        "outbox", meta, stamp("UpdatedInDB"), stamp("InsertIntoDB"), stamp("SendingDateTime"),
        Column("SendBefore", Time, server_default="23:59:59"), Column("SendAfter", Time, server_default="00:00:00"),
        Column("Text", Text), word("DestinationNumber"), word("Coding", "Default_No_Compression"), Column("UDH", Text),
        number("Class"), word("TextDecoded"), Column("ID", Integer, primary_key=True),
        Column("MultiPart", flag, server_default="false"), number("RelativeValidity"), Column("SenderID", Text),
        stamp("SendingTimeOut"), word("DeliveryReport", "default"), Column("CreatorID", Text, nullable=False),
        number("Retries", 0), number("Priority", 0), word("Status", "Reserved"), number("StatusCode"),
        *([number("SendDays", 127)] if version >= 18 else []),
        sqlite_autoincrement=True,
    )  # fmt: skip
    Table(
        "outbox_multipart", meta, Column("Text", Text), word("Coding", "Default_No_Compression"), Column("UDH", Text),
        number("Class"), Column("TextDecoded", Text), Column("ID", Integer, primary_key=True, autoincrement=False),
        Column("SequencePosition", Integer, primary_key=True, autoincrement=False), word("Status", "Reserved"),
        number("StatusCode"),
    )  # fmt: skip
    Table(
        "sentitems", meta, stamp("UpdatedInDB"), stamp("InsertIntoDB"), stamp("SendingDateTime"),
        Column("DeliveryDateTime", DateTime), word("Text"), word("DestinationNumber"),
        word("Coding", "Default_No_Compression"), word("UDH"), word("SMSCNumber"), number("Class"), word("TextDecoded"),
        Column("ID", Integer, primary_key=True, autoincrement=False), word("SenderID"),
        Column("SequencePosition", Integer, primary_key=True, autoincrement=False), word("Status", "SendingOK"),
        number("StatusError"), number("TPMR"), number("RelativeValidity"), word("CreatorID"), number("StatusCode"),
    )  # fmt: skip
    Table(
        "phones", meta, word("ID"), stamp("UpdatedInDB"), stamp("InsertIntoDB"), stamp("TimeOut"), word("Send", "no"),
        word("Receive", "no"), Column("IMEI", String(35), primary_key=True), word("IMSI"), word("NetCode", "ERROR"),
        word("NetName", "ERROR"), word("Client"), number("Battery"), number("Signal"), number("Sent", 0),
        number("Received", 0),
    )  # fmt: skip
    return meta


def create(engine: Engine, version: int) -> MetaData:
    """Set a database up as Gammu's own script does, and give its tables."""
    meta = schema(engine.dialect.name, version)
    meta.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(meta.tables["gammu"]).values(Version=version))
        for statement in _TOUCHED.get(engine.dialect.name, ()):
            connection.execute(text(statement))
    return meta


@dataclass
class Smsd:
    """Gammu SMSD over its dummy modem, whose SIM is a folder. ``with`` starts and stops it; times are WITA."""

    folder: Path
    database: dict[str, str]
    zone: str = "Asia/Makassar"
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.sim = self.folder / "phone" / "sms" / "1"
        for number in range(1, 6):
            (self.folder / "phone" / "sms" / str(number)).mkdir(parents=True, exist_ok=True)
        lines = [
            "[gammu]", "model = dummy", "connection = none", f"port = {self.folder / 'phone'}",
            "[smsd]", "Service = SQL", f"PhoneID = {PHONE}", f"LogFile = {self.folder / 'smsd.log'}",
            "DebugLevel = 1", "CommTimeout = 1", "SendTimeout = 2", "ReceiveFrequency = 1", "StatusFrequency = 1",
            *(f"{name} = {value}" for name, value in self.database.items()),
        ]  # fmt: skip
        self.config = self.folder / "smsdrc"
        self.config.write_text("\n".join(lines) + "\n")

    def arrives(self, place: int, sender: str, body: str, sent: datetime, udh: str = "") -> None:
        """An SMS lands on the SIM; ``sent`` is aware."""
        utc = sent.astimezone().utctimetuple()
        stamp = f"{utc.tm_year:04}{utc.tm_mon:02}{utc.tm_mday:02}T{utc.tm_hour:02}{utc.tm_min:02}{utc.tm_sec:02}"
        encoded = body.encode("utf-16-be").hex().upper()
        lines = [
            "[SMSBackup000]", 'SMSC = "+628110000000"', f"Sent = {stamp}", "State = UnRead", f'Number = "{sender}"',
            f"Coding = {'Default' if body.isascii() else 'Unicode'}", "Folder = 1", f"Length = {len(body)}",
            "Class = -1", "ReplySMSC = False", "RejectDuplicates = False", "ReplaceMessage = 0",
            "MessageReference = 0", *([f"UDH = {udh}"] if udh else []),
            *(f"Text{n:02} = {encoded[start : start + 200]}" for n, start in enumerate(range(0, len(encoded), 200))),
        ]  # fmt: skip
        whole = self.folder / f"arriving-{place}"
        whole.write_text("\n".join(lines) + "\n")
        whole.rename(self.sim / str(place))

    def __enter__(self) -> Smsd:
        environment = {**os.environ, "TZ": self.zone, "HOME": str(self.folder), "PGUSER": "aduan"}
        self._process = subprocess.Popen(
            [SMSD or "gammu-smsd", "-c", self.config],
            env=environment,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(timeout=20)

    def log(self) -> str:
        """What SMSD wrote down so far."""
        path = self.folder / "smsd.log"
        return path.read_text(errors="replace") if path.exists() else ""
