"""Folders of plain texts, one a line: the examples of each category, and those of each aspect beyond the agency.

``read`` is what every command pays for, and keeps to reading; ``examine_…`` looks at every line and is for ``check``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from classifier.reading import Danger, Kind
from dispatch.region.reading import CODE, read_text
from dispatch.region.values import Fault

EXAMPLES, ASPECTS = "examples", "aspects"
Check = Callable[[str], str]

DANGER = "danger"
#: Aspect → the labels the classifier can learn.
TAUGHT: Mapping[str, frozenset[str]] = {
    DANGER: frozenset({*Danger, "none"}),
    "kind": frozenset(Kind),
    "supervision": frozenset({"yes", "no"}),
    "urgent": frozenset({"yes", "no"}),
}

LONGEST = 2_000
#: An example with fewer letters teaches nothing: it is a slip of the keyboard.
FEWEST_LETTERS = 3

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Lines:
    """Calling this will hold one file of texts: its path within the pack, its label, and every line as it stands.

    ``lines`` is None for a file that could not be read, which was noted.
    """

    file: str
    label: str
    lines: tuple[str, ...] | None

    @property
    def texts(self) -> tuple[str, ...]:
        """Calling this will give the texts without the lines that are blank."""
        return tuple(text for line in self.lines or () if (text := line.strip()))


def read(folder: Path, inside: str, faults: list[Fault]) -> list[Lines]:
    """Calling this will read the ``<label>.txt`` files of a folder within the pack, in the order of their names.

    Notes a file that is not UTF-8, and one that is no such file; what begins with a dot is not looked at. A folder that
    is not there is empty.
    """
    found: list[Lines] = []
    for path in _visible(folder / inside):
        name = f"{inside}/{path.name}"
        if path.suffix != ".txt" or not CODE.fullmatch(path.stem) or not path.is_file():
            faults.append(Fault(name, 1, "only files called <code>.txt belong here"))
            continue
        text = read_text(path, faults, name)
        found.append(Lines(name, path.stem, None if text is None else _split(text)))
    return found


def read_aspects(folder: Path, faults: list[Fault]) -> dict[str, list[Lines]]:
    """Calling this will read ``aspects/<aspect>/<label>.txt``: aspect → its files."""
    found: dict[str, list[Lines]] = {}
    for path in _visible(folder / ASPECTS):
        if not path.is_dir() or not CODE.fullmatch(path.name):
            faults.append(Fault(f"{ASPECTS}/{path.name}", 1, "only folders of aspects belong here"))
        else:
            found[path.name] = read(folder, f"{ASPECTS}/{path.name}", faults)
    return found


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith(".")) if folder.is_dir() else []


def _split(text: str) -> tuple[str, ...]:
    """Only a line feed ends a line, as in every editor that counts lines; one at the very end begins no other."""
    lines = text.replace("\r\n", "\n").split("\n")
    return tuple(lines[:-1] if lines[-1] == "" else lines)


def examine_examples(files: list[Lines], categories: Collection[str], needed: int, faults: list[Fault]) -> None:
    """Calling this will note all that is wrong with the examples of ``categories`` (none: they are not known).

    Every category needs a file with ``needed`` texts.
    """
    _lines(files, (*_CHECKS, _near_empty), faults)
    known = {each.label: each for each in files}
    for code in categories:
        if code not in known:
            faults.append(Fault(f"{EXAMPLES}/{code}.txt", 1, "the file is missing"))
        elif known[code].lines is not None and len(known[code].texts) < needed:
            text = f"category {code} has {len(known[code].texts)} examples; {needed} are needed"
            faults.append(Fault(known[code].file, max(len(known[code].lines or ()), 1), text))


def examine_aspects(aspects: Mapping[str, list[Lines]], faults: list[Fault]) -> None:
    """Calling this will note all that is wrong with the texts of the aspects: each must be one the classifier knows and
    needs two labels to tell apart, danger two kinds of it; training would fail for want of them."""
    for aspect, files in aspects.items():
        _lines(files, _CHECKS, faults)
        if aspect not in TAUGHT:
            faults.append(Fault(f"{ASPECTS}/{aspect}", 1, f"unknown aspect {aspect!r}: {', '.join(TAUGHT)}"))
            continue
        labels = TAUGHT[aspect]
        faults += [Fault(each.file, 1, f"unknown label {each.label!r}") for each in files if each.label not in labels]
        kinds = [each for each in files if each.label in labels - {"none"}]
        if len(files) < 2:
            faults.append(Fault(f"{ASPECTS}/{aspect}", 1, f"aspect {aspect} needs texts under two labels or more"))
        elif aspect == DANGER and len(kinds) < 2:
            faults.append(Fault(f"{ASPECTS}/{aspect}", 1, "aspect danger needs texts of two kinds of danger or more"))
        faults += [Fault(each.file, 1, "there is nothing in it") for each in files if each.lines == ()]


def _lines(files: list[Lines], checks: tuple[Check, ...], faults: list[Fault]) -> None:
    """A text may stand once in all the files together: twice under two labels it would say two things."""
    seen: dict[str, str] = {}
    for file, number, line in _numbered(files):
        faults += [Fault(file, number, said) for check in checks if (said := check(line))]
        key = " ".join(line.casefold().split())
        if key and key in seen:
            faults.append(Fault(file, number, f"the same text stands in {seen[key]} already"))
        elif key:
            seen[key] = f"{file}:{number}"


def _numbered(files: list[Lines]) -> Iterator[tuple[str, int, str]]:
    for each in files:
        for number, line in enumerate(each.lines or (), 1):
            yield each.file, number, line


def _blank(line: str) -> str:
    return "" if line.strip() else "the line is blank"


def _too_long(line: str) -> str:
    return f"the line has {len(line)} characters; {LONGEST} are the most" if len(line) > LONGEST else ""


def _control(line: str) -> str:
    found = _CONTROL.search(line)
    return f"control character U+{ord(found[0]):04X}" if found else ""


def _near_empty(line: str) -> str:
    few = line.strip() and len(_LETTER.findall(line[:LONGEST])) < FEWEST_LETTERS
    return f"{line.strip()!r} is no text: fewer than {FEWEST_LETTERS} letters" if few else ""


#: What may be said against any line. A greeting can be one sign ("🙏"), an example of a complaint cannot.
_CHECKS: tuple[Check, ...] = (_blank, _too_long, _control)
