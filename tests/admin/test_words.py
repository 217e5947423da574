"""What staff read: complete in both languages, times in words, compiled when needed."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask import Flask

from admin import words
from admin.app import create_app
from admin.formats import clean, hours, pressing, span, time_left
from admin.translations import FOLDER, compile_catalogs
from channels.message import AttachmentKind, DeliveryState
from channels.registry import kinds
from dispatch.config import Settings
from dispatch.models import AttachmentState, Author, Role, Ticket
from dispatch.region import Region
from dispatch.routing import Held, Reason
from dispatch.runtime import Runtime
from dispatch.services.handovers import Return
from dispatch.services.holding import Why
from dispatch.workflow import Status

KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "_l": None}
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext.babel_extract")]


@pytest.fixture(scope="module")
def used() -> dict[str | tuple[str, ...], str]:
    """Every sentence of the code and the templates → where it stands."""
    found = extract_from_dir(str(FOLDER.parent), method_map=METHODS, keywords=KEYWORDS, options_map={})
    return {message: f"{name}:{line}" for name, line, message, _, _ in found}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    with (FOLDER / "id" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale="id")


def key(message: str | tuple[str, ...]) -> str:
    return message if isinstance(message, str) else message[0]


def test_every_sentence_is_translated(used: dict[str | tuple[str, ...], str], catalog: Catalog) -> None:
    assert len(used) > 300, "the extraction found too little: is a folder missing?"
    missing = []
    for message, place in used.items():
        entry = catalog.get(key(message))
        texts = (entry.string if isinstance(entry.string, tuple) else (entry.string,)) if entry else ("",)
        if not all(texts) or (entry is not None and entry.fuzzy):
            missing.append(f"{place}: {message}")
    assert missing == []


def test_no_translation_is_left_over(used: dict[str | tuple[str, ...], str], catalog: Catalog) -> None:
    wanted = {key(message) for message in used}
    assert [key(entry.id) for entry in catalog if entry.id and key(entry.id) not in wanted] == []


def test_translations_keep_their_values(catalog: Catalog) -> None:
    assert {key(entry.id): [str(fault) for fault in faults] for entry, faults in catalog.check()} == {}


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        pytest.param(words.STATUSES, Status, id="statuses"),
        pytest.param(words.STATUS_MEANINGS, Status, id="meanings"),
        pytest.param(words.CHANNELS, kinds(), id="channels"),
        pytest.param(words.ROLES, Role, id="roles"),
        pytest.param(words.AUTHORS, Author, id="authors"),
        pytest.param(words.DELIVERIES, DeliveryState, id="deliveries"),
        pytest.param(words.ATTACHMENTS, AttachmentState, id="attachments"),
        pytest.param(words.ATTACHMENT_KINDS, AttachmentKind, id="kinds of attachment"),
        pytest.param(words.RETURNS, Return, id="returns"),
        pytest.param(words.REASONS, [*Reason, *Held, *Why], id="reasons"),
    ],
)
def test_every_key_has_its_word(table: dict[str, object], keys: object, app_context: None) -> None:
    assert set(table) == {str(each) for each in keys}  # type: ignore[attr-defined]
    assert all(str(value) for value in table.values())


def test_every_kind_of_the_region_has_its_word(kaltara: Region) -> None:
    assert {category.kind for category in kaltara.categories.values()} <= set(words.KINDS)


@pytest.fixture
def app_context(plain_app: Flask) -> object:
    with plain_app.test_request_context("/admin/login", headers={"Cookie": "aduan_language=en"}):
        yield


@pytest.fixture
def plain_app(tmp_path: Path, kaltara: Region) -> Flask:
    """The application without a database: these tests only read sentences."""
    runtime = Runtime(Settings.read({"ADUAN_VAR": str(tmp_path), "SECRET_KEY": "x" * 40}))
    runtime.__dict__["region"] = kaltara
    return create_app(runtime)


# Wednesday, 4 November 2026, 10:00 WITA
NOW = datetime(2026, 11, 4, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("due", "english", "indonesian"),
    [
        ("2026-11-04T10:00", "0 minutes left", "sisa 0 menit"),
        ("2026-11-04T10:01", "1 minute left", "sisa 1 menit"),
        ("2026-11-04T16:00", "6 hours left", "sisa 6 jam"),
        ("2026-11-05T16:00", "1 working day left", "sisa 1 hari kerja"),
        ("2026-11-06T16:30", "2 working days left", "sisa 2 hari kerja"),
        ("2026-11-08T16:00", "2 working days left", "sisa 2 hari kerja"),
        ("2026-11-09T16:00", "3 working days left", "sisa 3 hari kerja"),
        ("2026-11-24T16:00", "14 working days left", "sisa 14 hari kerja"),
        ("2026-11-04T09:59", "late by 1 minute", "terlambat 1 menit"),
        ("2026-11-04T07:00", "late by 3 hours", "terlambat 3 jam"),
        ("2026-11-02T16:00", "late by 42 hours", "terlambat 42 jam"),
        ("2026-11-02T10:00", "late by 2 days", "terlambat 2 hari"),
        ("2026-10-30T16:30", "late by 4 days", "terlambat 4 hari"),
    ],
)
def test_time_left(due: str, english: str, indonesian: str, plain_app: Flask, kaltara: Region) -> None:
    instant = datetime.fromisoformat(due).replace(tzinfo=kaltara.zone)
    for language, expected in (("en", english), ("id", indonesian)):
        with plain_app.test_request_context("/admin/login", headers={"Cookie": f"aduan_language={language}"}):
            assert time_left(kaltara, "tarakan-dpupr", NOW, instant) == expected


def test_an_agency_the_region_no_longer_has_still_has_a_time(app_context: None, kaltara: Region) -> None:
    assert time_left(kaltara, "gone", NOW, NOW + timedelta(days=3)) == "3 days left"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, "–"),
        (0, "0 minutes"),
        (60, "1 minute"),
        (3599, "60 minutes"),
        (3600, "1.0\N{NO-BREAK SPACE}hours"),
        (172_799, "48.0\N{NO-BREAK SPACE}hours"),
        (172_800, "2.0\N{NO-BREAK SPACE}days"),
    ],
)
def test_measured_times(seconds: float | None, expected: str, app_context: None) -> None:
    assert hours(seconds) == expected


def test_spans_are_never_negative(app_context: None) -> None:
    assert span(timedelta(seconds=-30)) == "0 minutes"


@pytest.mark.parametrize(
    ("status", "answered", "expected"),
    [
        (Status.ASSIGNED, False, "First answer"),
        (Status.IN_PROGRESS, True, "Resolution"),
        (Status.WAITING, False, "First answer"),
        (Status.WAITING, True, None),  # until its cap, a day from now
        (Status.ANSWERED, True, None),
        (Status.CLOSED, True, None),
        (Status.FORWARDED, False, None),
    ],
)
def test_what_presses(status: str, answered: bool, expected: str | None, app_context: None, kaltara: Region) -> None:
    ticket = Ticket(
        number="x",
        citizen_id=1,
        address_id=1,
        channel="sms",
        status=status,
        kind="complaint",
        agency="tarakan-dpupr",
        spoken_at=NOW,
        opened_at=NOW,
        verify_due=NOW,
        first_response_due=NOW,
        pause_until=NOW + timedelta(days=1),
        resolution_due=NOW,
        first_response_at=NOW if answered else None,
        last_citizen_at=NOW,
    )
    clock = pressing(kaltara, NOW, ticket)
    assert (clock.step if clock else None) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\x00b\x1bc\x7f", "abc"),
        ("\ud800x", "?x"),
        ("tab\tstays", "tab\tstays"),
        ("y" * 30, "y" * 10),
    ],
)
def test_clean(text: str, expected: str) -> None:
    assert clean(text, 10) == expected


def test_catalogues_are_compiled_once_and_again_after_a_change(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "t", ignore=shutil.ignore_patterns("*.mo"))
    folder = tmp_path / "t"
    (compiled,) = compile_catalogs(folder)
    assert compiled.read_bytes()[:4] in (b"\xde\x12\x04\x95", b"\x95\x04\x12\xde")
    assert compile_catalogs(folder) == []
    source = compiled.with_suffix(".po")
    source.write_text(source.read_text(encoding="utf-8").replace("Masuk", "Masuklah"), encoding="utf-8")
    stamp = compiled.stat().st_mtime_ns + 1
    os.utime(source, ns=(stamp, stamp))
    assert compile_catalogs(folder) == [compiled]
    assert b"Masuklah" in compiled.read_bytes()
    assert [path.name for path in compiled.parent.iterdir() if path.suffix not in (".po", ".mo")] == []


def test_the_stylesheet_is_small_and_loads_nothing() -> None:
    text = (FOLDER.parent / "static" / "staff.css").read_text(encoding="utf-8")
    assert len(text.encode()) <= 12_000
    assert "url(" not in text and "@import" not in text


def test_templates_switch_escaping_off_nowhere() -> None:
    for path in sorted((FOLDER.parent / "templates").glob("**/*.html")):
        text = path.read_text(encoding="utf-8")
        assert not any(word in text for word in ("|safe", "| safe", "autoescape", "Markup(")), path.name
