"""Training the aspects: what may be taught, what ordinary complaints teach, and how well each is read."""

from __future__ import annotations

from typing import Any

import pytest

from classifier import aspects
from classifier.judge import Judge, traits
from classifier.reader import DANGER, DANGER_KIND, KIND, SUPERVISION, URGENT
from classifier.scorer import Scorer, read_tokens
from dispatch.region import Region

BURNS = ["rumah terbakar tolong", "api besar di pasar tolong", "kebakaran di gang kami", "rumah kebakaran tolong api"]
DROWNS = ["anak tenggelam di sungai", "orang hanyut di sungai tolong", "perahu tenggelam tolong", "anak hanyut tolong"]
CALM = ["tahun lalu kebakaran", "kapan latihan kebakaran", "tenggelam dalam utang", "sungai kotor", "lampu mati"]
DANGERS = {"fire": BURNS, "drowning": DROWNS, "none": CALM}
ORDINARY = ["lampu jalan mati", "sampah menumpuk", "jalan rusak parah", "air tidak mengalir", "ktp belum jadi"]


def probabilities(scorer: Scorer, text: str) -> dict[str, float]:
    return Judge(scorer).probabilities(traits(text, [token.form for token in read_tokens(text)]))


def test_danger_is_taught_as_one_question_and_its_kinds_as_another() -> None:
    found = aspects.train({DANGER: DANGERS}, ORDINARY)
    assert {name: scorer.labels for name, scorer in found.items()} == {
        DANGER: ("no", "yes"),
        DANGER_KIND: ("drowning", "fire"),
    }
    assert probabilities(found[DANGER], "rumah terbakar tolong")["yes"] > 0.5
    # Of a text in which nothing is known, nothing is said.
    assert probabilities(found[DANGER], "sampah menumpuk").get("yes", 0.0) < 0.5
    assert probabilities(found[DANGER_KIND], "orang tenggelam")["drowning"] > 0.5


def test_the_same_texts_make_the_same_model_and_others_another() -> None:
    first, again, other = (
        aspects.train({DANGER: DANGERS}, ordinary)[DANGER].version
        for ordinary in (ORDINARY, ORDINARY, [*ORDINARY, "got mampet"])
    )
    assert first == again != other
    assert first.startswith("danger-")


REFUSED: dict[str, dict[str, dict[str, list[str]]]] = {
    "an aspect nobody knows": {"mood": {"good": ["a"], "bad": ["b"]}},
    "the kinds of danger by themselves": {DANGER_KIND: {"fire": BURNS, "flood": DROWNS}},
    "a label nobody knows": {DANGER: {**DANGERS, "boredom": ["bosan"]}},
    "one label": {KIND: {"complaint": ORDINARY}},
    "danger of one kind": {DANGER: {"fire": BURNS, "none": CALM}},
    "danger without anything else": {DANGER: {"fire": BURNS, "drowning": DROWNS}},
}


@pytest.mark.parametrize("examples", [pytest.param(given, id=name) for name, given in REFUSED.items()])
def test_what_cannot_be_taught_is_refused(examples: dict[str, dict[str, list[str]]]) -> None:
    with pytest.raises(ValueError):
        aspects.train(examples, [])


def test_no_aspect_gives_no_model() -> None:
    assert aspects.train({}, ORDINARY) == {}


def test_a_complaint_that_is_a_case_itself_does_not_teach_the_contrary() -> None:
    rows = [(text, "yes") for text in BURNS] + [(text, "no") for text in CALM]
    lesson = aspects._lesson(DANGER, rows, [BURNS[0], *ORDINARY, ORDINARY[0]], "no")
    assert lesson.texts.count(BURNS[0]) == 1
    assert lesson.labels[lesson.texts.index(BURNS[0])] == "yes"
    assert lesson.texts.count(ORDINARY[0]) == 1


def test_a_complaint_that_looks_like_a_case_teaches_nothing(kaltara: Region) -> None:
    rows = [(text, label) for label, texts in kaltara.aspects[SUPERVISION].items() for text in texts]
    bribe, lamp = "oknum pegawai kecamatan minta uang pelicin 300 ribu", "lampu jalan mati di gang kami"
    lesson = aspects._lesson(SUPERVISION, rows, [bribe, lamp], "no")
    assert bribe not in lesson.texts
    assert lamp in lesson.texts


# How well each is read, on texts held out: floors a little under what was reached.


@pytest.fixture(scope="module")
def figures(kaltara: Region) -> dict[str, dict[str, Any]]:
    taught = {aspect: kaltara.aspects[aspect] for aspect in (KIND, SUPERVISION, URGENT)}
    return aspects.evaluate(taught, [each.text for each in kaltara.examples], folds=3)


FLOORS = [
    (KIND, "accuracy", 0.82),
    (KIND, "macro_f1", 0.82),
    (KIND, "f1 complaint", 0.77),
    (KIND, "f1 information", 0.84),
    (KIND, "f1 aspiration", 0.83),
    (KIND, "f1 spam", 0.75),
    (SUPERVISION, "recall", 0.80),
    (SUPERVISION, "precision", 0.90),
    (URGENT, "recall", 0.68),
    (URGENT, "precision", 0.87),
]
CEILINGS = [(SUPERVISION, "false_alarms", 0.13), (URGENT, "false_alarms", 0.09), (URGENT, "ordinary_raised", 0.03)]


@pytest.mark.parametrize(("aspect", "figure", "floor"), FLOORS)
def test_held_out_texts_are_read_well(
    figures: dict[str, dict[str, Any]], aspect: str, figure: str, floor: float
) -> None:
    assert figures[aspect][figure] >= floor


@pytest.mark.parametrize(("aspect", "figure", "ceiling"), CEILINGS)
def test_held_out_texts_are_seldom_raised_for_nothing(
    figures: dict[str, dict[str, Any]], aspect: str, figure: str, ceiling: float
) -> None:
    assert figures[aspect][figure] <= ceiling


def test_every_figure_is_a_number_that_can_be_printed(figures: dict[str, dict[str, Any]]) -> None:
    assert {type(value) for each in figures.values() for value in each.values()} <= {int, float}
