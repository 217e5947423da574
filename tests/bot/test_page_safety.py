"""The citizen's pages against those who mean harm, and the citizen's words when something fails."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlmodel import col
from werkzeug.test import TestResponse

from bot import track
from bot.app import HSTS, POSTS_OF_DEVICE, POSTS_OF_NETWORK, create_app, create_hooks_app
from bot.submission import MOST_BYTES, MOST_FILES
from dispatch.config import Settings
from dispatch.models import InboundEvent
from dispatch.runtime import Runtime
from tests.support.clock import Clock
from tests.support.talk import Citizen
from tests.support.visitor import Page, Visitor

#: What is refused or escaped does not depend on the kind of database; ``test_pages`` runs on both.
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

LAMP = "Lampu jalan di depan pasar mati <sudah lama> & gelap"


@pytest.fixture
def app(runtime: Runtime) -> Flask:
    made = create_app(runtime)
    made.config["PROPAGATE_EXCEPTIONS"] = False
    return made


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)


@pytest.fixture
def https(environment: dict[str, str], runtime: Runtime) -> Runtime:
    environment["PUBLIC_URL"] = "https://aduan.example.go.id"
    wired = Runtime(Settings.read(environment), now=runtime.now)
    wired.__dict__["region"] = runtime.region
    return wired


def recorded(runtime: Runtime) -> int:
    with runtime.reading() as session:
        return len(session.scalars(select(col(InboundEvent.id))).all())


# -- stored markup ---------------------------------------------------------------------------------

PAYLOADS: dict[str, str] = {
    "script": "<script>alert(1)</script>",
    "image handler": "<img src=x onerror=alert(1)>",
    "end of the text area": "</textarea><script>alert(1)</script>",
    "end of title": "</title><svg onload=alert(1)>",
    "double quote": '"><b onmouseover="alert(1)">',
    "single quote": "' onfocus='alert(1)' autofocus='",
    "back quote": "`onload=alert(1)`",
    "entity": "&lt;script&gt;alert(1)&lt;/script&gt;",
    "numeric entity": "&#60;script&#62;",
    "template": "{{ 7 * 7 }} {% raw %} {{ config }}",
    "format": "{text} {0} %s %(text)s",
    "comment": "<!-- --><script>-->",
    "CDATA": "<![CDATA[<script>alert(1)</script>]]>",
    "style": "<style>*{display:none}</style>",
    "frame": "<iframe srcdoc='<script>alert(1)</script>'>",
    "base": "<base href='https://example.org/'>",
    "meta": "<meta http-equiv=refresh content=0;url=https://example.org/>",
    "link scheme": "javascript:alert(1)",
    "svg": "<svg><animate onbegin=alert(1) attributeName=x>",
    "math": "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "broken tag": "<a href='x' <b",
    "right to left": "\u202e<script>\u202c",
    "full width": "＜script＞alert(1)＜/script＞",
    "NUL in a tag": "<scr\0ipt>alert(1)</scr\0ipt>",
    "line break in a tag": "<img\nsrc=x\nonerror\n=alert(1)>",
}


def file_name(text: str) -> str:
    """As browsers write it into a form (HTML standard, multipart/form-data encoding)."""
    return f"{text}.jpg".replace("\n", "%0A").replace('"', "%22")


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_words_stay_words_in_the_chat(runtime: Runtime, app: Flask, payload: str) -> None:
    pages = []
    for text in ("Lampu mati", payload):
        visitor = Visitor(app)
        visitor.send("/lapor", text=text, place=text, name=text, files=((file_name(text), b"\xff\xd8\xff"),))
        pages.append(visitor.page("/obrolan"))
    harmless, hostile = pages
    assert hostile.shape() == harmless.shape()
    shown = payload.replace("\0", "\ufffd")
    assert shown in hostile.text


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_words_stay_words_in_a_form_shown_again(visitor: Visitor, payload: str) -> None:
    shapes = []
    for text in ("Lampu mati", payload):
        form = {**visitor.blank("/lapor"), "csrf_token": "wrong"}
        page = Page(visitor.send("/lapor", form=form, text=text, place=text, name=text).text)
        shapes.append(page.shape())
        # What an HTML parser makes of NUL: nothing a citizen types.
        if "\0" not in text:
            assert page.forms["/lapor"]["text"] == text
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_words_stay_words_in_the_tracking_form(visitor: Visitor, payload: str) -> None:
    harmless = visitor.page("/lacak", query_string={"nomor": "tidak ada"})
    assert visitor.page("/lacak", query_string={"nomor": payload}).shape() == harmless.shape()


# -- nothing is taken that was not meant -----------------------------------------------------------

TOKENS: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {
    "missing": lambda form: {name: value for name, value in form.items() if name != "csrf_token"},
    "empty": lambda form: {**form, "csrf_token": ""},
    "made up": lambda form: {**form, "csrf_token": "IjAwIg.aaaaaa.bbbbbbbbbbbb"},
    "cut": lambda form: {**form, "csrf_token": form["csrf_token"][:-2]},
}


@pytest.mark.parametrize("action", ["/lapor", "/obrolan"])
@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS.keys())
def test_without_its_token_nothing_is_taken_and_no_word_is_lost(
    runtime: Runtime, visitor: Visitor, action: str, token: Callable[[dict[str, str]], dict[str, str]]
) -> None:
    refused = visitor.send(action, form=token(visitor.blank(action)), text=LAMP)
    assert refused.status_code == 400
    assert recorded(runtime) == 0
    shown = Page(refused.text).forms[action]
    assert shown["text"] == LAMP
    assert visitor.send(action, form=shown).status_code == 303
    assert recorded(runtime) == 1


def test_a_token_of_another_browser_is_worth_nothing(runtime: Runtime, app: Flask, visitor: Visitor) -> None:
    visitor.get("/")
    assert visitor.send("/lapor", form=Visitor(app).blank("/lapor"), text=LAMP).status_code == 400
    assert recorded(runtime) == 0


def test_every_address_that_takes_a_post_is_guarded_except_webhooks(app: Flask, visitor: Visitor) -> None:
    writes = {
        rule.rule for rule in app.url_map.iter_rules() if {"POST", "PUT", "PATCH", "DELETE"} & (rule.methods or set())
    }
    assert writes == {"/lapor", "/obrolan", "/unggah", "/unggah/<token>", "/hooks/<name>"}
    assert visitor.client.post("/hooks/telegram", data=b"{}").status_code == 404


# -- faults are sentences, and words are kept ------------------------------------------------------

BIG = b"\xff\xd8\xff" + bytes(5_000_001)
FAULTS: dict[str, tuple[str, dict[str, str], tuple[tuple[str, bytes], ...], int, str]] = {
    "no words": ("/lapor", {"text": "  "}, (), 400, "web_empty_error"),
    "nothing at all": ("/obrolan", {"text": ""}, (), 400, "web_empty_error"),
    "only a photo in the form": ("/lapor", {"text": ""}, (("a.jpg", b"x"),), 400, "web_empty_error"),
    "too many words": ("/lapor", {"text": "a" * 10_001}, (), 400, "too_long"),
    "a large photo": ("/lapor", {"text": LAMP}, (("a.jpg", BIG),), 413, "web_too_large_error"),
    "large photos together": (
        "/obrolan",
        {"text": LAMP},
        (("a.jpg", BIG[:4_500_000]),) * 2,
        413,
        "web_too_large_error",
    ),
    "many photos": ("/lapor", {"text": LAMP}, (("a.jpg", b"x"),) * (MOST_FILES + 1), 400, "web_photo_count_error"),
}


@pytest.mark.parametrize(("action", "fields", "files", "status", "phrase"), FAULTS.values(), ids=FAULTS.keys())
def test_what_cannot_be_taken_is_said_in_a_sentence_beside_the_words(
    runtime: Runtime,
    visitor: Visitor,
    action: str,
    fields: dict[str, str],
    files: tuple[tuple[str, bytes], ...],
    status: int,
    phrase: str,
) -> None:
    answer = visitor.send(action, files=files, place="Selumit", **fields)
    page = Page(answer.text)
    assert answer.status_code == status
    assert runtime.region.phrases[phrase]["id"].partition("{")[0] in page.text
    assert page.forms[action]["text"] == fields["text"].strip()
    assert recorded(runtime) == 0


@pytest.mark.parametrize("action", ["/lapor", "/obrolan"])
def test_when_the_database_is_away_the_words_come_back(
    runtime: Runtime, visitor: Visitor, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    form = visitor.blank(action)

    def away() -> None:
        raise OperationalError("BEGIN", {}, OSError("away"))

    with monkeypatch.context() as patch:
        patch.setattr(runtime, "writing", away)
        answer = visitor.send(action, form=form, text=LAMP)
    assert answer.status_code == 503
    shown = Page(answer.text).forms[action]
    assert shown["text"] == LAMP
    assert visitor.send(action, form=shown).status_code == 303
    assert recorded(runtime) == 1


def test_a_fault_of_ours_is_a_page_of_ours(runtime: Runtime, visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("+628110000001 wrote something")

    monkeypatch.setattr(runtime, "reading", broken)
    answer = visitor.get("/obrolan")
    assert answer.status_code == 500
    assert runtime.phrases.say("web_server_error", "id") in Page(answer.text).text
    assert "wrote something" not in answer.text


ERRORS: dict[str, tuple[str, str, int, str]] = {
    "no such page": ("GET", "/tidak-ada", 404, "web_not_found"),
    "a path that climbs": ("GET", "/static/../app.py", 404, ""),
    "wrong method": ("POST", "/privasi", 405, "web_wrong_method"),
    "wrong method on a form": ("PUT", "/lapor", 405, "web_wrong_method"),
    "webhook of no channel": ("POST", "/hooks/tidak-ada", 404, ""),
    "webhook, wrong method": ("PUT", "/hooks/telegram", 405, ""),
}


@pytest.mark.parametrize(("method", "path", "status", "phrase"), ERRORS.values(), ids=ERRORS.keys())
def test_errors_say_what_to_do(
    runtime: Runtime, visitor: Visitor, method: str, path: str, status: int, phrase: str
) -> None:
    answer = visitor.client.open(path, method=method)
    assert answer.status_code == status
    if phrase:
        assert runtime.phrases.say(phrase, "id") in Page(answer.text).text
    else:
        assert answer.content_type.startswith("text/plain")
    assert ("Allow" in answer.headers) == (status == 405)


def test_a_body_beyond_all_limits_is_refused_unread(runtime: Runtime, visitor: Visitor) -> None:
    visitor.get("/")
    answer = visitor.client.post(
        "/lapor",
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": str(MOST_BYTES + 1)},
    )
    assert answer.status_code == 413
    assert "/lapor" in Page(answer.text).forms


def test_thousands_of_fields_are_refused(visitor: Visitor) -> None:
    fields = {f"f{number}": "1" for number in range(2000)}
    assert visitor.client.post("/lapor", data=fields, content_type="multipart/form-data").status_code == 413


# -- limits ----------------------------------------------------------------------------------------


def test_one_device_may_send_so_often_and_its_words_are_kept(runtime: Runtime, clock: Clock, visitor: Visitor) -> None:
    form = visitor.blank("/obrolan")
    sent = [visitor.send("/obrolan", form=form, text=f"pesan {n}").status_code for n in range(POSTS_OF_DEVICE)]
    assert set(sent) == {303}
    refused = visitor.send("/obrolan", form=form, text=LAMP)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) == 600
    assert Page(refused.text).forms["/obrolan"]["text"] == LAMP
    assert recorded(runtime) == POSTS_OF_DEVICE
    clock.forward(minutes=10)
    assert visitor.send("/obrolan", form=form, text=LAMP).status_code == 303


def test_one_network_may_send_more_but_not_without_end(app: Flask) -> None:
    for _ in range(POSTS_OF_NETWORK):
        Visitor(app, "203.0.113.9").client.post("/lapor", environ_base={"REMOTE_ADDR": "203.0.113.9"})
    refused = Visitor(app, "203.0.113.9").send("/lapor", text=LAMP)
    elsewhere = Visitor(app, "203.0.113.10").send("/lapor", text=LAMP)
    assert (refused.status_code, elsewhere.status_code) == (429, 303)


def test_guessing_numbers_ends(trained: Runtime, clock: Clock, app: Flask) -> None:
    guesser, other = Visitor(app, "2001:db8::1"), Visitor(app, "2001:db8:1::1")
    Citizen(trained).says(LAMP)
    for n in range(track.MISSES[0]):
        assert guesser.get(f"/lacak/{n}").status_code == 404
    assert guesser.get("/lacak/x").status_code == 429
    [ticket] = Citizen(trained).tickets()
    assert guesser.get(f"/lacak/{ticket.number}").status_code == 429  # or the next right guess would show
    assert other.get(f"/lacak/{ticket.number}").status_code == 200
    assert Visitor(app, "2001:db8::2").get("/lacak/x").status_code == 429
    assert other.get("/lacak/x").status_code == 404
    clock.forward(minutes=10)
    assert guesser.get("/lacak/x").status_code == 404


@pytest.mark.parametrize(("proxies", "expected"), [("0", 429), ("1", 303)])
def test_a_forwarded_address_counts_only_behind_a_known_proxy(
    environment: dict[str, str], runtime: Runtime, proxies: str, expected: int
) -> None:
    environment["ADUAN_PROXIES"] = proxies
    wired = Runtime(Settings.read(environment), now=runtime.now)
    wired.__dict__["region"] = runtime.region
    app = create_app(wired)
    for n in range(POSTS_OF_NETWORK):
        app.test_client().post("/lapor", headers={"X-Forwarded-For": f"203.0.113.{n % 250}"})
    visitor = Visitor(app)
    visitor.environ["HTTP_X_FORWARDED_FOR"] = "203.0.113.251"
    assert visitor.send("/lapor", text=LAMP).status_code == expected
    wired.close()


# -- headers and cookies ---------------------------------------------------------------------------

WANTED = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
ADDRESSES = (
    "/", "/lapor", "/obrolan", "/obrolan/isi", "/unggah", "/lacak", "/lacak/KU-1", "/lacak?nomor=x", "/privasi",
    "/bukti/KU-1/1", "/layanan", "/layanan?q=x", "/layanan/skck", "/layanan/tiada",
    "/healthz", "/readyz", "/metrics", "/hooks/sms", "/hooks/tidak-ada", "/static/pages.css", "/static/tidak-ada.css",
    "/tidak-ada",
)  # fmt: skip


def protected(answer: TestResponse, *, https: bool) -> None:
    assert {name: answer.headers.get(name) for name in WANTED} == WANTED
    assert answer.headers.get("Strict-Transport-Security") == (HSTS if https else None)
    assert "charset=utf-8" in answer.content_type or answer.content_type == "application/json" or not answer.data
    kept = answer.request.path.startswith("/static/") and answer.status_code == 200
    assert ("no-store" in answer.headers["Cache-Control"]) != kept


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ADDRESSES)
def test_every_answer_is_protected(app: Flask, path: str, method: str) -> None:
    protected(app.test_client().open(path, method=method, buffered=True), https=False)


@pytest.mark.parametrize("path", ADDRESSES)
def test_every_answer_of_the_hooks_application_is_protected(runtime: Runtime, path: str) -> None:
    protected(create_hooks_app(runtime).test_client().get(path), https=False)


def test_every_address_is_among_those_tried(app: Flask) -> None:
    adapter = app.url_map.bind("localhost")
    tried = {adapter.match(path.partition("?")[0])[0] for path in ADDRESSES if "tidak-ada" not in path}
    assert {str(rule.endpoint) for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())} == tried


def test_over_https_cookies_are_locked_to_the_host(https: Runtime) -> None:
    answer = create_app(https).test_client().get("/?lang=en", base_url="https://aduan.example.go.id")
    protected(answer, https=True)
    cookies = {line.partition("=")[0]: line for line in answer.headers.getlist("Set-Cookie")}
    assert set(cookies) == {"__Host-aduan_chat", "__Host-aduan_page", "aduan_language"}
    for line in cookies.values():
        for attribute in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
            assert attribute in line
        assert "Domain" not in line
    assert "Max-Age=31536000" in cookies["__Host-aduan_chat"]


def test_the_device_token_never_reaches_the_database(runtime: Runtime, visitor: Visitor) -> None:
    visitor.send("/lapor", text=LAMP)
    cookie = visitor.client.get_cookie("aduan_chat")
    assert cookie is not None
    assert len(cookie.value) == 43  # 256 bits in base64
    with runtime.reading() as session:
        (event,) = session.scalars(select(InboundEvent)).all()
    assert cookie.value not in f"{event.sender}{event.payload}{event.raw!r}"
    assert event.payload["sender"]["value"] == hashlib.sha256(cookie.value.encode()).hexdigest()[:32]


@pytest.mark.parametrize("cookie", ["x", "a" * 44, "../../../etc/passwd", "ü" * 43, "' OR 1=1 --" + "a" * 32])
def test_a_made_up_token_is_replaced(visitor: Visitor, cookie: str) -> None:
    visitor.client.set_cookie("aduan_chat", cookie)
    visitor.get("/obrolan")
    given = visitor.client.get_cookie("aduan_chat")
    assert given is not None
    assert given.value != cookie


HOSTS = ["example.org", "example.org:81", "aduan.example.go.id@example.org", "[::1]"]


@pytest.mark.parametrize("host", HOSTS)
def test_the_host_header_builds_no_address(app: Flask, host: str) -> None:
    headers = {"Host": host, "X-Forwarded-Host": host}
    client = app.test_client()
    for path in ("/", "/lapor", "/obrolan", "/lacak?nomor=KU-2", "/tidak-ada"):
        answer = client.get(path, headers=headers)
        assert "example.org" not in answer.text
        assert not answer.headers.get("Location", "/").startswith(("http", "//"))
