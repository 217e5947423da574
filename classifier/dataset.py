"""Reading labelled texts: a CSV file with a header, every fault at once with file, line and column.

A column is named by its header where a cell is at fault, and counted in characters from 1 where the file itself is.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MOST_BYTES = 256 * 1024 * 1024
MOST_FIELD = 1024 * 1024
_TEXT = ("text",)
_LABEL = ("label", "category")
_SHOWN_FAULTS = 20


class DatasetError(ValueError):
    """The file cannot be used; ``faults`` lists what is wrong, each as ``file:line: column …: reason``."""

    def __init__(self, faults: list[str]) -> None:
        more = len(faults) - _SHOWN_FAULTS
        shown = faults[:_SHOWN_FAULTS] + ([f"… and {more} more"] if more > 0 else [])
        super().__init__("\n".join(shown))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Dataset:
    """Calling this will hold texts and their labels, row by row."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]


def read(path: Path | str) -> Dataset:
    """Calling this will read a UTF-8 CSV with the columns ``text`` and ``label`` (or ``category``); further ones are
    ignored.

    Raises DatasetError with every fault: a missing file or column, a row of another width, an empty text or label,
    bytes that are not UTF-8, no row at all. Lines count from 1, the header's.
    """
    file = Path(path)
    return parse(_content(file), file.name)


def parse(content: str, name: str) -> Dataset:
    """Calling this will read CSV text as ``read`` does; ``name`` stands for the file in the faults."""
    rows = _table(content, name, (_TEXT, _LABEL))
    return Dataset(tuple(cells[0] for _, cells in rows), tuple(cells[1] for _, cells in rows))


def read_pairs(path: Path | str, first: str, second: str) -> list[tuple[int, str, str]]:
    """Calling this will read two columns of a UTF-8 CSV, each row with its line, with the faults of ``read``."""
    file = Path(path)
    return [(line, cells[0], cells[1]) for line, cells in _table(_content(file), file.name, ((first,), (second,)))]


def _table(content: str, name: str, wanted: Sequence[tuple[str, ...]]) -> list[tuple[int, list[str]]]:
    """Line and cells of the wanted columns, each of which may have one of several names; none may be empty."""
    # The largest texts are cut by the classifier; the default of 131,072 would refuse a long letter.
    csv.field_size_limit(MOST_FIELD)
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    faults: list[str] = []
    rows: list[tuple[int, list[str]]] = []
    try:
        header = [cell.strip().casefold() for cell in next(reader, [])]
        chosen = [next((column for column in names if column in header), None) for names in wanted]
        for names, column in zip(wanted, chosen, strict=True):
            if column is None:
                others = f" (nor {', '.join(names[1:])})" if names[1:] else ""
                faults.append(f"{name}:1: column {names[0]}: no such column in the header{others}")
        columns = [(column, header.index(column)) for column in chosen if column is not None]
        if faults:
            raise DatasetError(faults)
        line = reader.line_num + 1
        for cells in reader:
            if not cells:
                line = reader.line_num + 1
                continue
            first, where = line, f"{name}:{line}"
            line = reader.line_num + 1  # a quoted cell may span lines: a row is named by its first
            if len(cells) != len(header):
                at = header[len(cells)] if len(cells) < len(header) else str(len(header) + 1)
                faults.append(f"{where}: column {at}: {len(cells)} cells, the header has {len(header)}")
                continue
            row = [cells[at].strip() for _, at in columns]
            faults += [
                f"{where}: column {column}: empty" for (column, _), cell in zip(columns, row, strict=True) if not cell
            ]
            rows.append((first, row))
    except csv.Error as error:
        at_line, at_column, reason = _broken(content) or (reader.line_num, 1, str(error))
        faults.append(f"{name}:{at_line}: column {at_column}: not CSV: {reason}")
    if not faults and not rows:
        faults.append(f"{name}:1: column {wanted[0][0]}: no rows below the header")
    if faults:
        raise DatasetError(faults)
    return rows


def _broken(content: str) -> tuple[int, int, str] | None:
    """Line, column and reason of the first quote that is not closed, or is followed by something else than a comma."""
    line, column = 1, 0
    opened: tuple[int, int] | None = None
    begins, closed = True, False
    for char in content:
        column += 1
        if opened is not None and not closed:
            closed = char == '"'
        elif opened is not None and char == '"':
            closed = False  # two quotes stand for one
        elif opened is not None and char not in ",\r\n":
            return line, column, "text after a closing quote"
        elif begins and char == '"':
            opened, closed, begins = (line, column), False, False
        else:
            begins = char in ",\r\n"
            opened, closed = None, False
        if char == "\n":
            line, column = line + 1, 0
    return (*opened, "a quote that is never closed") if opened is not None and not closed else None


def _content(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise DatasetError([f"{file.name}: {error.strerror}"]) from error
    if len(content) > MOST_BYTES:
        raise DatasetError([f"{file.name}: larger than {MOST_BYTES} bytes"])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        before = content[content.rfind(b"\n", 0, error.start) + 1 : error.start]
        column = len(before.decode("utf-8-sig", "replace")) + 1
        raise DatasetError([f"{file.name}:{line}: column {column}: not UTF-8"]) from error
