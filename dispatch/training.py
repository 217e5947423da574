"""The classifier's place in the system: trained at set-up from the region pack's own examples, kept under
``var/models``.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
from pathlib import Path

from classifier import artifact
from classifier.artifact import ArtifactRefused
from dispatch.region import Region
from dispatch.runtime import Runtime

log = logging.getLogger("aduan.training")
STARTER = "starter"


def source_of(region: Region) -> str:
    """Calling this will give the SHA-256 of what a starter model is made from; it changes when an example does."""
    digest = hashlib.sha256(f"{artifact.FORMAT} {region.sure_precision}".encode())
    for example in region.examples:
        digest.update(json.dumps([example.text, example.category]).encode())
    return digest.hexdigest()


def ensure_model(runtime: Runtime, *, force: bool = False) -> str:
    """Calling this will train the starter model unless the one in place was made from the same examples; returns its
    version.

    A missing or damaged model is replaced. Two processes that start together train once.
    """
    folder = runtime.settings.models / "current"
    source = folder.parent / "current.source"
    wanted = source_of(runtime.region)
    folder.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder.parent / "training.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        current = not force and source.is_file() and source.read_bytes() == wanted.encode()
        version = _version_in(folder) if current else None
        if version is None:
            version = train(runtime.region, folder)
            source.write_text(wanted, encoding="ascii")
            runtime.__dict__.pop("classifier", None)
    finally:
        os.close(descriptor)
    return version


def train(region: Region, folder: Path) -> str:
    """Calling this will train on the region pack's examples (some seconds on one core), write the model to ``folder``
    and
    return its version."""
    from classifier.model import ComplaintClassifier  # scikit-learn is slow to import: only who trains pays for it

    texts = [example.text for example in region.examples]
    labels = [example.category for example in region.examples]
    name = f"{STARTER}-{region.version}"
    learner = ComplaintClassifier(precision=region.sure_precision, name=name).fit(texts, labels)
    artifact.save(learner.scorer_, folder)
    version: str = learner.scorer_.version
    log.info("trained", extra={"count": len(texts), "version": version})
    return version


def _version_in(folder: Path) -> str | None:
    try:
        return artifact.load(folder).version
    except ArtifactRefused:
        return None
