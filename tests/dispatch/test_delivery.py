"""Provider reports: applied to the right row, never a step back, settled where we were in doubt."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col

from channels.message import RANK, DeliveryReport, DeliveryState
from dispatch.models import CitizenAddress, Outbox
from dispatch.services import delivery, people
from tests.support.rows import outbox_row, promised

S = DeliveryState
one_database = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def report(state: DeliveryState, *, message_id: str = "SM1", key: str = "", **fields: object) -> DeliveryReport:
    return DeliveryReport(
        channel="sms",
        account="ours",
        external_id=f"{message_id}:{state}",
        message_id=message_id,
        state=state,
        key=key,
        **fields,
    )


def sent(runtime, state: DeliveryState = S.SENT, external_id: str | None = "SM1") -> int:
    [row_id] = promised(runtime, channel="sms")
    with runtime.writing() as session:
        session.execute(update(Outbox).where(col(Outbox.id) == row_id).values(state=state, external_id=external_id))
    return row_id


def apply(runtime, found: DeliveryReport) -> bool:
    with runtime.writing() as session:
        return delivery.take_report(runtime, session, found)


@one_database
@pytest.mark.parametrize("reported", S)
@pytest.mark.parametrize("current", S)
def test_a_report_never_takes_a_step_back(runtime, clock, current, reported):
    row_id = sent(runtime, current)
    assert apply(runtime, report(reported)) is True
    row = outbox_row(runtime, row_id)
    assert row.state == (reported if RANK[reported] > RANK[current] else current)
    assert RANK[S(row.state)] >= RANK[current]
    changed_to_delivered = row.state in (S.DELIVERED, S.READ) and row.state != current
    assert (row.delivered_at is not None) is changed_to_delivered
    assert (row.settled_at is not None) is (row.state != current)


ORDERS = {
    "in-order": ((S.SENT, S.DELIVERED, S.READ), S.READ),
    "backwards": ((S.READ, S.DELIVERED, S.SENT), S.READ),
    "read-only": ((S.READ,), S.READ),
    "repeated": ((S.DELIVERED, S.DELIVERED), S.DELIVERED),
    "failed-then-late-sent": ((S.FAILED, S.SENT), S.FAILED),
    "failed-then-read": ((S.FAILED, S.READ), S.READ),
    "delivered-then-failed": ((S.DELIVERED, S.FAILED), S.DELIVERED),
    "word-nobody-knows": ((S.DELIVERED, S.UNKNOWN), S.DELIVERED),
}


@one_database
@pytest.mark.parametrize(("states", "final"), ORDERS.values(), ids=ORDERS)
def test_reports_in_any_order_end_in_the_highest(runtime, states, final):
    row_id = sent(runtime, S.QUEUED)
    for state in states:
        apply(runtime, report(state))
    assert outbox_row(runtime, row_id).state == final


def test_the_provider_s_own_time_is_kept_and_not_moved(runtime, clock):
    row_id = sent(runtime)
    at = clock() - timedelta(minutes=3)
    apply(runtime, report(S.DELIVERED, occurred_at=at))
    apply(runtime, report(S.READ, occurred_at=clock()))
    assert outbox_row(runtime, row_id).delivered_at == at


def test_an_uncertain_row_is_settled_by_our_own_key(runtime):
    row_id = sent(runtime, S.UNCERTAIN, external_id=None)
    key = outbox_row(runtime, row_id).key
    assert apply(runtime, report(S.DELIVERED, message_id="SM77", key=key))
    row = outbox_row(runtime, row_id)
    assert (row.state, row.external_id) == (S.DELIVERED, "SM77")


STRANGERS = {
    "unknown-id": report(S.DELIVERED, message_id="SM-unknown"),
    "nothing-to-go-by": report(S.DELIVERED, message_id=""),
    "another-account": DeliveryReport(
        channel="sms", account="theirs", external_id="x", message_id="SM1", state=S.DELIVERED
    ),
    "another-channel": DeliveryReport(
        channel="whatsapp", account="ours", external_id="x", message_id="SM1", state=S.DELIVERED
    ),
}


@one_database
@pytest.mark.parametrize("stranger", STRANGERS.values(), ids=STRANGERS)
def test_a_report_for_no_row_of_ours_is_false_and_changes_nothing(runtime, stranger):
    row_id = sent(runtime)
    assert apply(runtime, stranger) is False
    assert outbox_row(runtime, row_id).state == S.SENT


def test_a_failure_keeps_the_provider_s_code(runtime):
    row_id = sent(runtime)
    apply(runtime, report(S.FAILED, error_code="30003"))
    row = outbox_row(runtime, row_id)
    assert (row.state, row.error_code, bool(row.error)) == (S.FAILED, "30003", True)


def test_what_our_page_showed_is_delivered_once(runtime, clock):
    ids = promised(runtime, ("satu", "dua"), channel="web")
    with runtime.writing() as session:
        address_id = session.get_one(Outbox, ids[0]).address_id
        assert delivery.mark_shown(session, clock(), address_id) == 2
        assert delivery.mark_shown(session, clock(), address_id) == 0
    assert [outbox_row(runtime, each).delivered_at for each in ids] == [clock(), clock()]


def test_a_stopped_recipient_stays_stopped_since_the_first_time(runtime, clock):
    first, second = promised(runtime, ("satu", "dua"), channel="sms")
    at = clock()
    for _ in range(2):
        with runtime.writing() as session:
            address = session.get_one(CitizenAddress, outbox_row(runtime, first).address_id)
            people.set_stopped(session, clock(), address, True)
        clock.forward(minutes=1)
    with runtime.reading() as session:
        assert session.get_one(CitizenAddress, outbox_row(runtime, first).address_id).stopped_at == at
    # What was still queued will not be sent; nothing else of the row changes.
    assert [outbox_row(runtime, each).state for each in (first, second)] == [S.FAILED, S.FAILED]
