"""Reactions, deletions, new addresses and groups: what each leaves for staff, and that nothing else happens."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from channels.message import Address, Notice, NoticeKind
from dispatch.models import (
    Audit,
    Citizen,
    CitizenAddress,
    CitizenMerge,
    InboundEvent,
    Message,
    Outbox,
    StatusChange,
    Ticket,
)
from dispatch.runtime import Runtime
from dispatch.services import answers, identity, notices, people, tickets
from dispatch.services.inbound import record_inbound
from dispatch.workflow import Status
from tests.support import rows
from tests.support.clock import Clock
from tests.support.desk import answer, deliver
from tests.support.desk import rows as all_rows

GROUP = Address("telegram", "-1001500000001")
NEW = Address("telegram", "4799")


def notice(
    what: NoticeKind, about: str = "", *, sender: Address = rows.ADDRESSES["telegram"], **fields: object
) -> Notice:
    return Notice(
        channel="telegram",
        account="ours",
        external_id=fields.pop("external_id", "n1"),  # type: ignore[arg-type]
        sender=sender,
        what=what,
        about=about,
        **fields,  # type: ignore[arg-type]
    )


def happens(runtime: Runtime, arrived: Notice) -> None:
    """Recorded and worked on in one go, as the worker does."""
    with runtime.writing() as session:
        recorded = record_inbound(session, runtime.now(), [arrived], raw=b"{}")
        event = session.get_one(InboundEvent, recorded.new[0])
        notices.record_notice(session, runtime.phrases, runtime.now(), arrived, event)


def opened(runtime: Runtime, **fields: object) -> Ticket:
    with runtime.writing() as session:
        return rows.ticket(runtime, session, channel="telegram", provider_id="4711:41", **fields)


def notes(runtime: Runtime) -> list[tuple[int | None, str, list[str], str]]:
    with runtime.reading() as session:
        found = session.scalars(select(Message).where(col(Message.direction) == "note").order_by(col(Message.id)))
        return [(row.ticket_id, row.author, row.notes, row.body) for row in found]


def ticket_now(runtime: Runtime, ticket: Ticket) -> Ticket:
    with runtime.reading() as session:
        return session.get_one(Ticket, ticket.id)


@pytest.mark.parametrize("what", [NoticeKind.REACTION, NoticeKind.DELETED])
def test_what_is_done_to_the_citizens_own_message_is_noted_on_its_ticket(runtime: Runtime, what: NoticeKind) -> None:
    ticket = opened(runtime)
    happens(runtime, notice(what, "4711:41", detail="👍"))
    assert notes(runtime) == [(ticket.id, "system", [f"{what}:theirs"], "👍")]
    assert all_rows(runtime, Outbox) == []


def test_a_reaction_to_our_answer_is_noted_and_reopens_nothing(runtime: Runtime) -> None:
    ticket = opened(runtime)
    answer(runtime, ticket.number)
    [sent] = deliver(runtime, "telegram")
    with runtime.writing() as session:
        tickets.move(session, runtime.region, runtime.now(), session.get_one(Ticket, ticket.id), Status.CLOSED)
    before = ticket_now(runtime, ticket)
    changes = len(all_rows(runtime, StatusChange))
    happens(runtime, notice(NoticeKind.REACTION, sent, detail="🙏"))
    after = ticket_now(runtime, ticket)
    assert notes(runtime) == [(ticket.id, "system", ["reaction:ours"], "🙏")]
    assert (after.status, after.version, after.last_citizen_at) == (
        before.status,
        before.version,
        before.last_citizen_at,
    )
    assert len(all_rows(runtime, StatusChange)) == changes


def test_an_officer_must_see_that_something_was_taken_back(runtime: Runtime) -> None:
    ticket = opened(runtime)
    happens(runtime, notice(NoticeKind.DELETED, "4711:41"))
    with runtime.writing() as session, pytest.raises(answers.Stale):
        fresh = session.get_one(Ticket, ticket.id)
        answers.reply(
            session, runtime.phrases, runtime.now(), fresh, text="Baik", staff_id=1, seen_version=ticket.version
        )


UNKNOWN = {
    "a message nobody knows": notice(NoticeKind.REACTION, "4711:999"),
    "no message at all": notice(NoticeKind.DELETED),
    "a message of somebody else": notice(NoticeKind.DELETED, "4711:41", sender=Address("telegram", "4712")),
    "a person nobody knows": notice(NoticeKind.OTHER, sender=Address("telegram", "4713")),
    "a new address of nobody": notice(NoticeKind.NEW_ADDRESS, sender=Address("telegram", "4713"), successor=NEW),
    "a new address that is not named": notice(NoticeKind.NEW_ADDRESS),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_concerns_nothing_we_know_leaves_only_its_event(runtime: Runtime, name: str) -> None:
    opened(runtime)
    with runtime.writing() as session:
        rows.address(runtime, session, "telegram", "4712")
    before = [len(all_rows(runtime, model)) for model in (Message, Citizen, CitizenAddress, Outbox)]
    happens(runtime, UNKNOWN[name])
    assert [len(all_rows(runtime, model)) for model in (Message, Citizen, CitizenAddress, Outbox)] == before
    assert len(all_rows(runtime, InboundEvent)) == 1


def test_a_message_without_a_ticket_takes_no_note(runtime: Runtime) -> None:
    with runtime.writing() as session:
        rows.said(runtime, session, rows.address(runtime, session, "telegram"), "halo", provider_id="4711:5")
    happens(runtime, notice(NoticeKind.REACTION, "4711:5", detail="👍"))
    assert notes(runtime) == []


@pytest.mark.parametrize(("status", "noted"), [(None, 1), (Status.REJECTED, 0)])
def test_other_news_is_noted_on_the_open_ticket_if_there_is_one(
    runtime: Runtime, status: Status | None, noted: int
) -> None:
    ticket = opened(runtime)
    if status:
        with runtime.writing() as session:
            tickets.move(session, runtime.region, runtime.now(), session.get_one(Ticket, ticket.id), status)
    happens(runtime, notice(NoticeKind.OTHER, detail="blocked calls"))
    assert notes(runtime) == [(ticket.id, "system", ["notice"], "blocked calls")] * noted


# New addresses.


def address_of(session: Session, value: str) -> CitizenAddress:
    return session.scalars(select(CitizenAddress).where(col(CitizenAddress.value) == value)).one()


def test_a_person_who_moved_is_answered_at_the_new_address(runtime: Runtime) -> None:
    ticket = opened(runtime)
    happens(runtime, notice(NoticeKind.NEW_ADDRESS, successor=NEW))
    with runtime.reading() as session:
        old, new = address_of(session, "4711"), address_of(session, NEW.value)
        assert new.citizen_id == old.citizen_id == ticket.citizen_id
        assert (old.bad_at, new.bad_at) == (runtime.now(), None)
        [trace] = session.scalars(select(Audit).where(col(Audit.action) == "address.moved")).all()
        assert (trace.subject_id, trace.detail) == (str(old.id), {"to": new.id, "tickets": 1})
    assert notes(runtime) == [(ticket.id, "system", ["new-address"], "")]
    answer(runtime, ticket.number)
    assert [row.recipient for row in all_rows(runtime, Outbox)] == [str(NEW)]


def test_somebody_already_known_at_the_new_address_becomes_one_person_and_that_can_be_undone(runtime: Runtime) -> None:
    opened(runtime)
    with runtime.writing() as session:
        other = rows.address(runtime, session, "telegram", NEW.value).citizen_id
    happens(runtime, notice(NoticeKind.NEW_ADDRESS, successor=NEW))
    [merge] = all_rows(runtime, CitizenMerge)
    assert (merge.proof, merge.merged_id) == ("provider", other)
    with runtime.writing() as session:
        staff = answers_by(runtime, session)
        identity.undo(session, runtime.now(), session.get_one(CitizenMerge, merge.id), staff_id=staff)
        assert address_of(session, NEW.value).citizen_id == other


def answers_by(runtime: Runtime, session: Session) -> int:
    from tests.support.desk import officer

    return officer(runtime, session)


def test_the_same_move_told_twice_changes_nothing_more(runtime: Runtime) -> None:
    opened(runtime)
    happens(runtime, notice(NoticeKind.NEW_ADDRESS, successor=NEW))
    happens(runtime, notice(NoticeKind.NEW_ADDRESS, successor=NEW, external_id="n2"))
    assert len(all_rows(runtime, CitizenMerge)) == 1
    assert len(all_rows(runtime, CitizenAddress)) == 2


def test_a_successor_that_is_the_same_address_by_another_name_moves_nothing(runtime: Runtime) -> None:
    ticket = opened(runtime)
    with runtime.writing() as session:
        identity.learn(session, runtime.now(), rows.address(runtime, session, "telegram"), NEW)
    happens(runtime, notice(NoticeKind.NEW_ADDRESS, successor=NEW))
    with runtime.reading() as session:
        assert address_of(session, "4711").bad_at is None
    assert ticket_now(runtime, ticket).address_id == ticket.address_id
    assert len(all_rows(runtime, CitizenAddress)) == 1


# Groups.


def group(number: int) -> Notice:
    return notice(NoticeKind.GROUP, sender=GROUP, detail="supergroup", external_id=f"g{number}")


def told(runtime: Runtime) -> list[tuple[str, str, str]]:
    return [(row.recipient, row.body, row.asks) for row in all_rows(runtime, Outbox)]


def test_a_group_is_told_to_write_in_private_and_left(runtime: Runtime) -> None:
    happens(runtime, group(1))
    assert told(runtime) == [(str(GROUP), runtime.phrases.say("group_refused", "id"), "leave")]
    assert all_rows(runtime, Ticket) == []


@pytest.mark.parametrize(("later", "times"), [(timedelta(hours=23, minutes=59), 1), (timedelta(days=1), 2)])
def test_a_group_is_told_at_most_once_a_day(runtime: Runtime, clock: Clock, later: timedelta, times: int) -> None:
    for number in range(5):
        happens(runtime, group(number))
    clock.forward(seconds=later.total_seconds())
    happens(runtime, group(9))
    assert len(told(runtime)) == times


def test_two_groups_are_told_each(runtime: Runtime) -> None:
    happens(runtime, group(1))
    happens(runtime, replace(group(2), sender=Address("telegram", "-1001500000002")))
    assert len({recipient for recipient, _, _ in told(runtime)}) == 2


def test_a_group_that_threw_us_out_and_takes_us_in_again_is_told_again(runtime: Runtime, clock: Clock) -> None:
    happens(runtime, group(1))
    with runtime.writing() as session:
        people.set_stopped(session, runtime.now(), address_of(session, GROUP.value), True)
    clock.forward(days=2)
    happens(runtime, group(2))
    with runtime.reading() as session:
        assert address_of(session, GROUP.value).stopped_at is None
    assert len(told(runtime)) == 2
