"""Reading labelled texts: a CSV file with a header, every fault at once with file, line and column."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

MOST_BYTES = 256 * 1024 * 1024
MOST_FIELD = 1024 * 1024
_LABEL_COLUMNS = ("label", "category")
_SHOWN_FAULTS = 20


class DatasetError(ValueError):
    """The file cannot be used; ``faults`` lists what is wrong, each as ``file:line: column: reason``."""

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
    # The largest texts are cut by the classifier; the default of 131,072 would refuse a long letter.
    csv.field_size_limit(MOST_FIELD)
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    faults: list[str] = []
    texts: list[str] = []
    labels: list[str] = []
    try:
        header = [cell.strip().casefold() for cell in next(reader, [])]
        label_column = next((column for column in _LABEL_COLUMNS if column in header), None)
        if "text" not in header:
            faults.append(f"{name}:1: text: no such column in the header")
        if label_column is None:
            faults.append(f"{name}:1: label: no such column in the header (nor category)")
        if label_column is None or faults:
            raise DatasetError(faults)
        text_at, label_at = header.index("text"), header.index(label_column)
        line = reader.line_num + 1
        for cells in reader:
            if not cells:
                line = reader.line_num + 1
                continue
            where = f"{name}:{line}"
            line = reader.line_num + 1  # a quoted cell may span lines: a row is named by its first
            if len(cells) != len(header):
                faults.append(f"{where}: {len(cells)} cells, the header has {len(header)}")
                continue
            text, label = cells[text_at].strip(), cells[label_at].strip()
            if not text:
                faults.append(f"{where}: text: empty")
            if not label:
                faults.append(f"{where}: {label_column}: empty")
            texts.append(text)
            labels.append(label)
    except csv.Error as error:
        faults.append(f"{name}:{reader.line_num}: not CSV: {error}")
    if not faults and not texts:
        faults.append(f"{name}:1: no rows below the header")
    if faults:
        raise DatasetError(faults)
    return Dataset(tuple(texts), tuple(labels))


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
        raise DatasetError([f"{file.name}:{line}: not UTF-8"]) from error
