"""Why a label: what each word adds to it, found by leaving the word out."""

from __future__ import annotations

from dataclasses import dataclass

from classifier.scorer import Scorer, read_tokens

#: Only so many different words are left out one after the other: time is bounded for a text of any length.
MOST_WORDS = 200


@dataclass(frozen=True, slots=True)
class Weight:
    """Calling this will hold a word as written, its normalised form, and the confidence (0 to 1) that the label loses
    without it; below 0 where the word speaks against the label.
    """

    surface: str
    form: str
    share: float


def weights(scorer: Scorer, text: str, label: str) -> list[Weight]:
    """Calling this will weigh each different word of a text for one label, the heaviest first.

    Raises ValueError for a label the scorer does not have.
    """
    number = scorer.labels.index(label)
    tokens = read_tokens(text)
    whole = float(scorer.predict_tokens(tokens)[number])
    surfaces: dict[str, str] = {}
    for token in tokens:
        surfaces.setdefault(token.form, token.surface)
    found = []
    for form, surface in list(surfaces.items())[:MOST_WORDS]:
        rest = [token for token in tokens if token.form != form]
        found.append(Weight(surface, form, whole - float(scorer.predict_tokens(rest)[number])))
    return sorted(found, key=lambda weight: -weight.share)
