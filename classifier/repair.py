"""Words that no vocabulary holds, read as the known ones they most likely are: mistyped, run together, without vowels.

Every step is bounded by the length of a word, so the time is linear in the text. A word is only ever replaced by words
the model learnt from; one that is like none of them stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

#: Shorter words are too like each other to guess, longer ones are seldom mistyped into another.
SHORTEST, LONGEST = 4, 16
#: Run together are only words of which the shortest still says something, or one of the small ones people attach.
_PART, _ATTACHED = 3, frozenset({"di", "ke", "ya", "dan", "rt", "rw"})
_JOINED = 6
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_VOWELS = re.compile("[aiueo]")
_DOUBLED = re.compile(r"([a-z])\1")


class Repair:
    """Calling this will prepare to mend words into those of a vocabulary; ``rarity`` gives each its inverse document
    frequency, and the commonest of several candidates wins.
    """

    def __init__(self, rarity: Mapping[str, float]) -> None:
        self._rarity = {word: value for word, value in rarity.items() if word.isalpha() and word.islower()}
        self._longest = max(map(len, self._rarity), default=0)
        self._bare: dict[str, list[str]] = {}
        for word in sorted(self._rarity, key=self._rarity.__getitem__):
            if len(word) >= SHORTEST:
                self._bare.setdefault(_bare(word), []).append(word)

    def mend(self, form: str) -> tuple[str, ...]:
        """Calling this will give the known words an unknown form stands for; the form itself where it is like none."""
        if not (form.isascii() and form.isalpha()) or len(form) < 3:
            return (form,)
        if not _VOWELS.search(form[1:]):
            found = self._without_vowels(form)
        else:
            found = self._mistyped(form) or self._without_vowels(form)
        if found:
            return (found,)
        return self._apart(form) or (form,)

    def _mistyped(self, form: str) -> str:
        if not SHORTEST <= len(form) <= LONGEST:
            return ""
        return self._commonest(set(_near(form)))

    def _without_vowels(self, form: str) -> str:
        """The commonest word with the same consonants in which the form's letters stand in their order."""
        return next((word for word in self._bare.get(_bare(form), ()) if _within(form, word)), "")

    def _commonest(self, words: Iterable[str]) -> str:
        known = [word for word in words if word in self._rarity and len(word) >= SHORTEST]
        return min(known, key=lambda word: (self._rarity[word], word), default="")

    def _apart(self, form: str) -> tuple[str, ...]:
        """The likeliest way to cut a form into known words: their rarities add up to the least."""
        if len(form) < _JOINED:
            return ()
        best: list[tuple[float, int]] = [(0.0, 0)]
        for end in range(1, len(form) + 1):
            ways = [(float("inf"), end)]
            for start in range(max(0, end - self._longest), end):
                part = form[start:end]
                cost = self._rarity.get(part)
                if cost is not None and (len(part) >= _PART or part in _ATTACHED):
                    ways.append((best[start][0] + cost, start))
            best.append(min(ways))
        if best[-1][0] == float("inf"):
            return ()
        parts: list[str] = []
        end = len(form)
        while end:
            start = best[end][1]
            parts.append(form[start:end])
            end = start
        return tuple(reversed(parts))


def _bare(word: str) -> str:
    """The first letter and the consonants after it, none twice in a row."""
    return _DOUBLED.sub(r"\1", word[:1] + _VOWELS.sub("", word[1:]))


def _within(short: str, word: str) -> bool:
    letters = iter(word)
    return all(letter in letters for letter in _DOUBLED.sub(r"\1", short))


def _near(form: str) -> Iterator[str]:
    """All words one slip away: a letter left out, added, hit wrongly, or two exchanged."""
    for at in range(len(form) + 1):
        head, tail = form[:at], form[at:]
        for letter in _LETTERS:
            yield head + letter + tail
            yield head + letter + tail[1:]
        yield head + tail[1:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
