"""How long a calendar edit takes to reach all open tickets, and what intake feels of it meanwhile.

``python -m tests.bench.bench_deadlines [TICKETS]``; compare on one machine. Intake runs in a process of its own, as it
does in service: a report after another is opened through the services, and the time of each transaction is taken.
"""

from __future__ import annotations

import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, func, insert, select, text
from sqlmodel import col

from channels.message import Address
from dispatch import db
from dispatch.config import Settings
from dispatch.models import Assignment, Author, Citizen, CitizenAddress, Direction, Message, StatusChange, Ticket
from dispatch.runtime import Runtime
from dispatch.services import people, recounting, tickets
from dispatch.services.tagged import Tag
from tests.support.servers import Postgres

NOW = datetime(2026, 11, 4, 2, 0, tzinfo=UTC)
PAUSE = 0.02  # between two reports, far more than any flood brings


def wired(url: str, folder: str) -> Runtime:
    """A runtime at the bench's own time."""
    settings = Settings.read({"DATABASE_URL": url, "ADUAN_VAR": folder, "SECRET_KEY": "b" * 32})
    return Runtime(settings, now=lambda: NOW)


def fill(runtime: Runtime, amount: int) -> None:
    """Open tickets of the past fortnight, with an assignment, two to four steps, a third of them waiting."""
    rng = random.Random(7)
    agencies = [each.code for each in runtime.region.agencies.values() if each.ours and each.joined]
    with runtime.writing() as session:
        citizen = Citizen(created_at=NOW)
        session.add(citizen)
        session.flush()
        address = CitizenAddress(
            citizen_id=citizen.id, channel="sms", account="bench", scheme="tel", value="+6281100", created_at=NOW
        )
        session.add(address)
        session.flush()
        for first in range(0, amount, 5_000):
            rows, steps, given = [], [], []
            for number in range(first + 1, min(first + 5_000, amount) + 1):
                opened = NOW - timedelta(minutes=rng.randrange(14 * 24 * 60))
                status = rng.choice(("assigned", "in_progress", "waiting"))
                rows.append(_ticket(number, opened, status, rng.choice(agencies), citizen.id, address.id))
                steps += _steps(number, opened, status)
                given.append(_assignment(number, opened, rows[-1]["agency"]))
            connection = session.connection()
            for model, values in ((Ticket, rows), (StatusChange, steps), (Assignment, given)):
                connection.execute(insert(model), values)
        if runtime.engine.dialect.name == "postgresql":
            session.connection().execute(
                text("SELECT setval(pg_get_serial_sequence('ticket', 'id'), :last)"), {"last": amount}
            )


def _ticket(
    number: int, opened: datetime, status: str, agency: str, citizen: int | None, address: int | None
) -> dict[str, Any]:
    made = Ticket(
        id=number,
        number=f"KU-B{number:07d}",
        citizen_id=citizen or 0,
        address_id=address or 0,
        channel="sms",
        status=status,
        kind="complaint",
        agency=agency,
        spoken_at=opened,
        opened_at=opened,
        verify_due=opened,
        first_response_due=opened,
        resolution_due=opened,
        verified_at=opened,
        last_citizen_at=opened,
    )
    return made.model_dump()


def _steps(number: int, opened: datetime, status: str) -> list[dict[str, Any]]:
    path = {"assigned": ("new", "assigned"), "in_progress": ("new", "assigned", "in_progress")}
    whole = path.get(status, ("new", "assigned", "in_progress", "waiting"))
    return [
        {
            "ticket_id": number,
            "from_status": whole[place - 1] if place else "",
            "to_status": to,
            "at": opened + timedelta(hours=5 * place),
            "staff_id": None,
            "reason": "",
            "outcome": "",
            "worked_at": opened,
        }
        for place, to in enumerate(whole)
    ]


def _assignment(number: int, opened: datetime, agency: str) -> dict[str, Any]:
    made = Assignment(
        ticket_id=number,
        agency=agency,
        assigned_at=opened,
        verify_due=opened,
        first_response_due=opened,
        resolution_due=opened,
    )
    return made.model_dump(exclude={"id"})


def intake(url: str, folder: str, ready: Event, stop: Event, out: Any) -> None:
    """Open a report every few milliseconds until told to stop; the seconds of each go out."""
    runtime = wired(url, folder)
    _ = runtime.phrases
    taken: list[float] = []
    for number in count(1):
        if stop.wait(PAUSE):
            break
        begun = time.perf_counter()
        with runtime.writing() as session:
            sender = Address("tel", f"+62811{number:07d}")
            address = people.identify_sender(session, NOW, "sms", "bench", sender)
            first = Message(
                address_id=address.id,
                channel="sms",
                direction=Direction.IN,
                author=Author.CITIZEN,
                body="Jalan berlubang",
                created_at=NOW,
            )
            session.add(first)
            session.flush()
            tickets.open_ticket(
                session,
                runtime.region,
                NOW,
                address=address,
                first=first,
                text="Jalan berlubang",
                tag=Tag("jalan_rusak", 0.9),
                area="65.71",
                language="id",
            )
        taken.append(time.perf_counter() - begun)
        ready.set()
    out.put(taken)
    runtime.close()


def watched(url: str, folder: str, work: Any) -> tuple[float, list[float]]:
    """Do ``work`` while reports come in; its seconds, and those of each report."""
    context = multiprocessing.get_context("spawn")
    ready, stop, out = context.Event(), context.Event(), context.Queue()
    process = context.Process(target=intake, args=(url, folder, ready, stop, out))
    process.start()
    if not ready.wait(120):
        raise TimeoutError("no report was opened within two minutes")
    begun = time.perf_counter()
    work()
    seconds = time.perf_counter() - begun
    stop.set()
    taken = out.get(timeout=60)
    process.join()
    return seconds, taken


def figures(taken: Sequence[float]) -> str:
    """The spread of the reports' times, in milliseconds."""
    ordered = sorted(taken)
    middle, high = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
    return (
        f"{len(ordered)} reports, median {middle * 1e3:.0f} ms, p95 {high * 1e3:.0f} ms, max {ordered[-1] * 1e3:.0f} ms"
    )


def measure(name: str, url: str, amount: int, folder: str) -> None:
    """Fill, count once, edit the calendar, count again while reports come in."""
    runtime = wired(url, folder)
    db.upgrade(runtime.engine)
    fill(runtime, amount)
    begun = time.perf_counter()
    recounting.recount(runtime, "first start")
    first = time.perf_counter() - begun
    quiet = watched(url, folder, lambda: time.sleep(5))[1]
    region = runtime.region
    holidays = {**region.regional_holidays, date(2026, 11, 12): "Libur baru"}
    runtime.__dict__["region"] = replace(region, regional_holidays=holidays, edition="with-a-day-off")
    seconds, busy = watched(url, folder, lambda: recounting.recount(runtime, "a day off"))
    with runtime.reading() as session:
        pages = session.scalar(select(func.count()).where(col(Ticket.next_due).is_(None), col(Ticket.id) <= amount))
    print(f"{name}: {amount} open tickets, {pages} without a next date")
    print(f"  first count     {first:6.1f} s  {amount / first:7.0f} tickets/s")
    print(f"  calendar edit   {seconds:6.1f} s  {amount / seconds:7.0f} tickets/s")
    print(f"  intake, quiet   {figures(quiet)}")
    print(f"  intake, counted {figures(busy)}")
    runtime.close()


def main() -> None:
    """Measure on SQLite, and on PostgreSQL when the machine has it."""
    amount = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        measure("SQLite", f"sqlite:///{Path(folder) / 'bench.db'}", amount, folder)
        if Postgres.available():
            server = Postgres()
            server.start()
            try:
                engine = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
                with engine.connect() as connection:
                    connection.execute(text("CREATE DATABASE bench"))
                engine.dispose()
                measure("PostgreSQL", server.url("bench"), amount, folder)
            finally:
                server.stop()


if __name__ == "__main__":
    main()
