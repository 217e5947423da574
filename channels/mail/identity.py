"""What only we can write: Message-IDs and reply addresses bound by a keyed hash.

Without that hash a stranger who guesses an id could forge a bounce, and one who knows a ticket number could write into
a ticket. A valid reply address still proves only that its writer once saw it: whoever attaches the mail to the ticket
must also compare the sender.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from channels.mail.headers import ID_MAX, valid_id

REPLY_MAC = 12
ID_MAC = 16
#: What follows the plus of a bounce address. No ticket number contains an equals sign.
BOUNCE = "b="
LOCAL_MOST = 64


@dataclass(frozen=True, slots=True)
class Identity:
    """Calling this will hold our mailbox and the secret its signs are made with.

    The secret is ``MAIL_HOOK_SECRET``, else the password in ``SMTP_URL``, else the one in ``IMAP_URL``. What was signed
    with ``old`` is recognised too, so that a change of the secret makes no reply address void; nothing new is signed
    with it. With no secret at all nothing is signed and nothing is recognised as ours.
    """

    address: str
    secret: bytes = field(repr=False)
    old: bytes = field(repr=False, default=b"")

    @property
    def local(self) -> str:
        """Calling this will return the part of our address before the ``@``."""
        return self.address.rpartition("@")[0]

    @property
    def domain(self) -> str:
        """Calling this will return the part of our address after the ``@``."""
        return self.address.rpartition("@")[2]

    def _mac(self, purpose: str, text: str, length: int, secret: bytes = b"") -> str:
        # The purpose and our address are inside: an id is no reply address, and two mailboxes of one owner differ.
        message = f"aduan mail {purpose}\n{self.address}\n{text}"
        return hmac.digest(secret or self.secret, message.encode(), "sha256").hex()[:length]

    def _holds(self, given: str, purpose: str, text: str, length: int) -> bool:
        made = (self._mac(purpose, text, length, secret) for secret in (self.secret, self.old) if secret)
        return any(hmac.compare_digest(given.encode("utf-8", "replace"), each.encode()) for each in made)

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
        return key if self._holds(mac, "id", key, ID_MAC) else ""

    def reply_address(self, ticket_number: str) -> str:
        """Calling this will make the address whose mails belong to a ticket: ``aduan+<number>.<mac>@domain``. It is the
        plain mailbox when there is no ticket or no secret to sign with."""
        number = ticket_number.strip().upper()
        if not number or not self.secret:
            return self.address
        return f"{self.local}+{number.lower()}.{self._mac('reply', number, REPLY_MAC)}@{self.domain}"

    def bounce_address(self, key: str) -> str:
        """Calling this will make the envelope sender of the mail with an outbox key, ``aduan+b=<key>.<mac>@domain``, so
        that what comes back is known by its address alone. It is the plain mailbox when the key is not of letters and
        digits, when the local part would exceed 64 characters (RFC 5321), or without a secret."""
        local = f"{self.local}+{BOUNCE}{key}.{self._mac('bounce', key, REPLY_MAC)}"
        plain = key.isascii() and key.isalnum() and key == key.lower()
        return f"{local}@{self.domain}" if self.secret and plain and len(local) <= LOCAL_MOST else self.address

    def bounced_key(self, recipients: list[str]) -> str:
        """Calling this will return the outbox key of the first validly signed bounce address among raw recipients; an
        empty string otherwise."""
        for word, mac in self._signed(recipients):
            key = word.removeprefix(BOUNCE)
            if key != word and self._holds(mac, "bounce", key, REPLY_MAC):
                return key
        return ""

    def ticket_of(self, recipients: list[str]) -> str:
        """Calling this will return the ticket number that a validly signed reply address among raw recipient headers
        carries, in capitals; an empty string otherwise. At most 50 candidates are looked at."""
        for number, mac in self._signed(recipients):
            if self._holds(mac, "reply", number.upper(), REPLY_MAC):
                return number.upper()
        return ""

    def ids_in(self, text: str) -> list[str]:
        """Calling this will list the Message-IDs of ours that a text quotes, at most 50 candidates looked at."""
        found: list[str] = []
        mark, position = f"@{self.domain}", 0
        lowered = text.lower()
        if not self.secret or len(lowered) != len(text):
            return found
        for _ in range(50):
            at = lowered.find(mark, position)
            if at < 0:
                break
            position = at + len(mark)
            # An id of ours begins after a bracket or a blank and is at most ID_MAX long.
            before = text[max(0, at - ID_MAX) : at].replace("<", " ").replace(":", " ").split(" ")[-1].split("\n")[-1]
            made = f"{before.strip()}{mark}"
            if self.key_of(made) and made not in found:
                found.append(made)
        return found

    def _signed(self, recipients: list[str]) -> Iterator[tuple[str, str]]:
        """What stands between the plus and the last dot of each address of ours, and what stands after that dot."""
        if not self.secret:
            return
        text = "\n".join(recipients).lower()
        prefix, suffix, position = f"{self.local}+", f"@{self.domain}", 0
        for _ in range(50):
            start = text.find(prefix, position)
            if start < 0:
                break
            position = start + len(prefix)
            number, dot, mac = text[position : position + 64].partition("@")[0].rpartition(".")
            at = position + len(number) + len(dot) + len(mac)
            if dot and text.startswith(suffix, at):
                yield number, mac

    def is_own(self, address: str) -> bool:
        """Calling this will tell whether an address is our mailbox, plain or with a plus part."""
        local, _, domain = address.lower().rpartition("@")
        return domain == self.domain and (local == self.local or local.startswith(f"{self.local}+"))
