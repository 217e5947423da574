"""Region packs: a valid one loads as the values it says, and the first region is whole."""

from __future__ import annotations

import re
import shutil
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from dispatch.region import (
    Alike,
    Asset,
    Closing,
    DeskRules,
    Escalation,
    Example,
    Handover,
    Level,
    Owner,
    Pausing,
    Region,
    RegionFaults,
    Rung,
    check,
    load,
)
from dispatch.region.editions import RULING
from tests.support import tiny_region

REQUIRED = {"receipt": frozenset({"number", "agency"}), "thanks": frozenset[str]()}


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """The folder of the valid pack ``contoh``; its parent is the directory of packs."""
    return tiny_region.write(tmp_path)


@pytest.fixture
def region(pack: Path) -> Region:
    return load("contoh", pack.parent)


def test_a_valid_pack_has_no_faults(pack: Path) -> None:
    assert check("contoh", pack.parent, required_phrases=REQUIRED) == []


def test_head(region: Region) -> None:
    assert (region.code, region.prefix, region.area, region.zone.key) == ("contoh", "CT", "99", "Asia/Makassar")
    assert (region.join_window, region.greeting_window) == (timedelta(minutes=15), timedelta(minutes=30))
    assert region.sure_precision == 0.9
    assert region.everyday_names == frozenset({"Harapan"})
    assert region.sms_keywords == frozenset({"contoh"})


def test_agencies_by_function_and_area(region: Region) -> None:
    found = region.agency_for("dpupr", "99.01")
    assert found is not None
    assert (found.code, found.level, found.joined) == ("melati-dpupr", Level.REGENCY, True)
    assert region.agency_for("bpbd", "99.01") is None


def test_an_agency_that_has_not_joined(region: Region) -> None:
    assert region.agencies["kenanga-dpupr"].joined is False


def test_categories(region: Region) -> None:
    pungli = region.categories["pungli"]
    assert (pungli.level, pungli.kind, pungli.supervision, pungli.needs_place) == (Level.LOCAL, "complaint", True, True)
    assert region.categories["informasi"].needs_place is False


def test_places_and_landmarks(region: Region) -> None:
    village = region.places["99.01.01.2002"]
    assert (village.parent, village.aliases, village.lat) == ("99.01.01", ("sei jernih", "jernih"), 1.02)
    assert region.landmarks[0].area == "99.71.01"
    assert region.place_name("99.71.01.1001") == "Pasar Lama, Kenanga Utara, Kota Kenanga"


def test_calendars(region: Region) -> None:
    office, always = region.calendars["office"], region.calendars["always"]
    assert office.week[4] == ((time(8), time(11, 30)), (time(13), time(16, 30)))
    assert office.week[6] == ()
    assert office.observes_holidays is True
    assert always.week[0] == ((time(0), None),)
    assert always.observes_holidays is False


def test_holidays(region: Region) -> None:
    assert region.national_holidays == "ID"
    assert dict(region.regional_holidays) == {
        date(2026, 4, 22): "Hari jadi provinsi",
        date(2026, 12, 24): "Cuti bersama",
    }


def test_clocks(region: Region) -> None:
    old = next(rule for rule in region.clocks if rule.id == "resolution-old")
    assert (old.days, old.since, old.until) == (20, date(2020, 1, 1), date(2024, 12, 31))
    supervised = next(rule for rule in region.clocks if rule.id == "resolution-supervision")
    assert (supervised.kind, supervised.supervision, supervised.until) == ("complaint", "yes", None)


def test_phrases_and_examples(region: Region) -> None:
    assert region.phrases["thanks"] == {"id": "Terima kasih.", "en": "Thank you."}
    assert len(region.examples) == 175
    assert (region.examples[0].text, region.examples[0].category) == ("air tidak mengalir di gang 1", "air")


def test_knowledge_aspects_and_services(region: Region) -> None:
    assert region.knowledge["jalan"].definition == "jalan berlubang, bukan yang lain."
    assert region.knowledge["jalan"].tasks == ("pemeliharaan", "pengawasan")
    assert {label: len(texts) for label, texts in region.aspects["urgent"].items()} == {"no": 2, "yes": 2}
    card, road = region.services["kartu"], region.services["jalan_baru"]
    assert (card.name["en"], card.category, len(card.questions), card.phone) == ("New card", "informasi", 6, "112")
    assert (card.checked, card.confirm, card.field, card.line) == (date(2026, 11, 1), True, "umum", 3)
    assert (road.link, road.phone, road.cost, road.confirm) == ("", "", {"id": "", "en": ""}, False)
    assert dict(region.fields) == {"umum": {"id": "Kependudukan", "en": "Civil registration"}}


def test_a_pack_without_knowledge_aspects_and_services_is_whole(pack: Path) -> None:
    for folder in ("knowledge", "aspects", "services"):
        shutil.rmtree(pack / folder)
    assert check("contoh", pack.parent) == []
    region = load("contoh", pack.parent)
    assert (dict(region.knowledge), dict(region.aspects), dict(region.services)) == ({}, {}, {})


def test_a_text_of_an_aspect_may_be_one_sign(pack: Path) -> None:
    (pack / "aspects" / "urgent" / "no.txt").write_text("🙏\nok\n", encoding="utf-8")
    assert check("contoh", pack.parent) == []


def test_files_an_editor_leaves_hidden_are_not_looked_at(pack: Path) -> None:
    (pack / "examples" / ".DS_Store").write_bytes(b"\xff")
    assert check("contoh", pack.parent) == []


def test_lines_may_end_as_windows_ends_them(pack: Path) -> None:
    file = pack / "examples" / "jalan.txt"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert check("contoh", pack.parent) == []
    assert Example("jalan berlubang di gang 1", "jalan") in load("contoh", pack.parent).examples


def test_loading_reads_knowledge_and_services_when_they_are_asked_for(pack: Path) -> None:
    region = load("contoh", pack.parent)
    for file in (pack / "services" / "umum.yaml", pack / "knowledge" / "jalan.yaml"):
        file.write_text("[", encoding="utf-8")
    assert {fault.file for fault in check("contoh", pack.parent)} == {"services/umum.yaml", "knowledge/jalan.yaml"}
    with pytest.raises(RegionFaults, match=r"services/umum\.yaml"):
        region.services.get("kartu")
    with pytest.raises(RegionFaults, match=r"knowledge/jalan\.yaml"):
        len(region.knowledge)


def test_loading_leaves_single_lines_to_check(pack: Path) -> None:
    """A blank line teaches nothing and stops nobody; ``aduan region check`` names it."""
    file = pack / "examples" / "jalan.txt"
    file.write_text(file.read_text(encoding="utf-8") + "\n\n", encoding="utf-8")
    assert len(load("contoh", pack.parent).examples) == 175
    assert [str(fault) for fault in check("contoh", pack.parent)] == [
        "examples/jalan.txt:26: the line is blank",
        "examples/jalan.txt:27: the line is blank",
    ]


def test_columns_may_stand_in_any_order_and_a_byte_order_mark_is_no_fault(pack: Path) -> None:
    lines = ["area,name,aliases", "99.71.01,Pasar Bunga,pasar kembang"]
    (pack / "landmarks.csv").write_text("\ufeff" + "\r\n".join(lines) + "\r\n", encoding="utf-8", newline="")
    assert load("contoh", pack.parent).landmarks[0].aliases == ("pasar kembang",)


def test_rules_for_any_may_stand_beside_exact_ones(pack: Path) -> None:
    text = (pack / "clocks.yaml").read_text(encoding="utf-8")
    (pack / "clocks.yaml").write_text(text.replace("supervision: yes", "supervision: any"), encoding="utf-8")
    assert check("contoh", pack.parent) == []


# --- what the program says it needs of the phrases ---

PHRASE_CASES = [
    ("a-phrase-is-missing", "thanks:", "thank:", ["1: phrase thanks is missing", "4: unknown phrase thank"]),
    ("a-placeholder-nobody-fills", "{agency}", "{office}", ["1: receipt: unknown placeholder office"]),
]


@pytest.mark.parametrize(
    ("old", "new", "faults"), [row[1:] for row in PHRASE_CASES], ids=[row[0] for row in PHRASE_CASES]
)
def test_phrases_against_what_the_program_needs(pack: Path, old: str, new: str, faults: list[str]) -> None:
    text = (pack / "phrases.yaml").read_text(encoding="utf-8")
    (pack / "phrases.yaml").write_text(text.replace(old, new), encoding="utf-8")
    assert check("contoh", pack.parent) == []
    found = check("contoh", pack.parent, required_phrases=REQUIRED)
    assert [f"{fault.line}: {fault.text}" for fault in found] == faults


@pytest.mark.parametrize("field", ["{number.__class__}", "{number[0]}", "{}", "{0}", "{number!r}", "{number:>9}"])
def test_a_placeholder_is_a_plain_name(pack: Path, field: str) -> None:
    text = (pack / "phrases.yaml").read_text(encoding="utf-8")
    (pack / "phrases.yaml").write_text(text.replace("{number}", field), encoding="utf-8")
    found = check("contoh", pack.parent)
    assert found
    assert {(fault.file, fault.line) for fault in found} == {("phrases.yaml", 1)}
    assert all("is not a plain placeholder" in fault.text for fault in found)


# --- the desk and the owners ---


def test_desk_rules(region: Region) -> None:
    rules = region.desk_rules
    assert (rules.pausing, rules.handover, rules.closing) == (Pausing(4, 8), Handover(7, 2), Closing(8, 30))
    assert rules.escalation == Escalation((Rung("officer", "agency", -7), Rung("head", "agency", 2)), time(7, 30))
    assert rules.alike == {"": Alike(hours=48), "listrik": Alike(hours=12, kilometres=10, flood=5)}
    assert (rules.lapor.columns, rules.lapor.statuses) == ({"title": "Judul"}, {"Arsip": "rejected"})


@pytest.mark.parametrize(
    ("old", "rules"),
    [
        ("pausing: {cap_days: 4, total_days: 8}\n", {"pausing": Pausing()}),
        ('  digest_at: "07:30"\n', {"digest_at": time(8)}),
        ("  any: {hours: 48}\n", {"any": Alike()}),
    ],
    ids=["pausing", "digest", "any"],
)
def test_what_the_desk_leaves_out_is_as_usual(pack: Path, old: str, rules: dict[str, object]) -> None:
    text = (pack / "desk.yaml").read_text(encoding="utf-8")
    assert old in text
    (pack / "desk.yaml").write_text(text.replace(old, ""), encoding="utf-8")
    found = load("contoh", pack.parent).desk_rules
    given = {"pausing": found.pausing, "digest_at": found.escalation.digest_at, "any": found.alike[""]}
    assert {name: given[name] for name in rules} == rules


def test_owners_and_assets(region: Region) -> None:
    assert region.owners["provinsi"] == Owner(
        "provinsi", {"id": "Provinsi", "en": "Province"}, "dpupr", Level.PROVINCE, ("jalan provinsi",)
    )
    assert dict(region.owned) == {"jalan": ("kabupaten", "provinsi")}
    assert region.assets == (Asset("Jalan Melati Raya", ("melati raya",), "provinsi", ("jalan",), "99.01"),)


def test_a_pack_without_desk_and_owners_has_the_usual_rules(pack: Path) -> None:
    for file in ("desk.yaml", "ownership.yaml"):
        (pack / file).unlink()
    assert check("contoh", pack.parent) == []
    region = load("contoh", pack.parent)
    assert (region.desk_rules, dict(region.owners), dict(region.owned), region.assets) == (DeskRules(), {}, {}, ())


def test_columns_that_may_be_left_out(region: Region) -> None:
    agency, category = region.agencies["melati-dpupr"], region.categories["jalan"]
    assert (agency.supervisor, agency.owns, category.evidence) == ("", (), "answer")


# --- editions ---


def test_an_edition_is_the_version_and_a_sum_of_the_ruling_files(pack: Path, region: Region) -> None:
    assert re.fullmatch(r"1\+[0-9a-f]{8}", region.edition)
    for file in RULING:
        text = (pack / file).read_bytes()
        (pack / file).write_bytes(text + b"\n")
        assert load("contoh", pack.parent).edition != region.edition, file
        (pack / file).write_bytes(text)


@pytest.mark.parametrize("file", ["phrases.yaml", "delivery.yaml", "examples/jalan.txt", "services/umum.yaml"])
def test_what_rules_no_ticket_makes_no_edition(pack: Path, region: Region, file: str) -> None:
    with (pack / file).open("a", encoding="utf-8") as target:
        target.write("\n" if file.endswith("yaml") else "jalan berlubang di gang 26\n")
    assert load("contoh", pack.parent).edition == region.edition


def test_line_ends_and_a_byte_order_mark_make_no_edition(pack: Path, region: Region) -> None:
    for file in RULING:
        (pack / file).write_bytes(b"\xef\xbb\xbf" + (pack / file).read_bytes().replace(b"\n", b"\r\n"))
    assert load("contoh", pack.parent).edition == region.edition


# --- the first region ---


def test_the_pack_of_kaltara_has_no_fault() -> None:
    assert check("kaltara") == []


def test_kaltara_has_every_place_of_the_province() -> None:
    levels = [place.level for place in load("kaltara").places.values()]
    assert {level: levels.count(level) for level in levels} == {
        "province": 1,
        "regency": 5,
        "district": 55,
        "village": 482,
    }


@pytest.mark.parametrize("area", ["65.01", "65.02", "65.03", "65.04", "65.71"])
def test_every_kabupaten_has_an_agency_for_every_local_category(area: str) -> None:
    region = load("kaltara")
    functions = {category.function for category in region.categories.values() if category.level is Level.LOCAL}
    missing = [function for function in functions if region.agency_for(function, area) is None]
    assert missing == []


def test_kaltara_counts_the_hours_of_its_offices() -> None:
    region = load("kaltara")
    assert region.calendars["office"].week[4] == ((time(8), time(11, 30)), (time(13), time(16, 30)))
    assert region.calendars[region.agencies["prov-bpbd"].calendar].observes_holidays is False


def test_kaltara_s_agencies_are_watched_over_and_its_owners_looked_after() -> None:
    region = load("kaltara")
    unwatched = [code for code, agency in region.agencies.items() if agency.ours and not agency.supervisor]
    assert unwatched == ["prov-setda"]
    tended = {owner for agency in region.agencies.values() for owner in agency.owns}
    assert tended == set(region.owners)


@pytest.mark.parametrize("category", ["jalan_rusak", "jembatan_drainase", "lampu_jalan", "sampah", "sungai_irigasi"])
def test_kaltara_asks_for_a_photo_of_work_outdoors(category: str) -> None:
    assert load("kaltara").categories[category].evidence == "photo"


def test_in_kaltara_the_likeliest_owner_is_who_the_category_goes_to() -> None:
    region = load("kaltara")
    assert region.owned
    for code, owners in region.owned.items():
        category, first = region.categories[code], region.owners[owners[0]]
        assert (first.function, first.level) == (category.function, category.level), code
