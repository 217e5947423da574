"""A small invented set of complaints, a model trained on it once, and the region pack's own examples with theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from classifier.dataset import Dataset, read
from classifier.model import ComplaintClassifier

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "dispatch" / "regions" / "kaltara" / "examples.csv"


@pytest.fixture(scope="session")
def complaints() -> Dataset:
    """70 invented rows under five labels."""
    return read(HERE / "data" / "complaints.csv")


@pytest.fixture(scope="session")
def trained(complaints: Dataset) -> ComplaintClassifier:
    return ComplaintClassifier(name="test").fit(complaints.texts, complaints.labels)


@pytest.fixture(scope="session")
def starter() -> ComplaintClassifier:
    """The classifier as a new installation trains it."""
    rows = read(EXAMPLES)
    return ComplaintClassifier(name="starter").fit(rows.texts, rows.labels)
