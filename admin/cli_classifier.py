"""Commands for the classifier: ask it, train it, measure it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from admin.cli import CommandFault
from classifier.suggestion import Prediction
from dispatch import routing
from dispatch.runtime import Runtime, from_environment
from dispatch.training import ensure_model


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
    click.echo(f"model {answer['model']}")


def _answer(runtime: Runtime, text: str) -> dict[str, Any]:
    """One text's suggestions: the classifier's categories, routed to agencies by the place the text names."""
    [prediction] = runtime.classifier.suggest([text])
    area = runtime.places.find(text).area
    return {
        "suggestions": _suggestions(runtime, prediction, area),
        "sure": prediction.sure,
        "kind": _kind(runtime, prediction),
        "area": area,
        "model": prediction.model,
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


def _kind(runtime: Runtime, prediction: Prediction) -> str:
    best = next((item.label for item in prediction.suggestions if item.label in runtime.region.categories), None)
    return runtime.region.categories[best].kind if best else "complaint"


@click.group()
def classifier() -> None:
    """Train and measure the classifier."""


@classifier.command()
@click.option("--force", is_flag=True, help="Train even when the model in place was made from the same examples.")
def train(force: bool) -> None:
    """Train the starter model from the region pack's examples."""
    runtime = from_environment()
    click.echo(ensure_model(runtime, force=force))


@classifier.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.option("--folds", type=click.IntRange(2, 20), default=5, show_default=True)
@click.option("--train", "train_file", type=click.Path(path_type=Path), help="Train on this file and test on FILE.")
@click.option("--starter", is_flag=True, help="Test the region pack's own model on FILE.")
def evaluate(file: Path, as_json: bool, folds: int, train_file: Path | None, starter: bool) -> None:
    """Measure on FILE (columns text,label): grouped cross-validation unless --train or --starter is given."""
    from classifier import dataset
    from classifier import evaluate as measuring

    if starter and train_file:
        raise CommandFault("--starter and --train exclude each other")
    data = dataset.read(file)
    try:
        if starter:
            pack = from_environment().region
            own = dataset.Dataset(tuple(e.text for e in pack.examples), tuple(e.category for e in pack.examples))
            found = measuring.train_and_test(own, data)
        elif train_file:
            found = measuring.train_and_test(dataset.read(train_file), data)
        else:
            found = measuring.cross_validate(data, folds)
    except ValueError as error:  # too few texts or labels for what was asked
        raise CommandFault(str(error)) from error
    if as_json:
        click.echo(json.dumps(found.as_dict(), ensure_ascii=False))
        return
    click.echo(found.protocol)
    click.echo(f"texts {found.rows}, classes {found.classes}, folds {found.folds}")
    for name in ("accuracy", "macro_f1", "top3", "coverage", "ece"):
        click.echo(f"{name:10} {getattr(found, name):.3f}")
