"""Answers that did not arrive: listed for those who may see them, sent again, settled, or told in another way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select
from sqlmodel import col

from admin.failures import reason
from channels.message import DeliveryState
from dispatch.models import Message, Outbox, Ticket
from dispatch.runtime import Runtime
from tests.admin.conftest import Browser, one_database
from tests.support.tickets import add_staff, answer, open_ticket

Make = Callable[..., Browser]
S = DeliveryState


def sends(runtime: Runtime, ticket: Ticket) -> list[Outbox]:
    with runtime.reading() as session:
        query = select(Outbox).where(col(Outbox.ticket_id) == ticket.id).order_by(col(Outbox.id))
        return list(session.scalars(query))


def answered(runtime: Runtime, state: DeliveryState) -> tuple[Ticket, Outbox]:
    """A ticket whose answer ended in a state."""
    ticket = open_ticket(runtime)
    answer(runtime, ticket, by=add_staff(runtime, "penjawab@contoh.go.id", agencies=(ticket.agency,)))
    last = sends(runtime, ticket)[-1]
    with runtime.writing() as session:
        row = session.get_one(Outbox, last.id)
        row.state = state
        row.settled_at = runtime.now()
        session.add(row)
    return ticket, last


@pytest.mark.parametrize("state", [S.FAILED, S.UNCERTAIN, S.HELD])
def test_an_answer_that_did_not_arrive_is_listed(signed_in: Make, runtime: Runtime, state: DeliveryState) -> None:
    ticket, _ = answered(runtime, state)
    assert ticket.number in signed_in(agencies=(ticket.agency,)).get("/admin/undelivered").text


@pytest.mark.parametrize("state", [S.DELIVERED, S.READ, S.QUEUED])
@one_database
def test_what_arrived_or_is_on_its_way_is_not(signed_in: Make, runtime: Runtime, state: DeliveryState) -> None:
    ticket, _ = answered(runtime, state)
    text = signed_in(agencies=(ticket.agency,)).get("/admin/undelivered").text
    assert ticket.number not in text
    assert "Nothing waits here." in text


@one_database
def test_another_agencys_is_not_shown_and_not_touched(signed_in: Make, runtime: Runtime) -> None:
    ticket, row = answered(runtime, S.FAILED)
    stranger = signed_in(agencies=("prov-dinkes" if ticket.agency != "prov-dinkes" else "prov-dlh",))
    assert ticket.number not in stranger.get("/admin/undelivered").text
    assert stranger.post(f"/admin/tickets/{ticket.number}/deliveries/{row.id}/resend").status_code == 404
    assert len(sends(runtime, ticket)) == 1


def test_sent_again_it_is_a_new_promise(signed_in: Make, runtime: Runtime) -> None:
    ticket, row = answered(runtime, S.FAILED)
    officer = signed_in(agencies=(ticket.agency,))
    path = f"/admin/tickets/{ticket.number}/deliveries/{row.id}/resend"
    for _ in range(2):
        found = officer.post(path, {"next": "/admin/undelivered"})
        assert (found.status_code, found.headers["Location"]) == (303, "/admin/undelivered")
    assert [each.state for each in sends(runtime, ticket)] == [S.REPLACED, S.QUEUED]
    assert "sent again by staff" in officer.get(f"/admin/tickets/{ticket.number}").text


@pytest.mark.parametrize(("sent", "state"), [("yes", S.SENT), ("no", S.FAILED)])
def test_a_doubt_is_ended_by_a_person(signed_in: Make, runtime: Runtime, sent: str, state: DeliveryState) -> None:
    ticket, row = answered(runtime, S.UNCERTAIN)
    officer = signed_in(agencies=(ticket.agency,))
    path = f"/admin/tickets/{ticket.number}/deliveries/{row.id}/settle"
    assert officer.post(path, {"sent": sent}).status_code == 303
    assert [each.state for each in sends(runtime, ticket)] == [state]


@one_database
@pytest.mark.parametrize(("state", "sent", "code"), [(S.FAILED, "yes", 303), (S.UNCERTAIN, "perhaps", 400)])
def test_a_failure_cannot_be_called_sent(
    signed_in: Make, runtime: Runtime, state: DeliveryState, sent: str, code: int
) -> None:
    ticket, row = answered(runtime, state)
    officer = signed_in(agencies=(ticket.agency,))
    path = f"/admin/tickets/{ticket.number}/deliveries/{row.id}/settle"
    assert officer.post(path, {"sent": sent}).status_code == code
    assert [each.state for each in sends(runtime, ticket)] == [state]


def test_told_in_another_way_it_leaves_the_list(signed_in: Make, runtime: Runtime) -> None:
    ticket, row = answered(runtime, S.FAILED)
    officer = signed_in(agencies=(ticket.agency,))
    path = f"/admin/tickets/{ticket.number}/messages/{row.message_id}/told"
    assert officer.post(path).status_code == 303
    assert ticket.number not in officer.get("/admin/undelivered").text
    assert "in another way" in officer.get(f"/admin/tickets/{ticket.number}").text
    assert [each.state for each in sends(runtime, ticket)] == [S.FAILED]


REASONS = {
    "a code that says nobody lives there": (("sms", "21614", "refused (error 21614)"), "nobody is reached", "(21614)"),
    "a code nobody knows": (("sms", "99999", "refused (error 99999)"), "the provider refused it", "(99999)"),
    "our own fault": (("sms", "", "internal: KeyError"), "a fault of ours", ""),
    "a sender that died": (("sms", "", "the sender stopped before the provider's answer"), "our server stopped", ""),
    "nothing to say": (("sms", "", ""), "", ""),
}


@one_database
@pytest.mark.parametrize(("row", "said", "code"), REASONS.values(), ids=REASONS)
def test_staff_read_why_in_words(app: Flask, row: tuple[str, str, str], said: str, code: str) -> None:
    channel, number, error = row
    with app.test_request_context(headers={"Cookie": "aduan_language=en"}):
        found = reason(Outbox(channel=channel, error_code=number, error=error))
    assert found.startswith(said)
    assert found.endswith(code)


@one_database
def test_only_an_officers_answer_can_be_told_in_another_way(signed_in: Make, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    with runtime.reading() as session:
        first = session.scalars(select(col(Message.id)).where(col(Message.ticket_id) == ticket.id)).first()
    officer = signed_in(agencies=(ticket.agency,))
    assert officer.post(f"/admin/tickets/{ticket.number}/messages/{first}/told").status_code == 404
