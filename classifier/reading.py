"""What reading a text finds beside its category: frozen values without behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from classifier.suggestion import Prediction


class Kind(StrEnum):
    """What a citizen wants with a text (Permenpan RB 62/2018 tells complaint, information request and aspiration
    apart; the rest is no report at all).
    """

    COMPLAINT = "complaint"
    INFORMATION = "information"
    ASPIRATION = "aspiration"
    THANKS = "thanks"
    GREETING = "greeting"
    SPAM = "spam"


class Danger(StrEnum):
    """What threatens somebody's life or body now or within hours."""

    FIRE = "fire"
    FLOOD = "flood"
    DROWNING = "drowning"
    ACCIDENT = "accident"
    VIOLENCE = "violence"
    MEDICAL = "medical"
    ELECTRIC = "electric"
    COLLAPSE = "collapse"
    MISSING = "missing"
    ANIMAL = "animal"
    POISON = "poison"
    SELF_HARM = "self_harm"


class Personal(StrEnum):
    """A kind of personal data a text can hold (UU 27/2022, article 4)."""

    NIK = "nik"
    KK_NUMBER = "kk_number"
    PHONE = "phone"
    EMAIL = "email"
    PLATE = "plate"
    BANK_ACCOUNT = "bank_account"
    ADDRESS = "address"
    BIRTH_DATE = "birth_date"
    PASSPORT = "passport"
    HEALTH = "health"


@dataclass(frozen=True, slots=True)
class Found:
    """Calling this will hold where in a text personal data stands: ``text[start:end]``."""

    kind: Personal
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """Calling this will hold all that was read from one text.

    ``prediction`` ranks the categories. Confidences lie between 0 and 1 and belong to the value beside them.
    ``supervision``: the text is about the conduct of officials. ``danger``: to somebody's life or body, now.
    ``urgent``: nobody's life is in danger, but it cannot wait for the next working day; never true beside ``danger``.
    ``language`` is "id", "ms" (Malay), "en", or "" where the words do not tell.
    """

    prediction: Prediction
    kind: Kind
    kind_confidence: float
    supervision: bool
    supervision_confidence: float
    danger: Danger | None
    danger_confidence: float
    urgent: bool
    personal: tuple[Found, ...]
    language: str
