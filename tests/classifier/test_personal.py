"""Personal data in texts: what is found, what is nobody's, and what a masked text looks like."""

from __future__ import annotations

import itertools

import pytest

from classifier.personal import HIDDEN, MASKS, MOST_CHARACTERS, find, masked
from classifier.reading import Personal

NIK, KK, PHONE, EMAIL, PLATE = Personal.NIK, Personal.KK_NUMBER, Personal.PHONE, Personal.EMAIL, Personal.PLATE
ACCOUNT, ADDRESS, BIRTH = Personal.BANK_ACCOUNT, Personal.ADDRESS, Personal.BIRTH_DATE
PASSPORT, HEALTH = Personal.PASSPORT, Personal.HEALTH

FOUND = [
    # case, text, kind, what of the text
    ("NIK alone", "6503084507850000", NIK, "6503084507850000"),
    ("NIK of a woman, day plus 40", "nik 6571016512900000 mohon dicek", NIK, "6571016512900000"),
    ("NIK in groups", "NIK: 6504 0812 0590 0000", NIK, "6504 0812 0590 0000"),
    ("NIK with dots", "ktp 650408.120590.0000", NIK, "650408.120590.0000"),
    ("NIK with a wrong date after its word", "NIK 6504089912900001 salah cetak", NIK, "6504089912900001"),
    ("NIK after e-KTP", "no e-ktp saya 6502011703990000", NIK, "6502011703990000"),
    ("KK number", "no KK 6503081204120000", KK, "6503081204120000"),
    ("KK after its full name", "nomor kartu keluarga kami 6571031209150000", KK, "6571031209150000"),
    ("NKK", "NKK 6503081204120000", KK, "6503081204120000"),
    ("mobile", "hubungi 081100001234", PHONE, "081100001234"),
    ("mobile with dashes", "wa 0811-0000-1234", PHONE, "0811-0000-1234"),
    ("mobile with blanks", "hp saya 0811 0000 1234 ya", PHONE, "0811 0000 1234"),
    ("mobile with dots", "0811.0000.1234", PHONE, "0811.0000.1234"),
    ("mobile with country code", "+62 811 0000 1234", PHONE, "+62 811 0000 1234"),
    ("country code without plus", "6281100001234", PHONE, "6281100001234"),
    ("ten digits", "telp 0811000012", PHONE, "0811000012"),
    ("fixed line in brackets", "telepon (0551) 200123", PHONE, "(0551) 200123"),
    ("fixed line with a dash", "0551-200123", PHONE, "0551-200123"),
    ("Malaysian mobile", "+60 11-0000 1234", PHONE, "+60 11-0000 1234"),
    ("without its first zero after a word", "wa saya 81100001234", PHONE, "81100001234"),
    ("at the end with a full stop", "Hubungi saya di 081100001234.", PHONE, "081100001234"),
    ("mail", "kirim ke budi.saja@contoh.id", EMAIL, "budi.saja@contoh.id"),
    ("mail with plus", "budi+lapor@mail.contoh.id,", EMAIL, "budi+lapor@mail.contoh.id"),
    ("mail in capitals", "BUDI@CONTOH.ID", EMAIL, "BUDI@CONTOH.ID"),
    ("mail spelt out", "surel saya budi [at] contoh [dot] id", EMAIL, "budi [at] contoh [dot] id"),
    ("plate of the region", "mobil KU 1234 AB ngebut", PLATE, "KU 1234 AB"),
    ("plate glued", "motor ku1234ab parkir sembarangan", PLATE, "ku1234ab"),
    ("plate with dashes", "KT-1234-AB", PLATE, "KT-1234-AB"),
    ("plate of another island", "B 1234 XYZ lawan arah", PLATE, "B 1234 XYZ"),
    ("plate in small letters after its word", "nopol kt 45 a", PLATE, "kt 45 a"),
    ("plate in small letters after a vehicle", "truk kh 8123 fg tumpah pasir", PLATE, "kh 8123 fg"),
    ("plate in capitals only", "TRUK KU 8123 FG MUATAN LEBIH", PLATE, "KU 8123 FG"),
    ("account after rekening", "rekening 012301012345506", ACCOUNT, "012301012345506"),
    ("account with dashes", "no rek BRI 0123-01-012345-50-6", ACCOUNT, "0123-01-012345-50-6"),
    ("account after a bank", "transfer ke bca 1230004567 atas nama budi", ACCOUNT, "1230004567"),
    ("account after the local bank", "bankaltimtara 0011223344", ACCOUNT, "0011223344"),
    ("account after an owner", "rek mandiri an budi 1480001234567", ACCOUNT, "1480001234567"),
    ("account after norek", "norek: 7001234567", ACCOUNT, "7001234567"),
    ("house number", "saya tinggal di Jl. Mulawarman No. 12", ADDRESS, "Jl. Mulawarman No. 12"),
    (
        "house with neighbourhood",
        "Jalan Kusuma Bangsa no 7 RT 05 RW 02",
        ADDRESS,
        "Jalan Kusuma Bangsa no 7 RT 05 RW 02",
    ),
    ("alley", "gang mawar nomor 3b", ADDRESS, "gang mawar nomor 3b"),
    ("housing estate", "perumahan griya asri blok c no 14", ADDRESS, "perumahan griya asri blok c no 14"),
    ("house by itself", "alamat rumah no 15", ADDRESS, "alamat rumah no 15"),
    ("number without its word", "Jl. Sei Fatimah 12A, RT 03", ADDRESS, "Jl. Sei Fatimah 12A"),
    ("birth date in digits", "lahir 12-05-1980", BIRTH, "12-05-1980"),
    ("birth date in words", "lahir di Tarakan, 12 Mei 1980", BIRTH, "12 Mei 1980"),
    ("birth date after TTL", "TTL: Nunukan, 01/02/1999", BIRTH, "01/02/1999"),
    ("birth date of a child", "anak saya lahir tanggal 3 agustus 2019", BIRTH, "3 agustus 2019"),
    ("birth date in English", "born 12 December 1985", BIRTH, "12 December 1985"),
    ("passport", "paspor saya B1234567 hilang", PASSPORT, "B1234567"),
    ("passport with a number word", "no paspor: X 000123", PASSPORT, "X 000123"),
    ("Malaysian spelling", "nombor pasport A0000123", PASSPORT, "A0000123"),
    ("HIV of a child", "anak saya positif HIV ditolak sekolah", HEALTH, "positif HIV"),
    ("mental illness of a neighbour", "tetangga saya sakit jiwa", HEALTH, "sakit jiwa"),
    ("illness of a named person", "pak Budi kena TBC", HEALTH, "TBC"),
    ("illness of the writer", "saya penderita kanker serviks", HEALTH, "kanker serviks"),
    ("pregnancy told of a relative", "adik saya hamil di luar nikah", HEALTH, "hamil di luar nikah"),
    ("illness before the person", "odgj, anak saya, butuh obat", HEALTH, "odgj"),
    ("stroke of the father", "bapak saya stroke", HEALTH, "stroke"),
]

NOTHING = [
    ("ticket number", "tiket KU-7MPA-3QRW"),
    ("ticket number with digits first", "KU-2345-AB3Q belum dijawab"),
    ("ticket number in small letters", "ku-7mpa-3qrw"),
    ("ticket number with blanks", "KU 7MPA 3QRW"),
    ("amount", "bayar Rp 1.500.000"),
    ("large amount", "anggaran 62.850.000.000"),
    ("amount glued", "Rp250000000 belum cair"),
    ("ringgit", "RM 6281234567"),
    ("date", "sejak 12-03-2024"),
    ("date in words", "tanggal 12 Mei 2024"),
    ("date with time", "12-03-2024 08.30"),
    ("birth certificate with a date", "akta lahir diajukan 12-03-2024"),
    ("birthday of a party", "hari lahir Pancasila 1 Juni 2024"),
    ("meter number", "meteran 14012345678"),
    ("customer number", "id pel 081234567890"),
    ("token", "token 0812 3456 7890 1234 5678"),
    ("decree", "SK 188.44/K.123/2024"),
    ("decree with long number", "SK 6503081204120000"),
    ("regulation", "Perda No 12 Tahun 2010"),
    ("law", "UU 25/2009 pasal 29"),
    ("coordinates", "3.327412, 117.578512"),
    ("coordinates with words", "lat -2.0812345678 long 117.5785123"),
    ("small decimal", "0.8123456789"),
    ("postal code", "kode pos 77111"),
    ("emergency number", "hubungi 112 atau 110"),
    ("neighbourhood", "RT 05 RW 02"),
    ("kilometre", "jalan poros km 12"),
    ("road without a house", "Jalan Mulawarman rusak"),
    ("road with a length", "jalan rusak 300 meter"),
    ("road and a rank", "jalan rusak parah no 1 di kabupaten"),
    ("road and a regulation", "jalan sesuai perda no 12"),
    ("block of a market", "blok A 12 B pasar induk"),
    ("contract civil servants", "guru P3K belum digaji"),
    ("agency with a digit", "BP2MI menyuruh ke dinas"),
    ("electricity inspection", "petugas P2TL datang"),
    ("school", "SDN 012 Tarakan"),
    ("account of electricity", "rekening listrik 521234567890"),
    ("bank and an amount", "kredit BRI 50.000.000"),
    ("bank and a year", "nasabah BRI sejak 2019"),
    ("company registration", "NIB 1234567890123"),
    ("tax number of property", "NOP 647105000100200030"),
    ("civil servant's number", "NIP 198001012005011001"),
    ("illness without a person", "sosialisasi HIV untuk warga"),
    ("illness of nobody known", "banyak kasus TBC di sini"),
    ("somebody ill in the street", "ODGJ berkeliaran di pasar"),
    ("pregnant women in general", "ibu hamil antri dari subuh"),
    ("passport without number", "paspor saya belum jadi"),
    ("at sign", "jumpa @ pasar malam"),
    ("nothing", ""),
    ("emoji", "🚧🚧"),
]


@pytest.mark.parametrize(("text", "kind", "what"), [pytest.param(*row[1:], id=row[0]) for row in FOUND])
def test_personal_data_is_found_where_it_stands(text: str, kind: Personal, what: str) -> None:
    assert [(found.kind, text[found.start : found.end]) for found in find(text)] == [(kind, what)]
    assert what not in masked(text)
    assert MASKS[kind] in masked(text)


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in NOTHING])
def test_what_names_nobody_stays(text: str) -> None:
    assert find(text) == ()
    assert masked(text) == text


def test_several_are_masked_and_the_rest_stays_as_it_was() -> None:
    text = "Saya Budi, NIK 6503084507850000, hp 081100001234, Jl. Mawar No. 3. Lampu jalan mati!"
    assert [found.kind for found in find(text)] == [NIK, PHONE, ADDRESS]
    assert masked(text) == f"Saya Budi, NIK NUMBER, hp PHONE, {HIDDEN}. Lampu jalan mati!"


def test_two_numbers_side_by_side_are_two() -> None:
    text = "081100001234 081100005678"
    assert [found.kind for found in find(text)] == [PHONE, PHONE]


def test_finds_come_in_order_and_never_overlap() -> None:
    text = " ".join(row[1] for row in FOUND)
    found = find(text)
    assert all(before.end <= after.start for before, after in itertools.pairwise(found))


def test_what_nobody_looked_at_is_not_passed_on() -> None:
    assert masked("a " * MOST_CHARACTERS + "081100001234") == ("a " * MOST_CHARACTERS)[:MOST_CHARACTERS]


BAD = [
    "",
    "\x00",
    "\ud800",
    "0" * 100_000,
    "a@" * 50_000,
    "08" * 50_000,
    "Jl A" + " Aa" * 30_000,
    "HIV " * 20_000,
    "٠٨١١" * 9,
]


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_no_text_makes_it_raise(text: str) -> None:
    assert isinstance(masked(text), str)
