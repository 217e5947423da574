"""Whether our own mail server vouches for the sender in From (RFC 8601, RFC 7489).

Anybody can write an ``Authentication-Results`` header. Only the one that names our border's authserv-id counts, and of
several the topmost: a border writes above what came with the mail, and deletes what claims to be its own.
"""

from __future__ import annotations

from channels.mail.headers import Headers

PASS, FAIL, NONE = "pass", "fail", "none"
VALUE_MAX = 4_000


def verdict(headers: Headers, authserv_id: str, sender: str) -> str:
    """Calling this will tell what our border found about the domain in From by DMARC: ``pass``, ``fail``, or ``none``
    when it says neither, when it speaks of another domain, or when ``authserv_id`` is empty."""
    if not authserv_id:
        return NONE
    for value in headers.all("authentication-results"):
        first, *results = _without_comments(value[:VALUE_MAX]).split(";")
        words = first.split()
        if not words or words[0].strip('"').lower() != authserv_id.lower():
            continue
        for result in results:
            found = _dmarc(result.split(), sender.rpartition("@")[2])
            if found:
                return found
    return NONE


def _dmarc(words: list[str], domain: str) -> str:
    """The verdict of one result: ``dmarc=pass header.from=contoh.id``; empty for another method's."""
    method, _, value = (words[0] if words else "").lower().partition("=")
    if method.partition("/")[0] != "dmarc":
        return ""
    spoken_of = [word.partition("=")[2].strip('"').lower() for word in words if word.lower().startswith("header.from=")]
    if spoken_of and spoken_of[0].rpartition("@")[2] != domain:
        return NONE
    return value if value in (PASS, FAIL) else NONE


def _without_comments(text: str) -> str:
    kept: list[str] = []
    depth = 0
    quoted = False
    for char in text:
        if char == '"' and not depth:
            quoted = not quoted
        if char in "()" and not quoted:
            depth = max(0, depth + (1 if char == "(" else -1))
        elif not depth:
            kept.append(char)
    return "".join(kept)
