"""``docs/known-faults.md`` keeps its word: every fault has its row, and every test it names is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "known-faults.md").read_text(encoding="utf-8")
#: The faults of others that concern a way in or out of this house, and those between them that do not.
ABOUT_CHANNELS = [*range(1, 29), *range(46, 53)]
OTHERS = [*range(29, 46)]
ROWS = {
    int(cells[0]): cells
    for line in PAGE.splitlines()
    if (cells := [cell.strip() for cell in line.strip("|").split("|")])[0].isdecimal()
}
NAMED = sorted(
    {(number, name) for number, cells in ROWS.items() for name in re.findall(r"`([^`]+::[^`]+)`", cells[-1])}
)


@cache
def names_in(path: Path) -> frozenset[str]:
    """The names of a file's tests as pytest writes them after the path: ``test_x`` or ``TestY::test_x``."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8"), str(path)).body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        found |= {f"{prefix}{each.name}" for each in inside if isinstance(each, ast.FunctionDef)}
    return frozenset(name for name in found if name.rpartition("::")[2].startswith("test_"))


@pytest.mark.parametrize(("number", "name"), NAMED, ids=[f"{number}-{name}" for number, name in NAMED])
def test_a_test_that_keeps_a_fault_out_is_there(number: int, name: str) -> None:
    path, _, test = name.partition("::")
    assert test in names_in(ROOT / path)


def test_every_fault_about_a_channel_has_its_row() -> None:
    assert sorted(ROWS) == ABOUT_CHANNELS
    assert re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE) == [str(number) for number in ABOUT_CHANNELS]


@pytest.mark.parametrize("number", ABOUT_CHANNELS)
def test_a_row_tells_the_fault_what_keeps_it_out_and_a_test(number: int) -> None:
    _, fault, avoided, tests = ROWS[number]
    assert min(len(fault), len(avoided)) > 20
    assert len(re.findall(r"`tests/[\w/]+\.py::[\w:]+`", tests)) == len(tests.split()) >= 1


def test_every_other_number_says_why_it_is_not_about_a_channel() -> None:
    ranges = re.findall(r"^\| (\d+)–(\d+) \| (.{20,}?) \| `[^`]+` \|$", PAGE, re.MULTILINE)
    assert [n for first, last, _ in ranges for n in range(int(first), int(last) + 1)] == OTHERS
