"""Commands for the classifier: ask it, let it explain itself, train it, go back. Measuring is in ``cli_measuring``."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from admin.cli_curve import curve
from admin.cli_measuring import compare, evaluate
from classifier.reading import Kind, Reading
from classifier.suggestion import Prediction
from dispatch import routing
from dispatch.runtime import Runtime, from_environment
from dispatch.training import ensure_model

EXPLAINED = 5
#: Words of each category that an explanation shows.
WORDS = 6


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@click.argument("text")
def classify(as_json: bool, text: str) -> None:
    """Suggest the agency for TEXT, with the words that decided; - reads a text a line from standard input, JSON out."""
    runtime = from_environment()
    ensure_model(runtime)
    if text == "-":
        for line in sys.stdin.buffer:  # bytes: one line that is not UTF-8 must not end the others
            click.echo(json.dumps(_answer(runtime, line.decode("utf-8", "replace").rstrip("\r\n")), ensure_ascii=False))
        return
    answer = _answer(runtime, text)
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    click.echo("sure" if answer["sure"] else "not sure: a person would decide")
    for item in answer["suggestions"]:
        click.echo(f"  {item['confidence']:.0%}  {item['name']} ({item['agency']}): {item['category']}")
        click.echo(f"       words: {', '.join(item['words']) or '-'}")
    for line in _beside(answer):
        click.echo(line)
    click.echo(f"model {answer['model']}")


def _answer(runtime: Runtime, text: str) -> dict[str, Any]:
    """One text's suggestions: the classifier's categories, routed to agencies by the place the text names; and what
    else was read from it."""
    [reading] = runtime.classifier.read([text])
    area = runtime.places.find(text).area
    return {
        "suggestions": _suggestions(runtime, reading.prediction, area),
        "sure": reading.prediction.sure,
        "kind": _kind(runtime, reading),
        "supervision": reading.supervision,
        "danger": reading.danger,
        "urgent": reading.urgent,
        "personal": sorted({found.kind for found in reading.personal}),
        "language": reading.language,
        "area": area,
        "model": reading.prediction.model,
    }


def _suggestions(runtime: Runtime, prediction: Prediction, area: str | None) -> list[dict[str, Any]]:
    region = runtime.region
    rows: list[dict[str, Any]] = []
    for item in prediction.suggestions:
        if item.label not in region.categories:
            continue
        code = routing.route(region, item.label, area).agency
        rows.append(
            {
                "agency": code,
                "name": region.agencies[code].name,
                "category": item.label,
                "confidence": round(item.confidence, 4),
                "words": list(item.words),
            }
        )
    return rows


def _kind(runtime: Runtime, reading: Reading) -> str:
    """What the text wants; the likeliest category's own kind where the region pack teaches no kinds."""
    if reading.kind_confidence:
        return reading.kind
    ranked = (item.label for item in reading.prediction.suggestions)
    best = next((label for label in ranked if label in runtime.region.categories), None)
    return runtime.region.categories[best].kind if best else Kind.COMPLAINT


def _beside(answer: dict[str, Any]) -> list[str]:
    lines = [f"kind {answer['kind']}, language {answer['language'] or 'not told'}"]
    if answer["danger"]:
        lines.append(f"DANGER to life: {answer['danger']}")
    if answer["urgent"]:
        lines.append("urgent: cannot wait for the next working day")
    if answer["supervision"]:
        lines.append("about the conduct of officials")
    if answer["personal"]:
        lines.append(f"holds personal data: {', '.join(answer['personal'])}")
    return lines


@click.group()
def classifier() -> None:
    """Ask, train and measure the classifier, and go back to an earlier version of it."""


classifier.add_command(evaluate)
classifier.add_command(compare)
classifier.add_command(curve)


@classifier.command()
@click.argument("text")
def explain(text: str) -> None:
    """Show how TEXT is read: its words, what is found in it, the likeliest categories and what each word adds."""
    from classifier.scorer import read_tokens

    runtime = from_environment()
    ensure_model(runtime)
    [reading] = runtime.classifier.read([text])
    area = runtime.places.find(text).area
    pairs = [(token.surface, token.form) for token in runtime.classifier.agency.mended(read_tokens(text))]
    changed = [(surface, form) for surface, form in dict.fromkeys(pairs) if form.islower() and surface.lower() != form]
    read_as = ", ".join(f"{surface} = {form}" for surface, form in changed)
    click.echo(f"read as: {' '.join(form for _, form in pairs) or '(nothing to read)'}")
    if read_as:
        click.echo(f"  short or misspelt: {read_as}")
    click.echo(f"place: {runtime.region.place_name(area) if area else 'none named'}")
    for line in _aspects(reading):
        click.echo(line)
    click.echo("")
    for line in _ranked(runtime, text, area):
        click.echo(line)
    click.echo(_why(runtime, reading.prediction))
    click.echo(f"model {reading.prediction.model}")


def _aspects(reading: Reading) -> list[str]:
    danger = f"{reading.danger} ({reading.danger_confidence:.0%})" if reading.danger else "none"
    conduct = "yes" if reading.supervision else "no"
    personal = ", ".join(sorted({found.kind for found in reading.personal})) or "none"
    return [
        f"kind: {reading.kind} ({reading.kind_confidence:.0%})",
        f"conduct of officials: {conduct} ({reading.supervision_confidence:.0%})",
        f"danger to life: {danger}; urgent: {'yes' if reading.urgent else 'no'}",
        f"personal data: {personal}; language: {reading.language or 'not told'}",
    ]


def _ranked(runtime: Runtime, text: str, area: str | None) -> list[str]:
    from classifier.explaining import weights

    region, scorer = runtime.region, runtime.classifier.agency
    [prediction] = runtime.classifier.suggest([text], top=EXPLAINED)
    lines = []
    for item in prediction.suggestions:
        route = routing.route(region, item.label, area) if item.label in region.categories else None
        to = f"{region.agencies[route.agency].name} ({route.agency}), because: {route.reason}" if route else "no route"
        lines.append(f"{item.confidence:6.1%}  {item.label} -> {to}")
        spoke = [each for each in weights(scorer, text, item.label) if abs(each.share) >= 0.001]
        chosen = spoke[:WORDS]
        # A number or an address is shown as what it is, never as it was written.
        words = ((each.surface if each.form.islower() else each.form, each.share) for each in chosen)
        shown = ", ".join(f"{word} {100 * share:+.1f}" for word, share in words)
        lines.append(f"        without the word it loses: {shown or '-'}")
    return lines


def _why(runtime: Runtime, prediction: Prediction) -> str:
    threshold = runtime.classifier.agency.threshold
    if not prediction.suggestions:
        return "not sure: nothing to read"
    best = prediction.suggestions[0].confidence
    if threshold > 1:
        return "not sure: this model never is, it was trained on too few texts to know when it is right"
    if prediction.sure:
        precision = runtime.region.sure_precision
        return f"sure: {best:.0%} reaches {threshold:.0%}, from which {precision:.0%} of unseen texts were right"
    if best < threshold:
        return f"not sure: {best:.0%} is below {threshold:.0%}; a person would decide"
    return "not sure: too much of the text is unknown to the model; a person would decide"


@classifier.command()
@click.option("--force", is_flag=True, help="Train even when the model in place was made from the same examples.")
def train(force: bool) -> None:
    """Train the starter model from the region pack's examples, and say which version serves."""
    click.echo(ensure_model(from_environment(), force=force))


@classifier.command()
@click.option("--now", "at_once", is_flag=True, help="Do not wait for 40 new lessons.")
def retrain(at_once: bool) -> None:
    """Train on what officers decided, and let the result serve if it is better; what every night does by itself."""
    from dispatch import learning

    runtime = from_environment()
    found = learning.retrain(runtime, at_once=at_once)
    runtime.close()
    click.echo(found.text)


@classifier.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def versions(as_json: bool) -> None:
    """List the versions made, newest first: which serves, with which figures, and why others do not."""
    from dispatch import learning
    from dispatch import versions as kept
    from dispatch.services import models

    runtime = from_environment()
    ensure_model(runtime)
    learning.note_serving(runtime)
    on_disk = {each.version for each in kept.trusted_pointer(runtime.settings.models)[0].kept}
    with runtime.reading() as session:
        rows = models.listing(session)
    for row in rows:
        if as_json:
            facts = row.model_dump(mode="json", exclude={"id"}) | {"kept": row.version in on_disk}
            click.echo(json.dumps(facts, ensure_ascii=False))
            continue
        held = row.figures.get("held_out", {})
        right = f", {held['candidate']:.1%} right on {held['rows']} held-out texts" if held else ""
        gone = "" if row.version in on_disk else ", not kept"
        when = runtime.region.local(row.trained_at).strftime("%Y-%m-%d %H:%M")
        click.echo(f"{row.version}  {row.state}  {when}  taught {row.taught}, tickets {row.local}{right}{gone}")
        if row.reason and row.state == "refused":
            click.echo(f"    {row.reason}")


@classifier.command()
@click.argument("version", default="")
def rollback(version: str) -> None:
    """Let VERSION serve again, the one before the present one unless named; running processes follow at once."""
    from dispatch import learning

    runtime = from_environment()
    before, now = learning.roll_back(runtime, version)
    runtime.close()
    click.echo(f"{now} serves, {before} is out of service")
