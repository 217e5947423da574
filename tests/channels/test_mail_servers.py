"""Mail with the servers operators run: mailboxes in Dovecot, mail carried by Postfix, the whole trip through both."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from imap_tools import MailMessage

from bot.fetching import fetch
from bot.jobs import drain_inbound
from channels.base import Pulled
from channels.errors import BadAddress
from channels.mail import SOON_SECONDS, Mail
from channels.message import Address, DeliveryState, OutboundMessage
from dispatch.jobs import drain
from dispatch.models import Message, Outbox, Ticket
from dispatch.runtime import Runtime
from tests.conftest import needs
from tests.support.desk import answer, messages_of, rows
from tests.support.lmtp import served
from tests.support.mailservers import CITIZENS, OURS, Dovecot, Postfix
from tests.support.servers import free_port, wait_until

ADDRESS = f"aduan@{OURS}"
SECRET = "rahasia-kait-surat-untuk-uji"
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    needs(Dovecot.available(), "Dovecot")
    server = Dovecot()
    server.start()
    yield server
    server.stop()


def letter(number: int, text: str = "Jalan rusak parah di Juata Laut Tarakan", **headers: str) -> bytes:
    usual = {
        "From": f"Siti <siti@{CITIZENS}>",
        "To": ADDRESS,
        "Subject": "Jalan rusak",
        "Message-ID": f"<m{number}@{CITIZENS}>",
    }
    written = usual | {name.replace("_", "-"): value for name, value in headers.items()}
    return ("".join(f"{name}: {value}\r\n" for name, value in written.items()) + f"\r\n{text}\r\n").encode()


_boxes = iter(range(1000))


@pytest.fixture
def box() -> str:
    """A mailbox of this test's own."""
    return f"kotak{next(_boxes)}"


@pytest.fixture
def channels() -> Iterator[list[Mail]]:
    made: list[Mail] = []
    yield made
    for each in made:
        each.close()


@pytest.fixture
def reader(dovecot: Dovecot, channels: list[Mail], box: str) -> Any:
    """A channel that reads the test's mailbox, or another folder of it."""

    def make(folder: str = "INBOX") -> Mail:
        values = {"MAIL_FROM": ADDRESS, "SMTP_URL": "smtp://127.0.0.1:1", "IMAP_URL": dovecot.url(box, folder)}
        channels.append(Mail(values, "https://x.invalid"))
        return channels[-1]

    return make


def ids(mails: list[Pulled]) -> list[str]:
    return [str(message_from_bytes(mail.body)["Message-ID"]) for mail in mails]


def flags(dovecot: Dovecot, box: str, folder: str = "INBOX") -> list[tuple[str, ...]]:
    with dovecot.mailbox(box, folder) as officer:
        return [tuple(mail.flags) for mail in officer.fetch(mark_seen=False)]


# -- the mailbox -----------------------------------------------------------------------------------------------------


def test_each_mail_is_read_once_and_left_as_it_was(dovecot: Dovecot, reader: Any, box: str) -> None:
    channel = reader()
    for number in (1, 2):
        dovecot.deliver(box, letter(number))
    first = list(channel.pull("", 0))
    assert ids(first) == ["<m1@contoh.id>", "<m2@contoh.id>"]
    assert list(channel.pull(first[-1].cursor, 0)) == []
    with dovecot.mailbox(box) as officer:
        officer.flag(officer.uids("ALL"), ["\\Seen"], True)  # an officer read them all
    dovecot.deliver(box, letter(3))
    assert ids(list(channel.pull(first[-1].cursor, 0))) == ["<m3@contoh.id>"]
    assert [("\\Seen" in each) for each in flags(dovecot, box)] == [True, True, False]


def test_two_folders_of_one_account_do_not_know_of_each_other(dovecot: Dovecot, reader: Any, box: str) -> None:
    dovecot.deliver(box, letter(1))
    with dovecot.mailbox(box) as owner:
        owner.append(letter(2), "Aduan")
    inbox, other = reader(), reader("Aduan")
    assert ids(list(inbox.pull("", 0))) == ["<m1@contoh.id>"]
    assert ids(list(other.pull("", 0))) == ["<m2@contoh.id>"]
    assert all("\\Seen" not in each for each in [*flags(dovecot, box), *flags(dovecot, box, "Aduan")])


def test_a_mail_is_told_of_while_we_wait(dovecot: Dovecot, reader: Any, box: str) -> None:
    """The wait is far longer than the test may take: only being told ends it in time."""
    channel = reader()
    dovecot.deliver(box, letter(1))
    mails = channel.pull("", 25 * 60)
    assert next(mails).body
    found: list[Pulled] = []
    waiting = threading.Thread(target=lambda: found.append(next(mails)))
    waiting.start()
    dovecot.deliver(box, letter(2))
    waiting.join(30)
    assert not waiting.is_alive()
    assert ids(found) == ["<m2@contoh.id>"]
    assert list(mails) == []
    assert channel.pull_every == SOON_SECONDS


def test_a_wait_in_which_nothing_comes_ends_by_itself(reader: Any) -> None:
    assert list(reader().pull("", 0.2)) == []


def test_the_connection_is_kept_and_made_anew_when_it_was_lost(dovecot: Dovecot, reader: Any, box: str) -> None:
    channel = reader()
    dovecot.deliver(box, letter(1))
    cursor = list(channel.pull("", 0))[-1].cursor
    kept = channel._mailbox._reader
    assert list(channel.pull(cursor, 0)) == []
    assert channel._mailbox._reader is kept
    kept.box.client.sock.shutdown(2)
    dovecot.deliver(box, letter(2))
    assert ids(list(channel.pull(cursor, 0))) == ["<m2@contoh.id>"]
    assert channel._mailbox._reader is not kept


def test_a_restored_mailbox_is_read_again_from_its_first_mail(dovecot: Dovecot, reader: Any, box: str) -> None:
    channel = reader()
    dovecot.deliver(box, letter(1))
    before = list(channel.pull("", 0))
    dovecot.deliver(box, letter(2))
    dovecot.rebuild(box)
    after = list(channel.pull(before[-1].cursor, 0))
    assert sorted(ids(after)) == ["<m1@contoh.id>", "<m2@contoh.id>"]
    assert before[-1].cursor.partition(":")[0] != after[-1].cursor.partition(":")[0]


def test_check_signs_in(dovecot: Dovecot, reader: Any, box: str) -> None:
    dovecot.deliver(box, letter(1))
    found = next(check for check in reader().check() if check.name == "IMAP sign-in")
    assert found.ok and "holds 1 mails" in found.detail


# -- the whole trip --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lmtp_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def postfix(dovecot: Dovecot, lmtp_port: int) -> Iterator[Postfix]:
    needs(Postfix.available(), "Postfix (started by root)")
    server = Postfix(dovecot, lmtp_port)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def environment(request: pytest.FixtureRequest, environment: dict[str, str], lmtp_port: int) -> dict[str, str]:
    server: Postfix = request.getfixturevalue("postfix")
    return {
        **environment,
        "MAIL_FROM": f"Layanan Aduan <{ADDRESS}>",
        "SMTP_URL": server.url,
        "LMTP_BIND": f"127.0.0.1:{lmtp_port}",
        "MAIL_HOOK_SECRET": SECRET,
    }


@pytest.fixture
def listener(trained: Runtime, lmtp_port: int) -> Iterator[Runtime]:
    with served(trained, f"127.0.0.1:{lmtp_port}"):
        yield trained


def worked(runtime: Runtime, model: type[Any], count: int) -> bool:
    drain_inbound(runtime)
    return len(rows(runtime, model)) >= count


def received(dovecot: Dovecot, name: str, count: int) -> list[EmailMessage]:
    """The mails of a citizen's mailbox, once so many are there."""

    def look() -> list[MailMessage]:
        with dovecot.mailbox(name) as box:
            return list(box.fetch(mark_seen=False))

    wait_until(lambda: len(look()) >= count, what=f"{count} mails for {name}")
    return [message_from_bytes(mail.obj.as_bytes(), policy=policy.default) for mail in look()]  # type: ignore[misc]


def test_there_and_back_through_real_servers(listener: Runtime, dovecot: Dovecot, postfix: Postfix, box: str) -> None:
    runtime, citizen = listener, f"{box}@{CITIZENS}"
    postfix.accept(letter(1, From=f"Siti <{citizen}>"), citizen, ADDRESS)
    wait_until(lambda: worked(runtime, Ticket, 1), what="the ticket")
    [ticket] = rows(runtime, Ticket)
    answer(runtime, ticket.number, "Sudah kami jadwalkan pekan ini.")
    drain(runtime, "mail", pause=lambda _: None)
    receipt, officers = received(dovecot, box, 2)
    assert (receipt["Auto-Submitted"], officers["Auto-Submitted"]) == ("auto-replied", None)
    assert ticket.number in receipt["Subject"]
    assert officers["In-Reply-To"] == receipt["In-Reply-To"] == "<m1@contoh.id>"
    assert "Sudah kami jadwalkan" in officers.get_content()
    assert str(officers["Return-Path"]).strip().startswith("<aduan+b=")
    reply = letter(
        2,
        "Terima kasih, tetapi lubangnya makin besar.",
        From=f"Siti <{citizen}>",
        To=str(officers["Reply-To"]),
        Subject="Re: jawaban",
        In_Reply_To=str(officers["Message-ID"]),
    )
    postfix.accept(reply, citizen, str(officers["Reply-To"]))
    wait_until(lambda: worked(runtime, Message, 4) and len(messages_of(runtime, ticket.number)) == 2, what="the reply")
    assert len(rows(runtime, Ticket)) == 1


@on_sqlite
def test_what_comes_back_from_a_real_server_marks_the_answer_as_failed(listener: Runtime, postfix: Postfix) -> None:
    runtime = listener
    postfix.accept(letter(1, From="Budi <budi@hilang.contoh.id>"), "budi@hilang.contoh.id", ADDRESS)
    wait_until(lambda: worked(runtime, Ticket, 1), what="the ticket")
    drain(runtime, "mail", pause=lambda _: None)

    def failed() -> bool:
        drain_inbound(runtime)
        return [row.state for row in rows(runtime, Outbox)] == [DeliveryState.FAILED]

    wait_until(failed, what="the bounce")
    [row] = rows(runtime, Outbox)
    assert row.error_code == "5.1.1"


@on_sqlite
def test_an_address_a_real_server_does_not_know_is_refused_at_once(runtime: Runtime) -> None:
    channel = runtime.channel("mail")
    person = Address("mailto", f"tidak-ada@{CITIZENS}")
    with pytest.raises(BadAddress) as caught:
        channel.send(OutboundMessage(key="0123456789abcdef01234567", recipient=person, text="x"))
    assert caught.value.code == "5.1.1"


@on_sqlite
def test_our_listener_away_leaves_the_mail_with_the_real_server(
    trained: Runtime, postfix: Postfix, lmtp_port: int
) -> None:
    before = postfix.log().count("status=deferred")
    postfix.accept(letter(9), f"siti@{CITIZENS}", ADDRESS)
    wait_until(lambda: postfix.log().count("status=deferred") > before, what="the first try")
    with served(trained, f"127.0.0.1:{lmtp_port}"):
        wait_until(lambda: worked(trained, Ticket, 1), seconds=60, what="the ticket")


@on_sqlite
def test_a_mailbox_fetched_from_a_real_server_becomes_tickets(
    environment: dict[str, str], trained: Runtime, dovecot: Dovecot, channels: list[Mail], box: str
) -> None:
    dovecot.deliver(box, letter(1))
    values = {"MAIL_FROM": ADDRESS, "SMTP_URL": "smtp://127.0.0.1:1", "IMAP_URL": dovecot.url(box)}
    channels.append(Mail(values, "https://x.invalid"))
    assert [fetch(trained, channels[0], "me", 0) for _ in range(2)] == [1, 0]
    drain_inbound(trained)
    assert len(rows(trained, Ticket)) == 1
