"""scikit-learn's own conformance suite, on the classifier itself and through a reader that spells number tables as words.

The suite feeds tables of numbers; for an estimator of texts it runs one check. The reader turns each row into words, so that
every check about cloning, refusals, determinism, shapes and learning runs on the real ``fit`` and ``predict_proba``.
"""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d, validate_data

from classifier.model import ComplaintClassifier

LETTERS = str.maketrans("0123456789-.", "abcdefghijkm")


class SpelledNumbers(ComplaintClassifier):
    """A ``ComplaintClassifier`` over number tables: column 2 with the value 1.25 reads as a word of its own."""

    def fit(self, X: Any, y: Any) -> Self:
        X, y = validate_data(self, X, y)
        check_classification_targets(y)
        return super().fit(self._spelled(X), column_or_1d(y))

    def predict_proba(self, X: Any) -> Any:
        if not hasattr(self, "scorer_"):
            raise NotFittedError("fit first")
        return super().predict_proba(self._spelled(validate_data(self, X, reset=False)))

    @staticmethod
    def _spelled(X: Any) -> list[str]:
        return [" ".join(f"k{chr(97 + at)} {round(v)}".translate(LETTERS) for at, v in enumerate(row)) for row in X]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.one_d_array = False
        tags.input_tags.string = False
        return tags


EXPECTED: dict[str, str] = {}


def checks() -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return check_estimator(SpelledNumbers(), on_fail=None, on_skip=None)
if __name__=="__main__":
    for c in checks(): print(c["check_name"],c["status"],repr(c["exception"])[:300])
