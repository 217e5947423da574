"""An SMS as it is talked with: the keyword, what is kept of it, and a webhook's whole trip to a ticket and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select
from sqlmodel import col

from bot.hooks import hooks
from bot.jobs import drain_inbound
from channels.message import DeliveryState
from dispatch.jobs import drain
from dispatch.models import CitizenAddress, Message, Outbox, Ticket
from dispatch.runtime import Runtime
from tests.channels.examples_sms_gateway import OURS, VALUES
from tests.support.providers.smsgate import KEY, SmsGateStandIn, sign
from tests.support.talk import Citizen

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
COMPLAINT = "jalan di Juata Laut Tarakan rusak parah dan berlubang"


@on_sqlite
def test_the_keyword_stays_in_the_message_and_out_of_the_matter(trained: Runtime) -> None:
    with_it, without = Citizen(trained, "sms"), Citizen(trained, "sms", "+628110000002")
    with_it.says(f"KALTARA#{COMPLAINT}")
    without.says(COMPLAINT)
    one, other = with_it.tickets()
    assert (one.summary, one.category, one.agency, one.area) == (
        other.summary,
        other.category,
        other.agency,
        other.area,
    )
    with trained.reading() as session:
        bodies = session.scalars(select(col(Message.body)).where(col(Message.ticket_id) == one.id)).all()
    assert f"KALTARA#{COMPLAINT}" in bodies


@on_sqlite
def test_the_keyword_is_a_word_like_any_other_on_other_channels(trained: Runtime) -> None:
    citizen = Citizen(trained, "whatsapp")
    citizen.says(f"KALTARA {COMPLAINT}")
    assert citizen.tickets()[0].summary.startswith("KALTARA")


@on_sqlite
def test_the_keyword_alone_is_answered_with_help_and_opens_nothing(trained: Runtime) -> None:
    citizen = Citizen(trained, "sms")
    (answer,) = citizen.says("KALTARA")
    assert "STATUS" in answer
    assert citizen.tickets() == []


@on_sqlite
def test_a_status_without_its_prefix_finds_the_citizen_s_own_ticket(trained: Runtime) -> None:
    citizen, stranger = Citizen(trained, "sms"), Citizen(trained, "sms", "+628110000002")
    citizen.says(f"KALTARA {COMPLAINT}")
    with trained.writing() as session:  # a drawn number may have no digit, and without its prefix looks like a word
        session.scalars(select(Ticket)).one().number = "KU-WMPA-9QRG"
    number = citizen.tickets()[0].number
    bare = number.partition("-")[2]
    (answer,) = citizen.says(f"KALTARA STATUS {bare}")
    assert number in answer
    (refused,) = stranger.says(f"STATUS {bare}")
    assert number not in refused


@on_sqlite
def test_stop_and_start_over_sms(trained: Runtime) -> None:
    citizen = Citizen(trained, "sms")
    citizen.says("BERHENTI BERLANGGANAN")
    with trained.reading() as session:
        address = session.scalars(select(CitizenAddress)).one()
    assert address.stopped_at is not None
    citizen.says("MULAI")
    with trained.reading() as session:
        assert session.scalars(select(CitizenAddress)).one().stopped_at is None


class TestTrip:
    @pytest.fixture
    def phone(self) -> Iterator[SmsGateStandIn]:
        with SmsGateStandIn(datetime(2026, 11, 22, 2, 0, tzinfo=UTC)) as stand_in:
            yield stand_in

    @pytest.fixture
    def environment(self, environment: dict[str, str], phone: SmsGateStandIn) -> dict[str, str]:
        return {**environment, **VALUES, "SMS_GATEWAY_URL": phone.url}

    def test_a_webhook_becomes_a_ticket_and_the_receipt_is_reported(
        self, trained: Runtime, phone: SmsGateStandIn
    ) -> None:
        app = Flask("the hook under test")
        app.extensions["aduan"] = trained
        app.register_blueprint(hooks)
        client = app.test_client()

        def post(event: str, payload: dict[str, object], event_id: str) -> int:
            body = json.dumps({"id": event_id, "event": event, "payload": payload}).encode()
            stamp = str(int(trained.now().timestamp()))
            headers = {"X-Timestamp": stamp, "X-Signature": sign(KEY, body, stamp), "Content-Type": "application/json"}
            return client.post("/hooks/sms-gateway", data=body, headers=headers).status_code

        sms = {"sender": "+628110000001", "message": COMPLAINT, "receivedAt": "2026-11-04T09:59:00.000+08:00"}
        assert [post("sms:received", sms, each) for each in ("e1", "e1", "e2")] == [200, 200, 200]
        assert client.post("/hooks/sms-gateway", data=b"{}").status_code == 403
        drain_inbound(trained)
        drain(trained, "sms-gateway")
        with trained.reading() as session:
            (ticket,) = session.scalars(select(Ticket)).all()
            rows = session.scalars(select(Outbox).order_by(col(Outbox.id))).all()
        assert {row.account for row in rows} == {OURS}
        assert ticket.number in rows[0].body
        first = phone.messages[rows[0].key]
        assert (first["phoneNumbers"], first["textMessage"]["text"]) == (["+628110000001"], rows[0].body)
        assert post("sms:delivered", {"messageId": rows[0].key, "recipient": "+628110000001"}, "e3") == 200
        drain_inbound(trained)
        with trained.reading() as session:
            assert session.get_one(Outbox, rows[0].id).state == DeliveryState.DELIVERED
