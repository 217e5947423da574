"""The desk: what a citizen says at a counter, on the phone or in a letter, written down by staff on their behalf.

The staff's page builds the body that ``parse`` reads. Where the citizen can be reached by a channel, answers go there;
where they cannot, they lie at the desk until staff have told them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from channels.base import RawRequest
from channels.coverage import Becomes, Group, Handled
from channels.errors import Malformed
from channels.message import Address, Event, InboundMessage, Intake
from channels.text import clean
from channels.web import FIELDS, Web

#: How words reach a desk.
SOURCES = ("in_person", "phone", "letter", "media")
#: The schemes of addresses by which a citizen of the desk may be answered.
SCHEMES = ("tel", "mailto")
#: What staff hand over, and what becomes of it.
HANDLED: tuple[Handled, ...] = (
    Handled(Group.MESSAGE, "report written down", Becomes.MESSAGE, "text, declared a new matter, with how it came"),
    Handled(Group.MESSAGE, "way to answer", Becomes.MESSAGE, "receipt and answers go there, as to a claim"),
    Handled(Group.STATE, "put", Becomes.DELIVERY, "sent: it lies at the desk"),
    Handled(Group.STATE, "the citizen was told", Becomes.DELIVERY, "delivered"),
)
_CODE = re.compile(r"[A-Za-z0-9._-]{0,80}")
_TEXTS = ("source", "way", "account", "scheme", "reach", "call", "category", "agency", "area")


class Desk(Web):
    """Calling this will make the channel of the desks of kelurahan, kecamatan and city hall; always on."""

    kind = "desk"
    title = "Desk"
    handled = HANDLED
    fields: Mapping[str, tuple[type, ...]] = {**FIELDS, "staff": (int,), **dict.fromkeys(_TEXTS, (str,))}

    def parse(self, request: RawRequest) -> Sequence[Event]:
        """Calling this will read the one message of a body the staff's page built: always a new matter.

        Raises Malformed for anything that page does not build.
        """
        body = self.body(request.body)
        (message,) = super().parse(request)
        if not isinstance(message, InboundMessage):
            raise Malformed("the body holds no message")
        given = _intake(body)
        return [replace(message, thread="new", notes=(*message.notes, f"intake:{given.source}"), intake=given)]


def _intake(body: Mapping[str, Any]) -> Intake:
    said = {name: clean(body.get(name, "")) for name in _TEXTS}
    if said["source"] not in SOURCES:
        raise Malformed("the body does not say how the words came")
    if "staff" not in body:
        raise Malformed("the body does not say who wrote it down")
    if not all(_CODE.fullmatch(said[name]) for name in ("way", "category", "agency", "area")):
        raise Malformed("a code is misshapen")
    reach = None
    if said["way"]:
        if said["scheme"] not in SCHEMES or not said["reach"]:
            raise Malformed("the way to answer has no address")
        reach = Address(said["scheme"], said["reach"])
    return Intake(
        source=said["source"],
        staff=body["staff"],
        way=said["way"],
        account=said["account"],
        reach=reach,
        call=said["call"],
        category=said["category"],
        agency=said["agency"],
        area=said["area"],
    )
