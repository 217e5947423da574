"""What adapters over HTTP share: a download that cannot grow, wander or last, and the wait that an answer asks for."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

import httpx

from channels.errors import FetchError, TooLarge

DAY = 86_400.0


class Refused(FetchError):
    """Calling this will say that the file's address answers with ``status`` instead of the file."""

    def __init__(self, status: int) -> None:
        gone = 400 <= status < 500 and status not in (401, 403, 408, 429)
        super().__init__(f"the media answers with HTTP {status}", permanent=gone)
        self.status = status


def download(
    client: httpx.Client,
    url: str,
    *,
    allowed: Callable[[httpx.URL], bool],
    most: int,
    in_time: Callable[[], bool],
    auth: tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Calling this will return what ``url`` holds, at most ``most`` bytes and while ``in_time()`` holds.

    Credentials (``auth``, ``headers``) go to ``url`` only. One redirect is followed, where ``allowed`` says so, and not
    into a private network unless ``url`` itself lies there (a stand-in or relay that the operator configured). Raises
    FetchError: TooLarge, or Refused for an answer without the file.
    """
    try:
        found = _get(client, httpx.URL(url), auth, headers or {}, most, in_time)
        if isinstance(found, httpx.URL):
            if not allowed(found):
                raise FetchError("the media leads to a host that is not the provider's", permanent=True)
            if found.host != httpx.URL(url).host and leads_inside(found.host):
                raise FetchError("the media leads into a private network", permanent=True)
            found = _get(client, found, None, {}, most, in_time)
    except httpx.RequestError as error:
        raise FetchError(f"the download broke off: {type(error).__name__}", permanent=False) from error
    if isinstance(found, httpx.URL):
        raise FetchError("the media leads on and on", permanent=True)
    return found


def _get(
    client: httpx.Client,
    url: httpx.URL,
    auth: tuple[str, str] | None,
    headers: Mapping[str, str],
    most: int,
    in_time: Callable[[], bool],
) -> bytes | httpx.URL:
    # Compression is declined, and refused if it comes all the same: a few kilobytes can unpack to gigabytes.
    asked = {**headers, "Accept-Encoding": "identity", "Accept": "*/*"}
    with client.stream("GET", url, auth=auth, headers=asked) as answer:
        if answer.is_redirect:
            try:
                return url.join(answer.headers.get("Location", ""))
            except (httpx.InvalidURL, ValueError) as error:
                raise FetchError("the media leads to no address", permanent=True) from error
        if not answer.is_success:
            raise Refused(answer.status_code)
        if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise FetchError("the media comes compressed against our asking", permanent=True)
        length = answer.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > most:
            raise TooLarge("the file is larger than we take")
        body = bytearray()
        for chunk in answer.iter_raw():
            body += chunk
            if len(body) > most:
                raise TooLarge("the file is larger than we take")
            if not in_time():
                raise FetchError("the file takes too long", permanent=False)
        return bytes(body)


def leads_inside(host: str) -> bool:
    """Calling this will resolve a host and say whether any of its addresses is not a public one: this machine, a local
    network, a cloud's own services. A name that cannot be resolved leads nowhere: False."""
    try:
        found = socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        return False
    return any(not ipaddress.ip_address(str(entry[4][0]).partition("%")[0]).is_global for entry in found)


def same_host(url: httpx.URL, own: httpx.URL) -> bool:
    """Calling this will tell whether ``url`` is served where ``own`` is, and names no user."""
    return not url.userinfo and (url.scheme, url.host, url.port) == (own.scheme, own.host, own.port)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Calling this will read ``Retry-After`` as seconds, at most a day; a date counts from the answer's own ``Date``
    (RFC 9110, 10.2.3). None when it is absent or unreadable."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", value):
        seconds = float(value)
    else:
        try:
            until, now = parsedate_to_datetime(value), parsedate_to_datetime(headers.get("Date", ""))
            seconds = (until - now).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), DAY)
