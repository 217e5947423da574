"""Twilio's signature (twilio.com/docs/usage/webhooks/webhooks-security): HMAC-SHA1 with the account's token."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from hashlib import sha256
from urllib.parse import parse_qsl, urlsplit

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from channels.base import RawRequest
from channels.errors import Forged, Malformed


def check_signature(request: RawRequest, tokens: Sequence[str]) -> None:
    """Calling this will return if one of the tokens signed the request at its public URL, and raise Forged otherwise.

    An empty token is no key: everybody knows it.
    """
    signature = request.header("X-Twilio-Signature")
    if not signature:
        raise Forged("the request carries no signature")
    signed = _signed(request)
    given = signature.encode("utf-8", "replace")
    for token in tokens:
        for url in _spellings(request.url) if token else ():
            if hmac.compare_digest(_sign(token, url, signed), given):
                return
    raise Forged("the signature does not hold")


class _Form(dict[str, list[str]]):
    """A form as the SDK's validator wants it: every value of a repeated name."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


def _sign(token: str, url: str, form: _Form) -> bytes:
    # The SDK's ``validate`` is passed over for its own part, ``compute_signature``: it writes the URL anew first (a
    # "?" at the end is lost) and compares with a body hash only if handed a string.
    try:
        signature: str = RequestValidator(token).compute_signature(url, form)
    except ValueError as error:
        raise Forged("what is no text cannot be signed") from error
    return signature.encode()


def _spellings(url: str) -> tuple[str, ...]:
    """The URL as it is, and with the standard port added or the port left out: the provider signs either."""
    scheme, _, rest = url.partition("://")
    netloc, slash, path = rest.partition("/")
    host, _, port = netloc.partition(":")
    if host.startswith("["):
        return (url,)
    other = host if port else f"{host}:{443 if scheme == 'https' else 80}"
    return url, f"{scheme}://{other}{slash}{path}"


def _signed(request: RawRequest) -> _Form:
    """What the signature covers beside the URL: a form; or nothing, of a JSON body its hash is in the URL."""
    if request.method == "GET":
        return _Form()
    if request.method != "POST":
        raise Forged("the provider sends only POST and GET")
    if request.header("Content-Type").partition(";")[0].strip().lower() == "application/json":
        hashes = [value for name, value in parse_qsl(urlsplit(request.url).query) if name == "bodySHA256"]
        own = sha256(request.body).hexdigest().encode()
        if len(hashes) != 1 or not hmac.compare_digest(own, hashes[0].encode()):
            raise Forged("a JSON body whose hash is not in the URL is not signed")
        return _Form()
    form = _Form()
    try:
        for name, value in request.form():
            form.setdefault(name, []).append(value)
    except Malformed as error:
        raise Forged("what cannot be read cannot be verified") from error
    return form
