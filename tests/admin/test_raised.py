"""What a reading says beside the category, as staff see it: danger on top, why a person must look, personal data."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlalchemy import select
from sqlmodel import col

from admin import words
from classifier.reading import Danger, Personal
from dispatch.models import Audit, Ticket
from dispatch.routing import Held
from dispatch.runtime import Runtime
from dispatch.services import tickets
from dispatch.services.tagged import Tag
from tests.admin.conftest import Browser, one_database
from tests.support.clock import Clock
from tests.support.tickets import add_staff, answer, arrive, open_ticket

Make = Callable[..., Browser]
SUGGESTED: tuple[dict[str, object], ...] = ({"category": "kependudukan", "confidence": 0.6},)


def opened(runtime: Runtime, text: str, tag: Tag) -> Ticket:
    """A ticket of a new citizen in Tarakan, with this reading."""
    with runtime.writing() as session:
        message, address, _ = arrive(runtime, session, text)
        return tickets.open_ticket(
            session,
            runtime.region,
            runtime.now(),
            address=address,
            first=message,
            text=text,
            tag=tag,
            area="65.71",
            language="id",
        )


def numbers(text: str) -> list[str]:
    return re.findall(r'<a href="/admin/tickets/(KU-[^"]+)"', text)


def test_danger_to_life_leads_the_list_then_urgency_until_somebody_answered(
    signed_in: Make, runtime: Runtime, clock: Clock
) -> None:
    plain = opened(runtime, "Jalan rusak", Tag("jalan_rusak"))
    clock.forward(days=1)
    urgent = opened(runtime, "Atap sekolah hampir jatuh", Tag("jalan_rusak", urgent=True))
    clock.forward(days=1)
    danger = opened(runtime, "Ada yang tertimbun", Tag("jalan_rusak", danger="collapse"))
    desk = signed_in(role="admin")
    page = desk.get("/admin/tickets").text
    assert numbers(page) == [danger.number, urgent.number, plain.number]
    assert "Danger to life: collapse" in page and "Urgent" in page
    assert numbers(desk.get("/admin/tickets?danger=1").text) == [danger.number]
    assert numbers(desk.get("/admin/tickets?sort=opened").text) == [plain.number, urgent.number, danger.number]
    answer(runtime, danger, by=add_staff(runtime, "lain@contoh.test", "admin"))
    assert numbers(desk.get("/admin/tickets").text) == [urgent.number, plain.number, danger.number]


@one_database
def test_triage_puts_danger_first_and_says_why_each_waits(signed_in: Make, runtime: Runtime, clock: Clock) -> None:
    doubt = opened(runtime, "Petugasnya minta uang", Tag(None, doubt="supervision_doubt", suggestions=SUGGESTED))
    clock.forward(minutes=1)
    spam = opened(runtime, "Pinjaman cepat cair", Tag(None, doubt="spam_doubt", suggestions=SUGGESTED))
    clock.forward(minutes=1)
    danger = opened(runtime, "Ada yang kesetrum", Tag("listrik", danger="electric"))
    page = signed_in(agencies=("prov-diskominfo",)).get("/admin/triage").text
    assert numbers(page) == [danger.number, doubt.number, spam.number]
    assert "Danger to life: electricity" in page
    assert "it looks like spam" in page and "it may be about the conduct of officials" in page


@one_database
def test_what_may_be_about_officials_offers_the_inspectorate_first(signed_in: Make, runtime: Runtime) -> None:
    opened(runtime, "Petugasnya minta uang", Tag(None, doubt="supervision_doubt", suggestions=SUGGESTED))
    page = signed_in(agencies=("prov-diskominfo",)).get("/admin/triage").text
    assert re.findall(r'name="agency" value="([^"]+)"', page) == ["tarakan-inspektorat", "tarakan-dukcapil"]


@one_database
def test_a_ticket_says_which_personal_data_it_holds(signed_in: Make, runtime: Runtime) -> None:
    ticket = opened(runtime, "KTP hilang", Tag("kependudukan", personal=("nik", "phone"), danger="medical"))
    page = signed_in(role="admin").get(f"/admin/tickets/{ticket.number}").text
    assert "identity number (NIK), phone number" in page
    assert "Danger to life: medical emergency" in page
    calm = opened(runtime, "KTP hilang", Tag("kependudukan"))
    page = signed_in(role="admin", email="b@contoh.test").get(f"/admin/tickets/{calm.number}").text
    assert "Personal data" not in page and "Danger to life" not in page


def test_every_danger_personal_kind_and_doubt_has_its_word() -> None:
    assert set(words.DANGERS) == set(Danger)
    assert set(words.PERSONAL) == set(Personal)
    assert set(Held) <= set(words.REASONS)


@one_database
def test_staff_take_the_mark_off_where_there_is_no_danger(signed_in: Callable[..., Browser], runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        row.danger, row.urgent = "fire", True
        session.add(row)
    officer = signed_in(agencies=(ticket.agency,))
    assert "There is no danger" in officer.get(f"/admin/tickets/{ticket.number}").text
    assert officer.post(f"/admin/tickets/{ticket.number}/calm").status_code == 303
    page = officer.get(f"/admin/tickets/{ticket.number}").text
    assert "Danger to life" not in page and "There is no danger" not in page
    with runtime.reading() as session:
        row = session.get_one(Ticket, ticket.id)
        audit = session.scalars(select(Audit).where(col(Audit.action) == "ticket.calm")).one()
    assert (row.danger, row.urgent, row.version) == ("", False, ticket.version + 1)
    assert audit.detail == {"danger": "fire", "urgent": True}
