"""From a citizen's words to a ticket, a receipt, an officer's answer and its delivery, on both databases."""

from __future__ import annotations

from bot.jobs import drain_inbound
from channels.message import DeliveryReport, DeliveryState
from dispatch.models import Assignment, Outbox, StatusChange
from dispatch.runtime import Runtime
from dispatch.services.inbound import record_inbound
from dispatch.workflow import Status
from tests.support.clock import Clock
from tests.support.desk import answer, deliver, messages_of, rows
from tests.support.talk import Citizen

LAMP = "Lampu jalan di depan pasar Gusher Tarakan sudah seminggu mati, gelap sekali"


def test_a_complaint_becomes_a_ticket_with_agency_clock_and_receipt(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    receipt, privacy = citizen.says(LAMP)
    [ticket] = citizen.tickets()
    [assignment] = rows(trained, Assignment)
    agency = trained.region.agencies["tarakan-dishub"]

    assert (ticket.agency, ticket.category, ticket.triage) == (agency.code, "lampu_jalan", False)
    assert trained.region.regency_of(ticket.area or "") == "65.71"
    assert ticket.opened_at == clock()
    assert ticket.first_response_at is None
    assert (assignment.agency, assignment.first_response_due) == (agency.code, ticket.first_response_due)
    assert assignment.words
    assert assignment.model_version
    assert [(c.from_status, c.to_status) for c in rows(trained, StatusChange)] == [("", "new"), ("new", "assigned")]
    assert receipt == trained.phrases.say(
        "receipt",
        "id",
        number=ticket.number,
        agency=agency.name,
        due=trained.phrases.moment(ticket.first_response_due, "id"),
        check=f"Cek: http://127.0.0.1:8000/lacak/{ticket.number}",
    )
    assert privacy.startswith("Data Anda hanya dipakai")


def test_the_answer_comes_back_to_the_phone_and_its_delivery_to_us(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained)
    citizen.says(LAMP)
    [ticket] = citizen.tickets()
    deliver(trained, "whatsapp")
    clock.forward(days=1)
    answer(trained, ticket.number, "Akan diganti hari Jumat.")
    [said] = citizen.hears()
    agency = trained.region.agencies[ticket.agency].name
    assert said == f"Jawaban {agency} untuk laporan {ticket.number}:\n\nAkan diganti hari Jumat."
    [answer_id] = deliver(trained, "whatsapp")
    report = DeliveryReport(
        channel="whatsapp", account="ours", external_id="r1", message_id=answer_id, state=DeliveryState.READ
    )
    with trained.writing() as session:
        record_inbound(session, trained.now(), [report], raw=b"{}")
    drain_inbound(trained)
    assert rows(trained, Outbox)[-1].state == DeliveryState.READ
    [ticket] = citizen.tickets()
    assert (ticket.status, ticket.first_response_at) == (Status.ANSWERED, clock())

    clock.forward(days=2)
    citizen.says("Sudah Jumat tetapi lampunya masih mati pak")
    [ticket] = citizen.tickets()
    assert ticket.status == Status.IN_PROGRESS
    assert len(messages_of(trained, ticket.number)) == 2
