"""Response times: figures an agency is judged by, each a link to exactly its tickets, and the export behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import gettext

from admin.formats import hours, parse_day, start_of
from admin.security import Need, allow, runtime, viewer
from dispatch.region import Region
from dispatch.reports import EXPORT_COLUMNS, AgencyFigures, export_tickets, response_figures
from dispatch.scope import Scope
from dispatch.services.tickets import audit
from dispatch.sheets import BYTE_ORDER_MARK, csv_line

blueprint = Blueprint("responses", __name__)

PERIOD = timedelta(days=29)


@blueprint.get("/responses")
@allow(Need.STAFF)
def show() -> str:
    """Calling this will show the response times of the agencies the reader may see, by tickets' day of receipt."""
    wired, now = runtime(), runtime().now()
    first, last = period(wired.region, now)
    start, end = start_of(wired.region, first), start_of(wired.region, last + timedelta(days=1))
    opd = request.args.get("opd", "")
    with wired.reading() as session:
        figures = response_figures(session, now, _agencies(viewer().scope, opd), start, end)
    return render_template(
        "responses.html",
        rows=[(row, [_cell(row, column, first, last) for column in columns()]) for row in figures],
        columns=[column.title for column in columns()],
        first=first,
        last=last,
        opd=opd,
        agencies=[agency for agency in wired.region.agencies.values() if viewer().scope.sees(agency.code)],
        region=wired.region,
        now=now,
    )


@dataclass(frozen=True, slots=True)
class Column:
    """Calling this will describe a column: its title and the figure counted.

    ``whole`` is the figure it is a share of, ``times`` are shown in its place.
    """

    title: str
    figure: str
    whole: str = ""
    times: tuple[str, ...] = ()


def columns() -> list[Column]:
    """Calling this will give the columns of the table in the reader's language."""
    return [
        Column(gettext("Received"), "received"),
        Column(gettext("Answered"), "answered"),
        Column(gettext("First answer: half within · 9 of 10 within"), "answered", times=("median_first", "p90_first")),
        Column(gettext("First answer in time"), "first_in_time", "first_counted"),
        Column(gettext("Resolved"), "resolved"),
        Column(
            gettext("Resolution: half within · 9 of 10 within"),
            "resolved",
            times=("median_resolution", "p90_resolution"),
        ),
        Column(gettext("Resolved in time"), "resolution_in_time", "resolution_counted"),
        Column(gettext("Rejected"), "rejected"),
        Column(gettext("Referred"), "forwarded"),
        Column(gettext("Open now"), "open"),
        Column(gettext("Overdue now"), "overdue"),
    ]


def _cell(row: AgencyFigures, column: Column, first: date, last: date) -> dict[str, str]:
    """What a cell shows, and the addresses of the tickets behind its numbers."""
    counted = int(getattr(row, column.figure))
    cell = {"title": column.title, "text": str(counted), "href": _link(row.agency, column.figure, first, last)}
    times = [hours(getattr(row, name)) for name in column.times if getattr(row, name) is not None]
    if column.times:
        cell["text"] = " · ".join(times) or "–"
    if column.whole:
        total = int(getattr(row, column.whole))
        cell["share"] = f"{round(100 * counted / total)} %" if total else "–"
        cell["whole"] = str(total)
        cell["whole_href"] = _link(row.agency, column.whole, first, last)
    return cell


def _link(agency: str, figure: str, first: date, last: date) -> str:
    period = {} if figure in ("open", "overdue") else {"opened_from": first.isoformat(), "opened_to": last.isoformat()}
    query = {"opd": agency, "figure": figure, "status": "all", **period}
    return f"{url_for('inbox.tickets')}?{urlencode(query)}"


def period(region: Region, now: datetime) -> tuple[date, date]:
    """Calling this will read the local days asked for, both included and put in order; the last thirty unless told."""
    today = region.local(now).date()
    last = parse_day(request.args.get("to", "")) or today
    first = parse_day(request.args.get("from", "")) or last - PERIOD
    return min(first, last), max(first, last)


def _agencies(scope: Scope, opd: str) -> Scope:
    """What somebody may see, of one agency only if it is asked for."""
    if not opd:
        return scope
    return replace(scope, agencies=frozenset({opd}) if scope.sees(opd) else frozenset())


@blueprint.get("/export/tickets.csv")
@allow(Need.STAFF)
def export() -> Response:
    """Calling this will stream the tickets the reader may see as CSV (UTF-8, RFC 4180) with cells no spreadsheet runs.

    ``from`` and ``to`` are local days of receipt, both included; without them all tickets. The export is audited.
    """
    wired, now, who = runtime(), runtime().now(), viewer()
    opd = request.args.get("opd", "")
    first, last = parse_day(request.args.get("from", "")), parse_day(request.args.get("to", ""))
    start = start_of(wired.region, first) if first else None
    end = start_of(wired.region, last + timedelta(days=1)) if last else None
    detail: dict[str, object] = {"opd": opd, "from": str(first or ""), "to": str(last or "")}
    with wired.writing() as session:
        audit(session, now, "export.tickets", staff_id=who.staff_id, subject="export", subject_id="", detail=detail)

    def lines() -> Iterator[str]:
        yield BYTE_ORDER_MARK + csv_line(EXPORT_COLUMNS)
        with wired.reading() as session:
            rows = export_tickets(
                session, wired.region, agencies=_agencies(who.scope, opd), start=start, end=end, now=now
            )
            for row in rows:
                yield csv_line([row[name] for name in EXPORT_COLUMNS])

    name = f"aduan-{wired.region.local(now).date().isoformat()}.csv"
    return Response(lines(), mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'})
