"""The model on disk: what is saved comes back exactly; whatever else lies there is refused with the reason."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifier import reader
from classifier.artifact import ArtifactRefused, fingerprint, load, save
from classifier.dataset import Dataset
from classifier.model import ComplaintClassifier
from classifier.reader import Reader
from classifier.scorer import Scorer


class Bomb:
    """What a pickle would do when it is read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("a pickle was executed",))


def part(folder: Path, kind: str) -> Path:
    (found,) = folder.glob(f"{kind}-*")
    return found


def reseal(folder: Path, kind: str, content: bytes) -> None:
    """Replace one file and make name, sum and size in the manifest agree, as someone who can write there would."""
    old = part(folder, kind)
    digest = hashlib.sha256(content).hexdigest()
    new = folder / f"{kind}-{digest[:16]}{old.suffix}"
    old.unlink()
    new.write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["files"][old.name]
    manifest["files"][new.name] = {"sha256": digest, "size": len(content)}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def described(folder: Path, **changes: object) -> None:
    reseal(folder, "model", json.dumps(json.loads(part(folder, "model").read_text()) | changes).encode())


def arrays(folder: Path, compressed: bool = False, **changes: Any) -> None:
    with np.load(part(folder, "arrays")) as loaded:
        content = {key: loaded[key] for key in loaded.files} | changes
    buffer = io.BytesIO()
    write = np.savez_compressed if compressed else np.savez
    write(buffer, **{key: value for key, value in content.items() if value is not None})
    reseal(folder, "arrays", buffer.getvalue())


def zipped(folder: Path, members: dict[str, bytes]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    reseal(folder, "arrays", buffer.getvalue())


def manifest(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads((folder / "manifest.json").read_text())
    change(content)
    (folder / "manifest.json").write_text(json.dumps(content))


def flip_last_byte(folder: Path, kind: str) -> None:
    path = part(folder, kind)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def rename_outside(folder: Path) -> None:
    outside = folder.parent / "secret.json"
    part(folder, "model").rename(outside)

    def change(content: dict[str, Any]) -> None:
        content["files"]["../secret.json"] = content["files"].pop(next(n for n in content["files"] if n[0] == "m"))

    manifest(folder, change)


def only_a_joblib(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    (folder / "model.joblib").write_bytes(pickle.dumps(Bomb()))


def pickled_member(folder: Path) -> None:
    arrays(folder, weights=np.array([Bomb()], dtype=object))


def raw_pickle_member(folder: Path) -> None:
    zipped(folder, {f"{key}.npy": pickle.dumps(Bomb()) for key in ("frequency", "weights", "bias")})


def nan(folder: Path) -> None:
    with np.load(part(folder, "arrays")) as loaded:
        weights = loaded["weights"].copy()
    weights[0, 0] = np.nan
    arrays(folder, weights=weights)


def doubled_word(folder: Path) -> None:
    words = json.loads(part(folder, "model").read_text())["words"]
    described(folder, words=[words[0], *words[:-1]])


HOSTILE: list[tuple[str, Callable[[Path], object], str]] = [
    ("no manifest", lambda f: (f / "manifest.json").unlink(), "manifest.json"),
    ("manifest is not JSON", lambda f: (f / "manifest.json").write_text("{"), "not JSON"),
    ("manifest is deeply nested", lambda f: (f / "manifest.json").write_text("[" * 4000), "not JSON"),
    ("manifest is a list", lambda f: (f / "manifest.json").write_text("[]"), "format"),
    ("manifest is endless", lambda f: (f / "manifest.json").write_text(" " * 5_000_000), "not JSON"),
    ("another format", lambda f: manifest(f, lambda m: m.update(format=99)), "format"),
    ("a third file", lambda f: manifest(f, lambda m: m["files"].update({"x.pkl": {}})), "two files"),
    ("no sums", lambda f: manifest(f, lambda m: m.update(files=dict.fromkeys(m["files"]))), "no sum"),
    (
        "an absurd size",
        lambda f: manifest(f, lambda m: [e.update(size=10**12) for e in m["files"].values()]),
        "no size",
    ),
    ("a file outside the folder", rename_outside, "no part of a model"),
    ("arrays gone", lambda f: part(f, "arrays").unlink(), "No such file"),
    ("arrays cut short", lambda f: part(f, "arrays").write_bytes(part(f, "arrays").read_bytes()[:-9]), "bytes"),
    ("arrays with a tail", lambda f: part(f, "arrays").write_bytes(part(f, "arrays").read_bytes() + b"x"), "bytes"),
    ("one bit of the arrays", lambda f: flip_last_byte(f, "arrays"), "does not match"),
    ("one bit of the words", lambda f: flip_last_byte(f, "model"), "does not match"),
    ("joblib instead of a model", only_a_joblib, "manifest.json"),
    ("pickled objects in the arrays", pickled_member, "plain arrays"),
    ("pickles instead of arrays", raw_pickle_member, "plain arrays"),
    ("arrays are no archive", lambda f: reseal(f, "arrays", b"PK\x03\x04 nothing"), "plain arrays"),
    ("an array too many", lambda f: arrays(f, more=np.zeros(1)), "other arrays"),
    ("an array too few", lambda f: arrays(f, bias=None), "other arrays"),
    ("packed arrays", lambda f: arrays(f, compressed=True), "packed"),
    ("double precision", lambda f: arrays(f, bias=np.zeros(5, dtype=np.float64)), "not float32"),
    ("whole numbers", lambda f: arrays(f, bias=np.zeros(5, dtype=np.int32)), "not float32"),
    ("a label too many in bias", lambda f: arrays(f, bias=np.zeros(6, dtype=np.float32)), "shape"),
    ("weights of another shape", lambda f: arrays(f, weights=np.zeros((2, 5), dtype=np.float16)), "shape"),
    ("weights in full precision", lambda f: arrays(f, weights=np.zeros((2, 5), dtype=np.float32)), "not float16"),
    ("assurance is one number", lambda f: described(f, assurance=[1.0]), "assurance"),
    ("assurance is a text", lambda f: described(f, assurance=["1", 0, 0, 0, 0]), "sensible number"),
    ("not a number in the weights", nan, "not finite"),
    ("words are no list", lambda f: described(f, words="jalan"), "not a list"),
    ("a word is a number", lambda f: described(f, words=[1]), "not a list"),
    ("a word twice", doubled_word, "twice"),
    ("words missing", lambda f: described(f, words=[]), "shape"),
    ("a field too many", lambda f: described(f, code="import os"), "other fields"),
    ("one label", lambda f: described(f, labels=["a"]), "fewer than two"),
    ("threshold below zero", lambda f: described(f, threshold=-1), "threshold"),
    ("threshold is a text", lambda f: described(f, threshold="0"), "sensible number"),
    ("threshold is not a number", lambda f: described(f, threshold=float("nan")), "sensible number"),
    ("endless offset", lambda f: described(f, offset=float("inf")), "sensible number"),
    ("familiar above one", lambda f: described(f, familiar=1.5), "familiar"),
    ("unknown is no pair", lambda f: described(f, unknown=[1.0]), "pair"),
    ("version with markup", lambda f: described(f, version="<script>"), "version"),
    ("description is a list", lambda f: reseal(f, "model", b"[]"), "other fields"),
    ("description is not UTF-8", lambda f: reseal(f, "model", b"\xff\xfe\xfa"), "not JSON"),
]


@pytest.fixture
def scorer(trained: ComplaintClassifier) -> Scorer:
    found: Scorer = trained.scorer_
    return found


@pytest.mark.parametrize(("harm", "reason"), [pytest.param(*row[1:], id=row[0]) for row in HOSTILE])
def test_a_harmed_model_is_refused(tmp_path: Path, scorer: Scorer, harm: Callable[[Path], object], reason: str) -> None:
    folder = tmp_path / "model"
    save(scorer, folder)
    load(folder)
    harm(folder)
    with pytest.raises(ArtifactRefused, match=reason) as refused:
        load(folder)
    assert str(folder) in str(refused.value)


def test_a_resealed_model_is_still_not_the_pinned_one(tmp_path: Path, scorer: Scorer) -> None:
    pin = save(scorer, tmp_path)
    assert load(tmp_path, pin).version == scorer.version
    described(tmp_path, threshold=0.0)
    assert load(tmp_path).threshold == 0.0
    with pytest.raises(ArtifactRefused, match="pinned"):
        load(tmp_path, pin)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ArtifactRefused, match="Not a directory"):
        load(tmp_path / "model")


def test_what_is_saved_comes_back_exactly(tmp_path: Path, scorer: Scorer, complaints: Dataset) -> None:
    save(scorer, tmp_path)
    again = load(tmp_path)
    for field in dataclasses.fields(Scorer):
        if field.init:
            read, wrote = getattr(again, field.name), getattr(scorer, field.name)
            assert np.array_equal(read, wrote) if isinstance(wrote, np.ndarray) else read == wrote, field.name
    texts = [*complaints.texts, "", "🚧", "kata yang belum pernah", "jalan " * 400]
    assert again.suggest(texts) == scorer.suggest(texts)
    assert np.array_equal(again.predict_proba(texts), scorer.predict_proba(texts))


def test_saving_twice_gives_the_same_files(tmp_path: Path, scorer: Scorer) -> None:
    assert save(scorer, tmp_path / "a") == save(scorer, tmp_path / "b")
    assert {p.name: p.read_bytes() for p in (tmp_path / "a").iterdir()} == {
        p.name: p.read_bytes() for p in (tmp_path / "b").iterdir()
    }


def test_a_new_model_replaces_the_old_and_keeps_one_generation(tmp_path: Path, scorer: Scorer) -> None:
    for version in ("first", "second", "third"):
        save(dataclasses.replace(scorer, version=version), tmp_path)
        assert load(tmp_path).version == version
    versions = {json.loads(path.read_text())["version"] for path in tmp_path.glob("model-*")}
    assert versions == {"second", "third"}
    assert not list(tmp_path.glob(".*"))


def test_a_write_that_breaks_leaves_the_old_model(
    tmp_path: Path, scorer: Scorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(dataclasses.replace(scorer, version="old"), tmp_path)
    replace = Path.replace

    def fail_at_manifest(self: Path, target: Path) -> Path:
        if Path(target).name == "manifest.json":
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail_at_manifest)
    with pytest.raises(OSError, match="No space"):
        save(dataclasses.replace(scorer, version="new"), tmp_path)
    monkeypatch.undo()
    assert load(tmp_path).version == "old"
    assert not list(tmp_path.glob(".*.part"))


def test_the_starter_is_small_with_all_it_reads(tmp_path: Path, starter: Reader) -> None:
    reader.save(starter, tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) <= 10 * 1000 * 1000


ROWS = (["jalan rusak", "air mati"], ["jalan", "air"])


def test_a_fingerprint_names_its_rows() -> None:
    assert fingerprint(*ROWS, {"C": 0.5}, "starter-2026.11.1").startswith("starter-2026.11.1-")
    assert fingerprint(*ROWS, {"C": 0.5, "alpha": 1}) == fingerprint(*ROWS, {"alpha": 1, "C": 0.5})


@pytest.mark.parametrize(
    ("texts", "labels", "settings"),
    [
        pytest.param(["jalan rusak!", "air mati"], ["jalan", "air"], {"C": 0.5}, id="another text"),
        pytest.param(["jalan rusak", "air mati"], ["air", "jalan"], {"C": 0.5}, id="another label"),
        pytest.param(["air mati", "jalan rusak"], ["air", "jalan"], {"C": 0.5}, id="another order"),
        pytest.param(["jalan rusak", "air mati"], ["jalan", "air"], {"C": 1.0}, id="another setting"),
    ],
)
def test_a_fingerprint_changes_with(texts: list[str], labels: list[str], settings: dict[str, object]) -> None:
    assert fingerprint(texts, labels, settings) != fingerprint(*ROWS, {"C": 0.5})


def test_a_fingerprint_wants_a_label_for_each_text_and_a_plain_name() -> None:
    with pytest.raises(ValueError, match="zip"):
        fingerprint(["a", "b"], ["x"], {})
    with pytest.raises(ValueError, match="name"):
        fingerprint(*ROWS, {}, "../model")
