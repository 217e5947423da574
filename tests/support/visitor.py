"""Visit the citizen's pages in a test, as a browser without JavaScript does: forms are read and sent back."""

from __future__ import annotations

import io
from collections import Counter
from html.parser import HTMLParser
from typing import Any

from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart


class Page(HTMLParser):
    """One parsed page: its elements with their attributes, its forms' fields, and what a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.forms: dict[str, dict[str, str]] = {}
        self.texts: list[str] = []
        self._form: dict[str, str] = {}
        self._area = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(attrs)))
        named = dict(attrs)
        if tag == "form":
            self._form = self.forms.setdefault(named.get("action") or "", {})
        if tag == "input" and named.get("type") != "file":
            self._form[named.get("name") or ""] = named.get("value") or ""
        if tag == "textarea":
            self._area = named.get("name") or ""
            self._form[self._area] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            # A browser drops the line break that directly follows the start tag.
            self._form[self._area] = self._form[self._area].removeprefix("\n")
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self._form[self._area] += data
        else:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def shape(self) -> Counter[tuple[str, tuple[str, ...]]]:
        """How often each element stands there, with the names of its attributes: what no citizen's words may change."""
        return Counter((tag, tuple(name for name, _ in attrs)) for tag, attrs in self.elements)


class Visitor:
    """One browser with its cookies."""

    def __init__(self, app: Flask, address: str = "127.0.0.1") -> None:
        self.client = app.test_client()
        self.environ = {"REMOTE_ADDR": address}
        self.last: TestResponse | None = None

    def get(self, path: str, **options: Any) -> TestResponse:
        self.last = self.client.get(path, environ_base=self.environ, buffered=True, **options)
        return self.last

    def page(self, path: str, **options: Any) -> Page:
        return Page(self.get(path, **options).text)

    def send(
        self,
        action: str,
        files: tuple[tuple[str, bytes], ...] = (),
        form: dict[str, str] | None = None,
        **fields: str,
    ) -> TestResponse:
        """Fill in the form with this action (read from its page unless given) and send it."""
        blank = form if form is not None else self.blank(action)
        data: dict[str, Any] = {**blank, **fields}
        if files:
            data["photo"] = [FileStorage(io.BytesIO(content), name) for name, content in files]
        boundary, body = encode_multipart(data)
        content_type = f"multipart/form-data; boundary={boundary}"
        self.last = self.client.post(action, data=body, content_type=content_type, environ_base=self.environ)
        return self.last

    def blank(self, action: str) -> dict[str, str]:
        """The fields of a fresh form."""
        return self.page({"/lapor": "/", "/obrolan": "/obrolan"}[action]).forms[action]
