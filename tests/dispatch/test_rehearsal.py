"""A candidate region pack is tried on the tickets there are: who would get them, which would be late or orphaned."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import event, insert, select
from sqlmodel import col

from admin.cli_editions import rehearse as command
from dispatch import rehearsal
from dispatch.config import Settings
from dispatch.models import Citizen, CitizenAddress, Privacy, Role, StatusChange, Ticket
from dispatch.region import Region, load
from dispatch.rehearsal import Outcome, rehearse
from dispatch.runtime import Runtime
from dispatch.services import tickets
from dispatch.services.tagged import Tag
from dispatch.workflow import Status
from tests.support import nusantara
from tests.support.clock import Clock
from tests.support.desk import officer
from tests.support.rows import address, said
from tests.support.tickets import add_staff

one_database = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
HERE, TOWN = "98.01.01.2001", "98.71.01.1001"


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    """The folder with the pack in force; ``candidate`` makes another beside it."""
    nusantara.write(tmp_path / "packs")
    return tmp_path / "packs"


@pytest.fixture
def world(environment: dict[str, str], packs: Path, clock: Clock) -> Iterator[Runtime]:
    given = {**environment, "ADUAN_REGION": nusantara.NAME, "ADUAN_REGION_DIR": str(packs)}
    wired = Runtime(Settings.read(given), now=clock)
    yield wired
    wired.close()


def candidate(packs: Path, *edits: tuple[str, str, str]) -> Path:
    folder = nusantara.write(packs / "next")
    for file, old, new in edits:
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text, (file, old)
        (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    return folder


def loaded(folder: Path) -> Region:
    return load(folder.name, folder.parent)


def opened(
    runtime: Runtime, category: str | None = "lubang_jalan", area: str | None = TOWN, **fields: object
) -> Ticket:
    """A ticket as the rules made it; ``fields`` are then set on it by hand."""
    with runtime.writing() as session:
        sender = address(runtime, session)
        ticket = tickets.open_ticket(
            session,
            runtime.region,
            runtime.now(),
            address=sender,
            first=said(runtime, session, sender, "contoh"),
            text="contoh",
            tag=Tag(category, 0.9),
            area=area,
            language="id",
        )
        for name, value in fields.items():
            setattr(ticket, name, value)
        session.add(ticket)
        session.flush()
        session.expunge(ticket)
    return ticket


def tried(runtime: Runtime, folder: Path, **wanted: datetime) -> Outcome:
    with runtime.reading() as session:
        return rehearse(session, runtime.region, loaded(folder), runtime.now(), **wanted)


def moves(found: Outcome) -> dict[tuple[str, str], int]:
    return {way: tally.count for way, tally in found.moved.items()}


def test_the_same_pack_changes_nothing(world: Runtime, packs: Path) -> None:
    for category in ("lubang_jalan", "klinik", "air_keran", "suap_petugas", None):
        opened(world, category)
    found = tried(world, candidate(packs))
    assert (found.looked, found.moved, found.orphans) == (5, {}, ())
    assert [tally.count for tally in (found.become_late, found.no_longer_late, found.more_time, found.less_time)] == [
        0
    ] * 4


RULES = {
    "a-category-goes-to-another-agency": (
        [("categories.csv", "Public lamps,binamarga", "Public lamps,kebersihan")],
        {("kc-binamarga", "kc-kebersihan"): 1, ("kh-binamarga", "kh-kebersihan"): 1},
    ),
    "a-category-goes-to-the-province": (
        [("categories.csv", "Public lamps,binamarga,local", "Public lamps,binamarga,province")],
        {("kc-binamarga", "nc-binamarga"): 1, ("kh-binamarga", "nc-binamarga"): 1},
    ),
    "another-owner-is-likelier": (
        [("ownership.yaml", "[aset_daerah, aset_provinsi]", "[aset_provinsi, aset_daerah]")],
        {("kc-binamarga", "nc-binamarga"): 1},
    ),
    "a-kabupaten-leaves": (
        [("agencies.csv", "98.01,kantor,,,,yes", "98.01,kantor,,,,no")],
        {("kh-binamarga", "nc-binamarga"): 1, ("kh-pengawas", "nc-pengawas"): 1},
    ),
    "a-category-is-about-officials": (
        [("categories.csv", "Clinics,medis,local,complaint,no", "Clinics,medis,local,complaint,yes")],
        {("kc-medis", "kc-pengawas"): 1},
    ),
    "the-desk-is-another": (
        [("region.yaml", "desk: nc-layanan", "desk: nc-sekretariat")],
        {("nc-layanan", "nc-sekretariat"): 1},
    ),
}


@pytest.mark.parametrize(("edits", "wanted"), RULES.values(), ids=RULES)
def test_who_would_get_them(
    world: Runtime, packs: Path, edits: list[tuple[str, str, str]], wanted: dict[tuple[str, str], int]
) -> None:
    for category, area in (
        ("lubang_jalan", TOWN), ("lampu_padam", TOWN), ("lampu_padam", HERE), ("klinik", TOWN), ("suap_petugas", HERE),
        (None, None),
    ):  # fmt: skip
        opened(world, category, area)
    assert moves(tried(world, candidate(packs, *edits))) == wanted


def test_an_owner_that_was_found_decides_in_both(world: Runtime, packs: Path) -> None:
    opened(world, owner="aset_provinsi")
    folder = candidate(packs, ("ownership.yaml", "[aset_daerah, aset_provinsi]", "[aset_provinsi, aset_daerah]"))
    assert moves(tried(world, folder)) == {}


def test_a_part_of_another_ticket_stays_where_people_put_it(world: Runtime, packs: Path) -> None:
    whole = opened(world, "klinik")
    opened(world, "lampu_padam", parent_id=whole.id)
    folder = candidate(packs, ("categories.csv", "Public lamps,binamarga", "Public lamps,kebersihan"))
    assert moves(tried(world, folder)) == {}


def test_a_shorter_limit_makes_late_and_a_longer_one_gives_time(world: Runtime, packs: Path, clock: Clock) -> None:
    ticket = opened(world)
    clock.forward(days=16)  # the twelfth working day
    shorter = tried(world, candidate(packs, ("clocks.yaml", "days: 14", "days: 10")))
    assert (shorter.become_late.numbers, shorter.less_time.count) == ([], 1)
    with world.writing() as session:  # answered in time: only the resolution counts
        row = session.get_one(Ticket, ticket.id)
        row.first_response_at = row.opened_at
        session.add(row)
    found = tried(world, packs / "next" / nusantara.NAME)
    assert (found.become_late.numbers, found.no_longer_late.count) == ([ticket.number], 0)
    assert (found.less_time.numbers, found.more_time.count) == ([ticket.number], 0)


def test_a_day_off_less_takes_time(world: Runtime, packs: Path) -> None:
    opened(world)
    folder = candidate(
        packs, ("calendars.yaml", "joint_leave: []", "joint_leave:\n    - {date: 2026-11-12, name: a, source: b}")
    )
    found = tried(world, folder)
    assert (found.more_time.count, found.less_time.count) == (1, 0)


def test_a_pause_counts_as_it_does_for_the_ticket(world: Runtime, packs: Path, clock: Clock) -> None:
    """The cap of a pause is a rule of the pack too."""
    ticket = opened(world)
    with world.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        staff = officer(world, session)
        for status, days in ((Status.IN_PROGRESS, 1), (Status.WAITING, 10), (Status.IN_PROGRESS, 0)):
            tickets.move(session, world.region, world.now(), row, status, staff_id=staff)
            clock.forward(days=days)
        due = row.resolution_due
    with world.reading() as session:
        same = rehearsal._Rules(world.region)
        [(row, changes)] = rehearsal._tickets(session, None)
        assert same.dates(row, row.agency, changes)[1] == due
    found = tried(world, candidate(packs, ("desk.yaml", "cap_days: 4", "cap_days: 2")))
    assert found.less_time.numbers == [ticket.number]


def test_numbers_of_secret_tickets_are_not_named(world: Runtime, packs: Path) -> None:
    known = opened(world)
    opened(world, privacy=Privacy.SECRET, agency="lain")
    opened(world, privacy=Privacy.SECRET)
    folder = candidate(packs, ("clocks.yaml", "days: 14", "days: 20"))
    found = tried(world, folder)
    shown = [found.more_time, found.less_time, found.become_late, found.no_longer_late, *found.moved.values()]
    assert (found.more_time.count, found.more_time.numbers) == (3, [known.number])
    assert {number for tally in shown for number in tally.numbers} <= {known.number}
    assert {orphan.code: orphan.numbers for orphan in found.orphans} == {"lain": ()}


def test_only_the_asked_months_are_looked_at(world: Runtime, packs: Path, clock: Clock) -> None:
    opened(world, "lampu_padam")
    clock.forward(days=40)
    young = opened(world, "lampu_padam")
    folder = candidate(packs, ("categories.csv", "Public lamps,binamarga", "Public lamps,kebersihan"))
    found = tried(world, folder, since=clock() - timedelta(days=30))
    assert found.looked == 1
    assert [tally.numbers for tally in found.moved.values()] == [[young.number]]


def test_what_the_candidate_does_not_know_is_orphaned(world: Runtime, packs: Path, clock: Clock) -> None:
    first = opened(world, "klinik", HERE, owner="jalan_lama")
    clock.forward(days=400)
    second = opened(world, "klinik", TOWN)
    add_staff(world, "petugas@contoh.test", Role.OFFICER, ("kh-medis",))
    edits = [
        ("agencies.csv", "kh-medis,", "kh-kesehatan,"),
        ("categories.csv", "klinik,Klinik", "puskesmas,Klinik"),
        ("places.csv", "98.01.01.2001", "98.01.01.2009"),
    ]
    folder = candidate(packs, *edits)
    (folder / "examples" / "klinik.txt").rename(folder / "examples" / "puskesmas.txt")
    found = tried(world, folder, since=clock() - timedelta(days=30))
    told = [(orphan.kind, orphan.code, orphan.count, orphan.open, orphan.numbers) for orphan in found.orphans]
    assert told == [
        ("agency", "kh-medis", 1, 1, (first.number,)),
        ("category", "klinik", 2, 2, (second.number, first.number)),
        ("area", HERE, 1, 1, (first.number,)),
        ("owner", "jalan_lama", 1, 1, (first.number,)),
        ("staff", "kh-medis", 1, 1, ()),
    ]


@one_database
class TestCommand:
    def run(self, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str]:
        monkeypatch.setattr("admin.cli_editions.from_environment", lambda: runtime)
        done = CliRunner().invoke(command, list(words), standalone_mode=False)
        assert done.exception is None, done.exception
        return done.return_value or 0, done.output

    def test_tells_counts_agencies_and_numbers_but_no_words(
        self, world: Runtime, packs: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ticket = opened(world, "lampu_padam")
        folder = candidate(packs, ("categories.csv", "Public lamps,binamarga", "Public lamps,kebersihan"))
        status, text = self.run(world, monkeypatch, str(folder))
        assert status == 0
        assert "1 go elsewhere, 0 become late" in text
        assert f"kc-binamarga → kc-kebersihan: 1 ({ticket.number})" in text
        assert "contoh" not in text
        status, body = self.run(world, monkeypatch, str(folder), "--json")
        told = json.loads(body)
        assert (status, told["tickets"], told["moved"][0]["numbers"]) == (0, 1, [ticket.number])
        assert told["present"] != told["candidate"]

    def test_orphans_end_in_an_error(self, world: Runtime, packs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        opened(world, owner="jalan_lama")
        status, text = self.run(world, monkeypatch, str(candidate(packs)))
        assert status == 1
        assert "error: owner jalan_lama is not in the candidate: 1 tickets (1 open)" in text

    def test_a_pack_with_faults_is_not_rehearsed(
        self, world: Runtime, packs: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        status, text = self.run(world, monkeypatch, str(candidate(packs, ("clocks.yaml", "days: 14", "days: many"))))
        assert status == 1
        assert "clocks.yaml:4: days 'many' is not a whole number" in text
        assert "nothing was rehearsed" in text


def test_nothing_is_written(world: Runtime, packs: Path) -> None:
    opened(world)
    said_: list[str] = []
    event.listen(world.engine, "before_cursor_execute", lambda *given: said_.append(given[2]))
    tried(world, candidate(packs, ("categories.csv", "Public lamps,binamarga", "Public lamps,kebersihan")))
    assert said_
    assert {statement.split()[0] for statement in said_} <= {"SELECT", "BEGIN"}


@one_database
def test_many_tickets_take_little_time_and_bounded_memory(world: Runtime, packs: Path, clock: Clock) -> None:
    """A tenth of what an installation holds after five years; the whole is a matter of proportion."""
    count = 10_000
    fill(world, clock, count)
    folder = candidate(
        packs,
        ("categories.csv", "Public lamps,binamarga", "Public lamps,kebersihan"),
        ("clocks.yaml", "days: 14", "days: 12"),
    )
    after = loaded(folder)
    started = time.process_time()  # other work of the machine is not counted
    with world.reading() as session:
        found = rehearse(session, world.region, after, world.now())
    took = time.process_time() - started
    assert found.looked == count
    assert moves(found)
    assert took < 60 * count / 100_000
    tracemalloc.start()
    with world.reading() as session:
        rehearse(session, world.region, after, world.now(), since=world.now() - timedelta(days=200))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60_000_000


def fill(runtime: Runtime, clock: Clock, count: int) -> None:
    """So many tickets over two years, every third with a pause, written in bulk."""
    codes = [code for code in runtime.region.categories if code != "air_keran"]
    areas = [code for code, place in runtime.region.places.items() if place.level == "village"]
    start = clock() - timedelta(days=730)
    with runtime.writing() as session:
        sender = address(runtime, session)
        session.flush()
        citizen = session.scalars(select(col(Citizen.id))).first()
        way = session.scalars(select(col(CitizenAddress.id))).first()
        assert sender.id == way
        made, changes = [], []
        for number in range(1, count + 1):
            at = start + timedelta(minutes=number * 730 * 1440 // count)
            ended = number % 4 != 0
            row = Ticket(
                number=f"NC-{number:06d}", citizen_id=citizen or 0, address_id=way or 0, channel="sms",
                status=Status.CLOSED if ended else Status.IN_PROGRESS, kind="complaint", agency="kc-binamarga",
                category=codes[number % len(codes)], area=areas[number % len(areas)], spoken_at=at, opened_at=at,
                verify_due=at, first_response_due=at, resolution_due=at, last_citizen_at=at,
                first_response_at=at + timedelta(days=2),
                resolved_at=at + timedelta(days=number % 30) if ended else None,
            )  # fmt: skip
            made.append(row.model_dump(exclude={"id"}))
            path = [(0, "new"), (1, "assigned"), (2, "in_progress")]
            path += [(3, "waiting"), (5, "in_progress")] if number % 3 == 0 else []
            path += [(number % 30 + 5, "resolved"), (number % 30 + 15, "closed")] if ended else []
            before = ""
            for days, status in path:
                changes.append(
                    {"ticket_id": number, "at": at + timedelta(days=days), "from_status": before, "to_status": status,
                     "reason": "", "outcome": ""}
                )  # fmt: skip
                before = status
        session.execute(insert(Ticket), made)
        session.execute(insert(StatusChange), changes)
