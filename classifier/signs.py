"""Signs of danger in a text: which classes of words meet, in what order, how near, and in whose company.

``anak hanyut``, ``warga kami terseret`` and ``urang kalalap`` are one sign: a person, then water. So what was learnt
from one way of saying it holds for the others. Linear in the text: a pair is looked for only within a few words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache

from classifier.danger_words import (
    CIRCUMSTANCES,
    ENDINGS,
    HAPPENINGS,
    HARMLESS,
    PREFIXES,
    SHORTEST_ROOT,
    words_of,
)
from classifier.text import MAX_WORDS, clean, tokens

#: Two classes this many words apart or nearer make a pair.
NEAR = 6
_SENTENCE = re.compile(r"[.!?;\n]+")
_CLASS = re.compile(r"^(\w+):((?:[^\n]|\n )*)", re.MULTILINE)
_ANY = "any"
#: Happenings that mean harm only beside others: to fall, to rise, to be inside.
_MILD = words_of(
    "smoke gas leak capsize rise deep inside fallp sever elec ill toxic ingest search beast cry dead flood"
)
#: What is looked for anywhere in the text beside a happening.
_COMPANY = words_of(
    "now still notyet quick help send resp past night long ended ifs fear ask admin repair often figure thing beastly "
    "story stock"
)
_EXCUSES = frozenset({"past", "ended", "ifs", "ask"})
_ALL_EXCUSES = _EXCUSES | {"fear", "admin", "repair", "often", "figure", "thing", "beastly", "story"}
_PEOPLE = frozenset({"who", "kin", "self"})


@cache
def _tables() -> tuple[dict[str, tuple[str, ...]], dict[str, list[tuple[tuple[str, ...], str]]], frozenset[str]]:
    """Word → its classes; first word → phrases that begin with it; the happenings."""
    words: dict[str, tuple[str, ...]] = {}
    phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    happenings = set()
    for block in (HAPPENINGS, CIRCUMSTANCES, HARMLESS):
        for name, rest in _CLASS.findall(block):
            single, *longer = rest.split("|")
            if block is HAPPENINGS:
                happenings.add(name)
            for word in single.split():
                if name not in words.get(word, ()):
                    words[word] = (*words.get(word, ()), name)
            for parts in map(tuple, map(str.split, longer)):
                phrases.setdefault(parts[0], []).append((parts, name))
    return words, phrases, frozenset(happenings)


@lru_cache(maxsize=50_000)
def classes(form: str) -> tuple[str, ...]:
    """Calling this will give the classes of a word form: its own, or those of the root it is made from."""
    words = _tables()[0]
    found = words.get(form)
    if found is None:
        found = next((words[root] for root in _roots(form) if root in words), ())
    return found


def _roots(form: str) -> Iterable[str]:
    stems = [form]
    stems += [form[: -len(end)] for end in ENDINGS if form.endswith(end) and len(form) - len(end) >= SHORTEST_ROOT - 1]
    yield from stems
    for stem in stems:
        for prefix, restored in PREFIXES:
            if stem.startswith(prefix):
                for first in restored:
                    if len(root := first + stem[len(prefix) :]) >= SHORTEST_ROOT:
                        yield root


def _read(text: str) -> list[list[tuple[str, int]]]:
    """For each sentence the classes met, each with the place of its word."""
    _, phrases, _ = _tables()
    found: list[list[tuple[str, int]]] = []
    read = 0
    for sentence in _SENTENCE.split(clean(text)):
        forms = [token.form for token in tokens(sentence)]
        met: list[tuple[str, int]] = []
        for at, form in enumerate(forms):
            names = classes(form)
            met += [(name, at) for name in names]
            for parts, name in phrases.get(form, ()):
                if name not in names and tuple(forms[at : at + len(parts)]) == parts:
                    met.append((name, at))
        found.append(met)
        read += len(forms)
        if read >= MAX_WORDS:
            break
    return found


def signs(text: str) -> list[str]:
    """Calling this will list the signs of a text, sorted, each once; their names mean nothing outside training."""
    happenings = _tables()[2]
    sentences = _read(text)
    met = {name for sentence in sentences for name, _ in sentence}
    found = {f"{name}." for name in met}
    for sentence in sentences:
        for number, (first, begin) in enumerate(sentence):
            for second, end in sentence[number + 1 : number + 1 + 4 * NEAR]:
                if end - begin > NEAR:
                    break
                if first in happenings or second in happenings:
                    found.add(f"{first} {second}")
                    left = _ANY if first in happenings and first not in _MILD else first
                    right = _ANY if second in happenings and second not in _MILD else second
                    if _ANY in (left, right):
                        found.add(f"{left} {right}")
    grave = {name for name in met & happenings if name not in _MILD}
    if grave:
        for company in met & _COMPANY:
            found.add(f"{_ANY}+{company}")
            found.update(f"{name}+{company}" for name in grave)
        found.add(f"{_ANY}{min(len(grave), 4)}")
        found.add("excused" if met & _EXCUSES else "unexcused")
        if not met & _ALL_EXCUSES:
            found.add("plain")
        if not met & _PEOPLE:
            found.add("nobody")
    return sorted(found)
