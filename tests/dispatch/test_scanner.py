"""The virus scanner: our side of clamd's protocol against a stand-in that speaks it on loopback."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatch import doctor, scanner
from dispatch.config import ConfigFaults, Settings
from dispatch.runtime import Runtime
from dispatch.scanner import ClamAV, ScannerAway, configured

#: Not a virus: the stand-in finds it in any file that holds it.
MARK = b"tanda-uji-virus"
VERSION = "ClamAV 1.4.3/27777/Sun Nov 22 09:00:00 2026"
one_database = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


class Daemon:
    """clamd as its manual describes it: z-commands, INSTREAM in chunks, a limit on what a stream may hold."""

    def __init__(self, listening: socket.socket, *, limit: int = 1_000_000, mood: str = "") -> None:
        self.listening = listening
        self.limit = limit
        self.mood = mood
        self.chunks: list[int] = []
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                try:
                    self._answer(connection)
                except OSError:
                    continue

    def _answer(self, connection: socket.socket) -> None:
        if self.mood == "mute":
            connection.recv(1)
            threading.Event().wait(1.5)
            return
        if self.mood == "hangs up":
            return
        command = b""
        while not command.endswith(b"\0"):
            command += connection.recv(1)
        if command == b"zVERSION\0":
            connection.sendall((VERSION if self.mood != "stranger" else "220 mail.example ESMTP").encode() + b"\0")
            return
        assert command == b"zINSTREAM\0"
        if self.mood == "drips":
            for letter in b"stream: OK\0":
                connection.sendall(bytes([letter]))
            self._read(connection)
            return
        data = self._read(connection)
        if data is None:
            connection.sendall(b"INSTREAM size limit exceeded. ERROR\0")
        elif self.mood == "broken":
            connection.sendall(b"stream: Can't allocate memory ERROR\0")
        elif MARK in data:
            connection.sendall(b"stream: Test.Mark.UNOFFICIAL FOUND\0")
        else:
            connection.sendall(b"stream: OK\0")

    def _read(self, connection: socket.socket) -> bytes | None:
        data = b""
        while True:
            (size,) = struct.unpack("!L", self._exactly(connection, 4))
            if size == 0:
                return data
            self.chunks.append(size)
            data += self._exactly(connection, size)
            if len(data) > self.limit:
                return None

    @staticmethod
    def _exactly(connection: socket.socket, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = connection.recv(count - len(data))
            if not part:
                raise ConnectionError
            data += part
        return data

    def close(self) -> None:
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.thread.join(5)


@pytest.fixture(params=["tcp", "unix"])
def listening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    if request.param == "tcp":
        opened = socket.create_server(("127.0.0.1", 0))
        address = f"127.0.0.1:{opened.getsockname()[1]}"
    else:
        opened = socket.socket(socket.AF_UNIX)
        opened.bind(str(tmp_path / "clamd.ctl"))
        opened.listen()
        address = f"unix:{tmp_path / 'clamd.ctl'}"
    yield opened, address
    opened.close()


def serve(listening: tuple[socket.socket, str], request: pytest.FixtureRequest, **how: object) -> tuple[Daemon, ClamAV]:
    daemon = Daemon(listening[0], **how)  # type: ignore[arg-type]
    request.addfinalizer(daemon.close)
    return daemon, ClamAV(listening[1], patience=1.0)


FILES = {
    "empty": (b"", ""),
    "clean": (b"%PDF-1.7", ""),
    "infected": (b"x" + MARK, "Test.Mark.UNOFFICIAL"),
    "one-chunk": (bytes(scanner.CHUNK), ""),
    "mark-across-chunks": (bytes(scanner.CHUNK - 5) + MARK, "Test.Mark.UNOFFICIAL"),
    "many-chunks": (bytes(900_000), ""),
}


@pytest.mark.parametrize(("data", "virus"), FILES.values(), ids=FILES)
def test_a_file_is_looked_at(data: bytes, virus: str, listening, request: pytest.FixtureRequest) -> None:
    daemon, clamav = serve(listening, request)
    assert clamav.scan(data) == virus
    assert sum(daemon.chunks) == len(data)
    assert max(daemon.chunks, default=0) <= scanner.CHUNK


def test_it_says_who_it_is(listening, request: pytest.FixtureRequest) -> None:
    assert serve(listening, request)[1].version() == VERSION


def test_one_scanner_serves_many_files(listening, request: pytest.FixtureRequest) -> None:
    _, clamav = serve(listening, request)
    assert [clamav.scan(data) for data in (b"a", MARK, b"b")] == ["", "Test.Mark.UNOFFICIAL", ""]


AWAY = {
    "too-large": ({"limit": 100_000}, "raise its StreamMaxLength"),
    "broken": ({"mood": "broken"}, "no verdict"),
    "mute": ({"mood": "mute"}, "in time"),
    "hangs-up": ({"mood": "hangs up"}, "no verdict|cannot be reached"),
}


@pytest.mark.parametrize(("how", "why"), AWAY.values(), ids=AWAY)
def test_no_verdict_is_never_a_clean_one(how, why: str, listening, request: pytest.FixtureRequest) -> None:
    _, clamav = serve(listening, request, **how)
    with pytest.raises(ScannerAway, match=why):
        clamav.scan(bytes(300_000))


def test_an_answer_in_drips_is_read_whole(listening, request: pytest.FixtureRequest) -> None:
    assert serve(listening, request, mood="drips")[1].scan(b"x") == ""


def test_what_is_no_clamav_is_not_taken_for_one(listening, request: pytest.FixtureRequest) -> None:
    with pytest.raises(ScannerAway, match="not ClamAV"):
        serve(listening, request, mood="stranger")[1].version()


def test_nobody_listens(tmp_path: Path) -> None:
    for address in (str(tmp_path / "nothing.ctl"), "127.0.0.1:1"):
        with pytest.raises(ScannerAway, match="cannot be reached"):
            ClamAV(address).scan(b"x")


VERDICTS = ["stream: OK FOUND OK", "stream:OK", "OK", "", "stream: ", "UNKNOWN COMMAND", "stream: ERROR"]


@pytest.mark.parametrize("answer", VERDICTS)
def test_only_the_two_words_of_the_protocol_count(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clamav = ClamAV("127.0.0.1:1")
    monkeypatch.setattr(clamav, "_ask", lambda *_: answer)
    with pytest.raises(ScannerAway):
        clamav.scan(b"x")


# The setting

ADDRESSES = {
    "path": ("/run/clamav/clamd.ctl", True),
    "unix": ("unix:/run/clamav/clamd.ctl", True),
    "host": ("clamav.example:3310", True),
    "ipv4": ("127.0.0.1:3310", True),
    "ipv6": ("[::1]:3310", True),
    "host-without-port": ("clamav.example", False),
    "port-alone": (":3310", False),
    "port-too-high": ("127.0.0.1:70000", False),
    "port-zero": ("127.0.0.1:0", False),
    "url": ("tcp://127.0.0.1:3310", False),
    "relative-path": ("unix:clamd.ctl", False),
    "words": ("yes please", False),
}


@pytest.mark.parametrize(("address", "good"), ADDRESSES.values(), ids=ADDRESSES)
def test_the_setting_is_checked_at_the_start(address: str, good: bool, tmp_path: Path) -> None:
    environ = {"ADUAN_VAR": str(tmp_path), "CLAMAV_SOCKET": address}
    if good:
        assert Settings.read(environ).clamav == address
        return
    with pytest.raises(ConfigFaults, match="CLAMAV_SOCKET must be the path of the daemon's socket, or host:port"):
        Settings.read(environ)


def test_without_the_setting_there_is_no_scanner() -> None:
    assert configured("") is None


# The doctor

CASES = {
    "none": ("", True, "not configured, files are kept unscanned"),
    "answers": ("", True, VERSION),
    "away": ("it does not answer in time", False, "files wait until it does"),
}


@one_database
@pytest.mark.parametrize(("why", "ok", "words"), CASES.values(), ids=CASES)
def test_the_doctor_asks_it(why: str, ok: bool, words: str, runtime: Runtime) -> None:
    class Standing:
        def scan(self, data: bytes) -> str:
            return ""

        def version(self) -> str:
            if why:
                raise ScannerAway(why)
            return VERSION

    runtime.__dict__["scanner"] = None if "not configured" in words else Standing()
    [found] = [finding for finding in doctor.examine(runtime) if finding.name == "virus scanner"]
    assert found.ok is ok
    assert words in found.detail
