"""Twilio's webhook fails for a while: what was said meanwhile is fetched, and every report is one ticket."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.door import receive
from bot.fetching import fetch
from bot.jobs import drain_inbound
from channels._twilio import Twilio
from channels.base import RawRequest
from channels.errors import Temporary
from dispatch.models import Cursor, InboundEvent, Message, Ticket
from dispatch.runtime import Runtime
from tests.channels.twilio_cases import signed
from tests.support.clock import Clock
from tests.support.desk import rows
from tests.support.providers.base import RESET
from tests.support.providers.twilio import ACCOUNT, SMS_FROM, TOKEN, WHATSAPP_FROM, TwilioStandIn

ME = "this process"


@pytest.fixture
def provider() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def environment(environment: dict[str, str], provider: TwilioStandIn) -> dict[str, str]:
    twilio = {
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_WHATSAPP_FROM": WHATSAPP_FROM,
        "TWILIO_SMS_FROM": SMS_FROM,
        "TWILIO_API_URL": provider.url,
    }
    return {**environment, **twilio}


def channel(runtime: Runtime, name: str) -> Twilio:
    found = runtime.channel(name)
    assert isinstance(found, Twilio)
    found.now = runtime.now
    return found


@pytest.fixture
def whatsapp(runtime: Runtime) -> Twilio:
    return channel(runtime, "whatsapp")


def report(provider: TwilioStandIn, number: int, *, to: str = WHATSAPP_FROM) -> dict[str, str]:
    """The report of one citizen of their own, as the webhook would post it."""
    prefix = "whatsapp:" if to.startswith("whatsapp:") else ""
    text = f"Jalan di depan rumah nomor {number} berlubang besar dan berbahaya"
    return provider.message_form(f"{prefix}+62811{number:07d}", to, text, MessageSid=f"SM{number:032x}")


def post(runtime: Runtime, channel: Twilio, form: dict[str, str]) -> None:
    request: RawRequest = signed(form, channel.hook)
    receive(runtime, channel, request)


def test_an_outage_of_thirty_messages_leaves_thirty_tickets(
    trained: Runtime, whatsapp: Twilio, provider: TwilioStandIn, clock: Clock
) -> None:
    provider.page_size = 7
    for number in range(1, 6):  # before the outage the webhook brings them
        form = report(provider, number)
        provider.receive(form, clock())
        post(trained, whatsapp, form)
        clock.forward(minutes=1)
    for number in range(6, 36):
        provider.receive(report(provider, number), clock(), files=["image/jpeg"] if number % 3 == 0 else [])
        clock.forward(minutes=10)
    assert fetch(trained, whatsapp, ME, 0) == 35
    late = report(provider, 20)  # the webhook comes after all
    post(trained, whatsapp, late)
    clock.forward(minutes=5)
    assert fetch(trained, whatsapp, ME, 0) == 0
    drain_inbound(trained)
    assert len(rows(trained, InboundEvent)) == 35
    assert sorted(each.provider_id for each in rows(trained, Message) if each.direction == "in") == [
        f"SM{number:032x}" for number in range(1, 36)
    ]
    assert len(rows(trained, Ticket)) == 35
    assert len({ticket.citizen_id for ticket in rows(trained, Ticket)}) == 35


def test_another_process_takes_over_without_a_second_ticket(
    trained: Runtime, whatsapp: Twilio, provider: TwilioStandIn, clock: Clock
) -> None:
    """It knows only the stored cursor, not what the first had in memory."""
    for number in range(1, 6):
        provider.receive(report(provider, number), clock())
        clock.forward(minutes=3)
    fetch(trained, whatsapp, ME, 0)
    whatsapp._taken.clear()
    assert fetch(trained, whatsapp, ME, 0) == 5
    drain_inbound(trained)
    assert len(rows(trained, Ticket)) == 5


def test_a_break_in_the_middle_loses_nothing(
    trained: Runtime, whatsapp: Twilio, provider: TwilioStandIn, clock: Clock
) -> None:
    for number in range(1, 6):
        provider.receive(report(provider, number), clock(), files=["image/jpeg"] if number == 3 else [])
        clock.forward(minutes=3)
    provider.fail(RESET, path=r".*/Media\.json")
    with pytest.raises(Temporary):
        fetch(trained, whatsapp, ME, 0)
    assert len(rows(trained, InboundEvent)) == 4
    fetch(trained, whatsapp, ME, 0)
    drain_inbound(trained)
    assert len(rows(trained, Ticket)) == 5


def test_an_sms_is_its_own_row_of_memory(trained: Runtime, provider: TwilioStandIn, clock: Clock) -> None:
    sms = channel(trained, "sms")
    at = clock()
    provider.receive(report(provider, 1, to=SMS_FROM), at)
    provider.receive(report(provider, 2), at)
    clock.forward(minutes=5)
    assert fetch(trained, sms, ME, 0) == 1
    drain_inbound(trained)
    assert [ticket.channel for ticket in rows(trained, Ticket)] == ["sms"]
    with trained.reading() as session:
        cursor = session.get_one(Cursor, f"sms:{SMS_FROM}")
        assert session.get(Cursor, f"whatsapp:{WHATSAPP_FROM}") is None
    assert cursor.value == at.isoformat()


def test_a_fetched_message_counts_from_when_it_was_said(
    trained: Runtime, whatsapp: Twilio, provider: TwilioStandIn, clock: Clock
) -> None:
    said = clock()
    provider.receive(report(provider, 1), said)
    clock.forward(hours=20)
    fetch(trained, whatsapp, ME, 0)
    drain_inbound(trained)
    [ticket] = rows(trained, Ticket)
    assert (ticket.spoken_at, ticket.opened_at) == (said, said + timedelta(hours=20))
