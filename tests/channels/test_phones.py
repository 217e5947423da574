"""Numbers in every spelling people, phones and modems use; who is no person."""

from __future__ import annotations

import pytest

from channels.errors import Malformed, Permanent
from channels.message import Address
from channels.phones import phone, sms_recipient, sms_sender

PERSON = "+628110000001"
SPELLINGS: dict[str, tuple[str, str | None]] = {
    "as dialled here": ("08110000001", PERSON),
    "with the country's code": ("628110000001", PERSON),
    "with 00": ("00628110000001", PERSON),
    "without its zero": ("8110000001", PERSON),
    "international": ("+628110000001", PERSON),
    "international with blanks": ("+62 811 0000 001", PERSON),
    "international with hyphens": ("+62 811-0000-001", PERSON),
    "with dots": ("0811.0000.001", PERSON),
    "with brackets": ("(0811) 0000001", PERSON),
    "fixed line with its area": ("(0552) 21234", "+6255221234"),
    "fixed line, no brackets": ("0552 21234", "+6255221234"),
    "fixed line of Jakarta": ("021-5550123", "+62215550123"),
    "Malaysia": ("+60123456789", "+60123456789"),
    "Brunei": ("+6738123456", "+6738123456"),
    "North America": ("+14155550100", "+14155550100"),
    "short code 1708": ("1708", None),
    "short code 110": ("110", None),
    "short code of an operator": ("99123", None),
    "USSD": ("*123#", None),
    "a name": ("CONTOHSEL", None),
    "a name with digits": ("4444CONTOH", None),
    "letters in a number": ("0800FLOWERS", None),
    "a chat address": ("628110000001@c.us", None),
    "a mail address": ("warga@contoh.id", None),
    "empty": ("", None),
    "a plus": ("+", None),
    "two zeros": ("00", None),
    "too long": ("+62" + "8" * 30, None),
    "Arabic digits": ("٠٨١١٠٠٠٠٠٠١", None),
    "with a line break": ("0811000\n0001", None),
}


@pytest.mark.parametrize(("written", "read"), SPELLINGS.values(), ids=SPELLINGS)
def test_a_number_in_any_spelling_is_one_address(written: str, read: str | None) -> None:
    assert phone(written) == read


SENDERS: dict[str, tuple[str, Address, bool]] = {
    "a person": ("0811 0000 001", Address("tel", PERSON), False),
    "blanks around": (" +628110000001 ", Address("tel", PERSON), False),
    "short code": ("1708", Address("sms", "1708"), True),
    "emergency number": ("110", Address("sms", "110"), True),
    "a name": ("CONTOHSEL", Address("sms", "CONTOHSEL"), True),
    "a name with a blank": ("BANK CONTOH", Address("sms", "BANK CONTOH"), True),
    "a chat address": ("628110000001@c.us", Address("sms", "628110000001@c.us"), True),
}


@pytest.mark.parametrize(("raw", "address", "machine"), SENDERS.values(), ids=SENDERS)
def test_who_sent_an_sms(raw: str, address: Address, machine: bool) -> None:
    assert sms_sender(raw) == (address, machine)


@pytest.mark.parametrize("raw", ["", "   ", "x" * 65, "a\0b", "a\nb"], ids=["empty", "blank", "long", "NUL", "lines"])
def test_what_is_no_sender_is_malformed(raw: str) -> None:
    with pytest.raises(Malformed):
        sms_sender(raw)


@pytest.mark.parametrize("address", [Address("sms", "1708"), Address("tel", "0811"), Address("mailto", "a@contoh.id")])
def test_an_sms_goes_to_numbers_only(address: Address) -> None:
    with pytest.raises(Permanent) as caught:
        sms_recipient(address)
    assert address.value not in str(caught.value)
    assert sms_recipient(Address("tel", PERSON)) == PERSON
