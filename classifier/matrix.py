"""Training's view of many texts at once: counted features as sparse matrices, weighted exactly as the scorer weighs
one text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from classifier.features import letter_grams, word_grams
from classifier.scorer import UNKNOWN_SHARE, inverse_frequency, unknown_frequency
from classifier.text import tokens


@dataclass(frozen=True, eq=False)
class Counts:
    """Calling this will hold how often each word, pair and letter sequence occurs in each text (texts × features)."""

    words: sparse.csr_matrix
    word_names: list[str]
    letters: sparse.csr_matrix
    letter_names: list[str]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Self:
        """Calling this will count the features of texts; every text is read once, whatever the folds ask later."""
        forms = [[token.form for token in tokens(text)] for text in texts]
        words, word_names = _count(forms, word_grams)
        letters, letter_names = _count(forms, _letter_grams)
        return cls(words, word_names, letters, letter_names)


@dataclass(frozen=True, eq=False)
class Block:
    """Calling this will hold what one kind of feature learnt: which columns are kept, and what each weighs."""

    counts: sparse.csr_matrix
    kept: NDArray[np.int64]
    frequency: NDArray[np.float64]
    unknown: float

    @classmethod
    def learn(cls, counts: sparse.csr_matrix, rows: NDArray[np.int64], least: int, most: int) -> Self:
        """Calling this will keep the features met in ``least`` of the given rows or more, at most ``most``, the
        commonest.

        Where none is met so often (very few texts) all that are met are kept.
        """
        met = np.bincount(counts[rows].indices, minlength=counts.shape[1])
        kept = np.flatnonzero(met >= least)
        if not kept.size:
            kept = np.flatnonzero(met)
        if kept.size > most:
            kept = np.sort(kept[np.argsort(-met[kept], kind="stable")[:most]])
        return cls(counts, kept, inverse_frequency(len(rows), met[kept]), unknown_frequency(len(rows)))

    def rows(self, rows: NDArray[np.int64]) -> sparse.csr_matrix:
        """Calling this will weigh the given rows: (1 + ln count) × inverse frequency, length 1 with the unknown
        counted in.
        """
        chosen = self.counts[rows]
        known = chosen[:, self.kept].tocsr()
        missing = np.asarray(chosen.sum(axis=1)).ravel() - np.asarray(known.sum(axis=1)).ravel()
        known.data = (1 + np.log(known.data)) * self.frequency[known.indices]
        squares = np.asarray(known.multiply(known).sum(axis=1)).ravel()
        length = np.sqrt(squares + UNKNOWN_SHARE * missing * self.unknown**2)
        length[length == 0] = 1
        return sparse.diags(1 / length) @ known


@dataclass(frozen=True, eq=False)
class Weighting:
    """Calling this will hold the two blocks side by side: words and pairs, then letter sequences."""

    words: Block
    letters: Block

    @classmethod
    def learn(cls, counts: Counts, rows: NDArray[np.int64], least: int, most: int) -> Self:
        """Calling this will learn both blocks from the given rows alone."""
        return cls(
            Block.learn(counts.words, rows, least, most),
            Block.learn(counts.letters, rows, least, most),
        )

    def rows(self, rows: NDArray[np.int64]) -> sparse.csr_matrix:
        """Calling this will weigh the given rows as one matrix."""
        return sparse.hstack([self.words.rows(rows), self.letters.rows(rows)]).tocsr()

    def known(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Calling this will give the share of each row's letter sequences that is kept, 0 to 1 (1 for an empty row)."""
        chosen = self.letters.counts[rows]
        every = np.asarray(chosen.sum(axis=1)).ravel()
        kept = np.asarray(chosen[:, self.letters.kept].sum(axis=1)).ravel()
        share: NDArray[np.float64] = np.where(every > 0, kept / np.maximum(every, 1), 1.0)
        return share

    @property
    def frequency(self) -> NDArray[np.float64]:
        """Calling this will give the inverse frequencies in the order of the columns."""
        return np.concatenate([self.words.frequency, self.letters.frequency])

    @property
    def unknown(self) -> tuple[float, float]:
        """Calling this will give the inverse frequency of an unknown word and of an unknown letter sequence."""
        return (self.words.unknown, self.letters.unknown)


def _letter_grams(forms: Sequence[str]) -> list[str]:
    return [gram for form in forms for gram in letter_grams(form)]


def _count(
    forms: Sequence[Sequence[str]], grams: Callable[[Sequence[str]], list[str]]
) -> tuple[sparse.csr_matrix, list[str]]:
    numbers: dict[str, int] = {}
    columns: list[int] = []
    values: list[int] = []
    ends = [0]
    for one in forms:
        counted = Counter(grams(one))
        columns.extend(numbers.setdefault(gram, len(numbers)) for gram in counted)
        values.extend(counted.values())
        ends.append(len(columns))
    matrix = sparse.csr_matrix((np.array(values, dtype=np.float64), columns, ends), shape=(len(forms), len(numbers)))
    return matrix, list(numbers)
