"""What may become of a ticket, as a matrix a clerk can check."""

from __future__ import annotations

import pytest

from dispatch import workflow
from dispatch.workflow import Status

#: Row: from. Column: to, in the order new assigned in_progress waiting answered resolved closed rejected forwarded.
MATRIX = """
new          .  x  x  x  x  .  .  x  x
assigned     .  x  x  x  x  x  .  x  x
in_progress  .  x  .  x  x  x  .  x  x
waiting      x  x  x  x  x  x  .  x  x
answered     .  x  x  x  x  x  x  .  x
resolved     .  x  x  .  .  .  x  .  .
closed       .  x  x  .  .  .  .  .  .
rejected     .  x  x  .  .  .  .  .  .
forwarded    .  x  x  .  .  .  .  .  .
"""
CELLS = [
    (Status(row.split()[0]), to, mark == "x")
    for row in MATRIX.strip().splitlines()
    for to, mark in zip(Status, row.split()[1:], strict=True)
]


@pytest.mark.parametrize(("current", "to", "ok"), CELLS, ids=[f"{a}-{b}" for a, b, _ in CELLS])
def test_the_matrix(current: Status, to: Status, ok: bool) -> None:
    assert (to in workflow.allowed(current)) is ok
    if ok:
        workflow.check(current, to)
    else:
        with pytest.raises(workflow.NotAllowed) as refused:
            workflow.check(current, to)
        assert (refused.value.current, refused.value.to) == (current, to)
        assert current.value in str(refused.value)
        assert to.value in str(refused.value)


def test_the_matrix_covers_every_pair() -> None:
    assert len({(a, b) for a, b, _ in CELLS}) == len(Status) ** 2


def test_a_stored_word_is_as_good_as_a_status() -> None:
    stored = Status("closed")
    assert workflow.allowed(stored) == (Status.IN_PROGRESS, Status.ASSIGNED)


ODD = [
    (a, b) for a, b in workflow.TRANSITIONS if a == b or b is Status.NEW or (a in workflow.ENDED and b in workflow.OPEN)
]


@pytest.mark.parametrize(("current", "to"), ODD, ids=[f"{a}-{b}" for a, b in ODD])
def test_an_odd_change_has_its_reason_beside_it(current: Status, to: Status) -> None:
    assert workflow.TRANSITIONS[(current, to)]


def test_open_and_ended_share_out_all_statuses() -> None:
    assert frozenset(Status) == workflow.OPEN | workflow.ENDED
    assert not workflow.OPEN & workflow.ENDED
    assert {"resolved", "closed", "rejected", "forwarded"} == workflow.ENDED


@pytest.mark.parametrize("status", Status)
def test_every_status_can_be_reached_and_left(status: Status) -> None:
    assert workflow.allowed(status)
    assert status is Status.NEW or any(to is status and origin is not status for origin, to in workflow.TRANSITIONS)


@pytest.mark.parametrize("status", sorted(workflow.ENDED))
def test_what_ended_can_be_reopened(status: Status) -> None:
    workflow.check(status, Status.IN_PROGRESS)
    workflow.check(status, Status.ASSIGNED)


CLOCKS = """
new          verify resolution
assigned     -      resolution
in_progress  -      resolution
waiting      -      -
answered     -      -
resolved     -      -
closed       -      -
rejected     -      -
forwarded    -      -
"""
RUNNING = [row.split() for row in CLOCKS.strip().splitlines()]


@pytest.mark.parametrize(("status", "verify", "resolution"), RUNNING, ids=[row[0] for row in RUNNING])
def test_which_clocks_run(status: str, verify: str, resolution: str) -> None:
    assert (Status(status) not in workflow.STOPS_VERIFY) is (verify != "-")
    assert (Status(status) not in workflow.STOPS_RESOLUTION) is (resolution != "-")
