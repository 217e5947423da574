"""How fast, how much and for how much: rates, rests, the breaker, budgets, prices; and nobody waits for a neighbour."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col

from bot.app import create_hooks_app
from channels.base import Limits
from channels.errors import Misconfigured, Permanent, Temporary, Throttled
from channels.message import DeliveryState
from dispatch import costs, doctor, jobs, reports
from dispatch.jobs import LONGEST_DRAIN, Pace
from dispatch.models import ChannelState, Outbox
from dispatch.region import Budget, Delivery
from dispatch.runtime import Runtime
from dispatch.services import breaker
from tests.support.clock import Clock
from tests.support.desk import rows
from tests.support.rows import address, promised, ticket
from tests.support.sending import (
    CloudSender,
    SmsSender,
    WhatsAppSender,
    drain,
    install,
    officer_answers,
    report,
)

S = DeliveryState
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
PEOPLE = [f"+6281100000{number:02}" for number in range(12)]


@pytest.fixture
def sms(runtime: Runtime) -> SmsSender:
    sender = SmsSender()
    install(runtime, sender)
    return sender


def queue(runtime: Runtime, count: int, channel: str = "sms") -> list[int]:
    return [promised(runtime, channel=channel, value=value)[0] for value in PEOPLE[:count]]


def with_delivery(runtime: Runtime, **fields: object) -> None:
    runtime.__dict__["region"] = replace(runtime.region, delivery=Delivery(**fields))  # type: ignore[arg-type]


def state_of(runtime: Runtime, provider: str = "sms") -> ChannelState:
    with runtime.reading() as session:
        return session.get_one(ChannelState, provider)


RATES = {"two a second": (2.0, 0.5), "one in ten seconds": (0.1, 10.0), "many": (80.0, 1 / 80)}


class TestPace:
    @on_sqlite
    @pytest.mark.parametrize(("per_second", "gap"), RATES.values(), ids=RATES)
    def test_a_channel_is_handed_no_more_than_it_bears(self, runtime: Runtime, clock: Clock, per_second, gap) -> None:
        class Slow(SmsSender):
            kind = "sms"
            limits = Limits(text_length=100, per_second=per_second)

        sender, at = Slow(), []
        sender.during = lambda: at.append(clock())
        install(runtime, sender)
        queue(runtime, 4)
        began = clock()
        jobs.drain(runtime, "sms", pause=lambda seconds: clock.forward(seconds=seconds) and None)
        gaps = [round((later - began).total_seconds() / gap, 3) for later in at]
        assert gaps == [0, 1, 2, 3]

    def test_a_clock_set_back_makes_nobody_wait_for_long(self) -> None:
        clock, waited = Clock(), []
        pace = Pace(2.0, clock, waited.append)
        pace.wait()
        clock.forward(hours=-3)
        pace.wait()
        assert waited == [0.5]

    @on_sqlite
    def test_a_drain_ends_before_the_queue_would_kill_it(self, runtime: Runtime, clock: Clock, sms: SmsSender) -> None:
        sms.during = lambda: clock.forward(seconds=LONGEST_DRAIN.total_seconds() / 2 + 1) and None
        queue(runtime, 5)
        drain(runtime)
        assert len(sms.seen) == 2
        drain(runtime)
        assert len(sms.seen) == 4

    def test_two_messages_to_one_person_are_kept_apart_and_others_need_not_wait(
        self, runtime: Runtime, clock: Clock
    ) -> None:
        class Patient(SmsSender):
            kind = "sms"
            limits = Limits(text_length=100, per_second=0, per_person=6)

        sender = Patient()
        install(runtime, sender)
        promised(runtime, ("satu", "dua"), channel="sms", value=PEOPLE[0])
        promised(runtime, ("tiga",), channel="sms", value=PEOPLE[1])
        drain(runtime)
        assert sender.texts == ["satu", "tiga"]
        clock.forward(seconds=5.9)
        drain(runtime)
        assert sender.texts == ["satu", "tiga"]
        clock.forward(seconds=0.1)
        drain(runtime)
        assert sender.texts == ["satu", "tiga", "dua"]


RESTS = {"as told": (40.0, 40.0), "not told": (None, 30.0), "absurd": (1e300, 86400.0), "negative": (-1.0, 0.0)}


class TestRest:
    @pytest.mark.parametrize(("told", "seconds"), RESTS.values(), ids=RESTS)
    def test_too_fast_lets_the_channel_rest_and_its_rows_untouched(
        self, runtime: Runtime, clock: Clock, sms: SmsSender, told, seconds
    ) -> None:
        ids = queue(runtime, 3)
        before = [row.model_dump(exclude={"lease", "error", "error_code"}) for row in rows(runtime, Outbox)]
        sms.refuses = [Throttled("slow down", retry_after=told)]
        jobs.drain(runtime, "sms", rounds=1)
        assert [row.model_dump(exclude={"lease", "error", "error_code"}) for row in rows(runtime, Outbox)] == before
        assert state_of(runtime).paused_until == clock() + timedelta(seconds=seconds)
        assert state_of(runtime).failures == 0
        if seconds:
            clock.forward(seconds=seconds - 1)
            drain(runtime)
            assert len(sms.seen) == 1
        clock.forward(seconds=1)
        drain(runtime)
        assert len(sms.seen) == 1 + len(ids)

    @on_sqlite
    def test_a_message_told_to_wait_waits_alone(self, runtime: Runtime, sms: SmsSender) -> None:
        queue(runtime, 3)
        sms.refuses = [Temporary("later", retry_after=60)]
        drain(runtime)
        assert [row.state for row in rows(runtime, Outbox)] == [S.QUEUED, S.SENT, S.SENT]
        assert rows_of_state(runtime) == []


def rows_of_state(runtime: Runtime) -> list[ChannelState]:
    with runtime.reading() as session:
        return list(breaker.resting(session, runtime.now()))


class TestBreaker:
    def test_a_broken_account_rests_at_once_growing_and_is_probed_by_one_message(
        self, runtime: Runtime, clock: Clock, sms: SmsSender
    ) -> None:
        queue(runtime, 5)
        sms.always = Misconfigured("bad key", code="20003")
        rests = []
        for calls in range(1, 9):
            drain(runtime)
            assert len(sms.seen) == calls
            pause = state_of(runtime).paused_until - clock()
            rests.append(pause.total_seconds())
            drain(runtime)
            assert len(sms.seen) == calls
            clock.instant += pause
        assert rests == [30, 60, 120, 240, 480, 900, 900, 900]
        assert {row.state for row in rows(runtime, Outbox)} == {S.QUEUED}
        sms.always = None
        drain(runtime)
        assert {row.state for row in rows(runtime, Outbox)} == {S.SENT}
        assert (state_of(runtime).failures, state_of(runtime).paused_until) == (0, None)

    @on_sqlite
    def test_five_in_a_row_are_no_chance(self, runtime: Runtime, sms: SmsSender) -> None:
        queue(runtime, 12)
        sms.always = Temporary("no connection")
        drain(runtime)
        assert len(sms.seen) == breaker.IN_A_ROW
        assert state_of(runtime).failures == breaker.IN_A_ROW

    @on_sqlite
    @pytest.mark.parametrize("between", [None, Permanent("no such number")], ids=["a success", "a refusal"])
    def test_what_works_in_between_is_a_sign_of_life(self, runtime: Runtime, sms: SmsSender, between) -> None:
        queue(runtime, 9)
        busy = Temporary("busy")
        sms.refuses = [busy] * 4 + [between] + [busy] * 4
        drain(runtime)
        assert len(sms.seen) == 9
        assert rows_of_state(runtime) == []

    def test_while_one_message_probes_no_other_goes(self, runtime: Runtime, clock: Clock, sms: SmsSender) -> None:
        queue(runtime, 3)
        sms.always = Misconfigured("bad key")
        drain(runtime)
        clock.forward(seconds=30)
        inner = []

        def second_worker() -> None:
            sms.during = None
            seen = len(sms.seen)
            drain(runtime)
            inner.append(len(sms.seen) - seen)

        sms.during = second_worker
        drain(runtime)
        assert inner == [0]

    @on_sqlite
    def test_it_is_seen_by_operators(self, runtime: Runtime, clock: Clock, sms: SmsSender, caplog) -> None:
        queue(runtime, 1)
        sms.always = Misconfigured("the key is wrong", code="20003")
        drain(runtime)
        assert [(r.message, r.channel, r.code) for r in caplog.records if r.levelname == "ERROR"] == [
            ("channel rests", "sms", "20003")
        ]
        [found] = [finding for finding in doctor.examine(runtime) if finding.name == "resting channels"]
        assert not found.ok
        assert "sms rests for 30 s more, the key is wrong" in found.detail
        figures = create_hooks_app(runtime).test_client().get("/metrics").text
        assert 'aduan_channel_resting_seconds{channel="sms"} 30.0' in figures
        assert f'aduan_channel_failures{{channel="sms"}} {breaker.IN_A_ROW}' in figures

    def test_two_providers_of_one_kind_do_not_wait_for_each_other(self, runtime: Runtime) -> None:
        first, second = WhatsAppSender("one"), CloudSender("two")
        for sender in (first, second):
            sender.limits = replace(sender.limits, reply_window=None)
        install(runtime, first, second)
        for number, value in enumerate(PEOPLE[:4]):
            [row_id] = promised(runtime, value=value)
            with runtime.writing() as session:
                account = "one" if number % 2 else "two"
                session.execute(update(Outbox).where(col(Outbox.id) == row_id).values(account=account))
        first.always = Misconfigured("bad key")
        drain(runtime)
        assert (len(first.seen), len(second.seen)) == (1, 2)
        assert [row.state for row in rows(runtime, Outbox)] == [S.SENT, S.QUEUED, S.SENT, S.QUEUED]

    @on_sqlite
    def test_a_message_of_an_account_that_is_gone_is_reported_under_the_one_that_sent_it(
        self, runtime: Runtime, starter
    ) -> None:
        runtime.__dict__["classifier"] = starter
        sender = SmsSender("new-number")
        install(runtime, sender)
        [row_id] = queue(runtime, 1)
        drain(runtime)
        [row] = rows(runtime, Outbox)
        assert (row.id, row.account) == (row_id, "new-number")
        report(runtime, row, S.DELIVERED)
        assert rows(runtime, Outbox)[0].state == S.DELIVERED


PRICES = {"sms": {"any": 900}, "whatsapp": {"utility": 400, "service": 0, "any": 50}}
COSTS = {
    "sms of three": ("sms", "", 3, 2700),
    "a utility template": ("whatsapp", "utility", 1, 400),
    "a free reply": ("whatsapp", "service", 1, 0),
    "a category of next year": ("whatsapp", "novelty", 1, 50),
    "a provider without prices": ("telegram", "", 1, 0),
}


@pytest.mark.parametrize(("provider", "category", "segments", "rupiah"), COSTS.values(), ids=COSTS)
def test_what_a_message_costs(provider, category, segments, rupiah) -> None:
    assert costs.price(Delivery(prices=PRICES), provider, category, segments) == rupiah


class TestCosts:
    @on_sqlite
    def test_the_receipt_gives_the_segments_and_the_report_the_category(self, trained: Runtime) -> None:
        with_delivery(trained, prices=PRICES)
        sms, whatsapp = SmsSender(), WhatsAppSender()
        whatsapp.limits = replace(whatsapp.limits, reply_window=None)
        sms.parts = 3
        install(trained, sms, whatsapp)
        for channel in ("sms", "whatsapp"):
            promised(trained, channel=channel)
        drain(trained)
        first, second = rows(trained, Outbox)
        assert (first.segments, first.cost, second.cost) == (3, 2700, 50)
        report(trained, second, S.DELIVERED, category="utility", billable=True)
        assert rows(trained, Outbox)[1].cost == 400
        report(trained, second, S.READ, category="utility", billable=False)
        assert (rows(trained, Outbox)[1].cost, rows(trained, Outbox)[1].category) == (0, "utility")

    def test_the_figures_of_sending(self, runtime: Runtime, clock: Clock, sms: SmsSender) -> None:
        with_delivery(runtime, prices=PRICES)
        sms.parts = 2
        sms.refuses = [None, Permanent("no"), ValueError("?")]
        queue(runtime, 4)
        drain(runtime)
        with runtime.writing() as session:
            session.execute(update(Outbox).where(col(Outbox.id) == 1).values(state=S.READ))
        with runtime.reading() as session:
            day = timedelta(days=1)
            [found] = reports.sending_figures(session, clock() - day, clock() + day)
            assert reports.sending_figures(session, clock() - day, clock()) == []
        assert found == reports.SendingFigures("sms", 2, 1, 1, 1, 4, 3600)


def _day_of(runtime: Runtime, sms: SmsSender, budget: Budget) -> None:
    with_delivery(runtime, prices=PRICES, budgets={"sms": budget})
    queue(runtime, 8)
    for _ in range(3):
        with runtime.writing() as session:
            opened = ticket(runtime, session, channel="sms")
        officer_answers(runtime, opened.number)
    drain(runtime)


#: Budget → automatic messages and answers that leave the first day, of 8 and 3.
BUDGETS = {
    "none": (Budget(), 8, 3),
    "messages for some": (Budget(messages=2, hard_messages=100), 2, 3),
    "rupiah for some": (Budget(rupiah=1800), 2, 3),
    "and a hard limit": (Budget(messages=2, hard_messages=4), 2, 2),
    "hard in rupiah": (Budget(rupiah=900, hard_rupiah=1800), 1, 1),
    "nothing": (Budget(messages=0, hard_messages=0), 0, 0),
}


class TestBudgets:
    @on_sqlite
    @pytest.mark.parametrize(("budget", "automatic", "staff"), BUDGETS.values(), ids=BUDGETS)
    def test_answers_go_before_automatic_messages_up_to_the_hard_limit(
        self, runtime: Runtime, clock: Clock, sms: SmsSender, budget, automatic, staff
    ) -> None:
        _day_of(runtime, sms, budget)
        went = [message.automatic for message in sms.seen]
        assert (went.count(True), went.count(False)) == (automatic, staff)
        assert {row.state for row in rows(runtime, Outbox)} <= {S.QUEUED, S.SENT}

    def test_an_answer_does_not_wait_behind_an_automatic_message_that_waits(
        self, runtime: Runtime, clock: Clock, sms: SmsSender
    ) -> None:
        with_delivery(runtime, budgets={"sms": Budget(messages=0)})
        promised(runtime, ("otomatis",), channel="sms")
        with runtime.writing() as session:
            opened = ticket(runtime, session, channel="sms")
        officer_answers(runtime, opened.number)
        drain(runtime)
        assert [message.automatic for message in sms.seen] == [False]

    def test_the_next_day_of_the_region_begins_at_its_own_midnight(
        self, runtime: Runtime, clock: Clock, sms: SmsSender
    ) -> None:
        with_delivery(runtime, budgets={"sms": Budget(messages=2, hard_messages=2)})
        queue(runtime, 6)
        drain(runtime)
        assert len(sms.seen) == 2
        clock.instant = clock.instant.replace(hour=15, minute=59, second=59)  # 23.59.59 WITA
        drain(runtime)
        assert len(sms.seen) == 2
        clock.forward(seconds=1)
        drain(runtime)
        assert len(sms.seen) == 4

    @on_sqlite
    def test_operators_see_the_numbers_and_may_raise_them(self, runtime: Runtime, clock: Clock, sms: SmsSender) -> None:
        _day_of(runtime, sms, Budget(messages=2, rupiah=100_000, hard_messages=4))
        [found] = [finding for finding in doctor.examine(runtime) if finding.name == "budgets"]
        assert not found.ok
        assert found.detail == (
            "sms: 4 of 2 messages, Rp 3,600 of 100,000 today: all messages wait for tomorrow, or raise it in "
            "delivery.yaml"
        )
        figures = create_hooks_app(runtime).test_client().get("/metrics").text
        assert 'aduan_sent_today{channel="sms",unit="messages",is="used"} 4' in figures
        assert 'aduan_sent_today{channel="sms",unit="rupiah",is="limit"} 100000' in figures
        with_delivery(runtime, prices=PRICES, budgets={"sms": Budget(messages=100)})
        drain(runtime)
        assert {row.state for row in rows(runtime, Outbox)} == {S.SENT}


@on_sqlite
def test_an_earlier_message_that_is_sent_again_goes_before_later_ones(runtime: Runtime, sms: SmsSender) -> None:
    """The order a person reads in is that of the messages, not of the rows."""
    from dispatch import outbox

    first, _ = promised(runtime, ("satu", "dua"), channel="sms", value=PEOPLE[0])
    with runtime.writing() as session:
        outbox.again(session, runtime.now(), session.get_one(Outbox, first), origin="retry")
        assert address(runtime, session, "sms", PEOPLE[0]).id
    drain(runtime)
    assert sms.texts == ["satu", "dua"]
