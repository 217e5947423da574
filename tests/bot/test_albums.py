"""Albums: what was sent as one is one message, whatever order and time it arrives in, on both databases."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from sqlalchemy import event, update
from sqlmodel import col

from bot import jobs
from bot.jobs import drain_inbound
from channels.message import Address, Attachment, AttachmentKind, InboundMessage
from dispatch.models import EventState, InboundEvent, Message, Outbox, StoredAttachment, Ticket
from dispatch.runtime import Runtime
from dispatch.services import albums
from dispatch.services.inbound import (
    ALBUM_WAIT,
    ATTEMPTS,
    LEASE,
    record_inbound,
    retry_quarantined,
    sender_key,
    waiting,
)
from tests.support.clock import Clock
from tests.support.desk import deliver, rows

ROAD = "Jalan rusak parah di Juata Laut Tarakan"
WAIT = ALBUM_WAIT.total_seconds()
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def item(number: int, text: str = "", *, album: str = "A1", who: str = "4711", **fields: Any) -> InboundMessage:
    photo = Attachment(AttachmentKind.IMAGE, f"file-{who}-{number}", "image/jpeg")
    usual: dict[str, Any] = {
        "external_id": f"{who}-{number}",
        "provider_id": f"{who}:{number}",
        "attachments": (photo,),
    }
    return InboundMessage(
        channel="telegram",
        account="7000000001",
        sender=Address("telegram", who),
        text=text,
        album=album,
        **(usual | fields),
    )


def plain(number: int, text: str, **fields: Any) -> InboundMessage:
    return item(number, text, album="", attachments=(), **fields)


def arrives(runtime: Runtime, *messages: InboundMessage) -> None:
    """Each in a request of its own, as Telegram delivers them."""
    for message in messages:
        with runtime.writing() as session:
            record_inbound(session, runtime.now(), [message], raw=f"raw {message.external_id}".encode())


def work(runtime: Runtime, clock: Clock, seconds: float = WAIT) -> None:
    clock.forward(seconds=seconds)
    drain_inbound(runtime)


def said(runtime: Runtime) -> list[str]:
    return [row.body for row in rows(runtime, Outbox)]


def sources(runtime: Runtime) -> list[str]:
    return [file.source for file in rows(runtime, StoredAttachment)]


def states(runtime: Runtime) -> set[str]:
    return {row.state for row in rows(runtime, InboundEvent)}


@pytest.mark.parametrize("captioned", [1, 5, 10])
def test_ten_items_in_one_burst_are_one_ticket_one_receipt_and_ten_files(
    trained: Runtime, clock: Clock, captioned: int
) -> None:
    arrives(trained, *(item(n, ROAD if n == captioned else "") for n in range(1, 11)))
    work(trained, clock)
    [ticket], messages = rows(trained, Ticket), rows(trained, Message)
    assert (messages[0].body, messages[0].ticket_id) == (ROAD, ticket.id)
    assert ticket.category == "jalan_rusak"
    assert sources(trained) == [f"file-4711-{n}" for n in range(1, 11)]
    assert [row.direction for row in messages] == ["in", "out", "out"]  # the receipt and the privacy notice
    assert states(trained) == {EventState.DONE}


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_arrival_is_kept_and_changes_nothing_else(trained: Runtime, clock: Clock, seed: int) -> None:
    items = [item(n, ROAD if n == 1 else "") for n in range(1, 11)]
    random.Random(seed).shuffle(items)
    arrives(trained, *items)
    work(trained, clock)
    assert len(rows(trained, Ticket)) == 1
    assert sources(trained) == [each.attachments[0].source for each in items]
    assert len(said(trained)) == 2


def test_it_is_not_worked_on_before_the_rest_can_have_arrived(trained: Runtime, clock: Clock) -> None:
    arrives(trained, item(1, ROAD))
    work(trained, clock, WAIT - 0.1)
    assert states(trained) == {EventState.NEW}
    with trained.reading() as session:
        assert waiting(session, trained.now()) == []
        assert waiting(session, clock.forward(seconds=0.1)) == [1]


def test_an_item_that_is_not_due_yet_goes_along_with_the_first(trained: Runtime, clock: Clock) -> None:
    arrives(trained, item(1, ROAD))
    clock.forward(seconds=WAIT - 0.1)
    arrives(trained, item(2))
    work(trained, clock, 0.1)
    assert (len(rows(trained, Ticket)), sources(trained)) == (1, ["file-4711-1", "file-4711-2"])
    assert states(trained) == {EventState.DONE}


def test_an_album_without_words_is_asked_about_once_and_belongs_to_what_is_written_then(
    trained: Runtime, clock: Clock
) -> None:
    arrives(trained, *(item(n) for n in range(1, 5)))
    work(trained, clock)
    assert [text.partition(".")[0] for text in said(trained)] == ["Terima kasih, kiriman Anda sudah kami terima"]
    arrives(trained, plain(9, ROAD))
    work(trained, clock, 60)
    [ticket] = rows(trained, Ticket)
    assert {row.ticket_id for row in rows(trained, Message) if row.direction == "in"} == {ticket.id}
    assert len(said(trained)) == 3


def test_words_after_an_album_wait_their_turn(trained: Runtime, clock: Clock) -> None:
    arrives(trained, item(1), item(2), plain(3, ROAD))
    drain_inbound(trained)
    assert states(trained) == {EventState.NEW}
    work(trained, clock)
    assert [row.body for row in rows(trained, Message) if row.direction == "in"] == ["", ROAD]
    assert len(rows(trained, Ticket)) == 1


def test_a_late_item_joins_the_same_ticket_and_nothing_is_said(trained: Runtime, clock: Clock) -> None:
    arrives(trained, item(1, ROAD), item(2))
    work(trained, clock)
    deliver(trained, "telegram")
    clock.forward(hours=3)
    arrives(trained, plain(5, "Pohon tumbang menutup jalan di Tanjung Selor sejak tadi malam"))
    drain_inbound(trained)
    before = said(trained)
    arrives(trained, item(3), item(4))
    work(trained, clock)
    tickets, late = rows(trained, Ticket), rows(trained, Message)[-1]
    assert (len(tickets), late.ticket_id, late.revises) == (2, tickets[0].id, "4711:1")
    assert sources(trained)[-2:] == ["file-4711-3", "file-4711-4"]
    assert said(trained) == before


def test_a_late_item_with_the_words_opens_the_ticket_for_all(trained: Runtime, clock: Clock) -> None:
    arrives(trained, item(1), item(2))
    work(trained, clock)
    arrives(trained, item(3, ROAD))
    work(trained, clock, 30)
    [ticket] = rows(trained, Ticket)
    assert {row.ticket_id for row in rows(trained, Message) if row.direction == "in"} == {ticket.id}
    assert len(said(trained)) == 3  # the question, the receipt, the privacy notice


@on_sqlite
def test_the_name_of_an_album_means_another_one_after_a_day(trained: Runtime, clock: Clock) -> None:
    arrives(trained, item(1, ROAD))
    work(trained, clock)
    clock.forward(days=15)
    arrives(trained, item(2, "Sampah menumpuk dan berbau di pasar Gusher Tarakan sudah seminggu"))
    work(trained, clock)
    assert len(rows(trained, Ticket)) == 2


def test_albums_of_two_people_and_two_albums_of_one_are_kept_apart(trained: Runtime, clock: Clock) -> None:
    arrives(
        trained,
        *(item(n, f"{ROAD} {who}" if n == 1 else "", who=who) for n in (1, 2) for who in ("4711", "4712")),
        *(item(n, album="A2") for n in (3, 4)),
    )
    work(trained, clock)
    found = {message.id: message.provider_id for message in rows(trained, Message) if message.direction == "in"}
    assert sorted(found.values()) == ["4711:1", "4711:3", "4712:1"]
    assert [(file.source, found[file.message_id]) for file in rows(trained, StoredAttachment)] == [
        ("file-4711-1", "4711:1"),
        ("file-4711-2", "4711:1"),
        ("file-4712-1", "4712:1"),
        ("file-4712-2", "4712:1"),
        ("file-4711-3", "4711:3"),
        ("file-4711-4", "4711:3"),
    ]
    assert len(rows(trained, Ticket)) == 2


def test_each_file_names_the_event_it_came_in(trained: Runtime, clock: Clock) -> None:
    arrives(trained, *(item(n) for n in (1, 2, 3)))
    work(trained, clock)
    raws = {row.id: row.raw for row in rows(trained, InboundEvent)}
    assert [raws[file.event_id] for file in rows(trained, StoredAttachment)] == [
        b"raw 4711-1",
        b"raw 4711-2",
        b"raw 4711-3",
    ]


def test_an_edit_and_a_reply_find_the_album_by_any_of_its_items(trained: Runtime, clock: Clock) -> None:
    arrives(trained, item(1, ROAD), item(2))
    work(trained, clock)
    clock.forward(days=20)
    arrives(trained, plain(8, "Lampu jalan mati di Tanjung Selor dekat pasar induk"))
    drain_inbound(trained)
    first, _ = rows(trained, Ticket)
    arrives(trained, item(2, "foto kedua", external_id="edit", provider_id="4711:2", revises="4711:2"))
    arrives(trained, plain(9, "Ini lokasinya", reply_to=("4711:2",)))
    drain_inbound(trained)
    assert [row.ticket_id for row in rows(trained, Message) if row.direction == "in"][-2:] == [first.id, first.id]
    with trained.reading() as session:
        key = sender_key("telegram", "7000000001", Address("telegram", "4711"))
        assert albums.holding(session, key, "4711:2").body == ROAD
        assert albums.holding(session, key.replace("4711", "4712"), "4711:2") is None


# What goes wrong.


class Killed(BaseException):
    """What follows is what a kill leaves."""


@contextmanager
def killed_at(runtime: Runtime, statement: int) -> Iterator[list[int]]:
    seen = [0]

    def dies(*_: Any) -> None:
        seen[0] += 1
        if seen[0] == statement:
            raise Killed

    event.listen(runtime.engine, "before_cursor_execute", dies)
    try:
        yield seen
    finally:
        event.remove(runtime.engine, "before_cursor_execute", dies)


@pytest.mark.parametrize("part", range(6))
def test_a_kill_anywhere_loses_and_doubles_nothing(trained: Runtime, clock: Clock, part: int) -> None:
    """Every sixth statement of the work, so that each is tried in one of the six runs."""
    statement = part + 1
    number = 0
    while True:
        number += 1
        who = f"9{number:03}"
        arrives(trained, *(item(n, ROAD if n == 2 else "", who=who) for n in (1, 2, 3)))
        clock.forward(seconds=WAIT)
        with killed_at(trained, statement) as seen, suppress(Killed):
            drain_inbound(trained)
        died = seen[0] >= statement
        work(trained, clock, LEASE.total_seconds() + 1)
        assert states(trained) == {EventState.DONE}
        assert len(rows(trained, Ticket)) == number
        assert len(rows(trained, StoredAttachment)) == 3 * number
        assert len(rows(trained, Outbox)) == 2 * number
        if not died:
            break
        statement += 6


def test_a_damaged_item_is_quarantined_alone(trained: Runtime, clock: Clock) -> None:
    arrives(trained, item(1), item(2), item(3, ROAD))
    with trained.writing() as session:
        session.execute(update(InboundEvent).where(col(InboundEvent.id) == 2).values(payload={"text": "?"}))
    work(trained, clock)
    assert [row.state for row in rows(trained, InboundEvent)] == ["done", "quarantined", "done"]
    assert (len(rows(trained, Ticket)), sources(trained)) == (1, ["file-4711-1", "file-4711-3"])


@pytest.mark.parametrize("poison", [1, 2])
def test_an_item_that_breaks_the_work_ends_in_quarantine_and_comes_back_to_its_ticket(
    trained: Runtime, clock: Clock, monkeypatch: pytest.MonkeyPatch, poison: int
) -> None:
    converse: Callable[..., Any] = jobs.converse

    def breaks(runtime: Runtime, session: Any, message: InboundMessage, *rest: Any) -> Any:
        if any(file.source.endswith(f"-{poison}") for file in message.attachments):
            raise ZeroDivisionError
        return converse(runtime, session, message, *rest)

    monkeypatch.setattr(jobs, "converse", breaks)
    arrives(trained, item(1), item(2), item(3, ROAD))
    for _ in range(ATTEMPTS * 3):
        work(trained, clock, 3600)
    assert EventState.QUARANTINED in states(trained)
    monkeypatch.setattr(jobs, "converse", converse)
    for row in rows(trained, InboundEvent):
        with trained.writing() as session:
            retry_quarantined(session, trained.now(), row.id or 0)
    drain_inbound(trained)
    assert states(trained) == {EventState.DONE}
    [ticket] = rows(trained, Ticket)
    assert {row.ticket_id for row in rows(trained, Message) if row.direction == "in"} == {ticket.id}
    assert sorted(sources(trained)) == [f"file-4711-{n}" for n in (1, 2, 3)]


def test_ten_workers_at_once_make_one_message(trained: Runtime, clock: Clock) -> None:
    arrives(trained, *(item(n, ROAD if n == 4 else "") for n in range(1, 11)))
    clock.forward(seconds=WAIT)
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: drain_inbound(trained), range(10)))
    assert len(rows(trained, Ticket)) == 1
    assert len(rows(trained, Outbox)) == 2
    assert [row.direction for row in rows(trained, Message)] == ["in", "out", "out"]
    assert sources(trained) == [f"file-4711-{n}" for n in range(1, 11)]


def test_items_that_arrive_while_others_are_worked_on_are_neither_lost_nor_doubled(
    trained: Runtime, clock: Clock
) -> None:
    arrives(trained, item(1, ROAD))
    clock.forward(seconds=WAIT)

    def task(number: int) -> None:
        if number:
            arrives(trained, item(number + 1))
        drain_inbound(trained)

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(task, range(10)))
    work(trained, clock)
    assert states(trained) == {EventState.DONE}
    assert len(rows(trained, Ticket)) == 1
    assert len(rows(trained, Outbox)) == 2
    assert sorted(sources(trained)) == sorted(f"file-4711-{n}" for n in range(1, 11))
