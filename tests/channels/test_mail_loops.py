"""Who wrote it, a person or a machine: each rule beside mails for which it holds, and look-alikes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from channels.mail.identity import Identity
from channels.mail.loops import RULES
from channels.mail.parse import read_event
from channels.mail.smtp import compose
from channels.message import Address, DeliveryReport, DeliveryState, InboundMessage, OutboundMessage

ADDRESS = "aduan@lapor.contoh.go.id"
IDENTITY = Identity(ADDRESS, b"rahasia-kait-surat-untuk-uji")
OURS = IDENTITY.message_id("outbox-7")
NOW = datetime(2026, 11, 4, 2, 0, tzinfo=UTC)


def letter(**headers: str) -> bytes:
    usual = {"From": "Siti <siti@contoh.id>", "Subject": "Jalan rusak", "Message-ID": "<a@contoh.id>"}
    written = usual | {name.replace("_", "-"): value for name, value in headers.items()}
    return ("".join(f"{name}: {value}\r\n" for name, value in written.items()) + "\r\nIsi.\r\n").encode()


def read(**headers: str) -> InboundMessage:
    event = read_event(letter(**headers), NOW, IDENTITY)
    assert isinstance(event, InboundMessage)
    return event


#: (rule, headers); an empty rule: a person wrote.
RULE_CASES = [
    ("auto-submitted", {"Auto-Submitted": "auto-replied"}),
    ("auto-submitted", {"Auto-Submitted": "auto-generated; owner-email=siti@contoh.id"}),
    ("auto-submitted", {"Auto-Submitted": "AUTO-REPLIED (vacation)"}),
    ("auto-submitted", {"Auto-Submitted": "sesuatu-yang-baru"}),
    ("", {"Auto-Submitted": "no"}),
    ("", {"Auto-Submitted": "No (a person)"}),
    ("", {"Auto-Submitted": ""}),
    ("null-sender", {"Return-Path": "<>"}),
    ("null-sender", {"Return-Path": " < > "}),
    ("", {"Return-Path": "<siti@contoh.id>"}),
    ("precedence", {"Precedence": "bulk"}),
    ("precedence", {"Precedence": "Junk"}),
    ("precedence", {"Precedence": "list"}),
    ("precedence", {"Precedence": "auto_reply"}),
    ("", {"Precedence": "normal"}),
    ("absence-header", {"X-Vacation": "yes"}),
    ("absence-header", {"X-Mail-Autoreply": "1"}),
    ("failed-recipients", {"X-Failed-Recipients": "siti@contoh.id"}),
    ("list", {"List-Id": "<warga.contoh.id>"}),
    ("list", {"List-Unsubscribe": "<https://contoh.id/x>"}),
    ("autoreply", {"X-Autoreply": "yes"}),
    ("autoreply", {"X-Autorespond": "cuti"}),
    ("autoreply", {"X-AutoReply-From": "siti@contoh.id"}),
    ("loop", {"X-Loop": "siti@contoh.id"}),
    ("loop", {"X-Aduan-Loop": "1"}),
    ("report", {"Content-Type": "multipart/report; report-type=x; boundary=b"}),
    ("bouncer", {"From": "Mail Delivery <MAILER-DAEMON@contoh.id>"}),
    ("bouncer", {"From": "postmaster@contoh.id"}),
    ("bouncer", {"From": "bounce+123@surat.contoh.id"}),
    ("", {"From": "bouncer.siti@contoh.id"}),
    ("no-reply", {"From": "noreply@bank.contoh.id"}),
    ("no-reply", {"From": "No-Reply+7@bank.contoh.id"}),
    ("no-reply", {"From": "bank-noreply@contoh.id"}),
    ("", {"From": "reply@contoh.id"}),
    ("bounce-subject", {"Subject": "Undelivered Mail Returned to Sender"}),
    ("bounce-subject", {"Subject": "Undeliverable: Laporan Anda"}),
    ("bounce-subject", {"Subject": "Mail delivery failed: returning message"}),
    ("bounce-subject", {"Subject": "Tidak terkirim: Laporan Anda"}),
    ("", {"Subject": "Surat undangan tidak terkirim ke RT kami"}),
    ("", {"Subject": "Re: Undeliverable: Laporan Anda"}),
    ("absence-subject", {"Subject": "Automatic reply: Laporan Anda"}),
    ("absence-subject", {"Subject": "=?utf-8?Q?Balasan_otomatis=3A_Laporan?="}),
    ("absence-subject", {"Subject": "Jawapan automatik: Laporan"}),
    ("", {"Subject": "Balasan otomatis SMS 1708 tidak sampai"}),
    ("", {"X-Auto-Response-Suppress": "All"}),
]


@pytest.mark.parametrize(("rule", "headers"), RULE_CASES, ids=[f"{r or 'person'}-{h}" for r, h in RULE_CASES])
def test_the_rules(rule: str, headers: dict[str, str]) -> None:
    event = read(**headers)
    assert event.automatic is bool(rule)
    assert [note for note in event.notes if note.startswith("automatic")] == ([f"automatic: {rule}"] if rule else [])


def test_every_rule_has_a_case() -> None:
    assert {rule for rule, _ in RULE_CASES} - {""} == set(RULES)


SUPPRESS = {"All": True, "OOF": True, "DR, AutoReply": True, "DR, RN": False, "None": False, "": False}


@pytest.mark.parametrize(("value", "asked"), SUPPRESS.items(), ids=[repr(value) for value in SUPPRESS])
def test_a_wish_for_silence_is_a_note_and_no_proof_of_a_machine(value: str, asked: bool) -> None:
    event = read(**{"X-Auto-Response-Suppress": value})
    assert ("asks for no automatic answer" in event.notes) is asked
    assert not event.automatic


OWN = {
    "our address": {"From": ADDRESS},
    "our address in capitals": {"From": "X <ADUAN@Lapor.Contoh.go.id>"},
    "our reply address": {"From": IDENTITY.reply_address("KLT-AB12")},
    "an id only we can write": {"Message-ID": f"<{OURS}>"},
    "our domain and our mark": {"Message-ID": "<tiruan@lapor.contoh.go.id>", "X-Aduan-Loop": "1"},
}
NOT_OWN = {
    "our domain without the mark": {"Message-ID": "<x@lapor.contoh.go.id>"},
    "an id we did not sign": {"Message-ID": f"<outbox-7.{'0' * 16}@lapor.contoh.go.id>"},
    "a colleague of our domain": {"From": "camat@lapor.contoh.go.id"},
    "an address that ends like ours": {"From": f"bukan{ADDRESS}"},
    "our name at another domain": {"From": f"{ADDRESS}.jahat.id"},
}


@pytest.mark.parametrize("headers", OWN.values(), ids=OWN.keys())
def test_our_own_mail_come_back_is_nobodys_message(headers: dict[str, str]) -> None:
    assert read_event(letter(**headers), NOW, IDENTITY) is None


@pytest.mark.parametrize("headers", NOT_OWN.values(), ids=NOT_OWN.keys())
def test_what_only_looks_like_ours_is_kept(headers: dict[str, str]) -> None:
    assert not read(**headers).automatic


@pytest.mark.parametrize("automatic", [True, False], ids=["receipt", "answer"])
def test_two_instances_do_not_answer_each_other(automatic: bool) -> None:
    """What one instance sends, another reads as a machine's: the exchange ends with the first mail."""
    message = OutboundMessage(
        key="k", recipient=Address("mailto", "aduan@lain.id"), text="Diterima", automatic=automatic
    )
    sent = compose(message, sender=ADDRESS, sender_name="", message_id=OURS, reply_address=ADDRESS, now=NOW)
    event = read_event(sent, NOW, Identity("aduan@lain.id", b"rahasia yang lain"))
    assert isinstance(event, InboundMessage)
    assert event.automatic
    assert read_event(sent, NOW, IDENTITY) is None


# -- delivery reports ------------------------------------------------------------------------------------------------


def dsn(blocks: str, *, message_id: str = OURS, returned: str = "message/rfc822", first: str = "text/plain") -> bytes:
    return (
        "From: MAILER-DAEMON@mx.contoh.id\r\nMessage-ID: <dsn@mx.contoh.id>\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        f"--b\r\nContent-Type: {first}\r\n\r\nTidak terkirim.\r\n"
        f"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n{blocks}\r\n"
        f"--b\r\nContent-Type: {returned}\r\n\r\nSubject: x\r\nMessage-ID: <{message_id}>\r\n\r\nisi\r\n--b--\r\n"
    ).encode()


VERDICTS = {
    "failed": ("Action: failed\r\nStatus: 5.1.1\r\n", DeliveryState.FAILED, "5.1.1"),
    "failed after waiting": ("Action: failed\r\nStatus: 4.4.7\r\n", DeliveryState.FAILED, "4.4.7"),
    "failed in capitals, with a comment": (
        "Action: FAILED (expired)\r\nStatus: 5.0.0 (x)\r\n",
        DeliveryState.FAILED,
        "5.0.0",
    ),
    "delayed": ("Action: delayed\r\nStatus: 4.4.1\r\n", DeliveryState.UNKNOWN, "4.4.1"),
    "delivered": ("Action: delivered\r\nStatus: 2.0.0\r\n", DeliveryState.DELIVERED, "2.0.0"),
    "relayed": ("Action: relayed\r\nStatus: 2.0.0\r\n", DeliveryState.SENT, "2.0.0"),
    "status alone": ("Status: 5.1.2\r\n", DeliveryState.FAILED, "5.1.2"),
    "unknown word": ("Action: entah\r\nStatus: 9.9.9\r\n", DeliveryState.UNKNOWN, "9.9.9"),
    "nothing": ("X-Kosong: ya\r\n", DeliveryState.UNKNOWN, ""),
    "one of two failed": (
        "Action: delivered\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n",
        DeliveryState.FAILED,
        "5.1.1",
    ),
}


@pytest.mark.parametrize(("blocks", "state", "code"), VERDICTS.values(), ids=VERDICTS.keys())
def test_a_report_tells_what_became_of_our_mail(blocks: str, state: DeliveryState, code: str) -> None:
    event = read_event(dsn(blocks), NOW, IDENTITY)
    assert isinstance(event, DeliveryReport)
    assert (event.state, event.error_code, event.key, event.message_id) == (state, code, "outbox-7", OURS)
    assert event.external_id == "dsn@mx.contoh.id"


RETURNED = ("message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers")


@pytest.mark.parametrize("returned", RETURNED)
def test_our_id_is_found_in_whatever_came_back(returned: str) -> None:
    event = read_event(dsn("Action: failed\r\n", returned=returned), NOW, IDENTITY)
    assert isinstance(event, DeliveryReport)


STRANGERS = (
    "outbox-7@lapor.contoh.go.id",
    f"outbox-7.{'0' * 16}@lapor.contoh.go.id",
    OURS.replace("outbox-7", "outbox-8"),
    OURS.replace("contoh.go.id", "jahat.id"),
    Identity(ADDRESS, b"lain").message_id("outbox-7"),
)


@pytest.mark.parametrize("message_id", STRANGERS)
def test_a_report_about_an_id_we_did_not_sign_changes_nothing(message_id: str) -> None:
    event = read_event(dsn("Action: failed\r\nStatus: 5.1.1\r\n", message_id=message_id), NOW, IDENTITY)
    assert isinstance(event, InboundMessage)
    assert event.automatic


def test_without_a_secret_no_report_is_believed() -> None:
    bare = Identity(ADDRESS, b"")
    event = read_event(dsn("Action: failed\r\n", message_id=bare.message_id("outbox-7")), NOW, bare)
    assert isinstance(event, InboundMessage)
