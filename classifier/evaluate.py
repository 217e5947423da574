"""How good a model is on texts it has not seen: figures that hide neither the rare labels nor false certainty."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.dataset import Dataset
from classifier.groups import folds, near_copies

BINS = 15
PRECISION = 0.9
RESAMPLES = 300


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """Calling this will hold one label's share: rows, how many of its rows were found, how many given were right, and
    F1.
    """

    rows: int
    recall: float
    precision: float
    f1: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Calling this will hold the figures of one evaluation, all between 0 and 1 unless they count something.

    ``coverage`` is the largest share of texts, the most confident first, that is right in ``precision`` of cases;
    ``sure_share`` and ``sure_precision`` are what the model's own threshold, fitted without the tested texts, gave.
    ``ece`` is the expected calibration error over 15 bins of equal width. ``intervals`` gives for each of the main
    figures where 95 of 100 resamples of the texts lie (bootstrap over groups of near-copies).
    """

    rows: int
    classes: int
    folds: int
    accuracy: float
    macro_f1: float
    top3: float
    precision: float
    coverage: float
    ece: float
    sure_share: float
    sure_precision: float | None
    protocol: str
    labels: dict[str, LabelFigures]
    intervals: dict[str, tuple[float, float]]

    def as_dict(self) -> dict[str, Any]:
        """Calling this will return plain values for JSON."""
        intervals = {name: list(ends) for name, ends in self.intervals.items()}
        return dataclasses.asdict(self) | {"intervals": intervals}


@dataclass(frozen=True, eq=False, slots=True)
class Held:
    """Calling this will hold predictions for texts their model had not seen.

    ``truth`` numbers the labels; ``probabilities`` is texts × labels; ``sure`` is the model's own word.
    """

    labels: tuple[str, ...]
    truth: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    sure: NDArray[np.bool_]


def cross_validate(
    data: Dataset, count: int = 5, *, precision: float = PRECISION, seed: int = 0, teacher: Dataset | None = None
) -> Figures:
    """Calling this will train ``count`` times on all folds but one and test on that one; near-copies share a fold.

    ``teacher`` holds the region pack's own texts, which help in every fold (see ``ComplaintClassifier``).

    Raises ValueError for fewer than two folds or labels, or fewer different texts than folds.
    """
    if count < 2:
        raise ValueError("cross-validation needs at least two folds")
    groups = near_copies(data.texts)
    fold = folds(data.labels, groups, count, seed)
    names = tuple(sorted(set(data.labels)))
    probabilities = np.zeros((len(data.texts), len(names)))
    sure = np.zeros(len(data.texts), dtype=np.bool_)
    for number in range(count):
        test = np.flatnonzero(fold == number)
        part = _tested(
            rows_of(data, np.flatnonzero(fold != number)), rows_of(data, test), names, precision, seed, teacher
        )
        probabilities[test], sure[test] = part.probabilities, part.sure
    protocol = (
        f"{count}-fold cross-validation, seed {seed}; {int(groups.max()) + 1} groups of near-copies, none in two "
        "folds; vocabulary, weights, calibration and threshold learnt from the training folds alone; no setting chosen "
        f"by what is reported; {_helped(teacher)}"
    )
    held = Held(names, _numbered(data.labels, names), probabilities, sure)
    return figures(held, count, protocol, precision, groups)


def train_and_test(
    train: Dataset, test: Dataset, *, precision: float = PRECISION, seed: int = 0, teacher: Dataset | None = None
) -> Figures:
    """Calling this will train on one set and test on the other; a label that was not trained counts as missed."""
    names = tuple(sorted({*train.labels, *test.labels}))
    held = _tested(train, test, names, precision, seed, teacher)
    protocol = f"trained on {len(train.texts)} rows of one set, tested on another, seed {seed}; {_helped(teacher)}"
    return figures(held, 1, protocol, precision, near_copies(test.texts))


def _helped(teacher: Dataset | None) -> str:
    if teacher is None:
        return "no other texts"
    return f"with {len(teacher.texts)} texts the region pack teaches, none of them a real complaint"


def figures(
    held: Held, count: int, protocol: str, precision: float = PRECISION, groups: NDArray[np.int64] | None = None
) -> Figures:
    """Calling this will compute the figures of held-out predictions. Labels that are never the truth are left out of
    F1.

    ``groups`` numbers the near-copies among the texts, so that the intervals do not take a copy for another text.
    """
    confidence = held.probabilities.max(axis=1)
    # Equal confidences rank in the order of the labels, as they do in a suggestion.
    ranked = np.argsort(-held.probabilities, axis=1, kind="stable")[:, :3]
    right = ranked[:, 0] == held.truth
    labels = {
        name: _label_figures(held.truth == number, ranked[:, 0] == number)
        for number, name in enumerate(held.labels)
        if (held.truth == number).any()
    }
    everything = np.arange(len(held.truth))
    return Figures(
        rows=len(held.truth),
        classes=len(labels),
        folds=count,
        **_main(held, ranked, confidence, precision, everything),
        precision=precision,
        sure_share=float(held.sure.mean()),
        sure_precision=float(right[held.sure].mean()) if held.sure.any() else None,
        protocol=protocol,
        labels=labels,
        intervals=_intervals(held, ranked, confidence, precision, everything if groups is None else groups),
    )


def _main(
    held: Held, ranked: NDArray[np.intp], confidence: NDArray[np.float64], precision: float, rows: NDArray[np.int64]
) -> dict[str, float]:
    """The main figures of some rows."""
    truth, given = held.truth[rows], ranked[rows]
    right, size = given[:, 0] == truth, len(held.labels)
    both = np.bincount(truth[right], minlength=size)
    true, said = np.bincount(truth, minlength=size), np.bincount(given[:, 0], minlength=size)
    present = true > 0
    return {
        "accuracy": float(right.mean()),
        "macro_f1": float((2 * both[present] / (true + said)[present]).mean()),
        "top3": float((given == truth[:, None]).any(axis=1).mean()),
        "coverage": coverage(confidence[rows], right, precision),
        "ece": calibration_error(confidence[rows], right),
    }


def _intervals(
    held: Held, ranked: NDArray[np.intp], confidence: NDArray[np.float64], precision: float, groups: NDArray[np.int64]
) -> dict[str, tuple[float, float]]:
    random = np.random.default_rng(0)
    order = np.argsort(groups, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
    drawn: list[dict[str, float]] = []
    for _ in range(RESAMPLES):
        chosen = random.integers(len(members), size=len(members)).tolist()
        drawn.append(_main(held, ranked, confidence, precision, np.concatenate([members[each] for each in chosen])))
    low, high = 2.5, 97.5
    return {
        name: (float(np.percentile(values, low)), float(np.percentile(values, high)))
        for name in drawn[0]
        if (values := [each[name] for each in drawn])
    }


def coverage(confidence: NDArray[np.float64], right: NDArray[np.bool_], precision: float) -> float:
    """Calling this will give the largest share of predictions, the most confident first, that is right in
    ``precision``.
    """
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    reached = np.cumsum(right[order]) / np.arange(1, len(order) + 1) >= precision
    whole = np.append(ranked[1:] < ranked[:-1], True)  # equal confidences stand or fall together
    found = np.flatnonzero(reached & whole)
    return float((found[-1] + 1) / len(order)) if found.size else 0.0


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = BINS) -> float:
    """Calling this will give the mean distance between confidence and share right, over bins of equal width (ECE)."""
    placed = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    error = 0.0
    for number in np.unique(placed):
        inside = placed == number
        error += inside.mean() * abs(float(right[inside].mean()) - float(confidence[inside].mean()))
    return float(error)


def _label_figures(actual: NDArray[np.bool_], given: NDArray[np.bool_]) -> LabelFigures:
    both, rows, answers = int((actual & given).sum()), int(actual.sum()), int(given.sum())
    return LabelFigures(
        rows=rows,
        recall=both / rows,
        precision=both / answers if answers else 0.0,
        f1=2 * both / (rows + answers),
    )


def _tested(
    train: Dataset, test: Dataset, names: tuple[str, ...], precision: float, seed: int, teacher: Dataset | None
) -> Held:
    # Here and not above: reading figures must not cost the second that importing scikit-learn takes.
    from classifier.model import ComplaintClassifier

    model = ComplaintClassifier(precision=precision, seed=seed, teacher=teacher, name="evaluation")
    model.fit(train.texts, train.labels)
    known = model.predict_proba(test.texts)
    probabilities = np.zeros((len(test.texts), len(names)))
    probabilities[:, _numbered(model.scorer_.labels, names)] = known
    sure = np.array([prediction.sure for prediction in model.suggest(test.texts, top=1)], dtype=np.bool_)
    return Held(names, _numbered(test.labels, names), probabilities, sure)


def _numbered(labels: Sequence[str], names: Sequence[str]) -> NDArray[np.int64]:
    numbers = {name: number for number, name in enumerate(names)}
    return np.array([numbers[label] for label in labels], dtype=np.int64)


def rows_of(data: Dataset, rows: NDArray[np.int64]) -> Dataset:
    """Calling this will give some rows of a data set, in the order of ``rows``."""
    chosen = rows.tolist()
    return Dataset(tuple(data.texts[row] for row in chosen), tuple(data.labels[row] for row in chosen))
