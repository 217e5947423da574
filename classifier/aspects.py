"""Training what is read beside the category: kind, supervision, danger, urgency; and how well each does."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from classifier.reader import DANGER, LABELS, NONE
from classifier.scorer import Scorer

Examples = Mapping[str, Mapping[str, Sequence[str]]]


def train(examples: Examples, complaints: Sequence[str]) -> dict[str, Scorer]:
    """Calling this will train one scorer for each aspect that the region pack teaches.

    ``examples`` maps aspect → label → texts; ``complaints`` are the texts of the categories, further
    examples of what is no danger.
    Raises ValueError for a label that the aspect does not have, or fewer than two labels.
    """
    from classifier.model import ComplaintClassifier  # scikit-learn is slow to import: only who trains pays for it

    found = {}
    for aspect, labels in examples.items():
        if aspect not in LABELS:
            raise ValueError(f"no such aspect: {aspect}")
        if unknown := set(labels) - LABELS[aspect]:
            raise ValueError(f"{aspect}: no such label: {', '.join(sorted(unknown))}")
        rows = [(text, label) for label, texts in labels.items() for text in texts]
        if aspect == DANGER:
            known = {text for text, _ in rows}
            rows += [(text, NONE) for text in complaints if text not in known]
        model = ComplaintClassifier(name=aspect).fit([text for text, _ in rows], [label for _, label in rows])
        found[aspect] = dataclasses.replace(model.scorer_, threshold=0.5)
    return found
