"""Places as people write them: the figures of the whole set, of both halves, and of texts that name none."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from dispatch.places import Places
from dispatch.places.measuring import COLUMNS, BadCases, Case, Judged, figures, judge, read
from dispatch.region import load

CASES = Path(__file__).parent / "cases" / "places.csv"
#: What the product promises: the kecamatan where one is named, and hardly ever a wrong place.
LEAST_DISTRICTS, MOST_WRONG = 0.95, 0.01


@pytest.fixture(scope="module")
def judged() -> list[Judged]:
    return judge(read(CASES), Places(load("kaltara")).find)


@pytest.mark.parametrize("half", ["a", "b", "ab"])
def test_the_promise_is_kept_on(judged: list[Judged], half: str) -> None:
    counted = figures(one for one in judged if one.case.half in half)
    assert counted.district_share >= LEAST_DISTRICTS
    assert counted.wrong_share <= MOST_WRONG


def test_the_set_is_large_and_covers_the_region() -> None:
    cases = read(CASES)
    naming = [case for case in cases if case.level != "none"]
    assert len(naming) >= 300 and len(cases) - len(naming) >= 150
    assert {case.area[:5] for case in naming if case.area} == {"65.01", "65.02", "65.03", "65.04", "65.71"}
    assert len({case.text for case in cases}) == len(cases)
    assert set(Counter(case.half for case in cases)) == {"a", "b"}


def test_every_expected_area_is_one_of_the_region() -> None:
    region = load("kaltara")
    assert [case.line for case in read(CASES) if case.area and case.area not in region.places] == []


def test_every_kecamatan_is_in_the_set() -> None:
    region = load("kaltara")
    named = {case.area[:8] for case in read(CASES)}
    districts = {code for code, place in region.places.items() if place.level == "district"}
    assert districts - named == set()


#: expected, given, right, wrong, coarse, right kecamatan
VERDICTS = {
    "right": ("65.71.02.1004", "65.71.02.1004", True, False, False, True),
    "around": ("65.71.02.1004", "65.71", False, False, True, False),
    "kecamatan for a kelurahan": ("65.71.02.1004", "65.71.02", False, False, True, True),
    "another village of the kecamatan": ("65.71.02.1004", "65.71.02.1003", False, True, False, True),
    "too exact": ("65.71", "65.71.02", False, True, False, False),
    "not found": ("65.71", "", False, False, False, False),
    "rightly none": ("", "", True, False, False, False),
    "a place where none is": ("", "65.71", False, True, False, False),
    "a code that only begins alike": ("65.71.02", "65.7", False, True, False, False),
}


@pytest.mark.parametrize(("area", "given", "right", "wrong", "coarse", "district"), VERDICTS.values(), ids=VERDICTS)
def test_the_verdict(area: str, given: str, right: bool, wrong: bool, coarse: bool, district: bool) -> None:
    one = Judged(Case("x", area, "", "", "a", 2), given)
    assert (one.right, one.wrong, one.coarse, one.right_district) == (right, wrong, coarse, district)


HEAD = ",".join(COLUMNS)
BAD = {
    "empty": ("", "columns must be"),
    "other columns": ("text,area\n", "columns must be"),
    "a short row": (f"{HEAD}\nhalo,65.71\n", "places.csv:2"),
    "no text": (f"{HEAD}\n ,65.71,regency,x,a\n", "places.csv:2"),
    "no text file": ("\udcff\n", "cannot be read"),
}


@pytest.mark.parametrize(("content", "told"), BAD.values(), ids=BAD)
def test_a_file_that_cannot_be_measured(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "places.csv"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(BadCases, match=told):
        read(path)


def test_no_messages_have_no_figures() -> None:
    counted = figures([])
    assert (counted.count, counted.district_share, counted.wrong_share, counted.unknown) == (0, 0.0, 0.0, 0)
