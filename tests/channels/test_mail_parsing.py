"""Every mail under payloads/mail, beside the event it must become."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from channels.mail.headers import CHARSETS, decode_words, message_ids, one_address, sane_date
from channels.mail.htmltext import to_text
from channels.mail.identity import Identity
from channels.mail.mime import attachment_kind
from channels.mail.parse import read_event
from channels.message import (
    Address,
    Attachment,
    AttachmentKind,
    DeliveryReport,
    DeliveryState,
    Event,
    InboundMessage,
    Unreadable,
)
from tests.channels.contract import storable

PAYLOADS = Path(__file__).parent / "payloads" / "mail"
ADDRESS = "aduan@lapor.contoh.go.id"
IDENTITY = Identity(ADDRESS, b"rahasia-kait-surat-untuk-uji")
NOW = datetime(2026, 11, 4, 2, 0, tzinfo=UTC)
SENT = datetime(2026, 11, 4, 1, 30, tzinfo=UTC)
OURS = IDENTITY.message_id("outbox-7")
ROAD = "Jalan di depan pasar berlubang.\nMohon diperbaiki."
ANSWER: dict[str, Any] = {"subject": "Re: Jalan berlubang", "reply_to": (OURS, "awal@contoh.id")}
IMAGE, DOCUMENT = AttachmentKind.IMAGE, AttachmentKind.DOCUMENT


def told(text: str = ROAD, *files: Attachment, **fields: Any) -> InboundMessage:
    usual: dict[str, Any] = {
        "sender": Address("mailto", "siti@contoh.id"),
        "sender_name": "Siti Aminah",
        "subject": "Jalan berlubang",
        "sent_at": SENT,
        "external_id": "",
        "attachments": files,
    }
    return InboundMessage(channel="mail", account=ADDRESS, text=text, **(usual | fields))


def by_machine(rule: str, text: str, *files: Attachment, **fields: Any) -> InboundMessage:
    notes = (f"automatic: {rule}", *fields.pop("more", ()))
    return told(text, *files, automatic=True, notes=notes, **fields)


def report(state: DeliveryState, status: str) -> DeliveryReport:
    return DeliveryReport(
        channel="mail",
        account=ADDRESS,
        external_id="",
        message_id=OURS,
        key="outbox-7",
        state=state,
        error_code=status,
        occurred_at=SENT,
    )


def unread(reason: str) -> Unreadable:
    return Unreadable(channel="mail", account=ADDRESS, external_id="", reason=reason)


def file(kind: AttachmentKind, content_type: str, name: str, size: int, part: int = 2) -> Attachment:
    return Attachment(kind, f"part:{part}", content_type, name, size)


def sender(address: str, name: str = "") -> dict[str, Any]:
    return {"sender": Address("mailto", address), "sender_name": name}


#: None: nothing for us. An empty external_id stands for the Message-ID ``<file name>@contoh.id``.
EXPECTED: dict[str, Event | None] = {
    # bodies
    "plain-utf8": told("Lampu jalan mati sejak kemarin — gelap sekali 🌑"),
    "plain-quoted-printable": told(
        "Biaya Rp 50.000 – tidak ada kuitansi.\n"
        "Baris kedua yang sangat panjang sehingga harus dipotong oleh pengirim surat."
    ),
    "plain-base64": told("Air PDAM keruh di Jalan Mawar.\nSudah tiga hari."),
    "plain-base64-damaged": told("Air keruh di rumah kam"),
    "eight-bit-without-charset": told("Petugas di café “Pojok” meminta uang."),
    "charset-unknown": told("Warung di depan sekolah – ramai."),
    "charset-that-is-a-codec": told("Berkas C:\\nama\\u0041 hilang."),
    "charset-gb2312": told("道路坏了，请修理。"),
    "charset-utf16": told("Listrik padam."),
    "transfer-encoding-unknown": told("Teks biasa."),
    "nul-and-controls": told("awal\ufffdakhir\x08"),
    "empty-body": told(""),
    "html-only": told(
        "Sampah menumpuk di:\n\n- Pasar Lama\n- Pasar Baru\n\n"
        "Peta: lokasi (https://peta.contoh.id/?q=1&z=2)\nTerima kasih & salam"
    ),
    "html-broken": told("Selokan sejak Senin\n\nAir < 5 cm dari pintu & naik � di sini"),
    "html-outlook-reply": told("Sudah saya kirim lagi.", reply_to=(OURS,)),
    "alternative-plain-and-html": told("Versi teks."),
    "alternative-blank-plain": told("Hanya di HTML."),
    "boundary-missing": told("--b\nContent-Type: text/plain\n\nTeks tanpa batas.\n--b--"),
    "boundary-never-closed": told("Surat terpotong di jalan.", file(IMAGE, "image/jpeg", "potong.jpg", 6)),
    # attachments
    "related-inline-images": told("Lihat gambar.", file(IMAGE, "image/png", "lubang.png", 6000, 5)),
    "mixed-text-image-text": told(
        "Foto pertama:\n\nLubangnya makin besar.", file(IMAGE, "image/jpeg", "IMG_0001.jpeg", 5200)
    ),
    "attachment-rfc2231-name": told("Terlampir.", file(DOCUMENT, "application/pdf", "surat keterangan nº 1.pdf", 15)),
    "attachment-rfc2047-name": told("Terlampir.", file(IMAGE, "image/jpeg", "jalan rusak – 1.jpg", 4)),
    "attachment-path-name": told("Terlampir.", file(DOCUMENT, "application/pdf", "profil.pdf", 10)),
    "attachment-hidden-direction": told("Terlampir.", file(DOCUMENT, "application/octet-stream", "fotogpj.exe", 10)),
    "attachment-octet-stream-photo": told("Terlampir.", file(IMAGE, "application/octet-stream", "DSC_0042.JPG", 3)),
    "attachment-empty": told("Terlampir.", file(IMAGE, "image/png", "kosong.png", 0)),
    "attachment-text-file": told("Terlampir.", file(DOCUMENT, "text/plain", "kronologi.txt", 17)),
    "winmail-dat": told("Terlampir.", file(DOCUMENT, "application/ms-tnef", "winmail.dat", 4)),
    "vcard": told("Terlampir.", file(AttachmentKind.CONTACT, "text/vcard", "siti.vcf", 24)),
    "voice-note": told("Terlampir.", file(AttachmentKind.AUDIO, "audio/ogg", "suara.ogg", 4)),
    "calendar-invitation": told("Undangan rapat warga.", file(DOCUMENT, "text/calendar", "", 30)),
    "forwarded-as-attachment": told(
        "Mohon dibaca surat terlampir.",
        file(DOCUMENT, "message/rfc822", "surat lama.eml", 230),
        file(IMAGE, "image/png", "baru.png", 8, 6),
    ),
    # replies
    "reply-gmail-id": told("Sudah diperbaiki, terima kasih.", **ANSWER),
    "reply-gmail-id-wrapped": told("Belum selesai pak.", **ANSWER),
    "reply-yahoo-id": told("Lampunya masih mati.", **ANSWER),
    "reply-outlook-id": told("Baik, saya tunggu.", **ANSWER),
    "reply-apple-ms": told("Masih rosak lagi tuan.", **ANSWER),
    "reply-english-original": told("Thank you, it works now.", **ANSWER),
    "reply-below-the-quote": told("Di Jalan Mawar nomor 3.\n\nSejak Senin.", **ANSWER),
    "reply-of-quotes-only": told("> Apakah sudah selesai?\n> Mohon jawab.", **ANSWER),
    "reply-address-forged": told(),
    "reply-address-genuine": told(thread="KLT-AB12"),
    "references-many": told(reply_to=tuple(f"r{n}@contoh.id" for n in range(25, 5, -1))),
    "forward-gmail-id": told(
        "Tolong ditindaklanjuti.\n\n---------- Forwarded message ---------\nDari: Budi <budi@contoh.id>\n"
        "Date: Sel, 3 Nov 2026 pukul 22.12\nSubject: Jembatan\nTo: Siti <siti@contoh.id>\n\nJembatan gantung putus.",
        subject="Fwd: Jembatan",
    ),
    "letter-that-looks-like-a-header": told(
        "Dengan hormat,\n\nDari: Siti Aminah\nKepada: Dinas Pekerjaan Umum\nTanggal: 3 November 2026\n"
        'Perihal: Jembatan putus\n\nPada tanggal 2 November pukul 10.00 petugas menulis:\n"akan dicek". '
        "Sampai hari ini belum."
    ),
    "signature-and-footer": told("Sumur kami kering."),
    # headers
    "subject-with-line-breaks": told(subject="halo Bcc: korban@contoh.id"),
    "subject-words-cut-in-a-character": told(subject="Jalan – rusak"),
    "subject-raw-eight-bit": told(subject="Café tutup"),
    "subject-missing": told(subject=""),
    "name-encoded-as-an-address": told(sender_name='"Bupati" <bupati@contoh.go.id>'),
    "no-message-id": told(external_id="sha256"),
    "message-id-twice": told(external_id="sha256"),
    "message-id-with-blanks": told(external_id="sha256"),
    "message-id-with-brackets-inside": told(external_id="abc[def]@contoh.id"),
    "no-from": unread("the mail has no From header"),
    "from-without-address": unread("the From header names no usable address"),
    "date-in-the-future": told(sent_at=None),
    "date-nonsense": told(sent_at=None),
    "date-1970": told(sent_at=None),
    "date-zone-unknown": told(),
    # machines
    "absence-exchange": by_machine(
        "auto-submitted",
        "Saya cuti sampai Senin.",
        subject="Balasan otomatis: Laporan Anda",
        more=("asks for no automatic answer",),
    ),
    "absence-without-marks": by_machine("absence-subject", "Saya sedang cuti.", subject="Out of Office: laporan"),
    "vacation-precedence": by_machine("precedence", "Saya sedang cuti."),
    "list-mail": by_machine("list", "Warta RT."),
    "null-sender": by_machine("null-sender", "Kotak surat penuh."),
    "no-reply-sender": by_machine("no-reply", "Notifikasi.", **sender("no-reply@bank.contoh.id", "Bank")),
    "other-instance": by_machine("loop", ROAD, **sender("aduan@lapor.lain.contoh.id")),
    "asks-for-silence": told(notes=("asks for no automatic answer",)),
    "auto-submitted-no": told(),
    "own-copy": None,
    "own-id-through-a-list": None,
    "bounce-failed": report(DeliveryState.FAILED, "5.1.1"),
    "bounce-headers-only": report(DeliveryState.FAILED, "5.2.2"),
    "bounce-without-action": report(DeliveryState.FAILED, "5.7.1"),
    "bounce-delayed": report(DeliveryState.UNKNOWN, "4.4.1"),
    "report-delivered": report(DeliveryState.DELIVERED, "2.1.5"),
    "bounce-of-a-stranger": by_machine(
        "auto-submitted",
        "This is the mail system. Your message could not be delivered.",
        file(DOCUMENT, "message/delivery-status", "", 196),
        file(DOCUMENT, "message/rfc822", "", 149, 5),
        subject="Undelivered Mail Returned to Sender",
        **sender("mailer-daemon@mx.contoh.id", "Mail Delivery System"),
    ),
    "bounce-qmail": by_machine(
        "bouncer",
        "Hi. This is the qmail-send program at mx.contoh.id.\nI'm afraid I wasn't able to deliver your message.",
        subject="failure notice",
        **sender("mailer-daemon@mx.contoh.id"),
    ),
    "bounce-local-daemon": by_machine(
        "bouncer",
        "The original message was received.",
        subject="Returned mail: see transcript",
        **sender(f"mailer-daemon@{ADDRESS.partition('@')[2]}", "Mail Delivery Subsystem"),
    ),
    "read-receipt": by_machine(
        "report", "Pesan Anda telah dibaca.", file(DOCUMENT, "message/disposition-notification", "", 125)
    ),
}


def test_every_payload_is_expected() -> None:
    assert {path.stem for path in PAYLOADS.glob("*.eml")} == set(EXPECTED)
    assert len(EXPECTED) >= 40


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items(), ids=EXPECTED.keys())
def test_a_mail_becomes_its_event(name: str, expected: Event | None) -> None:
    raw = (PAYLOADS / f"{name}.eml").read_bytes()
    event = read_event(raw, NOW, IDENTITY)
    if expected is None:
        assert event is None
        return
    keys = {"": f"{name}@contoh.id", "sha256": f"sha256:{hashlib.sha256(raw).hexdigest()}"}
    key = keys.get(expected.external_id, expected.external_id)
    assert event == type(expected)(**{**_fields(expected), "external_id": key})
    assert event is not None
    storable(event)


@pytest.mark.parametrize("name", EXPECTED.keys())
def test_line_ends_do_not_matter(name: str) -> None:
    raw = (PAYLOADS / f"{name}.eml").read_bytes()
    unix = read_event(raw.replace(b"\r\n", b"\n"), NOW, IDENTITY)
    event = read_event(raw, NOW, IDENTITY)
    compared = ("text", "subject", "sender", "state", "message_id", "reason", "reply_to", "automatic", "thread")
    assert [getattr(unix, part, None) for part in compared] == [getattr(event, part, None) for part in compared]


def _fields(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in type(event).__dataclass_fields__}


HTML = {
    "blocks": ("<p>satu</p><p>dua</p><div>tiga</div>empat", "satu\n\ndua\n\ntiga\nempat"),
    "breaks": ("a<br>b<br><br>c<div><br></div>d", "a\nb\n\nc\n\nd"),
    "list": ("<ul><li>a</li><li><p>b</p></li></ul>", "- a\n- b"),
    "table": ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
    "quote": (
        "ya<blockquote>lama<br>sekali<blockquote>dulu</blockquote></blockquote>",
        "ya\n\n> lama\n> sekali\n\n> dulu",
    ),
    "link": ("<a href='https://x.id/y'>di sini</a>", "di sini (https://x.id/y)"),
    "link that shows itself": ('<a href="https://x.id/">https://x.id</a>', "https://x.id"),
    "link over two lines": ("<p>awal <a href=https://x.id/y>satu<br>dua</a></p>", "awal satu\ndua (https://x.id/y)"),
    "link that is no web address": ("<a href='javascript:alert(1)'>klik</a>", "klik"),
    "link beyond length": (f"<a href='https://x.id/{'y' * 400}'>klik</a>", "klik"),
    "references": ("&lt;b&gt; &amp; &eacute; &#128512; &#0; &tidakada;", "<b> & é 😀 \ufffd &tidakada;"),
    "unseen": ("a<STYLE>x{}</STYLE>b<script>c('</p>')</script>d<!-- e -->f<!DOCTYPE g>h", "abdfh"),
    "sign inside a value": ("<img alt='a>b'>isi", "isi"),
    "less than": ("3 < 5 dan a<b", "3 < 5 dan a<b"),
    "blanks": ("  a \n\t b&nbsp;&nbsp;c  ", "a b c"),
}


@pytest.mark.parametrize(("source", "text"), HTML.values(), ids=HTML.keys())
def test_html_becomes_text(source: str, text: str) -> None:
    assert to_text(source) == text


WORDS = {
    "plain": ("Jalan rusak", "Jalan rusak"),
    "base64 and q joined": ("=?utf-8?B?SmFsYW4=?= =?utf-8?Q?_rusak?=", "Jalan rusak"),
    "text around": ("abc =?iso-8859-1?Q?caf=E9?= x", "abc café x"),
    "two words, two sets": ("=?utf-8?Q?a?= =?iso-8859-1?Q?=E9?=", "aé"),
    "with a language": ("=?utf-8*id?Q?halo?=", "halo"),
    "padding forgotten": ("=?utf-8?B?SGFsbw?=", "Halo"),
    "not base64": ("=?utf-8?B?é?=", "=?utf-8?B?é?="),
    "unknown set": ("=?x-apa?Q?halo?=", "halo"),
    "unknown encoding": ("=?utf-8?X?halo?=", "=?utf-8?X?halo?="),
    "never ends": ("halo =?utf-8?Q?apa", "halo =?utf-8?Q?apa"),
    "a question": ("benar=? ya", "benar=? ya"),
}


@pytest.mark.parametrize(("value", "decoded"), WORDS.values(), ids=WORDS.keys())
def test_encoded_words(value: str, decoded: str) -> None:
    assert decode_words(value) == decoded


ADDRESSES = {
    "bare": ("siti@contoh.id", ("", "siti@contoh.id")),
    "named": ("Siti <Siti@Contoh.ID>", ("Siti", "siti@contoh.id")),
    "quoted comma": ('"Siti, S.T." <s@contoh.id>', ("Siti, S.T.", "s@contoh.id")),
    "comment": ("s@contoh.id (Siti)", ("Siti", "s@contoh.id")),
    "address inside the name": (
        '"bupati@contoh.go.id <x@y.id>" <s@contoh.id>',
        ("bupati@contoh.go.id <x@y.id>", "s@contoh.id"),
    ),
    "first of two": ("s@contoh.id, t@contoh.id", ("", "s@contoh.id")),
    "escaped quote": ('"Si\\"ti" <s@contoh.id>', ('Si"ti', "s@contoh.id")),
    "null": ("<>", ("", "")),
    "text after the address": ("s@contoh.id)t@jahat.id", ("", "")),
    "blank inside": ("s i@contoh.id", ("", "")),
    "two signs": ("s@t@contoh.id", ("", "")),
    "no domain": ("siti@", ("", "")),
    "line break": ("siti@contoh.id\r\nBcc: t@contoh.id", ("", "")),
    "deep comments": ("(" * 5000 + "s@contoh.id", ("s@contoh.id"[:0], "")),
    "letters beyond ASCII": ("sitı@contoh.id", ("", "sitı@contoh.id")),
}


@pytest.mark.parametrize(("value", "read"), ADDRESSES.values(), ids=ADDRESSES.keys())
def test_addresses(value: str, read: tuple[str, str]) -> None:
    assert one_address(value) == read


def test_message_ids_are_read_raw() -> None:
    assert message_ids("<a@b> <c[d@e]><f@g> h@i, <j k> <é@x> <" + "l" * 300 + "@m>") == ["a@b", "c[d@e]", "f@g", "h@i"]


DATES = (
    "",
    "Wed",
    "Wed, 4 Nov 99999 01:00:00 +0000",
    "Wed, 4 Nov 2026 01:00:00 +9999999",
    "0" * 10_000,
    "\x00",
    "4 Nov",
)


@pytest.mark.parametrize("value", DATES, ids=[repr(date[:20]) for date in DATES])
def test_a_date_that_is_none_is_no_fault(value: str) -> None:
    assert sane_date(value, NOW) is None


def test_every_character_set_is_named_as_python_names_it() -> None:
    import codecs

    assert {name for name in CHARSETS if codecs.lookup(name).name != name} == set()


KINDS = {
    "application/zip": DOCUMENT,
    "video/mp4": AttachmentKind.VIDEO,
    "text/x-vcard": AttachmentKind.CONTACT,
    "message/partial": DOCUMENT,
    "model/gltf": AttachmentKind.UNKNOWN,
    "x-aneh/apa": AttachmentKind.UNKNOWN,
}


@pytest.mark.parametrize(("content_type", "kind"), KINDS.items(), ids=KINDS.keys())
def test_an_unknown_type_is_unknown_and_no_fault(content_type: str, kind: AttachmentKind) -> None:
    assert attachment_kind(content_type, "x.bin") is kind
