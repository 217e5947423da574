"""One reading of a text: the agency and everything beside it, from one pass over its words.

A folder holds one artifact for the agencies and one for each aspect the region pack teaches; an aspect it does not
teach, or a text it cannot judge, reads as "nothing to report".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from classifier import artifact, language, personal
from classifier.artifact import ArtifactRefused
from classifier.judge import Judge, Traits, traits
from classifier.reading import Danger, Kind, Reading
from classifier.scorer import Scorer, read_tokens
from classifier.suggestion import Prediction
from classifier.text import MAX_CHARACTERS

AGENCY = "agency"
KIND, SUPERVISION, DANGER, URGENT = "kind", "supervision", "danger", "urgent"
#: A sentence among others tells of danger only where it leaves next to no doubt: out of its context it says less.
SENTENCE_FROM = 0.9
SENTENCE_WORDS = 3
SHORT_WORDS = 6
MOST_SENTENCES = 20
_END = re.compile(r"[.!?;\n]+")
#: Which danger: told apart among texts that tell of one.
DANGER_KIND = "danger_kind"
YES, NO, NONE = "yes", "no", "none"
#: The labels each aspect may have: a model with others was made for something else.
LABELS: Mapping[str, frozenset[str]] = {
    KIND: frozenset(Kind),
    SUPERVISION: frozenset({YES, NO}),
    DANGER: frozenset({YES, NO}),
    DANGER_KIND: frozenset(Danger),
    URGENT: frozenset({YES, NO}),
}


@dataclass(frozen=True, eq=False)
class Reader:
    """Calling this will hold the scorer of agencies and the models of the aspects, and answer ``read``.

    An aspect's ``threshold`` is the probability of "yes" from which it is raised.
    """

    agency: Scorer
    aspects: Mapping[str, Scorer]
    _judges: dict[str, Judge] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        for aspect, scorer in self.aspects.items():
            self._judges[aspect] = Judge(scorer)

    @property
    def version(self) -> str:
        """Calling this will give the version of the scorer of agencies."""
        return self.agency.version

    def suggest(self, texts: Sequence[str], top: int = 3) -> list[Prediction]:
        """Calling this will rank the agencies alone, as ``Scorer.suggest`` does."""
        return self.agency.suggest(texts, top)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """Calling this will read each text whole. No text makes it raise, and its time is bounded: nothing beyond
        ``MAX_CHARACTERS`` is looked at, but for the encoded noise somebody may have put before the words (``clean``).
        """
        return [self._read(text) for text in texts]

    def _read(self, text: str) -> Reading:
        found = read_tokens(text)
        seen = traits(text, [token.form for token in found]) if found and self._judges else None
        text = text[:MAX_CHARACTERS]
        kind, kind_confidence = self._best(KIND, seen)
        supervision, supervision_confidence = self._raised(SUPERVISION, seen)
        danger, danger_confidence, told_by = self._danger(text, seen)
        threat = self._best(DANGER_KIND, told_by)[0] if danger else None
        return Reading(
            prediction=self.agency.suggest_tokens(found),
            kind=Kind(kind or Kind.COMPLAINT),
            kind_confidence=kind_confidence,
            supervision=supervision,
            supervision_confidence=supervision_confidence,
            danger=Danger(threat) if threat else None,
            danger_confidence=danger_confidence,
            urgent=not threat and self._raised(URGENT, seen)[0],
            personal=personal.find(text),
            language=language.tell(text),
        )

    def _danger(self, text: str, seen: Traits | None) -> tuple[bool, float, Traits | None]:
        """Whether a text tells of danger, how surely, and what it was read in: the whole, else the one sentence that
        tells of it. Whoever first complains of other matters would not be heard as a whole."""
        danger, confidence = self._raised(DANGER, seen)
        if danger and confidence < SENTENCE_FROM and len(text.split()) <= SHORT_WORDS:
            # "dekat pintu masuk": the answer to a question, of which next to nothing is known.
            return False, 1 - confidence, seen
        if danger or seen is None or DANGER not in self._judges:
            return danger, confidence, seen
        for part in _sentences(text):
            found = read_tokens(part)
            alone = traits(part, [token.form for token in found]) if found else None
            sure = self._probabilities(DANGER, alone).get(YES, 0.0)
            if sure >= SENTENCE_FROM:
                return True, sure, alone
        return False, confidence, seen

    def _probabilities(self, aspect: str, seen: Traits | None) -> dict[str, float]:
        """Nothing where the aspect is not taught, or nothing in the text is known."""
        judge = self._judges.get(aspect)
        return judge.probabilities(seen) if judge and seen else {}

    def _best(self, aspect: str, seen: Traits | None) -> tuple[str, float]:
        every = self._probabilities(aspect, seen)
        best = max(every, key=every.__getitem__, default="")
        return best, every.get(best, 0.0)

    def _raised(self, aspect: str, seen: Traits | None) -> tuple[bool, float]:
        """Whether it is so, and the probability of the answer given."""
        every = self._probabilities(aspect, seen)
        if not every:
            return False, 0.0
        raised = every[YES] >= self.aspects[aspect].threshold
        return raised, every[YES if raised else NO]


def _sentences(text: str) -> list[str]:
    """The sentences of a text that has several: those of some words, and of a long one the first and the last."""
    found = [part for part in _END.split(text) if len(part.split()) >= SENTENCE_WORDS]
    half = MOST_SENTENCES // 2
    return [] if len(found) < 2 else found if len(found) <= MOST_SENTENCES else [*found[:half], *found[-half:]]


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
        if not set(scorer.labels) <= LABELS[name] or (YES in LABELS[name] and len(scorer.labels) != 2):
            raise ArtifactRefused(f"{folder / name}: labels that do not belong to {name}")
    if (DANGER in aspects) != (DANGER_KIND in aspects):
        raise ArtifactRefused(f"{folder}: {DANGER} and {DANGER_KIND} belong together")
    return Reader(artifact.load(folder / AGENCY), aspects)
