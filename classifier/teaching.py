"""From what a region pack teaches and what officers have since decided to one scorer.

The pack teaches by examples and by what it knows of a category: its definition, the tasks of who answers, the words for
it. Knowledge is turned into weak texts, each worth less than an example. Nothing of it is ever dropped: it keeps a
category alive that no local ticket has had yet. Real texts take over by their number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from classifier.dataset import Dataset
from classifier.scorer import Assurance, Scorer

#: So many words or phrases of a category make one weak text: alone they would be shorter than what anybody writes.
PHRASES = 5
#: A model that has seen no real text is wrong so much oftener on real texts than on held-out texts of ours: that much
#: more precise it must be on ours to be called sure. Measured on one real set, see docs/classifier.md.
UNSEEN = 2.0
#: For the same reason the logits of its confidences are scaled and shifted.
HUMILITY = (0.75, -0.2)
_EXCLUDED = re.compile(r"[,;.]?\s+[Bb]ukan\b")


def weak_texts(definition: str, tasks: Sequence[str], vocabulary: Sequence[str]) -> Iterator[str]:
    """Calling this will turn what is known of a category into texts: the definition, each task, its words by fives.

    Only the first sentence of a definition counts: what follows "bukan" names other categories' matters.
    """
    yield _EXCLUDED.split(definition, maxsplit=1)[0]
    yield from tasks
    for start in range(0, len(vocabulary), PHRASES):
        yield " ".join(vocabulary[start : start + PHRASES])


def train(
    taught: Dataset,
    local: Dataset | None = None,
    *,
    weak: Dataset | None = None,
    precision: float,
    name: str,
    seed: int = 0,
) -> Scorer:
    """Calling this will train a scorer on the pack's texts and, where there are any, on labelled local ones.

    ``weak`` holds the texts made from the pack's knowledge. Few local texts count as examples do; enough of them count
    for more, and confidences are learnt from them alone. ``precision`` (0 to 1) is how often the first suggestion must
    be right among those called sure; ``name`` begins the version. Raises ValueError when the texts cannot be learnt
    from.
    """
    from classifier.model import REAL_COUNTS, REAL_ENOUGH, ComplaintClassifier  # scikit-learn is slow to import

    known, real = weak or Dataset((), ()), local or Dataset((), ())
    if len(real.texts) >= REAL_ENOUGH:
        known, worth = joined(taught, known), REAL_COUNTS
    else:
        real, worth = joined(taught, real), 1.0
    teacher = known if known.texts else None
    wanted = precision if worth > 1.0 else 1 - (1 - precision) / UNSEEN
    learner = ComplaintClassifier(precision=wanted, teacher=teacher, worth=worth, seed=seed, name=name)
    scorer: Scorer = learner.fit(real.texts, real.labels).scorer_
    return scorer if worth > 1.0 else _humbler(scorer)


def _humbler(scorer: Scorer) -> Scorer:
    """The same scorer, saying lower confidences: what it was tested on we wrote ourselves."""
    scale, shift = HUMILITY
    assurance = Assurance(
        tuple(scale * weight for weight in scorer.assurance.weights), scale * scorer.assurance.bias + shift
    )
    threshold = scorer.threshold
    if threshold < 1.0:
        logit = scale * math.log(threshold / (1 - threshold)) + shift
        threshold = 1 / (1 + math.exp(-logit))
    return replace(scorer, assurance=assurance, threshold=threshold)


def joined(first: Dataset, second: Dataset) -> Dataset:
    """Calling this will put the rows of two sets one after the other."""
    return Dataset((*first.texts, *second.texts), (*first.labels, *second.labels))
