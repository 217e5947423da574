"""Honest confidences: learnt from held-out scores, with three numbers for all labels, so that a label with few rows
works too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from classifier.scorer import NEVER

Array = NDArray[np.float64]

# The fewest sure predictions a precision can be read from.
_LEAST_SURE = 10


# A text may be this much less familiar than all but one in a hundred of the held-out ones.
_STRANGER = 0.85


@dataclass(frozen=True, slots=True)
class Blend:
    """Calling this will hold how two learners' scores are added, and the offset of the sigmoid that follows.

    The defaults serve where the texts are too few to hold any out.
    """

    margin: float = 3.0
    bayes: float = 0.1
    offset: float = -5.5

    def mix(self, margin: Array, bayes: Array) -> Array:
        """Calling this will add scores, weights or biases of the two learners, each centred over the labels."""
        mixed: Array = self.margin * _centred(margin) + self.bayes * _centred(bayes)
        return mixed


def fit_blend(margin: Array, bayes: Array, labels: NDArray[np.intp]) -> Blend:
    """Calling this will find the blend under which the held-out labels are likeliest (least mean log loss).

    ``margin`` and ``bayes`` are held-out scores, texts × labels.
    """
    from scipy.optimize import minimize

    scales = [float(_centred(scores).std()) or 1.0 for scores in (margin, bayes)]
    first, second = _centred(margin) / scales[0], _centred(bayes) / scales[1]
    rows = np.arange(len(labels))

    def loss(point: Array) -> float:
        logs = -np.logaddexp(0.0, -(np.exp(point[0]) * first + np.exp(point[1]) * second + point[2]))
        top = logs.max(axis=1)
        normal = top + np.log(np.exp(logs - top[:, None]).sum(axis=1))
        # A whisper of a prior keeps the numbers finite where the held-out texts are told apart without fault.
        return float(np.mean(normal - logs[rows, labels]) + 1e-3 * np.sum((point - start) ** 2))

    start = np.array([0.0, 0.0, -4.0])
    found = minimize(loss, start, method="L-BFGS-B", bounds=[(-6, 4), (-6, 4), (-12, 4)]).x
    return Blend(float(np.exp(found[0]) / scales[0]), float(np.exp(found[1]) / scales[1]), float(found[2]))


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
    threshold: float = NEVER
    familiar: float = 0.5


def _centred(scores: Array) -> Array:
    centred: Array = scores - scores.mean(axis=1, keepdims=True)
    return centred
