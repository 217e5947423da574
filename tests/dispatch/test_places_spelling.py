"""Misspelt names, pins near borders, the words for a spot; and words that must never become a place."""

from __future__ import annotations

import dataclasses
import random
import string
import time

import pytest

from dispatch.places import Found, Pin, Places, clipped, spot
from dispatch.places.typos import Typos, distance
from dispatch.region import Region, load


@pytest.fixture(scope="module")
def region() -> Region:
    return load("kaltara")


@pytest.fixture(scope="module")
def places(region: Region) -> Places:
    return Places(region)


MISSPELT = {
    "a vowel left out": ("lampu mati di tarkan", "65.71"),
    "two words, both misspelt": ("tnjg slor gelap", "65.01.05"),
    "all vowels left out": ("air macet di trkn", "65.71"),
    "letters swapped": ("nunuakn banjir", "65.03"),
    "a doubled letter": ("malinnau banjir", "65.02"),
    "a consonant left out, after di": ("di mansaong gelap", "65.03.04.2028"),
    "a Bugis ending": ("jalan di bulungang rusak", "65.01"),
    "no space after di": ("banjir ditanjungselor", "65.01.05"),
    "no space after kec": ("kecsebuku gelap", "65.03.06"),
    "a space too many": ("mali nau gelap", "65.02"),
    "the digit of a doubled word is none of it": ("tarakan2 gelap", None),
    "a misspelt village beside its kabupaten": ("bebtu, tana tidung", "65.04.02.2003"),
    "a misspelt kecamatan beside its village": ("mansalong kec lumbs", "65.03.04.2028"),
}


@pytest.mark.parametrize(("text", "area"), MISSPELT.values(), ids=MISSPELT)
def test_a_misspelt_name(places: Places, text: str, area: str | None) -> None:
    assert places.find(text).area == area


NO_PLACE = (
    "malam", "bulan", "tarif", "tarikan", "bunyi", "sebaik", "sebuah", "selimut", "pejalan kaki", "lingkar", "lembaga",
    "bilangan", "hubungan", "krayon", "kerajaan", "pesawat", "terbaring", "sekotak", "setiap", "samarinda",
    "balikpapan",
    "berau", "tawau", "jakarta", "sandakan", "manado", "malino", "palopo", "di malam hari", "di pesawat", "ke jakarta",
    "warga jakarta", "kota samarinda", "desa sebelah", "desa tetangga", "kel lain", "kec sebelah",
)  # fmt: skip


@pytest.mark.parametrize("text", NO_PLACE)
def test_an_ordinary_word_or_another_city_is_no_place(places: Places, text: str) -> None:
    assert places.find(text) == Found()


def test_words_of_the_examples_are_no_places_to_one_who_never_read_them(region: Region, places: Places) -> None:
    """Half of the region's texts are read by an index that knows only the words of the other half: what it takes for
    a misspelt place there is a mistake in nearly every case."""
    tested = wrong = 0
    for half in (0, 1):
        other = Places(dataclasses.replace(region, examples=region.examples[half::2]))
        for example in region.examples[1 - half :: 2]:
            tested += 1
            wrong += other.find(example.text) != places.find(example.text)
    assert tested > 10_000 and wrong / tested < 0.002


DISTANCES = {
    "the same": ("tarakan", "tarakan", 0.0),
    "a vowel": ("tarkan", "tarakan", 0.5),
    "another vowel": ("terakan", "tarakan", 0.5),
    "doubled": ("taraakan", "tarakan", 0.25),
    "swapped": ("tarakna", "tarakan", 0.75),
    "heard": ("juwata", "juyata", 1.0),
    "sounds alike": ("onsoy", "onsoi", 0.5),
    "a final g": ("tarakang", "tarakan", 0.5),
    "a consonant": ("taraman", "tarakan", 1.0),
    "nothing": ("", "abc", 2.5),
}


@pytest.mark.parametrize(("written", "name", "cost"), DISTANCES.values(), ids=DISTANCES)
def test_the_distance_of_two_spellings(written: str, name: str, cost: float) -> None:
    assert distance(written, name) == cost
    assert distance(name, written) == cost


@pytest.mark.parametrize("word", ["", "ab", "tarakan", "biasa", "t4rkan", "x" * 25, "xarakan"])
def test_a_word_that_is_right_ordinary_short_or_far_is_near_nothing(word: str) -> None:
    assert Typos(["tarakan"], {"biasa"}).near(word) == ()


NOISE = {
    "letters": string.ascii_lowercase,
    "short words": string.ascii_lowercase + "      ",
    "letters of names": "aeioultnrskg      ",
    "breaks": "tarkn,,, ",
}


@pytest.mark.parametrize("alphabet", NOISE.values(), ids=NOISE)
def test_a_hundred_thousand_characters_of_noise_take_bounded_time(places: Places, alphabet: str) -> None:
    dice = random.Random(20261122)
    text = "".join(dice.choice(alphabet) for _ in range(100_000))
    began = time.process_time()
    places.find(text)
    spot(text)
    assert time.process_time() - began < 5


# --- pins ---

AT = {
    "beside a centroid": (3.4131, 117.5921, "65.71.04.1001"),
    "two villages of one kecamatan": (3.2995, 117.5855, "65.71.02"),
    "two kecamatan of one kota": (3.304, 117.588, "65.71"),
}


@pytest.mark.parametrize(("lat", "lng", "area"), AT.values(), ids=AT)
def test_a_pin_gives_what_the_villages_around_agree_on(places: Places, lat: float, lng: float, area: str) -> None:
    pin = places.pin(lat, lng)
    assert pin is not None
    assert (pin.area, pin.best, pin.sure) == (area, area, pin.village == area)
    assert isinstance(pin, Pin) and pin.kilometres < 1


def test_where_not_even_the_kabupaten_is_certain_the_village_is_about_right(region: Region, places: Places) -> None:
    villages = [place for place in region.places.values() if place.level == "village"]
    near = [
        (one, other)
        for one in villages
        for other in villages
        if one.code[:5] < other.code[:5] and abs(one.lat - other.lat) < 0.05 and abs(one.lng - other.lng) < 0.05
    ]
    assert near
    one, other = near[0]
    pin = places.pin((one.lat + other.lat) / 2, (one.lng + other.lng) / 2)
    assert pin is not None and pin.area is None and not pin.sure and pin.best == pin.village


OUTSIDE = {
    "Tanjung Redeb in Berau": (2.15, 117.49),
    "Tawau": (4.25, 117.89),
    "Samarinda": (-0.5, 117.15),
    "the open sea": (3.5, 118.6),
    "Derawan": (2.28, 118.24),
    "Lahad Datu": (5.03, 118.33),
}


@pytest.mark.parametrize(("lat", "lng"), OUTSIDE.values(), ids=OUTSIDE)
def test_a_pin_outside_the_province_stays_unknown(places: Places, lat: float, lng: float) -> None:
    assert places.pin(lat, lng) is None and places.at(lat, lng) is None


# --- the words for a spot ---

SPOTS = {
    "street and rt": ("Jl. Yos Sudarso RT 14 No. 22 Kel. Selumit Pantai", "Jl. Yos Sudarso, RT 14"),
    "rt and rw in one": ("rt.45/03 gang Mufakat banjir", "rt.45/03, gang Mufakat"),
    "kilometre": ("jalan poros km 9 rusak", "km 9"),
    "beside something": ("di depan puskesmas Karang Rejo sampah menumpuk", "depan puskesmas Karang Rejo"),
    "a colon": ("RT: 08 gelap", "RT: 08"),
    "no street": ("jalan rusak parah", ""),
    "a street lamp": ("lampu jalan depan pasar mati", "depan pasar"),
    "in front of my house says nothing": ("depan rumah saya pak", ""),
    "twice": ("rt 5 banjir, rt 5 gelap", "rt 5"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("text", "words"), SPOTS.values(), ids=SPOTS)
def test_the_words_for_the_spot(text: str, words: str) -> None:
    assert spot(text) == words


@pytest.mark.parametrize("text", ["x" * 500, "kata " * 100, "a\nb\tc"], ids=["one word", "words", "lines"])
def test_words_for_a_spot_are_one_short_line(text: str) -> None:
    cut = clipped(text)
    assert 0 < len(cut) <= 200 and cut.split() == cut.replace("\n", " ").split()
