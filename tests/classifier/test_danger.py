"""Signs of danger: classes of words, their forms, pairs; and danger heard in texts held out."""

from __future__ import annotations

from typing import Any

import pytest

from classifier import aspects
from classifier import signs as module
from classifier.cues import cues
from classifier.reader import DANGER, DANGER_KIND
from classifier.reading import Danger
from classifier.signs import classes, signs
from dispatch.region import Region

FORMS = [
    ("tenggelam", "drown"),
    ("ditenggelamkan", "drown"),
    ("terseret", "drown"),
    ("menusuk", "attack"),
    ("ditusuk", "attack"),
    ("penusukan", "attack"),
    ("dipukuli", "attack"),
    ("menodongkan", "threat"),
    ("kesetrum", "shock"),
    ("tersetrum", "shock"),
    ("tertimbun", "hitby"),
    ("menimbun", "hitby"),
    ("terjepit", "trap"),
    ("terbakar", "fire"),
    ("perdarahan", "bleed"),
    ("berdarah", "bleed"),
    ("anaknya", "who"),
    ("istriku", "who"),
    ("kalalap", "drown"),
    ("kobong", "fire"),
    ("kemarin", "past"),
    ("sekarang", "now"),
    ("tolonglah", "help"),
    ("tagihannya", "figure"),
]


@pytest.mark.parametrize(("form", "name"), FORMS)
def test_a_form_belongs_to_the_class_of_its_root(form: str, name: str) -> None:
    assert name in classes(form)


@pytest.mark.parametrize("form", ["meja", "kelurahan", "samsat", "", "x", "NUMBER", "aaaaaaaaaaaaaaaaaaaa"])
def test_other_words_say_nothing_of_danger(form: str) -> None:
    assert not set(classes(form)) & module._tables()[2]


PAIRS = [
    ("one sign in four languages", "anak hanyut", "who drown"),
    ("Banjar", "kakanak kalalap", "who drown"),
    ("Javanese", "bocah kelelep", "who drown"),
    ("English", "child drowning", "who drown"),
    ("a phrase", "bapak saya tidak sadar", "self uncon"),
    ("past", "tahun lalu rumah terbakar", "past fire"),
    ("a figure of speech", "harga meledak", "figure explode"),
    ("an animal", "kucing terjebak", "beastly trap"),
    ("a story", "film tenggelam", "story drown"),
    ("hypothetical", "kalau terbakar", "ifs fire"),
]


@pytest.mark.parametrize(("text", "sign"), [pytest.param(*row[1:], id=row[0]) for row in PAIRS])
def test_classes_that_meet_make_a_sign(text: str, sign: str) -> None:
    assert sign in signs(text)


def test_words_far_apart_or_in_another_sentence_do_not_meet() -> None:
    assert "who drown" not in signs("anak " + "meja " * 10 + "hanyut")
    assert "who drown" not in signs("anak. hanyut")


def test_excuses_are_told_from_plain_cries() -> None:
    assert {"plain", "unexcused"} <= set(signs("anak tenggelam tolong"))
    assert "excused" in signs("tahun lalu anak tenggelam")
    assert not {"plain", "excused", "unexcused"} & set(signs("lampu jalan mati"))


HOSTILE = [
    "",
    "\x00",
    "\ud800",
    "🔥" * 9_999,
    "anak hanyut " * 9_000,
    "." * 100_000,
    "tolong" * 20_000,
    "a\u0301" * 9_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_makes_signs_or_cues_raise(text: str) -> None:
    assert all(isinstance(sign, str) for sign in (*signs(text), *cues(text)))


def test_signs_of_a_text_repeated_a_thousand_times_are_no_more_than_of_a_few() -> None:
    few, many = (set(signs("tolong anak hanyut di sungai kemarin " * times)) for times in (3, 1_000))
    assert few == many


CUES = [
    ("question", "kapan jalan diperbaiki?", "question"),
    ("only greeting", "selamat pagi pak", "only greeting"),
    ("only courtesy", "terimakasih pak", "only courtesy"),
    ("thanks with something wrong", "makasih tapi lampu masih mati", "thank+wrong"),
    ("proposal", "usul bangun taman", "propose."),
    ("selling with a link", "promo diskon https://contoh.example", "URL"),
    ("nothing named", "meja kursi", "nothing"),
]


@pytest.mark.parametrize(("text", "cue"), [pytest.param(*row[1:], id=row[0]) for row in CUES])
def test_cues_tell_what_a_text_wants(text: str, cue: str) -> None:
    assert cue in cues(text)


# Held-out texts of the pack, which were collected to be hard. Cases by another hand: test_cases.py.


@pytest.fixture(scope="module")
def figures(kaltara: Region) -> dict[str, dict[str, Any]]:
    return aspects.evaluate({DANGER: kaltara.aspects[DANGER]}, [each.text for each in kaltara.examples[::3]], folds=3)


def test_danger_is_heard_in_texts_held_out(figures: dict[str, dict[str, Any]]) -> None:
    assert figures[DANGER]["recall"] >= 0.96


def test_hard_texts_without_danger_seldom_raise_it(figures: dict[str, dict[str, Any]]) -> None:
    assert figures[DANGER]["false_alarms"] <= 0.15


@pytest.mark.parametrize("kind", Danger)
def test_every_kind_is_heard(figures: dict[str, dict[str, Any]], kind: Danger) -> None:
    assert figures[DANGER][f"recall {kind}"] >= 0.90


def test_the_kind_of_danger_is_told(figures: dict[str, dict[str, Any]]) -> None:
    assert figures[DANGER_KIND]["accuracy"] >= 0.80


def test_the_pack_teaches_enough_of_each(kaltara: Region) -> None:
    taught = kaltara.aspects[DANGER]
    assert set(taught) == {*Danger, "none"}
    assert min(len(taught[kind]) for kind in Danger) >= 60
    assert len(taught["none"]) >= 900
