"""Triage, quarantine, accounts, response times, export: the pages behind the list."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from html import unescape

import pytest
from sqlalchemy import select
from sqlmodel import col

from channels.message import InboundMessage
from dispatch.models import Audit, EventState, InboundEvent, Staff
from dispatch.reports import EXPORT_COLUMNS
from dispatch.runtime import Runtime
from dispatch.services import inbound
from dispatch.sheets import safe_cell
from dispatch.workflow import Status
from tests.admin.conftest import Browser, one_database
from tests.support.clock import Clock
from tests.support.tickets import PASSWORD, add_staff, answer, arrive, open_ticket, reload

Make = Callable[..., Browser]
SUGGESTIONS: list[dict[str, object]] = [
    {"category": "telekomunikasi", "confidence": 0.41},
    {"category": "gone from the region", "confidence": 0.3},
    {"category": "listrik", "confidence": 0.2},
    {"category": "sampah"},
    {"category": "desa", "confidence": 0.05},
]


def actions(runtime: Runtime) -> list[tuple[str, int | None]]:
    with runtime.reading() as session:
        return [(row.action, row.staff_id) for row in session.scalars(select(Audit).order_by(col(Audit.id)))]


# Triage


def test_triage_lists_the_unsure_by_deadline(signed_in: Make, runtime: Runtime, clock: Clock) -> None:
    first = open_ticket(runtime, "Yang pertama", category=None, area=None, suggestions=SUGGESTIONS)
    clock.forward(days=2)
    second = open_ticket(runtime, "Yang kedua", category=None, area=None)
    sure = open_ticket(runtime)
    text = signed_in(agencies=("prov-diskominfo",)).get("/admin/triage").text
    assert 0 < text.index(first.number) < text.index(second.number)
    assert sure.number not in text
    assert re.findall(r'<button class="choice"(?: accesskey="(\d)")?>', text) == ["1", "2", "3"]
    assert "41&nbsp;%" in text and "No suggestion" in text


def test_one_button_gives_the_ticket_to_its_agency(signed_in: Make, runtime: Runtime) -> None:
    ticket = open_ticket(runtime, "Sampah", category=None, area="65.71", suggestions=SUGGESTIONS)
    desk = signed_in(agencies=("prov-diskominfo",))
    text = desk.get("/admin/triage").text
    form: dict[str, object] = {"version": str(ticket.version), "agency": "tarakan-dlh", "category": "sampah"}
    assert 'name="agency" value="tarakan-dlh"' in text
    assert desk.post(f"/admin/tickets/{ticket.number}/assign", form).status_code == 303
    after = reload(runtime, ticket)
    assert (after.agency, after.category, after.triage, after.status) == (
        "tarakan-dlh",
        "sampah",
        False,
        Status.ASSIGNED,
    )
    assert "Nothing waits here." in desk.get("/admin/triage").text


def test_the_desk_goes_on_to_the_next_and_hears_what_it_taught(signed_in: Make, runtime: Runtime) -> None:
    ticket = open_ticket(runtime, "Sampah", category=None, area="65.71", suggestions=SUGGESTIONS)
    desk = signed_in(agencies=("prov-diskominfo",))
    form: dict[str, object] = {"agency": "tarakan-dlh", "category": "sampah", "from": "triage"}
    response = desk.post(f"/admin/tickets/{ticket.number}/assign", form)
    assert response.headers["Location"] == "/admin/triage"
    assert "Lesson 1 for Waste; it joins tonight&#39;s training." in desk.get("/admin/triage").text


def test_keys_choose_for_the_first_ticket_only(signed_in: Make, runtime: Runtime) -> None:
    for _ in range(2):
        open_ticket(runtime, category=None, area=None, suggestions=SUGGESTIONS)
    text = signed_in(agencies=("prov-diskominfo",)).get("/admin/triage").text
    assert text.count("accesskey=") == 3 and text.count('<button class="choice"') == 6


# Quarantine


def quarantined(runtime: Runtime, raw: bytes) -> None:
    with runtime.writing() as session:
        inbound.quarantine(
            session, runtime.now(), channel="whatsapp", account="a", raw=raw, content_type="", reason="no <id> in it"
        )


def test_quarantine_shows_what_arrived_harmlessly(signed_in: Make, runtime: Runtime) -> None:
    quarantined(runtime, b"<script>alert(1)</script>\xff\xfe\x00\x1b[31m" + b"x" * 5000)
    text = signed_in(role="admin").get("/admin/quarantine").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\ufffd\ufffd\ufffd\ufffd[31m" in text
    assert "<script" not in text and "no &lt;id&gt; in it" in text
    assert 0 < text.count("x" * 1900) < 2 and "x" * 2001 not in text
    assert "Try again" not in text, "what never was readable cannot be tried again"


@pytest.mark.parametrize(
    ("kind", "step", "state"),
    [
        ("readable", "retry", EventState.NEW),
        ("readable", "discard", EventState.DISCARDED),
        ("unreadable", "retry", EventState.QUARANTINED),
        ("unreadable", "discard", EventState.DISCARDED),
    ],
)
def test_quarantine_is_emptied_by_a_person(kind: str, step: str, state: str, signed_in: Make, runtime: Runtime) -> None:
    if kind == "unreadable":
        quarantined(runtime, b"x")
    else:
        with runtime.writing() as session:
            _, _, event = arrive(runtime, session, "Halo")
            assert isinstance(event, InboundMessage)
            row = session.get_one(InboundEvent, 1)
            row.state, row.error = EventState.QUARANTINED, "five failures"
            session.add(row)
    supervisor = signed_in(role="supervisor")
    assert supervisor.post(f"/admin/quarantine/1/{step}").status_code == 303
    with runtime.reading() as session:
        assert session.get_one(InboundEvent, 1).state == state
    done = state != EventState.QUARANTINED
    assert ((f"event.{step}", 1) in actions(runtime)) == done
    again = supervisor.post(f"/admin/quarantine/1/{step}")
    assert again.status_code == 303
    assert actions(runtime).count((f"event.{step}", 1)) == done


# Accounts


def test_an_account_is_added_with_a_password_shown_once(signed_in: Make, browser: Make, runtime: Runtime) -> None:
    admin = signed_in(role="admin")
    form = {"email": "Baru@Contoh.test", "name": "Petugas Baru", "role": "officer", "agencies": ["tarakan-dlh"]}
    response = admin.post("/admin/staff", dict(form))
    found = re.search(r'<code class="key">([^<]+)</code>', response.text)
    assert response.status_code == 200 and found is not None
    password = found.group(1)
    assert password not in admin.get("/admin/staff").text
    newcomer = browser()
    assert newcomer.sign_in("baru@contoh.test", password).status_code == 303
    assert newcomer.get("/admin/tickets").headers["Location"] == "/admin/password"
    with runtime.reading() as session:
        row = session.scalars(select(Staff).where(col(Staff.email) == "baru@contoh.test")).one()
        assert (row.name, row.role, row.must_change) == ("Petugas Baru", "officer", True)
    assert ("staff.added_by", 1) in actions(runtime)


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"email": "bukan surel", "role": "admin"}, "email"),
        ({"email": "petugas@contoh.test", "role": "admin"}, "email"),
        ({"email": "x@contoh.test", "role": "root"}, "role"),
        ({"email": "x@contoh.test", "role": "officer"}, "agencies"),
        ({"email": "x@contoh.test", "role": "officer", "agencies": ["nowhere"]}, "agencies"),
        ({}, "email"),
    ],
    ids=["no address", "taken", "unknown role", "officer without agency", "unknown agency", "nothing"],
)
def test_an_account_is_refused(form: dict[str, object], field: str, signed_in: Make, runtime: Runtime) -> None:
    response = signed_in(role="admin").post("/admin/staff", form)
    assert response.status_code == 422
    assert f'<a href="#field-{field}">' in response.text and f'id="fault-{field}"' in response.text
    with runtime.reading() as session:
        assert len(session.scalars(select(Staff)).all()) == 1


def test_the_last_administrator_stays(signed_in: Make) -> None:
    admin = signed_in(role="admin")
    response = admin.post("/admin/staff/1/disable")
    assert response.status_code == 422 and "last administrator" in response.text
    assert admin.get("/admin/staff").status_code == 200


def test_an_account_is_closed_and_opened_again(signed_in: Make, browser: Make, runtime: Runtime) -> None:
    other = add_staff(runtime, "lain@contoh.test", "supervisor")
    admin = signed_in(role="admin")
    admin.post(f"/admin/staff/{other.id}/disable")
    assert browser().sign_in(other.email).status_code == 422
    admin.post(f"/admin/staff/{other.id}/enable")
    assert browser().sign_in(other.email).status_code == 303
    assert [action for action, by in actions(runtime) if by == 2][-2:] == ["staff.closed_by", "staff.opened_by"]


def test_a_reset_password_works_once_for_signing_in(signed_in: Make, browser: Make, runtime: Runtime) -> None:
    other = add_staff(runtime, "lain@contoh.test", "supervisor")
    response = signed_in(role="admin").post(f"/admin/staff/{other.id}/reset")
    found = re.search(r'<code class="key">([^<]+)</code>', response.text)
    assert found is not None
    assert browser().sign_in(other.email, PASSWORD).status_code == 422
    someone = browser()
    assert someone.sign_in(other.email, found.group(1)).status_code == 303
    assert someone.get("/admin/account").headers["Location"] == "/admin/password"


def test_an_account_nobody_has(signed_in: Make) -> None:
    admin = signed_in(role="admin")
    for step in ("disable", "enable", "reset", "second-factor", "sessions"):
        assert admin.post(f"/admin/staff/4242/{step}").status_code == 404


# Language


def test_the_language_is_indonesian_until_somebody_chooses(browser: Make, runtime: Runtime) -> None:
    add_staff(runtime, "petugas@contoh.test", "admin")
    someone = browser()
    someone.client.delete_cookie("aduan_language", path="/admin")
    assert '<html lang="id">' in someone.get("/admin/login").text
    assert "Kata sandi" in someone.get("/admin/login").text
    assert someone.post("/admin/language", {"language": "en"}).headers["Location"] == "/admin/login"
    assert "Password" in someone.get("/admin/login").text
    someone.sign_in("petugas@contoh.test")
    someone.post("/admin/language", {"language": "id", "next": "/admin/help"})
    with runtime.reading() as session:
        assert session.get_one(Staff, 1).language == "id"
    other = browser()
    other.sign_in("petugas@contoh.test")
    assert '<html lang="id">' in other.get("/admin/help").text
    other.post("/admin/language", {"language": "fr"})
    assert '<html lang="id">' in other.get("/admin/help").text


# Response times and export


def test_every_number_leads_to_its_tickets(signed_in: Make, runtime: Runtime, clock: Clock) -> None:
    officer = add_staff(runtime, "lain@contoh.test", "admin")
    for hours in (1, 30):
        ticket = open_ticket(runtime)
        clock.forward(hours=hours)
        answer(runtime, ticket, by=officer)
    open_ticket(runtime, category="sampah")
    clock.forward(days=20)
    open_ticket(runtime, category=None, area=None)
    admin = signed_in(role="admin")
    text = admin.get("/admin/responses").text
    links = re.findall(r'<a href="(/admin/tickets\?[^"]*figure=[^"]*)">(\d+)</a>', text)
    assert len(links) == 3 * 11
    assert {number for _, number in links} == {"0", "1", "2"}
    for link, number in links:
        page = admin.get(unescape(link)).text
        assert page.count('<th scope="row"><a href="/admin/tickets/') == int(number), link
    assert "15.5\N{NO-BREAK SPACE}hours · 30.0\N{NO-BREAK SPACE}hours" in text
    assert "as of 25 Nov 2026 17:00 WITA" in text and "calendar hours" in text


@one_database
@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("", "2026-10-06", "2026-11-04"),
        ("from=2026-11-01&to=2026-11-02", "2026-11-01", "2026-11-02"),
        ("from=2026-11-02&to=2026-11-01", "2026-11-01", "2026-11-02"),
        ("to=2026-03-31", "2026-03-02", "2026-03-31"),
        ("from=x&to=2026-02-30", "2026-10-06", "2026-11-04"),
    ],
    ids=["thirty days", "given", "back to front", "only an end", "nonsense"],
)
def test_the_period(query: str, first: str, last: str, signed_in: Make) -> None:
    text = signed_in(role="admin").get(f"/admin/responses?{query}").text
    assert f'name="from" value="{first}"' in text and f'name="to" value="{last}"' in text


def test_an_officer_sees_the_figures_of_their_agencies(signed_in: Make, runtime: Runtime) -> None:
    open_ticket(runtime)
    open_ticket(runtime, category="sampah")
    officer = signed_in(agencies=("tarakan-dlh",))
    for query in ("", "?opd=tarakan-dpupr", "?opd=tarakan-dlh"):
        text = officer.get(f"/admin/responses{query}").text
        assert "DPUPR Tarakan" not in text
        assert ('<th scope="row">DLH Tarakan' in text) == (query != "?opd=tarakan-dpupr")


def exported(browser: Browser, query: str = "") -> list[dict[str, str]]:
    response = browser.get(f"/admin/export/tickets.csv{query}")
    assert response.status_code == 200 and response.mimetype == "text/csv"
    assert response.headers["Content-Disposition"] == 'attachment; filename="aduan-2026-11-04.csv"'
    text = response.data.decode("utf-8-sig")
    assert text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_export_holds_what_its_reader_may_see(signed_in: Make, runtime: Runtime) -> None:
    road, waste = open_ticket(runtime, 'Jalan "rusak",\nparah'), open_ticket(runtime, category="sampah")
    admin, officer = signed_in("satu@contoh.test", "admin"), signed_in("dua@contoh.test", agencies=("tarakan-dlh",))
    rows = exported(admin)
    assert tuple(rows[0]) == EXPORT_COLUMNS
    assert [row["number"] for row in rows] == [road.number, waste.number]
    assert rows[0]["text"] == 'Jalan "rusak",\nparah'
    assert [row["number"] for row in exported(officer)] == [waste.number]
    assert exported(officer, "?opd=tarakan-dpupr") == []
    assert [row["number"] for row in exported(admin, "?opd=tarakan-dpupr")] == [road.number]
    assert exported(admin, "?from=2026-11-05") == [] and len(exported(admin, "?from=2026-11-04&to=2026-11-04")) == 2
    assert actions(runtime).count(("export.tickets", 1)) == 4
    assert actions(runtime).count(("export.tickets", 2)) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+62 812", "'+62 812"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("\nx", "'\nx"),
        ("\t=1", "'\t'=1"),
        ("  =1", "'  =1"),
        ("＝1", "'＝1"),
        ("＋1", "'＋1"),
        ("a;=1", "a;'=1"),
        ("a,=1", "a,'=1"),
        ("a|@x", "a|'@x"),
        ('a"=1', "a\"'=1"),
        ("a'=1", "a''=1"),
        ("baris\n=1", "baris\n'=1"),
        ("", ""),
        ("Jalan rusak", "Jalan rusak"),
        ("a = b", "a = b"),
        ("KU-7MPA-3QRW", "KU-7MPA-3QRW"),
        ("2026-11-04T10:00:00+08:00", "2026-11-04T10:00:00+08:00"),
    ],
)
def test_no_cell_is_a_formula(text: str, expected: str) -> None:
    assert safe_cell(text) == expected


def test_formulas_of_citizens_are_harmless_in_the_export(signed_in: Make, runtime: Runtime) -> None:
    open_ticket(runtime, '=HYPERLINK("http://evil.example";"x")')
    (row,) = exported(signed_in(role="admin"))
    assert row["text"].startswith("'=HYPERLINK(")
