"""scikit-learn's own conformance suite, on the classifier itself and through a reader that spells numbers as words.

The suite feeds tables of numbers; of an estimator of texts it checks only that it can be cloned. The reader turns each
row into words, so that every check about refusals, determinism, shapes and learning runs on the real ``fit`` and
``predict_proba``.
"""

from __future__ import annotations

import pickle
from typing import Any, Self

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from classifier.dataset import Dataset
from classifier.model import ComplaintClassifier

DIGITS = str.maketrans("0123456789-", "abcdefghijk")


def name_of(check: Any) -> str:
    return str(getattr(check, "func", check).__name__)


class SpelledNumbers(ComplaintClassifier):  # type: ignore[misc]  # scikit-learn ships no types
    """A ``ComplaintClassifier`` over number tables: each cell reads as its column and its rounded value."""

    def fit(self, X: Any, y: Any) -> Self:
        X, y = validate_data(self, X, y)
        return super().fit(self._spelled(X), column_or_1d(y))

    def predict_proba(self, X: Any) -> Any:
        check_is_fitted(self)
        return super().predict_proba(self._spelled(validate_data(self, X, reset=False)))

    @staticmethod
    def _spelled(X: Any) -> list[str]:
        return [" ".join(f"k{chr(97 + at)} {round(v)}".translate(DIGITS) for at, v in enumerate(row)) for row in X]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.one_d_array = False
        tags.input_tags.string = False
        return tags


# Checks known to fail, by name, with the reason. None today; a new one must be argued for here.
EXPECTED_FAILURES: dict[str, str] = {}
# Checks that have no meaning for texts, by name, with the reason.
LEFT_OUT = {
    "check_array_api_input": "texts are no arrays of another library",
    "check_classifier_data_not_an_array": "needs pandas, which nothing here uses",
}
CHECKS = [
    (estimator, check)
    for estimator, check in estimator_checks_generator(
        SpelledNumbers(), expected_failed_checks=EXPECTED_FAILURES, mark="xfail"
    )
    if name_of(check) not in LEFT_OUT
]


@pytest.mark.parametrize(("estimator", "check"), CHECKS, ids=[name_of(check) for _, check in CHECKS])
def test_conformance(estimator: Any, check: Any) -> None:
    check(estimator)


def test_the_conformance_suite_is_there() -> None:
    assert len(CHECKS) >= 40


def test_the_suite_accepts_the_classifier_as_an_estimator_of_texts() -> None:
    with pytest.warns(SkipTestWarning, match="requires input"):
        results = check_estimator(ComplaintClassifier())
    assert {result["check_name"]: result["status"] for result in results} == {"check_estimator_cloneable": "passed"}


def test_untrained_it_says_so() -> None:
    with pytest.raises(NotFittedError):
        ComplaintClassifier().predict(["jalan rusak"])
    with pytest.raises(NotFittedError):
        ComplaintClassifier().suggest(["jalan rusak"])


def test_a_clone_trains_to_the_same_model(complaints: Dataset, trained: ComplaintClassifier) -> None:
    again = clone(trained).fit(complaints.texts, complaints.labels)
    assert again.scorer_.version == trained.scorer_.version
    assert np.array_equal(again.scorer_.weights, trained.scorer_.weights)
    assert again.scorer_.threshold == trained.scorer_.threshold


def test_it_survives_pickling_between_training_processes(complaints: Dataset, trained: ComplaintClassifier) -> None:
    again = pickle.loads(pickle.dumps(trained))
    assert again.suggest(complaints.texts[:5]) == trained.suggest(complaints.texts[:5])


@pytest.mark.parametrize(
    ("texts", "labels", "fault"),
    [
        pytest.param("jalan rusak", ["a"], "got one text", id="one text instead of a list"),
        pytest.param(["jalan rusak", 7], ["a", "b"], "position 1", id="a number among the texts"),
        pytest.param(["jalan", "air"], ["a"], "one label for each", id="fewer labels than texts"),
        pytest.param(["jalan", "air"], ["a", "a"], "at least two labels", id="one label only"),
        pytest.param(["🚧", "!!"], ["a", "b"], "no text holds a word", id="nothing to read"),
        pytest.param([], [], "at least one text", id="no rows"),
    ],
)
def test_training_refuses(texts: Any, labels: list[str], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        ComplaintClassifier().fit(texts, labels)


def test_a_handful_of_rows_trains_a_model_that_is_never_sure() -> None:
    model = ComplaintClassifier().fit(["jalan rusak berat", "air mati lagi", "jalan rusak"], ["jalan", "air", "jalan"])
    (prediction,) = model.suggest(["jalan rusak berat"])
    assert prediction.suggestions[0].label == "jalan"
    assert not prediction.sure


def test_a_label_with_one_row_is_learnt(complaints: Dataset) -> None:
    texts = (*complaints.texts, "Orangutan masuk kebun warga, mohon bantuan evakuasi satwa")
    model = ComplaintClassifier().fit(texts, (*complaints.labels, "satwa"))
    assert model.predict(["orangutan masuk kebun, tolong evakuasi satwa"]).tolist() == ["satwa"]
