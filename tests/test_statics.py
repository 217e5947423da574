"""Static files as they travel: compressed for who takes that, pages never, over real HTTP with both applications."""

from __future__ import annotations

import gzip
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from flask import Flask
from werkzeug.serving import make_server

import admin.app
import bot.app
from dispatch.runtime import Runtime
from dispatch.statics import light

#: What is served does not depend on the kind of database.
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

ROOT = Path(__file__).parent.parent
#: The page as it is, style and scripts compressed.
FIRST_VISIT_BYTES = 15_000
GZIP = {"Accept-Encoding": "gzip"}
#: Address → the file behind it.
FILES = {
    "/static/pages.css": ROOT / "bot/static/pages.css",
    "/static/drafts.js": ROOT / "bot/static/drafts.js",
    "/admin/static/staff.css": ROOT / "admin/static/staff.css",
}

Get = Callable[..., httpx.Response]


def raw(url: str, **headers: str) -> httpx.Response:
    """An answer whose ``content`` is what went over the wire, nothing unpacked."""
    with httpx.stream("GET", url, headers=headers, trust_env=False) as answer:
        body = b"".join(answer.iter_raw())
    return httpx.Response(answer.status_code, headers=answer.headers, extensions={"raw": body})


def body(answer: httpx.Response) -> bytes:
    found: bytes = answer.extensions["raw"]
    return found


@pytest.fixture
def get(runtime: Runtime) -> Iterator[Get]:
    """Both applications on loopback; the address says which one is asked."""
    applications: list[Flask] = [bot.app.create_app(runtime), admin.app.create_app(runtime)]
    servers = [make_server("127.0.0.1", 0, each, threaded=True) for each in applications]
    threads = [threading.Thread(target=each.serve_forever) for each in servers]
    for thread in threads:
        thread.start()

    def asked(path: str, **headers: str) -> httpx.Response:
        server = servers[path.startswith("/admin")]
        return raw(f"http://127.0.0.1:{server.server_port}{path}", **headers)

    yield asked
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("path", "file"), FILES.items(), ids=FILES)
def test_a_file_is_compressed_for_who_takes_it(get: Get, path: str, file: Path) -> None:
    plain, packed = get(path, **{"Accept-Encoding": "identity"}), get(path, **GZIP)
    assert body(plain) == gzip.decompress(body(packed)) == light(file.name, file.read_bytes())
    assert len(body(packed)) * 2 < len(body(plain))
    assert (plain.headers.get("Content-Encoding"), packed.headers["Content-Encoding"]) == (None, "gzip")
    assert int(packed.headers["Content-Length"]) == len(body(packed))
    assert plain.headers["ETag"] != packed.headers["ETag"]
    for name in ("Vary", "Content-Type", "Cache-Control", "X-Content-Type-Options"):
        assert plain.headers[name] == packed.headers[name]
    assert packed.headers["Vary"] == "Accept-Encoding"


SCRIPTS = sorted((ROOT / "bot/static").glob("*.js"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_can_be_looked_at_line_by_line(script: Path, backend: object) -> None:
    """Else leaving out comments and indentation would change what it says."""
    lines = script.read_text().splitlines()
    assert [line for line in lines if line.count("`") % 2 or line.endswith("\\") or "/*" in line] == []
    kept = light(script.name, script.read_bytes()).decode().splitlines()
    assert kept == [line.strip() for line in lines if line.strip() and not line.strip().startswith("//")]


#: What a browser takes → whether it is sent compressed.
TAKES = {
    "as browsers ask": ("gzip, deflate, br, zstd", True),
    "anything": ("*", True),
    "only other ones": ("br, deflate", False),
    "not this one": ("gzip;q=0, identity", False),
    "anything but this one": ("*, gzip;q=0", False),
    "none": ("", False),
}


@pytest.mark.parametrize(("takes", "packed"), TAKES.values(), ids=TAKES)
def test_only_who_takes_it_is_sent_it(get: Get, takes: str, packed: bool) -> None:
    answer = get("/static/pages.css", **{"Accept-Encoding": takes})
    assert (answer.headers.get("Content-Encoding") == "gzip") is packed
    assert answer.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("takes", ["gzip", "identity"])
def test_a_file_that_did_not_change_is_not_sent_again(get: Get, takes: str) -> None:
    known = get("/static/pages.css", **{"Accept-Encoding": takes}).headers["ETag"]
    again = get("/static/pages.css", **{"Accept-Encoding": takes, "If-None-Match": known})
    assert (again.status_code, body(again)) == (304, b"")
    assert (again.headers["ETag"], again.headers["Vary"]) == (known, "Accept-Encoding")
    other = "identity" if takes == "gzip" else "gzip"
    assert get("/static/pages.css", **{"Accept-Encoding": other, "If-None-Match": known}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/obrolan", "/lacak", "/admin/login", "/healthz", "/static/tidak-ada.css"])
def test_nothing_else_is_compressed(get: Get, path: str) -> None:
    assert "Content-Encoding" not in get(path, **GZIP).headers


@pytest.mark.parametrize("path", ["/", "/obrolan", "/lacak"])
def test_a_first_visit_is_small_over_the_wire(get: Get, path: str) -> None:
    page = get(path, **GZIP)
    linked = re.findall(r"/static/(\w+\.\w+)\?v=\w+", body(page).decode())
    assert {"pages.css", "icon.svg"} <= set(linked)
    sizes = {path: len(body(page))}
    for name in linked:
        answer = get(f"/static/{name}", **GZIP)
        assert "max-age=31536000" in answer.headers["Cache-Control"]
        sizes[name] = len(body(answer))
    assert sum(sizes.values()) <= FIRST_VISIT_BYTES, sizes
