"""The real gammu-smsd with its dummy modem: an SMS on the SIM becomes a ticket, and our answer leaves through it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, func, select, text
from sqlmodel import col

from bot.fetching import fetch
from bot.jobs import drain_inbound
from channels.message import DeliveryState
from channels.sms_modem import SmsModem
from channels.sms_modem.tables import connect
from channels.text import segments
from dispatch.doctor import examine
from dispatch.jobs import drain
from dispatch.models import Message, Outbox, Ticket
from dispatch.runtime import Runtime, utc_now
from tests.conftest import Backend, needs
from tests.support.clock import Clock
from tests.support.providers.gammu import PHONE, SMSD, Smsd, create
from tests.support.servers import wait_until

OURS, PERSON = "+628110000999", "+628110000001"


@pytest.fixture
def gammu(request: pytest.FixtureRequest, backend: Backend, tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Gammu's own database, of the kind that ours is, and how SMSD is told of it."""
    needs(SMSD is not None, "gammu-smsd")
    if backend.name == "sqlite":
        needs(any(Path("/usr/lib").glob("*/dbd/libdbdsqlite3.so")), "libdbd-sqlite3")
        (tmp_path / "smsd.db").touch()
        url = f"sqlite:///{tmp_path / 'smsd.db'}"
        engine = connect(url)
        create(engine, 17)
        engine.dispose()
        yield url, {"Driver": "sqlite3", "DBDir": str(tmp_path), "Database": "smsd.db"}
        return
    server = request.getfixturevalue("postgres")
    name = f"g{os.urandom(6).hex()}"
    admin = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine = create_engine(server.url(name))
    create(engine, 17)
    engine.dispose()
    told = {"Driver": "native_pgsql", "Host": f"127.0.0.1:{server.port}", "User": "aduan", "Database": name}
    yield server.url(name), told
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def environment(environment: dict[str, str], gammu: tuple[str, dict[str, str]]) -> dict[str, str]:
    modem = {"SMS_MODEM_DATABASE": gammu[0], "SMS_MODEM_NUMBER": OURS, "SMS_MODEM_PHONE_ID": PHONE}
    return {**environment, **modem}


@pytest.fixture
def modem(trained: Runtime) -> SmsModem:
    channel = trained.channel("sms-modem")
    assert isinstance(channel, SmsModem)
    return channel


@pytest.fixture
def theirs(gammu: tuple[str, dict[str, str]]) -> Iterator[Engine]:
    """Gammu's database, to look into."""
    engine = connect(gammu[0])
    yield engine
    engine.dispose()


@pytest.fixture
def smsd(gammu: tuple[str, dict[str, str]], tmp_path: Path) -> Smsd:
    return Smsd(tmp_path / "modem", gammu[1])


def taken(runtime: Runtime, modem: SmsModem, count: int) -> None:
    """Fetch until so many tickets are there."""

    def there() -> bool:
        fetch(runtime, modem, "me", 0)
        drain_inbound(runtime)
        with runtime.reading() as session:
            return (session.scalar(select(func.count()).select_from(Ticket)) or 0) >= count

    wait_until(there, 30, "a ticket")


def test_an_sms_becomes_a_ticket_and_our_receipt_leaves_and_is_reported(
    trained: Runtime, modem: SmsModem, smsd: Smsd, theirs: Engine, clock: Clock
) -> None:
    sent = trained.now().replace(microsecond=0) - timedelta(days=2)
    smsd.arrives(1, PERSON, "KALTARA jalan di Juata Laut Tarakan rusak parah", sent)
    with smsd:
        taken(trained, modem, 1)
        assert [check.ok for check in modem.check() if check.name in ("database", "outbox")] == [True, True]
        while drain(trained, "sms-modem"):
            clock.forward(seconds=2)  # nobody gets two at once

        def reported() -> bool:
            fetch(trained, modem, "me", 0)
            drain_inbound(trained)
            with theirs.begin() as connection:
                left = connection.scalar(text("SELECT count(*) FROM outbox"))
                return left == 0 and bool(connection.scalar(text("SELECT count(*) FROM sentitems")))

        wait_until(reported, 40, "SMSD to send")
        fetch(trained, modem, "me", 0)
        assert fetch(trained, modem, "me", 0) == 0
    with trained.reading() as session:
        (ticket,) = session.scalars(select(Ticket)).all()
        message = session.scalars(select(Message).where(col(Message.ticket_id) == ticket.id)).first()
        assert message is not None
        assert message.sent_at == sent
        assert message.body == "KALTARA jalan di Juata Laut Tarakan rusak parah"
        rows = session.scalars(select(Outbox).order_by(col(Outbox.id))).all()
    assert {row.state for row in rows} == {DeliveryState.SENT}
    assert {row.external_id for row in rows} == {row.key for row in rows}
    with theirs.begin() as connection:
        left = connection.execute(text('SELECT "DestinationNumber", "TextDecoded" FROM sentitems ORDER BY "ID"')).all()
    assert [tuple(each) for each in left] == [(PERSON, row.body) for row in rows]
    assert all(segments(row.body).count == 1 for row in rows)


def test_a_long_sms_in_parts_is_one_ticket_and_a_long_answer_leaves_in_parts(
    trained: Runtime, modem: SmsModem, smsd: Smsd
) -> None:
    words = "Jalan di depan pasar Juata Laut Tarakan berlubang dan air tergenang setiap kali hujan turun. " * 3
    parts = [words[:150], words[150:]]
    for place, part in enumerate(parts, start=1):
        smsd.arrives(place, PERSON, part, trained.now().replace(microsecond=0), udh=f"0500034202{place:02X}")
    with smsd:
        taken(trained, modem, 1)
    with trained.reading() as session:
        bodies = list(session.scalars(select(col(Message.body)).where(col(Message.author) == "citizen")))
    assert bodies == [words] or bodies == [words.strip()]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_doctor_shows_whether_the_modem_lives(trained: Runtime, modem: SmsModem, smsd: Smsd) -> None:
    modem.now = utc_now  # SMSD goes by the true time
    assert ("modem", False) in told(trained)
    with smsd:
        wait_until(lambda: ("modem", False) not in told(trained), 20, "a sign of life")
        assert ("modem", True) in told(trained)


def told(runtime: Runtime) -> set[tuple[str, bool]]:
    """What the doctor finds of the modem."""
    return {(found.name, found.ok) for found in examine(runtime) if found.name == "modem"}
