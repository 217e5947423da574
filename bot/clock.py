"""The clock: harmless sweeps that find what a lost bell, a dead worker or a flushed Redis left behind."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from bot.nightly import Nightly
from bot.process import Stop, beat, run
from dispatch import outbox
from dispatch.jobqueue import INBOUND, MEDIA, outbound
from dispatch.runtime import Runtime
from dispatch.services import (
    alerts,
    closing,
    consequences,
    deadlines,
    editions,
    escalations,
    failover,
    following,
    handovers,
    inbound,
    media,
    recounting,
    uploads,
)
from dispatch.services.digests import Digests

log = logging.getLogger("aduan.clock")

#: Name → what is done about tickets at every tick, in this order; each returns how many it dealt with.
SWEEPS: dict[str, Callable[[Runtime], int]] = {
    "editions": editions.record,
    "joined": following.sweep,
    "consequences": consequences.sweep,
    "deadlines": recounting.sweep,
    "unanswered": closing.end_pauses,
    "pauses": deadlines.wake,
    "silence": closing.close_silent,
    "handovers": handovers.sweep,
    "ladder": escalations.sweep,
    "alerts": alerts.sweep,
    "digests": Digests(),
}
TICK_SECONDS = 5.0
PURGE_EVERY = timedelta(hours=1)


def sweep(runtime: Runtime) -> dict[str, int]:
    """Calling this will ring for every row that waits, mark as uncertain what a dead sender left, and let go another
    way what waited too long; returns counts by queue.

    Running it twice, or in two processes, changes nothing more.
    """
    now = runtime.now()
    with runtime.writing() as session:
        expired = outbox.expire_leases(session, now)
    moved = failover.sweep(runtime)
    with runtime.reading() as session:
        events = inbound.waiting(session, now)
        files = [row.id for row in media.pending(session, now) if row.id]
        due = {name: outbox.due(session, now, lane) for name, lane in outbox.lanes(runtime.registry).items()}
    found = {INBOUND: len(events), MEDIA: len(files)}
    for queue, rows in ((INBOUND, events), (MEDIA, files)):
        if rows:
            _ring(runtime, queue, *rows)
    for provider, count in due.items():
        if count:
            found[outbound(provider)] = count
            _ring(runtime, outbound(provider))
    for name, step in SWEEPS.items():
        _step(runtime, name, step)
    if expired:
        log.warning("sends left without an answer are uncertain", extra={"count": expired})
    if moved:
        log.info("messages go another way", extra={"count": moved})
    return found


def _step(runtime: Runtime, name: str, step: Callable[[Runtime], int]) -> None:
    """One step of the table. A fault of its own making is logged and keeps no other step from its work; what the
    database refuses ends the whole sweep, which is tried again at the next tick."""
    try:
        if count := step(runtime):
            log.info("swept", extra={"step": name, "count": count})
    except SQLAlchemyError:
        raise
    except Exception as error:
        log.exception("a step of the sweep broke", extra={"step": name, "error": type(error).__name__})


def _ring(runtime: Runtime, queue: str, *rows: int) -> None:
    """Ring unless a bell waits already: one wakes the worker for every row, and a worker that is away for a day must
    not come back to thousands."""
    try:
        waits = runtime.queue.depth(queue) > 0
    except RedisError as error:
        log.warning("no queue server", extra={"queue": queue, "error": type(error).__name__})
        return
    if not waits:
        runtime.queue.ring(queue, *rows)


def purge(runtime: Runtime) -> int:
    """Calling this will erase raw provider bytes whose retention has ended; returns how many rows."""
    with runtime.writing() as session:
        count = inbound.purge_raw(session, runtime.now())
    if count:
        log.info("raw bytes erased", extra={"count": count})
    if photos := uploads.purge(runtime):
        log.info("photos no report came for, or used, are gone", extra={"count": photos})
    return count


def _body(runtime: Runtime, stop: Stop) -> int:
    purged_at = runtime.now() - PURGE_EVERY
    nightly = Nightly()
    while True:
        try:
            sweep(runtime)
            nightly.tick(runtime)
            if runtime.now() - purged_at >= PURGE_EVERY:
                purge(runtime)
                purged_at = runtime.now()
        except SQLAlchemyError as error:
            log.error("sweep failed", extra={"error": type(error).__name__})
        beat(runtime, "clock")
        if stop.wait(TICK_SECONDS):
            nightly.stop()
            return 0


def main() -> int:
    """Calling this will run the clock until SIGTERM."""
    return run("clock", _body)


if __name__ == "__main__":
    raise SystemExit(main())
