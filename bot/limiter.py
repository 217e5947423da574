"""How often one device or network may post: counted in this process, bounded in memory, the time given from outside."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from threading import Lock


class Limiter:
    """Calling this will count events by key and refuse more than ``most`` within ``span``.

    At most ``keys`` keys are remembered; the one unused for longest is forgotten first. It needs no server: a limit
    that depends on Redis would either stop every citizen or no abuser while Redis is away.
    """

    def __init__(self, most: int, span: timedelta, keys: int = 10_000) -> None:
        self.most = most
        self.span = span
        self.keys = keys
        self._seen: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._lock = Lock()

    def allow(self, key: str, now: datetime) -> bool:
        """Calling this will count one event of ``key`` and say whether it is within the limit; a refusal counts not."""
        with self._lock:
            times = self._fresh(key, now)
            if len(times) >= self.most:
                return False
            times.append(now)
            return True

    def full(self, key: str, now: datetime) -> bool:
        """Calling this will say whether the next event of ``key`` would be refused, without counting one."""
        with self._lock:
            return len(self._fresh(key, now)) >= self.most

    def __len__(self) -> int:
        return len(self._seen)

    def _fresh(self, key: str, now: datetime) -> deque[datetime]:
        times = self._seen.setdefault(key, deque())
        self._seen.move_to_end(key)
        while times and now - times[0] >= self.span:
            times.popleft()
        while len(self._seen) > self.keys:
            self._seen.popitem(last=False)
        return times
