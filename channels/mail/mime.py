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
from channels.mail.inner import Inner, open_winmail, split_uuencoded
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
#: Parts that only the sender's or our own keys could open or prove: kept, and said so.
SEALED = MappingProxyType(
    {
        "smime": "encrypted: S/MIME",
        "smime-signed": "signed as one block: S/MIME",
        "multipart/encrypted": "encrypted: PGP",
        "application/pkcs7-signature": "signed: S/MIME",
        "application/x-pkcs7-signature": "signed: S/MIME",
        "application/pgp-signature": "signed: PGP",
    }
)
BINARY = "application/octet-stream"
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
    return safe_name(decode_words(str(written)))


def safe_name(written: str) -> str:
    """Calling this will make a file's written name fit for display: at most 120 characters, the ending kept."""
    name = written.replace("\\", "/").rpartition("/")[2]
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


def is_winmail(kind: str, name: str) -> bool:
    """Calling this will tell whether a part is Outlook's envelope around text and files."""
    return kind in ("application/ms-tnef", "application/vnd.ms-tnef") or name.lower() == "winmail.dat"


def inside(part: Part) -> Inner:
    """Calling this will give the text of a part and the files that lie inside it (uuencoded, or in ``winmail.dat``), in
    the order that numbers them (``part:2:0``)."""
    if is_winmail(content_type(part), filename(part)):
        try:
            return open_winmail(payload(part))
        except FAULTS:
            return Inner(whole=False)
    text = _text(part)
    return split_uuencoded(text) if content_type(part) != "text/html" else Inner(text)


def _sealed_as(part: Part) -> str:
    kind = content_type(part)
    if kind in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
        return "smime-signed" if "signed" in _parameter(part, "smime-type", "content-type") else "smime"
    return kind


def _pictured(root: Part) -> str | None:
    """The HTML of a mail in lower case, at most 256 kB of it; None where there is none."""
    sources = [part for part in parts(root) if content_type(part) == "text/html" and not part.is_multipart()]
    if not sources:
        return None
    found: list[str] = []
    for part in sources:
        try:
            found.append(payload(part)[:HTML_MAX].decode("latin-1").lower())
        except FAULTS:
            continue
    return "\n".join(found)


class Reading:
    """Calling this will sort a mail into the text a person wrote and the files that came with it.

    Of alternatives, plain text wins unless it is blank. ``text`` is read from the chosen parts; of HTML only the first
    256,000 characters, and then the whole of it stands among the files, so that nobody has to do without it.
    """

    def __init__(self, root: Part) -> None:
        self._numbers = {id(part): index for index, part in enumerate(parts(root))}
        self._first = next((part for part in parts(root) if not part.is_multipart()), None)
        self._files: list[Part] = []
        self._bodies = self._collect(root)
        self._pictured = _pictured(root)
        sealed = (SEALED.get(_sealed_as(part), "") for part in parts(root))
        self._notes: dict[str, None] = dict.fromkeys(filter(None, sealed))
        opened = [(part, inside(part)) for part in self._bodies]
        self._texts = [inner.text.strip("\n") for _, inner in opened]
        long = [part for part in self._bodies if content_type(part) == "text/html" and len(_decoded(part)) > HTML_MAX]
        self._notes |= {"HTML cut": None} if long else {}
        described = [each for part in [*self._files, *long] for each in self._described(part)]
        within = [each for part, inner in opened for each in self._inner(part, inner)]
        #: Evidence first: only so many files of a message are kept.
        self._found = sorted([*described, *within], key=lambda pair: pair[1])

    def text(self) -> str:
        """Calling this will return the body as plain text, its lines ended by a line feed."""
        own = "\n\n".join(filter(None, self._texts))
        if own:
            return own
        # Somebody who forwards a letter as a file and adds no word means what stands in it.
        forwarded = (
            child for part in self._files if content_type(part) == "message/rfc822" for child in children(part)
        )
        return next(filter(None, (Reading(each).text() for each in forwarded)), "")

    def attachments(self) -> tuple[Attachment, ...]:
        """Calling this will describe the files, the small inline pictures of signatures last."""
        return tuple(item for item, _ in self._found)

    def notes(self) -> list[str]:
        """Calling this will say what staff must know of the parts: what is sealed, what is no evidence."""
        small = [item.filename or item.source for item, decorates in self._found if decorates]
        names = ", ".join(small[:5])
        return [*self._notes, *([f"small pictures: {names}"] if small else [])]

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

    def _described(self, part: Part) -> list[tuple[Attachment, bool]]:
        """The files a part is or holds, each with whether it only decorates a signature."""
        kind, name = content_type(part), filename(part)
        found: list[tuple[Attachment, bool]] = []
        if is_winmail(kind, name):
            inner = inside(part)
            self._texts += [inner.text] if inner.text and not any(self._texts) else []
            found = self._inner(part, inner)
            if inner.whole and (found or inner.text):
                return found
            self._notes["winmail.dat not opened whole"] = None
        try:
            size: int | None = len(payload(part))
        except FAULTS:
            size = None
        attachment = Attachment(
            kind=attachment_kind(kind, name),
            source=f"part:{self._numbers[id(part)]}",
            content_type=one_line(clean(kind), 100),
            filename=name,
            size=size,
        )
        small = kind.startswith("image/") and size is not None and 0 < size < INLINE_MIN
        return [*found, (attachment, small and self._inline(part))]

    def _inner(self, part: Part, inner: Inner) -> list[tuple[Attachment, bool]]:
        found = []
        for at, (written, data) in enumerate(inner.files):
            name, source = safe_name(written), f"part:{self._numbers[id(part)]}:{at}"
            found.append((Attachment(attachment_kind(BINARY, name), source, BINARY, name, len(data)), False))
        return found

    def _inline(self, part: Part) -> bool:
        """Whether a picture stands in the text: the part says so, or the HTML names its Content-ID."""
        identifier = str(part.get("content-id", "")).strip("<> \t\r\n").lower()
        if _disposition(part) == "inline":
            return True
        if self._pictured is not None and identifier:
            return f"cid:{identifier}" in self._pictured
        return _disposition(part) == "" and bool(identifier)


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
    if kind == BINARY:
        return ENDINGS.get(name.rpartition(".")[2].lower(), AttachmentKind.DOCUMENT)
    return KINDS.get(kind.partition("/")[0], AttachmentKind.UNKNOWN)


def _decoded(part: Part) -> str:
    try:
        data = payload(part)
    except FAULTS:
        return ""
    return clean(decode(data, _parameter(part, "charset", "content-type")))


def _text(part: Part) -> str:
    text = _decoded(part)
    return to_text(text[:HTML_MAX]) if content_type(part) == "text/html" else text
