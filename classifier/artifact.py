"""A trained model on disk: plain arrays, a manifest with SHA-256 sums, and a reader that believes nothing it has not
checked.

A directory holds ``manifest.json``, one ``model-….json`` and one ``arrays-….npz``. File names carry the sum of
their content and the manifest is replaced last, by rename: a reader sees the old model or the new one. Nothing in
it is ever executed: ``allow_pickle=False``, no joblib, no pickle.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.scorer import NEVER, PLAIN, Assurance, Floats, Scorer

FORMAT = 2
MANIFEST = "manifest.json"
MOST_BYTES = 16 * 1024 * 1024
_MOST_MANIFEST = 4096
_FILE = re.compile(r"(?:model-[0-9a-f]{16}\.json|arrays-[0-9a-f]{16}\.npz)")
_SUM = re.compile(r"[0-9a-f]{64}")
_VERSION = re.compile(r"[A-Za-z0-9._-]{1,80}")
# Weights are kept in half precision: a score adds hundreds of them, and their rounding errors cancel out.
_ARRAYS: dict[str, np.dtype[Any]] = {"frequency": np.dtype("<f4"), "weights": np.dtype("<f2"), "bias": np.dtype("<f4")}


class ArtifactRefused(Exception):
    """The directory is no model this program wrote, or it was damaged or changed; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class _Checker:
    """Refuses with the directory's name in the message, so that the operator knows which model to replace."""

    where: Path

    def require(self, condition: bool, fault: str) -> None:
        if not condition:
            raise ArtifactRefused(f"{self.where}: {fault}")


def fingerprint(
    texts: Sequence[str], labels: Sequence[str], settings: Mapping[str, object], name: str = "local"
) -> str:
    """Calling this will name the model that these rows and settings give, such as ``starter-2026.11.1-3f9c2a``.

    The same rows in the same order, settings and format give the same name on every machine. Raises ValueError when
    the lengths differ or ``name`` has other characters than letters, digits, ``.``, ``_`` and ``-``.
    """
    digest = hashlib.sha256()
    digest.update(json.dumps([FORMAT, sorted((key, repr(value)) for key, value in settings.items())]).encode())
    for text, label in zip(texts, labels, strict=True):
        digest.update(json.dumps([text, label]).encode())
    version = f"{name}-{digest.hexdigest()[:6]}"
    if _VERSION.fullmatch(version) is None:
        raise ValueError(f"not a model name: {name!r}")
    return version


def stored(weights: NDArray[np.floating]) -> Floats:
    """Calling this will round weights to what the file keeps of them: a model answers alike before and after."""
    return np.ascontiguousarray(weights.astype(_ARRAYS["weights"]), dtype=np.float32)


def save(model: Scorer, directory: Path | str) -> str:
    """Calling this will write the model and return the SHA-256 of its manifest, which ``load`` can be asked to insist
    on.

    The files of the model that stood there before stay for readers in the middle of loading it; older ones go.
    """
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    before = _named_by(folder / MANIFEST)
    described = json.dumps(
        {
            "labels": model.labels,
            "words": model.words,
            "letters": model.letters,
            "unknown": model.unknown,
            "offset": model.offset,
            "assurance": [*model.assurance.weights, model.assurance.bias],
            "threshold": model.threshold,
            "familiar": model.familiar,
            "version": model.version,
        },
        ensure_ascii=True,
        separators=(",", ":"),
    ).encode()
    buffer = io.BytesIO()
    np.savez(
        buffer,
        allow_pickle=False,
        **{key: np.asarray(getattr(model, key), dtype=kind) for key, kind in _ARRAYS.items()},
    )
    entries = [_write(folder, "model", "json", described), _write(folder, "arrays", "npz", buffer.getvalue())]
    manifest = json.dumps(
        {"format": FORMAT, "files": {entry.name: {"sha256": entry.sha256, "size": entry.size} for entry in entries}},
        indent=1,
    ).encode()
    _replace(folder, MANIFEST, manifest)
    keep = before | {entry.name for entry in entries}
    for path in folder.iterdir():
        if _FILE.fullmatch(path.name) and path.name not in keep:
            path.unlink(missing_ok=True)
    return hashlib.sha256(manifest).hexdigest()


def load(directory: Path | str, manifest_sha256: str | None = None) -> Scorer:
    """Calling this will read a model that ``save`` wrote, checking every sum, size, shape and number first.

    With ``manifest_sha256`` only exactly that model is accepted: keep what ``save`` returned apart from the files.
    Raises ArtifactRefused, saying what is wrong, for anything else; nothing read is ever executed.
    """
    folder = Path(directory)
    checker = _Checker(folder)
    try:
        manifest = _read(folder / MANIFEST, _MOST_MANIFEST)
        if manifest_sha256 is not None:
            checker.require(
                hashlib.sha256(manifest).hexdigest() == manifest_sha256, f"{MANIFEST} is not the one that was pinned"
            )
        model_entry, arrays_entry = _entries(checker, _json(checker, MANIFEST, manifest))
        described = _json(checker, model_entry.name, _checked(checker, folder, model_entry))
        arrays = _arrays(checker, arrays_entry.name, _checked(checker, folder, arrays_entry))
    except OSError as error:
        raise ArtifactRefused(f"{folder}: {error.strerror}: {Path(error.filename or folder).name}") from error
    return _scorer(checker, model_entry.name, described, arrays)


def _scorer(checker: _Checker, name: str, described: Any, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Scorer:
    expected = {"labels", "words", "letters", "unknown", "offset", "assurance", "threshold", "familiar", "version"}
    checker.require(isinstance(described, dict) and set(described) == expected, f"{name}: other fields than expected")
    for key in ("labels", "words", "letters"):
        values = described[key]
        checker.require(
            isinstance(values, list) and all(isinstance(value, str) for value in values),
            f"{name}: {key} is not a list of texts",
        )
        checker.require(len(set(values)) == len(values), f"{name}: {key} names something twice")
    checker.require(len(described["labels"]) >= 2, f"{name}: fewer than two labels")
    unknown = described["unknown"]
    checker.require(isinstance(unknown, list) and len(unknown) == 2, f"{name}: unknown is not a pair")
    assurance = described["assurance"]
    checker.require(
        isinstance(assurance, list) and len(assurance) == len(PLAIN.weights) + 1,
        f"{name}: assurance is not {len(PLAIN.weights) + 1} numbers",
    )
    numbers = [("assurance", value) for value in assurance]
    numbers += [("unknown", unknown[0]), ("unknown", unknown[1])]
    numbers += [(key, described[key]) for key in ("offset", "threshold", "familiar")]
    for key, value in numbers:
        checker.require(type(value) in (int, float) and abs(value) < 1e6, f"{name}: {key} is not a sensible number")
    checker.require(0 <= described["threshold"] <= NEVER, f"{name}: threshold is not between 0 and {NEVER}")
    checker.require(0 <= described["familiar"] <= 1, f"{name}: familiar is not between 0 and 1")
    version = described["version"]
    checker.require(isinstance(version, str) and _VERSION.fullmatch(version) is not None, f"{name}: not a version")
    features, labels = len(described["words"]) + len(described["letters"]), len(described["labels"])
    shapes = {"frequency": (features,), "weights": (features, labels), "bias": (labels,)}
    for key, array in arrays.items():
        checker.require(isinstance(array, np.ndarray), f"{key}: not readable as plain arrays")
        checker.require(array.dtype == _ARRAYS[key], f"{key}: numbers of type {array.dtype}, not {_ARRAYS[key]}")
        checker.require(array.shape == shapes[key], f"{key}: shape {array.shape}, not {shapes[key]}")
        checker.require(bool(np.isfinite(array).all()), f"{key}: a number that is not finite")
    return Scorer(
        labels=tuple(described["labels"]),
        words=tuple(described["words"]),
        letters=tuple(described["letters"]),
        frequency=arrays["frequency"],
        unknown=(float(unknown[0]), float(unknown[1])),
        weights=np.ascontiguousarray(arrays["weights"], dtype=np.float32),
        bias=arrays["bias"],
        offset=float(described["offset"]),
        assurance=_assurance(assurance),
        threshold=float(described["threshold"]),
        familiar=float(described["familiar"]),
        version=version,
    )


def _assurance(numbers: Sequence[float]) -> Assurance:
    *weights, bias = map(float, numbers)
    read = Assurance(tuple(weights), bias)
    return PLAIN if read == PLAIN else read


def _entries(checker: _Checker, manifest: Any) -> tuple[_Entry, _Entry]:
    checker.require(
        isinstance(manifest, dict) and manifest.get("format") == FORMAT,
        f"{MANIFEST}: not a manifest of format {FORMAT}",
    )
    files = manifest.get("files")
    checker.require(isinstance(files, dict) and len(files) == 2, f"{MANIFEST}: does not name two files")
    found: dict[str, _Entry] = {}
    for name, facts in files.items():
        checker.require(_FILE.fullmatch(name) is not None, f"{MANIFEST}: names a file that is no part of a model")
        checker.require(
            isinstance(facts, dict)
            and isinstance(facts.get("sha256"), str)
            and _SUM.fullmatch(facts["sha256"]) is not None
            and type(facts.get("size")) is int
            and 0 < facts["size"] <= MOST_BYTES,
            f"{MANIFEST}: no sum, or no size up to {MOST_BYTES} bytes, for {name}",
        )
        found[name.partition("-")[0]] = _Entry(name, facts["sha256"], facts["size"])
    checker.require(set(found) == {"model", "arrays"}, f"{MANIFEST}: does not name a model and its arrays")
    return found["model"], found["arrays"]


def _arrays(checker: _Checker, name: str, content: bytes) -> dict[str, np.ndarray[Any, Any]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            checker.require(
                sorted(member.filename for member in members) == sorted(f"{key}.npy" for key in _ARRAYS),
                f"{name}: other arrays than {', '.join(_ARRAYS)}",
            )
            # Stored, not packed: what comes out is never larger than the file whose size was checked.
            checker.require(
                all(member.compress_type == zipfile.ZIP_STORED for member in members), f"{name}: packed arrays"
            )
        with np.load(io.BytesIO(content), allow_pickle=False) as loaded:
            return {key: loaded[key] for key in _ARRAYS}
    except (zipfile.BadZipFile, ValueError, EOFError, KeyError, NotImplementedError, MemoryError) as error:
        raise ArtifactRefused(f"{checker.where}: {name}: not readable as plain arrays ({error})") from error


def _checked(checker: _Checker, folder: Path, entry: _Entry) -> bytes:
    content = _read(folder / entry.name, entry.size)
    checker.require(len(content) == entry.size, f"{entry.name}: not the {entry.size} bytes the manifest names")
    checker.require(
        hashlib.sha256(content).hexdigest() == entry.sha256, f"{entry.name}: content does not match its sum"
    )
    return content


def _json(checker: _Checker, name: str, content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ArtifactRefused(f"{checker.where}: {name}: not JSON") from error


def _read(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        # One byte more than allowed, so that a longer file shows without being read.
        return file.read(most + 1)


def _named_by(manifest: Path) -> set[str]:
    try:
        files = json.loads(_read(manifest, _MOST_MANIFEST))["files"]
        return {name for name in files if _FILE.fullmatch(name)}
    except (OSError, ValueError, KeyError, TypeError):
        return set()  # nothing readable stood there, so nobody can be in the middle of loading it


def _write(folder: Path, kind: str, ending: str, content: bytes) -> _Entry:
    digest = hashlib.sha256(content).hexdigest()
    name = f"{kind}-{digest[:16]}.{ending}"
    _replace(folder, name, content)
    return _Entry(name, digest, len(content))


def _replace(folder: Path, name: str, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(folder / name)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
