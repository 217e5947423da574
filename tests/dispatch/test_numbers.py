"""Ticket numbers: what they look like, what is read back, which mistakes are caught."""

from __future__ import annotations

import math
import random
import re

import pytest

from dispatch import numbers

#: Numbers from a fixed seed, so that every run tries the same ones.
_RANDOM = random.Random(20261204)
MANY = [numbers.new("KU", _RANDOM.choice) for _ in range(400)]
NUMBER = MANY[0]
PLAIN = NUMBER.replace("-", "")
PREFIX, FIRST, SECOND = NUMBER.split("-")


def test_numbers_have_the_promised_form() -> None:
    for number in MANY:
        assert re.fullmatch(r"KU-[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}", number)
        assert len(number) == 12


def test_numbers_differ() -> None:
    assert len({numbers.new("KU") for _ in range(2000)}) == 2000


def greedy_for_digits(offered: str) -> str:
    """Picks a digit whenever one is offered: the worst case for long digit runs."""
    return next((c for c in offered if c.isdigit()), offered[0])


@pytest.mark.parametrize(
    "choose",
    [greedy_for_digits, lambda offered: offered[-1], *(random.Random(seed).choice for seed in range(5))],
    ids=["digits", "last", "seed0", "seed1", "seed2", "seed3", "seed4"],
)
def test_never_four_digits_in_a_row_even_across_the_dash(choose: object) -> None:
    assert callable(choose)
    for _ in range(3000):
        assert not re.search(r"\d{4}", numbers.new("KU", choose).replace("-", ""))


def test_every_number_has_at_least_thirty_random_bits() -> None:
    source = random.Random(7)
    for pick in [source.choice] * 300 + [greedy_for_digits]:
        bits = 0.0

        def choose(offered: str, pick: object = pick) -> str:
            nonlocal bits
            assert len(set(offered)) == len(offered)
            bits += math.log2(len(offered))
            assert callable(pick)
            return str(pick(offered))

        numbers.new("KU", choose)
        assert bits >= 33


@pytest.mark.parametrize("prefix", ["", "ku", "KAL", "K1", "K-"])
def test_a_prefix_that_would_break_the_form_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        numbers.new(prefix)


@pytest.mark.parametrize(
    "text",
    [
        NUMBER,
        NUMBER.lower(),
        PLAIN,
        PLAIN.lower(),
        NUMBER.replace("-", " "),
        NUMBER.replace("-", " - "),
        f"  {NUMBER}\n",
        f"{PREFIX} {FIRST}{SECOND}",
        " ".join(PLAIN),
        NUMBER.replace("-", "\u2013"),
        NUMBER.replace("-", "\u00a0"),
        f"#{NUMBER}.",
        NUMBER.title(),
    ],
)
def test_parse_reads_every_way_of_writing(text: str) -> None:
    assert numbers.parse("KU", text) == NUMBER


@pytest.mark.parametrize(
    "text",
    ["", "KU", "KU-", NUMBER[:-1], NUMBER + "A", FIRST + SECOND, "KA" + NUMBER[2:], f"no {NUMBER}", "KU-0OI1-L111"],
)
def test_parse_refuses_what_is_not_one_number(text: str) -> None:
    assert numbers.parse("KU", text) is None


@pytest.mark.parametrize("number", MANY[:25])
def test_every_single_wrong_character_is_caught(number: str) -> None:
    body = number[3:].replace("-", "")
    for place, right in enumerate(body):
        for wrong in set(numbers.ALPHABET) - {right}:
            assert numbers.parse("KU", "KU" + body[:place] + wrong + body[place + 1 :]) is None


@pytest.mark.parametrize("number", MANY[:100])
def test_every_exchange_of_two_characters_is_caught(number: str) -> None:
    body = number[3:].replace("-", "")
    for i in range(len(body)):
        for j in range(i + 1, len(body)):
            if body[i] != body[j]:
                swapped = list(body)
                swapped[i], swapped[j] = body[j], body[i]
                assert numbers.parse("KU", "KU" + "".join(swapped)) is None


FOUND = {
    "command": f"STATUS {NUMBER}",
    "lower case, blanks": f"STATUS ku {FIRST.lower()} {SECOND.lower()}",
    "no separators": f"status {PLAIN.lower()}",
    "with a question": f"no {NUMBER}?",
    "mail subject": f"Re: [{NUMBER}] Jalan rusak",
    "in a link": f"https://aduan.example/lacak/{NUMBER}",
    "wrapped line": f"Laporan {PREFIX}-{FIRST}-\n{SECOND} bagaimana?",
    "after a false start": f"punya ku ku {FIRST} {SECOND}",
    "spelt out": f"nomornya {' '.join(PLAIN)} ya",
    "spelt after a false start": f"k u {' '.join(PLAIN)}",
    "after a wrong number": f"bukan {NUMBER[:-1]}{'A' if NUMBER[-1] != 'A' else 'B'} tapi {NUMBER}",
    "bold": f"*{NUMBER}*",
    "first of two": f"{NUMBER} dan {MANY[1]}",
}


@pytest.mark.parametrize("text", FOUND.values(), ids=FOUND.keys())
def test_find_sees_a_number_in_a_sentence(text: str) -> None:
    assert numbers.find("KU", text) == NUMBER


NOT_FOUND = {
    "nothing": "",
    "no number": "Jalan di depan rumahku rusak berat, tolong diperbaiki",
    "wrong check": f"STATUS {NUMBER[:-1]}{'A' if NUMBER[-1] != 'A' else 'B'}",
    "inside a longer word": f"X{PLAIN}",
    "continued by a letter": f"{PLAIN}A",
    "another prefix": f"KA{NUMBER[2:]}",
    "letters of everyday words": " ".join(["ku", *FIRST[:2], FIRST[2:], SECOND]),
}


@pytest.mark.parametrize("text", NOT_FOUND.values(), ids=NOT_FOUND.keys())
def test_find_sees_nothing_where_nothing_is(text: str) -> None:
    assert numbers.find("KU", text) is None


def test_find_is_linear_in_a_hostile_text() -> None:
    # A pattern that backtracks would not come back from this.
    assert numbers.find("KU", "ku " * 50_000 + "k u " * 50_000 + "-" * 100_000) is None
