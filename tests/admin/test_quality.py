"""Quality of classification: every number leads to its tickets, what was taught can be taken back, versions go back."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape

import pytest
from sqlalchemy import select
from sqlmodel import col

from classifier.reader import Reader
from dispatch import quality, training
from dispatch.models import Audit, Label, LabelSource, ModelState, ModelVersion, Staff, Ticket
from dispatch.quality import stability_index, unknown_share
from dispatch.runtime import Runtime
from dispatch.services import labels, models
from tests.admin.conftest import Browser, one_database
from tests.support.clock import Clock
from tests.support.models import place
from tests.support.tickets import add_staff, open_ticket, reload

Make = Callable[..., Browser]
ROAD = ({"category": "jalan_rusak", "confidence": 0.9},)


@pytest.fixture
def officer(runtime: Runtime) -> Staff:
    return add_staff(runtime, "lain@contoh.test", "admin")


def judged(runtime: Runtime, by: Staff, category: str, proposed: str = "jalan_rusak", **more: object) -> Ticket:
    """A ticket the classifier put into one category and staff say belongs to another, or to the same."""
    ticket = open_ticket(runtime, category=proposed, suggestions=({"category": proposed, "confidence": 0.8},), **more)  # type: ignore[arg-type]
    source = LabelSource.CONFIRMED if category == proposed else LabelSource.CORRECTED
    with runtime.writing() as session:
        labels.say(session, runtime.now(), session.get_one(Ticket, ticket.id), category, source, by.id)
    return ticket


# The page


def test_every_number_leads_to_its_tickets(signed_in: Make, runtime: Runtime, officer: Staff, clock: Clock) -> None:
    for category in ("jalan_rusak", "jalan_rusak", "lampu_jalan", "lampu_jalan", "sampah"):
        judged(runtime, officer, category)
    judged(runtime, officer, "sampah", "lampu_jalan")
    open_ticket(runtime, suggestions=ROAD)
    open_ticket(runtime, category=None, area=None, suggestions=ROAD)
    clock.forward(days=40)
    judged(runtime, officer, "sampah")  # of another period
    admin = signed_in(role="admin")
    text = admin.get("/admin/quality?from=2026-11-01&to=2026-11-30").text
    links = re.findall(r'<a href="(/admin/tickets\?[^"]*figure=[^"]*)">(\d+)</a>', text)
    assert len(links) > 20
    for link, number in links:
        page = admin.get(unescape(link)).text
        assert page.count('<th scope="row"><a href="/admin/tickets/') == int(number), link
    rows = re.findall(r'<tr><th scope="row">([^<]+)</th><td data-label="Decided"><span>([^<]+)</span>', text)
    assert rows[0] == ("Damaged roads", "Street lights") and len(rows) == 3
    assert "33 % <small" in text and "12 % <small" in text  # 2 of 6 right; 1 of 8 unsure


def test_a_supervisor_sees_their_agencies_alone(signed_in: Make, runtime: Runtime, officer: Staff) -> None:
    judged(runtime, officer, "jalan_rusak")
    judged(runtime, officer, "sampah", area="65.71")
    judged(runtime, officer, "lampu_jalan", "sampah")
    text = signed_in(role="supervisor", agencies=("tarakan-dlh",)).get("/admin/quality").text
    assert "Waste" in text and "Damaged roads" not in text
    assert "Go back to it" not in text


@one_database
def test_an_empty_installation_has_a_page(signed_in: Make) -> None:
    text = signed_in(role="admin").get("/admin/quality").text
    assert "No ticket fits." in text and "too few tickets to tell." in text


def test_going_back_is_one_button_and_written_down(
    signed_in: Make, runtime: Runtime, starter: Reader, officer: Staff
) -> None:
    learnt = Reader(replace(starter.agency, version="local-1-abcdef"), {})
    place(runtime.settings.models, starter)
    training.serve(runtime, learnt)
    figures = {
        "held_out": {"rows": 40, "serving": 0.71, "candidate": 0.83},
        "canary": {"rows": 216, "serving": 0.99, "candidate": 0.99, "fallen": []},
    }
    with runtime.writing() as session:
        models.serves(session, runtime.now(), starter.version, taught=9000)
        models.serves(session, runtime.now(), learnt.version, taught=9000, local=120, figures=figures)
        models.refuse(
            session, runtime.now(), "local-1-badbad", taught=1, local=2, figures={}, reason="worse on the canary set"
        )
    admin = signed_in(role="admin")
    text = admin.get("/admin/quality").text
    assert text.count("Go back to it") == 1 and "83 %" in text and "before: 71 %, of 40" in text
    assert "worse on the canary set" in text
    assert admin.post("/admin/quality/rollback", {"version": starter.version}).status_code == 303
    assert runtime.classifier.version == starter.version
    with runtime.reading() as session:
        line = session.scalars(select(Audit).where(col(Audit.action) == "classifier.rollback")).one()
        states = dict(session.execute(select(ModelVersion.version, ModelVersion.state)).all())
    assert (line.subject_id, line.staff_id) == (starter.version, 2)
    assert states[learnt.version] == ModelState.WITHDRAWN
    text = admin.get("/admin/quality").text
    assert "taken out by a person (petugas@contoh.test" in text
    assert "cannot serve" in unescape(
        admin.post("/admin/quality/rollback", {"version": "../x"}, follow_redirects=True).text
    )


@one_database
def test_going_back_needs_a_token(signed_in: Make, runtime: Runtime, starter: Reader) -> None:
    place(runtime.settings.models, starter)
    admin = signed_in(role="admin")
    assert admin.client.post("/admin/quality/rollback", data={"version": ""}).status_code in (400, 403)


# What a person taught


def test_a_correction_says_what_it_taught_and_can_be_taken_back(
    signed_in: Make, runtime: Runtime, officer: Staff
) -> None:
    judged(runtime, officer, "lampu_jalan")
    ticket = open_ticket(runtime, suggestions=ROAD)
    admin = signed_in(role="admin")
    form: dict[str, object] = {"agency": "tarakan-dishub", "category": "lampu_jalan"}
    response = admin.post(f"/admin/tickets/{ticket.number}/assign", form, follow_redirects=True)
    assert "Lesson 2 for Street lights" in response.text
    assert "The classifier learns from this ticket:" in response.text and "corrected by staff" in response.text
    response = admin.post(f"/admin/tickets/{ticket.number}/unlearn", follow_redirects=True)
    assert "Nothing is learnt from this ticket." in response.text
    assert "The classifier learns from this ticket:" not in response.text
    with runtime.reading() as session:
        rows = session.scalars(select(Label).where(col(Label.ticket_id) == ticket.id)).all()
    assert [row.withdrawn_at for row in rows] == [runtime.now()]


def test_resolving_confirms_too(signed_in: Make, runtime: Runtime) -> None:
    region = runtime.region
    lenient = {code: replace(each, evidence="none") for code, each in region.categories.items()}
    runtime.__dict__["region"] = replace(region, categories=lenient)
    ticket = open_ticket(runtime, suggestions=ROAD)
    admin = signed_in(role="admin")
    for to, outcome in (("in_progress", ""), ("resolved", "solved")):
        form = {"status": to, "outcome": outcome}
        assert admin.post(f"/admin/tickets/{ticket.number}/status", form).status_code == 303
    with runtime.reading() as session:
        [row] = session.scalars(select(Label)).all()
    assert (row.category, row.source, row.staff_id) == ("jalan_rusak", "confirmed", 1)


def test_kind_and_conduct_can_be_corrected(signed_in: Make, runtime: Runtime) -> None:
    ticket = open_ticket(runtime, suggestions=ROAD)
    admin = signed_in(role="admin")
    form: dict[str, object] = {"agency": ticket.agency, "kind": "information"}
    assert admin.post(f"/admin/tickets/{ticket.number}/assign", form).status_code == 303
    after = reload(runtime, ticket)
    assert (after.kind, after.supervision, after.agency) == ("information", False, ticket.agency)
    assert after.resolution_due != ticket.resolution_due
    form = {"agency": ticket.agency, "conduct": "yes"}
    refused = admin.post(f"/admin/tickets/{ticket.number}/assign", form)
    assert refused.status_code == 422 and "stays with an inspectorate" in refused.text
    form = {"agency": "tarakan-inspektorat", "conduct": "yes"}
    assert admin.post(f"/admin/tickets/{ticket.number}/assign", form).status_code == 303
    assert reload(runtime, ticket).supervision is True
    assert admin.post(f"/admin/tickets/{ticket.number}/assign", {**form, "kind": "joke"}).status_code == 422
    with runtime.reading() as session:
        assert session.scalars(select(Label)).all() == [], "neither says which category it is"


# Drift


def mix(**counts: int) -> dict[str, int]:
    return counts


@pytest.mark.parametrize(
    ("before", "now", "low", "high"),
    [
        (mix(a=100, b=100), mix(a=100, b=100), 0.0, 0.001),
        (mix(a=100, b=100), mix(a=110, b=90), 0.0, 0.05),
        (mix(a=180, b=20), mix(a=20, b=180), 1.0, 9.0),
        (mix(a=200), mix(a=100, c=100), 0.25, 9.0),
    ],
    ids=["the same", "nearly", "turned round", "a new matter"],
)
def test_the_stability_index(before: dict[str, int], now: dict[str, int], low: float, high: float) -> None:
    found = stability_index(before, now)
    assert found is not None and low <= found <= high
    assert stability_index(now, before) == pytest.approx(found)


def test_a_few_tickets_tell_nothing() -> None:
    assert stability_index(mix(a=99), mix(a=500)) is None


def test_words_the_model_does_not_know(starter: Reader) -> None:
    assert unknown_share(starter.agency, ["jalan rusak"]) == 0.0
    assert unknown_share(starter.agency, ["jalan xqwzv", "081100012345"]) == 0.5
    assert unknown_share(starter.agency, ["", "12345"]) is None


def test_a_change_of_the_world_is_noticed(signed_in: Make, runtime: Runtime, starter: Reader, clock: Clock) -> None:
    place(runtime.settings.models, starter)
    for _ in range(4):
        for _ in range(30):
            open_ticket(runtime, "Jalan berlubang di depan pasar", suggestions=ROAD)
        clock.forward(weeks=1)
    for _ in range(120):
        open_ticket(runtime, "Zqxwv kwpfq vbnxq zzkqw", category="sampah", score=0.3, suggestions=ROAD)
    for _ in range(40):
        open_ticket(runtime, "Zqxwv kwpfq vbnxq zzkqw", category=None, area=None, score=0.2, suggestions=ROAD)
    clock.forward(weeks=1)
    with runtime.reading() as session:
        found = quality.drift(session, runtime.region, runtime.now(), None, starter.agency, None)
    assert [week.classified for week in found.weeks] == [0, 0, 30, 30, 30, 30, 160, 0]
    assert found.weeks[-2].unsure == pytest.approx(0.25) and found.weeks[-2].unknown == 1.0
    assert found.attention == {"unsure", "confidence", "unknown"} and found.index is None
    clock.forward(weeks=4)
    for _ in range(120):
        open_ticket(runtime, category="desa", suggestions=ROAD)
    clock.forward(hours=1)
    with runtime.reading() as session:
        found = quality.drift(session, runtime.region, runtime.now(), None, None, None)
    assert "mix" in found.attention and found.index is not None and found.index > 1
    text = signed_in(role="admin").get("/admin/quality").text
    assert "People write about other matters than the twelve weeks before." in text
