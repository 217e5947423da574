"""The way to Meta's Graph API: one HTTP client, and its refusals in our words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import httpx

from channels.downloads import retry_after
from channels.errors import (
    Misconfigured,
    OutcomeUnknown,
    Permanent,
    SendError,
    Temporary,
    Throttled,
)
from channels.whatsapp_cloud.codes import ERRORS

API = "https://graph.facebook.com"
#: A version lives for two years at least (developers.facebook.com/docs/graph-api/guides/versioning).
VERSION = "v24.0"
#: Of a list no more pages than this: one that never ends must not hold us.
MOST_PAGES = 50

#: The request cannot have reached the provider.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Graph:
    """Calling this will make the client of one access token; ``seconds`` is how long an answer may take.

    The token goes into a header, never into an address: addresses are logged.
    """

    def __init__(self, base: str, token: str, seconds: float) -> None:
        self.base = base.rstrip("/")
        self.token = token
        self.seconds = seconds

    @cached_property
    def http(self) -> httpx.Client:
        """Calling this will give the connections, made on first use and so after a fork. The environment's proxies are
        not read: this floor knows no environment."""
        timeout = httpx.Timeout(self.seconds, connect=5.0)
        return httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False)

    @property
    def bearer(self) -> dict[str, str]:
        """Calling this will give the header that signs in."""
        return {"Authorization": f"Bearer {self.token}"}

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Calling this will hand something over once and return the answer.

        Raises Temporary when nothing was sent, OutcomeUnknown when it may have been taken, else as the table says.
        """
        return self._ask("POST", path, content=json.dumps(body).encode(), headers={"Content-Type": "application/json"})

    def get(self, path: str, params: Mapping[str, str] | None = None, token: str = "") -> dict[str, Any]:
        """Calling this will look something up, with another ``token`` if given. Asking twice changes nothing, so what
        would be OutcomeUnknown is Temporary."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            return self._ask("GET", path, params=dict(params or {}), headers=headers)
        except OutcomeUnknown as error:
            raise Temporary(str(error), code=error.code) from error

    def pages(self, path: str, params: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Calling this will yield the objects of a list, page after page. Raises as ``get`` does."""
        asked = dict(params)
        for _ in range(MOST_PAGES):
            page = self.get(path, asked)
            rows, paging = page.get("data"), page.get("paging")
            yield from (row for row in (rows if isinstance(rows, list) else ()) if isinstance(row, dict))
            # ``next`` is a whole address with the token in it; the cursor beside it says the same.
            if not isinstance(paging, dict) or not paging.get("next"):
                return
            after = paging.get("cursors", {}).get("after") if isinstance(paging.get("cursors"), dict) else None
            if not isinstance(after, str) or after == asked.get("after"):
                return
            asked["after"] = after

    def look_at_token(self) -> dict[str, Any]:
        """Calling this will return what the API says of our own token. Raises as ``get`` does.

        This one endpoint takes the token in the address. The client would log that address, so it is left out and only
        its transport is used.
        """
        url = httpx.URL(f"{self.base}/{VERSION}/debug_token", params={"input_token": self.token})
        timeout = httpx.Timeout(self.seconds, connect=5.0).as_dict()
        request = httpx.Request("GET", url, headers=self.bearer, extensions={"timeout": timeout})
        try:
            with httpx.HTTPTransport(trust_env=False) as transport:
                answer = transport.handle_request(request)
                answer.read()
        except httpx.RequestError as error:
            raise Temporary(f"the provider cannot be reached: {type(error).__name__}", code="connect") from None
        found = _read(answer).get("data")
        return found if isinstance(found, dict) else {}

    def close(self) -> None:
        """Calling this will close the connections, if any were made."""
        if "http" in self.__dict__:
            self.http.close()

    def _ask(self, method: str, path: str, headers: Mapping[str, str], **more: Any) -> dict[str, Any]:
        try:
            answer = self.http.request(
                method, f"{self.base}/{VERSION}/{path}", headers={**self.bearer, **headers}, **more
            )
        except _NOT_SENT as error:
            raise Temporary(f"the provider cannot be reached: {type(error).__name__}", code="connect") from error
        except httpx.RequestError as error:
            raise OutcomeUnknown(f"no answer to a request sent: {type(error).__name__}", code="no-answer") from error
        return _read(answer)


def _read(answer: httpx.Response) -> dict[str, Any]:
    """The answer's JSON object, or what its refusal means raised."""
    try:
        body = json.loads(answer.content)
    except (ValueError, RecursionError):
        body = None
    # An error may come with HTTP 200: the Graph API has done so.
    if not answer.is_success or (isinstance(body, dict) and "error" in body):
        raise refusal(answer.status_code, body, answer.headers)
    if not isinstance(body, dict):
        raise OutcomeUnknown("the provider's answer cannot be read", code="unreadable")
    return body


def refusal(status: int, body: object, headers: Mapping[str, str]) -> SendError:
    """Calling this will make the error that an answer means. The provider's own sentence is left out: it quotes phone
    numbers."""
    told = body.get("error") if isinstance(body, dict) else None
    told = told if isinstance(told, dict) else {}
    code, subcode = _number(told.get("code")), _number(told.get("error_subcode"))
    row = ERRORS.get(f"{code}/{subcode}") or ERRORS.get(code)
    kind = row.error if row else _by_status(status)
    code = code or str(status)
    text = f"{row.text if row else _TEXTS.get(kind, 'refused')} (error {code}, HTTP {status})"
    if issubclass(kind, Temporary):
        wait = retry_after(headers)
        return kind(text, code=code, retry_after=row.wait if wait is None and row else wait)
    return kind(text, code=code)


_TEXTS: dict[type[SendError], str] = {
    OutcomeUnknown: "the provider failed over the message",
    Throttled: "too many requests",
    Misconfigured: "the API does not serve this account",
}


def _by_status(status: int) -> type[SendError]:
    if status == 429:
        return Throttled
    if status >= 500 or 200 <= status < 300:
        return OutcomeUnknown
    if status < 400 or status in (401, 403, 404):
        return Misconfigured
    return Permanent


def _number(value: object) -> str:
    text = str(value)
    return text if not isinstance(value, bool) and re.fullmatch(r"[0-9]{1,9}", text) else ""
