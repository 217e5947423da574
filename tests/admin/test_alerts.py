"""Alerts in the staff application: the list and its count, how to reach me, positions, the ladder in the history."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from channels.message import Address
from dispatch.models import Alert, CitizenAddress, Message, Outbox, Position, Staff, StaffReach, Ticket
from dispatch.runtime import Runtime
from dispatch.services import alerts
from tests.admin.conftest import Browser, one_database
from tests.support.ladder import AGENCY, at, person
from tests.support.sending import MailSender, SmsSender, install
from tests.support.tickets import open_ticket

Make = Callable[..., Browser]
NUMBER = "+628110000077"
pytestmark = one_database


def a_ticket(runtime: Runtime) -> Ticket:
    ticket = open_ticket(runtime)
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        row.agency = AGENCY
        session.add(row)
    return row


def me(session: Session) -> Staff:
    return session.scalars(select(Staff).where(col(Staff.email) == "petugas@contoh.test")).one()


def tell(runtime: Runtime, ticket: Ticket, kind: str = "reopened", **fields: object) -> Alert:
    with runtime.writing() as session:
        [alert] = alerts.tell(
            session, runtime, runtime.now(), staff_ids=[me(session).id or 0], kind=kind,
            ticket=session.get_one(Ticket, ticket.id), key=f"{kind}:{ticket.id}", **fields,  # type: ignore[arg-type]
        )  # fmt: skip
    return alert


def test_alerts_are_listed_counted_and_marked(signed_in: Make, runtime: Runtime) -> None:
    browser = signed_in(agencies=(AGENCY,))
    first, second = a_ticket(runtime), a_ticket(runtime)
    tell(runtime, first)
    alert = tell(runtime, second)
    page = browser.get("/admin/alerts").text
    assert 'Alerts <span class="count">2</span>' in page
    assert page.index(second.number) < page.index(first.number)
    assert f"{second.number}: this report was reopened." in page
    browser.post("/admin/alerts/seen", {"alert": str(alert.id)})
    page = browser.get("/admin/alerts").text
    assert 'Alerts <span class="count">1</span>' in page
    assert page.index(first.number) < page.index(second.number)
    browser.post("/admin/alerts/seen")
    page = browser.get("/admin/alerts").text
    assert 'Alerts <span class="count">0</span>' in page
    assert "Mark all as seen" not in page


@pytest.mark.parametrize("named", ["x", "-1", "9" * 30, "0"])
def test_a_name_that_is_none_marks_nothing(signed_in: Make, runtime: Runtime, named: str) -> None:
    browser = signed_in(agencies=(AGENCY,))
    tell(runtime, a_ticket(runtime))
    assert browser.post("/admin/alerts/seen", {"alert": named}).status_code == 303
    assert 'Alerts <span class="count">1</span>' in browser.get("/admin/alerts").text


def test_a_ticket_that_went_elsewhere_is_not_named_any_more(signed_in: Make, runtime: Runtime) -> None:
    browser = signed_in(agencies=(AGENCY,))
    ticket = a_ticket(runtime)
    tell(runtime, ticket)
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        row.agency = "malinau-dpupr"
        session.add(row)
    page = browser.get("/admin/alerts").text
    assert ticket.number not in page
    assert "a ticket that you cannot see any more" in page


def test_somebody_elses_alerts_are_not_here(signed_in: Make, runtime: Runtime) -> None:
    ticket = a_ticket(runtime)
    other = person(runtime, "other")
    with runtime.writing() as session:
        alerts.tell(
            session, runtime, runtime.now(), staff_ids=[other.id or 0], kind="reopened",
            ticket=session.get_one(Ticket, ticket.id), key="k",
        )  # fmt: skip
    assert ticket.number not in signed_in(agencies=(AGENCY,)).get("/admin/alerts").text


# How to reach me


def test_without_channels_the_page_says_so(signed_in: Make) -> None:
    browser = signed_in(role="admin")
    assert "alerts stand in the application only" in browser.get("/admin/account/ways").text
    refused = browser.post("/admin/account/ways", {"channel": "mail"})
    assert refused.status_code == 422
    assert "not set up here" in refused.text
    assert browser.get("/admin/account").status_code == 200


def test_a_number_is_proven_chosen_and_tested(signed_in: Make, runtime: Runtime) -> None:
    sender = SmsSender()
    install(runtime, sender, MailSender())
    browser = signed_in(role="admin")
    refused = browser.post("/admin/account/ways/ask", {"way": "sms", "number": "x"})
    assert refused.status_code == 422
    assert 'aria-invalid="true"' in refused.text
    assert browser.post("/admin/account/ways", {"channel": "sms"}).status_code == 422
    assert browser.post("/admin/account/ways/ask", {"way": "sms", "number": NUMBER}).status_code == 303
    with runtime.reading() as session:
        sent = session.scalars(select(Outbox)).one()
        stored = session.scalars(select(Message)).one()
    code = re.search(r"[A-Z]{4}-[A-Z]{4}", sent.body)
    assert code is not None
    assert code[0] not in stored.body
    assert "Type the code: SMS" in browser.get("/admin/account/ways").text
    assert browser.post("/admin/account/ways/confirm", {"way": "sms", "code": "AAAA-AAAA"}).status_code == 422
    assert browser.post("/admin/account/ways/confirm", {"way": "sms", "code": code[0]}).status_code == 303
    page = browser.get("/admin/account/ways").text
    assert NUMBER not in page, "only its end is shown"
    assert '<option value="sms" selected>' in page
    browser.post("/admin/account/ways/test")
    browser.post("/admin/account/ways/test")
    with runtime.reading() as session:
        assert [row.kind for row in session.scalars(select(Alert))] == ["test"]
        assert (
            session.scalars(select(Outbox).order_by(col(Outbox.id).desc())).first().body.startswith("Pesan percobaan")
        )  # type: ignore[union-attr]
    page = browser.get("/admin/alerts").text
    assert "Test message" in page
    assert "waiting to be sent" in page


def test_a_way_that_does_not_work_any_more_is_said(signed_in: Make, runtime: Runtime) -> None:
    install(runtime, SmsSender())
    browser = signed_in(role="admin")
    with runtime.writing() as session:
        me(session).notify = "sms"
    assert "Prove first that it is yours" in browser.get("/admin/account/ways").text
    browser.post("/admin/account/ways/test")
    assert "among your alerts only" in browser.get("/admin/alerts").text


def test_five_wrong_codes_take_the_form_away(signed_in: Make, runtime: Runtime) -> None:
    install(runtime, SmsSender())
    browser = signed_in(role="admin")
    browser.post("/admin/account/ways/ask", {"way": "sms", "number": NUMBER})
    for _ in range(5):
        answer = browser.post("/admin/account/ways/confirm", {"way": "sms", "code": "AAAA-AAAA"})
        assert answer.status_code == 422
    assert 'id="field-code"' in answer.text
    assert "Type the code" not in browser.get("/admin/account/ways").text


# Positions


def test_an_administrator_gives_positions_and_takes_ways_away(signed_in: Make, runtime: Runtime) -> None:
    admin = signed_in(role="admin")
    install(runtime, SmsSender())
    staff = person(runtime, "officer", notify="sms")
    with runtime.writing() as session:
        session.add(StaffReach(staff_id=staff.id or 0, channel="sms", value=NUMBER, asked_at=runtime.now()))
    assert admin.post(f"/admin/staff/{staff.id}/position", {"position": "head"}).status_code == 303
    assert admin.post(f"/admin/staff/{staff.id}/position", {"position": "king"}).status_code == 400
    assert admin.post("/admin/staff/999/position", {"position": "head"}).status_code == 404
    assert "Head of the agency" in admin.get("/admin/staff").text
    assert admin.post(f"/admin/staff/{staff.id}/ways").status_code == 303
    with runtime.reading() as session:
        row = session.get_one(Staff, staff.id)
        assert (row.position, row.notify) == ("head", "")
        assert session.scalars(select(StaffReach)).all() == []


def test_a_new_account_has_its_position(signed_in: Make, runtime: Runtime) -> None:
    admin = signed_in(role="admin")
    form = {"email": "baru@contoh.test", "role": "supervisor", "agencies": []}
    assert admin.post("/admin/staff", {**form, "position": "king"}).status_code == 422
    assert admin.post("/admin/staff", {**form, "position": "secretary"}).status_code == 200
    assert admin.post("/admin/staff", {**form, "email": "dua@contoh.test"}).status_code == 200
    with runtime.reading() as session:
        found = dict(session.execute(select(col(Staff.email), col(Staff.position))).all())  # type: ignore[arg-type]
    assert found["baru@contoh.test"] == Position.SECRETARY
    assert found["dua@contoh.test"] == Position.SUPERVISOR


# The ticket's history


@pytest.mark.parametrize(("role", "shown"), [("supervisor", True), ("admin", True), ("officer", False)])
def test_who_watches_over_others_sees_whom_the_ladder_told(
    signed_in: Make, runtime: Runtime, role: str, shown: bool
) -> None:
    ticket = a_ticket(runtime)
    browser = signed_in(role=role, agencies=(AGENCY,))
    detail = {"due": at("2026-11-03 16:00").isoformat(), "position": "head", "instead": True}
    tell(runtime, ticket, "late", step="verify", rung=3, detail=detail)
    page = browser.get(f"/admin/tickets/{ticket.number}").text
    assert ("told that a deadline has passed" in page) is shown
    assert ("because the rung below is empty" in page) is shown


def test_a_message_to_staff_is_in_no_conversation(signed_in: Make, runtime: Runtime) -> None:
    install(runtime, MailSender())
    ticket = a_ticket(runtime)
    browser = signed_in(agencies=(AGENCY,))
    with runtime.writing() as session:
        me(session).notify = "mail"
    tell(runtime, ticket)
    with runtime.reading() as session:
        address = session.scalars(select(CitizenAddress).where(col(CitizenAddress.channel) == "mail")).one()
        assert str(Address(address.scheme, address.value)) == "mailto:petugas@contoh.test"
        [said] = session.scalars(select(Message).where(col(Message.address_id) == address.id)).all()
    page = browser.get(f"/admin/tickets/{ticket.number}").text
    assert said.body not in page
    assert "perlu Anda lihat" not in page
    assert ticket.number not in browser.get("/admin/undelivered").text
