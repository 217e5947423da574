"""Answers: who stops the clock, what is refused, and what the citizen's phone or mailbox shows."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from dispatch.models import Author, CitizenAddress, Direction, Message, Outbox, StatusChange, Ticket
from dispatch.runtime import Runtime
from dispatch.services import answers, people, staff
from dispatch.services.answers import CannotReach, Stale
from dispatch.workflow import ENDED, Status
from tests.support import rows

one_database = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def officer(runtime: Runtime) -> int:
    with runtime.writing() as session:
        account = staff.add(
            session,
            runtime.region,
            runtime.now(),
            email="petugas@example.org",
            role="officer",
            password="kata-sandi-contoh",
            agencies=["tarakan-dishub"],
        )
        return account.id or 0


def opened(runtime: Runtime, **fields: object) -> Ticket:
    with runtime.writing() as session:
        return rows.ticket(runtime, session, **fields)


def reply(
    runtime: Runtime, ticket: Ticket, officer: int, text: str = "Sudah kami perbaiki.", **fields: object
) -> Ticket:
    with runtime.writing() as session:
        fresh = session.get_one(Ticket, ticket.id, with_for_update=True)
        answers.reply(session, runtime.phrases, runtime.now(), fresh, text=text, staff_id=officer, **fields)
        return fresh


def promised(runtime: Runtime) -> list[Outbox]:
    with runtime.reading() as session:
        return list(session.scalars(select(Outbox).order_by(Outbox.id)))


def test_an_answer_is_one_change_of_ticket_history_message_and_outbox(runtime, clock, officer):
    ticket = opened(runtime)
    clock.forward(hours=2)
    answered = reply(runtime, ticket, officer, "  Sudah kami perbaiki.\n")
    assert (answered.status, answered.first_response_at, answered.last_staff_at) == (Status.ANSWERED, clock(), clock())
    assert answered.version > ticket.version and not answered.triage
    [row] = promised(runtime)
    assert row.automatic is False and row.ticket_number == ticket.number
    with runtime.reading() as session:
        message = session.scalars(select(Message).where(Message.direction == Direction.OUT)).one()
        change = session.scalars(select(StatusChange).order_by(StatusChange.id.desc())).first()
    assert (message.author, message.staff_id, message.body) == (Author.STAFF, officer, "Sudah kami perbaiki.")
    assert (change.to_status, change.staff_id) == (Status.ANSWERED, officer)


def test_only_a_person_stops_the_first_response_clock_and_only_once(runtime, clock, officer):
    ticket = opened(runtime)
    with runtime.writing() as session:
        fresh = session.get_one(Ticket, ticket.id)
        to = session.get_one(CitizenAddress, fresh.address_id)
        answers.say(session, runtime.phrases, clock(), to, ticket=fresh, text="Laporan diterima")
        answers.note(session, clock(), fresh, text="cek lapangan", staff_id=officer)
        assert fresh.first_response_at is None
    clock.forward(hours=1)
    first = reply(runtime, ticket, officer).first_response_at
    clock.forward(hours=1)
    assert reply(runtime, ticket, officer, "Tambahan").first_response_at == first


@one_database
@pytest.mark.parametrize("status", Status)
def test_the_status_after_an_answer(runtime, officer, status):
    with runtime.writing() as session:
        ticket = rows.ticket(runtime, session)
        ticket.status = status
        session.add(ticket)
    answered = reply(runtime, ticket, officer)
    assert answered.status == (status if status in ENDED else Status.ANSWERED)
    assert answered.version > ticket.version
    assert len(promised(runtime)) == 1


@one_database
class TestRefused:
    """Nothing is written: no message, no promise, no history."""

    def untouched(self, runtime: Runtime, ticket: Ticket) -> None:
        assert promised(runtime) == []
        with runtime.reading() as session:
            assert session.get_one(Ticket, ticket.id).model_dump() == ticket.model_dump()
            assert session.scalars(select(Message).where(Message.direction == Direction.OUT)).all() == []

    @pytest.mark.parametrize("text", ["", "   \n\t ", "\u00a0"], ids=["empty", "blank", "hard-space"])
    def test_an_empty_answer(self, runtime, officer, text):
        ticket = opened(runtime)
        with pytest.raises(ValueError, match="text"):
            reply(runtime, ticket, officer, text)
        self.untouched(runtime, ticket)

    @pytest.mark.parametrize("step", [-1, 1], ids=["older", "newer"])
    def test_an_answer_to_another_version(self, runtime, officer, step):
        ticket = opened(runtime)
        with pytest.raises(Stale):
            reply(runtime, ticket, officer, seen_version=ticket.version + step)
        self.untouched(runtime, ticket)

    def test_an_answer_to_somebody_who_stopped_us(self, runtime, clock, officer):
        ticket = opened(runtime)
        with runtime.writing() as session:
            people.set_stopped(session, clock(), session.get_one(CitizenAddress, ticket.address_id), True)
        with pytest.raises(CannotReach):
            reply(runtime, ticket, officer)
        self.untouched(runtime, ticket)

    def test_an_empty_note(self, runtime, officer):
        ticket = opened(runtime)
        with pytest.raises(ValueError, match="text"), runtime.writing() as session:
            answers.note(session, runtime.now(), session.get_one(Ticket, ticket.id), text=" ", staff_id=officer)


def test_of_two_officers_who_answer_at_once_one_wins(runtime, officer):
    ticket = opened(runtime)
    barrier = Barrier(2)
    ends: list[str] = []

    def answer(text: str) -> None:
        barrier.wait(timeout=20)
        try:
            reply(runtime, ticket, officer, text, seen_version=ticket.version)
            ends.append("sent")
        except Stale:
            ends.append("stale")

    threads = [Thread(target=answer, args=(text,)) for text in ("satu", "dua")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(ends) == ["sent", "stale"]
    assert len(promised(runtime)) == 1


#: Channel → whether the answer is headed by number and agency: our own pages show both already.
HEADED = {"whatsapp": True, "sms": True, "telegram": True, "mail": True, "web": False}


@one_database
@pytest.mark.parametrize(("channel", "headed"), HEADED.items(), ids=HEADED)
def test_an_answer_that_leaves_our_pages_is_headed(runtime, officer, channel, headed):
    ticket = opened(runtime, channel=channel)
    reply(runtime, ticket, officer, "Sudah.")
    body = "".join(row.body for row in promised(runtime))
    assert body.endswith("Sudah.")
    agency = runtime.region.agencies[ticket.agency].name
    assert (ticket.number in body and agency in body) is headed
    with runtime.reading() as session:
        assert session.scalars(select(Message).where(Message.direction == Direction.OUT)).one().body == "Sudah."


@one_database
def test_the_heading_speaks_the_ticket_s_language(runtime, officer):
    reply(runtime, opened(runtime, language="en"), officer)
    assert promised(runtime)[0].body.startswith("Answer from")


@one_database
class TestMail:
    def answer(self, runtime: Runtime, officer: int, *letters: tuple[str, str]) -> Outbox:
        """The answer to letters of (subject, Message-ID), the first of which opened the ticket."""
        (subject, provider_id), *more = letters
        ticket = opened(runtime, channel="mail", subject=subject, provider_id=provider_id)
        self.number = ticket.number
        for subject, provider_id in more:
            with runtime.writing() as session:
                to = session.get_one(CitizenAddress, ticket.address_id)
                subject = subject.replace("NUMBER", ticket.number)
                rows.said(runtime, session, to, "lagi", ticket, subject=subject, provider_id=provider_id)
        reply(runtime, ticket, officer)
        return promised(runtime)[-1]

    def test_carries_the_citizen_s_subject_under_the_number(self, runtime, officer):
        row = self.answer(runtime, officer, ("Jalan rusak", "a@example.org"))
        assert row.subject == f"[{self.number}] Jalan rusak"

    def test_names_the_number_once_however_long_the_exchange(self, runtime, officer):
        row = self.answer(
            runtime, officer, ("Jalan rusak", "a@example.org"), ("Re: [NUMBER] Jalan rusak", "b@example.org")
        )
        assert row.subject == f"Re: [{self.number}] Jalan rusak"

    def test_answers_the_last_letter_and_refers_to_all_oldest_first(self, runtime, officer):
        row = self.answer(runtime, officer, ("a", "a@example.org"), ("b", ""), ("c", "c@example.org"))
        assert row.reply_to == ["a@example.org", "c@example.org"]

    def test_without_a_subject_shows_the_summary(self, runtime, officer):
        row = self.answer(runtime, officer, ("", "a@example.org"))
        assert row.subject == f"[{self.number}] Lampu jalan mati"


@one_database
def test_references_are_kept_to_the_last_twenty(runtime, officer):
    ticket = opened(runtime, channel="mail", provider_id="m0")
    with runtime.writing() as session:
        to = session.get_one(CitizenAddress, ticket.address_id)
        for number in range(1, 30):
            rows.said(runtime, session, to, "lagi", ticket, provider_id=f"m{number}")
    reply(runtime, ticket, officer)
    assert promised(runtime)[0].reply_to == [f"m{number}" for number in range(10, 30)]


BELLS = {"whatsapp": {"outbound-whatsapp"}, "mail": {"outbound-mail"}, "web": set()}


@one_database
@pytest.mark.parametrize(("channel", "queues"), BELLS.items(), ids=BELLS)
def test_the_bell_of_the_channel_is_asked_for_and_our_pages_need_none(runtime, officer, channel, queues):
    ticket = opened(runtime, channel=channel)
    with runtime.writing() as session:
        fresh = session.get_one(Ticket, ticket.id)
        answers.reply(session, runtime.phrases, runtime.now(), fresh, text="Sudah.", staff_id=officer)
        assert set(session.info["bells"]) == queues
