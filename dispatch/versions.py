"""Trained models on disk: each version in a folder of its own, and one small file that says which serves.

``versions/<version>/`` is what ``classifier.reader`` wrote. The file ``current`` lists the versions kept, the one that
serves first, each with the SHA-256 of its manifests: a folder that was exchanged, damaged, or that somebody else could
write to is refused, and the next of the list serves. ``current`` is replaced by rename, so whoever reads it sees the
old list or the new one; running processes notice by looking at the file once for each batch.

The folder belongs to one machine, or to all that share ``ADUAN_VAR``.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from classifier import reader as readers
from classifier.artifact import MANIFEST, ArtifactRefused
from classifier.reader import Reader

log = logging.getLogger("aduan.versions")

FORMAT = 1
KEPT = 10
CURRENT = "current"
#: The same list once more: a list that was damaged must not cost what was learnt.
COPY = "current.copy"
FOLDER = "versions"
_MOST_POINTER = 64 * 1024
_VERSION = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}")
_SUM = re.compile(r"[0-9a-f]{64}")
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Kept:
    """Calling this will name one version on disk and the SHA-256 of its manifests."""

    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Pointer:
    """Calling this will hold what ``current`` says: the versions kept, the one that serves first and what to fall back
    on after it, and the starter with the SHA-256 of the texts it was made from (``source``).
    """

    kept: tuple[Kept, ...] = ()
    starter: str = ""
    source: str = ""

    @property
    def serving(self) -> str:
        """Calling this will name the version that should serve, empty when there is none."""
        return self.kept[0].version if self.kept else ""

    def entry(self, version: str) -> Kept | None:
        """Calling this will find a version that is kept."""
        return next((each for each in self.kept if each.version == version), None)

    def first(self, version: str) -> Pointer:
        """Calling this will put a kept version first. Raises KeyError for one that is not kept."""
        found = self.entry(version)
        if found is None:
            raise KeyError(version)
        return replace(self, kept=(found, *(each for each in self.kept if each != found)))

    def last(self, version: str) -> Pointer:
        """Calling this will put a kept version last: the others are fallen back on before it."""
        rest = tuple(each for each in self.kept if each.version != version)
        return replace(self, kept=(*rest, *(each for each in self.kept if each.version == version)))

    def without(self, version: str) -> Pointer:
        """Calling this will leave a version out."""
        return replace(self, kept=tuple(each for each in self.kept if each.version != version))


def read_pointer(models: Path, name: str = CURRENT) -> Pointer:
    """Calling this will read which versions are kept in the folder ``models``.

    Raises ArtifactRefused when there is no such file, it is damaged, or others than its owner can write it.
    """
    path = models / name
    try:
        _refuse_open_doors(models, path)
        if not path.is_file():
            raise ArtifactRefused(f"{path}: no model is in place")
        with path.open("rb") as file:
            found = json.loads(file.read(_MOST_POINTER))
        return _pointer(found)
    except OSError as error:
        raise ArtifactRefused(f"{path}: {error.strerror or 'cannot be read'}") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ArtifactRefused(f"{path}: damaged, it does not say which model serves") from error


def trusted_pointer(models: Path) -> tuple[Pointer, tuple[str, ...]]:
    """Calling this will read which versions are kept, from the copy where the list itself is refused, and what was
    wrong with the list. Raises ArtifactRefused when neither can be trusted.
    """
    try:
        return read_pointer(models), ()
    except ArtifactRefused as error:
        try:
            found = read_pointer(models, COPY)
        except ArtifactRefused:
            raise error from None
        log.error("the list of models is refused", extra={"error": str(error)})
        return found, (str(error),)


def write_pointer(models: Path, pointer: Pointer) -> None:
    """Calling this will say which version serves, from now on and for every process, and delete versions that are not
    kept any more: all but the newest ten and the starter.
    """
    kept = pointer.kept[:KEPT]
    starter = pointer.entry(pointer.starter)
    if starter is not None and starter not in kept:
        kept = (*kept[: KEPT - 1], starter)
    pointer = replace(pointer, kept=kept)
    models.mkdir(parents=True, exist_ok=True)
    models.chmod(0o700)
    if (models / CURRENT).is_dir() and not (models / CURRENT).is_symlink():
        shutil.rmtree(models / CURRENT)  # where an older release kept its only model
    content = {
        "format": FORMAT,
        "kept": [{"version": each.version, "sha256": each.sha256} for each in kept],
        "starter": pointer.starter,
        "source": pointer.source,
    }
    for name in (COPY, CURRENT):
        _replace(models / name, json.dumps(content, indent=1))
    _sync(models)
    names = {each.version for each in kept}
    for folder in (models / FOLDER).iterdir() if (models / FOLDER).is_dir() else ():
        if folder.name not in names and not folder.is_symlink():
            shutil.rmtree(folder, ignore_errors=True)


def save(models: Path, reader: Reader) -> Kept:
    """Calling this will write a version to its folder, for its owner's eyes only; it does not serve yet.

    A folder of that version is replaced: the same name means the same content.
    """
    if _VERSION.fullmatch(reader.version) is None:
        raise ArtifactRefused(f"{reader.version!r} is not the name of a version")
    folder = models / FOLDER / reader.version
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".", suffix=".part"))
    try:
        readers.save(reader, partial)
        tighten(partial)
        if folder.exists():
            shutil.rmtree(folder)
        partial.replace(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    for each in (models, folder.parent):
        each.chmod(0o700)
        _sync(each)
    return Kept(reader.version, _sum(folder))


def load(models: Path, kept: Kept) -> Reader:
    """Calling this will load one version. Raises ArtifactRefused when it is not exactly the one that was saved, or
    somebody else could have changed it.
    """
    folder = models / FOLDER / kept.version
    if _VERSION.fullmatch(kept.version) is None:
        raise ArtifactRefused(f"{kept.version!r} is not the name of a version")
    try:
        _refuse_open_doors(models, models / FOLDER, folder, *folder.rglob("*"))
        if not folder.is_dir() or _sum(folder) != kept.sha256:
            raise ArtifactRefused(f"{folder}: is not the model that was saved there")
        found = readers.load(folder)
    except OSError as error:
        raise ArtifactRefused(f"{folder}: {error.strerror or 'cannot be read'}") from error
    if found.version != kept.version:
        raise ArtifactRefused(f"{folder}: holds {found.version}")
    return found


@dataclass(frozen=True, slots=True)
class Loaded:
    """Calling this will hold the model that serves and, where it is not the one that should, why not."""

    reader: Reader
    faults: tuple[str, ...] = ()


def load_serving(models: Path) -> Loaded:
    """Calling this will load the version that should serve, or else the first of those kept that can be trusted; what
    was refused is logged and named in ``faults``.

    Raises ArtifactRefused when none can.
    """
    pointer, found = trusted_pointer(models)
    faults = list(found)
    for kept in pointer.kept:
        try:
            return Loaded(load(models, kept), tuple(faults))
        except ArtifactRefused as error:
            log.error("a model is refused", extra={"version": kept.version, "error": str(error)})
            faults.append(str(error))
    raise ArtifactRefused("; ".join(faults) or f"{models / CURRENT}: no model is in place")


@dataclass(slots=True)
class Store:
    """Calling this will keep the serving model of one process at hand and notice when another one should serve."""

    models: Path
    faults: tuple[str, ...] = ()
    _loaded: Reader | None = None
    _seen: tuple[int, ...] = field(default=())

    def reader(self) -> Reader:
        """Calling this will give the model that serves; one look at a file's date when nothing changed.

        A change to something that cannot be trusted is logged, and the model at hand serves on. Raises ArtifactRefused
        when there is none at hand.
        """
        now = _signature(self.models / CURRENT)
        if self._loaded is not None and now == self._seen:
            return self._loaded
        try:
            found = load_serving(self.models)
        except ArtifactRefused as error:
            if self._loaded is None:
                raise
            log.error("the model at hand serves on", extra={"version": self._loaded.version, "error": str(error)})
            self.faults, self._seen = (str(error),), now
            return self._loaded
        if self._loaded is not None and self._loaded.version != found.reader.version:
            log.info("another model serves", extra={"version": found.reader.version})
        self._loaded, self.faults, self._seen = found.reader, found.faults, now
        return found.reader


def tighten(folder: Path) -> None:
    """Calling this will make a folder and all in it its owner's alone (0700, 0600)."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o700 if path.is_dir() else 0o600)


def _replace(path: Path, content: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise


def _pointer(found: Any) -> Pointer:
    if found["format"] != FORMAT:
        raise ValueError("another format")
    kept = tuple(Kept(str(each["version"]), str(each["sha256"])) for each in found["kept"])
    if not all(_VERSION.fullmatch(each.version) and _SUM.fullmatch(each.sha256) for each in kept):
        raise ValueError("names something that is no version")
    return Pointer(kept, str(found["starter"]), str(found["source"]))


def _refuse_open_doors(*paths: Path) -> None:
    for path in paths:
        with suppress(FileNotFoundError):
            facts = path.lstat()
            if stat.S_ISLNK(facts.st_mode):
                raise ArtifactRefused(f"{path}: is a link")
            if facts.st_mode & _OTHERS_WRITE:
                raise ArtifactRefused(f"{path}: others than its owner can write it")
            if facts.st_uid not in (os.getuid(), 0):
                raise ArtifactRefused(f"{path}: belongs to somebody else")


def _sum(folder: Path) -> str:
    """One sum over the manifests of a version; they hold the sums of everything else."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob(MANIFEST)):
        digest.update(f"{path.relative_to(folder).as_posix()}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _signature(path: Path) -> tuple[int, ...]:
    try:
        facts = path.stat()
    except OSError:
        return (0,)
    return (facts.st_mtime_ns, facts.st_ino, facts.st_size)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
