"""What every long-running process does: log as JSON, stop at once when told to, and show that it lives."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType

from sqlalchemy.exc import SQLAlchemyError

from classifier.artifact import ArtifactRefused
from dispatch import logs
from dispatch.config import ConfigFaults
from dispatch.models import Heartbeat
from dispatch.region import RegionFaults
from dispatch.runtime import Runtime, from_environment, install

log = logging.getLogger("aduan.process")


class Stop:
    """Calling this will watch for SIGTERM and SIGINT; ``wait`` returns early, true, once one came."""

    def __init__(self) -> None:
        self._event = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._told)

    def _told(self, number: int, frame: FrameType | None) -> None:
        self._event.set()

    def wait(self, seconds: float) -> bool:
        """Calling this will wait for at most ``seconds``; true when the process should stop."""
        return self._event.wait(seconds)

    def __bool__(self) -> bool:
        return self._event.is_set()


def run(name: str, body: Callable[[Runtime, Stop], int]) -> int:
    """Calling this will wire a process, run ``body`` until it returns an exit status, and close what was opened.

    A faulty configuration, region pack or classifier is one clear text on standard error and status 2: starting it
    again would not help.
    """
    logs.configure(name)
    stop = Stop()
    try:
        runtime = from_environment()
        install(runtime)
        _ = runtime.registry, runtime.region
        status = body(runtime, stop)
    except (ConfigFaults, RegionFaults, ArtifactRefused) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    runtime.close()
    return status


def beat(runtime: Runtime, name: str, detail: str = "") -> None:
    """Calling this will note that a process lives; a database that is away for the moment is only logged."""
    try:
        with runtime.writing() as session:
            session.merge(Heartbeat(name=name, at=runtime.now().astimezone(UTC), detail=detail))
    except SQLAlchemyError as error:
        log.warning("no heartbeat", extra={"queue": name, "error": type(error).__name__})


def seconds_since(instant: datetime, now: datetime) -> float:
    """Calling this will measure the time between two aware instants in seconds."""
    return (now - instant).total_seconds()
