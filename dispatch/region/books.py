"""What a pack knows beside its tables: ``knowledge/<category>.yaml``, and services in ``services/<field>.yaml``.

They are read when they are first asked for, because most commands never do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from dispatch.region import forms
from dispatch.region.forms import LANGUAGES, extra, needed, take
from dispatch.region.reading import CODE, Tree
from dispatch.region.shapes import FEWEST_QUESTIONS, MOST_QUESTIONS, SERVICE
from dispatch.region.shapes import KNOWLEDGE as KNOWS
from dispatch.region.shapes import SERVICES as FIELDS
from dispatch.region.values import Fault, Knowledge, Service, Words

T = TypeVar("T")

KNOWLEDGE, SERVICES = "knowledge", "services"
_TEXTS = tuple(name for name, shape in SERVICE.items() if isinstance(shape, forms.Words) and name != "name")


class Lazy(Mapping[str, T]):
    """Calling this will make a mapping that is read by ``read`` when somebody first looks into it, and once only."""

    def __init__(self, read: Callable[[], Mapping[str, T]]) -> None:
        self._read = read
        self._found: Mapping[str, T] | None = None

    def _all(self) -> Mapping[str, T]:
        if self._found is None:
            self._found = self._read()
        return self._found

    def __getitem__(self, key: str) -> T:
        return self._all()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


@dataclass(frozen=True, slots=True)
class Directory:
    """Calling this will hold the service directory: the name of each field, and the services by code."""

    fields: Mapping[str, Words]
    services: Mapping[str, Service]


def read_knowledge(
    folder: Path, categories: Collection[str], faults: list[Fault], dropped: Collection[str] = ()
) -> dict[str, Knowledge]:
    """Calling this will read and check ``knowledge/``: category → what is known of it.

    Without files there is nothing to check; with the first of them every category needs its own. ``categories`` may be
    empty when they are not known; ``dropped`` are those whose own entry is faulty.
    """
    found: dict[str, Knowledge] = {}
    paths = _yaml_files(folder, KNOWLEDGE, faults)
    for path in paths:
        tree = Tree(path, faults, f"{KNOWLEDGE}/{path.name}")
        before = len(faults)
        entries = tree.mapping(tree.root, needed(KNOWS) if tree.root else None)
        if categories and path.stem not in categories and path.stem not in dropped:
            faults.append(Fault(tree.file, 1, f"unknown category {path.stem!r}"))
        record = tree.scalars(tree.root, {key: entry for key, entry in entries.items() if key == "definition"})
        definition = record.text("definition")
        tasks, vocabulary = (_texts(tree, entries, key) for key in ("tasks", "vocabulary"))
        if tree.root is not None and len(faults) == before:
            found[path.stem] = Knowledge(definition, tasks, vocabulary)
    stems = {path.stem for path in paths}
    missing = [code for code in dict.fromkeys(categories) if code not in stems] if paths else []
    faults += [Fault(f"{KNOWLEDGE}/{code}.yaml", 1, "the file is missing") for code in missing]
    return found


def read_services(
    folder: Path, categories: Collection[str], faults: list[Fault], dropped: Collection[str] = ()
) -> Directory:
    """Calling this will read and check ``services/``; without the folder the directory is empty.

    ``categories`` may be empty when they are not known; ``dropped`` are those whose own entry is faulty.
    """
    fields: dict[str, Words] = {}
    services: dict[str, Service] = {}
    asked: dict[str, str] = {}
    for path in _yaml_files(folder, SERVICES, faults):
        tree = Tree(path, faults, f"{SERVICES}/{path.name}")
        entries = tree.mapping(tree.root, needed(FIELDS) if tree.root else None)
        fields[path.stem] = _words(tree, entries, "name")
        for node in _nodes(tree, entries, "services"):
            service = _service(tree, node, path.stem)
            if service is None:
                continue
            if categories and service.category not in categories and service.category not in dropped:
                tree.fault(node, f"service {service.code}: unknown category {service.category!r}")
            if service.code in services:
                other = services[service.code]
                tree.fault(node, f"service {service.code} stands in {other.file}:{other.line} already")
            _asked_once(tree, node, service, asked)
            services[service.code] = service
    return Directory(fields, services)


def _asked_once(tree: Tree, node: yaml.Node, service: Service, asked: dict[str, str]) -> None:
    """The same words under two services could be answered with either."""
    for question in service.questions:
        key = " ".join(question.casefold().split())
        if key in asked:
            tree.fault(node, f"service {service.code}: {question!r} is asked for {asked[key]} already")
        asked[key] = service.code


def _service(tree: Tree, node: yaml.Node, field: str) -> Service | None:
    before = len(tree.faults)
    entries = tree.mapping(node, needed(SERVICE), extra(SERVICE))
    lists = {"name", "questions", *_TEXTS}
    record = tree.scalars(node, {key: entry for key, entry in entries.items() if key not in lists})
    questions = _texts(tree, entries, "questions")
    if len(tree.faults) == before and not FEWEST_QUESTIONS <= len(questions) <= MOST_QUESTIONS:
        text = f"{len(questions)} questions; {FEWEST_QUESTIONS} to {MOST_QUESTIONS} are needed"
        tree.fault(entries["questions"][0], text)
    texts: dict[str, Any] = {key: _words(tree, entries, key) for key in ("name", *_TEXTS)}
    if len(tree.faults) != before:
        return None
    service = Service(
        questions=questions,
        field=field,
        file=tree.file,
        line=node.start_mark.line + 1,
        **take(record, SERVICE),
        **texts,
    )
    return service if len(tree.faults) == before else None


def _words(tree: Tree, entries: Mapping[str, tuple[yaml.Node, yaml.Node]], key: str) -> Words:
    """A text in every language; an absent one is empty in all."""
    if key not in entries:
        return dict.fromkeys(LANGUAGES, "")
    record = tree.record(entries[key][1], LANGUAGES)
    return {language: record.text(language) for language in LANGUAGES}


def _nodes(tree: Tree, entries: Mapping[str, tuple[yaml.Node, yaml.Node]], key: str) -> list[yaml.Node]:
    if key not in entries:
        return []
    before = len(tree.faults)
    found = tree.items(entries[key][1])
    if not found and len(tree.faults) == before:
        tree.fault(entries[key][0], f"{key} is empty")
    return found


def _texts(tree: Tree, entries: Mapping[str, tuple[yaml.Node, yaml.Node]], key: str) -> tuple[str, ...]:
    """A list of texts, none of them empty."""
    found: list[str] = []
    for item in _nodes(tree, entries, key):
        before = len(tree.faults)
        text = tree.scalar(item)
        if text:
            found.append(text)
        elif len(tree.faults) == before:
            tree.fault(item, f"{key}: an empty item")
    return tuple(found)


def _yaml_files(folder: Path, inside: str, faults: list[Fault]) -> list[Path]:
    found: list[Path] = []
    if not (folder / inside).is_dir():
        return found
    for path in sorted(path for path in (folder / inside).iterdir() if not path.name.startswith(".")):
        if path.suffix != ".yaml" or not CODE.fullmatch(path.stem) or not path.is_file():
            faults.append(Fault(f"{inside}/{path.name}", 1, "only files called <code>.yaml belong here"))
        else:
            found.append(path)
    return found
