"""From files to records: every field with the line it stands on, every fault of form noted instead of raised."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Generic, TypeVar

import yaml

from dispatch.region.values import Fault

# libyaml's parser is some ten times faster; PyYAML's own is the same language where the wheel comes without it.
_Loader: type[yaml.SafeLoader] | type[yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

#: Levels of lists and mappings within each other; no file of a pack has ten.
DEEPEST = 50

T = TypeVar("T")

CODE = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_NUMBER = re.compile(r"-?\d{1,6}(?:\.\d{1,9})?")
_WHOLE = re.compile(r"\d{1,9}")
_FLAGS = {"yes": True, "true": True, "no": False, "false": False}


@dataclass(frozen=True, slots=True)
class At(Generic[T]):
    """Calling this will hold a value with the file and the line it was read from."""

    value: T
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Record:
    """Calling this will hold one CSV row or one YAML mapping of scalars: key → (text, line from 1).

    The readers below note a fault and give a harmless value when a field does not fit, so that one pass finds them all.
    ``complete`` is false when a key that must be there is missing, which was noted where the keys were read.
    """

    file: str
    line: int
    fields: Mapping[str, tuple[str, int]]
    faults: list[Fault]
    complete: bool = True

    def fault(self, text: str, key: str = "") -> None:
        """Calling this will note a fault on the line of ``key``, or of the record itself."""
        line = self.fields[key][1] if key in self.fields else self.line
        self.faults.append(Fault(self.file, line, text))

    def get(self, key: str) -> str:
        """Calling this will give the text of a field that may be empty or absent."""
        return self.fields[key][0] if key in self.fields else ""

    def text(self, key: str) -> str:
        """Calling this will give the text of a field that must not be empty."""
        value = self.get(key)
        if not value and key in self.fields:
            self.fault(f"{key} is empty", key)
        return value

    def matching(self, key: str, pattern: re.Pattern[str], like: str) -> str:
        """Calling this will give a text that fits ``pattern`` as a whole; ``like`` describes it to the reader."""
        value = self.text(key)
        if value and not pattern.fullmatch(value):
            self.fault(f"{key} {value!r} is not {like}", key)
        return value

    def code(self, key: str = "code") -> str:
        """Calling this will give a code: small letters and digits, joined by hyphens or underscores."""
        return self.matching(key, CODE, "a code (small letters and digits, joined by - or _)")

    def word(self, key: str, allowed: Collection[str]) -> str:
        """Calling this will give one of the ``allowed`` words, the first of them when the field does not fit."""
        value = self.text(key)
        if value in allowed:
            return value
        if value:
            self.fault(f"{key} {value!r} is not one of {', '.join(allowed)}", key)
        return next(iter(allowed))

    def flag(self, key: str, default: bool = False) -> bool:
        """Calling this will read yes or no."""
        if key not in self.fields:
            return default
        return _FLAGS.get(self.word(key, _FLAGS), default)

    def number(self, key: str, low: float, high: float) -> float:
        """Calling this will read a decimal number from ``low`` to ``high``."""
        value = self.text(key)
        if not value:
            return low
        if not _NUMBER.fullmatch(value) or not low <= float(value) <= high:
            self.fault(f"{key} {value!r} is not a number from {low:g} to {high:g}", key)
            return low
        return float(value)

    def whole(self, key: str, low: int, high: int) -> int:
        """Calling this will read a whole number from ``low`` to ``high``."""
        value = self.text(key)
        if not value:
            return low
        if not _WHOLE.fullmatch(value) or not low <= int(value) <= high:
            self.fault(f"{key} {value!r} is not a whole number from {low} to {high}", key)
            return low
        return int(value)

    def day(self, key: str) -> date:
        """Calling this will read a date as YYYY-MM-DD."""
        value = self.text(key)
        try:
            return date.fromisoformat(value)
        except ValueError:
            if value:
                self.fault(f"{key} {value!r} is not a date (YYYY-MM-DD)", key)
            return date.min


def read_text(path: Path, faults: list[Fault], name: str = "") -> str | None:
    """Calling this will read a UTF-8 file (with or without a byte order mark), or note why it cannot be read.

    ``name`` is what the file is called in faults: its path within the pack where it lies in a folder of its own.
    """
    name = name or path.name
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        faults.append(Fault(name, 1, "the file is missing"))
    except OSError as error:
        faults.append(Fault(name, 1, f"the file cannot be read: {error.strerror}"))
    else:
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            faults.append(Fault(name, line, "the file is not UTF-8"))
    return None


def read_csv(path: Path, columns: tuple[str, ...], faults: list[Fault], optional: tuple[str, ...] = ()) -> list[Record]:
    """Calling this will read the rows of a CSV file that must have ``columns`` and may have ``optional`` ones, in any
    order.

    Blank lines are skipped. A row that spans lines is known by its first. A row with too few or too many cells is noted
    and kept as incomplete; after a fault of syntax nothing of the file is given, for its rows cannot be told apart.
    """
    text = read_text(path, faults)
    if text is None:
        return []
    header: list[str] = []
    records: list[Record] = []
    rows = _rows(text, path.name, faults)
    if rows is None:
        return []
    for line, cells in rows:
        if not header:
            header = cells
            if not _header_fits(header, columns, optional, path.name, line, faults):
                return []
        else:
            fits = len(cells) == len(header)
            if not fits:
                faults.append(Fault(path.name, line, f"{len(cells)} cells where the header has {len(header)}"))
            fields = {key: (cell, line) for key, cell in zip(header, cells, strict=False) if fits or cell}
            records.append(Record(path.name, line, fields, faults, complete=fits))
    if not header:
        faults.append(Fault(path.name, 1, f"the header is missing: {','.join(columns)}"))
    return records


def _rows(text: str, file: str, faults: list[Fault]) -> list[tuple[int, list[str]]] | None:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for cells in reader:
            if cells:
                rows.append((line, [cell.strip() for cell in cells]))
            line = reader.line_num + 1
    except csv.Error as error:
        faults.append(Fault(file, line, f"not CSV: {error}"))
        return None
    return rows


def _header_fits(
    header: list[str], columns: tuple[str, ...], optional: tuple[str, ...], file: str, line: int, faults: list[Fault]
) -> bool:
    known = (*columns, *optional)
    found = [f"column {name} is missing" for name in columns if name not in header]
    found += [f"unknown column {name!r}" for name in header if name not in known]
    found += [f"column {name} stands twice" for name in known if header.count(name) > 1]
    faults += [Fault(file, line, text) for text in found]
    return not found


class Tree:
    """Calling this will walk one YAML file by its nodes, which know their lines; the root must be a mapping.

    ``name`` is what the file is called in faults, where that is more than its own name.
    """

    def __init__(self, path: Path, faults: list[Fault], name: str = "") -> None:
        self.file = name or path.name
        self.faults = faults
        self.root: yaml.Node | None = None
        text = read_text(path, faults, self.file)
        if text is None:
            return
        try:
            deep = _too_deep(text)
            if deep:
                self._note(deep, f"not a region file: nested more than {DEEPEST} levels deep")
                return
            self.root = yaml.compose(text, Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self._note(mark.line + 1 if mark else 1, f"not YAML: {error.problem or error.context}")
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            self._note(line, f"not YAML: {error.reason}")
        else:
            if self.root is None:
                self._note(1, "the file is empty")

    def _note(self, line: int, text: str) -> None:
        self.faults.append(Fault(self.file, line, text))

    def fault(self, node: yaml.Node, text: str) -> None:
        """Calling this will note a fault on the line of a node."""
        self._note(node.start_mark.line + 1, text)

    def mapping(
        self, node: yaml.Node | None, required: Collection[str] | None = None, optional: Collection[str] = ()
    ) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        """Calling this will give the entries of a mapping as key → (key node, value node).

        Notes keys that are missing, repeated or unknown; without ``required`` any key may stand there.
        """
        entries: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        if node is None:
            return entries
        if not isinstance(node, yaml.MappingNode):
            self.fault(node, "keys and values expected")
            return entries
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.fault(key, "a key must be one word")
            elif key.value in entries:
                self.fault(key, f"{key.value} stands twice")
            elif required is not None and key.value not in required and key.value not in optional:
                self.fault(key, f"unknown key {key.value!r}")
            else:
                entries[key.value] = (key, value)
        for name in required or ():
            if name not in entries:
                self.fault(node, f"{name} is missing")
        return entries

    def items(self, node: yaml.Node) -> list[yaml.Node]:
        """Calling this will give the items of a list; nothing (null) is an empty list."""
        if isinstance(node, yaml.SequenceNode):
            return list(node.value)
        if not _is_null(node):
            self.fault(node, "a list expected")
        return []

    def scalar(self, node: yaml.Node) -> str:
        """Calling this will give the text of a scalar as it was written; null is an empty text."""
        if isinstance(node, yaml.ScalarNode):
            return "" if _is_null(node) else str(node.value).strip()
        self.fault(node, "a single value expected")
        return ""

    def scalars(
        self,
        node: yaml.Node | None,
        entries: Mapping[str, tuple[yaml.Node, yaml.Node]],
        required: Collection[str] = (),
    ) -> Record:
        """Calling this will make a record of entries; values that are not scalars are noted and left out."""
        fields: dict[str, tuple[str, int]] = {}
        for key, (_, value) in entries.items():
            if isinstance(value, yaml.ScalarNode):
                fields[key] = (self.scalar(value), value.start_mark.line + 1)
            else:
                self.fault(value, f"{key} must be a single value")
        line = node.start_mark.line + 1 if node else 1
        return Record(self.file, line, fields, self.faults, complete=all(key in fields for key in required))

    def record(self, node: yaml.Node, required: Collection[str], optional: Collection[str] = ()) -> Record:
        """Calling this will read a mapping of scalars."""
        return self.scalars(node, self.mapping(node, required, optional), required)


def _too_deep(text: str) -> int:
    """The line on which a file is nested too deeply, 0 for none: the parser goes level by level without calling itself,
    but what builds nodes from it does not come back from a file that is nothing but brackets."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                return int(event.start_mark.line) + 1 if event.start_mark else 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return 0


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"
