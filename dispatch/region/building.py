"""From records to values, file by file. A draft keeps the line of every value, for the cross-checks to point at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from dispatch.region.books import LANGUAGES
from dispatch.region.delivery import read_delivery
from dispatch.region.reading import Record, Tree, read_csv
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

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
KINDS = ("complaint", "information", "aspiration")
STAGES = ("verify", "first_response", "resolution", "closing")
COUNTS = ("working_days", "hours")
PLACE_LEVELS = ("province", "regency", "district", "village")

# The letters a ticket number may have: none that is mistaken for a digit over the phone.
_PREFIX = re.compile(r"[A-HJKMNP-Z]{2,3}")
_AREA = re.compile(r"\d{2}(?:\.\d{2}){0,2}|\d{2}\.\d{2}\.\d{2}\.\d{4}")
_KEYWORD = re.compile(r"[A-Za-z0-9]{3,20}")
_INTERVAL = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")

_HEAD = (
    "code", "name", "short", "prefix", "area", "timezone", "timezone_label", "version", "emergency_number",
    "desk", "inspectorate", "join_window_minutes", "greeting_window_minutes",
)  # fmt: skip
_HEAD_EXTRAS = ("privacy_contact", "sure_precision", "everyday_names", "sms_keywords")
_AGENCY = (
    "code", "function", "name", "short", "level", "area", "calendar", "phone", "email", "website", "joined",
)  # fmt: skip
_CATEGORY = (
    "code", "name", "name_en", "function", "level", "kind", "supervision", "needs_place", "description",
)  # fmt: skip
_PLACE = ("code", "level", "name", "aliases", "lat", "lng")
_LANDMARK = ("name", "aliases", "area")
_CLOCK = ("id", "kind", "supervision", "stage", "days", "counts", "since", "until", "regulation")


@dataclass(frozen=True, slots=True)
class At(Generic[T]):
    """Calling this will hold a value with the file and the line it was read from."""

    value: T
    file: str
    line: int


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
    agencies: list[At[Agency]]
    categories: list[At[Category]]
    places: list[At[Place]]
    landmarks: list[At[Landmark]]
    calendars: list[At[Calendar]]
    national_holidays: list[At[str]]
    holidays: list[At[tuple[date, str]]]
    clocks: list[At[ClockRule]]
    phrases: list[At[tuple[str, dict[str, str]]]]
    examples: list[Lines]
    aspects: dict[str, list[Lines]]
    delivery: Delivery
    dropped: set[str]


def draft(folder: Path, faults: list[Fault]) -> Draft:
    """Calling this will read every file of a pack, noting each fault of form in ``faults``; it raises nothing."""
    dropped: set[str] = set()
    head = Tree(folder / "region.yaml", faults)
    entries = head.mapping(head.root, _HEAD, _HEAD_EXTRAS)
    names, keywords = entries.pop("everyday_names", None), entries.pop("sms_keywords", None)
    record = head.scalars(head.root, entries, _HEAD)
    calendars = Tree(folder / "calendars.yaml", faults)
    parts = calendars.mapping(calendars.root, ("calendars", "holidays"))
    national, holidays = _holidays(calendars, parts["holidays"][1]) if "holidays" in parts else ([], [])
    return Draft(
        heads=_each([record], _head),
        head_lines={key: line for key, (_, line) in record.fields.items()},
        everyday_names=_names(head, names[1]) if names else [],
        sms_keywords=_keywords(head, keywords[1]) if keywords else [],
        agencies=_each(read_csv(folder / "agencies.csv", _AGENCY, faults), _agency, dropped),
        categories=_each(read_csv(folder / "categories.csv", _CATEGORY, faults), _category, dropped),
        places=_each(read_csv(folder / "places.csv", _PLACE, faults), _place, dropped),
        landmarks=_each(read_csv(folder / "landmarks.csv", _LANDMARK, faults), _landmark),
        calendars=_calendars(calendars, parts["calendars"][1], dropped) if "calendars" in parts else [],
        national_holidays=national,
        holidays=holidays,
        clocks=_clocks(Tree(folder / "clocks.yaml", faults)),
        phrases=_phrases(Tree(folder / "phrases.yaml", faults)),
        examples=read(folder, EXAMPLES, faults),
        aspects=read_aspects(folder, faults),
        delivery=read_delivery(folder, faults),
        dropped=dropped,
    )


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


def _aliases(record: Record) -> tuple[str, ...]:
    return tuple(alias for part in record.get("aliases").split(";") if (alias := part.strip()))


def _area(record: Record, key: str) -> str:
    return record.matching(key, _AREA, "an area code such as 65, 65.71, 65.71.02 or 65.71.02.1004")


def _head(record: Record) -> Head:
    return Head(
        code=record.code(),
        name=record.text("name"),
        short=record.text("short"),
        prefix=record.matching("prefix", _PREFIX, "two or three capital letters without I, L and O"),
        area=_area(record, "area"),
        zone=_zone(record),
        zone_label=record.text("timezone_label"),
        version=record.text("version"),
        emergency_number=record.text("emergency_number"),
        desk=record.text("desk"),
        inspectorate=record.text("inspectorate"),
        join_window=timedelta(minutes=record.whole("join_window_minutes", 0, 1440)),
        greeting_window=timedelta(minutes=record.whole("greeting_window_minutes", 0, 1440)),
        privacy_contact=record.get("privacy_contact"),
        sure_precision=record.number("sure_precision", 0.5, 1) if "sure_precision" in record.fields else 0.9,
    )


def _zone(record: Record) -> ZoneInfo:
    name = record.text("timezone")
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a path or a folder of the zone database is no zone either
        record.fault(f"unknown time zone {name!r}", "timezone")
        return ZoneInfo("UTC")


def _names(tree: Tree, node: yaml.Node) -> list[At[str]]:
    found = [(item, tree.scalar(item)) for item in tree.items(node)]
    return [At(name, tree.file, item.start_mark.line + 1) for item, name in found if name]


def _keywords(tree: Tree, node: yaml.Node) -> list[At[str]]:
    """What citizens write before an SMS to a shared number: one word each."""
    for item in tree.items(node):
        if not _KEYWORD.fullmatch(tree.scalar(item)):
            tree.fault(item, f"{tree.scalar(item)!r} is not a keyword: 3 to 20 letters and digits")
    return _names(tree, node)


def _agency(record: Record) -> Agency:
    return Agency(
        code=record.code(),
        function=record.code("function"),
        name=record.text("name"),
        short=record.text("short"),
        level=Level(record.word("level", ("province", "regency", "external"))),
        area=_area(record, "area"),
        calendar=record.text("calendar"),
        phone=record.get("phone"),
        email=record.get("email"),
        website=record.get("website"),
        joined=record.flag("joined"),
    )


def _category(record: Record) -> Category:
    return Category(
        code=record.code(),
        name=record.text("name"),
        name_en=record.text("name_en"),
        function=record.code("function"),
        level=Level(record.word("level", ("local", "province", "external"))),
        kind=record.word("kind", KINDS),
        supervision=record.flag("supervision"),
        needs_place=record.flag("needs_place"),
        description=record.get("description"),
    )


def _place(record: Record) -> Place:
    return Place(
        code=_area(record, "code"),
        level=record.word("level", PLACE_LEVELS),
        name=record.text("name"),
        aliases=_aliases(record),
        lat=record.number("lat", -90, 90),
        lng=record.number("lng", -180, 180),
    )


def _landmark(record: Record) -> Landmark:
    return Landmark(record.text("name"), _aliases(record), _area(record, "area"))


def _clocks(tree: Tree) -> list[At[ClockRule]]:
    rules = tree.mapping(tree.root, ("rules",)).get("rules")
    return _each((tree.record(node, _CLOCK) for node in tree.items(rules[1])), _clock) if rules else []


def _clock(record: Record) -> ClockRule:
    return ClockRule(
        id=record.code("id"),
        kind=record.word("kind", (*KINDS, "any")),
        supervision=record.word("supervision", ("yes", "no", "any")),
        stage=record.word("stage", STAGES),
        days=record.whole("days", 1, 3650),
        counts=record.word("counts", COUNTS),
        since=record.day("since"),
        until=record.day("until") if record.get("until") else None,
        regulation=record.text("regulation"),
    )


def _calendars(tree: Tree, node: yaml.Node, dropped: set[str]) -> list[At[Calendar]]:
    kept: list[At[Calendar]] = []
    for code, (key, value) in tree.mapping(node).items():
        before = len(tree.faults)
        entries = tree.mapping(value, DAYS, ("observes_holidays",))
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
        match = _INTERVAL.fullmatch(text)
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
    entries = tree.mapping(node, ("national", "regional", "joint_leave"))
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
