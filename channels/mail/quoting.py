"""What the writer of a mail wrote this time: quoted mails, signatures and phone footers cut, by lines.

No published cutter knows Indonesian or Malay mail programs, so the marks are our own, in Indonesian, English and Malay.
Each line is looked at a fixed number of times and only its first 300 characters; no pattern is ever run over a body, so
no text can make it slow. The result is only a view: the caller keeps the whole original.

A complaint may itself begin with "Pada tanggal …" or list "Dari:", "Kepada:", "Tanggal:" like an official letter. So
every mark needs more than its first word, and if nothing would be left, everything is shown.
"""

from __future__ import annotations

LINE_SEEN = 300
#: A reply header is at most this many lines long as mail programs wrap it, and this many characters.
HEADER_LINES = 4
HEADER_LENGTH = 500

#: "Pada Sen, 3 Feb 2025 pukul 10.41 NAMA <a@b> menulis:" and its kin: how it begins, how it ends.
OPENINGS = ("pada ", "on ", "tanggal ", "tarikh ")
CLOSINGS = ("menulis:", "menulis :", "wrote:", "wrote :", "tulis:", "menuliskan:", "writes:")

#: Bare separators, after dashes, underscores, stars and blanks are taken off both ends.
ORIGINALS = frozenset(
    {
        "original message",
        "pesan asli",
        "mesej asal",
        "pesan sebelumnya",
        "email asli",
        "original appointment",
        "reply message",
    }
)
#: Everything after one of these was sent on purpose: it is kept as it stands.
FORWARDS = frozenset(
    {
        "forwarded message",
        "pesan terusan",
        "pesan yang diteruskan",
        "pesan diteruskan",
        "mesej dimajukan",
        "mesej yang dimajukan",
        "begin forwarded message:",
        "mulai pesan yang diteruskan:",
        "awal pesan yang diteruskan:",
    }
)

#: Labels of a copied mail header, in the three languages, by what they mean.
LABELS: dict[str, str] = {
    **dict.fromkeys(("dari", "from", "daripada"), "from"),
    **dict.fromkeys(("dikirim", "sent", "tanggal", "date", "dihantar", "tarikh"), "date"),
    **dict.fromkeys(("kepada", "to", "ke"), "to"),
    **dict.fromkeys(("subjek", "subject", "perihal"), "subject"),
    **dict.fromkeys(("cc", "sk", "tembusan", "bcc"), "cc"),
}
BLOCK_LINES = 8

#: First words of the line a phone or a mail program adds, and a word that must follow in it.
FOOTERS = (
    "dikirim dari ",
    "dikirim dengan ",
    "terkirim dari ",
    "dihantar dari ",
    "dihantar daripada ",
    "sent from ",
    "sent with ",
    "sent via ",
    "get outlook for ",
    "dapatkan outlook ",
    "download outlook ",
    "unduh outlook ",
    "envoyé de ",
)
_MAKERS = """
    iphone ipad android samsung galaxy xiaomi redmi poco oppo vivo realme huawei infinix asus nokia blackberry yahoo
    outlook gmail proton windows mail ponsel hp tablet smartphone handphone telepon telefon phone mobile peranti
    perangkat """
MAKERS = frozenset(_MAKERS.split())
FOOTER_LENGTH = 110
SIGNATURE_LINES = 12

#: Blanks and marks that mail programs put where a blank is meant.
_BLANKS = {ord(char): " " for char in "\u00a0\u2002\u2003\u2007\u2009\u202f\u3000\t"} | dict.fromkeys(
    map(ord, "\u200b\u200e\u200f\u202a\u202c\ufeff")
)


def visible(text: str, *, reply: bool = False, forward: bool = False) -> str:
    """Calling this will return what was written this time, with ``\\n`` line ends, at most one blank line in a row.

    ``reply`` says that the mail's headers name a mail it answers: then lines that begin with ``>`` are quotes even
    where no line introduces them. What follows a forward marker is kept; ``forward`` says that the subject is such a
    marker (``FW:``): then nothing is a quote. If nothing is left, everything is returned.
    """
    lines = text.split("\n")
    seen = [line[:LINE_SEEN].translate(_BLANKS).strip() for line in lines]
    own = list(range(len(lines))) if forward else _without_quotes(seen, reply=reply)
    kept = _without_tail([lines[index] for index in own], [seen[index] for index in own])
    return _tidy(kept) or _tidy(lines)


def _without_quotes(seen: list[str], *, reply: bool) -> list[int]:
    kept: list[int] = []
    index, quotes = 0, reply
    while index < len(seen):
        line = seen[index]
        if line.startswith(">"):
            if not quotes:
                kept.append(index)
            index += 1
        elif _bare(line) in FORWARDS or _forwarded_by(line):
            return [*kept, *range(index, len(seen))]
        elif length := _reply_header(seen, index):
            index += length
            quotes = True
            if not _next_is_quoted(seen, index):
                break  # quoted without marks: all that follows belongs to it
        elif _separator(seen, index) or _header_block(seen, index):
            break
        else:
            kept.append(index)
            index += 1
    return kept


def _bare(line: str) -> str:
    return line.strip("-_=*─ ").lower()


def _forwarded_by(line: str) -> bool:
    return line.startswith("---") and _bare(line).startswith(("forwarded by ", "diteruskan oleh "))


def _next_is_quoted(seen: list[str], index: int) -> bool:
    following = next((line for line in seen[index : index + 3] if line), "")
    return following.startswith(">")


def _reply_header(seen: list[str], index: int) -> int:
    """How many lines a reply header takes from here, 0 for none.

    It needs its beginning, its end within four lines, and an address between them; with only a time between them, the
    quote itself must follow, marked: "Pada tanggal 3 Mei pukul 10.00 petugas menulis:" may be part of a complaint.
    """
    first = seen[index].lstrip("*_ ").lower()
    dated = first[:4].isdigit() and first[4:5] in ("-", "/")
    if not first.startswith(OPENINGS) and not dated and not _names_writer(first):
        return 0
    joined = ""
    for length in range(1, HEADER_LINES + 1):
        if index + length > len(seen):
            return 0
        line = seen[index + length - 1]
        if line.startswith(">") or (length > 1 and not line):
            return 0
        joined = f"{joined} {line}".strip()
        if len(joined) > HEADER_LENGTH:
            return 0
        end = joined.rstrip("*_ ").lower()
        if end.endswith(CLOSINGS) or (dated and end.endswith(">:")):
            if _has_address(joined):
                return length
            return length if _has_time(joined) and _next_is_quoted(seen, index + length) else 0
        if dated or _names_writer(first):
            return 0
    return 0


def _names_writer(line: str) -> bool:
    """Whether one line is "Nama <a@b> menulis:" with nothing before the name."""
    return line.endswith(CLOSINGS) and "<" in line and _has_address(line)


def _has_address(text: str) -> bool:
    return any(0 < word.find("@") < len(word) - 3 and "." in word[word.find("@") :] for word in text.split())


def _has_time(text: str) -> bool:
    """Whether two digits stand on either side of a colon or a dot somewhere: 10:41, 10.41."""
    return any(
        text[at] in ":."
        and text[at - 1].isdigit()
        and text[at + 1 : at + 3].isdigit()
        and len(text[at + 1 : at + 3]) == 2
        for at in range(1, len(text) - 2)
    )


def _separator(seen: list[str], index: int) -> bool:
    line = seen[index]
    if line.startswith(("--", "__", "==", "**", "──")) and _bare(line) in ORIGINALS:
        return True
    # Outlook on the web draws a rule above the copied header.
    if len(line) >= 20 and not line.strip("_"):
        return any(_header_block(seen, at) for at in range(index + 1, min(index + 3, len(seen))))
    return False


def _header_block(seen: list[str], index: int) -> bool:
    """Whether a copied mail header begins here: sender first, then at least a date with a time of day and one label
    more within eight lines, and an address somewhere. A citizen's own letter has no time of day in its "Tanggal:"."""
    if _label(seen[index]) != "from":
        return False
    found = {"from"}
    timed = addressed = False
    for line in seen[index : index + BLOCK_LINES]:
        if not line:
            break
        label = _label(line)
        found.add(label)
        timed = timed or (label == "date" and _has_time(line))
        addressed = addressed or "@" in line
    return timed and addressed and len(found - {""}) >= 3


def _label(line: str) -> str:
    name, colon, _ = line[:30].partition(":")
    return LABELS.get(name.strip("*_ ").lower(), "") if colon else ""


def _without_tail(lines: list[str], seen: list[str]) -> list[str]:
    """The signature (after ``-- ``, RFC 3676 section 4.3, or ``--``) and the line a phone adds go, when nothing but
    they ends the text."""
    end = _last(seen, len(seen))
    following = 0
    for index in range(end - 1, -1, -1):
        if seen[index] in ("--", "—"):
            end = _last(seen, index)
            break
        following += bool(seen[index])
        if following > SIGNATURE_LINES:
            break
    while end and _footer(seen[end - 1]):
        end = _last(seen, end - 1)
    return lines[:end]


def _last(seen: list[str], end: int) -> int:
    while end and not seen[end - 1]:
        end -= 1
    return end


def _footer(line: str) -> bool:
    low = line.lower().strip("*_[]() ")
    if len(low) > FOOTER_LENGTH or not low.startswith(FOOTERS):
        return False
    return not MAKERS.isdisjoint(low.replace(".", " ").replace("<", " ").replace(",", " ").split())


def _tidy(lines: list[str]) -> str:
    out: list[str] = []
    for line in lines:
        stripped = line.rstrip()
        if stripped or (out and out[-1]):
            out.append(stripped)
    return "\n".join(out).strip()
