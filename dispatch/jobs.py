"""What a worker runs: thin functions that load rows, call one channel, and write down what became of it."""

from __future__ import annotations

import logging

from channels.base import Channel
from channels.errors import Misconfigured, OutcomeUnknown, Permanent, RecipientStopped, Temporary
from dispatch import outbox
from dispatch.runtime import Runtime, current
from dispatch.services import delivery

log = logging.getLogger("aduan.send")
#: How long a broken account (wrong key, unknown sender) waits before the next try: an operator must act first.
MISCONFIGURED_WAIT = 300.0


def send(provider: str, *row_ids: int) -> int:
    """Calling this will send every due row of a provider, however few the bell named; returns how many were tried."""
    return drain(current(), provider)


def drain(runtime: Runtime, provider: str, rounds: int = 250) -> int:
    """Calling this will claim and send until nothing of the provider is due, in at most ``rounds`` claims."""
    channel = runtime.channel(provider)
    lane = outbox.lanes(runtime.registry)[provider]
    tried = 0
    for _ in range(rounds):
        with runtime.writing() as session:
            claims = outbox.claim(session, runtime.now(), lane)
        for claim in claims:
            _send_one(runtime, channel, claim)
        tried += len(claims)
        if not claims:
            break
    return tried


def _send_one(runtime: Runtime, channel: Channel, claim: outbox.Claim) -> None:
    """Hand one claimed row to its channel. What the error tree says decides what becomes of the row."""
    try:
        receipt = channel.send(claim.message)
    except Temporary as error:
        with runtime.writing() as session:
            state = outbox.settle_later(session, runtime.now(), claim, str(error), error.code, error.retry_after)
        outcome, code = str(state), error.code
    except Misconfigured as error:
        with runtime.writing() as session:
            outbox.settle_later(session, runtime.now(), claim, str(error), error.code, MISCONFIGURED_WAIT)
        outcome, code = "misconfigured", error.code
    except Permanent as error:
        with runtime.writing() as session:
            outbox.settle_failed(session, runtime.now(), claim, str(error), error.code)
            if isinstance(error, RecipientStopped):
                delivery.stop_recipient(session, runtime.now(), claim.row_id)
        outcome, code = "failed", error.code
    except OutcomeUnknown as error:
        with runtime.writing() as session:
            outbox.settle_uncertain(session, runtime.now(), claim, str(error), error.code)
        outcome, code = "uncertain", error.code
    except Exception as error:
        # A fault of ours after the claim: whether the provider got it is not known, so it is not sent again.
        with runtime.writing() as session:
            outbox.settle_uncertain(session, runtime.now(), claim, f"internal: {type(error).__name__}", "")
        log.exception("send broke", extra={"channel": channel.name, "outbox": claim.row_id})
        return
    else:
        with runtime.writing() as session:
            outbox.settle_sent(session, runtime.now(), claim, receipt.external_id, receipt.state)
        outcome, code = str(receipt.state), ""
    log.info("send settled", extra={"channel": channel.name, "outbox": claim.row_id, "outcome": outcome, "code": code})
