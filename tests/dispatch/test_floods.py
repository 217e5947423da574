"""A flood of reports about one outage is one job: 500 within the hour, joined by themselves, answered once each."""

from __future__ import annotations

import logging
import time
from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from dispatch import reports
from dispatch.models import Audit, Join, Message, Outbox, Ticket
from dispatch.region import Region
from dispatch.region.rules import Alike, DeskRules
from dispatch.runtime import Runtime
from dispatch.services import answers, consequences, floods, following
from dispatch.workflow import Status
from tests.support.clock import Clock
from tests.support.desk import rows
from tests.support.talk import Citizen
from tests.support.tickets import add_staff, open_ticket, reload

log = logging.getLogger("aduan.tests")
FLOOD = 5
LIGHT = "lampu_jalan"
HERE, SAME_DISTRICT, ELSEWHERE = "65.71.02.1003", "65.71.02.1004", "65.71.04.1001"
#: As people write of one street without light.
SAID = (
    "Lampu jalan di gang mawar mati",
    "gang mawar gelap, lampu jalan padam semua",
    "Pak lampu jalan gang mawar tidak menyala dari tadi malam",
    "lampu penerangan jalan mati di gang mawar tolong",
    "PJU gang mawar padam",
)


@pytest.fixture
def runtime(runtime: Runtime, kaltara: Region) -> Runtime:
    rules = DeskRules(alike={"": Alike(), LIGHT: Alike(hours=12, flood=FLOOD)})
    runtime.__dict__["region"] = replace(kaltara, desk_rules=rules)
    return runtime


def report(runtime: Runtime, at: int = 0, *, area: str = HERE, category: str = LIGHT, **extra: object) -> Ticket:
    return open_ticket(runtime, SAID[at % len(SAID)], category=category, area=area, **extra)  # type: ignore[arg-type]


def work(runtime: Runtime) -> None:
    following.sweep(runtime)
    while consequences.sweep(runtime):
        pass


def leads(runtime: Runtime) -> Counter[int | None]:
    with runtime.reading() as session:
        return Counter(session.scalars(select(col(Ticket.lead_id))).all())


def test_below_the_number_nothing_joins_by_itself(runtime: Runtime) -> None:
    for at in range(FLOOD):
        report(runtime, at)
        work(runtime)
    assert leads(runtime) == {None: FLOOD}


def test_from_the_number_on_there_is_one_job(runtime: Runtime) -> None:
    for at in range(FLOOD + 3):
        report(runtime, at)
        work(runtime)
    assert leads(runtime) == {None: 1, 1: FLOOD + 2}
    assert {row.staff_id for row in rows(runtime, Join)} == {None}
    assert {row.staff_id for row in rows(runtime, Audit) if row.action == "ticket.join"} == {None}


OTHERS = {
    "another district": {"area": ELSEWHERE},
    "another village of the district": {"area": SAME_DISTRICT},
    "another category": {"category": "sampah"},
    "only the kabupaten is known": {"area": "65.71"},
}


@pytest.mark.parametrize("case", OTHERS)
def test_what_is_elsewhere_or_other_does_not_join(runtime: Runtime, case: str) -> None:
    for at in range(FLOOD + 1):
        report(runtime, at)
    work(runtime)
    other = report(runtime, **OTHERS[case])  # type: ignore[arg-type]
    work(runtime)
    assert reload(runtime, other).lead_id is None


def test_without_a_number_in_the_pack_nothing_ever_joins(runtime: Runtime) -> None:
    for at in range(FLOOD + 5):
        report(runtime, at, category="jalan_rusak")
        work(runtime)
    assert leads(runtime) == {None: FLOOD + 5}


def test_danger_and_what_an_officer_began_do_not_join_by_themselves(runtime: Runtime) -> None:
    begun, danger = report(runtime), report(runtime)
    officer = add_staff(runtime, "petugas@contoh.id", agencies=[begun.agency])
    with runtime.writing() as session:
        answers.reply(
            session,
            runtime.phrases,
            runtime.now(),
            session.get_one(Ticket, begun.id),
            text="Kami periksa.",
            staff_id=officer.id or 0,
        )
        row = session.get_one(Ticket, danger.id)
        row.danger = "electric"
        session.add(row)
    for at in range(FLOOD + 2):
        report(runtime, at)
        work(runtime)
    assert reload(runtime, begun).lead_id is None
    assert reload(runtime, danger).lead_id is None


def test_an_undone_flood_stays_undone(runtime: Runtime) -> None:
    for at in range(FLOOD + 2):
        report(runtime, at)
        work(runtime)
    officer = add_staff(runtime, "petugas@contoh.id", agencies=[report(runtime, area=ELSEWHERE).agency])
    with runtime.writing() as session:
        lead = session.get_one(Ticket, 1)
        assert floods.undo(session, runtime.phrases, runtime.now(), lead, staff_id=officer.id or 0) == FLOOD + 1
    work(runtime)
    assert set(leads(runtime)) == {None}
    again = report(runtime)
    work(runtime)
    assert reload(runtime, again).lead_id is None


def test_the_receipt_says_that_it_was_joined(trained: Runtime) -> None:
    for at in range(FLOOD + 1):
        report(trained, at)
    work(trained)
    before = len(rows(trained, Join))
    for channel in ("whatsapp", "sms"):
        text = "Lampu jalan di gang mawar mati, Sebengkok Tarakan"
        heard = Citizen(trained, channel, value=f"+6281100090{len(channel):02d}").says(text)
        ticket = rows(trained, Ticket)[-1]
        assert ticket.lead_id is not None
        assert ticket.number in heard[0]
        assert "gabungkan" in heard[0]
    work(trained)
    assert len(rows(trained, Join)) == before + 2
    assert sum("gabungkan" in row.body for row in rows(trained, Outbox) if row.ticket_id == ticket.id) == 1


def test_five_hundred_reports_are_one_job_and_five_hundred_answers(runtime: Runtime, clock: Clock) -> None:
    count = 500
    begun = time.perf_counter()
    for at in range(count):
        report(runtime, at, receipt=True)
        clock.forward(seconds=7)
        if at % 10 == 9:
            work(runtime)
    work(runtime)
    joined = time.perf_counter()
    with runtime.reading() as session:
        query = select(func.count()).select_from(Ticket)
        figures = [session.scalar(query.where(reports.condition(name, runtime.now()))) for name in ("received", "open")]
    assert figures == [count, 1]
    receipts = [row for row in rows(runtime, Outbox) if row.body == "Laporan Anda kami terima."]
    assert len({row.address_id for row in receipts}) == len(receipts) == count
    officer = add_staff(runtime, "petugas@contoh.id", agencies=[reload(runtime, rows(runtime, Ticket)[0]).agency])
    clock.forward(minutes=5)
    with runtime.writing() as session:
        lead = session.scalars(select(Ticket).where(col(Ticket.lead_id).is_(None))).one()
        answers.reply(
            session, runtime.phrases, runtime.now(), lead, text="Petugas menuju lokasi.", staff_id=officer.id or 0
        )
    answered = time.perf_counter()
    for _ in range(2):
        work(runtime)
    spread = time.perf_counter()
    sent = [row.address_id for row in rows(runtime, Outbox) if "Petugas menuju lokasi." in row.body]
    assert len(sent) == len(set(sent)) == count
    assert len({row.copy_of for row in rows(runtime, Message)} - {None}) == 1
    assert {row.status for row in rows(runtime, Ticket)} == {Status.ANSWERED}
    took = {"opened and joined": joined - begun, "answered": spread - answered}
    log.info("500 reports", extra=took)
    assert took["answered"] < 60, took
