"""Channels that answer what a test wrote down, and the steps of sending and reporting in a few words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count

from sqlalchemy import select
from sqlmodel import col

from bot.jobs import drain_inbound
from channels.base import Channel, Limits
from channels.errors import (
    BadAddress,
    Meaning,
    Misconfigured,
    OutcomeUnknown,
    Permanent,
    RecipientStopped,
    SendError,
    Temporary,
    Throttled,
    WindowClosed,
    by_code,
)
from channels.message import DeliveryReport, DeliveryState, OutboundMessage, Receipt
from channels.registry import Registry
from channels.templates import Template
from dispatch import jobs
from dispatch.models import Message, Outbox, Staff, Ticket
from dispatch.runtime import Runtime
from dispatch.services import answers, templates
from dispatch.services.inbound import record_inbound
from tests.support.desk import rows

Answer = Callable[[OutboundMessage], Receipt]
_ids = count(1)
#: The code of each meaning, as a provider's table would have it.
ERRORS = by_code(
    Meaning(code, kind.__name__, kind)
    for code, kind in {
        "window": WindowClosed,
        "busy": Temporary,
        "fast": Throttled,
        "stopped": RecipientStopped,
        "nobody": BadAddress,
        "refused": Permanent,
        "key": Misconfigured,
        "unclear": OutcomeUnknown,
    }.items()
)
WHATSAPP = Limits(text_length=1600, reply_window=timedelta(hours=24), reports=True, per_second=0)
SMS = Limits(text_length=459, reports=True, per_second=0)
PLAIN = Limits(text_length=4096, per_second=0)
TEMPLATE = Template("HX-balas", "balas", "id", "approved", "utility", ("Balasan {{1}} dari {{2}}: balas YA",))


class Sender(Channel):
    """A channel object without a provider; ``refuses`` says what it answers to the next messages, in turn."""

    kind = "sms"
    limits = PLAIN
    errors = ERRORS

    def __init__(self, account: str = "ours", template: str = "") -> None:
        super().__init__({}, "http://127.0.0.1:8000")
        self._account = account
        self.template = template
        self.seen: list[OutboundMessage] = []
        self.refuses: list[SendError | None] = []
        self.always: SendError | None = None
        self.parts = 1
        self.during: Callable[[], None] | None = None

    @property
    def account(self) -> str:
        """Ours."""
        return self._account

    @property
    def reopening(self) -> str:
        """The template that asks for a reply."""
        return self.template

    def send(self, message: OutboundMessage) -> Receipt:
        """Answer as told."""
        self.seen.append(message)
        if self.during is not None:
            self.during()
        error = self.refuses.pop(0) if self.refuses else self.always
        if error is not None:
            raise error
        return Receipt(external_id=f"{self.name}-{next(_ids)}", parts=self.parts)

    @property
    def texts(self) -> list[str]:
        """The free texts it was handed."""
        return [message.text for message in self.seen if not message.template]

    @property
    def asked(self) -> list[OutboundMessage]:
        """The templates it was handed."""
        return [message for message in self.seen if message.template]


class WhatsAppSender(Sender):
    """WhatsApp as Twilio carries it."""

    kind = "whatsapp"
    limits = WHATSAPP


class CloudSender(WhatsAppSender):
    """A second provider of the same kind."""

    kind = "whatsapp"
    name = "whatsapp-cloud"


class SmsSender(Sender):
    """SMS."""

    kind = "sms"
    limits = SMS


class TelegramSender(Sender):
    """A channel that reports nothing."""

    kind = "telegram"


class MailSender(Sender):
    """Another one."""

    kind = "mail"


def install(runtime: Runtime, *senders: Sender) -> None:
    """Put these channels in the place of the configured ones."""
    runtime.__dict__["registry"] = Registry({sender.name: sender for sender in senders})


def approve(runtime: Runtime, provider: str = "whatsapp", template: Template = TEMPLATE) -> None:
    """Have the provider list a text."""
    with runtime.writing() as session:
        templates.sync(session, runtime.now(), provider, [template])


def drain(runtime: Runtime, *providers: str) -> None:
    """Send what is due."""
    for provider in providers or runtime.registry.channels:
        jobs.drain(runtime, provider, pause=lambda seconds: None)


def report(runtime: Runtime, row: Outbox, state: DeliveryState, code: str = "", **fields: object) -> None:
    """A provider's report on a row, through the inbox."""
    event = DeliveryReport(
        channel=row.channel,
        account=row.account,
        external_id=f"report-{next(_ids)}",
        message_id=row.external_id or "",
        key=row.key,
        state=state,
        error_code=code,
        **fields,  # type: ignore[arg-type]
    )
    with runtime.writing() as session:
        record_inbound(session, runtime.now(), [event], raw=b"{}")
    drain_inbound(runtime)


def officer_answers(runtime: Runtime, number: str, text: str = "Sudah kami perbaiki.") -> Message:
    """An officer answers a ticket."""
    with runtime.writing() as session:
        ticket = session.scalars(select(Ticket).where(col(Ticket.number) == number)).one()
        staff = session.scalars(select(Staff)).first() or Staff(
            email="petugas@contoh.example", role="officer", password_hash="-", created_at=runtime.now()
        )
        session.add(staff)
        session.flush()
        return answers.reply(session, runtime.phrases, runtime.now(), ticket, text=text, staff_id=staff.id or 0)


def states(runtime: Runtime) -> list[tuple[str, str, str]]:
    """Channel, state and origin of every row, in order."""
    return [(row.channel, row.state, row.origin) for row in rows(runtime, Outbox)]
