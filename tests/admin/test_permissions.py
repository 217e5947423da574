"""Who may do what: every route and method against every kind of person, as one table a supervisor could check."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select
from sqlmodel import col
from werkzeug.test import TestResponse

from admin.security import need_of
from channels.message import Attachment, AttachmentKind
from dispatch.models import Outbox, Staff, StoredAttachment
from dispatch.pictures import Picture
from dispatch.runtime import Runtime
from dispatch.services import media
from tests.admin.conftest import Browser, one_database
from tests.support.pictures import jpeg
from tests.support.tickets import add_staff, answer, open_ticket

OWN = "tarakan-dpupr"
OTHER = "bulungan-dishub"

#: Column → role, agencies. The first three are not in yet: a stranger, second factor missing, one-time password.
PEOPLE = {
    "stranger": None,
    "unverified": ("admin", ()),
    "one-time": ("admin", ()),
    "officer-elsewhere": ("officer", (OTHER,)),
    "officer": ("officer", (OWN,)),
    "desk-officer": ("officer", ("prov-diskominfo",)),
    "supervisor": ("supervisor", (OWN,)),
    "region-supervisor": ("supervisor", ()),
    "admin": ("admin", ()),
}
# in: gets there | login, second, change: sent to that step first | 403: not for this role | 404: does not exist to them
TABLE = """
GET /admin/                                   | login  second change in     in     in     in     in     in
GET /admin/account                            | login  second change in     in     in     in     in     in
GET /admin/account/ways                       | login  second change in     in     in     in     in     in
POST /admin/account/ways                      | login  second change in     in     in     in     in     in
POST /admin/account/ways/ask                  | login  second change in     in     in     in     in     in
POST /admin/account/ways/confirm              | login  second change in     in     in     in     in     in
POST /admin/account/ways/test                 | login  second change in     in     in     in     in     in
GET /admin/alerts                             | login  second change in     in     in     in     in     in
POST /admin/alerts/seen                       | login  second change in     in     in     in     in     in
POST /admin/account/sessions/<session_id>/end | login  second change in     in     in     in     in     in
POST /admin/account/sessions/end-others       | login  second change in     in     in     in     in     in
GET /admin/attachments/<attachment_id>        | login  second change 404    in     404    in     in     in
GET /admin/attachments/<attachment_id>/preview | login second change 404    in     404    in     in     in
GET /admin/attachments/<attachment_id>/show   | login  second change 404    in     404    in     in     in
GET /admin/export/tickets.csv                 | login  second change in     in     in     in     in     in
GET /admin/help                               | login  second change in     in     in     in     in     in
POST /admin/language                          | login  in     in     in     in     in     in     in     in
GET /admin/intake                             | login  second change in     in     in     in     in     in
POST /admin/intake                            | login  second change in     in     in     in     in     in
GET /admin/intake/<key>                       | login  second change 404    404    404    404    404    404
GET /admin/lapor                              | login  second change 403    403    403    403    in     in
POST /admin/lapor                             | login  second change 403    403    403    403    in     in
GET /admin/lapor/export.<form>                | login  second change 403    403    403    403    in     in
POST /admin/tickets/<number>/lapor            | login  second change 404    in     404    in     in     in
POST /admin/tickets/<number>/told             | login  second change 404    in     404    in     in     in
GET /admin/login                              | in     in     in     in     in     in     in     in     in
POST /admin/login                             | in     in     in     in     in     in     in     in     in
POST /admin/logout                            | login  login  login  login  login  login  login  login  login
GET /admin/password                           | login  second in     in     in     in     in     in     in
POST /admin/password                          | login  second in     in     in     in     in     in     in
GET /admin/quality                            | login  second change 403    403    403    in     in     in
POST /admin/quality/rollback                  | login  second change 403    403    403    403    403    in
GET /admin/quarantine                         | login  second change 403    403    403    403    in     in
GET /admin/quarantine/<event_id>/original     | login  second change 403    403    403    403    404    404
POST /admin/quarantine/<event_id>/discard     | login  second change 403    403    403    403    in     in
POST /admin/quarantine/<event_id>/retry       | login  second change 403    403    403    403    in     in
GET /admin/responses                          | login  second change in     in     in     in     in     in
GET /admin/second-factor                      | login  in     in     in     in     in     in     in     in
POST /admin/second-factor                     | login  in     in     in     in     in     in     in     in
GET /admin/second-factor/qr.svg               | login  404    404    404    404    404    404    404    404
POST /admin/second-factor/start               | login  second second second second second second second second
GET /admin/staff                              | login  second change 403    403    403    403    403    in
POST /admin/staff                             | login  second change 403    403    403    403    403    in
POST /admin/staff/<staff_id>/disable          | login  second change 403    403    403    403    403    in
POST /admin/staff/<staff_id>/enable           | login  second change 403    403    403    403    403    in
POST /admin/staff/<staff_id>/position         | login  second change 403    403    403    403    403    in
POST /admin/staff/<staff_id>/ways             | login  second change 403    403    403    403    403    in
POST /admin/staff/<staff_id>/reset            | login  second change 403    403    403    403    403    in
POST /admin/staff/<staff_id>/second-factor    | login  second change 403    403    403    403    403    in
POST /admin/staff/<staff_id>/sessions         | login  second change 403    403    403    403    403    in
GET /admin/tickets                            | login  second change in     in     in     in     in     in
GET /admin/tickets/<number>                   | login  second change 404    in     404    in     in     in
POST /admin/tickets/<number>                  | login  second change 404    in     404    in     in     in
POST /admin/tickets/<number>/accept           | login  second change 404    in     404    in     in     in
POST /admin/tickets/<number>/assign           | login  second change 404    in     404    in     in     in
POST /admin/tickets/<number>/calm             | login  second change 404    in     404    in     in     in
POST /admin/tickets/<number>/deliveries/<row_id>/resend | login second change 404 in  404    in     in     in
POST /admin/tickets/<number>/deliveries/<row_id>/settle | login second change 404 in  404    in     in     in
POST /admin/tickets/<number>/different        | login  second change 404    in     404    in     in     in
POST /admin/tickets/<number>/join             | login  second change 404    in     404    in     in     in
POST /admin/tickets/<number>/merge            | login  second change 403    403    403    403    in     in
POST /admin/tickets/<number>/messages/<message_id>/told | login second change 404 in  404    in     in     in
POST /admin/tickets/<number>/note             | login  second change 404    in     404    in     in     in
POST /admin/tickets/<number>/part             | login  second change 403    403    403    403    in     in
POST /admin/staff/<staff_id>/secret           | login  second change 403    403    403    403    403    in
POST /admin/tickets/<number>/owner            | login  second change 404    in     404    in     in     in
POST /admin/tickets/<number>/privacy          | login  second change 404    in     404    in     in     in
POST /admin/tickets/<number>/place            | login  second change 404    in     404    in     in     in
POST /admin/tickets/<number>/report           | login  second change 404    in     404    in     in     in
POST /admin/tickets/<number>/send-back        | login  second change 404    in     404    in     in     in
POST /admin/tickets/<number>/split            | login  second change 404    in     404    in     in     in
POST /admin/tickets/<number>/split-off        | login  second change 404    in     404    in     in     in
POST /admin/tickets/<number>/status           | login  second change 404    in     404    in     in     in
POST /admin/tickets/<number>/undo-flood       | login  second change 404    in     404    in     in     in
POST /admin/tickets/<number>/unlearn          | login  second change 404    in     404    in     in     in
POST /admin/tickets/<number>/unsplit          | login  second change 404    in     404    in     in     in
GET /admin/triage                             | login  second change 403    403    in     403    in     in
GET /admin/undelivered                        | login  second change in     in     in     in     in     in
"""


def rows() -> dict[str, list[str]]:
    lines = (line.split("|") for line in TABLE.strip().splitlines())
    return {route.strip(): outcomes.split() for route, outcomes in lines}


def routes(app: Flask) -> list[str]:
    found = []
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:>]*:)?(\w+)>", r"<\1>", rule.rule.replace("(max=2147483647)", ""))
        found += [f"{method} {path}" for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    return [route for route in found if "/static/" not in route]


def outcome(response: TestResponse) -> str:
    """What became of a request, in the table's words."""
    assert response.status_code < 500, response.text
    place = response.headers.get("Location", "").partition("?")[0]
    steps = {"/admin/login": "login", "/admin/second-factor": "second", "/admin/password": "change"}
    if response.status_code in (302, 303) and place in steps:
        return steps[place]
    return str(response.status_code) if response.status_code in (403, 404) else "in"


@one_database
def test_the_table_has_every_route(app: Flask) -> None:
    assert sorted(rows()) == sorted(routes(app))


@one_database
def test_every_view_declares_what_it_needs(app: Flask) -> None:
    assert [name for name in app.view_functions if need_of(app, name) is None] == []


@one_database
def test_a_view_that_declares_nothing_answers_nobody(app: Flask, signed_in: Callable[..., Browser]) -> None:
    app.add_url_rule("/admin/forgotten", "forgotten", lambda: "secret")
    assert signed_in(role="admin").get("/admin/forgotten").status_code == 403


@pytest.mark.parametrize("person", PEOPLE)
def test_matrix(person: str, app: Flask, runtime: Runtime, browser: Callable[[], Browser]) -> None:
    bystander = add_staff(runtime, "bystander@contoh.test", "officer", (OTHER,))
    ticket = open_ticket(runtime, attachments=(Attachment(AttachmentKind.IMAGE, "source"),))
    assert ticket.agency == OWN
    with runtime.writing() as session:
        file = session.get_one(StoredAttachment, 1)
        picture = Picture(jpeg((40, 30)), "image/jpeg", jpeg((20, 15)))
        media.store(session, runtime.settings.media, file, b"\xff\xd8\xff picture", picture=picture)
    said = answer(runtime, ticket, by=bystander)
    with runtime.reading() as session:
        row_id = session.scalars(select(col(Outbox.id)).where(col(Outbox.message_id) == said.id)).one()
    someone = browser()
    if (account := PEOPLE[person]) is not None:
        staff = add_staff(runtime, "someone@contoh.test", *account, must_change=person == "one-time")
        if person == "unverified":
            with runtime.writing() as session:
                row = session.get_one(Staff, staff.id)
                row.totp_secret, row.totp_last = "JBSWY3DPEHPK3PXP" * 2, 1
                session.add(row)
        someone.sign_in(staff.email)
    token = someone.token()
    values = {
        "number": ticket.number,
        "attachment_id": "1",
        "event_id": "1",
        "staff_id": str(bystander.id),
        "session_id": "9999",
        "message_id": str(said.id),
        "row_id": str(row_id),
        "key": "nothing-0123456789",
        "form": "csv",
    }

    def ask(route: str) -> str:
        method, path = route.split(" ")
        address = re.sub(r"<(\w+)>", lambda found: values[found.group(1)], path)
        if method == "GET":
            return outcome(someone.get(address))
        return outcome(someone.client.post(address, data={"csrf_token": token}))

    column = list(PEOPLE).index(person)
    expected = {route: outcomes[column] for route, outcomes in rows().items()}
    # Signing out, and in as nobody, come last: the other rows need the session.
    order = sorted(expected, key=lambda route: route.endswith(("/logout", "POST /admin/login", "/end-others")))
    assert {route: ask(route) for route in order} == expected


@one_database
@pytest.mark.parametrize("number", ["KU-7MPA-3QRW", "KU-0000-0000", "x", "%00", "..%2f..", "KU-7MPA-3QRW%0a"])
def test_numbers_that_are_no_ticket_of_ours(number: str, signed_in: Callable[..., Browser]) -> None:
    assert signed_in(role="admin").get(f"/admin/tickets/{number}").status_code == 404


@pytest.mark.parametrize("spelling", ["{0}", "{1}", "{2}"])
def test_a_number_is_read_in_any_spelling(spelling: str, signed_in: Callable[..., Browser], runtime: Runtime) -> None:
    number = open_ticket(runtime).number
    path = spelling.format(number, number.lower(), number.replace("-", ""))
    assert number in signed_in(role="admin").get(f"/admin/tickets/{path}").text


def test_nobody_gives_themselves_a_role(signed_in: Callable[..., Browser], runtime: Runtime) -> None:
    officer = signed_in(agencies=(OWN,))
    answer = officer.post("/admin/staff", {"email": "me@contoh.test", "role": "admin", "agencies": []})
    assert answer.status_code == 403
    with runtime.reading() as session:
        assert list(session.scalars(select(col(Staff.email)))) == ["petugas@contoh.test"]


def test_a_changed_role_holds_at_the_next_request(signed_in: Callable[..., Browser], runtime: Runtime) -> None:
    admin = signed_in(role="admin")
    with runtime.writing() as session:
        row = session.get_one(Staff, 1)
        row.role = "officer"
        session.add(row)
    assert admin.get("/admin/staff").status_code == 403
