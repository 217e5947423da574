"""The classifier's commands: explain, train, retrain, versions, compare, roll back, evaluate with a mapping."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dispatch.models import LabelSource
from dispatch.runtime import Runtime, from_environment
from tests.admin.test_cli import Aduan, aduan, folder, prepared  # noqa: F401  (fixtures)
from tests.support import tiny_region
from tests.support.school import CANARY, decide, dialect
from tests.support.tickets import add_staff


@pytest.fixture
def school(folder: Path) -> Runtime:  # noqa: F811
    """An installation with a canary set whose officers taught it what people call electricity."""
    (folder / "packs" / "contoh" / "canary.csv").write_text(CANARY, encoding="utf-8")
    runtime = from_environment()
    officers = [add_staff(runtime, f"petugas{number}@contoh.test", "admin").id for number in range(4)]
    for number, officer in enumerate(officers):
        decide(runtime, [dialect(seed) for seed in range(number, 80, 4)], "listrik", officer)
    return runtime


UNREADABLE = {"empty": "", "emoji": "🙂", "dash": "-", "digits": "12345", "noise": "xqzw " * 5000}


class TestAsking:
    def test_explains_words_route_and_why(self, aduan):  # noqa: F811
        done = aduan("classifier", "explain", "jln berlubang di Harapan, Melati Barat, hub 081100012345")
        assert done.status == 0
        assert "jln = jalan" in done.out and "phone" in done.out and "081100012345" not in done.out
        assert "jalan -> Dinas PU Kabupaten Melati (melati-dpupr), because: local" in done.out
        assert "berlubang +" in done.out and "PHONE" in done.out and "place: Harapan, Melati Barat" in done.out
        assert "short or misspelt: jln = jalan\n" in done.out and "Harapan =" not in done.out
        assert "sure: " in done.out and "model starter-1" in done.out

    @pytest.mark.parametrize(
        "text", ["", "🙂", "-", "12345", "xqzw " * 5000], ids=["empty", "emoji", "dash", "digits", "noise"]
    )
    def test_explains_what_nobody_can_read(self, text, aduan):  # noqa: F811
        done = aduan("classifier", "explain", "--", text)
        assert done.status == 0 and "not sure" in done.out

    def test_classify_tells_personal_data_by_kind_alone(self, aduan):  # noqa: F811
        body = json.loads(aduan("classify", "--json", "listrik padam, hubungi warga@contoh.id").out)
        assert body["personal"] == ["email"] and "contoh.id" not in json.dumps(body["personal"])
        assert (body["danger"], body["urgent"], body["supervision"], body["language"]) == (None, False, False, "id")


class TestLearning:
    def test_retrain_versions_compare_and_back(self, aduan, school):  # noqa: F811
        done = aduan("classifier", "retrain")
        assert done.status == 0 and "serves: " in done.out, done
        listed = aduan("classifier", "versions").out.splitlines()
        assert listed[0].startswith("local-1-") and "serving" in listed[0] and "held-out" in listed[0]
        assert listed[1].startswith("starter-1") and "replaced" in listed[1]
        learnt, starter = (line.split()[0] for line in listed)
        rows = [json.loads(line) for line in aduan("classifier", "versions", "--json").out.splitlines()]
        assert (rows[0]["version"], rows[0]["state"], rows[0]["kept"]) == (learnt, "serving", True)
        body = json.loads(aduan("classifier", "compare", "starter", "serving", "--json").out)
        assert body["on"] == "the canary set" and body["rows"] == 28
        assert [each["version"] for each in body["versions"]] == [starter, learnt]
        assert "no decided tickets" in aduan("classifier", "compare", starter, learnt, "--held-out").err
        done = aduan("classifier", "rollback")
        assert done.out == f"{starter} serves, {learnt} is out of service\n"
        assert json.loads(aduan("classify", "--json", "listrik padam").out)["model"] == starter
        assert "took out" in aduan("classifier", "retrain", "--now").out
        assert aduan("classifier", "rollback", learnt).status == 0
        assert json.loads(aduan("classify", "--json", "listrik padam").out)["model"] == learnt

    def test_compare_on_a_file(self, aduan, school, folder):  # noqa: F811
        (folder / "baru.csv").write_text("text,label\n" + "".join(f"{dialect(900 + n)},listrik\n" for n in range(30)))
        aduan("classifier", "retrain")
        out = aduan("classifier", "compare", "starter", "serving", str(folder / "baru.csv")).out
        assert "on baru.csv, 30 texts" in out and "in 100% of resamples" in out

    def test_too_little_is_said(self, aduan, folder):  # noqa: F811
        (folder / "packs" / "contoh" / "canary.csv").write_text(CANARY, encoding="utf-8")
        assert aduan("classifier", "retrain").out == "0 new lessons; training waits for 40\n"
        assert "60 texts" in aduan("classifier", "retrain", "--now").out

    def test_the_citizens_choices_are_no_lessons_alone(self, aduan, folder):  # noqa: F811
        (folder / "packs" / "contoh" / "canary.csv").write_text(CANARY, encoding="utf-8")
        texts = [dialect(seed) for seed in range(70)]
        decide(from_environment(), texts, "listrik", None, source=LabelSource.CHOSEN)
        assert "60 texts" in aduan("classifier", "retrain").out


FAULTS = {
    "no-canary": (["retrain"], "canary.csv"),
    "back-from-the-first": (["rollback"], "no earlier version"),
    "back-to-nothing": (["rollback", "local-9"], "no such version"),
    "back-elsewhere": (["rollback", "../../etc"], "no such version"),
    "compare-unknown": (["compare", "starter", "local-9"], "no such version"),
    "compare-two-ways": (["compare", "starter", "serving", "x.csv", "--held-out"], "not both"),
    "evaluate-nothing": (["evaluate"], "give the FILE"),
    "map-without-starter": (["evaluate", "a.csv", "--map", "b.csv"], "--starter"),
    "aspects-with-a-file": (["evaluate", "a.csv", "--aspects"], "give no file"),
}


@pytest.mark.parametrize(("arguments", "says"), FAULTS.values(), ids=FAULTS)
def test_faults_are_one_text(arguments: list[str], says: str, aduan: Aduan) -> None:  # noqa: F811
    done = aduan("classifier", *arguments)
    assert (done.status, done.out) == (1, "") and says in done.err


# Measuring


def rows(label: str, category: str, count: int = 10) -> str:
    sentence = tiny_region._SENTENCES[category]
    return "".join(f"{sentence} nomor {number},{label}\n" for number in range(count))


#: Labels of a file → what the protocol says of them, the rows that count, and the labels.
RECOGNISED = {
    "categories": (rows("jalan", "jalan") + rows("air", "air"), "labels are categories", 20, {"jalan", "air"}),
    "functions": (rows("dpupr", "jalan") + rows("pdam", "air"), "labels are functions", 20, {"dpupr", "pdam"}),
    "agencies": (
        rows("melati-dpupr", "jalan") + rows("prov-dpupr", "jalan") + rows("pdam-kenanga", "air"),
        "labels are agencies, taken for their functions",
        30,
        {"dpupr", "pdam"},
    ),
    "some-unknown": (
        rows("jalan", "jalan") + rows("air", "air") + rows("kereta", "usulan", 3),
        "2 of 3 stand for 2 of 7 categories",
        20,
        {"jalan", "air"},
    ),
}


@pytest.mark.parametrize(("content", "says", "count", "labels"), RECOGNISED.values(), ids=RECOGNISED)
def test_the_starter_on_a_files_own_labels(
    content: str,
    says: str,
    count: int,
    labels: set[str],
    aduan: Aduan,  # noqa: F811
    folder: Path,  # noqa: F811
) -> None:
    (folder / "data.csv").write_text(f"text,label\n{content}")
    body = json.loads(aduan("classifier", "evaluate", str(folder / "data.csv"), "--starter", "--json").out)
    assert says in body["protocol"] and body["rows"] == count and set(body["labels"]) == labels
    assert body["accuracy"] == 1.0
    assert body["left_out"]["rows"] == (3 if "kereta" in content else 0)


def test_the_starter_on_labels_a_map_explains(aduan: Aduan, folder: Path) -> None:  # noqa: F811
    content = rows("Dinas PU", "jalan") + rows("Dinas PU", "usulan") + rows("Perusahaan listrik dan air", "air")
    content += rows("Perusahaan listrik dan air", "listrik") + rows("Kereta", "pungli", 4)
    (folder / "data.csv").write_text(f"text,label\n{content}")
    table = "label,target\nDinas PU,melati-dpupr\nDinas PU,usulan\nPerusahaan listrik dan air,pln\n"
    (folder / "map.csv").write_text(f"{table}Perusahaan listrik dan air,air\nTidak ada,bencana\n")
    arguments = ("classifier", "evaluate", str(folder / "data.csv"), "--starter", "--map", str(folder / "map.csv"))
    body = json.loads(aduan(*arguments, "--json").out)
    assert (body["rows"], body["accuracy"], body["classes"]) == (40, 1.0, 2)
    assert body["left_out"] == {"rows": 4, "labels": {"Kereta": 4}}
    assert "mapped by map.csv: 2 of 3 stand for 4 of 7 categories" in body["protocol"]
    assert "left out   4 texts" in aduan(*arguments).out


#: A broken file → where it is at fault.
BROKEN = {
    "cell": ("text,label\njalan rusak,\n", "data.csv:2: column label: empty"),
    "width": ("text,label\na,b\nc,d,e\n", "data.csv:3: column 3: 3 cells"),
    "quote": ('text,label\na,b\nc,"d\n', "data.csv:3: column 3: not CSV"),
    "bytes": (b"text,label\nabc\xff,x\n", "data.csv:2: column 4: not UTF-8"),
    "header": ("teks,label\na,b\n", "data.csv:1: column text: no such column"),
    "labels": ("text,label\na,x\nb,y\n", "none of the file's labels"),
}


@pytest.mark.parametrize(("content", "says"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_named_with_line_and_column(
    content: str | bytes,
    says: str,
    aduan: Aduan,  # noqa: F811
    folder: Path,  # noqa: F811
) -> None:
    (folder / "data.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    done = aduan("classifier", "evaluate", str(folder / "data.csv"), "--starter")
    assert (done.status, done.out) == (1, "") and says in done.err


def test_a_map_that_leads_nowhere_is_named_with_line_and_column(aduan: Aduan, folder: Path) -> None:  # noqa: F811
    (folder / "data.csv").write_text("text,label\na,x\nb,y\n")
    (folder / "map.csv").write_text("label,target\nx,jalan\ny,nowhere\nz,\n")
    done = aduan("classifier", "evaluate", str(folder / "data.csv"), "--starter", "--map", str(folder / "map.csv"))
    assert done.status == 1 and "map.csv:4: column target: empty" in done.err
    (folder / "map.csv").write_text("label,target\nx,jalan\ny,nowhere\n")
    done = aduan("classifier", "evaluate", str(folder / "data.csv"), "--starter", "--map", str(folder / "map.csv"))
    assert done.status == 1 and "map.csv:3: column target: nowhere: no category" in done.err
