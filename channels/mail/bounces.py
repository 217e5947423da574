"""What mail systems say of a mail of ours: reports by RFC 3464, and the many that keep to no standard.

A mail counts as such a report only if a mail system wrote it *and* it carries what only we can have given it: the
signed Message-ID of a mail of ours, or the signed address from which that mail was sent. Then words decide what it
means. Anything else stays a mail that a machine wrote, and a person sees it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from channels.mail.headers import Headers, message_ids
from channels.mail.identity import Identity
from channels.mail.loops import BOUNCERS, Letter, bounce_subject
from channels.mail.meanings import nearest
from channels.mail.mime import FAULTS, Part, children, content_type, open_headers, payload
from channels.message import DeliveryState

#: RFC 3464 section 2.3.3. "delayed" is only a warning: the mail may still arrive.
ACTIONS: dict[str, DeliveryState] = {
    "failed": DeliveryState.FAILED,
    "delayed": DeliveryState.UNKNOWN,
    "delivered": DeliveryState.DELIVERED,
    "relayed": DeliveryState.SENT,
    "expanded": DeliveryState.SENT,
}
#: RFC 3463 section 2: the class of the status, for reports that forget the action.
CLASSES: dict[str, DeliveryState] = {
    "2": DeliveryState.DELIVERED,
    "4": DeliveryState.UNKNOWN,
    "5": DeliveryState.FAILED,
}
STATUS_PARTS = frozenset({"message/delivery-status", "message/global-delivery-status"})
RETURNED_PARTS = frozenset(
    {"message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers", "message/global-headers"}
)
#: How much of a notice is read: what it has to say it says at the beginning.
NOTICE_MAX = 8_000
#: Below one of these stands our own mail come back; its words are not the mail system's.
COPIES = (
    "below this line is a copy of the message",
    "this is a copy of the message, including all the headers",
    "----- original message -----",
    "-----original message-----",
    "--- original message",
    "original message headers:",
    "original message follows",
    "unsent message below",
    "returned message follows",
    "the original message is attached",
    "pesan asli",
)
#: The mail is still on its way.
WARNINGS = (
    "this is a warning message only",
    "you do not need to resend",
    "do not need to resend your message",
    "will be retried",
    "will keep trying",
    "will continue to be tried",
    "delivery attempts will continue",
    "temporarily delayed",
    "delivery delayed",
    "has been delayed",
    "delayed mail",
    "belum dapat dikirim",
    "akan terus dicoba",
    "akan dicoba lagi",
)
#: Words → status of RFC 3463, the narrower first. Seen in Postfix, qmail, Exim, sendmail, Exchange, Gmail, Yahoo.
TEXTS: tuple[tuple[str, str], ...] = (
    ("mailbox full", "5.2.2"),
    ("mailbox is full", "5.2.2"),
    ("inbox is full", "5.2.2"),
    ("out of storage space", "5.2.2"),
    ("over quota", "5.2.2"),
    ("overquota", "5.2.2"),
    ("quota exceeded", "5.2.2"),
    ("exceeded storage", "5.2.2"),
    ("exceeds the quota", "5.2.2"),
    ("kotak surat penuh", "5.2.2"),
    ("kotak masuk penuh", "5.2.2"),
    ("peti mel penuh", "5.2.2"),
    ("account is disabled", "5.2.1"),
    ("account has been disabled", "5.2.1"),
    ("account is inactive", "5.2.1"),
    ("mailbox disabled", "5.2.1"),
    ("mailbox unavailable", "5.1.1"),
    ("mailbox is inactive", "5.2.1"),
    ("user unknown", "5.1.1"),
    ("unknown user", "5.1.1"),
    ("no such user", "5.1.1"),
    ("no such mailbox", "5.1.1"),
    ("no mailbox here by that name", "5.1.1"),
    ("user doesn't have a", "5.1.1"),
    ("user not found", "5.1.1"),
    ("does not exist", "5.1.1"),
    ("doesn't exist", "5.1.1"),
    ("couldn't be found", "5.1.1"),
    ("wasn't found at", "5.1.1"),
    ("address not found", "5.1.1"),
    ("invalid recipient", "5.1.1"),
    ("recipient address rejected", "5.1.1"),
    ("recipient rejected", "5.1.1"),
    ("unrouteable address", "5.1.1"),
    ("alamat tidak ditemukan", "5.1.1"),
    ("tidak ditemukan di", "5.1.1"),
    ("pengguna tidak dikenal", "5.1.1"),
    ("pengguna tidak ditemukan", "5.1.1"),
    ("host or domain name not found", "5.1.2"),
    ("couldn't find any host named", "5.1.2"),
    ("domain not found", "5.1.2"),
    ("host unknown", "5.1.2"),
    ("domain tidak ditemukan", "5.1.2"),
    ("too large", "5.3.4"),
    ("size limit", "5.3.4"),
    ("maximum size", "5.3.4"),
    ("terlalu besar", "5.3.4"),
    ("spam", "5.7.1"),
    ("blocked", "5.7.1"),
    ("blacklist", "5.7.1"),
    ("not authorized", "5.7.1"),
    ("access denied", "5.7.1"),
    ("relay", "5.7.1"),
    ("policy", "5.7.1"),
    ("diblokir", "5.7.1"),
    ("retry timeout exceeded", "4.4.7"),
    ("message expired", "4.4.7"),
    ("delivery time expired", "4.4.7"),
    ("giving up", "4.4.7"),
    ("too many hops", "5.4.6"),
)
#: Basic replies whose meaning is narrow enough to stand for a status (RFC 5321 section 4.2.3).
REPLIES: dict[str, str] = {
    "550": "5.1.1",
    "551": "5.1.6",
    "552": "5.2.2",
    "553": "5.1.3",
    "554": "5.7.1",
    "556": "5.1.10",
}


@dataclass(frozen=True, slots=True)
class Bounce:
    """Calling this will hold what a report says of one mail of ours: its id, our key, the state, the status."""

    message_id: str
    key: str
    state: DeliveryState
    status: str


def standard(root: Part, identity: Identity, bounced: str) -> Bounce | None:
    """Calling this will read an RFC 3464 report about a mail of ours; None for anything else, also for a report about
    an id that we did not sign (anybody can write one) and for one that somebody forwards. ``bounced`` is the outbox key
    of the signed address the report came to, or empty."""
    near = list(_near(root))
    status_part = next((part for part in near if content_type(part) in STATUS_PARTS), None)
    if status_part is None:
        return None
    message_id = next((each for each in _returned_ids(near) if identity.key_of(each)), "")
    key = identity.key_of(message_id) or bounced
    if not key:
        return None
    state, status = _verdict(status_part)
    return Bounce(message_id or identity.message_id(key), key, state, status)


def unstandard(root: Part, letter: Letter, text: str, identity: Identity, bounced: str) -> Bounce | None:
    """Calling this will read a mail system's report that keeps to no standard; None for anything else.

    ``text`` is the readable body. Without words of a known meaning it is one only if it came to the signed address.
    """
    named = letter.local in BOUNCERS or bounce_subject(letter.subject)
    reports = content_type(root) == "multipart/report" and "report-type" in letter.headers.first("content-type").lower()
    if not (named or letter.null_sender) or reports or letter.value("auto-submitted") == "auto-replied":
        return None
    near = list(_near(root))
    ids = [each for each in _returned_ids(near) if identity.key_of(each)] or identity.ids_in(text)
    key = bounced or (identity.key_of(ids[0]) if ids else "")
    if not key:
        return None
    low = text[:NOTICE_MAX].lower()
    notice = low[: min((at for mark in COPIES if (at := low.find(mark)) >= 0), default=len(low))]
    state, status = _read(f"{letter.subject.lower()}\n{notice}")
    if not status and not (bounced and named):
        return None
    return Bounce(ids[0] if ids else identity.message_id(key), key, state, status or "5.0.0")


def _read(notice: str) -> tuple[DeliveryState, str]:
    status = next(_statuses(notice), "") or next((code for words, code in TEXTS if words in notice), "")
    status = status or next((REPLIES[word] for word in notice.split() if word in REPLIES), "")
    if any(words in notice for words in WARNINGS):
        return DeliveryState.UNKNOWN, status if status.startswith("4") else "4.0.0"
    return DeliveryState.FAILED, nearest(status)


def _statuses(notice: str) -> Iterator[str]:
    """The statuses of RFC 3463 a text names, as ``5.1.1``, ``(#5.1.1)`` or ``550-5.1.1``."""
    for word in notice.replace("-", " ").split():
        bare = word.strip("#()[]<>,;:.\"'")
        digits = bare.split(".")
        if len(digits) == 3 and digits[0] in ("4", "5") and all(each.isdigit() and len(each) <= 3 for each in digits):
            yield bare


def _near(root: Part) -> Iterator[Part]:
    """The parts of the mail itself, not those of a mail inside it."""
    yield root
    if content_type(root) == "message/rfc822":
        return
    for child in children(root):
        yield from _near(child)


def _returned_ids(near: list[Part]) -> list[str]:
    found: list[str] = []
    for part in near:
        if content_type(part) in RETURNED_PARTS:
            try:
                inner = children(part)
                headers = Headers(inner[0]) if inner else open_headers(payload(part))
            except FAULTS:
                continue
            found += message_ids(headers.first("message-id"))
    return found


def _verdict(part: Part) -> tuple[DeliveryState, str]:
    """The worst of the recipients' blocks, though we send one mail to one recipient."""
    verdicts: list[tuple[DeliveryState, str]] = []
    for block in children(part):
        headers = Headers(block)
        action = headers.first("action").partition("(")[0].strip().lower()
        status = headers.first("status").partition("(")[0].strip()[:20]
        if action or status:
            state = ACTIONS.get(action) or CLASSES.get(status[:1], DeliveryState.UNKNOWN)
            if state is DeliveryState.FAILED:
                status = nearest(_narrower(status, headers.first("diagnostic-code")))
            verdicts.append((state, status))
    failed = [verdict for verdict in verdicts if verdict[0] is DeliveryState.FAILED]
    return (failed or verdicts or [(DeliveryState.UNKNOWN, "")])[0]


def _narrower(status: str, diagnostic: str) -> str:
    """The other server's own status where ours only says "other" (5.0.0)."""
    if status.endswith(".0.0"):
        return next(_statuses(diagnostic[:1000]), status)
    return status
