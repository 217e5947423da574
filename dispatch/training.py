"""The classifier's place in the system: trained at set-up from what the region pack teaches, kept as a version, and put
into service by whoever may.

Everything here that changes a file holds one lock, so of two processes one works and the other finds it done.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from classifier import artifact
from classifier.artifact import ArtifactRefused
from classifier.dataset import Dataset
from classifier.reader import Reader
from dispatch import versions
from dispatch.region import Region
from dispatch.runtime import Runtime
from dispatch.versions import Pointer

log = logging.getLogger("aduan.training")
STARTER = "starter"


def source_of(region: Region) -> str:
    """Calling this will give the SHA-256 of what a starter model is made from; it changes when an example does."""
    digest = hashlib.sha256(f"{artifact.FORMAT} {region.sure_precision}".encode())
    for example in region.examples:
        digest.update(json.dumps([example.text, example.category]).encode())
    for code, each in sorted(region.knowledge.items()):
        digest.update(json.dumps([code, each.definition, *each.tasks, *each.vocabulary]).encode())
    for aspect, labels in sorted(region.aspects.items()):
        for label, texts in sorted(labels.items()):
            digest.update(json.dumps([aspect, label, *texts]).encode())
    return digest.hexdigest()


def taught(region: Region) -> Dataset:
    """Calling this will give the pack's examples as a data set."""
    return Dataset(tuple(each.text for each in region.examples), tuple(each.category for each in region.examples))


def known(region: Region) -> Dataset:
    """Calling this will give the weak texts made from what the pack knows of each category."""
    from classifier import teaching

    rows = [
        (text, code)
        for code, each in region.knowledge.items()
        for text in teaching.weak_texts(each.definition, each.tasks, each.vocabulary)
    ]
    return Dataset(tuple(text for text, _ in rows), tuple(code for _, code in rows))


def train(region: Region) -> Reader:
    """Calling this will train the starter on what the region pack teaches (up to a minute on one core)."""
    from classifier import aspects, teaching  # they import scikit-learn, which only who trains pays for

    data = taught(region)
    name = f"{STARTER}-{region.version}"
    agency = teaching.train(data, weak=known(region), precision=region.sure_precision, name=name)
    reader = Reader(agency, aspects.train(region.aspects, data.texts) if region.aspects else {})
    log.info("trained", extra={"count": len(data.texts), "version": reader.version})
    return reader


def ensure_model(runtime: Runtime, *, force: bool = False) -> str:
    """Calling this will see that a model serves, and return its version.

    The starter is trained unless one made from the same texts is in place. A damaged version is dropped: the last good
    one serves, or the starter, made anew. A model that learnt from tickets goes on serving when the pack changes, as
    long as it knows every category. Two processes that start together train once.
    """
    models, region = runtime.settings.models, runtime.region
    wanted = source_of(region)
    with locked(runtime):
        pointer, serving = _sound(runtime, _pointer(runtime))
        sound = pointer.starter == serving or _loads(runtime, pointer, pointer.starter)
        if force or pointer.source != wanted or not sound:
            reader = train(region)
            kept = versions.save(models, reader)
            pointer = pointer.without(kept.version)
            pointer = replace(pointer, kept=(*pointer.kept, kept), starter=kept.version, source=wanted)
            if serving is None or serving.startswith(STARTER) or not _knows(runtime, pointer, region):
                pointer = pointer.first(kept.version)
            else:
                pointer = _renewed(runtime, pointer, reader)
            versions.write_pointer(models, pointer)
        return pointer.serving


def starter(runtime: Runtime) -> Reader:
    """Calling this will load the starter, trained first where it is missing. Raises ArtifactRefused."""
    ensure_model(runtime)
    pointer = versions.read_pointer(runtime.settings.models)
    found = pointer.entry(pointer.starter)
    if found is None:
        raise ArtifactRefused(f"{runtime.settings.models}: no starter is in place")
    return versions.load(runtime.settings.models, found)


def load(runtime: Runtime, version: str) -> Reader:
    """Calling this will load a version that is kept. Raises ArtifactRefused, also for one that is not kept."""
    found = versions.read_pointer(runtime.settings.models).entry(version)
    if found is None:
        raise ArtifactRefused(f"{version}: no such version is kept, see aduan classifier versions")
    return versions.load(runtime.settings.models, found)


def serve(runtime: Runtime, reader: Reader) -> None:
    """Calling this will save a model and let it serve; the one that served is what to fall back on."""
    with locked(runtime):
        kept = versions.save(runtime.settings.models, reader)
        pointer = _pointer(runtime).without(kept.version)
        versions.write_pointer(runtime.settings.models, replace(pointer, kept=(kept, *pointer.kept)))
    log.info("another model serves", extra={"version": reader.version})


def roll_back(runtime: Runtime, version: str = "") -> tuple[str, str]:
    """Calling this will let an earlier version serve again and return the one taken out and the one that serves.

    Without ``version`` it is the one that served before, in the end the starter. The one taken out is kept, as the last
    to fall back on. Raises ArtifactRefused, and changes nothing, when the version is not kept or cannot be trusted, or
    there is none to go back to.
    """
    models = runtime.settings.models
    with locked(runtime):
        pointer = versions.read_pointer(models)
        before = pointer.serving
        target = version or next((each.version for each in pointer.kept[1:]), "")
        found = pointer.entry(target)
        if found is None:
            reason = f"{target}: no such version is kept" if target else "there is no earlier version to go back to"
            raise ArtifactRefused(f"{reason}, see aduan classifier versions")
        if target == before:
            raise ArtifactRefused(f"{target} serves already")
        versions.load(models, found)
        versions.write_pointer(models, pointer.last(before).first(target))
    log.warning("rolled back", extra={"version": target})
    return before, target


@contextmanager
def locked(runtime: Runtime) -> Iterator[None]:
    """Calling this will hold the lock under which models are trained and put into service."""
    models = runtime.settings.models
    models.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(models / "training.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _pointer(runtime: Runtime) -> Pointer:
    """What is in place; nothing, where the list is missing or cannot be trusted."""
    try:
        return versions.trusted_pointer(runtime.settings.models)[0]
    except ArtifactRefused:
        return Pointer()  # a new installation, or one whose lists were both damaged: the starter is made anew


def _sound(runtime: Runtime, pointer: Pointer) -> tuple[Pointer, str | None]:
    """The list without the versions that were refused before one could serve, and the one that serves."""
    sound = pointer
    while sound.kept and not _loads(runtime, sound, sound.serving):
        sound = sound.without(sound.serving)
    if sound.kept and (sound != pointer or not _readable(runtime)):
        versions.write_pointer(runtime.settings.models, sound)
    return sound, sound.serving or None


def _readable(runtime: Runtime) -> bool:
    try:
        versions.read_pointer(runtime.settings.models)
    except ArtifactRefused:
        return False
    return True


def _loads(runtime: Runtime, pointer: Pointer, version: str) -> bool:
    found = pointer.entry(version)
    if found is None:
        return False
    try:
        versions.load(runtime.settings.models, found)
    except ArtifactRefused as error:
        log.error("a model is refused", extra={"version": version, "error": str(error)})
        return False
    return True


def _renewed(runtime: Runtime, pointer: Pointer, made: Reader) -> Pointer:
    """The list, its serving model with the aspects the pack teaches now: those learn nothing from tickets."""
    agency = versions.load(runtime.settings.models, pointer.kept[0]).agency
    kept = versions.save(runtime.settings.models, Reader(agency, made.aspects))
    return replace(pointer, kept=(kept, *pointer.kept[1:]))


def _knows(runtime: Runtime, pointer: Pointer, region: Region) -> bool:
    """Whether the serving model knows every category that is taught today."""
    found = pointer.entry(pointer.serving)
    if found is None:
        return False
    labels = versions.load(runtime.settings.models, found).agency.labels
    return {each.category for each in region.examples} <= set(labels)
