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


class Traits(NamedTuple):
    """What is counted of one text: words with pairs of neighbours, signs, and letter sequences."""

    words: Counts
    signs: Counts
    letters: Counts


def traits(text: str, forms: list[str], marks: Iterable[Marks] = (signs, cues)) -> Traits:
    """Calling this will count a text whose word forms are given, with the signs that ``marks`` see in it."""
    letters: Counter[str] = Counter()
    for form, times in Counter(forms).items():
        for gram in letter_grams(form):
            letters[gram] += times
    found = {SIGN + sign: 1 for see in marks for sign in see(text)}
    return Traits(Counter(word_grams(forms)), found, letters)


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

    def probabilities(self, found: Traits) -> dict[str, float]:
        """Calling this will give each label its probability; nothing for a text that is foreign to the model: one of
        whose letter sequences it knows less than a share of ``familiar``.
        """
        letters = self._known(self._letters, found.letters.items())
        every = sum(found.letters.values())
        if not letters or sum(count for _, count in letters) < self._familiar * every:
            return {}
        words = self._known(self._words, itertools.chain(found.words.items(), found.signs.items()))
        powers = np.exp(self._bias + self._scores(words) + self._scores(letters))
        shares: NDArray[np.float64] = powers / powers.sum()
        return dict(zip(self.labels, shares.tolist(), strict=True))

    @staticmethod
    def _known(numbers: Mapping[str, int], counts: Iterable[tuple[str, int]]) -> list[tuple[int, int]]:
        return [(number, count) for gram, count in counts if (number := numbers.get(gram)) is not None]

    def _scores(self, known: list[tuple[int, int]]) -> NDArray[np.float64]:
        """What one kind of feature says: (1 + ln count) × inverse frequency, scaled to length 1."""
        if not known:
            return np.zeros(len(self.labels))
        numbers, counts = np.array(known).T
        values = (1 + np.log(counts)) * self._frequency[numbers]
        values /= math.sqrt(float(values @ values))
        scores: NDArray[np.float64] = values @ self._weights[numbers]
        return scores
