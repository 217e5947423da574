"""A secret is not there for who may not read it, an anonymous writer is nobody; every page of the application is
walked, so that a page of tomorrow is walked too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlmodel import Session, col
from werkzeug.test import TestResponse

from admin.security import need_of
from dispatch import lapor, reports
from dispatch.models import Audit, Privacy, Role, Staff, Ticket
from dispatch.runtime import Runtime
from dispatch.scope import Scope
from dispatch.services import privacy, secrecy, twins
from dispatch.services import staff as accounts
from tests.admin.conftest import Browser, one_database
from tests.support.tickets import add_staff, answer, open_ticket, reload

WORDS = "zamrudkencana"
NAME = "Bestari Pelapor"
VALUE = "2812555"
AGENCY = "tarakan-dpupr"


def conceal(runtime: Runtime, ticket: Ticket, wanted: Privacy) -> Ticket:
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        assert secrecy.conceal(session, runtime.region, runtime.now(), row, wanted)
    return reload(runtime, ticket)


def lists(runtime: Runtime, email: str, sees: bool = True) -> None:
    with runtime.writing() as session:
        row = session.scalars(select(Staff).where(col(Staff.email) == email)).one()
        accounts.set_sees_secret(session, runtime.now(), row, sees)


def pages(app: Flask, ticket: Ticket, attachment: int = 1) -> Iterator[str]:
    """Every page there is, each with this ticket where it takes one, and the searches for it."""
    values = {"number": ticket.number, "attachment_id": attachment, "event_id": 1, "staff_id": 1, "row_id": 1}
    with app.test_request_context("/"):
        for rule in app.url_map.iter_rules():
            if "GET" not in (rule.methods or ()) or rule.endpoint == "static":
                continue
            found = {name: values.get(name, 1) for name in rule.arguments}
            assert need_of(app, rule.endpoint) is not None
            yield app.url_map.bind("localhost").build(rule.endpoint, found)
    yield f"/admin/tickets?status=all&q={WORDS}"
    yield f"/admin/tickets?status=all&q={ticket.number}"
    yield "/admin/tickets?status=all"
    yield "/admin/tickets?status=all&figure=received"
    yield "/admin/tickets?triage=1"
    yield "/admin/export/tickets.csv?opd=" + AGENCY


def found_on(response: TestResponse, *needles: str) -> list[str]:
    text = response.get_data(as_text=True) if response.mimetype.startswith("text") else ""
    return [needle for needle in needles if needle in text]


@one_database
@pytest.mark.parametrize(
    ("role", "agencies"),
    [
        ("officer", (AGENCY,)),
        ("supervisor", (AGENCY,)),
        ("supervisor", ()),
        ("admin", ()),
        ("officer", ("prov-diskominfo",)),
    ],
    ids=["officer", "supervisor", "region", "admin", "desk"],
)
def test_no_page_shows_a_secret_to_who_may_not_read_it(
    app: Flask, runtime: Runtime, signed_in: Callable[..., Browser], role: str, agencies: tuple[str, ...]
) -> None:
    reader = add_staff(runtime, "baca@contoh.id", Role.ADMIN)
    lists(runtime, "baca@contoh.id")
    secret = open_ticket(runtime, f"Jalan {WORDS} rusak", name=NAME, receipt=True)
    answer(runtime, secret, f"Jawaban {WORDS}", by=reader)
    secret = conceal(runtime, secret, Privacy.SECRET)
    waits = open_ticket(runtime, f"Lagi {WORDS}", name=NAME, category=None)
    waits = conceal(runtime, waits, Privacy.SECRET)
    person = signed_in("tanpa@contoh.id", role, agencies)
    for ticket in (secret, waits):
        for path in pages(app, ticket):
            response = person.get(path)
            searched = {WORDS, ticket.number} - {part for part in (WORDS, ticket.number) if part in path}
            assert not found_on(response, *searched, NAME), (path, response.status_code)
        assert person.get(f"/admin/tickets/{ticket.number}").status_code == 404


@one_database
def test_who_is_on_the_list_reads_it_and_nobody_of_another_agency(
    runtime: Runtime, signed_in: Callable[..., Browser]
) -> None:
    reader, other = (
        signed_in("baca@contoh.id", "officer", (AGENCY,)),
        signed_in("lain@contoh.id", "officer", ("bulungan-dpupr",)),
    )
    lists(runtime, "baca@contoh.id")
    lists(runtime, "lain@contoh.id")
    ticket = conceal(runtime, open_ticket(runtime, f"Jalan {WORDS}", name=NAME), Privacy.SECRET)
    assert ticket.agency == AGENCY
    page = reader.get(f"/admin/tickets/{ticket.number}")
    assert WORDS in page.text
    assert NAME not in page.text
    assert WORDS in reader.get("/admin/tickets").text
    assert other.get(f"/admin/tickets/{ticket.number}").status_code == 404


@one_database
@pytest.mark.parametrize(
    ("role", "agencies", "known"), [("officer", (AGENCY,), False), ("supervisor", (), False), ("admin", (), True)]
)
def test_an_anonymous_writer_is_nobody_to_all_but_administrators(
    app: Flask,
    runtime: Runtime,
    signed_in: Callable[..., Browser],
    role: str,
    agencies: tuple[str, ...],
    known: bool,
) -> None:
    ticket = open_ticket(runtime, f"Jalan {WORDS}", name=NAME, receipt=True)
    answer(runtime, ticket, "Sudah.", by=add_staff(runtime, "jawab@contoh.id", Role.ADMIN))
    ticket = conceal(runtime, ticket, Privacy.ANONYMOUS)
    person = signed_in("orang@contoh.id", role, agencies)
    page = person.get(f"/admin/tickets/{ticket.number}").text
    assert (NAME in page) is known
    assert ("+62…" in page) is known
    assert WORDS in page
    if not known:
        for path in pages(app, ticket):
            assert not found_on(person.get(path), NAME, VALUE), path
    assert person.post(f"/admin/tickets/{ticket.number}", {"reply": "Kami datang besok."}).status_code == 303


@one_database
def test_figures_and_exports_leave_secrets_out_unless_asked_by_a_reader(runtime: Runtime) -> None:
    open_ticket(runtime, "Jalan biasa")
    add_staff(runtime, "baca@contoh.id", Role.ADMIN)
    lists(runtime, "baca@contoh.id")
    conceal(runtime, open_ticket(runtime, f"Jalan {WORDS}"), Privacy.SECRET)
    now = runtime.now()
    span = (now - timedelta(days=1), now + timedelta(days=1))

    def received(session: Session, scope: Scope | frozenset[str] | None) -> int:
        return sum(row.received for row in reports.response_figures(session, now, scope, *span))

    with runtime.reading() as session:
        assert received(session, None) == 1
        assert received(session, frozenset({AGENCY})) == 1
        assert received(session, Scope(None)) == 1
        assert received(session, Scope(None, secret=True)) == 2
        rows = list(reports.export_tickets(session, runtime.region, agencies=None, start=None, end=None, now=now))
        assert [row["text"] for row in rows] == ["Jalan biasa"]


def test_what_complains_about_an_agency_is_hidden_from_its_people_in_lists_too(runtime: Runtime) -> None:
    ticket = open_ticket(runtime, "Pungli", category="pelanggaran_aparat")
    with runtime.writing() as session:
        session.get_one(Ticket, ticket.id).accused = "tarakan-dpupr tarakan-dishub"
    both = frozenset({"tarakan-dpupr", "tarakan-inspektorat"})
    other = frozenset({"tarakan-dpup", "tarakan-inspektorat"})
    with runtime.reading() as session:
        for scope, seen in ((Scope(both, complained_about=both), 0), (Scope(other, complained_about=other), 1)):
            found = session.scalars(select(Ticket).where(reports.visible(scope))).all()
            assert len(found) == seen
            assert scope.reads(session.get_one(Ticket, ticket.id)) is bool(seen)


@one_database
def test_secrets_that_nobody_may_read_wait_at_the_desk_and_administrators_are_told(
    runtime: Runtime, signed_in: Callable[..., Browser]
) -> None:
    officer = signed_in("kantor@contoh.id", "officer", (AGENCY,))
    ticket = conceal(runtime, open_ticket(runtime, f"Jalan {WORDS}"), Privacy.SECRET)
    assert (ticket.agency, ticket.triage) == (runtime.region.desk, True)
    admin = signed_in("kepala@contoh.id", "admin")
    assert "1 secret report waits" in admin.get("/admin/tickets").text
    assert "secret report" not in officer.get("/admin/tickets").text
    with runtime.reading() as session:
        row = session.scalars(select(Staff).where(col(Staff.email) == "kepala@contoh.id")).one()
    assert admin.post(f"/admin/staff/{row.id}/secret", {"sees": "yes"}).status_code == 303
    assert "secret report waits" not in admin.get("/admin/tickets").text
    assert admin.get(f"/admin/tickets/{ticket.number}").status_code == 200
    with runtime.reading() as session:
        lines = session.scalars(select(Audit).where(col(Audit.action) == "staff.secret")).all()
    assert [line.detail for line in lines] == [{"sees": True}]


@one_database
def test_staff_close_a_report_and_only_a_supervisor_opens_it(
    runtime: Runtime, signed_in: Callable[..., Browser]
) -> None:
    ticket = open_ticket(runtime, "Jalan rusak", name=NAME)
    officer, head = signed_in("o@contoh.id", "officer", (AGENCY,)), signed_in("s@contoh.id", "supervisor", (AGENCY,))
    path = f"/admin/tickets/{ticket.number}/privacy"
    assert officer.post(path, {"privacy": "anonymous"}).status_code == 303
    assert officer.post(path, {"privacy": "named"}).status_code == 422
    assert officer.post(path, {"privacy": "nonsense"}).status_code == 422
    assert officer.post(path, {"privacy": "secret", "version": "1"}).status_code == 409
    assert reload(runtime, ticket).privacy == Privacy.ANONYMOUS
    assert head.post(path, {"privacy": "named"}).status_code == 303
    assert reload(runtime, ticket).privacy == Privacy.NAMED
    with runtime.reading() as session:
        assert privacy.unread(session, runtime.region) == 0
        lines = session.scalars(select(Audit).where(col(Audit.action) == "ticket.privacy")).all()
    assert [line.detail["to"] for line in lines] == ["anonymous", "named"]


@one_database
def test_whose_asset_it_is_gives_the_ticket_to_the_right_agency(
    runtime: Runtime, signed_in: Callable[..., Browser]
) -> None:
    ticket = open_ticket(runtime, "Jalan rusak", receipt=True)
    officer = signed_in("o@contoh.id", "officer", (AGENCY, "prov-dpupr"))
    path = f"/admin/tickets/{ticket.number}"
    assert "not certain" in officer.get(path).text
    assert officer.post(f"{path}/owner", {"owner": "madrasah"}).status_code == 422
    assert officer.post(f"{path}/owner", {"owner": "jalan_provinsi", "version": "1"}).status_code == 409
    assert officer.post(f"{path}/owner", {"owner": "jalan_provinsi"}).status_code == 303
    after = reload(runtime, ticket)
    assert (after.agency, after.owner) == ("prov-dpupr", "jalan_provinsi")
    page = officer.get(path).text
    assert "Provincial government" in page
    assert "a member of staff says whose asset it is" in page


@one_database
def test_a_secret_tickets_twin_is_listed_only_for_the_list(runtime: Runtime, signed_in: Callable[..., Browser]) -> None:
    plain, secret = open_ticket(runtime), open_ticket(runtime)
    conceal(runtime, secret, Privacy.SECRET)
    due = plain.resolution_due + timedelta(days=5)
    with runtime.writing() as session:
        found = [
            lapor.Row(line=n, tracking_id=str(n), number=ticket.number, resolution_due=due)
            for n, ticket in enumerate((plain, secret), 1)
        ]
        assert twins.import_rows(session, runtime.region, runtime.now(), found).conflict == 2
    browser = signed_in("awas@contoh.example", Role.SUPERVISOR)
    page = browser.get("/admin/lapor").text
    assert plain.number in page and secret.number not in page and "WITA" in page
    lists(runtime, "awas@contoh.example")
    assert secret.number in browser.get("/admin/lapor").text
