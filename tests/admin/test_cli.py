"""The ``aduan`` command: results on standard output, messages on standard error, a status, and never a traceback."""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from admin.cli import COMMANDS, main
from admin.up import _environment
from dispatch.config import Settings
from dispatch.logs import QUIET
from dispatch.models import Staff
from dispatch.reports import EXPORT_COLUMNS
from dispatch.runtime import from_environment
from tests.support import rows, tiny_region

ROOT = Path(__file__).parents[2]
PASSWORD = "kata sandi yang panjang"


@dataclass
class Done:
    """How a command ended, what it gave and what it said."""

    status: int
    out: str
    err: str


Aduan = Callable[..., Done]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small region pack, its trained classifier and an empty, migrated database."""
    folder = tmp_path_factory.mktemp("cli")
    pack = tiny_region.write(folder / "packs")
    sentences = (ROOT / "dispatch" / "regions" / "kaltara" / "phrases.yaml").read_text(encoding="utf-8")
    for name in ("Kalimantan Utara", "North Kalimantan"):  # the commands want every sentence, the check its own names
        sentences = sentences.replace(name, "Contoh")
    (pack / "phrases.yaml").write_text(sentences, encoding="utf-8")
    given = {"ADUAN_VAR": str(folder / "var"), "ADUAN_REGION": "contoh", "ADUAN_REGION_DIR": str(folder / "packs")}
    runtime = from_environment({**given, "ADUAN_ENV_FILE": "/nowhere"})
    from dispatch import db
    from dispatch.training import ensure_model

    db.upgrade(runtime.engine)
    ensure_model(runtime)
    runtime.close()
    return folder


@pytest.fixture
def folder(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it that the commands of one test find in their environment, and nothing else of ours."""
    shutil.copytree(prepared, tmp_path / "here")
    here = tmp_path / "here"
    for name in [
        name for name in os.environ if name.startswith(("ADUAN_", "TELEGRAM_", "TWILIO_", "MAIL_", "SMTP_", "IMAP_"))
    ]:
        monkeypatch.delenv(name)
    for name in ("DATABASE_URL", "SECRET_KEY", "PUBLIC_URL", "PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ADUAN_ENV_FILE", str(here / ".env"))
    monkeypatch.setenv("ADUAN_VAR", str(here / "var"))
    monkeypatch.setenv("ADUAN_REGION", "contoh")
    monkeypatch.setenv("ADUAN_REGION_DIR", str(here / "packs"))
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    return here


@pytest.fixture
def aduan(folder: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Iterator[Aduan]:
    root = logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, sys.excepthook
    levels = {name: logging.getLogger(name).level for name in QUIET}

    def run(*arguments: str, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        status = main(list(arguments))
        sys.stdout.flush()
        captured = capsysbinary.readouterr()
        done = Done(status, captured.out.decode("utf-8", "replace"), captured.err.decode())
        assert "Traceback" not in done.out + done.err
        assert "internal fault" not in done.err
        return done

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook = hook
    for name, each in levels.items():
        logging.getLogger(name).setLevel(each)


#: Arguments → status, and a word that standard error must have. Standard output stays empty.
FAULTS = {
    "no-such-command": (["nonsense"], 2, "No such command"),
    "no-such-option": (["classify", "--loud", "x"], 2, "No such option"),
    "missing-argument": (["classify"], 2, "Missing argument"),
    "role-unknown": (["staff", "add", "a@example.org", "--role", "boss"], 2, "--role"),
    "role-missing": (["staff", "add", "a@example.org"], 2, "--role"),
    "not-an-email": (["staff", "add", "petugas", "--role", "admin"], 1, "not an email"),
    "officer-without-agency": (["staff", "add", "a@example.org", "--role", "officer"], 1, "--opd"),
    "agency-unknown": (["staff", "add", "a@example.org", "--role", "officer", "--opd", "x"], 1, "unknown agency x"),
    "password-file-missing": (
        ["staff", "add", "a@example.org", "--role", "admin", "--password-file", "/nowhere"],
        1,
        "password file cannot be read",
    ),
    "password-empty": (
        ["staff", "add", "a@example.org", "--role", "admin", "--password-file", "-"],
        1,
        "12 characters",
    ),
    "disable-nobody": (["staff", "disable", "nobody@example.org"], 1, "no account"),
    "reset-nobody": (["staff", "reset", "nobody@example.org"], 1, "no account"),
    "export-format": (["export", "tickets", "--format", "xml"], 2, "--format"),
    "export-agency": (["export", "tickets", "--opd", "nobody"], 1, "unknown agency"),
    "export-period": (["export", "tickets", "--from", "2026-02-01", "--to", "2026-01-01"], 1, "--from lies after --to"),
    "export-no-date": (["export", "tickets", "--from", "yesterday"], 2, "--from"),
    "export-end-of-time": (["export", "tickets", "--to", "9999-12-31"], 2, "--to"),
    "report-beginning-of-time": (["report", "--from", "0001-01-01"], 2, "--from"),
    "evaluate-missing-file": (["classifier", "evaluate", "/nowhere.csv"], 1, "nowhere.csv"),
    "evaluate-two-ways": (["classifier", "evaluate", "a.csv", "--starter", "--train", "b.csv"], 1, "exclude"),
    "evaluate-one-fold": (["classifier", "evaluate", "a.csv", "--folds", "1"], 2, "--folds"),
    "demo-without-number": (["demo"], 2, "--tickets"),
    "demo-none": (["demo", "--tickets", "0"], 2, "--tickets"),
    "restore-missing-folder": (["restore", "/nowhere"], 2, "/nowhere"),
    "up-without-procfile": (["up", "--procfile", "/nowhere/Procfile"], 1, "/nowhere/Procfile is not here"),
}


@pytest.mark.parametrize(("arguments", "status", "word"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_one_clear_text_on_standard_error(aduan, arguments, status, word):
    done = aduan(*arguments)
    assert (done.status, done.out) == (status, "")
    assert word in done.err


@pytest.mark.parametrize("arguments", [[name, "--help"] for name in COMMANDS], ids=COMMANDS)
def test_every_command_explains_itself(aduan, arguments):
    done = aduan(*arguments)
    assert done.status == 0 and done.out.startswith("Usage: aduan ") and done.err == ""


def test_the_help_names_every_command(aduan):
    done = aduan("--help")
    assert done.status == 0
    assert set(COMMANDS) <= set(done.out.split())


class TestConfiguration:
    def test_all_faults_and_status_two(self, aduan, monkeypatch):
        monkeypatch.setenv("PORT", "none")
        monkeypatch.setenv("DATABASE_URL", "oracle://")
        monkeypatch.setenv("TELEGRAM_WEBHOOK_SECRET", "half-of-a-channel-0123456789")
        done = aduan("db", "check")
        assert (done.status, done.out) == (2, "")
        for word in ("PORT", "DATABASE_URL", "channel telegram"):
            assert word in done.err

    @pytest.mark.parametrize("arguments", [["release"], ["channels", "check"]], ids=["release", "channels-check"])
    def test_a_channel_set_by_half_does_not_start(self, aduan, monkeypatch, arguments):
        monkeypatch.setenv("TELEGRAM_WEBHOOK_SECRET", "half-of-a-channel-0123456789")
        done = aduan(*arguments)
        assert (done.status, done.out) == (2, "")
        assert "TELEGRAM_BOT_TOKEN must be set too" in done.err

    def test_the_example_copied_unchanged_starts(self, aduan, folder):
        shutil.copy(ROOT / ".env.example", folder / ".env")
        assert aduan("db", "check").status == 0

    def test_a_missing_region_pack_is_told(self, aduan, monkeypatch):
        monkeypatch.setenv("ADUAN_REGION", "tiada")
        done = aduan("region", "show")
        assert (done.status, done.out) == (1, "")
        assert "tiada" in done.err


class TestDatabase:
    def test_check_upgrade_check(self, aduan, folder):
        (folder / "var" / "aduan.db").unlink()
        before = aduan("db", "check")
        assert before.status == 1 and "run aduan db upgrade" in before.out
        assert aduan("db", "upgrade").status == 0
        after = aduan("db", "check")
        assert (after.status, after.out) == (0, "the database is up to date\n")

    @pytest.mark.parametrize(
        "arguments", [["staff", "list"], ["export", "tickets"], ["report"]], ids=["staff", "export", "report"]
    )
    def test_without_a_schema_the_doctor_is_named(self, aduan, folder, arguments):
        (folder / "var" / "aduan.db").unlink()
        done = aduan(*arguments)
        assert done.status == 1 and "see aduan doctor" in done.err

    def test_a_server_that_is_away_is_one_line_without_its_password(self, aduan, monkeypatch):
        monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://aduan:hidden-word@127.0.0.1:1/aduan")
        done = aduan("staff", "list")
        assert (done.status, done.out) == (1, "")
        assert "the database cannot be used" in done.err and "hidden-word" not in done.err


class TestRegion:
    def test_a_pack_in_order(self, aduan):
        done = aduan("region", "check")
        assert done.status == 0 and "contoh is in order" in done.out

    def test_a_pack_is_named_by_its_folder_too(self, aduan, folder):
        assert aduan("region", "check", f"{folder / 'packs' / 'contoh'}/").status == 0

    def test_what_nobody_reads_to_the_end_is_counted(self, aduan, folder):
        places = folder / "packs" / "contoh" / "places.csv"
        places.write_text(places.read_text() + "x,y,z\n" * 600)
        done = aduan("region", "check")
        assert done.out.count("\n") == 501 and done.out.rstrip().endswith(" more") and "fault(s)" in done.err

    def test_a_name_of_another_region_is_a_fault(self, aduan, folder):
        sentences = folder / "packs" / "contoh" / "phrases.yaml"
        sentences.write_text(sentences.read_text().replace("Aduan Contoh", "Aduan Jawa Barat"))
        done = aduan("region", "check")
        assert done.status == 1
        assert "'Jawa Barat' is a name of another region" in done.out

    def test_editions_are_listed_and_shown(self, aduan):
        from dispatch.services import editions

        runtime = from_environment()
        editions.record(runtime)
        edition = runtime.region.edition
        runtime.close()
        assert f"contoh {edition}" in aduan("region", "editions").out
        assert "(in force)" in aduan("region", "editions").out
        [row] = json.loads(aduan("region", "editions", "--json").out)
        assert (row["edition"], row["tickets"]) == (edition, 0)
        assert f"(contoh {edition})" in aduan("region", "show", "--edition", edition).out
        assert json.loads(aduan("region", "show", "--json").out)["edition"] == edition

    def test_an_edition_nobody_knows_is_told(self, aduan):
        done = aduan("region", "show", "--edition", "9+00000000")
        assert done.status == 1
        assert "no edition '9+00000000'" in done.err

    def test_the_form_of_the_files_is_written(self, aduan, tmp_path):
        assert aduan("region", "schema", "--write", str(tmp_path / "forms")).status == 0
        assert "desk.schema.json" in {path.name for path in (tmp_path / "forms").iterdir()}
        assert json.loads(aduan("region", "schema").out)["agencies.schema.json"]["type"] == "object"

    def test_another_pack_is_rehearsed(self, aduan, folder, tmp_path):
        shutil.copytree(folder / "packs" / "contoh", tmp_path / "next" / "contoh")
        done = aduan("region", "rehearse", str(tmp_path / "next" / "contoh"))
        assert (done.status, done.err) == (0, "")
        assert "0 go elsewhere, 0 become late" in done.out
        agencies = tmp_path / "next" / "contoh" / "agencies.csv"
        agencies.write_text(agencies.read_text().replace("99,office", "99,night"))
        done = aduan("region", "rehearse", str(tmp_path / "next" / "contoh"))
        assert done.status == 1
        assert "unknown calendar 'night'" in done.out
        assert "nothing was rehearsed" in done.err

    def test_a_broken_pack_lists_every_fault_and_ends_with_one(self, aduan, folder):
        agencies = folder / "packs" / "contoh" / "agencies.csv"
        agencies.write_text(agencies.read_text().replace("prov-bpbd,bpbd", "prov-dpupr,bpbd"))
        places = folder / "packs" / "contoh" / "places.csv"
        places.write_text(places.read_text().replace("110.500\n", "far east\n"))
        done = aduan("region", "check")
        assert done.status == 1
        assert any("agencies.csv:" in line for line in done.out.splitlines())
        assert any("places.csv:" in line for line in done.out.splitlines())
        assert f"{len(done.out.splitlines())} fault(s)" in done.err

    @pytest.mark.parametrize(
        ("where", "says"),
        [
            ("Dinas setempat, " * 20 + "lantai dua", "where (id) does not fit an answer by SMS"),
            ("Telepon 1500200", "where (id) does not fit an answer by SMS"),
            ("Dinas setempat ✉ " * 9 + "lantai dua", "the short answer (id) takes 5 SMS"),
        ],
        ids=["too-long", "digits-filters-drop", "signs-that-cost"],
    )
    def test_an_answer_that_does_not_fit_an_sms_is_a_fault(self, aduan, folder, where, says):
        services = folder / "packs" / "contoh" / "services" / "umum.yaml"
        services.write_text(services.read_text().replace("id: Dinas setempat", f'id: "{where}"'))
        done = aduan("region", "check")
        assert (done.status, done.out) == (1, f"services/umum.yaml:3: service kartu: {says}\n")

    @pytest.mark.parametrize("text", ["kartu hilang, bagaimana?", "kartu saya jatuh di parit"])
    def test_service_says_what_is_answered_and_why(self, aduan, text):
        answers = "?" in text
        body = json.loads(aduan("region", "service", text, "--json").out)
        assert (body["service"], body["answers"], bool(body["reason"])) == ("kartu", answers, not answers)
        assert ("short" in body) == answers
        plain = aduan("region", "service", text).out
        assert "nearest kartu (services/umum.yaml:3)" in plain
        assert ("no answer: nothing is asked" in plain) != answers

    def test_release_refuses_a_pack_with_any_fault(self, aduan, folder):
        examples = folder / "packs" / "contoh" / "examples" / "jalan.txt"
        examples.write_text(examples.read_text() + "\n")
        done = aduan("release")
        assert done.status != 0 and "examples/jalan.txt:26: the line is blank" in done.err

    @pytest.mark.parametrize("name", ["tiada", "/etc/hosts"], ids=["unknown", "a-path"])
    def test_a_pack_that_is_not_there(self, aduan, name):
        done = aduan("region", "check", name)
        assert done.status == 1 and done.out

    def test_show(self, aduan):
        done = aduan("region", "show")
        assert done.status == 0 and "prov-dpupr" in done.out and "(not ours)" in done.out
        body = json.loads(aduan("region", "show", "--json").out)
        assert body["code"] == "contoh"
        assert {"code", "name", "level", "area", "joined"} == set(body["agencies"][0])
        assert (body["counts"]["examples"], body["counts"]["services"]) == (175, 2)
        assert "175 examples" in done.out and "25 examples" in done.out

    def test_the_pack_we_ship_is_in_order(self, aduan, monkeypatch):
        monkeypatch.delenv("ADUAN_REGION")
        monkeypatch.delenv("ADUAN_REGION_DIR")
        assert aduan("region", "check").status == 0


class TestClassify:
    KEYS = frozenset(
        ["suggestions", "sure", "kind", "supervision", "danger", "urgent", "personal", "language", "area", "model"]
    )

    def test_says_agency_words_and_model(self, aduan):
        done = aduan("classify", "listrik padam di gang 3 Kenanga")
        assert done.status == 0
        assert "(pln)" in done.out and "listrik" in done.out and "model starter-1" in done.out

    def test_json(self, aduan):
        body = json.loads(aduan("classify", "--json", "jalan berlubang di Harapan, Melati Barat").out)
        assert set(body) == self.KEYS
        best = body["suggestions"][0]
        assert set(best) == {"agency", "name", "category", "confidence", "words"}
        assert (best["agency"], best["category"]) == ("melati-dpupr", "jalan")
        assert 0 <= best["confidence"] <= 1
        confidences = [item["confidence"] for item in body["suggestions"]]
        assert confidences == sorted(confidences, reverse=True)

    def test_one_line_in_one_object_out(self, aduan):
        texts = ["listrik padam", "", "  ", "🙂🙂", "a\tb", "banjir besar " * 500]
        done = aduan("classify", "-", stdin="\n".join(texts).encode() + b"\n")
        assert done.status == 0
        bodies = [json.loads(line) for line in done.out.splitlines()]
        assert len(bodies) == len(texts)
        assert all(set(body) == self.KEYS for body in bodies)
        assert bodies[0]["suggestions"][0]["category"] == "listrik"

    def test_nothing_in_nothing_out(self, aduan):
        assert aduan("classify", "-") == Done(0, "", "")

    def test_a_line_that_is_no_utf8_does_not_spoil_its_neighbours(self, aduan):
        done = aduan("classify", "-", stdin=b"listrik padam\nlistrik \xff\xfe padam\nbanjir besar\n")
        assert done.status == 0
        found = [json.loads(line)["suggestions"][0]["category"] for line in done.out.splitlines()]
        assert (len(found), found[0], found[2]) == (3, "listrik", "bencana")

    def test_a_damaged_model_is_replaced_and_not_trusted(self, aduan, folder):
        shutil.rmtree(folder / "var" / "models" / "versions")
        assert aduan("classify", "listrik padam").status == 0


BAD = {"empty": "", "no-columns": "a,b\n1,2\n", "one-class": "text,label\na,x\nb,x\n"}


class TestClassifier:
    def test_train_says_the_version(self, aduan):
        first = aduan("classifier", "train")
        assert first.status == 0 and first.out.startswith("starter-1")
        assert aduan("classifier", "train", "--force").out == first.out

    @pytest.fixture
    def data(self, folder: Path) -> str:
        path = folder / "data.csv"
        rows = [
            f"{line},{Path(name).stem}\n" for name, text in tiny_region.EXAMPLES.items() for line in text.splitlines()
        ]
        path.write_text("text,label\n" + "".join(rows))
        return str(path)

    def test_evaluate_starter(self, aduan, data):
        body = json.loads(aduan("classifier", "evaluate", data, "--starter", "--json").out)
        assert body["rows"] == 175 and body["classes"] == 7
        assert "macro_f1" in aduan("classifier", "evaluate", data, "--starter").out

    @pytest.mark.parametrize("content", BAD.values(), ids=BAD)
    def test_a_file_that_cannot_be_measured_is_one_text(self, aduan, folder, content):
        (folder / "bad.csv").write_text(content)
        done = aduan("classifier", "evaluate", str(folder / "bad.csv"))
        assert (done.status, done.out) == (1, "") and "aduan: " in done.err


class TestStaff:
    def add(self, aduan: Aduan, email: str = "petugas@example.org", role: str = "admin", *more: str) -> Done:
        return aduan(
            "staff", "add", email, "--role", role, *more, "--password-file", "-", stdin=f"{PASSWORD}\n".encode()
        )

    def accounts(self, aduan: Aduan) -> dict[str, dict[str, object]]:
        listed = [json.loads(line) for line in aduan("staff", "list", "--json").out.splitlines()]
        return {row["email"]: row for row in listed}

    def stored(self) -> Staff:
        runtime = from_environment()
        with runtime.reading() as session:
            return session.scalars(select(Staff)).one()

    def test_add_and_list(self, aduan):
        assert self.add(aduan).out == "added petugas@example.org (admin)\n"
        agencies = ("--opd", "melati-dpupr", "--opd", "prov-dpupr", "--position", "head")
        assert self.add(aduan, "Dua@Example.org", "officer", *agencies).status == 0
        assert self.accounts(aduan) == {
            "petugas@example.org": {
                "email": "petugas@example.org",
                "role": "admin",
                "position": "officer",
                "opd": [],
                "state": "active",
            },
            "dua@example.org": {
                "email": "dua@example.org",
                "role": "officer",
                "position": "head",
                "opd": ["melati-dpupr", "prov-dpupr"],
                "state": "active",
            },
        }
        assert "melati-dpupr prov-dpupr" in aduan("staff", "list").out

    def test_the_password_is_never_shown(self, aduan):
        done = self.add(aduan)
        assert PASSWORD not in done.out + done.err
        assert PASSWORD not in aduan("staff", "list", "--json").out
        assert self.stored().must_change is False

    def test_without_a_file_a_one_time_password_is_made(self, aduan):
        done = aduan("staff", "add", "a@example.org", "--role", "admin")
        assert done.status == 0
        password = done.out.rpartition("one-time password: ")[2].strip()
        assert len(password) == 19 and self.stored().must_change is True

    def test_twice_is_refused(self, aduan):
        self.add(aduan)
        again = self.add(aduan)
        assert (again.status, again.out) == (1, "") and "has an account already" in again.err

    def test_disable_and_undo(self, aduan):
        self.add(aduan)
        self.add(aduan, "dua@example.org")
        assert aduan("staff", "disable", "Dua@example.org").status == 0
        assert self.accounts(aduan)["dua@example.org"]["state"] == "disabled"
        last = aduan("staff", "disable", "petugas@example.org")
        assert last.status == 1 and "last administrator" in last.err
        assert aduan("staff", "disable", "--undo", "dua@example.org").status == 0
        assert self.accounts(aduan)["dua@example.org"]["state"] == "active"

    def test_reset(self, aduan):
        self.add(aduan)
        before = self.stored().password_hash
        done = aduan("staff", "reset", "petugas@example.org", "--second-factor")
        assert done.status == 0 and "one-time password: " in done.out
        assert self.stored().password_hash != before and self.stored().must_change
        weak = aduan("staff", "reset", "petugas@example.org", "--password-file", "-", stdin=b"short")
        assert weak.status == 1 and "12 characters" in weak.err


class TestRelease:
    def test_prepares_everything_and_shows_the_first_password_once(self, aduan, folder):
        (folder / "var" / "aduan.db").unlink()
        first, second = aduan("release"), aduan("release")
        assert (first.status, second.status) == (0, 0)
        assert "admin@contoh.local" in first.out and "one-time password: " in first.out
        assert second.out == ""
        assert "is up to date" in first.err


class TestFigures:
    @pytest.fixture(autouse=True)
    def tickets(self, folder: Path) -> None:
        runtime = from_environment()
        with runtime.writing() as session:
            for number, text in enumerate(("=HYPERLINK(1)", "Jalan rusak\nbaris dua, 'kutip'", 'Lampu "mati"')):
                value = f"62811-{number}"
                sender = rows.address(runtime, session, value=value)
                from dispatch.services import tickets
                from dispatch.services.tagged import Tag

                tickets.open_ticket(
                    session,
                    runtime.region,
                    runtime.now(),
                    address=sender,
                    first=rows.said(runtime, session, sender, text),
                    text=text,
                    tag=Tag("jalan"),
                    area="99.01",
                    language="id",
                )
        runtime.close()

    def test_export_as_json_lines(self, aduan):
        done = aduan("export", "tickets")
        found = [json.loads(line) for line in done.out.splitlines()]
        assert [row["text"] for row in found[:1]] == ["=HYPERLINK(1)"] and len(found) == 3
        assert all(set(row) >= set(EXPORT_COLUMNS) for row in found)
        assert found[0]["agency"] == "melati-dpupr"

    def test_export_as_csv_holds_no_formula(self, aduan):
        done = aduan("export", "tickets", "--format", "csv")
        header, *found = csv.reader(io.StringIO(done.out, newline=""))
        assert tuple(header) == EXPORT_COLUMNS and len(found) == 3
        cells = [cell for row in found for cell in row]
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in cells)

    def test_export_of_some(self, aduan):
        assert len(aduan("export", "tickets", "--opd", "melati-dpupr").out.splitlines()) == 3
        assert aduan("export", "tickets", "--opd", "prov-bpbd").out == ""
        assert aduan("export", "tickets", "--to", "2020-01-01").out == ""
        assert len(aduan("export", "tickets", "--from", "2020-01-01").out.splitlines()) == 3

    def test_report_as_json(self, aduan):
        body = json.loads(aduan("report").out)
        [agency] = body["agencies"]
        assert (agency["agency"], agency["received"], agency["open"]) == ("melati-dpupr", 3, 3)
        assert agency["agency_name"] == "Dinas PU Kabupaten Melati"

    def test_report_as_csv(self, aduan):
        header, *found = csv.reader(io.StringIO(aduan("report", "--format", "csv").out, newline=""))
        assert header[0] == "agency" and [row[0] for row in found] == ["melati-dpupr"]

    def test_report_of_nothing_still_has_its_columns(self, aduan):
        done = aduan("report", "--format", "csv", "--from", "2020-01-01", "--to", "2020-01-02")
        assert done.status == 0 and done.out.startswith("agency,")


def program(*arguments: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "admin.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False, **options)  # type: ignore[call-overload,no-any-return]


def test_a_workbook_goes_to_standard_output_byte_for_byte(folder):
    done = program("report", "--format", "xlsx")
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(io.BytesIO(done.stdout)) as book:
        assert book.testzip() is None and "xl/workbook.xml" in book.namelist()


def test_a_reader_that_went_away_is_no_fault(folder):
    command = f"{sys.executable} -m admin.cli region show | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert b"Traceback" not in done.stderr and b"Exception" not in done.stderr and b"fault" not in done.stderr


class TestChildrenOfUp:
    """What the Procfile's commands find in their environment."""

    def test_what_only_the_env_file_says_reaches_them(self, tmp_path):
        (tmp_path / ".env").write_text("HOST=127.0.0.2\nPORT=9001\nWEB_WORKERS=5\nSECRET_KEY_FILE=x\n")
        (tmp_path / "x").write_text("k" * 32)
        given = {"ADUAN_VAR": str(tmp_path / "var"), "SECRET_KEY_FILE": str(tmp_path / "x")}
        found = _environment(Settings.read(given, tmp_path / ".env"))
        assert (found["HOST"], found["PORT"], found["WEB_WORKERS"]) == ("127.0.0.2", "9001", "5")
        assert found.get("SECRET_KEY") == os.environ.get("SECRET_KEY")  # a secret of a file stays in its file

    def test_they_know_whose_children_they_are_and_find_our_programs_first(self, tmp_path):
        found = _environment(Settings.read({"ADUAN_VAR": str(tmp_path / "var")}))
        assert found["ADUAN_UP_PID"] == str(os.getpid())
        assert found["PATH"].startswith(str(Path(sys.executable).parent))
        assert found["HOOKS_BIND"].startswith("unix:/")
