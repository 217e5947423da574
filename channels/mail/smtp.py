"""Handing one mail to the submission server, and telling apart what failed and who must act.

No error carries the one it was made from where that one quotes the server: servers repeat people's addresses.

The stage decides: before the content was handed over nothing was sent and a lost connection is only temporary; after
it, silence may hide an acceptance, so the outcome is unknown and nothing is resent blindly.
"""

from __future__ import annotations

import quopri
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr

from channels.errors import BadAddress, Misconfigured, OutcomeUnknown, Permanent, SendError, Temporary
from channels.mail.headers import REPLY_TO_MAX, clean, one_line, valid_address, valid_id
from channels.mail.loops import LOOP_HEADER
from channels.mail.meanings import ERRORS, nearest
from channels.mail.urls import Server, tls_context
from channels.message import OutboundMessage

SUBJECT_MAX = 250

NOBODY = "<>"
#: Answers that mean the same at every stage (RFC 4954 section 6).
SIGN_IN_FIRST = (530, 538)
#: A refused greeting, sign-in or sender stops every mail; what stands in ``meanings`` decides for the rest.
OURS = ("greeting", "sign-in", "sender")
#: Answers to a recipient that are about the person, not about the sender we gave: no other sender would help.
ABOUT_THE_PERSON = ("5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.2.2", "5.3.4")


def compose(
    message: OutboundMessage, *, sender: str, sender_name: str, message_id: str, reply_address: str, now: datetime
) -> bytes:
    """Calling this will write the mail with CRLF line ends: UTF-8 plain text, every value cleaned of CR and LF first.

    ``Auto-Submitted: auto-replied`` marks receipts and notices (RFC 3834 section 5); ``X-Auto-Response-Suppress`` asks
    Exchange not to answer any of ours. Raises Permanent for a recipient no mail can be addressed to.

    The lines are written here, not by ``EmailMessage``: that one encodes long ids in References into words that no mail
    program recognises.
    """
    recipient, _ = recipient_of(message)
    lines = [
        f"From: {_mailbox(sender_name, sender)}",
        f"To: {recipient}",
        f"Date: {format_datetime(now)}",
        f"Message-ID: <{message_id}>",
    ]
    subject = one_line(message.subject, SUBJECT_MAX)
    if subject:
        lines.append(f"Subject: {_words(subject, len('Subject: '))}")
    if reply_address != sender:
        lines.append(f"Reply-To: {reply_address}")
    answered = [text for item in message.reply_to if valid_id(text := item.strip("<>")) and "@" in text]
    if answered:
        lines.append(f"In-Reply-To: <{answered[-1]}>")
        lines.append("References: " + "\r\n ".join(f"<{item}>" for item in answered[-REPLY_TO_MAX:]))
    if message.automatic:
        lines.append("Auto-Submitted: auto-replied")
    lines += [
        "X-Auto-Response-Suppress: All",
        f"{LOOP_HEADER}: 1",
        "MIME-Version: 1.0",
        'Content-Type: text/plain; charset="utf-8"',
        "Content-Transfer-Encoding: quoted-printable",
        "",
    ]
    body = quopri.encodestring(clean(message.text).encode("utf-8")).decode("ascii").split("\n")
    # Only an address beyond ASCII makes the header so (RFC 6532), and then the server must carry it.
    return "\r\n".join([*lines, *body]).encode("utf-8") + b"\r\n"


def recipient_of(message: OutboundMessage) -> tuple[str, bool]:
    """Calling this will return the address a message goes to and whether it needs SMTPUTF8 (RFC 6531); raises
    BadAddress when it is not one plain address."""
    address = message.recipient.value
    if message.recipient.scheme != "mailto" or not valid_address(address):
        raise BadAddress("the recipient is not a mail address", code="address")
    return address, not address.isascii()


def _mailbox(name: str, address: str) -> str:
    clean_name = one_line(name, 100)
    if not clean_name.isascii():
        return f"{_words(clean_name, len('From: '))} <{address}>"
    return formataddr((clean_name, address)) if clean_name else address


def _words(text: str, used: int) -> str:
    if text.isascii() and "=?" not in text:
        return Header(text, "us-ascii", header_name="x" * used).encode(linesep="\r\n")
    return Header(text, "utf-8", header_name="x" * used).encode(linesep="\r\n")


def deliver(server: Server, senders: Sequence[str], recipient: str, data: bytes, *, utf8: bool = False) -> str:
    """Calling this will hand one mail to the server for one recipient; raises a SendError unless it was accepted.

    ``senders`` are envelope senders in the order of our liking, the last one our plain mailbox: many submission servers
    take no other from their customers, and say so at the sender or only at the recipient. Returns the one it took.
    """
    with session(server, senders[-1].rpartition("@")[2]) as smtp:
        if utf8 and not smtp.has_extn("smtputf8"):
            raise Permanent("the address has letters beyond ASCII, and the server offers no SMTPUTF8", code="smtputf8")
        options = ["SMTPUTF8", "BODY=8BITMIME"] if utf8 else []
        plain = senders[-1]
        taken = next(each for each in senders if _addressed(smtp, each, recipient, options, last=each == plain))
        code, text = smtp.docmd("DATA")
        if code != 354:
            raise refusal("content", code, text)
        try:
            smtp.send(_stuffed(data))
            answer = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise OutcomeUnknown(
                f"no answer after the content: {type(error).__name__}", code="after-content"
            ) from error
        _step(answer, "content")
        return taken


def _addressed(smtp: smtplib.SMTP, sender: str, recipient: str, options: list[str], *, last: bool) -> bool:
    """Sender and recipient given; false when the server refuses this sender and there is another to try."""
    try:
        _step(smtp.mail("" if sender == NOBODY else sender, options), "sender")
        _step(smtp.rcpt(recipient), "recipient")
    except (Permanent, Misconfigured) as error:
        if last or error.code in ABOUT_THE_PERSON:
            raise
        _step(smtp.rset(), "greeting")
        return False
    return True


def _stuffed(data: bytes) -> bytes:
    lines = data.removesuffix(b"\r\n").split(b"\r\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines) + b"\r\n.\r\n"


@contextmanager
def session(server: Server, helo: str) -> Iterator[smtplib.SMTP]:
    """Calling this will open a signed-in connection and close it afterwards; raises Temporary or Misconfigured.

    Nothing that fails on it before the content is handed over can have sent anything.
    """
    smtp: smtplib.SMTP | None = None
    try:
        smtp = _connect(server, helo)
        _secure(smtp, server)
        _sign_in(smtp, server)
        yield smtp
    except SendError:
        raise
    except smtplib.SMTPResponseException as error:
        raise refusal("greeting", error.smtp_code, error.smtp_error) from None
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError) as error:
        raise Temporary(f"the connection ended within TLS: {type(error).__name__}", code="connection") from error
    except ssl.SSLError as error:
        raise Misconfigured(f"TLS with the server fails: {error.reason or type(error).__name__}", code="tls") from error
    except (OSError, smtplib.SMTPException) as error:
        raise Temporary(f"the server cannot be reached: {type(error).__name__}", code="connection") from error
    finally:
        if smtp is not None:
            with suppress(
                OSError, smtplib.SMTPException
            ):  # the mail's fate is settled; a failed goodbye changes nothing
                smtp.quit()
            smtp.close()


def _connect(server: Server, helo: str) -> smtplib.SMTP:
    if server.tls:
        return smtplib.SMTP_SSL(
            server.host, server.port, local_hostname=helo, timeout=server.timeout, context=tls_context()
        )
    return smtplib.SMTP(server.host, server.port, local_hostname=helo, timeout=server.timeout)


def _secure(smtp: smtplib.SMTP, server: Server) -> None:
    smtp.ehlo_or_helo_if_needed()
    if server.tls or server.starttls == "never":
        return
    if smtp.has_extn("starttls"):
        _step(smtp.starttls(context=tls_context()), "greeting")
        smtp.ehlo_or_helo_if_needed()
    elif server.starttls == "required":
        raise Misconfigured("the server offers no STARTTLS, which SMTP_URL requires", code="tls")
    elif server.clear_password_refused:
        raise Misconfigured("the server offers no STARTTLS, so the password is not sent", code="tls")


def _sign_in(smtp: smtplib.SMTP, server: Server) -> None:
    if not server.user:
        return
    try:
        smtp.login(server.user, server.password)
    except smtplib.SMTPNotSupportedError as error:
        raise Misconfigured("the server takes no sign-in, but SMTP_URL has a user", code="sign-in") from error
    except smtplib.SMTPResponseException as error:
        raise refusal("sign-in", error.smtp_code, error.smtp_error) from None
    except smtplib.SMTPServerDisconnected:
        raise
    except smtplib.SMTPException as error:
        raise Misconfigured("the server offers no way to sign in that is known here", code="sign-in") from error
    except UnicodeError:
        raise Misconfigured("user and password for SMTP must be ASCII", code="sign-in") from None


def _step(answer: tuple[int, bytes], stage: str) -> None:
    code, text = answer
    if not 200 <= code < 300:
        raise refusal(stage, code, text)


def refusal(stage: str, code: int, text: bytes | str) -> SendError:
    """Calling this will make the error an answer means at a stage. The server's words stay out of it: they often repeat
    the recipient's address; the error's code is the enhanced one (RFC 3463) where the server gives one."""
    words = (text.decode("ascii", "replace") if isinstance(text, bytes) else text).split()
    digits = words[0].split(".") if words else []
    named = len(digits) == 3 and all(digit.isdigit() for digit in digits) and digits[0] == str(code // 100)
    meaning = ERRORS.get(nearest(words[0])) if named else None
    meaning = meaning or ERRORS.get(str(code))
    says = f"the server answered {code} {words[0] if named else ''}".rstrip() + f" at the {stage}"
    shown = meaning.code if meaning else str(code)
    kind = meaning.error if meaning else Permanent if code // 100 == 5 else Temporary
    if code in SIGN_IN_FIRST or (stage in OURS and code // 100 == 5 and code != 552):
        kind = Misconfigured
    if issubclass(kind, Temporary):
        return kind(says, code=shown, retry_after=meaning.wait if meaning else None)
    return kind(says, code=shown)
