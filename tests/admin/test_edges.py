"""Dates and numbers at the end of what can be counted."""

from __future__ import annotations

from datetime import date

import pytest

from admin.cli import main
from admin.formats import parse_day

DAYS = {
    "2026-11-04": date(2026, 11, 4),
    "0001-01-01": None,
    "9999-12-31": None,
    "2026-02-30": None,
    "4.11.2026": None,
    "": None,
}


@pytest.mark.parametrize("text", DAYS)
def test_a_day_is_read_or_refused(text: str) -> None:
    assert parse_day(text) == DAYS[text]


@pytest.mark.parametrize("name", ["a@\x1b[31m", "a\udcff@example.org"], ids=["an escape code", "not UTF-8"])
def test_an_address_that_cannot_be_shown_is_one_clear_line(
    name: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    assert main(["staff", "add", name, "--role", "admin"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("aduan: ") and told.count("\n") == 1 and "internal" not in told
