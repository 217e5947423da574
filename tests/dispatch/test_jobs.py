"""Sending: what becomes of a row for each way a channel can answer, and what the log tells of it (nothing personal)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from channels.base import Channel, Limits
from channels.errors import (
    BadAddress,
    ChannelError,
    Misconfigured,
    OutcomeUnknown,
    Permanent,
    RecipientStopped,
    SendError,
    Temporary,
    Throttled,
    WindowClosed,
)
from channels.message import DeliveryState, OutboundMessage, Receipt
from channels.registry import Registry
from dispatch import jobs
from dispatch import runtime as wiring
from dispatch.logs import JsonLines
from dispatch.models import CitizenAddress, Outbox
from dispatch.runtime import Runtime
from tests.support.rows import ADDRESSES, outbox_row, promised

S = DeliveryState
TOKEN = "123456:telegram-token-for-tests"
PHONE = ADDRESSES["sms"].value
SECRET_WORDS = f"https://api.example.org/bot{TOKEN}/sendMessage to {PHONE}: Jalan rusak"


#: What the error tree decides is the same whatever stores it.
one_database = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


class Scripted(Channel):
    """A channel object without a provider: it answers what the test wrote down."""

    kind = "sms"
    limits = Limits(text_length=1000)

    def __init__(self, answer: Callable[[OutboundMessage], Receipt]) -> None:
        super().__init__({}, "http://127.0.0.1:8000")
        self.answer = answer
        self.seen: list[str] = []

    @property
    def account(self) -> str:
        return "ours"

    def send(self, message: OutboundMessage) -> Receipt:
        self.seen.append(message.text)
        return self.answer(message)


def raising(error: BaseException) -> Callable[[OutboundMessage], Receipt]:
    def answer(message: OutboundMessage) -> Receipt:
        raise error

    return answer


@pytest.fixture
def send(runtime: Runtime) -> Callable[[Callable[[OutboundMessage], Receipt]], Scripted]:
    def go(answer: Callable[[OutboundMessage], Receipt]) -> Scripted:
        channel = Scripted(answer)
        runtime.__dict__["registry"] = Registry({"sms": channel})
        jobs.drain(runtime, "sms")
        return channel

    return go


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Everything logged, as the processes write it."""
    written: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(self.format(record))

    handler = Keep()
    handler.setFormatter(JsonLines("tests"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


#: Error → state, seconds until the next try (None: no other), whether the address is stopped, its code on the row.
ERRORS: dict[str, tuple[BaseException, DeliveryState, float | None, bool, str]] = {
    "temporary": (Temporary("busy", code="503"), S.QUEUED, 15, False, "503"),
    "temporary-told": (Temporary("slow down", code="429", retry_after=40), S.QUEUED, 40, False, "429"),
    "temporary-absurd": (Temporary("slow down", retry_after=1e300), S.QUEUED, 86400, False, ""),
    "misconfigured": (Misconfigured("bad key", code="20003"), S.QUEUED, 0, False, "20003"),
    "throttled": (Throttled("too fast", code="20429", retry_after=40), S.QUEUED, 0, False, "20429"),
    "window-closed": (WindowClosed("too late", code="63016"), S.FAILED, None, False, "63016"),
    "bad-address": (BadAddress("not a number", code="21211"), S.FAILED, None, False, "21211"),
    "permanent": (Permanent("no such number", code="21211"), S.FAILED, None, False, "21211"),
    "recipient-stopped": (RecipientStopped("blocked", code="21610"), S.FAILED, None, True, "21610"),
    "outcome-unknown": (OutcomeUnknown("timed out", code="timeout"), S.UNCERTAIN, None, False, "timeout"),
    "bare-send-error": (SendError("something"), S.UNCERTAIN, None, False, ""),
    "channel-error": (ChannelError("something"), S.UNCERTAIN, None, False, ""),
    "fault-of-ours": (KeyError("surprise"), S.UNCERTAIN, None, False, ""),
}


@one_database
@pytest.mark.parametrize(("error", "state", "wait", "stopped", "code"), ERRORS.values(), ids=ERRORS)
def test_an_error_decides_what_becomes_of_the_row(runtime, clock, send, error, state, wait, stopped, code):
    [row_id] = promised(runtime, channel="sms")
    channel = send(raising(error))
    assert len(channel.seen) == 1
    row = outbox_row(runtime, row_id)
    untouched = isinstance(error, Throttled | Misconfigured)  # the channel waits, not the message
    assert (row.state, row.error_code, row.attempts) == (state, code, 0 if untouched else 1)
    assert row.error
    if wait is None:
        assert row.settled_at == clock()
    else:
        assert timedelta(0) <= row.next_at - clock() - timedelta(seconds=wait) < timedelta(seconds=1)
    with runtime.reading() as session:
        [address] = session.scalars(select(CitizenAddress)).all()
    assert (address.stopped_at is not None) is stopped


RECEIPTS = {"sent": S.SENT, "queued-at-the-provider": S.QUEUED, "delivered": S.DELIVERED}


@pytest.mark.parametrize("state", RECEIPTS.values(), ids=RECEIPTS)
def test_a_receipt_is_written_down(runtime, clock, send, state):
    [row_id] = promised(runtime, channel="sms")
    send(lambda message: Receipt(external_id=f"SM-{message.key}", state=state))
    row = outbox_row(runtime, row_id)
    assert row.external_id == f"SM-{row.key}"
    assert row.sent_at == clock()
    assert send(lambda message: Receipt(external_id="SM-again")).seen == []  # never a second time


def test_the_claim_is_committed_before_the_call(runtime, send):
    [row_id] = promised(runtime, channel="sms")

    def answer(message: OutboundMessage) -> Receipt:
        row = outbox_row(runtime, row_id)
        assert (row.state, bool(row.lease_until)) == (S.SENDING, True)
        return Receipt(external_id="SM1")

    send(answer)
    assert outbox_row(runtime, row_id).state == S.SENT


def test_a_sender_killed_in_the_call_leaves_one_row_in_doubt_and_the_others_unsent(runtime, clock, send):
    ids = [promised(runtime, channel="sms", value=f"+62811000000{n}")[0] for n in range(4)]
    with pytest.raises(SystemExit):
        send(raising(SystemExit(1)))
    assert [outbox_row(runtime, each).state for each in ids] == [S.SENDING, S.QUEUED, S.QUEUED, S.QUEUED]


@one_database
def test_one_person_s_messages_leave_in_order_even_when_the_first_must_wait(runtime, clock, send):
    promised(runtime, ("satu", "dua"), channel="sms")
    assert send(raising(Temporary("busy", retry_after=10))).seen == ["satu"]
    clock.forward(seconds=12)
    assert send(lambda message: Receipt(external_id=f"SM-{message.key}")).seen == ["satu", "dua"]


def test_what_was_queued_for_a_person_who_stopped_us_is_not_tried(runtime, send):
    first, second = promised(runtime, ("satu", "dua"), channel="sms")
    [other] = promised(runtime, channel="sms", value="+628110000002")

    def answer(message: OutboundMessage) -> Receipt:
        if message.text == "satu":
            raise RecipientStopped("blocked", code="21610")
        return Receipt(external_id=f"SM-{message.key}")

    assert send(answer).seen == ["satu", "halo"]
    assert [outbox_row(runtime, each).state for each in (first, second, other)] == [S.FAILED, S.FAILED, S.SENT]


@one_database
@pytest.mark.parametrize(
    "kind", [Temporary, Throttled, Misconfigured, Permanent, RecipientStopped, OutcomeUnknown, WindowClosed, KeyError]
)
def test_no_log_of_a_failed_send_holds_token_number_or_text(runtime, send, lines, kind):
    promised(runtime, ("Jalan rusak",), channel="sms")
    send(raising(kind(SECRET_WORDS)))
    assert any('"outbox": ' in line for line in lines)
    for line in lines:
        for word in (TOKEN, PHONE, "Jalan rusak"):
            assert word not in line


@one_database
def test_the_job_uses_the_runtime_of_its_process_whatever_rows_the_bell_named(runtime, monkeypatch):
    ids = [promised(runtime, channel="sms", value=f"+62811000000{n}")[0] for n in range(2)]
    channel = Scripted(lambda message: Receipt(external_id=f"SM-{message.key}"))
    runtime.__dict__["registry"] = Registry({"sms": channel})
    monkeypatch.setattr(wiring, "_installed", {})
    wiring.install(runtime)
    assert jobs.send("sms", ids[0]) == 2
    with runtime.reading() as session:
        assert {row.state for row in session.scalars(select(Outbox))} == {S.SENT}
    assert jobs.send("sms") == 0


@one_database
def test_a_channel_that_is_off_is_a_loud_fault(runtime):
    with pytest.raises(KeyError):
        jobs.drain(runtime, "telegram")


@one_database
def test_a_drain_ends_after_its_rounds(runtime, send):
    for number in range(3):
        promised(runtime, channel="sms", value=f"+62811000000{number}")
    channel = Scripted(lambda message: Receipt(external_id=f"SM-{message.key}"))
    runtime.__dict__["registry"] = Registry({"sms": channel})
    assert jobs.drain(runtime, "sms", rounds=2) == 2
