"""Files are looked at by a virus scanner where one is configured: ClamAV's daemon over its socket (clamd(8), INSTREAM).

What is configured and cannot answer is no reason to show a file unseen: it waits.
"""

from __future__ import annotations

import re
import socket
import struct
import time
from contextlib import closing
from typing import Protocol

#: Seconds until a connection stands, and for the whole of one scan.
CONNECT_SECONDS = 5.0
SCAN_SECONDS = 120.0
CHUNK = 65_536
LONGEST_ANSWER = 4096
CLEAN = "OK"
_VERDICT = re.compile(r"stream: (?:(?P<clean>OK)|(?P<virus>.{1,200}) FOUND)")
_HOST = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<host>[A-Za-z0-9.-]+)):(?P<port>[0-9]{1,5})")


class ScannerAway(Exception):
    """Calling this will say that the scanner did not look at the file, and why; the file waits."""


class Scanner(Protocol):
    """Calling an implementation will look at files one at a time."""

    def scan(self, data: bytes) -> str:
        """Calling this will return "" for a clean file, else the virus's name. Raises ScannerAway."""

    def version(self) -> str:
        """Calling this will say who answers, with the date of its signatures. Raises ScannerAway."""


class ClamAV:
    """Calling this will talk to the daemon at ``address``: ``/path`` or ``unix:/path`` of its socket, or ``host:port``.

    Raises ValueError for anything else. Nothing is opened before it is asked.
    """

    def __init__(self, address: str, *, patience: float = SCAN_SECONDS) -> None:
        self._where = _parse(address)
        self._patience = patience

    def scan(self, data: bytes) -> str:
        """Calling this will return "" for a clean file, else the virus's name. Raises ScannerAway, also when the file
        is larger than the daemon takes (``StreamMaxLength``)."""
        answer = self._ask(b"zINSTREAM\0", data)
        found = _VERDICT.fullmatch(answer)
        if found is None:
            limit = "size limit exceeded" in answer
            raise ScannerAway(
                "a file is larger than the scanner takes: raise its StreamMaxLength" if limit else "it gave no verdict"
            )
        return found["virus"] or ""

    def version(self) -> str:
        """Calling this will say who answers, with the date of its signatures. Raises ScannerAway."""
        answer = self._ask(b"zVERSION\0")
        if not answer.startswith("ClamAV"):
            raise ScannerAway("what answers is not ClamAV")
        return answer

    def _ask(self, command: bytes, data: bytes | None = None) -> str:
        """One command, one connection. The daemon may answer and hang up before it has read everything (its limit)."""
        until = time.monotonic() + self._patience
        try:
            with closing(self._connect()) as connection:
                try:
                    self._send(connection, command, until)
                    for at in range(0, len(data or b""), CHUNK):
                        chunk = (data or b"")[at : at + CHUNK]
                        self._send(connection, struct.pack("!L", len(chunk)) + chunk, until)
                    if data is not None:
                        self._send(connection, struct.pack("!L", 0), until)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # its answer says why
                return self._read(connection, until)
        except TimeoutError:
            raise ScannerAway("it does not answer in time") from None
        except OSError as error:
            raise ScannerAway(f"it cannot be reached ({error.strerror or type(error).__name__})") from None

    def _connect(self) -> socket.socket:
        if isinstance(self._where, tuple):
            return socket.create_connection(self._where, timeout=CONNECT_SECONDS)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(CONNECT_SECONDS)
        try:
            connection.connect(self._where)
        except OSError:
            connection.close()
            raise
        return connection

    @staticmethod
    def _send(connection: socket.socket, data: bytes, until: float) -> None:
        connection.settimeout(_left(until))
        connection.sendall(data)

    @staticmethod
    def _read(connection: socket.socket, until: float) -> str:
        answer = b""
        while b"\0" not in answer and len(answer) < LONGEST_ANSWER:
            connection.settimeout(_left(until))
            if not (part := connection.recv(LONGEST_ANSWER)):
                break
            answer += part
        return answer.partition(b"\0")[0].decode("utf-8", "replace").strip()


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _parse(address: str) -> str | tuple[str, int]:
    path = address.removeprefix("unix:")
    if path.startswith("/"):
        return path
    found = _HOST.fullmatch(address)
    if found is None or not 0 < int(found["port"]) < 65_536:
        raise ValueError("must be the path of the daemon's socket, or host:port")
    return found["six"] or found["host"], int(found["port"])


def configured(address: str) -> Scanner | None:
    """Calling this will give the scanner at ``CLAMAV_SOCKET``, None where none is configured. Raises ValueError."""
    return ClamAV(address) if address else None
