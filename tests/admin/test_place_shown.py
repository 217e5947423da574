"""What the ticket's page says of the place: its name, the citizen's own words, and how sure a pin is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlmodel import col

from channels.message import Location
from dispatch.models import Message, Ticket
from dispatch.runtime import Runtime
from tests.admin.conftest import Browser, one_database
from tests.support.tickets import open_ticket

Make = Callable[..., Browser]
CASES = {
    "nothing": (None, "", "not known"),
    "words nobody knows": (
        None,
        "kampung <b>sebelah</b>",
        "not recognised: <bdi>kampung &lt;b&gt;sebelah&lt;/b&gt;</bdi>",
    ),
    "a place": ("65.71.04.1001", "", "Juata Laut, Tarakan Utara, Kota Tarakan"),
    "a place and words": (
        "65.71.04.1001",
        "RT 5",
        "Juata Laut, Tarakan Utara, Kota Tarakan<br>In the citizen's words: <bdi>RT 5</bdi>",
    ),
}


def _page(runtime: Runtime, browser: Browser, area: str | None, words: str, pin: Location | None = None) -> str:
    ticket = open_ticket(runtime)
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        row.area, row.place_text = area, words
        session.add(row)
        if pin:
            message = session.scalars(select(Message).where(col(Message.ticket_id) == ticket.id)).one()
            message.latitude, message.longitude = pin.latitude, pin.longitude
            session.add(message)
    response = browser.get(f"/admin/tickets/{ticket.number}")
    assert response.status_code == 200
    return response.text


@one_database
@pytest.mark.parametrize(("area", "words", "told"), CASES.values(), ids=CASES)
def test_the_place_and_the_citizens_words(
    runtime: Runtime, signed_in: Make, area: str | None, words: str, told: str
) -> None:
    browser = signed_in(role="supervisor")
    assert told in _page(runtime, browser, area, words).replace("\n", "")


PINS = {
    "sure": (Location(3.413, 117.592), "Juata Laut, Tarakan Utara, Kota Tarakan", "from its middle"),
    "about": (Location(3.304, 117.588), "km from its middle", "Location: <bdi></bdi> 3.30400, 117.58800</p>"),
}


@one_database
@pytest.mark.parametrize(("pin", "told", "untold"), PINS.values(), ids=PINS)
def test_a_pin_says_how_sure_it_is(runtime: Runtime, signed_in: Make, pin: Location, told: str, untold: str) -> None:
    text = _page(runtime, signed_in(role="supervisor"), None, "", pin)
    assert told in text and untold not in text
