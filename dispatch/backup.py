"""Save an installation while it runs, and bring it back so that nothing is sent twice.

A backup is a folder: one database file, the attachments by their SHA-256, the trained models, and ``manifest.json``,
written last: a folder without it is no backup. **Keys are not part of it.** ``SECRET_KEY`` (on a laptop
``var/secret.key``), channel credentials and the ``.env`` file are to be kept apart from the data they protect.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any

from alembic.script import ScriptDirectory

from dispatch import db, snapshots, versions
from dispatch.runtime import Runtime
from dispatch.services.media import path_of
from dispatch.snapshots import BackupFault

__all__ = ["BackupFault", "backup", "restore"]

log = logging.getLogger("aduan.backup")

MANIFEST = "manifest.json"
FORMAT = 1
#: What a manifest may name, and nothing else: a path from elsewhere must not lead out of the folder.
_NAMES = re.compile(
    r"database\.(?:sqlite|dump)"
    r"|media/[0-9a-f]{2}/[0-9a-f]{64}"
    r"|models/(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*"
)
_SUM = re.compile(r"[0-9a-f]{64}")
#: Files of a running system that are no part of what it knows.
_PASSING = (".lock", ".part")


@dataclass(frozen=True, slots=True)
class Manifest:
    """Calling this will hold what a backup says of itself. ``files`` maps a path inside the folder to SHA-256 and size
    in bytes; ``rows`` a table to its number of rows; ``left_out`` names attachments whose bytes were damaged or gone.
    """

    format: int
    made_at: str
    region: str
    database: str
    revision: str
    rows: dict[str, int]
    files: dict[str, dict[str, Any]]
    left_out: list[str]


def backup(runtime: Runtime, folder: Path) -> Path:
    """Calling this will save database, attachments and models to ``folder`` (new or empty) and return it.

    The database is one consistent snapshot, taken while others write; attachments are taken after it, so each file the
    snapshot knows is there (hard-linked where the folder is on the same disk). A damaged or missing attachment does not
    keep the rest from being saved: it is left out, named in the manifest and logged. Only the folder's owner can read
    it. Raises BackupFault.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        taken = any(folder.iterdir())
    except OSError as error:
        raise BackupFault(f"{folder} cannot be used ({error.strerror}): give a new folder for each backup") from error
    if taken:  # looked at before anything of it is changed: it may be anybody's
        raise BackupFault(f"{folder} is not empty: give a new folder for each backup")
    folder.chmod(0o700)
    saved = snapshots.take(runtime.engine, folder)
    files: dict[str, dict[str, Any]] = {saved.file: _facts(folder / saved.file)}
    left_out: list[str] = []
    for digest in saved.digests:
        target = path_of(folder / "media", digest)
        if _take(path_of(runtime.settings.media, digest), target, digest, link=True):
            files[target.relative_to(folder).as_posix()] = {"sha256": digest, "size": target.stat().st_size}
        else:
            left_out.append(digest)
    for name in _models(runtime.settings.models):
        files[name] = _copy(runtime.settings.var / name, folder / name)
    manifest = Manifest(
        format=FORMAT,
        made_at=runtime.now().isoformat(),
        region=runtime.settings.region,
        database=runtime.engine.dialect.name,
        revision=saved.revision,
        rows=saved.rows,
        files=files,
        left_out=left_out,
    )
    if left_out:
        log.error("attachments are damaged or missing and were left out", extra={"count": len(left_out)})
    _sync(folder, *(folder / name for name in files))
    partial = folder / f"{MANIFEST}.part"
    partial.write_text(json.dumps(asdict(manifest), indent=1, sort_keys=True), encoding="ascii")
    _sync(partial)
    partial.replace(folder / MANIFEST)
    _sync(folder)
    log.info("saved", extra={"count": len(files)})
    return folder


def restore(runtime: Runtime, folder: Path) -> None:
    """Calling this will bring a backup back into an empty installation. Run it while nothing else of it runs.

    Nothing of it is sent again: what was queued or being sent when the backup was made may since have been sent, so it
    becomes *uncertain* in the very transaction that makes it visible, for a person to decide. Staff must sign in anew.
    Messages that had arrived and were not worked on yet will be: a citizen without an answer is worse than one with two
    receipts. Raises BackupFault, before anything is changed, for a database that holds rows, a backup of the other kind
    of database or of a newer version, a broken manifest, and a file that is missing or was changed.
    """
    manifest = _read(folder)
    kind = runtime.engine.dialect.name
    if manifest.database != kind:
        raise BackupFault(f"this is a backup of {manifest.database}, but the database here is {kind}")
    scripts = ScriptDirectory(str(Path(db.__file__).parent / "migrations"))
    if manifest.revision not in {script.revision for script in scripts.walk_revisions()}:
        raise BackupFault(f"this version does not know the backup's revision {manifest.revision}: install a newer one")
    _refuse_rows(runtime)
    _verify(folder, manifest)
    for name in manifest.files:
        path = PurePosixPath(name)
        if path.parts[0] == "media" and not _take(folder / name, path_of(runtime.settings.media, path.name), path.name):
            raise BackupFault(f"{name} was changed while it was restored: begin again with an empty installation")
        if path.parts[0] == "models":
            _copy(folder / name, runtime.settings.var / name)
    if runtime.settings.models.is_dir():
        versions.tighten(runtime.settings.models)  # a model that others could have written is refused
    snapshots.bring_back(runtime.engine, folder, runtime.now())
    with runtime.engine.connect() as connection:
        found = snapshots.count_rows(connection)
    if found != manifest.rows:
        other = sorted(name for name in found.keys() | manifest.rows if found.get(name) != manifest.rows.get(name))
        raise BackupFault(f"after restoring, the numbers of rows differ from the backup's: {', '.join(other)}")
    log.info("restored", extra={"count": len(manifest.files)})


def _refuse_rows(runtime: Runtime) -> None:
    with runtime.engine.connect() as connection:
        held = {name: count for name, count in snapshots.count_rows(connection).items() if count}
    if held:
        listed = ", ".join(f"{name} {count}" for name, count in held.items())
        raise BackupFault(
            f"the database is not empty ({listed}): restore into a new one, so that nothing is overwritten"
        )


def _read(folder: Path) -> Manifest:
    try:
        given = json.loads((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise BackupFault(f"{folder} has no {MANIFEST}: it is no backup, or one that was not finished") from None
    except (OSError, ValueError) as error:
        raise BackupFault(f"{folder / MANIFEST} cannot be read ({type(error).__name__})") from error
    fault = _fault(given)
    if fault:
        raise BackupFault(f"{folder / MANIFEST} is broken: {fault}")
    return Manifest(**given)


def _fault(given: Any) -> str:
    """What is wrong with a manifest, empty when nothing is."""
    if not isinstance(given, dict) or set(given) != {field.name for field in fields(Manifest)}:
        return "other fields than expected"
    if given["format"] != FORMAT:
        return f"not of format {FORMAT}"
    files, rows = given["files"], given["rows"]
    if not isinstance(files, dict) or not isinstance(rows, dict):
        return "files or rows are no tables"
    if any(type(count) is not int for count in rows.values()):
        return "a number of rows is no number"
    for name, facts in files.items():
        if _NAMES.fullmatch(name) is None:
            return "it names a file that is no part of a backup"
        summed = isinstance(facts, dict) and type(facts.get("size")) is int
        if not summed or _SUM.fullmatch(str(facts.get("sha256"))) is None:
            return f"no sum or size for {name}"
    if snapshots.FILES.get(str(given["database"])) not in files:
        return "it names no database file"
    return ""


def _verify(folder: Path, manifest: Manifest) -> None:
    for name, facts in manifest.files.items():
        try:
            found = _facts(folder / name)
        except OSError as error:
            raise BackupFault(f"{name} of the backup is missing or cannot be read ({type(error).__name__})") from error
        if found != {"sha256": facts["sha256"], "size": facts["size"]}:
            raise BackupFault(f"{name} of the backup was changed or damaged: its sum is not the manifest's")


def _take(source: Path, target: Path, digest: str, *, link: bool = False) -> bool:
    """Put an attachment in its place by hard link or copy; False when the bytes are not those of the digest."""
    if not source.is_file():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    if link:
        with suppress(OSError):  # another disk, or one without links
            target.hardlink_to(source)
    if not target.exists():
        _copy(source, target)
    if _facts(target)["sha256"] == digest:
        return True
    target.unlink()
    return False


def _copy(source: Path, target: Path) -> dict[str, Any]:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.part")
    shutil.copyfile(source, partial)
    _sync(partial)
    partial.replace(target)
    return _facts(target)


def _models(folder: Path) -> Iterator[str]:
    """The names inside a backup of all files of trained models."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder.parent).as_posix()
        if path.is_file() and path.suffix not in _PASSING and _NAMES.fullmatch(name):
            yield name


def _facts(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"sha256": digest, "size": file.tell()}


def _sync(*paths: Path) -> None:
    """Have the disk itself keep what was written: files, and folders for the names in them."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
