"""SMS over Twilio: plain text in parts that cost money, and senders that are not always people."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from channels import _twilio_checks as checks
from channels._twilio import Twilio, foreign
from channels._twilio_handled import SMS
from channels.base import Check, Limits
from channels.errors import Malformed
from channels.message import Address
from channels.phones import phone
from channels.text import segments, transliterate

_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_SENDER = re.compile(r"\+[1-9][0-9]{6,14}|[1-9][0-9]{2,7}|(?=.*[A-Za-z])[A-Za-z0-9 +_&-]{1,11}")
#: Words that make the provider itself stop all further messages to the sender, as the whole of a message
#: (twilio.com/docs/messaging/tutorials/advanced-opt-out). What brings them back is a message like any other.
_STOP = frozenset(("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"))
_BASE64 = re.compile(r"[A-Za-z0-9+/]{40,}={0,2}")


class Sms(Twilio):
    """Calling this will make the SMS channel of one Twilio sender; ``TWILIO_SMS_FROM`` is its number or name."""

    kind = "sms"
    title = "SMS"
    required = ("TWILIO_SMS_FROM",)
    handled = SMS
    # Three parts of 153 septets: longer messages often arrive incomplete or not at all. Answers are written in GSM
    # 03.38; a script it lacks takes more parts.
    limits = Limits(
        text_length=459, attachment_bytes=5_000_000, per_second=1.0, per_person=1.0, reports=True, automatic=(10, 30)
    )

    @classmethod
    def faults(cls, values: Mapping[str, str]) -> list[str]:
        """Calling this will list what is wrong with the form of the settings."""
        faults = super().faults(values)
        if not _SENDER.fullmatch(values.get("TWILIO_SMS_FROM", "")):
            faults.append(
                "TWILIO_SMS_FROM must be +… in international form, a short code (3 to 8 digits, the first not 0), or a "
                "name of 11 characters"
            )
        return faults

    @property
    def account(self) -> str:
        """Calling this will give our sender as the provider writes it."""
        return self.values["TWILIO_SMS_FROM"]

    @property
    def contact(self) -> tuple[str, str]:
        """Calling this will give our number and its sms link; nothing for a name, to which nobody can reply."""
        number = self.account
        return (number, f"sms:{number}") if number.lstrip("+").isdigit() else ("", "")

    @property
    def pull_every(self) -> float | None:
        """Calling this will ask for a look every five minutes; for none where we are a name, to which nobody writes."""
        return super().pull_every if self.contact[0] else None

    def sender(self, raw: str) -> tuple[Address, bool]:
        """Calling this will read a number in any Indonesian or international spelling as ``tel:+…``.

        A short code or a name is ``sms:…`` and a machine: an operator's advertisement answered makes a loop. Raises
        Malformed for what is neither.
        """
        if len(raw) > 64 or not raw.isprintable():
            raise Malformed("From is neither a number, a short code nor a name")
        number = phone(raw)
        return (Address("tel", number), False) if number else (Address("sms", raw), True)

    def recipient(self, address: Address) -> str:
        """Calling this will write a phone number. Raises Permanent for any other address."""
        if address.scheme == "tel" and _PHONE.fullmatch(address.value):
            return address.value
        raise foreign(address)

    def stopping(self, fields: Mapping[str, str]) -> bool | None:
        """Calling this will go by ``OptOutType`` where it is given, else by the words the provider acts on."""
        if fields.get("OptOutType"):
            return super().stopping(fields)
        return True if fields["Body"].strip().upper() in _STOP else None

    def incoming(self, fields: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
        """Calling this will return the text; some routes deliver long messages in base64."""
        decoded = unwrapped(fields["Body"])
        return (fields["Body"], ()) if decoded is None else (decoded, ("base64",))

    def outgoing(self, text: str) -> str:
        """Calling this will write a text in GSM 03.38 where that can be done and costs no more parts."""
        plain = transliterate(text)
        return plain if segments(plain).count <= segments(text).count else text

    def parts(self, text: str, told: int) -> int:
        """Calling this will count the parts ourselves where the provider has not yet."""
        return told or max(segments(text).count, 1)

    def check_sender(self) -> list[Check]:
        """Calling this will look the number up in the account and compare its webhook with ours."""
        if not _PHONE.fullmatch(self.account):
            return [Check("sender", True, "a short code or name cannot be looked up; replies to a name never arrive")]
        return checks.sms(self._client, self.account, self.hook, self.webhook)


def unwrapped(body: str) -> str | None:
    """Calling this will decode a body that is plainly base64: long, whole, and a printable text with blanks inside.

    None for any other body.
    """
    if len(body) % 4 or not _BASE64.fullmatch(body):
        return None
    try:
        text = base64.b64decode(body, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    printable = all(char.isprintable() or char in "\r\n\t" for char in text)
    return text if printable and " " in text else None
