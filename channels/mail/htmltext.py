"""HTML mail as plain text, by one forward scan.

The standard library's ``html.parser`` stays out: on tags that never end it scans the rest of the mail once per tag.
Here a search that failed is remembered, so that the work grows with the length and no faster. Nothing is executed,
loaded or kept but text; quoted blocks become lines that begin with ``>``, so that one rule for quotes serves both
forms."""

from __future__ import annotations

from contextlib import suppress
from html import unescape

_BLOCKS = """
    address article aside blockquote center dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6
    header hr li main nav ol p pre section table tbody tfoot thead tr ul
"""
BLOCKS = frozenset(_BLOCKS.split())
SPACED = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre"})
#: Elements whose content no reader sees.
UNSEEN = frozenset({"script", "style", "title", "template", "noscript", "iframe", "object"})
LINK_MAX = 300


def to_text(source: str) -> str:
    """Calling this will turn HTML into text: blocks become lines, list items dashes, links keep their web address,
    ``blockquote`` becomes ``> ``. It never raises, whatever the markup."""
    page = _Page()
    _scan(source, page)
    return page.text()


class _Page:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.quotes = 0
        self.link: tuple[str, int] | None = None
        self.blank = False

    def data(self, text: str) -> None:
        with suppress(ValueError):  # a character reference with thousands of digits stays as written
            text = unescape(text)
        words = " ".join(text.split())
        if not words:
            if self.line and text:
                self.line.append(" ")
            return
        self.line.append(f"{' ' * text[0].isspace()}{words}{' ' * text[-1].isspace()}")

    def end_line(self, *, spaced: bool = False, forced: bool = False) -> None:
        text = " ".join("".join(self.line).split())
        if text or (forced and not self.line):
            if self.blank and self.lines and text:
                self.lines.append("")
            self.blank = False
            self.lines.append(f"> {text}" if self.quotes and text else text)
        self.line = []
        self.link = self.link and (self.link[0], 0)
        self.blank = self.blank or spaced

    def open(self, name: str, tag: str) -> None:
        if name == "br":
            if not "".join(self.line).strip():
                self.line = []
            self.end_line(forced=True)
        elif name in ("td", "th"):
            self.line.append(" ")
        elif name == "a":
            self.link = (_href(tag), len(self.line))
        elif name in BLOCKS:
            if self.line != ["- "]:  # a paragraph inside a list item stays on the item's line
                self.end_line(spaced=name in SPACED)
            self.quotes += name == "blockquote"
            if name == "li":
                self.line.append("- ")

    def close(self, name: str) -> None:
        if name == "a" and self.link:
            (target, start), self.link = self.link, None
            shown = "".join(self.line[start:]).strip()
            if target and shown and target.rstrip("/") != shown.rstrip("/"):
                self.line.append(f" ({target})")
        elif name in BLOCKS:
            self.end_line(spaced=name in SPACED)
            self.quotes = max(0, self.quotes - (name == "blockquote"))

    def text(self) -> str:
        self.end_line()
        return "\n".join(self.lines).strip("\n")


def _href(tag: str) -> str:
    position = tag.lower().find("href")
    if position < 0:
        return ""
    value = tag[position + 4 :].lstrip().removeprefix("=").lstrip()
    quote = value[:1]
    value = value[1:].partition(quote)[0] if quote in ("'", '"') else value.split(maxsplit=1)[0] if value else ""
    try:
        value = unescape(value[: LINK_MAX + 1])
    except ValueError:
        return ""
    ok = value.lower().startswith(("http://", "https://")) and len(value) <= LINK_MAX and value.isprintable()
    return value if ok and " " not in value else ""


class _Ahead:
    """Calling this will search forward and remember: the next place of each mark is looked for once, and a mark that is
    nowhere ahead is never looked for again. Searches of one mark must not go backwards."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._next: dict[str, int] = {}

    def find(self, mark: str, start: int) -> int:
        known = self._next.get(mark)
        if known is None or 0 <= known < start:
            known = self._next[mark] = self.source.find(mark, start)
        return known


def _scan(source: str, page: _Page) -> None:
    ahead = _Ahead(source)
    lowered = source.lower()
    # A few letters change length when lowered; positions would then not fit, and only capitals in </STYLE> are lost.
    endings = _Ahead(lowered) if len(lowered) == len(source) else ahead
    position = 0
    while position < len(source):
        start = ahead.find("<", position)
        page.data(source[position : start if start >= 0 else len(source)])
        if start < 0:
            return
        following = source[start + 1 : start + 3]
        if source.startswith("<!--", start):
            end = ahead.find("-->", start + 4)
            position = end + 3 if end >= 0 else len(source)
        elif following[:1] in ("!", "?"):
            end = ahead.find(">", start)
            position = end + 1 if end >= 0 else len(source)
        elif following[:1].isalpha() or (following[:1] == "/" and following[1:].isalpha()):
            position = _tag(start, ahead, endings, page)
        else:
            page.data("<")
            position = start + 1


def _tag(start: int, ahead: _Ahead, endings: _Ahead, page: _Page) -> int:
    end = _tag_end(start + 1, ahead)
    if end < 0:  # it never ends: what looks like a tag is text
        page.data("<")
        return start + 1
    tag = ahead.source[start + 1 : end]
    name = _name(tag[:40].removeprefix("/"))
    if tag.startswith("/"):
        page.close(name)
    elif name in UNSEEN:
        stop = endings.find(f"</{name}", end)
        return stop if stop >= 0 else end + 1
    else:
        page.open(name, tag)
    return end + 1


def _name(text: str) -> str:
    length = next((index for index, char in enumerate(text) if not char.isalnum()), len(text))
    return text[:length].lower()


def _tag_end(position: int, ahead: _Ahead) -> int:
    """Where a tag closes: at the first ``>`` outside quoted attribute values."""
    while (close := ahead.find(">", position)) >= 0:
        opening = min((at for mark in ('="', "='") if 0 <= (at := ahead.find(mark, position)) < close), default=-1)
        if opening < 0:
            return close
        ending = ahead.find(ahead.source[opening + 1], opening + 2)
        if ending < 0:
            return close
        position = ending + 1
    return -1
