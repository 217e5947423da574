"""What finding a place costs on this machine, in processor time: the index, an ordinary message, noise, a pin. Printed,
never asserted."""

from __future__ import annotations

import random
import statistics
import string
import time
from collections.abc import Callable
from pathlib import Path

from dispatch.places import Places, spot
from dispatch.places.measuring import read
from dispatch.region import load

CASES = Path(__file__).resolve().parents[1] / "dispatch" / "cases" / "places.csv"


def milliseconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return 1000 * (time.process_time() - began)


def main() -> None:
    region = load("kaltara")
    print(f"building the index: {statistics.median(milliseconds(lambda: Places(region)) for _ in range(5)):.0f} ms")
    places = Places(region)
    texts = [case.text for case in read(CASES)]
    taken = sorted(milliseconds(lambda text=text: places.find(text)) for text in texts for _ in range(3))
    print(
        f"one of {len(texts)} messages: {statistics.median(taken):.3f} ms in the middle, "
        f"{taken[int(0.99 * len(taken))]:.3f} ms at the 99th percentile"
    )
    spots = [milliseconds(lambda text=text: spot(text)) for text in texts]
    print(f"the words for the spot: {statistics.median(spots):.3f} ms")
    dice = random.Random(1)
    noise = "".join(dice.choice(string.ascii_lowercase + "      ") for _ in range(100_000))
    print(f"100 KB of noise: {milliseconds(lambda: places.find(noise)):.0f} ms")
    print(f"100 KB of one misspelt name: {milliseconds(lambda: places.find('trakan ' * 14_000)):.0f} ms")
    print(f"a pin: {statistics.median(milliseconds(lambda: places.pin(3.304, 117.588)) for _ in range(50)):.2f} ms")


if __name__ == "__main__":
    main()
