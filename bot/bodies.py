"""Bodies of requests, never more of them than allowed: a body that is cut at its limit would be worked on as if whole.

A body that comes in chunks tells no length beforehand. Under a server that ends such a body itself (gunicorn does,
``wsgi.input_terminated``) the framework stops reading at the limit without a word; here one byte more is asked for.
"""

from __future__ import annotations

from typing import IO, cast

from flask import Request
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream


class Whole(LimitedStream):
    """Calling this will wrap a stream of which at most so many bytes may come; more is RequestEntityTooLarge."""

    def readall(self) -> bytes:
        """Calling this will read to the end. Raises RequestEntityTooLarge when it lies beyond the limit."""
        data = super().readall()
        if self.is_exhausted and self._stream.read(1):
            self.on_exhausted()
        return data


class BoundedRequest(Request):
    """Calling this will make a request whose ``max_content_length`` also holds for a body that tells no length."""

    @cached_property
    def stream(self) -> IO[bytes]:
        """Calling this will give the body's stream. Raises RequestEntityTooLarge, here or while it is read."""
        found = super().stream  # refuses a length that is told and too large
        if isinstance(found, LimitedStream) and self.content_length is None:
            return cast(IO[bytes], Whole(self.environ["wsgi.input"], found.limit, is_max=True))
        return found
