"""The conversation in the terminal."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlmodel import col

from bot import console
from bot.console import Talk, converse
from channels.message import DeliveryState
from dispatch.models import EventState, InboundEvent, Outbox, Ticket
from dispatch.runtime import Runtime
from dispatch.services import inbound
from dispatch.training import ensure_model
from tests.support.talk import Citizen

LAMP = "Lampu jalan di depan pasar Gusher Tarakan sudah seminggu mati"


def test_a_line_becomes_a_ticket_and_its_receipt_is_printed(trained: Runtime) -> None:
    written: list[str] = []
    converse(trained, iter([f"{LAMP}\n", "\n", "status\n"]), written.append)
    with trained.reading() as session:
        ticket = session.scalars(select(Ticket)).one()
        states = set(session.scalars(select(col(Outbox.state))))
    assert ticket.channel == "console"
    assert ticket.number in written[0]
    assert ticket.number in written[-1]
    assert all(line.startswith("< ") and line.endswith("\n") for line in written)
    assert states == {DeliveryState.DELIVERED}


def test_an_answer_is_printed_once(trained: Runtime) -> None:
    talk = Talk(trained)
    assert talk.say(LAMP)
    assert talk.answers() == []


def test_one_conversation_does_not_print_anothers_answers(trained: Runtime) -> None:
    Citizen(trained, "console", value="0" * 32, account="console").says(LAMP)
    assert Talk(trained).answers() == []


def test_an_answer_another_worker_is_writing_is_waited_for(trained: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first look finds the message claimed by somebody else; it is theirs until they are done."""
    looks: list[int] = []

    def drain(runtime: Runtime) -> int:
        looks.append(len(looks))
        if len(looks) == 1:
            with runtime.writing() as session:
                assert inbound.claim_events(session, runtime.now())
        if len(looks) == 3:
            with runtime.writing() as session:
                row = session.scalars(select(InboundEvent)).one()
                inbound.release(session, row, runtime.now())
            return drain_inbound(runtime)
        return 0

    drain_inbound = console.drain_inbound
    monkeypatch.setattr(console, "drain_inbound", drain)
    monkeypatch.setattr(console, "LOOK_EVERY", 0)
    assert Talk(trained).say(LAMP)
    assert looks == [0, 1, 2]


def test_it_does_not_wait_for_ever(trained: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "drain_inbound", lambda runtime: 0)
    monkeypatch.setattr(console, "PATIENCE", 0.0)
    assert Talk(trained).say(LAMP) == []
    with trained.reading() as session:
        assert session.scalars(select(InboundEvent)).one().state == EventState.NEW


def test_control_c_ends_it_quietly(trained: Runtime) -> None:
    def lines() -> Iterator[str]:
        yield "halo"
        raise KeyboardInterrupt

    written: list[str] = []
    converse(trained, lines(), written.append)
    assert written[-1] == "\n"
    assert len(written) == 2


def test_a_whole_process_talks_and_ends_with_its_input(runtime: Runtime, environment: dict[str, str]) -> None:
    ensure_model(runtime)
    done = _run(environment, f"{LAMP}\n")
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert "< " in done.stdout
    assert runtime.region.prefix + "-" in done.stdout


REFUSALS: dict[str, dict[str, str]] = {
    "faulty settings": {"SECRET_KEY": "short"},
    "no tables": {"DATABASE_URL": "sqlite:///{var}/empty.db"},
    "no region": {"ADUAN_REGION": "tidak-ada"},
    "no database": {"DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/nowhere"},
}


@pytest.mark.parametrize("changes", REFUSALS.values(), ids=REFUSALS.keys())
def test_what_cannot_start_says_why_on_one_page(
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, str],
) -> None:
    for name, value in {**environment, **changes}.items():
        monkeypatch.setenv(name, value.format(var=environment["ADUAN_VAR"]))
    monkeypatch.setenv("ADUAN_ENV_FILE", "/nonexistent")
    monkeypatch.setattr("dispatch.runtime._installed", {})
    assert console.main(io.StringIO()) == 2
    told = capsys.readouterr().err
    assert told.strip()
    assert "Traceback" not in told


def _run(environment: dict[str, str], typed: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot.console"],
        input=typed,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
    )
