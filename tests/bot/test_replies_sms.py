"""What leaves by SMS fits one message and holds nothing that filters drop: no link, no four digits in a row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations
from types import SimpleNamespace
from typing import Any

import pytest

from bot.replies import Replies
from channels.phones import AUTOMATIC_PARTS
from channels.text import segments
from classifier.reading import Danger
from dispatch.phrases import Phrases
from dispatch.region import Region
from dispatch.workflow import Status

#: Late in the longest weekday of the longest month of either language, and the day before a year ends.
INSTANTS = (datetime(2026, 9, 23, 8, 30, tzinfo=UTC), datetime(2026, 12, 30, 8, 30, tzinfo=UTC))
#: The widest a number can be: its prefix and eight characters.
NUMBER = "KU-WMWM-MWMW"


def ticket(agency: str, language: str, due: datetime, **more: Any) -> Any:
    values = {
        "agency": agency, "language": language, "number": NUMBER, "first_response_due": due, "status": Status.ASSIGNED,
        "triage": False, "place_asked_at": None, "area": None, "supervision": False,
    }  # fmt: skip
    return SimpleNamespace(**{**values, **more})


def receipts(region: Region, agency: str, language: str) -> Iterator[tuple[str, str]]:
    """Every automatic text that tells about a ticket, in its worst case."""
    replies = Replies(Phrases(region), "https://lapor.example.go.id", "sms")
    for due in INSTANTS:
        made = ticket(agency, language, due)
        yield "receipt", replies.receipt(region, made)
        yield "receipt, place asked", replies.receipt(region, ticket(agency, language, due, place_asked_at=due))
        yield "receipt, unsure", replies.receipt(region, ticket(agency, language, due, triage=True))
        yield "receipt, elsewhere", replies.receipt(region, ticket(agency, language, due, status=Status.FORWARDED))
        yield "added", replies.added(made)
        for status in Status:
            yield f"status {status}", replies.status(region, ticket(agency, language, due, status=status), None)
        yield (
            "handed over",
            Phrases(region).say(
                "handed_over",
                language,
                number=NUMBER,
                agency=region.agencies[agency].short,
                due=Phrases(region).day(due, language),
            ),
        )
    yield "privacy", replies.privacy(language)
    yield "status unknown", replies.status_unknown(language)
    yield "emergency", replies.emergency(region, language)
    for danger in Danger:
        yield f"emergency: {danger}", replies.emergency(region, language, danger)
    yield "none of these", replies.choice_declined(made)
    yield "a choice too late", replies.choice_late(region, made)


def faults(text: str) -> list[str]:
    found = [] if segments(text).count == 1 else [f"{segments(text).count} parts of {segments(text).encoding}"]
    found += ["four digits in a row"] if re.search("[0-9]{4}", text) else []
    found += ["a link"] if re.search(r"https?:|www\.|\w\.(?:id|com|org|net)\b|@", text) else []
    return found


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_receipt_of_every_agency_is_one_sms_that_arrives(kaltara: Region, language: str) -> None:
    wrong = {
        (agency, name): (found, text)
        for agency in kaltara.agencies
        for name, text in receipts(kaltara, agency, language)
        if (found := faults(text))
    }
    assert wrong == {}


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_thanks_for_every_place_are_one_sms(kaltara: Region, language: str) -> None:
    replies = Replies(Phrases(kaltara), "https://lapor.example.go.id", "sms")
    longest = max(kaltara.agencies.values(), key=lambda each: len(each.short)).code
    wrong = {
        area: found
        for area in kaltara.places
        if (found := faults(replies.place_thanks(kaltara, ticket(longest, language, INSTANTS[0], area=area))))
    }
    assert wrong == {}


@pytest.mark.parametrize("language", ["id", "en"])
def test_a_question_is_one_sms_or_none_and_nearly_always_one(kaltara: Region, language: str) -> None:
    replies = Replies(Phrases(kaltara), "https://lapor.example.go.id", "sms")
    made = ticket("prov-diskominfo", language, INSTANTS[0])
    pairs = list(combinations(kaltara.categories, 2))
    asked = [
        replies.question(kaltara, made, pair) for pair in (*pairs, *combinations(list(kaltara.categories)[::3], 3))
    ]
    assert {text: found for text in asked if text and (found := faults(text))} == {}
    assert sum(bool(text) for text in asked[: len(pairs)]) >= 0.98 * len(pairs)


@pytest.mark.parametrize("language", ["id", "en"])
def test_an_answer_of_the_directory_costs_no_more_than_any_automatic_text(kaltara: Region, language: str) -> None:
    replies = Replies(Phrases(kaltara), "https://lapor.example.go.id", "sms")
    said = {code: replies.service(service, language) for code, service in kaltara.services.items()}
    assert {code: text for code, text in said.items() if segments(text).count > AUTOMATIC_PARTS} == {}
    assert {
        code: found for code, text in said.items() if (found := set(faults(text)) & {"a link", "four digits in a row"})
    } == {}


@pytest.mark.parametrize("language", ["id", "en"])
def test_a_long_telephone_number_is_written_in_threes(kaltara: Region, language: str) -> None:
    code = next(each.code for each in kaltara.agencies.values() if each.short == "PLN")
    agencies = {**kaltara.agencies, code: replace(kaltara.agencies[code], phone="0552-21234567")}
    region = replace(kaltara, agencies=agencies)
    replies = Replies(Phrases(region), "https://lapor.example.go.id", "sms")
    text = replies.receipt(region, ticket(code, language, INSTANTS[0], status=Status.FORWARDED))
    assert "055-2-212-345-67" in text
    assert faults(text) == []


@pytest.mark.parametrize(
    ("instant", "language", "written"),
    [
        (datetime(2026, 12, 4, 8, 0, tzinfo=UTC), "id", "4 Des"),
        (datetime(2026, 12, 4, 8, 0, tzinfo=UTC), "en", "4 Dec"),
        (datetime(2026, 12, 4, 16, 0, tzinfo=UTC), "id", "4 Des"),
        (datetime(2026, 12, 4, 16, 1, tzinfo=UTC), "id", "5 Des"),
    ],
    ids=["Indonesian", "English", "midnight belongs to the day before", "a minute later"],
)
def test_a_short_date(kaltara: Region, instant: datetime, language: str, written: str) -> None:
    assert Phrases(kaltara).day(instant, language) == written
