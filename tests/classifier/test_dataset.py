"""Reading labelled rows: what is accepted, and faults that name file, line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from classifier.dataset import Dataset, DatasetError, parse, read

ACCEPTED = [
    ("text and label", "text,label\njalan rusak,jalan\n", ("jalan rusak",), ("jalan",)),
    ("category for label", "text,category\njalan rusak,jalan\n", ("jalan rusak",), ("jalan",)),
    ("label before category", "text,category,label\na,b,c\n", ("a",), ("c",)),
    ("other order and columns", "id,label,text\n1,jalan,jalan rusak\n", ("jalan rusak",), ("jalan",)),
    ("capitals and blanks in the header", " Text , LABEL\na,b\n", ("a",), ("b",)),
    ("blanks around", "text,label\n  a ,  b \n", ("a",), ("b",)),
    ("quoted comma and lines", 'text,label\n"a, b\nc",x\n', ("a, b\nc",), ("x",)),
    ("empty lines between", "text,label\n\na,b\n\nc,d\n", ("a", "c"), ("b", "d")),
    ("no last line end", "text,label\na,b", ("a",), ("b",)),
    ("carriage returns", "text,label\r\na,b\r\n", ("a",), ("b",)),
    ("a long letter", f"text,label\n{'a' * 200_000},b\n", ("a" * 200_000,), ("b",)),
]


@pytest.mark.parametrize(("content", "texts", "labels"), [pytest.param(*row[1:], id=row[0]) for row in ACCEPTED])
def test_accepted(content: str, texts: tuple[str, ...], labels: tuple[str, ...]) -> None:
    assert parse(content, "rows.csv") == Dataset(texts, labels)


REFUSED = [
    ("nothing", "", ["rows.csv:1: column text: no such column", "rows.csv:1: column label: no such column"]),
    (
        "no label column",
        "text,agency\na,b\n",
        ["rows.csv:1: column label: no such column in the header (nor category)"],
    ),
    ("no text column", "isi,label\na,b\n", ["rows.csv:1: column text: no such column"]),
    ("no rows", "text,label\n", ["rows.csv:1: column text: no rows"]),
    (
        "every fault at once",
        "text,label\n,b\na,\n",
        ["rows.csv:2: column text: empty", "rows.csv:3: column label: empty"],
    ),
    ("category is named", "text,category\na,\n", ["rows.csv:2: column category: empty"]),
    ("too many cells", "text,label\na,b,c\n", ["rows.csv:2: column 3: 3 cells, the header has 2"]),
    ("too few cells", "text,label\na\n", ["rows.csv:2: column label: 1 cells, the header has 2"]),
    ("the line after a quoted break", 'text,label\n"a\nb",x\n,y\n', ["rows.csv:4: column text: empty"]),
    ("an open quote", 'text,label\n"a,b\n', ["rows.csv:2: column 1: not CSV: a quote that is never closed"]),
    ("an open quote later", 'text,label\n"a ""b"" c",d\nc,"d\ne,f\n', ["rows.csv:3: column 3: not CSV: a quote"]),
    ("text after a quote", 'text,label\nc,"d" e\n', ["rows.csv:2: column 6: not CSV: text after a closing quote"]),
    ("a cell without end", f"text,label\n{'a' * 1_100_000},b\n", ["rows.csv:2: column 1: not CSV: field larger"]),
]


@pytest.mark.parametrize(("content", "faults"), [pytest.param(*row[1:], id=row[0]) for row in REFUSED])
def test_refused(content: str, faults: list[str]) -> None:
    with pytest.raises(DatasetError) as refused:
        parse(content, "rows.csv")
    assert len(refused.value.faults) == len(faults)
    for fault, start in zip(refused.value.faults, faults, strict=True):
        assert fault.startswith(start)


def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes("\ufefftext,label\na,b\n".encode())
    assert read(tmp_path / "rows.csv").texts == ("a",)


def test_bytes_that_are_not_utf8_name_their_place(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes("text,label\na,b\nsé".encode() + b"\xff,c\n")
    with pytest.raises(DatasetError, match=r"rows\.csv:3: column 3: not UTF-8"):
        read(tmp_path / "rows.csv")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"gone\.csv: No such file"):
        read(tmp_path / "gone.csv")


def test_a_flood_of_faults_is_counted_not_printed() -> None:
    with pytest.raises(DatasetError, match="and 80 more") as refused:
        parse("text,label\n" + ",b\n" * 100, "rows.csv")
    assert len(refused.value.faults) == 100
