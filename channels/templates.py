"""Approved texts (templates): known before they are used, so that a missing or empty value is refused here and not at
the provider (Meta's error 132000 and its kin)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_HOLE = re.compile(r"\{\{\s*([A-Za-z0-9_]{1,64})\s*\}\}")
#: Line breaks, tabs and more than four blanks in a row are refused inside a value (Meta, message templates).
_REFUSED = re.compile(r"[\n\r\t]| {5}")
#: A button's address: what stands in it must not break it.
_ADDRESS = re.compile(r"(?:https?|tel|mailto):", re.IGNORECASE)
_BLANK = re.compile(r"\s")
VALUE_LENGTH = 512
#: What to do about a text in a state that keeps it from being sent; any other asks for its submission.
_TODO = {
    "received": "wait: Meta decides within a day",
    "pending": "wait: Meta decides within a day",
    "in_appeal": "wait: Meta decides on the appeal",
    "rejected": "change the text and submit it again",
    "paused": "wait, a paused text comes back by itself; if it happens again, change the text and submit it again",
    "disabled": "it does not come back: write another text and submit it",
}


@dataclass(frozen=True, slots=True)
class Template:
    """Calling this will hold one text approved at a provider.

    ``key`` is what a send names (Twilio's ContentSid, Meta's template name). ``parts`` are its texts with holes
    ``{{1}}`` or ``{{name}}``: header, body, button addresses, in this order; ``status`` is the provider's word,
    lower-case.
    """

    key: str
    name: str
    language: str
    status: str
    category: str = ""
    parts: tuple[str, ...] = ()

    @property
    def approved(self) -> bool:
        """Calling this will say whether the provider lets it be sent."""
        return self.status == "approved"

    @property
    def todo(self) -> str:
        """Calling this will say what an operator does so that it can be sent; only for one that is not approved."""
        return _TODO.get(self.status, "submit it for WhatsApp approval, and wait")

    @property
    def spoken(self) -> str:
        """Calling this will name its language, with a word where that is not Indonesian, which citizens read first."""
        indonesian = re.split(r"[_-]", self.language.lower())[0] == "id"
        return self.language if indonesian else f"{self.language or 'no language'}, not in Indonesian (id)"

    @property
    def holes(self) -> tuple[str, ...]:
        """Calling this will name the values the text needs, each once, in the order of their first appearance; numbers
        are put in their own order."""
        found = list(dict.fromkeys(name for part in self.parts for name in _HOLE.findall(part)))
        return tuple(sorted(found, key=int) if all(name.isdecimal() for name in found) else found)

    def faults(self, values: Sequence[str]) -> list[str]:
        """Calling this will list why these values cannot be sent with it, one sentence each; empty when they can."""
        word = self.status or "unknown"
        refused = [] if self.approved else [f"the template {self.name} is {word}, not approved"]
        return refused + self.value_faults(values)

    def value_faults(self, values: Sequence[str]) -> list[str]:
        """Calling this will list what is wrong with the values alone, whatever the provider says of the text."""
        faults = []
        if len(values) != len(self.holes):
            faults.append(f"the template {self.name} takes {len(self.holes)} values, {len(values)} are given")
        for hole, value in zip(self.holes, values, strict=False):
            which = f"the value {hole} of the template {self.name}"
            if not _seen(value):
                faults.append(f"{which} is empty")
            elif _REFUSED.search(value) or len(value) > VALUE_LENGTH:
                faults.append(f"{which} has line breaks or is too long")
            elif any(hole in _HOLE.findall(part) for part in self.parts if _ADDRESS.match(part)) and _BLANK.search(
                value
            ):
                faults.append(f"{which} stands in an address and has blanks")
        return faults


def _seen(value: str) -> bool:
    """Whether anything of it can be seen: blanks, joiners and marks of nothing are as good as empty."""
    return any(unicodedata.category(char)[0] not in "ZCM" for char in value)
