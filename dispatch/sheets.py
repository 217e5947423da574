"""Spreadsheets in and out: CSV and the formats of office programs, read with bounds, written so that no cell runs."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time

#: The most bytes of a file, of what it unpacks to, of its rows and of the cells of a row.
MOST_BYTES = 10_000_000
MOST_UNPACKED = 200_000_000
MOST_ROWS = 100_000
MOST_CELLS = 200
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
    # Here and not above: only who reads a spreadsheet pays for its library.
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        if data[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                if sum(entry.file_size for entry in archive.infolist()) > MOST_UNPACKED:
                    raise SheetFault("the file unpacks to more than a spreadsheet of ours ever has")
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        rows = book.get_sheet_by_index(0).to_python(nrows=MOST_ROWS + 1)
    except (CalamineError, zipfile.BadZipFile, IndexError, OSError) as error:
        raise SheetFault(f"the file is no spreadsheet that can be read ({type(error).__name__})") from None
    return [[_cell(value) for value in row] for row in rows]


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
