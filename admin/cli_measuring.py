"""Commands that measure the classifier: on somebody's labelled texts, and one version against another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from admin.cli import CommandFault
from dispatch.runtime import Runtime, from_environment

if TYPE_CHECKING:
    from classifier.dataset import Dataset
    from classifier.evaluate import Figures
    from classifier.mapped import Mapped
    from classifier.reader import Reader

FIGURES = ("accuracy", "macro_f1", "top3", "coverage", "ece")
_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("file", type=_FILE, required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.option("--folds", type=click.IntRange(2, 20), default=5, show_default=True)
@click.option("--train", "train_file", type=_FILE, help="Train on this file and test on FILE.")
@click.option("--starter", is_flag=True, help="Test the region pack's own model on FILE.")
@click.option("--map", "map_file", type=_FILE, help="With --starter: CSV label,target, what FILE's labels mean here.")
@click.option("--alone", is_flag=True, help="Without what the region pack teaches: FILE's own rows only.")
@click.option("--aspects", is_flag=True, help="Measure kind, supervision, danger and urgency on the pack's own texts.")
def evaluate(
    file: Path | None,
    as_json: bool,
    folds: int,
    train_file: Path | None,
    starter: bool,
    map_file: Path | None,
    alone: bool,
    aspects: bool,
) -> None:
    """Measure on FILE (columns text,label): grouped cross-validation unless --train or --starter is given.

    What the region pack teaches helps in each fold, whatever FILE's labels are, unless --alone is given.

    With --starter FILE's labels are codes of categories, functions or agencies of the region pack, or whatever --map
    says; a label that stands for several categories gets the sum of their probabilities.
    """
    if starter and train_file:
        raise CommandFault("--starter and --train exclude each other")
    if map_file and not starter:
        raise CommandFault("--map says what labels mean to the region pack's own model: give --starter with it")
    if aspects:
        if file or train_file or starter:
            raise CommandFault("--aspects measures on the region pack's own texts: give no file with it")
        _show_aspects(from_environment(), folds, as_json)
        return
    if file is None:
        raise CommandFault("give the FILE to measure on, or --aspects")
    from classifier import dataset
    from classifier import evaluate as measuring

    data = dataset.read(file)
    try:
        if starter:
            _show_mapped(_starter(from_environment(), data, map_file), as_json)
            return
        teacher = None if alone else _teacher()
        if train_file:
            found = measuring.train_and_test(dataset.read(train_file), data, teacher=teacher)
        else:
            found = measuring.cross_validate(data, folds, teacher=teacher)
    except ValueError as error:  # too few texts or labels for what was asked
        raise CommandFault(str(error)) from error
    _show(found, as_json, {})


def _teacher() -> Dataset:
    from classifier import teaching
    from dispatch import training

    region = from_environment().region
    return teaching.joined(training.taught(region), training.known(region))


def _starter(runtime: Runtime, data: Dataset, map_file: Path | None) -> Mapped:
    from classifier import mapped
    from dispatch import mapping, training

    region = runtime.region
    if map_file:
        targets: mapping.Targets = mapping.read_map(region, map_file)
        what = f"mapped by {map_file.name}"
    else:
        data, targets, what = mapping.recognise(region, data)
    reader = training.starter(runtime)
    names = set(data.labels)
    targets = {label: categories for label, categories in targets.items() if label in names}
    reached = frozenset[str]().union(*targets.values())
    protocol = (
        f"{reader.version}, made from the region pack alone, on another set; labels are {what}: {len(targets)} of "
        f"{len(names)} stand for {len(reached)} of {len(reader.agency.labels)} categories, the others left out"
    )
    return mapped.evaluate(reader.agency, data, targets, protocol)


def _show_mapped(found: Mapped, as_json: bool) -> None:
    _show(found.figures, as_json, found.left_out)


def _show(found: Figures, as_json: bool, left_out: dict[str, int]) -> None:
    if as_json:
        body = found.as_dict() | {"left_out": {"rows": sum(left_out.values()), "labels": left_out}}
        click.echo(json.dumps(body, ensure_ascii=False))
        return
    click.echo(found.protocol)
    click.echo(f"texts {found.rows}, classes {found.classes}, folds {found.folds}")
    for name in FIGURES:
        low, high = found.intervals[name]
        click.echo(f"{name:10} {getattr(found, name):.3f}   95 %: {low:.3f} to {high:.3f}")
    if found.sure_precision is not None:
        click.echo(f"sure       {found.sure_share:.3f} of the texts, {found.sure_precision:.3f} of them right")
    if left_out:
        shown = ", ".join(f"{label} ({count})" for label, count in left_out.items())
        click.echo(f"left out   {sum(left_out.values())} texts whose label stands for nothing here: {shown}")


def _show_aspects(runtime: Runtime, folds: int, as_json: bool) -> None:
    from classifier import aspects

    region = runtime.region
    if not region.aspects:
        raise CommandFault("this region pack teaches no aspects")
    found: dict[str, dict[str, Any]] = aspects.evaluate(
        region.aspects, [each.text for each in region.examples], folds=folds
    )
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for aspect, figures in found.items():
        click.echo(aspect)
        for name, value in figures.items():
            click.echo(f"  {name:20} {value:.3f}" if isinstance(value, float) else f"  {name:20} {value}")


@click.command()
@click.argument("first")
@click.argument("second")
@click.argument("file", type=_FILE, required=False)
@click.option("--held-out", is_flag=True, help="On tickets people decided about and neither version learnt from.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def compare(first: str, second: str, file: Path | None, held_out: bool, as_json: bool) -> None:
    """Compare two versions on FILE (text,label: codes of categories), on the canary set unless a file is given.

    A version is named as ``aduan classifier versions`` lists it, or ``serving`` or ``starter``.
    """
    from classifier import dataset
    from dispatch import comparing, training

    if file and held_out:
        raise CommandFault("give a FILE or --held-out, not both")
    runtime = from_environment()
    training.ensure_model(runtime)
    readers = [_version(runtime, name) for name in (first, second)]
    if held_out:
        data, where = _unseen(runtime, readers), "tickets neither learnt from"
    elif file:
        data, where = dataset.read(file), file.name
    else:
        data, where = comparing.read_canary(runtime.settings, runtime.region.categories), "the canary set"
    found = comparing.compare(readers[0].agency, readers[1].agency, data)
    if as_json:
        body = {
            "on": where,
            "rows": found.rows,
            "versions": [
                {"version": readers[0].version, "accuracy": found.serving_right, "log_loss": found.serving_loss},
                {"version": readers[1].version, "accuracy": found.candidate_right, "log_loss": found.candidate_loss},
            ],
            "second_better_in": found.better_share,
        }
        click.echo(json.dumps(body, ensure_ascii=False))
        return
    click.echo(f"on {where}, {found.rows} texts")
    click.echo(f"{readers[0].version}: {found.serving_right:.1%} right, log loss {found.serving_loss:.3f}")
    click.echo(f"{readers[1].version}: {found.candidate_right:.1%} right, log loss {found.candidate_loss:.3f}")
    click.echo(f"the second has the lower log loss in {found.better_share:.0%} of resamples")


def _version(runtime: Runtime, name: str) -> Reader:
    from dispatch import training

    if name == "serving":
        return runtime.classifier
    if name == "starter":
        return training.starter(runtime)
    return training.load(runtime, name)


def _unseen(runtime: Runtime, readers: list[Reader]) -> Dataset:
    from dispatch import lessons
    from dispatch.services import models

    with runtime.reading() as session:
        rows = [models.find(session, reader.version) for reader in readers]
        found = lessons.gather(session, runtime.region)
    until = max([int(row.figures.get("until", 0)) for row in rows if row is not None and row.local], default=0)
    unseen = [each for each in found.rows if each.label_id > until]
    if not unseen:
        raise CommandFault("there are no decided tickets that neither version learnt from")
    return found.data(unseen)
