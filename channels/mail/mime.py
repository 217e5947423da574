"""A raw mail as a tree of parts: bounded while it is read, so that no mail can hold up its neighbours.

The tree is built with the legacy policy on purpose: the newer one parses headers by a grammar that raises on real mail
and is not linear. What a part's headers mean is decided in ``headers``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32, Policy
from types import MappingProxyType
from typing import Any, cast

from channels.errors import Malformed
from channels.mail.headers import Headers, clean, decode, decode_words, one_line
from channels.mail.htmltext import to_text
from channels.message import Attachment, AttachmentKind

MAIL_MAX = 10_000_000
LINES_MAX = 250_000
PARTS_MAX = 100
DEPTH_MAX = 20
HTML_MAX = 256_000
HEADER_MAX = 64_000
#: Inline pictures below this many bytes are logos and signatures, not evidence.
INLINE_MIN = 5_000
#: Everything the standard library is known to raise over hostile mail.
FAULTS = (LookupError, ValueError, TypeError, AttributeError, AssertionError, RecursionError, MessageError)

KINDS = MappingProxyType(
    {
        "image": AttachmentKind.IMAGE,
        "audio": AttachmentKind.AUDIO,
        "video": AttachmentKind.VIDEO,
        "application": AttachmentKind.DOCUMENT,
        "text": AttachmentKind.DOCUMENT,
        "message": AttachmentKind.DOCUMENT,
    }
)
CARDS = frozenset({"text/vcard", "text/x-vcard", "text/directory"})
#: What a file is when its sender only said "bytes".
ENDINGS = MappingProxyType(
    dict.fromkeys(("jpg", "jpeg", "png", "gif", "webp", "heic", "heif", "bmp"), AttachmentKind.IMAGE)
    | dict.fromkeys(("mp4", "mov", "3gp", "webm", "mkv"), AttachmentKind.VIDEO)
    | dict.fromkeys(("mp3", "m4a", "ogg", "opus", "amr", "wav"), AttachmentKind.AUDIO)
    | {"vcf": AttachmentKind.CONTACT}
)


class Part(Message):
    """Calling this will make one part, which refuses to grow into a tree that is too deep or too wide."""

    def __init__(self, policy: Policy[Any]) -> None:
        super().__init__(policy)
        self.depth = 0
        self.family = [1]

    def attach(self, payload: Any) -> None:
        """Calling this will hang a part below this one. Raises Malformed beyond 20 levels or 100 parts."""
        payload.depth, payload.family = self.depth + 1, self.family
        self.family[0] += 1
        if payload.depth > DEPTH_MAX:
            raise Malformed(f"the mail is nested deeper than {DEPTH_MAX} levels")
        if self.family[0] > PARTS_MAX:
            raise Malformed(f"the mail has more than {PARTS_MAX} parts")
        super().attach(payload)


class _Bounded(Compat32):
    """Long headers lose their front: only the tail of References matters, and no other header is that long honestly."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        most = 4_000 if name.lower().startswith("content-") else HEADER_MAX
        return name, value if len(value) <= most else value[-most:]


_POLICY = _Bounded()


def open_mail(raw: bytes) -> Part:
    """Calling this will parse a raw RFC 822 mail. Raises Malformed when it is empty, above 10 MB, 250,000 lines, 100
    parts or 20 levels, all checked before or while reading; malformed MIME is no error."""
    if not raw.strip():
        raise Malformed("the mail is empty")
    if len(raw) > MAIL_MAX:
        raise Malformed(f"the mail is larger than {MAIL_MAX} bytes")
    if raw.count(b"\n") + raw.count(b"\r") - raw.count(b"\r\n") > LINES_MAX:
        raise Malformed(f"the mail has more than {LINES_MAX} lines")
    return _parse(raw)


def open_headers(raw: bytes) -> Headers:
    """Calling this will read the headers at the front of some bytes, at most 64 kB of them."""
    return Headers(_parse(raw[:HEADER_MAX], headers_only=True))


def _parse(raw: bytes, *, headers_only: bool = False) -> Part:
    try:
        # The library's types know no class whose constructor takes the policy, which is how it is called.
        parser = BytesParser(cast(Any, Part), policy=_POLICY)
        return cast(Part, parser.parsebytes(raw, headersonly=headers_only))
    except FAULTS as error:
        raise Malformed(f"the mail cannot be taken apart: {type(error).__name__}") from error


def content_type(part: Part) -> str:
    """Calling this will return a part's type in lower case; what is no type reads as text/plain (RFC 2045 section
    5.2)."""
    try:
        return part.get_content_type()
    except FAULTS:
        return "text/plain"


def _parameter(part: Part, name: str, header: str) -> str:
    try:
        value = part.get_param(name, "", header)
    except FAULTS:
        return ""
    return str(value) if isinstance(value, str) else ""


def _disposition(part: Part) -> str:
    return str(part.get("content-disposition", "")).partition(";")[0].strip().lower()


def filename(part: Part) -> str:
    """Calling this will return a name fit for display, never for a path: RFC 2231 and RFC 2047 decoded, directories,
    controls and direction marks removed, at most 120 characters with the ending kept."""
    try:
        written = part.get_filename("")
    except FAULTS:
        return ""
    name = decode_words(str(written)).replace("\\", "/").rpartition("/")[2]
    name = unicodedata.normalize("NFC", one_line(name, 1_000)).lstrip(". ")
    if len(name) > 120:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[: 119 - len(ending)]}.{ending}" if dot and len(ending) <= 10 else name[:120]
    return name


def payload(part: Part) -> bytes:
    """Calling this will return a part's decoded bytes; a mail inside the mail as that mail's own source."""
    if part.is_multipart():
        return b"\n".join(child.as_bytes() for child in children(part))
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def children(part: Part) -> list[Part]:
    """Calling this will list the parts directly below this one."""
    below = part.get_payload()
    return [child for child in below if isinstance(child, Part)] if isinstance(below, list) else []


def parts(root: Part) -> Iterator[Part]:
    """Calling this will walk the tree in the order that numbers the parts (``part:0`` is the mail itself)."""
    yield root
    for child in children(root):
        yield from parts(child)


def part_number(root: Part, number: int) -> Part | None:
    """Calling this will return the part with a number, None when the mail has fewer."""
    return next((part for index, part in enumerate(parts(root)) if index == number), None)


class Reading:
    """Calling this will sort a mail into the text a person wrote and the files that came with it.

    Of alternatives, plain text wins unless it is blank. ``text`` is read from the chosen parts: HTML of more than 256
    kB raises Malformed.
    """

    def __init__(self, root: Part) -> None:
        self._numbers = {id(part): index for index, part in enumerate(parts(root))}
        self._first = next((part for part in parts(root) if not part.is_multipart()), None)
        self._files: list[Part] = []
        self._bodies = self._collect(root)

    def text(self) -> str:
        """Calling this will return the body as plain text with ``\\n`` line ends."""
        return "\n\n".join(filter(None, (_text(part).strip("\n") for part in self._bodies)))

    def attachments(self) -> tuple[Attachment, ...]:
        """Calling this will describe the files, small inline pictures left out."""
        described = (self._describe(part) for part in self._files)
        return tuple(item for item in described if item is not None)

    def _collect(self, part: Part) -> list[Part]:
        kind = content_type(part)
        below = children(part) if kind.startswith("multipart/") else []
        if kind == "multipart/alternative" and below:
            return _preferred([self._collect(child) for child in below])
        if kind == "multipart/related" and below:
            self._files.extend(leaf for extra in below[1:] for leaf in _leaves(extra))
            return self._collect(below[0])
        if below:
            return [body for child in below for body in self._collect(child)]
        if self._is_body(part, kind):
            return [part]
        self._files.append(part)
        return []

    def _is_body(self, part: Part, kind: str) -> bool:
        if kind.startswith("multipart/"):
            return True  # no boundary was found in it: its source is all there is to read
        if kind not in ("text/plain", "text/html") or _disposition(part) == "attachment":
            return False
        return part is self._first or not filename(part)

    def _describe(self, part: Part) -> Attachment | None:
        kind, name = content_type(part), filename(part)
        try:
            size: int | None = len(payload(part))
        except FAULTS:
            size = None
        inline = _disposition(part) == "inline" or (_disposition(part) == "" and "content-id" in part)
        if kind.startswith("image/") and inline and size is not None and size < INLINE_MIN:
            return None
        return Attachment(
            kind=attachment_kind(kind, name),
            source=f"part:{self._numbers[id(part)]}",
            content_type=one_line(clean(kind), 100),
            filename=name,
            size=size,
        )


def _leaves(part: Part) -> list[Part]:
    below = children(part) if content_type(part).startswith("multipart/") else []
    return [leaf for child in below for leaf in _leaves(child)] if below else [part]


def _preferred(options: list[list[Part]]) -> list[Part]:
    def plain(option: list[Part]) -> bool:
        return any(content_type(part) == "text/plain" and _text(part).strip() for part in option)

    return next(filter(plain, options), None) or next(filter(None, reversed(options)), [])


def attachment_kind(kind: str, name: str) -> AttachmentKind:
    """Calling this will name a declared type in our words; plain bytes are judged by the file name's ending."""
    if kind in CARDS:
        return AttachmentKind.CONTACT
    if kind == "application/octet-stream":
        return ENDINGS.get(name.rpartition(".")[2].lower(), AttachmentKind.DOCUMENT)
    return KINDS.get(kind.partition("/")[0], AttachmentKind.UNKNOWN)


def _text(part: Part) -> str:
    try:
        data = payload(part)
    except FAULTS:
        return ""
    text = clean(decode(data, _parameter(part, "charset", "content-type")))
    if content_type(part) != "text/html":
        return text
    if len(data) > HTML_MAX:
        raise Malformed(f"the mail's HTML is larger than {HTML_MAX} bytes")
    return to_text(text)
