"""Nightly retraining: a candidate serves only if it is better and unlearnt nothing; whatever else happens, the model
that served serves on.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import col

from classifier.artifact import ArtifactRefused
from classifier.dataset import Dataset, DatasetError
from dispatch import comparing, learning, lessons, training
from dispatch.config import Settings
from dispatch.learning import Result, retrain
from dispatch.models import Audit, LabelSource, Lease, ModelState, ModelVersion
from dispatch.region import load
from dispatch.runtime import Runtime
from dispatch.services import models
from dispatch.services.models import begin
from tests.support.clock import Clock
from tests.support.models import files_of
from tests.support.school import DIALECT, ROADS, decide, dialect, write_pack
from tests.support.tickets import add_staff

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def environment(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    write_pack(tmp_path / "packs")
    return {**environment, "ADUAN_REGION": "contoh", "ADUAN_REGION_DIR": str(tmp_path / "packs")}


@pytest.fixture
def runtime(environment: dict[str, str], clock: Clock) -> Iterator[Runtime]:
    wired = Runtime(Settings.read(environment), now=clock)
    wired.__dict__["region"] = load("contoh", Path(environment["ADUAN_REGION_DIR"]))
    training.ensure_model(wired)
    yield wired
    wired.close()


@pytest.fixture
def officers(runtime: Runtime) -> list[int]:
    return [add_staff(runtime, f"petugas{number}@contoh.test", "admin").id or 0 for number in range(4)]


def versions_of(runtime: Runtime) -> Sequence[ModelVersion]:
    with runtime.reading() as session:
        return session.scalars(select(ModelVersion).order_by(col(ModelVersion.id))).all()


def states(runtime: Runtime) -> list[str]:
    return [row.state for row in versions_of(runtime)]


def teach(runtime: Runtime, officers: Sequence[int], count: int, first: int = 0) -> None:
    """Officers share the work of telling the classifier what people here call electricity."""
    for number, officer in enumerate(officers):
        seeds = range(first + number, first + count, len(officers))
        decide(runtime, [dialect(seed) for seed in seeds], "listrik", officer)


# Better: it serves


def test_what_officers_teach_is_learnt(runtime: Runtime, officers: list[int]) -> None:
    before = runtime.classifier
    teach(runtime, officers, 100)
    found = retrain(runtime)
    assert found.result is Result.SERVES, found.text
    assert runtime.classifier.version == found.version != before.version
    text = dialect(9_999)
    assert before.suggest([text])[0].suggestions[0].label != "listrik" or not before.suggest([text])[0].sure
    assert runtime.classifier.suggest([text])[0].suggestions[0].label == "listrik"
    starter, learnt = versions_of(runtime)
    assert (starter.state, learnt.state) == (ModelState.REPLACED, ModelState.SERVING)
    assert (learnt.taught, learnt.local) == (175, 100)
    held = learnt.figures["held_out"]
    assert held["rows"] == 40 and held["candidate"] > held["serving"] and held["better_share"] >= 0.9
    assert learnt.figures["canary"]["rows"] == 28 and learnt.figures["mix"] == {"listrik": 100}
    assert learnt.figures["against"] == starter.version


def test_the_next_night_learns_from_what_is_new_and_measures_on_it_alone(
    runtime: Runtime, officers: list[int], monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    teach(runtime, officers, 100)
    assert retrain(runtime).result is Result.SERVES
    clock.forward(days=1)
    assert retrain(runtime).result is Result.WAITS
    words = [word[::-1] for word in DIALECT]
    for number, officer in enumerate(officers):
        decide(runtime, [dialect(seed, words) for seed in range(number, 90, 4)], "air", officer)
    seen: list[Dataset] = []
    real = comparing.compare
    monkeypatch.setattr(comparing, "compare", lambda a, b, held: seen.append(held) or real(a, b, held))
    found = retrain(runtime)
    assert found.result is Result.SERVES, found.text
    assert set(seen[0].labels) == {"air"} and len(seen[0].texts) == 40
    assert states(runtime) == [ModelState.REPLACED, ModelState.REPLACED, ModelState.SERVING]


# Not better, or not yet: nothing changes


@on_sqlite
@pytest.mark.parametrize(("count", "at_once", "says"), [(39, False, "39 new"), (0, True, "60"), (59, True, "60")])
def test_too_few_lessons_train_nothing(
    count: int, at_once: bool, says: str, runtime: Runtime, officers: list[int]
) -> None:
    teach(runtime, officers, count)
    before = runtime.classifier.version
    found = retrain(runtime, at_once=at_once)
    assert found.result is Result.WAITS and says in found.text
    assert runtime.classifier.version == before and states(runtime) == [ModelState.SERVING]


def test_a_candidate_that_is_not_better_is_refused_with_its_figures(runtime: Runtime, officers: list[int]) -> None:
    before = runtime.classifier.version
    texts = [dialect(seed) for seed in range(80)]  # one thing said in two ways: nothing to be learnt from it
    for start, category in ((0, "listrik"), (1, "air")):
        for number, officer in enumerate(officers):
            decide(runtime, texts[start::2][number::4], category, officer)
    found = retrain(runtime)
    assert found.result is Result.REFUSED and "not better" in found.text, found.text
    refused = versions_of(runtime)[-1]
    assert (refused.state, refused.version) == (ModelState.REFUSED, found.version)
    assert refused.figures["held_out"]["rows"] == 40 and "not better" in refused.reason
    assert runtime.classifier.version == before
    assert retrain(runtime).result is Result.WAITS, "the same lessons are not tried again every night"


# Poison


def poison(runtime: Runtime, officers: Sequence[int], count: int) -> None:
    """Complaints about roads, in all words there are for them, said to be about water."""
    for number, officer in enumerate(officers):
        texts = [f"jalan berlubang {dialect(seed, ROADS)}" for seed in range(number, count, len(officers))]
        decide(runtime, texts, "air", officer)


def test_one_officer_teaches_only_so_much_against_the_classifier(runtime: Runtime, officers: list[int]) -> None:
    teach(runtime, officers[:3], 60)
    poison(runtime, officers[3:], 120)
    with runtime.reading() as session:
        found = lessons.gather(session, runtime.region)
    assert sum(each.staff_id == officers[3] for each in found.rows) == lessons.STAFF_OF_CATEGORY
    assert found.left_out["one_officer"] > 60


def test_poisoned_lessons_kill_the_canary_and_are_refused(
    runtime: Runtime, officers: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if every officer were in on it: held out, the poisoned lessons look right, but the canary dies."""
    monkeypatch.setattr(lessons, "STAFF_OF_CATEGORY", 10_000)
    monkeypatch.setattr(lessons, "STAFF_IN_ALL", 10_000)
    before = runtime.classifier
    poison(runtime, officers, 240)
    found = retrain(runtime)
    assert found.result is Result.REFUSED and "canary" in found.text and "jalan" in found.text, found.text
    assert runtime.classifier is before
    assert before.suggest(["jalan berlubang di kampung kami"])[0].suggestions[0].label == "jalan"
    refused = versions_of(runtime)[-1]
    assert refused.state == ModelState.REFUSED and refused.figures["canary"]["fallen"] == ["jalan"]
    assert refused.figures["held_out"]["candidate"] > refused.figures["held_out"]["serving"]


def test_poison_in_the_newest_lessons_alone_is_found_too(
    runtime: Runtime, officers: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last training is on everything: what was held out never stood before the canary."""
    real = learning.split

    def hides(found: lessons.Lessons, taught: Dataset, until: int) -> tuple[list[lessons.Lesson], list[lessons.Lesson]]:
        held, rest = real(lessons.Lessons(tuple(r for r in found.rows if r.category == "listrik")), taught, until)
        return held, rest

    monkeypatch.setattr(lessons, "STAFF_OF_CATEGORY", 10_000)
    monkeypatch.setattr(lessons, "STAFF_IN_ALL", 10_000)
    monkeypatch.setattr(learning, "split", hides)
    before = runtime.classifier
    teach(runtime, officers, 80)
    poison(runtime, officers, 240)
    found = retrain(runtime)
    assert found.result is Result.REFUSED and "canary" in found.text, found.text
    assert runtime.classifier is before


@on_sqlite
def test_one_citizen_cannot_teach_enough_for_a_training(runtime: Runtime, officers: list[int]) -> None:
    tickets = decide(runtime, [dialect(seed) for seed in range(80)], "listrik", officers[0])
    from dispatch.models import Ticket

    with runtime.writing() as session:
        for ticket in tickets:
            row = session.get_one(Ticket, ticket.id)
            row.citizen_id = tickets[0].citizen_id
            session.add(row)
    found = retrain(runtime)
    assert found.result is Result.WAITS
    with runtime.reading() as session:
        assert len(lessons.gather(session, runtime.region).rows) == lessons.CITIZEN_OF_CATEGORY


@on_sqlite
def test_citizens_choices_alone_teach_nothing(runtime: Runtime) -> None:
    decide(runtime, [dialect(seed) for seed in range(80)], "listrik", None, source=LabelSource.CHOSEN)
    assert retrain(runtime).result is Result.WAITS


# Held-out texts


def test_no_near_copy_of_what_is_held_out_is_trained_on(runtime: Runtime, officers: list[int]) -> None:
    teach(runtime, officers, 70)
    with runtime.reading() as session:
        found = lessons.gather(session, runtime.region)
    newest = found.rows[0]
    copy = replace(found.rows[-1], text=newest.text + " ya")
    known = Dataset((found.rows[1].text,), ("listrik",))
    held, rest = learning.split(lessons.Lessons((*found.rows[:-1], copy)), known, 0)
    assert len(held) == 40 and newest in held and found.rows[1] not in held
    assert copy not in rest and len(rest) == 70 - 40 - 1


@on_sqlite
@pytest.mark.parametrize(("rows", "held", "rest"), [(59, 0, 0), (60, 40, 20), (100, 40, 60), (400, 80, 320)])
def test_a_fifth_is_held_out_and_forty_at_least(rows: int, held: int, rest: int, runtime: Runtime) -> None:
    from tests.dispatch.test_lessons import lesson

    found = lessons.Lessons(tuple(lesson(number) for number in range(rows, 0, -1)))
    parts = learning.split(found, Dataset(("sama sekali lain",), ("x",)), 0)
    assert tuple(map(len, parts)) == (held, rest)
    assert [each.ticket_id for each in parts[0]] == list(range(rows, rows - held, -1)), "the newest"


@on_sqlite
def test_what_the_serving_model_learnt_from_is_never_held_out(runtime: Runtime) -> None:
    from tests.dispatch.test_lessons import lesson

    found = lessons.Lessons(tuple(lesson(number) for number in range(200, 0, -1)))
    held, rest = learning.split(found, Dataset(("sama sekali lain",), ("x",)), 120)
    assert [each.label_id for each in held] == list(range(200, 160, -1)) and len(rest) == 160


# The canary set


CANARIES = {
    "missing": (None, "canary.csv"),
    "a-category-without": ("text,category\n" + "jalan rusak,jalan\n" * 4, "air: 0 texts"),
    "a-category-nobody-has": ("text,category\nx,bulan\n", "bulan: no such category"),
    "broken": ("text\nx\n", "no such column"),
}


@on_sqlite
@pytest.mark.parametrize(("content", "says"), CANARIES.values(), ids=CANARIES)
def test_without_a_whole_canary_set_nothing_is_trained(
    content: str | None, says: str, runtime: Runtime, officers: list[int], environment: dict[str, str]
) -> None:
    path = Path(environment["ADUAN_REGION_DIR"]) / "contoh" / "canary.csv"
    path.unlink() if content is None else path.write_text(content)
    teach(runtime, officers, 60)
    with pytest.raises(DatasetError, match=says):
        retrain(runtime)
    with runtime.reading() as session:
        assert session.scalars(select(Lease)).all() == [], "the turn is given back"


def test_the_canary_set_we_ship_is_known_to_the_starter(kaltara, starter) -> None:
    from dispatch.region.loading import PACKS

    path = PACKS / "kaltara" / "canary.csv"
    data = comparing.checked_canary(comparing.dataset.read(path), path, kaltara.categories)
    texts = {each.text for each in kaltara.examples}
    assert [text for text in data.texts if text in texts] == []
    assert comparing.hits(starter.agency, data).mean() >= 0.9


# Back again


def test_a_person_goes_back_and_it_is_written_down(runtime: Runtime, officers: list[int], clock: Clock) -> None:
    first = runtime.classifier.version
    teach(runtime, officers, 80)
    learnt = retrain(runtime).version
    assert learning.roll_back(runtime, staff_id=officers[0]) == (learnt, first)
    assert runtime.classifier.version == first
    starter, taken = versions_of(runtime)
    assert (starter.state, taken.state, taken.staff_id) == (ModelState.SERVING, ModelState.WITHDRAWN, officers[0])
    with runtime.reading() as session:
        [line] = session.scalars(select(Audit).where(col(Audit.action) == "classifier.rollback")).all()
    assert (line.subject_id, line.staff_id, line.detail) == (first, officers[0], {"from": learnt})
    clock.forward(days=1)
    again = retrain(runtime, at_once=True)
    assert again.result is Result.REFUSED and "took out" in again.text
    assert runtime.classifier.version == first


@on_sqlite
def test_there_is_nothing_before_the_starter(runtime: Runtime) -> None:
    with pytest.raises(ArtifactRefused, match="no earlier version"):
        learning.roll_back(runtime)
    assert states(runtime) == [ModelState.SERVING]


@on_sqlite
def test_a_damaged_version_is_no_candidate_to_compare_with(runtime: Runtime, officers: list[int], clock: Clock) -> None:
    teach(runtime, officers, 80)
    learnt = retrain(runtime).version
    for path in files_of(runtime.settings.models, learnt):
        path.write_bytes(b"\x80\x04")
    clock.forward(days=1)
    teach(runtime, officers, 140, first=80)
    found = retrain(runtime)
    assert found.result is Result.SERVES and "starter" in versions_of(runtime)[-1].figures["against"]


# Whose turn it is


def test_one_machine_trains_a_night(runtime: Runtime, clock: Clock) -> None:
    night = date(2026, 11, 5)

    def turn(holder: str, at: date | None = night) -> bool:
        with runtime.writing() as session:
            return begin(session, runtime.now(), holder, at)

    assert turn("a:1")
    assert not turn("b:1"), "another machine has it"
    assert not turn("b:1", None), "by hand neither"
    with runtime.writing() as session:
        models.end(session, "a:1")
    assert not turn("b:1"), "tonight's is done"
    assert turn("b:1", None)
    clock.forward(hours=2)  # b died
    assert turn("c:1", night + timedelta(days=1))


def test_while_another_trains_nothing_is_begun(runtime: Runtime, officers: list[int]) -> None:
    teach(runtime, officers, 60)
    with runtime.writing() as session:
        assert begin(session, runtime.now(), "elsewhere:1")
    assert retrain(runtime).result is Result.TAKEN
    assert versions_of(runtime) == []


def test_the_turn_is_given_back_when_training_breaks(
    runtime: Runtime, officers: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    teach(runtime, officers, 80)

    def breaks(*args: object, **more: object) -> None:
        raise MemoryError

    monkeypatch.setattr(learning.teaching, "train", breaks)
    before = runtime.classifier
    with pytest.raises(MemoryError):
        retrain(runtime)
    assert runtime.classifier is before
    with runtime.writing() as session:
        assert begin(session, runtime.now(), "elsewhere:1")


def test_as_a_process_of_its_own(runtime: Runtime, officers: list[int], environment: dict[str, str]) -> None:
    pack = Path(environment["ADUAN_REGION_DIR"]) / "contoh"
    shutil.copy(Path(__file__).parents[2] / "dispatch" / "regions" / "kaltara" / "phrases.yaml", pack)
    teach(runtime, officers, 80)
    command = [sys.executable, "-m", "dispatch.learning"]
    given = {**os.environ, **environment, "ADUAN_ENV_FILE": str(pack / "none")}
    done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "serves: " in done.stdout and "Traceback" not in done.stderr
    assert runtime.classifier.version.startswith("local-")
    again = subprocess.run(command, env=given, capture_output=True, text=True, timeout=120, check=False)
    assert (again.returncode, again.stdout) == (0, "")
