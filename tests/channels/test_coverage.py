"""What the coverage page promises holds: each example becomes what its row says, each known code has a meaning."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from channels.base import Channel
from channels.coverage import Becomes, Group, Handled
from channels.coverage_page import ACTIONS, page
from channels.errors import Malformed, SendError
from channels.message import DeliveryReport, Event, InboundMessage, Notice, OptOut, Unreadable
from channels.registry import CHANNELS, provider_class
from tests.channels.contract import ChannelContract

ROOT = Path(__file__).parents[2]
PAYLOADS = Path(__file__).parent / "payloads"
PROVIDERS = [name for name in CHANNELS if name not in ("console", "desk")]

#: Every code an operator meets at these providers, by the vendors' own lists. A code that loses its row fails here.
CODES: dict[str, str] = {
    "whatsapp": """
        63016 63018 63017 20429 429 63024 63003 21211 63032 63049 63014 63033 21610 63013 63027 63028 63041 21654 21655
        21656 63007 63015 63019 63005 63021 21617 21614 21408 21612 21611 30001 30003 30008 30004 30005 30006 30007
        11200 14101
    """,
    "sms": "21610 21614 21408 21612 21611 21617 21211 30001 30003 30004 30005 30006 30007 30008 20429 429 11200 14101",
    "whatsapp-cloud": """
        131047 4 80007 130429 131048 131056 133016 131000 131016 1 2 131053 131052 131026 131021 131030 131062 131049
        130472 131050 132000 132001 132005 132007 132012 132015 132016 190 131031 368 131042
    """,
    "telegram": "400 401 403 404 409 429",
}
NAMED = [(name, code) for name, codes in CODES.items() for code in codes.split()]


def becomes(event: Event) -> Becomes:
    """What an event is, in the words of a row."""
    match event:
        case InboundMessage(revises=revised) if revised:
            return Becomes.REVISION
        case InboundMessage():
            return Becomes.MESSAGE
        case DeliveryReport():
            return Becomes.DELIVERY
        case OptOut():
            return Becomes.OPTOUT
        case Notice():
            return Becomes.NOTICE
        case Unreadable():
            return Becomes.QUARANTINE
    raise AssertionError(type(event))


def read(provider: str, stem: str) -> list[Event]:
    module = importlib.import_module(f"tests.channels.examples_{provider.replace('-', '_')}")
    found: list[Event] = module.parse_example(stem)
    return found


def examples() -> Iterator[tuple[str, Handled]]:
    for name in PROVIDERS:
        for row in provider_class(name).handled:
            if row.group is not Group.STATE:
                yield name, row


def test_the_page_is_what_the_code_declares() -> None:
    written = (ROOT / "docs" / "channels" / "coverage.md").read_text(encoding="utf-8")
    assert written == page(), "print it again: aduan channels coverage > docs/channels/coverage.md"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_declares_what_it_handles(provider: str) -> None:
    cls = provider_class(provider)
    assert cls.handled
    assert any(row.group is Group.MESSAGE for row in cls.handled)
    names = [(row.group, row.name) for row in cls.handled]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("provider", "row"), list(examples()), ids=lambda each: getattr(each, "name", each))
def test_an_example_becomes_what_its_row_says(provider: str, row: Handled) -> None:
    assert row.example, "a message or an event needs an example"
    try:
        found = {becomes(event) for event in read(provider, row.example)}
    except Malformed:
        found = {Becomes.QUARANTINE}
    assert found == (set() if row.becomes is Becomes.NOTHING else {row.becomes})


@pytest.mark.parametrize(("provider", "code"), NAMED)
def test_a_known_code_has_a_meaning(provider: str, code: str) -> None:
    assert code in provider_class(provider).errors


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_meaning_leads_to_an_action(provider: str) -> None:
    cls: type[Channel] = provider_class(provider)
    for code, meaning in cls.errors.items():
        assert code == meaning.code
        assert issubclass(meaning.error, SendError)
        assert meaning.error in ACTIONS
        assert meaning.text.strip()


def test_no_row_is_ignored_without_a_reason() -> None:
    for line in page().splitlines():
        if "| nothing, because |" in line:
            assert re.search(r"\| nothing, because \| \S.{10,} \|$", line), line
    with pytest.raises(ValueError, match="without a reason"):
        Handled(Group.EVENT, "x", Becomes.NOTHING, "")


#: Where each provider goes through the suite of all channels.
CONTRACTS = {
    "whatsapp": "test_whatsapp:TestWhatsApp",
    "whatsapp-cloud": "test_whatsapp_cloud:TestWhatsAppCloud",
    "sms": "test_sms:TestSms",
    "sms-gateway": "test_sms_gateway:TestSmsGateway",
    "sms-modem": "test_sms_modem:TestSmsModem",
    "telegram": "test_telegram_api:TestTelegram",
    "mail": "test_mail:TestMail",
    "web": "test_web:TestWeb",
    "console": "test_web:TestConsole",
    "desk": "test_web:TestDesk",
}


@pytest.mark.parametrize("provider", CHANNELS)
def test_every_provider_keeps_the_whole_contract(provider: str) -> None:
    """Whoever has an old secret, a check or a world of its own supplies what the tests of these need."""
    module, _, name = CONTRACTS[provider].partition(":")
    contract = getattr(importlib.import_module(f"tests.channels.{module}"), name)
    assert issubclass(contract, ChannelContract)
    cls = provider_class(provider)
    had = {
        "unknown": True,
        "rotated": any(setting.endswith("_OLD") for setting in (*cls.optional, *cls.extras)),
        "trouble": cls.check is not Channel.check,
    }
    supplied = {hook: getattr(contract, hook) is not getattr(ChannelContract, hook) for hook in had}
    assert supplied == had
    assert cls.external == bool(contract.send_cases)


def stems(provider: str) -> list[str]:
    module = importlib.import_module(f"tests.channels.examples_{provider.replace('-', '_')}")
    return list(module.STEMS)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_payload_ends_as_an_event_or_in_quarantine_with_a_reason(provider: str) -> None:
    for stem in stems(provider):
        try:
            found = read(provider, stem)
        except Malformed as error:
            assert str(error).strip()
            continue
        for event in found:
            assert not isinstance(event, Unreadable) or event.reason.strip()


def test_the_corpus_is_as_large_as_it_must_be() -> None:
    mails = len(stems("mail"))
    assert mails >= 120
    assert sum(len(stems(name)) for name in PROVIDERS) - mails >= 200
