"""Telephone numbers as people, phones and modems write them, brought to one spelling; and who cannot be a person."""

from __future__ import annotations

import re

import phonenumbers

from channels.errors import Malformed, Permanent
from channels.message import Address

#: A number in international form (E.164), as every provider takes it.
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
#: A note on a message that no person can have written: short codes and names belong to operators and advertisers.
NOT_A_PERSON = "sender-not-a-person"

#: A text that no person wrote never costs more parts than this.
AUTOMATIC_PARTS = 3

_NUMBER = re.compile(r"\+?[0-9][0-9 ().-]{2,24}|\([0-9][0-9 ().-]{2,24}")
_LONGEST_SENDER = 64


def phone(raw: str) -> str | None:
    """Calling this will write a number as ``+62…`` (E.164, read as in Indonesia), or return None for what is none.

    Short codes and names are none: they parse, or raise, but are no possible numbers.
    """
    if not _NUMBER.fullmatch(raw):
        return None
    # The library takes 00 for Indonesia's own trunk prefix and goes wrong.
    spelled = f"+{raw[2:]}" if raw.startswith("00") else raw
    try:
        number = phonenumbers.parse(spelled, "ID")
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def sms_sender(raw: str) -> tuple[Address, bool]:
    """Calling this will read who sent an SMS: ``tel:+…`` for a number in any spelling, and False; for a short code or a
    name ``sms:…``, and True: a machine, whose advertisement answered makes a loop.

    Raises Malformed for what is neither.
    """
    given = raw.strip()
    if not given or len(given) > _LONGEST_SENDER or not given.isprintable():
        raise Malformed("the sender is neither a number, a short code nor a name")
    number = phone(given)
    return (Address("tel", number), False) if number else (Address("sms", given), True)


def sms_recipient(address: Address) -> str:
    """Calling this will write the number an SMS goes to. Raises Permanent for an address of another channel."""
    if address.scheme == "tel" and E164.fullmatch(address.value):
        return address.value
    raise Permanent(f"no SMS goes to an address of the kind {address.scheme!r}", code="address")
