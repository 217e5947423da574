"""``aduan up`` itself: it says when it serves, restarts what dies, and stops everything when told to."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest

from tests.support.installation import Installation, running
from tests.support.servers import listens, wait_until


def _alive(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_it_stops_cleanly(models: Path, tmp_path: Path, number: int) -> None:
    aduan = Installation(tmp_path, {}, models)
    aduan.start()
    pids = aduan.pids()
    assert {"web", "hooks", "worker", "clock", "fetch", "lmtp", "valkey"} == pids.keys() - {"system"}
    assert aduan.stop(number) == 0, aduan.output()
    wait_until(lambda: not any(_alive(pid) for pid in pids.values()), 10, "all processes to end")
    assert not listens(aduan.port)


def test_a_dead_child_is_started_again(models: Path, tmp_path: Path) -> None:
    with running(Installation(tmp_path, {}, models)) as aduan:
        supervisor = aduan.pids()["clock"]
        [child] = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
        os.kill(int(child), signal.SIGKILL)
        wait_until(lambda: "clock ended with status -9; started again" in aduan.output(), 10, "the restart")
        assert aduan.get("/readyz").status_code == 200


def test_when_it_is_killed_outright_its_children_end_too(models: Path, tmp_path: Path) -> None:
    aduan = Installation(tmp_path, {}, models)
    aduan.start()
    pids = aduan.pids()
    aduan._process.kill()
    aduan._process.wait(timeout=10)
    wait_until(lambda: not any(_alive(pid) for pid in pids.values()), 20, "the orphans to end")
    aduan.kill()


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        aduan = Installation(tmp_path, {}, port=taken.getsockname()[1])
        done = aduan.cli("up")
    assert done.returncode == 1
    assert done.stderr.startswith(f"aduan: port {aduan.port} of 127.0.0.1 cannot be used")
    assert done.stderr.count("\n") == 1


def test_half_a_configuration_lists_every_fault(tmp_path: Path) -> None:
    broken = {
        "TWILIO_WHATSAPP_FROM": "whatsapp:+14155550100",
        "MAIL_FROM": "aduan@kaltara.example",
        "PUBLIC_URL": "kaltara",
    }
    done = Installation(tmp_path, broken).cli("up")
    assert done.returncode == 2
    assert "PUBLIC_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_half_a_channel_lists_every_fault(tmp_path: Path) -> None:
    broken = {"TWILIO_WHATSAPP_FROM": "whatsapp:+14155550100", "MAIL_FROM": "aduan@kaltara.example"}
    done = Installation(tmp_path, broken).cli("release")
    assert done.returncode == 2
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "SMTP_URL"):
        assert name in done.stderr
