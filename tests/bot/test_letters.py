"""Letters and tickets: whose ticket it is decides, not the number somebody writes down."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from bot.jobs import drain_inbound
from bot.letters import ANOTHERS_TICKET
from channels.message import UNPROVEN
from dispatch.models import CitizenAddress, EventState, InboundEvent, Message, Ticket
from dispatch.runtime import Runtime
from dispatch.services import inbound
from tests.support.desk import answer, deliver, rows
from tests.support.talk import Citizen

ROAD = "Jalan rusak parah di Juata Laut Tarakan"
LAMP = "Lampu jalan di depan pasar Gusher Tarakan sudah seminggu mati"
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def owner(runtime: Runtime) -> tuple[Citizen, str]:
    """A citizen with one ticket opened by mail, and its number."""
    citizen = Citizen(runtime, "mail", "pemilik@contoh.id")
    citizen.says(ROAD, subject="Jalan rusak")
    return citizen, citizen.tickets()[0].number


def notes(runtime: Runtime) -> list[str]:
    return [note for row in rows(runtime, Message) for note in row.notes]


def test_the_number_in_the_subject_joins_only_for_its_own_citizen(trained: Runtime) -> None:
    citizen, number = owner(trained)
    citizen.says("Lubangnya makin besar.", subject=f"Re: [{number}] Jalan rusak")
    assert len(citizen.tickets()) == 1
    stranger = Citizen(trained, "mail", "orang-lain@contoh.id")
    said = stranger.says(LAMP, subject=f"Re: [{number}] Jalan rusak")
    first, second = stranger.tickets()
    assert first.number == number != second.number
    assert not any(number in text or "Jalan rusak" in text for text in said)
    assert notes(trained) == [f"{ANOTHERS_TICKET}: {number}"]


def test_a_reply_address_opens_nothing_for_another_sender(trained: Runtime) -> None:
    citizen, number = owner(trained)
    stranger = Citizen(trained, "mail", "orang-lain@contoh.id")
    stranger.says(LAMP, thread=number)
    assert len(stranger.tickets()) == 2
    assert notes(trained) == [f"{ANOTHERS_TICKET}: {number}"]
    citizen.says("Masih sama.", thread=number)
    assert len(citizen.tickets()) == 2


@on_sqlite
def test_a_number_of_no_ticket_is_no_news(trained: Runtime) -> None:
    citizen = Citizen(trained, "mail")
    citizen.says(LAMP, subject="Re: [KU-7MPA-3QRW]")
    assert (len(citizen.tickets()), notes(trained)) == (1, [])


@on_sqlite
def test_a_subject_counts_only_where_there_are_subjects(trained: Runtime) -> None:
    _, number = owner(trained)
    web = Citizen(trained, "whatsapp")
    web.says(LAMP, subject=number)
    assert (len(web.tickets()), notes(trained)) == (2, [])


CLAIM = {"notes": (UNPROVEN,)}
#: name → (what is known of the letter, is the ticket's number told)
STATUS: dict[str, tuple[dict[str, Any], bool]] = {
    "a proven sender": ({}, True),
    "a claimed sender": (CLAIM, False),
    "a claimed sender with the number in the subject": ({**CLAIM, "subject": "{number}"}, False),
    "a claimed sender at the reply address": ({**CLAIM, "thread": "{number}"}, True),
    "a claimed sender answering our letter": ({**CLAIM, "reply_to": ("{sent}",)}, True),
    "a claimed sender answering somebody's letter": ({**CLAIM, "reply_to": ("lain@contoh.id",)}, False),
}


@on_sqlite
@pytest.mark.parametrize(("fields", "told"), STATUS.values(), ids=STATUS.keys())
def test_a_status_is_told_to_proven_senders_and_to_answers_of_our_letters(
    trained: Runtime, fields: dict[str, Any], told: bool
) -> None:
    citizen, number = owner(trained)
    answer(trained, number)
    sent = deliver(trained, "mail")[-1]

    def filled(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(filled(each) for each in value)
        return value.replace("{number}", number).replace("{sent}", sent)

    citizen.hears()
    [said] = citizen.says("STATUS", **{name: filled(value) for name, value in fields.items()})
    assert (number in said) is told


@on_sqlite
def test_an_answer_at_one_reply_address_tells_of_no_other_ticket(trained: Runtime) -> None:
    citizen, first = owner(trained)
    citizen.says(LAMP, subject="Lampu")
    second = citizen.tickets()[1].number
    citizen.hears()
    [said] = citizen.says(f"STATUS {second}", thread=first, **CLAIM)
    assert first in said
    assert second not in said


def quarantined(runtime: Runtime) -> list[InboundEvent]:
    with runtime.reading() as session:
        return list(
            session.scalars(select(InboundEvent).where(col(InboundEvent.state) == EventState.QUARANTINED)).all()
        )


def test_a_machines_letter_without_a_ticket_waits_where_staff_look(trained: Runtime) -> None:
    machine = Citizen(trained, "mail", "warta@contoh.id")
    assert machine.says("Warta RT.", automatic=True) == []
    [event] = quarantined(trained)
    assert "machine" in event.error
    assert (rows(trained, Message), rows(trained, CitizenAddress), rows(trained, Ticket)) == ([], [], [])
    with trained.writing() as session:
        inbound.retry_quarantined(session, trained.now(), event.id or 0)
    drain_inbound(trained)
    assert len(quarantined(trained)) == 1
    assert rows(trained, Message) == []


def test_a_machines_letter_about_a_ticket_is_kept_with_it(trained: Runtime) -> None:
    citizen, number = owner(trained)
    citizen.hears()
    assert citizen.says("Saya cuti.", thread=number, automatic=True) == []
    assert quarantined(trained) == []
    assert [row.ticket_id is not None for row in rows(trained, Message)][-1]
