"""From a citizen's words to a ticket and a receipt, on both databases."""

from __future__ import annotations

from tests.support.talk import Citizen


def test_a_complaint_becomes_a_ticket_with_agency_clock_and_receipt(trained):
    citizen = Citizen(trained)
    heard = citizen.says("Lampu jalan di depan pasar Gusher Tarakan sudah seminggu mati, gelap sekali")
    [ticket] = citizen.tickets()
    assert ticket.agency == "tarakan-dishub"
    print(heard)
