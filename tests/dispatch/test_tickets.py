"""A ticket's life: opened, routed, placed, handed over, moved, taken up again — with its history and its clocks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from dispatch import sla
from dispatch.models import Assignment, Audit, Message, StatusChange, Ticket
from dispatch.runtime import Runtime
from dispatch.services import tickets
from dispatch.services.tickets import SUMMARY_LENGTH
from dispatch.workflow import TRANSITIONS, NotAllowed, Status
from tests.support import rows

one_database = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
OFFICER = None  # a change by the system; staff ids are checked where an account exists


def opened(runtime: Runtime, **fields: object) -> Ticket:
    with runtime.writing() as session:
        return rows.ticket(runtime, session, **fields)


def moved_to(runtime: Runtime, status: Status) -> Ticket:
    """A ticket of the system's own making, put into a status directly."""
    with runtime.writing() as session:
        ticket = rows.ticket(runtime, session)
        ticket.status = status
        session.add(ticket)
        return ticket


def history(runtime: Runtime, ticket: Ticket) -> list[tuple[str, str]]:
    with runtime.reading() as session:
        query = select(StatusChange).where(StatusChange.ticket_id == ticket.id).order_by(StatusChange.id)
        return [(row.from_status, row.to_status) for row in session.scalars(query)]


def assignments(runtime: Runtime, ticket: Ticket) -> list[Assignment]:
    with runtime.reading() as session:
        query = select(Assignment).where(Assignment.ticket_id == ticket.id).order_by(Assignment.id)
        return list(session.scalars(query))


#: category, area → agency, status, triage, reason
OPENED = {
    "local-agency": ("lampu_jalan", "65.71", "tarakan-dishub", Status.ASSIGNED, False, "local"),
    "place-unknown": ("lampu_jalan", None, "prov-dishub", Status.ASSIGNED, False, "place_unknown"),
    "province": ("pajak_kendaraan", "65.71", "prov-bapenda", Status.ASSIGNED, False, "province"),
    "not-ours": ("listrik", "65.71", "pln-kaltara", Status.FORWARDED, False, "external"),
    "not-ours-local": ("air_bersih", "65.71", "pdam-tarakan", Status.FORWARDED, False, "external"),
    "supervision": ("pelanggaran_aparat", "65.71", "tarakan-inspektorat", Status.ASSIGNED, False, "supervision"),
    "unsure": (None, "65.71", "prov-diskominfo", Status.NEW, True, "unsure"),
}


@pytest.mark.parametrize(("category", "area", "agency", "status", "triage", "reason"), OPENED.values(), ids=OPENED)
def test_a_ticket_is_opened_with_agency_status_clock_and_reason(
    runtime, clock, category, area, agency, status, triage, reason
):
    ticket = opened(runtime, category=category, area=area)
    assert (ticket.agency, ticket.status, ticket.triage) == (agency, status, triage)
    [assignment] = assignments(runtime, ticket)
    assert (assignment.agency, assignment.reason, assignment.area) == (agency, reason, area)
    assert (assignment.model_version, assignment.words) == ("model-1", ["lampu"])
    expected = [("", "new")] + ([] if status is Status.NEW else [("new", str(status))])
    assert history(runtime, ticket) == expected
    due = sla.deadlines(runtime.region, agency, kind=ticket.kind, supervision=ticket.supervision, start=clock())
    assert (ticket.verify_due, ticket.first_response_due, ticket.resolution_due) == (
        due.verify.at,
        due.first_response.at,
        due.resolution.at,
    )
    assert assignment.rule_version == due.rule_version
    # Verification ends with triage: what waits for a person is not verified.
    assert ticket.verified_at == (None if triage else clock())
    assert ticket.first_response_at is None


@one_database
def test_kind_and_supervision_come_from_the_category(runtime):
    assert (opened(runtime, category="informasi_layanan").kind, opened(runtime).supervision) == ("information", False)
    reported = opened(runtime, category="pelanggaran_aparat")
    assert reported.supervision is True
    assert reported.resolution_due > opened(runtime).resolution_due


SPOKEN = {
    "provider-gives-none": (None, timedelta(0)),
    "days-ago": (timedelta(days=-2), timedelta(days=-2)),
    "ahead-of-our-clock": (timedelta(hours=1), timedelta(0)),
}


@one_database
@pytest.mark.parametrize(("sent", "expected"), SPOKEN.values(), ids=SPOKEN)
def test_the_clock_starts_with_receipt_and_the_citizen_s_own_time_is_kept(runtime, clock, sent, expected):
    ticket = opened(runtime, sent_at=None if sent is None else clock() + sent)
    assert (ticket.opened_at, ticket.spoken_at) == (clock(), clock() + expected)


def test_the_first_message_belongs_to_the_ticket_and_numbers_differ(runtime):
    first, second = opened(runtime), opened(runtime)
    assert first.number != second.number
    with runtime.reading() as session:
        for ticket in (first, second):
            assert (
                session.scalars(select(Message).where(Message.ticket_id == ticket.id)).one().body == "Lampu jalan mati"
            )


SUMMARIES = {
    "short": ("Jalan rusak", "Jalan rusak"),
    "lines": ("Jalan\n\n  rusak\tparah ", "Jalan rusak parah"),
    "exact": ("k" * SUMMARY_LENGTH, "k" * SUMMARY_LENGTH),
    "cut-at-a-word": ("kata " * 100, ("kata " * 31).rstrip() + "…"),
    "one-long-word": ("k" * 500, "k" * (SUMMARY_LENGTH - 1) + "…"),
    "empty": ("", ""),
}


@pytest.mark.parametrize(("text", "summary"), SUMMARIES.values(), ids=SUMMARIES)
def test_a_summary_is_one_line(text, summary):
    assert tickets.summarise(text) == summary
    assert len(summary) <= SUMMARY_LENGTH


UNMOVED = {
    "same-agency": ({"area": "65.71"}, "65.71.01"),
    "nobody-was-sure": ({"category": None, "area": None}, "65.71"),
    "province-wide": ({"category": "pajak_kendaraan", "area": None}, "65.71"),
}


class TestPlace:
    def place(self, runtime: Runtime, ticket: Ticket, area: str) -> tuple[bool, Ticket]:
        with runtime.writing() as session:
            fresh = session.get_one(Ticket, ticket.id)
            return tickets.place(session, runtime.region, runtime.now(), fresh, area), fresh

    @one_database
    def test_gives_the_ticket_to_the_place_s_agency_with_deadlines_from_receipt(self, runtime, clock):
        ticket = opened(runtime, area=None)
        clock.forward(days=3)
        moved, placed = self.place(runtime, ticket, "65.71")
        assert moved and (placed.agency, placed.area) == ("tarakan-dishub", "65.71")
        assert placed.version > ticket.version
        first, second = assignments(runtime, ticket)
        assert (first.agency, second.agency, second.assigned_at) == ("prov-dishub", "tarakan-dishub", clock())
        assert second.first_response_due == first.first_response_due  # same calendar, same start
        assert second.words == ["lampu"] and second.model_version == "model-1"

    @one_database
    @pytest.mark.parametrize("case", UNMOVED)
    def test_only_notes_the_area_where_it_decides_nothing(self, runtime, case):
        fields, area = UNMOVED[case]
        ticket = opened(runtime, **fields)
        moved, placed = self.place(runtime, ticket, area)
        assert (moved, placed.area, placed.agency) == (False, area, ticket.agency)
        assert placed.version > ticket.version
        assert len(assignments(runtime, ticket)) == 1

    @one_database
    @pytest.mark.parametrize("status", sorted(set(Status) - {Status.NEW, Status.ASSIGNED}))
    def test_leaves_a_ticket_that_a_person_has_begun(self, runtime, status):
        with runtime.writing() as session:
            ticket = rows.ticket(runtime, session, area=None)
            ticket.status = status
            session.add(ticket)
        moved, placed = self.place(runtime, ticket, "65.71")
        assert (moved, placed.agency) == (False, "prov-dishub")


REFUSED = {
    "unknown-agency": (Status.ASSIGNED, "nobody", None, KeyError),
    "unknown-category": (Status.ASSIGNED, "tarakan-dishub", "nothing", KeyError),
    "closed-cannot-be-referred": (Status.CLOSED, "pln-kaltara", "listrik", NotAllowed),
}


class TestReassign:
    def reassign(self, runtime: Runtime, ticket: Ticket, agency: str, category: str | None = None) -> Ticket:
        with runtime.writing() as session:
            fresh = session.get_one(Ticket, ticket.id)
            tickets.reassign(
                session,
                runtime.region,
                runtime.now(),
                fresh,
                agency=agency,
                category=category,
                staff_id=OFFICER,  # type: ignore[arg-type]
                note="salah alamat",
            )
            return fresh

    def test_writes_who_when_why_and_restarts_no_clock(self, runtime, clock):
        ticket = opened(runtime)
        clock.forward(days=10)
        given = self.reassign(runtime, ticket, "bulungan-dishub")
        assert (given.agency, given.triage, given.status) == ("bulungan-dishub", False, Status.ASSIGNED)
        assert given.version > ticket.version
        first, second = assignments(runtime, ticket)
        assert (second.reason, second.note, second.assigned_at) == ("staff", "salah alamat", clock())
        assert second.resolution_due == first.resolution_due
        with runtime.reading() as session:
            audit = session.scalars(select(Audit)).one()
        assert (audit.action, audit.subject_id) == ("ticket.reassign", ticket.number)
        assert audit.detail == {
            "agency": "bulungan-dishub",
            "category": None,
            "kind": "complaint",
            "supervision": False,
        }

    @one_database
    def test_ends_triage_and_verification(self, runtime, clock):
        ticket = opened(runtime, category=None)
        clock.forward(hours=1)
        given = self.reassign(runtime, ticket, "tarakan-dpupr", "jalan_rusak")
        assert (given.triage, given.verified_at, given.category) == (False, clock(), "jalan_rusak")
        assert history(runtime, ticket) == [("", "new"), ("new", "assigned")]

    @one_database
    def test_to_a_body_outside_is_a_referral(self, runtime):
        ticket = opened(runtime)
        assert self.reassign(runtime, ticket, "pln-kaltara", "listrik").status == Status.FORWARDED
        assert self.reassign(runtime, ticket, "pdam-tarakan", "air_bersih").status == Status.FORWARDED
        assert history(runtime, ticket)[-1] == ("assigned", "forwarded")
        assert self.reassign(runtime, ticket, "tarakan-dishub").status == Status.ASSIGNED

    @one_database
    def test_another_category_brings_its_own_clock(self, runtime):
        ticket = opened(runtime)
        given = self.reassign(runtime, ticket, "tarakan-inspektorat", "pelanggaran_aparat")
        assert given.supervision and given.resolution_due > ticket.resolution_due

    @one_database
    @pytest.mark.parametrize("case", REFUSED)
    def test_what_is_refused_changes_nothing_even_when_the_caller_goes_on(self, runtime, case):
        status, agency, category, error = REFUSED[case]
        ticket = moved_to(runtime, status)
        with runtime.writing() as session:
            fresh = session.get_one(Ticket, ticket.id)
            before = fresh.model_dump()
            with pytest.raises(error):
                tickets.reassign(
                    session, runtime.region, runtime.now(), fresh, agency=agency, category=category, staff_id=1
                )
        with runtime.reading() as session:
            assert session.get_one(Ticket, ticket.id).model_dump() == before
        assert len(assignments(runtime, ticket)) == 1


PAIRS = [(before, to) for before in Status for to in Status]


@one_database
@pytest.mark.parametrize(("before", "to"), PAIRS, ids=[f"{a}-{b}" for a, b in PAIRS])
def test_a_status_changes_as_the_table_says_and_leaves_its_history(runtime, clock, before, to):
    ticket = moved_to(runtime, before)
    clock.forward(hours=1)
    with runtime.writing() as session:
        fresh = session.get_one(Ticket, ticket.id)
        if (before, to) not in TRANSITIONS:
            with pytest.raises(NotAllowed):
                tickets.move(session, runtime.region, clock(), fresh, to)
            assert (fresh.status, fresh.version) == (before, ticket.version)
            return
        tickets.move(session, runtime.region, clock(), fresh, to, reason="r" * 500)
        assert (fresh.status, fresh.version) == (to, ticket.version + 1)
    with runtime.reading() as session:
        last = session.scalars(select(StatusChange).order_by(StatusChange.id.desc())).first()
    assert (last.from_status, last.to_status, last.at, last.reason) == (before, to, clock(), "r" * 200)


#: The way → which of resolved_at and closed_at are set at its end, and at which step (hours).
WAYS = {
    "resolved": ((Status.IN_PROGRESS, Status.RESOLVED), 2, 2),
    "resolved-then-closed": ((Status.IN_PROGRESS, Status.RESOLVED, Status.CLOSED), 2, 2),
    "answered": ((Status.ANSWERED,), None, None),
    "closed-by-silence": ((Status.ANSWERED, Status.CLOSED), 2, 2),
    "rejected": ((Status.REJECTED,), 1, 1),
    "reopened": ((Status.IN_PROGRESS, Status.RESOLVED, Status.IN_PROGRESS), None, None),
    "reopened-and-resolved": ((Status.IN_PROGRESS, Status.RESOLVED, Status.IN_PROGRESS, Status.RESOLVED), 4, 4),
}


@one_database
@pytest.mark.parametrize(("way", "resolved", "closed"), WAYS.values(), ids=WAYS)
def test_when_a_ticket_ended_is_written_down_and_taken_back_on_reopening(runtime, clock, way, resolved, closed):
    ticket = opened(runtime)
    start = clock()
    for status in way:
        clock.forward(hours=1)
        with runtime.writing() as session:
            fresh = session.get_one(Ticket, ticket.id)
            tickets.move(session, runtime.region, clock(), fresh, status)

    def at(hours: int | None) -> object:
        return None if hours is None else start + timedelta(hours=hours)

    assert (fresh.resolved_at, fresh.closed_at) == (at(resolved), at(closed))


class TestTakeUpAgain:
    def take_up(self, runtime: Runtime, ticket: Ticket) -> Ticket:
        with runtime.writing() as session:
            fresh = session.get_one(Ticket, ticket.id)
            tickets.take_up_again(session, runtime.region, runtime.now(), fresh)
            return fresh

    @one_database
    @pytest.mark.parametrize(
        "status", [Status.ANSWERED, Status.WAITING, Status.RESOLVED, Status.CLOSED, Status.REJECTED]
    )
    def test_the_same_officer_s_work_goes_on(self, runtime, status):
        ticket = moved_to(runtime, status)
        again = self.take_up(runtime, ticket)
        assert (again.status, again.agency) == (Status.IN_PROGRESS, ticket.agency)
        assert again.version > ticket.version
        assert len(assignments(runtime, ticket)) == 1

    def test_what_was_referred_outside_comes_back_to_the_desk(self, runtime):
        ticket = opened(runtime, category="listrik")
        again = self.take_up(runtime, ticket)
        assert (again.status, again.agency, again.triage) == (Status.ASSIGNED, runtime.region.desk, True)
        assert (again.closed_at, again.resolved_at) == (None, None)
        assert [row.reason for row in assignments(runtime, ticket)] == ["external", "reopened"]
        assert history(runtime, ticket)[-1] == ("forwarded", "assigned")


@one_database
def test_the_assignment_in_force_is_the_last(runtime, clock):
    ticket = opened(runtime, area=None)
    with runtime.writing() as session:
        fresh = session.get_one(Ticket, ticket.id)
        tickets.place(session, runtime.region, clock(), fresh, "65.71")
        assert tickets.current_assignment(session, fresh).agency == "tarakan-dishub"


@one_database
def test_a_later_change_of_rules_does_not_rewrite_the_past(runtime):
    ticket = opened(runtime)
    [before] = assignments(runtime, ticket)
    with runtime.writing() as session:
        fresh = session.get_one(Ticket, ticket.id)
        tickets.reassign(
            session,
            runtime.region,
            runtime.now(),
            fresh,
            agency="prov-dishub",
            category=None,
            staff_id=None,  # type: ignore[arg-type]
        )
    assert assignments(runtime, ticket)[0].model_dump() == before.model_dump()
