"""What the system and the channels noted stands on the ticket's page."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from admin import words
from dispatch.models import Author, Direction, Message
from dispatch.runtime import Runtime
from tests.admin.conftest import Browser, one_database
from tests.support.tickets import open_ticket

#: Note on a message, its detail → what the page says (every sentence has its Indonesian, by tests/admin/test_words.py).
NOTES = {
    "reaction": ("reaction:ours", "👍", "The citizen reacted to our message"),
    "deletion": ("deleted:theirs", "", "The citizen deleted what they wrote"),
    "new-address": ("new-address", "", "The citizen moved to another number"),
    "unsupported": ("unsupported:poll", "", "Something that cannot be shown here: poll"),
    "hostile": ("start:<b>x</b>", "", "Came by the link: &lt;b&gt;x&lt;/b&gt;"),
}


@one_database
@pytest.mark.parametrize("name", NOTES)
def test_a_note_is_shown(runtime: Runtime, signed_in: Callable[..., Browser], name: str) -> None:
    note, detail, said = NOTES[name]
    ticket = open_ticket(runtime)
    with runtime.writing() as session:
        session.add(
            Message(
                ticket_id=ticket.id,
                channel="telegram",
                direction=Direction.NOTE,
                author=Author.SYSTEM,
                body=detail,
                created_at=runtime.now(),
                notes=[note, "callback:1"],
            )
        )
    page = signed_in(agencies=(ticket.agency,)).get(f"/admin/tickets/{ticket.number}").text
    assert said in page
    assert detail in page
    assert "callback" not in page
    assert f"<bdi>{said}" in page


@pytest.mark.parametrize("note", ["callback:1", "", ":"])
def test_what_says_nothing_to_staff_gives_nothing(note: str) -> None:
    assert words.note(note) == ""
