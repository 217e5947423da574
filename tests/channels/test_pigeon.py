"""Adding a channel takes one file, one registry row and one table of cases: a made-up one does the whole trip."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from admin.cli import aduan
from bot.app import create_app
from bot.jobs import drain_inbound
from channels import registry
from channels.base import RawRequest
from channels.errors import BadAddress, Malformed, Misconfigured, Permanent, Temporary
from channels.message import Address, DeliveryState, Event
from dispatch.jobs import drain
from dispatch.models import Outbox, Ticket
from dispatch.runtime import Runtime
from tests.channels.contract import ChannelContract, SendCase, request, told
from tests.channels.pigeon import Pigeon
from tests.support.desk import answer, rows
from tests.support.providers.base import Recorded, Reply, Routes, StandIn, status

KEY = "cincin-merpati-untuk-uji"
NOW = datetime(2026, 11, 4, 2, 0, tzinfo=UTC)
HOOK = "https://aduan.contoh.go.id/hooks/pigeon"
ROOF = "Atap Biru RT 6"


class Loft(StandIn):
    """A loft that takes every letter."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers = count(1)

    def routes(self) -> Routes:
        return [("POST", "/letters", self.letters)]

    def letters(self, asked: Recorded, match: re.Match[str]) -> Reply:
        return Reply.of({"number": f"L{next(self._numbers)}"})


@pytest.fixture
def loft() -> Iterator[Loft]:
    with Loft() as stand_in:
        yield stand_in


@pytest.fixture(autouse=True)
def _row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.CHANNELS, "pigeon", "tests.channels.pigeon:Pigeon")


def ringed(body: bytes) -> RawRequest:
    ring = hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()
    return request(body, url=HOOK, headers={"Content-Type": "application/json", "X-Ring": ring}, received_at=NOW)


def letter(text: str, **more: Any) -> bytes:
    return json.dumps({"what": "letter", "number": "17", "from": ROOF, "text": text, **more}).encode()


class TestPigeon(ChannelContract):
    secrets = (KEY,)
    recipient = Address("roof", ROOF)
    send_cases = (
        SendCase("a hawk", status(410, b"hawk"), Permanent, "hawk"),
        SendCase("no such roof", status(404, b"no-such-roof"), BadAddress, "no-such-roof"),
        SendCase("no bird today", status(503, b"moult"), Temporary, "moult"),
        SendCase("our key", status(403, b"key"), Misconfigured, "key"),
    )

    @pytest.fixture(autouse=True)
    def _loft(self, loft: Loft) -> None:
        self.loft = loft

    @pytest.fixture
    def channel(self, loft: Loft) -> Pigeon:
        return Pigeon({"PIGEON_LOFT": loft.url, "PIGEON_KEY": KEY}, "https://aduan.contoh.go.id")

    def message(self, text: str) -> bytes:
        return letter(text)

    def genuine(self, body: bytes) -> RawRequest:
        return ringed(body)

    def forge(self, genuine: RawRequest, forgery: str) -> RawRequest:
        right = genuine.header("X-Ring")
        given = {"empty": "", "wrong": right[::-1], "truncated": right[:-1]}.get(forgery)
        return replace(genuine, headers={} if given is None else {"X-Ring": given})

    def arrange(self, plan: Any) -> None:
        self.loft.fail(plan)

    def unknown(self) -> bytes:
        return CASES["a fish"][0]


#: What the loft posts → what it becomes. This table is what a contributor writes.
CASES: dict[str, tuple[bytes, list[dict[str, Any]] | None]] = {
    "letter": (letter("Jembatan putus"), [{"kind": "message", "text": "Jembatan putus"}]),
    "landed": (b'{"what": "landed", "number": "L1"}', [{"kind": "delivery", "state": "delivered"}]),
    "lost": (b'{"what": "lost", "number": "L1", "why": "hawk"}', [{"kind": "delivery", "state": "failed"}]),
    "feather": (b'{"what": "feather", "number": "3"}', []),
    "a fish": (b'{"what": "fish", "number": "3"}', None),
}


@pytest.mark.parametrize("case", CASES)
def test_what_the_loft_posts(loft: Loft, case: str) -> None:
    body, expected = CASES[case]
    channel = Pigeon({"PIGEON_LOFT": loft.url, "PIGEON_KEY": KEY}, "https://aduan.contoh.go.id")
    if expected is None:
        with pytest.raises(Malformed):
            channel.parse(ringed(body))
        return
    found: list[Event] = list(channel.parse(ringed(body)))
    assert [
        {name: told(event)[name] for name in wanted} for event, wanted in zip(found, expected, strict=True)
    ] == expected


class TestTheWholeTrip:
    """Nothing but the row was added, and everything that counts channels counts it."""

    @pytest.fixture
    def environment(self, environment: dict[str, str], loft: Loft) -> dict[str, str]:
        return {**environment, "PIGEON_LOFT": loft.url, "PIGEON_KEY": KEY}

    @pytest.fixture
    def client(self, trained: Runtime) -> FlaskClient:
        return create_app(trained).test_client()

    def post(self, client: FlaskClient, body: bytes) -> int:
        genuine = ringed(body)
        return client.post("/hooks/pigeon", data=body, headers=dict(genuine.headers)).status_code

    def test_a_letter_becomes_a_ticket_and_the_answer_flies_back(
        self, trained: Runtime, client: FlaskClient, loft: Loft
    ) -> None:
        assert self.post(client, letter("Lampu jalan mati di depan pasar Gusher Tarakan")) == 200
        drain_inbound(trained)
        [ticket] = rows(trained, Ticket)
        assert ticket.channel == "pigeon"
        drain(trained, "pigeon")
        answer(trained, ticket.number, "Lampu sudah diganti.")
        drain(trained, "pigeon")
        letters = [seen.json for seen in loft.requests]
        assert letters[-1]["to"] == ROOF
        assert "Lampu sudah diganti." in letters[-1]["text"]
        last = rows(trained, Outbox)[-1]
        assert self.post(client, json.dumps({"what": "landed", "number": last.external_id}).encode()) == 200
        drain_inbound(trained)
        assert rows(trained, Outbox)[-1].state == DeliveryState.DELIVERED

    @pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
    def test_a_forged_letter_is_refused(self, trained: Runtime, client: FlaskClient) -> None:
        assert client.post("/hooks/pigeon", data=letter("x"), headers={"X-Ring": "0"}).status_code == 403

    @pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
    def test_the_home_page_names_it(self, client: FlaskClient, loft: Loft) -> None:
        page = client.get("/").get_data(as_text=True)
        assert "Merpati Pos" in page
        assert loft.url in page

    @pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
    def test_the_operator_checks_it(
        self, trained: Runtime, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        found = CliRunner().invoke(aduan, ["channels", "check"])
        assert "pigeon: loft: letters are posted to" in found.output
