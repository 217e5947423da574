"""What ``aduan channels check`` says of the two Twilio channels: each failing line with what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from channels.base import Check
from channels.sms import Sms
from channels.whatsapp import WhatsApp
from tests.channels.twilio_cases import HOOK, OLD_TOKEN, PUBLIC, make, settings
from tests.support.providers.base import RESET, Plan, status
from tests.support.providers.twilio import SMS_FROM, TEMPLATE, TOKEN, WHATSAPP_FROM, TwilioStandIn, content

SMS_HOOK = f"{PUBLIC}/hooks/sms"
RETRIED = "#rc=5&rp=all"
OURS: dict[str, Any] = {"status": "ONLINE", "webhook": {"callback_url": HOOK + RETRIED}}


@pytest.fixture
def provider() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as stand_in:
        stand_in.senders[WHATSAPP_FROM]["webhook"] = {"callback_url": HOOK + RETRIED}
        stand_in.numbers[SMS_FROM] = SMS_HOOK + RETRIED
        yield stand_in


def checked(kind: type[WhatsApp] | type[Sms], provider: TwilioStandIn, **more: str) -> dict[str, Check]:
    channel = make(kind, provider, **more)
    lines = channel.check()
    channel.close()
    assert len({line.name for line in lines}) == len(lines)
    assert not any(TOKEN in line.detail or OLD_TOKEN in line.detail for line in lines)
    return {line.name: line for line in lines}


def test_all_is_well_with_whatsapp(provider: TwilioStandIn) -> None:
    lines = checked(WhatsApp, provider, TWILIO_WHATSAPP_TEMPLATE=TEMPLATE)
    assert list(lines) == ["sign in", "sender", "webhook", "template", "webhook errors"]
    assert all(line.ok for line in lines.values())


def test_all_is_well_with_sms(provider: TwilioStandIn) -> None:
    lines = checked(Sms, provider)
    assert list(lines) == ["sign in", "sender", "webhook", "webhook errors"]
    assert all(line.ok for line in lines.values())


_COMPARE, _REACH = (
    "compare TWILIO_ACCOUNT_SID",
    "see that this server may reach api.twilio.com, and that TWILIO_API_URL",
)
#: What the account answers → what the one line says to do.
SIGN_INS: dict[str, tuple[Plan, str]] = {
    "wrong token": (status(401, {"code": 20003}), _COMPARE),
    "unknown account": (status(404, {"code": 20404}), _COMPARE),
    "down": (status(500), _REACH),
    "cut": (RESET, _REACH),
    "no JSON": (status(200, b"<html>"), _REACH),
    "sent elsewhere": (status(302), _REACH),
    "too many requests": (status(429, {"code": 20429}), "try again in some minutes"),
    "suspended": (status(200, {"status": "suspended"}), "in the console under Billing"),
}


@pytest.mark.parametrize(("plan", "told"), SIGN_INS.values(), ids=SIGN_INS)
def test_a_failed_sign_in_is_the_only_line(provider: TwilioStandIn, plan: Plan, told: str) -> None:
    provider.fail(plan)
    [line] = checked(WhatsApp, provider).values()
    assert (line.name, line.ok) == ("sign in", False)
    assert told in line.detail


def test_who_cannot_be_reached_is_not_told_to_compare_keys(provider: TwilioStandIn) -> None:
    provider.stop()
    [line] = checked(WhatsApp, provider).values()
    assert _REACH in line.detail
    assert "TWILIO_AUTH_TOKEN" not in line.detail


@pytest.mark.parametrize("ours", [WHATSAPP_FROM, "whatsapp:+14155238886"], ids=["a sender", "the sandbox"])
def test_a_loopback_address_is_nothing_to_enter_at_the_provider(provider: TwilioStandIn, ours: str) -> None:
    values = settings(WhatsApp, TWILIO_API_URL=provider.url, TWILIO_WHATSAPP_FROM=ours)
    channel = WhatsApp(values, "http://127.0.0.1:8000")
    lines = {line.name: line for line in channel.check()}
    channel.close()
    assert not lines["webhook"].ok
    assert "set PUBLIC_URL" in lines["webhook"].detail
    assert not any("127.0.0.1" in line.detail for line in lines.values())


#: What the account's senders are → which line fails, and what it says to do.
SENDERS: dict[str, tuple[dict[str, Any], str, str]] = {
    "not of this account": ({}, "sender", "copy it from Messaging, Senders"),
    "offline": (
        {
            WHATSAPP_FROM: OURS
            | {"status": "OFFLINE", "offline_reasons": [{"code": "63020", "message": "Invitation open"}]}
        },
        "sender",
        "Invitation open",
    ),
    "being verified": ({WHATSAPP_FROM: OURS | {"status": "PENDING_VERIFICATION"}}, "sender", "finish its registration"),
    "without a webhook": ({WHATSAPP_FROM: {"status": "ONLINE", "webhook": None}}, "webhook", HOOK + RETRIED),
    "with another's webhook": (
        {WHATSAPP_FROM: {"status": "ONLINE", "webhook": {"callback_url": "https://elsewhere.example/"}}},
        "webhook",
        HOOK + RETRIED,
    ),
    "with the webhook of SMS": (
        {WHATSAPP_FROM: {"status": "ONLINE", "webhook": {"callback_url": SMS_HOOK}}},
        "webhook",
        HOOK + RETRIED,
    ),
}


@pytest.mark.parametrize(("senders", "name", "told"), SENDERS.values(), ids=SENDERS)
def test_a_whatsapp_sender_in_a_wrong_state_is_told(
    provider: TwilioStandIn, senders: dict[str, Any], name: str, told: str
) -> None:
    provider.senders = senders
    lines = checked(WhatsApp, provider)
    assert [line.name for line in lines.values() if not line.ok] == [name]
    assert told in lines[name].detail


def test_a_webhook_without_retries_works_and_is_told(provider: TwilioStandIn) -> None:
    provider.senders[WHATSAPP_FROM]["webhook"] = {"callback_url": HOOK}
    line = checked(WhatsApp, provider)["webhook"]
    assert line.ok
    assert HOOK + RETRIED in line.detail


@pytest.mark.parametrize("plan", [status(403, {"code": 20403}), status(404), status(500), RESET, status(200, {})])
def test_senders_that_cannot_be_listed_say_what_to_look_at(provider: TwilioStandIn, plan: Plan) -> None:
    provider.fail(plan, path="/v2/Channels/Senders")
    line = checked(WhatsApp, provider)["sender"]
    assert line.ok
    assert HOOK + RETRIED in line.detail


def test_the_sandbox_is_known_for_what_it_is(provider: TwilioStandIn) -> None:
    lines = checked(WhatsApp, provider, TWILIO_WHATSAPP_FROM="whatsapp:+14155238886")
    assert "joined" in lines["sender"].detail
    assert HOOK + RETRIED in lines["webhook"].detail


#: The account's contents → what the line says; the setting is ``TEMPLATE``.
TEMPLATES: dict[str, tuple[list[dict[str, Any]], str]] = {
    "not there": ([], "Content Template Builder"),
    "not submitted": ([content(TEMPLATE, "x", "{{1}} {{2}}", status="unsubmitted")], "submit it for WhatsApp approval"),
    "pending": ([content(TEMPLATE, "x", "{{1}} {{2}}", status="pending")], "it is pending: wait"),
    "rejected": (
        [content(TEMPLATE, "x", "{{1}} {{2}}", status="rejected")],
        "it is rejected: change the text and submit it again",
    ),
    "paused": (
        [content(TEMPLATE, "x", "{{1}} {{2}}", status="paused")],
        "it is paused: wait, a paused text comes back",
    ),
    "disabled": ([content(TEMPLATE, "x", "{{1}} {{2}}", status="disabled")], "write another text"),
    "with one value": ([content(TEMPLATE, "x", "{{1}}")], "other values (1): it must take {{1}}"),
    "with three values": ([content(TEMPLATE, "x", "{{1}} {{2}} {{3}}")], "other values (1, 2, 3)"),
    "with names, whose order is not ours": ([content(TEMPLATE, "x", "{{agency}} {{number}}")], "(agency, number)"),
    "without values": ([content(TEMPLATE, "x", "Halo")], "other values (none)"),
    "of no approval at all": ([content(TEMPLATE, "x", "{{1}} {{2}}") | {"approval_requests": None}], "unsubmitted"),
}


@pytest.mark.parametrize(("contents", "told"), TEMPLATES.values(), ids=TEMPLATES)
def test_a_template_that_cannot_be_sent_is_told(
    provider: TwilioStandIn, contents: list[dict[str, Any]], told: str
) -> None:
    provider.contents = contents
    line = checked(WhatsApp, provider, TWILIO_WHATSAPP_TEMPLATE=TEMPLATE)["template"]
    assert not line.ok
    assert told in line.detail


@pytest.mark.parametrize(("language", "told"), [("id", "(id) is approved"), ("en", "not in Indonesian (id)")])
def test_the_template_s_language_is_told(provider: TwilioStandIn, language: str, told: str) -> None:
    provider.contents = [content(TEMPLATE, "x", "{{1}} {{2}}") | {"language": language}]
    line = checked(WhatsApp, provider, TWILIO_WHATSAPP_TEMPLATE=TEMPLATE)["template"]
    assert line.ok
    assert told in line.detail


def test_templates_that_cannot_be_listed_are_told(provider: TwilioStandIn) -> None:
    provider.fail(RESET, path="/v1/ContentAndApprovals")
    line = checked(WhatsApp, provider, TWILIO_WHATSAPP_TEMPLATE=TEMPLATE)["template"]
    assert not line.ok
    assert "try again" in line.detail


def test_without_a_template_the_consequence_is_told(provider: TwilioStandIn) -> None:
    line = checked(WhatsApp, provider)["template"]
    assert line.ok
    assert "waits until the person writes" in line.detail


@pytest.mark.parametrize(
    ("url", "counted"),
    [
        (HOOK, True),
        (f"{HOOK}?k=outbox-1", True),
        (HOOK + RETRIED, True),
        (SMS_HOOK, False),
        ("https://elsewhere.example/", False),
        (None, False),
    ],
    ids=["ours", "a status callback of ours", "with its fragment", "of another channel", "elsewhere", "of no request"],
)
def test_webhook_errors_of_the_last_day_are_counted(provider: TwilioStandIn, url: str | None, counted: bool) -> None:
    provider.alerts = [
        {"error_code": "11200", "request_url": url, "date_generated": "2026-11-21T20:15:00Z", "sid": "NO1"},
        {"error_code": "11205", "request_url": url, "date_generated": None, "sid": "NO2"},
    ]
    line = checked(WhatsApp, provider)["webhook errors"]
    assert line.ok is not counted
    if counted:
        assert line.detail.startswith("2 in the last 24 hours, the last 2026-11-21 20:15 UTC (error 11200)")
        assert f"{HOOK} answers from outside" in line.detail
    asked = next(request for request in provider.requests if request.path == "/v1/Alerts")
    assert asked.query["StartDate"] == "2026-11-21T02:00:00Z"


def test_a_log_that_cannot_be_read_is_no_failure(provider: TwilioStandIn) -> None:
    provider.fail(status(403, {"code": 20403}), path="/v1/Alerts")
    assert checked(WhatsApp, provider)["webhook errors"].ok


@pytest.mark.parametrize(("old", "ok"), [(OLD_TOKEN, True), (TOKEN, False)], ids=["still set", "the one in use"])
def test_an_old_token_is_told(provider: TwilioStandIn, old: str, ok: bool) -> None:
    line = checked(WhatsApp, provider, TWILIO_AUTH_TOKEN_OLD=old)["old token"]
    assert line.ok is ok
    assert "remove it" in line.detail


class TestSms:
    @pytest.mark.parametrize("hook", ["", "https://elsewhere.example/hooks/sms", HOOK])
    def test_a_webhook_that_is_not_ours_is_told_with_the_right_one(self, provider: TwilioStandIn, hook: str) -> None:
        provider.numbers[SMS_FROM] = hook
        line = checked(Sms, provider)["webhook"]
        assert not line.ok
        assert SMS_HOOK + RETRIED in line.detail

    def test_our_webhook_without_retries_is_told(self, provider: TwilioStandIn) -> None:
        provider.numbers[SMS_FROM] = SMS_HOOK
        line = checked(Sms, provider)["webhook"]
        assert line.ok
        assert SMS_HOOK + RETRIED in line.detail

    def test_a_number_of_somebody_else_is_told(self, provider: TwilioStandIn) -> None:
        provider.numbers.clear()
        lines = checked(Sms, provider)
        assert [line.name for line in lines.values() if not line.ok] == ["sender"]
        assert "Active numbers" in lines["sender"].detail

    @pytest.mark.parametrize("plan", [RESET, status(500), status(200, {}), status(200, b"<html>")])
    def test_a_list_that_cannot_be_had_is_told(self, provider: TwilioStandIn, plan: Plan) -> None:
        provider.fail(plan, path=r".*/IncomingPhoneNumbers\.json")
        line = checked(Sms, provider)["sender"]
        assert not line.ok
        assert "try again" in line.detail

    def test_a_name_as_sender_is_not_looked_up(self, provider: TwilioStandIn) -> None:
        lines = checked(Sms, provider, TWILIO_SMS_FROM="PEMKAB")
        assert lines["sender"].ok
        assert not any("IncomingPhoneNumbers" in request.path for request in provider.requests)
