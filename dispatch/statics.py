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
    """Calling this will hold one file as it is handed out, plain and compressed, each with a tag of its own: another
    form of the same file is another answer (RFC 9110, 8.8.3)."""

    plain: bytes
    small: bytes

    def form(self, compressed: bool) -> tuple[bytes, str]:
        """Calling this will give one form's bytes and its tag."""
        data = self.small if compressed else self.plain
        return data, hashlib.sha256(data).hexdigest()[:24]


def light(name: str, content: bytes) -> bytes:
    """Calling this will leave out what a browser does not need of a script: lines that are comments, and indentation.
    Scripts of ours hold no text that goes over several lines, so that lines can be looked at one by one."""
    if not name.endswith(".js"):
        return content
    lines = (line.strip() for line in content.splitlines())
    return b"\n".join(line for line in lines if line and not line.startswith(b"//")) + b"\n"


def serve(app: Flask) -> str:
    """Calling this will have an application hand out its static files compressed to browsers that take it, and return
    a word that changes whenever one of the files does: addresses with it in them can be kept for long.

    Reads every file once, now. What compression makes no smaller goes as it is. Raises OSError for a file that cannot
    be read.
    """
    digest = hashlib.sha256()
    packed: dict[str, Packed] = {}
    for path in sorted(Path(app.static_folder or "").iterdir()):
        content = light(path.name, path.read_bytes())
        digest.update(content)
        small = gzip.compress(content, mtime=0)
        if len(small) < len(content):
            packed[path.name] = Packed(content, small)

    def static(filename: str) -> Response:
        if filename not in packed:
            return app.send_static_file(filename)
        takes = request.accept_encodings.quality(ENCODING) > 0
        answer = _answer(app, filename, packed[filename], takes)
        answer.vary.add("Accept-Encoding")
        return answer

    app.view_functions["static"] = static
    return digest.hexdigest()[:12]


def _answer(app: Flask, filename: str, packed: Packed, compressed: bool) -> Response:
    data, tag = packed.form(compressed)
    answer = app.response_class(data, mimetype=mimetypes.guess_type(filename)[0])
    if compressed:
        answer.content_encoding = ENCODING
    answer.cache_control.public = True
    answer.cache_control.max_age = app.get_send_file_max_age(filename)
    answer.set_etag(tag)
    answer.make_conditional(request)
    return answer
