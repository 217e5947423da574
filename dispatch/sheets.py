"""Spreadsheets in and out: CSV and the formats of office programs, read with bounds, written so that no cell runs."""

from __future__ import annotations

import csv
import io
import json
import re
import resource
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path

#: The most bytes of a file, of what it unpacks to, of its rows and of the cells of a row.
MOST_BYTES = 10_000_000
MOST_UNPACKED = 200_000_000
MOST_ROWS = 100_000
MOST_CELLS = 200
#: Address space and processor seconds of the process that opens a spreadsheet, and seconds of the clock on the wall.
MEMORY = 1024 * 1024 * 1024
SECONDS = 20
PATIENCE = 60.0
#: What that process returns where it can say why.
FAULTY = 3
UNREADABLE = "the file is no spreadsheet that can be read ({})"
TOO_MUCH = "the file is damaged, or holds far more than a spreadsheet of ours ever has"
#: Characters with which a spreadsheet begins a formula (OWASP, CSV injection), the full-width ones included.
#: At a cell's start, blanks skipped; and right after a character at which another program may cut the line into cells.
FORMULA = re.compile(r"(?:\A\s*|(?<=[,;|\t\r\n\"']))(?=[=+\-@＝＋－＠])|\A(?=[\t\r\n])")
BYTE_ORDER_MARK = "\ufeff"

Cell = str | datetime


class SheetFault(ValueError):
    """Calling this will say why a file cannot be read as a spreadsheet; ``line`` counts from 1, 0 for the file."""

    def __init__(self, text: str, line: int = 0) -> None:
        super().__init__(text)
        self.line = line


def read(data: bytes) -> list[list[Cell]]:
    """Calling this will read the first sheet of a file, told apart by its bytes: XLSX, XLS, ODS, else CSV (UTF-8 or
    Windows-1252, cut at commas, semicolons or tabs).

    Cells are texts without outer blanks; a cell that holds a date is a naive datetime. Raises SheetFault.
    """
    if len(data) > MOST_BYTES:
        raise SheetFault(f"the file has more than {MOST_BYTES // 1_000_000} MB")
    rows = _book(data) if data[:4] == b"PK\x03\x04" or data[:4] == b"\xd0\xcf\x11\xe0" else _csv(data)
    if len(rows) > MOST_ROWS:
        raise SheetFault(f"the file has more than {MOST_ROWS} rows")
    wide = next((number for number, row in enumerate(rows, 1) if len(row) > MOST_CELLS), 0)
    if wide:
        raise SheetFault(f"the row has more than {MOST_CELLS} cells", wide)
    return rows


def _book(data: bytes) -> list[list[Cell]]:
    """A far cell, or one long text that a hundred thousand cells name, makes a small file fill any memory: it is opened
    in a process of its own, whose memory and time the kernel caps."""
    if data[:2] == b"PK":
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                if sum(entry.file_size for entry in archive.infolist()) > MOST_UNPACKED:
                    raise SheetFault("the file unpacks to more than a spreadsheet of ours ever has")
        except (zipfile.BadZipFile, OSError) as error:
            raise SheetFault(UNREADABLE.format(type(error).__name__)) from None
    command = [sys.executable, "-I", str(Path(__file__))]
    try:
        done = subprocess.run(  # noqa: S603 - our own file, no shell, and the bytes come on standard input
            command, input=data, capture_output=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        raise SheetFault(TOO_MUCH) from None
    if done.returncode == FAULTY:
        raise SheetFault(done.stderr.decode("utf-8", "replace"))
    if done.returncode != 0:  # ended by its own caps, or broken by the file
        raise SheetFault(TOO_MUCH)
    return [
        [cell if isinstance(cell, str) else datetime.fromisoformat(cell["at"]) for cell in json.loads(line)]
        for line in done.stdout.splitlines()
    ]


def _opened(data: bytes) -> Iterator[list[Cell]]:
    # Here and not above: only who reads a spreadsheet pays for its library.
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        rows = book.get_sheet_by_index(0).to_python(nrows=MOST_ROWS + 1)
    except (CalamineError, zipfile.BadZipFile, IndexError, OSError) as error:
        raise SheetFault(UNREADABLE.format(type(error).__name__)) from None
    return ([_cell(value) for value in row] for row in rows)


def main() -> int:
    """Calling this will open the spreadsheet on standard input and write a line of JSON for each row, dates as
    ``{"at": …}``; ``FAULTY`` with the reason on standard error where that cannot be."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    written = 0
    try:
        for row in _opened(sys.stdin.buffer.read()):
            cells = [cell if isinstance(cell, str) else {"at": cell.isoformat()} for cell in row]
            line = json.dumps(cells).encode() + b"\n"
            written += len(line)
            if written > MOST_UNPACKED:
                raise SheetFault(TOO_MUCH)
            sys.stdout.buffer.write(line)
    except (SheetFault, MemoryError) as error:
        sys.stderr.write(str(error) or TOO_MUCH)
        return FAULTY
    return 0


def _cell(value: object) -> Cell:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time.min)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a number that spreadsheets took an id for
    return " ".join(str(value).split(" ")).strip()


def _csv(data: bytes) -> list[list[Cell]]:
    if b"\0" in data:
        raise SheetFault("the file is neither a spreadsheet nor a text")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows: list[list[Cell]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            rows.append([cell.strip() for cell in row])
            if len(rows) > MOST_ROWS:
                break
    except csv.Error as error:
        raise SheetFault(f"the row cannot be read: {error}", reader.line_num) from None
    return rows


def safe_cell(text: str) -> str:
    """Calling this will keep a cell from being read as a formula.

    An apostrophe goes before every place where a program that cuts cells at its own delimiter could see one begin.
    Source: OWASP, CSV injection.
    """
    return FORMULA.sub(lambda found: "'" + found.group(), text)


def csv_line(cells: Sequence[str]) -> str:
    """Calling this will write one CSV line, with every cell made safe."""
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerow([safe_cell(cell) for cell in cells])
    return buffer.getvalue()


def workbook(columns: Sequence[str], table: Sequence[Sequence[object]]) -> bytes:
    """Calling this will write an XLSX file with one sheet: texts as texts, numbers as numbers, nothing as a formula."""
    import xlsxwriter

    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(buffer, options)
    sheet = book.add_worksheet("aduan")
    bold = book.add_format({"bold": True})
    for number, name in enumerate(columns):
        sheet.write_string(0, number, name, bold)
    for row, line in enumerate(table, start=1):
        for number, cell in enumerate(line):
            if isinstance(cell, int | float):
                sheet.write_number(row, number, cell)
            elif cell is not None:
                sheet.write_string(row, number, str(cell))
    book.close()
    return buffer.getvalue()


if __name__ == "__main__":
    raise SystemExit(main())
