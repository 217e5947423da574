"""Names of other regions in a pack's own texts: what was copied and not made this region's own."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from pathlib import Path

from dispatch.region.building import Draft
from dispatch.region.forms import extra, needed
from dispatch.region.reading import read_csv, read_text
from dispatch.region.shapes import AGENCY, PLACE
from dispatch.region.values import Fault

NAMES = Path(__file__).parent / "names.txt"
#: The files and folders in which people of the region, or about it, are spoken to. What citizens write (examples,
#: questions) names any place.
SPOKEN = (
    "agencies.csv", "calendars.yaml", "categories.csv", "clocks.yaml", "desk.yaml", "ownership.yaml", "phrases.yaml",
    "region.yaml", "knowledge", "services",
)  # fmt: skip
#: Before a name that is an ordinary word too.
_KINDS = frozenset(
    {"kota", "kab", "kabupaten", "pemkot", "pemkab", "provinsi", "pemprov", "walikota", "bupati", "city", "regency"}
)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
#: Lines that name places for another reason: a time zone, the list of names that are allowed.
_SKIPPED = re.compile(r"\s*(?:#|timezone:|foreign_names_allowed:)")
Name = tuple[str, ...]


def examine_names(folder: Path, pack: Draft, others: Iterable[Path], faults: list[Fault]) -> None:
    """Calling this will note each name of another region, or of an agency of another pack (``others``: their folders),
    that stands in the texts of a pack. Its own places and what ``foreign_names_allowed`` lists may stand anywhere."""
    agencies = {_name(text) for at in pack.agencies for text in (at.value.name, at.value.short)}
    finder = _Finder(_own(pack), (name for other in others for name in _of_pack(other) - agencies))
    for path in _texts(folder):
        text = read_text(path, [])
        name = path.relative_to(folder).as_posix()
        for number, line in enumerate(_spoken(text or ""), 1):
            faults += [Fault(name, number, f"{said!r} is a name of another region") for said in finder.found(line)]


def _texts(folder: Path) -> Iterator[Path]:
    for name in SPOKEN:
        path = folder / name
        yield from sorted(path.glob("*.yaml")) if path.is_dir() else [path] * path.is_file()


def _spoken(text: str) -> Iterator[str]:
    """The lines of a file; empty where nobody of the region is spoken to."""
    inside = -1  # how far the key of a list of citizens' questions, or of allowed names, is indented
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip())
        if inside >= 0 and line.strip() and indent <= inside:
            inside = -1
        if re.match(r"\s*(?:questions|foreign_names_allowed|cues|aliases):", line):
            inside = indent
        yield "" if inside >= 0 or _SKIPPED.match(line) else line


class _Finder:
    """Names by their first word, the longest first: an own name hides the other region's name in it."""

    def __init__(self, own: Collection[Name], others: Iterable[Name]) -> None:
        self._own = frozenset(own)
        names: dict[Name, bool] = dict.fromkeys(self._own, True) | _names()
        names |= dict.fromkeys((name for name in others if name not in self._own), True)
        self._first: dict[str, list[Name]] = {}
        for name in sorted(names, key=len, reverse=True):
            self._first.setdefault(name[0], []).append(name)
        self._plain = {name for name, plain in names.items() if plain}

    def found(self, line: str) -> Iterator[str]:
        matches = list(_WORD.finditer(line))
        words = [match[0].casefold() for match in matches]
        at = 0
        while at < len(words):
            name = next(
                (each for each in self._first.get(words[at], ()) if tuple(words[at : at + len(each)]) == each), ()
            )
            meant = name in self._plain or (at > 0 and words[at - 1] in _KINDS)
            if name and meant and name not in self._own:
                yield line[matches[at].start() : matches[at + len(name) - 1].end()]
            at += len(name) or 1


def _own(pack: Draft) -> set[Name]:
    said = [name.value for name in pack.foreign_names]
    for head in pack.heads:
        said += [head.value.name, head.value.short]
    for place in pack.places:
        said += [place.value.name, *place.value.aliases]
    for landmark in pack.landmarks:
        said += [landmark.value.name, *landmark.value.aliases]
    names = {_name(text) for text in said}
    return {each for name in names for each in (name, name[1:] if name[:1] and name[0] in _KINDS else name) if each}


def _of_pack(folder: Path) -> set[Name]:
    """The name of another pack's region and kabupaten/kota, and of its own agencies."""
    faults: list[Fault] = []
    found = {
        _name(record.get(key))
        for record in read_csv(folder / "agencies.csv", needed(AGENCY), faults, extra(AGENCY))
        if record.get("level") != "external"
        for key in ("name", "short")
    }
    for record in read_csv(folder / "places.csv", needed(PLACE), faults):
        if record.get("level") in ("province", "regency"):
            name = _name(record.get("name"))
            found.add(name[1:] if len(name) > 1 and name[0] in _KINDS else name)
    return found - {()}


@cache
def _names() -> dict[Name, bool]:
    """Name → whether it stands for the place wherever it is read."""
    lines = [line.strip() for line in NAMES.read_text(encoding="utf-8").splitlines()]
    return {_name(line.lstrip("? ")): not line.startswith("?") for line in lines if line and not line.startswith("#")}


def _name(text: str) -> Name:
    return tuple(word.casefold() for word in _WORD.findall(text))
