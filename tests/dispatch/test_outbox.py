"""The outbox: put, claim once, settle once; what a dead or a late sender leaves; when another try is due."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from channels.message import DeliveryState
from dispatch import db, outbox
from dispatch.models import Outbox
from dispatch.outbox import GIVE_UP_AFTER, LEASE, Claim
from tests.support.clock import Clock
from tests.support.rows import lane, outbox_row, promised

S = DeliveryState
#: A table of pure arithmetic needs one database only.
one_database = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def claim(runtime, limit: int = 1) -> list[Claim]:
    with runtime.writing() as session:
        return outbox.claim(session, runtime.now(), lane("whatsapp"), limit)


class TestPut:
    def test_freezes_recipient_and_text(self, runtime):
        [row_id] = promised(runtime, ("Laporan Anda diterima",))
        row = outbox_row(runtime, row_id)
        assert (row.recipient, row.body, row.state) == ("whatsapp:62811-opaque", "Laporan Anda diterima", S.QUEUED)
        assert row.next_at == row.created_at == runtime.now()
        assert (row.part, row.attempts, row.sent_at, row.external_id) == (1, 0, None, None)

    def test_makes_one_row_for_each_part_in_order(self, runtime):
        text = " ".join(f"kata{number}" for number in range(900))
        rows = [outbox_row(runtime, each) for each in promised(runtime, (text,), channel="sms")]
        assert len(rows) > 1
        assert [row.part for row in rows] == list(range(1, len(rows) + 1))
        assert " ".join(row.body.strip() for row in rows).split() == text.split()
        assert len({row.key for row in rows}) == len(rows)

    def test_on_our_own_pages_is_sent_at_once_and_never_claimed(self, runtime):
        [row_id] = promised(runtime, channel="web")
        row = outbox_row(runtime, row_id)
        assert (row.state, row.sent_at) == (S.SENT, runtime.now())
        with runtime.writing() as session:
            assert outbox.claim(session, runtime.now(), lane("web")) == []

    def test_is_undone_with_the_change_that_caused_it(self, runtime):
        from dispatch.phrases import Phrases
        from dispatch.services import answers
        from tests.support.rows import address

        with pytest.raises(RuntimeError, match="broke"), runtime.writing() as session:
            to = address(runtime, session)
            answers.say(session, Phrases(runtime.region), runtime.now(), to, text="halo")
            raise RuntimeError("broke")
        assert claim(runtime) == []


#: State of the earlier message → whether a later one to the same person waits.
BLOCKING = {state: state in (S.QUEUED, S.SENDING) for state in S}


class TestClaim:
    def test_hands_out_what_the_channel_needs(self, runtime):
        [row_id] = promised(runtime, ("halo",))
        [found] = claim(runtime)
        row = outbox_row(runtime, row_id)
        assert (found.row_id, found.lease, found.attempts) == (row_id, row.lease, 1)
        assert (found.message.key, str(found.message.recipient), found.message.text) == (row.key, row.recipient, "halo")
        assert found.message.automatic is True
        assert (row.state, row.lease_until) == (S.SENDING, runtime.now() + LEASE)

    def test_hands_out_one_row_so_that_a_death_leaves_one_uncertain(self, runtime):
        promised(runtime, value="a")
        promised(runtime, value="b")
        assert len(claim(runtime)) == 1
        with runtime.writing() as session:
            assert len(outbox.claim(session, runtime.now(), lane("whatsapp"))) == 1

    def test_takes_nothing_before_its_time(self, runtime, clock):
        [row_id] = promised(runtime)
        with runtime.writing() as session:
            later = clock() + timedelta(seconds=1)
            session.execute(update(Outbox).where(col(Outbox.id) == row_id).values(next_at=later))
        assert claim(runtime) == []
        clock.forward(seconds=1)
        assert len(claim(runtime)) == 1

    def test_takes_nothing_of_another_channel(self, runtime):
        promised(runtime, channel="sms")
        assert claim(runtime) == []

    @one_database
    @pytest.mark.parametrize(("state", "blocks"), BLOCKING.items(), ids=BLOCKING)
    def test_a_later_message_waits_while_the_earlier_is_pending(self, runtime, clock, state, blocks):
        first, second = promised(runtime, ("satu", "dua"))
        with runtime.writing() as session:
            later = clock() + timedelta(hours=1)  # the earlier one itself is not due
            session.execute(update(Outbox).where(col(Outbox.id) == first).values(state=state, next_at=later))
        assert [each.row_id for each in claim(runtime)] == ([] if blocks else [second])

    def test_another_person_s_message_does_not_wait(self, runtime, clock):
        first, *_ = promised(runtime, ("satu", "dua"), value="a")
        [other] = promised(runtime, ("tiga",), value="b")
        with runtime.writing() as session:
            later = clock() + timedelta(hours=1)
            session.execute(update(Outbox).where(col(Outbox.id) == first).values(next_at=later))
        assert [each.row_id for each in claim(runtime, 5)] == [other]

    def test_parts_leave_in_order(self, runtime):
        ids = promised(runtime, (" ".join(["kata"] * 900),), channel="sms")
        left = []
        for _ in ids:
            with runtime.writing() as session:
                [one] = outbox.claim(session, runtime.now(), lane("sms"), 5)
                outbox.settle_sent(session, runtime.now(), one, f"id-{one.row_id}", S.SENT)
            left.append(one.row_id)
        assert left == ids

    def test_two_threads_get_each_row_once_and_in_order_for_each_person(self, runtime):
        for text in ("satu", "dua", "tiga"):
            for person in "abcdef":
                promised(runtime, (text,), value=person)
        taken: list[Claim] = []
        faults: list[BaseException] = []
        barrier = Barrier(2)

        def work() -> None:
            try:
                barrier.wait(timeout=20)
                while True:
                    with runtime.writing() as session:
                        claims = outbox.claim(session, runtime.now(), lane("whatsapp"), 2)
                    for each in claims:
                        taken.append(each)
                        with runtime.writing() as session:
                            assert outbox.settle_sent(session, runtime.now(), each, f"id-{each.row_id}", S.SENT)
                    if not claims and not outstanding():
                        return
            except BaseException as error:  # noqa: BLE001  (handed to the test)
                faults.append(error)

        def outstanding() -> int:
            with runtime.reading() as session:
                return len(session.scalars(select(Outbox.id).where(col(Outbox.state).in_(outbox.PENDING))).all())

        threads = [Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert faults == []
        assert max(Counter(each.row_id for each in taken).values()) == 1 and len(taken) == 18
        for person in "abcdef":
            said = [each.message.text for each in taken if each.message.recipient.value == person]
            assert said == ["satu", "dua", "tiga"]

    def test_two_processes_get_each_row_once(self, runtime, backend):
        ids = [promised(runtime, value=f"p{number}")[0] for number in range(12)]
        context = multiprocessing.get_context("spawn")
        results = context.Queue()
        workers = [context.Process(target=_claim_all, args=(backend.url, results)) for _ in range(2)]
        for worker in workers:
            worker.start()
        taken = [*results.get(timeout=60), *results.get(timeout=60)]
        for worker in workers:
            worker.join(timeout=60)
        assert sorted(taken) == ids


def _claim_all(url: str, results: multiprocessing.Queue[list[int]]) -> None:
    engine = db.make_engine(url)
    taken: list[int] = []
    empty = 0
    while empty < 20:  # another's lock may hide a row for a moment
        with db.writing(engine) as session:
            claims = outbox.claim(session, Clock()(), lane("whatsapp"))
        taken += [each.row_id for each in claims]
        empty = 0 if claims else empty + 1
    engine.dispose()
    results.put(taken)


SETTLERS = {
    "sent": lambda session, now, mine: outbox.settle_sent(session, now, mine, "SM1", S.SENT),
    "failed": lambda session, now, mine: outbox.settle_failed(session, now, mine, "no", "1"),
    "uncertain": lambda session, now, mine: outbox.settle_uncertain(session, now, mine, "?", "2"),
    "later": lambda session, now, mine: outbox.settle_later(session, now, mine, "busy", "3", None),
}


LATE = {
    "sent": (SETTLERS["sent"], S.SENT),
    "failed": (SETTLERS["failed"], S.FAILED),
    "later": (SETTLERS["later"], S.QUEUED),
}


class TestSettle:
    def test_sent_keeps_the_provider_s_id(self, runtime, clock):
        [row_id] = promised(runtime)
        [mine] = claim(runtime)
        clock.forward(seconds=2)
        with runtime.writing() as session:
            assert outbox.settle_sent(session, clock(), mine, "SM1", S.SENT)
        row = outbox_row(runtime, row_id)
        assert (row.state, row.external_id, row.sent_at, row.settled_at) == (S.SENT, "SM1", clock(), clock())
        assert row.lease_until is None

    def test_twice_writes_once(self, runtime):
        [row_id] = promised(runtime)
        [mine] = claim(runtime)
        with runtime.writing() as session:
            assert outbox.settle_sent(session, runtime.now(), mine, "SM1", S.SENT)
            assert not outbox.settle_sent(session, runtime.now(), mine, "SM2", S.SENT)
            assert not outbox.settle_failed(session, runtime.now(), mine, "too late", "")
        assert (outbox_row(runtime, row_id).state, outbox_row(runtime, row_id).external_id) == (S.SENT, "SM1")

    @one_database
    @pytest.mark.parametrize("settle", SETTLERS.values(), ids=SETTLERS)
    def test_with_a_foreign_lease_writes_nothing(self, runtime, settle):
        [row_id] = promised(runtime)
        [mine] = claim(runtime)
        stranger = Claim(mine.row_id, "another-lease", mine.attempts, mine.created_at, mine.message)
        before = outbox_row(runtime, row_id)
        with runtime.writing() as session:
            settle(session, runtime.now(), stranger)
        assert outbox_row(runtime, row_id).model_dump() == before.model_dump()

    def test_a_dead_sender_leaves_uncertain_after_its_lease_and_not_before(self, runtime, clock):
        [row_id] = promised(runtime)
        claim(runtime)
        for step, expired in ((LEASE, 0), (timedelta(microseconds=1), 1), (timedelta(0), 0)):
            clock.instant += step
            with runtime.writing() as session:
                assert outbox.expire_leases(session, clock()) == expired
        row = outbox_row(runtime, row_id)
        assert row.state == S.UNCERTAIN and row.error
        assert claim(runtime) == []  # never again by itself

    @pytest.mark.parametrize(("settle", "state"), LATE.values(), ids=LATE)
    def test_a_late_answer_with_the_own_lease_still_counts(self, runtime, clock, settle, state):
        [row_id] = promised(runtime)
        [mine] = claim(runtime)
        clock.instant += LEASE * 2
        with runtime.writing() as session:
            assert outbox.expire_leases(session, clock()) == 1
        with runtime.writing() as session:
            settle(session, clock(), mine)
        assert outbox_row(runtime, row_id).state == state


PLAN = {
    "first": (1, None, 15),
    "second": (2, None, 30),
    "third": (3, None, 60),
    "ninth-is-capped": (9, None, 3600),
    "hundredth": (100, None, 3600),
    "provider-at-once": (1, 0.0, 0),
    "provider-soon": (5, 2.5, 2.5),
    "provider-longer-than-ours": (1, 7200.0, 7200),
    "provider-beyond-a-day": (1, 1e300, 86400),
    "provider-nonsense": (1, -5.0, 0),
    "provider-not-a-number": (1, float("nan"), 0),
}


GIVE_UP = {"a-day": (GIVE_UP_AFTER, S.QUEUED), "beyond": (GIVE_UP_AFTER + timedelta(seconds=1), S.FAILED)}


class TestRetry:
    @one_database
    @pytest.mark.parametrize(("attempts", "told", "seconds"), PLAN.values(), ids=PLAN)
    def test_the_wait(self, runtime, clock, attempts, told, seconds):
        [row_id] = promised(runtime)
        [first] = claim(runtime)
        mine = Claim(first.row_id, first.lease, attempts, first.created_at, first.message)
        with runtime.writing() as session:
            assert outbox.settle_later(session, clock(), mine, "busy", "429", told) is S.QUEUED
        row = outbox_row(runtime, row_id)
        waited = row.next_at - clock() - timedelta(seconds=seconds)
        assert timedelta(0) <= waited < timedelta(seconds=1)  # the rest is jitter
        assert (row.state, row.error, row.error_code) == (S.QUEUED, "busy", "429")

    @pytest.mark.parametrize(("age", "state"), GIVE_UP.values(), ids=GIVE_UP)
    def test_ends_after_a_day(self, runtime, clock, age, state):
        [row_id] = promised(runtime)
        clock.instant += age
        [mine] = claim(runtime)
        with runtime.writing() as session:
            assert outbox.settle_later(session, clock(), mine, "busy", "429", None) is state
        assert outbox_row(runtime, row_id).state == state


def test_what_is_due_is_counted_by_channel(runtime, clock):
    promised(runtime, ("a", "b"))
    promised(runtime, channel="sms")
    with runtime.reading() as session:
        assert [outbox.due(session, clock(), lane(kind)) for kind in ("whatsapp", "sms")] == [2, 1]
        assert [outbox.due(session, clock() - timedelta(seconds=1), lane(kind)) for kind in ("whatsapp", "sms")] == [
            0,
            0,
        ]
