"""The list of tickets: each filter against the tickets it must show."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from sqlalchemy import select
from sqlmodel import col

from admin import filters
from dispatch.models import Outbox, Ticket
from dispatch.runtime import Runtime
from dispatch.services import tickets as service
from dispatch.workflow import Status
from tests.admin.conftest import Browser, one_database
from tests.support.clock import Clock
from tests.support.tickets import add_staff, answer, open_ticket, write_again

Make = Callable[..., Browser]


def shown(browser: Browser, names: dict[str, str], **query: object) -> list[str]:
    """The tickets on the page, by the names the test gave them, in order."""
    response = browser.get(f"/admin/tickets?{urlencode(query)}")
    assert response.status_code == 200
    numbers = re.findall(r'<th scope="row"><a href="/admin/tickets/([^"]+)"', response.text)
    return [names[number] for number in numbers]


@pytest.fixture
def case(runtime: Runtime, clock: Clock) -> dict[str, str]:
    """Seven tickets, each with something of its own."""
    officer = add_staff(runtime, "lain@contoh.test", "admin")
    made: dict[str, Ticket] = {}
    made["late"] = open_ticket(runtime, "Jalan putus di Juata", area="65.71.03.1001")
    clock.forward(days=20)
    made["road"] = open_ticket(runtime, "Lubang 50% lebar_jalan")
    clock.forward(minutes=1)
    made["waste"] = open_ticket(runtime, "Sampah menumpuk", category="sampah", area="65.01", channel="whatsapp")
    clock.forward(minutes=1)
    made["unsure"] = open_ticket(runtime, "Tolong pak", category=None, area=None)
    clock.forward(minutes=1)
    made["answered"] = open_ticket(runtime, "Lampu mati", category="lampu_jalan", area="65.71.01")
    write_again(runtime, made["answered"], "Di Jalan Mulawarman")
    answer(runtime, made["answered"], "Sudah diganti", by=officer)
    clock.forward(minutes=1)
    made["failed"] = open_ticket(runtime, "Parit tersumbat", category="jembatan_drainase")
    answer(runtime, made["failed"], by=officer)
    clock.forward(minutes=1)
    made["closed"] = open_ticket(runtime, "Pohon tumbang di jalan")
    with runtime.writing() as session:
        row = session.get_one(Ticket, made["closed"].id)
        service.move(session, runtime.region, clock(), row, Status.IN_PROGRESS)
        service.move(session, runtime.region, clock(), row, Status.RESOLVED)
        out = session.scalars(select(Outbox).where(col(Outbox.ticket_id) == made["failed"].id)).one()
        out.state = "failed"
        session.add(out)
    return {ticket.number: name for name, ticket in made.items()}


OPEN = ["late", "road", "waste", "unsure", "failed", "answered"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param({}, {*OPEN}, id="open ones by default"),
        pytest.param({"status": "all"}, {*OPEN, "closed"}, id="all"),
        pytest.param({"status": "resolved"}, {"closed"}, id="one status"),
        pytest.param({"status": "new"}, {"unsure"}, id="new"),
        pytest.param({"status": "nonsense"}, {*OPEN}, id="unknown status"),
        pytest.param({"opd": "bulungan-dlh"}, {"waste"}, id="agency"),
        pytest.param({"opd": "nowhere"}, set(), id="unknown agency"),
        pytest.param({"channel": "whatsapp"}, {"waste"}, id="channel"),
        pytest.param({"area": "65.71"}, {"late", "road", "answered", "failed"}, id="area with all inside"),
        pytest.param({"area": "65.71.03"}, {"late"}, id="district"),
        pytest.param({"area": "65.7"}, set(), id="half a code"),
        pytest.param({"area": "65.%"}, set(), id="a wildcard is no area"),
        pytest.param({"overdue": "1"}, {"late"}, id="overdue"),
        pytest.param({"triage": "1"}, {"unsure"}, id="triage"),
        pytest.param({"undelivered": "1"}, {"failed"}, id="undelivered"),
        pytest.param({"q": "lubang"}, {"road"}, id="a word in any case"),
        pytest.param(
            {"q": "jalan"}, {"late", "road", "answered", "closed"}, id="in summaries and messages, all statuses"
        ),
        pytest.param({"q": "jalan", "status": "open"}, {"late", "road", "answered"}, id="a word among the open"),
        pytest.param({"q": "mulawarman jalan"}, {"answered"}, id="two words in any order"),
        pytest.param({"q": "diganti"}, {"answered"}, id="in an officer's answer"),
        pytest.param({"q": "50%"}, {"road"}, id="a percent sign is itself"),
        pytest.param({"q": "%%%%"}, set(), id="wildcards"),
        pytest.param({"q": "lebar_jalan"}, {"road"}, id="an underscore is itself"),
        pytest.param({"q": "lebarxjalan"}, set(), id="and nothing else"),
        pytest.param({"q": "' OR 1=1 --"}, set(), id="not SQL"),
        pytest.param({"q": "a\x00b"}, set(), id="NUL"),
        pytest.param({"q": "KU-7MPA-3QRW"}, set(), id="a number nobody has"),
        pytest.param({"figure": "answered"}, {"answered", "failed"}, id="a figure"),
        pytest.param({"figure": "resolved"}, {"closed"}, id="a figure of ended ones"),
        pytest.param({"figure": "first_late"}, {"late"}, id="late"),
        pytest.param({"opened_from": "2026-11-24"}, {*OPEN, "closed"} - {"late"}, id="from a day"),
        pytest.param({"opened_to": "2026-11-23"}, {"late"}, id="to a day, included"),
        pytest.param({"opened_from": "2026-11-04", "opened_to": "2026-11-04"}, {"late"}, id="one day"),
        pytest.param({"opened_from": "yesterday", "opened_to": "2026-99-99"}, {*OPEN}, id="no dates"),
        pytest.param({"opd": "tarakan-dpupr", "overdue": "1", "channel": "sms"}, {"late"}, id="together"),
    ],
)
def test_filters(
    query: dict[str, object], expected: set[str], case: dict[str, str], runtime: Runtime, signed_in: Make
) -> None:
    found = shown(signed_in(role="admin"), case, **query)
    assert set(found) == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("due", OPEN[:4]),
        ("", OPEN[:4]),
        ("nonsense", OPEN[:4]),
        ("opened", ["late", "road", "waste", "unsure"]),
        ("-opened", ["failed", "answered", "unsure", "waste", "road", "late"]),
    ],
)
def test_orders(sort: str, expected: list[str], case: dict[str, str], signed_in: Make) -> None:
    """Unanswered first, the longest overdue on top; equal deadlines in the order of receipt."""
    found = shown(signed_in(role="admin"), case, sort=sort)
    assert found[: len(expected)] == expected


def test_farthest_deadline_first(case: dict[str, str], signed_in: Make) -> None:
    found = shown(signed_in(role="admin"), case, sort="-due")
    assert found.index("late") == 3
    assert set(found[4:]) == {"answered", "failed"}


def test_a_number_in_any_spelling_finds_its_ticket(case: dict[str, str], signed_in: Make) -> None:
    admin = signed_in(role="admin")
    for number, name in case.items():
        assert shown(admin, case, q=number.lower().replace("-", " ")) == [name]


@pytest.mark.parametrize(
    ("role", "agencies", "expected"),
    [
        ("officer", ("tarakan-dpupr",), {"late", "road", "failed"}),
        ("officer", ("bulungan-dlh", "tarakan-dishub"), {"waste", "answered"}),
        ("officer", ("prov-diskominfo",), {"unsure"}),
        ("supervisor", ("bulungan-dlh",), {"waste"}),
        ("supervisor", (), {*OPEN}),
    ],
)
def test_everybody_sees_their_own(
    role: str, agencies: tuple[str, ...], expected: set[str], case: dict[str, str], signed_in: Make
) -> None:
    someone = signed_in(role=role, agencies=agencies)
    assert set(shown(someone, case)) == expected
    assert shown(someone, case, opd="malinau-dpupr") == []
    if "late" not in expected:
        assert shown(someone, case, q="putus") == []


def test_pages_repeat_and_leave_out_nothing(
    case: dict[str, str], signed_in: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "PAGE_SIZE", 2)
    monkeypatch.setattr("admin.inbox.PAGE_SIZE", 2)
    admin = signed_in(role="admin")
    pages = [shown(admin, case, page=page) for page in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [2, 2, 2, 0]
    assert {name for page in pages for name in page} == {*OPEN}
    first, last = admin.get("/admin/tickets?channel=sms&page=1").text, admin.get("/admin/tickets?page=3").text
    assert 'rel="next" href="/admin/tickets?channel=sms&amp;page=2"' in first and 'rel="prev"' not in first
    assert 'rel="prev" href="/admin/tickets?page=2"' in last and 'rel="next"' not in last


@one_database
@pytest.mark.parametrize("page", ["0", "-1", "x", "1e9", "99999999999999999999", "²", ""])
def test_a_page_that_is_none_is_answered(page: str, case: dict[str, str], signed_in: Make) -> None:
    shown(signed_in(role="admin"), case, page=page)


def test_time_left_is_told_in_words(case: dict[str, str], signed_in: Make, clock: Clock) -> None:
    text = signed_in(role="admin").get("/admin/tickets").text
    assert "late by 12 days" in text
    assert "5 working days left" in text
    assert "nothing due from us" in text


def test_the_frame_counts_what_waits(case: dict[str, str], signed_in: Make) -> None:
    admin = signed_in(role="admin").get("/admin/account").text
    officer = signed_in("lagi@contoh.test", agencies=("tarakan-dpupr",)).get("/admin/account").text
    assert 'Overdue <span class="count late">1</span>' in admin
    assert 'Triage <span class="count">1</span>' in admin
    assert 'Quarantine <span class="count">0</span>' in admin
    assert 'Overdue <span class="count late">1</span>' in officer
    assert "Triage <span" not in officer and "Quarantine" not in officer and "Accounts" not in officer
