"""What must agree about who watches over whom, whose assets are whose, and what the desk's rules name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from typing import Any

from dispatch.region.building import Draft
from dispatch.region.forms import STATUSES
from dispatch.region.reading import At
from dispatch.region.values import Agency, Fault, Level

Note = Callable[[At[Any], str], None]


def check_belonging(pack: Draft, faults: list[Fault]) -> None:
    """Calling this will note in ``faults`` what does not fit in supervisors, owners, assets and desk rules; it raises
    nothing."""

    def note(at: At[Any], text: str) -> None:
        faults.append(Fault(at.file, at.line, text))

    _supervisors(pack, note)
    _owners(pack, note)
    _owned(pack, note)
    _assets(pack, note)
    _desk(pack, note)


def serving(agencies: Collection[Agency], level: Level, area: str, regencies: Collection[str]) -> str:
    """Calling this will say what is missing for the agencies that do one work to answer on ``level`` in the whole
    region ("" for nothing)."""
    if level is not Level.EXTERNAL:
        return "" if any(agency.level is Level.PROVINCE for agency in agencies) else "no provincial agency does {}"
    areas = {agency.area for agency in agencies if not agency.ours}
    missing = [] if area in areas else [code for code in regencies if code not in areas]
    return f"no external body does {{}} in {', '.join(missing) or area}" if missing or not areas else ""


def _supervisors(pack: Draft, note: Note) -> None:
    agencies = {at.value.code: at.value for at in pack.agencies}
    for at in pack.agencies:
        agency = at.value
        above = agencies.get(agency.supervisor)
        if not agency.supervisor or agency.supervisor in pack.dropped:
            continue
        if above is None:
            note(at, f"unknown supervisor {agency.supervisor!r}")
        elif agency.supervisor == agency.code:
            note(at, f"agency {agency.code} cannot supervise itself")
        elif not above.ours:
            note(at, f"supervisor {above.code} is outside local government")
        elif _circle(agency, agencies):
            note(at, f"agency {agency.code} supervises itself by way of {agency.supervisor}")


def _circle(agency: Agency, agencies: dict[str, Agency]) -> bool:
    seen, above = {agency.code}, agencies.get(agency.supervisor)
    while above is not None and above.code not in seen:
        seen.add(above.code)
        above = agencies.get(above.supervisor)
    return above is not None and above.code == agency.code


def _owners(pack: Draft, note: Note) -> None:
    owners = {at.value.code for at in pack.ownership.owners}
    holders: dict[tuple[str, str], str] = {}
    for at in pack.agencies:
        for code in at.value.owns:
            if code not in owners:
                if not pack.ownership.readable or code in pack.dropped:
                    continue
                note(at, f"owns: unknown owner {code!r}")
            elif (other := holders.setdefault((code, at.value.area), at.value.code)) != at.value.code:
                note(at, f"owns: what is {code}'s in {at.value.area} belongs to {other} already")
    doing: dict[str, list[Agency]] = defaultdict(list)
    for agency in pack.agencies:
        doing[agency.value.function].append(agency.value)
    regencies = sorted(at.value.code for at in pack.places if at.value.level == "regency")
    area = next((at.value.code for at in pack.places if at.value.level == "province"), "")
    seen: dict[str, int] = {}
    for each in pack.ownership.owners:
        owner = each.value
        if owner.code in seen:
            note(each, f"owner {owner.code} is on line {seen[owner.code]} already")
        seen.setdefault(owner.code, each.line)
        if not pack.agencies or owner.function in pack.dropped:
            continue
        if not doing[owner.function]:
            note(each, f"owner {owner.code}: unknown function {owner.function!r}: no agency does it")
        elif missing := serving(doing[owner.function], owner.level, area, regencies):
            note(each, f"owner {owner.code}: {missing.format(owner.function)}")


def _owned(pack: Draft, note: Note) -> None:
    owners = {at.value.code: at.value for at in pack.ownership.owners}
    categories = {at.value.code for at in pack.categories}
    for at in pack.ownership.owned:
        category, codes = at.value
        if categories and category not in categories and category not in pack.dropped:
            note(at, f"owned: unknown category {category!r}")
        cues: dict[str, str] = {}
        for number, code in enumerate(codes):
            if code not in owners:
                if code not in pack.dropped:
                    note(at, f"owned: {category}: unknown owner {code!r}")
                continue
            if code in codes[:number]:
                note(at, f"owned: {category}: {code} stands twice")
                continue
            for cue in owners[code].cues:
                other = cues.setdefault(" ".join(cue.casefold().split()), code)
                if other != code:
                    note(at, f"owned: {category}: {cue!r} names both {other} and {code}")


def _assets(pack: Draft, note: Note) -> None:
    owners = {at.value.code for at in pack.ownership.owners}
    owned = {at.value[0]: at.value[1] for at in pack.ownership.owned}
    categories = {at.value.code for at in pack.categories}
    places = {at.value.code for at in pack.places}
    seen: dict[tuple[str, str], int] = {}
    for at in pack.ownership.assets:
        asset = at.value
        for name in dict.fromkeys(" ".join(each.casefold().split()) for each in (asset.name, *asset.aliases)):
            for category in asset.categories:
                first = seen.setdefault((name, f"{category} {asset.area}"), at.line)
                if first != at.line:
                    note(at, f"asset {asset.name!r}: {name!r} is on line {first} already for {category}")
        if asset.owner not in owners:
            if asset.owner not in pack.dropped:
                note(at, f"asset {asset.name!r}: unknown owner {asset.owner!r}")
            continue
        for category in asset.categories:
            if categories and category not in categories:
                if category not in pack.dropped:
                    note(at, f"asset {asset.name!r}: unknown category {category!r}")
            elif asset.owner not in owned.get(category, ()):
                note(at, f"asset {asset.name!r}: {asset.owner} is no owner under owned: {category}")
        if asset.area and places and asset.area not in places:
            note(at, f"asset {asset.name!r}: area {asset.area} is not a place")


def _desk(pack: Draft, note: Note) -> None:
    categories = {at.value.code for at in pack.categories}
    for at in pack.desk.categories:
        if categories and at.value not in categories and at.value not in pack.dropped:
            note(at, f"alike: unknown category {at.value!r}")
    for at in pack.desk.statuses:
        if at.value not in STATUSES:
            note(at, f"lapor: {at.value!r} is no status: {', '.join(STATUSES)}")
