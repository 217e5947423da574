"""WhatsApp's reply window: decided here, held answers, the one request to write, the release."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col

from channels.errors import BadAddress, Misconfigured, WindowClosed
from channels.message import DeliveryState
from dispatch.models import CitizenAddress, Message, Outbox, Ticket
from dispatch.runtime import Runtime
from dispatch.services import delivery, failover
from tests.support.clock import Clock
from tests.support.desk import rows
from tests.support.sending import (
    TEMPLATE,
    SmsSender,
    WhatsAppSender,
    approve,
    drain,
    install,
    officer_answers,
    report,
)
from tests.support.talk import Citizen

S = DeliveryState
LAMP = "Lampu jalan di depan pasar Gusher Tarakan mati"
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def whatsapp(trained: Runtime) -> WhatsAppSender:
    sender = WhatsAppSender(template=TEMPLATE.key)
    install(trained, sender)
    approve(trained)
    return sender


def opened(runtime: Runtime, text: str = LAMP, **fields: object) -> Citizen:
    """A citizen whose complaint was received and whose receipt is out."""
    citizen = Citizen(runtime)
    citizen.says(text, **fields)
    drain(runtime)
    return citizen


def of(runtime: Runtime, state: DeliveryState) -> list[Outbox]:
    return [row for row in rows(runtime, Outbox) if row.state == state]


MOMENTS = {
    "a second before": (timedelta(hours=24) - timedelta(seconds=1), True),
    "exactly a day": (timedelta(hours=24), False),
    "a second after": (timedelta(hours=24) + timedelta(seconds=1), False),
}


@pytest.mark.parametrize(("after", "goes"), MOMENTS.values(), ids=MOMENTS)
def test_the_window_ends_after_a_day_to_the_second(
    trained: Runtime, clock: Clock, whatsapp: WhatsAppSender, after: timedelta, goes: bool
) -> None:
    citizen = opened(trained)
    before = len(whatsapp.seen)
    clock.instant += after
    officer_answers(trained, citizen.tickets()[0].number)
    drain(trained)
    new = whatsapp.seen[before:]
    assert [bool(message.template) for message in new] == [not goes]
    assert len(of(trained, S.HELD)) == (0 if goes else 1)


SKEWS = {
    "ours five minutes ahead": (timedelta(minutes=-5), timedelta(hours=23, minutes=55), False),
    "ours five minutes ahead, just before": (timedelta(minutes=-5), timedelta(hours=23, minutes=54), True),
    "ours five minutes behind": (timedelta(minutes=5), timedelta(hours=23, minutes=59), True),
}


@on_sqlite
@pytest.mark.parametrize(("theirs", "after", "goes"), SKEWS.values(), ids=SKEWS)
def test_a_clock_that_is_wrong_counts_from_the_providers_time_and_never_from_later_than_the_receipt(
    trained: Runtime, clock: Clock, whatsapp: WhatsAppSender, theirs: timedelta, after: timedelta, goes: bool
) -> None:
    citizen = opened(trained, sent_at=clock() + theirs)
    clock.instant += after
    officer_answers(trained, citizen.tickets()[0].number)
    drain(trained)
    assert (of(trained, S.HELD) == []) is goes


def test_a_webhook_thirty_hours_late_opens_no_window(trained: Runtime, clock: Clock, whatsapp: WhatsAppSender) -> None:
    opened(trained, sent_at=clock() - timedelta(hours=30))
    assert whatsapp.texts == []
    assert len(whatsapp.asked) == 1
    assert len(of(trained, S.HELD)) == 2  # the receipt and the privacy notice


def test_a_late_webhook_releases_nothing_that_the_provider_would_refuse(
    trained: Runtime, clock: Clock, whatsapp: WhatsAppSender
) -> None:
    citizen = opened(trained)
    clock.forward(hours=40)
    officer_answers(trained, citizen.tickets()[0].number)
    drain(trained)
    citizen.says("Masih mati pak", sent_at=clock() - timedelta(hours=30))
    seen = len(whatsapp.texts)
    drain(trained)
    assert len(whatsapp.texts) == seen
    assert len(whatsapp.asked) == 1  # asked already, after that message


@on_sqlite
def test_the_window_belongs_to_the_person_not_to_the_ticket(
    trained: Runtime, clock: Clock, whatsapp: WhatsAppSender
) -> None:
    citizen = opened(trained)
    clock.forward(hours=23)
    citizen.says("Sampah menumpuk di pasar Beringin Tarakan sudah tiga hari dan bau sekali")
    drain(trained)
    first, *others = citizen.tickets()
    assert others
    clock.forward(hours=2)
    officer_answers(trained, first.number)
    drain(trained)
    assert of(trained, S.HELD) == []


def test_everything_held_is_asked_for_once_and_goes_in_order_when_the_citizen_writes(
    trained: Runtime, clock: Clock, whatsapp: WhatsAppSender
) -> None:
    citizen = opened(trained)
    [ticket] = citizen.tickets()
    clock.forward(days=2)
    for text in ("satu", "dua", "tiga"):
        officer_answers(trained, ticket.number, text)
        drain(trained)
        clock.forward(minutes=1)
    [asked] = whatsapp.asked
    assert asked.variables == (ticket.number, trained.region.agencies[ticket.agency].name)
    assert asked.text == f"Balasan {asked.variables[0]} dari {asked.variables[1]}: balas YA"
    assert len(of(trained, S.HELD)) == 3

    before = len(whatsapp.texts)
    citizen.hears()
    assert citizen.says("YA") == []  # nothing is said to it, no ticket is opened
    drain(trained)
    assert [text.rpartition("\n")[2] for text in whatsapp.texts[before:]] == ["satu", "dua", "tiga"]
    assert [each.number for each in citizen.tickets()] == [ticket.number]
    assert citizen.tickets()[0].status == "answered"


@on_sqlite
def test_it_is_asked_again_after_the_citizen_wrote_and_fell_silent(
    trained: Runtime, clock: Clock, whatsapp: WhatsAppSender
) -> None:
    citizen = opened(trained)
    [ticket] = citizen.tickets()
    for _ in range(2):
        clock.forward(days=2)
        officer_answers(trained, ticket.number)
        drain(trained)
        clock.forward(minutes=5)
        citizen.says("ya")
        drain(trained)
    assert len(whatsapp.asked) == 2


def _at_send(runtime: Runtime, whatsapp: WhatsAppSender, number: str) -> None:
    whatsapp.refuses = [WindowClosed("too late", code="window")]
    officer_answers(runtime, number)
    drain(runtime)


def _by_report(runtime: Runtime, whatsapp: WhatsAppSender, number: str) -> None:
    officer_answers(runtime, number)
    drain(runtime)
    report(runtime, rows(runtime, Outbox)[-1], S.FAILED, "window")
    drain(runtime)


@pytest.mark.parametrize("refuse", [_at_send, _by_report], ids=["at the send", "by a report"])
def test_a_provider_that_thinks_it_closed_is_believed(
    trained: Runtime, clock: Clock, whatsapp: WhatsAppSender, refuse
) -> None:
    citizen = opened(trained)
    clock.forward(hours=1)
    refuse(trained, whatsapp, citizen.tickets()[0].number)
    assert len(whatsapp.asked) == 1
    assert len(of(trained, S.HELD)) == 1
    clock.forward(minutes=5)
    before = len(whatsapp.texts)
    citizen.says("ya")
    drain(trained)
    assert len(whatsapp.texts) == before + 1
    assert of(trained, S.HELD) == []


def test_words_that_come_while_the_send_is_refused_are_not_waited_for(
    trained: Runtime, clock: Clock, whatsapp: WhatsAppSender
) -> None:
    citizen = opened(trained)
    clock.forward(hours=1)
    officer_answers(trained, citizen.tickets()[0].number)
    whatsapp.refuses = [WindowClosed("too late", code="window")]
    whatsapp.during = lambda: (setattr(whatsapp, "during", None), citizen.says("halo"))[0]
    drain(trained)
    assert of(trained, S.HELD) == []
    assert whatsapp.asked == []
    assert whatsapp.texts[-2].endswith("Sudah kami perbaiki.")  # before the answer to what they wrote meanwhile


def test_words_that_come_between_our_look_and_the_lock_are_not_waited_for(
    trained: Runtime, clock: Clock, whatsapp: WhatsAppSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dispatch import jobs

    citizen = opened(trained)
    clock.forward(hours=25)
    officer_answers(trained, citizen.tickets()[0].number)
    look = jobs._refused_here

    def interrupted(*arguments):  # type: ignore[no-untyped-def]
        found = look(*arguments)
        monkeypatch.setattr(jobs, "_refused_here", look)
        clock.forward(seconds=1)
        citizen.says("halo")
        return found

    monkeypatch.setattr(jobs, "_refused_here", interrupted)
    drain(trained)
    assert of(trained, S.HELD) == []
    assert whatsapp.texts[-2].endswith("Sudah kami perbaiki.")


def without_template(whatsapp: WhatsAppSender, runtime: Runtime) -> None:
    whatsapp.template = ""


def never_listed(whatsapp: WhatsAppSender, runtime: Runtime) -> None:
    whatsapp.template = "HX-unknown"


def not_approved(whatsapp: WhatsAppSender, runtime: Runtime) -> None:
    approve(runtime, template=replace(TEMPLATE, status="paused"))


def takes_three_values(whatsapp: WhatsAppSender, runtime: Runtime) -> None:
    approve(runtime, template=replace(TEMPLATE, parts=("{{1}} {{2}} {{3}}",)))


@on_sqlite
@pytest.mark.parametrize("spoil", [without_template, never_listed, not_approved, takes_three_values])
def test_what_nobody_can_be_asked_for_goes_another_way_and_says_why(
    trained: Runtime, clock: Clock, whatsapp: WhatsAppSender, spoil
) -> None:
    citizen = opened(trained)
    sms = SmsSender()
    install(trained, whatsapp, sms)
    spoil(whatsapp, trained)
    clock.forward(days=2)
    officer_answers(trained, citizen.tickets()[0].number)
    seen = len(whatsapp.seen)
    drain(trained)
    assert len(whatsapp.seen) == seen
    assert len(sms.texts) == 1
    [row] = of(trained, S.REPLACED)
    assert "the reply window is closed" in row.error


@on_sqlite
def test_without_any_other_way_it_fails_and_staff_are_told(
    trained: Runtime, clock: Clock, whatsapp: WhatsAppSender
) -> None:
    citizen = opened(trained)
    whatsapp.template = ""
    clock.forward(days=2)
    officer_answers(trained, citizen.tickets()[0].number)
    drain(trained)
    [row] = of(trained, S.FAILED)
    assert row.error.endswith("no approved text is set that asks the citizen to write")
    assert [message.notes for message in rows(trained, Message) if message.direction == "note"] == [["undelivered"]]


@on_sqlite
@pytest.mark.parametrize("error", [BadAddress("gone"), Misconfigured("template is paused"), WindowClosed("odd")])
def test_a_request_that_is_refused_lets_what_is_held_go_another_way(
    trained: Runtime, clock: Clock, whatsapp: WhatsAppSender, error
) -> None:
    citizen = opened(trained)
    sms = SmsSender()
    install(trained, whatsapp, sms)
    clock.forward(days=2)
    officer_answers(trained, citizen.tickets()[0].number)
    whatsapp.refuses = [error]
    drain(trained, "whatsapp", "sms")
    assert of(trained, S.HELD) == []
    assert len(sms.texts) == 1
    [answer] = of(trained, S.REPLACED)
    assert "could not be asked" in answer.error


def test_an_answer_nobody_called_for_in_a_day_goes_another_way(
    trained: Runtime, clock: Clock, whatsapp: WhatsAppSender
) -> None:
    citizen = opened(trained)
    sms = SmsSender()
    install(trained, whatsapp, sms)
    clock.forward(days=2)
    officer_answers(trained, citizen.tickets()[0].number)
    drain(trained)
    clock.forward(hours=24, seconds=-1)
    assert failover.sweep(trained) == 0
    clock.forward(seconds=1)
    assert [failover.sweep(trained), failover.sweep(trained)] == [1, 0]
    drain(trained)
    assert len(sms.texts) == 1
    citizen.says("ya")  # too late: it is not sent twice
    drain(trained)
    assert sum(text.endswith("Sudah kami perbaiki.") for text in whatsapp.texts) == 0


@on_sqlite
def test_stop_cancels_what_waits_and_what_is_held_and_is_confirmed(
    trained: Runtime, clock: Clock, whatsapp: WhatsAppSender
) -> None:
    citizen = opened(trained)
    clock.forward(days=2)
    officer_answers(trained, citizen.tickets()[0].number, "ditahan")
    drain(trained)
    officer_answers(trained, citizen.tickets()[0].number, "antre")
    citizen.says("STOP")
    drain(trained)
    assert whatsapp.texts[-1] == trained.phrases.say("stopped", "id")
    assert [row.error for row in of(trained, S.FAILED)] == ["the person stopped us before it was sent"] * 2


@on_sqlite
def test_an_address_that_writes_again_is_no_bad_one(trained: Runtime, clock: Clock, whatsapp: WhatsAppSender) -> None:
    citizen = opened(trained)
    with trained.writing() as session:
        session.execute(update(CitizenAddress).values(bad_at=clock(), bad_reason="nobody"))
    citizen.says("Masih mati pak")
    [address] = rows(trained, CitizenAddress)
    assert (address.bad_at, address.bad_reason) == (None, "")


@on_sqlite
def test_held_and_failed_answers_are_undelivered_until_they_arrive(
    trained: Runtime, clock: Clock, whatsapp: WhatsAppSender
) -> None:
    def missing() -> list[str]:
        with trained.reading() as session:
            return [each.row.state for each in delivery.undelivered(trained, session)]

    citizen = opened(trained)
    clock.forward(days=2)
    officer_answers(trained, citizen.tickets()[0].number)
    drain(trained)
    assert missing() == [S.HELD]
    report(trained, next(row for row in rows(trained, Outbox) if row.template), S.DELIVERED)
    assert missing() == [S.HELD]  # the request arrived, the answer did not
    citizen.says("ya")
    drain(trained)
    assert missing() == []
    with trained.writing() as session:
        session.execute(update(Ticket).values(agency="prov-bpbd"))
        session.execute(update(Outbox).where(col(Outbox.automatic).is_(False)).values(state=S.FAILED))
    assert missing() == [S.FAILED]
    with trained.reading() as session:
        assert delivery.undelivered(trained, session, frozenset({"tarakan-dishub"})) == []
