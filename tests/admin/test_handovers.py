"""The page's hand-overs: take on, send back, decide, split, and what an officer of a part says."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlmodel import col

from dispatch.models import Message, Ticket
from dispatch.runtime import Runtime
from dispatch.services import parts
from tests.admin.conftest import Browser, one_database
from tests.support.clock import Clock
from tests.support.handing import Step, tell
from tests.support.tickets import open_ticket, reload

Make = Callable[..., Browser]
DESK, ROADS, WASTE, LAMPS = "prov-diskominfo", "tarakan-dpupr", "tarakan-dlh", "tarakan-dishub"
FIELD = "not_our_field"
THIRD: list[Step] = [
    (ROADS, "sends back", FIELD),
    (DESK, "gives", WASTE),
    (WASTE, "sends back", FIELD),
    (DESK, "gives", LAMPS),
    (LAMPS, "sends back", FIELD),
]


def path(ticket: Ticket, step: str = "") -> str:
    return f"/admin/tickets/{ticket.number}{'/' + step if step else ''}"


def test_an_officer_takes_it_on(signed_in: Make, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    officer = signed_in(agencies=(ROADS,))
    assert "not taken on yet" in officer.get(path(ticket)).text
    assert officer.post(path(ticket, "accept"), {"version": str(ticket.version)}).status_code == 303
    page = officer.get(path(ticket)).text
    assert "Your agency has taken the ticket on." in page and "not taken on yet" not in page
    assert reload(runtime, ticket).status == "in_progress"


def test_sending_back_leads_away_from_what_left_ones_sight(signed_in: Make, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    officer = signed_in(agencies=(ROADS,))
    form = {"version": str(ticket.version), "return": "not_our_area", "return_note": "di luar kota"}
    response = officer.post(path(ticket, "send-back"), form)
    assert (response.status_code, response.headers["Location"]) == (303, "/admin/tickets")
    after = reload(runtime, ticket)
    assert (after.agency, after.triage, after.bounces) == (DESK, True, 1)
    desk = signed_in("meja@contoh.test", agencies=(DESK,))
    page = desk.get(path(ticket)).text
    assert "not our area" in page and "di luar kota" in page and "1 hand-over, 1 return" in page
    assert "sent back 1 time" in desk.get("/admin/tickets").text


@one_database
@pytest.mark.parametrize(
    ("step", "form", "fault"),
    [
        pytest.param("send-back", {"return": ""}, "Choose why it goes back.", id="no-reason"),
        pytest.param("split", {}, "Choose at least one agency", id="no-part"),
        pytest.param("split", {"part_agency_1": WASTE}, "Write for every chosen agency", id="no-task"),
        pytest.param("split", {"part_task_2": "x"}, "Choose an agency from the list for every task", id="no-agency"),
        pytest.param(
            "split",
            {"part_agency_1": WASTE, "part_task_1": "x", "part_category_1": "unheard"},
            "Choose a category from the list.",
            id="no-such-category",
        ),
        pytest.param("unsplit", {}, "The ticket is not split.", id="nothing-to-undo"),
        pytest.param("report", {"report": "x"}, "This is no part of another ticket", id="no-part-of-another"),
    ],
)
def test_faults_stand_on_the_page_and_change_nothing(
    step: str, form: dict[str, object], fault: str, signed_in: Make, runtime: Runtime
) -> None:
    ticket = open_ticket(runtime)
    response = signed_in(agencies=(ROADS,)).post(path(ticket, step), {"version": str(ticket.version), **form})
    assert response.status_code == 422 and fault in response.text
    assert reload(runtime, ticket).model_dump() == ticket.model_dump()


@one_database
@pytest.mark.parametrize("step", ["accept", "send-back", "split", "unsplit", "report"])
def test_an_old_page_changes_nothing(step: str, signed_in: Make, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    form: dict[str, object] = {"version": str(ticket.version - 1), "return": FIELD, "report": "x"}
    assert signed_in(agencies=(ROADS,)).post(path(ticket, step), form).status_code == 409
    assert reload(runtime, ticket).version == ticket.version


def test_only_a_supervisor_passes_on_what_waits_for_one(signed_in: Make, runtime: Runtime) -> None:
    ticket = tell(runtime, open_ticket(runtime), THIRD)
    desk = signed_in(agencies=(DESK,))
    form: dict[str, object] = {"version": str(ticket.version), "agency": ROADS, "category": "jalan_rusak"}
    refused = desk.post(path(ticket, "assign"), form)
    assert refused.status_code == 422 and "only a supervisor can pass it on" in refused.text
    assert reload(runtime, ticket).agency == DESK
    assert ticket.number in desk.get("/admin/tickets?waiting=decision").text
    boss = signed_in("kepala@contoh.test", role="supervisor")
    page = boss.get(path(ticket)).text
    assert "A supervisor decides who has this ticket" in page
    rows = re.findall(r'<tr><th scope="row">(\S+)', page)
    assert len(rows) == 6, "the whole chain is shown"
    assert boss.post(path(ticket, "assign"), form).status_code == 303
    assert reload(runtime, ticket).agency == ROADS
    boss.get("/admin/tickets")  # the notice of what was done
    assert ticket.number not in boss.get("/admin/tickets?waiting=decision").text
    officer = signed_in("jalan@contoh.test", agencies=(ROADS,))
    for step, data in (("send-back", {"return": FIELD}), ("assign", {"agency": WASTE})):
        again = officer.post(path(ticket, step), data)
        assert again.status_code == 422 and "ask a supervisor to change that" in again.text


def test_the_list_counts_returns_beside_the_number(signed_in: Make, runtime: Runtime) -> None:
    open_ticket(runtime)
    assert "sent back" not in signed_in(role="admin").get("/admin/tickets").text


@one_database
def test_ping_pong_by_the_form_goes_to_the_supervisor(signed_in: Make, runtime: Runtime) -> None:
    story: list[Step] = [(ROADS, "gives", WASTE), (WASTE, "gives", ROADS), (ROADS, "gives", WASTE)]
    ticket = tell(runtime, open_ticket(runtime), story)
    officer = signed_in(agencies=(WASTE,))
    assert officer.post(path(ticket, "assign"), {"agency": ROADS}).status_code == 303
    assert "a supervisor decides now" in officer.get("/admin/tickets").text
    assert (reload(runtime, ticket).agency, reload(runtime, ticket).bounces) == (DESK, 3)


def split(browser: Browser, runtime: Runtime, ticket: Ticket, **more: object) -> list[Ticket]:
    form = {
        "part_agency_1": WASTE,
        "part_task_1": "Angkut sampah",
        "part_agency_2": LAMPS,
        "part_task_2": "Pasang lampu",
        "part_category_2": "lampu_jalan",
        **more,
    }
    assert browser.post(path(ticket, "split"), form).status_code == 303
    with runtime.reading() as session:
        return parts.of(session, reload(runtime, ticket))


def test_a_split_shows_on_both_sides(signed_in: Make, runtime: Runtime) -> None:
    ticket = open_ticket(runtime, "Jalan penuh sampah dan gelap")
    roads = signed_in(agencies=(ROADS,))
    first, second = split(roads, runtime, ticket, own_part="1")
    page = roads.get(path(ticket)).text
    assert first.number in page and second.number in page and "Undo the split" in page
    refused = roads.post(path(ticket, "status"), {"status": "resolved"})
    assert refused.status_code == 422 and first.number in refused.text and second.number in refused.text
    waste = signed_in("sampah@contoh.test", agencies=(WASTE,))
    theirs = waste.get(path(first)).text
    assert "Jalan penuh sampah dan gelap" in theirs and ticket.number in theirs and "Angkut sampah" in theirs
    assert waste.get(path(ticket)).status_code == 404, "the whole is not theirs"
    assert first.number in waste.get("/admin/tickets").text


@pytest.mark.parametrize("to_citizen", [False, True], ids=["a-note", "to-the-citizen"])
def test_what_the_officer_of_a_part_says(to_citizen: bool, signed_in: Make, runtime: Runtime, clock: Clock) -> None:
    ticket = open_ticket(runtime)
    part, _ = split(signed_in(agencies=(ROADS,)), runtime, ticket)
    waste = signed_in("sampah@contoh.test", agencies=(WASTE,))
    form: dict[str, object] = {"report": "Truk datang besok.", **({"to_citizen": "1"} if to_citizen else {})}
    assert waste.post(path(part, "report"), form).status_code == 303
    with runtime.reading() as session:
        said = session.scalars(select(Message).where(col(Message.body) == "Truk datang besok.")).one()
    assert (said.ticket_id, said.direction) == (ticket.id, "out" if to_citizen else "note")
    assert "Truk datang besok." in waste.get(path(part)).text
    assert reload(runtime, part).first_response_at == clock()
    assert (reload(runtime, ticket).first_response_at is not None) is to_citizen


@one_database
def test_a_part_is_not_answered_by_the_common_form(signed_in: Make, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    part, _ = split(signed_in(agencies=(ROADS,)), runtime, ticket)
    waste = signed_in("sampah@contoh.test", agencies=(WASTE,))
    assert waste.post(path(part), {"reply": "Halo"}).status_code == 422
    assert reload(runtime, part).first_response_at is None


@one_database
def test_undoing_a_split(signed_in: Make, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    roads = signed_in(agencies=(ROADS,))
    part, _ = split(roads, runtime, ticket)
    assert roads.post(path(ticket, "unsplit")).status_code == 303
    assert part.number not in roads.get(path(ticket)).text
    part, _ = split(roads, runtime, ticket)
    signed_in("sampah@contoh.test", agencies=(WASTE,)).post(path(part, "accept"))
    again = roads.post(path(ticket, "unsplit"))
    assert again.status_code == 422 and "A part has begun" in again.text
