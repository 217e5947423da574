"""The names of a region as a tree of words: which places and landmarks each spelling may mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from dispatch.places.names import HINTS, tokens
from dispatch.region import Region

#: Run together ("tanjungselor") a name must be long enough not to be a word.
_SOLID = 8


@dataclass(slots=True)
class Name:
    """Calling this will hold one spelling: the places it is the official name of, all places it may mean, the areas of
    the landmarks it may mean, whether it is an ordinary word as well, and how many letters it has."""

    letters: int = 0
    official: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)
    landmarks: set[str] = field(default_factory=set)
    everyday: bool = False


@dataclass(slots=True)
class Node:
    """Calling this will hold what may follow after some words of a name, and the name that ends here."""

    children: dict[str, Node] = field(default_factory=dict)
    name: Name | None = None


def build(region: Region) -> Node:
    """Calling this will index every name and spelling of a region's places and landmarks."""
    root = Node()
    everyday = {tuple(tokens(name)) for name in region.everyday_names}
    for place in region.places.values():
        if place.level == "province":  # everything is in the province: its name narrows nothing down
            continue
        words = tokens(place.name)
        bare = words[1:] if place.level == "regency" and words[0] in HINTS else words
        for name in _entries(root, bare, everyday):
            name.codes.add(place.code)
            name.official.add(place.code)
        for alias in place.aliases:
            for name in _entries(root, tokens(alias), everyday):
                name.codes.add(place.code)
    for landmark in region.landmarks:
        for spelling in (landmark.name, *landmark.aliases):
            for name in _entries(root, tokens(spelling), everyday):
                name.landmarks.add(landmark.area)
    return root


def words_of(node: Node) -> Iterator[str]:
    """Calling this will give every word that occurs in a name below a node, some more than once."""
    pending = [node]
    while pending:
        here = pending.pop()
        yield from here.children
        pending.extend(here.children.values())


def _entries(root: Node, words: list[str], everyday: set[tuple[str, ...]]) -> Iterator[Name]:
    """The entries for a spelling, made where they are missing: as it is and, when long enough, run together."""
    # A number alone ("Sembilan", "II") is a word in any language.
    plain = tuple(words) in everyday or all(word.isdigit() for word in words)
    solid = "".join(words)
    for spelling in (words, [solid]) if len(words) > 1 and len(solid) >= _SOLID else (words,):
        node = root
        for word in spelling:
            node = node.children.setdefault(word, Node())
        node.name = node.name or Name(len(solid))
        node.name.everyday |= plain
        yield node.name
