# printing is all a benchmark does
"""What the classifier costs on this machine: training, loading, one text, noise. Printed, never asserted."""

from __future__ import annotations

import base64
import hashlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from classifier.artifact import load, save
from classifier.dataset import Dataset
from classifier.model import ComplaintClassifier
from dispatch.region import load as load_region

ROOT = Path(__file__).resolve().parents[2]
START = """
import sys, time
began = time.perf_counter()
from classifier.artifact import load
imported = time.perf_counter()
model = load(sys.argv[1])
loaded = time.perf_counter()
model.suggest(["lampu jalan mati"])
print(f"{1000 * (imported - began):.0f} ms import, {1000 * (loaded - imported):.0f} ms load, "
      f"{1000 * (time.perf_counter() - loaded):.1f} ms first text")
"""


def milliseconds(work: Callable[[], object], times: int) -> float:
    """The median over several runs, so that one hiccup does not count."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return 1000 * statistics.median(taken)


def main() -> None:
    examples = load_region("kaltara").examples
    rows = Dataset(tuple(each.text for each in examples), tuple(each.category for each in examples))
    began = time.perf_counter()
    trained = ComplaintClassifier(name="bench").fit(rows.texts, rows.labels)
    print(f"training on {len(rows.texts)} rows, {len(set(rows.labels))} labels: {time.perf_counter() - began:.1f} s")
    with tempfile.TemporaryDirectory() as folder:
        save(trained.scorer_, folder)
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        print(f"model on disk: {size / 1024 / 1024:.1f} MB")
        print(f"loading: {milliseconds(lambda: load(folder), 9):.0f} ms")
        fresh = subprocess.run(
            [sys.executable, "-c", START, folder], cwd=ROOT, capture_output=True, text=True, check=True
        )
        print(f"in a new process: {fresh.stdout.strip()}")
        model = load(folder)
    texts = list(rows.texts[::7])
    model.suggest(texts)
    letter = " ".join(rows.texts[:12])
    noise = base64.b64encode(hashlib.shake_256(b"noise").digest(75_000)).decode()
    words = " ".join(hashlib.sha256(str(number).encode()).hexdigest()[:9] for number in range(10_000))
    cases: list[tuple[str, Callable[[], object], int]] = [
        ("one text", lambda: [model.suggest([text]) for text in texts], len(texts)),
        ("one of a batch", lambda: model.suggest(texts), len(texts)),
        (f"a letter of {len(letter)} characters", lambda: model.suggest([letter]), 1),
        ("100 KB of base64", lambda: model.suggest([noise]), 1),
        ("100 KB of random words", lambda: model.suggest([words]), 1),
        ("100 KB of text", lambda: model.suggest([letter * (100_000 // len(letter))]), 1),
        ("100 KB of an expanding character", lambda: model.suggest(["\ufdfa" * 33_000]), 1),
    ]
    for name, work, count in cases:
        print(f"{name}: {milliseconds(work, 9) / count:.2f} ms")


if __name__ == "__main__":
    main()
