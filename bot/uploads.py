"""Photos in pieces, for browsers with our script: begin, send the pieces, ask how far, take back; without it a photo
comes with its form.

    POST   /unggah           key, filename, size             201, the token; again under the same key: the same token
    HEAD   /unggah/<token>                                   Upload-Offset: bytes that are here
    PATCH  /unggah/<token>   Upload-Offset, the piece        204; 409 with Upload-Offset when the piece does not follow
    DELETE /unggah/<token>                                   204

Only the device that began a photo can reach it. ``GET /unggah`` gives a fresh form token and shows that the link works.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, jsonify, request
from flask_wtf.csrf import generate_csrf
from werkzeug.exceptions import TooManyRequests

from bot import visitor
from bot.hooks import runtime
from bot.limiter import Limiter
from channels.text import clean
from dispatch.services import uploads as service
from dispatch.services.uploads import (
    PIECE_BYTES,
    Full,
    Gone,
    NotAPhoto,
    OverQuota,
    TooLarge,
    UploadError,
    WrongOffset,
)

#: What may stand around a piece's bytes, and in the form that begins a photo.
MOST_BYTES = PIECE_BYTES
#: Photos one network may begin; behind it a whole mobile operator may stand.
BEGUN = (300, timedelta(minutes=10))
LIMITER = "aduan_uploads"
FILENAME_LENGTH = 120
STATUS: dict[type[UploadError], int] = {
    Gone: 404,
    WrongOffset: 409,
    TooLarge: 413,
    NotAPhoto: 415,
    OverQuota: 429,
    Full: 507,
}
_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")
_COUNT = re.compile(r"[0-9]{1,9}")

uploads = Blueprint("uploads", __name__, url_prefix="/unggah")


def new_limiter() -> Limiter:
    """Calling this will make the counter of photos begun by a network."""
    return Limiter(*BEGUN)


@uploads.before_request
def _ours_only() -> None:
    """A browser says where a request comes from (Fetch Metadata); other pages have no business here."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        abort(403)


@uploads.errorhandler(UploadError)
def _refused(error: UploadError) -> Response:
    response = Response(f"{error}\n", STATUS[type(error)], content_type="text/plain; charset=utf-8")
    if isinstance(error, WrongOffset):
        response.headers["Upload-Offset"] = str(error.received)
    return response


@uploads.get("")
def token() -> Response:
    """Calling this will give a form token for this browser: a page that lay open for days holds an old one."""
    visitor.chat()
    return jsonify(csrf=generate_csrf())


@uploads.post("")
def begin() -> tuple[Response, int]:
    """Calling this will begin a photo and give its token and how many bytes of it are here."""
    key, size = request.form.get("key", ""), request.form.get("size", "")
    if not _KEY.fullmatch(key) or not _COUNT.fullmatch(size):
        abort(400)
    wired, limiter = runtime(), current_app.extensions[LIMITER]
    if not limiter.allow(visitor.network(), wired.now()):
        raise TooManyRequests(retry_after=int(BEGUN[1].total_seconds()))
    filename = clean(" ".join(request.form.get("filename", "").split()))[:FILENAME_LENGTH]
    chat = visitor.chat()
    with wired.writing() as session:
        row = service.create(session, wired.now(), chat=chat, key=key, filename=filename, size=int(size))
        here, _ = service.received(session, wired.now(), _folder(), chat=chat, token=row.token)
        return jsonify(token=row.token, offset=here), 201


@uploads.route("/<token>", methods=["HEAD"])
def how_far(token: str) -> Response:
    """Calling this will tell how many bytes of a photo are here."""
    wired = runtime()
    with wired.reading() as session:
        here, size = service.received(session, wired.now(), _folder(), chat=_chat(), token=token)
    return _progress(200, here, size)


@uploads.patch("/<token>")
def piece(token: str) -> Response:
    """Calling this will take a piece; it is read whole before anything is locked, however slowly it comes."""
    offset = request.headers.get("Upload-Offset", "")
    if not _COUNT.fullmatch(offset):
        abort(400)
    data, wired = request.get_data(), runtime()
    with wired.writing() as session:
        here, size = service.write(
            session, wired.now(), _folder(), chat=_chat(), token=token, offset=int(offset), data=data
        )
    return _progress(204, here, size)


@uploads.delete("/<token>")
def take_back(token: str) -> tuple[str, int]:
    """Calling this will throw a photo away; one that is not there is thrown away already."""
    wired = runtime()
    with wired.writing() as session:
        mine = service.use_up(session, wired.now(), chat=_chat(), tokens=[token])
    service.erase(_folder(), mine)
    return "", 204


def _folder() -> Path:
    return service.folder_of(runtime().settings.var)


def _chat() -> str:
    code = visitor.known_chat()
    if code is None:
        raise Gone("no such photo")
    return code


def _progress(status: int, here: int, size: int) -> Response:
    return Response(status=status, headers={"Upload-Offset": str(here), "Upload-Length": str(size)})
