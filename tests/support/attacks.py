"""Disguises of a text: what people type by accident or on purpose so that a machine reads it wrongly.

Each attack takes a text and gives another one that a person still reads, always the same one for the same text.
"""

from __future__ import annotations

import base64
import random
import re
import string
import zlib
from collections.abc import Callable, Sequence

Attack = Callable[[str], str]

_WORD = re.compile(r"[^\W\d_]+")
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_CYRILLIC = str.maketrans("aeiopcyxhkmtbABEIKMHOPCTX", "аеіорсухһкмтьАВЕІКМНОРСТХ")
_GREEK = str.maketrans("aikoptuvxABEHIKMNOPTX", "αικορτυνχΑΒΕΗΙΚΜΝΟΡΤΧ")
_LEET = str.maketrans("aeiostgbAEIOSTGB", "4310576843105768")
_MARKS = "\u0300\u0301\u0303\u0308\u0323\u0336"
_ACCENTED = str.maketrans("aeiounscAEIOU", "áèîöúñšçÁÈÎÖÚ")
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_FIFTY_KB = 50_000


def _draw(text: str, name: str) -> random.Random:
    return random.Random(zlib.crc32(f"{name} {text}".encode()))


def _each_word(change: Callable[[str, int], str], text: str, least: int = 1) -> str:
    """The text with every word of ``least`` letters or more changed; the words that are changed count from 0."""
    count = -1

    def put(match: re.Match[str]) -> str:
        nonlocal count
        if len(match.group()) < least:
            return match.group()
        count += 1
        return change(match.group(), count)

    return _WORD.sub(put, text)


def zero_width(text: str) -> str:
    """Calling this will put an invisible character after every letter inside a word."""
    draw = _draw(text, "zero-width")
    return _each_word(lambda word, _: "".join(c + draw.choice(_INVISIBLE) for c in word[:-1]) + word[-1:], text)


def cyrillic(text: str) -> str:
    """Calling this will write every letter that has a Cyrillic double with it."""
    return text.translate(_CYRILLIC)


def greek(text: str) -> str:
    """Calling this will write every letter that has a Greek double with it."""
    return text.translate(_GREEK)


def mixed_scripts(text: str) -> str:
    """Calling this will write each letter in a script drawn for it: Latin, Cyrillic or Greek."""
    draw = _draw(text, "mixed scripts")
    return "".join(c.translate(draw.choice(({}, _CYRILLIC, _GREEK))) for c in text)


def light_leet(text: str) -> str:
    """Calling this will write four of the letters inside words as the digits that look like them."""
    inside = [
        place
        for match in _WORD.finditer(text)
        for place in range(match.start() + 1, match.end() - 1)
        if text[place].translate(_LEET) != text[place]
    ]
    chosen = set(_draw(text, "leet").sample(inside, min(4, len(inside))))
    return "".join(c.translate(_LEET) if place in chosen else c for place, c in enumerate(text))


def heavy_leet(text: str) -> str:
    """Calling this will write every letter that a digit looks like as that digit."""
    return text.translate(_LEET)


def signs_for_letters(text: str) -> str:
    """Calling this will write a, i and s as signs: @, !, $."""
    return text.translate(str.maketrans("aisAIS", "@!$@!$"))


def spaced(text: str) -> str:
    """Calling this will put a space between all letters and three between words."""
    return "   ".join(" ".join(word) for word in text.split())


def spaced_without_borders(text: str) -> str:
    """Calling this will put one space between all letters, so that nothing tells where a word ends."""
    return " ".join("".join(text.split()))


def dotted(text: str) -> str:
    """Calling this will put a dot between the letters of every word."""
    return _each_word(lambda word, _: ".".join(word), text)


def dashed(text: str) -> str:
    """Calling this will put a sign between the letters of every second word, another for each."""
    return _each_word(lambda word, at: "-_*|~"[at // 2 % 5].join(word) if at % 2 else word, text, 4)


def stretched(text: str) -> str:
    """Calling this will write one letter of every word three to six times."""
    draw = _draw(text, "stretched")

    def change(word: str, _: int) -> str:
        at = draw.randrange(len(word))
        return word[:at] + word[at] * draw.randint(3, 6) + word[at + 1 :]

    return _each_word(change, text)


def doubled_letter(text: str) -> str:
    """Calling this will write one letter of every second word twice."""
    draw = _draw(text, "doubled")

    def change(word: str, count: int) -> str:
        at = draw.randrange(len(word))
        return word if count % 2 else word[:at] + word[at] + word[at:]

    return _each_word(change, text, 3)


def all_doubled(text: str) -> str:
    """Calling this will write every letter twice."""
    return _each_word(lambda word, _: "".join(c + c for c in word), text)


def mixed_case(text: str) -> str:
    """Calling this will write small and capital letters in turn."""
    return "".join(c.upper() if place % 2 else c.lower() for place, c in enumerate(text))


def accents(text: str) -> str:
    """Calling this will give letters accents."""
    return text.translate(_ACCENTED)


def marks(text: str) -> str:
    """Calling this will put one to three combining marks on every letter."""
    draw = _draw(text, "marks")
    return _each_word(
        lambda word, _: "".join(c + "".join(draw.choices(_MARKS, k=draw.randint(1, 3))) for c in word), text
    )


def _shifted(text: str, small: int, capital: int) -> str:
    table = {ord(c): small + at for at, c in enumerate(string.ascii_lowercase)}
    table |= {ord(c): capital + at for at, c in enumerate(string.ascii_uppercase)}
    return text.translate(table)


def wide(text: str) -> str:
    """Calling this will write the letters as wide ones."""
    return _shifted(text, 0xFF41, 0xFF21)


def mathematical(text: str) -> str:
    """Calling this will write the letters as bold mathematical ones."""
    return _shifted(text, 0x1D41A, 0x1D400)


def circled(text: str) -> str:
    """Calling this will write the letters in circles, capitals in black ones."""
    return _shifted(text, 0x24D0, 0x1F150)


def turned(text: str) -> str:
    """Calling this will wrap every word in marks that turn the direction of writing."""
    return _each_word(lambda word, _: f"\u202e\u202d{word}\u202c\u202c", text)


def without_vowels(text: str) -> str:
    """Calling this will leave out the vowels after the first letter in every third longer word."""
    return _each_word(lambda word, at: word if at % 3 else word[0] + re.sub("[aiueoAIUEO]", "", word[1:]), text, 4)


def typos(text: str) -> str:
    """Calling this will swap or drop one letter of every third longer word."""
    draw = _draw(text, "typos")

    def change(word: str, count: int) -> str:
        if count % 3:
            return word
        at = draw.randrange(len(word) - 1)
        return word[:at] + (word[at + 1] + word[at] + word[at + 2 :] if draw.random() < 0.5 else word[at + 1 :])

    return _each_word(change, text, 4)


def neighbour_keys(text: str) -> str:
    """Calling this will hit the key beside the right one once in every third longer word."""
    draw = _draw(text, "keys")

    def change(word: str, count: int) -> str:
        at = draw.randrange(len(word))
        row = next((keys for keys in _KEYS if word[at].lower() in keys), "")
        if count % 3 or not row:
            return word
        place = row.index(word[at].lower())
        return word[:at] + row[place - 1 if place else 1] + word[at + 1 :]

    return _each_word(change, text, 4)


def joined_pairs(text: str) -> str:
    """Calling this will join every word with the next one, two by two."""
    words = text.split()
    return " ".join("".join(words[at : at + 2]) for at in range(0, len(words), 2))


def joined(text: str) -> str:
    """Calling this will leave out every space."""
    return "".join(text.split())


def links_around(text: str) -> str:
    """Calling this will put links, mentions and hashtags around and into the text."""
    words = text.split()
    middle = len(words) // 2
    return " ".join(
        [
            "https://contoh.example/a/b?c=ZGFuIGxhaW4#top @akun_contoh #viral #fyp",
            *words[:middle],
            "www.contoh.example/xyz",
            *words[middle:],
            "#indonesia #trending cc @contoh http://contoh.example/promo!!! t.example/3kD9",
        ]
    )


def emoji_between(text: str) -> str:
    """Calling this will put pictures between all words, also made of several characters."""
    draw = _draw(text, "emoji")
    return "".join(word + draw.choice(("🙏", "😡😡", "👩🏽\u200d🔧", "🇮🇩", "❗️", "🔥")) for word in text.split())


def _bytes_after(text: str, size: int) -> str:
    return base64.b64encode(_draw(text, "bytes").randbytes(size * 3 // 4)).decode()


def noise_after(text: str) -> str:
    """Calling this will put 50 kB of base64 after the text, in lines as mail has them."""
    noise = _bytes_after(text, _FIFTY_KB)
    return text + "\n" + "\n".join(noise[at : at + 76] for at in range(0, len(noise), 76))


def signs_after(text: str) -> str:
    """Calling this will put 50 kB of signs and emoji after the text."""
    return text + " " + "".join(_draw(text, "signs").choices("!?.,;:-_=+*#~ 🚧🔥", k=_FIFTY_KB))


def letters_after(text: str) -> str:
    """Calling this will put 50 kB of letters without sense after the text, in words as long as real ones."""
    draw = _draw(text, "letters")
    words = ["".join(draw.choices(string.ascii_lowercase, k=draw.randint(3, 10))) for _ in range(_FIFTY_KB // 7)]
    return text + " " + " ".join(words)


def base64_before(text: str) -> str:
    """Calling this will put 20 kB of base64 before the text, more than is read of any text."""
    return _bytes_after(text, 20_000) + " " + text


def stuffed(text: str, words: Sequence[str]) -> str:
    """Calling this will put words of another matter after the text."""
    return f"{text} {' '.join(words)}"


#: Attacks on letters and what stands around them: the matter is still the same.
ATTACKS: dict[str, Attack] = {
    "zero-width": zero_width,
    "cyrillic": cyrillic,
    "greek": greek,
    "mixed-scripts": mixed_scripts,
    "leet-light": light_leet,
    "leet-heavy": heavy_leet,
    "signs-for-letters": signs_for_letters,
    "spaced": spaced,
    "spaced-no-borders": spaced_without_borders,
    "dotted": dotted,
    "dashed": dashed,
    "stretched": stretched,
    "doubled-letter": doubled_letter,
    "all-doubled": all_doubled,
    "mixed-case": mixed_case,
    "accents": accents,
    "marks": marks,
    "wide": wide,
    "mathematical": mathematical,
    "circled": circled,
    "turned": turned,
    "without-vowels": without_vowels,
    "typos": typos,
    "neighbour-keys": neighbour_keys,
    "joined-pairs": joined_pairs,
    "joined": joined,
    "links": links_around,
    "emoji": emoji_between,
    "noise-after": noise_after,
    "signs-after": signs_after,
    "letters-after": letters_after,
    "base64-before": base64_before,
}
