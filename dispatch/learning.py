"""Nightly retraining: what officers decided becomes a candidate, and the candidate serves only if it is better.

1. Fewer than 40 new lessons: nothing is done.
2. The newest texts the serving model never learnt from are held out (a fifth of all rows, 40 at least); a candidate is
   trained on the pack and on the rest, none of it a near-copy of what is held out.
3. It must be better on those (``comparing.Comparison.better``) and unlearn nothing of the canary set.
4. Then everything is learnt; the result is put before the canary set once more, saved as a version, and serves.
Whatever is refused is recorded with its figures and the reason; the model that served goes on.
"""

from __future__ import annotations

import logging
import os
import resource
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from classifier import teaching
from classifier.artifact import ArtifactRefused
from classifier.dataset import Dataset, DatasetError
from classifier.groups import near_copies
from classifier.reader import Reader
from classifier.scorer import Scorer
from dispatch import comparing, lessons, logs, training
from dispatch.config import ConfigFaults
from dispatch.lessons import Lesson, Lessons
from dispatch.models import ModelState, ModelVersion
from dispatch.region import RegionFaults
from dispatch.runtime import Runtime, from_environment
from dispatch.services import models

log = logging.getLogger("aduan.learning")

LEAST_NEW = 40
LEAST_HELD_OUT = 40
#: Beside those held out, a candidate needs something new to learn from.
LEAST_TO_LEARN = 20
HELD_OUT_SHARE = 0.2
NAME = "local"
#: Bounds of the training process: virtual memory in bytes, processor time in seconds.
MEMORY = 4 * 1024**3
SECONDS = 1_800


class Result(StrEnum):
    """What became of a training."""

    SERVES = "serves"
    REFUSED = "refused"
    WAITS = "waits"  # nothing to do yet
    TAKEN = "taken"  # another process is at it, or has done tonight's


@dataclass(frozen=True, slots=True)
class Outcome:
    """Calling this will hold what became of a training, in one sentence for the operator, and the version it is
    about.
    """

    result: Result
    text: str
    version: str = ""


def retrain(runtime: Runtime, *, at_once: bool = False, night: date | None = None) -> Outcome:
    """Calling this will train on what people decided and let the result serve if it is better (minutes on one core).

    ``at_once`` does not wait for 40 new lessons. ``night`` makes it that night's one training. Raises DatasetError for
    a faulty canary set, ArtifactRefused when no model can serve.
    """
    holder = f"{socket.gethostname()}:{os.getpid()}"
    with runtime.writing() as session:
        if not models.begin(session, runtime.now(), holder, night):
            return Outcome(Result.TAKEN, "another process trains, or tonight's training is done")
    try:
        found = _retrain(runtime, at_once)
    finally:
        with runtime.writing() as session:
            models.end(session, holder)
    log.info("retraining", extra={"outcome": found.result, "version": found.version})
    return found


def note_serving(runtime: Runtime) -> None:
    """Calling this will see that the version in service has its row, as after an installation or a restart."""
    try:
        version = runtime.classifier.version
    except ArtifactRefused:
        return
    with runtime.reading() as session:
        row = models.find(session, version)
        if row is not None and row.state == ModelState.SERVING:
            return
    figures = {"mix": comparing.spread([each.category for each in runtime.region.examples])}
    with runtime.writing() as session:
        models.serves(session, runtime.now(), version, taught=len(runtime.region.examples), figures=figures)


def roll_back(runtime: Runtime, version: str = "", *, staff_id: int | None = None) -> tuple[str, str]:
    """Calling this will let an earlier version serve again, the last one unless told, and write down who did it.

    Returns the version taken out and the one that serves. Raises ArtifactRefused, and changes nothing, when it is not
    kept or cannot be trusted.
    """
    note_serving(runtime)
    before, now = training.roll_back(runtime, version)
    with runtime.writing() as session:
        models.rolled_back(session, runtime.now(), before, now, staff_id=staff_id)
    return before, now


def _retrain(runtime: Runtime, at_once: bool) -> Outcome:
    region = runtime.region
    canary = comparing.read_canary(runtime.settings, region.categories)
    serving_version = training.ensure_model(runtime)
    note_serving(runtime)
    with runtime.reading() as session:
        row = models.find(session, serving_version)
        new = models.new_labels(session)
        if new < LEAST_NEW and not at_once:
            return Outcome(Result.WAITS, f"{new} new lessons; training waits for {LEAST_NEW}")
        found = lessons.gather(session, region)
    serving = training.load(runtime, serving_version).agency
    taught = training.taught(region)
    held, rest = split(found, taught, _until(row))
    if not held:
        need = LEAST_HELD_OUT + LEAST_TO_LEARN
        return Outcome(
            Result.WAITS, f"{need} texts the model never saw are needed to train and test, and are not there"
        )
    return _tried(runtime, _Trial(runtime, canary, serving, taught, found, held, rest))


def split(found: Lessons, taught: Dataset, until: int) -> tuple[list[Lesson], list[Lesson]]:
    """Calling this will hold out the newest lessons given after the label ``until``, and give them and the rest.

    No text of the rest, nor of ``taught``, is a near-copy of one held out. Both are empty when there are too few.
    """
    rows = list(found.rows)
    groups = near_copies([*(each.text for each in rows), *taught.texts]).tolist()
    known = set(groups[len(rows) :])
    unseen = [at for at, each in enumerate(rows) if each.label_id > until and groups[at] not in known]
    count = max(LEAST_HELD_OUT, min(int(HELD_OUT_SHARE * len(rows)), len(unseen) // 2))
    if len(unseen) < count + LEAST_TO_LEARN:
        return [], []
    held = set(unseen[:count])
    copies = {groups[at] for at in held}
    rest = [each for at, each in enumerate(rows) if at not in held and groups[at] not in copies]
    return [rows[at] for at in sorted(held)], rest


@dataclass(frozen=True, slots=True)
class _Trial:
    """What one training is made of."""

    runtime: Runtime
    canary: Dataset
    serving: Scorer
    taught: Dataset
    found: Lessons
    held: Sequence[Lesson]
    rest: Sequence[Lesson]

    def train(self, rows: Sequence[Lesson]) -> Scorer:
        """Train on the pack and on some lessons."""
        region = self.runtime.region
        local = self.found.data(rows)
        name = f"{NAME}-{region.version}"
        weak = training.known(region)
        return teaching.train(self.taught, local, weak=weak, precision=region.sure_precision, name=name)


def _tried(runtime: Runtime, trial: _Trial) -> Outcome:
    candidate = trial.train(trial.rest)
    held = comparing.compare(trial.serving, candidate, trial.found.data(trial.held))
    canary = comparing.compare_canary(trial.serving, candidate, trial.canary)
    figures: dict[str, Any] = {
        **comparing.as_figures(held, canary),
        "against": trial.serving.version,
        "until": max(each.label_id for each in trial.found.rows),
        "mix": comparing.spread([each.category for each in trial.found.rows]),
        "left_out": trial.found.left_out,
    }
    if not held.better:
        return _refused(trial, candidate, len(trial.rest), figures, _not_better(held))
    if not canary.alive:
        return _refused(trial, candidate, len(trial.rest), figures, _unlearnt(canary))
    final = trial.train(trial.found.rows)
    last = comparing.compare_canary(trial.serving, final, trial.canary)
    figures |= comparing.as_figures(None, last)
    if not last.alive:
        return _refused(trial, final, len(trial.found.rows), figures, _unlearnt(last))
    with runtime.reading() as session:
        known = models.find(session, final.version)
    if known is not None and known.state == ModelState.WITHDRAWN:
        text = f"{final.version} is what a person took out of service; it does not come back by itself"
        return Outcome(Result.REFUSED, text, final.version)
    return _serve(trial, final, figures)


def _serve(trial: _Trial, final: Scorer, figures: dict[str, Any]) -> Outcome:
    runtime, count = trial.runtime, len(trial.found.rows)
    training.serve(runtime, Reader(final, training.starter(runtime).aspects))
    with runtime.writing() as session:
        models.serves(
            session,
            runtime.now(),
            final.version,
            taught=len(trial.taught.texts),
            local=count,
            figures=figures,
            reason="better",
        )
    held = figures["held_out"]
    text = (
        f"{final.version} serves: {held['candidate']:.1%} right instead of {held['serving']:.1%} "
        f"on {held['rows']} held-out texts; it learnt from {count} tickets"
    )
    return Outcome(Result.SERVES, text, final.version)


def _refused(trial: _Trial, made: Scorer, count: int, figures: dict[str, Any], reason: str) -> Outcome:
    with trial.runtime.writing() as session:
        models.refuse(
            session,
            trial.runtime.now(),
            made.version,
            taught=len(trial.taught.texts),
            local=count,
            figures=figures,
            reason=reason,
        )
    log.warning("a candidate is refused", extra={"version": made.version, "error": reason})
    return Outcome(
        Result.REFUSED, f"{made.version} is refused: {reason}; {trial.serving.version} goes on", made.version
    )


def _not_better(held: comparing.Comparison) -> str:
    return (
        f"not better on {held.rows} held-out texts ({held.candidate_right:.1%} right, the serving one "
        f"{held.serving_right:.1%}; the lower log loss in {held.better_share:.0%} of resamples)"
    )


def _unlearnt(canary: comparing.Canary) -> str:
    fallen = f"; unlearnt: {', '.join(canary.fallen)}" if canary.fallen else ""
    return f"worse on the canary set ({canary.candidate_right:.1%}, the serving one {canary.serving_right:.1%}{fallen})"


def _until(row: ModelVersion | None) -> int:
    """The last label the serving model may have learnt from; none for a starter."""
    found = row.figures.get("until", 0) if row is not None and row.local else 0
    return found if isinstance(found, int) else 0


def bounded() -> None:
    """Calling this will cap this process's memory and processor time, and let everything else go first."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(10)


def main() -> int:
    """Calling this will do tonight's training as a process of its own; a line on standard output says what came of it,
    none where tonight's was done already.

    Status 1 when it could not be done.
    """
    bounded()
    logs.configure("learning")
    try:
        runtime = from_environment()
        night = runtime.region.local(runtime.now()).date()
        found = retrain(runtime, night=night)
    except (ArtifactRefused, ConfigFaults, DatasetError, RegionFaults, MemoryError) as error:
        log.error("retraining failed", extra={"error": type(error).__name__})
        sys.stdout.write(f"{type(error).__name__}: {error}".splitlines()[0] + "\n")
        return 1
    runtime.close()
    if found.result is not Result.TAKEN:
        sys.stdout.write(found.text + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
