"""Whose asset: words, names, spelling, denials, and how long it may take."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from dispatch.ownership import Finding, Why, find
from dispatch.region import Asset, Level, Owner, Region
from tests.support import rules

REGION = replace(
    rules.region(agencies=[rules.agency("prov-roads", "dpupr")], categories=[rules.category("road", "dpupr")]),
    owners={
        "town": Owner("town", {"id": "Kota"}, "dpupr", Level.LOCAL, ("jalan kabupaten", "jalan kota")),
        "prov": Owner("prov", {"id": "Provinsi"}, "dpupr", Level.PROVINCE, ("jalan provinsi",)),
        "state": Owner("state", {"id": "Negara"}, "bpjn", Level.EXTERNAL, ("jalan nasional", "jalan negara")),
        "village": Owner("village", {"id": "Desa"}, "dpmd", Level.LOCAL, ("jalan desa",)),
    },
    owned={"road": ("town", "prov", "state", "village"), "light": ("town",)},
    assets=(
        Asset("Jalan Mulawarman", ("jalan poros mulawarman",), "state", ("road",), "65.71"),
        Asset("Jembatan Raya Contoh", (), "prov", ("road",)),
    ),
)

TABLE = """
jalan nasional rusak parah                     | -        | state   | owner_words
Jln. NASIONAL berlubang                        | -        | state   | owner_words
jl nasionl km 12 amblas                        | -        | state   | owner_words
jalan nasioanl rusak                           | -        | state   | owner_words
jalan propinsi becek                           | -        | prov    | owner_words
jln prov. rusak                                | -        | prov    | owner_words
jln desa kami putus                            | -        | village | owner_words
jalan di desa kami putus                       | -        | town    | owner_default
bukan jalan desa tapi jalan provinsi           | -        | prov    | owner_words
ini bukan jalan nasional                       | -        | town    | owner_default
jalan nasional atau jalan provinsi             | -        | town    | owner_default
jalan rusak                                    | -        | town    | owner_default
jalan Mulawarman rusak                         | 65.71.01 | state   | asset
jl mulawarman rusak                            | 65.71    | state   | asset
jalan Mulawarmann rusak                        | 65.71    | state   | asset
jalan Mulawarman rusak                         | 65.01    | town    | owner_default
jalan Mulawarman rusak                         | -        | town    | owner_default
jalan Mulawarman itu jalan kota                | 65.71    | state   | asset
jembatan raya contoh putus                     | -        | prov    | asset
jalan nasionalisme                             | -        | town    | owner_default
kepala desa, jalan                             | -        | town    | owner_default
"""
CASES = [tuple(cell.strip() for cell in row.split("|")) for row in TABLE.strip().splitlines()]


@pytest.mark.parametrize(("text", "area", "owner", "why"), CASES, ids=[f"{c[0]} {c[1]}" for c in CASES])
def test_the_table(text: str, area: str, owner: str, why: str) -> None:
    found = find(REGION, "road", text, None if area == "-" else area)
    assert found is not None
    assert (found.owner, found.why) == (owner, Why(why))


def test_nobody_asks_whose_in_a_category_without_owners() -> None:
    assert find(REGION, "tax", "jalan nasional", None) is None
    assert find(REGION, None, "jalan nasional", None) is None


def test_the_only_owner_is_sure() -> None:
    assert find(REGION, "light", "lampu mati", None) == Finding("town", Why.ONLY)


def test_a_flood_of_words_takes_no_time() -> None:
    many = replace(
        REGION,
        assets=tuple(Asset(f"Jalan Nomor{number} Panjang", (), "state", ("road",)) for number in range(300)),
    )
    began = time.process_time()
    find(many, "road", "jalan " * 100_000, None)
    find(many, "road", "bukan itu ini " * 100_000, None)
    assert time.process_time() - began < 2


def test_every_owner_of_the_pack_is_found_by_its_own_words(kaltara: Region) -> None:
    for category, owners in kaltara.owned.items():
        for code in owners:
            for cue in kaltara.owners[code].cues:
                found = find(kaltara, category, f"tolong {cue} diperbaiki", None)
                assert found is not None
                assert found.owner == code, (category, cue)
