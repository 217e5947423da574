"""The starter model: trained when its examples change or it is damaged, and by one process only. Versions: served,
fallen back on and gone back to.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from classifier import teaching
from classifier.artifact import ArtifactRefused
from classifier.dataset import Dataset
from classifier.reader import Reader
from dispatch import training, versions
from dispatch.config import Settings
from dispatch.region import load
from dispatch.runtime import Runtime
from dispatch.training import ensure_model, source_of
from tests.support import tiny_region
from tests.support.models import files_of


def wire(folder: Path) -> Runtime:
    runtime = Runtime(Settings.read({"ADUAN_VAR": str(folder / "var")}))
    runtime.__dict__["region"] = load("contoh", folder / "packs")
    return runtime


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    tiny_region.write(folder / "packs")
    ensure_model(wire(folder))
    return folder


@pytest.fixture
def runtime(trained: Path, tmp_path: Path) -> Iterator[Runtime]:
    """A copy of the trained installation, for a test to spoil."""
    shutil.copytree(trained, tmp_path / "copy")
    yield wire(tmp_path / "copy")


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The trainings that really took place."""
    done: list[str] = []
    real = training.train

    def counted(region):
        reader = real(region)
        done.append(reader.version)
        return reader

    monkeypatch.setattr(training, "train", counted)
    return done


@pytest.fixture(scope="module")
def learnt(trained: Path) -> Reader:
    """A model that learnt something from tickets beside the pack."""
    region = wire(trained).region
    local = Dataset(("kabel tersambar petir", "trafo meledak di ujung gang"), ("listrik", "listrik"))
    return Reader(teaching.train(training.taught(region), local, precision=0.9, name="local-1"), {})


def serving(runtime: Runtime) -> str:
    return versions.read_pointer(runtime.settings.models).serving


# The starter


def test_a_model_made_from_the_same_examples_is_kept(runtime, trainings):
    assert ensure_model(runtime) == runtime.classifier.version
    assert trainings == []


def test_another_example_makes_another_model(runtime, trainings):
    before = runtime.classifier
    extra = replace(runtime.region.examples[0], text="jalan longsor di tikungan sungai")
    runtime.__dict__["region"] = replace(runtime.region, examples=(*runtime.region.examples, extra))
    version = ensure_model(runtime)
    assert trainings == [version]
    assert runtime.classifier is not before and runtime.classifier.version == version


def test_it_is_trained_again_when_asked(runtime, trainings):
    ensure_model(runtime, force=True)
    assert len(trainings) == 1


def _older_release(models: Path) -> None:
    """Where an older release kept its only model, there is a folder."""
    (models / "current").unlink()
    (models / "current.copy").unlink()
    (models / "current").mkdir()
    (models / "current" / "manifest.json").write_text("{}")


def _both(models: Path, change: Callable[[Path], object]) -> None:
    for name in ("current", "current.copy"):
        change(models / name)


def _other_source(path: Path) -> None:
    found = path.read_text()
    path.write_text(found.replace('"source": "', '"source": "0'))


SPOILT = {
    "models-gone": lambda models: shutil.rmtree(models / "versions"),
    "a-file-cut": lambda models: max(files_of(models), key=lambda p: p.stat().st_size).write_bytes(b"PK"),
    "lists-gone": lambda models: _both(models, Path.unlink),
    "lists-no-json": lambda models: _both(models, lambda path: path.write_bytes(b"\xff\xfe")),
    "lists-of-another-format": lambda models: _both(models, lambda path: path.write_text('{"format": 99}')),
    "lists-of-other-examples": lambda models: _both(models, _other_source),
    "lists-lead-elsewhere": lambda models: _both(
        models, lambda path: path.write_text(path.read_text().replace("starter-1", "../starter-1"))
    ),
    "an-older-release": _older_release,
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_what_is_missing_or_damaged_is_replaced(runtime, trainings, spoil):
    spoil(runtime.settings.models)
    version = ensure_model(runtime)
    assert trainings == [version]
    assert runtime.classifier.suggest(["listrik padam di gang 3"])[0].suggestions[0].label == "listrik"
    assert ensure_model(runtime) == version and len(trainings) == 1


def test_one_damaged_list_costs_nothing(runtime, trainings):
    (runtime.settings.models / "current").write_bytes(b"\x00" * 100)
    assert runtime.classifier.version.startswith("starter-1") and "damaged" in runtime.model_store.faults[0]
    ensure_model(runtime)
    assert trainings == [] and wire(runtime.settings.var.parent).classifier.version == serving(runtime)


CHANGES = {
    "text": lambda region: replace(region, examples=(replace(region.examples[0], text="lain"), *region.examples[1:])),
    "label": lambda region: replace(
        region, examples=(replace(region.examples[0], category="listrik"), *region.examples[1:])
    ),
    "order": lambda region: replace(region, examples=tuple(reversed(region.examples))),
    "precision": lambda region: replace(region, sure_precision=0.8),
    "aspect": lambda region: replace(region, aspects={**region.aspects, "urgent": {"yes": ("x",), "no": ("y",)}}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_source_changes_with_all_that_a_model_is_made_from(runtime, change):
    assert source_of(change(runtime.region)) != source_of(runtime.region)
    assert source_of(runtime.region) == source_of(replace(runtime.region, name="Nama lain"))


def _ensure(folder: Path, results: multiprocessing.Queue[int]) -> None:
    done = []
    real = training.train
    training.train = lambda region: done.append(1) or real(region)  # type: ignore[assignment]
    ensure_model(wire(folder))
    results.put(len(done))


def test_processes_that_start_together_train_once(tmp_path):
    tiny_region.write(tmp_path / "packs")
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    processes = [context.Process(target=_ensure, args=(tmp_path, results)) for _ in range(2)]
    for process in processes:
        process.start()
    counts = sorted(results.get(timeout=60) for _ in processes)
    for process in processes:
        process.join(timeout=60)
    assert counts == [0, 1]


# Versions


def test_a_running_process_notices_what_was_put_into_service(runtime, learnt):
    other = wire(runtime.settings.var.parent)
    before = other.classifier
    assert other.classifier is before, "nothing is loaded again while nothing changed"
    training.serve(runtime, learnt)
    assert other.classifier.version == learnt.version
    training.roll_back(runtime)
    assert other.classifier.version == before.version


def test_the_files_are_their_owners_alone(runtime, learnt):
    training.serve(runtime, learnt)
    models = runtime.settings.models
    paths = [models, models / "current", models / "current.copy", *models.rglob("versions/**/*"), models / "versions"]
    assert {path.name: oct(path.stat().st_mode & 0o077) for path in paths if path.stat().st_mode & 0o077} == {}


def test_going_back_takes_the_version_that_served_before_and_can_be_undone(runtime, learnt):
    first = serving(runtime)
    training.serve(runtime, learnt)
    assert training.roll_back(runtime) == (learnt.version, first)
    assert training.roll_back(runtime, learnt.version) == (first, learnt.version)
    assert serving(runtime) == learnt.version


@pytest.mark.parametrize("version", ["starter-9", "../starter-1", "", "serving"])
def test_there_is_not_always_something_to_go_back_to(runtime, version):
    before = serving(runtime)
    with pytest.raises(ArtifactRefused, match=r"no such version|no earlier|serves already"):
        training.roll_back(runtime, before if version == "serving" else version)
    assert serving(runtime) == before


def test_nobody_goes_back_to_a_damaged_version(runtime, learnt):
    first = serving(runtime)
    training.serve(runtime, learnt)
    files_of(runtime.settings.models, first)[0].write_bytes(b"")
    with pytest.raises(ArtifactRefused):
        training.roll_back(runtime)
    assert serving(runtime) == learnt.version


def test_ten_versions_are_kept_and_always_the_starter(runtime, learnt):
    first = serving(runtime)
    for number in range(13):
        training.serve(runtime, Reader(replace(learnt.agency, version=f"local-1-{number:06}"), {}))
    names = [each.version for each in versions.read_pointer(runtime.settings.models).kept]
    assert len(names) == 10 and names[0] == "local-1-000012" and names[-1] == first
    assert sorted(path.name for path in (runtime.settings.models / "versions").iterdir()) == sorted(names)


def test_what_was_learnt_serves_on_when_the_pack_changes_a_text(runtime, learnt, trainings):
    training.serve(runtime, learnt)
    extra = replace(runtime.region.examples[0], text="jalan longsor di tikungan sungai")
    runtime.__dict__["region"] = replace(runtime.region, examples=(*runtime.region.examples, extra))
    assert ensure_model(runtime) == learnt.version and len(trainings) == 1
    assert training.starter(runtime).version == trainings[0]
    assert ensure_model(runtime) == learnt.version and len(trainings) == 1


def test_a_category_it_does_not_know_ends_its_service(runtime, learnt, trainings):
    training.serve(runtime, learnt)
    extra = tuple(replace(runtime.region.examples[0], text=f"anjing gila {n}", category="baru") for n in range(5))
    runtime.__dict__["region"] = replace(runtime.region, examples=(*runtime.region.examples, *extra))
    assert [ensure_model(runtime)] == trainings


# What must never be loaded


class _Boom:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("echo never",)  # would run if anything unpickled it


def _pickled(folder: Path) -> None:
    path = next(path for path in folder.rglob("arrays-*.npz"))
    path.write_bytes(pickle.dumps(_Boom()))


def _joblib_beside(folder: Path) -> None:
    for path in folder.rglob("manifest.json"):
        path.unlink()
    (folder / "model.joblib").write_bytes(pickle.dumps(_Boom()))


def _another_model(folder: Path) -> None:
    """A good model of the same form in its place, with a manifest of its own that fits."""
    reader = versions.readers.load(folder)
    agency = replace(reader.agency, weights=-reader.agency.weights)
    shutil.rmtree(folder)
    versions.readers.save(Reader(agency, reader.aspects), folder)
    versions.tighten(folder)


HOSTILE = {
    "cut-off": lambda folder: max(folder.rglob("*.npz"), key=lambda p: p.stat().st_size).write_bytes(b"PK\x03\x04"),
    "emptied": lambda folder: [path.write_bytes(b"") for path in folder.rglob("*.json")],
    "one-bit": lambda folder: _flip(next(folder.rglob("arrays-*.npz"))),
    "a-pickle": _pickled,
    "joblib": _joblib_beside,
    "exchanged": _another_model,
    "group-may-write": lambda folder: next(folder.rglob("arrays-*.npz")).chmod(0o620),
    "anybody-may-write": lambda folder: folder.chmod(0o777),
    "a-link": lambda folder: _linked(folder),
    "gone": shutil.rmtree,
}


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _linked(folder: Path) -> None:
    elsewhere = folder.parent.parent.parent / "elsewhere"
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)


@pytest.mark.parametrize("spoil", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_or_damaged_version_is_refused_and_the_last_good_one_serves(spoil, runtime, learnt, trainings):
    first = serving(runtime)
    at_hand = wire(runtime.settings.var.parent)
    training.serve(runtime, learnt)
    assert at_hand.classifier.version == learnt.version
    spoil(runtime.settings.models / "versions" / learnt.version)
    fresh = wire(runtime.settings.var.parent)
    assert fresh.classifier.version == first
    assert fresh.model_store.faults and learnt.version in fresh.model_store.faults[0]
    assert at_hand.classifier.version == learnt.version, "what was loaded while it was good serves on"
    assert ensure_model(fresh) == first and trainings == []
    assert wire(runtime.settings.var.parent).classifier.version == first


def test_a_list_others_could_have_written_is_refused(runtime):
    _both(runtime.settings.models, lambda path: path.chmod(0o666))
    with pytest.raises(ArtifactRefused, match="others than its owner"):
        _ = runtime.classifier


def test_a_process_goes_on_with_what_it_has_when_everything_is_spoilt(runtime):
    before = runtime.classifier
    shutil.rmtree(runtime.settings.models / "versions")
    _both(runtime.settings.models, lambda path: path.write_text("{}"))
    assert runtime.classifier is before and runtime.model_store.faults
