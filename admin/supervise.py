"""Keep one process of the Procfile running: start it again when it dies, give up when it dies for good.

Honcho stops everything as soon as one process ends, so each of its processes is wrapped in this one.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from types import FrameType

#: A process that ends with this status has nothing to do (its channel is not configured): it is not started again.
CONTENT = 0
#: A configuration fault: starting again cannot help.
CONFIGURATION = 2
#: So many deaths within so many seconds mean that it dies for good.
DEATHS = 5
WITHIN = 60.0
FIRST_DELAY = 0.5
#: Seconds for what a dead process left behind to end by itself, and then by force.
PATIENCE = 5.0
PR_SET_PDEATHSIG = 1
#: The pid of ``aduan up``. When that is killed outright nobody tells its children, so they look.
PARENT = "ADUAN_UP_PID"


class Supervisor:
    """Calling this will prepare to run a shell command under a name; ``run`` returns the status to exit with."""

    def __init__(self, name: str, command: str) -> None:
        self.name = name
        self.command = command
        self._told = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Calling this will run the command until told to stop (0) or until it died for good (its status, or 1)."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        deaths: list[float] = []
        while True:
            self._child = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {self.command}"], process_group=0, preexec_fn=_mortal
            )
            if self._told.is_set():  # while the child was being made, so that it was not told
                self._child.terminate()
            status = self._wait()
            self._clear(self._child.pid)
            if self._told.is_set():
                return 0
            if status == CONTENT:
                self._idle()
                return 0
            now = time.monotonic()
            deaths = [at for at in deaths if at > now - WITHIN] + [now]
            if status == CONFIGURATION or len(deaths) >= DEATHS:
                self._say(f"ended with status {status} and is not started again")
                return status if status > 0 else 1
            delay = FIRST_DELAY * 2 ** (len(deaths) - 1)
            self._say(f"ended with status {status}; started again in {delay:g} s")
            if self._told.wait(delay) or not _parent_lives():
                return 0

    def _wait(self) -> int:
        child = self._child
        if child is None:
            raise RuntimeError("no process was started")
        while True:
            try:
                return child.wait(timeout=1.0)
            except subprocess.TimeoutExpired:
                if not self._told.is_set() and not _parent_lives():
                    self._stop(signal.SIGTERM, None)

    def _clear(self, group: int) -> None:
        """End what the dead process left behind: a web server's own children keep its port for many seconds."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            _signal(group, number)
            end = time.monotonic() + PATIENCE
            while _signal(group, 0) and time.monotonic() < end:
                time.sleep(0.05)

    def _idle(self) -> None:
        while not self._told.wait(1.0) and _parent_lives():
            pass

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._told.set()
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()

    def _say(self, text: str) -> None:
        sys.stderr.write(f"{self.name} {text}\n")
        sys.stderr.flush()


def _signal(group: int, number: int) -> bool:
    """Send a signal to a process group (0 only looks); false when nobody is left in it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _mortal() -> None:
    """In the child, before it becomes its command: it ends when this process does, though it leads its own group."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _parent_lives() -> bool:
    pid = os.environ.get(PARENT, "")
    if not pid.isdigit():
        return True
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, PermissionError):  # gone, or its number belongs to somebody else by now
        return False
    return True


def main() -> int:
    """Calling this will supervise ``NAME COMMAND`` from the command line."""
    name, command = sys.argv[1:3]
    return Supervisor(name, command).run()


if __name__ == "__main__":
    raise SystemExit(main())
