"""Is one classifier better than another? On texts neither was trained on, and on the pack's canary set.

``canary.csv`` of a region pack (columns text,category) holds clear-cut texts, at least three of each category: what no
amount of learning may unlearn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier import dataset
from classifier.dataset import Dataset, DatasetError
from classifier.scorer import Scorer
from dispatch.config import Settings
from dispatch.region.loading import PACKS

CANARY = "canary.csv"
CANARY_OF_CATEGORY = 3
#: The candidate may be so much worse on the canary set as a whole, and lose so many texts of one category.
CANARY_DROP = 0.01
CANARY_LOST = 1
#: The candidate must have the lower log loss in this share of so many resamples of the held-out texts.
CONFIDENCE = 0.9
RESAMPLES = 2_000
#: A confidence below it counts as it: one text must not decide alone.
_LEAST = 1e-3


@dataclass(frozen=True, slots=True)
class Comparison:
    """Calling this will hold how two classifiers did on the same held-out texts: share right and mean log loss of the
    one that serves and of the candidate, and in which share of resamples the candidate was better.
    """

    rows: int
    serving_right: float
    candidate_right: float
    serving_loss: float
    candidate_loss: float
    better_share: float

    @property
    def better(self) -> bool:
        """Calling this will say whether the candidate is better: no fewer texts right, and a lower log loss in nine of
        ten resamples.
        """
        return self.candidate_right >= self.serving_right and self.better_share >= CONFIDENCE


@dataclass(frozen=True, slots=True)
class Canary:
    """Calling this will hold how two classifiers did on the canary set: shares right, and the categories of which the
    candidate loses more than one text.
    """

    rows: int
    serving_right: float
    candidate_right: float
    fallen: tuple[str, ...]

    @property
    def alive(self) -> bool:
        """Calling this will say whether the candidate unlearnt nothing."""
        # A hair's breadth for the difference of two fractions.
        return not self.fallen and self.candidate_right >= self.serving_right - CANARY_DROP - 1e-9


def read_canary(settings: Settings, categories: Collection[str]) -> Dataset:
    """Calling this will read the pack's canary set. Raises DatasetError when it is missing, damaged, names a category
    the pack has not, or has fewer than three texts of one.
    """
    path = (settings.region_dir or PACKS) / settings.region / CANARY
    return checked_canary(dataset.read(path), path, categories)


def checked_canary(data: Dataset, path: Path, categories: Collection[str]) -> Dataset:
    """Calling this will refuse, as ``read_canary`` does, a canary set that leaves a category unwatched."""
    counts = Counter(data.labels)
    faults = [f"{path.name}: {name}: no such category" for name in sorted(set(counts) - set(categories))]
    faults += [
        f"{path.name}: {name}: {counts[name]} texts, at least {CANARY_OF_CATEGORY} are needed"
        for name in sorted(categories)
        if counts[name] < CANARY_OF_CATEGORY
    ]
    if faults:
        raise DatasetError(faults)
    return data


def compare(serving: Scorer, candidate: Scorer, held: Dataset, seed: int = 0) -> Comparison:
    """Calling this will compare two classifiers on texts that neither was trained on.

    Paired bootstrap over the texts' log losses (Efron and Tibshirani 1993, chapter 16). A label that one of them does
    not know counts as missed by it.
    """
    before, was_right = _losses(serving, held)
    after, is_right = _losses(candidate, held)
    gain = before - after
    draws = np.random.default_rng(seed).integers(0, len(gain), size=(RESAMPLES, len(gain)))
    return Comparison(
        rows=len(gain),
        serving_right=float(was_right.mean()),
        candidate_right=float(is_right.mean()),
        serving_loss=float(before.mean()),
        candidate_loss=float(after.mean()),
        better_share=float((gain[draws].mean(axis=1) > 0).mean()),
    )


def compare_canary(serving: Scorer, candidate: Scorer, canary: Dataset) -> Canary:
    """Calling this will compare two classifiers on the canary set."""
    was, now = hits(serving, canary), hits(candidate, canary)
    fallen: Counter[str] = Counter()
    for label, before, after in zip(canary.labels, was.tolist(), now.tolist(), strict=True):
        fallen[label] += int(before) - int(after)
    return Canary(
        rows=len(canary.labels),
        serving_right=float(was.mean()),
        candidate_right=float(now.mean()),
        fallen=tuple(sorted(label for label, lost in fallen.items() if lost > CANARY_LOST)),
    )


def hits(scorer: Scorer, data: Dataset) -> NDArray[np.bool_]:
    """Calling this will say of each text whether its likeliest label is the right one."""
    chosen = [scorer.labels[number] for number in scorer.predict_proba(data.texts).argmax(axis=1).tolist()]
    return np.array([one == other for one, other in zip(chosen, data.labels, strict=True)], dtype=np.bool_)


def as_figures(held: Comparison | None, canary: Canary) -> dict[str, Any]:
    """Calling this will give both comparisons as plain values, to be kept with the version."""
    found: dict[str, Any] = {
        "canary": {
            "rows": canary.rows,
            "serving": round(canary.serving_right, 4),
            "candidate": round(canary.candidate_right, 4),
            "fallen": list(canary.fallen),
        }
    }
    if held is not None:
        found["held_out"] = {
            "rows": held.rows,
            "serving": round(held.serving_right, 4),
            "candidate": round(held.candidate_right, 4),
            "serving_loss": round(held.serving_loss, 4),
            "candidate_loss": round(held.candidate_loss, 4),
            "better_share": round(held.better_share, 4),
        }
    return found


def _losses(scorer: Scorer, held: Dataset) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    probabilities = scorer.predict_proba(held.texts)
    numbers: dict[str, int] = {label: number for number, label in enumerate(scorer.labels)}
    given = np.array(
        [probabilities[row, numbers[label]] if label in numbers else 0.0 for row, label in enumerate(held.labels)]
    )
    return -np.log(np.maximum(given, _LEAST)), hits(scorer, held)


def spread(labels: Sequence[str]) -> dict[str, int]:
    """Calling this will count the rows of each category: the mix a version was trained on."""
    return dict(sorted(Counter(labels).items()))
