"""How good a trained scorer is on texts with other labels than its own: agencies, functions, another city's names.

Each of those labels stands for some of the scorer's; its probability is the sum of theirs. What the scorer gives to
labels that stand for nothing in the file is left out and the rest is made to add up to 1: the file's labels are the
answers there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from classifier.dataset import Dataset
from classifier.evaluate import PRECISION, Figures, Held, figures
from classifier.scorer import Scorer

BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Mapped:
    """Calling this will hold the figures, and how many rows were left out because their label stands for nothing, by
    label.
    """

    figures: Figures
    left_out: dict[str, int]


def evaluate(
    scorer: Scorer, data: Dataset, targets: Mapping[str, frozenset[str]], protocol: str, precision: float = PRECISION
) -> Mapped:
    """Calling this will test a scorer on labelled texts; ``targets`` maps a label of theirs to labels of the scorer.

    A prediction is sure where the scorer itself is. Raises ValueError when fewer than two labels stand for something,
    or no row is left.
    """
    known = {label: wanted & set(scorer.labels) for label, wanted in targets.items()}
    names = tuple(sorted(label for label, wanted in known.items() if wanted))
    numbers = {name: number for number, name in enumerate(names)}
    left_out: dict[str, int] = {}
    kept: list[int] = []
    for row, label in enumerate(data.labels):
        if label in numbers:
            kept.append(row)
        else:
            left_out[label] = left_out.get(label, 0) + 1
    if len(names) < 2 or not kept:
        raise ValueError(f"{len(names)} of the file's labels stand for something that is known here: two are needed")
    sums = np.zeros((len(scorer.labels), len(names)))
    for name, number in numbers.items():
        sums[[at for at, label in enumerate(scorer.labels) if label in known[name]], number] = 1.0
    texts = [data.texts[row] for row in kept]
    parts = []
    for start in range(0, len(texts), BATCH):
        found = scorer.predict_proba(texts[start : start + BATCH]) @ sums
        parts.append(found / np.maximum(found.sum(axis=1, keepdims=True), 1e-12))
    sure = np.array([prediction.sure for prediction in scorer.suggest(texts, top=1)], dtype=np.bool_)
    truth = np.array([numbers[data.labels[row]] for row in kept], dtype=np.int64)
    held = Held(names, truth, np.vstack(parts), sure)
    return Mapped(figures(held, 1, protocol, precision), dict(sorted(left_out.items())))
