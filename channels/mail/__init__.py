"""Mail: in by a signed hook or by polling a mailbox, out by a submission server."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import UTC, datetime

from channels.base import Channel, Check, Limits, Pulled, RawRequest
from channels.errors import FetchError, Forged, Malformed, Misconfigured, Permanent, SendError
from channels.mail import imap, smtp, urls
from channels.mail.headers import valid_address
from channels.mail.identity import Identity
from channels.mail.imap import Cursor
from channels.mail.mime import FAULTS, open_mail, part_number, payload
from channels.mail.parse import KIND, OVERSIZE, read_event
from channels.message import Attachment, Event, OutboundMessage, Receipt

POLL_SECONDS = 20.0
#: Seconds a hook's timestamp may lie from the time of its receipt, either way.
HOOK_WINDOW = 300
SECRET_MIN = 16
#: A local part is at most 64 characters (RFC 5321); a reply address adds 26 of them.
LOCAL_MAX = 38


def _now() -> datetime:
    return datetime.now(UTC)


class Mail(Channel):
    """Calling this with its settings will make the mail channel of one mailbox.

    ``MAIL_FROM`` is our address, with or without a name (``Layanan Aduan <aduan@contoh.go.id>``); ``now`` is the clock
    of the Date header. Mail arrives by the hook when ``MAIL_HOOK_SECRET`` is set, and by ``poll`` when ``IMAP_URL`` is.
    """

    kind = KIND
    required = ("MAIL_FROM", "SMTP_URL")
    optional = ("IMAP_URL", "MAIL_HOOK_SECRET")
    limits = Limits(
        text_length=100_000, attachment_bytes=10_000_000, per_second=5.0, body_bytes=12_000_000, automatic=(3, 10)
    )

    def __init__(self, values: Mapping[str, str], public_url: str, *, now: Callable[[], datetime] = _now) -> None:
        super().__init__(values, public_url)
        self._now = now
        self._sender_name, self._sender = _own_address(self.values["MAIL_FROM"])
        self._smtp = urls.read(self.values["SMTP_URL"], "smtp", "smtps")
        self._imap = urls.read(self.values["IMAP_URL"], "imap", "imaps") if self.values.get("IMAP_URL") else None
        self._hook_secret = self.values.get("MAIL_HOOK_SECRET", "").encode()
        password = self._smtp.password or (self._imap.password if self._imap else "")
        self._identity = Identity(self._sender, self._hook_secret or password.encode())

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
        secret = values.get("MAIL_HOOK_SECRET", "")
        if secret and len(secret) < SECRET_MIN:
            found.append(f"MAIL_HOOK_SECRET must have at least {SECRET_MIN} characters")
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
        and always without MAIL_HOOK_SECRET."""
        if not self._hook_secret:
            raise Forged("MAIL_HOOK_SECRET is not set, so no mail is taken here")
        stamp = request.header("X-Aduan-Timestamp")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
            raise Forged("the timestamp is not in unix seconds")
        expected = hmac.digest(self._hook_secret, stamp.encode() + b"." + request.body, "sha256").hex()
        given = request.header("X-Aduan-Signature").encode("utf-8", "replace")
        if not hmac.compare_digest(given, f"sha256={expected}".encode()):
            raise Forged("the signature does not hold")
        if abs(request.received_at.timestamp() - int(stamp)) > HOOK_WINDOW:
            raise Forged("the timestamp is too far from the time of receipt")

    def parse(self, request: RawRequest) -> Sequence[Event]:
        """Calling this will translate one raw mail (posted, or wrapped by ``Pulled.request``) into one event, or none
        when it is a mail of our own come back. Raises Malformed beyond the caps: 10 MB, 250,000 lines, 100 parts, 20
        levels, 256 kB of HTML."""
        if problem := request.header(imap.UNFETCHABLE):
            raise Malformed(f"the mailbox could not deliver the mail: {problem[:80]}")
        event = read_event(request.body, request.received_at, self._identity, oversize=request.header(OVERSIZE))
        return [] if event is None else [event]

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
        smtp.deliver(self._smtp, self._sender, smtp.recipient_of(message), data)
        return Receipt(external_id=message_id)

    def reply_address(self, ticket_number: str) -> str:
        """Calling this will make the signed address whose mails arrive with ``thread`` set to the ticket number; the
        plain mailbox when nothing secret is configured to sign with. Who uses ``thread`` must also compare the
        sender."""
        return self._identity.reply_address(ticket_number)

    def fetch(self, attachment: Attachment, raw: bytes) -> bytes:
        """Calling this will cut an attachment out of the raw mail it came in. Raises FetchError, always permanent."""
        scheme, _, number = attachment.source.partition(":")
        if scheme != "part" or not (number.isascii() and number.isdigit()):
            raise FetchError("the attachment has no part number", permanent=True)
        try:
            part = part_number(open_mail(raw), int(number[:6]))
            data = payload(part) if part is not None else None
        except (Malformed, *FAULTS) as error:
            raise FetchError(f"the attachment cannot be decoded: {type(error).__name__}", permanent=True) from error
        if data is None:
            raise FetchError("the mail has no such part", permanent=True)
        if len(data) > self.limits.attachment_bytes:
            raise FetchError("the attachment is too large", permanent=True)
        return data

    @property
    def pull_every(self) -> float | None:
        """Calling this will give the seconds between two looks into the mailbox; None without IMAP_URL."""
        return POLL_SECONDS if self._imap else None

    def pull(self, cursor: str, wait: float) -> Generator[Pulled, None, None]:
        """Calling this will yield the mailbox's mails after the cursor ``uidvalidity:uid``, see ``imap.poll``. Raises
        Misconfigured without IMAP_URL."""
        if self._imap is None:
            raise Misconfigured("IMAP_URL is not set, so there is no mailbox to read", code="IMAP_URL")
        yield from imap.poll(self._imap, Cursor.read(cursor))

    def check(self) -> list[Check]:
        """Calling this will sign in at both servers, send and change nothing, and say what to do about what fails."""
        checks = [self._check_smtp()]
        if self._imap is not None:
            checks.append(self._check_imap(self._imap))
        ways = [name for name in self.optional if self.values.get(name)]
        checks.append(
            Check("mail arrives", bool(ways), " and ".join(ways) or "set IMAP_URL or MAIL_HOOK_SECRET to receive mail")
        )
        signed = bool(self._identity.secret)
        detail = "signed" if signed else "not signed: set MAIL_HOOK_SECRET so that answers by mail find their ticket"
        return [*checks, Check("reply addresses", signed, detail)]

    def _check_smtp(self) -> Check:
        try:
            with smtp.session(self._smtp, self._identity.domain) as session:
                session.noop()
        except SendError as error:
            return Check("SMTP sign-in", False, f"{error}; {_advice(error, 'SMTP_URL')}")
        return Check("SMTP sign-in", True, f"{self._smtp.host}:{self._smtp.port}")

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
