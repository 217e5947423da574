"""What a citizen types → the forms the model sees."""

from __future__ import annotations

import base64
import hashlib

import pytest

from classifier.short_forms import short_forms
from classifier.text import MAX_CHARACTERS, MAX_WORD, MAX_WORDS, clean, is_text, tokens

FORMS = [
    # case name, as typed, forms
    ("plain", "Jalan rusak", "jalan rusak"),
    ("capitals", "JALAN RUSAK!!!", "jalan rusak"),
    ("short forms", "jln yg rsk blm diprbaiki", "jalan yang rusak belum diperbaiki"),
    ("negation", "gak ga gk tdk ndak", "tidak tidak tidak tidak tidak"),
    ("already", "sdh udh udah", "sudah sudah sudah"),
    ("because", "krn karna", "karena karena"),
    ("please", "mhn tlg", "mohon tolong"),
    ("for", "utk bpk", "untuk bapak"),
    ("gg is an alley", "gg mawar", "gang mawar"),
    ("pp stays Satpol PP", "Satpol PP", "satpol pp"),
    ("sma stays a school", "SMA negeri", "sma negeri"),
    ("smp stays a school", "smp", "smp"),
    ("kk stays the family card", "KK", "kk"),
    ("dr is left alone", "dr. gigi", "dr gigi"),
    ("pkl is left alone", "PKL", "pkl"),
    ("district words", "kec. sekatak kel. karang", "kecamatan sekatak kelurahan karang"),
    ("stretched", "rusaaaak paraaaah", "rusak parah"),
    ("stretched to a doubled vowel", "maaaaf", "maaf"),
    ("doubled letters stay", "maaf saat", "maaf saat"),
    ("PPPK keeps its letters", "PPPK", "pppk"),
    ("roman three", "sungai III", "sungai iii"),
    ("written two", "lubang2", "lubang"),
    ("written two inside", "anak2nya", "anaknya"),
    ("hyphenated double", "anak-anak", "anak anak"),
    ("apostrophe", "Jum'at", "jumat"),
    ("curly apostrophe", "jum’at", "jumat"),
    ("digit for letter", "j4lan rus4k", "jalan rusak"),
    ("at sign for letter", "s@mpah", "sampah"),
    ("dollar for letter", "ru$ak", "rusak"),
    ("block number is kept", "RT05 RW02", "rt05 rw02"),
    ("kilogram is kept", "LPG 3kg", "lpg 3kg"),
    ("short number is kept", "telp 110", "telp 110"),
    ("spaced letters", "r u s a k", "rusak"),
    ("spaced words", "j a l a n  r u s a k", "jalan rusak"),
    ("dotted letters", "r.u.s.a.k", "rusak"),
    ("hyphenated letters", "r-u-s-a-k", "rusak"),
    ("initials stay apart", "a b", "a b"),
    ("zero-width space", "ja\u200blan", "jalan"),
    ("zero-width joiner", "ru\u200dsak", "rusak"),
    ("soft hyphen", "ja\u00adlan", "jalan"),
    ("direction override", "\u202ejalan\u202c", "jalan"),
    ("byte order mark", "\ufeffjalan", "jalan"),
    ("variation selector", "jalan\ufe0f", "jalan"),
    ("combining marks", "ja\u0301\u0316lan", "jalan"),
    ("accents", "jálàn", "jalan"),
    ("cyrillic look-alikes", "jаlаn ruѕаk", "jalan rusak"),
    ("cyrillic capitals", "ЈАLАN", "jalan"),
    ("greek look-alikes", "jαlαn ρυsαk", "jalan pusak"),
    ("wide letters", "ｊａｌａｎ", "jalan"),
    ("mathematical letters", "𝐫𝐮𝐬𝐚𝐤", "rusak"),
    ("circled letters", "ⓙⓐⓛⓐⓝ", "jalan"),
    ("small capitals", "ᴊᴀʟᴀɴ", "jalan"),
    ("ligature", "ﬁsik", "fisik"),
    ("no-break space", "jalan\u00a0rusak", "jalan rusak"),
    ("lines and tabs", "jalan\n\trusak\r\n", "jalan rusak"),
    ("nul", "jalan\x00rusak", "jalan rusak"),
    ("link", "lihat https://contoh.example/a?b=c", "lihat URL"),
    ("link after a colon", "foto:https://contoh.example/x", "foto URL"),
    ("www", "www.contoh.example", "URL"),
    ("address", "kirim ke budi@contoh.example", "kirim ke EMAIL"),
    ("phone", "hub 0812-3456-7890", "hub PHONE"),
    ("phone with country", "+6281234567890", "PHONE"),
    ("long number", "nik 65710", "nik NUMBER"),
    ("emoji between", "jalan🚧rusak", "jalan rusak"),
    ("slashes", "jalan/parit", "jalan parit"),
    ("lone surrogate", "jalan \ud800 rusak", "jalan rusak"),
    ("hexadecimal noise", "a3f09bc1d2e45f67a8b9c0 jalan", "jalan"),
    ("nothing", "", ""),
]


@pytest.mark.parametrize(("typed", "forms"), [pytest.param(*row[1:], id=row[0]) for row in FORMS])
def test_forms(typed: str, forms: str) -> None:
    assert " ".join(token.form for token in tokens(typed)) == forms


@pytest.mark.parametrize(
    "typed", [pytest.param(row[1], id=row[0]) for row in FORMS if row[2] and "NUMBER" not in row[2]]
)
def test_forms_of_forms_are_the_same(typed: str) -> None:
    once = [token.form for token in tokens(typed)]
    assert [token.form for token in tokens(" ".join(once))] == once


def test_surfaces_are_what_the_citizen_wrote_made_visible() -> None:
    found = tokens("JLN r u s a k, ja\u200blan2 di Gg. Mawar")
    assert [token.surface for token in found] == ["JLN", "r u s a k", "jalan2", "di", "Gg", "Mawar"]


BASE64 = base64.b64encode(hashlib.shake_256(b"noise").digest(600)).decode()
READABLE = [
    ("sentence", "Jalan rusak", True),
    ("one word", "banjir", True),
    ("short form", "gg", True),
    ("word in a link's company", "lihat https://contoh.example", True),
    ("spelt out", "b a n j i r", True),
    ("joined words", "mohonsegeradiperbaikijalanrusakdidepanrumahkami", True),
    ("empty", "", False),
    ("blank", " \n\t", False),
    ("one emoji", "🚧", False),
    ("emoji with skin and joiner", "👩🏽\u200d🔧", False),
    ("punctuation", "?!...", False),
    ("one letter", "P", False),
    ("number", "12345", False),
    ("phone", "081234567890", False),
    ("link", "https://contoh.example/jalan-rusak", False),
    ("address", "budi@contoh.example", False),
    ("base64", BASE64, False),
    ("base64 in lines", "\n".join(BASE64[at : at + 76] for at in range(0, len(BASE64), 76)), False),
    ("hexadecimal", hashlib.sha256(b"noise").hexdigest(), False),
    ("random consonants", "xkcdqwrtpsdfghjklzxcvbnmwrtypqsdfgh", False),
    ("zero-width only", "\u200b\u200c\u200d", False),
]


@pytest.mark.parametrize(("typed", "readable"), [pytest.param(*row[1:], id=row[0]) for row in READABLE])
def test_is_text(typed: str, readable: bool) -> None:
    assert is_text(typed) is readable


HUGE = [
    ("one letter", "a" * 100_000),
    ("single letters", "a " * 50_000),
    ("at signs", "a@" * 50_000),
    ("dots", "a.1" * 33_000),
    ("combining marks", "a" + "\u0301\u0316" * 50_000),
    ("expanding character", "\ufdfa" * 100_000),
    ("base64", BASE64 * 130),
    ("words", "jalan rusak " * 9_000),
    ("apostrophes", "a'" * 50_000),
]


@pytest.mark.parametrize("typed", [pytest.param(text, id=name) for name, text in HUGE])
def test_huge_texts_are_cut(typed: str) -> None:
    assert len(clean(typed)) <= MAX_CHARACTERS
    found = tokens(typed)
    assert len(found) <= MAX_WORDS
    assert all(len(token.form) <= MAX_WORD for token in found)


def test_the_short_forms_keep_clear_of_the_traps() -> None:
    table = short_forms()
    assert len(table) >= 150
    assert not {"sma", "smp", "sd", "tk", "pp", "kk", "sk", "rs", "dr", "pkl", "tpi"} & set(table)
    assert table["gg"] == "gang"


def test_no_short_form_leads_to_another() -> None:
    table = short_forms()
    assert not set(table.values()) & set(table)
