"""A ticket split among agencies, as its citizen meets it: one number, and how many work on it."""

from __future__ import annotations

import pytest
from flask import Flask

from bot.app import create_app
from dispatch.models import Ticket
from dispatch.runtime import Runtime
from dispatch.services import parts
from dispatch.services.parts import Part
from tests.support import rows
from tests.support.handing import person
from tests.support.visitor import Visitor

one_database = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
OWN = "tarakan-dishub"


@pytest.fixture
def app(runtime: Runtime) -> Flask:
    return create_app(runtime)


@one_database
@pytest.mark.parametrize(("own_part", "count"), [(True, 3), (False, 2)], ids=["with-its-own", "without"])
def test_tracking_shows_the_whole_and_no_part(app: Flask, runtime: Runtime, own_part: bool, count: int) -> None:
    officer, visitor = person(runtime, OWN), Visitor(app)
    with runtime.writing() as session:
        whole = rows.ticket(runtime, session)
    assert "Ditangani" not in visitor.get(f"/lacak/{whole.number}").text
    wanted = [Part("tarakan-dlh", "Angkut"), Part("tarakan-dpupr", "Tambal")]
    with runtime.writing() as session:
        row = session.get_one(Ticket, whole.id)
        made = parts.split(session, runtime.region, runtime.now(), row, wanted, staff_id=officer, own_part=own_part)
    assert f"Ditangani {count} instansi" in visitor.get(f"/lacak/{whole.number}").text
    assert [visitor.get(f"/lacak/{part.number}").status_code for part in made] == [404, 404]
