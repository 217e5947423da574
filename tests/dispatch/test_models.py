"""Instants: aware ones come back as they went in, from both databases and whatever zone the process runs in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.exc import StatementError

from dispatch.models import Citizen

ROOT = Path(__file__).parents[2]
WITA = ZoneInfo("Asia/Makassar")

INSTANTS = {
    "utc": datetime(2026, 11, 4, 2, 0, tzinfo=UTC),
    "wita-late": datetime(2026, 12, 31, 23, 30, tzinfo=WITA),
    "midnight-wit": datetime(2027, 1, 1, 0, 0, tzinfo=ZoneInfo("Asia/Jayapura")),
    "half-hour-zone": datetime(2026, 3, 1, 5, 45, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    "microseconds": datetime(2026, 6, 1, 12, 0, 0, 123456, tzinfo=UTC),
    "new-york-twice": datetime(2026, 11, 1, 1, 30, fold=1, tzinfo=ZoneInfo("America/New_York")),
}


@pytest.mark.parametrize("instant", INSTANTS.values(), ids=INSTANTS)
def test_an_instant_comes_back_aware_and_equal(runtime, instant):
    with runtime.writing() as session:
        row = Citizen(created_at=instant)
        session.add(row)
    with runtime.reading() as session:
        found = session.get_one(Citizen, row.id).created_at
    assert found == instant.astimezone(UTC)
    assert found.utcoffset() == timedelta(0)


def test_a_naive_instant_is_refused(runtime):
    with pytest.raises(StatementError, match="naive"), runtime.writing() as session:
        session.add(Citizen(created_at=datetime(2026, 11, 4, 2, 0)))  # noqa: DTZ001


def test_no_instant_stays_no_instant(runtime):
    with runtime.writing() as session:
        row = Citizen(created_at=INSTANTS["utc"], notified_at=None)
        session.add(row)
    with runtime.reading() as session:
        assert session.get_one(Citizen, row.id).notified_at is None


TRIP = """
import json, sys
from datetime import datetime
from zoneinfo import ZoneInfo
from sqlalchemy import select
from dispatch import db, sla
from dispatch.models import Citizen
from dispatch.region import load
engine = db.make_engine(sys.argv[1])
at = datetime(2026, 12, 31, 23, 30, tzinfo=ZoneInfo("Asia/Makassar"))
with db.writing(engine) as session:
    session.add(Citizen(created_at=at))
with db.reading(engine) as session:
    back = session.scalars(select(Citizen)).one().created_at
    later = session.scalars(select(Citizen).where(Citizen.created_at > at)).all()
due = sla.deadlines(load("kaltara"), "prov-dishub", kind="complaint", supervision=False, start=back)
print(json.dumps([back.isoformat(), len(later), due.first_response.at.isoformat(), due.resolution.at.isoformat()]))
"""


@pytest.mark.parametrize("zone", ["UTC", "Asia/Makassar", "America/New_York"])
def test_the_zone_of_the_process_changes_nothing(backend, zone):
    environment = {**os.environ, "TZ": zone}
    command = [sys.executable, "-c", TRIP, backend.url]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout) == [
        "2026-12-31T15:30:00+00:00",
        0,
        "2027-01-11T08:00:00+00:00",
        "2027-01-22T08:30:00+00:00",
    ]
