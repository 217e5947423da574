"""The people of one agency's ladder, and local instants, for tests of what staff are told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from dispatch.models import Alert, Position, Role, Staff
from dispatch.runtime import Runtime
from dispatch.services import escalations, staff
from tests.support.clock import Clock
from tests.support.desk import rows

AGENCY, SUPERVISOR = "tarakan-dpupr", "tarakan-setda"


def at(text: str) -> datetime:
    """A local instant, "2026-11-04 16:00", in UTC."""
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


def person(
    runtime: Runtime,
    name: str,
    position: str = Position.OFFICER,
    agencies: Sequence[str] = (AGENCY,),
    *,
    role: str = "",
    secret: bool = False,
    notify: str = "",
    language: str = "id",
) -> Staff:
    """Somebody on a rung; the account's own password does not matter here."""
    with runtime.writing() as session:
        row = Staff(
            email=f"{name}@contoh.example",
            name=name,
            role=role or (Role.OFFICER if position in (Position.OFFICER, Position.HEAD) else Role.SUPERVISOR),
            password_hash="-",
            created_at=runtime.now(),
            position=position,
            sees_secret=secret,
            notify=notify,
            language=language,
        )
        session.add(row)
        session.flush()
        for code in agencies:
            session.add(staff.StaffAgency(staff_id=row.id or 0, agency=code))
    return row


def ladder_of(runtime: Runtime) -> dict[str, int]:
    """One person on every rung, and an administrator; their ids by name."""
    people = (
        person(runtime, "officer"),
        person(runtime, "head", Position.HEAD),
        person(runtime, "supervisor", Position.SUPERVISOR, (SUPERVISOR,)),
        person(runtime, "secretary", Position.SECRETARY, ()),
        person(runtime, "admin", agencies=(), role=Role.ADMIN),
    )
    return {each.name: each.id or 0 for each in people}


def told(runtime: Runtime) -> list[tuple[str, str, int, str]]:
    """Who was told of what: kind, step, rung, name; oldest first."""
    names = {row.id: row.name for row in rows(runtime, Staff)}
    return [(row.kind, row.step, row.rung, names[row.staff_id]) for row in rows(runtime, Alert)]


def sweep(runtime: Runtime, clock: Clock, when: str) -> int:
    """One sweep at a local instant."""
    clock.instant = at(when)
    return escalations.sweep(runtime)
