"""What citizens read: how sentences are filled in, and that the shipped ones are complete and fit their channel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

import dispatch
from dispatch import numbers
from dispatch.phrases import LANGUAGES, REQUIRED, Phrases
from dispatch.workflow import Status
from tests.support import rules

SHIPPED_FILE = Path(dispatch.__file__).parent / "regions" / "kaltara" / "phrases.yaml"
SHIPPED: dict[str, dict[str, str]] = yaml.safe_load(SHIPPED_FILE.read_text(encoding="utf-8"))


def shipped(zone: str = "Asia/Makassar", zone_label: str = "WITA") -> Phrases:
    return Phrases(rules.region(zone=zone, zone_label=zone_label, phrases=SHIPPED))


def phrases_of(**texts: dict[str, str]) -> Phrases:
    return Phrases(rules.region(phrases=texts))


# -- filling in

SMALL = phrases_of(
    added={"id": "Ditambahkan ke {number}.", "en": "Added to {number}."},
    thanks={"id": "Sama-sama.", "en": "You are welcome."},
    closed={"id": "Ditutup.", "en": "Report {number} is closed."},
    extra={"id": "{a} lalu {b}", "en": "{b} after {a}"},
    braces={"id": "{{a}} = {a}", "en": "{{a}} is {a}"},
)

SAID = {
    "Indonesian": ("added", "id", {"number": "KU-1"}, "Ditambahkan ke KU-1."),
    "English": ("added", "en", {"number": "KU-1"}, "Added to KU-1."),
    "another language": ("added", "ms", {"number": "KU-1"}, "Ditambahkan ke KU-1."),
    "no language": ("added", "", {"number": "KU-1"}, "Ditambahkan ke KU-1."),
    "without values": ("thanks", "id", {}, "Sama-sama."),
    "a text that leaves its value out": ("closed", "id", {"number": "KU-1"}, "Ditutup."),
    "a number as a value": ("added", "id", {"number": 7}, "Ditambahkan ke 7."),
    "a key of the region's own": ("extra", "en", {"a": "1", "b": "2"}, "2 after 1"),
    "doubled braces": ("braces", "id", {"a": "1"}, "{a} = 1"),
}


@pytest.mark.parametrize(("key", "language", "values", "text"), SAID.values(), ids=SAID.keys())
def test_say(key: str, language: str, values: dict[str, str | int], text: str) -> None:
    assert SMALL.say(key, language, **values) == text


def test_a_missing_language_falls_back_to_indonesian() -> None:
    assert phrases_of(thanks={"id": "Sama-sama."}).say("thanks", "en") == "Sama-sama."


HOSTILE = [
    "{number}",
    "{0}",
    "{agency.__class__}",
    "{number!r}",
    "{number:>99999999}",
    "{{",
    "}",
    "%s %(number)s",
    "\\1",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_a_citizens_words_are_never_interpreted(words: str) -> None:
    said = phrases_of(mail_subject={"id": "[{number}] {subject} ({number})", "en": "{subject}"})
    assert said.say("mail_subject", "id", number="KU-1", subject=words) == f"[KU-1] {words} (KU-1)"


WRONG = {
    "unknown key": (KeyError, "nothing", {}),
    "missing value": (KeyError, "added", {}),
    "missing value a text does not use": (KeyError, "closed", {}),
    "superfluous value": (ValueError, "thanks", {"number": "KU-1"}),
    "misspelt value": (KeyError, "added", {"nomor": "KU-1"}),
    "one too many": (ValueError, "added", {"number": "KU-1", "link": "x"}),
    "missing value of an extra key": (KeyError, "extra", {"a": "1"}),
}


@pytest.mark.parametrize(("error", "key", "values"), WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("language", LANGUAGES)
def test_wrong_values_are_errors_that_name_the_key(
    error: type[Exception], key: str, values: dict[str, str], language: str
) -> None:
    with pytest.raises(error, match=f"phrase {key}"):
        SMALL.say(key, language, **values)


TEXTS = {
    "attribute": "{number.__class__}",
    "index": "{number[0]}",
    "position": "{0}",
    "automatic position": "{}",
    "format": "{number:>10}",
    "conversion": "{number!r}",
    "blank": "{ number }",
    "open brace": "Laporan {number",
    "closing brace": "Laporan number}",
    "a value the code never gives": "{number} {agency}",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_text_that_cannot_be_filled_in_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(ValueError, match="phrase added"):
        phrases_of(added={"id": "{number}", "en": text})


# -- dates

# zone, label, instant (UTC), language, date, moment
DATES = [
    ("Asia/Makassar", "WITA", "2026-12-04T08:00:00Z", "id", "Jumat, 4 Desember 2026", "pukul 16.00 WITA"),
    ("Asia/Makassar", "WITA", "2026-12-04T08:00:00Z", "en", "Friday, 4 December 2026", "at 16:00 WITA"),
    ("Asia/Makassar", "WITA", "2026-12-04T08:00:00Z", "fr", "Jumat, 4 Desember 2026", "pukul 16.00 WITA"),
    ("Asia/Makassar", "WITA", "2026-12-31T15:59:59Z", "id", "Kamis, 31 Desember 2026", "pukul 23.59 WITA"),
    ("Asia/Makassar", "WITA", "2026-12-31T16:00:00Z", "id", "Kamis, 31 Desember 2026", "pukul 24.00 WITA"),
    ("Asia/Jakarta", "WIB", "2026-12-31T16:00:00Z", "id", "Kamis, 31 Desember 2026", "pukul 23.00 WIB"),
    ("Asia/Jayapura", "WIT", "2026-12-31T15:00:00Z", "en", "Thursday, 31 December 2026", "at 24:00 WIT"),
    ("Asia/Makassar", "WITA", "2026-08-16T23:05:00Z", "id", "Senin, 17 Agustus 2026", "pukul 07.05 WITA"),
    ("Asia/Makassar", "WITA", "2026-03-22T04:30:00+07:00", "id", "Minggu, 22 Maret 2026", "pukul 05.30 WITA"),
]


@pytest.mark.parametrize(
    ("zone", "label", "instant", "language", "day", "rest"), DATES, ids=[f"{d[1]} {d[2]} {d[3]}" for d in DATES]
)
def test_dates(zone: str, label: str, instant: str, language: str, day: str, rest: str) -> None:
    said, moment = shipped(zone, label), datetime.fromisoformat(instant)
    assert said.date(moment, language) == day
    assert said.moment(moment, language) == f"{day} {rest}"


def test_a_naive_instant_is_refused() -> None:
    naive = datetime(2026, 12, 4, 8)  # noqa: DTZ001
    with pytest.raises(ValueError, match="aware"):
        shipped().date(naive, "id")
    with pytest.raises(ValueError, match="aware"):
        shipped().moment(naive, "id")


# -- the shipped sentences


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", REQUIRED)
def test_every_required_sentence_is_there_and_uses_its_values(key: str, language: str) -> None:
    assert SHIPPED[key][language].strip()
    said = shipped().say(key, language, **{name: f"<{name}>" for name in REQUIRED[key]})
    # Both languages must tell the citizen the same: what one leaves out, the other does too.
    other = shipped().say(key, "id" if language == "en" else "en", **{name: f"<{name}>" for name in REQUIRED[key]})
    assert {name for name in REQUIRED[key] if f"<{name}>" in said} == {
        name for name in REQUIRED[key] if f"<{name}>" in other
    }
    assert {name for name in REQUIRED[key] if f"<{name}>" in said} == REQUIRED[key]


def test_no_key_is_there_twice() -> None:
    node = yaml.compose(SHIPPED_FILE.read_text(encoding="utf-8"))
    assert isinstance(node, yaml.MappingNode)
    keys = sorted(key.value for key, _ in node.value)
    assert [a for a, b in pairwise(keys) if a == b] == []


@pytest.mark.parametrize("status", Status)
def test_every_status_has_a_name(status: Status) -> None:
    assert REQUIRED[f"status_{status}"] == frozenset()
    names = [shipped().say(f"status_{each}", "id") for each in Status]
    assert names.count(shipped().say(f"status_{status}", "id")) == 1


#: The basic GSM 03.38 table without its Greek and currency corners, which no sentence here needs.
GSM7 = frozenset(
    "@_ !\"#%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz\n"
    # The brackets cost two places each; only mail subjects use them.
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", [key for key in SHIPPED if not key.startswith(("web_", "mail_"))])
def test_what_goes_out_by_sms_keeps_to_its_alphabet(key: str, language: str) -> None:
    said = shipped().say(key, language, **dict.fromkeys(REQUIRED[key], "x"))
    assert set(said) <= GSM7


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_short_receipt_is_one_sms_on_the_longest_day_of_any_year(language: str) -> None:
    said = shipped()
    start = datetime(2026, 1, 1, 8, 30, tzinfo=UTC)
    moments = [said.moment(start + timedelta(days=n), language) for n in range(7 * 366)]
    text = said.say("receipt_sms", language, number="KU-7MPA-3QRW", agency="A" * 30, due=max(moments, key=len))
    assert len(text) <= 160


def test_example_numbers_can_belong_to_nobody() -> None:
    for texts in SHIPPED.values():
        for text in texts.values():
            assert numbers.find("KU", text) is None


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("receipt_place", "Di mana lokasinya? Balas dengan nama desa/kelurahan atau kecamatan."),
        ("receipt_unsure", "sedang menentukan instansi"),
        ("greeting", "Silakan tulis laporan Anda: apa masalahnya dan di mana."),
        ("check_text", "balas STATUS"),
        ("stopped", "MULAI"),
    ],
)
def test_sentences_say_what_the_bot_relies_on(key: str, words: str) -> None:
    assert words in SHIPPED[key]["id"]
