"""What Twilio's webhook could not bring is fetched from the account's list: in order, and one bad entry stops none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from channels._twilio import FIRST_LOOK, GRACE, OVERLAP
from channels._twilio_lists import SENT_AT
from channels.base import Pulled, RawRequest
from channels.errors import ChannelError, Forged, Malformed, Misconfigured, Temporary, Throttled
from channels.message import Event, InboundMessage, OptOut
from channels.sms import Sms
from channels.whatsapp import WhatsApp
from tests.channels.twilio_cases import FORM, NOW, PERSON, PUBLIC, make, signed
from tests.support.providers.base import RESET, Plan, status
from tests.support.providers.twilio import SMS_FROM, WHATSAPP_FROM, TwilioStandIn

AN_HOUR_AGO = NOW - timedelta(hours=1)


@pytest.fixture
def provider() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def channel(provider: TwilioStandIn) -> Iterator[WhatsApp]:
    made = make(WhatsApp, provider)
    yield made
    made.close()


def sid(number: int) -> str:
    return f"SM{number:032x}"


def form(number: int = 1, **more: str) -> dict[str, str]:
    return {**FORM, "MessageSid": sid(number), "Body": f"Laporan {number}"} | more


def request(item: Pulled) -> RawRequest:
    """As ``bot/door`` wraps it."""
    return RawRequest("POST", PUBLIC, item.headers, item.body, NOW)


def read(channel: WhatsApp | Sms, items: list[Pulled]) -> list[Event]:
    return [event for item in items for event in channel.parse(request(item))]


def messages(channel: WhatsApp | Sms, cursor: str = "") -> list[InboundMessage]:
    return [each for each in read(channel, list(channel.pull(cursor, 0))) if isinstance(each, InboundMessage)]


def test_both_channels_look_every_five_minutes(provider: TwilioStandIn) -> None:
    assert [make(kind, provider).pull_every for kind in (WhatsApp, Sms)] == [300.0, 300.0]


@pytest.mark.parametrize(("account", "every"), [("+14155550199", 300.0), ("1708", 300.0), ("PEMKAB", None)])
def test_nothing_is_fetched_for_a_name(provider: TwilioStandIn, account: str, every: float | None) -> None:
    assert make(Sms, provider, TWILIO_SMS_FROM=account).pull_every == every


def test_a_fetched_message_is_the_one_the_webhook_brings(channel: WhatsApp, provider: TwilioStandIn) -> None:
    provider.receive(form(), AN_HOUR_AGO)
    [fetched] = messages(channel)
    [posted] = channel.parse(signed(form()))
    assert isinstance(posted, InboundMessage)
    assert fetched == replace(posted, sent_at=AN_HOUR_AGO, notes=("fetched-later",))


def test_its_files_come_with_it(channel: WhatsApp, provider: TwilioStandIn) -> None:
    provider.receive(form(Body=""), AN_HOUR_AGO, files=["image/jpeg", "audio/ogg; codecs=opus"])
    [fetched] = messages(channel)
    assert sorted(each.content_type for each in fetched.attachments) == ["audio/ogg", "image/jpeg"]
    for attachment in fetched.attachments:
        provider.media[attachment.source.rpartition("/")[2]] = ("image/jpeg", b"bytes")
        assert channel.fetch(attachment, b"") == b"bytes"


def test_a_second_look_gives_the_same_bytes(provider: TwilioStandIn) -> None:
    """What cannot be read is recognised by its bytes: it must not fill the quarantine every five minutes."""
    provider.receive(form(From="somebody"), AN_HOUR_AGO, files=["image/jpeg", "image/png"])
    first, second = make(WhatsApp, provider), make(WhatsApp, provider)
    [[one], [other]] = [[item.body for item in each.pull("", 0)] for each in (first, second)]
    assert one == other
    with pytest.raises(Malformed):
        first.parse(RawRequest("POST", PUBLIC, {}, one, NOW))
    first.close()
    second.close()


def test_an_sms_is_fetched_too(provider: TwilioStandIn) -> None:
    channel = make(Sms, provider)
    provider.receive(form(1, From=PERSON, To=SMS_FROM), AN_HOUR_AGO)
    provider.receive(form(2, From=PERSON, To=SMS_FROM, Body="STOP"), AN_HOUR_AGO)
    message, stop = read(channel, list(channel.pull("", 0)))
    assert isinstance(message, InboundMessage)
    assert isinstance(stop, OptOut)
    channel.close()


#: What the account's list also holds, and is not for us.
STRANGERS: dict[str, dict[str, Any]] = {
    "our own answer": {"direction": "outbound-api"},
    "an answer by TwiML": {"direction": "outbound-reply"},
    "of no direction": {"direction": None},
    "to another sender of the account": {"to": "whatsapp:+14155550111"},
    "to nobody": {"to": None},
}


@pytest.mark.parametrize("changed", STRANGERS.values(), ids=STRANGERS)
def test_what_is_not_for_us_is_left(channel: WhatsApp, provider: TwilioStandIn, changed: dict[str, Any]) -> None:
    provider.receive(form(1), AN_HOUR_AGO, **changed)
    provider.receive(form(2), AN_HOUR_AGO)
    assert [each.text for each in messages(channel)] == ["Laporan 2"]


def test_what_is_not_for_us_is_left_though_the_provider_lists_it(channel: WhatsApp, provider: TwilioStandIn) -> None:
    """Another sender's messages would end in our quarantine."""
    provider.receive(form(1, To="whatsapp:+14155550111"), AN_HOUR_AGO)
    provider.fail(status(200, {"messages": [provider.inbox[0]["row"]], "uri": "/"}))
    assert list(channel.pull("", 0)) == []


def test_they_come_oldest_first_over_all_pages(channel: WhatsApp, provider: TwilioStandIn) -> None:
    provider.page_size = 4
    for number in (5, 2, 9, 1, 8, 3, 7, 4, 6):
        provider.receive(form(number), AN_HOUR_AGO + timedelta(minutes=number))
    assert [each.text for each in messages(channel)] == [f"Laporan {number}" for number in range(1, 10)]
    assert len(provider.requests) == 3


#: The stored cursor → since when the account is asked.
LOOKS: dict[str, tuple[str, datetime]] = {
    "the first of all": ("", NOW - FIRST_LOOK),
    "after a short while": (AN_HOUR_AGO.isoformat(), AN_HOUR_AGO - OVERLAP),
    "after a week": ((NOW - timedelta(days=7)).isoformat(), NOW - timedelta(days=7) - OVERLAP),
    "written in another zone": ("2026-11-22T09:00:00+08:00", AN_HOUR_AGO - OVERLAP),
    "damaged": ("yesterday", NOW - FIRST_LOOK),
    "without a zone": ("2026-11-22T01:00:00", NOW - FIRST_LOOK),
}


@pytest.mark.parametrize(("cursor", "since"), LOOKS.values(), ids=LOOKS)
def test_a_look_goes_back_far_enough(channel: WhatsApp, provider: TwilioStandIn, cursor: str, since: datetime) -> None:
    list(channel.pull(cursor, 0))
    [asked] = provider.requests
    assert asked.query["To"] == WHATSAPP_FROM
    assert datetime.fromisoformat(asked.query["DateSent>"]) == since


def test_the_cursor_never_goes_back(channel: WhatsApp, provider: TwilioStandIn) -> None:
    cursor = (NOW - timedelta(minutes=30)).isoformat()
    for minutes in (80, 40, 20):
        provider.receive(form(minutes), NOW - timedelta(minutes=minutes))
    cursors = [datetime.fromisoformat(item.cursor) for item in channel.pull(cursor, 0)]
    assert cursors == [NOW - timedelta(minutes=minutes) for minutes in (30, 30, 20)]


def test_what_was_recorded_is_not_handed_over_again(channel: WhatsApp, provider: TwilioStandIn) -> None:
    provider.receive(form(1), AN_HOUR_AGO, files=["image/jpeg"])
    assert len(messages(channel)) == 1
    provider.receive(form(2), AN_HOUR_AGO)
    assert [each.text for each in messages(channel, AN_HOUR_AGO.isoformat())] == ["Laporan 2"]
    assert len([each for each in provider.requests if each.path.endswith("Media.json")]) == 1


def test_what_was_not_recorded_is_handed_over_again(channel: WhatsApp, provider: TwilioStandIn) -> None:
    """The generator is resumed only after an item is committed; closed before, it keeps the item."""
    provider.receive(form(1), AN_HOUR_AGO)
    interrupted = channel.pull("", 0)
    next(interrupted)
    interrupted.close()
    assert len(messages(channel)) == 1


def test_the_webhook_comes_first(channel: WhatsApp, provider: TwilioStandIn) -> None:
    """The list lacks position, button and name: a message on its way is left to the webhook for two minutes."""
    provider.receive(form(1), NOW - GRACE + timedelta(seconds=1))
    provider.receive(form(2), NOW - GRACE)
    assert [each.text for each in messages(channel)] == ["Laporan 2"]
    channel.now = lambda: NOW + timedelta(minutes=5)
    assert [each.text for each in messages(channel, NOW.isoformat())] == ["Laporan 1"]


@pytest.mark.parametrize(
    ("changed", "sent_at"),
    [({"date_sent": None}, AN_HOUR_AGO), ({"date_sent": None, "date_created": None}, None)],
    ids=["never handed to the webhook", "without any"],
)
def test_a_message_without_dates_is_fetched(
    channel: WhatsApp, provider: TwilioStandIn, changed: dict[str, Any], sent_at: datetime | None
) -> None:
    provider.receive(form(1), AN_HOUR_AGO, **changed)
    [fetched] = messages(channel)
    assert (fetched.sent_at, fetched.notes) == (sent_at, ("fetched-later",))


@pytest.mark.parametrize(
    "plan", [status(404, {"code": 20404}), status(400, {"code": 99999})], ids=["deleted", "refused"]
)
def test_files_that_are_gone_are_noted(channel: WhatsApp, provider: TwilioStandIn, plan: Plan) -> None:
    provider.receive(form(1), AN_HOUR_AGO, files=["image/jpeg"])
    provider.fail(plan, path=r".*/Media\.json")
    [fetched] = messages(channel)
    assert fetched.attachments == ()
    assert "media-unreadable" in fetched.notes


@pytest.mark.parametrize("plan", [RESET, status(503), status(429), status(200, {})], ids=["cut", "down", "fast", "odd"])
def test_files_that_cannot_be_listed_now_hold_up_no_other_message(
    channel: WhatsApp, provider: TwilioStandIn, plan: Plan
) -> None:
    for number, files in ((1, []), (2, ["image/jpeg"]), (3, [])):
        provider.receive(form(number), AN_HOUR_AGO + timedelta(minutes=number), files=files)
    provider.fail(plan, path=r".*/Media\.json")
    items: list[Pulled] = []
    with pytest.raises(Temporary):
        items.extend(channel.pull("", 0))
    looking = channel.pull(items[0].cursor if items else "", 0)
    assert [item.headers[SENT_AT] for item in looking] == [(AN_HOUR_AGO + timedelta(minutes=2)).isoformat()]


def test_the_cursor_stays_before_what_could_not_be_had(channel: WhatsApp, provider: TwilioStandIn) -> None:
    for number, files in ((1, []), (2, ["image/jpeg"]), (3, [])):
        provider.receive(form(number), AN_HOUR_AGO + timedelta(minutes=number), files=files)
    provider.fail(RESET, path=r".*/Media\.json")
    looking = channel.pull("", 0)
    assert [next(looking).cursor, next(looking).cursor] == [(AN_HOUR_AGO + timedelta(minutes=1)).isoformat(), ""]
    with pytest.raises(Temporary):
        next(looking)


@pytest.mark.parametrize(
    ("plan", "error"),
    [
        (status(401, {"code": 20003}), Misconfigured),
        (status(429, {"code": 20429}), Throttled),
        (status(500), Temporary),
        (RESET, Temporary),
        (status(200, b"<html>"), Temporary),
        (status(200, {"messages": 7}), Temporary),
        (status(200, {"messages": [7]}), Temporary),
        (status(200, {"messages": [{"date_sent": 7}]}), Temporary),
    ],
    ids=["wrong token", "too fast", "down", "cut", "no JSON", "no list", "no entry", "odd dates"],
)
def test_a_list_that_cannot_be_had_is_an_error_of_the_channel(
    channel: WhatsApp, provider: TwilioStandIn, plan: Plan, error: type[ChannelError]
) -> None:
    provider.fail(plan)
    with pytest.raises(error):
        list(channel.pull("", 0))


def test_nobody_outside_may_say_when_a_message_was_sent(channel: WhatsApp) -> None:
    channel.verify(signed(form()))
    with pytest.raises(Forged):
        channel.verify(signed(form(), **{SENT_AT: NOW.isoformat()}))
