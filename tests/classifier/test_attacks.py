"""Texts made to be misread: a disguise costs little, noise makes nobody sure, and every text takes bounded work."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pytest

from classifier import repair
from classifier.dataset import Dataset
from classifier.evaluate import Held, figures, rows_of
from classifier.groups import folds, near_copies
from classifier.model import ComplaintClassifier
from classifier.reader import Reader
from classifier.scorer import Scorer, read_tokens
from classifier.text import MAX_CHARACTERS, MAX_WORD, MAX_WORDS, clean, tokens
from dispatch.region import Region, load
from tests.support import attacks

#: Points of macro-F1 (of 100) that a disguise may cost.
MOST_LOST = 5.0
#: Of these attacks a text becomes so long that a quarter of the texts must do.
LONG = ("noise-after", "signs-after", "letters-after")


@dataclass(frozen=True)
class Exam:
    """A model trained on four fifths of a third of the pack's examples, and the texts it has not seen."""

    scorer: Scorer
    unseen: Dataset

    def macro_f1(self, texts: Sequence[str], labels: Sequence[str]) -> float:
        numbers = {label: number for number, label in enumerate(self.scorer.labels)}
        truth = np.array([numbers[label] for label in labels])
        found = self.scorer.predict_proba(texts)
        held = Held(self.scorer.labels, truth, found, np.zeros(len(truth), dtype=np.bool_))
        return figures(held, 1, "attacked").macro_f1

    def part(self, every: int) -> Dataset:
        return Dataset(self.unseen.texts[::every], self.unseen.labels[::every])

    @cached_property
    def plain(self) -> dict[int, float]:
        """The macro-F1 of texts as they were written: of all, and of each fourth."""
        return {every: self.macro_f1(self.part(every).texts, self.part(every).labels) for every in (1, 4)}


@pytest.fixture(scope="module")
def region() -> Region:
    return load("kaltara")


@pytest.fixture(scope="module")
def exam(region: Region) -> Exam:
    rows = region.examples[::3]
    data = Dataset(tuple(row.text for row in rows), tuple(row.category for row in rows))
    fold = folds(data.labels, near_copies(data.texts), 5, 0)
    known = rows_of(data, np.flatnonzero(fold != 0))
    scorer = ComplaintClassifier(name="exam").fit(known.texts, known.labels).scorer_
    return Exam(scorer, rows_of(data, np.flatnonzero(fold == 0)))


@pytest.mark.parametrize("name", attacks.ATTACKS)
def test_a_disguise_costs_at_most_five_points(exam: Exam, name: str) -> None:
    every = 4 if name in LONG else 1
    part = exam.part(every)
    attacked = exam.macro_f1([attacks.ATTACKS[name](text) for text in part.texts], part.labels)
    assert 100 * (exam.plain[every] - attacked) <= MOST_LOST


def test_the_exam_is_worth_taking(exam: Exam) -> None:
    assert len(exam.unseen.texts) > 400
    assert exam.plain[1] > 0.6


@pytest.mark.parametrize("name", attacks.ATTACKS)
def test_an_attack_changes_a_text_and_always_in_the_same_way(name: str) -> None:
    text = "Sampah menumpuk di depan pasar induk, sudah tiga hari tidak diangkut petugas"
    assert attacks.ATTACKS[name](text) != text
    assert attacks.ATTACKS[name](text) == attacks.ATTACKS[name](text)
    assert isinstance(attacks.ATTACKS[name](""), str)


# Words of another matter


#: Keywords put after a text → how often the model may be sure of the matter they belong to. Few words change little;
#: after twelve, longer than most texts are, the text is about the other matter as much as about its own.
STUFFED = {1: 0.06, 3: 0.25, 12: 0.85}


@pytest.mark.parametrize(("count", "most"), STUFFED.items(), ids=map(str, STUFFED))
def test_stuffed_words_make_it_sure_of_another_matter_no_oftener_than(
    exam: Exam, region: Region, count: int, most: float
) -> None:
    draw = random.Random(0)
    codes = sorted(region.knowledge)
    sure = still = 0
    for text, label in zip(exam.unseen.texts, exam.unseen.labels, strict=True):
        other = draw.choice([code for code in codes if code != label])
        words = draw.sample(region.knowledge[other].vocabulary, count)
        [prediction] = exam.scorer.suggest([attacks.stuffed(text, words)])
        sure += prediction.sure and prediction.suggestions[0].label == other
        still += label in [each.label for each in prediction.suggestions]
    assert sure / len(exam.unseen.texts) <= most
    assert still / len(exam.unseen.texts) >= 0.6  # the matter itself is still among what staff and citizen are shown


# What is read of a text

FORMS = [
    # case name, as typed, forms
    ("heavy leetspeak", "54mp4h m3numpuk d1 d3p4n p454r", "sampah menumpuk di depan pasar"),
    ("signs for letters", "$@mp@h dep@n p@$@r t!d@k", "sampah depan pasar tidak"),
    ("one word in disguise leaves numbers alone", "s4mpah di rt05 km7 3kg 2x", "sampah di rt05 km7 3kg 2x"),
    ("a disguise keeps what a digit means", "s4mp4h j4l4n r7us4k rt05", "sampah jalan rtusak rt05"),
    ("sign before a full stop", "s@mp@h.", "sampah"),
    ("dots between letters, spaces between words", "j.a.l.a.n r.u.s.a.k", "jalan rusak"),
    ("every letter twice", "jjaallaann rruussaakk", "jalan rusak"),
    ("every letter twice, some already doubled", "mmaaaaff", "maaf"),
    ("white letters on black", "🅙🅐🅛🅐🅝 🅁🆄🆂🅰🅺", "jalan rusak"),
    ("shha", "ѕамраһ", "sampah"),
    ("an account says nothing", "sampah @akun_contoh", "sampah"),
    (
        "encoded lines are no words",
        "\n".join([base64.b64encode(bytes(range(k, k + 57))).decode() for k in (90, 7)]),
        "",
    ),
    ("joined words with capitals stay", "SampahMenumpukDiDepanPasarIndukTidakDiangkut", None),
]


@pytest.mark.parametrize(("typed", "forms"), [pytest.param(*row[1:], id=row[0]) for row in FORMS])
def test_forms_of_disguised_words(typed: str, forms: str | None) -> None:
    assert " ".join(token.form for token in tokens(typed)) == (typed.lower() if forms is None else forms)


def test_a_disguised_word_is_shown_as_it_was_written() -> None:
    assert [token.surface for token in tokens("54mp4h m3numpuk d1 d3p4n")] == ["54mp4h", "m3numpuk", "d1", "d3p4n"]


def test_a_sentence_without_spaces_is_read_to_its_end() -> None:
    found = tokens("sampahmenumpukdidepanpasar" * 10)
    assert "".join(token.form for token in found) == "sampahmenumpukdidepanpasar" * 10


HIDING = {
    "base64": base64.b64encode(hashlib.shake_256(b"noise").digest(20_000)).decode() + " ",
    "base64 in lines": base64.encodebytes(hashlib.shake_256(b"noise").digest(20_000)).decode(),
    "invisible": "\u200b" * 20_000,
    "signs": "!?. " * 5_000,
    "spaces": " " * 20_000,
}


@pytest.mark.parametrize("before", HIDING.values(), ids=HIDING)
def test_nobody_hides_a_text_behind_noise(before: str) -> None:
    forms = [token.form for token in tokens(before + "sampah menumpuk")]
    assert forms[-2:] == ["sampah", "menumpuk"]


def test_the_reader_looks_behind_noise_too(exam: Exam) -> None:
    reader = Reader(exam.scorer, {})
    text = "sampah menumpuk di depan pasar tidak diangkut"
    plain, hidden = reader.read([text, attacks.base64_before(text)])
    assert plain.prediction.suggestions[0].label == "sampah"
    assert hidden.prediction == plain.prediction


# Noise

NOISE = {
    "digits": "12 345 6789 0",
    "many digits": "1234567890 " * 10_000,
    "links and nothing else": "https://contoh.example/a www.contoh.example/b #",
    "Thai": "ถนนชำรุด กรุณาซ่อม",
    "Devanagari": "सड़क टूटी हुई है",
    "Japanese": "道路が壊れています",
    "German": "die strasse vor unserem haus ist seit wochen kaputt und niemand kommt",
    "Dutch": "het vuilnis wordt al drie weken niet opgehaald in onze wijk",
    "Spanish": "la calle frente a nuestra casa lleva semanas rota y nadie viene",
    "marks upon marks": "\u0301\u0316" * 50_000,
    "invisible": "\u200b\u200c\u2060" * 30_000,
    "base64 in lines": base64.encodebytes(hashlib.shake_256(b"noise").digest(75_000)).decode(),
    "half letters": "\ud83d" * 1_000,
    "letters without sense": attacks.letters_after(""),
}


@pytest.mark.parametrize("typed", NOISE.values(), ids=NOISE)
def test_noise_gets_a_ranked_answer_of_low_confidence(exam: Exam, typed: str) -> None:
    [prediction] = exam.scorer.suggest([typed])
    confidences = [each.confidence for each in prediction.suggestions]
    assert not prediction.sure
    assert len(confidences) == 3 and confidences == sorted(confidences, reverse=True)
    assert confidences[0] < 0.3


def test_a_foreign_text_is_not_mended_into_a_known_one(exam: Exam) -> None:
    typed = "lorem ipsum dolor sit amet consectetur adipiscing elit"
    assert [token.form for token in exam.scorer.mended(read_tokens(typed))] == typed.split()


def test_what_was_mended_makes_no_text_familiar(exam: Exam) -> None:
    """Else joined letters that happen to hold words would look like the surest of texts."""
    eager = dataclasses.replace(exam.scorer, threshold=0.0)
    [mended] = eager.suggest(["xqsampahxqw xqmenumpukxq xqpasarxqw xqjalanxq xqbauxqw"])
    assert not mended.sure


# Work

HUGE = {
    "words in disguise": "s4mp4h " * 14_000,
    "dots between letters": "s.a.m.p.a.h " * 8_000,
    "all letters doubled": "ss" * 50_000,
    "a sentence without spaces": "sampahmenumpukdidepanpasar" * 4_000,
    "misspelt words": " ".join(f"samph{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}" for n in range(14_000)),
    "unknown words": attacks.letters_after(""),
    "consonants": "strngth " * 12_000,
    "quotes and brackets": "\"'(" * 30_000,
}


@pytest.mark.parametrize("typed", HUGE.values(), ids=HUGE)
def test_a_huge_text_takes_bounded_work(exam: Exam, typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mends: list[str] = []
    mend = repair.Repair.mend

    def counted(self: repair.Repair, form: str, guess: bool = True) -> tuple[str, ...]:
        mends.append(form)
        return mend(self, form, guess)

    monkeypatch.setattr(repair.Repair, "mend", counted)
    found = tokens(typed)
    exam.scorer.suggest([typed])
    assert len(clean(typed)) <= MAX_CHARACTERS
    assert len(found) <= MAX_WORDS
    assert all(len(token.form) <= MAX_WORD for token in found)
    assert len(mends) <= repair.MOST_MENDED
