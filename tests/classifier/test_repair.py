"""Unknown words → the known ones they most likely are."""

from __future__ import annotations

import pytest

from classifier.repair import MOST_MENDED, Repair
from classifier.text import Token

#: Word → rarity: the lower the commoner.
KNOWN = {
    "sampah": 2.0,
    "jalan": 1.5,
    "rusak": 2.0,
    "menumpuk": 3.0,
    "depan": 2.5,
    "pasar": 3.0,
    "kasar": 5.0,
    "tidak": 1.2,
    "yang": 1.0,
    "kebakaran": 4.0,
    "di": 1.0,
    "air": 2.0,
    "jalan rusak": 2.5,
    "NUMBER": 1.0,
    "110": 6.0,
}
MENDED = [
    # case name, unknown word, known ones
    ("a letter left out", "smpah", "sampah"),
    ("a letter too many", "sampaih", "sampah"),
    ("a wrong key", "sanpah", "sampah"),
    ("two exchanged", "smapah", "sampah"),
    ("the first letter", "ampah", "sampah"),
    ("the commoner of two", "tasar", "pasar"),
    ("a doubled letter", "saampah", "sampah"),
    ("several doubled letters", "saammpah", "sampah"),
    ("a doubled letter of a short word", "aiir", "air"),
    ("a doubled letter of a short form", "jlln", "jalan"),
    ("no vowels", "kbkrn", "kebakaran"),
    ("some vowels", "kebakrn", "kebakaran"),
    ("joined", "jalanrusak", "jalan rusak"),
    ("joined with a small word", "didepan", "di depan"),
    ("joined with a short form", "jalanygrusak", "jalan yang rusak"),
    ("a whole sentence", "sampahmenumpukdidepanpasar", "sampah menumpuk di depan pasar"),
    ("a sentence with a name in it", "sampahmenumpukdipasarbeng", "sampah menumpuk di pasar beng"),
    ("a sentence with a number in it", "sampahmenumpukdidepanrt05", "sampah menumpuk di depan rt05"),
    ("a name that begins with a word", "jalanawang", "jalanawang"),
    ("a name", "bulungan", "bulungan"),
    ("two slips", "sqmoah", "sqmoah"),
    ("three letters", "air", "air"),
    ("too short to guess", "ari", "ari"),
    ("a number", "20245", "20245"),
    ("another script", "дорога", "дорога"),
    ("a capital token", "URL", "URL"),
    ("nothing", "", ""),
]


@pytest.fixture
def repair() -> Repair:
    return Repair(KNOWN, lambda form: True)


@pytest.mark.parametrize(("typed", "known"), [pytest.param(*row[1:], id=row[0]) for row in MENDED])
def test_mending(repair: Repair, typed: str, known: str) -> None:
    assert " ".join(repair.mend(typed)) == known


UNTOUCHED = [
    # case name, unknown word, known ones
    ("a doubled letter still goes", "saampah", "sampah"),
    ("a slip stays", "sanpah", "sanpah"),
    ("missing vowels stay", "kbkrn", "kbkrn"),
]


@pytest.mark.parametrize(("typed", "known"), [pytest.param(*row[1:], id=row[0]) for row in UNTOUCHED])
def test_a_word_that_may_well_be_right_is_left_alone(typed: str, known: str) -> None:
    assert " ".join(Repair(KNOWN, lambda form: False).mend(typed)) == known


def test_without_guessing_only_exact_words_are_found(repair: Repair) -> None:
    found = [repair.mend(form, guess=False) for form in ("sanpah", "jalanrusak", "saampah")]
    assert found == [("sanpah",), ("jalan", "rusak"), ("sampah",)]


def words(text: str) -> list[Token]:
    return [Token(word.upper(), word) for word in text.split()]


def forms(found: list[Token]) -> str:
    return " ".join(token.form for token in found)


def test_known_words_stay_and_the_surface_is_what_was_written(repair: Repair) -> None:
    found = repair.mended(words("sanpah menumpuk didepan pasar"))
    assert forms(found) == "sampah menumpuk di depan pasar"
    assert [token.surface for token in found] == ["SANPAH", "MENUMPUK", "DIDEPAN", "DIDEPAN", "PASAR"]


LANGUAGES = [
    # case name, text, what is left of it
    ("many unknown words are another language", "sanpah xa xb xc", "sanpah xa xb xc"),
    ("a known word in four may be ours", "sanpah xa xb pasar", "sampah xa xb pasar"),
    ("few words may all be mistyped", "sanpah rusqk", "sampah rusak"),
]


@pytest.mark.parametrize(("typed", "left"), [pytest.param(*row[1:], id=row[0]) for row in LANGUAGES])
def test_another_language_is_not_guessed_at(repair: Repair, typed: str, left: str) -> None:
    assert forms(repair.mended(words(typed))) == left


def test_of_endless_letters_without_sense_the_sentence_is_left(repair: Repair) -> None:
    noise = " ".join(f"x{number}q" for number in range(MOST_MENDED))
    typed = words(f"sampah menumpuk di depan {noise} pasar {noise}z")
    assert forms(repair.mended(typed, foreign=True)) == "sampah menumpuk di depan"


def test_no_more_words_are_mended_than_is_said() -> None:
    letters = "abcdefghijlmnopqrst"
    right = [f"k{first}z{second}wemi" for first in letters for second in letters][:300]
    repair = Repair(dict.fromkeys(right, 1.0), lambda form: True)
    found = repair.mended([Token(word, word) for word in [*right, *(word[:-1] for word in right)]])
    assert len(found) == 2 * len(right)
    assert sum(token.form in right for token in found) == len(right) + MOST_MENDED


def test_an_empty_vocabulary_mends_nothing() -> None:
    assert Repair({}, lambda form: True).mend("sampahmenumpuk") == ("sampahmenumpuk",)
