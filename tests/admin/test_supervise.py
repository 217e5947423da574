"""One supervised process: started again, given up, left idle, stopped — with real processes and no sleeping."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from admin import supervise
from admin.supervise import DEATHS, PARENT, Supervisor
from tests.support.servers import wait_until

ROOT = Path(__file__).parents[2]
#: The real program with shorter pauses between the starts.
PROGRAM = """
import sys
from admin import supervise
supervise.FIRST_DELAY = float(sys.argv.pop(1))
sys.exit(supervise.main())
"""

Start = Callable[..., "subprocess.Popen[str]"]


def lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Supervise a shell script that finds its folder in ``$D``; whatever is left is killed."""
    started: list[subprocess.Popen[str]] = []

    def go(script: str, delay: float = 0.01, **environment: str) -> subprocess.Popen[str]:
        (tmp_path / "script.sh").write_text(script)
        command = [sys.executable, "-c", PROGRAM, str(delay), "child", f"sh {tmp_path}/script.sh"]
        env = {**os.environ, "D": str(tmp_path), **environment}
        process = subprocess.Popen(
            command, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        started.append(process)
        return process

    yield go
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=20)


def test_a_child_that_dies_is_started_again(start, tmp_path):
    process = start('echo $$ >> "$D/pids"; exec sleep 600')
    wait_until(lambda: len(lines(tmp_path / "pids")) == 1, what="the first start")
    [first] = lines(tmp_path / "pids")
    os.kill(int(first), signal.SIGKILL)
    wait_until(lambda: len(lines(tmp_path / "pids")) == 2, what="the second start")
    process.terminate()
    assert process.wait(timeout=20) == 0
    assert not alive(int(lines(tmp_path / "pids")[1]))
    assert "child ended with status -9; started again" in process.stderr.read()


LEAVES_BEHIND = {
    "ends when told": "sleep 600",
    "does not listen": "sh -c 'trap : TERM; while :; do sleep 1; done'",
}


@pytest.mark.parametrize("command", LEAVES_BEHIND.values(), ids=LEAVES_BEHIND)
def test_what_a_dead_child_left_behind_is_ended_before_the_next_start(start, tmp_path, command):
    script = f'{command} & echo $! >> "$D/left"; echo $$ >> "$D/pids"; exec sleep 600'
    process = start(script)
    wait_until(lambda: len(lines(tmp_path / "pids")) == 1, what="the first start")
    os.kill(int(lines(tmp_path / "pids")[0]), signal.SIGKILL)
    wait_until(lambda: len(lines(tmp_path / "pids")) == 2, what="the second start")
    first, second = (int(pid) for pid in lines(tmp_path / "left"))
    assert not alive(first)
    process.terminate()
    assert process.wait(timeout=30) == 0
    wait_until(lambda: not alive(second), what="the end of what the second left behind")


def test_a_child_does_not_outlive_a_supervisor_that_is_killed(start, tmp_path):
    process = start('echo $$ >> "$D/pids"; exec sleep 600')
    wait_until(lambda: len(lines(tmp_path / "pids")) == 1, what="the start")
    process.kill()
    wait_until(lambda: not alive(int(lines(tmp_path / "pids")[0])), what="the child's end")


#: How the child ends → the supervisor's status, and how often the child ran.
ENDS = {
    "always-seven": ("exit 7", 7, DEATHS),
    "always-killed": ("kill -9 $$", 1, DEATHS),
    "configuration-fault": ("exit 2", 2, 1),
    "no-such-program": ("exec /nowhere/program", 127, DEATHS),
}


@pytest.mark.parametrize(("end", "status", "runs"), ENDS.values(), ids=ENDS)
def test_one_that_dies_for_good_is_given_up(start, tmp_path, end, status, runs):
    process = start(f'echo run >> "$D/runs"\n{end}')
    _, said = process.communicate(timeout=60)
    assert process.returncode == status
    assert len(lines(tmp_path / "runs")) == runs
    assert [line for line in said.splitlines() if line.startswith("child ")][-1].endswith("is not started again")


def test_one_that_has_nothing_to_do_is_left_alone_until_told(start, tmp_path):
    process = start('echo $$ >> "$D/pids"; exit 0')
    wait_until(lambda: bool(lines(tmp_path / "pids")), what="the run")
    [pid] = lines(tmp_path / "pids")
    wait_until(lambda: not alive(int(pid)), what="its end")
    assert process.poll() is None
    process.terminate()
    assert process.wait(timeout=20) == 0
    assert len(lines(tmp_path / "pids")) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["terminate", "interrupt"])
def test_a_signal_stops_the_child_and_waits_for_its_end(start, tmp_path, number):
    process = start('trap \'echo told >> "$D/end"; exit 0\' TERM\necho up >> "$D/runs"\nwhile :; do sleep 0.05; done')
    wait_until(lambda: bool(lines(tmp_path / "runs")), what="the start")
    os.kill(process.pid, number)
    assert process.wait(timeout=20) == 0
    assert lines(tmp_path / "end") == ["told"]


def test_a_signal_between_two_starts_ends_the_waiting(start, tmp_path):
    process = start('echo run >> "$D/runs"; exit 7', delay=600)
    wait_until(lambda: bool(lines(tmp_path / "runs")), what="the first death")
    assert "started again in 600 s" in process.stderr.readline()
    process.terminate()
    assert process.wait(timeout=20) == 0
    assert lines(tmp_path / "runs") == ["run"]


@pytest.mark.parametrize(
    "script", ['echo $$ >> "$D/pids"; exec sleep 600', 'echo $$ >> "$D/pids"; exit 0'], ids=["busy", "idle"]
)
def test_the_death_of_the_parent_is_noticed(start, tmp_path, script):
    parent = subprocess.Popen(["sleep", "600"])
    process = start(script, **{PARENT: str(parent.pid)})
    wait_until(lambda: bool(lines(tmp_path / "pids")), what="the start")
    parent.kill()
    parent.wait(timeout=20)
    assert process.wait(timeout=20) == 0
    assert not alive(int(lines(tmp_path / "pids")[0]))


def test_a_stop_while_the_child_is_being_made_still_reaches_it(monkeypatch):
    """The signal can come when the new process exists and nobody holds it yet."""
    # A supervisor that does not tell its child waits for it; the child then ends by itself, with another status.
    supervisor = Supervisor("child", "sleep 20")
    real = subprocess.Popen
    made: list[subprocess.Popen[bytes]] = []

    def popen(*args: object, **kwargs: object) -> subprocess.Popen[bytes]:
        child = real(*args, **kwargs)  # type: ignore[call-overload]
        made.append(child)
        supervisor._stop(signal.SIGTERM, None)
        return child

    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    monkeypatch.setattr(supervise.subprocess, "Popen", popen)
    try:
        assert supervisor.run() == 0
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert made[0].returncode == -signal.SIGTERM


GONE = {"ended": ProcessLookupError, "its-number-is-somebody-else-s": PermissionError}


@pytest.mark.parametrize("error", GONE.values(), ids=GONE)
def test_a_parent_is_gone_when(monkeypatch, error):
    def kill(pid: int, number: int) -> None:
        raise error

    monkeypatch.setenv(PARENT, "4711")
    monkeypatch.setattr(supervise.os, "kill", kill)
    assert supervise._parent_lives() is False


def test_without_a_named_parent_nobody_is_missed(monkeypatch):
    for value in ("", "no number"):
        monkeypatch.setenv(PARENT, value)
        assert supervise._parent_lives() is True
