"""How fast invented tickets are written: ``python -m tests.bench.bench_demo [TICKETS]``; compare on one machine."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from dispatch import db
from dispatch.config import Settings
from dispatch.demo import fill
from dispatch.runtime import Runtime


def measure(url: str, tickets: int, folder: Path) -> float:
    """Tickets a second on an empty, migrated database; loading the region pack is not counted."""
    runtime = Runtime(Settings.read({"DATABASE_URL": url, "ADUAN_VAR": str(folder), "SECRET_KEY": "b" * 32}))
    db.upgrade(runtime.engine)
    _ = runtime.phrases
    begun = time.perf_counter()
    fill(runtime, tickets)
    seconds = time.perf_counter() - begun
    runtime.close()
    return tickets / seconds


def main() -> None:
    """Measure on SQLite, and on PostgreSQL when ``BENCH_DATABASE_URL`` names an empty database."""
    tickets = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sqlite = f"sqlite:///{folder / 'demo.db'}"
        sys.stdout.write(f"SQLite      {measure(sqlite, tickets, folder):8.0f} tickets/s\n")
        if url := os.environ.get("BENCH_DATABASE_URL"):
            sys.stdout.write(f"PostgreSQL  {measure(url, tickets, folder):8.0f} tickets/s\n")


if __name__ == "__main__":
    main()
