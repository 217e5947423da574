"""A mailbox read by the real imap_tools: nothing lost, nothing changed, no mail in another's way."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from channels.base import Pulled, RawRequest
from channels.errors import Malformed, Misconfigured, Temporary
from channels.mail import Mail
from channels.mail.imap import UNFETCHABLE, Cursor
from channels.mail.mime import HEADER_MAX, MAIL_MAX
from channels.message import UNPROVEN, InboundMessage
from tests.support.providers.mail import PASSWORD, ImapStandIn, certificate
from tests.support.servers import free_port

NOW = datetime(2026, 11, 4, 2, 0, tzinfo=UTC)


def letter(uid: int) -> bytes:
    return f"From: siti@contoh.id\r\nMessage-ID: <m{uid}@contoh.id>\r\n\r\nSurat {uid}.\r\n".encode()


@pytest.fixture
def mailbox() -> Iterator[ImapStandIn]:
    with ImapStandIn(mails={uid: letter(uid) for uid in (3, 5, 8)}).serve() as stand_in:
        yield stand_in


_made: list[Mail] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """A channel keeps its connection; the process that made it lets go of it."""
    yield
    while _made:
        _made.pop().close()


def channel_of(url: str) -> Mail:
    values = {"MAIL_FROM": "aduan@lapor.contoh.go.id", "SMTP_URL": "smtp://127.0.0.1:1", "IMAP_URL": url}
    _made.append(Mail(values, "https://x.invalid", now=lambda: NOW))
    return _made[-1]


def pulled(mailbox: ImapStandIn, cursor: Cursor | None = None) -> list[Pulled]:
    return list(channel_of(mailbox.url).pull(str(cursor or ""), 0))


def _uid(mail: Pulled) -> int:
    return int(mail.cursor.partition(":")[2])


def uids(mails: list[Pulled]) -> list[int]:
    return [_uid(mail) for mail in mails]


CURSORS = {
    "never read": (None, [3, 5, 8]),
    "from the start": (Cursor(7, 0), [3, 5, 8]),
    "read up to the first": (Cursor(7, 3), [5, 8]),
    "between two": (Cursor(7, 6), [8]),
    "all read: the star still names the last": (Cursor(7, 8), []),
    "beyond the last": (Cursor(7, 900), []),
    "the folder was rebuilt": (Cursor(6, 8), [3, 5, 8]),
}


@pytest.mark.parametrize(("cursor", "expected"), CURSORS.values(), ids=CURSORS.keys())
def test_what_lies_after_the_cursor_is_read(mailbox: ImapStandIn, cursor: Cursor | None, expected: list[int]) -> None:
    mails = pulled(mailbox, cursor)
    assert [(mail.cursor, mail.body) for mail in mails] == [(f"7:{uid}", letter(uid)) for uid in expected]


def test_an_empty_mailbox_is_no_fault() -> None:
    with ImapStandIn().serve() as mailbox:
        assert pulled(mailbox) == []


def test_nothing_in_the_mailbox_changes(mailbox: ImapStandIn) -> None:
    pulled(mailbox)
    channel_of(mailbox.url).check()
    assert not [command for command in mailbox.asked if command.upper().startswith(("SELECT", "UID STORE", "EXPUNGE"))]
    fetched = [command for command in mailbox.asked if "BODY" in command.upper()]
    assert fetched
    assert all("BODY.PEEK[" in command for command in fetched)


def test_stopping_after_three_of_ten_loses_and_repeats_nothing() -> None:
    with ImapStandIn(mails={uid: letter(uid) for uid in range(1, 11)}).serve() as mailbox:
        recorded: list[bytes] = []
        cursor: Cursor | None = None
        first = channel_of(mailbox.url).pull("", 0)
        for mail in first:
            recorded.append(mail.body)
            cursor = Cursor.read(mail.cursor)
            if len(recorded) == 3:
                break
        first.close()  # what an ending process does to its generator
        assert cursor == Cursor(7, 3)
        recorded += [mail.body for mail in pulled(mailbox, cursor)]
        assert recorded == [letter(uid) for uid in range(1, 11)]


def test_a_crash_before_the_cursor_is_stored_only_repeats_the_last(mailbox: ImapStandIn) -> None:
    first = next(iter(channel_of(mailbox.url).pull("", 0)))
    again = next(iter(channel_of(mailbox.url).pull("", 0)))
    assert first == again


def test_a_mail_deleted_meanwhile_is_passed_over(mailbox: ImapStandIn) -> None:
    mailbox.vanished = {5}
    assert uids(pulled(mailbox)) == [3, 8]


def quarantined(mail: Pulled) -> bool:
    with pytest.raises(Malformed):
        channel_of("imap://a:b@127.0.0.1:1").parse(
            RawRequest("POST", "https://x.invalid/", mail.headers, mail.body, NOW)
        )
    return mail.body == b"" and UNFETCHABLE in mail.headers


def test_a_mail_the_server_refuses_does_not_hold_up_the_next(mailbox: ImapStandIn) -> None:
    mailbox.refused = {5}
    mails = pulled(mailbox)
    assert uids(mails) == [3, 5, 8]
    assert quarantined(mails[1])
    assert mails[1].headers == {UNFETCHABLE: "uid 5 of uidvalidity 7"}


def test_a_mail_that_ends_the_connection_each_time_does_not_hold_up_the_next(mailbox: ImapStandIn) -> None:
    mailbox.deadly = {5}
    mails = pulled(mailbox)
    assert uids(mails) == [3, 5, 8]
    assert quarantined(mails[1])


def test_a_connection_lost_once_is_picked_up(mailbox: ImapStandIn) -> None:
    mailbox.deadly_once = {5}
    assert [mail.body for mail in pulled(mailbox)] == [letter(3), letter(5), letter(8)]


def test_a_mailbox_rebuilt_while_it_is_read_is_read_anew_later(mailbox: ImapStandIn) -> None:
    mailbox.deadly_once = {5}

    def rebuild(box: ImapStandIn) -> None:
        box.uidvalidity = 7 if box.asked.count("LOGIN") == 1 else 9

    mailbox.after_login = rebuild
    read: list[Pulled] = []
    with pytest.raises(Temporary):
        read.extend(channel_of(mailbox.url).pull("", 0))
    mailbox.after_login = None
    assert uids(pulled(mailbox, Cursor(7, 3))) == [3, 5, 8]


def test_a_mail_too_large_gives_its_header_only(mailbox: ImapStandIn) -> None:
    mailbox.mails[5] = letter(5) + b"x" * 1000
    mailbox.sizes = {5: MAIL_MAX + 1}
    mails = pulled(mailbox)
    assert uids(mails) == [3, 5, 8]
    (event,) = channel_of(mailbox.url).parse(
        RawRequest("POST", "https://x.invalid/", mails[1].headers, mails[1].body, NOW)
    )
    assert isinstance(event, InboundMessage)
    assert (event.external_id, event.text) == ("m5@contoh.id", "")
    assert event.notes == (UNPROVEN, f"only the header was fetched: {MAIL_MAX + 1} bytes")
    assert not [command for command in mailbox.asked if "UID FETCH 5" in command.upper() and "PEEK[]" in command]


def test_a_header_too_large_is_cut(mailbox: ImapStandIn) -> None:
    mailbox.mails[5] = b"X-Isi: " + b"x" * (HEADER_MAX * 2) + b"\r\n" + letter(5)
    mailbox.sizes = {5: MAIL_MAX + 1}
    assert len(pulled(mailbox)[1].body) == HEADER_MAX


def test_a_size_that_lies_is_found_out(mailbox: ImapStandIn) -> None:
    mailbox.mails[5] = letter(5) + b"x" * (MAIL_MAX * 2)
    mailbox.sizes = {5: 100}
    mail = pulled(mailbox)[1]
    assert len(mail.body) == MAIL_MAX + 1
    with pytest.raises(Malformed):
        channel_of(mailbox.url).parse(RawRequest("POST", "https://x.invalid/", mail.headers, mail.body, NOW))


REFUSED = {
    "wrong password": ("NO [AUTHENTICATIONFAILED] petugas unknown", Misconfigured),
    "expired": ("NO [EXPIRED] change your password", Misconfigured),
    "server busy": ("NO [UNAVAILABLE] later", Temporary),
    "too many connections": ("NO [LIMIT] later", Temporary),
}


@pytest.mark.parametrize(("answer", "error"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refused_sign_in_says_who_must_act(mailbox: ImapStandIn, answer: str, error: type[Exception]) -> None:
    mailbox.refusal = answer
    with pytest.raises(error) as caught:
        pulled(mailbox)
    assert type(caught.value) is error
    assert "petugas" not in str(caught.value)


def test_a_folder_that_is_not_there_is_a_misconfiguration(mailbox: ImapStandIn) -> None:
    mailbox.folder = "Lain"
    with pytest.raises(Misconfigured):
        pulled(mailbox)


def test_nobody_listening_is_temporary() -> None:
    with pytest.raises(Temporary):
        list(channel_of(f"imap://a:b@127.0.0.1:{free_port()}/INBOX").pull("", 0))


def test_no_password_leaves_without_the_tls_that_is_required(mailbox: ImapStandIn) -> None:
    with pytest.raises(Misconfigured):
        list(channel_of(f"{mailbox.url}?starttls=required").pull("", 0))
    assert "LOGIN" not in mailbox.asked


@pytest.fixture(scope="module")
def made_certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("certificate"))


@pytest.mark.parametrize("way", ["starttls", "implicit"])
def test_tls_is_used_and_the_certificate_checked(
    made_certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*made_certificate)
    mailbox = ImapStandIn(mails={3: letter(3)})
    setattr(mailbox, way, context)
    with mailbox.serve():
        url = mailbox.url if way == "starttls" else mailbox.url.replace("imap://", "imaps://")
        with pytest.raises(Misconfigured) as caught:
            list(channel_of(url).pull("", 0))
        assert caught.value.code == "tls"
        assert "LOGIN" not in mailbox.asked
        monkeypatch.setenv("SSL_CERT_FILE", str(made_certificate[0]))
        assert [mail.body for mail in channel_of(url).pull("", 0)] == [letter(3)]


def test_without_a_mailbox_there_is_nothing_to_poll() -> None:
    channel = Mail({"MAIL_FROM": "aduan@lapor.contoh.go.id", "SMTP_URL": "smtp://127.0.0.1:1"}, "https://x.invalid")
    with pytest.raises(Misconfigured):
        next(channel.pull("", 0))


def test_check_opens_the_mailbox(mailbox: ImapStandIn) -> None:
    found = next(check for check in channel_of(mailbox.url).check() if check.name == "IMAP sign-in")
    assert found.ok
    assert found.detail == f"127.0.0.1:{mailbox.port}/INBOX holds 3 mails"


def test_check_says_what_is_wrong_with_the_mailbox(mailbox: ImapStandIn) -> None:
    mailbox.refusal = "NO [AUTHENTICATIONFAILED] no"
    found = next(check for check in channel_of(mailbox.url).check() if check.name == "IMAP sign-in")
    assert not found.ok
    assert "correct IMAP_URL" in found.detail
    assert PASSWORD not in found.detail
