"""The worker as a process: a provider hangs before a heap of work, a child is killed in the middle of a call."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.clock import sweep
from channels.message import Address, DeliveryState, InboundMessage
from classifier.reader import Reader
from dispatch import outbox
from dispatch.models import EventState, InboundEvent, Outbox, Ticket
from dispatch.runtime import Runtime
from dispatch.services.inbound import record_inbound
from tests.bot.test_worker import children, outside, running, valkey  # noqa: F401  (two of them are fixtures)
from tests.support.desk import rows
from tests.support.models import place
from tests.support.providers.base import hang
from tests.support.providers.telegram import TOKEN, TelegramStandIn
from tests.support.providers.twilio import ACCOUNT, WHATSAPP_FROM, TwilioStandIn
from tests.support.providers.twilio import TOKEN as TWILIO_TOKEN
from tests.support.rows import promised
from tests.support.servers import wait_until
from tests.support.valkey import Valkey

HEAP = 40
CHILDREN = 4  # inbox, attachments, telegram, whatsapp
ROAD = "Jalan rusak parah di Juata Laut Tarakan"
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def telegram() -> Iterator[TelegramStandIn]:
    with TelegramStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def twilio() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def environment(
    environment: dict[str, str],
    valkey: Valkey,  # noqa: F811
    telegram: TelegramStandIn,
    twilio: TwilioStandIn,
    starter: Reader,
) -> dict[str, str]:
    place(Path(environment["ADUAN_VAR"]) / "models", starter)
    return {
        **environment,
        "REDIS_URL": valkey.url,
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": telegram.url,
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
        "TWILIO_WHATSAPP_FROM": WHATSAPP_FROM,
        "TWILIO_API_URL": twilio.url,
        "ADUAN_ENV_FILE": "none.env",
    }


def states(runtime: Runtime, channel: str) -> list[str]:
    return [row.state for row in rows(runtime, Outbox) if row.channel == channel]


def arrives(runtime: Runtime) -> None:
    """A citizen writes by WhatsApp, and the bell is rung."""
    account = runtime.channel("whatsapp").account
    sender = Address("tel", "+6281100000001")
    message = InboundMessage(channel="whatsapp", account=account, external_id="m1", sender=sender, text=ROAD)
    with runtime.writing() as session:
        record_inbound(session, runtime.now(), [message], raw=b"{}")


def test_a_heap_of_work_before_a_provider_that_hangs_delays_no_other(
    environment: dict[str, str],
    outside: Runtime,  # noqa: F811
    telegram: TelegramStandIn,
) -> None:
    telegram.fail(*[hang(30)] * HEAP, path=".*sendMessage")
    for number in range(HEAP):
        promised(outside, channel="telegram", value=f"47{number:02}")
    with running(environment) as process:
        wait_until(lambda: len(children(process)) == CHILDREN, 60, "the worker's children")
        sweep(outside)
        wait_until(lambda: DeliveryState.SENDING in states(outside, "telegram"), 30, "a call that hangs")
        arrives(outside)
        wait_until(lambda: states(outside, "whatsapp") == [DeliveryState.SENT] * 2, 30, "receipt and notice")
        assert [row.state for row in rows(outside, InboundEvent)] == [EventState.DONE]
        waiting = states(outside, "telegram")
    assert waiting.count(DeliveryState.QUEUED) >= HEAP - 5
    assert DeliveryState.SENT not in waiting


def test_a_child_killed_in_the_middle_of_a_call_loses_nothing_and_sends_nothing_twice(
    environment: dict[str, str],
    outside: Runtime,  # noqa: F811
    telegram: TelegramStandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    telegram.fail(hang(30), path=".*sendMessage")
    ids = [promised(outside, channel="telegram", value=f"48{number:02}")[0] for number in range(3)]
    with running(environment) as process:
        wait_until(lambda: len(children(process)) == CHILDREN, 60, "the worker's children")
        first = children(process)
        sweep(outside)
        telegram.wait_for(lambda seen: any(each.path.endswith("/sendMessage") for each in seen), 30)
        for pid in first:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: len(set(children(process)) - set(first)) == CHILDREN, 30, "new children")
        later = outside.now() + outbox.LEASE * 2
        with outside.writing() as session:
            assert outbox.expire_leases(session, later) == 1

        def settled() -> bool:
            sweep(outside)
            return DeliveryState.QUEUED not in states(outside, "telegram")

        wait_until(settled, 60, "the others to be sent")
        wait_until(lambda: DeliveryState.SENDING not in states(outside, "telegram"), 30, "the answers")
    found = {row.id: row.state for row in rows(outside, Outbox)}
    assert [found[each] for each in ids] == [DeliveryState.UNCERTAIN, DeliveryState.SENT, DeliveryState.SENT]
    assert sorted(message["chat"]["id"] for message in telegram.sent) == [4801, 4802]
    assert rows(outside, Ticket) == []
