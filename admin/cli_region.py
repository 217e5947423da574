"""Commands for what is local: the region pack and the channels."""

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


@click.group()
def channels() -> None:
    """See whether the configured channels work."""


@channels.command("check")
def check_channels() -> int:
    """For each configured channel: can we sign in, is the webhook ours, what is pending. Sends nothing."""
    runtime = from_environment()
    good = True
    for kind, channel in runtime.registry.channels.items():
        lines = channel.check()
        for line in lines:
            good = good and line.ok
            click.echo(f"{'ok  ' if line.ok else 'BAD '} {kind}: {line.name}: {line.detail}")
        if not lines:
            click.echo(f"ok   {kind}: needs nothing from outside")
        channel.close()
    return 0 if good else 1
