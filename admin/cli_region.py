"""Commands for the region pack: check it, show it, and ask its service directory."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import click

from admin.cli_editions import editions, rehearse, schema, tell_faults
from admin.cli_places import places
from dispatch import directory
from dispatch.phrases import LANGUAGES, REQUIRED, Phrases
from dispatch.region import Region, load
from dispatch.region import check as check_pack
from dispatch.runtime import from_environment
from dispatch.services.editions import UnknownEdition, load_edition


@click.group()
def region() -> None:
    """Check a region pack, show it, or ask its service directory."""


for command in (places, editions, rehearse, schema):
    region.add_command(command)


@region.command()
@click.argument("pack", required=False)
def check(pack: str | None) -> int:
    """List every fault of a region pack with file and line.

    PACK is the name of one, or a path (with a slash) to its folder; without it the pack in force is checked.
    """
    settings = from_environment().settings
    name, packs = pack or settings.region, settings.region_dir
    if pack and ("/" in pack or pack in (".", "..")):
        folder = Path(pack).resolve()
        name, packs = folder.name, folder.parent
    faults = check_pack(name, packs, required_phrases=REQUIRED)
    if not faults:  # what an answer takes is known once every file can be read
        read = load(name, packs, required_phrases=REQUIRED)
        faults = directory.too_long(read, Phrases(read))
    tell_faults(faults)
    verdict = f"{len(faults)} fault(s)" if faults else f"region pack {name} is in order"
    click.echo(verdict, err=bool(faults))
    return 1 if faults else 0


@region.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object with every agency and category.")
@click.option("--edition", help="An earlier edition that ruled tickets here instead of the pack in force.")
def show(as_json: bool, edition: str | None) -> None:
    """Show agencies, categories and counts of the region pack in force."""
    runtime = from_environment()
    if edition is None:
        pack = runtime.region
    else:
        with runtime.reading() as session:
            try:
                pack = load_edition(session, edition)
            except UnknownEdition as error:
                raise click.ClickException(str(error)) from None
    if as_json:
        agencies = [
            {"code": a.code, "name": a.name, "level": a.level, "area": a.area, "joined": a.joined}
            for a in pack.agencies.values()
        ]
        categories = [{"code": c.code, "name": c.name, "function": c.function} for c in pack.categories.values()]
        head = {
            "code": pack.code,
            "name": pack.name,
            "version": pack.version,
            "edition": pack.edition,
            "counts": _counts(pack),
        }
        click.echo(json.dumps({**head, "agencies": agencies, "categories": categories}, ensure_ascii=False))
        return
    click.echo(f"{pack.name} ({pack.code} {pack.edition}), {pack.zone.key}")
    click.echo("  " + ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in _counts(pack).items()))
    for agency in pack.agencies.values():
        click.echo(f"  {agency.code:24} {agency.name}" + ("" if agency.ours else "  (not ours)"))
    examples = Counter(example.category for example in pack.examples)
    for category in pack.categories.values():
        count = f"{examples[category.code]} examples"
        click.echo(f"  {category.code:24} {category.name} → {category.function}, {count}")


def _counts(pack: Region) -> dict[str, int]:
    services = pack.services.values()
    return {
        "agencies": len(pack.agencies),
        "places": len(pack.places),
        "categories": len(pack.categories),
        "examples": len(pack.examples),
        "categories_with_knowledge": len(pack.knowledge),
        "aspects": len(pack.aspects),
        "aspect_texts": sum(len(texts) for labels in pack.aspects.values() for texts in labels.values()),
        "services": len(services),
        "services_to_confirm": sum(service.confirm for service in services),
    }


@region.command()
@click.option("--language", type=click.Choice(LANGUAGES), default=LANGUAGES[0], show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.argument("text")
def service(text: str, language: str, as_json: bool) -> None:
    """Show what the service directory would answer to TEXT, and why or why not."""
    runtime = from_environment()
    found = directory.judge(runtime.region, text)
    near = directory.best(runtime.region, text)
    answers = {
        "short": directory.answer(runtime.phrases, found.service, language, short=True),
        "full": directory.answer(runtime.phrases, found.service, language),
    } if found.service and found.answers else {}  # fmt: skip
    if as_json:
        body = {
            "answers": found.answers,
            "service": found.service.code if found.service else None,
            "reason": found.reason,
            "likeness": round(found.likeness, 3),
            "lead": round(found.lead, 3),
            "known": round(found.known, 3),
            "strange": list(found.strange),
            "nearest": [each.code for each in near],
        }
        click.echo(json.dumps({**body, **answers}, ensure_ascii=False))
        return
    if found.service is None or not found.answers:
        click.echo(f"no answer: {found.reason}")
    if found.service is not None:
        click.echo(f"nearest {found.service.code} ({found.service.file}:{found.service.line})")
        for what, has, needs in (
            ("likeness", found.likeness, directory.LIKENESS),
            ("lead", found.lead, directory.LEAD),
            ("known", found.known, directory.KNOWN),
        ):
            click.echo(f"  {what:9} {has:.2f}, needs {needs:.2f}")
        click.echo(f"  words it does not know: {', '.join(found.strange) or '-'}")
    click.echo(f"a search shows {', '.join(each.code for each in near) or 'nothing'}")
    for name, words in answers.items():
        click.echo(f"--- {name}, {len(words)} characters\n{words}")
