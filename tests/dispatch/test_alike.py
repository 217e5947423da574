"""The labelled pairs of ``cases/alike.csv``: the threshold is chosen on one half and judged on the other."""

from __future__ import annotations

import csv
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from dispatch.alike import MOST_CHARACTERS, Comparer, Report, rules_for
from dispatch.region import Region
from dispatch.region.rules import Alike

PAIRS = Path(__file__).parent / "cases" / "alike.csv"
AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
RULES = Alike()
#: About 111 km on a meridian.
DEGREE = 111.2


@dataclass(frozen=True)
class Pair:
    """One labelled pair."""

    name: str
    same: bool
    one: Report
    other: Report


@cache
def pairs() -> tuple[Pair, ...]:
    with PAIRS.open(encoding="utf-8", newline="") as file:
        return tuple(_pair(row) for row in csv.DictReader(file))


def _pair(row: dict[str, str]) -> Pair:
    far = float(row["kilometres"]) if row["kilometres"] else None
    pins = (None, None) if far is None else ((3.3, 117.6), (3.3 + far / DEGREE, 117.6))
    after = AT + timedelta(hours=float(row["hours"]))
    return Pair(
        row["case"],
        row["same"] == "yes",
        Report(row["text"], AT, row["category"] or None, row["area"] or None, pins[0]),
        Report(row["other_text"], after, row["other_category"] or None, row["other_area"] or None, pins[1]),
    )


@pytest.fixture(scope="module")
def comparer(kaltara: Region) -> Comparer:
    return Comparer(kaltara)


def judged(comparer: Comparer, half: int, threshold: float) -> tuple[float, float]:
    """Precision and recall at a threshold on every second pair, from ``half`` on."""
    scored = [(pair.same, comparer.score(pair.one, pair.other, RULES) >= threshold) for pair in pairs()[half::2]]
    right = sum(same and said for same, said in scored)
    return right / max(1, sum(said for _, said in scored)), right / sum(same for same, _ in scored)


def test_the_table_is_large_and_its_cases_are_named_once() -> None:
    names = [pair.name for pair in pairs()]
    assert len(names) == len(set(names)) >= 120
    assert min(sum(pair.same for pair in pairs()), sum(not pair.same for pair in pairs())) >= 50


def test_the_threshold_chosen_on_one_half_holds_on_the_other(comparer: Comparer) -> None:
    def quality(threshold: float) -> float:
        precision, recall = judged(comparer, 0, threshold)
        return 2 * precision * recall / max(precision + recall, 1e-9)

    chosen = max((step / 100 for step in range(20, 80)), key=lambda step: (round(quality(step), 6), -abs(step - 0.5)))
    assert abs(chosen - RULES.score) <= 0.1, chosen
    precision, recall = judged(comparer, 1, RULES.score)
    assert precision >= 0.85, (precision, recall)
    assert recall >= 0.9, (precision, recall)


@pytest.mark.parametrize("pair", pairs(), ids=lambda pair: pair.name)
def test_likeness_does_not_depend_on_who_wrote_first(comparer: Comparer, pair: Pair) -> None:
    score = comparer.score(pair.one, pair.other, RULES)
    assert 0.0 <= score <= 1.0
    assert comparer.score(pair.other, pair.one, RULES) == score


def test_greetings_names_and_neighbourhood_numbers_say_nothing(comparer: Comparer) -> None:
    plain = comparer.words("sampah menumpuk di gang mawar")
    dressed = comparer.words("Selamat pagi pak Budi, saya warga RT 05/RW 02, tolong sampah menumpuk di gang mawar")
    assert dressed == plain


def test_a_category_has_its_own_rules_or_those_of_all_others() -> None:
    rules = {"": Alike(hours=10), "listrik": Alike(hours=3)}
    assert rules_for(rules, "listrik").hours == 3
    assert rules_for(rules, "sampah").hours == rules_for(rules, None).hours == 10
    assert rules_for({}, "sampah") == Alike()


@pytest.mark.parametrize("text", ["", "   ", "🙏", "a" * 200_000, "jalan " * 50_000, "1234 " * 9_000])
def test_no_text_is_too_odd_or_too_long(comparer: Comparer, text: str) -> None:
    begun = time.perf_counter()
    score = comparer.score(Report(text, AT, "listrik", "65.71"), Report(text, AT, "listrik", "65.71"), RULES)
    assert 0.0 <= score <= 1.0
    assert time.perf_counter() - begun < 1.0
    assert comparer.words(text) == comparer.words(text[:MOST_CHARACTERS])
