"""Every edition of the region pack that ruled tickets here is kept, once, and can be read back."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import col

from bot import clock as clock_process
from dispatch.config import Settings
from dispatch.models import RegionEdition
from dispatch.region import RegionFaults, load
from dispatch.region.editions import RULING, ruling_files
from dispatch.runtime import Runtime
from dispatch.services import editions
from dispatch.services.editions import UnknownEdition
from tests.support import tiny_region
from tests.support.clock import Clock
from tests.support.tickets import open_ticket


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return tiny_region.write(tmp_path / "packs")


@pytest.fixture
def small(environment: dict[str, str], pack: Path, clock: Clock) -> Iterator[Runtime]:
    """A runtime whose pack a test may edit."""
    wired = Runtime(
        Settings.read({**environment, "ADUAN_REGION": "contoh", "ADUAN_REGION_DIR": str(pack.parent)}), now=clock
    )
    again(wired, pack)
    yield wired
    wired.close()


def again(runtime: Runtime, pack: Path) -> None:
    """Start anew with the pack as it lies there now."""
    runtime.__dict__["region"] = load("contoh", pack.parent)


def edit(pack: Path, file: str, old: str, new: str) -> None:
    text = (pack / file).read_text(encoding="utf-8")
    assert old in text
    (pack / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def kept(runtime: Runtime) -> list[RegionEdition]:
    with runtime.reading() as session:
        return list(session.scalars(select(RegionEdition).order_by(col(RegionEdition.id))))


def test_the_edition_in_force_is_recorded_once(small: Runtime, clock: Clock) -> None:
    assert [editions.record(small), editions.record(small)] == [1, 0]
    [row] = kept(small)
    assert (row.region, row.edition, row.recorded_at) == ("contoh", small.region.edition, clock())
    assert row.edition.endswith(row.digest[:8])


def test_the_clock_records_it(small: Runtime) -> None:
    assert clock_process.SWEEPS["editions"](small) == 1


def test_it_holds_the_ruling_files_and_no_other(small: Runtime, pack: Path) -> None:
    editions.record(small)
    [row] = kept(small)
    with zipfile.ZipFile(BytesIO(row.content)) as archive:
        assert tuple(archive.namelist()) == tuple(sorted(RULING))
        assert archive.read("agencies.csv") == (pack / "agencies.csv").read_bytes()


def test_the_same_files_make_the_same_bytes(pack: Path) -> None:
    files = ruling_files(pack)
    assert editions.packed(files) == editions.packed(dict(reversed(files.items())))


def test_an_edit_makes_another_and_the_first_can_be_read_back(small: Runtime, pack: Path, clock: Clock) -> None:
    editions.record(small)
    first = small.region
    clock.forward(days=1)
    edit(pack, "desk.yaml", "cap_days: 4", "cap_days: 3")
    edit(pack, "agencies.csv", "DPUPR Kenanga", "PU Kenanga")
    again(small, pack)
    assert editions.record(small) == 1
    assert small.region.edition != first.edition
    with small.reading() as session:
        before = editions.load_edition(session, first.edition)
        now = editions.load_edition(session, small.region.edition)
    assert (before.edition, before.agencies, before.clocks) == (first.edition, first.agencies, first.clocks)
    assert (before.desk_rules.pausing.cap_days, now.desk_rules.pausing.cap_days) == (4, 3)
    assert (before.owners, before.assets, before.places) == (first.owners, first.assets, first.places)
    assert (dict(before.phrases), before.examples, dict(before.services)) == ({}, (), {})


def test_a_pack_changed_since_it_was_read_is_not_taken_for_the_one_in_force(small: Runtime, pack: Path) -> None:
    edit(pack, "clocks.yaml", "days: 14", "days: 10")
    assert editions.record(small) == 0
    assert kept(small) == []
    again(small, pack)
    assert editions.record(small) == 1


def test_an_edition_nobody_recorded_is_told(small: Runtime) -> None:
    with small.reading() as session, pytest.raises(UnknownEdition, match="no edition 'x'"):
        editions.load_edition(session, "x")


def test_an_edition_that_cannot_be_read_any_more_is_told(small: Runtime) -> None:
    editions.record(small)
    with small.writing() as session:
        row = session.scalars(select(RegionEdition)).one()
        row.content = editions.packed({"region.yaml": b"code: contoh\n"})
        session.add(row)
    with small.reading() as session, pytest.raises(RegionFaults, match=r"agencies\.csv:1: the file is missing"):
        editions.load_edition(session, small.region.edition)


def test_a_ticket_names_the_edition_it_was_opened_under_and_the_list_counts_them(runtime: Runtime) -> None:
    editions.record(runtime)
    made = [open_ticket(runtime) for _ in range(3)]
    assert {ticket.region_version for ticket in made} == {runtime.region.edition}
    with runtime.reading() as session:
        [row] = editions.listed(session)
    assert (row.region, row.edition, row.tickets) == ("kaltara", runtime.region.edition, 3)
