"""The limiter by itself: a window that slides, and a memory that ends."""

from __future__ import annotations

from datetime import timedelta

from bot.limiter import Limiter
from tests.support.clock import Clock


def test_the_window_slides(clock: Clock) -> None:
    limiter = Limiter(2, timedelta(minutes=10))
    allowed = []
    for _ in range(6):
        allowed.append(limiter.allow("a", clock()))
        clock.forward(minutes=4)
    assert allowed == [True, True, False, True, True, False]


def test_looking_counts_nothing(clock: Clock) -> None:
    limiter = Limiter(1, timedelta(minutes=10))
    assert [limiter.full("a", clock()) for _ in range(3)] == [False] * 3
    assert limiter.allow("a", clock())
    assert limiter.full("a", clock())


def test_the_limiter_forgets_the_longest_unused(clock: Clock) -> None:
    limiter = Limiter(1, timedelta(minutes=10), keys=3)
    assert [limiter.allow(key, clock()) for key in ("a", "b", "c", "a", "d", "c", "b")] == [
        True, True, True, False, True, False, True,
    ]  # fmt: skip
    assert len(limiter) == 3
