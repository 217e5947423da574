"""Crowds, kills and breakdowns as they happen outside: many webhooks at once, a reader that dies, a file too large, a
sender that gives up, a person whose entry changes while an answer waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlmodel import col

from bot import door, jobs, lookup
from bot.fetching import fetch
from bot.hooks import hooks
from bot.jobs import drain_inbound
from bot.media import drain_media
from channels.errors import OutcomeUnknown, Temporary
from channels.message import DeliveryState, load
from dispatch import outbox
from dispatch.models import (
    AttachmentState,
    Citizen,
    CitizenAddress,
    EventState,
    InboundEvent,
    MergeProof,
    Message,
    Outbox,
    StoredAttachment,
    Ticket,
)
from dispatch.runtime import Runtime
from dispatch.services import delivery, identity
from tests.support.clock import Clock
from tests.support.desk import messages_of, rows
from tests.support.providers.mail import ImapStandIn
from tests.support.providers.telegram import TOKEN, TelegramStandIn, message_update
from tests.support.providers.twilio import ACCOUNT, WHATSAPP_FROM, sign
from tests.support.providers.twilio import TOKEN as TWILIO_TOKEN
from tests.support.sending import SmsSender, drain, install, officer_answers
from tests.support.talk import Citizen as Person

S = DeliveryState
PUBLIC = "http://127.0.0.1:8000"
ROAD = "Jalan rusak parah di Juata Laut Tarakan"
LAMP = "Lampu jalan di depan pasar Gusher Tarakan mati"
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def imap() -> Iterator[ImapStandIn]:
    with ImapStandIn(mails={uid: letter(uid) for uid in range(1, 11)}).serve() as stand_in:
        yield stand_in


@pytest.fixture
def telegram() -> Iterator[TelegramStandIn]:
    with TelegramStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def environment(environment: dict[str, str], imap: ImapStandIn, telegram: TelegramStandIn) -> dict[str, str]:
    return {
        **environment,
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
        "TWILIO_WHATSAPP_FROM": WHATSAPP_FROM,
        "MAIL_FROM": "aduan@lapor.contoh.go.id",
        "SMTP_URL": "smtp://127.0.0.1:1",
        "IMAP_URL": imap.url,
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": telegram.url,
    }


def letter(uid: int) -> bytes:
    return (
        f"From: Warga <warga{uid}@contoh.id>\r\nMessage-ID: <m{uid}@contoh.id>\r\nSubject: Laporan {uid}\r\n"
        f"Date: Wed, 4 Nov 2026 09:00:00 +0800\r\n\r\n{ROAD}\r\n"
    ).encode()


# Twenty at once


@pytest.mark.parametrize("known", [False, True], ids=["a new person", "a person who greeted us"])
def test_twenty_webhooks_of_one_person_at_once_are_one_ticket(trained: Runtime, known: bool) -> None:
    """Each is taken and worked on by a thread of its own, as by a server and a worker with many of both. The first row
    of a new person makes the others wait by itself; of somebody known it does not."""
    if known:
        Person(trained, "whatsapp", "+6281100000001", account=trained.channel("whatsapp").account).says("Halo")
    app = Flask("hooks under test")
    app.extensions["aduan"] = trained
    app.register_blueprint(hooks)
    barrier = Barrier(20)

    def one(number: int) -> int:
        form = {
            "AccountSid": ACCOUNT,
            "Body": f"{ROAD}, bagian {number}",
            "From": "whatsapp:+6281100000001",
            "MessageSid": f"SM{number:032x}",
            "NumMedia": "0",
            "To": WHATSAPP_FROM,
        }
        barrier.wait(30)
        signature = {"X-Twilio-Signature": sign(f"{PUBLIC}/hooks/whatsapp", form, TWILIO_TOKEN)}
        status = app.test_client().post("/hooks/whatsapp", data=form, headers=signature).status_code
        drain_inbound(trained)
        return status

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(one, range(20))) == [200] * 20
    drain_inbound(trained)
    assert [row.state for row in rows(trained, InboundEvent)] == [EventState.DONE] * (20 + known)
    [ticket] = rows(trained, Ticket)
    assert len(messages_of(trained, ticket.number)) == 20 + known
    assert len(rows(trained, Citizen)) == 1
    assert len(rows(trained, Outbox)) == 2 + known  # the receipt and the privacy notice, once


def one_after_the_other(runtime: Runtime) -> list[Callable[[], object]]:
    """Two workers on the inbox."""
    return [lambda: drain_inbound(runtime)] * 2


def both_in_hand(runtime: Runtime) -> list[Callable[[], object]]:
    """Two workers, each with one of the messages claimed already."""
    with runtime.writing() as session:
        session.execute(
            update(InboundEvent).where(col(InboundEvent.state) == EventState.NEW).values(state=EventState.WORKING)
        )
    held = [row for row in rows(runtime, InboundEvent) if row.state == EventState.WORKING]
    assert len(held) == 2
    return [partial(jobs._work, runtime, row, load(row.kind, row.payload), jobs.Tag(None)) for row in held]


@pytest.mark.parametrize("workers", [one_after_the_other, both_in_hand])
def test_two_workers_never_both_find_that_there_is_no_ticket(
    trained: Runtime, monkeypatch: pytest.MonkeyPatch, workers: Callable[[Runtime], list[Callable[[], object]]]
) -> None:
    """Whoever looks for the open ticket first waits for the other one to have looked, too, which must not come."""
    person = Person(trained)
    person.says("Halo")  # known, but without a ticket
    for part in ("depan pasar", "depan sekolah"):
        person.says(f"{ROAD}, {part}", work=False)
    meeting, look, met = Barrier(2), lookup.latest_ticket, []

    def looks(*arguments: Any) -> Any:
        found = look(*arguments)
        with suppress(BrokenBarrierError):
            meeting.wait(3)
            met.append(found)
        return found

    tasks = workers(trained)
    monkeypatch.setattr(lookup, "latest_ticket", looks)
    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(task) for task in tasks]:
            each.result()
    assert met == []
    drain_inbound(trained)
    [ticket] = rows(trained, Ticket)
    assert len(messages_of(trained, ticket.number)) == 3


# A reader that dies


class Killed(BaseException):
    """What follows is what a kill leaves."""


@pytest.mark.parametrize("when", ["before it is recorded", "after it is recorded"])
def test_a_reader_killed_at_the_fourth_of_ten_acknowledges_each_once(
    trained: Runtime, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    take, seen = door.take, [0]

    def dies(*arguments: Any) -> Any:
        seen[0] += 1
        if seen[0] != 4:
            return take(*arguments)
        if when == "after it is recorded":
            take(*arguments)
        raise Killed

    monkeypatch.setattr(door, "take", dies)
    with pytest.raises(Killed):
        fetch(trained, trained.channel("mail"), "this process", 0)
    assert len(rows(trained, InboundEvent)) == (3 if when == "before it is recorded" else 4)
    drain_inbound(trained)
    fetch(trained, trained.channel("mail"), "this process", 0)
    drain_inbound(trained)
    assert len(rows(trained, Ticket)) == 10
    recipients = [row.recipient for row in rows(trained, Outbox)]
    assert sorted(recipients) == sorted(f"mailto:warga{uid}@contoh.id" for uid in range(1, 11))


# A file too large


#: What Telegram says of the size, and whether it must be asked for the file to learn that.
SIZES: dict[str, dict[str, int]] = {"it says so": {"file_size": 25_000_000}, "it does not say": {}}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_file_too_large_spoils_no_report_and_both_sides_are_told(
    trained: Runtime, telegram: TelegramStandIn, size: dict[str, int]
) -> None:
    telegram.files["F9"] = b"%PDF" + bytes(20_000_001)
    document = {"file_id": "F9", "file_unique_id": "u9", "file_name": "bukti.pdf", **size}
    telegram.push(message_update(4711, {"document": document, "caption": ROAD}))
    fetch(trained, trained.channel("telegram"), "this process", 0)
    drain_inbound(trained)
    drain_media(trained)
    [ticket] = rows(trained, Ticket)
    assert ROAD in ticket.summary
    [file] = rows(trained, StoredAttachment)
    assert (file.state, file.error) == (AttachmentState.REFUSED, "too_large")
    told = trained.phrases.say("file_too_large", "id", limit="20 MB")
    assert [row.body for row in rows(trained, Message)].count(told) == 1
    assert [row.state for row in rows(trained, InboundEvent)] == [EventState.DONE]
    assert len(telegram.calls("getFile")) == (0 if size else 1)


# A sender that gives up


def undelivered(runtime: Runtime) -> list[str]:
    with runtime.reading() as session:
        return [each.row.state for each in delivery.undelivered(runtime, session)]


def test_an_answer_that_is_given_up_is_failed_and_noted_and_never_called_sent(trained: Runtime, clock: Clock) -> None:
    sms = SmsSender()
    install(trained, sms)
    person = Person(trained, "sms")
    person.says(LAMP)
    drain(trained)
    calls = len(sms.seen)
    sms.always = Temporary("busy", retry_after=3600)
    message = officer_answers(trained, person.tickets()[0].number)
    states = []
    for _ in range(30):
        drain(trained)
        [row] = [each for each in rows(trained, Outbox) if each.message_id == message.id]
        states.append(row.state)
        clock.forward(hours=1, seconds=1)
    assert len(sms.seen) - calls == row.attempts > 20
    assert states.index(S.FAILED) == row.attempts - 1
    assert set(states) == {S.QUEUED, S.FAILED}
    assert row.error == "busy"
    notes = [each.notes for each in rows(trained, Message) if each.direction == "note"]
    assert notes == [["undelivered"]]
    assert undelivered(trained) == [S.FAILED]


def test_a_sender_that_dies_in_the_call_leaves_an_answer_staff_are_shown_and_sends_none_twice(
    trained: Runtime, clock: Clock
) -> None:
    sms = SmsSender()
    install(trained, sms)
    person = Person(trained, "sms")
    person.says(LAMP)
    drain(trained)
    officer_answers(trained, person.tickets()[0].number)
    sms.during = lambda: (_ for _ in ()).throw(Killed())
    with pytest.raises(Killed):
        drain(trained)
    sms.during = None
    calls = len(sms.seen)
    clock.instant += outbox.LEASE * 2
    with trained.writing() as session:
        assert outbox.expire_leases(session, trained.now()) == 1
    drain(trained)
    assert len(sms.seen) == calls
    assert undelivered(trained) == [S.UNCERTAIN]


def test_sending_again_by_hand_is_a_call_and_its_outcome_is_the_providers(trained: Runtime) -> None:
    sms = SmsSender()
    install(trained, sms)
    person = Person(trained, "sms")
    person.says(LAMP)
    drain(trained)
    sms.always = OutcomeUnknown("timed out")
    message = officer_answers(trained, person.tickets()[0].number)
    drain(trained)
    calls = len(sms.seen)
    [row] = [each for each in rows(trained, Outbox) if each.message_id == message.id]
    with trained.writing() as session:
        delivery.resend(session, trained.now(), session.get_one(Outbox, row.id))
    assert len(sms.seen) == calls
    drain(trained)
    assert len(sms.seen) == calls + 1
    states = [each.state for each in rows(trained, Outbox) if each.message_id == message.id]
    assert states == [S.REPLACED, S.UNCERTAIN]


# A person whose entry changes


def test_an_answer_that_waits_goes_to_whom_it_was_written_though_two_people_became_one(
    trained: Runtime, clock: Clock
) -> None:
    sms = SmsSender()
    install(trained, sms)
    first = Person(trained, "sms", "+628110000001")
    first.says(LAMP)
    other = Person(trained, "sms", "+628110000002")
    other.says(ROAD)
    drain(trained)
    sms.seen.clear()
    mine, theirs = first.tickets()
    officer_answers(trained, mine.number, "Untuk yang pertama.")
    officer_answers(trained, theirs.number, "Untuk yang kedua.")
    with trained.writing() as session:
        found = session.scalars(select(CitizenAddress).order_by(col(CitizenAddress.id))).all()
        identity.merge(session, trained.now(), found[0].citizen_id, found[1].citizen_id, MergeProof.STAFF)
        for ticket in session.scalars(select(Ticket)).all():
            ticket.address_id = found[0].id or 0
            session.add(ticket)
    drain(trained)
    went = {message.recipient.value: message.text.rpartition("\n")[2] for message in sms.seen}
    assert went == {"+628110000001": "Untuk yang pertama.", "+628110000002": "Untuk yang kedua."}
