"""``delivery.yaml``: which way is tried after which, when silence counts as a failure, prices, and budgets of a day."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import yaml

from channels.registry import CHANNELS
from dispatch.region.forms import extra, needed, take
from dispatch.region.reading import Tree
from dispatch.region.shapes import BUDGET, DELIVERY
from dispatch.region.values import Budget, Delivery, Fault

#: A kind's first provider bears its name, the others add to it behind a hyphen: so no channel need be imported here.
_KINDS = tuple(name for name in CHANNELS if "-" not in name)


def read_delivery(folder: Path, faults: list[Fault]) -> Delivery:
    """Calling this will read and check ``delivery.yaml``, noting each fault; it raises nothing."""
    tree = Tree(folder / "delivery.yaml", faults)
    entries = tree.mapping(tree.root, needed(DELIVERY))
    if tree.root is None or not entries:
        return Delivery()
    hours = tree.scalars(tree.root, {k: v for k, v in entries.items() if k == "undelivered_after_hours"})
    silence = take(hours, DELIVERY)["undelivered_after_hours"] if hours.fields else 24
    return Delivery(
        failover=_failover(tree, entries["failover"][1]) if "failover" in entries else (),
        undelivered_after=timedelta(hours=silence),
        prices={
            provider: _amounts(tree, node)
            for provider, node in _named(tree, entries, "prices", tuple(CHANNELS), "provider")
        },
        budgets={kind: _budget(tree, node) for kind, node in _named(tree, entries, "budgets", _KINDS, "channel")},
    )


def _failover(tree: Tree, node: yaml.Node) -> tuple[str, ...]:
    found: list[str] = []
    for item in tree.items(node):
        kind = tree.scalar(item)
        if kind not in _KINDS:
            tree.fault(item, f"failover: {kind!r} is not one of {', '.join(_KINDS)}")
        elif kind in found:
            tree.fault(item, f"failover: {kind} stands twice")
        else:
            found.append(kind)
    return tuple(found)


def _named(
    tree: Tree, entries: dict[str, tuple[yaml.Node, yaml.Node]], part: str, known: tuple[str, ...], what: str
) -> list[tuple[str, yaml.Node]]:
    """The entries of a mapping whose keys must be known names."""
    found = []
    for name, (key, value) in tree.mapping(entries[part][1]).items() if part in entries else ():
        if name in known:
            found.append((name, value))
        else:
            tree.fault(key, f"{part}: {name!r} is no {what}: {', '.join(known)}")
    return found


def _amounts(tree: Tree, node: yaml.Node) -> dict[str, int]:
    """Category → rupiah a message or segment; ``any`` stands for every category that is not named."""
    entries = tree.mapping(node)
    record = tree.scalars(node, entries)
    return {category: record.whole(category, 0, 999_999) for category in record.fields}


def _budget(tree: Tree, node: yaml.Node) -> Budget:
    record = tree.record(node, (), extra(BUDGET))
    given = {name: value for name, value in take(record, BUDGET).items() if value is not None}
    for soft in ("messages", "rupiah"):
        hard = f"hard_{soft}"
        if hard in given and given[hard] < given.get(soft, 0):
            record.fault(f"{hard} is below {soft}", hard)
    return Budget(**given)
