"""Telegram by polling: the cursor moves only past what is recorded, and one bad update stops nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bot import fetching
from bot.fetching import NotOurs, fetch, follow
from bot.process import Stop
from channels.errors import Misconfigured
from channels.telegram import Telegram
from dispatch.models import Cursor, EventState, InboundEvent
from dispatch.runtime import Runtime
from tests.support.clock import Clock
from tests.support.desk import rows
from tests.support.providers.base import RESET
from tests.support.providers.telegram import SECRET, TOKEN, TelegramStandIn, refusal, text_update

ME = "this process"
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


class Killed(BaseException):
    """What follows is what a kill leaves."""


@pytest.fixture
def provider() -> Iterator[TelegramStandIn]:
    with TelegramStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def environment(environment: dict[str, str], provider: TelegramStandIn) -> dict[str, str]:
    return {**environment, "TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": provider.url}


@pytest.fixture
def telegram(runtime: Runtime) -> Telegram:
    channel = runtime.channel("telegram")
    assert isinstance(channel, Telegram)
    return channel


def texts(runtime: Runtime) -> list[str]:
    return [event.payload.get("text", "") for event in rows(runtime, InboundEvent)]


def cursor(runtime: Runtime) -> str | None:
    with runtime.reading() as session:
        row = session.get(Cursor, f"telegram:{TOKEN.partition(':')[0]}")
    return row.value if row else None


def test_updates_are_recorded_once_and_then_confirmed(
    runtime: Runtime, telegram: Telegram, provider: TelegramStandIn
) -> None:
    updates = [text_update(4711, f"pesan {n}") for n in range(3)]
    provider.push(*updates)
    assert fetch(runtime, telegram, ME, 0) == 3
    assert cursor(runtime) == str(updates[-1]["update_id"] + 1)
    assert fetch(runtime, telegram, ME, 0) == 0
    assert provider.updates == []
    assert texts(runtime) == ["pesan 0", "pesan 1", "pesan 2"]


@pytest.mark.parametrize("statement", [3, 6, 9])
def test_a_kill_while_recording_loses_and_repeats_nothing(
    runtime: Runtime, telegram: Telegram, provider: TelegramStandIn, statement: int
) -> None:
    from sqlalchemy import event

    provider.push(*(text_update(4711, f"pesan {n}") for n in range(5)))
    seen = [0]

    def dies(*_: Any) -> None:
        seen[0] += 1
        if seen[0] == statement:
            raise Killed

    event.listen(runtime.engine, "before_cursor_execute", dies)
    with pytest.raises(Killed):
        fetch(runtime, telegram, ME, 0)
    event.remove(runtime.engine, "before_cursor_execute", dies)
    assert texts(runtime) == [f"pesan {n}" for n in range(len(texts(runtime)))]
    fetch(runtime, telegram, ME, 0)
    assert texts(runtime) == [f"pesan {n}" for n in range(5)]


def test_a_poisonous_update_is_quarantined_and_the_next_ones_come(
    runtime: Runtime, telegram: Telegram, provider: TelegramStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    parse = telegram.parse

    def breaks(request: Any) -> Any:
        if b"racun" in request.body:
            raise ZeroDivisionError
        return parse(request)

    monkeypatch.setattr(telegram, "parse", breaks)
    provider.push(text_update(4711, "racun"), text_update(4712, "jalan rusak"))
    fetch(runtime, telegram, ME, 0)
    assert [event.state for event in rows(runtime, InboundEvent)] == [EventState.QUARANTINED, EventState.NEW]
    assert fetch(runtime, telegram, ME, 0) == 0


@on_sqlite
def test_a_refusal_is_raised_and_moves_no_cursor(
    runtime: Runtime, telegram: Telegram, provider: TelegramStandIn
) -> None:
    provider.push(text_update(4711, "jalan rusak"))
    provider.fail(refusal(409, "Conflict: terminated by other getUpdates request"))
    with pytest.raises(Misconfigured):
        fetch(runtime, telegram, ME, 0)
    assert cursor(runtime) is None
    assert fetch(runtime, telegram, ME, 0) == 1


class Rounds:
    """Says stop after so many waits, which take no time."""

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds
        self.waits: list[float] = []

    def __call__(self, seconds: float) -> bool:
        if seconds:
            self.waits.append(seconds)
        self.rounds -= 1
        return self.rounds < 0


@pytest.fixture
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "WAIT_SECONDS", 0)


@on_sqlite
@pytest.mark.usefixtures("_no_wait")
def test_a_provider_that_is_away_is_asked_again_ever_more_slowly(
    runtime: Runtime, telegram: Telegram, provider: TelegramStandIn
) -> None:
    provider.push(text_update(4711, "jalan rusak"))
    provider.fail(*[refusal(502, "Bad Gateway")] * 4, path=".*/getUpdates")
    stopped = Rounds(12)
    follow(runtime, telegram, stopped, ME)
    assert stopped.waits[:4] == [2.0, 4.0, 8.0, 16.0]
    assert texts(runtime) == ["jalan rusak"]
    assert len(provider.calls("setWebhook")) == 1


@on_sqlite
@pytest.mark.usefixtures("_no_wait")
def test_before_polling_our_own_webhook_is_taken_away(
    runtime: Runtime, telegram: Telegram, provider: TelegramStandIn
) -> None:
    provider.webhook["url"] = telegram.hook
    provider.push(text_update(4711, "jalan rusak"))
    provider.fail(RESET, path=".*/setWebhook")
    follow(runtime, telegram, Rounds(8), ME)
    assert texts(runtime) == ["jalan rusak"]


@on_sqlite
@pytest.mark.usefixtures("_no_wait")
def test_a_bot_that_another_installation_serves_is_left_to_it(
    runtime: Runtime, telegram: Telegram, provider: TelegramStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    provider.webhook["url"] = "https://elsewhere.example/hook"
    provider.push(text_update(4711, "jalan rusak"))
    follow(runtime, telegram, Rounds(4), ME)
    assert provider.webhook["url"] == "https://elsewhere.example/hook"
    assert texts(runtime) == []
    assert any("takeover telegram" in getattr(record, "error", "") for record in caplog.records)
    [line] = [line for line in telegram.check() if line.name == "webhook"]
    assert not line.ok and "takeover telegram" in line.detail


@on_sqlite
def test_with_a_secret_the_webhook_is_registered_and_nothing_is_polled(
    environment: dict[str, str], provider: TelegramStandIn, runtime: Runtime
) -> None:
    from dispatch.config import Settings

    wired = Runtime(
        Settings.read({**environment, "TELEGRAM_WEBHOOK_SECRET": SECRET, "PUBLIC_URL": "https://aduan.contoh.go.id"})
    )
    stopped = Rounds(2)
    follow(wired, wired.channel("telegram"), stopped, ME)
    wired.close()
    assert stopped.waits == [600.0]
    assert provider.webhook["url"] == "https://aduan.contoh.go.id/hooks/telegram"
    assert provider.secret == SECRET
    assert provider.calls("getUpdates") == []


def test_only_one_process_fetches_from_a_provider(
    runtime: Runtime, telegram: Telegram, provider: TelegramStandIn, clock: Clock
) -> None:
    fetch(runtime, telegram, ME, 0)
    provider.push(text_update(4711, "jalan rusak"))
    with pytest.raises(NotOurs):
        fetch(runtime, telegram, "another", 0)
    assert len(provider.calls("getUpdates")) == 1
    clock.forward(seconds=fetching.LEASE.total_seconds() + 1)
    assert fetch(runtime, telegram, "another", 0) == 1
    with pytest.raises(NotOurs):
        fetch(runtime, telegram, ME, 0)


def test_a_process_that_ends_lets_the_next_one_fetch_at_once(runtime: Runtime, telegram: Telegram) -> None:
    follow(runtime, telegram, Rounds(0), ME)
    fetch(runtime, telegram, "another", 0)


@on_sqlite
def test_without_anything_to_fetch_from_it_ends_content(runtime: Runtime) -> None:
    del runtime.registry.channels["telegram"]
    assert fetching._body(runtime, Stop()) == 0
