"""The mail channel's edge: the suite every channel keeps, its settings, its hook, its signed addresses."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from channels.base import Channel, RawRequest
from channels.errors import (
    BadAddress,
    FetchError,
    Forged,
    Malformed,
    Misconfigured,
    OutcomeUnknown,
    Permanent,
    Temporary,
)
from channels.mail import Mail
from channels.mail.identity import Identity
from channels.mail.imap import UNFETCHABLE
from channels.mail.parse import OVERSIZE
from channels.message import UNPROVEN, Address, Attachment, AttachmentKind, InboundMessage, OutboundMessage
from tests.channels.contract import ChannelContract, SendCase
from tests.support.providers.mail import DROP, PASSWORD, STALL, SmtpStandIn

SECRET, OLD_SECRET = "rahasia-kait-surat-untuk-uji", "rahasia-sebelum-diganti"
ADDRESS = "aduan@lapor.contoh.go.id"
NOW = datetime(2026, 11, 4, 2, 0, tzinfo=UTC)
URL = "https://aduan.contoh.go.id/hooks/mail"
PAYLOADS = Path(__file__).parent / "payloads" / "mail"


def channel_of(**values: str) -> Mail:
    usual = {"MAIL_FROM": f"Layanan Aduan <{ADDRESS}>", "SMTP_URL": "smtp://127.0.0.1:1", "MAIL_HOOK_SECRET": SECRET}
    return Mail(
        {name: value for name, value in (usual | values).items() if value}, "https://x.invalid", now=lambda: NOW
    )


def signed(body: bytes, *, at: datetime = NOW, secret: str = SECRET) -> RawRequest:
    stamp = str(int(at.timestamp()))
    mac = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {"X-Aduan-Timestamp": stamp, "X-Aduan-Signature": f"sha256={mac}", "Content-Type": "message/rfc822"}
    return RawRequest("POST", URL, headers, body, NOW)


def letter(text: str = "Jalan rusak", **headers: str) -> bytes:
    usual = {
        "From": "Siti Aminah <siti@contoh.id>",
        "To": ADDRESS,
        "Message-ID": "<surat-1@contoh.id>",
        "Date": "Wed, 4 Nov 2026 09:30:00 +0800",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "base64",
    }
    written = usual | {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in written.items() if value)
    return head.encode() + b"\r\n" + base64.encodebytes(text.encode()).replace(b"\n", b"\r\n")


def parsed(raw: bytes, channel: Mail | None = None) -> InboundMessage:
    (event,) = (channel or channel_of()).parse(signed(raw))
    assert isinstance(event, InboundMessage)
    return event


class TestMail(ChannelContract):
    secrets = (SECRET, PASSWORD, OLD_SECRET)
    recipient = Address("mailto", "warga@contoh.id")
    send_cases = (
        SendCase("greeting busy", ("greeting", "421 4.3.2 busy"), Temporary, "4.3.2"),
        SendCase("greeting refused", ("greeting", "554 5.7.1 your host is listed"), Misconfigured, "5.7.1"),
        SendCase("greeting lost", ("greeting", DROP), Temporary, "connection"),
        SendCase("sign-in refused", ("sign-in", "535 5.7.8 no such user as warga@contoh.id"), Misconfigured, "5.7.8"),
        SendCase("sign-in fails for now", ("sign-in", "454 4.7.0 later"), Temporary, "4.7.0", 600.0),
        SendCase("sender deferred", ("sender", "451 4.3.0 later"), Temporary, "4.3.0"),
        SendCase("sender refused", ("sender", "550 5.7.1 not yours"), Misconfigured, "5.7.1"),
        SendCase("sign-in demanded", ("sender", "530 5.7.0 sign in first"), Misconfigured, "5.7.0"),
        SendCase("too large", ("sender", "552 5.3.4 too large"), Permanent, "5.3.4"),
        SendCase("recipient greylisted", ("recipient", "450 4.2.0 <warga@contoh.id> later"), Temporary, "4.2.0"),
        SendCase("server goes down", ("recipient", "421 4.3.2 going down"), Temporary, "4.3.2"),
        SendCase("recipient unknown", ("recipient", "550 5.1.1 <warga@contoh.id> unknown"), BadAddress, "5.1.1"),
        SendCase("recipient malformed", ("recipient", "553 bad name warga@contoh.id"), BadAddress, "553"),
        SendCase("lost before the content", ("recipient", DROP), Temporary, "connection"),
        SendCase("content not wanted now", ("command", "451 4.3.0 later"), Temporary, "4.3.0"),
        SendCase("content not wanted", ("command", "554 5.5.1 no"), Permanent, "5.5.1"),
        SendCase("lost at the command", ("command", DROP), Temporary, "connection"),
        SendCase("content deferred", ("content", "452 4.3.1 disk full"), Temporary, "4.3.1", 3600.0),
        SendCase("content refused", ("content", "550 5.7.1 spam to warga@contoh.id"), Permanent, "5.7.1"),
        SendCase("lost after the content", ("content", DROP), OutcomeUnknown, "after-content"),
        SendCase("silent after the content", ("content", STALL), OutcomeUnknown, "after-content"),
    )

    @pytest.fixture
    def channel(self) -> Iterator[Channel]:
        with SmtpStandIn() as self.stand_in:
            yield channel_of(SMTP_URL=f"{self.stand_in.url}?timeout=1", MAIL_HOOK_SECRET_OLD=OLD_SECRET)

    def message(self, text: str) -> bytes:
        return letter(text)

    def genuine(self, body: bytes) -> RawRequest:
        return signed(body)

    def forge(self, genuine: RawRequest, forgery: str) -> RawRequest:
        headers = dict(genuine.headers)
        mac = headers.pop("X-Aduan-Signature")
        variants = {"empty": "", "wrong": f"sha256={'0' * 64}", "truncated": mac[:-2]}
        if forgery in variants:
            headers["X-Aduan-Signature"] = variants[forgery]
        return replace(genuine, headers=headers)

    def arrange(self, plan: tuple[str, str]) -> None:
        self.stand_in.plan = dict([plan])

    def rotated(self, body: bytes) -> RawRequest:
        return signed(body, secret=OLD_SECRET)

    def skewed(self, body: bytes, seconds: float) -> RawRequest:
        return signed(body, at=NOW + timedelta(seconds=seconds))

    def unknown(self) -> bytes:
        return letter(Content_Type="hologram/x-3d", MIME_Version="1.0")

    def trouble(self, what: str) -> None:
        self.stand_in.plan = {"greeting": DROP if what == "away" else "554 5.7.1 your host is listed"}


# -- the hook --------------------------------------------------------------------------------------------------------

STAMPS = ("", "0", "-1", "1e9", " 1793757600", "٣", "9" * 400, "1793757600.0", "nan")


@pytest.mark.parametrize("stamp", STAMPS, ids=[repr(stamp[:14]) for stamp in STAMPS])
def test_a_stamp_that_is_no_time_is_forged_even_when_signed(stamp: str) -> None:
    mac = hmac.new(SECRET.encode(), stamp.encode() + b"." + letter(), hashlib.sha256).hexdigest()
    headers = {"X-Aduan-Timestamp": stamp, "X-Aduan-Signature": f"sha256={mac}"}
    with pytest.raises(Forged):
        channel_of().verify(RawRequest("POST", URL, headers, letter(), NOW))


def test_without_a_hook_secret_every_post_is_forged() -> None:
    closed = channel_of(MAIL_HOOK_SECRET="")
    for secret in ("", SECRET):
        with pytest.raises(Forged):
            closed.verify(signed(letter(), secret=secret))


def test_a_mail_too_large_to_fetch_keeps_its_header_and_says_so() -> None:
    event = channel_of().parse(RawRequest("POST", URL, {OVERSIZE: "26000000"}, letter("", Subject="Video"), NOW))[0]
    assert isinstance(event, InboundMessage)
    assert (event.subject, event.text) == ("Video", "")
    assert event.notes == (UNPROVEN, "only the header was fetched: 26000000 bytes")


def test_a_mail_cannot_claim_about_itself_what_only_the_reader_knows() -> None:
    assert parsed(letter(**{OVERSIZE: "26000000", UNFETCHABLE: "uid 1"})).notes == (UNPROVEN,)


def test_a_mail_that_could_not_be_fetched_goes_to_quarantine() -> None:
    with pytest.raises(Malformed, match="uid 5"):
        channel_of().parse(RawRequest("POST", URL, {UNFETCHABLE: "uid 5 of uidvalidity 7"}, b"", NOW))


# -- settings --------------------------------------------------------------------------------------------------------

GOOD_SETTINGS = {
    "plain": {},
    "implicit TLS": {"SMTP_URL": "smtps://a:b@surat.contoh.id"},
    "options": {"SMTP_URL": "smtp://a:b@surat.contoh.id:587?starttls=required&timeout=20"},
    "coded password": {"SMTP_URL": "smtp://a%40b:p%2F%23%3A@surat.contoh.id:587"},
    "mailbox": {"IMAP_URL": "imaps://a:b@surat.contoh.id/INBOX"},
    "mailbox folder": {"IMAP_URL": "imap://a:b@[::1]:1143/Aduan%20Warga"},
}
BAD_SETTINGS = {
    "no address": ({"MAIL_FROM": "Layanan Aduan"}, "MAIL_FROM"),
    "two addresses": ({"MAIL_FROM": "a@b.id, c@d.id <"}, "MAIL_FROM"),
    "line break": ({"MAIL_FROM": "a@b.id\r\nBcc: c@d.id"}, "MAIL_FROM"),
    "beyond ASCII": ({"MAIL_FROM": "aduán@contoh.id"}, "MAIL_FROM"),
    "local part too long": ({"MAIL_FROM": f"{'a' * 39}@contoh.id"}, "MAIL_FROM"),
    "no scheme": ({"SMTP_URL": "surat.contoh.id:587"}, "SMTP_URL"),
    "wrong scheme": ({"SMTP_URL": "https://surat.contoh.id"}, "SMTP_URL"),
    "no host": ({"SMTP_URL": "smtp://:587"}, "SMTP_URL"),
    "port not a number": ({"SMTP_URL": "smtp://surat.contoh.id:surat"}, "SMTP_URL"),
    "port too high": ({"SMTP_URL": "smtp://surat.contoh.id:70000"}, "SMTP_URL"),
    "user alone": ({"SMTP_URL": "smtp://a@surat.contoh.id"}, "SMTP_URL"),
    "raw sign in the password": ({"SMTP_URL": "smtp://a:sandi#x@surat.contoh.id"}, "SMTP_URL"),
    "unknown option": ({"SMTP_URL": "smtp://surat.contoh.id?verify=no"}, "SMTP_URL"),
    "unknown starttls": ({"SMTP_URL": "smtp://surat.contoh.id?starttls=maybe"}, "SMTP_URL"),
    "endless timeout": ({"SMTP_URL": "smtp://surat.contoh.id?timeout=inf"}, "SMTP_URL"),
    "mailbox by the wrong scheme": ({"IMAP_URL": "smtp://a:b@surat.contoh.id"}, "IMAP_URL"),
    "mailbox without user": ({"IMAP_URL": "imaps://surat.contoh.id/INBOX"}, "IMAP_URL"),
    "short secret": ({"MAIL_HOOK_SECRET": "pendek"}, "MAIL_HOOK_SECRET"),
}
BASE = {"MAIL_FROM": ADDRESS, "SMTP_URL": "smtp://surat.contoh.id"}


@pytest.mark.parametrize("values", GOOD_SETTINGS.values(), ids=GOOD_SETTINGS.keys())
def test_good_settings_have_no_fault(values: dict[str, str]) -> None:
    assert Mail.faults(BASE | values) == []
    assert Mail(BASE | values, "https://x.invalid").account == ADDRESS


@pytest.mark.parametrize(("values", "named"), BAD_SETTINGS.values(), ids=BAD_SETTINGS.keys())
def test_a_bad_setting_is_one_fault_that_tells_no_secret(values: dict[str, str], named: str) -> None:
    (fault,) = Mail.faults(BASE | values)
    assert fault.startswith(named)
    assert "sandi" not in fault
    assert "pendek" not in fault


def test_the_account_is_the_address_in_lower_case() -> None:
    assert channel_of(MAIL_FROM="Layanan <Aduan@Lapor.Contoh.GO.ID>").account == ADDRESS


# -- what only we can write ------------------------------------------------------------------------------------------

OURS = Identity(ADDRESS, SECRET.encode())
NUMBER = "KLT-AB12-X"
GENUINE = OURS.reply_address(NUMBER)
OTHERS_KEY = Identity(ADDRESS, b"rahasia-yang-lain").reply_address(NUMBER)
OTHERS_BOX = Identity("aduan@lapor.lain.id", SECRET.encode()).reply_address(NUMBER).replace("lain.id", "contoh.go.id")
LOCAL, MAC = GENUINE.partition("@")[0].rsplit(".", 1)
DOMAIN = ADDRESS.partition("@")[2]

ADDRESS_CASES = {
    "to": ({"To": GENUINE}, NUMBER),
    "to among others": ({"To": f"Budi <budi@contoh.id>, Layanan <{GENUINE}>"}, NUMBER),
    "cc": ({"Cc": GENUINE}, NUMBER),
    "delivered-to": ({"Delivered-To": GENUINE}, NUMBER),
    "x-original-to": ({"X-Original-To": GENUINE}, NUMBER),
    "in capitals": ({"To": GENUINE.upper()}, NUMBER),
    "after a forged one": ({"To": f"{LOCAL}.{'0' * 12}@{DOMAIN}, {GENUINE}"}, NUMBER),
    "plain address": ({}, ""),
    "wrong mac": ({"To": f"{LOCAL}.{'0' * 12}@{DOMAIN}"}, ""),
    "short mac": ({"To": f"{LOCAL}.{MAC[:8]}@{DOMAIN}"}, ""),
    "long mac": ({"To": f"{LOCAL}.{MAC}00@{DOMAIN}"}, ""),
    "no mac": ({"To": f"{LOCAL}@{DOMAIN}"}, ""),
    "empty mac": ({"To": f"{LOCAL}.@{DOMAIN}"}, ""),
    "another number": ({"To": GENUINE.replace("ab12", "ab13")}, ""),
    "another domain": ({"To": GENUINE.replace(DOMAIN, "jahat.contoh.id")}, ""),
    "another key": ({"To": OTHERS_KEY}, ""),
    "another mailbox": ({"To": OTHERS_BOX}, ""),
    "an id's mac": ({"To": f"{LOCAL}.{OURS.message_id(NUMBER).partition('@')[0][-16:-4]}@{DOMAIN}"}, ""),
    "in the subject only": ({"Subject": GENUINE}, ""),
    "beyond ASCII": ({"To": f"{LOCAL}.{'é' * 12}@{DOMAIN}"}, ""),
}


@pytest.mark.parametrize(("headers", "thread"), ADDRESS_CASES.values(), ids=ADDRESS_CASES.keys())
def test_only_a_genuine_reply_address_names_its_ticket(headers: dict[str, str], thread: str) -> None:
    assert parsed(letter(**headers)).thread == thread


def test_a_reply_address_fits_a_mail_address() -> None:
    longest = channel_of(MAIL_FROM=f"{'a' * 38}@contoh.id").reply_address("KLTR-ABCD-EF")
    assert len(longest.partition("@")[0]) <= 64


def test_with_nothing_secret_nothing_is_signed_or_recognised() -> None:
    bare = channel_of(MAIL_HOOK_SECRET="")
    assert bare.reply_address(NUMBER) == ADDRESS
    unsigned = Identity(ADDRESS, b"")
    made = unsigned.message_id("outbox-1")
    assert unsigned.key_of(made) == ""
    guessed = unsigned._mac("reply", NUMBER, 12)  # what anybody can compute when the key is empty
    assert parsed(letter(To=f"{LOCAL}.{guessed}@{DOMAIN}"), bare).thread == ""


KEY_SOURCES = {
    "hook secret first": {"MAIL_HOOK_SECRET": SECRET, "SMTP_URL": "smtp://a:satu@h", "IMAP_URL": "imap://a:dua@h"},
    "then the smtp password": {
        "MAIL_HOOK_SECRET": "",
        "SMTP_URL": f"smtp://a:{SECRET}@h",
        "IMAP_URL": "imap://a:dua@h",
    },
    "then the imap password": {"MAIL_HOOK_SECRET": "", "SMTP_URL": "smtp://h", "IMAP_URL": f"imap://a:{SECRET}@h"},
}


@pytest.mark.parametrize("values", KEY_SOURCES.values(), ids=KEY_SOURCES.keys())
def test_signs_are_made_with_the_first_secret_there_is(values: dict[str, str]) -> None:
    assert channel_of(**values).reply_address(NUMBER) == GENUINE


KEYS = ("outbox-1", "01JC0000000000000000000000", "a.b", "a@b", "a b", "ä/<>\r\n", "x.0123456789abcdef")


@pytest.mark.parametrize("key", KEYS, ids=[repr(key) for key in KEYS])
def test_a_message_id_gives_its_key_back_and_to_nobody_else(key: str) -> None:
    made = OURS.message_id(key)
    assert OURS.key_of(made) == key
    assert made == OURS.message_id(key)
    assert OURS.key_of("x" + made) == ""
    assert OURS.key_of(made.replace(DOMAIN, "jahat.id")) == ""
    assert Identity(ADDRESS, b"lain").key_of(made) == ""


def test_a_key_too_long_for_a_message_id_is_refused_for_good() -> None:
    message = OutboundMessage(key="k" * 300, recipient=Address("mailto", "warga@contoh.id"), text="x")
    with pytest.raises(Permanent):
        channel_of().send(message)


# -- attachments -----------------------------------------------------------------------------------------------------

FETCHES = {
    "attachment-rfc2231-name": [b"%PDF-1.4 contoh"],
    "attachment-empty": [b""],
    "attachment-text-file": [b"Kronologi panjang"],
    "calendar-invitation": [b"BEGIN:VCALENDAR\r\nEND:VCALENDAR"],
}


@pytest.mark.parametrize(("name", "contents"), FETCHES.items(), ids=FETCHES.keys())
def test_an_attachment_is_cut_out_of_the_raw_mail(name: str, contents: list[bytes]) -> None:
    raw = (PAYLOADS / f"{name}.eml").read_bytes()
    files = parsed(raw).attachments
    assert [channel_of().fetch(item, raw) for item in files] == contents
    assert [item.size for item in files] == [len(content) for content in contents]


def test_small_inline_pictures_come_after_what_is_evidence() -> None:
    raw = (PAYLOADS / "related-inline-images.eml").read_bytes()
    first, *rest = parsed(raw).attachments
    assert channel_of().fetch(first, raw) == b"\x89PNG\r\n\x1a\n" + bytes(5992)
    assert rest and all((item.size or 0) < 5000 for item in rest)
    assert [note for note in parsed(raw).notes if note.startswith("small pictures")]


def test_a_mail_within_the_mail_is_fetched_as_its_own_source() -> None:
    raw = (PAYLOADS / "forwarded-as-attachment.eml").read_bytes()
    inner, photo = (channel_of().fetch(item, raw) for item in parsed(raw).attachments)
    assert inner.startswith(b"From: lain@contoh.id")
    assert b"Isi surat lama." in inner
    assert photo == b"\x89PNG\r\n\x1a\n"


SOURCES = ("part:99", "part:-1", "part:x", "part:", "part:²", "https://jahat.contoh.id/x", "", "part:" + "9" * 5000)


@pytest.mark.parametrize("source", SOURCES, ids=[repr(source[:20]) for source in SOURCES])
def test_a_part_that_is_not_there_cannot_be_fetched(source: str) -> None:
    with pytest.raises(FetchError) as caught:
        channel_of().fetch(Attachment(AttachmentKind.IMAGE, source), letter())
    assert caught.value.permanent


def test_nothing_is_fetched_from_a_mail_beyond_the_caps() -> None:
    with pytest.raises(FetchError):
        channel_of().fetch(Attachment(AttachmentKind.IMAGE, "part:0"), letter() + b"x" * 10_000_001)
