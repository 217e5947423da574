"""``ownership.yaml``: whose asset a report may be about: owners, categories and their owners, assets with a name."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import yaml

from dispatch.region.forms import Group, extra, needed, read
from dispatch.region.reading import At, Tree
from dispatch.region.shapes import ASSET, OWNER, OWNERS, OWNERSHIP
from dispatch.region.values import Asset, Fault, Level, Owner

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ownership:
    """Calling this will hold what ownership.yaml says, each part with its line."""

    owners: list[At[Owner]] = field(default_factory=list)
    owned: list[At[tuple[str, tuple[str, ...]]]] = field(default_factory=list)
    assets: list[At[Asset]] = field(default_factory=list)
    readable: bool = True


def read_ownership(folder: Path, faults: list[Fault], dropped: set[str]) -> Ownership:
    """Calling this will read ``ownership.yaml``, noting each fault of form and the codes of faulty owners in
    ``dropped``; without the file nothing is known of owners. It raises nothing."""
    found = Ownership()
    if not (folder / "ownership.yaml").exists():
        return found
    tree = Tree(folder / "ownership.yaml", faults)
    if tree.root is None:
        return Ownership(readable=False)
    entries = tree.mapping(tree.root, needed(OWNERSHIP), extra(OWNERSHIP))
    for node in _nodes(tree, entries, "owners"):
        before = len(faults)
        given = read(tree, node, Group(OWNER))
        if len(faults) == before:
            found.owners.append(_at(tree, node, Owner(**{**given, "level": Level(given["level"])})))
        else:
            dropped.add(given["code"] if isinstance(given, dict) else "")
    if "owned" in entries:
        for category, (key, value) in tree.mapping(entries["owned"][1]).items():
            before = len(faults)
            owners = read(tree, value, OWNERS, category)
            if len(faults) == before:
                found.owned.append(_at(tree, key, (category, owners)))
    for node in _nodes(tree, entries, "assets"):
        before = len(faults)
        given = read(tree, node, Group(ASSET))
        if len(faults) == before:
            found.assets.append(_at(tree, node, Asset(**given)))
    return found


def _nodes(tree: Tree, entries: dict[str, tuple[yaml.Node, yaml.Node]], part: str) -> list[yaml.Node]:
    return tree.items(entries[part][1]) if part in entries else []


def _at(tree: Tree, node: yaml.Node, value: T) -> At[T]:
    return At(value, tree.file, node.start_mark.line + 1)
