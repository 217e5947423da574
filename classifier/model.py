"""Training: a scikit-learn classifier over texts whose result is a ``Scorer`` of plain arrays.

Two linear learners share one feature matrix, a linear SVM and complement naive Bayes. A teacher, texts written for a
region's own categories, helps in one of two ways. Where the labels are those categories, its texts are rows like any
other, and a real text counts as four of them. Where they are others, a third learner sees only what the teacher would
say of a text. All three are linear, so their weights are added into one matrix; how much of each, and what turns
scores into honest confidences, is learnt from texts the learners had not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from classifier.artifact import fingerprint, stored
from classifier.calibration import Blend, Calibration, fit_assurance, fit_blend, fit_familiar, fit_threshold
from classifier.dataset import Dataset
from classifier.groups import folds, near_copies
from classifier.learners import Learner, bayes, margin, seen, side_by_side
from classifier.matrix import Counts, Weighting
from classifier.scorer import Probabilities, Scorer, assured
from classifier.suggestion import Prediction

# Texts are held out in so many parts, in fewer where there are plenty: the same confidences in less time.
FOLDS, FEWER_FOLDS, PLENTY = 5, 3, 4_000
# Most features kept of each kind and most cells of the weight matrix: 2.3 million float16 are 5 MB.
MOST_FEATURES = 60_000
MOST_CELLS = 2_300_000
#: A real text is worth this many that were written for the purpose: with more the rare categories suffer, with fewer
#: the model learns slowly (on a real set 2 to 8 do equally well).
REAL_COUNTS = 4.0
#: From so many real texts on confidences are learnt from those alone.
REAL_ENOUGH = 100

_Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Lesson:
    """What is learnt from: the real texts first, then the teacher's. ``labels`` numbers them; the teacher's have one
    only where both share their labels (``joined``)."""

    texts: list[str]
    counts: Counts
    labels: NDArray[np.intp]
    size: int
    real: int
    joined: bool

    @property
    def labelled(self) -> _Rows:
        return np.arange(len(self.labels))

    @property
    def tested(self) -> _Rows:
        """The rows that are held out in turn: the real ones as soon as there are enough, else every one."""
        return np.arange(self.real) if self.real >= REAL_ENOUGH else self.labelled

    def weights(self, rows: _Rows, worth: float) -> NDArray[np.float64]:
        return np.where(self.joined & (rows < self.real), worth, 1.0)


class ComplaintClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Calling this will prepare a classifier of complaint texts; ``fit`` trains it.

    ``precision`` (0 to 1) is how often the first suggestion must be right among those called sure. ``C`` and
    ``alpha`` are the strengths of the two learners, ``min_texts`` in how many texts a feature must occur (2 also
    keeps most names of persons out of the model). ``teacher`` holds texts written for categories, be the labels those
    categories or others; each text counts for ``worth`` of them where they share their labels. ``seed`` fixes every
    draw; ``name`` begins the version.
    """

    def __init__(
        self,
        *,
        precision: float = 0.9,
        C: float = 0.25,
        alpha: float = 0.2,
        min_texts: int = 2,
        teacher: Dataset | None = None,
        worth: float = REAL_COUNTS,
        seed: int = 0,
        name: str = "local",
    ) -> None:
        self.precision = precision
        self.C = C
        self.alpha = alpha
        self.min_texts = min_texts
        self.teacher = teacher
        self.worth = worth
        self.seed = seed
        self.name = name

    def fit(self, X: Sequence[str], y: Sequence[Any]) -> Self:
        """Calling this will train on texts and their labels (one core, a few seconds per thousand rows).

        Raises ValueError for texts that are not strings, lengths that differ, fewer than two labels, or no text
        that can be read.
        """
        texts = _texts(X)
        given = np.asarray(y)
        if given.ndim != 1 or len(given) != len(texts):
            raise ValueError(f"one label for each text: {len(texts)} texts, labels of shape {given.shape}")
        check_classification_targets(given)
        if not texts:
            raise ValueError("expected at least one text")
        lesson = self._lesson(texts, given)
        taught = self.teacher.labels if self.teacher else ()
        weighting = self._weighting(lesson, np.arange(len(lesson.texts)))
        view = None if lesson.joined or not taught else self._view(lesson, weighting, taught)
        opinions = None if view is None else view.scores(weighting.rows(lesson.labelled))
        found = self._calibrate(lesson, opinions)
        learners = self._learners(lesson, weighting, lesson.labelled, lesson.labels)
        if view is not None and opinions is not None:
            learners.append(seen(opinions, lesson.labels).after(view))
        self.scorer_ = Scorer(
            labels=tuple(str(label) for label in self.classes_.tolist()),
            words=tuple(lesson.counts.word_names[number] for number in weighting.words.kept.tolist()),
            letters=tuple(lesson.counts.letter_names[number] for number in weighting.letters.kept.tolist()),
            frequency=weighting.frequency.astype(np.float32),
            unknown=weighting.unknown,
            weights=stored(found.blend.mix([one.weights for one in learners])),
            bias=found.blend.mix([one.bias[None, :] for one in learners])[0].astype(np.float32),
            offset=found.blend.offset,
            assurance=found.assurance,
            threshold=found.threshold,
            familiar=found.familiar,
            version=self._version(lesson, [*map(str, given.tolist()), *taught]),
        )
        return self

    def predict(self, X: Sequence[str]) -> NDArray[Any]:
        """Calling this will return the likeliest label of each text. Raises NotFittedError before ``fit``."""
        chosen: NDArray[Any] = self.predict_proba(X).argmax(axis=1)
        found: NDArray[Any] = self.classes_[chosen]
        return found

    def predict_proba(self, X: Sequence[str]) -> Probabilities:
        """Calling this will return the confidences, texts × labels in the order of ``classes_``, each row adding up to
        1.
        """
        check_is_fitted(self)
        return self.scorer_.predict_proba(_texts(X))

    def suggest(self, texts: Sequence[str], top: int = 3) -> list[Prediction]:
        """Calling this will rank the ``top`` likeliest labels with the words that spoke for them, as
        ``Scorer.suggest`` does.
        """
        check_is_fitted(self)
        return self.scorer_.suggest(_texts(texts), top)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags

    def _lesson(self, texts: list[str], given: NDArray[Any]) -> _Lesson:
        taught = self.teacher or Dataset((), ())
        joined = bool(set(taught.labels) & set(given.tolist()))
        every = np.array([*given.tolist(), *taught.labels]) if joined else given
        self.classes_, labels = np.unique(every, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"a classifier needs at least two labels, got {len(self.classes_)} class")
        both = [*texts, *taught.texts]
        counts = Counts.of(both)
        if not counts.words.nnz:
            raise ValueError("no text holds a word that can be read")
        return _Lesson(both, counts, labels, len(self.classes_), len(texts), joined)

    def _version(self, lesson: _Lesson, labels: Sequence[str]) -> str:
        settings = {key: value for key, value in self.get_params(deep=False).items() if key not in ("name", "teacher")}
        return fingerprint(lesson.texts, labels, settings, self.name)

    def _weighting(self, lesson: _Lesson, rows: _Rows) -> Weighting:
        return Weighting.learn(lesson.counts, rows, self.min_texts, min(MOST_FEATURES, MOST_CELLS // (2 * lesson.size)))

    def _view(self, lesson: _Lesson, weighting: Weighting, categories: Sequence[str]) -> Learner:
        """What the teacher says of a text: two scores for each of its categories."""
        numbers = np.unique(categories, return_inverse=True)[1]
        rows = weighting.rows(np.arange(lesson.real, len(lesson.texts)))
        return side_by_side(tuple(self._pair(rows, numbers, np.ones(len(numbers)))), rows)

    def _learners(self, lesson: _Lesson, weighting: Weighting, rows: _Rows, labels: NDArray[np.intp]) -> list[Learner]:
        return self._pair(weighting.rows(rows), labels, lesson.weights(rows, self.worth))

    def _pair(self, rows: sparse.csr_matrix, labels: NDArray[np.intp], worth: NDArray[np.float64]) -> list[Learner]:
        return [
            margin(rows, labels, worth, strength=self.C, seed=self.seed),
            bayes(rows, labels, worth, smoothing=self.alpha),
        ]

    def _calibrate(self, lesson: _Lesson, opinions: NDArray[np.float64] | None) -> Calibration:
        """Blend, confidences and threshold from held-out scores; the defaults and "never sure" where the texts are too
        few to hold out.
        """
        tested = lesson.tested
        groups = near_copies([lesson.texts[row] for row in tested.tolist()])
        if len(np.unique(groups)) < 2 * FOLDS:
            return Calibration()
        labels = lesson.labels[tested]
        count = FOLDS if len(tested) < PLENTY else FEWER_FOLDS
        fold = folds(labels.tolist(), groups, count, self.seed)
        known = np.zeros(len(tested))
        scores = np.zeros((2 if opinions is None else 3, len(tested), lesson.size))
        for number in range(count):
            test = tested[fold == number]
            train = np.setdiff1d(lesson.labelled, test)
            present, local = np.unique(lesson.labels[train], return_inverse=True)
            if len(present) < 2:
                return Calibration()
            weighting = self._weighting(lesson, train)
            rows = weighting.rows(test)
            known[test] = weighting.known(test)
            found = [one.scores(rows) for one in self._learners(lesson, weighting, train, local)]
            if opinions is not None:
                found.append(seen(opinions[train], local).scores(opinions[test]))
            for learner, one in enumerate(found):
                # A label the fold never saw cannot win there: it gets the lowest score of the row.
                scores[learner, test] = one.min(axis=1, keepdims=True)
                scores[learner, test[:, None], present[None, :]] = one
        return self._read(list(scores), labels, known)

    def _read(
        self, scores: list[NDArray[np.float64]], labels: NDArray[np.intp], known: NDArray[np.float64]
    ) -> Calibration:
        blend: Blend = fit_blend(scores, labels)
        mixed = blend.mix(scores)
        assurance = fit_assurance(mixed, blend.offset, labels)
        probability = assured(mixed, blend.offset, assurance)
        right = probability.argmax(axis=1) == labels
        threshold = fit_threshold(probability.max(axis=1), right, self.precision)
        return Calibration(blend, assurance, threshold, fit_familiar(known))


def _texts(X: Sequence[Any]) -> list[str]:
    if isinstance(X, str):
        raise ValueError("expected a list of texts, got one text")
    texts: list[Any] = list(X)
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(f"expected texts, got {type(text).__name__} at position {number}")
    return texts
