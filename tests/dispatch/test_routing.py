"""Whose work it is: one row a case; the category, where, and who must get it for which reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dispatch.region import Level
from dispatch.routing import Reason, Route, route
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


def test_every_reason_has_a_case() -> None:
    assert {case[3] for case in CASES} == set(Reason)
