"""What waits unseen is found by ``aduan doctor``: consequences, recounts, tickets of nobody or without a next date."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update
from sqlmodel import col

from dispatch import desk_health
from dispatch.models import Recount, Ticket
from dispatch.runtime import Runtime
from dispatch.services import consequences
from tests.support.clock import Clock
from tests.support.tickets import open_ticket


def found(runtime: Runtime) -> list[tuple[bool, str]]:
    return list(desk_health.look(runtime))


def test_all_is_well_when_every_change_was_worked(runtime: Runtime, clock: Clock) -> None:
    open_ticket(runtime)
    consequences.sweep(runtime)
    clock.forward(hours=2)
    assert found(runtime) == [(True, "every open ticket has an owner and a next date")]


def test_a_change_whose_consequences_nobody_works_is_found(runtime: Runtime, clock: Clock) -> None:
    open_ticket(runtime)
    clock.forward(hours=2)
    ((ok, words),) = found(runtime)
    assert not ok and "wait for their consequences" in words


def test_a_ticket_of_nobody_or_without_a_next_date_is_found(runtime: Runtime) -> None:
    for values in ({"agency": "gone"}, {"agency": "pln"}, {"next_due": None}):
        ticket = open_ticket(runtime)
        with runtime.writing() as session:
            session.execute(update(Ticket).where(col(Ticket.id) == ticket.id).values(**values))
    ((ok, words),) = found(runtime)
    assert not ok and words.startswith("3 open ticket(s)")


def test_a_recount_that_does_not_end_is_found(runtime: Runtime, clock: Clock) -> None:
    with runtime.writing() as session:
        session.add(Recount(edition="x", started_at=clock() - timedelta(hours=2)))
    ((ok, words),) = found(runtime)
    assert not ok and "recount" in words
