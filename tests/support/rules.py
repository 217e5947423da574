"""A small invented region for the tests of the pure rules: three regencies, a handful of agencies, six calendars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dispatch.region import Agency, Calendar, Category, ClockRule, Level, Place, Region

Interval = tuple[time, time | None]


def hours(*spans: str) -> tuple[Interval, ...]:
    """Calling this will read "08:00-12:00" spans; one that ends at 24:00 ends at midnight."""
    read: list[Interval] = []
    for span in spans:
        opens, _, closes = span.partition("-")
        read.append((time.fromisoformat(opens), None if closes == "24:00" else time.fromisoformat(closes)))
    return tuple(read)


_WEEKDAY = hours("08:00-12:00", "13:00-16:00")
_FRIDAY = hours("08:00-11:30", "13:00-16:30")

CALENDARS = {
    "office": Calendar("office", (*[_WEEKDAY] * 4, _FRIDAY, (), ())),
    "clinic": Calendar("clinic", (*[hours("07:30-14:00")] * 4, hours("07:30-11:00"), hours("07:30-12:30"), ())),
    "always": Calendar("always", (hours("00:00-24:00"),) * 7, observes_holidays=False),
    "evening": Calendar("evening", (*[hours("18:00-24:00")] * 5, (), ())),
    "sundays": Calendar("sundays", (*[()] * 6, hours("09:00-10:00"))),
    "never": Calendar("never", ((),) * 7),
}


def place(code: str, level: str, name: str) -> Place:
    """Calling this will make a place without spellings, somewhere in the sea."""
    return Place(code, level, name, (), 3.0, 117.0)


PLACES = (
    place("65", "province", "Provinsi Contoh"),
    place("65.01", "regency", "Kabupaten Hulu"),
    place("65.02", "regency", "Kabupaten Hilir"),
    place("65.71", "regency", "Kota Muara"),
    place("65.71.01", "district", "Muara Timur"),
    place("65.71.01.1001", "village", "Pasar Lama"),
)


def agency(code: str, function: str, area: str = "65", *, calendar: str = "office", joined: bool = True) -> Agency:
    """Calling this will make an agency of the level its area has."""
    level = Level.PROVINCE if area == "65" else Level.REGENCY
    return Agency(code, function, f"Dinas {code}", code, level, area, calendar, joined=joined)


def external(code: str, function: str, area: str = "65", *, joined: bool = True) -> Agency:
    """Calling this will make a body outside local government."""
    return Agency(code, function, f"Badan {code}", code, Level.EXTERNAL, area, "always", joined=joined)


def category(
    code: str, function: str, level: Level = Level.LOCAL, *, kind: str = "complaint", supervision: bool = False
) -> Category:
    """Calling this will make a category named by its code."""
    return Category(code, code, code, function, level, kind, supervision, needs_place=level is Level.LOCAL)


def rule(
    id: str,
    stage: str,
    days: int,
    *,
    kind: str = "any",
    supervision: str = "any",
    counts: str = "working_days",
    since: str = "2018-01-01",
    until: str | None = None,
) -> ClockRule:
    """Calling this will make a clock rule of an invented regulation."""
    last = date.fromisoformat(until) if until else None
    return ClockRule(id, kind, supervision, stage, days, counts, date.fromisoformat(since), last, "Peraturan contoh")


def region(
    *,
    zone: str = "Asia/Makassar",
    zone_label: str = "WITA",
    agencies: Iterable[Agency] = (),
    categories: Iterable[Category] = (),
    clocks: Iterable[ClockRule] = (),
    phrases: Mapping[str, Mapping[str, str]] | None = None,
    holidays: Mapping[str, str] | None = None,
    national: str = "ID",
) -> Region:
    """Calling this will make a region around the given rows; a desk and an inspectorate are always there."""
    staff = (agency("prov-desk", "kominfo"), agency("prov-inspectorate", "inspektorat"), *agencies)
    values: dict[str, Any] = {
        "code": "contoh",
        "name": "Provinsi Contoh",
        "short": "Contoh",
        "prefix": "KU",
        "area": "65",
        "zone": ZoneInfo(zone),
        "zone_label": zone_label,
        "version": "2026.1",
        "emergency_number": "112",
        "desk": "prov-desk",
        "inspectorate": "prov-inspectorate",
        "join_window": timedelta(minutes=15),
        "greeting_window": timedelta(minutes=30),
        "sure_precision": 0.9,
        "agencies": {each.code: each for each in staff},
        "categories": {each.code: each for each in categories},
        "places": {each.code: each for each in PLACES},
        "landmarks": (),
        "calendars": CALENDARS,
        "clocks": tuple(clocks),
        "phrases": phrases or {},
        "examples": (),
        "regional_holidays": {date.fromisoformat(day): name for day, name in (holidays or {}).items()},
        "national_holidays": national,
    }
    return Region(**values)


def local(region: Region, text: str) -> datetime:
    """Calling this will read "2026-12-04 16:30" as a moment in the region's zone."""
    return datetime.fromisoformat(text).replace(tzinfo=region.zone)
