"""The rules of the conversation over plain facts: every rule with what it takes and what it leaves to the next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.conversation import (
    AFTERTHOUGHT,
    ANSWER_EXPECTS_REPLY,
    NEW_THREAD,
    OFFER_HOLDS,
    RULES,
    Action,
    Facts,
    OpenTicket,
    decide,
)
from bot.settled import Answer
from bot.words import hear
from channels.message import UNPROVEN, Address, Attachment, AttachmentKind, InboundMessage, Intake, Location
from classifier.reading import Kind

NOW = datetime(2026, 11, 4, 2, 0, tzinfo=UTC)
JOIN = timedelta(minutes=15)
GREETING = timedelta(minutes=30)
SECOND = timedelta(seconds=1)
LONG_AGO = NOW - timedelta(days=60)
PHOTO = (Attachment(AttachmentKind.IMAGE, "photo-1"),)
PIN = Location(3.3, 117.6)

LATEST = OpenTicket(
    id=1, category="jalan_rusak", area="65.71", last_citizen_at=LONG_AGO, last_staff_at=None, place_asked_at=None
)
OTHER = replace(LATEST, id=2)
BURST = replace(LATEST, last_citizen_at=NOW)
PLACELESS = replace(LATEST, area=None, place_asked_at=NOW - timedelta(hours=2))
ANSWERED = replace(LATEST, last_staff_at=NOW - timedelta(days=1))
ASKED = replace(LATEST, id=3, category=None, last_citizen_at=NOW - timedelta(hours=1))
#: What somebody knows who was answered from the service directory an hour ago.
OFFERED: dict[str, Any] = {"offered_at": NOW - timedelta(hours=1), "sure_category": None}
CHOSEN: dict[str, Any] = {"asked": ASKED, "choice": "jalan_rusak", "sure_category": None, "latest": ASKED}
RESOLVED = replace(LATEST, id=4, last_citizen_at=NOW - timedelta(days=3), ended_at=NOW - timedelta(days=1))
YES: dict[str, Any] = {"ending": RESOLVED, "ending_answer": Answer(yes=True), "ended": RESOLVED, "sure_category": None}
NO_BECAUSE: dict[str, Any] = {**YES, "ending_answer": Answer(yes=False, bare=False)}
RATED: dict[str, Any] = {"ending": RESOLVED, "ending_answer": Answer(rating=2), "sure_category": None}
RATED_AND_MORE: dict[str, Any] = {**RATED, "ending_answer": Answer(rating=2, bare=False)}
LEARNT_THANKS: dict[str, Any] = {"kind": Kind.THANKS, "kind_score": 0.95, "sure_category": None}
LEARNT_GREETING: dict[str, Any] = {"kind": Kind.GREETING, "kind_score": 0.95, "sure_category": None}

BY_STAFF = Intake(source="phone", staff=1)


def facts(text: str = "jalan rusak di Juata", **changes: Any) -> Facts:
    """A complaint by WhatsApp from somebody unknown, but for the changes; a message's own fields are passed through."""
    known = Facts.__dataclass_fields__
    fields: dict[str, Any] = {
        "channel": "whatsapp",
        "account": "ours",
        "external_id": "x",
        "sender": Address("tel", "1"),
    }
    message = InboundMessage(**{**fields, "text": text, **{k: v for k, v in changes.items() if k not in known}})
    plain = Facts(
        message=message,
        heard=hear(text, "KU"),
        now=NOW,
        threaded=None,
        latest=None,
        prompted_at=None,
        stopped=False,
        area=None,
        sure_category="jalan_rusak",
        join_window=JOIN,
        greeting_window=GREETING,
    )
    return replace(plain, **{k: v for k, v in changes.items() if k in known})


@dataclass(frozen=True)
class Case:
    """What is known, what becomes of it, and the ticket it concerns; ``rule`` is the beginning of the rule's name."""

    facts: Facts
    action: Action
    rule: str
    ticket: OpenTicket | None = None


CASES: dict[str, Case] = {
    "written down by staff": Case(facts(intake=BY_STAFF), Action.OPEN, "what staff wrote down"),
    "a command is what the citizen said": Case(facts("STOP", intake=BY_STAFF), Action.OPEN, "what staff wrote down"),
    "amid a conversation of that number": Case(
        facts("iya di sana", intake=BY_STAFF, latest=LATEST, sure_category=None), Action.OPEN, "what staff wrote down"
    ),
    # mail written by a machine
    "automatic mail": Case(facts(automatic=True, channel="mail"), Action.KEEP, "mail written by a machine"),
    "automatic mail that quotes us": Case(
        facts(automatic=True, channel="mail", threaded=OTHER), Action.KEEP, "mail written by a machine", OTHER
    ),
    "automatic message with a command": Case(facts("STOP", automatic=True), Action.KEEP, "mail written by a machine"),
    "automatic message declared new": Case(
        facts(automatic=True, thread=NEW_THREAD), Action.KEEP, "mail written by a machine"
    ),
    # edits
    "an edit with a ticket open": Case(facts(revises="m1", latest=LATEST), Action.KEEP, "an edit", LATEST),
    "an edit of what quotes us": Case(
        facts(revises="m1", latest=LATEST, threaded=OTHER), Action.KEEP, "an edit", OTHER
    ),
    "an edit without any ticket": Case(facts(revises="m1"), Action.KEEP, "an edit"),
    "an edited command": Case(facts("STOP", revises="m1"), Action.KEEP, "an edit"),
    # who is only claimed
    "status asked by a claimed sender": Case(facts("STATUS", notes=(UNPROVEN,), latest=LATEST), Action.WITHHOLD, "who"),
    "status asked by a claimed sender who answers our letter": Case(
        facts("STATUS", notes=(UNPROVEN,), threaded=OTHER, latest=LATEST), Action.STATUS, "who", OTHER
    ),
    "a stop from a claimed sender": Case(facts("STOP", notes=(UNPROVEN,)), Action.ASK_STOP, "who"),
    "a stop from a claimed sender who answers our letter": Case(
        facts("STOP", notes=(UNPROVEN,), answers_us=True), Action.STOP, "a command"
    ),
    # addresses of one person
    "a link wished by a claimed sender": Case(
        facts("HUBUNGKAN warga@contoh.id", wishes_link=True, notes=(UNPROVEN,)), Action.LINK_ELSEWHERE, "another"
    ),
    "a link wished by SMS": Case(
        facts("HUBUNGKAN warga@contoh.id", wishes_link=True, channel="sms"), Action.LINK_ELSEWHERE, "another"
    ),
    "another address to link": Case(
        facts("HUBUNGKAN warga@contoh.id", wishes_link=True), Action.LINK, "another address"
    ),
    "a code that we sent there": Case(
        facts("KODE ABCD-EFGH", types_code=True, latest=LATEST), Action.CONFIRM, "another address"
    ),
    # commands
    "status": Case(facts("STATUS KU-7MPA-3QRW"), Action.STATUS, "a command"),
    "status in a burst": Case(facts("STATUS", latest=BURST), Action.STATUS, "a command"),
    "help": Case(facts("BANTUAN"), Action.HELP, "a command"),
    "stop while a ticket is open": Case(facts("STOP", latest=BURST), Action.STOP, "a command"),
    "stop that quotes us": Case(facts("STOP", threaded=OTHER), Action.STOP, "a command"),
    "start": Case(facts("MULAI", stopped=True), Action.START, "a command"),
    "stop by mail": Case(facts("STOP", channel="mail"), Action.STOP, "a command"),
    # the yes we asked for
    "yes to what is held": Case(facts("YA", held=True, latest=LATEST), Action.KEEP, "the bare yes", LATEST),
    "yes by the template's button": Case(facts("Ya", held=True, threaded=OTHER), Action.KEEP, "the bare yes", OTHER),
    "yes to what is held, no ticket open": Case(facts("ya", held=True), Action.KEEP, "the bare yes"),
    "yes with a full stop": Case(facts("Ya.", held=True, latest=ANSWERED), Action.KEEP, "the bare yes", ANSWERED),
    "yes and more words": Case(
        facts("ya lampunya masih mati", held=True, threaded=OTHER), Action.JOIN, "what quotes us", OTHER
    ),
    "yes with a photo": Case(
        facts("ya", held=True, attachments=PHOTO, threaded=OTHER), Action.JOIN, "what quotes us", OTHER
    ),
    "yes while nothing is held": Case(facts("ya", latest=LATEST), Action.GREET, "a greeting alone"),
    "stop while something is held": Case(facts("STOP", held=True), Action.STOP, "a command"),
    # a greeting after a stop
    "start button after a stop": Case(facts("/start", stopped=True), Action.START, "a greeting after a stop"),
    "greeting after a stop, greeted just before": Case(
        facts("halo", stopped=True, prompted_at=NOW - SECOND), Action.START, "a greeting after a stop"
    ),
    "greeting after a stop, in a burst": Case(
        facts("halo", stopped=True, latest=BURST), Action.START, "a greeting after a stop"
    ),
    "complaint after a stop": Case(facts(stopped=True), Action.OPEN, "any other text"),
    # a form sent as new
    "new form": Case(facts(channel="web", thread=NEW_THREAD, latest=BURST), Action.OPEN, "a form sent as new"),
    "new form of a place name": Case(
        facts("Juata", channel="web", thread=NEW_THREAD, latest=PLACELESS), Action.OPEN, "a form sent as new"
    ),
    "new form of a greeting": Case(facts("halo", channel="web", thread=NEW_THREAD), Action.OPEN, "a form sent as new"),
    "new form without words": Case(
        facts("", channel="web", thread=NEW_THREAD, attachments=PHOTO), Action.ASK_TEXT, "a photo or a pin alone"
    ),
    # the answer whether to send it outside
    "a yes to sending": Case(facts("ya", consents=OTHER), Action.CONSENT, "the answer whether to send", OTHER),
    "a no to sending": Case(facts("tidak", consents=OTHER), Action.CONSENT, "the answer whether to send", OTHER),
    "a yes to what is held": Case(facts("ya", consents=OTHER, held=True), Action.KEEP, "the bare yes"),
    "a stop beside a question": Case(facts("STOP", consents=OTHER), Action.STOP, "a command"),
    # thanks
    "thanks after an answer": Case(facts("terima kasih", latest=ANSWERED), Action.THANK, "thanks", ANSWERED),
    "thanks that quote us": Case(facts("makasih", latest=LATEST, threaded=OTHER), Action.THANK, "thanks", OTHER),
    "thanks out of the blue": Case(facts("makasih"), Action.THANK, "thanks"),
    "thanks by mail": Case(facts("Terima kasih", channel="mail", threaded=OTHER), Action.THANK, "thanks", OTHER),
    "thanks with a photo": Case(
        facts("terima kasih", attachments=PHOTO, threaded=OTHER), Action.JOIN, "what quotes us", OTHER
    ),
    "thanks but": Case(
        facts("makasih tapi masih rusak", latest=ANSWERED, sure_category=None),
        Action.JOIN,
        "what follows an officer's answer",
        ANSWERED,
    ),
    "thanks our list does not know": Case(
        facts("sudah ditangani dengan baik, sukses selalu", latest=ANSWERED, **LEARNT_THANKS),
        Action.THANK,
        "thanks",
        ANSWERED,
    ),
    "thanks our list does not know, out of the blue": Case(
        facts("sudah ditangani dengan baik, sukses selalu", **LEARNT_THANKS), Action.THANK, "thanks"
    ),
    "thanks that are not sure": Case(
        facts("sudah ditangani dengan baik", **{**LEARNT_THANKS, "kind_score": 0.89}), Action.OPEN, "any other text"
    ),
    "thanks with what remains": Case(
        facts("sukses selalu tapi lampunya belum nyala", **LEARNT_THANKS), Action.OPEN, "any other text"
    ),
    "thanks with a question": Case(facts("sukses selalu, sudah selesai?", **LEARNT_THANKS), Action.OPEN, "any other"),
    "thanks with a matter": Case(facts("mantap jiwa raga", has_matter=True, **LEARNT_THANKS), Action.OPEN, "any other"),
    "thanks with a sure category": Case(
        facts("mantap jiwa raga", **{**LEARNT_THANKS, "sure_category": "sampah"}), Action.OPEN, "any other text"
    ),
    "learnt thanks with a photo": Case(
        facts("mantap jiwa raga", attachments=PHOTO, **LEARNT_THANKS), Action.OPEN, "any other text"
    ),
    "learnt thanks with a place": Case(
        facts("mantap jiwa raga", area="65.71", **LEARNT_THANKS), Action.OPEN, "any other text"
    ),
    "long learnt thanks": Case(
        facts("kami semua warga di sini sangat senang dan bangga sekali atas kerja bapak", **LEARNT_THANKS),
        Action.OPEN,
        "any other text",
    ),
    # what is said of the end of a report
    "it is settled": Case(facts("1", **YES), Action.SETTLE, "the answer to our newest", RESOLVED),
    "it is not, and why": Case(
        facts("belum, masih bocor", **NO_BECAUSE), Action.SETTLE, "the answer to our newest", RESOLVED
    ),
    "a number beside a matter of its own": Case(
        facts("2 lampu jalan mati", **{**NO_BECAUSE, "sure_category": "lampu_jalan"}), Action.OPEN, "any other text"
    ),
    "a rating": Case(facts("2", **RATED), Action.SETTLE, "the answer to our newest", RESOLVED),
    "a rating and why": Case(
        facts("2 karena lama", **RATED_AND_MORE), Action.SETTLE, "the answer to our newest", RESOLVED
    ),
    "a number that counts lamps": Case(
        facts("2 lampu di depan pasar mati", **RATED_AND_MORE, has_matter=True), Action.OPEN, "any other text"
    ),
    "settled, in a letter of its own": Case(facts("1", **YES, channel="mail"), Action.OPEN, "each mail"),
    "settled, in answer to our letter": Case(
        facts("1", **YES, channel="mail", threaded=RESOLVED), Action.SETTLE, "the answer to our newest", RESOLVED
    ),
    "settled, says a claimed sender": Case(
        facts("1", **YES, channel="mail", threaded=RESOLVED, notes=(UNPROVEN,)), Action.JOIN, "what quotes us", RESOLVED
    ),
    "settled, with a photo": Case(facts("1", **YES, attachments=PHOTO), Action.JOIN, "what follows the news", RESOLVED),
    "thanks for the work": Case(facts("terima kasih", ended=RESOLVED), Action.THANK, "thanks", RESOLVED),
    "a photo after the end": Case(facts("", ended=RESOLVED, attachments=PHOTO), Action.JOIN, "a photo", RESOLVED),
    "a reply to the end": Case(
        facts("di ujung gang masih gelap pak, mohon dicek lagi", ended=RESOLVED, sure_category=None),
        Action.JOIN,
        "what follows the news",
        RESOLVED,
    ),
    "another matter after the end": Case(
        facts("air keruh di Sebengkok", ended=RESOLVED, sure_category="air_bersih"), Action.OPEN, "any other text"
    ),
    "words on a ticket that is newer than the end": Case(
        facts("masih gelap", ended=RESOLVED, latest=ASKED, sure_category=None), Action.JOIN, "a few words", ASKED
    ),
    # the answer to our question which matter it is
    "a number": Case(facts("2", **CHOSEN), Action.CHOOSE, "the answer to our question which", ASKED),
    "none of these": Case(
        facts("0", **{**CHOSEN, "choice": ""}), Action.CHOOSE, "the answer to our question which", ASKED
    ),
    "a number that quotes the question": Case(
        facts("2", **CHOSEN, threaded=ASKED), Action.CHOOSE, "the answer to our question which", ASKED
    ),
    "a number after another report": Case(
        facts("2", **{**CHOSEN, "latest": BURST}), Action.CHOOSE, "the answer to our question which", ASKED
    ),
    "a number that quotes another ticket": Case(
        facts("2", **CHOSEN, threaded=OTHER), Action.JOIN, "what quotes us", OTHER
    ),
    "a number with a photo": Case(facts("2", **CHOSEN, attachments=PHOTO), Action.JOIN, "a few words", ASKED),
    "no answer to it": Case(
        facts("sudah lama sekali", **{**CHOSEN, "choice": None}), Action.JOIN, "a few words", ASKED
    ),
    "a number by a letter of its own": Case(facts("2", **CHOSEN, channel="mail"), Action.OPEN, "each mail"),
    "a number in answer to our letter": Case(
        facts("2", **CHOSEN, channel="mail", threaded=ASKED), Action.CHOOSE, "the answer to our question which", ASKED
    ),
    "a number from a claimed sender": Case(
        facts("2", **CHOSEN, channel="mail", threaded=ASKED, notes=(UNPROVEN,)), Action.JOIN, "what quotes us", ASKED
    ),
    "a number from a claimed sender who reads our letters": Case(
        facts("2", **CHOSEN, channel="mail", threaded=ASKED, notes=(UNPROVEN,), answers_us=True),
        Action.CHOOSE,
        "the answer to our question which",
        ASKED,
    ),
    "stop while we ask": Case(facts("STOP", **{**CHOSEN, "choice": None}), Action.STOP, "a command"),
    "a number by a machine": Case(facts("2", **CHOSEN, automatic=True), Action.KEEP, "mail written by a machine"),
    "an edited number": Case(facts("2", **CHOSEN, revises="m1"), Action.KEEP, "an edit", ASKED),
    "a new form of a number": Case(facts("2", **CHOSEN, thread=NEW_THREAD), Action.OPEN, "a form sent as new"),
    # the service directory
    "a question it answers": Case(
        facts("di mana bayar pajak motor", service="pajak_tahunan"), Action.ANSWER, "a question that the service"
    ),
    "a short question with a ticket open": Case(
        facts("cara bikin ktp", service="ktp_baru", sure_category=None, latest=LATEST),
        Action.ANSWER,
        "a question that the service",
    ),
    "a question that quotes us": Case(
        facts("syaratnya apa", service="ktp_baru", threaded=OTHER), Action.JOIN, "what quotes us", OTHER
    ),
    "a question in a burst": Case(
        facts("syaratnya apa", service="ktp_baru", sure_category=None, latest=BURST),
        Action.JOIN,
        "what follows within",
        BURST,
    ),
    "another whole matter in a burst": Case(
        facts("di mana saya bisa bayar pajak motor", service="pajak", sure_category="pajak_kendaraan", latest=BURST),
        Action.OPEN,
        "any other text",
    ),
    "a question after an officer's answer": Case(
        facts("syaratnya apa", service="ktp_baru", sure_category=None, latest=ANSWERED),
        Action.JOIN,
        "what follows an officer's answer",
        ANSWERED,
    ),
    "a question by mail": Case(facts("cara bikin ktp", channel="mail"), Action.OPEN, "each mail"),
    # what it answered goes on
    "LAPOR": Case(facts("LAPOR", **OFFERED), Action.ON_TO_STAFF, "a question answered from"),
    "please pass it on": Case(facts("tolong teruskan ya pak", **OFFERED), Action.ON_TO_STAFF, "a question answered"),
    "report": Case(facts("report", **OFFERED), Action.ON_TO_STAFF, "a question answered from"),
    "yes": Case(facts("ya", **OFFERED), Action.ON_TO_STAFF, "a question answered from"),
    "LAPOR though a ticket was written on since": Case(
        facts("lapor", **OFFERED, latest=BURST), Action.ON_TO_STAFF, "a question answered from"
    ),
    "yes after a ticket was written on": Case(facts("ya", **OFFERED, latest=BURST), Action.KEEP, "a greeting", BURST),
    "LAPOR at the end of three days": Case(
        facts("lapor", offered_at=NOW - OFFER_HOLDS), Action.ON_TO_STAFF, "a question answered from"
    ),
    "LAPOR a second later": Case(
        facts("lapor", offered_at=NOW - OFFER_HOLDS - SECOND), Action.GREET, "a greeting alone"
    ),
    "LAPOR while nothing was answered": Case(facts("lapor"), Action.GREET, "a greeting alone"),
    "LAPOR with a matter": Case(
        facts("lapor jalan rusak di Juata", **{**OFFERED, "sure_category": "jalan_rusak"}),
        Action.OPEN,
        "any other text",
    ),
    "LAPOR that quotes a ticket": Case(facts("lapor", **OFFERED, threaded=OTHER), Action.JOIN, "what quotes us", OTHER),
    "yes to what is held after an answer": Case(facts("ya", **OFFERED, held=True), Action.KEEP, "the bare yes"),
    # what it did not settle
    "not that": Case(facts("bukan itu maksud saya pak", **OFFERED), Action.ON_TO_STAFF, "what such an answer"),
    "not clear": Case(facts("kurang jelas", **OFFERED), Action.ON_TO_STAFF, "what such an answer"),
    "not that, after a ticket was written on": Case(
        facts("bukan itu maksud saya pak", **OFFERED, latest=BURST), Action.JOIN, "what follows within", BURST
    ),
    "what follows the answer at once": Case(
        facts("motor saya pelat luar daerah", **{**OFFERED, "offered_at": NOW - JOIN}),
        Action.ON_TO_STAFF,
        "what such an answer",
    ),
    "what follows a second later": Case(
        facts("motor saya pelat luar daerah", **{**OFFERED, "offered_at": NOW - JOIN - SECOND}),
        Action.OPEN,
        "any other text",
    ),
    "another matter after the answer": Case(
        facts("jalan rusak di Juata", **{**OFFERED, "offered_at": NOW, "sure_category": "jalan_rusak"}),
        Action.OPEN,
        "any other text",
    ),
    "another question after the answer": Case(
        facts("kalau SIM hilang bagaimana", **OFFERED, service="sim_hilang"),
        Action.ANSWER,
        "a question that the service",
    ),
    "thanks after the answer": Case(facts("oke makasih", **OFFERED), Action.THANK, "thanks"),
    # what quotes us
    "a text that quotes us": Case(facts(threaded=OTHER, latest=BURST), Action.JOIN, "what quotes us", OTHER),
    "a text about something else that quotes us": Case(
        facts(threaded=OTHER, sure_category="sampah"), Action.JOIN, "what quotes us", OTHER
    ),
    "a photo that quotes us": Case(
        facts("", attachments=PHOTO, threaded=OTHER, latest=LATEST), Action.JOIN, "what quotes us", OTHER
    ),
    "mail that quotes us": Case(facts(channel="mail", threaded=OTHER), Action.JOIN, "what quotes us", OTHER),
    "a greeting that quotes us": Case(facts("halo", threaded=OTHER), Action.JOIN, "what quotes us", OTHER),
    # without words
    "a photo, ticket long open": Case(
        facts("", attachments=PHOTO, latest=LATEST), Action.JOIN, "a photo or a pin alone", LATEST
    ),
    "a pin, ticket long open": Case(
        facts("", location=PIN, area="65.71", latest=PLACELESS), Action.JOIN, "a photo or a pin alone", PLACELESS
    ),
    "a poll without a ticket": Case(facts("", notes=("unsupported:poll",)), Action.UNREADABLE, "a poll, a game"),
    "a poll on an open ticket": Case(
        facts("", notes=("unsupported:poll",), latest=LATEST), Action.UNREADABLE, "a poll, a game", LATEST
    ),
    "a poll in reply to us": Case(
        facts("", notes=("unsupported:poll",), latest=LATEST, threaded=OTHER),
        Action.UNREADABLE,
        "a poll, a game",
        OTHER,
    ),
    "a photo beside what we cannot read": Case(
        facts("", attachments=PHOTO, notes=("unsupported:poll",)), Action.ASK_TEXT, "a photo or a pin alone"
    ),
    "a photo without a ticket": Case(facts("", attachments=PHOTO), Action.ASK_TEXT, "a photo or a pin alone"),
    "the second photo of an album": Case(
        facts("", attachments=PHOTO, prompted_at=NOW), Action.KEEP, "a photo or a pin alone"
    ),
    "a photo at the end of the greeting window": Case(
        facts("", attachments=PHOTO, prompted_at=NOW - GREETING), Action.KEEP, "a photo or a pin alone"
    ),
    "a photo a second after the greeting window": Case(
        facts("", attachments=PHOTO, prompted_at=NOW - GREETING - SECOND), Action.ASK_TEXT, "a photo or a pin alone"
    ),
    "an emoji without a ticket": Case(facts("👍"), Action.ASK_TEXT, "a photo or a pin alone"),
    "an emoji after an answer": Case(facts("🙏", latest=ANSWERED), Action.JOIN, "a photo or a pin alone", ANSWERED),
    "mail of a photo alone": Case(
        facts("", attachments=PHOTO, channel="mail", latest=LATEST), Action.JOIN, "a photo or a pin alone", LATEST
    ),
    # greetings
    "a first greeting": Case(facts("halo"), Action.GREET, "a greeting alone"),
    "a greeting at the end of the window": Case(
        facts("halo", prompted_at=NOW - GREETING), Action.KEEP, "a greeting alone"
    ),
    "a greeting a second after the window": Case(
        facts("halo", prompted_at=NOW - GREETING - SECOND), Action.GREET, "a greeting alone"
    ),
    "a greeting in a burst": Case(facts("P", latest=BURST), Action.KEEP, "a greeting alone", BURST),
    "a greeting, ticket long open": Case(facts("halo", latest=LATEST), Action.GREET, "a greeting alone"),
    "a greeting with a photo": Case(facts("halo", attachments=PHOTO), Action.OPEN, "any other text"),
    "a greeting our list does not know": Case(
        facts("salam sejahtera bagi kita semua", **LEARNT_GREETING), Action.GREET, "a greeting alone"
    ),
    "a greeting our list does not know, ticket open": Case(
        facts("salam sejahtera bagi kita semua", **LEARNT_GREETING, latest=LATEST), Action.OPEN, "any other text"
    ),
    "a greeting by mail": Case(facts("Selamat pagi", channel="mail"), Action.GREET, "a greeting alone"),
    # letters
    "a mail in a burst": Case(facts(channel="mail", latest=BURST), Action.OPEN, "each mail"),
    "a short mail after a question about the place": Case(
        facts("Juata", channel="mail", latest=PLACELESS, area="65.71.04"), Action.OPEN, "each mail"
    ),
    "the same by WhatsApp is no letter": Case(facts(latest=BURST), Action.JOIN, "what follows within", BURST),
    # the window
    "a text at the end of the join window": Case(
        facts(latest=replace(LATEST, last_citizen_at=NOW - JOIN)),
        Action.JOIN,
        "what follows within",
        replace(LATEST, last_citizen_at=NOW - JOIN),
    ),
    "a text a second after the join window": Case(
        facts(latest=replace(LATEST, last_citizen_at=NOW - JOIN - SECOND)), Action.OPEN, "any other text"
    ),
    "another matter within the window": Case(
        facts(latest=BURST, sure_category="sampah"), Action.JOIN, "what follows within", BURST
    ),
    # the place
    "the place asked for": Case(
        facts("di Juata Laut", latest=PLACELESS, area="65.71.04.1001", sure_category=None),
        Action.JOIN,
        "the answer to our question",
        PLACELESS,
    ),
    "a place nobody knows": Case(
        facts("dekat warung bu ani", latest=PLACELESS, sure_category=None),
        Action.JOIN,
        "the answer to our question",
        PLACELESS,
    ),
    "the same matter with its place": Case(
        facts("jalan rusak di Juata Laut", latest=PLACELESS, area="65.71.04.1001"),
        Action.JOIN,
        "the answer to our question",
        PLACELESS,
    ),
    "another matter with a place": Case(
        facts("sampah menumpuk di Juata Laut", latest=PLACELESS, area="65.71.04.1001", sure_category="sampah"),
        Action.OPEN,
        "any other text",
    ),
    "surely another matter without a place": Case(
        facts("sampah menumpuk sejak minggu lalu", latest=PLACELESS, sure_category="sampah"),
        Action.OPEN,
        "any other text",
    ),
    "a place answered at the end of two weeks": Case(
        facts(
            "di Juata", latest=replace(PLACELESS, place_asked_at=NOW - AFTERTHOUGHT), area="65.71", sure_category=None
        ),
        Action.JOIN,
        "the answer to our question",
        replace(PLACELESS, place_asked_at=NOW - AFTERTHOUGHT),
    ),
    "a place a second later": Case(
        facts(
            "di Juata",
            latest=replace(PLACELESS, place_asked_at=NOW - AFTERTHOUGHT - SECOND),
            area="65.71",
            sure_category=None,
        ),
        Action.OPEN,
        "any other text",
    ),
    "a place of eight words": Case(
        facts("di depan masjid raya dekat pasar Juata Laut", latest=PLACELESS, area="65.71", sure_category=None),
        Action.JOIN,
        "the answer to our question",
        PLACELESS,
    ),
    "nine words are more than a place": Case(
        facts("di depan masjid raya dekat pasar lama Juata Laut", latest=PLACELESS, area="65.71", sure_category=None),
        Action.OPEN,
        "any other text",
    ),
    "a place nobody asked for": Case(
        facts(
            "di depan masjid raya dekat pasar Juata", latest=replace(PLACELESS, place_asked_at=None), sure_category=None
        ),
        Action.OPEN,
        "any other text",
    ),
    "a place though it is known": Case(
        facts("di depan masjid raya Juata", latest=replace(PLACELESS, area="65.71"), sure_category=None),
        Action.OPEN,
        "any other text",
    ),
    # after an officer's answer
    "a reply to the answer": Case(
        facts("belum ada yang datang sampai hari ini pak", latest=ANSWERED, sure_category=None),
        Action.JOIN,
        "what follows an officer's answer",
        ANSWERED,
    ),
    "a reply about the same": Case(
        facts("jalan itu masih rusak", latest=ANSWERED), Action.JOIN, "what follows an officer's answer", ANSWERED
    ),
    "a reply surely about something else": Case(
        facts("sampah menumpuk di pasar", latest=ANSWERED, sure_category="sampah"), Action.OPEN, "any other text"
    ),
    "a reply at the end of a week": Case(
        facts(latest=replace(ANSWERED, last_staff_at=NOW - ANSWER_EXPECTS_REPLY)),
        Action.JOIN,
        "what follows an officer's answer",
        replace(ANSWERED, last_staff_at=NOW - ANSWER_EXPECTS_REPLY),
    ),
    "a reply a second after a week": Case(
        facts(latest=replace(ANSWERED, last_staff_at=NOW - ANSWER_EXPECTS_REPLY - SECOND)),
        Action.OPEN,
        "any other text",
    ),
    "a second reply to one answer": Case(
        facts(
            "belum ada yang datang sampai hari ini",
            latest=replace(ANSWERED, last_staff_at=NOW - timedelta(days=2), last_citizen_at=NOW - timedelta(days=1)),
            sure_category=None,
        ),
        Action.OPEN,
        "any other text",
    ),
    # afterthoughts
    "a few words": Case(
        facts("masih belum juga", latest=replace(LATEST, last_citizen_at=NOW - AFTERTHOUGHT), sure_category=None),
        Action.JOIN,
        "a few words",
        replace(LATEST, last_citizen_at=NOW - AFTERTHOUGHT),
    ),
    "a few words a second after two weeks": Case(
        facts(
            "masih belum juga", latest=replace(LATEST, last_citizen_at=NOW - AFTERTHOUGHT - SECOND), sure_category=None
        ),
        Action.OPEN,
        "any other text",
    ),
    "four words": Case(
        facts("masih belum juga pak", latest=replace(LATEST, last_citizen_at=NOW - JOIN - SECOND), sure_category=None),
        Action.JOIN,
        "a few words",
        replace(LATEST, last_citizen_at=NOW - JOIN - SECOND),
    ),
    "five words": Case(
        facts(
            "masih belum juga ya pak", latest=replace(LATEST, last_citizen_at=NOW - JOIN - SECOND), sure_category=None
        ),
        Action.OPEN,
        "any other text",
    ),
    "a few words with a matter": Case(
        facts(
            "lampu jalan mati", latest=replace(LATEST, last_citizen_at=NOW - JOIN - SECOND), sure_category="lampu_jalan"
        ),
        Action.OPEN,
        "any other text",
    ),
    "a few words without any ticket": Case(
        facts("masih belum juga", sure_category=None), Action.OPEN, "any other text"
    ),
    # the rest
    "a complaint": Case(facts(), Action.OPEN, "any other text"),
    "a complaint nobody is sure of": Case(facts("xyz qwerty", sure_category=None), Action.OPEN, "any other text"),
    "a complaint with a command inside": Case(facts("stop banjir di kampung kami"), Action.OPEN, "any other text"),
    "a question about a road's status": Case(facts("status jalan ini apa?"), Action.OPEN, "any other text"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_rule(case: Case) -> None:
    decision = decide(case.facts)
    assert (decision.action, decision.ticket) == (case.action, case.ticket)
    assert decision.rule.startswith(case.rule)


@pytest.mark.parametrize("name", [name for name, _ in RULES])
def test_every_rule_has_two_cases_or_more(name: str) -> None:
    assert sum(name.startswith(case.rule) for case in CASES.values()) >= 2


def test_a_rule_that_joins_always_names_a_ticket() -> None:
    decisions = [decide(case.facts) for case in CASES.values()]
    assert all(decision.ticket for decision in decisions if decision.action is Action.JOIN)
