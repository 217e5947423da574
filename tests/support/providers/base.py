"""A provider's HTTP API played on loopback: a real server that records what it gets and fails when told to.

A stand-in for one provider subclasses ``StandIn`` and returns its handler table from ``routes``::

    class Echo(StandIn):
        def routes(self) -> Routes:
            return [("POST", r"/say/(\\w+)", self.say)]

        def say(self, request: Recorded, match: re.Match[str]) -> Reply:
            return Reply.of({"heard": match[1]})

    with Echo() as provider:
        provider.fail(RESET, status(503))           # the next two requests; the third is answered again
        ...
        provider.wait_for(lambda seen: len(seen) == 3)
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import struct
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

#: The longest a handler may hold a connection, in seconds: a test that goes wrong ends all the same.
LONGEST = 30.0


@dataclass(frozen=True, slots=True)
class Recorded:
    """Calling this will hold one request as it came in; header names are lower case, ``path`` has no query."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """Calling this will decode a url-encoded body; of a repeated name the last value counts."""
        return dict(parse_qsl(self.body.decode("utf-8"), keep_blank_values=True))

    @property
    def json(self) -> Any:
        """Calling this will decode a JSON body. Raises ValueError when it is not one."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """Calling this will hold one HTTP answer."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of(cls, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Self:
        """Calling this will make an answer whose body is ``value`` as JSON."""
        return cls(status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(value).encode())


@dataclass(frozen=True, slots=True)
class Plan:
    """Calling this will describe one planned failure; use ``status``, ``hang``, ``RESET`` or ``ACCEPT_THEN_500``."""

    kind: Literal["reply", "reset", "hang", "accept_then_500"]
    reply: Reply = field(default_factory=Reply)
    seconds: float = 0.0


#: The request is read, then the connection is torn down (RST) without an answer; the handler never runs.
RESET = Plan("reset")
#: The handler runs and its effects stay, but the answer is a 500.
ACCEPT_THEN_500 = Plan("accept_then_500", Reply(500, {}, b"internal error"))


def status(code: int, body: Any = b"", headers: Mapping[str, str] | None = None) -> Plan:
    """Calling this will plan an answer instead of the handler's; a ``body`` that is not bytes is sent as JSON."""
    if isinstance(body, bytes):
        return Plan("reply", Reply(code, headers or {}, body))
    return Plan("reply", Reply.of(body, code, headers))


def hang(seconds: float) -> Plan:
    """Calling this will plan silence: the request is read, nothing is answered for ``seconds``, then the line is cut.

    The wait ends early when the stand-in is closed, and is never longer than ``LONGEST``.
    """
    return Plan("hang", seconds=min(seconds, LONGEST))


Handler = Callable[[Recorded, "re.Match[str]"], Reply]
Routes = Sequence[tuple[str, str, Handler]]


class StandIn:
    """Calling this will make one provider's API; as a context manager it serves on a free loopback port at ``url``.

    ``requests`` holds everything received, oldest first, failed ones included. All methods may be called from any
    thread.
    """

    def __init__(self) -> None:
        self.requests: list[Recorded] = []
        self.changed = threading.Condition()
        self.closing = threading.Event()
        self._plans: list[tuple[re.Pattern[str], Plan]] = []
        self._table = [(method, re.compile(pattern), handler) for method, pattern, handler in self.routes()]
        self._port = 0
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def routes(self) -> Routes:
        """Calling this will return the handler table: method, regular expression for the whole path, function."""
        return []

    @property
    def url(self) -> str:
        """Calling this will return the base address, without a slash at the end."""
        if not self._port:
            raise RuntimeError("the stand-in was never started")
        return f"http://127.0.0.1:{self._port}"

    def fail(self, *plans: Plan, path: str = ".*") -> None:
        """Calling this will make the next requests fail, one plan each, in order.

        A plan waits for a request whose path matches the regular expression ``path`` wholly.
        """
        pattern = re.compile(path)
        with self.changed:
            self._plans.extend((pattern, plan) for plan in plans)

    def wait_for(self, predicate: Callable[[list[Recorded]], bool], timeout: float = 10.0) -> list[Recorded]:
        """Calling this will return what was received once ``predicate`` holds of it.

        Raises TimeoutError after ``timeout`` seconds; the text names methods and paths only.
        """
        with self.changed:
            if not self.changed.wait_for(lambda: predicate(self.requests), timeout):
                seen = ", ".join(f"{r.method} {r.path}" for r in self.requests) or "nothing"
                raise TimeoutError(f"not within {timeout} s; received: {seen}")
            return list(self.requests)

    def take(self, request: Recorded) -> Plan | None:
        """Calling this will record a request, wake whoever waits, and return the failure planned for it, if any."""
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()
            for position, (pattern, plan) in enumerate(self._plans):
                if pattern.fullmatch(request.path):
                    del self._plans[position]
                    return plan
        return None

    def answer(self, request: Recorded) -> Reply:
        """Calling this will answer from the handler table; 404 for what is not in it."""
        for method, pattern, handler in self._table:
            match = pattern.fullmatch(request.path)
            if method == request.method and match:
                return handler(request, match)
        return Reply.of({"error": "not found"}, 404)

    def start(self) -> None:
        """Calling this will begin to serve, after a ``stop`` at the same address as before."""
        if self._server is None:
            self.closing.clear()
            self._server = _Server(self, self._port)
            self._port = int(self._server.server_address[1])
            serve = self._server.serve_forever
            self._thread = threading.Thread(target=serve, kwargs={"poll_interval": 0.02}, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Calling this will close the port and every connection; who calls then finds nobody there."""
        if self._server is not None and self._thread is not None:
            self.closing.set()
            self._server.shutdown()
            self._server.hang_up()
            self._server.server_close()
            self._thread.join(LONGEST)
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    """One thread a connection, all of them joined at the end, so that no socket outlives the test."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self, stand_in: StandIn, port: int) -> None:
        self.stand_in = stand_in
        self._open: set[socket.socket] = set()
        self._cut: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, peer = super().get_request()
        with self._lock:
            self._open.add(connection)
        return connection, peer

    def cut(self, connection: socket.socket) -> None:
        """Calling this will make a connection end in RST instead of an orderly close."""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with self._lock:
            self._cut.add(connection)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
            cut = request in self._cut
            self._cut.discard(request)
        # A shutdown before the close would send FIN first, and the peer would read an orderly end.
        if cut:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def hang_up(self) -> None:
        """Calling this will end idle keep-alive connections, which would otherwise hold their threads."""
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Calling this will pass over a peer that went away; anything else is the stand-in's own fault: printed."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "stand-in"
    timeout = LONGEST
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def _serve(self) -> None:
        split = urlsplit(self.path)
        if self.headers.get("Transfer-Encoding"):
            self._reply(Reply(411))
            self.close_connection = True
            return
        request = Recorded(
            method=self.command,
            path=split.path,
            query=dict(parse_qsl(split.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )
        stand_in = self.server.stand_in
        plan = stand_in.take(request)
        if plan is None:
            self._reply(stand_in.answer(request))
        elif plan.kind == "accept_then_500":
            stand_in.answer(request)
            self._reply(plan.reply)
        elif plan.kind == "reply":
            self._reply(plan.reply)
        else:
            if plan.kind == "hang":
                stand_in.closing.wait(plan.seconds)
            self.server.cut(self.connection)
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve

    def _reply(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        given = {name.lower(): value for name, value in reply.headers.items()}
        if "transfer-encoding" not in given and "content-length" not in given:
            self.send_header("Content-Length", str(len(reply.body)))
        # A false length leaves the peer waiting, or the next answer unreadable.
        self.close_connection |= given.get("content-length", str(len(reply.body))) != str(len(reply.body))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Calling this will print nothing: what was received is in ``requests``."""
