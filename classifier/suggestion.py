"""What the classifier answers: frozen values without behaviour, so that every floor can keep and compare them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Calling this will hold one label, how likely it is (0 to 1, calibrated) and the citizen's words that spoke for
    it.
    """

    label: str
    confidence: float
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prediction:
    """Calling this will hold the ranked suggestions for one text, the likeliest first.

    ``sure`` says that the first suggestion reached the confidence at which the model was as precise as asked on
    texts it had not seen; without it a person decides. ``model`` is the version to keep beside the decision.
    """

    suggestions: tuple[Suggestion, ...]
    sure: bool
    model: str
