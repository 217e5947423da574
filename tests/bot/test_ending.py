"""The end of a report in conversation: the question, its answers, and what opens a ticket again."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select
from sqlmodel import col

from bot.app import create_app
from bot.jobs import drain_inbound
from dispatch.models import Message, StoredAttachment, Ticket
from dispatch.runtime import Runtime
from dispatch.services import answers, consequences, evidence
from dispatch.services.answers import Then
from dispatch.workflow import Status
from tests.support.clock import Clock
from tests.support.desk import answer, change, deliver, officer
from tests.support.readings import knows, reading
from tests.support.talk import Citizen
from tests.support.visitor import Visitor


@pytest.fixture
def trained(runtime: Runtime) -> Runtime:
    """A classifier that knows two texts by heart, and is sure of nothing else."""
    return knows(
        runtime,
        {LAMP: reading(("lampu_jalan", 0.97), sure=True), WASTE: reading(("sampah", 0.97), sure=True)},
    )


on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
BUTTON = re.compile(r'<button name="text" value="([^"]+)" class="plain">([^<]+)</button>')
LAMP = "Lampu jalan di depan pasar Gusher Tarakan sudah seminggu mati"
WASTE = "Sampah menumpuk tidak diangkut dua minggu di Juata Permai Tarakan"


def resolve(runtime: Runtime, number: str) -> None:
    """An officer writes that the work is done; the category is one whose answer is proof enough."""
    with runtime.writing() as session:
        ticket = session.scalars(select(Ticket).where(col(Ticket.number) == number)).one()
        ticket.category = None
        staff_id = officer(runtime, session)
        answers.reply(
            session,
            runtime.phrases,
            runtime.now(),
            ticket,
            text="Sudah diganti.",
            staff_id=staff_id,
            then=Then.RESOLVED,
        )


def resolved(runtime: Runtime, clock: Clock, channel: str = "sms") -> tuple[Citizen, Ticket]:
    """A citizen whose report was done and who was asked about it a day ago."""
    citizen = Citizen(runtime, channel)
    citizen.says(LAMP)
    [ticket] = citizen.tickets()
    clock.forward(days=2)
    resolve(runtime, ticket.number)
    assert any("Balas 1 sudah, 2 belum" in text for text in citizen.hears())
    clock.forward(days=1)
    return citizen, ticket


def of(citizen: Citizen, number: str) -> Ticket:
    return next(ticket for ticket in citizen.tickets() if ticket.number == number)


@pytest.mark.parametrize("words", ["1", "sudah", "Sudah beres, terima kasih"])
def test_yes_closes_and_asks_for_a_rating_once(trained: Runtime, clock: Clock, words: str) -> None:
    citizen, ticket = resolved(trained, clock)
    [reply] = citizen.says(words)
    assert ticket.number in reply and "1 (tidak puas) sampai 5" in reply
    after = of(citizen, ticket.number)
    assert (after.status, after.content, after.outcome, after.rating) == (Status.CLOSED, "yes", "solved", None)
    [reply] = citizen.says("4")
    assert "penilaian" in reply and ticket.number in reply
    assert of(citizen, ticket.number).rating == 4
    assert len(citizen.tickets()) == 1


@on_sqlite
@pytest.mark.parametrize("words", ["2", "belum", "2 masih gelap di ujung gang", "belum, lampunya mati lagi"])
def test_no_opens_it_again_and_reaches_staff(trained: Runtime, clock: Clock, words: str) -> None:
    citizen, ticket = resolved(trained, clock)
    due = of(citizen, ticket.number).resolution_due
    [reply] = citizen.says(words)
    assert ticket.number in reply and "buka kembali" in reply
    after = of(citizen, ticket.number)
    assert (after.status, after.content, after.agency) == (Status.IN_PROGRESS, "no", ticket.agency)
    assert after.closed_at is None and after.resolution_due >= due
    consequences.sweep(trained)
    with trained.reading() as session:
        said = session.scalars(select(Message).where(col(Message.body) == words)).one()
    assert said.ticket_id == after.id
    assert citizen.hears() == []


@on_sqlite
@pytest.mark.parametrize("late", [False, True], ids=["recorded at once", "a moment later"])
def test_the_same_answer_twice_rates_nothing(trained: Runtime, clock: Clock, late: bool) -> None:
    citizen, ticket = resolved(trained, clock)
    citizen.says("1", work=late)
    if late:
        clock.forward(seconds=20)
        citizen.hears()
        assert citizen.says("1") == []
    else:
        citizen.says("1", work=False)
        clock.forward(seconds=20)
        drain_inbound(trained)
    after = of(citizen, ticket.number)
    assert (after.status, after.rating, len(citizen.tickets())) == (Status.CLOSED, None, 1)
    clock.forward(minutes=2)
    citizen.says("1")
    assert of(citizen, ticket.number).rating == 1


@on_sqlite
def test_what_was_said_before_the_question_answers_nothing(trained: Runtime, clock: Clock) -> None:
    citizen, ticket = resolved(trained, clock)
    citizen.says("2", sent_at=trained.now() - timedelta(days=1, minutes=1))
    assert (of(citizen, ticket.number).content, len(letters_on(trained, ticket))) == ("", 0)


def letters_on(runtime: Runtime, ticket: Ticket) -> list[Message]:
    """What confirmed an answer about the end."""
    with runtime.reading() as session:
        said = session.scalars(select(Message).where(col(Message.ticket_id) == ticket.id))
        return [each for each in said if "Tuliskan apa yang belum beres" in each.body]


@on_sqlite
def test_who_says_what_is_not_settled_is_not_asked_for_it(trained: Runtime, clock: Clock) -> None:
    citizen, _ = resolved(trained, clock)
    [reply] = citizen.says("2 masih mati lampunya")
    assert "buka kembali" in reply and "Tuliskan" not in reply


@on_sqlite
@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
@pytest.mark.parametrize("minutes", [0, 3 * 24 * 60], ids=["at once", "days later"])
def test_words_after_yes_and_a_rating_open_the_same_report(
    trained: Runtime, clock: Clock, channel: str, minutes: int
) -> None:
    citizen, ticket = resolved(trained, clock, channel)
    citizen.says("1")
    citizen.says("5")
    clock.forward(minutes=minutes)
    [reply] = citizen.says("pak lampunya mati lagi tadi malam")
    assert ticket.number in reply
    assert [(each.number, each.status) for each in citizen.tickets()] == [(ticket.number, Status.IN_PROGRESS)]


@on_sqlite
def test_another_matter_after_the_end_is_a_report_of_its_own(trained: Runtime, clock: Clock) -> None:
    citizen, ticket = resolved(trained, clock)
    citizen.says("1")
    citizen.says(WASTE)
    assert of(citizen, ticket.number).status == Status.CLOSED and len(citizen.tickets()) == 2


def _an_officer_asks(citizen: Citizen, clock: Clock) -> None:
    citizen.says(WASTE)
    clock.forward(hours=1)
    answer(citizen.runtime, citizen.tickets()[-1].number, "Rumah nomor 1 atau 2?")
    clock.forward(hours=1)


NOT_READ: dict[str, tuple[Callable[[Citizen, Clock], None], str, str]] = {
    "thanks": (lambda citizen, clock: None, "terima kasih", "resolved"),
    "seen": (lambda citizen, clock: None, "ok", "resolved"),
    "an officer asked since": (_an_officer_asks, "2", "resolved"),
}


@on_sqlite
@pytest.mark.parametrize(("before", "words", "status"), NOT_READ.values(), ids=NOT_READ)
def test_what_is_no_answer_changes_nothing(
    trained: Runtime, clock: Clock, before: Callable[[Citizen, Clock], None], words: str, status: str
) -> None:
    citizen, ticket = resolved(trained, clock)
    before(citizen, clock)
    citizen.says(words)
    assert of(citizen, ticket.number).status == status


@on_sqlite
def test_a_number_without_a_question_of_ours_is_none(trained: Runtime, clock: Clock) -> None:
    citizen = Citizen(trained, "sms")
    citizen.says(LAMP)
    clock.forward(days=1)
    citizen.says("1")
    [ticket] = citizen.tickets()
    assert (ticket.status, ticket.content) == ("assigned", "")


@on_sqlite
def test_another_person_answers_nothing(trained: Runtime, clock: Clock) -> None:
    citizen, ticket = resolved(trained, clock)
    Citizen(trained, "sms", "+628110000077").says(f"1 {ticket.number}")
    assert of(citizen, ticket.number).status == Status.RESOLVED


@on_sqlite
def test_of_two_questions_the_newest_is_meant_unless_a_number_says_otherwise(trained: Runtime, clock: Clock) -> None:
    citizen, first = resolved(trained, clock)
    citizen.says(WASTE)
    second = citizen.tickets()[-1]
    clock.forward(days=1)
    resolve(trained, second.number)
    citizen.hears()
    clock.forward(hours=2)
    [reply] = citizen.says(f"2 {first.number}")
    assert first.number in reply and of(citizen, first.number).status == Status.IN_PROGRESS
    assert of(citizen, second.number).status == Status.RESOLVED
    clock.forward(hours=2)
    [reply] = citizen.says("1")
    assert second.number in reply and of(citizen, second.number).status == Status.CLOSED


@on_sqlite
def test_words_after_the_end_open_it_again_and_another_matter_does_not(trained: Runtime, clock: Clock) -> None:
    citizen, ticket = resolved(trained, clock)
    citizen.says("di ujung gang masih gelap pak, mohon dicek lagi")
    assert of(citizen, ticket.number).status == Status.IN_PROGRESS
    citizen, ticket = resolved_again(trained, clock, citizen, ticket)
    citizen.says(WASTE)
    assert [each.status for each in citizen.tickets()] == ["resolved", "assigned"]


def resolved_again(runtime: Runtime, clock: Clock, citizen: Citizen, ticket: Ticket) -> tuple[Citizen, Ticket]:
    resolve(runtime, ticket.number)
    clock.forward(days=1)
    citizen.hears()
    return citizen, of(citizen, ticket.number)


@on_sqlite
@pytest.mark.parametrize(("days", "tickets"), [(59, 1), (61, 2)], ids=["in time", "too late"])
def test_a_real_reply_opens_a_closed_ticket_until_its_time_is_over(
    trained: Runtime, clock: Clock, days: int, tickets: int
) -> None:
    citizen = Citizen(trained)
    citizen.says(LAMP)
    [ticket] = citizen.tickets()
    [receipt, *_] = deliver(trained, "whatsapp")
    change(trained, ticket.number, Status.ANSWERED, Status.CLOSED)
    clock.forward(days=days)
    citizen.says("Lampunya mati lagi sejak kemarin", reply_to=(receipt,))
    found = citizen.tickets()
    assert len(found) == tickets
    if tickets == 1:
        assert found[0].status == Status.IN_PROGRESS
        return
    assert found[0].status == Status.CLOSED
    with trained.reading() as session:
        notes = session.scalars(select(col(Message.notes)).where(col(Message.direction) == "note")).all()
    assert sorted(note for row in notes for note in row) == sorted(
        [f"continues:{found[0].number}", f"continued:{found[1].number}"]
    )


class TestPages:
    """The same on our own pages: buttons where the report was written, words and photos for who knows the number."""

    @pytest.fixture
    def visitor(self, trained: Runtime) -> Visitor:
        return Visitor(create_app(trained))

    def report(self, runtime: Runtime, visitor: Visitor) -> Ticket:
        visitor.send("/obrolan", text=LAMP)
        drain_inbound(runtime)
        with runtime.reading() as session:
            ticket = session.scalars(select(Ticket)).one()
        resolve(runtime, ticket.number)
        return ticket

    @on_sqlite
    @pytest.mark.parametrize("path", ["/obrolan", "/lacak/{number}"], ids=["chat", "tracking page"])
    def test_buttons_answer_for_the_device_that_wrote(self, trained: Runtime, visitor: Visitor, path: str) -> None:
        ticket = self.report(trained, visitor)
        page = visitor.get(path.format(number=ticket.number)).text
        assert BUTTON.findall(page) == [
            (f"1 {ticket.number}", "1. Sudah beres"),
            (f"2 {ticket.number}", "2. Belum beres"),
        ]
        form = visitor.blank("/obrolan")
        said = {"csrf_token": form["csrf_token"], "key": form["key"], "text": f"1 {ticket.number}"}
        assert visitor.send("/obrolan", form=said).status_code == 303
        drain_inbound(trained)
        with trained.reading() as session:
            assert session.get_one(Ticket, ticket.id).status == Status.CLOSED
        assert len(BUTTON.findall(visitor.get("/obrolan").text)) == 5
        assert "Pekerjaan selesai" in visitor.get(f"/lacak/{ticket.number}").text

    @on_sqlite
    def test_another_device_sees_the_outcome_and_no_buttons(self, trained: Runtime, visitor: Visitor) -> None:
        ticket = self.report(trained, visitor)
        page = Visitor(visitor.client.application).get(f"/lacak/{ticket.number}").text
        assert BUTTON.findall(page) == [] and "Pekerjaan selesai" in page

    @on_sqlite
    @pytest.mark.parametrize(
        ("shown", "fields", "code"),
        [(True, {}, 200), (False, {}, 404), (True, {"supervision": True}, 404), (True, {"privacy": "secret"}, 404)],
        ids=["shown", "not shown", "about officials", "secret"],
    )
    def test_a_photo_is_seen_only_if_the_officer_says_so(
        self, trained: Runtime, visitor: Visitor, shown: bool, fields: dict[str, object], code: int
    ) -> None:
        ticket = self.report(trained, visitor)
        buffer = BytesIO()
        Image.new("RGB", (60, 40), (90, 80, 120)).save(buffer, "JPEG")
        folder = trained.settings.media
        files = evidence.look(None, folder, [("foto.jpg", buffer.getvalue())])
        with trained.writing() as session:
            row = session.get_one(Ticket, ticket.id)
            for name, value in fields.items():
                setattr(row, name, value)
            answers.reply(
                session,
                trained.phrases,
                trained.now(),
                row,
                text="Foto terlampir.",
                staff_id=officer(trained, session),
                files=evidence.Bundle(folder, files, shown=shown),
            )
            kept = session.scalars(select(StoredAttachment)).one().id
        assert visitor.get(f"/bukti/{ticket.number}/{kept}").status_code == code
        assert (f"/bukti/{ticket.number}/{kept}" in visitor.get(f"/lacak/{ticket.number}").text) is (code == 200)
        assert visitor.get(f"/bukti/{ticket.number}/{(kept or 0) + 1}").status_code == 404
