"""The door: the order of its steps, and what it makes of whatever an adapter hands over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from bot.door import pulled, receive, take
from channels.base import Acknowledgement, Channel, Limits, RawRequest
from channels.errors import Forged, Malformed
from channels.message import Address, Event, InboundMessage, OutboundMessage, Receipt, Unreadable
from dispatch.models import EventState, InboundEvent
from dispatch.runtime import Runtime
from tests.support.desk import rows

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
REQUEST = RawRequest("POST", "https://x.example/hooks/uji", {"Content-Type": "text/x-uji"}, b"isi", Any)  # type: ignore[arg-type]


def message(external_id: str = "m1", **fields: Any) -> InboundMessage:
    values = {"channel": "whatsapp", "account": "ours", "sender": Address("tel", "+62811"), "text": "Jalan rusak"}
    return InboundMessage(external_id=external_id, **{**values, **fields})


class Scripted(Channel):
    """A channel that does what it is told and writes down the order in which it was asked."""

    kind = "whatsapp"
    limits = Limits(text_length=1000)
    account = "ours"

    def __init__(self, parse: Callable[[], Sequence[Event]], *, forged: bool = False) -> None:
        super().__init__({}, "https://x.example")
        self.asked: list[str] = []
        self._parse, self._forged = parse, forged

    def verify(self, request: RawRequest) -> None:
        self.asked.append("verify")
        if self._forged:
            raise Forged("no")

    def parse(self, request: RawRequest) -> Sequence[Event]:
        self.asked.append("parse")
        return self._parse()

    def acknowledge(self, request: RawRequest) -> Acknowledgement:
        self.asked.append("acknowledge")
        return Acknowledgement("terima kasih")

    def send(self, message: OutboundMessage) -> Receipt:
        raise NotImplementedError


def fails() -> Sequence[Event]:
    raise ZeroDivisionError


def malformed() -> Sequence[Event]:
    raise Malformed("torn")


def test_the_order_is_verify_parse_record_acknowledge(runtime: Runtime) -> None:
    channel = Scripted(lambda: [message()])
    assert receive(runtime, channel, REQUEST).body == "terima kasih"
    assert channel.asked == ["verify", "parse", "acknowledge"]
    [event] = rows(runtime, InboundEvent)
    assert (event.raw, event.content_type, event.state) == (b"isi", "text/x-uji", EventState.NEW)


@on_sqlite
def test_nothing_of_what_is_forged_is_parsed_or_stored(runtime: Runtime) -> None:
    channel = Scripted(lambda: [message()], forged=True)
    with pytest.raises(Forged):
        receive(runtime, channel, REQUEST)
    assert channel.asked == ["verify"]
    assert rows(runtime, InboundEvent) == []


@on_sqlite
def test_nothing_is_acknowledged_that_was_not_committed(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise OSError

    channel = Scripted(lambda: [message()])
    monkeypatch.setattr("bot.door.record_inbound", away)
    with pytest.raises(OSError):
        receive(runtime, channel, REQUEST)
    assert "acknowledge" not in channel.asked


@pytest.mark.parametrize("parse", [fails, malformed], ids=["the adapter fails", "the body is torn"])
def test_what_cannot_be_read_is_quarantined_and_acknowledged(
    runtime: Runtime, parse: Callable[[], Sequence[Event]]
) -> None:
    channel = Scripted(parse)
    for _ in range(3):
        receive(runtime, channel, REQUEST)
    assert channel.asked.count("acknowledge") == 3
    [event] = rows(runtime, InboundEvent)
    assert (event.state, event.raw, event.kind) == (EventState.QUARANTINED, b"isi", "unreadable")


def test_an_unreadable_item_does_not_take_its_neighbours_along(runtime: Runtime) -> None:
    bad = Unreadable(channel="whatsapp", account="ours", external_id="m2", reason="no rule", raw=b"slice")
    recorded = take(runtime, Scripted(lambda: [message("m1"), bad, message("m3")]), REQUEST)
    assert len(recorded.new) == 3
    assert [(row.state, row.raw) for row in rows(runtime, InboundEvent)] == [
        (EventState.NEW, b"isi"),
        (EventState.QUARANTINED, b"slice"),
        (EventState.NEW, b"isi"),
    ]


@on_sqlite
def test_an_empty_list_is_nothing_for_us(runtime: Runtime) -> None:
    assert receive(runtime, Scripted(list), REQUEST).status == 200
    assert rows(runtime, InboundEvent) == []


def test_one_batch_may_name_the_same_event_twice(runtime: Runtime) -> None:
    recorded = take(runtime, Scripted(lambda: [message(), message(text="lain")]), REQUEST)
    assert (len(recorded.new), recorded.repeats) == (1, 1)
    assert rows(runtime, InboundEvent)[0].payload["text"] == "Jalan rusak"


def test_ids_of_two_accounts_do_not_meet(runtime: Runtime) -> None:
    take(runtime, Scripted(lambda: [message(), message(account="other"), message(channel="sms")]), REQUEST)
    assert len(rows(runtime, InboundEvent)) == 3


TEXTS = {
    "NUL": "a\x00b",
    "a lone surrogate": "a\ud800b",
    "a pair of surrogates the wrong way round": "\udc00\ud800",
    "every plane": "👍𝔸漢",
    "a hundred thousand characters": "x" * 100_000,
}


@on_sqlite
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_any_text_can_be_stored(runtime: Runtime, text: str) -> None:
    take(runtime, Scripted(lambda: [message(text=text, sender_name=text[:50], subject=text[:50])]), REQUEST)
    [event] = rows(runtime, InboundEvent)
    assert len(event.payload["text"]) == len(text)


@on_sqlite
def test_what_we_fetched_ourselves_reads_like_a_request(runtime: Runtime) -> None:
    request = pulled(runtime, b"{}", {"Content-Type": "application/json"})
    assert (request.method, request.body, request.header("content-type")) == ("POST", b"{}", "application/json")
    assert request.received_at == runtime.now()
