"""The night's training, started by the clock in a process of its own: what it costs must not stop the sweeps.

At half past two of the region's day, or at the first look after it where the clock was away, and once a night over all
machines: the process itself takes the lease. A process that fails or takes too long is logged, shown by ``aduan
doctor``, and changes nothing: the model that served serves on.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from bot.process import beat
from dispatch.runtime import Runtime
from dispatch.services.models import FAILED, NIGHT

log = logging.getLogger("aduan.nightly")

AT = time(2, 30)
#: The longest a training may take by the wall's clock; its process is ended then.
LONGEST = timedelta(minutes=45)
_SHOWN = 300

Start = Callable[[], "subprocess.Popen[bytes]"]


def start() -> subprocess.Popen[bytes]:
    """Calling this will start the training process; one line of its standard output says what came of it."""
    environ = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "dispatch.learning"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environ
    )


class Nightly:
    """Calling this will look after the night's training of one installation; ``tick`` is called at every sweep."""

    def __init__(self, start: Start = start) -> None:
        self._start = start
        self._process: subprocess.Popen[bytes] | None = None
        self._began: datetime | None = None
        self._done: date | None = None

    def tick(self, runtime: Runtime) -> None:
        """Calling this will start the training when its time has come, and see how a running one fares."""
        now = runtime.now()
        if self._process is not None:
            self._look(runtime, now)
            return
        local = runtime.region.local(now)
        if local.time() < AT or self._done == local.date():
            return
        self._done, self._began = local.date(), now
        try:
            self._process = self._start()
        except OSError as error:
            self._tell(runtime, f"{FAILED}its process could not be started ({error.strerror})")

    def stop(self) -> None:
        """Calling this will end a training that is under way; the next night begins anew."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=10)
        self._close()

    def _look(self, runtime: Runtime, now: datetime) -> None:
        process = self._process
        if process is None:
            return
        status = process.poll()
        if status is None:
            if self._began is not None and now - self._began > LONGEST:
                process.kill()
                process.wait()
                self._tell(runtime, f"{FAILED}it took longer than {LONGEST.seconds // 60} minutes and was ended")
            return
        said = process.stdout.read().decode("utf-8", "replace") if process.stdout else ""
        line = (said.strip().splitlines() or [""])[-1][:_SHOWN]
        self._tell(runtime, line if status == 0 else f"{FAILED}{line or f'it ended with status {status}'}")

    def _tell(self, runtime: Runtime, text: str) -> None:
        if text.startswith(FAILED):
            log.error("retraining failed", extra={"error": text})
        if text:  # a process that found tonight's training done has nothing to tell
            beat(runtime, NIGHT, text)
        self._close()

    def _close(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()
        self._process = self._began = None
