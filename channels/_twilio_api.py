"""Twilio's REST API over one HTTP client: what each failure means, and how an attachment is downloaded safely."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from twilio.http import HttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]

from channels.errors import (
    FetchError,
    Misconfigured,
    OutcomeUnknown,
    Permanent,
    RecipientStopped,
    SendError,
    Temporary,
)

API = "https://api.twilio.com"
SID = re.compile(r"(?:SM|MM)[0-9a-f]{32}")

_DAY = 86_400.0

#: What a code means for the sender (twilio.com/docs/api/errors, …/docs/whatsapp/api/error-code-mapping).
#: A code that is not here is permanent and keeps its number.
ERRORS: dict[int, type[SendError]] = {
    **dict.fromkeys(
        (
            429,
            20429,  # too many requests
            21611,  # sender's queue is full
            30001,  # queue overflow
            30003,  # handset unreachable
            30008,  # unknown
            63017,  # account's rate
            63018,  # sender's rate
            63032,  # withheld by Meta: experiment
            63049,  # withheld by Meta: frequency
        ),
        Temporary,
    ),
    **dict.fromkeys(
        (
            21610,  # opted out
            63014,  # blocked by the person
            63033,  # recipient blocked
        ),
        RecipientStopped,
    ),
    **dict.fromkeys(
        (
            401,
            403,
            404,
            11200,  # our webhook failed
            14101,  # our webhook failed
            20003,  # wrong credentials
            20005,  # account not active
            20403,  # forbidden
            20404,  # no such account
            21212,  # From is not a number
            21603,  # From is missing
            21606,  # From cannot send messages
            21609,  # the status callback is not an address
            21659,  # From is not the provider's number
            21660,  # From is another account's
            30002,  # account suspended
            63007,  # no such sender
            63015,  # sandbox not joined
        ),
        Misconfigured,
    ),
    **dict.fromkeys(
        (
            21211,  # To is not a number
            21408,  # country not enabled
            21612,  # pair not reachable
            21614,  # landline
            21617,  # longer than 1,600 characters
            21654,  # content errors
            21655,
            21656,
            30004,  # blocked by the operator
            30005,  # unknown handset
            30006,  # landline
            30007,  # filtered
            63003,  # recipient invalid
            63005,  # content refused
            63013,  # against policy
            63016,  # outside the 24-hour window
            63019,  # media not fetched
            63021,  # content invalid
            63024,  # not on WhatsApp
            63027,  # template missing
            63028,  # template parameters do not match
            63041,  # template paused
        ),
        Permanent,
    ),
}
#: Seconds to wait where the provider's rule says so and its answer does not.
WAITS: dict[int, float] = {63032: _DAY, 63049: _DAY}

#: Storage the media resource redirects to.
_STORAGE = re.compile(r"(?:[a-z0-9-]+\.)+twilio(?:cdn)?\.com|(?:[a-z0-9.-]+\.)?s3[a-z0-9.-]*\.amazonaws\.com")


class Transport(HttpClient):  # type: ignore[misc]
    """Calling this will make the SDK's HTTP seam: its own paths below ``base``, and only channel errors out of it.

    The SDK's client logs every URL and header and leaves open whether a failed request was sent; this one logs nothing
    and says it.
    """

    def __init__(self, client: httpx.Client, base: str) -> None:
        super().__init__(logging.getLogger(__name__), False)
        self._client = client
        self._base = base

    def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Calling this will make one request, without redirects, and return an answer that holds a JSON object.

        Raises Temporary when nothing was sent, OutcomeUnknown when it may have been taken, else by the code's row.
        """
        split = urlsplit(url)
        target = f"{self._base}{split.path}?{split.query}".rstrip("?")
        try:
            answer = self._client.request(method, target, params=params or None, data=data, headers=headers, auth=auth)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Temporary(f"the provider cannot be reached: {type(error).__name__}", code="connect") from error
        except httpx.RequestError as error:
            raise OutcomeUnknown(f"no answer to a request sent: {type(error).__name__}", code="no-answer") from error
        body = _object(answer)
        if not answer.is_success:
            raise refusal(answer.status_code, body, answer.headers)
        if body is None:
            raise OutcomeUnknown("the provider's answer cannot be read", code="unreadable")
        return Response(answer.status_code, answer.text, answer.headers)


def _object(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        body = json.loads(answer.content)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def refusal(status: int, body: Mapping[str, Any] | None, headers: Mapping[str, str]) -> SendError:
    """Calling this will make the error that an unsuccessful answer means. The provider's own sentence is left out: it
    quotes phone numbers."""
    given = str((body or {}).get("code", ""))
    code = int(given) if re.fullmatch(r"[1-9][0-9]{2,8}", given) else status
    told = f"error {code}, HTTP {status}"
    if status >= 500:
        return OutcomeUnknown(f"the provider failed over the message ({told})", code=str(code))
    if status < 400:
        return Misconfigured(f"the API's address answers with a redirect ({told})", code=str(code))
    kind = ERRORS.get(code) or ERRORS.get(status) or Permanent
    if kind is Temporary:
        wait = retry_after(headers)
        return Temporary(
            f"not taken for now ({told})", code=str(code), retry_after=WAITS.get(code) if wait is None else wait
        )
    return kind(f"refused ({told})", code=str(code))


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
    return min(max(seconds, 0.0), _DAY)


def download(
    client: httpx.Client,
    url: str,
    auth: tuple[str, str],
    *,
    own: httpx.URL | None,
    most: int,
    in_time: Callable[[], bool],
) -> bytes:
    """Calling this will return what ``url`` holds, at most ``most`` bytes and while ``in_time()`` holds.

    Credentials go to ``url`` only. One redirect is followed: to the provider's storage over https, or to the host
    ``own`` (a stand-in or relay) when given. Raises FetchError.
    """
    try:
        found = _get(client, httpx.URL(url), auth, most, in_time)
        if isinstance(found, httpx.URL):
            if not allowed(found, own):
                raise FetchError("the media leads to a host that is not the provider's", permanent=True)
            found = _get(client, found, None, most, in_time)
    except httpx.RequestError as error:
        raise FetchError(f"the download broke off: {type(error).__name__}", permanent=False) from error
    if isinstance(found, httpx.URL):
        raise FetchError("the media leads on and on", permanent=True)
    return found


def _get(
    client: httpx.Client, url: httpx.URL, auth: tuple[str, str] | None, most: int, in_time: Callable[[], bool]
) -> bytes | httpx.URL:
    # Compression is declined, and refused if it comes all the same: a few kilobytes can unpack to gigabytes.
    with client.stream("GET", url, auth=auth, headers={"Accept-Encoding": "identity", "Accept": "*/*"}) as answer:
        if answer.is_redirect:
            try:
                return url.join(answer.headers.get("Location", ""))
            except (httpx.InvalidURL, ValueError) as error:
                raise FetchError("the media leads to no address", permanent=True) from error
        if not answer.is_success:
            gone = 400 <= answer.status_code < 500 and answer.status_code not in (401, 403, 408, 429)
            raise FetchError(f"the media answers with HTTP {answer.status_code}", permanent=gone)
        if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise FetchError("the media comes compressed against our asking", permanent=True)
        length = answer.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > most:
            raise FetchError("the file is larger than we take", permanent=True)
        body = bytearray()
        for chunk in answer.iter_raw():
            body += chunk
            if len(body) > most:
                raise FetchError("the file is larger than we take", permanent=True)
            if not in_time():
                raise FetchError("the file takes too long", permanent=False)
        return bytes(body)


def allowed(url: httpx.URL, own: httpx.URL | None) -> bool:
    """Calling this will tell whether a redirect may be followed there: the provider's storage, or the host ``own``."""
    if url.userinfo:
        return False
    if own is not None and (url.scheme, url.host, url.port) == (own.scheme, own.host, own.port):
        return True
    return url.scheme == "https" and url.port is None and _STORAGE.fullmatch(url.host) is not None
