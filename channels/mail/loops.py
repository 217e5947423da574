"""Mail that a machine wrote: our own come back, bounces, out-of-office replies, lists. It is kept and never answered.

Two programs that answer each other once filled a helpdesk with thousands of mails over one night; a mail for which any
row of ``RULES`` holds therefore gets no answer, whatever its text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from channels.mail.headers import Headers, message_ids
from channels.mail.identity import Identity
from channels.mail.mime import FAULTS, Part, children, content_type, open_headers, parts, payload
from channels.message import DeliveryState

LOOP_HEADER = "X-Aduan-Loop"

BOUNCERS = frozenset(
    {"mailer-daemon", "mail-daemon", "mailerdaemon", "mailer_daemon", "postmaster", "mdaemon", "bounce", "bounces"}
)
SILENT = (
    "noreply",
    "no-reply",
    "no_reply",
    "do-not-reply",
    "donotreply",
    "do_not_reply",
    "tidak-dibalas",
    "jangan-balas",
)
BOUNCE_SUBJECTS = (
    "undelivered mail returned to sender",
    "delivery status notification",
    "mail delivery failed",
    "mail delivery failure",
    "delivery failure",
    "undeliverable:",
    "undeliverable mail",
    "returned mail:",
    "failure notice",
    "warning: could not send message",
    "tidak terkirim:",
    "tidak dapat dikirim:",
    "tidak dapat dihantar:",
)
ABSENCE_SUBJECTS = (
    "automatic reply:",
    "auto reply:",
    "autoreply:",
    "auto-reply:",
    "out of office:",
    "out of office reply",
    "out of office autoreply",
    "balasan otomatis:",
    "jawaban otomatis:",
    "balasan automatis:",
    "jawapan automatik:",
    "balasan automatik:",
)


@dataclass(frozen=True, slots=True)
class Letter:
    """Calling this will hold what the rules look at."""

    headers: Headers
    sender: str
    subject: str

    @property
    def local(self) -> str:
        """Calling this will return the sender's name before the ``@``."""
        return self.sender.rpartition("@")[0]

    def value(self, name: str) -> str:
        """Calling this will return a header's bare word in lower case, without parameters or comments."""
        return self.headers.first(name).partition(";")[0].partition("(")[0].strip().lower()


def _says(name: str, *words: str) -> Callable[[Letter], bool]:
    return lambda letter: letter.value(name) in words


def _has(*names: str) -> Callable[[Letter], bool]:
    return lambda letter: any(name in letter.headers for name in names)


#: name → does it hold. RFC 3834 section 2 for the first two; RFC 2076 for Precedence; RFC 2919 and 2369 for List-*.
RULES: dict[str, Callable[[Letter], bool]] = {
    "auto-submitted": lambda letter: letter.value("auto-submitted") not in ("", "no"),
    "null-sender": lambda letter: letter.headers.first("return-path").replace(" ", "") == "<>",
    "precedence": _says("precedence", "bulk", "junk", "list", "auto_reply"),
    "list": lambda letter: letter.headers.starting("list-"),
    "autoreply": _has("x-autoreply", "x-autorespond", "x-autoreply-from", "x-auto-reply"),
    "loop": _has(LOOP_HEADER.lower(), "x-loop"),
    "report": _says("content-type", "multipart/report"),
    "bouncer": lambda letter: letter.local in BOUNCERS or letter.local.startswith("bounce+"),
    "no-reply": lambda letter: letter.local.startswith(SILENT) or letter.local.endswith(SILENT),
    "bounce-subject": lambda letter: letter.subject.lower().startswith(BOUNCE_SUBJECTS),
    "absence-subject": lambda letter: letter.subject.lower().startswith(ABSENCE_SUBJECTS),
}


def automatic(letter: Letter) -> str:
    """Calling this will name the first rule by which a machine wrote this mail; an empty string for a person's mail.

    ``X-Auto-Response-Suppress`` is no such rule: it asks *us* not to answer automatically (MS-OXCMAIL 2.1.3.2.20) and
    says nothing about who wrote; see ``wants_silence``.
    """
    return next((name for name, holds in RULES.items() if holds(letter)), "")


def wants_silence(headers: Headers) -> bool:
    """Calling this will tell whether the sender asks for no automatic answer, though a person may have written."""
    asked = {word.strip().lower() for word in headers.first("x-auto-response-suppress").split(",")}
    return bool(asked & {"all", "autoreply", "oof"})


def ours(letter: Letter, message_id: str, identity: Identity) -> bool:
    """Calling this will tell whether this is a mail of our own come back: sent from our address, or with an id only we
    can write, or marked by us with an id of our domain. It is nobody's message."""
    same_domain = message_id.rpartition("@")[2].lower() == identity.domain
    return (
        identity.is_own(letter.sender)
        or bool(identity.key_of(message_id))
        or (same_domain and LOOP_HEADER.lower() in letter.headers)
    )


def local_bouncer(headers: Headers, identity: Identity) -> str:
    """Calling this will complete a From that is only ``MAILER-DAEMON``, as local mail systems write it, with our
    domain; an empty string for anything else."""
    word = headers.first("from").partition("(")[0].strip(' <>"').lower()
    return f"{word}@{identity.domain}" if word in BOUNCERS else ""


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


@dataclass(frozen=True, slots=True)
class Bounce:
    """Calling this will hold what a delivery report says of one mail of ours: its id, our key, the state, the
    status."""

    message_id: str
    key: str
    state: DeliveryState
    status: str


def bounce(root: Part, identity: Identity) -> Bounce | None:
    """Calling this will read an RFC 3464 delivery report about a mail of ours; None for anything else, also for a
    report about an id that we did not sign (anybody can write one)."""
    status_part = next((part for part in parts(root) if content_type(part) in STATUS_PARTS), None)
    if status_part is None:
        return None
    for message_id in _returned_ids(root):
        key = identity.key_of(message_id)
        if key:
            state, status = _verdict(status_part)
            return Bounce(message_id, key, state, status)
    return None


def _returned_ids(root: Part) -> list[str]:
    found: list[str] = []
    for part in parts(root):
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
            verdicts.append((state, status))
    failed = [verdict for verdict in verdicts if verdict[0] is DeliveryState.FAILED]
    return (failed or verdicts or [(DeliveryState.UNKNOWN, "")])[0]
