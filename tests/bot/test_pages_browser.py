"""The pages in a real browser: the little script, and that nothing overflows or breaks its own policy."""

from __future__ import annotations

import io
import random
import re
import shutil
import struct
import threading
import zlib
from collections.abc import Iterable, Iterator
from datetime import timedelta
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright
from sqlalchemy import select
from sqlmodel import col
from werkzeug.serving import make_server

from bot.app import create_app
from bot.jobs import drain_inbound
from bot.media import drain_media
from channels.message import Attachment, AttachmentKind
from channels.web import Web
from dispatch.models import InboundEvent, StoredAttachment, Ticket
from dispatch.runtime import Runtime
from tests.conftest import needs
from tests.support.servers import wait_until

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


class Site:
    """The pages on a port of their own, which can go away and come back. ``gate`` lets so many pieces of photos pass;
    the next one hangs until the site goes away."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.port = 0
        self.gate: threading.Semaphore | None = None
        self.pieces: list[int] = []
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        inner = create_app(self.runtime)
        self.gone = threading.Event()

        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if environ["REQUEST_METHOD"] == "PATCH":
                while self.gate and not self.gate.acquire(timeout=0.05):
                    if self.gone.is_set():
                        raise ConnectionAbortedError
                self.pieces.append(int(environ["CONTENT_LENGTH"]))
            return inner(environ, start_response)

        self._server = make_server("127.0.0.1", self.port, application, threaded=True)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self) -> None:
        self.gone.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def site(runtime: Runtime) -> Iterator[Site]:
    made = Site(runtime)
    yield made
    made.stop()


@pytest.fixture
def context(browser: Browser, site: Site) -> Iterator[BrowserContext]:
    """A phone; an error in a script fails the test, and so does a message on its console, except one about an answer
    of the pages themselves: tests let the network fail, and the server refuse."""
    made = browser.new_context(base_url=site.url, viewport={"width": 320, "height": 640}, locale="id-ID")
    complaints: list[str] = []
    made.on("console", lambda message: complaints.append(f"{message.text} {message.location['url']}"))
    made.on("weberror", lambda error: complaints.append(str(error.error)))
    yield made
    made.close()
    expected = re.compile(r"Failed to load resource: (?:net::|(?!.*/static/))")
    assert [text for text in complaints if not expected.match(text)] == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


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


def test_the_browser_itself_refuses_what_the_policy_forbids(browser: Browser, site: Site) -> None:
    context = browser.new_context(base_url=site.url)
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


# -- photos come in pieces -------------------------------------------------------------------------

SUBMIT = "form button"


def events(runtime: Runtime) -> list[InboundEvent]:
    with runtime.reading() as session:
        return list(session.scalars(select(InboundEvent).order_by(col(InboundEvent.id))))


def photo_of(event: InboundEvent) -> bytes:
    (item,) = event.payload["attachments"]
    return Web({}, "http://127.0.0.1").fetch(Attachment(AttachmentKind.IMAGE, item["source"]), event.raw)


def choose(page: Page, photo: bytes, name: str = "jalan.png") -> None:
    page.set_input_files("#photo", {"name": name, "mimeType": "image/png", "buffer": photo})


def jpeg(width: int, height: int, **options: object) -> bytes:
    """A photo as a phone takes it: too busy to be made small."""
    file = io.BytesIO()
    Image.frombytes("RGB", (width, height), random.Random(7).randbytes(width * height * 3)).save(
        file, "JPEG", quality=95, **options
    )
    return file.getvalue()


@pytest.mark.parametrize("reload", [False, True], ids=["the page stays open", "the page is opened again"])
def test_a_photo_goes_on_where_it_was_when_the_server_comes_back(
    runtime: Runtime, site: Site, page: Page, reload: bool
) -> None:
    site.gate = threading.Semaphore(2)
    page.goto("/")
    page.fill("#text", LAMP)
    choose(page, noise(2000, 1500))
    bar = page.locator(".photos progress")
    expect(page.get_by_role("progressbar", name="jalan.png")).to_be_visible()
    expect(bar).to_have_js_property("value", 32_768 + 65_536)
    assert 0 < float(bar.evaluate("bar => bar.value / bar.max")) < 0.5
    site.stop()
    expect(page.locator("[data-told=photo]")).to_contain_text("Menunggu sinyal")
    site.gate = None
    site.start()
    if reload:
        page.reload()
        assert page.input_value("#text") == LAMP
    expect(page.locator("[data-told=photo]")).to_have_text("Foto sudah terunggah.", timeout=15_000)
    assert bar.evaluate("bar => bar.value === bar.max")
    page.click(SUBMIT)
    page.wait_for_url("**/obrolan")
    (event,) = events(runtime)
    photo = photo_of(event)
    assert sum(site.pieces) == len(photo)  # no byte of it twice
    assert Image.open(io.BytesIO(photo)).size == (1600, 1200)


def test_where_and_how_a_photo_was_taken_survives_making_it_small(runtime: Runtime, page: Page) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the phone stood upright: to be turned by a quarter
    exif.get_ifd(0x8825).update({1: "N", 2: (3.0, 18.0, 0.0), 3: "E", 4: (117.0, 36.0, 0.0)})
    page.goto("/")
    page.fill("#text", LAMP)
    page.set_input_files(
        "#photo", {"name": "jalan.jpg", "mimeType": "image/jpeg", "buffer": jpeg(2000, 1500, exif=exif)}
    )
    expect(page.locator("[data-told=photo]")).to_have_text("Foto sudah terunggah.")
    page.click(SUBMIT)
    page.wait_for_url("**/obrolan")
    kept = Image.open(io.BytesIO(photo_of(events(runtime)[0])))
    assert (kept.size, kept.getexif()[0x0112]) == ((1200, 1600), 1)
    assert dict(kept.getexif().get_ifd(0x8825))[2] == (3.0, 18.0, 0.0)


def test_a_photo_taken_away_again_is_not_sent(runtime: Runtime, site: Site, page: Page) -> None:
    page.goto("/")
    page.fill("#text", LAMP)
    choose(page, jpeg(400, 300), "satu.png")
    choose(page, jpeg(300, 400), "dua.png")
    expect(page.locator(".photos li")).to_have_count(2)
    page.get_by_role("button", name="Hapus: satu.png").click()
    page.click(SUBMIT)
    page.wait_for_url("**/obrolan")
    (item,) = events(runtime)[0].payload["attachments"]
    assert item["filename"] == "dua.png"


FILES: dict[str, tuple[str, str, bytes, str]] = {
    "no photo": ("surat.pdf", "application/pdf", b"%PDF-1.7", "web_photo_kind_error"),
    "too large": ("besar.png", "image/png", b"\x89PNG\r\n\x1a\n" + bytes(5_000_001), "web_too_large_error"),
}


@pytest.mark.parametrize(("name", "kind", "data", "phrase"), FILES.values(), ids=FILES.keys())
def test_a_file_that_cannot_be_taken_is_told_at_once(
    runtime: Runtime, page: Page, name: str, kind: str, data: bytes, phrase: str
) -> None:
    page.goto("/")
    page.set_input_files("#photo", {"name": name, "mimeType": kind, "buffer": data})
    beginning = runtime.region.phrases[phrase]["id"].partition("{")[0]
    expect(page.locator("[data-told=photo]")).to_contain_text(beginning.strip())
    expect(page.locator(".photos li")).to_have_count(0)


def test_where_pieces_are_not_taken_the_photo_comes_with_the_form(runtime: Runtime, page: Page) -> None:
    page.route(
        "**/unggah", lambda route: route.fulfill(status=507) if route.request.method == "POST" else route.continue_()
    )
    page.goto("/")
    page.fill("#text", LAMP)
    choose(page, jpeg(400, 300))
    page.click(SUBMIT)
    page.wait_for_url("**/obrolan")
    assert photo_of(events(runtime)[0]) == jpeg(400, 300)


# -- without a signal ------------------------------------------------------------------------------


def test_what_is_written_without_a_signal_is_sent_when_it_is_back_with_its_time_and_place(
    trained: Runtime, context: BrowserContext, page: Page
) -> None:
    context.grant_permissions(["geolocation"])
    context.set_geolocation({"latitude": 3.327112, "longitude": 117.5785, "accuracy": 50})
    page.clock.install()
    page.goto("/")
    context.set_offline(True)
    page.fill("#text", LAMP)
    page.fill("#place", "Karang Anyar")
    page.get_by_role("button", name="Gunakan lokasi saya").click()
    expect(page.locator(".position")).to_contain_text("Lokasi: 3.32711, 117.57850, ±50 m")
    choose(page, jpeg(400, 300))
    page.click(SUBMIT)
    unsent = page.locator("#unsent")
    expect(unsent).to_be_focused()
    expect(unsent).to_contain_text("Belum terkirim - akan dikirim saat ada sinyal")
    expect(unsent).to_contain_text(LAMP)
    assert (page.input_value("#text"), page.locator(".photos li").count()) == ("", 0)
    page.clock.fast_forward(2 * 3600 * 1000)
    assert events(trained) == []
    context.set_offline(False)
    expect(page.locator("#sent")).to_be_visible()
    expect(unsent).to_be_hidden()
    (event,) = events(trained)
    assert event.payload["text"] == f"{LAMP}\nKarang Anyar"
    assert event.payload["location"] == {"latitude": 3.32711, "longitude": 117.5785, "label": "±50 m", "address": ""}
    assert photo_of(event) == jpeg(400, 300)
    assert event.sent_at is not None
    assert abs(trained.now() - event.sent_at - timedelta(hours=2)) < timedelta(minutes=1)
    drain_inbound(trained)
    with trained.reading() as session:
        ticket = session.scalars(select(Ticket)).one()
    assert ticket.spoken_at == event.sent_at


def test_the_next_visit_sends_what_waited(runtime: Runtime, context: BrowserContext, page: Page) -> None:
    page.goto("/")
    context.set_offline(True)
    page.fill("#text", LAMP)
    choose(page, jpeg(400, 300))
    page.click(SUBMIT)
    expect(page.locator("#unsent")).to_be_visible()
    page.close()
    context.set_offline(False)
    again = context.new_page()
    again.goto("/obrolan")
    expect(again.locator("#log article.citizen")).to_contain_text(LAMP)
    expect(again.locator("#unsent")).to_be_hidden()
    (event,) = events(runtime)
    assert photo_of(event) == jpeg(400, 300)
    assert again.evaluate("Object.keys(localStorage)") == []
    count = "database('readonly', (photos) => photos.count())"
    wait_until(lambda: again.evaluate(count) == 0, 5, "the photo's copy on the device is gone")


def test_an_answer_that_got_lost_does_not_send_twice(runtime: Runtime, page: Page) -> None:
    lost: list[int] = []

    def lose(route: Route) -> None:
        lost.append(route.fetch().status)
        route.abort()

    page.route("**/lapor", lose, times=1)
    page.goto("/")
    page.fill("#text", LAMP)
    choose(page, jpeg(400, 300))
    page.click(SUBMIT)
    expect(page.locator("#unsent")).to_be_visible()
    page.get_by_role("button", name="Kirim sekarang").click()
    expect(page.locator("#sent")).to_be_visible()
    expect(page.locator("#sent")).to_be_focused()
    assert (lost, len(events(runtime))) == ([200], 1)


def test_a_network_that_wants_a_sign_in_is_not_taken_for_us(runtime: Runtime, page: Page) -> None:
    page.goto("/")
    portal = {"status": 200, "content_type": "text/html", "body": "<h1>Masuk ke Wi-Fi</h1>"}
    page.route("**/*", lambda route: route.fulfill(**portal))  # type: ignore[arg-type]
    page.fill("#text", LAMP)
    choose(page, jpeg(400, 300))
    page.click(SUBMIT)
    expect(page.locator("#unsent")).to_contain_text(LAMP)
    page.unroute("**/*")
    page.get_by_role("button", name="Kirim sekarang").click()
    expect(page.locator("#sent")).to_be_visible()
    assert photo_of(events(runtime)[0]) == jpeg(400, 300)


def test_what_waits_can_be_deleted(runtime: Runtime, context: BrowserContext, page: Page) -> None:
    page.goto("/")
    context.set_offline(True)
    page.fill("#text", LAMP)
    page.click(SUBMIT)
    answers = iter([False, True])
    page.on("dialog", lambda dialog: dialog.accept() if next(answers) else dialog.dismiss())
    delete = page.locator("#unsent").get_by_role("button", name="Hapus")
    delete.click()
    expect(page.locator("#unsent")).to_be_visible()
    delete.click()
    expect(page.locator("#unsent")).to_be_hidden()
    context.set_offline(False)
    page.reload()
    assert page.evaluate("Object.keys(localStorage)") == []
    assert events(runtime) == []


def test_a_draft_survives_the_page(context: BrowserContext, page: Page) -> None:
    page.goto("/")
    page.fill("#text", LAMP)
    page.fill("#place", "Selumit")
    choose(page, jpeg(400, 300))
    expect(page.locator("[data-told=photo]")).to_have_text("Foto sudah terunggah.")
    page.close()
    again = context.new_page()
    again.goto("/")
    assert (again.input_value("#text"), again.input_value("#place")) == (LAMP, "Selumit")
    expect(again.locator("[data-told=draft]")).to_have_text("Tulisan Anda yang belum dikirim masih ada di bawah ini.")
    expect(again.get_by_role("progressbar", name="jalan.png")).to_be_visible()


def test_a_fault_is_shown_in_place_and_nothing_chosen_is_lost(runtime: Runtime, page: Page) -> None:
    page.goto("/")
    page.fill("#text", LAMP)
    choose(page, jpeg(400, 300))
    page.evaluate("document.getElementById('text').maxLength = 20000")
    page.fill("#text", "a" * 10_001)
    page.click(SUBMIT)
    expect(page.locator(".error")).to_be_focused()
    assert page.get_attribute("#text", "aria-describedby") == "fault"
    assert len(page.input_value("#text")) == 10_001
    page.fill("#text", LAMP)
    expect(page.locator(".photos li")).to_have_count(1)
    page.click(SUBMIT)
    page.wait_for_url("**/obrolan")
    (event,) = events(runtime)
    assert (event.payload["text"], photo_of(event)) == (LAMP, jpeg(400, 300))


def test_a_page_that_lay_open_for_days_still_sends(runtime: Runtime, context: BrowserContext, page: Page) -> None:
    page.goto("/")
    context.clear_cookies(name="aduan_page")  # the token's session ended
    page.fill("#text", LAMP)
    page.click(SUBMIT)
    page.wait_for_url("**/obrolan")
    assert len(events(runtime)) == 1


def test_a_device_that_keeps_nothing_still_sends(runtime: Runtime, context: BrowserContext, page: Page) -> None:
    context.add_init_script(
        """for (const name of ["localStorage", "indexedDB"])
            Object.defineProperty(window, name, { get() { throw new DOMException("no", "SecurityError"); } });"""
    )
    page.goto("/")
    page.fill("#text", LAMP)
    choose(page, jpeg(400, 300))
    page.click(SUBMIT)
    page.wait_for_url("**/obrolan")
    assert photo_of(events(runtime)[0]) == jpeg(400, 300)


# -- the place -------------------------------------------------------------------------------------


def test_a_position_can_be_taken_and_taken_away(runtime: Runtime, context: BrowserContext, page: Page) -> None:
    context.grant_permissions(["geolocation"])
    context.set_geolocation({"latitude": 3.327112, "longitude": 117.5785, "accuracy": 12.2})
    page.goto("/obrolan")
    locate, remove = (page.get_by_role("button", name=name) for name in ("Gunakan lokasi saya", "Hapus: Lokasi"))
    locate.click()
    expect(remove).to_be_focused()
    expect(page.locator(".position")).to_contain_text("Lokasi: 3.32711, 117.57850, ±13 m")
    page.keyboard.press("Enter")
    expect(locate).to_be_focused()
    expect(page.locator(".position")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(remove).to_be_focused()
    page.click(SUBMIT)
    expect(page.locator("#log article.citizen")).to_contain_text("Lokasi: 3.32711, 117.5785, ±13 m")
    assert events(runtime)[0].payload["location"]["latitude"] == 3.32711


def test_a_refused_position_is_told_and_the_place_can_be_written(runtime: Runtime, page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Gunakan lokasi saya").click()
    expect(page.locator("[data-told=position]")).to_have_text(runtime.phrases.say("web_position_denied", "id"))
    page.fill("#text", LAMP)
    page.fill("#place", "Selumit")
    page.click(SUBMIT)
    page.wait_for_url("**/obrolan")
    assert events(runtime)[0].payload["location"] is None


# -- the chat --------------------------------------------------------------------------------------


def test_two_tabs_show_one_chat(context: BrowserContext, page: Page) -> None:
    page.goto("/obrolan")
    other = context.new_page()
    other.goto("/obrolan")
    page.fill("#text", "Belum ada perubahan")
    page.click(SUBMIT)
    for tab in (page, other):
        expect(tab.locator("#log article.citizen")).to_have_text(re.compile("Belum ada perubahan"), timeout=10_000)
    assert page.input_value("#text") == ""
    context.clear_cookies()
    other.reload()
    expect(other.locator("#log article")).to_have_count(0)


def test_looks_grow_rarer_and_stop_while_nobody_sees_the_page(page: Page) -> None:
    page.clock.install()
    page.goto("/obrolan")
    looks: list[str] = []
    page.on("request", lambda request: looks.append(request.url))

    def pass_time(seconds: int) -> int:
        before = len(looks)
        for _ in range(seconds // 5):
            page.clock.run_for(5_000)
            page.wait_for_load_state("networkidle")
        return len(looks) - before

    first, second = pass_time(60), pass_time(60)
    assert 0 < second < first < 15
    page.evaluate(
        """Object.defineProperty(document, "hidden", { get: () => window.away, configurable: true });
        window.away = true; document.dispatchEvent(new Event("visibilitychange"));"""
    )
    pass_time(120)
    assert pass_time(300) == 0
    with page.expect_request("**/obrolan/isi"):
        page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")


# -- for everybody ---------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_that_appears_later_is_wider_than_the_screen(context: BrowserContext, page: Page, width: int) -> None:
    context.grant_permissions(["geolocation"])
    context.set_geolocation({"latitude": -3.327112, "longitude": -117.5785, "accuracy": 999_999})
    page.set_viewport_size({"width": width, "height": 640})
    page.goto("/")
    for n in range(2):
        page.fill("#text", f"https://example.org/{'x' * 300}{n}")
        page.get_by_role("button", name="Gunakan lokasi saya").click()
        choose(page, jpeg(40, 30), f"{'foto' * 40}.png")
        expect(page.locator(".photos li")).to_have_count(1)
        expect(page.locator(".position")).to_be_visible()
        if n == 0:
            context.set_offline(True)
            page.click(SUBMIT)
            expect(page.locator("#unsent")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_the_keyboard_goes_through_the_form_in_reading_order(page: Page) -> None:
    page.goto("/")
    choose(page, jpeg(40, 30), "foto.png")
    expect(page.locator(".photos li")).to_have_count(1)
    page.focus("#text")
    order = []
    for _ in range(7):
        page.keyboard.press("Tab")
        order.append(page.evaluate("const e = document.activeElement; e.id || e.ariaLabel || e.value || e.textContent"))
    assert order == ["place", "Gunakan lokasi saya", "photo", "Hapus: foto.png", "name", "privacy", "Kirim laporan"]


def test_without_the_script_the_form_takes_words_place_and_photo(
    runtime: Runtime, browser: Browser, site: Site
) -> None:
    bare = browser.new_context(base_url=site.url, java_script_enabled=False, viewport={"width": 320, "height": 640})
    page = bare.new_page()
    page.goto("/")
    expect(page.get_by_role("button", name="Gunakan lokasi saya")).to_be_hidden()
    page.fill("#text", LAMP)
    page.fill("#place", "Selumit")
    choose(page, jpeg(400, 300))
    page.click(SUBMIT)
    page.wait_for_url("**/obrolan")
    expect(page.locator("article.citizen")).to_contain_text(LAMP)
    (event,) = events(runtime)
    assert (event.payload["text"], photo_of(event)) == (f"{LAMP}\nSelumit", jpeg(400, 300))
    bare.close()
