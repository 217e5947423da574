"""WhatsApp straight from Meta, outwards: sending, approved texts, files, and what the check says."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from channels.base import RawRequest
from channels.errors import FetchError, Misconfigured, Permanent, SendError, Temporary, TooLarge
from channels.message import Address, Attachment, AttachmentKind, OutboundMessage, Receipt
from channels.whatsapp_cloud import MOST_BYTES, WhatsAppCloud
from channels.whatsapp_cloud.outgoing import BUTTON_TEXT
from tests.channels.examples_whatsapp_cloud import HOOK, NOW, make, parse_example
from tests.support.providers.base import RESET, Recorded, Reply, hang, status
from tests.support.providers.whatsapp_cloud import (
    ACCOUNT_ID,
    APP_ID,
    APP_SECRET,
    PHONE_ID,
    TOKEN,
    WhatsAppCloudStandIn,
    refused,
    report,
    template,
    text_message,
)

PERSON = "+62811000111"
SCOPED = "ID.13491208655302741918"
JPEG = b"\xff\xd8\xff\xe0 sebuah foto"


@pytest.fixture
def meta() -> Iterator[WhatsAppCloudStandIn]:
    with WhatsAppCloudStandIn() as stand_in:
        stand_in.subscribe(HOOK)
        yield stand_in


@pytest.fixture
def cloud(meta: WhatsAppCloudStandIn) -> Iterator[WhatsAppCloud]:
    made = make(WHATSAPP_CLOUD_API_URL=meta.url, WHATSAPP_CLOUD_ACCOUNT_ID=ACCOUNT_ID)
    yield made
    made.close()


def send(cloud: WhatsAppCloud, **more: Any) -> Receipt:
    usual: dict[str, Any] = {"key": "outbox-1", "recipient": Address("whatsapp", PERSON), "text": "Laporan diterima."}
    return cloud.send(OutboundMessage(**(usual | more)))


class TestSend:
    def test_a_text_is_one_call_with_our_key_and_without_a_preview(
        self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn
    ) -> None:
        assert send(cloud, text="Laporan *KU-1* diterima https://example.org 🙏").external_id == "wamid.STANDIN1"
        (request,) = meta.requests
        assert (request.method, request.path) == ("POST", f"/v24.0/{PHONE_ID}/messages")
        assert meta.messages == [
            {
                "messaging_product": "whatsapp",
                "recipient_type": "individual",
                "to": PERSON,
                "biz_opaque_callback_data": "outbox-1",
                "type": "text",
                "text": {"body": "Laporan *KU-1* diterima https://example.org 🙏", "preview_url": False},
            }
        ]

    @pytest.mark.parametrize(
        ("recipient", "named"),
        [
            pytest.param(Address("whatsapp", PERSON), {"to": PERSON}, id="number"),
            pytest.param(Address("tel", PERSON), {"to": PERSON}, id="telephone"),
            pytest.param(Address("whatsapp", SCOPED), {"recipient": SCOPED}, id="scoped id"),
            pytest.param(Address("whatsapp", "group:Y2Fw"), {"to": "Y2Fw", "recipient_type": "group"}, id="group"),
        ],
    )
    def test_who_gets_it(
        self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn, recipient: Address, named: dict[str, str]
    ) -> None:
        send(cloud, recipient=recipient)
        found = {
            name: meta.messages[0][name] for name in ("to", "recipient", "recipient_type") if name in meta.messages[0]
        }
        assert found == {"recipient_type": "individual", **named}

    @pytest.mark.parametrize("value", ["12", "+", "+62 811", "ID", "ID.", "group:", "group:a b", "\n+62811000111"])
    def test_what_is_no_address_never_leaves(
        self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn, value: str
    ) -> None:
        with pytest.raises(Permanent):
            send(cloud, recipient=Address("whatsapp", value))
        assert meta.requests == []

    @pytest.mark.parametrize(
        ("reply_to", "answered"),
        [
            ((), None),
            (("wamid.1", "wamid.2"), "wamid.2"),
            (("wamid.1", "SM" + "b" * 32), "wamid.1"),
            (("SM" + "b" * 32, "<a@b>"), None),
        ],
    )
    def test_it_hangs_on_the_newest_message_it_answers(
        self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn, reply_to: tuple[str, ...], answered: str | None
    ) -> None:
        send(cloud, reply_to=reply_to)
        assert meta.messages[0].get("context") == (answered and {"message_id": answered})

    def test_a_question_about_the_place_has_the_button(self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn) -> None:
        send(cloud, text="Di mana tempatnya?", asks="place", reply_to=("wamid.1",))
        (sent,) = meta.messages
        assert sent["type"] == "interactive"
        assert sent["interactive"] == {
            "type": "location_request_message",
            "body": {"text": "Di mana tempatnya?"},
            "action": {"name": "send_location"},
        }
        assert sent["context"] == {"message_id": "wamid.1"}

    @pytest.mark.parametrize(
        "fields",
        [
            pytest.param({"asks": "place", "text": "x" * (BUTTON_TEXT + 1)}, id="too long beside a button"),
            pytest.param({"asks": "phone"}, id="a button we do not have"),
            pytest.param({"asks": "place", "recipient": Address("whatsapp", "group:Y2Fw")}, id="a group"),
        ],
    )
    def test_a_question_without_its_button_is_a_text(
        self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn, fields: dict[str, Any]
    ) -> None:
        send(cloud, **fields)
        assert meta.messages[0]["type"] == "text"

    def test_a_text_no_file_can_hold_is_sent_all_the_same(
        self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn
    ) -> None:
        send(cloud, text="a\ud800b\0")
        assert meta.messages[0]["text"]["body"] == "a\ufffdb\ufffd"

    def test_a_base_with_a_path_keeps_it_and_the_environments_proxy_is_not_used(
        self, meta: WhatsAppCloudStandIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        relay = make(WHATSAPP_CLOUD_API_URL=f"{meta.url}/relay/")
        with pytest.raises(SendError):
            send(relay)
        assert meta.requests[0].path == f"/relay/v24.0/{PHONE_ID}/messages"
        relay.close()

    def test_no_log_of_any_library_names_the_person_or_a_secret(
        self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.DEBUG):
            send(cloud)
            cloud.check()
            fetch(cloud, meta.add_file(JPEG))
        assert caplog.records, "the HTTP client logs something, so silence would prove nothing"
        for private in (TOKEN, APP_SECRET, PERSON, PERSON[1:], "Laporan"):
            assert private not in caplog.text


HEADER = {"type": "HEADER", "format": "TEXT", "text": "Laporan {{1}}"}
BODY = {"type": "BODY", "text": "Dari {{2}}: ada jawaban, {{1}}."}
FOOTER = {"type": "FOOTER", "text": "Balas pesan ini"}
BUTTONS = {
    "type": "BUTTONS",
    "buttons": [
        {"type": "QUICK_REPLY", "text": "Balas"},
        {"type": "URL", "text": "Lihat", "url": "https://lapor.example.go.id/lacak/{{1}}", "example": ["KU-1"]},
    ],
}
NAMED = {"type": "BODY", "text": "Laporan {{nomor}} dijawab {{instansi}}, lihat {{nomor}}."}


def said(text: str, name: str = "") -> dict[str, str]:
    return {"type": "text", **({"parameter_name": name} if name else {}), "text": text}


class TestTemplates:
    @pytest.mark.parametrize(
        ("row", "values", "components"),
        [
            pytest.param(template("t", {"type": "BODY", "text": "Halo"}), (), None, id="without values"),
            pytest.param(
                template("t"),
                ("KU-1", "Dinas PU"),
                [{"type": "body", "parameters": [said("KU-1"), said("Dinas PU")]}],
                id="body",
            ),
            pytest.param(
                template("t", BUTTONS, FOOTER, BODY, HEADER),
                ("KU-1", "selesai", "Dinas PU", "KU-1"),
                [
                    {"type": "header", "parameters": [said("KU-1")]},
                    {"type": "body", "parameters": [said("selesai"), said("Dinas PU")]},
                    {"type": "button", "sub_type": "url", "index": "1", "parameters": [said("KU-1")]},
                ],
                id="header, body and button, in any order",
            ),
            pytest.param(
                template("t", NAMED, parameter_format="NAMED"),
                ("KU-1", "Dinas PU"),
                [{"type": "body", "parameters": [said("KU-1", "nomor"), said("Dinas PU", "instansi")]}],
                id="named values",
            ),
            pytest.param(
                template("t", NAMED, BUTTONS, parameter_format="NAMED"),
                ("KU-1", "Dinas PU", "KU-1"),
                [
                    {"type": "body", "parameters": [said("KU-1", "nomor"), said("Dinas PU", "instansi")]},
                    {"type": "button", "sub_type": "url", "index": "1", "parameters": [said("KU-1")]},
                ],
                id="named values and a button",
            ),
            pytest.param(
                template("t"),
                ("Suharto", "🌴"),
                [{"type": "body", "parameters": [said("Suharto"), said("🌴")]}],
                id="one word, one emoji",
            ),
        ],
    )
    def test_the_values_go_where_the_text_has_holes(
        self,
        cloud: WhatsAppCloud,
        meta: WhatsAppCloudStandIn,
        row: dict[str, Any],
        values: tuple[str, ...],
        components: list[dict[str, Any]] | None,
    ) -> None:
        meta.templates = [row]
        (listed,) = cloud.templates()
        assert len(listed.holes) == len(values)
        send(cloud, template="t", variables=values, reply_to=("wamid.1",))
        (sent,) = meta.messages
        wanted = {"name": "t", "language": {"code": "id"}, **({"components": components} if components else {})}
        assert (sent["type"], sent["template"]) == ("template", wanted)
        assert "context" not in sent

    @pytest.mark.parametrize(
        ("values", "error"),
        [
            pytest.param((), Permanent, id="none"),
            pytest.param(("KU-1",), Permanent, id="too few"),
            pytest.param(("KU-1", "b", "c"), Permanent, id="too many"),
            pytest.param(("KU-1", ""), Permanent, id="an empty one"),
            pytest.param(("KU-1", " \t"), Permanent, id="a blank one"),
            pytest.param(("KU-1", "a\nb"), Permanent, id="a line break"),
            pytest.param(("KU-1", "x" * 600), Permanent, id="too long"),
        ],
    )
    def test_values_that_do_not_fit_never_leave(
        self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn, values: tuple[str, ...], error: type[SendError]
    ) -> None:
        with pytest.raises(error):
            send(cloud, template="minta_balas", variables=values)
        assert meta.messages == []

    @pytest.mark.parametrize("word", ["PENDING", "REJECTED", "PAUSED", "DISABLED", ""])
    def test_a_text_that_is_not_approved_never_leaves(
        self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn, word: str
    ) -> None:
        meta.templates = [template(status=word)]
        with pytest.raises(Misconfigured) as refusal:
            send(cloud, template="minta_balas", variables=("KU-1", "Dinas"))
        assert (word.lower() or "unknown") in str(refusal.value)
        assert meta.messages == []

    def test_an_unknown_text_never_leaves(self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn) -> None:
        with pytest.raises(Misconfigured, match="no such template"):
            send(cloud, template="lain", variables=("KU-1", "Dinas"))
        assert meta.messages == []

    def test_without_the_account_there_is_no_list_and_no_text_leaves(self, meta: WhatsAppCloudStandIn) -> None:
        cloud = make(WHATSAPP_CLOUD_API_URL=meta.url)
        assert list(cloud.templates()) == []
        assert cloud.reopening == ""
        with pytest.raises(Misconfigured, match="WHATSAPP_CLOUD_ACCOUNT_ID"):
            send(cloud, template="minta_balas", variables=("KU-1", "Dinas PU"))
        assert meta.requests == []
        cloud.close()

    def test_the_list_is_read_page_by_page_and_never_by_an_address_with_the_token(
        self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn
    ) -> None:
        meta.templates = [template(f"t{n}") for n in range(7)]
        assert [found.key for found in cloud.templates()] == [f"t{n}" for n in range(7)]
        assert len(meta.requests) == 4
        assert not any("access_token" in request.query for request in meta.requests)

    def test_a_list_that_never_ends_is_left(self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn) -> None:
        page = {"data": [template()], "paging": {"cursors": {"after": "1"}, "next": "x"}}
        meta.fail(*[status(200, page)] * 3)
        assert len(cloud.templates()) == 1
        assert len(meta.requests) == 2

    def test_of_several_languages_the_bare_name_is_the_indonesian_one(
        self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn
    ) -> None:
        meta.templates = [template("t", language="en"), template("t"), template("u", language="en_US")]
        assert [(t.key, t.name, t.language) for t in cloud.templates()] == [
            ("t", "t", "id"),
            ("t:en", "t", "en"),
            ("u", "u", "en_US"),
        ]
        send(cloud, template="t:en", variables=("KU-1", "Works"))
        assert meta.messages[0]["template"]["language"] == {"code": "en"}

    def test_or_the_one_that_is_approved(self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn) -> None:
        meta.templates = [template("t", status="PENDING"), template("t", language="en")]
        assert [(t.key, t.language) for t in cloud.templates()] == [("t", "en"), ("t:id", "id")]

    @pytest.mark.parametrize(
        "component",
        [
            {"type": "HEADER", "format": "IMAGE"},
            {"type": "CAROUSEL", "cards": []},
            {"type": "BUTTONS", "buttons": [{"type": "COPY_CODE"}]},
            {"type": "BUTTONS", "buttons": [7]},
            {"type": "LIMITED_TIME_OFFER"},
        ],
        ids=lambda each: str(each.get("format") or each.get("buttons") or each["type"]),
    )
    def test_what_we_cannot_fill_is_not_offered(
        self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn, component: dict[str, Any]
    ) -> None:
        meta.templates = [template("a", component, BODY), template("b")]
        assert [found.key for found in cloud.templates()] == ["b"]

    @pytest.mark.parametrize(
        "row",
        [
            {},
            {"name": "a b"},
            {"name": "t", "language": "id"},
            {"name": "t", "language": "id", "components": {}},
            {"name": 5},
        ],
        ids=["empty", "no name", "no parts", "parts no list", "a number"],
    )
    def test_an_odd_row_of_the_list_is_passed_over(
        self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn, row: dict[str, Any]
    ) -> None:
        meta.templates = [row, template("b")]
        assert [found.key for found in cloud.templates()] == ["b"]

    def test_it_says_status_category_and_texts(self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn) -> None:
        meta.templates = [template("t", HEADER, BODY, BUTTONS, status="PENDING")]
        (found,) = cloud.templates()
        assert (found.status, found.category, found.approved) == ("pending", "utility", False)
        assert found.parts == (
            "Laporan {{1}}",
            "Dari {{3}}: ada jawaban, {{2}}.",
            "https://lapor.example.go.id/lacak/{{4}}",
        )

    def test_the_list_is_asked_for_again_after_ten_minutes(
        self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = [0.0]
        monkeypatch.setattr(cloud, "clock", lambda: now[0], raising=False)
        for now[0] in (0.0, 1.0, 599.0, 601.0):
            send(cloud, template="minta_balas", variables=("KU-1", "Dinas"))
        assert [request.method for request in meta.requests] == ["GET", "POST", "POST", "POST", "GET", "POST"]

    @pytest.mark.parametrize("plan", [RESET, status(500), status(200, b"<html>")], ids=["reset", "500", "page"])
    def test_a_list_that_cannot_be_had_leaves_the_message_unsent_for_now(
        self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn, plan: Any
    ) -> None:
        meta.fail(plan)
        with pytest.raises(Temporary):
            send(cloud, template="minta_balas", variables=("KU-1", "Dinas"))
        assert meta.messages == []


def fetch(cloud: WhatsAppCloud, source: str, kind: AttachmentKind = AttachmentKind.IMAGE) -> bytes:
    return cloud.fetch(Attachment(kind, source), b"{}")


class TestFiles:
    def test_two_steps_with_the_token_and_what_is_said_is_compared(
        self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn
    ) -> None:
        number = meta.add_file(JPEG)
        assert fetch(cloud, number) == JPEG
        about, file = meta.requests
        assert (about.path, about.query) == (f"/v24.0/{number}", {"phone_number_id": PHONE_ID})
        assert file.path == f"/files/{number}"
        assert file.headers["accept-encoding"] == "identity"

    def test_an_address_that_has_ended_is_asked_for_once_more(
        self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn
    ) -> None:
        number = meta.add_file(JPEG)
        meta.expiring.add(number)
        assert fetch(cloud, number) == JPEG
        assert len(meta.requests) == 4

    @pytest.mark.parametrize(("code", "permanent"), [(404, True), (403, False), (401, False), (410, True)])
    def test_and_not_a_third_time(
        self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn, code: int, permanent: bool
    ) -> None:
        number = meta.add_file(JPEG)
        meta.fail(status(code), status(code), path="/files/.*")
        with pytest.raises(FetchError) as refusal:
            fetch(cloud, number)
        assert refusal.value.permanent is permanent
        assert len(meta.requests) == 4

    @pytest.mark.parametrize(
        ("about", "permanent", "named"),
        [
            pytest.param({"sha256": "0" * 64}, False, "not the one", id="another hash"),
            pytest.param({"file_size": 5}, False, "another size", id="another size"),
            pytest.param({"file_size": MOST_BYTES + 1}, True, "larger", id="said to be too large"),
            pytest.param({"url": None}, True, "host", id="no address"),
            pytest.param({"url": 7}, True, "host", id="a number for an address"),
            pytest.param({"url": "https://example.org/x"}, True, "host", id="another host"),
            pytest.param({"url": "https://graph.facebook.com.example.org/x"}, True, "host", id="a host that begins so"),
            pytest.param({"url": "https://u@lookaside.fbsbx.com/x"}, True, "host", id="a user in the address"),
            pytest.param({"url": "https://lookaside.fbsbx.com:8443/x"}, True, "host", id="another port"),
            pytest.param({"url": "http://lookaside.fbsbx.com/x"}, True, "host", id="without encryption"),
            pytest.param({"url": "http://169.254.169.254/latest"}, True, "host", id="the metadata address"),
            pytest.param({"url": "http://127.0.0.1:1/x"}, True, "host", id="loopback"),
            pytest.param({"url": "https://[::1]/x"}, True, "host", id="loopback in six"),
            pytest.param({"url": "file:///x"}, True, "host", id="a file"),
            pytest.param({"url": "/files/x"}, True, "host", id="a path"),
        ],
    )
    def test_what_is_not_as_said_is_not_kept(
        self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn, about: dict[str, Any], permanent: bool, named: str
    ) -> None:
        number = meta.add_file(JPEG, **about)
        with pytest.raises(FetchError, match=named) as refusal:
            fetch(cloud, number)
        assert refusal.value.permanent is permanent
        assert [request.path for request in meta.requests if not request.path.startswith("/v24.0")] == (
            [f"/files/{number}"] if not permanent else []
        )

    @pytest.mark.parametrize("url", ["https://graph.facebook.com/x", "https://lookaside.fbsbx.com/x?mid=1&hash=2"])
    def test_metas_own_hosts_are_allowed(self, cloud: WhatsAppCloud, url: str) -> None:
        assert cloud._allowed(httpx.URL(url))

    def test_nothing_but_metas_hosts_is_allowed_where_no_api_is_set(self, meta: WhatsAppCloudStandIn) -> None:
        assert not make()._allowed(httpx.URL(f"{meta.url}/files/1"))

    def test_a_hash_in_capitals_and_none_at_all_will_do(self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn) -> None:
        digest = hashlib.sha256(JPEG).hexdigest().upper()
        for about in ({"sha256": digest}, {"sha256": None, "file_size": None}):
            assert fetch(cloud, meta.add_file(JPEG, **about)) == JPEG

    def test_a_redirect_is_followed_to_metas_hosts_only_and_without_the_token(
        self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn
    ) -> None:
        number = meta.add_file(JPEG)
        meta.fail(status(302, b"", {"Location": "http://127.0.0.2:9/x"}), path="/files/.*")
        with pytest.raises(FetchError, match="host"):
            fetch(cloud, number)
        meta.requests.clear()
        meta.fail(status(302, b"", {"Location": f"/files/{number}"}), path="/files/.*")
        fetch(cloud, number)  # refused without the token, so the address is asked for once more
        files = [request for request in meta.requests if request.path == f"/files/{number}"]
        assert ["authorization" in request.headers for request in files] == [True, False, True]

    @pytest.mark.parametrize(
        ("plan", "permanent"),
        [
            pytest.param(refused(100, 400, 33), True, id="no such file"),
            pytest.param(refused(100), True, id="not accepted"),
            pytest.param(refused(131052), False, id="not fetched"),
            pytest.param(refused(190, 401), False, id="token ended"),
            pytest.param(refused(80007), False, id="too many"),
            pytest.param(status(429), False, id="too many without a word"),
            pytest.param(status(500), False, id="failure"),
            pytest.param(RESET, False, id="reset"),
            pytest.param(status(200, b"<html>"), False, id="a page"),
        ],
    )
    def test_a_first_step_that_fails(
        self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn, plan: Any, permanent: bool
    ) -> None:
        number = meta.add_file(JPEG)
        meta.fail(plan)
        with pytest.raises(FetchError) as refusal:
            fetch(cloud, number)
        assert refusal.value.permanent is permanent
        assert TOKEN not in str(refusal.value)

    @pytest.mark.parametrize(
        "plan",
        [
            pytest.param(status(200, b"x", {"Content-Length": str(MOST_BYTES + 1)}), id="said"),
            pytest.param(
                status(
                    200,
                    b"%x\r\n%b\r\n0\r\n\r\n" % (MOST_BYTES + 1, b"x" * (MOST_BYTES + 1)),
                    {"Transfer-Encoding": "chunked"},
                ),
                id="unsaid",
            ),
        ],
    )
    def test_what_is_larger_than_a_picture_can_be_is_left(
        self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn, plan: Any
    ) -> None:
        number = meta.add_file(JPEG, file_size=None, sha256=None)
        meta.fail(plan, path="/files/.*")
        with pytest.raises(TooLarge):
            fetch(cloud, number)

    def test_a_document_may_be_larger(self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn) -> None:
        content = b"%PDF-" + b"x" * MOST_BYTES
        assert fetch(cloud, meta.add_file(content, "application/pdf"), AttachmentKind.DOCUMENT) == content

    def test_compression_is_refused(self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn) -> None:
        number = meta.add_file(JPEG)
        meta.fail(status(200, b"x", {"Content-Encoding": "gzip"}), path="/files/.*")
        with pytest.raises(FetchError, match="compressed"):
            fetch(cloud, number)

    def test_a_file_that_does_not_come_is_tried_again_later(
        self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(WhatsAppCloud, "answer_seconds", 0.3)
        number = meta.add_file(JPEG)
        meta.fail(hang(20), path="/files/.*")
        with pytest.raises(FetchError) as refusal:
            fetch(cloud, number)
        assert not refusal.value.permanent

    @pytest.mark.parametrize("source", ["../me", "", "1/2", "1?x=y", "http://127.0.0.1/", "contact:", "contact:x"])
    def test_no_other_source_is_asked_for(self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn, source: str) -> None:
        with pytest.raises(FetchError) as refusal:
            fetch(cloud, source)
        assert refusal.value.permanent
        assert meta.requests == []

    def test_a_card_is_written_from_the_event_itself(self, cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn) -> None:
        (event,) = parse_example("contacts-several")
        assert event.raw is not None
        cards = [cloud.fetch(item, event.raw) for item in event.attachments]  # type: ignore[attr-defined]
        assert cards[0] == cards[1]
        assert cards[0].decode().split("\r\n") == [
            "BEGIN:VCARD",
            "VERSION:4.0",
            "FN:Budi\\, Contoh",
            "N:Contoh;Budi;;;",
            "TEL;VALUE=text:+62 811 000 222",
            "EMAIL:budi@contoh.id",
            "ADR:;;Jl. Contoh 1;Tarakan;;77111;Indonesia",
            "ORG:RT\\; 05",
            "END:VCARD",
            "",
        ]
        assert meta.requests == []

    @pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b'{"entry": 5}', b"\xff"])
    def test_a_card_that_is_not_there(self, cloud: WhatsAppCloud, raw: bytes) -> None:
        with pytest.raises(FetchError) as refusal:
            cloud.fetch(Attachment(AttachmentKind.CONTACT, "contact:0"), raw)
        assert refusal.value.permanent


class TestCheck:
    def checks(self, meta: WhatsAppCloudStandIn, **more: str) -> dict[str, tuple[bool, str]]:
        values = {"WHATSAPP_CLOUD_ACCOUNT_ID": ACCOUNT_ID, "WHATSAPP_CLOUD_TEMPLATE": "minta_balas"} | more
        cloud = make(WHATSAPP_CLOUD_API_URL=meta.url, **{name: each for name, each in values.items() if each})
        found = {check.name: (check.ok, check.detail) for check in cloud.check()}
        cloud.close()
        for _, detail in found.values():
            assert TOKEN not in detail
            assert APP_SECRET not in detail
        return found

    def test_all_is_well(self, meta: WhatsAppCloudStandIn) -> None:
        found = self.checks(meta)
        assert {name: ok for name, (ok, _) in found.items()} == dict.fromkeys(
            ("token", "number", "webhook", "account", "template"), True
        )
        assert HOOK in found["webhook"][1]
        assert meta.messages == []

    @pytest.mark.parametrize(
        ("facts", "name", "todo"),
        [
            pytest.param({"token_facts": {"is_valid": False}}, "token", "make a new one", id="token not valid"),
            pytest.param({"token_facts": {"expires_at": 1_800_000_000}}, "token", "2027-01-15", id="token ends"),
            pytest.param(
                {"token_facts": {"scopes": ["whatsapp_business_messaging"]}}, "token", "lacks", id="token lacks"
            ),
            pytest.param({"token_facts": {"app_id": None}}, "webhook", "by hand", id="token names no app"),
            pytest.param({"number_facts": {"status": "PENDING"}}, "number", "register", id="number not registered"),
            pytest.param({"number_facts": {"status": "BANNED"}}, "number", "appeal", id="number banned"),
            pytest.param(
                {"number_facts": {"quality_rating": "RED"}}, "number", "write less", id="number of low quality"
            ),
            pytest.param({"subscriptions": []}, "webhook", "set the callback", id="no webhook"),
            pytest.param({"apps": []}, "account", "subscribed_apps", id="app does not hear"),
            pytest.param({"templates": []}, "template", "approved in WhatsApp Manager", id="no such text"),
            pytest.param(
                {"templates": [template(status="REJECTED")]}, "template", "change the text", id="text rejected"
            ),
            pytest.param({"templates": [template(status="PENDING")]}, "template", "wait", id="text pending"),
            pytest.param({"templates": [template("minta_balas", HEADER)]}, "template", "takes 1 values", id="values"),
        ],
    )
    def test_what_is_wrong_is_told_with_what_to_do(
        self, meta: WhatsAppCloudStandIn, facts: dict[str, Any], name: str, todo: str
    ) -> None:
        for attribute, value in facts.items():
            old = getattr(meta, attribute)
            setattr(meta, attribute, {**old, **value} if isinstance(old, dict) else value)
        ok, detail = self.checks(meta)[name]
        assert not ok
        assert todo in detail

    def test_a_webhook_that_goes_elsewhere_or_without_messages_is_told(self, meta: WhatsAppCloudStandIn) -> None:
        meta.subscribe("https://lain.example.org/hooks/whatsapp-cloud")
        assert "Meta delivers to https://lain" in self.checks(meta)["webhook"][1]
        meta.subscribe(HOOK, "account_update")
        ok, detail = self.checks(meta)["webhook"]
        assert not ok
        assert "subscribe to the field messages" in detail

    def test_a_wrong_app_secret_is_found_out(self, meta: WhatsAppCloudStandIn) -> None:
        ok, detail = self.checks(meta, WHATSAPP_CLOUD_APP_SECRET="1b" * 16)["webhook"]
        assert not ok
        assert "compare WHATSAPP_CLOUD_APP_SECRET" in detail
        assert "token" not in detail

    @pytest.mark.parametrize(
        ("number", "well"), [("+62541000200", True), ("+62541000201", False)], ids=["the same", "another"]
    )
    def test_the_number_citizens_read_is_compared(self, meta: WhatsAppCloudStandIn, number: str, well: bool) -> None:
        ok, detail = self.checks(meta, WHATSAPP_CLOUD_NUMBER=number)["number"]
        assert ok is well
        assert ("set it to +62541000200" in detail) is not well

    def test_a_wrong_account_is_told_once(self, meta: WhatsAppCloudStandIn) -> None:
        found = self.checks(meta, WHATSAPP_CLOUD_ACCOUNT_ID="299999999999999")
        assert "compare WHATSAPP_CLOUD_ACCOUNT_ID" in found["account"][1]
        assert found["template"] == (False, "cannot be looked up: see to the line account first")

    def test_a_text_in_another_language_is_told(self, meta: WhatsAppCloudStandIn) -> None:
        meta.templates = [template(language="en_US")]
        ok, detail = self.checks(meta)["template"]
        assert ok
        assert "not in Indonesian (id)" in detail

    @pytest.mark.parametrize("wrong", ["no webhook", "another's webhook", "no app"])
    def test_a_loopback_address_is_nothing_to_enter_at_meta(self, meta: WhatsAppCloudStandIn, wrong: str) -> None:
        if wrong == "another's webhook":
            meta.subscribe("https://lain.example.org/hooks/whatsapp-cloud")
        elif wrong == "no webhook":
            meta.subscriptions = []
        else:
            meta.token_facts["app_id"] = None
        cloud = WhatsAppCloud(make(WHATSAPP_CLOUD_API_URL=meta.url).values, "http://127.0.0.1:8000")
        line = next(each for each in cloud.check() if each.name == "webhook")
        cloud.close()
        assert not line.ok
        assert "set PUBLIC_URL" in line.detail
        assert "127.0.0.1" not in line.detail

    def test_without_a_text_it_is_told_what_that_costs(self, meta: WhatsAppCloudStandIn) -> None:
        bare = self.checks(meta, WHATSAPP_CLOUD_ACCOUNT_ID="", WHATSAPP_CLOUD_TEMPLATE="")
        assert bare["template"][0]
        assert "24 hours" in bare["template"][1]
        assert self.checks(meta, WHATSAPP_CLOUD_TEMPLATE="")["template"][0]

    @pytest.mark.parametrize(
        "path",
        [
            "debug_token",
            PHONE_ID,
            f"{APP_ID}/subscriptions",
            f"{ACCOUNT_ID}/subscribed_apps",
            f"{ACCOUNT_ID}/message_templates",
        ],
    )
    @pytest.mark.parametrize(
        "plan",
        [
            refused(190, 401),
            refused(100, 400, 33),
            status(500),
            RESET,
            status(200, b"<html>"),
            status(200, {"data": 5}),
        ],
        ids=["refused", "unknown", "failure", "reset", "page", "odd"],
    )
    def test_a_look_that_fails_is_a_line_and_never_an_exception(
        self, meta: WhatsAppCloudStandIn, path: str, plan: Any
    ) -> None:
        meta.fail(plan, path=f"/v24.0/{path}")
        found = self.checks(meta)
        odd_number = path == PHONE_ID and plan.reply.body == b'{"data": 5}'
        assert odd_number or not all(ok for ok, _ in found.values())

    def test_nobody_there(self, meta: WhatsAppCloudStandIn) -> None:
        meta.stop()
        [(name, (ok, detail))] = self.checks(meta).items()
        assert (name, ok) == ("token", False)
        assert "see that this server may reach graph.facebook.com, and that WHATSAPP_CLOUD_API_URL" in detail
        assert "new token" not in detail


def test_what_the_stand_in_posts_is_what_the_channel_reads(cloud: WhatsAppCloud, meta: WhatsAppCloudStandIn) -> None:
    """The two were written apart: the request as it comes over the wire, its signature included."""
    posted: list[Recorded] = []

    class Application(WhatsAppCloudStandIn):
        def answer(self, request: Recorded) -> Reply:
            posted.append(request)
            return Reply(200)

    send(cloud)
    with Application() as application:
        meta.post(application.url, text_message("wamid.IN1", PERSON[1:], "Halo 🙏"), report("wamid.STANDIN1", "read"))
    (request,) = posted
    received = RawRequest("POST", HOOK, request.headers, request.body, NOW)
    cloud.verify(received)
    assert b"\\ud83d" in request.body
    assert [event.external_id for event in cloud.parse(received)] == ["wamid.IN1", "wamid.STANDIN1:read"]
    assert json.loads(request.body)["object"] == "whatsapp_business_account"
