"""Twilio's REST API over one HTTP client: what each failure means, and how an attachment is downloaded safely."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
from twilio.http import HttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]

from channels._twilio_errors import ERRORS
from channels.downloads import download as stream
from channels.downloads import retry_after
from channels.errors import Misconfigured, OutcomeUnknown, Permanent, SendError, Temporary

API = "https://api.twilio.com"
SID = re.compile(r"(?:SM|MM)[0-9a-f]{32}")

#: Each part of the API has a host of its own: api, content, messaging, monitor.
_PART = re.compile(r"[a-z]{2,20}")
#: Storage the media resource redirects to.
_STORAGE = re.compile(r"(?:[a-z0-9-]+\.)+twilio(?:cdn)?\.com|(?:[a-z0-9.-]+\.)?s3[a-z0-9.-]*\.amazonaws\.com")


class Transport(HttpClient):  # type: ignore[misc]
    """Calling this will make the SDK's HTTP seam: its own paths below ``base``, and only channel errors out of it.

    With ``base`` empty each part of the API is reached at its own host, whatever region or next page is named: nothing
    goes to a host outside the provider's. With a base (a relay, a stand-in) all parts lie below it.

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
        target = f"{self._base or _host(split.hostname)}{split.path}?{split.query}".rstrip("?")
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


def _host(named: str | None) -> str:
    part = (named or "").partition(".")[0]
    return f"https://{part}.twilio.com" if _PART.fullmatch(part) else API


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
    row = ERRORS.get(str(code)) or ERRORS.get(str(status))
    if row is None:
        return Permanent(f"refused ({told})", code=str(code))
    if issubclass(row.error, Temporary):
        wait = retry_after(headers)
        return row.error(f"{row.text} ({told})", code=str(code), retry_after=row.wait if wait is None else wait)
    return row.error(f"{row.text} ({told})", code=str(code))


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
    return stream(client, url, auth=auth, allowed=lambda found: allowed(found, own), most=most, in_time=in_time)


def allowed(url: httpx.URL, own: httpx.URL | None) -> bool:
    """Calling this will tell whether a redirect may be followed there: the provider's storage, or the host ``own``."""
    if url.userinfo:
        return False
    if own is not None and (url.scheme, url.host, url.port) == (own.scheme, own.host, own.port):
        return True
    return url.scheme == "https" and url.port is None and _STORAGE.fullmatch(url.host) is not None
