"""Mail servers played on loopback: one that takes mail and fails when told to, one that serves a mailbox.

The real ``smtplib`` and ``imap_tools`` talk to them. Both record what they were asked.
"""

from __future__ import annotations

import asyncio
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER = "petugas"
PASSWORD = "sandi-kotak-surat"  # the stand-ins' own
#: Plans that are no answer: the connection is dropped, or nothing is said until the client gives up.
DROP, STALL = "drop", "stall"


def certificate(folder: Path) -> tuple[Path, Path]:
    """Calling this will make a certificate for localhost that nobody vouches for, and its key."""
    made, key = folder / "cert.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    run = [*command.split(), "-addext", names, "-keyout", str(key), "-out", str(made)]
    subprocess.run(run, check=True, capture_output=True)
    return made, key


@dataclass(frozen=True)
class Taken:
    """Calling this will hold one mail the server accepted, as it went over the wire."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


class _Server(SMTP):
    """An SMTP server whose stages answer what the stand-in's plan says."""

    stand_in: SmtpStandIn

    async def push(self, status: Any) -> None:
        words = status if isinstance(status, str) else bytes(status).decode()
        if words.startswith("220 ") and (planned := self.stand_in.planned("greeting")):
            if planned == DROP:
                self.transport.abort()
                return
            status = planned
        await super().push(status)

    async def smtp_DATA(self, arg: str) -> None:
        planned = self.stand_in.planned("command")
        if planned == DROP:
            self.transport.abort()
        elif planned:
            await self.push(planned)
        else:
            await super().smtp_DATA(arg)


class SmtpStandIn(Controller):
    """Calling this will make a submission server on a free loopback port; ``with`` starts and stops it.

    ``plan`` maps a stage (greeting, sign-in, sender, recipient, command, content) to one answer such as ``"450 4.2.0
    later"``, or ``DROP`` or ``STALL``; each is used once, but a refused sign-in, sender or recipient again (clients try
    every mechanism and several senders). ``refused_senders`` are beginnings of envelope senders it does not take; with
    ``late`` it says so only at the recipient, as Postfix does. ``context`` offers STARTTLS, ``implicit`` speaks TLS
    from the first byte, ``utf8`` offers SMTPUTF8.
    """

    def __init__(
        self,
        *,
        context: ssl.SSLContext | None = None,
        implicit: ssl.SSLContext | None = None,
        auth: bool = True,
        utf8: bool = False,
    ) -> None:
        self.refused_senders: tuple[str, ...] = ()
        self.late = False
        self.offered: list[str] = []
        self._utf8 = utf8
        self.taken: list[Taken] = []
        self.asked: list[str] = []
        self.plan: dict[str, str] = {}
        self._context = context
        self._auth = auth
        super().__init__(self, hostname="127.0.0.1", port=0, ssl_context=implicit)

    def factory(self) -> SMTP:
        auth = {"authenticator": self._authenticate, "auth_require_tls": False} if self._auth else {}
        server = _Server(
            self, hostname="standin.invalid", tls_context=self._context, enable_SMTPUTF8=self._utf8, **auth
        )
        server.stand_in = self
        return server

    def _trigger_server(self) -> None:
        """The controller calls itself once to see that it runs; only by then is the port known."""
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()

    def __enter__(self) -> SmtpStandIn:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"smtp://{USER}:{PASSWORD}@127.0.0.1:{self.port}"

    def planned(self, stage: str) -> str:
        again = stage in ("sender", "recipient") and self.plan.get(stage, "").startswith("5")
        return self.plan.get(stage, "") if again else self.plan.pop(stage, "")

    def _unwanted(self, sender: str) -> bool:
        return any(sender.startswith(each) if each else not sender for each in self.refused_senders)

    def _authenticate(self, server: SMTP, session: Session, envelope: Envelope, how: str, data: Any) -> AuthResult:
        self.asked.append("AUTH")
        if planned := self.plan.get("sign-in", ""):
            return AuthResult(success=False, handled=False, message=planned)
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=good, handled=False, message=None if good else "535 5.7.8 Authentication failed")

    async def _stage(self, server: SMTP, stage: str) -> str:
        planned = self.planned(stage)
        if planned == DROP:
            server.transport.abort()
            await asyncio.get_running_loop().create_future()  # cancelled once the connection is gone
        if planned == STALL:
            await asyncio.get_running_loop().create_future()  # until the client hangs up
        return planned

    def handle_STARTTLS(self, server: SMTP, session: Session, envelope: Envelope) -> bool:
        self.asked.append("STARTTLS")
        return True

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.asked.append("MAIL")
        self.offered.append(address)
        if refused := await self._stage(server, "sender"):
            return refused
        if self._unwanted(address) and not self.late:
            return "553 5.7.1 sender address rejected: not owned by user"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.asked.append("RCPT")
        if refused := await self._stage(server, "recipient"):
            return refused
        if self._unwanted(envelope.mail_from or ""):
            return "553 5.7.1 sender address rejected: not owned by user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if refused := await self._stage(server, "content"):
            return refused
        content = envelope.original_content or b""
        self.taken.append(Taken(envelope.mail_from or "", tuple(envelope.rcpt_tos), content))
        return "250 OK"


@dataclass
class ImapStandIn:
    """Calling this will make a mailbox server on a free loopback port, enough of RFC 3501 to be read.

    ``mails`` maps UIDs to raw bytes. ``sizes`` overrides what RFC822.SIZE claims; a UID in ``refused`` answers NO to a
    fetch of its body, one in ``deadly`` ends the connection. ``refusal`` answers LOGIN. ``asked`` records commands.
    """

    mails: dict[int, bytes] = field(default_factory=dict)
    uidvalidity: int = 7
    sizes: dict[int, int] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)
    deadly: set[int] = field(default_factory=set)
    deadly_once: set[int] = field(default_factory=set)
    vanished: set[int] = field(default_factory=set)
    refusal: str = ""
    folder: str = "INBOX"
    asked: list[str] = field(default_factory=list)
    after_login: Callable[[ImapStandIn], None] | None = None
    #: Capabilities beyond the least; what happens while a client idles, if it refuses or dies then.
    offers: tuple[str, ...] = ()
    idling: Callable[[], object] = lambda: None
    idle_refused: bool = False
    idle_deadly: bool = False
    starttls: ssl.SSLContext | None = None
    implicit: ssl.SSLContext | None = None

    @contextmanager
    def serve(self) -> Iterator[ImapStandIn]:
        stand_in = self

        class Handler(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True

            def handle(self) -> None:
                _Conversation(stand_in, self).run()

        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
            server.daemon_threads = True
            if self.implicit:
                server.socket = self.implicit.wrap_socket(server.socket, server_side=True)
            self.port = int(server.server_address[1])
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()

    @property
    def url(self) -> str:
        return f"imap://{USER}:{PASSWORD}@127.0.0.1:{self.port}/INBOX"


class _Conversation:
    def __init__(self, mailbox: ImapStandIn, handler: socketserver.StreamRequestHandler) -> None:
        self.mailbox = mailbox
        self.handler = handler
        self.reader, self.writer = handler.rfile, handler.wfile
        self.secured = False
        self.open = True

    def say(self, *lines: str) -> None:
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())

    def run(self) -> None:
        self.say("* OK stand-in")
        while self.open and (line := self.reader.readline()):
            tag, _, command = line.decode().strip().partition(" ")
            words = command.split(" ")
            name = " ".join(words[:2]).upper() if words[0].upper() == "UID" else words[0].upper()
            self.mailbox.asked.append(command if name != "LOGIN" else "LOGIN")
            handlers = {
                "CAPABILITY": self.capability,
                "STARTTLS": lambda words: "OK begin",
                "LOGIN": self.login,
                "SELECT": self.select,
                "EXAMINE": self.select,
                "UID SEARCH": self.search,
                "UID FETCH": self.fetch,
                "IDLE": self.idle,
                "NOOP": lambda words: "OK",
                "LOGOUT": self.logout,
            }
            handler = handlers.get(name)
            answer = handler(words) if handler else "BAD unknown command"
            if self.open or name == "LOGOUT":
                self.say(f"{tag} {answer} done")
            if name == "STARTTLS" and not self.secure():
                return
        if self.secured:
            for end in (self.reader, self.writer, self.handler.connection):
                end.close()

    def secure(self) -> bool:
        context = self.mailbox.starttls
        assert context is not None
        try:
            self.handler.connection = self.handler.request = context.wrap_socket(self.handler.request, server_side=True)
        except OSError:
            return False  # the client does not trust the certificate and hangs up
        self.handler.rfile = self.reader = self.handler.connection.makefile("rb")
        self.handler.wfile = self.writer = self.handler.connection.makefile("wb", buffering=0)
        self.secured = True
        return True

    def capability(self, words: list[str]) -> str:
        offer = " STARTTLS" if self.mailbox.starttls and not self.secured else ""
        self.say(f"* CAPABILITY IMAP4rev1{offer}{''.join(f' {each}' for each in self.mailbox.offers)}")
        return "OK"

    def idle(self, words: list[str]) -> str:
        if self.mailbox.idle_refused:
            return "NO not now"
        if self.mailbox.idle_deadly:
            self.say("+ idling")
            self.open = False
            return ""
        self.mailbox.idling()
        self.say("+ idling", f"* {len(self.mailbox.mails)} EXISTS")  # in one piece, as servers do
        return "OK" if self.reader.readline().strip() == b"DONE" else "BAD not done"

    def login(self, words: list[str]) -> str:
        if self.mailbox.refusal:
            return self.mailbox.refusal
        if [word.strip('"') for word in words[1:3]] != [USER, PASSWORD]:
            return "NO [AUTHENTICATIONFAILED] no such user"
        if self.mailbox.after_login:
            self.mailbox.after_login(self.mailbox)
        return "OK"

    def select(self, words: list[str]) -> str:
        if words[1].strip('"') != self.mailbox.folder:
            return "NO no such folder"
        self.say(f"* {len(self.mailbox.mails)} EXISTS", f"* OK [UIDVALIDITY {self.mailbox.uidvalidity}] UIDs valid")
        return "OK [READ-ONLY]" if words[0].upper() == "EXAMINE" else "OK [READ-WRITE]"

    def search(self, words: list[str]) -> str:
        first = int(words[3].partition(":")[0])
        uids = sorted(self.mailbox.mails)
        # RFC 9051: in n:* the star is the newest mail, so that one is always among the answers.
        found = [uid for uid in uids if uid >= first] or uids[-1:]
        self.say("* SEARCH " + " ".join(map(str, found)) if found else "* SEARCH")
        return "OK"

    def fetch(self, words: list[str]) -> str:
        uid, what = int(words[2]), " ".join(words[3:])
        raw = self.mailbox.mails.get(uid)
        if raw is None or uid in self.mailbox.vanished:
            return "OK"
        number = sorted(self.mailbox.mails).index(uid) + 1
        if "RFC822.SIZE" in what:
            self.say(f"* {number} FETCH (UID {uid} RFC822.SIZE {self.mailbox.sizes.get(uid, len(raw))})")
            return "OK"
        if uid in self.mailbox.deadly or uid in self.mailbox.deadly_once:
            self.mailbox.deadly_once.discard(uid)
            self.open = False
            return ""
        if uid in self.mailbox.refused:
            return "NO cannot read this mail"
        section = "HEADER" if "[HEADER]" in what else ""
        most = int(what.partition("<0.")[2].partition(">")[0])
        data = (raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if section else raw)[:most]
        self.writer.write(
            f"* {number} FETCH (UID {uid} BODY[{section}]<0> {{{len(data)}}}\r\n".encode() + data + b")\r\n"
        )
        return "OK"

    def logout(self, words: list[str]) -> str:
        self.say("* BYE")
        self.open = False
        return "OK"
