"""Faults that were found by trying to break the whole: each stays a case of its own."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlmodel import col

from bot.words import hear
from channels.message import Address, DeliveryReport, DeliveryState, InboundMessage
from dispatch import outbox
from dispatch.models import InboundEvent, Outbox
from dispatch.runtime import Runtime
from dispatch.services.delivery import take_report
from dispatch.services.inbound import record_inbound
from tests.support.rows import lane
from tests.support.talk import Citizen


def _mail(sender: str, text: str) -> InboundMessage:
    return InboundMessage(
        channel="mail", account="ours", external_id="same@broken.example", sender=Address("mailto", sender), text=text
    )


def test_two_people_with_one_message_id_are_both_kept_and_repeats_are_not(runtime: Runtime) -> None:
    mails = [_mail("one@example.org", "a"), _mail("two@example.org", "b")]
    for mail in [*mails, *mails]:
        with runtime.writing() as session:
            record_inbound(session, runtime.now(), [mail], raw=b"")
    with runtime.reading() as session:
        assert session.scalar(select(func.count()).select_from(InboundEvent)) == 2


def test_words_after_a_long_line_of_signs_are_heard() -> None:
    assert hear("=" * 2001 + "\nLampu jalan mati", "KU").words == ("lampu", "jalan", "mati")


def test_a_report_settles_an_uncertain_send_by_its_key(trained: Runtime) -> None:
    Citizen(trained).says("Lampu jalan di depan pasar Gusher Tarakan mati")
    now = trained.now()
    with trained.writing() as session:
        [claim] = outbox.claim(session, now, lane("whatsapp"), limit=1)
        outbox.settle_uncertain(session, now, claim, "the answer was lost", "")
    report = DeliveryReport(
        channel="whatsapp",
        account="ours",
        external_id="SM1:delivered",
        message_id="SM1",
        state=DeliveryState.DELIVERED,
        key=claim.message.key,
    )
    with trained.writing() as session:
        assert take_report(trained, session, report)
    with trained.reading() as session:
        row = session.scalars(select(Outbox).where(col(Outbox.id) == claim.row_id)).one()
        assert (row.state, row.external_id) == (DeliveryState.DELIVERED, "SM1")
