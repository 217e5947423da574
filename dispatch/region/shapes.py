"""The form of every file of a pack. The readers and the published JSON Schema both follow these tables."""

from __future__ import annotations

from dispatch.region.forms import (
    AGENCY_LEVELS,
    ANSWERED_ON,
    COUNTS,
    DAYS,
    EVIDENCE,
    INTERVAL,
    KEYWORD,
    KINDS,
    LINK,
    PHONE,
    PLACE_LEVELS,
    POSITIONS,
    PREFIX,
    SCOPES,
    STAGES,
    Field,
    Form,
    Group,
    Keyed,
    Many,
    Shape,
    Words,
)

#: Fewer ways to ask leave most people unanswered; more belong to two services.
FEWEST_QUESTIONS, MOST_QUESTIONS = 6, 15
_MOST_RUPIAH = 999_999_999

HEAD: Form = {
    "code": Field("code", "the name of the pack's folder"),
    "name": Field("text", "the region's full name"),
    "short": Field("text", "its short name"),
    "prefix": Field(
        "matching",
        "how ticket numbers begin",
        pattern=PREFIX,
        like="two or three capital letters without I, L and O",
    ),
    "area": Field("area", "its Kemendagri code"),
    "timezone": Field("text", "IANA name of its time zone"),
    "timezone_label": Field("text", "what people call that zone"),
    "version": Field("text", "raise it with every change that is put in place"),
    "emergency_number": Field("text", "called when life is in danger"),
    "desk": Field("text", "the agency that has what no rule places"),
    "inspectorate": Field("text", "the agency that has complaints about the conduct of officials"),
    "join_window_minutes": Field("whole", "within which a citizen's messages are one report", high=1440),
    "greeting_window_minutes": Field("whole", "within which a greeting is not answered twice", high=1440),
    "privacy_contact": Field("text", "who answers about personal data", needed=False, blank=True),
    "sure_precision": Field(
        "number", "how often the classifier must be right to decide alone", False, otherwise=0.9, low=0.5, high=1
    ),
    "everyday_names": Many(Field("text"), "names of places that are ordinary words too", needed=False),
    "sms_keywords": Many(
        Field("matching", pattern=KEYWORD, like="a keyword: 3 to 20 letters and digits"),
        "what is written before an SMS to a shared number",
        needed=False,
    ),
    "foreign_names_allowed": Many(
        Field("text"), "names of other regions that texts of this pack rightly use", needed=False
    ),
}

AGENCY: Form = {
    "code": Field("code", "stays for ever: tickets carry it"),
    "function": Field("code", "the work it does; one agency does it in each area"),
    "name": Field("text"),
    "short": Field("text", "for SMS and lists"),
    "level": Field("word", "whose it is; external: outside local government", words=AGENCY_LEVELS),
    "area": Field("area", "its jurisdiction"),
    "calendar": Field("text", "its working hours: a calendar of calendars.yaml"),
    "phone": Field("matching", "", blank=True, pattern=PHONE, like="a telephone number"),
    "email": Field("text", blank=True),
    "website": Field("text", blank=True),
    "joined": Field("flag", "no: its jurisdiction does not work in the system yet"),
    "supervisor": Field("code", "the agency that watches over it", needed=False, blank=True),
    "owns": Field("split", "owners (codes, by ;) whose assets it looks after", False, True, otherwise=()),
}

CATEGORY: Form = {
    "code": Field("code", "stays for ever: tickets carry it"),
    "name": Field("text"),
    "name_en": Field("text"),
    "function": Field("code", "the work of the agency that answers"),
    "level": Field("word", "where it is answered", words=ANSWERED_ON),
    "kind": Field("word", "the law's kind of report", words=KINDS),
    "supervision": Field("flag", "about the conduct of officials"),
    "needs_place": Field("flag", "the citizen is asked where"),
    "description": Field("text", "the border to its neighbours", blank=True),
    "evidence": Field(
        "word", "what must be there before it may be called done", False, True, otherwise="answer", words=EVIDENCE
    ),
}

PLACE: Form = {
    "code": Field("area", "Kemendagri code"),
    "level": Field("word", words=PLACE_LEVELS),
    "name": Field("text"),
    "aliases": Field("split", "other spellings, by ;", blank=True, otherwise=()),
    "lat": Field("number", "latitude of its middle in degrees", low=-90, high=90),
    "lng": Field("number", "longitude of its middle in degrees", low=-180, high=180),
}

LANDMARK: Form = {
    "name": Field("text"),
    "aliases": Field("split", "other names, by ;", blank=True, otherwise=()),
    "area": Field("area", "where it lies"),
}

CLOCK: Form = {
    "id": Field("code"),
    "kind": Field("word", words=(*KINDS, "any")),
    "supervision": Field("word", words=("yes", "no", "any")),
    "stage": Field("word", words=STAGES),
    "days": Field("whole", low=1, high=3650),
    "counts": Field("word", words=COUNTS),
    "since": Field("day", "first day in force"),
    "until": Field("day", "last day in force", blank=True, otherwise=None),
    "regulation": Field("text"),
}

_INTERVALS = Many(Field("matching", pattern=INTERVAL, like="an interval such as 08:00-12:00"))
_HOLIDAYS = Many(Group({"date": Field("day"), "name": Field("text"), "source": Field("text", "the decree")}))
CALENDAR: Form = {
    **dict.fromkeys(DAYS, _INTERVALS),
    "observes_holidays": Field("flag", "no: works on holidays too", needed=False, otherwise=True),
}
HOLIDAYS: Form = {
    "national": Field("text", "country code of the national holidays"),
    "regional": _HOLIDAYS,
    "joint_leave": _HOLIDAYS,
}

BUDGET: Form = {
    name: Field("whole", needed=False, otherwise=None, high=_MOST_RUPIAH)
    for name in ("messages", "rupiah", "hard_messages", "hard_rupiah")
}
DELIVERY: Form = {
    "failover": Many(Field("text"), "channels, tried in this order"),
    "undelivered_after_hours": Field("whole", "silence of the provider that counts as failure", low=1, high=720),
    "prices": Keyed(Keyed(Field("whole", high=999_999), free=True), "rupiah by provider and its category", free=True),
    "budgets": Keyed(Group(BUDGET), "what a channel may send in a day"),
}

KNOWLEDGE: Form = {
    "definition": Field("text", "what belongs to the category and what does not"),
    "tasks": Many(Field("text"), "statutory tasks of its agencies", least=1),
    "vocabulary": Many(Field("text"), "the words people use", least=1),
}

_TEXTS = {name: Words(needed=name == "where") for name in ("where", "how", "needs", "cost", "hours", "time")}
SERVICE: Form = {
    "code": Field("code"),
    "name": Words(),
    "category": Field("code", "that of a report about it"),
    "questions": Many(Field("text"), "how people ask for it", least=FEWEST_QUESTIONS, most=MOST_QUESTIONS),
    **_TEXTS,
    "checked": Field("day", "when it was written or compared with its source"),
    "source": Field("text", "the rule it follows"),
    "link": Field("matching", "", False, True, pattern=LINK, like="an address that begins with https://"),
    "phone": Field("matching", "", False, True, pattern=PHONE, like="a telephone number"),
    "confirm": Field("flag", "the region has still to confirm it", needed=False, otherwise=False),
}
SERVICES: Form = {"name": Words("the name of the field"), "services": Many(Group(SERVICE), least=1)}

PAUSING: Form = {
    "cap_days": Field("whole", "working days of one pause at most", False, otherwise=5, low=1, high=365),
    "total_days": Field("whole", "working days of all pauses at most", False, otherwise=10, low=1, high=365),
}
HANDOVER: Form = {
    "accept_hours": Field("whole", "working hours to take a ticket on", False, otherwise=14, low=1, high=2000),
    "bounces": Field("whole", "returns after which a supervisor decides", False, otherwise=3, low=1, high=50),
}
RUNG: Form = {
    "position": Field("word", words=POSITIONS),
    "scope": Field("word", "where that person is", words=SCOPES),
    "after_hours": Field("signed", "working hours after the deadline; negative: before it", low=-2000, high=2000),
}
CLOSING: Form = {
    "silence_days": Field("whole", "working days of silence before closing", False, otherwise=10, low=1, high=365),
    "reopen_days": Field("whole", "days in which a closed one may be reopened", False, otherwise=60, high=3650),
}
ALIKE: Form = {
    "hours": Field("whole", "between two reports", False, otherwise=72, low=1, high=8784),
    "score": Field("number", "how alike their words are", False, otherwise=0.5, high=1),
    "kilometres": Field("number", "between their pins", False, otherwise=1.0, high=1000),
    "flood": Field(
        "whole", "reports from which further ones join by themselves; 0: never", False, otherwise=0, high=100_000
    ),
}
LAPOR: Form = {
    "columns": Keyed(Field("text"), "our field → the title of their column", needed=False),
    "statuses": Keyed(Field("text"), "their status → ours", needed=False, free=True),
    "export_statuses": Keyed(Field("text"), "our status → theirs", needed=False),
    "dates": Field("text", "their pattern of dates, as for strftime", False, otherwise="%d/%m/%Y %H:%M"),
}
DESK: Form = {
    "pausing": Group(PAUSING, "clocks that stand still while the citizen is asked", needed=False),
    "handover": Group(HANDOVER, needed=False),
    "escalation": Group(
        {
            "digest_at": Field("clock", "local time of the morning's digest", False),
            "rungs": Many(Group(RUNG), "who is told when", needed=False, least=1),
        },
        needed=False,
    ),
    "closing": Group(CLOSING, needed=False),
    "alike": Keyed(Group(ALIKE), "likely duplicates by category; any: every other one", needed=False),
    "lapor": Group(LAPOR, "the national system's spreadsheets", needed=False),
}

OWNER: Form = {
    "code": Field("code", "stays for ever: tickets carry it"),
    "name": Words("as citizens read it"),
    "function": Field("code", "the work of the agency that looks after what is theirs"),
    "level": Field("word", "where that agency is", words=ANSWERED_ON),
    "cues": Many(Field("text"), "the words by which people name the owner", needed=False),
}
ASSET: Form = {
    "name": Field("text", "as people know it"),
    "aliases": Many(Field("text"), needed=False),
    "owner": Field("code"),
    "categories": Many(Field("code"), least=1),
    "area": Field("area", "where it lies; empty: in several", needed=False, blank=True),
}
OWNERS = Many(Field("code"), least=1)
OWNERSHIP: Form = {
    "owners": Many(Group(OWNER)),
    "owned": Keyed(OWNERS, "category → owners, the likeliest first"),
    "assets": Many(Group(ASSET), needed=False),
}

#: File (``*``: any code) → its form; of a row where it is a table.
FILES: dict[str, Shape] = {
    "region.yaml": Group(HEAD),
    "agencies.csv": Group(AGENCY),
    "categories.csv": Group(CATEGORY),
    "places.csv": Group(PLACE),
    "landmarks.csv": Group(LANDMARK),
    "calendars.yaml": Group({"calendars": Keyed(Group(CALENDAR)), "holidays": Group(HOLIDAYS)}),
    "clocks.yaml": Group({"rules": Many(Group(CLOCK))}),
    "phrases.yaml": Keyed(Words()),
    "delivery.yaml": Group(DELIVERY),
    "desk.yaml": Group(DESK),
    "ownership.yaml": Group(OWNERSHIP),
    "knowledge/*.yaml": Group(KNOWLEDGE),
    "services/*.yaml": Group(SERVICES),
}
