"""What a citizen answers to "is it settled?" and to "how satisfied are you?": read only while that question is open."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from bot.words import ADDRESSED, REMAINING, SEEN, THANKS, YES
from dispatch import numbers

#: Whole answers.
_SETTLED = YES | frozenset("1 satu sudah sdh udah udh dah beres selesai tuntas puas done fixed solved settled".split())
_NOT_SETTLED = frozenset("2 dua belum blm blom belom tidak tdk gak ga nggak enggak ndak no not".split())
#: First words after which a citizen says what is still wrong.
_NOT_YET = frozenset("2 dua belum blm blom belom".split())
_RATINGS: dict[str, int] = {
    "1": 1, "satu": 1, "one": 1, "2": 2, "dua": 2, "two": 2, "3": 3, "tiga": 3, "three": 3,
    "4": 4, "empat": 4, "four": 4, "5": 5, "lima": 5, "five": 5,
}  # fmt: skip
#: Words around an answer that say nothing.
_AROUND = (
    ADDRESSED
    | THANKS
    | SEEN
    | frozenset(
        """
        nomor nomer angka nilai bintang rating jawab jawaban jawabannya pilih laporan laporannya banyak sekali semua
        semuanya saja aja deh ini itu yang yg kami saya is it the all yet already number star stars report now
        alhamdulillah
        """.split()
    )
) - _SETTLED
_PRAISE = frozenset("puas bagus mantap keren hebat memuaskan sip good great".split())
_WORD = re.compile(r"[^\W_]+")
#: Longer texts tell a story of their own; the beginning of one is no answer.
_FEW = 8
_MOST_WORDS = 60
_TELLING = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """Calling this will hold an answer: ``yes`` to the first question (True or False), or a ``rating``. ``bare``: it
    holds nothing else."""

    yes: bool | None = None
    rating: int | None = None
    bare: bool = True


def read(text: str, question: str, prefix: str) -> Answer | None:
    """Calling this will read an answer to ``question`` ("settled" or "rating"), None where the text is no answer to it.

    A ticket's number (with the region's ``prefix``) in the text says only which one is meant.
    """
    number = numbers.find(prefix, text)
    said = _words(text)
    if number is not None:
        said = _leave_out(said, _words(number))
    plain = [word for word in said if word not in _AROUND]
    if not plain or len(said) > _MOST_WORDS:
        return None
    if question == "settled":
        return _settled(plain)
    return _rating(plain) if question == "rating" else None


def tells(text: str) -> bool:
    """Calling this will say whether a text tells something: two words or more that are no answer to either question."""
    none = _AROUND | _SETTLED | _NOT_SETTLED | _PRAISE | frozenset(_RATINGS)
    return sum(not word.isdecimal() and word not in none for word in _words(text)) >= _TELLING


def _settled(plain: Sequence[str]) -> Answer | None:
    if len(plain) <= _FEW and all(word in _SETTLED for word in plain):
        return None if {"1", "satu"} & set(plain) and {"2", "dua"} & set(plain) else Answer(yes=True)
    if plain[0] in _NOT_SETTLED and all(word in _NOT_SETTLED | _SETTLED for word in plain):
        only = {word for word in plain if word in _NOT_SETTLED} <= {"2", "dua"}
        return None if only and set(plain) & _SETTLED else Answer(yes=False)  # "2 sudah" says both
    return Answer(yes=False, bare=False) if plain[0] in _NOT_YET else None


def _rating(plain: Sequence[str]) -> Answer | None:
    rating = _RATINGS.get(plain[0])
    if rating is None:
        return None
    rest = [word for word in plain[1:] if word not in {"dari", "of", "5"}]
    if any(word in _RATINGS for word in rest):
        return None
    return Answer(rating=rating, bare=not rest and not REMAINING.intersection(plain))


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _leave_out(said: list[str], number: Sequence[str]) -> list[str]:
    """Without the words of a number, however its writer cut it."""
    solid = "".join(number)
    for start in range(len(said)):
        for end in range(start + 1, min(len(said), start + 4) + 1):
            if "".join(said[start:end]) == solid:
                return said[:start] + said[end:]
    return said
