"""What must hold of every calendar, every history and every deadline, whatever they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch import hours, sla, timeline
from dispatch.region import Calendar, Region
from dispatch.timeline import Change
from dispatch.workflow import STOPS_RESOLUTION, TRANSITIONS, Status
from tests.support import rules

ZONES = ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura", "America/New_York", "Europe/Berlin")
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
QUARTERS = [time(minutes // 60, minutes % 60) for minutes in range(0, 24 * 60, 15)]

instants = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
lengths = st.timedeltas(timedelta(0), timedelta(hours=200))


@st.composite
def days(draw: st.DrawFn) -> tuple[tuple[time, time | None], ...]:
    """A day's intervals: none to three, apart from each other, the last one perhaps until midnight."""
    cuts = sorted(draw(st.sets(st.sampled_from(QUARTERS), max_size=6)))
    spans: list[tuple[time, time | None]] = list(zip(cuts[::2], cuts[1::2], strict=False))
    if len(cuts) % 2 and draw(st.booleans()):
        spans.append((cuts[-1], None))
    return tuple(spans)


@st.composite
def regions(draw: st.DrawFn) -> Region:
    """A region in some zone, whose calendar "drawn" works at least on Wednesdays, with some days off."""
    week = [draw(days()) for _ in range(7)]
    week[2] = week[2] or rules.hours("08:00-12:00", "13:00-16:00")
    off = draw(st.sets(st.integers(0, 400), max_size=12))
    holidays = {(FIRST.date() + timedelta(days=number)).isoformat(): "Libur" for number in off}
    region = rules.region(
        zone=draw(st.sampled_from(ZONES)),
        agencies=[rules.agency("drawn", "work-drawn", calendar="drawn"), rules.agency("office", "work-office")],
        clocks=[rules.rule("r", "resolution", draw(st.integers(1, 20))), rules.rule("v", "verify", 3)],
        holidays=holidays,
        national="",
    )
    return replace(region, calendars={**region.calendars, "drawn": Calendar("drawn", tuple(week))})


@st.composite
def histories(draw: st.DrawFn) -> tuple[datetime, list[Change]]:
    """An opening and up to eight allowed steps after it, some in the same second."""
    opened = draw(instants)
    at, status = opened, Status.NEW
    changes: list[Change] = [(opened, "", status)]
    for _ in range(draw(st.integers(0, 8))):
        at += draw(st.one_of(st.just(timedelta(0)), st.timedeltas(timedelta(0), timedelta(days=12))))
        to = draw(st.sampled_from([end for start, end in TRANSITIONS if start is status]))
        changes.append((at, status, to))
        status = to
    return opened, changes


def due(region: Region, start: datetime, changes: list[Change], agency: str = "drawn") -> datetime:
    return sla.deadline(
        region, agency, kind="complaint", supervision=False, stage="resolution", start=start, changes=changes
    ).at


@given(regions(), instants, lengths)
@settings(max_examples=60, deadline=None)
def test_walking_forward_measures_what_was_walked(region: Region, start: datetime, length: timedelta) -> None:
    end = hours.advance(region, "drawn", start, length)
    assert end >= start
    assert hours.worked(region, "drawn", start, end) == length


@given(regions(), instants, lengths)
@settings(max_examples=60, deadline=None)
def test_walking_back_undoes_walking_forward(region: Region, start: datetime, length: timedelta) -> None:
    end = hours.advance(region, "drawn", start, length)
    back = hours.retreat(region, "drawn", end, length)
    assert hours.worked(region, "drawn", back, end) == length
    assert back >= start or not length  # never before: what lies between them is no working time
    assert hours.worked(region, "drawn", start, back) == timedelta()
    assert hours.advance(region, "drawn", back, length) == end


@given(regions(), st.lists(instants, min_size=3, max_size=3).map(sorted))
@settings(max_examples=60, deadline=None)
def test_time_is_neither_lost_nor_doubled_at_a_cut(region: Region, cuts: list[datetime]) -> None:
    first, middle, last = cuts
    parts = hours.worked(region, "drawn", first, middle) + hours.worked(region, "drawn", middle, last)
    assert parts == hours.worked(region, "drawn", first, last)


@given(regions(), instants, lengths, st.integers(0, 6), days())
@settings(max_examples=60, deadline=None)
def test_more_working_time_is_never_later(
    region: Region, start: datetime, length: timedelta, weekday: int, more: tuple[tuple[time, time | None], ...]
) -> None:
    calendar = region.calendars["drawn"]
    week = list(calendar.week)
    week[weekday] = week[weekday] or more
    richer = replace(region, calendars={**region.calendars, "drawn": replace(calendar, week=tuple(week))})
    assert hours.advance(richer, "drawn", start, length) <= hours.advance(region, "drawn", start, length)
    assert due(richer, start, []) <= due(region, start, [])


@given(regions(), instants)
@settings(max_examples=60, deadline=None)
def test_a_day_off_withdrawn_is_never_later(region: Region, start: datetime) -> None:
    fewer = replace(region, regional_holidays=dict(list(region.regional_holidays.items())[1:]))
    assert due(fewer, start, []) <= due(region, start, [])


@given(regions(), histories())
@settings(max_examples=60, deadline=None)
def test_a_deadline_lies_after_receipt_and_never_before_the_one_without_pauses(
    region: Region, told: tuple[datetime, list[Change]]
) -> None:
    opened, changes = told
    assert opened < due(region, opened, []) <= due(region, opened, changes)


@given(regions(), histories())
@settings(max_examples=60, deadline=None)
def test_the_time_that_ran_until_the_deadline_is_the_budget(
    region: Region, told: tuple[datetime, list[Change]]
) -> None:
    opened, changes = told
    at = due(region, opened, changes)
    stops = timeline.pauses(region, "drawn", opened, changes)
    budget = hours.worked(region, "drawn", opened, due(region, opened, []))
    ran = sum(
        (
            hours.worked(region, "drawn", first, at if last is None else min(last, at))
            for first, last in timeline.running(opened, stops)
        ),
        timedelta(),
    )
    endless = stops and stops[-1].end is None and stops[-1].start < at
    assert ran <= budget if endless else ran == budget


@given(regions(), histories(), st.timedeltas(timedelta(0), timedelta(days=9)))
@settings(max_examples=60, deadline=None)
def test_a_longer_pause_is_never_earlier(
    region: Region, told: tuple[datetime, list[Change]], longer: timedelta
) -> None:
    """The last question's answer comes later, while what follows it stays when it was."""
    opened, changes = told
    asked = [number for number, (_, _, to) in enumerate(changes) if to == Status.WAITING]
    answered = asked[-1] + 1 if asked else len(changes)
    if answered >= len(changes) or changes[answered][2] in STOPS_RESOLUTION:
        return  # not answered, or one pause would only take another's place
    at, before, to = changes[answered]
    then = changes[answered + 1][0] if answered + 1 < len(changes) else at + longer
    later = [*changes[:answered], (min(at + longer, then), before, to), *changes[answered + 1 :]]
    assert due(region, opened, later) >= due(region, opened, changes)


@given(regions(), histories(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_working_it_out_again_gives_what_every_step_gave(
    region: Region, told: tuple[datetime, list[Change]], source: object
) -> None:
    """From the whole history as from the one that grew step by step: what came after a deadline never moves it, and
    an explanation asked for at any time says the same."""
    opened, changes = told
    incremental = None
    for count in range(1, len(changes) + 1):
        incremental = due(region, opened, changes[:count])
    assert incremental == due(region, opened, changes)
    for days_later in (0, 3, 30, 300):
        found = sla.explain(
            region,
            "drawn",
            kind="complaint",
            supervision=False,
            stage="resolution",
            start=opened,
            changes=changes,
            now=opened + timedelta(days=days_later),
        )
        assert found.due == incremental
    at = due(region, opened, changes)
    assert due(region, opened, [each for each in changes if each[0] <= at]) == at


@given(regions(), histories(), st.lists(st.tuples(instants, st.sampled_from(["drawn", "desk"])), max_size=5), instants)
@settings(max_examples=60, deadline=None)
def test_shares_of_one_calendar_add_up_to_the_whole(
    region: Region, told: tuple[datetime, list[Change]], moved: list[tuple[datetime, str]], until: datetime
) -> None:
    opened, changes = told
    everybody = {code: replace(each, calendar="drawn") for code, each in region.agencies.items()}
    region = replace(region, agencies={**everybody, "desk": replace(everybody["drawn"], code="desk")})
    whole = timeline.shares(region, opened, changes, [(opened, "drawn")], until)
    holders = [(opened, "drawn"), *((at, agency) for at, agency in moved if at > opened)]
    found = timeline.shares(region, opened, changes, holders, until)
    assert sum((share.time for share in found), timedelta()) == sum((share.time for share in whole), timedelta())
    assert all(share.time >= timedelta() for share in found)
