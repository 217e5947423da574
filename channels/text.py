"""Text on its way in and out: what a database can store, what an SMS costs, and where a long answer may be cut."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

#: GSM 03.38 default alphabet without ESC (unicode.org/Public/MAPPINGS/ETSI/GSM0338.TXT).
_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: Characters of its extension table: ESC and a partner, so two septets each.
_GSM7_EXTENSION = frozenset("\f^{}\\[~]|€")

#: What the alphabet lacks and a keyboard or word processor puts in, and what says the same.
_SUBSTITUTES = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′´`ʹʻʼ", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("•‣·∙", "-"),
        **dict.fromkeys("\u2028\u2029\x0b\x85", "\n"),
        "\t": " ",
        "…": "...",
        "×": "x",
        "÷": "/",
        "⁄": "/",
        "½": " 1/2",
        "¼": " 1/4",
        "¾": " 3/4",
        "→": "->",
        "←": "<-",
        "≤": "<=",
        "≥": ">=",
        "°": "",
        "™": "TM",
        "©": "(c)",
        "®": "(r)",
    }
)
_EMOJI = (
    "[\U0001f000-\U0001faff\u2300-\u23ff\u25a0-\u27bf\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    "\u200d\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f]+"
)
#: An emoji after a word goes with the blank before it, so that no double blank is left behind.
_EMOJI_AND_BLANK = re.compile(rf" {_EMOJI}(?=\s|$)|{_EMOJI}")
_SURROGATE = re.compile("[\ud800-\udfff]")

#: What a cut must not go through: a pair of surrogates, ESC and its partner, a letter and its marks, a joined emoji.
_UNIT = re.compile(
    "(?:[\ud800-\udbff][\udc00-\udfff]|\x1b.|.)(?:\u200d.|[\u0300-\u036f\u20e3\ufe0e\ufe0f\U0001f3fb-\U0001f3ff])*",
    re.DOTALL,
)
#: Where a text may be cut, best place first; the cut comes after the match.
_BREAKS = tuple(re.compile(pattern) for pattern in (r"\n[ \t]*\n\s*", r"\n\s*", r"[.!?…]['\")]*\s+", r"\s+"))


@dataclass(frozen=True, slots=True)
class Segments:
    """Calling this will hold what an SMS costs: ``gsm-7`` or ``ucs-2``, its parts, and its septets or UTF-16 units."""

    encoding: str
    count: int
    units: int


def clean(text: str) -> str:
    """Calling this will replace what no database column or UTF-8 file can hold (NUL, lone surrogates) by U+FFFD."""
    return _SURROGATE.sub("\ufffd", text).replace("\0", "\ufffd")


def gsm7(text: str) -> bool:
    """Calling this will tell whether a text can be sent in GSM 03.38, which holds 160 characters instead of 70."""
    return all(char in _GSM7 or char in _GSM7_EXTENSION for char in text)


def transliterate(text: str) -> str:
    """Calling this will write a text in GSM 03.38 as far as it can be done without changing what it says.

    Typographic signs become plain ones, letters lose accents the alphabet lacks, emoji are dropped. A script with no
    Latin twin stays as it is (the message then costs UCS-2). A text of emoji alone is returned unchanged.
    """
    without = _EMOJI_AND_BLANK.sub("", text.translate(_SUBSTITUTES))
    plain = "".join(_plain(char) for char in without)
    return plain if plain.strip() else text


def _plain(char: str) -> str:
    if char in _GSM7 or char in _GSM7_EXTENSION:
        return char
    category = unicodedata.category(char)
    if category == "Zs":
        return " "
    if category in ("Cc", "Cf"):
        return ""
    folded = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c))
    folded = folded.translate(_SUBSTITUTES)
    return folded if gsm7(folded) else char


def segments(text: str) -> Segments:
    """Calling this will count the parts of an SMS exactly: 160/153 septets or 70/67 UTF-16 units a part.

    No part ends between ESC and its partner or inside a surrogate pair, so the count may exceed a plain division.
    """
    encoding, alone, part = _room(text)
    costs = [_cost(char, encoding) for char in text]
    units = sum(costs)
    if units <= alone:
        return Segments(encoding, 1 if units else 0, units)
    count, filled = 1, 0
    for cost in costs:
        if filled + cost > part:
            count, filled = count + 1, 0
        filled += cost
    return Segments(encoding, count, units)


def sms_parts(text: str) -> list[str]:
    """Calling this will cut a text into the parts it leaves in, as many as ``segments`` counts; joined they are the
    text again. An empty text is one empty part."""
    encoding, alone, part = _room(text)
    if sum(_cost(char, encoding) for char in text) <= alone:
        return [text]
    parts, filled = [""], 0
    for char in text:
        cost = _cost(char, encoding)
        if filled + cost > part:
            parts.append("")
            filled = 0
        parts[-1] += char
        filled += cost
    return parts


def _room(text: str) -> tuple[str, int, int]:
    """The encoding, what one SMS alone holds of it, and what one of several holds."""
    return ("gsm-7", 160, 153) if gsm7(text) else ("ucs-2", 70, 67)


def _cost(char: str, encoding: str) -> int:
    return 2 if (char in _GSM7_EXTENSION if encoding == "gsm-7" else ord(char) > 0xFFFF) else 1


def sms_text(text: str, parts: int | None = None) -> str:
    """Calling this will write a text as it leaves by SMS: in GSM 03.38 where that costs no more, and cut at a word to
    at most ``parts`` SMS (None: as many as it takes)."""
    given = clean(text)
    plain = transliterate(given)
    cheaper = plain if segments(plain).count <= segments(given).count else given
    return cheaper if parts is None else within(cheaper, parts)


def within(text: str, parts: int) -> str:
    """Calling this will cut a text at a word so that it costs at most ``parts`` SMS, and end it in "..." if it was cut.

    Neither ESC and its partner nor a surrogate pair nor a letter and its marks are cut apart. Raises ValueError for
    less than one part.
    """
    if parts < 1:
        raise ValueError("a text takes at least one part")
    if segments(text).count <= parts:
        return text
    ends = [match.end() for match in _UNIT.finditer(text)]
    low, high = 0, len(ends)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if segments(f"{text[: ends[middle - 1]]}...").count <= parts else (low, middle - 1)
    whole = text[: ends[low - 1]] if low else ""
    return f"{text[: _best_cut(text, len(whole))].rstrip()}..." if whole else "..."


def split(text: str, limit: int) -> list[str]:
    """Calling this will cut a text into pieces of at most ``limit`` units, at a paragraph, line, sentence or word.

    A unit is one character, two for those that cost two in UTF-16 or in GSM 03.38, so that a piece fits whichever way
    the provider counts. Blanks at a cut are dropped, nothing else is, and no numbering is added. An empty text gives
    no piece. Raises ValueError for a limit below 2, which no emoji fits.
    """
    if limit < 2:
        raise ValueError("a piece holds at least two units")
    pieces: list[str] = []
    rest = text.strip()
    while rest:
        window = rest[: _fitting(rest, limit)]
        cut = len(window) if len(window) == len(rest) else _best_cut(rest, len(window))
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return pieces


def _weight(unit: str) -> int:
    return sum(2 if ord(char) > 0xFFFF or char in _GSM7_EXTENSION else 1 for char in unit)


def _fitting(text: str, limit: int) -> int:
    """The length of the longest beginning of whole units that weighs no more than the limit."""
    filled = 0
    for match in _UNIT.finditer(text):
        filled += _weight(match[0])
        if filled > limit:
            if match.start():
                return match.start()
            break
    else:
        return len(text)
    # A unit heavier than a whole piece (a letter under hundreds of marks) is cut by characters, or nothing would move.
    filled = 0
    for position, char in enumerate(text):
        filled += _weight(char)
        if filled > limit:
            return position
    return len(text)


def _best_cut(text: str, end: int) -> int:
    """The end of the best break in ``text[:end]`` that leaves more than a third of it, else of any break, else ``end``.

    A blank just behind the end counts: blanks at a cut are dropped, so it needs no room.
    """
    for least in (end // 3, 0):
        for pattern in _BREAKS:
            cuts = [match.end() for match in pattern.finditer(text, 0, end + 1) if match.start() > least]
            if cuts:
                return cuts[-1]
    return end
