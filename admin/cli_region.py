"""Commands for the region pack."""

from __future__ import annotations

import json

import click

from dispatch.phrases import REQUIRED
from dispatch.region import check as check_pack
from dispatch.runtime import from_environment


@click.group()
def region() -> None:
    """Check or show a region pack."""


@region.command()
@click.argument("name", required=False)
def check(name: str | None) -> int:
    """List every fault of a region pack with file and line."""
    settings = from_environment().settings
    faults = check_pack(name or settings.region, settings.region_dir, required_phrases=REQUIRED)
    for fault in faults:
        click.echo(str(fault))
    verdict = f"{len(faults)} fault(s)" if faults else f"region pack {name or settings.region} is in order"
    click.echo(verdict, err=bool(faults))
    return 1 if faults else 0


@region.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object with every agency and category.")
def show(as_json: bool) -> None:
    """Show agencies and categories of the region pack in force."""
    pack = from_environment().region
    if as_json:
        agencies = [
            {"code": a.code, "name": a.name, "level": a.level, "area": a.area, "joined": a.joined}
            for a in pack.agencies.values()
        ]
        categories = [{"code": c.code, "name": c.name, "function": c.function} for c in pack.categories.values()]
        head = {"code": pack.code, "name": pack.name, "version": pack.version}
        click.echo(json.dumps({**head, "agencies": agencies, "categories": categories}, ensure_ascii=False))
        return
    click.echo(f"{pack.name} ({pack.code} {pack.version}), {pack.zone.key}, {len(pack.places)} places")
    for agency in pack.agencies.values():
        click.echo(f"  {agency.code:24} {agency.name}" + ("" if agency.ours else "  (not ours)"))
    for category in pack.categories.values():
        click.echo(f"  {category.code:24} {category.name} → {category.function}")
