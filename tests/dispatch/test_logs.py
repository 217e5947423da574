"""What a log line holds, and above all what it does not."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dispatch.logs import FIELDS, QUIET, JsonLines

ROOT = Path(__file__).parents[2]
PHONE = "+628110000001"


def line(message: str, *args: object, name: str = "aduan.test", **extra: object) -> str:
    record = logging.getLogger(name).makeRecord(name, logging.WARNING, __file__, 1, message, args, None, extra=extra)
    return JsonLines("tests").format(record)


def test_a_line_says_when_where_and_what():
    found = json.loads(line("send settled", channel="sms", outbox=7))
    assert found["at"].endswith("+00:00")
    assert {name: found[name] for name in ("level", "process", "logger", "message", "channel", "outbox")} == {
        "level": "warning",
        "process": "tests",
        "logger": "aduan.test",
        "message": "send settled",
        "channel": "sms",
        "outbox": 7,
    }


HOSTILE = {
    "line-feed": "a\n2026-11-04 ERROR forged",
    "carriage-return": "a\r\nforged",
    "ansi": "a\x1b[31mred",
    "ansi-eight-bit": "a\x9b31mred",
    "next-line": "a\x85forged",
    "line-separator": "a\u2028forged",
    "delete": "a\x7f",
    "lone-surrogate": "a\ud800",
    "nul": "a\x00",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_value_stays_one_line_of_plain_characters(text):
    written = line("seen", reason=text)
    assert len(written.splitlines()) == 1
    assert all(char >= " " for char in written)
    written.encode("ascii")
    assert json.loads(written)["reason"] == text


def test_only_the_named_fields_are_written():
    extras = {"phone": PHONE, "text": "isi laporan", "sender": "Budi Contoh", "token": "123:abc"}
    assert not {*extras} & {*FIELDS}
    written = line("seen", channel="sms", **extras)
    assert not any(value in written for value in extras.values())


def test_an_exception_is_its_type_and_its_places_never_its_words():
    def call_the_provider() -> None:
        raise ValueError(f"no such number {PHONE}")

    try:
        try:
            call_the_provider()
        except ValueError as inner:
            raise RuntimeError(f"while sending to {PHONE}") from inner
    except RuntimeError:
        record = logging.getLogger("aduan").makeRecord("aduan", 40, __file__, 1, "broke", (), sys.exc_info())
    written = JsonLines("tests").format(record)
    assert PHONE not in written
    found = json.loads(written)
    assert found["exception"] == "RuntimeError"
    assert any("test_logs.py" in frame for frame in found["frames"])


def test_a_library_s_arguments_are_not_written():
    assert PHONE not in line("sending to %s", PHONE, name="somelibrary")
    assert PHONE in line(
        "an id of ours: %s", PHONE, name="aduan.test"
    )  # our own lines are reviewed, so they are filled in


def run(code: str) -> tuple[int, list[dict[str, object]]]:
    program = f"import logging; from dispatch import logs; logs.configure('tests')\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == ""
    return done.returncode, [json.loads(each) for each in done.stderr.splitlines()]


def test_libraries_that_log_whole_addresses_are_quiet_and_warnings_of_all_are_json():
    status, lines = run(
        f"for name in {QUIET!r}: logging.getLogger(name).info('https://api.example.org/bot123:abc/sendMessage')\n"
        "logging.getLogger('httpx').warning('slow'); logging.getLogger('aduan').info('begun')"
    )
    assert status == 0
    assert [each["message"] for each in lines] == ["slow", "begun"]


def test_the_lmtp_server_is_quiet_under_the_name_it_logs_by():
    status, lines = run(
        "from aiosmtpd.smtp import log\nlog.info('RCPT TO'); log.getChild('x').info('y'); log.warning('slow')"
    )
    assert (status, [each["message"] for each in lines]) == (0, ["slow"])


def test_an_exception_nobody_caught_ends_as_a_line_without_its_words():
    status, [last] = run(f"raise RuntimeError('number {PHONE}')")
    assert status == 1
    assert last["exception"] == "RuntimeError"
    assert PHONE not in json.dumps(last)
