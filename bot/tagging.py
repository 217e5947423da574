"""From what the classifier read in a text to what the ticket and the conversation go by: one place, one set of
thresholds.

Every doubt ends with a person: what may be about the conduct of officials, or may be spam, is routed by nobody else.
"""

from __future__ import annotations

from classifier.asking import Asking
from classifier.reading import Kind, Reading
from dispatch.region import Region
from dispatch.routing import Held
from dispatch.services.tagged import Tag

#: From this confidence the words tell the kind of a report; below, its category does. A wrong kind sets a wrong clock.
KIND_FROM = 0.7
#: A text about officials goes to the inspectorate without a person's look, under the law's sixty days, where its
#: category says so; or from this confidence, if a category about officials is among those suggested with at least so
#: much: two models that do not know of each other. Where only one of both holds, or from ``DOUBT_FROM`` on, the desk
#: decides. Less than that is how one complaint in thirty is worded.
SUPERVISION_FROM, ALSO_SUGGESTED = 0.95, 0.02
DOUBT_FROM = 0.8
#: From this confidence a text is shown to a person as spam, whatever its matter.
SPAM_FROM = 0.9
ASKING = Asking()
SHOWN = 3


def tag_of(region: Region, reading: Reading) -> Tag:
    """Calling this will give what a reading says in the ticket's own terms; categories the region does not have are
    left out."""
    ranked = [item for item in reading.prediction.suggestions if item.label in region.categories]
    best = ranked[0] if ranked else None
    sure = best is not None and reading.prediction.sure and best is reading.prediction.suggestions[0]
    category = best.label if best and sure else None
    certain = reading.supervision and reading.supervision_confidence >= SUPERVISION_FROM
    suggested = any(region.categories[each.label].supervision for each in ranked if each.confidence >= ALSO_SUGGESTED)
    supervision = certain and suggested
    by_category = category is not None and region.categories[category].supervision
    likely = reading.supervision and (suggested or reading.supervision_confidence >= DOUBT_FROM)
    unclear = likely and not (supervision or by_category)
    doubt = _doubt(reading, unclear=unclear, supervision=supervision or by_category)
    plain = not (reading.danger or supervision or doubt)
    return Tag(
        category=None if doubt else category,
        score=best.confidence if best else None,
        words=best.words if best else (),
        model=reading.prediction.model,
        suggestions=tuple({"category": item.label, "confidence": round(item.confidence, 4)} for item in ranked[:SHOWN]),
        kind=reading.kind if reading.kind_confidence >= KIND_FROM else None,
        kind_score=reading.kind_confidence,
        supervision=supervision,
        danger=reading.danger.value if reading.danger else "",
        urgent=reading.urgent,
        personal=tuple(sorted({found.kind.value for found in reading.personal})),
        language=reading.language,
        doubt=doubt,
        choices=tuple(code for code in ASKING.decide(reading.prediction) if code in region.categories) if plain else (),
        read=True,
    )


def _doubt(reading: Reading, *, unclear: bool, supervision: bool) -> str:
    """Why a person must look first, "" for no reason. Danger is never taken for spam."""
    if unclear:
        return Held.SUPERVISION.value
    spam = reading.kind is Kind.SPAM and reading.kind_confidence >= SPAM_FROM
    return Held.SPAM.value if spam and not reading.danger and not supervision else ""
