"""A clock the tests own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the same instant until a test moves it. The default is Wednesday, 4 November 2026, 10:00 WITA."""

    def __init__(self, instant: datetime = datetime(2026, 11, 4, 2, 0, tzinfo=UTC)) -> None:
        self.instant = instant

    def __call__(self) -> datetime:
        return self.instant

    def forward(self, **parts: float) -> datetime:
        """Move on by a timedelta's parts, such as ``minutes=5``."""
        self.instant += timedelta(**parts)
        return self.instant
