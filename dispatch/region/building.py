"""From records to values, file by file. A draft keeps the line of every value, for the cross-checks to point at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from dispatch.region.delivery import read_delivery
from dispatch.region.desk import Desk, read_desk
from dispatch.region.forms import DAYS, INTERVAL, KEYWORD, LANGUAGES, Form, Many, extra, needed, take
from dispatch.region.owning import Ownership, read_ownership
from dispatch.region.reading import At, Record, Tree, read_csv
from dispatch.region.shapes import AGENCY, CALENDAR, CATEGORY, CLOCK, HEAD, HOLIDAYS, LANDMARK, PLACE
from dispatch.region.texts import EXAMPLES, Lines, read, read_aspects
from dispatch.region.values import (
    Agency,
    Calendar,
    Category,
    ClockRule,
    Delivery,
    Fault,
    Landmark,
    Level,
    Place,
)

T = TypeVar("T")
Interval = tuple[time, time | None]


@dataclass(frozen=True, slots=True)
class Head:
    """Calling this will hold what region.yaml says."""

    code: str
    name: str
    short: str
    prefix: str
    area: str
    zone: ZoneInfo
    zone_label: str
    version: str
    emergency_number: str
    desk: str
    inspectorate: str
    join_window: timedelta
    greeting_window: timedelta
    privacy_contact: str
    sure_precision: float


@dataclass(frozen=True, slots=True)
class Draft:
    """Calling this will hold a pack as far as it could be read: values in the order of their files, each with its line.

    ``heads`` has one item, or none when region.yaml has faults; ``head_lines`` gives the lines of its keys either way.
    ``dropped`` names what stood in faulty records (codes, functions), so that nothing that points there is a fault too.
    """

    heads: list[At[Head]]
    head_lines: dict[str, int]
    everyday_names: list[At[str]]
    sms_keywords: list[At[str]]
    foreign_names: list[At[str]]
    agencies: list[At[Agency]]
    categories: list[At[Category]]
    places: list[At[Place]]
    landmarks: list[At[Landmark]]
    calendars: list[At[Calendar]]
    national_holidays: list[At[str]]
    holidays: list[At[tuple[date, str]]]
    clocks: list[At[ClockRule]]
    desk: Desk
    ownership: Ownership
    phrases: list[At[tuple[str, dict[str, str]]]]
    examples: list[Lines]
    aspects: dict[str, list[Lines]]
    delivery: Delivery
    dropped: set[str]


def draft(folder: Path, faults: list[Fault], *, texts: bool = True) -> Draft:
    """Calling this will read every file of a pack, noting each fault of form in ``faults``; it raises nothing.

    Without ``texts`` only the files are read that rule tickets: no phrases, examples, aspects, no ways and prices.
    """
    dropped: set[str] = set()
    head = Tree(folder / "region.yaml", faults)
    entries = head.mapping(head.root, needed(HEAD), extra(HEAD))
    lists = {key: entries.pop(key)[1] for key, shape in HEAD.items() if isinstance(shape, Many) and key in entries}
    record = head.scalars(head.root, entries, needed(HEAD))
    calendars = Tree(folder / "calendars.yaml", faults)
    parts = calendars.mapping(calendars.root, ("calendars", "holidays"))
    national, holidays = _holidays(calendars, parts["holidays"][1]) if "holidays" in parts else ([], [])
    return Draft(
        heads=_each([record], _head),
        head_lines={key: line for key, (_, line) in record.fields.items()},
        everyday_names=_names(head, lists.get("everyday_names")),
        sms_keywords=_keywords(head, lists.get("sms_keywords")),
        foreign_names=_names(head, lists.get("foreign_names_allowed")),
        agencies=_each(_rows(folder / "agencies.csv", AGENCY, faults), _agency, dropped),
        categories=_each(_rows(folder / "categories.csv", CATEGORY, faults), _category, dropped),
        places=_each(_rows(folder / "places.csv", PLACE, faults), _place, dropped),
        landmarks=_each(_rows(folder / "landmarks.csv", LANDMARK, faults), _landmark),
        calendars=_calendars(calendars, parts["calendars"][1], dropped) if "calendars" in parts else [],
        national_holidays=national,
        holidays=holidays,
        clocks=_clocks(Tree(folder / "clocks.yaml", faults)),
        desk=read_desk(folder, faults),
        ownership=read_ownership(folder, faults, dropped),
        phrases=_phrases(Tree(folder / "phrases.yaml", faults)) if texts else [],
        examples=read(folder, EXAMPLES, faults) if texts else [],
        aspects=read_aspects(folder, faults) if texts else {},
        delivery=read_delivery(folder, faults) if texts else Delivery(),
        dropped=dropped,
    )


def _rows(path: Path, form: Form, faults: list[Fault]) -> list[Record]:
    return read_csv(path, needed(form), faults, extra(form))


def _each(records: Iterable[Record], make: Callable[[Record], T], dropped: set[str] | None = None) -> list[At[T]]:
    """A value is kept only when reading it noted nothing: the cross-checks never see a stand-in for a faulty field."""
    kept: list[At[T]] = []
    for record in records:
        before = len(record.faults)
        value = make(record)
        if record.complete and len(record.faults) == before:
            kept.append(At(value, record.file, record.line))
        elif dropped is not None:
            dropped |= {record.get("code"), record.get("function")}
    return kept


def _head(record: Record) -> Head:
    given = take(record, HEAD)
    return Head(
        zone=_zone(record, given.pop("timezone")),
        zone_label=given.pop("timezone_label"),
        join_window=timedelta(minutes=given.pop("join_window_minutes")),
        greeting_window=timedelta(minutes=given.pop("greeting_window_minutes")),
        **given,
    )


def _zone(record: Record, name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a path or a folder of the zone database is no zone either
        record.fault(f"unknown time zone {name!r}", "timezone")
        return ZoneInfo("UTC")


def _names(tree: Tree, node: yaml.Node | None) -> list[At[str]]:
    found = [(item, tree.scalar(item)) for item in (tree.items(node) if node else ())]
    return [At(name, tree.file, item.start_mark.line + 1) for item, name in found if name]


def _keywords(tree: Tree, node: yaml.Node | None) -> list[At[str]]:
    """What citizens write before an SMS to a shared number: one word each."""
    for item in tree.items(node) if node else ():
        if not KEYWORD.fullmatch(tree.scalar(item)):
            tree.fault(item, f"{tree.scalar(item)!r} is not a keyword: 3 to 20 letters and digits")
    return _names(tree, node)


def _agency(record: Record) -> Agency:
    given = take(record, AGENCY)
    return Agency(**{**given, "level": Level(given["level"])})


def _category(record: Record) -> Category:
    given = take(record, CATEGORY)
    return Category(**{**given, "level": Level(given["level"])})


def _place(record: Record) -> Place:
    return Place(**take(record, PLACE))


def _landmark(record: Record) -> Landmark:
    return Landmark(**take(record, LANDMARK))


def _clocks(tree: Tree) -> list[At[ClockRule]]:
    rules = tree.mapping(tree.root, ("rules",)).get("rules")
    return _each((tree.record(node, needed(CLOCK)) for node in tree.items(rules[1])), _clock) if rules else []


def _clock(record: Record) -> ClockRule:
    return ClockRule(**take(record, CLOCK))


def _calendars(tree: Tree, node: yaml.Node, dropped: set[str]) -> list[At[Calendar]]:
    kept: list[At[Calendar]] = []
    for code, (key, value) in tree.mapping(node).items():
        before = len(tree.faults)
        entries = tree.mapping(value, needed(CALENDAR), extra(CALENDAR))
        flag = entries.pop("observes_holidays", None)
        observes = tree.scalars(value, {"observes_holidays": flag} if flag else {}).flag("observes_holidays", True)
        week = tuple(_intervals(tree, day, entries[day][1]) if day in entries else () for day in DAYS)
        if len(tree.faults) == before and not any(week):
            tree.fault(key, f"calendar {code} has no working time at all")
        if len(tree.faults) == before:
            kept.append(At(Calendar(code, week, observes), tree.file, key.start_mark.line + 1))
        else:
            dropped.add(code)
    return kept


def _intervals(tree: Tree, day: str, node: yaml.Node) -> tuple[Interval, ...]:
    found: list[Interval] = []
    reached = time.min
    for item in tree.items(node):
        text = tree.scalar(item)
        match = INTERVAL.fullmatch(text)
        if not match:
            tree.fault(item, f"{day}: {text!r} is not an interval such as 08:00-12:00")
            continue
        start = time(int(match[1]), int(match[2]))
        end = time(int(match[3]), int(match[4])) if match[3] else None
        if end is not None and end <= start:
            tree.fault(item, f"{day}: the interval {text} ends before it starts")
        elif found and start < reached:
            tree.fault(item, f"{day}: the interval {text} begins before the one above it ends")
        else:
            found.append((start, end))
            reached = time.max if end is None else end
    return tuple(found)


def _holidays(tree: Tree, node: yaml.Node) -> tuple[list[At[str]], list[At[tuple[date, str]]]]:
    entries = tree.mapping(node, needed(HOLIDAYS))
    lists = [entries[key][1] for key in ("regional", "joint_leave") if key in entries]
    records = [tree.record(item, ("date", "name", "source")) for items in lists for item in tree.items(items)]
    record = tree.scalars(node, {key: pair for key, pair in entries.items() if key == "national"}, ("national",))
    national = _each([record], lambda one: one.text("national"))
    return national, _each(records, _holiday)


def _holiday(record: Record) -> tuple[date, str]:
    record.text("source")
    return record.day("date"), record.text("name")


def _phrases(tree: Tree) -> list[At[tuple[str, dict[str, str]]]]:
    kept: list[At[tuple[str, dict[str, str]]]] = []
    for key, (node, value) in tree.mapping(tree.root).items():
        record = tree.record(value, LANGUAGES)
        texts = {language: record.text(language) for language in LANGUAGES}
        kept.append(At((key, texts), tree.file, node.start_mark.line + 1))
    return kept
