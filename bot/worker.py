"""The worker: one warm parent, one RQ worker for each queue.

The parent loads region pack and classifier once; children and their jobs inherit them (importing scikit-learn in each
job would cost most of a second). Database connections and event loops open after the fork. Each channel's sends have
their own queue and child, so a provider that hangs delays nobody else's answer.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
import time
from types import FrameType

from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.job import Job

from bot.process import Stop, beat, run
from dispatch.jobqueue import INBOUND, MEDIA, outbound
from dispatch.runtime import Runtime

log = logging.getLogger("aduan.worker")
BEAT_SECONDS = 15.0
#: A child that dies this often within a minute will not get better by being started again.
DEATHS_A_MINUTE = 10
PR_SET_PDEATHSIG = 1
STOPS = {signal.SIGTERM, signal.SIGINT}


class _QueueWorker(Worker):
    """RQ's worker, remembering that it was told to stop: before it listens for signals, and when its farewell fails
    because the queue server left first."""

    def __init__(self, runtime: Runtime, queue: str, before: Stop) -> None:
        super().__init__([queue], connection=runtime.queue.connection, serializer="json")
        self.told = False
        self._before = before
        self._runtime = runtime

    def _install_signal_handlers(self) -> None:
        super()._install_signal_handlers()  # type: ignore[no-untyped-call]
        self._stop_requested = self.told = bool(self._before)

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """Calling this will fork the process that does a job; it inherits the model that serves now, and need not load
        it again when another was put into service since this worker began."""
        if queue.name == INBOUND:
            _ = self._runtime.classifier
        super().fork_work_horse(job, queue)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        self.told = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]


def queues(runtime: Runtime) -> list[str]:
    """Calling this will name the queues this installation needs: inbox, attachments, and one for each provider that
    sends.
    """
    sending = [outbound(name) for name, channel in runtime.registry.channels.items() if channel.external]
    return [INBOUND, MEDIA, *sending]


def _warm(runtime: Runtime) -> None:
    _ = runtime.phrases, runtime.places, runtime.registry
    runtime.classifier.suggest(["lampu jalan mati"])


def _child(runtime: Runtime, queue: str) -> None:
    """Serve one queue until told to stop. A Redis that is away is waited for."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if "engine" in runtime.__dict__:
        runtime.engine.dispose(close=False)
    runtime.queue.close()
    while True:
        stop = Stop()  # again each time round: a worker that ended leaves its own signal handlers behind
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        worker = _QueueWorker(runtime, queue, stop)
        try:
            worker.work(logging_level="WARNING")
            return
        except RedisError as error:
            log.warning("no queue server", extra={"queue": queue, "error": type(error).__name__})
            if worker.told or stop.wait(1.0):
                return


def _start(runtime: Runtime, queue: str) -> int:
    # A stop that comes between the fork and the child's own handlers waits for these.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    pid = os.fork()
    if pid:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        return pid
    status = 1
    try:
        _child(runtime, queue)
        status = 0
    finally:
        sys.stderr.flush()
        os._exit(status)


def _body(runtime: Runtime, stop: Stop) -> int:
    _warm(runtime)
    children = {_start(runtime, queue): queue for queue in queues(runtime)}
    log.info("working", extra={"count": len(children)})
    deaths: list[float] = []
    status = 0
    beaten = 0.0
    while not stop.wait(0.2):
        for pid, queue in _dead(children):
            deaths = [at for at in deaths if at > time.monotonic() - 60] + [time.monotonic()]
            log.warning("a queue's worker died and is started again", extra={"queue": queue})
            children[_start(runtime, queue)] = children.pop(pid)
        if len(deaths) > DEATHS_A_MINUTE:
            log.error("workers keep dying")
            status = 1
            break
        if time.monotonic() - beaten > BEAT_SECONDS:
            beat(runtime, "worker")
            beaten = time.monotonic()
    for pid in children:
        os.kill(pid, signal.SIGTERM)
    for pid in children:
        os.waitpid(pid, 0)
    return status


def _dead(children: dict[int, str]) -> list[tuple[int, str]]:
    return [(pid, queue) for pid, queue in children.items() if os.waitpid(pid, os.WNOHANG)[0]]


def main() -> int:
    """Calling this will serve all queues until SIGTERM; running jobs are finished first."""
    return run("worker", _body)


if __name__ == "__main__":
    raise SystemExit(main())
