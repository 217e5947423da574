"""Reading a mailbox without changing it: by UID, in order, each mail handed over before the cursor moves past it.

``\\Seen`` is never the queue (officers open the mailbox too) and no flag is ever set: the folder is opened read-only
and bodies are peeked at. A UID means something only together with its UIDVALIDITY (RFC 9051 section 2.3.1.1).
"""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader
from typing import Self, cast

from imap_tools import BaseMailBox, MailBox, MailBoxUnencrypted
from imap_tools.errors import (
    ImapToolsError,
    MailboxFolderSelectError,
    MailboxLoginError,
    MailboxTaggedResponseError,
)

from channels.base import Pulled
from channels.errors import Misconfigured, Temporary
from channels.mail.mime import HEADER_MAX, MAIL_MAX
from channels.mail.parse import OVERSIZE
from channels.mail.urls import Server, tls_context

#: Mails at one look: a first read of years of mail shows a sign of life in between.
BATCH = 200
UNFETCHABLE = "X-Aduan-Unfetchable"
#: What a server says when a sign-in fails only for now (RFC 5530 section 3).
PASSING = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]")
FAULTS = (imaplib.IMAP4.error, ImapToolsError, OSError)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Calling this will hold how far a mailbox was read: the folder's UIDVALIDITY and the last UID recorded."""

    uidvalidity: int
    uid: int

    def __str__(self) -> str:
        return f"{self.uidvalidity}:{self.uid}"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Calling this will read what ``str`` wrote; None for an empty text."""
        uidvalidity, _, uid = text.partition(":")
        return cls(int(uidvalidity), int(uid)) if text else None


class Mailbox:
    """Calling this will hold one folder and its connection, kept from one look to the next by the one thread that
    looks. ``idles`` says that the server tells of new mail, ``more`` that the last look left some behind."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.idles = self.more = False
        self._reader: _Reader | None = None

    def poll(self, cursor: Cursor | None, wait: float) -> Generator[Pulled, None, None]:
        """Calling this will yield the mails after the cursor, oldest first and at most 200 at a look; from the first
        one when there is no cursor or when the folder's UIDVALIDITY changed (the repeats are then dropped by their
        keys, RFC 4549 section 4.1). Then it waits up to ``wait`` seconds for more where the server offers IDLE.

        ``headers`` of an item tell the parser what the mail itself cannot: that it was too large, so that only its
        header was fetched, or that the server could not deliver it at all (the body is empty then, and quarantine keeps
        the UID).

        The caller records a mail, stores its cursor, and only then asks for the next: after a crash anywhere nothing is
        lost. Raises Temporary when the server cannot be reached or is lost, Misconfigured when sign-in or folder fail.
        A mail the server fails to deliver twice is yielded empty and does not hold up the next.
        """
        try:
            reader = self._opened()
            self.idles, self.more = reader.idles, False
            last = cursor.uid if cursor and cursor.uidvalidity == reader.uidvalidity else 0
            for waits in (wait > 0 and reader.idles, False):
                uids = reader.uids_after(last)
                self.more = len(uids) > BATCH
                for uid in uids[:BATCH]:
                    pulled = reader.pull(uid)
                    last = uid
                    if pulled is not None:
                        yield pulled
                # Being told is only a hint (RFC 9051 section 6.3.13): whatever was said, the folder is searched again.
                if self.more or not waits or not reader.wait(wait):
                    break
        except FAULTS as error:
            self.close()
            raise Temporary(f"the mailbox was lost: {type(error).__name__}", code="connection") from error
        except (Temporary, Misconfigured):
            self.close()
            raise

    def close(self) -> None:
        """Calling this will sign out; the next look signs in again."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def _opened(self) -> _Reader:
        """The kept connection if it still answers, else a new one. The folder is opened anew each time, which also
        shows a UIDVALIDITY that changed."""
        if self._reader is not None:
            try:
                self._reader.uidvalidity = _select(self._reader.box, self.server)
            except (Temporary, Misconfigured):
                self.close()
        if self._reader is None:
            self._reader = _Reader(self.server)
        return self._reader


def check(server: Server) -> int:
    """Calling this will sign in, open the folder, change nothing, and return how many mails it holds; raises Temporary
    or Misconfigured."""
    reader = _Reader(server)
    try:
        reader.box.client.noop()
        return len(reader.uids_after(0))
    except FAULTS as error:
        raise Temporary(f"the mailbox was lost: {type(error).__name__}", code="connection") from error
    finally:
        reader.close()


class _Reader:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.box, self.uidvalidity = _open(server)

    @property
    def idles(self) -> bool:
        return "IDLE" in self.box.client.capabilities

    def wait(self, seconds: float) -> bool:
        """Wait until the server tells of something, at most so long; whether it did. A server that refuses IDLE after
        all is not waited for."""
        try:
            with self.box.idle as idle:
                return self._told_already() or bool(idle.poll(timeout=seconds))
        except MailboxTaggedResponseError:
            return False

    def _told_already(self) -> bool:
        """Whether the answer came in one piece with "you may idle": it lies in the reader's buffer, and the socket,
        which is what is polled, has nothing more to say."""
        client = self.box.client
        before = client.sock.gettimeout()
        client.sock.settimeout(0)
        try:
            return bool(cast(BufferedReader, client.file).peek(1))
        except OSError:
            return False
        finally:
            client.sock.settimeout(before)

    def close(self) -> None:
        # Everything read is recorded: a failed goodbye changes nothing, but it leaves the socket open.
        with suppress(*FAULTS):
            self.box.logout()
        with suppress(*FAULTS):
            self.box.client.shutdown()

    def uids_after(self, last: int) -> list[int]:
        # "n:*" always names the newest mail too, even when its UID is below n (RFC 9051 section 6.4.8).
        found = self.box.uids(f"UID {last + 1}:*", charset=None)
        return sorted(uid for uid in map(int, filter(str.isdecimal, found)) if uid > last)

    def pull(self, uid: int) -> Pulled | None:
        """The mail, None if it was deleted meanwhile. A second failure is the mail's own fault if a fresh connection
        can be had each time."""
        after = Cursor(self.uidvalidity, uid)
        for _ in range(2):
            try:
                return self._read(uid, after)
            except FAULTS:
                self._reopen()
        return Pulled(b"", str(after), {UNFETCHABLE: f"uid {uid} of uidvalidity {self.uidvalidity}"})

    def _reopen(self) -> None:
        self.close()
        self.box, uidvalidity = _open(self.server)
        if uidvalidity != self.uidvalidity:
            raise Temporary("the mailbox was rebuilt while it was read", code="uidvalidity")

    def _read(self, uid: int, after: Cursor) -> Pulled | None:
        described = self._fetch(uid, "(UID RFC822.SIZE)")
        if described is None:
            return None
        size = _size(described[0])
        if size > MAIL_MAX:
            header = self._fetch(uid, f"(UID BODY.PEEK[HEADER]<0.{HEADER_MAX}>)")
            return Pulled(header[1], str(after), {OVERSIZE: str(size)}) if header else None
        # One byte more than allowed: a server that understates the size is then found out by the parser's own cap.
        body = self._fetch(uid, f"(UID BODY.PEEK[]<0.{MAIL_MAX + 1}>)")
        return Pulled(body[1], str(after)) if body else None

    def _fetch(self, uid: int, what: str) -> tuple[bytes, bytes] | None:
        """The answer's description and literal. imap_tools' own fetch is not used: it parses the mail at once, and a
        mail that cannot be parsed must still be handed over."""
        status, data = self.box.client.uid("FETCH", str(uid), what)
        if status != "OK":
            raise imaplib.IMAP4.error(f"the server answered {status} to a fetch")
        for item in data:
            if isinstance(item, tuple):
                return item[0], item[1]
        plain = b" ".join(item for item in data if isinstance(item, bytes))
        return (plain, b"") if plain else None


def _size(description: bytes) -> int:
    after = description.upper().partition(b"RFC822.SIZE ")[2].split(b" ", 1)[0].strip(b")")
    return int(after) if after.isdigit() else 0


def _open(server: Server) -> tuple[BaseMailBox, int]:
    """Signed in, with the folder opened read-only, and its UIDVALIDITY."""
    try:
        if server.tls:
            box: BaseMailBox = MailBox(server.host, server.port, timeout=server.timeout, ssl_context=tls_context())
        else:
            box = MailBoxUnencrypted(server.host, server.port, timeout=server.timeout)
    except ssl.SSLError as error:
        raise Misconfigured(
            f"TLS with the mailbox fails: {error.reason or type(error).__name__}", code="tls"
        ) from error
    except FAULTS as error:
        raise Temporary(f"the mailbox cannot be reached: {type(error).__name__}", code="connection") from error
    try:
        _secure(box, server)
        _sign_in(box, server)
        _ask_capabilities(box)
        return box, _select(box, server)
    except BaseException:
        with suppress(*FAULTS):
            box.client.shutdown()
        raise


def _secure(box: BaseMailBox, server: Server) -> None:
    if server.tls or server.starttls == "never":
        return
    if "STARTTLS" in box.client.capabilities:
        try:
            box.client.starttls(tls_context())
        except ssl.SSLError as error:
            raise Misconfigured(f"TLS with the mailbox fails: {error.reason}", code="tls") from error
        except FAULTS as error:
            raise Temporary(f"the mailbox was lost: {type(error).__name__}", code="connection") from error
    elif server.starttls == "required" or server.clear_password_refused:
        raise Misconfigured("the mailbox offers no STARTTLS, so the password is not sent", code="tls")


def _sign_in(box: BaseMailBox, server: Server) -> None:
    plain = (server.user + server.password).isascii()
    try:
        (box.login if plain else box.login_utf8)(server.user, server.password, initial_folder=None)
    except MailboxLoginError as error:
        passing = any(word in str(error.command_result).upper() for word in PASSING)
        kind = Temporary if passing else Misconfigured
        raise kind("the mailbox refuses the sign-in", code="sign-in") from None
    except imaplib.IMAP4.abort:
        raise Temporary("the mailbox was lost while signing in", code="connection") from None
    except imaplib.IMAP4.error:
        raise Misconfigured("the mailbox refuses the sign-in", code="sign-in") from None
    except OSError as error:
        raise Temporary(f"the mailbox was lost: {type(error).__name__}", code="connection") from error


def _ask_capabilities(box: BaseMailBox) -> None:
    """A server may offer IDLE only to those who signed in (RFC 9051 section 7.2.2)."""
    try:
        _, data = box.client.capability()
    except FAULTS as error:
        raise Temporary(f"the mailbox was lost: {type(error).__name__}", code="connection") from error
    words = b" ".join(item for item in data if isinstance(item, bytes)).decode("ascii", "replace")
    box.client.capabilities = tuple(words.upper().split())


def _select(box: BaseMailBox, server: Server) -> int:
    try:
        box.folder.set(server.folder, readonly=True)
        _, data = box.client.response("UIDVALIDITY")
    except MailboxFolderSelectError:
        raise Misconfigured("the mailbox has no such folder", code="folder") from None
    except FAULTS as error:
        raise Temporary(f"the mailbox was lost: {type(error).__name__}", code="connection") from error
    value = data[0] if data else None
    if not isinstance(value, bytes) or not value.isdigit():
        raise Misconfigured("the mailbox gives no UIDVALIDITY, so its mails cannot be told apart", code="uidvalidity")
    return int(value)
