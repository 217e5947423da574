"""Mail meant to do harm: it is read or quarantined, and the work grows no faster than the mail."""

from __future__ import annotations

import ast
import base64
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import channels.mail
from channels.errors import Malformed
from channels.mail import mime
from channels.mail.headers import decode_words, message_ids, one_address
from channels.mail.htmltext import to_text
from channels.mail.identity import Identity
from channels.mail.parse import read_event
from channels.mail.quoting import visible
from channels.message import UNPROVEN, Event, InboundMessage
from tests.channels.contract import storable

IDENTITY = Identity("aduan@lapor.contoh.go.id", b"rahasia-kait-surat-untuk-uji")
NOW = datetime(2026, 11, 4, 2, 0, tzinfo=UTC)
HEAD = b"From: siti@contoh.id\r\nMessage-ID: <a@contoh.id>\r\nSubject: Jalan\r\n"


def typed(content_type: str, body: bytes = b"isi\r\n", **headers: str) -> bytes:
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return HEAD + f"Content-Type: {content_type}\r\n{more}\r\n".encode("utf-8", "surrogateescape") + body


def nested(levels: int) -> bytes:
    opened = b"".join(
        b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (n, n + 1) for n in range(levels)
    )
    return typed("multipart/mixed; boundary=b0", opened + b"--b%d\r\n\r\nisi\r\n" % levels)


def mails_in_mails(levels: int) -> bytes:
    return typed("message/rfc822", b"Content-Type: message/rfc822\r\n\r\n" * levels + b"isi\r\n")


def many_parts(count: int) -> bytes:
    return typed("multipart/mixed; boundary=b", b"--b\r\n\r\nx\r\n" * count + b"--b--\r\n")


def html(body: bytes) -> bytes:
    return typed("text/html; charset=utf-8", body)


#: name → (mail, a word of the reason for quarantine; empty: it is read)
CASES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty"),
    "only blanks": (b"\r\n\r\n  \r\n", "empty"),
    "2000 levels": (nested(2000), "nested"),
    "21 levels": (nested(20), "nested"),
    "20 levels": (nested(19), ""),
    "2000 mails in mails": (mails_in_mails(2000), "nested"),
    "100 parts": (many_parts(99), ""),
    "101 parts": (many_parts(100), "parts"),
    "100000 parts": (many_parts(70_000), "parts"),
    "10 MB and one byte": (HEAD + b"\r\n" + b"x" * (10_000_001 - len(HEAD) - 2), "larger"),
    "a million line ends": (HEAD + b"\r\n" * 1_000_000, "lines"),
    "a million bare returns": (HEAD + b"\r\n" + b"\r" * 1_000_000, "lines"),
    "1 MB in one line": (typed("text/plain", b"x" * 1_000_000), ""),
    "HTML of 257 kB": (html(b"<p>x</p>" * 32_100), ""),
    "HTML of 255 kB": (html(b"<p>x</p>" * 31_900), ""),
    "HTML of 257 kB nobody reads": (
        typed(
            "multipart/alternative; boundary=b",
            b"--b\r\n\r\nisi\r\n--b\r\nContent-Type: text/html\r\n\r\n" + b"<p>x</p>" * 32_100 + b"\r\n--b--\r\n",
        ),
        "",
    ),
    "tags that never end": (html(b"<a " * 80_000), ""),
    "quotes that never end": (html(b"<a x='" * 40_000), ""),
    "comments that never end": (html(b"<!--" * 60_000), ""),
    "40000 nested blocks": (html(b"<blockquote>" * 20_000 + b"x"), ""),
    "a reference of many digits": (html(b"&#" + b"9" * 100_000 + b"; isi"), ""),
    "unknown character set": (typed("text/plain; charset=klingon"), ""),
    "a codec for a character set": (typed("text/plain; charset=rot13"), ""),
    "quadratic codec": (typed("text/plain; charset=punycode", b"a-" * 100_000), ""),
    "character set with NUL": (typed('text/plain; charset="utf-8\0"'), ""),
    "character set of 5000 letters": (typed(f"text/plain; charset={'x' * 5000}"), ""),
    "type that is none": (typed(";;;///"), ""),
    "type with raw bytes": (typed("\udcff\udcfe/\udcff; charset=\udcff"), ""),
    "type of 100 kB": (typed("text/plain; " + "a=b; " * 20_000), ""),
    "type with quoted semicolons": (typed('text/plain; x="' + ";" * 3000), ""),
    "boundary of blanks": (typed('multipart/mixed; boundary="   "'), ""),
    "boundary with a pattern": (typed('multipart/mixed; boundary="(a+)+$"', b"--(a+)+$\r\n\r\nisi\r\n"), ""),
    "multipart in base64": (
        typed("multipart/mixed; boundary=b", b"--b\r\n\r\nx", Content_Transfer_Encoding="base64"),
        "",
    ),
    "base64 that is none": (typed("text/plain", b"\xff\xfe===", Content_Transfer_Encoding="base64"), ""),
    "quoted-printable cut": (typed("text/plain", b"a=\r\n=F=", Content_Transfer_Encoding="quoted-printable"), ""),
    "uuencode that is none": (
        typed("text/plain", b"begin 6 x\r\n\xff\r\nend", Content_Transfer_Encoding="x-uuencode"),
        "",
    ),
    "NUL in every header": (b"From: siti@contoh.id\r\nSubject: a\0b\r\nTo: \0\r\nDate: \0\r\n\r\nisi\0", ""),
    "lone surrogates": (typed("text/plain; charset=utf-8", b"\xed\xa0\x80 isi"), ""),
    "lone surrogates in UTF-16": (typed("text/plain; charset=utf-16-le", b"\x00\xd8i\x00"), ""),
    "surrogates in a word": (HEAD.replace(b"Jalan", b"=?utf-16-be?B?2AA=?= =?utf-7?Q?+2AA-?=") + b"\r\nisi", ""),
    "subject with a header inside": (HEAD.replace(b"Jalan", b"=?utf-8?Q?hi=0ABcc:_x?=") + b"\r\nisi", ""),
    "subject of encoded beginnings": (HEAD.replace(b"Jalan", b"=?a?q?" * 20_000) + b"\r\nisi", ""),
    "1 MB subject": (HEAD.replace(b"Jalan", b"x" * 1_000_000) + b"\r\nisi", ""),
    "5000 recipients": (HEAD + b"To: " + b", ".join(b"a%d@contoh.id" % n for n in range(5000)) + b"\r\n\r\nisi", ""),
    "50000 headers": (HEAD + b"X-A: b\r\n" * 50_000 + b"\r\nisi", ""),
    "50000 references": (HEAD + b"References: " + b"<r@c>\r\n " * 50_000 + b"\r\n\r\nisi", ""),
    "comments without end": (b"From: " + b"(" * 50_000 + b"siti@contoh.id\r\n\r\nisi", ""),
    "bad date": (HEAD + b"Date: Wed, 99 Foo 99999999999999999 99:99:99 +99999\r\n\r\nisi", ""),
    "file name of 100 kB": (
        typed("image/png", b"", Content_Disposition="attachment; filename=" + "a" * 100_000 + ".png"),
        "",
    ),
    "file name in 2000 pieces": (
        typed("image/png", b"", Content_Disposition="attachment; " + "; ".join(f"filename*{n}=a" for n in range(2000))),
        "",
    ),
    "file name in an odd set": (
        typed("image/png", b"", Content_Disposition="attachment; filename*=punycode''%FF%FE"),
        "",
    ),
    "file name with broken pieces": (
        typed("image/png", b"", Content_Disposition="attachment; filename*x*=a; filename*1*=b; filename*=''"),
        "",
    ),
    "report without blocks": (
        typed(
            "multipart/report; report-type=delivery-status; boundary=b",
            b"--b\r\nContent-Type: message/delivery-status\r\n",
        ),
        "",
    ),
    "report of 5000 blocks": (
        typed("message/delivery-status", b"Action: failed\r\nStatus: 5.1.1\r\n\r\n" * 5000),
        "parts",
    ),
    "partial mail": (typed("message/partial; id=x; number=1", b"isi"), ""),
    "external body": (typed("message/external-body; access-type=URL; URL=file:///etc/passwd", b"\r\nisi"), ""),
    "many reply addresses": (HEAD + b"Cc: " + b"aduan+x.0@lapor.contoh.go.id, " * 20_000 + b"\r\n\r\nisi", ""),
}


@pytest.mark.parametrize(("raw", "reason"), CASES.values(), ids=CASES.keys())
def test_hostile_mail_is_read_or_quarantined(raw: bytes, reason: str) -> None:
    if reason:
        with pytest.raises(Malformed, match=reason):
            read_event(raw, NOW, IDENTITY)
        return
    event = read_event(raw, NOW, IDENTITY)
    assert event is not None
    storable(event)
    if isinstance(event, InboundMessage):
        assert len(event.text) <= 100_000
        assert "\n" not in event.subject + event.sender_name + "".join(item.filename for item in event.attachments)
        assert all(len(item.filename) <= 120 for item in event.attachments)


@pytest.mark.parametrize("raw", [b"x" * 10_000_001, b"\n" * 250_001], ids=["size", "lines"])
def test_a_cap_is_checked_before_anything_is_parsed(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mime, "BytesParser", None)
    with pytest.raises(Malformed):
        mime.open_mail(b"x" + raw)


@pytest.mark.parametrize("raw", [many_parts(70_000), nested(2000)], ids=["parts", "levels"])
def test_a_tree_too_large_is_left_off_at_the_cap(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    attach = mime.Part.attach

    def counted(self: mime.Part, payload: Any) -> None:
        made.append(payload)
        attach(self, payload)

    monkeypatch.setattr(mime.Part, "attach", counted)
    with pytest.raises(Malformed):
        mime.open_mail(raw)
    assert len(made) <= mime.PARTS_MAX + 1


def test_a_long_header_keeps_its_end_only() -> None:
    root = mime.open_mail(CASES["50000 references"][0])
    assert len(str(root["References"])) <= mime.HEADER_MAX
    assert len(str(mime.open_mail(CASES["type of 100 kB"][0])["Content-Type"])) <= 4_000
    event = read_event(HEAD + b"References: " + b"<r@c>\r\n " * 50_000 + b"<z@c>\r\n\r\nisi", NOW, IDENTITY)
    assert isinstance(event, InboundMessage)
    assert event.reply_to == ("z@c", "r@c")


def test_a_long_text_is_cut_and_says_so() -> None:
    event = read_event(typed("text/plain", b"kata kata\r\n" * 20_000), NOW, IDENTITY)
    assert isinstance(event, InboundMessage)
    assert len(event.text) == 100_000
    assert event.notes == (UNPROVEN, "text cut: 100000 characters")


# -- the ladder: twice the input, at most twice the steps ------------------------------------------------------------


def steps(work: Callable[[], object]) -> int:
    """How many lines of Python run: a count, so that a busy machine changes nothing."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


TEXT_RUNGS = (
    "On On On ",
    "\n",
    ">\n",
    "> > >",
    "Pada \n",
    "Pada tanggal 1.00\n",
    "menulis:\n",
    "Pada x@y.id 10.00\n",
    "On a@b.id\nwrote\n",
    "Dari: a@b.id\n",
    "From: a@b.id\nSent: 1.00\n",
    "--\n",
    "-- \nx\n",
    "_" * 25 + "\n",
    "_",
    "Dikirim dari hp\n",
    "*",
    "\u00a0",
    "a\n\n",
    "-----\n",
    "2026-01-01 x@y.id\n",
    "<a@b.id> menulis:",
    "> Pada\n",
    "a@",
    ":",
    "1.",
)


@pytest.mark.parametrize("rung", TEXT_RUNGS, ids=[repr(rung[:20]) for rung in TEXT_RUNGS])
@pytest.mark.parametrize("reply", [False, True], ids=["first mail", "reply"])
def test_cutting_quotes_is_linear(rung: str, reply: bool) -> None:
    small, large = (steps(lambda text=rung * n: visible(text, reply=reply)) for n in (1000, 2000))
    assert large <= 2.2 * small + 200


class Counted(str):
    """A text that counts the characters its searches pass over, which Python's own line count does not see."""

    passed = 0

    def find(self, *args: Any) -> int:  # type: ignore[override]
        start = args[1] if len(args) > 1 else 0
        found = super().find(*args)
        Counted.passed += (found if found >= 0 else len(self)) - start + 1
        return found

    def lower(self) -> Counted:
        return Counted(super().lower())


HTML_RUNGS = (
    "<",
    "<a",
    "<a ",
    "<a x='",
    '<a x="',
    "<a x='\"",
    "<a x=\"'>",
    "<!--",
    "<!",
    "<?",
    "</",
    "</a>",
    "<a>",
    "<script>",
    "<SCRIPT",
    "<style></",
    "&#9",
    "&",
    "&amp",
    "<li>",
    "<li><p>",
    "<br>",
    "<td>",
    "<p>x",
    "<blockquote>",
    "</blockquote>",
    "<a href=http://x>y",
    "<a href=http://x>y</a>",
    "<b =\"'",
    "x='",
    "<p x='>",
    "<title>",
    "<!-->",
    "--><!--",
    "x",
    " ",
)


@pytest.mark.parametrize("rung", HTML_RUNGS)
def test_reading_html_is_linear(rung: str) -> None:
    def work(n: int) -> int:
        Counted.passed = 0
        return steps(lambda: to_text(Counted(rung * n))) + Counted.passed

    small, large = work(1000), work(2000)
    assert large <= 2.2 * small + 200


def test_one_tag_of_many_attributes_is_read_in_linear_steps() -> None:
    def work(n: int) -> int:
        Counted.passed = 0
        return steps(lambda: to_text(Counted("<p " + "a='>' b=\"<\" " * n + ">isi"))) + Counted.passed

    assert work(2000) <= 2.2 * work(1000) + 200


HEADER_READERS: dict[str, Callable[[str], object]] = {
    "encoded words": decode_words,
    "address": one_address,
    "message ids": message_ids,
    "reply address": lambda text: IDENTITY.ticket_of([text]),
}
HEADER_RUNGS = (
    "=?",
    "=?a?q?",
    "=?a?q?x?=",
    "=?a?b?=?=",
    "(",
    '"',
    "<",
    "<a@b>",
    "\\",
    "aduan+x.0@",
    "a@b, ",
    " ",
    "<a ",
)


@pytest.mark.parametrize("rung", HEADER_RUNGS)
@pytest.mark.parametrize("reader", HEADER_READERS.values(), ids=HEADER_READERS.keys())
def test_reading_a_header_is_linear(reader: Callable[[str], object], rung: str) -> None:
    small, large = (steps(lambda text=rung * n: reader(text)) for n in (2000, 4000))
    assert large <= 2.2 * small + 200


MAIL_SHAPES: dict[str, Callable[[int], bytes]] = {
    "lines": lambda n: typed("text/plain", b"x\r\n" * n),
    "headers": lambda n: HEAD + b"X-A: b\r\n" * n + b"\r\nisi",
    "one folded header": lambda n: HEAD + b"X-A: b\r\n" + b" c\r\n" * n + b"\r\nisi",
    "boundaries of nobody": lambda n: typed("multipart/mixed; boundary=b", b"--c\r\n" * n),
    "lines twenty levels down": lambda n: nested(19) + b"x\r\n" * n,
    "base64": lambda n: typed("text/plain", base64.encodebytes(b"x" * 57 * n), Content_Transfer_Encoding="base64"),
}


@pytest.mark.parametrize("shape", MAIL_SHAPES.values(), ids=MAIL_SHAPES.keys())
def test_reading_a_mail_is_linear(shape: Callable[[int], bytes]) -> None:
    def read(raw: bytes) -> Event | None:
        return read_event(raw, NOW, IDENTITY)

    small, large = (steps(lambda raw=raw: read(raw)) for raw in (shape(1000), shape(2000)))
    assert large <= 2.2 * small + 500


def test_no_pattern_runs_over_a_mail() -> None:
    """Neither a regular expression nor a library that runs one over a body is imported by the mail channel."""
    banned = {
        "re",
        "regex",
        "html.parser",
        "email.header.decode_header",
        "email.headerregistry",
        "email.utils.getaddresses",
    }
    sources = list(Path(channels.mail.__file__).parent.glob("*.py"))
    assert len(sources) >= 8
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Import):
                assert not {name.name for name in node.names} & banned, source.name
            if isinstance(node, ast.ImportFrom):
                names = {node.module} | {f"{node.module}.{name.name}" for name in node.names}
                assert not names & banned, source.name
