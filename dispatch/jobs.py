"""What a worker runs: thin functions that load rows, call one channel, and write down what became of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from channels.base import Channel
from channels.errors import BadAddress, SendError, WindowClosed
from channels.message import DeliveryState, Receipt
from dispatch import costs, outbox
from dispatch.costs import Allowance
from dispatch.models import CitizenAddress, Outbox
from dispatch.runtime import Runtime, current
from dispatch.services import breaker, failures, window

log = logging.getLogger("aduan.send")
#: A drain ends after this time, well before the queue would kill it in the middle of a call; the clock rings again.
LONGEST_DRAIN = timedelta(minutes=2)


def send(provider: str, *row_ids: int) -> int:
    """Calling this will send every due row of a provider, however few the bell named; returns how many were tried."""
    return drain(current(), provider)


def drain(runtime: Runtime, provider: str, rounds: int = 250, pause: Callable[[float], None] = time.sleep) -> int:
    """Calling this will claim and send until nothing of the provider is due or allowed, in at most ``rounds`` claims
    and two minutes, no faster than the channel may be handed messages; ``pause`` waits so many seconds.
    """
    channel = runtime.channel(provider)
    lane = outbox.lanes(runtime.registry)[provider]
    pace = Pace(channel.limits.per_second, runtime.now, pause)
    began = runtime.now()
    tried = 0
    for _ in range(rounds):
        pace.wait()
        claims, probe = _claim(runtime, channel, lane)
        for claim in claims:
            _send_one(runtime, channel, claim, probe)
        tried += len(claims)
        if not claims or runtime.now() - began > LONGEST_DRAIN:
            break
    return tried


class Pace:
    """Calling this will keep calls apart: a bucket of one token that fills ``per_second`` times a second."""

    def __init__(self, per_second: float, now: Callable[[], datetime], pause: Callable[[float], None]) -> None:
        self.gap = timedelta(seconds=1 / per_second) if per_second > 0 else timedelta()
        self.now = now
        self.pause = pause
        self.ready: datetime | None = None

    def wait(self) -> None:
        """Calling this will wait for the token, never longer than it takes to fill: clocks are set back at times."""
        now = self.now()
        if self.ready is None or self.ready <= now:
            self.ready = now
        else:
            self.pause(min(self.ready - now, self.gap).total_seconds())
        self.ready += self.gap


def _claim(runtime: Runtime, channel: Channel, lane: outbox.Lane) -> tuple[list[outbox.Claim], bool]:
    """One due row, if the provider does not rest and today's budget allows it; and whether it probes the provider."""
    now = runtime.now()
    with runtime.writing() as session:
        gate = breaker.gate(session, now, channel.name)
        if not gate.open:
            return [], False
        allowed = costs.allowance(session, runtime.region, now, channel.kind)
        if allowed is Allowance.NONE:
            return [], False
        claims = outbox.claim(
            session,
            now,
            lane,
            per_person=channel.limits.per_person,
            staff_only=allowed is Allowance.STAFF,
        )
        if claims and gate.probe:
            breaker.begin_probe(session, now, channel.name)
    return claims, gate.probe


def _send_one(runtime: Runtime, channel: Channel, claim: outbox.Claim, probe: bool = False) -> None:
    """Hand one claimed row to its channel. What the error tree says decides what becomes of the row."""
    refusal = _refused_here(runtime, channel, claim)
    if refusal is not None:
        with runtime.writing() as session:
            state = failures.refused(runtime, session, channel, claim, refusal, asked=False)
            if probe:
                breaker.end_probe(session, runtime.now(), channel.name)
        _log(channel, claim, str(state or "settled already"), refusal.code)
        return
    try:
        receipt = channel.send(claim.message)
    except SendError as error:
        with runtime.writing() as session:
            state = failures.refused(runtime, session, channel, claim, error)
        _log(channel, claim, str(state or "settled already"), error.code)
    except Exception as error:
        # A fault of ours after the claim: whether the provider got it is not known, so it is not sent again.
        with runtime.writing() as session:
            outbox.settle_uncertain(session, runtime.now(), claim, f"internal: {type(error).__name__}", "")
        log.exception("send broke", extra={"channel": channel.name, "outbox": claim.row_id})
    else:
        _sent(runtime, channel, claim, receipt)
        _log(channel, claim, str(receipt.state), "")


def _refused_here(runtime: Runtime, channel: Channel, claim: outbox.Claim) -> SendError | None:
    """What the provider need not be asked: a window that is closed, an address where nobody is reached."""
    with runtime.reading() as session:
        row = session.get_one(Outbox, claim.row_id)
        address = session.get_one(CitizenAddress, row.address_id)
    if address.bad_at is not None:
        return BadAddress(address.bad_reason or "nobody is reached at this address")
    if not claim.message.template and not window.is_open(address, channel.limits.reply_window, runtime.now()):
        return WindowClosed("the reply window is closed")
    return None


def _sent(runtime: Runtime, channel: Channel, claim: outbox.Claim, receipt: Receipt) -> None:
    category = ""
    if channel.limits.reply_window is not None:  # until the provider's report says what it bills
        category = "utility" if claim.message.template else "service"
    price = costs.price(runtime.region.delivery, channel.name, category, receipt.parts)
    with runtime.writing() as session:
        now = runtime.now()
        outbox.settle_sent(
            session,
            now,
            claim,
            receipt.external_id,
            receipt.state,
            segments=receipt.parts,
            category=category,
            cost=price,
        )
        breaker.worked(session, now, channel.name)
        if receipt.state is DeliveryState.FAILED:  # taken and refused in one breath
            failures.reported(runtime, session, channel, claim.row_id, "")


def _log(channel: Channel, claim: outbox.Claim, outcome: str, code: str) -> None:
    log.info("send settled", extra={"channel": channel.name, "outbox": claim.row_id, "outcome": outcome, "code": code})
