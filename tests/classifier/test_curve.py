"""The learning curve: what it is drawn from, its points on an invented set, the command and its picture."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from admin import chart
from classifier import curve
from classifier.curve import EVERY, Point, learning_curve, translated
from classifier.dataset import Dataset
from tests.admin.test_cli import Aduan, aduan, folder, prepared  # noqa: F401  (fixtures)

TAUGHT = Dataset(
    ("jalan berlubang", "aspal rusak", "lampu jalan mati", "sampah menumpuk", "bak sampah penuh", "air pdam mati"),
    ("jalan", "jalan", "lampu", "sampah", "sampah", "air"),
)
WEAK = Dataset(("trotoar bahu jalan", "tiang lampu"), ("jalan", "lampu"))
LOCAL = Dataset(("jalan rusak", "sampah bau", "kereta terlambat"), ("PU", "LH", "KAI"))


def rows(data: Dataset) -> set[tuple[str, str]]:
    return set(zip(data.texts, data.labels, strict=True))


# What it is drawn from


def test_the_packs_texts_come_under_the_files_labels() -> None:
    found = translated(TAUGHT, WEAK, LOCAL, {"PU": frozenset({"jalan", "lampu"}), "LH": frozenset({"sampah"})})
    assert rows(found.taught) == {
        ("jalan berlubang", "PU"),
        ("aspal rusak", "PU"),
        ("lampu jalan mati", "PU"),
        ("sampah menumpuk", "LH"),
        ("bak sampah penuh", "LH"),
    }
    assert rows(found.weak) == {("trotoar bahu jalan", "PU"), ("tiang lampu", "PU")}
    assert rows(found.local) == {("jalan rusak", "PU"), ("sampah bau", "LH")}
    assert found.left_out == {"KAI": 1}
    assert found.unclaimed == ("air",)


CLAIMS = {
    "the first label": (["PU", "LH"], "PU"),
    "the first in the other order": (["LH", "PU"], "LH"),
    "a label the file does not have claims nothing": (["PLN", "LH", "PU"], "LH"),
}


@pytest.mark.parametrize(("order", "owner"), CLAIMS.values(), ids=CLAIMS)
def test_a_category_several_claim_goes_to(order: list[str], owner: str) -> None:
    own = {"PU": "jalan", "LH": "sampah", "PLN": "air"}
    found = translated(TAUGHT, WEAK, LOCAL, {label: frozenset({own[label], "lampu"}) for label in order})
    assert ("lampu jalan mati", owner) in rows(found.taught)


def test_a_label_whose_only_category_another_claimed_stays() -> None:
    """Its rows are still to be told apart: it is taught by the local texts alone."""
    targets = {"PU": frozenset({"jalan", "lampu"}), "LH": frozenset({"lampu"})}
    found = translated(TAUGHT, WEAK, LOCAL, targets)
    assert set(found.local.labels) == {"PU", "LH"} and set(found.taught.labels) == {"PU"}


FEW = {
    "no label is known": {},
    "one label": {"PU": frozenset({"jalan"})},
    "a label for what the pack does not teach": {"PU": frozenset({"jalan"}), "LH": frozenset({"kereta"})},
}


@pytest.mark.parametrize("targets", FEW.values(), ids=FEW)
def test_fewer_than_two_labels_are_refused(targets: dict[str, frozenset[str]]) -> None:
    with pytest.raises(ValueError, match="two are needed"):
        translated(TAUGHT, WEAK, LOCAL, targets)


# Its points

PLACES = ("pasar", "gang", "sekolah", "kantor", "kampung", "dermaga", "lapangan", "simpang", "masjid", "taman")
#: What the pack says and what people of the place say, for the same two matters.
WORDS = {"PU": ("jalan berlubang", "aspal rusak"), "LH": ("sampah menumpuk", "bak sampah penuh")}
DIALECT = {"PU": ("jalan belobang", "aspal becah"), "LH": ("ronto betumpuk", "sarap kada diangkut")}


def reports(words: dict[str, tuple[str, ...]], count: int) -> Dataset:
    """Invented reports of two matters in turn, no two alike."""
    texts, labels = [], []
    for number in range(count):
        label = ("PU", "LH")[number % 2]
        texts.append(
            f"{words[label][number // 2 % 2]} di {PLACES[number % 10]} {PLACES[number // 10 % 10]} sudah {number} hari"
        )
        labels.append(label)
    return Dataset(tuple(texts), tuple(labels))


@pytest.fixture(scope="module")
def points() -> list[Point]:
    return list(learning_curve(reports(WORDS, 40), Dataset((), ()), reports(DIALECT, 90), (0, 1, 20, EVERY)))


def test_each_size_has_one_point_and_every_is_two_thirds(points: list[Point]) -> None:
    assert [point.rows for point in points] == [0, 1, 20, 60]


def test_every_text_is_tested_once_in_each_point(points: list[Point]) -> None:
    assert {point.together.rows for point in points} == {90}
    assert {point.alone.rows for point in points if point.alone} == {90}


def test_rows_of_one_label_teach_nothing_alone(points: list[Point]) -> None:
    assert [point.alone is None for point in points] == [True, True, False, False]


def test_the_place_teaches_its_own_words(points: list[Point]) -> None:
    assert points[0].together.macro_f1 < points[-1].together.macro_f1
    assert points[-1].together.macro_f1 > 0.95


def test_sizes_beyond_what_there_is_are_one_point() -> None:
    found = list(learning_curve(reports(WORDS, 12), Dataset((), ()), reports(DIALECT, 18), (12, 1_000, EVERY)))
    assert [point.rows for point in found] == [12]


def test_a_smaller_size_is_part_of_a_larger_one_and_no_tested_text_is_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[set[int], set[int]]] = []
    tested = curve._tested

    def noted(taught, weak, local, train, test, names, helped):  # type: ignore[no-untyped-def]
        if helped:
            seen.append((set(train.tolist()), set(test.tolist())))
        return tested(taught, weak, local, train, test, names, helped)

    monkeypatch.setattr(curve, "_tested", noted)
    local = reports(DIALECT, 45)
    copies = Dataset((*local.texts, *(f"{text}!" for text in local.texts)), local.labels * 2)
    list(learning_curve(reports(WORDS, 12), Dataset((), ()), copies, (10, EVERY)))
    smaller, larger = seen[: curve.FOLDS], seen[curve.FOLDS :]
    assert all(few <= many and test == same for (few, test), (many, same) in zip(smaller, larger, strict=True))
    assert not any({row % 45 for row in train} & {row % 45 for row in test} for train, test in larger)
    assert np.unique([row for _, test in larger for row in test]).size == len(copies.texts)


def test_fewer_texts_than_folds_are_refused() -> None:
    with pytest.raises(ValueError, match="folds"):
        list(learning_curve(TAUGHT, WEAK, Dataset(("jalan", "sampah"), ("jalan", "sampah"))))


# The command

MAP = "label,target\nPU,jalan\nPU,bencana\nPLN,listrik\nPLN,bencana\n"


def write(here: Path) -> Path:
    lines = [
        (f"{words} di {PLACES[number % 10]} {PLACES[number // 10]} hari ke {number}", label)
        for number in range(24)
        for words, label in (("jalan berlubang", "PU"), ("listrik padam", "PLN"))
    ]
    body = "".join(f"{text},{label}\n" for text, label in [*lines, ("kereta terlambat", "KAI")])
    (here / "data.csv").write_text(f"text,label\n{body}", encoding="utf-8")
    (here / "map.csv").write_text(MAP, encoding="utf-8")
    return here


def test_the_command_prints_protocol_and_table_and_draws(aduan: Aduan, folder: Path) -> None:  # noqa: F811
    here = write(folder)
    picture = here / "curve.svg"
    done = aduan("classifier", "curve", str(here / "data.csv"), "--map", str(here / "map.csv"), "--svg", str(picture))
    assert done.status == 0, done
    lines = done.out.splitlines()
    assert lines[0].startswith("48 labelled texts, 2 labels, tested on a third at a time (3 folds")
    assert "left out   1 texts whose label stands for nothing here: KAI (1)" in lines
    assert "left out   4 categories no label stands for: air, informasi, pungli, usulan" in lines
    first, last = (int(line.split()[0]) for line in lines[-2:])
    assert first == 0 and 0 < last <= 32  # two thirds, as near-copies allow
    assert lines[-2].split()[4:] == ["-", "-", "-"] and len(lines[-1].split()) == 7
    root = ElementTree.fromstring(picture.read_text(encoding="utf-8"))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "kereta" not in picture.read_text(encoding="utf-8")


def test_the_command_gives_one_json_object(aduan: Aduan, folder: Path) -> None:  # noqa: F811
    here = write(folder)
    body = json.loads(
        aduan("classifier", "curve", str(here / "data.csv"), "--map", str(here / "map.csv"), "--json").out
    )
    assert body["left_out"] == {
        "rows": 1,
        "labels": {"KAI": 1},
        "categories": ["air", "informasi", "pungli", "usulan"],
    }
    assert len(body["points"]) == 2 and body["points"][0]["rows"] == 0
    assert body["points"][0]["alone"] is None
    assert set(body["points"][1]["alone"]) == set(body["points"][1]["together"]) >= {"accuracy", "macro_f1", "top3"}


def test_without_a_map_labels_are_codes_of_categories(aduan: Aduan, folder: Path) -> None:  # noqa: F811
    here = write(folder)
    content = (here / "data.csv").read_text().replace(",PU\n", ",jalan\n").replace(",PLN\n", ",listrik\n")
    (here / "data.csv").write_text(content)
    body = json.loads(aduan("classifier", "curve", str(here / "data.csv"), "--json").out)
    assert body["left_out"]["labels"] == {"KAI": 1}
    assert "bencana" in body["left_out"]["categories"]


FAULTS = {
    "no-file": (["nirgends.csv"], "nirgends.csv"),
    "labels-mean-nothing": (["data.csv"], "two are needed"),
    "unknown-target": (["data.csv", "--map", "wrong.csv"], "wrong.csv:2: column target: kereta"),
    "no-folder-to-draw-into": (["data.csv", "--map", "map.csv", "--svg", "nirgends/curve.svg"], "no such folder"),
}


@pytest.mark.parametrize(("arguments", "says"), FAULTS.values(), ids=FAULTS)
def test_faults_are_one_text(
    arguments: list[str],
    says: str,
    aduan: Aduan,  # noqa: F811
    folder: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(write(folder))
    (folder / "wrong.csv").write_text("label,target\nPU,kereta\n")
    done = aduan("classifier", "curve", *arguments)
    assert (done.status, done.out) == (1, "") and says in done.err


# The picture

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*lines: chart.Line) -> ElementTree.Element:
    return ElementTree.fromstring(chart.drawn("A < B", "what & how", "rows", lines))


def test_a_chart_says_what_it_shows() -> None:
    root = drawn(chart.Line("together", [(0, 0.5), (100, 0.75)]), chart.Line("alone", [(100, 0.25)], dashed=True))
    assert [root.findtext(f"{SVG}{name}") for name in ("title", "desc")] == ["A < B", "what & how"]
    assert root.get("role") == "img" and root.get("aria-labelledby") == "title desc"
    written = [each.text for each in root.iter(f"{SVG}text")]
    assert {"together 0.75", "alone 0.25", "0", "100", "rows"} <= set(written)


def test_lines_are_told_apart_without_colour() -> None:
    lines = [chart.Line(name, [(0, 0.5), (9, 0.5)], grey, dashed) for name, grey, dashed in STYLES]
    paths = [each for each in drawn(*lines).iter(f"{SVG}path") if each.get("fill") == "none"]
    assert len({(each.get("stroke"), each.get("stroke-dasharray")) for each in paths}) == 4
    assert {each.get("stroke") for each in paths} == {"#000", "#777"}


STYLES = [("a", False, False), ("b", False, True), ("c", True, False), ("d", True, True)]


def test_names_of_lines_that_end_together_do_not_cover_each_other() -> None:
    root = drawn(*(chart.Line(name, [(0, 0.9), (9, 0.5)], grey, dashed) for name, grey, dashed in STYLES))
    heights = [float(each.get("y", "")) for each in root.iter(f"{SVG}text") if (each.text or "").endswith("0.50")]
    assert len(heights) == 4
    assert all(below - above >= 16 for above, below in pairwise(heights))


def test_more_rows_are_further_right_and_better_is_higher() -> None:
    root = drawn(chart.Line("together", [(0, 0.2), (50, 0.4), (1_000, 0.9)]))
    dots = [(float(each.get("cx", "")), float(each.get("cy", ""))) for each in root.iter(f"{SVG}circle")]
    assert dots == sorted(dots) and [y for _, y in dots] == sorted((y for _, y in dots), reverse=True)
    assert dots[0][0] == 60 and dots[2][0] == chart.WIDTH - 200


def test_numbers_of_a_crowded_scale_do_not_cover_each_other() -> None:
    root = drawn(chart.Line("together", [(x, 0.5) for x in (0, 1_000, 1_200, 1_400)]))
    numbers = {each.text: float(each.get("y", "")) for each in root.iter(f"{SVG}text")}
    assert numbers["1,000"] == numbers["1,400"] == numbers["0"] == numbers["1,200"] - 14


def test_a_chart_of_no_rows_alone_has_one_place() -> None:
    assert len(list(drawn(chart.Line("together", [(0, 0.5)])).iter(f"{SVG}circle"))) == 1


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(ValueError, match="no point"):
        chart.drawn("a", "b", "c", [chart.Line("together", [])])
