"""How fast a model learns: what so many decided tickets are worth, with what the region pack teaches and without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.dataset import Dataset
from classifier.evaluate import PRECISION, Figures, Held, figures, rows_of
from classifier.groups import folds, near_copies
from classifier.scorer import Scorer

FOLDS = 3
SIZES = (0, 50, 250, 1_000)


@dataclass(frozen=True, slots=True)
class Point:
    """Calling this will hold one point of the curve: from ``rows`` labelled texts, the figures of the two models on the
    same unseen texts. Without a single row there is nothing to train on: ``alone`` is None.
    """

    rows: int
    together: Figures
    alone: Figures | None


def learning_curve(
    taught: Dataset, weak: Dataset, local: Dataset, sizes: Sequence[int] = SIZES, seed: int = 0
) -> Iterator[Point]:
    """Calling this will train on the pack with ``rows`` texts of ``local`` and on those alone, and test both on a third
    of ``local`` at a time; near-copies never straddle.

    The labels of all three sets are the same words. Sizes above what two thirds of ``local`` hold are that many.
    """
    groups = near_copies(local.texts)
    fold = folds(local.labels, groups, FOLDS, seed)
    names = tuple(sorted({*taught.labels, *local.labels}))
    random = np.random.default_rng(seed)
    pools = [random.permutation(np.flatnonzero(fold != number)) for number in range(FOLDS)]
    reached: set[int] = set()
    for size in sizes:
        size = min(size, *(len(pool) for pool in pools))
        if size in reached:
            continue
        reached.add(size)
        both: list[Figures | None] = []
        for helped in (True, False):
            parts = [
                _tested(taught, weak, local, pool[:size], np.flatnonzero(fold == number), names, helped)
                for number, pool in enumerate(pools)
                if helped or size
            ]
            both.append(_figures(parts, names, size) if parts else None)
        together, alone = both
        if together is not None:
            yield Point(size, together, alone)


def _tested(
    taught: Dataset,
    weak: Dataset,
    local: Dataset,
    train: NDArray[np.int64],
    test: NDArray[np.int64],
    names: tuple[str, ...],
    helped: bool,
) -> Held:
    from classifier import teaching
    from classifier.model import ComplaintClassifier

    rows, unseen = rows_of(local, train), rows_of(local, test)
    scorer: Scorer
    if helped:
        scorer = teaching.train(taught, rows, weak=weak, precision=PRECISION, name="curve")
    else:
        scorer = ComplaintClassifier(precision=PRECISION, name="curve").fit(rows.texts, rows.labels).scorer_
    numbers = {name: number for number, name in enumerate(names)}
    found = np.zeros((len(test), len(names)))
    found[:, [numbers[label] for label in scorer.labels]] = scorer.predict_proba(unseen.texts)
    truth = np.array([numbers[label] for label in unseen.labels], dtype=np.int64)
    return Held(names, truth, found, found.max(axis=1) >= scorer.threshold)


def _figures(parts: Sequence[Held], names: tuple[str, ...], size: int) -> Figures:
    whole = Held(
        names,
        np.concatenate([part.truth for part in parts]),
        np.vstack([part.probabilities for part in parts]),
        np.concatenate([part.sure for part in parts]),
    )
    return figures(whole, len(parts), f"{size} labelled rows, tested on a third at a time")
