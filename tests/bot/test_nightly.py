"""The night's training: begun once a night by the clock, in a process of its own, watched and ended when it takes too
long.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from bot.nightly import Nightly
from dispatch.runtime import Runtime
from dispatch.services import models
from tests.support.clock import Clock

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
#: Thursday, 02:30 in the region.
HALF_PAST_TWO = datetime(2026, 11, 4, 18, 30, tzinfo=UTC)


class Night:
    """Nights whose process does what a test says."""

    def __init__(self, script: str) -> None:
        self.script = script
        self.processes: list[subprocess.Popen[bytes]] = []

    def __call__(self) -> subprocess.Popen[bytes]:
        self.processes.append(
            subprocess.Popen([sys.executable, "-c", self.script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        )
        return self.processes[-1]

    def finish(self) -> None:
        """Wait until the last process has ended by itself."""
        self.processes[-1].wait(timeout=30)


def told(runtime: Runtime) -> str:
    with runtime.reading() as session:
        return models.last_training(session)


def test_it_begins_at_half_past_two_and_once_a_night(runtime: Runtime, clock: Clock) -> None:
    begun = Night("print('local-1 serves')")
    nightly = Nightly(begun)
    clock.instant = HALF_PAST_TWO.replace(hour=17)
    nightly.tick(runtime)
    assert begun.processes == []
    clock.instant = HALF_PAST_TWO
    nightly.tick(runtime)
    assert len(begun.processes) == 1 and told(runtime) == ""
    begun.finish()
    for _ in range(3):
        clock.forward(minutes=1)
        nightly.tick(runtime)
    assert len(begun.processes) == 1 and told(runtime) == "local-1 serves"
    clock.forward(days=1)
    nightly.tick(runtime)
    assert len(begun.processes) == 2
    nightly.stop()
    assert begun.processes[1].poll() is not None


FAILING = {
    "status": ("print('MemoryError: ', flush=True); raise SystemExit(1)", "failed: MemoryError:"),
    "silent": ("raise SystemExit(3)", "failed: it ended with status 3"),
    "killed": ("import os; os.kill(os.getpid(), 9)", "failed: it ended with status -9"),
}


@pytest.mark.parametrize(("script", "says"), FAILING.values(), ids=FAILING)
def test_a_failure_is_told_and_the_next_night_begins_anew(
    script: str, says: str, runtime: Runtime, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    begun = Night(script)
    nightly = Nightly(begun)
    clock.instant = HALF_PAST_TWO
    nightly.tick(runtime)
    begun.finish()
    nightly.tick(runtime)
    assert told(runtime) == says and "retraining failed" in caplog.text
    nightly.tick(runtime)
    assert len(begun.processes) == 1
    clock.forward(days=1)
    nightly.tick(runtime)
    assert len(begun.processes) == 2
    begun.finish()
    nightly.stop()


def test_one_that_takes_too_long_is_ended(runtime: Runtime, clock: Clock) -> None:
    begun = Night("import time; time.sleep(600)")
    nightly = Nightly(begun)
    clock.instant = HALF_PAST_TWO
    nightly.tick(runtime)
    clock.forward(minutes=44)
    nightly.tick(runtime)
    assert begun.processes[0].poll() is None
    clock.forward(minutes=2)
    nightly.tick(runtime)
    assert begun.processes[0].poll() == -9 and told(runtime).startswith("failed: it took longer than 45 minutes")


def test_one_that_cannot_be_started_is_told(runtime: Runtime, clock: Clock) -> None:
    def refuses() -> subprocess.Popen[bytes]:
        raise OSError(11, "Resource temporarily unavailable")

    nightly = Nightly(refuses)
    clock.instant = HALF_PAST_TWO
    nightly.tick(runtime)
    assert told(runtime).startswith("failed: its process could not be started")


def test_a_night_that_was_done_elsewhere_has_nothing_to_tell(runtime: Runtime, clock: Clock) -> None:
    begun = Night("")
    nightly = Nightly(begun)
    clock.instant = HALF_PAST_TWO
    nightly.tick(runtime)
    begun.finish()
    nightly.tick(runtime)
    assert told(runtime) == ""


def test_the_clock_waits_for_nothing_when_it_stops(runtime: Runtime, clock: Clock) -> None:
    begun = Night("import time; time.sleep(600)")
    nightly = Nightly(begun)
    nightly.stop()
    clock.instant = HALF_PAST_TWO
    nightly.tick(runtime)
    nightly.stop()
    assert begun.processes[0].poll() is not None
