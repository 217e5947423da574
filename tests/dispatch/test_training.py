"""The starter model: trained when its examples change or it is damaged, and by one process only."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dispatch import training
from dispatch.config import Settings
from dispatch.region import load
from dispatch.runtime import Runtime
from dispatch.training import ensure_model, source_of
from tests.support import tiny_region


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
    import shutil

    shutil.copytree(trained, tmp_path / "copy")
    yield wire(tmp_path / "copy")


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The trainings that really took place."""
    done: list[str] = []
    real = training.train

    def counted(region, folder):
        version = real(region, folder)
        done.append(version)
        return version

    monkeypatch.setattr(training, "train", counted)
    return done


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


SPOILT = {
    "model-gone": lambda models: __import__("shutil").rmtree(models / "current"),
    "a-file-cut": lambda models: max((models / "current").iterdir(), key=lambda p: p.stat().st_size).write_bytes(b"PK"),
    "source-gone": lambda models: (models / "current.source").unlink(),
    "source-of-other-examples": lambda models: (models / "current.source").write_text("0" * 64),
    "source-no-text": lambda models: (models / "current.source").write_bytes(b"\xff\xfe"),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_what_is_missing_or_damaged_is_replaced(runtime, trainings, spoil):
    spoil(runtime.settings.models)
    version = ensure_model(runtime)
    assert trainings == [version]
    assert runtime.classifier.suggest(["listrik padam di gang 3"])[0].suggestions[0].label == "listrik"
    assert ensure_model(runtime) == version and len(trainings) == 1


CHANGES = {
    "text": lambda region: replace(region, examples=(replace(region.examples[0], text="lain"), *region.examples[1:])),
    "label": lambda region: replace(
        region, examples=(replace(region.examples[0], category="air"), *region.examples[1:])
    ),
    "order": lambda region: replace(region, examples=tuple(reversed(region.examples))),
    "precision": lambda region: replace(region, sure_precision=0.8),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_source_changes_with_all_that_a_model_is_made_from(runtime, change):
    assert source_of(change(runtime.region)) != source_of(runtime.region)
    assert source_of(runtime.region) == source_of(replace(runtime.region, name="Nama lain"))


def _ensure(folder: Path, results: multiprocessing.Queue[int]) -> None:
    done = []
    real = training.train
    training.train = lambda region, target: done.append(1) or real(region, target)  # type: ignore[assignment]
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
