"""What goes out: the mail as the real smtplib hands it to a server, and what each failure on the way means."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from channels.base import RawRequest
from channels.errors import BadAddress, Misconfigured, Permanent, SendError, Temporary
from channels.mail import Mail
from channels.mail.smtp import refusal
from channels.message import Address, DeliveryState, InboundMessage, OutboundMessage
from tests.support.providers.mail import PASSWORD, USER, SmtpStandIn, certificate
from tests.support.servers import free_port

ADDRESS = "aduan@lapor.contoh.go.id"
SECRET = "rahasia-kait-surat-untuk-uji"
NOW = datetime(2026, 11, 4, 2, 0, tzinfo=UTC)
MESSAGE = OutboundMessage(key="outbox-7", recipient=Address("mailto", "warga@contoh.id"), text="Laporan diterima.")


def channel_of(url: str, **values: str) -> Mail:
    usual = {"MAIL_FROM": f"Layanan Aduan <{ADDRESS}>", "SMTP_URL": url, "MAIL_HOOK_SECRET": SECRET}
    return Mail(usual | values, "https://x.invalid", now=lambda: NOW)


@pytest.fixture
def server() -> Iterator[SmtpStandIn]:
    with SmtpStandIn() as stand_in:
        yield stand_in


def sent(server: SmtpStandIn, message: OutboundMessage, **values: str) -> EmailMessage:
    channel_of(server.url, **values).send(message)
    read = message_from_bytes(server.taken[-1].content, policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def test_one_mail_for_one_recipient(server: SmtpStandIn) -> None:
    channel = channel_of(server.url)
    receipt = channel.send(replace(MESSAGE, ticket_number="KLT-AB12", subject="Laporan KLT-AB12", automatic=True))
    (taken,) = server.taken
    assert (taken.sender, taken.recipients) == ("<>", ("warga@contoh.id",))  # the key makes no bounce address
    mail = message_from_bytes(taken.content, policy=policy.default)
    assert dict(mail.items()) == {
        "From": f"Layanan Aduan <{ADDRESS}>",
        "To": "warga@contoh.id",
        "Date": "Wed, 04 Nov 2026 02:00:00 +0000",
        "Message-ID": f"<{receipt.external_id}>",
        "Subject": "Laporan KLT-AB12",
        "Reply-To": channel.reply_address("KLT-AB12"),
        "Auto-Submitted": "auto-replied",
        "X-Auto-Response-Suppress": "All",
        "X-Aduan-Loop": "1",
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "quoted-printable",
    }
    assert receipt.state is DeliveryState.SENT


def test_the_same_key_makes_the_same_id_and_another_another(server: SmtpStandIn) -> None:
    channel = channel_of(server.url)
    first, again, other = (channel.send(replace(MESSAGE, key=key)).external_id for key in ("a", "a", "b"))
    assert first == again != other


def test_a_persons_answer_does_not_call_itself_automatic(server: SmtpStandIn) -> None:
    mail = sent(server, MESSAGE)
    assert "Auto-Submitted" not in mail
    assert "Reply-To" not in mail
    assert "Subject" not in mail


TEXTS = {
    "letters": "Halo – terima kasih 🙏",
    "dots at line starts": ".\n..\n.titik\nakhir.",
    "long line": "x" * 5000,
    "blanks at line ends": "satu \ndua\t\n\n\ntiga",
    "carriage returns": "satu\r\ndua\rtiga",
    "from": "From sini ke sana\nFrom: x",
    "looks like an end": "satu\r\n.\r\nMAIL FROM:<x>",
    "equals": "a=b =3D =\n=",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_text_arrives_as_it_was_written(server: SmtpStandIn, text: str) -> None:
    expected = text.replace("\r\n", "\n").replace("\r", "\n")
    arrived = sent(server, replace(MESSAGE, text=text)).get_content().replace("\r\n", "\n")
    assert arrived.rstrip("\n") == expected.rstrip("\n")
    assert len(server.taken) == 1
    assert max(map(len, server.taken[0].content.split(b"\r\n"))) <= 78
    assert server.taken[0].content.isascii()


HOSTILE_SUBJECTS = {
    "line break": ("halo\r\nBcc: korban@contoh.id", "halo Bcc: korban@contoh.id"),
    "bare newline": ("halo\nTo: korban@contoh.id", "halo To: korban@contoh.id"),
    "other line ends": ("a\x0bb\x85c\u2028d\x1ee", "ab c de"),
    "NUL": ("a\0b", "a\ufffdb"),
    "encoded word": ("=?utf-8?Q?a=0D=0ABcc=3A?=", "=?utf-8?Q?a=0D=0ABcc=3A?="),
    "surrogate": ("a\ud800b", "a\ufffdb"),
    "long": ("kata " * 100, ("kata " * 50).strip()),
    "letters": ("Jalan – rusak 🌑 " * 8, ("Jalan – rusak 🌑 " * 8).strip()),
}


@pytest.mark.parametrize(("subject", "arrives"), HOSTILE_SUBJECTS.values(), ids=HOSTILE_SUBJECTS.keys())
def test_a_subject_never_becomes_a_header(server: SmtpStandIn, subject: str, arrives: str) -> None:
    mail = sent(server, replace(MESSAGE, subject=subject))
    assert mail["Subject"] == arrives
    assert mail.get_all("To") == ["warga@contoh.id"]
    assert "Bcc" not in mail
    assert server.taken[0].recipients == ("warga@contoh.id",)


LONG_ID = f"{'A' * 90}@AA1PR00MB0000.contohprd00.surat.contoh.id"


def test_references_are_whole_ordered_and_bounded(server: SmtpStandIn) -> None:
    ids = (*(f"r{n}@contoh.id" for n in range(30)), "sha256:abc", "a b@c", "x\r\nBcc: y@z", f"<{LONG_ID}>")
    mail = sent(server, replace(MESSAGE, reply_to=ids))
    assert mail["In-Reply-To"] == f"<{LONG_ID}>"
    assert mail["References"].split() == [*(f"<r{n}@contoh.id>" for n in range(11, 30)), f"<{LONG_ID}>"]
    assert b"=?" not in server.taken[0].content
    assert "Bcc" not in mail


def test_an_answer_to_our_mail_finds_its_way_back(server: SmtpStandIn) -> None:
    """What a mail program copies from our mail into its answer is what the parser reads as ours."""
    channel = channel_of(server.url)
    receipt = channel.send(replace(MESSAGE, ticket_number="KLT-AB12"))
    ours = message_from_bytes(server.taken[0].content, policy=policy.default)
    answer = (
        f"From: warga@contoh.id\r\nTo: {ours['Reply-To']}\r\nIn-Reply-To: {ours['Message-ID']}\r\n"
        f"Message-ID: <jawab@contoh.id>\r\n\r\nMasih rusak.\r\n"
    ).encode()
    (event,) = channel.parse(RawRequest("POST", "https://x.invalid", {}, answer, NOW))
    assert isinstance(event, InboundMessage)
    assert (event.thread, event.reply_to) == ("KLT-AB12", (receipt.external_id,))


RECIPIENTS = (
    "bukan alamat",
    "a@b.id, c@d.id",
    "a@b.id\r\nRCPT TO:<c@d.id>",
    "<a@b.id>",
    "a@b.id>",
    "warga@[127.0.0.1]",
    "a" * 65 + "@contoh.id",
    "@contoh.id",
    "a@",
    "a\0@contoh.id",
    "a@contoh..id",
)


@pytest.mark.parametrize("address", RECIPIENTS, ids=[repr(address[:24]) for address in RECIPIENTS])
def test_what_is_no_one_address_is_never_handed_over(server: SmtpStandIn, address: str) -> None:
    with pytest.raises(Permanent) as caught:
        channel_of(server.url).send(replace(MESSAGE, recipient=Address("mailto", address)))
    assert address not in str(caught.value)
    assert server.asked == []


# -- the envelope's sender ---------------------------------------------------------------------------------------------

KEY = "0123456789abcdef01234567"
SIGNED = f"aduan+b={KEY}."


def senders(server: SmtpStandIn) -> list[str]:
    return ["signed" if each.startswith(SIGNED) else each for each in server.offered]


ENVELOPES: dict[str, tuple[bool, tuple[str, ...], bool, list[str]]] = {
    # name: (automatic, beginnings of senders that the server refuses, only at the recipient, what is offered)
    "a receipt, any sender taken": (True, (), False, ["signed"]),
    "an answer, any sender taken": (False, (), False, ["signed"]),
    "a receipt, no plus taken": (True, ("aduan+",), False, ["signed", "<>"]),
    "a receipt, only our own taken": (True, ("aduan+", "<>"), False, ["signed", "<>", ADDRESS]),
    "an answer, only our own taken": (False, ("aduan+", "<>"), False, ["signed", ADDRESS]),
    "a receipt, only our own taken, said late": (True, ("aduan+", "<>"), True, ["signed", "<>", ADDRESS]),
}


@pytest.mark.parametrize(("automatic", "refused", "late", "offered"), ENVELOPES.values(), ids=ENVELOPES.keys())
def test_the_envelope_says_what_came_back_as_far_as_the_server_allows(
    server: SmtpStandIn, automatic: bool, refused: tuple[str, ...], late: bool, offered: list[str]
) -> None:
    server.refused_senders, server.late = refused, late
    channel = channel_of(server.url)
    channel.send(replace(MESSAGE, key=KEY, automatic=automatic))
    assert senders(server) == offered
    assert len(server.taken) == 1
    server.offered.clear()
    channel.send(replace(MESSAGE, key=KEY, automatic=automatic))
    assert senders(server) == offered[-1:]  # what was refused once is not offered again


def test_an_unknown_person_is_asked_for_once(server: SmtpStandIn) -> None:
    server.plan = {"recipient": "550 5.1.1 unknown"}
    with pytest.raises(BadAddress):
        channel_of(server.url).send(replace(MESSAGE, key=KEY, automatic=True))
    assert senders(server) == ["signed"]


def test_a_mailbox_name_too_long_for_a_signed_sender_uses_its_own(server: SmtpStandIn) -> None:
    channel_of(server.url, MAIL_FROM=f"{'a' * 38}@contoh.id").send(replace(MESSAGE, key=KEY))
    assert server.offered == [f"{'a' * 38}@contoh.id"]


def test_an_address_beyond_ascii_is_sent_where_the_server_can() -> None:
    person = replace(MESSAGE, recipient=Address("mailto", "wargä@contoh.id"))
    with SmtpStandIn(utf8=True) as able:
        channel_of(able.url).send(person)
        assert able.taken[0].recipients == ("wargä@contoh.id",)
        assert "To: wargä@contoh.id\r\n".encode() in able.taken[0].content
    with SmtpStandIn() as unable, pytest.raises(Permanent) as caught:
        channel_of(unable.url).send(person)
    assert (caught.value.code, unable.taken) == ("smtputf8", [])


# -- the server ------------------------------------------------------------------------------------------------------


def test_nobody_listening_is_temporary() -> None:
    with pytest.raises(Temporary) as caught:
        channel_of(f"smtp://127.0.0.1:{free_port()}").send(MESSAGE)
    assert caught.value.code == "connection"


def test_a_wrong_password_is_a_misconfiguration_that_tells_nothing(server: SmtpStandIn) -> None:
    url = server.url.replace(PASSWORD, "sandi-yang-salah")
    with pytest.raises(Misconfigured) as caught:
        channel_of(url).send(MESSAGE)
    assert "sandi" not in str(caught.value)
    assert server.taken == []


def test_a_password_beyond_ascii_is_a_misconfiguration(server: SmtpStandIn) -> None:
    with pytest.raises(Misconfigured):
        channel_of(server.url.replace(PASSWORD, "s%C3%A4ndi")).send(MESSAGE)


def test_a_server_without_sign_in_is_a_misconfiguration() -> None:
    with SmtpStandIn(auth=False) as server, pytest.raises(Misconfigured):
        channel_of(server.url).send(MESSAGE)


def test_a_relay_without_sign_in_is_used_without() -> None:
    with SmtpStandIn(auth=False) as server:
        channel_of(server.url.replace(f"{USER}:{PASSWORD}@", "")).send(MESSAGE)
        assert server.taken


def test_starttls_that_is_required_and_not_offered_stops_before_the_password(server: SmtpStandIn) -> None:
    with pytest.raises(Misconfigured):
        channel_of(f"{server.url}?starttls=required").send(MESSAGE)
    assert server.asked == []


def test_no_password_leaves_in_the_clear_for_another_machine(
    server: SmtpStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host is loopback under another name; only the name decides."""
    from channels.mail import urls

    monkeypatch.setattr(urls, "_loopback", lambda host: False)
    with pytest.raises(Misconfigured):
        channel_of(server.url).send(MESSAGE)
    assert server.asked == []
    channel_of(f"{server.url}?starttls=never").send(MESSAGE)
    assert server.taken


@pytest.fixture(scope="module")
def made_certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def tls_server(made_certificate: tuple[Path, Path]) -> Iterator[SmtpStandIn]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*made_certificate)
    with SmtpStandIn(context=context) as stand_in:
        yield stand_in


def test_a_certificate_nobody_vouches_for_is_refused(tls_server: SmtpStandIn) -> None:
    with pytest.raises(Misconfigured) as caught:
        channel_of(tls_server.url).send(MESSAGE)
    assert caught.value.code == "tls"
    assert "AUTH" not in tls_server.asked


def test_starttls_is_used_when_offered(
    tls_server: SmtpStandIn, made_certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(made_certificate[0]))
    channel_of(f"{tls_server.url}?starttls=required").send(MESSAGE)
    assert tls_server.asked[:2] == ["STARTTLS", "AUTH"]
    assert len(tls_server.taken) == 1


def test_tls_from_the_first_byte(made_certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*made_certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(made_certificate[0]))
    with SmtpStandIn(implicit=context) as server:
        channel_of(server.url.replace("smtp://", "smtps://")).send(MESSAGE)
        assert len(server.taken) == 1
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(Misconfigured) as caught:
            channel_of(server.url.replace("smtp://", "smtps://")).send(MESSAGE)
    assert caught.value.code == "tls"


def test_tls_to_a_server_that_speaks_none_is_a_misconfiguration(server: SmtpStandIn) -> None:
    with pytest.raises(Misconfigured) as caught:
        channel_of(server.url.replace("smtp://", "smtps://")).send(MESSAGE)
    assert caught.value.code == "tls"


REFUSALS = {
    "busy at any stage": ("content", 421, "4.3.2 bye", Temporary, "4.3.2"),
    "no enhanced code": ("recipient", 550, "no such user", Permanent, "550"),
    "half an enhanced code": ("recipient", 550, "5.1 no", Permanent, "550"),
    "no words": ("recipient", 450, "", Temporary, "450"),
    "an answer out of any order": ("sender", 199, "?", Temporary, "199"),
    "an intermediate answer": ("content", 354, "again", Temporary, "354"),
}


@pytest.mark.parametrize(("stage", "code", "words", "kind", "shown"), REFUSALS.values(), ids=REFUSALS.keys())
def test_an_answer_means_one_thing(stage: str, code: int, words: str, kind: type[SendError], shown: str) -> None:
    error = refusal(stage, code, words)
    assert (type(error), error.code) == (kind, shown)


# -- check -----------------------------------------------------------------------------------------------------------


def test_check_signs_in_and_sends_nothing(server: SmtpStandIn) -> None:
    checks = {check.name: check for check in channel_of(server.url).check()}
    assert all(check.ok for check in checks.values())
    assert checks["SMTP sign-in"].detail == f"127.0.0.1:{server.port}"
    assert (server.asked, server.taken) == (["AUTH"], [])


def test_check_does_not_say_sign_in_where_nobody_signs_in(server: SmtpStandIn) -> None:
    first, *_ = channel_of(f"smtp://127.0.0.1:{server.port}").check()
    assert (first.name, first.ok, server.asked) == ("SMTP server", True, [])
    assert "nobody signed in" in first.detail


def test_check_says_what_to_do_and_no_secret(server: SmtpStandIn) -> None:
    server.plan = {"sign-in": "535 5.7.8 no"}
    first, arrives, signed, senders = channel_of(server.url, MAIL_HOOK_SECRET="").check()
    assert not first.ok
    assert "correct SMTP_URL" in first.detail
    assert PASSWORD not in first.detail
    assert not arrives.ok
    assert "set IMAP_URL, LMTP_BIND or MAIL_HOOK_SECRET" in arrives.detail
    assert senders.ok and "no sender is proven" in senders.detail
    assert signed.ok  # by the password in SMTP_URL


def test_check_tells_a_lost_server_from_a_wrong_password() -> None:
    first, *_ = channel_of(f"smtp://127.0.0.1:{free_port()}").check()
    assert not first.ok
    assert "check host and port in SMTP_URL" in first.detail
