"""Webhooks: one route for each provider, all through the same door."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import cast

from flask import Blueprint, Response, current_app, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import RequestEntityTooLarge

from bot.door import receive
from channels.base import RawRequest
from channels.errors import Forged
from dispatch.runtime import Runtime
from dispatch.services import refusals

log = logging.getLogger("aduan.hooks")
#: When each provider's last refusal was written down, and how often that is done at most.
REFUSED_AT = "aduan_refused_at"
NOTE_EVERY = timedelta(seconds=30)

hooks = Blueprint("hooks", __name__, url_prefix="/hooks")


def runtime() -> Runtime:
    """Calling this will give the runtime the app was made with."""
    return cast(Runtime, current_app.extensions["aduan"])


def raw_request(limit: int) -> RawRequest:
    """Calling this will read the request at hand as bytes, at most ``limit`` of them, under its configured public
    address.

    The address is built from ``PUBLIC_URL`` and the raw path and query, never from ``Host``: providers sign the address
    they were given, and a framework's own URL decodes parts of it. Raises RequestEntityTooLarge.
    """
    request.max_content_length = limit
    body = request.get_data(cache=False)
    raw_path = request.environ.get("REQUEST_URI") or request.environ.get("RAW_URI") or request.full_path.rstrip("?")
    if "://" in raw_path.partition("?")[0]:
        raw_path = "/" + raw_path.partition("://")[2].partition("/")[2]
    wired = runtime()
    return RawRequest(request.method, wired.settings.public_url + raw_path, dict(request.headers), body, wired.now())


@hooks.route("/<name>", methods=["GET", "POST"])
def hook(name: str) -> Response:
    """Calling this will take a request of the provider ``name``; what the answer says about retries stands in
    ``bot.door``."""
    channel = runtime().registry.channels.get(name)
    if channel is None or not channel.hooked:
        return _plain("no such channel, or it is not configured", 404)
    try:
        answer = receive(runtime(), channel, raw_request(channel.limits.body_bytes))
    except Forged as error:
        log.warning("refused", extra={"channel": channel.name, "reason": str(error)})
        _note_refusal(channel.name, str(error))
        return _plain("the request is not signed as it must be", 403)
    except RequestEntityTooLarge:
        log.warning("too large", extra={"channel": channel.name})
        return _plain(f"too large: at most {channel.limits.body_bytes} bytes", 413)
    except (SQLAlchemyError, OSError) as error:
        log.error("not recorded", extra={"channel": channel.name, "error": type(error).__name__})
        response = _plain("not recorded, please send again", 503)
        response.headers["Retry-After"] = "15"
        return response
    return Response(answer.body, status=answer.status, content_type=answer.content_type)


def _note_refusal(name: str, reason: str) -> None:
    """Write a refusal down for ``aduan doctor``, but not each: who knocks for fun must not keep our database busy."""
    wired, noted = runtime(), current_app.extensions.setdefault(REFUSED_AT, {})
    now = wired.now()
    if name in noted and now - noted[name] < NOTE_EVERY:
        return
    noted[name] = now
    try:
        with wired.writing() as session:
            refusals.note(session, now, name, reason)
    except SQLAlchemyError as error:
        log.error("not noted", extra={"channel": name, "error": type(error).__name__})


def _plain(text: str, status: int) -> Response:
    return Response(text, status=status, content_type="text/plain; charset=utf-8")
