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
    UNPROVEN,
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
SILENCE = "asks for no automatic answer"
IMAGE, DOCUMENT = AttachmentKind.IMAGE, AttachmentKind.DOCUMENT


def told(text: str = ROAD, *files: Attachment, **fields: Any) -> InboundMessage:
    usual: dict[str, Any] = {
        "sender": Address("mailto", "siti@contoh.id"),
        "sender_name": "Siti Aminah",
        "subject": "Jalan berlubang",
        "sent_at": SENT,
        "external_id": "",
        "attachments": files,
        "notes": (UNPROVEN,),
    }
    return InboundMessage(channel="mail", account=ADDRESS, text=text, **(usual | fields))


def by_machine(rule: str, text: str, *files: Attachment, **fields: Any) -> InboundMessage:
    more = fields.pop("more", ())
    silence = [note for note in more if note == SILENCE]
    notes = (f"automatic: {rule}", *silence, UNPROVEN, *(note for note in more if note != SILENCE))
    return told(text, *files, automatic=True, notes=notes, **fields)


def report(state: DeliveryState, status: str, key: str = "outbox-7") -> DeliveryReport:
    return DeliveryReport(
        channel="mail",
        account=ADDRESS,
        external_id="",
        message_id=IDENTITY.message_id(key),
        key=key,
        state=state,
        error_code=status,
        occurred_at=SENT,
    )


def unread(reason: str) -> Unreadable:
    return Unreadable(channel="mail", account=ADDRESS, external_id="", reason=reason)


def file(kind: AttachmentKind, content_type: str, name: str, size: int, part: int = 2) -> Attachment:
    return Attachment(kind, f"part:{part}", content_type, name, size)


def within(kind: AttachmentKind, source: str, name: str, size: int) -> Attachment:
    return Attachment(kind, source, "application/octet-stream", name, size)


def sender(address: str, name: str = "") -> dict[str, Any]:
    return {"sender": Address("mailto", address), "sender_name": name}


DAEMON = sender("mailer-daemon@mx.contoh.id", "Mail Delivery System")
#: The id of the mail that went out from the signed address ``outbox7``.
SENT_FROM = IDENTITY.message_id("outbox7")
LONG_NAME = "foto jalan rusak panjang.jpg"
NEVER_ENDS = (
    "Foto terlampir.\n\nbegin 644 jalan.jpg\nM_]C_X&IA;&%N(')U<V%K:F%L86X@<G5S86MJ86QA;B!R=7-A:VIA;&%N(')U\n"
    "M<V%K:F%L86X@<G5S86MJ86QA;B!R=7-A:VIA;&%N(')U<V%K:F%L86X@<G5S\n\"86L\n\nbegin saja"
)

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
    "related-inline-images": told(
        "Lihat gambar.",
        file(IMAGE, "image/png", "lubang.png", 6000, 5),
        file(IMAGE, "image/png", "logo.png", 900, 4),
        notes=(UNPROVEN, "small pictures: logo.png"),
    ),
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
    "winmail-dat": told(
        "Terlampir.",
        file(DOCUMENT, "application/ms-tnef", "winmail.dat", 4),
        notes=(UNPROVEN, "winmail.dat not opened whole"),
    ),
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
        more=(SILENCE,),
        silent=True,
    ),
    "absence-without-marks": by_machine("absence-subject", "Saya sedang cuti.", subject="Out of Office: laporan"),
    "vacation-precedence": by_machine("precedence", "Saya sedang cuti."),
    "list-mail": by_machine("list", "Warta RT."),
    "null-sender": by_machine("null-sender", "Kotak surat penuh."),
    "no-reply-sender": by_machine("no-reply", "Notifikasi.", **sender("no-reply@bank.contoh.id", "Bank")),
    "other-instance": by_machine("loop", ROAD, **sender("aduan@lapor.lain.contoh.id")),
    "asks-for-silence": told(notes=(SILENCE, UNPROVEN), silent=True),
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
    # what mail systems say, by no standard
    "bounce-exim": report(DeliveryState.FAILED, "5.1.1"),
    "bounce-exim-retry": report(DeliveryState.FAILED, "4.4.7"),
    "bounce-exim-delay": report(DeliveryState.UNKNOWN, "4.0.0"),
    "bounce-qmail-ours": report(DeliveryState.FAILED, "5.1.1"),
    "bounce-qmail-quota": report(DeliveryState.FAILED, "5.2.2"),
    "bounce-sendmail-old": report(DeliveryState.FAILED, "5.1.1"),
    "bounce-sendmail-delay": report(DeliveryState.UNKNOWN, "4.0.0"),
    "bounce-exchange": report(DeliveryState.FAILED, "5.1.10"),
    "bounce-exchange-policy": report(DeliveryState.FAILED, "5.7.0"),
    "bounce-exchange-old": report(DeliveryState.FAILED, "5.2.2"),
    "bounce-gmail-text": report(DeliveryState.FAILED, "5.1.1"),
    "bounce-gmail-full": report(DeliveryState.FAILED, "4.2.2"),
    "bounce-gmail-delay": report(DeliveryState.UNKNOWN, "4.0.0"),
    "bounce-yahoo": report(DeliveryState.FAILED, "5.1.1"),
    "bounce-yahoo-inactive": report(DeliveryState.FAILED, "5.2.1"),
    "bounce-postfix-local": report(DeliveryState.FAILED, "5.1.1"),
    "bounce-domain-gone": report(DeliveryState.FAILED, "5.1.2"),
    "bounce-too-large": report(DeliveryState.FAILED, "5.3.4"),
    "bounce-spam": report(DeliveryState.FAILED, "5.7.1"),
    "bounce-indonesian": report(DeliveryState.FAILED, "5.1.1"),
    "bounce-malay-full": report(DeliveryState.FAILED, "5.2.2"),
    "bounce-code-only": report(DeliveryState.FAILED, "5.1.1"),
    "bounce-signed-address": report(DeliveryState.FAILED, "5.0.0", "outbox7"),
    "bounce-signed-address-full": report(DeliveryState.FAILED, "5.2.2", "outbox7"),
    "bounce-signed-address-null": report(DeliveryState.FAILED, "5.1.1", "outbox7"),
    "bounce-report-signed-address": report(DeliveryState.FAILED, "5.1.1", "outbox7"),
    "bounce-report-diagnosed": report(DeliveryState.FAILED, "5.2.2"),
    "bounce-report-long-status": report(DeliveryState.FAILED, "5.4.0"),
    "bounce-report-expired": report(DeliveryState.FAILED, "4.4.7"),
    "report-relayed": report(DeliveryState.SENT, "2.0.0"),
    # what only looks so
    "alike-absence-null-sender": by_machine(
        "null-sender",
        "Saya tidak di tempat sampai Senin.",
        subject="Sedang cuti: Laporan",
        reply_to=(SENT_FROM,),
        **sender("warga@contoh.id", "Warga"),
    ),
    "alike-absence-to-signed-address": by_machine(
        "auto-submitted",
        "Saya cuti. Mailbox full of work!",
        subject="Re: Laporan",
        reply_to=(SENT_FROM,),
        **sender("warga@contoh.id", "Warga"),
    ),
    "alike-abuse-report": by_machine(
        "report",
        "Laporan spam.",
        file(DOCUMENT, "message/feedback-report", "", 49),
        file(DOCUMENT, "text/rfc822-headers", "", 58, 4),
        subject="Email Feedback Report",
        **sender("abuse@contoh.id", "Abuse"),
    ),
    "alike-bounce-with-a-forged-id": by_machine(
        "bouncer",
        "warga@contoh.id: user unknown\n\nMessage-ID: <outbox-7.0000000000000000@lapor.contoh.go.id>",
        subject="Mail delivery failed",
        **DAEMON,
    ),
    "alike-bounce-without-our-id": by_machine(
        "bouncer", "warga@contoh.id: user unknown", subject="Mail delivery failed", **DAEMON
    ),
    "alike-challenge": by_machine(
        "precedence",
        "Klik untuk membuktikan bahwa Anda manusia. User unknown to me.",
        subject="Mohon konfirmasi",
        reply_to=(SENT_FROM,),
        **sender("siti@contoh.id", "Penjaga"),
    ),
    "alike-complaint-about-mail": told(
        "Server surel kantor desa kami rusak: mailbox full, user unknown.",
        subject="mail delivery failed terus di kantor desa",
    ),
    "alike-daemon-about-our-own-quota": by_machine(
        "bouncer",
        f"Kotak surat {ADDRESS} sudah 95% penuh. Mailbox is full soon.",
        subject="Kotak surat Anda hampir penuh",
        **DAEMON,
    ),
    "alike-person-forwards-a-bounce": told(
        "Ini yang saya terima.", file(DOCUMENT, "message/rfc822", "", 327), subject="Fwd: surat kembali"
    ),
    "alike-person-quotes-a-bounce": told(
        "Mengapa surat saya kembali?\n\nUndelivered Mail Returned to Sender: 550 5.1.1 user unknown\n"
        f"Message-ID: <{OURS}>",
        subject="Surat saya selalu kembali",
    ),
    "alike-postmaster-person": by_machine(
        "bouncer",
        "Apakah alamat ini masih dipakai?",
        subject="Pertanyaan",
        **sender("postmaster@contoh.id", "Kepala Pos"),
    ),
    # more bodies
    "authenticated-elsewhere": told("Jalan rusak."),
    "charset-big5": told("道路壞了。"),
    "charset-iso-2022-jp": told("道路が壊れています。"),
    "charset-koi8-r": told("Дорога разбита."),
    "charset-windows-1256": told("طريق"),
    "complaint-that-begins-with-a-date": told(
        "Pada tanggal 3 Mei 2026 pukul 10.00 petugas datang dan menulis:\njalan akan diperbaiki. Sampai hari ini belum."
    ),
    "forward-apple-id": told(
        "Tolong.\n\nMulai pesan yang diteruskan:\n\nDari: Budi <budi@contoh.id>\n"
        "Tanggal: 3 November 2026 14.59 WITA\nKepada: Siti <siti@contoh.id>\n\nJembatan gantung putus.",
        subject="Fwd: Jembatan",
    ),
    "forward-outlook-id": told(
        f"Mohon ditindaklanjuti.\n\n{'_' * 32}\nDari: Budi <budi@contoh.id>\n"
        "Dikirim: Selasa, 03 November 2026 14:59\nKepada: Siti <siti@contoh.id>\nSubjek: Jembatan\n\n"
        "Jembatan gantung putus.",
        subject="FW: Jembatan",
    ),
    "forwarded-as-attachment-only": told(
        "Jembatan putus.", file(DOCUMENT, "message/rfc822", "", 62, 1), subject="Fwd: Jembatan"
    ),
    "group-of-recipients": told("Jalan rusak."),
    "marks-of-ours-by-a-stranger": told("Jalan rusak."),
    "name-rfc2231-in-pieces": told("Terlampir.", file(IMAGE, "image/jpeg", "jalan rusak – 2.jpg", 4)),
    "pgp-encrypted": told(
        "",
        file(DOCUMENT, "application/pgp-encrypted", "", 10, 1),
        file(DOCUMENT, "application/octet-stream", "encrypted.asc", 61),
        notes=(UNPROVEN, "encrypted: PGP"),
    ),
    "pgp-signed": told(
        "Air keruh.",
        file(DOCUMENT, "application/pgp-signature", "signature.asc", 65),
        notes=(UNPROVEN, "signed: PGP"),
    ),
    "photo-with-an-unused-content-id": told("Jalan rusak", file(IMAGE, "image/jpeg", "kecil.jpg", 4)),
    "reply-gmail-html": told("Belum selesai pak.", subject="Re: Jalan berlubang", reply_to=(OURS,)),
    "reply-outlook-html": told("Baik, saya tunggu.", subject="RE: Jalan berlubang", reply_to=(OURS,)),
    "reply-samsung": told("Masih rusak.", subject="Re: Jalan berlubang", reply_to=(OURS,)),
    "reply-yahoo-html": told("Lampunya masih mati.", subject="Re: Jalan berlubang", reply_to=(OURS,)),
    "signature-logo-by-content-id": told(
        "Jalan rusak", file(IMAGE, "image/png", "logo.png", 8), notes=(UNPROVEN, "small pictures: logo.png")
    ),
    "smime-encrypted": told(
        "", file(DOCUMENT, "application/pkcs7-mime", "smime.p7m", 15, 0), notes=(UNPROVEN, "encrypted: S/MIME")
    ),
    "smime-one-block": told(
        "",
        file(DOCUMENT, "application/pkcs7-mime", "smime.p7m", 15, 0),
        notes=(UNPROVEN, "signed as one block: S/MIME"),
    ),
    "smime-signed": told(
        "Air keruh.",
        file(DOCUMENT, "application/pkcs7-signature", "smime.p7s", 9),
        notes=(UNPROVEN, "signed: S/MIME"),
    ),
    "sms-gateway-mail": told("lampu mati di jl mawar", subject=""),
    "utf8-address": told("Jalan rusak.", **sender("sitä@contoh.id", "Sitä")),
    "uuencode-that-never-ends": told(NEVER_ENDS),
    "uuencoded-photo": told("Foto terlampir.\n\nTerima kasih.", within(IMAGE, "part:0:0", "jalan.jpg", 92)),
    "winmail-dat-lying-counts": told(
        "Terlampir.",
        within(IMAGE, "part:2:0", LONG_NAME, 12),
        file(DOCUMENT, "application/ms-tnef", "winmail.dat", 169),
        notes=(UNPROVEN, "winmail.dat not opened whole"),
    ),
    "winmail-dat-with-a-photo": told("Terlampir.", within(IMAGE, "part:2:0", LONG_NAME, 12)),
    "winmail-dat-with-text": told("Jembatan putus.", within(IMAGE, "part:1:0", LONG_NAME, 12)),
}


def test_every_payload_is_expected() -> None:
    assert {path.stem for path in PAYLOADS.glob("*.eml")} == set(EXPECTED)
    assert len(EXPECTED) >= 150


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
