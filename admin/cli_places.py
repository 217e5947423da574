"""The command that measures how well places are recognised in a file of messages."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from dispatch.places.measuring import BadCases, Figures, Judged, figures, judge, read
from dispatch.runtime import from_environment

#: So many characters of a message are shown.
SHOWN = 80


@click.command("places")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--half", default="", help="Only the rows with this word in the column half.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object with the figures of every level.")
def places(file: Path, half: str, as_json: bool) -> int:
    """Look for the place of every message of FILE (CSV: text,area,level,note,half) and compare it with the area.

    An area is a code of places.csv, empty where the message names no place of the region.
    """
    try:
        cases = [case for case in read(file) if half in ("", case.half)]
    except BadCases as error:
        click.echo(str(error), err=True)
        return 1
    judged = judge(cases, from_environment().places.find)
    levels = {level: [one for one in judged if one.case.level == level] for level in _levels(judged)}
    if as_json:
        body = {level: _body(figures(rows)) for level, rows in (*levels.items(), ("all", judged))}
        click.echo(json.dumps(body, ensure_ascii=False))
        return 0
    click.echo(f"{'level':10} {'texts':>6} {'right':>6} {'around':>6} {'unknown':>7} {'wrong':>6}")
    for level, rows in (*levels.items(), ("all", judged)):
        counted = figures(rows)
        click.echo(
            f"{level:10} {counted.count:6} {counted.right:6} {counted.coarse:6} {counted.unknown:7} {counted.wrong:6}"
        )
    whole = figures(judged)
    click.echo(
        f"kecamatan found where one is named: {whole.right_districts} of {whole.named} ({whole.district_share:.1%})"
    )
    click.echo(f"a wrong place instead of unknown: {whole.wrong} of {whole.count} ({whole.wrong_share:.1%})")
    for one in judged:
        if not one.right:
            what = "wrong" if one.wrong else "around" if one.coarse else "unknown"
            told = f"{what}: {one.given or '-'}, not {one.case.area or 'unknown'}"
            click.echo(f"{file.name}:{one.case.line}: {told}: {' '.join(one.case.text.split())[:SHOWN]}")
    return 0


def _levels(judged: list[Judged]) -> list[str]:
    return list(dict.fromkeys(one.case.level for one in judged))


def _body(counted: Figures) -> dict[str, float]:
    return {
        **asdict(counted),
        "unknown": counted.unknown,
        "district_share": round(counted.district_share, 4),
        "wrong_share": round(counted.wrong_share, 4),
    }
