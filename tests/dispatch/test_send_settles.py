"""A message a provider has taken is never handed over again, whatever the provider calls its first state."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from channels.base import Channel, Limits
from channels.message import DeliveryState, OutboundMessage, Receipt
from dispatch import jobs
from dispatch.models import Outbox
from dispatch.runtime import Runtime
from tests.support.clock import Clock
from tests.support.talk import Citizen


class Taking(Channel):
    """A channel whose provider takes everything and names its first state as told."""

    kind = "whatsapp"
    limits = Limits(text_length=1600)

    def __init__(self, state: DeliveryState) -> None:
        super().__init__({}, "http://127.0.0.1:8000")
        self.state = state
        self.taken: list[str] = []

    @property
    def account(self) -> str:
        """Ours."""
        return "ours"

    def send(self, message: OutboundMessage) -> Receipt:
        """Take it."""
        self.taken.append(message.key)
        return Receipt(external_id=f"x-{len(self.taken)}", state=self.state)


FIRST_STATES = {
    DeliveryState.UNKNOWN: DeliveryState.SENT,
    DeliveryState.QUEUED: DeliveryState.SENT,
    DeliveryState.SENDING: DeliveryState.SENT,
    DeliveryState.SENT: DeliveryState.SENT,
    DeliveryState.DELIVERED: DeliveryState.DELIVERED,
    DeliveryState.FAILED: DeliveryState.FAILED,
}


@pytest.mark.parametrize("first", FIRST_STATES)
def test_taken_once_is_never_sent_again(trained: Runtime, clock: Clock, first: DeliveryState) -> None:
    Citizen(trained).says("Lampu jalan di depan pasar Gusher Tarakan mati")
    channel = Taking(first)
    trained.registry.channels["whatsapp"] = channel
    for _ in range(3):
        jobs.drain(trained, "whatsapp")
        clock.instant += timedelta(hours=1)
    assert len(channel.taken) == len(set(channel.taken)) == 2  # receipt and privacy notice
    with trained.reading() as session:
        assert {row.state for row in session.scalars(select(Outbox))} == {FIRST_STATES[first]}
