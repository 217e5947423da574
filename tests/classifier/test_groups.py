"""Near-copies: what counts as one text sent again, and that folds keep it together."""

from __future__ import annotations

import numpy as np
import pytest

from classifier.groups import folds, near_copies

LONG = (
    "Jalan di depan pasar berlubang besar dan sudah dua orang jatuh dari motor, "
    "mohon segera diperbaiki sebelum ada korban"
)
PAIRS = [
    ("identical", LONG, LONG, True),
    ("case and punctuation", LONG, LONG.upper() + "!!!", True),
    ("short forms", LONG, LONG.replace("mohon", "mhn").replace("sudah", "sdh"), True),
    ("one word more", LONG, LONG + " lagi", True),
    ("another place", LONG, LONG.replace("pasar", "sekolah"), True),
    ("zero-width noise", LONG, "\u200b".join(LONG), True),
    ("identical single words", "banjir", "Banjir!", True),
    ("the same subject in other words", LONG, "jalanan depan pasar hancur, motor sering tergelincir di lubang", False),
    ("another subject", LONG, "Air PDAM tidak mengalir sudah tiga hari di perumahan kami", False),
    ("half of it", LONG, LONG[: len(LONG) // 3], False),
    ("two kinds of nothing", "", "🚧", False),
    ("identical emoji", "🚧", "🚧", True),
]


@pytest.mark.parametrize(("left", "right", "same"), [pytest.param(*row[1:], id=row[0]) for row in PAIRS])
def test_pairs(left: str, right: str, same: bool) -> None:
    between = "Lampu jalan mati sudah sebulan"
    first, _, last = near_copies([left, between, right]).tolist()
    assert (first == last) is same


def test_groups_are_numbered_by_their_first_text() -> None:
    assert near_copies(["banjir besar", "lampu mati", "banjir besar", "air keruh"]).tolist() == [0, 1, 0, 2]


def test_chains_make_one_group() -> None:
    words = LONG.replace(",", "").split()
    chain = [" ".join(words[at : at + 12]) for at in range(0, 6, 2)]
    assert len(set(near_copies(chain).tolist())) == 1
    assert len(set(near_copies([chain[0], chain[-1]]).tolist())) == 2


def test_thousands_of_copies_are_one_group() -> None:
    assert set(near_copies([LONG] * 2_000).tolist()) == {0}


def test_no_group_is_split_and_labels_are_spread() -> None:
    random = np.random.default_rng(5)
    groups = np.repeat(np.arange(60), random.integers(1, 4, size=60))
    labels = [("a", "b", "c")[group % 3] for group in groups.tolist()]
    fold = folds(labels, groups, 4, seed=1)
    for group in range(60):
        assert len(set(fold[groups == group].tolist())) == 1
    for label in "abc":
        counts = [
            sum(1 for at, name in zip(fold, labels, strict=True) if at == part and name == label) for part in range(4)
        ]
        assert max(counts) - min(counts) <= 3


def test_folds_are_the_same_for_the_same_seed_and_others_for_another() -> None:
    labels, groups = ["a", "b"] * 20, np.arange(40)
    assert folds(labels, groups, 5, seed=3).tolist() == folds(labels, groups, 5, seed=3).tolist()
    assert folds(labels, groups, 5, seed=3).tolist() != folds(labels, groups, 5, seed=4).tolist()


def test_fewer_texts_than_folds_is_refused() -> None:
    with pytest.raises(ValueError, match="5 folds need"):
        folds(["a", "b", "a"], np.array([0, 1, 0]), 5)
