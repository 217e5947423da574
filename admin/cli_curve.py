"""``aduan classifier curve``: what labelled texts of a place are worth, with the region pack and without."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from admin import chart
from admin.cli import CommandFault
from dispatch.runtime import from_environment

if TYPE_CHECKING:
    from classifier.curve import Point, Sets
    from classifier.evaluate import Figures

#: Shown of each model: the name of a figure and the head of its column.
SHOWN = {"accuracy": "accuracy", "macro_f1": "macro-F1", "top3": "top-3"}
KEPT = (*SHOWN, "coverage", "ece", "sure_share", "sure_precision")
_FILE = click.Path(path_type=Path)
_MOST_LISTED = 8


@click.command()
@click.argument("file", type=_FILE)
@click.option("--map", "map_file", type=_FILE, help="CSV label,target: what FILE's labels mean here.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.option("--svg", "picture", type=_FILE, help="Also draw the curve into this file.")
def curve(file: Path, map_file: Path | None, as_json: bool, picture: Path | None) -> None:
    """Train on more and more of FILE (columns text,label), with what the region pack teaches and without, and test both
    on the rest of it.

    Without --map FILE's labels are codes of categories. With it a category that several labels claim goes to the one
    that comes first in the map; categories nobody claims and rows whose label means nothing here are left out.
    """
    if picture and not picture.parent.is_dir():
        raise CommandFault(f"{picture.parent}: no such folder to draw into")
    from classifier import curve as learning

    try:
        sets = _sets(file, map_file)
        points: list[Point] = []
        for point in learning.learning_curve(sets.taught, sets.weak, sets.local):
            if not as_json:
                _show(point, sets, first=not points)
            points.append(point)
    except ValueError as error:  # too few texts or labels for what was asked
        raise CommandFault(str(error)) from error
    if as_json:
        click.echo(json.dumps(_body(points, sets), ensure_ascii=False))
    if picture:
        try:
            picture.write_text(_drawn(points, sets), encoding="utf-8")
        except OSError as error:
            raise CommandFault(f"{picture}: {error.strerror}") from error


def _sets(file: Path, map_file: Path | None) -> Sets:
    from classifier import dataset
    from classifier.curve import translated
    from dispatch import mapping, training

    region = from_environment().region
    local = dataset.read(file)
    own: mapping.Targets = {code: frozenset({code}) for code in region.categories}
    targets = mapping.read_map(region, map_file) if map_file else own
    return translated(training.taught(region), training.known(region), local, targets)


def _protocol(sets: Sets) -> str:
    from classifier.curve import FOLDS

    return (
        f"{len(sets.local.texts)} labelled texts, {len(set(sets.local.labels))} labels, tested on a third at a time "
        f"({FOLDS} folds, near-copies never in two, seed 0), trained on so many rows of the rest; together: with "
        f"{len(sets.taught.texts)} examples and {len(sets.weak.texts)} texts made from what the region pack knows; "
        "vocabulary, weights, calibration and threshold learnt from the rows trained on alone"
    )


def _left_out(sets: Sets) -> list[str]:
    lines = []
    if sets.left_out:
        named = _listed([f"{label} ({count})" for label, count in sets.left_out.items()])
        lines.append(f"left out   {sum(sets.left_out.values())} texts whose label stands for nothing here: {named}")
    if sets.unclaimed:
        lines.append(f"left out   {len(sets.unclaimed)} categories no label stands for: {_listed(sets.unclaimed)}")
    return lines


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_LISTED
    return ", ".join(names[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def _show(point: Point, sets: Sets, *, first: bool) -> None:
    if first:
        click.echo(_protocol(sets))
        for line in _left_out(sets):
            click.echo(line)
        click.echo(f"{'':8}{'together':^27}  {'alone':^27}".rstrip())
        heads = "".join(f"{head:>9}" for head in SHOWN.values())
        click.echo(f"{'rows':>7} {heads}  {heads}")
    click.echo(f"{point.rows:7} {_cells(point.together)}  {_cells(point.alone)}")


def _cells(found: Figures | None) -> str:
    return "".join(f"{'-' if found is None else format(getattr(found, name), '.3f'):>9}" for name in SHOWN)


def _body(points: Sequence[Point], sets: Sets) -> dict[str, Any]:
    def figures(found: Figures | None) -> dict[str, float | None] | None:
        return None if found is None else {name: getattr(found, name) for name in KEPT}

    return {
        "protocol": _protocol(sets),
        "left_out": {
            "rows": sum(sets.left_out.values()),
            "labels": dict(sets.left_out),
            "categories": list(sets.unclaimed),
        },
        "points": [
            {"rows": point.rows, "together": figures(point.together), "alone": figures(point.alone)} for point in points
        ],
    }


def _drawn(points: Sequence[Point], sets: Sets) -> str:
    lines = []
    for name, grey in (("top3", True), ("macro_f1", False)):
        together = [(point.rows, getattr(point.together, name)) for point in points]
        alone = [(point.rows, getattr(point.alone, name)) for point in points if point.alone is not None]
        lines.append(chart.Line(f"{SHOWN[name]} together", together, grey=grey))
        lines.append(chart.Line(f"{SHOWN[name]} alone", alone, grey=grey, dashed=True))
    description = "; ".join(
        f"{line.name}: " + ", ".join(f"{value:.2f} from {rows} rows" for rows, value in line.points) for line in lines
    )
    return chart.drawn(
        "What labelled texts are worth, with the region pack and alone",
        f"{_protocol(sets)}. {description}.",
        "labelled texts trained on (logarithmic)",
        lines,
    )
