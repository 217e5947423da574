"""Alive, able to take a message, and the figures an operator watches."""

from __future__ import annotations

import hmac
import ipaddress
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from flask import Blueprint, Response, current_app, jsonify, request
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col

from bot.hooks import runtime
from bot.process import seconds_since
from channels.message import DeliveryState
from dispatch import costs, db
from dispatch.models import ChannelState, EventState, Heartbeat, InboundEvent, Outbox, Ticket
from dispatch.reports import condition
from dispatch.runtime import Runtime
from dispatch.services import breaker

log = logging.getLogger("aduan.health")

#: A good answer about the database holds for this long: comparing the schema costs more than a message does.
GOOD_FOR = timedelta(seconds=5)
CHECKED_AT = "aduan_database_checked_at"
DISK_BYTES = 200_000_000
DISK_SHARE = 0.01
#: Set by proxies: who sends one of these did not come from this machine, whatever the socket says.
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP")

health = Blueprint("health", __name__)

Sample = tuple[Mapping[str, str], float]


@health.get("/healthz")
def alive() -> Response:
    """Calling this will say that the process answers, and nothing more."""
    return Response("ok\n", content_type="text/plain; charset=utf-8")


@health.get("/readyz")
def ready() -> Response:
    """Calling this will say whether a message could be taken now: 200, or 503 naming what is missing."""
    wired = runtime()
    found = {"database": database_ready(wired), "disk": disk_ready(wired)}
    response = jsonify(ready=all(found.values()), **found)
    response.status_code = 200 if all(found.values()) else 503
    return response


def database_ready(wired: Runtime) -> bool:
    """Calling this will say whether the database answers and its schema is the one this version expects."""
    now, checked = wired.now(), current_app.extensions.get(CHECKED_AT)
    if checked is not None and now - checked < GOOD_FOR:
        return True
    try:
        faults = db.schema_faults(wired.engine)
    except (SQLAlchemyError, OSError) as error:
        faults = [type(error).__name__]
    if faults:
        log.error("the database is not ready", extra={"reason": faults[0][:200]})
        return False
    current_app.extensions[CHECKED_AT] = now
    return True


def disk_ready(wired: Runtime) -> bool:
    """Calling this will say whether the data folder has room: at least 200 MB and one hundredth of the disk."""
    try:
        usage = shutil.disk_usage(wired.settings.var)
    except OSError:
        return False
    return usage.free >= max(DISK_BYTES, usage.total * DISK_SHARE)


@health.get("/metrics")
def metrics() -> Response:
    """Calling this will give the figures as Prometheus text, to this machine or a holder of ``METRICS_TOKEN`` only."""
    if not (_from_this_machine() or _has_token(runtime().settings.metrics_token)):
        return Response("404 Not Found\n", 404, content_type="text/plain; charset=utf-8")
    try:
        body = "".join(exposition(runtime()))
    except SQLAlchemyError as error:
        log.error("no figures", extra={"error": type(error).__name__})
        return Response("the database does not answer\n", 503, content_type="text/plain; charset=utf-8")
    return Response(body, content_type="text/plain; version=0.0.4; charset=utf-8")


def _from_this_machine() -> bool:
    """With ``ADUAN_PROXIES`` the address is the forwarded client's; without, a proxy's mark means it is unknown."""
    if not runtime().settings.proxies and any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _has_token(token: str) -> bool:
    given = request.headers.get("Authorization", "").encode("utf-8", "replace")
    return bool(token) and hmac.compare_digest(given, f"Bearer {token}".encode())


def exposition(wired: Runtime) -> Iterator[str]:
    """Calling this will write every figure in the Prometheus text format 0.0.4."""
    now = wired.now()
    with wired.reading() as session:
        for name, (explanation, samples) in FIGURES.items():
            yield f"# HELP {name} {explanation}\n# TYPE {name} gauge\n"
            for labels, value in samples(session, now):
                yield f"{name}{_labels(labels)} {value}\n"
        yield "# HELP aduan_sent_today What a channel with a budget sent today, and its limits.\n"
        yield "# TYPE aduan_sent_today gauge\n"
        for labels, value in _spent(wired, session, now):
            yield f"aduan_sent_today{_labels(labels)} {value}\n"
    yield "# HELP aduan_queue_up Whether the queue server answers.\n# TYPE aduan_queue_up gauge\n"
    yield f"aduan_queue_up {int(wired.queue.ping())}\n"


def _labels(labels: Mapping[str, str]) -> str:
    written = ",".join(f'{name}="{_escape(value)}"' for name, value in labels.items())
    return f"{{{written}}}" if written else ""


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _inbound(session: Session, now: datetime) -> Iterator[Sample]:
    counted = select(col(InboundEvent.channel), col(InboundEvent.state), func.count())
    for channel, state, count in session.execute(counted.group_by(InboundEvent.channel, InboundEvent.state)):
        yield {"channel": channel, "state": state}, count


def _outbox(session: Session, now: datetime) -> Iterator[Sample]:
    counted = select(col(Outbox.channel), col(Outbox.state), func.count())
    for channel, state, count in session.execute(counted.group_by(Outbox.channel, Outbox.state)):
        yield {"channel": channel, "state": state}, count


def _tickets(session: Session, now: datetime) -> Iterator[Sample]:
    for status, count in session.execute(select(col(Ticket.status), func.count()).group_by(Ticket.status)):
        yield {"status": status}, count


def _tickets_that_are(name: str) -> Callable[[Session, datetime], Iterator[Sample]]:
    def samples(session: Session, now: datetime) -> Iterator[Sample]:
        yield {}, session.scalar(select(func.count()).select_from(Ticket).where(condition(name, now))) or 0

    return samples


def _oldest_waiting(session: Session, now: datetime) -> Iterator[Sample]:
    waiting: dict[str, tuple[ColumnElement[datetime], ColumnElement[bool]]] = {
        "inbound": (
            func.min(InboundEvent.received_at),
            col(InboundEvent.state).in_((EventState.NEW, EventState.WORKING)),
        ),
        "outbound": (
            func.min(Outbox.created_at),
            col(Outbox.state).in_((DeliveryState.QUEUED, DeliveryState.SENDING)),
        ),
    }
    for queue, (oldest, where) in waiting.items():
        since = session.scalar(select(oldest).where(where))
        yield {"queue": queue}, max(0.0, seconds_since(since, now)) if since else 0.0


def _heartbeats(session: Session, now: datetime) -> Iterator[Sample]:
    for beat in session.scalars(select(Heartbeat).order_by(col(Heartbeat.name))):
        yield {"process": beat.name}, seconds_since(beat.at, now)


def _resting(session: Session, now: datetime) -> Iterator[Sample]:
    for state in breaker.resting(session, now):
        yield {"channel": state.provider}, max(0.0, seconds_since(now, state.paused_until or now))


def _failing(session: Session, now: datetime) -> Iterator[Sample]:
    for state in session.scalars(select(ChannelState).order_by(col(ChannelState.provider))):
        yield {"channel": state.provider}, state.failures


def _spent(wired: Runtime, session: Session, now: datetime) -> Iterator[Sample]:
    kinds = frozenset(channel.kind for channel in wired.registry.channels.values())
    for each in costs.budgets(session, wired.region, now, kinds):
        limits = (each.budget.messages, each.budget.rupiah)
        for unit, used, limit in zip(("messages", "rupiah"), (each.messages, each.rupiah), limits, strict=True):
            yield {"channel": each.kind, "unit": unit, "is": "used"}, used
            if limit is not None:
                yield {"channel": each.kind, "unit": unit, "is": "limit"}, limit


#: Name → what it says, and where its samples come from.
FIGURES: dict[str, tuple[str, Callable[[Session, datetime], Iterator[Sample]]]] = {
    "aduan_inbound_events": ("Events that arrived, by channel and state.", _inbound),
    "aduan_outbox_messages": ("Messages to citizens, by channel and state.", _outbox),
    "aduan_tickets": ("Tickets, by status.", _tickets),
    "aduan_tickets_overdue": ("Open tickets past one of their deadlines.", _tickets_that_are("overdue")),
    "aduan_tickets_triage": ("Open tickets that wait for a person to choose the agency.", _tickets_that_are("triage")),
    "aduan_oldest_waiting_seconds": ("Age of the oldest row that waits to be worked or sent.", _oldest_waiting),
    "aduan_channel_resting_seconds": ("Time until a provider that rests is tried again.", _resting),
    "aduan_channel_failures": ("Failures of a provider in a row.", _failing),
    "aduan_heartbeat_age_seconds": ("Time since each long-running process last showed that it lives.", _heartbeats),
}
