"""A report about officials never reaches the agency it complains about: by no step, in no order."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlmodel import Session, col

from dispatch import routing
from dispatch.models import Assignment, Role, Staff, Ticket
from dispatch.routing import Forbidden
from dispatch.runtime import Runtime
from dispatch.services import handovers, holding, parts, tickets
from dispatch.services.holding import HandoverFault
from dispatch.services.staff import scope_of
from dispatch.services.tagged import Tag
from dispatch.workflow import NotAllowed, Status
from tests.support.tickets import add_staff, open_ticket, reload, write_again

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
_serial = count(1)
AGENCIES = (
    "tarakan-dpupr",
    "tarakan-dishub",
    "tarakan-inspektorat",
    "prov-inspektorat",
    "prov-diskominfo",
    "tarakan-setda",
    "bpjn-kaltara",
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("supervise"), st.just("")),
        st.tuples(st.just("place"), st.sampled_from(("65.71", "65.01", "65.71.01"))),
        st.tuples(st.just("give"), st.sampled_from(AGENCIES)),
        st.tuples(st.just("give as conduct"), st.sampled_from(AGENCIES)),
        st.tuples(st.just("owner"), st.sampled_from(("jalan_nasional", "jalan_desa", "jalan_provinsi"))),
        st.tuples(st.just("status"), st.sampled_from((Status.IN_PROGRESS, Status.RESOLVED, Status.ASSIGNED))),
        st.tuples(st.just("write back"), st.just("")),
        st.tuples(st.just("send back"), st.sampled_from(tuple(handovers.Return))),
        st.tuples(st.just("split"), st.sampled_from(AGENCIES)),
    ),
    max_size=8,
)


def step(runtime: Runtime, session: Session, ticket: Ticket, what: str, value: str, staff_id: int) -> None:
    """One thing that may happen to a ticket."""
    region, now = runtime.region, runtime.now()
    match what:
        case "supervise":
            tickets.supervise(session, region, now, ticket, Tag(None, supervision=True))
        case "place":
            tickets.place(session, region, now, ticket, value)
        case "give":
            tickets.reassign(session, region, now, ticket, agency=value, category=None, staff_id=staff_id)
        case "give as conduct":
            tickets.reassign(
                session, region, now, ticket, agency=value, category=None, staff_id=staff_id, supervision=True
            )
        case "owner":
            tickets.set_owner(session, region, now, ticket, owner=value, staff_id=staff_id)
        case "status":
            tickets.move(session, region, now, ticket, Status(value), staff_id=staff_id)
        case "write back":
            tickets.take_up_again(session, region, now, ticket)
        case "send back":
            handovers.send_back(session, region, now, ticket, reason=value, staff_id=staff_id)
        case "split":
            parts.split(session, region, now, ticket, [parts.Part(value, "Periksa")], staff_id=staff_id)


def admin_of(runtime: Runtime) -> int:
    with runtime.reading() as session:
        found = session.scalars(select(Staff).where(col(Staff.role) == Role.ADMIN)).first()
    return found.id or 0 if found else add_staff(runtime, "a@contoh.id", Role.ADMIN).id or 0


@on_sqlite
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=STEPS,
    category=st.sampled_from(("jalan_rusak", "pelanggaran_aparat")),
    text=st.sampled_from(("Jalan rusak parah", "Oknum inspektorat minta uang")),
)
def test_no_order_of_steps_gives_it_to_the_accused(
    runtime: Runtime, steps: list[tuple[str, str]], category: str, text: str
) -> None:
    ticket = open_ticket(runtime, text, category=category, area="65.71")
    staff_id = admin_of(runtime)
    for what, value in steps:
        try:
            with runtime.writing() as session:
                row = session.get_one(Ticket, ticket.id)
                step(runtime, session, row, what, value, staff_id)
        except (NotAllowed, HandoverFault, KeyError):
            pass  # refused as a whole: nothing of it was written
        with runtime.reading() as session:
            family = select(Ticket).where((col(Ticket.id) == ticket.id) | (col(Ticket.parent_id) == ticket.id))
            for row in session.scalars(family):
                last = holding.last(session, row)
                assert routing.forbidden(runtime.region, row, row.agency) is None, (what, value, row.accused)
                assert last is not None
                assert last.agency == row.agency
                if row.supervision:
                    assert row.agency not in row.accused.split()


@on_sqlite
def test_who_had_it_before_is_accused_and_sees_it_no_more(runtime: Runtime) -> None:
    ticket = open_ticket(runtime, "Jalan rusak", category="jalan_rusak", area="65.71")
    assert ticket.agency == "tarakan-dpupr"
    both = add_staff(runtime, "dua@contoh.id", Role.OFFICER, ["tarakan-dpupr", "tarakan-inspektorat"])
    one = add_staff(runtime, "satu@contoh.id", Role.OFFICER, ["tarakan-inspektorat"])
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        assert tickets.supervise(session, runtime.region, runtime.now(), row, Tag(None, supervision=True))
    after = reload(runtime, ticket)
    assert (after.agency, after.accused) == ("tarakan-inspektorat", "tarakan-dpupr")
    with runtime.reading() as session:
        assert not scope_of(session, runtime.region, both).reads(after)
        assert scope_of(session, runtime.region, one).reads(after)
    for agency in ("tarakan-dpupr", "tarakan-dishub", "prov-diskominfo", "pdam-tarakan"):
        with pytest.raises(Forbidden), runtime.writing() as session:
            row = session.get_one(Ticket, ticket.id)
            tickets.reassign(
                session, runtime.region, runtime.now(), row, agency=agency, category=None, staff_id=one.id or 0
            )
    assert reload(runtime, ticket).version == after.version


@on_sqlite
def test_another_category_alone_does_not_give_it_back_to_the_accused(runtime: Runtime) -> None:
    by = add_staff(runtime, "p@contoh.id", Role.ADMIN).id or 0
    ticket = open_ticket(runtime, "Jalan rusak", category="jalan_rusak", area="65.71")

    def give(said: bool | None) -> None:
        with runtime.writing() as session:
            row, now = session.get_one(Ticket, ticket.id), runtime.now()
            tickets.reassign(
                session,
                runtime.region,
                now,
                row,
                agency="tarakan-dpupr",
                category="jalan_rusak",
                staff_id=by,
                supervision=said,
            )

    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        tickets.supervise(session, runtime.region, runtime.now(), row, Tag(None, supervision=True))
    with pytest.raises(Forbidden):
        give(None)
    with pytest.raises(Forbidden):
        give(True)
    give(False)
    assert reload(runtime, ticket).agency == "tarakan-dpupr"


@on_sqlite
@pytest.mark.parametrize("agency", ["tarakan-dpupr", "prov-diskominfo"])
def test_no_writer_of_assignments_can_forget_it(runtime: Runtime, agency: str) -> None:
    ticket = open_ticket(runtime, "Pungli", category="pelanggaran_aparat", area="65.71")
    with pytest.raises(Forbidden), runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        row.agency = agency
        tickets.write_assignment(session, runtime.region, runtime.now(), row, reason="anything")
    assert reload(runtime, ticket).agency == "tarakan-inspektorat"


@on_sqlite
def test_an_inspectorate_complained_about_hands_over_to_who_watches_it(runtime: Runtime) -> None:
    ticket = open_ticket(runtime, "Oknum inspektorat minta uang", category="pelanggaran_aparat", area=None)
    assert (ticket.accused, ticket.agency) == ("inspektorat", "prov-setda")
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        assert tickets.place(session, runtime.region, runtime.now(), row, "65.71")
        assert (row.accused, row.agency) == ("tarakan-inspektorat", "tarakan-setda")
        assert routing.forbidden(runtime.region, row, "tarakan-inspektorat") is not None


@on_sqlite
def test_words_of_the_owner_give_it_to_the_right_agency_and_the_page_can_say_why(runtime: Runtime) -> None:
    ticket = open_ticket(runtime, "Jalan provinsi rusak parah", category="jalan_rusak", area="65.71")
    assert (ticket.agency, ticket.owner) == ("prov-dpupr", "jalan_provinsi")
    with runtime.reading() as session:
        last = holding.last(session, ticket)
    assert last is not None
    assert (last.reason, last.owner) == ("owner_words", "jalan_provinsi")
    unsure = open_ticket(runtime, "Jalan rusak parah", category="jalan_rusak", area="65.71")
    assert (unsure.agency, unsure.owner) == ("tarakan-dpupr", "")


@on_sqlite
def test_what_a_person_says_of_the_owner_stays_when_the_place_is_found(runtime: Runtime) -> None:
    by = add_staff(runtime, "p@contoh.id", Role.ADMIN)
    ticket = open_ticket(runtime, "Jalan provinsi rusak parah", category="jalan_rusak", area=None)
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        moved = tickets.set_owner(session, runtime.region, runtime.now(), row, owner="jalan_desa", staff_id=by.id or 0)
        assert moved
        assert row.agency == "prov-dpmd"
        assert tickets.place(session, runtime.region, runtime.now(), row, "65.71.01")
        assert (row.agency, row.owner) == ("tarakan-dpmd", "jalan_desa")
        with pytest.raises(KeyError):
            tickets.set_owner(session, runtime.region, runtime.now(), row, owner="madrasah", staff_id=by.id or 0)


@on_sqlite
def test_what_was_referred_without_a_place_is_referred_to_the_right_body(runtime: Runtime) -> None:
    ticket = open_ticket(runtime, "Air PDAM mati", category="air_bersih", area=None)
    assert (ticket.status, ticket.agency) == (Status.FORWARDED, "pdam-kaltara")
    write_again(runtime, ticket, "di Tarakan")
    with runtime.writing() as session:
        row = session.get_one(Ticket, ticket.id)
        assert tickets.place(session, runtime.region, runtime.now(), row, "65.71")
        assert (row.status, row.agency) == (Status.FORWARDED, "pdam-tarakan")
        rows = session.scalars(select(Assignment).where(col(Assignment.ticket_id) == row.id)).all()
    assert [each.agency for each in rows] == ["pdam-kaltara", "pdam-tarakan"]
    assert timedelta(0) <= runtime.now() - rows[-1].assigned_at
