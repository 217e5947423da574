"""From a text to ranked labels, out of plain arrays: the one scoring path, freshly trained or loaded from disk.

Nothing here needs scikit-learn or scipy. A score is linear in the counted features, so the words that decided are
those whose features added most to it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.features import letter_grams, word_grams
from classifier.repair import Repair
from classifier.suggestion import Prediction, Suggestion
from classifier.text import Token, readable, tokens

Floats = NDArray[np.float32]
Probabilities = NDArray[np.float64]

# No confidence reaches it: the value of ``threshold`` in a model that is never sure.
NEVER = 2.0
# How much of a feature's weight one never met keeps: unknown text is drawn towards "I do not know".
UNKNOWN_SHARE = 0.3
SHOWN_WORDS = 5
_SHOWN_SHARE = 0.1
_REMEMBERED_WORDS = 20_000
# Texts scored at once: more would only use more memory.
_BATCH = 256
# A word is mended where so much of it is unknown: a rare but right word is made of letter sequences that are known.
_STRANGE = 0.15
# How fast trust in a foreign text falls with the share of it that is known.
_DOUBT = 6


def inverse_frequency(texts: int, frequency: NDArray[np.int64]) -> NDArray[np.float64]:
    """Calling this will give the smoothed inverse document frequency of features met in ``frequency`` of ``texts``
    texts.
    """
    weights: NDArray[np.float64] = np.log((1 + texts) / (1 + frequency)) + 1
    return weights


def unknown_frequency(texts: int) -> float:
    """Calling this will give the inverse document frequency of a feature no vocabulary holds: as if met once."""
    return math.log((1 + texts) / 2) + 1


def confidences(scores: NDArray[np.floating], offset: float) -> Probabilities:
    """Calling this will turn scores (rows × labels) into confidences that add up to 1 in each row.

    Each label's score plus ``offset`` goes through a sigmoid and the row is normalised. Against softmax this keeps a
    text that fits several labels, or none, from looking certain.
    """
    shifted = scores.astype(np.float64) + offset
    logs = -np.logaddexp(0.0, -shifted)
    powers: Probabilities = np.exp(logs - logs.max(axis=1, keepdims=True))
    powers /= powers.sum(axis=1, keepdims=True)
    return powers


class Assurance(NamedTuple):
    """How likely the first label is right: a logistic function of four facts (``evidence``)."""

    weights: tuple[float, ...]
    bias: float


# The first fact is the logit of the confidence itself: with these weights nothing changes.
PLAIN = Assurance((1.0, 0.0, 0.0, 0.0), 0.0)
_SURE_LOGIT = 12.0


def evidence(scores: NDArray[np.floating], confidence: Probabilities) -> Probabilities:
    """Calling this will give four facts of each row of scores (rows × labels): the logit of its highest confidence, the
    logit of its highest softmax, how far the first score is before the second, and the first score itself.
    """
    ordered = -np.partition(-scores.astype(np.float64), 1, axis=1)
    first, second = ordered[:, 0], ordered[:, 1]
    others = np.log(np.maximum(np.exp(scores - first[:, None]).sum(axis=1) - 1, 1e-12))
    best = confidence.max(axis=1)
    with np.errstate(divide="ignore"):
        logit = np.log(best) - np.log1p(-np.minimum(best, 1 - 1e-12))
    facts = [np.clip(logit, -_SURE_LOGIT, _SURE_LOGIT), np.clip(-others, -_SURE_LOGIT, _SURE_LOGIT)]
    return np.stack([*facts, first - second, first], axis=1)


def assured(scores: NDArray[np.floating], offset: float, assurance: Assurance) -> Probabilities:
    """Calling this will turn scores (rows × labels) into confidences that add up to 1 in each row and keep its order,
    the highest being what ``assurance`` says of the row.
    """
    plain = confidences(scores, offset)
    if assurance is PLAIN:
        return plain
    labels = plain.shape[1]
    rows, best = np.arange(len(plain)), plain.argmax(axis=1)
    top = plain[rows, best]
    logit = evidence(scores, plain) @ np.array(assurance.weights) + assurance.bias
    wanted = np.maximum(1 / (1 + np.exp(-np.clip(logit, -_SURE_LOGIT, _SURE_LOGIT))), 1 / labels)
    # Drawn towards certainty or towards "any label": both keep the order of the labels.
    up = np.where(wanted > top, (wanted - top) / np.maximum(1 - top, 1e-12), 0.0)
    down = np.where(wanted < top, (top - wanted) / np.maximum(top - 1 / labels, 1e-12), 0.0)
    found: Probabilities = plain * (1 - up)[:, None] * (1 - down)[:, None] + (down / labels)[:, None]
    found[rows, best] += up
    return found


class _Row(NamedTuple):
    """The known features of one text, sorted by number, and for each letter sequence met where it stands among them."""

    numbers: NDArray[np.int64]
    counts: NDArray[np.int64]
    values: Floats
    words: int  # how many of ``numbers`` are words and pairs; the rest are letter sequences
    places: NDArray[np.intp]  # letter sequences in the order of the distinct forms
    ends: list[int]  # where each distinct form's letter sequences end in ``places``
    known: float  # share of the letter sequences that the vocabulary holds, 0 to 1
    grams: list[int | None]  # the number of each word and pair in the order of ``word_grams``, None where unknown


class _Read(NamedTuple):
    """A text as it is scored: its features, its distinct forms with their counts, and its words in their order."""

    row: _Row
    distinct: list[tuple[str, int]]
    words: list[Token]


_Letters = tuple[NDArray[np.int64], int]


@dataclass(frozen=True, eq=False)
class Scorer:
    """Calling this will hold a trained model as arrays and answer ``suggest``.

    ``words`` and ``letters`` are the vocabularies; the rows of ``weights`` (features × labels) follow them in this
    order. ``unknown`` holds the inverse document frequency of an unknown word and of an unknown letter sequence.
    ``offset`` and ``assurance`` turn scores into confidences (``assured``). A first suggestion with a confidence of at
    least ``threshold`` (0 to 1, or NEVER) makes the prediction sure. ``familiar`` (0 to 1) is the share of known letter
    sequences below which a text is foreign: doubted the more the further below, and never sure.
    """

    labels: tuple[str, ...]
    words: tuple[str, ...]
    letters: tuple[str, ...]
    frequency: Floats
    unknown: tuple[float, float]
    weights: Floats
    bias: Floats
    offset: float
    assurance: Assurance
    threshold: float
    familiar: float
    version: str
    _word_numbers: dict[str, int] = field(init=False, repr=False)
    _letter_numbers: dict[str, int] = field(init=False, repr=False)
    _met: dict[str, _Letters] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        set_field = object.__setattr__  # the dataclass is frozen for everybody else
        first = len(self.words)
        set_field(self, "_word_numbers", dict(zip(self.words, range(first), strict=True)))
        numbers = range(first, first + len(self.letters))
        set_field(self, "_letter_numbers", dict(zip(self.letters, numbers, strict=True)))

    def suggest(self, texts: Sequence[str], top: int = 3) -> list[Prediction]:
        """Calling this will rank the ``top`` likeliest labels for each text, with the words that spoke for each.

        A text with nothing to read, or nothing known in it, gets equal low confidences, no words, and is not sure.
        Raises ValueError when ``top`` is below 1.
        """
        if top < 1:
            raise ValueError("top must be at least 1")
        found: list[Prediction] = []
        for start in range(0, len(texts), _BATCH):
            found.extend(self._suggest([read_tokens(text) for text in texts[start : start + _BATCH]], top))
        return found

    def suggest_tokens(self, found: list[Token], top: int = 3) -> Prediction:
        """Calling this will rank labels as ``suggest`` does for a text that ``read_tokens`` already read."""
        return self._suggest([found], top)[0]

    def predict_tokens(self, found: list[Token]) -> Probabilities:
        """Calling this will return one confidence for each of ``labels`` for a text that ``read_tokens`` already
        read.
        """
        one: Probabilities = self._confidences([self._read(found).row])[0]
        return one

    def predict_proba(self, texts: Sequence[str]) -> Probabilities:
        """Calling this will return the confidences (texts × labels, each row adding up to 1) in the order of
        ``labels``.
        """
        found = np.empty((len(texts), len(self.labels)))
        for start in range(0, len(texts), _BATCH):
            rows = [self._read(read_tokens(text)).row for text in texts[start : start + _BATCH]]
            found[start : start + len(rows)] = self._confidences(rows)
        return found

    def mended(self, found: list[Token]) -> list[Token]:
        """Calling this will replace words the model never met by known ones they most likely are (``Repair``)."""
        return self._repair.mended(found)

    @cached_property
    def _repair(self) -> Repair:
        rarity = dict(zip(self.words, self.frequency[: len(self.words)].tolist(), strict=True))
        return Repair(rarity, self._strange)

    def _strange(self, form: str) -> bool:
        numbers, missing = self._letters(form)
        return missing >= _STRANGE * (missing + len(numbers))

    def _read(self, found: list[Token]) -> _Read:
        known = self._known(_counted(found))
        words = self._repair.mended(found, foreign=known < self.familiar)
        distinct = _counted(words)
        # What was mended makes no text less foreign.
        return _Read(self._row(distinct, words, known), distinct, words)

    def _known(self, distinct: list[tuple[str, int]]) -> float:
        """The share of a text's letter sequences that the vocabulary holds."""
        met = missed = 0
        for form, count in distinct:
            numbers, missing = self._letters(form)
            met += len(numbers) * count
            missed += missing * count
        return met / (met + missed) if met else 0.0

    def _suggest(self, texts: list[list[Token]], top: int) -> list[Prediction]:
        read = [self._read(found) for found in texts]
        rows = [each.row for each in read]
        confidences = self._confidences(rows)
        ranked = np.argsort(-confidences, axis=1, kind="stable")[:, :top]
        predictions = []
        for at, row in enumerate(rows):
            best = ranked[at].tolist()
            values = confidences[at, best].tolist()
            spoke = self._spoke(row, read[at].distinct, read[at].words, ranked[at])
            suggestions = tuple(
                Suggestion(self.labels[label], value, words)
                for label, value, words in zip(best, values, spoke, strict=True)
            )
            sure = row.known > 0 and row.known >= self.familiar and values[0] >= self.threshold
            predictions.append(Prediction(suggestions, sure, self.version))
        return predictions

    def _confidences(self, rows: Sequence[_Row]) -> Probabilities:
        """One row of confidences for each text; equal ones where nothing in it is known."""
        scores = np.zeros((len(rows), len(self.labels)))
        for at, row in enumerate(rows):
            scores[at] = row.values @ self.weights[row.numbers] + self.bias
        found = assured(scores, self.offset, self.assurance)
        known = np.array([row.known for row in rows])
        trust = np.where(known < self.familiar, (known / max(self.familiar, 1e-12)) ** _DOUBT, 1.0)
        trust[[not row.numbers.size for row in rows]] = 0.0
        doubted: Probabilities = trust[:, None] * found + ((1 - trust) / len(self.labels))[:, None]
        return doubted

    def _row(self, distinct: list[tuple[str, int]], found: list[Token], known: float) -> _Row:
        word_counts: dict[int, int] = {}
        grams = list(map(self._word_numbers.get, word_grams([token.form for token in found])))
        for number in grams:
            if number is not None:
                word_counts[number] = word_counts.get(number, 0) + 1
        unknown_words = grams.count(None)
        parts: list[NDArray[np.int64]] = []
        times: list[int] = []
        ends: list[int] = []
        unknown_letters = total = 0
        for form, count in distinct:
            numbers, missing = self._letters(form)
            unknown_letters += missing * count
            parts.append(numbers)
            times.append(count)
            total += len(numbers)
            ends.append(total)
        flat = np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
        letters, places = np.unique(flat, return_inverse=True)
        repeats = np.repeat(times, np.diff([0, *ends])) if parts else flat
        letter_counts = np.bincount(places, weights=repeats, minlength=len(letters)).astype(np.int64)
        words = np.array(sorted(word_counts), dtype=np.int64)
        counts = np.array([word_counts[number] for number in words.tolist()], dtype=np.int64)
        values = np.concatenate(
            [
                self._values(words, counts, unknown_words, self.unknown[0]),
                self._values(letters, letter_counts, unknown_letters, self.unknown[1]),
            ]
        )
        both = np.concatenate([words, letters])
        counted = np.concatenate([counts, letter_counts])
        return _Row(both, counted, values, len(words), places, ends, known, grams)

    def _values(self, numbers: NDArray[np.int64], counts: NDArray[np.int64], missing: int, unknown: float) -> Floats:
        values = (1 + np.log(counts)) * self.frequency[numbers]
        length = math.sqrt(float(values @ values) + UNKNOWN_SHARE * missing * unknown**2)
        return (values / (length or 1.0)).astype(np.float32)

    def _letters(self, form: str) -> _Letters:
        known = self._met.get(form)
        if known is None:
            grams = letter_grams(form)
            numbers = [number for gram in grams if (number := self._letter_numbers.get(gram)) is not None]
            known = (np.array(numbers, dtype=np.int64), len(grams) - len(numbers))
            if len(self._met) >= _REMEMBERED_WORDS:
                self._met.clear()
            self._met[form] = known
        return known

    def _spoke(
        self, row: _Row, distinct: list[tuple[str, int]], found: list[Token], ranked: NDArray[np.intp]
    ) -> list[tuple[str, ...]]:
        """For each ranked label the words, as written, whose features added most to its score."""
        if not row.numbers.size:
            return [()] * len(ranked)
        # Weights are centred over the labels: a feature that speaks for every label speaks for none.
        share = (row.values / row.counts)[:, None] * self.weights[row.numbers][:, ranked]
        place = {form: number for number, (form, _) in enumerate(distinct)}
        words = [place[token.form] for token in found]
        known = {number: at for at, number in enumerate(row.numbers[: row.words].tolist())}
        size = len(found)
        spoken: list[tuple[int, int, float]] = []  # which word, which feature, how much of it
        for at, number in enumerate(row.grams):
            if number is None:
                continue
            if at < size:
                spoken.append((words[at], known[number], 1.0))
            else:  # a pair speaks half for each of its words
                spoken.append((words[at - size], known[number], 0.5))
                spoken.append((words[at - size + 1], known[number], 0.5))
        added = np.zeros((len(distinct), len(ranked)))
        if spoken:
            whose, feature, part = (np.array(column) for column in zip(*spoken, strict=True))
            np.add.at(added, whose, share[feature] * part[:, None])
        sums = np.concatenate([np.zeros((1, len(ranked))), np.cumsum(share[row.words :][row.places], axis=0)])
        bounds = np.array([0, *row.ends])
        added += (sums[bounds[1:]] - sums[bounds[:-1]]) * np.array([count for _, count in distinct])[:, None]
        surfaces: dict[str, str] = {}
        for token in found:
            surfaces.setdefault(token.form, token.surface)
        return [self._shown(added[:, column], distinct, surfaces) for column in range(len(ranked))]

    @staticmethod
    def _shown(added: Probabilities, distinct: list[tuple[str, int]], surfaces: dict[str, str]) -> tuple[str, ...]:
        shown: list[str] = []
        order = np.argsort(-added, kind="stable").tolist()
        floor = max(0.0, float(added[order[0]]) * _SHOWN_SHARE)
        for number in order:
            form = distinct[number][0]
            if added[number] <= floor or len(shown) == SHOWN_WORDS:
                break
            # Links, addresses and numbers are personal data and explain nothing.
            if form.islower() and len(form) > 1:
                shown.append(surfaces[form])
        return tuple(shown)


def read_tokens(text: str) -> list[Token]:
    """Calling this will give the tokens of a text; none where they are only links and numbers, which say nothing by
    themselves.
    """
    found = tokens(text)
    return found if readable(found) else []


def _counted(found: list[Token]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for token in found:
        counts[token.form] = counts.get(token.form, 0) + 1
    return list(counts.items())
