"""How well places are recognised: a file of messages with the place each names, and what became of them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from dispatch.places.finder import Found

COLUMNS = ("text", "area", "level", "note", "half")
#: Of "65.71.02.1005" the first three parts are the kecamatan.
_DISTRICT = 3


class BadCases(ValueError):
    """A file of messages that cannot be measured: the text names the file, the line and what is wrong there."""


@dataclass(frozen=True, slots=True)
class Case:
    """Calling this will hold one message and the code of the area it names ("" when it names none of ours)."""

    text: str
    area: str
    level: str
    note: str
    half: str
    line: int


@dataclass(frozen=True, slots=True)
class Judged:
    """Calling this will hold what became of one message: ``given`` is the code that was found, "" for unknown."""

    case: Case
    given: str

    @property
    def right(self) -> bool:
        """Calling this will say whether exactly the area was found, or rightly none."""
        return self.given == self.case.area

    @property
    def wrong(self) -> bool:
        """Calling this will say whether an area was found that does not contain the one that is meant."""
        return bool(self.given) and not f"{self.case.area}.".startswith(f"{self.given}.")

    @property
    def coarse(self) -> bool:
        """Calling this will say whether only an area around the one that is meant was found."""
        return bool(self.given) and not self.right and not self.wrong

    @property
    def names_district(self) -> bool:
        """Calling this will say whether the message names a kecamatan or a place in one."""
        return self.case.area.count(".") + 1 >= _DISTRICT

    @property
    def right_district(self) -> bool:
        """Calling this will say whether the kecamatan that is meant was found, whatever lies below it."""
        parts = self.case.area.split(".")[:_DISTRICT]
        return self.names_district and self.given.split(".")[:_DISTRICT] == parts


def read(path: Path) -> list[Case]:
    """Calling this will read a file of messages (CSV, UTF-8, the columns of ``COLUMNS``). Raises BadCases."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadCases(f"{path.name} cannot be read: {type(error).__name__}") from error
    if not rows or tuple(rows[0]) != COLUMNS:
        raise BadCases(f"{path.name}:1: the columns must be {','.join(COLUMNS)}")
    for line, row in enumerate(rows[1:], 2):
        if len(row) != len(COLUMNS) or not row[0].strip():
            raise BadCases(f"{path.name}:{line}: a row has a text and {len(COLUMNS)} columns")
    return [Case(row[0], row[1], row[2], row[3], row[4], line) for line, row in enumerate(rows[1:], 2)]


def judge(cases: Iterable[Case], find: Callable[[str], Found]) -> list[Judged]:
    """Calling this will look for the place of every message."""
    return [Judged(case, find(case.text).area or "") for case in cases]


@dataclass(frozen=True, slots=True)
class Figures:
    """Calling this will hold how many messages there were and what became of them; the shares are of 1."""

    count: int
    right: int
    wrong: int
    coarse: int
    named: int
    right_districts: int

    @property
    def unknown(self) -> int:
        """Calling this will count the messages whose place is ours and was not found at all."""
        return self.count - self.right - self.wrong - self.coarse

    @property
    def district_share(self) -> float:
        """Calling this will give the share of messages that name a kecamatan, or a place in one, for which it was
        found."""
        return self.right_districts / self.named if self.named else 0.0

    @property
    def wrong_share(self) -> float:
        """Calling this will give the share of all messages that were given a place they do not name."""
        return self.wrong / self.count if self.count else 0.0


def figures(judged: Iterable[Judged]) -> Figures:
    """Calling this will count."""
    all_of_them = list(judged)
    return Figures(
        count=len(all_of_them),
        right=sum(one.right for one in all_of_them),
        wrong=sum(one.wrong for one in all_of_them),
        coarse=sum(one.coarse for one in all_of_them),
        named=sum(one.names_district for one in all_of_them),
        right_districts=sum(one.right_district for one in all_of_them),
    )
