"""Reports about one trouble on the ticket's page and in the lists: proposed, joined, split off, undone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from admin.joining import degree
from admin.words import LIKELY, NOT_JOINED
from dispatch.models import Join, Likeness, Ticket
from dispatch.region import Region
from dispatch.region.rules import Alike, DeskRules
from dispatch.runtime import Runtime
from dispatch.services import consequences, joining
from tests.admin.conftest import Browser, one_database
from tests.support.desk import rows
from tests.support.tickets import open_ticket, reload, write_again

Make = Callable[..., Browser]
HERE, ELSEWHERE = "65.71.02.1003", "65.01.01.1001"
DARK = "Lampu jalan di gang mawar mati, gelap sekali"


def open_one(runtime: Runtime, area: str = HERE, text: str = DARK) -> Ticket:
    ticket = open_ticket(runtime, text, category="lampu_jalan", area=area)
    consequences.sweep(runtime)
    return ticket


@pytest.fixture
def two(runtime: Runtime) -> tuple[Ticket, Ticket]:
    return open_one(runtime), open_one(runtime)


@pytest.fixture
def officer(two: tuple[Ticket, Ticket], signed_in: Make) -> Browser:
    return signed_in(agencies=(two[0].agency,))


def form(runtime: Runtime, ticket: Ticket, other: Ticket | None = None) -> dict[str, object]:
    shown: dict[str, object] = {"version": str(reload(runtime, ticket).version)}
    return shown | ({"other": other.number} if other else {})


def test_a_likely_duplicate_is_joined_with_a_button_and_split_off_with_another(
    runtime: Runtime, two: tuple[Ticket, Ticket], officer: Browser
) -> None:
    lead, ticket = two
    page = officer.get(f"/admin/tickets/{ticket.number}").text
    assert f"Join to {lead.number}" in page
    assert officer.post(f"/admin/tickets/{ticket.number}/join", form(runtime, ticket, lead)).status_code == 303
    assert reload(runtime, ticket).lead_id == lead.id
    page = officer.get(f"/admin/tickets/{lead.number}").text
    assert "1 other reporter" in page
    assert f"Split {ticket.number} off" in page
    assert "This report is joined to another" in officer.get(f"/admin/tickets/{ticket.number}").text
    assert officer.post(f"/admin/tickets/{ticket.number}/split-off", form(runtime, ticket)).status_code == 303
    assert reload(runtime, ticket).lead_id is None
    assert "Likely the same" not in officer.get(f"/admin/tickets/{ticket.number}").text


@one_database
def test_lists_show_the_lead_with_its_reporters_and_the_joined_one_when_it_is_looked_for(
    runtime: Runtime, two: tuple[Ticket, Ticket], officer: Browser
) -> None:
    lead, ticket = two
    officer.post(f"/admin/tickets/{ticket.number}/join", form(runtime, ticket, lead))
    shown = {
        query: re.findall(r"/admin/tickets/(KU-[\w-]+)\"", officer.get(f"/admin/tickets{query}").text)
        for query in ("", "?joined=1", f"?q={ticket.number}", "?status=assigned", "?status=all")
    }
    assert shown == {
        "": [lead.number],
        "?joined=1": [lead.number, ticket.number],
        f"?q={ticket.number}": [ticket.number],
        "?status=assigned": [lead.number],
        "?status=all": [lead.number],
    }
    assert "+1 reporter" in officer.get("/admin/tickets").text
    assert lead.number in officer.get(f"/admin/tickets/{ticket.number}").text


@one_database
def test_what_a_joined_citizen_writes_stands_on_the_leads_page(
    runtime: Runtime, two: tuple[Ticket, Ticket], officer: Browser, clock: object
) -> None:
    lead, ticket = two
    officer.post(f"/admin/tickets/{ticket.number}/join", form(runtime, ticket, lead))
    clock.forward(minutes=5)  # type: ignore[attr-defined]
    write_again(runtime, ticket, "Sekarang <b>tiangnya</b> miring")
    page = officer.get(f"/admin/tickets/{lead.number}").text
    assert "Sekarang &lt;b&gt;tiangnya&lt;/b&gt; miring" in page


@one_database
def test_two_that_are_not_the_same_are_not_proposed_again(
    runtime: Runtime, two: tuple[Ticket, Ticket], officer: Browser
) -> None:
    lead, ticket = two
    assert officer.post(f"/admin/tickets/{ticket.number}/different", form(runtime, ticket, lead)).status_code == 303
    assert [row.decision for row in rows(runtime, Likeness)] == ["different"]
    assert "Likely the same" not in officer.get(f"/admin/tickets/{lead.number}").text


@one_database
@pytest.mark.parametrize("step", ["join", "split-off", "undo-flood"])
def test_a_page_shown_before_the_ticket_changed_does_nothing(
    runtime: Runtime, two: tuple[Ticket, Ticket], officer: Browser, step: str
) -> None:
    lead, ticket = two
    if step != "join":
        officer.post(f"/admin/tickets/{ticket.number}/join", form(runtime, ticket, lead))
    about = lead if step == "undo-flood" else ticket
    old = form(runtime, about, lead)
    before = reload(runtime, ticket).lead_id
    write_again(runtime, about, "Tolong segera")
    assert officer.post(f"/admin/tickets/{about.number}/{step}", old).status_code == 409
    assert reload(runtime, ticket).lead_id == before


@one_database
@pytest.mark.parametrize("other", ["", "KU-7MPA-3QRW", "not a number", "theirs", "itself"])
def test_what_cannot_be_joined_is_said_beside_the_field(
    runtime: Runtime, two: tuple[Ticket, Ticket], officer: Browser, other: str
) -> None:
    _, ticket = two
    theirs = open_one(runtime, ELSEWHERE)
    number = {"theirs": theirs.number, "itself": ticket.number}.get(other, other)
    answer = officer.post(f"/admin/tickets/{ticket.number}/join", {**form(runtime, ticket), "other": number})
    assert answer.status_code == 422
    assert 'id="fault-other"' in answer.text
    assert rows(runtime, Join) == []


@one_database
def test_nothing_of_a_ticket_out_of_sight_is_shown(runtime: Runtime, signed_in: Make) -> None:
    lead, ticket = open_one(runtime), open_one(runtime, ELSEWHERE, "Lampu mati di Tanjung Palas")
    with runtime.writing() as session:
        one, other = session.get_one(Ticket, ticket.id), session.get_one(Ticket, lead.id)
        joining.join(session, runtime.phrases, runtime.now(), one, other, staff_id=None)
    page = signed_in(agencies=(lead.agency,)).get(f"/admin/tickets/{lead.number}").text
    assert "1 other reporter" in page
    assert ticket.number not in page
    page = signed_in("b@contoh.test", agencies=(ticket.agency,)).get(f"/admin/tickets/{ticket.number}").text
    assert "This report is joined to another" in page
    assert lead.number not in page


@one_database
def test_a_flood_is_said_and_undone_with_one_button(runtime: Runtime, kaltara: Region, signed_in: Make) -> None:
    rules = DeskRules(alike={"": Alike(), "lampu_jalan": Alike(flood=3)})
    runtime.__dict__["region"] = replace(kaltara, desk_rules=rules)
    tickets = [open_one(runtime) for _ in range(5)]
    officer = signed_in(agencies=(tickets[0].agency,))
    page = officer.get(f"/admin/tickets/{tickets[0].number}").text
    assert "Flood of reports: 5 reports, 1 job." in page
    shown = form(runtime, tickets[0])
    assert officer.post(f"/admin/tickets/{tickets[0].number}/undo-flood", shown).status_code == 303
    assert [reload(runtime, each).lead_id for each in tickets] == [None] * 5
    assert reload(runtime, open_one(runtime)).lead_id is None


@pytest.mark.parametrize("score", [0.0, 0.5, 0.65, 0.85, 1.0])
def test_every_likeness_has_its_word(score: float) -> None:
    assert degree(score) in LIKELY


def test_every_refusal_has_its_sentence() -> None:
    reasons = {"unknown", "same", "joined", "ended", "part", "parts", "secret", "supervision"}
    assert set(NOT_JOINED) == reasons
