"""Judging what stands beside the category: a logistic regression over words, letter sequences and signs.

The model is kept in a ``Scorer``'s arrays, so that the same files and the same checks serve; what differs is how it
speaks. An agency's confidence must be modest for a text that fits several or none; a judgement is plain probability,
because a threshold, chosen on texts the model had not seen, is put to it.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.cues import cues
from classifier.features import letter_grams, word_grams
from classifier.scorer import Scorer
from classifier.signs import signs

Counts = Mapping[str, int]
Marks = Callable[[str], list[str]]
#: Sets signs apart from words: no word holds it.
SIGN = "*"
_Numbers = NDArray[np.int64]
_NO_NUMBERS = np.empty(0, dtype=np.int64)
_REMEMBERED_FORMS = 20_000


class Traits(NamedTuple):
    """What is counted of one text: words with pairs of neighbours, signs, and the word forms that letters come from."""

    words: Counts
    signs: Counts
    forms: Counts

    def letters(self) -> Counts:
        """Calling this will count the letter sequences of the word forms."""
        found: Counter[str] = Counter()
        for form, times in self.forms.items():
            for gram in letter_grams(form):
                found[gram] += times
        return found


def traits(text: str, forms: list[str], marks: Iterable[Marks] = (signs, cues)) -> Traits:
    """Calling this will count a text whose word forms are given, with the signs that ``marks`` see in it."""
    found = {SIGN + sign: 1 for see in marks for sign in see(text)}
    return Traits(Counter(word_grams(forms)), found, Counter(forms))


class Judge:
    """Calling this will prepare a model kept in ``scorer`` to give probabilities."""

    def __init__(self, scorer: Scorer) -> None:
        self.labels = scorer.labels
        self.threshold = scorer.threshold
        self._familiar = scorer.familiar
        self._words = dict(zip(scorer.words, range(len(scorer.words)), strict=True))
        first = len(scorer.words)
        self._letters = dict(zip(scorer.letters, range(first, first + len(scorer.letters)), strict=True))
        self._frequency = scorer.frequency
        self._weights = scorer.weights
        self._bias = scorer.bias.astype(np.float64)
        self._met: dict[str, tuple[_Numbers, int]] = {}

    def probabilities(self, found: Traits) -> dict[str, float]:
        """Calling this will give each label its probability; nothing for a text that is foreign to the model: one of
        whose letter sequences it knows none, or less than a share of ``familiar`` (0: none is foreign).
        """
        letters, counts, every = self._letters_of(found.forms)
        if self._familiar and (not letters.size or counts.sum() < self._familiar * every):
            return {}
        words = [
            (number, count)
            for gram, count in itertools.chain(found.words.items(), found.signs.items())
            if (number := self._words.get(gram)) is not None
        ]
        scores = self._bias + self._scores(letters, counts)
        if words:
            numbers, times = np.array(words).T
            scores = scores + self._scores(numbers, times)
        powers = np.exp(scores)
        shares: NDArray[np.float64] = powers / powers.sum()
        return dict(zip(self.labels, shares.tolist(), strict=True))

    def _letters_of(self, forms: Counts) -> tuple[_Numbers, _Numbers, int]:
        """The known letter sequences, how often each occurs, and how many there are with the unknown."""
        met = [self._form(form) for form in forms]
        times = np.fromiter(forms.values(), dtype=np.int64, count=len(met))
        lengths = [len(numbers) for numbers, _ in met]
        flat = np.concatenate([numbers for numbers, _ in met]) if met else _NO_NUMBERS
        numbers, places = np.unique(flat, return_inverse=True)
        counts = np.bincount(places, weights=np.repeat(times, lengths), minlength=len(numbers)).astype(np.int64)
        return numbers, counts, sum(total * count for (_, total), count in zip(met, forms.values(), strict=True))

    def _form(self, form: str) -> tuple[_Numbers, int]:
        known = self._met.get(form)
        if known is None:
            grams = letter_grams(form)
            numbers = [number for gram in grams if (number := self._letters.get(gram)) is not None]
            known = (np.array(numbers, dtype=np.int64), len(grams))
            if len(self._met) >= _REMEMBERED_FORMS:
                self._met.clear()
            self._met[form] = known
        return known

    def _scores(self, numbers: _Numbers, counts: _Numbers) -> NDArray[np.float64]:
        """What one kind of feature says: (1 + ln count) × inverse frequency, scaled to length 1."""
        if not numbers.size:
            return np.zeros(len(self.labels))
        values = (1 + np.log(counts)) * self._frequency[numbers]
        values /= math.sqrt(float(values @ values))
        scores: NDArray[np.float64] = values.astype(np.float64) @ self._weights[numbers].astype(np.float64)
        return scores
