"""What an export gives as a ticket's text is the matter, not the greeting before it."""

from __future__ import annotations

from dispatch.reports import export_tickets
from dispatch.runtime import Runtime
from tests.support.clock import Clock
from tests.support.talk import Citizen

LAMP = "Lampu jalan di depan pasar Gusher Tarakan mati"


def test_a_greeting_before_the_matter_is_not_its_text(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    citizen.says("Selamat pagi")
    clock.forward(minutes=1)
    citizen.says(LAMP)
    clock.forward(minutes=1)
    citizen.says("Sudah seminggu")
    with trained.reading() as session:
        [row] = export_tickets(session, trained.region, agencies=None, start=None, end=None, now=clock())
    assert row["text"] == LAMP
