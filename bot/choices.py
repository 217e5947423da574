"""What a citizen answers to our question which matter or place it is: a number, an ordinal, a name, none of these."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from dispatch import routing
from dispatch.places import Places
from dispatch.region import Region

#: The answer that none of the choices is meant.
NONE = ""
_NUMBERS: tuple[frozenset[str], ...] = (
    frozenset({"1", "satu", "pertama", "kesatu", "ke1", "one", "first", "1st"}),
    frozenset({"2", "dua", "kedua", "ke2", "two", "second", "2nd"}),
    frozenset({"3", "tiga", "ketiga", "ke3", "three", "third", "3rd"}),
    frozenset({"4", "empat", "keempat", "ke4", "four", "fourth", "4th"}),
)
_NONE_OF_THEM = frozenset(
    " ".join(item.split())
    for item in """
    bukan, bukan ini, bukan semua, bukan semuanya, bukan keduanya, bukan ketiganya, tidak, tdk, gak, ga, nggak,
    tidak ada, tdk ada, gak ada, ga ada, tidak ada cocok, tidak ada sesuai, tidak tahu, tidak tau, tdk tahu,
    tdk tau, gak tahu, gak tau, ga tahu, ga tau, nggak tahu, nggak tau, enggak tahu, enggak tau, ndak tau,
    ndak tahu, kurang tahu, kurang tau, tidak yakin, tidak mengerti, tidak paham, bingung, lain, lainnya, lain lain,
    bukan ini tidak tahu, bukan ini tidak tau, none, neither, none of these, none of them, other, something else,
    don t know, dont know, i don t know, i dont know, not sure, none of these i don t know
    """.split(",")
)
_ZERO = frozenset({"0", "nol", "kosong", "zero"})
#: Words around the answer that say nothing.
_AROUND = frozenset(
    """
    nomor nomer nmr angka pilih pilihan pilihannya memilih jawab jawaban jawabannya opsi yang yg ke itu saja aja deh
    ya iya dong pak bapak bpk bu ibu min mimin admin kak kakak mas mbak bang ok oke baik saya sy aku tentang soal
    masalah number option answer is it the please tolong
    """.split()
)
_WORD = re.compile(r"[^\W_]+")
#: Longer texts explain something and are no choice.
_MOST_WORDS = 12


def chosen(text: str, choices: Sequence[str], region: Region, area: str | None) -> str | None:
    """Calling this will read an answer to a question with these categories as numbers 1, 2, 3.

    Gives the category's code, ``NONE`` for "none of these", and None where the text is no answer to it. A name counts
    where it is that of one category, or of the one agency its choice leads to for ``area``.
    """
    said = _said(text)
    if not 0 < len(said) <= _MOST_WORDS:
        return None
    if (found := _numbered(said, choices, [_called(region, code) for code in choices])) is not None:
        return found
    if _none_of_them(said):
        return NONE
    plain = _without(said)
    named = [code for code in choices if any(plain == name or said == name for name in _names(region, code, area))]
    return named[0] if len(named) == 1 else None


def place_chosen(text: str, areas: Sequence[str], region: Region, places: Places, *, names: bool = True) -> str | None:
    """Calling this will read an answer to a question with these areas as numbers 1, 2, 3, 4.

    Gives the area's code, ``NONE`` for "none of these", and None where the text is no answer to it. A name counts (if
    ``names``) where it is that of one of the areas, or of what contains only one of them ("Tarakan"), or of a place in
    one of them.
    """
    said = _said(text)
    if not 0 < len(said) <= _MOST_WORDS:
        return None
    if (found := _numbered(said, areas, [(region.place_name(code),) for code in areas])) is not None:
        return found
    if _none_of_them(said):
        return NONE
    if not names:
        return None
    named = places.find(text)
    meant = {named.area, *named.candidates} - {None}
    fitting = [code for code in areas if any(f"{code}.".startswith(f"{one}.") for one in meant)]
    if len(fitting) == 1:
        return fitting[0]
    inside = [code for code in areas if named.area and named.area.startswith(f"{code}.")]
    return named.area if inside and not fitting else None


def _said(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def _none_of_them(said: tuple[str, ...]) -> bool:
    plain = _without(said)
    rest = plain[1:] if plain[:1] and plain[0] in _ZERO else plain
    nothing_else = not rest and plain != rest
    return nothing_else or " ".join(rest) in _NONE_OF_THEM or " ".join(said) in _NONE_OF_THEM or said == ("no",)


def _numbered(said: tuple[str, ...], choices: Sequence[str], called: Sequence[tuple[str, ...]]) -> str | None:
    """The choice with the number that is said, alone or with words of its own name: "1", "nomor 1", "1. Jalan"."""
    plain = tuple(word for word in _without(said) if word != "no")
    meant = {number for number, forms in enumerate(_NUMBERS) if forms.intersection(plain)}
    if len(meant) != 1 or (number := meant.pop()) >= len(choices):
        return None
    name = frozenset(word for each in called[number] for word in _words(each))
    rest = frozenset(plain) - _NUMBERS[number]
    return choices[number] if rest <= name else None


def _without(said: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in said if word not in _AROUND)


def _names(region: Region, code: str, area: str | None) -> Iterator[tuple[str, ...]]:
    """What a choice is called: the category's names, and those of the agency it leads to."""
    for name in _called(region, code):
        yield _words(name)
        yield _words(name.partition("(")[0])
    if code not in region.categories:
        return
    agency = region.agencies[routing.route(region, code, area).agency]
    yield from (_words(agency.short), (agency.function,), _words(agency.name))
    name_words = _words(agency.name)
    yield from (name_words[:count] for count in range(2, len(name_words)))


def _called(region: Region, code: str) -> tuple[str, ...]:
    category = region.categories.get(code)
    return (category.name, category.name_en) if category else ()


def _words(name: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(name.casefold()))
