"""Both applications under one roof, and what gunicorn is told when there is nothing to run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from dispatch import wsgi
from dispatch.runtime import Runtime, current


def naming(name: str) -> Any:
    """An application that answers with its name and the path it was given."""

    @Request.application
    def application(request: Request) -> Response:
        return Response(f"{name} {request.script_root}{request.path}")

    return application


PATHS: dict[str, str] = {
    "/": "rest /",
    "/admin": "admin /admin",
    "/admin/": "admin /admin/",
    "/admin/tickets": "admin /admin/tickets",
    "/administrasi": "rest /administrasi",
    "/obrolan/admin/": "rest /obrolan/admin/",
    "/ADMIN/": "rest /ADMIN/",
}


@pytest.mark.parametrize(("path", "answer"), PATHS.items(), ids=PATHS.keys())
def test_a_path_goes_to_its_prefix_unchanged(path: str, answer: str) -> None:
    mounted = wsgi.mount({"/admin": naming("admin"), "": naming("rest")})
    assert Client(mounted).get(path).text == answer


def test_a_path_under_no_prefix_is_a_fault_of_the_table() -> None:
    with pytest.raises(LookupError):
        Client(wsgi.mount({"/admin": naming("admin")})).get("/")


def test_longer_prefixes_come_first_and_the_last_takes_the_rest() -> None:
    prefixes = list(wsgi.MOUNTS)
    assert prefixes == sorted(prefixes, key=len, reverse=True)
    assert prefixes[-1] == ""


@pytest.fixture
def surroundings(runtime: Runtime, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process's environment, and no runtime installed in it yet."""
    monkeypatch.setattr("dispatch.runtime._installed", {})
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ADUAN_ENV_FILE", "/nonexistent")
    yield
    current().close()


@pytest.mark.usefixtures("surroundings")
def test_the_whole_application_serves_citizens_and_staff() -> None:
    client = Client(wsgi.create())
    assert client.get("/healthz").text == "ok\n"
    assert 'action="/lapor"' in client.get("/").text
    assert client.get("/admin/login").status_code == 200


@pytest.mark.usefixtures("surroundings")
def test_the_hooks_application_serves_no_page() -> None:
    client = Client(wsgi.create_hooks())
    assert client.get("/healthz").text == "ok\n"
    assert client.get("/readyz").status_code == 200
    for path in ("/", "/lapor", "/obrolan", "/admin/login", "/static/pages.css"):
        assert client.get(path).status_code == 404


def test_gunicorn_gives_up_at_once_on_faulty_settings_and_shows_no_traceback(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "gunicorn",
            "dispatch.wsgi:create()",
            "--bind",
            "127.0.0.1:0",
            "--workers",
            "1",
            "--no-control-socket",
        ],
        env={**os.environ, **environment, "SECRET_KEY": "short", "ADUAN_ENV_FILE": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode != 0
    assert "SECRET_KEY is too short" in done.stderr
    assert "Traceback" not in done.stderr
