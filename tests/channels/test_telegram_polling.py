"""Files, polling, webhook and check: the real library against a Bot API on loopback."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from channels.base import Channel, Limits, RawRequest
from channels.errors import (
    FetchError,
    Misconfigured,
    SendError,
    Temporary,
)
from channels.message import (
    Address,
    Attachment,
    AttachmentKind,
    Event,
    InboundMessage,
    OutboundMessage,
    kind_of,
)
from channels.telegram import Telegram
from channels.telegram.client import UPDATES
from tests.support.providers.base import RESET, Plan, hang, status
from tests.support.providers.telegram import (
    SECRET,
    TOKEN,
    USERNAME,
    TelegramStandIn,
    blocked_update,
    flood,
    message_update,
    photo_update,
    press_update,
    refusal,
    text_update,
)

PAYLOADS = Path(__file__).parent / "payloads" / "telegram"
WHO = Address("telegram", "810000001")
PUBLIC = "https://aduan.example.go.id"


def request(body: bytes, headers: dict[str, str] | None = None) -> RawRequest:
    at = datetime(2025, 6, 15, tzinfo=UTC)
    return RawRequest("POST", f"{PUBLIC}/hooks/telegram", headers or {}, body, at)


def parsed(channel: Channel, update: dict[str, Any]) -> Event:
    (event,) = channel.parse(request(json.dumps(update).encode()))
    return event


class Quick(Telegram):
    read_timeout = 0.5
    limits = Limits(text_length=4096, attachment_bytes=100_000)


def quick(url: str, **values: str) -> Telegram:
    return Quick({"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": url, **values}, PUBLIC)


@pytest.fixture
def api() -> Iterator[TelegramStandIn]:
    with TelegramStandIn() as provider:
        yield provider


@pytest.fixture
def telegram(api: TelegramStandIn) -> Iterator[Telegram]:
    made = quick(api.url)
    yield made
    made.close()


PHOTO = Attachment(AttachmentKind.IMAGE, "F1", "image/jpeg")
VCARD = Attachment(AttachmentKind.CONTACT, "contact", "text/vcard", "contact.vcf")


def test_a_file_is_fetched(telegram: Telegram, api: TelegramStandIn) -> None:
    api.files["F1"] = bytes(range(256)) * 300
    event = parsed(telegram, photo_update(810000001, "F1"))
    assert isinstance(event, InboundMessage)
    assert telegram.fetch(event.attachments[0], b"") == api.files["F1"]


def test_a_contact_is_written_out_of_the_event(telegram: Telegram, api: TelegramStandIn) -> None:
    card = telegram.fetch(VCARD, (PAYLOADS / "contact-other.json").read_bytes()).decode().split("\r\n")
    assert card[2:5] == [r"FN:Ketua RT\; 5", r"N:;Ketua RT\; 5;;;", "TEL;VALUE=text:081200000002"]
    assert api.requests == []


FETCHES: dict[str, tuple[Plan | None, str, bytes | None, Attachment, bool]] = {
    "stated_too_big": (None, "", None, replace(PHOTO, size=100_001), True),
    "server_says_too_big": (refusal(400, "Bad Request: file is too big"), ".*getFile", b"x", PHOTO, True),
    "really_too_big": (None, "", b"x" * 100_001, PHOTO, True),
    "unknown_file": (None, "", None, PHOTO, True),
    "gone_from_the_file_server": (status(404), "/file/.*", b"x", PHOTO, True),
    "file_server_error": (status(500), "/file/.*", b"x", PHOTO, False),
    "file_server_reset": (RESET, "/file/.*", b"x", PHOTO, False),
    "file_server_silent": (hang(20), "/file/.*", b"x", PHOTO, False),
    "api_error": (status(500), ".*getFile", b"x", PHOTO, False),
    "flood": (flood(3), ".*getFile", b"x", PHOTO, False),
    "token_revoked": (refusal(401, "Unauthorized"), ".*getFile", b"x", PHOTO, False),
    "path_on_a_disk": (
        status(200, {"ok": True, "result": {"file_id": "F1", "file_unique_id": "u", "file_path": "/etc/passwd"}}),
        ".*getFile",
        b"x",
        PHOTO,
        True,
    ),
    "no_path": (status(200, {"ok": True, "result": {"file_id": "F1", "file_unique_id": "u"}}), ".*", b"x", PHOTO, True),
    "contact_without_event": (None, "", None, VCARD, True),
}


@pytest.mark.parametrize("name", FETCHES)
def test_a_failed_fetch_says_whether_to_try_again(
    telegram: Telegram, api: TelegramStandIn, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    plan, path, content, attachment, permanent = FETCHES[name]
    if plan:
        api.fail(plan, path=path)
    if content:
        api.files["F1"] = content
    with caplog.at_level(logging.WARNING), pytest.raises(FetchError) as caught:
        telegram.fetch(attachment, b"{}")
    assert caught.value.permanent is permanent
    assert TOKEN.partition(":")[2] not in "".join(traceback.format_exception(caught.value)) + caplog.text


def test_polling_hands_over_every_update_as_it_came(telegram: Telegram, api: TelegramStandIn) -> None:
    unreadable = {"update_id": 11, "message": "not an object"}
    updates = [
        text_update(1, "a") | {"update_id": 10},
        unreadable,
        message_update(1, {"hologram": 1}),
        blocked_update(1),
    ]
    api.push(*updates)
    polled = telegram.poll(None, 0)
    assert [(number, json.loads(body)) for number, body in polled] == [(u["update_id"], u) for u in updates]
    kinds = [kind_of(event) for _, body in polled for event in telegram.parse(request(body))]
    assert kinds == ["message", "unreadable", "message", "optout"]
    assert telegram.poll(polled[-1][0] + 1, 0) == []
    asked = api.calls("getUpdates")
    assert "offset" not in asked[0]
    assert asked[1]["offset"] == str(polled[-1][0] + 1)
    assert json.loads(asked[0]["allowed_updates"]) == list(UPDATES)


def test_polling_waits_longer_than_one_answer_may_take(telegram: Telegram, api: TelegramStandIn) -> None:
    with ThreadPoolExecutor(1) as pool:
        polled = pool.submit(telegram.poll, None, 20)
        api.wait_for(lambda seen: len(seen) == 1)
        telegram.send(OutboundMessage(key="k1", recipient=WHO, text="meanwhile"))
        api.push(text_update(1, "datang"))
        assert len(polled.result()) == 1


def test_closing_ends_a_poll(telegram: Telegram, api: TelegramStandIn) -> None:
    with ThreadPoolExecutor(1) as pool:
        polled = pool.submit(telegram.poll, None, 25)
        api.wait_for(lambda seen: len(seen) == 1)
        telegram.close()
        with pytest.raises(Temporary):
            polled.result()
        api.closing.set()
        api.push()


@pytest.mark.parametrize(
    ("plan", "wanted"),
    [
        (refusal(409, "Conflict: terminated by other getUpdates request"), Misconfigured),
        (refusal(401, "Unauthorized"), Misconfigured),
        (flood(3), Temporary),
        (status(502, TOKEN.encode()), Temporary),
        (RESET, Temporary),
        (status(200, {"ok": True, "result": {"update_id": 1}}), Temporary),
        (status(200, {"ok": True, "result": [{"no": "number"}]}), Temporary),
        (status(200, {"ok": True, "result": ["text"]}), Temporary),
        (status(200, {"ok": True}), Temporary),
    ],
)
def test_a_failed_poll_is_never_of_unknown_outcome(
    telegram: Telegram, api: TelegramStandIn, plan: Plan, wanted: type[SendError]
) -> None:
    api.fail(plan)
    with pytest.raises(wanted) as caught:
        telegram.poll(None, 0)
    assert TOKEN.partition(":")[2] not in "".join(traceback.format_exception(caught.value))


def test_polling_beside_a_webhook_says_what_is_wrong(telegram: Telegram, api: TelegramStandIn) -> None:
    api.webhook["url"] = "https://elsewhere.example/hook"
    with pytest.raises(Misconfigured, match="a webhook is set for this token"):
        telegram.poll(None, 0)
    telegram.set_webhook()
    assert telegram.poll(None, 0) == []


HOOK = f"{PUBLIC}/hooks/telegram"
HOOKED = {
    "url": HOOK,
    "allowed_updates": ["message", "edited_message", "callback_query", "my_chat_member", "message_reaction"],
}
FAILING = {"pending_update_count": 3, "last_error_date": 1750000000, "last_error_message": "Connection refused"}
#: Secret, what getWebhookInfo says, does the webhook hold, do deliveries, words for the operator.
CHECKS: dict[str, tuple[str, dict[str, Any], bool, bool, str]] = {
    "ours": (SECRET, HOOKED, True, True, f"delivered to {HOOK}"),
    "not_registered": (SECRET, {}, False, True, f"when it runs, sets {HOOK}"),
    "elsewhere": (
        SECRET,
        {"url": "https://x.example/"},
        False,
        True,
        "delivered to https://x.example/; the process `fetch`, when it runs, sets",
    ),
    "kinds_missing": (
        SECRET,
        HOOKED | {"allowed_updates": ["message"]},
        False,
        True,
        "message_reaction; the process `fetch`, when it runs, asks for them",
    ),
    "failing": (SECRET, HOOKED | FAILING, True, False, "3 updates wait; last error 2025-06-15"),
    "overcome": (SECRET, HOOKED | FAILING | {"pending_update_count": 0}, True, True, "Connection refused"),
    "polling": ("", {"pending_update_count": 9}, True, True, "9 updates wait"),
    "polling_but_hooked": ("", HOOKED, False, True, "takes it away"),
}


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_says_whether_the_webhook_is_ours_and_what_to_do(api: TelegramStandIn, name: str) -> None:
    secret, info, hooked, delivered, words = CHECKS[name]
    api.webhook |= info
    made = quick(api.url, TELEGRAM_WEBHOOK_SECRET=secret)
    lines = made.check()
    made.close()
    assert {line.name: line.ok for line in lines} == {
        "sign in": True,
        "name": True,
        "webhook": hooked,
        "deliveries": delivered,
    }
    assert lines[0].detail == f"signed in as @{USERNAME}"
    assert words in " ".join(line.detail for line in lines)


def test_a_loopback_address_is_nothing_to_register_at_telegram(api: TelegramStandIn) -> None:
    values = {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": api.url, "TELEGRAM_WEBHOOK_SECRET": SECRET}
    made = Quick(values, "http://127.0.0.1:8000")
    line = next(each for each in made.check() if each.name == "webhook")
    made.close()
    assert not line.ok
    assert "set PUBLIC_URL" in line.detail
    assert "127.0.0.1" not in line.detail


@pytest.mark.parametrize(("path", "names"), [(".*getMe", ["sign in"]), (".*Info", ["sign in", "name", "webhook"])])
def test_a_check_without_access_says_so(telegram: Telegram, api: TelegramStandIn, path: str, names: list[str]) -> None:
    api.fail(refusal(401, "Unauthorized"), path=path)
    lines = telegram.check()
    assert [line.name for line in lines] == names
    assert not lines[-1].ok
    assert "TELEGRAM_BOT_TOKEN is rejected" in lines[-1].detail


def test_registering_the_webhook_gives_address_secret_and_kinds(api: TelegramStandIn) -> None:
    made = quick(api.url, TELEGRAM_WEBHOOK_SECRET=SECRET)
    made.set_webhook()
    assert all(line.ok for line in made.check())
    made.close()
    assert (api.webhook["url"], api.secret, api.webhook["allowed_updates"]) == (HOOK, SECRET, HOOKED["allowed_updates"])


#: TELEGRAM_BOT_NAME, does it hold, words for the operator.
NAMED: dict[str, tuple[str, bool, str]] = {
    "right": (USERNAME, True, f"citizens are sent to https://t.me/{USERNAME}"),
    "right-with-at-and-capitals": (f"@{USERNAME.upper()}", True, "citizens are sent to https://t.me/"),
    "another-bots": ("bot_lain", False, f"set it to {USERNAME}"),
    "not-given": ("", True, f"set TELEGRAM_BOT_NAME={USERNAME}"),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_check_compares_the_name_citizens_are_told(api: TelegramStandIn, name: str) -> None:
    given, ok, words = NAMED[name]
    made = quick(api.url, **({"TELEGRAM_BOT_NAME": given} if given else {}))
    [line] = [line for line in made.check() if line.name == "name"]
    made.close()
    assert (line.ok, words in line.detail) == (ok, True)


@pytest.mark.parametrize("allowed", [True, False])
def test_a_check_says_that_the_bot_can_be_added_to_groups(
    telegram: Telegram, api: TelegramStandIn, allowed: bool
) -> None:
    api.me = {"can_join_groups": allowed}
    lines = [line for line in telegram.check() if line.name == "groups"]
    assert [line.ok for line in lines] == [True] * allowed
    assert all("/setjoingroups" in line.detail for line in lines)


def looks(channel: Telegram) -> list[Any]:
    return list(channel.pull("", 0))


@pytest.fixture
def hooked(api: TelegramStandIn) -> Iterator[Telegram]:
    made = quick(api.url, TELEGRAM_WEBHOOK_SECRET=SECRET)
    yield made
    made.close()


#: What somebody else did to the webhook → is it set again.
STRAYED: dict[str, tuple[dict[str, Any], bool]] = {
    "nothing": ({}, False),
    "taken-away": ({"url": ""}, True),
    "elsewhere": ({"url": "https://x.example/"}, True),
    "fewer-kinds": ({"allowed_updates": ["message"]}, True),
    "default-kinds": ({"allowed_updates": []}, True),
    "more-kinds": ({"allowed_updates": [*UPDATES, "poll"]}, False),
    "only-failing": (FAILING, False),
}


@pytest.mark.parametrize("name", STRAYED)
def test_a_webhook_that_is_no_longer_ours_is_set_again(hooked: Telegram, api: TelegramStandIn, name: str) -> None:
    change, again = STRAYED[name]
    assert looks(hooked) == []
    api.webhook |= change
    assert looks(hooked) == []
    assert looks(hooked) == []
    assert len(api.calls("setWebhook")) == 1 + again
    assert (api.webhook["url"], set(UPDATES) <= set(api.webhook["allowed_updates"])) == (HOOK, True)
    assert api.calls("getUpdates") == []


def test_a_process_that_starts_sets_the_webhook_whatever_it_is_for_its_secret_is_told_to_nobody(
    hooked: Telegram, api: TelegramStandIn
) -> None:
    api.webhook |= HOOKED
    looks(hooked)
    assert (len(api.calls("setWebhook")), api.secret) == (1, SECRET)


@pytest.mark.parametrize("path", [".*/setWebhook", ".*/getWebhookInfo"])
def test_a_webhook_that_cannot_be_looked_at_is_looked_at_again(
    hooked: Telegram, api: TelegramStandIn, path: str
) -> None:
    if "Info" in path:
        looks(hooked)
        api.webhook["url"] = ""
    api.fail(status(502, b""), path=path)
    with pytest.raises(Temporary):
        looks(hooked)
    looks(hooked)
    assert api.webhook["url"] == HOOK


def test_a_polled_press_is_answered_once_it_is_recorded(telegram: Telegram, api: TelegramStandIn) -> None:
    api.push(press_update(810000001, "press-1", "rate:5"), text_update(810000001, "halo"))
    items = telegram.pull("", 0)
    next(items)
    assert api.calls("answerCallbackQuery") == []
    next(items)
    with api.changed:
        assert api.changed.wait_for(lambda: api.pressed, 10)
    assert api.pressed == ["press-1"]
    items.close()
