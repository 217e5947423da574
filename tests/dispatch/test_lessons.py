"""Which statements count as lessons: nobody alone may turn a category. Pure rules, and the citizen's words as they are
read from both databases.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dispatch.lessons import Lesson, gather, limited
from dispatch.models import LabelSource, Ticket
from dispatch.runtime import Runtime
from dispatch.services import labels
from tests.support.clock import Clock
from tests.support.tickets import open_ticket, write_again

CATEGORIES = frozenset({"jalan", "air", "listrik"})
AT = datetime(2026, 11, 4, tzinfo=UTC)
_SYLLABLES = [
    "ba",
    "ci",
    "do",
    "fu",
    "ge",
    "hi",
    "jo",
    "ka",
    "le",
    "mu",
    "na",
    "pi",
    "ro",
    "su",
    "te",
    "wi",
    "yo",
    "za",
]


def text(seed: int) -> str:
    """Words no two of which tell the same."""
    draw = random.Random(seed)
    return " ".join("".join(draw.choices(_SYLLABLES, k=3)) for _ in range(8))


def lesson(number: int, category: str = "jalan", **changes: object) -> Lesson:
    plain = Lesson(
        label_id=number,
        ticket_id=number,
        citizen_id=number,
        staff_id=1,
        source=LabelSource.CONFIRMED,
        text=text(number),
        category=category,
        suggested=category,
        at=AT,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def lessons(count: int, first: int = 1, **changes: object) -> list[Lesson]:
    return [lesson(first + number, **changes) for number in range(count)]


CORRECTED = {"source": LabelSource.CORRECTED, "suggested": "air"}
CHOSEN = {"source": LabelSource.CHOSEN, "staff_id": None, "suggested": "air"}
#: Lessons → how many count, and which rule left the others out.
CAPS: dict[str, tuple[list[Lesson], int, dict[str, int]]] = {
    "plain": (lessons(50), 50, {}),
    "one-citizen-in-a-category": (lessons(8, citizen_id=7), 5, {"one_citizen": 3}),
    "one-citizen-in-all": (
        [lesson(n, f"k{n % 10}", citizen_id=7, suggested=f"k{n % 10}") for n in range(1, 41)],
        20,
        {"one_citizen": 20},
    ),
    "one-citizen-by-many-officers": (
        [lesson(n, citizen_id=7, staff_id=n, **CORRECTED) for n in range(1, 41)],
        5,
        {"one_citizen": 35},
    ),
    "one-officer-confirms": (lessons(200), 200, {}),
    "one-officer-contradicts-alone": (lessons(200, **CORRECTED), 25, {"one_officer": 175}),
    "one-officer-triages-alone": (lessons(60, source=LabelSource.TRIAGED, suggested=None), 25, {"one_officer": 35}),
    "one-officer-triages-as-proposed": (lessons(60, source=LabelSource.TRIAGED), 60, {}),
    "one-officer-of-many": (lessons(200, **CORRECTED) + lessons(210, 500, staff_id=2), 300, {"one_officer": 110}),
    "two-officers": (lessons(30, **CORRECTED) + lessons(30, 100, **CORRECTED, staff_id=2), 50, {"one_officer": 10}),
    "one-officer-everywhere": (
        [lesson(n, f"k{n % 20}", **CORRECTED) for n in range(1, 301)],
        100,
        {"one_officer": 200},
    ),
    "choices-alone": (lessons(10, **CHOSEN), 0, {"citizens_choice": 10}),
    "choices-beside-staff": (lessons(10, **CHOSEN) + lessons(4, 100), 8, {"citizens_choice": 6}),
    "choices-of-another-category": (lessons(3, **CHOSEN) + lessons(9, 100, category="air"), 9, {"citizens_choice": 3}),
    "near-copies": ([lesson(n, text=f"{text(1)} {n}") for n in range(1, 31)], 1, {"near_copy": 29}),
    "no-text": (lessons(3, text=""), 0, {"no_text_or_category": 3}),
    "a-category-of-old": (lessons(3, category="hapus"), 0, {"no_text_or_category": 3}),
}


@pytest.mark.parametrize(("given", "count", "left_out"), CAPS.values(), ids=CAPS)
def test_what_counts(given: list[Lesson], count: int, left_out: dict[str, int]) -> None:
    known = {*CATEGORIES, *(f"k{number}" for number in range(20))}
    found = limited(given, known)
    assert (len(found.rows), found.left_out) == (count, left_out)
    assert [each.ticket_id for each in found.rows] == sorted((each.ticket_id for each in found.rows), reverse=True)
    assert found.data().labels == tuple(each.category for each in found.rows)


def test_of_near_copies_the_word_of_staff_counts() -> None:
    copies = [lesson(3, "air", text=text(1), **CHOSEN), lesson(2, text=text(1)), lesson(1, text=text(1))]
    assert [each.ticket_id for each in limited(copies, CATEGORIES).rows] == [2]


def test_the_newest_count_first() -> None:
    assert [each.ticket_id for each in limited(lessons(8, citizen_id=7), CATEGORIES).rows] == [8, 7, 6, 5, 4]


# From the rows


def say(runtime: Runtime, ticket: Ticket, category: str = "jalan_rusak") -> None:
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        labels.say(session, runtime.now(), row, category, LabelSource.CORRECTED)


def read(runtime: Runtime) -> list[str]:
    with runtime.reading() as session:
        return [each.text for each in gather(session, runtime.region).rows]


def test_the_first_words_and_what_joined_them_are_learnt(runtime: Runtime, clock: Clock) -> None:
    ticket = open_ticket(runtime, "Jalan kami rusak", subject="Keluhan", channel="mail")
    clock.forward(minutes=3)
    write_again(runtime, ticket, "sudah setahun begitu")
    clock.forward(hours=3)
    write_again(runtime, ticket, "bagaimana kelanjutannya?")
    say(runtime, ticket)
    assert read(runtime) == ["Keluhan\nJalan kami rusak\nsudah setahun begitu"]


def test_personal_data_is_masked(runtime: Runtime) -> None:
    ticket = open_ticket(runtime, "Jalan rusak di depan rumah, hubungi 081100012345 atau warga@contoh.id")
    say(runtime, ticket)
    [found] = read(runtime)
    assert "0811" not in found and "contoh.id" not in found and found.startswith("Jalan rusak di depan rumah")


@pytest.mark.parametrize(
    ("channel", "body", "expected"),
    [
        ("sms", "KALTARA# jalan rusak parah", "jalan rusak parah"),
        ("sms", "kaltara jalan rusak parah", "jalan rusak parah"),
        ("sms", "jalan kaltara rusak parah", "jalan kaltara rusak parah"),
        ("whatsapp", "kaltara jalan rusak parah", "kaltara jalan rusak parah"),
    ],
)
def test_a_keyword_before_an_sms_is_not(channel: str, body: str, expected: str, runtime: Runtime) -> None:
    say(runtime, open_ticket(runtime, body, channel=channel))
    assert read(runtime) == [expected]


def test_what_was_withdrawn_or_never_said_is_not_learnt(runtime: Runtime) -> None:
    open_ticket(runtime)
    ticket = open_ticket(runtime, "Lampu jalan padam semua")
    say(runtime, ticket)
    assert read(runtime) == ["Lampu jalan padam semua"]
    with runtime.writing() as session:
        labels.withdraw(session, runtime.now(), ticket)
    assert read(runtime) == []


def test_joined_citizens_count_as_one(runtime: Runtime) -> None:
    from dispatch.models import MergeProof
    from dispatch.services import identity

    found = [open_ticket(runtime, text(number)) for number in range(12)]
    for ticket in found:
        with runtime.writing() as session:
            row = session.get_one(Ticket, ticket.id)
            labels.say(session, runtime.now(), row, "jalan_rusak", LabelSource.CONFIRMED, None)
    assert len(read(runtime)) == 12
    for ticket in found[1:]:
        with runtime.writing() as session:
            identity.merge(session, runtime.now(), found[0].citizen_id, ticket.citizen_id, MergeProof.PROVIDER)
    assert len(read(runtime)) == 5
