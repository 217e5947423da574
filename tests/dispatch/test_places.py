"""Everyday messages and the place they name in the first region; then the map; then the speed of growth."""

from __future__ import annotations

import dataclasses

import pytest

from dispatch.places import Found, Places
from dispatch.region import Place, Region, load


@pytest.fixture(scope="module")
def region() -> Region:
    return load("kaltara")


@pytest.fixture(scope="module")
def places(region: Region) -> Places:
    return Places(region)


# name, message, area
NAMED = [
    # each level by its name
    ("regency", "PDAM tarakan mati sejak pagi", "65.71"),
    ("regency-with-kabupaten", "kantor bupati kabupaten bulungan", "65.01"),
    ("regency-with-kab-and-stop", "kab. malinau", "65.02"),
    ("regency-named-like-its-district", "listrik nunukan padam lagi", "65.03"),
    ("district", "lampu jalan di tarakan tengah mati", "65.71.02"),
    ("district-with-kecamatan", "kecamatan nunukan", "65.03.02"),
    ("village", "sampah menumpuk di pamusian", "65.71.02.1002"),
    ("village-with-kelurahan", "kelurahan Sebengkok RT 3", "65.71.02.1003"),
    ("village-with-desa", "desa Mansalong banjir", "65.03.04.2028"),
    ("capitals", "JALAN RUSAK DI JUATA LAUT", "65.71.04.1001"),
    # short forms
    ("tj", "jln berlubang di tj selor", "65.01.05"),
    ("tj-with-stop", "Tj. Selor gelap", "65.01.05"),
    ("tjg", "dermaga tjg palas", "65.01.01"),
    ("tg", "tg selor", "65.01.05"),
    ("run-together", "macet di tanjungselor", "65.01.05"),
    ("short-and-run-together", "tjselor lagi mati lampu", "65.01.05"),
    ("town-nickname", "sinyal di tanselor hilang", "65.01.05"),
    ("sei", "sei nyamuk krisis air", "65.03.10.2001"),
    ("sei-in-the-official-name", "sungai menggaris belum ada sinyal", "65.03.13"),
    ("gn", "gn lingkas longsor", "65.71.03.1002"),
    ("gunung-and-hyphen", "gunung-lingkas", "65.71.03.1002"),
    ("krg", "krg rejo", "65.71.01.1002"),
    ("kp-and-number", "kp 4 tarakan", "65.71.03.1003"),
    ("number-as-word", "kampung enam", "65.71.03.1004"),
    ("number-as-digit", "kampung 6", "65.71.03.1004"),
    ("roman-number-as-word", "kampung satu skip", "65.71.02.1001"),
    ("roman-number", "mara I", "65.01.02.2003"),
    ("roman-number-as-digit", "mara 1 tidak ada guru", "65.01.02.2003"),
    ("compass-short", "tarakan tmr", "65.71.03"),
    ("district-nickname", "tarteng banjir", "65.71.02"),
    ("regency-nickname", "guru di KTT", "65.04"),
    ("regency-without-space", "tanatidung", "65.04"),
    ("local-spelling", "tidung pala", "65.04.01.2001"),
    ("apostrophe-straight", "Pa' Padi", "65.03.05.2002"),
    ("apostrophe-curly", "Pa’ Padi", "65.03.05.2002"),
    ("apostrophe-left-out", "pa padi", "65.03.05.2002"),
    ("hashtag", "#tarakan #jalanrusak", "65.71"),
    ("letters-of-another-width", "Ｔａｒａｋａｎ", "65.71"),
    ("line-broken", "jembatan di tanjung\nselor", "65.01.05"),
    # the longest name
    ("longest-wins", "karang anyar pantai", "65.71.01.1003"),
    ("longest-wins-over-district", "tanjung selor hilir", "65.01.05.1002"),
    ("regency-inside-district", "nunukan selatan", "65.03.09"),
    # two names settle each other
    ("village-and-regency", "karang anyar tarakan", "65.71.01.1001"),
    ("regency-then-village", "di bulungan, tepatnya karang anyar", "65.01.01.1004"),
    ("village-and-district", "karang anyar kec tanjung palas", "65.01.01.1004"),
    ("full-address", "Kel. Selumit Pantai, Kec. Tarakan Tengah, Kota Tarakan", "65.71.02.1005"),
    ("form-fields", "Kecamatan: Tarakan Barat\nKelurahan: Karang Harapan", "65.71.01.1005"),
    ("village-on-an-island", "tanjung harapan sebatik", "65.03.10.2002"),
    ("village-and-its-district", "tanjung harapan nunukan selatan", "65.03.09.1004"),
    ("two-villages-of-one-name", "long nawang kayan hulu", "65.02.05.2001"),
    ("the-other-of-them", "long nawang krayan", "65.03.05.2039"),
    # a district and a village with one name
    ("district-of-one-name", "sesayap belum terang", "65.04.01"),
    ("village-of-one-name", "desa sesayap belum terang", "65.04.02.2001"),
    ("village-of-one-name-far-away", "desa tanjung palas tengah", "65.01.01.1002"),
    ("district-of-that-name", "tanjung palas tengah", "65.01.06"),
    ("kelurahan-of-one-name", "kel. nunukan selatan", "65.03.09.1002"),
    ("lurah", "lurah nunukan selatan", "65.03.09.1002"),
    ("district-of-an-island", "kecamatan sebatik", "65.03.01"),
    # everyday words that are villages
    ("everyday-after-desa", "jalan di desa panas rusak", "65.03.20.2008"),
    ("everyday-after-ds", "ds. atap", "65.03.03.2003"),
    ("everyday-before-its-district", "Harapan, Kec. Sebuku", "65.03.06.2010"),
    ("everyday-after-desa-two-words", "desa tanah merah", "65.04.03.2001"),
    # landmarks
    ("market", "parkir liar depan gusher", "65.71.01"),
    ("port", "antrian di pelabuhan SDF", "65.71"),
    ("port-by-number", "pelabuhan kayan 2 licin", "65.01.05"),
    ("hospital", "rsud dr. h. soemarno sosroatmodjo", "65.01.05"),
    ("airport-with-a-village-name", "bandara tanjung harapan", "65.01.05"),
    ("campus", "lampu depan kampus UBT padam", "65.71.03.1006"),
    ("two-markets-settled-by-regency", "pasar induk di malinau kotor", "65.02"),
    ("landmark-inside-the-named-regency", "pelabuhan tunon taka nunukan", "65.03.02"),
]


@pytest.mark.parametrize(("message", "area"), [row[1:] for row in NAMED], ids=[row[0] for row in NAMED])
def test_the_place_of_a_message(places: Places, message: str, area: str) -> None:
    assert places.find(message) == Found(area)


# name, message
NOWHERE = [
    ("empty", ""),
    ("blank", " \n\t "),
    ("signs", "?!... 😡"),
    ("no-place", "jalan berlubang sudah tiga bulan tidak diperbaiki"),
    ("greeting", "Selamat pagi min"),
    ("the-province-says-nothing", "jalan di kaltara banyak yang rusak"),
    ("the-province-in-full", "gubernur kalimantan utara"),
    ("another-city", "kapan kapal dari surabaya tiba"),
    ("number-word", "sembilan hari air mati"),
    ("number", "sudah 9 hari"),
    ("forward", "maju terus pak"),
    ("hope", "harapan kami segera diperbaiki"),
    ("hope-and-forward", "semoga harapan maju tercapai"),
    ("heat", "cuaca panas sekali"),
    ("roof", "atap sekolah bocor"),
    ("fence", "pagar puskesmas roboh"),
    ("bone", "tulang ikan di parit"),
    ("turmeric", "harga kunyit naik"),
    ("opposite", "lampu di seberang jalan mati"),
    ("red-soil", "jalan masih tanah merah dan licin"),
    ("new-data", "minta data baru penerima bantuan"),
    ("months", "sudah berbulan-bulan, eh bulan bulan lalu juga begitu"),
    ("connection", "sambungan pipa bocor"),
    ("first-name", "pak gunawan dan pak bambang tidak masuk kantor"),
    ("floating", "keramba apung rusak"),
    ("only", "bukan semata karena hujan"),
    ("part-of-a-word", "ketarakanan nunukanlah"),
    ("half-a-name", "tanjung itu jauh"),
    ("hint-alone", "desa kami, kecamatan kami, kota kami"),
    ("hint-of-another-level", "kecamatan panas"),
    ("hint-with-a-word-between", "desa yang penuh harapan"),
    ("everyday-before-another-district", "harapan tarakanku"),
    ("numbers-like-codes", "65.71.02.1002"),
]


@pytest.mark.parametrize("message", [row[1] for row in NOWHERE], ids=[row[0] for row in NOWHERE])
def test_a_message_that_names_no_place(places: Places, message: str) -> None:
    assert places.find(message) == Found()


# name, message, area: a place is named beside a word that is a village elsewhere
MISLEADING = [
    ("heat-in-a-regency", "cuaca panas di nunukan", "65.03"),
    ("heat-right-before-the-regency", "cuaca panas nunukan", "65.03"),
    ("roof-in-a-town", "atap pasar malinau kota bocor", "65.02.02"),
    ("hope-of-a-district", "harapan warga sebuku", "65.03.06"),
    ("opposite-a-hospital", "seberang rsud tarakan", "65.71.02"),
    ("sentence-goes-on", "dari tarakan, utara kota sering banjir", "65.71"),
    ("nine-days-in-a-village", "sembilan hari air mati di selumit", "65.71.02.1004"),
    ("kota-is-no-level-of-a-district", "pusat kota tanjung selor", "65.01.05"),
    ("kecamatan-said-of-a-regency", "kecamatan tarakan", "65.71"),
    ("hint-far-away", "kecamatan kami di nunukan", "65.03"),
]


@pytest.mark.parametrize(("message", "area"), [row[1:] for row in MISLEADING], ids=[row[0] for row in MISLEADING])
def test_everyday_words_do_not_lead_away(places: Places, message: str, area: str) -> None:
    assert places.find(message) == Found(area)


# name, message, area, candidates
OPEN = [
    ("two-kabupaten", "karang anyar banjir", None, ("65.01.01.1004", "65.71.01.1001")),
    ("from-to", "tiket speedboat tarakan ke nunukan", None, ("65.71", "65.03")),
    ("one-kabupaten", "tanjung harapan gelap", "65.03", ("65.03.09.1004", "65.03.10.2002")),
    ("one-district", "jalan juata rusak", "65.71.04", ("65.71.04.1001", "65.71.04.1002", "65.71.04.1003")),
    ("two-villages", "selumit dan sebengkok kebanjiran", "65.71.02", ("65.71.02.1004", "65.71.02.1003")),
    ("two-districts", "tanjung selor ke tanjung palas", "65.01", ("65.01.05", "65.01.01")),
    (
        "an-island",
        "pulau sebatik gelap, nunukan terang",
        "65.03",
        ("65.03.01", "65.03.08", "65.03.10", "65.03.11", "65.03.12"),
    ),
    ("two-markets", "pasar induk becek", None, ("65.01.05", "65.02")),
    ("settling-name-elsewhere", "karang anyar, bukan nunukan", None, ("65.01.01.1004", "65.71.01.1001", "65.03")),
]


@pytest.mark.parametrize(("message", "area", "candidates"), [row[1:] for row in OPEN], ids=[row[0] for row in OPEN])
def test_what_stays_open(places: Places, message: str, area: str | None, candidates: tuple[str, ...]) -> None:
    assert places.find(message) == Found(area, candidates)


def test_every_place_is_found_by_its_full_address(region: Region, places: Places) -> None:
    hints = {"village": "desa", "district": "kecamatan", "regency": "kabupaten"}
    lost = []
    for place in region.places.values():
        parts, code = [], place.code
        while code in region.places and region.places[code].level in hints:
            level, name = region.places[code].level, region.places[code].name
            parts.append(name if level == "regency" else f"{hints[level]} {name}")
            code = region.places[code].parent
        if parts and places.find(", ".join(parts)) != Found(place.code):
            lost.append(place.code)
    assert lost == []


def test_every_spelling_of_a_place_leads_to_it(region: Region, places: Places) -> None:
    lost = []
    for place in region.places.values():
        for alias in place.aliases if place.level != "province" else ():
            found = places.find(alias)
            if alias not in region.everyday_names and place.code not in (found.area, *found.candidates):
                lost.append((place.code, alias))
    assert lost == []


def test_every_landmark_is_found_by_its_name(region: Region, places: Places) -> None:
    lost = [
        one.name
        for one in region.landmarks
        if one.area not in ((found := places.find(one.name)).area, *found.candidates)
    ]
    assert lost == []


def test_a_region_may_have_no_everyday_names(region: Region) -> None:
    assert Places(dataclasses.replace(region, everyday_names=frozenset())).find("harapan") == Found("65.03.06.2010")


# --- a pin on the map ---

PINS = [
    ("town", 2.837, 117.365, "65.01.05.1001"),
    ("city", 3.3, 117.589, "65.71.02.1004"),
    ("island", 4.13, 117.883, "65.03.10.2001"),
    ("small-island", 3.47, 117.83, "65.01.10.2002"),
    ("highland", 3.9, 115.69, "65.03.05.2022"),
    ("upriver", 2.3, 115.3, "65.02.04.2001"),
    ("across-the-border-bay", 4.245, 117.891, None),
    ("next-province-north-coast", 2.15, 117.49, None),
    ("next-province-capital", -0.5, 117.15, None),
    ("open-sea", 3.5, 118.6, None),
    ("null-island", 0.0, 0.0, None),
    ("other-side-of-the-earth", -3.0, -63.0, None),
    ("no-latitude", 91.0, 117.0, None),
    ("no-longitude", 3.0, 181.0, None),
    ("not-a-number", float("nan"), 117.0, None),
    ("infinite", 3.0, float("inf"), None),
]


@pytest.mark.parametrize(("lat", "lng", "area"), [row[1:] for row in PINS], ids=[row[0] for row in PINS])
def test_the_village_of_a_pin(places: Places, lat: float, lng: float, area: str | None) -> None:
    assert places.at(lat, lng) == area


def test_every_centroid_is_its_own_village(region: Region, places: Places) -> None:
    villages = [place for place in region.places.values() if place.level == "village"]
    assert [place.code for place in villages if places.at(place.lat, place.lng) != place.code] == []


def test_a_region_without_villages_has_no_pins(region: Region) -> None:
    bare = dataclasses.replace(region, places={"65": Place("65", "province", "Kalimantan Utara", (), 3.0, 116.0)})
    assert Places(dataclasses.replace(bare, landmarks=())).at(3.0, 116.0) is None


# --- a long text is read once ---


class _Counted(dict[str, object]):
    """A mapping that counts how often it is asked, to measure work without a watch."""

    asked = 0

    def __contains__(self, key: object) -> bool:
        type(self).asked += 1
        return super().__contains__(key)


@pytest.mark.parametrize(
    "unit", ["tanjung ", "karang anyar ", "tanjung palas sesayap ", "desa ", "zzz "], ids=lambda unit: unit.strip()
)
def test_work_grows_with_the_text_and_no_faster(region: Region, monkeypatch: pytest.MonkeyPatch, unit: str) -> None:
    counted = Places(region)
    pending = [counted._root]
    while pending:
        node = pending.pop()
        pending.extend(node.children.values())
        node.children = _Counted(node.children)  # type: ignore[assignment]

    def work(length: int) -> int:
        _Counted.asked = 0
        counted.find((unit * length)[:length])
        return _Counted.asked

    assert 0 < work(100_000) <= 10.5 * work(10_000)


def test_a_long_text_still_gives_its_place(places: Places) -> None:
    assert places.find("air mati " * 6_000 + "di kel. selumit " + "tolong " * 6_000) == Found("65.71.02.1004")
