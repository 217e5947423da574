"""Whose work it is: the category (what), the area (where) and the owner (whose asset) give one agency, and the reason
is written down.

The order is a table. A report is never without an agency: what no rule places goes to the region's desk. A report about
the conduct of officials goes to an inspectorate and never to the agency complained about (``forbidden``).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from dispatch.ownership import Finding, Why
from dispatch.region import Agency, Level, Region
from dispatch.workflow import NotAllowed


class Reason(StrEnum):
    """Why an agency was chosen: a key that phrases and reports name, never shown raw."""

    LOCAL = "local"
    PROVINCE = "province"
    EXTERNAL = "external"
    PLACE_UNKNOWN = "place_unknown"
    NOT_JOINED = "not_joined"
    NO_LOCAL_AGENCY = "no_local_agency"
    SUPERVISION = "supervision"
    UNSURE = "unsure"
    ASSET = "asset"
    OWNER_WORDS = "owner_words"
    OWNER_DEFAULT = "owner_default"
    STAFF_OWNER = "staff_owner"
    ABOVE_INSPECTORATE = "above_inspectorate"  # the inspectorate itself is complained about


class Held(StrEnum):
    """Why the desk looks before any agency is chosen, whatever the matter is; kept where a reason is."""

    SUPERVISION = "supervision_doubt"  # perhaps about the conduct of officials
    SPAM = "spam_doubt"
    DANGER = "danger"  # to life, and a body outside is in charge: none of ours would see it there
    SECRET = "secret"  # noqa: S105 - nobody at the agency in charge may read secret reports


class Forbidden(NotAllowed):
    """Calling this will refuse to give a report about officials' conduct to an agency that must not have it."""

    def __init__(self, agency: str) -> None:
        ValueError.__init__(self, f"a report about officials' conduct cannot go to {agency}")
        self.agency = agency


class About(Protocol):
    """What of a report decides who must not get it: whether it is about officials' conduct, and the agencies it
    complains about (codes, or a function where the place is unknown, between blanks)."""

    @property
    def supervision(self) -> bool: ...

    @property
    def accused(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Route:
    """Calling this will hold the agency a report goes to and why.

    ``provisional`` means that the agency only holds the report for now: the place, the category or the right body is
    still to be found, by the citizen's answer or by the desk.
    """

    agency: str
    reason: Reason
    provisional: bool


@dataclass(frozen=True, slots=True)
class _Try:
    """One row of the table: look in the regency of the place, or province-wide. ``reason`` None: the reason why the
    regency's own agency does not serve."""

    in_regency: bool
    reason: Reason | None


#: Tried from left to right for the function of the category; when none serves, the desk finds out.
_ORDER: dict[Level, tuple[_Try, ...]] = {
    Level.LOCAL: (_Try(True, Reason.LOCAL), _Try(False, None)),
    Level.PROVINCE: (_Try(False, Reason.PROVINCE),),
    Level.EXTERNAL: (_Try(True, Reason.EXTERNAL), _Try(False, Reason.EXTERNAL)),
}


def route(
    region: Region,
    category_code: str | None,
    area: str | None,
    *,
    supervision: bool = False,
    found: Finding | None = None,
    by_staff: bool = False,
    accused: Collection[str] = (),
) -> Route:
    """Calling this will choose the agency for a category (None: nobody is sure) and an area code (None: unknown).

    ``found`` says whose asset it is about, ``by_staff`` that a person said so. An area the region does not know counts
    as unknown. Content about officials' conduct, by its category or because its words are (``supervision``), goes to
    the inspectorate of the place, else to the region's own, never to the agency complained about (Permen PANRB 62/2018,
    *berkadar pengawasan*); where the inspectorate itself is among the ``accused`` it goes to the one above. Raises
    KeyError for a category code that the region does not have.
    """
    category = region.categories[category_code] if category_code is not None else None
    regency = region.regency_of(area) if area else None
    if regency not in region.places:
        regency = None

    if supervision or (category and category.supervision):
        return _inspected(region, regency, accused)
    if category is None:
        return Route(region.desk, Reason.UNSURE, provisional=True)

    plain = _look(region, category.function, category.level, regency)
    if found is None:
        return plain
    owner = region.owners[found.owner]
    owned = _look(region, owner.function or category.function, owner.level, regency, found.owner)
    why = Reason.STAFF_OWNER if by_staff else _WHY.get(found.why)
    if why is None or (owned.agency == plain.agency and why is Reason.OWNER_DEFAULT):
        return owned
    settled = owned.reason in (Reason.LOCAL, Reason.PROVINCE, Reason.EXTERNAL)
    # What a place or an absent agency decides stays said: that is what changes next.
    return Route(owned.agency, why if settled else owned.reason, owned.provisional)


#: How an owner is known → the reason that is written down; the only possible one is no reason of its own.
_WHY = {Why.ASSET: Reason.ASSET, Why.WORDS: Reason.OWNER_WORDS, Why.USUAL: Reason.OWNER_DEFAULT}


def _look(region: Region, function: str, level: Level, regency: str | None, owner: str = "") -> Route:
    """Try the rows of the table; the agency that looks after an owner's assets goes before the one with the function
    alone."""
    level = Level.LOCAL if level is Level.REGENCY else level
    missing = _why_not_local(region, function, regency)
    for step in _ORDER[level]:
        area = regency if step.in_regency else region.area
        agency = _caretaker(region, area, level, owner) or _serving(region, function, area)
        if agency:
            reason = step.reason or missing
            return Route(agency.code, reason, provisional=reason is Reason.PLACE_UNKNOWN)
    # Asking the citizen for the place only helps where the place decides.
    unplaced = Reason.UNSURE if level is Level.PROVINCE else missing
    return Route(region.desk, unplaced, provisional=True)


def _caretaker(region: Region, area: str | None, level: Level, owner: str) -> Agency | None:
    if not owner or area is None:
        return None
    able = [
        agency
        for agency in region.agencies.values()
        if owner in agency.owns
        and agency.area == area
        and (agency.level is Level.EXTERNAL) == (level is Level.EXTERNAL)
        and (agency.joined or not agency.ours)
    ]
    return able[0] if able else None


def _inspected(region: Region, regency: str | None, accused: Collection[str]) -> Route:
    local = _serving(region, region.agencies[region.inspectorate].function, regency)
    agency = local.code if local else region.inspectorate
    if not _complained_about(region, agency, accused):
        return Route(agency, Reason.SUPERVISION, provisional=regency is None)
    return Route(above(region, agency, accused), Reason.ABOVE_INSPECTORATE, provisional=regency is None)


def above(region: Region, agency: str, accused: Collection[str] = ()) -> str:
    """Calling this will give who looks into an inspectorate that is complained about itself: the agency the pack names
    as its supervisor, else the region's inspectorate, else the region's desk."""
    named = region.agencies[agency].supervisor
    for code in (named, region.inspectorate, region.desk):
        able = code in region.agencies and region.agencies[code].ours and region.agencies[code].joined
        if able and code != agency and not _complained_about(region, code, accused):
            return code
    return region.desk


def forbidden(region: Region, about: About, agency: str) -> Reason | None:
    """Calling this will say why a report must not be given to an agency, None where it may.

    What is about officials' conduct is for inspectorates that are not complained about themselves, and for those above
    one that is.
    """
    if not about.supervision:
        return None
    accused = about.accused.split()
    if _complained_about(region, agency, accused):
        return Reason.SUPERVISION
    if inspects(region, agency):
        return None
    looked_into = [
        code for code in region.agencies if inspects(region, code) and _complained_about(region, code, accused)
    ]
    return None if agency in {above(region, code, accused) for code in looked_into} else Reason.SUPERVISION


def keeper(region: Region, about: About) -> str:
    """Calling this will give the agency where a report waits that nobody else can be given: the desk, but an
    inspectorate for officials' conduct."""
    for code in (region.desk, region.inspectorate, above(region, region.inspectorate, about.accused.split())):
        if forbidden(region, about, code) is None:
            return code
    return next((code for code in region.agencies if forbidden(region, about, code) is None), region.inspectorate)


def inspects(region: Region, agency: str) -> bool:
    """Calling this will say whether an agency is an inspectorate."""
    return region.agencies[agency].function == region.agencies[region.inspectorate].function


def _complained_about(region: Region, agency: str, accused: Collection[str]) -> bool:
    """By its code, or by its function where nobody knows yet which one is meant."""
    return agency in accused or region.agencies[agency].function in accused


#: The inspectorate as the one who did it, not the one who was told of it: somebody of theirs, or theirs doing it.
_INSPECTOR = re.compile(
    r"\b(?:oknum|pegawai|petugas|auditor|pejabat|kepala|staf+|orang|anggota|ketua|sekretaris)\s+(?:di\s+|dari\s+|pada\s+)?"
    r"(?:kantor\s+)?(inspek?torat|inspektur)\b(\s+(?:daerah\s+)?(?:prov\w*|propinsi))?"
    r"|\b(inspek?torat|inspektur)\b(\s+(?:daerah\s+)?(?:prov\w*|propinsi))?(?:\s+\w+){0,2}?\s+"
    r"(?:minta|meminta|terima|menerima|memeras|korupsi|pungli|disuap|menyalahgunakan|bolos|mabuk)\b",
    re.IGNORECASE,
)


def inspectorate_accused(region: Region, text: str, area: str | None) -> str:
    """Calling this will say which inspectorate a text about officials' conduct complains about: its code, the function
    of all of them where the place is not known, "" for none. Only the first 4,000 characters are read."""
    found = _INSPECTOR.search(text[:4000])
    if found is None:
        return ""
    own = region.agencies[region.inspectorate]
    if found[2] or found[4]:
        return own.code
    regency = region.regency_of(area) if area else None
    if regency is None or regency not in region.places:
        return own.function
    local = _serving(region, own.function, regency)
    return local.code if local else own.code


def _serving(region: Region, function: str, area: str | None) -> Agency | None:
    """The agency with this function in exactly this area, if it can be given work or, being external, be named."""
    agency = region.agency_for(function, area) if area else None
    return agency if agency and (agency.joined or not agency.ours) else None


def _why_not_local(region: Region, function: str, regency: str | None) -> Reason:
    if regency is None:
        return Reason.PLACE_UNKNOWN
    return Reason.NOT_JOINED if region.agency_for(function, regency) else Reason.NO_LOCAL_AGENCY
