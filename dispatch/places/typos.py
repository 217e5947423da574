"""Misspelt words of names: found by an index of what is left when letters are missing, judged by a weighted distance.

People leave out vowels ("trakan"), double and swap letters, and write what they hear ("juwata", "Tarakang"); such
slips cost less than a wrong consonant. The first letter is nearly always right, and must be. A word that people use
for something else is never a misspelt name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

_VOWELS = frozenset("aeiou")
#: Written one for the other because they sound alike, here or in the languages spoken beside Indonesian.
_ALIKE = {frozenset(pair) for pair in ("fp", "pv", "fv", "kq", "ck", "jy", "sz", "iy", "uw", "ow", "dt", "jz")}
_VOWEL, _SOUND, _DOUBLED, _SWAPPED, _LETTER = 0.5, 0.5, 0.25, 0.75, 1.0
#: Letters of a word that may be misspelt, and how far a word of a name may be away at most.
_SHORTEST, _LONGEST = 3, 24
FARTHEST = 1.5
#: No more than so many words of names are considered for one misspelt word, the nearest first.
_MOST = 4


class Typos:
    """Calling this will index ``words`` of names (small letters); ``ordinary`` words are never taken for one."""

    def __init__(self, words: Iterable[str], ordinary: Collection[str]) -> None:
        self.words = frozenset(words)
        self._ordinary = ordinary
        self._by_rest: dict[str, list[str]] = defaultdict(list)
        for word in sorted(self.words):
            if _SHORTEST < len(word) <= _LONGEST and word.isalpha():
                for rest in _rests(word):
                    self._by_rest[rest].append(word)

    def near(self, word: str) -> tuple[tuple[str, float], ...]:
        """Calling this will give the words of names that ``word`` may be misspelt for, with the distance, nearest
        first; none for a word that is right as it is, ordinary, or too short. Takes bounded time."""
        if not _SHORTEST <= len(word) <= _LONGEST or word in self.words or word in self._ordinary:
            return ()
        if not word.isalpha():
            return ()
        candidates = {name for rest in _rests(word) for name in self._by_rest.get(rest, ()) if name[0] == word[0]}
        judged = sorted((distance(word, name), name) for name in candidates)
        return tuple((name, cost) for cost, name in judged[:_MOST] if cost <= min(FARTHEST, len(name) / 5))


def _rests(word: str) -> Iterator[str]:
    """What two spellings of a word have in common: the word with one letter less, its consonants, and these with one
    less. Marks keep the kinds apart."""
    yield word
    for index in range(len(word)):
        yield word[:index] + word[index + 1 :]
    bones = skeleton(word)
    if len(bones) >= _SHORTEST:
        yield f"-{bones}"
    if len(bones) > _SHORTEST + 1:
        for index in range(1, len(bones)):
            yield f"-{bones[:index]}{bones[index + 1 :]}"


def skeleton(word: str) -> str:
    """Calling this will give a word's first letter and its consonants, each run of one letter once."""
    kept = [letter for index, letter in enumerate(word) if not index or letter not in _VOWELS]
    return "".join(letter for index, letter in enumerate(kept) if not index or letter != kept[index - 1])


def distance(written: str, name: str) -> float:
    """Calling this will weigh what turns one word into the other: 0.25 a doubled letter, 0.5 a vowel or a letter that
    sounds alike, 0.75 two letters swapped, 1 any other letter. Takes time in proportion to both lengths."""
    before: list[float] = []
    row = [0.0]
    for index in range(len(name)):
        row.append(row[-1] + _weight(name, index))
    for i, letter in enumerate(written):
        after = [row[0] + _weight(written, i)]
        for j, other in enumerate(name):
            cost = min(
                row[j] + (0.0 if letter == other else _instead(letter, other)),
                row[j + 1] + _weight(written, i),
                after[j] + _weight(name, j),
            )
            if i and j and letter == name[j - 1] and written[i - 1] == other and letter != other:
                cost = min(cost, before[j - 1] + _SWAPPED)
            after.append(cost)
        before, row = row, after
    return row[-1]


def _weight(word: str, index: int) -> float:
    """What it costs that this letter of one word is missing in the other."""
    letter = word[index]
    if index and word[index - 1] == letter:
        return _DOUBLED
    if letter in _VOWELS:
        return _VOWEL
    # Many a mouth ends Tarakan as "Tarakang", and an h comes and goes.
    heard = letter == "h" or (letter == "g" and index == len(word) - 1 and index > 0 and word[index - 1] == "n")
    return _SOUND if heard else _LETTER


def _instead(letter: str, other: str) -> float:
    if letter in _VOWELS and other in _VOWELS:
        return _VOWEL
    return _SOUND if frozenset((letter, other)) in _ALIKE else _LETTER
