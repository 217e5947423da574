"""Spreadsheets of SP4N-LAPOR!: read by the pack's columns, every fault named; written so that nothing runs."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from python_calamine import CalamineWorkbook
from sqlalchemy import select
from sqlmodel import col

from admin.cli_lapor import conflicts
from dispatch import lapor, sheets
from dispatch.lapor import LaporFaults
from dispatch.models import Privacy, Ticket, Twin, TwinState
from dispatch.region import DeskRules, Lapor, Region
from dispatch.runtime import Runtime
from dispatch.scope import Scope
from dispatch.services import twins
from dispatch.services.twins import Summary, TwinFault
from dispatch.sheets import SheetFault
from tests.admin.conftest import one_database
from tests.support.desk import rows
from tests.support.tickets import open_ticket, reload

HEAD = [
    "Tracking ID",
    "Nomor Aduan",
    "Isi Laporan",
    "Status",
    "Instansi Terdisposisi",
    "Tanggal Laporan",
    "Batas Waktu",
]
PROCESSED = "Terdisposisi Sedang Diproses"
DONE = "Terdisposisi Selesai"


def csv_of(*lines: list[str], head: list[str] | None = None) -> bytes:
    return "".join(sheets.csv_line(line) for line in (head or HEAD, *lines)).encode()


def line(
    tracking: str = "9000001", number: str = "", status: str = PROCESSED, agency: str = "", due: str = ""
) -> list[str]:
    return [tracking, number, "Lampu jalan mati", status, agency, "02/11/2026 09:30", due]


def test_a_row_is_read_in_our_terms(kaltara: Region) -> None:
    (row,), faults = lapor.read(kaltara, csv_of(line(due="20/11/2026 16:00")))
    assert faults == []
    assert (row.tracking_id, row.status, row.mapped, row.line) == ("9000001", PROCESSED, "in_progress", 2)
    assert row.received_at == datetime(2026, 11, 2, 1, 30, tzinfo=UTC)  # 09:30 WITA
    assert row.resolution_due == datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_any_delimiter_of_a_spreadsheet_is_understood(kaltara: Region, delimiter: str) -> None:
    data = "\r\n".join(delimiter.join(cells) for cells in (HEAD, line())).encode("utf-8-sig")
    (row,), faults = lapor.read(kaltara, data)
    assert (row.tracking_id, faults) == ("9000001", [])


def test_a_workbook_with_numbers_and_dates_below_a_letterhead(kaltara: Region) -> None:
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_string(0, 0, "Laporan instansi")
    sheet.write_row(2, 0, HEAD)
    sheet.write_number(3, 0, 9000001)
    sheet.write_string(3, 3, DONE)
    sheet.write_datetime(3, 5, datetime(2026, 11, 2, 9, 30), book.add_format({"num_format": "dd/mm/yyyy hh:mm"}))  # noqa: DTZ001
    book.close()
    (row,), faults = lapor.read(kaltara, buffer.getvalue())
    assert faults == []
    assert (row.tracking_id, row.mapped, row.line) == ("9000001", "resolved", 4)
    assert row.received_at == datetime(2026, 11, 2, 1, 30, tzinfo=UTC)


UNREADABLE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "no column is called"),
    "another table": (b"a,b\n1,2\n", "no column is called"),
    "bytes": (b"\x00\x01\x02", "neither a spreadsheet nor a text"),
    "a broken archive": (b"PK\x03\x04" + b"\x00" * 40, "no spreadsheet"),
    "an old file that is none": (b"\xd0\xcf\x11\xe0" + b"\x00" * 600, "no spreadsheet"),
    "too large": (b"a" * (sheets.MOST_BYTES + 1), "more than 10 MB"),
    "too wide": (("a," * 300).encode(), "more than 200 cells"),
}


@pytest.mark.parametrize(("data", "words"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_cannot_be_read_says_why(kaltara: Region, data: bytes, words: str) -> None:
    with pytest.raises(LaporFaults, match=words):
        lapor.read(kaltara, data)


def test_an_archive_that_unpacks_to_more_than_a_spreadsheet_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_UNPACKED", 100)
    with pytest.raises(SheetFault, match="unpacks"):
        sheets.read(sheets.workbook(["a"], [["b" * 500]]))


def packed(cells: str, shared: str = "") -> bytes:
    """A workbook as small as one can be, with these rows."""
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="xml" ContentType='
        f'"application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{kinds}.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{links}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{links}"><sheets>'
        '<sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{links}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" '
        f'Type="{links}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/sharedStrings.xml": f'<sst xmlns="{main}"><si><t>{shared}</t></si></sst>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>',
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def named(*places: str) -> str:
    """Rows whose one cell names the shared text."""
    return "".join(f'<row><c r="{place}" t="s"><v>0</v></c></row>' for place in places)


OVERSIZED = {
    "a cell far away": lambda: packed(named("A1", "XFD99000"), "Tracking ID"),
    "a long text named by many cells": lambda: packed(named(*(f"A{n}" for n in range(1, 5_000))), "x" * 1_000_000),
}


@pytest.mark.parametrize("made", OVERSIZED.values(), ids=OVERSIZED)
def test_a_small_file_that_fills_any_memory_is_a_fault(kaltara: Region, made: Callable[[], bytes]) -> None:
    assert sheets.read(packed(named("A1"), "Tracking ID")) == [["Tracking ID"]]
    with pytest.raises(LaporFaults, match="far more than a spreadsheet"):
        lapor.read(kaltara, made())


@pytest.mark.parametrize("day", ["01/01/0001 00:00", "31/12/9999 23:59"])
def test_a_day_no_clock_knows_is_a_fault_of_its_row(kaltara: Region, day: str) -> None:
    rows, faults = lapor.read(kaltara, csv_of(line(due=day), line("9000002")))
    found = [row.tracking_id for row in rows]
    assert (found, [fault.line for fault in faults]) in ((["9000002"], [2]), (["9000001", "9000002"], []))


def test_every_faulty_row_is_named_with_its_column_and_the_good_ones_stay(kaltara: Region) -> None:
    data = csv_of(line(), line(""), line("2", status="Entah"), line("3", due="kapan-kapan"), line("9000001"), line("4"))
    good, faults = lapor.read(kaltara, data)
    assert [row.tracking_id for row in good] == ["9000001", "4"]
    assert [(fault.line, fault.column) for fault in faults] == [
        (3, "Tracking ID"), (4, "Status"), (5, "Batas Waktu"), (6, "Tracking ID"),
    ]  # fmt: skip


def test_a_pack_without_columns_says_what_to_write_where(kaltara: Region) -> None:
    bare = replace(kaltara, desk_rules=DeskRules(lapor=Lapor()))
    with pytest.raises(LaporFaults, match=r"lapor\.columns in desk\.yaml"):
        lapor.read(bare, csv_of(line()))
    with pytest.raises(LaporFaults, match="names no columns"):
        lapor.write(bare, [], "csv")


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_is_written_is_read_back_and_runs_no_formula(kaltara: Region, form: str) -> None:
    at = datetime(2026, 11, 2, 1, 30, tzinfo=UTC)
    row = {"tracking_id": "9", "text": "=1+1", "status": "closed", "agency": "@cmd", "received_at": at}
    data = lapor.write(kaltara, [row], form)
    (back,), faults = lapor.read(kaltara, data)
    assert faults == []
    assert (back.tracking_id, back.status, back.received_at) == ("9", DONE, at)
    if form == "csv":
        assert b"'=1+1" in data and b"'@cmd" in data
    else:
        assert CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()[1][2] == "=1+1"


# Against tickets


def taken(runtime: Runtime, *lines: list[str]) -> Summary:
    found, faults = lapor.read(runtime.region, csv_of(*lines))
    assert faults == []
    with runtime.writing() as session:
        return twins.import_rows(session, runtime.region, runtime.now(), found)


def test_a_row_that_names_our_number_is_linked_and_a_second_import_changes_nothing(runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    before = reload(runtime, ticket)
    first = taken(runtime, line(number=ticket.number))
    assert (first.new, first.agrees, first.conflict) == (1, 1, 0)
    again = taken(runtime, line(number=ticket.number))
    assert (again.new, again.changed, again.same) == (0, 0, 1)
    (twin,) = rows(runtime, Twin)
    assert (twin.ticket_id, twin.state, twin.status) == (ticket.id, TwinState.AGREES, PROCESSED)
    assert "text" not in twin.theirs
    assert reload(runtime, ticket) == before


def test_conflicts_are_listed_and_nothing_is_overwritten(runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    due = runtime.region.local(ticket.resolution_due + timedelta(days=5)).strftime("%d/%m/%Y %H:%M")
    found = taken(runtime, line(number=ticket.number, status=DONE, agency="Dinas Lain", due=due))
    assert found.conflict == 1
    (twin,) = rows(runtime, Twin)
    assert [each["field"] for each in twin.conflicts] == ["status", "agency", "resolution_due"]
    after = reload(runtime, ticket)
    assert (after.status, after.agency, after.resolution_due) == (ticket.status, ticket.agency, ticket.resolution_due)


@one_database
def test_what_differs_is_told_in_words_and_local_time(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = open_ticket(runtime)
    taken(runtime, line(number=ticket.number, status=DONE, due="20/12/2026 16:00"))
    monkeypatch.setattr("admin.cli_lapor.from_environment", lambda: runtime)
    told = CliRunner().invoke(conflicts, [], standalone_mode=False).output
    assert f"status: {ticket.status} here, {DONE} there; resolution due: " in told
    assert told.endswith("2026-12-20 16:00 WITA there\n")


@one_database
def test_a_secret_ticket_is_listed_only_for_who_may_read_it(runtime: Runtime) -> None:
    plain, secret = open_ticket(runtime, "Satu"), open_ticket(runtime, "Dua")
    with runtime.writing() as session:
        session.get_one(Ticket, secret.id).privacy = Privacy.SECRET
    taken(runtime, line("1", plain.number, DONE), line("2", secret.number, DONE))
    scopes = {None: ["1"], Scope(None): ["1"], Scope(None, secret=True): ["2", "1"], Scope(frozenset({"pln"})): []}
    with runtime.reading() as session:
        for scope, wanted in scopes.items():
            found = twins.listed(session, TwinState.CONFLICT, scope)
            assert [twin.tracking_id for twin, _ in found] == wanted


def test_a_report_of_nobody_here_waits_until_it_is_linked_by_hand(runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    assert taken(runtime, line()).unmatched == 1
    with runtime.writing() as session:
        row = session.scalars(select(Ticket).where(col(Ticket.id) == ticket.id)).one()
        twins.link(session, runtime.region, runtime.now(), row, " 9000001 ", staff_id=None)
    (twin,) = rows(runtime, Twin)
    assert (twin.ticket_id, twin.state) == (ticket.id, TwinState.AGREES)
    assert taken(runtime, line(status=DONE)).conflict == 1


@one_database
def test_an_id_belongs_to_one_ticket_and_a_ticket_has_one_id(runtime: Runtime) -> None:
    first, second = open_ticket(runtime, "Satu"), open_ticket(runtime, "Dua")

    def link(ticket: Ticket, wanted: str) -> None:
        with runtime.writing() as session:
            row = session.scalars(select(Ticket).where(col(Ticket.id) == ticket.id)).one()
            twins.link(session, runtime.region, runtime.now(), row, wanted, staff_id=None)

    link(first, "1")
    for wrong in ("1", "", "x" * 41):
        with pytest.raises(TwinFault):
            link(second, wrong)
    link(first, "2")
    found = {twin.tracking_id: (twin.ticket_id, twin.state) for twin in rows(runtime, Twin)}
    assert found == {"1": (None, TwinState.UNMATCHED), "2": (first.id, TwinState.AGREES)}


@one_database
def test_the_export_holds_tickets_with_an_id_or_all_and_never_a_secret_one(runtime: Runtime) -> None:
    known, other, secret = open_ticket(runtime, "Satu"), open_ticket(runtime, "Dua"), open_ticket(runtime, "Tiga")
    with runtime.writing() as session:
        hidden = session.get_one(Ticket, secret.id)
        hidden.privacy = "secret"
        session.add(hidden)
    taken(runtime, line(number=known.number), line("2", number=secret.number))
    with runtime.reading() as session:
        of_theirs = [row["number"] for row in twins.exported(session, runtime.region)]
        everything = [row["number"] for row in twins.exported(session, runtime.region, everything=True)]
        late = list(twins.exported(session, runtime.region, everything=True, start=runtime.now() + timedelta(days=1)))
    assert of_theirs == [known.number]
    assert everything == [known.number, other.number]
    assert late == []
