"""SMS over a modem: rows of Gammu's tables read until they are recorded, parts joined, our own SMS put in once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest
from sqlalchemy import Engine, MetaData, create_engine, insert, select, text, update
from sqlalchemy.dialects import mysql

from channels.base import Channel, RawRequest
from channels.errors import Malformed, Misconfigured, Permanent, SendError, Temporary
from channels.message import Address, DeliveryReport, Event, InboundMessage, OutboundMessage
from channels.sms_modem import SmsModem
from channels.sms_modem.codes import ERRORS, STATES
from channels.sms_modem.inbox import waiting
from channels.sms_modem.tables import connect, flag, tables
from channels.text import segments
from tests.channels.contract import FetchedContract, SendCase, told
from tests.channels.examples_sms_modem import NOW, OURS, PAYLOADS, PUBLIC, VALUES, handed, parse_example
from tests.support.providers.gammu import PHONE, create

PERSON = "+628110000001"
#: Gammu writes local times without a zone.
RECEIVED = datetime(2026, 11, 22, 9, 58, 1, tzinfo=UTC).replace(tzinfo=None)
EXPECTED: dict[str, dict[str, Any]] = json.loads((PAYLOADS / "expected" / "events.json").read_text())


@pytest.mark.parametrize("stem", EXPECTED)
def test_payload(stem: str) -> None:
    wanted = EXPECTED[stem]
    if "malformed" in wanted:
        with pytest.raises(Malformed, match=wanted["malformed"]):
            parse_example(stem)
        return
    events = [told(event) for event in parse_example(stem)]
    for event in events:
        assert event.pop("channel") == "sms"
        assert event.pop("account") == OURS
        assert event.pop("external_id")
    assert events == wanted["events"]


def test_every_payload_is_expected() -> None:
    assert sorted(EXPECTED) == sorted(path.stem for path in PAYLOADS.glob("*.json"))


def sms(text: str, **more: Any) -> bytes:
    """One SMS of one part, as a look hands it over."""
    row = {
        "row": 1, "group": "row:1", "sequence": 1, "total": 1, "sender": PERSON, "received": "", "text": text,
        "coding": "", "phone": PHONE, **more,
    }  # fmt: skip
    return json.dumps({"sms": [row], "after": []}).encode()


class TestSmsModem(FetchedContract):
    """There is no request: what a look into Gammu's tables finds is handed to ``parse`` by the fetcher."""

    secrets = ("rahasia",)
    recipient = Address("tel", PERSON)
    stranger = Address("sms", "CONTOHSEL")
    send_cases = (
        SendCase("the tables are not Gammu's", "UPDATE gammu SET Version = 99", Misconfigured, "version"),
        SendCase("no version", "DELETE FROM gammu", Misconfigured, "version"),
        SendCase("no outbox", "DROP TABLE outbox", Misconfigured, "tables"),
        SendCase("no file", "away", Misconfigured, "no-file"),
    )

    @pytest.fixture
    def channel(self, tmp_path: Path) -> Iterator[SmsModem]:
        self.file = tmp_path / "smsd.db"
        self.file.touch()
        self.engine = connect(f"sqlite:///{self.file}")
        create(self.engine, 17)
        made = SmsModem({**VALUES, "SMS_MODEM_DATABASE": f"sqlite:///{self.file}"}, PUBLIC)
        yield made
        made.close()
        self.engine.dispose()

    def message(self, text: str) -> bytes:
        return sms(text)

    def genuine(self, body: bytes) -> RawRequest:
        return handed(body)

    def arrange(self, plan: str) -> None:
        if plan == "away":
            self.file.unlink()
            return
        with self.engine.begin() as connection:
            connection.execute(text(plan))

    def unknown(self) -> bytes:
        return json.dumps({"mms": [{"sender": PERSON}]}).encode()

    def trouble(self, what: str) -> None:
        self.arrange("away" if what == "away" else "DROP TABLE phones")


# -- Gammu's own database, both schemas, both servers


@pytest.fixture(params=[17, 18], ids=["v17", "v18"])
def version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        path = tmp_path / "smsd.db"
        path.touch()
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("postgres")
    name = f"g{os.urandom(6).hex()}"
    admin = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    yield f"{server.url('postgres')}?options=-csearch_path%3D{name}"
    with admin.connect() as connection:
        connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
    admin.dispose()


class Gammu:
    """Gammu's database from Gammu's side."""

    def __init__(self, url: str, version: int) -> None:
        self.engine: Engine = connect(url)
        self.version = version
        self.meta: MetaData = create(self.engine, version)
        self.dialect = self.engine.dialect.name

    def run(self, statement: Any) -> Any:
        with self.engine.begin() as connection:
            result = connection.execute(statement)
            return result.mappings().all() if result.returns_rows else None

    def row(self, body: str = "Lampu mati", *, part: tuple[int, int, int] | None = None, **more: Any) -> int:
        """A row of the inbox; ``part`` is reference (first row's id on schema 18), sequence and total."""
        values = {
            "ReceivingDateTime": RECEIVED,
            "SenderNumber": PERSON,
            "TextDecoded": body,
            "Text": "",
            "UDH": "",
            "RecipientID": PHONE,
            **more,
        }
        if part:
            reference, sequence, total = part
            values["UDH"] = f"050003{reference:02X}{total:02X}{sequence:02X}"
            if self.version == 18:
                values |= {"MessageID": 900 + reference, "SequencePosition": sequence, "PartCount": total}
        inbox = self.meta.tables["inbox"]
        with self.engine.begin() as connection:
            made = connection.execute(insert(inbox).values(values)).inserted_primary_key
        return int(made[0]) if made else 0

    def unprocessed(self) -> int:
        inbox = self.meta.tables["inbox"]
        return len(self.run(select(inbox).where(inbox.c.Processed == flag(self.dialect, False))))

    def all(self, table: str) -> list[dict[str, Any]]:
        found = self.meta.tables[table]
        order = [found.c["ID"], *([found.c.SequencePosition] if "SequencePosition" in found.c else [])]
        return [dict(row) for row in self.run(select(found).order_by(*order))]

    def sends(self, key: str, *statuses: str, at: datetime = RECEIVED, error: int = -1) -> None:
        """What SMSD does with an outbox row: it becomes rows of the sent items."""
        outbox, sent = self.meta.tables["outbox"], self.meta.tables["sentitems"]
        rows = self.run(select(outbox).where(outbox.c.CreatorID == f"aduan-{key}"))
        number = rows[0]["ID"] if rows else 77
        for place, status in enumerate(statuses, start=1):
            self.run(
                insert(sent).values(
                    ID=number,
                    SequencePosition=place,
                    Status=status,
                    StatusError=error,
                    CreatorID=f"aduan-{key}",
                    UpdatedInDB=at,
                )
            )
        self.run(outbox.delete().where(outbox.c["ID"] == number))

    def reports(self, key: str, status: str, place: int = 1) -> None:
        sent = self.meta.tables["sentitems"]
        self.run(
            update(sent)
            .where(sent.c.CreatorID == f"aduan-{key}", sent.c.SequencePosition == place)
            .values(Status=status)
        )


@pytest.fixture
def gammu(url: str, version: int) -> Iterator[Gammu]:
    made = Gammu(url, version)
    yield made
    made.engine.dispose()


@pytest.fixture
def channel(gammu: Gammu, url: str) -> Iterator[SmsModem]:
    made = SmsModem({"SMS_MODEM_DATABASE": url, "SMS_MODEM_NUMBER": OURS}, PUBLIC)
    made.clock = lambda: 0.0
    made.now = lambda: NOW
    yield made
    made.close()


def look(channel: Channel, cursor: str = "", most: int = 1000) -> tuple[list[Event], str]:
    """One look, of which so many items are recorded; the fetcher dies after the last."""
    found: list[Event] = []
    items = channel.pull(cursor, 0)
    for number, item in enumerate(items, start=1):
        found += channel.parse(handed(item.body))
        cursor = item.cursor or cursor
        if number == most:
            break
    items.close()
    return found, cursor


def texts(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, InboundMessage)]


def test_sms_come_in_the_order_of_their_rows_and_once(channel: SmsModem, gammu: Gammu) -> None:
    for body in ("satu", "dua", "tiga"):
        gammu.row(body)
    found, _ = look(channel)
    assert texts(found) == ["satu", "dua", "tiga"]
    assert isinstance(found[0], InboundMessage)
    assert found[0].sent_at == datetime(2026, 11, 22, 1, 58, 1, tzinfo=UTC)
    assert gammu.unprocessed() == 0
    assert look(channel)[0] == []


def test_a_row_is_marked_only_when_the_next_is_asked_for(channel: SmsModem, gammu: Gammu) -> None:
    gammu.row("satu")
    gammu.row("dua")
    first, _ = look(channel, most=1)
    assert gammu.unprocessed() == 2
    again, _ = look(channel)
    assert texts(again) == ["satu", "dua"]
    assert again[0] == first[0]  # one key: recorded once
    assert gammu.unprocessed() == 0


def test_a_row_that_is_written_before_it_is_final_is_read_when_it_is(channel: SmsModem, gammu: Gammu) -> None:
    """Schema 18 stages a row as processed and clears the mark later; a higher id may be final first."""
    inbox = gammu.meta.tables["inbox"]
    staged = gammu.row("pertama", Processed=flag(gammu.dialect, True))
    gammu.row("kedua")
    assert texts(look(channel)[0]) == ["kedua"]
    gammu.run(update(inbox).where(inbox.c["ID"] == staged).values(Processed=flag(gammu.dialect, False)))
    assert texts(look(channel)[0]) == ["pertama"]


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2), (2, 3, 1)], ids=str)
def test_parts_are_joined_in_whatever_order_they_came(channel: SmsModem, gammu: Gammu, order: tuple[int, ...]) -> None:
    words = {1: "Jalan di depan ", 2: "pasar berlubang ", 3: "dan tergenang."}
    for sequence in order:
        gammu.row(words[sequence], part=(7, sequence, 3))
    found, _ = look(channel)
    assert texts(found) == ["Jalan di depan pasar berlubang dan tergenang."]
    assert gammu.unprocessed() == 0


def test_parts_of_two_long_sms_are_not_mixed(channel: SmsModem, gammu: Gammu) -> None:
    gammu.row("A1 ", part=(7, 1, 2))
    gammu.row("B1 ", part=(8, 1, 2))
    gammu.row("lain", SenderNumber="+628110000002")
    gammu.row("B2", part=(8, 2, 2))
    gammu.row("A2", part=(7, 2, 2))
    assert texts(look(channel)[0]) == ["A1 A2", "B1 B2", "lain"]


@pytest.mark.parametrize("version", [17], indirect=True)
def test_one_reference_of_two_people_is_two_sms(channel: SmsModem, gammu: Gammu) -> None:
    gammu.row("A1 ", part=(7, 1, 2))
    gammu.row("B2", part=(7, 2, 2), SenderNumber="+628110000002")
    gammu.row("A2", part=(7, 2, 2))
    gammu.row("B1 ", part=(7, 1, 2), SenderNumber="+628110000002")
    assert texts(look(channel)[0]) == ["A1 A2", "B1 B2"]


def test_missing_parts_are_waited_for_ten_minutes_and_hold_nobody_up(channel: SmsModem, gammu: Gammu) -> None:
    gammu.row("Jalan ", part=(7, 1, 3))
    gammu.row("rusak.", part=(7, 3, 3))
    gammu.row("lain", SenderNumber="+628110000002")
    assert texts(look(channel)[0]) == ["lain"]
    channel.clock = lambda: 599.0
    assert texts(look(channel)[0]) == []
    channel.clock = lambda: 600.0
    (found,), _ = look(channel)
    assert isinstance(found, InboundMessage)
    assert (found.text, found.notes) == ("Jalan  (...) rusak.", ("parts missing: 2 of 3",))
    assert gammu.unprocessed() == 0


def test_a_part_that_comes_too_late_attaches_to_its_sms(channel: SmsModem, gammu: Gammu) -> None:
    gammu.row("Jalan ", part=(7, 1, 3))
    gammu.row("rusak.", part=(7, 3, 3))
    look(channel)
    channel.clock = lambda: 600.0
    (first,), _ = look(channel)
    gammu.row("poros ", part=(7, 2, 3))
    (late,), _ = look(channel)
    assert isinstance(first, InboundMessage)
    assert isinstance(late, InboundMessage)
    assert late.revises == first.provider_id != ""
    assert (late.text, late.notes) == ("poros ", ("a late part: 2 of 3",))
    assert late.external_id != first.external_id


@pytest.mark.parametrize("version", [17], indirect=True)
def test_a_reference_used_again_is_a_new_sms(channel: SmsModem, gammu: Gammu) -> None:
    for body in ("satu", "dua"):
        gammu.row(f"{body} a ", part=(7, 1, 2))
        gammu.row(f"{body} b", part=(7, 2, 2))
        (found,), _ = look(channel)
        assert isinstance(found, InboundMessage)
        assert (found.text, found.revises) == (f"{body} a {body} b", "")


def test_a_database_set_up_anew_gives_new_keys() -> None:
    keys = set()
    for received in ("2026-11-22 09:58:01", "2026-12-01 08:00:00"):
        body = sms("Lampu", received=received)
        keys |= {event.external_id for event in SmsModem(VALUES, PUBLIC).parse(handed(body))}
    assert len(keys) == 2


def test_only_the_rows_of_our_modem_are_read(gammu: Gammu, url: str) -> None:
    gammu.row("milik kami")
    gammu.row("modem lain", RecipientID="modem2")
    channel = SmsModem({**VALUES, "SMS_MODEM_DATABASE": url, "SMS_MODEM_PHONE_ID": PHONE}, PUBLIC)
    assert texts(look(channel)[0]) == ["milik kami"]
    assert gammu.unprocessed() == 1
    channel.close()


# -- out


def outbound(key: str = "a1b2c3", body: str = "Laporan diterima.", **more: Any) -> OutboundMessage:
    return OutboundMessage(key=key, recipient=Address("tel", PERSON), text=body, **more)


def test_a_short_sms_is_one_row(channel: SmsModem, gammu: Gammu) -> None:
    receipt = channel.send(outbound(body="Laporan “A” diterima…"))
    assert (receipt.external_id, receipt.parts) == ("a1b2c3", 1)
    (row,) = gammu.all("outbox")
    kept = {name: row[name] for name in ("DestinationNumber", "TextDecoded", "Coding", "UDH", "CreatorID", "Class")}
    assert kept == {
        "DestinationNumber": PERSON,
        "TextDecoded": 'Laporan "A" diterima...',
        "Coding": "Default_No_Compression",
        "UDH": None,
        "CreatorID": "aduan-a1b2c3",
        "Class": -1,
    }
    assert (row["DeliveryReport"], row["RelativeValidity"], row["Status"]) == ("yes", 173, "Reserved")
    assert row["MultiPart"] in (False, "false")


GSM, UCS = "Default_No_Compression", "Unicode_No_Compression"
LONG: dict[str, tuple[list[str], str]] = {
    "two parts": (["a" * 153, "a" * 8], GSM),
    "three parts": (["a" * 153, "a" * 153, "a" * 153], GSM),
    "an escape on the seam": (["a" * 152, "€" + "a" * 100], GSM),
    "another script": (["你" * 67, "你" * 4], UCS),
    "a pair on the seam": (["你" * 66, "𠮷" * 3], UCS),
}


@pytest.mark.parametrize(("parts", "coding"), LONG.values(), ids=LONG)
def test_a_long_sms_is_numbered_parts(channel: SmsModem, gammu: Gammu, parts: list[str], coding: str) -> None:
    assert channel.send(outbound(body="".join(parts))).parts == len(parts) == segments("".join(parts)).count
    (first,), others = gammu.all("outbox"), gammu.all("outbox_multipart")
    rows = [first, *others]
    assert [row["TextDecoded"] for row in rows] == parts
    assert {row["ID"] for row in rows} == {first["ID"]}
    assert [row["SequencePosition"] for row in others] == list(range(2, len(rows) + 1))
    assert {(row["Coding"], row["Class"]) for row in rows} == {(coding, 1)}
    header = f"050003{first['ID'] % 256:02X}{len(parts):02X}"
    assert [row["UDH"] for row in rows] == [f"{header}{number:02X}" for number in range(1, len(parts) + 1)]
    assert first["MultiPart"] in (True, "true")


def test_two_long_sms_have_two_references(channel: SmsModem, gammu: Gammu) -> None:
    channel.send(outbound("k1", "a" * 200))
    channel.send(outbound("k2", "b" * 200))
    assert len({row["UDH"] for row in gammu.all("outbox")}) == 2


@pytest.mark.parametrize("sent", [False, True], ids=["waiting", "sent"])
def test_a_second_try_finds_the_first(channel: SmsModem, gammu: Gammu, sent: bool) -> None:
    first = channel.send(outbound(body="a" * 200))
    if sent:
        gammu.sends("a1b2c3", "SendingOK", "SendingOK")
    assert channel.send(outbound(body="a" * 200)) == first
    assert len(gammu.all("outbox")) == (0 if sent else 1)


def test_an_id_that_was_sent_before_is_not_used_again(channel: SmsModem, gammu: Gammu) -> None:
    """MySQL forgets the ids of an emptied outbox."""
    sent = gammu.meta.tables["sentitems"]
    for number in (1, 2, 3):
        gammu.run(insert(sent).values(ID=number, SequencePosition=1, CreatorID="x"))
    channel.send(outbound(body="a" * 200))
    assert [row["ID"] for row in gammu.all("outbox")] == [4]
    assert [row["ID"] for row in gammu.all("outbox_multipart")] == [4]


def test_the_modem_is_named_where_it_is_set(gammu: Gammu, url: str) -> None:
    channel = SmsModem({**VALUES, "SMS_MODEM_DATABASE": url, "SMS_MODEM_PHONE_ID": PHONE}, PUBLIC)
    channel.send(outbound())
    assert [row["SenderID"] for row in gammu.all("outbox")] == [PHONE]
    channel.close()


@pytest.mark.parametrize("address", [Address("sms", "CONTOHSEL"), Address("telegram", "4711"), Address("tel", "1708")])
def test_what_is_no_number_is_refused_for_good(channel: SmsModem, address: Address) -> None:
    with pytest.raises(Permanent) as caught:
        channel.send(OutboundMessage(key="k", recipient=address, text="x"))
    assert address.value not in str(caught.value)


def test_nothing_half_done_is_left_when_a_part_cannot_be_written(channel: SmsModem, gammu: Gammu) -> None:
    gammu.run(text("DROP TABLE outbox_multipart"))
    with pytest.raises(SendError) as caught:
        channel.send(outbound(body="a" * 200))
    assert PERSON not in str(caught.value)
    assert gammu.all("outbox") == []


# -- what became of ours


def states(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.message_id, str(event.state)) for event in events if isinstance(event, DeliveryReport)]


def test_each_change_of_an_sms_is_told_once(channel: SmsModem, gammu: Gammu) -> None:
    channel.send(outbound())
    found, cursor = look(channel)
    assert states(found) == []
    gammu.sends("a1b2c3", "SendingOK")
    found, cursor = look(channel, cursor)
    assert states(found) == [("a1b2c3", "sent")]
    assert look(channel, cursor) == ([], cursor)
    gammu.reports("a1b2c3", "DeliveryOK")
    found, later = look(channel, cursor)
    assert states(found) == [("a1b2c3", "delivered")]
    assert look(channel, later)[0] == []
    assert states(look(channel, cursor)[0]) == [("a1b2c3", "delivered")]  # not recorded: told again


def test_the_worst_part_speaks_for_the_message(channel: SmsModem, gammu: Gammu) -> None:
    channel.send(outbound(body="a" * 400))
    gammu.sends("a1b2c3", "DeliveryOK", "SendingOK", "DeliveryOK")
    found, cursor = look(channel)
    assert states(found) == [("a1b2c3", "sent")]
    gammu.reports("a1b2c3", "DeliveryOK", 2)
    found, cursor = look(channel, cursor)
    assert states(found) == [("a1b2c3", "delivered")]
    gammu.reports("a1b2c3", "DeliveryFailed", 3)
    assert states(look(channel, cursor)[0]) == [("a1b2c3", "failed")]


def test_parts_still_in_the_outbox_are_not_yet_told(channel: SmsModem, gammu: Gammu) -> None:
    channel.send(outbound(body="a" * 200))
    sent = gammu.meta.tables["sentitems"]
    gammu.run(insert(sent).values(ID=1, SequencePosition=1, Status="DeliveryOK", CreatorID="aduan-a1b2c3"))
    assert look(channel)[0] == []


def test_what_other_programs_send_is_not_told(channel: SmsModem, gammu: Gammu) -> None:
    sent = gammu.meta.tables["sentitems"]
    gammu.run(insert(sent).values(ID=5, SequencePosition=1, Status="SendingOK", CreatorID="Gammu 1.42.0"))
    assert look(channel)[0] == []


def test_many_reports_are_told_once_each_and_the_cursor_stays_small(channel: SmsModem, gammu: Gammu) -> None:
    cursor = ""
    for hour in range(8):
        key = f"k{hour}"
        channel.send(outbound(key))
        gammu.sends(key, "SendingOK", at=RECEIVED + timedelta(hours=hour))
        found, cursor = look(channel, cursor)
        assert states(found) == [(key, "sent")]
    assert len(json.loads(cursor)["told"]) <= 2


def test_a_refusal_carries_the_modem_s_own_number(channel: SmsModem, gammu: Gammu) -> None:
    channel.send(outbound())
    gammu.sends("a1b2c3", "SendingError", error=500)
    (report,) = look(channel)[0]
    assert isinstance(report, DeliveryReport)
    assert report.error_code == "500"
    assert set(STATES) == {"SendingOK", "SendingOKNoReport", "SendingError", "DeliveryOK", "DeliveryFailed",
                           "DeliveryPending", "DeliveryUnknown", "Error"}  # fmt: skip
    assert {"500", "SendingError", "DeliveryFailed", "Error"} <= ERRORS.keys()


# -- is it well


def outcome(channel: SmsModem) -> dict[str, bool]:
    return {check.name: check.ok for check in channel.check()}


def beat(gammu: Gammu, after: timedelta, **more: Any) -> None:
    """A sign of life of the modem, good until so long after ten o'clock in Makassar."""
    until = NOW.replace(tzinfo=None) + timedelta(hours=8) + after
    values = {"IMEI": "999", "ID": PHONE, "TimeOut": until, "NetName": "CONTOHSEL", "Battery": 100, "Signal": 42}
    gammu.run(insert(gammu.meta.tables["phones"]).values({**values, **more}))


def test_all_is_well(channel: SmsModem, gammu: Gammu) -> None:
    beat(gammu, timedelta(seconds=10))
    assert outcome(channel) == {"database": True, "modem": True, "signal": True, "battery": True, "outbox": True}


CHECKS: dict[str, tuple[timedelta, dict[str, Any], str]] = {
    "no sign of life": (timedelta(seconds=-1), {}, "modem"),
    "no signal": (timedelta(minutes=1), {"Signal": 5}, "signal"),
    "battery low": (timedelta(minutes=1), {"Battery": 9}, "battery"),
}


@pytest.mark.parametrize(("after", "values", "name"), CHECKS.values(), ids=CHECKS)
def test_what_is_wrong_is_named(
    channel: SmsModem, gammu: Gammu, after: timedelta, values: dict[str, Any], name: str
) -> None:
    beat(gammu, after, **values)
    assert [each for each, ok in outcome(channel).items() if not ok] == [name]


def test_a_modem_that_never_ran_and_a_full_outbox_are_told(
    channel: SmsModem, gammu: Gammu, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.sms_modem._MANY", 2)
    for number in range(3):
        channel.send(outbound(f"k{number}"))
    assert outcome(channel) == {"database": True, "modem": False, "outbox": False}


def test_another_schema_is_told(channel: SmsModem, gammu: Gammu) -> None:
    gammu.run(update(gammu.meta.tables["gammu"]).values(Version=19))
    with pytest.raises(Misconfigured):
        list(channel.pull("", 0))
    assert outcome(channel) == {"database": False}


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("sqlite:////nowhere/at/all.db", Misconfigured),
        ("postgresql+psycopg://gammu:rahasia@127.0.0.1:1/smsd", Temporary),
        ("mysql+pymysql://gammu:rahasia@127.0.0.1:1/smsd", Temporary),
    ],
    ids=["no file", "no PostgreSQL", "no MySQL"],
)
def test_a_database_that_is_away_is_told_without_its_password(url: str, error: type[SendError]) -> None:
    channel = SmsModem({**VALUES, "SMS_MODEM_DATABASE": url}, PUBLIC)
    with pytest.raises(error) as caught:
        channel.send(outbound())
    assert "rahasia" not in str(caught.value)
    (check,) = channel.check()
    assert not check.ok
    assert "rahasia" not in check.detail
    channel.close()


def by_mysql(number: int, words: str) -> Exception:
    return pymysql.err.OperationalError(number, words)


def by_postgresql(words: str) -> Exception:
    return psycopg.OperationalError(
        f'connection failed: connection to server at "127.0.0.1", port 5432 failed: {words}'
    )


_SIGN_IN, _NAME, _AWAY = "refuses user or password", "no database of that name", "cannot be reached"
#: What a server says to who opens a connection → what the check says; nothing of its own words.
CONNECTING: dict[str, tuple[Exception, str]] = {
    "MySQL, wrong password": (
        by_mysql(1045, "Access denied for user 'rahasia'@'localhost' (using password: YES)"),
        _SIGN_IN,
    ),
    "MySQL, wrong database": (by_mysql(1049, "Unknown database 'rahasia'"), _NAME),
    "MySQL, no right to it": (by_mysql(1044, "Access denied for user 'rahasia'@'%' to database 'rahasia'"), _NAME),
    "MySQL, wrong host": (by_mysql(2003, "Can't connect to MySQL server on 'rahasia' ([Errno 111])"), _AWAY),
    "PostgreSQL, wrong password": (
        by_postgresql('FATAL:  password authentication failed for user "rahasia"'),
        _SIGN_IN,
    ),
    "PostgreSQL, wrong user": (by_postgresql('FATAL:  role "rahasia" does not exist'), _SIGN_IN),
    "PostgreSQL, not let in": (by_postgresql('FATAL:  no pg_hba.conf entry for host "rahasia"'), _SIGN_IN),
    "PostgreSQL, wrong database": (by_postgresql('FATAL:  database "rahasia" does not exist'), _NAME),
    "PostgreSQL, wrong port": (by_postgresql("Connection refused\n\tIs the server running on that host?"), _AWAY),
    "PostgreSQL, wrong host": (psycopg.OperationalError("failed to resolve host 'rahasia': [Errno -2]"), _AWAY),
    "another one": (psycopg.OperationalError("SSL connection has been closed: rahasia"), "OperationalError"),
}


@pytest.mark.parametrize(("fault", "told"), CONNECTING.values(), ids=CONNECTING)
def test_password_host_and_database_are_told_apart(
    monkeypatch: pytest.MonkeyPatch, fault: Exception, told: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise fault

    driver = pymysql if isinstance(fault, pymysql.err.Error) else psycopg
    monkeypatch.setattr(driver, "connect", refuse)
    if driver is psycopg:
        monkeypatch.setattr(psycopg.Connection, "connect", refuse)
    name = "mysql+pymysql" if driver is pymysql else "postgresql+psycopg"
    channel = SmsModem({**VALUES, "SMS_MODEM_DATABASE": f"{name}://gammu:x@127.0.0.1:1/smsd"}, PUBLIC)
    (line,) = channel.check()
    channel.close()
    assert (line.name, line.ok) == ("database", False)
    assert told in line.detail
    assert "compare SMS_MODEM_DATABASE with smsdrc" in line.detail
    assert "rahasia" not in line.detail


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "smsd.db").write_bytes(b"no database at all, only some words" * 50)
    channel = SmsModem({**VALUES, "SMS_MODEM_DATABASE": f"sqlite:///{tmp_path / 'smsd.db'}"}, PUBLIC)
    with pytest.raises(SendError):
        list(channel.pull("", 0))
    channel.close()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("SMS_MODEM_DATABASE", "not an address"),
        ("SMS_MODEM_DATABASE", "oracle://gammu@127.0.0.1/smsd"),
        ("SMS_MODEM_DATABASE", "sqlite://"),
        ("SMS_MODEM_NUMBER", "0811"),
        ("SMS_MODEM_TIMEZONE", "WITA"),
        ("SMS_MODEM_TIMEZONE", "../passwd"),
    ],
)
def test_a_setting_of_the_wrong_form_is_a_fault(setting: str, value: str) -> None:
    (fault,) = SmsModem.faults({**VALUES, setting: value})
    assert setting in fault


def test_account_and_contact() -> None:
    channel = SmsModem(VALUES, PUBLIC)
    assert SmsModem.faults(VALUES) == []
    assert (channel.account, channel.contact, channel.pull_every) == (OURS, (OURS, f"sms:{OURS}"), 5.0)


def test_the_statements_are_mysql_s_too() -> None:
    class Seen:
        dialect = mysql.dialect()

        def execute(self, statement: Any) -> Any:
            self.text = str(statement.compile(dialect=self.dialect))
            return self

        def mappings(self) -> list[Any]:
            return []

    seen = Seen()
    for number in (17, 18):
        assert waiting(seen, tables("mysql", number), PHONE) == []  # type: ignore[arg-type]
        assert "CAST(inbox.`ReceivingDateTime` AS CHAR)" in seen.text
        assert ("`MessageID`" in seen.text) is (number == 18)
