"""Sending, and the suite of all channels: the real library against a Bot API on loopback."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from logging.handlers import QueueHandler
from pathlib import Path
from typing import Any

import pytest

from channels.base import Channel, RawRequest
from channels.errors import (
    BadAddress,
    Misconfigured,
    OutcomeUnknown,
    Permanent,
    RecipientStopped,
    SendError,
    Temporary,
)
from channels.message import (
    Address,
    DeliveryState,
    Event,
    InboundMessage,
    OutboundMessage,
    Receipt,
)
from channels.telegram import Telegram
from tests.channels.contract import ChannelContract, SendCase
from tests.support.providers.base import ACCEPT_THEN_500, RESET, Plan, hang, status
from tests.support.providers.telegram import (
    SECRET,
    TOKEN,
    TelegramStandIn,
    flood,
    press_update,
    refusal,
    text_update,
)

PAYLOADS = Path(__file__).parent / "payloads" / "telegram"
LEAK = f"no such page: /bot{TOKEN}/sendMessage /bot{TOKEN.replace(':', '%3A')}/sendMessage".encode()
WHO = Address("telegram", "810000001")
PUBLIC = "https://aduan.example.go.id"


def request(body: bytes, headers: dict[str, str] | None = None) -> RawRequest:
    at = datetime(2025, 6, 15, tzinfo=UTC)
    return RawRequest("POST", f"{PUBLIC}/hooks/telegram", headers or {}, body, at)


def parsed(channel: Channel, update: dict[str, Any]) -> Event:
    (event,) = channel.parse(request(json.dumps(update).encode()))
    return event


class Quick(Telegram):
    read_timeout = 0.5


def quick(url: str, **values: str) -> Telegram:
    return Quick({"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": url, **values}, PUBLIC)


@pytest.fixture
def api() -> Iterator[TelegramStandIn]:
    with TelegramStandIn() as provider:
        yield provider


@pytest.fixture
def telegram(api: TelegramStandIn) -> Iterator[Telegram]:
    made = quick(api.url)
    yield made
    made.close()


def answer(text: str = "Laporan diterima", **fields: Any) -> OutboundMessage:
    return replace(OutboundMessage(key="k1", recipient=WHO, text=text), **fields)


def test_a_send_is_one_plain_call_and_its_receipt_names_chat_and_message(
    telegram: Telegram, api: TelegramStandIn
) -> None:
    text = "Laporan *KU-4F7K* <b>diterima</b> https://aduan.example.go.id/lacak 🙏"
    assert telegram.send(answer(text)) == Receipt(external_id="810000001:1", state=DeliveryState.SENT)
    assert [seen.path for seen in api.requests] == [f"/bot{TOKEN}/sendMessage"]
    assert api.calls("sendMessage") == [
        {
            "chat_id": "810000001",
            "text": text,
            "link_preview_options": '{"is_disabled": true}',
            "reply_markup": '{"remove_keyboard": true}',
        }
    ]


@pytest.mark.parametrize(
    ("reply_to", "number"),
    [
        ((), None),
        (("810000001:7", "810000001:41"), 41),
        (("810000001:7", "99:41", "<a@b>"), 7),
        (("810000001:x", "810000001:", "SM123", "-810000001:5"), None),
    ],
)
def test_an_answer_is_threaded_below_the_newest_message_of_its_chat(
    telegram: Telegram, api: TelegramStandIn, reply_to: tuple[str, ...], number: int | None
) -> None:
    telegram.send(answer(reply_to=reply_to))
    asked = api.calls("sendMessage")[0].get("reply_parameters")
    wanted = None if number is None else {"message_id": number, "allow_sending_without_reply": True}
    assert (asked and json.loads(asked)) == wanted


#: What is asked for → the one button; None: the button of an earlier message goes.
ASKS: dict[str, tuple[str, dict[str, Any] | None]] = {
    "nothing": ("", None),
    "place": ("place", {"text": "📍", "request_location": True}),
    "place-in-words": ("place 📍 Kirim lokasi saya", {"text": "📍 Kirim lokasi saya", "request_location": True}),
    "phone": ("phone", {"text": "📞", "request_contact": True}),
    "phone-in-words": ("phone Kirim nomor saya", {"text": "Kirim nomor saya", "request_contact": True}),
    "unheard-of": ("horoscope", None),
    "leave-in-private": ("leave", None),
}


@pytest.mark.parametrize("name", ASKS)
def test_a_button_is_offered_once_and_goes_with_the_next_message(
    telegram: Telegram, api: TelegramStandIn, name: str
) -> None:
    asks, button = ASKS[name]
    telegram.send(answer(asks=asks))
    markup = json.loads(api.calls("sendMessage")[0]["reply_markup"])
    if button is None:
        assert markup == {"remove_keyboard": True}
    else:
        assert markup == {"keyboard": [[button]], "one_time_keyboard": True, "resize_keyboard": True}
    assert api.left == []


GROUP = Address("telegram", "-1001500000001")
#: What happens to the words said in a group → is it left, what the sender hears.
LEAVINGS: dict[str, tuple[Plan | None, bool, type[SendError] | None]] = {
    "said": (None, True, None),
    "may-not-write": (refusal(400, "Bad Request: not enough rights to send text messages"), True, Permanent),
    "thrown-out-meanwhile": (refusal(403, "Forbidden: bot was kicked from the group"), True, RecipientStopped),
    "perhaps-said": (RESET, True, OutcomeUnknown),
    "too-fast": (flood(3), False, Temporary),
    "token-revoked": (refusal(401, "Unauthorized"), False, Misconfigured),
}


@pytest.mark.parametrize("name", LEAVINGS)
def test_a_group_is_told_and_left(telegram: Telegram, api: TelegramStandIn, name: str) -> None:
    plan, left, error = LEAVINGS[name]
    if plan:
        api.fail(plan, path=".*/sendMessage")
    with pytest.raises(error) if error else contextlib.nullcontext():
        telegram.send(answer(recipient=GROUP, asks="leave"))
    assert api.left == ([int(GROUP.value)] if left else [])


def test_a_group_gets_no_keyboard(telegram: Telegram, api: TelegramStandIn) -> None:
    telegram.send(answer(recipient=GROUP, asks="place"))
    assert "reply_markup" not in api.calls("sendMessage")[0]
    assert api.left == []


def test_a_group_that_cannot_be_left_spoils_no_receipt(
    telegram: Telegram, api: TelegramStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    api.fail(refusal(400, f"Bad Request: bot {TOKEN} is the owner"), path=".*/leaveChat")
    assert telegram.send(answer(recipient=GROUP, asks="leave")).external_id == f"{GROUP.value}:1"
    assert "a group could not be left" in caplog.text
    assert TOKEN.partition(":")[2].lower() not in str([record.__dict__ for record in caplog.records]).lower()


def test_the_press_of_a_button_is_answered_when_it_is_acknowledged(telegram: Telegram, api: TelegramStandIn) -> None:
    telegram.acknowledge(request(json.dumps(press_update(810000001, "press-1", "rate:5")).encode()))
    with api.changed:
        assert api.changed.wait_for(lambda: api.pressed, 10)
    assert api.pressed == ["press-1"]


@pytest.mark.parametrize("name", ["callback", "callback-inline", "callback-in-group", "callback-game"])
def test_every_press_is_answered_whatever_becomes_of_it(telegram: Telegram, api: TelegramStandIn, name: str) -> None:
    body = (PAYLOADS / f"{name}.json").read_bytes()
    telegram.acknowledge(request(body))
    with api.changed:
        assert api.changed.wait_for(lambda: api.pressed, 10)
    assert api.pressed == [json.loads(body)["callback_query"]["id"]]


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"callback_query": null}', b'{"callback_query": {"id": 7}}'])
def test_what_is_no_press_calls_nobody(telegram: Telegram, api: TelegramStandIn, body: bytes) -> None:
    assert telegram.acknowledge(request(body)).status == 200
    assert telegram._clients == {}


@pytest.mark.parametrize("plan", [refusal(400, "Bad Request: query is too old"), hang(20), RESET, status(404, LEAK)])
def test_a_press_that_cannot_be_answered_is_a_line_of_the_log(
    telegram: Telegram, api: TelegramStandIn, plan: Plan
) -> None:
    records: queue.Queue[logging.LogRecord] = queue.Queue()
    watch = QueueHandler(records)
    logger = logging.getLogger("channels.telegram")
    logger.addHandler(watch)
    api.fail(plan, path=".*/answerCallbackQuery")
    try:
        telegram.acknowledge(request(json.dumps(press_update(810000001, "press-1", "x")).encode()))
        record = records.get(timeout=10)
    finally:
        logger.removeHandler(watch)
    assert record.message == "a press of a button was not answered"
    assert TOKEN.partition(":")[2] not in str(record.__dict__)


def test_the_reply_to_a_sent_message_names_its_receipt(telegram: Telegram) -> None:
    receipt = telegram.send(answer())
    number = int(receipt.external_id.partition(":")[2])
    event = parsed(telegram, text_update(810000001, "masih rusak", reply_to=number))
    assert isinstance(event, InboundMessage)
    assert event.reply_to == (receipt.external_id,)


@pytest.mark.parametrize("chat", ["@kanal", "١٢", "1 OR 1", "81000000181000000180"])
def test_an_address_that_is_no_chat_is_refused_before_any_call(
    telegram: Telegram, api: TelegramStandIn, chat: str
) -> None:
    with pytest.raises(Permanent):
        telegram.send(answer(recipient=Address("telegram", chat)))
    assert api.requests == []


HEADER = "X-Telegram-Bot-Api-Secret-Token"


class TestTelegram(ChannelContract):
    secrets = (TOKEN, TOKEN.partition(":")[2], SECRET)
    forgeries = ("missing", "empty", "truncated", "longer", "padded", "other case", "wrong", "not ascii")
    recipient = WHO
    send_cases = (
        SendCase(
            "blocked", refusal(403, "Forbidden: bot was blocked by the user"), RecipientStopped, "403 bot was blocked"
        ),
        SendCase("deactivated", refusal(403, "Forbidden: user is deactivated"), BadAddress, "403 user is deactivated"),
        SendCase("chat not found", refusal(400, "Bad Request: chat not found"), BadAddress, "400 chat not found"),
        SendCase("too long", refusal(400, "Bad Request: message is too long"), Permanent, "400 message is too long"),
        SendCase("unheard of", refusal(400, "Bad Request: the stars are wrong"), Permanent, "400"),
        SendCase(
            "migrated",
            refusal(400, "Bad Request: upgraded", migrate_to_chat_id=-1001),
            Permanent,
            "400 migrated to supergroup",
        ),
        SendCase("flood", flood(7), Temporary, "429", 7.0),
        SendCase("flood without time", refusal(429, "Too Many Requests"), Temporary, "429", None),
        SendCase("flood not in JSON", status(429, b"slow down"), Temporary, "429", None),
        SendCase("flood without sense", refusal(429, "x", retry_after="soon"), Temporary, "429", None),
        SendCase("token revoked", refusal(401, "Unauthorized"), Misconfigured, "401"),
        SendCase("wrong API address", status(404, LEAK), Misconfigured, "404"),
        SendCase(
            "conflict",
            refusal(409, "Conflict: terminated by other getUpdates request"),
            Misconfigured,
            "409 other getupdates",
        ),
        SendCase("server error", refusal(500, "Internal Server Error"), OutcomeUnknown, "500"),
        SendCase("taken, then 500", ACCEPT_THEN_500, OutcomeUnknown, "500"),
        SendCase("gateway page", status(502, b"<html>" + LEAK), OutcomeUnknown, "502"),
        SendCase("reset", RESET, OutcomeUnknown, "ReadError"),
        SendCase("silence", hang(20), OutcomeUnknown, "ReadTimeout"),
        SendCase("taken, not JSON", status(200, LEAK), OutcomeUnknown, "TelegramError"),
        SendCase("taken, no result", status(200, {"ok": True}), OutcomeUnknown, "TelegramError"),
        SendCase("taken, a list", status(200, []), OutcomeUnknown, "TelegramError"),
        SendCase("taken, no message", status(200, {"ok": True, "result": {"x": 1}}), OutcomeUnknown, "TelegramError"),
    )

    @pytest.fixture
    def channel(self, api: TelegramStandIn) -> Iterator[Channel]:
        self.api = api
        made = quick(api.url, TELEGRAM_WEBHOOK_SECRET=SECRET)
        yield made
        made.close()

    def message(self, text: str) -> bytes:
        update = text_update(810000001, text)
        return json.dumps({"update_id": 1, "message": update["message"] | {"message_id": 1}}).encode()

    def genuine(self, body: bytes) -> RawRequest:
        return request(body, {HEADER: SECRET})

    def forge(self, genuine: RawRequest, forgery: str) -> RawRequest:
        headers: dict[str, dict[str, str]] = {
            "missing": {},
            "empty": {HEADER: ""},
            "truncated": {HEADER: SECRET[:-1]},
            "longer": {HEADER: f"{SECRET}x"},
            "padded": {HEADER: f" {SECRET}"},
            "other case": {HEADER: SECRET.upper()},
            "wrong": {HEADER: "wrong"},
            "not ascii": {HEADER: "rahasia–é\udcff"},
        }
        return replace(genuine, headers=headers[forgery])

    def arrange(self, plan: Plan) -> None:
        self.api.fail(plan)

    def unknown(self) -> bytes:
        return (PAYLOADS / "future-content.json").read_bytes()

    def trouble(self, what: str) -> None:
        if what == "away":
            self.api.stop()
        else:
            self.api.fail(*[refusal(401, "Unauthorized")] * 20)

    def test_another_body_under_the_same_signature_is_refused(self, channel: Channel) -> None:
        """Telegram repeats a secret and signs nothing: any body under the right secret is Telegram's by its word."""
        channel.verify(replace(self.genuine(b"{}"), body=b"[]"))


def test_a_failure_does_not_spoil_the_next_send(telegram: Telegram, api: TelegramStandIn) -> None:
    api.fail(RESET, hang(20), status(502, b""))
    for _ in range(3):
        with pytest.raises(OutcomeUnknown):
            telegram.send(answer())
    assert telegram.send(answer("lagi")).external_id == "810000001:1"


@pytest.mark.parametrize("setting", ["", "true"])
@pytest.mark.parametrize(("plan", "seconds"), [(flood(7), 7.0), (refusal(429, "Too Many Requests"), None)])
def test_the_wait_is_in_seconds_whatever_the_library_is_set_to(
    telegram: Telegram, api: TelegramStandIn, plan: Plan, seconds: float | None, setting: str, monkeypatch: Any
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", setting)
    api.fail(plan)
    with pytest.raises(Temporary) as caught:
        telegram.send(answer())
    assert caught.value.retry_after == seconds


def test_a_refused_connection_is_temporary() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        made = quick(f"http://127.0.0.1:{free.getsockname()[1]}")
        with pytest.raises(Temporary):
            made.send(answer())
        made.close()


def test_a_connection_that_is_never_accepted_is_temporary() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        made = quick(f"http://127.0.0.1:{full.getsockname()[1]}")
        with pytest.raises(Temporary, match="could not be reached") as caught:
            made.send(answer())
        assert caught.value.code == "ConnectTimeout"
        made.close()
        for client in waiting:
            client.close()


def test_an_answer_that_drips_for_ever_is_given_up() -> None:
    over = threading.Event()

    def drip(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not over.wait(0.1):
                connection.sendall(b" ")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server,))
        thread.start()
        made = quick(f"http://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(OutcomeUnknown, match="no complete answer in time"):
            made.send(answer())
        made.close()
        over.set()
        thread.join()


def test_many_threads_share_one_loop(telegram: Telegram, api: TelegramStandIn) -> None:
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(lambda n: telegram.send(answer(f"n{n}")).external_id, range(40)))
    assert len(set(receipts)) == len(api.sent) == 40
    assert [thread.name for thread in threading.enumerate()].count("telegram") == 1


def test_a_forked_process_sends_by_itself_even_when_the_lock_was_held(telegram: Telegram, api: TelegramStandIn) -> None:
    telegram.send(answer("before"))
    with telegram._locks[os.getpid()]:
        child = os.fork()
        if not child:
            outcome = 1
            signal.alarm(20)  # a child that waits for the parent's lock dies of it
            try:
                telegram.send(answer("child"))
                telegram.close()
                outcome = 0
            finally:
                os._exit(outcome)
    assert os.waitpid(child, 0)[1] == 0
    telegram.send(answer("after"))
    assert [message["text"] for message in api.sent] == ["before", "child", "after"]


def test_a_closed_channel_leaves_no_thread(telegram: Telegram) -> None:
    telegram.send(answer())
    telegram.close()
    assert "telegram" not in [thread.name for thread in threading.enumerate()]
