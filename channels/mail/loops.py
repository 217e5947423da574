"""Mail that a machine wrote: our own come back, out-of-office replies, lists. It is kept and never answered. What
machines say of our own mail is read in ``bounces``.

Two programs that answer each other once filled a helpdesk with thousands of mails over one night; a mail for which any
row of ``RULES`` holds therefore gets no answer, whatever its text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from channels.mail.headers import Headers
from channels.mail.identity import Identity

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
    "warning: could not send message for past ",
    "warning: message delayed ",
    "delivery has failed",
    "message undeliverable",
    "non-delivery report",
    "nondeliverable mail",
    "mail could not be delivered",
    "mail system error",
    "returned to sender:",
    "delivery delayed:",
    "pesan tidak terkirim",
    "pengiriman gagal:",
    "kegagalan pengiriman",
    "tidak terkirim:",
    "tidak dapat dikirim:",
    "tidak dapat dihantar:",
)
ABSENCE_SUBJECTS = (
    "automatic response:",
    "autoresponse:",
    "auto-response:",
    "vacation reply:",
    "away from my mail",
    "sedang cuti:",
    "tidak di kantor:",
    "di luar kantor:",
    "luar pejabat:",
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
    #: The envelope's sender where the reader knows it: ``<>`` for the null sender, an empty text where it does not.
    envelope_sender: str = ""

    @property
    def null_sender(self) -> bool:
        """Calling this will tell whether the mail came from nobody (RFC 5321 section 4.5.5)."""
        return "<>" in (self.envelope_sender, self.headers.first("return-path").replace(" ", ""))

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
    "null-sender": lambda letter: letter.null_sender,
    "precedence": _says("precedence", "bulk", "junk", "list", "auto_reply"),
    "list": lambda letter: letter.headers.starting("list-"),
    "autoreply": _has("x-autoreply", "x-autorespond", "x-autoreply-from", "x-auto-reply"),
    "absence-header": _has("x-vacation", "x-mail-autoreply", "x-ms-exchange-inbox-rules-loop"),
    "failed-recipients": _has("x-failed-recipients"),
    "loop": _has(LOOP_HEADER.lower(), "x-loop"),
    "report": _says("content-type", "multipart/report"),
    "bouncer": lambda letter: letter.local in BOUNCERS or letter.local.startswith("bounce+"),
    "no-reply": lambda letter: letter.local.startswith(SILENT) or letter.local.endswith(SILENT),
    "bounce-subject": lambda letter: bounce_subject(letter.subject),
    "absence-subject": lambda letter: letter.subject.lower().startswith(ABSENCE_SUBJECTS),
}


def bounce_subject(subject: str) -> bool:
    """Calling this will tell whether a mail system wrote a subject: its words alone, or with a colon, a bracket or a
    dash after them. "Mail delivery failed again at our village office" is a person's."""
    low = subject.lower().strip()
    words = next((each for each in BOUNCE_SUBJECTS if low.startswith(each)), "")
    rest = low[len(words) :].lstrip()
    return bool(words) and (words.endswith((":", " ")) or not rest or rest[0] in ":(-")


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
