"""The service directory: which service a question asks for, and what is answered.

A question is compared with the ways people ask that the region pack holds for each service, by words, pairs of words
and letter sequences; what tells services apart counts most. It is answered only when the words of the question are
those of one service almost throughout: a complaint about the same office brings words of its own.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from channels.text import segments
from classifier.features import letter_grams, word_grams
from dispatch.asking import ASKING, COMPLAINING, IDLE, LONGEST_QUESTION, asks, forms_of
from dispatch.phrases import LANGUAGES, Phrases
from dispatch.region import Fault, Region, Service

#: Least likeness (cosine) to a service, least lead over the next one, and least share of the question's weight that the
#: service knows. Measured in tests/dispatch/test_directory.py: right at least 19 times in 20, complaints 1 in 100.
LIKENESS, LEAD, KNOWN = 0.3, 0.02, 0.5
#: Below it, or below this share of the nearest, a search finds nothing rather than something far-fetched.
FAINT, FAR_OFF = 0.1, 0.4
#: An answer by SMS is two parts at most, one in full a screen or two of a small telephone.
SHORT, FULL = 300, 1000

#: Whole questions weigh this much, the service as a whole the rest; letter sequences this much of a word.
_QUESTION_SHARE, _LETTER_SHARE = 0.3, 0.6
_LETTERS = 4
_ALIKE = 0.5


@dataclass(frozen=True, slots=True)
class Judgement:
    """Calling this will hold why a text is answered with a service or not.

    ``likeness`` and ``lead`` over the next service lie between 0 and 1, so does ``known``, the share of the text's
    weight that the service's own words carry; ``strange`` are the words it does not know. ``answers`` says that all
    was enough, ``reason`` what was missing.
    """

    service: Service | None
    likeness: float
    lead: float
    known: float
    strange: tuple[str, ...]
    reason: str

    @property
    def answers(self) -> bool:
        """Calling this will say whether the text is answered with the service."""
        return self.service is not None and not self.reason


def find(region: Region, text: str) -> Service | None:
    """Calling this will give the service a text asks for, None unless that is quite sure. No text makes it raise."""
    found = judge(region, text)
    return found.service if found.answers else None


def best(region: Region, text: str, count: int = 3) -> list[Service]:
    """Calling this will list at most ``count`` services nearest to a text, the nearest first: for a search, where the
    reader chooses."""
    ranked = _index(region).rank(forms_of(text))
    floor = max(FAINT, FAR_OFF * ranked[0][0]) if ranked else FAINT
    return [region.services[code] for likeness, code in ranked[:count] if likeness >= floor]


def judge(region: Region, text: str) -> Judgement:
    """Calling this will say which service is nearest to a text and whether, or why not, it is answered with it."""
    index, forms = _index(region), forms_of(text)
    ranked = index.rank(forms)
    if not ranked:
        return Judgement(None, 0.0, 0.0, 0.0, (), "no service has any of these words")
    (likeness, code), (second, _) = ranked[0], [*ranked, (0.0, "")][1]
    known, strange = index.known(forms, code)
    reason = (
        "too long for a question" if len(text) > LONGEST_QUESTION
        else "nothing is asked" if not asks(text, forms)
        else "something is complained of" if (COMPLAINING & set(forms)) - index.vocabulary[code].keys()
        else "not like any service" if likeness < LIKENESS
        else "two services are equally near" if likeness - second < LEAD
        else "too many words of its own" if known < KNOWN
        else ""
    )  # fmt: skip
    return Judgement(region.services[code], likeness, likeness - second, known, strange, reason)


def answer(phrases: Phrases, service: Service, language: str, *, short: bool = False) -> str:
    """Calling this will put a service into words: a line for each thing to know, or ``short`` for an SMS.

    The short form has the name, where to go and what else fits ``SHORT`` characters, and nothing that SMS filters drop:
    no link and no four digits in a row.
    """
    language = language if language in LANGUAGES else LANGUAGES[0]
    said = [(phrases.say(f"service_{key}", language), text) for key, text in rows(service, language)]
    if not short:
        lines = [service.name[language], *(f"{label}: {text}" for label, text in said)]
        return "\n".join([*lines, phrases.say("service_confirm", language)] if service.confirm else lines)
    parts = [f"{service.name[language]}."]
    for label, text in said:
        part = f"{label}: {text}."
        if not _DROPPED.search(text) and len(" ".join([*parts, part])) <= SHORT:
            parts.append(part)
    return " ".join(parts)


#: What filters of mobile operators drop an SMS for.
_DROPPED = re.compile(r"\d{4}|https?:|www\.")


def rows(service: Service, language: str) -> list[tuple[str, str]]:
    """Calling this will list what is known of a service as the key of its label and its text, the most wanted first: so
    it stands in full, and so a short answer is filled."""
    texts = {
        "where": service.where,
        "needs": service.needs,
        "cost": service.cost,
        "how": service.how,
        "hours": service.hours,
        "time": service.time,
    }
    known = [(key, text[language]) for key, text in texts.items()]
    return [(key, text) for key, text in (*known, ("phone", service.phone), ("link", service.link)) if text]


def too_long(region: Region, phrases: Phrases) -> list[Fault]:
    """Calling this will name, with file and line, every service whose answer does not fit: two parts of an SMS for the
    short form, which must at least say where to go, and ``FULL`` characters in full."""
    faults: list[Fault] = []
    for service in region.services.values():
        for language in LANGUAGES:
            short, full = (answer(phrases, service, language, short=each) for each in (True, False))
            said = [
                "" if service.where[language] in short else f"where ({language}) does not fit an answer by SMS",
                f"the short answer ({language}) takes {parts} SMS" if (parts := segments(short).count) > 2 else "",
                f"the answer ({language}) has {len(full)} characters; {FULL} are the most" if len(full) > FULL else "",
            ]
            faults += [Fault(service.file, service.line, f"service {service.code}: {text}") for text in said if text]
    return faults


# Comparing


def _letters(form: str) -> list[str]:
    return [gram for gram in letter_grams(form) if len(gram) >= _LETTERS]


def _terms(forms: Sequence[str]) -> Iterable[tuple[str, float]]:
    """Words and pairs, and the letter sequences of the words, which weigh less. The two never mix: sequences of one
    word begin with a sign no word has."""
    for gram in word_grams([form for form in forms if form not in IDLE]):
        yield gram, 1.0
    for form in forms:
        if form not in IDLE:
            for gram in _letters(form):
                yield f"~{gram}", _LETTER_SHARE


class _Index:
    """Every service and question as a vector of unit length, found by its terms."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self._places = _place_words(region)
        self.vocabulary: dict[str, Counter[str]] = {}
        documents: dict[str, Counter[str]] = {}
        questions: list[tuple[str, list[str]]] = []
        for service in region.services.values():
            asked = [forms_of(text) for text in (*service.questions, *service.name.values())]
            questions += [(service.code, forms) for forms in asked]
            documents[service.code] = Counter(term for forms in asked for term, _ in set(_terms(forms)))
            self.vocabulary[service.code] = Counter(form for forms in asked for form in forms)
        self._letters = {code: {g for form in words for g in _letters(form)} for code, words in self.vocabulary.items()}
        spread = Counter(term for document in documents.values() for term in document)
        self._rarest = math.log(len(documents) + 1)
        self._rarity = {term: math.log((len(documents) + 1) / count) for term, count in spread.items()}
        self._of_services = self._filed(
            (code, {term: math.log1p(count) * self._rarity[term] for term, count in document.items()})
            for code, document in documents.items()
        )
        self._of_questions = self._filed((code, self._vector(forms)) for code, forms in questions)
        self._codes = [code for code, _ in questions]

    def _filed(self, vectors: Iterable[tuple[str, dict[str, float]]]) -> dict[str, list[tuple[int, str, float]]]:
        """Term → the vectors that have it, with the weight it has there."""
        filed: dict[str, list[tuple[int, str, float]]] = defaultdict(list)
        for number, (code, vector) in enumerate(vectors):
            length = math.hypot(*vector.values()) or 1.0
            for term, weight in vector.items():
                filed[term].append((number, code, weight / length))
        return filed

    def _vector(self, forms: Sequence[str]) -> dict[str, float]:
        vector: dict[str, float] = {}
        for term, share in _terms(forms):
            if term in self._rarity or term not in self._places:
                vector[term] = share * self._rarity.get(term, self._rarest / 2)
        return vector

    def rank(self, forms: Sequence[str]) -> list[tuple[float, str]]:
        """Likeness and code of every service that shares a term with the words, the likest first."""
        vector = self._vector(forms)
        length = math.hypot(*vector.values()) or 1.0
        whole: dict[str, float] = defaultdict(float)
        single: dict[int, float] = defaultdict(float)
        for term, weight in vector.items():
            for _, code, other in self._of_services.get(term, ()):
                whole[code] += weight * other / length
            for number, _, other in self._of_questions.get(term, ()):
                single[number] += weight * other / length
        nearest: dict[str, float] = defaultdict(float)
        for number, likeness in single.items():
            code = self._codes[number]
            nearest[code] = max(nearest[code], likeness)
        ranked = [
            (_QUESTION_SHARE * nearest[code] + (1 - _QUESTION_SHARE) * likeness, code)
            for code, likeness in whole.items()
        ]
        return sorted(ranked, key=lambda pair: (-pair[0], pair[1]))

    def known(self, forms: Sequence[str], code: str) -> tuple[float, tuple[str, ...]]:
        """The share of the words' weight that a service's own words carry, and the words it does not know."""
        met = total = 0.0
        strange: list[str] = []
        for form in dict.fromkeys(forms):
            own = form in self.vocabulary[code]
            if not own and (form in IDLE or form in ASKING or form in self._places):
                continue
            weight = self._rarity.get(form, self._rarest)
            share = 1.0 if own else self._alike(form, code)
            total += weight
            met += weight * share
            if not share:
                strange.append(form)
        return (met / total if total else 0.0), tuple(strange)

    def _alike(self, form: str, code: str) -> float:
        """How far an unknown word is made of letter sequences the service knows: a slip of the keyboard is."""
        grams = _letters(form)
        share = sum(gram in self._letters[code] for gram in grams) / len(grams) if grams else 0.0
        return share if share >= _ALIKE else 0.0


def _place_words(region: Region) -> frozenset[str]:
    """Words of places' names: where somebody asks from says nothing about the service."""
    names = (name for place in region.places.values() for name in (place.name, *place.aliases))
    return frozenset(form for name in names for form in forms_of(name)) - region.everyday_names


_LAST: list[tuple[Region, _Index]] = []


def _index(region: Region) -> _Index:
    """The index of a region, made when it is first asked for; a process works for one region."""
    if not _LAST or _LAST[0][0] is not region:
        _LAST[:] = [(region, _Index(region))]
    return _LAST[0][1]
