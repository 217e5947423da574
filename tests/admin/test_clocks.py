"""The sentences about a ticket's deadlines: the worked table's own, and what the ticket's page makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

import pytest
from flask import Flask
from flask_babel import force_locale

from admin import explaining
from dispatch import sla
from dispatch.models import Ticket
from dispatch.runtime import Runtime
from dispatch.services import recounting, tickets
from dispatch.workflow import Status
from tests.admin.conftest import Browser, one_database
from tests.support import deadline_cases
from tests.support.clock import Clock
from tests.support.deadline_cases import Case
from tests.support.desk import officer as somebody
from tests.support.tickets import open_ticket

Make = Callable[..., Browser]
_readers = count(1)
SAID = [case for case in deadline_cases.read() if case.sentence]


def explained(case: Case, now: datetime | None = None) -> sla.Explanation:
    return sla.explain(
        case.region,
        case.agency,
        kind=case.kind,
        supervision=case.supervision,
        stage=case.stage,
        start=case.opened_at,
        changes=case.changes,
        now=now or case.opened_at,
    )


@one_database
@pytest.mark.parametrize("case", SAID, ids=[case.name for case in SAID])
def test_the_sentence_of_a_worked_case(case: Case, app: Flask) -> None:
    with app.test_request_context(), force_locale("id"):
        assert explaining.sentence(case.region, explained(case)) == case.sentence


#: case → the sentence in English
ENGLISH = {
    "over Christmas and its joint leave": "14 working days since receipt on Tuesday 8 Dec 2026 (Peraturan contoh), "
    "without 24 Dec (Cuti bersama Natal), 25 Dec (Natal): Wednesday 30 Dec 2026 16:00 WITA",
    "a week past the cap": "14 working days since receipt on Monday 2 Nov 2026 (Peraturan contoh), plus 40 hours of "
    "working time (the citizen was asked); waiting counts until 11 Nov 2026 16:00 WITA at most: "
    "Monday 30 Nov 2026 14:00 WITA",
    "three times 24 hours over a weekend": "72 hours without a break since receipt on Friday 6 Nov 2026 17:45 WITA "
    "(Peraturan contoh): Monday 9 Nov 2026 17:45 WITA",
}


@one_database
@pytest.mark.parametrize(("name", "expected"), ENGLISH.items(), ids=ENGLISH)
def test_the_sentence_in_english(name: str, expected: str, app: Flask) -> None:
    case = next(each for each in SAID if each.name == name)
    with app.test_request_context(), force_locale("en"):
        assert explaining.sentence(case.region, explained(case)) == expected


#: case, local moment → what is said of the clock's standing still
STANDING = {
    "asked": ("no answer yet", "2026-11-09 10:00", "Berhenti sejak 4 Nov 2026 10.00 WITA (menunggu jawaban pelapor). "
              "Berjalan lagi paling lambat 11 Nov 2026 16.00 WITA."),
    "past-the-cap": ("no answer yet", "2026-11-11 16:00", ""),
    "before-it-was-asked": ("no answer yet", "2026-11-04 09:59", ""),
    "answered": ("answered and nothing more", "2026-12-09 10:00",
                 "Berhenti sejak 4 Nov 2026 10.00 WITA (pelapor sudah dijawab)."),
    "running": ("answered and back", "2026-11-09 10:00", ""),
}  # fmt: skip


@one_database
@pytest.mark.parametrize(("name", "at", "expected"), STANDING.values(), ids=STANDING)
def test_what_stands_still_says_since_when_and_until(name: str, at: str, expected: str, app: Flask) -> None:
    case = next(each for each in deadline_cases.read() if each.name == name)
    now = datetime.fromisoformat(at).replace(tzinfo=case.region.zone)
    with app.test_request_context(), force_locale("id"):
        assert explaining.standing(case.region, explained(case, now)) == expected


def page(signed_in: Make, ticket: Ticket) -> str:
    """The ticket's page, read by somebody who signs in now: a session does not outlast half an hour."""
    email = f"petugas-{next(_readers)}@contoh.test"
    response = signed_in(email, agencies=("tarakan-dpupr",)).get(f"/admin/tickets/{ticket.number}")
    assert response.status_code == 200
    return " ".join(response.text.split())


def test_the_page_explains_and_counts_shares(signed_in: Make, runtime: Runtime, clock: Clock) -> None:
    ticket = open_ticket(runtime)
    clock.forward(hours=3, minutes=30)  # over lunch
    text = page(signed_in, ticket)
    assert (
        "14 working days since receipt on Wednesday 4 Nov 2026 (Permen PANRB 62/2018): Tuesday 24 Nov 2026 16:00"
        in text
    )
    assert "Working time each agency had it: " in text
    assert " 2 hours 30 minutes" in text
    assert "Counted since the citizen spoke" not in text


@one_database
def test_the_page_says_since_when_the_clock_stands_still(signed_in: Make, runtime: Runtime, clock: Clock) -> None:
    ticket = open_ticket(runtime)
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        tickets.move(session, runtime.region, clock(), row, Status.WAITING, staff_id=somebody(runtime, session))
    clock.forward(days=1)
    text = page(signed_in, ticket)
    assert "the clock stands still" in text
    assert "Stands still since 4 Nov 2026 10:00 WITA (the citizen was asked)." in text
    clock.forward(days=10)
    assert "Stands still since" not in page(signed_in, ticket)
    assert "the clock stands still" not in page(signed_in, ticket)


@one_database
def test_the_page_shows_both_clocks_of_a_late_message(signed_in: Make, runtime: Runtime, clock: Clock) -> None:
    ticket = open_ticket(runtime)
    with runtime.writing() as session:
        session.get_one(Ticket, ticket.id).spoken_at = clock() - timedelta(days=7)
    text = page(signed_in, ticket)
    assert "Counted since the citizen spoke (28 Oct 2026 10:00 WITA) it would be due 17 Nov 2026 16:00 WITA." in text
    assert text.count("Counted since the citizen spoke") == 2  # the first answer and the resolution


@one_database
def test_a_calendar_that_lost_its_hours_leaves_the_page_and_says_so(signed_in: Make, runtime: Runtime) -> None:
    ticket, region = open_ticket(runtime), runtime.region
    never = {code: replace(each, week=((),) * 7) for code, each in region.calendars.items()}
    runtime.__dict__["region"] = replace(region, calendars=never, edition="never")
    text = page(signed_in, ticket)
    assert "The calendar office has no working hours, so dates cannot be worked out." in text
    assert "due 24 Nov 2026 16:00 WITA" in text


@one_database
def test_a_deadline_that_moved_with_the_rules_stands_in_the_history(
    signed_in: Callable[..., Browser], runtime: Runtime
) -> None:
    ticket = open_ticket(runtime)
    recounting.recount(runtime, "start")
    day = runtime.region.local(ticket.resolution_due).date() - timedelta(days=1)
    holidays = {**runtime.region.regional_holidays, day: "Libur baru"}
    runtime.__dict__["region"] = replace(runtime.region, regional_holidays=holidays, edition="with-a-day-off")
    recounting.recount(runtime, "a day off")
    page = signed_in(agencies=(ticket.agency,)).get(f"/admin/tickets/{ticket.number}").text
    assert "Deadline moved by the rules of with-a-day-off" in page
