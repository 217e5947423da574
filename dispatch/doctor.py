"""Is this installation well? Every finding is one line an operator can act on; nothing here changes anything."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col

from channels.base import Channel
from channels.message import DeliveryState
from classifier.artifact import ArtifactRefused
from dispatch import costs, db, desk_health
from dispatch.config import ConfigFaults
from dispatch.costs import Allowance
from dispatch.models import AttachmentState, EventState, Heartbeat, InboundEvent, Outbox, StoredAttachment
from dispatch.phrases import REQUIRED
from dispatch.region import RegionFaults, check
from dispatch.runtime import Runtime
from dispatch.scanner import ScannerAway
from dispatch.services import breaker, media, models, refusals

log = logging.getLogger("aduan.doctor")

#: A bell wakes a worker within a second and the sweep finds what it missed within seconds: two minutes are a fault.
LONGEST_WAIT = timedelta(minutes=2)
LONGEST_SILENCE = timedelta(minutes=2)
LARGEST_SKEW = timedelta(seconds=5)
LEAST_FREE_BYTES = 1_000_000_000
LEAST_FREE_SHARE = 0.05

#: How the database tells its own time, as text in UTC. SQLite's is this machine's, but not the injected one.
_ITS_TIME = {
    "sqlite": func.strftime("%Y-%m-%dT%H:%M:%f+00:00", "now"),
    "postgresql": func.to_char(func.timezone("UTC", func.clock_timestamp()), 'YYYY-MM-DD"T"HH24:MI:SS.MS"+00:00"'),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Calling this will hold what was looked at, whether it is well, and the facts; if not well, also what to do."""

    name: str
    ok: bool
    detail: str


def examine(runtime: Runtime) -> list[Finding]:
    """Calling this will look at everything this process depends on. It never raises: what breaks is a finding.

    Without a database what lies in it is not looked at, so that an unreachable one costs its timeout once.
    """
    findings = [
        _configuration(runtime),
        *_looked(runtime, "region pack", _region),
        *_looked(runtime, "channels", _channels),
        *_looked(runtime, "modem", _modems),
        *_looked(runtime, "classifier", _classifier),
        *_looked(runtime, "disk", _disk),
        *_looked(runtime, "virus scanner", _scanner),
        *_looked(runtime, "queue server", _queue),
    ]
    database = _looked(runtime, "database", _database)
    findings += database
    if healthy(database):
        for name, look in _IN_DATABASE.items():
            findings += _looked(runtime, name, look)
    return [*findings, *_looked(runtime, "privacy contact", _privacy)]


def healthy(findings: Sequence[Finding]) -> bool:
    """Calling this will say whether nothing is wrong."""
    return all(finding.ok for finding in findings)


Look = Callable[[Runtime], Iterator[tuple[bool, str]]]


def _looked(runtime: Runtime, name: str, look: Look) -> list[Finding]:
    """One look, as findings of that name; a fault of its own making is a finding as well."""
    try:
        return [Finding(name, ok, detail) for ok, detail in look(runtime)]
    except SQLAlchemyError as error:
        return [Finding(name, False, f"the database refused ({type(error).__name__}): see its log")]
    except Exception as error:
        log.exception("an examination broke")
        return [Finding(name, False, f"could not be examined ({type(error).__name__}): the log line above tells where")]


def _configuration(runtime: Runtime) -> Finding:
    settings = runtime.settings
    totp = "demanded" if settings.require_totp else "not demanded"
    return Finding("configuration", True, f"public address {settings.public_url}, second factor {totp}")


def _region(runtime: Runtime) -> Iterator[tuple[bool, str]]:
    settings = runtime.settings
    if faults := check(settings.region, settings.region_dir, required_phrases=REQUIRED):
        yield False, f"{len(faults)} fault(s), first {faults[0]}: run aduan region check and correct them"
    else:
        yield True, f"{runtime.region.code} {runtime.region.version}"


def _channels(runtime: Runtime) -> Iterator[tuple[bool, str]]:
    try:
        kinds = ", ".join(runtime.registry.channels)
    except ConfigFaults as error:
        yield False, f"{'; '.join(error.faults)}: correct the environment and start again"
        return
    yield True, f"on: {kinds}"


#: Channels whose own check costs nothing and asks nobody outside: a modem's sign of life lies in a database.
_LOCAL = frozenset({"sms-modem"})


def _modems(runtime: Runtime) -> Iterator[tuple[bool, str]]:
    for channel in _of_kind(runtime):
        if channel.name in _LOCAL:
            for check in channel.check():
                yield check.ok, f"{channel.name} {check.name}: {check.detail}"


def _classifier(runtime: Runtime) -> Iterator[tuple[bool, str]]:
    try:
        version = runtime.classifier.version
    except ArtifactRefused as error:
        yield False, f"{error}: run aduan release to train it again"
        return
    for fault in runtime.model_store.faults:
        yield False, f"{fault}: {version} serves instead; find out who changed it, then run aduan release"
    yield True, version


def _learning(runtime: Runtime) -> Iterator[tuple[bool, str]]:
    with runtime.reading() as session:
        told = models.last_training(session)
    yield not told.startswith(models.FAILED), told or "no night's training yet"


def _disk(runtime: Runtime) -> Iterator[tuple[bool, str]]:
    usage = shutil.disk_usage(runtime.settings.var)
    ok = usage.free >= LEAST_FREE_BYTES and usage.free >= LEAST_FREE_SHARE * usage.total
    facts = f"{usage.free / 1e9:.1f} GB free of {usage.total / 1e9:.1f} GB ({usage.free / usage.total:.0%})"
    yield ok, facts if ok else f"{facts} in {runtime.settings.var}: make room, below 1 GB or 5 % messages are at risk"


def _scanner(runtime: Runtime) -> Iterator[tuple[bool, str]]:
    if runtime.scanner is None:
        yield True, "not configured, files are kept unscanned"
        return
    try:
        yield True, runtime.scanner.version()
    except ScannerAway as away:
        yield False, f"{away}, and files wait until it does: see that clamd runs at CLAMAV_SOCKET"


def _attachments(runtime: Runtime) -> Iterator[tuple[bool, str]]:
    """What is still at its provider. Put off by something of ours it waits for ever, so that is a fault of its own."""
    with runtime.reading() as session:
        pending = col(StoredAttachment.state) == AttachmentState.PENDING
        query = select(col(StoredAttachment.error), func.count()).where(pending, col(StoredAttachment.waits) > 0)
        held: dict[str, int] = dict(session.execute(query.group_by(col(StoredAttachment.error))).all())
        oldest = _oldest(session, select(func.min(StoredAttachment.next_at)).where(pending))
    for key, remedy in _HELD.items():
        if held.get(key):
            yield False, f"{held[key]} file(s) wait: {remedy}"
    if not any(held.get(key) for key in _HELD):
        yield _waited(oldest, runtime.now(), "see that the worker runs and what its log says")


#: What of ours keeps files waiting → what to do.
_HELD = {
    media.NO_ROOM: "make room on the disk of ADUAN_VAR",
    media.NO_SCAN: "see the virus scanner, and its StreamMaxLength where a file is larger",
    media.OFF: "switch the channel they came by on again",
}


def _queue(runtime: Runtime) -> Iterator[tuple[bool, str]]:
    if runtime.queue.ping():
        yield True, "answers"
    else:
        remedy = "start it with aduan up" if runtime.settings.embedded_redis else "check REDIS_URL and start the server"
        yield False, f"does not answer, messages are kept but wait: {remedy}"


def _database(runtime: Runtime) -> Iterator[tuple[bool, str]]:
    where = db.redacted(runtime.settings.database_url)
    try:
        faults = db.schema_faults(runtime.engine)
    except SQLAlchemyError as error:
        yield False, f"{where} cannot be used ({type(error).__name__}): check DATABASE_URL and that the server runs"
        return
    if faults:
        yield False, f"{where}: {faults[0]}" + (f" (and {len(faults) - 1} more)" if len(faults) > 1 else "")
    else:
        yield True, f"{where}, schema up to date"


def _clock(runtime: Runtime) -> Iterator[tuple[bool, str]]:
    with runtime.reading() as session:
        theirs = session.execute(select(_ITS_TIME[session.get_bind().dialect.name])).scalar_one()
    skew = datetime.fromisoformat(theirs) - runtime.now().astimezone(UTC)
    seconds = abs(skew.total_seconds())
    if abs(skew) <= LARGEST_SKEW:
        yield True, f"differs from ours by {seconds:.1f} s"
    else:
        yield False, f"differs from ours by {seconds:.0f} s: set both machines' clocks by NTP, deadlines depend on them"


def _inbox(runtime: Runtime) -> Iterator[tuple[bool, str]]:
    """What is due and not being worked on: new since it was due, or left by a worker whose lease has run out."""
    now = runtime.now()
    with runtime.reading() as session:
        new = _oldest(session, select(func.min(InboundEvent.next_at)).where(col(InboundEvent.state) == EventState.NEW))
        left = _oldest(
            session, select(func.min(InboundEvent.lease_until)).where(col(InboundEvent.state) == EventState.WORKING)
        )
    since = min(filter(None, (new, left)), default=None)
    yield _waited(since, now, "see that the worker runs and what its log says")


def _outbox(runtime: Runtime) -> Iterator[tuple[bool, str]]:
    """What was promised and not handed to a provider, retries included: to the citizen it is all the same."""
    with runtime.reading() as session:
        oldest = session.execute(
            select(col(Outbox.created_at), col(Outbox.channel))
            .where(col(Outbox.state).in_((DeliveryState.QUEUED, DeliveryState.SENDING)))
            .order_by(col(Outbox.created_at))
            .limit(1)
        ).first()
    since, kind = (oldest.created_at, oldest.channel) if oldest else (None, "")
    off = bool(kind) and not _of_kind(runtime, kind)
    remedy = (
        "switch the channel on again"
        if off
        else "see resting channels and budgets, run aduan channels check, read the worker's log"
    )
    ok, detail = _waited(since, runtime.now(), remedy)
    yield ok, f"{detail} (channel {kind})" if kind else detail


def _quarantine(runtime: Runtime) -> Iterator[tuple[bool, str]]:
    with runtime.reading() as session:
        held = select(func.count()).where(col(InboundEvent.state) == EventState.QUARANTINED)
        count = session.execute(held).scalar_one()
    yield True, f"{count} event(s) wait for a person, see the staff's quarantine page" if count else "empty"


def _sends(runtime: Runtime) -> Iterator[tuple[bool, str]]:
    troubled = (DeliveryState.UNCERTAIN, DeliveryState.FAILED)
    with runtime.reading() as session:
        query = select(col(Outbox.state), func.count()).where(col(Outbox.state).in_(troubled))
        counts: dict[str, int] = dict(session.execute(query.group_by(col(Outbox.state))).all())
    yield True, ", ".join(f"{counts.get(state, 0)} {state}" for state in troubled)


def _paused(runtime: Runtime) -> Iterator[tuple[bool, str]]:
    """Providers that rest: a short rest they asked for is well, one after failures is not."""
    now = runtime.now()
    with runtime.reading() as session:
        resting = breaker.resting(session, now)
    for state in resting:
        left = max((state.paused_until or now) - now, timedelta())
        broken = state.failures >= breaker.IN_A_ROW
        remedy = ": run aduan channels check" if broken else ""
        yield not broken, f"{state.provider} rests for {_age(left)} more, {state.reason or 'no reason given'}{remedy}"
    if not resting:
        yield True, "none"


def _refused(runtime: Runtime) -> Iterator[tuple[bool, str]]:
    """Requests refused at the doors: while others get through it is somebody knocking, else a secret is wrong."""
    now, known = runtime.now(), []
    with runtime.reading() as session:
        known = list(refusals.lately(session, now, _of_kind(runtime)))
    for each in known:
        told = f"{each.provider} refused a request {_age(max(now - each.at, timedelta()))} ago ({each.reason})"
        remedy = (
            ", and nothing came through since: compare its secret or token with the provider's" if each.deaf else ""
        )
        yield not each.deaf, told + remedy
    if not known:
        yield True, "none in the last day"


def _budgets(runtime: Runtime) -> Iterator[tuple[bool, str]]:
    kinds = frozenset(channel.kind for channel in _of_kind(runtime))
    try:
        region = runtime.region
    except RegionFaults:
        yield True, "not known while the region pack cannot be read"
        return
    with runtime.reading() as session:
        spent = list(costs.budgets(session, region, runtime.now(), kinds))
    for each in spent:
        left = f"{_of(each.messages, each.budget.messages)} messages, Rp {_of(each.rupiah, each.budget.rupiah)} today"
        waits = {Allowance.STAFF: "automatic messages wait", Allowance.NONE: "all messages wait"}.get(each.allows)
        remedy = f": {waits} for tomorrow, or raise it in delivery.yaml" if waits else ""
        yield waits is None, f"{each.kind}: {left}{remedy}"
    if not spent:
        yield True, "no channel with a budget is on"


def _of(used: int, limit: int | None) -> str:
    return f"{used:,}" if limit is None else f"{used:,} of {limit:,}"


def _heartbeats(runtime: Runtime) -> Iterator[tuple[bool, str]]:
    now = runtime.now()
    with runtime.reading() as session:
        beats = {row.name: row.at for row in session.scalars(select(Heartbeat))}
    for name, silence in _expected(runtime).items():
        at = beats.get(name)
        if at is None:
            yield False, f"{name} has never run: start it with the others of the Procfile"
        elif now - at > silence:
            yield False, f"{name} was last seen {_age(now - at)} ago: see its log and start it again"
        else:
            yield True, f"{name} was seen {_age(max(now - at, timedelta()))} ago"


def _privacy(runtime: Runtime) -> Iterator[tuple[bool, str]]:
    try:
        contact = runtime.region.privacy_contact
    except RegionFaults:
        yield False, "not known, the region pack cannot be read: run aduan region check"
        return
    if contact:
        yield True, contact
    else:
        yield False, "none: set privacy_contact in the region pack, citizens must be told whom to ask (UU 27/2022)"


_IN_DATABASE: dict[str, Look] = {
    "database clock": _clock,
    "inbox": _inbox,
    "attachments": _attachments,
    "outbox": _outbox,
    "quarantine": _quarantine,
    "sends": _sends,
    "resting channels": _paused,
    "refused requests": _refused,
    "budgets": _budgets,
    "processes": _heartbeats,
    "learning": _learning,
    "desk": desk_health.look,
}


def _expected(runtime: Runtime) -> dict[str, timedelta]:
    """The processes that must show that they live, and how long each may be silent. The fetcher ends at once when there
    is nothing for it; what it fetches from shows a sign of life of its own after each look, so that one mailbox that
    hangs is seen."""
    pulled = {
        f"fetch {channel.name}": LONGEST_SILENCE + timedelta(seconds=channel.pull_every)
        for channel in _of_kind(runtime)
        if channel.pull_every is not None
    }
    fetcher = {"fetch": LONGEST_SILENCE} if pulled else {}
    listener = {"lmtp": LONGEST_SILENCE} if runtime.settings.values.get("LMTP_BIND") else {}
    return {"clock": LONGEST_SILENCE, "worker": LONGEST_SILENCE, **fetcher, **listener, **pulled}


def _of_kind(runtime: Runtime, kind: str = "") -> list[Channel]:
    """The channels that are on, of one kind or all; none while the configuration is faulty: that is its own finding."""
    try:
        return [channel for channel in runtime.registry.channels.values() if kind in ("", channel.kind)]
    except ConfigFaults:
        return []


def _oldest(session: Session, query: Select[Any]) -> datetime | None:
    found: datetime | None = session.execute(query).scalar()
    return found


def _waited(since: datetime | None, now: datetime, remedy: str) -> tuple[bool, str]:
    if since is None or since > now:
        return True, "nothing waits"
    if now - since <= LONGEST_WAIT:
        return True, f"the oldest waits for {_age(now - since)}"
    return False, f"the oldest waits for {_age(now - since)}: {remedy}"


def _age(span: timedelta) -> str:
    """A span in the two units that matter: "45 s", "3 min", "2 h", "5 days"."""
    seconds = span.total_seconds()
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
