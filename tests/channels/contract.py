"""The suite every channel inherits: what its edge must bear, whatever the provider.

A channel's test file subclasses ``ChannelContract``, says how its provider signs and fails, and gets these tests::

    class TestWhatsApp(ChannelContract):
        secrets = (TOKEN,)
        forgeries = ("missing", "empty", "wrong", "truncated")
        send_cases = (SendCase("too many", status(429, …), Temporary, "20429", 3.0), …)

        @pytest.fixture
        def channel(self, stand_in): …           # a channel built from settings
        def genuine(self, body: bytes) -> RawRequest: …       # any body, signed as the provider would
        def message(self, text: str) -> bytes: …              # the body of one ordinary message
        …

Without ``send_cases`` the tests of sending are not there at all, rather than there and empty.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.hooks import hooks
from channels.base import Channel, RawRequest
from channels.errors import Forged, Malformed, OutcomeUnknown, SendError, Temporary
from channels.message import Address, Event, InboundMessage, OutboundMessage, Unreadable, dump, kind_of, load
from dispatch.models import InboundEvent
from dispatch.runtime import Runtime
from dispatch.services.inbound import record_inbound
from tests.support.desk import rows

#: What arrives that nobody meant to send. A verified request may hold any of it: ``parse`` answers with events or
#: Malformed, never with another exception.
HOSTILE_BODIES: dict[str, bytes] = {
    "nothing": b"",
    "blank": b" \r\n\t ",
    "NUL bytes": b"\0" * 64,
    "every byte": bytes(range(256)),
    "invalid UTF-8": b"\xff\xfe\xfd",
    "overlong UTF-8": b"Body=%C0%AF&From=%C0%80",
    "surrogates in UTF-8": b"\xed\xa0\x80\xed\xb0\x80",
    "escaped surrogates": b"Body=%ED%A0%80",
    "lone percent": b"Body=%&From=%zz&%=%",
    "ampersands": b"&" * 5000,
    "equals": b"=" * 5000,
    "too many fields": b"&".join(b"a%d=1" % n for n in range(5000)),
    "one name many times": b"&".join(b"Body=%d" % n for n in range(900)),
    "one very long field": b"Body=" + b"A" * 900_000,
    "empty object": b"{}",
    "empty list": b"[]",
    "null": b"null",
    "number": b"-1e999",
    "text": b'"text"',
    "cut object": b'{"message": {"text": "lap',
    "deep lists": b"[" * 20_000 + b"]" * 20_000,
    "deep objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "escaped lone surrogate": b'{"message": "\\ud800", "update_id": "\\udfff"}',
    "huge number": b'{"update_id": ' + b"9" * 4000 + b"}",
    "wrong types": b'{"update_id": {}, "message": [], "entry": 3, "payload": null, "From": {"a": []}}',
    "mail with no body": b"From: \r\nTo: \r\n\r\n",
    "mail with a broken part": b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: \xff\r\n\r\n",
    "XML": b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
    "gzip": b"\x1f\x8b\x08\x00" + b"\0" * 40,
}

#: Texts people and their telephones do send. Each arrives as one message whose text is the second of the pair, what no
#: database can hold replaced by U+FFFD.
ODD_TEXTS: dict[str, tuple[str, str]] = {
    "plain": ("Lampu jalan mati", "Lampu jalan mati"),
    "lines": ("satu\ndua\n\ntiga", "satu\ndua\n\ntiga"),
    "form signs": ("a=b&c=d%20+e#f?g;h", "a=b&c=d%20+e#f?g;h"),
    "markup": ("<b>&amp;\"'</b>", "<b>&amp;\"'</b>"),
    "NUL": ("awal\0akhir", "awal\ufffdakhir"),
    "joined emoji": ("👨‍👩‍👧‍👦 🏳️‍🌈 👍🏽", "👨‍👩‍👧‍👦 🏳️‍🌈 👍🏽"),
    "right to left": ("\u202eابج\u202c ok", "\u202eابج\u202c ok"),
    "combining marks": ("a" + "\u0301" * 300, "a" + "\u0301" * 300),
    "no character": ("x\ufffe\uffffy", "x\ufffe\uffffy"),
    "bold letters": ("𝐋𝐚𝐩𝐨𝐫", "𝐋𝐚𝐩𝐨𝐫"),
    "byte order mark": ("a\ufeffb", "a\ufeffb"),
    "terminal codes": ("\x1b[2Jhalo", "\x1b[2Jhalo"),
    "log line": ("x\n2026-01-01 ERROR forged", "x\n2026-01-01 ERROR forged"),
}

#: What a line of ``aduan channels check`` that fails tells its reader to do: one of these, in whatever form.
WHAT_TO_DO = re.compile(
    r"\b(set|correct|copy|ask|register|call|run|wait|compare|see|start|check|switch|add|make|give|try|move|archive|send|use)\b",
    re.IGNORECASE,
)
#: No provider sends with these; a hook has no such way in.
NO_WAY_IN = ("PUT", "DELETE", "PATCH")

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

_FUZZ = settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)


@dataclass(frozen=True)
class SendCase:
    """Calling this will hold one way in which a send fails: what the provider is told to do, and what must be raised.

    ``plan`` means what the subclass's ``arrange`` makes of it. ``code`` and ``retry_after`` are compared when given.
    """

    name: str
    plan: Any
    error: type[SendError]
    code: str | None = None
    retry_after: float | None = None


def request(body: bytes, *, url: str, headers: dict[str, str], received_at: Any, method: str = "POST") -> RawRequest:
    """Calling this will make a request as the door hands it over."""
    return RawRequest(method=method, url=url, headers=headers, body=body, received_at=received_at)


class ChannelContract:
    """Calling a subclass's tests will try one channel's edge. What a subclass supplies comes first."""

    #: Texts that may appear in no exception, record of a log or traceback: tokens, passwords.
    secrets: ClassVar[tuple[str, ...]] = ()
    #: Names of the forged variants that ``forge`` makes.
    forgeries: ClassVar[tuple[str, ...]] = ("missing", "empty", "wrong", "truncated")
    send_cases: ClassVar[tuple[SendCase, ...]] = ()
    #: Somebody this channel can send to, and somebody it cannot.
    recipient: ClassVar[Address]
    stranger: ClassVar[Address] = Address("carrier-pigeon", "loft-7")
    #: What ``trouble`` can do to the provider.
    troubles: ClassVar[tuple[str, ...]] = ("refused", "away")
    #: Odd texts that this provider cannot carry at all, with the reason beside each in the subclass.
    not_carried: ClassVar[frozenset[str]] = frozenset()

    @pytest.fixture
    def channel(self) -> Iterator[Channel]:
        """A channel made from settings, its provider a stand-in."""
        raise NotImplementedError

    def message(self, text: str) -> bytes:
        """The body of one ordinary message with this text, always from the same sender and with the same id."""
        raise NotImplementedError

    def genuine(self, body: bytes) -> RawRequest:
        """A request with this body, signed as the provider signs."""
        raise NotImplementedError

    def forge(self, genuine: RawRequest, forgery: str) -> RawRequest:
        """The same request with its signature missing, empty, wrong, truncated, or as the subclass names it."""
        raise NotImplementedError

    def arrange(self, plan: Any) -> None:
        """Make the provider fail the next send as a SendCase's plan says."""
        raise NotImplementedError

    def rotated(self, body: bytes) -> RawRequest:
        """A request with this body, signed with the secret that was in force before the last rotation."""
        raise NotImplementedError

    def skewed(self, body: bytes, seconds: float) -> RawRequest:
        """A request with this body, signed by a provider whose clock is ahead of ours by ``seconds``."""
        raise NotImplementedError

    def unknown(self) -> bytes:
        """The body of a message of a sort that this provider has not invented yet, from the usual sender."""
        raise NotImplementedError

    def batch(self, texts: Sequence[str]) -> bytes:
        """The body of one request that holds several messages of different senders; None of ``texts`` is special."""
        raise NotImplementedError

    def poison(self, body: bytes, position: int) -> bytes:
        """The same batch with its item at ``position`` made unreadable."""
        raise NotImplementedError

    def trouble(self, what: str) -> None:
        """Make the provider answer nothing but refusals ("refused"), or be away altogether ("away")."""
        raise NotImplementedError

    #: What a subclass supplies → the tests that need it. Without it they are not there at all.
    needs: ClassVar[dict[str, tuple[str, ...]]] = {
        "rotated": (
            "test_the_secret_before_a_rotation_still_holds",
            "test_the_secret_before_a_rotation_ends_with_its_setting",
        ),
        "trouble": ("test_a_check_that_fails_says_what_to_do",),
        "skewed": ("test_a_clock_that_is_a_little_off_is_borne", "test_an_old_or_early_request_is_refused"),
        "unknown": ("test_a_message_of_an_unknown_sort_is_kept",),
        "batch": ("test_a_batch_is_read_whole_and_in_order",),
        "poison": ("test_a_poisoned_item_harms_no_neighbour",),
    }

    # -- what follows is inherited -------------------------------------------------------------------------------

    def __init_subclass__(cls) -> None:
        for supplied, tests in cls.needs.items():
            missing = getattr(cls, supplied) is getattr(ChannelContract, supplied)
            for name in tests:
                # What a subclass between us did not supply, and so took away, its own subclass may.
                if missing or getattr(cls, name) is None:
                    setattr(cls, name, None if missing else getattr(ChannelContract, name))
        if not cls.send_cases:
            for name in (
                "test_a_failed_send_raises_what_it_means",
                "test_a_stranger_to_this_channel_is_refused_for_good",
            ):
                setattr(cls, name, None)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "send_case" in metafunc.fixturenames:
            metafunc.parametrize("send_case", self.send_cases, ids=[case.name for case in self.send_cases])
        if "what" in metafunc.fixturenames:
            metafunc.parametrize("what", self.troubles)
        if "forgery" in metafunc.fixturenames:
            metafunc.parametrize("forgery", self.forgeries)
        if "hostile" in metafunc.fixturenames:
            metafunc.parametrize("hostile", HOSTILE_BODIES.values(), ids=HOSTILE_BODIES.keys())
        if "odd_text" in metafunc.fixturenames:
            carried = {name: pair for name, pair in ODD_TEXTS.items() if name not in self.not_carried}
            metafunc.parametrize("odd_text", carried.values(), ids=carried.keys())

    def outbound(self, text: str = "Laporan diterima.") -> OutboundMessage:
        return OutboundMessage(key="outbox-1", recipient=self.recipient, text=text)

    def test_a_genuine_request_is_accepted_and_read(self, channel: Channel) -> None:
        genuine = self.genuine(self.message("Jalan rusak"))
        channel.verify(genuine)
        (event,) = channel.parse(genuine)
        assert isinstance(event, InboundMessage)
        assert event.text == "Jalan rusak"
        assert event.channel == channel.kind
        assert event.account == channel.account
        assert event.external_id

    def test_a_forged_request_is_refused(self, channel: Channel, forgery: str) -> None:
        genuine = self.genuine(self.message("Jalan rusak"))
        channel.verify(genuine)
        with pytest.raises(Forged):
            channel.verify(self.forge(genuine, forgery))

    def test_another_body_under_the_same_signature_is_refused(self, channel: Channel) -> None:
        """A channel whose secret does not cover the body overrides this, and says so."""
        genuine = self.genuine(self.message("Jalan rusak"))
        with pytest.raises(Forged):
            channel.verify(replace(genuine, body=self.message("Jalan bagus")))

    def test_the_secret_before_a_rotation_still_holds(self, channel: Channel) -> None:
        channel.verify(self.rotated(self.message("Jalan rusak")))
        with pytest.raises(Forged):
            channel.verify(replace(self.rotated(self.message("Jalan rusak")), body=self.message("Jalan bagus")))

    def test_the_secret_before_a_rotation_ends_with_its_setting(self, channel: Channel) -> None:
        """An empty setting of the old secret is no secret of anybody's either."""
        kept = {name: value for name, value in channel.values.items() if not name.endswith("_OLD")}
        old = dict.fromkeys(channel.values.keys() - kept.keys(), "")
        assert old
        for values in (kept, kept | old):
            with pytest.raises(Forged):
                type(channel)(values, channel.public_url).verify(self.rotated(self.message("Jalan rusak")))

    @pytest.mark.parametrize("seconds", [-300.0, -299.0, 0.0, 299.0, 300.0])
    def test_a_clock_that_is_a_little_off_is_borne(self, channel: Channel, seconds: float) -> None:
        channel.verify(self.skewed(self.message("Jalan rusak"), seconds))

    @pytest.mark.parametrize("seconds", [-31_536_000.0, -86_400.0, -301.0, 301.0, 86_400.0])
    def test_an_old_or_early_request_is_refused(self, channel: Channel, seconds: float) -> None:
        with pytest.raises(Forged):
            channel.verify(self.skewed(self.message("Jalan rusak"), seconds))

    def test_a_message_of_an_unknown_sort_is_kept(self, channel: Channel) -> None:
        """As a message, or in quarantine with a reason: whole (Malformed) or as one item of its batch."""
        genuine = self.genuine(self.unknown())
        if channel.hooked:
            channel.verify(genuine)
        try:
            (event,) = channel.parse(genuine)
        except Malformed as kept:
            assert str(kept).strip()
            return
        assert isinstance(event, InboundMessage | Unreadable)
        assert isinstance(event, InboundMessage) or event.reason.strip()
        storable(event)

    def test_a_batch_is_read_whole_and_in_order(self, channel: Channel) -> None:
        texts = [f"Laporan {number}" for number in range(25)]
        genuine = self.genuine(self.batch(texts))
        channel.verify(genuine)
        events = channel.parse(genuine)
        assert [event.text for event in events if isinstance(event, InboundMessage)] == texts
        assert len({event.external_id for event in events}) == len(texts)

    @pytest.mark.parametrize("position", [0, 1, 2])
    def test_a_poisoned_item_harms_no_neighbour(self, channel: Channel, position: int) -> None:
        texts = ["satu", "dua", "tiga"]
        events = channel.parse(self.genuine(self.poison(self.batch(texts), position)))
        assert [isinstance(event, Unreadable) for event in events] == [n == position for n in range(3)]
        read = [event.text for event in events if isinstance(event, InboundMessage)]
        assert read == [text for number, text in enumerate(texts) if number != position]

    @given(header=st.text(max_size=60))
    @_FUZZ
    def test_no_made_up_header_is_a_signature(self, channel: Channel, header: str) -> None:
        genuine = self.genuine(self.message("Jalan rusak"))
        wrong = {name: header for name in genuine.headers if name.lower() not in ("content-type", "user-agent")}
        with pytest.raises(Forged):
            channel.verify(replace(genuine, headers={**genuine.headers, **wrong}))

    def test_the_same_request_twice_gives_equal_events(self, channel: Channel) -> None:
        first, second = (channel.parse(self.genuine(self.message("Jalan rusak"))) for _ in range(2))
        assert list(first) == list(second)

    def test_the_same_message_five_times_is_one_row(self, channel: Channel, runtime: Runtime) -> None:
        found = []
        for _ in range(5):
            genuine = self.genuine(self.message("Jalan rusak"))
            with runtime.writing() as session:
                events = channel.parse(genuine)
                found.append(record_inbound(session, runtime.now(), events, raw=genuine.body, content_type=""))
        assert [(len(each.new), each.repeats) for each in found] == [(1, 0), *[(0, 1)] * 4]
        [event] = rows(runtime, InboundEvent)
        assert (event.channel, event.account, event.payload["text"]) == (channel.kind, channel.account, "Jalan rusak")

    @pytest.fixture
    def door(self, channel: Channel, runtime: Runtime) -> FlaskClient:
        """The webhooks of an installation where only this channel is on."""
        runtime.registry.channels = {channel.name: channel}
        app = Flask("hooks under test")
        app.extensions["aduan"] = runtime
        app.register_blueprint(hooks)
        return app.test_client()

    @on_sqlite
    def test_the_door_does_not_read_what_is_too_large(
        self, channel: Channel, runtime: Runtime, door: FlaskClient
    ) -> None:
        most = channel.limits.body_bytes
        answers = [door.post(f"/hooks/{channel.name}", data=b"x" * size) for size in (most + 1, most)]
        assert [answer.status_code for answer in answers] == ([413, 403] if channel.hooked else [404, 404])
        assert str(most) in answers[0].text or not channel.hooked
        assert rows(runtime, InboundEvent) == []

    @on_sqlite
    def test_the_door_takes_no_other_method(self, channel: Channel, runtime: Runtime, door: FlaskClient) -> None:
        genuine = self.genuine(self.message("Jalan rusak"))
        path, given = f"/hooks/{channel.name}", dict(genuine.headers)
        for method in NO_WAY_IN:
            assert door.open(path, method=method, data=genuine.body, headers=given).status_code == 405
        for method in ("GET", "HEAD"):
            for headers in ({}, given):
                assert door.open(path, method=method, headers=headers).status_code == (403 if channel.hooked else 404)
        assert rows(runtime, InboundEvent) == []

    def test_a_check_that_fails_says_what_to_do(self, channel: Channel, what: str, caplog: Any) -> None:
        self.trouble(what)
        with caplog.at_level(logging.DEBUG, logger="channels"):
            lines = channel.check()
        failed = [line for line in lines if not line.ok]
        assert failed
        assert [line.detail for line in failed if not WHAT_TO_DO.search(line.detail)] == []
        self.private(*(f"{line.name} {line.detail}" for line in lines), caplog.text)

    def test_an_odd_text_survives(self, channel: Channel, odd_text: tuple[str, str]) -> None:
        sent, kept = odd_text
        genuine = self.genuine(self.message(sent))
        channel.verify(genuine)
        (event,) = channel.parse(genuine)
        assert isinstance(event, InboundMessage)
        assert event.text == kept
        storable(event)

    def test_a_hostile_body_is_read_or_malformed(self, channel: Channel, hostile: bytes) -> None:
        self._read(channel, hostile)

    def test_an_oversize_body_is_read_refused_or_malformed(self, channel: Channel) -> None:
        self._read(channel, self.message("x" * (channel.limits.body_bytes + 1)))

    @given(body=st.binary(max_size=2000))
    @_FUZZ
    def test_random_bytes_are_read_or_malformed(self, channel: Channel, body: bytes) -> None:
        self._read(channel, body)

    @given(data=st.data())
    @_FUZZ
    def test_a_damaged_message_is_read_or_malformed(self, channel: Channel, data: st.DataObject) -> None:
        whole = self.message("Jalan rusak di depan pasar")
        start = data.draw(st.integers(0, len(whole)))
        end = data.draw(st.integers(start, min(len(whole), start + 40)))
        self._read(channel, whole[:start] + data.draw(st.binary(max_size=12)) + whole[end:])

    def _read(self, channel: Channel, body: bytes) -> None:
        """Whatever the body: verify may only say Forged, parse only Malformed, and what is read can be stored."""
        genuine = self.genuine(body)
        # A body that no provider could have signed is refused already; it is parsed all the same.
        with contextlib.suppress(Forged):
            channel.verify(genuine)
        try:
            events = channel.parse(genuine)
        except Malformed:
            return
        for event in events:
            storable(event)

    def test_an_answer_acknowledges(self, channel: Channel) -> None:
        answer = channel.acknowledge(self.genuine(self.message("Jalan rusak")))
        assert 200 <= answer.status < 300

    def test_a_failed_send_raises_what_it_means(
        self, channel: Channel, send_case: SendCase, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.arrange(send_case.plan)
        with caplog.at_level(logging.DEBUG, logger="channels"), pytest.raises(SendError) as caught:
            channel.send(self.outbound())
        assert type(caught.value) is send_case.error
        if send_case.code is not None:
            assert caught.value.code == send_case.code
        if isinstance(caught.value, Temporary):
            assert caught.value.retry_after == send_case.retry_after
        self.private("".join(traceback.format_exception(caught.value)), caplog.text)

    def test_a_stranger_to_this_channel_is_refused_for_good(self, channel: Channel) -> None:
        with pytest.raises(SendError) as caught:
            channel.send(replace(self.outbound(), recipient=self.stranger))
        assert not isinstance(caught.value, Temporary | OutcomeUnknown)
        assert self.stranger.value not in str(caught.value)

    def test_a_refusal_names_neither_secrets_nor_people(self, channel: Channel) -> None:
        genuine = self.genuine(self.message("Jalan rusak"))
        with pytest.raises(Forged) as forged:
            channel.verify(self.forge(genuine, self.forgeries[0]))
        told = ["".join(traceback.format_exception(forged.value))]
        for body in HOSTILE_BODIES.values():
            try:
                channel.parse(self.genuine(body))
            except Malformed as error:
                told.append("".join(traceback.format_exception(error)))
        self.private(*told)

    def private(self, *texts: str) -> None:
        """Calling this will fail when a text holds a secret of ours or the address of a person."""
        for text in texts:
            for secret in (*self.secrets, self.recipient.value, self.recipient.value.lstrip("+")):
                assert secret not in text

    def test_settings_are_named(self, channel: Channel) -> None:
        cls = type(channel)
        named = (*cls.required, *cls.shared, *cls.optional, *cls.extras)
        assert len(named) == len(set(named))
        assert set(channel.values) <= set(named)
        assert channel.limits.text_length > 0
        assert channel.limits.per_second > 0

    def test_closing_twice_is_harmless(self, channel: Channel) -> None:
        channel.close()
        channel.close()


class FetchedContract(ChannelContract):
    """Calling a subclass's tests will try a channel that takes no requests: what it reads was had from inside (our own
    page, a table of a modem). Nothing is genuine to ``verify``; there is no hook; ``parse`` keeps all its tests.
    """

    forgeries = ("as it is",)

    def forge(self, genuine: RawRequest, forgery: str) -> RawRequest:
        return genuine

    def test_a_genuine_request_is_accepted_and_read(self, channel: Channel) -> None:
        """Read, but never accepted at a door."""
        assert not channel.hooked
        (event,) = channel.parse(self.genuine(self.message("Jalan rusak")))
        assert isinstance(event, InboundMessage)
        assert (event.text, event.channel, event.account) == ("Jalan rusak", channel.kind, channel.account)
        assert event.external_id

    def test_a_forged_request_is_refused(self, channel: Channel, forgery: str) -> None:
        """No request is genuine: there is no webhook."""
        with pytest.raises(Forged):
            channel.verify(self.genuine(self.message("Jalan rusak")))

    def test_another_body_under_the_same_signature_is_refused(self, channel: Channel) -> None:
        """There is no signature under which one could hide."""
        with pytest.raises(Forged):
            channel.verify(self.genuine(self.message("Jalan bagus")))

    def test_an_odd_text_survives(self, channel: Channel, odd_text: tuple[str, str]) -> None:
        """As everywhere, without the door."""
        sent, kept = odd_text
        (event,) = channel.parse(self.genuine(self.message(sent)))
        assert isinstance(event, InboundMessage)
        assert event.text == kept
        storable(event)


def storable(event: Event) -> None:
    """Calling this will fail unless an event goes through JSON and UTF-8 and comes back the same, without NUL."""
    dumped = dump(event)
    text = json.dumps(dumped, ensure_ascii=False)
    text.encode("utf-8")
    assert "\\u0000" not in text
    assert load(kind_of(event), json.loads(text)) == replace(event, raw=None)


def told(event: Event) -> dict[str, Any]:
    """Calling this will give an event's kind and what differs from a bare one, for comparing with a payload file."""
    defaults = {name: f.default for name, f in type(event).__dataclass_fields__.items()}
    kept = {name: value for name, value in dump(event).items() if value not in ([], "", None, False)}
    return {"kind": kind_of(event), **{k: v for k, v in kept.items() if v != defaults.get(k)}}
