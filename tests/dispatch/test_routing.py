"""Whose work it is: one row a case; the category, where, and who must get it for which reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dispatch.ownership import Finding, Why
from dispatch.region import Level, Owner
from dispatch.routing import Reason, Route, above, forbidden, inspectorate_accused, inspects, keeper, route
from dispatch.services.assigning import Complaint
from tests.support import rules

# Kota Muara (65.71) has joined; Kabupaten Hulu (65.01) has agencies and has not; Kabupaten Hilir (65.02) has none.
REGION = rules.region(
    agencies=[
        rules.agency("prov-roads", "dpupr"),
        rules.agency("muara-roads", "dpupr", "65.71"),
        rules.agency("hulu-roads", "dpupr", "65.01", joined=False),
        rules.agency("prov-tax", "bapenda"),
        rules.agency("muara-tax", "bapenda", "65.71"),
        rules.agency("muara-parks", "parks", "65.71"),
        rules.agency("hulu-parks", "parks", "65.01", joined=False),
        rules.agency("prov-sea", "sea", joined=False),
        rules.agency("muara-inspectorate", "inspektorat", "65.71"),
        rules.agency("hulu-inspectorate", "inspektorat", "65.01", joined=False),
        rules.external("power", "pln", joined=False),
        rules.external("muara-water", "pdam", "65.71", joined=False),
        rules.external("police", "polri"),
        rules.external("hulu-police", "polri", "65.01"),
    ],
    categories=[
        rules.category("road", "dpupr"),
        rules.category("park", "parks"),
        rules.category("market", "nobody"),
        rules.category("car_tax", "bapenda", Level.PROVINCE),
        rules.category("sea", "sea", Level.PROVINCE),
        rules.category("power", "pln", Level.EXTERNAL),
        rules.category("water", "pdam", Level.EXTERNAL),
        rules.category("crime", "polri", Level.EXTERNAL),
        rules.category("bribe", "inspektorat", supervision=True),
        rules.category("road_bribe", "dpupr", supervision=True),
        rules.category("tax_bribe", "bapenda", Level.PROVINCE, supervision=True),
    ],
)

# category | area | agency | reason | provisional
TABLE = """
-          | -             | prov-desk          | unsure          | yes
-          | 65.71         | prov-desk          | unsure          | yes
road       | 65.71         | muara-roads        | local           | no
road       | 65.71.01      | muara-roads        | local           | no
road       | 65.71.01.1001 | muara-roads        | local           | no
road       | 65.71.99.9999 | muara-roads        | local           | no
road       | 65.01         | prov-roads         | not_joined      | no
road       | 65.02         | prov-roads         | no_local_agency | no
road       | -             | prov-roads         | place_unknown   | yes
road       | 65            | prov-roads         | place_unknown   | yes
road       | 65.99         | prov-roads         | place_unknown   | yes
road       | 64.71.01      | prov-roads         | place_unknown   | yes
road       | Pasar         | prov-roads         | place_unknown   | yes
road       | 65..          | prov-roads         | place_unknown   | yes
park       | 65.71         | muara-parks        | local           | no
park       | 65.01         | prov-desk          | not_joined      | yes
park       | 65.02         | prov-desk          | no_local_agency | yes
park       | -             | prov-desk          | place_unknown   | yes
market     | 65.71         | prov-desk          | no_local_agency | yes
car_tax    | 65.71         | prov-tax           | province        | no
car_tax    | -             | prov-tax           | province        | no
sea        | -             | prov-desk          | unsure          | yes
sea        | 65.71         | prov-desk          | unsure          | yes
power      | 65.71         | power              | external        | no
power      | -             | power              | external        | no
water      | 65.71.01      | muara-water        | external        | no
water      | 65.02         | prov-desk          | no_local_agency | yes
water      | -             | prov-desk          | place_unknown   | yes
crime      | 65.01         | hulu-police        | external        | no
crime      | 65.71         | police             | external        | no
bribe      | 65.71.01      | muara-inspectorate | supervision     | no
bribe      | 65.01         | prov-inspectorate  | supervision     | no
bribe      | 65.02         | prov-inspectorate  | supervision     | no
bribe      | -             | prov-inspectorate  | supervision     | yes
road_bribe | 65.71         | muara-inspectorate | supervision     | no
road_bribe | 65.02         | prov-inspectorate  | supervision     | no
tax_bribe  | 65.01         | prov-inspectorate  | supervision     | no
"""
CASES = [tuple(cell.strip() for cell in row.split("|")) for row in TABLE.strip().splitlines()]


@pytest.mark.parametrize(
    ("category", "area", "agency", "reason", "provisional"), CASES, ids=[f"{c[0]} in {c[1]}" for c in CASES]
)
def test_the_table(category: str, area: str, agency: str, reason: str, provisional: str) -> None:
    found = route(REGION, None if category == "-" else category, None if area == "-" else area)
    assert found == Route(agency, Reason(reason), provisional == "yes")


@pytest.mark.parametrize("area", [None, "", "65", "65.71", "nonsense"])
def test_no_area_raises_and_every_report_gets_an_agency_of_the_region(area: str | None) -> None:
    for code in [None, *REGION.categories]:
        assert route(REGION, code, area).agency in REGION.agencies


@pytest.mark.parametrize("area", [None, "65", "65.01", "65.02", "65.71"])
def test_supervision_never_reaches_the_agency_complained_about(area: str | None) -> None:
    for code in ("bribe", "road_bribe", "tax_bribe"):
        assert REGION.agencies[route(REGION, code, area).agency].function == "inspektorat"


def test_the_day_a_regency_joins_its_reports_stay_there() -> None:
    joined = {
        **REGION.agencies,
        "hulu-roads": replace(REGION.agencies["hulu-roads"], joined=True),
    }
    after = replace(REGION, agencies=joined)
    assert route(after, "road", "65.01") == Route("hulu-roads", Reason.LOCAL, provisional=False)


def test_an_unknown_category_is_an_error() -> None:
    with pytest.raises(KeyError, match="roof"):
        route(REGION, "roof", "65.71")


OWNERS = {
    "town": Owner("town", {"id": "Kota"}, "dpupr", Level.LOCAL, ("jalan kota",)),
    "prov": Owner("prov", {"id": "Provinsi"}, "dpupr", Level.PROVINCE, ("jalan provinsi",)),
    "state": Owner("state", {"id": "Negara"}, "bpjn", Level.EXTERNAL, ("jalan nasional",)),
    "village": Owner("village", {"id": "Desa"}, "dpmd", Level.LOCAL, ("jalan desa",)),
}
OWNED = replace(
    REGION,
    agencies={
        **REGION.agencies,
        "state-roads": rules.external("state-roads", "bpjn"),
        "muara-villages": rules.agency("muara-villages", "dpmd", "65.71"),
        "prov-villages": rules.agency("prov-villages", "dpmd"),
        "muara-bridges": replace(rules.agency("muara-bridges", "bridges", "65.71"), owns=("town",)),
        "muara-above": rules.agency("muara-above", "setda", "65.71"),
        "muara-inspectorate": replace(REGION.agencies["muara-inspectorate"], supervisor="muara-above"),
    },
    owners=OWNERS,
    owned={"road": ("town", "prov", "state", "village"), "park": ("town",)},
)

# owner and how it is known | area | agency | reason | provisional
OWNER_TABLE = """
state asset         | 65.71 | state-roads    | asset           | no
state owner_words   | -     | state-roads    | owner_words     | no
prov owner_words    | 65.71 | prov-roads     | owner_words     | no
prov owner_words    | -     | prov-roads     | owner_words     | no
prov staff          | 65.01 | prov-roads     | staff_owner     | no
village owner_words | 65.71 | muara-villages | owner_words     | no
village owner_words | 65.01 | prov-villages  | no_local_agency | no
village owner_words | -     | prov-villages  | place_unknown   | yes
town owner_default  | 65.71 | muara-bridges  | owner_default   | no
town owner_only     | 65.71 | muara-bridges  | local           | no
town owner_words    | 65.01 | prov-roads     | not_joined      | no
state owner_default | 65.71 | state-roads    | owner_default   | no
"""
OWNER_CASES = [tuple(cell.strip() for cell in row.split("|")) for row in OWNER_TABLE.strip().splitlines()]


@pytest.mark.parametrize(
    ("known", "area", "agency", "reason", "provisional"), OWNER_CASES, ids=[f"{c[0]} in {c[1]}" for c in OWNER_CASES]
)
def test_whose_asset_it_is_decides(known: str, area: str, agency: str, reason: str, provisional: str) -> None:
    owner, _, why = known.partition(" ")
    staff = why == "staff"
    found = Finding(owner, Why.WORDS if staff else Why(why))
    place = None if area == "-" else area
    route_found = route(OWNED, "road", place, found=found, by_staff=staff)
    assert route_found == Route(agency, Reason(reason), provisional == "yes")


def test_the_usual_owner_with_the_categorys_own_agency_is_no_reason_of_its_own() -> None:
    plain = replace(
        OWNED, agencies={code: agency for code, agency in OWNED.agencies.items() if code != "muara-bridges"}
    )
    assert route(plain, "road", "65.71", found=Finding("town", Why.USUAL)).reason is Reason.LOCAL


# accused | area | agency | reason
ACCUSED_TABLE = """
-                                  | 65.71 | muara-inspectorate | supervision
muara-roads                        | 65.71 | muara-inspectorate | supervision
muara-inspectorate                 | 65.71 | muara-above        | above_inspectorate
inspektorat                        | -     | prov-desk          | above_inspectorate
prov-inspectorate                  | -     | prov-desk          | above_inspectorate
muara-inspectorate muara-above     | 65.71 | prov-inspectorate  | above_inspectorate
"""
ACCUSED_CASES = [tuple(cell.strip() for cell in row.split("|")) for row in ACCUSED_TABLE.strip().splitlines()]


@pytest.mark.parametrize(("accused", "area", "agency", "reason"), ACCUSED_CASES, ids=[c[0] for c in ACCUSED_CASES])
def test_an_inspectorate_does_not_look_into_itself(accused: str, area: str, agency: str, reason: str) -> None:
    named = "" if accused == "-" else accused
    place = None if area == "-" else area
    found = route(OWNED, "road_bribe", place, accused=named.split())
    assert (found.agency, found.reason) == (agency, Reason(reason))
    assert forbidden(OWNED, Complaint(True, named), found.agency) is None


@pytest.mark.parametrize("accused", ["", "muara-roads", "muara-inspectorate", "prov-inspectorate", "inspektorat"])
def test_what_is_about_officials_is_for_inspectorates_and_never_for_the_accused(accused: str) -> None:
    about = Complaint(True, accused)
    for code, agency in OWNED.agencies.items():
        allowed = forbidden(OWNED, about, code) is None
        named = code in accused.split() or agency.function in accused.split()
        above_it = [above(OWNED, each, accused.split()) for each in OWNED.agencies if inspects(OWNED, each)]
        assert not (allowed and named)
        assert not allowed or inspects(OWNED, code) or (accused and code in above_it)
    assert forbidden(OWNED, about, keeper(OWNED, about)) is None
    assert all(forbidden(OWNED, Complaint(False, accused), code) is None for code in OWNED.agencies)


# words | area | which
INSPECTORS = """
Oknum inspektorat minta uang kepada kepala sekolah         | 65.71 | muara-inspectorate
pegawai di kantor inspektorat memeras bendahara            | 65.71 | muara-inspectorate
Inspektorat menerima suap dari kontraktor                  | 65.71 | muara-inspectorate
auditor inspektorat provinsi minta uang                    | 65.71 | prov-inspectorate
oknum inspektorat minta uang                               | -     | inspektorat
oknum inspektorat minta uang                               | 65.02 | prov-inspectorate
Sudah lapor ke inspektorat tetapi kepala dinas masih minta | 65.71 |
Mohon inspektorat periksa kepala desa kami                 | 65.71 |
inspektorat                                                | 65.71 |
"""


@pytest.mark.parametrize(
    ("text", "area", "which"),
    [tuple(cell.strip() for cell in row.split("|")) for row in INSPECTORS.strip().splitlines()],
)
def test_who_was_told_is_not_who_is_complained_about(text: str, area: str, which: str) -> None:
    assert inspectorate_accused(OWNED, text, None if area == "-" else area) == which


def test_every_reason_has_a_case() -> None:
    found = {case[3] for case in (*CASES, *OWNER_CASES, *ACCUSED_CASES)}
    assert found == set(Reason)
