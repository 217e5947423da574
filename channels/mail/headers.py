"""Mail headers as strangers write them: bounded, linear, and without one that can raise.

Headers are read from their raw lines. The structured header parser of the standard library stays out: it raises on
some real headers, shortens a malformed ``<abc[def]>``, and takes seconds over long address lists.
"""

from __future__ import annotations

import binascii
import codecs
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from types import MappingProxyType

from channels.text import clean as storable

WORDS_MAX = 4_000
ID_MAX = 250
REPLY_TO_MAX = 20
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)

#: Character sets mail is really written in. A sender's declaration is looked up here only: Python's codec registry also
#: holds transformations (unicode_escape, punycode, rot13) that are no character sets and some of which take quadratic
#: time.
_CHARSETS = """
    ascii utf-8 utf-8-sig utf-7 utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be gb18030 gbk hz big5 big5hkscs
    cp950 shift_jis cp932 euc_jp iso2022_jp iso2022_jp_2 euc_kr cp949 iso2022_kr koi8-r koi8-u mac-roman tis-620 cp874
    cp437 cp850 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 iso8859-1 iso8859-2 iso8859-3 iso8859-4
    iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-9 iso8859-10 iso8859-11 iso8859-13 iso8859-14 iso8859-15 iso8859-16
"""
CHARSETS = frozenset(_CHARSETS.split())
#: What a declaration means in practice: senders write the small name for the larger set.
MEANT = MappingProxyType({"gb2312": "gb18030", "iso8859-1": "cp1252"})

_CONTROLS = dict.fromkeys([*range(1, 9), 11, 12, *range(14, 32), 127])
#: Marks that reorder or hide what an officer sees in one line: direction overrides, zero-width blanks.
_HIDDEN = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200B, 0x200E, 0x200F, 0xFEFF])
_UNSEEN = _CONTROLS | _HIDDEN


def clean(text: str) -> str:
    """Calling this will make text fit for storage, every line end ``\\n``."""
    return storable(text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str, limit: int) -> str:
    """Calling this will collapse every blank, CR and LF to one space and cut to ``limit`` characters: an encoded word
    may decode to ``halo\\r\\nBcc: …``."""
    return " ".join(clean(text).translate(_UNSEEN).split())[:limit].rstrip()


def decode(data: bytes, charset: str = "") -> str:
    """Calling this will decode bytes by the declared character set, else UTF-8, else windows-1252, else with
    replacement characters; it never raises."""
    for name in (_known(charset), "utf-8", "cp1252"):
        if name:
            try:
                return data.decode(name)
            except ValueError:
                continue
    return data.decode("utf-8", "replace")


def _known(charset: str) -> str:
    name = charset.partition("*")[0].strip().strip("\"'")
    if not name or len(name) > 40 or not name.isascii():
        return ""
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""
    found = MEANT.get(found, found)
    return found if found in CHARSETS else ""


def decode_words(value: str) -> str:
    """Calling this will decode RFC 2047 encoded words in the first 4,000 characters of a header; what cannot be decoded
    stays as written. Neighbouring words of one character set are joined before decoding: some mailers cut inside a
    character."""
    value = value[:WORDS_MAX]
    pieces: list[str] = []
    pending, charset, position, after_word = b"", "", 0, False
    while (start := value.find("=?", position)) >= 0:
        word, gap = _encoded_word(value, start), value[position:start]
        if word is None:
            pieces += [decode(pending, charset), gap, "=?"]
            pending, position, after_word = b"", start + 2, False
            continue
        if gap.strip() or not after_word or word[0] != charset:
            pieces += [decode(pending, charset), gap if gap.strip() or not after_word else ""]
            pending = b""
        charset, pending, position, after_word = word[0], pending + word[1], word[2], True
    return "".join([*pieces, decode(pending, charset), value[position:]])


def _encoded_word(value: str, start: int) -> tuple[str, bytes, int] | None:
    first = value.find("?", start + 2)
    second = value.find("?", first + 1) if first > 0 else -1
    end = value.find("?=", second + 1) if second > 0 else -1
    if end < 0 or second != first + 2:
        return None
    charset, how, payload = value[start + 2 : first].lower(), value[first + 1].lower(), value[second + 1 : end]
    if not payload.isascii() or how not in "bq":
        return None
    try:
        if how == "q":
            data = binascii.a2b_qp(payload.encode("ascii"), header=True)
        else:
            data = binascii.a2b_base64(payload.rstrip("=") + "=" * (-len(payload.rstrip("=")) % 4))
    except ValueError:
        return None
    return charset, data, end + 2


#: Our own marks. A stranger's mail can carry them too, so none is believed; the loop mark only silences us.
OUR_MARKS = "x-aduan-"
LOOP_MARK = "x-aduan-loop"


class Headers:
    """Calling this will read a part's headers once into a table, raw eight-bit bytes repaired; headers that begin with
    ``X-Aduan-`` are dropped, but for the loop mark."""

    def __init__(self, message: Message) -> None:
        self._table: dict[str, list[str]] = {}
        for name, value in message.raw_items():
            key = name.lower()
            if key.startswith(OUR_MARKS) and key != LOOP_MARK:
                continue
            self._table.setdefault(key, []).append(_repair(str(value)))

    def __contains__(self, name: str) -> bool:
        return name in self._table

    def all(self, name: str) -> list[str]:
        """Calling this will return every raw value of a header (name in lower case)."""
        return self._table.get(name, [])

    def first(self, name: str) -> str:
        """Calling this will return the first raw value of a header, or an empty string."""
        return self.all(name)[0] if name in self._table else ""

    def text(self, name: str, limit: int) -> str:
        """Calling this will return a header decoded, on one line, at most ``limit`` characters long."""
        return one_line(decode_words(self.first(name)), limit)

    def starting(self, prefix: str) -> bool:
        """Calling this will tell whether any header's name begins so."""
        return any(name.startswith(prefix) for name in self._table)


def _repair(value: str) -> str:
    return value if value.isascii() else decode(value.encode("utf-8", "surrogateescape"))


def message_ids(value: str) -> list[str]:
    """Calling this will list the message ids of a raw header, without angle brackets, in the order written.

    Ids without brackets are taken when they hold an ``@``. An id with blanks, controls or more than 250 characters is
    left out.
    """
    found: list[str] = []
    for token in value.replace("<", " <").replace(">", "> ").split():
        bare = token.strip("<>,;")
        bracketed = token.startswith("<") and token.endswith(">")
        if (bracketed or "@" in bare) and valid_id(bare):
            found.append(bare)
    return found


def valid_id(text: str) -> bool:
    """Calling this will tell whether a message id may be stored and put into a header of ours."""
    return 0 < len(text) <= ID_MAX and text.isascii() and text.isprintable() and not set(text) & set("<> ")


def answered_ids(headers: Headers) -> tuple[str, ...]:
    """Calling this will list what a mail answers, nearest first: In-Reply-To, then References from the last back; at
    most 20 (RFC 5322 section 3.6.4)."""

    def written() -> Iterator[str]:
        for name, order in (("in-reply-to", 1), ("references", -1)):
            for value in headers.all(name)[::order]:
                yield from message_ids(value)[::order]

    return tuple(list(dict.fromkeys(written()))[:REPLY_TO_MAX])


def own_id(headers: Headers) -> str:
    """Calling this will return the mail's own Message-ID, or an empty string when it is absent, doubled or odd."""
    values = headers.all("message-id")
    ids = message_ids(values[0]) if len(values) == 1 and len(values[0].split()) == 1 else []
    return ids[0] if len(ids) == 1 else ""


def one_address(value: str) -> tuple[str, str]:
    """Calling this will split the first address of a raw header into display name and lower-cased address, one forward
    scan over at most 4,000 characters. The address is empty when there is none that could receive mail.

    The structure is read before encoded words are decoded: a display name may decode to something that looks like an
    address.
    """
    name: list[str] = []
    inside: list[str] = []
    comment: list[str] = []
    depth, quoted, bracket, skip, bracketed = 0, False, False, False, False
    for char in value[:WORDS_MAX]:
        if skip:
            skip = False
            (comment if depth else inside if bracket else name).append(char)
        elif char == "\\" and (quoted or depth):
            skip = True
        elif quoted:
            if char == '"':
                quoted = False
            else:
                (inside if bracket else name).append(char)
        elif depth or char == "(":
            depth += {"(": 1, ")": -1}.get(char, 0)
            if char not in "()":
                comment.append(char)
        elif char == '"':
            quoted = True
        elif char == "<" and not bracket:
            bracket = bracketed = True
        elif char == (">" if bracket else ","):
            break
        else:
            (inside if bracket else name).append(char)
    address = "".join(inside if bracketed else name).strip()
    shown = "".join(name) if bracketed else "".join(comment)
    return one_line(decode_words(shown), 200), address.lower() if valid_address(address) else ""


def valid_address(address: str) -> bool:
    """Calling this will tell whether an address has the plain form ``local@domain`` of RFC 5321 (no quoted local part,
    no address literal); letters beyond ASCII are allowed (RFC 6531)."""
    local, at, domain = address.rpartition("@")
    labels = domain.split(".")
    return (
        bool(at and local)
        and len(local) <= 64
        and len(address) <= 254
        and address.isprintable()
        and not set(address[: len(local)]) & set(' "(),:;<>@[\\]')
        and not local.startswith(".")
        and all(label.replace("-", "").isalnum() and len(label) <= 63 for label in labels)
    )


def sane_date(value: str, now: datetime) -> datetime | None:
    """Calling this will read a Date header; None when it is absent, unreadable, without a zone, before 2000 or more
    than one day ahead of ``now``. A zone of ``-0000`` is UTC (RFC 5322 section 3.3)."""
    try:
        date = parsedate_to_datetime(value[:200])
        if date.tzinfo is None and "-0000" in value[:200]:
            date = date.replace(tzinfo=UTC)
        if date.tzinfo is not None and EARLIEST <= date <= now + timedelta(days=1):
            return date.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return None
