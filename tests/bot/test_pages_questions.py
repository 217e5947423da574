"""The question which matter it is, on our own page: buttons that work without JavaScript, gone once answered."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import select

from bot.app import create_app
from bot.jobs import drain_inbound
from dispatch.models import Ticket
from dispatch.runtime import Runtime
from dispatch.workflow import Status
from tests.support.clock import Clock
from tests.support.desk import change
from tests.support.readings import knows, reading
from tests.support.visitor import Visitor

ABOUT = "gelap dan berlubang di Juata Laut Tarakan"
BUTTON = re.compile(r'<button name="text" value="(\d)" class="plain">([^<]+)</button>')
BUTTONS = [("1", "1. Lampu jalan"), ("2", "2. Jalan rusak"), ("0", "0. Bukan ini / tidak tahu")]


@pytest.fixture
def visitor(runtime: Runtime) -> Visitor:
    knows(runtime, {ABOUT: reading(("lampu_jalan", 0.4), ("jalan_rusak", 0.35))})
    app: Flask = create_app(runtime)
    return Visitor(app)


def only(runtime: Runtime) -> Ticket:
    with runtime.reading() as session:
        return session.scalars(select(Ticket)).one()


@pytest.mark.parametrize("action", ["/lapor", "/obrolan"], ids=["form", "chat"])
def test_the_chat_shows_buttons_and_one_of_them_answers(runtime: Runtime, visitor: Visitor, action: str) -> None:
    assert visitor.send(action, text=ABOUT).status_code == 303
    drain_inbound(runtime)
    page = visitor.get("/obrolan").text
    assert BUTTON.findall(page) == BUTTONS
    form = visitor.blank("/obrolan")
    assert (
        visitor.send("/obrolan", form={"csrf_token": form["csrf_token"], "key": form["key"], "text": "2"}).status_code
        == 303
    )
    drain_inbound(runtime)
    assert only(runtime).category == "jalan_rusak"
    assert BUTTON.findall(visitor.get("/obrolan").text) == []


def test_the_part_that_is_looked_for_every_few_seconds_has_them_too(runtime: Runtime, visitor: Visitor) -> None:
    visitor.send("/obrolan", text=ABOUT)
    drain_inbound(runtime)
    assert BUTTON.findall(visitor.get("/obrolan/isi").text) == BUTTONS


def test_buttons_go_when_staff_have_decided_and_after_three_days(
    runtime: Runtime, visitor: Visitor, clock: Clock
) -> None:
    visitor.send("/obrolan", text=ABOUT)
    drain_inbound(runtime)
    clock.forward(days=3, seconds=1)
    assert BUTTON.findall(visitor.get("/obrolan").text) == []
    clock.forward(days=-1)
    assert BUTTON.findall(visitor.get("/obrolan").text) == BUTTONS
    change(runtime, only(runtime).number, Status.IN_PROGRESS)
    assert BUTTON.findall(visitor.get("/obrolan").text) == []


def test_another_device_sees_none(runtime: Runtime, visitor: Visitor) -> None:
    visitor.send("/obrolan", text=ABOUT)
    drain_inbound(runtime)
    stranger = Visitor(visitor.client.application)
    assert BUTTON.findall(stranger.get("/obrolan").text) == []
