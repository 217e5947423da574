"""What can go wrong at a provider, as a tree the sender can act on.

::

    ChannelError
    ├── Forged               the request is not from the provider: 403, nothing stored
    ├── Malformed            genuine, but no rule reads it: 200, quarantined with its raw bytes
    ├── FetchError           an attachment could not be had; ``permanent`` says whether trying again helps
    │   └── TooLarge         it is larger than we take: the person is told
    └── SendError
        ├── Temporary        not taken; try again, after ``retry_after`` seconds if given
        │   └── Throttled    the channel itself is too fast: the channel waits, not only this message
        ├── WindowClosed     free text is not allowed now: held until the person writes, who is asked by a template
        ├── Permanent        refused for good; another address of the person may do
        │   ├── BadAddress         nobody is reached there: the address is not tried again
        │   └── RecipientStopped   the person blocked us or opted out: stop until they write again
        ├── Misconfigured    our account, key or sender is wrong: nothing will pass until an operator acts
        └── OutcomeUnknown   it may have been sent: never resend blindly

What a provider's own code means stands in a table of ``Meaning`` rows beside its adapter: the sender acts by it, and
``docs/channels/coverage.md`` is printed from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class ChannelError(Exception):
    """Calling this will describe a fault at a provider's edge; the text is for operators and holds no personal data."""


class Forged(ChannelError):
    """Calling this will refuse a request whose signature or secret does not hold."""


class Malformed(ChannelError):
    """Calling this will send a genuine but unreadable request to quarantine."""


class FetchError(ChannelError):
    """Calling this will say that an attachment could not be had, and whether another try can help."""

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


class TooLarge(FetchError):
    """Calling this will say that an attachment is larger than we take, or than the provider hands out: for good."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class SendError(ChannelError):
    """Calling this will say that a send did not end in a receipt; ``code`` is the provider's own word for it."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class Temporary(SendError):
    """Calling this will say that the provider did not take the message; ``retry_after`` is seconds, or None."""

    def __init__(self, message: str, *, code: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class Throttled(Temporary):
    """Calling this will say that the whole channel must slow down: it rests for ``retry_after`` seconds."""


class WindowClosed(SendError):
    """Calling this will say that the provider takes no free text for this person now (WhatsApp's 24 hours)."""


class Permanent(SendError):
    """Calling this will say that this message will never pass to this address."""


class BadAddress(Permanent):
    """Calling this will say that nobody can be reached at this address, with this or any other message."""


class RecipientStopped(Permanent):
    """Calling this will say that the person blocked us or opted out: nothing more is sent until they write again."""


class Misconfigured(SendError):
    """Calling this will say that our own account, key or sender is wrong; the operator must act."""


class OutcomeUnknown(SendError):
    """Calling this will say that the message may have been sent: it is shown as uncertain and never resent blindly."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """Calling this will hold one row of a provider's error table: its code, what it says, and what we make of it.

    ``wait`` is seconds to wait where the provider's rule says so and its answer does not.
    """

    code: str
    text: str
    error: type[SendError]
    wait: float | None = None


def by_code(*rows: Iterable[Meaning]) -> dict[str, Meaning]:
    """Calling this will make one table of several. Raises ValueError for a code that stands in it twice."""
    table: dict[str, Meaning] = {}
    for row in (row for group in rows for row in group):
        if row.code in table:
            raise ValueError(f"the code {row.code} has two meanings")
        table[row.code] = row
    return table
