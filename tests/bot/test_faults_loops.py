"""Two machines that answer each other: the exchange ends, whatever the other one leaves out of its letters."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import Message as Letter

import pytest

from bot.door import pulled, take
from bot.jobs import drain_inbound
from channels.mail import Mail
from channels.registry import channel_class
from dispatch import jobs as sending
from dispatch.models import EventState, InboundEvent, Outbox, Ticket
from dispatch.region import Budget
from dispatch.runtime import Runtime
from tests.support.clock import Clock
from tests.support.desk import answer, rows
from tests.support.providers.mail import SmtpStandIn

OURS = "aduan@lapor.contoh.go.id"
HOURLY, DAILY = channel_class("mail").limits.automatic or (0, 0)
ROAD = "Jalan rusak parah di Juata Laut Tarakan"
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def smtp() -> Iterator[SmtpStandIn]:
    with SmtpStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def environment(environment: dict[str, str], smtp: SmtpStandIn) -> dict[str, str]:
    return {**environment, "MAIL_FROM": OURS, "SMTP_URL": smtp.url, "MAIL_HOOK_SECRET": "rahasia-kait-surat-untuk-uji"}


#: Makes the other machine's letter out of ours and a count.
Machine = Callable[[Letter, int], str]


def written(to: str, number: int, *, sender: str = "kantor@contoh.id", **headers: str) -> str:
    named = {"From": sender, "To": to, "Message-ID": f"<otomatis-{number}@contoh.id>", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in named.items()]
    return "\r\n".join([*lines, "", f"{ROAD}, nomor urut kami {number}.", ""])


def anew(ours: Letter, number: int) -> str:
    """It opens a matter of its own each time, as a help desk does, and marks nothing as a machine's."""
    return written(OURS, number, Subject=f"Tiket {number} dibuat")


def in_the_thread(ours: Letter, number: int) -> str:
    """It answers where it was told to, in the thread, and marks nothing as a machine's."""
    to, answered = ours["Reply-To"] or ours["From"], ours["Message-ID"]
    return written(to, number, Subject=f"Re: {ours['Subject']}", In_Reply_To=answered, References=answered)


def away(**marks: str) -> Machine:
    """A notice of absence that bears this mark."""
    return lambda ours, number: written(str(ours["Reply-To"] or ours["From"]), number, **marks)


class Exchange:
    """Our whole side, and a machine at the other end that answers every letter of ours at once."""

    def __init__(self, runtime: Runtime, clock: Clock, smtp: SmtpStandIn) -> None:
        self.runtime, self.clock, self.smtp = runtime, clock, smtp
        self.answered = self.count = 0

    def arrives(self, letter: str) -> None:
        mail = self.runtime.channel("mail")
        assert isinstance(mail, Mail)
        take(self.runtime, mail, pulled(self.runtime, letter.encode(), {}))

    def work(self) -> None:
        drain_inbound(self.runtime)
        sending.drain(self.runtime, "mail", pause=lambda seconds: None)

    def goes_on(self, machine: Machine, rounds: int = 60) -> int:
        """Let them talk until one of them is silent; how many letters of ours went out. A loop is a failure."""
        before = len(self.smtp.taken)
        for _ in range(rounds):
            self.work()
            new = self.smtp.taken[self.answered :]
            self.answered = len(self.smtp.taken)
            if not new:
                return self.answered - before
            for letter in new:
                self.count += 1
                self.arrives(machine(message_from_bytes(letter.content), self.count))
            self.clock.forward(seconds=10)
        raise AssertionError("they talk for ever")


@pytest.fixture
def exchange(trained: Runtime, clock: Clock, smtp: SmtpStandIn) -> Exchange:
    found = Exchange(trained, clock, smtp)
    found.arrives(written(OURS, 0, Subject="Jalan rusak"))
    return found


def test_a_machine_that_hides_what_it_is_gets_no_more_letters_than_the_budget(
    exchange: Exchange, trained: Runtime
) -> None:
    assert exchange.goes_on(anew) == HOURLY
    assert len(rows(trained, Ticket)) == HOURLY + 1  # nothing of what it wrote is lost


@on_sqlite
def test_a_machine_that_hides_in_the_thread_stays_one_ticket_and_is_left_alone(
    exchange: Exchange, trained: Runtime
) -> None:
    assert 1 <= exchange.goes_on(in_the_thread) <= HOURLY
    assert len(rows(trained, Ticket)) == 1


@on_sqlite
def test_a_machine_that_begins_again_every_hour_gets_no_more_than_the_budget_of_a_day(exchange: Exchange) -> None:
    letters = exchange.goes_on(anew)
    for hour in range(1, 24):
        exchange.clock.forward(minutes=59)
        exchange.arrives(written(OURS, 1000 + hour, Subject=f"Pengingat {hour}"))
        letters += exchange.goes_on(anew)
    assert letters == DAILY


@on_sqlite
def test_an_officers_answer_still_reaches_who_used_the_budget_up(exchange: Exchange, trained: Runtime) -> None:
    exchange.goes_on(anew)
    answer(trained, rows(trained, Ticket)[0].number)
    assert exchange.goes_on(lambda ours, number: written(OURS, number, Auto_Submitted="auto-replied")) == 1


MARKS: dict[str, dict[str, str]] = {
    "RFC 3834": {"Auto_Submitted": "auto-replied"},
    "precedence": {"Precedence": "bulk"},
    "null sender": {"Return_Path": "<>"},
    "Exchange": {"Subject": "Automatic reply: Laporan Anda"},
    "Indonesian": {"Subject": "Balasan otomatis: Laporan Anda"},
    "an absence header": {"X_Autoreply": "yes"},
    "a list": {"List_Id": "<warga.contoh.id>"},
    "our own mark": {"X_Aduan_Loop": "1"},
    "no-reply": {"sender": "noreply@contoh.id"},
    "a bouncer": {"sender": "MAILER-DAEMON@contoh.id"},
}


@on_sqlite
@pytest.mark.parametrize("marks", MARKS.values(), ids=MARKS)
def test_a_notice_of_absence_is_kept_and_ends_the_exchange(
    exchange: Exchange, trained: Runtime, marks: dict[str, str]
) -> None:
    assert exchange.goes_on(away(**marks)) == 1
    assert len(rows(trained, Ticket)) == 1
    assert len(rows(trained, InboundEvent)) == 2
    assert {row.state for row in rows(trained, InboundEvent)} <= {EventState.DONE, EventState.QUARANTINED}


@on_sqlite
def test_a_machine_under_ever_new_names_ends_at_the_budget_of_the_mailbox(exchange: Exchange, trained: Runtime) -> None:
    delivery = dataclasses.replace(trained.region.delivery, budgets={"mail": Budget(messages=12)})
    trained.__dict__["region"] = dataclasses.replace(trained.region, delivery=delivery)

    def many_names(ours: Letter, number: int) -> str:
        return written(OURS, number, sender=f"tiket-{number}@contoh.id", Subject=f"Tiket {number} dibuat")

    assert exchange.goes_on(many_names) == 12
    answer(trained, rows(trained, Ticket)[0].number)
    assert exchange.goes_on(lambda ours, number: written(OURS, number, Auto_Submitted="auto-replied")) == 1
    assert [row.state for row in rows(trained, Outbox)].count("queued") == 1  # it waits for tomorrow, nothing is lost


@on_sqlite
def test_the_region_has_a_budget_for_its_mailbox(runtime: Runtime) -> None:
    budget = runtime.region.delivery.budgets["mail"]
    assert 0 < (budget.messages or 0) <= 2000
    assert budget.hard_messages is None  # letters cost nothing: officers' answers always go
