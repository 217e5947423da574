"""From what a region pack teaches and what officers have since decided to one scorer.

The pack's texts are never dropped: they keep a category alive that no local ticket has had yet. Real texts take over
by their number.
"""

from __future__ import annotations

from classifier.dataset import Dataset
from classifier.scorer import Scorer


def train(taught: Dataset, local: Dataset | None = None, *, precision: float, name: str, seed: int = 0) -> Scorer:
    """Calling this will train a scorer on the pack's texts and, where there are any, on labelled local ones.

    ``precision`` (0 to 1) is how often the first suggestion must be right among those called sure; ``name`` begins the
    version. Raises ValueError when the texts cannot be learnt from.
    """
    from classifier.model import ComplaintClassifier  # scikit-learn is slow to import: only who trains pays for it

    texts = [*taught.texts, *(local.texts if local else ())]
    labels = [*taught.labels, *(local.labels if local else ())]
    scorer: Scorer = ComplaintClassifier(precision=precision, seed=seed, name=name).fit(texts, labels).scorer_
    return scorer
