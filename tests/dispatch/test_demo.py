"""Invented tickets: believable, consistent with every rule the real ones keep, and never to be sent."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import pairwise
from typing import Any, TypeVar

import phonenumbers
import pytest
from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session, SQLModel, col

from channels.message import DeliveryState, InboundMessage, load
from channels.registry import kinds
from dispatch import demo, numbers, outbox, reports, routing, sla
from dispatch.config import Settings
from dispatch.demo.world import World
from dispatch.models import (
    Assignment,
    Author,
    Citizen,
    CitizenAddress,
    Direction,
    EventState,
    InboundEvent,
    Message,
    Outbox,
    StatusChange,
    Ticket,
)
from dispatch.phrases import Phrases
from dispatch.places import Places
from dispatch.region import Region
from dispatch.runtime import Runtime
from dispatch.services import inbound
from dispatch.workflow import ENDED, OPEN, TRANSITIONS, Status
from tests.support.clock import Clock
from tests.support.rows import lane

COUNT = 400
SETTLED = {
    DeliveryState.SENT,
    DeliveryState.DELIVERED,
    DeliveryState.READ,
    DeliveryState.FAILED,
    DeliveryState.UNCERTAIN,
}
Row = TypeVar("Row", bound=SQLModel)


@pytest.fixture
def filled(runtime: Runtime) -> Runtime:
    demo.fill(runtime, COUNT, seed=7)
    return runtime


def every(session: Session, model: type[Row]) -> list[Row]:
    return list(session.scalars(select(model).order_by("id")))


def by_ticket(rows: Iterable[Row]) -> dict[int, list[Row]]:
    grouped: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row.ticket_id].append(row)  # type: ignore[attr-defined]
    return grouped


def contents(runtime: Runtime) -> list[list[tuple[object, ...]]]:
    models = (Citizen, CitizenAddress, InboundEvent, Ticket, Assignment, StatusChange, Message, Outbox)
    with runtime.reading() as session:
        return [[tuple(row.model_dump().values()) for row in every(session, model)] for model in models]


def test_nothing_is_ever_queued_for_sending(filled: Runtime) -> None:
    with filled.reading() as session:
        states = set(session.scalars(select(col(Outbox.state))))
        assert states == SETTLED
        later = filled.now() + timedelta(days=400)
        assert sum(outbox.due(session, later, lane(kind)) for kind in kinds()) == 0
        assert session.scalar(select(func.count()).where(col(Outbox.settled_at).is_(None))) == 0
        assert inbound.waiting(session, filled.now() + timedelta(days=400)) == []


def test_no_address_reaches_anybody(filled: Runtime) -> None:
    with filled.reading() as session:
        addresses = every(session, CitizenAddress)
    assert {address.channel for address in addresses} == {"whatsapp", "web", "sms", "telegram", "mail"}
    for address in addresses:
        if address.value.startswith("+"):
            assert not phonenumbers.is_valid_number(phonenumbers.parse(address.value))
        elif address.scheme == "mailto":
            assert address.value.endswith(".example")
        elif address.scheme == "telegram":
            assert int(address.value) >= 2**52
        else:
            assert address.scheme == "web"


@pytest.mark.parametrize("url", ["https://aduan.example.go.id", "https://10.0.0.7"])
def test_an_address_others_can_reach_refuses_it(runtime: Runtime, url: str) -> None:
    public = Runtime(dataclasses.replace(runtime.settings, public_url=url), now=runtime.now)
    with pytest.raises(demo.NotHere, match="loopback"):
        demo.fill(public, 1)
    with runtime.reading() as session:
        assert session.scalar(select(func.count()).select_from(Ticket)) == 0


def test_a_negative_number_is_refused_and_none_writes_nothing(runtime: Runtime) -> None:
    with pytest.raises(ValueError, match="negative"):
        demo.fill(runtime, -1)
    assert demo.fill(runtime, 0) == 0


def test_the_same_seed_gives_the_same_tickets(
    environment: dict[str, str], clock: Clock, kaltara: Region, runtime: Runtime, tmp_path: Any
) -> None:
    from dispatch import db

    other = Runtime(Settings.read({**environment, "DATABASE_URL": f"sqlite:///{tmp_path / 'second.db'}"}), now=clock)
    other.__dict__["region"] = kaltara
    db.upgrade(other.engine)
    demo.fill(runtime, 60, seed=3)
    demo.fill(other, 60, seed=3)
    assert contents(runtime) == contents(other)
    other.close()


def test_run_again_it_adds_others_and_the_real_thing_goes_on(filled: Runtime) -> None:
    told: list[int] = []
    assert demo.fill(filled, 1200, seed=7, progress=told.append) == 1200
    assert told == [1000, 1200]
    with filled.writing() as session:
        session.add(Citizen(created_at=filled.now()))
    with filled.reading() as session:
        assert session.scalar(select(func.count()).select_from(Ticket)) == COUNT + 1200
        last = {address.citizen_id: address.last_inbound_at for address in every(session, CitizenAddress)}
        heard: dict[int, Any] = dict(
            session.execute(
                select(col(CitizenAddress.citizen_id), func.max(col(Message.created_at)))
                .join(Message, col(Message.address_id) == col(CitizenAddress.id))
                .where(col(Message.direction) == Direction.IN)
                .group_by(col(CitizenAddress.citizen_id))
            ).all()  # type: ignore[arg-type]
        )
        assert last == heard


def test_numbers_are_valid_and_belong_to_the_region(filled: Runtime) -> None:
    with filled.reading() as session:
        found = list(session.scalars(select(col(Ticket.number))))
    assert [numbers.parse(filled.region.prefix, number) for number in found] == found
    assert not [number for number in found if any(part.isdigit() for part in number.split("-"))]


def test_every_history_follows_the_table_of_changes(filled: Runtime) -> None:
    with filled.reading() as session:
        tickets, changes = every(session, Ticket), by_ticket(every(session, StatusChange))
    for ticket in tickets:
        steps = changes[ticket.id or 0]
        assert (steps[0].from_status, steps[0].to_status, steps[0].at) == ("", Status.NEW, ticket.opened_at)
        assert all((Status(step.from_status), Status(step.to_status)) in TRANSITIONS for step in steps[1:])
        assert all(before.to_status == after.from_status for before, after in pairwise(steps))
        assert all(before.at <= after.at for before, after in pairwise(steps))
        assert steps[-1].to_status == ticket.status
        ended = [step.at for step in steps if Status(step.to_status) in ENDED]
        assert ticket.resolved_at == ticket.closed_at == (ended[0] if ended else None)
        assert (ticket.status in ENDED) == bool(ended)


def test_what_the_ticket_says_is_what_was_written(filled: Runtime) -> None:
    with filled.reading() as session:
        tickets, messages = every(session, Ticket), by_ticket(every(session, Message))
        assignments, changes = by_ticket(every(session, Assignment)), by_ticket(every(session, StatusChange))
    for ticket in tickets:
        said = messages[ticket.id or 0]
        answers = [m.created_at for m in said if m.author == Author.STAFF and m.direction == Direction.OUT]
        assert ticket.first_response_at == (answers[0] if answers else None)
        assert ticket.last_staff_at == (answers[-1] if answers else None)
        assert said[0].direction == Direction.IN
        assert said[0].created_at == ticket.opened_at
        assert [m.created_at for m in said] == sorted(m.created_at for m in said)
        assert said[-1].created_at <= filled.now()
        last = assignments[ticket.id or 0][-1]
        assert (ticket.agency, ticket.category) == (last.agency, last.category)
        assert (ticket.verify_due, ticket.first_response_due) == (last.verify_due, last.first_response_due)
        # A question to the citizen moves the last date on, and nothing moves it back.
        asked = any(change.to_status == Status.WAITING for change in changes[ticket.id or 0])
        answered = any(change.to_status == Status.ANSWERED for change in changes[ticket.id or 0])
        assert ticket.resolution_due == last.resolution_due or (asked or answered)
        assert ticket.resolution_due >= last.resolution_due
        assert (ticket.next_due is not None) == (ticket.status in OPEN or ticket.status == Status.RESOLVED)
        assert ticket.version >= len(assignments[ticket.id or 0]) + len(changes[ticket.id or 0])
        assert ticket.triage == (ticket.category is None and ticket.status != Status.REJECTED)


def test_agency_and_deadlines_are_what_the_rules_give(filled: Runtime) -> None:
    region = filled.region
    with filled.reading() as session:
        tickets, assignments = every(session, Ticket), every(session, Assignment)
    opened = {ticket.id: ticket for ticket in tickets}
    for assignment in assignments:
        ticket = opened[assignment.ticket_id]
        assert assignment.agency == routing.route(region, assignment.category, assignment.area).agency
        category = region.categories.get(assignment.category or "")
        due = sla.deadlines(
            region,
            assignment.agency,
            kind=category.kind if category else "complaint",
            supervision=category.supervision if category else False,
            start=ticket.opened_at,
        )
        assert assignment.verify_due == due.verify.at
        assert assignment.first_response_due == due.first_response.at
        assert assignment.resolution_due == due.resolution.at
        assert assignment.rule_version == due.rule_version


def test_limits_in_hours_move_with_the_moment_of_receipt(kaltara: Region, clock: Clock) -> None:
    hours = tuple(
        dataclasses.replace(rule, counts="hours") if rule.stage == "verify" else rule for rule in kaltara.clocks
    )
    region = dataclasses.replace(kaltara, clocks=hours)
    stage = World(region, Places(region), Phrases(region), "http://127.0.0.1", clock())
    for minutes in (0, 95):
        start = clock() + timedelta(minutes=minutes)
        assert stage.deadlines(region.desk, "complaint", False, start) == sla.deadlines(
            region, region.desk, kind="complaint", supervision=False, start=start
        )


def test_each_message_of_a_citizen_is_a_finished_event_that_can_be_read_back(filled: Runtime) -> None:
    with filled.reading() as session:
        events = {event.id: event for event in every(session, InboundEvent)}
        heard = [m for m in every(session, Message) if m.direction == Direction.IN]
        recipients = {address.id: str(address) for address in every(session, CitizenAddress)}
    assert {message.event_id for message in heard} == set(events)
    for message in heard:
        row = events[message.event_id]
        event = load(row.kind, row.payload)
        assert isinstance(event, InboundMessage)
        assert (row.state, row.raw) == (EventState.DONE, b"")
        assert (event.text, event.subject, event.external_id) == (message.body, message.subject, message.provider_id)
        assert str(event.sender) == recipients[message.address_id]


def test_each_message_to_a_citizen_has_its_settled_rows(filled: Runtime) -> None:
    with filled.reading() as session:
        said = {m.id: m for m in every(session, Message) if m.direction == Direction.OUT}
        rows = every(session, Outbox)
    assert {row.message_id for row in rows} == set(said)
    for row in rows:
        message = said[row.message_id]
        assert row.ticket_id == message.ticket_id
        assert row.address_id == message.address_id
        assert row.created_at == message.created_at
        assert row.automatic == (message.author == Author.SYSTEM)
        assert row.settled_at is not None
        assert row.created_at <= row.settled_at <= filled.now()
        assert (row.delivered_at is not None) == (row.state in (DeliveryState.DELIVERED, DeliveryState.READ))


#: Figure → the least and the most of a hundred tickets.
SHARES = {
    "answered": (55, 90),
    "first_in_time": (45, 80),
    "first_late": (6, 30),
    "resolved": (30, 80),
    "open": (6, 40),
    "overdue": (0.5, 20),
    "forwarded": (5, 25),
    "rejected": (0.5, 10),
    "undelivered": (0.5, 15),
}


def _count(session: Session, which: ColumnElement[bool]) -> int:
    return session.execute(select(func.count()).select_from(Ticket).where(which)).scalar_one()


def test_the_shares_are_believable(filled: Runtime) -> None:
    now = filled.now()
    with filled.reading() as session:
        found = {name: _count(session, reports.condition(name, now)) * 100 / COUNT for name in SHARES}
    assert {name: share for name, share in found.items() if not SHARES[name][0] <= share <= SHARES[name][1]} == {}


def test_people_write_mostly_in_office_hours_of_the_past_half_year(filled: Runtime) -> None:
    with filled.reading() as session:
        opened = [ticket.opened_at for ticket in every(session, Ticket)]
    assert opened == sorted(opened)
    assert filled.now() - timedelta(days=180) <= opened[0]
    assert opened[-1] <= filled.now()
    assert opened[-1] - opened[0] > timedelta(days=160)
    hours = [filled.region.local(instant).hour for instant in opened]
    assert sum(8 <= hour < 17 for hour in hours) > COUNT / 2


def test_more_people_write_from_where_more_people_live(filled: Runtime) -> None:
    with filled.reading() as session:
        areas = [ticket.area for ticket in every(session, Ticket) if ticket.area]
    assert all(area in filled.region.places for area in areas)
    count: Callable[[str], int] = lambda regency: sum(area.startswith(regency) for area in areas)  # noqa: E731
    assert count("65.71") > count("65.02") > count("65.04") > 0


def test_some_stand_in_every_status(filled: Runtime) -> None:
    demo.fill(filled, 1500, seed=1)
    with filled.reading() as session:
        found = set(session.scalars(select(col(Ticket.status)).distinct()))
        assert _count(session, reports.condition("triage", filled.now())) > 0
    assert set(OPEN) | {Status.CLOSED, Status.FORWARDED, Status.REJECTED, Status.RESOLVED} == found
