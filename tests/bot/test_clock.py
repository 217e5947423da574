"""The clock: what a lost bell, a dead worker or a flushed queue left behind is found again, against a real Valkey."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis
from sqlalchemy import update
from sqlmodel import col

from bot.clock import purge, sweep
from bot.jobs import drain_inbound
from channels.message import Address, DeliveryState, InboundMessage
from dispatch import outbox
from dispatch.jobqueue import INBOUND, MEDIA, outbound
from dispatch.models import EventState, InboundEvent, Outbox
from dispatch.runtime import Runtime
from dispatch.services import inbound
from tests.support.clock import Clock
from tests.support.desk import rows
from tests.support.providers.telegram import TOKEN
from tests.support.rows import lane
from tests.support.talk import Citizen
from tests.support.valkey import Valkey

ROAD = "Jalan rusak parah di Juata Laut Tarakan"
TELEGRAM = outbound("telegram")
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


@pytest.fixture
def environment(environment: dict[str, str], valkey: Valkey) -> dict[str, str]:
    client = Redis.from_url(valkey.url)
    client.flushall()
    client.close()
    return {**environment, "REDIS_URL": valkey.url, "TELEGRAM_BOT_TOKEN": TOKEN}


def record(runtime: Runtime, number: int = 1) -> None:
    message = InboundMessage(
        channel="telegram", account="ours", external_id=f"m{number}", sender=Address("telegram", "4711"), text=ROAD
    )
    with runtime.writing() as session:
        inbound.record_inbound(session, runtime.now(), [message], raw=b"{}")


def bells(runtime: Runtime, queue: str) -> list[tuple[str, list[object]]]:
    return [(job.func_name, list(job.args)) for job in runtime.queue.queue(queue).jobs]


def test_a_commit_rings_and_a_rollback_does_not(runtime: Runtime) -> None:
    with pytest.raises(ZeroDivisionError), runtime.writing() as session:
        inbound.record_inbound(
            session,
            runtime.now(),
            [InboundMessage(channel="sms", account="o", external_id="1", sender=Address("tel", "+1"), text="x")],
            raw=b"",
        )
        raise ZeroDivisionError
    assert bells(runtime, INBOUND) == []
    record(runtime)
    [event] = rows(runtime, InboundEvent)
    assert bells(runtime, INBOUND) == [("bot.jobs.work_inbound", [event.id])]


def test_flushed_bells_are_rung_again(trained: Runtime) -> None:
    record(trained)
    trained.queue.connection.flushall()
    assert sweep(trained)[INBOUND] == 1
    assert len(bells(trained, INBOUND)) == 1
    drain_inbound(trained)
    trained.queue.connection.flushall()
    found = sweep(trained)
    assert (found[INBOUND], found[TELEGRAM]) == (0, 2)
    assert bells(trained, INBOUND) == []
    assert bells(trained, TELEGRAM) == [("dispatch.jobs.send", ["telegram"])]


def test_sweeping_on_and_on_while_no_worker_is_there_leaves_one_bell(trained: Runtime) -> None:
    record(trained)
    Citizen(trained, "telegram", "4712", account="ours").says(ROAD)
    record(trained, 2)
    for _ in range(20):
        sweep(trained)
    assert len(bells(trained, TELEGRAM)) <= 4  # those of the commits themselves
    trained.queue.connection.flushall()
    for _ in range(20):
        sweep(trained)
    assert [len(bells(trained, queue)) for queue in (INBOUND, TELEGRAM)] == [1, 1]


@on_sqlite
def test_attachments_that_wait_are_found(trained: Runtime) -> None:
    from channels.message import Attachment, AttachmentKind

    citizen = Citizen(trained, "telegram", account="ours")
    citizen.says(ROAD, attachments=(Attachment(AttachmentKind.IMAGE, "foto"),))
    trained.queue.connection.flushall()
    assert sweep(trained)[MEDIA] == 1
    assert bells(trained, MEDIA) == [("bot.media.fetch_media", [1])]


def test_what_a_dead_worker_held_is_found_when_its_lease_ends(trained: Runtime, clock: Clock) -> None:
    record(trained)
    with trained.writing() as session:
        assert len(inbound.claim_events(session, trained.now())) == 1
    clock.forward(seconds=inbound.LEASE.total_seconds())
    assert sweep(trained)[INBOUND] == 0
    clock.forward(seconds=1)
    assert sweep(trained)[INBOUND] == 1
    drain_inbound(trained)
    assert [row.state for row in rows(trained, InboundEvent)] == [EventState.DONE]


def test_what_a_dead_sender_held_becomes_uncertain_and_is_not_sent_again(trained: Runtime, clock: Clock) -> None:
    record(trained)
    drain_inbound(trained)
    with trained.writing() as session:
        assert len(outbox.claim(session, trained.now(), lane("telegram"))) == 1
    clock.forward(seconds=outbox.LEASE.total_seconds() + 1)
    for _ in range(3):
        sweep(trained)
    assert [row.state for row in rows(trained, Outbox)] == [DeliveryState.UNCERTAIN, DeliveryState.QUEUED]


@on_sqlite
def test_what_is_not_due_is_left_alone(trained: Runtime, clock: Clock) -> None:
    record(trained)
    with trained.writing() as session:
        session.execute(update(InboundEvent).values(next_at=clock.instant.replace(hour=23)))
    trained.queue.connection.flushall()
    assert sweep(trained)[INBOUND] == 0
    assert bells(trained, INBOUND) == []


@on_sqlite
def test_a_channel_that_was_switched_off_is_not_rung(trained: Runtime) -> None:
    record(trained)
    drain_inbound(trained)
    trained.queue.connection.flushall()
    del trained.registry.channels["telegram"]
    assert TELEGRAM not in sweep(trained)
    assert bells(trained, TELEGRAM) == []


@on_sqlite
def test_without_a_queue_server_the_sweep_still_does_its_own_work(trained: Runtime, clock: Clock) -> None:
    record(trained)
    drain_inbound(trained)
    with trained.writing() as session:
        outbox.claim(session, trained.now(), lane("telegram"))
    clock.forward(seconds=outbox.LEASE.total_seconds() + 1)
    trained.queue.close()
    trained.queue.url = "redis://127.0.0.1:1/0"
    assert sweep(trained)[TELEGRAM] == 1
    assert DeliveryState.UNCERTAIN in [row.state for row in rows(trained, Outbox)]


PURGED = {
    "done, a second before": (EventState.DONE, 30, 0, True),
    "done, after": (EventState.DONE, 30, 1, False),
    "discarded, after": (EventState.DISCARDED, 30, 1, False),
    "quarantined, long after": (EventState.QUARANTINED, 300, 0, True),
    "not yet worked, long after": (EventState.NEW, 300, 0, True),
}


@on_sqlite
@pytest.mark.parametrize(("state", "days", "seconds", "kept"), PURGED.values(), ids=PURGED)
def test_raw_bytes_are_erased_when_their_time_ends(
    trained: Runtime, clock: Clock, state: EventState, days: int, seconds: int, kept: bool
) -> None:
    record(trained)
    with trained.writing() as session:
        session.execute(update(InboundEvent).where(col(InboundEvent.id) == 1).values(state=state))
    clock.forward(days=days, seconds=seconds)
    assert purge(trained) == (not kept)
    assert purge(trained) == 0
    [event] = rows(trained, InboundEvent)
    assert bool(event.raw) is kept
    assert event.payload["text"] == ROAD


def test_a_step_that_breaks_keeps_no_other_from_its_work(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    worked = []

    def broken(runtime: Runtime) -> int:
        raise ValueError("a fault of its own")

    monkeypatch.setattr("bot.clock.SWEEPS", {"broken": broken, "whole": lambda runtime: worked.append(1) or 1})
    sweep(runtime)
    assert worked == [1]
    assert "a step of the sweep broke" in caplog.text
