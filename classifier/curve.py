"""How fast a model learns: what so many decided tickets are worth, with what the region pack teaches and without."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.dataset import Dataset
from classifier.evaluate import PRECISION, Figures, Held, figures, rows_of
from classifier.groups import folds, near_copies
from classifier.scorer import Scorer

FOLDS = 3
#: As many as there are.
EVERY = sys.maxsize
SIZES = (0, 50, 250, 1_000, EVERY)


@dataclass(frozen=True, slots=True)
class Point:
    """Calling this will hold one point of the curve: from ``rows`` labelled texts, the figures of the two models on the
    same unseen texts. Without rows of two labels at least there is nothing to train on: ``alone`` is None.
    """

    rows: int
    together: Figures
    alone: Figures | None


@dataclass(frozen=True, slots=True)
class Sets:
    """Calling this will hold what a curve is drawn from, its labels those of the local texts, and what was left out:
    the rows by their label, and the pack's categories.
    """

    taught: Dataset
    weak: Dataset
    local: Dataset
    left_out: Mapping[str, int]
    unclaimed: tuple[str, ...]


def translated(taught: Dataset, weak: Dataset, local: Dataset, targets: Mapping[str, frozenset[str]]) -> Sets:
    """Calling this will put the pack's texts under the local labels; ``targets`` says for which of the pack's
    categories each stands.

    A category that several labels claim goes to the first of them in the order of ``targets``. What no label claims is
    left out, and so are the rows whose label stands for nothing. Raises ValueError when fewer than two labels are left.
    """
    known = set(taught.labels)
    owner: dict[str, str] = {}
    left_out: dict[str, int] = {}
    kept = {label: targets.get(label, frozenset()) & known for label in set(local.labels)}
    for label in targets:
        for category in kept.get(label, ()):
            owner.setdefault(category, label)
    for label in local.labels:
        if not kept[label]:
            left_out[label] = left_out.get(label, 0) + 1
    names = {label for label in kept if label not in left_out}
    if len(names) < 2:
        raise ValueError(f"{len(names)} of the file's labels stand for something that is known here: two are needed")
    rows = [(text, label) for text, label in zip(local.texts, local.labels, strict=True) if label in names]
    return Sets(
        _owned(taught, owner),
        _owned(weak, owner),
        Dataset(tuple(text for text, _ in rows), tuple(label for _, label in rows)),
        dict(sorted(left_out.items())),
        tuple(sorted(known - owner.keys())),
    )


def _owned(data: Dataset, owner: Mapping[str, str]) -> Dataset:
    rows = [(text, owner[label]) for text, label in zip(data.texts, data.labels, strict=True) if label in owner]
    return Dataset(tuple(text for text, _ in rows), tuple(label for _, label in rows))


def learning_curve(
    taught: Dataset, weak: Dataset, local: Dataset, sizes: Sequence[int] = SIZES, seed: int = 0
) -> Iterator[Point]:
    """Calling this will train on the pack with ``rows`` texts of ``local`` and on those alone, and test both on a third
    of ``local`` at a time; near-copies never straddle.

    The labels of all three sets are the same words. Sizes above what two thirds of ``local`` hold are that many. The
    texts of a smaller size are among those of a larger one. Raises ValueError for fewer different texts than folds.
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
        enough = all(len({local.labels[row] for row in pool[:size].tolist()}) > 1 for pool in pools)
        for helped in (True, False):
            parts = [
                _tested(taught, weak, local, pool[:size], np.flatnonzero(fold == number), names, helped)
                for number, pool in enumerate(pools)
                if helped or enough
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
    sure = np.array([prediction.sure for prediction in scorer.suggest(unseen.texts, top=1)], dtype=np.bool_)
    return Held(names, truth, found, sure)


def _figures(parts: Sequence[Held], names: tuple[str, ...], size: int) -> Figures:
    whole = Held(
        names,
        np.concatenate([part.truth for part in parts]),
        np.vstack([part.probabilities for part in parts]),
        np.concatenate([part.sure for part in parts]),
    )
    return figures(whole, len(parts), f"{size} labelled rows, tested on a third at a time")
