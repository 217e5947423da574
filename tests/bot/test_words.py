"""What the bot hears in the words alone: commands, greetings, thanks, language. One line of a table is one test."""

from __future__ import annotations

import pytest

from bot.words import Command, hear
from dispatch import numbers

NUMBER = "KU-7MPA-3QRW"
LETTERS = numbers.new("KU", lambda choices: [c for c in choices if c.isalpha()][3]).replace("-", "")

COMMANDS: dict[str, tuple[str, Command | None]] = {
    "status alone": ("STATUS", Command.STATUS),
    "status with a full stop": ("Status.", Command.STATUS),
    "status with a number": (f"STATUS {NUMBER}", Command.STATUS),
    "status with a number in small letters without dashes": ("status ku7mpa3qrw", Command.STATUS),
    "status with a number in pieces": ("status ku 7mpa 3qrw", Command.STATUS),
    "status with the number on the next line": (f"Status\n{NUMBER}", Command.STATUS),
    "status with a colon": (f"status: {NUMBER}", Command.STATUS),
    "status of a misspelt number": ("STATUS KU-7MPA-3QRX", Command.STATUS),
    "status of a number with a letter too few": ("STATUS KU-7MPA-3QR", Command.STATUS),
    "status of a number without its prefix": ("STATUS 7MPA-3QRW", Command.STATUS),
    "status of some other number": ("STATUS 12345", Command.STATUS),
    "status of a number without digits": ("status ku abcd efgh", Command.STATUS),
    "status of a true number in one piece without digits": (f"status {LETTERS}", Command.STATUS),
    "status of something that is no number": ("status kubangannya", None),
    "status of my report": ("status laporan saya", Command.STATUS),
    "status with the word number": (f"status laporan nomor {NUMBER}", Command.STATUS),
    "status politely": ("status laporan saya pak", Command.STATUS),
    "cek with a number": (f"cek {NUMBER}", Command.STATUS),
    "cek alone": ("CEK", Command.STATUS),
    "lacak with a number": (f"lacak {NUMBER}", Command.STATUS),
    "slash status": (f"/status {NUMBER}", Command.STATUS),
    "slash status addressed to the bot": (f"/status@aduan_bot {NUMBER}", Command.STATUS),
    "in English": (f"status report {NUMBER}", Command.STATUS),
    "a question about a road's status": ("status jalan ini apa?", None),
    "please check a road": ("Cek jalan di Juata rusak parah", None),
    "please check the water of a neighbourhood": ("cek air rt 05", None),
    "please check a card": ("cek ktp saya belum jadi", None),
    "cek with a word that begins like a number": ("cek kualitas air sungai", None),
    "status of a person": ("status kepegawaian guru honorer", None),
    "bantuan alone": ("BANTUAN", Command.HELP),
    "help with a question mark": ("help?", Command.HELP),
    "slash help": ("/help", Command.HELP),
    "slash help addressed to the bot": ("/help@aduan_bot", Command.HELP),
    "info alone": ("info", Command.HELP),
    "menu alone": ("Menu", Command.HELP),
    "info about a road is a complaint": ("info jalan rusak", None),
    "social assistance is a matter": ("bantuan sosial belum cair", None),
    "stop alone": ("STOP", Command.STOP),
    "stop with an exclamation mark": ("Stop!", Command.STOP),
    "stop in quotation marks": ('"STOP"', Command.STOP),
    "stop in bold": ("*STOP*", Command.STOP),
    "stop with blanks around": ("  stop  \n", Command.STOP),
    "berhenti": ("Berhenti.", Command.STOP),
    "unreg": ("UNREG", Command.STOP),
    "slash stop": ("/stop", Command.STOP),
    "stop the flood is a complaint": ("stop banjir di kampung kami", None),
    "stop the flood, short": ("stop banjir!", None),
    "the bus does not stop": ("bus tidak mau berhenti", None),
    "mulai alone": ("MULAI", Command.START),
    "unstop": ("unstop", Command.START),
    "work has begun is not a command": ("mulai kapan jalan diperbaiki", None),
    "start is a hello, not a command of its own": ("/start", None),
    "nothing": ("", None),
    "only signs": ("?!", None),
}


@pytest.mark.parametrize(("text", "command"), COMMANDS.values(), ids=COMMANDS)
def test_command(text: str, command: Command | None) -> None:
    assert hear(text, "KU").command is command


MEANT: dict[str, tuple[str, bool]] = {
    "status alone means the last one": ("STATUS", False),
    "status of my report means the last one": ("status laporan saya", False),
    "a number": (f"STATUS {NUMBER}", True),
    "a misspelt number": ("STATUS KU-7MPA-3QRX", True),
    "a number with the word before it": (f"cek laporan {NUMBER}", True),
    "not a status at all": ("jalan rusak", False),
}


@pytest.mark.parametrize(("text", "named"), MEANT.values(), ids=MEANT)
def test_whether_a_status_names_a_number(text: str, named: bool) -> None:
    assert hear(text, "KU").names_ticket is named


GREETINGS: dict[str, tuple[str, bool]] = {
    "halo": ("halo", True),
    "halo drawn out": ("Haloooo", True),
    "hallo with a comma": ("Hallo, min!", True),
    "P": ("P", True),
    "P P P": ("P P P", True),
    "PP": ("PP", True),
    "ping": ("ping", True),
    "tes drawn out": ("tesss", True),
    "morning": ("selamat pagi", True),
    "morning drawn out": ("pagiii kak", True),
    "to the governor": ("Selamat siang bapak gubernur", True),
    "salam": ("Assalamualaikum wr. wb.", True),
    "salam with an apostrophe": ("Assalamu'alaikum", True),
    "wants to report": ("min mau lapor", True),
    "asks whether one may ask": ("pak saya mau tanya", True),
    "only polite words": ("mohon bantu pak", True),
    "start button": ("/start", True),
    "start button with a payload": ("/start qr7", True),
    "start typed": ("Start", True),
    "hello in English": ("Hello, good morning sir", True),
    "wants to report, in English": ("hi, I want to report", True),
    "greeting and complaint": ("pagi pak jalan rusak di juata", False),
    "complaint": ("jalan rusak", False),
    "greeting and place": ("halo tarakan", False),
    "a long row of polite words": ("halo halo halo halo halo halo halo halo halo", False),
    "nothing": ("", False),
    "only signs": ("...", False),
    "only an emoji": ("👍", False),
}


@pytest.mark.parametrize(("text", "greeting"), GREETINGS.values(), ids=GREETINGS)
def test_greeting(text: str, greeting: bool) -> None:
    assert hear(text, "KU").greeting is greeting


THANKS: dict[str, tuple[str, bool]] = {
    "terima kasih": ("terima kasih", True),
    "with an exclamation mark": ("Makasih!!", True),
    "drawn out": ("makasiiih pak", True),
    "many thanks": ("terima kasih banyak pak", True),
    "for the answer": ("terima kasih atas jawabannya", True),
    "for the help": ("Terima kasih atas bantuannya pak", True),
    "for the quick response": ("terima kasih responnya cepat sekali", True),
    "for the attention": ("Terima kasih atas perhatiannya", True),
    "thanks and good night": ("makasih pak, selamat malam", True),
    "good day and thanks": ("selamat siang, terima kasih", True),
    "ok": ("ok", True),
    "oke min": ("oke min", True),
    "okeee": ("okeee", True),
    "siap": ("siap pak", True),
    "in English": ("thank you so much", True),
    "in English, for the help": ("Thanks for your help", True),
    "abbreviated": ("tks", True),
    "thanks and a polite close": ("terima kasih, mohon bantuannya", True),
    "ok and a request": ("ok, mohon bantuannya", False),
    "ok and a question": ("ok, bisa dibantu?", False),
    "alhamdulillah": ("Alhamdulillah", True),
    "thanks but": ("makasih tapi masih rusak", False),
    "thanks and a new matter": ("terima kasih, sekarang lampu jalan mati", False),
    "not good": ("tidak baik", False),
    "still waiting": ("ok tapi kapan", False),
    "greeting alone": ("selamat pagi", False),
    "polite words alone": ("mohon bantu pak", False),
    "long": ("terima kasih terima kasih terima kasih terima kasih terima kasih", False),
    "nothing": ("", False),
}


@pytest.mark.parametrize(("text", "thanks"), THANKS.values(), ids=THANKS)
def test_thanks(text: str, thanks: bool) -> None:
    assert hear(text, "KU").thanks is thanks


LANGUAGES: dict[str, tuple[str, str]] = {
    "an Indonesian complaint": ("Jalan di depan rumah kami rusak", "id"),
    "an English complaint": ("The street light near my house is broken", "en"),
    "English about a place with an Indonesian name": ("There is no water in Jalan Mulawarman since Monday", "en"),
    "Indonesian with two English words": ("street light di depan rumah saya mati", "id"),
    "Indonesian with an English greeting": ("good morning pak jalan di desa kami rusak", "id"),
    "an English greeting": ("good morning", "en"),
    "English, wants to report": ("Hello, I want to report", "en"),
    "English thanks": ("thank you", "en"),
    "a command says nothing": ("STOP", ""),
    "a status says nothing": (f"STATUS {NUMBER}", ""),
    "a greeting in any language says nothing": ("halo", ""),
    "one English word says nothing": ("help", ""),
    "a place alone says nothing": ("Tarakan", ""),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("text", "language"), LANGUAGES.values(), ids=LANGUAGES)
def test_language(text: str, language: str) -> None:
    assert hear(text, "KU").language == language


HOSTILE = {
    "a megabyte of letters": "a" * 1_000_000,
    "a megabyte of words": "halo " * 200_000,
    "a megabyte of signs": "?" * 1_000_000,
    "status and a megabyte of digits": "status " + "1" * 1_000_000,
    "slashes": "/" * 100_000,
    "underscores": "_" * 100_000 + "stop",
    "right to left and zero width": "\u202eSTOP\u200b",
    "a lone surrogate": "\ud800 jalan",
    "NUL": "\x00\x00",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_of_a_hostile_text_only_the_beginning_is_heard(text: str) -> None:
    heard = hear(text, "KU")
    assert sum(map(len, heard.words)) <= 2000
    assert not heard.thanks


@pytest.mark.parametrize("text", ["STOP", "status laporan saya", "makasih", "halo"])
def test_letter_case_means_nothing(text: str) -> None:
    assert hear(text.upper(), "KU") == hear(text.lower(), "KU") == hear(text.title(), "KU")
