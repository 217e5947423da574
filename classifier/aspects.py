"""Training what is read beside the category, kind, supervision, danger and urgency, and how well each is read.

A text that stands among a category's examples was not written with an aspect in mind, but some are cases of one. So the
examples teach what is ordinary only as far as a model made from the aspect's own texts alone agrees.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from classifier.artifact import fingerprint, stored
from classifier.cues import cues
from classifier.groups import folds, near_copies
from classifier.judge import Counts, Marks, Traits, traits
from classifier.matrix import Block
from classifier.reader import DANGER, DANGER_KIND, KIND, LABELS, NO, NONE, SUPERVISION, URGENT, YES
from classifier.reading import Danger, Kind
from classifier.scorer import PLAIN, Scorer, read_tokens
from classifier.signs import signs

Examples = Mapping[str, Mapping[str, Sequence[str]]]
_Rows = NDArray[np.int64]
_Array = NDArray[np.float64]

#: How often danger must be found among held-out texts; what the threshold of danger follows from. Everyday texts are
#: found oftener: these were collected to be hard.
RECALL = 0.98
#: The threshold of danger stays between these, however the held-out texts fall.
LOWEST, HIGHEST = 0.1, 0.3
#: From which probability every other aspect is raised.
EVEN = 0.5
FOLDS = 5
#: The threshold of danger needs held-out texts, not the figures of every fold.
_THRESHOLD_FOLDS = 3
#: How much a text written for an aspect counts against one of a category's examples.
WRITTEN_COUNTS = 3.0
#: An example of a category that a model made from the aspect's own texts takes for a case with this probability teaches
#: nothing; for danger, whose own texts hold enough of what is harmless, every one teaches.
_SUSPECT: Mapping[str, float] = {KIND: 0.5, SUPERVISION: 0.8, URGENT: 0.8}
#: So many ordinary complaints are enough beside an aspect with few texts.
_ORDINARY = 3000
#: Weights of words with signs, and of letter sequences; strength of the learner. Chosen by cross-validation.
_WORDS, _LETTERS, _STRENGTH = 4.0, 2.0, 2.0
_LEAST_TEXTS = 2
#: Features kept of each kind: with two labels, and with more, each of which costs a column.
_MOST_FEATURES, _MOST_OF_MANY = 40_000, 12_000
#: Share of known letter sequences below which nothing is said of a text.
_FAMILIAR = 0.4
#: The aspects with more than two labels, and which signs each sees.
_MANY = frozenset({KIND, DANGER_KIND})
_MARKS: Mapping[str, tuple[Marks, ...]] = {KIND: (cues,), DANGER: (signs,), DANGER_KIND: (signs,), URGENT: (signs,)}


@dataclass(frozen=True, eq=False)
class _Model:
    """What was learnt: two blocks of features and one linear score for each label."""

    names: tuple[str, ...]
    words: Block
    letters: Block
    weights: _Array
    bias: _Array

    @classmethod
    def learn(cls, lesson: _Lesson, rows: _Rows) -> Self:
        # Here and not above: scikit-learn takes a second to import, and only who trains pays for it.
        from sklearn.linear_model import LogisticRegression

        most = _MOST_OF_MANY if lesson.aspect in _MANY else _MOST_FEATURES
        words, letters = (
            replace(Block.learn(counts, rows, _LEAST_TEXTS, most), unknown=0.0)
            for counts in (lesson.words, lesson.letters)
        )
        names, numbers = np.unique(lesson.labels[rows], return_inverse=True)
        two = len(names) == 2
        learner = LogisticRegression(
            C=_STRENGTH,
            class_weight="balanced",
            solver="liblinear" if two else "lbfgs",
            max_iter=1000,
            tol=1e-3,
            random_state=0,
        )
        worth = np.where(lesson.own[rows], WRITTEN_COUNTS, 1.0)
        learner.fit(_side_by_side(words, letters, rows), numbers, sample_weight=worth)
        weights, bias = learner.coef_.T, learner.intercept_
        if two:  # the probability of the second of two labels is the logistic function of one score
            weights, bias = np.hstack([np.zeros_like(weights), weights]), np.array([0.0, bias[0]])
        return cls(tuple(str(name) for name in names), words, letters, weights, bias)

    def probabilities(self, rows: _Rows) -> _Array:
        """Rows × labels; nothing but zeros for a text that is foreign."""
        scores = _side_by_side(self.words, self.letters, rows) @ self.weights + self.bias
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        found: _Array = powers / powers.sum(axis=1, keepdims=True)
        chosen = self.letters.counts[rows]
        every = np.asarray(chosen.sum(axis=1)).ravel()
        known = np.asarray(chosen[:, self.letters.kept].sum(axis=1)).ravel()
        found[(known == 0) | (known < _FAMILIAR * every)] = 0
        return found

    def scorer(self, lesson: _Lesson, threshold: float) -> Scorer:
        """The model in the arrays that are kept on disk."""
        scale = np.repeat([_WORDS, _LETTERS], [len(self.words.kept), len(self.letters.kept)])
        # What is a danger is a danger of some kind, however foreign it looks.
        familiar = 0.0 if lesson.aspect == DANGER_KIND else _FAMILIAR
        settings = {"threshold": threshold, "strength": _STRENGTH, "familiar": familiar}
        return Scorer(
            labels=self.names,
            words=tuple(lesson.word_names[number] for number in self.words.kept.tolist()),
            letters=tuple(lesson.letter_names[number] for number in self.letters.kept.tolist()),
            frequency=np.concatenate([self.words.frequency, self.letters.frequency]).astype(np.float32),
            unknown=(0.0, 0.0),
            weights=stored(self.weights * scale[:, None]),
            bias=self.bias.astype(np.float32),
            offset=0.0,
            assurance=PLAIN,
            threshold=threshold,
            familiar=familiar,
            version=fingerprint(lesson.texts, lesson.labels.tolist(), settings, lesson.aspect.replace("_", "-")),
        )


@dataclass(frozen=True, eq=False)
class _Lesson:
    """Texts of one aspect, counted; ``own`` are those written for it, the others ordinary complaints."""

    aspect: str
    texts: list[str]
    labels: NDArray[np.str_]
    own: NDArray[np.bool_]
    words: sparse.csr_matrix
    word_names: list[str]
    letters: sparse.csr_matrix
    letter_names: list[str]

    @property
    def every(self) -> _Rows:
        return np.arange(len(self.texts))

    def kept(self, keep: NDArray[np.bool_]) -> _Lesson:
        rows = np.flatnonzero(keep)
        return replace(
            self,
            texts=[self.texts[row] for row in rows.tolist()],
            labels=self.labels[rows],
            own=self.own[rows],
            words=self.words[rows],
            letters=self.letters[rows],
        )


def train(examples: Examples, complaints: Sequence[str]) -> dict[str, Scorer]:
    """Calling this will train one model for each aspect that the region pack teaches, and one for the kind of danger.

    ``examples`` maps aspect → label → texts; ``complaints`` are the texts of the categories. Raises ValueError for an
    aspect or label that is not known, or fewer than two labels.
    """
    return {lesson.aspect: _taught(lesson) for lesson in _lessons(examples, complaints)}


def evaluate(examples: Examples, complaints: Sequence[str], folds: int = FOLDS) -> dict[str, dict[str, Any]]:
    """Calling this will cross-validate every aspect; near-copies share a fold. Aspect → name of a figure → value.

    ``recall`` and ``false_alarms`` are shares (0 to 1) of the aspect's own texts; ``ordinary_raised`` is the share of
    the categories' examples that a model which had not seen them raised, rightly or not. A threshold is chosen without
    the fold it is put to. Raises ValueError as ``train`` does.
    """
    found: dict[str, dict[str, Any]] = {}
    for lesson in _lessons(examples, complaints):
        found[lesson.aspect] = _of_many(lesson, folds) if lesson.aspect in _MANY else _of_two(lesson, folds, examples)
    return found


def _lessons(examples: Examples, complaints: Sequence[str]) -> Iterator[_Lesson]:
    for aspect, labels in examples.items():
        if aspect not in LABELS or aspect == DANGER_KIND:
            raise ValueError(f"no such aspect: {aspect}")
        taught = frozenset({*Danger, NONE}) if aspect == DANGER else LABELS[aspect]
        if unknown := set(labels) - taught:
            raise ValueError(f"{aspect}: no such label: {', '.join(sorted(unknown))}")
        rows = [(text, label) for label, texts in labels.items() for text in texts]
        some = complaints[:: max(1, len(complaints) // _ORDINARY)]
        if aspect == KIND:
            yield _lesson(aspect, rows, some, Kind.COMPLAINT)
        elif aspect == DANGER:
            yield _lesson(aspect, [(text, NO if label == NONE else YES) for text, label in rows], complaints, NO)
            yield _lesson(DANGER_KIND, [(text, label) for text, label in rows if label != NONE], (), NO)
        else:
            yield _lesson(aspect, rows, some, NO)


def _lesson(aspect: str, rows: list[tuple[str, str]], ordinary: Sequence[str], usual: str) -> _Lesson:
    """``usual`` is the label of ordinary texts."""
    known = {text for text, _ in rows}
    every = [*rows, *((text, str(usual)) for text in dict.fromkeys(ordinary) if text not in known)]
    labels = np.array([label for _, label in every])
    if len(np.unique(labels)) < 2:
        raise ValueError(f"{aspect}: fewer than two labels")
    texts = [text for text, _ in every]
    found = [_traits(aspect, text) for text in texts]
    words, word_names = _table([{**each.words, **each.signs} for each in found])
    letters, letter_names = _table([each.letters() for each in found])
    own = np.arange(len(every)) < len(rows)
    lesson = _Lesson(aspect, texts, labels, own, words, word_names, letters, letter_names)
    if own.all() or aspect not in _SUSPECT or usual not in labels[own]:
        return lesson
    first = _Model.learn(lesson, np.flatnonzero(own))
    agreed = first.probabilities(lesson.every)[:, first.names.index(usual)]
    return lesson.kept(own | (agreed > 1 - _SUSPECT[aspect]))


def _traits(aspect: str, text: str) -> Traits:
    return traits(text, [token.form for token in read_tokens(text)], _MARKS.get(aspect, ()))


def _table(counted: Sequence[Counts]) -> tuple[sparse.csr_matrix, list[str]]:
    numbers: dict[str, int] = {}
    columns: list[int] = []
    ends = [0]
    for counts in counted:
        columns.extend(numbers.setdefault(name, len(numbers)) for name in counts)
        ends.append(len(columns))
    values = np.array([count for counts in counted for count in counts.values()], dtype=np.float64)
    return sparse.csr_matrix((values, columns, ends), shape=(len(counted), len(numbers))), list(numbers)


def _side_by_side(words: Block, letters: Block, rows: _Rows) -> sparse.csr_matrix:
    return sparse.hstack([words.rows(rows) * _WORDS, letters.rows(rows) * _LETTERS]).tocsr()


def _taught(lesson: _Lesson) -> Scorer:
    threshold = EVEN
    if lesson.aspect == DANGER:
        held = _held_out(lesson, _folds(lesson, _THRESHOLD_FOLDS))[YES]
        threshold = _threshold(lesson, held[lesson.labels == YES])
    return _Model.learn(lesson, lesson.every).scorer(lesson, threshold)


def _threshold(lesson: _Lesson, cases: _Array) -> float:
    """From which probability a case is raised, given those of true cases by models that had not seen them."""
    if lesson.aspect != DANGER:
        return EVEN
    return float(np.clip(np.quantile(cases, 1 - RECALL), LOWEST, HIGHEST))


def _folds(lesson: _Lesson, count: int) -> NDArray[np.int64]:
    return folds(lesson.labels.tolist(), near_copies(lesson.texts), count)


def _held_out(lesson: _Lesson, fold: NDArray[np.int64]) -> dict[str, _Array]:
    """Label → its probability for every text by a model that had not seen the text."""
    found = {str(name): np.zeros(len(lesson.texts)) for name in np.unique(lesson.labels)}
    for number in np.unique(fold).tolist():
        model = _Model.learn(lesson, np.flatnonzero(fold != number))
        rows = np.flatnonzero(fold == number)
        for name, probabilities in zip(model.names, model.probabilities(rows).T, strict=True):
            found[name][rows] = probabilities
    return found


def _of_two(lesson: _Lesson, count: int, examples: Examples) -> dict[str, Any]:
    fold = _folds(lesson, count)
    held = _held_out(lesson, fold)[YES]
    true, own = lesson.labels == YES, lesson.own
    least = np.array([_threshold(lesson, held[true & (fold != number)]) for number in range(count)])
    raised = held >= least[fold]
    found = {
        "texts": int(own.sum()),
        "recall": float(raised[true].mean()),
        "false_alarms": float(raised[~true & own].mean()),
        "precision": float(true[raised & own].mean()) if (raised & own).any() else 0.0,
        "ordinary": int((~own).sum()),
        "ordinary_raised": float(raised[~own].mean()) if not own.all() else 0.0,
        "threshold": float(least.mean()),
    }
    if lesson.aspect == DANGER:
        told = dict(zip(lesson.texts, raised.tolist(), strict=True))
        for kind in sorted(set(examples[DANGER]) - {NONE}):
            found[f"recall {kind}"] = float(np.mean([told[text] for text in examples[DANGER][kind]]))
    return found


def _of_many(lesson: _Lesson, count: int) -> dict[str, Any]:
    held = _held_out(lesson, _folds(lesson, count))
    names = np.array([*held])
    said = names[np.array([*held.values()]).argmax(axis=0)][lesson.own]
    true = lesson.labels[lesson.own]
    each = {
        str(name): float(2 * ((said == name) & (true == name)).sum() / ((said == name).sum() + (true == name).sum()))
        for name in names
    }
    return {
        "texts": len(true),
        "accuracy": float((said == true).mean()),
        "macro_f1": float(np.mean([*each.values()])),
        **{f"f1 {name}": value for name, value in each.items()},
    }
