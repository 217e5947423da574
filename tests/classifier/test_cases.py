"""The starter on cases nobody who taught it wrote: danger to life, kind of report, conduct of officials, language.

The floors are what was reached, less a little: a change that costs more is to be seen.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from classifier.reader import Reader
from classifier.reading import Danger, Reading

CASES = Path(__file__).parent / "cases"
NONE = "none"


def read(reader: Reader, name: str, column: str) -> list[tuple[str, Reading]]:
    """What was meant and what was read, case by case."""
    with (CASES / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return list(zip((row[column] for row in rows), reader.read([row["text"] for row in rows]), strict=True))


@pytest.fixture(scope="module")
def danger(starter: Reader) -> list[tuple[str, Reading]]:
    return read(starter, "danger.csv", "danger")


def test_danger_to_life_is_heard(danger: list[tuple[str, Reading]]) -> None:
    heard = [found.danger is not None for meant, found in danger if meant != NONE]
    assert len(heard) >= 200
    assert sum(heard) / len(heard) >= 0.98


def test_danger_is_seldom_heard_where_there_is_none(danger: list[tuple[str, Reading]]) -> None:
    heard = [found.danger is not None for meant, found in danger if meant == NONE]
    assert len(heard) >= 400
    assert sum(heard) / len(heard) <= 0.02


@pytest.mark.parametrize("kind", Danger)
def test_every_kind_of_danger_is_heard(danger: list[tuple[str, Reading]], kind: Danger) -> None:
    heard = [found.danger is not None for meant, found in danger if meant == kind]
    assert len(heard) >= 15
    assert sum(heard) / len(heard) >= 0.85


OTHERS: dict[str, tuple[str, str, Callable[[Reading], str], float]] = {
    "kind of report": ("kinds.csv", "kind", lambda found: found.kind.value, 0.80),
    "conduct of officials": (
        "supervision.csv",
        "supervision",
        lambda found: "yes" if found.supervision else "no",
        0.86,
    ),
    "language": ("language.csv", "language", lambda found: found.language, 0.76),
}


def test_personal_data_is_found_and_nothing_else_taken_for_it(starter: Reader) -> None:
    cases = read(starter, "personal.csv", "kinds")
    right = [
        set(filter(None, meant.split("|"))) == {one.kind.value for one in found.personal} for meant, found in cases
    ]
    assert sum(right) / len(right) >= 0.88


@pytest.mark.parametrize(("name", "column", "given", "floor"), OTHERS.values(), ids=OTHERS)
def test_what_stands_beside_the_category(
    starter: Reader, name: str, column: str, given: Callable[[Reading], str], floor: float
) -> None:
    cases = read(starter, name, column)
    assert sum(given(found) == meant for meant, found in cases) / len(cases) >= floor
