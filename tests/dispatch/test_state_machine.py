"""Any order of steps by officers, citizens, the clock and the sweeps leaves every ticket whole."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select
from sqlmodel import Session, col

from bot.clock import SWEEPS
from dispatch import hours, routing, timeline
from dispatch.models import Alert, Message, Outbox, Outcome, Privacy, StatusChange, Ticket
from dispatch.region import Region
from dispatch.region.rules import Closing, DeskRules, Pausing
from dispatch.runtime import Runtime
from dispatch.services import answers, closing, handovers, joining, parts, recounting, secrecy, tickets
from dispatch.services.answers import CannotReach, Stale, Then
from dispatch.services.closing import Incomplete
from dispatch.services.evidence import Unproven
from dispatch.services.handovers import Return
from dispatch.services.holding import HandoverFault
from dispatch.services.joining import CannotJoin
from dispatch.workflow import ENDED, OPEN, NotAllowed, Status
from tests.support.clock import Clock
from tests.support.readings import knows, reading
from tests.support.talk import Citizen
from tests.support.tickets import add_staff

#: What a step may say no with; anything else is a fault of ours.
REFUSALS = (NotAllowed, Unproven, CannotReach, Stale, Incomplete, HandoverFault, CannotJoin)
AGENCIES = ("tarakan-dpupr", "tarakan-dlh", "tarakan-dishub", "prov-diskominfo")
MATTERS = {
    "Lampu jalan di depan pasar Gusher Tarakan sudah seminggu mati": "lampu_jalan",
    "Jalan berlubang dan rusak parah di Juata Laut Tarakan": "jalan_rusak",
    "Sampah menumpuk tidak diangkut dua minggu di Juata Permai Tarakan": "sampah",
}
WORDS = ("1", "2", "5", "terima kasih", "belum, masih rusak", "masih belum ada yang datang pak", "STATUS", "sudah")


def machine(runtime: Runtime, clock: Clock, officer: int, supervisor: int) -> type[RuleBasedStateMachine]:
    """The machine over one installation; each run of it has citizens and tickets of its own."""
    people = iter(range(1, 10_000))

    class Desk(RuleBasedStateMachine):
        """Tickets of three citizens, and all that may happen to them."""

        def __init__(self) -> None:
            super().__init__()
            self.citizens: list[Citizen] = []
            self.first = 0

        @initialize()
        def begin(self) -> None:
            with runtime.reading() as session:
                self.first = session.scalar(select(func.max(col(Ticket.id)))) or 0
            self.report(next(iter(MATTERS)))

        # Citizens

        @precondition(lambda self: len(self.citizens) < 3)
        @rule(matter=st.sampled_from(sorted(MATTERS)))
        def report(self, matter: str) -> None:
            citizen = Citizen(runtime, "sms", f"+62811{next(people):07d}")
            self.citizens.append(citizen)
            citizen.says(matter)

        @rule(who=st.integers(0, 2), words=st.sampled_from(WORDS))
        def write(self, who: int, words: str) -> None:
            self.citizens[who % len(self.citizens)].says(words)

        # Officers

        def step(self, which: int, do: Callable[[Session, Ticket], object]) -> None:
            ids = self.ids()
            try:
                with runtime.writing() as session:
                    locked = select(Ticket).where(col(Ticket.id) == ids[which % len(ids)]).with_for_update()
                    do(session, session.scalars(locked).one())
            except REFUSALS:
                pass  # nothing was written: the invariants look

        @rule(which=st.integers(0, 9), then=st.sampled_from(Then))
        def answer(self, which: int, then: Then) -> None:
            def do(session: Session, ticket: Ticket) -> None:
                answers.reply(session, runtime.phrases, clock(), ticket, text="Baik.", staff_id=officer, then=then)

            self.step(which, do)

        @rule(which=st.integers(0, 9), to=st.sampled_from(sorted(ENDED - {Status.FORWARDED})), data=st.data())
        def end(self, which: int, to: Status, data: st.DataObject) -> None:
            outcome = data.draw(st.sampled_from(closing.OUTCOMES[to]))
            until = clock() + timedelta(days=30)

            def do(session: Session, ticket: Ticket) -> None:
                closing.end(
                    session, runtime, clock(), ticket, to, outcome=outcome, reason="x", staff_id=officer, until=until
                )

            self.step(which, do)

        @rule(which=st.integers(0, 9), to=st.sampled_from([Status.IN_PROGRESS, Status.WAITING]))
        def change(self, which: int, to: Status) -> None:
            def do(session: Session, ticket: Ticket) -> None:
                if ticket.status in ENDED:
                    tickets.take_up_again(session, runtime.region, clock(), ticket, staff_id=officer, reason="reopened")
                else:
                    tickets.move(session, runtime.region, clock(), ticket, to, staff_id=officer)

            self.step(which, do)

        @rule(which=st.integers(0, 9), agency=st.sampled_from((*AGENCIES, "pln-kaltara")), by=st.booleans())
        def hand_over(self, which: int, agency: str, by: bool) -> None:
            def do(session: Session, ticket: Ticket) -> None:
                tickets.reassign(
                    session,
                    runtime.region,
                    clock(),
                    ticket,
                    agency=agency,
                    category=None,
                    staff_id=officer if by else supervisor,
                )

            self.step(which, do)

        @rule(which=st.integers(0, 9))
        def accept(self, which: int) -> None:
            self.step(which, lambda s, t: handovers.accept(s, runtime.region, clock(), t, staff_id=officer))

        @rule(which=st.integers(0, 9), reason=st.sampled_from(Return))
        def send_back(self, which: int, reason: Return) -> None:
            def do(session: Session, ticket: Ticket) -> None:
                handovers.send_back(session, runtime.region, clock(), ticket, reason=reason, staff_id=officer)

            self.step(which, do)

        @rule(which=st.integers(0, 9), agency=st.sampled_from(AGENCIES))
        def split(self, which: int, agency: str) -> None:
            def do(session: Session, ticket: Ticket) -> None:
                wanted = [parts.Part(agency, "Bagian pekerjaan")]
                parts.split(session, runtime.region, clock(), ticket, wanted, staff_id=officer)

            self.step(which, do)

        @rule(which=st.integers(0, 9), other=st.integers(0, 9))
        def join(self, which: int, other: int) -> None:
            ids = self.ids()

            def do(session: Session, ticket: Ticket) -> None:
                lead = session.get_one(Ticket, ids[other % len(ids)])
                joining.join(session, runtime.phrases, clock(), ticket, lead, staff_id=officer)

            self.step(which, do)

        @rule(which=st.integers(0, 9))
        def split_off(self, which: int) -> None:
            self.step(which, lambda s, t: joining.split_off(s, runtime.phrases, clock(), t, staff_id=officer))

        @rule(which=st.integers(0, 9))
        def unsplit(self, which: int) -> None:
            self.step(which, lambda s, t: parts.unsplit(s, runtime.region, clock(), t, staff_id=officer))

        @rule(which=st.integers(0, 9), area=st.sampled_from(["65.71.01", "65.01.08", "65.71"]))
        def place(self, which: int, area: str) -> None:
            self.step(which, lambda s, t: tickets.place(s, runtime.region, clock(), t, area))

        @rule(which=st.integers(0, 9), conduct=st.booleans())
        def judge_conduct(self, which: int, conduct: bool) -> None:
            def do(session: Session, ticket: Ticket) -> None:
                agency = runtime.region.inspectorate if conduct else ticket.agency
                tickets.reassign(
                    session,
                    runtime.region,
                    clock(),
                    ticket,
                    agency=agency,
                    category=None,
                    staff_id=supervisor,
                    supervision=conduct,
                )

            self.step(which, do)

        @rule(which=st.integers(0, 9), privacy=st.sampled_from(Privacy))
        def conceal(self, which: int, privacy: Privacy) -> None:
            self.step(which, lambda s, t: secrecy.conceal(s, runtime.region, clock(), t, privacy))

        @rule()
        def recount(self) -> None:
            recounting.recount(runtime, "test", again=True)

        # Time

        @rule(length=st.sampled_from([timedelta(minutes=1), timedelta(hours=5), timedelta(days=3), timedelta(days=20)]))
        def wait(self, length: timedelta) -> None:
            clock.instant += length

        @rule()
        def sweep(self) -> None:
            for each in SWEEPS.values():
                each(runtime)

        # What always holds

        def ids(self) -> list[int]:
            with runtime.reading() as session:
                query = select(col(Ticket.id)).where(col(Ticket.id) > self.first).order_by(col(Ticket.id))
                return [each for each in session.scalars(query) if each is not None]

        @invariant()
        def whole(self) -> None:
            with runtime.reading() as session:
                for ticket in session.scalars(select(Ticket).where(col(Ticket.id) > self.first)):
                    rows = session.scalars(
                        select(StatusChange)
                        .where(col(StatusChange.ticket_id) == ticket.id)
                        .order_by(col(StatusChange.id))
                    ).all()
                    check(runtime.region, clock, ticket, list(rows))
                    lead = session.get_one(Ticket, ticket.lead_id) if ticket.lead_id is not None else None
                    assert lead is None or lead.lead_id is None

        @invariant()
        def nothing_twice(self) -> None:
            with runtime.reading() as session:
                once = (
                    select(col(Outbox.message_id))
                    .where(col(Outbox.ticket_id) > self.first, col(Outbox.replaces_id).is_(None))
                    .group_by(col(Outbox.message_id), col(Outbox.part))
                    .having(func.count() > 1)
                )
                told = (
                    select(col(Message.body))
                    .where(
                        col(Message.ticket_id) > self.first, col(Message.author) == "system", col(Message.body) != ""
                    )
                    .group_by(col(Message.ticket_id), col(Message.body), col(Message.created_at))
                    .having(func.count() > 1)
                )
                alerted = select(col(Alert.key)).group_by(col(Alert.key)).having(func.count() > 1)
                assert session.scalars(once).all() == []
                assert session.scalars(alerted).all() == []
                news = [body for body in session.scalars(told) if "STATUS" not in body and "tambahkan" not in body]
                assert [body for body in news if "beres?" in body] == []

    return Desk


def check(region: Region, clock: Clock, ticket: Ticket, history: list[StatusChange]) -> None:
    """Assert that one ticket lies between no two desks and tells its story without a gap."""
    agency = region.agencies[ticket.agency]
    assert (history[0].from_status, history[0].to_status) == ("", Status.NEW)
    steps = list(itertools.pairwise(history))
    assert all(later.from_status == earlier.to_status for earlier, later in steps)
    assert all(later.at >= earlier.at for earlier, later in steps)
    assert history[-1].to_status == ticket.status
    if ticket.status in OPEN:
        assert agency.ours and agency.joined
        assert routing.forbidden(region, ticket, ticket.agency) is None
        # What is joined to another ticket is worked on there, and due there.
        assert ticket.lead_id is not None or (ticket.next_due is not None and ticket.next_step)
        assert ticket.closed_at is None and ticket.outcome == ""
    else:
        assert ticket.closed_at is not None and ticket.outcome in set(Outcome)
        assert history[-1].outcome in set(Outcome)
    changes = [(row.at, row.from_status, row.to_status) for row in history]
    stops = timeline.pauses(region, agency.calendar, ticket.opened_at, changes)
    assert all(before.end is not None and before.end <= after.start for before, after in itertools.pairwise(stops))
    for start, end in timeline.running(ticket.opened_at, stops):
        stop = min(end or clock(), clock())
        assert hours.worked(region, agency.calendar, start, max(start, stop)) >= timedelta()
        assert start >= ticket.opened_at


@pytest.mark.parametrize("backend", ["sqlite", "postgres"], indirect=True)
def test_any_order_of_steps_leaves_every_ticket_whole(runtime: Runtime, clock: Clock) -> None:
    desk = knows(runtime, {text: reading((code, 0.97), sure=True) for text, code in MATTERS.items()})
    rules = DeskRules(pausing=Pausing(cap_days=2, total_days=4), closing=Closing(silence_days=3, reopen_days=30))
    enough = {code: replace(each, evidence="answer") for code, each in desk.region.categories.items()}
    desk.__dict__["region"] = replace(desk.region, desk_rules=rules, categories=enough)
    desk.__dict__.pop("phrases", None)
    officer = add_staff(desk, "petugas@contoh.test", agencies=AGENCIES)
    supervisor = add_staff(desk, "pengawas@contoh.test", "supervisor")
    run_state_machine_as_test(
        machine(desk, clock, officer.id or 0, supervisor.id or 0),
        settings=settings(
            max_examples=8,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
