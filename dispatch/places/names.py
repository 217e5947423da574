"""The words of place names: one spelling for every short form, and what the word before a name says of its level."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

# A name may run over a full stop ("tj. selor") or a line, but not over these signs ("dari Tarakan, utara kota").
_WORD = re.compile(r"[^\W_]+|[,;:!?()/]")
BREAKS = frozenset(",;:!?()/")
# Written with any of these or without: Pa' Padi, Pa’ Padi, Pa Padi.
_APOSTROPHES = dict.fromkeys(map(ord, "'’‘`´ʼ"))

#: One spelling for every short form; names and messages go through the same table.
SPELLING = {
    "tj": "tanjung", "tjg": "tanjung", "tjng": "tanjung", "tg": "tanjung", "tgg": "tanjung", "tnjung": "tanjung",
    "tnjg": "tanjung", "tnjng": "tanjung", "tjung": "tanjung", "tanj": "tanjung", "tanjong": "tanjung",
    "sei": "sungai", "sg": "sungai", "sngai": "sungai", "sungei": "sungai", "gn": "gunung", "gng": "gunung",
    "gnung": "gunung", "gunong": "gunung", "sp": "simpang", "spg": "simpang", "kp": "kampung", "kpg": "kampung",
    "kmpg": "kampung", "kmpung": "kampung", "kampong": "kampung", "krg": "karang", "krng": "karang",
    "psr": "pasar", "pel": "pelabuhan", "plbhn": "pelabuhan", "bandar": "bandara", "tmr": "timur",
    "brt": "barat", "utr": "utara", "slt": "selatan", "sltn": "selatan", "tgh": "tengah",
    "tngh": "tengah", "ilir": "hilir", "ulu": "hulu", "kamp": "kampung",
    "pkm": "puskesmas", "pusk": "puskesmas", "puskes": "puskesmas", "ferry": "feri",
    "i": "1", "ii": "2", "iii": "3", "iv": "4", "satu": "1", "dua": "2", "tiga": "3", "empat": "4", "lima": "5",
    "enam": "6",
}  # fmt: skip

#: What the word before a name says about the level of the place.
HINTS = {
    "kab": "regency", "kabupaten": "regency", "kota": "regency", "bupati": "regency", "walikota": "regency",
    "pemkab": "regency", "pemkot": "regency", "kec": "district", "kecamatan": "district", "camat": "district",
    "kel": "village", "kelurahan": "village", "lurah": "village", "desa": "village", "ds": "village",
    "kades": "village",
}  # fmt: skip

#: A word after one of these is likelier to be a place, so that it may be misspelt more.
BEFORE_A_PLACE = frozenset(HINTS).union(
    ("di", "ke", "dari", "pulau", "warga", "daerah", "wilayah", "sekitar", "arah", "masyarakat", "menuju"),
    ("in", "at", "from", "near"),
)
#: What is written together with the name that follows: "ditarakan", "kecsebatik", "pulausapi".
_GLUED = ("di", "ke", "dari", "kec", "kel", "kab", "desa", "kota", "pulau")
# What is left of a word that was glued must be long enough not to be a word by chance.
_LEAST_AFTER_GLUE = 5


def tokens(text: str, is_name: Callable[[str], bool] | None = None) -> list[str]:
    """Calling this will cut a text into words in small letters and one spelling, with the signs no name runs over.

    ``is_name`` tells whether a word is a name by itself: then one is also found behind "di", "kec" and the like
    without a space. Takes time in proportion to the text.
    """
    words = _WORD.findall(unicodedata.normalize("NFKC", text).translate(_APOSTROPHES).casefold())
    spelt = [SPELLING.get(word, word) for word in words]
    if is_name is None:
        return spelt
    return [part for word in spelt for part in _unglued(word, is_name)]


def _unglued(word: str, is_name: Callable[[str], bool]) -> tuple[str, ...]:
    for start in _GLUED if len(word) > _LEAST_AFTER_GLUE else ():
        if not word.startswith(start):
            continue
        rest = word[len(start) :]
        if len(rest) >= _LEAST_AFTER_GLUE and is_name(rest) and not is_name(word):
            return (start, rest)
    return (word,)
