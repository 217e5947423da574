"""One broken pack, every fault at once: each kind with its file and line, in a single run, and nothing besides."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispatch.region import check
from tests.support import tiny_region

#: file, old, new, the line it is found on (0: of ``new``), what is said
PLANTED = [
    ("region.yaml", "timezone: Asia/Makassar", "timezone: Mars/Olympus", 0, "unknown time zone 'Mars/Olympus'"),
    ("region.yaml", "greeting_window_minutes: 30", "greeting_window_minutes: soon", 0, "is not a whole number"),
    ("region.yaml", "short: Contoh\n", "", 1, "short is missing"),
    ("region.yaml", "[Harapan]", "[Harapn]", 0, "'Harapn' is no place's name or alias"),
    ("region.yaml", "[CONTOH]", "[CONTOH UTARA]", 0, "is not a keyword"),
    ("region.yaml", "Kominfo Provinsi Contoh", "Kominfo Jawa Barat", 0, "'Jawa Barat' is a name"),
    ("agencies.csv", "kenanga-dpupr,dpupr,Dinas PU Kota Kenanga,DPUPR Kenanga,regency,99.71,office", "kenanga-dpupr,"
     "dpupr,Dinas PU Kota Kenanga,DPUPR Kenanga,regency,99.71,night", 0, "unknown calendar 'night'"),
    ("agencies.csv", "PDAM Kenanga,external,99.71", "PDAM Kenanga,external,99.79", 0, "area 99.79 is not a place"),
    ("agencies.csv", "yes,prov-setda-is-none,", "yes,prov-setda,", 0, "unknown supervisor 'prov-setda'"),
    ("agencies.csv", "yes,prov-bpbd-watches,", "yes,pln,", 0, "supervisor pln is outside local government"),
    ("agencies.csv", "yes,prov-bappeda-watches,", "yes,prov-bappeda,", 0, "cannot supervise itself"),
    ("agencies.csv", "yes,,kabupaten\n", "yes,,negara\n", 0, "owns: unknown owner 'negara'"),
    ("categories.csv", "Listrik,Electricity,pln,external", "Listrik,Electricity,pln,local", 0, "no provincial agency"),
    ("categories.csv", "Air,Water,pdam,external", "Air,Water,perumda,external", 0, "unknown function 'perumda'"),
    ("categories.csv", "Roads,dpupr,local,complaint,no,yes,Jalan rusak.,photo", "Roads,dpupr,local,complaint,no,yes,"
     "Jalan rusak.,video", 0, "evidence 'video' is not one of answer, none, photo"),
    ("categories.csv", "Cara dan syarat.", "Cara dan syarat di Kota Medan.", 0, "'Medan' is a name of another region"),
    ("places.csv", "Pasar Lama,,1.520", "Pasar Lama,,north", 0, "lat 'north' is not a number"),
    ("places.csv", "99.01.01.2002,village", "99.01.01.2001,village", 6, "place 99.01.01.2001 is on line 5 already"),
    ("landmarks.csv", "99.71.01", "99.71.09", 0, "area 99.71.09 is not a place"),
    ("calendars.yaml", '"13:00-16:30"', '"16:30-13:00"', 0, "ends before it starts"),
    ("calendars.yaml", "2026-04-22", "2026-04-31", 0, "'2026-04-31' is not a date"),
    ("calendars.yaml", "national: ID", "national: XQ", 0, "unknown country code 'XQ'"),
    ("clocks.yaml", "until: 2024-12-31", "until: 2025-01-01", 8, "overlap"),
    ("clocks.yaml", "{id: verify, kind: any", "{id: verify, kind: all", 0, "kind 'all' is not one of"),
    ("phrases.yaml", "by {agency}.", "by us.", 1, "placeholders differ"),
    ("phrases.yaml", "en: Thank you.", "en: ''", 0, "en is empty"),
    ("delivery.yaml", "[whatsapp, sms]", "[whatsapp, fax]", 0, "'fax' is not one of"),
    ("delivery.yaml", "hard_messages: 150", "hard_messages: 99", 0, "hard_messages is below messages"),
    ("desk.yaml", "total_days: 8", "total_days: 2", 0, "total_days is below cap_days"),
    ("desk.yaml", "after_hours: -7", "after_hours: 7", 3, "the order of after_hours"),
    ("desk.yaml", "  listrik: {hours: 12", "  setrum: {hours: 12", 0, "alike: unknown category 'setrum'"),
    ("desk.yaml", "{Arsip: rejected}", "{Arsip: archived}", 0, "'archived' is no status"),
    ("ownership.yaml", "    function: dpupr\n    level: province", "    function: bpjn\n    level: province", 7,
     "owner provinsi: unknown function 'bpjn'"),
    ("ownership.yaml", "cues: [jalan provinsi]", "cues: [jalan  Kabupaten]", 13, "names both kabupaten and provinsi"),
    ("ownership.yaml", "  jalan: [kabupaten, provinsi]\n", "  jalan: [kabupaten, provinsi]\n  pasar: [desa]\n", 14,
     "unknown category 'pasar'"),
    ("ownership.yaml", "  pasar: [desa]", "  pasar: [desa]", 14, "pasar: unknown owner 'desa'"),
    ("ownership.yaml", "categories: [jalan]", "categories: [usulan]", 16, "provinsi is no owner under owned: usulan"),
    ("ownership.yaml", 'area: "99.01"', 'area: "99.09"', 16, "area 99.09 is not a place"),
    ("examples/jalan.txt", "gang 3\n", "gang 3\n\n", 4, "the line is blank"),
    ("examples/air.txt", "gang 2\n", "gang 1\n", 2, "stands in examples/air.txt:1 already"),
    ("examples/pungli.txt", "diminta uang oleh petugas di gang 25\n", "", 24, "has 24 examples; 25 are needed"),
    ("examples/usulan.txt", "gang 4\n", "gang\t4\n", 4, "control character U+0009"),
    ("aspects/urgent/no.txt", "cat pagar pudar\n", "cat pagar pudar\n" + "la" * 1001 + "\n", 3, "2002 characters"),
    ("aspects/danger/none.txt", "", "lampu taman redup\n", 1, "needs texts under two labels"),
    ("aspects/mood/angry.txt", "", "kesal sekali\n", 1, "unknown aspect 'mood'"),
    ("knowledge/air.yaml", '"air tidak mengalir, bukan yang lain."', '""', 0, "definition is empty"),
    ("knowledge/jalanan.yaml", "", tiny_region.KNOWLEDGE["knowledge/jalan.yaml"], 1, "unknown category 'jalanan'"),
    ("services/umum.yaml", '"112"', "ring", 0, "'ring' is not a telephone number"),
    ("services/umum.yaml", "{id: Kantor desa, en", "{id: Kantor desa Surabaya, en", 0, "'Surabaya' is a name"),
    ("services/catatan.txt", "", "apa saja\n", 1, "only files called <code>.yaml belong here"),
]  # fmt: skip


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """The valid pack, its tables with every column they may have."""
    folder = tiny_region.write(tmp_path)
    given = {
        "prov-kominfo": "prov-setda-is-none,",
        "prov-bpbd": "prov-bpbd-watches,",
        "prov-bappeda": "prov-bappeda-watches,",
        "prov-dpupr": ",provinsi",
        "melati-dpupr": ",kabupaten",
    }
    head, *rows = tiny_region.AGENCIES.splitlines()
    wide = [f"{row},{given.get(row.split(',')[0], ',')}" for row in rows]
    (folder / "agencies.csv").write_text("\n".join([f"{head},supervisor,owns", *wide]) + "\n", encoding="utf-8")
    head, *rows = tiny_region.CATEGORIES.splitlines()
    wide = [f"{row},{'photo' if row.startswith('jalan') else ''}" for row in rows]
    (folder / "categories.csv").write_text("\n".join([f"{head},evidence", *wide]) + "\n", encoding="utf-8")
    return folder


def plant(pack: Path, file: str, old: str, new: str) -> None:
    path = pack / file
    path.parent.mkdir(parents=True, exist_ok=True)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    assert old in text, (file, old)
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def line_of(pack: Path, file: str, text: str) -> int:
    whole = (pack / file).read_text(encoding="utf-8")
    return whole[: whole.index(text)].count("\n") + 1


def test_the_tables_with_every_column_are_in_order(pack: Path) -> None:
    for old in ("prov-setda-is-none", "prov-bpbd-watches", "prov-bappeda-watches"):
        plant(pack, "agencies.csv", old, "prov-inspektorat")
    assert check("contoh", pack.parent) == []


def test_every_planted_fault_is_found_in_one_run_and_nothing_else(pack: Path) -> None:
    for file, old, new, _, _ in PLANTED:
        plant(pack, file, old, new)
    wanted = [(file, at or line_of(pack, file, new), says) for file, _, new, at, says in PLANTED]
    found = check("contoh", pack.parent)
    left = list(found)
    missing = []
    for file, line, says in wanted:
        match = next(
            (
                fault
                for fault in left
                if f"{file}/".startswith(f"{fault.file}/") and fault.line == line and says in fault.text
            ),
            None,
        )
        if match is None:
            missing.append((file, line, says))
        else:
            left.remove(match)
    assert (missing, [str(fault) for fault in left]) == ([], [])
    assert len(PLANTED) >= 45
    assert {file.split("/")[0] for file, *_ in PLANTED} >= set(tiny_region.FILES) - {
        name for name in tiny_region.FILES if "/" in name
    }
