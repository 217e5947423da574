"""The form of a pack's files as JSON Schema (draft 2020-12), for editors and for those who make a pack elsewhere."""

from __future__ import annotations

import re
from typing import Any

from dispatch.region.forms import LANGUAGES, PATTERNS, Field, Keyed, Many, Shape, Words, needed
from dispatch.region.reading import CODE
from dispatch.region.shapes import FILES

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_FLAG_WORDS = ("yes", "no", "true", "false")


def schemas() -> dict[str, dict[str, Any]]:
    """Calling this will give a schema for each kind of file of a region pack, by the name of the file it is kept in.

    That of a CSV file is of one row, every cell a text as it is written. YAML is meant as it is read by YAML 1.2: dates
    are texts. What must agree between files is in no schema: ``aduan region check`` looks at that.
    """
    return {schema_name(file): _document(file, shape) for file, shape in FILES.items()}


def schema_name(file: str) -> str:
    """Calling this will name the schema of a file: "services/*.yaml" → "services.schema.json"."""
    return re.sub(r"(?:/\*)?\.(?:yaml|csv)$", "", file) + ".schema.json"


def _document(file: str, shape: Shape) -> dict[str, Any]:
    row = file.endswith(".csv")
    title = f"A row of {file} of a region pack" if row else f"{file} of a region pack"
    return {"$schema": DRAFT, "title": title, **_schema(shape, cells=row)}


def _schema(shape: Shape, *, cells: bool = False) -> dict[str, Any]:
    said = {"description": shape.means} if shape.means else {}
    if isinstance(shape, Field):
        return {**_field(shape, cells), **said}
    if isinstance(shape, Words):
        text = {"type": "string", "minLength": 1}
        return {**_object(dict.fromkeys(LANGUAGES, text), LANGUAGES), **said}
    if isinstance(shape, Many):
        limits = {"minItems": shape.least} if shape.least else {}
        limits |= {"maxItems": shape.most} if shape.most else {}
        kind = "array" if shape.least else ["array", "null"]
        return {"type": kind, "items": _schema(shape.of), **limits, **said}
    if isinstance(shape, Keyed):
        keys = {} if shape.free else {"propertyNames": {"pattern": _whole(CODE)}}
        return {"type": "object", "additionalProperties": _schema(shape.of), **keys, **said}
    fields = {name: _schema(each, cells=cells) for name, each in shape.fields.items()}
    return {**_object(fields, needed(shape.fields)), **said}


def _object(fields: dict[str, Any], required: tuple[str, ...]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(required), "additionalProperties": False}


def _field(field: Field, cells: bool) -> dict[str, Any]:
    found = _cell(field) if cells else _value(field)
    return {"anyOf": [found, {"enum": ["", None]}]} if field.blank else found


def _value(field: Field) -> dict[str, Any]:
    """What a YAML file may have. A text that looks like a number or a flag is taken as it stands, so it may be one."""
    match field.kind:
        case "whole" | "signed":
            return {"type": "integer", "minimum": int(field.low), "maximum": int(field.high)}
        case "number":
            return {"type": "number", "minimum": field.low, "maximum": field.high}
        case "flag":
            return {"enum": [True, False, "yes", "no"]}
        case "word" if {"yes", "no"} & set(field.words):
            return {"enum": [*field.words, True, False]}
        case "text":
            return {"type": ["string", "number", "boolean"], "minLength": 1}
        case _:
            return _cell(field)


def _cell(field: Field) -> dict[str, Any]:
    """What a text must be."""
    if field.words:
        return {"enum": list(field.words)}
    patterns = {
        **{kind: _whole(pattern) for kind, pattern in PATTERNS.items()},
        "day": r"^\d{4}-\d{2}-\d{2}$",
        "number": r"^-?\d{1,6}(?:\.\d{1,9})?$",
        "whole": r"^\d{1,9}$",
        "signed": r"^-?\d{1,4}$",
    }
    if field.kind == "flag":
        return {"enum": list(_FLAG_WORDS)}
    if field.kind == "split":
        return {"type": "string"}
    pattern = _whole(field.pattern) if field.pattern else patterns.get(field.kind)
    return {"type": "string", "pattern": pattern} if pattern else {"type": "string", "minLength": 1}


def _whole(pattern: re.Pattern[str]) -> str:
    return f"^(?:{pattern.pattern})$"
