"""How alike two reports are: do they tell of the same trouble? Pure, of bounded cost, without a database.

Four things count. Their matter must not differ, they must not be too far apart in time, they must be in one place, and
their words must agree, the rare ones more than the common ones. Place weighs most: "lampu mati" in one village and
"listrik padam" in it an hour later are one outage, the same words in two villages are two. What people write around
the matter (greetings, pleas, names after a title, RT and RW) does not count, and words for one thing count as one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from classifier.text import tokens
from dispatch.places.pins import kilometres
from dispatch.region import Region
from dispatch.region.rules import Alike

#: A text is compared by its first characters and words: more would cost more and tell no more.
MOST_CHARACTERS = 600
MOST_WORDS = 60
#: A text with fewer words of its own matter is short: its place has to agree well.
SHORT = 2
SHORT_NEEDS_PLACE = 0.6
#: How much words and place count, and what is left of a likeness at the end of the hours allowed.
WORDS_COUNT, PLACE_COUNTS, AT_THE_END = 0.4, 0.6, 0.85
#: Likeness of places below which it cannot be the same trouble, whatever the words.
NOT_HERE, UNKNOWN_PLACE = 0.3, 0.1
#: What is left when one report's matter is not known yet, and when the two are about different matters.
UNKNOWN_MATTER, OTHER_MATTER = 0.9, 0.45
#: Words with less in common than this tell of two things more and more, wherever it is; what is left at none.
OTHER_WORDS, OTHER_WORDS_LEAVE = 0.25, 0.65
#: What is left of a likeness of places where each report names a street or a building of its own.
OTHER_SPOT_LEAVES = 0.3
_HOUR = 3600.0

_AROUND = frozenset(
    """
    assalamualaikum waalaikumsalam salam selamat pagi siang sore malam halo hai permisi dengan hormat mohon tolong minta
    maaf terima kasih makasih bapak ibu pak bu bang kak mas mbak saudara admin kami saya aku kita anda warga masyarakat
    yang di ke dari dan atau ini itu ada sudah belum tidak bukan lagi juga saja untuk pada agar supaya karena kalau jika
    bisa mau akan kok kah sih dong deh ya yah nih tuh woy lah pun nya para sangat sekali banget parah besar sampai
    sejak jadi hari jam minggu bulan tahun kemarin tadi sekarang tiap setiap terus masih lama berapa kapan bagaimana
    kenapa mengapa apa lapor laporan melapor melaporkan mau ingin info tanya segera cepat diperbaiki perbaiki perbaikan
    ditangani disini sini sana situ daerah wilayah desa kelurahan kecamatan kota kabupaten kampung kepada seperti hal
    rt rw jangan semua satu dua tiga banyak dekat depan belakang samping dalam luar atas bawah orang sehingga bahwa
    the is in at of and has have been since no a are please not our we my i NUMBER PHONE EMAIL URL
    """.split()
)
#: After these stands the name of a person, which says nothing of the matter.
_TITLES = frozenset("bapak ibu pak bu bang kak mas mbak saudara nama haji hj h".split())
#: After these stands the name of a spot. The bare word counts only with its name.
_HEADS = frozenset(
    """
    jalan gang lorong jembatan simpang pasar sd sdn smp smpn sma sman smk masjid gereja mushola musala sekolah toko spbu
    perumahan komplek kompleks blok pelabuhan bandara rsud puskesmas terminal hotel kantor pabrik alfamidi indomaret
    tps embung stadion taman
    """.split()
)
#: What follows such a word and is no name.
_NO_NAME = frozenset(
    """
    rusak berlubang lubang mati padam gelap macet banjir tergenang becek licin putus patah ambruk amblas bocor kotor bau
    penuh tutup raya umum utama desa berlumpur hancur retak longsor kayu semen aspal tanah mampet sampah menjuntai
    meluber menumpuk numpuk tersumbat merah antri
    """.split()
)
#: Parts of names of places that are words of their own.
_NOT_NAMES = frozenset("kampung pasar kota baru bulan atap lama hulu hilir darat pantai timur barat utara".split())
#: Several words for one thing, to the first of them.
_ONE_THING = {
    word: line.split()[0]
    for line in (
        "padam mati nyala menyala hidup off electricity out",
        "listrik pln setrum electricity",
        "lampu pju penerangan penerangannya lampunya",
        "lubang berlubang bolong lubangnya berlobang lobang",
        "rusak hancur rsak kerusakan ambruk roboh patah pecah jebol amblas",
        "sampah sampahnya limbah",
        "numpuk menumpuk tumpukan meluber penuh berserakan diangkut angkut belakang",
        "bau busuk menyengat berbau baunya",
        "banjir kebanjiran tergenang genangan meluap terendam",
        "parit selokan drainase got gorong saluran",
        "tersumbat mampet sumbat buntu",
        "air pdam ledeng airnya pipa",
        "keruh coklat kecoklatan kotor",
        "antri antrian antrean antre mengantri ngantri",
        "gas lpg elpiji melon",
        "langka susah kosong habis kehabisan",
        "sinyal jaringan internet telkomsel",
        "kebakaran terbakar api bakar pembakaran",
        "asap kabut",
        "longsor tanah",
        "ribut bising berisik suara",
        "becek berlumpur lumpur",
        "harga harganya mahal",
        "bantuan bansos blt pkh",
        "merata adil",
        "speedboat speed kapal",
        "telat terlambat terlantar delay berangkat",
        "tumbang roboh",
    )
    for word in line.split()
}


@dataclass(frozen=True, slots=True)
class Report:
    """Calling this will hold what is compared of a report: its first words, matter, place, time, and pin (degrees)."""

    text: str
    at: datetime
    category: str | None = None
    area: str | None = None
    pin: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """Calling this will hold the words of a text that count: those of its matter, and the names of spots in it."""

    matter: frozenset[str]
    spots: frozenset[str]


class Comparer:
    """Calling this will make what compares reports of one region: which words are rare there and which name places."""

    def __init__(self, region: Region) -> None:
        self._rarity = _rarity(example.text for example in region.examples)
        self._rarest = max(self._rarity.values(), default=1.0)
        names = (name for place in region.places.values() for name in (place.name, *place.aliases))
        self._names = frozenset(word for name in names for word in _forms(name) if len(word) > 3) - _NOT_NAMES

    def words(self, text: str) -> Words:
        """Calling this will read the words of a text that count, from its first ``MOST_CHARACTERS``."""
        return _read(self, text[:MOST_CHARACTERS])

    def score(self, one: Report, other: Report, rules: Alike) -> float:
        """Calling this will say how alike two reports are, 0 to 1: 0 past the hours that ``rules`` allow between them,
        and from ``rules.score`` on likely one trouble. Symmetric."""
        apart = abs((one.at - other.at).total_seconds()) / _HOUR
        if apart > rules.hours:
            return 0.0
        mine, theirs = self.words(one.text), self.words(other.text)
        words = self._overlap(mine.matter, theirs.matter)
        place = _place(one, other, mine.spots, theirs.spots, rules.kilometres)
        if place < NOT_HERE:
            return 0.0
        if min(len(mine.matter), len(theirs.matter)) < SHORT and place < SHORT_NEEDS_PLACE:
            return 0.0
        known = one.category is not None and other.category is not None
        matter = (1.0 if one.category == other.category else OTHER_MATTER) if known else UNKNOWN_MATTER
        found = WORDS_COUNT * words + PLACE_COUNTS * place
        if words < OTHER_WORDS:
            found *= OTHER_WORDS_LEAVE + (1.0 - OTHER_WORDS_LEAVE) * words / OTHER_WORDS
        waning = 1.0 - (1.0 - AT_THE_END) * (apart / rules.hours if rules.hours else 0.0)
        return round(min(1.0, matter * found * waning), 4)

    def _overlap(self, mine: frozenset[str], theirs: frozenset[str]) -> float:
        """The share of the shorter text's weight that the other has too, half of it by the longer text's."""
        both = self._weight(mine & theirs)
        smaller, larger = sorted((self._weight(mine), self._weight(theirs)))
        if not smaller:
            return 0.0
        return 0.6 * both / smaller + 0.4 * both / larger

    def _weight(self, words: Iterable[str]) -> float:
        return sum(self._rarity.get(word, self._rarest) for word in words)

    def is_name(self, word: str) -> bool:
        """Calling this will say whether a word is part of the name of a village, district or kabupaten/kota."""
        return word in self._names


def rules_for(rules: Mapping[str, Alike], category: str | None) -> Alike:
    """Calling this will give the rules of a category: its own, or those of every other one (key "")."""
    return rules.get(category or "") or rules.get("") or Alike()


@lru_cache(maxsize=4096)
def _read(comparer: Comparer, text: str) -> Words:
    matter: set[str] = set()
    spots: set[str] = set()
    before = head = ""
    for word in (*_forms(text)[:MOST_WORDS], ""):
        named, titled = head, before in _TITLES
        before, head = word, ""
        if named and word and word not in _NO_NAME and word not in _AROUND and word not in _HEADS:
            spots.add(f"{named} {word}")
            continue
        if named and named != "jalan":  # without its name it says what, not where
            matter.add(_ONE_THING.get(named, named))
        if word in _HEADS:
            head = word
        elif comparer.is_name(word):
            spots.add(word)
        elif word not in _AROUND and not titled and len(word) > 2 and not word.isdigit():
            matter.add(_ONE_THING.get(word, word))
    return Words(frozenset(matter), frozenset(spots))


@lru_cache(maxsize=4096)
def _forms(text: str) -> tuple[str, ...]:
    return tuple(token.form for token in tokens(text))


def _rarity(texts: Iterable[str]) -> dict[str, float]:
    """Word → how much it tells: the logarithm of how seldom it is in the region's examples, at least 1."""
    counts: Counter[str] = Counter()
    total = 0
    for text in texts:
        total += 1
        counts.update({_ONE_THING.get(word, word) for word in _forms(text)})
    return {word: 1.0 + math.log((1 + total) / (1 + count)) for word, count in counts.items()}


def _place(one: Report, other: Report, mine: frozenset[str], theirs: frozenset[str], reach: float) -> float:
    """How likely two reports are of one spot, 0 to 1: by their pins where both have one, else by their areas and by the
    names of streets, schools, markets in their words. Of a place that nobody knows only such names tell."""
    if one.pin is not None and other.pin is not None:
        apart = kilometres(*one.pin, *other.pin)
        return max(0.0, 1.0 - 0.25 * apart / reach) if apart <= reach else 0.0
    unknown = one.area is None or other.area is None
    found = UNKNOWN_PLACE if unknown else _areas(one.area or "", other.area or "")
    if found == 0.0 or not (mine and theirs):
        return found
    if shared := mine & theirs:
        return found + (1.0 - found) * (0.4 + 0.6 * len(shared) / min(len(mine), len(theirs)))
    streets = any(" " in each for each in mine) and any(" " in each for each in theirs)
    return found * OTHER_SPOT_LEAVES if streets else found


def _areas(one: str, other: str) -> float:
    """By their codes: the same village, district, kabupaten/kota, or one inside the other."""
    shorter, longer = sorted((one, other), key=len)
    depth = shorter.count(".")
    if shorter == longer:
        return (0.0, 0.4, 0.6, 0.75)[min(depth, 3)]
    if longer.startswith(f"{shorter}."):
        return (0.3, 0.4, 0.6)[min(depth, 2)]
    return 0.0
