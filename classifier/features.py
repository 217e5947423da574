"""From word forms to counted features: words and pairs of words, and the letter sequences inside each word.

Letter sequences let a misspelt or joined word still count; words and pairs carry the meaning (both together beat either
alone on Indonesian complaints).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

SHORTEST, LONGEST = 2, 5


def word_grams(forms: Sequence[str]) -> list[str]:
    """Calling this will list every word and every pair of neighbours (``jalan``, ``jalan rusak``)."""
    return [*forms, *map(" ".join, pairwise(forms))]


@lru_cache(maxsize=50_000)
def letter_grams(form: str) -> tuple[str, ...]:
    """Calling this will list the sequences of 2 to 5 letters of one word, its two borders counted as a space each."""
    padded = f" {form} "
    size = len(padded)
    found: list[str] = []
    for length in range(SHORTEST, LONGEST + 1):
        if length >= size:
            found.append(padded)
            break
        found.extend(padded[at : at + length] for at in range(size - length + 1))
    return tuple(found)
