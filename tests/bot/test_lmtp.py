"""Mail by LMTP: taken only once it is committed, each recipient answered, nothing that is not ours."""

from __future__ import annotations

import asyncio
import smtplib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from bot import lmtp
from bot.jobs import drain_inbound
from channels.mail import Mail
from dispatch.models import EventState, InboundEvent, Message, Ticket
from dispatch.runtime import Runtime
from tests.support.desk import rows
from tests.support.lmtp import served
from tests.support.servers import free_port

ADDRESS = "aduan@lapor.contoh.go.id"
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def letter(number: int = 1, text: str = "Jalan rusak parah di Juata Laut Tarakan", **headers: str) -> bytes:
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"From: Warga <warga@contoh.id>\r\nMessage-ID: <m{number}@contoh.id>\r\nSubject: Laporan\r\n{more}"
    return f"{head}\r\n{text}\r\n".encode()


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return {
        **environment,
        "MAIL_FROM": ADDRESS,
        "SMTP_URL": "smtp://127.0.0.1:1",
        "MAIL_HOOK_SECRET": "rahasia-kait-surat-untuk-uji",
        "LMTP_BIND": f"127.0.0.1:{free_port()}",
    }


@pytest.fixture
def place(runtime: Runtime) -> Iterator[tuple[str, int]]:
    bind = runtime.settings.values["LMTP_BIND"]
    with served(runtime, bind):
        host, _, port = bind.rpartition(":")
        yield host, int(port)


@contextmanager
def client(place: tuple[str, int]) -> Iterator[smtplib.LMTP]:
    talk = smtplib.LMTP(*place, local_hostname="mx.contoh.id", timeout=10)
    try:
        yield talk
    finally:
        talk.close()


def hand_over(
    place: tuple[str, int], raw: bytes, *recipients: str, sender: str = "warga@contoh.id"
) -> list[tuple[int, bytes]]:
    """One mail, by the wire: the answers to the content, one for each recipient."""
    with client(place) as talk:
        talk.ehlo_or_helo_if_needed()
        talk.mail(sender)
        for each in recipients or (ADDRESS,):
            assert talk.rcpt(each)[0] == 250
        answers = [talk.data(raw)]
        answers += [talk.getreply() for _ in recipients[1:]]
        talk.quit()
    return answers


def codes(answers: list[tuple[int, bytes]]) -> list[int]:
    return [code for code, _ in answers]


def test_a_mail_is_taken_once_it_is_committed(trained: Runtime, place: tuple[str, int]) -> None:
    assert codes(hand_over(place, letter())) == [250]
    assert [row.external_id for row in rows(trained, InboundEvent)] == ["m1@contoh.id"]
    drain_inbound(trained)
    assert len(rows(trained, Ticket)) == 1


def test_the_same_mail_again_is_taken_and_makes_nothing(runtime: Runtime, place: tuple[str, int]) -> None:
    assert codes(hand_over(place, letter()) + hand_over(place, letter())) == [250, 250]
    assert len(rows(runtime, InboundEvent)) == 1


@on_sqlite
def test_several_of_our_addresses_are_one_mail_and_each_is_answered(runtime: Runtime, place: tuple[str, int]) -> None:
    channel = runtime.channel("mail")
    assert isinstance(channel, Mail)
    signed = channel.reply_address("KU-7MPA-3QRW")
    assert codes(hand_over(place, letter(), ADDRESS, signed, ADDRESS.upper())) == [250, 250, 250]
    [row] = rows(runtime, InboundEvent)
    assert row.payload["thread"] == "KU-7MPA-3QRW"


REFUSED = ("warga@contoh.id", "aduanku@lapor.contoh.go.id", "aduan@lain.contoh.go.id", "aduan@lapor.contoh.go.id.id")


@on_sqlite
@pytest.mark.parametrize("address", REFUSED)
def test_what_is_not_ours_is_refused(runtime: Runtime, place: tuple[str, int], address: str) -> None:
    with client(place) as talk:
        talk.ehlo_or_helo_if_needed()
        talk.mail("warga@contoh.id")
        assert talk.rcpt(address)[0] == 550
        assert talk.rcpt(f"aduan+apa@{ADDRESS.partition('@')[2]}")[0] == 250


@on_sqlite
def test_a_database_that_is_away_keeps_the_mail_with_its_sender(
    runtime: Runtime, place: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OperationalError("insert", {}, Exception("gone"))

    monkeypatch.setattr(runtime, "writing", away)
    assert codes(hand_over(place, letter(), ADDRESS, f"aduan+x@{ADDRESS.partition('@')[2]}")) == [451, 451]
    monkeypatch.undo()
    assert codes(hand_over(place, letter())) == [250]
    assert len(rows(runtime, InboundEvent)) == 1


@on_sqlite
def test_a_mail_too_large_is_refused_for_each_recipient(runtime: Runtime, place: tuple[str, int]) -> None:
    plus = f"aduan+x@{ADDRESS.partition('@')[2]}"
    large = letter(text="x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 170_000)
    assert codes(hand_over(place, large, ADDRESS, plus)) == [552, 552]
    with client(place) as talk:
        talk.ehlo_or_helo_if_needed()
        assert talk.mail("warga@contoh.id", ["SIZE=99000000"])[0] == 552
    assert codes(hand_over(place, letter())) == [250]
    assert len(rows(runtime, InboundEvent)) == 1


ODD: dict[str, tuple[bytes, str]] = {
    "a line of 200000 characters": (letter(text="x" * 200_000), EventState.NEW),
    "bare dots": (letter(text=".\r\n..\r\nsatu"), EventState.NEW),
    "eight bits": (letter(text="Café – rusak"), EventState.NEW),
    "no sender": (b"Subject: x\r\n\r\ny\r\n", EventState.QUARANTINED),
    "nothing": (b"\r\n", EventState.QUARANTINED),
}


@on_sqlite
@pytest.mark.parametrize(("raw", "state"), ODD.values(), ids=ODD.keys())
def test_what_cannot_be_read_is_kept_all_the_same(
    runtime: Runtime, place: tuple[str, int], raw: bytes, state: str
) -> None:
    assert codes(hand_over(place, raw)) == [250]
    [row] = rows(runtime, InboundEvent)
    assert row.state == state


@on_sqlite
def test_the_envelope_is_believed_and_the_mails_own_copy_of_it_is_not(runtime: Runtime, place: tuple[str, int]) -> None:
    channel = runtime.channel("mail")
    assert isinstance(channel, Mail)
    forged = {"X_Aduan_Envelope_To": channel.reply_address("KU-7MPA-3QRW"), "X_Aduan_Envelope_From": "<>"}
    hand_over(place, letter(1, **forged))
    hand_over(place, letter(2), channel.reply_address("KU-7MPA-3QRW"), sender="")
    first, second = rows(runtime, InboundEvent)
    assert (first.payload["thread"], first.payload["automatic"]) == ("", False)
    assert (second.payload["thread"], second.payload["automatic"]) == ("KU-7MPA-3QRW", True)
    assert rows(runtime, Message) == []


@on_sqlite
def test_a_listener_that_ends_between_two_mails_loses_none(runtime: Runtime) -> None:
    bind = runtime.settings.values["LMTP_BIND"]
    where = ("127.0.0.1", int(bind.rpartition(":")[2]))
    for number in (1, 2):
        with served(runtime, bind):
            assert codes(hand_over(where, letter(number))) == [250]
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(where, timeout=1)
    assert len(rows(runtime, InboundEvent)) == 2


@on_sqlite
def test_a_caller_whose_own_loop_runs_leaves_the_listener_alone(runtime: Runtime) -> None:
    bind = runtime.settings.values["LMTP_BIND"]

    async def beside_another_loop() -> list[int]:
        with served(runtime, bind):
            return codes(hand_over(("127.0.0.1", int(bind.rpartition(":")[2])), letter()))

    assert asyncio.run(beside_another_loop()) == [250]


@on_sqlite
def test_a_socket_file_serves_as_well_and_a_dead_ones_is_replaced(runtime: Runtime, tmp_path: Path) -> None:
    path = tmp_path / "l.sock"
    path.touch()
    with served(runtime, f"unix:{path}"):
        assert path.stat().st_mode & 0o777 == 0o660
        assert codes(hand_over((str(path), 0), letter())) == [250]
    assert not path.exists()
    assert len(rows(runtime, InboundEvent)) == 1


class Stopped:
    """A stop that comes at the first look."""

    def __init__(self, seen: Callable[[], None]) -> None:
        self.seen = seen

    def wait(self, seconds: float) -> bool:
        self.seen()
        return True


@on_sqlite
def test_the_process_serves_until_it_is_stopped(runtime: Runtime) -> None:
    where = ("127.0.0.1", int(runtime.settings.values["LMTP_BIND"].rpartition(":")[2]))
    answered: list[int] = []
    status = lmtp._body(runtime, Stopped(lambda: answered.extend(codes(hand_over(where, letter())))))  # type: ignore[arg-type]
    assert (status, answered) == (0, [250])


@on_sqlite
def test_a_place_that_is_taken_ends_the_process_with_a_fault(runtime: Runtime) -> None:
    bind = runtime.settings.values["LMTP_BIND"]
    with served(runtime, bind):
        assert lmtp._body(runtime, Stopped(lambda: None)) == 1  # type: ignore[arg-type]


@on_sqlite
def test_without_a_place_to_listen_the_process_ends_content(environment: dict[str, str]) -> None:
    from dispatch.config import Settings

    off = Runtime(Settings.read({name: value for name, value in environment.items() if name != "LMTP_BIND"}))
    assert lmtp._body(off, Stopped(lambda: pytest.fail("it waited"))) == 0  # type: ignore[arg-type]
    off.close()
