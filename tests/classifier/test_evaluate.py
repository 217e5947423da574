"""The figures, against small cases worked out by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from classifier.calibration import fit_threshold
from classifier.dataset import Dataset
from classifier.evaluate import Held, calibration_error, coverage, cross_validate, figures, train_and_test
from classifier.model import ComplaintClassifier
from classifier.scorer import NEVER


def held(truth: list[int], rows: list[list[float]], sure: list[bool]) -> Held:
    return Held(("a", "b", "c", "d"), np.array(truth), np.array(rows), np.array(sure))


def test_figures_by_hand() -> None:
    found = figures(
        held(
            [0, 0, 1, 2],
            [[0.9, 0.1, 0.0, 0.0], [0.3, 0.6, 0.1, 0.0], [0.2, 0.8, 0.0, 0.0], [0.3, 0.2, 0.1, 0.4]],
            [True, False, True, False],
        ),
        2,
        "by hand",
    )
    # a: found 1 of 2, 1 of 1 given right, F1 2/3; b: 1 of 1, 1 of 2, F1 2/3; c: never given, F1 0; d: never true.
    assert (found.rows, found.classes, found.folds) == (4, 3, 2)
    assert found.accuracy == 0.5
    assert found.macro_f1 == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    assert found.top3 == 0.75
    assert found.coverage == 0.5
    assert (found.sure_share, found.sure_precision) == (0.5, 1.0)
    # four predictions, four bins: |1-.9|, |0-.6|, |1-.8|, |0-.4|
    assert found.ece == pytest.approx((0.1 + 0.6 + 0.2 + 0.4) / 4)
    assert (found.labels["a"].recall, found.labels["a"].precision) == (0.5, 1.0)
    assert (found.labels["c"].rows, found.labels["c"].precision) == (1, 0.0)


def test_the_figures_are_plain_values_for_json() -> None:
    found = figures(held([0, 1], [[0.9, 0.1, 0, 0], [0.1, 0.9, 0, 0]], [False, False]), 2, "by hand").as_dict()
    assert json.loads(json.dumps(found)) == found
    assert found["sure_precision"] is None
    assert found["protocol"] == "by hand"


COVERAGE = [
    ("all right", [0.9, 0.8], [True, True], 0.9, 1.0),
    ("none right", [0.9, 0.8], [False, False], 0.9, 0.0),
    ("the first two", [0.9, 0.8, 0.7, 0.6], [True, True, False, False], 0.9, 0.5),
    ("a miss made good later", [0.9, 0.8, 0.7, 0.6], [True, False, True, True], 0.75, 1.0),
    ("order does not matter", [0.6, 0.9, 0.7, 0.8], [False, True, False, True], 0.9, 0.5),
    ("equal confidences stand together", [0.9, 0.5, 0.5], [True, True, False], 0.9, 1 / 3),
]


@pytest.mark.parametrize(
    ("confidence", "right", "precision", "share"), [pytest.param(*r[1:], id=r[0]) for r in COVERAGE]
)
def test_coverage(confidence: list[float], right: list[bool], precision: float, share: float) -> None:
    assert coverage(np.array(confidence), np.array(right), precision) == pytest.approx(share)


CALIBRATION = [
    ("honest", [0.5, 0.5], [True, False], 0.0),
    ("boastful", [1.0, 1.0], [True, False], 0.5),
    ("modest", [0.5, 0.5], [True, True], 0.5),
    ("two bins", [0.9, 0.1, 0.1, 0.1], [False, False, False, False], 0.3),
    ("the border belongs above", [1 / 15], [False], 1 / 15),
]


@pytest.mark.parametrize(("confidence", "right", "error"), [pytest.param(*row[1:], id=row[0]) for row in CALIBRATION])
def test_calibration_error(confidence: list[float], right: list[bool], error: float) -> None:
    assert calibration_error(np.array(confidence), np.array(right)) == pytest.approx(error)


THRESHOLDS = [
    ("all right", [0.9] * 19 + [0.3], [True] * 20, 0.9, 0.3),
    ("too few to tell", [0.9] * 9, [True] * 9, 0.5, NEVER),
    ("one miss more than seen is counted in", [0.9] * 10, [True] * 9 + [False], 0.9, NEVER),
    ("stops where the misses begin", [0.9] * 20 + [0.5] * 20, [True] * 20 + [False] * 20, 0.9, 0.9),
    ("never", [0.9] * 20, [True, False] * 10, 0.9, NEVER),
]


@pytest.mark.parametrize(
    ("confidence", "right", "precision", "found"), [pytest.param(*r[1:], id=r[0]) for r in THRESHOLDS]
)
def test_threshold(confidence: list[float], right: list[bool], precision: float, found: float) -> None:
    assert fit_threshold(np.array(confidence), np.array(right), precision) == found


def test_cross_validation_tests_every_row_once_and_repeats_itself(complaints: Dataset) -> None:
    found = cross_validate(complaints, 3, seed=7)
    assert (found.rows, found.classes, found.folds) == (70, 5, 3)
    assert sum(label.rows for label in found.labels.values()) == 70
    assert found.macro_f1 > 0.6
    assert "3-fold" in found.protocol
    assert "seed 7" in found.protocol
    assert cross_validate(complaints, 3, seed=7) == found


def copied_nonsense() -> Dataset:
    """Forty texts of random words under random labels, each three times: only a leaked copy could tell a label."""
    random = np.random.default_rng(3)
    letters = list("abcdefghijklmnopqrstuvwxyz")
    texts = [" ".join("".join(random.choice(letters, 7)) for _ in range(8)) for _ in range(40)]
    labels = [str(label) for label in random.integers(0, 4, size=40)]
    return Dataset(tuple(texts * 3), tuple(labels * 3))


def test_copies_do_not_make_a_model_sure() -> None:
    rows = copied_nonsense()
    assert ComplaintClassifier().fit(rows.texts, rows.labels).scorer_.threshold == NEVER


def test_copies_do_not_flatter_cross_validation() -> None:
    found = cross_validate(copied_nonsense(), 4)
    assert "40 groups" in found.protocol
    assert found.accuracy < 0.6


def test_training_on_one_set_and_testing_on_another(complaints: Dataset) -> None:
    test = Dataset(("lampu jalan padam", "ktp belum jadi", "kucing lucu"), ("lampu", "ktp", "hewan"))
    found = train_and_test(complaints, test)
    assert (found.rows, found.classes, found.folds) == (3, 3, 1)
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.labels["hewan"].recall == 0.0


def test_one_fold_is_refused(complaints: Dataset) -> None:
    with pytest.raises(ValueError, match="two folds"):
        cross_validate(complaints, 1)
