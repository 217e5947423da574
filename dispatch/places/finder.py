"""The place that a text names: exact names first, then misspelt ones, then what the names say of each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from dispatch.places.index import Name, Node, build, words_of
from dispatch.places.names import BEFORE_A_PLACE, BREAKS, HINTS, tokens
from dispatch.places.ordinary import ordinary_words
from dispatch.places.pins import Map, Pin
from dispatch.places.typos import Typos
from dispatch.region import Region

_RANK = {"regency": 0, "district": 1, "village": 2}
#: So many different misspelt words are looked up in one text at most: longer texts are noise.
_MOST_TYPOS = 2000
#: Two words that make one name ("mali nau") must have so many letters.
_SPLIT = 7
# How far a name of so many letters may be away: alone; after a word that stands before places; beside another name of
# that neighbourhood. A village or a landmark of one word needs more letters to count alone.
_ALONE = ((5, 0.5), (6, 0.75), (8, 1.0))
_AFTER_HINT = ((5, 0.75), (6, 1.0), (9, 1.5))
_SEVERAL_WORDS = ((6, 0.5), (8, 1.0), (10, 1.5), (14, 2.0))
_LETTERS_ALONE = 7
#: A name of several words that begins with fewer letters ("Pa' Api") is never guessed.
_FIRST_WORD = 3


@dataclass(frozen=True, slots=True)
class Found:
    """Calling this will hold the area a text names: its code, None when it names none or several that share no district
    or kabupaten/kota.

    ``candidates`` lists the codes between which the text leaves the choice, in the order they were named; it is empty
    when there is no choice.
    """

    area: str | None = None
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Match:
    start: int
    end: int
    name: Name
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class _Mention:
    start: int
    end: int
    codes: frozenset[str]
    sure: bool
    cost: float


class Places:
    """Calling this will index a region's places and landmarks by name, once; ``find``, ``at`` and ``pin`` only read."""

    def __init__(self, region: Region) -> None:
        self._levels = {code: place.level for code, place in region.places.items()}
        self._root = build(region)
        self._typos = Typos(words_of(self._root), ordinary_words(region))
        self._map = Map(region.places.values())

    def find(self, text: str) -> Found:
        """Calling this will find the most specific area that the text names without doubt.

        Longest names first, whole words only; misspelt ones where nothing else is meant. A name of several places is
        settled by another name in the text, or by "desa", "kecamatan" and the like before it; unsettled, the area is
        what the candidates have in common when that is a district or a kabupaten/kota. Of places of different levels
        with one name the larger is meant. Takes time in proportion to the text.
        """
        words = tokens(text, self._is_name)
        mentions = self._settle([*dict.fromkeys(self._mentions(words))])
        codes = list(dict.fromkeys(code for mention in mentions for code in sorted(mention)))
        above = {ancestor for code in codes for ancestor in _ancestors(code)}
        leaves = tuple(code for code in codes if code not in above)
        if len(leaves) == 1:
            return Found(leaves[0])
        return Found(self._common(leaves), leaves)

    def at(self, lat: float, lng: float) -> str | None:
        """Calling this will give the village whose centroid is nearest to a point (degrees, WGS 84), None for a point
        that none reaches. Within a few kilometres of a border the village may be the neighbour's: ``pin`` tells."""
        pin = self.pin(lat, lng)
        return pin.village if pin else None

    def pin(self, lat: float, lng: float) -> Pin | None:
        """Calling this will say where a point (degrees, WGS 84) lies and how sure that is; None at sea or abroad."""
        return self._map.locate(lat, lng)

    def _is_name(self, word: str) -> bool:
        node = self._root.children.get(word)
        return node is not None and node.name is not None

    def _matches(self, words: list[str]) -> Iterator[_Match]:
        near: dict[str, tuple[tuple[str, float], ...]] = {}
        index = 0
        while index < len(words):
            best: _Match | None = None
            for match in self._from(words, index, near):
                if best is None or (match.end, -match.cost) > (best.end, -best.cost):
                    best = match
            if best:
                yield best
            index = max(best.end if best else 0, index + 1)

    def _from(self, words: list[str], start: int, near: dict[str, tuple[tuple[str, float], ...]]) -> Iterator[_Match]:
        """Every name that begins at a word, right or misspelt, as far as it may be away at the most."""
        pending: list[tuple[Node, int, float]] = [(self._root, start, 0.0)]
        while pending:
            node, at, cost = pending.pop()
            if node.name and (not cost or self._guessable(node.name, words[start], cost, at - start)):
                yield _Match(start, at, node.name, cost)
            if at >= len(words) or words[at] in BREAKS:
                continue
            word = words[at]
            if word in node.children:
                pending.append((node.children[word], at + 1, cost))
            elif word not in self._root.children or node is not self._root:
                if word not in near:
                    near[word] = self._typos.near(word) if len(near) < _MOST_TYPOS else ()
                pending.extend(
                    (node.children[name], at + 1, cost + more) for name, more in near[word] if name in node.children
                )
            if node is self._root and at + 1 < len(words) and word not in node.children:
                joined = word + words[at + 1]
                if len(joined) >= _SPLIT and joined in node.children:
                    pending.append((node.children[joined], at + 2, 0.0))

    def _guessable(self, name: Name, first: str, cost: float, count: int) -> bool:
        """Whether a misspelt name may be considered at all; what stands around it is looked at later."""
        if name.everyday or len(first) < _FIRST_WORD:
            return False
        return cost <= _limit(_AFTER_HINT if count == 1 else _SEVERAL_WORDS, name.letters)

    def _mentions(self, words: list[str]) -> list[frozenset[str]]:
        """What each name in the text may mean, in the order of the text."""
        found = [self._mention(match, words) for match in self._matches(words)]
        right = [
            not mention.cost and (mention.sure or bool(following and self._leads_to(mention, following, words)))
            for mention, following in zip_longest(found, found[1:])
        ]
        beside = frozenset(code for mention, kept in zip(found, right, strict=True) if kept for code in mention.codes)
        around = beside.union(*(_ancestors(code) for code in beside))
        return [
            mention.codes
            for mention, kept in zip(found, right, strict=True)
            if kept or (mention.cost and self._fits(mention, beside, around))
        ]

    def _mention(self, match: _Match, words: list[str]) -> _Mention:
        name, before = match.name, words[match.start - 1] if match.start else ""
        level = HINTS.get(before)
        meant = {code for code in name.codes if self._levels[code] == level}
        if meant:
            # "kecamatan Sebatik" is the district of that name, not the others on the island that are called so too.
            codes = meant & name.official or meant
        else:
            top = min((_RANK[self._levels[code]] for code in name.codes), default=0)
            codes = {code for code in name.codes if _RANK[self._levels[code]] == top} | name.landmarks
        sure = bool(meant) or not name.everyday
        if match.cost:
            sure = self._stands_alone(match, before, codes)
        return _Mention(match.start, match.end, frozenset(codes), sure, match.cost)

    def _stands_alone(self, match: _Match, before: str, codes: set[str]) -> bool:
        """Whether a misspelt name counts without another name beside it."""
        name = match.name
        if match.end - match.start > 1:
            return True
        if before in BEFORE_A_PLACE:
            return match.cost <= _limit(_AFTER_HINT, name.letters)
        small = not name.official or all(self._levels[code] == "village" for code in codes)
        return match.cost <= _limit(_ALONE, name.letters) and (not small or name.letters >= _LETTERS_ALONE)

    def _fits(self, mention: _Mention, beside: frozenset[str], around: frozenset[str]) -> bool:
        """Whether a misspelt name counts ``beside`` the areas that are named rightly: it lies where they do or contains
        them (it is ``around``); where it does not, it must be a district or more, and count alone."""
        if any(code in around or not beside.isdisjoint(_ancestors(code)) for code in mention.codes):
            return True
        large = all(self._levels[code] != "village" for code in mention.codes)
        return mention.sure and (large or not beside)

    def _leads_to(self, mention: _Mention, following: _Mention, words: list[str]) -> bool:
        """An everyday word is a place when the name of its district comes right after it: "Harapan, kec. Sebuku"."""
        between = words[mention.end : following.start]
        parents = {code.rpartition(".")[0] for code in mention.codes}
        return (
            all(word in HINTS or word in BREAKS for word in between)
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


def _limit(table: tuple[tuple[int, float], ...], letters: int) -> float:
    """The last row of a table that so many letters reach; 0 below the first."""
    return max((most for least, most in table if letters >= least), default=0.0)


def _ancestors(code: str) -> Iterator[str]:
    while code := code.rpartition(".")[0]:
        yield code


def _related(one: str, other: str) -> bool:
    return one == other or one.startswith(other + ".") or other.startswith(one + ".")
