"""What people do on Telegram beside writing, from the update to what staff and sender see: reactions, groups, polls,
albums and buttons."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from bot.fetching import fetch
from bot.jobs import drain_inbound
from channels.base import RawRequest
from channels.message import Notice
from dispatch import jobs as sending
from dispatch.models import Citizen, EventState, InboundEvent, Message, Outbox, StoredAttachment, Ticket
from dispatch.runtime import Runtime
from dispatch.services.inbound import ALBUM_WAIT, record_inbound
from tests.support.clock import Clock
from tests.support.desk import rows
from tests.support.providers.telegram import (
    TOKEN,
    TelegramStandIn,
    group_update,
    location_update,
    message_update,
    photo_update,
    press_update,
    reaction_update,
    text_update,
)

WHO = 4711
GROUP = -1001500000001
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
ROAD = "Jalan rusak parah di Juata Laut Tarakan"
PLACELESS = "Jalan rusak parah dan berlubang, sudah banyak motor jatuh"


@pytest.fixture
def provider() -> Iterator[TelegramStandIn]:
    with TelegramStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def environment(environment: dict[str, str], provider: TelegramStandIn) -> dict[str, str]:
    return {**environment, "TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": provider.url}


class Talk:
    """Updates in, everything that is due worked on and sent, the provider's view out."""

    def __init__(self, runtime: Runtime, provider: TelegramStandIn, clock: Clock) -> None:
        self.runtime, self.provider, self.clock = runtime, provider, clock

    def wait(self, seconds: float) -> None:
        self.clock.forward(seconds=seconds)

    def happens(self, *updates: dict[str, Any]) -> list[dict[str, Any]]:
        """What the bot said to it."""
        before = len(self.provider.sent)
        self.provider.push(*updates)
        fetch(self.runtime, self.runtime.channel("telegram"), "this process", 0)
        self.clock.forward(seconds=ALBUM_WAIT.total_seconds())
        drain_inbound(self.runtime)
        for _ in range(10):
            sending.drain(self.runtime, "telegram", pause=self.wait)
            self.clock.forward(seconds=2)
        return self.provider.sent[before:]


@pytest.fixture
def talk(trained: Runtime, provider: TelegramStandIn, clock: Clock) -> Talk:
    return Talk(trained, provider, clock)


def notes(runtime: Runtime) -> list[tuple[list[str], str]]:
    return [(row.notes, row.body) for row in rows(runtime, Message) if row.direction == "note"]


def states(runtime: Runtime) -> set[str]:
    return {row.state for row in rows(runtime, InboundEvent)}


def test_a_reaction_to_the_receipt_is_a_note_and_is_not_answered(talk: Talk, trained: Runtime) -> None:
    receipt = talk.happens(text_update(WHO, ROAD))[0]
    assert talk.happens(reaction_update(WHO, receipt["message_id"], "👍")) == []
    assert notes(trained) == [(["reaction:ours"], "👍")]
    assert states(trained) == {EventState.DONE}


def test_a_reaction_to_a_photo_of_an_album_is_a_note_on_its_ticket(talk: Talk, trained: Runtime) -> None:
    first = photo_update(WHO, "F1", ROAD, album="A")
    second = photo_update(WHO, "F2", album="A")
    talk.happens(first, second)
    talk.happens(reaction_update(WHO, second["message"]["message_id"], "😢"))
    assert notes(trained) == [(["reaction:theirs"], "😢")]


def test_a_reaction_to_nothing_we_know_is_done_and_kept(talk: Talk, trained: Runtime) -> None:
    assert talk.happens(reaction_update(WHO, 999, "👍")) == []
    assert (notes(trained), states(trained), rows(trained, Citizen)) == ([], {EventState.DONE}, [])


def test_a_group_is_told_once_and_left_and_nothing_of_it_is_kept(
    talk: Talk, trained: Runtime, provider: TelegramStandIn
) -> None:
    said = talk.happens(*(group_update(GROUP, f"rahasia warga {n}", who=5000 + n) for n in range(5)))
    assert [(message["chat"]["id"], message["text"]) for message in said] == [
        (GROUP, trained.phrases.say("group_refused", "id"))
    ]
    assert provider.left == [GROUP]
    assert rows(trained, Ticket) == []
    kept = [(row.raw, json.dumps(row.payload)) for row in rows(trained, InboundEvent)]
    assert len(kept) == 5
    assert all(raw == b"" and "rahasia" not in payload for raw, payload in kept)
    assert talk.happens(group_update(GROUP, "masih di sini?")) == []


@on_sqlite
def test_a_group_that_forbids_the_bot_to_write_is_left_all_the_same(
    talk: Talk, trained: Runtime, provider: TelegramStandIn
) -> None:
    provider.muted.add(GROUP)
    assert talk.happens(group_update(GROUP, "halo")) == []
    assert provider.left == [GROUP]
    assert [row.state for row in rows(trained, Outbox)] == ["failed"]


def test_the_same_person_is_served_in_private(talk: Talk, trained: Runtime) -> None:
    talk.happens(group_update(GROUP, ROAD, who=WHO))
    assert len(talk.happens(text_update(WHO, ROAD))) == 2
    assert len(rows(trained, Ticket)) == 1


@on_sqlite
@pytest.mark.parametrize("content", ["dice", "hologram"])
def test_who_sends_what_we_cannot_read_is_told(talk: Talk, trained: Runtime, content: str) -> None:
    sent = {"dice": {"emoji": "🎲", "value": 3}} if content == "dice" else {"hologram": {"depth": 3}}
    said = talk.happens(message_update(WHO, sent))
    assert [message["text"] for message in said] == [trained.phrases.say("unreadable", "id")]
    assert rows(trained, Message)[0].notes == [f"unsupported:{content}"]


def test_what_we_cannot_read_stands_on_the_open_ticket_and_reopens_nothing(talk: Talk, trained: Runtime) -> None:
    talk.happens(text_update(WHO, ROAD))
    said = talk.happens(message_update(WHO, {"dice": {"emoji": "🎲", "value": 3}}))
    assert [message["text"] for message in said] == [trained.phrases.say("unreadable", "id")]
    [ticket] = rows(trained, Ticket)
    received = [row for row in rows(trained, Message) if row.direction == "in"]
    assert [row.ticket_id for row in received] == [ticket.id] * 2


@on_sqlite
def test_who_left_the_place_out_gets_a_button_and_the_pin_settles_it(talk: Talk, trained: Runtime) -> None:
    said = talk.happens(text_update(WHO, PLACELESS))
    assert rows(trained, Ticket)[0].place_asked_at is not None
    markups = [json.loads(call["reply_markup"]) for call in talk.provider.calls("sendMessage")]
    words = trained.phrases.say("place_button", "id")
    assert [bool(markup.get("keyboard")) for markup in markups] == [False] * (len(said) - 1) + [True]
    assert markups[-1]["keyboard"] == [[{"text": words, "request_location": True}]]
    talk.happens(location_update(WHO, 3.3276, 117.5785))
    assert (rows(trained, Ticket)[0].area or "").startswith("65.71")
    assert json.loads(talk.provider.calls("sendMessage")[-1]["reply_markup"]) == {"remove_keyboard": True}


@on_sqlite
def test_a_place_that_is_known_gets_no_button(talk: Talk) -> None:
    talk.happens(text_update(WHO, ROAD))
    assert ["keyboard" in json.loads(call["reply_markup"]) for call in talk.provider.calls("sendMessage")] == [
        False,
        False,
    ]


@on_sqlite
def test_a_deep_link_greets_and_its_payload_is_a_note(talk: Talk, trained: Runtime) -> None:
    said = talk.happens(text_update(WHO, "/start poster-rt5"))
    assert [message["text"] for message in said] == [trained.phrases.say("greeting", "id", name="Warga")]
    assert (rows(trained, Message)[0].notes, rows(trained, Ticket)) == (["start:poster-rt5"], [])


@on_sqlite
def test_a_press_is_recorded_and_answered(talk: Talk, trained: Runtime, provider: TelegramStandIn) -> None:
    talk.happens(press_update(WHO, "press-1", "status"))
    with provider.changed:
        assert provider.changed.wait_for(lambda: provider.pressed, 10)
    assert (provider.pressed, states(trained)) == (["press-1"], {EventState.DONE})


def test_ten_photos_by_polling_are_one_report(talk: Talk, trained: Runtime) -> None:
    said = talk.happens(*(photo_update(WHO, f"F{n}", ROAD if n == 9 else "", album="A") for n in range(10)))
    assert len(said) == 2
    assert [file.source for file in rows(trained, StoredAttachment)] == [f"F{n}" for n in range(10)]
    assert len(rows(trained, Ticket)) == 1


def test_notices_keep_their_place_in_the_order_of_a_person(trained: Runtime, talk: Talk) -> None:
    """A reaction that arrives in one batch with the message it is about is worked on after it."""
    update = text_update(WHO, ROAD)
    number = update["message"]["message_id"]
    talk.happens(update, reaction_update(WHO, number, "👍"))
    assert notes(trained) == [(["reaction:theirs"], "👍")]
    with trained.reading() as session:
        senders = session.scalars(select(col(InboundEvent.sender))).all()
    assert senders == [f"telegram|{TOKEN.partition(':')[0]}|telegram:{WHO}"] * 2


@on_sqlite
def test_a_notice_is_stored_once(trained: Runtime, talk: Talk) -> None:
    update = reaction_update(WHO, 7, "👍")
    body = json.dumps(update).encode()
    events = trained.channel("telegram").parse(RawRequest("POST", "http://127.0.0.1/", {}, body, trained.now()))
    assert isinstance(events[0], Notice)
    for _ in range(3):
        with trained.writing() as session:
            record_inbound(session, trained.now(), events, raw=b"{}")
    assert len(rows(trained, InboundEvent)) == 1
