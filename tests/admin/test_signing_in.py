"""Sign-in, sessions, second factor, CSRF, redirects: what an attacker tries, and what must happen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from flask import Flask
from sqlalchemy import select
from sqlmodel import col

from admin.app import create_app
from admin.security import network, safe_next
from dispatch.models import Audit, Staff, StaffSession
from dispatch.runtime import Runtime
from dispatch.services import staff as accounts
from tests.admin.conftest import Browser, one_database
from tests.support.clock import Clock
from tests.support.tickets import PASSWORD, add_staff, open_ticket

EMAIL = "petugas@contoh.test"
ANOTHER = "perahu-hijau-tua-81"
OWN = "tarakan-dpupr"
SECRET = "JBSWY3DPEHPK3PXP" * 2

Make = Callable[..., Browser]


def is_login(location: str | None) -> bool:
    return (location or "").startswith("/admin/login")


def test_the_tickets_come_after_sign_in(browser: Make, runtime: Runtime) -> None:
    add_staff(runtime, EMAIL, "admin")
    answer = browser().sign_in(EMAIL)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/tickets")


@pytest.mark.parametrize(
    ("email", "password"),
    [
        pytest.param(EMAIL, "salah-sekali-123", id="wrong password"),
        pytest.param("nobody@contoh.test", PASSWORD, id="unknown account"),
        pytest.param("closed@contoh.test", PASSWORD, id="closed account"),
        pytest.param("", "", id="nothing"),
        pytest.param("x" * 9_000, "y" * 9_000, id="very long"),
        pytest.param("a\x00b@contoh.test", "\x00", id="NUL"),
    ],
)
def test_every_refusal_reads_the_same(email: str, password: str, browser: Make, runtime: Runtime) -> None:
    add_staff(runtime, EMAIL, "admin")
    with runtime.writing() as session:
        closed = accounts.add(
            session, runtime.region, runtime.now(), email="closed@contoh.test", role="supervisor", password=PASSWORD
        )
        accounts.set_disabled(session, runtime.now(), closed, True)
    someone = browser()
    answer = someone.sign_in(email, password)
    assert answer.status_code == 422
    assert answer.text.count("Email or password is wrong.") == 2
    assert someone.session_token == ""


def test_an_unknown_account_costs_the_same_hash() -> None:
    """The stand-in is a real hash with the parameters of the others: an unreadable one would be refused at once."""
    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(accounts._NOBODY, PASSWORD)
    assert accounts._NOBODY.split("$")[2:4] == accounts._hasher.hash("x").split("$")[2:4]


def test_an_account_is_throttled_after_ten_failures(browser: Make, runtime: Runtime, clock: Clock) -> None:
    add_staff(runtime, EMAIL, "admin")
    someone = browser()
    assert [someone.sign_in(EMAIL, "salah-sekali-123").status_code for _ in range(11)] == [422] * 10 + [429]
    refused = someone.sign_in(EMAIL)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "900")
    clock.forward(minutes=15, seconds=1)
    assert someone.sign_in(EMAIL).status_code == 303


def test_a_network_is_throttled_over_all_accounts(browser: Make, runtime: Runtime) -> None:
    add_staff(runtime, EMAIL, "admin")
    someone = browser()
    codes = [someone.sign_in(f"guess{n}@contoh.test", "salah-sekali-123").status_code for n in range(31)]
    assert codes == [422] * 30 + [429]
    assert someone.sign_in(EMAIL).status_code == 429
    form = {"csrf_token": someone.token(), "email": EMAIL, "password": PASSWORD}
    elsewhere = someone.client.post("/admin/login", data=form, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert elsewhere.status_code == 303


@one_database
@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", "unknown"),
        ("unix:", "unknown"),
    ],
)
def test_network(address: str, expected: str, app: Flask) -> None:
    with app.test_request_context("/admin/login", environ_base={"REMOTE_ADDR": address}):
        assert network() == expected


@one_database
@pytest.mark.parametrize(
    ("proxies", "expected"), [("0", "127.0.0.0/24"), ("1", "198.51.100.0/24"), ("2", "203.0.113.0/24")]
)
def test_forwarded_addresses_count_only_behind_configured_proxies(
    proxies: str, expected: str, environment: dict[str, str], request: pytest.FixtureRequest
) -> None:
    environment["ADUAN_PROXIES"] = proxies
    app = create_app(request.getfixturevalue("runtime"))
    seen: list[str] = []
    app.before_request_funcs[None].append(lambda: seen.append(network()))
    app.test_client().get("/admin/login", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.9"})
    assert seen == [expected]


def test_a_token_from_before_sign_in_is_worth_nothing(browser: Make, runtime: Runtime) -> None:
    add_staff(runtime, EMAIL, "admin")
    someone = browser()
    someone.client.set_cookie("aduan", "planted", path="/admin")
    someone.sign_in(EMAIL)
    assert someone.session_token not in ("", "planted")
    victim = browser()
    victim.client.set_cookie("aduan", "planted", path="/admin")
    assert is_login(victim.get("/admin/tickets").headers["Location"])


def test_signing_in_again_ends_the_session_before(browser: Make, runtime: Runtime) -> None:
    add_staff(runtime, EMAIL, "admin")
    someone = browser()
    someone.sign_in(EMAIL)
    old = someone.session_token
    someone.sign_in(EMAIL)
    assert someone.session_token != old
    assert is_login(replay(browser, old))


def replay(browser: Make, token: str) -> str | None:
    """Where a browser with only this token is sent when it asks for the tickets; None when it gets in."""
    thief = browser()
    thief.client.set_cookie("aduan", token, path="/admin")
    return thief.get("/admin/tickets").headers.get("Location")


@pytest.mark.parametrize(
    "ending", ["logout", "disable", "password", "reset", "end others", "idle", "too old", "ended by an administrator"]
)
def test_an_old_cookie_is_refused_after(ending: str, browser: Make, runtime: Runtime, clock: Clock) -> None:
    account = add_staff(runtime, EMAIL, "supervisor")
    add_staff(runtime, "admin@contoh.test", "admin")
    someone, admin = browser(), browser()
    someone.sign_in(EMAIL)
    admin.sign_in("admin@contoh.test")
    old = someone.session_token
    assert replay(browser, old) is None
    if ending == "logout":
        assert is_login(someone.post("/admin/logout").headers["Location"])
        assert someone.session_token == ""
    elif ending == "disable":
        admin.post(f"/admin/staff/{account.id}/disable")
    elif ending == "password":
        someone.post("/admin/password", {"old": PASSWORD, "new": ANOTHER, "repeat": ANOTHER})
        assert someone.get("/admin/tickets").status_code == 200
    elif ending == "reset":
        admin.post(f"/admin/staff/{account.id}/reset")
    elif ending == "end others":
        someone.post("/admin/account/sessions/end-others")
        assert someone.get("/admin/tickets").status_code == 200
    elif ending == "idle":
        clock.forward(minutes=30, seconds=1)
    elif ending == "too old":
        for _ in range(25):
            clock.forward(minutes=25)
            someone.get("/admin/tickets")
    else:
        admin.post(f"/admin/staff/{account.id}/sessions")
    assert is_login(replay(browser, old))


def test_use_keeps_a_session_alive(signed_in: Make, runtime: Runtime, clock: Clock) -> None:
    someone = signed_in(role="admin")
    for _ in range(4):
        clock.forward(minutes=29)
        assert someone.get("/admin/tickets").status_code == 200


def test_a_session_is_touched_at_most_once_a_minute(signed_in: Make, runtime: Runtime, clock: Clock) -> None:
    someone = signed_in(role="admin")
    start = clock()

    def seen() -> timedelta:
        with runtime.reading() as session:
            return session.get_one(StaffSession, 1).seen_at - start

    clock.forward(seconds=59)
    someone.get("/admin/tickets")
    assert seen() == timedelta(0)
    clock.forward(seconds=1)
    someone.get("/admin/tickets")
    assert seen() == timedelta(seconds=60)


def test_somebody_elses_session_cannot_be_ended(signed_in: Make, runtime: Runtime) -> None:
    first = signed_in("satu@contoh.test", "supervisor")
    second = signed_in("dua@contoh.test", "supervisor")
    second.post("/admin/account/sessions/1/end")
    assert first.get("/admin/tickets").status_code == 200


def test_one_of_my_sessions_can_be_ended(browser: Make, runtime: Runtime) -> None:
    add_staff(runtime, EMAIL, "supervisor")
    phone, desk = browser(), browser()
    phone.sign_in(EMAIL)
    desk.sign_in(EMAIL)
    assert "/admin/account/sessions/1/end" in desk.get("/admin/account").text
    desk.post("/admin/account/sessions/1/end")
    assert is_login(phone.get("/admin/tickets").headers["Location"])


@one_database
@pytest.mark.parametrize(
    ("old", "new", "repeat", "sentence"),
    [
        ("salah-sekali-123", ANOTHER, ANOTHER, "The present password is wrong."),
        (PASSWORD, "pendek", "pendek", "too short"),
        (PASSWORD, "z" * 129, "z" * 129, "too long"),
        (PASSWORD, "aaaaaaaaaaaaaa", "aaaaaaaaaaaaaa", "too easy to guess"),
        (PASSWORD, "petugas-petugas", "petugas-petugas", "too easy to guess"),
        (PASSWORD, PASSWORD, PASSWORD, "other than the present one"),
        (PASSWORD, ANOTHER, ANOTHER + "x", "are not the same"),
    ],
)
def test_a_new_password_is_refused(old: str, new: str, repeat: str, sentence: str, signed_in: Make) -> None:
    someone = signed_in(EMAIL, "admin")
    answer = someone.post("/admin/password", {"old": old, "new": new, "repeat": repeat})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert someone.get("/admin/tickets").status_code == 200


def test_a_one_time_password_must_be_changed_first(browser: Make, runtime: Runtime) -> None:
    add_staff(runtime, EMAIL, "admin", must_change=True)
    someone = browser()
    someone.sign_in(EMAIL)
    assert someone.get("/admin/tickets").headers["Location"] == "/admin/password"
    assert someone.post("/admin/password", {"old": PASSWORD, "new": ANOTHER, "repeat": ANOTHER}).status_code == 303
    assert someone.get("/admin/tickets").status_code == 200
    assert browser().sign_in(EMAIL).status_code == 422
    assert browser().sign_in(EMAIL, ANOTHER).status_code == 303


# The second factor


def enrolled(runtime: Runtime) -> Staff:
    account = add_staff(runtime, EMAIL, "admin")
    with runtime.writing() as session:
        row = session.get_one(Staff, account.id)
        row.totp_secret, row.totp_last = SECRET, 1
        session.add(row)
    return account


def code(clock: Clock, offset: int = 0, secret: str = SECRET) -> str:
    return pyotp.TOTP(secret).at(int(clock().timestamp()) + 30 * offset)


@pytest.fixture
def demanding(environment: dict[str, str], request: pytest.FixtureRequest) -> Runtime:
    """A server that demands the second factor of everybody. Ask for it before ``browser``."""
    environment["ADUAN_REQUIRE_TOTP"] = "1"
    runtime: Runtime = request.getfixturevalue("runtime")
    return runtime


def test_enrolment_comes_first_where_it_is_demanded(demanding: Runtime, browser: Make, clock: Clock) -> None:
    add_staff(demanding, EMAIL, "admin")
    someone = browser()
    someone.sign_in(EMAIL, next="/admin/help")
    before = someone.session_token
    assert someone.get("/admin/tickets").headers["Location"] == "/admin/second-factor"
    with demanding.reading() as session:
        secret = session.get_one(Staff, 1).totp_secret
    page = someone.get("/admin/second-factor").text
    assert " ".join(secret[n : n + 4] for n in range(0, len(secret), 4)) in page
    picture = someone.get("/admin/second-factor/qr.svg")
    assert (picture.mimetype, picture.headers["Cache-Control"]) == ("image/svg+xml", "no-store")
    answer = someone.post("/admin/second-factor", {"code": code(clock, secret=secret)})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/help")
    assert someone.session_token != before
    assert is_login(replay(browser, before))
    assert someone.get("/admin/tickets").status_code == 200
    assert someone.get("/admin/second-factor/qr.svg").status_code == 404


def test_a_session_from_before_the_demand_is_led_to_enrolment(demanding: Runtime, browser: Make) -> None:
    add_staff(demanding, EMAIL, "admin")
    someone = browser()
    someone.sign_in(EMAIL)
    with demanding.writing() as session:
        row = session.get_one(Staff, 1)
        row.totp_secret, row.totp_last = "", 0
        session.add(row)
    assert someone.get("/admin/second-factor").status_code == 200
    someone.post("/admin/second-factor/start")
    assert "qr.svg" in someone.get("/admin/second-factor").text


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_code_passes_once(offset: int, browser: Make, runtime: Runtime, clock: Clock) -> None:
    enrolled(runtime)
    first, second = browser(), browser()
    first.sign_in(EMAIL)
    second.sign_in(EMAIL)
    used = code(clock, offset)
    assert first.post("/admin/second-factor", {"code": used}).status_code == 303
    assert second.post("/admin/second-factor", {"code": used}).status_code == 422
    assert second.get("/admin/tickets").headers["Location"] == "/admin/second-factor"


@one_database
@pytest.mark.parametrize("typed", ["", "000000", "12", "１２３４５６", "' OR 1=1", "1" * 5000, "old", "ahead"])
def test_a_wrong_code_is_refused(typed: str, browser: Make, runtime: Runtime, clock: Clock) -> None:
    enrolled(runtime)
    typed = {"old": code(clock, -2), "ahead": code(clock, 2)}.get(typed, typed)
    someone = browser()
    someone.sign_in(EMAIL)
    assert someone.post("/admin/second-factor", {"code": typed}).status_code == 422
    assert someone.get("/admin/tickets").headers["Location"] == "/admin/second-factor"


def test_the_sixth_wrong_code_ends_the_session(browser: Make, runtime: Runtime, clock: Clock) -> None:
    enrolled(runtime)
    someone = browser()
    someone.sign_in(EMAIL)
    codes = [someone.post("/admin/second-factor", {"code": "000000"}).status_code for _ in range(6)]
    assert codes == [422] * 5 + [429]
    assert is_login(someone.get("/admin/second-factor").headers["Location"])
    someone.sign_in(EMAIL)
    assert someone.post("/admin/second-factor", {"code": code(clock)}).status_code == 429


def test_the_secret_is_never_shown_again(browser: Make, runtime: Runtime, clock: Clock) -> None:
    enrolled(runtime)
    someone = browser()
    someone.sign_in(EMAIL)
    assert SECRET[:4] + " " + SECRET[4:8] not in someone.get("/admin/second-factor").text
    someone.post("/admin/second-factor/start")
    with runtime.reading() as session:
        assert session.get_one(Staff, 1).totp_secret == SECRET


def test_a_lost_phone_is_taken_away_by_an_administrator(browser: Make, runtime: Runtime, signed_in: Make) -> None:
    account = enrolled(runtime)
    admin = signed_in("admin@contoh.test", "admin")
    admin.post(f"/admin/staff/{account.id}/second-factor")
    someone = browser()
    assert someone.sign_in(EMAIL).status_code == 303
    assert someone.get("/admin/tickets").status_code == 200
    with runtime.reading() as session:
        actions = [(row.action, row.staff_id) for row in session.scalars(select(Audit))]
    assert ("staff.second_factor_reset", 2) in actions


# Forged and expired forms


def test_every_form_needs_its_token(app: Flask, signed_in: Make) -> None:
    admin = signed_in(role="admin")
    answers = {}
    for rule in app.url_map.iter_rules():
        if "POST" in (rule.methods or set()):
            path = rule.rule.replace("<number>", "KU-7MPA-3QRW")
            path = path.replace("<int(max=2147483647):", "<").partition("<")
            address = path[0] + ("1" + path[2].partition(">")[2] if path[1] else "")
            answers[rule.rule] = admin.client.post(address, data={}).status_code
    assert set(answers.values()) == {400}
    assert len(answers) == 52


@one_database
@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({}, 303, id="a plain client"),
        pytest.param({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 303, id="our own page"),
        pytest.param({"Origin": "http://localhost"}, 303, id="the host that was asked"),
        pytest.param({"Origin": "http://127.0.0.1:8000"}, 303, id="the public address"),
        pytest.param({"Sec-Fetch-Site": "cross-site", "Origin": "null"}, 400, id="another site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, 400, id="a neighbour under the same domain"),
        pytest.param({"Origin": "https://evil.example"}, 400, id="another origin"),
        pytest.param({"Origin": "http://127.0.0.1:9999"}, 400, id="another port"),
    ],
)
def test_a_form_from_elsewhere_is_refused(headers: dict[str, str], expected: int, signed_in: Make) -> None:
    assert signed_in(role="admin").post("/admin/logout", headers=headers).status_code == expected


def test_another_persons_token_is_refused(signed_in: Make) -> None:
    mine, theirs = signed_in("satu@contoh.test", "admin"), signed_in("dua@contoh.test", "admin")
    answer = mine.client.post("/admin/logout", data={"csrf_token": theirs.token()})
    assert answer.status_code == 400


@pytest.mark.parametrize("kind", ["expired token", "signed out"])
def test_what_was_written_is_given_back(kind: str, signed_in: Make, runtime: Runtime, clock: Clock) -> None:
    ticket = open_ticket(runtime)
    someone = signed_in(role="admin")
    form = {"reply": "Sudah kami <b>kerjakan</b>", "csrf_token": someone.token()}
    if kind == "signed out":
        clock.forward(hours=1)
    else:
        form["csrf_token"] = "old"
    answer = someone.client.post(f"/admin/tickets/{ticket.number}", data=form)
    assert answer.status_code == (401 if kind == "signed out" else 400)
    assert "Sudah kami &lt;b&gt;kerjakan&lt;/b&gt;</textarea>" in answer.text
    assert f"/admin/tickets/{ticket.number}" in answer.text


def test_nobody_else_puts_words_into_that_page(signed_in: Make, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    answer = signed_in(role="admin").client.post(
        f"/admin/tickets/{ticket.number}", data={"reply": "planted"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 400
    assert "planted" not in answer.text


@one_database
@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/admin/tickets", True),
        ("/admin/tickets?opd=x&page=2", True),
        ("/admin/tickets/KU-7MPA-3QRW", True),
        ("/admin/responses", True),
        ("", False),
        (None, False),
        ("//evil.example", False),
        ("///evil.example", False),
        ("https:evil.example", False),
        ("https://evil.example/admin/tickets", False),
        ("http:///evil.example", False),
        ("/\\evil.example", False),
        ("\\\\evil.example", False),
        ("/%09/evil.example", False),
        ("/\t/evil.example", False),
        ("/\n/evil.example", False),
        ("/admin/tickets\r\nSet-Cookie: a=b", False),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("/admin/nowhere", False),
        ("/admin/logout", False),
        ("/admin/login", False),
        ("/", False),
        ("/lacak", False),
        ("admin/tickets", False),
        (" /admin/tickets", False),
        ("/admin/../admin/tickets", False),
        ("/admin//evil.example", False),
        ("/admin/static/staff.css", False),
    ],
)
def test_next_leads_only_to_our_own_pages(target: str | None, expected: bool, app: Flask) -> None:
    with app.test_request_context("/admin/login"):
        assert safe_next(target) == (target if expected else None)


@one_database
@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_sign_in_does_not_lead_elsewhere(target: str, browser: Make, runtime: Runtime) -> None:
    add_staff(runtime, EMAIL, "admin")
    someone = browser()
    assert "evil" not in someone.get("/admin/login", query_string={"next": target}).text
    assert someone.sign_in(EMAIL, next=target).headers["Location"] == "/admin/tickets"


def test_sign_in_leads_back_to_where_somebody_wanted_to_go(browser: Make, runtime: Runtime) -> None:
    add_staff(runtime, EMAIL, "admin")
    someone = browser()
    sent = someone.get("/admin/tickets?q=jalan").headers["Location"]
    assert sent == "/admin/login?next=/admin/tickets?q%3Djalan"
    assert someone.sign_in(EMAIL, next="/admin/tickets?q=jalan").headers["Location"] == "/admin/tickets?q=jalan"


def test_failures_and_sign_ins_are_audited_without_addresses(browser: Make, runtime: Runtime) -> None:
    add_staff(runtime, EMAIL, "admin")
    browser().sign_in(EMAIL, "salah-sekali-123")
    browser().sign_in("siapa@contoh.test", "salah-sekali-123")
    browser().sign_in(EMAIL)
    with runtime.reading() as session:
        rows = session.scalars(select(Audit).where(col(Audit.action).startswith("staff.sign"))).all()
    assert [(row.action, row.subject_id) for row in rows] == [
        ("staff.sign_in_failed", "1"),
        ("staff.sign_in_failed", ""),
        ("staff.sign_in", "1"),
    ]
    assert "@" not in str([row.detail for row in rows])
