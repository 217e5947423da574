"""Figures and exports against a slow, obvious recomputation over random histories."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from dispatch import reports
from dispatch.models import Ticket
from dispatch.reports import EXPORT_COLUMNS, AgencyFigures, export_tickets, response_figures
from dispatch.runtime import Runtime
from dispatch.workflow import Status
from tests.support.clock import Clock
from tests.support.tickets import add_staff, answer, arrive, open_ticket

AGENCIES = ("tarakan-dpupr", "tarakan-dlh", "prov-diskominfo")
STILL = {Status.WAITING, Status.ANSWERED}
ENDED = {Status.RESOLVED, Status.CLOSED, Status.REJECTED, Status.FORWARDED}


def history(runtime: Runtime, clock: Clock, seed: int, count: int) -> None:
    """Random tickets: any status with or without an answer, in time, late, and exactly on the deadline."""
    draw = random.Random(seed)
    with runtime.writing() as session:
        _, address, _ = arrive(runtime, session, "Jalan rusak")
        for n in range(count):
            opened = clock() - timedelta(minutes=draw.randrange(60 * 24 * 60))
            first_due, due = (
                opened + timedelta(days=draw.randrange(1, 9)),
                opened + timedelta(days=draw.randrange(3, 20)),
            )
            status = draw.choice(list(Status))

            def moment(deadline: datetime, opened: datetime = opened) -> datetime | None:
                early = opened + (deadline - opened) * draw.random()
                late = deadline + timedelta(minutes=draw.randrange(1, 9000))
                return draw.choice([None, early, deadline, late])

            session.add(
                Ticket(
                    number=f"KU-{seed}-{n}",
                    citizen_id=address.citizen_id,
                    address_id=address.id or 0,
                    channel="sms",
                    status=status,
                    kind="complaint",
                    agency=draw.choice(AGENCIES),
                    triage=draw.random() < 0.2,
                    spoken_at=opened,
                    opened_at=opened,
                    verify_due=first_due,
                    first_response_due=first_due,
                    resolution_due=due,
                    first_response_at=moment(first_due),
                    resolved_at=(moment(due) or due) if status in ENDED else None,
                    last_citizen_at=opened,
                )
            )


def slowly(tickets: list[Ticket], now: datetime, start: datetime, end: datetime) -> list[AgencyFigures]:
    """The figures, worked out ticket by ticket from their definitions."""
    found = []
    for agency in sorted({ticket.agency for ticket in tickets}):
        mine = [ticket for ticket in tickets if ticket.agency == agency]
        period = [ticket for ticket in mine if start <= ticket.opened_at < end]
        standing = [ticket for ticket in mine if ticket.status not in ENDED]
        first = [(t.first_response_at - t.opened_at).total_seconds() for t in period if t.first_response_at]
        done = [t for t in period if t.status in (Status.RESOLVED, Status.CLOSED) and t.resolved_at]
        whole = [(t.resolved_at - t.opened_at).total_seconds() for t in done if t.resolved_at]

        def unanswered_late(t: Ticket) -> bool:
            return t.first_response_at is None and t.first_response_due < now

        def unresolved_late(t: Ticket) -> bool:
            return t.status not in ENDED | STILL and t.resolution_due < now

        owed = [t for t in period if t.first_response_at or (unanswered_late(t) and t.status != Status.FORWARDED)]
        if not period and not standing:
            continue
        found.append(
            AgencyFigures(
                agency=agency,
                received=len(period),
                answered=len(first),
                first_in_time=sum(
                    1 for t in period if t.first_response_at and t.first_response_at <= t.first_response_due
                ),
                first_counted=len(owed),
                resolved=len(done),
                resolution_in_time=sum(1 for t in done if t.resolved_at and t.resolved_at <= t.resolution_due),
                resolution_counted=len(done) + sum(1 for t in period if unresolved_late(t)),
                rejected=sum(1 for t in period if t.status == Status.REJECTED),
                forwarded=sum(1 for t in period if t.status == Status.FORWARDED),
                open=len(standing),
                overdue=sum(1 for t in standing if unanswered_late(t) or unresolved_late(t)),
                median_first=middle(first),
                p90_first=rank(first),
                median_resolution=middle(whole),
                p90_resolution=rank(whole),
            )
        )
    return found


def middle(values: list[float]) -> float | None:
    ordered, half = sorted(values), len(values) // 2
    if not ordered:
        return None
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def rank(values: list[float]) -> float | None:
    """The smallest value that at least nine tenths do not exceed."""
    return next((v for v in sorted(values) if 10 * sum(1 for x in values if x <= v) >= 9 * len(values)), None)


@pytest.mark.parametrize("seed", range(8))
def test_figures_equal_the_obvious_way(seed: int, runtime: Runtime, clock: Clock) -> None:
    history(runtime, clock, seed, count=(0, 1, 2, 10, 11, 60, 120, 200)[seed])
    now = clock()
    periods = [(60, 0), (30, 0), (30, 10), (5, 5), (3, 1)]
    with runtime.reading() as session:
        tickets = list(session.scalars(select(Ticket)))
        for before, until in periods:
            start, end = now - timedelta(days=before), now - timedelta(days=until)
            assert response_figures(session, now, None, start, end) == slowly(tickets, now, start, end)
            one = frozenset({AGENCIES[0]})
            mine = [ticket for ticket in tickets if ticket.agency in one]
            assert response_figures(session, now, one, start, end) == slowly(mine, now, start, end)
            assert response_figures(session, now, frozenset(), start, end) == []


def test_every_figure_has_exactly_its_tickets(runtime: Runtime, clock: Clock) -> None:
    history(runtime, clock, 99, count=150)
    now, start = clock(), clock() - timedelta(days=30)
    with runtime.reading() as session:
        for row in response_figures(session, now, None, start, now):
            for name in (*reports._OF_PERIOD, *reports._NOW):
                where = [col(Ticket.agency) == row.agency, reports.condition(name, now)]
                if name in reports._OF_PERIOD:
                    where.append(reports.in_period(start, now))
                assert len(session.scalars(select(Ticket.id).where(*where)).all()) == getattr(row, name), name


def test_the_period_includes_its_first_instant_and_not_its_last(runtime: Runtime, clock: Clock) -> None:
    open_ticket(runtime)
    now = clock()
    with runtime.reading() as session:
        inside = response_figures(session, now, None, now, now + timedelta(seconds=1))
        outside = response_figures(session, now, None, now - timedelta(days=1), now)
    assert [row.received for row in inside] == [1]
    assert [(row.received, row.open) for row in outside] == [(0, 1)]


def test_an_export_has_every_column_and_local_times(runtime: Runtime, clock: Clock) -> None:
    ticket = open_ticket(runtime, "Jalan rusak\nparah", receipt=True)
    officer = add_staff(runtime, "petugas@contoh.test", "admin")
    clock.forward(hours=1)
    answer(runtime, ticket, by=officer)
    with runtime.reading() as session:
        (row,) = export_tickets(session, runtime.region, agencies=None, start=None, end=None, now=clock())
    assert tuple(row) == EXPORT_COLUMNS
    assert row == {
        "number": ticket.number,
        "channel": "sms",
        "text": "Jalan rusak\nparah",
        "agency": "tarakan-dpupr",
        "category": "jalan_rusak",
        "area": "65.71",
        "status": "answered",
        "kind": "complaint",
        "opened_at": "2026-11-04T10:00:00+08:00",
        "first_response_due": "2026-11-11T16:00:00+08:00",
        "first_response_at": "2026-11-04T11:00:00+08:00",
        "resolution_due": "2026-11-24T16:00:00+08:00",
        "resolved_at": "",
        "closed_at": "",
        "delivered": "queued",
        "outcome": "",
        "overdue": "no",
        "handovers": "0",
        "bounces": "0",
        "part_of": "",
    }


@pytest.mark.parametrize("batch", [1, 7, 500])
def test_an_export_gives_each_ticket_once_in_order(
    batch: int, runtime: Runtime, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "BATCH", batch)
    history(runtime, clock, 5, count=25)
    start = clock() - timedelta(days=40)
    with runtime.reading() as session:
        everything = list(session.scalars(select(Ticket).order_by(col(Ticket.id))))
        wanted = [t.number for t in everything if t.agency == AGENCIES[0] and start <= t.opened_at < clock()]
        rows = export_tickets(
            session, runtime.region, agencies=frozenset({AGENCIES[0]}), start=start, end=clock(), now=clock()
        )
        assert [row["number"] for row in rows] == wanted
        nothing = export_tickets(session, runtime.region, agencies=frozenset(), start=None, end=None, now=clock())
        assert list(nothing) == []
    assert 0 < len(wanted) < 25


def test_overdue_is_judged_at_the_instant_given(runtime: Runtime, clock: Clock) -> None:
    ticket = open_ticket(runtime)
    due = ticket.first_response_due
    with runtime.reading() as session:
        told = [
            next(export_tickets(session, runtime.region, agencies=None, start=None, end=None, now=at))["overdue"]
            for at in (due, due + timedelta(seconds=1))
        ]
    assert told == ["no", "yes"]
