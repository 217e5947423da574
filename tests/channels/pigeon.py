"""A made-up channel, written as CONTRIBUTING says: this one file, one row of the registry, one table of cases.

Letters come as JSON posted by the loft, signed with the loft's key; answers are posted to the loft.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

import httpx

from channels.base import Channel, Check, Limits, RawRequest
from channels.coverage import Becomes, Group, Handled
from channels.errors import BadAddress, Forged, Malformed, Meaning, Misconfigured, OutcomeUnknown, Permanent, Temporary
from channels.errors import by_code as table
from channels.message import Address, DeliveryReport, DeliveryState, Event, InboundMessage, OutboundMessage, Receipt
from channels.text import clean

#: The loft's word for a flight → ours.
STATES = {"landed": DeliveryState.DELIVERED, "lost": DeliveryState.FAILED}


class Pigeon(Channel):
    """Calling this will make the channel of one pigeon loft."""

    kind = "pigeon"
    title = "Merpati Pos"
    required = ("PIGEON_LOFT", "PIGEON_KEY")
    limits: ClassVar[Limits] = Limits(text_length=200, per_second=1.0, reports=True, automatic=(5, 20))
    errors: ClassVar[Any] = table(
        (
            Meaning("hawk", "eaten on the way", Permanent),
            Meaning("no-such-roof", "nobody lives there", BadAddress),
            Meaning("moult", "no bird can fly today", Temporary, 86_400.0),
            Meaning("key", "the loft does not know us", Misconfigured),
        )
    )
    handled = (
        Handled(Group.MESSAGE, "letter", Becomes.MESSAGE, "its words", "letter"),
        Handled(Group.EVENT, "landed, lost", Becomes.DELIVERY, "by the ring's number", "landed"),
        Handled(Group.EVENT, "feather", Becomes.NOTHING, "a greeting of the bird, not of its sender", "feather"),
        Handled(Group.STATE, "landed", Becomes.DELIVERY, "delivered"),
        Handled(Group.STATE, "lost", Becomes.DELIVERY, "failed"),
    )

    @property
    def account(self) -> str:
        """Calling this will name our loft."""
        return self.values["PIGEON_LOFT"]

    @property
    def contact(self) -> tuple[str, str]:
        """Calling this will give the loft's address, which opens nothing on a phone but its own page."""
        return self.account, self.account

    def verify(self, request: RawRequest) -> None:
        """Calling this will check the ring. Raises Forged."""
        ring = hmac.new(self.values["PIGEON_KEY"].encode(), request.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(ring.encode(), request.header("X-Ring").encode("utf-8", "replace")):
            raise Forged("the ring is not the loft's")

    def parse(self, request: RawRequest) -> Sequence[Event]:
        """Calling this will read one letter or report. Raises Malformed."""
        try:
            told = json.loads(request.body)
            what, number = told["what"], clean(str(told["number"]))
            if what == "feather":
                return []
            if what in STATES:
                return [
                    DeliveryReport(
                        channel=self.kind,
                        account=self.account,
                        external_id=f"{number}:{what}",
                        message_id=number,
                        state=STATES[what],
                        error_code=clean(str(told.get("why", ""))),
                    )
                ]
            if what != "letter":
                raise Malformed("neither a letter nor a report")
            sender, text = Address("roof", clean(told["from"])), clean(told["text"])
            sent_at = datetime.fromisoformat(told["left"]) if told.get("left") else None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Malformed(f"not a letter of the loft: {type(error).__name__}") from error
        return [
            InboundMessage(
                channel=self.kind, account=self.account, external_id=number, sender=sender, text=text, sent_at=sent_at
            )
        ]

    def send(self, message: OutboundMessage) -> Receipt:
        """Calling this will hand one letter to the loft. Raises a SendError."""
        if message.recipient.scheme != "roof":
            raise Permanent("the recipient has no roof", code="recipient")
        letter = {"to": message.recipient.value, "text": message.text, "ring": message.key}
        try:
            answer = httpx.post(f"{self.account}/letters", json=letter, timeout=5.0, trust_env=False)
        except httpx.ConnectError as error:
            raise Temporary("the loft is away", code="connect") from error
        except httpx.RequestError as error:
            raise OutcomeUnknown("the loft did not answer", code="no-answer") from error
        if answer.is_success:
            return Receipt(external_id=str(answer.json()["number"]))
        meaning = self.errors.get(answer.text)
        kind = meaning.error if meaning else Permanent
        raise kind("the loft refused", code=answer.text[:20])

    def check(self) -> list[Check]:
        """Calling this will say where the loft must post its letters."""
        return [Check("loft", True, f"letters are posted to {self.hook}")]
