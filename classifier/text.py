"""Normalising everyday Indonesian: from what a citizen typed to the word forms the model knows.

Every step is linear in the text and a text is cut before the first costly one, so that 100 KB of noise costs no
more than a long letter. Forms are lower-case Latin; what stands for a thing rather than a word is a token in
capitals.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from classifier.short_forms import short_forms

MAX_CHARACTERS = 10_000
# So far a text is looked through for encoded noise, which does not count as characters read.
MAX_SEARCHED = 200_000
MAX_WORDS = 1_500
MAX_WORD = 80

URL, EMAIL, PHONE, NUMBER = "URL", "EMAIL", "PHONE", "NUMBER"

# Spaced-out letters ("r u s a k", "r.u.s.a.k") are one word from this many on; below it they are initials.
_SPELT_OUT = 3
_NOISE_LENGTH = 16
_NOISE_TURNS = 0.3
# In a longer run chance plays a smaller part: fewer turns tell it apart from joined words with capitals.
_LONG_NOISE = 40
_LONG_NOISE_TURNS = 0.2
_LONG_WORD = 30
# Letters of a run without a space that are looked at; more are no sentence.
_LONGEST_RUN = 2_000
_MARKS = ".,;:!?\"'()"

_WORD = re.compile(r"[^\W_]+(?:['’‘ʼ][^\W_]+)*")
# The name of an account says nothing about the matter.
_ACCOUNT = re.compile(r"@\w{5,}")
_APOSTROPHES = str.maketrans("", "", "'’‘ʼ")

# Letters that look like a Latin one, from the two scripts that forgers use, the Latin small capitals, and letters with
# a stroke; white letters on black, which no normalising knows, are made plain too.
_LOOKALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХЬаеѕіјкорсухгпнтмвьԁԛԝһӏё" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαβεικνορτυχηγςσμϲ" + "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢıɑɡøłđħŧ",
    "ABESIJKMHOPCTYXbaesijkopcyxrnhtmbbdqwhle" + "ABEZHIKMNOPTYXabeikvoptuxnycouc" + "abcdefghijklmnoprstuvwyziagoldht",
) | {first + at: chr(ord("A") + at) for first in (0x1F150, 0x1F170) for at in range(26)}

# Digits and signs typed in place of letters, folded only inside a word.
_DISGUISED = str.maketrans("0134578@$", "oieastbas")
_DISGUISE = re.compile(r"[a-z](?:[01345]|[01345]{0,2}[@$][01345@$]{0,2})[a-z]")
# A text with so many words in disguise, and so large a share of them, is read so throughout: there a digit or a sign
# at the edge of a word is a letter too.
_MUCH_DISGUISED = 3
_MUCH_SHARE = 0.25
_EVERY_DISGUISE = str.maketrans("013456789@$!", "oieasgtbgasi")
# These begin words where a digit means itself: rt05, rw2, km7, and names of schools, licences and roads.
_NUMBERED = re.compile(r"(?:rt|rw|km|sd|sdn|smp|smpn|sma|sman|smk|smkn|tk|blok|gg|no|pm|co)\d")
_REPEATED = re.compile(r"([a-z])\1{2,}")
_ALL_DOUBLED = re.compile(r"(?:([a-z])\1){2,}")
_TWICE = re.compile(r"([a-z]{3,})2([a-z]{0,4})")
# Three equal letters that mean themselves: PPPK (contract civil servants), Roman three.
_TRIPLES = frozenset({"pppk", "iii", "viii", "xiii"})


@dataclass(frozen=True, slots=True)
class Token:
    """Calling this will hold one word: as the citizen wrote it (made visible), and the form the model sees."""

    surface: str
    form: str


def clean(text: str) -> str:
    """Calling this will cut the text to ``MAX_CHARACTERS`` and leave only what an eye would read.

    What is longer loses encoded noise and invisible characters first, wherever they stand in its first
    ``MAX_SEARCHED``, so that nobody hides a text behind them.

    Invisible characters and combining marks go, control characters become spaces, compatibility forms (wide, circled,
    mathematical letters) and letters that only look Latin become the plain ones. Case is kept.
    """
    if len(text) > MAX_CHARACTERS:
        text = _without_noise(text[:MAX_SEARCHED])[:MAX_CHARACTERS]
    if not text.isascii():
        # Marks go before normalising too: sorting a long run of them is quadratic in the standard library.
        text = "".join(map(_visible, text))
        text = "".join(map(_visible, unicodedata.normalize("NFKD", text)))
        text = unicodedata.normalize("NFKC", text).translate(_LOOKALIKES)
        return text[:MAX_CHARACTERS]
    return "".join(map(_visible, text)) if not text.isprintable() else text


def _without_noise(text: str) -> str:
    chunks = "".join(map(_visible, text)).split()
    return " ".join(chunk for chunk in chunks if not is_noise(chunk) and any(map(str.isalnum, chunk[:MAX_WORD])))


@lru_cache(maxsize=4096)
def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Zs", "Zl", "Zp"):
        return " "
    return "" if category in ("Cf", "Cs", "Co", "Cn", "Mn", "Me") else character


def tokens(text: str) -> list[Token]:
    """Calling this will return at most ``MAX_WORDS`` tokens in the order of the text; noise gives none."""
    found: list[Token] = []
    written = clean(text)
    for surface, word in _words(_undisguised(written), written):
        found.extend(Token(surface, form) for form in forms(word))
        if len(found) >= MAX_WORDS:
            break
    return found


def is_text(text: str) -> bool:
    """Calling this will say whether there is anything to read: a word of two letters or more that is not encoded noise.

    False for an empty text, an emoji, punctuation, numbers, links, base64.
    """
    return readable(tokens(text))


def readable(found: Iterable[Token]) -> bool:
    """Calling this will say whether any of the tokens is a word of two letters or more, not just a link or a number."""
    return any(token.form.islower() and sum(map(str.isalpha, token.form)) >= 2 for token in found)


def _undisguised(text: str) -> str:
    """The text, as long as it was, with digits and signs made letters where it is full of such words."""
    chunks = text.split(" ")
    spoken = [chunk for chunk in chunks if any(map(str.isalpha, chunk[:MAX_WORD])) and not is_noise(chunk)]
    disguised = sum(_is_disguised(chunk) for chunk in spoken)
    if disguised < _MUCH_DISGUISED or disguised < _MUCH_SHARE * len(spoken):
        return text
    return " ".join(map(_every_letter, chunks))


def _is_disguised(chunk: str) -> bool:
    word = chunk[: 2 * MAX_WORD].lower()
    return _DISGUISE.search(word) is not None and not _NUMBERED.match(word) and not _is_link(word) and "." not in word


def _every_letter(chunk: str) -> str:
    word = chunk.rstrip(_MARKS)
    if not any(map(str.isalpha, word)) or _NUMBERED.match(word.lower()) or _is_link(word) or is_noise(word):
        return chunk
    return word.translate(_EVERY_DISGUISE) + chunk[len(word) :]


def _words(text: str, written: str) -> Iterator[tuple[str, str]]:
    """Pairs (as written, raw word or capital token), spelt-out words joined.

    Where a sign stands between the letters ("r.u.s.a.k s.e.k.a.l.i") a space ends the word.
    """
    run: list[str] = []
    begin = end = -2
    between = ""
    for word, start, stop in _raw_words(text):
        letter = len(word) == 1 and word.isalpha()
        gap = text[end:start] if run and start == end + 1 else ""
        if run and not (letter and gap and between in ("", " ", gap)):
            yield from _joined(run, written[begin:end])
            run = []
        if letter:
            if not run:
                begin = start
            between = gap if run else ""
            run.append(word)
            end = stop
        else:
            yield (written[start:stop], word)
    if run:
        yield from _joined(run, written[begin:end])


def _joined(run: list[str], written: str) -> Iterator[tuple[str, str]]:
    if len(run) >= _SPELT_OUT:
        yield (written[: 2 * MAX_WORD], "".join(run))
    else:
        yield from ((letter, letter) for letter in run)


def _raw_words(text: str) -> Iterator[tuple[str, int, int]]:
    """Words with their place; a link, an address or a number is one word in capitals."""
    position = 0
    for chunk in text.split(" "):
        start, position = position, position + len(chunk) + 1
        if not chunk:
            continue
        stop = start + len(chunk)
        if chunk.isalpha() and len(chunk) < _NOISE_LENGTH:  # nearly every word: nothing below can apply to it
            yield (chunk, start, stop)
            continue
        if _is_link(chunk):
            link = max(chunk.lower().find("http"), 0)
            yield from _plain_words(chunk[:link], start)
            yield (URL, start + link, stop)
        elif 0 < chunk.find("@") < chunk.rstrip(_MARKS).rfind("."):
            yield (EMAIL, start, stop)
        elif is_noise(chunk) or _ACCOUNT.match(chunk):
            continue
        elif _is_phone(chunk):
            yield (PHONE, start, stop)
        else:
            yield from _plain_words(chunk, start)


def _plain_words(chunk: str, start: int) -> Iterator[tuple[str, int, int]]:
    # A sign is a letter in disguise only between two letters; elsewhere it is punctuation.
    if ("@" in chunk or "$" in chunk) and _DISGUISE.search(chunk.lower()):
        chunk = chunk.replace("@", "a").replace("$", "s")
    for match in _WORD.finditer(chunk):
        word = match.group()
        if word.isdecimal() and len(word) >= 4:
            word = NUMBER
        yield (word, start + match.start(), start + match.end())


def _is_link(chunk: str) -> bool:
    link = chunk.lower().find("http")
    return chunk.startswith("www.") or (link >= 0 and "://" in chunk[link : link + 8])


def _is_phone(chunk: str) -> bool:
    digits = sum(map(str.isdecimal, chunk))
    return digits >= 8 and digits + sum(map(chunk.count, "+-.()/")) == len(chunk)


def is_noise(chunk: str) -> bool:
    """Calling this will say whether a run without spaces is encoded bytes or a random key rather than words.

    Words turn from small to capital letter or from letter to digit rarely; base64 and hexadecimal do in about half
    of the places.
    """
    if len(chunk) < _NOISE_LENGTH:
        return False
    turns = letters = 0
    before = ""
    for character in chunk[: 4 * MAX_WORD]:
        letters += character.isalnum()
        kind = "a" if character.islower() else "A" if character.isupper() else "0" if character.isdecimal() else ""
        turns += (before + kind) in ("aA", "a0", "A0", "0a", "0A")
        before = kind
    return turns > (_NOISE_TURNS if len(chunk) < _LONG_NOISE else _LONG_NOISE_TURNS) * letters


@cache
def _short_forms() -> dict[str, str]:
    return short_forms()


@lru_cache(maxsize=50_000)
def forms(word: str) -> tuple[str, ...]:
    """Calling this will give the forms of one word as the model knows them: one, none for letters without
    sense, several for a sentence without spaces, in pieces of ``MAX_WORD``.

    Folds case, disguises (``s4mpah``), stretched and doubled letters (``rusaaak``, ``rruussaakk``), the written 2 of a
    doubled word (``lubang2``) and short forms (``yg``).
    """
    if word in (URL, EMAIL, PHONE, NUMBER):
        return (word,)
    form = word.casefold().translate(_APOSTROPHES)
    if len(form) > _LONG_WORD and len(set(form)) > 3 and not _readable(form):
        return ()
    form = form[:_LONGEST_RUN]
    if _DISGUISE.search(form) and not _NUMBERED.match(form):
        form = form.translate(_DISGUISED)
    if _ALL_DOUBLED.fullmatch(form):
        form = form[::2]
    if form not in _TRIPLES:
        form = _REPEATED.sub(r"\1", form)
    if (twice := _TWICE.fullmatch(form)) is not None:
        form = twice[1] + twice[2]
    if len(form) > MAX_WORD:
        return tuple(form[at : at + MAX_WORD] for at in range(0, len(form), MAX_WORD))
    return (_short_forms().get(form, form),)


def _readable(word: str) -> bool:
    """Joined words have a vowel every two or three letters; random letters have fewer."""
    return sum(word.count(vowel) for vowel in "aeiou") * 4 > len(word)
