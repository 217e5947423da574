"""One reading of a text: the agency and everything beside it, from one pass over its words.

A folder holds one artifact for the agencies and one for each aspect the region pack teaches; an aspect it does not
teach, or a text it cannot judge, reads as "nothing to report".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from classifier import artifact, language, personal
from classifier.artifact import ArtifactRefused
from classifier.reading import Danger, Kind, Reading
from classifier.scorer import Scorer, read_tokens
from classifier.suggestion import Prediction
from classifier.text import MAX_CHARACTERS, Token

AGENCY = "agency"
KIND, SUPERVISION, DANGER, URGENT = "kind", "supervision", "danger", "urgent"
YES, NO, NONE = "yes", "no", "none"
#: The labels each aspect may have: a model with others was made for something else.
LABELS: Mapping[str, frozenset[str]] = {
    KIND: frozenset(Kind),
    SUPERVISION: frozenset({YES, NO}),
    DANGER: frozenset({*Danger, NONE}),
    URGENT: frozenset({YES, NO}),
}


@dataclass(frozen=True, eq=False)
class Reader:
    """Calling this will hold the scorer of agencies and those of the aspects, and answer ``read``.

    An aspect's ``threshold`` is the confidence in "yes" (for danger: in anything but "none") from which it is raised.
    """

    agency: Scorer
    aspects: Mapping[str, Scorer]

    @property
    def version(self) -> str:
        """Calling this will give the version of the scorer of agencies."""
        return self.agency.version

    def suggest(self, texts: Sequence[str], top: int = 3) -> list[Prediction]:
        """Calling this will rank the agencies alone, as ``Scorer.suggest`` does."""
        return self.agency.suggest(texts, top)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """Calling this will read each text whole. No text makes it raise, and its time is bounded: nothing beyond
        ``MAX_CHARACTERS`` is looked at.
        """
        return [self._read(text[:MAX_CHARACTERS]) for text in texts]

    def _read(self, text: str) -> Reading:
        found = read_tokens(text)
        kind, kind_confidence = self._kind(found)
        supervision, supervision_confidence = self._raised(SUPERVISION, found)
        danger, danger_confidence = self._danger(found)
        return Reading(
            prediction=self.agency.suggest_tokens(found),
            kind=kind,
            kind_confidence=kind_confidence,
            supervision=supervision,
            supervision_confidence=supervision_confidence,
            danger=danger,
            danger_confidence=danger_confidence,
            urgent=danger is None and self._raised(URGENT, found)[0],
            personal=personal.find(text),
            language=language.tell(text),
        )

    def _confidences(self, aspect: str, found: list[Token]) -> dict[str, float]:
        """Label → confidence; nothing where the aspect is not taught or there is nothing to read."""
        scorer = self.aspects.get(aspect)
        if scorer is None or not found:
            return {}
        return dict(zip(scorer.labels, scorer.predict_tokens(found).tolist(), strict=True))

    def _kind(self, found: list[Token]) -> tuple[Kind, float]:
        every = self._confidences(KIND, found)
        if not every:
            return Kind.COMPLAINT, 0.0
        best = max(every, key=every.__getitem__)
        return Kind(best), every[best]

    def _raised(self, aspect: str, found: list[Token]) -> tuple[bool, float]:
        every = self._confidences(aspect, found)
        if not every:
            return False, 0.0
        raised = every.get(YES, 0.0) >= self.aspects[aspect].threshold
        return raised, every.get(YES, 0.0) if raised else every.get(NO, 0.0)

    def _danger(self, found: list[Token]) -> tuple[Danger | None, float]:
        every = self._confidences(DANGER, found)
        if not every:
            return None, 0.0
        calm = every.pop(NONE, 0.0)
        if 1 - calm < self.aspects[DANGER].threshold:
            return None, calm
        return Danger(max(every, key=every.__getitem__)), 1 - calm


def save(reader: Reader, folder: Path) -> None:
    """Calling this will write the reader: ``folder/agency`` and one sub-folder for each aspect, each an artifact."""
    for name, scorer in {AGENCY: reader.agency, **reader.aspects}.items():
        artifact.save(scorer, folder / name)


def load(folder: Path) -> Reader:
    """Calling this will read what ``save`` wrote. Aspects without a folder are left out.

    Raises ArtifactRefused when the agencies' model is missing, or any part is damaged or made for something else.
    """
    aspects = {name: artifact.load(folder / name) for name in LABELS if (folder / name).exists()}
    for name, scorer in aspects.items():
        if not set(scorer.labels) <= LABELS[name]:
            raise ArtifactRefused(f"{folder / name}: labels that do not belong to {name}")
    return Reader(artifact.load(folder / AGENCY), aspects)
