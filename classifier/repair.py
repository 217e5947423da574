"""Words that no vocabulary holds, read as the known ones they most likely are: mistyped, run together, without vowels.

Every step is bounded by the length of a word, so the time is linear in the text. A word is only ever replaced by words
the model learnt from; one that is like none of them stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from classifier.short_forms import short_forms
from classifier.text import Token

#: Shorter words are too like each other to guess, longer ones are seldom mistyped into another.
SHORTEST, LONGEST = 4, 16
#: Run together are only words of which the shortest still says something, or one of the small ones people attach.
_PART, _ATTACHED = 3, frozenset({"di", "ke", "ya", "yg", "rt", "rw"})
_JOINED = 6
#: What is left over between the known words of a whole sentence: so much dearer than they are, and no more than a
#: third. In fewer letters nothing may be left over: it would cut up the names of places.
_SENTENCE = 16
_LEFT_OVER, _EACH_LETTER = 8.0, 1.5
_LEFT_SHARE = 0.34
#: A text with so many unknown words, and so few known ones among all, may be in another language: there a word that is
#: only like a known one is not taken for it.
_FEWEST_UNKNOWN, _FEWEST_KNOWN = 4, 0.25
#: Unknown words that are mended in one text; of a foreign text with more of them only what is known counts.
MOST_MENDED = 200
_REMEMBERED = 20_000
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_VOWELS = re.compile("[aiueo]")
_DOUBLED = re.compile(r"([a-z])\1")


class Repair:
    """Calling this will prepare to mend words into those of a vocabulary.

    ``rarity`` gives each its inverse document frequency, and the commonest of several candidates wins. ``strange`` says
    of an unknown word whether it is unlikely to be a right one that is rare.
    """

    def __init__(self, rarity: Mapping[str, float], strange: Callable[[str], bool]) -> None:
        self._vocabulary = frozenset(rarity)
        self._strange = strange
        self._mends: dict[tuple[str, bool], tuple[str, ...]] = {}
        self._rarity = {word: value for word, value in rarity.items() if word.isalpha() and word.islower()}
        self._short = {short: word for short, word in short_forms().items() if word in self._rarity}
        self._rarity |= {short: self._rarity[word] for short, word in self._short.items()}
        self._longest = min(LONGEST, max(map(len, self._rarity), default=1))
        self._bare: dict[str, list[str]] = {}
        for word in sorted(self._rarity, key=self._rarity.__getitem__):
            if len(word) >= SHORTEST and word not in self._short:
                self._bare.setdefault(_bare(word), []).append(word)

    def mended(self, found: list[Token], *, foreign: bool = False) -> list[Token]:
        """Calling this will replace the unknown words of a text by the known ones they most likely are.

        Of a ``foreign`` text with more than ``MOST_MENDED`` unknown words only known ones are left that stand beside
        each other: among letters without sense some are words by chance.
        """
        forms = dict.fromkeys(token.form for token in found)
        unknown = [form for form in forms if form not in self._vocabulary]
        if foreign and len(unknown) > MOST_MENDED:
            return self._sensible(found)
        guess = len(unknown) < _FEWEST_UNKNOWN or len(unknown) <= (1 - _FEWEST_KNOWN) * len(forms)
        changed = {form: self._mend(form, guess) for form in unknown[:MOST_MENDED]}
        return [Token(token.surface, form) for token in found for form in changed.get(token.form, (token.form,))]

    def _sensible(self, found: list[Token]) -> list[Token]:
        known = [False, *(token.form in self._vocabulary for token in found), False]
        return [token for at, token in enumerate(found, start=1) if known[at] and (known[at - 1] or known[at + 1])]

    def _mend(self, form: str, guess: bool) -> tuple[str, ...]:
        kept = self._mends.get((form, guess))
        if kept is None:
            kept = self.mend(form, guess)
            if len(self._mends) >= _REMEMBERED:
                self._mends.clear()
            self._mends[form, guess] = kept
        return kept

    def mend(self, form: str, guess: bool = True) -> tuple[str, ...]:
        """Calling this will give the known words an unknown form stands for; the form itself where it is like none.

        Unless it may ``guess``, doubled letters are taken out and words that were run together taken apart, no more;
        and from a form that is not strange only doubled letters.
        """
        if not (form.isascii() and form.isalnum()) or form.isdecimal() or len(form) < _PART:
            return (form,)
        single = min(self._known(_single(form)), key=self._cost, default="")
        if single:
            return (self._short.get(single, single),)
        if not self._strange(form):
            return (form,)
        found = ""
        if guess and form.isalpha():
            spoken = _VOWELS.search(form[1:]) is not None
            found = (self._mistyped(form) if spoken else "") or self._without_vowels(form)
        return (found,) if found else self._apart(form) or (form,)

    def _mistyped(self, form: str) -> str:
        if not SHORTEST <= len(form) <= LONGEST:
            return ""
        words = (word for word in self._known(_near(form)) if len(word) >= SHORTEST and word not in self._short)
        return min(words, key=self._cost, default="")

    def _without_vowels(self, form: str) -> str:
        """The commonest word with the same consonants in which the form's letters stand in their order."""
        return next((word for word in self._bare.get(_bare(form), ()) if _within(form, word)), "")

    def _known(self, words: Iterable[str]) -> Iterator[str]:
        return (word for word in words if word in self._rarity)

    def _cost(self, word: str) -> tuple[float, str]:
        return self._rarity[word], word

    def _apart(self, form: str) -> tuple[str, ...]:
        """The likeliest way to cut a form into known words: their rarities add up to the least."""
        if len(form) < _JOINED:
            return ()
        best: list[tuple[float, int, int]] = [(0.0, 0, 0)]  # cost, letters left over, where the last part begins
        for end in range(1, len(form) + 1):
            ways = []
            for start in range(max(0, end - self._longest), end):
                part = form[start:end]
                cost, left, _ = best[start]
                rarity = self._rarity.get(part)
                if rarity is not None and (len(part) >= _PART or part in _ATTACHED):
                    ways.append((cost + rarity, left, start))
                else:
                    ways.append((cost + _LEFT_OVER + _EACH_LETTER * len(part), left + len(part), start))
            best.append(min(ways))
        if best[-1][1] > (_LEFT_SHARE * len(form) if len(form) >= _SENTENCE else 0):
            return ()
        parts: list[str] = []
        end = len(form)
        while end:
            start = best[end][2]
            part = form[start:end]
            parts.append(self._short.get(part, part))
            end = start
        return tuple(reversed(parts))


def _bare(word: str) -> str:
    """The first letter and the consonants after it, none twice in a row."""
    return _DOUBLED.sub(r"\1", word[:1] + _VOWELS.sub("", word[1:]))


def _single(form: str) -> set[str]:
    """The form with one pair of equal letters made one, and with all of them."""
    pairs = list(_DOUBLED.finditer(form))
    if not pairs:
        return set()
    return {form[: pair.start()] + form[pair.start() + 1 :] for pair in pairs} | {_DOUBLED.sub(r"\1", form)}


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
