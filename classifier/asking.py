"""When one short question helps: the likeliest labels to choose from, and what asking is worth on held-out texts.

A question costs the citizen a minute and an answer that may not come. It is worth asking only where the few labels
offered most likely hold the right one, and the first of them alone does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from classifier.suggestion import Prediction

#: So many of those who are asked answer, and so many of them choose the right number: cautious guesses for planning,
#: never measured figures.
ANSWERED, RIGHT = 0.6, 0.9


@dataclass(frozen=True, slots=True)
class Asking:
    """Calling this will hold when to ask: the labels offered must hold ``together`` of the probability, and each of
    them at least ``each``; ``most`` labels are offered (two or three: more is no short question).

    The defaults were measured by ``tests/bench/measure_questions.py``, see there.
    """

    together: float = 0.6
    each: float = 0.1
    most: int = 3

    def decide(self, prediction: Prediction) -> tuple[str, ...]:
        """Calling this will give the labels to offer, the likeliest first; none where asking would not help.

        The fewest labels that suffice are offered, never one alone. A sure prediction asks nothing.
        """
        if prediction.sure:
            return ()
        offered: list[str] = []
        held = 0.0
        for suggestion in prediction.suggestions[: self.most]:
            if suggestion.confidence < self.each:
                break
            offered.append(suggestion.label)
            held += suggestion.confidence
            if len(offered) > 1 and held >= self.together:
                return tuple(offered)
        return ()


@dataclass(frozen=True, slots=True)
class Gain:
    """Calling this will hold what asking is worth on texts whose label is known; all but ``rows`` are shares of them.

    ``sure`` and ``sure_right``: given to a label without a question, and rightly so. ``asked``: asked; ``held`` is the
    share of those whose label was offered. ``settled``: given rightly because of an answer; ``misled``: given wrongly
    because of one. ``answered`` and ``right`` are the assumptions that were made for both.
    """

    rows: int
    sure: float
    sure_right: float
    asked: float
    held: float
    settled: float
    misled: float
    answered: float
    right: float

    @property
    def at_once(self) -> float:
        """Calling this will give the share that is at the right place without anybody of the staff deciding."""
        return self.sure_right + self.settled


def gain(
    predictions: Sequence[Prediction],
    truth: Sequence[str],
    asking: Asking | None = None,
    *,
    answered: float = ANSWERED,
    right: float = RIGHT,
) -> Gain:
    """Calling this will work out what asking brings on predictions for texts the model had not seen.

    Of those asked ``answered`` answer. Of these, where the right label is offered, ``right`` choose it and the others
    choose wrongly; where it is not, ``right`` say so ("0") and the others choose wrongly. Raises ValueError for no
    texts, or for as many labels as there are not texts.
    """
    rule = asking or Asking()
    pairs = list(zip(predictions, truth, strict=True))
    if not pairs:
        raise ValueError("nothing to measure: no texts")
    sure = [item.suggestions[0].label == label for item, label in pairs if item.sure]
    offered = [label in labels for item, label in pairs if (labels := rule.decide(item))]
    asked, held = len(offered) / len(pairs), _share(offered)
    return Gain(
        rows=len(pairs),
        sure=len(sure) / len(pairs),
        sure_right=sum(sure) / len(pairs),
        asked=asked,
        held=held,
        settled=asked * answered * held * right,
        misled=asked * answered * (1 - right),
        answered=answered,
        right=right,
    )


def _share(values: Iterable[bool]) -> float:
    found = list(values)
    return sum(found) / len(found) if found else 0.0
