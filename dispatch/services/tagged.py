"""What the classifier says of a text, in the ticket's own terms."""

from __future__ import annotations

from dataclasses import dataclass, field

from classifier.reading import Kind


@dataclass(frozen=True, slots=True)
class Tag:
    """Calling this will hold what the classifier says of a text, in the ticket's own terms.

    ``category`` is None when it is not sure; then ``suggestions`` (best first) are what triage shows, and ``choices``
    what the citizen may be asked to choose from. ``kind`` is None where the words do not tell it, ``kind_score`` (0 to
    1) how sure it is. ``supervision``: nearly surely about the conduct of officials. ``doubt`` is why a person must
    look before anything else: "" for no reason. ``read`` is false where no classifier has read the text at all.
    """

    category: str | None
    score: float | None = None
    words: tuple[str, ...] = ()
    model: str = ""
    suggestions: tuple[dict[str, object], ...] = field(default_factory=tuple)
    kind: Kind | None = None
    kind_score: float = 0.0
    supervision: bool = False
    danger: str = ""
    urgent: bool = False
    personal: tuple[str, ...] = ()
    language: str = ""
    doubt: str = ""
    choices: tuple[str, ...] = ()
    read: bool = False
