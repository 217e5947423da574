"""The few words the conversation must understand before anything is classified: commands, greetings, thanks, language.

They are national Indonesian (and English), not a region's: what is local lies in the region pack.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Command(StrEnum):
    """What a citizen can ask of the bot itself."""

    STATUS = "status"
    HELP = "help"
    STOP = "stop"
    START = "start"


#: First word → command. STATUS may be followed by a number; the others stand alone: "stop banjir!" is a complaint.
COMMANDS: dict[str, Command] = {
    "status": Command.STATUS,
    "cek": Command.STATUS,
    "lacak": Command.STATUS,
    "bantuan": Command.HELP,
    "help": Command.HELP,
    "info": Command.HELP,
    "menu": Command.HELP,
    "stop": Command.STOP,
    "stopall": Command.STOP,
    "berhenti": Command.STOP,
    "unsubscribe": Command.STOP,
    "unreg": Command.STOP,
    "mulai": Command.START,
    "unstop": Command.START,
}
#: Telegram's "start" button and people who type it mean "hello"; after a stop it means "resume".
HELLO_COMMANDS = frozenset({"start", "/start"})

GREETINGS = frozenset(
    """
    halo hallo helo hello hai hay hi hei hey pagi siang sore malam selamat met assalamualaikum assalamu
    alaikum asalamualaikum assalamualaikm ass askum aslm aslmkm wr wb warahmatullahi wabarakatuh
    waalaikumsalam salam shalom permisi punten misi tabe tabek om swastiastu namaste dear good morning
    afternoon evening
    """.split()
)
#: Words that surround a greeting and say nothing by themselves.
FILLERS = frozenset(
    """
    min mimin admin kak kakak bang pak bapak bpk bu ibu ibuk mas mbak gan sis bos p ping test tes tanya mau
    saya sy aku ingin izin ijin lapor melapor laporan nanya bertanya ya yth yang kepada gubernur bupati
    walikota wali kota bisa boleh apa ada tolong mohon please sir madam dong nih ini untuk utk dengan dgn di
    bantu dibantu there i want to report
    """.split()
)
THANKS = frozenset(
    """
    terima kasih terimakasih trimakasih makasih makasi mksh mks tks trims thanks thank you thx tq tengkyu
    suwun nuhun syukron ok oke okey okay okee baik sip siap mantap alhamdulillah sama noted
    """.split()
)

_ENGLISH = frozenset(
    """
    the is are was were and or not no my our your there has have had been since for from with this that please
    broken water road street light electricity when where how what who why can could would still near days
    weeks week months very dear on of in to it we they house
    """.split()
)
_INDONESIAN = frozenset(
    """
    yang dan di ke dari ini itu tidak tdk ga gak sudah sdh belum blm ada saya kami kita jalan air lampu
    listrik rumah mohon tolong pak bu sampai karena untuk dengan pada juga sangat warga desa kelurahan
    kecamatan kapan dimana mana bagaimana gimana apa kenapa sejak hari minggu bulan mati rusak sampah
    """.split()
)
_WORD = re.compile(r"[^\W_]+")
_ADDRESSED = re.compile(r"^/?(\w+)(?:@\w+)?$")
#: Longer texts are never only a greeting or thanks.
_FEW = 8


@dataclass(frozen=True, slots=True)
class Heard:
    """Calling this will hold what the words of a text are, before anybody asks what they mean."""

    words: tuple[str, ...]
    command: Command | None
    greeting: bool
    thanks: bool
    language: str


def hear(text: str) -> Heard:
    """Calling this will sort a text by its words alone, in time linear in its length (only the first 2,000 characters count)."""
    head = text[:2000].casefold()
    words = tuple(_WORD.findall(head))
    return Heard(words, _command(head, words), _is_greeting(head, words), _is_thanks(words), _language(words))


def _command(head: str, words: tuple[str, ...]) -> Command | None:
    first = _ADDRESSED.match((head.split() or [""])[0])
    command = COMMANDS.get(first[1]) if first else None
    if command is Command.STATUS:
        return command if len(words) <= _FEW else None
    alone = len(head.split()) == 1
    return command if command and alone else None


def _is_greeting(head: str, words: tuple[str, ...]) -> bool:
    if head.strip() in HELLO_COMMANDS or (head.startswith("/start") and len(words) <= 2):
        return True
    if not 0 < len(words) <= _FEW or not all(word in GREETINGS or word in FILLERS for word in words):
        return False
    return any(word in GREETINGS for word in words) or all(word in FILLERS for word in words)


def _is_thanks(words: tuple[str, ...]) -> bool:
    if not 0 < len(words) <= _FEW:
        return False
    rest = [
        word
        for word in words
        if word not in THANKS
        and word not in FILLERS
        and word not in {"banyak", "atas", "jawabannya", "infonya", "so", "much"}
    ]
    return not rest and any(word in THANKS for word in words) and not all(word in GREETINGS for word in words)


def _language(words: tuple[str, ...]) -> str:
    english = sum(word in _ENGLISH for word in words)
    indonesian = sum(word in _INDONESIAN for word in words)
    return "en" if english >= 2 and english > indonesian else "id"
