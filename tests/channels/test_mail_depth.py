"""What a mail can prove about its sender, files inside files, and how far mailbox and settings are trusted."""

from __future__ import annotations

import binascii
import hashlib
import hmac
import struct
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.message import Message
from types import FrameType
from typing import Any

import pytest

from channels.base import RawRequest
from channels.coverage import Becomes, Group
from channels.errors import FetchError, Forged, Misconfigured, Permanent, Temporary
from channels.mail import POLL_SECONDS, SOON_SECONDS, Mail
from channels.mail.authentication import verdict
from channels.mail.headers import Headers
from channels.mail.identity import Identity
from channels.mail.imap import BATCH
from channels.mail.inner import open_winmail, split_uuencoded
from channels.mail.meanings import ERRORS, nearest
from channels.mail.parse import ENVELOPE_FROM, ENVELOPE_TO, Told, read_event
from channels.mail.table import HANDLED
from channels.message import UNPROVEN, DeliveryReport, DeliveryState, InboundMessage
from tests.channels.examples_mail import PAYLOADS, STEMS, parse_example
from tests.support.providers.mail import ImapStandIn
from tests.support.servers import wait_until

ADDRESS = "aduan@lapor.contoh.go.id"
SECRET, OLDER = "rahasia-kait-surat-untuk-uji", "rahasia-yang-dulu-dipakai"
NOW = datetime(2026, 11, 4, 2, 0, tzinfo=UTC)
IDENTITY = Identity(ADDRESS, SECRET.encode())
BORDER = "mx.lapor.contoh.go.id"


def mail_of(**values: str) -> Mail:
    usual = {"MAIL_FROM": ADDRESS, "SMTP_URL": "smtp://127.0.0.1:1", "MAIL_HOOK_SECRET": SECRET}
    return Mail({name: value for name, value in (usual | values).items() if value}, "https://x.invalid")


# -- who vouches for the sender --------------------------------------------------------------------------------------

GOOD = f"{BORDER}; dmarc=pass header.from=contoh.id"
#: name → (authserv-id in the settings, the headers from the top, verdict)
VERDICTS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "our border says pass": (BORDER, (GOOD,), "pass"),
    "in capitals": (BORDER.upper(), (GOOD,), "pass"),
    "with version, comments and other methods": (
        BORDER,
        (f"{BORDER} 1 (a; dmarc=fail); spf=fail (x) smtp.mailfrom=x; dmarc=pass (p=none) header.from=contoh.id",),
        "pass",
    ),
    "dmarc without a domain": (BORDER, (f"{BORDER}; dmarc=pass",), "pass"),
    "our border says fail": (BORDER, (f"{BORDER}; dmarc=fail header.from=contoh.id",), "fail"),
    "our border found no policy": (BORDER, (f"{BORDER}; dmarc=none",), "none"),
    "our border has trouble": (BORDER, (f"{BORDER}; dmarc=temperror",), "none"),
    "only dkim": (BORDER, (f"{BORDER}; dkim=pass header.d=contoh.id",), "none"),
    "about another domain": (BORDER, (f"{BORDER}; dmarc=pass header.from=jahat.id",), "none"),
    "none set": ("", (GOOD,), "none"),
    "no header": (BORDER, (), "none"),
    "somebody else's": (BORDER, ("mx.jahat.id; dmarc=pass",), "none"),
    "a name that begins like ours": (BORDER, (f"{BORDER}.jahat.id; dmarc=pass",), "none"),
    "a forged one below ours": (BORDER, (f"{BORDER}; dmarc=fail header.from=contoh.id", GOOD), "fail"),
    "split over two headers of ours": (BORDER, (f"{BORDER}; spf=pass smtp.mailfrom=x", GOOD), "pass"),
    "in a comment": (BORDER, (f"({BORDER}; dmarc=pass) mx.jahat.id; dmarc=pass",), "none"),
    "in a quoted reason": (BORDER, (f'{BORDER}; spf=fail reason="(x; dmarc=pass"',), "none"),
    "brackets without end": (BORDER, ("(" * 50_000 + GOOD,), "none"),
    "empty": (BORDER, ("",), "none"),
}


@pytest.mark.parametrize(("authserv", "values", "found"), VERDICTS.values(), ids=VERDICTS.keys())
def test_only_our_own_border_vouches_for_a_sender(authserv: str, values: tuple[str, ...], found: str) -> None:
    message = Message()
    for value in values:
        message["Authentication-Results"] = value
    assert verdict(Headers(message), authserv, "siti@contoh.id") == found


def letter(**headers: str) -> bytes:
    usual = {"From": "Siti <siti@contoh.id>", "Subject": "Jalan rusak", "Message-ID": "<a@contoh.id>"}
    written = usual | {name.replace("_", "-"): value for name, value in headers.items()}
    return ("".join(f"{name}: {value}\r\n" for name, value in written.items()) + "\r\nIsi.\r\n").encode()


def read(told: Told, **headers: str) -> InboundMessage:
    event = read_event(letter(**headers), NOW, IDENTITY, told)
    assert isinstance(event, InboundMessage)
    return event


def test_what_the_border_found_is_a_note() -> None:
    border = Told(authserv_id=BORDER)
    assert read(border, Authentication_Results=GOOD).notes == ()
    assert read(border, Authentication_Results=f"{BORDER}; dmarc=fail").notes == ("dmarc: fail", UNPROVEN)
    assert read(border).notes == ("dmarc: none", UNPROVEN)
    assert read(Told(), Authentication_Results=GOOD).notes == (UNPROVEN,)


# -- the envelope ----------------------------------------------------------------------------------------------------


def test_the_envelope_names_ticket_and_machine() -> None:
    told = Told(envelope_sender="<>", envelope_recipients=IDENTITY.reply_address("KLT-AB12"))
    event = read(told)
    assert (event.thread, event.automatic, event.notes[0]) == ("KLT-AB12", True, "automatic: null-sender")


def signed(raw: bytes, secret: str, **headers: str) -> RawRequest:
    stamp = str(int(NOW.timestamp()))
    mac = hmac.new(secret.encode(), stamp.encode() + b"." + raw, hashlib.sha256).hexdigest()
    given = {"X-Aduan-Timestamp": stamp, "X-Aduan-Signature": f"sha256={mac}", **headers}
    return RawRequest("POST", "https://x.invalid/hooks/mail", given, raw, NOW)


BESIDE = {
    ENVELOPE_TO: IDENTITY.reply_address("KLT-AB12"),
    ENVELOPE_FROM: "<>",
    "X-Aduan-Oversize": "99",
    "X-Aduan-Unfetchable": "uid 1",
}


@pytest.mark.parametrize(("name", "value"), BESIDE.items(), ids=BESIDE.keys())
def test_a_header_beside_a_posted_mail_is_not_believed(name: str, value: str) -> None:
    """The signature covers the mail, not the headers of the request."""
    (plain,) = mail_of().parse(signed(letter(), SECRET))
    (event,) = mail_of().parse(signed(letter(), SECRET, **{name: value}))
    assert event == plain


def test_an_old_secret_still_opens_while_it_is_set() -> None:
    before, after = mail_of(MAIL_HOOK_SECRET=OLDER), mail_of(MAIL_HOOK_SECRET_OLD=OLDER)
    request = signed(letter(To=before.reply_address("KLT-AB12")), OLDER)
    after.verify(request)
    (event,) = after.parse(request)
    assert isinstance(event, InboundMessage)
    assert event.thread == "KLT-AB12"
    assert after.reply_address("KLT-AB12") == mail_of().reply_address("KLT-AB12") != before.reply_address("KLT-AB12")
    with pytest.raises(Forged):
        mail_of().verify(request)
    (event,) = mail_of().parse(request)
    assert isinstance(event, InboundMessage)
    assert event.thread == ""


FAULTS = {
    "an old secret alone": ({"MAIL_HOOK_SECRET": "", "MAIL_HOOK_SECRET_OLD": OLDER}, "MAIL_HOOK_SECRET_OLD"),
    "a short old secret": ({"MAIL_HOOK_SECRET_OLD": "pendek"}, "MAIL_HOOK_SECRET_OLD"),
    "a place without a port": ({"LMTP_BIND": "127.0.0.1"}, "LMTP_BIND"),
    "a place with an odd port": ({"LMTP_BIND": "127.0.0.1:surat"}, "LMTP_BIND"),
    "a port too high": ({"LMTP_BIND": "127.0.0.1:70000"}, "LMTP_BIND"),
    "a socket without a path": ({"LMTP_BIND": "unix:"}, "LMTP_BIND"),
    "a socket with a path too long": ({"LMTP_BIND": "unix:" + "a" * 101}, "LMTP_BIND"),
    "an authserv-id of two words": ({"MAIL_AUTHSERV_ID": "mx a"}, "MAIL_AUTHSERV_ID"),
}


@pytest.mark.parametrize(("values", "named"), FAULTS.values(), ids=FAULTS.keys())
def test_a_bad_setting_is_one_fault(values: dict[str, str], named: str) -> None:
    usual = {"MAIL_FROM": ADDRESS, "SMTP_URL": "smtp://h", "MAIL_HOOK_SECRET": SECRET}
    (fault,) = Mail.faults(usual | values)
    assert fault.startswith(named)
    assert "pendek" not in fault


@pytest.mark.parametrize("bind", ["127.0.0.1:8024", "[::1]:8024", "unix:var/lmtp.sock"])
def test_a_place_to_listen_is_no_fault(bind: str) -> None:
    assert Mail.faults({"MAIL_FROM": ADDRESS, "SMTP_URL": "smtp://h", "LMTP_BIND": bind}) == []


# -- files inside files ----------------------------------------------------------------------------------------------


def tnef(*objects: tuple[int, int, bytes]) -> bytes:
    made = [
        struct.pack("<BHHI", level, name, 6, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)
        for level, name, data in objects
    ]
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(made)


FILE = ((2, 0x9002, bytes(14)), (2, 0x8010, b"FOTO.JPG\0"), (2, 0x800F, b"isi foto"))
PILE = struct.pack("<I", 0xFFFFFFFF)
#: A list of four billion numbers of two bytes each, of which none is there.
ENDLESS = struct.pack("<IHHI", 1, 0x1002, 0x3001, 0xFFFFFFFF)
#: name → (bytes, names of the files, was that all)
WINMAILS: dict[str, tuple[bytes, list[str], bool]] = {
    "one file": (tnef(*FILE), ["FOTO.JPG"], True),
    "two files": (tnef(*FILE, *FILE), ["FOTO.JPG", "FOTO.JPG"], True),
    "nothing": (b"", [], False),
    "another file": (b"\xff\xd8\xff\xe0", [], False),
    "cut in a file": (tnef(*FILE)[:-4], [], False),
    "properties of four billion": (tnef((1, 0x9003, PILE), *FILE), ["FOTO.JPG"], False),
    "a list of four billion": (tnef((1, 0x9003, ENDLESS), *FILE), ["FOTO.JPG"], False),
    "recipients of four billion": (tnef((1, 0x9004, PILE), *FILE), ["FOTO.JPG"], True),
    "a file's properties of four billion": (tnef(*FILE, (2, 0x9005, PILE)), ["FOTO.JPG"], False),
    "a property without end": (
        tnef((1, 0x9003, struct.pack("<IHHII", 1, 0x1E, 0x3001, 1, 0xFFFFFFF0)), *FILE),
        ["FOTO.JPG"],
        False,
    ),
    "content before its file": (tnef((2, 0x800F, b"isi")), [], False),
    "300 empty objects": (tnef(*[(1, 0x8004, b"")] * 300), [], False),
    "a length of four billion": (tnef()[:6] + struct.pack("<BHHI", 2, 0x800F, 6, 0xFFFFFFF0) + bytes(40), [], False),
}


@pytest.mark.parametrize(("data", "names", "whole"), WINMAILS.values(), ids=WINMAILS.keys())
def test_winmail_is_opened_or_kept(data: bytes, names: list[str], whole: bool) -> None:
    inner = open_winmail(data)
    assert ([name for name, _ in inner.files], inner.whole) == (names, whole)


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


def test_a_winmail_of_small_objects_costs_no_more_however_large_it_is() -> None:
    small, large = (steps(lambda n=n: open_winmail(tnef(*[(1, 0x8004, b"")] * n))) for n in (1_000, 2_000))
    assert large <= 2.2 * small + 200
    ready = tnef(*[(1, 0x8004, b"")] * 100_000)
    assert steps(lambda: open_winmail(ready)) < 5_000


UU = "".join(binascii.b2a_uu(b"jalan rusak" * 3).decode() for _ in range(3))
UUENCODED: dict[str, tuple[str, str, list[str]]] = {
    "one file": (f"a\nbegin 644 x.jpg\n{UU}`\nend\nb", "a\nb", ["x.jpg"]),
    "two files": (f"begin 644 x.jpg\n{UU}end\nbegin 600 y z.png\n{UU}end", "", ["x.jpg", "y z.png"]),
    "no end": (f"begin 644 x.jpg\n{UU}", f"begin 644 x.jpg\n{UU}", []),
    "nothing in it": ("begin 644 x.jpg\nend", "begin 644 x.jpg\nend", []),
    "no mode": ("begin to repair it\nend", "begin to repair it\nend", []),
    "a sentence": ("Please begin 644 times\nend", "Please begin 644 times\nend", []),
    "a damaged line": (f"begin 644 x\n{UU}é é\nend", f"begin 644 x\n{UU}é é\nend", []),
}


@pytest.mark.parametrize(("text", "left", "names"), UUENCODED.values(), ids=UUENCODED.keys())
def test_uuencoded_files_are_cut_out_of_the_text(text: str, left: str, names: list[str]) -> None:
    inner = split_uuencoded(text)
    assert (inner.text, [name for name, _ in inner.files]) == (left, names)
    assert all(data == b"jalan rusak" * 9 for _, data in inner.files)


@pytest.mark.parametrize("rung", ["begin 644 x\n", f"begin 644 x\n{UU}", "begin 644 x\n`\n", "begin 644 x\nend\n"])
def test_looking_for_uuencoded_files_is_linear(rung: str) -> None:
    small, large = (steps(lambda text=rung * n: split_uuencoded(text)) for n in (500, 1_000))
    assert large <= 2.2 * small + 200


@pytest.mark.parametrize("stem", ["winmail-dat-with-a-photo", "winmail-dat-lying-counts", "uuencoded-photo"])
def test_a_file_inside_a_part_is_fetched(stem: str) -> None:
    (event,) = parse_example(stem)
    assert isinstance(event, InboundMessage)
    raw = (PAYLOADS / f"{stem}.eml").read_bytes()
    photo = event.attachments[0]
    assert mail_of().fetch(photo, raw).startswith(b"\xff\xd8\xff\xe0")
    for source in (f"{photo.source.rpartition(':')[0]}:9", f"{photo.source}x", f"{photo.source}:0"):
        with pytest.raises(FetchError):
            mail_of().fetch(type(photo)(photo.kind, source), raw)


# -- the mailbox, played ---------------------------------------------------------------------------------------------


def kept(uid: int) -> bytes:
    return f"From: siti@contoh.id\r\nMessage-ID: <m{uid}@contoh.id>\r\n\r\nSurat {uid}.\r\n".encode()


@pytest.fixture
def mailbox() -> Iterator[ImapStandIn]:
    with ImapStandIn(mails={3: kept(3)}, offers=("IDLE",)).serve() as stand_in:
        yield stand_in


@pytest.fixture
def reader(mailbox: ImapStandIn) -> Iterator[Mail]:
    channel = mail_of(IMAP_URL=mailbox.url)
    yield channel
    channel.close()


def test_a_server_that_tells_is_waited_for_and_searched_again(mailbox: ImapStandIn, reader: Mail) -> None:
    assert reader.pull_every == POLL_SECONDS
    mailbox.idling = lambda: mailbox.mails.update({4: kept(4)})
    assert [mail.cursor for mail in reader.pull("", 600)] == ["7:3", "7:4"]
    assert mailbox.asked.count("IDLE") == 1
    assert reader.pull_every == SOON_SECONDS
    assert mailbox.asked.count("LOGIN") == 1
    assert list(reader.pull("7:4", 0)) == []
    assert mailbox.asked.count("LOGIN") == 1


def test_a_server_that_does_not_tell_is_not_waited_for(mailbox: ImapStandIn, reader: Mail) -> None:
    mailbox.offers = ()
    assert len(list(reader.pull("", 600))) == 1
    assert "IDLE" not in mailbox.asked
    assert reader.pull_every == POLL_SECONDS


def test_a_server_that_refuses_to_tell_after_all_is_only_searched(mailbox: ImapStandIn, reader: Mail) -> None:
    mailbox.idle_refused = True
    assert len(list(reader.pull("", 600))) == 1


def test_a_server_lost_while_we_wait_is_temporary_and_asked_anew(mailbox: ImapStandIn, reader: Mail) -> None:
    mailbox.idle_deadly = True
    with pytest.raises(Temporary):
        list(reader.pull("7:3", 600))
    mailbox.idle_deadly = False
    mailbox.mails[4] = kept(4)
    mailbox.offers = ()
    assert [mail.cursor for mail in reader.pull("7:3", 0)] == ["7:4"]


def test_years_of_mail_are_read_a_part_at_a_look(mailbox: ImapStandIn, reader: Mail) -> None:
    mailbox.mails = {uid: kept(uid) for uid in range(1, BATCH + 11)}
    first = list(reader.pull("", 600))
    assert (len(first), reader.pull_every) == (BATCH, SOON_SECONDS)
    assert "IDLE" not in mailbox.asked
    assert len(list(reader.pull(first[-1].cursor, 0))) == 10


def test_closing_signs_out(mailbox: ImapStandIn, reader: Mail) -> None:
    list(reader.pull("", 0))
    reader.close()
    wait_until(lambda: "LOGOUT" in mailbox.asked, what="the goodbye")


# -- tables ----------------------------------------------------------------------------------------------------------


def test_every_example_is_there_and_every_bounce_is_measured() -> None:
    assert {row.example for row in HANDLED if row.example} <= set(STEMS)
    assert all(row.example for row in HANDLED if row.group is not Group.STATE)
    found = {stem: parse_example(stem) for stem in STEMS if stem.startswith(("bounce-", "report-", "alike-"))}
    reports = [stem for stem, events in found.items() if events and isinstance(events[0], DeliveryReport)]
    alike = [stem for stem in found if stem.startswith("alike-")]
    assert (len(reports) >= 30, len(alike) >= 8) == (True, True)
    assert not set(reports) & set(alike)


def test_every_status_a_report_names_stands_in_the_table() -> None:
    events = [event for stem in STEMS for event in parse_example(stem) if isinstance(event, DeliveryReport)]
    failed = [event for event in events if event.state is DeliveryState.FAILED]
    assert len(failed) >= 25
    assert {event.error_code for event in failed} <= set(ERRORS)


NEAREST = {"5.1.1": "5.1.1", "5.4.316": "5.4.0", "5.9.9": "5.0.0", "4.9.1": "4.0.0", "2.0.0": "2.0.0", "": "", "x": "x"}


@pytest.mark.parametrize(("status", "code"), NEAREST.items())
def test_a_status_of_no_row_is_read_by_its_nearest(status: str, code: str) -> None:
    assert nearest(status) == code


MEANT = {"5.1.1": Permanent, "5.2.2": Temporary, "4.2.2": Temporary, "5.7.1": Permanent, "535": Misconfigured}


@pytest.mark.parametrize(("code", "kind"), MEANT.items())
def test_the_table_means_what_the_sender_acts_by(code: str, kind: type[Exception]) -> None:
    assert issubclass(ERRORS[code].error, kind)


def test_nothing_is_ignored_but_our_own_words() -> None:
    assert [row.how for row in HANDLED if row.becomes is Becomes.NOTHING] == ["it is our own words"] * 2
