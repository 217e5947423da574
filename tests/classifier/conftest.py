"""A small invented set of complaints, a model trained on it once, and the region pack's own examples with theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from classifier.dataset import Dataset, read
from classifier.model import ComplaintClassifier
from dispatch.region import load

HERE = Path(__file__).parent


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
    rows = load("kaltara").examples
    return ComplaintClassifier(name="starter").fit([row.text for row in rows], [row.category for row in rows])
