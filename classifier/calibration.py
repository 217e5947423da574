"""Honest confidences: learnt from held-out scores, with a handful of numbers for all labels, so that a label with few
rows works too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from classifier.scorer import NEVER, PLAIN, Assurance, confidences, evidence

Array = NDArray[np.float64]

# The fewest sure predictions a precision can be read from.
_LEAST_SURE = 10
# The fewest held-out texts from which more than the plain confidence is learnt.
_LEAST_HELD = 50


# A text may be this much less familiar than all but one in a hundred of the held-out ones.
_STRANGER = 0.85


@dataclass(frozen=True, slots=True)
class Blend:
    """Calling this will hold how the learners' scores are added, and the offset of the sigmoid that follows.

    ``weights`` has one number for each learner: margin, bayes and, where there is a teacher, the teacher's view. The
    defaults serve where the texts are too few to hold any out.
    """

    weights: tuple[float, ...] = (3.0, 0.1, 0.5)
    offset: float = -5.5

    def mix(self, scores: Sequence[Array]) -> Array:
        """Calling this will add the learners' scores, weights or biases, each centred over the labels."""
        mixed = np.zeros_like(scores[0])
        for weight, one in zip(self.weights, scores, strict=False):
            mixed = mixed + weight * centred(one)
        return mixed


def fit_blend(scores: Sequence[Array], labels: NDArray[np.intp]) -> Blend:
    """Calling this will find the blend under which the held-out labels are likeliest (least mean log loss).

    ``scores`` holds one matrix of held-out scores, texts × labels, for each learner.
    """
    from scipy.optimize import minimize

    scales = [float(centred(one).std()) or 1.0 for one in scores]
    scaled = [centred(one) / scale for one, scale in zip(scores, scales, strict=True)]
    rows = np.arange(len(labels))

    def loss(point: Array) -> float:
        mixed = sum((np.exp(power) * one for power, one in zip(point[:-1], scaled, strict=True)), start=point[-1])
        logs = -np.logaddexp(0.0, -mixed)
        top = logs.max(axis=1)
        normal = top + np.log(np.exp(logs - top[:, None]).sum(axis=1))
        # A whisper of a prior keeps the numbers finite where the held-out texts are told apart without fault.
        return float(np.mean(normal - logs[rows, labels]) + 1e-3 * np.sum((point - start) ** 2))

    start = np.array([*(0.0 for _ in scores), -4.0])
    bounds = [*((-6, 4) for _ in scores), (-12, 4)]
    found = minimize(loss, start, method="L-BFGS-B", bounds=bounds).x
    weights = tuple(float(np.exp(power) / scale) for power, scale in zip(found[:-1], scales, strict=True))
    return Blend(weights, float(found[-1]))


def fit_assurance(scores: Array, offset: float, labels: NDArray[np.intp]) -> Assurance:
    """Calling this will learn how likely the first label is right from how it stands out among the held-out scores.

    A logistic regression over four facts of each text (``evidence``); the plain confidence where the texts are few, or
    all right or all wrong.
    """
    right = scores.argmax(axis=1) == labels
    if len(labels) < _LEAST_HELD or right.all() or not right.any():
        return PLAIN
    from sklearn.linear_model import LogisticRegression

    facts = evidence(scores, confidences(scores, offset))
    middle, spread = facts.mean(axis=0), np.maximum(facts.std(axis=0), 1e-9)
    learnt = LogisticRegression(max_iter=1000).fit((facts - middle) / spread, right)
    weights = learnt.coef_[0] / spread
    return Assurance(tuple(weights.tolist()), float(learnt.intercept_[0] - weights @ middle))


def fit_threshold(confidence: Array, right: NDArray[np.bool_], precision: float) -> float:
    """Calling this will give the lowest confidence above which held-out predictions reach ``precision``, or NEVER.

    One wrong answer more than was seen is counted in, so that a lucky handful does not pass for precise.
    """
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    taken = np.arange(1, len(order) + 1)
    reached = np.cumsum(right[order]) / (taken + 1) >= precision
    # Predictions of equal confidence stand or fall together.
    whole = np.append(ranked[1:] < ranked[:-1], True)
    found = np.flatnonzero(reached & whole & (taken >= _LEAST_SURE))
    return float(ranked[found[-1]]) if found.size else NEVER


def fit_familiar(known: Array) -> float:
    """Calling this will give the share of known letter sequences below which a text is foreign to the model.

    ``known`` holds the shares of texts that were held out.
    """
    return float(np.quantile(known, 0.01)) * _STRANGER


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calling this will hold all that is learnt from held-out texts; the defaults never are sure."""

    blend: Blend = field(default_factory=Blend)
    assurance: Assurance = PLAIN
    threshold: float = NEVER
    familiar: float = 0.5


def centred(scores: Array) -> Array:
    """Calling this will take the mean over the labels from each row: what speaks for every label speaks for none."""
    moved: Array = scores - scores.mean(axis=-1, keepdims=True)
    return moved
