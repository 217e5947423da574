"""What may stand in the fields of a pack: one table for every file, read by the checks and published as JSON Schema.

A field is a kind and its limits. ``take`` reads the fields of a record by their form; nothing else decides what fits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

import yaml

from dispatch.region.reading import CODE, Record, Tree

LANGUAGES = ("id", "en")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
KINDS = ("complaint", "information", "aspiration")
STAGES = ("verify", "first_response", "resolution", "closing")
COUNTS = ("working_days", "hours")
PLACE_LEVELS = ("province", "regency", "district", "village")
AGENCY_LEVELS = ("province", "regency", "external")
#: On which level a category, or what an owner has, is answered.
ANSWERED_ON = ("local", "province", "external")
EVIDENCE = ("answer", "none", "photo")
#: As in ``dispatch.models.Position``, which needs a database library to import.
POSITIONS = ("officer", "head", "supervisor", "secretary")
#: As in ``dispatch.workflow``.
STATUSES = ("new", "assigned", "in_progress", "waiting", "answered", "resolved", "closed", "rejected", "forwarded")
SCOPES = ("agency", "supervisor", "region")

AREA = re.compile(r"\d{2}(?:\.\d{2}){0,2}|\d{2}\.\d{2}\.\d{2}\.\d{4}")
# The letters a ticket number may have: none that is mistaken for a digit over the phone.
PREFIX = re.compile(r"[A-HJKMNP-Z]{2,3}")
KEYWORD = re.compile(r"[A-Za-z0-9]{3,20}")
INTERVAL = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")
CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")
LINK = re.compile(r"https://[a-z0-9][a-z0-9.-]*\.[a-z]{2,}(?:/[^\s]*)?")
PHONE = re.compile(r"\+?[0-9](?:[0-9 -]{0,18}[0-9])?")
HOURS = re.compile(r"-?\d{1,4}")


@dataclass(frozen=True, slots=True)
class Field:
    """Calling this will hold what one field takes.

    ``kind`` is a key of ``READERS``. A field that is not ``needed`` may be absent, and one that is ``blank`` may be
    empty; either then has the value ``otherwise``. ``words`` are the allowed ones of a word, ``low`` and ``high`` the
    limits of a number, ``pattern`` what a text must match, described by ``like``. ``means`` is for the reader of the
    published form.
    """

    kind: str
    means: str = ""
    needed: bool = True
    blank: bool = False
    otherwise: Any = ""
    words: tuple[str, ...] = ()
    low: float = 0
    high: float = 0
    pattern: re.Pattern[str] | None = None
    like: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """Calling this will hold a text in every language."""

    means: str = ""
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Many:
    """Calling this will hold a list whose items all have the shape ``of``; ``most`` 0 is no limit."""

    of: Shape
    means: str = ""
    needed: bool = True
    least: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True)
class Keyed:
    """Calling this will hold a mapping from codes (``keys``: from these words) to values of the shape ``of``."""

    of: Shape
    means: str = ""
    needed: bool = True
    keys: tuple[str, ...] = ()
    free: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Calling this will hold a mapping of named fields, each of its own shape."""

    fields: Mapping[str, Shape]
    means: str = ""
    needed: bool = True


Shape = Field | Words | Many | Keyed | Group
Form = Mapping[str, Shape]


def take(record: Record, form: Form) -> dict[str, Any]:
    """Calling this will read the single fields of a record by their form: name → value. What does not fit is noted on
    the record and has a harmless value."""
    return {name: _take(record, name, field) for name, field in form.items() if isinstance(field, Field)}


def read(tree: Tree, node: yaml.Node, shape: Shape, name: str = "") -> Any:
    """Calling this will read a node of a YAML file by its shape: groups and mappings become dictionaries, lists tuples.

    What may be left out and is has its ``otherwise``, or is empty. What does not fit is noted on the tree.
    """
    if isinstance(shape, Words):
        record = tree.record(node, LANGUAGES)
        return {language: record.text(language) for language in LANGUAGES}
    if isinstance(shape, Many):
        return tuple(read(tree, item, shape.of, name) for item in _items(tree, node, shape, name))
    if isinstance(shape, Keyed):
        return {key: read(tree, value, shape.of, key) for key, (_, value) in tree.mapping(node).items()}
    if isinstance(shape, Field):
        line = node.start_mark.line + 1
        return _take(Record(tree.file, line, {name: (tree.scalar(node), line)}, tree.faults), name, shape)
    entries = tree.mapping(node, needed(shape.fields), extra(shape.fields))
    single = {key: entry for key, entry in entries.items() if isinstance(shape.fields[key], Field)}
    found = take(tree.scalars(node, single), shape.fields)
    for key, each in shape.fields.items():
        if not isinstance(each, Field):
            found[key] = read(tree, entries[key][1], each, key) if key in entries else _nothing(each)
    return found


def _nothing(shape: Shape) -> Any:
    return () if isinstance(shape, Many) else {}


def _items(tree: Tree, node: yaml.Node, shape: Many, name: str) -> list[yaml.Node]:
    before = len(tree.faults)
    items = tree.items(node)
    if len(items) < shape.least and len(tree.faults) == before:
        tree.fault(node, f"{name}: {len(items)} where {shape.least} is the least")
    return items


def needed(form: Form) -> tuple[str, ...]:
    """Calling this will name the fields that must be there."""
    return tuple(name for name, shape in form.items() if shape.needed)


def extra(form: Form) -> tuple[str, ...]:
    """Calling this will name the fields that may be left out."""
    return tuple(name for name, shape in form.items() if not shape.needed)


def _take(record: Record, name: str, field: Field) -> Any:
    if name not in record.fields and not field.needed:
        return field.otherwise
    if field.blank and not record.get(name):
        return field.otherwise
    return READERS[field.kind](record, name, field)


def _matching(record: Record, name: str, field: Field) -> str:
    return record.matching(name, field.pattern or CODE, field.like)


def _signed(record: Record, name: str, field: Field) -> int:
    value = record.text(name)
    if HOURS.fullmatch(value) and field.low <= int(value) <= field.high:
        return int(value)
    if value:
        record.fault(f"{name} {value!r} is not a whole number from {field.low:g} to {field.high:g}", name)
    return int(field.low)


def _clock(record: Record, name: str, field: Field) -> time:
    value = record.matching(name, CLOCK, "a time of day such as 08:00")
    return time.fromisoformat(value) if CLOCK.fullmatch(value) else time.min


def _split(record: Record, name: str, field: Field) -> tuple[str, ...]:
    return tuple(part for each in record.get(name).split(";") if (part := each.strip()))


#: Kind of field → how it is read.
READERS: dict[str, Callable[[Record, str, Field], Any]] = {
    "text": lambda record, name, field: record.text(name),
    "code": lambda record, name, field: record.code(name),
    "area": lambda record, name, field: record.matching(
        name, AREA, "an area code such as 12, 12.34, 12.34.56 or 12.34.56.7890"
    ),
    "matching": _matching,
    "word": lambda record, name, field: record.word(name, field.words),
    "flag": lambda record, name, field: record.flag(name),
    "number": lambda record, name, field: record.number(name, field.low, field.high),
    "whole": lambda record, name, field: record.whole(name, int(field.low), int(field.high)),
    "signed": _signed,
    "day": lambda record, name, field: record.day(name),
    "clock": _clock,
    "split": _split,
}

#: Patterns by kind, for the published form.
PATTERNS = {"code": CODE, "area": AREA, "clock": CLOCK}
