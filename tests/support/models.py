"""Trained models for tests: put one in place the way the system does, and spoil it the way a disk or a thief does."""

from __future__ import annotations

from pathlib import Path

from classifier.reader import Reader
from dispatch import versions
from dispatch.versions import Pointer


def place(models: Path, *readers: Reader, source: str = "") -> None:
    """Save models; the first serves, the last is the starter, and the others are fallen back on in this order."""
    kept = tuple(versions.save(models, each) for each in readers)
    versions.write_pointer(models, Pointer(kept, starter=kept[-1].version, source=source))


def files_of(models: Path, version: str = "") -> list[Path]:
    """Every file of a version, of the one that serves unless told."""
    name = version or versions.read_pointer(models).serving
    return sorted(path for path in (models / versions.FOLDER / name).rglob("*") if path.is_file())
