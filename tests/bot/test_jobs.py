"""The work: repeats, crowds, poison, early reports, and a kill at every statement, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import event, func, select, update
from sqlmodel import col

from bot import jobs
from bot.jobs import drain_inbound, work_inbound
from channels.message import Address, DeliveryReport, DeliveryState, Event, InboundMessage, OptOut
from classifier.reader import Reader
from dispatch.models import (
    CitizenAddress,
    EventState,
    InboundEvent,
    Message,
    Outbox,
    Ticket,
)
from dispatch.runtime import Runtime, install
from dispatch.services.inbound import ATTEMPTS, LEASE, record_inbound, retry_quarantined
from tests.support.clock import Clock
from tests.support.desk import deliver, messages_of, rows

ROAD = "Jalan rusak parah di Juata Laut Tarakan"
JPEG = b"\xff\xd8\xff\xe0 sebuah foto"
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def message(number: int | str, text: str = ROAD, sender: str = "+628110000001", **fields: Any) -> InboundMessage:
    return InboundMessage(
        channel="whatsapp", account="ours", external_id=f"m{number}", sender=Address("tel", sender), text=text, **fields
    )


def record(runtime: Runtime, *events: Event) -> None:
    with runtime.writing() as session:
        record_inbound(session, runtime.now(), events, raw=b"{}")


def states(runtime: Runtime) -> list[str]:
    return [row.state for row in rows(runtime, InboundEvent)]


def in_parallel(count: int, task: Callable[[int], None]) -> None:
    """Run a task in so many threads, all started at one moment; a fault of any of them is raised."""
    barrier = Barrier(count)

    def run(number: int) -> None:
        barrier.wait(30)
        task(number)

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(run, range(count)))


# Repeats and crowds.


def test_the_same_event_fifty_times_is_one_ticket_and_one_receipt(trained: Runtime) -> None:
    for _ in range(50):
        record(trained, message(1))
        drain_inbound(trained)
    assert states(trained) == [EventState.DONE]
    assert len(rows(trained, Ticket)) == 1
    assert len(rows(trained, Outbox)) == 2  # the receipt and the privacy notice


def test_the_same_event_in_twenty_threads_is_one_ticket_and_one_receipt(trained: Runtime) -> None:
    def task(_: int) -> None:
        record(trained, message(1))
        drain_inbound(trained)

    in_parallel(20, task)
    assert states(trained) == [EventState.DONE]
    assert len(rows(trained, Ticket)) == 1
    assert len(rows(trained, Outbox)) == 2


def test_twenty_fragments_of_one_citizen_in_twenty_threads_are_one_ticket(trained: Runtime) -> None:
    def task(number: int) -> None:
        record(trained, message(number, f"Jalan rusak parah di Juata Laut, bagian {number}"))
        drain_inbound(trained)

    in_parallel(20, task)
    assert states(trained) == [EventState.DONE] * 20
    [ticket] = rows(trained, Ticket)
    assert len(messages_of(trained, ticket.number)) == 20
    assert len(rows(trained, CitizenAddress)) == 1
    assert len(rows(trained, Outbox)) == 2


def test_twenty_citizens_in_twenty_threads_are_twenty_tickets(trained: Runtime) -> None:
    def task(number: int) -> None:
        record(trained, message(number, sender=f"+62811000{number:04}"))
        drain_inbound(trained)

    in_parallel(20, task)
    assert states(trained) == [EventState.DONE] * 20
    assert len({ticket.citizen_id for ticket in rows(trained, Ticket)}) == 20
    assert len({ticket.number for ticket in rows(trained, Ticket)}) == 20


def test_more_than_a_batch_is_worked_in_one_call_each_citizens_messages_in_order(trained: Runtime) -> None:
    install(trained)
    texts = ["halo", ROAD, "sudah lama", "makasih"]
    record(
        trained, *(message(f"{who}-{n}", text, f"+62811{who:04}") for n, text in enumerate(texts) for who in range(15))
    )
    assert work_inbound(1, 2, 3) == 60
    for ticket in rows(trained, Ticket):
        assert [m.body for m in messages_of(trained, ticket.number)] == texts
    assert len(rows(trained, Ticket)) == 15


# Poison.


def test_a_damaged_payload_goes_to_quarantine_and_its_neighbours_go_on(trained: Runtime) -> None:
    record(trained, message(1), message(2), message(3, sender="+628110000002"))
    with trained.writing() as session:
        session.execute(update(InboundEvent).where(col(InboundEvent.id) == 1).values(payload={"text": "?"}))
    drain_inbound(trained)
    assert states(trained) == [EventState.QUARANTINED, EventState.DONE, EventState.DONE]
    assert len(rows(trained, Ticket)) == 2


DAMAGED: dict[str, object] = {
    "a list": [],
    "nothing": None,
    "a text": "?",
    "a sender that is a text": {"sender": "tel:1"},
    "a sender without a value": {"sender": {"scheme": "tel", "value": ""}},
    "an instant that is a number": {"sent_at": 5},
    "an attachment of no kind": {"attachments": [{"source": "x"}]},
    "an attachment that is a text": {"attachments": ["x"]},
    "a field of a later version": {"mood": "angry"},
}


@on_sqlite
@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_every_damage_is_quarantined_at_once(trained: Runtime, damage: object) -> None:
    record(trained, message(1))
    with trained.writing() as session:
        row = session.get_one(InboundEvent, 1)
        row.payload = {**row.payload, **damage} if isinstance(damage, dict) and damage else damage  # type: ignore[assignment]
        session.add(row)
    drain_inbound(trained)
    assert states(trained) == [EventState.QUARANTINED]
    assert rows(trained, Message) == []


def test_an_event_that_breaks_the_work_is_tried_again_then_quarantined_and_can_be_retried(
    trained: Runtime, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(trained, message(1, "racun"), message(2, sender="+628110000002"))

    def breaks(runtime: Runtime, session: Any, arrived: InboundMessage, *rest: Any) -> Any:
        if arrived.text == "racun":
            converse(runtime, session, arrived, *rest)
            raise ZeroDivisionError
        return converse(runtime, session, arrived, *rest)

    converse = jobs.converse
    monkeypatch.setattr(jobs, "converse", breaks)
    tries = 0
    while states(trained)[0] == EventState.NEW:
        drain_inbound(trained)
        tries += 1
        assert states(trained)[1] == EventState.DONE
        assert len(rows(trained, Ticket)) == 1
        clock.forward(minutes=5)
    assert (tries, states(trained)[0]) == (ATTEMPTS, EventState.QUARANTINED)
    assert rows(trained, InboundEvent)[0].error == "internal: ZeroDivisionError"
    monkeypatch.undo()
    with trained.writing() as session:
        assert retry_quarantined(session, trained.now(), 1)
    drain_inbound(trained)
    assert states(trained) == [EventState.DONE, EventState.DONE]
    assert len(rows(trained, Ticket)) == 2


class BreaksOnPoison:
    """The real classifier, but for one word that it cannot bear."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def read(self, texts: list[str]) -> Any:
        if any("racun" in text for text in texts):
            raise ZeroDivisionError
        return self.reader.read(texts)


def test_a_text_that_breaks_the_classifier_becomes_a_ticket_at_the_desk(trained: Runtime) -> None:
    trained.__dict__["classifier"] = BreaksOnPoison(trained.classifier)
    record(trained, message(1, "racun di jalan"), message(2, sender="+628110000002"))
    drain_inbound(trained)
    assert states(trained) == [EventState.DONE, EventState.DONE]
    poisoned, neighbour = rows(trained, Ticket)
    assert (poisoned.triage, poisoned.agency) == (True, trained.region.desk)
    assert (neighbour.triage, neighbour.agency) == (False, "tarakan-dpupr")
    warning = trained.phrases.say("receipt_emergency", "id", emergency="112")
    warned = [row.ticket_id for row in rows(trained, Outbox) if row.body == warning]
    assert warned == [poisoned.id]  # nobody knows whether it is needed there


def test_a_citizen_waits_behind_their_own_broken_message_others_do_not(
    trained: Runtime, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(trained, message(1), message(2, "di Juata"), message(3, sender="+628110000002"))

    def breaks(*arguments: Any) -> Any:
        if arguments[2].external_id == "m1":
            raise ZeroDivisionError
        return converse(*arguments)

    converse = jobs.converse
    monkeypatch.setattr(jobs, "converse", breaks)
    drain_inbound(trained)
    assert states(trained) == [EventState.NEW, EventState.NEW, EventState.DONE]
    for _ in range(ATTEMPTS):
        clock.forward(minutes=5)
        drain_inbound(trained)
    assert states(trained) == [EventState.QUARANTINED, EventState.DONE, EventState.DONE]


# Reports and opt-outs.


def report(message_id: str, state: DeliveryState = DeliveryState.DELIVERED, number: int = 1) -> DeliveryReport:
    return DeliveryReport(
        channel="whatsapp", account="ours", external_id=f"r{number}", message_id=message_id, state=state
    )


def test_a_report_that_comes_before_our_own_note_is_applied_later(trained: Runtime, clock: Clock) -> None:
    record(trained, message(1))
    drain_inbound(trained)
    record(trained, report("out-of-nowhere"))
    drain_inbound(trained)
    assert states(trained)[-1] == EventState.NEW
    ids = deliver(trained, "whatsapp")
    with trained.writing() as session:
        session.execute(update(Outbox).where(col(Outbox.external_id) == ids[0]).values(external_id="out-of-nowhere"))
    clock.forward(seconds=19)
    drain_inbound(trained)
    assert states(trained)[-1] == EventState.NEW
    clock.forward(seconds=1)
    drain_inbound(trained)
    assert states(trained)[-1] == EventState.DONE
    assert rows(trained, Outbox)[0].state == DeliveryState.DELIVERED


def test_a_report_nobody_knows_is_quarantined_after_ten_minutes(trained: Runtime, clock: Clock) -> None:
    record(trained, report("never-ours"))
    began = clock()
    while clock() - began < timedelta(minutes=10):
        drain_inbound(trained)
        assert states(trained) == [EventState.NEW]
        clock.forward(seconds=20)
    drain_inbound(trained)
    assert states(trained) == [EventState.QUARANTINED]


ORDERS = {
    "delivered then sent": ([DeliveryState.DELIVERED, DeliveryState.SENT], DeliveryState.DELIVERED),
    "read then delivered": ([DeliveryState.READ, DeliveryState.DELIVERED], DeliveryState.READ),
    "failed then read": ([DeliveryState.FAILED, DeliveryState.READ], DeliveryState.READ),
    "delivered then failed": ([DeliveryState.DELIVERED, DeliveryState.FAILED], DeliveryState.DELIVERED),
    "delivered twice": ([DeliveryState.DELIVERED, DeliveryState.DELIVERED], DeliveryState.DELIVERED),
    "an unknown word": ([DeliveryState.UNKNOWN], DeliveryState.SENT),
}


@on_sqlite
@pytest.mark.parametrize(("reported", "kept"), ORDERS.values(), ids=ORDERS)
def test_reports_never_take_a_step_back(trained: Runtime, reported: list[DeliveryState], kept: DeliveryState) -> None:
    record(trained, message(1))
    drain_inbound(trained)
    ids = deliver(trained, "whatsapp")
    for number, state in enumerate(reported):
        record(trained, report(ids[0], state, number))
        drain_inbound(trained)
    assert rows(trained, Outbox)[0].state == kept


def test_what_the_provider_says_about_stopping_counts(trained: Runtime) -> None:
    sender = Address("tel", "+628110000001")
    for stopped in (True, False):
        record(
            trained,
            OptOut(channel="whatsapp", account="ours", external_id=f"o{stopped}", sender=sender, stopped=stopped),
        )
        drain_inbound(trained)
        [address] = rows(trained, CitizenAddress)
        assert (address.stopped_at is not None) is stopped


# A kill at every statement.


class Killed(BaseException):
    """No rule of ours catches this: what follows is what a kill leaves."""


@contextmanager
def killed_at(runtime: Runtime, statement: int) -> Iterator[list[int]]:
    """Die just before the given statement; the list gives how many were begun."""
    seen = [0]

    def count(*_: Any) -> None:
        seen[0] += 1
        if seen[0] == statement:
            raise Killed

    event.listen(runtime.engine, "before_cursor_execute", count)
    try:
        yield seen
    except Killed:
        pass
    finally:
        event.remove(runtime.engine, "before_cursor_execute", count)


def test_a_kill_at_any_statement_leaves_nothing_half_done(trained: Runtime, clock: Clock) -> None:
    def written() -> tuple[int, int, int]:
        done = select(func.count()).where(col(InboundEvent.state) == EventState.DONE)
        counts = done, select(func.count(col(Ticket.id))), select(func.count(col(Outbox.id)))
        with trained.reading() as session:
            first, second, third = (session.scalars(query).one() for query in counts)
        return first, second, third

    statement, finished = 0, False
    while not finished:
        statement += 1
        record(trained, message(statement, sender=f"+6281100{statement:05}"))
        with killed_at(trained, statement) as seen:
            drain_inbound(trained)
        finished = seen[0] < statement
        assert written() in [(n, n, 2 * n) for n in (statement - 1, statement)]
        clock.forward(seconds=LEASE.total_seconds() + 1)
        drain_inbound(trained)
        assert written() == (statement, statement, 2 * statement)
    assert statement > 10


def test_what_left_the_inbox_is_not_seen_by_a_second_worker(trained: Runtime) -> None:
    """A worker whose lease ran out must not finish what another one took over."""
    record(trained, message(1))
    with trained.writing() as session:
        [claimed] = jobs.inbound.claim_events(session, trained.now())
    with trained.writing() as session:
        session.execute(update(InboundEvent).values(lease="somebody-else"))
    jobs._work(trained, claimed, message(1), jobs.Tag(None))
    assert rows(trained, Ticket) == []
    with trained.reading() as session:
        assert session.scalars(select(col(InboundEvent.state))).one() == EventState.WORKING
