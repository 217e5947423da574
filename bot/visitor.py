"""Who is at the other end of a page: a device known by a random cookie, its language, its network. Nothing else."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
from datetime import timedelta

from flask import Response, g, request

from bot.hooks import runtime
from dispatch.phrases import LANGUAGES

#: Shared with the staff's pages: a person reads in one language.
LANGUAGE_COOKIE = "aduan_language"
COOKIE_AGE = timedelta(days=365)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def secure() -> bool:
    """Calling this will say whether the public address is https."""
    return runtime().settings.public_url.startswith("https://")


def chat_cookie() -> str:
    """Calling this will name the device's cookie; ``__Host-`` is possible only over https (RFC 6265bis, 4.1.3.2)."""
    return "__Host-aduan_chat" if secure() else "aduan_chat"


def known_chat() -> str | None:
    """Calling this will give the chat of this device as the database knows it, None for a device that has none yet."""
    token = request.cookies.get(chat_cookie(), "")
    return _chat(token) if _TOKEN.fullmatch(token) else None


def chat() -> str:
    """Calling this will give the chat of this device, which gets a new one with this response if it has none.

    The device holds 256 random bits, the database only the beginning of their SHA-256: who reads the database cannot
    open anybody's chat.
    """
    if "chat_token" not in g:
        token = request.cookies.get(chat_cookie(), "")
        g.chat_token = token if _TOKEN.fullmatch(token) else secrets.token_urlsafe(32)
    return _chat(g.chat_token)


def _chat(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:32]


def chosen_language() -> str:
    """Calling this will give the language the reader chose (``?lang=`` or the cookie), an empty string when none."""
    for wanted in (request.args.get("lang", ""), request.cookies.get(LANGUAGE_COOKIE, "")):
        if wanted in LANGUAGES:
            return wanted
    return ""


def language() -> str:
    """Calling this will give the language to answer in: the chosen one, else Indonesian."""
    return chosen_language() or LANGUAGES[0]


def network() -> str:
    """Calling this will name the caller's network for limits: the IPv4 address, or the /64 that one IPv6 line has."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    return str(address) if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))


def keep_cookies(response: Response) -> Response:
    """Calling this will give the device what this request decided: its chat for another year, a chosen language."""
    wanted = {}
    if "chat_token" in g:
        wanted[chat_cookie()] = g.chat_token
    if request.args.get("lang", "") in LANGUAGES:
        wanted[LANGUAGE_COOKIE] = request.args["lang"]
    for name, value in wanted.items():
        response.set_cookie(name, value, max_age=COOKIE_AGE, path="/", secure=secure(), httponly=True, samesite="Lax")
    return response
