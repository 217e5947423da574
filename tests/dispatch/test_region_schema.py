"""The published form of a pack's files: current, a valid schema, and what the packs keep to."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dispatch.models import Position
from dispatch.region import PACKS
from dispatch.region.forms import POSITIONS, STATUSES
from dispatch.region.schema import DRAFT, schema_name, schemas
from dispatch.region.shapes import FILES
from dispatch.workflow import Status
from tests.support import nusantara, tiny_region

PUBLISHED = Path(__file__).parents[2] / "docs" / "schema" / "region"
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": int | float, "boolean": bool}


class Plain(yaml.SafeLoader):
    """YAML as 1.2 reads it: a date is a text."""


Plain.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rows if tag != "tag:yaml.org,2002:timestamp"]
    for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def faults(schema: dict[str, Any], value: Any, at: str = "") -> list[str]:
    """What of a value is against a schema. Knows the words our schemas use, and fails on any other."""
    known = {
        "$schema", "title", "description", "type", "properties", "required", "additionalProperties", "items",
        "minItems", "maxItems", "propertyNames", "enum", "pattern", "minLength", "minimum", "maximum", "anyOf",
    }  # fmt: skip
    assert set(schema) <= known, set(schema) - known
    if "anyOf" in schema:
        return [] if any(not faults(each, value, at) for each in schema["anyOf"]) else [f"{at}: fits nothing"]
    if "enum" in schema:
        return (
            [] if any(value == each and type(value) is type(each) for each in schema["enum"]) else [f"{at}: {value!r}"]
        )
    if not any(_is(value, name) for name in _listed(schema["type"])):
        return [f"{at}: {value!r} is no {schema['type']}"]
    if isinstance(value, dict):
        return _of_object(schema, value, at)
    if isinstance(value, list):
        found = [f"{at}: {len(value)} items"] * (
            not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value))
        )
        return found + [each for n, item in enumerate(value) for each in faults(schema["items"], item, f"{at}/{n}")]
    if isinstance(value, str):
        fits = re.search(schema.get("pattern", ""), value) and len(value) >= schema.get("minLength", 0)
        return [] if fits else [f"{at}: {value!r} does not fit"]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [] if schema.get("minimum", value) <= value <= schema.get("maximum", value) else [f"{at}: {value}"]
    return []


def _of_object(schema: dict[str, Any], value: dict[str, Any], at: str) -> list[str]:
    fields, rest = schema.get("properties", {}), schema.get("additionalProperties", True)
    found = [f"{at}: {name} is missing" for name in schema.get("required", ()) if name not in value]
    for name, each in value.items():
        if name in fields:
            found += faults(fields[name], each, f"{at}/{name}")
        elif rest is False:
            found.append(f"{at}: {name} is unknown")
        else:
            found += faults(rest, each, f"{at}/{name}")
        names = schema.get("propertyNames", {}).get("pattern", "")
        found += [] if re.search(names, str(name)) else [f"{at}: the key {name!r}"]
    return found


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _is(value: Any, name: str) -> bool:
    if name == "null":
        return value is None
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def read(folder: Path, name: str) -> list[tuple[str, Any]]:
    """The values one kind of file holds: each file, or each row of it."""
    found: list[tuple[str, Any]] = []
    for path in sorted(folder.glob(name)):
        if name.endswith(".csv"):
            with path.open(encoding="utf-8", newline="") as file:
                found += [(f"{path.name}:{n}", row) for n, row in enumerate(csv.DictReader(file), 2)]
        else:
            found.append((path.name, yaml.load(path.read_text(encoding="utf-8"), Plain)))
    return found


def test_the_published_files_are_current() -> None:
    """Run ``aduan region schema --write docs/schema/region`` after a change of the forms."""
    published = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in PUBLISHED.iterdir()}
    assert published == json.loads(json.dumps(schemas()))


@pytest.mark.parametrize("name", schemas())
def test_a_schema_names_its_draft_and_compiles(name: str) -> None:
    schema = schemas()[name]
    assert schema["$schema"] == DRAFT
    for pattern in re.findall(r'"pattern": "((?:[^"\\]|\\.)*)"', json.dumps(schema)):
        re.compile(json.loads(f'"{pattern}"'))


@pytest.mark.parametrize("file", FILES)
def test_kaltara_keeps_to_the_published_form(file: str) -> None:
    schema = json.loads((PUBLISHED / schema_name(file)).read_text(encoding="utf-8"))
    values = read(PACKS / "kaltara", file)
    assert values
    assert [fault for name, value in values for fault in faults(schema, value, name)] == []


@pytest.mark.parametrize("file", FILES)
def test_the_packs_of_the_tests_keep_to_it_too(file: str, tmp_path: Path) -> None:
    schema = schemas()[schema_name(file)]
    for folder in (tiny_region.write(tmp_path), nusantara.write(tmp_path)):
        assert [fault for name, value in read(folder, file) for fault in faults(schema, value, name)] == []


#: file, what is said wrongly, where
REFUSED = {
    "level": ("agencies.csv", {"level": "city"}, "level"),
    "code-in-capitals": ("agencies.csv", {"code": "DINAS"}, "code"),
    "evidence": ("categories.csv", {"evidence": "video"}, "evidence"),
    "prefix": ("region.yaml", {"prefix": "KO"}, "prefix"),
    "window": ("region.yaml", {"join_window_minutes": 2000}, "join_window_minutes"),
    "unknown-key": ("region.yaml", {"colour": "blue"}, "colour"),
    "pause-of-no-length": ("desk.yaml", {"pausing": {"cap_days": 0}}, "pausing/cap_days"),
    "position": ("desk.yaml", {"escalation": {"rungs": [{"position": "mayor", "scope": "agency", "after_hours": 1}]}},
                 "position"),
    "owner-without-level": ("ownership.yaml", {"owners": [{"code": "a", "name": {"id": "A", "en": "A"},
                                                           "function": "x"}]}, "level"),
    "day-not-a-time": ("calendars.yaml", {"calendars": {"office": {"monday": ["8-12"]}}}, "monday"),
}  # fmt: skip


@pytest.mark.parametrize(("file", "change", "where"), REFUSED.values(), ids=REFUSED)
def test_what_the_check_refuses_the_schema_refuses(file: str, change: dict[str, Any], where: str) -> None:
    _, valid = read(PACKS / "kaltara", file)[0]
    found = faults(schemas()[schema_name(file)], {**valid, **change})
    assert any(where in fault for fault in found), found


def test_the_words_of_other_rooms_are_the_same_there() -> None:
    """The region pack reads them without importing a database."""
    assert tuple(Position) == POSITIONS
    assert set(Status) == set(STATUSES)
