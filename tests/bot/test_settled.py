"""What people answer to "is it settled?" and to "how satisfied are you?", and what is no answer to either."""

from __future__ import annotations

import pytest

from bot.settled import Answer, read, tells

YES, NO, NO_BECAUSE = Answer(yes=True), Answer(yes=False), Answer(yes=False, bare=False)

SETTLED: dict[str, Answer | None] = {
    "1": YES,
    " 1. ": YES,
    "1️⃣": YES,
    "satu": YES,
    "sudah": YES,
    "Sudah beres pak": YES,
    "sdh": YES,
    "sudah, terima kasih": YES,
    "ya": YES,
    "ya sudah": YES,
    "1 KU-HHHH-HHH4": YES,
    "KUHHHHHHH4 sudah": YES,
    "2": NO,
    "dua": NO,
    "belum": NO,
    "belum beres": NO,
    "blm pak": NO,
    "tidak": NO,
    "belum KU-HHHH-HHH4": NO,
    "2 masih bocor di ujung": NO_BECAUSE,
    "belum, airnya masih keruh": NO_BECAUSE,
    "1 2": None,
    "2 sudah": None,
    "1 belum": None,
    "sudah tapi masih bocor": None,
    "tidak ada lagi yang datang": None,
    "terima kasih": None,
    "ok": None,
    "3": None,
    "": None,
    "jalan rusak di depan pasar": None,
    "KU-HHHH-HHH4": None,
}


@pytest.mark.parametrize(("text", "expected"), SETTLED.items(), ids=SETTLED)
def test_whether_it_is_settled(text: str, expected: Answer | None) -> None:
    assert read(text, "settled", "KU") == expected


RATINGS: dict[str, Answer | None] = {
    "5": Answer(rating=5),
    "lima": Answer(rating=5),
    "nilai 4": Answer(rating=4),
    "3 bintang": Answer(rating=3),
    "4 dari 5": Answer(rating=4),
    "1 pak, terima kasih": Answer(rating=1),
    "2 karena lama": Answer(rating=2, bare=False),
    "0": None,
    "6": None,
    "10": None,
    "sudah": None,
    "3 atau 4": None,
    "jalan rusak 2 km": None,
    "": None,
}


@pytest.mark.parametrize(("text", "expected"), RATINGS.items(), ids=RATINGS)
def test_how_satisfied(text: str, expected: Answer | None) -> None:
    assert read(text, "rating", "KU") == expected


@pytest.mark.parametrize("text", ["1", "sudah", "5"])
def test_without_a_question_nothing_is_an_answer(text: str) -> None:
    assert read(text, "", "KU") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lampunya mati lagi", True),
        ("mati lagi", True),
        ("5", False),
        ("puas sekali pak", False),
        ("sudah beres", False),
    ],
)
def test_what_tells_something_after_the_end(text: str, expected: bool) -> None:
    assert tells(text) is expected
