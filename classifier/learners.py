"""The linear learners a model is blended from, each as plain weights, so that any blend of them is one matrix."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB
from sklearn.svm import LinearSVC

from classifier.calibration import centred

Array = NDArray[np.float64]

# Strength of the learner that sees only the teacher's view: weak, so that a label with few rows follows its kin.
_VIEW_STRENGTH = 0.1


class Learner(NamedTuple):
    """Calling this will hold one linear learner: weights (features × labels) and one bias for each label."""

    weights: Array
    bias: Array

    @classmethod
    def centred(cls, weights: Array, bias: Array) -> Self:
        """Calling this will make a learner whose weights add up to nothing over the labels of a feature."""
        return cls(centred(weights), centred(bias))

    def scores(self, rows: sparse.csr_matrix | Array) -> Array:
        """Calling this will score weighted rows (rows × features), rows × labels."""
        found: Array = rows @ self.weights + self.bias
        return found

    def after(self, first: Learner) -> Learner:
        """Calling this will give the learner that scores what ``first`` makes of a row."""
        return Learner(first.weights @ self.weights, first.bias @ self.weights + self.bias)


def margin(
    rows: sparse.csr_matrix, labels: NDArray[np.intp], worth: Array, *, strength: float, seed: int = 0
) -> Learner:
    """Calling this will train a linear SVM with class weights: strong on common labels. ``worth`` weighs the rows."""
    learnt = LinearSVC(C=strength, class_weight="balanced", random_state=seed, tol=1e-3, max_iter=5000)
    return _learner(learnt.fit(rows, labels, sample_weight=worth))


def bayes(rows: sparse.csr_matrix, labels: NDArray[np.intp], worth: Array, *, smoothing: float) -> Learner:
    """Calling this will train complement naive Bayes: strong on few rows (Rennie et al. 2003)."""
    weights = ComplementNB(alpha=smoothing).fit(rows, labels, sample_weight=worth).feature_log_prob_.T
    return Learner.centred(weights, np.zeros(weights.shape[1]))


def seen(views: Array, labels: NDArray[np.intp]) -> Learner:
    """Calling this will train a logistic regression on what a teacher says of each row (rows × its opinions)."""
    learnt = LogisticRegression(C=_VIEW_STRENGTH, class_weight="balanced", max_iter=500)
    return _learner(learnt.fit(views, labels))


def side_by_side(learners: tuple[Learner, ...], rows: sparse.csr_matrix) -> Learner:
    """Calling this will put learners' scores beside each other, on one scale over ``rows``: a teacher's opinions."""
    scales = [float(one.scores(rows).std()) or 1.0 for one in learners]
    return Learner(
        np.hstack([one.weights / scale for one, scale in zip(learners, scales, strict=True)]),
        np.hstack([one.bias / scale for one, scale in zip(learners, scales, strict=True)]),
    )


def _learner(learnt: LinearSVC | LogisticRegression) -> Learner:
    weights, bias = learnt.coef_.T, learnt.intercept_
    if weights.shape[1] == 1:  # scikit-learn keeps one column for two labels
        weights, bias = np.hstack([-weights, weights]), np.hstack([-bias, bias])
    return Learner.centred(weights, bias)
