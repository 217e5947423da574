"""What a region pack says, as frozen values: agencies, categories, places, calendars, clocks, sentences.

Nothing of any one region is in the code: everything local lies in ``dispatch/regions/<name>/``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from dispatch.region.rules import DeskRules

#: Language → text: what citizens read stands in every language of ``dispatch.phrases.LANGUAGES``.
Words = Mapping[str, str]


class Level(StrEnum):
    """Whose level of government an agency belongs to, or a category is answered on."""

    PROVINCE = "province"
    REGENCY = "regency"
    LOCAL = "local"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True)
class Agency:
    """Calling this will hold one agency (OPD) or one body outside local government (``level`` external).

    ``area`` is the Kemendagri code of its jurisdiction; ``function`` is the work it does there (one agency per function
    and area); ``joined`` is false while its jurisdiction does not work in the system yet. ``supervisor`` is the agency
    that watches over it ("" for none), ``owns`` names the owners (codes of ``Region.owners``) whose assets it looks
    after.
    """

    code: str
    function: str
    name: str
    short: str
    level: Level
    area: str
    calendar: str
    phone: str = ""
    email: str = ""
    website: str = ""
    joined: bool = True
    supervisor: str = ""
    owns: tuple[str, ...] = ()

    @property
    def ours(self) -> bool:
        """Calling this will say whether the agency answers in this system; others are told to the citizen."""
        return self.level is not Level.EXTERNAL


@dataclass(frozen=True, slots=True)
class Category:
    """Calling this will hold one kind of trouble: which function answers it, on which level, under which legal kind."""

    code: str
    name: str
    name_en: str
    function: str
    level: Level
    kind: str
    supervision: bool
    needs_place: bool
    description: str = ""
    evidence: str = "answer"


@dataclass(frozen=True, slots=True)
class Owner:
    """Calling this will hold whose asset something may be: a village, a kabupaten/kota, the province, the state, a
    company. What is theirs is answered by the agency with ``function`` on ``level``; ``cues`` are the words by which
    people name the owner ("jalan nasional", "jalan desa")."""

    code: str
    name: Words
    function: str
    level: Level
    cues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asset:
    """Calling this will hold one asset people know by name ("Jalan Mulawarman"), whose it is, for which categories, and
    the area it lies in ("": several)."""

    name: str
    aliases: tuple[str, ...]
    owner: str
    categories: tuple[str, ...]
    area: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Calling this will hold one administrative area by its Kemendagri code, with people's spellings and a centroid."""

    code: str
    level: str
    name: str
    aliases: tuple[str, ...]
    lat: float
    lng: float

    @property
    def parent(self) -> str:
        """Calling this will give the code of the area that contains this one."""
        return self.code.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Landmark:
    """Calling this will hold a well-known public place and the code of the area it lies in."""

    name: str
    aliases: tuple[str, ...]
    area: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """Calling this will hold working intervals for each weekday (Monday first), in the region's zone.

    An interval that ends at midnight ends at ``time.max``'s following instant: it is stored as (start, None).
    """

    code: str
    week: tuple[tuple[tuple[time, time | None], ...], ...]
    observes_holidays: bool = True


@dataclass(frozen=True, slots=True)
class ClockRule:
    """Calling this will hold one legal limit: for whom, which stage, how many days of which count, from when to when
    (``until`` is the last day in force), by which regulation. ``kind`` and ``supervision`` may be ``any``."""

    id: str
    kind: str
    supervision: str
    stage: str
    days: int
    counts: str
    since: date
    until: date | None
    regulation: str


@dataclass(frozen=True, slots=True)
class Example:
    """Calling this will hold one invented text with the category it belongs to."""

    text: str
    category: str


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Calling this will hold what a field knows of itself: what belongs to a category and what does not
    (``definition``), the statutory tasks of the agencies that answer, and the words people use for it."""

    definition: str
    tasks: tuple[str, ...]
    vocabulary: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """Calling this will hold one service citizens ask about and what they are told.

    ``questions`` are the ways people ask for it. Where, how, needs (papers), cost, hours and time (how long it takes)
    are short texts by language; one that does not apply is empty. ``checked`` is the day it was written or last
    compared with its ``source``, the rule it follows; ``confirm`` says that the region has still to confirm what holds
    there. ``file`` and ``line`` say where it stands in the pack, ``field`` is the code of the field it is listed under.
    """

    code: str
    name: Words
    category: str
    questions: tuple[str, ...]
    where: Words
    how: Words
    needs: Words
    cost: Words
    hours: Words
    time: Words
    link: str
    phone: str
    checked: date
    source: str
    confirm: bool
    field: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Budget:
    """Calling this will hold what one channel may send in a day of the region: messages, and what they cost in rupiah
    (None: no limit). Past the first limits only people's answers go, past the hard ones nothing until tomorrow."""

    messages: int | None = None
    rupiah: int | None = None
    hard_messages: int | None = None
    hard_rupiah: int | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """Calling this will hold how messages reach a citizen: the order in which channels are tried (``failover``), the
    time after which a message without a delivery report goes the next way, prices in rupiah by provider and category
    (``any``: whatever is not named), and the budgets of channels."""

    failover: tuple[str, ...] = ()
    undelivered_after: timedelta = timedelta(hours=24)
    prices: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    budgets: Mapping[str, Budget] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """Calling this will hold one fault of a region pack, with the file and the line (from 1) where it lies."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


class RegionFaults(Exception):
    """Calling this will report every fault of a region pack at once."""

    def __init__(self, name: str, faults: list[Fault]) -> None:
        super().__init__(f"region pack {name} has {len(faults)} fault(s):\n" + "\n".join(str(f) for f in faults))
        self.faults = faults


@dataclass(frozen=True)
class Region:
    """Calling this will hold a whole region pack. Build it with ``dispatch.region.load``.

    ``everyday_names`` are places' names that are ordinary words as well ("Harapan", "Atap"): alone they name no place.
    ``sms_keywords`` are the words, in small letters, that citizens write before an SMS to a number that is shared.
    ``knowledge`` is by category, ``aspects`` gives texts by aspect and label, ``services`` are by code in the order of
    their files and ``fields`` names the field of each. Knowledge and services are read when they are first asked for,
    and raise RegionFaults then if their files have faults; ``check`` reads them at once. ``owned`` gives for each
    category whose asset it may be about, the likeliest first; ``edition`` is the version and a sum of the files that
    rule tickets.
    """

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
    sure_precision: float
    agencies: Mapping[str, Agency]
    categories: Mapping[str, Category]
    places: Mapping[str, Place]
    landmarks: tuple[Landmark, ...]
    calendars: Mapping[str, Calendar]
    clocks: tuple[ClockRule, ...]
    phrases: Mapping[str, Mapping[str, str]]
    examples: tuple[Example, ...]
    regional_holidays: Mapping[date, str]
    national_holidays: str
    privacy_contact: str = ""
    everyday_names: frozenset[str] = frozenset()
    sms_keywords: frozenset[str] = frozenset()
    delivery: Delivery = field(default_factory=Delivery)
    knowledge: Mapping[str, Knowledge] = field(default_factory=dict)
    aspects: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    services: Mapping[str, Service] = field(default_factory=dict)
    fields: Mapping[str, Words] = field(default_factory=dict)
    desk_rules: DeskRules = field(default_factory=DeskRules)
    owners: Mapping[str, Owner] = field(default_factory=dict)
    owned: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    assets: tuple[Asset, ...] = ()
    edition: str = ""
    _by_function: dict[tuple[str, str], Agency] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for agency in self.agencies.values():
            self._by_function[(agency.function, agency.area)] = agency

    def agency_for(self, function: str, area: str) -> Agency | None:
        """Calling this will find the agency that does ``function`` in exactly ``area``, if there is one."""
        return self._by_function.get((function, area))

    def regency_of(self, area: str) -> str | None:
        """Calling this will give the kabupaten/kota code an area lies in, None for the province itself."""
        parts = area.split(".")
        return ".".join(parts[:2]) if len(parts) >= 2 else None

    def place_name(self, area: str) -> str:
        """Calling this will name an area and what contains it below the province, smallest first:
        "Selumit, Tarakan Tengah, Kota Tarakan"."""
        names: list[str] = []
        code = area
        while code and code != self.area:
            place = self.places.get(code)
            if place:
                names.append(place.name)
            code = code.rpartition(".")[0]
        return ", ".join(names) or self.name

    def local(self, instant: datetime) -> datetime:
        """Calling this will show an aware instant in the region's zone."""
        return instant.astimezone(self.zone)
