"""What officers and providers do in a test of the citizen's side: answer, ask, close, and take messages over."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import TypeVar

from sqlalchemy import select
from sqlmodel import Session, SQLModel, col

from channels.message import DeliveryState
from dispatch import outbox
from dispatch.models import Message, Staff, Ticket
from dispatch.runtime import Runtime
from dispatch.services import answers, tickets
from dispatch.workflow import Status
from tests.support.rows import lane

_ids = count(1)


def officer(runtime: Runtime, session: Session) -> int:
    """The id of the one officer of these tests."""
    found = session.scalars(select(Staff).where(col(Staff.email) == "petugas@contoh.example")).first()
    if found is None:
        found = Staff(email="petugas@contoh.example", role="officer", password_hash="-", created_at=runtime.now())
        session.add(found)
        session.flush()
    return found.id or 0


def answer(runtime: Runtime, number: str, text: str = "Sudah kami jadwalkan pekan ini.") -> None:
    """An officer answers a ticket."""
    with runtime.writing() as session:
        ticket = session.scalars(select(Ticket).where(col(Ticket.number) == number)).one()
        answers.reply(session, runtime.phrases, runtime.now(), ticket, text=text, staff_id=officer(runtime, session))


def change(runtime: Runtime, number: str, *path: Status) -> None:
    """An officer changes a ticket's status, step by step."""
    with runtime.writing() as session:
        ticket = session.scalars(select(Ticket).where(col(Ticket.number) == number)).one()
        for status in path:
            tickets.move(session, runtime.region, runtime.now(), ticket, status, staff_id=officer(runtime, session))


def deliver(runtime: Runtime, channel: str) -> list[str]:
    """A provider takes everything that is due on a channel; returns its ids for the messages, oldest first."""
    ids: list[str] = []
    while True:
        with runtime.writing() as session:
            claims = outbox.claim(session, runtime.now(), lane(channel))
            for claim in claims:
                ids.append(f"out-{next(_ids)}")
                outbox.settle_sent(session, runtime.now(), claim, ids[-1], DeliveryState.SENT)
        if not claims:
            return ids


Row = TypeVar("Row", bound=SQLModel)


def rows(runtime: Runtime, model: type[Row]) -> Sequence[Row]:
    """All rows of a table, oldest first."""
    with runtime.reading() as session:
        return session.scalars(select(model).order_by(col(model.id))).all()  # type: ignore[attr-defined]


def messages_of(runtime: Runtime, number: str) -> list[Message]:
    """What the citizen wrote on a ticket, oldest first."""
    with runtime.reading() as session:
        query = select(Message).join(Ticket, col(Message.ticket_id) == col(Ticket.id))
        query = query.where(col(Ticket.number) == number, col(Message.direction) == "in")
        return list(session.scalars(query.order_by(col(Message.id))))
