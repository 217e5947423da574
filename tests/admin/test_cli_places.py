"""The command that measures how well places are recognised."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from admin.cli_places import places
from dispatch.places.measuring import COLUMNS

ROWS = f"""\
{",".join(COLUMNS)}
lampu mati di selumit,65.71.02.1004,village,plain,a
lampu mati di tarakan,65.71.02.1004,village,plain,a
selamat pagi,65.71,regency,plain,b
banjir di malinau,,none,no-place,b
"""


@pytest.fixture
def messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ADUAN_ENV_FILE", str(tmp_path / ".env"))
    monkeypatch.setenv("ADUAN_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("ADUAN_REGION", "kaltara")
    monkeypatch.delenv("ADUAN_REGION_DIR", raising=False)
    path = tmp_path / "messages.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = places.main(list(arguments), prog_name="places", standalone_mode=False)
    done = capsys.readouterr()
    return status, done.out, done.err


def test_it_counts_by_level_and_names_each_row_that_is_not_right(
    messages: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(capsys, str(messages))
    lines = out.splitlines()
    assert status == 0
    assert [line.split() for line in lines[1:5]] == [
        ["village", "2", "1", "1", "0", "0"],
        ["regency", "1", "0", "0", "1", "0"],
        ["none", "1", "0", "0", "0", "1"],
        ["all", "4", "1", "1", "1", "1"],
    ]
    assert "kecamatan found where one is named: 1 of 2 (50.0%)" in out
    assert "a wrong place instead of unknown: 1 of 4 (25.0%)" in out
    assert lines[-3:] == [
        "messages.csv:3: around: 65.71, not 65.71.02.1004: lampu mati di tarakan",
        "messages.csv:4: unknown: -, not 65.71: selamat pagi",
        "messages.csv:5: wrong: 65.02, not unknown: banjir di malinau",
    ]


def test_one_half_is_measured_alone(messages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, str(messages), "--half", "b")
    assert "of 2 (50.0%)" in out and "selumit" not in out and "messages.csv:3" not in out


def test_a_program_reads_one_object(messages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, str(messages), "--json")
    told = json.loads(out)
    assert status == 0 and set(told) == {"village", "regency", "none", "all"}
    assert (told["all"]["count"], told["all"]["district_share"], told["none"]["wrong"]) == (4, 0.5, 1)


def test_a_file_of_another_shape_is_one_clear_error(messages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    messages.write_text("text,place\nhalo,65\n", encoding="utf-8")
    assert run(capsys, str(messages)) == (1, "", "messages.csv:1: the columns must be text,area,level,note,half\n")
