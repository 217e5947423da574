"""What staff are told, by which way, and that no citizen and no figure ever sees it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from sqlalchemy import select
from sqlmodel import col

from bot import lookup
from channels.message import Address
from dispatch import reports
from dispatch.models import Alert, Citizen, CitizenAddress, Message, Outbox, Staff, StaffReach, Ticket
from dispatch.runtime import Runtime
from dispatch.services import alerts, delivery, digests, people, reaching
from dispatch.services.reaching import ReachFault
from tests.support.clock import Clock
from tests.support.desk import rows
from tests.support.ladder import AGENCY, at, person
from tests.support.sending import MailSender, Sender, SmsSender, TelegramSender, WhatsAppSender, drain, install
from tests.support.talk import Citizen as Talker
from tests.support.tickets import open_ticket

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
NUMBER = "+628110000077"


class Bot(TelegramSender):
    """A bot with a name."""

    @property
    def contact(self) -> tuple[str, str]:
        """Its name and link."""
        return "@contoh_bot", "https://t.me/contoh_bot"


@pytest.fixture
def senders(runtime: Runtime) -> dict[str, Sender]:
    found: dict[str, Sender] = {
        "mail": MailSender(),
        "sms": SmsSender(),
        "whatsapp": WhatsAppSender(),
        "telegram": Bot(),
    }
    install(runtime, *found.values())
    return found


def tell(runtime: Runtime, ids: Sequence[int | None], kind: str = "reopened", **fields: object) -> list[Alert]:
    """Tell somebody of a ticket; a new one unless it is named."""
    ticket = fields.pop("ticket", None) or open_ticket(runtime)
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)  # type: ignore[attr-defined]
        return alerts.tell(
            session,
            runtime,
            runtime.now(),
            staff_ids=[each or 0 for each in ids],
            kind=kind,
            ticket=row,
            key=str(fields.pop("key", f"{kind}:{row.id}")),
            **fields,  # type: ignore[arg-type]
        )


def ours(runtime: Runtime) -> Ticket:
    ticket = open_ticket(runtime)
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        row.agency, row.accepted_at = AGENCY, runtime.now()
        session.add(row)
    return row


def prove(runtime: Runtime, senders: dict[str, Sender], staff: Staff, channel: str = "sms") -> CitizenAddress:
    """Go through the proof of a number, the code read from what the provider was handed."""
    with runtime.writing() as session:
        asked = reaching.ask(session, runtime, runtime.now(), session.get_one(Staff, staff.id), channel, NUMBER)
        address = session.get_one(CitizenAddress, asked.reach.address_id)
    with runtime.writing() as session:
        assert reaching.confirm(session, runtime, runtime.now(), session.get_one(Staff, staff.id), channel, asked.code)
    return address


# Telling


def test_each_thing_is_told_to_each_person_once(runtime: Runtime) -> None:
    ticket = ours(runtime)
    one, two = person(runtime, "one"), person(runtime, "two")
    assert len(tell(runtime, [one.id], ticket=ticket)) == 1
    assert [row.staff_id for row in tell(runtime, [one.id, two.id], ticket=ticket)] == [two.id]
    assert tell(runtime, [one.id, two.id], ticket=ticket) == []
    assert rows(runtime, Outbox)[-1:] == []


def test_a_closed_account_and_who_may_not_read_it_are_told_nothing(runtime: Runtime) -> None:
    closed, other = person(runtime, "closed"), person(runtime, "other", agencies=("malinau-dpupr",))
    with runtime.writing() as session:
        session.get_one(Staff, closed.id).disabled_at = runtime.now()
    assert tell(runtime, [closed.id, other.id, 4711], ticket=ours(runtime)) == []


def test_by_mail_with_a_link_and_without_the_citizens_words(runtime: Runtime, senders: dict[str, Sender]) -> None:
    ticket = ours(runtime)
    staff = person(runtime, "officer", notify="mail", language="en")
    tell(runtime, [staff.id], ticket=ticket)
    drain(runtime)
    [sent] = senders["mail"].seen
    assert str(sent.recipient) == "mailto:officer@contoh.example"
    assert (
        sent.text == f"{ticket.number}: this report was reopened.\nhttp://127.0.0.1:8000/admin/tickets/{ticket.number}"
    )
    assert sent.subject == f"{ticket.number}: for you to see"
    assert sent.automatic
    assert sent.ticket_number == ""
    assert "berlubang" not in sent.text + sent.subject
    assert "Warga Contoh" not in sent.text


def test_by_sms_short_and_without_a_link(runtime: Runtime, senders: dict[str, Sender]) -> None:
    ticket = ours(runtime)
    staff = person(runtime, "officer")
    prove(runtime, senders, staff)
    tell(
        runtime, [staff.id], "late", ticket=ticket, step="first_response", rung=2,
        detail={"due": at("2026-11-03 16:00").isoformat(), "instead": True},
    )  # fmt: skip
    drain(runtime)
    assert senders["sms"].texts == [f"{ticket.number}: jawaban pertama terlambat sejak 3 Nov."]


def test_in_the_application_only_for_who_chose_no_way(runtime: Runtime, senders: dict[str, Sender]) -> None:
    staff = person(runtime, "officer")
    [alert] = tell(runtime, [staff.id], ticket=ours(runtime))
    assert alert.send_at is None
    assert alert.message_id is None
    assert [row for row in rows(runtime, Outbox) if row.address_id == 0] == []
    drain(runtime)
    assert not any(sender.seen for sender in senders.values())


def test_without_any_channel_it_stands_in_the_application(runtime: Runtime) -> None:
    staff = person(runtime, "officer", notify="mail")
    [alert] = tell(runtime, [staff.id], ticket=ours(runtime))
    assert alert.message_id is None


@pytest.mark.parametrize("trouble", ["stopped", "unreachable", "unproven", "window"])
@on_sqlite
def test_a_way_that_cannot_be_used_is_replaced_by_mail(
    runtime: Runtime, senders: dict[str, Sender], clock: Clock, trouble: str
) -> None:
    staff = person(runtime, "officer")
    if trouble == "window":
        Talker(runtime, "whatsapp", NUMBER).says("halo", work=False)
        with runtime.writing() as session:
            account = senders["whatsapp"].account
            address = people.identify_sender(session, clock(), "whatsapp", account, Address("whatsapp", NUMBER))
            address.last_inbound_at = clock()
        prove(runtime, senders, staff, "whatsapp")
        clock.instant = at("2026-11-06 10:00")
    else:
        address = prove(runtime, senders, staff)
        with runtime.writing() as session:
            row = session.get_one(CitizenAddress, address.id)
            row.stopped_at = clock() if trouble == "stopped" else None
            row.bad_at = clock() if trouble == "unreachable" else None
            if trouble == "unproven":
                session.scalars(select(StaffReach).where(col(StaffReach.channel) == "sms")).one().confirmed_at = None
            session.add(row)
    tell(runtime, [staff.id], ticket=ours(runtime))
    drain(runtime)
    assert len(senders["mail"].seen) == 1
    assert senders["sms"].seen == senders["whatsapp"].seen == []


def test_at_night_the_message_waits_for_the_morning(runtime: Runtime, senders: dict[str, Sender], clock: Clock) -> None:
    ticket, staff = ours(runtime), person(runtime, "officer", notify="mail")
    clock.instant = at("2026-11-06 22:00")
    [alert] = tell(runtime, [staff.id], ticket=ticket)
    assert alert.send_at == at("2026-11-09 08:00")
    assert alerts.sweep(runtime) == 0
    clock.instant = at("2026-11-09 08:00")
    assert alerts.sweep(runtime) == 1
    assert alerts.sweep(runtime) == 0
    drain(runtime)
    assert len(senders["mail"].seen) == 1


def test_what_was_seen_meanwhile_is_not_sent(runtime: Runtime, senders: dict[str, Sender], clock: Clock) -> None:
    ticket, staff = ours(runtime), person(runtime, "officer", notify="mail")
    clock.instant = at("2026-11-06 22:00")
    [alert] = tell(runtime, [staff.id], ticket=ticket)
    with runtime.writing() as session:
        assert alerts.mark_seen(session, clock(), staff.id or 0, [alert.id or 0]) == 1
        assert alerts.mark_seen(session, clock(), staff.id or 0) == 0
    clock.instant = at("2026-11-09 08:00")
    assert alerts.sweep(runtime) == 0
    drain(runtime)
    assert senders["mail"].seen == []


def test_danger_is_sent_at_night(runtime: Runtime, senders: dict[str, Sender], clock: Clock) -> None:
    ticket, staff = ours(runtime), person(runtime, "officer", notify="mail")
    clock.instant = at("2026-11-06 22:00")
    tell(runtime, [staff.id], "danger", ticket=ticket, at_once=True)
    drain(runtime)
    assert len(senders["mail"].seen) == 1


@on_sqlite
def test_a_flood_of_alerts_stays_in_the_application_but_danger_does_not(
    runtime: Runtime, senders: dict[str, Sender]
) -> None:
    ticket, staff = ours(runtime), person(runtime, "officer", notify="mail")
    for number in range(alerts.AN_HOUR + 5):
        tell(runtime, [staff.id], ticket=ticket, key=f"k{number}")
    tell(runtime, [staff.id], "danger", ticket=ticket, key="danger")
    drain(runtime)
    assert len(senders["mail"].seen) == alerts.AN_HOUR + 1
    assert len(rows(runtime, Alert)) == alerts.AN_HOUR + 6


@on_sqlite
def test_nobody_marks_anothers_alerts(runtime: Runtime) -> None:
    ticket, one, two = ours(runtime), person(runtime, "one"), person(runtime, "two")
    [alert] = tell(runtime, [one.id], ticket=ticket)
    with runtime.writing() as session:
        assert alerts.mark_seen(session, runtime.now(), two.id or 0, [alert.id or 0]) == 0
    assert rows(runtime, Alert)[0].seen_at is None


KINDS = (*sorted(alerts.PLAIN), "something_new")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["id", "en"])
@on_sqlite
def test_every_kind_names_the_ticket(runtime: Runtime, kind: str, language: str) -> None:
    ticket = ours(runtime)
    alert = Alert(key="k", staff_id=1, ticket_id=ticket.id, kind=kind, created_at=runtime.now())
    text = alerts.sentence(runtime.phrases, alert, ticket, language)
    assert ticket.number in text
    assert text.endswith(".")


# No citizen sees it


def test_an_alert_is_in_no_conversation_figure_export_or_list(
    trained: Runtime, senders: dict[str, Sender], clock: Clock
) -> None:
    """The same telephone is a citizen's with a report of their own and an officer's way to be told."""
    citizen = Talker(trained, "sms", NUMBER)
    citizen.says("Lampu jalan mati di depan pasar Gusher Tarakan")
    [mine] = citizen.tickets()
    with trained.reading() as session:
        before = list(session.scalars(select(Message).where(col(Message.ticket_id) == mine.id)))
        figures = reports.response_figures(session, clock(), None, at("2026-01-01 00:00"), at("2027-01-01 00:00"))
    staff = person(trained, "officer")
    prove(trained, senders, staff)
    other = ours(trained)
    tell(trained, [staff.id], ticket=other)
    drain(trained)
    clock.forward(minutes=5)
    with trained.reading() as session:
        found = list(session.scalars(select(Message).where(col(Message.ticket_id).in_((mine.id, other.id)))))
        assert not [row for row in found if other.number in row.body]
        assert [row.id for row in found if row.ticket_id == mine.id] == [row.id for row in before]
        carried = session.scalars(select(Message).join(Alert, col(Alert.message_id) == col(Message.id))).all()
        assert [(row.ticket_id, row.staff_id) for row in carried] == [(None, None)]
        assert all(row.ticket_id is None and row.ticket_number == "" for row in rows(trained, Outbox)[-1:])
        assert delivery.undelivered(trained, session, None, 10) == []
        after = reports.response_figures(session, clock(), None, at("2026-01-01 00:00"), at("2027-01-01 00:00"))
        assert sum(each.answered for each in after) == sum(each.answered for each in figures) == 0
        exported = list(
            reports.export_tickets(session, trained.region, agencies=None, start=None, end=None, now=clock())
        )
        assert other.number not in str([row for row in exported if mine.number in str(row)])
        assert "dibuka kembali" not in str(exported)
    [owner] = [row for row in rows(trained, Citizen) if row.id == mine.citizen_id]
    assert owner.staff_id is None, "reports from a telephone must not be tied to an account"


@on_sqlite
def test_alerts_do_not_use_up_what_the_bot_may_answer(runtime: Runtime, senders: dict[str, Sender]) -> None:
    ticket, staff = ours(runtime), person(runtime, "officer")
    address = prove(runtime, senders, staff)
    for number in range(15):
        tell(runtime, [staff.id], ticket=ticket, key=f"k{number}")
    with runtime.reading() as session:
        assert lookup.within_budget(session, runtime.now(), session.get_one(CitizenAddress, address.id), 9)


def test_whoever_answers_an_alert_is_answered_as_anybody(
    trained: Runtime, senders: dict[str, Sender], clock: Clock
) -> None:
    ticket, staff = ours(trained), person(trained, "officer")
    prove(trained, senders, staff)
    tell(trained, [staff.id], ticket=ticket)
    drain(trained)
    clock.forward(minutes=2)
    talker = Talker(trained, "sms", NUMBER)
    talker.hears()
    [said] = talker.says("STATUS")
    assert ticket.number not in said
    talker.says("Terima kasih")
    assert talker.says("Lampu jalan mati di depan pasar Gusher Tarakan") != []
    with trained.reading() as session:
        written = session.scalars(select(Ticket).order_by(col(Ticket.id).desc())).first()
        assert written is not None
        assert written.id != ticket.id


# Ways


@pytest.mark.parametrize(
    ("channel", "typed", "key"),
    [
        pytest.param("sms", "", "number", id="nothing"),
        pytest.param("sms", "abc", "number", id="no number"),
        pytest.param("sms", "+60123456789", "number", id="abroad"),
        pytest.param("mail", "lain@contoh.example", "off", id="another mail address"),
        pytest.param("web", NUMBER, "off", id="no way of ours"),
        pytest.param("whatsapp", NUMBER, "write_first", id="whatsapp before they wrote"),
    ],
)
@on_sqlite
def test_a_way_that_cannot_be_proven_is_refused(
    runtime: Runtime, senders: dict[str, Sender], channel: str, typed: str, key: str
) -> None:
    staff = person(runtime, "officer")
    with pytest.raises(ReachFault) as fault, runtime.writing() as session:
        reaching.ask(session, runtime, runtime.now(), session.get_one(Staff, staff.id), channel, typed)
    assert fault.value.key == key
    assert rows(runtime, StaffReach) == []


def test_five_wrong_codes_and_half_an_hour_end_a_proof(
    runtime: Runtime, senders: dict[str, Sender], clock: Clock
) -> None:
    staff = person(runtime, "officer")

    def typed(code: str) -> bool:
        with runtime.writing() as session:
            return reaching.confirm(session, runtime, clock(), session.get_one(Staff, staff.id), "sms", code)

    def asked() -> str:
        with runtime.writing() as session:
            found = reaching.ask(session, runtime, clock(), session.get_one(Staff, staff.id), "sms", NUMBER)
        return found.code

    code = asked()
    assert not any(typed("AAAA-AAAA") for _ in range(5))
    assert not typed(code)
    code = asked()
    clock.forward(minutes=31)
    assert not typed(code)
    code = asked()
    assert typed(code.lower().replace("-", " "))
    assert not typed(code)
    with pytest.raises(ReachFault):
        asked()
    [row] = rows(runtime, StaffReach)
    assert row.digest == ""
    assert row.confirmed_at == clock()
    assert not re.search(code.replace("-", ""), str(row))


def test_another_persons_code_proves_nothing(runtime: Runtime, senders: dict[str, Sender]) -> None:
    one, two = person(runtime, "one"), person(runtime, "two")
    with runtime.writing() as session:
        code = reaching.ask(session, runtime, runtime.now(), session.get_one(Staff, one.id), "sms", NUMBER).code
        reaching.ask(session, runtime, runtime.now(), session.get_one(Staff, two.id), "sms", "+628110000078")
    with runtime.writing() as session:
        assert not reaching.confirm(session, runtime, runtime.now(), session.get_one(Staff, two.id), "sms", code)


def test_telegram_is_proven_by_the_link(trained: Runtime, senders: dict[str, Sender], clock: Clock) -> None:
    staff = person(trained, "officer")
    with trained.writing() as session:
        asked = reaching.ask(session, trained, clock(), session.get_one(Staff, staff.id), "telegram", "")
    assert asked.code == ""
    code = asked.link.rpartition("=")[2]

    def opened() -> bool:
        with trained.writing() as session:
            return reaching.confirm(session, trained, clock(), session.get_one(Staff, staff.id), "telegram")

    Talker(trained, "telegram", "4712").says("start", notes=("start:somebody",))
    assert not opened()
    Talker(trained, "telegram", "4711").says("start", notes=(f"start:{code}",))
    assert opened()
    tell(trained, [staff.id], ticket=ours(trained))
    drain(trained)
    assert [str(row.recipient) for row in senders["telegram"].seen][-1] == "telegram:4711"


@on_sqlite
def test_one_is_told_only_by_a_way_that_is_proven(runtime: Runtime, senders: dict[str, Sender]) -> None:
    staff = person(runtime, "officer")
    with runtime.writing() as session:
        row = session.get_one(Staff, staff.id)
        for channel, key in (("sms", "unproven"), ("web", "off")):
            with pytest.raises(ReachFault) as fault:
                reaching.choose(session, runtime, runtime.now(), row, channel)
            assert fault.value.key == key
        reaching.choose(session, runtime, runtime.now(), row, "mail")
        assert row.notify == "mail"
        reaching.choose(session, runtime, runtime.now(), row, "")
        assert row.notify == ""


def test_the_person_of_an_officer_is_marked_and_unmarked(runtime: Runtime, senders: dict[str, Sender]) -> None:
    staff = person(runtime, "officer")
    address = prove(runtime, senders, staff)
    with runtime.writing() as session:
        owner = session.get_one(Citizen, session.get_one(CitizenAddress, address.id).citizen_id)
        assert owner.staff_id == staff.id
        assert owner.notified_at is not None
        reaching.forget(session, runtime.now(), session.get_one(Staff, staff.id), by=staff.id or 0)
    assert rows(runtime, StaffReach) == []
    assert all(row.staff_id is None for row in rows(runtime, Citizen))
    assert rows(runtime, Staff)[0].notify == ""


# The morning


def test_the_digest_comes_once_on_working_mornings(runtime: Runtime, senders: dict[str, Sender], clock: Clock) -> None:
    ours(runtime)
    ticket = ours(runtime)
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        row.first_response_due, row.next_due = at("2026-11-05 10:00"), at("2026-11-05 10:00")
        session.add(row)
    staff = person(runtime, "officer", notify="mail")
    person(runtime, "idle", agencies=("malinau-dpupr",))
    look = digests.Digests()
    for when, count in (
        ("2026-11-05 07:59", 0),
        ("2026-11-05 08:00", 1),
        ("2026-11-05 08:10", 0),
        ("2026-11-07 08:00", 0),  # Saturday
        ("2026-11-09 13:00", 0),  # the clock was away all morning
        ("2026-11-10 09:00", 1),
    ):
        clock.instant = at(when)
        assert look(runtime) == count, when
        assert digests.Digests()(runtime) == 0, "another process, or the same one started again"
    drain(runtime)
    first, second = senders["mail"].texts
    assert first == "2 terbuka: 1 jatuh tempo hari ini.\nhttp://127.0.0.1:8000/admin/tickets"
    assert second == "2 terbuka: 1 lewat batas.\nhttp://127.0.0.1:8000/admin/tickets?overdue=1"
    assert {row.staff_id for row in rows(runtime, Alert)} == {staff.id}


@on_sqlite
def test_a_digest_counts_what_one_may_see(runtime: Runtime) -> None:
    ticket = ours(runtime)
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        row.privacy, row.accept_due, row.accepted_at = "secret", at("2026-11-06 10:00"), None
        session.add(row)
    plain, trusted = person(runtime, "plain"), person(runtime, "trusted", secret=True)
    with runtime.reading() as session:
        assert digests.figures(session, runtime.region, runtime.now(), plain)["open"] == 0
        assert digests.figures(session, runtime.region, runtime.now(), trusted) == {
            "open": 1,
            "late": 0,
            "today": 0,
            "accept": 1,
        }
