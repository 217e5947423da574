"""When a question is asked, what it offers, and what it is worth."""

from __future__ import annotations

import pytest

from classifier.asking import Asking, gain
from classifier.suggestion import Prediction, Suggestion


def prediction(*confidences: float, sure: bool = False) -> Prediction:
    """Labels "a", "b", … with these confidences."""
    ranked = tuple(Suggestion(label, value) for label, value in zip("abcdef", confidences, strict=False))
    return Prediction(ranked, sure, "test-1")


RULE = Asking(together=0.6, each=0.1, most=3)
DECISIONS: dict[str, tuple[Prediction, tuple[str, ...]]] = {
    "two that are close": (prediction(0.4, 0.35, 0.1), ("a", "b")),
    "three where two do not suffice": (prediction(0.3, 0.25, 0.2), ("a", "b", "c")),
    "exactly enough": (prediction(0.4, 0.2, 0.1), ("a", "b")),
    "a clear first that is not sure": (prediction(0.7, 0.15, 0.1), ("a", "b")),
    "sure": (prediction(0.95, 0.03, sure=True), ()),
    "sure, though others are close": (prediction(0.5, 0.45, sure=True), ()),
    "a far second": (prediction(0.8, 0.09, 0.05), ()),
    "all far": (prediction(0.2, 0.15, 0.15), ()),
    "a far third": (prediction(0.3, 0.25, 0.09), ()),
    "one alone": (prediction(0.7), ()),
    "nothing": (prediction(), ()),
    "more than three": (prediction(0.2, 0.2, 0.15, 0.15, 0.15), ()),
}


@pytest.mark.parametrize("case", DECISIONS)
def test_decision(case: str) -> None:
    asked, offered = DECISIONS[case]
    assert RULE.decide(asked) == offered


def test_the_most_is_kept() -> None:
    assert Asking(together=0.6, each=0.1, most=2).decide(prediction(0.3, 0.25, 0.2)) == ()


def test_gain_counts_every_text_once() -> None:
    predictions = [
        prediction(0.95, 0.02, sure=True),
        prediction(0.92, 0.05, sure=True),
        prediction(0.4, 0.35),
        prediction(0.4, 0.35),
        prediction(0.2, 0.1),
    ]
    worth = gain(predictions, ["a", "b", "b", "e", "a"], RULE, answered=0.5, right=0.8)
    assert (worth.rows, worth.sure, worth.sure_right) == (5, 0.4, 0.2)
    assert (worth.asked, worth.held) == (0.4, 0.5)
    assert worth.settled == pytest.approx(0.4 * 0.5 * 0.5 * 0.8)
    assert worth.misled == pytest.approx(0.4 * 0.5 * 0.2)
    assert worth.at_once == pytest.approx(0.2 + worth.settled)


def test_where_nothing_is_asked_nothing_is_gained() -> None:
    worth = gain([prediction(0.2, 0.1)], ["a"], RULE)
    assert (worth.asked, worth.held, worth.settled, worth.misled) == (0, 0, 0, 0)


@pytest.mark.parametrize(("predictions", "truth"), [([], []), ([prediction(0.5)], [])], ids=["no texts", "no labels"])
def test_what_cannot_be_measured_is_refused(predictions: list[Prediction], truth: list[str]) -> None:
    with pytest.raises(ValueError):
        gain(predictions, truth)
