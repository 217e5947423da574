"""Fill an installation with invented tickets, in batches of one transaction each."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from random import Random

from sqlalchemy import func, select
from sqlmodel import col

from dispatch import numbers
from dispatch.demo.rows import Batch
from dispatch.demo.story import Story
from dispatch.demo.telling import Person
from dispatch.demo.world import World
from dispatch.models import Ticket
from dispatch.runtime import Runtime
from dispatch.services import recounting

BATCH = 1000
#: How many of the people who wrote lately may write again, and how often somebody does.
REMEMBERED = 2000
AGAIN = 0.3
_LONG_DIGIT_RUN = re.compile(r"[0-9]{4}")


class NotHere(Exception):
    """Calling this will refuse to invent tickets where real ones may be."""


def fill(runtime: Runtime, tickets: int, seed: int = 1, progress: Callable[[int], None] | None = None) -> int:
    """Calling this will write ``tickets`` invented tickets of the past 180 days, with everything around them, and
    return how many; ``progress`` is told after each batch how many there are so far.

    The same seed on an equal database with the same clock gives the same tickets; run again, it adds others. Nothing is
    ever queued for sending: every outbox row is settled, and no address in it reaches anybody. Raises NotHere
    unless ``PUBLIC_URL`` is a loopback address, ValueError for a negative number of tickets.
    """
    if not runtime.settings.loopback:
        raise NotHere("invented tickets are for looking around: this works only while PUBLIC_URL is a loopback address")
    if tickets < 0:
        raise ValueError("the number of tickets cannot be negative")
    world = World(runtime.region, runtime.places, runtime.phrases, runtime.settings.public_url, runtime.now())
    with runtime.reading() as session:
        used = set(session.scalars(select(col(Ticket.number))))
        before = session.execute(select(func.coalesce(func.max(col(Ticket.id)), 0))).scalar_one()
    rng = Random(f"{seed}/{before}")  # noqa: S311  (invented tickets must be repeatable, not secret)
    openings = world.openings(rng, tickets)
    people: list[Person] = []
    for start in range(0, tickets, BATCH):
        _fill_batch(runtime, world, rng, openings[start : start + BATCH], people, used)
        del people[:-REMEMBERED]
        if progress is not None:
            progress(min(start + BATCH, tickets))
    recounting.recount(runtime, "invented tickets", again=True)
    return tickets


def _fill_batch(
    runtime: Runtime, world: World, rng: Random, openings: list[datetime], people: list[Person], used: set[str]
) -> None:
    with _no_collection(), runtime.writing() as session:
        batch = Batch(session)
        for opened in openings:
            person = rng.choice(people) if people and rng.random() < AGAIN else None
            if person is None:
                person = Person.new(world, batch, rng, opened)
                people.append(person)
            Story(world, batch, rng, person, opened, _number(world.region.prefix, rng, used)).tell()
        batch.write()
    for person in people:
        person.settled = True


@contextmanager
def _no_collection() -> Iterator[None]:
    """A batch makes no cycles: looking for some among its ten thousands of rows costs a quarter of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _number(prefix: str, rng: Random, used: set[str]) -> str:
    """A repeatable number nobody has. Drawn again when it does not fit: ten times faster than ``numbers.new``."""
    while True:
        body = numbers._checked("".join(rng.choices(numbers.ALPHABET, k=numbers._RANDOM)))
        number = numbers._canonical(prefix, body)
        if number not in used and not _LONG_DIGIT_RUN.search(body):
            used.add(number)
            return number
