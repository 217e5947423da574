"""Near-copies: which texts are one text sent again, so that a fold never tests on what it was trained on.

MinHash over letter shingles of the normalised words (Broder 1997), candidates by banding, each candidate pair
verified by its exact Jaccard similarity. Stable over runs and machines: no salted hash.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifier.text import tokens

SHINGLE = 5
SIMILAR = 0.6
_BANDS, _ROWS = 20, 4


def shingles(text: str) -> frozenset[int]:
    """Calling this will give the 32-bit hashes of the letter shingles of a text's normalised words."""
    joined = " ".join(token.form for token in tokens(text))
    if not joined:
        joined = text[: 4 * SHINGLE]
    return frozenset(
        zlib.crc32(joined[at : at + SHINGLE].encode("utf-8", "replace"))
        for at in range(max(1, len(joined) - SHINGLE + 1))
    )


def near_copies(texts: Sequence[str], similar: float = SIMILAR) -> NDArray[np.int64]:
    """Calling this will give each text a group number; texts whose shingles overlap by ``similar`` (Jaccard) share it.

    Groups are numbered in the order of their first text. Chains join: A like B and B like C make one group.
    """
    sets = [shingles(text) for text in texts]
    parent = list(range(len(texts)))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for bucket in _candidates(sets):
        first = bucket[0]
        for number, left in enumerate(bucket):
            # Comparing with the bucket's first and with the neighbour keeps a bucket of thousands linear.
            for right in {first, bucket[number - 1]} if number else ():
                a, b = root(left), root(right)
                if a != b and _jaccard(sets[left], sets[right]) >= similar:
                    parent[max(a, b)] = min(a, b)
    numbers: dict[int, int] = {}
    return np.array([numbers.setdefault(root(node), len(numbers)) for node in range(len(texts))], dtype=np.int64)


def folds(labels: Sequence[str], groups: NDArray[np.int64], count: int, seed: int = 0) -> NDArray[np.int64]:
    """Calling this will give each row a fold 0 … count-1: a group stays whole, each label is spread as evenly as it
    goes.

    Large groups are placed first, equal ones in an order drawn from ``seed``. Raises ValueError when there are
    fewer groups than folds.
    """
    members: defaultdict[int, list[int]] = defaultdict(list)
    for row, group in enumerate(groups.tolist()):
        members[group].append(row)
    if len(members) < count:
        raise ValueError(f"{count} folds need as many different texts, there are {len(members)}")
    names = {label: number for number, label in enumerate(sorted(set(labels)))}
    held = np.zeros((count, len(names)), dtype=np.int64)
    order = np.random.default_rng(seed).permutation(len(members)).tolist()
    order.sort(key=lambda group: -len(members[group]))
    placed = np.zeros(len(labels), dtype=np.int64)
    for group in order:
        rows = members[group]
        label = names[labels[rows[0]]]
        fold = min(range(count), key=lambda at: (held[at, label], held[at].sum()))
        for row in rows:
            held[fold, names[labels[row]]] += 1
        placed[rows] = fold
    return placed


def _jaccard(left: frozenset[int], right: frozenset[int]) -> float:
    union = len(left | right)
    return len(left & right) / union if union else 1.0


def _candidates(sets: Sequence[frozenset[int]]) -> list[list[int]]:
    random = np.random.default_rng(1)
    count = _BANDS * _ROWS
    # An odd 64-bit factor shuffles the order of the hashes: the product is meant to wrap around.
    factors = random.integers(1 << 62, 1 << 63, size=count, dtype=np.uint64)[:, None] * np.uint64(2) + np.uint64(1)
    buckets: defaultdict[tuple[int, bytes], list[int]] = defaultdict(list)
    for row, members in enumerate(sets):
        hashes = np.fromiter(members, dtype=np.uint64, count=len(members))[None, :]
        signature = (factors * hashes).min(axis=1).reshape(_BANDS, _ROWS)
        for band in range(_BANDS):
            buckets[band, signature[band].tobytes()].append(row)
    return [rows for rows in buckets.values() if len(rows) > 1]
