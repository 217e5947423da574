"""The few words the conversation must understand before anything is classified: commands, greetings, thanks, language.

They are national Indonesian (and English), not a region's: what is local lies in the region pack.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dispatch import numbers


class Command(StrEnum):
    """What a citizen can ask of the bot itself."""

    STATUS = "status"
    HELP = "help"
    STOP = "stop"
    START = "start"


#: First word → command. STATUS may be followed by a number; the others stand alone or with words that say nothing more
#: (``BESIDE``): "stop banjir!" is a complaint.
COMMANDS: dict[str, Command] = {
    "status": Command.STATUS,
    "cek": Command.STATUS,
    "lacak": Command.STATUS,
    "check": Command.STATUS,
    "track": Command.STATUS,
    "bantuan": Command.HELP,
    "help": Command.HELP,
    "info": Command.HELP,
    "menu": Command.HELP,
    "panduan": Command.HELP,
    "petunjuk": Command.HELP,
    "format": Command.HELP,
    "stop": Command.STOP,
    "stopall": Command.STOP,
    "berhenti": Command.STOP,
    "unsubscribe": Command.STOP,
    "unreg": Command.STOP,
    "unsub": Command.STOP,
    "hentikan": Command.STOP,
    "keluar": Command.STOP,
    "cancel": Command.STOP,
    "end": Command.STOP,
    "quit": Command.STOP,
    "revoke": Command.STOP,
    "optout": Command.STOP,
    "mulai": Command.START,
    "unstop": Command.START,
    "reg": Command.START,
    "resume": Command.START,
    "aktifkan": Command.START,
}
#: The whole of a message → command, where its first word says too little.
SAID: dict[str, Command] = {
    "opt out": Command.STOP,
    "jangan kirim lagi": Command.STOP,
    "jangan sms lagi": Command.STOP,
    "jangan kirim sms lagi": Command.STOP,
    "jangan kirim pesan lagi": Command.STOP,
    "jangan hubungi saya lagi": Command.STOP,
    "do not text me": Command.STOP,
    "opt in": Command.START,
    "start again": Command.START,
    "cara lapor": Command.HELP,
    "cara melapor": Command.HELP,
    "bagaimana cara melapor": Command.HELP,
    "gimana cara lapor": Command.HELP,
    "cara pakai": Command.HELP,
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
#: Whom one speaks to.
ADDRESSED = frozenset(
    """
    min mimin admin kak kakak bang pak bapak bpk bu ibu ibuk mas mbak gan sis bos yth gubernur bupati walikota
    sir madam ya nih dong
    """.split()
)
#: Words that surround a greeting and say nothing by themselves.
FILLERS = ADDRESSED | frozenset(
    """
    p ping test tes tanya mau saya sy aku ingin izin ijin lapor melapor laporan nanya bertanya yang kepada wali
    kota bisa boleh apa ada tolong mohon please ini untuk utk dengan dgn di bantu dibantu there i want to report
    """.split()
)
THANKS = frozenset(
    """
    terima kasih terimakasih trimakasih makasih makasi mksh mks tks trims thanks thank you thx tq tengkyu
    suwun nuhun syukron
    """.split()
)
#: "Seen": no thanks, but nothing to answer either.
SEEN = frozenset("ok oke okey okay baik sip siap mantap alhamdulillah sama noted".split())
#: What thanks are for, and how much.
THANKED_FOR = frozenset(
    """
    banyak atas sekali jawaban jawabannya bantuan bantuannya info infonya informasi informasinya respon responnya
    respons responsnya tanggapan tanggapannya perhatian perhatiannya penjelasan penjelasannya kerjasama kerjasamanya
    cepat cepatnya sudah dijawab dibantu so very much for your the help answer reply response quick
    """.split()
)
#: Words around a STATUS that are not the number.
ASKED_POLITELY = FILLERS | frozenset(
    """
    laporannya aduan pengaduan tiket nomor nomer no kode code report ticket number my the of is status cek check lacak
    """.split()
)
#: Words beside a command that say nothing more than the command alone.
BESIDE: dict[Command, frozenset[str]] = {
    Command.STOP: frozenset(
        """
        sms pesan langganan berlangganan notifikasi layanan all semua kirim mengirim pak bu min ya dong please tolong
        messages message texts text
        """.split()
    ),
    Command.START: frozenset("sms pesan langganan berlangganan lagi kembali terima menerima again pak bu min".split()),
    Command.HELP: frozenset("sms cara lapor melapor pakai layanan menu format min please dong".split()),
}

_ENGLISH = frozenset(
    """
    the is are was were and or not no my our your there has have had been since for from with this that please
    broken water road street light electricity when where how what who why can could would still near days
    weeks week months very dear on of in to it we they house thank thanks you
    """.split()
)
#: They tell a language only where nothing else is said: many an Indonesian complaint begins with "good morning".
_ENGLISH_GREETING = frozenset("hello good morning afternoon evening sir madam i want report".split())
_INDONESIAN = frozenset(
    """
    yang dan di ke dari ini itu tidak tdk ga gak sudah sdh belum blm ada saya kami kita jalan air lampu
    listrik rumah mohon tolong pak bu sampai karena untuk dengan pada juga sangat warga desa kelurahan
    kecamatan kapan dimana mana bagaimana gimana apa kenapa sejak hari minggu bulan mati rusak sampah
    """.split()
)
_WORD = re.compile(r"[^\W_]+")
#: The first word, as "STOP!", "*stop*" or "/stop@bot" too, and what follows it.
_FIRST = re.compile(r"[\W_]*([^\W_]+)(?:@\w+)?(.*)", re.DOTALL)
_DRAWN_OUT = re.compile(r"(.)\1+")
#: The first word of an SMS, what people put around it, and between it and the rest: "KALTARA#", "kaltara (spasi) ...".
_KEYWORD = re.compile(
    r"[\s\"'“”‘’*#(\[<_-]*([^\W_]+)((?:[\s\"'“”‘’#*:;.,/\\=_|>)\]–—-]|[(<\[]\s{0,3}spasi\s{0,3}[)>\]])*)", re.IGNORECASE
)
#: A status word and a number with nothing between them.
_GLUED = re.compile(r"(status|cek)([^\W_]{8,12})")
#: Characters no number has, and that people write for others or hear instead of them.
_MISREAD = frozenset("0O1IL")
_NUMBER_BODY = 8
#: So many characters must be certain before one misread is guessed.
_LEAST_CERTAIN = 5
#: Longer texts are never only a greeting or thanks.
_FEW = 8
#: So many characters tell what a text is; more would only cost time.
HEARD = 2000
#: A number with its prefix, one character too few or two too many.
_NUMBER_LENGTHS = range(9, 13)


#: What passes a question on that was answered from the service directory; "ya" alone as well.
PASS_ON = frozenset(
    "lapor laporkan dilaporkan melapor laporan teruskan diteruskan terusin terus lanjutkan report forward".split()
)
YES = frozenset("ya y iya iyaa yaa yes".split())
#: What people answer to "reply YA": the word, and how it is typed.
AGREEMENT = frozenset({"ya", "y", "iya", "yaa", "iyaa", "ok", "oke", "okey", "okay", "yes", "baik", "boleh", "siap"})
#: With what somebody says that such an answer did not help: said at the beginning.
UNHELPED = tuple(
    tuple(start.split())
    for start in (
        "bukan itu", "bukan begitu", "bukan gitu", "bukan yang itu", "bukan ini", "salah", "tidak jelas", "tdk jelas",
        "gak jelas", "ga jelas", "nggak jelas", "kurang jelas", "belum jelas", "tidak membantu", "tdk membantu",
        "gak membantu", "tidak sesuai", "masih bingung", "masih belum jelas", "saya tidak paham", "tidak paham",
        "saya mau lapor", "sy mau lapor", "mau lapor", "saya ingin lapor", "saya ingin melapor", "saya mau melapor",
        "maksud saya", "maksudnya", "not that", "that is not", "not clear", "unclear", "wrong", "i want to report",
        "i meant",
    )
)  # fmt: skip
#: What is left to do or to ask for: no thanks and no greeting, however polite.
REMAINING = frozenset(
    """
    tapi tp tetapi namun cuma hanya belum blm belom masih tolong mohon kapan kenapa mengapa kok sampai lagi rusak mati
    tidak tdk gak ga nggak enggak ndak jangan bisakah apakah but still not yet please when why
    """.split()
)


@dataclass(frozen=True, slots=True)
class Heard:
    """Calling this will hold what the words of a text are, before anybody asks what they mean.

    ``names_ticket`` is true for a STATUS with something that looks like a number, right or misspelt. ``language`` is
    empty when the words do not tell. ``named`` is what a STATUS names, in one piece.
    """

    words: tuple[str, ...]
    command: Command | None
    names_ticket: bool
    greeting: bool
    thanks: bool
    language: str
    named: str = ""


def without_keyword(text: str, keywords: Collection[str]) -> tuple[str, bool]:
    """Calling this will leave out the keyword (of ``keywords``, in small letters) before an SMS to a shared number,
    with what stands between it and the rest; True when there was one. Anything else stays as it is."""
    first = _KEYWORD.match(text) if keywords else None
    if first is None or first[1].casefold() not in keywords or (not first[2] and first.end() < len(text)):
        return text, False
    return text[first.end() :], True


def meant(named: str, prefix: str, own: Sequence[str]) -> str | None:
    """Calling this will find the one number of the citizen's ``own`` that ``named`` can only mean: without its prefix,
    or with 0, O, 1, I or L, which no number has, in place of another character. None when several or none fit."""
    solid = named.upper()
    body = solid.removeprefix(prefix) if len(solid) > _NUMBER_BODY else solid
    if len(body) != _NUMBER_BODY or sum(char not in _MISREAD for char in body) < _LEAST_CERTAIN:
        return None
    pattern = re.compile("".join("." if char in _MISREAD else re.escape(char) for char in body))
    fitting = [number for number in own if pattern.fullmatch(number.replace("-", "").removeprefix(prefix))]
    return fitting[0] if len(fitting) == 1 else None


def hear(text: str, prefix: str, keywords: Collection[str] = ()) -> Heard:
    """Calling this will sort a text by its words alone, in time linear in its length (only the first 2,000 characters
    count). ``prefix`` is the one of the region's ticket numbers; one of ``keywords`` before the words is not heard, and
    alone it asks for help."""
    text, keyed = without_keyword(text, keywords)
    first = _WORD.search(text)  # a line of dashes before the words is not what the citizen says
    start = first.start() if first and first.start() >= HEARD else 0
    head = text[start : start + HEARD].casefold()
    words = tuple(_WORD.findall(head))
    greeting = _is_greeting(head, words)
    command, named, names_ticket = _command(head, words, prefix, frozenset(keywords))
    if keyed and not words:
        command = Command.HELP
    return Heard(words, command, names_ticket, greeting, _is_thanks(words), _language(words, greeting), named)


def passes_on(words: Sequence[str]) -> bool:
    """Calling this will say whether words ask for nothing but that a question goes on to staff: "lapor", "tolong
    teruskan ya"."""
    said = frozenset(words)
    return bool(said & PASS_ON) and said <= PASS_ON | FILLERS and len(words) <= _FEW


def unhelped(words: Sequence[str]) -> bool:
    """Calling this will say whether words begin by telling that an answer did not help: "bukan itu"."""
    return any(tuple(words[: len(start)]) == start for start in UNHELPED)


def _command(
    head: str, words: tuple[str, ...], prefix: str, keywords: frozenset[str]
) -> tuple[Command | None, str, bool]:
    """The command, what a STATUS names in one piece, and whether that is a number, right or misspelt."""
    if said := SAID.get(" ".join(words[:_FEW])):
        return said, "", False
    first = _FIRST.match(head)
    if first and (glued := _GLUED.fullmatch(first[1])) and _looks_like_number([glued[2]], prefix):
        return Command.STATUS, glued[2], True
    command = COMMANDS.get(first[1]) if first else None
    if first is None or command is None:
        return None, "", False
    rest = _WORD.findall(first[2])
    if command is Command.STATUS:
        rest = [word for word in rest if word not in ASKED_POLITELY]
        named = _looks_like_number(rest, prefix)
        return (command, "".join(rest)[: _FEW * 4], named) if named or not rest else (None, "", False)
    return (command if set(rest) <= BESIDE[command] | keywords else None), "", False


def _looks_like_number(words: list[str], prefix: str) -> bool:
    """A misspelt number is one too; "cek air rt 05" and "cek kualitas air" are complaints."""
    solid = "".join(words)
    if not words or len(solid) > 100:
        return False
    if all(any(char.isdigit() for char in word) for word in words) or numbers.parse(prefix, solid):
        return True
    if any(char.isdigit() for char in solid) and numbers.parse(prefix, f"{prefix}{solid}"):
        return True
    prefix = prefix.casefold()
    if not solid.startswith(prefix) or len(solid) not in _NUMBER_LENGTHS:
        return False
    return words[0] == prefix or any(char.isdigit() for char in solid)


def _is_greeting(head: str, words: tuple[str, ...]) -> bool:
    if head.strip() in HELLO_COMMANDS or (head.startswith("/start") and len(words) <= 2):
        return True
    return 0 < len(words) <= _FEW and all(_among(word, GREETINGS) or _among(word, FILLERS) for word in words)


def _is_thanks(words: tuple[str, ...]) -> bool:
    """ "Ok, mohon bantuannya" asks for something; "terima kasih, mohon bantuannya" only closes politely."""
    if not 0 < len(words) <= _FEW:
        return False
    courtesy = THANKS | SEEN | ADDRESSED | GREETINGS
    if any(_among(word, THANKS) for word in words):
        courtesy |= THANKED_FOR | FILLERS
    elif not any(_among(word, SEEN) for word in words):
        return False
    return all(_among(word, courtesy) for word in words)


def _among(word: str, known: frozenset[str]) -> bool:
    """Whether a word is known as it is or drawn out: "haloooo", "makasiiih"."""
    return word in known or _DRAWN_OUT.sub(r"\1", word) in known


def _language(words: tuple[str, ...], greeting: bool) -> str:
    telling = _ENGLISH | _ENGLISH_GREETING if greeting else _ENGLISH
    english = sum(word in telling for word in words)
    indonesian = sum(word in _INDONESIAN for word in words)
    if english >= 2 and english > indonesian:
        return "en"
    return "id" if indonesian else ""
