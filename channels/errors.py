"""What can go wrong at a provider, as a tree the sender can act on.

::

    ChannelError
    ├── Forged               the request is not from the provider: 403, nothing stored
    ├── Malformed            genuine, but no rule reads it: 200, quarantined with its raw bytes
    ├── FetchError           an attachment could not be had; ``permanent`` says whether trying again helps
    └── SendError
        ├── Temporary        not taken; try again, after ``retry_after`` seconds if given
        ├── Permanent        refused for good, for this message or this address
        │   └── RecipientStopped   the person blocked us or opted out: stop until they write again
        ├── Misconfigured    our account, key or sender is wrong: nothing will pass until an operator acts
        └── OutcomeUnknown   it may have been sent: never resend blindly
"""

from __future__ import annotations


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


class Permanent(SendError):
    """Calling this will say that this message will never pass to this address."""


class RecipientStopped(Permanent):
    """Calling this will say that the person blocked us or opted out: nothing more is sent until they write again."""


class Misconfigured(SendError):
    """Calling this will say that our own account, key or sender is wrong; the operator must act."""


class OutcomeUnknown(SendError):
    """Calling this will say that the message may have been sent: it is shown as uncertain and never resent blindly."""
