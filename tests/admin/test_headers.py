"""Headers and cookies: the same on every answer, errors, files and redirects included."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from admin.app import MAX_BODY, create_app
from admin.endings import MOST_BODY
from admin.security import CSP, public
from dispatch.runtime import Runtime
from tests.admin.conftest import Browser, one_database, token_of
from tests.support.tickets import PASSWORD, add_staff

PATHS = [
    "/admin",
    "/admin/",
    "/admin/login",
    "/admin/tickets",
    "/admin/tickets/KU-7MPA-3QRW",
    "/admin/triage",
    "/admin/quarantine",
    "/admin/responses",
    "/admin/export/tickets.csv",
    "/admin/staff",
    "/admin/account",
    "/admin/password",
    "/admin/help",
    "/admin/second-factor",
    "/admin/attachments/1",
    "/admin/nowhere",
    "/admin/logout",
    "/admin/static/staff.css",
    "/admin/static/nothing.css",
    "/admin/broken",
]

Make = Callable[..., Browser]


@one_database
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("who", ["stranger", "admin"])
def test_every_answer_is_protected(path: str, who: str, app: Flask, browser: Make, signed_in: Make) -> None:
    def broken() -> str:
        raise RuntimeError("broken on purpose")

    app.add_url_rule("/admin/broken", "broken", public(broken))
    someone = signed_in(role="admin") if who == "admin" else browser()
    headers = someone.get(path).headers
    assert headers["Content-Security-Policy"] == CSP
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "charset=utf-8" in headers["Content-Type"]
    kept = path == "/admin/static/staff.css"
    assert headers["Cache-Control"] == ("public, max-age=86400" if kept else "no-store")
    assert "Strict-Transport-Security" not in headers
    assert "Access-Control-Allow-Origin" not in headers


def test_the_policy_allows_nothing_that_runs() -> None:
    assert "script" not in CSP and "unsafe" not in CSP
    for rule in ("default-src 'none'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert rule in CSP


@one_database
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/admin/logout", 405), ("DELETE", "/admin/tickets", 405), ("GET", "/admin/nowhere", 404)],
)
def test_error_pages_are_ours(method: str, path: str, status: int, signed_in: Make) -> None:
    response = signed_in(role="admin").client.open(path, method=method)
    assert response.status_code == status
    assert '<html lang="en">' in response.text and "<h1>" in response.text
    assert ("Allow" in response.headers) == (status == 405)


@one_database
def test_a_fault_of_ours_tells_nothing(app: Flask, browser: Make) -> None:
    def broken() -> str:
        raise RuntimeError("secret detail")

    app.add_url_rule("/admin/broken", "broken", public(broken))
    response = browser().get("/admin/broken")
    assert response.status_code == 500
    assert "Our fault" in response.text and "secret detail" not in response.text


@one_database
@pytest.mark.parametrize(
    ("path", "size"),
    [("/status", MAX_BODY + 1), ("/status", 5 * MAX_BODY), ("", MOST_BODY + 1)],
    ids=["a form", "a large form", "a form with files"],
)
def test_too_much_is_refused(path: str, size: int, signed_in: Make) -> None:
    someone = signed_in(role="admin")
    form = {"csrf_token": "x", "reply": "y" * size}
    response = someone.client.post(f"/admin/tickets/KU-7MPA-3QRW{path}", data=form)
    assert response.status_code == 413
    assert "That is too much at once" in response.text


@one_database
def test_cookies_over_http(browser: Make, runtime: Runtime) -> None:
    add_staff(runtime, "petugas@contoh.test", "admin")
    cookies = browser().sign_in("petugas@contoh.test").headers.getlist("Set-Cookie")
    token = next(cookie for cookie in cookies if cookie.startswith("aduan="))
    assert "; HttpOnly; Path=/admin; SameSite=Lax" in token
    assert "Expires" not in token and "Max-Age" not in token


@one_database
def test_cookies_over_https(environment: dict[str, str], request: pytest.FixtureRequest) -> None:
    environment |= {"PUBLIC_URL": "https://aduan.contoh.test", "ADUAN_REQUIRE_TOTP": "0"}
    runtime: Runtime = request.getfixturevalue("runtime")
    add_staff(runtime, "petugas@contoh.test", "admin")
    someone = Browser(create_app(runtime).test_client())
    page = someone.client.get("/admin/login", base_url="https://aduan.contoh.test")
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    form = next(cookie for cookie in page.headers.getlist("Set-Cookie"))
    assert form.startswith("__Host-aduan-form=")
    assert "Secure" in form and "HttpOnly" in form and "Path=/;" in form and "Domain" not in form
    answer = someone.client.post(
        "/admin/login",
        base_url="https://aduan.contoh.test",
        data={"csrf_token": token_of(page.text), "email": "petugas@contoh.test", "password": PASSWORD},
    )
    token = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("__Host-aduan="))
    assert "Secure" in token and "HttpOnly" in token and "Path=/;" in token and "SameSite=Lax" in token
    assert someone.client.get("/admin/tickets", base_url="https://aduan.contoh.test").status_code == 200


@one_database
def test_no_page_needs_a_script_or_an_inline_style(signed_in: Make) -> None:
    admin = signed_in(role="admin")
    for path in ("tickets", "triage", "quarantine", "responses", "staff", "account", "help", "password"):
        text = admin.get(f"/admin/{path}").text
        assert "<script" not in text and " style=" not in text and "<style" not in text and "http://" not in text
