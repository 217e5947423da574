"""What the labels of somebody's file mean here: categories of the pack, named by category, function or agency."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from classifier import dataset
from classifier.dataset import Dataset, DatasetError
from dispatch.region import Region

Targets = Mapping[str, frozenset[str]]


def by_function(region: Region) -> dict[str, frozenset[str]]:
    """Calling this will give the categories that each function answers for."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for category in region.categories.values():
        found[category.function].add(category.code)
    return {function: frozenset(codes) for function, codes in found.items()}


def read_map(region: Region, path: Path) -> Targets:
    """Calling this will read a CSV with the columns ``label`` and ``target``: a label of the file to be measured, and
    the code of a category, a function or an agency it stands for; a label may have several rows.

    Raises DatasetError with every target that is none of these, by line.
    """
    functions = by_function(region)
    found: defaultdict[str, set[str]] = defaultdict(set)
    faults: list[str] = []
    for line, label, target in dataset.read_pairs(path, "label", "target"):
        if target in region.categories:
            found[label].add(target)
        elif target in functions:
            found[label] |= functions[target]
        elif target in region.agencies:
            found[label] |= functions.get(region.agencies[target].function, frozenset())
        else:
            faults.append(f"{path.name}:{line}: column target: {target}: no category, function or agency of this name")
    if faults:
        raise DatasetError(faults)
    return {label: frozenset(codes) for label, codes in found.items()}


def recognise(region: Region, data: Dataset) -> tuple[Dataset, Targets, str]:
    """Calling this will find out whether a file's labels are the pack's codes of categories, functions or agencies: the
    one that fits most rows.

    Returns the rows, those of agencies labelled with their function instead, what each label stands for, and what the
    labels are in words. Raises DatasetError when none of them is known.
    """
    functions = by_function(region)
    ways: dict[str, dict[str, str]] = {
        "categories": {code: code for code in region.categories},
        "functions": {code: code for code in functions},
        "agencies, taken for their functions": {code: agency.function for code, agency in region.agencies.items()},
    }
    counted = {name: sum(label in codes for label in data.labels) for name, codes in ways.items()}
    name = max(counted, key=lambda way: counted[way])
    if not counted[name]:
        raise DatasetError(
            ["none of the file's labels is the code of a category, function or agency: say what they mean with --map"]
        )
    codes = ways[name]
    renamed = Dataset(data.texts, tuple(codes.get(label, label) for label in data.labels))
    own = {code: frozenset({code}) for code in region.categories}
    return renamed, own if name == "categories" else functions, name
