"""Mail: in by a mailbox, by LMTP or by a signed hook, out by a submission server."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import takewhile

from channels.base import Channel, Check, Limits, Pulled, RawRequest
from channels.errors import FetchError, Forged, Malformed, Misconfigured, Permanent, SendError, TooLarge
from channels.mail import imap, smtp, urls
from channels.mail.headers import valid_address
from channels.mail.identity import Identity
from channels.mail.imap import Cursor
from channels.mail.meanings import ERRORS
from channels.mail.mime import FAULTS, inside, open_mail, part_number, payload
from channels.mail.parse import KIND, Told, read_event
from channels.mail.table import HANDLED
from channels.message import Attachment, Event, OutboundMessage, Receipt

POLL_SECONDS = 20.0
#: The pause where the server itself tells of new mail, or where more waits than one look takes.
SOON_SECONDS = 1.0
#: Seconds a hook's timestamp may lie from the time of its receipt, either way.
HOOK_WINDOW = 300
SECRET_MIN = 16
SIGNATURE = "X-Aduan-Signature"
WAYS_IN = ("IMAP_URL", "LMTP_BIND", "MAIL_HOOK_SECRET")
#: A local part is at most 64 characters (RFC 5321); a reply address adds 26 of them.
LOCAL_MAX = 38


def _now() -> datetime:
    return datetime.now(UTC)


class Mail(Channel):
    """Calling this with its settings will make the mail channel of one mailbox.

    ``MAIL_FROM`` is our address, with or without a name (``Layanan Aduan <aduan@contoh.go.id>``); ``now`` is the clock
    of the Date header. Mail arrives by ``pull`` when ``IMAP_URL`` is set, by the hook when ``MAIL_HOOK_SECRET`` is, and
    by the LMTP process when ``LMTP_BIND`` is. ``MAIL_AUTHSERV_ID`` names the server whose word on senders is taken.
    """

    kind = KIND
    title = "Email"
    required = ("MAIL_FROM", "SMTP_URL")
    optional = ("IMAP_URL", "LMTP_BIND", "MAIL_HOOK_SECRET", "MAIL_HOOK_SECRET_OLD", "MAIL_AUTHSERV_ID")
    limits = Limits(
        text_length=100_000,
        attachment_bytes=10_000_000,
        per_second=5.0,
        body_bytes=12_000_000,
        reports=True,
        automatic=(3, 10),
    )
    errors = ERRORS
    handled = HANDLED

    def __init__(self, values: Mapping[str, str], public_url: str, *, now: Callable[[], datetime] = _now) -> None:
        super().__init__(values, public_url)
        self._now = now
        self._sender_name, self._sender = _own_address(self.values["MAIL_FROM"])
        self._smtp = urls.read(self.values["SMTP_URL"], "smtp", "smtps")
        self._imap = urls.read(self.values["IMAP_URL"], "imap", "imaps") if self.values.get("IMAP_URL") else None
        self._hook_secrets = [
            value.encode() for name in ("MAIL_HOOK_SECRET", "MAIL_HOOK_SECRET_OLD") if (value := self.values.get(name))
        ]
        password = self._smtp.password or (self._imap.password if self._imap else "")
        secret = self.values.get("MAIL_HOOK_SECRET", "").encode() or password.encode()
        self._identity = Identity(self._sender, secret, self.values.get("MAIL_HOOK_SECRET_OLD", "").encode())
        self._mailbox = imap.Mailbox(self._imap) if self._imap else None
        self._refused_senders: set[str] = set()

    @classmethod
    def faults(cls, values: Mapping[str, str]) -> list[str]:
        """Calling this will list what is wrong with the settings' form, one sentence each, no secret in any."""
        found: list[str] = []
        written = values.get("MAIL_FROM", "")
        address = _own_address(written)[1]
        plain = written.strip().isprintable() and valid_address(address) and address.isascii()
        if not plain or len(address.rpartition("@")[0]) > LOCAL_MAX:
            found.append(
                f"MAIL_FROM must be an address like aduan@contoh.go.id, at most {LOCAL_MAX} characters before the @"
            )
        for name, schemes in (("SMTP_URL", ("smtp", "smtps")), ("IMAP_URL", ("imap", "imaps"))):
            if not values.get(name):
                continue
            try:
                server = urls.read(values[name], *schemes)
            except ValueError as error:
                found.append(f"{name} {error}")
            else:
                if name == "IMAP_URL" and not server.user:
                    found.append("IMAP_URL must have user and password")
        for name in ("MAIL_HOOK_SECRET", "MAIL_HOOK_SECRET_OLD"):
            if values.get(name) and len(values[name]) < SECRET_MIN:
                found.append(f"{name} must have at least {SECRET_MIN} characters")
        if values.get("MAIL_HOOK_SECRET_OLD") and not values.get("MAIL_HOOK_SECRET"):
            found.append("MAIL_HOOK_SECRET_OLD is only of use beside MAIL_HOOK_SECRET")
        if values.get("LMTP_BIND"):
            try:
                urls.listens_at(values["LMTP_BIND"])
            except ValueError as error:
                found.append(f"LMTP_BIND {error}")
        authserv = values.get("MAIL_AUTHSERV_ID", "")
        if authserv and not (authserv.isascii() and authserv.isprintable() and not set(authserv) & set(' ;()"')):
            found.append("MAIL_AUTHSERV_ID must be one word, as your mail server writes it in Authentication-Results")
        return found

    @property
    def account(self) -> str:
        """Calling this will name our mailbox: the address in MAIL_FROM, lower-cased."""
        return self._sender

    @property
    def contact(self) -> tuple[str, str]:
        """Calling this will give our mail address and its mailto link."""
        return self._sender, f"mailto:{self._sender}"

    def verify(self, request: RawRequest) -> None:
        """Calling this will return if ``X-Aduan-Signature`` is ``sha256=`` and the hex HMAC-SHA256 of timestamp, ``.``
        and raw body, and ``X-Aduan-Timestamp`` (unix seconds) lies within 300 seconds of the receipt; Forged otherwise,
        and always without MAIL_HOOK_SECRET. MAIL_HOOK_SECRET_OLD signs as well, while it is set. A request sent again
        within the window is the same mail, which is recorded once."""
        if not self._hook_secrets:
            raise Forged("MAIL_HOOK_SECRET is not set, so no mail is taken here")
        stamp = request.header("X-Aduan-Timestamp")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
            raise Forged("the timestamp is not in unix seconds")
        signed = stamp.encode() + b"." + request.body
        expected = [f"sha256={hmac.digest(secret, signed, 'sha256').hex()}" for secret in self._hook_secrets]
        given = request.header(SIGNATURE).encode("utf-8", "replace")
        if not any(hmac.compare_digest(given, each.encode()) for each in expected):
            raise Forged("the signature does not hold")
        if abs(request.received_at.timestamp() - int(stamp)) > HOOK_WINDOW:
            raise Forged("the timestamp is too far from the time of receipt")

    def parse(self, request: RawRequest) -> Sequence[Event]:
        """Calling this will translate one raw mail into one event, or none when it is a mail of our own come back.
        Raises Malformed beyond the caps: 10 MB, 250,000 lines, 100 parts, 20 levels.

        What our own readers add (a size, the envelope) is believed only of a request that did not come from outside:
        the hook's signature covers the mail, not the headers beside it.
        """
        inside = {} if request.header(SIGNATURE) else request.headers
        if problem := inside.get(imap.UNFETCHABLE, ""):
            raise Malformed(f"the mailbox could not deliver the mail: {problem[:80]}")
        told = Told.read(inside, self.values.get("MAIL_AUTHSERV_ID", ""))
        event = read_event(request.body, request.received_at, self._identity, told)
        return [] if event is None else [event]

    def takes(self, address: str) -> bool:
        """Calling this will tell whether mail for an envelope recipient is ours: our address, plain or with a plus."""
        return self._identity.is_own(address)

    def send(self, message: OutboundMessage) -> Receipt:
        """Calling this will hand one mail for one recipient to SMTP_URL; the receipt's id is the Message-ID without
        brackets, made from ``message.key``: the same key, the same id. Raises a SendError."""
        try:
            message_id = self._identity.message_id(message.key)
        except ValueError as error:
            raise Permanent(str(error), code="key") from error
        data = smtp.compose(
            message,
            sender=self._sender,
            sender_name=self._sender_name,
            message_id=message_id,
            reply_address=self.reply_address(message.ticket_number),
            now=self._now(),
        )
        recipient, beyond_ascii = smtp.recipient_of(message)
        senders = self._senders(message)
        taken = smtp.deliver(self._smtp, list(senders.values()), recipient, data, utf8=beyond_ascii)
        # A server that refused a sender once will refuse it again; asking each time would look like guessing.
        self._refused_senders.update(takewhile(lambda name: senders[name] != taken, senders))
        return Receipt(external_id=message_id)

    def _senders(self, message: OutboundMessage) -> dict[str, str]:
        """Envelope senders in the order of our liking: the signed address that says what came back, nobody for what a
        machine wrote (RFC 3834 section 3.3), and our mailbox, which no server refuses its customer."""
        wished = {"signed": self._identity.bounce_address(message.key)}
        if message.automatic:
            wished["nobody"] = smtp.NOBODY
        kept = {name: sender for name, sender in wished.items() if name not in self._refused_senders}
        return {name: sender for name, sender in kept.items() if sender != self._sender} | {"plain": self._sender}

    def reply_address(self, ticket_number: str) -> str:
        """Calling this will make the signed address whose mails arrive with ``thread`` set to the ticket number; the
        plain mailbox when nothing secret is configured to sign with. Who uses ``thread`` must also compare the
        sender."""
        return self._identity.reply_address(ticket_number)

    def fetch(self, attachment: Attachment, raw: bytes) -> bytes:
        """Calling this will cut an attachment out of the raw mail it came in. Raises FetchError, always permanent."""
        scheme, _, numbers = attachment.source.partition(":")
        number, colon, within = numbers.partition(":")
        if scheme != "part" or not all(each.isascii() and each.isdigit() for each in (number, within or "0")):
            raise FetchError("the attachment has no part number", permanent=True)
        try:
            part = part_number(open_mail(raw), int(number[:6]))
            data = payload(part) if part is not None else None
            if part is not None and colon:
                files = inside(part).files
                data = files[int(within[:6])][1] if int(within[:6] or 0) < len(files) else None
        except (Malformed, *FAULTS) as error:
            raise FetchError(f"the attachment cannot be decoded: {type(error).__name__}", permanent=True) from error
        if data is None:
            raise FetchError("the mail has no such part", permanent=True)
        if len(data) > self.limits.attachment_bytes:
            raise TooLarge("the attachment is too large")
        return data

    @property
    def pull_every(self) -> float | None:
        """Calling this will give the seconds between two looks into the mailbox: few where the server tells of new mail
        or more of it waits; None without IMAP_URL."""
        if self._mailbox is None:
            return None
        return SOON_SECONDS if self._mailbox.more or self._mailbox.idles else POLL_SECONDS

    def pull(self, cursor: str, wait: float) -> Generator[Pulled, None, None]:
        """Calling this will yield the mailbox's mails after the cursor ``uidvalidity:uid``, see ``imap.Mailbox.poll``.
        Raises Misconfigured without IMAP_URL."""
        if self._mailbox is None:
            raise Misconfigured("IMAP_URL is not set, so there is no mailbox to read", code="IMAP_URL")
        yield from self._mailbox.poll(Cursor.read(cursor), wait)

    def close(self) -> None:
        """Calling this will sign out of the mailbox."""
        if self._mailbox is not None:
            self._mailbox.close()

    def check(self) -> list[Check]:
        """Calling this will sign in at both servers, send and change nothing, and say what to do about what fails."""
        checks = [self._check_smtp()]
        if self._imap is not None:
            checks.append(self._check_imap(self._imap))
        ways = [name for name in WAYS_IN if self.values.get(name)]
        none = "set IMAP_URL, LMTP_BIND or MAIL_HOOK_SECRET to receive mail"
        checks.append(Check("mail arrives", bool(ways), " and ".join(ways) or none))
        signed = bool(self._identity.secret)
        detail = "signed" if signed else "not signed: set MAIL_HOOK_SECRET so that answers by mail find their ticket"
        checks.append(Check("reply addresses", signed, detail))
        border = self.values.get("MAIL_AUTHSERV_ID", "")
        unknown = "no sender is proven, so STATUS by mail answers replies only: see MAIL_AUTHSERV_ID"
        return [*checks, Check("senders", True, f"proven by {border}" if border else unknown)]

    def _check_smtp(self) -> Check:
        name = "SMTP sign-in" if self._smtp.user else "SMTP server"
        try:
            with smtp.session(self._smtp, self._identity.domain) as session:
                session.noop()
        except SendError as error:
            return Check(name, False, f"{error}; {_advice(error, 'SMTP_URL')}")
        unnamed = "" if self._smtp.user else " answers; nobody signed in, since SMTP_URL names no user"
        return Check(name, True, f"{self._smtp.host}:{self._smtp.port}{unnamed}")

    def _check_imap(self, server: urls.Server) -> Check:
        try:
            count = imap.check(server)
        except SendError as error:
            return Check("IMAP sign-in", False, f"{error}; {_advice(error, 'IMAP_URL')}")
        return Check("IMAP sign-in", True, f"{server.host}:{server.port}/{server.folder} holds {count} mails")


def _advice(error: SendError, name: str) -> str:
    if isinstance(error, Misconfigured):
        return f"correct {name} (user, password, port, TLS) or ask whoever runs the server"
    return f"check host and port in {name} and the network, then try again"


def _own_address(text: str) -> tuple[str, str]:
    name, bracket, rest = text.strip().rpartition("<")
    return name.strip(' "'), (rest.removesuffix(">") if bracket else rest).strip().lower()
