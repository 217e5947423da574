"""Fetching from a mailbox: every mail recorded once, whatever kills the reader, and no mail in another's way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event

from bot.fetching import fetch, fetched, follow
from bot.jobs import drain_inbound
from channels.mail import Mail
from dispatch.models import Cursor, EventState, Heartbeat, InboundEvent, Outbox, Ticket
from dispatch.runtime import Runtime
from tests.support.desk import rows
from tests.support.providers.mail import ImapStandIn

ME = "this process"
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


class Killed(BaseException):
    """What follows is what a kill leaves."""


def letter(uid: int, text: str = "Jalan rusak parah di Juata Laut Tarakan") -> bytes:
    return (
        f"From: Warga <warga{uid}@contoh.id>\r\nMessage-ID: <m{uid}@contoh.id>\r\nSubject: Laporan {uid}\r\n"
        f"Date: Wed, 4 Nov 2026 09:00:00 +0800\r\n\r\n{text}\r\n"
    ).encode()


@pytest.fixture
def imap() -> Iterator[ImapStandIn]:
    with ImapStandIn(mails={uid: letter(uid) for uid in range(1, 11)}).serve() as stand_in:
        yield stand_in


@pytest.fixture
def environment(environment: dict[str, str], imap: ImapStandIn) -> dict[str, str]:
    return {
        **environment,
        "MAIL_FROM": "aduan@lapor.contoh.go.id",
        "SMTP_URL": "smtp://127.0.0.1:1",
        "IMAP_URL": imap.url,
    }


@pytest.fixture
def mail(runtime: Runtime) -> Mail:
    channel = runtime.channel("mail")
    assert isinstance(channel, Mail)
    return channel


def cursor(runtime: Runtime) -> list[str]:
    with runtime.reading() as session:
        row = session.get(Cursor, "mail:aduan@lapor.contoh.go.id")
    return [row.value] if row else []


def test_what_is_new_is_read_once(runtime: Runtime, mail: Mail, imap: ImapStandIn) -> None:
    assert fetch(runtime, mail, ME, 0) == 10
    assert cursor(runtime) == ["7:10"]
    assert fetch(runtime, mail, ME, 0) == 0
    imap.mails[12] = letter(12)
    assert fetch(runtime, mail, ME, 0) == 1
    assert len(rows(runtime, InboundEvent)) == 11


@pytest.mark.parametrize("statement", [8, 10])
def test_a_reader_killed_in_the_middle_loses_nothing_and_acknowledges_nothing_twice(
    trained: Runtime, mail: Mail, statement: int
) -> None:
    seen = [0]

    def dies(*_: Any) -> None:
        seen[0] += 1
        if seen[0] == statement:
            raise Killed

    event.listen(trained.engine, "before_cursor_execute", dies)
    with pytest.raises(Killed):
        fetch(trained, mail, ME, 0)
    event.remove(trained.engine, "before_cursor_execute", dies)
    drain_inbound(trained)
    fetch(trained, mail, ME, 0)
    drain_inbound(trained)
    assert len(rows(trained, Ticket)) == 10
    assert len(rows(trained, Outbox)) == 10  # one letter each: receipt and privacy notice


def test_a_rebuilt_folder_is_read_again_and_makes_nothing_twice(
    runtime: Runtime, mail: Mail, imap: ImapStandIn
) -> None:
    fetch(runtime, mail, ME, 0)
    with runtime.writing() as session:
        session.merge(Cursor(name="mail:aduan@lapor.contoh.go.id", value="6:10", updated_at=runtime.now()))
    assert fetch(runtime, mail, ME, 0) == 10
    assert cursor(runtime) == ["7:10"]
    assert len(rows(runtime, InboundEvent)) == 10


POISON = {
    "no sender at all": b"Subject: x\r\n\r\ny\r\n",
    "nothing": b"",
    "NUL": b"\x00\x00\x00",
    "parts in parts without end": b"From: a@b.id\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    + b"--x\r\n" * 5000,
    "a broken charset": b"From: a@b.id\r\nContent-Type: text/plain; charset=klingon\r\n\r\n\xff\xfe\r\n",
}


@on_sqlite
@pytest.mark.parametrize("raw", POISON.values(), ids=POISON)
def test_a_hostile_mail_does_not_hold_up_the_next(trained: Runtime, mail: Mail, imap: ImapStandIn, raw: bytes) -> None:
    imap.mails[4] = raw
    assert fetch(trained, mail, ME, 0) == 10
    drain_inbound(trained)
    states = [row.state for row in rows(trained, InboundEvent)]
    assert len(states) == 10
    assert states.count(EventState.DONE) >= 9
    assert set(states) <= {EventState.DONE, EventState.QUARANTINED}


class Rounds:
    """Says stop after so many waits, which take no time."""

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds
        self.waits: list[float] = []

    def __call__(self, seconds: float) -> bool:
        if seconds:
            self.waits.append(seconds)
        return len(self.waits) >= self.rounds


@on_sqlite
def test_a_server_that_is_away_is_asked_ever_more_slowly_and_a_good_look_shows_that_it_lives(
    runtime: Runtime, mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(cursor: str, wait: float) -> Any:
        raise ConnectionRefusedError

    monkeypatch.setattr(mail, "pull", away)
    stopped = Rounds(8)
    follow(runtime, mail, stopped, ME)
    assert stopped.waits == [40, 80, 160, 300, 300, 300, 300, 300]
    with runtime.reading() as session:
        assert session.get(Heartbeat, "fetch mail") is None
    monkeypatch.undo()
    stopped = Rounds(1)
    follow(runtime, mail, stopped, ME)
    assert (stopped.waits, len(rows(runtime, InboundEvent))) == ([mail.pull_every], 10)
    with runtime.reading() as session:
        assert session.get(Heartbeat, "fetch mail") is not None


@on_sqlite
@pytest.mark.parametrize("imap_url", [None, ""], ids=["no mail channel", "no IMAP_URL"])
def test_without_a_mailbox_nothing_is_fetched(
    environment: dict[str, str], runtime: Runtime, imap_url: str | None
) -> None:
    from dispatch.config import Settings

    left_out = {"MAIL_FROM", "SMTP_URL", "IMAP_URL"} if imap_url is None else {"IMAP_URL"}
    wired = Runtime(Settings.read({name: value for name, value in environment.items() if name not in left_out}))
    assert fetched(wired) == {}
    wired.close()
