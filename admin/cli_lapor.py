"""Commands for the national system's spreadsheets: take one in, write one, list what differs."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import BinaryIO

import click

from admin.cli import CommandFault
from admin.cli_figures import DATE, period_of
from dispatch import lapor as files
from dispatch.lapor import LaporFaults
from dispatch.models import TwinState
from dispatch.region import Region
from dispatch.runtime import from_environment
from dispatch.services import twins
from dispatch.services.twins import Summary
from dispatch.sheets import MOST_BYTES

#: What may differ → in words.
FIELDS = {
    "status": "status",
    "agency": "agency",
    "first_response_due": "first answer due",
    "resolution_due": "resolution due",
}


@click.group()
def lapor() -> None:
    """Reconcile with SP4N-LAPOR!: files in and out, and what differs."""


@lapor.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--partial", is_flag=True, help="Take the good rows although others are faulty.")
@click.option("--dry-run", is_flag=True, help="Say what would happen and change nothing.")
def import_file(file: BinaryIO, partial: bool, dry_run: bool) -> int:
    """Take in a spreadsheet of theirs (XLSX, XLS, ODS or CSV). Tickets are compared, never changed."""
    runtime = from_environment()
    try:
        rows, faults = files.read(runtime.region, file.read(MOST_BYTES + 1))
    except LaporFaults as error:
        raise CommandFault(str(error)) from None
    for fault in faults:
        click.echo(str(fault), err=True)
    if faults and not partial:
        click.echo(f"{len(faults)} fault(s), nothing was taken in; --partial takes the {len(rows)} good rows", err=True)
        return 1
    with runtime.writing() as session:
        summary = twins.import_rows(session, runtime.region, runtime.now(), rows)
        if dry_run:
            session.rollback()
    click.echo(_told(summary) + (" (nothing was written)" if dry_run else ""))
    return 1 if faults else 0


def _told(summary: Summary) -> str:
    return (
        f"{summary.new} new, {summary.changed} changed, {summary.same} the same; "
        f"{summary.agrees} agree, {summary.conflict} conflict, {summary.unmatched} belong to no ticket"
    )


@lapor.command()
@click.option("--from", "first", type=DATE, help="First local day of receipt.")
@click.option("--to", "last", type=DATE, help="Last such day.")
@click.option("--all", "everything", is_flag=True, help="Tickets without a tracking id too.")
@click.option("--format", "form", type=click.Choice(["csv", "xlsx"]), default="csv", show_default=True)
def export(first: datetime | None, last: datetime | None, everything: bool, form: str) -> None:
    """Write tickets to standard output as a spreadsheet with their columns; secret reports never."""
    runtime = from_environment()
    start, end = period_of(runtime, first, last)
    with runtime.reading() as session:
        rows = list(twins.exported(session, runtime.region, start=start, end=end, everything=everything))
    try:
        sys.stdout.buffer.write(files.write(runtime.region, rows, form))
    except LaporFaults as error:
        raise CommandFault(str(error)) from None


@lapor.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def conflicts(as_json: bool) -> int:
    """List what differs between the two systems, and reports that belong to no ticket; status 1 when there is any.

    Secret reports are left out.
    """
    runtime = from_environment()
    with runtime.reading() as session:
        found = [
            (state, twin, ticket)
            for state in (TwinState.CONFLICT, TwinState.UNMATCHED)
            for twin, ticket in twins.listed(session, state, None, limit=10_000)
        ]
    for state, twin, ticket in found:
        number = ticket.number if ticket else ""
        if as_json:
            body = {"tracking_id": twin.tracking_id, "number": number, "state": state, "conflicts": twin.conflicts}
            click.echo(json.dumps(body, ensure_ascii=False))
            continue
        differs = "; ".join(_differs(runtime.region, each) for each in twin.conflicts)
        click.echo(f"{twin.tracking_id}  {number or '-'}  {differs or 'no ticket of ours'}")
    return 1 if found else 0


def _differs(region: Region, conflict: dict[str, str]) -> str:
    name, ours, theirs = conflict["field"], conflict["ours"], conflict["theirs"]
    if name.endswith("_due"):
        ours, theirs = _moment(region, ours), _moment(region, theirs)
    elif name == "status":
        ours = ours.replace("_", " ")
    return f"{FIELDS.get(name, name)}: {ours} here, {theirs} there"


def _moment(region: Region, instant: str) -> str:
    return f"{region.local(datetime.fromisoformat(instant)):%Y-%m-%d %H:%M} {region.zone_label}"
