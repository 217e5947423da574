"""Whose work it is: the category (what) and the area (where) give one agency, and the reason is written down.

The order is a table. A report is never without an agency: what no rule places goes to the region's desk.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dispatch.region import Agency, Level, Region


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


class Held(StrEnum):
    """Why the desk looks before any agency is chosen, whatever the matter is; kept where a reason is."""

    SUPERVISION = "supervision_doubt"  # perhaps about the conduct of officials
    SPAM = "spam_doubt"
    DANGER = "danger"  # to life, and a body outside is in charge: none of ours would see it there


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


def route(region: Region, category_code: str | None, area: str | None, *, supervision: bool = False) -> Route:
    """Calling this will choose the agency for a category (None: nobody is sure) and an area code (None: unknown).

    An area the region does not know counts as unknown. Content about officials' conduct, by its category or because
    its words are (``supervision``), goes to the inspectorate of the place, else to the region's own, never to the
    agency complained about (Permen PANRB 62/2018, *berkadar pengawasan*). Raises KeyError for a category code that the
    region does not have.
    """
    category = region.categories[category_code] if category_code is not None else None
    regency = region.regency_of(area) if area else None
    if regency not in region.places:
        regency = None

    if supervision or (category and category.supervision):
        local = _serving(region, region.agencies[region.inspectorate].function, regency)
        return Route(local.code if local else region.inspectorate, Reason.SUPERVISION, provisional=regency is None)
    if category is None:
        return Route(region.desk, Reason.UNSURE, provisional=True)

    missing = _why_not_local(region, category.function, regency)
    for step in _ORDER[category.level]:
        found = _serving(region, category.function, regency if step.in_regency else region.area)
        if found:
            reason = step.reason or missing
            return Route(found.code, reason, provisional=reason is Reason.PLACE_UNKNOWN)
    # Asking the citizen for the place only helps where the place decides.
    unplaced = Reason.UNSURE if category.level is Level.PROVINCE else missing
    return Route(region.desk, unplaced, provisional=True)


def _serving(region: Region, function: str, area: str | None) -> Agency | None:
    """The agency with this function in exactly this area, if it can be given work or, being external, be named."""
    agency = region.agency_for(function, area) if area else None
    return agency if agency and (agency.joined or not agency.ours) else None


def _why_not_local(region: Region, function: str, regency: str | None) -> Reason:
    if regency is None:
        return Reason.PLACE_UNKNOWN
    return Reason.NOT_JOINED if region.agency_for(function, regency) else Reason.NO_LOCAL_AGENCY
