"""Which place does a citizen mean? Names in everyday spelling to area codes, and a pin on the map to a village."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest

from dispatch.region import Region

# A name may run over a full stop ("tj. selor") or a line, but not over these signs ("dari Tarakan, utara kota").
_WORD = re.compile(r"[^\W_]+|[,;:!?()/]")
_BREAKS = frozenset(",;:!?()/")
# Written with any of these or without: Pa' Padi, Pa’ Padi, Pa Padi.
_APOSTROPHES = dict.fromkeys(map(ord, "'’‘`´ʼ"))

# One spelling for every short form; names and messages go through the same table.
_SPELLING = {
    "tj": "tanjung", "tjg": "tanjung", "tjng": "tanjung", "tg": "tanjung", "tgg": "tanjung", "tnjung": "tanjung",
    "tanjong": "tanjung", "sei": "sungai", "sg": "sungai", "sngai": "sungai", "gn": "gunung", "gng": "gunung",
    "gnung": "gunung", "sp": "simpang", "spg": "simpang", "kp": "kampung", "kpg": "kampung", "krg": "karang",
    "psr": "pasar", "pel": "pelabuhan", "bandar": "bandara", "tmr": "timur", "brt": "barat", "utr": "utara",
    "slt": "selatan", "sltn": "selatan", "tgh": "tengah", "tngh": "tengah",
    "i": "1", "ii": "2", "iii": "3", "iv": "4", "satu": "1", "dua": "2", "tiga": "3", "empat": "4", "lima": "5",
    "enam": "6",
}  # fmt: skip

# What the word before a name says about the level of the place.
_HINTS = {
    "kab": "regency", "kabupaten": "regency", "kota": "regency", "bupati": "regency", "walikota": "regency",
    "pemkab": "regency", "pemkot": "regency", "kec": "district", "kecamatan": "district", "camat": "district",
    "kel": "village", "kelurahan": "village", "lurah": "village", "desa": "village", "ds": "village",
    "kades": "village",
}  # fmt: skip

_RANK = {"regency": 0, "district": 1, "village": 2}
# Run together ("tanjungselor") a name must be long enough not to be a word.
_SOLID = 8
# A centroid stands for its village as far as twice the distance to the third neighbour, within these kilometres.
_NEIGHBOURS = 3
_REACH = (3.0, 40.0)
_DEGREE = 111.2


@dataclass(frozen=True, slots=True)
class Found:
    """Calling this will hold the area a text names: its code, None when it names none or several that share no district
    or kabupaten/kota.

    ``candidates`` lists the codes between which the text leaves the choice, in the order they were named; it is empty
    when there is no choice.
    """

    area: str | None = None
    candidates: tuple[str, ...] = ()


@dataclass(slots=True)
class _Name:
    """One spelling: the places it is the official name of, all places it may mean, the areas of the landmarks it may
    mean, and whether it is an ordinary word as well."""

    official: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)
    landmarks: set[str] = field(default_factory=set)
    everyday: bool = False


@dataclass(slots=True)
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    name: _Name | None = None


@dataclass(frozen=True, slots=True)
class _Mention:
    start: int
    end: int
    codes: frozenset[str]
    sure: bool


class Places:
    """Calling this will index a region's places and landmarks by name, once; ``find`` and ``at`` only read."""

    def __init__(self, region: Region) -> None:
        self._levels = {code: place.level for code, place in region.places.items()}
        self._villages = {code: place for code, place in region.places.items() if place.level == "village"}
        self._root = _Node()
        everyday = {tuple(_tokens(name)) for name in region.everyday_names}
        for place in region.places.values():
            if place.level != "province":  # everything is in the province: its name narrows nothing down
                tokens = _tokens(place.name)
                bare = tokens[1:] if place.level == "regency" and tokens[0] in _HINTS else tokens
                for name in self._names(bare, everyday):
                    name.codes.add(place.code)
                    name.official.add(place.code)
                for alias in place.aliases:
                    for name in self._names(_tokens(alias), everyday):
                        name.codes.add(place.code)
        for landmark in region.landmarks:
            for spelling in (landmark.name, *landmark.aliases):
                for name in self._names(_tokens(spelling), everyday):
                    name.landmarks.add(landmark.area)

    def find(self, text: str) -> Found:
        """Calling this will find the most specific area that the text names without doubt.

        Longest names first, whole words only. A name of several places is settled by another name in the text, or by
        "desa", "kecamatan" and the like before it; unsettled, the area is what the candidates have in common when that
        is a district or a kabupaten/kota. Of places of different levels with one name the larger is meant. Takes time
        in proportion to the text.
        """
        mentions = self._settle([*dict.fromkeys(self._mentions(_tokens(text)))])
        codes = list(dict.fromkeys(code for mention in mentions for code in sorted(mention)))
        above = {ancestor for code in codes for ancestor in _ancestors(code)}
        leaves = tuple(code for code in codes if code not in above)
        if len(leaves) == 1:
            return Found(leaves[0])
        return Found(self._common(leaves), leaves)

    def at(self, lat: float, lng: float) -> str | None:
        """Calling this will give the village whose centroid is nearest to a point (degrees, WGS 84).

        A centroid reaches about as far as the villages around it are apart; None for a point that none reaches: at sea,
        abroad, nowhere. Borders are not known, so within a few kilometres of one the village may be the neighbour's.
        """
        if not (-90 <= lat <= 90 and -180 <= lng <= 180):
            return None
        nearest = sorted((_kilometres(lat, lng, place.lat, place.lng), place.code) for place in self._villages.values())
        low, high = _REACH
        for distance, code in nearest:
            if distance > high:
                break
            if distance <= max(2 * self._spacing(code), low):
                return code
        return None

    def _spacing(self, code: str) -> float:
        here = self._villages[code]
        around = sorted(_kilometres(here.lat, here.lng, one.lat, one.lng) for one in self._villages.values())
        return around[: _NEIGHBOURS + 1][-1]

    def _names(self, tokens: list[str], everyday: set[tuple[str, ...]]) -> Iterator[_Name]:
        """The entries for a spelling, made where they are missing: as it is and, when long enough, run together."""
        # A number alone ("Sembilan", "II") is a word in any language.
        plain = tuple(tokens) in everyday or all(token.isdigit() for token in tokens)
        solid = "".join(tokens)
        for spelling in (tokens, [solid]) if len(tokens) > 1 and len(solid) >= _SOLID else (tokens,):
            node = self._root
            for token in spelling:
                node = node.children.setdefault(token, _Node())
            node.name = node.name or _Name()
            node.name.everyday |= plain
            yield node.name

    def _matches(self, tokens: list[str]) -> Iterator[tuple[int, int, _Name]]:
        index = 0
        while index < len(tokens):
            node, end, name = self._root, index, None
            for ahead in range(index, len(tokens)):
                if tokens[ahead] not in node.children:
                    break
                node = node.children[tokens[ahead]]
                if node.name:
                    end, name = ahead + 1, node.name
            if name:
                yield index, end, name
            index = max(end, index + 1)

    def _mentions(self, tokens: list[str]) -> list[frozenset[str]]:
        """What each name in the text may mean, in the order of the text."""
        found: list[_Mention] = []
        for start, end, name in self._matches(tokens):
            level = _HINTS.get(tokens[start - 1]) if start else None
            meant = {code for code in name.codes if self._levels[code] == level}
            if meant:
                # "kecamatan Sebatik" is the district of that name, not the others on the island that are called so too.
                codes = meant & name.official or meant
            else:
                top = min((_RANK[self._levels[code]] for code in name.codes), default=0)
                codes = {code for code in name.codes if _RANK[self._levels[code]] == top} | name.landmarks
            found.append(_Mention(start, end, frozenset(codes), bool(meant) or not name.everyday))
        return [
            mention.codes
            for mention, following in zip_longest(found, found[1:])
            if mention.sure or (following and self._leads_to(mention, following, tokens))
        ]

    def _leads_to(self, mention: _Mention, following: _Mention, tokens: list[str]) -> bool:
        """An everyday word is a place when the name of its district comes right after it: "Harapan, kec. Sebuku"."""
        between = tokens[mention.end : following.start]
        parents = {code.rpartition(".")[0] for code in mention.codes}
        return (
            all(token in _HINTS or token in _BREAKS for token in between)
            and bool(parents & following.codes)
            and following.sure
        )

    def _settle(self, mentions: list[frozenset[str]]) -> list[frozenset[str]]:
        """Of a name's candidates only those stay that lie in, or contain, what another name in the text may mean."""
        for index, mention in enumerate(mentions):
            for other in mentions if len(mention) > 1 else ():
                related = frozenset(code for code in mention if any(_related(code, one) for one in other))
                if related and other != mention:
                    mentions[index] = mention = related
        return mentions

    def _common(self, codes: Iterable[str]) -> str | None:
        shared = [{*_ancestors(code), code} for code in codes]
        both = set.intersection(*shared) if shared else set()
        area = max(both, key=len, default="")
        return area if self._levels.get(area) in ("district", "regency") else None


def _tokens(text: str) -> list[str]:
    words = _WORD.findall(unicodedata.normalize("NFKC", text).translate(_APOSTROPHES).casefold())
    return [_SPELLING.get(word, word) for word in words]


def _ancestors(code: str) -> Iterator[str]:
    while code := code.rpartition(".")[0]:
        yield code


def _related(one: str, other: str) -> bool:
    return one == other or one.startswith(other + ".") or other.startswith(one + ".")


def _kilometres(lat: float, lng: float, other_lat: float, other_lng: float) -> float:
    """Flat-earth distance: within a province near the equator it errs by less than a thousandth."""
    east = (lng - other_lng) * math.cos(math.radians((lat + other_lat) / 2))
    return math.hypot(lat - other_lat, east) * _DEGREE
