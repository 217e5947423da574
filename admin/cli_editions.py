"""Commands about changing a region pack: what another one would change, which ones ruled, and the form of its files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import click

from dispatch.phrases import REQUIRED
from dispatch.region import Fault, Region, load
from dispatch.region import check as check_pack
from dispatch.region.schema import schemas
from dispatch.rehearsal import Outcome, Tally
from dispatch.rehearsal import rehearse as replay
from dispatch.runtime import from_environment
from dispatch.services import editions as kept

#: A month, for looking back.
MONTH = timedelta(days=30.4375)
#: Faults of a pack that are listed: more than these nobody reads at once.
SHOWN_FAULTS = 500


def tell_faults(faults: Sequence[Fault]) -> None:
    """Calling this will list the first faults of a pack, and say how many more there are."""
    for fault in faults[:SHOWN_FAULTS]:
        click.echo(str(fault))
    if len(faults) > SHOWN_FAULTS:
        click.echo(f"and {len(faults) - SHOWN_FAULTS} more")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def editions(as_json: bool) -> None:
    """List the editions of the region pack that ruled tickets here."""
    runtime = from_environment()
    with runtime.reading() as session:
        found = kept.listed(session)
    if as_json:
        rows = [{**asdict(each), "recorded_at": each.recorded_at.isoformat()} for each in found]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for each in found:
        mark = " (in force)" if each.edition == runtime.region.edition else ""
        since = runtime.region.local(each.recorded_at).strftime("%Y-%m-%d %H:%M")
        click.echo(f"{each.region} {each.edition:28} since {since} {each.tickets:7} tickets{mark}")


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--months", type=click.IntRange(1, 600), default=12, show_default=True, help="How far to look back.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def rehearse(folder: Path, months: int, as_json: bool) -> int:
    """Show what the region pack in FOLDER would have made of the tickets there are. Nothing is changed."""
    runtime = from_environment()
    folder = folder.resolve()
    if faults := check_pack(folder.name, folder.parent, required_phrases=REQUIRED):
        tell_faults(faults)
        click.echo(f"{len(faults)} fault(s): nothing was rehearsed", err=True)
        return 1
    candidate = load(folder.name, folder.parent, required_phrases=REQUIRED)
    now = runtime.now()
    with runtime.reading() as session:
        found = replay(session, runtime.region, candidate, now, since=now - months * MONTH)
    if as_json:
        click.echo(json.dumps(_body(runtime.region, candidate, found), ensure_ascii=False))
    else:
        _tell(runtime.region, candidate, found, months)
    return 1 if found.orphans else 0


def _body(present: Region, candidate: Region, found: Outcome) -> dict[str, object]:
    return {
        "present": present.edition,
        "candidate": candidate.edition,
        "tickets": found.looked,
        "moved": [{"from": before, "to": after, **asdict(tally)} for (before, after), tally in found.moved.items()],
        **{name: asdict(tally) for name, tally in _times(found).items()},
        "orphans": [asdict(orphan) for orphan in found.orphans],
    }


def _times(found: Outcome) -> dict[str, Tally]:
    return {
        "become_late": found.become_late,
        "no_longer_late": found.no_longer_late,
        "more_time": found.more_time,
        "less_time": found.less_time,
    }


_TOLD = {
    "become_late": "become late",
    "no_longer_late": "are no longer late",
    "more_time": "get more time",
    "less_time": "get less time",
}


def _tell(present: Region, candidate: Region, found: Outcome, months: int) -> None:
    click.echo(f"{found.looked} tickets of {months} months, {present.edition} against {candidate.edition}")
    elsewhere = sum(tally.count for tally in found.moved.values())
    times = _times(found)
    told = ", ".join(f"{tally.count} {_TOLD[name]}" for name, tally in times.items())
    click.echo(f"{elsewhere} go elsewhere, {told}")
    for (before, after), tally in found.moved.items():
        click.echo(f"  {before} → {after}: {tally.count} ({', '.join(tally.numbers) or 'secret'})")
    for name, tally in times.items():
        if tally.count:
            click.echo(f"  {_TOLD[name]}: {', '.join(tally.numbers) or 'secret'}")
    for orphan in found.orphans:
        what = "staff" if orphan.kind == "staff" else f"tickets ({orphan.open} open)"
        kind = "agency" if orphan.kind == "staff" else orphan.kind
        shown = f": {', '.join(orphan.numbers)}" if orphan.numbers else ""
        click.echo(f"error: {kind} {orphan.code} is not in the candidate: {orphan.count} {what}{shown}")


@click.command()
@click.option("--write", "folder", type=click.Path(file_okay=False, path_type=Path), help="Write the files there.")
def schema(folder: Path | None) -> None:
    """Show the form of every file of a region pack as JSON Schema, or write one file each."""
    found = schemas()
    if folder is None:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in found.items():
        (folder / name).write_text(json.dumps(body, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    click.echo(f"{len(found)} schemas written to {folder}", err=True)
