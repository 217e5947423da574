# printing is all a measurement does
"""What one short question to the citizen is worth: when it is asked, and how often it holds the right answer.

Trains on the region pack's examples but one fold at a time (near-copies share a fold) and asks about that fold; or,
with ``--csv FILE`` (columns text,label: category codes), trains on the whole pack and asks about the file's texts. The
defaults of ``classifier.asking.Asking`` were chosen with it: see the last lines it prints.

    python -m tests.bench.measure_questions [--folds 5] [--csv FILE]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from classifier import dataset, teaching
from classifier.asking import Asking, gain
from classifier.dataset import Dataset
from classifier.groups import folds, near_copies
from classifier.suggestion import Prediction
from dispatch.region import Region, load

TOGETHER = (0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)
EACH = (0.05, 0.1, 0.15, 0.2)


def held_out(region: Region, data: Dataset, count: int) -> tuple[list[Prediction], list[str]]:
    """Predictions for every text by a model that had not seen it, and the categories they belong to."""
    fold = folds(data.labels, near_copies(data.texts), count, 0)
    predictions: list[Prediction] = []
    truth: list[str] = []
    for number in range(count):
        seen, unseen = np.flatnonzero(fold != number).tolist(), np.flatnonzero(fold == number).tolist()
        taught = Dataset(tuple(data.texts[i] for i in seen), tuple(data.labels[i] for i in seen))
        scorer = teaching.train(taught, None, precision=region.sure_precision, name="fold")
        predictions += scorer.suggest([data.texts[i] for i in unseen])
        truth += [data.labels[i] for i in unseen]
    return predictions, truth


def table(predictions: Sequence[Prediction], truth: Sequence[str]) -> None:
    """Print what each pair of thresholds brings."""
    print("together each most   asked  held  | at once: without  with  | misled   last 5 points held")
    for most in (2, 3):
        for each in EACH:
            for together in TOGETHER:
                rule = Asking(together, each, most)
                worth = gain(predictions, truth, rule)
                print(
                    f"   {together:.2f} {each:.2f}   {most}    {worth.asked:6.1%} {worth.held:6.1%} |"
                    f"        {worth.sure_right:6.1%} {worth.at_once:6.1%} | {worth.misled:6.1%}"
                    f"   {_marginal(predictions, truth, rule):6.1%}"
                )


def _marginal(predictions: Sequence[Prediction], truth: Sequence[str], rule: Asking) -> float:
    """How often the least promising questions that are still asked hold the right label."""
    stricter = Asking(rule.together + 0.05, rule.each, rule.most)
    last = [
        label in offered
        for item, label in zip(predictions, truth, strict=True)
        if (offered := rule.decide(item)) and not stricter.decide(item)
    ]
    return sum(last) / len(last) if last else 0.0


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--folds", type=int, default=5)
    reader.add_argument("--csv", type=Path)
    options = reader.parse_args()
    region = load("kaltara")
    data = Dataset(
        tuple(example.text for example in region.examples), tuple(example.category for example in region.examples)
    )
    if options.csv:
        other = dataset.read(options.csv)
        scorer = teaching.train(data, None, precision=region.sure_precision, name="pack")
        predictions, truth = list(scorer.suggest(list(other.texts))), list(other.labels)
    else:
        predictions, truth = held_out(region, data, options.folds)
    table(predictions, truth)
    worth = gain(predictions, truth)
    print(
        f"\n{worth.rows} texts with {Asking()}: sure {worth.sure:.1%} (right {worth.sure_right:.1%}), "
        f"asked {worth.asked:.1%}, of these {worth.held:.1%} are offered the right one; if {worth.answered:.0%} "
        f"answer, {worth.right:.0%} of them rightly: at once {worth.sure_right:.1%} -> {worth.at_once:.1%}, "
        f"misled {worth.misled:.1%}"
    )


if __name__ == "__main__":
    main()
