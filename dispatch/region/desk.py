"""``desk.yaml``: pauses, hand-overs, the ladder, closing, likely duplicates, the national system's files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dispatch.region.forms import Group, read
from dispatch.region.reading import At, Tree
from dispatch.region.rules import Alike, Closing, DeskRules, Escalation, Handover, Lapor, Pausing, Rung
from dispatch.region.shapes import DESK
from dispatch.region.values import Fault

#: In the file: every category that is not named.
ANY = "any"
_PARTS: dict[str, Any] = {"pausing": Pausing, "handover": Handover, "closing": Closing, "lapor": Lapor}


@dataclass(frozen=True, slots=True)
class Desk:
    """Calling this will hold what desk.yaml says, the categories it names, and each status of ours it names."""

    rules: DeskRules
    categories: tuple[At[str], ...] = ()
    statuses: tuple[At[str], ...] = ()


def read_desk(folder: Path, faults: list[Fault]) -> Desk:
    """Calling this will read ``desk.yaml``, noting each fault of form; without the file all rules are the usual ones.
    It raises nothing."""
    if not (folder / "desk.yaml").exists():
        return Desk(DeskRules())
    tree = Tree(folder / "desk.yaml", faults)
    before = len(faults)
    given = read(tree, tree.root, Group(DESK)) if tree.root is not None else {}
    if len(faults) != before or not given:
        return Desk(DeskRules())
    rules: dict[str, Any] = {name: make(**given[name]) for name, make in _PARTS.items() if given[name]}
    if given["escalation"]:
        usual = Escalation()
        rungs = tuple(Rung(**each) for each in given["escalation"]["rungs"]) or usual.rungs
        rules["escalation"] = Escalation(rungs, given["escalation"]["digest_at"] or usual.digest_at)
    if given["alike"]:
        alike = {"" if key == ANY else key: Alike(**each) for key, each in given["alike"].items()}
        rules["alike"] = {"": Alike(), **alike}
    desk = Desk(DeskRules(**rules), *_named(tree))
    _bounds(tree, desk.rules)
    return desk


def _named(tree: Tree) -> tuple[tuple[At[str], ...], tuple[At[str], ...]]:
    """The codes that must be known elsewhere, each with its line."""
    top = tree.mapping(tree.root)
    lapor = tree.mapping(top["lapor"][1]) if "lapor" in top else {}
    categories = [key for key, _ in tree.mapping(top["alike"][1]).values()] if "alike" in top else []
    ours = [value for _, value in tree.mapping(lapor["statuses"][1]).values()] if "statuses" in lapor else []
    ours += [key for key, _ in tree.mapping(lapor["export_statuses"][1]).values()] if "export_statuses" in lapor else []
    return tuple(_at(tree, node) for node in categories if tree.scalar(node) != ANY), tuple(
        _at(tree, node) for node in ours
    )


def _at(tree: Tree, node: yaml.Node) -> At[str]:
    return At(tree.scalar(node), tree.file, node.start_mark.line + 1)


def _bounds(tree: Tree, rules: DeskRules) -> None:
    """What must fit between the values of one part."""
    top = tree.mapping(tree.root)
    if rules.pausing.total_days < rules.pausing.cap_days:
        tree.fault(top["pausing"][0], "pausing: total_days is below cap_days")
    after = [rung.after_hours for rung in rules.escalation.rungs]
    if after != sorted(after):
        tree.fault(top["escalation"][0], "escalation: the rungs must stand in the order of after_hours")
