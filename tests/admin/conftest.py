"""The staff application over a real database, and a small browser that fills in forms the way a person does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from admin.app import create_app
from dispatch.models import Staff
from dispatch.runtime import Runtime
from tests.support.tickets import PASSWORD, add_staff

#: For tests whose outcome no database can change: they run on SQLite only.
one_database = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


class Tokens(HTMLParser):
    """Finds the first CSRF token of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.token = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "input" and values.get("name") == "csrf_token" and not self.token:
            self.token = values.get("value") or ""


def token_of(page: str) -> str:
    """The CSRF token a page's forms carry."""
    parser = Tokens()
    parser.feed(page)
    return parser.token


@dataclass
class Browser:
    """One person's browser. Its language is English, so that tests read like the code."""

    client: FlaskClient

    def get(self, path: str, **kwargs: object) -> TestResponse:
        return self.client.get(path, buffered=True, **kwargs)  # type: ignore[arg-type]

    def token(self) -> str:
        """A token that is good for every form of this browser's session; the password page is open at every stage."""
        for path in ("/admin/login", "/admin/password", "/admin/second-factor", "/admin/account"):
            found = token_of(self.client.get(path).text)
            if found:
                return found
        raise AssertionError("no page has a form")

    def post(self, path: str, data: dict[str, object] | None = None, **kwargs: object) -> TestResponse:
        form = {"csrf_token": self.token(), **(data or {})}
        return self.client.post(path, data=form, **kwargs)  # type: ignore[arg-type]

    def sign_in(self, email: str, password: str = PASSWORD, **extra: object) -> TestResponse:
        return self.post("/admin/login", {"email": email, "password": password, **extra})

    @property
    def session_token(self) -> str:
        """The token in the browser's cookie, empty without one."""
        for path in ("/admin", "/"):
            for name in ("aduan", "__Host-aduan"):
                cookie = self.client.get_cookie(name, path=path)
                if cookie is not None:
                    return cookie.value
        return ""


@pytest.fixture
def app(runtime: Runtime) -> Flask:
    return create_app(runtime)


@pytest.fixture
def browser(app: Flask) -> Callable[[], Browser]:
    """Makes a new browser, as if of another person."""

    def make() -> Browser:
        client = app.test_client()
        client.set_cookie("aduan_language", "en", path="/admin")
        return Browser(client)

    return make


@pytest.fixture
def signed_in(browser: Callable[[], Browser], runtime: Runtime) -> Callable[..., Browser]:
    """Makes a browser signed in as a new member of staff."""

    def make(email: str = "petugas@contoh.test", role: str = "officer", agencies: tuple[str, ...] = ()) -> Browser:
        account: Staff = add_staff(runtime, email, role, agencies)
        found = browser()
        assert found.sign_in(account.email).status_code == 303
        return found

    return make
