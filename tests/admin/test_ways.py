"""How a citizen can be reached, seen from a ticket: their addresses, who may be the same person, the reply window."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlmodel import col

from admin.ways import masked
from channels.message import Address
from dispatch.models import Audit, CitizenAddress, CitizenMerge, Ticket
from dispatch.runtime import Runtime
from dispatch.services import people
from tests.admin.conftest import Browser, one_database
from tests.support.clock import Clock
from tests.support.tickets import open_ticket, reload

Make = Callable[..., Browser]

MASKED = {
    "a phone": (CitizenAddress(scheme="tel", value="+628110000001", phone="+628110000001"), "+62…0001"),
    "an id with a phone": (CitizenAddress(scheme="whatsapp", value="ID.abc", phone="+628110000001"), "+62…0001"),
    "an id": (CitizenAddress(scheme="whatsapp", value="ID.abc"), ""),
    "a mail address": (CitizenAddress(scheme="mailto", value="warga@contoh.id"), "w…@contoh.id"),
    "a bot's user": (CitizenAddress(scheme="telegram", value="4711"), ""),
}


@pytest.mark.parametrize(("address", "shown"), MASKED.values(), ids=MASKED)
def test_an_address_is_shown_masked(address: CitizenAddress, shown: str) -> None:
    assert masked(address) == shown


def by_sms(runtime: Runtime, phone: str) -> CitizenAddress:
    """The same number writes by SMS as well."""
    with runtime.writing() as session:
        return people.identify_sender(session, runtime.now(), "sms", "ours", Address("tel", phone))


def phone_of(runtime: Runtime, ticket: Ticket) -> str:
    with runtime.writing() as session:
        address = session.get_one(CitizenAddress, ticket.address_id)
        address.phone = "+628110000001"
        session.add(address)
        return address.phone


def owners(runtime: Runtime) -> list[int]:
    with runtime.reading() as session:
        return list(session.scalars(select(col(CitizenAddress.citizen_id)).order_by(col(CitizenAddress.id))))


def test_staff_join_two_addresses_and_part_them_again(signed_in: Make, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    other = by_sms(runtime, phone_of(runtime, ticket))
    page = f"/admin/tickets/{ticket.number}"
    supervisor = signed_in(role="supervisor")
    assert "Is it the same person?" in supervisor.get(page).text
    assert supervisor.post(f"{page}/merge", {"address": str(other.id)}).status_code == 303
    assert owners(runtime) == [ticket.citizen_id] * 2
    text = supervisor.get(page).text
    assert "Is it the same person?" not in text
    assert "confirmed by staff" in text
    with runtime.reading() as session:
        row = session.scalars(select(CitizenMerge)).one()
        assert row.staff_id is not None
    assert supervisor.post(f"{page}/part", {"merge": str(row.id)}).status_code == 303
    assert owners(runtime) == [ticket.citizen_id, other.citizen_id]
    with runtime.reading() as session:
        done = list(session.scalars(select(col(Audit.action)).order_by(col(Audit.id))))
    assert [each for each in done if each.startswith("citizen.")] == ["citizen.merge", "citizen.part"]


@one_database
def test_an_officer_is_not_asked_and_may_not(signed_in: Make, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    other = by_sms(runtime, phone_of(runtime, ticket))
    officer = signed_in(agencies=(ticket.agency,))
    page = f"/admin/tickets/{ticket.number}"
    assert "Is it the same person?" not in officer.get(page).text
    assert officer.post(f"{page}/merge", {"address": str(other.id)}).status_code == 403
    assert owners(runtime) == [ticket.citizen_id, other.citizen_id]


@one_database
@pytest.mark.parametrize("address", ["999", "", "x", "1" * 30, "²"])
def test_only_a_suggested_address_can_be_joined(signed_in: Make, runtime: Runtime, address: str) -> None:
    ticket = open_ticket(runtime)
    by_sms(runtime, "+628119999999")
    browser = signed_in(role="supervisor")
    browser.post(f"/admin/tickets/{ticket.number}/merge", {"address": address})
    assert len(set(owners(runtime))) == 2


@one_database
def test_twice_is_harmless(signed_in: Make, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    other = by_sms(runtime, phone_of(runtime, ticket))
    browser = signed_in(role="supervisor")
    for _ in range(2):
        assert browser.post(f"/admin/tickets/{ticket.number}/merge", {"address": str(other.id)}).status_code == 303
    for _ in range(2):
        assert browser.post(f"/admin/tickets/{ticket.number}/part", {"merge": "1"}).status_code == 303
    assert reload(runtime, ticket).citizen_id == ticket.citizen_id


@one_database
@pytest.mark.parametrize(
    ("hours", "said"),
    [(23, "Sent at once until"), (25, "The last message is more than a day old")],
    ids=["window open", "window closed"],
)
def test_the_composer_says_whether_the_answer_goes_at_once(
    signed_in: Make, runtime: Runtime, clock: Clock, hours: int, said: str
) -> None:
    ticket = open_ticket(runtime, channel="whatsapp")
    with runtime.writing() as session:
        address = session.get_one(CitizenAddress, ticket.address_id)
        address.last_inbound_at = runtime.now()
        session.add(address)
    clock.forward(hours=hours)
    assert said in signed_in(role="supervisor").get(f"/admin/tickets/{ticket.number}").text


@one_database
def test_an_address_that_cannot_be_used_says_why(signed_in: Make, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    with runtime.writing() as session:
        address = session.get_one(CitizenAddress, ticket.address_id)
        address.bad_at = runtime.now()
        session.add(address)
    assert "cannot be reached since" in signed_in(role="supervisor").get(f"/admin/tickets/{ticket.number}").text
