"""The doctor: silent about a well installation, one clear line for each thing that is not, and never an exception."""

from __future__ import annotations

import json
import shutil
from collections import namedtuple
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from classifier.reader import Reader
from dispatch import db, doctor
from dispatch.config import Settings
from dispatch.doctor import Finding, examine, healthy
from dispatch.models import Citizen, CitizenAddress, EventState, Heartbeat, InboundEvent, Message, Outbox
from dispatch.region import Region
from dispatch.runtime import Runtime, utc_now
from tests.support.clock import Clock
from tests.support.models import files_of, place
from tests.support.servers import RedisServer, free_port

Usage = namedtuple("Usage", "total used free")
ROOMY = Usage(100_000_000_000, 50_000_000_000, 50_000_000_000)


@pytest.fixture
def clock() -> Clock:
    """The database tells real time, so here the injected one starts at it."""
    return Clock(utc_now())


@pytest.fixture(autouse=True)
def roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: ROOMY)


@pytest.fixture
def well(runtime: Runtime, starter: Reader, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """An installation with nothing wrong: queue server, trained model on disk, processes that beat."""
    object.__setattr__(runtime.settings, "redis_url", redis_server.url)
    place(runtime.settings.models, starter)
    monkeypatch.setattr(doctor, "LARGEST_SKEW", timedelta(hours=1))  # the test may take its time
    beats(runtime, clock=0, worker=10)
    return runtime


def beats(runtime: Runtime, **seconds_ago: float) -> None:
    with runtime.writing() as session:
        for name, seconds in seconds_ago.items():
            session.merge(Heartbeat(name=name, at=runtime.now() - timedelta(seconds=seconds)))


def bad(runtime: Runtime) -> dict[str, str]:
    return {finding.name: finding.detail for finding in examine(runtime) if not finding.ok}


def detail(runtime: Runtime, name: str) -> str:
    return "; ".join(finding.detail for finding in examine(runtime) if finding.name == name)


def event(session: Session, runtime: Runtime, state: str, seconds_ago: float) -> None:
    at = runtime.now() - timedelta(seconds=seconds_ago)
    session.add(
        InboundEvent(
            channel="web", account="web", external_id=f"{state}-{seconds_ago}", kind="message", state=state,
            received_at=at, next_at=at, purge_after=at, lease_until=at if state == EventState.WORKING else None,
        )
    )  # fmt: skip


def promise(session: Session, runtime: Runtime, state: str, seconds_ago: float, channel: str = "sms") -> None:
    at = runtime.now() - timedelta(seconds=seconds_ago)
    citizen = Citizen(created_at=at)
    session.add(citizen)
    session.flush()
    address = CitizenAddress(
        citizen_id=citizen.id or 0, channel=channel, account="a", scheme="tel", value=f"{citizen.id}", created_at=at
    )
    session.add(address)
    session.flush()
    message = Message(address_id=address.id, direction="out", author="system", created_at=at)
    session.add(message)
    session.flush()
    session.add(
        Outbox(
            key=f"k{message.id}", message_id=message.id or 0, address_id=address.id or 0, channel=channel, account="a",
            recipient="tel:1", body="x", state=state, next_at=runtime.now() + timedelta(hours=1), created_at=at,
        )
    )  # fmt: skip


def test_a_well_installation_is_healthy_and_says_what_it_found(well: Runtime, starter: Reader) -> None:
    findings = examine(well)
    assert [finding for finding in findings if not finding.ok] == []
    assert healthy(findings)
    names = [finding.name for finding in findings]
    assert names[-1] == "privacy contact"
    assert set(names) == {
        "configuration", "region pack", "channels", "classifier", "disk", "queue server", "database", "database clock",
        "virus scanner", "attachments", "inbox", "outbox", "quarantine", "sends",
        "resting channels",
    "refused requests", "budgets", "learning", "desk", "processes", "privacy contact",
    }  # fmt: skip
    assert detail(well, "classifier") == starter.version
    assert detail(well, "region pack") == f"{well.region.code} {well.region.version}"
    assert "web" in detail(well, "channels")
    assert detail(well, "privacy contact") == well.region.privacy_contact


@pytest.mark.parametrize("ok", [True, False])
def test_one_fault_is_enough(ok: bool) -> None:
    assert healthy([Finding("a", True, ""), Finding("b", ok, "")]) is ok


@pytest.mark.parametrize(
    ("state", "seconds", "ok"),
    [
        (EventState.NEW, 110, True),
        (EventState.NEW, 130, False),
        (EventState.NEW, -60, True),
        (EventState.WORKING, 110, True),
        (EventState.WORKING, 130, False),
        (EventState.DONE, 9000, True),
        (EventState.QUARANTINED, 9000, True),
        (EventState.DISCARDED, 9000, True),
    ],
)
def test_the_age_of_the_inbox(well: Runtime, state: str, seconds: float, ok: bool) -> None:
    with well.writing() as session:
        event(session, well, state, seconds)
    assert ("inbox" not in bad(well)) is ok


@pytest.mark.parametrize(
    ("state", "seconds", "ok"),
    [
        ("queued", 110, True),
        ("queued", 130, False),
        ("sending", 130, False),
        ("sent", 9000, True),
        ("uncertain", 9000, True),
        ("failed", 9000, True),
    ],
)
def test_the_age_of_the_outbox_counts_retries_too(well: Runtime, state: str, seconds: float, ok: bool) -> None:
    with well.writing() as session:
        promise(session, well, state, seconds)
    assert ("outbox" not in bad(well)) is ok


def test_what_waits_for_a_channel_that_is_off_says_so(well: Runtime) -> None:
    with well.writing() as session:
        promise(session, well, "queued", 600, channel="telegram")
    assert bad(well) == {"outbox": "the oldest waits for 10 min: switch the channel on again (channel telegram)"}


def test_quarantine_and_troubled_sends_are_counted_but_no_fault(well: Runtime) -> None:
    with well.writing() as session:
        event(session, well, EventState.QUARANTINED, 1)
        event(session, well, EventState.QUARANTINED, 2)
        for state in ("uncertain", "failed", "failed"):
            promise(session, well, state, 5)
    assert bad(well) == {}
    assert detail(well, "quarantine").startswith("2 event(s)")
    assert detail(well, "sends") == "1 uncertain, 2 failed"


@pytest.mark.parametrize(
    ("name", "seconds", "ok"),
    [("clock", 110, True), ("clock", 130, False), ("worker", 130, False), ("mail", 130, True)],
)
def test_processes_must_show_that_they_live(well: Runtime, name: str, seconds: float, ok: bool) -> None:
    beats(well, **{name: seconds})
    found = bad(well)
    assert ("processes" not in found) is ok
    assert ok or name in found["processes"]


def test_a_process_that_never_ran_is_named(runtime: Runtime) -> None:
    assert "worker has never run" in detail(runtime, "processes")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ["clock", "worker"]),
        ({"TELEGRAM_BOT_TOKEN": "1:" + "a" * 35}, ["clock", "worker", "fetch", "fetch"]),
        (
            {"MAIL_FROM": "aduan@contoh.id", "SMTP_URL": "smtp://127.0.0.1:1", "LMTP_BIND": "127.0.0.1:8024"},
            ["clock", "worker", "lmtp"],
        ),
        (
            {"TELEGRAM_BOT_TOKEN": "1:" + "a" * 35, "TELEGRAM_WEBHOOK_SECRET": "s" * 32},
            ["clock", "worker", "fetch", "fetch"],
        ),
    ],
    ids=["neither", "polling", "a mail listener", "webhook"],
)
def test_only_processes_with_work_are_expected(
    environment: dict[str, str], kaltara: Region, values: dict[str, str], expected: list[str]
) -> None:
    wired = Runtime(Settings.read({**environment, **values}))
    wired.__dict__["region"] = kaltara
    seen = [finding.detail.split()[0] for finding in examine(wired) if finding.name == "processes"]
    wired.close()
    assert seen == expected


@pytest.mark.parametrize(("seconds", "ok"), [(0, True), (419, True), (421, False)])
def test_a_provider_looked_at_now_and_then_may_be_silent_in_between(
    environment: dict[str, str], kaltara: Region, clock: Clock, seconds: float, ok: bool
) -> None:
    """Twilio's list is read every five minutes; two more pass before that is a fault."""
    twilio = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "x", "TWILIO_SMS_FROM": "+14155550199"}
    wired = Runtime(Settings.read({**environment, **twilio}), now=clock)
    wired.__dict__["region"] = kaltara
    beats(wired, **{"clock": 0, "worker": 0, "fetch": 0, "fetch sms": seconds})
    silent = [each.detail for each in examine(wired) if each.name == "processes" and not each.ok]
    wired.close()
    assert len(silent) == (not ok)
    assert all(each.startswith("fetch sms was last seen") for each in silent)


@pytest.mark.parametrize(("minutes", "ok"), [(0, True), (-61, False), (61, False)])
def test_two_clocks_that_disagree(well: Runtime, clock: Clock, minutes: float, ok: bool) -> None:
    clock.forward(minutes=minutes)
    assert ("database clock" not in bad(well)) is ok


@pytest.mark.parametrize(
    ("total", "free", "ok"),
    [
        (100_000_000_000, 5_000_000_000, True),
        (100_000_000_000, 4_900_000_000, False),
        (10_000_000_000, 1_000_000_000, True),
        (10_000_000_000, 900_000_000, False),
    ],
    ids=["exactly-5-percent", "less-than-5-percent", "exactly-1-gb", "less-than-1-gb"],
)
def test_room_on_the_disk(well: Runtime, monkeypatch: pytest.MonkeyPatch, total: int, free: int, ok: bool) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(total, total - free, free))
    assert ("disk" not in bad(well)) is ok


def _no_queue(runtime: Runtime) -> None:
    object.__setattr__(runtime.settings, "redis_url", f"redis://127.0.0.1:{free_port()}/0")


def _no_model(runtime: Runtime) -> None:
    shutil.rmtree(runtime.settings.models)


def _damaged_model(runtime: Runtime) -> None:
    for manifest in files_of(runtime.settings.models):
        if manifest.name == "manifest.json":
            manifest.write_text(json.dumps({"format": 1, "files": {}}))


def _old_schema(runtime: Runtime) -> None:
    db.downgrade(runtime.engine, "base")


def _half_a_channel(runtime: Runtime) -> None:
    object.__setattr__(runtime.settings, "values", {**runtime.settings.values, "TWILIO_SMS_FROM": "+15005550006"})


def _no_contact(runtime: Runtime) -> None:
    runtime.__dict__["region"] = _without_contact(runtime.region)


def _without_contact(region: Region) -> Region:
    import dataclasses

    return dataclasses.replace(region, privacy_contact="")


def _broken_region(runtime: Runtime) -> None:
    folder = runtime.settings.var / "regions"
    (folder / "kaltara").mkdir(parents=True)
    del runtime.__dict__["region"]
    object.__setattr__(runtime.settings, "region_dir", folder)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_no_queue, {"queue server": "REDIS_URL"}),
        (_no_model, {"classifier": "aduan release"}),
        (_damaged_model, {"classifier": "aduan release"}),
        (_old_schema, {"database": "run aduan db upgrade"}),
        (_half_a_channel, {"channels": "TWILIO_ACCOUNT_SID"}),
        (_no_contact, {"privacy contact": "privacy_contact"}),
        (_broken_region, {"region pack": "aduan region check", "privacy contact": "aduan region check"}),
    ],
    ids=["queue-away", "no-model", "damaged-model", "old-schema", "half-a-channel", "no-contact", "broken-region"],
)
def test_each_fault_is_found_alone_and_says_what_to_do(
    well: Runtime, spoil: Callable[[Runtime], None], said: dict[str, str]
) -> None:
    spoil(well)
    found = bad(well)
    assert found.keys() == said.keys()
    for name, words in said.items():
        assert words in found[name]


def test_an_unreachable_database_is_one_finding_without_its_password(tmp_path: Path, kaltara: Region) -> None:
    url = f"postgresql+psycopg://aduan:rahasia-sekali@127.0.0.1:{free_port()}/aduan"
    settings = Settings.read({"DATABASE_URL": url, "ADUAN_VAR": str(tmp_path), "REDIS_URL": "redis://127.0.0.1:1/0"})
    wired = Runtime(settings)
    wired.__dict__["region"] = kaltara
    findings = examine(wired)
    wired.close()
    assert [finding.name for finding in findings if "database" in finding.name] == ["database"]
    assert not healthy(findings)
    assert "rahasia-sekali" not in str(findings)
    assert "DATABASE_URL" in next(finding.detail for finding in findings if finding.name == "database")


def test_a_fault_of_the_doctor_is_a_finding_too(well: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: object) -> Usage:
        raise FileNotFoundError("gone")

    monkeypatch.setattr(shutil, "disk_usage", broken)
    assert bad(well) == {"disk": "could not be examined (FileNotFoundError): the log line above tells where"}


def test_a_refused_model_is_told_though_another_serves(well: Runtime, starter: Reader) -> None:
    learnt = Reader(replace(starter.agency, version="local-1-abcdef"), {})
    place(well.settings.models, learnt, starter)
    for path in files_of(well.settings.models):
        path.write_bytes(b"")
    findings = [finding for finding in examine(well) if finding.name == "classifier"]
    assert [finding.ok for finding in findings] == [False, True]
    assert "local-1-abcdef" in findings[0].detail and f"{starter.version} serves instead" in findings[0].detail


@pytest.mark.parametrize(
    ("told", "ok"),
    [("", True), ("local-1 serves: better", True), ("failed: MemoryError", False)],
    ids=["never", "well", "failed"],
)
def test_the_last_nights_training_is_told(told: str, ok: bool, well: Runtime) -> None:
    if told:
        with well.writing() as session:
            session.merge(Heartbeat(name="learning", at=well.now(), detail=told))
    [finding] = [finding for finding in examine(well) if finding.name == "learning"]
    assert (finding.ok, finding.detail) == (ok, told or "no night's training yet")
