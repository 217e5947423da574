"""WhatsApp straight from Meta, inwards: the common suite, the handshake, the signature, every payload, batches."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.base import RawRequest
from channels.coverage import Becomes, Group
from channels.errors import (
    BadAddress,
    Forged,
    Malformed,
    Misconfigured,
    OutcomeUnknown,
    Permanent,
    RecipientStopped,
    Temporary,
    Throttled,
    WindowClosed,
)
from channels.message import Address, DeliveryReport, InboundMessage, Unreadable
from channels.whatsapp_cloud import WhatsAppCloud
from tests.channels.contract import ChannelContract, SendCase, storable, told
from tests.channels.examples_whatsapp_cloud import (
    HOOK,
    NOW,
    PUBLIC,
    STEMS,
    VALUES,
    expected,
    handshake,
    make,
    parse_example,
    payload,
    signed,
)
from tests.support.providers.base import ACCEPT_THEN_500, RESET, hang, status
from tests.support.providers.whatsapp_cloud import (
    APP_SECRET,
    PHONE_ID,
    TOKEN,
    VERIFY_TOKEN,
    WhatsAppCloudStandIn,
    refused,
    text_message,
)

PERSON = "+62811000111"
OLD_SECRET = "1b" * 16
PAST_ONE_WEBHOOK = 1000


def webhook(*values: dict[str, Any]) -> bytes:
    changes = [{"field": "messages", "value": each} for each in values]
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "2", "changes": changes}]}).encode()


class TestWhatsAppCloud(ChannelContract):
    secrets = (TOKEN, APP_SECRET, VERIFY_TOKEN, OLD_SECRET)
    forgeries = ("missing", "empty", "wrong", "truncated", "longer", "without its prefix", "of another secret", "odd")
    recipient = Address("whatsapp", PERSON)
    send_cases: ClassVar[tuple[SendCase, ...]] = (
        SendCase("outside the window", refused(131047), WindowClosed, "131047"),
        SendCase("the app calls too often", refused(4, 400, **{"Retry-After": "3"}), Throttled, "4", 3.0),
        SendCase("the account calls too often", refused(80007), Throttled, "80007"),
        SendCase("the number sends too fast", refused(130429, 429), Throttled, "130429", 10.0),
        SendCase("a wait of theirs before ours", refused(130429, 429, **{"Retry-After": "2"}), Throttled, None, 2.0),
        SendCase("slowed down for quality", refused(131048), Throttled, "131048", 3600.0),
        SendCase("too many to one person", refused(131056), Throttled, "131056", 6.0),
        SendCase("registered too often", refused(133016), Throttled, "133016", 3600.0),
        SendCase("rate without a code", status(429, b"slow"), Throttled, "429"),
        SendCase("something went wrong", refused(131000, 500), Temporary, "131000"),
        SendCase("not available", refused(131016, 503), Temporary, "131016"),
        SendCase("unknown fault of the API", refused(1, 500), Temporary, "1"),
        SendCase("API down", refused(2, 503), Temporary, "2"),
        SendCase("file not taken", refused(131053), Temporary, "131053"),
        SendCase("file not fetched", refused(131052), Temporary, "131052"),
        SendCase("not on WhatsApp", refused(131026), BadAddress, "131026"),
        SendCase("our own number", refused(131021), BadAddress, "131021"),
        SendCase("not on the list of a test number", refused(131030), Permanent, "131030"),
        SendCase("an id not usable for this", refused(131062), Permanent, "131062"),
        SendCase("held back by Meta", refused(131049), Permanent, "131049"),
        SendCase("part of an experiment", refused(130472), Permanent, "130472"),
        SendCase("stopped by the person", refused(131050), RecipientStopped, "131050"),
        *(
            SendCase(f"template fault {code}", refused(code), Misconfigured, str(code))
            for code in (132000, 132001, 132005, 132007, 132012, 132015, 132016)
        ),
        SendCase("token ended", refused(190, 401), Misconfigured, "190"),
        SendCase("account locked", refused(131031, 403), Misconfigured, "131031"),
        SendCase("blocked for a policy", refused(368, 403), Misconfigured, "368"),
        SendCase("payment", refused(131042), Misconfigured, "131042"),
        SendCase("no such number of ours", refused(100, 400, 33), Misconfigured, "100"),
        SendCase("a value not accepted", refused(100), Permanent, "100"),
        SendCase("a code nobody knows", refused(999999), Permanent, "999999"),
        SendCase("an error with HTTP 200", refused(131047, 200), WindowClosed, "131047"),
        SendCase("an error of no shape with HTTP 200", status(200, {"error": "no"}), OutcomeUnknown, "200"),
        SendCase("a code that is no number", status(400, {"error": {"code": "oops"}}), Permanent, "400"),
        SendCase("a body that is a list", status(400, [1]), Permanent, "400"),
        SendCase("forbidden without a code", status(403, b"no"), Misconfigured, "403"),
        SendCase("a redirect", status(302, b"", {"Location": "http://127.0.0.1:1/"}), Misconfigured, "302"),
        SendCase("a failure over there", status(503, b"", {"Retry-After": "1"}), OutcomeUnknown, "503"),
        SendCase("taken, then a failure", ACCEPT_THEN_500, OutcomeUnknown, "500"),
        SendCase("connection cut", RESET, OutcomeUnknown, "no-answer"),
        SendCase("no answer in time", hang(20), OutcomeUnknown, "no-answer"),
        SendCase("accepted in no words", status(200, b""), OutcomeUnknown, "unreadable"),
        SendCase("accepted with a page", status(200, b"<html>"), OutcomeUnknown, "unreadable"),
        SendCase("accepted without an id", status(200, {"messages": []}), OutcomeUnknown, "unreadable"),
        SendCase("accepted with an odd id", status(200, {"messages": [{"id": 5}]}), OutcomeUnknown, "unreadable"),
        SendCase("nobody there", "closed", Temporary, "connect"),
    )

    @pytest.fixture(autouse=True)
    def _provider(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        self.monkeypatch = monkeypatch
        with WhatsAppCloudStandIn() as self.provider:
            yield

    @pytest.fixture
    def channel(self, _provider: None) -> Iterator[WhatsAppCloud]:
        made = make(WHATSAPP_CLOUD_API_URL=self.provider.url, WHATSAPP_CLOUD_APP_SECRET_OLD=OLD_SECRET)
        yield made
        made.close()

    def message(self, text: str) -> bytes:
        return webhook(text_message("wamid.A1", PERSON.removeprefix("+"), text))

    def genuine(self, body: bytes) -> RawRequest:
        return signed(body)

    def forge(self, genuine: RawRequest, forgery: str) -> RawRequest:
        right = genuine.header("X-Hub-Signature-256")
        headers = dict(genuine.headers)
        headers["X-Hub-Signature-256"] = {
            "wrong": "sha256=" + "0" * 64,
            "truncated": right[:-2],
            "longer": right + "0",
            "without its prefix": right.removeprefix("sha256="),
            "of another secret": signed(genuine.body, "2c" * 16).header("X-Hub-Signature-256"),
            "odd": "sha256=" + "é" * 64,
        }.get(forgery, "")
        if forgery == "missing":
            del headers["X-Hub-Signature-256"]
        return replace(genuine, headers=headers)

    def arrange(self, plan: Any) -> None:
        if plan == "closed":
            self.provider.stop()
            return
        if plan.kind == "hang":
            self.monkeypatch.setattr(WhatsAppCloud, "answer_seconds", 0.3)
        self.provider.fail(plan)

    def rotated(self, body: bytes) -> RawRequest:
        return signed(body, OLD_SECRET)

    def unknown(self) -> bytes:
        return payload("type-of-the-future")

    def batch(self, texts: Sequence[str]) -> bytes:
        people = ((f"wamid.B{number}", f"6281100{number:04d}", text) for number, text in enumerate(texts))
        return webhook(*(text_message(*person) for person in people))

    def poison(self, body: bytes, position: int) -> bytes:
        whole = json.loads(body)
        del whole["entry"][0]["changes"][position]["value"]["messages"][0]["id"]
        return json.dumps(whole).encode()

    def trouble(self, what: str) -> None:
        if what == "away":
            self.provider.stop()
        else:
            self.provider.fail(*[refused(190, 401)] * 20)


class TestHandshake:
    def test_the_challenge_comes_back_as_plain_text_and_nothing_is_read(self) -> None:
        channel, asked = make(), handshake()
        channel.verify(asked)
        assert list(channel.parse(asked)) == []
        answer = channel.acknowledge(asked)
        assert (answer.body, answer.status) == ("1158201444", 200)
        assert answer.content_type.startswith("text/plain")

    @pytest.mark.parametrize(
        "asked",
        [
            pytest.param({"verify_token": ""}, id="no token"),
            pytest.param({"verify_token": "salah"}, id="wrong token"),
            pytest.param({"verify_token": VERIFY_TOKEN[:-1]}, id="cut token"),
            pytest.param({"verify_token": VERIFY_TOKEN + "x"}, id="longer token"),
            pytest.param({"verify_token": VERIFY_TOKEN + "&hub.verify_token=x"}, id="two tokens"),
            pytest.param({"verify_token": "%ff%fe"}, id="bytes for a token"),
            pytest.param({"mode": "unsubscribe"}, id="another mode"),
            pytest.param({"mode": ""}, id="no mode"),
            pytest.param({"challenge": ""}, id="no challenge"),
            pytest.param({"challenge": quote("a\r\nSet-Cookie: b")}, id="a challenge of lines"),
            pytest.param({"challenge": "1&hub.challenge=2"}, id="two challenges"),
            pytest.param({"challenge": "9" * 300}, id="an endless challenge"),
        ],
    )
    def test_anything_else_is_refused(self, asked: dict[str, str]) -> None:
        with pytest.raises(Forged) as refusal:
            make().verify(handshake(**asked))
        assert VERIFY_TOKEN not in str(refusal.value)

    def test_the_token_signs_no_post(self) -> None:
        asked = replace(handshake(), method="POST", body=payload("text"))
        with pytest.raises(Forged):
            make().verify(asked)

    @pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "get"])
    def test_no_other_method_is_heard(self, method: str) -> None:
        with pytest.raises(Forged):
            make().verify(replace(signed(payload("text")), method=method))


class TestSignature:
    def test_no_empty_secret_signs(self) -> None:
        with pytest.raises(Forged):
            make(WHATSAPP_CLOUD_APP_SECRET_OLD="").verify(signed(payload("text"), ""))

    def test_the_same_json_in_other_bytes_is_refused(self) -> None:
        """The escapes as Meta writes them are signed, not what they mean."""
        request = signed(payload("text-with-unicode-escapes"))
        other = json.dumps(json.loads(request.body), ensure_ascii=False).encode()
        assert json.loads(other) == json.loads(request.body)
        with pytest.raises(Forged):
            make().verify(replace(request, body=other))


@pytest.mark.parametrize("stem", STEMS)
def test_payload(stem: str) -> None:
    told_to_be = expected(stem)
    make().verify(signed(payload(stem)))
    if "malformed" in told_to_be:
        with pytest.raises(Malformed, match=told_to_be["malformed"]):
            parse_example(stem)
        return
    events = parse_example(stem)
    for event in events:
        storable(event)
    # The key of what cannot be read is a hash of its bytes: that it is one is all there is to say.
    found = [told(event) for event in events]
    for each in found:
        if each["kind"] == "unreadable" and each["external_id"].startswith("unreadable:"):
            each["external_id"] = "*"
    assert found == told_to_be["events"]


@pytest.mark.parametrize("stem", [stem for stem in STEMS if "malformed" not in expected(stem)])
def test_an_item_alone_is_a_webhook_that_says_the_same(stem: str) -> None:
    """What is kept beside an event is enough to read it again, and holds nobody else's words."""
    for event in parse_example(stem):
        if isinstance(event, Unreadable):
            continue
        assert event.raw is not None
        assert list(make().parse(signed(event.raw))) == [event]


def test_nobodys_contact_is_kept_beside_anothers_message() -> None:
    first, second = parse_example("batch-of-two-people")
    assert first.raw is not None
    assert second.raw is not None
    assert b"Siti" not in first.raw
    assert b"62811000111" not in second.raw


def test_there_is_a_payload_for_every_row_that_must_have_one() -> None:
    rows = [row for row in WhatsAppCloud.handled if row.group is not Group.STATE]
    assert [row.name for row in rows if row.example not in STEMS] == []
    assert len(STEMS) >= 90


@pytest.mark.parametrize("row", WhatsAppCloud.handled, ids=lambda row: row.name)
def test_a_row_of_the_coverage_says_what_is_so(row: Any) -> None:
    if row.group is Group.STATE:
        said = {"deleted": [], "any other state": ["unknown"], "played": ["read"]}.get(row.name, [row.name])
        stem = {"any other state": "status-of-the-future", "failed": "status-failed-locked"}.get(row.name)
        events = parse_example(stem or f"status-{row.name}")
        assert [event.state for event in events if isinstance(event, DeliveryReport)] == said
        return
    names = {
        "message": Becomes.MESSAGE,
        "notice": Becomes.NOTICE,
        "delivery": Becomes.DELIVERY,
        "unreadable": Becomes.QUARANTINE,
    }
    try:
        events = parse_example(row.example)
    except Malformed:
        assert row.becomes is Becomes.QUARANTINE
        return
    found = {Becomes.REVISION if getattr(e, "revises", "") else names[told(e)["kind"]] for e in events}
    assert found == ({row.becomes} if row.becomes is not Becomes.NOTHING else set())


def test_what_is_free_is_not_billed_whatever_stands_beside_it() -> None:
    for stem, billable in (
        ("status-sent", True),
        ("status-free", False),
        ("status-free-entry-point", False),
        ("status-read", None),
    ):
        (event,) = parse_example(stem)
        assert isinstance(event, DeliveryReport)
        assert event.billable is billable


def test_a_billed_kind_without_the_word_is_billed() -> None:
    body = json.loads(payload("status-sent"))
    body["entry"][0]["changes"][0]["value"]["statuses"][0]["pricing"] = {"type": "regular", "category": "SERVICE"}
    (event,) = make().parse(signed(json.dumps(body).encode()))
    assert isinstance(event, DeliveryReport)
    assert (event.category, event.billable) == ("service", True)


def test_a_thousand_items_in_one_webhook_keep_their_order_and_their_own_bytes() -> None:
    values = []
    for n in range(PAST_ONE_WEBHOOK // 10):
        value = text_message(f"wamid.B{n}", f"6281100{n:04d}", f"pesan {n} " + "x" * 1500)
        value["messages"] += [{**value["messages"][0], "id": f"wamid.B{n}.{k}"} for k in range(1, 9)]
        value["statuses"] = [{"id": f"wamid.S{n}", "status": "read", "timestamp": "1795000000"}]
        values.append(value)
    values[50]["messages"][4] = {"type": "text"}
    body = webhook(*values)
    assert 1_000_000 < len(body) < WhatsAppCloud.limits.body_bytes
    events = make().parse(signed(body))
    assert len(events) == PAST_ONE_WEBHOOK
    assert [type(e).__name__ for e in events].count("Unreadable") == 1
    assert len({event.external_id for event in events}) == PAST_ONE_WEBHOOK
    ids = [e.external_id for e in events if not isinstance(e, Unreadable)]
    assert ids[:11] == ["wamid.B0", *(f"wamid.B0.{k}" for k in range(1, 9)), "wamid.S0:read", "wamid.B1"]
    assert max(len(event.raw or b"") for event in events) < 3000


def test_the_same_trouble_is_told_once_a_day_and_each_poison_once() -> None:
    body = webhook({"metadata": {"phone_number_id": PHONE_ID}, "errors": [{"code": 131031}]})
    first, again = (make().parse(signed(body)) for _ in range(2))
    assert [e.external_id for e in first] == [e.external_id for e in again] == ["error:131031:2026-11-22"]
    tomorrow = make().parse(replace(signed(body), received_at=NOW.replace(day=23)))
    assert [e.external_id for e in tomorrow] == ["error:131031:2026-11-23"]
    poison = [parse_example("batch-with-a-poisoned-status")[1] for _ in range(2)]
    assert poison[0] == poison[1]


@pytest.mark.parametrize("depth", [100, 500, 800, 900, 940, 960, 980, 1000, 5000])
def test_however_deep_an_item_is_it_is_put_aside(depth: int) -> None:
    """Somewhere near the interpreter's own limit it can be read and not written down again, or not even be read."""
    body = payload("text").replace(b'"Jalan rusak di Juata Laut"', b"[" * depth + b"]" * depth)
    try:
        events = make().parse(signed(body))
    except Malformed:
        assert depth > 800
        return
    assert [type(event) for event in events] == [Unreadable]


@given(
    poison=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
        max_leaves=12,
    ),
    stem=st.sampled_from([stem for stem in STEMS if not stem.startswith(("malformed", "batch"))]),
    data=st.data(),
)
@settings(max_examples=400, deadline=None, database=None)
def test_one_poisoned_field_never_touches_the_neighbours(poison: Any, stem: str, data: st.DataObject) -> None:
    """Any field of any item replaced by anything: the item becomes some event or none, its neighbours what they are."""
    body = json.loads(payload(stem))
    good = text_message("wamid.GOOD", "62811000444", "baik")
    change = body["entry"][0]["changes"][0]
    path = data.draw(st.sampled_from(_paths(change.get("value")) or [()]))
    if path:
        holder = change["value"]
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = poison
    body["entry"].append({"id": "2", "changes": [{"field": "messages", "value": good}]})
    events = make().parse(signed(json.dumps(body).encode()))
    for event in events:
        storable(event)
    assert [event.external_id for event in events][-1] == "wamid.GOOD"


def _paths(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for step, each in pairs for path in ((*before, step), *_paths(each, (*before, step)))]


@given(text=st.text(max_size=400), name=st.text(max_size=60))
@settings(max_examples=150, deadline=None, database=None)
def test_any_words_and_any_name_arrive(text: str, name: str) -> None:
    value = text_message("wamid.T", "62811000111", text)
    value["contacts"][0]["profile"]["name"] = name
    (event,) = make().parse(signed(webhook(value)))
    assert isinstance(event, InboundMessage)
    assert event.text == text.replace("\0", "\ufffd")
    storable(event)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WHATSAPP_CLOUD_TOKEN", "pendek"),
        ("WHATSAPP_CLOUD_TOKEN", TOKEN + " "),
        ("WHATSAPP_CLOUD_APP_SECRET", "x"),
        ("WHATSAPP_CLOUD_APP_SECRET_OLD", "a b"),
        ("WHATSAPP_CLOUD_VERIFY_TOKEN", "pendek"),
        ("WHATSAPP_CLOUD_PHONE_ID", "+62541000200"),
        ("WHATSAPP_CLOUD_ACCOUNT_ID", "act_1"),
        ("WHATSAPP_CLOUD_TEMPLATE", "Minta Balas"),
        ("WHATSAPP_CLOUD_NUMBER", "0541000200"),
        ("WHATSAPP_CLOUD_API_URL", "ftp://example.org"),
        ("WHATSAPP_CLOUD_API_URL", "https://u:p@example.org"),
    ],
)
def test_a_setting_of_wrong_form_is_named_and_not_quoted(name: str, value: str) -> None:
    good = {**VALUES, "WHATSAPP_CLOUD_ACCOUNT_ID": "200000000000029"}
    assert WhatsAppCloud.faults(good) == []
    (fault,) = WhatsAppCloud.faults({**good, name: value})
    assert fault.startswith(f"{name} must be")
    assert value not in fault


def test_an_approved_text_needs_the_list_it_stands_in() -> None:
    values = {**VALUES, "WHATSAPP_CLOUD_TEMPLATE": "minta_balas"}
    (fault,) = WhatsAppCloud.faults(values)
    assert "WHATSAPP_CLOUD_ACCOUNT_ID" in fault
    assert WhatsAppCloud.faults({**values, "WHATSAPP_CLOUD_ACCOUNT_ID": "200000000000029"}) == []


def test_our_address_is_shown_only_where_it_is_known() -> None:
    assert make().contact == ("", "")
    assert make(WHATSAPP_CLOUD_NUMBER="+62541000200").contact == ("+62541000200", "https://wa.me/62541000200")
    assert make().hook == HOOK == f"{PUBLIC}/hooks/whatsapp-cloud"
    assert (make().account, make().hooked) == (PHONE_ID, True)
