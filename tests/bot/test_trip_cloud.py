"""WhatsApp straight from Meta, from the signed request to the report on the officer's answer, on both databases."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from bot.hooks import hooks
from bot.jobs import drain_inbound
from bot.media import drain_media
from channels.message import DeliveryState
from dispatch import jobs
from dispatch.models import AttachmentState, EventState, InboundEvent, Outbox, StoredAttachment, Ticket
from dispatch.runtime import Runtime
from dispatch.services import templates
from tests.support.clock import Clock
from tests.support.desk import answer, messages_of, rows
from tests.support.providers.base import ACCEPT_THEN_500
from tests.support.providers.whatsapp_cloud import (
    ACCOUNT_ID,
    APP_SECRET,
    PHONE_ID,
    TOKEN,
    VERIFY_TOKEN,
    WhatsAppCloudStandIn,
    report,
    text_message,
    value,
)

PROVIDER = "whatsapp-cloud"
PERSON = "62811000111"
LAMP = "Lampu jalan di depan pasar Gusher Tarakan sudah seminggu mati, gelap sekali"
JPEG = b"\xff\xd8\xff\xe0 sebuah foto"
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
_ids = count(1)

Deliver = Callable[..., int]


@pytest.fixture
def meta() -> Iterator[WhatsAppCloudStandIn]:
    with WhatsAppCloudStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def environment(environment: dict[str, str], meta: WhatsAppCloudStandIn) -> dict[str, str]:
    return {
        **environment,
        "WHATSAPP_CLOUD_TOKEN": TOKEN,
        "WHATSAPP_CLOUD_APP_SECRET": APP_SECRET,
        "WHATSAPP_CLOUD_VERIFY_TOKEN": VERIFY_TOKEN,
        "WHATSAPP_CLOUD_PHONE_ID": PHONE_ID,
        "WHATSAPP_CLOUD_ACCOUNT_ID": ACCOUNT_ID,
        "WHATSAPP_CLOUD_TEMPLATE": "minta_balas",
        "WHATSAPP_CLOUD_API_URL": meta.url,
    }


@pytest.fixture
def client(trained: Runtime) -> FlaskClient:
    app = Flask("hooks under test")
    app.extensions["aduan"] = trained
    app.register_blueprint(hooks)
    return app.test_client()


@pytest.fixture
def deliver(client: FlaskClient, trained: Runtime) -> Deliver:
    """Posts one signed webhook and lets the worker work; returns the HTTP status."""

    def post(*values: dict[str, Any]) -> int:
        changes = [{"field": "messages", "value": each} for each in values]
        body = json.dumps({"object": "whatsapp_business_account", "entry": [{"id": ACCOUNT_ID, "changes": changes}]})
        signature = "sha256=" + hmac.new(APP_SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": signature}
        answered = client.post(f"/hooks/{PROVIDER}", data=body, headers=headers)
        drain_inbound(trained)
        return answered.status_code

    return post


def says(clock: Clock, text: str, **more: Any) -> dict[str, Any]:
    return text_message(f"wamid.C{next(_ids)}", PERSON, text, int(clock().timestamp()), **more)


def sent_texts(meta: WhatsAppCloudStandIn) -> list[str]:
    return [message["text"]["body"] for message in meta.messages if message["type"] == "text"]


def test_a_complaint_its_receipt_the_answer_and_what_became_of_it(
    trained: Runtime, clock: Clock, meta: WhatsAppCloudStandIn, deliver: Deliver
) -> None:
    assert deliver(says(clock, LAMP)) == 200
    [ticket] = rows(trained, Ticket)
    assert (ticket.agency, ticket.channel) == ("tarakan-dishub", "whatsapp")
    jobs.drain(trained, PROVIDER)
    receipt, *_ = sent_texts(meta)
    assert ticket.number in receipt

    clock.forward(hours=2)
    answer(trained, ticket.number, "Akan diganti hari Jumat.")
    jobs.drain(trained, PROVIDER)
    said = meta.messages[-1]
    assert "Akan diganti hari Jumat." in said["text"]["body"]
    assert said["to"] == f"+{PERSON}"
    assert said["context"]["message_id"].startswith("wamid.C")

    wamid = f"wamid.STANDIN{len(meta.messages)}"
    at = int(clock().timestamp())
    price = {"billable": False, "pricing_model": "PMP", "category": "service", "type": "free_customer_service"}
    deliver(report(wamid, "read", at, pricing=price), report(wamid, "delivered", at))
    row = rows(trained, Outbox)[-1]
    assert (row.external_id, row.state) == (wamid, DeliveryState.READ)

    clock.forward(minutes=5)
    deliver(says(clock, "Terima kasih, tetapi lampunya masih mati pak", context={"id": wamid}))
    assert len(messages_of(trained, ticket.number)) == 2
    assert {event.state for event in rows(trained, InboundEvent)} == {EventState.DONE}


@on_sqlite
def test_the_handshake_is_answered_and_nothing_is_stored(client: FlaskClient, trained: Runtime) -> None:
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": VERIFY_TOKEN}
    good = client.get(f"/hooks/{PROVIDER}?{urlencode(asked)}")
    assert (good.status_code, good.text, good.mimetype) == (200, "1158201444", "text/plain")
    for wrong in ({"hub.verify_token": "salah"}, {"hub.verify_token": ""}, {"hub.mode": "x"}):
        refused = client.get(f"/hooks/{PROVIDER}?{urlencode({**asked, **wrong})}")
        assert refused.status_code == 403
        assert "1158201444" not in refused.text
    assert rows(trained, InboundEvent) == []


@on_sqlite
def test_a_forged_request_leaves_nothing(client: FlaskClient, trained: Runtime) -> None:
    for headers in ({}, {"X-Hub-Signature-256": "sha256=" + "0" * 64}):
        assert client.post(f"/hooks/{PROVIDER}", data=b"{}", headers=headers).status_code == 403
    assert rows(trained, InboundEvent) == []


def test_one_batch_delivered_again_and_again_is_one_of_each(
    trained: Runtime, clock: Clock, meta: WhatsAppCloudStandIn, deliver: Deliver
) -> None:
    """Two people, a poisoned item and a repeat in one request, and the request three times."""
    first, second = (
        says(clock, LAMP),
        text_message("wamid.SITI", "62811000222", "Jalan rusak parah di Juata Laut Tarakan"),
    )
    second["messages"] += [{"from": "62811000222", "id": "wamid.RACUN", "type": "text"}, second["messages"][0]]
    for _ in range(3):
        assert deliver(first, second) == 200
    states = [event.state for event in rows(trained, InboundEvent)]
    assert sorted(states) == [EventState.DONE, EventState.DONE, EventState.QUARANTINED]
    assert len(rows(trained, Ticket)) == 2
    jobs.drain(trained, PROVIDER)
    assert {message["to"] for message in meta.messages} == {f"+{PERSON}", "+62811000222"}


@on_sqlite
def test_a_lost_answer_is_settled_by_the_report_that_names_our_key(
    trained: Runtime, clock: Clock, meta: WhatsAppCloudStandIn, deliver: Deliver
) -> None:
    deliver(says(clock, LAMP))
    meta.fail(ACCEPT_THEN_500, path=r".*/messages")
    jobs.drain(trained, PROVIDER)
    assert rows(trained, Outbox)[0].state == DeliveryState.UNCERTAIN
    taken = meta.messages[0]
    echoed = {"biz_opaque_callback_data": taken["biz_opaque_callback_data"]}
    deliver(report("wamid.STANDIN1", "delivered", int(clock().timestamp()), **echoed))
    row = rows(trained, Outbox)[0]
    assert (row.state, row.external_id) == (DeliveryState.DELIVERED, "wamid.STANDIN1")
    assert len([message for message in meta.messages if message["text"] == taken["text"]]) == 1


@on_sqlite
def test_a_photo_is_fetched_in_two_steps_from_the_provider_it_came_by(
    trained: Runtime, clock: Clock, meta: WhatsAppCloudStandIn, deliver: Deliver
) -> None:
    number = meta.add_file(JPEG)
    photo = says(clock, LAMP)
    message = photo["messages"][0]
    del message["text"]
    message |= {"type": "image", "image": {"id": number, "mime_type": "image/jpeg", "caption": LAMP}}
    deliver(photo)
    drain_media(trained)
    [stored] = rows(trained, StoredAttachment)
    assert (stored.state, stored.size is not None) == (AttachmentState.STORED, True)
    assert [request.path for request in meta.requests] == [f"/v24.0/{number}", f"/files/{number}"]


@on_sqlite
def test_what_cannot_be_read_is_kept_and_the_person_is_asked_once_for_words(
    trained: Runtime, clock: Clock, meta: WhatsAppCloudStandIn, deliver: Deliver
) -> None:
    one = says(clock, "")
    del one["messages"][0]["text"]
    one["messages"][0] |= {"type": "unsupported", "errors": [{"code": 131051}]}
    for _ in range(2):  # the provider delivers twice
        deliver(one)
    jobs.drain(trained, PROVIDER)
    assert sent_texts(meta) == [trained.phrases.say("unreadable", "id")]
    assert rows(trained, Ticket) == []
    assert [event.state for event in rows(trained, InboundEvent)] == [EventState.DONE]


@on_sqlite
def test_a_late_answer_waits_for_the_person_whom_an_approved_text_asks_to_write(
    trained: Runtime, clock: Clock, meta: WhatsAppCloudStandIn, deliver: Deliver
) -> None:
    with trained.writing() as session:
        templates.sync(session, trained.now(), PROVIDER, trained.channel(PROVIDER).templates())
    deliver(says(clock, LAMP))
    jobs.drain(trained, PROVIDER)
    [ticket] = rows(trained, Ticket)
    clock.forward(hours=25)
    answer(trained, ticket.number, "Sudah diganti.")
    jobs.drain(trained, PROVIDER)
    asked = meta.messages[-1]
    assert asked["type"] == "template"
    [body] = asked["template"]["components"]
    assert [each["text"] for each in body["parameters"]] == [
        ticket.number,
        trained.region.agencies[ticket.agency].name,
    ]
    assert not any("Sudah diganti." in text for text in sent_texts(meta))
    deliver(says(clock, "Ya"))
    jobs.drain(trained, PROVIDER)
    assert any("Sudah diganti." in text for text in sent_texts(meta))


@on_sqlite
def test_a_person_without_a_number_is_answered_by_their_id(
    trained: Runtime, clock: Clock, meta: WhatsAppCloudStandIn, deliver: Deliver
) -> None:
    scoped = "ID.13491208655302741918"
    at = str(int(clock().timestamp()))
    message = {"from_user_id": scoped, "id": "wamid.U1", "timestamp": at, "type": "text", "text": {"body": LAMP}}
    deliver(value(contacts=[{"profile": {"username": "warga"}, "user_id": scoped}], messages=[message]))
    jobs.drain(trained, PROVIDER)
    assert {sent.get("recipient") for sent in meta.messages} == {scoped}
