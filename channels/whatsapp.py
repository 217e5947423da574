"""WhatsApp over Twilio: people are phone numbers or business-scoped ids, and answers are free for 24 hours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

from channels import _twilio_checks as checks
from channels._twilio import Twilio, foreign
from channels._twilio_form import WORD
from channels._twilio_handled import WHATSAPP
from channels._twilio_lists import CONTENT
from channels._twilio_lists import templates as contents
from channels.base import Check, Limits
from channels.errors import Malformed
from channels.message import Address
from channels.templates import Template

_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
#: A business-scoped user id: country and an opaque id, for people who hide their number.
_SCOPED = re.compile(r"[A-Z]{2}\.[A-Za-z0-9._-]{1,128}")
_PREFIX = "whatsapp:"
#: An answer to a request for permission to call arrives as this text.
_CALL_PERMISSION = "VOICE_CALL_REQUEST"


class WhatsApp(Twilio):
    """Calling this will make the WhatsApp channel of one Twilio sender; ``TWILIO_WHATSAPP_FROM`` is its number."""

    kind = "whatsapp"
    title = "WhatsApp"
    required = ("TWILIO_WHATSAPP_FROM",)
    optional = ("TWILIO_WHATSAPP_TEMPLATE",)
    handled = WHATSAPP
    # 1,600 characters on every Twilio channel (docs/glossary/what-sms-character-limit); 16 MB media; 80 messages a
    # second; free text within 24 hours of the person's last message (docs/api/errors/63016).
    limits = Limits(
        text_length=1600,
        attachment_bytes=16_000_000,
        reply_window=timedelta(hours=24),
        per_second=80.0,
        reports=True,
    )

    @classmethod
    def faults(cls, values: Mapping[str, str]) -> list[str]:
        """Calling this will list what is wrong with the form of the settings."""
        faults = super().faults(values)
        if not _PHONE.fullmatch(values.get("TWILIO_WHATSAPP_FROM", "").removeprefix(_PREFIX)):
            faults.append("TWILIO_WHATSAPP_FROM must be a number in international form, +1… or whatsapp:+1…")
        template = values.get("TWILIO_WHATSAPP_TEMPLATE", "")
        if template and not CONTENT.fullmatch(template):
            faults.append("TWILIO_WHATSAPP_TEMPLATE must be the content's id, HX and 32 hexadecimal digits")
        return faults

    @property
    def account(self) -> str:
        """Calling this will give our sender as the provider writes it: ``whatsapp:+…``."""
        return _PREFIX + self.values["TWILIO_WHATSAPP_FROM"].removeprefix(_PREFIX)

    @property
    def contact(self) -> tuple[str, str]:
        """Calling this will give our number and its wa.me link."""
        number = self.account.removeprefix(_PREFIX)
        return number, f"https://wa.me/{number.removeprefix('+')}"

    @property
    def reopening(self) -> str:
        """Calling this will name the approved text that asks a person to write again, "" where none is set."""
        return self.values.get("TWILIO_WHATSAPP_TEMPLATE", "")

    def templates(self) -> Sequence[Template]:
        """Calling this will list the account's contents with what WhatsApp says of each. Raises SendError."""
        return contents(self._client)

    def sender(self, raw: str) -> tuple[Address, bool]:
        """Calling this will read ``whatsapp:+…`` or ``whatsapp:<country>.<id>``. Raises Malformed for anything else."""
        value = raw.removeprefix(_PREFIX)
        if value == raw or not (_PHONE.fullmatch(value) or _SCOPED.fullmatch(value)):
            raise Malformed("From is not a WhatsApp address")
        return Address("whatsapp", value), False

    def aliases(self, fields: Mapping[str, str], sender: Address) -> tuple[Address, ...]:
        """Calling this will give the scoped id of somebody who wrote by number, and the number of somebody who wrote by
        scoped id; what is neither is left out."""
        scoped = fields.get("ExternalUserId", "").removeprefix(_PREFIX)
        number = f"+{fields.get('WaId', '')}"
        if _PHONE.fullmatch(sender.value):
            return (Address("whatsapp", scoped),) if _SCOPED.fullmatch(scoped) else ()
        return (Address("whatsapp", number),) if _PHONE.fullmatch(number) else ()

    def recipient(self, address: Address) -> str:
        """Calling this will write a WhatsApp address, or a phone number taken as one. Raises Permanent."""
        phone = _PHONE.fullmatch(address.value) is not None
        if (address.scheme == "whatsapp" and (phone or _SCOPED.fullmatch(address.value))) or (
            address.scheme == "tel" and phone
        ):
            return _PREFIX + address.value
        raise foreign(address)

    def ignored(self, fields: Mapping[str, str]) -> bool:
        """Calling this will tell whether this is an answer about calls, which we never make."""
        return fields["Body"] == _CALL_PERMISSION

    def incoming(self, fields: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
        """Calling this will return what the person wrote or chose, with notes on how: button, list, forwarded."""
        text = fields["Body"] or fields.get("ButtonText", "") or fields.get("ListTitle", "")
        if fields.get("MessageType") == "contacts" and fields.get("NumMedia", "0") != "0":
            text = ""  # it names a third person, who is in the card and nowhere else
        source = fields.get("ReferralSourceType", "")
        marks = (
            ("button:" + fields.get("ButtonPayload", "")[:200], bool(fields.get("ButtonPayload"))),
            ("list:" + fields.get("ListId", "")[:200], bool(fields.get("ListId"))),
            ("forwarded", fields.get("Forwarded", "").lower() == "true"),
            ("forwarded-often", fields.get("FrequentlyForwarded", "").lower() == "true"),
            (f"referral:{source if WORD.fullmatch(source) else 'unknown'}", bool(source)),
        )
        return text, tuple(note for note, present in marks if present)

    def check_sender(self) -> list[Check]:
        """Calling this will look at the sender, its webhook and the template that asks people to write again."""
        return [
            *checks.whatsapp(self._client, self.account, self.hook, self.webhook),
            checks.reopening(self.reopening, self.templates),
        ]
