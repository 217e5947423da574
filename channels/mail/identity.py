"""What only we can write: Message-IDs and reply addresses bound by a keyed hash.

Without that hash a stranger who guesses an id could forge a bounce, and one who knows a ticket number could write into
a ticket. A valid reply address still proves only that its writer once saw it: whoever attaches the mail to the ticket
must also compare the sender.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from channels.mail.headers import ID_MAX, valid_id

REPLY_MAC = 12
ID_MAC = 16


@dataclass(frozen=True, slots=True)
class Identity:
    """Calling this will hold our mailbox and the secret its signs are made with.

    The secret is ``MAIL_HOOK_SECRET``, else the password in ``SMTP_URL``, else the one in ``IMAP_URL``: a change of it
    makes older reply addresses void (their mails then thread by In-Reply-To, or become new tickets). With no secret at
    all nothing is signed and nothing is recognised as ours.
    """

    address: str
    secret: bytes = field(repr=False)

    @property
    def local(self) -> str:
        """Calling this will return the part of our address before the ``@``."""
        return self.address.rpartition("@")[0]

    @property
    def domain(self) -> str:
        """Calling this will return the part of our address after the ``@``."""
        return self.address.rpartition("@")[2]

    def _mac(self, purpose: str, text: str, length: int) -> str:
        # The purpose and our address are inside: an id is no reply address, and two mailboxes of one owner differ.
        message = f"aduan mail {purpose}\n{self.address}\n{text}"
        return hmac.digest(self.secret, message.encode(), "sha256").hex()[:length]

    def message_id(self, key: str) -> str:
        """Calling this will make the Message-ID (without brackets) of an outbox key: the same key, the same id, so that
        a second try is recognisable as the same mail. Raises ValueError for a key too long to carry."""
        safe = quote(key, safe="")
        made = f"{safe}.{self._mac('id', key, ID_MAC)}@{self.domain}"
        if not valid_id(made):
            raise ValueError(f"an outbox key may not make a Message-ID longer than {ID_MAX} characters")
        return made

    def key_of(self, message_id: str) -> str:
        """Calling this will return the outbox key of a Message-ID of ours, or an empty string for anybody else's."""
        left, at, domain = message_id.rpartition("@")
        safe, dot, mac = left.rpartition(".")
        if not (self.secret and at and dot) or domain.lower() != self.domain:
            return ""
        key = unquote(safe)
        return key if _same(mac, self._mac("id", key, ID_MAC)) else ""

    def reply_address(self, ticket_number: str) -> str:
        """Calling this will make the address whose mails belong to a ticket: ``aduan+<number>.<mac>@domain``. It is the
        plain mailbox when there is no ticket or no secret to sign with."""
        number = ticket_number.strip().upper()
        if not number or not self.secret:
            return self.address
        return f"{self.local}+{number.lower()}.{self._mac('reply', number, REPLY_MAC)}@{self.domain}"

    def ticket_of(self, recipients: list[str]) -> str:
        """Calling this will return the ticket number that a validly signed reply address among raw recipient headers
        carries, in capitals; an empty string otherwise. At most 50 candidates are looked at."""
        if not self.secret:
            return ""
        text = "\n".join(recipients).lower()
        prefix, suffix, position = f"{self.local}+", f"@{self.domain}", 0
        for _ in range(50):
            start = text.find(prefix, position)
            if start < 0:
                break
            position = start + len(prefix)
            number, dot, mac = text[position : position + 64].partition("@")[0].rpartition(".")
            at = position + len(number) + len(dot) + len(mac)
            if dot and text[at:].startswith(suffix) and _same(mac, self._mac("reply", number.upper(), REPLY_MAC)):
                return number.upper()
        return ""

    def is_own(self, address: str) -> bool:
        """Calling this will tell whether an address is our mailbox, plain or with a plus part."""
        local, _, domain = address.lower().rpartition("@")
        return domain == self.domain and (local == self.local or local.startswith(f"{self.local}+"))


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
