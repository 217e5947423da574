"""Style sheets and scripts of the applications, compressed once: over a thin link they are most of a first visit.

Only these files: a page holds a form's token beside what its reader typed, and how long the two are when compressed
together would tell the token (BREACH, breachattack.com).
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, request

ENCODING = "gzip"


@dataclass(frozen=True, slots=True)
class Packed:
    """Calling this will hold one file compressed: its bytes, and a tag of its own, since another form of the same file
    is another answer (RFC 9110, 8.8.3)."""

    data: bytes
    tag: str


def serve(app: Flask) -> str:
    """Calling this will have an application hand out its static files compressed to browsers that take it, and return
    a word that changes whenever one of the files does: addresses with it in them can be kept for long.

    Reads every file once, now. What compression makes no smaller goes as it is. Raises OSError for a file that cannot
    be read.
    """
    digest = hashlib.sha256()
    packed: dict[str, Packed] = {}
    for path in sorted(Path(app.static_folder or "").iterdir()):
        content = path.read_bytes()
        digest.update(content)
        small = gzip.compress(content, mtime=0)
        if len(small) < len(content):
            packed[path.name] = Packed(small, hashlib.sha256(small).hexdigest()[:24])

    def static(filename: str) -> Response:
        if filename not in packed:
            return app.send_static_file(filename)
        takes = request.accept_encodings.quality(ENCODING) > 0
        answer = _compressed(app, filename, packed[filename]) if takes else app.send_static_file(filename)
        answer.vary.add("Accept-Encoding")
        return answer

    app.view_functions["static"] = static
    return digest.hexdigest()[:12]


def _compressed(app: Flask, filename: str, packed: Packed) -> Response:
    answer = app.response_class(packed.data, mimetype=mimetypes.guess_type(filename)[0])
    answer.content_encoding = ENCODING
    answer.cache_control.public = True
    answer.cache_control.max_age = app.get_send_file_max_age(filename)
    answer.set_etag(packed.tag)
    answer.make_conditional(request)
    return answer
