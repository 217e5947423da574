"""The whole product with another region pack: a message becomes a ticket of an agency there, is due in its zone's time,
is answered; and no page names anything of the first region. No product code does either.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from admin.app import create_app as create_admin
from bot.app import create_app
from classifier.reader import Reader
from dispatch import training
from dispatch.config import Settings
from dispatch.models import Assignment
from dispatch.phrases import REQUIRED
from dispatch.region import Region, check, load
from dispatch.runtime import Runtime
from tests.admin.conftest import Browser
from tests.support import nusantara
from tests.support.clock import Clock
from tests.support.desk import answer, deliver, rows
from tests.support.talk import Citizen
from tests.support.tickets import add_staff

ROOT = Path(__file__).parents[2]
HOLE = "jalan berlubang dalam sekali di Lembah Rusa, sudah dua minggu"
#: The region's own names, wherever they stand; and what its zone is called.
FIRST = re.compile(
    r"kaltara|kalimantan|tarakan|bulungan|malinau|nunukan|tana tidung|tanjung selor|\bWITA\b|Makassar", re.IGNORECASE
)


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packs")
    nusantara.write(folder)
    return folder


@pytest.fixture(scope="module")
def cendana(packs: Path) -> Region:
    return load(nusantara.NAME, packs, required_phrases=REQUIRED)


@pytest.fixture(scope="module")
def taught(cendana: Region) -> Reader:
    return training.train(cendana)


@pytest.fixture
def elsewhere(
    environment: dict[str, str], packs: Path, clock: Clock, cendana: Region, taught: Reader
) -> Iterator[Runtime]:
    """A runtime of the other region, with its own classifier."""
    given = {**environment, "ADUAN_REGION": nusantara.NAME, "ADUAN_REGION_DIR": str(packs)}
    wired = Runtime(Settings.read(given), now=clock)
    wired.__dict__["region"] = cendana
    wired.__dict__["classifier"] = taught
    yield wired
    wired.close()


def test_the_pack_is_in_order(packs: Path) -> None:
    assert check(nusantara.NAME, packs, required_phrases=REQUIRED) == []


def test_from_a_message_to_the_answer(elsewhere: Runtime, clock: Clock) -> None:
    clock.instant = datetime(2026, 11, 6, 16, 30, tzinfo=UTC)  # there it is Saturday already
    citizen = Citizen(elsewhere)
    receipt, _ = citizen.says(HOLE)
    [ticket] = citizen.tickets()
    assert ticket.number.startswith("NC-")
    assert (ticket.category, ticket.area, ticket.agency) == ("lubang_jalan", "98.71.01.1001", "kc-binamarga")
    assert ticket.region_version == elsewhere.region.edition
    # The fifth working day after that Saturday is Friday, which ends at 16.00 there.
    due = datetime(2026, 11, 13, 16, 0, tzinfo=ZoneInfo("Asia/Jayapura"))
    assert ticket.first_response_due == due
    assert "Dinas Bina Marga Kota Cendana Raya" in receipt
    assert "Jumat, 13 November 2026 pukul 16.00 WIT" in receipt
    deliver(elsewhere, "whatsapp")
    answer(elsewhere, ticket.number, "Lubang ditutup hari Rabu.")
    [said] = citizen.hears()
    assert (
        said
        == f"Jawaban Dinas Bina Marga Kota Cendana Raya untuk laporan {ticket.number}:\n\nLubang ditutup hari Rabu."
    )
    assert not FIRST.search(receipt + said)


def test_a_regency_that_has_not_joined_is_served_by_the_province(elsewhere: Runtime) -> None:
    citizen = Citizen(elsewhere)
    citizen.says("jalan berlubang dalam sekali di Ujung Karang Putih")
    [ticket] = citizen.tickets()
    [assignment] = rows(elsewhere, Assignment)
    assert (ticket.agency, assignment.reason) == ("nc-binamarga", "not_joined")


def test_what_is_of_officials_goes_to_the_inspectorate_there(elsewhere: Runtime) -> None:
    citizen = Citizen(elsewhere)
    citizen.says("petugas minta amplop di Rumah Tiang")
    [ticket] = citizen.tickets()
    assert (ticket.agency, ticket.supervision) == ("kh-pengawas", True)


def pages(app: Flask) -> list[str]:
    """The addresses of an application that need no argument."""
    skipped = ("/static", "/healthz", "/health")
    return sorted(
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.arguments and not rule.rule.startswith(skipped)
    )


def names_of_the_first(text: str) -> list[str]:
    return sorted({found[0] for found in FIRST.finditer(text)})


def test_no_public_page_names_the_first_region(elsewhere: Runtime) -> None:
    citizen = Citizen(elsewhere)
    citizen.says(HOLE)
    [ticket] = citizen.tickets()
    app = create_app(elsewhere)
    client = app.test_client()
    addresses = [*pages(app), f"/lacak/{ticket.number}", "/layanan/kartu_warga", "/nowhere"]
    assert {"/", "/lacak", "/layanan"} <= set(addresses)
    for address in addresses:
        for language in ("id", "en"):
            page = client.get(f"{address}?bahasa={language}&lang={language}", buffered=True)
            assert page.status_code < 500, address
            assert names_of_the_first(page.text) == [], address


@pytest.mark.parametrize("role", ["officer", "supervisor", "admin"])
def test_no_page_of_staff_names_the_first_region(elsewhere: Runtime, role: str) -> None:
    citizen = Citizen(elsewhere)
    citizen.says(HOLE)
    [ticket] = citizen.tickets()
    agencies = ("kc-binamarga",) if role == "officer" else ()
    add_staff(elsewhere, "petugas@contoh.test", role, agencies)
    app = create_admin(elsewhere)
    browser = Browser(app.test_client())
    assert browser.sign_in("petugas@contoh.test").status_code == 303
    seen = 0
    for address in [*pages(app), f"/admin/tickets/{ticket.number}"]:
        page = browser.get(address)
        assert page.status_code < 500, address
        seen += page.status_code == 200
        if page.mimetype.startswith("text/"):
            assert names_of_the_first(page.text) == [], address
    assert seen >= 5


# -- what the product's own files say --------------------------------------------------------------

FLOORS = ("admin", "bot", "channels", "classifier", "dispatch")
#: file → names it may hold, and why.
ALLOWED = {
    "dispatch/config.py": {"kaltara"},  # which pack serves where nobody says
    "channels/sms_modem/__init__.py": {"makassar"},  # the zone of a modem's computer where its setting names none
}


def product_files() -> list[Path]:
    found = [
        path
        for floor in FLOORS
        for kind in ("py", "html", "js", "css")
        for path in (ROOT / floor).rglob(f"*.{kind}")
        if "regions" not in path.relative_to(ROOT).parts and "__pycache__" not in path.parts
    ]
    assert len(found) > 150
    return sorted(found)


def code_of(path: Path) -> str:
    """A file without its comments and docstrings, where an example may be of any place."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return re.sub(r"/\*.*?\*/|\{#.*?#\}|<!--.*?-->|^\s*//.*?$", "", text, flags=re.DOTALL | re.MULTILINE)
    documented = [
        node.body[0]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
        and isinstance(node.body[0].value, ast.Constant)
    ]
    hidden = {line for node in documented for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    return " ".join(
        token.string
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type != tokenize.COMMENT and token.start[0] not in hidden
    )


@pytest.mark.parametrize("path", product_files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_file_of_the_product_holds_a_name_of_the_first_region(path: Path, kaltara: Region) -> None:
    name = path.relative_to(ROOT).as_posix()
    found = {said.casefold() for said in names_of_the_first(code_of(path))}
    assert found - ALLOWED.get(name, set()) == set()


def test_no_file_of_the_product_holds_a_code_of_the_first_region(kaltara: Region) -> None:
    codes = [re.escape(code) for code in (*kaltara.agencies, *kaltara.categories) if "-" in code or "_" in code]
    codes += [re.escape(code) for code in kaltara.places if "." in code]
    pattern = re.compile(rf"(?<![\w.-])(?:{'|'.join(sorted(codes, key=len, reverse=True))})(?![\w.-])")
    found = {
        path.relative_to(ROOT).as_posix(): sorted({each[0] for each in pattern.finditer(code_of(path))})
        for path in product_files()
    }
    assert {path: codes for path, codes in found.items() if codes} == {}
