"""The form of settings that several channels have in common."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx


def api_faults(values: Mapping[str, str], name: str) -> list[str]:
    """Calling this will list what is wrong with the setting ``name``, where an API is reached: nothing when it is not
    set; one sentence, without its value, unless it is scheme, host, and perhaps port and path."""
    value = values.get(name)
    if not value or _is_api(value):
        return []
    return [f"{name} must be an http or https address with a valid port or none, without user, query or fragment"]


def port_holds(port: int | None) -> bool:
    """Calling this will say whether a port, where one is named, is one that can be reached."""
    return port is None or 0 < port < 65_536


def _is_api(value: str) -> bool:
    if not value.isprintable() or set(value) & set(" ?#@"):
        return False
    try:
        parts, _ = urlsplit(value), httpx.URL(value)
        host = (parts.hostname or "").encode("idna")  # as it will be looked up
        return parts.scheme in ("http", "https") and host != b"" and port_holds(parts.port)
    except (ValueError, httpx.InvalidURL):
        return False
