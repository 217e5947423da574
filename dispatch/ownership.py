"""Whose asset a report is about: the same pothole is the village's, the kabupaten's, the province's or the state's.

What the region pack knows by name weighs more than what the citizen calls it, and both weigh more than what is usual
for the category. Nobody is asked: an owner that stays unknown is shown as not certain and chosen by a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from dispatch.region import Region

#: So many characters and words of a text are looked at; more would only cost time.
MOST_CHARACTERS, MOST_WORDS = 4_000, 600
#: Words shorter than this are read as they are written: one letter more or less makes another word of them.
_TOLERANT_FROM = 6
_WORD = re.compile(r"[^\W_]+")
#: How people write the words of names and cues.
_SPELT = {
    "jl": "jalan", "jln": "jalan", "jlan": "jalan", "jaln": "jalan", "jalanan": "jalan", "road": "jalan",
    "jmbt": "jembatan", "jmbtn": "jembatan", "jbt": "jembatan",
    "prov": "provinsi", "propinsi": "provinsi", "prop": "provinsi", "provinsial": "provinsi",
    "kab": "kabupaten", "kabupatn": "kabupaten", "nas": "nasional", "ds": "desa", "kel": "kelurahan",
    "kec": "kecamatan",
}  # fmt: skip
#: What is named after one of these is what the report is not about: "bukan jalan desa".
_DENIED = frozenset({"bukan", "bkn", "bukannya", "not"})
#: What may stand between a denial and what it denies.
_BETWEEN = frozenset({"lagi", "itu", "ini", "termasuk", "merupakan", "milik", "a", "the"})


class Why(StrEnum):
    """How it is known whose asset something is."""

    ASSET = "asset"  # the pack knows it by name
    WORDS = "owner_words"  # the citizen says so
    ONLY = "owner_only"  # nobody else owns such things
    USUAL = "owner_default"  # the likeliest of several


@dataclass(frozen=True, slots=True)
class Finding:
    """Calling this will hold an owner's code and how it is known; ``asset`` is the name the pack has for it."""

    owner: str
    why: Why
    asset: str = ""

    @property
    def sure(self) -> bool:
        """Calling this will say whether more is known than what is usual."""
        return self.why is not Why.USUAL


def find(region: Region, category: str | None, text: str, area: str | None) -> Finding | None:
    """Calling this will say whose asset a text of this category tells of; None where nobody asks whose (the category
    has no owners in the pack). Takes time bounded by the first characters of the text.

    An asset that lies in an area is only meant where the place is known to be there: "Jalan Sudirman" is in every town.
    Words that name two different owners name none.
    """
    owners = [code for code in region.owned.get(category or "", ()) if code in region.owners]
    if not owners:
        return None
    said = words(text)
    named = {
        asset.owner: asset.name
        for asset in region.assets
        if asset.owner in owners and (not asset.categories or category in asset.categories)
        if not asset.area or (area is not None and f"{area}.".startswith(f"{asset.area}."))
        if any(_says(said, name) for name in (asset.name, *asset.aliases))
    }
    if len(named) == 1:
        owner, name = next(iter(named.items()))
        return Finding(owner, Why.ASSET, name)
    called = [code for code in owners if any(_says(said, cue) for cue in region.owners[code].cues)]
    if len(called) == 1 and not named:
        return Finding(called[0], Why.WORDS)
    return Finding(owners[0], Why.ONLY if len(owners) == 1 else Why.USUAL)


def words(text: str) -> tuple[str, ...]:
    """Calling this will give the words of a text in small letters, with the usual ways to write them made one."""
    found = _WORD.findall(text[:MOST_CHARACTERS].casefold())[:MOST_WORDS]
    return tuple(_SPELT.get(word, word) for word in found)


def _says(said: Sequence[str], name: str) -> bool:
    """Whether a name's words stand one after another in a text, and are not denied."""
    wanted = _words_of(name)
    return any(not _denied(said, start) for start in _starts(said, wanted))


@lru_cache(maxsize=4096)
def _words_of(name: str) -> tuple[str, ...]:
    return words(name)


def _starts(said: Sequence[str], wanted: Sequence[str]) -> Iterator[int]:
    if not wanted:
        return
    for start in range(len(said) - len(wanted) + 1):
        if all(_same(said[start + index], word) for index, word in enumerate(wanted)):
            yield start


def _denied(said: Sequence[str], start: int) -> bool:
    before = start - 1
    while before >= 0 and said[before] in _BETWEEN:
        before -= 1
    return before >= 0 and said[before] in _DENIED


def _same(word: str, wanted: str) -> bool:
    """Whether a word is the one wanted, or it is long and one letter is too many, missing, another, or two are
    swapped. The first letter is nearly always right, and must be."""
    if word == wanted:
        return True
    if len(wanted) < _TOLERANT_FROM or abs(len(word) - len(wanted)) > 1 or word[0] != wanted[0]:
        return False
    index = next((at for at, (one, two) in enumerate(zip(word, wanted, strict=False)) if one != two), None)
    if index is None:  # one is the other with a letter behind it
        return True
    rest, goal = word[index:], wanted[index:]
    swapped = rest[:2] == goal[1::-1] and rest[2:] == goal[2:]
    return swapped or rest[1:] == goal[1:] or rest[1:] == goal or rest == goal[1:]
