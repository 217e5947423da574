"""Which channels start: all settings of one, or none; by half is a fault that names what is missing."""

from __future__ import annotations

from typing import ClassVar

import pytest

from channels import registry
from channels.base import Channel, Limits
from channels.message import OutboundMessage, Receipt
from tests.support.providers.twilio import ACCOUNT, SMS_FROM, TOKEN, WHATSAPP_FROM

PUBLIC = "https://lapor.example.go.id/"
ACCOUNT_ONLY = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
WHATSAPP = ACCOUNT_ONLY | {"TWILIO_WHATSAPP_FROM": WHATSAPP_FROM}
SMS = ACCOUNT_ONLY | {"TWILIO_SMS_FROM": SMS_FROM}


class Parrot(Channel):
    """A channel with a setting that only makes sense beside another."""

    kind = "parrot"
    required: ClassVar[tuple[str, ...]] = ("PARROT_KEY",)
    optional: ClassVar[tuple[str, ...]] = ("PARROT_PERCH",)
    limits: ClassVar[Limits] = Limits(text_length=10)

    @property
    def account(self) -> str:
        return self.values["PARROT_KEY"]

    def send(self, message: OutboundMessage) -> Receipt:
        return Receipt(external_id=message.key)


class Always(Parrot):
    """A channel that needs no settings, as our own pages do."""

    kind = "always"
    required = ()
    optional = ()


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two Twilio channels, and two that show the rest of the rules."""
    twilio = {kind: registry.CHANNELS[kind] for kind in ("whatsapp", "sms")}
    monkeypatch.setattr(registry, "CHANNELS", twilio | {"parrot": "here:Parrot", "always": "here:Always"})
    whole = registry.provider_class
    mine: dict[str, type[Channel]] = {"parrot": Parrot, "always": Always}
    monkeypatch.setattr(registry, "provider_class", lambda name: mine.get(name) or whole(name))


@pytest.mark.parametrize(
    ("values", "started"),
    [
        pytest.param({}, {"always"}, id="nothing set"),
        pytest.param(WHATSAPP, {"always", "whatsapp"}, id="whatsapp"),
        pytest.param(SMS, {"always", "sms"}, id="sms"),
        pytest.param(WHATSAPP | SMS, {"always", "whatsapp", "sms"}, id="both over one account"),
        pytest.param(WHATSAPP | {"TWILIO_AUTH_TOKEN_OLD": "x"}, {"always", "whatsapp"}, id="during a rotation"),
        pytest.param({"TWILIO_API_URL": "http://127.0.0.1:9"}, {"always"}, id="where the API is, alone"),
        pytest.param({"TWILIO_AUTH_TOKEN_OLD": "x"}, {"always"}, id="old token alone"),
        pytest.param({"PARROT_KEY": "k", "PARROT_PERCH": "p"}, {"always", "parrot"}, id="required and optional"),
        pytest.param(WHATSAPP | {"TWILIO_SMS_FROM": ""}, {"always", "whatsapp"}, id="an empty setting is none"),
        pytest.param(SMS | {"TWILIO_SMS_FROM": "1708"}, {"always", "sms"}, id="sms from a short code"),
        pytest.param(SMS | {"TWILIO_SMS_FROM": "PEMKAB"}, {"always", "sms"}, id="sms from a name"),
        pytest.param(WHATSAPP | {"TWILIO_WHATSAPP_FROM": "+14155550100"}, {"always", "whatsapp"}, id="without prefix"),
    ],
)
def test_a_whole_configuration_starts(values: dict[str, str], started: set[str]) -> None:
    built = registry.build(values, PUBLIC)
    assert built.faults == []
    assert set(built.channels) == started
    built.close()


@pytest.mark.parametrize(
    ("values", "named"),
    [
        pytest.param(
            {"TWILIO_WHATSAPP_FROM": WHATSAPP_FROM}, ["TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN"], id="no account"
        ),
        pytest.param({**WHATSAPP, "TWILIO_AUTH_TOKEN": ""}, ["TWILIO_AUTH_TOKEN must"], id="empty token"),
        pytest.param(
            {"TWILIO_WHATSAPP_FROM": WHATSAPP_FROM, "TWILIO_AUTH_TOKEN": TOKEN},
            ["TWILIO_ACCOUNT_SID must"],
            id="token and sender",
        ),
        pytest.param(
            {"TWILIO_SMS_FROM": SMS_FROM, "TWILIO_AUTH_TOKEN_OLD": TOKEN},
            ["TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN"],
            id="only the old token",
        ),
        pytest.param(ACCOUNT_ONLY, ["TWILIO_ACCOUNT_SID is set", "TWILIO_AUTH_TOKEN is set"], id="account, no sender"),
        pytest.param({"TWILIO_AUTH_TOKEN": TOKEN}, ["TWILIO_SMS_FROM, TWILIO_WHATSAPP_FROM"], id="token, no sender"),
        pytest.param({"PARROT_PERCH": "p"}, ["PARROT_PERCH is set, so PARROT_KEY must"], id="optional alone"),
        pytest.param(WHATSAPP | {"TWILIO_ACCOUNT_SID": "SK1/.."}, ["TWILIO_ACCOUNT_SID must be"], id="no account id"),
        pytest.param(WHATSAPP | {"TWILIO_WHATSAPP_FROM": "0812"}, ["TWILIO_WHATSAPP_FROM must"], id="national form"),
        pytest.param(SMS | {"TWILIO_SMS_FROM": "TWELVELETTER"}, ["TWILIO_SMS_FROM must"], id="name too long"),
        pytest.param(SMS | {"TWILIO_SMS_FROM": "08123456"}, ["TWILIO_SMS_FROM must"], id="national form, short"),
        pytest.param(WHATSAPP | {"TWILIO_API_URL": "ftp://x"}, ["TWILIO_API_URL must"], id="address of no API"),
        pytest.param(WHATSAPP | {"TWILIO_API_URL": "http://u:p@x"}, ["TWILIO_API_URL must"], id="address with a user"),
        pytest.param(
            {"TWILIO_SMS_FROM": "x" * 20, "TWILIO_WHATSAPP_FROM": "1", "PARROT_PERCH": "p"},
            ["channel whatsapp", "channel sms", "channel parrot"],
            id="every fault at once",
        ),
    ],
)
def test_half_a_configuration_is_a_fault(values: dict[str, str], named: list[str]) -> None:
    built = registry.build(values, PUBLIC)
    assert len(built.faults) == len(named)
    for fault, words in zip(built.faults, named, strict=True):
        assert words in fault
    assert set(built.channels) == {"always"}


GATEWAY = {
    "SMS_GATEWAY_URL": "http://192.0.2.7:8080",
    "SMS_GATEWAY_USER": "sms",
    "SMS_GATEWAY_PASSWORD": "for-tests-only",
    "SMS_GATEWAY_SIGNING_KEY": "for-tests-only",
}
MODEM = {"SMS_MODEM_DATABASE": "sqlite:////nowhere/smsd.db", "SMS_MODEM_NUMBER": SMS_FROM}
CLOUD = {
    "WHATSAPP_CLOUD_TOKEN": "for-tests-only-0123456789",
    "WHATSAPP_CLOUD_APP_SECRET": "0123456789abcdef0123456789abcdef",
    "WHATSAPP_CLOUD_VERIFY_TOKEN": "for-tests-only",
    "WHATSAPP_CLOUD_PHONE_ID": "106540352242922",
}
TELEGRAM = {"TELEGRAM_BOT_TOKEN": "123456:for-tests-only"}
#: Setting → what else its channel needs, and what addresses it takes.
ADDRESSES: dict[str, tuple[dict[str, str], str]] = {
    "TWILIO_API_URL": (SMS, "http"),
    "SMS_GATEWAY_URL": (GATEWAY, "http"),
    "WHATSAPP_CLOUD_API_URL": (CLOUD, "http"),
    "TELEGRAM_API_URL": (TELEGRAM, "http"),
    "SMS_MODEM_DATABASE": (MODEM, "mysql+pymysql"),
}
BAD_ADDRESSES: dict[str, str] = {
    "a bracket that is not closed": "//[::1",
    "a port in words": "//h.example:abc/d",
    "a port beyond ports": "//h.example:99999/d",
    "port nought": "//h.example:0/d",
    "nothing after the scheme": "",
}
BAD_API_ADDRESSES: dict[str, str] = {
    "no host": "///",
    "a user": "//u:rahasia-kata@h.example",
    "a query": "//h.example/?a=rahasia-kata",
    "a fragment": "//h.example/#rahasia-kata",
    "a blank in the host": "//h example",
    "a line break": "//h.example/\nx",
    "no address of version 6": "//[::g]",
    "a label too long": f"//{'a' * 64}.example",
}


@pytest.fixture
def real_table(monkeypatch: pytest.MonkeyPatch, table: None) -> None:
    monkeypatch.undo()


@pytest.mark.usefixtures("real_table")
@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("rest", BAD_ADDRESSES.values(), ids=BAD_ADDRESSES)
def test_an_address_that_is_none_is_one_fault_that_names_it(name: str, rest: str) -> None:
    others, scheme = ADDRESSES[name]
    [fault] = registry.build(others | {name: f"{scheme}:{rest}"}, PUBLIC).faults
    assert f"{name} must" in fault
    assert "h.example" not in fault


@pytest.mark.usefixtures("real_table")
@pytest.mark.parametrize("name", [name for name, (_, scheme) in ADDRESSES.items() if scheme == "http"])
@pytest.mark.parametrize("rest", BAD_API_ADDRESSES.values(), ids=BAD_API_ADDRESSES)
def test_an_address_of_an_api_is_scheme_host_and_path(name: str, rest: str) -> None:
    others, scheme = ADDRESSES[name]
    [fault] = registry.build(others | {name: f"{scheme}:{rest}"}, PUBLIC).faults
    assert f"{name} must" in fault
    assert "rahasia-kata" not in fault


@pytest.mark.usefixtures("real_table")
@pytest.mark.parametrize("name", [name for name, (_, scheme) in ADDRESSES.items() if scheme == "http"])
@pytest.mark.parametrize("value", ["http://127.0.0.1:8080", "https://h.example/relay/", "http://[::1]:9"])
def test_an_address_of_an_api_may_have_port_and_path(name: str, value: str) -> None:
    built = registry.build(ADDRESSES[name][0] | {name: value}, PUBLIC)
    assert built.faults == []
    built.close()


ONE_NUMBER: dict[str, tuple[dict[str, str], str, str]] = {
    "twilio and a phone": (SMS | GATEWAY | {"SMS_GATEWAY_NUMBER": SMS_FROM}, "sms", "sms-gateway"),
    "twilio and a modem": (SMS | MODEM, "sms", "sms-modem"),
    "a phone and a modem": (GATEWAY | {"SMS_GATEWAY_NUMBER": SMS_FROM} | MODEM, "sms-gateway", "sms-modem"),
}


@pytest.mark.usefixtures("real_table")
@pytest.mark.parametrize(("values", "first", "second"), ONE_NUMBER.values(), ids=ONE_NUMBER)
def test_one_number_of_two_providers_is_a_fault_that_names_both(
    values: dict[str, str], first: str, second: str
) -> None:
    built = registry.build(values, PUBLIC)
    [fault] = built.faults
    assert fault.startswith(f"channels {first} and {second}: ")
    assert SMS_FROM not in fault
    assert second not in built.channels
    built.close()


@pytest.mark.usefixtures("real_table")
def test_two_providers_of_a_kind_with_a_number_each_start() -> None:
    built = registry.build(SMS | GATEWAY | {"SMS_GATEWAY_NUMBER": "+62811000111"}, PUBLIC)
    assert (built.faults, [each.name for each in built.of_kind("sms")]) == ([], ["sms", "sms-gateway"])
    built.close()


def test_no_fault_quotes_a_value() -> None:
    built = registry.build({"TWILIO_SMS_FROM": "+000", "TWILIO_AUTH_TOKEN": TOKEN, "TWILIO_ACCOUNT_SID": "ZZ"}, PUBLIC)
    assert built.faults
    assert not any(TOKEN in fault or "+000" in fault for fault in built.faults)


def test_a_channel_gets_its_own_settings_only() -> None:
    built = registry.build(WHATSAPP | SMS | {"SECRET_KEY": "s"}, PUBLIC)
    assert set(built.channels["whatsapp"].values) == set(WHATSAPP)
    assert built.channels["sms"].public_url == PUBLIC.rstrip("/")
    assert built.channels["whatsapp"].account == WHATSAPP_FROM
    assert built.channels["sms"].account == SMS_FROM


def test_every_setting_is_named_once_for_the_configuration() -> None:
    assert registry.setting_names() == {
        *(WHATSAPP | SMS),
        *("TWILIO_AUTH_TOKEN_OLD", "TWILIO_API_URL", "TWILIO_WHATSAPP_TEMPLATE", "PARROT_KEY", "PARROT_PERCH"),
    }


def test_a_kind_outside_the_table_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    with pytest.raises(KeyError):
        registry.channel_class("fax")


@pytest.mark.parametrize("name", registry.CHANNELS)
def test_every_provider_of_the_table_has_its_class(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert registry.provider_class(name).name == name
    assert registry.channel_class(registry.provider_class(name).kind).kind == registry.provider_class(name).kind
