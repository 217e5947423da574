"""Every payload file of every provider, through the real doors: what is answered, what is stored, what becomes of it.

The hooks of the whole citizen's application take what is signed as the provider signs; a modem's rows are fetched out
of its tables; what our own page builds is handed over inside. Then the worker works until nothing is open.
"""

from __future__ import annotations

import importlib
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine, text

from bot import door
from bot.app import create_app
from bot.fetching import fetch
from bot.jobs import drain_inbound
from bot.media import drain_media
from channels.message import Address
from channels.registry import CHANNELS
from channels.sms_modem import SmsModem
from channels.sms_modem.tables import connect
from classifier.reader import Reader
from dispatch.config import Settings
from dispatch.models import AttachmentState, CitizenAddress, Direction, EventState, InboundEvent, Message, Outbox
from dispatch.models import StoredAttachment as File
from dispatch.region import Region
from dispatch.runtime import Runtime
from dispatch.services.inbound import sender_key
from tests.support.clock import Clock
from tests.support.desk import rows
from tests.support.providers.base import StandIn
from tests.support.providers.gammu import PHONE, create
from tests.support.providers.smsgate import SmsGateStandIn
from tests.support.providers.telegram import TelegramStandIn
from tests.support.providers.twilio import TwilioStandIn
from tests.support.providers.whatsapp_cloud import WhatsAppCloudStandIn

#: What answers where a file is asked for, and the setting that names its address.
APIS: dict[str, tuple[str, Callable[[datetime], StandIn]]] = {
    "whatsapp": ("TWILIO_API_URL", lambda now: TwilioStandIn()),
    "sms": ("TWILIO_API_URL", lambda now: TwilioStandIn()),
    "whatsapp-cloud": ("WHATSAPP_CLOUD_API_URL", lambda now: WhatsAppCloudStandIn()),
    "sms-gateway": ("SMS_GATEWAY_URL", SmsGateStandIn),
    "telegram": ("TELEGRAM_API_URL", lambda now: TelegramStandIn()),
}
HOOKED = [*APIS, "mail"]
#: The most that a report, an album or a file waits for is eight hours and a day's tries.
PATIENCE = 60


def examples(provider: str) -> ModuleType:
    return importlib.import_module(f"tests.channels.examples_{provider.replace('-', '_')}")


@dataclass
class Installation:
    """One provider's installation: its wired runtime and the clock it lives by."""

    name: str
    runtime: Runtime
    clock: Clock

    def settle(self) -> None:
        """Work until nothing is open, the clock going on as it does."""
        for _ in range(PATIENCE):
            drain_inbound(self.runtime)
            drain_media(self.runtime)
            if not self.open():
                return
            self.clock.forward(hours=1)

    def open(self) -> int:
        events = [row for row in rows(self.runtime, InboundEvent) if row.state in (EventState.NEW, EventState.WORKING)]
        files = [row for row in rows(self.runtime, File) if row.state == AttachmentState.PENDING]
        return len(events) + len(files)

    def counts(self) -> tuple[int, ...]:
        return tuple(len(rows(self.runtime, model)) for model in (InboundEvent, Message, Outbox, File))


@pytest.fixture
def wire(environment: dict[str, str], kaltara: Region, starter: Reader) -> Iterator[Callable[[str], Installation]]:
    """Wires an installation of one provider, with the settings of its examples and an API on loopback."""
    opened: list[Runtime | StandIn] = []

    def make(name: str, **more: str) -> Installation:
        module = examples(name)
        first = module.request_example(module.STEMS[0])
        address = urlsplit(first.url)
        values = {**environment, **module.VALUES, "PUBLIC_URL": f"{address.scheme}://{address.netloc}", **more}
        if name in APIS:
            setting, stand_in = APIS[name]
            api = stand_in(first.received_at)
            api.start()
            opened.append(api)
            values[setting] = api.url
        clock = Clock(first.received_at)
        runtime = Runtime(Settings.read(values), now=clock)
        runtime.__dict__ |= {"region": kaltara, "classifier": starter}
        opened.append(runtime)
        assert runtime.registry.faults == []
        return Installation(name, runtime, clock)

    yield make
    for each in reversed(opened):
        each.close() if isinstance(each, Runtime) else each.stop()


Wire = Callable[..., Installation]
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def ends_well(made: Installation, caplog: pytest.LogCaptureFixture) -> None:
    """Fails unless everything that was stored came to its end, by rule and not by accident, and was answered once."""
    assert made.open() == 0
    stored = rows(made.runtime, InboundEvent)
    assert stored
    for event in stored:
        assert event.state in (EventState.DONE, EventState.QUARANTINED)
        assert (event.state == EventState.DONE) == (not event.error.strip())
        assert "adapter failed" not in event.error
        assert "internal" not in event.error
    assert [row.error for row in rows(made.runtime, File) if "internal" in row.error] == []
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []

    names = {
        row.id: sender_key(row.channel, row.account, Address(row.scheme, row.value))
        for row in rows(made.runtime, CitizenAddress)
    }
    said = [row for row in rows(made.runtime, Message) if row.direction == Direction.OUT]
    assert said
    # What is done with their data everybody is told once; beside that, one answer at most for each thing they sent.
    notices = _privacy(made.runtime)
    told = Counter(row.address_id for row in said if row.body in notices)
    assert max(told.values(), default=0) <= 1
    written = Counter(event.sender for event in stored if event.sender)
    answers = Counter(names[row.address_id or 0] for row in said if row.body not in notices)
    assert {who: count for who, count in answers.items() if count > written[who]} == {}


def _privacy(runtime: Runtime) -> set[str]:
    link = f"{runtime.settings.public_url}/privasi"
    long = {runtime.phrases.say("privacy", language, link=link) for language in ("id", "en")}
    return long | {runtime.phrases.say("privacy_short", language) for language in ("id", "en")}


@on_sqlite
@pytest.mark.parametrize("provider", HOOKED)
def test_what_a_provider_posts(wire: Wire, provider: str, caplog: pytest.LogCaptureFixture) -> None:
    made, module = wire(provider), examples(provider)
    client = create_app(made.runtime).test_client()
    caplog.set_level(logging.INFO)

    def post(stem: str) -> int:
        request = module.request_example(stem)
        path = request.url.removeprefix(made.runtime.settings.public_url)
        return client.open(path, method=request.method, data=request.body, headers=dict(request.headers)).status_code

    # Each file is signed with our secret, so that even what is meant for others is genuine: none is refused.
    wanted = dict.fromkeys(module.STEMS, 200)
    assert {stem: post(stem) for stem in module.STEMS} == wanted
    begun = made.clock()
    made.settle()
    ends_well(made, caplog)

    # What was not heard at the provider comes again, and again: nobody is told a second time.
    counts, made.clock.instant = made.counts(), begun
    for _ in range(2):
        assert {stem: post(stem) for stem in module.STEMS} == wanted
    made.settle()
    assert made.counts() == counts


def _rows_of(gammu: Engine, number: int, payload: dict[str, object]) -> bool:
    """Gammu's tables as they stand when a look finds this; False for what no table can hold."""
    match payload:
        case {"sms": list(parts), "after": list(before)} if all(
            isinstance(part, dict) and isinstance(part.get("sequence"), int) for part in (*parts, *before)
        ):
            found = [(part, False) for part in parts] + [(part, True) for part in before]
            found.sort(key=lambda each: (not each[1], each[0]["row"]))
            for part, done in found:
                udh = f"050003{number:02X}{part['total']:02X}{part['sequence']:02X}" if part["total"] > 1 else ""
                _insert(
                    gammu,
                    "inbox",
                    ReceivingDateTime=part["received"],
                    SenderNumber=part["sender"],
                    TextDecoded=part["text"],
                    Text="",
                    Coding=part["coding"],
                    UDH=udh,
                    RecipientID=PHONE,
                    Processed="true" if done else "false",
                )
            return True
        case {"sent": dict(sent)}:
            # Each an SMS of its own; one without our key stays without.
            key = f"{sent['key']}{number}" if sent.get("key") else ""
            _insert(
                gammu,
                "sentitems",
                ID=number,
                SequencePosition=1,
                CreatorID=f"aduan-{key}",
                Status=sent.get("status", ""),
                StatusError=int(sent.get("code") or -1),
                DeliveryDateTime=sent.get("at") or None,
                UpdatedInDB=sent.get("changed") or "2026-11-22 10:00:00",
            )
            return True
    return False


def _insert(gammu: Engine, table: str, **values: object) -> None:
    names = ", ".join(f'"{name}"' for name in values)
    places = ", ".join(f":{name}" for name in values)
    with gammu.begin() as connection:
        connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), values)


@on_sqlite
def test_what_a_modem_receives(
    wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "smsd.db"
    file.touch()
    gammu = connect(f"sqlite:///{file}")
    create(gammu, 17)
    # Parts that never come are waited for in tests of their own.
    monkeypatch.setattr(SmsModem, "patience", 0.0)
    made, module = wire("sms-modem", SMS_MODEM_DATABASE=f"sqlite:///{file}"), examples("sms-modem")
    channel = made.runtime.registry.channels["sms-modem"]
    caplog.set_level(logging.INFO)
    fetched = []
    for number, stem in enumerate(module.STEMS, start=1):
        request = module.request_example(stem)
        if _rows_of(gammu, number, json.loads(request.body)):
            assert fetch(made.runtime, channel, "this test", 0.0) == 1, stem
            fetched.append(stem)
        else:
            door.take(made.runtime, channel, request)
        with gammu.begin() as connection:
            connection.execute(text("DELETE FROM sentitems"))
    assert len(fetched) >= len(module.STEMS) - 5
    assert fetch(made.runtime, channel, "this test", 0.0) == 0
    made.settle()
    ends_well(made, caplog)
    gammu.dispose()


@on_sqlite
def test_what_our_own_page_hands_over(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    made, module = wire("web"), examples("web")
    channel = made.runtime.registry.channels["web"]
    caplog.set_level(logging.INFO)
    for _ in range(3):
        for stem in module.STEMS:
            door.take(made.runtime, channel, module.request_example(stem))
        made.settle()
        ends_well(made, caplog)
        assert len(rows(made.runtime, InboundEvent)) <= len(module.STEMS)


def test_no_provider_is_left_out_and_the_corpus_is_large() -> None:
    assert {*HOOKED, "sms-modem", "web", "desk", "console"} == set(CHANNELS)
    assert len(examples("mail").STEMS) >= 120
    assert sum(len(examples(name).STEMS) for name in CHANNELS if name not in ("mail", "desk", "console")) >= 200
