"""The spreadsheets of SP4N-LAPOR!, the national complaint system: their columns and words are the region's data.

Their titles differ from export to export, so ``desk.yaml`` of the region pack says which column is which. A row is read
whole or not at all, and each fault names its line and column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from dispatch import numbers, sheets
from dispatch.region import Region
from dispatch.sheets import Cell, SheetFault
from dispatch.workflow import OPEN, Status

#: Our fields of a row there; only the first must be in every file.
FIELDS = (
    "tracking_id", "number", "text", "status", "agency", "received_at", "first_response_due", "resolution_due",
)  # fmt: skip
INSTANTS = ("received_at", "first_response_due", "resolution_due")
ID_LENGTH = 40


@dataclass(frozen=True, slots=True)
class RowFault:
    """Calling this will hold what is wrong with one row: its line in the file (from 1; 0 for the file as a whole), the
    title of the column, and why."""

    line: int
    column: str
    text: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.column}: {self.text}" if self.line else self.text


class LaporFaults(Exception):
    """Calling this will report every fault of a file at once."""

    def __init__(self, faults: Sequence[RowFault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = list(faults)


@dataclass(frozen=True, slots=True)
class Row:
    """Calling this will hold one report as it stands there. ``number`` is ours where their row names it, ``mapped`` our
    status for theirs ("" for a word the pack does not know); instants are UTC, None where the cell is empty. ``theirs``
    is the row in their words, by our names of the columns."""

    line: int
    tracking_id: str
    number: str = ""
    text: str = ""
    status: str = ""
    mapped: str = ""
    agency: str = ""
    received_at: datetime | None = None
    first_response_due: datetime | None = None
    resolution_due: datetime | None = None
    theirs: Mapping[str, str] = field(default_factory=dict)

    @property
    def ended(self) -> bool | None:
        """Calling this will say whether the matter is over there; None where their word is not known."""
        return None if not self.mapped else Status(self.mapped) not in OPEN


def read(region: Region, data: bytes) -> tuple[list[Row], list[RowFault]]:
    """Calling this will read a spreadsheet of theirs: the good rows, and what is wrong with the others.

    Raises LaporFaults where the file cannot be read at all: no spreadsheet, no columns configured, none found.
    """
    columns = region.desk_rules.lapor.columns
    if "tracking_id" not in columns:
        raise LaporFaults([RowFault(0, "", "the region pack does not say which column holds the tracking id: "
                                    "write lapor.columns in desk.yaml (docs/lapor.md)")])  # fmt: skip
    try:
        table = sheets.read(data)
    except SheetFault as error:
        raise LaporFaults([RowFault(error.line, "", str(error))]) from None
    head, places = _head(table, columns)
    rows: list[Row] = []
    faults: list[RowFault] = []
    seen: dict[str, int] = {}
    for line, cells in enumerate(table[head + 1 :], start=head + 2):
        if not any(cells):
            continue
        values = {name: cells[place] if place < len(cells) else "" for name, place in places.items()}
        row, wrong = _row(region, line, values)
        if row.tracking_id in seen and row.tracking_id:
            first = seen[row.tracking_id]
            wrong.append(RowFault(line, columns["tracking_id"], f"{row.tracking_id} is on line {first} already"))
        seen.setdefault(row.tracking_id, line)
        faults += wrong
        if not wrong:
            rows.append(row)
    return rows, faults


def _head(table: Sequence[Sequence[Cell]], columns: Mapping[str, str]) -> tuple[int, dict[str, int]]:
    """The line of the titles, which may stand below a letterhead, and where each of our fields is."""
    wanted = columns["tracking_id"].casefold()
    for number, cells in enumerate(table[:20]):
        titles = [str(cell).strip().casefold() for cell in cells]
        if wanted in titles:
            return number, {
                name: titles.index(title.casefold())
                for name, title in columns.items()
                if name in FIELDS and title.casefold() in titles
            }
    raise LaporFaults([RowFault(0, "", f"no column is called {columns['tracking_id']!r}: compare desk.yaml")])


def _row(region: Region, line: int, values: Mapping[str, Cell]) -> tuple[Row, list[RowFault]]:
    rules = region.desk_rules.lapor
    wrong: list[RowFault] = []
    theirs = {name: _shown(value) for name, value in values.items()}

    def fault(name: str, text: str) -> None:
        wrong.append(RowFault(line, rules.columns.get(name, name), text))

    instants: dict[str, datetime | None] = {}
    for name in INSTANTS:
        try:
            instants[name] = _instant(region, values.get(name, ""))
        except (ValueError, OverflowError):  # the latter for a day that has no UTC: the first of the year 1
            like = datetime(2026, 1, 31, 13, 5, tzinfo=UTC).strftime(rules.dates)
            fault(name, f"{theirs[name]!r} is no date like {like!r}")
    tracking = theirs.get("tracking_id", "")
    if not tracking or len(tracking) > ID_LENGTH or not tracking.isprintable():
        fault("tracking_id", "the tracking id is missing or too long")
    status = theirs.get("status", "")
    if status and status not in rules.statuses:
        fault("status", f"{status!r} is a status the region pack does not know: add it to lapor.statuses")
    named = f"{theirs.get('number', '')} {theirs.get('text', '')}"
    row = Row(
        line=line,
        tracking_id=tracking,
        number=numbers.find(region.prefix, named) or "",
        text=theirs.get("text", ""),
        status=status,
        mapped=rules.statuses.get(status, ""),
        agency=theirs.get("agency", ""),
        theirs=theirs,
        **instants,
    )
    return row, wrong


def _instant(region: Region, value: Cell) -> datetime | None:
    """Their clocks tell the region's time. Raises ValueError for what is no date of the pack's pattern."""
    if not value:
        return None
    naive = value if isinstance(value, datetime) else datetime.strptime(value, region.desk_rules.lapor.dates)  # noqa: DTZ007
    return naive.replace(tzinfo=region.zone).astimezone(UTC)


def _shown(value: Cell) -> str:
    return value.isoformat(sep=" ") if isinstance(value, datetime) else value


def write(region: Region, rows: Sequence[Mapping[str, Any]], form: str) -> bytes:
    """Calling this will write rows as a file with their titles, CSV (UTF-8) or XLSX; instants in the region's time.

    Keys of a row are ``FIELDS``; ``status`` is ours and becomes theirs. Raises LaporFaults without configured columns.
    """
    rules = region.desk_rules.lapor
    used = [name for name in FIELDS if name in rules.columns]
    if not used:
        raise LaporFaults([RowFault(0, "", "the region pack names no columns: write lapor.columns in desk.yaml")])
    table = [[_cell(region, name, row.get(name)) for name in used] for row in rows]
    titles = [rules.columns[name] for name in used]
    if form == "xlsx":
        return sheets.workbook(titles, table)
    lines = [sheets.csv_line(line) for line in (titles, *table)]
    return (sheets.BYTE_ORDER_MARK + "".join(lines)).encode()


def _cell(region: Region, name: str, value: object) -> str:
    rules = region.desk_rules.lapor
    if isinstance(value, datetime):
        return region.local(value).strftime(rules.dates)
    if name == "status":
        return rules.export_statuses.get(str(value), str(value))
    return "" if value is None else str(value)
