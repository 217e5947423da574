"""What a mail's writer wrote this time: cases in Indonesian, English and Malay, each beside what must remain."""

from __future__ import annotations

import pytest

from channels.mail.quoting import visible

US = "Layanan Aduan <aduan@lapor.contoh.go.id>"
DAY = "Selasa, 03 November 2026"
Q = "> Laporan Anda diterima.\n> Salam"

#: name → (text, what remains)
CUT = {
    "gmail id, long form": (f"Sudah.\n\nPada tanggal Sab, 31 Okt 2026 pukul 22.12 {US} menulis:\n\n{Q}", "Sudah."),
    "gmail id, without pukul": (f"Sudah.\n\nPada tanggal Sen, 2 Nov 2026 10.41 {US} menulis:\n\n{Q}", "Sudah."),
    "gmail id, new form in two lines": (f"Sudah.\n\nPada Sel, 3 Nov 2026 pukul 14.59 {US}\nmenulis:\n\n{Q}", "Sudah."),
    "gmail id, wrapped in three": (
        f"Sudah.\n\nPada tanggal Sel, 3 Nov 2026 pukul 14.59 Layanan Aduan\n<aduan@lapor.contoh.go.id>\nmenulis:\n{Q}",
        "Sudah.",
    ),
    "gmail id, bold name": (f"Sudah.\n\n*Pada Sel, 3 Nov 2026 pukul 14.59 {US} menulis:*\n{Q}", "Sudah."),
    "gmail id, narrow blank": (f"Sudah.\n\nPada Sel, 3 Nov 2026 pukul\u202f14.59 {US} menulis:\u00a0\n{Q}", "Sudah."),
    "gmail id, indented": (f"Sudah.\n\n   Pada Sel, 3 Nov 2026 pukul 14.59 {US} menulis:\n{Q}", "Sudah."),
    "gmail en": (f"Done.\n\nOn Tue, Nov 3, 2026 at 2:59 PM {US} wrote:\n\n{Q}", "Done."),
    "gmail en, wrapped": (
        f"Done.\n\nOn Tue, Nov 3, 2026 at 2:59 PM Layanan Aduan <\naduan@lapor.contoh.go.id> wrote:\n{Q}",
        "Done.",
    ),
    "gmail ms": (f"Sudah.\n\nPada Sel, 3 Nov 2026 pada 2:59 PTG {US} menulis:\n{Q}", "Sudah."),
    "gmail, old form": (f"Sudah.\n\n2026-11-03 14:59 GMT+08:00 {US}:\n{Q}", "Sudah."),
    "apple id": (f"Sudah.\n\nPada 3 Nov 2026, pukul 14.59, {US} menulis:\n\n{Q}", "Sudah."),
    "apple ms, header itself quoted": (f"Sudah.\n\n> Pada 3 Nov 2026, {US} menulis:\n> \n> Laporan.\n", None),
    "apple en": (f"Done.\n\nOn 3 Nov 2026, at 14.59, {US} wrote:\n\n{Q}", "Done."),
    "thunderbird id, no address": (f"Sudah.\n\nPada 03/11/26 14.59, Layanan Aduan menulis:\n{Q}", "Sudah."),
    "thunderbird en, no address": (f"Done.\n\nOn 11/3/26 14:59, Layanan Aduan wrote:\n{Q}", "Done."),
    "yahoo id, quoted without marks": (
        f"Sudah.\n\n  Pada {DAY} 14.59, {US} menulis:\n \n Laporan diterima.\n",
        "Sudah.",
    ),
    "yahoo en, quoted without marks": (
        f"Done.\n\n    On Tuesday, November 3, 2026, 02:59:12 PM GMT+8, {US} wrote:  \n \n Hi\n",
        "Done.",
    ),
    "name first": (f"Sudah.\n\n{US} menulis:\n{Q}", "Sudah."),
    "outlook id": (f"Sudah.\n\nDari: {US}\nDikirim: {DAY} 14:59\nKepada: Siti\nSubjek: Re: Jalan\n\nLama", "Sudah."),
    "outlook id, bold labels": (
        f"Sudah.\n\n*Dari:* {US}\n*Dikirim:* {DAY} 14.59\n*Kepada:* Siti\n*Subjek:* Re: Jalan\n\nLama",
        "Sudah.",
    ),
    "outlook id, rule above": (
        f"Sudah.\n\n{'_' * 32}\nDari: {US}\nDikirim: {DAY} 14:59\nKe: Siti\nSubjek: Re\n\nLama",
        "Sudah.",
    ),
    "outlook en": (
        f"Done.\n\nFrom: {US}\nSent: Tuesday, November 3, 2026 2:59 PM\nTo: Siti\nSubject: Re\n\nOld",
        "Done.",
    ),
    "outlook ms": (f"Sudah.\n\nDaripada: {US}\nDihantar: {DAY} 2:59 PTG\nKepada: Siti\nSubjek: Re\n\nLama", "Sudah."),
    "original message": ("Done.\n\n-----Original Message-----\nFrom: aduan\nOld text", "Done."),
    "pesan asli": ("Sudah.\n\n-- Pesan Asli --\nDari: aduan\nTeks lama", "Sudah."),
    "pesan asli, samsung": ("Sudah.\n\n-------- Pesan asli --------\nDari: aduan\nTeks lama", "Sudah."),
    "mesej asal": ("Sudah.\n\n----- Mesej Asal -----\nLama", "Sudah."),
    "answer below the quote": (f"Pada Sel, 3 Nov 2026 {US} menulis:\n{Q}\n\nDi Jalan Mawar.", "Di Jalan Mawar."),
    "answers between quotes": (
        f"Pada Sel, 3 Nov 2026 {US} menulis:\n> Di mana?\nJalan Mawar.\n> Kapan?\nSenin.",
        "Jalan Mawar.\nSenin.",
    ),
    "nested quotes": (f"Ya.\n\nPada Sel, 3 Nov 2026 {US} menulis:\n> satu\n>> dua\n> > tiga\n", "Ya."),
    "signature": ("Sumur kering.\n-- \nSiti Aminah\nRT 05", "Sumur kering."),
    "signature without the blank": ("Sumur kering.\n--\nSiti Aminah", "Sumur kering."),
    "signature above the quote": (f"Ya.\n-- \nSiti\n\nPada Sel, 3 Nov 2026 {US} menulis:\n{Q}", "Ya."),
    "iphone id": ("Ya.\n\nDikirim dari iPhone saya", "Ya."),
    "iphone ms": ("Ya.\n\nDihantar dari iPhone saya", "Ya."),
    "iphone en": ("Yes.\n\nSent from my iPhone", "Yes."),
    "samsung id": ("Ya.\n\nDikirim dari ponsel cerdas Samsung Galaxy saya.", "Ya."),
    "yahoo footer": ("Ya.\n\nDikirim dari Yahoo Mail di Android", "Ya."),
    "yahoo footer with link": ("Ya.\n\nSent from Yahoo Mail on Android<https://contoh.id/x>", "Ya."),
    "outlook footer": ("Ya.\n\nDapatkan Outlook untuk iOS<https://contoh.id/o0ukef>", "Ya."),
    "outlook footer en": ("Yes.\n\nGet Outlook for Android", "Yes."),
    "footer above the quote": (f"Ya.\n\nDikirim dari iPhone saya\n\nPada Sel, 3 Nov 2026 {US} menulis:\n{Q}", "Ya."),
    "gmail ms, wrapped": (
        f"Sudah.\n\nPada Sel, 3 Nov 2026 pada 2:59 PTG Layanan Aduan <\naduan@lapor.contoh.go.id> menulis:\n{Q}",
        "Sudah.",
    ),
    "apple ms": (f"Sudah.\n\nPada 3 Nov 2026, pada 2:59 PTG, {US} menulis:\n\n{Q}", "Sudah."),
    "outlook mobile id": (
        f"Sudah.\n\nDapatkan Outlook untuk Android\n{'_' * 32}\nFrom: {US}\nSent: {DAY} 14:59\nTo: Siti\n\nLama",
        "Sudah.",
    ),
    "outlook id, blank line below the rule": (
        f"Sudah.\n{'_' * 40}\n\nDari: {US}\nDikirim: {DAY} 14:59\nKe: Siti\n\nLama",
        "Sudah.",
    ),
    "outlook ms, bold labels": (
        f"Sudah.\n\n*Daripada:* {US}\n*Dihantar:* {DAY} 2:59 PTG\n*Kepada:* Siti\n*Subjek:* Re\n\nLama",
        "Sudah.",
    ),
    "xiaomi footer": ("Ya.\n\nDikirim dari ponsel Xiaomi saya", "Ya."),
    "oppo footer, english": ("Yes.\n\nSent from my OPPO phone", "Yes."),
    "proton footer": ("Yes.\n\nSent with Proton Mail secure email.", "Yes."),
    "ipad ms": ("Ya.\n\nDihantar daripada iPad saya", "Ya."),
    "windows mail footer": ("Ya.\n\nDikirim dari Mail untuk Windows", "Ya."),
    "two footers": ("Ya.\n\nDikirim dari iPhone saya\n\nDikirim dari Yahoo Mail di Android", "Ya."),
    "many blank lines": ("satu\n\n\n\n\ndua", "satu\n\ndua"),
}

#: name → text that must stay whole: people write like mail programs.
KEPT = {
    "complaint that begins with a date": "Pada tanggal 3 Mei pukul 10.00 jalan kami rusak.\nMohon diperbaiki.",
    "complaint about what somebody wrote": 'Pada tanggal 3 Mei pukul 10.00 petugas menulis:\n"besok".\nTidak.',
    "complaint with menulis far down": "Pada rapat RT\nkami sepakat\nketua lalu\npagi 10.00\nmenulis:\nakan dibantu",
    "english beginning": "On Monday the lamp broke.\nPlease repair it.",
    "letter with labels": "Yth. Bupati\n\nDari: Siti\nKepada: PU\nTanggal: 3 Mei 2026\nPerihal: Jalan\n\nRusak.",
    "letter with labels and address": "Halo\nDari: Siti <s@b.id>\nKepada: PU\nTanggal: 3 Mei 2026\nHal: Air\n\nKeruh.",
    "label dari in a sentence": "Bau busuk.\nDari: pabrik di hulu\nSampai: muara",
    "list by arrows": "Keluhan:\n> lampu mati\n> air keruh",
    "more than": "Sudah\n>3 bulan menunggu",
    "dashes as a rule": "Pertama jalan.\n--\n" + "\n".join(f"butir {n}" for n in range(20)),
    "sent from a place": "Surat sudah\ndikirim dari kantor camat ke dinas",
    "phone footer in the middle": "Sent from my iPhone\nitu tulisan di surat palsu.",
    "original message in a sentence": "Pesan asli sudah saya hapus.",
    "a rule alone": f"atas\n{'_' * 40}\nbawah",
    "forward gmail id": f"Ya.\n\n----- Pesan terusan -----\nDari: {US}\nTanggal: {DAY} 14.59\nKepada: Siti\n\nIsi.",
    "forward gmail en": f"See.\n\n----- Forwarded message -----\nFrom: {US}\nDate: Tue at 2:59 PM\nTo: Siti\n\n> Isi.",
    "forward apple": f"Tolong.\n\nBegin forwarded message:\n\nFrom: {US}\nDate: 3 Nov 2026 14.59\nTo: Siti\n\nIsi.",
    "only a reply header and a quote": f"Pada Sel, 3 Nov 2026 {US} menulis:\n{Q}",
    "only a separator": "-----Original Message-----\nTeks lama",
    "only a footer": "Dikirim dari iPhone saya",
    "time without a quote below": "Pada 3/11/26 14.59 Siti menulis:\nair mati di RT 05",
}


#: name → what somebody passes on under a subject such as "FW: …": nothing of it is a quote.
PASSED_ON = {
    "outlook id": f"Mohon dibantu.\n\nDari: {US}\nDikirim: {DAY} 14:59\nKepada: Siti\nSubjek: Jalan\n\nJalan putus.",
    "outlook en": f"Please help.\n\nFrom: {US}\nSent: {DAY} 2:59 PM\nTo: Siti\nSubject: Road\n\nThe road is gone.",
    "original message": "Tolong.\n\n-----Original Message-----\nFrom: warga\nJalan putus.",
    "quoted": f"Tolong.\n\nPada Sel, 3 Nov 2026 pukul 14.59 {US} menulis:\n{Q}",
}


@pytest.mark.parametrize("text", PASSED_ON.values(), ids=PASSED_ON.keys())
def test_what_is_passed_on_stays_whole(text: str) -> None:
    assert visible(text, forward=True) == text
    assert visible(text) != text


def test_there_are_enough_cases() -> None:
    assert len(CUT) + len(KEPT) + len(PASSED_ON) >= 75


@pytest.mark.parametrize(("text", "remains"), CUT.values(), ids=CUT.keys())
def test_what_was_quoted_or_added_is_cut(text: str, remains: str | None) -> None:
    assert visible(text, reply=remains is None) == (remains or "Sudah.")


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT.keys())
def test_what_a_person_wrote_stays(text: str) -> None:
    assert visible(text) == text


def test_marked_lines_are_quotes_once_the_mail_is_known_to_be_a_reply() -> None:
    assert visible("> lampu mati?\nMasih mati.") == "> lampu mati?\nMasih mati."
    assert visible("> lampu mati?\nMasih mati.", reply=True) == "Masih mati."
