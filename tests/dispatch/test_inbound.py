"""What arrives is kept once, handed out in order, tried again, set aside when nothing helps, and erased in time."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from threading import Barrier, Thread

import pytest
import sqlalchemy
from sqlalchemy import select, update
from sqlmodel import col

from channels.message import (
    Address,
    Attachment,
    AttachmentKind,
    DeliveryReport,
    DeliveryState,
    Event,
    InboundMessage,
    OptOut,
    Unreadable,
    load,
)
from dispatch.models import EventState, InboundEvent
from dispatch.services import inbound
from dispatch.services.inbound import ATTEMPTS, LEASE, RAW_KEPT, Recorded

_serial = count(1)
one_database = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def message(
    sender: str = "62811", text: str = "Jalan rusak", external_id: str = "", **fields: object
) -> InboundMessage:
    return InboundMessage(
        channel="whatsapp",
        account=str(fields.pop("account", "ours")),
        external_id=external_id or f"e{next(_serial)}",
        sender=Address("whatsapp", sender),
        text=text,
        **fields,
    )


def record(runtime, *events: Event, raw: bytes = b"{}", content_type: str = "application/json") -> Recorded:
    with runtime.writing() as session:
        return inbound.record_inbound(session, runtime.now(), events, raw=raw, content_type=content_type)


def row(runtime, row_id: int) -> InboundEvent:
    with runtime.reading() as session:
        return session.get_one(InboundEvent, row_id)


def claim(runtime, limit: int = 50) -> list[InboundEvent]:
    with runtime.writing() as session:
        return inbound.claim_events(session, runtime.now(), limit)


def done(runtime, *events: InboundEvent) -> None:
    with runtime.writing() as session:
        for event in events:
            assert inbound.hold(session, event)
            inbound.finish(session, runtime.now(), event)


KEYS = {
    "account": {"account": "other"},
    "external-id": {"external_id": "another"},
}


ODD = {"nul": "a\x00b", "lone-surrogate": "a\ud83db", "both": "\x00\udfff", "pair-cut-in-two": "\ud83d \ude00"}


class TestRecord:
    def test_keeps_our_words_the_raw_bytes_and_both_times(self, runtime, clock):
        sent_at = clock() - timedelta(days=2)
        event = message(sent_at=sent_at, attachments=(Attachment(AttachmentKind.IMAGE, "m1"),))
        [row_id] = record(runtime, event, raw=b"\x00\xffraw").new
        found = row(runtime, row_id)
        assert load(found.kind, found.payload) == event
        assert (found.raw, found.content_type) == (b"\x00\xffraw", "application/json")
        assert (found.received_at, found.sent_at, found.purge_after) == (clock(), sent_at, clock() + RAW_KEPT)
        assert (found.state, found.sender) == (EventState.NEW, "whatsapp|ours|whatsapp:62811")

    def test_counts_a_repeat_and_changes_nothing(self, runtime, clock):
        [row_id] = record(runtime, message(text="pertama", external_id="same")).new
        clock.forward(hours=1)
        assert record(runtime, message(text="lain", external_id="same"), raw=b"other") == Recorded((), 1)
        found = row(runtime, row_id)
        assert (found.payload["text"], found.raw, found.received_at) == ("pertama", b"{}", clock() - timedelta(hours=1))

    def test_a_repeat_within_one_request_is_one(self, runtime):
        found = record(runtime, message(external_id="twice"), message(external_id="twice"))
        assert (len(found.new), found.repeats) == (1, 1)

    @one_database
    @pytest.mark.parametrize("different", KEYS.values(), ids=KEYS)
    def test_another_part_of_the_key_is_another_event(self, runtime, different):
        record(runtime, message(external_id="same"))
        assert len(record(runtime, message(**{"external_id": "same", **different})).new) == 1

    def test_one_request_delivered_many_times_at_once_is_stored_once(self, runtime):
        barrier, found, faults = Barrier(4), [], []

        def deliver() -> None:
            try:
                barrier.wait(timeout=20)
                found.append(record(runtime, message(external_id="at-once")))
            except BaseException as error:  # noqa: BLE001  (handed to the test)
                faults.append(error)

        threads = [Thread(target=deliver) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert faults == []
        assert sorted(len(each.new) for each in found) == [0, 0, 0, 1]

    def test_a_large_batch_takes_few_statements_and_keeps_its_order(self, runtime):
        events = [message(external_id=f"batch-{n}", raw=b"%d" % n) for n in range(2_500)]
        record(runtime, events[1_200])
        statements = []
        sqlalchemy.event.listen(
            runtime.engine, "before_cursor_execute", lambda *told: statements.append(told[2].split()[0])
        )
        found = record(runtime, *events, events[7])
        assert (len(found.new), found.repeats) == (2_499, 2)
        assert statements.count("INSERT") < 10
        assert len(statements) < 30
        assert list(found.new) == sorted(found.new)
        with runtime.reading() as session:
            stored = session.scalars(select(InboundEvent).where(col(InboundEvent.id).in_(found.new)))
            kept = {each.id: (each.external_id, each.raw) for each in stored}
        expected = [(each.external_id, each.raw) for each in events if each is not events[1_200]]
        assert [kept[row_id] for row_id in found.new] == expected

    def test_two_senders_under_one_key_in_one_batch_are_two(self, runtime):
        found = record(runtime, *(message(sender, external_id="same") for sender in ("62811", "62812", "62811")))
        assert (len(found.new), found.repeats) == (2, 1)

    def test_an_unreadable_item_goes_to_quarantine_and_its_neighbour_to_work(self, runtime):
        bad = Unreadable(channel="whatsapp", account="ours", external_id="bad", reason="no sender", raw=b"item")
        first, second = record(runtime, bad, message()).new
        assert (row(runtime, first).state, row(runtime, first).error, row(runtime, first).raw) == (
            EventState.QUARANTINED,
            "no sender",
            b"item",
        )
        assert [each.id for each in claim(runtime)] == [second]

    def test_what_cannot_be_read_at_all_is_kept_once(self, runtime):
        for expected in (1, 0):
            with runtime.writing() as session:
                found = inbound.quarantine(
                    session,
                    runtime.now(),
                    channel="sms",
                    account="ours",
                    raw=b"\xff",
                    content_type="text/x",
                    reason="no form",
                )
            assert len(found.new) == expected

    @pytest.mark.parametrize("text", ODD.values(), ids=ODD)
    def test_what_no_database_can_hold_is_replaced_wherever_it_stands(self, runtime, text):
        events: list[Event] = [
            message(
                sender=f"s{text}", text=text, external_id=f"id{text}", sender_name=text, notes=(text,), subject=text
            ),
            Unreadable(channel="whatsapp", account=f"acc{text}", external_id="u", reason=text),
            OptOut(channel="sms", account="ours", external_id=f"o{text}", sender=Address("tel", text), stopped=True),
            DeliveryReport(
                channel="sms", account="ours", external_id=f"r{text}", message_id=text, state=DeliveryState.SENT
            ),
        ]
        found = record(runtime, *events, content_type=f"text/{text}")
        assert len(found.new) == 4
        for row_id in found.new:
            stored = row(runtime, row_id)
            assert "\x00" not in str(stored.payload) + stored.sender + stored.external_id + stored.content_type
            load(stored.kind, stored.payload)
        assert record(runtime, *events, content_type=f"text/{text}").repeats == 4


class TestClaim:
    def test_hands_out_only_the_earliest_of_each_sender(self, runtime):
        first, _, other = record(runtime, message("a"), message("a"), message("b")).new
        claimed = claim(runtime)
        assert [each.id for each in claimed] == [first, other]
        assert all(each.state == EventState.WORKING and each.attempts == 1 for each in claimed)
        assert claim(runtime) == []

    def test_goes_on_with_the_next_when_the_earlier_is_done(self, runtime):
        ids = record(runtime, *(message("a", text=str(n)) for n in range(4))).new
        seen = []
        while batch := claim(runtime):
            seen += [each.id for each in batch]
            done(runtime, *batch)
        assert seen == list(ids)

    def test_events_without_a_sender_wait_for_nobody(self, runtime):
        reports = [
            DeliveryReport(channel="sms", account="ours", external_id=f"r{n}", message_id="m", state=DeliveryState.SENT)
            for n in range(3)
        ]
        record(runtime, *reports)
        assert len(claim(runtime)) == 3

    def test_two_threads_get_each_event_once_and_each_sender_in_order(self, runtime):
        record(runtime, *(message(sender, text=str(n)) for n in range(4) for sender in "abc"))
        worked: list[tuple[str, str]] = []
        faults: list[BaseException] = []
        barrier = Barrier(2)

        def work() -> None:
            try:
                barrier.wait(timeout=20)
                while waiting():
                    for event in claim(runtime, 2):
                        worked.append((event.sender, event.payload["text"]))
                        done(runtime, event)
            except BaseException as error:  # noqa: BLE001  (handed to the test)
                faults.append(error)

        def waiting() -> bool:
            with runtime.reading() as session:
                return bool(session.scalars(select(InboundEvent).where(InboundEvent.state != EventState.DONE)).all())

        threads = [Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert faults == []
        assert len(worked) == len(set(worked)) == 12
        for sender in {each for each, _ in worked}:
            assert [text for who, text in worked if who == sender] == ["0", "1", "2", "3"]

    def test_a_dead_worker_s_event_is_taken_up_after_its_lease(self, runtime, clock):
        [row_id] = record(runtime, message()).new
        [dead] = claim(runtime)
        clock.instant += LEASE
        assert claim(runtime) == []
        clock.forward(seconds=1)
        [alive] = claim(runtime)
        assert (alive.id, alive.attempts) == (row_id, 2)
        with runtime.writing() as session:
            assert not inbound.hold(session, dead)  # the dead one comes back and finds its claim gone
        done(runtime, alive)
        assert row(runtime, row_id).state == EventState.DONE

    def test_what_may_kill_workers_is_claimed_alone_and_its_neighbours_live(self, runtime, clock):
        poison, *mates = record(runtime, *(message(sender) for sender in "abc")).new
        deaths = 0
        for _ in range(ATTEMPTS * 4):  # with a fault here it would go on for ever
            batch = claim(runtime)
            if poison in [each.id for each in batch]:
                deaths += 1  # the process is gone: nothing of the batch is finished
                clock.instant += LEASE + timedelta(seconds=1)
                continue
            done(runtime, *batch)
        assert deaths == ATTEMPTS
        assert row(runtime, poison).state == EventState.QUARANTINED
        assert [row(runtime, each).state for each in mates] == [EventState.DONE, EventState.DONE]


class TestFailing:
    @one_database
    def test_waits_longer_each_time_and_ends_in_quarantine(self, runtime, clock):
        [row_id] = record(runtime, message()).new
        waits = []
        for _ in range(ATTEMPTS):
            [event] = claim(runtime)
            with runtime.writing() as session:
                state = inbound.fail(session, clock(), event, "internal: KeyError")
            waits.append((row(runtime, row_id).next_at - clock()).total_seconds())
            if state is EventState.NEW:
                assert claim(runtime) == []
                clock.instant = row(runtime, row_id).next_at
        assert waits[:-1] == [5, 15, 45, 135]
        found = row(runtime, row_id)
        assert (found.state, found.error) == (EventState.QUARANTINED, "internal: KeyError")
        assert claim(runtime) == []

    def test_holds_up_the_same_sender_only(self, runtime, clock):
        first, later, other = record(runtime, message("a"), message("a"), message("b")).new
        failing, fine = claim(runtime)
        with runtime.writing() as session:
            inbound.fail(session, clock(), failing, "internal: KeyError")
        done(runtime, fine)
        assert claim(runtime) == []
        clock.forward(seconds=5)
        [again] = claim(runtime)
        assert again.id == first
        done(runtime, again)
        assert [each.id for each in claim(runtime)] == [later]
        assert row(runtime, other).state == EventState.DONE

    @one_database
    def test_giving_back_counts_no_failure(self, runtime, clock):
        [row_id] = record(runtime, message()).new
        for _ in range(ATTEMPTS + 2):
            [event] = claim(runtime)
            with runtime.writing() as session:
                inbound.release(session, event, clock() + timedelta(seconds=20))
            assert claim(runtime) == []
            clock.forward(seconds=20)
        assert row(runtime, row_id).attempts == 0

    @one_database
    def test_a_claim_that_is_no_longer_ours_writes_nothing(self, runtime, clock):
        [row_id] = record(runtime, message()).new
        [dead] = claim(runtime)
        clock.instant += LEASE * 2
        claim(runtime)
        before = row(runtime, row_id).model_dump()
        with runtime.writing() as session:
            inbound.finish(session, clock(), dead)
            inbound.fail(session, clock(), dead, "late")
            inbound.release(session, dead, clock())
            inbound.set_aside(session, dead, "late")
        assert row(runtime, row_id).model_dump() == before


class TestQuarantine:
    @pytest.fixture
    def quarantined(self, runtime) -> int:
        [row_id] = record(runtime, message()).new
        [event] = claim(runtime)
        with runtime.writing() as session:
            inbound.set_aside(session, event, "cannot be read")
        return row_id

    def test_a_person_may_send_it_through_again(self, runtime, clock, quarantined):
        with runtime.writing() as session:
            assert inbound.retry_quarantined(session, clock(), quarantined)
            assert session.info["bells"] == {"inbound": [quarantined]}
            assert not inbound.retry_quarantined(session, clock(), quarantined)
        [event] = claim(runtime)
        assert (event.id, event.attempts, event.error) == (quarantined, 1, "")

    def test_what_was_never_readable_cannot_be_tried_again(self, runtime, clock):
        [row_id] = record(runtime, Unreadable(channel="sms", account="o", external_id="x", reason="?")).new
        with runtime.writing() as session:
            assert not inbound.retry_quarantined(session, clock(), row_id)

    def test_a_person_may_discard_it_once(self, runtime, clock, quarantined):
        with runtime.writing() as session:
            assert inbound.discard_quarantined(session, clock(), quarantined)
            assert not inbound.discard_quarantined(session, clock(), quarantined)
            assert not inbound.discard_quarantined(session, clock(), 4711)
        assert row(runtime, quarantined).state == EventState.DISCARDED
        assert row(runtime, quarantined).raw == b"{}"


def test_the_sweep_finds_what_a_lost_bell_left(runtime, clock):
    new, working = record(runtime, message("a"), message("b")).new
    with runtime.writing() as session:
        state = {"state": EventState.WORKING, "lease": "x", "lease_until": clock() + LEASE}
        session.execute(update(InboundEvent).where(col(InboundEvent.id) == working).values(**state))
    with runtime.reading() as session:
        assert inbound.waiting(session, clock()) == [new]
        assert inbound.waiting(session, clock() + LEASE * 2) == [new, working]


#: State → whether its raw bytes go when their time is over. What a person has still to look at stays.
PURGED = {
    EventState.DONE: True,
    EventState.DISCARDED: True,
    EventState.NEW: False,
    EventState.WORKING: False,
    EventState.QUARANTINED: False,
}


@one_database
@pytest.mark.parametrize(("state", "erased"), PURGED.items(), ids=PURGED)
def test_raw_bytes_are_erased_when_their_time_is_over_and_not_before(runtime, clock, state, erased):
    [row_id] = record(runtime, message()).new
    with runtime.writing() as session:
        session.execute(update(InboundEvent).where(col(InboundEvent.id) == row_id).values(state=state))
        assert inbound.purge_raw(session, clock() + RAW_KEPT) == 0
        assert inbound.purge_raw(session, clock() + RAW_KEPT + timedelta(seconds=1)) == int(erased)
        assert inbound.purge_raw(session, clock() + RAW_KEPT * 2) == 0
    assert row(runtime, row_id).raw == (b"" if erased else b"{}")
    assert row(runtime, row_id).payload["text"] == "Jalan rusak"
