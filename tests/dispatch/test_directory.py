"""The service directory: who asks for which service, who only complains, and what is answered. With its figures."""

from __future__ import annotations

import csv
import random
import re
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from channels.text import gsm7, segments
from dispatch import directory
from dispatch.asking import forms_of
from dispatch.directory import FULL, SHORT, answer, best, find, judge
from dispatch.phrases import LANGUAGES, Phrases
from dispatch.region import Region

CASES = Path(__file__).parent / "cases"
#: Text → the services that answer it ("-": none does).
with (CASES / "service_questions.csv").open(encoding="utf-8", newline="") as _file:
    QUESTIONS = [(row["text"], set(row["service"].split("|"))) for row in csv.DictReader(_file)]
COMPLAINTS = (CASES / "service_complaints.txt").read_text(encoding="utf-8").splitlines()
#: Who asks uses one of these; written for this test, not taken from the code it tests.
ASKS = re.compile(
    r"\?|\b(?:bagaimana|bgmn|gimana|gmn|gmana|cara\w*|syarat\w*|apa|apakah|brp|berapa|kapan|kpn|mana|dimana|dmn|kmn|"
    r"kemana|siapa|bisa|bs|boleh|info\w*|nomor|no|jadwal\w*|jam|alamat|tanya|nanya|mau|minta)\b",
    re.IGNORECASE,
)


# Figures


def test_there_are_enough_cases(kaltara: Region) -> None:
    asked = [services for _, services in QUESTIONS if services != {"-"}]
    assert len(asked) >= 150
    assert len(set().union(*asked) & kaltara.services.keys()) >= 100
    assert set().union(*asked) <= kaltara.services.keys()
    known = {question.casefold() for service in kaltara.services.values() for question in service.questions}
    assert [text for text, _ in QUESTIONS if text.casefold() in known] == []


def test_most_questions_are_answered_and_nearly_all_of_those_rightly(kaltara: Region) -> None:
    asked = [(find(kaltara, text), services) for text, services in QUESTIONS if services != {"-"}]
    answered = [(found.code, services) for found, services in asked if found]
    right = sum(code in services for code, services in answered)
    assert len(answered) / len(asked) >= 0.8
    assert right / len(answered) >= 0.95


def test_the_right_service_is_among_the_three_a_search_shows(kaltara: Region) -> None:
    asked = [(text, services) for text, services in QUESTIONS if services != {"-"}]
    shown = sum(any(each.code in services for each in best(kaltara, text)) for text, services in asked)
    assert shown / len(asked) >= 0.97


def test_what_no_service_answers_is_left_to_people(kaltara: Region) -> None:
    assert [text for text, services in QUESTIONS if services == {"-"} and find(kaltara, text)] == []


def test_a_complaint_about_a_service_is_no_question_for_it(kaltara: Region) -> None:
    assert len(COMPLAINTS) >= 80
    assert [(text, found.code) for text in COMPLAINTS if (found := find(kaltara, text))] == []


def test_of_a_hundred_complaints_at_most_one_is_answered(kaltara: Region) -> None:
    """The region pack's own examples of complaints; those that ask for something may get an answer, and are few."""
    texts = [each.text for each in kaltara.examples if kaltara.categories[each.category].kind == "complaint"]
    texts = random.Random(7).sample(texts, 2_000)
    told = [text for text in texts if not ASKS.search(text)]
    assert len(told) >= 300
    answered = {text for text in texts if find(kaltara, text)}
    assert len(answered & set(told)) / len(told) <= 0.01
    assert len(answered) / len(texts) <= 0.03


# Single texts

FOUND = {
    "short": ("syarat skck", "skck"),
    "capitals": ("KTP HILANG URUS DI MANA", "ktp_hilang"),
    "short forms": ("ktp hlg urus dmn", "ktp_hilang"),
    "a slip": ("brp biaya perpnjangan sim c", "sim_perpanjang"),
    "stretched": ("syaraaat bikin skckkk apaaa", "skck"),
    "an ending": ("persyaratannya bikin paspor apa", "paspor"),
    "a place": ("di mana bikin paspor di Nunukan", "paspor"),
    "politeness": ("Selamat pagi min, mohon info syarat bikin skck ya, terima kasih", "skck"),
    "a number": ("bikin sim c umur 17 syaratnya apa", "sim_baru"),
    "joined lines": ("syarat\nskck\napa", "skck"),
}


@pytest.mark.parametrize(("text", "code"), FOUND.values(), ids=FOUND)
def test_a_question_finds_its_service(kaltara: Region, text: str, code: str) -> None:
    found = find(kaltara, text)
    assert found is not None
    assert found.code == code


LEFT = {
    "nothing": "",
    "spaces": " \n\t ",
    "a sign": "?",
    "an emoji": "🙏🙏",
    "a greeting": "selamat pagi pak, apa kabar?",
    "a number": "112233445566778899",
    "a link": "https://contoh.go.id/syarat-skck?",
    "noise": "QmFnYWltYW5hIGNhcmEgbWVtYnVhdCBLVFA/" * 300,
    "many words": "skck " * 20_000,
    "other letters": "как получить паспорт?",
    "only asking": "bagaimana cara dan syaratnya apa?",
    "a statement": "KTP saya hilang",
    "the time of day": "jumat jam 10 kantor lurah tutup",
    "why": "kenapa ktp saya belum jadi?",
    "a long story": "Saya mau tanya syarat SKCK. " + "Kemarin saya ke kantor dan disuruh pulang. " * 12,
    "another matter": "bagaimana jembatan di desa kami yang roboh itu, skck juga?",
}


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT)
def test_what_is_not_surely_a_question_is_left(kaltara: Region, text: str) -> None:
    assert find(kaltara, text) is None
    assert len(best(kaltara, text)) <= 3


def test_a_judgement_says_what_was_missing(kaltara: Region) -> None:
    reasons = {
        "skck": "nothing is asked",
        "kenapa skck saya mahal?": "something is complained of",
        "apa benar kucing tetangga beranak lima?": "not like any service",
        "xyzzy?": "no service has any of these words",
        "syarat skck? " * 40: "too long for a question",
    }
    assert {text: judge(kaltara, text).reason for text in reasons} == reasons
    sure = judge(kaltara, "syarat skck untuk melamar")
    assert (sure.answers, sure.reason) == (True, "")
    assert sure.known <= 1 and sure.likeness > sure.lead > 0


def test_a_text_of_any_size_takes_bounded_time(kaltara: Region) -> None:
    find(kaltara, "skck")
    began = time.process_time()
    find(kaltara, "bagaimana cara membuat ktp " * 4_000)
    assert time.process_time() - began < 0.5


def test_each_region_has_its_own_directory(kaltara: Region) -> None:
    bare = replace(kaltara, services={}, fields={})
    assert find(bare, "syarat skck") is None
    assert best(bare, "syarat skck") == []
    assert find(kaltara, "syarat skck") is kaltara.services["skck"]


FORMS = {
    "syaratnya": ["syarat"],
    "berapakah": ["berapa"],
    "Dmn": ["mana"],
    "bikin e-KTP": ["buat", "e", "ktp"],
    "08110001111 a@contoh.id https://contoh.id": [],
    "tanya": ["tanya"],
}


@pytest.mark.parametrize(("text", "forms"), FORMS.items(), ids=FORMS)
def test_the_plainest_form_of_words(text: str, forms: list[str]) -> None:
    assert forms_of(text) == forms


# Answers


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer_fits_its_channel(kaltara: Region, language: str) -> None:
    phrases = Phrases(kaltara)
    assert directory.too_long(kaltara, phrases) == []
    for service in kaltara.services.values():
        short, full = (answer(phrases, service, language, short=each) for each in (True, False))
        assert len(short) <= SHORT and gsm7(short) and segments(short).count <= 2, service.code
        assert not re.search(r"\d{4}|http|www", short), service.code
        assert len(full) <= FULL, service.code
        assert service.name[language] in short and service.where[language] in short, service.code


def test_an_answer_in_full(kaltara: Region) -> None:
    said = answer(Phrases(kaltara), kaltara.services["npwp"], "id").splitlines()
    assert said[0] == "NPWP"
    assert [line.partition(":")[0] for line in said[1:]] == ["Di mana", "Syarat", "Biaya", "Cara", "Telepon", "Situs"]


def test_an_answer_that_the_region_has_to_confirm_says_so(kaltara: Region) -> None:
    phrases, service = Phrases(kaltara), kaltara.services["skck"]
    assert answer(phrases, service, "en").splitlines()[-1] == phrases.say("service_confirm", "en")
    assert phrases.say("service_confirm", "id") not in answer(phrases, replace(service, confirm=False), "id")


@pytest.mark.parametrize("language", ["ms", "", "jv"])
def test_another_language_is_answered_in_indonesian(kaltara: Region, language: str) -> None:
    phrases, service = Phrases(kaltara), kaltara.services["skck"]
    assert answer(phrases, service, language) == answer(phrases, service, "id")


# The directory of the first region


def test_kaltara_answers_for_every_field_people_ask_about(kaltara: Region) -> None:
    assert len(kaltara.services) >= 60
    assert len({service.category for service in kaltara.services.values()}) >= 25
    assert all(service.phone.replace("-", "").isdigit() for service in kaltara.services.values() if service.phone)
    assert all(date(2026, 1, 1) <= service.checked <= date(2026, 12, 31) for service in kaltara.services.values())


@pytest.mark.parametrize(
    ("code", "number"),
    [("pln_gangguan", "123"), ("polisi_110", "110"), ("damkar", "113"), ("ambulans", "119"), ("sar_115", "115"),
     ("sapa_129", "129"), ("jkn_daftar", "165"), ("jht", "175"), ("ojk_157", "157"), ("pertamina_135", "135"),
     ("kpk_198", "198"), ("ombudsman", "137"), ("darurat_112", "112")],
)  # fmt: skip
def test_national_numbers(kaltara: Region, code: str, number: str) -> None:
    assert kaltara.services[code].phone == number
