"""What a failure means, whichever way it becomes known; where a message goes instead; what staff settle by hand."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select, update
from sqlmodel import Session, col

from channels.errors import BadAddress, OutcomeUnknown, Permanent, Temporary
from channels.message import Address, DeliveryState
from dispatch.models import Audit, Citizen, CitizenAddress, Message, Outbox, Ticket
from dispatch.runtime import Runtime
from dispatch.services import delivery, failover, people
from dispatch.services.answers import CannotReach
from dispatch.services.delivery import NotSettleable
from tests.support.clock import Clock
from tests.support.desk import rows
from tests.support.sending import (
    MailSender,
    Sender,
    SmsSender,
    TelegramSender,
    WhatsAppSender,
    drain,
    install,
    officer_answers,
    report,
    states,
)
from tests.support.talk import Citizen as Person

S = DeliveryState
LAMP = "Lampu jalan di depan pasar Gusher Tarakan mati"
WORDS = "Sudah kami perbaiki."
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


class Line:
    """One citizen with a ticket by WhatsApp, and the ways they may be reached."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.whatsapp = WhatsAppSender()
        self.sms = SmsSender()
        self.telegram = TelegramSender()
        self.mail = MailSender()
        install(runtime, self.whatsapp, self.sms, self.telegram, self.mail)
        self.person = Person(runtime)
        self.person.says(LAMP)
        drain(runtime)
        self.whatsapp.seen.clear()

    @property
    def ticket(self) -> Ticket:
        return self.person.tickets()[0]

    def has(self, channel: str, scheme: str, value: str, **fields: object) -> None:
        """The citizen is known at another address, too."""
        with self.runtime.writing() as session:
            session.add(
                CitizenAddress(
                    citizen_id=self.ticket.citizen_id,
                    channel=channel,
                    account="ours",
                    scheme=scheme,
                    value=value,
                    created_at=self.runtime.now(),
                    **fields,
                )
            )

    def answer(self, text: str = WORDS) -> Outbox:
        """An officer answers; the row, sent or not."""
        message = officer_answers(self.runtime, self.ticket.number, text)
        drain(self.runtime)
        return self.rows(message.id)[0]

    def rows(self, message_id: int | None) -> list[Outbox]:
        return [row for row in rows(self.runtime, Outbox) if row.message_id == message_id]

    def notes(self) -> list[Message]:
        return [message for message in rows(self.runtime, Message) if "undelivered" in message.notes]

    def missing(self) -> list[str]:
        with self.runtime.reading() as session:
            return [each.row.state for each in delivery.undelivered(self.runtime, session)]


@pytest.fixture
def line(trained: Runtime) -> Line:
    return Line(trained)


#: Code of a report → states of the answer's rows afterwards, whether the address is stopped or bad.
REPORTS = {
    "busy": (["whatsapp replaced ", "whatsapp queued retry"], False, False),
    "fast": (["whatsapp replaced ", "whatsapp queued retry"], False, False),
    "key": (["whatsapp replaced ", "whatsapp queued retry"], False, False),
    "stopped": (["whatsapp failed "], True, False),
    "nobody": (["whatsapp replaced ", "sms queued failover"], False, True),
    "refused": (["whatsapp replaced ", "sms queued failover"], False, False),
    "unclear": (["whatsapp uncertain "], False, False),
    "a code of next year": (["whatsapp replaced ", "sms queued failover"], False, False),
    "": (["whatsapp replaced ", "sms queued failover"], False, False),
}


@pytest.mark.parametrize(("code", "expected"), REPORTS.items(), ids=[code or "no code" for code in REPORTS])
def test_a_report_of_failure_means_what_its_code_means(trained: Runtime, line: Line, code, expected) -> None:
    row = line.answer()
    report(trained, row, S.FAILED, code)
    found = [f"{each.channel} {each.state} {each.origin}" for each in line.rows(row.message_id)]
    address = next(each for each in rows(trained, CitizenAddress) if each.channel == "whatsapp")
    assert (found, address.stopped_at is not None, address.bad_at is not None) == expected


@on_sqlite
def test_not_now_is_tried_three_times_with_growing_waits_and_then_another_way(
    trained: Runtime, clock: Clock, line: Line
) -> None:
    row = line.answer()
    waits = []
    for _ in range(3):
        report(trained, row, S.FAILED, "busy")
        row = line.rows(row.message_id)[-1]
        waits.append(row.next_at - clock())
        clock.instant = row.next_at
        drain(trained, "whatsapp")
        row = line.rows(row.message_id)[-1]
        assert row.state == S.SENT
    assert waits == sorted(set(waits))
    report(trained, row, S.FAILED, "busy")
    drain(trained)
    assert len(line.whatsapp.texts) == 4
    assert len(line.sms.texts) == 1


@on_sqlite
def test_the_same_report_twice_sends_nothing_twice(trained: Runtime, line: Line) -> None:
    row = line.answer()
    for _ in range(2):
        report(trained, row, S.FAILED, "refused")
    drain(trained)
    assert len(line.sms.texts) == 1


@pytest.mark.parametrize("code", ["busy", "window", "refused", "nobody"])
@pytest.mark.parametrize("after", [(S.DELIVERED,), (S.DELIVERED, S.READ), (S.READ,)], ids=["delivered", "both", "read"])
def test_what_is_delivered_after_a_report_of_failure_is_not_sent_again(
    trained: Runtime, clock: Clock, line: Line, code: str, after: tuple[S, ...]
) -> None:
    row = line.answer()
    report(trained, row, S.FAILED, code)
    for state in after:
        report(trained, row, state)
    clock.forward(hours=2)
    drain(trained)
    first, *others = line.rows(row.message_id)
    assert first.state == after[-1]
    assert {each.state for each in others if not each.template} <= {S.REPLACED}
    assert (len(line.whatsapp.texts), len(line.sms.texts)) == (1, 0)


def _phone_taken(session: Session, runtime: Runtime) -> None:
    other = Citizen(created_at=runtime.now())
    session.add(other)
    session.flush()
    session.add(
        CitizenAddress(
            citizen_id=other.id, channel="telegram", account="ours", scheme="telegram", value="99",
            phone="+628110000001", created_at=runtime.now(),
        )
    )  # fmt: skip


def test_a_whatsapp_number_serves_for_sms(trained: Runtime, line: Line) -> None:
    line.whatsapp.always = Permanent("no")
    line.answer()
    [message] = line.sms.seen
    assert message.recipient == Address("tel", "+628110000001")
    assert message.text.endswith(WORDS)
    made = next(each for each in rows(trained, CitizenAddress) if each.channel == "sms")
    assert (made.derived, made.citizen_id) == (True, line.ticket.citizen_id)


@on_sqlite
def test_a_number_that_another_citizen_has_does_not(trained: Runtime, line: Line) -> None:
    with trained.writing() as session:
        _phone_taken(session, trained)
    line.whatsapp.always = Permanent("no")
    line.answer()
    assert line.sms.seen == []
    assert len(line.notes()) == 1


@on_sqlite
def test_the_ways_are_tried_in_the_regions_order_each_once(trained: Runtime, line: Line) -> None:
    line.has("mail", "mailto", "warga@contoh.id")
    line.has("telegram", "telegram", "4711")
    line.has("telegram", "telegram", "4712", stopped_at=trained.now())
    line.has("telegram", "telegram", "4713", bad_at=trained.now())
    for sender in (line.whatsapp, line.telegram, line.sms, line.mail):
        sender.always = Permanent("no")
    row = line.answer()
    for _ in range(3):
        drain(trained)
    found = [f"{each.channel} {each.state} {each.origin}" for each in line.rows(row.message_id)]
    assert found == [
        "whatsapp replaced ", "telegram replaced failover", "sms replaced failover", "mail failed failover",
    ]  # fmt: skip
    assert [each.recipient.value for each in line.telegram.seen] == ["4711"]
    assert len(line.notes()) == 1
    assert line.missing() == [S.FAILED]
    assert line.ticket.status == "answered"


@on_sqlite
def test_a_way_that_is_off_is_none(trained: Runtime, line: Line) -> None:
    install(trained, line.whatsapp)
    line.whatsapp.always = Permanent("no")
    row = line.answer()
    assert [each.state for each in line.rows(row.message_id)] == [S.FAILED]


@on_sqlite
def test_a_greeting_goes_no_other_way(trained: Runtime, line: Line) -> None:
    other = Person(trained, value="+628110000009")
    line.whatsapp.always = Permanent("no")
    other.says("halo")
    drain(trained)
    assert line.sms.seen == []
    assert [message.notes for message in rows(trained, Message) if message.direction == "note"] == []


@on_sqlite
def test_a_receipt_goes_another_way_too(trained: Runtime, line: Line) -> None:
    other = Person(trained, value="+628110000009")
    line.whatsapp.always = BadAddress("no")
    other.says(LAMP)
    drain(trained)
    assert len(line.sms.seen) == 2  # receipt and privacy notice


def test_a_part_that_fails_takes_the_whole_text_along_and_the_rest_stays_unsent(trained: Runtime, line: Line) -> None:
    line.has("telegram", "telegram", "4711")
    line.whatsapp.refuses = [None, Permanent("no")]
    text = " ".join(f"kata{number}" for number in range(700))
    row = line.answer(text)
    assert len(line.whatsapp.seen) == 2  # of more parts
    assert "".join("".join(line.telegram.texts).split()).endswith("".join(text.split()))
    by_whatsapp = [each.state for each in line.rows(row.message_id) if each.channel == "whatsapp"]
    assert by_whatsapp[:2] == [S.SENT, S.REPLACED]
    assert set(by_whatsapp[2:]) == {S.REPLACED}


@on_sqlite
def test_without_another_way_the_rest_is_not_sent_either(trained: Runtime, line: Line) -> None:
    install(trained, line.whatsapp)
    line.whatsapp.refuses = [Permanent("no")]
    row = line.answer(" ".join(f"kata{number}" for number in range(700)))
    assert len(line.whatsapp.seen) == 1
    assert {each.state for each in line.rows(row.message_id)} == {S.FAILED}
    assert len(line.notes()) == 1


@on_sqlite
def test_an_address_known_as_bad_is_not_tried(trained: Runtime, line: Line) -> None:
    with trained.writing() as session:
        session.execute(update(CitizenAddress).values(bad_at=trained.now(), bad_reason="nobody there"))
    row = line.answer()
    assert (len(line.whatsapp.seen), len(line.sms.seen)) == (0, 1)
    assert line.rows(row.message_id)[0].error == "nobody there"


class TestOverdue:
    def test_an_answer_without_any_report_goes_another_way_once(
        self, trained: Runtime, clock: Clock, line: Line
    ) -> None:
        row = line.answer()
        clock.forward(hours=24, seconds=-1)
        assert failover.sweep(trained) == 0
        assert line.missing() == []
        clock.forward(seconds=1)
        assert line.missing() == [S.SENT]
        assert [failover.sweep(trained), failover.sweep(trained)] == [1, 0]
        drain(trained)
        first, second = line.rows(row.message_id)
        assert (first.state, second.state, second.origin) == (S.SENT, S.SENT, "failover")
        assert line.missing() == []

    @on_sqlite
    @pytest.mark.parametrize(
        ("state", "kept"), [(S.DELIVERED, S.DELIVERED), (S.FAILED, S.REPLACED)], ids=["delivered", "failed"]
    )
    def test_its_report_that_still_comes_doubles_nothing(
        self, trained: Runtime, clock: Clock, line: Line, state, kept
    ) -> None:
        row = line.answer()
        clock.forward(hours=24)
        failover.sweep(trained)
        drain(trained)
        report(trained, row, state, "refused")
        drain(trained)
        assert [each.state for each in line.rows(row.message_id)] == [kept, S.SENT]
        assert len(line.sms.seen) == 1

    @on_sqlite
    def test_its_delivery_calls_back_what_has_not_left(self, trained: Runtime, clock: Clock, line: Line) -> None:
        row = line.answer()
        clock.forward(hours=24)
        failover.sweep(trained)
        report(trained, row, S.DELIVERED)
        drain(trained)
        assert line.sms.seen == []
        assert [each.state for each in line.rows(row.message_id)] == [S.DELIVERED, S.REPLACED]

    @on_sqlite
    def test_a_channel_that_reports_nothing_is_never_overdue(self, trained: Runtime, clock: Clock, line: Line) -> None:
        person = Person(trained, "telegram")
        person.says(LAMP)
        officer_answers(trained, person.tickets()[-1].number)
        drain(trained)
        clock.forward(days=1, seconds=5)
        assert failover.sweep(trained) == 0
        assert line.missing() == []

    @on_sqlite
    def test_what_is_long_overdue_is_history(self, trained: Runtime, clock: Clock, line: Line) -> None:
        line.answer()
        clock.forward(days=2, seconds=1)
        assert failover.sweep(trained) == 0

    @on_sqlite
    def test_a_receipt_is_not_sent_again_for_want_of_a_report(self, trained: Runtime, clock: Clock, line: Line) -> None:
        clock.forward(days=1, seconds=5)
        assert failover.sweep(trained) == 0

    @on_sqlite
    def test_what_waits_a_day_on_a_channel_that_is_off_goes_another_way(
        self, trained: Runtime, clock: Clock, line: Line
    ) -> None:
        install(trained, line.sms)
        row = line.answer()
        clock.forward(hours=25)
        assert failover.sweep(trained) >= 1
        assert failover.sweep(trained) == 0
        drain(trained)
        assert line.sms.texts[-1].endswith(WORDS)
        assert line.rows(row.message_id)[0].state == S.REPLACED


class TestByHand:
    def test_resending_makes_a_call_and_a_new_row_and_calls_nothing_sent(self, trained: Runtime, line: Line) -> None:
        install(trained, line.whatsapp)
        line.whatsapp.refuses = [Permanent("no")]
        row = line.answer()
        with trained.writing() as session:
            [new] = delivery.resend(session, trained.now(), session.get_one(Outbox, row.id), staff_id=None)
        old, new = line.rows(row.message_id)
        assert (old.state, new.state, new.origin, new.replaces_id) == (S.REPLACED, S.QUEUED, "staff", old.id)
        assert len(line.whatsapp.seen) == 1
        drain(trained)
        assert len(line.whatsapp.seen) == 2
        assert line.rows(row.message_id)[1].state == S.SENT
        assert [each.action for each in rows(trained, Audit)][-1] == "outbox.resend"

    @on_sqlite
    def test_all_parts_that_did_not_arrive_are_resent_in_order(self, trained: Runtime, line: Line) -> None:
        install(trained, line.whatsapp)
        line.whatsapp.refuses = [None, Permanent("no")]
        row = line.answer(" ".join(f"kata{number}" for number in range(700)))
        failed = [each for each in line.rows(row.message_id) if each.state == S.FAILED]
        with trained.writing() as session:
            delivery.resend(session, trained.now(), session.get_one(Outbox, failed[-1].id))
        drain(trained)
        assert line.whatsapp.texts[2:] == [each.body for each in failed]
        assert line.missing() == []

    @on_sqlite
    @pytest.mark.parametrize("state", [S.QUEUED, S.SENDING, S.SENT, S.DELIVERED, S.READ, S.HELD, S.REPLACED])
    def test_what_is_neither_failed_nor_in_doubt_is_left_alone(self, trained: Runtime, line: Line, state) -> None:
        row = line.answer()
        with trained.writing() as session:
            session.execute(update(Outbox).where(col(Outbox.id) == row.id).values(state=state))
        for settle in (delivery.resend, lambda *given: delivery.settle_by_hand(*given, True, None)):
            with pytest.raises(NotSettleable), trained.writing() as session:
                settle(session, trained.now(), session.get_one(Outbox, row.id))
        assert [each.state for each in line.rows(row.message_id)] == [state]

    @on_sqlite
    def test_a_failed_message_cannot_be_declared_sent(self, trained: Runtime, line: Line) -> None:
        install(trained, line.whatsapp)
        line.whatsapp.refuses = [Permanent("no")]
        row = line.answer()
        with pytest.raises(NotSettleable), trained.writing() as session:
            delivery.settle_by_hand(session, trained.now(), session.get_one(Outbox, row.id), True, None)

    @on_sqlite
    def test_who_stopped_us_gets_nothing_again(self, trained: Runtime, line: Line) -> None:
        line.whatsapp.refuses = [OutcomeUnknown("?")]
        row = line.answer()
        with trained.writing() as session:
            address = session.get_one(CitizenAddress, row.address_id)
            people.set_stopped(session, trained.now(), address, True)
        with pytest.raises(CannotReach), trained.writing() as session:
            delivery.resend(session, trained.now(), session.get_one(Outbox, row.id))

    @on_sqlite
    @pytest.mark.parametrize(("sent", "state"), [(True, S.SENT), (False, S.FAILED)], ids=["sent", "not sent"])
    def test_doubt_is_ended_and_waits_for_no_report(
        self, trained: Runtime, clock: Clock, line: Line, sent, state
    ) -> None:
        line.whatsapp.refuses = [OutcomeUnknown("?")]
        row = line.answer()
        assert line.missing() == [S.UNCERTAIN]
        with trained.writing() as session:
            delivery.settle_by_hand(session, trained.now(), session.get_one(Outbox, row.id), sent, None)
        assert line.rows(row.message_id)[0].state == state
        clock.forward(days=1, seconds=5)
        assert failover.sweep(trained) == 0
        assert line.missing() == ([] if sent else [S.FAILED])
        assert [each.action for each in rows(trained, Audit)][-1] == "outbox.settle"

    @on_sqlite
    def test_what_is_uncertain_is_never_sent_again_by_itself(self, trained: Runtime, clock: Clock, line: Line) -> None:
        line.whatsapp.refuses = [OutcomeUnknown("?")]
        line.answer()
        for _ in range(4):
            clock.forward(hours=20)
            failover.sweep(trained)
            drain(trained)
        assert (len(line.whatsapp.texts), len(line.sms.seen)) == (1, 0)


class TestRaces:
    @pytest.mark.parametrize(("state", "code"), [(S.DELIVERED, ""), (S.FAILED, "refused")], ids=["delivered", "failed"])
    def test_a_report_that_overtakes_the_receipt(self, trained: Runtime, line: Line, state, code) -> None:
        message = officer_answers(trained, line.ticket.number)

        def overtake() -> None:
            line.whatsapp.during = None
            report(trained, line.rows(message.id)[0], state, code)

        line.whatsapp.during = overtake
        drain(trained, "whatsapp")
        first, *others = line.rows(message.id)
        assert first.state == (S.DELIVERED if state is S.DELIVERED else S.REPLACED)
        assert (first.sent_at, first.segments) == (trained.now(), 1)
        assert first.external_id
        assert [each.origin for each in others] == ([] if state is S.DELIVERED else ["failover"])

    @on_sqlite
    def test_a_message_that_failed_while_its_person_stopped_us_is_not_tried_again(
        self, trained: Runtime, clock: Clock, line: Line
    ) -> None:
        def stop() -> None:
            line.whatsapp.during = None
            clock.forward(seconds=1)
            line.person.says("STOP")

        line.whatsapp.during = stop
        line.whatsapp.refuses = [Temporary("busy")]
        row = line.answer()
        clock.forward(hours=1)
        drain(trained)
        assert [each.state for each in line.rows(row.message_id)] == [S.FAILED]
        assert line.whatsapp.texts[-1] == trained.phrases.say("stopped", "id")

    def test_two_sweeps_at_once_send_one_message(self, trained: Runtime, clock: Clock, line: Line) -> None:
        row = line.answer()
        clock.forward(hours=24)
        together(lambda: failover.sweep(trained), 2)
        assert [each.origin for each in line.rows(row.message_id)] == ["", "failover"]

    def test_a_report_and_a_sweep_at_once_send_one_message(self, trained: Runtime, clock: Clock, line: Line) -> None:
        row = line.answer()
        clock.forward(hours=24)
        tasks = [lambda: failover.sweep(trained), lambda: report(trained, row, S.FAILED, "refused")]
        together(lambda: tasks.pop()(), 2)
        with trained.reading() as session:
            query = select(func.count()).select_from(Outbox).where(col(Outbox.origin) == "failover")
            assert session.scalar(query) == 1

    def test_words_of_the_citizen_and_a_resend_at_once(self, trained: Runtime, line: Line) -> None:
        install(trained, line.whatsapp)
        line.whatsapp.refuses = [Permanent("no")]
        row = line.answer()

        def resend() -> None:
            with trained.writing() as session:
                delivery.resend(session, trained.now(), session.get_one(Outbox, row.id))

        tasks = [resend, lambda: line.person.says("Masih mati pak")]
        together(lambda: tasks.pop()(), 2)
        drain(trained)
        assert sum(text.endswith(WORDS) for text in line.whatsapp.texts) == 2


def together(task, count: int) -> None:  # type: ignore[no-untyped-def]
    """Run a task in so many threads started at one moment; a fault of any is raised."""
    barrier, faults = Barrier(count), []

    def run() -> None:
        try:
            barrier.wait(timeout=30)
            task()
        except BaseException as error:  # noqa: BLE001  (handed to the test)
            faults.append(error)

    threads = [Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert faults == []


def test_the_first_way_keeps_its_words_and_its_recipient(trained: Runtime, line: Line) -> None:
    row = line.answer()
    report(trained, row, S.FAILED, "refused")
    first, second = line.rows(row.message_id)
    assert (first.recipient, first.body, first.key) == (row.recipient, row.body, row.key)
    assert second.key != first.key
    assert second.replaces_id == first.id
    assert timedelta(0) == second.created_at - trained.now()
    assert isinstance(line.sms, Sender)
    assert states(trained)[-1] == ("sms", "queued", "failover")
