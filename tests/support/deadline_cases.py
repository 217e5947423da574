"""The worked cases of ``tests/dispatch/cases/deadlines.csv``: what happened when, in which calendar, and the date.

A row tells in the words of the desk what happened to one ticket; weekdays stand there so that a clerk can follow it on
a wall calendar, and they are checked. A change of the calendar counts as if it had always been so: dates of open
tickets are worked out again.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from dispatch.region import Region
from dispatch.timeline import Change, Holder
from tests.support import rules

CASES = Path(__file__).parents[1] / "dispatch" / "cases" / "deadlines.csv"
NO_WORKING_TIME = "tidak ada jam kerja"
ZONES = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}
WEEKDAYS = ("Sen", "Sel", "Rab", "Kam", "Jum", "Sab", "Min")

#: The days off of the table, written down here so that no edition of a package moves a case.
HOLIDAYS = {
    "2026-01-01": "Tahun Baru",
    "2026-01-16": "Isra Mikraj",
    "2026-02-16": "Cuti bersama Imlek",
    "2026-02-17": "Imlek",
    "2026-03-18": "Cuti bersama Nyepi",
    "2026-03-19": "Nyepi",
    "2026-03-20": "Cuti bersama Idulfitri",
    "2026-03-21": "Idulfitri",
    "2026-03-22": "Idulfitri",
    "2026-03-23": "Cuti bersama Idulfitri",
    "2026-03-24": "Cuti bersama Idulfitri",
    "2026-04-03": "Wafat Yesus Kristus",
    "2026-04-05": "Paskah",
    "2026-05-01": "Hari Buruh",
    "2026-05-14": "Kenaikan Yesus Kristus",
    "2026-05-15": "Cuti bersama Kenaikan",
    "2026-05-27": "Iduladha",
    "2026-05-28": "Cuti bersama Iduladha",
    "2026-05-31": "Waisak",
    "2026-06-01": "Hari Lahir Pancasila",
    "2026-06-16": "Tahun Baru Islam",
    "2026-08-17": "Hari Kemerdekaan",
    "2026-08-25": "Maulid Nabi",
    "2026-10-13": "Hari Jadi Contoh",
    "2026-12-24": "Cuti bersama Natal",
    "2026-12-25": "Natal",
    "2027-01-01": "Tahun Baru",
    "2027-01-05": "Isra Mikraj",
    "2027-02-06": "Imlek",
    "2027-03-08": "Nyepi",
    "2027-03-10": "Idulfitri",
    "2027-03-11": "Idulfitri",
    "2027-03-26": "Wafat Yesus Kristus",
    "2027-03-28": "Paskah",
    "2027-05-01": "Hari Buruh",
    "2027-05-06": "Kenaikan Yesus Kristus",
    "2027-05-17": "Iduladha",
    "2027-05-20": "Waisak",
    "2027-06-01": "Hari Lahir Pancasila",
    "2027-06-06": "Tahun Baru Islam",
}
CLOCKS = (
    rules.rule("check", "verify", 3),
    rules.rule("answer", "first_response", 5),
    rules.rule("silence", "closing", 10),
    rules.rule("plain", "resolution", 14, kind="complaint", supervision="no"),
    rules.rule("supervised", "resolution", 60, kind="complaint", supervision="yes"),
    rules.rule("question", "resolution", 5, kind="information"),
    rules.rule("proposal", "resolution", 20, kind="aspiration", until="2026-11-30"),
    rules.rule("proposal-new", "resolution", 10, kind="aspiration", since="2026-12-01"),
    rules.rule("access", "resolution", 3, kind="data", counts="hours"),
)
#: The column "kind" → stage, legal kind, about officials.
KINDS = {
    "complaint": ("resolution", "complaint", False),
    "conduct": ("resolution", "complaint", True),
    "information": ("resolution", "information", False),
    "aspiration": ("resolution", "aspiration", False),
    "data": ("resolution", "data", False),
    "verify": ("verify", "complaint", False),
    "first_response": ("first_response", "complaint", False),
    "closing": ("closing", "complaint", False),
}
#: What the desk calls a step → the status it leads to.
STEPS = {
    "diteruskan": "assigned",
    "dikerjakan": "in_progress",
    "minta keterangan": "waiting",
    "dijawab pelapor": "in_progress",
    "dijawab": "answered",
    "pelapor menulis lagi": "in_progress",
    "selesai": "resolved",
    "ditutup": "closed",
    "ditolak": "rejected",
    "dibuka lagi": "in_progress",
    "diteruskan keluar": "forwarded",
}


@dataclass(frozen=True)
class Case:
    """One row, ready to be worked out; ``due`` is None where no working time is left."""

    name: str
    region: Region
    agency: str
    stage: str
    kind: str
    supervision: bool
    opened_at: datetime
    changes: tuple[Change, ...]
    holders: tuple[Holder, ...]
    due: datetime | None
    sentence: str


def read() -> list[Case]:
    """Every row of the table."""
    with CASES.open(encoding="utf-8", newline="") as file:
        return [_case(row) for row in csv.DictReader(file, delimiter=";")]


def _case(row: dict[str, str]) -> Case:
    zone = ZoneInfo(ZONES[row["zone"]])
    told = [_event(text, zone) for text in row["events"].split(" | ")]
    opened_at = next(at for at, words in told if words == "diterima")
    holidays = dict(HOLIDAYS)
    changes: list[Change] = [(opened_at, "", "new")]
    holders: list[Holder] = [(opened_at, row["calendar"])]
    kind, before = row["kind"], "new"
    for at, words in (step for step in told if step[1] != "diterima"):
        if words.startswith("libur baru "):
            holidays[words.rpartition(" ")[2]] = "Libur baru"
        elif words.startswith("libur dicabut "):
            del holidays[words.rpartition(" ")[2]]
        elif words.startswith("jenis menjadi "):
            kind = words.rpartition(" ")[2]
        else:
            to = "assigned" if words.startswith("dialihkan ke ") else STEPS[words]
            if words.startswith("dialihkan ke "):
                holders.append((at, words.rpartition(" ")[2]))
            changes.append((at, before, to))
            before = to
    region = rules.region(
        zone=ZONES[row["zone"]],
        zone_label=row["zone"],
        agencies=[rules.agency(code, f"work-{code}", calendar=code) for code in rules.CALENDARS],
        clocks=CLOCKS,
        holidays=holidays,
        national="",
    )
    stage, legal, supervision = KINDS[kind]
    due = None if row["due"] == NO_WORKING_TIME else _moment(row["due"], zone)
    return Case(
        row["case"],
        region,
        holders[-1][1],
        stage,
        legal,
        supervision,
        opened_at,
        tuple(changes),
        tuple(holders),
        due,
        row["sentence"],
    )


def _event(text: str, zone: ZoneInfo) -> tuple[datetime, str]:
    weekday, day, clock, words = text.split(" ", 3)
    return _moment(f"{weekday} {day} {clock}", zone), words


def _moment(text: str, zone: ZoneInfo) -> datetime:
    weekday, day, clock = text.split(" ")
    if WEEKDAYS[date.fromisoformat(day).weekday()] != weekday:
        raise ValueError(f"{day} is no {weekday}")
    return datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=zone)
