"""Training: a scikit-learn classifier over texts whose result is a ``Scorer`` of plain arrays.

Two linear learners share one feature matrix: a linear SVM with class weights (strong on common labels) and
complement naive Bayes (strong on few rows; Rennie et al. 2003). Their weights are added into one matrix; how much
of each, and the offset that turns scores into honest confidences, is learnt from texts each learner had not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.naive_bayes import ComplementNB
from sklearn.svm import LinearSVC
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from classifier.artifact import fingerprint
from classifier.calibration import Blend, Calibration, fit_blend, fit_familiar, fit_threshold
from classifier.groups import folds, near_copies
from classifier.matrix import Counts, Weighting
from classifier.scorer import Probabilities, Scorer, confidences
from classifier.suggestion import Prediction

FOLDS = 5
# Most features kept of each kind and most cells of the weight matrix: 2 million float32 are 8 MB.
MOST_FEATURES = 30_000
MOST_CELLS = 2_000_000


class ComplaintClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Calling this will prepare a classifier of complaint texts; ``fit`` trains it.

    ``precision`` (0 to 1) is how often the first suggestion must be right among those called sure. ``C`` and
    ``alpha`` are the strengths of the two learners, ``min_texts`` in how many texts a feature must occur (2 also
    keeps most names of persons out of the model). ``seed`` fixes every draw; ``name`` begins the version.
    """

    def __init__(
        self,
        *,
        precision: float = 0.9,
        C: float = 0.5,
        alpha: float = 0.2,
        min_texts: int = 2,
        seed: int = 0,
        name: str = "local",
    ) -> None:
        self.precision = precision
        self.C = C
        self.alpha = alpha
        self.min_texts = min_texts
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
        self.classes_, labels = np.unique(given, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"a classifier needs at least two labels, got {len(self.classes_)} class")
        counts = Counts.of(texts)
        if not counts.words.nnz:
            raise ValueError("no text holds a word that can be read")
        found = self._calibrate(counts, texts, labels)
        everything = np.arange(len(texts))
        weighting = self._weighting(counts, everything)
        weights, bias = self._learn(weighting.rows(everything), labels, len(self.classes_), found.blend)
        names = tuple(str(label) for label in self.classes_.tolist())
        settings = {key: value for key, value in self.get_params().items() if key != "name"}
        self.scorer_ = Scorer(
            labels=names,
            words=tuple(counts.word_names[number] for number in weighting.words.kept.tolist()),
            letters=tuple(counts.letter_names[number] for number in weighting.letters.kept.tolist()),
            frequency=weighting.frequency.astype(np.float32),
            unknown=weighting.unknown,
            weights=np.ascontiguousarray(weights, dtype=np.float32),
            bias=bias.astype(np.float32),
            offset=found.blend.offset,
            threshold=found.threshold,
            familiar=found.familiar,
            version=fingerprint(texts, [str(label) for label in given.tolist()], settings, self.name),
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

    def _weighting(self, counts: Counts, rows: NDArray[np.int64]) -> Weighting:
        most = min(MOST_FEATURES, MOST_CELLS // (2 * len(self.classes_)))
        return Weighting.learn(counts, rows, self.min_texts, most)

    def _calibrate(self, counts: Counts, texts: list[str], labels: NDArray[np.intp]) -> Calibration:
        """Blend and threshold from held-out scores; the defaults and "never sure" where the texts are too few to hold
        out.
        """
        groups = near_copies(texts)
        if len(np.unique(groups)) < 2 * FOLDS:
            return Calibration()
        fold = folds(labels.tolist(), groups, FOLDS, self.seed)
        size = len(self.classes_)
        known = np.zeros(len(texts))
        held = np.zeros((2, len(texts), size))
        for number in range(FOLDS):
            train, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            present, local = np.unique(labels[train], return_inverse=True)
            if len(present) < 2:
                return Calibration()
            weighting = self._weighting(counts, train)
            rows = weighting.rows(test)
            known[test] = weighting.known(test)
            for learner, (weights, bias) in enumerate(self._learners(weighting.rows(train), local, len(present))):
                scores = rows @ weights + bias
                # A label the fold never saw cannot win there: it gets the lowest score of the row.
                held[learner, test] = scores.min(axis=1, keepdims=True)
                held[learner, test[:, None], present[None, :]] = scores
        blend = fit_blend(held[0], held[1], labels)
        probability = confidences(blend.mix(held[0], held[1]), blend.offset)
        right = probability.argmax(axis=1) == labels
        threshold = fit_threshold(probability.max(axis=1), right, self.precision)
        return Calibration(blend, threshold, fit_familiar(known))

    def _learn(
        self, rows: sparse.csr_matrix, labels: NDArray[np.intp], size: int, blend: Blend
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        (margin, margin_bias), (bayes, bayes_bias) = self._learners(rows, labels, size)
        return blend.mix(margin, bayes), blend.mix(margin_bias[None, :], bayes_bias[None, :])[0]

    def _learners(
        self, rows: sparse.csr_matrix, labels: NDArray[np.intp], size: int
    ) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """The weights (features × labels) and bias of each learner, centred over the labels."""
        svm = LinearSVC(C=self.C, class_weight="balanced", random_state=self.seed, tol=1e-3, max_iter=5000)
        svm.fit(rows, labels)
        margin, bias = svm.coef_.T, svm.intercept_
        if size == 2:
            margin, bias = np.hstack([-margin, margin]), np.hstack([-bias, bias])
        bayes = ComplementNB(alpha=self.alpha).fit(rows, labels).feature_log_prob_.T
        return [
            (margin - margin.mean(axis=1, keepdims=True), bias - bias.mean()),
            (bayes - bayes.mean(axis=1, keepdims=True), np.zeros(size)),
        ]


def _texts(X: Sequence[Any]) -> list[str]:
    if isinstance(X, str):
        raise ValueError("expected a list of texts, got one text")
    texts: list[Any] = list(X)
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(f"expected texts, got {type(text).__name__} at position {number}")
    return texts
