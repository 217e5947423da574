"""What must agree between the files of a pack: codes that point at each other, coverage, clocks, phrases, examples."""

from __future__ import annotations

import string
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, time, timedelta
from itertools import pairwise, product
from typing import TypeVar

from dispatch.region.belonging import check_belonging, serving
from dispatch.region.building import Draft
from dispatch.region.forms import KINDS, PLACE_LEVELS
from dispatch.region.reading import At
from dispatch.region.texts import EXAMPLES, examine_aspects, examine_examples
from dispatch.region.values import Agency, ClockRule, Fault, Level

T = TypeVar("T")

# Fewer teach a classifier nothing about a category: the rare ones would never be suggested.
EXAMPLES_NEEDED = 25
# Every ticket has these two deadlines; the other stages may go without a limit.
TIMED_STAGES = ("first_response", "resolution")
# Working hours a week, at least; and the weeks of two years that days off surely leave.
LEAST_WEEK = 5
WEEKS_AHEAD = 80


def cross_check(
    pack: Draft,
    name: str,
    required_phrases: Mapping[str, frozenset[str]] | None,
    faults: list[Fault],
    *,
    texts: bool = True,
) -> None:
    """Calling this will note in ``faults`` all that does not fit between the values of a draft; it raises nothing.
    ``texts`` is what the draft was read with."""
    _Checker(pack, faults).run(name, required_phrases, texts)


class _Checker:
    def __init__(self, pack: Draft, faults: list[Fault]) -> None:
        self.pack = pack
        self.faults = faults
        self.levels = {at.value.code: at.value.level for at in pack.places}
        self.agencies = {at.value.code: at.value for at in pack.agencies}
        self.regencies = sorted(code for code, level in self.levels.items() if level == "regency")
        self.area = next((code for code, level in self.levels.items() if level == "province"), "")

    def run(self, name: str, required_phrases: Mapping[str, frozenset[str]] | None, texts: bool) -> None:
        self._empty(texts)
        self._codes()
        self._head(name)
        self._places()
        self._agencies()
        self._categories()
        self._calendars()
        self._holidays()
        self._clocks()
        if texts:
            self._phrases(required_phrases)
            self._examples()
        check_belonging(self.pack, self.faults)

    def _note(self, at: At[T], text: str) -> None:
        self.faults.append(Fault(at.file, at.line, text))

    def _unique(self, what: str, pairs: Iterable[tuple[object, At[T]]]) -> None:
        seen: dict[object, int] = {}
        for key, at in pairs:
            if key in seen:
                self._note(at, f"{what} {key} is on line {seen[key]} already")
            else:
                seen[key] = at.line

    def _unknown(self, code: str, known: Collection[str]) -> bool:
        """Where the table pointed at is empty, or the entry itself was at fault, that has been said already."""
        return bool(known) and code not in known and code not in self.pack.dropped

    def _empty(self, texts: bool) -> None:
        """A table that is empty is said once; the checks below leave out what depends on it."""
        pack = self.pack
        tables: dict[str, Sequence[object]] = {
            "agencies.csv": pack.agencies,
            "calendars.yaml": pack.calendars,
            "categories.csv": pack.categories,
            "clocks.yaml": pack.clocks,
            EXAMPLES: pack.examples,
            "places.csv": pack.places,
        }
        if not texts:
            del tables[EXAMPLES]
        said = {fault.file for fault in self.faults}
        self.faults += [
            Fault(file, 1, "there is nothing in it") for file, table in tables.items() if not table and file not in said
        ]

    def _codes(self) -> None:
        self._unique("agency", ((at.value.code, at) for at in self.pack.agencies))
        self._unique("category", ((at.value.code, at) for at in self.pack.categories))
        self._unique("place", ((at.value.code, at) for at in self.pack.places))
        self._unique("clock rule", ((at.value.id, at) for at in self.pack.clocks))
        self._unique("landmark", ((at.value.name, at) for at in self.pack.landmarks))

    def _head(self, name: str) -> None:
        for at in self.pack.heads:
            head = at.value
            if head.code != name:
                self._head_note("code", f"code {head.code} differs from the name of the folder, {name}")
            if self.area and head.area != self.area:
                self._head_note("area", f"area {head.area} is not a place of level province")
            for key, code in (("desk", head.desk), ("inspectorate", head.inspectorate)):
                agency = self.agencies.get(code)
                if self._unknown(code, self.agencies):
                    self._head_note(key, f"{key}: unknown agency {code}")
                elif agency and (agency.level is not Level.PROVINCE or not agency.joined):
                    self._head_note(key, f"{key}: {code} must be a provincial agency that has joined")

    def _head_note(self, key: str, text: str) -> None:
        self.faults.append(Fault("region.yaml", self.pack.head_lines[key], text))

    def _places(self) -> None:
        depths = dict(zip(PLACE_LEVELS, range(1, 5), strict=True))
        spellings: set[str] = set()
        for at in self.pack.places:
            place = at.value
            spellings.update(spelling.casefold() for spelling in (place.name, *place.aliases))
            depth = place.code.count(".") + 1
            if depths[place.level] != depth:
                self._note(at, f"place {place.code} cannot be of level {place.level}")
            elif depth > 1 and self._unknown(place.parent, self.levels):
                self._note(at, f"place {place.code} lies in {place.parent}, which is not a place")
            elif depth == 1 and place.code != self.area:
                self._note(at, f"place {place.code}: a region has one province, {self.area}")
        for landmark in self.pack.landmarks:
            spellings.update(spelling.casefold() for spelling in (landmark.value.name, *landmark.value.aliases))
            if self._unknown(landmark.value.area, self.levels):
                self._note(landmark, f"area {landmark.value.area} is not a place")
        for word in self.pack.everyday_names if self.levels else ():
            if word.value.casefold() not in spellings:
                self._note(word, f"everyday name {word.value!r} is no place's name or alias")

    def _agencies(self) -> None:
        calendars = {at.value.code for at in self.pack.calendars}
        levels = {Level.PROVINCE: ("province",), Level.REGENCY: ("regency",), Level.EXTERNAL: ("province", "regency")}
        self._unique("the agency for", ((f"{at.value.function} in {at.value.area}", at) for at in self.pack.agencies))
        for at in self.pack.agencies:
            agency = at.value
            if self._unknown(agency.area, self.levels):
                self._note(at, f"area {agency.area} is not a place")
            elif self.levels.get(agency.area, levels[agency.level][0]) not in levels[agency.level]:
                self._note(at, f"a {agency.level} agency cannot have the area {agency.area}")
            if self._unknown(agency.calendar, calendars):
                self._note(at, f"unknown calendar {agency.calendar!r}")

    def _categories(self) -> None:
        doing: dict[str, list[Agency]] = defaultdict(list)
        for agency in self.pack.agencies:
            doing[agency.value.function].append(agency.value)
        for at in self.pack.categories if self.pack.agencies else ():
            category = at.value
            agencies = doing.get(category.function, [])
            if category.function in self.pack.dropped:
                continue
            if not agencies:
                self._note(at, f"unknown function {category.function!r}: no agency does it")
            elif missing := serving(agencies, category.level, self.area, self.regencies):
                self._note(at, missing.format(category.function))

    def _calendars(self) -> None:
        """Every deadline counted in working time must come within the two years that are looked ahead."""
        asked = self.pack.desk.rules.handover.accept_hours
        needed = max(LEAST_WEEK, asked / WEEKS_AHEAD)
        for at in self.pack.calendars:
            worked = sum(_hours(span) for day in at.value.week for span in day)
            if worked < needed:
                text = f"calendar {at.value.code} has {worked:g} working hours a week; {needed:g} are needed"
                self._note(at, text + (f" (accept_hours {asked})" if needed > LEAST_WEEK else ""))

    def _holidays(self) -> None:
        self._unique("calendar day", ((at.value[0], at) for at in self.pack.holidays))
        for at in self.pack.national_holidays:
            # Imported here because a first import costs as much as reading the whole pack.
            from holidays import list_supported_countries

            if at.value not in list_supported_countries():
                self._note(at, f"unknown country code {at.value!r} for the national holidays")

    def _clocks(self) -> None:
        """An exact rule beats one for ``any``, so only rules for exactly the same case must not overlap. ``until`` is
        the last day in force."""
        rules = sorted(self.pack.clocks, key=lambda at: at.value.since)
        same: dict[tuple[str, str, str], list[At[ClockRule]]] = defaultdict(list)
        for at in rules:
            rule = at.value
            same[rule.kind, rule.supervision, rule.stage].append(at)
            if rule.until is not None and rule.until < rule.since:
                self._note(at, f"clock rule {rule.id} ends before it begins")
        for group in same.values():
            for earlier, later in pairwise(group):
                if later.value.since <= (earlier.value.until or date.max):
                    self._note(later, f"clock rules {earlier.value.id} and {later.value.id} overlap")
        if rules:
            gaps = [self._gap(rules, *case) for case in product(KINDS, ("yes", "no"), TIMED_STAGES)]
            self.faults += [gap for gap in gaps if gap]

    def _gap(self, rules: list[At[ClockRule]], kind: str, supervision: str, stage: str) -> Fault | None:
        """The first day without a rule, from the first rule on, must never come."""
        case = f"{kind}, {stage}, supervision {supervision}"
        covered: date | None = None
        for at in rules:
            rule = at.value
            if rule.stage == stage and rule.kind in (kind, "any") and rule.supervision in (supervision, "any"):
                if covered is not None and rule.since - timedelta(days=1) > covered:
                    return Fault(at.file, at.line, f"no clock rule for {case} between {covered} and {rule.since}")
                covered = max(covered or date.min, rule.until or date.max)
        if covered == date.max:
            return None
        return Fault(rules[0].file, 1, f"no clock rule for {case}" + (f" after {covered}" if covered else ""))

    def _phrases(self, required: Mapping[str, frozenset[str]] | None) -> None:
        for at in self.pack.phrases:
            key, texts = at.value
            names = {language: self._placeholders(at, text) for language, text in texts.items() if text}
            if len({frozenset(one) for one in names.values()}) > 1:
                shown = " but ".join(f"{', '.join(sorted(one)) or 'none'} in {lang}" for lang, one in names.items())
                self._note(at, f"{key}: placeholders differ: {shown}")
            if required is not None and key not in required:
                self._note(at, f"unknown phrase {key}")
            elif required is not None:
                extra = sorted(set().union(*names.values()) - required[key])
                if extra:
                    self._note(at, f"{key}: unknown placeholder {', '.join(extra)}")
        known = {at.value[0] for at in self.pack.phrases}
        if known or required:
            missing = [key for key in required or () if key not in known]
            self.faults += [Fault("phrases.yaml", 1, f"phrase {key} is missing") for key in missing]

    def _placeholders(self, at: At[tuple[str, dict[str, str]]], text: str) -> set[str]:
        """Only plain ``{name}`` may stand in a phrase: an attribute or index would reach into what the code passes."""
        names: set[str] = set()
        try:
            parts = list(string.Formatter().parse(text))
        except ValueError as error:
            self._note(at, f"{at.value[0]}: unreadable placeholder: {error}")
            return names
        for _, field, spec, conversion in parts:
            if field is None:
                continue
            if not field.isidentifier() or spec or conversion:
                self._note(at, f"{at.value[0]}: {{{field}}} is not a plain placeholder")
            names.add(field)
        return names

    def _examples(self) -> None:
        known = {at.value.code for at in self.pack.categories}
        for each in self.pack.examples:
            if self._unknown(each.label, known):
                self.faults.append(Fault(each.file, 1, f"unknown category {each.label!r}"))


def _hours(span: tuple[time, time | None]) -> float:
    start, end = span
    return (24 if end is None else end.hour + end.minute / 60) - start.hour - start.minute / 60


def examine_texts(pack: Draft, faults: list[Fault]) -> None:
    """Calling this will note what is wrong with the single lines of a draft's examples and aspects, and with their
    number. It looks at thousands of lines, so only ``check`` does it."""
    categories = list(dict.fromkeys(at.value.code for at in pack.categories))
    examine_examples(pack.examples, categories if pack.examples else (), EXAMPLES_NEEDED, faults)
    examine_aspects(pack.aspects, faults)
