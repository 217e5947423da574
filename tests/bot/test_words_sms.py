"""The grammar of an SMS: a keyword before the words, commands as people type them on a keypad. One line, one test."""

from __future__ import annotations

import pytest

from bot.words import Command, hear, meant, without_keyword

KEYWORDS = frozenset({"kaltara"})
NUMBER = "KU-7MPA-3QRW"

KEYWORD: dict[str, tuple[str, str, bool]] = {
    "as documented": ("KALTARA jalan rusak di Juata", "jalan rusak di Juata", True),
    "small letters": ("kaltara jalan rusak", "jalan rusak", True),
    "mixed letters": ("Kaltara jalan rusak", "jalan rusak", True),
    "hash": ("KALTARA#jalan rusak", "jalan rusak", True),
    "star": ("KALTARA*jalan rusak", "jalan rusak", True),
    "colon": ("KALTARA:jalan rusak", "jalan rusak", True),
    "colon and blank": ("KALTARA : jalan rusak", "jalan rusak", True),
    "hyphen": ("KALTARA-jalan rusak", "jalan rusak", True),
    "hyphen between blanks": ("KALTARA - jalan rusak", "jalan rusak", True),
    "long dash": ("KALTARA – jalan rusak", "jalan rusak", True),
    "comma": ("KALTARA, jalan rusak", "jalan rusak", True),
    "full stop": ("KALTARA.jalan rusak", "jalan rusak", True),
    "slash": ("KALTARA/jalan rusak", "jalan rusak", True),
    "line break": ("KALTARA\njalan rusak", "jalan rusak", True),
    "Windows line break": ("KALTARA\r\njalan rusak", "jalan rusak", True),
    "doubled blanks": ("KALTARA   jalan  rusak", "jalan  rusak", True),
    "tab": ("KALTARA\tjalan rusak", "jalan rusak", True),
    "hard blank": ("KALTARA\u00a0jalan rusak", "jalan rusak", True),
    "spasi typed": ("KALTARA (spasi) jalan rusak", "jalan rusak", True),
    "spasi typed without blanks": ("KALTARA(spasi)jalan rusak", "jalan rusak", True),
    "spasi typed in capitals": ("KALTARA (SPASI) jalan rusak", "jalan rusak", True),
    "spasi in angle brackets": ("KALTARA <spasi> jalan rusak", "jalan rusak", True),
    "spasi in square brackets": ("kaltara [ spasi ] jalan rusak", "jalan rusak", True),
    "hash before it": ("#KALTARA jalan rusak", "jalan rusak", True),
    "hashes around it": ("#KALTARA# jalan rusak", "jalan rusak", True),
    "stars around it": ("*KALTARA* jalan rusak", "jalan rusak", True),
    "quotation marks": ('"KALTARA" jalan rusak', "jalan rusak", True),
    "curly quotation marks": ("“KALTARA” jalan rusak", "jalan rusak", True),
    "brackets": ("(KALTARA) jalan rusak", "jalan rusak", True),
    "blanks before it": ("  KALTARA jalan rusak", "jalan rusak", True),
    "alone": ("KALTARA", "", True),
    "alone with a full stop": ("Kaltara.", "", True),
    "missing": ("jalan rusak di Juata", "jalan rusak di Juata", False),
    "later in the text": ("jalan KALTARA rusak", "jalan KALTARA rusak", False),
    "glued to the words": ("KALTARAjalan rusak", "KALTARAjalan rusak", False),
    "another region's": ("TANGKAB jalan rusak", "TANGKAB jalan rusak", False),
    "part of a longer word": ("kaltaraku indah", "kaltaraku indah", False),
    "what follows keeps its own signs": ("KALTARA #jalanrusak (parah)", "jalanrusak (parah)", True),
    "only signs": ("#*:", "#*:", False),
    "nothing": ("", "", False),
}


@pytest.mark.parametrize(("text", "rest", "there"), KEYWORD.values(), ids=KEYWORD)
def test_keyword(text: str, rest: str, there: bool) -> None:
    assert without_keyword(text, KEYWORDS) == (rest, there)


def test_without_keywords_nothing_is_left_out() -> None:
    assert without_keyword("KALTARA jalan rusak", ()) == ("KALTARA jalan rusak", False)


@pytest.mark.parametrize("text", ["(" * 200_000, "KALTARA" + "#" * 200_000, "#" * 200_000 + "KALTARA x"])
def test_a_hostile_beginning_costs_no_time(text: str) -> None:
    without_keyword(text, KEYWORDS)


COMMANDS: dict[str, tuple[str, Command | None]] = {
    "keyword alone asks for help": ("KALTARA", Command.HELP),
    "keyword alone, signs around": ("#kaltara#", Command.HELP),
    "keyword and a complaint": ("KALTARA jalan rusak", None),
    "keyword and status": (f"KALTARA STATUS {NUMBER}", Command.STATUS),
    "keyword, hash, status, hash": (f"KALTARA#STATUS#{NUMBER}", Command.STATUS),
    "keyword and stop": ("KALTARA STOP", Command.STOP),
    "keyword and help": ("KALTARA BANTUAN", Command.HELP),
    "keyword and info": ("kaltara info", Command.HELP),
    "stop and keyword": ("STOP KALTARA", Command.STOP),
    "unreg and keyword": ("UNREG KALTARA", Command.STOP),
    "stop": ("STOP", Command.STOP),
    "stop in small letters": ("stop", Command.STOP),
    "stopall": ("STOPALL", Command.STOP),
    "berhenti": ("BERHENTI", Command.STOP),
    "berhenti berlangganan": ("berhenti berlangganan", Command.STOP),
    "hentikan": ("Hentikan", Command.STOP),
    "hentikan sms": ("hentikan sms", Command.STOP),
    "stop sms politely": ("tolong stop sms pak", None),
    "stop sms": ("stop sms pak", Command.STOP),
    "unreg": ("Unreg", Command.STOP),
    "unsub": ("unsub", Command.STOP),
    "unsubscribe": ("UNSUBSCRIBE", Command.STOP),
    "keluar": ("KELUAR", Command.STOP),
    "cancel": ("CANCEL", Command.STOP),
    "end": ("END", Command.STOP),
    "quit": ("quit", Command.STOP),
    "revoke": ("REVOKE", Command.STOP),
    "optout": ("OPTOUT", Command.STOP),
    "opt out": ("opt out", Command.STOP),
    "opt-out": ("OPT-OUT", Command.STOP),
    "do not send any more": ("jangan kirim lagi", Command.STOP),
    "do not text any more": ("Jangan SMS lagi!", Command.STOP),
    "stop the flood": ("STOP BANJIR", None),
    "stop sending rubbish here": ("stop kirim sampah ke sungai kami", None),
    "going out": ("keluar rumah susah, jalan banjir", None),
    "cancelled is a matter": ("cancel pembangunan jembatan kenapa", None),
    "end of a street": ("end of our street is dark", None),
    "mulai": ("MULAI", Command.START),
    "mulai lagi": ("mulai lagi", Command.START),
    "unstop": ("UNSTOP", Command.START),
    "reg": ("REG", Command.START),
    "reg and keyword": ("REG KALTARA", Command.START),
    "resume": ("resume", Command.START),
    "aktifkan lagi": ("aktifkan lagi", Command.START),
    "aktifkan lampu is a complaint": ("aktifkan lampu jalan kami", None),
    "help": ("HELP", Command.HELP),
    "bantuan": ("Bantuan", Command.HELP),
    "info": ("INFO", Command.HELP),
    "format sms": ("format sms", Command.HELP),
    "cara lapor": ("cara lapor", Command.HELP),
    "cara melapor with a question mark": ("Cara melapor?", Command.HELP),
    "panduan": ("panduan", Command.HELP),
    "help us is no command": ("help us, the water is high", None),
    "cek": (f"CEK {NUMBER}", Command.STATUS),
    "cek with a hash": (f"CEK#{NUMBER}", Command.STATUS),
    "cek status": (f"cek status {NUMBER}", Command.STATUS),
    "status kode": (f"STATUS kode {NUMBER}", Command.STATUS),
    "status of the example in angle brackets": (f"STATUS <{NUMBER}>", Command.STATUS),
    "status with O for a character": ("STATUS KU-7MPA-3ORW", Command.STATUS),
    "status with 1 for a character": ("STATUS KU-7MPA-3Q1W", Command.STATUS),
    "status glued": ("STATUSKU7MPA3QRW", Command.STATUS),
    "cek glued": ("cekku7mpa3qrw", Command.STATUS),
    "status without the prefix, one group of letters": ("STATUS WMPA-9QRG", Command.STATUS),
    "cek and eight letters that are a word": ("cek jembatan", None),
    "cek and a street with a house number": ("cek jembatan km 7", None),
    "check": (f"check {NUMBER}", Command.STATUS),
    "a word that begins like status": ("statuskan darurat kebakaran", None),
    "status of a road": ("STATUS jalan poros bagaimana", None),
    "cek a lamp": ("cek lampu jalan mati", None),
}


@pytest.mark.parametrize(("text", "command"), COMMANDS.values(), ids=COMMANDS)
def test_command(text: str, command: Command | None) -> None:
    assert hear(text, "KU", KEYWORDS).command is command


OWN = (NUMBER, "KU-8DEF-GH24")
MEANT: dict[str, tuple[str, str | None]] = {
    "as it is": (f"STATUS {NUMBER}", NUMBER),
    "without its prefix": ("STATUS 7MPA-3QRW", NUMBER),
    "without prefix or dash": ("cek 7mpa3qrw", NUMBER),
    "O for Q": ("STATUS KU-7MPA-3ORW", NUMBER),
    "0 for Q": ("STATUS KU-7MPA-30RW", NUMBER),
    "I for a character": ("STATUS KU-7MPA-3QIW", NUMBER),
    "1 for a character": ("STATUS KU-7MPA-3Q1W", NUMBER),
    "L for a character": ("STATUS KU-LMPA-3QRW", NUMBER),
    "three misread": ("STATUS KU-1MPA-3OIW", NUMBER),
    "too much misread": ("STATUS KU-1OOA-3OIW", None),
    "another character wrong": ("STATUS KU-7MPA-3QRX", None),
    "somebody else's": ("STATUS KU-9999-9991", None),
    "too short": ("STATUS KU-7MPA-3QR", None),
    "nothing named": ("STATUS", None),
}


@pytest.mark.parametrize(("text", "number"), MEANT.values(), ids=MEANT)
def test_what_number_is_meant(text: str, number: str | None) -> None:
    assert meant(hear(text, "KU", KEYWORDS).named, "KU", OWN) == number


def test_of_two_numbers_that_fit_none_is_guessed() -> None:
    assert meant("KU7MPA3ORW", "KU", (NUMBER, "KU-7MPA-3DRW")) is None
