"""Commands that take figures and rows out, and one that fills in believable ones."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import asdict
from datetime import datetime, time, timedelta
from typing import Any

import click

from admin.cli import CommandFault
from dispatch.runtime import Runtime, from_environment
from dispatch.sheets import safe_cell, workbook


class _Day(click.DateTime):
    """A local day; years far away from ours have no instant in every zone."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        day = super().convert(value, param, ctx)
        if not 2000 <= day.year < 2200:
            self.fail(f"{value!r} lies outside the years 2000 to 2199.", param, ctx)
        return day


DATE = _Day(formats=["%Y-%m-%d"])
DEFAULT_DAYS = 30


def period_of(
    runtime: Runtime, first: datetime | None, last: datetime | None
) -> tuple[datetime | None, datetime | None]:
    """Calling this will turn local days into instants: the first day's beginning, the end of the last; None stays None.

    Raises CommandFault when the first lies after the last.
    """

    def at(day: datetime | None, plus: int) -> datetime | None:
        return day and datetime.combine(day.date() + timedelta(days=plus), time.min, tzinfo=runtime.region.zone)

    if first and last and first > last:
        raise CommandFault("--from lies after --to")
    return at(first, 0), at(last, 1)


@click.group()
def export() -> None:
    """Write rows for other programs."""


@export.command("tickets")
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@click.option("--opd", "agencies", multiple=True, metavar="CODE", help="Only this agency; may be repeated.")
@click.option("--from", "first", type=DATE, help="First local day on which a ticket was opened.")
@click.option("--to", "last", type=DATE, help="Last such day.")
def tickets(form: str, agencies: tuple[str, ...], first: datetime | None, last: datetime | None) -> None:
    """Write tickets to standard output, oldest first."""
    from dispatch import reports

    runtime = from_environment()
    unknown = [code for code in agencies if code not in runtime.region.agencies]
    if unknown:
        raise CommandFault(f"unknown agency {', '.join(unknown)}: aduan region show lists them")
    start, end = period_of(runtime, first, last)
    writer = csv.writer(sys.stdout)
    if form == "csv":
        writer.writerow(reports.EXPORT_COLUMNS)
    with runtime.reading() as session:
        scope = frozenset(agencies) or None
        found = reports.export_tickets(
            session,
            runtime.region,
            agencies=scope,
            start=start,
            end=end,
            now=runtime.now(),
            shares=form == "jsonl",
        )
        for row in found:
            if form == "csv":
                writer.writerow(safe_cell(row[name]) for name in reports.EXPORT_COLUMNS)
            else:
                sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


@click.command()
@click.option("--from", "first", type=DATE, help="First local day on which tickets were opened (default: 30 days ago).")
@click.option("--to", "last", type=DATE, help="Last such day (default: today).")
@click.option("--format", "form", type=click.Choice(["json", "csv", "xlsx"]), default="json", show_default=True)
def report(first: datetime | None, last: datetime | None, form: str) -> None:
    """Write response times by agency to standard output; times are seconds of calendar time."""
    from dispatch import reports

    runtime = from_environment()
    now = runtime.now()
    today = datetime.combine(runtime.region.local(now).date(), time.min)
    last = last or today
    start, end = period_of(runtime, first or last - timedelta(days=DEFAULT_DAYS - 1), last)
    if start is None or end is None:
        raise CommandFault("a report needs a period")
    with runtime.reading() as session:
        rows = [asdict(row) for row in reports.response_figures(session, now, None, start, end)]
        sending = [asdict(row) for row in reports.sending_figures(session, start, end)]
    for row in rows:
        agency = runtime.region.agencies.get(row["agency"])
        row["agency_name"] = agency.name if agency else ""
    if form == "json":
        cut_off = runtime.region.local(now).isoformat()
        body = {
            "from": start.isoformat(),
            "to": end.isoformat(),
            "cut_off": cut_off,
            "agencies": rows,
            "sending": sending,
        }
        click.echo(json.dumps(body, ensure_ascii=False))
        return
    columns = list(rows[0]) if rows else list(reports.AgencyFigures.__dataclass_fields__)
    table = [[row[name] for name in columns] for row in rows]
    if form == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerow(columns)
        writer.writerows([safe_cell(str("" if cell is None else cell)) for cell in line] for line in table)
    else:
        sys.stdout.buffer.write(workbook(columns, table))


@click.command()
@click.option("--tickets", "count", type=click.IntRange(1, 10_000_000), required=True)
@click.option("--seed", type=int, default=1, show_default=True)
def demo(count: int, seed: int) -> None:
    """Fill in believable tickets, for looking around and for benchmarks; never in production."""
    from dispatch.demo import fill

    runtime = from_environment()
    made = fill(runtime, count, seed, progress=lambda done: click.echo(f"{done} tickets", err=True))
    click.echo(f"{made} tickets")
