"""Ticket numbers a person can read out over a phone and type back: ``KU-7MPA-3QRW``.

Eight characters follow the region's prefix: seven at random and one check character. The alphabet has no pair that
looks alike (no 0/O, no 1/I/L). A run of four digits never occurs, because SMS filters take long digit runs for one-time
passwords.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from functools import cache

#: 31 characters: a prime, so that every weight below has an inverse and the check can miss no single mistake.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_RANDOM = 7
#: All different modulo 31, so that exchanging any two unequal characters changes the sum; the check character weighs 1.
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 1)
_LONG_DIGIT_RUN = re.compile(r"[0-9]{4}")
_SEPARATORS = re.compile(r"[\W_]+")


def new(prefix: str, choose: Callable[[str], str] = secrets.choice) -> str:
    """Calling this will make a fresh number, at most 12 characters long, with at least 33 random bits.

    ``choose`` picks one character of the string it is given. It is offered only what keeps the number free of four
    digits in a row, the check character included, so nothing is ever drawn twice. Raises ValueError for a prefix that
    is not one or two capital letters. Uniqueness is the database's to guard.
    """
    if not re.fullmatch(r"[A-Z]{1,2}", prefix):
        raise ValueError(f"a ticket prefix is one or two capital letters, not {prefix!r}")
    body = ""
    while len(body) < _RANDOM:
        body += choose("".join(c for c in ALPHABET if not _LONG_DIGIT_RUN.search(_checked(body + c))))
    return _canonical(prefix, _checked(body))


def parse(prefix: str, text: str) -> str | None:
    """Calling this will give the canonical form of a number typed in any case, with or without dashes and blanks.

    Returns None when the text is not one number of this prefix, or when its check character does not hold: every single
    wrong character and every exchange of two characters is caught.
    """
    plain = _SEPARATORS.sub("", text).upper()
    body = plain.removeprefix(prefix)
    if not plain.startswith(prefix) or len(body) != len(_WEIGHTS):
        return None
    if any(c not in ALPHABET for c in body) or _sum(body) != 0:
        return None
    return _canonical(prefix, body)


def find(prefix: str, text: str) -> str | None:
    """Calling this will give the first valid number inside a longer text, in canonical form, or None.

    Inside a sentence a number must stand alone (no letter or digit directly before or after it) and keep its groups, or
    be spelt out character by character; otherwise everyday words after "ku" would read as numbers.
    """
    found = (parse(prefix, match.group(1)) for match in _pattern(prefix).finditer(text.upper()))
    return next((number for number in found if number), None)


@cache
def _pattern(prefix: str) -> re.Pattern[str]:
    start, one, gap = re.escape(prefix), f"[{ALPHABET}]", r"[\W_]{0,3}"
    grouped = f"{start}{gap}{one}{{4}}{gap}{one}{{4}}"
    spelt = r"[\W_]{1,3}".join([*map(re.escape, prefix), *[one] * len(_WEIGHTS)])
    # A look-ahead, so that a false start ("ku ku 7mpa 3qrw") does not swallow the true one.
    return re.compile(rf"(?<![^\W_])(?=({grouped}|{spelt})(?![^\W_]))")


def _checked(body: str) -> str:
    """The body as it will be shown: with its check character once all random characters are there."""
    return body + ALPHABET[-_sum(body) % len(ALPHABET)] if len(body) == _RANDOM else body


def _sum(body: str) -> int:
    return sum(w * ALPHABET.index(c) for w, c in zip(_WEIGHTS, body, strict=False)) % len(ALPHABET)


def _canonical(prefix: str, body: str) -> str:
    return f"{prefix}-{body[:4]}-{body[4:]}"
