"""What people answer to "which of these is it?": numbers in all their spellings, names, none of them, and no answer."""

from __future__ import annotations

import pytest

from bot.choices import NONE, chosen
from dispatch.region import Region

CHOICES = ("lampu_jalan", "jalan_rusak", "air_bersih")
TARAKAN = "65.71"

ANSWERS: dict[str, str | None] = {
    "1": "lampu_jalan",
    "2": "jalan_rusak",
    "3": "air_bersih",
    " 2. ": "jalan_rusak",
    "(1)": "lampu_jalan",
    "1️⃣": "lampu_jalan",
    "２": "jalan_rusak",
    "nomor 1": "lampu_jalan",
    "no 2": "jalan_rusak",
    "No. 3 pak": "air_bersih",
    "yang pertama": "lampu_jalan",
    "yg ke 2": "jalan_rusak",
    "yang ke-3 ya min": "air_bersih",
    "kedua": "jalan_rusak",
    "satu": "lampu_jalan",
    "TIGA": "air_bersih",
    "pilih nomor dua": "jalan_rusak",
    "the first one": "lampu_jalan",
    "the first": "lampu_jalan",
    "number two please": "jalan_rusak",
    "1. Lampu jalan": "lampu_jalan",
    "2 jalan rusak": "jalan_rusak",
    "Jalan rusak": "jalan_rusak",
    "lampu jalan pak": "lampu_jalan",
    "tentang lampu jalan": "lampu_jalan",
    "street lights": "lampu_jalan",
    "Air bersih": "air_bersih",
    "air bersih (PDAM)": "air_bersih",
    "pdam": "air_bersih",
    "DPUPR Tarakan": "jalan_rusak",
    "dpupr": "jalan_rusak",
    "Dinas Perhubungan": "lampu_jalan",
    "Dinas Perhubungan Kota Tarakan": "lampu_jalan",
    "0": NONE,
    "0. Bukan ini / tidak tahu": NONE,
    "0 bukan ini": NONE,
    "nol": NONE,
    "bukan": NONE,
    "Bukan ini": NONE,
    "bukan itu semua pak": NONE,
    "tidak tahu": NONE,
    "gak tau min": NONE,
    "tdk tahu saya": NONE,
    "bukan ini / tidak tahu": NONE,
    "lainnya": NONE,
    "tidak ada yang cocok": NONE,
    "no": NONE,
    "none of these": NONE,
    "I don't know": NONE,
    # no answers to the question
    "": None,
    "👍": None,
    "4": None,
    "12": None,
    "1 dan 2": None,
    "1 minggu yang lalu": None,
    "sudah 2 hari": None,
    "ya": None,
    "rt 1": None,
    "dinas": None,
    "jalan": None,
    "lampu jalan mati di depan rumah saya": None,
    "1 jalan rusak": None,
    "tolong segera diperbaiki": None,
    "di Juata Laut": None,
    "STATUS": None,
    "1 " * 20: None,
}


@pytest.mark.parametrize("text", ANSWERS, ids=[repr(text)[:40] for text in ANSWERS])
def test_answer(kaltara: Region, text: str) -> None:
    assert chosen(text, CHOICES, kaltara, TARAKAN) == ANSWERS[text]


def test_a_name_that_two_choices_share_names_neither(kaltara: Region) -> None:
    assert chosen("dpupr", ("jalan_rusak", "jembatan_drainase"), kaltara, TARAKAN) is None


def test_a_category_the_region_no_longer_has_can_be_chosen_by_its_number_alone(kaltara: Region) -> None:
    gone = ("tidak_ada_lagi", "jalan_rusak")
    assert chosen("1", gone, kaltara, TARAKAN) == "tidak_ada_lagi"
    assert chosen("2", gone, kaltara, TARAKAN) == "jalan_rusak"


@pytest.mark.parametrize("text", ["bukan " * 20_000, "1" * 100_000, "ya " * 50_000], ids=["words", "digits", "fillers"])
def test_a_very_long_text_is_no_answer(kaltara: Region, text: str) -> None:
    assert chosen(text, CHOICES, kaltara, TARAKAN) is None
