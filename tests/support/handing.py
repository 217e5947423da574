"""What staff of several agencies do with one ticket, told as short stories."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import select
from sqlmodel import Session, col

from dispatch.models import Alert, Role, Staff, StaffAgency, Ticket
from dispatch.runtime import Runtime
from dispatch.services import handovers, tickets
from dispatch.workflow import Status

#: Who does what with it: an agency's officer ("supervisor" watches over all of them), the step, its argument.
Step = tuple[str, str, str]


def person(runtime: Runtime, who: str) -> int:
    """The id of an agency's one officer in these tests, of its head ("head CODE"), or of the region's supervisor."""
    position, _, agency = who.rpartition(" ")
    supervises = who == "supervisor"
    email = f"{who.replace(' ', '-')}@contoh.example"
    with runtime.writing() as session:
        found = session.scalars(select(Staff).where(col(Staff.email) == email)).first()
        if found is None:
            role = Role.SUPERVISOR if supervises else Role.OFFICER
            found = Staff(
                email=email,
                role=role,
                position="supervisor" if supervises else position or "officer",
                password_hash="-",
                created_at=runtime.now(),
            )
            session.add(found)
            session.flush()
            if not supervises:
                session.add(StaffAgency(staff_id=found.id, agency=agency))
        return found.id or 0


def _give(session: Session, runtime: Runtime, ticket: Ticket, staff_id: int, agency: str) -> None:
    now = runtime.now()
    handovers.give(
        session, runtime.region, now, ticket, agency=agency, category=ticket.category, staff_id=staff_id, note="-"
    )


def _back(session: Session, runtime: Runtime, ticket: Ticket, staff_id: int, reason: str) -> None:
    handovers.send_back(session, runtime.region, runtime.now(), ticket, reason=reason, staff_id=staff_id)


def _accept(session: Session, runtime: Runtime, ticket: Ticket, staff_id: int, _: str) -> None:
    handovers.accept(session, runtime.region, runtime.now(), ticket, staff_id=staff_id)


def _move(session: Session, runtime: Runtime, ticket: Ticket, staff_id: int, status: str) -> None:
    tickets.move(session, runtime.region, runtime.now(), ticket, Status(status), staff_id=staff_id)


STEPS: dict[str, Callable[[Session, Runtime, Ticket, int, str], None]] = {
    "gives": _give,
    "sends back": _back,
    "accepts": _accept,
    "moves": _move,
}


def step(runtime: Runtime, ticket: Ticket, told: Step) -> Ticket:
    """One step of a story, in a transaction of its own; the ticket as it is afterwards."""
    who, does, what = told
    staff_id = person(runtime, who)
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        STEPS[does](session, runtime, row, staff_id, what)
    return row


def tell(runtime: Runtime, ticket: Ticket, story: Sequence[Step]) -> Ticket:
    """A whole story; the ticket as it is afterwards."""
    for each in story:
        ticket = step(runtime, ticket, each)
    return ticket


def alerts(runtime: Runtime) -> list[tuple[str, int]]:
    """What staff were told: kind and whom, oldest first."""
    with runtime.reading() as session:
        return [(row.kind, row.staff_id) for row in session.scalars(select(Alert).order_by(col(Alert.id)))]
