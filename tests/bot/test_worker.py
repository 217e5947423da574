"""The worker as a process of its own: real Valkey, real forks, real signals, a provider on loopback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.clock import sweep
from bot.worker import queues
from channels.message import Address, DeliveryState, InboundMessage
from classifier.reader import Reader
from dispatch import training
from dispatch.config import Settings
from dispatch.models import Assignment, EventState, InboundEvent, Outbox
from dispatch.region import Region
from dispatch.runtime import Runtime
from dispatch.services.inbound import record_inbound
from tests.support.desk import rows
from tests.support.models import files_of, place
from tests.support.providers.telegram import TOKEN, TelegramStandIn
from tests.support.servers import wait_until
from tests.support.valkey import Valkey

ROOT = Path(__file__).parents[2]
CHILDREN = 3  # inbox, attachments, telegram
STOPS_WITHIN = 10
pytestmark = [
    pytest.mark.parametrize("backend", ["sqlite"], indirect=True),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]


@pytest.fixture
def provider() -> Iterator[TelegramStandIn]:
    with TelegramStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


@pytest.fixture
def environment(
    environment: dict[str, str], valkey: Valkey, provider: TelegramStandIn, starter: Reader
) -> dict[str, str]:
    place(Path(environment["ADUAN_VAR"]) / "models", starter)
    return {
        **environment,
        "REDIS_URL": valkey.url,
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": provider.url,
        "ADUAN_ENV_FILE": "none.env",
    }


@pytest.fixture
def outside(environment: dict[str, str], kaltara: Region) -> Iterator[Runtime]:
    """What the rest of the installation sees, at the real time: the worker is another process."""
    wired = Runtime(Settings.read(environment))
    wired.__dict__["region"] = kaltara
    yield wired
    wired.close()


@contextmanager
def running(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    log = Path(environment["ADUAN_VAR"]) / "worker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot.worker"], cwd=ROOT, env={**kept, **environment}, stdout=output, stderr=output
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait(timeout=20)


def children(process: subprocess.Popen[bytes]) -> list[int]:
    try:
        listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii")
    except FileNotFoundError:
        return []
    return [int(pid) for pid in listed.split()]


def lives(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return False


def all_children(process: subprocess.Popen[bytes]) -> list[int]:
    wait_until(lambda: len(children(process)) == CHILDREN, 60, "the worker's children")
    return children(process)


def write(runtime: Runtime, number: int) -> None:
    """A citizen's message is recorded, and the bell rung."""
    message = InboundMessage(
        channel="telegram",
        account=TOKEN.partition(":")[0],
        external_id=f"m{number}",
        sender=Address("telegram", f"47{number:02}"),
        text="Jalan rusak parah di Juata Laut Tarakan",
    )
    with runtime.writing() as session:
        record_inbound(session, runtime.now(), [message], raw=b"{}")


def answered(runtime: Runtime, number: int) -> bool:
    """Whether so many messages were worked, and receipt and notice of each taken by the provider.

    The notice follows its receipt after the least time between two messages to one person: the clock rings for it.
    """
    sweep(runtime)
    done = [row.state for row in rows(runtime, InboundEvent)] == [EventState.DONE] * number
    return done and [row.state for row in rows(runtime, Outbox)] == [DeliveryState.SENT] * 2 * number


def stop(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(timeout=STOPS_WITHIN)


def test_each_channel_that_sends_has_a_queue_of_its_own(outside: Runtime) -> None:
    assert queues(outside) == ["inbound", "media", "outbound-telegram"]


def test_messages_are_worked_and_answered_also_after_every_child_was_killed(
    environment: dict[str, str], outside: Runtime, provider: TelegramStandIn
) -> None:
    with running(environment) as process:
        first = all_children(process)
        write(outside, 1)
        wait_until(lambda: answered(outside, 1), 30, "the first receipt")
        assert {message["chat"]["id"] for message in provider.sent} == {4701}
        for pid in first:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not set(first) & set(all_children(process)), 30, "new children")
        write(outside, 2)
        wait_until(lambda: answered(outside, 2), 30, "the second receipt")
        second = children(process)
        assert stop(process) == 0
        assert not [pid for pid in second if lives(pid)]
    assert len(provider.sent) == 4


def test_children_do_not_outlive_a_killed_parent(environment: dict[str, str], outside: Runtime) -> None:
    with running(environment) as process:
        orphans = all_children(process)
        write(outside, 1)
        wait_until(lambda: answered(outside, 1), 30, "the receipt")
        process.kill()
        wait_until(lambda: not any(lives(pid) for pid in orphans), STOPS_WITHIN, "the end of the children")


def test_a_lost_queue_server_is_waited_for(environment: dict[str, str], outside: Runtime, valkey: Valkey) -> None:
    with running(environment) as process:
        all_children(process)
        write(outside, 1)
        wait_until(lambda: answered(outside, 1), 30, "the first receipt")
        valkey.stop()
        write(outside, 2)  # recorded; nobody hears the bell
        wait_until(lambda: "no queue server" in log_of(environment), 60, "the worker to notice")
        valkey.start()
        outside.queue.close()

        def worked() -> bool:
            sweep(outside)
            return answered(outside, 2)

        wait_until(worked, 60, "the second receipt")
        assert process.poll() is None
        assert stop(process) == 0


def test_it_can_be_stopped_while_the_queue_server_is_away(
    environment: dict[str, str], outside: Runtime, valkey: Valkey
) -> None:
    with running(environment) as process:
        all_children(process)
        write(outside, 1)
        wait_until(lambda: answered(outside, 1), 30, "the receipt")
        valkey.stop()
        wait_until(lambda: "no queue server" in log_of(environment), 30, "the worker to notice")
        pids = all_children(process)
        assert stop(process) == 0
        assert not [pid for pid in pids if lives(pid)]


def test_a_stop_that_comes_before_the_children_listen_is_not_forgotten(
    environment: dict[str, str], outside: Runtime, valkey: Valkey
) -> None:
    valkey.pause()
    with running(environment) as process:
        pids = all_children(process)
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1)  # they wait for the server's answer
        valkey.resume()
        assert process.wait(timeout=STOPS_WITHIN) == 0
        assert not [pid for pid in pids if lives(pid)]


def test_a_model_put_into_service_is_followed_without_a_restart(
    environment: dict[str, str], outside: Runtime, starter: Reader
) -> None:
    learnt = Reader(replace(starter.agency, version="local-1-abcdef"), starter.aspects)
    with running(environment) as process:
        first = all_children(process)
        write(outside, 1)
        wait_until(lambda: answered(outside, 1), 30, "the first receipt")
        training.serve(outside, learnt)
        write(outside, 2)
        wait_until(lambda: answered(outside, 2), 30, "the second receipt")
        assert all_children(process) == first
        assert [row.model_version for row in rows(outside, Assignment)] == [starter.version, learnt.version]
        stop(process)


def test_without_a_classifier_it_says_so_and_does_not_start(environment: dict[str, str], outside: Runtime) -> None:
    for path in files_of(outside.settings.models):
        path.unlink()
    with running(environment) as process:
        assert process.wait(timeout=60) == 2
    assert "Traceback" not in log_of(environment)
    assert str(outside.settings.models) in log_of(environment)


def log_of(environment: dict[str, str]) -> str:
    return (Path(environment["ADUAN_VAR"]) / "worker.log").read_text(encoding="utf-8", errors="replace")
