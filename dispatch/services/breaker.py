"""How a provider fares: it rests when it asks us to slow down, and when it fails again and again; then one message
probes it. Its messages wait meanwhile, untouched, and operators see why."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlmodel import Session, col

from dispatch.db import insert_new
from dispatch.models import ChannelState
from dispatch.outbox import LEASE, within_a_day

log = logging.getLogger("aduan.send")

#: So many failures in a row are no chance: the provider, not a message, is at fault.
IN_A_ROW = 5
FIRST_REST = timedelta(seconds=30)
LONGEST_REST = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Gate:
    """Calling this will hold whether a provider may be called now, and whether the call is the one that probes it."""

    open: bool
    probe: bool = False


def gate(session: Session, now: datetime, provider: str) -> Gate:
    """Calling this will say whether a provider may be called now; its row stays locked until the transaction ends."""
    state = session.get(ChannelState, provider, with_for_update=True, populate_existing=True)
    if state is None:
        return Gate(True)
    if state.paused_until is not None and state.paused_until > now:
        return Gate(False)
    return Gate(True, state.failures >= IN_A_ROW)


def begin_probe(session: Session, now: datetime, provider: str) -> None:
    """Calling this will let nobody else call the provider until the probe is settled, or its sender must be dead."""
    _set(session, provider, paused_until=now + LEASE, updated_at=now)


def end_probe(session: Session, now: datetime, provider: str) -> None:
    """Calling this will let the next message probe: this one did not reach the provider at all."""
    _set(session, provider, paused_until=None, updated_at=now)


def rest(session: Session, now: datetime, provider: str, seconds: float | None, reason: str, code: str = "") -> None:
    """Calling this will let a provider rest as long as it asks for (at most a day), or half a minute."""
    until = now + (FIRST_REST if seconds is None else within_a_day(seconds))
    state = _locked(session, now, provider)
    if state.paused_until is None or state.paused_until < until:
        _set(session, provider, paused_until=until, reason=reason, updated_at=now)
        log.warning("channel rests", extra={"channel": provider, "delay": _seconds(until - now), "code": code})


def failed(
    session: Session, now: datetime, provider: str, reason: str, code: str = "", *, at_once: bool = False
) -> None:
    """Calling this will count a failure of the provider itself. The fifth in a row, or one that no other message can
    escape (``at_once``), lets it rest: half a minute, then twice as long each time, to a quarter of an hour."""
    state = _locked(session, now, provider)
    failures = max(state.failures + 1, IN_A_ROW if at_once else 0)
    if failures < IN_A_ROW:
        _set(session, provider, failures=failures, reason=reason, updated_at=now)
        return
    pause = min(FIRST_REST * 2 ** min(failures - IN_A_ROW, 10), LONGEST_REST)
    _set(session, provider, failures=failures, reason=reason, paused_until=now + pause, updated_at=now)
    log.error("channel rests", extra={"channel": provider, "delay": _seconds(pause), "code": code})


def worked(session: Session, now: datetime, provider: str) -> None:
    """Calling this will note that the provider answered as it should: what was counted against it is forgotten."""
    done = session.execute(
        update(ChannelState)
        .where(col(ChannelState.provider) == provider, col(ChannelState.failures) > 0)
        .values(failures=0, paused_until=None, reason="", updated_at=now)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount:  # type: ignore[attr-defined]
        log.info("channel works again", extra={"channel": provider})


def resting(session: Session, now: datetime) -> Sequence[ChannelState]:
    """Calling this will list the providers that rest now or wait for their probe, by name."""
    broken = col(ChannelState.failures) >= IN_A_ROW
    query = select(ChannelState).where(broken | (col(ChannelState.paused_until) > now))
    return session.scalars(query.order_by(col(ChannelState.provider))).all()


def broken(session: Session) -> frozenset[str]:
    """Calling this will name the providers that failed again and again and have not worked since."""
    query = select(col(ChannelState.provider)).where(col(ChannelState.failures) >= IN_A_ROW)
    return frozenset(session.scalars(query))


def _locked(session: Session, now: datetime, provider: str) -> ChannelState:
    session.execute(
        insert_new(session, ChannelState, {"provider": provider, "reason": "", "failures": 0, "updated_at": now})
    )
    return session.get_one(ChannelState, provider, with_for_update=True, populate_existing=True)


def _set(session: Session, provider: str, **values: object) -> None:
    session.execute(
        update(ChannelState)
        .where(col(ChannelState.provider) == provider)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _seconds(span: timedelta) -> float:
    return span.total_seconds()
