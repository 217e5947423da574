"""The pages in a real browser: the little script, and that nothing overflows or breaks its own policy."""

from __future__ import annotations

import random
import shutil
import struct
import threading
import zlib
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import select
from sqlmodel import col
from werkzeug.serving import make_server

from bot.app import create_app
from bot.jobs import drain_inbound, drain_media
from dispatch.models import InboundEvent, StoredAttachment, Ticket
from dispatch.runtime import Runtime
from tests.conftest import needs

#: What a browser shows does not depend on the kind of database; ``test_pages`` runs on both.
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run"]  # fmt: skip
LAMP = "Lampu jalan di depan pasar Gusher Tarakan sudah seminggu mati"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    needs(CHROMIUM is not None, "Chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield running
        running.close()


@pytest.fixture
def address(runtime: Runtime) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, create_app(runtime), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A phone's page; a message on its console or an error in a script fails the test."""
    context = browser.new_context(base_url=address, viewport={"width": 320, "height": 640})
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    context.close()
    assert complaints == []


def noise(width: int, height: int) -> bytes:
    """A PNG that cannot be compressed: as large as a phone's photo."""
    source = random.Random(7)
    rows = b"".join(b"\0" + source.randbytes(width * 3) for _ in range(height))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 1)),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_the_receipt_appears_by_itself_below_what_was_written(trained: Runtime, page: Page) -> None:
    page.goto("/")
    page.fill("#text", LAMP)
    page.click("form[action='/lapor'] button")
    expect(page.locator("#wait")).to_be_visible()
    drain_inbound(trained)
    expect(page.locator("article.system").first).to_be_visible(timeout=15_000)
    expect(page.locator("#wait")).to_have_count(0)
    with trained.reading() as session:
        number = session.scalars(select(Ticket)).one().number
    expect(page.locator("#log article")).to_have_count(3)
    assert page.locator("#log article").evaluate_all("all => all.map(one => one.className)") == [
        "citizen",
        "system",
        "system",
    ]
    page.click(f"text=Lacak laporan {number}")
    expect(page.locator("h1")).to_have_text("Lacak laporan")


def test_a_large_photo_is_made_small_before_it_is_sent(trained: Runtime, page: Page) -> None:
    photo = noise(2000, 1500)
    assert len(photo) > 8_000_000
    page.goto("/")
    page.fill("#text", LAMP)
    page.set_input_files("#photo", {"name": "jalan.png", "mimeType": "image/png", "buffer": photo})
    page.click("form[action='/lapor'] button")
    page.wait_for_url("**/obrolan")
    drain_inbound(trained)
    drain_media(trained)
    with trained.reading() as session:
        kept = session.scalars(select(StoredAttachment)).one()
    assert (kept.state, kept.content_type) == ("stored", "image/jpeg")
    assert kept.size is not None
    assert kept.size < len(photo) / 3


def test_pressing_twice_before_the_answer_sends_once(runtime: Runtime, page: Page) -> None:
    page.goto("/")
    page.fill("#text", LAMP)
    page.dblclick("form[action='/lapor'] button")
    page.wait_for_url("**/obrolan")
    with runtime.reading() as session:
        assert len(session.scalars(select(col(InboundEvent.id))).all()) == 1


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("path", ["/", "/obrolan", "/lacak", "/privasi", "/?lang=en"])
def test_no_page_is_wider_than_the_screen(page: Page, path: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 640})
    page.goto(path)
    if path == "/obrolan":
        page.fill("#text", "https://example.org/" + "x" * 300)
        page.click("form[action='/obrolan'] button")
        expect(page.locator("article.citizen")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_the_browser_itself_refuses_what_the_policy_forbids(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.goto("/")
    page.evaluate(
        """() => {
            window.broken = [];
            document.addEventListener("securitypolicyviolation", (event) => broken.push(event.effectiveDirective));
            document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='ran = 1'><b style='color:red'>x</b>");
        }"""
    )
    page.wait_for_function("broken.length >= 2")
    assert set(page.evaluate("broken")) == {"script-src-attr", "style-src-attr"}
    assert page.evaluate("window.ran") is None
    context.close()
