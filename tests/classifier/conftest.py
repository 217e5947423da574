"""A small invented set of complaints, and a model trained on it once."""

from __future__ import annotations

from pathlib import Path

import pytest

from classifier.dataset import Dataset, read
from classifier.model import ComplaintClassifier

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def complaints() -> Dataset:
    """70 invented rows under five labels."""
    return read(HERE / "data" / "complaints.csv")


@pytest.fixture(scope="session")
def trained(complaints: Dataset) -> ComplaintClassifier:
    return ComplaintClassifier(name="test").fit(complaints.texts, complaints.labels)
