"""Print ``docs/channels/coverage.md`` from what the adapters declare: the page cannot say what the code does not."""

from __future__ import annotations

from collections.abc import Iterator

from channels.base import Channel
from channels.coverage import Becomes, Group
from channels.errors import (
    BadAddress,
    Misconfigured,
    OutcomeUnknown,
    Permanent,
    RecipientStopped,
    SendError,
    Temporary,
    Throttled,
    WindowClosed,
)
from channels.registry import CHANNELS, provider_class

HEAD = """# What arrives and what becomes of it

Printed by `aduan channels coverage` from the tables beside each adapter; a test compares this page with them, and runs
the example of each message and event. Nothing is ignored without a reason.

A *message* opens or joins a ticket. A *revision* corrects or completes an earlier message and opens nothing. A
*delivery report* raises the state of an answer of ours, never a step back. A *note on the ticket* is for staff.
*Quarantine* keeps what is genuine and unreadable where staff see it. What a code means is the same in the answer to a
send and in a report that comes later.
"""

#: What an error class makes the sender do.
ACTIONS: dict[type[SendError], str] = {
    Temporary: "tried again",
    Throttled: "the channel rests, then tries again",
    WindowClosed: "held; a template asks the person to write, then it is released",
    Permanent: "goes to the person's next channel",
    BadAddress: "the address is marked bad; goes to the person's next channel",
    RecipientStopped: "nothing more is sent there until they write again",
    Misconfigured: "waits; the operator is told",
    OutcomeUnknown: "uncertain: shown to staff, never sent again by itself",
}
TITLES = {Group.MESSAGE: "Messages", Group.EVENT: "Events", Group.STATE: "States of our messages"}


def page() -> str:
    """Calling this will give the whole page as Markdown."""
    parts = [HEAD]
    for name in CHANNELS:
        parts.extend(_provider(name, provider_class(name)))
    return "\n".join(parts).rstrip("\n") + "\n"


def _provider(name: str, cls: type[Channel]) -> Iterator[str]:
    if not cls.handled and not cls.errors:
        return
    yield f"## {cls.title} (`{name}`)\n"
    for group, title in TITLES.items():
        rows = [row for row in cls.handled if row.group is group]
        if rows:
            yield f"### {title}\n"
            yield "| the provider says | becomes | how |\n|---|---|---|"
            for row in rows:
                becomes = "nothing, because" if row.becomes is Becomes.NOTHING else str(row.becomes)
                yield f"| {_cell(row.name)} | {becomes} | {_cell(row.how)} |"
            yield ""
    if cls.errors:
        yield "### Errors\n"
        yield "| code | meaning | what happens |\n|---|---|---|"
        for meaning in cls.errors.values():
            wait = f" after {meaning.wait:g} s" if meaning.wait else ""
            yield f"| {_cell(meaning.code)} | {_cell(meaning.text)} | {ACTIONS[meaning.error]}{wait} |"
        yield "\nA code that is not in the table is refused for good: the answer goes to the person's next channel.\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
