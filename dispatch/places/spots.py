"""The citizen's own words for the spot: street, RT and RW, kilometre, what it is beside. Kept as they were written."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Longer words for a spot are cut, at a word.
LONGEST = 200
#: Only the beginning of a text is read, and so many spots are kept of it.
_READ = 4000
_MOST_SPOTS = 6
_WORD = re.compile(r"[^\W_]+(?:['’./-][^\W_]+)*\.?|[,;:!?()\n]")
_BREAKS = frozenset(",;:!?()\n")
_NUMBER = re.compile(r"\d{1,4}[a-z]?|[ivx]{1,4}|satu|dua|tiga|empat|lima|enam")
#: With a number after it.
_NUMBERED = frozenset("rt rw km rt/rw blok kilometer patok".split())
#: With a name after it. "Jalan" is a street only before a name: "jalan rusak" is none.
_NAMED = frozenset("jl jln jalan gg gang lorong lr perum perumahan komplek kompleks dusun".split())
#: With a thing after it: "depan pasar Gusher".
_BESIDE = frozenset("depan dpn dekat dkt samping sebelah belakang blkg seberang simpang sekitar".split())
#: What follows "jalan" where it is no name of a street, and where words for a spot end.
_ENDS = frozenset(
    """
    ada adalah air aja akibat amblas antara atau bagian banjir banyak baru bau becek begini belum berdebu berlubang
    berlumpur bikin bisa bolong buruk cepat dalam dan darat dari debu dengan desa di diambil dibuang dibuka
    diperbaiki drainase ds gelap hancur harus ini itu jadi jalan jelek jika juga kab kabel kaki kalau kami kapan
    karena ke kebanjiran kec kecamatan kecil kel keluar kelurahan kenapa ketika kita kotor lagi lampu lampunya licin
    listrik lobang longsor lubang lumpuh macet makin malam mampet masih masuk mati mau memang menanjak menuju
    menumpuk mohon nya ob padam pak parah penuh poros provinsi putus retak roboh rumah rusak saat sampah sampai sana
    sangat sedang sejak sekali sekarang selalu semakin seminggu sempit sepanjang sering setiap sini sudah tapi tdk
    tergenang terus tiap tidak tidur tolong tumpukan umum untuk utama warga yang yg
    """.split()
)
_STOPS = _ENDS | _BREAKS | _NUMBERED | _NAMED | _BESIDE
_JOINED = re.compile(r"(rt|rw|km)\.?0*\d{1,3}(/\d{1,3})?")
_MOST_WORDS = {"named": 4, "beside": 5}


def spot(text: str) -> str:
    """Calling this will give the words of a text that say where in a place it is, "" where none do: "Jl. Sengkawit, RT
    12, depan pasar Gusher". At most 200 characters; takes bounded time."""
    words = [(match[0], match.start(), match.end()) for match in _WORD.finditer(text[:_READ])]
    parts: list[str] = []
    index = 0
    while index < len(words) and len(parts) < _MOST_SPOTS:
        end = _end(words, index)
        if end > index:
            parts.append(text[words[index][1] : words[end - 1][2]].rstrip("."))
        index = max(end, index + 1)
    return clipped(", ".join(dict.fromkeys(parts)))


def clipped(text: str) -> str:
    """Calling this will bring words for a spot onto one line of at most 200 characters, cut at a word."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rsplit(" ", 1)[0][: LONGEST - 1] + "…"


def _end(words: list[tuple[str, int, int]], index: int) -> int:
    """Where a spot that begins at a word ends; that word itself where none begins there."""
    plain = [word.casefold().rstrip(".") for word, _, _ in words[index : index + 8]]
    first = plain[0]
    if first == "jalan" and index and words[index - 1][0].casefold() == "lampu":
        return index
    if first in _NUMBERED:
        after = 2 if len(plain) > 2 and plain[1] in _BREAKS else 1
        return index + after + 1 if len(plain) > after and _NUMBER.fullmatch(plain[after].lstrip("0") or "0") else index
    if first in _NAMED or first in _BESIDE:
        most = _MOST_WORDS["named" if first in _NAMED else "beside"]
        count = sum(1 for _ in _following(plain[1 : most + 1]))
        return index + count + 1 if count else index
    return index + 1 if _JOINED.fullmatch(first) else index


def _following(words: list[str]) -> Iterator[str]:
    for word in words:
        if word in _STOPS or _JOINED.fullmatch(word):
            return
        yield word
