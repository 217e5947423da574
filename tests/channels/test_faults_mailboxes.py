"""A mailbox that others read too, on a real server: what they did with a mail says nothing of whether we have it."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes

import pytest

from channels.mail import Mail
from tests.conftest import needs
from tests.support.mailservers import CITIZENS, OURS, Dovecot


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    needs(Dovecot.available(), "Dovecot")
    server = Dovecot()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def box(request: pytest.FixtureRequest) -> str:
    """A mailbox of this test's own."""
    return f"bersama{len(request.node.name)}"


@pytest.fixture
def made() -> Iterator[list[Mail]]:
    channels: list[Mail] = []
    yield channels
    for each in channels:
        each.close()


def letter(number: int) -> bytes:
    return (
        f"From: Siti <siti@{CITIZENS}>\r\nMessage-ID: <m{number}@{CITIZENS}>\r\nSubject: Jalan rusak\r\n\r\nIsi.\r\n"
    ).encode()


def channel(made: list[Mail], dovecot: Dovecot, box: str, name: str = "aduan") -> Mail:
    """A mail channel under this address that reads the box."""
    values = {"MAIL_FROM": f"{name}@{OURS}", "SMTP_URL": "smtp://127.0.0.1:1", "IMAP_URL": dovecot.url(box, "INBOX")}
    made.append(Mail(values, "https://x.invalid"))
    return made[-1]


def read(mail: Mail, cursor: str = "") -> tuple[list[str], str]:
    """The ids of what is new, and the mark after it."""
    found = list(mail.pull(cursor, 0))
    ids = [str(message_from_bytes(each.body)["Message-ID"]) for each in found]
    return ids, found[-1].cursor if found else cursor


def test_mail_somebody_opened_before_us_is_read_all_the_same(dovecot: Dovecot, made: list[Mail], box: str) -> None:
    ours = channel(made, dovecot, box)
    dovecot.deliver(box, letter(1))
    _, mark = read(ours)
    for number in (2, 3):
        dovecot.deliver(box, letter(number))
    with dovecot.mailbox(box) as officer:
        officer.flag(officer.uids("ALL"), ["\\Seen", "\\Answered"], True)
    assert read(ours, mark)[0] == [f"<m2@{CITIZENS}>", f"<m3@{CITIZENS}>"]


def test_two_mailboxes_on_one_account_each_read_everything_once(dovecot: Dovecot, made: list[Mail], box: str) -> None:
    first, second = channel(made, dovecot, box), channel(made, dovecot, box, "lapor")
    marks = ["", ""]
    for number in range(1, 4):
        dovecot.deliver(box, letter(number))
        for which, each in enumerate((first, second)):
            ids, marks[which] = read(each, marks[which])
            assert ids == [f"<m{number}@{CITIZENS}>"]
    with dovecot.mailbox(box) as officer:
        assert [tuple(mail.flags) for mail in officer.fetch(mark_seen=False) if "\\Seen" in mail.flags] == []
