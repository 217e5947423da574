"""The public service directory: found by searching and by field, without JavaScript, in two languages, light."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

import pytest
from flask import Flask

from bot.app import create_app
from bot.services_pages import LONGEST_SEARCH, SHOWN
from dispatch.runtime import Runtime
from tests.support.visitor import Visitor

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
#: What a page may weigh on its way over a slow line; pages are not compressed.
MOST_BYTES = 16_000


class Links(HTMLParser):
    """Addresses of a page's links, and how often each element stands there."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.to: list[str] = []
        self.elements: Counter[str] = Counter()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        if tag == "a":
            self.to.append(dict(attrs).get("href") or "")


@pytest.fixture
def visitor(runtime: Runtime) -> Visitor:
    made: Flask = create_app(runtime)
    made.config["PROPAGATE_EXCEPTIONS"] = False
    return Visitor(made)


def found(visitor: Visitor, query: str) -> list[str]:
    """The codes a search shows before the list of all."""
    body = visitor.get("/layanan", query_string={"q": query}).text.partition('id="semua"')[0]
    return [link.removeprefix("/layanan/") for link in Links(body).to if link.startswith("/layanan/")]


def test_the_list_has_every_service_once_under_its_field(runtime: Runtime, visitor: Visitor) -> None:
    page = visitor.get("/layanan")
    links = [link for link in Links(page.text).to if link.startswith("/layanan/")]
    assert page.status_code == 200
    assert sorted(links) == sorted(f"/layanan/{code}" for code in runtime.region.services)
    assert Links(page.text).elements["summary"] == len(runtime.region.fields)


@pytest.mark.parametrize("path", ["/", "/obrolan", "/lacak", "/privasi"])
def test_every_page_leads_to_the_list(visitor: Visitor, path: str) -> None:
    assert "/layanan" in Links(visitor.get(path).text).to


def test_every_service_has_its_page_in_both_languages(runtime: Runtime, visitor: Visitor) -> None:
    for service in runtime.region.services.values():
        for language in ("id", "en"):
            page = visitor.get(f"/layanan/{service.code}", query_string={"lang": language})
            assert page.status_code == 200
            shown = Links(page.text)
            assert (shown.elements["h1"], shown.elements["main"]) == (1, 1)
            assert page.text.count("<dt>") == page.text.count("<dd>") > 1
            assert "/#text" in shown.to
            assert service.link in ["", *shown.to]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("bagaimana cara perpanjang sim c", "sim_perpanjang"),
        ("paspor", "paspor"),
        ("KTP hilang", "ktp_hilang"),
        ("kartu kuning", "ak1"),
        ("driving licence", "sim_baru"),
    ],
)
def test_a_search_shows_the_nearest_first(visitor: Visitor, query: str, first: str) -> None:
    codes = found(visitor, query)
    assert codes[0] == first
    assert len(codes) <= SHOWN


@pytest.mark.parametrize(
    "query", ["", "   ", "xyzzy", "🙏", "9" * 5_000, "<script>alert(1)</script>", "%00", "' OR 1=1"]
)
def test_any_search_is_answered(visitor: Visitor, query: str) -> None:
    page = visitor.get("/layanan", query_string={"q": query})
    assert page.status_code == 200
    assert "<script>" not in page.text
    assert f'value="{"9" * (LONGEST_SEARCH + 1)}' not in page.text


def test_a_search_without_result_leads_to_the_form(runtime: Runtime, visitor: Visitor) -> None:
    page = visitor.get("/layanan", query_string={"q": "xyzzy"}).text
    assert runtime.phrases.say("web_services_none", "id") in page
    assert "/#text" in Links(page).to


@pytest.mark.parametrize("code", ["tiada", "../privasi", "KTP_BARU", "%00", "a" * 3_000])
def test_an_unknown_service_is_not_found(visitor: Visitor, code: str) -> None:
    assert visitor.get(f"/layanan/{code}").status_code in (404, 308)


def test_a_page_says_when_the_region_has_still_to_confirm(runtime: Runtime, visitor: Visitor) -> None:
    said = runtime.phrases.say("service_confirm", "id")
    assert said in visitor.get("/layanan/skck").text
    assert said not in visitor.get("/layanan/npwp").text


def test_the_directory_knows_nothing_of_its_reader(visitor: Visitor) -> None:
    for path in ("/layanan?q=skck", "/layanan/skck"):
        assert "Set-Cookie" not in visitor.get(path).headers


@pytest.mark.parametrize("path", ["/layanan", "/layanan?q=sim", "/layanan/paspor"])
def test_the_pages_are_light(visitor: Visitor, path: str) -> None:
    assert len(visitor.get(path).data) <= MOST_BYTES
